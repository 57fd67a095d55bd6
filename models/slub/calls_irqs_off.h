/*
 * The slow path's beginning and the calls where interrupts are off around the fast paths: dfb4f096 and 2.6.24. After an era_*.h.
 */
#ifndef MODELS_SLUB_CALLS_IRQS_OFF_H
#define MODELS_SLUB_CALLS_IRQS_OFF_H

#include "models/slub/cpu_list.h"

/* The CPU's freelist is empty. */
static inline void *alloc_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       struct kmem_cache_cpu *c, unsigned gfp)
{
	struct slab_page *page = load(cpu, &c->page);

	if (!page)
		return alloc_other(cpu, slub, s, c, gfp);
	path(cpu, "refill");
	slab_lock(cpu, page);
	return alloc_locked(cpu, slub, s, c, page, gfp);
}

/* The fast paths: the model's; interrupts off. */
static void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			struct kmem_cache_cpu *c, unsigned gfp);
static void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		      struct kmem_cache_cpu *c, struct slab_page *page, void *object);

static inline void *cache_alloc(struct cpu *cpu, void *state, struct kmem_cache *s, unsigned gfp)
{
	struct kmem_cache_cpu *c;
	void *object;
	bool flags;

	compute(cpu, STEP_ALLOC);
	flags = irq_save(cpu);
	c = get_cpu_slab(cpu, state, s);
	object = slab_alloc(cpu, state, s, c, gfp);
	irq_restore(cpu, flags);
	if (object && gfp & GFP_ZERO) {
		unsigned bytes = object_bytes(cpu, s, c);

		object_clear(cpu, object, bytes);
	}
	return object;
}

static inline void *cache_kmalloc(struct cpu *cpu, void *state, size_t size, unsigned gfp)
{
	struct kmem_cache *s = slub_kmalloc_cache(state, size);

	if (!s)
		return kmalloc_pages(cpu, state, size, gfp);
	return cache_alloc(cpu, state, s, gfp);
}

static inline void free_to(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			   struct slab_page *page, void *object)
{
	bool flags = irq_save(cpu);
	struct kmem_cache_cpu *c = get_cpu_slab(cpu, slub, s);

	slab_free(cpu, slub, s, c, page, object);
	irq_restore(cpu, flags);
}

static inline void cache_free(struct cpu *cpu, void *state, struct kmem_cache *s, void *object)
{
	struct slab_page *page;

	compute(cpu, STEP_FREE);
	page = slab_head_page(cpu, state, object);
	free_to(cpu, state, s, page, object);
}

static inline void cache_kfree(struct cpu *cpu, void *state, void *object)
{
	struct slab_page *page;
	struct kmem_cache *s;
	uint64_t flags;

	compute(cpu, STEP_FREE);
	page = slab_head_page(cpu, state, object);
	flags = load(cpu, &page->flags);
	if (!(flags >> PG_SLAB & 1)) {
		kfree_pages(cpu, state, (struct page *)page, flags);
		return;
	}
	s = load(cpu, &page->slab);
	free_to(cpu, state, s, page, object);
}

#endif
