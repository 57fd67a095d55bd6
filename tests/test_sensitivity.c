/*
 * Weak numbers: changed by a factor within their rules; verdicts on conclusions; and
 * bounce run --sensitivity as a whole, with costs that are added up by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "experiment/machine_file.h"
#include "experiment/metrics.h"
#include "experiment/sensitivity.h"
#include "experiment/weak.h"
#include "tests/cli_fixture.h"

/* ---- changing a machine ------------------------------------------------------------------ */

/* Textbook, with these keys called weak. */
static struct machine machine_with(const char *const *keys)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct machine machine;

	assert_true(machine_load("textbook", diagnostics, &machine));
	diagnostics_free(diagnostics);
	for (; *keys; keys++)
		snprintf(machine.weak.key[machine.weak.count++], SETTING_KEY_BYTES, "%s", *keys);
	return machine;
}

static void change(struct machine *machine, const char *key, double factor)
{
	struct weak_change how = { key, factor };
	char why[200];

	if (!weak_apply(machine, &how, why, sizeof why))
		fail_msg("%s: %s", key ? key : "all", why);
}

static void a_section_changes_all_numbers_in_it(void **state)
{
	struct machine machine =
		machine_with((const char *const[]){ "load_ns", "rmw_ns.S", "mfence_cyc", NULL });

	(void)state;
	change(&machine, "load_ns", 0.5);
	/* textbook: M [60, 160], E [50, 140], S [40, 120], O not given */
	assert_true(machine.load_ns.M.value[0] == 30 && machine.load_ns.M.value[1] == 80);
	assert_true(machine.load_ns.E.value[0] == 25 && machine.load_ns.E.value[1] == 70);
	assert_true(machine.load_ns.S.value[0] == 20 && machine.load_ns.S.value[1] == 60);
	assert_int_equal(machine.load_ns.O.count, 0);
	change(&machine, "rmw_ns.S", 2);
	/* S [50, 130]; M [70, 170] stays */
	assert_true(machine.rmw_ns.S.value[0] == 100 && machine.rmw_ns.S.value[1] == 260);
	assert_true(machine.rmw_ns.M.value[0] == 70 && machine.rmw_ns.M.value[1] == 170);
	assert_true(machine.mfence_cyc == 10);
}

static void all_weak_numbers_change_together_and_once(void **state)
{
	struct machine machine =
		machine_with((const char *const[]){ "rmw_ns", "rmw_ns.S", "mfence_cyc", NULL });

	(void)state;
	change(&machine, NULL, 2);
	assert_true(machine.rmw_ns.M.value[0] == 140 && machine.rmw_ns.S.value[0] == 100);
	assert_true(machine.mfence_cyc == 20);
	assert_true(machine.load_ns.M.value[0] == 60);
}

static void what_a_machine_does_not_call_weak_stays(void **state)
{
	struct machine machine = machine_with((const char *const[]){ "mfence_cyc", NULL });

	(void)state;
	change(&machine, "load_ns", 2);
	assert_true(machine.load_ns.M.value[0] == 60);
}

