/*
 * The store buffer by hand: what a store, a load and a fence cost, when a buffered store takes
 * effect, and what others see. The machine is that of scenario_fixture.c and test_timing.c with
 * a store buffer of eight.
 *
 *	store to a line modified in the same socket    legs 70 - 10 = 60; other socket 160
 *	upgrade, one other sharer                      legs 50 - 10 = 40
 *	from memory                                    legs 100 - 1 = 99
 *	a store in the buffer                          1 cycle of its CPU
 *
 * A fence, a LOCK operation or a load of a part goes on one cycle after the store it waits for:
 * that is the store's own. `own` below are lines that the CPU has modified itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/engine_fixture.h"
#include "tests/scenario_fixture.h"

static struct machine buffered(void)
{
	struct machine m = engine_machine();

	m.store_buffer = 8;
	return m;
}

static void two_entries(struct machine *m)
{
	m->store_buffer = 2;
}

static void one_miss_buffer(struct machine *m)
{
	m->miss_buffers = 1;
}

static void one_upgrade_at_a_time(struct machine *m)
{
	m->rfo_parallel.from_S = 1;
}

static void one_hidden_miss(struct machine *m)
{
	m->hidden_store_misses = 1;
}

static void private_l2(struct machine *m)
{
	m->l1d = (struct cache_level){ 1, 1, 1, 1 };
	m->l2 = (struct cache_level){ 64, 8, 10, 1 };
}

static void one_store(void **state)
{
	static const struct scenario scenarios[] = {
		{ "a store that misses takes its CPU a cycle; a fence waits: 60 + 1 - 1, and 10", NULL, {
			{ 1, 100, STORE, 'A', ANY }, { 0, 1000, STORE, 'A', C(1) },
			{ 0, 0, FENCE, 'A', C(1061 - 1001 + 10) } } },
		{ "from memory: 99 + 1 - 1, and 10", NULL, {
			{ 0, 1000, STORE, 'A', C(1) },
			{ 0, 0, FENCE, 'A', C(1100 - 1001 + 10) } } },
		{ "an upgrade: 40 + 1 - 1, and 10", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 0, 1000, STORE, 'A', C(1) },
			{ 0, 0, FENCE, 'A', C(1041 - 1001 + 10) } } },
		{ "an own line: at once, nothing to wait for", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 0, FENCE, 'A', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, FENCE, 'A', C(10) } } },
		/* A and Q share the one way of their set in L1: A is in L2 when it is stored to */
		{ "an own line in L2: 9 later, and 1 - 1, and 10", private_l2, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1000, LOAD, 'Q', ANY },
			{ 0, 2000, STORE, 'A', C(1) }, { 0, 0, FENCE, 'A', C(9 + 10) } } },
	};
	const struct machine machine = buffered();

	(void)state;
	PLAY(&machine, scenarios);
}

