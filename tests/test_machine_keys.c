/*
 * No key of a machine is for show: each, changed on one of a few machines that have everything,
 * changes what a program that does everything gives. Excepted are names and comments.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/verbs/lock.h"
#include "tests/engine_fixture.h"

#define LIST(...) { sizeof((double[]){ __VA_ARGS__ }) / sizeof(double), { __VA_ARGS__ } }

/* ---- a program that does everything ---------------------------------------------------------- */

enum { CPUS = 8, WORDS = 256, TURNS = 40 };

struct everything {
	uint64_t *near, *far;           /* of the first node, of the last */
	uint64_t *turn;
	struct pair *pair;
	struct spinlock *lock;
};

static void on_interrupt(struct cpu *cpu, void *argument)
{
	struct everything *all = argument;

	fetch_add(cpu, &all->near[1], 1);
}

static void read_modify_writes(struct cpu *cpu, struct everything *all, uint64_t *word)
{
	struct pair old = load(cpu, all->pair), next = { old.low + 1, old.high };
	uint64_t value = load(cpu, word);

	cas(cpu, all->pair, old, next);
	cas_local(cpu, all->pair, next, old);
	cas(cpu, word, value, value + 1);
	cas_local(cpu, word, value + 1, value);
	exchange(cpu, word, value);
	fetch_add(cpu, word, 1);
	fetch_add(cpu, word, 1);
	bit_set(cpu, word, 3);
	fetch_add_local(cpu, word, 1);
	fetch_add_local(cpu, word + 8, 1);
	cas_local(cpu, word + 8, value, value);
}

static void walk(struct cpu *cpu, uint64_t *word)
{
	for (unsigned i = 0; i < 10; i++)
		load_ahead(cpu, word + 8 * i);
	for (unsigned i = 0; i < 10; i++)
		load(cpu, word + 8 * i);
	for (unsigned i = 0; i < 10; i++)
		store(cpu, word + 8 * i, i);
}

static void one_turn(struct cpu *cpu, struct everything *all)
{
	uint64_t *home = random_below(cpu, 2) ? all->near : all->far;
	uint64_t *word = home + random_below(cpu, 12) * 8;
	bool flags = irq_save(cpu);

	spin_lock(cpu, all->lock, LOCK_TICKET);
	store(cpu, word, 1);
	spin_unlock(cpu, all->lock, LOCK_TICKET);
	irq_restore(cpu, flags);
	read_modify_writes(cpu, all, word);
	irq_disable(cpu);
	walk(cpu, home + random_below(cpu, 12) * 8);
	irq_enable(cpu);
	fence(cpu);
	for (enum step step = 0; step < STEPS; step++)
		compute(cpu, step);
	if (random_below(cpu, 8) == 0)
		ipi_send(cpu, (unsigned)random_below(cpu, CPUS), on_interrupt, all);
}

static void run_everything(struct cpu *cpu, void *argument)
{
	struct everything *all = argument;

	for (unsigned i = 0; i < TURNS; i++) {
		op_begin(cpu, OP_ALLOC);
		one_turn(cpu, all);
		op_end(cpu, 0, 0);
		if (i % 8 == 7) {
			waiting(cpu, WAITING_IDLE);
			spin_while(cpu, all->turn, value / CPUS < i / 8, STEP_PAUSE);
			waiting(cpu, NOT_WAITING);
			fetch_add(cpu, all->turn, 1);
		}
	}
}

/* CPUs on cores that stand at all distances. */
static char *result_on(const struct machine *machine)
{
	struct sim_options options = engine_options(machine, CPUS);
	static const unsigned of_sixteen[CPUS] = { 0, 1, 2, 4, 6, 9, 12, 15 };
	unsigned cores = machine_cores(machine);
	struct everything all;
	struct result *r;
	struct sim *sim;
	char *text;

	options.placement = PLACEMENT_CORES;
	for (unsigned i = 0; i < CPUS; i++)
		options.core[i] = cores < 16 ? i : of_sixteen[i] * cores / 16;
	sim = engine_sim(&options);
	all.near = arena_alloc(sim, 8, WORDS, 0, 4096, NULL, "near");
	all.far = arena_alloc(sim, 8, WORDS, sim_nodes(sim) - 1, 4096, NULL, "far");
	all.turn = arena_alloc(sim, LINE, 1, 0, LINE, NULL, "turn");
	all.pair = arena_alloc(sim, LINE, 1, 0, LINE, NULL, "pair");
	all.lock = arena_alloc(sim, LINE, 1, 0, LINE, NULL, "lock");
	spin_lock_init(all.lock, LOCK_TICKET);
	for (unsigned i = 0; i < CPUS; i++)
		thread_start(sim, i, run_everything, &all);
	timer_add(sim, 1, 500, 3000, on_interrupt, &all);
	sim_run(sim);
	r = sim_result(sim);
	if (r->outcome != OUTCOME_DONE)
		fail_msg("%s: %s", outcome_names[r->outcome], r->message);
	text = engine_text(r);
	result_free(r);
	sim_free(sim);
	return text;
}

