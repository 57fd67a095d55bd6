/*
 * Golden counts: the protocol core against what independent simulators of other projects agree
 * on, and against a bare table of holders for numbers of CPUs that they were not asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/golden_fixture.h"

static void same(unsigned cpus, const struct golden *got, const struct golden *wanted)
{
	static const char *const name[] = { "read misses", "write misses", "upgrades",
					    "invalidations", "downgrades" };
	const uint64_t *g = (const uint64_t *)got, *w = (const uint64_t *)wanted;

	for (unsigned i = 0; i < sizeof name / sizeof *name; i++)
		if (g[i] != w[i])
			fail_msg("%u CPUs: %llu %s, expected %llu", cpus, (unsigned long long)g[i],
				 name[i], (unsigned long long)w[i]);
}

/* Two multi-core cache simulators agree on all five columns, a third on the sums it reports. */
static const struct row {
	unsigned cpus;
	struct golden counts;
} rows[] = {
	/* CPUs   read misses  write misses  upgrades  invalidated  M or E -> S */
	{ 2,    { 33532,       33477,        33439,    66871,       33441 } },
	{ 8,    { 78737,       78271,        15576,    156483,      46697 } },
};

static void as_other_simulators_count(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct golden got = golden_engine(rows[i].cpus);

		same(rows[i].cpus, &got, &rows[i].counts);
	}
}

/* The second witness must itself stand the comparison. */
static void bare_model_counts_the_same(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct golden got = golden_bare(rows[i].cpus);

		same(rows[i].cpus, &got, &rows[i].counts);
	}
}

static void any_number_of_cpus(void **state)
{
	static const unsigned cpus[] = { 1, 3, 16, 63, 64 };

	(void)state;
	for (unsigned i = 0; i < sizeof cpus / sizeof *cpus; i++) {
		struct golden got = golden_engine(cpus[i]), bare = golden_bare(cpus[i]);

		same(cpus[i], &got, &bare);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_other_simulators_count),
		cmocka_unit_test(bare_model_counts_the_same),
		cmocka_unit_test(any_number_of_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