static void several_stores(void **state)
{
	static const struct scenario scenarios[] = {
		{ "requests overlap: data at 1060 and 1061", NULL, {
			{ 1, 100, STORE, 'A', ANY }, { 1, 500, STORE, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE, 'B', C(1) },
			{ 0, 0, FENCE, 'A', C(1062 - 1002 + 10) } } },
		{ "they take effect in order: 1160, and a cycle later", NULL, {
			{ 8, 100, STORE, 'A', ANY }, { 1, 500, STORE, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE, 'B', C(1) },
			{ 0, 0, FENCE, 'A', C(1162 - 1002 + 10) } } },
		{ "own lines wait behind a miss, a cycle each: 1060, 61, 62", NULL, {
			{ 1, 100, STORE, 'A', ANY }, { 0, 500, STORE, 'B', ANY },
			{ 0, 700, STORE, 'C', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE, 'B', C(1) },
			{ 0, 0, STORE, 'C', C(1) },
			{ 0, 0, FENCE, 'A', C(1063 - 1003 + 10) } } },
		{ "stores to one line that follow each other go together: 1060, all three", NULL, {
			{ 1, 100, STORE, 'A', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE_SECOND, 'A', C(1) },
			{ 0, 0, STORE, 'A', C(1) },
			{ 0, 0, FENCE, 'A', C(1061 - 1003 + 10) } } },
		{ "but not past another line: A 1060, B 1061, A 1062", NULL, {
			{ 1, 100, STORE, 'A', ANY }, { 0, 500, STORE, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE, 'B', C(1) },
			{ 0, 0, STORE, 'A', C(1) },
			{ 0, 0, FENCE, 'A', C(1063 - 1003 + 10) } } },
		{ "one asked for at a time: 1060, 1120", one_miss_buffer, {
			{ 1, 100, STORE, 'A', ANY }, { 1, 500, STORE, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE, 'B', C(1) },
			{ 0, 0, FENCE, 'A', C(1121 - 1002 + 10) } } },
		{ "one upgrade at a time: 1040, 1080", one_upgrade_at_a_time, {
			{ 0, 100, LOAD, 'A', ANY }, { 0, 300, LOAD, 'B', ANY },
			{ 1, 500, LOAD, 'A', ANY }, { 1, 700, LOAD, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE, 'B', C(1) },
			{ 0, 0, FENCE, 'A', C(1081 - 1002 + 10) } } },
		{ "which leaves other misses alone: 1060, 1061", one_upgrade_at_a_time, {
			{ 1, 100, STORE, 'A', ANY }, { 1, 500, STORE, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE, 'B', C(1) },
			{ 0, 0, FENCE, 'A', C(1062 - 1002 + 10) } } },
	};
	const struct machine machine = buffered();

	(void)state;
	PLAY(&machine, scenarios);
}

static void a_full_buffer(void **state)
{
	static const struct scenario scenarios[] = {
		{ "the third store waits for the first: 1061, and 1", two_entries, {
			{ 1, 100, STORE, 'A', ANY }, { 1, 300, STORE, 'B', ANY },
			{ 1, 500, STORE, 'C', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE, 'B', C(1) },
			{ 0, 0, STORE, 'C', C(1061 - 1002 + 1) } } },
		{ "one may miss: the second that does waits", one_hidden_miss, {
			{ 1, 100, STORE, 'A', ANY }, { 1, 500, STORE, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) },
			{ 0, 0, STORE, 'B', C(1061 - 1001 + 1) } } },
		{ "a store to a line that is missed already is not another miss", one_hidden_miss, {
			{ 1, 100, STORE, 'A', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE_SECOND, 'A', C(1) } } },
		{ "nor is one to an own line", one_hidden_miss, {
			{ 1, 100, STORE, 'A', ANY }, { 0, 500, STORE, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, STORE, 'B', C(1) } } },
	};
	const struct machine machine = buffered();

	(void)state;
	PLAY(&machine, scenarios);
}

static void loads_and_LOCKs(void **state)
{
	static const struct scenario scenarios[] = {
		{ "a LOCK operation waits, 1061, and takes its 10", NULL, {
			{ 1, 100, STORE, 'A', ANY }, { 0, 500, STORE, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) },
			{ 0, 0, ADD, 'B', C(1061 - 1001 + 10) } } },
		{ "a failing one too", NULL, {
			{ 1, 100, STORE, 'A', ANY }, { 0, 500, STORE, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) },
			{ 0, 0, CAS_FAILS, 'B', C(1061 - 1001 + 10) } } },
		{ "a load of another line does not: 1", NULL, {
			{ 1, 100, STORE, 'A', ANY }, { 0, 500, STORE, 'B', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, LOAD, 'B', C(1) } } },
		{ "nor one that misses: memory's 100", NULL, {
			{ 1, 100, STORE, 'A', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, LOAD, 'B', C(100) } } },
		{ "the own store is forwarded, whole or a part of it: 1", NULL, {
			{ 1, 100, STORE, 'A', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, LOAD, 'A', C(1) },
			{ 0, 0, LOAD_HALF, 'A', C(1) } } },
		{ "a load that a store covers in part waits for it: 1061, and hits", NULL, {
			{ 1, 100, STORE, 'A', ANY },
			{ 0, 1000, STORE_HALF, 'A', C(1) },
			{ 0, 0, LOAD, 'A', C(1061 - 1001 + 1) } } },
		{ "other bytes of the line: the load waits for the line, 1060, and its 1", NULL, {
			{ 1, 100, STORE, 'A', ANY },
			{ 0, 1000, STORE, 'A', C(1) },
			{ 0, 0, LOAD_SECOND, 'A', C(1060 - 1001 + 1) } } },
		/* load 59, its own 1; asked for the upgrade at 1059: 1099, seen at 1100 */
		{ "an add without LOCK: a load, then a store in the buffer", NULL, {
			{ 1, 100, STORE, 'A', ANY },
			{ 0, 1000, ADD_LOCAL, 'A', C(59 + 1) },
			{ 0, 0, FENCE, 'A', C(1100 - 1060 + 10) } } },
		{ "to a word in the buffer: forwarded, 1", NULL, {
			{ 1, 100, STORE, 'A', ANY },
			{ 0, 1000, STORE, 'A', C(1) }, { 0, 0, ADD_LOCAL, 'A', C(1) },
			{ 0, 0, ADD_LOCAL, 'A', C(1) } } },
	};
	const struct machine machine = buffered();

	(void)state;
	PLAY(&machine, scenarios);
}

