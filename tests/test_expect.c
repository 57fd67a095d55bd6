/*
 * Expectations: what they say about points made by hand, what is a mistake in them, and the exit
 * status of a run.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/expected.h"
#include "experiment/experiment.h"
#include "experiment/text.h"
#include "tests/cli_fixture.h"
#include "tests/points_fixture.h"

static const char head[] =
	"name: expected\n"
	"machine: textbook\n"
	"cpus: 2\n"
	"objects: [slub-page, slub-cpu]\n"
	"workload: {kind: producer-consumer, object_size: [64, 256]}\n"
	"operations: 400\n";

/* The experiment above with that list; NULL: mistakes, which are in `told`. */
static struct experiment *read_list(const char *expect, char **told)
{
	struct diagnostics *diagnostics = diagnostics_new();
	char text[2048];
	size_t length;
	FILE *out = text_open(told, &length);

	snprintf(text, sizeof text, "%sexpect:\n%s", head, expect);
	struct experiment *experiment =
		experiment_parse("x.yaml", text, strlen(text), NULL, 0, diagnostics);

	diagnostics_print(diagnostics, out, false);
	text_close(out);
	diagnostics_free(diagnostics);
	return experiment;
}

/* slub-page: 100 cycles and 1000 bounces at 64 bytes, 200 and 2000 at 256; slub-cpu: 60 and 500,
 * 200 and 0. Three seeds, one cycle apart. */
static void make(struct made *made)
{
	static const struct {
		const char *objects, *size;
		uint64_t bounces, cycles;
	} rows[] = {
		{ "slub-page", "64", 1000, 100 }, { "slub-page", "256", 2000, 200 },
		{ "slub-cpu", "64", 500, 60 },    { "slub-cpu", "256", 0, 200 },
	};

	made_init(made);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (uint64_t seed = 1; seed <= 3; seed++)
			made_add(made, rows[i].objects, rows[i].size, seed, rows[i].bounces,
				 rows[i].cycles + seed - 2);
}

struct row {
	const char *expect;
	const char *verdicts;           /* a letter per combination: h, F, u */
};

/* clang-format off */
static const struct row rows[] = {
	/* 60 is below 100; 200 against 200 with the same spread decides nothing */
	{ "{metric: alloc_cycles_mean, of: {objects: slub-cpu}, below: {objects: slub-page}}", "hu" },
	{ "{metric: alloc_cycles_mean, of: {objects: slub-cpu, object_size: 64}, below: {objects: slub-page}, factor: 0.7}", "h" },
	{ "{metric: alloc_cycles_mean, of: {objects: slub-cpu, object_size: 64}, below: {objects: slub-page}, factor: 0.5}", "F" },
	{ "{metric: alloc_cycles_mean, of: {objects: slub-page}, above: {objects: slub-cpu}}", "hu" },
	{ "{metric: alloc_cycles_mean, of: {objects: slub-cpu}, above: {objects: slub-page}}", "Fu" },
	/* slub-page has no other side, and is not held against itself; at 64 bytes 60 is below 100 */
	{ "{metric: alloc_cycles_mean, of: {object_size: 64}, below: {objects: slub-page}}", "h" },
	/* 2.5 % beyond is within 5 */
	{ "{metric: alloc_cycles_mean, of: {objects: slub-cpu, object_size: 256}, below: 195, within_percent: 5}", "h" },
	{ "{metric: alloc_cycles_mean, of: {objects: slub-cpu, object_size: 256}, below: 195}", "F" },
	/* 0.6 of the other: -40 % */
	{ "{metric: alloc_cycles_mean, of: {objects: slub-cpu, object_size: 64}, equals: {objects: slub-page}, within_percent: 41}", "h" },
	{ "{metric: alloc_cycles_mean, of: {objects: slub-cpu, object_size: 64}, equals: {objects: slub-page}, within_percent: 39}", "F" },
	/* counts without a spread: exactly */
	{ "{metric: bounces/operations, of: {objects: slub-page}, equals: 1}", "hF" },
	{ "{metric: bounces, of: {object_size: 64}, equals: 1000}", "hF" },
	/* nothing is less than nothing, and all else is more */
	{ "{metric: bounces, of: {objects: slub-cpu, object_size: 256}, equals: 0}", "h" },
	{ "{metric: bounces, of: {objects: slub-cpu, object_size: 256}, below: 0}", "F" },
	{ "{metric: bounces, of: {objects: slub-page, object_size: 256}, above: {objects: slub-cpu}}", "h" },
	{ "{metric: bounces, of: {objects: slub-page, object_size: 256}, below: {objects: slub-cpu}}", "F" },
	/* the other side by another key, by its whole path; no `of`: each that has another side */
	{ "{metric: bounces, of: {objects: slub-page, workload.object_size: 256}, equals: {workload.object_size: 64}, factor: 2}", "h" },
	{ "{metric: bounces, of: {object_size: 64}, below: {object_size: 256}}", "hF" },
	{ "{metric: bounces, below: 5000}", "hhhh" },
};
/* clang-format on */

