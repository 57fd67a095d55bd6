/*
 * The microbenchmarks on the machine of engine_fixture.c (1 GHz: ns are cycles; legs as in
 * docs/model.md): what each has to give, as sums by hand; that each test's own check finds damage;
 * that the shortcuts change nothing.
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

extern const struct workload micro;

static void run_good(struct workbench *bench)
{
	workbench_run_good(bench, &micro);
}

static uint64_t mean_units(const struct workbench *bench)
{
	const struct op_stats *work = &bench->result->op[OP_WORK];

	assert_int_equal(work->total_units % work->count, 0);
	return work->total_units / work->count;
}

/* ---- accesses to lines ----------------------------------------------------------------------- */

/*
 * Near: CPUs 0, 1, 2 on one socket. Far: CPU 1 (and 2) on the other one. In cycles per line.
 * A store is a LOCK operation less 10 and plus 1; st_* has a fence of 10 behind each store.
 */
static const struct line_row {
	const char *test;
	unsigned cpus;
	uint64_t near, far;
	bool hitm, upgrade;
} line_rows[] = {
	{ "ld_I",          1, 100,           0,                 false, false },
	{ "ld_M",          2, 60,            160,               true,  false },
	{ "ld_E",          2, 50,            140,               false, false },
	{ "ld_S",          3, 40,            120,               false, false },
	{ "rmw_M",         2, 70,            170,               true,  false },
	{ "rmw_E",         2, 60,            150,               false, false },
	{ "rmw_S",         2, 50,            130,               false, true },
	{ "st_M",          2, 70 - 9 + 10,   170 - 9 + 10,      true,  false },
	{ "st_E",          2, 60 - 9 + 10,   150 - 9 + 10,      false, false },
	{ "st_S",          2, 50 - 9 + 10,   130 - 9 + 10,      false, true },
	/* a dirty read shares: the reader upgrades, the owner goes on reading */
	{ "rmw_O",         2, 50,            130,               false, true },
	{ "load_cas_M",    2, 60 + 50,       160 + 130,         true,  true },
	{ "ld_after_read", 2, 1,             1,                 false, false },
};

static void check_lines(const struct line_row *row, enum placement placement, uint64_t cycles)
{
	char settings[64];
	struct workbench bench = { .settings = settings,
				   .cpus = row->cpus,
				   .placement = placement };
	const struct counts *total;

	snprintf(settings, sizeof settings, "test=%s", row->test);
	run_good(&bench);
	total = &bench.result->total;
	if (mean_units(&bench) != cycles * UNIT)
		fail_msg("%s: %llu units, expected %llu cycles", row->test,
			 (unsigned long long)mean_units(&bench), (unsigned long long)cycles);
	assert_int_equal(bench.result->operations, 256);
	assert_int_equal(bench.result->elapsed_units, 256 * cycles * UNIT);
	assert_int_equal(total->hitm_loads + total->hitm_stores, row->hitm ? 256 : 0);
	assert_int_equal(total->upgrades, row->upgrade ? 256 : 0);
	workbench_done(&bench);
}

static void lines_cost_what_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof line_rows / sizeof *line_rows; i++) {
		check_lines(&line_rows[i], PLACEMENT_APART_1, line_rows[i].near);
		if (line_rows[i].far)
			check_lines(&line_rows[i], PLACEMENT_APART_2, line_rows[i].far);
	}
}

/* A second, far, node: its memory costs what dram_ns says next, and lines there are far. */
static void memory_lies_where_it_is_asked_for(void **state)
{
	struct machine machine = engine_machine();
	struct workbench near = { .settings = "test=ld_I",
				  .machine = &machine,
				  .placement = PLACEMENT_APART_2 };
	struct workbench far = near;

	(void)state;
	machine.numa_nodes = 2;
	machine.dram_ns.count = 2;
	machine.dram_ns.value[1] = 180;
	far.settings = "test=ld_I memory_of=1";
	run_good(&near);
	run_good(&far);
	assert_int_equal(mean_units(&near), 100 * UNIT);
	assert_int_equal(mean_units(&far), 180 * UNIT);
	workbench_done(&near);
	workbench_done(&far);
}

/*
 * L1 32 KiB, 64 sets of 8 ways. 528 lines in a row are 9 to a set in 16 sets, which never hit when
 * they are visited in turn, and 8 in the other 48: 16 * 9 memory accesses of 100, 384 hits of 1.
 */
