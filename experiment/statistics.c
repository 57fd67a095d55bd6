/*
 * Student and Welch intervals, percentiles. All in doubles, summed in the order given, so that
 * the same values give the same bytes.
 */
#include "experiment/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"

/* clang-format off */
/* t(0.975) with 1, 2, ... 30 degrees of freedom. */
static const double t95_small[] = {
	12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
	 2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
	 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
};
/* clang-format on */

enum { SMALL = sizeof t95_small / sizeof *t95_small };

static const double t95_normal = 1.9600;        /* infinitely many */

double statistics_t95(double degrees)
{
	/* t is close to linear in 1 / degrees: between table entries, and from the last to infinity. */
	if (degrees >= SMALL)
		return t95_normal + (t95_small[SMALL - 1] - t95_normal) * SMALL / degrees;
	if (degrees < 1)
		degrees = 1;

	unsigned below = (unsigned)degrees;

	if (degrees == below)
		return t95_small[below - 1];

	double share = (1 / degrees - 1.0 / (below + 1)) / (1.0 / below - 1.0 / (below + 1));

	return t95_small[below] + share * (t95_small[below - 1] - t95_small[below]);
}

static double mean(const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum / (double)count;
}

/* Sum of squares / (count - 1). */
static double variance(const double *values, size_t count, double middle)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (values[i] - middle) * (values[i] - middle);
	return sum / (double)(count - 1);
}

static double lowest(const double *values, size_t count)
{
	double low = values[0];

	for (size_t i = 1; i < count; i++)
		low = fmin(low, values[i]);
	return low;
}

static double highest(const double *values, size_t count)
{
	double high = values[0];

	for (size_t i = 1; i < count; i++)
		high = fmax(high, values[i]);
	return high;
}

static int by_size(const void *one, const void *other)
{
	const double *a = one, *b = other;

	return (*a > *b) - (*a < *b);
}

/* The first value above the widest gap; 0: all are equal. */
static size_t widest_gap(const double *sorted, size_t count)
{
	size_t at = 0;
	double gap = 0;

	for (size_t i = 1; i < count; i++) {
		if (sorted[i] - sorted[i - 1] > gap) {
			gap = sorted[i] - sorted[i - 1];
			at = i;
		}
	}
	return at;
}

static struct states sorted_states(const double *sorted, size_t count)
{
	size_t above = widest_gap(sorted, count);

	if (above < 2 || count - above < 2)
		return (struct states){ 0 };

	double gap = sorted[above] - sorted[above - 1];
	double range = fmax(sorted[above - 1] - sorted[0], sorted[count - 1] - sorted[above]);
	double median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;

	if (gap <= 2 * range || gap <= 0.05 * fabs(median))
		return (struct states){ 0 };
	return (struct states){ above, count - above, mean(sorted, above),
				mean(sorted + above, count - above) };
}

struct states statistics_states(const double *values, size_t count)
{
	enum { ENOUGH = 8 };
	struct states states = { 0 };

	if (count >= ENOUGH) {
		double *sorted = xalloc(count * sizeof *sorted);

		memcpy(sorted, values, count * sizeof *sorted);
		qsort(sorted, count, sizeof *sorted, by_size);
		states = sorted_states(sorted, count);
		free(sorted);
	}
	return states;
}

struct interval statistics_interval(const double *values, size_t count)
{
	if (count == 0)
		return (struct interval){ .mean = NAN, .low = NAN, .high = NAN };

	struct states states = statistics_states(values, count);
	double middle = mean(values, count), half = 0, low = lowest(values, count);

	if (count > 1)
		half = statistics_t95((double)(count - 1)) *
		       sqrt(variance(values, count, middle) / (double)count);
	if (count > 1 && (count < INTERVAL_VALUES || (low >= 0 && middle - half < 0)))
		return (struct interval){ count, middle, low, highest(values, count), true,
					   states };
	return (struct interval){ count, middle, middle - half, middle + half, false, states };
}

struct interval statistics_change(const double *a, size_t a_count, const double *b, size_t b_count)
{
	size_t least = a_count < b_count ? a_count : b_count;

	if (least == 0)
		return (struct interval){ .mean = NAN, .low = NAN, .high = NAN };

	double from = mean(a, a_count), to = mean(b, b_count), half = 0;
	struct states states = statistics_states(a, a_count);

	if (!states.in_low)
		states = statistics_states(b, b_count);
	if (from == 0)
		return to == 0 ? (struct interval){ least, 0, 0, 0, false, states }
			       : (struct interval){ least, NAN, NAN, NAN, false, states };
	if (least > 1) {
		double va = variance(a, a_count, from) / (double)a_count;
		double vb = variance(b, b_count, to) / (double)b_count;

		/* Welch and Satterthwaite's degrees of freedom; equal runs have no spread at all */
		if (va + vb > 0)
			half = sqrt(va + vb) * statistics_t95((va + vb) * (va + vb) /
							      (va * va / (double)(a_count - 1) +
							       vb * vb / (double)(b_count - 1)));
	}

	double unit = fabs(from), low = (to - from - half) / unit;

	/* nothing can become less than nothing */
	return (struct interval){ least, (to - from) / unit, low, (to - from + half) / unit,
				  least < INTERVAL_VALUES ||
					  (low < -1 && lowest(a, a_count) >= 0 &&
					   lowest(b, b_count) >= 0),
				  states };
}

static const double NEAR = 0.01;

bool statistics_near(double one, double other)
{
	return fabs(one - other) < NEAR * fmax(one, other);
}

double statistics_percentile(const double *values, size_t count, double fraction)
{
	double least = NAN;

	/* The smallest value with enough values up to it (0.55 * 100 is a little over 55). Groups
	 * are small: no sorted copy. */
	for (size_t i = 0; i < count; i++) {
		size_t up_to = 0;

		for (size_t j = 0; j < count; j++)
			up_to += values[j] <= values[i];
		if ((double)up_to >= fraction * (double)count - 1e-9 && !(values[i] >= least))
			least = values[i];
	}
	return least;
}