static void whole_numbers_round_and_stay_one_or_more(void **state)
{
	static const struct {
		uint64_t before;
		double factor;
		uint64_t after;
	} rows[] = {
		{ 20, 0.5, 10 }, { 20, 2, 40 }, { 3, 0.5, 2 }, { 1, 0.5, 1 }, { 1, 2, 2 },
		{ 0, 0.5, 0 },   { 0, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct machine machine =
			machine_with((const char *const[]){ "store_buffer", NULL });

		machine.store_buffer = rows[i].before;
		change(&machine, "store_buffer", rows[i].factor);
		assert_int_equal(machine.store_buffer, rows[i].after);
	}
}

static void what_breaks_a_rule_is_not_possible(void **state)
{
	static const struct {
		const char *key;
		double factor;
		const char *why;
	} rows[] = {
		{ "handoff.split", 0.5, "split wants three parts whose sum is 1" },
		{ "l2.hit_cyc", 0.5, "a hit in l2 cannot be faster than one in l1d" },
		{ "dram_ns", 2, "dram_ns would be 1.2e+06; allowed 0..1e+06" },
		{ "store_buffer", 2, "store_buffer would be 1200; allowed 0..1024" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct machine machine = machine_with((const char *const[]){ rows[i].key, NULL });
		struct weak_change how = { rows[i].key, rows[i].factor };
		char why[200];

		machine.dram_ns.value[0] = 600000;
		machine.store_buffer = 600;
		machine.l2 = (struct cache_level){ 1024, 8, 1.5, 1 };
		assert_false(weak_apply(&machine, &how, why, sizeof why));
		assert_string_equal(why, rows[i].why);
	}
}

/* ---- verdicts ---------------------------------------------------------------------------- */

#define ONE { 0, 0, 0, 0 }
#define TWO { 4, 4, 10, 20 }

static void an_order_needs_one_per_cent_and_an_interval_without_0(void **state)
{
	static const struct {
		const char *name;
		struct interval change, back;
		enum order order;
	} rows[] = {
		{ "second has more", { 3, .2, .1, .3, false, ONE }, { 3, -.17, -.2, -.1, false, ONE }, ORDER_LESS },
		{ "second has less", { 3, -.2, -.3, -.1, false, ONE }, { 3, .25, .1, .4, false, ONE }, ORDER_MORE },
		{ "0 in the interval", { 3, .2, -.1, .5, false, ONE }, { 3, -.17, -.4, .1, false, ONE }, ORDER_EQUAL },
		{ "the same", { 3, 0, 0, 0, false, ONE }, { 3, 0, 0, 0, false, ONE }, ORDER_EQUAL },
		{ "sure, below 1 %", { 3, .009, .008, .01, false, ONE }, { 3, -.009, -.01, -.008, false, ONE }, ORDER_EQUAL },
		{ "sure, above", { 3, .02, .019, .021, false, ONE }, { 3, -.02, -.021, -.019, false, ONE }, ORDER_LESS },
		{ "single runs", { 1, .2, .2, .2, false, ONE }, { 1, -.17, -.17, -.17, false, ONE }, ORDER_LESS },
		{ "first has nothing", { 3, NAN, NAN, NAN, false, ONE }, { 3, -1, -1.2, -.8, false, ONE }, ORDER_LESS },
		{ "second has nothing", { 3, -1, -1.2, -.8, false, ONE }, { 3, NAN, NAN, NAN, false, ONE }, ORDER_MORE },
		{ "nobody has any", { 3, 0, 0, 0, false, ONE }, { 3, 0, 0, 0, false, ONE }, ORDER_EQUAL },
		{ "either state is less", { 8, -.5, -.6, -.4, false, TWO }, { 8, 1, .8, 1.2, false, TWO }, ORDER_EQUAL },
		{ "nothing known", { 0, NAN, NAN, NAN, false, ONE }, { 0, NAN, NAN, NAN, false, ONE }, ORDER_EQUAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (order_of(&rows[i].change, &rows[i].back) != rows[i].order)
			fail_msg("%s", rows[i].name);
	}
}

static void verdicts_follow_the_two_orders(void **state)
{
	static const struct {
		enum order before, after;
		enum verdict verdict;
	} rows[] = {
		{ ORDER_LESS, ORDER_LESS, VERDICT_HOLDS },
		{ ORDER_EQUAL, ORDER_EQUAL, VERDICT_HOLDS },
		{ ORDER_MORE, ORDER_MORE, VERDICT_HOLDS },
		{ ORDER_LESS, ORDER_MORE, VERDICT_REVERSED },
		{ ORDER_MORE, ORDER_LESS, VERDICT_REVERSED },
		{ ORDER_LESS, ORDER_EQUAL, VERDICT_WEAKER },
		{ ORDER_MORE, ORDER_EQUAL, VERDICT_WEAKER },
		{ ORDER_EQUAL, ORDER_LESS, VERDICT_APPEARS },
		{ ORDER_EQUAL, ORDER_MORE, VERDICT_APPEARS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(verdict_of(rows[i].before, rows[i].after), rows[i].verdict);
}

/* ---- changed experiments ----------------------------------------------------------------- */

/*
 * Textbook at 60 cycles per pair of interrupts off and on; one CPU, which allocates and frees in
 * turn: no number of other CPUs matters, and no seed.
 */
#define PAIRS(weak) \
	"name: pairs\n" \
	"machine: {base: textbook, irq_pair_cyc.popf: 60, weak: " weak "}\n" \
	"cpus: 1\n" \
	"objects: [slub-page, slub-cpu]\n" \
	"pages: buddy\n" \
	"workload: {kind: slab-test, test: pairs, count: 1000, cache: kmem_cache}\n" \
	"operations: 2000\n" \
	"warmup: 200\n" \
	"memory_mib: 8\n"

struct place_of_run {
	char *folder, *file;
};

static struct place_of_run place_new(const char *text)
{
	struct place_of_run place = { folder_new(), NULL };

	assert_true(asprintf(&place.file, "%s/experiment.yaml", place.folder) > 0);
	write_text(place.file, text);
	return place;
}

static void place_free(struct place_of_run *place)
{
	folder_free(place->folder);
	free(place->file);
}

static struct experiment *load_file(const char *file, char *set, const struct weak_change *how)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment =
		experiment_load_changed(file, &set, set != NULL, how, diagnostics);

	diagnostics_print(diagnostics, stderr, false);
	diagnostics_free(diagnostics);
	assert_non_null(experiment);
	return experiment;
}

static void expect_same_points(const struct experiment *a, const struct experiment *b)
{
	assert_int_equal(a->points, b->points);
	for (size_t i = 0; i < a->points; i++)
		assert_string_equal(a->point[i].name, b->point[i].name);
}

/* A changed machine is the one that --set makes, and the effective experiment says so. */
static void a_changed_machine_is_an_ordinary_override(void **state)
{
	static const char *const machines[] = {
		"{base: textbook, weak: [rmw_ns.S]}",
		"[textbook, {base: textbook, weak: [rmw_ns.S], l1d.kib: 64}]",
	};
	struct weak_change how = { "rmw_ns.S", 0.5 };

	(void)state;
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		char *text = NULL;

		assert_true(asprintf(&text,
				     "name: test\nmachine: %s\ncpus: 2\nobjects: slub-page\n"
				     "workload: producer-consumer\noperations: 10\n",
				     machines[i]) > 0);

		struct place_of_run place = place_new(text);
		struct experiment *base = load_file(place.file, NULL, NULL),
				  *changed = load_file(place.file, NULL, &how);

		assert_string_not_equal(base->point[base->points - 1].name,
					changed->point[base->points - 1].name);
		if (i == 0) {
			struct experiment *set =
				load_file(place.file, "machine.rmw_ns.S=[25, 65]", NULL);

			expect_same_points(changed, set);
			experiment_free(set);
		} else {
			/* the first machine calls nothing weak */
			assert_string_equal(base->point[0].name, changed->point[0].name);
		}
		write_text(place.file, changed->effective);

		struct experiment *again = load_file(place.file, NULL, NULL);

		expect_same_points(changed, again);
		experiment_free(again);
		experiment_free(changed);
		experiment_free(base);
		place_free(&place);
		free(text);
	}
}

/* Textbook calls nothing weak: what is tried there is the work alone. */
static void work_is_weak_on_every_machine(void **state)
{
	static const struct {
		const char *work;
		size_t trials;
		char *halved;           /* as --set says it */
		const char *why;        /* it cannot be doubled; NULL: it can */
	} rows[] = {
		{ "work: exponential, produce_cycles: 9", 2, "workload.work={exponential: 0.5}", NULL },
		{ "work: {lognormal: 0.3}, consume_cycles: 9", 2, "workload.work={lognormal: 0.15}", NULL },
		{ "work: {lognormal: 1.5}, produce_cycles: 9", 2, "workload.work={lognormal: 0.75}",
		  "the spread of lognormal work would be 3; allowed 0..2" },
		{ "work: uniform, produce_cycles: 9", 2, "workload.work={uniform: 0.5}",
		  "the spread of uniform work would be 2; allowed 0..1" },
		{ "work: constant, produce_cycles: 9", 0, NULL, NULL },
		{ "work: exponential", 0, NULL, NULL },         /* of nothing */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = NULL;

		assert_true(asprintf(&text,
				     "name: test\nmachine: textbook\ncpus: 2\n"
				     "objects: [slub-page, slub-cpu]\noperations: 10\n"
				     "workload: {kind: producer-consumer, %s}\n",
				     rows[i].work) > 0);

		struct place_of_run place = place_new(text);
		struct experiment *base = load_file(place.file, NULL, NULL);
		struct sensitivity *sensitivity = sensitivity_new(base);

		assert_int_equal(sensitivity->trials, rows[i].trials);
		if (rows[i].trials) {
			struct trial *half = &sensitivity->trial[0], *twice = &sensitivity->trial[1];

			assert_string_equal(half->change.key, "workload.work");
			assert_true(half->change.factor == 0.5 && twice->change.factor == 2);
			assert_true(sensitivity_possible(sensitivity, half) && !half->same);
			assert_int_equal(sensitivity_possible(sensitivity, twice), !rows[i].why);
			assert_string_equal(twice->why, rows[i].why ? rows[i].why : "");

			struct experiment *changed = load_file(place.file, NULL, &half->change),
					  *set = load_file(place.file, rows[i].halved, NULL);

			expect_same_points(changed, set);
			experiment_free(changed);
			experiment_free(set);
		}
		sensitivity_free(sensitivity);
		experiment_free(base);
		place_free(&place);
		free(text);
	}
}

/* ---- the command ------------------------------------------------------------------------- */

static struct output run(const struct place_of_run *place, const char *option, const char *other)
{
	char *where = NULL;

	assert_true(asprintf(&where, "--output=%s/r", place->folder) > 0);

	struct output output = run_cli((const char *const[]){ "run", place->file, where,
							      "--no-plots", option, other, NULL });

	free(where);
	return output;
}

static void expect(struct output *output, int status, const char *out, const char *err)
{
	if (output->status != status || !strstr(output->out, out) || !strstr(output->err, err))
		fail_msg("status %d, told\n%s%swanted %d and\n%s\n%s", output->status, output->out,
			 output->err, status, out, err);
	output_free(output);
}

/* Mean cycles of an allocation and its free in that point of a results folder. */
static double pair_cycles(const struct place_of_run *place, const char *folder, size_t at)
{
	char *directory = NULL, why[512];
	struct points points;

	assert_true(asprintf(&directory, "%s/r/pairs/sensitivity/%s", place->folder, folder) > 0);
	if (!points_load(directory, &points, why, sizeof why))
		fail_msg("%s", why);

	double pair = metric_value(metric_find("alloc_cycles_mean"), points.point[at]) +
		      metric_value(metric_find("free_cycles_mean"), points.point[at]);

	points_free(&points);
	free(directory);
	return pair;
}

/*
 * 1000 pairs. Each allocation and each free takes interrupts off once, and the one page that is
 * allocated takes them off once more for the zone's lock: 2 + 1/1000 times per pair. Doubled, 60
 * becomes 120, so a pair costs 60 * 2.001 = 120.06 more; halved, 30 * 2.001 = 60.03 less.
 *
 * slub-cpu's pair is one load (1 cycle) longer in the fast path, and 100 cycles in its one slow
 * allocation: 1.1 of the pair in all. That is 0.7 % of 163, less than what counts, 1.1 % of 103,
 * which does, and 0.4 % of 283.
 */
static void a_number_moves_figures_by_how_often_it_is_paid(void **state)
{
	struct place_of_run place = place_new(PAIRS("[irq_pair_cyc.popf]"));
	struct output output = run(&place, "--sensitivity", NULL);

	(void)state;
	if (!strstr(output.out, "irq_pair_cyc.popf  0.500      -37 %        same  appears\n"
				"irq_pair_cyc.popf  2.00       +74 %        same  holds\n"))
		fail_msg("%s", output.out);
	if (!strstr(output.out,
		    "2 conclusions, 1 holds under every change; these do not:\n"
		    "  cycles: slub-page = slub-cpu (+0.7 %)\n"
		    "    appears with irq_pair_cyc.popf x 0.5 (+1.1 %)\n"))
		fail_msg("%s", output.out);
	for (size_t i = 0; i < 2; i++) {
		double base = pair_cycles(&place, "as-it-is", i);

		assert_true(fabs(pair_cycles(&place, "irq_pair_cyc.popf-x2", i) - base - 120.06) <
			    1e-6);
		assert_true(fabs(pair_cycles(&place, "irq_pair_cyc.popf-x0.5", i) - base + 60.03) <
			    1e-6);
	}
	assert_true(fabs(pair_cycles(&place, "as-it-is", 1) - pair_cycles(&place, "as-it-is", 0) -
			 1.1) < 1e-6);
	expect(&output, 0, "", "");
	place_free(&place);
}

/* No CPU sends an interrupt to itself; a 0 stays 0; a split must add up to 1. */
static void what_changes_nothing_and_what_cannot_be_is_told(void **state)
{
	struct place_of_run place =
		place_new(PAIRS("[ipi_roundtrip_ns, handoff.local_bias, handoff.split]"));
	struct output output = run(&place, "--sensitivity", NULL);
	static const char *const lines[] = {
		"ipi_roundtrip_ns    0.500       same        same  holds\n",
		"ipi_roundtrip_ns    2.00        same        same  holds\n",
		"handoff.local_bias  2.00        same        same  holds        changes nothing here: the number is 0, or cannot be halved\n",
		"handoff.split       0.500          -           -  -            not possible: split wants three parts whose sum is 1\n",
		"\n2 conclusions, 2 hold under every change.\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (!strstr(output.out, lines[i]))
			fail_msg("%s\nlacks\n%s", output.out, lines[i]);
	}
	expect(&output, 0, "", "");
	output = run(&place, "--sensitivity", "--format=csv");
	expect(&output, 0,
	       "handoff.split,0.5,,,,,,,not possible,,split wants three parts whose sum is 1\n", "");
	output = run(&place, "--sensitivity", "--format=jsonl");
	expect(&output, 0,
	       "{\"type\":\"sensitivity\",\"key\":\"ipi_roundtrip_ns\",\"factor\":0.5,\"settings\":\"\",\"first\":\"slub-page\",\"second\":\"slub-cpu\",\"metric\":\"bounces\",\"change_before\":0,\"change_after\":0,\"verdict\":\"holds\",\"moved\":0,\"note\":\"\"}\n",
	       "");
	place_free(&place);
}

static char *text_of(const struct place_of_run *place, const char *below)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/r/%s", place->folder, below) > 0);

	char *text = read_text(path);

	free(path);
	return text;
}

static ino_t file_number(const struct place_of_run *place, const char *folder, const char *name)
{
	char *path = NULL;
	struct stat stat_of;

	assert_true(asprintf(&path, "%s/r/pairs/%s/points/%s.point", place->folder, folder, name) >
		    0);
	assert_int_equal(stat(path, &stat_of), 0);
	free(path);
	return stat_of.st_ino;
}

static void the_experiment_s_own_results_stay_and_nothing_is_computed_twice(void **state)
{
	static const char *const files[] = { "pairs/results.csv", "pairs/index",
					     "pairs/experiment.yaml" };
	struct place_of_run place = place_new(PAIRS("[irq_pair_cyc.popf]"));
	struct weak_change how = { "irq_pair_cyc.popf", 2 };
	struct experiment *changed = load_file(place.file, NULL, &how);
	const char *name = changed->point[0].name;
	struct output output = run(&place, NULL, NULL);
	char *before[3];

	(void)state;
	expect(&output, 0, "", "");
	for (size_t i = 0; i < 3; i++)
		before[i] = text_of(&place, files[i]);
	/* other operations: the folder of the experiment keeps what it has */
	output = run(&place, "--sensitivity", "--set=operations=1000");
	expect(&output, 0, "", "");
	output = run(&place, "--sensitivity", NULL);
	expect(&output, 0, "", "");

	ino_t number = file_number(&place, "sensitivity/irq_pair_cyc.popf-x2", name);

	output = run(&place, "--sensitivity", NULL);
	expect(&output, 0, "", "");
	assert_true(file_number(&place, "sensitivity/irq_pair_cyc.popf-x2", name) == number);
	for (size_t i = 0; i < 3; i++) {
		char *after = text_of(&place, files[i]);

		assert_string_equal(after, before[i]);
		free(after);
		free(before[i]);
	}
	experiment_free(changed);
	place_free(&place);
}

/*
 * No allocator: one CPU adds with LOCK to a word that it has, 10 cycles, and computes for 80. A turn takes
 * 90 cycles, 85 with the LOCK operation at 5, 100 at 20.
 */
#define TURNS(more) \
	"name: pairs\n" \
	"machine: {base: textbook, weak: [own_cyc.lock_xadd]}\n" \
	"cpus: 1\n" \
	"workload:\n" \
	"  kind: struct\n" \
	"  work: constant\n" \
	"  members: {a: long, b: long}\n" \
	"  threads: {one: {loop: [add a, compute 80]}}\n" \
	more \
	"operations: 200\n" \
	"warmup: 100\n" \
	"memory_mib: 8\n"

static void what_is_expected_is_judged_without_allocators(void **state)
{
	struct place_of_run place = place_new(TURNS("")
					      "expect:\n"
					      "  - {metric: work_cycles_mean, below: 96}\n"
					      "  - {metric: work_cycles_mean, above: 87}\n"
					      "  - {metric: work_cycles_mean, above: 95}\n"
					      "  - {metric: bounces, equals: 0}\n");
	struct output output = run(&place, "--sensitivity", NULL);
	static const char *const lines[] = {
		"own_cyc.lock_xadd  0.500     -5.6 %        same  2 of 4 hold\n",
		"own_cyc.lock_xadd  2.00       +11 %        same  3 of 4 hold\n",
		"4 expectations, 1 holds as it is and under every change; these do not:\n"
		"  holds      work_cycles_mean: 90.0, below 96.0; -6.2 %\n"
		"    with own_cyc.lock_xadd x 2: FAILS, 100, below 96.0; +4.2 %\n"
		"  holds      work_cycles_mean: 90.0, above 87.0; +3.4 %\n"
		"    with own_cyc.lock_xadd x 0.5: FAILS, 85.0, above 87.0; -2.3 %\n"
		"  FAILS      work_cycles_mean: 90.0, above 95.0; -5.3 %\n"
		"    with own_cyc.lock_xadd x 2: holds, 100, above 95.0; +5.3 %\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (!strstr(output.out, lines[i]))
			fail_msg("%s\nlacks\n%s", output.out, lines[i]);
	}
	assert_null(strstr(output.out, "conclusion"));
	expect(&output, 0, "", "");
	output = run(&place, "--sensitivity", "--format=csv");
	expect(&output, 0, "own_cyc.lock_xadd,2,,expected,below 96.0,work_cycles_mean,", "");
	output = run(&place, "--sensitivity", "--format=jsonl");
	expect(&output, 0, "\"first\":\"expected\",\"second\":\"equal to 0\",\"metric\":\"bounces\"", "");
	place_free(&place);
}

/* Two layouts of it, which one CPU does not tell apart: compared as allocators are. */
static void what_is_swept_by_name_is_compared(void **state)
{
	struct place_of_run place = place_new(TURNS("  edit: [none, own-line b]\n"));
	struct output output = run(&place, "--sensitivity", NULL);

	(void)state;
	if (!strstr(output.out, "own_cyc.lock_xadd  2.00       +11 %        same  holds\n") ||
	    !strstr(output.out, "\n2 conclusions, 2 hold under every change.\n") ||
	    strstr(output.out, "allocator"))
		fail_msg("%s", output.out);
	expect(&output, 0, "", "");
	place_free(&place);
}

static void without_weak_numbers_there_is_nothing_to_try(void **state)
{
	struct place_of_run place = place_new(PAIRS("[]"));
	struct output output = run(&place, "--sensitivity", NULL);

	(void)state;
	assert_string_equal(output.out, "");
	expect(&output, 0, "", "no machine of it names uncertain numbers (key 'weak')");
	place_free(&place);
}

static void without_alternatives_there_is_nothing_to_conclude(void **state)
{
	struct place_of_run place = place_new("name: alone\n"
					      "machine: core2-2s\n"
					      "cpus: [1, 2]\n"
					      "objects: [slub-page]\n"
					      "workload: producer-consumer\n"
					      "operations: 10\n");
	struct output output = run(&place, "--sensitivity", NULL);

	(void)state;
	assert_string_equal(output.out, "");
	expect(&output, 2, "",
	       "experiment.yaml:4:11: error: --sensitivity asks what becomes of an order, or of what is expected; give two or more to compare, like 'objects: [slub-page, slub-cpu]' or another setting by name, or a list 'expect'\n"
	       "    objects: [slub-page]\n");
	place_free(&place);
}

/* Takes minutes, unless something stops it. */
static pid_t start_long_run(const struct place_of_run *place)
{
	char where[4200], *arguments[] = { "run", place->file, where, "--sensitivity", NULL };

	snprintf(where, sizeof where, "--output=%s/r", place->folder);
	fflush(NULL);

	pid_t pid = fork();

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(1);
		_exit(cli_run(4, arguments));
	}
	return pid;
}

/* Signals are waited for once points run: the short ones say when. */
static void an_interrupt_ends_it_with_130(void **state)
{
	struct place_of_run place =
		place_new("name: long\n"
			  "machine: {base: textbook, weak: [irq_pair_cyc.popf]}\n"
			  "cpus: 1\n"
			  "objects: [slub-page, slub-cpu]\n"
			  "workload: {kind: producer-consumer, handoff: none}\n"
			  "operations: [10, 1000000000]\n");
	char *points = NULL;
	int status;

	(void)state;
	assert_true(asprintf(&points, "%s/r/long/sensitivity/as-it-is/points", place.folder) > 0);

	int watch = watch_folder(points);
	pid_t pid = start_long_run(&place);

	watch_wait(watch, ".point");
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 130);
	free(points);
	place_free(&place);
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
		cmocka_unit_test(a_section_changes_all_numbers_in_it),
		cmocka_unit_test(all_weak_numbers_change_together_and_once),
		cmocka_unit_test(what_a_machine_does_not_call_weak_stays),
		cmocka_unit_test(whole_numbers_round_and_stay_one_or_more),
		cmocka_unit_test(what_breaks_a_rule_is_not_possible),
		cmocka_unit_test(an_order_needs_one_per_cent_and_an_interval_without_0),
		cmocka_unit_test(verdicts_follow_the_two_orders),
		cmocka_unit_test(a_changed_machine_is_an_ordinary_override),
		cmocka_unit_test(work_is_weak_on_every_machine),
		cmocka_unit_test(a_number_moves_figures_by_how_often_it_is_paid),
		cmocka_unit_test(what_changes_nothing_and_what_cannot_be_is_told),
		cmocka_unit_test(the_experiment_s_own_results_stay_and_nothing_is_computed_twice),
		cmocka_unit_test(what_is_expected_is_judged_without_allocators),
		cmocka_unit_test(what_is_swept_by_name_is_compared),
		cmocka_unit_test(without_weak_numbers_there_is_nothing_to_try),
		cmocka_unit_test(without_alternatives_there_is_nothing_to_conclude),
		cmocka_unit_test(an_interrupt_ends_it_with_130),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
