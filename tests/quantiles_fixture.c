/*
 * The value in the middle of each of QUANTILES equally likely parts, cut at 16 times the mean,
 * scaled so that the mean is exact and rounded; what rounding leaves of the sum goes to the
 * largest that are not cut, one unit each.
 */
#include "tests/quantiles_fixture.h"

#include <math.h>

static double exponential(double share)
{
	return -log1p(-share);
}

/* The share of a normal variable below z. */
static double normal(double z)
{
	return erfc(-z / sqrt(2)) / 2;
}

static double lognormal(double share)
{
	double low = -10, high = 10;

	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		if (normal(middle) < share)
			low = middle;
		else
			high = middle;
	}
	return exp(low - 0.5);          /* sigma 1, mean 1 */
}

static double value(double (*quantile_of)(double), unsigned i, double factor)
{
	return fmin(quantile_of((i + 0.5) / QUANTILES) * factor * QUANTILE_ONE, QUANTILE_MAX);
}

static double mean(double (*quantile_of)(double), double factor)
{
	double sum = 0;

	for (unsigned i = 0; i < QUANTILES; i++)
		sum += value(quantile_of, i, factor);
	return sum / QUANTILES;
}

static void make(double (*quantile_of)(double), uint32_t quantile[QUANTILES])
{
	int64_t left = (int64_t)QUANTILES * QUANTILE_ONE;
	double low = 0.5, high = 2;

	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (mean(quantile_of, middle) < QUANTILE_ONE)
			low = middle;
		else
			high = middle;
	}
	for (unsigned i = 0; i < QUANTILES; i++) {
		quantile[i] = (uint32_t)llround(value(quantile_of, i, low));
		left -= quantile[i];
	}
	for (unsigned i = QUANTILES; left && i-- > 0;) {
		if (quantile[i] == QUANTILE_MAX)
			continue;
		quantile[i] += left > 0 ? 1 : -1;
		left -= left > 0 ? 1 : -1;
	}
}

void quantiles_make_exponential(uint32_t quantile[QUANTILES])
{
	make(exponential, quantile);
}

void quantiles_make_lognormal(uint32_t quantile[QUANTILES])
{
	make(lognormal, quantile);
}
