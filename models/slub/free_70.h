/*
 * A free into a slab, and one object out of a slab, from 7.0: without sheaves, or when they cannot
 * be used. After an era_*.h.
 *
 * Both the first free into a full slab and the one that empties a slab take the node's list_lock
 * before they change the slab; all others only change the slab.
 */
#ifndef MODELS_SLUB_FREE_70_H
#define MODELS_SLUB_FREE_70_H

#include "models/slub/listed.h"

/* The slab changed from `seen`, under its node's list_lock, which is given back. */
static inline void free_listed(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       struct kmem_cache_node *n, struct slab_page *slab, bool was_full,
			       bool is_empty, bool flags)
{
	if (is_empty && has_min_partial(cpu, slub, s, n)) {
		path(cpu, "slab empty");
		if (!was_full)
			remove_partial(cpu, slub, n, slab);
		list_unlock(cpu, n, flags);
		slab_discard(cpu, slub, s, slab);
		return;
	}
	if (was_full) {
		path(cpu, "full to partial");
		add_partial(cpu, slub, n, slab, LIST_TAIL);
	}
	list_unlock(cpu, n, flags);
}

/* `count` objects of a slab, linked from `head` to `tail`, go back to it. */
static inline void free_chain(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			      struct slab_page *slab, void *head, void *tail, unsigned count)
{
	struct kmem_cache_node *n = NULL;
	bool flags = false, on_list = false;
	struct slab_free seen, next;

	path(cpu, "slab");
	for (;;) {
		seen = slab_read(cpu, slab);
		set_next_free(cpu, s, tail, seen.freelist);
		next = (struct slab_free){ head, seen.counters - count };
		if (!seen.freelist || counters_inuse(next.counters) == 0) {
			uint64_t word;

			n = slab_node(cpu, s, slab);
			flags = list_lock(cpu, n);
			word = load(cpu, &slab->flags);
			on_list = word >> SL_PARTIAL & 1;
		}
		if (slab_update(cpu, slab, seen, next))
			break;
		if (n)
			list_unlock(cpu, n, flags);
		n = NULL;
	}
	if (!n)
		return;
	if (seen.freelist && !on_list)          /* somebody has taken it off, and refills from it */
		list_unlock(cpu, n, flags);
	else
		free_listed(cpu, slub, s, n, slab, !seen.freelist,
			    counters_inuse(next.counters) == 0, flags);
}

/* ---- one object ----------------------------------------------------------------------------------- */

/* The first free object of a slab on the partial list, which it leaves if that was the last. */
static inline void *take_one(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct kmem_cache_node *n, struct slab_page *slab)
{
	struct slab_free seen, next;

	do {
		seen = slab_read(cpu, slab);
		next.freelist = next_free(cpu, s, seen.freelist);
		next.counters = seen.counters + 1;
	} while (!slab_update(cpu, slab, seen, next));
	if (!next.freelist)
		remove_partial(cpu, slub, n, slab);
	return seen.freelist;
}

static inline void *partial_one(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct kmem_cache_node *n)
{
	uint64_t nr_partial = load(cpu, node_nr_partial(slub, n));
	struct list_head *at;
	void *object = NULL;
	bool flags;

	if (nr_partial == 0)
		return NULL;
	flags = list_lock(cpu, n);
	at = load(cpu, &n->partial.next);
	while (at != &n->partial) {
		struct list_head *next = load(cpu, &at->next);
		uint64_t word = load(cpu, &list_slab(at)->flags);

		if (!(word >> SL_PFMEMALLOC & 1)) {
			object = take_one(cpu, slub, s, n, list_slab(at));
			break;
		}
		at = next;
	}
	list_unlock(cpu, n, flags);
	return object;
}

static inline void *any_partial_one(struct cpu *cpu, struct slub *slub, struct kmem_cache *s)
{
	void *object = NULL;

	if (!may_take_of_others(cpu, slub, s))
		return NULL;
	for (unsigned i = 0; i < slub->memory->nodes && !object; i++) {
		struct kmem_cache_node *n = rich_node(cpu, slub, s, i);

		if (n)
			object = partial_one(cpu, slub, s, n);
	}
	return object;
}

static inline unsigned fill_from_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				     unsigned gfp, const struct batch *to, unsigned have,
				     unsigned want);

/* Without sheaves; NULL: no memory. */
static inline void *alloc_one(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp)
{
	struct batch one = batch_on_stack(NULL);
	struct kmem_cache_node *n;
	void *object;

	path(cpu, "one object");
	n = get_node(cpu, s, cpu_node(cpu));
	object = partial_one(cpu, slub, s, n);
	one.at = &object;
	if (!object)
		object = any_partial_one(cpu, slub, s);
	if (!object)
		fill_from_new(cpu, slub, s, gfp, &one, 0, 1);
	return object;
}

#endif
