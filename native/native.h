/*
 * The native backend from outside: models and workloads on the real atomics of this host, one
 * pinned thread per CPU.
 *
 *	watched    each object has an owner, in a word outside the arena: one that is handed out
 *	           twice is told at once. Verbs are counted and pause at random. Nothing is timed.
 *	timed      three times the same on the same memory, each time cleared and out of all
 *	           caches: once to have it mapped; once with a stamp at both ends of the window,
 *	           for elapsed_units; once with a stamp at both ends of each operation, for the
 *	           rest. The last two again, a few times at most, when a thread lost its processor.
 *
 * Times are cycles of the core: ticks of the time-stamp counter, times the cycles that a tick has
 * while dependent additions run, measured each time.
 */
#ifndef NATIVE_NATIVE_H
#define NATIVE_NATIVE_H

#include "sim/result.h"
#include "workloads/stand.h"

enum { NATIVE_CPUS_MAX = 64 };

struct native_options {
	struct stand_plan plan;         /* models of any backend: they are found by their names */
	unsigned cpus;
	const unsigned *host;           /* of each CPU, the host's number; NULL: as they come */
	uint64_t seed, jitter_cycles, max_cycles, bytes;
	bool preempt, watched;
};

struct native_report {
	struct result *result;          /* lines, sites and what else nobody sees here: empty */
	uint64_t verbs;                 /* watched */
	bool disturbed;                 /* a thread lost its processor in each try */
	uint64_t taken_out;             /* operations of over NATIVE_PAUSE_CYCLES: the host's pauses */
	double cycles_per_tick;
	uint64_t metadata_bytes, objects_lost;
	unsigned host[NATIVE_CPUS_MAX]; /* where the CPUs ran */
};

enum { NATIVE_PAUSE_CYCLES = 30000 };

/* Costs of what needs no other CPU, each the least of many tries: cycles of the core. */
struct native_own {
	double cycles_per_tick, ghz;    /* ghz: of the core, by the host's clock */
	double fence, pause, rdtsc;
	/* read-modify-writes on the same word as the one before, and on eight lines in turn */
	double add[2], cmpxchg[2], cmpxchg16b[2], lock_add[2], lock_xadd[2], lock_cmpxchg[2],
		xchg[2], lock_cmpxchg16b[2];
};

struct native {
	/* The host's CPUs that this process may use, in order; how many. */
	unsigned (*cpus)(unsigned *host, unsigned most);
	/* False and the reason in `why`: it cannot be run here. What goes wrong later is the
	 * outcome of the result; the process should end then, for threads may be left. */
	bool (*run)(const struct native_options *options, struct native_report *report, char *why,
		    size_t size);
	/* On that CPU of the host. */
	bool (*measure_own)(unsigned host, struct native_own *own, char *why, size_t size);
	/* A load of a cycle of lines that covers so many bytes (8 MiB at most), each depending on
	 * the one before: cycles; 0: that CPU is not to be had. */
	double (*measure_chase)(unsigned host, uint64_t bytes);
};

#endif
