/*
 * Locks, written over the verbs so that every backend has them; chosen by the model as its era
 * had them (facts: Linux 2.6.22 to 2.6.25 and later, x86-64).
 *
 * LOCK_DEC     until 2.6.24: LOCK dec of a word that is 1 when free; unfair, every retry is a
 *              locked operation; unlock is a plain store of 1. spin_lock_irqsave lets
 *              interrupts in while it waits. Left out: the break_lock word that a kernel with
 *              CONFIG_PREEMPT keeps beside it and stores to while it waits.
 * LOCK_TICKET  2.6.25 to 4.1: LOCK xadd takes a ticket; FIFO; unlock is a plain increment.
 *
 * bit_spin_lock: test-and-test-and-set on one bit of a word; its unlock has three generations.
 */
#ifndef SIM_VERBS_LOCK_H
#define SIM_VERBS_LOCK_H

#include "sim/verbs/verbs.h"

enum lock_kind { LOCK_DEC, LOCK_TICKET };

/* Four bytes in the simulated struct; the kind is the model's constant, not in memory. */
struct spinlock {
	union {
		int32_t slock;                          /* LOCK_DEC: 1 free, <= 0 held */
		struct { uint16_t owner, next; };       /* LOCK_TICKET */
	};
};

void spin_lock_init(struct spinlock *lock, enum lock_kind kind);        /* set-up, no access */
void spin_lock(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind);
bool spin_trylock(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind);
void spin_unlock(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind);
bool spin_lock_irqsave(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind);
void spin_unlock_irqrestore(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, bool flags);

enum bit_unlock {
	BIT_UNLOCK_ASSERT,      /* 2.6.22, 2.6.23: read (assertion), then LOCK btr */
	BIT_UNLOCK_LOCKED,      /* 2.6.24: LOCK btr */
	BIT_UNLOCK_PLAIN,       /* 2.6.25 and later: plain read-modify-write */
};

void bit_spin_lock(struct cpu *cpu, uint64_t *word, unsigned bit);
bool bit_spin_trylock(struct cpu *cpu, uint64_t *word, unsigned bit);
void bit_spin_unlock(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_unlock how);

#endif
