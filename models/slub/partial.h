/*
 * The partial list of a node, as it was until 3.0: who takes a slab from it tries the slab lock and
 * freezes it under the list_lock. After an era_*.h.
 */
#ifndef MODELS_SLUB_PARTIAL_H
#define MODELS_SLUB_PARTIAL_H

#include "models/slub/slab.h"

static inline struct slab_page *lru_page(struct list_head *lru)
{
	return (struct slab_page *)((char *)lru - offsetof(struct slab_page, lru));
}

static inline struct kmem_cache_node *node_of(struct cpu *cpu, const struct slub *slub,
					      struct kmem_cache *s, struct slab_page *page)
{
	uint64_t flags;

	if (slub->memory->nodes == 1)
		return &s->local_node;
	flags = load(cpu, &page->flags);
	return load(cpu, cache_node(s, flags >> PG_NODE_SHIFT));
}

static inline void add_partial(struct cpu *cpu, struct kmem_cache_node *n, struct slab_page *page,
			       enum list_end end)
{
	spin_lock(cpu, &n->list_lock, era.list_lock);
	fetch_add_local(cpu, &n->nr_partial, 1);
	if (end == LIST_TAIL)
		list_add_tail(cpu, &page->lru, &n->partial);
	else
		list_add(cpu, &page->lru, &n->partial);
	spin_unlock(cpu, &n->list_lock, era.list_lock);
}

static inline void remove_partial(struct cpu *cpu, struct kmem_cache_node *n,
				  struct slab_page *page)
{
	spin_lock(cpu, &n->list_lock, era.list_lock);
	list_del(cpu, &page->lru);
	fetch_add_local(cpu, &n->nr_partial, -1);
	spin_unlock(cpu, &n->list_lock, era.list_lock);
}

static inline bool lock_and_freeze(struct cpu *cpu, struct kmem_cache_node *n,
				   struct slab_page *page)
{
	if (!bit_spin_trylock(cpu, &page->flags, PG_LOCKED))
		return false;
	list_del(cpu, &page->lru);
	fetch_add_local(cpu, &n->nr_partial, -1);
	bit_set_local(cpu, &page->flags, PG_FROZEN);
	return true;
}

static inline struct slab_page *get_partial_node(struct cpu *cpu, struct kmem_cache_node *n)
{
	uint64_t nr_partial = load(cpu, &n->nr_partial);
	struct slab_page *found = NULL;
	struct list_head *at;

	if (nr_partial == 0)
		return NULL;
	spin_lock(cpu, &n->list_lock, era.list_lock);
	for (at = load(cpu, &n->partial.next);; at = load(cpu, &at->next)) {
		list_ahead(cpu, at);
		if (at == &n->partial)
			break;
		if (lock_and_freeze(cpu, n, lru_page(at))) {
			found = lru_page(at);
			break;
		}
	}
	spin_unlock(cpu, &n->list_lock, era.list_lock);
	return found;
}

/* Another node's slab, once in a while: better than memory that lies idle over there. */
static inline struct slab_page *get_any_partial(struct cpu *cpu, struct slub *slub,
						struct kmem_cache *s)
{
	unsigned nodes = slub->memory->nodes;
	int ratio = load(cpu, &s->defrag_ratio);

	if (ratio == 0)
		return NULL;
	compute(cpu, STEP_RDTSC);
	if (random_below(cpu, 1024) > (uint64_t)ratio)
		return NULL;
	for (unsigned i = 0; i < nodes; i++) {
		unsigned node = (cpu_node(cpu) + i) % nodes;
		struct kmem_cache_node *n = load(cpu, cache_node(s, node));
		uint64_t nr_partial = load(cpu, &n->nr_partial);
		struct slab_page *page = NULL;

		if (nr_partial > slub->settings.min_partial)
			page = get_partial_node(cpu, n);
		if (page)
			return page;
	}
	return NULL;
}

/* A slab with free objects from the partial list, frozen and locked; NULL: none. */
static inline struct slab_page *slab_get_partial(struct cpu *cpu, struct slub *slub,
						 struct kmem_cache *s)
{
	struct kmem_cache_node *n;
	struct slab_page *page;

	if (slub->memory->nodes == 1)
		return get_partial_node(cpu, &s->local_node);
	n = load(cpu, cache_node(s, cpu_node(cpu)));
	page = get_partial_node(cpu, n);
	if (page)
		return page;
	return get_any_partial(cpu, slub, s);
}

#endif
