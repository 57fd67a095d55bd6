/* What a table of series comes to, in a few lines for each of them against the first. */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include <stdio.h>

#include "experiment/groups.h"
#include "experiment/metrics.h"

/*
 * "slub-cpu against slub-page:", and a line per metric: "cycles of an allocation: 0.65 times
 * [0.64..0.66]", over the groups that both have. Of several groups the range, and in how many the
 * seeds do not decide. Nothing where there is one series.
 */
void verdict_print(FILE *out, const struct groups *groups, const struct quotient *what,
		   size_t count);

#endif
