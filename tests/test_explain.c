/*
 * What goes by a word: near misses of every list, and every heading of every table that is
 * printed, which `explain` knows.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/views.h"
#include "experiment/keys.h"
#include "experiment/machine_file.h"
#include "experiment/metrics.h"
#include "experiment/figure.h"
#include "experiment/schema.h"
#include "models/model.h"
#include "sim/machine.h"
#include "sim/protocol.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"
#include "workloads/workload.h"

/* ---- near misses ------------------------------------------------------------------------- */

static bool is_known(const char *word)
{
	struct output output = run_cli((const char *const[]){ "explain", word, NULL });
	bool known = output.status == 0 && *output.out && !*output.err;

	output_free(&output);
	return known;
}

/*
 * The name with one letter in its middle left out is answered with the name, or with another word
 * that exists: "stores" is as near to "stres" as "stress" would be. What is told is text that
 * still exists when it is told (these tests run under AddressSanitizer too).
 */
static void expect_answer(const char *name)
{
	size_t length = strlen(name);
	char missed[SETTING_PATH_BYTES];

	if (length < 4)
		return;
	snprintf(missed, sizeof missed, "%.*s%s", (int)(length / 2), name, name + length / 2 + 1);

	struct output output = run_cli((const char *const[]){ "explain", missed, NULL });
	const char *meant = strstr(output.err, "did you mean '");

	if (output.status == 0) {       /* the miss is a word itself */
		output_free(&output);
		return;
	}
	if (output.status != 2 || !meant)
		fail_msg("explain %s: status %d, told %s", missed, output.status, output.err);

	char *word = xstrdup(meant + strlen("did you mean '"));

	word[strcspn(word, "'")] = '\0';
	if (strcmp(word, name) != 0 && !is_known(word))
		fail_msg("explain %s: '%s' is no word either", missed, word);
	free(word);
	output_free(&output);
}

static void expect_keys(const struct setting *table)
{
	for (; table && table->key; table++) {
		expect_answer(table->key);
		for (size_t i = 0; table->words && table->words[i]; i++)
			expect_answer(table->words[i]);
		if (table->kind == SETTING_SECTION)
			expect_keys(table->section);
	}
}

static void near_misses_of_keys_and_their_words(void **state)
{
	struct keys *keys = keys_new();

	(void)state;
	expect_keys(keys_table(keys));
	expect_keys(machine_settings);
	for (size_t i = 0; workloads[i]; i++)
		expect_keys(workloads[i]->settings);
	for (size_t i = 0; object_allocators[i]; i++)
		expect_keys(object_allocators[i]->settings);
	for (size_t i = 0; page_allocators[i]; i++)
		expect_keys(page_allocators[i]->settings);
	keys_free(keys);
}

static void near_misses_of_names(void **state)
{
	size_t count;
	char **machines = machine_names(&count);

	(void)state;
	assert_true(count > 5);
	for (size_t i = 0; i < count; i++)
		expect_answer(machines[i]);
	machine_names_free(machines, count);
	for (const struct metric *metric = metrics; metric->name; metric++)
		expect_answer(metric->name);
	for (const struct view *view = views; view->name; view++)
		expect_answer(view->name);
	for (const struct figure *figure = figures; figure->name; figure++)
		expect_answer(figure->name);
	for (size_t i = 0; protocols[i]; i++)
		expect_answer(protocols[i]->name);
}

