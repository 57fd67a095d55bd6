/*
 * The native backend from inside: compiled as a part of it and linked with its objects alone. What
 * each verb does to its word against verbs/rmw.h; what threads do to one word together; the window;
 * the ends. Nothing here depends on how fast the host is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "native/machine.h"
#include "sim/verbs/lock.h"
#include "sim/verbs/random.h"
#include "sim/verbs/rmw.h"
#include "sim/verbs/xalloc.h"

enum { BYTES = 4 << 20, AROUND = 32 };

static const struct interrupts no_interrupts;

/* The door hands results back with it; here are no results. */
void result_free(struct result *result)
{
	free(result);
}

struct bench {
	struct sim *sim;
	char *memory;
	uint64_t word[8], done[NATIVE_CPUS_MAX];
	uint64_t *shared;               /* eight words, and a lock, in the arena */
	struct pair *pair;
	struct spinlock *lock;
	unsigned handled, handled_inside;
};

/* How many threads can be had, at most `most`. */
static unsigned cpus_for(unsigned most)
{
	unsigned host[NATIVE_CPUS_MAX], count = host_cpus(host, NATIVE_CPUS_MAX);

	return count < most ? count : most;
}

static void bench_open(struct bench *b, unsigned cpus, uint64_t warmup, uint64_t operations)
{
	struct native_options options = { .cpus = cpus,
					  .bytes = BYTES,
					  .max_cycles = 1000000000000,
					  .plan = { .warmup = warmup,
						    .operations = operations,
						    .interrupts = &no_interrupts } };

	*b = (struct bench){ .memory = host_memory(BYTES) };
	b->sim = machine_new(&options, b->memory, false, 1);
	b->shared = arena_new(b->sim, uint64_t, 8, 0, LINE, NULL, "shared");
	b->pair = arena_new(b->sim, struct pair, 1, 0, LINE, NULL, "pair");
	b->lock = arena_new(b->sim, struct spinlock, 1, 0, LINE, NULL, "lock");
}

static void bench_close(struct bench *b)
{
	assert_false(b->sim->abandoned);
	machine_free(b->sim);
	xunmap(b->memory, BYTES);
}

static void run(struct bench *b, unsigned cpus, thread_function *function)
{
	for (unsigned i = 0; i < cpus; i++)
		thread_start(b->sim, i, function, b);
	machine_run(b->sim);
}

/* ---- one verb, one word --------------------------------------------------------------------- */

/* Sizes are constants where verbs are used. */
static bool do_rmw(struct cpu *cpu, void *p, size_t size, enum rmw how, const void *expected,
		   const void *operand, void *old, bool locked)
{
	const struct site *site = SITE("word");

	switch (size) {
	case 1:
		return verb_rmw(cpu, p, 1, how, expected, operand, old, locked, site);
	case 2:
		return verb_rmw(cpu, p, 2, how, expected, operand, old, locked, site);
	case 4:
		return verb_rmw(cpu, p, 4, how, expected, operand, old, locked, site);
	case 8:
		return verb_rmw(cpu, p, 8, how, expected, operand, old, locked, site);
	default:
		return verb_rmw(cpu, p, 16, how, expected, operand, old, locked, site);
	}
}

/* The verb on a word of the arena, and modify() on a copy: what is there afterwards, beside it too,
 * what was there and the result are the same. */
