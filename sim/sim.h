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

/* Who sees all that happens sees it in exact time order: run-ahead and parking are off for it, which
 * changes no result. With nobody to see, an access that hits costs the same as ever. */

/* One access, when it takes effect. */
struct access {
	uint64_t time_units;
	unsigned cpu;
	uint64_t line;                  /* offset of its line in the arena */
	const void *address;
	unsigned size;
	bool read, write, locked;
	bool prefetch;                  /* only asked for, to be read or written */
	bool half;                      /* reads for a read-modify-write whose store is buffered */
	bool buffered;                  /* a store leaves the buffer */
	bool forwarded;                 /* a load that an own buffered store gave the value */
	bool missed;                    /* the line, or the right to write it, had to come */
	bool in_interrupt, in_window;
	const struct site *site, *caller; /* caller: on whose behalf, NULL: nobody's */
	enum op op;
	const char *path;
	char before, after;             /* this CPU's state of the line, as a letter */
	uint64_t start_units, cost_units; /* from start_units on, to the end of the instruction */
	uint64_t busy_units;            /* of the cost: waited for a busy line, home or link */
	enum cause cause;               /* of the rest */
	enum waiting waiting;           /* it is part of such waiting */
	int supplier;                   /* the cache that gave the line, see sim_caches; -1: none */
	char found;                     /* in that state, 0: none */
	const struct modify *modify;    /* how a read-modify-write changes the word, else NULL */
	const void *old, *now;          /* `size` bytes: before, and now; what a load read */
};
typedef void access_observer(void *to, const struct access *access);
void sim_observe(struct sim *sim, access_observer *observer, void *to);

/* What happens beside accesses, on one CPU. */
enum moment_kind {
	MOMENT_OP_BEGIN, MOMENT_OP_END,
	MOMENT_IRQ_ENTER, MOMENT_IRQ_EXIT,      /* a handler */
	MOMENT_IPI,                             /* sent, to CPU `other` */
	MOMENT_LOCK_WAIT,                       /* begins, for a lock not yet named */
	MOMENT_LOCK_TAKEN,                      /* waited for since `since_units`, 0: not at all */
	MOMENT_LOCK_RELEASED,                   /* held since then */
	MOMENT_EVICTION,                        /* its copy of a line made room for another */
	MOMENT_ARRIVAL,                         /* it has a line that no access waited for */
	MOMENTS,
	/* not an event of `cpu`, but for its sake: the copy of CPU `other` changes. What is to come of
	 * that, an access or an arrival, comes later. */
	MOMENT_CHANGE = MOMENTS
};

struct moment {
	enum moment_kind kind;
	uint64_t time_units, since_units;
	unsigned cpu, other;
	const void *address;            /* of the lock, of the line; else NULL */
	const char *lock;               /* its kind */
	enum op op;                     /* of OP_BEGIN and OP_END */
	char before, after;             /* states, of CHANGE; of an ARRIVAL the latter */
};
typedef void moment_observer(void *to, const struct moment *moment);
/* Of one CPU in the order of their times; those of others may lie behind an access that comes later.
 * Only beside sim_observe, to whose `to` they go. */
void sim_observe_moments(struct sim *sim, moment_observer *observer);

/* Caches that have copies: private ones of CPU 0, 1, ... and then the shared ones. */
unsigned sim_caches(const struct sim *sim);
/* The state of a line (its arena offset) in each of them, as letters: [sim_caches]. */
void sim_states(const struct sim *sim, uint64_t line, char *letters);
/* "CPU 3"; "L2 of CPU 2-3", by the CPUs below it; in buf. */
const char *sim_cache_name(const struct sim *sim, unsigned cache, char *buf, size_t size);

/* "page[513]" and member of an address, for tests and reports; text is in buf. */
const char *sim_describe(const struct sim *sim, const void *address, char *buf, size_t size);
uint64_t sim_offset(const struct sim *sim, const void *address);        /* in the arena */

#endif
