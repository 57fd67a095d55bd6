/*
 * Distributions of work, in integers. See work.h.
 *
 * A spread other than 1 raises the values of exponential and lognormal to a power, which
 * multiplies what their logarithm varies by, cuts at 16 times the mean and scales to the exact
 * mean again: {lognormal: 0.5} is a lognormal of sigma 0.5, {exponential: 2} a Weibull of shape
 * one half (its standard deviation is 2.2 means).
 */
#include "workloads/work.h"

#include <stdlib.h>
#include <string.h>

#include "sim/verbs/random.h"
#include "sim/verbs/xalloc.h"

const char *const shape_words[] = { "constant", "uniform", "exponential", "lognormal", NULL };

struct work {
	const uint32_t *quantile;       /* [QUANTILES]; NULL: constant */
	uint32_t own[QUANTILES];
};

/* ---- powers ---------------------------------------------------------------------------------- */

enum { LOG_BITS = 24 };

/* log2(x) in 1/2^LOG_BITS, rounded down; x > 0. */
static int64_t log2_of(uint64_t x)
{
	int whole = 63 - __builtin_clzll(x);
	uint64_t mantissa = whole > 31 ? x >> (whole - 31) : x << (31 - whole);
	int64_t log = whole;

	for (unsigned i = 0; i < LOG_BITS; i++) {
		mantissa = mantissa * mantissa >> 31;
		log = 2 * log + (mantissa >> 32);
		mantissa >>= mantissa >> 32;
	}
	return log;
}

/* The largest number below 2^48 with a logarithm up to that; 0: none. */
static uint64_t exp2_of(int64_t log)
{
	uint64_t found = 0;

	for (uint64_t bit = (uint64_t)1 << 47; bit; bit >>= 1)
		if (log2_of(found | bit) <= log)
			found |= bit;
	return found;
}

/* (x / QUANTILE_ONE) ^ (spread / SPREAD_ONE), in 1/2^32. */
static uint64_t power(uint32_t x, uint64_t spread)
{
	const int64_t one = (int64_t)16 << LOG_BITS;

	return exp2_of((log2_of(x) - one) * (int64_t)spread / SPREAD_ONE + 2 * one);
}

/* ---- tables ---------------------------------------------------------------------------------- */

__extension__ typedef unsigned __int128 wide;

static uint32_t scaled(uint64_t value, uint64_t factor)
{
	wide product = (wide)value * factor >> 48;

	return product > QUANTILE_MAX ? QUANTILE_MAX : (uint32_t)product;
}

static uint64_t scaled_sum(const uint64_t *value, uint64_t factor)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < QUANTILES; i++)
		sum += scaled(value[i], factor);
	return sum;
}

/* The values times what makes their mean QUANTILE_ONE, cut at the most; they rise. */
static void to_exact_mean(const uint64_t *value, uint32_t *quantile)
{
	const uint64_t all = (uint64_t)QUANTILES * QUANTILE_ONE;
	uint64_t factor = 0, left;

	for (uint64_t bit = (uint64_t)1 << 48; bit; bit >>= 1)
		if (scaled_sum(value, factor | bit) <= all)
			factor |= bit;
	left = all - scaled_sum(value, factor);
	/* what rounding down took goes to the largest that are not cut: each gets less than 2 */
	for (unsigned i = QUANTILES; i-- > 0;) {
		quantile[i] = scaled(value[i], factor);
		if (left && quantile[i] < QUANTILE_MAX) {
			quantile[i]++;
			left--;
		}
	}
}

static void widen(uint32_t *quantile, const uint32_t *from, uint64_t spread)
{
	uint64_t *value = xalloc(QUANTILES * sizeof *value);

	for (unsigned i = 0; i < QUANTILES; i++)
		value[i] = power(from[i], spread);
	to_exact_mean(value, quantile);
	free(value);
}

/* The middles of QUANTILES equal parts of 1 - w to 1 + w: each pair from both ends makes 2. */
static void spread_evenly(uint32_t *quantile, uint64_t spread)
{
	for (unsigned i = 0; i < QUANTILES / 2; i++) {
		uint64_t from_middle = QUANTILES - 1 - 2 * i;   /* in 1/QUANTILES of the half width */
		uint32_t off = (uint32_t)(QUANTILE_ONE * spread * from_middle /
					  ((uint64_t)SPREAD_ONE * QUANTILES));

		quantile[i] = QUANTILE_ONE - off;
		quantile[QUANTILES - 1 - i] = QUANTILE_ONE + off;
	}
}

struct work *work_new(const struct distribution *distribution)
{
	struct work *work = xalloc(sizeof *work);
	const uint32_t *table = distribution->shape == SHAPE_LOGNORMAL ? quantiles_lognormal
								       : quantiles_exponential;

	work->quantile = work->own;
	if (distribution->shape == SHAPE_CONSTANT || !distribution->spread)
		work->quantile = NULL;
	else if (distribution->shape == SHAPE_UNIFORM)
		spread_evenly(work->own, distribution->spread);
	else if (distribution->spread == SPREAD_ONE)
		work->quantile = table;
	else
		widen(work->own, table, distribution->spread);
	return work;
}

void work_free(struct work *work)
{
	free(work);
}

uint32_t work_quantile(const struct work *work, unsigned i)
{
	return work->quantile ? work->quantile[i] : QUANTILE_ONE;
}

/* ---- draws ----------------------------------------------------------------------------------- */

struct draws draws_new(const struct sim *sim, unsigned cpu, unsigned stream)
{
	uint64_t key = random_mix(sim_seed(sim) + RANDOM_STEP);

	key = random_mix(key ^ (cpu + 1) * (uint64_t)0xd1b54a32d192ed03u);
	return (struct draws){ random_mix(key ^ (stream + 1) * (uint64_t)0x8cb92ba72f3d8dd7u), 0 };
}

uint64_t draws_next(struct draws *draws)
{
	return random_mix(draws->key + ++draws->count * RANDOM_STEP);
}

uint64_t draws_below(struct draws *draws, uint64_t limit)
{
	return random_share(draws_next(draws), limit);
}

uint64_t draws_work(struct draws *draws, const struct work *work, uint64_t mean)
{
	uint64_t random;

	if (!work->quantile || !mean)
		return mean;
	random = draws_next(draws);
	return (mean * work->quantile[random % QUANTILES] + (random >> 32) % QUANTILE_ONE) /
	       QUANTILE_ONE;
}
