/*
 * What the making of caches has in common; plain C, before time zero. After an era_*.h; setup_*.h has
 * the caches themselves.
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

static inline void link_cache(struct slub *slub, struct kmem_cache *s)
{
	struct list_head *head = &slub->cache_list;

	s->list.next = head;
	s->list.prev = head->prev;
	head->prev->next = &s->list;
	head->prev = &s->list;
	slub->caches++;
}

/* No cache yet, and no cpu_slab[]. */
static inline struct slub *slub_new(struct sim *sim, const struct pages *pages,
				    const struct slub_settings *settings)
{
	struct slub *slub = unseen_new(sim, sizeof *slub);
	unsigned nodes = pages->memory->nodes;

	slub->sim = sim;
	slub->pages = pages;
	slub->memory = pages->memory;
	slub->era = &era;
	slub->views = &views;
	slub->settings = *settings;
	if (slub->settings.min_partial == 0)
		slub->settings.min_partial = era.min_partial;
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
	return cache_objects(s);
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
