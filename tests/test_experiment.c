/*
 * Experiments: every mistake with its exact message (tests/mistakes), --set, products, hashes,
 * the effective experiment, machines.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiment/experiment.h"
#include "experiment/keys.h"
#include "experiment/machine_file.h"
#include "experiment/schema.h"
#include "experiment/version.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"

static const char good[] = "name: test\n"
			   "machine: textbook\n"
			   "cpus: 2\n"
			   "objects: slub-page\n"
			   "workload: {kind: producer-consumer, object_size: 64}\n"
			   "operations: 1000\n";

/* ---- mistakes ---------------------------------------------------------------------------- */

/* "<machines>" likewise. */
static char *fill_machines(char *text)
{
	size_t count, used = 0;
	char **names = machine_names(&count), all[2000], *whole = NULL,
	     *at = strstr(text, "<machines>");

	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "",
					 names[i]);
	machine_names_free(names, count);
	if (!at)
		return text;
	assert_true(asprintf(&whole, "%.*s%s%s", (int)(at - text), text, all,
			     at + strlen("<machines>")) > 0);
	free(text);
	return whole;
}

/* "<objects>" in an expected message stands for the words of the registry: a new model is no
 * change of this test. */
static char *fill_in(const char *expected)
{
	static const char *const names[] = { "objects", "pages", "workload", "plots" };
	struct keys *keys = keys_new();
	char *text = xstrdup(expected);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct setting *setting = keys_table(keys);
		char mark[32], words[1024] = "", *whole = NULL, *at;

		while (strcmp(setting->key, names[i]))
			setting++;
		for (size_t w = 0; setting->words[w]; w++)
			snprintf(words + strlen(words), sizeof words - strlen(words), "%s%s",
				 w ? ", " : "", setting->words[w]);
		snprintf(mark, sizeof mark, "<%s>", names[i]);
		while ((at = strstr(text, mark))) {
			assert_true(asprintf(&whole, "%.*s%s%s", (int)(at - text), text, words,
					     at + strlen(mark)) > 0);
			free(text);
			text = whole;
		}
	}
	keys_free(keys);
	return fill_machines(text);
}

static void check_mistake(const char *name)
{
	char yaml[512], expected_path[512];

	snprintf(yaml, sizeof yaml, "tests/mistakes/%s", name);
	snprintf(expected_path, sizeof expected_path, "%.*s.expected",
		 (int)(strlen(yaml) - strlen(".yaml")), yaml);

	struct output output = run_cli((const char *const[]){ "check", yaml, NULL });
	char *raw = read_text(expected_path), *expected = fill_in(raw);

	if (output.status != 2)
		fail_msg("%s: status %d, not 2", name, output.status);
	if (*output.out)
		fail_msg("%s: standard output is not empty: %s", name, output.out);
	if (strcmp(output.err, expected))
		fail_msg("%s: told\n%sexpected\n%s", name, output.err, expected);
	free(raw);
	free(expected);
	output_free(&output);
}

static void every_mistake_has_its_exact_message(void **state)
{
	DIR *directory = opendir("tests/mistakes");
	size_t count = 0;

	(void)state;
	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory));) {
		size_t length = strlen(entry->d_name);

		if (length < 5 || strcmp(entry->d_name + length - 5, ".yaml"))
			continue;
		check_mistake(entry->d_name);
		count++;
	}
	closedir(directory);
	assert_true(count >= 23);
}

/* The same mistakes stop `run` before anything is written. */
static void a_mistake_runs_nothing(void **state)
{
	char *folder = folder_new();
	struct output output = run_cli((const char *const[]){
		"run", "tests/mistakes/01-unknown-key.yaml", "--output", folder, NULL });
	char path[4200];

	(void)state;
	assert_int_equal(output.status, 2);
	assert_string_equal(output.out, "");
	snprintf(path, sizeof path, "%s/mistake", folder);
	assert_int_not_equal(access(path, F_OK), 0);
	output_free(&output);
	folder_free(folder);
}

static void a_missing_file_is_told(void **state)
{
	struct output output =
		run_cli((const char *const[]){ "check", "tests/mistakes/none.yaml", NULL });

	(void)state;
	assert_int_equal(output.status, 2);
	assert_string_equal(output.err,
			    "tests/mistakes/none.yaml: error: No such file or directory\n");
	output_free(&output);
}

/* ---- what does nothing ---------------------------------------------------------------------- */

/* A section for a --set that was not given is good, and told; what --set runs is not. */
static void a_section_that_is_not_run_is_remarked(void **state)
{
	static const char text[] = "name: x\nmachine: textbook\ncpus: 2\nobjects: slub-page\n"
				   "workload: {kind: producer-consumer}\nslub-cpu: {variant: 2.6.24}\noperations: 100\n";
	char *folder = folder_new(), path[4200], expected[4400];
	struct output output;

	(void)state;
	snprintf(path, sizeof path, "%s/x.yaml", folder);
	write_text(path, text);
	output = run_cli((const char *const[]){ "check", path, NULL });
	assert_int_equal(output.status, 0);
	snprintf(expected, sizeof expected,
		 "%s:6:11: note: nothing here runs 'slub-cpu': its section changes nothing\n", path);
	if (strncmp(output.err, expected, strlen(expected)) != 0)
		fail_msg("told %s", output.err);
	output_free(&output);
	output = run_cli((const char *const[]){ "check", path, "--set", "objects=[slub-page, slub-cpu]", NULL });
	assert_int_equal(output.status, 0);
	assert_string_equal(output.err, "");
	output_free(&output);
	folder_free(folder);
}

