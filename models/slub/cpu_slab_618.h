/*
 * The SLUB underneath, 6.17 and 6.18: a CPU slab whose freelist is taken from by cmpxchg16b without
 * LOCK, more slabs of the CPU behind it, and the node's partial list. After an era_*.h.
 *
 *	              frozen  SL_PARTIAL  on list     who may take objects   who may put them back
 *	the CPU's     yes     clear       none        that CPU: its list,    that CPU: its list;
 *	                                              and the slab's whole   others: the slab's
 *	of a CPU      no      clear       CPU's own   nobody                 any CPU
 *	partial       no      set         partial     nobody                 any CPU
 *	full          no      clear       none        nobody                 any CPU, which keeps it
 *
 * Follows: mm/slub.c, Linux 6.18. Left out: requests for a node, debugging, the reserve's mark is
 * looked at and never set.
 */
#ifndef MODELS_SLUB_CPU_SLAB_618_H
#define MODELS_SLUB_CPU_SLAB_618_H

#include "models/slub/listed.h"

enum { TID_STEP = 8192 };       /* above any CPU's number, which the first one is */

static inline struct kmem_cache_cpu *cpu_slab(struct cpu *cpu, struct kmem_cache *s)
{
	struct kmem_cache_cpu *c = load(cpu, &s->cpu_slab);

	return this_cpu(cpu, c);
}

/* Interrupts off and the flag set, around what changes more than the pair. */
static inline bool cpu_slab_lock(struct cpu *cpu, struct kmem_cache_cpu *c)
{
	bool flags = irq_save(cpu);

	store(cpu, &c->lock, 1);
	return flags;
}

static inline void cpu_slab_unlock(struct cpu *cpu, struct kmem_cache_cpu *c, bool flags)
{
	store(cpu, &c->lock, 0);
	irq_restore(cpu, flags);
}

static inline void next_tid(struct cpu *cpu, struct kmem_cache_cpu *c)
{
	fetch_add_local(cpu, &c->tid, TID_STEP);
}

/* freelist and tid at once, if both are as they were; false: an interrupt was here. */
static inline bool cpu_list_update(struct cpu *cpu, struct kmem_cache_cpu *c, void *was, uint64_t tid,
				   void *is)
{
	struct pair old = { (uintptr_t)was, tid }, new = { (uintptr_t)is, tid + TID_STEP };

	return cas_local(cpu, &c->head, old, new);
}

/* ---- a CPU's partial slabs -------------------------------------------------------------------------- */

/* A list that a CPU gives up goes to its nodes. */
static inline void put_partials(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct slab_page *first)
{
	struct slab_page *empty = NULL;
	struct kmem_cache_node *n = NULL;
	bool flags = false;

	for (struct slab_page *slab = first, *next; slab; slab = next) {
		struct kmem_cache_node *of;
		uint64_t counters;

		next = load(cpu, &slab->next);
		of = slab_node(cpu, s, slab);
		if (of != n) {
			if (n)
				list_unlock(cpu, n, flags);
			n = of;
			flags = list_lock(cpu, n);
		}
		counters = load(cpu, &slab->counters);
		if (counters_inuse(counters) == 0 && has_min_partial(cpu, slub, s, n)) {
			store(cpu, &slab->next, empty);
			empty = slab;
		} else {
			add_partial(cpu, slub, n, slab, LIST_TAIL);
		}
	}
	if (n)
		list_unlock(cpu, n, flags);
	while (empty) {
		struct slab_page *next = load(cpu, &empty->next);

		slab_discard(cpu, slub, s, empty);
		empty = next;
	}
}

/* The CPU keeps a slab that is not frozen; with `drain` a list that is full goes to the nodes first. */
static inline void put_cpu_partial(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   struct slab_page *slab, bool drain)
{
	struct kmem_cache_cpu *c = cpu_slab(cpu, s);
	bool flags = cpu_slab_lock(cpu, c);
	struct slab_page *old = load(cpu, &c->partial), *give = NULL;
	int32_t slabs = 0;

	if (old) {
		uint32_t most = load(cpu, &s->cpu_partial_slabs);

		slabs = load(cpu, &old->slabs);
		if (drain && slabs >= (int32_t)most) {
			give = old;
			old = NULL;
			slabs = 0;
		}
	}
	store(cpu, &slab->slabs, slabs + 1);
	store(cpu, &slab->next, old);
	store(cpu, &c->partial, slab);
	cpu_slab_unlock(cpu, c, flags);
	if (give)
		put_partials(cpu, slub, s, give);
}

