/*
 * The workload `locks` on the machine of engine_fixture.c (1 GHz: ns are cycles; no store buffer): a
 * turn of one CPU and of two in turn as sums by hand, who bounces what, exclusion, order, damage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/internal.h"
#include "sim/verbs/mcs.h"
#include "sim/verbs/rwsem.h"
#include "tests/engine_fixture.h"
#include "tests/workload_fixture.h"

extern const struct workload locks;

static void run_good(struct workbench *bench)
{
	workbench_run_good(bench, &locks);
}

/* ---- what a turn costs ----------------------------------------------------------------------- */

/*
 * Of one CPU all lines are its own: a load, a store, an addition without LOCK 1, a LOCK operation 10,
 * a fence 10. Data: read and written, 1 + 1; a reader's 1.
 *
 * Two CPUs in turn, so far apart in time that nobody waits: what the other has modified costs a load
 * 60, a LOCK operation 70; what both have, a store 50 - 10 + 1 = 41 and a LOCK operation 50. Data: the
 * load makes it shared, the store upgrades, 60 + 41 = 101; what readers read they keep, 1.
 * Bounces: lines that both write, one each per turn.
 */
enum { DATA = 1 + 1, OTHER = 60 + 41 };

static const struct turn_row {
	const char *settings;
	uint64_t alone, in_turn, bounces;
} turn_rows[] = {
	/* xchg, data, unlock */
	{ "lock=tas", 10 + DATA + 1, 70 + OTHER + 1, 2 },
	{ "lock=tas data=beside", 10 + DATA + 1, 70 + 1 + 1 + 1, 1 },
	{ "lock=tas lines=0", 10 + 1, 70 + 1, 1 },
	{ "lock=tas lines=3", 10 + 3 * DATA + 1, 70 + 3 * OTHER + 1, 4 },
	/* load, which shares; xchg */
	{ "lock=ttas", 1 + 10 + DATA + 1, 60 + 50 + OTHER + 1, 2 },
	/* xadd of both halves; unlock adds without LOCK */
	{ "lock=ticket", 10 + DATA + 1, 70 + OTHER + 1, 2 },
	/* xadd, load of the owner; unlock stores to the line that was read */
	{ "lock=ticket_lines", 10 + 1 + DATA + 1, 70 + 60 + OTHER + 41, 3 },
	{ "lock=dec", 10 + DATA + 1, 70 + OTHER + 1, 2 },
	{ "lock=queued", 10 + DATA + 1, 70 + OTHER + 1, 2 },
	/* own next, xchg tail; own next, cmpxchg tail: nobody else knows the node */
	{ "lock=mcs", 1 + 10 + DATA + 1 + 10, 1 + 70 + OTHER + 1 + 10, 2 },
	/* cmpxchg and xadd; a reader: xadd twice */
	{ "lock=rwsem", 10 + DATA + 10, 70 + OTHER + 10, 2 },
	{ "lock=rwsem reader_percent=100", 10 + 1 + 10, 70 + 1 + 10, 1 },
	/* cmpxchg, sequence twice, unlock, all in one line; a reader: sequence, data, sequence */
	{ "lock=seqlock", 10 + 1 + DATA + 1 + 1, 70 + 1 + OTHER + 1 + 1, 2 },
	{ "lock=seqlock reader_percent=100", 1 + 1 + 1, 1 + 1 + 1, 0 },
	/* pointer, own count, own addition; a reader: the shared count */
	{ "lock=percpu_counter batch=1000000", 1 + 1 + 1, 1 + 1 + 1, 0 },
	{ "lock=percpu_counter reader_percent=100", 1, 1, 0 },
	/*
	 * every turn folds: pointer, own, cmpxchg, count read and written, own, unlock. In turn the
	 * pointer's load fetches the line, 60; then cmpxchg upgrades, 50
	 */
	{ "lock=percpu_counter batch=1", 1 + 1 + 10 + 1 + 1 + 1 + 1, 60 + 1 + 50 + 1 + 1 + 1 + 1, 1 },
	/* pointer, data, period, own */
	{ "lock=rcu reader_percent=100", 1 + 1 + 1 + 1, 1 + 1 + 1 + 1, 0 },
};