/*
 * CPU 2's load is at the home a cycle after CPU 1's request was served, its probe at CPU 1 13
 * later, long before CPU 1's line; from there the data takes 59 - 10 - 13 = 36.
 */
static void probes_that_overtake(void **state)
{
	static const struct scenario scenarios[] = {
		{ "the oldest store first, at 1060: 1060 + 36 + 1", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, STORE, 'A', C(1) },
			{ 2, 1001, LOAD, 'A', C(1060 + 36 + 1 - 1001) },
			{ 1, 0, FENCE, 'A', C(1061 - 1001 + 10) } } },
		/*
		 * B far away: 1160. A's line comes at 1061 and goes at once; when A is the oldest,
		 * at 1160, it is asked for again: an upgrade, 40, seen at 1201.
		 */
		{ "a younger store's line goes and is asked for again", NULL, {
			{ 8, 100, STORE, 'B', ANY }, { 0, 500, STORE, 'A', ANY },
			{ 1, 1000, STORE, 'B', C(1) }, { 1, 0, STORE, 'A', C(1) },
			{ 2, 1002, LOAD, 'A', C(1061 + 36 + 1 - 1002) },
			{ 1, 0, FENCE, 'A', C(1201 - 1002 + 10) } } },
		/* CPU 1 waits with a load of A, other bytes: the load keeps the line for itself */
		{ "a younger store's line that a load waits for: the load first", NULL, {
			{ 8, 100, STORE, 'B', ANY }, { 0, 500, STORE, 'A', ANY },
			{ 1, 1000, STORE, 'B', C(1) }, { 1, 0, STORE, 'A', C(1) },
			{ 1, 0, LOAD_SECOND, 'A', C(1061 - 1002 + 1) },
			{ 2, 1002, LOAD, 'A', C(1061 + 36 + 1 - 1002) } } },
	};
	const struct machine machine = buffered();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- what is seen --------------------------------------------------------------------------- */

struct words {
	_Alignas(LINE) uint64_t x;
	_Alignas(LINE) uint64_t y;
	_Alignas(LINE) struct pair pair;
	_Alignas(LINE) uint64_t handled;
};

struct two {
	struct words *words;
	uint64_t seen[2], at[2];
	void (*body)(struct cpu *cpu, struct two *two);
};

static void start_body(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	two->body(cpu, two);
}

static struct two run_two(unsigned depth, void (*body)(struct cpu *cpu, struct two *two))
{
	struct machine m = engine_machine();
	struct two two = { .body = body };
	struct sim_options o;
	struct sim *sim;

	m.store_buffer = depth;
	o = engine_options(&m, 2);
	sim = engine_sim(&o);
	two.words = arena_new(sim, struct words, 1, 0, LINE, NULL, "words");
	for (unsigned i = 0; i < 2; i++)
		thread_start(sim, i, start_body, &two);
	end_run(sim);
	sim_free(sim);
	two.words = NULL;
	return two;
}

