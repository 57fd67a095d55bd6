/*
 * Titles of figures: what the data say, in a sentence that is true for any data.
 *
 * A claim compares the series with the least and the most of a measure over all groups. It says
 * "less" only if that holds in every group, by 1 % or more and beyond the 95 % interval where there
 * is one. Groups whose seeds fall into two states decide nothing and are told.
 */
#ifndef FIGURES_CLAIMS_H
#define FIGURES_CLAIMS_H

#include "experiment/groups.h"

/*
 * Sentences with {few} and {many}, names of the two series; {amount}, "14 times" or "30 %";
 * {fews} and {manys}, their values ("1.9 to 2.1"), as {fewtimes} and {manytimes} "once", "1.9 to
 * 2.1 times"; {part}, what is measured, where that is one of many; {count} of {all}, groups;
 * {reverse}, in how many it is the other way round.
 */
struct wording {
	const char *less;       /* few has less in every group */
	const char *never;      /* few has zero in every group, many has not */
	const char *equal;      /* no difference in any group */
	const char *some;       /* less in some groups only */
	const char *more;       /* "more often", for {reverse} */
	const char *alone;      /* there is one series only */
	const char *unit;       /* behind values: " %"; NULL: none */
};

enum { CLAIM_NAME = 60 };      /* characters of a name in a sentence; the rest is cut */

/* `part` NULL: the wording has none. In buf; "" if nothing has a value. */
const char *claim_compare(const struct groups *groups, measure *what, const void *argument,
			  const struct wording *wording, const char *part, char *buf, size_t size);

/* The series with the least and the most, by mean over the groups; false if nothing has a value. */
bool claim_extremes(const struct groups *groups, measure *what, const void *argument, size_t *few,
		    size_t *many);
/* "1.93" or "1.93 to 2.08"; with a unit behind it two digits, "29 to 40 %". */
const char *claim_range(double low, double high, const char *unit, char *buf, size_t size);

#endif