static uint64_t cycles_of(const struct workbench *bench)
{
	const struct op_stats *work = &bench->result->op[OP_WORK];

	assert_int_equal(work->total_units % (work->count * UNIT), 0);
	return work->total_units / (work->count * UNIT);
}

static uint64_t bounces_of(const struct workbench *bench)
{
	uint64_t bounces = 0;

	for (int class = 0; class < LINE_CLASSES; class++)
		bounces += bench->result->total.bounces[class];
	return bounces;
}

static void a_turn_of_one_cpu_is_a_sum(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof turn_rows / sizeof *turn_rows; i++) {
		struct workbench bench = { .settings = turn_rows[i].settings, .cpus = 1,
					   .warmup = 4, .operations = 100 };

		run_good(&bench);
		if (cycles_of(&bench) != turn_rows[i].alone)
			fail_msg("[%s]: %llu cycles, expected %llu", bench.settings,
				 (unsigned long long)cycles_of(&bench),
				 (unsigned long long)turn_rows[i].alone);
		assert_int_equal(bounces_of(&bench), 0);
		workbench_done(&bench);
	}
}

/* Turns of a few hundred cycles, 20000 apart; CPUs begin up to 1000 cycles apart, by seed: with this
 * one far enough that they never meet. */
static void turns_in_turn_are_sums_and_bounce_what_both_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof turn_rows / sizeof *turn_rows; i++) {
		char settings[120];
		struct workbench bench = { .settings = settings, .cpus = 2, .warmup = 10,
					   .operations = 100, .jitter = true, .seed = 2 };

		snprintf(settings, sizeof settings, "%s think_cycles=20000 work=constant",
			 turn_rows[i].settings);
		run_good(&bench);
		if (bench.result->locks)
			assert_int_equal(bench.result->lock[0].contended, 0);
		if (cycles_of(&bench) != turn_rows[i].in_turn)
			fail_msg("[%s]: %llu cycles, expected %llu", bench.settings,
				 (unsigned long long)cycles_of(&bench),
				 (unsigned long long)turn_rows[i].in_turn);
		if (bounces_of(&bench) != 100 * turn_rows[i].bounces)
			fail_msg("[%s]: %llu bounces, expected 100 * %llu", bench.settings,
				 (unsigned long long)bounces_of(&bench),
				 (unsigned long long)turn_rows[i].bounces);
		workbench_done(&bench);
	}
}

/*
 * A writer of rcu alone: own word 0, cmpxchg, pointer, data from one copy to the other, pointer, xadd
 * of the period, own word 0, unlock; period, own word, fence.
 */
static void a_writer_of_rcu_is_a_sum(void **state)
{
	struct workbench bench = { .settings = "lock=rcu", .cpus = 1, .warmup = 4,
				   .operations = 100 };

	(void)state;
	run_good(&bench);
	assert_int_equal(cycles_of(&bench), 1 + 10 + 1 + DATA + 1 + 10 + 1 + 1 + 1 + 1 + 10);
	workbench_done(&bench);
}

/* 31 turns of 3 and one that folds, 16: nothing is shared meanwhile. */
static void a_batch_folds_once(void **state)
{
	struct workbench bench = { .settings = "lock=percpu_counter batch=32", .cpus = 1,
				   .warmup = 32, .operations = 320 };

	(void)state;
	run_good(&bench);
	assert_int_equal(bench.result->op[OP_WORK].total_units, 10 * (31 * 3 + 16) * UNIT);
	workbench_done(&bench);
}