/* ---- free into a slab ------------------------------------------------------------------------------- */

/* The slab changed from `seen` to `next`, under its node's list_lock, which is given back. */
static inline void free_listed(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       struct kmem_cache_node *n, struct slab_page *slab, bool flags)
{
	bool surplus = has_min_partial(cpu, slub, s, n);

	if (surplus)
		remove_partial(cpu, slub, n, slab);
	list_unlock(cpu, n, flags);
	if (surplus) {
		path(cpu, "slab empty");
		slab_discard(cpu, slub, s, slab);
	}
}

/* `count` objects of a slab that is not this CPU's, linked from `head` to `tail`. Only who takes the
 * last object out of a slab that others list takes the list_lock. */
static inline void free_to_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct slab_page *slab, void *head, void *tail, unsigned count)
{
	struct kmem_cache_node *n = NULL;
	bool flags = false, on_list = false, frozen;
	struct slab_free seen, next;

	path(cpu, "slab");
	for (;;) {
		seen = slab_read(cpu, slab);
		set_next_free(cpu, s, tail, seen.freelist);
		next = (struct slab_free){ head, seen.counters - count };
		frozen = counters_frozen(seen.counters);
		if (!frozen && seen.freelist && counters_inuse(next.counters) == 0) {
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
	if (n && on_list) {
		free_listed(cpu, slub, s, n, slab, flags);
	} else if (n) {                         /* a CPU has it on its partial list */
		list_unlock(cpu, n, flags);
	} else if (!frozen && !seen.freelist) {
		path(cpu, "full to partial");
		put_cpu_partial(cpu, slub, s, slab, true);
	}
}

/* Objects of one slab, linked, by the CPU's own list if it is its slab. */
static inline void free_chain(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			      struct slab_page *slab, void *head, void *tail, unsigned count)
{
	struct kmem_cache_cpu *c = cpu_slab(cpu, s);
	struct slab_page *mine;
	void *freelist;
	uint64_t tid;

	do {
		tid = load(cpu, &c->tid);
		mine = load(cpu, &c->slab);
		if (mine != slab) {
			free_to_slab(cpu, slub, s, slab, head, tail, count);
			return;
		}
		path(cpu, "CPU slab");
		freelist = load(cpu, &c->freelist);
		set_next_free(cpu, s, tail, freelist);
	} while (!cpu_list_update(cpu, c, freelist, tid, head));
}

/* ---- slabs for the CPU -------------------------------------------------------------------------------- */

/* All that is free in a slab, which becomes frozen, or stays so, if there is any. */
static inline void *get_freelist(struct cpu *cpu, struct slab_page *slab, bool freeze)
{
	struct slab_free seen, next;

	do {
		unsigned objects;

		seen = slab_read(cpu, slab);
		objects = counters_objects(seen.counters);
		next.freelist = NULL;
		next.counters = counters_of(objects, objects, freeze || seen.freelist);
	} while (!slab_update(cpu, slab, seen, next));
	return seen.freelist;
}

/* The first partial slab of a node, off the list, for the CPU to freeze; further ones the CPU keeps. */
static inline struct slab_page *get_partial_node(struct cpu *cpu, struct slub *slub,
						 struct kmem_cache *s, struct kmem_cache_node *n)
{
	uint64_t nr_partial = load(cpu, node_nr_partial(slub, n));
	struct slab_page *first = NULL;
	unsigned kept = 0;
	struct list_head *at;
	bool flags;

	if (nr_partial == 0)
		return NULL;
	flags = list_lock(cpu, n);
	at = load(cpu, &n->partial.next);
	while (at != &n->partial) {
		struct list_head *next = load(cpu, &at->next);
		struct slab_page *slab = list_slab(at);
		uint64_t word = load(cpu, &slab->flags);

		at = next;
		if (word >> SL_PFMEMALLOC & 1)
			continue;
		remove_partial(cpu, slub, n, slab);
		if (!first) {
			first = slab;
			continue;
		}
		put_cpu_partial(cpu, slub, s, slab, false);
		if (++kept > load(cpu, &s->cpu_partial_slabs) / 2)
			break;
	}
	list_unlock(cpu, n, flags);
	return first;
}

static inline struct slab_page *get_partial(struct cpu *cpu, struct slub *slub, struct kmem_cache *s)
{
	struct kmem_cache_node *n = get_node(cpu, s, cpu_node(cpu));
	struct slab_page *slab = get_partial_node(cpu, slub, s, n);

	if (slab || !may_take_of_others(cpu, slub, s))
		return slab;
	for (unsigned i = 0; i < slub->memory->nodes && !slab; i++) {
		n = rich_node(cpu, slub, s, i);
		if (n)
			slab = get_partial_node(cpu, slub, s, n);
	}
	return slab;
}

/* A new slab, frozen, its freelist in *freelist; NULL: no memory. Interrupts as they are. */
static inline struct slab_page *new_cpu_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
					     unsigned gfp, void **freelist)
{
	struct kmem_cache_node *n;
	struct slab_page *slab;
	unsigned objects;

	preempt_enable(cpu);
	slab = allocate_slab(cpu, slub, s, gfp, &objects);
	if (slab)
		link_objects(cpu, slub, s, slab, 0);
	preempt_disable(cpu);
	if (!slab)
		return NULL;
	*freelist = load(cpu, &slab->freelist);
	store(cpu, &slab->freelist, NULL);
	store(cpu, &slab->counters, counters_of(objects, objects, true));
	n = slab_node(cpu, s, slab);
	count_in_node(cpu, slub, n, 1, objects);
	return slab;
}

/* A slab that was the CPU's goes, with what was left of the CPU's list. */
static inline void deactivate_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   struct slab_page *slab, void *freelist)
{
	struct kmem_cache_node *n = slab_node(cpu, s, slab);
	void *before = load(cpu, &slab->freelist), *tail = freelist, *at;
	struct slab_free seen, next;
	unsigned left = freelist != NULL;

	while (tail && (at = next_free(cpu, s, tail))) {
		tail = at;
		left++;
	}
	do {
		unsigned objects;

		seen = slab_read(cpu, slab);
		objects = counters_objects(seen.counters);
		next.freelist = freelist ? freelist : seen.freelist;
		next.counters = counters_of(counters_inuse(seen.counters) - left, objects, false);
		if (tail)
			set_next_free(cpu, s, tail, seen.freelist);
	} while (!slab_update(cpu, slab, seen, next));
	if (counters_inuse(next.counters) == 0 && has_min_partial(cpu, slub, s, n)) {
		slab_discard(cpu, slub, s, slab);
	} else if (next.freelist) {
		bool flags = list_lock(cpu, n);

		add_partial(cpu, slub, n, slab, before ? LIST_TAIL : LIST_HEAD);
		list_unlock(cpu, n, flags);
	}
}

