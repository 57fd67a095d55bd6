/* The structs of 6.17 and later as check.c sees them; plain C, no accesses. After an era_*.h. */
#ifndef MODELS_SLUB_VIEWS_612_H
#define MODELS_SLUB_VIEWS_612_H

static inline struct kmem_cache *listed_view(const struct list_head *at)
{
	return (struct kmem_cache *)((char *)at - offsetof(struct kmem_cache, list));
}

static inline struct cache_view cache_view(const struct kmem_cache *s)
{
	return (struct cache_view){ s->name, s->size, oo_objects(s->oo), s->offset / WORD,
				    s->sheaf_capacity,
				    s->flags >> SLAB_RECLAIM_ACCOUNT & 1 };
}

static inline struct node_view node_view(const struct slub *slub, const struct kmem_cache *s,
					 unsigned id)
{
	struct kmem_cache_node *n = per_node(s, id)->node;

	return (struct node_view){
		.locked = spin_lock_is_held(&n->list_lock, era.list_lock),
		.nr_partial = *node_nr_partial(slub, n), .nr_slabs = *node_nr_slabs(slub, n),
		.total_objects = *node_total_objects(slub, n), .partial = &n->partial,
	};
}

static inline struct slab_view slab_view(const struct page *head)
{
	const struct slab_page *slab = (const struct slab_page *)head;
	bool is_slab = slab->page_type == PAGE_TYPE_SLAB;

	return (struct slab_view){
		.cache = is_slab ? slab->slab_cache : NULL, .freelist = slab->freelist,
		.inuse = counters_inuse(slab->counters), .objects = counters_objects(slab->counters),
		.frozen = counters_frozen(slab->counters), .marked = slab->flags >> SL_PARTIAL & 1,
		.next = (struct page *)slab->next, .pages = (unsigned)slab->slabs,
	};
}

static inline struct slub_percpu_sheaves *sheaves_view(const struct slub *slub,
						       const struct kmem_cache *s, unsigned id)
{
	return s->cpu_sheaves ? per_cpu(slub->sim, s->cpu_sheaves, id) : NULL;
}

static const struct slub_views views = {
	.listed = listed_view, .cache = cache_view, .node = node_view, .slab = slab_view,
	.cpu = CPU_SLAB_VIEW, .list = offsetof(struct slab_page, slab_list), .marks = true,
	.cpu_sheaves = sheaves_view, .barn = barn_of_node,
};

#endif
