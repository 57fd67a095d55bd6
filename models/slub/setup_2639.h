/*
 * Caches that are objects of their own, with what CPUs and nodes have of them elsewhere: 2.6.39 to
 * 3.19; plain C, before time zero. After an era_*.h.
 *
 * Chosen: where there is one node only, no other is looked at when the partial list is empty.
 */
#ifndef MODELS_SLUB_SETUP_2639_H
#define MODELS_SLUB_SETUP_2639_H

#include "models/slub/setup.h"

static inline void setup_nodes(struct slub *slub, struct kmem_cache *s)
{
	unsigned nodes = slub->memory->nodes;

	if (nodes > 1)
		s->defrag_ratio = 1000;
	for (unsigned node = 0; node < nodes; node++)
		s->node[node] = node_new(slub, node);
	relabel_setup(slub->sim, s->node, nodes * WORD, &node_pointer_layout, 0,
		      label_new(slub->sim, "%s node", s->name));
}

static inline void setup_cpus(struct slub *slub, struct kmem_cache *s)
{
	s->cpu_slab = percpu_alloc(slub->sim, sizeof(struct kmem_cache_cpu), 2 * WORD,
				   &kmem_cache_cpu_layout, "kmem_cache_cpu");
	for (unsigned id = 0; id < sim_cpus(slub->sim); id++) {
		struct kmem_cache_cpu *c = per_cpu(slub->sim, s->cpu_slab, id);

		c->tid = id;
		relabel_setup(slub->sim, c, sizeof *c, &kmem_cache_cpu_layout, 0,
			      label_new(slub->sim, "%s kmem_cache_cpu[%u]", s->name, id));
	}
}

static inline void setup_sizes(struct slub *slub, struct kmem_cache *s, unsigned size,
			       unsigned align)
{
	unsigned order, least;

	s->objsize = (int32_t)size;
	s->inuse = (int32_t)round_up(size, WORD);
	s->align = (int32_t)round_up(align ? align : WORD, WORD);
	s->size = (int32_t)round_up((unsigned)s->inuse, (unsigned)s->align);
	order = calculate_order(slub, (uint64_t)s->size);
	least = get_order((uint64_t)s->size);
	s->oo = s->max = order << OO_SHIFT | (PAGE_BYTES << order) / (unsigned)s->size;
	s->min = least << OO_SHIFT | (PAGE_BYTES << least) / (unsigned)s->size;
	s->min_partial = slub->settings.min_partial ? slub->settings.min_partial :
						      min_partial_by_size(slub, (unsigned)s->size);
}

/* What 3.1 and 3.2 brought. */
static inline void setup_ways(struct slub *slub, struct kmem_cache *s)
{
	if (era.page_pair && slub->settings.cmpxchg16b)
		s->flags |= 1ull << CMPXCHG_DOUBLE;
	if (era.cpu_partial && slub->settings.cpu_partial)
		s->cpu_partial = s->size >= 4096 ? 2 : s->size >= 1024 ? 6 :
				 s->size >= 256	 ? 13 : 30;
}

static inline struct kmem_cache *cache_create(void *state, const char *name, unsigned size,
					      unsigned align)
{
	struct slub *slub = state;
	size_t bytes = sizeof(struct kmem_cache) + slub->memory->nodes * WORD;
	struct kmem_cache *s = arena_alloc(slub->sim, bytes, 1, 0, LINE, &kmem_cache_layout, name);

	relabel_setup(slub->sim, s, bytes, &kmem_cache_layout, bytes,
		      label_new(slub->sim, "%s kmem_cache", name));
	slub->cache_bytes += bytes;
	s->name = label_new(slub->sim, "%s", name);
	s->object_label = label_new(slub->sim, "%s object", name);
	s->refcount = 1;
	setup_sizes(slub, s, size, align);
	setup_ways(slub, s);
	setup_nodes(slub, s);
	setup_cpus(slub, s);
	link_cache(slub, s);
	return s;
}

static inline void cache_reclaimable(struct kmem_cache *s)
{
	s->flags |= 1ull << SLAB_RECLAIM_ACCOUNT;
	s->allocflags |= GFP_RECLAIMABLE;
}

static inline void *slub_create(struct sim *sim, const struct pages *pages, const void *settings)
{
	struct slub *slub = slub_new(sim, pages, settings);

	tid_setup(slub);
	slub_kmalloc_create(slub, cache_create);
	return slub;
}

/* Caches with their structs for nodes and CPUs. */
static inline uint64_t metadata_bytes(const void *state)
{
	const struct slub *slub = state;
	uint64_t nodes = slub->memory->nodes * sizeof(struct kmem_cache_node);
	uint64_t cpus = sim_cpus(slub->sim) * sizeof(struct kmem_cache_cpu);

	return slub->cache_bytes + slub->caches * (nodes + cpus);
}

/* The settings that these versions have in common. */
#define SLUB_SETTINGS_2639 \
	SETTING(struct slub_settings, min_objects, COUNT, .min = 1, .max = 512, .fallback = "-", \
		.help = "a slab should hold so many objects; default 4 times the CPUs' bits + 1: " \
			"8 for one, 12 for two, 16 for four, 28 for 32"), \
	SETTING(struct slub_settings, min_order, COUNT, .min = 0, .max = 10, .fallback = "0", \
		.help = "slabs are 2^min_order pages or larger"), \
	SETTING(struct slub_settings, max_order, COUNT, .min = 0, .max = 10, .fallback = "3", \
		.help = "slabs are 2^max_order pages or smaller, unless one object needs more"), \
	SETTING(struct slub_settings, nr_cpus, COUNT, .min = 1, .max = 4096, .fallback = "-", \
		.help = "NR_CPUS of the kernel, at least the CPUs of the run: where it is " \
			"preemptible, transaction ids advance in steps of the next power of two; " \
			"default the CPUs of the run rounded up to 8")

#endif