/* ---- the slow path ------------------------------------------------------------------------------------ */

/* A frozen slab becomes the CPU's, which is inside afterwards: *flags. */
static inline void install_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct kmem_cache_cpu *c, struct slab_page *slab, bool *flags)
{
	struct slab_page *there;

	*flags = cpu_slab_lock(cpu, c);
	while ((there = load(cpu, &c->slab))) { /* an interrupt made it */
		void *freelist = load(cpu, &c->freelist);

		store(cpu, &c->slab, NULL);
		store(cpu, &c->freelist, NULL);
		next_tid(cpu, c);
		cpu_slab_unlock(cpu, c, *flags);
		deactivate_slab(cpu, slub, s, there, freelist);
		*flags = cpu_slab_lock(cpu, c);
	}
	store(cpu, &c->slab, slab);
}

/* What is left for the CPU to take: its own list, or all that others freed to its slab. Inside; NULL,
 * outside: nothing, and the CPU has no slab any more, or, *changed, another. */
static inline void *own_freelist(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *slab,
				 bool *flags, bool *changed)
{
	struct slab_page *now;
	void *freelist;

	(void)load(cpu, &slab->flags);          /* from the reserve? */
	*flags = cpu_slab_lock(cpu, c);
	now = load(cpu, &c->slab);
	*changed = now != slab;
	if (*changed) {
		cpu_slab_unlock(cpu, c, *flags);
		return NULL;
	}
	freelist = load(cpu, &c->freelist);
	if (!freelist)
		freelist = get_freelist(cpu, slab, false);
	if (freelist)
		return freelist;
	store(cpu, &c->slab, NULL);
	next_tid(cpu, c);
	cpu_slab_unlock(cpu, c, *flags);
	return NULL;
}

