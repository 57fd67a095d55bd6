/* The calls of models in which every cache has sheaves: from 7.0. After an era_*.h. */
#ifndef MODELS_SLUB_SHEAF_CALLS_H
#define MODELS_SLUB_SHEAF_CALLS_H

#include "models/slub/sheaf_alloc.h"
#include "models/slub/sheaf_free.h"
#include "models/slub/sheaf_rcu.h"
#include "models/slub/prefilled.h"

static inline void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp)
{
	void *object = alloc_from_sheaves(cpu, slub, s, gfp);

	return object ? object : alloc_one(cpu, slub, s, gfp);
}

/* Into the sheaves, if the object is of this node. */
static inline bool may_free_to_sheaves(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				       struct slab_page *slab, void *object)
{
	uint64_t flags = load(cpu, &slab->flags);
	unsigned node = (unsigned)(flags >> PG_NODE_SHIFT);

	if (flags >> SL_PFMEMALLOC & 1)
		return false;
	if (node == cpu_node(cpu) || sheaf_set(slub)->remote == REMOTE_ACCEPT)
		return free_to_sheaves(cpu, slub, s, object);
	if (sheaf_set(slub)->remote == REMOTE_SHEAF)
		return free_to_remote_sheaf(cpu, slub, s, node, object);
	return false;
}

static inline void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct slab_page *slab, void *object)
{
	if (!may_free_to_sheaves(cpu, slub, s, slab, object))
		free_chain(cpu, slub, s, slab, object, object, 1);
}

static inline void *cache_alloc(struct cpu *cpu, void *state, struct kmem_cache *s, unsigned gfp)
{
	void *object;

	compute(cpu, STEP_ALLOC);
	object = slab_alloc(cpu, state, s, gfp & GFP_ATOMIC);
	if (object && gfp & GFP_ZERO) {
		unsigned bytes = load(cpu, &s->object_size);

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
	struct slab_page *slab;

	compute(cpu, STEP_FREE);
	slab = virt_to_slab(cpu, state, object);
	slab_free(cpu, state, s, slab, object);
}

static inline void cache_kfree(struct cpu *cpu, void *state, void *object)
{
	struct slub *slub = state;
	struct slab_page *slab;
	struct kmem_cache *s;

	compute(cpu, STEP_FREE);
	slab = virt_to_slab(cpu, slub, object);
	if (!slab) {
		struct page *page = virt_to_page(slub->memory, object);
		uint64_t flags = load(cpu, page_flags(slub->memory, page));

		kfree_pages(cpu, slub, page, flags);
		return;
	}
	s = load(cpu, &slab->slab_cache);
	slab_free(cpu, slub, s, slab, object);
}

#endif
