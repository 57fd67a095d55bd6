/*
 * Waiting of workloads for each other, through simulated memory and charged as idle: only what
 * goes beyond a first look is waiting, so that fetching a word which is ready counts as what it
 * is, a transfer.
 */
#ifndef WORKLOADS_WAITING_H
#define WORKLOADS_WAITING_H

#include "sim/verbs/verbs.h"

/* Waits until the slot holds something; returns it. */
static inline void *await_full(struct cpu *cpu, void **slot)
{
	void *object = load(cpu, slot);

	if (!object) {
		enum waiting before = waiting(cpu, WAITING_IDLE);

		object = spin_while(cpu, slot, value == NULL, STEP_PAUSE);
		waiting(cpu, before);
	}
	return object;
}

static inline void await_empty(struct cpu *cpu, void **slot)
{
	void *object = load(cpu, slot);

	if (object) {
		enum waiting before = waiting(cpu, WAITING_IDLE);

		(void)spin_while(cpu, slot, value != NULL, STEP_PAUSE);
		waiting(cpu, before);
	}
}

/* Waits until a counter that only grows has reached `least`; returns it. */
static inline uint64_t await_count(struct cpu *cpu, uint64_t *counter, uint64_t least)
{
	uint64_t count = load(cpu, counter);

	if (count < least) {
		enum waiting before = waiting(cpu, WAITING_IDLE);

		count = spin_while(cpu, counter, value < least, STEP_PAUSE);
		waiting(cpu, before);
	}
	return count;
}

/* A barrier: a counter of arrivals, a line of its own. */
struct barrier {
	_Alignas(LINE) uint64_t arrived;
	uint64_t last;                  /* the turn after which all stop; 0: not yet known */
};

struct barrier *barrier_new(struct sim *sim);

/* The `turn`-th use (from 1) of a barrier by `cpus` CPUs: waits until all have arrived. */
static inline void barrier_wait(struct cpu *cpu, struct barrier *barrier, uint64_t cpus,
				uint64_t turn)
{
	fetch_add(cpu, &barrier->arrived, 1);
	await_count(cpu, &barrier->arrived, cpus * turn);
}

/* The same between rounds of unknown number: true, for all CPUs at the same turn, once one of them
 * came with `over`. */
static inline bool barrier_over(struct cpu *cpu, struct barrier *barrier, uint64_t cpus,
				uint64_t turn, bool over)
{
	uint64_t last;

	if (over)
		cas(cpu, &barrier->last, 0, turn);
	barrier_wait(cpu, barrier, cpus, turn);
	last = load(cpu, &barrier->last);
	return last && last <= turn;
}

#endif
