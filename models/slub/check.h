/*
 * The invariants of story.h. check.c needs no era: it looks at the structs through views, plain C
 * without accesses, which views.h fills in for each era.
 */
#ifndef MODELS_SLUB_CHECK_H
#define MODELS_SLUB_CHECK_H

#include "models/model.h"

struct slub;
struct slub_percpu_sheaves;
struct node_barn;

struct cache_view {
	const char *name;
	unsigned size, objects;         /* bytes from object to object; objects in most slabs */
	unsigned free_pointer;          /* its offset in an object, in words */
	unsigned sheaf_capacity;
	bool reclaimable;               /* which counter its slabs belong to */
};

struct node_view {
	bool locked;
	uint64_t nr_partial;
	int64_t nr_slabs, total_objects;        /* total_objects -1: not counted */
	const struct list_head *partial;
};

struct slab_view {
	const struct kmem_cache *cache; /* NULL: no slab */
	void *freelist;
	unsigned inuse, objects;
	bool frozen, locked;
	struct page *next;              /* on a CPU's partial list */
	unsigned pages;                 /* the same: of the list from here on; 0: not known for sure */
	bool marked;                    /* as being on the partial list, where there is a mark */
};

struct cpu_view {
	struct page *page;              /* the CPU's slab, or NULL */
	void *freelist;                 /* its private list */
	struct page *partial;           /* its partial slabs, or NULL */
};

struct slub_views {
	/* the cache that is at this place of cache_list */
	struct kmem_cache *(*listed)(const struct list_head *at);
	struct cache_view (*cache)(const struct kmem_cache *s);
	struct node_view (*node)(const struct slub *slub, const struct kmem_cache *s, unsigned id);
	struct slab_view (*slab)(const struct page *page);
	struct cpu_view (*cpu)(const struct slub *slub, const struct kmem_cache *s, unsigned id);
	size_t list;                    /* of the partial list's links, in a page struct */
	bool marks;                     /* slabs on the partial list have a mark */
	/* NULL: there are no sheaves; the first may say NULL: not in this cache */
	struct slub_percpu_sheaves *(*cpu_sheaves)(const struct slub *slub,
						   const struct kmem_cache *s, unsigned id);
	struct node_barn *(*barn)(const struct kmem_cache *s, unsigned node);
};

/* As in struct object_allocator. */
bool slub_check(const void *state, const struct report *report);
uint64_t slub_in_use(const void *state);
bool slub_may_lose(const void *state);
bool slub_owns(const void *state, const struct kmem_cache *s, const void *object);

#endif
