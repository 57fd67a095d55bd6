/* Page allocators through the explorer: sound as they are, and planted faults are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/explored_fixture.h"

#define QUEUED "buddy: {lock: queued}\n"
#define MAGAZINE \
	"pages: magazine\n" \
	"magazine: {refill_max: 2, refill_min: 1, limit: 3, drain_max: 2, drain_min: 1}\n"

#define PCP_SPIN(variant) \
	"pages: pcp-spin\npcp-spin: {variant: " variant ", batch: 1, high_min: 2}\n"

/* Blocks of four pages, so that claims, drains, merges and ends of ownership are near. */
#define PCP_BUDDY(lock) \
	"pages: pcp-buddy\npcp-buddy: {lock: " lock ", block_order: 2, batch: 1, high_min: 3}\n"

/* clang-format off */
static const struct planted planted[] = {
	{ "none", QUEUED,   "no-zone-lock",     STRATEGY_RUNS,       4, 1000 },
	{ "none", MAGAZINE, "no-magazine-lock", STRATEGY_RUNS,       6, 1000 },
	{ "none", MAGAZINE, "no-magazine-lock", STRATEGY_EXHAUSTIVE, 2, 10000 },
	{ "none", "pages: llfree\n", "uncounted-child", STRATEGY_RUNS, 3, 1000 },
	{ "none", MAGAZINE, "no-zone-lock",     STRATEGY_RUNS,       6, 1000 },
	{ "none", PCP_SPIN("6.12"), "no-pcp-lock",      STRATEGY_RUNS,       6, 1000 },
	{ "none", PCP_SPIN("7.1"),  "no-pcp-lock",      STRATEGY_RUNS,       6, 1000 },
	{ "none", PCP_SPIN("7.1"),  "uncounted-refill", STRATEGY_EXHAUSTIVE, 2, 1000 },
	{ "none", PCP_BUDDY("waited"), "no-pcp-lock",    STRATEGY_RUNS,       6, 1000 },
	{ "none", PCP_BUDDY("waited"), "mark-stays",     STRATEGY_EXHAUSTIVE, 2, 1000 },
	{ "none", PCP_BUDDY("waited"), "merges-blindly", STRATEGY_RUNS,       6, 1000 },
	{ "none", PCP_BUDDY("tried"),  "merges-blindly", STRATEGY_RUNS,       6, 1000 },
	{ "none", PCP_BUDDY("waited"), "lasting-owner",  STRATEGY_RUNS,       6, 1000 },
	{ "none", PCP_BUDDY("waited"), "uncounted-claim", STRATEGY_EXHAUSTIVE, 2, 1000 },
};
/* clang-format on */

static void planted_faults_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof planted / sizeof *planted; i++)
		explore_planted(&planted[i]);
}

static void the_allocators_are_sound(void **state)
{
	static const char *const models[] = {
		QUEUED, MAGAZINE, PCP_SPIN("6.12"), PCP_SPIN("7.1"), PCP_BUDDY("waited"),
		PCP_BUDDY("tried"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof models / sizeof *models; i++)
		for (unsigned how = 0; how < 4; how++)
			sound_with("none", models[i], how & 1 ? 4 : 0, how >> 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_faults_are_found),
		cmocka_unit_test(the_allocators_are_sound),
	};

	explored_begin();
	return cmocka_run_group_tests_name("explored pages", tests, NULL, NULL);
}
