/*
 * The table of a comparison: the first series of some groups of points against each other one.
 */
#ifndef CLI_COMPARISON_H
#define CLI_COMPARISON_H

#include "cli/table.h"
#include "experiment/groups.h"
#include "experiment/metrics.h"

/* What is compared unless somebody says what; `native`: a side has only times. */
const struct quotient *compared_usual(bool native, size_t *count);

struct comparison {
	const struct quotient *compared;
	size_t count;
	double limit;           /* as a fraction; NAN: none */
	bool native;            /* a side has only times: what one has not is no row */
	enum table_format format;
	struct paper paper;
};

/*
 * Prints a row per group and metric, for each series but the first; how many rows are over the
 * limit: more than so much above the first series, and by an interval that leaves out no change
 * (where there is one). Rows printed go to `rows`.
 */
size_t comparison_print(FILE *out, const struct groups *groups, const struct comparison *comparison,
			size_t *rows);

#endif