/* A lock for each: nobody meets anybody. */
static void instances_do_not_meet(void **state)
{
	struct workbench bench = { .settings = "lock=queued instances=4 section_cycles=100",
				   .cpus = 4, .warmup = 40, .operations = 400 };

	(void)state;
	run_good(&bench);
	assert_int_equal(bounces_of(&bench), 0);
	workbench_done(&bench);
}

/* Places in a queue too, whichever kind of lock has one: there is no allocator. */
static void all_lines_are_the_workloads(void **state)
{
	static const char *const waited_for[] = { "ticket", "queued", "mcs" };

	(void)state;
	for (size_t i = 0; i < sizeof waited_for / sizeof *waited_for; i++) {
		char settings[60];
		struct workbench bench = { .settings = settings, .cpus = 4, .warmup = 40,
					   .operations = 400 };
		const uint64_t *bounces;

		snprintf(settings, sizeof settings, "lock=%s section_cycles=100", waited_for[i]);
		run_good(&bench);
		bounces = bench.result->total.bounces;
		assert_true(bounces[CLASS_WORKLOAD] > 0);
		assert_int_equal(bounces[CLASS_ALLOCATOR] + bounces[CLASS_PAYLOAD], 0);
		workbench_done(&bench);
	}
}

/* ---- exclusion ------------------------------------------------------------------------------- */

static const char *const kinds[] = {
	"tas", "ttas", "ticket", "ticket_lines", "dec", "queued", "mcs", "rwsem", "seqlock",
	"percpu_counter", "rcu",
};

static void no_change_is_lost_and_none_seen_half(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (unsigned readers = 0; readers <= 100; readers += 50)
			for (uint64_t seed = 1; seed <= 3; seed++) {
				char settings[160];
				struct workbench bench = { .settings = settings, .cpus = 8,
							   .warmup = 50, .operations = 600,
							   .jitter = true, .seed = seed };

				snprintf(settings, sizeof settings,
					 "lock=%s lines=3 reader_percent=%u section_cycles=50 "
					 "think_cycles=200 batch=4 instances=2",
					 kinds[i], readers);
				run_good(&bench);
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
	struct workbench bench = { .settings = "lock=ttas section_cycles=100", .cpus = 4,
				   .warmup = 4, .operations = 40, .observer = open_lock };

	(void)state;
	workbench_run(&bench, &locks);
	assert_int_equal(bench.outcome, OUTCOME_BUG);
	assert_non_null(strstr(bench.result->message, "two CPUs hold the lock"));
	workbench_done(&bench);
}

/* The second of two lines changes while a reader is between them. */
static void spoil_second_line(void *to, const struct access *access)
{
	unsigned *reads = to;

	if (!strcmp(access->site->function, "look") && ++*reads % 2)
		((uint64_t *)access->address)[LINE / sizeof(uint64_t)]++;
}

static void half_of_a_change_is_a_bug(void **state)
{
	static const char *const settings[] = {
		"lock=rwsem lines=2 reader_percent=100", "lock=seqlock lines=2 reader_percent=100",
		"lock=rcu lines=2 reader_percent=100", "lock=queued lines=2 reader_percent=100",
	};

	(void)state;
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		unsigned reads = 0;
		struct workbench bench = { .settings = settings[i], .warmup = 4, .operations = 40,
					   .observer = spoil_second_line, .to = &reads };

		workbench_run(&bench, &locks);
		assert_int_equal(bench.outcome, OUTCOME_BUG);
		assert_non_null(strstr(bench.result->message, "half of a change"));
		workbench_done(&bench);
	}
}

struct culprit {
	const char *function, *text;    /* of the access */
	uint64_t *word;                 /* the last one so accessed */
};

static void look_for(void *to, const struct access *access)
{
	struct culprit *culprit = to;

	if (!strcmp(access->site->text, culprit->text) &&
	    !strcmp(access->site->function, culprit->function))
		culprit->word = (uint64_t *)access->address;
}

