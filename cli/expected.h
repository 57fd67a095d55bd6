/* What an experiment expects, beside what came out. */
#ifndef CLI_EXPECTED_H
#define CLI_EXPECTED_H

#include <stdio.h>

#include "experiment/experiment.h"

/* A line for each expectation and combination; nothing where nothing is expected. How many do not
 * hold: they fail, or the seeds do not decide. */
size_t expected_print(FILE *out, const struct experiment *experiment, const struct points *points);
/* One of them: "holds", its sides, and by how much they differ. */
void expected_print_one(FILE *out, const struct points *points,
			const struct expectation *expectation, const struct expected *expected);
/* The verdict and the two sides alone. */
void expected_print_short(FILE *out, const struct expectation *expectation,
			  const struct expected *expected);
/* What is expected of the other side, "below 0.8 times objects=slub-page"; in buf. */
const char *expected_words(const struct expectation *expectation, char *buf, size_t size);

#endif
