/*
 * The engine's parts: fibers, the order of events, the arena and its labels, verbs, interrupts,
 * locks, and how runs end.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/internal.h"
#include "sim/verbs/lock.h"
#include "tests/cli_fixture.h"
#include "tests/engine_fixture.h"

#define C(cycles) ((uint64_t)(cycles) * UNIT)

static struct sim *small_sim(unsigned cpus)
{
	const struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, cpus);

	return engine_sim(&options);
}

static void run_to_end(struct sim *sim)
{
	if (sim_run(sim) != OUTCOME_DONE)
		fail_msg("%s: %s", outcome_names[sim->outcome], sim->message);
}

/* Runs, expects that outcome and that text in its message, frees. */
static void ends_with(struct sim *sim, enum outcome outcome, const char *text)
{
	enum outcome got = sim_run(sim);

	if (got != outcome || !strstr(sim->message, text))
		fail_msg("%s: %s; expected %s: ...%s...", outcome_names[got], sim->message,
			 outcome_names[outcome], text);
	sim_free(sim);
}

/* ---- fibers --------------------------------------------------------------------------------- */

enum { FIBERS = 50, ROUNDS = 20 };

struct ring {
	struct fiber *fiber[FIBERS + 1];        /* the last is the thread that called */
	unsigned trace[FIBERS * ROUNDS], count, started;
};

/* Locals, doubles among them, live through switches; the stack is there to be used. */
static void ring_fiber(void *argument)
{
	struct ring *ring = argument;
	unsigned self = ring->started++;
	double sum = self, step = 0.5 + self;
	volatile char stack[100 << 10];

	stack[0] = stack[sizeof stack - 1] = (char)self;
	for (unsigned round = 0; round < ROUNDS; round++) {
		ring->trace[ring->count++] = self;
		fiber_switch(ring->fiber[self], ring->fiber[self + 1]);
		sum += step;
		if (stack[0] != (char)self || stack[sizeof stack - 1] != (char)self ||
		    sum != self + (round + 1) * step)
			abort();
	}
	fiber_switch(ring->fiber[self], ring->fiber[self + 1]);
	abort();
}

static void fibers_keep_their_stacks(void **state)
{
	struct ring ring = { .count = 0 };

	(void)state;
	for (unsigned i = 0; i < FIBERS; i++)
		ring.fiber[i] = fiber_new(256 << 10, ring_fiber, &ring);
	ring.fiber[FIBERS] = fiber_main();
	for (unsigned round = 0; round <= ROUNDS; round++)
		fiber_switch(ring.fiber[FIBERS], ring.fiber[0]);
	assert_int_equal(ring.count, FIBERS * ROUNDS);
	for (unsigned i = 0; i < ring.count; i++)
		assert_int_equal(ring.trace[i], i % FIBERS);
	for (unsigned i = 0; i <= FIBERS; i++)
		fiber_free(ring.fiber[i]);
}

/* ---- the order of events -------------------------------------------------------------------- */

enum { EVENTS = 300 };

static struct event *event_at(struct sim *sim, uint64_t time, enum rank rank, unsigned cpu,
			      uint64_t count)
{
	struct event *e = event_new(sim, EVENT_REQUEST, sim->root);

	e->time = time;
	e->rank = (uint8_t)rank;
	e->cpu = (uint16_t)cpu;
	e->count = count;
	return e;
}

static uint64_t shuffled(uint64_t i)
{
	return (i * 7919 + 13) % EVENTS;
}

/* (time, rank, hash, CPU, count), whatever the order in which they were queued. */
static void events_come_in_order(void **state)
{
	struct sim *sim = small_sim(4);
	struct event *order[2][EVENTS], *event[EVENTS];

	(void)state;
	for (uint64_t i = 0; i < EVENTS; i++)
		event[i] = event_at(sim, 100 + i % 5, (enum rank)(i / 5 % (RANK_CPU + 1)),
				    (unsigned)(i / 3 % 4), i);
	for (unsigned turn = 0; turn < 2; turn++) {
		for (uint64_t i = 0; i < EVENTS; i++)
			event_queue(sim, event[turn ? shuffled(i) : i]);
		for (unsigned i = 0; i < EVENTS; i++)
			order[turn][i] = event_take(&sim->homes, 0);
		assert_int_equal(queue_count(&sim->homes), 0);
	}
	for (unsigned i = 0; i < EVENTS; i++) {
		const struct event *a = order[0][i ? i - 1 : 0], *b = order[0][i];

		assert_ptr_equal(b, order[1][i]);
		assert_true(a->time <= b->time);
		if (a->time == b->time)
			assert_true(a->rank <= b->rank);
		if (a->time == b->time && a->cpu == b->cpu && a->rank == b->rank)
			assert_true(a->count <= b->count);
	}
	for (unsigned i = 0; i < EVENTS; i++)
		event_free(sim, event[i]);
	sim_free(sim);
}

/* Any event may be taken; the others stay in order. */
static void events_taken_from_the_middle(void **state)
{
	struct sim *sim = small_sim(4);
	uint64_t last = 0;

	(void)state;
	for (uint64_t i = 0; i < EVENTS; i++)
		event_queue(sim, event_at(sim, 100 + shuffled(i), RANK_HOME, 0, i));
	for (unsigned i = 0; i < EVENTS / 2; i++)
		event_free(sim, event_take(&sim->homes, i * 31 % queue_count(&sim->homes)));
	while (queue_count(&sim->homes)) {
		struct event *e = event_take(&sim->homes, 0);

		assert_true(e->time > last);
		last = e->time;
		event_free(sim, e);
	}
	sim_free(sim);
}

/* At equal times the CPUs' order is a toss by seed and time, not their numbers. */
static void no_cpu_is_favoured(void **state)
{
	struct sim *sim = small_sim(4);
	unsigned first[4] = { 0 };

	(void)state;
	for (uint64_t time = 0; time < 4000; time++) {
		unsigned best = 0;

		for (unsigned cpu = 1; cpu < 4; cpu++)
			if (event_key(sim, RANK_CPU, time, cpu) <
			    event_key(sim, RANK_CPU, time, best))
				best = cpu;
		first[best]++;
	}
	/* 1000 each, standard deviation 27: five of them either side */
	for (unsigned cpu = 0; cpu < 4; cpu++)
		assert_in_range(first[cpu], 865, 1135);
	sim_free(sim);
}

static void turns_come_in_order(void **state)
{
	struct sim *sim = small_sim(16);

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		turn_push(sim, &sim->cpu[i], RANK_CPU, 100 + i * 5 % 16);
	turn_remove(sim, &sim->cpu[0]);                 /* that at 100 */
	turn_remove(sim, &sim->cpu[7]);                 /* that at 103: 7 * 5 % 16 = 3 */
	for (uint64_t at = 101; at < 116; at++) {
		struct cpu *cpu = &sim->cpu[sim->turns.item->event->cpu];

		if (at == 103)
			continue;
		assert_int_equal(cpu->clock, at);
		turn_remove(sim, cpu);
	}
	assert_int_equal(queue_count(&sim->turns), 0);
	sim_free(sim);
}