static void expect_same(struct bench *b, size_t size, enum rmw how, bool locked, uint64_t bits)
{
	char *at = (char *)b->shared, copy[AROUND], old[16] = { 0 }, wanted_old[16] = { 0 };
	uint64_t operand[2] = { random_mix(bits), random_mix(bits + 1) };
	uint64_t expected[2] = { random_mix(bits + 2), random_mix(bits + 3) };
	size_t within = size < 16 ? size : 0;
	bool bit = how == RMW_BIT_SET || how == RMW_BIT_CLEAR;
	struct modify m = { copy + within, wanted_old, expected, operand, size, how, false };
	char before[AROUND];
	bool result;

	for (unsigned i = 0; i < AROUND; i++)
		at[i] = (char)random_mix(bits + 10 + i);
	if (bits & 1)
		memcpy(expected, at + within, size);
	if (bits & 2 && size == 16)
		expected[1] ^= 1ull << (bits % 64);     /* low as it should be, high not */
	if (bit)
		operand[0] %= size * 8;
	memcpy(before, at, AROUND);
	memcpy(copy, at, AROUND);
	modify(&m);
	result = do_rmw(&b->sim->cpu[0], at + within, size, how, expected, operand, old, locked);
	assert_int_equal(result, m.result);
	assert_memory_equal(at, copy, AROUND);
	if (!bit)
		assert_memory_equal(old, wanted_old, size);
	if (how != RMW_CAS)
		return;
	/* the same with one place for what is expected and what was there */
	memcpy(at, before, AROUND);
	memcpy(copy, before, AROUND);
	memcpy(old, expected, size);
	m = (struct modify){ copy + within, expected, expected, operand, size, how, false };
	modify(&m);
	assert_int_equal(m.result, result);
	assert_int_equal(do_rmw(&b->sim->cpu[0], at + within, size, how, old, operand, old, locked),
			 result);
	assert_memory_equal(at, copy, AROUND);
	assert_memory_equal(old, wanted_old, size);
	assert_memory_equal(expected, wanted_old, size);
}

static void each_read_modify_write_does_what_rmw_h_says(void **state)
{
	static const size_t sizes[] = { 1, 2, 4, 8 };
	struct bench b;

	(void)state;
	bench_open(&b, 1, 0, 1);
	for (unsigned s = 0; s < 4; s++)
		for (enum rmw how = RMW_EXCHANGE; how <= RMW_BIT_CLEAR; how++)
			for (unsigned i = 0; i < 400; i++)
				expect_same(&b, sizes[s], how, i & 4, i * 7919);
	for (unsigned i = 0; i < 400; i++) {
		expect_same(&b, 16, RMW_CAS, i & 4, i * 7919);
		expect_same(&b, 16, RMW_EXCHANGE, i & 4, i * 7919);
	}
	bench_close(&b);
}

static void loads_and_stores_move_what_is_there(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 1, 0, 1);

	struct cpu *cpu = &b.sim->cpu[0];
	uint8_t *bytes = (uint8_t *)b.shared;
	struct pair pair = { 0x1122334455667788u, 0x99aabbccddeeff00u };

	store(cpu, b.shared, 0x0102030405060708u);
	assert_int_equal(load(cpu, b.shared), 0x0102030405060708u);
	assert_int_equal(load(cpu, &bytes[1]), 7);
	assert_int_equal(load(cpu, (uint16_t *)b.shared + 1), 0x0506);
	assert_int_equal(load(cpu, (uint32_t *)b.shared + 1), 0x01020304);
	store(cpu, &bytes[0], 0xff);
	assert_int_equal(b.shared[0], 0x01020304050607ffu);
	store(cpu, b.pair, pair);
	pair = load(cpu, b.pair);
	assert_int_equal(pair.low, 0x1122334455667788u);
	assert_int_equal(b.pair->high, 0x99aabbccddeeff00u);
	bench_close(&b);
}

/* ---- threads together ------------------------------------------------------------------------ */

enum { ROUNDS = 40000 };

static void add_together(struct cpu *cpu, void *argument)
{
	struct bench *b = argument;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct pair old, new;

		fetch_add(cpu, &b->shared[0], 1);
		old = load(cpu, b->pair);
		new = (struct pair){ old.low + 1, old.high + 3 };
		if (!cas(cpu, b->pair, old, new))
			i--;            /* somebody came between: fetch_add counts it too */
		b->done[cpu_id(cpu)]++;
	}
}

static void locked_operations_lose_nothing(void **state)
{
	unsigned cpus = cpus_for(4);
	uint64_t turns = 0;
	struct bench b;

	(void)state;
	bench_open(&b, cpus, 0, 1);
	run(&b, cpus, add_together);
	assert_int_equal(b.sim->outcome, OUTCOME_DONE);
	for (unsigned i = 0; i < cpus; i++)
		turns += b.done[i];
	assert_int_equal(b.shared[0], turns);
	assert_int_equal(b.pair->low, (uint64_t)cpus * ROUNDS);
	assert_int_equal(b.pair->high, 3ull * cpus * ROUNDS);   /* never half of a pair */
	bench_close(&b);
}