static void change_word(struct workbench *bench)
{
	struct culprit *culprit = bench->to;

	assert_non_null(culprit->word);
	*culprit->word += 12345;
}

static void damage_is_found(void **state)
{
	static const struct { const char *settings, *function, *text, *why; } rows[] = {
		{ "lock=mcs lines=2", "change", "word", "a line under lock 0 does not hold its" },
		{ "lock=tas data=beside lines=2", "change", "word", "a line under lock 0 does not hold its" },
		{ "lock=percpu_counter batch=2", "with_counter", "&guard->total", "do not add up" },
		{ "lock=percpu_counter batch=100", "with_counter", "counters", "do not add up" },
		{ "lock=rcu lines=2", "rcu_update", "&next[i].value", "a line under lock 0 does not hold its" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct culprit culprit = { rows[i].function, rows[i].text, NULL };
		struct workbench bench = { .settings = rows[i].settings, .cpus = 2, .warmup = 4,
					   .operations = 20, .observer = look_for, .to = &culprit };

		run_good(&bench);
		workbench_done(&bench);
		bench.damage = change_word;
		workbench_run(&bench, &locks);
		if (bench.finished || !strstr(bench.why, rows[i].why))
			fail_msg("%s: damage at '%s' was not found: '%s'", rows[i].settings,
				 rows[i].text, bench.why);
		workbench_done(&bench);
	}
}

/* ---- order ----------------------------------------------------------------------------------- */

enum { COMERS = 5 };

struct queue_run {
	struct sim *sim;
	struct shared {
		_Alignas(LINE) struct mcs_lock lock;
		_Alignas(LINE) struct rwsem sem;
	} *shared;
	struct mcs_node *node;
	char text[COMERS][400];
	unsigned order[COMERS], taken;
	unsigned readers, most_readers;
};

/* "A tail, W 1.next, ": of the lock and of the nodes, by their CPU; repeated reads once. */
static void note(void *to, const struct access *a)
{
	struct queue_run *run = to;
	char *text = run->text[a->cpu], step[40], how = 'R';
	size_t at = strlen(text), length;

	if (a->locked)
		how = 'A';
	else if (a->write)
		how = 'W';
	step[0] = '\0';
	if (a->address == (const void *)&run->shared->lock.tail)
		snprintf(step, sizeof step, "%c tail, ", how);
	for (unsigned i = 0; i < COMERS; i++) {
		if (a->address == (const void *)&run->node[i].next)
			snprintf(step, sizeof step, "%c %u.next, ", how, i);
		if (a->address == (const void *)&run->node[i].waits)
			snprintf(step, sizeof step, "%c %u.waits, ", how, i);
	}
	length = strlen(step);
	if (how == 'R' && at >= length && !strcmp(text + at - length, step))
		return;
	snprintf(text + at, sizeof run->text[0] - at, "%s", step);
}

static struct queue_run queue_run_new(unsigned cpus)
{
	static struct machine machine;
	struct sim_options options;
	struct queue_run run = { 0 };

	machine = engine_machine();
	options = engine_options(&machine, cpus);
	run.sim = engine_sim(&options);
	run.shared = arena_new(run.sim, struct shared, 1, 0, LINE, NULL, "shared");
	run.node = arena_new(run.sim, struct mcs_node, COMERS, 0, LINE, NULL, "node");
	return run;
}

static void takes_mcs(struct cpu *cpu, void *argument)
{
	struct queue_run *run = argument;
	unsigned id = cpu_id(cpu);

	compute_cycles(cpu, 1 + 2000 * id);
	mcs_lock(cpu, &run->shared->lock, &run->node[id]);
	run->order[run->taken++] = id;
	compute_cycles(cpu, id ? 500 : 20000);
	mcs_unlock(cpu, &run->shared->lock, &run->node[id]);
}

/* CPU 0 holds it while the others come: each touches its own node and that of its neighbours. */
static void mcs_is_served_in_order_of_coming(void **state)
{
	struct queue_run run = queue_run_new(3);

	(void)state;
	sim_observe(run.sim, note, &run);
	for (unsigned id = 0; id < 3; id++)
		thread_start(run.sim, id, takes_mcs, &run);
	assert_int_equal(sim_run(run.sim), OUTCOME_DONE);
	assert_int_equal(run.taken, 3);
	for (unsigned id = 0; id < 3; id++)
		assert_int_equal(run.order[id], id);
	assert_string_equal(run.text[0], "W 0.next, A tail, R 0.next, W 1.waits, ");
	assert_string_equal(run.text[1], "W 1.next, A tail, W 1.waits, W 0.next, R 1.waits, "
					 "R 1.next, W 2.waits, ");
	assert_string_equal(run.text[2], "W 2.next, A tail, W 2.waits, W 1.next, R 2.waits, "
					 "R 2.next, A tail, ");
	assert_null(run.shared->lock.tail);
	sim_free(run.sim);
}

static void come_for(struct cpu *cpu, void *argument)
{
	struct queue_run *run = argument;
	struct rwsem *sem = &run->shared->sem;
	unsigned id = cpu_id(cpu);

	compute_cycles(cpu, 1 + 2000 * id);
	if (id == 2) {
		down_write(cpu, sem);
		assert_int_equal(run->readers, 0);
		run->order[run->taken++] = id;
		compute_cycles(cpu, 500);
		up_write(cpu, sem);
		return;
	}
	down_read(cpu, sem);
	run->order[run->taken++] = id;
	if (++run->readers > run->most_readers)
		run->most_readers = run->readers;
	compute_cycles(cpu, 20000);
	run->readers--;
	up_read(cpu, sem);
}

/* Readers 0 and 1 are in together; 2 comes to write, and readers 3 and 4, behind it, let it go first,
 * though readers are in. */
static void a_waiting_writer_goes_before_new_readers(void **state)
{
	struct queue_run run = queue_run_new(5);

	(void)state;
	for (unsigned id = 0; id < 5; id++)
		thread_start(run.sim, id, come_for, &run);
	assert_int_equal(sim_run(run.sim), OUTCOME_DONE);
	assert_int_equal(run.taken, 5);
	assert_int_equal(run.order[0], 0);
	assert_int_equal(run.order[1], 1);
	assert_int_equal(run.order[2], 2);
	assert_int_equal(run.most_readers, 2);
	assert_int_equal(run.shared->sem.count, 0);
	sim_free(run.sim);
}

/* ---- bit locks, by what the sheet has in 1.1 ---------------------------------------------------- */

struct bit_run {
	uint64_t *word;
	enum bit_lock kind;
	uint64_t until;                 /* where the last noted access ended */
	char text[400];
};

/* "M, A, pause R, ": CPU 1 at the lock's word (R, A) and at its count (M); a turn that is like the
 * one before is left out. */
static void note_waiter(void *to, const struct access *a)
{
	struct bit_run *run = to;
	char step[20], how = 'R', *text = run->text;
	static const char *const turns[] = { "M, pause M, R, ", "pause R, " };
	size_t at = strlen(text);

	if (a->cpu != 1)
		return;
	if (a->write)
		how = a->locked ? 'A' : 'M';
	snprintf(step, sizeof step, "%s%c, ", a->start_units > run->until && at ? "pause " : "", how);
	run->until = a->start_units + a->cost_units;
	snprintf(text + at, sizeof run->text - at, "%s", step);
	for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
		size_t length = strlen(turns[i]);

		at = strlen(text);
		if (at >= 2 * length && !strcmp(text + at - length, turns[i]) &&
		    !strncmp(text + at - 2 * length, turns[i], length))
			text[at - length] = '\0';
	}
}