/* ---- combinations that cannot be ------------------------------------------------------------ */

static void expect_told(const char *text, int status, const char *out, const char *err)
{
	char *folder = folder_new(), path[4200], *expected = NULL;

	snprintf(path, sizeof path, "%s/x.yaml", folder);
	write_text(path, text);

	struct output output = run_cli((const char *const[]){ "check", path, NULL });

	/* messages name the file: what comes behind it is compared */
	if (output.status != status)
		fail_msg("status %d, not %d: %s", output.status, status, output.err);
	assert_true(asprintf(&expected, "%s%s", path, out) > 0);
	assert_string_equal(output.out, *out ? expected : "");
	free(expected);
	assert_true(asprintf(&expected, "%s%s", path, err) > 0);
	if (*err ? strncmp(output.err, expected, strlen(expected)) != 0 : *output.err)
		fail_msg("told %s instead of %s", output.err, expected);
	free(expected);
	output_free(&output);
	folder_free(folder);
}

#define SWEPT(machines, cpus, flight, batch) \
	"name: left\nmachine: " machines "\ncpus: " cpus "\nobjects: slub-cpu\n" \
	"workload:\n  kind: producer-consumer\n  in_flight: " flight "\n  batch: " batch "\n" \
	"operations: 100\nmemory_mib: 16\n"

/* textbook has 16 cores, core2-2s 8. */
static void what_cannot_be_is_left_out_while_something_can(void **state)
{
	(void)state;
	/* 2 machines x 2: 64 fits on neither; 12 on textbook alone */
	expect_told(SWEPT("[textbook, core2-2s]", "[12, 2]", "1", "1"), 0,
		     ": 3 combinations, 3 points; 1 combination left out\n",
		     ":3:8: note: left out: 'cpus' is 12, machine 'core2-2s' has 8 cores; fewer CPUs, or 'scale: sockets' for more sockets\n"
		     "    cpus: [12, 2]\n           ^\n");
	/* what only a set-up finds: a batch of 8 at 1 in flight, on each number of CPUs */
	expect_told(SWEPT("textbook", "[2, 4]", "[1, 16]", "[1, 8]"), 0,
		     ": 6 combinations, 6 points; 2 combinations left out\n",
		     ":8:14: note: left out: 'batch' is larger than 'in_flight'\n"
		     "      batch: [1, 8]\n                 ^\n");
}

static void nothing_that_can_be_is_a_mistake(void **state)
{
	(void)state;
	expect_told(SWEPT("core2-2s", "12", "1", "1"), 2, "",
		     ":3:7: error: 'cpus' is 12, machine 'core2-2s' has 8 cores; fewer CPUs, or 'scale: sockets' for more sockets\n");
	expect_told(SWEPT("core2-2s", "[12, 13]", "1", "1"), 2, "",
		     ":3:8: error: 'cpus' is 12, machine 'core2-2s' has 8 cores; fewer CPUs, or 'scale: sockets' for more sockets\n"
		     "    cpus: [12, 13]\n           ^\n");
	/* one combination; no key of it is swept, so the workload is where it stands */
	expect_told(SWEPT("textbook", "2", "1", "8"), 2, "",
		     ":6:3: error: 'batch' is larger than 'in_flight'\n");
}

/* What reads back is the same experiment, and the table has the rows that can be. */
static void left_out_combinations_read_back(void **state)
{
	char *folder = folder_new(), path[4200], again[4300];

	(void)state;
	snprintf(path, sizeof path, "%s/x.yaml", folder);
	snprintf(again, sizeof again, "%s/left/experiment.yaml", folder);
	write_text(path, SWEPT("textbook", "[2, 64]", "[1, 16]", "[1, 8]"));

	struct output run = run_cli((const char *const[]){ "run", path, "--output", folder,
							   "--no-plots", NULL });
	struct output quiet = run_cli((const char *const[]){ "run", again, "--output", folder,
							     "--no-plots", "--quiet", NULL });

	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.err, ":3:11: note: left out: 'cpus' is 64"));
	assert_non_null(strstr(run.err, "3 points in "));
	assert_int_equal(quiet.status, 0);
	assert_string_equal(quiet.err, "");
	assert_string_equal(quiet.out, run.out);
	output_free(&run);
	output_free(&quiet);
	folder_free(folder);
}

/* The copy among the results has the machine's path as it was: which is told with what helps. */
static void a_moved_experiment_says_where_its_machine_was(void **state)
{
	char *folder = folder_new(), path[4200], machine[4200], again[4300];
	struct output output;

	(void)state;
	snprintf(path, sizeof path, "%s/x.yaml", folder);
	snprintf(machine, sizeof machine, "%s/own.yaml", folder);
	snprintf(again, sizeof again, "%s/moved/experiment.yaml", folder);
	write_text(machine, "base: textbook\nstore_buffer: 8\n");
	write_text(path, "name: moved\nmachine: ./own.yaml\ncpus: 2\nobjects: slub-page\n"
			 "workload: {kind: producer-consumer}\noperations: 20\nwarmup: 0\n");
	output = run_cli((const char *const[]){ "run", path, "--output", folder, "--no-plots", NULL });
	assert_int_equal(output.status, 0);
	output_free(&output);
	output = run_cli((const char *const[]){ "check", again, NULL });
	assert_int_equal(output.status, 2);
	assert_non_null(strstr(output.err, "/moved/./own.yaml: No such file or directory\n"));
	assert_non_null(strstr(output.err, "note: this experiment lies among its results"));
	output_free(&output);
	/* what the note says */
	output = run_cli((const char *const[]){ "check", again, "--set", "machine.base=../own.yaml", NULL });
	assert_int_equal(output.status, 0);
	output_free(&output);
	/* a path that never was: no results beside it */
	write_text(path, "name: moved\nmachine: ./none.yaml\ncpus: 2\nobjects: slub-page\n"
			 "workload: {kind: producer-consumer}\noperations: 20\n");
	output = run_cli((const char *const[]){ "check", path, NULL });
	assert_int_equal(output.status, 2);
	assert_null(strstr(output.err, "among its results"));
	output_free(&output);
	folder_free(folder);
}