static void a_chase_finds_the_level_that_holds_it(void **state)
{
	static const struct { const char *settings; uint64_t lines, cycles; } rows[] = {
		{ "test=chase size=16384", 256, 256 },
		{ "test=chase size=32768", 512, 512 },
		{ "test=chase size=33792", 528, 144 * 100 + 384 },
		{ "test=chase size=36864", 576, 57600 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench bench = { .settings = rows[i].settings, .cpus = 1 };

		run_good(&bench);
		assert_int_equal(bench.result->operations, rows[i].lines);
		assert_int_equal(bench.result->op[OP_WORK].total_units, rows[i].cycles * UNIT);
		workbench_done(&bench);
	}
}

/* Without a store buffer each store waits, the fence of 10 comes on top. */
static void a_burst_without_a_buffer_is_a_sum(void **state)
{
	static const struct { const char *settings; uint64_t cycles; } rows[] = {
		{ "test=burst from=M lines=20 until=retired", 20 * 61 },
		{ "test=burst from=M lines=20 until=fence", 20 * 61 + 10 },
		{ "test=burst from=S lines=3 until=retired", 3 * 41 },
		/* from memory: 99 and the store's 1 */
		{ "test=burst from=I lines=2 until=fence", 2 * 100 + 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench bench = { .settings = rows[i].settings };

		run_good(&bench);
		assert_int_equal(bench.result->operations, 1);
		if (mean_units(&bench) != rows[i].cycles * UNIT)
			fail_msg("%s: %llu units", rows[i].settings,
				 (unsigned long long)mean_units(&bench));
		workbench_done(&bench);
	}
}

/* ---- own ------------------------------------------------------------------------------------- */

static void own_words_cost_their_column(void **state)
{
	static const struct { const char *op; uint64_t dependent, rotating;
	} rows[] = {
		{ "store", 1, 1 },
		{ "add", 1, 1 },
		{ "cmpxchg_local", 2, 2 },
		{ "cmpxchg16b_local", 3, 4 },
		{ "lock_add", 10, 10 },
		{ "lock_xadd", 10, 10 },
		{ "lock_cmpxchg", 10, 10 },
		{ "xchg", 10, 10 },
		{ "lock_cmpxchg16b", 11, 12 },
	};
	struct machine machine = engine_machine();
	char settings[64];

	(void)state;
	machine.own_cyc.cmpxchg16b_local = (struct reals){ 2, { 3, 4 } };
	machine.own_cyc.lock_cmpxchg16b = (struct reals){ 2, { 11, 12 } };
	for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
		bool rotating = i % 2;
		struct workbench bench = { .settings = settings, .cpus = 1, .machine = &machine,
					   .warmup = 16, .operations = 80 };

		snprintf(settings, sizeof settings, "test=own op=%s rotating=%s", rows[i / 2].op,
			 rotating ? "true" : "false");
		run_good(&bench);
		if (mean_units(&bench) !=
		    (rotating ? rows[i / 2].rotating : rows[i / 2].dependent) * UNIT)
			fail_msg("%s: %llu units", settings,
				 (unsigned long long)mean_units(&bench));
		workbench_done(&bench);
	}
}

/* ---- two CPUs, many CPUs --------------------------------------------------------------------- */

/*
 * Units from one completed operation to the next, all CPUs together: besides those counted, each
 * other CPU completed the one that it was in when the window opened.
 */
static double between(const struct workbench *bench, unsigned cpus)
{
	return (double)bench->result->elapsed_units /
	       (double)(bench->result->operations + cpus - 1);
}

static void expect_between(struct workbench *bench, double units)
{
	run_good(bench);
	/* the window may begin and end at other points of a cycle of operations */
	if (between(bench, bench->cpus) < units * 0.999 ||
	    between(bench, bench->cpus) > units * 1.001)
		fail_msg("[%s]: %.3f units between operations, expected %.3f", bench->settings,
			 between(bench, bench->cpus), units);
	workbench_done(bench);
}

/*
 * Chasing: the next CPU's probe is there before the data; the owner keeps the line for one LOCK
 * operation, 10; then the data leg of a LOCK operation on a modified line, 60 - 10 - 13 21/64 =
 * 36 43/64. So X = t_own + p5 = 46 43/64, whatever the number of CPUs, and a compare-and-exchange
 * that waits for its turn finds it each time. Far (170 - 10 = 160): request 10; the home does not
 * know whether it will find M or E, 150 - 10 = 140, so the probe takes a third of that one's other
 * 130, 43 21/64; data 160 - 10 - 43 21/64 = 106 43/64.
 */
static void a_chased_line_takes_one_operation_and_a_data_leg(void **state)
{
	static const struct {
		const char *settings;
		unsigned cpus;
		enum placement placement;
		double units;
	} rows[] = {
		{ "test=pp_cas", 2, PLACEMENT_APART_1, 46 * UNIT + 43 },
		{ "test=cont op=lock_xadd", 2, PLACEMENT_APART_1, 46 * UNIT + 43 },
		{ "test=cont op=lock_add", 3, PLACEMENT_APART_1, 46 * UNIT + 43 },
		{ "test=cont op=xchg", 8, PLACEMENT_APART_1, 46 * UNIT + 43 },
		/* nothing keeps the line of a plain addition */
		{ "test=cont op=add", 4, PLACEMENT_APART_1, 36 * UNIT + 43 },
		{ "test=cont op=add words=neighbours", 4, PLACEMENT_APART_1, 36 * UNIT + 43 },
		/* two CPUs in parallel, one operation of 10 and 1 each */
		{ "test=cont op=lock_xadd words=separate", 2, PLACEMENT_APART_1, 5 * UNIT },
		{ "test=cont op=add words=separate", 2, PLACEMENT_APART_1, UNIT / 2. },
		{ "test=pp_cas", 2, PLACEMENT_APART_2, 116 * UNIT + 43 },
		{ "test=cont op=lock_xadd", 2, PLACEMENT_APART_2, 116 * UNIT + 43 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench bench = { .settings = rows[i].settings,
					   .cpus = rows[i].cpus,
					   .placement = rows[i].placement,
					   .warmup = 200,
					   .operations = 4000 };

		expect_between(&bench, rows[i].units);
	}
}

/*
 * Blocking: the completion is at the home a request leg after the fill, 10, the probe 13 21/64
 * later. Until 23 21/64 the owner begins operations at 0, 10 and 20; the third ends at 30, then
 * the data leg: three operations in 30 + 36 43/64.
 */
static void a_blocked_line_stays_for_the_hold_window(void **state)
{
	struct machine machine = engine_machine();
	struct workbench bench = { .settings = "test=cont op=lock_xadd",
				   .machine = &machine,
				   .cpus = 2,
				   .warmup = 200,
				   .operations = 4000 };

	(void)state;
	machine.handoff.home = ORDER_BLOCKING;
	expect_between(&bench, (66 * UNIT + 43) / 3.);
}

/*
 * One line, loads and stores. From the store of one CPU at 0: upgrade, request 10, probe 10; the
 * other's copy is lost at 20. It polls every 2 (a turn of the loop of 1, a hit of 1): the poll at
 * 20 or 21 misses, 60: it sees the value at 80 or 81 and stores at once, by when the first one
 * polls at odd times (its store ended at 41). So 80 and 81 take turns. With two lines: both the
 * stored and the polled line are shared by both CPUs as before, so it is the same.
 * With a pause of 4 a poll comes every 5. The store ended at 41, polls at 41 + 5k; the answering
 * store at 80 + d takes the copy at 100 + d, and the next poll is at 101 (d up to 1) or 106: the
 * next d is 1 - d or 6 - d. 0 and 1 take turns, mean 80.5, as do 2 and 4, and 3 stays: 83.
 */
static void a_poller_sees_a_store_after_upgrade_and_load(void **state)
{
	struct workbench one = {
		.settings = "test=pp_ld", .cpus = 2, .warmup = 200, .operations = 4000
	};
	struct workbench two = {
		.settings = "test=pp_2l", .cpus = 2, .warmup = 200, .operations = 4000
	};
	struct workbench pause = {
		.settings = "test=pp_ld pause=true", .cpus = 2, .warmup = 200, .operations = 4000
	};

	(void)state;
	expect_between(&one, 80.5 * UNIT);
	expect_between(&two, 80.5 * UNIT);
	run_good(&pause);
	assert_true(between(&pause, 2) >= 80.4 * UNIT && between(&pause, 2) <= 83.1 * UNIT);
	workbench_done(&pause);
}

/*
 * One reader, near: the store takes the reader's copy at 10 + 10; it polls every 2, misses at 20 to
 * 22, and the load is 60: 80 to 82. Far: a store on a shared line is 130 - 9 = 121, its legs 120:
 * request 10, probe (120 - 10) / 3 = 36 43/64, and the answer is back at 120. The reader misses at
 * 46 43/64 to 48 43/64; its request and its probe, 10 and (139 - 10) / 3 = 43, are at the writer by
 * 102 and wait for the store until 120; data 159 - 10 - 43 = 106 and the load's 1: 227.
 */
static void a_fan_begins_with_the_store(void **state)
{
	struct workbench near = { .settings = "test=fan", .cpus = 2, .placement = PLACEMENT_APART_1,
				  .warmup = 1, .operations = 100, .jitter = true };
	struct workbench far = near;
	const struct op_stats *work;

	(void)state;
	far.placement = PLACEMENT_APART_2;
	run_good(&near);
	run_good(&far);
	work = &near.result->op[OP_WORK];
	assert_int_equal(work->count, 100);
	assert_true(work->total_units >= 100 * 80 * UNIT && work->total_units <= 100 * 82 * UNIT);
	assert_true(work->max_units <= 82 * UNIT);
	work = &far.result->op[OP_WORK];
	assert_int_equal(work->total_units, 100 * 227 * UNIT);
	workbench_done(&near);
	workbench_done(&far);
}

/* Work of 1000 between two operations of 70: nobody waits for anybody for long. */
static void private_work_is_outside(void **state)
{
	struct workbench bench = { .settings = "test=cont op=lock_xadd work_cycles=1000", .cpus = 2,
				   .warmup = 10, .operations = 100 };

	(void)state;
	run_good(&bench);
	assert_true(bench.result->op[OP_WORK].max_units <= (70 + 70) * UNIT);
	assert_true(bench.result->elapsed_units >= 50 * 1000 * UNIT);
	workbench_done(&bench);
}

/* ---- damage ---------------------------------------------------------------------------------- */

struct culprit {
	const char *member;             /* text of the access */
	uint64_t *word;                 /* the last one so accessed */
	unsigned countdown;             /* damage while it runs: at that access; 0: never */
	uint64_t value;
};

static void look_for(void *to, const struct access *access)
{
	struct culprit *culprit = to;

	if (!strstr(access->site->text, culprit->member))
		return;
	culprit->word = (uint64_t *)access->address;
	if (culprit->countdown && !--culprit->countdown)
		*culprit->word = culprit->value;
}

static void change_word(struct workbench *bench)
{
	struct culprit *culprit = bench->to;

	assert_non_null(culprit->word);
	*culprit->word += 12345;
}

/* Every test's memory is looked at in the end; `member` is the damaged word as the source has it. */
static void damage_is_found(void **state)
{
	static const struct { const char *settings, *member; unsigned cpus; } rows[] = {
		{ "test=chase size=1024", "next", 1 },
		{ "test=ld_M lines=8", "next", 2 },
		{ "test=rmw_S lines=8", "next", 2 },
		{ "test=load_cas_M lines=8", "next", 2 },
		{ "test=st_M lines=8", "mark", 2 },
		{ "test=burst lines=8", "mark", 2 },
		{ "test=own op=store", "word", 1 },
		{ "test=own op=add", "word", 1 },
		{ "test=own op=lock_add", "word", 1 },
		{ "test=own op=xchg", "word", 1 },
		{ "test=own op=lock_cmpxchg", "word", 1 },
		{ "test=own op=lock_cmpxchg16b", "pair", 1 },
		{ "test=pp_cas", "mine", 2 },
		{ "test=pp_ld", "mine", 2 },
		{ "test=pp_2l", "mine", 2 },
		{ "test=cont op=add", "word", 2 },
		{ "test=cont op=store", "word", 2 },
		{ "test=cont op=lock_xadd", "word", 2 },
		{ "test=cont op=lock_xadd words=separate", "word", 2 },
		{ "test=cont op=cas_loop", "word", 2 },
		{ "test=cont op=xchg", "word", 2 },
		{ "test=cont op=ttas section=true", "section", 2 },
		{ "test=cont op=ticket", "owner", 2 },
		{ "test=cont op=ticket section=true", "section", 2 },
		{ "test=cont op=spin_dec section=true", "section", 2 },
		{ "test=cont op=spin_ticket section=true", "section", 2 },
		{ "test=cont op=poll", "word", 2 },
		{ "test=fan", "word", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct culprit culprit = { .member = rows[i].member };
		struct workbench bench = { .settings = rows[i].settings,
					   .cpus = rows[i].cpus,
					   .warmup = 4,
					   .operations = 20,
					   .observer = look_for,
					   .to = &culprit };

		run_good(&bench);
		workbench_done(&bench);
		bench.damage = change_word;
		workbench_run(&bench, &micro);
		if (bench.finished)
			fail_msg("%s: damage at '%s' was not found", rows[i].settings,
				 rows[i].member);
		assert_true(*bench.why != '\0');
		workbench_done(&bench);
	}
}

static void open_lock(void *to, const struct access *access)
{
	(void)to;
	if (access->read && access->write && !strcmp(access->site->text, "word"))
		*(uint64_t *)access->address = 0;
}

/* A lock whose word says free as soon as it is taken. */
static void two_in_a_section_are_a_bug(void **state)
{
	struct workbench bench = { .settings = "test=cont op=ttas section=true",
				   .cpus = 4,
				   .warmup = 4,
				   .operations = 40,
				   .observer = open_lock };

	(void)state;
	workbench_run(&bench, &micro);
	assert_int_equal(bench.outcome, OUTCOME_BUG);
	assert_non_null(strstr(bench.result->message, "two CPUs hold the lock"));
	workbench_done(&bench);
}

/* A next pointer that leads back early, during the preparation: CPU 0 does not come round. */
static void a_short_cycle_is_found(void **state)
{
	struct culprit culprit = { .member = "node->next", .countdown = 2 };
	struct workbench bench = { .settings = "test=st_M lines=8",
				   .observer = look_for,
				   .to = &culprit };

	(void)state;
	workbench_run(&bench, &micro);
	assert_false(bench.outcome == OUTCOME_DONE && bench.finished);
	workbench_done(&bench);
}

/* A reader that is shown an old value says so at once. */
static void time_runs_forward_for_a_reader(void **state)
{
	struct culprit culprit = { .member = "word", .countdown = 200 };
	struct workbench bench = { .settings = "test=cont op=poll", .warmup = 4, .operations = 1000,
				   .observer = look_for, .to = &culprit };

	(void)state;
	workbench_run(&bench, &micro);
	assert_int_equal(bench.outcome, OUTCOME_BUG);
	assert_non_null(strstr(bench.result->message, "an old value after a new one"));
	workbench_done(&bench);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void settings_that_do_not_fit_are_told(void **state)
{
	static const struct { const char *settings, *why; unsigned cpus;
	} rows[] = {
		{ "test=ld_S", "test 'ld_S' is one of at least 3 CPUs, not 2", 2 },
		{ "test=own", "test 'own' is one of 1 CPUs, not 2", 2 },
		{ "test=pp_cas", "test 'pp_cas' is one of 2 CPUs, not 3", 3 },
		{ "test=ld_M memory_of=2", "'memory_of' is CPU 2 of 2", 2 },
		{ "test=own op=ttas", "'own' measures one instruction; 'op: ttas' is for 'cont'",
		  1 },
		{ "test=cont op=lock_cmpxchg",
		  "'op: lock_cmpxchg' would fail where CPUs compete; 'cas_loop' retries", 2 },
		{ "test=cont op=ttas words=separate",
		  "'op: ttas' has one word for all CPUs ('words: shared')", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench bench = { .settings = rows[i].settings, .cpus = rows[i].cpus };

		workbench_run(&bench, &micro);
		assert_null(bench.result);
		assert_string_equal(bench.why, rows[i].why);
	}
}

static void shortcuts_change_nothing(void **state)
{
	static const struct { const char *settings; unsigned cpus;
	} rows[] = {
		{ "test=ld_M", 2 },
		{ "test=pp_ld", 2 },
		{ "test=pp_2l pause=true", 2 },
		{ "test=pp_cas", 2 },
		{ "test=cont op=ticket section=true", 4 },
		{ "test=cont op=ttas work_cycles=300", 4 },
		{ "test=cont op=spin_ticket", 4 },
		{ "test=fan", 8 },
		{ "test=burst", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench bench = { .settings = rows[i].settings,
					   .cpus = rows[i].cpus,
					   .jitter = true,
					   .warmup = 20,
					   .operations = 200 };

		workbench_without_shortcuts(&bench, &micro);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_cost_what_the_table_says),
		cmocka_unit_test(memory_lies_where_it_is_asked_for),
		cmocka_unit_test(a_chase_finds_the_level_that_holds_it),
		cmocka_unit_test(a_burst_without_a_buffer_is_a_sum),
		cmocka_unit_test(own_words_cost_their_column),
		cmocka_unit_test(a_chased_line_takes_one_operation_and_a_data_leg),
		cmocka_unit_test(a_blocked_line_stays_for_the_hold_window),
		cmocka_unit_test(a_poller_sees_a_store_after_upgrade_and_load),
		cmocka_unit_test(a_fan_begins_with_the_store),
		cmocka_unit_test(private_work_is_outside),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(two_in_a_section_are_a_bug),
		cmocka_unit_test(a_short_cycle_is_found),
		cmocka_unit_test(time_runs_forward_for_a_reader),
		cmocka_unit_test(settings_that_do_not_fit_are_told),
		cmocka_unit_test(shortcuts_change_nothing),
	};

	return cmocka_run_group_tests_name("micro", tests, NULL, NULL);
}
