/*
 * Sums over every shipped experiment, shortened: sites add up to their line, members to all lines,
 * lines to the totals of the run; takers to the misses whose copy was lost to another CPU.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/experiment.h"
#include "experiment/run_point.h"
#include "tests/cli_fixture.h"

enum { COMBINATIONS = 3 };              /* of each experiment: the first, one in the middle, the last */

struct sum {
	uint64_t bounces, hitm, upgrades;
	uint64_t of_class[LINE_CLASSES];        /* of the bounces; of sites nobody says */
};

static struct sum of_members(const struct result *result)
{
	struct sum sum = { 0 };

	for (size_t i = 0; i < result->members; i++) {
		sum.bounces += result->member[i].bounces;
		sum.of_class[result->member[i].class] += result->member[i].bounces;
		sum.hitm += result->member[i].hitm;
		sum.upgrades += result->member[i].upgrades;
	}
	return sum;
}

static struct sum of_lines(const struct result *result)
{
	struct sum sum = { 0 };

	for (size_t i = 0; i < result->lines; i++) {
		sum.bounces += bounces_of_line(&result->line[i]);
		for (int class = 0; class < LINE_CLASSES; class ++)
			sum.of_class[class] += result->line[i].bounces[class];
		sum.hitm += result->line[i].hitm;
		sum.upgrades += result->line[i].upgrades;
	}
	return sum;
}

static struct sum of_sites(const struct result *result, uint64_t line)
{
	struct sum sum = { 0 };

	for (size_t i = 0; i < result->sites; i++) {
		if (result->site[i].line != line)
			continue;
		sum.bounces += result->site[i].bounces;
		sum.hitm += result->site[i].hitm;
		sum.upgrades += result->site[i].upgrades;
	}
	return sum;
}

static void expect_equal(struct sum a, struct sum b)
{
	assert_int_equal(a.bounces, b.bounces);
	assert_int_equal(a.hitm, b.hitm);
	assert_int_equal(a.upgrades, b.upgrades);
	assert_memory_equal(a.of_class, b.of_class, sizeof a.of_class);
}

struct taken_sum {
	uint64_t misses, true_sharing, false_sharing, upgrades;
};

static struct taken_sum of_pairs(const struct result *result)
{
	struct taken_sum sum = { 0 };

	for (size_t i = 0; i < result->pairs; i++) {
		sum.misses += result->pair[i].misses;
		sum.true_sharing += result->pair[i].true_sharing;
		sum.false_sharing += result->pair[i].false_sharing;
		sum.upgrades += result->pair[i].upgrades;
	}
	return sum;
}

static struct taken_sum of_takers(const struct result *result)
{
	struct taken_sum sum = { 0 };

	for (size_t i = 0; i < result->takers; i++) {
		sum.misses += result->taker[i].misses;
		sum.true_sharing += result->taker[i].true_sharing;
		sum.false_sharing += result->taker[i].false_sharing;
		sum.upgrades += result->taker[i].upgrades;
	}
	return sum;
}

static uint64_t of_transfers(const struct result *result)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < result->transfers; i++) {
		assert_int_not_equal(result->transfer[i].cpu, result->transfer[i].taker);
		sum += result->transfer[i].count;
	}
	return sum;
}

/* A sharing miss has a taker, and is true or false sharing in the end. (A CPU's miss may be complete
 * and its access not done when the window closes: that one has a class, and no place yet.) */
static void check_takers(const struct result *result)
{
	struct taken_sum pairs = of_pairs(result), takers = of_takers(result);

	assert_int_equal(pairs.true_sharing, result->total.misses_true_sharing);
	assert_true(pairs.false_sharing <= result->total.misses_false_sharing);
	assert_true(pairs.false_sharing + result->cpus >= result->total.misses_false_sharing);
	assert_int_equal(pairs.misses, pairs.true_sharing + pairs.false_sharing);
	assert_true(pairs.upgrades <= result->total.upgrades + result->total.far_atomics);
	assert_int_equal(of_transfers(result), pairs.misses + pairs.upgrades);
	if (result->lines < RESULT_LINES_MAX)
		assert_memory_equal(&pairs, &takers, sizeof pairs);
}

/* Its bounces. */
static uint64_t check_sums(const struct result *result)
{
	uint64_t bounces = 0;
	struct sum all = { 0 };

	for (int i = 0; i < LINE_CLASSES; i++)
		bounces += result->total.bounces[i];
	all = (struct sum){ bounces, result->total.hitm_loads + result->total.hitm_stores,
			    result->total.upgrades };
	memcpy(all.of_class, result->total.bounces, sizeof all.of_class);
	expect_equal(of_members(result), all);
	check_takers(result);
	if (result->lines < RESULT_LINES_MAX)   /* then none was left out */
		expect_equal(of_lines(result), all);
	for (size_t i = 0; i < result->lines; i++) {
		const struct line_stats *line = &result->line[i];

		expect_equal(of_sites(result, line->offset),
			     (struct sum){ bounces_of_line(line), line->hitm, line->upgrades });
	}
	return bounces;
}

