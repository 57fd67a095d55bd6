/*
 * What goes on beside a workload: devices whose handlers allocate and free, and what the kernel
 * does once a second.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/run_point.h"
#include "sim/machine.h"
#include "sim/verbs/xalloc.h"
#include "tests/model_fixture.h"
#include "workloads/interrupts.h"

/* ---- devices on a machine of their own ------------------------------------------------------ */

enum { GAP = 1000, GAPS = 100, HOLD = 3 };

static void computes(struct cpu *cpu, void *argument)
{
	(void)argument;
	compute_cycles(cpu, GAPS * GAP);
}

struct outcome_of_devices {
	uint64_t allocs, frees, held, alive;
	uint64_t interrupted[2];        /* units, by CPU */
};

/* Two CPUs that only compute, and a device on the first. */
static struct outcome_of_devices devices_run(enum interrupts_do does, uint64_t hold)
{
	struct fixture *f = fixture_new(&(struct fixture_options){ .mib = 8 });
	struct traffic traffic = { .sim = f->sim, .objects = &f->objects, .pages = &f->pages,
				   .operations = 1000000, .ledger = ledger_new(NULL) };
	const struct interrupts settings = { .every = GAP, .cpus = 1, .does = (int)does,
					     .work = { SHAPE_CONSTANT, SPREAD_ONE },
					     .object_size = 64, .hold = hold };
	char why[200];
	struct devices *devices = devices_new(&traffic, &settings, 0, why, sizeof why);

	assert_non_null(devices);
	for (unsigned id = 0; id < 2; id++)
		thread_start(f->sim, id, computes, NULL);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
	fixture_expect_sound(f);

	struct result *result = sim_result(f->sim);
	struct outcome_of_devices got = {
		.allocs = result->op[OP_ALLOC].count, .frees = result->op[OP_FREE].count,
		.held = traffic.held, .alive = ledger_alive(traffic.ledger),
		.interrupted = { result->cpu[0].cause_units[CAUSE_INTERRUPTS],
				 result->cpu[1].cause_units[CAUSE_INTERRUPTS] },
	};

	assert_true(traffic_all_back(&traffic, why, sizeof why));
	assert_int_equal(traffic_lost(&traffic), 0);
	result_free(result);
	devices_free(devices);
	ledger_free(traffic.ledger);
	fixture_free(f);
	return got;
}

/* An interrupt comes GAP cycles after the handler before it, so there are about GAPS of them: what
 * the way out of a handler takes of each gap makes it a few more. */
static void expect_interrupts(uint64_t count)
{
	assert_in_range(count, GAPS - 1, GAPS + GAPS / 10);
}

/* Interrupts 1 to 3 take one each; the 4th, 7th ... find three, free them and take one. */
static void a_device_that_allocates_frees_all_at_once(void **state)
{
	struct outcome_of_devices got = devices_run(DOES_ALLOC, HOLD);

	(void)state;
	expect_interrupts(got.allocs);
	assert_int_equal(got.frees, (got.allocs - 1) / HOLD * HOLD);
	assert_int_equal(got.held, got.allocs - got.frees);
	assert_int_equal(got.alive, got.held);
}

/* Interrupts 1, 4, 7 ... take three first; each frees one. */
static void a_device_that_frees_takes_many_at_once(void **state)
{
	struct outcome_of_devices got = devices_run(DOES_FREE, HOLD);

	(void)state;
	expect_interrupts(got.frees);
	assert_int_equal(got.allocs, (got.frees + HOLD - 1) / HOLD * HOLD);
	assert_int_equal(got.held, got.allocs - got.frees);
}

static void a_device_that_does_both_holds_a_fixed_number(void **state)
{
	(void)state;
	for (uint64_t hold = 0; hold <= HOLD; hold += HOLD) {
		struct outcome_of_devices got = devices_run(DOES_ALLOC_FREE, hold);

		expect_interrupts(got.allocs);
		assert_int_equal(got.frees, got.allocs - hold);
		assert_int_equal(got.held, hold);
	}
}

static void only_the_named_cpus_are_interrupted(void **state)
{
	struct outcome_of_devices got = devices_run(DOES_ALLOC_FREE, 0);

	(void)state;
	assert_true(got.interrupted[0] > 0);
	assert_int_equal(got.interrupted[1], 0);
}

static void waits_for_ever(struct cpu *cpu, void *argument)
{
	(void)spin_while(cpu, (uint64_t *)argument, value == 0, STEP_PAUSE);
}

static void nothing(struct cpu *cpu, void *argument)
{
	(void)cpu;
	(void)argument;
}

static void sets(struct cpu *cpu, void *argument)
{
	store(cpu, (uint64_t *)argument, 1);
}

