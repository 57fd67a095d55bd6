/*
 * Locks, written over the verbs so that every backend has them; chosen by the model as its era
 * had them (Linux on x86-64).
 *
 * LOCK_DEC     until 2.6.24: LOCK dec of a word that is 1 when free; unfair, every retry is a
 *              locked operation; unlock is a plain store of 1. spin_lock_irqsave lets
 *              interrupts in while it waits. Left out: the break_lock word that a kernel with
 *              CONFIG_PREEMPT keeps beside it and stores to while it waits.
 * LOCK_TICKET  2.6.25 to 4.1: LOCK xadd takes a ticket; FIFO; unlock is a plain increment.
 * LOCK_QUEUED  4.2 and later: one waiter spins on the lock's word, those behind it each on a line of
 *              their own; FIFO from the second waiter on; unlock is a plain store of a byte.
 *
 *	byte  0       1        2, 3
 *	      locked  pending  tail            4 * (CPU + 1) + index of its place; 0: nobody queues
 *
 *	(free)     -- LOCK cmpxchg ------------------------------> owner
 *	(held)     -- LOCK bts pending -- spin on `locked` -------> owner      the first to wait
 *	(waited for) -- LOCK xchg tail -- spin in the own place --> head of the queue
 *	                       -- spin on the word, 0 but for the tail --> owner
 *
 * A waiter that finds only `pending` set sees a hand-over, one store from its end, and waits for
 * it; the kernel gives that up after a number of reads and queues.
 *
 * bit_spin_lock: test-and-test-and-set on one bit of a word, unfair. Who waits reads, with a pause
 * after each read, and in a kernel that counts preemption lets go of it for that pause; from 2.6.39
 * on for the whole wait, and with the pause before the read.
 */
#ifndef SIM_VERBS_LOCK_H
#define SIM_VERBS_LOCK_H

#include "sim/verbs/verbs.h"

enum lock_kind { LOCK_DEC, LOCK_TICKET, LOCK_QUEUED };

/* Four bytes in the simulated struct; the kind is the model's constant, not in memory. */
struct spinlock {
	union {
		int32_t slock;                          /* LOCK_DEC: 1 free, <= 0 held */
		struct { uint16_t owner, next; };       /* LOCK_TICKET */
		/* LOCK_QUEUED, as a whole and in parts */
		uint32_t val;
		uint16_t locked_pending;
		struct { uint8_t locked, pending; uint16_t tail; };
	};
};

/* The word of a queued lock. */
enum {
	QUEUED_LOCKED = 1, QUEUED_LOCKED_MASK = 0xff,
	QUEUED_PENDING_SHIFT = 8, QUEUED_PENDING = 1 << QUEUED_PENDING_SHIFT,
	QUEUED_HELD_MASK = 0xffff,      /* locked and pending */
	QUEUED_TAIL_SHIFT = 16,
};

void spin_lock_init(struct spinlock *lock, enum lock_kind kind);        /* set-up, no access */
VERB void spin_lock_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site);
VERB bool spin_trylock_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site);
VERB void spin_unlock_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site);
VERB bool spin_is_contended_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site);
/* For check(): no access. */
bool spin_lock_is_held(const struct spinlock *lock, enum lock_kind kind);
VERB bool spin_lock_irqsave_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site);
VERB void spin_unlock_irqrestore_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, bool flags, const struct site *site);

/* Its generations, by how they unlock; from BIT_LOCK_2639 on also by how they wait. */
enum bit_lock {
	BIT_LOCK_2622,          /* 2.6.22, 2.6.23: read (assertion), then LOCK btr */
	BIT_LOCK_2624,          /* 2.6.24: LOCK btr */
	BIT_LOCK_2625,          /* 2.6.25 to 2.6.38: plain read-modify-write */
	BIT_LOCK_2639,          /* 2.6.39 and later: the same */
};

VERB void bit_spin_lock_at(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_lock kind, const struct site *site);
VERB bool bit_spin_trylock_at(struct cpu *cpu, uint64_t *word, unsigned bit, const struct site *site);
VERB void bit_spin_unlock_at(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_lock kind, const struct site *site);

/* What a lock costs is its caller's: reports name the place that calls. */
#define spin_lock(cpu, lock, kind)      spin_lock_at((cpu), (lock), (kind), SITE("spin_lock(" #lock ")"))
#define spin_trylock(cpu, lock, kind)   spin_trylock_at((cpu), (lock), (kind), SITE("spin_trylock(" #lock ")"))
#define spin_unlock(cpu, lock, kind)    spin_unlock_at((cpu), (lock), (kind), SITE("spin_unlock(" #lock ")"))
/* Does somebody wait for the lock that this CPU holds? One read. Not of LOCK_DEC, which cannot
 * tell. */
#define spin_is_contended(cpu, lock, kind) spin_is_contended_at((cpu), (lock), (kind), SITE("spin_is_contended(" #lock ")"))
#define spin_lock_irqsave(cpu, lock, kind) spin_lock_irqsave_at((cpu), (lock), (kind), SITE("spin_lock_irqsave(" #lock ")"))
#define spin_unlock_irqrestore(cpu, lock, kind, flags) \
	spin_unlock_irqrestore_at((cpu), (lock), (kind), (flags), SITE("spin_unlock_irqrestore(" #lock ")"))
#define bit_spin_lock(cpu, word, bit, kind) \
	bit_spin_lock_at((cpu), (word), (bit), (kind), SITE("bit_spin_lock(" #word ")"))
#define bit_spin_trylock(cpu, word, bit) bit_spin_trylock_at((cpu), (word), (bit), SITE("bit_spin_trylock(" #word ")"))
#define bit_spin_unlock(cpu, word, bit, kind) \
	bit_spin_unlock_at((cpu), (word), (bit), (kind), SITE("bit_spin_unlock(" #word ")"))

#endif