/* ---- machines that have everything ----------------------------------------------------------- */

static struct machine rich(void)
{
	struct machine m = engine_machine();

	m.sockets_per_blade = m.blades_per_router = 1;
	m.protocol = PROTOCOL_MESIF;
	m.l1d = (struct cache_level){ 1, 2, 2, 1 };
	m.l2 = (struct cache_level){ 2, 2, 10, 1 };
	m.llc = (struct cache_level){ 4, 4, 30, 8 };
	m.numa_nodes = 2;
	m.dram_ns = (struct reals)LIST(100, 180);
	m.remote_dirty_homed_at_reader_ns = 175;
	m.own_cyc = (struct own_cycles){
		.add = LIST(1, 2), .cmpxchg_local = LIST(3, 4), .cmpxchg16b_local = LIST(7, 8),
		.lock_add = LIST(9, 10), .lock_xadd = LIST(11, 12), .lock_cmpxchg = LIST(13, 14),
		.xchg = LIST(15, 16), .lock_cmpxchg16b = LIST(17, 18),
	};
	m.store_buffer = 6;
	m.hidden_store_misses = 3;
	m.miss_buffers = 5;
	m.rfo_parallel.from_M = 3;
	m.rfo_parallel.from_S = 2;
	m.link.bytes_per_ns = 8;
	m.slice.occupancy_ns = 2;
	m.slice.slices = 2;
	m.rdtsc_cyc = 20;
	m.step_cyc.call = m.step_cyc.loop = m.step_cyc.alloc = m.step_cyc.free = 3;
	m.step_cyc.page_alloc = m.step_cyc.page_free = 5;
	m.handoff.local_bias = 1;
	m.handoff.late_request = LATE_PAID;
	m.handoff.hold_ns = 40;
	m.reread_ns = 3;
	m.prefetchers.next_line = m.prefetchers.pair = true;
	m.load_window = 3;
	m.service_jitter_percent = 20;
	return m;
}

/* No level is shared: lines go from cache to cache. */
static struct machine flat(enum machine_protocol protocol, enum dirty_read dirty_read)
{
	struct machine m = rich();

	m.llc = (struct cache_level){ 0 };
	m.protocol = (int)protocol;
	m.dirty_read = (int)dirty_read;
	return m;
}

static struct machine blades(void)
{
	struct machine m = flat(PROTOCOL_MESI, DIRTY_SHARE_WB);

	m.sockets = 8;
	m.cores_per_die = 2;
	m.sockets_per_blade = 2;
	m.blades_per_router = 2;
	m.distances = (struct wordlist){ 4, { DISTANCE_SOCKET, DISTANCE_BLADE, DISTANCE_ROUTER, DISTANCE_FAR } };
	m.load_ns = (struct by_state){ .M = LIST(60, 160, 260, 360), .E = LIST(50, 140, 240, 340) };
	m.rmw_ns = (struct by_state){ .M = LIST(70, 170, 270, 370), .E = LIST(60, 150, 250, 350) };
	return m;
}

static struct machine bus(void)
{
	struct machine m = engine_machine_shared();

	m.sockets_per_blade = m.blades_per_router = 1;
	m.store_buffer = 6;
	return m;
}

static struct machine far(void)
{
	struct machine m = flat(PROTOCOL_MOESI, DIRTY_SHARE_OWNED);

	m.far_atomic.service_ns = 5;
	m.far_atomic.latency_ns = 60;
	m.own_cyc.cmpxchg16b_local = (struct reals){ 0 };       /* as cmpxchg8b_local */
	return m;
}

enum { MACHINES = 7 };

static struct machine machine_number(unsigned i)
{
	struct machine m = flat(PROTOCOL_MOESI, DIRTY_MIGRATE);

