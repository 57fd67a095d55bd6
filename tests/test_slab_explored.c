/*
 * SLAB explored, on one node and on two: sound as it is, planted faults found. Arrays hold two
 * objects with batches of two, so that refills, flushes and alien arrays are near; interrupts also
 * end a second, so that cache_reap comes between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/explored_fixture.h"

#define COUNT(list)     (sizeof(list) / sizeof((list)[0]))
#define SMALL           "slab: {limit: 2, batchcount: 2, shared: 1}\n"
#define TWO_NODES       "explore: {nodes: 2}\n"

/* clang-format off */
static const struct planted planted[] = {
	{ "slab", SMALL,           "no-list-lock",        STRATEGY_RUNS,    6, 1000 },
	{ "slab", SMALL,           "forgotten-list-lock", STRATEGY_PCT,     3, 1000 },
	{ "slab", SMALL,           "uncounted-free",      STRATEGY_PCT,     6, 1000 },
	{ "slab", SMALL TWO_NODES, "no-alien-lock",       STRATEGY_UNIFORM, 3, 1000 },
	{ "slab", SMALL TWO_NODES, "stale-nodeid",        STRATEGY_RUNS,    3, 1000 },
};
/* clang-format on */

static void planted_faults_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(planted); i++)
		explore_planted(&planted[i]);
}

static void it_is_sound(void **state)
{
	(void)state;
	sound_with("slab", SMALL, 4, 3);
	sound_with("slab", SMALL, 0, 0);
	sound_with("slab", SMALL TWO_NODES, 4, 3);
	sound_with("slab", SMALL TWO_NODES "preempt: true\n", 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_faults_are_found),
		cmocka_unit_test(it_is_sound),
	};

	explored_begin();
	return cmocka_run_group_tests_name("slab explored", tests, NULL, NULL);
}
