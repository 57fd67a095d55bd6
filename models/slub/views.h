/* The structs of an era as check.c sees them; plain C, no accesses. After an era_*.h. */
#ifndef MODELS_SLUB_VIEWS_H
#define MODELS_SLUB_VIEWS_H

static inline struct kmem_cache *listed_view(const struct list_head *at)
{
	return (struct kmem_cache *)((char *)at - offsetof(struct kmem_cache, list));
}

static inline struct cache_view cache_view(const struct kmem_cache *s)
{
	return (struct cache_view){ s->name, (unsigned)s->size, cache_objects(s),
				    (unsigned)s->offset / WORD, 0,
				    s->flags >> SLAB_RECLAIM_ACCOUNT & 1 };
}

static inline struct node_view node_view(const struct slub *slub, const struct kmem_cache *s,
					 unsigned id)
{
	const struct kmem_cache_node *n = node_struct(slub, s, id);
	const struct spinlock *lock = &n->list_lock;

	return (struct node_view){
		.locked = era.list_lock == LOCK_DEC ? lock->slock != 1 : lock->owner != lock->next,
		.nr_partial = n->nr_partial, .nr_slabs = n->nr_slabs,
		.total_objects = total_objects(n), .partial = &n->partial,
	};
}

static const struct slub_views views = {
	.listed = listed_view, .cache = cache_view, .node = node_view, .slab = slab_view,
	.cpu = cpu_view, .list = offsetof(struct slab_page, lru),
};

#endif