/* ---- the arena ------------------------------------------------------------------------------ */

struct thing {
	uint64_t flags;
	uint32_t count, spare;
	void *next;
};

static const struct field thing_fields[] = {
	FIELD(struct thing, flags),
	FIELD(struct thing, count),
	FIELD(struct thing, spare),
	FIELD(struct thing, next),
	{ 0 },
};
static const struct layout thing_layout = { "thing", sizeof(struct thing), CLASS_ALLOCATOR,
					    thing_fields };
static const struct layout slab_layout = { "slab", 0, CLASS_ALLOCATOR, NULL };
static const struct layout object_layout = { "object", 96, CLASS_PAYLOAD, NULL };

static void assert_described(const struct sim *sim, const void *p, const char *wanted)
{
	char text[160];

	assert_string_equal(sim_describe(sim, p, text, sizeof text), wanted);
}

static void arena_aligns_and_places(void **state)
{
	struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 2);
	struct sim *sim;
	char *a, *b, *c;

	(void)state;
	machine.numa_nodes = 2;
	options.arena_bytes = 8 << 20;
	sim = engine_sim(&options);
	a = arena_alloc(sim, 24, 3, 0, 8, NULL, "a");
	b = arena_alloc(sim, 24, 3, 0, 4096, NULL, "b");
	c = arena_alloc(sim, 24, 3, 1, 64, NULL, "c");
	assert_int_equal(sim_offset(sim, a) % 16, 0);           /* 16 at least: pairs */
	assert_int_equal(sim_offset(sim, b) % 4096, 0);
	assert_true(b >= a + 72);
	assert_true(sim_offset(sim, a) < 4 << 20 && sim_offset(sim, b) < 4 << 20);
	assert_true(sim_offset(sim, c) >= 4 << 20);             /* regions of half the arena each */
	for (unsigned i = 0; i < 72; i++)
		assert_int_equal(a[i] | b[i] | c[i], 0);
	sim_free(sim);
}

static void labels_name_members_and_instances(void **state)
{
	struct sim *sim = small_sim(2);
	struct thing *things = arena_new(sim, struct thing, 4, 0, 64, &thing_layout, "things");
	struct thing *one = arena_new(sim, struct thing, 1, 0, 64, &thing_layout, "one");
	struct thing *own = percpu_new(sim, struct thing, 64, &thing_layout, "own");
	char *plain = arena_alloc(sim, 100, 1, 0, 64, NULL, "plain");

	(void)state;
	assert_described(sim, &things[0].flags, "things[0].flags");
	assert_described(sim, &things[3].count, "things[3].count");
	assert_described(sim, (char *)&things[2].next + 7, "things[2].next");
	assert_described(sim, &one->next, "one.next");
	assert_described(sim, plain + 99, "plain");
	assert_described(sim, plain + 100 + 4096, "unlabelled");
	assert_described(sim, &per_cpu(sim, own, 1)->count, "own[1].count");
	assert_described(sim, &per_cpu(sim, own, 0)->count, "own[0].count");
	sim_free(sim);
}

/* A page becomes a slab, its slots objects, then it is a page again. */
static void relabelling(void **state)
{
	struct sim *sim = small_sim(2);
	char *page = arena_alloc(sim, 4096, 4, 0, 4096, NULL, "pages");

	(void)state;
	assert_described(sim, page + 4096, "pages[1]");
	relabel_setup(sim, page + 4096, 4096, &slab_layout, 4096, "slab");
	assert_described(sim, page + 4096 + 100, "slab[1]");    /* it stays the second */
	assert_described(sim, page + 2 * 4096, "pages[2]");
	relabel_setup(sim, page + 4096, 42 * 96, &object_layout, 96, "object");
	assert_described(sim, page + 4096 + 95, "object[0]");
	assert_described(sim, page + 4096 + 41 * 96, "object[41]");
	assert_described(sim, page + 4096 + 42 * 96, "slab[1]");        /* what is left over */
	relabel_setup(sim, page + 4096, 4096, NULL, 4096, "pages");
	assert_described(sim, page + 4096 + 95, "pages[1]");
	sim_free(sim);
}

static const struct layout workload_layout = { "queue", 64, CLASS_WORKLOAD, NULL };

struct relabelled {
	char *line;
	unsigned turn;
};

/* 0 writes at 100; 1 writes at 1000 and relabels at 2000; 0 writes again at 3000. */
static void writes_and_relabels(struct cpu *cpu, void *argument)
{
	struct relabelled *r = argument;

	if (cpu_id(cpu) == 0) {
		compute_cycles(cpu, 100);
		store(cpu, r->line, 1);
		compute_cycles(cpu, 3000 - cpu->clock / UNIT);
		store(cpu, r->line, 1);
	} else {
		compute_cycles(cpu, 1000);
		store(cpu, r->line, 1);
		compute_cycles(cpu, 2000 - cpu->clock / UNIT);
		relabel(cpu, r->line, 64, &workload_layout, 64, "queue");
	}
}

static void bounces_go_to_the_label_of_the_time(void **state)
{
	struct sim *sim = small_sim(2);
	struct relabelled r = { arena_alloc(sim, 64, 1, 0, 64, NULL, "line"), 0 };
	struct result *result;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		thread_start(sim, i, writes_and_relabels, &r);
	run_to_end(sim);
	result = sim_result(sim);
	assert_int_equal(result->total.bounces[CLASS_ALLOCATOR], 1);    /* 1's, before */
	assert_int_equal(result->total.bounces[CLASS_WORKLOAD], 1);     /* 0's, after */
	/* the same by line, which is one, and by what lay there, which were two */
	assert_int_equal(result->lines, 1);
	assert_int_equal(result->line[0].bounces[CLASS_ALLOCATOR], 1);
	assert_int_equal(result->line[0].bounces[CLASS_WORKLOAD], 1);
	assert_int_equal(result->members, 2);
	assert_string_equal(result->member[0].layout, "line");
	assert_int_equal(result->member[0].class, CLASS_ALLOCATOR);
	assert_int_equal(result->member[0].bounces, 1);
	assert_string_equal(result->member[1].layout, "queue");
	assert_int_equal(result->member[1].class, CLASS_WORKLOAD);
	assert_int_equal(result->member[1].bounces, 1);
	result_free(result);
	sim_free(sim);
}

static const struct field head_field[] = { { "inuse", 0, 8 }, { NULL, 0, 0 } };
static const struct field tail_field[] = { { "first_page", 0, 8 }, { NULL, 0, 0 } };
static const struct field free_field[] = { { "private", 0, 8 }, { NULL, 0, 0 } };
static const struct layout head_layout = { "page", 64, CLASS_ALLOCATOR, head_field };
static const struct layout tail_layout = { "page", 64, CLASS_ALLOCATOR, tail_field };
static const struct layout free_layout = { "page", 64, CLASS_ALLOCATOR, free_field };

