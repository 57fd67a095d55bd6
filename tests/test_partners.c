/*
 * Workload partners: who works with whom, how far apart each placement puts them, and the
 * placements that keep the distance.
 *
 * By hand, on core2-2s: 2 cores to a die (same_l2), 2 dies to a socket (same_package_other_die),
 * 2 sockets (other_socket); cores 0 to 3 are socket 0, and 0 and 1 its first die.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/partners.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"

static const char base[] = "name: p\nmachine: core2-2s\noperations: 1000\nobjects: slub-cpu\n";

static struct experiment *read_in(const char *more, char **told)
{
	struct diagnostics *diagnostics = diagnostics_new();
	size_t length;
	char *text = NULL;
	struct experiment *experiment;

	assert_true(asprintf(&text, "%s%s", base, more) > 0);
	experiment = experiment_parse("p.yaml", text, strlen(text), NULL, 0, diagnostics);
	free(text);

	FILE *out = open_memstream(told, &length);

	diagnostics_print(diagnostics, out, false);
	fclose(out);
	diagnostics_free(diagnostics);
	return experiment;
}

#define PAIRS "workload: {kind: producer-consumer}\n"

static void placements_say_how_far_partners_are_apart(void **state)
{
	/* clang-format off */
	static const struct {
		const char *more, *distance;
	} rows[] = {
		/* CPUs 0, 1: cores 0, 1 */
		{ "cpus: 2\n" PAIRS, "same_l2" },
		/* pairs 0 with 2, 1 with 3: cores 0 with 2, 1 with 3 */
		{ "cpus: 4\n" PAIRS, "same_package_other_die" },
		/* pairs 0 with 4, ..., 3 with 7 */
		{ "cpus: 8\n" PAIRS, "other_socket" },
		/* scatter: CPU 1 on core 4 */
		{ "placement: scatter\ncpus: 2\n" PAIRS, "other_socket" },
		/* CPUs 0 to 3 on cores 0, 4, 2, 6: pairs 0 with 2, 4 with 6 */
		{ "placement: scatter\ncpus: 4\n" PAIRS, "same_package_other_die" },
		/* CPUs 4 to 7 on cores 1, 5, 3, 7: pairs 0 with 1, 4 with 5, 2 with 3, 6 with 7 */
		{ "placement: scatter\ncpus: 8\n" PAIRS, "same_l2" },
		{ "placement: apart-2\ncpus: 2\n" PAIRS, "same_package_other_die" },
		{ "placement: [5, 2]\ncpus: 2\n" PAIRS, "other_socket" },
		/* 1 producer, 3 consumers: core 0 with 1, 2, 3 */
		{ "cpus: 4\nworkload: {kind: producer-consumer, producers: 1}\n",
		  "1 same_l2, 2 same_package_other_die" },
		/* core 0 with 1 to 7, of which 4 to 7 are the other socket */
		{ "cpus: 8\nworkload: {kind: slab-test, test: remote-free, count: 10}\n",
		  "1 same_l2, 2 same_package_other_die, 4 other_socket" },
		{ "cpus: 8\nworkload: {kind: slab-test, test: n-pairs, count: 10}\n", "" },
		{ "cpus: 8\nworkload: {kind: producer-consumer, handoff: none}\n", "" },
	};
	/* clang-format on */
	char distance[200], *told;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct experiment *experiment = read_in(rows[i].more, &told);

		if (!experiment)
			fail_msg("%s", told);
		partners_distance(experiment->combination[0], distance, sizeof distance);
		if (strcmp(distance, rows[i].distance) != 0)
			fail_msg("%s: %s, expected %s", rows[i].more, distance, rows[i].distance);
		experiment_free(experiment);
		free(told);
	}
}

