/* Allocation and free where every cache has sheaves: from 7.0. After an era_*.h. */
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

#include "models/slub/calls_612.h"

#endif