/* ---- loading ----------------------------------------------------------------------------- */

/* NULL: there were mistakes, and `told` has them. */
static struct experiment *load_with(const char *text, char *const *sets, size_t set_count,
				    char **told)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment =
		experiment_parse("test.yaml", text, strlen(text), sets, set_count, diagnostics);
	char *messages = NULL;
	size_t length;
	FILE *out = open_memstream(&messages, &length);

	diagnostics_print(diagnostics, out, false);
	fclose(out);
	diagnostics_free(diagnostics);
	if (told)
		*told = messages;
	else
		free(messages);
	return experiment;
}

static struct experiment *load_good(const char *text)
{
	char *told;
	struct experiment *experiment = load_with(text, NULL, 0, &told);

	if (!experiment)
		fail_msg("%s", told);
	free(told);
	return experiment;
}

static char *good_and(const char *more)
{
	char *text = NULL;

	assert_true(asprintf(&text, "%s%s", good, more) > 0);
	return text;
}

static struct experiment *load_and(const char *more)
{
	char *text = good_and(more);
	struct experiment *experiment = load_good(text);

	free(text);
	return experiment;
}

static void settings_put_with_set_go_through_the_same_table(void **state)
{
	/* clang-format off */
	static const struct {
		char *set;
		const char *told;
	} rows[] = {
		{ "cpu=8", "--set cpu=8: error: unknown key 'cpu'; did you mean 'cpus'?\n" },
		{ "machine.l1d.kb=64", "--set machine.l1d.kb=64: error: unknown key 'machine.l1d.kb'; did you mean 'machine.l1d.kib'?\n" },
		{ "workload.object_sise=8", "--set workload.object_sise=8: error: unknown key 'workload.object_sise'; did you mean 'workload.object_size'?\n" },
		{ "cpus=0", "--set cpus=0: error: 'cpus' is 0; allowed 1..1024\n" },
		{ "cpus=[2, four]", "--set cpus=[2, four]: error: 'cpus' wants a whole number, got 'four'\n" },
		{ "seed=[1, 2]", "--set seed=[1, 2]: error: 'seed' wants a single value, got a list\n" },
		{ "cpus", "--set cpus: error: wants KEY=VALUE, like cpus=4 or workload.object_size=[64, 256]\n" },
		{ "cpus=", "--set cpus=: error: a value is missing after '='\n" },
		{ "cpus=[1", "--set cpus=[1: error: did not find expected ',' or ']'\n" },
		{ "machine.l1d.kib=many", "--set machine.l1d.kib=many: error: 'machine.l1d.kib' wants a whole number, got 'many'\n" },
		/* rules between keys, of which the option gives one and the machine's file the others */
		{ "machine.numa_nodes=3", "--set machine.numa_nodes=3: error: machine 'textbook': the cores cannot be split evenly over the memory nodes\n" },
		{ "machine.protocol=MOESI", "--set machine.protocol=MOESI: error: machine 'textbook': MOESI leaves a modified line dirty when it is read: dirty_read is share_owned or migrate\n" },
		{ "machine={base: textbook, dirty_read: migrate}", "--set machine={base: textbook, dirty_read: migrate}: error: machine 'textbook': MESI and MESIF write a modified line back when it is read: dirty_read is share_wb\n" },
		{ "machine.handoff.split=[1, 1]", "--set machine.handoff.split=[1, 1]: error: machine 'textbook': split wants three parts whose sum is 1\n" },
		{ "machine={base: textbook, sockets: 1, cores_per_die: 1}", "--set machine={base: textbook, sockets: 1, cores_per_die: 1}: error: 'cpus' is 2, machine 'textbook' has 1 cores; fewer CPUs, or 'scale: sockets' for more sockets\n" },
		{ "cpus=500", "--set cpus=500: error: 'cpus' is 500, machine 'textbook' has 16 cores; fewer CPUs, or 'scale: sockets' for more sockets\n" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *told, *set = xstrdup(rows[i].set);
		struct experiment *experiment = load_with(good, &set, 1, &told);

		assert_null(experiment);
		assert_string_equal(told, rows[i].told);
		free(told);
		free(set);
	}
}

static void set_replaces_and_adds(void **state)
{
	char *sets[] = { "cpus=4", "workload.in_flight=[1, 2]", "machine.l1d.kib=64" };
	struct experiment *experiment = load_with(good, sets, 3, NULL);

	(void)state;
	assert_non_null(experiment);
	assert_int_equal(experiment->combinations, 2);
	assert_int_equal(experiment->combination[0]->settings.cpus, 4);
	assert_int_equal(experiment->combination[0]->machine.l1d.kib, 64);
	/* the other keys of the section stay those of the file */
	assert_int_equal(experiment->combination[0]->machine.l1d.ways, 8);
	assert_string_equal(experiment->combination[0]->machine_name, "textbook+l1d.kib=64");
	assert_int_equal(experiment->sets, 3);
	experiment_free(experiment);
}

/* ---- the product ------------------------------------------------------------------------- */

static const char *key_of(const struct combination *combination, const char *key)
{
	for (size_t i = 0; i < combination->keys; i++) {
		if (!strcmp(combination->key[i].key, key))
			return combination->key[i].value;
	}
	return "";
}

/* "2/64 2/256 ..." of two keys, in the order of the points. */
static void expect_order(const struct experiment *experiment, const char *first, const char *second,
			 const char *expected)
{
	char text[1024] = "";

	for (size_t i = 0; i < experiment->combinations; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s/%s", i ? " " : "",
			 key_of(experiment->combination[i], first),
			 key_of(experiment->combination[i], second));
	assert_string_equal(text, expected);
}

static void several_lists_give_their_product_in_file_order(void **state)
{
	struct experiment *experiment =
		load_good("name: test\n"
			  "machine: textbook\n"
			  "workload: {kind: producer-consumer, object_size: [64, 256]}\n"
			  "cpus: [2, 4, 8]\n"
			  "objects: slub-page\n"
			  "operations: 1000\n"
			  "repeat: 2\n"
			  "seed: 7\n");

	(void)state;
	/* the first list of the file turns slowest, the last fastest, seeds fastest of all */
	expect_order(experiment, "workload.object_size", "cpus",
		     "64/2 64/4 64/8 256/2 256/4 256/8");
	assert_int_equal(experiment->points, 12);
	assert_int_equal(experiment->point[0].seed, 7);
	assert_int_equal(experiment->point[1].seed, 8);
	assert_ptr_equal(experiment->point[1].combination, experiment->combination[0]);
	assert_int_equal(experiment->swepts, 2);
	assert_string_equal(experiment->swept[0], "workload.object_size");
	experiment_free(experiment);
}

/* One run would count as several seeds: refused in whatever words the second one comes. */
static void no_combination_comes_twice(void **state)
{
	static char *const twice[] = {
		"cpus=[2, 2]",
		"cpus=[2, 4, 2]",
		"memory_mib=[2_56, 256]",
		"machine=[textbook, textbook]",
		"machine=[textbook, {base: textbook}]",
		"machine=[{base: textbook, l1d.kib: 64}, {base: textbook, l1d: {kib: 64}}]",
		"machine=[textbook, {base: textbook, l1d.kib: 32}]",
		"machine=[textbook, configs/machines/textbook.yaml]",
		"machine={base: textbook, freq_ghz: [2, 2.0]}",
		"objects=[slub-page, slub-cpu, slub-page]",
		"slub-page.min_objects=[8, 8]",
		"workload.in_flight=[4, 4]",
		"preempt=[true, true]",
		"placement=[compact, compact]",
	};
	static char *const other[] = {
		"cpus=[2, 4]",
		"machine=[textbook, {base: textbook, l1d.kib: 64}]",
		"slub-cpu.variant=[2.6.24, dfb4f096]",     /* of a model that is not used */
		"placement=[compact, scatter]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof twice / sizeof *twice; i++) {
		char *told, *set = xstrdup(twice[i]);
		struct experiment *experiment = load_with(good, &set, 1, &told);

		assert_null(experiment);
		if (!strstr(told, "has this value twice"))
			fail_msg("--set %s: %s", set, told);
		free(told);
		free(set);
	}
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		char *told, *set = xstrdup(other[i]);
		struct experiment *experiment = load_with(good, &set, 1, &told);

		if (!experiment)
			fail_msg("--set %s: %s", set, told);
		experiment_free(experiment);
		free(told);
		free(set);
	}
}