/* Every other place where a word of a list is typed. */
static void near_misses_elsewhere(void **state)
{
	/* clang-format off */
	static const struct {
		const char *arguments[6], *told;
	} rows[] = {
		{ { "list", "metrcs" },                         "did you mean 'metrics'?" },
		{ { "explain", "step" },                        "'step' is a verb; 'bounce help step' says" },
		{ { "explain", "export" },                      "'export' is a verb; 'bounce help export' says" },
		{ { "report", "x", "lnes" },                    "did you mean 'lines'?" },
		{ { "plot", "x", "bonces" },                    "did you mean 'bounces'?" },
		{ { "report", "configs/remote-free.yaml" }, "; it is a file: 'bounce run' makes results" },
		{ { "compare", "configs/remote-free.yaml" }, "; it is a file: 'bounce run' makes results" },
		{ { "check", "configs/remote-free" },           "did you mean 'configs/remote-free.yaml'?" },
		{ { "check", "remote-fre" },                    "did you mean 'remote-free'? ('bounce list experiments' shows all)" },
		{ { "check", "remote-free.yaml" },              "did you mean 'configs/remote-free.yaml'?" },
		{ { "check", "configs" },                       "an experiment is a YAML file" },
		{ { "compare", "x", "--metric", "bounce" },     "did you mean 'bounces'?" },
		{ { "compare", "x", "--metric", "bounces/operatons" }, "did you mean 'operations'?" },
		{ { "check", "tests/experiments/ring.yaml", "--set", "cpu=2" },
		  "unknown key 'cpu'; did you mean 'cpus'?" },
		{ { "check", "tests/experiments/ring.yaml", "--set", "machine.l1d.kbi=64" },
		  "did you mean 'machine.l1d.kib'?" },
		{ { "check", "tests/experiments/ring.yaml", "--set", "slub-cpu.min_object=4" },
		  "did you mean 'slub-cpu.min_objects'?" },
		{ { "check", "tests/experiments/ring.yaml", "--set", "placement=scater" },
		  "did you mean 'scatter'?" },
		{ { "check", "tests/experiments/ring.yaml", "--set", "machine=texbook" },
		  "did you mean 'textbook'?" },
		{ { "check", "tests/experiments/ring.yaml", "--set", "machine.protocol=MEIS" },
		  "did you mean 'MESI'?" },
		{ { "check", "tests/experiments/ring.yaml", "--set", "machine.weak=[l1d.hit_cy]" },
		  "did you mean 'l1d.hit_cyc'?" },
		{ { "check", "tests/experiments/ring.yaml", "--set", "objects=slub_cpu" },
		  "did you mean 'slub-cpu'?" },
		{ { "check", "tests/experiments/ring.yaml", "--set", "workload.handoff=rng" },
		  "did you mean 'ring'?" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct output output = run_cli(rows[i].arguments);

		if (output.status != 2 || !strstr(output.err, rows[i].told))
			fail_msg("status %d, told %s instead of %s", output.status, output.err,
				 rows[i].told);
		output_free(&output);
	}
}

static void capitals_and_hyphens_do_not_matter(void **state)
{
	static const char *const words[] = { "MESI",   "mesi",		"Mesi",	    "M",
					     "Slub_CPU", "false sharing", "false-sharing",
					     "PLACEMENT", "scatter",	"out of memory",
					     "combination", "point", "seed", "left out", "swept",
					     "incomplete", "place", "weak", "partners", "range",
					     "interval", "cold", "capacity", "true sharing",
					     "partial list", "migratetype", "pageblock", "LRU",
					     "ABA", "purger" };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!is_known(words[i]))
			fail_msg("explain %s: unknown", words[i]);
	}

	struct output joined = run_cli((const char *const[]){ "explain", "false", "sharing", NULL });

	assert_int_equal(joined.status, 0);
	output_free(&joined);
}

static void states_causes_and_ends_are_words(void **state)
{
	char word[64];

	(void)state;
	for (int i = 0; i < STATES; i++) {
		snprintf(word, sizeof word, "%c", state_letter[i]);
		assert_true(is_known(word));
	}
	for (int i = 0; i < CAUSES; i++) {
		if (!is_known(cause_names[i]))
			fail_msg("explain %s: unknown", cause_names[i]);
	}
	for (int i = OUTCOME_DONE; i <= OUTCOME_BUG; i++) {
		if (!is_known(outcome_names[i]))
			fail_msg("explain %s: unknown", outcome_names[i]);
	}
}

/* docs/keys.md sends its readers here, with the names that it has from `list keys`. */
static void every_listed_name_is_a_word(void **state)
{
	static const char *const lists[] = { "models",	  "workloads", "machines",
					     "protocols", "metrics",   "keys", "experiments" };

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct output output =
			run_cli((const char *const[]){ "list", lists[i], "--format", "csv", NULL });
		size_t names = 0;
		char *rest = output.out, *line = strsep(&rest, "\n");

		assert_int_equal(output.status, 0);
		while ((line = strsep(&rest, "\n")) && *line) {
			line[strcspn(line, ",")] = '\0';
			if (!is_known(line))
				fail_msg("explain %s, of list %s: unknown", line, lists[i]);
			names++;
		}
		assert_true(names > 0);
		output_free(&output);
	}
}

static void ends_of_paths_and_names_of_states_are_words(void **state)
{
	static const char *const words[] = { "l1d.kib", "load_ns.M", "object_size", "Modified",
					     "owned", "Dirty", "exclusive", "shared", "forward", "Invalid" };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!is_known(words[i]))
			fail_msg("explain %s: unknown", words[i]);
	}
	assert_false(is_known("d.kib"));
	assert_false(is_known("workload(counter).object_size"));
}

/* ---- headings ---------------------------------------------------------------------------- */

enum { HEADINGS_MAX = 200 };

/* Headings are bold; cells are two blanks or more apart, words inside them one. */
static size_t expect_headings(const char *text, const char *const *names)
{
	static const char bold[] = "\033[1m", plain[] = "\033[0m";
	size_t count = 0;

	for (const char *at = strstr(text, bold); at; at = strstr(at, bold)) {
		const char *end = strstr(at += strlen(bold), plain);

		assert_non_null(end);
		while (at < end) {
			char title[80] = "";
			size_t length = 0;

			at += strspn(at, " ");
			while (at + length < end && strncmp(at + length, "  ", 2) != 0)
				length++;
			snprintf(title, sizeof title, "%.*s", (int)length, at);
			at += length;

			/* numbers and lists of them are CPUs */
			bool is_name = !title[strspn(title, "0123456789,-")];

			for (size_t i = 0; names && names[i]; i++)
				is_name |= strstr(title, names[i]) != NULL;
			if (!is_name && !is_known(title))
				fail_msg("the heading '%s' is no word that explain knows", title);
			count += !is_name;
		}
	}
	return count;
}

