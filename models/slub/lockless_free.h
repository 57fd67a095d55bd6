/*
 * Free into a slab that is not this CPU's, Linux 3.1 to 3.19: one exchange of the slab's state, with
 * interrupts as they are. Only who finds that the slab must change its list takes the list_lock, with
 * interrupts off, before the exchange. After an era_*.h and lockless.h.
 *
 *	             freelist   objects left   3.1                      with per-CPU partial slabs
 *	frozen       any        any            exchange                 exchange
 *	partial      objects    some           exchange                 exchange
 *	             objects    none           lock; off the list       the same
 *	                                       if there are enough
 *	full         empty      any            lock; to the list        exchange that freezes; to the
 *	                                                                CPU's partial slabs
 */
#ifndef MODELS_SLUB_LOCKLESS_FREE_H
#define MODELS_SLUB_LOCKLESS_FREE_H

#include "models/slub/lockless.h"

/* The end where a full slab goes that gets an object back. */
static inline enum list_end refilled_end(const struct slub *slub)
{
	if (era.rc1_to_head && slub->settings.bugs == BUGS_3_1_RC1)
		return LIST_HEAD;
	return era.refilled;
}

/* The exchange was made under the list_lock, which goes: the slab on its list, or away. */
static inline void free_listed(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       struct slab_page *page, struct kmem_cache_node *n, bool flags,
			       struct slab_state old, struct slab_state new)
{
	bool full = is_list_end(old.freelist);

	if (is_frozen(old)) {           /* somebody took it before the lock was ours */
		spin_unlock_irqrestore(cpu, &n->list_lock, era.list_lock, flags);
		return;
	}
	if (inuse_of(new) == 0 && enough_partial(cpu, s, n)) {
		path(cpu, "slab empty");
		if (!full)
			take_off_list(cpu, n, page);
		spin_unlock_irqrestore(cpu, &n->list_lock, era.list_lock, flags);
		slab_discard(cpu, slub, s, page);
		return;
	}
	if (full) {
		path(cpu, "full to partial");
		add_to_list(cpu, n, page, refilled_end(slub));
	}
	spin_unlock_irqrestore(cpu, &n->list_lock, era.list_lock, flags);
}

static inline void free_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct kmem_cache_cpu *c, struct slab_page *page, void *object)
{
	struct kmem_cache_node *n = NULL;       /* its list_lock is held */
	struct slab_state old, new;
	bool flags = false, full;

	path(cpu, "slow");
	slab_debug(cpu, s, page);
	do {
		if (n && !era.keeps_list_lock) {
			spin_unlock_irqrestore(cpu, &n->list_lock, era.list_lock, flags);
			n = NULL;
		}
		old = slab_state(cpu, page);
		set_freepointer(cpu, s, object, old.freelist);
		new = (struct slab_state){ object, old.counters - 1 };
		full = is_list_end(old.freelist);
		if (n || is_frozen(old) || (!full && inuse_of(new) > 0))
			continue;
		if (full && has_cpu_partial(slub)) {
			set_frozen(&new, true);
		} else {
			n = node_of(cpu, slub, s, page);
			flags = spin_lock_irqsave(cpu, &n->list_lock, era.list_lock);
		}
	} while (!cmpxchg_double_slab_irqs_on(cpu, s, page, old, new));
	if (n) {
		free_listed(cpu, slub, s, page, n, flags, old, new);
	} else if (is_frozen(new) && !is_frozen(old)) {
		path(cpu, "full to CPU's partial");
		put_cpu_partial(cpu, slub, s, c, page, true);
	}
}

#endif
