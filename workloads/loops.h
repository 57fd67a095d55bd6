/*
 * Locks as programs write them themselves, loops over words of memory; `poll` is what a turn of the
 * waiting loop costs, `as` how waiting is charged.
 *
 *	ttas            R word until 0, LOCK xchg 1; 1 was there: again           unlock W 0
 *	ticket_lines    LOCK xadd next; R owner until it is the own number       unlock W owner + 1
 *
 * The second has its two words on two lines, unlike the kernel's (LOCK_TICKET in lock.h).
 */
#ifndef WORKLOADS_LOOPS_H
#define WORKLOADS_LOOPS_H

#include "sim/verbs/verbs.h"

/* Waits until the word is `wanted`; returns with the load that saw it. */
static inline void await_word(struct cpu *cpu, uint64_t *word, uint64_t wanted, enum step poll,
			      enum waiting as)
{
	enum waiting before = waiting(cpu, as);

	spin_while(cpu, word, value != wanted, poll);
	waiting(cpu, before);
}

/* How often it was found taken. */
static inline unsigned ttas_lock(struct cpu *cpu, uint64_t *word, enum step poll, enum waiting as)
{
	unsigned turns = 0;
	uint64_t old;

	do {
		await_word(cpu, word, 0, poll, as);
		old = exchange(cpu, word, 1);
		turns += old != 0;
	} while (old);
	return turns;
}

static inline void ttas_unlock(struct cpu *cpu, uint64_t *word)
{
	store(cpu, word, 0);
}

/* The number that was drawn. */
static inline uint64_t ticket_lines_lock(struct cpu *cpu, uint64_t *word, uint64_t *owner,
					 enum step poll, enum waiting as)
{
	uint64_t ticket = fetch_add(cpu, word, 1);

	await_word(cpu, owner, ticket, poll, as);
	return ticket;
}

static inline void ticket_lines_unlock(struct cpu *cpu, uint64_t *owner, uint64_t ticket)
{
	store(cpu, owner, ticket + 1);
}

#endif
