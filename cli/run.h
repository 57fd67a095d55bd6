/* What running an experiment and its variants share; see cli/run.c. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "experiment/runner.h"

/* A fault of the models is for the explorer: a mistake. */
void run_refuse_plant(const struct experiment *experiment, struct diagnostics *diagnostics);
/* Tells outcomes that are no `done`, one line each; how many there are. */
size_t run_tell_outcomes(const struct points *points);
/* A fault of the models is for the explorer: a mistake in a run. */
void run_refuse_plant(const struct experiment *experiment, struct diagnostics *diagnostics);
/* The exit status; `written`: the results were, `ended`: points with another outcome. */
int run_status(const struct runner_summary *summary, bool written, size_t ended);

#endif