static void settings_of_a_model_multiply_only_its_points(void **state)
{
	struct experiment *experiment = load_good("name: test\n"
						  "machine: textbook\n"
						  "cpus: 2\n"
						  "objects: [slub-page, slub-cpu]\n"
						  "slub-cpu: {variant: [2.6.24, dfb4f096]}\n"
						  "workload: producer-consumer\n"
						  "operations: 1000\n");

	(void)state;
	expect_order(experiment, "objects", "slub-cpu.variant",
		     "slub-page/ slub-cpu/2.6.24 slub-cpu/dfb4f096");
	experiment_free(experiment);
}

static void machines_are_swept_by_name_and_by_key(void **state)
{
	struct experiment *names = load_good(
		"name: test\n"
		"machine: [textbook, {base: textbook, l1d.kib: 64}]\n"
		"cpus: 2\nobjects: slub-page\nworkload: producer-consumer\noperations: 10\n");
	struct experiment *keys = load_good(
		"name: test\n"
		"machine: {base: textbook, l1d.kib: [32, 64]}\n"
		"cpus: 2\nobjects: slub-page\nworkload: producer-consumer\noperations: 10\n");

	(void)state;
	assert_int_equal(names->combinations, 2);
	assert_string_equal(names->combination[0]->machine_name, "textbook");
	assert_string_equal(names->combination[1]->machine_name, "textbook+l1d.kib=64");
	assert_int_equal(names->combination[1]->machine.l1d.kib, 64);
	assert_int_equal(keys->combinations, 2);
	assert_string_equal(keys->combination[1]->machine_name, "textbook");
	assert_string_equal(key_of(keys->combination[1], "machine.l1d.kib"), "64");
	experiment_free(names);
	experiment_free(keys);
}