/* Dekker's entry: each stores its flag and reads the other's, both lines shared by both. */
static void store_then_look(struct cpu *cpu, struct two *two)
{
	bool self = cpu_id(cpu);
	uint64_t *mine = self ? &two->words->y : &two->words->x;
	uint64_t *other = self ? &two->words->x : &two->words->y;

	load(cpu, mine);
	load(cpu, other);
	wait_until(cpu, 1000);
	store(cpu, mine, 1);
	two->seen[self] = load(cpu, other);
}

static void both_may_miss_the_other(void **state)
{
	struct two two = run_two(8, store_then_look);

	(void)state;
	assert_int_equal(two.seen[0], 0);
	assert_int_equal(two.seen[1], 0);
	two = run_two(0, store_then_look);
	assert_true(two.seen[0] || two.seen[1]);
}

static void own_values(struct cpu *cpu, struct two *two)
{
	uint32_t *low = (void *)&two->words->x, half;
	struct pair pair = { 3, 4 };
	uint64_t word;

	if (cpu_id(cpu) == 1) {                 /* takes the lines, so that CPU 0 misses */
		store(cpu, &two->words->x, 100);
		store(cpu, &two->words->pair.low, 100);
		store(cpu, &two->words->y, 1);
		return;
	}
	wait_until(cpu, 2000);
	store(cpu, &two->words->x, 0x1122334455667788);
	word = load(cpu, &two->words->x);
	assert_int_equal(word, 0x1122334455667788);
	half = load(cpu, low + 1);
	assert_int_equal(half, 0x11223344);
	store(cpu, low, 0x99999999);
	word = load(cpu, &two->words->x);       /* two stores have it: waits for the younger */
	assert_int_equal(word, 0x1122334499999999);
	store(cpu, &two->words->pair, pair);
	word = load(cpu, &two->words->pair.high);
	assert_int_equal(word, 4);
	word = fetch_add_local(cpu, &two->words->pair.high, 5);
	assert_int_equal(word, 4);
	assert_false(cas_local(cpu, &two->words->pair.high, 4, 7));
	assert_true(cas_local(cpu, &two->words->pair.high, 9, 7));
	word = load(cpu, &two->words->pair.high);
	assert_int_equal(word, 7);
	word = fetch_add(cpu, &two->words->pair.low, 1);
	assert_int_equal(word, 3);
	two->seen[0] = load(cpu, &two->words->pair.low);
	two->seen[1] = load(cpu, &two->words->pair.high);
}

static void a_CPU_sees_its_own_stores(void **state)
{
	for (unsigned depth = 0; depth < 10; depth++) {
		struct two two = run_two(depth, own_values);

		assert_int_equal(two.seen[0], 4);
		assert_int_equal(two.seen[1], 7);
	}
	(void)state;
}

/* x first, then y: who sees y must see x. */
static void message(struct cpu *cpu, struct two *two)
{
	if (cpu_id(cpu) == 0) {
		load(cpu, &two->words->y);      /* y is near, x is not: y could be first */
		wait_until(cpu, 1000);
		store(cpu, &two->words->x, 1);
		store(cpu, &two->words->y, 1);
		return;
	}
	store(cpu, &two->words->x, 0);
	wait_until(cpu, 1000);
	spin_while(cpu, &two->words->y, value == 0, STEP_PAUSE);
	two->seen[1] = load(cpu, &two->words->x);
}

static void stores_are_seen_in_order(void **state)
{
	(void)state;
	assert_int_equal(run_two(8, message).seen[1], 1);
}

/* ---- interrupts ----------------------------------------------------------------------------- */

static void note_time(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	two->at[0] = cpu->clock;
	two->seen[0] = load(cpu, &two->words->x);
}

/*
 * CPU 1 has x modified. CPU 0 stores to it at 1000 (1060); the timer at 1020 cuts its work: the
 * entry begins at 1061 and takes half of 200.
 */
static void store_and_work(struct cpu *cpu, struct two *two)
{
	if (cpu_id(cpu) == 1) {
		store(cpu, &two->words->x, 5);
		return;
	}
	timer_add(cpu_sim(cpu), 0, 1020, 0, note_time, two);
	wait_until(cpu, 1000);
	store(cpu, &two->words->x, 6);
	compute_cycles(cpu, 3000);
}

