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

#define LOCKLESS(variant, more) \
	"slub-lockless: {min_objects: 4, min_partial: 1, variant: \"" variant "\"" more "}\n"

#define TAGGED(variant, more) \
	"slub-tagged: {min_objects: 4, min_partial: 1, variant: \"" variant "\"" more "}\n"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- planted faults ------------------------------------------------------------------------- */

/* clang-format off */
static const struct planted planted[] = {
	{ "slub-cmpxchg", CMPXCHG(""), "no-list-lock",        STRATEGY_RUNS,       6, 60000 },
	{ "slub-cmpxchg", CMPXCHG(""), "no-slab-lock",        STRATEGY_RUNS,       6, 10000 },
	{ "slub-cmpxchg", CMPXCHG(""), "frozen-not-honoured", STRATEGY_EXHAUSTIVE, 2, 30000 },
	{ "slub-cmpxchg", CMPXCHG(""), "stale-inuse",         STRATEGY_PCT,        3, 1000 },
	{ "slub-lockless", LOCKLESS("3.1", ""), "no-list-lock",  STRATEGY_PCT,        6, 10000 },
	{ "slub-lockless", LOCKLESS("3.1", ""), "counters-not-compared",   STRATEGY_EXHAUSTIVE, 2, 30000 },
	{ "slub-lockless", LOCKLESS("3.2", ""), "counters-not-compared",   STRATEGY_RUNS,       6, 10000 },
	{ "slub-lockless", LOCKLESS("3.18", ""), "counters-not-compared",  STRATEGY_RUNS,       6, 10000 },
	{ "slub-tagged", TAGGED("intended", ""), "counters-not-compared",   STRATEGY_RUNS,       6, 10000 },
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
	{ "slub-lockless", LOCKLESS("3.1", "") },
	{ "slub-lockless", LOCKLESS("3.2", "") },
	{ "slub-lockless", LOCKLESS("3.18", "") },
	{ "slub-tagged", TAGGED("intended", "") },
	{ "slub-tagged", TAGGED("4.0", "") "preempt: true\n" },
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
		{ "slub-lockless", LOCKLESS("3.1", ", bugs: released"), LOCKLESS("3.1", "") },
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

/*
 * 3.2 moves slabs from a node's list to the CPU's: the exchange takes the freelist away, and a plain
 * store puts it back, over an object that was freed between the two. CPU 0 uses up two slabs while
 * CPU 1 gives an object back to four full ones, whose fourth sends three to the node (objects of 4
 * KiB: more than 2 free ones); then CPU 0 takes two of these, and CPU 1 frees into the second. From
 * 3.10 the exchange leaves the list where it is.
 */
static void as_released_a_slab_that_changes_lists_loses_a_free(void **state)
{
	static const char program[] = "a a a a a a a a a a | f14 f6 f10 f17 f3";

	(void)state;
	for (unsigned fixed = 0; fixed < 2; fixed++) {
		struct explored e = all_orders(
			"slub-lockless", fixed ? LOCKLESS("3.2", "") : LOCKLESS("3.2", ", bugs: released"),
			program, TWO_PARTIAL, 2);

		e.options.interrupts = 0;
		e.options.object_size = 4096;
		explore(&e);
		if (fixed) {
			assert_null(e.report.finding);
			assert_true(e.report.complete);
		} else {
			assert_non_null(e.report.finding);
			assert_int_equal(e.report.finding->kind, FOUND_LOST);
			assert_non_null(strstr(e.report.finding->story, "take_slab"));
		}
		explored_free(&e);
	}
}

/* The proposal of 2014 as posted: a slab that is used up is forgotten when a partial one takes its
 * place, with what was freed into it. No interleaving is needed. */
static void as_posted_the_proposal_forgets_slabs(void **state)
{
	struct explored e = explored_of("slub-tagged", TAGGED("v1", ""));

	(void)state;
	e.options.strategy = STRATEGY_RUNS;
	e.options.operations = 6;
	e.options.schedules = 1000;
	explore(&e);
	assert_non_null(e.report.finding);
	assert_int_equal(e.report.finding->kind, FOUND_LOST);
	explored_free(&e);
}

/* ---- sound ----------------------------------------------------------------------------------------- */

static void the_versions_are_sound(void **state)
{
	static const struct {
		const char *objects, *more;
	} rows[] = {
		{ "slub-cmpxchg", CMPXCHG("") },
		{ "slub-cmpxchg", CMPXCHG(", cmpxchg16b: false") },
		{ "slub-lockless", LOCKLESS("3.1", "") },
		{ "slub-lockless", LOCKLESS("3.1", ", cmpxchg16b: false") },
		{ "slub-lockless", LOCKLESS("3.2", "") },
		{ "slub-lockless", LOCKLESS("3.2", ", cpu_partial: false") },
		{ "slub-lockless", LOCKLESS("3.18", "") "preempt: true\n" },
		{ "slub-tagged", TAGGED("intended", "") },
		{ "slub-tagged", TAGGED("4.0", "") "preempt: true\n" },
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
		cmocka_unit_test(as_released_a_slab_that_changes_lists_loses_a_free),
		cmocka_unit_test(as_posted_the_proposal_forgets_slabs),
		cmocka_unit_test(the_versions_are_sound),
	};

	explored_begin();
	return cmocka_run_group_tests_name("slub explored", tests, NULL, NULL);
}