/* Cut alike, two machines would be one: figures would take their runs for seeds of it. */
static void long_names_of_machines_stay_apart(void **state)
{
	char text[1024], title[121];

	(void)state;
	memset(title, 'x', sizeof title - 1);
	title[sizeof title - 1] = '\0';
	snprintf(text, sizeof text,
		 "name: test\nmachine: [{base: textbook, title: %s, pause_cyc: 5}, {base: textbook, title: %s, pause_cyc: 6}]\n"
		 "cpus: 2\nobjects: slub-page\nworkload: producer-consumer\noperations: 10\n",
		 title, title);

	struct experiment *experiment = load_good(text);
	const char *first = experiment->combination[0]->machine_name,
		   *second = experiment->combination[1]->machine_name;

	assert_int_equal(experiment->combinations, 2);
	assert_int_equal(strlen(first), SETTING_NAME_BYTES - 1);
	assert_int_equal(strncmp(first, "textbook+title=xxx", 18), 0);
	assert_string_not_equal(first, second);
	assert_string_equal(key_of(experiment->combination[0], "machine"), first);
	experiment_free(experiment);
}

static void long_paths_of_machines_stay_apart(void **state)
{
	char text[1024], here[121];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof here; i++)
		here[i] = i % 2 ? '/' : '.';
	here[sizeof here - 1] = '\0';
	snprintf(text, sizeof text,
		 "name: test\nmachine: [%sconfigs/machines/textbook.yaml, %sconfigs/machines/core2-2s.yaml]\n"
		 "cpus: 2\nobjects: slub-page\nworkload: producer-consumer\noperations: 10\n",
		 here, here);

	struct experiment *experiment = load_good(text);

	assert_int_equal(experiment->combinations, 2);
	assert_string_equal(experiment->combination[0]->machine.id, "textbook");
	assert_string_not_equal(experiment->combination[0]->machine_name,
				experiment->combination[1]->machine_name);
	/* what runs it again has them whole */
	assert_non_null(strstr(experiment->effective, "/configs/machines/textbook.yaml"));
	experiment_free(experiment);
}

/* Blocks of pages need no object allocator; one that is named all the same sets the era. */
static void pages_need_no_objects(void **state)
{
	static const char *const texts[] = { "", "objects: none\n", "objects: slub-cpu\n" };
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		snprintf(text, sizeof text,
			 "name: pages\nmachine: textbook\ncpus: 2\n%s"
			 "workload: {kind: slab-test, level: pages, count: 10}\n", texts[i]);

		struct experiment *experiment = load_good(text);

		assert_int_equal(experiment->combination[0]->objects != NULL, i == 2);
		experiment_free(experiment);
	}
}

static void json_is_yaml(void **state)
{
	struct experiment *json = load_good(
		"{\"name\": \"json\", \"machine\": \"textbook\", \"cpus\": 2, "
		"\"workload\": {\"kind\": \"counter\"}, \"operations\": 1000}");

	(void)state;
	assert_int_equal(json->combination[0]->settings.cpus, 2);
	experiment_free(json);
}

static void placement_is_a_word_or_cores(void **state)
{
	struct experiment *cores = load_and("placement: [3, 9]\n"),
			  *words = load_and("placement: [compact, scatter]\n");

	(void)state;
	assert_int_equal(cores->combinations, 1);
	assert_int_equal(cores->combination[0]->settings.placement, PLACEMENT_LISTED);
	assert_int_equal(cores->combination[0]->core[1], 9);
	assert_string_equal(key_of(cores->combination[0], "placement"), "[3, 9]");
	assert_int_equal(words->combinations, 2);
	assert_int_equal(words->combination[1]->settings.placement, PLACEMENT_SCATTER);
	experiment_free(cores);
	experiment_free(words);
}

/* core2-2s: core 1 shares the L2 of core 0, 2 and 3 its socket, 4 to 7 are on the other one. */
static void placement_by_distance_is_swept_as_a_word(void **state)
{
	struct experiment *apart = load_good(
		"name: test\nmachine: core2-2s\nplacement: [apart-1, apart-2, apart-3]\ncpus: 2\n"
		"workload: counter\noperations: 10\n");
	const struct machine *machine = &apart->combination[0]->machine;

	(void)state;
	assert_int_equal(apart->combinations, 3);
	assert_int_equal(apart->combination[2]->settings.placement, PLACEMENT_APART_3);
	assert_string_equal(key_of(apart->combination[2], "placement"), "apart-3");
	assert_int_equal(machine_cores_apart(machine, 0), 1);
	assert_int_equal(machine_core_apart(machine, 0, 0), 1);
	assert_int_equal(machine_cores_apart(machine, 1), 2);
	assert_int_equal(machine_core_apart(machine, 1, 1), 3);
	assert_int_equal(machine_cores_apart(machine, 2), 4);
	assert_int_equal(machine_core_apart(machine, 2, 0), 4);
	assert_int_equal(machine_core_apart(machine, 2, 3), 7);
	experiment_free(apart);
}

static void more_cpus_than_cores_need_scale(void **state)
{
	/* textbook has 2 sockets of 8 cores: 40 CPUs need 5 sockets */
	char *set = "cpus=40";
	char *text = good_and("scale: sockets\n");
	struct experiment *experiment = load_with(text, &set, 1, NULL);

	(void)state;
	assert_null(load_with(good, &set, 1, NULL));
	assert_non_null(experiment);
	assert_int_equal(experiment->combination[0]->machine.sockets, 5);
	assert_string_equal(experiment->combination[0]->machine_name, "textbook+sockets=5");
	experiment_free(experiment);
	free(text);
}

