/* Findings of the explorer, read back: for the verbs that run them again (replay.c). */
#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

#include "experiment/experiment.h"
#include "explored/explored.h"

/* The file of a finding. */
struct replayed {
	struct experiment *experiment;  /* its first combination is the one */
	const char *schedule;
	char *text, **sets;             /* what the above points into */
};

/* False: told on stderr, or in `diagnostics`. That it is another version's is told too. */
bool replay_open(const char *path, struct replayed *replayed, struct diagnostics *diagnostics);
void replay_close(struct replayed *replayed);

/* Where it needs no objects and can be explored itself, the workload is, and not the page allocator. */
bool replay_has_workload(const struct combination *combination);
/* What is explored of a combination. */
struct explore_options replay_options(const struct combination *combination, uint64_t seed);

#endif
