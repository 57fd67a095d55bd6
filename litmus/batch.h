/*
 * A batch: one simulated machine that runs a litmus test many times, each time on variables of
 * its own, with other states of the caches and other distances in time.
 */
#ifndef LITMUS_BATCH_H
#define LITMUS_BATCH_H

#include "litmus/litmus.h"
#include "sim/machine.h"

/* What makes it harder for the machine to keep the order. */
enum pressure {
	PRESSURE_NONE,
	PRESSURE_CACHES,                /* of a few lines: what a thread has soon goes */
	PRESSURE_INTERRUPTS,            /* between any two instructions */
	PRESSURES
};
extern const char *const pressure_names[PRESSURES];     /* "none", "caches", "interrupts" */

struct batch {
	const struct litmus *test;
	const struct machine *machine;
	const unsigned *core;           /* of each thread */
	enum pressure pressure;
	uint64_t seed;
	unsigned runs;
	bool no_shortcuts;              /* of the engine; the outcomes are the same */
};

/* The outcome of every run, one behind the other: runs * observeds values. false: the machine's
 * run did not end well, `why` says how. */
bool batch_run(const struct batch *batch, int64_t *values, char *why, size_t size);

#endif
