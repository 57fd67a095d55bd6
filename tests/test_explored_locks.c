/*
 * Locks and queues through the explorer: every order of two CPUs with few preemptions, with and without
 * store buffers, is sound; each planted fault is found, for what it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/verbs/setting.h"
#include "tests/explored_fixture.h"
#include "tests/workload_fixture.h"

extern const struct workload locks, queues;

struct exploring {
	struct explore_options options;
	struct explore_report report;
	void *settings;
};

/* The word "all" of the start states. */
static int start_all(void)
{
	int i = 0;

	while (strcmp(explorer->starts[i], "all") != 0)
		i++;
	return i;
}

static struct exploring exploring_of(const struct workload *workload, const char *settings,
				     unsigned cpus, unsigned operations)
{
	struct exploring e = { .settings = calloc(1, workload->settings_size) };

	settings_from_text(workload->settings, e.settings, settings);
	e.options = (struct explore_options){
		.cpus = cpus, .nodes = 1, .operations = operations, .start = start_all(),
		.strategy = STRATEGY_EXHAUSTIVE, .preemptions = 3, .depth = 3, .schedules = 100000,
		.workload = workload->name, .workload_settings = e.settings, .seed = 1,
	};
	return e;
}

static void run(struct exploring *e)
{
	char why[300] = "";

	explorer->finding_free(e->report.finding);
	if (!explorer->explore(&e->options, &e->report, why, sizeof why))
		fail_msg("%s", why);
}

static void done(struct exploring *e)
{
	explorer->finding_free(e->report.finding);
	free(e->settings);
}

/* ---- sound ----------------------------------------------------------------------------------- */

static const struct { const struct workload *workload; const char *settings; } all[] = {
	{ &locks, "lock=tas lines=2" },
	{ &locks, "lock=ttas lines=2" },
	{ &locks, "lock=ticket lines=2" },
	{ &locks, "lock=ticket_lines lines=2" },
	{ &locks, "lock=dec lines=2" },
	{ &locks, "lock=queued lines=2" },
	{ &locks, "lock=mcs lines=2" },
	{ &locks, "lock=rwsem lines=2" },
	{ &locks, "lock=rwsem lines=2 reader_percent=50" },
	{ &locks, "lock=seqlock lines=2" },
	{ &locks, "lock=seqlock lines=2 reader_percent=50" },
	{ &locks, "lock=percpu_counter batch=2" },
	{ &locks, "lock=rcu lines=2" },
	{ &locks, "lock=rcu lines=2 reader_percent=50" },
	{ &queues, "queue=ring indices=shared depth=2" },
	{ &queues, "queue=ring indices=separate depth=2 batch=2" },
	{ &queues, "queue=ring indices=cached depth=2" },
	{ &queues, "queue=mpmc depth=1" },
	{ &queues, "queue=mpmc depth=2 batch=2" },
};

static void all_orders_of_two_cpus_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (unsigned buffer = 0; buffer <= 4; buffer += 4) {
			struct exploring e =
				exploring_of(all[i].workload, all[i].settings, 2, 2);

			e.options.store_buffer = buffer;
			run(&e);
			if (e.report.finding)
				fail_msg("%s: %s\n%s", all[i].settings, e.report.finding->message,
					 e.report.finding->story);
			assert_true(e.report.complete);
			assert_true(e.report.coverage.both_orders > 0);
			done(&e);
		}
}

/* More CPUs are too many for all orders. */
static void orders_of_four_cpus_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (int strategy = STRATEGY_PCT; strategy <= STRATEGY_UNIFORM; strategy++) {
			struct exploring e =
				exploring_of(all[i].workload, all[i].settings, 4, 3);

			e.options.strategy = strategy;
			e.options.store_buffer = strategy == STRATEGY_RUNS ? 4 : 0;
			e.options.schedules = 300;
			run(&e);
			if (e.report.finding)
				fail_msg("%s: %s\n%s", all[i].settings, e.report.finding->message,
					 e.report.finding->story);
			assert_int_equal(e.report.schedules, 300);
			done(&e);
		}
}

/* ---- planted --------------------------------------------------------------------------------- */

#define HOLD "two CPUs hold the lock"
#define HALF "a reader saw half of a change"
#define STOP "nobody can go on"

