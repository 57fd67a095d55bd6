/*
 * The workload `queues` on the machine of engine_fixture.c: who bounces what where the two sides take
 * turns, one element as a sum by hand, elements lost and doubled, ends, settings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/internal.h"
#include "tests/engine_fixture.h"
#include "tests/workload_fixture.h"

extern const struct workload queues;

static void run_good(struct workbench *bench)
{
	workbench_run_good(bench, &queues);
}

static uint64_t bounces_of(const struct workbench *bench)
{
	uint64_t bounces = 0;

	for (int class = 0; class < LINE_CLASSES; class++)
		bounces += bench->result->total.bounces[class];
	return bounces;
}

/* ---- who bounces what ------------------------------------------------------------------------ */

/*
 * A queue of one slot: producer and consumer take turns. An element is two operations.
 *   ring, shared      element: the producer's line; `in` and `out` in one: written by both, 2
 *   ring, separate    a line of `in`, a line of `out`, each written by one side alone: 0
 *   ring, cached      the same: the copies lie beside the own index
 *   mpmc              the slot is written by both, 2; `in` and `out` in one line 2 more
 */
static void only_what_both_sides_write_bounces(void **state)
{
	static const struct { const char *settings; uint64_t bounces; } rows[] = {
		{ "queue=ring indices=shared depth=1", 2 },
		{ "queue=ring indices=separate depth=1", 0 },
		{ "queue=ring indices=cached depth=1", 0 },
		{ "queue=mpmc indices=shared depth=1", 4 },
		{ "queue=mpmc indices=separate depth=1", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench bench = { .settings = rows[i].settings, .warmup = 20,
					   .operations = 2000 };

		run_good(&bench);
		/* at its two edges the window has parts of one element more */
		if (bounces_of(&bench) - 1000 * rows[i].bounces > rows[i].bounces)
			fail_msg("[%s]: %llu bounces, expected 1000 * %llu", rows[i].settings,
				 (unsigned long long)bounces_of(&bench),
				 (unsigned long long)rows[i].bounces);
		workbench_done(&bench);
	}
}

/*
 * The consumer is long at work (20000) on each element, so the ring is full, the producer polls `out`
 * and the consumer never waits. A take of a ring of one with separate lines: own `out` 1; `in`, which
 * the producer has modified, 60; the element, the same, 60; the store to `out`, which the producer
 * polls, so that both have it, 50 - 10 + 1 = 41.
 */
static void a_take_is_a_sum(void **state)
{
	struct workbench bench = {
		.settings = "queue=ring indices=separate depth=1 consume_cycles=20000 work=constant",
		.warmup = 20, .operations = 200
	};
	const struct path_stats *take = NULL;

	(void)state;
	run_good(&bench);
	for (size_t i = 0; i < bench.result->paths; i++)
		if (!strcmp(bench.result->path[i].path, "take"))
			take = &bench.result->path[i];
	assert_non_null(take);
	assert_int_equal(take->count, 100);
	assert_int_equal(take->total_units, 100 * (1 + 60 + 60 + 41) * UNIT);
	workbench_done(&bench);
}

/* `in` is stored to once for a batch, and where the ring holds one batch, so is `out`. */
struct stores {
	uint64_t in, out;
};

static void count_stores(void *to, const struct access *access)
{
	struct stores *stores = to;

	stores->in += access->write && !strcmp(access->site->text, "&q->indices->in");
	stores->out += access->write && !strcmp(access->site->text, "q->out");
}

static void a_batch_is_counted_at_once(void **state)
{
	struct stores stores = { 0 };
	struct workbench bench = { .settings = "batch=8 depth=8", .warmup = 16, .operations = 160,
				   .observer = count_stores, .to = &stores };

	(void)state;
	run_good(&bench);
	/* (16 + 160) / 2 elements in 11 batches; then the producer may be one ahead; and the end */
	assert_in_range(stores.in, 11 + 1, 12 + 1);
	assert_int_equal(stores.out, stores.in);
	workbench_done(&bench);
}

/* ---- nothing lost, nothing twice ------------------------------------------------------------- */

static void every_element_arrives_once(void **state)
{
	static const char *const settings[] = {
		"queue=ring indices=shared depth=1", "queue=ring indices=separate depth=3",
		"queue=ring indices=cached depth=7 batch=3", "queue=mpmc depth=1",
		"queue=mpmc indices=separate depth=5 batch=2", "queue=mpmc depth=64 batch=8",
		"queue=ring depth=16 produce_cycles=300", "queue=mpmc depth=16 consume_cycles=300",
	};

	(void)state;
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		for (unsigned cpus = 2; cpus <= 8; cpus += 3)
			for (uint64_t seed = 1; seed <= 3; seed++) {
				struct workbench bench = { .settings = settings[i], .cpus = cpus,
							   .warmup = 50, .operations = 800,
							   .jitter = true, .seed = seed };

				run_good(&bench);
				assert_int_equal(bench.remarks[0] != '\0', cpus % 2);
				workbench_done(&bench);
			}
}

struct culprit {
	const char *function, *text;
	unsigned countdown;
	uint64_t add;
};

static void spoil(void *to, const struct access *access)
{
	struct culprit *culprit = to;

	if (strcmp(access->site->text, culprit->text) ||
	    strcmp(access->site->function, culprit->function))
		return;
	if (culprit->countdown && !--culprit->countdown)
		*(uint64_t *)access->address += culprit->add;
}

/* The element is another once it is stored: of two CPUs, a number later or earlier. */
static void a_wrong_element_is_told_at_once(void **state)
{
	static const struct { const char *settings, *function, *text, *why; int64_t add; } rows[] = {
		{ "queue=ring", "ring_put", "&q->element[(in + i) % depth]", "is lost", 2 },
		{ "queue=ring", "ring_put", "&q->element[(in + i) % depth]", "came twice", -2 },
		{ "queue=mpmc", "mpmc_put", "&slot->element", "came twice", -2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct culprit culprit = { rows[i].function, rows[i].text, 30,
					   (uint64_t)rows[i].add };
		struct workbench bench = { .settings = rows[i].settings, .warmup = 10,
					   .operations = 400, .observer = spoil, .to = &culprit };

		workbench_run(&bench, &queues);
		assert_int_equal(bench.outcome, OUTCOME_BUG);
		if (!strstr(bench.result->message, rows[i].why))
			fail_msg("%s: '%s'", rows[i].settings, bench.result->message);
		workbench_done(&bench);
	}
}

/* A queue of all CPUs does not see at once what is missing: the sums at the end do. */
static void a_lost_element_is_missed_in_the_end(void **state)
{
	struct culprit culprit = { "mpmc_put", "&slot->element", 30, 4 };
	struct workbench bench = { .settings = "queue=mpmc", .cpus = 4, .warmup = 10,
				   .operations = 400, .observer = spoil, .to = &culprit };

	(void)state;
	workbench_run(&bench, &queues);
	assert_false(bench.outcome == OUTCOME_DONE && bench.finished);
	workbench_done(&bench);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void settings_that_do_not_fit_are_told(void **state)
{
	static const struct { const char *settings, *why; unsigned cpus; } rows[] = {
		{ "queue=ring", "a queue is between two CPUs at least", 1 },
		{ "batch=9 depth=8", "a batch of 9 does not go into a queue of 8", 2 },
		{ "queue=mpmc indices=cached",
		  "'indices: cached' is of rings; in 'mpmc' nobody reads the other side's", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench bench = { .settings = rows[i].settings, .cpus = rows[i].cpus };

		workbench_run(&bench, &queues);
		assert_null(bench.result);
		assert_string_equal(bench.why, rows[i].why);
	}
}

static void shortcuts_change_nothing(void **state)
{
	static const char *const settings[] = {
		"queue=ring indices=shared depth=2", "queue=ring indices=cached batch=4 depth=9",
		"queue=mpmc depth=4 produce_cycles=100 batch=2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		struct workbench bench = { .settings = settings[i], .cpus = 4, .jitter = true,
					   .warmup = 20, .operations = 200 };

		workbench_without_shortcuts(&bench, &queues);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_both_sides_write_bounces),
		cmocka_unit_test(a_take_is_a_sum),
		cmocka_unit_test(a_batch_is_counted_at_once),
		cmocka_unit_test(every_element_arrives_once),
		cmocka_unit_test(a_wrong_element_is_told_at_once),
		cmocka_unit_test(a_lost_element_is_missed_in_the_end),
		cmocka_unit_test(settings_that_do_not_fit_are_told),
		cmocka_unit_test(shortcuts_change_nothing),
	};

	return cmocka_run_group_tests_name("queues", tests, NULL, NULL);
}
