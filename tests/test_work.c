/*
 * Work that varies: the tables are what the generator gives, every distribution has the mean and
 * the spread that it should have, and a CPU's draws are its own whatever the allocator does.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine_fixture.h"
#include "tests/quantiles_fixture.h"
#include "tests/workload_fixture.h"
#include "workloads/work.h"

/* ---- tables ---------------------------------------------------------------------------------- */

static void the_tables_are_what_the_generator_gives(void **unused)
{
	uint32_t made[QUANTILES];

	(void)unused;
	quantiles_make_exponential(made);
	assert_memory_equal(made, quantiles_exponential, sizeof made);
	quantiles_make_lognormal(made);
	assert_memory_equal(made, quantiles_lognormal, sizeof made);
}

/*
 * Standard deviations in means, from the closed forms: uniform of half width w: w / sqrt(3);
 * exponential 1; its power 1/k a Weibull of shape k: sqrt(G(1 + 2/k) / G(1 + 1/k)^2 - 1);
 * lognormal of sigma s: sqrt(e^(s^2) - 1). Medians: 1; ln 2; (ln 2)^(1/k) / G(1 + 1/k); e^(-s^2/2).
 * The cut at 16 means takes something off the wide ones: those rows bound the deviation from below.
 */
static const struct row {
	struct distribution distribution;
	double deviation, least, median;
} rows[] = {
	{ { SHAPE_CONSTANT, 1000 },     0,      0,      1 },
	{ { SHAPE_UNIFORM, 1000 },      0.5774, 0.577,  1 },
	{ { SHAPE_UNIFORM, 50 },        0.0289, 0.0288, 1 },
	{ { SHAPE_UNIFORM, 0 },         0,      0,      1 },
	{ { SHAPE_EXPONENTIAL, 1000 },  1,      0.998,  0.6931 },
	{ { SHAPE_EXPONENTIAL, 500 },   0.5227, 0.522,  0.9394 },
	{ { SHAPE_EXPONENTIAL, 2000 },  2.2361, 1.95,   0.2402 },
	{ { SHAPE_LOGNORMAL, 1000 },    1.3108, 1.25,   0.6065 },
	{ { SHAPE_LOGNORMAL, 500 },     0.5329, 0.529,  0.8825 },
	{ { SHAPE_LOGNORMAL, 2000 },    7.3211, 1.9,    0.1353 },
};

static const char *name_of(const struct row *row)
{
	static char text[64];

	snprintf(text, sizeof text, "%s, spread %u", shape_words[row->distribution.shape],
		 (unsigned)row->distribution.spread);
	return text;
}

static void means_are_exact_and_tails_are_cut(void **unused)
{
	(void)unused;
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		struct work *work = work_new(&rows[r].distribution);
		uint64_t sum = 0;

		for (unsigned i = 0; i < QUANTILES; i++) {
			uint32_t quantile = work_quantile(work, i);

			sum += quantile;
			if (i && quantile < work_quantile(work, i - 1))
				fail_msg("%s: quantile %u is less than the one before",
					 name_of(&rows[r]), i);
			if (quantile > 16 << 16)
				fail_msg("%s: quantile %u is above 16 means", name_of(&rows[r]), i);
		}
		if (sum != (uint64_t)4096 << 16)
			fail_msg("%s: the sum is %llu", name_of(&rows[r]), (unsigned long long)sum);
		work_free(work);
	}
}

static void spreads_are_those_of_the_closed_forms(void **unused)
{
	(void)unused;
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		struct work *work = work_new(&rows[r].distribution);
		double squares = 0, deviation;
		double median = (work_quantile(work, QUANTILES / 2 - 1) +
				 work_quantile(work, QUANTILES / 2)) / 2.0 / (1 << 16);

		for (unsigned i = 0; i < QUANTILES; i++) {
			double off = work_quantile(work, i) / 65536.0 - 1;

			squares += off * off;
		}
		deviation = sqrt(squares / QUANTILES);
		if (deviation < rows[r].least || deviation > rows[r].deviation + 0.0005)
			fail_msg("%s: deviation %g, expected %g to %g", name_of(&rows[r]),
				 deviation, rows[r].least, rows[r].deviation);
		/* what the cut takes off the tail the rest gets */
		if (median < rows[r].median * 0.999 || median > rows[r].median * 1.5 ||
		    (rows[r].distribution.spread < 2000 && median > rows[r].median * 1.005))
			fail_msg("%s: median %g, expected %g", name_of(&rows[r]), median,
				 rows[r].median);
		work_free(work);
	}
}

/* ---- draws ----------------------------------------------------------------------------------- */

static struct sim *sim_of_seed(uint64_t seed)
{
	struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 2);

	options.seed = seed;
	return engine_sim(&options);
}

/* A million draws of a mean m: the mean of the sample lies within 5 of its standard errors, which
 * are s * m / 1000, and half a cycle's rounding, 0.5 / 1000; exact for work that is constant. */
static void small_means_are_kept_too(void **unused)
{
	static const uint64_t means[] = { 1, 3, 200 };
	struct sim *sim = sim_of_seed(7);

	(void)unused;
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		struct work *work = work_new(&rows[r].distribution);

		for (size_t m = 0; m < sizeof means / sizeof *means; m++) {
			struct draws draws = draws_new(sim, 0, 0);
			double mean = (double)means[m], sum = 0;

			for (unsigned i = 0; i < 1000000; i++)
				sum += (double)draws_work(&draws, work, means[m]);
			if (fabs(sum / 1e6 - mean) > 5 * (rows[r].deviation * mean + 0.5) / 1000)
				fail_msg("%s: mean of %g came as %g", name_of(&rows[r]), mean,
					 sum / 1e6);
		}
		work_free(work);
	}
	sim_free(sim);
}

