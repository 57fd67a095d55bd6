/*
 * The lock of Mellor-Crummey and Scott (1991): waiters queue, and each spins on a line of its own.
 *
 *	lock.tail ------------------------------.
 *	                                        v
 *	node of the owner -- next --> node -- next --> node        FIFO
 *	                              waits            waits
 *
 *	(free)  -- LOCK xchg tail: nobody before --> owner
 *	(held)  -- LOCK xchg tail, `waits`, next of the one before -- spin on `waits` --> owner
 *	unlock  -- next is there -------------------> its `waits` is cleared
 *	        -- none: LOCK cmpxchg tail to NULL -> (free)
 *	        -- which fails: one is about to link itself; wait for next, then clear its `waits`
 *
 * The node belongs to the caller from lock to unlock. The queued spinlock of lock.h is the kernel's
 * descendant of it, in four bytes.
 */
#ifndef SIM_VERBS_MCS_H
#define SIM_VERBS_MCS_H

#include "sim/verbs/verbs.h"

struct mcs_node {                       /* a line of its own: its owner spins there */
	_Alignas(LINE) struct mcs_node *next;
	uint64_t waits;                 /* cleared by the one before */
};

struct mcs_lock {
	struct mcs_node *tail;          /* NULL: free */
};

void mcs_lock_at(struct cpu *cpu, struct mcs_lock *lock, struct mcs_node *node, const struct site *site);
void mcs_unlock_at(struct cpu *cpu, struct mcs_lock *lock, struct mcs_node *node, const struct site *site);

#define mcs_lock(cpu, lock, node)       mcs_lock_at((cpu), (lock), (node), SITE("mcs_lock(" #lock ")"))
#define mcs_unlock(cpu, lock, node)     mcs_unlock_at((cpu), (lock), (node), SITE("mcs_unlock(" #lock ")"))

#endif