/* One place stores twice to a head and three times to a tail; then they are free pages. */
static void writes_both(struct cpu *cpu, void *argument)
{
	char *line = argument;

	for (unsigned i = 0; i < 5; i++)
		store(cpu, (uint64_t *)(line + (i < 2 ? 0 : 64)), 1);
	relabel(cpu, line, 128, &free_layout, 64, "page");
}

/*
 * All struct pages are called "page", but not all have the same members. What the place missed on,
 * once each, is told as what lay there then.
 */
static void one_name_with_two_layouts(void **state)
{
	struct sim *sim = small_sim(2);
	const char *name = "page";
	char *line = arena_alloc(sim, 128, 64, 0, 128, NULL, name);
	uint64_t heads = 0, tails = 0;
	struct result *r;

	(void)state;
	relabel_setup(sim, line, 64, &head_layout, 64, name);
	relabel_setup(sim, line + 64, 64, &tail_layout, 64, name);
	thread_start(sim, 0, writes_both, line);
	run_to_end(sim);
	r = sim_result(sim);
	for (size_t i = 0; i < r->fields; i++)
		if (!strcmp(r->field[i].member, "inuse"))
			heads += r->field[i].stores;
		else if (!strcmp(r->field[i].member, "first_page"))
			tails += r->field[i].stores;
	assert_int_equal(heads, 2);
	assert_int_equal(tails, 3);
	assert_int_equal(r->sites, 2);
	assert_string_equal(r->site[0].member, "inuse");
	assert_int_equal(r->site[0].stores, 1);
	assert_string_equal(r->site[1].member, "first_page");
	assert_int_equal(r->site[1].stores, 1);
	result_free(r);
	sim_free(sim);
}

static void fill_arena(void *argument)
{
	struct sim *sim = argument;

	for (;;)
		arena_alloc(sim, 4096, 16, 0, 4096, NULL, "more");
}

static void set_up_that_needs_too_much(void **state)
{
	struct sim *sim = small_sim(2);

	(void)state;
	assert_false(sim_protect(sim, fill_arena, sim));
	assert_int_equal(sim_run(sim), OUTCOME_OUT_OF_MEMORY);
	sim_free(sim);
}

/* ---- verbs ---------------------------------------------------------------------------------- */

struct words {
	uint8_t byte;
	uint16_t half;
	uint32_t word;
	uint64_t quad;
	struct pair pair;
	void *pointer;
	int32_t small;
};

#define EXPECT(cpu, got, wanted) \
	do { \
		if ((got) != (wanted)) \
			BUG(cpu, "line %d: not what was expected", __LINE__); \
	} while (0)

static void all_sizes(struct cpu *cpu, struct words *w)
{
	unsigned wide = 0x1ff;

	EXPECT(cpu, load(cpu, &w->byte), 0);
	store(cpu, &w->byte, (uint8_t)wide);                    /* cut to its size */
	EXPECT(cpu, load(cpu, &w->byte), 0xff);
	EXPECT(cpu, fetch_add(cpu, &w->byte, 2), 0xff);
	EXPECT(cpu, load(cpu, &w->byte), 1);                    /* wraps around */
	store(cpu, &w->half, 0xfffe);
	EXPECT(cpu, fetch_add_local(cpu, &w->half, 3), 0xfffe);
	EXPECT(cpu, load(cpu, &w->half), 1);
	EXPECT(cpu, exchange(cpu, &w->word, 7), 0);
	EXPECT(cpu, exchange_local(cpu, &w->word, 8), 7);
	store(cpu, &w->quad, UINT64_MAX - 1);
	EXPECT(cpu, fetch_add(cpu, &w->quad, 1), UINT64_MAX - 1);
	EXPECT(cpu, load(cpu, &w->quad), UINT64_MAX);
	EXPECT(cpu, fetch_add(cpu, &w->small, -1), 0);
	EXPECT(cpu, load(cpu, &w->small), -1);
}

static void compares_and_bits(struct cpu *cpu, struct words *w)
{
	struct pair zero = { 0, 0 }, one = { 1, 2 }, two = { 1, 3 }, now;

	EXPECT(cpu, cas(cpu, &w->pointer, NULL, w), true);
	EXPECT(cpu, cas(cpu, &w->pointer, NULL, NULL), false);
	EXPECT(cpu, load(cpu, &w->pointer), (void *)w);
	EXPECT(cpu, cas_local(cpu, &w->word, 8, 9), true);
	EXPECT(cpu, cas_local(cpu, &w->word, 8, 10), false);
	EXPECT(cpu, load(cpu, &w->word), 9);
	EXPECT(cpu, bit_set(cpu, &w->word, 31), false);
	EXPECT(cpu, bit_set_local(cpu, &w->word, 31), true);
	EXPECT(cpu, load(cpu, &w->word), 0x80000009u);
	EXPECT(cpu, bit_clear(cpu, &w->word, 0), true);
	EXPECT(cpu, bit_clear_local(cpu, &w->word, 0), false);
	EXPECT(cpu, load(cpu, &w->word), 0x80000008u);
	EXPECT(cpu, cas_local(cpu, &w->pair, zero, one), true);
	EXPECT(cpu, cas(cpu, &w->pair, two, zero), false);      /* only half of it matches */
	now = load(cpu, &w->pair);
	EXPECT(cpu, now.low == 1 && now.high == 2, true);
	EXPECT(cpu, cas(cpu, &w->pair, one, two), true);
	now = exchange(cpu, &w->pair, zero);
	EXPECT(cpu, now.high, 3);
}

static void uses_verbs(struct cpu *cpu, void *argument)
{
	struct words *w = argument;
	uint64_t low = 99, high = 0;

	all_sizes(cpu, w);
	compares_and_bits(cpu, w);
	prefetch(cpu, (char *)NULL); /* harmless, as the kernel does it */
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t r = random_below(cpu, 100);

		low = r < low ? r : low;
		high = r > high ? r : high;
	}
	EXPECT(cpu, low == 0 && high == 99, true);
}

static void verbs_do_what_they_say(void **state)
{
	struct sim *sim = small_sim(1);
	struct words *w = arena_new(sim, struct words, 1, 0, 64, NULL, "words");

	(void)state;
	thread_start(sim, 0, uses_verbs, w);
	run_to_end(sim);
	assert_int_equal(w->pair.low | w->pair.high, 0);
	assert_int_equal(w->small, -1);
	sim_free(sim);
}

static void outside(struct cpu *cpu, void *argument)
{
	uint64_t *local = argument;

	load(cpu, local);
}

static void misaligned(struct cpu *cpu, void *argument)
{
	char *at = (char *)argument + 4;
	uint64_t *quad = (uint64_t *)(void *)at;

	verb_store(cpu, quad, &(uint64_t){ 1 }, 8, SITE("quad"));
}

