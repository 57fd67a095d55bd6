/*
 * A workload on a small machine, for the workloads' tests: settings as text, an allocator that
 * touches no simulated memory (so that what is counted is the workload's own), or a real one.
 */
#ifndef TESTS_WORKLOAD_FIXTURE_H
#define TESTS_WORKLOAD_FIXTURE_H

#include "sim/sim.h"
#include "workloads/workload.h"

enum { BENCH_CPUS = 8, DEED_MAX = 4096 };

enum fault { SOUND, TWICE, BESIDE, EXHAUSTED };

/* What the plain allocator was asked for, per CPU in its order. */
struct deed {
	bool free, atomic;
	uint32_t size;
};

struct workbench {
	const char *objects;            /* name of a registered allocator; NULL: the plain one */
	const char *pages;              /* of a registered page allocator; NULL: buddy */
	const char *pages_settings;     /* as text; NULL: defaults */
	unsigned mib;                   /* of memory; 0: 64 */
	const char *settings;           /* "in_flight=16 handoff=ring" */
	unsigned cpus;                  /* 0: 2 */
	uint64_t operations, warmup;    /* where the workload does not decide itself */
	uint64_t seed;                  /* 0: 1 */
	bool no_run_ahead, no_parking, jitter;
	enum fault fault;
	const struct machine *machine;  /* NULL: engine_machine() */
	enum placement placement;
	access_observer *observer;      /* NULL: none */
	void (*damage)(struct workbench *bench);        /* NULL; before finish() */
	void *to;                       /* for both */

	/* filled by workbench_run */
	enum outcome outcome;
	bool finished;                  /* what finish() said */
	bool sound;                     /* what the allocators' checks said */
	char why[512];                  /* of a failed create, of finish */
	char remarks[4096];             /* lines, each ended */
	struct result *result;          /* NULL: not created */
	uint64_t alive;                 /* objects that the ledger still has */
	struct deed deed[BENCH_CPUS][DEED_MAX];
	unsigned deeds[BENCH_CPUS];
};

/* Runs it; workbench_done frees what came of it. */
void workbench_run(struct workbench *bench, const struct workload *workload);
void workbench_done(struct workbench *bench);
/* workbench_run, and the test fails unless the run and the workload end well. */
void workbench_run_good(struct workbench *bench, const struct workload *workload);
/* Two good runs, the second without run-ahead and parking: the whole result is the same text. */
void workbench_without_shortcuts(struct workbench *bench, const struct workload *workload);

/* Fills a struct of settings from its table's fallbacks and "key=value ..." text. */
void settings_from_text(const struct setting *table, void *target, const char *text);

#endif
