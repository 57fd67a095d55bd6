/*
 * What explorations tell of what they covered: states of slabs and pages, places where locks are taken
 * and words compared; and a fault at each such place, which is found, or is known not to be one.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/explored_fixture.h"

enum { SCHEDULES = 3000 };

/* ---- states ---------------------------------------------------------------------------------- */

static bool has_state(const struct coverage *c, const char *state)
{
	for (unsigned i = 0; i < c->states; i++)
		if (!strcmp(c->state[i], state))
			return true;
	return false;
}

static const struct {
	const char *objects, *more, *states[12];
} told[] = {
	/* a slab of four: of a CPU, or with something free on the list, or used up and on none */
	{ "slub-page", "",
	  { "frozen slab nothing free of a CPU", "frozen slab some free of a CPU",
	    "frozen slab all free of a CPU", "slab some free on the list",
	    "slab nothing free on no list" } },
	/* the CPU takes a slab's whole list for its own: what is free in a CPU's slab was given back by
	 * others */
	{ "slub-cpu", "",
	  { "frozen slab nothing free of a CPU", "frozen slab some free of a CPU",
	    "slab some free on the list", "slab nothing free on no list", "private list empty",
	    "private list with objects" } },
	{ "slab", "slab: {limit: 2, batchcount: 2, shared: 1}\nexplore: {nodes: 2}\n",
	  { "slab all free", "slab some free", "slab nothing free", "array of a CPU full",
	    "alien array with objects", "shared array empty" } },
	{ "bonwick", "", { "slab some free", "slab nothing free", "loaded magazine none" } },
	{ "sheaves-all", "sheaves-all: {sheaf_capacity: 2, max_order: 0, max_full: 1}\n",
	  { "main sheaf full", "main sheaf partly full", "main sheaf empty", "spare sheaf none",
	    "barn with full sheaves without empty ones" } },
	/* 4 MiB: one block of order 10 and what is left of another that was split */
	{ "none", "pages: buddy\n", { "free blocks of order 0", "free blocks of order 9" } },
	{ "none", "pages: pcp\npcp: {batch: 1}\n",
	  { "pages of a CPU none", "pages of a CPU some", "kept list with pages of order 0" } },
	{ "none", "pages: pcp-spin\npcp-spin: {batch: 1, high_min: 2}\n",
	  { "kept list with pages of order 1", "pages of a CPU none" } },
	{ "none", "pages: llfree\nexplore: {memory_mib: 192}\n",
	  { "2 MiB all free", "2 MiB some free", "reserved tree some free", "tree all free" } },
};

static void models_tell_their_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		struct explored e = explored_of(told[i].objects, told[i].more);

		e.options.strategy = STRATEGY_RUNS;
		e.options.operations = 6;
		e.options.schedules = 300;
		explore(&e);
		assert_null(e.report.finding);
		for (const char *const *s = told[i].states; *s; s++)
			if (!has_state(&e.report.coverage, *s))
				fail_msg("%s %s: nobody saw '%s'", told[i].objects, told[i].more, *s);
		explored_free(&e);
	}
}

/* A slab that has free objects and is on no list is lost; none of a sound model is ever seen. */
static void no_state_that_invariants_forbid(void **state)
{
	struct explored e = explored_of("slub-page", "");

	(void)state;
	e.options.strategy = STRATEGY_RUNS;
	e.options.schedules = 300;
	explore(&e);
	assert_false(has_state(&e.report.coverage, "slab some free on no list"));
	assert_false(has_state(&e.report.coverage, "slab nothing free on the list"));
	explored_free(&e);
}

/* ---- all there is ---------------------------------------------------------------------------- */

/* Each operation is one of two: 2^(2 CPUs * 3) programs from each of 6 start states. */
static void every_program_from_every_start_state(void **state)
{
	struct explored e = explored_of("slub-page", "");

	(void)state;
	e.options.strategy = STRATEGY_EXHAUSTIVE;
	e.options.operations = 3;
	e.options.preemptions = 0;
	e.options.schedules = 0;
	explore(&e);
	assert_null(e.report.finding);
	assert_int_equal(e.report.programs, 64 * 6);
	assert_true(e.report.complete);
	explored_free(&e);
}

static void an_exploration_can_be_stopped(void **state)
{
	struct explored e = explored_of("slub-page", "");
	volatile sig_atomic_t stop = 1;

	(void)state;
	e.options.stop = &stop;
	e.options.strategy = STRATEGY_EXHAUSTIVE;
	e.options.schedules = 0;
	explore(&e);
	assert_true(e.report.stopped);
	assert_false(e.report.complete);
	assert_int_equal(e.report.schedules, 1);
	explored_free(&e);
}

/* ---- a fault at each place --------------------------------------------------------------------- */

