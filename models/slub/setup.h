/*
 * Caches and their nodes are made; plain C, before time zero. After an era_*.h.
 *
 * Chosen: on one node caches are those of a kernel without NUMA, so that node[] is not read; the
 * zones below are those of a NUMA kernel all the same.
 */
#ifndef MODELS_SLUB_SETUP_H
#define MODELS_SLUB_SETUP_H

#include "models/slub/views.h"

static const struct layout node_pointer_layout = { "node", WORD, CLASS_ALLOCATOR, NULL };

static inline void setup_node(struct kmem_cache_node *n)
{
	spin_lock_init(&n->list_lock, era.list_lock);
	list_init(&n->partial);
	list_init(&n->full);
}

/* Nodes but the first: an object of the cache "kmem_cache_node" there, packed as those are. */
static inline struct kmem_cache_node *node_new(struct slub *slub, unsigned node)
{
	enum { PER_PAGE = PAGE_BYTES / sizeof(struct kmem_cache_node) };
	struct kmem_cache_node *n;

	if (slub->node_slab[node].left == 0) {
		slub->node_slab[node].slab =
			arena_new(slub->sim, struct kmem_cache_node, PER_PAGE, node, LINE,
				  &kmem_cache_node_layout, "kmem_cache_node");
		slub->node_slab[node].left = PER_PAGE;
	}
	slub->node_slab[node].left--;
	n = slub->node_slab[node].slab;
	slub->node_slab[node].slab = n + 1;
	setup_node(n);
	return n;
}

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

static inline void link_cache(struct slub *slub, struct kmem_cache *s)
{
	struct list_head *head = &slub->cache_list;

	s->list.next = head;
	s->list.prev = head->prev;
	head->prev->next = &s->list;
	head->prev = &s->list;
	slub->caches++;
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
static inline struct slub *slub_new(struct sim *sim, const struct pages *pages,
				    const struct slub_settings *settings)
{
	struct slub *slub = unseen_new(sim, sizeof *slub);
	unsigned nodes = pages->memory->nodes;
	size_t offset = cache_head_bytes(nodes);

	slub->sim = sim;
	slub->pages = pages;
	slub->memory = pages->memory;
	slub->era = &era;
	slub->views = &views;
	slub->settings = *settings;
	if (slub->settings.min_partial == 0)
		slub->settings.min_partial = era.min_partial;
	slub->cpu_slab_offset = round_up((unsigned)offset, (unsigned)era.cpu_slab_bytes);
	slub->node_slab = unseen_new(sim, nodes * sizeof slub->node_slab[0]);
	list_init(&slub->cache_list);
	return slub;
}

static inline unsigned object_size(const struct kmem_cache *s)
{
	return (unsigned)s->size;
}

static inline unsigned objects_per_slab(const struct kmem_cache *s)
{
	return (unsigned)s->objects;
}

/* Caches with their node structs and cpu_slab[] arrays; kmalloc's array whole, used or not. */
static inline uint64_t metadata_bytes(const void *state)
{
	const struct slub *slub = state;
	uint64_t nodes = (slub->memory->nodes - 1) * sizeof(struct kmem_cache_node);

	return slub->cache_bytes + slub->caches * nodes;
}

/* What all of SLUB hands on to struct object_allocator as it is. */
#define SLUB_ALLOCATOR \
	.settings_size    = sizeof(struct slub_settings), \
	.cache_create     = cache_create, \
	.cache_reclaimable = cache_reclaimable, \
	.kmalloc_cache    = slub_kmalloc_cache, \
	.object_size      = object_size, \
	.objects_per_slab = objects_per_slab, \
	.check            = slub_check, \
	.in_use           = slub_in_use, \
	.may_lose         = slub_may_lose, \
	.owns             = slub_owns

#endif
