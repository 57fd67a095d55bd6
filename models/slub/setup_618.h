/* The CPU slabs of 6.17 and 6.18: made at set-up, and as check.c sees them; plain C. After an
 * era_*.h. */
#ifndef MODELS_SLUB_SETUP_618_H
#define MODELS_SLUB_SETUP_618_H

#include "models/slub/geometry_612.h"

#define CPU_SLAB_LAYOUT &kmem_cache_cpu_layout,
#define CPU_SLAB_VIEW cpu_view

static inline struct cpu_view cpu_view(const struct slub *slub, const struct kmem_cache *s, unsigned id)
{
	const struct kmem_cache_cpu *c = per_cpu(slub->sim, s->cpu_slab, id);

	return (struct cpu_view){ (struct page *)c->slab, c->freelist, (struct page *)c->partial };
}

static inline void setup_cpu_slab(struct slub *slub, struct kmem_cache *s)
{
	const struct sheaf_settings *set = slub->own ? sheaf_set(slub) : NULL;

	s->cpu_slab = percpu_alloc(slub->sim, sizeof(struct kmem_cache_cpu), 16,
				   &kmem_cache_cpu_layout,
				   label_new(slub->sim, "%s cpu_slab", s->name));
	for (unsigned id = 0; id < sim_cpus(slub->sim); id++) {
		struct kmem_cache_cpu *c = per_cpu(slub->sim, s->cpu_slab, id);

		c->tid = id;
		slub->cache_bytes += sizeof *c;
	}
	s->cpu_partial = calculate_cpu_partial(s->size);
	s->cpu_partial_slabs = (2 * s->cpu_partial + oo_objects(s->oo) - 1) / oo_objects(s->oo);
	if (set && set->cpu_partial_slabs)
		s->cpu_partial_slabs = (uint32_t)set->cpu_partial_slabs;
}

#endif
