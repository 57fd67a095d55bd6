/*
 * A campaign: many runs of one litmus test on one machine, spread over all placements of its
 * threads and over all kinds of pressure, in batches that processes compute side by side.
 */
#ifndef LITMUS_CAMPAIGN_H
#define LITMUS_CAMPAIGN_H

#include "litmus/batch.h"
#include "litmus/oracle.h"

/* Which cores the threads are on; one of each kind: their distances and shared caches differ. */
struct placements {
	unsigned count, threads;
	unsigned *core;                 /* [count][threads] */
};

/*
 * None if the machine has too few cores. Many threads have more kinds than can be run: then every
 * so many of them are left, evenly from all.
 */
struct placements placements_find(const struct machine *machine, unsigned threads);
void placements_free(struct placements *placements);

struct campaign {
	const struct litmus *test;
	const struct machine *machine;
	uint64_t runs, seed;
	unsigned jobs;
	int64_t only;                   /* this batch alone; -1: all */
};

/* How often an outcome was seen, and where first. */
struct seen {
	const int64_t *values;          /* one per observed register and variable */
	uint64_t count, batch;
	unsigned run;
};

struct tally {
	uint64_t runs, batches;
	size_t outcomes;                /* those expected, in their order, then others */
	struct seen *seen;
	int64_t *others;                /* values of those that were not expected */
	uint64_t untold;                /* runs with others that found no room here */
	char failure[512];              /* of a batch; "": all went well */
};

/* What batch `number` of a campaign is. */
struct batch campaign_batch(const struct campaign *campaign, const struct placements *placements,
			    uint64_t number);
/* Counts the outcomes; `expected` has a row each, even if never seen, and has to live as long. */
void campaign_run(const struct campaign *campaign, const struct outcome_set *expected,
		  struct tally *tally);
void tally_free(struct tally *tally);

#endif
