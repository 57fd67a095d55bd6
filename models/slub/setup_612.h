/*
 * Caches, their nodes, barns and first sheaves are made; plain C, before time zero. After an
 * era_*.h.
 */
#ifndef MODELS_SLUB_SETUP_612_H
#define MODELS_SLUB_SETUP_612_H

#include "models/slub/geometry_612.h"
#include "models/slub/views_612.h"

static const struct layout cache_bytes_layout = { "kmem_cache", 0, CLASS_ALLOCATOR, NULL };

static inline struct slab_sheaf *first_sheaf(struct slub *slub, struct kmem_cache *s)
{
	struct sheaves *own = slub->own;
	unsigned bytes = sheaf_bytes(s->sheaf_capacity);
	struct slab_sheaf *sheaf =
		arena_alloc(slub->sim, round_up(bytes, LINE), 1, 0, LINE, &sheaf_entries_layout,
			    s->sheaf_label);

	relabel_setup(slub->sim, sheaf, LINE, &slab_sheaf_layout, 0, s->sheaf_label);
	sheaf->cache = s;
	slub->cache_bytes += bytes;
	if (!own->first)
		own->first = (const char *)sheaf;
	own->last = (const char *)sheaf;
	return sheaf;
}

/* Each CPU has an empty main sheaf. */
static inline void setup_sheaves(struct slub *slub, struct kmem_cache *s)
{
	unsigned nodes = slub->memory->nodes;
	bool remote = sheaf_set(slub)->remote == REMOTE_SHEAF;
	size_t bytes = sizeof(struct slub_percpu_sheaves) + (remote ? nodes * WORD : 0);

	s->cpu_sheaves = percpu_alloc(slub->sim, bytes, WORD, &slub_percpu_sheaves_layout,
				      label_new(slub->sim, "%s cpu_sheaves", s->name));
	for (unsigned id = 0; id < sim_cpus(slub->sim); id++) {
		struct slub_percpu_sheaves *pcs = per_cpu(slub->sim, s->cpu_sheaves, id);

		slub->cache_bytes += bytes;
		pcs->main = first_sheaf(slub, s);
		for (unsigned node = 0; remote && node < nodes; node++)
			if (node != node_of_cpu(slub->sim, id))
				*remote_sheaf(pcs, node) = first_sheaf(slub, s);
	}
}

static inline void setup_node(struct slub *slub, struct kmem_cache *s, unsigned node)
{
	bool split = sheaf_set(slub)->node != LINE_PACKED;
	size_t bytes = split ? sizeof(struct kmem_cache_node) : (size_t)KERNEL_NODE_BYTES;
	struct kmem_cache_node *n =
		arena_alloc(slub->sim, bytes, 1, node, LINE, &kmem_cache_node_layout,
			    label_new(slub->sim, "%s node", s->name));

	spin_lock_init(&n->list_lock, era.list_lock);
	list_init(&n->partial);
	list_init(&n->full);
	per_node(s, node)->node = n;
	slub->cache_bytes += bytes;
}

/* Sheaves for all caches, or for those of a user's that ask. */
static inline bool has_sheaves(const struct slub *slub)
{
	const struct sheaves *own = slub->own;

	return sheaf_rules.caches == SHEAVES_ALL ||
	       (sheaf_rules.caches == SHEAVES_ASKED && own->kmalloc_made);
}

static inline void setup_barn(struct slub *slub, struct kmem_cache *s, unsigned node)
{
	bool split = sheaf_set(slub)->barn == LINE_SPLIT;
	size_t bytes = split ? sizeof(struct node_barn) : (size_t)LINE;
	struct node_barn *barn = arena_alloc(slub->sim, bytes, 1, node, LINE, &node_barn_layout,
					     label_new(slub->sim, "%s barn", s->name));

	spin_lock_init(&barn->lock, era.list_lock);
	list_init(&barn->sheaves_full);
	list_init(&barn->sheaves_empty);
	set_barn(s, node, barn);
	slub->cache_bytes += bytes;
}