/* A deadlock is not hidden by periods that wake nobody; a timer that may wake somebody does. */
static void timers_in_the_background_keep_no_run_alive(void **state)
{
	(void)state;
	for (unsigned wakes = 0; wakes < 2; wakes++) {
		struct fixture *f = fixture_new(&(struct fixture_options){ .mib = 4 });
		uint64_t *word = arena_new(f->sim, uint64_t, 1, 0, LINE, NULL, "word");

		thread_start(f->sim, 0, waits_for_ever, word);
		background_add(f->sim, 0, 10000, 1000, nothing, NULL);
		if (wakes)
			timer_add(f->sim, 0, 20000, 0, sets, word);
		assert_int_equal(sim_run(f->sim), wakes ? OUTCOME_DONE : OUTCOME_DEADLOCK);
		fixture_free(f);
	}
}

/* ---- in an experiment ------------------------------------------------------------------------- */

/* The only point of an experiment, run; `more`: lines besides. */
static struct point *point_of(const char *objects, const char *more)
{
	struct diagnostics *diagnostics = diagnostics_new();
	char *text = NULL, why[512] = "";

	assert_true(asprintf(&text,
			     "name: beside\nmachine: core2-2s\ncpus: 4\nobjects: %s\n"
			     "workload: {kind: producer-consumer, object_size: 1024, in_flight: 64,"
			     " produce_cycles: 400, consume_cycles: 400}\n"
			     "operations: 8000\nmemory_mib: 64\n%s", objects, more) > 0);

	struct experiment *experiment =
		experiment_parse("beside.yaml", text, strlen(text), NULL, 0, diagnostics);

	if (!experiment)
		diagnostics_print(diagnostics, stderr, false);
	assert_non_null(experiment);
	assert_int_equal(experiment->points, 1);

	struct point *point = run_point(&experiment->point[0], why, sizeof why);

	assert_string_equal(why, "");
	assert_non_null(point);
	assert_string_equal(point->result->message, "");
	assert_int_equal(point->result->outcome, OUTCOME_DONE);
	experiment_free(experiment);
	diagnostics_free(diagnostics);
	free(text);
	return point;
}

static uint64_t lost_by(const char *objects, const char *model)
{
	char more[300];

	snprintf(more, sizeof more, "interrupts: {every: 2000, cache: same, hold: 0}\n%s\n", model);

	struct point *point = point_of(objects, more);
	uint64_t lost = point->objects_lost;

	point_free(point);
	return lost;
}

static void interrupts_lose_objects_as_released_and_never_as_fixed(void **state)
{
	(void)state;
	assert_true(lost_by("slub-page", "slub-page: {bugs: released}") > 0);
	assert_true(lost_by("slub-cpu", "slub-cpu: {variant: dfb4f096, bugs: released}") > 0);
	assert_int_equal(lost_by("slub-page", "slub-page: {bugs: fixed}"), 0);
	assert_int_equal(lost_by("slub-cpu", "slub-cpu: {variant: dfb4f096}"), 0);
	/* the cure is older than the release */
	assert_int_equal(lost_by("slub-cpu", "slub-cpu: {bugs: released}"), 0);
}

/* No interrupts, no loss: that takes a slab which an interrupt made. */
static void without_interrupts_nothing_is_lost(void **state)
{
	struct point *point = point_of("slub-page", "slub-page: {bugs: released}\n");

	(void)state;
	assert_int_equal(point->objects_lost, 0);
	point_free(point);
}