static void accesses_that_cannot_be(void **state)
{
	struct sim *sim = small_sim(1);
	uint64_t local[2] = { 0 };

	(void)state;
	thread_start(sim, 0, outside, local);
	ends_with(sim, OUTCOME_BUG, "outside the arena");
	sim = small_sim(1);
	thread_start(sim, 0, misaligned, arena_alloc(sim, 64, 1, 0, 64, NULL, "line"));
	ends_with(sim, OUTCOME_BUG, "not aligned");
}

/* ---- interrupts ----------------------------------------------------------------------------- */

struct irqs {
	uint64_t *word, at[4], end, lines_read;
	unsigned count;
	bool flags[3];
	bool more;                      /* the operation touches what the handler did */
};

static void slow_handler(struct cpu *cpu, void *argument)
{
	struct irqs *irqs = argument;

	if (irqs->count < 4)
		irqs->at[irqs->count] = cpu->clock;
	irqs->count++;
	compute_cycles(cpu, 300);
}

static void fast_handler(struct cpu *cpu, void *argument)
{
	struct irqs *irqs = argument;

	if (irqs->count < 4)
		irqs->at[irqs->count] = cpu->clock;
	irqs->count++;
}

static void computes_1000(struct cpu *cpu, void *argument)
{
	struct irqs *irqs = argument;

	compute_cycles(cpu, 1000);
	irqs->end = cpu->clock;
}

/* At 100 and 150; entry and exit 100 each, the handler 300: the second waits until 600. */
static void handlers_do_not_nest(void **state)
{
	struct sim *sim = small_sim(1);
	struct irqs irqs = { 0 };

	(void)state;
	thread_start(sim, 0, computes_1000, &irqs);
	timer_add(sim, 0, 100, 0, slow_handler, &irqs);
	timer_add(sim, 0, 150, 0, slow_handler, &irqs);
	run_to_end(sim);
	assert_int_equal(irqs.count, 2);
	assert_int_equal(irqs.at[0], C(200));
	assert_int_equal(irqs.at[1], C(700));
	assert_int_equal(irqs.end, C(1000 + 2 * 500));
	sim_free(sim);
}

static void computes_10000(struct cpu *cpu, void *argument)
{
	struct irqs *irqs = argument;

	compute_cycles(cpu, 10000);
	irqs->end = cpu->clock;
}

/* At 500 + 1000 k, while compute, 10000 + 200 k by then, is not over: 800 k < 9500, k = 0 to 11. */
static void periodic_timers(void **state)
{
	struct sim *sim = small_sim(2);
	struct irqs irqs = { 0 }, nobody = { 0 };

	(void)state;
	thread_start(sim, 0, computes_10000, &irqs);
	timer_add(sim, 0, 500, 1000, fast_handler, &irqs);
	/* no thread there: nothing to interrupt */
	timer_add(sim, 1, 500, 1000, fast_handler, &nobody);
	run_to_end(sim);
	assert_int_equal(irqs.count, 12);
	assert_int_equal(irqs.end, C(10000 + 12 * 200));
	assert_int_equal(nobody.count, 0);
	sim_free(sim);
}

static void saves_twice(struct cpu *cpu, void *argument)
{
	struct irqs *irqs = argument;

	irqs->flags[0] = irq_save(cpu);
	irqs->flags[1] = irq_save(cpu);
	compute_cycles(cpu, 1000);
	irq_restore(cpu, irqs->flags[1]);               /* were off: stay off */
	compute_cycles(cpu, 1000);
	irq_restore(cpu, irqs->flags[0]);
	compute_cycles(cpu, 1000);
	irqs->end = cpu->clock;
}

static void saving_handler(struct cpu *cpu, void *argument)
{
	struct irqs *irqs = argument;

	irqs->at[0] = cpu->clock;
	irqs->count++;
	irqs->flags[2] = irq_save(cpu);
	irq_restore(cpu, irqs->flags[2]);
	if (cpu->irq_on)
		BUG(cpu, "interrupts on in a handler");
}

/* pushf, cli and popf are 10 each: on again at 4 * 10 + 2000. */
static void flags_nest(void **state)
{
	struct sim *sim = small_sim(1);
	struct irqs irqs = { 0 };

	(void)state;
	thread_start(sim, 0, saves_twice, &irqs);
	timer_add(sim, 0, 100, 0, saving_handler, &irqs);
	run_to_end(sim);
	assert_true(irqs.flags[0]);
	assert_false(irqs.flags[1]);
	assert_false(irqs.flags[2]);
	assert_int_equal(irqs.at[0], C(2040 + 100));
	assert_int_equal(irqs.end, C(2040 + 200 + 20 + 1000));
	sim_free(sim);
}

static void reading_handler(struct cpu *cpu, void *argument)
{
	struct irqs *irqs = argument;

	irqs->count++;
	load(cpu, irqs->word + 8);
	store(cpu, irqs->word + 16, 1);
}

static void reads_in_an_operation(struct cpu *cpu, void *argument)
{
	struct irqs *irqs = argument;

	op_begin(cpu, OP_ALLOC);
	path(cpu, "mine");
	load(cpu, irqs->word);
	compute_cycles(cpu, 1000);
	store(cpu, irqs->word, 1);
	load(cpu, irqs->word);
	if (irqs->more) {
		load(cpu, irqs->word + 8);
		load(cpu, irqs->word + 8);
		store(cpu, irqs->word + 16, 1);
	}
	op_end(cpu, 0, 0);
}

/* What a handler touches is not the operation's, nor on its path; what the operation touches is its
 * own, even if the handler was first. */
static void touches_in_a_handler(unsigned depth, bool more)
{
	struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 1);
	struct irqs irqs = { .more = more };
	struct result *r;
	struct sim *sim;

	machine.store_buffer = depth;
	sim = engine_sim(&options);
	irqs.word = arena_alloc(sim, 64, 4, 0, 64, NULL, "word");
	thread_start(sim, 0, reads_in_an_operation, &irqs);
	timer_add(sim, 0, 500, 0, reading_handler, &irqs);
	run_to_end(sim);
	r = sim_result(sim);
	assert_int_equal(irqs.count, 1);
	assert_int_equal(r->op[OP_ALLOC].lines_read, more ? 2 : 1);
	assert_int_equal(r->op[OP_ALLOC].lines_written, more ? 2 : 1);
	for (size_t i = 0; i < r->sites; i++)
		if (!strcmp(r->site[i].site.function, "reading_handler"))
			assert_string_equal(r->site[i].path, "");
	result_free(r);
	sim_free(sim);
}

static void handlers_touch_for_themselves(void **state)
{
	(void)state;
	for (unsigned depth = 0; depth <= 4; depth += 4) {
		touches_in_a_handler(depth, false);
		touches_in_a_handler(depth, true);
	}
}

/* ---- preemption ----------------------------------------------------------------------------- */

static void counts_preemption(struct cpu *cpu, void *argument)
{
	int32_t *seen = argument;

	preempt_disable(cpu);
	preempt_disable(cpu);
	if (cpu->preempt_count)
		*seen = *cpu->preempt_count;
	preempt_enable(cpu);
	preempt_enable(cpu);
}

