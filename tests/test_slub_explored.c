/*
 * The later versions of SLUB explored: sound as they are, history's bugs found as released and not
 * as fixed, planted faults found. Slabs have four objects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/explored_fixture.h"

/* As explorer->starts has them. */
enum start { FRESH, ONE_LEFT, FROZEN_REMOTE, TWO_PARTIAL, AT_LIMIT, LAST_OUT };

#define CMPXCHG(more) "slub-cmpxchg: {min_objects: 4" more "}\n"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- planted faults ------------------------------------------------------------------------- */

/* clang-format off */
static const struct planted planted[] = {
	{ "slub-cmpxchg", CMPXCHG(""), "no-list-lock",        STRATEGY_RUNS,       6, 60000 },
	{ "slub-cmpxchg", CMPXCHG(""), "no-slab-lock",        STRATEGY_RUNS,       6, 10000 },
	{ "slub-cmpxchg", CMPXCHG(""), "frozen-not-honoured", STRATEGY_EXHAUSTIVE, 2, 30000 },
	{ "slub-cmpxchg", CMPXCHG(""), "stale-inuse",         STRATEGY_PCT,        3, 1000 },
};
/* clang-format on */

static void planted_faults_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(planted); i++)
		explore_planted(&planted[i]);
}

/* Two CPUs where one is interrupted: all orders with so many preemptions, of which the interrupt is
 * one. */
static struct explored all_orders(const char *objects, const char *more, const char *program,
				  enum start start, unsigned preemptions)
{
	struct explored e = explored_of(objects, more);

	e.options.strategy = STRATEGY_EXHAUSTIVE;
	e.options.schedules = 0;
	e.options.interrupts = 1;
	e.options.preemptions = preemptions;
	e.options.start = start;
	snprintf(e.options.program, sizeof e.options.program, "%s", program);
	return e;
}

/*
 * ABA. CPU 0's list is x, y, z. It has read x and its next, y; an interrupt takes x and y and puts x
 * back: x, z. The list begins as before, and so with the low word alone y becomes its head, which
 * the interrupt has. With the transaction id that fails, in every order.
 */
static const struct {
	const char *objects, *more;
} with_tid[] = {
	{ "slub-cmpxchg", CMPXCHG("") },
	{ "slub-cmpxchg", CMPXCHG("") "preempt: true\n" },
};

static void without_the_transaction_id_an_interrupt_corrupts_the_list(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(with_tid); i++) {
		struct explored e = all_orders(with_tid[i].objects, with_tid[i].more, "a a a | a",
					       FRESH, 1);

		explore(&e);
		assert_null(e.report.finding);
		assert_true(e.report.complete);
		e.options.plant = "no-transaction-id";
		explore(&e);
		assert_non_null(e.report.finding);
		assert_non_null(strstr(e.report.finding->story, "this_cpu_cmpxchg_double"));
		assert_non_null(strstr(e.report.finding->story, "an interrupt arrives"));
		explored_free(&e);
	}
}

/* ---- history's own bugs ------------------------------------------------------------------------ */

/*
 * Until 3.1.0: CPU 0 finds its list empty, an interrupt takes what others have freed and puts one
 * object back on the list, another free comes in, and then CPU 0 has interrupts off. To look at the
 * list again is the cure; not to see what is there is the fault again.
 */
static void as_released_the_slow_path_loses_what_an_interrupt_freed(void **state)
{
	static const struct {
		const char *objects, *released, *fixed;
	} rows[] = {
		{ "slub-cmpxchg", CMPXCHG(", bugs: released"), CMPXCHG("") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct explored e = all_orders(rows[i].objects, rows[i].released, "a | f0",
					       FROZEN_REMOTE, 2);

		explore(&e);
		assert_non_null(e.report.finding);
		assert_int_equal(e.report.finding->kind, FOUND_LOST);
		explored_free(&e);
		e = all_orders(rows[i].objects, rows[i].fixed, "a | f0", FROZEN_REMOTE, 2);
		explore(&e);
		assert_null(e.report.finding);
		assert_true(e.report.complete);
		e.options.plant = "forgotten-recheck";
		explore(&e);
		assert_non_null(e.report.finding);
		explored_free(&e);
	}
}

/* ---- sound ----------------------------------------------------------------------------------------- */

static void the_versions_are_sound(void **state)
{
	static const struct {
		const char *objects, *more;
	} rows[] = {
		{ "slub-cmpxchg", CMPXCHG("") },
		{ "slub-cmpxchg", CMPXCHG(", cmpxchg16b: false") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		sound_with(rows[i].objects, rows[i].more, 0, 1);
		sound_with(rows[i].objects, rows[i].more, 4, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_faults_are_found),
		cmocka_unit_test(without_the_transaction_id_an_interrupt_corrupts_the_list),
		cmocka_unit_test(as_released_the_slow_path_loses_what_an_interrupt_freed),
		cmocka_unit_test(the_versions_are_sound),
	};

	explored_begin();
	return cmocka_run_group_tests_name("slub explored", tests, NULL, NULL);
}