static void microbenchmarks_have_partners(void **state)
{
	/* clang-format off */
	static const struct {
		const char *test;
		unsigned cpus;
		const char *distance;
	} rows[] = {
		{ "pp_cas", 2, "other_socket" },        /* CPU 0 with 1: cores 0 and 4 */
		{ "ld_M",   4, "other_socket" },
		{ "ld_S",   4, "1 same_package_other_die, 1 other_socket" },    /* helpers 1 and 2 */
		{ "fan",    4, "1 same_package_other_die, 2 other_socket" },    /* all others */
		{ "cont",   4, "" },
		{ "chase",  4, "" },
	};
	/* clang-format on */
	char text[300], distance[200];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct diagnostics *diagnostics = diagnostics_new();

		snprintf(text, sizeof text,
			 "name: m\nmachine: core2-2s\nplacement: scatter\ncpus: %u\noperations: 10\n"
			 "workload: {kind: micro, test: %s}\n", rows[i].cpus, rows[i].test);

		struct experiment *experiment = experiment_parse("m.yaml", text, strlen(text), NULL,
								 0, diagnostics);

		assert_non_null(experiment);
		partners_distance(experiment->combination[0], distance, sizeof distance);
		if (strcmp(distance, rows[i].distance) != 0)
			fail_msg("%s: %s, expected %s", rows[i].test, distance, rows[i].distance);
		experiment_free(experiment);
		diagnostics_free(diagnostics);
	}
}

static void pairs_apart_keeps_the_distance(void **state)
{
	/* clang-format off */
	static const struct {
		const char *more, *distance;
		unsigned core[8], cpus;
	} rows[] = {
		{ "cpus: 2\nplacement: pairs-apart-1\n" PAIRS, "same_l2", { 0, 1 }, 2 },
		{ "cpus: 4\nplacement: pairs-apart-1\n" PAIRS, "same_l2", { 0, 2, 1, 3 }, 4 },
		{ "cpus: 8\nplacement: pairs-apart-1\n" PAIRS, "same_l2",
		  { 0, 2, 4, 6, 1, 3, 5, 7 }, 8 },
		{ "cpus: 4\nplacement: pairs-apart-2\n" PAIRS, "same_package_other_die",
		  { 0, 1, 2, 3 }, 4 },
		{ "cpus: 2\nplacement: pairs-apart-3\n" PAIRS, "other_socket", { 0, 4 }, 2 },
		{ "cpus: 4\nplacement: pairs-apart-3\n" PAIRS, "other_socket", { 0, 1, 4, 5 }, 4 },
		{ "cpus: 8\nplacement: pairs-apart-3\n" PAIRS, "other_socket",
		  { 0, 1, 2, 3, 4, 5, 6, 7 }, 8 },
		/* one consumer of three producers: it goes first, and they around it */
		{ "cpus: 4\nplacement: pairs-apart-3\n"
		  "workload: {kind: producer-consumer, consumers: 1}\n", "other_socket",
		  { 4, 5, 6, 0 }, 4 },
		/* CPU 3 has no partner and takes what is left */
		{ "cpus: 4\nplacement: pairs-apart-1\n"
		  "workload: {kind: producer-consumer, producers: 1, consumers: 1}\n", "same_l2",
		  { 0, 1, 2, 3 }, 4 },
	};
	/* clang-format on */
	char distance[200], *told;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct experiment *experiment = read_in(rows[i].more, &told);

		if (!experiment)
			fail_msg("%s", told);

		const struct combination *combination = experiment->combination[0];

		partners_distance(combination, distance, sizeof distance);
		assert_string_equal(distance, rows[i].distance);
		assert_int_equal(combination->cores, rows[i].cpus);
		for (unsigned cpu = 0; cpu < rows[i].cpus; cpu++) {
			if (combination->core[cpu] != rows[i].core[cpu])
				fail_msg("%s: CPU %u on core %u, expected %u", rows[i].more, cpu,
					 combination->core[cpu], rows[i].core[cpu]);
		}
		experiment_free(experiment);
		free(told);
	}
}