static const struct {
	const struct workload *workload;
	const char *settings, *plant, *finds;
	enum strategy strategy;
	unsigned cpus;
} planted[] = {
	{ &locks, "lock=tas", "lock-never-taken", HOLD, STRATEGY_EXHAUSTIVE, 2 },
	{ &locks, "lock=ttas", "lock-never-taken", HOLD, STRATEGY_EXHAUSTIVE, 2 },
	{ &locks, "lock=ticket", "same-ticket", STOP, STRATEGY_EXHAUSTIVE, 2 },
	{ &locks, "lock=ticket_lines", "same-ticket", STOP, STRATEGY_EXHAUSTIVE, 2 },
	{ &locks, "lock=dec", "dec-without-effect", HOLD, STRATEGY_EXHAUSTIVE, 2 },
	{ &locks, "lock=queued", "queued-unseen", HOLD, STRATEGY_EXHAUSTIVE, 2 },
	{ &locks, "lock=mcs", "mcs-no-recheck", STOP, STRATEGY_EXHAUSTIVE, 2 },
	{ &locks, "lock=mcs", "mcs-no-recheck", STOP, STRATEGY_PCT, 3 },
	{ &locks, "lock=rwsem reader_percent=50", "writer-ignores-readers", HOLD,
	  STRATEGY_EXHAUSTIVE, 2 },
	{ &locks, "lock=seqlock lines=2 reader_percent=50", "reader-ignores-retry", HALF,
	  STRATEGY_EXHAUSTIVE, 2 },
	{ &locks, "lock=seqlock lines=2 reader_percent=50", "reader-ignores-retry", HALF,
	  STRATEGY_PCT, 2 },
	{ &locks, "lock=percpu_counter batch=1", "fold-without-lock", "do not add up",
	  STRATEGY_EXHAUSTIVE, 2 },
	{ &locks, "lock=rcu lines=2 reader_percent=50", "no-grace-period", HALF,
	  STRATEGY_EXHAUSTIVE, 2 },
	{ &queues, "queue=ring indices=cached depth=2", "ring-published-early", "an element",
	  STRATEGY_EXHAUSTIVE, 2 },
	{ &queues, "queue=ring indices=cached depth=2", "ring-never-full", "an element",
	  STRATEGY_EXHAUSTIVE, 2 },
	{ &queues, "queue=mpmc depth=2", "slot-published-early", "an element",
	  STRATEGY_EXHAUSTIVE, 2 },
	{ &queues, "queue=mpmc depth=2", "claimed-twice", "", STRATEGY_RUNS, 4 },
};

static void planted_faults_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
		struct exploring e = exploring_of(planted[i].workload, planted[i].settings,
						  planted[i].cpus, 3);
		const struct finding *f;
		struct explore_report again;
		char why[300], message[300];

		e.options.plant = planted[i].plant;
		e.options.strategy = (int)planted[i].strategy;
		e.options.schedules = 2000;
		run(&e);
		f = e.report.finding;
		if (!f || !strstr(f->message, planted[i].finds))
			fail_msg("%s, %s: %s", planted[i].settings, planted[i].plant,
				 f ? f->message : "not found");
		/* and the schedule that is told goes wrong again in the same way */
		snprintf(message, sizeof message, "%s", f->message);
		assert_true(explorer->replay(&e.options, f->schedule, &again, why, sizeof why));
		assert_non_null(again.finding);
		assert_string_equal(again.finding->message, message);
		explorer->finding_free(again.finding);
		done(&e);
	}
}

static void what_is_of_allocators_is_refused(void **state)
{
	struct exploring e = exploring_of(&locks, "lock=mcs", 2, 2);
	char why[300] = "";

	(void)state;
	e.options.interrupts = 1;
	assert_false(explorer->explore(&e.options, &e.report, why, sizeof why));
	assert_non_null(strstr(why, "'locks' is explored as it is"));
	e.options.interrupts = 0;
	e.options.plant = "no-list-lock";
	assert_false(explorer->explore(&e.options, &e.report, why, sizeof why));
	assert_non_null(strstr(why, "'no-list-lock' is for slub-page"));
	e.options.plant = NULL;
	e.options.workload = "counter";
	assert_false(explorer->explore(&e.options, &e.report, why, sizeof why));
	assert_non_null(strstr(why, "'counter' cannot be explored"));
	done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_orders_of_two_cpus_are_sound),
		cmocka_unit_test(orders_of_four_cpus_are_sound),
		cmocka_unit_test(planted_faults_are_found),
		cmocka_unit_test(what_is_of_allocators_is_refused),
	};

	explored_begin();
	return cmocka_run_group_tests_name("explored locks and queues", tests, NULL, NULL);
}