static inline void setup_sizes(struct slub *slub, struct kmem_cache *s, unsigned size,
			       unsigned align)
{
	const struct sheaf_settings *set = sheaf_set(slub);
	unsigned cpus = set->present_cpus ? (unsigned)set->present_cpus : sim_cpus(slub->sim);
	unsigned order, least;

	s->object_size = size;
	s->inuse = round_up(size, WORD);
	s->align = round_up(align ? align : WORD, WORD);
	s->size = round_up(s->inuse, s->align);
	s->offset = size / 2 / WORD * WORD;
	order = calculate_order_612(set, cpus, s->size);
	least = get_order(s->size);
	s->oo = order << OO_SHIFT | (PAGE_BYTES << order) / s->size;
	s->min = least << OO_SHIFT | (PAGE_BYTES << least) / s->size;
	s->min_partial = set->min_partial ? set->min_partial : calculate_min_partial(s->size);
	if (has_sheaves(slub))
		s->sheaf_capacity = set->sheaf_capacity ? (uint32_t)set->sheaf_capacity
							: calculate_sheaf_capacity(s->size);
	s->remote_node_defrag_ratio = (uint32_t)set->defrag_ratio;
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

static inline struct kmem_cache *cache_create(void *state, const char *name, unsigned size,
					      unsigned align)
{
	struct slub *slub = state;
	unsigned nodes = slub->memory->nodes;
	size_t bytes = sizeof(struct kmem_cache) + nodes * sizeof(struct per_node);
	struct kmem_cache *s = arena_alloc(slub->sim, bytes, 1, 0, LINE, &cache_bytes_layout, name);

	relabel_setup(slub->sim, s, sizeof *s, &kmem_cache_layout, 0,
		      label_new(slub->sim, "%s kmem_cache", name));
	relabel_setup(slub->sim, per_node(s, 0), nodes * sizeof(struct per_node), &per_node_layout,
		      0, label_new(slub->sim, "%s per_node", name));
	slub->cache_bytes += bytes;
	s->name = label_new(slub->sim, "%s", name);
	s->object_label = label_new(slub->sim, "%s object", name);
	s->sheaf_label = label_new(slub->sim, "%s sheaf", name);
	s->refcount = 1;
	setup_sizes(slub, s, size, align);
	for (unsigned node = 0; node < nodes; node++) {
		setup_node(slub, s, node);
		if (has_sheaves(slub))
			setup_barn(slub, s, node);
	}
	link_cache(slub, s);
	setup_cpu_slab(slub, s);
	if (has_sheaves(slub))
		setup_sheaves(slub, s);
	return s;
}

static inline void cache_reclaimable(struct kmem_cache *s)
{
	s->flags |= 1ull << SLAB_RECLAIM_ACCOUNT;
	s->allocflags |= GFP_RECLAIMABLE;
}

static inline void *sheaves_create(struct sim *sim, const struct pages *pages, const void *settings)
{
	struct slub *slub = unseen_new(sim, sizeof *slub);
	struct sheaves *own = unseen_new(sim, sizeof *own);

	slub->sim = sim;
	slub->pages = pages;
	slub->memory = pages->memory;
	slub->era = &era;
	slub->views = &views;
	slub->settings.bugs = BUGS_FIXED;
	slub->own = own;
	own->settings = *(const struct sheaf_settings *)settings;
	own->rcu = percpu_new(sim, struct rcu_data, WORD, &rcu_data_layout, "rcu_data");
	list_init(&slub->cache_list);
	slub_kmalloc_create(slub, cache_create);
	own->kmalloc_made = true;
	return slub;
}

static inline unsigned object_size(const struct kmem_cache *s)
{
	return s->size;
}

static inline unsigned objects_per_slab(const struct kmem_cache *s)
{
	return oo_objects(s->oo);
}

/* Caches with node structs, barns and first sheaves; later sheaves are objects of kmalloc. */
static inline uint64_t metadata_bytes(const void *state)
{
	const struct slub *slub = state;

	return slub->cache_bytes;
}

static const struct layout *const sheaves_layouts[] = {
	&slab_page_layout, &tail_page_layout, &kmem_cache_layout, &per_node_layout,
	&kmem_cache_node_layout, &slab_sheaf_layout, &sheaf_entries_layout,
	&slub_percpu_sheaves_layout, &node_barn_layout, &rcu_data_layout, CPU_SLAB_LAYOUT NULL,
};

/* What all from 6.17 on hand on to struct object_allocator as it is. */
#define SHEAVES_ALLOCATOR \
	.settings_size    = sizeof(struct sheaf_settings), \
	.view             = &page_view_6_12, \
	.layouts          = sheaves_layouts, \
	.create           = sheaves_create, \
	.cache_create     = cache_create, \
	.cache_reclaimable = cache_reclaimable, \
	.kmalloc_cache    = slub_kmalloc_cache, \
	.alloc            = cache_alloc, \
	.free             = cache_free, \
	.kmalloc          = cache_kmalloc, \
	.kfree            = cache_kfree, \
	.free_rcu         = cache_free_rcu, \
	.prefill          = cache_prefill, \
	.alloc_prefilled  = cache_alloc_prefilled, \
	.return_prefilled = cache_return_prefilled, \
	.object_size      = object_size, \
	.objects_per_slab = objects_per_slab, \
	.metadata_bytes   = metadata_bytes, \
	.check            = slub_check, \
	.in_use           = slub_in_use, \
	.may_lose         = slub_may_lose, \
	.owns             = slub_owns

#endif