static void preemption_is_a_counter_in_memory(void **state)
{
	const struct machine machine = engine_machine();

	(void)state;
	for (unsigned on = 0; on < 2; on++) {
		struct sim_options options = engine_options(&machine, 1);
		int32_t seen = 0;
		struct result *r;
		struct sim *sim;

		options.preempt = on;
		sim = engine_sim(&options);
		thread_start(sim, 0, counts_preemption, &seen);
		run_to_end(sim);
		r = sim_result(sim);
		assert_int_equal(seen, on ? 2 : 0);
		assert_int_equal(r->total.rmws, on ? 4 : 0);
		if (on) {
			assert_int_equal(*sim->cpu[0].preempt_count, 0);
			assert_string_equal(r->line[0].label, "thread_info[0]");
		}
		result_free(r);
		sim_free(sim);
	}
}

/* ---- locks ---------------------------------------------------------------------------------- */

struct guarded {
	_Alignas(LINE) struct spinlock lock;
	_Alignas(LINE) uint64_t bits;
	_Alignas(LINE) uint64_t count, inside;
	_Alignas(LINE) unsigned order[16], taken;
};

enum how { BY_DEC, BY_TICKET, BY_BIT_2622, BY_BIT_2624, BY_BIT_2625, BY_BIT_2639, HOWS };

struct locking {
	struct guarded *g;
	enum how how;
};

static enum bit_lock bit_lock_of(enum how how)
{
	return (enum bit_lock)(how - BY_BIT_2622 + BIT_LOCK_2622);
}

static void lock_by(struct cpu *cpu, struct guarded *g, enum how how)
{
	if (how >= BY_BIT_2622)
		bit_spin_lock(cpu, &g->bits, 5, bit_lock_of(how));
	else
		spin_lock(cpu, &g->lock, how == BY_DEC ? LOCK_DEC : LOCK_TICKET);
}

static void unlock_by(struct cpu *cpu, struct guarded *g, enum how how)
{
	if (how >= BY_BIT_2622)
		bit_spin_unlock(cpu, &g->bits, 5, bit_lock_of(how));
	else
		spin_unlock(cpu, &g->lock, how == BY_DEC ? LOCK_DEC : LOCK_TICKET);
}

static void adds_under_the_lock(struct cpu *cpu, void *argument)
{
	struct locking *l = argument;

	for (unsigned i = 0; i < 25; i++) {
		lock_by(cpu, l->g, l->how);
		uint64_t count = load(cpu, &l->g->count);
		uint64_t inside = load(cpu, &l->g->inside);

		if (inside)
			BUG(cpu, "two CPUs in the critical section");
		store(cpu, &l->g->inside, 1);
		compute_cycles(cpu, random_below(cpu, 200));
		store(cpu, &l->g->count, count + 1);
		store(cpu, &l->g->inside, 0);
		unlock_by(cpu, l->g, l->how);
		compute_cycles(cpu, random_below(cpu, 300));
	}
}

static void locks_exclude(void **state)
{
	static const char *const kind[HOWS] = { "dec", "ticket", "bit", "bit", "bit", "bit" };

	(void)state;
	for (enum how how = BY_DEC; how < HOWS; how++)
		for (uint64_t seed = 1; seed <= 3; seed++) {
			const struct machine machine = engine_machine();
			struct sim_options options = engine_options(&machine, 6);
			struct locking l = { .how = how };
			struct result *r;
			struct sim *sim;

			options.seed = seed;
			sim = engine_sim(&options);
			l.g = arena_new(sim, struct guarded, 1, 0, LINE, NULL, "guarded");
			spin_lock_init(&l.g->lock, how == BY_DEC ? LOCK_DEC : LOCK_TICKET);
			for (unsigned i = 0; i < 6; i++)
				thread_start(sim, i, adds_under_the_lock, &l);
			run_to_end(sim);
			assert_int_equal(l.g->count, 6 * 25);
			r = sim_result(sim);
			assert_int_equal(r->locks, 1);
			assert_string_equal(r->lock[0].kind, kind[how]);
			assert_int_equal(r->lock[0].taken, 6 * 25);
			assert_true(r->lock[0].contended > 0 && r->lock[0].contended < 6 * 25);
			result_free(r);
			sim_free(sim);
		}
}

/* CPU 0 holds until 20000; CPU i arrives at 1000 i. */
static void arrives_in_order(struct cpu *cpu, void *argument)
{
	struct locking *l = argument;
	unsigned id = cpu_id(cpu);

	compute_cycles(cpu, 1000 * id + 1);
	lock_by(cpu, l->g, l->how);
	l->g->order[l->g->taken++] = id;
	compute_cycles(cpu, id ? 10 : 20000);
	unlock_by(cpu, l->g, l->how);
}

static void tickets_are_served_in_order(void **state)
{
	struct sim *sim = small_sim(16);
	struct locking l = { arena_new(sim, struct guarded, 1, 0, LINE, NULL, "guarded"),
			     BY_TICKET };

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		thread_start(sim, i, arrives_in_order, &l);
	run_to_end(sim);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(l.g->order[i], i);
	sim_free(sim);
}

static void tries_locks(struct cpu *cpu, void *argument)
{
	struct guarded *g = argument;

	EXPECT(cpu, spin_trylock(cpu, &g->lock, LOCK_TICKET), true);
	EXPECT(cpu, spin_trylock(cpu, &g->lock, LOCK_TICKET), false);
	spin_unlock(cpu, &g->lock, LOCK_TICKET);
	EXPECT(cpu, spin_trylock(cpu, &g->lock, LOCK_TICKET), true);
	spin_unlock(cpu, &g->lock, LOCK_TICKET);
	EXPECT(cpu, bit_spin_trylock(cpu, &g->bits, 0), true);
	EXPECT(cpu, bit_spin_trylock(cpu, &g->bits, 0), false);
	EXPECT(cpu, bit_spin_trylock(cpu, &g->bits, 1), true);
	bit_spin_unlock(cpu, &g->bits, 0, BIT_LOCK_2625);
	bit_spin_unlock(cpu, &g->bits, 1, BIT_LOCK_2624);
	EXPECT(cpu, load(cpu, &g->bits), 0);
	spin_lock_init(&g->lock, LOCK_DEC);
	EXPECT(cpu, spin_trylock(cpu, &g->lock, LOCK_DEC), true);
	EXPECT(cpu, spin_trylock(cpu, &g->lock, LOCK_DEC), false);
	spin_unlock(cpu, &g->lock, LOCK_DEC);
	EXPECT(cpu, spin_trylock(cpu, &g->lock, LOCK_DEC), true);
	spin_unlock(cpu, &g->lock, LOCK_DEC);
}

static void trying(void **state)
{
	struct sim *sim = small_sim(1);
	struct guarded *g = arena_new(sim, struct guarded, 1, 0, LINE, NULL, "guarded");

	(void)state;
	spin_lock_init(&g->lock, LOCK_TICKET);
	thread_start(sim, 0, tries_locks, g);
	run_to_end(sim);
	sim_free(sim);
}

