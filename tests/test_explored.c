/*
 * The explored backend: all outcomes of the litmus suite, planted faults and history's own bug
 * found, sound allocators sound, findings that replay to the letter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "litmus/litmus.h"
#include "litmus/oracle.h"
#include "tests/explored_fixture.h"

/* ---- litmus ------------------------------------------------------------------------------------ */

struct collected {
	const struct outcome_set *allowed;
	bool *seen;
	const struct litmus *test;
};

static void collect(void *to, const int64_t *outcome)
{
	struct collected *c = to;
	int64_t at = outcome_set_find(c->allowed, outcome);

	if (at < 0)
		fail_msg("%s: %s is not allowed", c->test->name, litmus_outcome(c->test, outcome));
	c->seen[at] = true;
}

/* Every outcome that the oracle allows is seen, and no other. */
static void exactly_the_oracles(const struct litmus *test, enum memory_model model)
{
	struct outcome_set allowed = { 0 };
	struct collected c = { &allowed, NULL, test };
	const struct instruction *at;
	uint64_t schedules;

	assert_int_equal(oracle_outcomes(test, model, &allowed, &at), ORACLE_WHOLE);
	c.seen = calloc(allowed.count + 1, sizeof *c.seen);
	assert_true(explorer->litmus(test, model == MODEL_TSO, collect, &c, &schedules));
	for (size_t i = 0; i < allowed.count; i++)
		if (!c.seen[i])
			fail_msg("%s, %s: %s is not seen in %llu schedules", test->name,
				 memory_model_names[model],
				 litmus_outcome(test, outcome_set_row(&allowed, i)),
				 (unsigned long long)schedules);
	free(c.seen);
	outcome_set_free(&allowed);
}

static void every_schedule_gives_exactly_the_outcomes_of_the_oracle(void **state)
{
	glob_t files;
	unsigned explored = 0;

	(void)state;
	assert_int_equal(glob("tests/litmus/*.litmus", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct diagnostics *diagnostics = diagnostics_new();
		struct litmus *test = litmus_read(files.gl_pathv[i], diagnostics);

		assert_non_null(test);
		if (!test->loops) {
			exactly_the_oracles(test, MODEL_SC);
			exactly_the_oracles(test, MODEL_TSO);
			explored++;
		}
		litmus_free(test);
		diagnostics_free(diagnostics);
	}
	globfree(&files);
	assert_true(explored > 60);
}

/* ---- planted faults ----------------------------------------------------------------------------- */

/* clang-format off */
static const struct planted planted[] = {
	{ "slub-page", "", "no-list-lock",        STRATEGY_RUNS,       6, 60000 },
	{ "slub-cpu",  "", "no-list-lock",        STRATEGY_RUNS,       6, 60000 },
	{ "slub-page", "", "no-slab-lock",        STRATEGY_RUNS,       6, 10000 },
	{ "slub-cpu",  "", "no-slab-lock",        STRATEGY_RUNS,       6, 10000 },
	{ "slub-page", "", "no-slab-lock",        STRATEGY_PCT,        6, 10000 },
	{ "slub-page", "", "frozen-not-honoured", STRATEGY_PCT,        3, 1000 },
	{ "slub-cpu",  "", "frozen-not-honoured", STRATEGY_EXHAUSTIVE, 2, 30000 },
	{ "slub-page", "", "stale-inuse",         STRATEGY_PCT,        3, 1000 },
	{ "slub-cpu",  "", "stale-inuse",         STRATEGY_EXHAUSTIVE, 2, 30000 },
	{ "slub-page", "", "forgotten-list-lock", STRATEGY_UNIFORM,    6, 1000 },
	{ "slub-cpu",  "", "forgotten-list-lock", STRATEGY_PCT,        6, 1000 },
	{ "none",      "", "no-zone-lock",        STRATEGY_RUNS,       4, 1000 },
	{ "none",      "", "no-zone-lock",        STRATEGY_EXHAUSTIVE, 2, 10000 },
	{ "none",      "buddy: {lock: queued}\n", "no-zone-lock", STRATEGY_RUNS, 4, 1000 },
};
/* clang-format on */

static void planted_faults_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof planted / sizeof *planted; i++)
		explore_planted(&planted[i]);
}

/* A fault that a guard tells is told by its members, whatever came of it. */
static void a_guard_names_the_member_and_the_lock(void **state)
{
	struct explored e = explored_of("slub-page", "");

	(void)state;
	e.options.plant = "forgotten-list-lock";
	e.options.operations = 6;
	explore(&e);
	assert_non_null(e.report.finding);
	assert_int_equal(e.report.finding->kind, FOUND_GUARD);
	assert_non_null(strstr(e.report.finding->message, "without local_node.list_lock"));
	explored_free(&e);
}

