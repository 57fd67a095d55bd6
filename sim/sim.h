/*
 * A simulated machine: created from a description, given threads by a workload, run, harvested.
 * All state hangs off struct sim; a process may hold many.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "sim/machine.h"
#include "sim/result.h"
#include "sim/verbs/verbs.h"

/* APART_n: CPU 0 on core 0, the others on the cores at the n-th of the machine's distances. */
enum placement {
	PLACEMENT_COMPACT, PLACEMENT_SCATTER,
	PLACEMENT_APART_1, PLACEMENT_APART_2, PLACEMENT_APART_3, PLACEMENT_APART_4,
	PLACEMENT_CORES
};

struct sim_options {
	const struct machine *machine;
	unsigned cpus;
	enum placement placement;
	unsigned core[MACHINE_CORES_MAX];       /* PLACEMENT_CORES: core of each CPU */
	uint64_t seed;
	uint64_t start_jitter_cycles;           /* each CPU starts 0 .. this later, by seed */
	bool preempt;
	int fault;                              /* planted in the protocol: enum protocol_fault */
	bool no_run_ahead, no_parking;          /* switch a shortcut off; results are the same */
	uint64_t arena_bytes; /* simulated memory, with set-up structures; 0: 256 MiB */
	uint64_t warmup, operations;
	uint64_t max_cycles;                    /* livelock guard; 0: 1e12 */
	const char *model;                      /* for messages of BUG */
};

/* The core that a CPU is put on. */
unsigned sim_core(const struct sim_options *options, unsigned cpu);
/* NULL and a reason in `why` if the machine cannot hold the CPUs. */
struct sim *sim_new(const struct sim_options *options, char *why, size_t size);
/*
 * Runs until all threads have returned. BUGs and exhausted memory end the run with that outcome.
 * Set-up calls that may fail (arena_alloc) go inside sim_protect.
 */
enum outcome sim_run(struct sim *sim);
/* Runs `function` so that sim_out_of_memory and BUG return here: false then, outcome is set. */
bool sim_protect(struct sim *sim, void (*function)(void *argument), void *argument);
struct result *sim_result(struct sim *sim);     /* the caller frees it with result_free */
void sim_free(struct sim *sim);

/* One access as an observer sees it, in exact time order (switches run-ahead off). */
struct access {
	uint64_t time_units;
	unsigned cpu;
	uint64_t line;                  /* offset of its line in the arena */
	const void *address;
	unsigned size;
	bool read, write, locked;
	bool prefetch;                  /* only asked for, to be read or written */
	const struct site *site;
	enum op op;
	const char *path;
	char before, after;             /* this CPU's state of the line, as a letter */
	uint64_t cost_units;
};
typedef void access_observer(void *to, const struct access *access);
void sim_observe(struct sim *sim, access_observer *observer, void *to);

/* "page[513]" and member of an address, for tests and reports; text is in buf. */
const char *sim_describe(const struct sim *sim, const void *address, char *buf, size_t size);
uint64_t sim_offset(const struct sim *sim, const void *address);        /* in the arena */

#endif
