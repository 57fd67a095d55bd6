/*
 * Runs the points of an experiment, one process each, and keeps its results folder.
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
	bool progress;                  /* a line on stderr that changes */
	bool quiet;                     /* no estimates and notes either */
};

struct runner_summary {
	size_t wanted, kept,
		computed; /* points of this shard: in all, there before, computed now */
	size_t failed, mistaken;        /* crashed or broken; settings that do not fit each other */
	size_t ended;                   /* stored, but out of memory or stopped */
	bool interrupted;
	bool unwritable;                /* the results folder itself */
};

/* Messages go to stderr, each with the point it is about. */
void runner_run(const struct experiment *experiment, const struct runner_options *options,
		struct runner_summary *summary);

/* Tells time and disk of so many runs of all points, where that is long. */
void runner_estimate(const struct experiment *experiment, size_t times,
		     const struct runner_options *options);

/* results.csv and results.jsonl from the points that are there. */
bool runner_tables(const char *directory, const struct points *points, char *why, size_t size);

#endif