static bool is_found(struct explored *e, const char *fault)
{
	bool found = false;

	snprintf(e->options.fault, sizeof e->options.fault, "%s", fault);
	for (int s = STRATEGY_PCT; s <= STRATEGY_UNIFORM && !found; s++) {
		e->options.strategy = s;
		explore(e);
		found = e->report.finding != NULL;
	}
	return found;
}

static void at_each_place(const char *objects, const char *more, unsigned locks, unsigned compares)
{
	struct explored e = explored_of(objects, more);
	struct coverage c;
	unsigned kinds[2] = { 0, 0 };
	char unnoted[80];

	e.options.strategy = STRATEGY_RUNS;
	e.options.operations = 6;
	e.options.interrupts = 1;
	e.options.schedules = 500;
	e.options.places = true;
	explore(&e);
	assert_null(e.report.finding);
	c = e.report.coverage;
	e.options.schedules = SCHEDULES;
	for (unsigned i = 0; i < c.places; i++) {
		bool is_lock = !strncmp(c.place[i].fault, "no-lock@", 8);

		kinds[!is_lock]++;
		if (!is_found(&e, c.place[i].fault))
			fail_msg("%s: %s is not found (%s in %s)", objects, c.place[i].fault,
				 c.place[i].site->text, c.place[i].site->function);
		/* nor where nobody notes that it is held, so that guards tell */
		snprintf(unnoted, sizeof unnoted, "forgotten-lock@%s", strchr(c.place[i].fault, '@') + 1);
		if (is_lock && !is_found(&e, unnoted))
			fail_msg("%s: %s is not found", objects, unnoted);
	}
	/* by hand, from the models' source */
	if (kinds[0] < locks || kinds[1] < compares)
		fail_msg("%s: %u locks and %u compare-exchanges, fewer than %u and %u", objects,
			 kinds[0], kinds[1], locks, compares);
	explored_free(&e);
}

static void a_fault_at_each_place_is_found(void **state)
{
	(void)state;
	at_each_place("none", "pages: buddy\n", 2, 0);  /* zone->lock to take, and to give back */
	at_each_place("slub-page", "", 4, 0);
	at_each_place("slub-cmpxchg", "slub-cmpxchg: {min_objects: 4}\n", 4, 2);
}

/*
 * Without zone->lock a page is given to two, and a page struct that says "slab" has something else where
 * the cache's address should be: who checks follows it, and the run ends there instead of the program.
 * (UBSan would end the program first.)
 */
static void a_pointer_that_leads_nowhere_ends_the_run(void **state)
{
#if defined(__SANITIZE_ADDRESS__)
	(void)state;
	skip();
#else
	struct explored e = explored_of("slub-cpu", "slub-cpu: {variant: \"2.6.24\"}\n");
	struct coverage c;

	(void)state;
	e.options.strategy = STRATEGY_RUNS;
	e.options.operations = 6;
	e.options.interrupts = 1;
	e.options.store_buffer = 4;
	e.options.schedules = 500;
	e.options.places = true;
	explore(&e);
	c = e.report.coverage;
	e.options.strategy = STRATEGY_EXHAUSTIVE;
	e.options.operations = 2;
	e.options.preemptions = 2;
	e.options.schedules = 1000;
	for (unsigned i = 0; i < c.places; i++)
		if (!strcmp(c.place[i].site->function, "take") &&
		    !strncmp(c.place[i].fault, "no-lock@", 8)) {
			snprintf(e.options.fault, sizeof e.options.fault, "%s", c.place[i].fault);
			explore(&e);
			assert_non_null(e.report.finding);
		}
	assert_true(e.options.fault[0]);
	explored_free(&e);
#endif
}

static void what_is_no_place_is_told(void **state)
{
	static const char *const wrong[] = { "no-lock", "no-lock@zone.c", "no-lock@zone.c:x",
					     "lock@zone.c:1", "no-lock@zone.c:1x" };
	struct explored e = explored_of("slub-page", "");
	char why[300];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		snprintf(e.options.fault, sizeof e.options.fault, "%s", wrong[i]);
		assert_false(explorer->explore(&e.options, &e.report, why, sizeof why));
		assert_non_null(strstr(why, "no-lock@zone.c:12"));
	}
	snprintf(e.options.fault, sizeof e.options.fault, "no-lock@zone.c:1");
	e.options.plant = "no-list-lock";
	assert_false(explorer->explore(&e.options, &e.report, why, sizeof why));
	assert_non_null(strstr(why, "already"));
	explored_free(&e);
}

static int begin(void **state)
{
	(void)state;
	explored_begin();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_tell_their_states),
		cmocka_unit_test(no_state_that_invariants_forbid),
		cmocka_unit_test(every_program_from_every_start_state),
		cmocka_unit_test(an_exploration_can_be_stopped),
		cmocka_unit_test(a_fault_at_each_place_is_found),
		cmocka_unit_test(a_pointer_that_leads_nowhere_ends_the_run),
		cmocka_unit_test(what_is_no_place_is_told),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