static void hold_the_lock(struct cpu *cpu, void *argument)
{
	struct bench *b = argument;

	for (unsigned i = 0; i < ROUNDS / 4; i++) {
		spin_lock(cpu, b->lock, LOCK_DEC);
		store(cpu, &b->shared[1], load(cpu, &b->shared[1]) + 1);
		spin_unlock(cpu, b->lock, LOCK_DEC);
		bit_spin_lock(cpu, &b->shared[2], 3, BIT_LOCK_2639);
		store(cpu, &b->shared[3], load(cpu, &b->shared[3]) + 1);
		bit_spin_unlock(cpu, &b->shared[2], 3, BIT_LOCK_2639);
	}
}

static void locks_of_the_models_keep_others_out(void **state)
{
	unsigned cpus = cpus_for(2);
	struct bench b;

	(void)state;
	bench_open(&b, cpus, 0, 1);
	spin_lock_init(b.lock, LOCK_DEC);
	run(&b, cpus, hold_the_lock);
	assert_int_equal(b.sim->outcome, OUTCOME_DONE);
	assert_int_equal(b.shared[1], (uint64_t)cpus * (ROUNDS / 4));
	assert_int_equal(b.shared[3], (uint64_t)cpus * (ROUNDS / 4));
	bench_close(&b);
}

/* ---- the window ------------------------------------------------------------------------------ */

static void operate_until_over(struct cpu *cpu, void *argument)
{
	struct bench *b = argument;

	while (!run_over(cpu)) {
		op_begin(cpu, OP_ALLOC);
		op_begin(cpu, OP_PAGE_ALLOC);   /* inside: no operation of its own */
		op_end(cpu, 0, 0);
		op_end(cpu, 0, 0);
		b->done[cpu_id(cpu)]++;
	}
}

static void one_cpu_is_counted_to_the_operation(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 1, 100, 1000);
	run(&b, 1, operate_until_over);
	assert_int_equal(b.sim->told_before, 100);
	assert_int_equal(b.sim->told_after, 1100);
	assert_int_equal(b.done[0], 1100);
	assert_true(b.sim->closed_at > b.sim->opened_at);
	bench_close(&b);
}

/* The one that reaches an edge does so with its last portion; the others have at most one each, of
 * 64 operations, that they took before and have not told. */
static void several_are_counted_within_a_portion_each(void **state)
{
	unsigned cpus = cpus_for(4);
	struct bench b;

	(void)state;
	bench_open(&b, cpus, 500, 10000);
	run(&b, cpus, operate_until_over);
	assert_in_range(b.sim->told_before, 500, 500 + 64);
	assert_in_range(b.sim->told_after, 10500, 10500 + 64);
	assert_in_range(b.sim->told, 10500, 10500 + 64 * cpus);
	bench_close(&b);
}

static void handle(struct cpu *cpu, void *argument)
{
	struct bench *b = argument;

	b->handled++;
	b->handled_inside += in_interrupt(cpu);
}

static void what_happens_from_time_to_time_happens_between_operations(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, 1, 0, 1000);
	background_add(b.sim, 0, 0, 1, handle, &b);
	run(&b, 1, operate_until_over);
	assert_int_equal(b.sim->outcome, OUTCOME_DONE);
	assert_true(b.handled >= 1000 / 64);
	assert_int_equal(b.handled_inside, b.handled);
	assert_int_equal(b.sim->told_after, 1000);
	bench_close(&b);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void outside(struct cpu *cpu, void *argument)
{
	struct bench *b = argument;

	if (cpu_id(cpu) == 0)
		load(cpu, (uint64_t *)(b->memory + BYTES));
	spin_while(cpu, &b->shared[0], value == 0, STEP_PAUSE);
}

static void misaligned(struct cpu *cpu, void *argument)
{
	struct bench *b = argument;
	char *odd = (char *)b->shared + 4;

	store(cpu, (uint64_t *)odd, 1);
}

