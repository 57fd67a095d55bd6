/*
 * Many objects at once, 7.3: the first slabs of the partial list leave it together and are used in
 * their order; what is left of the last one goes back without a walk; a new slab's freelist is
 * made of those objects alone that are not handed out. After an era_*.h.
 *
 * Follows: mm/slub.c, a development tree of Linux 7.3-rc5, which may hold what no release will.
 */
#ifndef MODELS_SLUB_REFILL_73_H
#define MODELS_SLUB_REFILL_73_H

#include "models/slub/detached.h"

/* The run from the first slab to `last` leaves the partial list, whose lock is held. */
static inline struct detached cut_off(struct cpu *cpu, struct kmem_cache_node *n,
				      struct list_head *first, struct list_head *last)
{
	struct list_head *after = load(cpu, &last->next);

	store(cpu, &n->partial.next, after);
	store(cpu, &after->prev, &n->partial);
	store(cpu, &first->prev, NULL);
	store(cpu, &last->next, NULL);
	return (struct detached){ first };
}

/* Slabs of the node with `want` free objects together, or all it has: a run from the first on, as
 * none is from the reserve. */
static inline struct detached detach(struct cpu *cpu, struct slub *slub, struct kmem_cache_node *n,
				     unsigned want, bool only_try)
{
	uint64_t nr_partial = load(cpu, node_nr_partial(slub, n));
	struct detached list = { NULL };
	struct list_head *first, *at, *last = NULL;
	unsigned sum = 0;
	bool flags;

	if (nr_partial == 0 || !lock_node(cpu, n, only_try, &flags))
		return list;
	first = at = load(cpu, &n->partial.next);
	while (at != &n->partial && sum < want) {
		struct list_head *next = load(cpu, &at->next);
		int objects = free_in(cpu, list_slab(at));

		if (objects < 0)
			break;
		bit_clear(cpu, &list_slab(at)->flags, SL_PARTIAL);
		fetch_add_local(cpu, node_nr_partial(slub, n), -1);
		sum += (unsigned)objects;
		last = at;
		at = next;
	}
	if (last)
		list = cut_off(cpu, n, first, last);
	list_unlock(cpu, n, flags);
	return list;
}

/* Slabs that were not needed go to the tail, together. */
static inline void put_back(struct cpu *cpu, struct slub *slub, struct kmem_cache_node *n,
			    struct detached *list)
{
	bool flags = list_lock(cpu, n);
	struct list_head *last = list->first, *next = last, *before;

	for (; next; next = load(cpu, &last->next)) {
		last = next;
		bit_set(cpu, &list_slab(last)->flags, SL_PARTIAL);
		fetch_add_local(cpu, node_nr_partial(slub, n), 1);
	}
	before = load(cpu, &n->partial.prev);
	store(cpu, &list->first->prev, before);
	store(cpu, &before->next, list->first);
	store(cpu, &last->next, &n->partial);
	store(cpu, &n->partial.prev, last);
	list_unlock(cpu, n, flags);
	list->first = NULL;
}

/* The rest of a freelist, `count` objects: if the slab is still full they become its freelist as
 * they are, and nobody reads them. */
static inline void return_freelist(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   struct slab_page *slab, void *head, unsigned count)
{
	struct slab_free seen = slab_read(cpu, slab);

	if (!seen.freelist) {
		struct slab_free next = { head, seen.counters - count };
		struct kmem_cache_node *n = slab_node(cpu, s, slab);
		bool flags = list_lock(cpu, n);
		bool done = slab_update(cpu, slab, seen, next);

		if (done)
			add_partial(cpu, slub, n, slab, LIST_TAIL);
		list_unlock(cpu, n, flags);
		if (done)
			return;
	}
	free_rest(cpu, slub, s, slab, head);
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
		unsigned before = have, objects = counters_objects(seen.counters);
		unsigned all = objects - counters_inuse(seen.counters);
		void *rest = take_objects(cpu, s, seen.freelist, to, &have, want);

		if (rest)
			return_freelist(cpu, slub, s, slab, rest, all - (have - before));
	}
	if (list.first)
		put_back(cpu, slub, n, &list);
	return have;
}

/* From a new slab, the rest of which goes to the head of the partial list. Returns how many there
 * are now; as many as before: no memory. */
static inline unsigned fill_from_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				     unsigned gfp, const struct batch *to, unsigned have,
				     unsigned want)
{
	unsigned objects, taken;
	struct slab_page *slab = allocate_slab(cpu, slub, s, gfp, &objects);
	struct kmem_cache_node *n;
	char *object;

	if (!slab)
		return have;
	taken = objects < want - have ? objects : want - have;
	object = page_address(slub->memory, (struct page *)slab);
	for (unsigned i = 0; i < taken; i++) {
		(void)load(cpu, &s->ctor);      /* none here */
		batch_put(cpu, to, have++, object + i * s->size);
	}
	store(cpu, &slab->counters, counters_of(taken, objects, false));
	n = slab_node(cpu, s, slab);
	if (taken < objects) {
		bool flags;

		link_objects(cpu, slub, s, slab, taken);
		flags = list_lock(cpu, n);
		add_partial(cpu, slub, n, slab, LIST_HEAD);
		list_unlock(cpu, n, flags);
	}
	count_in_node(cpu, slub, n, 1, objects);
	return have;
}

#endif
