/* What an experiment expects, beside what came out. */
#ifndef CLI_EXPECTED_H
#define CLI_EXPECTED_H

#include <stdio.h>

#include "experiment/experiment.h"

/* A line for each expectation and combination; nothing where nothing is expected. How many do not
 * hold: they fail, or the seeds do not decide. */
size_t expected_print(FILE *out, const struct experiment *experiment, const struct points *points);

#endif