static void holds_the_bit(struct cpu *cpu, void *argument)
{
	struct bit_run *run = argument;

	bit_spin_lock(cpu, run->word, 3, run->kind);
	compute_cycles(cpu, 20000);
	bit_spin_unlock(cpu, run->word, 3, run->kind);
}

static void waits_for_the_bit(struct cpu *cpu, void *argument)
{
	struct bit_run *run = argument;

	compute_cycles(cpu, 2000);
	run->until = 0;
	run->text[0] = '\0';
	bit_spin_lock(cpu, run->word, 3, run->kind);
}

/* The lock costs CPU 1 its count (M), a bts (A), and while the bit is set: until 2.6.38 a read, and
 * if it is still set count down, pause, count up, read; from 2.6.39 on count down once, pause and
 * read as long as it is set, count up; then the bts again. Nothing is counted without preemption. */
static void who_waits_for_a_bit_pauses_as_its_version_did(void **state)
{
	static const struct {
		enum bit_lock kind;
		bool preempt;
		const char *text;
	} rows[] = {
		{ BIT_LOCK_2624, false, "A, R, pause R, A, " },
		{ BIT_LOCK_2625, false, "A, R, pause R, A, " },
		{ BIT_LOCK_2639, false, "A, pause R, A, " },
		{ BIT_LOCK_2625, true, "M, A, R, M, pause M, R, A, " },
		{ BIT_LOCK_2639, true, "M, A, M, pause R, M, A, " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct machine machine = engine_machine();
		struct sim_options options = engine_options(&machine, 2);
		struct bit_run run = { .kind = rows[i].kind };
		struct sim *sim;

		options.preempt = rows[i].preempt;
		sim = engine_sim(&options);
		run.word = arena_new(sim, uint64_t, 1, 0, LINE, NULL, "word");
		sim_observe(sim, note_waiter, &run);
		thread_start(sim, 0, holds_the_bit, &run);
		thread_start(sim, 1, waits_for_the_bit, &run);
		assert_int_equal(sim_run(sim), OUTCOME_DONE);
		assert_string_equal(run.text, rows[i].text);
		sim_free(sim);
	}
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void settings_that_do_not_fit_are_told(void **state)
{
	static const char *const settings[] = { "lock=rcu data=beside",
						"lock=percpu_counter data=beside" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct workbench bench = { .settings = settings[i], .operations = 10 };

		workbench_run(&bench, &locks);
		assert_null(bench.result);
		assert_non_null(strstr(bench.why, "'data: beside' is of locks with a section"));
	}
}

static void shortcuts_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		char settings[100];
		struct workbench bench = { .settings = settings, .cpus = 5, .jitter = true,
					   .warmup = 20, .operations = 200 };

		snprintf(settings, sizeof settings,
			 "lock=%s lines=2 reader_percent=30 think_cycles=100 batch=4", kinds[i]);
		workbench_without_shortcuts(&bench, &locks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_of_one_cpu_is_a_sum),
		cmocka_unit_test(turns_in_turn_are_sums_and_bounce_what_both_write),
		cmocka_unit_test(a_writer_of_rcu_is_a_sum),
		cmocka_unit_test(a_batch_folds_once),
		cmocka_unit_test(instances_do_not_meet),
		cmocka_unit_test(all_lines_are_the_workloads),
		cmocka_unit_test(no_change_is_lost_and_none_seen_half),
		cmocka_unit_test(two_in_a_section_are_a_bug),
		cmocka_unit_test(half_of_a_change_is_a_bug),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(mcs_is_served_in_order_of_coming),
		cmocka_unit_test(a_waiting_writer_goes_before_new_readers),
		cmocka_unit_test(who_waits_for_a_bit_pauses_as_its_version_did),
		cmocka_unit_test(settings_that_do_not_fit_are_told),
		cmocka_unit_test(shortcuts_change_nothing),
	};

	return cmocka_run_group_tests_name("locks", tests, NULL, NULL);
}
