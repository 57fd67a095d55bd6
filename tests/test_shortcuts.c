/*
 * Shortcuts change nothing: random programs give the same bytes with run-ahead off, with parking
 * off and with both off; books balance in each run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine_fixture.h"
#include "tests/program_fixture.h"

static char *run(struct sim_options options, unsigned turns, bool interrupts)
{
	struct sim *sim = engine_sim(&options);
	const struct machine *m = options.machine;
	bool walks = m->prefetchers.pair || m->load_window;
	struct program *p = program_start(sim, turns, interrupts, walks);
	struct result *r;
	char *text;

	sim_run(sim);
	r = sim_result(sim);
	if (r->outcome != OUTCOME_DONE)
		fail_msg("%s: %s", outcome_names[r->outcome], r->message);
	for (unsigned i = 0; i < options.cpus; i++) {
		uint64_t sum = 0;

		for (int c = 0; c < CAUSES; c++)
			sum += r->cpu[i].cause_units[c];
		if (sum != r->elapsed_units)
			fail_msg("CPU %u: causes add up to %lld units less than elapsed", i, (long long)(r->elapsed_units - sum));
	}
	text = engine_text(r);
	result_free(r);
	sim_free(sim);
	free(p);
	return text;
}

static void compare(const struct machine *machine, unsigned cpus, uint64_t seed, bool interrupts, bool preempt)
{
	struct sim_options o = engine_options(machine, cpus);
	char *plain;

	o.seed = seed;
	o.preempt = preempt;
	o.start_jitter_cycles = 50;
	o.warmup = 37 * cpus;
	o.operations = 101 * cpus;
	plain = run(o, 160, interrupts);
	for (unsigned off = 1; off < 4; off++) {
		char *other;

		o.no_run_ahead = off & 1;
		o.no_parking = off & 2;
		other = run(o, 160, interrupts);
		if (strcmp(plain, other)) {
			print_error("cpus %u seed %llu off %u\n", cpus, (unsigned long long)seed, off);
			fail_msg("a shortcut changed the result");
		}
		free(other);
	}
	free(plain);
}

/* Results of own read-modify-writes that are waited for, and such that cost less without a pause. */
static void chains(struct machine *m)
{
	m->own_cyc.add = (struct reals){ 2, { 6, 1 } };
	m->own_cyc.lock_xadd = (struct reals){ 2, { 13, 10 } };
	m->own_cyc.lock_add = (struct reals){ 2, { 8, 10 } };
}

/* Service times vary as shipped, as far as they may, and not at all. */
static void seeds(struct machine machine, uint64_t last)
{
	static const unsigned jitter[] = { 0, 25, 100 };

	for (uint64_t seed = 1; seed <= last; seed++) {
		machine.service_jitter_percent = jitter[seed % 3];
		if (seed == 2)
			chains(&machine);
		for (unsigned cpus = 1; cpus <= 8; cpus = cpus * 2 - cpus / 4) {
			compare(&machine, cpus, seed, false, false);
			compare(&machine, cpus, seed, true, seed & 1);
		}
	}
}

/* Without a store buffer, with one that is soon full, with a deep one. */
static void each(struct machine machine)
{
	seeds(machine, 10);
	machine.store_buffer = 3;
	machine.hidden_store_misses = 2;
	machine.miss_buffers = 2;
	seeds(machine, 4);
	machine.store_buffer = 40;
	machine.hidden_store_misses = 0;
	machine.miss_buffers = 8;
	machine.rfo_parallel.from_S = 3;
	seeds(machine, 4);
}

static void directory_chasing(void **state)
{
	(void)state;
	each(engine_machine());
}

static void directory_blocking(void **state)
{
	struct machine m = engine_machine();

	(void)state;
	m.handoff.home = ORDER_BLOCKING;
	m.slice.occupancy_ns = 2;
	m.slice.slices = 2;
	m.link.bytes_per_ns = 8;
	each(m);
}

static void tiny_caches(void **state)
{
	struct machine m = engine_machine();

	(void)state;
	m.l1d.kib = 1;
	m.l1d.ways = 2;
	m.l2 = (struct cache_level){ 2, 4, 10, 1 };
	each(m);
}

