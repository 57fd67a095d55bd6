/*
 * The state of a slab, exchanged as a whole, Linux 3.1 on: freelist, inuse and frozen change together
 * or not at all, so that nobody needs a lock to change them. After an era_*.h with page_31.h.
 *
 *	old = slab_state(page);
 *	new = what it shall be
 *	cmpxchg_double_slab(page, old, new)     false: somebody was faster; read again
 *
 * A CPU without cmpxchg16b takes the slab lock, compares, stores and unlocks
 * (`cmpxchg16b: false`): the page's line is used as it was until 3.0.
 */
#ifndef MODELS_SLUB_COUNTERS_H
#define MODELS_SLUB_COUNTERS_H

#include "models/slub/slab.h"

static inline void set_slab_address(struct cpu *cpu, const struct slub *slub, struct slab_page *page)
{
	if (era.stores_address)
		store(cpu, &page->address, page_address(slub->memory, (struct page *)page));
}

static inline void clear_slab_address(struct cpu *cpu, struct slab_page *page)
{
	if (era.stores_address)
		store(cpu, &page->address, NULL);
}

struct slab_state {
	void *freelist;
	uint64_t counters;
};

/* Two reads, the freelist first: a free between them makes the exchange fail. */
static inline struct slab_state slab_state(struct cpu *cpu, struct slab_page *page)
{
	struct slab_state state;

	state.freelist = load(cpu, &page->freelist);
	state.counters = load(cpu, &page->counters);
	return state;
}

static inline unsigned inuse_of(struct slab_state state)
{
	return state.counters & INUSE_MASK;
}

static inline unsigned objects_of(struct slab_state state)
{
	return state.counters >> OBJECTS_SHIFT & OBJECTS_MASK;
}

static inline bool is_frozen(struct slab_state state)
{
	return state.counters >> FROZEN_BIT & 1;
}

static inline void set_frozen(struct slab_state *state, bool frozen)
{
	state->counters &= ~(1ull << FROZEN_BIT);
	state->counters |= (uint64_t)frozen << FROZEN_BIT;
}

/* All objects are in use: on the CPU's list, or handed out. */
static inline void set_all_inuse(struct slab_state *state)
{
	state->counters = (state->counters & ~(uint64_t)INUSE_MASK) | objects_of(*state);
}

static inline bool exchange_locked(struct cpu *cpu, struct slab_page *page, struct slab_state old,
				   struct slab_state new)
{
	bool same;

	slab_lock(cpu, page);
	same = load(cpu, &page->freelist) == old.freelist &&
	       load(cpu, &page->counters) == old.counters;
	if (same) {
		store(cpu, &page->freelist, new.freelist);
		store(cpu, &page->counters, new.counters);
	}
	slab_unlock(cpu, page);
	return same;
}

/* `irqs_on`: the slab lock is taken with interrupts off, which the caller has not done. */
static inline bool exchange_state(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page,
				  struct slab_state old, struct slab_state new, bool irqs_on)
{
	struct pair was = { (uintptr_t)old.freelist, old.counters };
	struct pair is = { (uintptr_t)new.freelist, new.counters };
	uint64_t flags = load(cpu, &s->flags);
	bool done;

	if (flags >> CMPXCHG_DOUBLE & 1) {
		done = cas(cpu, &page->state, was, is);
	} else if (irqs_on) {
		bool irq = irq_save(cpu);

		done = exchange_locked(cpu, page, old, new);
		irq_restore(cpu, irq);
	} else {
		done = exchange_locked(cpu, page, old, new);
	}
	if (!done)
		compute(cpu, STEP_PAUSE);
	return done;
}

/* Interrupts are off. */
static inline bool cmpxchg_double_slab(struct cpu *cpu, struct kmem_cache *s,
				       struct slab_page *page, struct slab_state old,
				       struct slab_state new)
{
	return exchange_state(cpu, s, page, old, new, false);
}

/* Interrupts are as they are. */
static inline bool cmpxchg_double_slab_irqs_on(struct cpu *cpu, struct kmem_cache *s,
					       struct slab_page *page, struct slab_state old,
					       struct slab_state new)
{
	return exchange_state(cpu, s, page, old, new, true);
}

#endif
