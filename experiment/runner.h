/*
 * Runs the points of an experiment, one process each, and keeps its results folder.
 *
 * A folder is one experiment's: another one of that name is refused unless it may replace it. The
 * same experiment may grow, shrink and get other seeds: it is the same as long as it shares a
 * combination of settings with what the folder holds. While a run is under way there, others join
 * it with exactly the same experiment (shards, on many machines) and nothing else.
 */
#ifndef EXPERIMENT_RUNNER_H
#define EXPERIMENT_RUNNER_H

#include "experiment/experiment.h"

struct runner_options {
	const char *directory;          /* of the results */
	const char *known;              /* points of this folder are taken over; NULL: none */
	const char *called;             /* in messages; NULL: the experiment's name */
	unsigned jobs;                  /* processes at a time; 0: as many as there are cores */
	unsigned shard, shards;         /* every shards-th point from the shard-th on; 0: all */
	bool force;                     /* compute again what is there */
	bool replace;                   /* take the folder over from another experiment */
	bool progress;                  /* a line on stderr that changes */
	/* NULL: run_point */
	struct point *(*run)(const struct planned *planned, char *why, size_t size);
	bool quiet;                     /* no estimates and notes either */
};

struct runner_summary {
	size_t wanted, kept,
		computed; /* points of this shard: in all, there before, computed now */
	size_t failed, mistaken;        /* crashed or broken; settings that do not fit each other */
	size_t ended;                   /* stored, but out of memory or stopped */
	bool interrupted;
	bool unwritable;                /* the results folder itself */
	bool refused;                   /* the folder is another experiment's */
};

struct runner;

/* Would the folder take this experiment, if nothing runs there? If not, `why` says what to do. */
bool runner_admits(const struct experiment *experiment, const struct runner_options *options,
		   char *why, size_t size);

/*
 * Makes the folder this experiment's, for all who join until the last one is freed. NULL: told on
 * stderr, and in `summary`. What is handed over must live as long as the runner.
 */
struct runner *runner_new(const struct experiment *experiment, const struct runner_options *options,
			  struct runner_summary *summary);
void runner_free(struct runner *runner);

/* Computes what is missing. Messages go to stderr, each with the point it is about. */
void runner_run(struct runner *runner);

/*
 * results.csv and results.jsonl from all points that are there by now, other shards' too. `points`
 * gets those of this shard; `whole` says whether all of the experiment's are there. false: the
 * tables could not be written; without points[] if they could not be read.
 */
bool runner_tables(struct runner *runner, struct points *points, bool *whole, char *why,
		   size_t size);

/* Between these two no other process writes tables or figures of the folder. */
void runner_enter(struct runner *runner);
void runner_leave(struct runner *runner);

/* Tells time and disk of so many runs of all points, where that is long. */
void runner_estimate(const struct experiment *experiment, size_t times,
		     const struct runner_options *options);

#endif