struct waits_off {
	struct guarded *g;
	enum lock_kind kind;
	struct irqs irqs;
};

static void holds_to_5000(struct cpu *cpu, void *argument)
{
	struct waits_off *w = argument;

	spin_lock(cpu, &w->g->lock, w->kind);
	compute_cycles(cpu, 5000);
	spin_unlock(cpu, &w->g->lock, w->kind);
}

static void waits_with_interrupts_off(struct cpu *cpu, void *argument)
{
	struct waits_off *w = argument;
	bool flags;

	compute_cycles(cpu, 500);
	flags = spin_lock_irqsave(cpu, &w->g->lock, w->kind);
	w->irqs.end = cpu->clock;
	compute_cycles(cpu, 1000);
	spin_unlock_irqrestore(cpu, &w->g->lock, w->kind, flags);
	compute_cycles(cpu, 10);
}

/* The timer is at 1000. Locks until 2.6.24 let it in while they wait, ticket locks do not. */
static void interrupts_while_waiting_for_a_lock(void **state)
{
	(void)state;
	for (enum lock_kind kind = LOCK_DEC; kind <= LOCK_TICKET; kind++) {
		struct sim *sim = small_sim(2);
		struct waits_off w = { arena_new(sim, struct guarded, 1, 0, LINE, NULL, "guarded"),
				       kind,
				       { 0 } };

		spin_lock_init(&w.g->lock, kind);
		thread_start(sim, 0, holds_to_5000, &w);
		thread_start(sim, 1, waits_with_interrupts_off, &w);
		timer_add(sim, 1, 1000, 0, fast_handler, &w.irqs);
		run_to_end(sim);
		assert_int_equal(w.irqs.count, 1);
		assert_true(w.irqs.end > C(5000));
		if (kind == LOCK_DEC)
			assert_in_range(w.irqs.at[0], C(1100),
					C(1100 + 5)); /* the next poll, and 100 of entry */
		else
			assert_true(w.irqs.at[0] > w.irqs.end + C(1000));
		sim_free(sim);
	}
}

/* ---- ends ----------------------------------------------------------------------------------- */

static void waits_for_ever(struct cpu *cpu, void *argument)
{
	uint64_t *word = argument;

	waiting(cpu, WAITING_IDLE);
	spin_while(cpu, word, value == 0, STEP_PAUSE);
}

static void computes_for_ever(struct cpu *cpu, void *argument)
{
	(void)argument;
	for (;;)
		compute_cycles(cpu, 100);
}

static void allocates_for_ever(struct cpu *cpu, void *argument)
{
	compute_cycles(cpu, 100);
	fill_arena(argument);
}

static void ends_in_an_operation(struct cpu *cpu, void *argument)
{
	(void)argument;
	op_begin(cpu, OP_ALLOC);
}

static void ends_with_interrupts_off(struct cpu *cpu, void *argument)
{
	(void)argument;
	irq_disable(cpu);
}

static void nests_too_deep(struct cpu *cpu, void *argument)
{
	(void)argument;
	for (;;)
		op_begin(cpu, OP_ALLOC);
}

static void says_bug(struct cpu *cpu, void *argument)
{
	(void)argument;
	compute_cycles(cpu, 123);
	BUG(cpu, "the sky is %s", "green");
}

static void runs_end_with_an_outcome(void **state)
{
	const struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 2);
	struct sim *sim = engine_sim(&options);

	(void)state;
	thread_start(sim, 1, waits_for_ever, arena_alloc(sim, 8, 1, 0, 8, NULL, "word"));
	ends_with(sim, OUTCOME_DEADLOCK, "CPU 1 waits at tests/test_engine.c:");

	options.max_cycles = 5000;
	sim = engine_sim(&options);
	thread_start(sim, 0, computes_for_ever, NULL);
	ends_with(sim, OUTCOME_MAX_CYCLES, "5000");

	options.max_cycles = 0;
	sim = engine_sim(&options);
	thread_start(sim, 0, allocates_for_ever, sim);
	ends_with(sim, OUTCOME_OUT_OF_MEMORY, "out of memory");

	options.seed = 77;
	options.model = "some-model";
	sim = engine_sim(&options);
	thread_start(sim, 1, says_bug, NULL);
	ends_with(sim, OUTCOME_BUG,
		  "the sky is green (cycle 123, CPU 1, model some-model, seed 77)");
}

/* ---- deadlocks ------------------------------------------------------------------------------ */

/* Locks and words of which some share a line with what their waiters write. */
struct knot {
	struct spinlock lock[2];
	uint64_t bits, arrived, never, guarded;
};

static void takes(struct cpu *cpu, struct knot *k, enum lock_kind kind, unsigned which)
{
	uint64_t value;

	spin_lock(cpu, &k->lock[which], kind);
	value = load(cpu, &k->guarded);
	store(cpu, &k->guarded, value + 1);
}

static void never_unlocks_ticket(struct cpu *cpu, void *argument)
{
	for (;;)
		takes(cpu, argument, LOCK_TICKET, 0);
}

static void never_unlocks_dec(struct cpu *cpu, void *argument)
{
	for (;;)
		takes(cpu, argument, LOCK_DEC, 0);
}

static void never_unlocks_bit(struct cpu *cpu, void *argument)
{
	struct knot *k = argument;

	for (;;) {
		bit_spin_lock(cpu, &k->bits, 5, BIT_LOCK_2625);
		store(cpu, &k->guarded, 1);
	}
}

/* Even CPUs take the first lock first, odd ones the second: each waits for the other. */
static void takes_both(struct cpu *cpu, void *argument)
{
	unsigned first = cpu_id(cpu) % 2;

	for (;;) {
		takes(cpu, argument, LOCK_TICKET, first);
		compute_cycles(cpu, 20000);
		takes(cpu, argument, LOCK_TICKET, !first);
		compute_cycles(cpu, 20000);
	}
}

/* Everybody arrives but CPU 0, which ends. */
static void arrives(struct cpu *cpu, void *argument)
{
	struct knot *k = argument;

	if (cpu_id(cpu) == 0)
		return;
	waiting(cpu, WAITING_IDLE);
	fetch_add(cpu, &k->arrived, 1);
	spin_while(cpu, &k->arrived, value < sim_cpus(cpu_sim(cpu)), STEP_LOOP);
}

/* The model does not say that it waits: its polls are accesses like others. */
static void polls(struct cpu *cpu, void *argument)
{
	struct knot *k = argument;

	fetch_add(cpu, &k->arrived, 1);
	store(cpu, &k->guarded, cpu_id(cpu));
	spin_while(cpu, &k->never, value == 0, STEP_PAUSE);
}

/* One polls, the others are parked. */
static void polls_or_waits(struct cpu *cpu, void *argument)
{
	if (cpu_id(cpu) == 1)
		polls(cpu, argument);
	else
		never_unlocks_ticket(cpu, argument);
}

