/*
 * Many objects at once, 7.0 and 7.1: whole slabs are taken off the partial list one by one, and
 * used in reverse order; a new slab is linked whole before objects are taken from it. After an
 * era_*.h.
 *
 * Follows: mm/slub.c, Linux 7.0 and 7.1.
 */
#ifndef MODELS_SLUB_REFILL_70_H
#define MODELS_SLUB_REFILL_70_H

#include "models/slub/detached.h"

/* Slabs of the node with `want` free objects together, or all it has. */
static inline struct detached detach(struct cpu *cpu, struct slub *slub, struct kmem_cache_node *n,
				     unsigned want, bool only_try)
{
	uint64_t nr_partial = load(cpu, node_nr_partial(slub, n));
	struct detached list = { NULL };
	struct list_head *at;
	unsigned sum = 0;
	bool flags;

	if (nr_partial == 0 || !lock_node(cpu, n, only_try, &flags))
		return list;
	at = load(cpu, &n->partial.next);
	while (at != &n->partial && sum < want) {
		struct list_head *next = load(cpu, &at->next);
		int objects = free_in(cpu, list_slab(at));

		if (objects >= 0) {
			remove_partial(cpu, slub, n, list_slab(at));
			detached_push(cpu, &list, list_slab(at));
			sum += (unsigned)objects;
		}
		at = next;
	}
	list_unlock(cpu, n, flags);
	return list;
}

/* Slabs that were not needed go back to the head, in their old order; empty ones beyond what the
 * node keeps go to the page allocator. */
static inline void put_back(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			    struct kmem_cache_node *n, struct detached *list)
{
	bool flags = list_lock(cpu, n);
	struct detached empty = { NULL };

	while (list->first) {
		uint64_t counters = load(cpu, &list_slab(list->first)->counters);
		bool surplus = counters_inuse(counters) == 0 && has_min_partial(cpu, slub, s, n);
		struct slab_page *slab = detached_pop(cpu, list);

		if (surplus)
			detached_push(cpu, &empty, slab);
		else
			add_partial(cpu, slub, n, slab, LIST_HEAD);
	}
	list_unlock(cpu, n, flags);
	while (empty.first) {
		struct slab_page *slab = detached_pop(cpu, &empty);

		slab_discard(cpu, slub, s, slab);
	}
}

/* From partial slabs of a node. Returns how many there are now. */
static inline unsigned fill_from_node(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				      struct kmem_cache_node *n, const struct batch *to,
				      unsigned have, unsigned want, bool only_try)
{
	struct detached list = detach(cpu, slub, n, want - have, only_try);

	while (list.first && have < want) {
		struct slab_page *slab = detached_pop(cpu, &list);
		struct slab_free seen = take_freelist(cpu, slab);
		void *rest = take_objects(cpu, s, seen.freelist, to, &have, want);

		if (rest)
			free_rest(cpu, slub, s, slab, rest);
	}
	if (list.first)
		put_back(cpu, slub, s, n, &list);
	return have;
}

/* From a new slab, the rest of which goes to the head of the partial list. Returns how many there
 * are now; as many as before: no memory. */
static inline unsigned fill_from_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				     unsigned gfp, const struct batch *to, unsigned have,
				     unsigned want)
{
	unsigned objects;
	struct slab_page *slab = allocate_slab(cpu, slub, s, gfp, &objects);
	struct kmem_cache_node *n;
	void *object;

	if (!slab)
		return have;
	link_objects(cpu, slub, s, slab, 0);
	object = load(cpu, &slab->freelist);
	while (object && have < want) {
		batch_put(cpu, to, have++, object);
		object = next_free(cpu, s, object);
		fetch_add_local(cpu, &slab->counters, 1);
	}
	store(cpu, &slab->freelist, object);
	n = slab_node(cpu, s, slab);
	if (object) {
		bool flags = list_lock(cpu, n);

		add_partial(cpu, slub, n, slab, LIST_HEAD);
		list_unlock(cpu, n, flags);
	}
	count_in_node(cpu, slub, n, 1, objects);
	return have;
}

#endif
