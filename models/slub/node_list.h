/* The partial list of a node, its list_lock held. After an era_*.h. */
#ifndef MODELS_SLUB_NODE_LIST_H
#define MODELS_SLUB_NODE_LIST_H

#include "models/slub/slab.h"

static inline void add_to_list(struct cpu *cpu, struct kmem_cache_node *n, struct slab_page *page,
			       enum list_end end)
{
	fetch_add_local(cpu, &n->nr_partial, 1);
	if (end == LIST_TAIL)
		list_add_tail(cpu, &page->lru, &n->partial);
	else
		list_add(cpu, &page->lru, &n->partial);
}

static inline void take_off_list(struct cpu *cpu, struct kmem_cache_node *n,
				 struct slab_page *page)
{
	list_del(cpu, &page->lru);
	fetch_add_local(cpu, &n->nr_partial, -1);
}

#endif