/* parks: all that wait are parked in the end, with parking on. */
static const struct {
	const char *name;
	thread_function *thread;
	bool parks, preempt;
} knots[] = {
	{ "ticket lock", never_unlocks_ticket, true, false },
	{ "dec lock", never_unlocks_dec, true, false },
	{ "bit lock", never_unlocks_bit, true, false },
	{ "bit lock that counts preemption at each turn", never_unlocks_bit, false, true },
	{ "two locks in both orders", takes_both, true, false },
	{ "barrier", arrives, true, false },
	{ "poll", polls, false, false },
	{ "poll and lock", polls_or_waits, false, false },
};

/* Four CPUs; told long before the guard against runs without end. */
static void ties(const char *name, struct sim_options *options, unsigned which)
{
	struct sim *sim = engine_sim(options);
	struct knot *k = arena_alloc(sim, sizeof *k, 1, 0, LINE, NULL, "knot");
	enum outcome got;

	spin_lock_init(&k->lock[0], knots[which].thread == never_unlocks_dec ? LOCK_DEC : LOCK_TICKET);
	for (unsigned i = 0; i < options->cpus; i++)
		thread_start(sim, i, knots[which].thread, k);
	got = sim_run(sim);
	if (got != OUTCOME_DEADLOCK || !strstr(sim->message, "waits at") ||
	    strstr(sim->message, "?"))
		fail_msg("%s, %s, buffer of %u, parking %s: %s: %s", name, knots[which].name,
			 sim->t.depth, options->no_parking ? "off" : "on", outcome_names[got],
			 sim->message);
	for (unsigned i = 0; i < options->cpus; i++)
		if (knots[which].parks && !options->no_parking && !sim->cpu[i].finished &&
		    !sim->cpu[i].parked)
			fail_msg("%s, %s: CPU %u is not parked", name, knots[which].name, i);
	sim_free(sim);
}

static void deadlocks_are_told_on_every_machine(void **state)
{
	static const unsigned depths[] = { 0, 2, 56 };
	glob_t found;

	(void)state;
	assert_int_equal(glob("configs/machines/*.yaml", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 13);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct machine machine = load_machine(found.gl_pathv[i]);
		struct sim_options options = engine_options(&machine, 4);

		options.max_cycles = 2000000;
		for (unsigned run = 0; run < 6 * sizeof knots / sizeof *knots; run++) {
			machine.store_buffer = depths[run % 3];
			options.no_parking = run / 3 % 2;
			options.preempt = knots[run / 6].preempt;
			ties(found.gl_pathv[i], &options, run / 6);
		}
	}
	globfree(&found);
}

static void broken_threads_are_bugs(void **state)
{
	static const struct { thread_function *thread; const char *found; } rows[] = {
		{ ends_in_an_operation, "inside an operation" },
		{ ends_with_interrupts_off, "interrupts off" },
		{ nests_too_deep, "nest too deep" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sim *sim = small_sim(1);

		thread_start(sim, 0, rows[i].thread, NULL);
		ends_with(sim, OUTCOME_BUG, rows[i].found);
	}
}

static void starts_twice(void *argument)
{
	thread_start(argument, 0, says_bug, NULL);
	thread_start(argument, 0, says_bug, NULL);
}

static void bugs_before_time_zero(void **state)
{
	struct sim *sim = small_sim(1);

	(void)state;
	assert_false(sim_protect(sim, starts_twice, sim));
	ends_with(sim, OUTCOME_BUG, "two threads on one CPU");
}

static void a_thread_that_never_waits(struct cpu *cpu, void *argument)
{
	unsigned *turns = argument;

	while (!run_over(cpu)) {
		op_begin(cpu, OP_WORK);
		compute_cycles(cpu, 10);
		op_end(cpu, 0, 0);
		++*turns;
	}
}

/* 3 of warm-up and 5 of measurement on one CPU, then run_over is true. */
static void run_over_ends_loops(void **state)
{
	const struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 1);
	unsigned turns = 0;
	struct sim *sim;

	(void)state;
	options.warmup = 3;
	options.operations = 5;
	sim = engine_sim(&options);
	thread_start(sim, 0, a_thread_that_never_waits, &turns);
	run_to_end(sim);
	assert_int_equal(turns, 8);
	sim_free(sim);
}

static void machines_that_do_not_fit(void **state)
{
	const struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 17);
	char why[200];

	(void)state;
	assert_null(sim_new(&options, why, sizeof why));
	assert_non_null(strstr(why, "17 CPUs on machine 'engine-test', which has 16 cores"));
	options.cpus = 0;
	assert_null(sim_new(&options, why, sizeof why));
	options.cpus = 2;
	options.placement = PLACEMENT_CORES;
	options.core[0] = options.core[1] = 3;
	assert_null(sim_new(&options, why, sizeof why));
	assert_non_null(strstr(why, "core 3"));
	options.core[1] = 16;
	assert_null(sim_new(&options, why, sizeof why));
	assert_non_null(strstr(why, "core 16"));
}

/* ---- placement, seeds ----------------------------------------------------------------------- */

static void placement(void **state)
{
	/* two sockets of two dies of two cores: sockets first, then dies, then cores */
	static const unsigned scattered[] = { 0, 4, 2, 6, 1, 5, 3, 7 }, chosen[] = { 5, 0, 7 };
	const struct machine machine = engine_machine_shared();
	struct sim_options options = engine_options(&machine, 8);
	struct sim *sim = engine_sim(&options);

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(sim->cpu[i].node->core, i);
	assert_ptr_equal(sim->cpu[0].node->parent, sim->cpu[1].node->parent);
	assert_ptr_not_equal(sim->cpu[1].node->parent, sim->cpu[2].node->parent);
	sim_free(sim);
	options.placement = PLACEMENT_SCATTER;
	sim = engine_sim(&options);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(sim->cpu[i].node->core, scattered[i]);
	assert_ptr_equal(sim->cpu[0].node->parent, sim->cpu[4].node->parent);
	sim_free(sim);
	options.placement = PLACEMENT_CORES;
	options.cpus = 3;
	memcpy(options.core, chosen, sizeof chosen);
	sim = engine_sim(&options);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(sim->cpu[i].node->core, chosen[i]);
	assert_int_equal(sim->cpu[0].node->socket, 1);
	sim_free(sim);
}

struct jittered {
	uint64_t start[8], took[8];
};

static void measures_itself(struct cpu *cpu, void *argument)
{
	struct jittered *j = argument;
	unsigned id = cpu_id(cpu);

	j->start[id] = cpu->clock;
	compute_cycles(cpu, 1000);
	j->took[id] = cpu->clock - j->start[id];
}

static struct jittered with_jitter(uint64_t seed, unsigned start)
{
	const struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 8);
	struct jittered j;
	struct sim *sim;

	options.seed = seed;
	options.start_jitter_cycles = start;
	sim = engine_sim(&options);
	for (unsigned i = 0; i < 8; i++)
		thread_start(sim, i, measures_itself, &j);
	run_to_end(sim);
	sim_free(sim);
	return j;
}