static void what_no_seed_can_change_runs_once(void **state)
{
	struct experiment *still =
		load_good("name: test\nmachine: textbook\ncpus: [1, 2]\n"
			  "workload: {kind: counter, work_cycles: 9, work: [constant, {uniform: 0}, uniform]}\n"
			  "operations: 10\nrepeat: 3\njitter_cycles: 0\n");

	(void)state;
	/* work that is constant, in two words, and work that varies; one CPU, two */
	assert_int_equal(still->points, (1 + 3) + (1 + 3) + (3 + 3));
	experiment_free(still);
}

/* ---- hashes ------------------------------------------------------------------------------ */

static void order_comments_and_spelling_do_not_matter(void **state)
{
	static const char other[] = "# the same in other words\n"
				    "operations: 1_000   # with a comment\n"
				    "workload:\n"
				    "  object_size: 64\n"
				    "  kind: producer-consumer\n"
				    "objects: \"slub-page\"\n"
				    "warmup: 0\n"
				    "machine: textbook\n"
				    "cpus: 2\n"
				    "name: test\n";
	struct experiment *a = load_good(good), *b = load_good(other);

	(void)state;
	assert_string_equal(a->hash, b->hash);
	assert_string_equal(a->point[0].name, b->point[0].name);
	experiment_free(a);
	experiment_free(b);
}

/* A model that is not known by itself would have its points go stale with every edit. */
static void every_model_and_workload_has_a_version_of_its_own(void **state)
{
	char part[128];

	(void)state;
	assert_true(version_knows(""));
	for (size_t i = 0; object_allocators[i]; i++) {
		snprintf(part, sizeof part, "objects/%s", object_allocators[i]->name);
		if (!version_knows(part))
			fail_msg("versions.sh does not find %s", part);
	}
	for (size_t i = 0; page_allocators[i]; i++) {
		snprintf(part, sizeof part, "pages/%s", page_allocators[i]->name);
		if (!version_knows(part))
			fail_msg("versions.sh does not find %s", part);
	}
	for (size_t i = 0; workloads[i]; i++) {
		snprintf(part, sizeof part, "workloads/%s", workloads[i]->name);
		if (!version_knows(part))
			fail_msg("versions.sh does not find %s", part);
	}
}

static void what_determines_a_point_is_in_its_name(void **state)
{
	static const char *const different[] = {
		"warmup: 1\n",	      "seed: 2\n",
		"preempt: true\n",    "struct_page: aligned-64\n",
		"jitter_cycles: 1\n", "slub-page.min_objects: 8\n"
	};
	static const char *const same[] = { "title: other\n", "plots: [heat]\n", "repeat: 9\n",
					    "run_ahead: false\n", "parking: false\n" };
	struct experiment *base = load_good(good);

	(void)state;
	for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
		struct experiment *experiment = load_and(different[i]);

		assert_string_not_equal(experiment->point[0].name, base->point[0].name);
		experiment_free(experiment);
	}

	char *set = "machine.l1d.kib=64";
	struct experiment *machine = load_with(good, &set, 1, NULL);

	assert_string_not_equal(machine->point[0].name, base->point[0].name);
	experiment_free(machine);
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		struct experiment *experiment = load_and(same[i]);

		assert_string_equal(experiment->point[0].name, base->point[0].name);
		experiment_free(experiment);
	}
	experiment_free(base);
}

/* Reading the effective experiment gives the same points in the same order. */
static void expect_reads_back(const char *text)
{
	struct experiment *first = load_good(text), *second = load_good(first->effective);

	assert_string_equal(second->hash, first->hash);
	assert_string_equal(second->effective, first->effective);
	assert_int_equal(second->points, first->points);
	for (size_t i = 0; i < first->points; i++)
		assert_string_equal(second->point[i].name, first->point[i].name);
	experiment_free(first);
	experiment_free(second);
}

/* A list of them is swept; a spread of 1 is the word itself. */
static void a_word_or_a_map_is_a_distribution(void **state)
{
	struct experiment *experiment = load_and(
		"workload.work: [constant, {lognormal: 1.0}, {lognormal: 0.5}, {uniform: 0.125}]\n");
	static const struct distribution expected[] = {
		{ SHAPE_CONSTANT, 1000 },
		{ SHAPE_LOGNORMAL, 1000 },
		{ SHAPE_LOGNORMAL, 500 },
		{ SHAPE_UNIFORM, 125 },
	};
	const struct setting *work =
		schema_find(workload_find("producer-consumer")->settings, "work");

	(void)state;
	assert_int_equal(experiment->combinations, 4);
	for (size_t i = 0; i < 4; i++) {
		const char *settings = experiment->combination[i]->workload_settings;
		const struct distribution *read = (const void *)(settings + work->offset);

		assert_int_equal(read->shape, expected[i].shape);
		assert_int_equal(read->spread, expected[i].spread);
	}
	expect_order(experiment, "workload.work", "cpus",
		     "constant/2 lognormal/2 {lognormal: 0.5}/2 {uniform: 0.125}/2");
	expect_reads_back(experiment->effective);
	experiment_free(experiment);
}

