/*
 * The slow paths without a slab lock, Linux 3.1 to 3.19: whoever changes a slab exchanges its state
 * (counters.h). The list_lock comes first, if it is needed at all, then the exchange. After an
 * era_*.h, tid.h, offset_in_cache.h, a list_end_*.h and new_slab_2639.h.
 *
 *	alloc   the freelist of the own slab; it is empty: the slab is nobody's from that exchange on,
 *	        next a partial slab of the CPU (3.2), of a node, a new one
 *	free    object -> freelist, inuse - 1; a full slab goes to the node's list, or (3.2) is frozen
 *	        and goes to the CPU's
 */
#ifndef MODELS_SLUB_LOCKLESS_H
#define MODELS_SLUB_LOCKLESS_H

#include "models/slub/any_partial.h"
#include "models/slub/counters.h"
#include "models/slub/new_slab_2639.h"
#include "models/slub/node_list.h"

/* Are there enough partial slabs, so that an empty one may go? */
static inline bool enough_partial(struct cpu *cpu, struct kmem_cache *s, struct kmem_cache_node *n)
{
	uint64_t nr_partial = load(cpu, &n->nr_partial);
	uint64_t limit = load(cpu, &s->min_partial);

	return era.discards_at_limit ? nr_partial >= limit : nr_partial > limit;
}

/* May everybody have this slab? From 3.10 a bit says so; here all may. */
static inline void check_pfmemalloc(struct cpu *cpu, struct slab_page *page)
{
	if (era.checks_pfmemalloc)
		(void)load(cpu, &page->flags);
}

/* Do CPUs keep partial slabs? A matter of the version, and of its configuration. */
static inline bool has_cpu_partial(const struct slub *slub)
{
	return era.cpu_partial && slub->settings.cpu_partial;
}

/* A slab that was made is the CPU's: frozen, and from 3.2 on all in use. */
static inline void new_slab_state(struct cpu *cpu, struct slub *slub, struct slab_page *page)
{
	unsigned objects = 0;

	store(cpu, &page->freelist, page_address(slub->memory, (struct page *)page));
	if (era.new_all_inuse)
		objects = page_objects(cpu, page);
	store(cpu, &page->inuse, (uint16_t)objects);
	bit_set_local(cpu, &page->objects, FROZEN_OF_OBJECTS);
}

/* ---- the CPU's partial slabs: cpu_partial.h ---------------------------- */

/* Makes the first one the CPU's slab; NULL: none. */
static inline struct slab_page *next_cpu_partial(struct cpu *cpu, struct slub *slub,
						 struct kmem_cache_cpu *c);
/* Adds one that is frozen; `drain`: those before go to the nodes if they are too many. Returns the
 * objects that the CPU has there now. */
static inline unsigned put_cpu_partial(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				       struct kmem_cache_cpu *c, struct slab_page *page,
				       bool drain);

/* ---- a CPU gives its slab up ------------------------------------------- */

/* One object of the CPU's list goes back to the slab, which stays frozen. */
static inline void push_back(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page,
			     void *object)
{
	struct slab_state old, new;

	do {
		old = slab_state(cpu, page);
		set_freepointer(cpu, s, object, old.freelist);
		new = (struct slab_state){ object, old.counters - 1 };
	} while (!cmpxchg_double_slab(cpu, s, page, old, new));
}

/*
 * The slab thaws, and `last`, unless it is the end of a list, goes back with that. To which list it
 * belongs is decided before the exchange, and the list_lock is held over it. True: it is to be
 * discarded.
 */
static inline bool thaw(struct cpu *cpu, struct kmem_cache *s, struct kmem_cache_node *n,
			struct slab_page *page, void *last, enum list_end end)
{
	bool locked = false, listed = false, empty, partial;
	struct slab_state old, new;

	do {
		old = new = slab_state(cpu, page);
		set_frozen(&new, false);
		if (!is_list_end(last)) {
			set_freepointer(cpu, s, last, old.freelist);
			new = (struct slab_state){ last, new.counters - 1 };
		}
		empty = inuse_of(new) == 0 && enough_partial(cpu, s, n);
		partial = !empty && !is_list_end(new.freelist);
		if (!empty && !partial)
			slab_debug(cpu, s, page);
		if (partial && !locked) {
			spin_lock(cpu, &n->list_lock, era.list_lock);
			locked = true;
		}
		if (partial && !listed)
			add_to_list(cpu, n, page, end);
		if (!partial && listed)
			take_off_list(cpu, n, page);
		listed = partial;
	} while (!cmpxchg_double_slab(cpu, s, page, old, new));
	if (locked)
		spin_unlock(cpu, &n->list_lock, era.list_lock);
	return empty;
}

/* With `freelist`, what is left of the CPU's list; interrupts off. */
static inline void deactivate_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   struct kmem_cache_cpu *c, struct slab_page *page, void *freelist)
{
	struct kmem_cache_node *n = node_of(cpu, slub, s, page);
	void *remote = load(cpu, &page->freelist);
	enum list_end end = is_list_end(remote) ? LIST_HEAD : LIST_TAIL;

	if (!era.clears_cpu_later)
		freelist = cpu_slab_clear(cpu, slub, c);
	while (!is_list_end(freelist)) {
		void *next = get_freepointer(cpu, s, freelist);

		if (!next)
			break;
		push_back(cpu, s, page, freelist);
		freelist = next;
	}
	if (thaw(cpu, s, n, page, freelist, end))
		slab_discard(cpu, slub, s, page);
}

/* ---- alloc ------------------------------------------------------------- */

/* The own slab's freelist, whole; at its end, the slab is nobody's any more. */
static inline void *get_freelist(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page)
{
	struct slab_state old, new;

	do {
		old = slab_state(cpu, page);
		new = (struct slab_state){ emptied(old.freelist), old.counters };
		set_all_inuse(&new);
		set_frozen(&new, !is_list_end(old.freelist));
	} while (!cmpxchg_double_slab(cpu, s, page, old, new));
	return old.freelist;
}

/* The CPU takes the first object of a list that is its own; the rest becomes its freelist. */
static inline void *load_freelist(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				  struct kmem_cache_cpu *c, void *object)
{
	void *next = get_freepointer(cpu, s, object);

	store(cpu, &c->freelist, next);
	tid_advance(cpu, slub, c);
	return object;
}

#endif