/* By the kernels that the models' headers name. */
static void allocators_of_different_kernels_are_mixed(void **state)
{
	static const struct { const char *objects, *pages; uint64_t mixed; } rows[] = {
		{ "slub-page", "", 0 },
		{ "slub-cpu", "pcp: {variant: 2.6.24}\n", 0 },
		{ "slub-cpu", "pcp: {variant: 2.6.22}\n", 1 },
		{ "slub-page", "pcp: {variant: 3.9}\n", 1 },
		{ "slub-page", "pages: buddy\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct point *point = point_of(rows[i].objects, rows[i].pages);

		assert_int_equal(point->mixed, rows[i].mixed);
		point_free(point);
	}
}

/* Loads of the fold's first look at each of a zone's differences. */
static uint64_t looks_at_differences(const struct result *result)
{
	unsigned first = UINT32_MAX;
	uint64_t loads = 0;

	for (size_t i = 0; i < result->fields; i++) {
		const struct field_stats *field = &result->field[i];

		if (strcmp(field->site.function, "zone_fold_all") || !field->loads ||
		    field->site.line > first)
			continue;
		if (field->site.line < first)
			loads = 0;
		first = field->site.line;
		loads += field->loads;
	}
	return loads;
}

/*
 * A zone of 2.6.22 counts 20 things, one of 3.9 34 (pagealloc.md 0.5, 2.7), one zone: so many looks
 * a second on each of four CPUs. The run ends somewhere in its last second, CPUs a few thousandths of
 * a second apart.
 */
static void once_a_second_each_cpu_folds_its_differences(void **state)
{
	enum { SECOND = 100000, CPUS = 4 };
	static const struct { const char *pages; unsigned stats; } rows[] = {
		{ "pages: pcp\nsecond_cycles: 100000\n", 20 },
		{ "pages: buddy\nsecond_cycles: 100000\n", 34 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct point *point = point_of("slub-page", rows[i].pages);
		uint64_t seconds = point->result->elapsed_units / 64 / SECOND;
		uint64_t looks = looks_at_differences(point->result);
		unsigned each = rows[i].stats * CPUS;

		assert_true(seconds > 5);
		assert_int_equal(looks % rows[i].stats, 0);
		assert_in_range(looks, each * (seconds - 1), each * (seconds + 1));
		assert_true(point->result->total.cause_units[CAUSE_INTERRUPTS] > 0);
		point_free(point);
	}
}

/* A run that is shorter than a second is what it would be without seconds. */
static void shorter_runs_see_no_second(void **state)
{
	struct point *usual = point_of("slub-page", "");
	struct point *never = point_of("slub-page", "second_cycles: 1000000000000\n");

	(void)state;
	assert_true(usual->result->elapsed_units / 64 < 10000000);
	assert_int_equal(looks_at_differences(usual->result), 0);
	assert_int_equal(usual->result->elapsed_units, never->result->elapsed_units);
	assert_memory_equal(&usual->result->total, &never->result->total,
			    sizeof usual->result->total);
	point_free(usual);
	point_free(never);
}

/* ---- settings that cannot be ------------------------------------------------------------------ */

static void expect_refused(const char *workload, const char *interrupts, const char *message)
{
	struct diagnostics *diagnostics = diagnostics_new();
	char *text = NULL, *told = NULL;
	size_t length;
	FILE *out = open_memstream(&told, &length);

	assert_true(asprintf(&text, "name: beside\nmachine: textbook\ncpus: 2\n%s"
				    "operations: 100\nmemory_mib: 16\ninterrupts: %s\n",
			     workload, interrupts) > 0);

	struct experiment *experiment =
		experiment_parse("beside.yaml", text, strlen(text), NULL, 0, diagnostics);

	if (experiment)
		assert_false(run_rehearse(experiment, diagnostics));
	diagnostics_print(diagnostics, out, false);
	fclose(out);
	if (!strstr(told, message))
		fail_msg("no \"%s\" in: %s", message, told);
	if (experiment)
		experiment_free(experiment);
	diagnostics_free(diagnostics);
	free(text);
	free(told);
}

static void what_devices_cannot_do_is_told(void **state)
{
	static const char pages[] =
		"objects: slub-page\nworkload: {kind: slab-test, level: pages}\n";
	static const char large[] =
		"objects: slub-cpu\nworkload: {kind: slab-test, object_size: 65536, count: 4}\n";

	(void)state;
	expect_refused("workload: counter\n", "{every: 1000}", "'objects' is none");
	expect_refused(pages, "{every: 1000, cache: same}", "no cache of its own");
	expect_refused(large, "{every: 1000, cache: same}", "of no cache");
	expect_refused(large, "{ever: 1000}", "did you mean 'every'?");
	expect_refused(large, "1000", "'interrupts' wants keys with values");
	expect_refused(large, "{every: 1000, hold: 5000}", "allowed 0..4096");
}

/* What an experiment with devices says of itself reads back as the same. */
static void devices_are_told_as_they_were_asked_for(void **state)
{
	static const char text[] =
		"name: beside\nmachine: textbook\ncpus: 2\nobjects: slub-page\n"
		"workload: {kind: slab-test}\nsecond_cycles: [20000, 30000]\n"
		"interrupts: {every: [0, 500], work: {lognormal: 0.5}, does: free, hold: 2}\n";
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *one =
		experiment_parse("one.yaml", text, strlen(text), NULL, 0, diagnostics);
	struct experiment *two = experiment_parse("two.yaml", one->effective,
						  strlen(one->effective), NULL, 0, diagnostics);

	(void)state;
	assert_non_null(two);
	assert_int_equal(one->points, 4);
	assert_non_null(strstr(one->effective, "  work: {lognormal: 0.5}\n"));
	assert_string_equal(one->hash, two->hash);
	assert_string_equal(one->effective, two->effective);
	experiment_free(one);
	experiment_free(two);
	diagnostics_free(diagnostics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_that_allocates_frees_all_at_once),
		cmocka_unit_test(a_device_that_frees_takes_many_at_once),
		cmocka_unit_test(a_device_that_does_both_holds_a_fixed_number),
		cmocka_unit_test(only_the_named_cpus_are_interrupted),
		cmocka_unit_test(timers_in_the_background_keep_no_run_alive),
		cmocka_unit_test(interrupts_lose_objects_as_released_and_never_as_fixed),
		cmocka_unit_test(without_interrupts_nothing_is_lost),
		cmocka_unit_test(allocators_of_different_kernels_are_mixed),
		cmocka_unit_test(once_a_second_each_cpu_folds_its_differences),
		cmocka_unit_test(shorter_runs_see_no_second),
		cmocka_unit_test(what_devices_cannot_do_is_told),
		cmocka_unit_test(devices_are_told_as_they_were_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