static void no_work_stays_none(void **unused)
{
	struct work *work = work_new(&(struct distribution){ SHAPE_EXPONENTIAL, SPREAD_ONE });
	struct sim *sim = sim_of_seed(1);
	struct draws draws = draws_new(sim, 0, 0);

	(void)unused;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(draws_work(&draws, work, 0), 0);
	work_free(work);
	sim_free(sim);
}

static void streams_differ_by_seed_cpu_and_purpose_alone(void **unused)
{
	struct sim *sim[] = { sim_of_seed(1), sim_of_seed(2), sim_of_seed(1) };
	struct draws first = draws_new(sim[0], 0, 0), same = draws_new(sim[2], 0, 0);
	struct draws other[] = { draws_new(sim[1], 0, 0), draws_new(sim[0], 1, 0),
				 draws_new(sim[0], 0, 1) };
	unsigned equal = 0;

	(void)unused;
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t drawn = draws_next(&first);

		assert_int_equal(drawn, draws_next(&same));
		for (size_t k = 0; k < 3; k++)
			equal += drawn >> 56 == draws_next(&other[k]) >> 56;
	}
	/* 3000 pairs of bytes: 11.7 are equal by chance, with a deviation of 3.4 */
	assert_in_range(equal, 1, 30);
	for (size_t i = 0; i < 3; i++)
		sim_free(sim[i]);
}

enum { UNITS_PER_CYCLE = 64 };

/* ---- workloads --------------------------------------------------------------------------------- */

/* Units of compute of one CPU alone that runs to the end of its window. */
static uint64_t compute_of(const char *workload, const char *objects, const char *settings,
			   uint64_t operations)
{
	struct workbench *bench = calloc(1, sizeof *bench);
	uint64_t units;

	bench->objects = objects;
	bench->settings = settings;
	bench->cpus = 1;
	bench->operations = operations;
	bench->seed = 5;
	workbench_run(bench, workload_find(workload));
	assert_int_equal(bench->outcome, OUTCOME_DONE);
	assert_true(bench->finished);
	units = bench->result->total.cause_units[CAUSE_COMPUTE];
	workbench_done(bench);
	free(bench);
	return units;
}

static uint64_t drawn(unsigned stream, unsigned count, uint64_t mean)
{
	struct work *work = work_new(&(struct distribution){ SHAPE_EXPONENTIAL, SPREAD_ONE });
	struct sim *sim = sim_of_seed(5);
	struct draws draws = draws_new(sim, 0, stream);
	uint64_t cycles = 0;

	for (unsigned i = 0; i < count; i++)
		cycles += draws_work(&draws, work, mean);
	work_free(work);
	sim_free(sim);
	return cycles * UNITS_PER_CYCLE;
}

/*
 * What work adds to a run is the sum of the first draws of the CPU's streams, whatever the
 * allocator does between them: 300 objects made and consumed, or allocated and then freed.
 */
static void two_allocators_see_the_same_work(void **unused)
{
	static const char *const objects[] = { NULL, "slub-page", "slub-cpu" };
	const uint64_t pairs = drawn(0, 300, 700) + drawn(1, 300, 90), loop = drawn(0, 600, 500);

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		uint64_t with = compute_of("producer-consumer", objects[i],
					   "handoff=none produce_cycles=700 consume_cycles=90", 600);
		uint64_t without =
			compute_of("producer-consumer", objects[i], "handoff=none", 600);

		assert_int_equal(with - without, pairs);
		with = compute_of("slab-test", objects[i], "count=300 work_cycles=500", 600);
		without = compute_of("slab-test", objects[i], "count=300", 600);
		assert_int_equal(with - without, loop);
	}
}

static void constant_work_is_what_it_says(void **unused)
{
	(void)unused;
	/* 99 turns are followed by work before the 100th ends the window */
	assert_int_equal(compute_of("counter", NULL, "work_cycles=40", 100) -
				 compute_of("counter", NULL, "work_cycles=0", 100),
			 99 * 40 * UNITS_PER_CYCLE);
	assert_int_equal(compute_of("counter", NULL, "work_cycles=40 work=exponential", 100) -
				 compute_of("counter", NULL, "work_cycles=0", 100),
			 drawn(0, 99, 40));
	assert_int_equal(compute_of("micro", NULL, "test=cont op=add work_cycles=40 work=exponential", 100) -
				 compute_of("micro", NULL, "test=cont op=add", 100),
			 drawn(0, 99, 40));
}

static void every_workload_says_how_its_work_varies(void **unused)
{
	(void)unused;
	for (size_t i = 0; workloads[i]; i++) {
		const struct setting *setting = workloads[i]->settings;
		bool still = !strcmp(workloads[i]->name, "counter") ||
			     !strcmp(workloads[i]->name, "micro");

		while (setting->key && strcmp(setting->key, "work") != 0)
			setting++;
		if (!setting->key || setting->kind != SETTING_DISTRIBUTION)
			fail_msg("%s has no setting 'work'", workloads[i]->name);
		assert_string_equal(setting->fallback, still ? "constant" : "exponential");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tables_are_what_the_generator_gives),
		cmocka_unit_test(means_are_exact_and_tails_are_cut),
		cmocka_unit_test(spreads_are_those_of_the_closed_forms),
		cmocka_unit_test(small_means_are_kept_too),
		cmocka_unit_test(no_work_stays_none),
		cmocka_unit_test(streams_differ_by_seed_cpu_and_purpose_alone),
		cmocka_unit_test(two_allocators_see_the_same_work),
		cmocka_unit_test(constant_work_is_what_it_says),
		cmocka_unit_test(every_workload_says_how_its_work_varies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
