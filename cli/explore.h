/* Exploring from other verbs. */
#ifndef CLI_EXPLORE_H
#define CLI_EXPLORE_H

#include "experiment/experiment.h"

/*
 * Explores the experiment's first combination and tells it as the verb does; a finding is kept below
 * `output` (NULL: results). EXIT_DONE: nothing was found; EXIT_FAILED: something; EXIT_MISTAKE: the
 * settings do not fit, which is told.
 */
int explore_told(const struct experiment *experiment, const char *output);

/* Can the combinations be explored as they are asked for? Why not is told at its place: as a mistake
 * if none can (false), else as a remark; `out`, unless NULL, becomes true of those that cannot. */
bool explore_rehearse(const struct experiment *experiment, bool *out, struct diagnostics *diagnostics);

#endif
