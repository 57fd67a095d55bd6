/* The structs of an era as check.c sees them; plain C, no accesses. After an era_*.h. */
#ifndef MODELS_SLUB_VIEWS_H
#define MODELS_SLUB_VIEWS_H

static inline struct kmem_cache *listed_view(const struct list_head *at)
{
	return (struct kmem_cache *)((char *)at - offsetof(struct kmem_cache, list));
}

static inline struct cache_view cache_view(const struct kmem_cache *s)
{
	return (struct cache_view){ s->name, (unsigned)s->size, (unsigned)s->objects,
				    (unsigned)s->offset / WORD, 0 };
}

static inline struct node_view node_view(const struct slub *slub, const struct kmem_cache *s,
					 unsigned id)
{
	const struct kmem_cache_node *n =
		slub->memory->nodes == 1 ? &s->local_node : *cache_node(s, id);

	return (struct node_view){ n->list_lock.slock != 1, n->nr_partial, n->nr_slabs,
				   &n->partial };
}

static inline struct slab_view slab_view(const struct page *head)
{
	const struct slab_page *page = (const struct slab_page *)head;
	bool is_slab = page->flags >> PG_SLAB & 1;

	return (struct slab_view){ is_slab ? page->slab : NULL, page->freelist, page->inuse,
				   page->flags >> PG_FROZEN & 1, page->flags >> PG_LOCKED & 1,
				   false };
}

static const struct slub_views views = {
	.listed = listed_view, .cache = cache_view, .node = node_view, .slab = slab_view,
	.cpu = cpu_view, .list = offsetof(struct slab_page, lru),
};

#endif