static void shared_level_on_a_bus(void **state)
{
	(void)state;
	each(engine_machine_shared());
}

static struct machine tiny_shared_machine(void)
{
	struct machine m = engine_machine_shared();

	m.l1d.kib = 1;
	m.l1d.ways = 2;
	m.l2.kib = 2;
	m.l2.ways = 4;
	return m;
}

static void tiny_shared_level(void **state)
{
	(void)state;
	each(tiny_shared_machine());
}

static struct machine tiny_machine(enum home_order order)
{
	struct machine m = engine_machine();

	m.l1d.kib = 1;
	m.l1d.ways = 2;
	m.handoff.home = (int)order;
	m.numa_nodes = 2;
	m.remote_dirty_homed_at_reader_ns = 175;
	m.load_ns.O = (struct reals){ 2, { 55, 130 } };
	m.rmw_ns.O = (struct reals){ 2, { 45, 155 } };
	return m;
}

/* The other protocols, with LOCK operations near and far. */
static void protocol(enum machine_protocol word, enum dirty_read dirty_read)
{
	struct machine machine[] = { tiny_machine(ORDER_CHASING), tiny_machine(ORDER_BLOCKING),
				     tiny_shared_machine() };

	for (unsigned i = 0; i < 6; i++) {
		struct machine m = machine[i / 2];

		m.protocol = (int)word;
		m.dirty_read = (int)dirty_read;
		if (i & 1) {
			m.far_atomic.service_ns = 5;
			m.far_atomic.latency_ns = 60;
		}
		seeds(m, 3);
	}
}

static void mesi(void **state)
{
	(void)state;
	protocol(PROTOCOL_MESI, DIRTY_SHARE_WB);
}

static void mesif(void **state)
{
	(void)state;
	protocol(PROTOCOL_MESIF, DIRTY_SHARE_WB);
}

static void moesi(void **state)
{
	(void)state;
	protocol(PROTOCOL_MOESI, DIRTY_SHARE_OWNED);
}

static void moesi_migrate(void **state)
{
	(void)state;
	protocol(PROTOCOL_MOESI, DIRTY_MIGRATE);
}

/* How contended lines move on: late requests, owners that hold, waiters that read again. */
static void contended_lines(void **state)
{
	struct machine m[] = { engine_machine(), engine_machine(), tiny_shared_machine(),
			       tiny_machine(ORDER_CHASING), tiny_machine(ORDER_BLOCKING) };

	(void)state;
	m[1].protocol = PROTOCOL_MESIF;
	for (unsigned i = 0; i < sizeof m / sizeof *m; i++) {
		m[i].handoff.late_request = LATE_PAID;
		m[i].handoff.hold_ns = i & 1 ? 35 : 120;
		m[i].reread_ns = 3;
		seeds(m[i], 4);
		m[i].store_buffer = 4;
		seeds(m[i], 3);
	}
}

/* Prefetchers and loads ahead, with few miss buffers and with any number. */
static void lines_that_come_unasked(void **state)
{
	struct machine m[] = { engine_machine(), tiny_shared_machine(), tiny_machine(ORDER_CHASING),
			       tiny_machine(ORDER_BLOCKING) };

	(void)state;
	m[0].protocol = PROTOCOL_MESIF;
	for (unsigned i = 0; i < 2 * sizeof m / sizeof *m; i++) {
		struct machine now = m[i / 2];

		now.prefetchers.pair = now.prefetchers.next_line = true;
		now.load_window = i & 1 ? 3 : 0;
		seeds(now, 3);
		now.store_buffer = 4;
		now.miss_buffers = i & 1 ? 3 : 0;
		seeds(now, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directory_chasing),
		cmocka_unit_test(directory_blocking),
		cmocka_unit_test(tiny_caches),
		cmocka_unit_test(shared_level_on_a_bus),
		cmocka_unit_test(tiny_shared_level),
		cmocka_unit_test(mesi),
		cmocka_unit_test(mesif),
		cmocka_unit_test(moesi),
		cmocka_unit_test(moesi_migrate),
		cmocka_unit_test(contended_lines),
		cmocka_unit_test(lines_that_come_unasked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