static void seeds_delay_starts_by_the_stated_amount(void **state)
{
	struct jittered none = with_jitter(1, 0), one = with_jitter(1, 50),
			again = with_jitter(1, 50), other = with_jitter(2, 50);

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(none.start[i], 0);
		assert_in_range(one.start[i], 0, C(50));
		assert_int_equal(one.took[i], C(1000));         /* work is as long as it says */
	}
	assert_memory_equal(&one, &again, sizeof one);
	assert_memory_not_equal(&one, &other, sizeof one);
}

/* ---- service times -------------------------------------------------------------------------- */

enum { SERVED = 2000 };

struct served {
	struct word { _Alignas(LINE) uint64_t value; } *word;
	uint64_t took[SERVED];
};

static void fetches_each(struct cpu *cpu, void *argument)
{
	struct served *served = argument;

	compute_cycles(cpu, 1000000);           /* until the others have stored */
	for (unsigned i = 0; i < SERVED; i++) {
		uint64_t start = cpu->clock;

		(void)load(cpu, &served->word[i].value);
		served->took[i] = cpu->clock - start;
	}
}

static void stores_each(struct cpu *cpu, void *argument)
{
	struct served *served = argument;

	for (unsigned i = 0; i < SERVED; i++)
		store(cpu, &served->word[i].value, 1);
}

static struct served serve(unsigned percent, bool modified, uint64_t seed)
{
	struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 2);
	struct served served;
	struct sim *sim;

	machine.service_jitter_percent = percent;
	machine.l1d.kib = 256;                  /* nothing is evicted */
	options.seed = seed;
	sim = engine_sim(&options);
	served.word = arena_new(sim, struct word, SERVED, 0, LINE, NULL, "word");
	thread_start(sim, 0, fetches_each, &served);
	if (modified)
		thread_start(sim, 1, stores_each, &served);
	run_to_end(sim);
	sim_free(sim);
	served.word = NULL;
	return served;
}

/*
 * Of memory: 100 cycles, 1 of them the hit and 10 the request (a quarter of 40, the least total),
 * so 89 are the last leg. Modified over there: 60 less 1, less 10, less the probe, a third of the
 * 39 that an exclusive line would have left: 36 are the last leg. A quarter, or all but a unit,
 * either way; of 2000 uniform draws the mean lies within 5 standard errors, that is 5 of
 * 2 * half / sqrt(12 * 2000), a fifteenth of the half width, and each end within a hundredth of it.
 */
static void the_last_leg_varies_round_its_mean(void **state)
{
	static const struct {
		bool modified;
		unsigned percent;
		uint64_t total, half;
	} rows[] = {
		{ false, 0, C(100), 0 },
		{ false, 25, C(100), C(89) * 25 / 100 },
		{ false, 100, C(100), C(89) - 1 },
		{ true, 0, C(60), 0 },
		{ true, 25, C(60), C(36) * 25 / 100 },
		{ true, 100, C(60), C(36) - 1 },
	};

	(void)state;
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		struct served one = serve(rows[r].percent, rows[r].modified, 1);
		struct served again = serve(rows[r].percent, rows[r].modified, 1);
		struct served other = serve(rows[r].percent, rows[r].modified, 2);
		uint64_t half = rows[r].half, low = UINT64_MAX, high = 0, sum = 0;

		for (unsigned i = 0; i < SERVED; i++) {
			assert_in_range(one.took[i], rows[r].total - half, rows[r].total + half);
			low = one.took[i] < low ? one.took[i] : low;
			high = one.took[i] > high ? one.took[i] : high;
			sum += one.took[i];
		}
		assert_in_range(low, rows[r].total - half, rows[r].total - half + half / 100);
		assert_in_range(high, rows[r].total + half - half / 100, rows[r].total + half);
		assert_in_range(sum / SERVED, rows[r].total - half / 15, rows[r].total + half / 15);
		assert_memory_equal(&one, &again, sizeof one);
		if (half)
			assert_memory_not_equal(&one, &other, sizeof one);
	}
}

/* ---- several machines in one process -------------------------------------------------------- */

static void two_machines_know_nothing_of_each_other(void **state)
{
	struct locking l[2];
	struct sim *sim[2];
	char *text[3];

	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		for (unsigned i = 0; i < 2; i++) {
			sim[i] = small_sim(4);
			l[i] = (struct locking){ arena_new(sim[i], struct guarded, 1, 0, LINE, NULL,
							   "guarded"),
						 BY_BIT_2625 };
			for (unsigned cpu = 0; cpu < 4; cpu++)
				thread_start(sim[i], cpu, adds_under_the_lock, &l[i]);
		}
		for (unsigned i = 0; i < 2; i++) {
			struct result *r;

			run_to_end(sim[turn ? !i : i]);
			r = sim_result(sim[turn ? !i : i]);
			text[turn + i] = engine_text(r);
			result_free(r);
			if (turn + i) {
				assert_string_equal(text[0], text[turn + i]);
				free(text[turn + i]);
			}
		}
		for (unsigned i = 0; i < 2; i++)
			sim_free(sim[i]);
	}
	free(text[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fibers_keep_their_stacks),
		cmocka_unit_test(events_come_in_order),
		cmocka_unit_test(events_taken_from_the_middle),
		cmocka_unit_test(no_cpu_is_favoured),
		cmocka_unit_test(turns_come_in_order),
		cmocka_unit_test(arena_aligns_and_places),
		cmocka_unit_test(labels_name_members_and_instances),
		cmocka_unit_test(relabelling),
		cmocka_unit_test(bounces_go_to_the_label_of_the_time),
		cmocka_unit_test(one_name_with_two_layouts),
		cmocka_unit_test(set_up_that_needs_too_much),
		cmocka_unit_test(verbs_do_what_they_say),
		cmocka_unit_test(accesses_that_cannot_be),
		cmocka_unit_test(handlers_do_not_nest),
		cmocka_unit_test(periodic_timers),
		cmocka_unit_test(flags_nest),
		cmocka_unit_test(handlers_touch_for_themselves),
		cmocka_unit_test(preemption_is_a_counter_in_memory),
		cmocka_unit_test(locks_exclude),
		cmocka_unit_test(tickets_are_served_in_order),
		cmocka_unit_test(trying),
		cmocka_unit_test(interrupts_while_waiting_for_a_lock),
		cmocka_unit_test(runs_end_with_an_outcome),
		cmocka_unit_test(deadlocks_are_told_on_every_machine),
		cmocka_unit_test(broken_threads_are_bugs),
		cmocka_unit_test(bugs_before_time_zero),
		cmocka_unit_test(run_over_ends_loops),
		cmocka_unit_test(machines_that_do_not_fit),
		cmocka_unit_test(placement),
		cmocka_unit_test(seeds_delay_starts_by_the_stated_amount),
		cmocka_unit_test(the_last_leg_varies_round_its_mean),
		cmocka_unit_test(two_machines_know_nothing_of_each_other),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
