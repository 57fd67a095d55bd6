/*
 * All combinations of a result side by side: a row per member (line, place, lock ...), a column per
 * allocator, one figure per cell; a table for each setting of the other keys.
 */
#ifndef CLI_OVERVIEW_H
#define CLI_OVERVIEW_H

#include "cli/views.h"
#include "experiment/store.h"

/* What a run has of each row, before it is divided by its operations: name and value. */
struct overview;
void overview_add(struct overview *overview, double value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `chosen`: the first point of each combination; the other seeds follow it in `points`, and count
 * as well unless one was named. At the end how to see one in depth, of the result as it was
 * `called`, and the largest difference in a sentence. */
void overview_print(FILE *out, const struct view *view, const struct points *points,
		    const char *called, const struct point **chosen, size_t count, bool one_seed,
		    const struct view_options *options);

#endif
