/*
 * Caches with cpu_slab[] inside and one node's struct, 2.6.22 to 2.6.24; plain C, before time zero.
 * After an era_*.h.
 *
 * Chosen: on one node caches are those of a kernel without NUMA, so that node[] is not read; the
 * zones below are those of a NUMA kernel all the same.
 */
#ifndef MODELS_SLUB_SETUP_2622_H
#define MODELS_SLUB_SETUP_2622_H

#include "models/slub/setup.h"

static inline void setup_nodes(struct slub *slub, struct kmem_cache *s)
{
	unsigned nodes = slub->memory->nodes;

	setup_node(&s->local_node);
	if (nodes == 1)
		return;
	s->defrag_ratio = 100;
	*cache_node(s, 0) = &s->local_node;
	for (unsigned node = 1; node < nodes; node++)
		*cache_node(s, node) = node_new(slub, node);
	relabel_setup(slub->sim, cache_node(s, 0), nodes * WORD, &node_pointer_layout, 0,
		      label_new(slub->sim, "%s node", s->name));
}

/* Makes the `bytes` at `place` a cache. */
static inline struct kmem_cache *setup_cache(struct slub *slub, void *place, size_t bytes,
					     const char *name, unsigned size, unsigned align)
{
	struct kmem_cache *s = place;

	relabel_setup(slub->sim, s, bytes, &kmem_cache_layout, bytes,
		      label_new(slub->sim, "%s kmem_cache", name));
	s->name = label_new(slub->sim, "%s", name);
	s->object_label = label_new(slub->sim, "%s object", name);
	s->objsize = (int32_t)size;
	s->inuse = (int32_t)round_up(size, WORD);
	s->align = (int32_t)round_up(align ? align : WORD, WORD);
	s->size = (int32_t)round_up((unsigned)s->inuse, (unsigned)s->align);
	s->order = (int32_t)calculate_order(slub, (uint64_t)s->size);
	s->objects = (PAGE_BYTES << s->order) / s->size;
	s->refcount = 1;
	setup_nodes(slub, s);
	relabel_setup(slub->sim, cpu_slab_of(slub, s, 0), sim_cpus(slub->sim) * era.cpu_slab_bytes,
		      &cpu_slab_layout, era.cpu_slab_bytes,
		      label_new(slub->sim, "%s cpu_slab", name));
	link_cache(slub, s);
	setup_cpus(slub, s);
	return s;
}

static const struct layout cache_bytes_layout = { "kmem_cache", 0, CLASS_ALLOCATOR, NULL };

/* The kernel has it from kmalloc, whose objects of that size begin on lines. */
static inline struct kmem_cache *cache_create(void *state, const char *name, unsigned size,
					      unsigned align)
{
	struct slub *slub = state;
	size_t bytes = cache_bytes(slub, sim_cpus(slub->sim));
	struct kmem_cache *s = arena_alloc(slub->sim, bytes, 1, 0, LINE, &cache_bytes_layout, name);

	slub->cache_bytes += bytes;
	return setup_cache(slub, s, bytes, name, size, align);
}

static inline void cache_reclaimable(struct kmem_cache *s)
{
	s->flags |= 1ull << SLAB_RECLAIM_ACCOUNT;
}

/* kmalloc's caches are made by slub_kmalloc_setup, when the model is ready for caches. */
static inline struct slub *slub_new_2622(struct sim *sim, const struct pages *pages,
					 const struct slub_settings *settings)
{
	struct slub *slub = slub_new(sim, pages, settings);
	size_t offset = cache_head_bytes(pages->memory->nodes);

	slub->cpu_slab_offset = round_up((unsigned)offset, (unsigned)era.cpu_slab_bytes);
	return slub;
}

/* Caches with their node structs and cpu_slab[] arrays; kmalloc's array whole, used or not. */
static inline uint64_t metadata_bytes(const void *state)
{
	const struct slub *slub = state;
	uint64_t nodes = (slub->memory->nodes - 1) * sizeof(struct kmem_cache_node);

	return slub->cache_bytes + slub->caches * nodes;
}

#endif
