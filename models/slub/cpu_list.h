/*
 * The slow path of an allocation, and the calls, where the CPU's freelist lies in kmem_cache_cpu
 * and is used with interrupts off: dfb4f096 and 2.6.24. After an era_*.h.
 *
 * The fast paths, slab_alloc and slab_free, are the model's.
 */
#ifndef MODELS_SLUB_CPU_LIST_H
#define MODELS_SLUB_CPU_LIST_H

#include "models/slub/locked.h"

/* Makes the locked slab's freelist the CPU's and takes its first object, unlocking the slab;
 * NULL: it is empty, and stays locked. */
static inline void *load_freelist(struct cpu *cpu, struct kmem_cache *s, struct kmem_cache_cpu *c,
				  struct slab_page *page)
{
	void *object = load(cpu, &page->freelist);
	unsigned offset, objects;
	uint64_t flags;
	void *next;

	if (!object)
		return NULL;
	slab_debug(cpu, page);
	offset = cpu_free_offset(cpu, c, page);
	next = load(cpu, free_pointer(object, offset));
	store(cpu, &c->freelist, next);
	objects = (unsigned)load(cpu, &s->objects);
	store(cpu, &page->inuse, objects);
	store(cpu, &page->freelist, NULL);
	flags = load(cpu, &page->flags);
	store(cpu, &c->node, (int32_t)(flags >> PG_NODE_SHIFT));
	slab_unlock(cpu, page);
	return object;
}

/* The CPU gives its locked slab up, with what is left of its own freelist. */
static inline void deactivate_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   struct kmem_cache_cpu *c, struct slab_page *page)
{
	void *object;

	while ((object = load(cpu, &c->freelist))) {
		unsigned offset = cpu_free_offset(cpu, c, page);
		void *next = load(cpu, free_pointer(object, offset));
		void *first;

		store(cpu, &c->freelist, next);
		first = load(cpu, &page->freelist);
		store(cpu, free_pointer(object, offset), first);
		store(cpu, &page->freelist, object);
		slab_dec_inuse(cpu, page);
	}
	store(cpu, &c->page, NULL);
	slab_unfreeze(cpu, slub, s, page);
}

static inline void *alloc_locked(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				 struct kmem_cache_cpu *c, struct slab_page *page, unsigned gfp);

static inline void *alloc_from_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   unsigned gfp)
{
	struct slab_page *page, *meanwhile;
	struct kmem_cache_cpu *c;

	path(cpu, "new slab");
	page = slab_new(cpu, slub, s, gfp);
	if (!page)
		return NULL;
	c = get_cpu_slab(cpu, slub, s);
	meanwhile = load(cpu, &c->page);
	if (meanwhile) {                        /* an interrupt was here */
		if (slub_reuses(slub)) {        /* its slab is warmer */
			slab_discard(cpu, slub, s, page);
			slab_lock(cpu, meanwhile);
			return alloc_locked(cpu, slub, s, c, meanwhile, gfp);
		}
		slab_lock(cpu, meanwhile);
		deactivate_slab(cpu, slub, s, c, meanwhile);
	}
	slab_lock(cpu, page);
	bit_set_local(cpu, &page->flags, PG_FROZEN);
	store(cpu, &c->page, page);
	return load_freelist(cpu, s, c, page);
}

/* The CPU has no slab. */
static inline void *alloc_other(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct kmem_cache_cpu *c, unsigned gfp)
{
	struct slab_page *page;

	path(cpu, "partial");
	page = slab_get_partial(cpu, slub, s);
	if (!page)
		return alloc_from_new(cpu, slub, s, gfp);
	store(cpu, &c->page, page);
	return load_freelist(cpu, s, c, page);
}

/* `page` is the CPU's and locked; what is left on the CPU's freelist is lost. */
static inline void *alloc_locked(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				 struct kmem_cache_cpu *c, struct slab_page *page, unsigned gfp)
{
	void *object = load_freelist(cpu, s, c, page);

	if (object)
		return object;
	deactivate_slab(cpu, slub, s, c, page);
	return alloc_other(cpu, slub, s, c, gfp);
}

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

/* ---- the calls ----------------------------------------------------------------------------- */

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
