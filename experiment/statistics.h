/*
 * Statistics of repeated runs: mean with its 95 % Student interval, percentiles, and the
 * difference of two groups of runs with its 95 % Welch interval.
 */
#ifndef EXPERIMENT_STATISTICS_H
#define EXPERIMENT_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Runs that fall into two groups, each lasting: a mean of both is the result of neither. From 8
 * values on: the widest gap between neighbours is over twice as wide as either group and over 5 %
 * of the median, and there are two values or more on each side.
 */
struct states {
	size_t in_low, in_high;         /* values in each; 0: one state */
	double low, high;               /* their means */
};

/* Of values in any order. */
struct states statistics_states(const double *values, size_t count);

/*
 * A value with its 95 % interval; without one (a single run) low = high = mean.
 *
 * `rough`: an interval would say nothing true. Two values give Student's t one degree of freedom,
 * half widths of 12.7 standard errors; and where it reaches below 0 though all values are counts
 * or times, its assumption of a symmetric spread does not hold. low and high are then the lowest
 * and the highest value.
 */
struct interval {
	size_t count;
	double mean, low, high;
	bool rough;
	struct states states;           /* of a change: of the first side that has two */
};

/* Do the values, or those of a side of a change, fall into two? Then nothing is decided. */
static inline bool interval_two_states(const struct interval *interval)
{
	return interval->states.in_low;
}

enum { INTERVAL_VALUES = 3 };   /* of fewer there is no interval to tell */

/* Mean of the values; one value has no interval, none gives NAN. */
struct interval statistics_interval(const double *values, size_t count);

/*
 * By how much the mean of `b` lies above that of `a`, as a fraction of the mean of `a`: +0.05 is
 * 5 % more. The interval is Welch's of the difference, divided by the mean of `a`; with fewer
 * than two values on either side there is none. A mean of zero gives NAN, except 0 against 0: 0.
 * `rough` (two values on a side, or more than 100 % less at its end): it serves to decide, being
 * wide, but says nothing that could be told.
 */
struct interval statistics_change(const double *a, size_t a_count, const double *b, size_t b_count);

/* Two values, not both 0, that are less than 1 % apart: no news. */
bool statistics_near(double one, double other);

/* The value below which `fraction` (0..1) of the values lie: the ceil(fraction * count)-th
 * smallest, so it is always one of them. No values: NAN. */
double statistics_percentile(const double *values, size_t count, double fraction);

/* Two-sided 95 % point of Student's t with that many degrees of freedom, 1 or more. */
double statistics_t95(double degrees);

/* True if the interval says more than its mean: two values or more. */
static inline bool interval_known(const struct interval *interval)
{
	return interval->count > 1;
}

/* True if low..high is an interval, to be told as one. */
static inline bool interval_told(const struct interval *interval)
{
	return interval_known(interval) && !interval->rough && !interval_two_states(interval);
}

#endif
