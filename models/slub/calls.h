/*
 * The calls where the fast paths turn nothing off: 2.6.39 on. After an era_*.h.
 */
#ifndef MODELS_SLUB_CALLS_H
#define MODELS_SLUB_CALLS_H

#include "models/slub/slab.h"

/* The paths, the version's. */
static inline void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       unsigned gfp);
static inline void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct slab_page *page, void *object);

static inline void *cache_alloc(struct cpu *cpu, void *state, struct kmem_cache *s, unsigned gfp)
{
	void *object;

	compute(cpu, STEP_ALLOC);
	object = slab_alloc(cpu, state, s, gfp);
	if (object && gfp & GFP_ZERO) {
		unsigned bytes = (unsigned)load(cpu, &s->objsize);

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

static inline void cache_free(struct cpu *cpu, void *state, struct kmem_cache *s, void *object)
{
	struct slab_page *page;

	compute(cpu, STEP_FREE);
	page = slab_head_page(cpu, state, object);
	slab_free(cpu, state, s, page, object);
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
	slab_free(cpu, state, s, page, object);
}

#endif