static void note_verdict(void *to, const struct expectation *expectation,
			 const struct expected *expected)
{
	char *verdicts = to;

	(void)expectation;
	verdicts[strlen(verdicts)] = "hFu"[expected->verdict];
}

static void test_verdict(void **state)
{
	const struct row *row = *state;
	struct made made;
	char *told = NULL, list[512], verdicts[16] = "";
	size_t missed = 0;

	snprintf(list, sizeof list, "  - %s\n", row->expect);
	struct experiment *experiment = read_list(list, &told);

	assert_string_equal(told, "");
	make(&made);
	expect_evaluate(experiment, &made.points, note_verdict, verdicts);
	assert_string_equal(verdicts, row->verdicts);

	FILE *nothing = fopen("/dev/null", "w");

	for (const char *c = row->verdicts; *c; c++)
		missed += *c != 'h';
	assert_int_equal(expected_print(nothing, experiment, &made.points), missed);
	fclose(nothing);
	made_free(&made);
	experiment_free(experiment);
	free(told);
}

/* Eight seeds in two groups decide nothing. */
static void test_two_states(void **state)
{
	struct made made;
	char *told = NULL, verdicts[16] = "";
	struct experiment *experiment = read_list(
		"  - {metric: alloc_cycles_mean, of: {objects: slub-cpu}, below: 1000}\n", &told);

	(void)state;
	made_init(&made);
	for (uint64_t seed = 1; seed <= 8; seed++)
		made_add(&made, "slub-cpu", "64", seed, 0, seed % 2 ? 100 : 200);
	expect_evaluate(experiment, &made.points, note_verdict, verdicts);
	assert_string_equal(verdicts, "u");
	made_free(&made);
	experiment_free(experiment);
	free(told);
}

/* --set makes one value of a list: what is expected of it is kept, of another one is left out. */
static void test_set_keys(void **state)
{
	static const struct {
		char *set;
		const char *told;
	} sets[] = {
		{ "workload.object_size=256", "" },
		{ "workload.object_size=64",
		  "x.yaml:8:28: note: left out: 'object_size' is 64 here, not 256\n"
		  "      - {metric: bounces, of: {object_size: 256}, below: 5}\n"
		  "                               ^\n" },
		{ "workload.object_size=[64, 128]",
		  "x.yaml:8:28: note: left out: no combination has workload.object_size=256\n"
		  "      - {metric: bounces, of: {object_size: 256}, below: 5}\n"
		  "                               ^\n" },
	};
	char text[2048];

	(void)state;
	snprintf(text, sizeof text, "%sexpect:\n  - {metric: bounces, of: {object_size: 256}, below: 5}\n",
		 head);
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		struct diagnostics *diagnostics = diagnostics_new();
		char *set = sets[i].set, *told;
		size_t length;
		FILE *out = text_open(&told, &length);
		struct experiment *experiment =
			experiment_parse("x.yaml", text, strlen(text), &set, 1, diagnostics);

		diagnostics_print(diagnostics, out, false);
		text_close(out);
		assert_string_equal(told, sets[i].told);
		assert_non_null(experiment);
		experiment_free(experiment);
		diagnostics_free(diagnostics);
		free(told);
	}
}

/* It is no part of what a result is. */
static void test_no_hash(void **state)
{
	char *told = NULL, *more = NULL;
	struct experiment *one = read_list("  - {metric: bounces, below: 5}\n", &told);
	struct experiment *other = read_list("  - {metric: bounces, above: 7}\n", &more);

	(void)state;
	assert_string_equal(one->hash, other->hash);
	assert_null(strstr(one->effective, "expect:"));
	experiment_free(one);
	experiment_free(other);
	free(told);
	free(more);
}

struct mistaken {
	const char *expect, *place, *message;
};

