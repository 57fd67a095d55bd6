/* Allocation and free where some caches have sheaves and all have CPU slabs: 6.18. After an era_*.h. */
#ifndef MODELS_SLUB_SHEAF_CALLS_618_H
#define MODELS_SLUB_SHEAF_CALLS_618_H

#include "models/slub/sheaf_alloc.h"
#include "models/slub/sheaf_free.h"
#include "models/slub/sheaf_rcu.h"
#include "models/slub/prefilled.h"

static inline void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp)
{
	void *object = alloc_from_sheaves(cpu, slub, s, gfp);

	return object ? object : alloc_one(cpu, slub, s, gfp);
}

/* Into the sheaves, if there are any and the object is of this node. */
static inline bool may_free_to_sheaves(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				       struct slab_page *slab, void *object)
{
	struct slub_percpu_sheaves *pcs = load(cpu, &s->cpu_sheaves);
	uint64_t flags;

	if (!pcs)
		return false;
	flags = load(cpu, &slab->flags);
	return flags >> PG_NODE_SHIFT == cpu_node(cpu) && free_to_sheaves(cpu, slub, s, object);
}

static inline void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct slab_page *slab, void *object)
{
	if (!may_free_to_sheaves(cpu, slub, s, slab, object))
		free_chain(cpu, slub, s, slab, object, object, 1);
}

#include "models/slub/calls_612.h"

#endif
