/*
 * The machine of the native backend: threads, the window, stamps (machine.c).
 *
 *	machine_new -> machine_protect(set up) -> machine_run -> results -> machine_free
 *
 * Operations of all CPUs together open and close the window. Each CPU counts its own and tells them
 * a few at a time (native_tell): the fewer, the nearer the window's next edge is.
 */
#ifndef NATIVE_MACHINE_H
#define NATIVE_MACHINE_H

#include <pthread.h>
#include <setjmp.h>

#include "native/native.h"
#include "sim/histogram.h"
#include "sim/verbs/head.h"

enum { FRAMES = 16, BACKGROUNDS = 4 };

/* Of the run; verbs look at it through their view. */
enum phase { PHASE_RUNS, PHASE_OVER, PHASE_STOPPED };

struct frame {                          /* an operation under way, stamped */
	enum op op;
	unsigned pieces;
	uint64_t start, skip;           /* ticks; those that stamps of inner ones took */
};

struct background {                     /* what a CPU does from time to time */
	interrupt_handler *handler;
	void *argument;
	uint64_t due, period;           /* ticks; 0: once */
};

struct timed_op {
	uint64_t count, total, most;    /* ticks */
	struct histogram histogram;
};

struct cpu {
	struct cpu_head head;
	struct native_view view;
	struct sim *sim;
	thread_function *function;
	void *argument;
	pthread_t thread;
	bool started, running;
	uint64_t quota;                 /* operations since it told */
	uint64_t verbs, fuse;           /* watched; fuse: as it was set */
	uint64_t yields;                /* waits without end so far */
	bool in_handler;
	struct background background[BACKGROUNDS];
	unsigned backgrounds;
	uint64_t next_due;              /* of them */
	struct frame frame[FRAMES];
	unsigned frames;
	uint64_t bracket, inner;        /* ticks of an empty operation, and of one inside another */
	struct timed_op *op;            /* [OPS]; NULL: not stamped */
	uint64_t taken_out;
	char apart[128];                /* from the next one's lines */
};

_Static_assert(offsetof(struct cpu, view) == NATIVE_VIEW_AT, "verbs look for it there");

struct sim {
	struct sim_head head;
	struct native_options options;
	struct cpu *cpu;
	unsigned host[NATIVE_CPUS_MAX];
	double ticks_per_cycle;
	unsigned threads;               /* started */
	uint64_t switches;              /* how often one lost its processor */
	/* ends */
	enum outcome outcome;
	char message[256];
	bool refused;                   /* the message says why it cannot be run here */
	bool abandoned;                 /* threads may still be running */
	pthread_mutex_t lock;           /* of the above, and of `finished`, `ready` */
	pthread_cond_t changed;
	unsigned finished, ready;
	unsigned lined_up;
	uint32_t go;
	/* the window, each on lines of its own */
	_Alignas(128) uint64_t told;
	_Alignas(128) uint32_t phase;
	uint32_t opened;
	_Alignas(128) uint64_t opened_at, closed_at;    /* ticks */
	uint64_t told_before, told_after;               /* operations at its edges */
};

struct sim *machine_new(const struct native_options *options, char *memory, bool stamped,
			double cycles_per_tick);
void machine_free(struct sim *sim);
/* False: the machine has an outcome, or refuses. */
bool machine_protect(struct sim *sim, void (*function)(void *argument), void *argument);
/* All started threads, to their ends or to that of max_cycles. */
void machine_run(struct sim *sim);

/* run.c, measure.c: see struct native. */
bool native_run(const struct native_options *options, struct native_report *report, char *why,
		size_t size);
bool native_measure_own(unsigned host, struct native_own *own, char *why, size_t size);
double native_measure_chase(unsigned host, uint64_t bytes);

/* ---- host.c ---------------------------------------------------------------------------------- */

unsigned host_cpus(unsigned *host, unsigned most);
bool host_pin(unsigned cpu);
/* Cycles of the core to one tick, here and now: the most that was seen in some tries. */
double host_cycles_per_tick(void);
/* Memory that costs nothing until it is touched, in large pages where there are any; whole ones of
 * 2 MiB. Given back by xunmap. */
char *host_memory(uint64_t bytes);
/* Zeroes what was touched of it, and takes it out of all caches. */
void host_clear(char *memory, uint64_t bytes);

#endif