static void pairs_apart_that_cannot_be(void **state)
{
	/* clang-format off */
	static const struct {
		const char *more, *told;
	} rows[] = {
		{ "cpus: 4\nplacement: pairs-apart-1\n"
		  "workload: {kind: producer-consumer, producers: 1}\n",
		  "p.yaml:6:12: error: 'placement' is pairs-apart-1; machine 'core2-2s' has no room for 4 CPUs whose partners are all same_l2\n" },
		{ "cpus: 2\nplacement: pairs-apart-4\n" PAIRS,
		  "p.yaml:6:12: error: 'placement' is pairs-apart-4; machine 'core2-2s' has 3 in 'distances'\n" },
		{ "cpus: 2\nplacement: pairs-apart-1\nworkload: {kind: producer-consumer, handoff: none}\n",
		  "p.yaml:6:12: error: 'placement' is pairs-apart-1; no two CPUs of workload 'producer-consumer' work with each other here; 'apart-1' places by CPU 0\n" },
	};
	/* clang-format on */
	char *told;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_null(read_in(rows[i].more, &told));
		if (strncmp(told, rows[i].told, strlen(rows[i].told)) != 0)
			fail_msg("told %s instead of %s", told, rows[i].told);
		free(told);
	}
}

/* The effective experiment has the word, not the cores, and reads back the same. */
static void pairs_apart_reads_back(void **state)
{
	char *told;
	struct experiment *one = read_in("cpus: [2, 4]\nplacement: pairs-apart-3\n" PAIRS, &told);
	struct diagnostics *diagnostics = diagnostics_new();

	(void)state;
	assert_non_null(one);
	assert_non_null(strstr(one->effective, "placement: pairs-apart-3\n"));

	struct experiment *two = experiment_parse("e.yaml", one->effective, strlen(one->effective),
						  NULL, 0, diagnostics);

	assert_non_null(two);
	assert_string_equal(one->hash, two->hash);
	experiment_free(one);
	experiment_free(two);
	diagnostics_free(diagnostics);
	free(told);
}

/* Table, report and figure of an experiment over CPUs say where the partners are. */
static void tables_and_figures_say_the_distance(void **state)
{
	char *folder = folder_new(), file[4200], results[4200], path[4300];

	(void)state;
	snprintf(file, sizeof file, "%s/p.yaml", folder);
	snprintf(results, sizeof results, "%s/p", folder);
	snprintf(path, sizeof path, "%s/scaling.gp", results);
	write_text(file, "name: p\nmachine: core2-2s\nplacement: scatter\ncpus: [2, 4]\n"
			 "objects: slub-cpu\nworkload: {kind: producer-consumer}\noperations: 200\n"
			 "memory_mib: 16\nplots: [scaling]\n");

	struct output run = run_cli((const char *const[]){ "run", file, "--quiet", "--output",
							   folder, NULL });
	struct output report = run_cli((const char *const[]){ "report", results, "--point", "cpus=2", NULL });
	struct output wide = run_cli((const char *const[]){ "report", results, "--point", "cpus=4", NULL });

	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.out, "\ncpus  partners "));
	assert_non_null(strstr(run.out, "\n2     other_socket "));
	assert_non_null(strstr(run.out, "\n4     same_package_other_die "));
	assert_non_null(strstr(report.out, "workload partners: other_socket\n"));
	assert_non_null(strstr(wide.out, "workload partners: same_package_other_die\n"));
	output_free(&run);
	output_free(&report);
	output_free(&wide);

	char *script = read_text(path);

	assert_non_null(strstr(script, "partners at different distances: other_socket on 2 CPUs; "
				       "same_package_other_die on 4 CPUs"));
	free(script);

	struct output same = run_cli((const char *const[]){
		"run", file, "--quiet", "--output", folder, "--set", "placement=pairs-apart-3",
		"--set", "name=same", "--no-plots", NULL });

	assert_int_equal(same.status, 0);
	assert_non_null(strstr(same.out, ", partners other_socket, "));
	assert_null(strstr(same.out, "\ncpus  partners"));
	output_free(&same);
	folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(placements_say_how_far_partners_are_apart),
		cmocka_unit_test(microbenchmarks_have_partners),
		cmocka_unit_test(pairs_apart_keeps_the_distance),
		cmocka_unit_test(pairs_apart_that_cannot_be),
		cmocka_unit_test(pairs_apart_reads_back),
		cmocka_unit_test(tables_and_figures_say_the_distance),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