	switch (i) {
	case 0:
		return rich();
	case 1:
		return flat(PROTOCOL_MESIF, DIRTY_SHARE_WB);
	case 2:
		return flat(PROTOCOL_MOESI, DIRTY_SHARE_OWNED);
	case 3:
		return blades();
	case 4:
		return bus();
	case 5:
		return far();
	default:
		m.handoff.home = ORDER_BLOCKING;
		return m;
	}
}

/* ---- each key -------------------------------------------------------------------------------- */

static void change_list(struct reals *list, unsigned wanted)
{
	if (!list->count) {
		list->count = wanted;
		for (unsigned i = 0; i < wanted; i++)
			list->value[i] = 77 + 90 * i;
		return;
	}
	for (unsigned i = 0; i < list->count; i++)
		list->value[i] = list->value[i] * 2 + 3;
}

static unsigned words_of(const struct setting *s)
{
	unsigned n = 0;

	while (s->words[n])
		n++;
	return n;
}

/* Another value, the `way`-th; false: there is no such. */
static bool change(struct machine *machine, void *member, const struct setting *s, unsigned way)
{
	bool split = s->kind == SETTING_REALS && member == (void *)&machine->handoff.split;
	bool own = (char *)member >= (char *)&machine->own_cyc &&
		   (char *)member < (char *)(&machine->own_cyc + 1);

	switch (s->kind) {
	case SETTING_COUNT:
		*(uint64_t *)member = *(uint64_t *)member * 2 + (*(uint64_t *)member == 0);
		return way == 0;
	case SETTING_REAL:
		*(double *)member = *(double *)member > 0 ? *(double *)member * 2 : 25;
		return way == 0;
	case SETTING_SWITCH:
		*(bool *)member = !*(bool *)member;
		return way == 0;
	case SETTING_WORD:
		*(int *)member = (*(int *)member + (int)way + 1) % (int)words_of(s);
		return way + 1 < words_of(s);
	case SETTING_WORDLIST:
		((struct wordlist *)member)->value[way / words_of(s)] = (int)(way % words_of(s));
		return way < words_of(s) * ((struct wordlist *)member)->count;
	case SETTING_REALS:
		if (split)
			machine->handoff.split = (struct reals)LIST(0.1, 0.3, 0.6);
		else
			change_list(member, own ? 2 : machine->distances.count);
		return way == 0;
	default:
		return false;
	}
}

static void no_matter(void *to, const char *key, const char *text)
{
	(void)to, (void)key, (void)text;
}

static bool moves(size_t offset, const struct setting *s, char *const *before)
{
	for (unsigned i = 0; i < MACHINES; i++)
		for (unsigned way = 0;; way++) {
			struct machine m = machine_number(i);
			bool differs;
			char *after;

			if (!change(&m, (char *)&m + offset, s, way))
				break;
			if (!machine_check(&m, no_matter, NULL) || machine_cores(&m) < CPUS)
				continue;
			after = result_on(&m);
			differs = strcmp(before[i], after);
			free(after);
			if (differs)
				return true;
		}
	return false;
}

static unsigned try_table(const struct setting *table, size_t offset, const char *prefix, char *const *before)
{
	/* l1d.shared: no other value than 1 is taken */
	static const char *const excepted[] = { "id", "title", "weak", "preempt_pair_cyc", "l1d.shared", NULL };
	unsigned keys = 0;

	for (const struct setting *s = table; s->key; s++) {
		unsigned i = 0;
		char name[80];

		snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", s->key);
		while (excepted[i] && strcmp(excepted[i], name))
			i++;
		if (excepted[i])
			continue;
		if (s->kind == SETTING_SECTION) {
			keys += try_table(s->section, offset + s->offset, name, before);
			continue;
		}
		keys++;
		if (!moves(offset + s->offset, s, before))
			fail_msg("nothing changes with machine.%s", name);
	}
	return keys;
}

static void each_key_of_a_machine_moves_a_result(void **state)
{
	char *before[MACHINES];

	(void)state;
	for (unsigned i = 0; i < MACHINES; i++) {
		const struct machine m = machine_number(i);

		assert_true(machine_check(&m, no_matter, NULL));
		before[i] = result_on(&m);
	}
	assert_true(try_table(machine_settings, 0, "", before) > 70);
	for (unsigned i = 0; i < MACHINES; i++)
		free(before[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_of_a_machine_moves_a_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
