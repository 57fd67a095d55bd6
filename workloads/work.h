/*
 * Work of a workload between its accesses: cycles with a mean and a distribution.
 *
 * Two CPUs whose work never varies fall into step, and the step then decides what is measured.
 * So work is drawn anew each time: draw number k of a CPU is a function of seed, CPU, stream and
 * k alone, whatever the allocator does meanwhile, so that two allocators see the same work.
 *
 * Integers only: a draw is one of QUANTILES equally likely values, in 1/65536 of the mean, which
 * are at most 16 times the mean and whose mean is exact.
 */
#ifndef WORKLOADS_WORK_H
#define WORKLOADS_WORK_H

#include "sim/verbs/setting.h"
#include "sim/verbs/verbs.h"

enum { QUANTILES = 4096, QUANTILE_ONE = 1 << 16, QUANTILE_MAX = 16 * QUANTILE_ONE };

/* In rising order; checked in, made by tests/quantiles.c (make -s quantiles). */
extern const uint32_t quantiles_exponential[QUANTILES], quantiles_lognormal[QUANTILES];

/* constant, uniform, exponential, lognormal: in the order of enum shape. */
extern const char *const shape_words[];

/* The setting `work` of a workload whose settings have such a member. */
#define SETTING_WORK(type, fallback_)                                                     \
	SETTING(type, work, DISTRIBUTION, .words = shape_words, .max = 2, .fallback = fallback_, \
		.help = "how work varies round its mean ('bounce explain work')")

/* A distribution, ready to be drawn from. */
struct work;
struct work *work_new(const struct distribution *distribution);
void work_free(struct work *work);      /* NULL: nothing */
/* Its i-th value of QUANTILES, in 1/65536 of the mean, rising. */
uint32_t work_quantile(const struct work *work, unsigned i);

/* What one CPU draws for one purpose; host memory of that CPU alone. */
struct draws {
	uint64_t key, count;
};

struct draws draws_new(const struct sim *sim, unsigned cpu, unsigned stream);
/* The next 64 random bits; a number in 0..limit-1. */
uint64_t draws_next(struct draws *draws);
uint64_t draws_below(struct draws *draws, uint64_t limit);
/* The next amount of work, in cycles; `mean` is at most 2^40. Its mean is that, also of small
 * ones: fractions of a cycle are rounded up as often as they are large. */
uint64_t draws_work(struct draws *draws, const struct work *work, uint64_t mean);

/* Draws and does it; nothing for a mean of 0. */
static inline void work_do(struct cpu *cpu, const struct work *work, struct draws *draws,
			   uint64_t mean)
{
	uint64_t cycles = draws_work(draws, work, mean);

	if (cycles)
		compute_cycles(cpu, cycles);
}

#endif
