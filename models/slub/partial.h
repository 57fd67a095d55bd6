/*
 * The partial list of a node, as it was until 3.0: who takes a slab from it tries the slab lock and
 * freezes it under the list_lock. After an era_*.h.
 */
#ifndef MODELS_SLUB_PARTIAL_H
#define MODELS_SLUB_PARTIAL_H

#include "models/slub/any_partial.h"
#include "models/slub/node_list.h"

static inline void add_partial(struct cpu *cpu, struct kmem_cache_node *n, struct slab_page *page,
			       enum list_end end)
{
	spin_lock(cpu, &n->list_lock, era.list_lock);
	add_to_list(cpu, n, page, end);
	spin_unlock(cpu, &n->list_lock, era.list_lock);
}

static inline void remove_partial(struct cpu *cpu, struct kmem_cache_node *n,
				  struct slab_page *page)
{
	spin_lock(cpu, &n->list_lock, era.list_lock);
	take_off_list(cpu, n, page);
	spin_unlock(cpu, &n->list_lock, era.list_lock);
}

static inline bool lock_and_freeze(struct cpu *cpu, struct kmem_cache_node *n,
				   struct slab_page *page)
{
	if (!bit_spin_trylock(cpu, &page->flags, PG_LOCKED))
		return false;
	take_off_list(cpu, n, page);
	bit_set_local(cpu, &page->flags, PG_FROZEN);
	return true;
}

/* Frozen and locked. */
static inline struct partial_slab get_partial_node(struct cpu *cpu, struct slub *slub,
						   struct kmem_cache *s, struct kmem_cache_node *n,
						   struct kmem_cache_cpu *c)
{
	uint64_t nr_partial = load(cpu, &n->nr_partial);
	struct partial_slab found = { NULL, NULL };
	struct list_head *at;

	(void)slub;
	(void)s;
	(void)c;
	if (nr_partial == 0)
		return found;
	spin_lock(cpu, &n->list_lock, era.list_lock);
	for (at = load(cpu, &n->partial.next);; at = load(cpu, &at->next)) {
		if (era.walk_prefetches)
			list_ahead(cpu, at);
		if (at == &n->partial)
			break;
		if (lock_and_freeze(cpu, n, lru_page(at))) {
			found.page = lru_page(at);
			break;
		}
	}
	spin_unlock(cpu, &n->list_lock, era.list_lock);
	return found;
}

#endif