static void the_effective_experiment_reads_back(void **state)
{
	(void)state;
	expect_reads_back(good);
	expect_reads_back(
		"name: test\n"
		"title: 'quotes \" and \\ and: colons # too'\n"
		"workload: {object_size: [256, 64], kind: producer-consumer, in_flight: [1, 16]}\n"
		"machine: {base: core2-2s, load_ns.M: [10, 20, 30], l1d.kib: [32, 64]}\n"
		"cpus: [4, 2]\n"
		"slub-cpu: {variant: [dfb4f096, 2.6.24]}\n"
		"placement: scatter\n"
		"objects: [slub-cpu, slub-page]\n"
		"repeat: 2\n"
		"plots: [heat]\n"
		"operations: 10\n");
	expect_reads_back(
		"name: test\nmachine: {base: core2-2s, weak: [load_ns.M, rmw_ns]}\ncpus: 2\n"
		"objects: slub-page\nworkload: producer-consumer\noperations: 10\n");
	expect_reads_back(
		"name: test\nmachine: [textbook, {base: core2-2s, weak: [load_ns.M, rmw_ns], l1d.kib: 64}]\n"
		"cpus: 2\nobjects: slub-page\nworkload: producer-consumer\noperations: 10\n");
	expect_reads_back(
		"name: test\nmachine: [core2-2s, {base: textbook, load_ns.M: [1, 2], home: bus}]\nplacement: [1, 0]\n"
		"cpus: 2\nobjects: slub-page\nworkload: producer-consumer\noperations: 10\n");
}

/* What a machine's author thinks of its numbers does not change what they give. */
static void weak_is_no_part_of_a_result(void **state)
{
	char *none = "machine.weak=[]", *one = "machine.weak=[load_ns.M]";
	struct experiment *base = load_good(good), *without = load_with(good, &none, 1, NULL),
			  *with = load_with(good, &one, 1, NULL);

	(void)state;
	assert_int_equal(with->combination[0]->machine.weak.count, 1);
	assert_string_equal(with->combination[0]->machine.weak.key[0], "load_ns.M");
	assert_string_equal(with->point[0].name, base->point[0].name);
	assert_string_equal(without->point[0].name, base->point[0].name);
	assert_string_equal(with->combination[0]->machine_name, "textbook");
	assert_non_null(strstr(with->effective, "weak: [load_ns.M]"));
	experiment_free(base);
	experiment_free(without);
	experiment_free(with);
}

/* ---- machines ---------------------------------------------------------------------------- */

static void every_machine_file_is_right(void **state)
{
	size_t count;
	char **names = machine_names(&count);

	(void)state;
	assert_true(count >= 2);
	for (size_t i = 0; i < count; i++) {
		struct machine machine = load_machine(names[i]);

		assert_string_equal(machine.id, names[i]);
	}
	machine_names_free(names, count);
}

static void a_list_of_weak_keys_replaces_that_of_the_base(void **state)
{
	static const struct {
		const char *text;
		unsigned count;
		const char *first;
	} rows[] = {
		{ "id: mine\nbase: core2-2s\nweak: [dram_ns]\n", 1, "dram_ns" },
		{ "id: mine\nbase: core2-2s\nweak: []\n", 0, "" },
		{ "id: mine\nbase: core2-2s\ndram_ns: [100]\n", 10, "load_ns" },
	};
	char *folder = folder_new(), *path = NULL;

	(void)state;
	assert_true(asprintf(&path, "%s/mine.yaml", folder) > 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		write_text(path, rows[i].text);

		struct machine machine = load_machine(path);

		assert_int_equal(machine.weak.count, rows[i].count);
		assert_string_equal(machine.weak.key[0], rows[i].first);
	}
	assert_int_equal(load_machine("textbook").weak.count, 0);
	free(path);
	folder_free(folder);
}

static void far_sockets_are_two_hops_away(void **state)
{
	/* same_die, same_socket, one hop, two hops, by the order of enum distance */
	struct machine machine = { .sockets = 4,
				   .dies_per_socket = 2,
				   .cores_per_die = 1,
				   .numa_nodes = 1,
				   .distances = { 4,
						  { DISTANCE_DIE, DISTANCE_SOCKET, DISTANCE_HOP,
						    DISTANCE_FAR } } };

	(void)state;
	assert_int_equal(machine_distance(&machine, 0, 1), 1);  /* other die of socket 0 */
	assert_int_equal(machine_distance(&machine, 0, 2),
			 2); /* socket 1: numbers 0 and 1 differ in one bit */
	assert_int_equal(machine_distance(&machine, 0, 4), 2);  /* socket 2: 00 and 10 */
	assert_int_equal(machine_distance(&machine, 0, 6), 3);  /* socket 3: 00 and 11 */
	assert_int_equal(machine_distance(&machine, 2, 4), 3);  /* sockets 1 and 2: 01 and 10 */
	/* a list that ends with one hop says that all sockets are that far */
	machine.distances.count = 3;
	assert_int_equal(machine_distance(&machine, 0, 6), 2);
}

static void count_complaint(void *to, const char *key, const char *text)
{
	const char **wanted = to;

	(void)text;
	if (*wanted && strcspn(key, ",") == strlen(*wanted) && !strncmp(key, *wanted, strlen(*wanted)))
		*wanted = NULL;
}