static void first_page(struct cpu *cpu, void *argument)
{
	struct bench *b = argument;

	load(cpu, (uint64_t *)(b->memory + 8));
}

static void inside_an_operation(struct cpu *cpu, void *argument)
{
	(void)argument;
	op_begin(cpu, OP_FREE);
}

static void interrupts_another(struct cpu *cpu, void *argument)
{
	ipi_send(cpu, 0, handle, argument);
}

static void runs_end_with_a_message(void **state)
{
	static const struct {
		thread_function *function;
		unsigned cpus;
		enum outcome outcome;
		bool refused;
		const char *message;
	} rows[] = {
		/* the second thread waits for ever, and is fetched out of it */
		{ outside, 2, OUTCOME_BUG, false, "outside the arena" },
		{ misaligned, 1, OUTCOME_BUG, false, "not aligned" },
		{ first_page, 1, OUTCOME_BUG, false, "outside the arena" },
		{ inside_an_operation, 1, OUTCOME_BUG, false, "ended inside an operation" },
		{ interrupts_another, 1, OUTCOME_DONE, true, "inter-processor interrupt" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bench b;

		if (rows[i].cpus > cpus_for(2))
			continue;
		bench_open(&b, rows[i].cpus, 0, 1);
		run(&b, rows[i].cpus, rows[i].function);
		assert_int_equal(b.sim->outcome, rows[i].outcome);
		assert_int_equal(b.sim->refused, rows[i].refused);
		assert_non_null(strstr(b.sim->message, rows[i].message));
		bench_close(&b);
	}
}

/* ---- the ledger ------------------------------------------------------------------------------ */

static void the_ledger_tells_what_is_wrong(void **state)
{
	static const char cache, other;
	struct bench b;
	size_t bytes;

	(void)state;
	bench_open(&b, 1, 0, 1);

	struct ledger *ledger = ledger_new(b.sim);
	char *object = (char *)b.shared;

	assert_null(ledger_born(ledger, object, &cache, 24));
	assert_string_equal(ledger_born(ledger, object, &cache, 24), "handed out twice");
	assert_int_equal(ledger_alive(ledger), 1);
	assert_string_equal(ledger_dies(ledger, object + 8, &cache, &bytes),
			    "freed but never handed out");
	assert_null(ledger_dies(ledger, object, &cache, &bytes));
	assert_int_equal(bytes, 24);
	assert_int_equal(ledger_alive(ledger), 0);
	assert_string_equal(ledger_dies(ledger, object, &cache, &bytes), "freed twice");
	assert_null(ledger_born(ledger, object, &other, 24));
	assert_string_equal(ledger_dies(ledger, object, &cache, &bytes), "freed into another cache");
	assert_non_null(ledger_born(ledger, b.memory + BYTES, &cache, 8));
	ledger_free(ledger);
	bench_close(&b);
}

/* ---- the host -------------------------------------------------------------------------------- */

static void memory_is_cleared_where_it_was_touched(void **state)
{
	char *memory = host_memory(BYTES);

	(void)state;
	memory[0] = 1;
	memory[BYTES / 2 + 77] = 2;
	memory[BYTES - 1] = 3;
	host_clear(memory, BYTES);
	for (size_t i = 0; i < BYTES; i++)
		assert_int_equal(memory[i], 0);
	xunmap(memory, BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_read_modify_write_does_what_rmw_h_says),
		cmocka_unit_test(loads_and_stores_move_what_is_there),
		cmocka_unit_test(locked_operations_lose_nothing),
		cmocka_unit_test(locks_of_the_models_keep_others_out),
		cmocka_unit_test(one_cpu_is_counted_to_the_operation),
		cmocka_unit_test(several_are_counted_within_a_portion_each),
		cmocka_unit_test(what_happens_from_time_to_time_happens_between_operations),
		cmocka_unit_test(runs_end_with_a_message),
		cmocka_unit_test(the_ledger_tells_what_is_wrong),
		cmocka_unit_test(memory_is_cleared_where_it_was_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