static struct experiment *load_with(const char *path, char *const sets[], size_t count)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment = experiment_load(path, sets, count, diagnostics);

	if (!experiment)
		diagnostics_print(diagnostics, stderr, false);
	assert_non_null(experiment);
	diagnostics_free(diagnostics);
	return experiment;
}

/* As the file has it, but one seed and a few million cycles at most: also of a run that is cut the
 * sums are right. */
static struct experiment *load_short(const char *path)
{
	static char *const sets[] = { "repeat=1", "warmup=0", "max_cycles=20000000" };

	return load_with(path, sets, 3);
}

/* Bounces of one combination, whose sums are right. */
static uint64_t bounces_of(const struct planned *planned)
{
	char why[512] = "";
	struct point *point = run_point(planned, why, sizeof why);
	uint64_t bounces;

	if (!point)
		fail_msg("%s", why);
	bounces = check_sums(point->result);
	point_free(point);
	return bounces;
}

static void test_sums(void **state)
{
	struct experiment *experiment = load_short(*state);
	size_t step = experiment->points > COMBINATIONS
			      ? (experiment->points - 1) / (COMBINATIONS - 1)
			      : 1;
	uint64_t bounces = 0, most_cpus = 0;

	for (size_t i = 0; i < experiment->points; i++)
		if (experiment->point[i].combination->settings.cpus > most_cpus)
			most_cpus = experiment->point[i].combination->settings.cpus;
	for (size_t i = 0; i < experiment->points; i += step)
		bounces += bounces_of(&experiment->point[i]);
	/* of some experiments these are combinations in which nothing bounces */
	for (size_t i = experiment->points; i-- > 0 && bounces == 0 && most_cpus > 1;)
		bounces += bounces_of(&experiment->point[i]);
	/* a line needs two CPUs to bounce */
	assert_int_equal(bounces > 0, most_cpus > 1);
	experiment_free(experiment);
}

/*
 * Objects that fill pages, many in flight: memory is a slab's, then free pages, then another's, and
 * each time somebody else's. Small ones: a line is the allocator's and the payload's at once.
 */
static void test_sums_where_labels_change(void **state)
{
	static char *const sets[] = { "objects=[bonwick, slab, slub-page, slub-cpu]", "cpus=8",
				      "operations=300", "warmup=0", "repeat=1",
				      "workload.in_flight=100", "workload.object_size=[8, 4096]",
				      "workload.produce_cycles=0" };
	struct experiment *experiment = load_with(*state, sets, sizeof sets / sizeof *sets);
	uint64_t both = 0;

	assert_int_equal(experiment->points, 8);
	for (size_t i = 0; i < experiment->points; i++) {
		char why[512] = "";
		struct point *point = run_point(&experiment->point[i], why, sizeof why);

		if (!point)
			fail_msg("%s", why);
		check_sums(point->result);
		for (size_t line = 0; line < point->result->lines; line++)
			both += point->result->line[line].bounces[CLASS_ALLOCATOR] &&
				point->result->line[line].bounces[CLASS_PAYLOAD];
		point_free(point);
	}
	assert_true(both > 0);
	experiment_free(experiment);
}

/* What a lock costs stands with its caller: no access of lock.c without one. */
static void test_locks_have_callers(void **state)
{
	struct experiment *experiment = load_short("configs/demo.yaml");
	char why[512] = "";
	struct point *point = run_point(&experiment->point[0], why, sizeof why);
	uint64_t of_locks = 0;

	(void)state;
	assert_non_null(point);
	for (size_t i = 0; i < point->result->sites; i++) {
		const struct site_stats *site = &point->result->site[i];

		if (!strstr(site->site.file, "verbs/lock.c"))
			continue;
		of_locks++;
		assert_non_null(strstr(site->caller.file, "models/"));
		assert_true(site->caller.line > 0);
	}
	assert_true(of_locks > 0);
	point_free(point);
	experiment_free(experiment);
}

/* Pages that are all given back, to lists that are all in the zone, lie in blocks of 1024 again: 16 GiB
 * are 4096 of them. */
static void test_free_blocks_are_noted(void **state)
{
	struct experiment *experiment = load_short("configs/pages/pcp-or-magazine.yaml");
	char why[512] = "";
	struct point *point = run_point(&experiment->point[0], why, sizeof why);

	(void)state;
	assert_non_null(point);
	assert_string_equal(point->pages, "buddy");
	assert_int_equal(point->result->orders, 11);
	for (unsigned order = 0; order < 11; order++)
		assert_int_equal(point->result->order[order].blocks, order == 10 ? 4096 : 0);
	point_free(point);
	experiment_free(experiment);
}

int main(void)
{
	struct CMUnitTest tests[65] = { cmocka_unit_test(test_locks_have_callers),
					cmocka_unit_test(test_free_blocks_are_noted),
					cmocka_unit_test_prestate(test_sums_where_labels_change,
								  "configs/demo.yaml") };
	size_t count = 3;
	glob_t files;

	enter_source_tree();
	assert_int_equal(glob("configs/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc && count < 65; i++)
		tests[count++] = (struct CMUnitTest){ files.gl_pathv[i], test_sums, NULL, NULL,
						      files.gl_pathv[i] };

	int status = _cmocka_run_group_tests("sums", tests, count, NULL, NULL);

	globfree(&files);
	return status;
}