/* The first of the CPU's partial slabs becomes its slab. Inside; NULL, outside: an interrupt has changed
 * what there was. */
static inline void *own_partial(struct cpu *cpu, struct kmem_cache_cpu *c, bool *flags)
{
	struct slab_page *slab, *next;

	*flags = cpu_slab_lock(cpu, c);
	slab = load(cpu, &c->slab);
	next = slab ? NULL : load(cpu, &c->partial);
	if (slab || !next) {
		cpu_slab_unlock(cpu, c, *flags);
		return NULL;
	}
	slab = next;
	next = load(cpu, &slab->next);
	store(cpu, &c->partial, next);
	(void)load(cpu, &slab->flags);          /* from the reserve? */
	store(cpu, &c->slab, slab);
	return get_freelist(cpu, slab, false);
}

/* A freelist for the CPU, whose slab it is from; inside. NULL, outside: no memory. */
static inline void *refill_cpu(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       struct kmem_cache_cpu *c, unsigned gfp, bool *flags)
{
	struct slab_page *slab, *partial;
	void *freelist;

	for (;;) {
		bool changed = false;

		slab = load(cpu, &c->slab);
		path(cpu, "refill");
		freelist = slab ? own_freelist(cpu, c, slab, flags, &changed) : NULL;
		if (freelist)
			return freelist;
		if (changed)
			continue;
		partial = load(cpu, &c->partial);
		if (!partial)
			break;
		path(cpu, "CPU partial");
		freelist = own_partial(cpu, c, flags);
		if (freelist)
			return freelist;
	}
	path(cpu, "partial");
	slab = get_partial(cpu, slub, s);
	if (slab) {
		freelist = get_freelist(cpu, slab, true);
	} else {
		path(cpu, "new slab");
		slab = new_cpu_slab(cpu, slub, s, gfp, &freelist);
	}
	if (slab)
		install_slab(cpu, slub, s, c, slab, flags);
	return slab ? freelist : NULL;
}

static inline void *alloc_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp)
{
	struct kmem_cache_cpu *c;
	void *object, *next;
	bool flags;

	preempt_disable(cpu);
	c = cpu_slab(cpu, s);
	object = refill_cpu(cpu, slub, s, c, gfp, &flags);
	if (object) {
		next = next_free(cpu, s, object);
		store(cpu, &c->freelist, next);
		next_tid(cpu, c);
		cpu_slab_unlock(cpu, c, flags);
	}
	preempt_enable(cpu);
	return object;
}

/* ---- one object, many objects --------------------------------------------------------------------------- */

/* Without sheaves; NULL: no memory. */
static inline void *alloc_one(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp)
{
	struct kmem_cache_cpu *c = cpu_slab(cpu, s);
	struct slab_page *slab;
	void *object, *next;
	uint64_t tid;

	path(cpu, "CPU slab");
	do {
		tid = load(cpu, &c->tid);
		object = load(cpu, &c->freelist);
		slab = load(cpu, &c->slab);
		if (!object || !slab)
			return alloc_slow(cpu, slub, s, gfp);
		next = next_free(cpu, s, object);
	} while (!cpu_list_update(cpu, c, object, tid, next));
	if (next)
		prefetch_write(cpu, free_pointer(s, next));
	return object;
}

/* `want` objects into the batch, one by one out of the CPU slab, interrupts off. Returns how many;
 * fewer: no memory. */
static inline unsigned fill(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp,
			    const struct batch *to, unsigned want)
{
	struct kmem_cache_cpu *c = cpu_slab(cpu, s);
	bool flags = cpu_slab_lock(cpu, c);

	for (unsigned have = 0; have < want; have++) {
		void *object = load(cpu, &c->freelist), *next;

		if (!object) {
			next_tid(cpu, c);
			cpu_slab_unlock(cpu, c, flags);
			object = alloc_slow(cpu, slub, s, gfp);
			if (!object)
				return have;
			flags = cpu_slab_lock(cpu, c);
		} else {
			next = next_free(cpu, s, object);
			store(cpu, &c->freelist, next);
		}
		batch_put(cpu, to, have, object);
	}
	next_tid(cpu, c);
	cpu_slab_unlock(cpu, c, flags);
	return want;
}

#endif