static void interrupt_entry_waits(void **state)
{
	(void)state;
	assert_int_equal(run_two(8, store_and_work).at[0], C(1061 + 100));
	assert_int_equal(run_two(8, store_and_work).seen[0], 6);
}

/* The store takes effect at 1060; the IPI leaves at 1061, takes half of 1000, entry 100. */
static void store_and_call(struct cpu *cpu, struct two *two)
{
	if (cpu_id(cpu) == 1) {
		store(cpu, &two->words->x, 5);
		compute_cycles(cpu, 5000);
		return;
	}
	wait_until(cpu, 1000);
	store(cpu, &two->words->x, 6);
	ipi_send(cpu, 1, note_time, two);
}

static void an_IPI_comes_after_the_stores_before_it(void **state)
{
	(void)state;
	assert_int_equal(run_two(8, store_and_call).at[0], C(1061 + 500 + 100));
	assert_int_equal(run_two(8, store_and_call).seen[0], 6);
}

/* ---- counts --------------------------------------------------------------------------------- */

/* CPU 0's turn stores twice to a line that CPU 1 has, and ends long before they take effect. */
static void turns(struct cpu *cpu, struct two *two)
{
	if (cpu_id(cpu) == 1) {
		store(cpu, &two->words->x, 5);
		wait_until(cpu, 5000);
		return;
	}
	wait_until(cpu, 1000);
	op_begin(cpu, OP_WORK);
	op_end(cpu, 0, 0);                      /* the window opens here, one cycle later */
	op_begin(cpu, OP_WORK);
	store(cpu, &two->words->x, 6);
	store(cpu, &two->words->x, 7);
	load(cpu, &two->words->x);
	op_end(cpu, 0, 0);
	op_begin(cpu, OP_WORK);
	fence(cpu);
	op_end(cpu, 0, 0);
}

static void counts_of_buffered_stores(void **state)
{
	struct machine m = engine_machine();
	struct two two = { .body = turns };
	struct sim_options o;
	struct sim *sim;
	struct result *r;

	(void)state;
	m.store_buffer = 8;
	o = engine_options(&m, 2);
	o.warmup = 1;
	o.operations = 2;
	sim = engine_sim(&o);
	two.words = arena_new(sim, struct words, 1, 0, LINE, NULL, "words");
	for (unsigned i = 0; i < 2; i++)
		thread_start(sim, i, start_body, &two);
	end_run(sim);
	r = sim_result(sim);
	assert_int_equal(r->operations, 2);
	assert_int_equal(r->cpu[0].stores, 2);
	assert_int_equal(r->cpu[0].loads, 1);
	assert_int_equal(r->cpu[0].write_misses, 1);
	assert_int_equal(r->cpu[0].hitm_stores, 1);
	assert_int_equal(r->cpu[0].invalidations, 1);
	assert_int_equal(r->cpu[0].bounces[CLASS_ALLOCATOR], 1);
	assert_int_equal(r->op[OP_WORK].lines_written, 1);
	assert_int_equal(r->op[OP_WORK].lines_read, 1);
	/* stores 1 each, the load 1: the turn is over at 1004, the line is there at 1061 */
	assert_int_equal(r->cpu[0].cause_units[CAUSE_PRIVATE_HIT], C(3));
	/* both stores at 1061; the fence goes on at 1062 and takes 10 */
	assert_int_equal(r->cpu[0].cause_units[CAUSE_STORE_BUFFER], C(1062 - 1004 + 10));
	assert_int_equal(r->elapsed_units, C(3 + 1062 - 1004 + 10));
	result_free(r);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_store),
		cmocka_unit_test(several_stores),
		cmocka_unit_test(a_full_buffer),
		cmocka_unit_test(loads_and_LOCKs),
		cmocka_unit_test(probes_that_overtake),
		cmocka_unit_test(both_may_miss_the_other),
		cmocka_unit_test(a_CPU_sees_its_own_stores),
		cmocka_unit_test(stores_are_seen_in_order),
		cmocka_unit_test(interrupt_entry_waits),
		cmocka_unit_test(an_IPI_comes_after_the_stores_before_it),
		cmocka_unit_test(counts_of_buffered_stores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
