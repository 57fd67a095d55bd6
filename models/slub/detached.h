/*
 * Slabs that were taken off a partial list and are nobody else's: a list whose head is on the
 * stack of who took them. After an era_*.h.
 */
#ifndef MODELS_SLUB_DETACHED_H
#define MODELS_SLUB_DETACHED_H

#include "models/slub/listed.h"

struct detached {
	struct list_head *first;        /* NULL: none */
};

static inline void detached_push(struct cpu *cpu, struct detached *list, struct slab_page *slab)
{
	struct list_head *at = &slab->slab_list;

	if (list->first)
		store(cpu, &list->first->prev, at);
	store(cpu, &at->next, list->first);
	store(cpu, &at->prev, NULL);
	list->first = at;
}

/* The first one leaves the list. */
static inline struct slab_page *detached_pop(struct cpu *cpu, struct detached *list)
{
	struct list_head *at = list->first, *next = load(cpu, &at->next);

	(void)load(cpu, &at->prev);             /* the head on the stack */
	if (next)
		store(cpu, &next->prev, NULL);
	store(cpu, &at->next, LIST_POISON_NEXT);
	store(cpu, &at->prev, LIST_POISON_PREV);
	list->first = next;
	return list_slab(at);
}

/* All that is free in a slab of nobody's; the slab looks full from now on. */
static inline struct slab_free take_freelist(struct cpu *cpu, struct slab_page *slab)
{
	struct slab_free seen, next;

	do {
		unsigned objects;

		seen = slab_read(cpu, slab);
		objects = counters_objects(seen.counters);
		next = (struct slab_free){ NULL, counters_of(objects, objects, false) };
	} while (!slab_update(cpu, slab, seen, next));
	return seen;
}

/* A list of free objects goes into the batch, up to `want`; returns the first that is left. */
static inline void *take_objects(struct cpu *cpu, struct kmem_cache *s, void *object,
				 const struct batch *to, unsigned *have, unsigned want)
{
	while (object && *have < want) {
		batch_put(cpu, to, (*have)++, object);
		object = next_free(cpu, s, object);
	}
	return object;
}

/* What is left of a freelist goes back, after a walk to its end. */
static inline void free_rest(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct slab_page *slab, void *head)
{
	void *tail = head, *next;
	unsigned count = 1;

	while ((next = next_free(cpu, s, tail))) {
		tail = next;
		count++;
	}
	free_chain(cpu, slub, s, slab, head, tail, count);
}

static inline bool lock_node(struct cpu *cpu, struct kmem_cache_node *n, bool only_try, bool *flags)
{
	if (!only_try) {
		*flags = list_lock(cpu, n);
		return true;
	}
	*flags = irq_save(cpu);
	if (spin_trylock(cpu, &n->list_lock, era.list_lock))
		return true;
	irq_restore(cpu, *flags);
	return false;
}

/* How many objects are free in a slab on the partial list; -1: not for us. */
static inline int free_in(struct cpu *cpu, struct slab_page *slab)
{
	uint64_t word = load(cpu, &slab->flags);
	uint64_t counters;

	if (word >> SL_PFMEMALLOC & 1)
		return -1;
	counters = load(cpu, &slab->counters);
	return (int)(counters_objects(counters) - counters_inuse(counters));
}

#endif