static void rules_between_keys_of_a_machine_are_told(void **state)
{
	(void)state;

#define BREAK(change, key_) \
	do { \
		struct machine machine = load_machine("core2-2s"); \
		const char *key = key_; \
		change; \
		assert_false(machine_check(&machine, count_complaint, &key)); \
		assert_null(key); \
	} while (0)
	BREAK(machine.sockets = 128; machine.cores_per_die = 16, "cores_per_die");
	BREAK(machine.numa_nodes = 3, "numa_nodes");
	BREAK(machine.l1d.ways = 1000, "l1d.ways");
	BREAK(machine.l1d.shared = 2, "l1d.shared");
	BREAK(machine.l2.shared = 3, "l2.shared");
	BREAK(machine.l2.hit_cyc = 1, "l2.hit_cyc");
	BREAK(machine.load_ns.M.count = 2, "load_ns.M");
	BREAK(machine.rmw_ns.S.count = 1, "rmw_ns.S");
	BREAK(machine.distances.value[1] = DISTANCE_DIE, "distances");
	BREAK(machine.dram_ns.count = 5, "dram_ns");
	BREAK(machine.handoff.split.value[0] = 0.5, "handoff.split");
	BREAK(machine.own_cyc.lock_add.count = 3, "own_cyc.lock_add");
#undef BREAK
}

/* ---- tables ------------------------------------------------------------------------------ */

static void check_table(const struct setting *table, size_t size)
{
	for (; table && table->key; table++) {
		assert_non_null(table->help);
		assert_true(table->offset < size);
		if (table->kind == SETTING_SECTION)
			check_table(table->section, size);
		if (table->kind == SETTING_COUNT || table->kind == SETTING_BYTES ||
		    table->kind == SETTING_REAL)
			if (table->min == 0 && table->max == 0)
				fail_msg("key '%s' has no range", table->key);
	}
}

/* Every fallback goes through the same reader without a mistake. */
static void fill_from_fallbacks(const char *name, const struct setting *table, size_t size)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct schema schema = { .diagnostics = diagnostics };
	struct place place = { diagnostics_source(diagnostics, name, "", 0, false), 0, 0 };
	void *settings = xalloc(size + 1);

	if (table) {
		check_table(table, size);
		schema_fill(&schema, table, NULL, place, name, settings, NULL);
		diagnostics_print(diagnostics, stderr, false);
		assert_int_equal(diagnostics_count(diagnostics), 0);
	}
	free(settings);
	schema_free(&schema);
	diagnostics_free(diagnostics);
}

static void every_table_has_help_ranges_and_readable_fallbacks(void **state)
{
	struct keys *keys = keys_new();

	(void)state;
	check_table(keys_table(keys), sizeof(struct settings));
	keys_free(keys);
	check_table(machine_settings, sizeof(struct machine));
	for (size_t i = 0; object_allocators[i]; i++)
		fill_from_fallbacks(object_allocators[i]->name, object_allocators[i]->settings,
				    object_allocators[i]->settings_size);
	for (size_t i = 0; page_allocators[i]; i++)
		fill_from_fallbacks(page_allocators[i]->name, page_allocators[i]->settings,
				    page_allocators[i]->settings_size);
	for (size_t i = 0; workloads[i]; i++) {
		check_table(workloads[i]->settings, workloads[i]->settings_size);
		/* a replay needs its trace: the one key without a fallback */
		if (strcmp(workloads[i]->name, "replay"))
			fill_from_fallbacks(workloads[i]->name, workloads[i]->settings,
					    workloads[i]->settings_size);
	}
}

static int set_up(void **state)
{
	(void)state;
	enter_source_tree();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_has_its_exact_message),
		cmocka_unit_test(a_mistake_runs_nothing),
		cmocka_unit_test(a_missing_file_is_told),
		cmocka_unit_test(a_section_that_is_not_run_is_remarked),
		cmocka_unit_test(settings_put_with_set_go_through_the_same_table),
		cmocka_unit_test(set_replaces_and_adds),
		cmocka_unit_test(several_lists_give_their_product_in_file_order),
		cmocka_unit_test(no_combination_comes_twice),
		cmocka_unit_test(settings_of_a_model_multiply_only_its_points),
		cmocka_unit_test(machines_are_swept_by_name_and_by_key),
		cmocka_unit_test(long_names_of_machines_stay_apart),
		cmocka_unit_test(long_paths_of_machines_stay_apart),
		cmocka_unit_test(what_cannot_be_is_left_out_while_something_can),
		cmocka_unit_test(nothing_that_can_be_is_a_mistake),
		cmocka_unit_test(left_out_combinations_read_back),
		cmocka_unit_test(a_moved_experiment_says_where_its_machine_was),
		cmocka_unit_test(pages_need_no_objects),
		cmocka_unit_test(json_is_yaml),
		cmocka_unit_test(placement_is_a_word_or_cores),
		cmocka_unit_test(placement_by_distance_is_swept_as_a_word),
		cmocka_unit_test(more_cpus_than_cores_need_scale),
		cmocka_unit_test(what_no_seed_can_change_runs_once),
		cmocka_unit_test(order_comments_and_spelling_do_not_matter),
		cmocka_unit_test(every_model_and_workload_has_a_version_of_its_own),
		cmocka_unit_test(what_determines_a_point_is_in_its_name),
		cmocka_unit_test(a_word_or_a_map_is_a_distribution),
		cmocka_unit_test(the_effective_experiment_reads_back),
		cmocka_unit_test(weak_is_no_part_of_a_result),
		cmocka_unit_test(every_machine_file_is_right),
		cmocka_unit_test(a_list_of_weak_keys_replaces_that_of_the_base),
		cmocka_unit_test(far_sockets_are_two_hops_away),
		cmocka_unit_test(rules_between_keys_of_a_machine_are_told),
		cmocka_unit_test(every_table_has_help_ranges_and_readable_fallbacks),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