static void a_fault_of_another_allocator_is_refused(void **state)
{
	struct explored e = explored_of("none", "");
	char why[300] = "";

	(void)state;
	e.options.plant = "no-list-lock";
	assert_false(explorer->explore(&e.options, &e.report, why, sizeof why));
	assert_non_null(strstr(why, "'plant': 'no-list-lock' is for slub-page slub-cpu "));
	explored_free(&e);
}

/* ---- history's own bug --------------------------------------------------------------------------- */

static void as_released_an_interrupt_loses_objects(void **state)
{
	static const struct {
		const char *objects, *more;
		bool loses;
	} rows[] = {
		{ "slub-page", "slub-page: {bugs: released}\n", true },
		{ "slub-page", "slub-page: {bugs: fixed}\n", false },
		/* a variant is what is explored, not the allocator that it belongs to */
		{ "slub-cpu", "slub-cpu: {variant: dfb4f096, bugs: released}\n", true },
		{ "slub-cpu", "slub-cpu: {variant: dfb4f096, bugs: fixed}\n", false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct explored e = explored_of(rows[i].objects, rows[i].more);

		e.options.strategy = STRATEGY_RUNS;
		e.options.operations = 6;
		e.options.interrupts = 1;
		e.options.schedules = 6000;
		explore(&e);
		if (rows[i].loses) {
			assert_non_null(e.report.finding);
			assert_int_equal(e.report.finding->kind, FOUND_LOST);
		} else {
			assert_null(e.report.finding);
		}
		explored_free(&e);
	}
}

/* ---- sound allocators ----------------------------------------------------------------------------- */

static void the_allocators_are_sound(void **state)
{
	static const struct {
		const char *objects, *more;
	} rows[] = {
		{ "none", "" },
		{ "none", "buddy: {lock: queued}\n" },
		{ "slub-page", "" },
		{ "slub-cpu", "" },
		{ "slub-cpu", "slub-cpu: {variant: dfb4f096}\n" },
		{ "slub-page", "preempt: true\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (unsigned how = 0; how < 4; how++)
			sound_with(rows[i].objects, rows[i].more, how & 1 ? 4 : 0, how >> 1);
}

/*
 * Two CPUs that allocate once each from one slab of their own: with no preemption there are two
 * orders, and with one it is complete as well, with more.
 */
static void the_exhaustive_strategy_ends(void **state)
{
	struct explored e = explored_of("slub-cpu", "");
	uint64_t before;

	(void)state;
	e.options.strategy = STRATEGY_EXHAUSTIVE;
	e.options.schedules = 0;
	e.options.start = 0;
	snprintf(e.options.program, sizeof e.options.program, "a | a");
	e.options.preemptions = 0;
	explore(&e);
	assert_true(e.report.complete);
	before = e.report.schedules;
	e.options.preemptions = 1;
	explore(&e);
	assert_true(e.report.complete);
	assert_true(e.report.schedules > before);
	e.options.schedules = 3;
	explore(&e);
	assert_false(e.report.complete);
	assert_int_equal(e.report.schedules, 3);
	explored_free(&e);
}

/*
 * What models keep outside of simulated memory is taken back between schedules, or they go another
 * way: bonwick gets memory for a piece of its table in every run, which would come to an end;
 * magazine notes the type of each listed page, which other runs have changed. (At the limit magazine
 * needs some thousand orders of this program before a note is stale.)
 */
static void what_models_keep_for_themselves_is_taken_back(void **state)
{
	static const struct {
		const char *objects, *more;
		int start;
		const char *program;
	} rows[] = {
		{ "bonwick", "", 0, "a a a | a a a" },
		{ "none",
		  "pages: magazine\n"
		  "magazine: {refill_max: 2, refill_min: 1, limit: 3, drain_max: 2, drain_min: 1}\n",
		  4, "a a a | f0 a a" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct explored e = explored_of(rows[i].objects, rows[i].more);

		e.options.strategy = STRATEGY_EXHAUSTIVE;
		e.options.preemptions = 2;
		e.options.schedules = 25000;
		e.options.start = rows[i].start;
		snprintf(e.options.program, sizeof e.options.program, "%s", rows[i].program);
		explore(&e);
		if (e.report.finding)
			fail_msg("%s: %s", rows[i].program, e.report.finding->message);
		explored_free(&e);
	}
}

/* ---- findings -------------------------------------------------------------------------------------- */

static void a_finding_replays_to_the_letter(void **state)
{
	struct explored e = explored_of("slub-page", "");
	struct explore_report again;
	char why[300] = "", start[40];

	(void)state;
	e.options.plant = "no-slab-lock";
	e.options.strategy = STRATEGY_RUNS;
	e.options.operations = 6;
	explore(&e);
	assert_non_null(e.report.finding);
	snprintf(e.options.program, sizeof e.options.program, "%s", e.report.finding->program);
	e.options.start = e.report.finding->start;
	snprintf(start, sizeof start, "%s", explorer->starts[e.options.start]);
	assert_true(
		explorer->replay(&e.options, e.report.finding->schedule, &again, why, sizeof why));
	assert_non_null(again.finding);
	assert_string_equal(again.finding->schedule, e.report.finding->schedule);
	assert_string_equal(again.finding->message, e.report.finding->message);
	assert_string_equal(again.finding->story, e.report.finding->story);
	assert_int_equal(again.finding->switches, e.report.finding->switches);
	explorer->finding_free(again.finding);

	/* without the fault the same order does no harm */
	e.options.plant = NULL;
	assert_true(
		explorer->replay(&e.options, e.report.finding->schedule, &again, why, sizeof why));
	assert_null(again.finding);
	explored_free(&e);
}

/* The slab lock guards the count: one CPU must stop inside another's free, and come back. */
static void a_finding_is_as_short_as_it_can_be(void **state)
{
	struct explored e = explored_of("slub-page", "");

	(void)state;
	e.options.plant = "no-slab-lock";
	e.options.strategy = STRATEGY_EXHAUSTIVE;
	e.options.operations = 2;
	e.options.preemptions = 1;
	explore(&e);
	assert_non_null(e.report.finding);
	assert_int_equal(e.report.finding->switches, 2);
	explored_free(&e);
}

static void two_explorations_are_one(void **state)
{
	struct explored e = explored_of("slub-cpu", "");
	struct explore_report first;

	(void)state;
	e.options.operations = 6;
	e.options.schedules = 500;
	e.options.interrupts = 1;
	e.options.store_buffer = 2;
	explore(&e);
	first = e.report;
	explore(&e);
	assert_int_equal(first.steps, e.report.steps);
	assert_int_equal(first.longest, e.report.longest);
	assert_int_equal(first.coverage.pairs, e.report.coverage.pairs);
	assert_int_equal(first.coverage.both_orders, e.report.coverage.both_orders);
	explored_free(&e);
}

/* ---- what does not fit -------------------------------------------------------------------------- */

static void programs_and_schedules_are_read_strictly(void **state)
{
	static const struct {
		const char *program, *schedule, *why;
	} rows[] = {
		{ "a x", "0", "'program': 'x' is not understood" },
		{ "a | f9", "0", "there is no object 9" },
		{ "a f0 | f0", "0", "object 0 is freed twice" },
		{ "a", "0*", "the schedule is not one" },
		{ "a", "7", "the schedule is not one" },
		{ "a", "0 q1", "the schedule is not one" },
	};
	struct explored e = explored_of("slub-page", "");
	char why[400];

	(void)state;
	e.options.start = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(e.options.program, sizeof e.options.program, "%s", rows[i].program);
		if (explorer->replay(&e.options, rows[i].schedule, &e.report, why, sizeof why))
			fail_msg("'%s' with '%s' is taken", rows[i].program, rows[i].schedule);
		if (!strstr(why, rows[i].why))
			fail_msg("'%s' is not '%s'", why, rows[i].why);
	}
	explored_free(&e);
}

static void large_slabs_are_refused(void **state)
{
	struct explored e = explored_of("slub-page", "explore: {object_size: 64}\n");
	char why[300];

	(void)state;
	assert_false(explorer->explore(&e.options, &e.report, why, sizeof why));
	assert_non_null(strstr(why, "64 objects"));
	explored_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_schedule_gives_exactly_the_outcomes_of_the_oracle),
		cmocka_unit_test(planted_faults_are_found),
		cmocka_unit_test(a_guard_names_the_member_and_the_lock),
		cmocka_unit_test(a_fault_of_another_allocator_is_refused),
		cmocka_unit_test(as_released_an_interrupt_loses_objects),
		cmocka_unit_test(the_allocators_are_sound),
		cmocka_unit_test(the_exhaustive_strategy_ends),
		cmocka_unit_test(what_models_keep_for_themselves_is_taken_back),
		cmocka_unit_test(a_finding_replays_to_the_letter),
		cmocka_unit_test(a_finding_is_as_short_as_it_can_be),
		cmocka_unit_test(two_explorations_are_one),
		cmocka_unit_test(programs_and_schedules_are_read_strictly),
		cmocka_unit_test(large_slabs_are_refused),
	};

	explored_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
