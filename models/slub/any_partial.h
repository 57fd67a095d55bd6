/*
 * Whose partial slabs a CPU takes: those of its node, once in a while those of another. After an
 * era_*.h.
 */
#ifndef MODELS_SLUB_ANY_PARTIAL_H
#define MODELS_SLUB_ANY_PARTIAL_H

#include "models/slub/slab.h"
#include "sim/verbs/nodes.h"

/* A slab that became the CPU's; NULL: none. */
struct partial_slab {
	struct slab_page *page;
	void *freelist;                 /* from 3.1: taken out of the page */
};

/* From the list of that node, for the CPU whose `c` it is; the version's. */
static inline struct partial_slab get_partial_node(struct cpu *cpu, struct slub *slub,
						   struct kmem_cache *s, struct kmem_cache_node *n,
						   struct kmem_cache_cpu *c);

/* Another node's slab, once in a while: better than memory that lies idle over there. Along the
 * zonelist, which begins with the own node. */
static inline struct partial_slab get_any_partial(struct cpu *cpu, struct slub *slub,
						  struct kmem_cache *s, struct kmem_cache_cpu *c)
{
	unsigned nodes = slub->memory->nodes;
	struct partial_slab none = { NULL, NULL };
	int ratio = load(cpu, &s->defrag_ratio);

	if (ratio == 0)
		return none;
	compute(cpu, STEP_RDTSC);
	if (random_below(cpu, 1024) > (uint64_t)ratio)
		return none;
	for (unsigned i = 0; i < nodes; i++) {
		unsigned node = node_by_distance(cpu_sim(cpu), cpu_node(cpu), i);
		struct kmem_cache_node *n = load(cpu, cache_node(s, node));
		uint64_t nr_partial = load(cpu, &n->nr_partial);
		struct partial_slab found = none;

		if (nr_partial > min_partial(cpu, slub, s))
			found = get_partial_node(cpu, slub, s, n, c);
		if (found.page)
			return found;
	}
	return none;
}

static inline struct partial_slab slab_get_partial(struct cpu *cpu, struct slub *slub,
						   struct kmem_cache *s, struct kmem_cache_cpu *c)
{
	struct kmem_cache_node *n = node_here(cpu, slub, s);
	struct partial_slab found = get_partial_node(cpu, slub, s, n, c);

	if (found.page || slub->memory->nodes == 1)
		return found;
	return get_any_partial(cpu, slub, s, c);
}

#endif