/* clang-format off */
static const struct mistaken mistakes[] = {
	{ "  - {metric: bouncs, below: 5}\n", "x.yaml:8:14", "no metric is called 'bouncs'; did you mean 'bounces'?" },
	{ "  - {metric: outcome, below: 5}\n", "x.yaml:8:14", "'outcome' is a name, not a number" },
	{ "  - {metric: bounces}\n", "x.yaml:8:5", "An expectation has 'below', 'above' or 'equals'" },
	{ "  - {below: 5}\n", "x.yaml:8:5", "missing key 'expect.metric'" },
	{ "  - {metric: bounces, below: many}\n", "x.yaml:8:30", "'below' wants a number" },
	{ "  - {metric: bounces, below: 5, above: 3}\n", "x.yaml:8:33", "'above' beside 'below'" },
	{ "  - {metric: bounces, of: {objects: slub-cup}, below: 5}\n", "x.yaml:8:28", "no combination has objects=slub-cup; did you mean 'slub-cpu'?" },
	{ "  - {metric: bounces, of: {cpus: 2}, below: 5}\n", "x.yaml:8:28", "'cpus' is no swept key" },
	{ "  - {metric: bounces, of: {objects: slub-cpu}, below: {objects: slub-cpu}}\n", "x.yaml:8:56",
	  "'below' names what 'of' names: each combination would be held against itself" },
	/* the one with its whole path, beside another key */
	{ "  - {metric: bounces, of: {object_size: 64, objects: slub-cpu}, equals: {workload.object_size: 64}}\n",
	  "x.yaml:8:74", "'equals' names what 'of' names" },
	{ "  - {metric: bounces, below: {object_sise: 64}}\n", "x.yaml:8:31", "did you mean 'object_size'?" },
	{ "  - {metric: bounces, of: slub-cpu, below: 5}\n", "x.yaml:8:27", "'of' wants values of swept keys" },
	{ "  - {metric: bounces, within: 3, below: 5}\n", "x.yaml:8:23", "did you mean 'within_percent'?" },
	{ "  - {metric: [bounces], below: 5}\n", "x.yaml:8:14", "'metric'" },
	{ "  {metric: bounces, below: 5}\n", "x.yaml:7:1", "'expect' wants a list of expectations" },
	{ "  - bounces\n", "x.yaml:8:5", "'expect' wants keys with values" },
};
/* clang-format on */

static void test_mistake(void **state)
{
	const struct mistaken *row = *state;
	char *told = NULL;
	struct experiment *experiment = read_list(row->expect, &told);

	assert_null(experiment);
	if (!strstr(told, row->place) || !strstr(told, row->message))
		fail_msg("told:\n%s", told);
	free(told);
}

/* What does not hold gives status 3, on stdout beside the table; programs get their rows alone. */
static void test_run(void **state)
{
	char *folder = folder_new(), *file = NULL, *where = NULL;
	const char *const plain[] = { "run", NULL, NULL, "--no-plots", NULL };
	const char *const rows_only[] = { "run", NULL, NULL, "--no-plots", "--format=csv", NULL };
	const char *arguments[6];
	struct output output;

	(void)state;
	assert_true(asprintf(&file, "%s/x.yaml", folder) > 0);
	assert_true(asprintf(&where, "--output=%s", folder) > 0);
	write_text(file, "name: counted\n"
			 "machine: textbook\n"
			 "cpus: 2\n"
			 "workload: counter\n"
			 "operations: [100, 200]\n"
			 "expect:\n"
			 "  - {metric: operations, of: {operations: 100}, equals: 100}\n"
			 "  - {metric: operations, of: {operations: 200}, below: {operations: 100}}\n");
	memcpy(arguments, plain, sizeof plain);
	arguments[1] = file;
	arguments[2] = where;
	output = run_cli(arguments);
	assert_int_equal(output.status, 3);
	assert_non_null(strstr(output.out, "  holds      operations of operations=100: 100, equal to 100\n"));
	assert_non_null(strstr(output.out, "  FAILS      operations of operations=200: 200, below 100 (of operations=100); +100 %\n"));
	output_free(&output);

	memcpy(arguments, rows_only, sizeof rows_only);
	arguments[1] = file;
	arguments[2] = where;
	output = run_cli(arguments);
	assert_int_equal(output.status, 3);
	assert_null(strstr(output.out, "FAILS"));
	assert_non_null(strstr(output.err, "FAILS"));
	output_free(&output);

	/* the copy among the results says that it holds nothing against them */
	free(file);
	assert_true(asprintf(&file, "%s/counted/experiment.yaml", folder) > 0);
	char *copy = read_text(file);

	assert_non_null(strstr(copy, "# Without 'expect' of the file that was run"));
	free(copy);
	folder_free(folder);
	free(file);
	free(where);
}

enum { ROWS = sizeof rows / sizeof *rows, MISTAKES = sizeof mistakes / sizeof *mistakes, OTHERS = 4 };

int main(void)
{
	struct CMUnitTest tests[ROWS + MISTAKES + OTHERS] = {
		cmocka_unit_test(test_two_states),
		cmocka_unit_test(test_set_keys),
		cmocka_unit_test(test_no_hash),
		cmocka_unit_test(test_run),
	};

	enter_source_tree();
	for (size_t i = 0; i < ROWS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ rows[i].expect, test_verdict, NULL, NULL,
							 (void *)&rows[i] };
	for (size_t i = 0; i < MISTAKES; i++)
		tests[OTHERS + ROWS + i] = (struct CMUnitTest){ mistakes[i].expect, test_mistake,
								NULL, NULL, (void *)&mistakes[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