static size_t headings_of(const char *const *arguments, const char *const *names)
{
	struct output output = run_cli(arguments);

	if (output.status)
		fail_msg("%s: status %d: %s", arguments[0], output.status, output.err);

	size_t count = expect_headings(output.out, names);

	output_free(&output);
	return count;
}

static void every_heading_is_a_word(void **state)
{
	static const char *const lists[] = { "models",	  "workloads", "machines",
					     "protocols", "metrics",   "keys", "experiments" };
	/* of series: what is compared stands in the heading */
	static const char *const series[] = { "slub-page", "slub-cpu", "ring", "core2-2s", "bounce ",
					     NULL };
	char *folder = folder_new(), ring[4200], counter[4200], pages[4200];
	size_t count = 0;

	(void)state;
	snprintf(ring, sizeof ring, "%s/ring", folder);
	snprintf(counter, sizeof counter, "%s/counter.yaml", folder);
	count += headings_of((const char *const[]){ "run", "tests/experiments/ring.yaml", "--quiet",
						    "--no-plots", "--color", "always", "--output",
						    folder, "--set", "operations=400", NULL },
			     series);
	write_text(counter, "name: counter\nmachine: textbook\ncpus: 2\n"
			    "workload: {kind: counter, op: [add, lock_add]}\n"
			    "operations: 100\nmemory_mib: 16\n");
	snprintf(pages, sizeof pages, "%s/pages.yaml", folder);
	write_text(pages, "name: pages\nmachine: textbook\ncpus: 2\nobjects: none\n"
			  "workload: {kind: slab-test, level: pages, test: n-pairs, count: 50}\n"
			  "memory_mib: 16\n");
	count += headings_of((const char *const[]){ "run", pages, "--quiet", "--color", "always",
						    "--output", folder, NULL },
			     NULL);
	count += headings_of((const char *const[]){ "run", counter, "--quiet", "--color", "always",
						    "--output", folder, NULL },
			     NULL);
	for (const struct view *view = views; view->name; view++)
		count += headings_of((const char *const[]){ "report", ring, view->name, "--color",
							    "always", NULL },
				     series);
	count += headings_of((const char *const[]){ "compare", ring, "--color", "always", NULL },
			     series);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		count += headings_of((const char *const[]){ "list", lists[i], "--color", "always",
							    NULL },
				     NULL);
	count += headings_of((const char *const[]){ "litmus", "tests/litmus/INC+store.litmus",
						    "--runs", "10", "--color", "always", NULL },
			     NULL);
	/* run 8, lines 12, ..., lists 13: fewer means that bold headings were not found */
	assert_true(count > 60);
	folder_free(folder);
}

/* ---- versions ------------------------------------------------------------------------------------ */

static void expect_in(const struct output *output, const char *text)
{
	if (!strstr(output->out, text))
		fail_msg("'%s' is not in:\n%s", text, output->out);
}

/* What a model follows, what that brought, and its variants with theirs. */
static void a_model_tells_its_version_and_its_variants(void **state)
{
	struct output output = run_cli((const char *const[]){ "explain", "slub-lockless", NULL });

	(void)state;
	expect_in(&output, "of Linux 3.1, 2011\n");
	expect_in(&output, "new in it: no slab lock");
	expect_in(&output, "variant 3.1: ");
	expect_in(&output, "variant 3.2: ");
	expect_in(&output, "  new in it: CPUs keep partial slabs of their own");
	expect_in(&output, "variant 3.18: ");
	output_free(&output);
	output = run_cli((const char *const[]){ "list", "models", "--format", "jsonl", NULL });
	expect_in(&output, "\"version\":\"Linux 2.6.22\",\"year\":\"2007\"");
	expect_in(&output, "\"variants\":\"3.1 3.2 3.18\"");
	expect_in(&output, "\"variants\":\"intended v1 4.0\"");
	expect_in(&output, "\"version\":\"Linux 6.12 and 7.1\",\"year\":\"2024\"");
	output_free(&output);
	output = run_cli((const char *const[]){ "explain", "llfree", NULL });
	expect_in(&output, "of LLFree of USENIX ATC'23, 2023\nnew in it: counters and bits in place of lists");
	output_free(&output);
	output = run_cli((const char *const[]){ "explain", "pcp-buddy", NULL });
	expect_in(&output, "of a proposal of April 2026 on Linux 7.x (sketch), 2026\n");
	expect_in(&output, "new in it: a CPU takes whole blocks of 512 pages from the zone and owns them");
	output_free(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(near_misses_of_keys_and_their_words),
		cmocka_unit_test(near_misses_of_names),
		cmocka_unit_test(near_misses_elsewhere),
		cmocka_unit_test(capitals_and_hyphens_do_not_matter),
		cmocka_unit_test(states_causes_and_ends_are_words),
		cmocka_unit_test(every_listed_name_is_a_word),
		cmocka_unit_test(ends_of_paths_and_names_of_states_are_words),
		cmocka_unit_test(every_heading_is_a_word),
		cmocka_unit_test(a_model_tells_its_version_and_its_variants),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
