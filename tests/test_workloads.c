/*
 * Workloads: what each asks of the allocator, how often its own lines bounce, that every object
 * comes back, and that no shortcut of the engine shows in what they do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/timing.h"
#include "tests/engine_fixture.h"
#include "tests/workload_fixture.h"

extern const struct workload producer_consumer;
#include "workloads/import.h"
#include "workloads/work.h"

static struct workbench *bench_new(const char *settings, unsigned cpus, uint64_t operations)
{
	struct workbench *bench = calloc(1, sizeof *bench);

	bench->settings = settings;
	bench->cpus = cpus;
	bench->operations = operations;
	return bench;
}

static void bench_free(struct workbench *bench)
{
	workbench_done(bench);
	free(bench);
}

/* Ran to its end, everything came back and adds up. */
static void expect_done(const struct workbench *bench)
{
	if (!bench->result)
		fail_msg("[%s]: not created: %s", bench->settings, bench->why);
	if (bench->outcome != OUTCOME_DONE)
		fail_msg("[%s]: %s: %s", bench->settings, outcome_names[bench->outcome],
			 bench->result->message);
	if (!bench->sound || !bench->finished || bench->alive)
		fail_msg("[%s]: sound %d, finished %d: %s", bench->settings, bench->sound,
			 bench->finished, bench->why);
	if (bench->result->operations != bench->operations)
		fail_msg("[%s]: %llu operations in the window, expected %llu", bench->settings,
			 (unsigned long long)bench->result->operations,
			 (unsigned long long)bench->operations);
}

static struct workbench *done_run(const char *workload, const char *settings, unsigned cpus,
				  uint64_t operations)
{
	struct workbench *bench = bench_new(settings, cpus, operations);

	workbench_run(bench, workload_find(workload));
	expect_done(bench);
	return bench;
}

static uint64_t workload_bounces(const struct workbench *bench)
{
	return bench->result->total.bounces[CLASS_WORKLOAD];
}

/* "++--": the first allocations and frees of a CPU. */
static void expect_deeds(const struct workbench *bench, unsigned cpu, const char *expected)
{
	for (unsigned i = 0; expected[i]; i++)
		if (i >= bench->deeds[cpu] || bench->deed[cpu][i].free != (expected[i] == '-'))
			fail_msg("[%s]: CPU %u, deed %u is no '%c'", bench->settings, cpu, i,
				 expected[i]);
}

/* ---- the ledger ------------------------------------------------------------------------------ */

static void the_ledger_tells_what_is_wrong(void **unused)
{
	struct ledger *ledger = ledger_new(NULL);
	char object[8192];
	size_t bytes = 0;
	int cache, other;

	(void)unused;
	assert_null(ledger_born(ledger, &object[0], &cache, 64));
	assert_string_equal(ledger_born(ledger, &object[0], &cache, 64), "handed out twice");
	assert_string_equal(ledger_dies(ledger, &object[1], &cache, &bytes),
			    "freed but never handed out");
	assert_string_equal(ledger_dies(ledger, &object[0], &other, &bytes),
			    "freed into another cache");
	assert_int_equal(ledger_alive(ledger), 1);
	assert_null(ledger_dies(ledger, &object[0], &cache, &bytes));
	assert_int_equal(bytes, 64);
	assert_string_equal(ledger_dies(ledger, &object[0], &cache, &bytes), "freed twice");
	assert_null(ledger_born(ledger, &object[0], &other, 8));
	assert_int_equal(ledger_alive(ledger), 1);
	/* The table grows without forgetting. */
	for (int i = 1; i < 8192; i++)
		assert_null(ledger_born(ledger, &object[i], &cache, 1));
	assert_int_equal(ledger_alive(ledger), 8192);
	for (int i = 1; i < 8192; i++)
		assert_null(ledger_dies(ledger, &object[i], &cache, &bytes));
	assert_int_equal(ledger_alive(ledger), 1);
	ledger_free(ledger);
}

/* The plain allocator goes wrong at its 21st object. */
static void a_faulty_allocator_is_found_out(void **unused)
{
	static const struct {
		enum fault fault;
		enum outcome outcome;
		const char *message;
	} rows[] = {
		{ TWICE,     OUTCOME_BUG,           "handed out twice" },
		{ BESIDE,    OUTCOME_BUG,           "handed out, but no object of a live slab" },
		{ EXHAUSTED, OUTCOME_OUT_OF_MEMORY, "" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench = bench_new("in_flight=64 consume_cycles=1000", 2, 1000);

		bench->fault = rows[i].fault;
		workbench_run(bench, workload_find("producer-consumer"));
		assert_int_equal(bench->outcome, rows[i].outcome);
		assert_non_null(strstr(bench->result->message, rows[i].message));
		/* What was in flight then is missed. */
		assert_false(bench->finished);
		assert_non_null(strstr(bench->why, "objects were never freed"));
		bench_free(bench);
	}
}

/* ---- touching --------------------------------------------------------------------------------- */

struct touch_row {
	const char *name;
	unsigned offset, bytes;
	const char *expected;           /* "offset:size ..." */
};

struct touch {
	struct touch_row row;
	char seen[64];
	char *base;
	bool write;
};

static void touch_thread(struct cpu *cpu, void *argument)
{
	struct touch *touch = argument;

	if (touch->write)
		touch_write(cpu, touch->base + touch->row.offset, touch->row.bytes);
	else
		touch_read(cpu, touch->base + touch->row.offset, touch->row.bytes);
}

static void see(void *to, const struct access *access)
{
	struct touch *touch = to;
	size_t used = strlen(touch->seen);

	assert_true(touch->write ? access->write && !access->read : access->read && !access->write);
	snprintf(touch->seen + used, sizeof touch->seen - used, "%s%u:%u", used ? " " : "",
		 (unsigned)((const char *)access->address - touch->base), access->size);
}

static void each_line_is_touched_once(void **unused)
{
	static const struct layout layout = { "bytes", 1, CLASS_PAYLOAD, NULL };
	static const struct touch_row rows[] = {
		{ "nothing",                  0, 0,   "" },
		{ "a word",                   0, 8,   "0:8" },
		{ "a line",                   0, 64,  "0:8" },
		{ "a byte more",              0, 65,  "0:8 64:1" },
		{ "two lines and a half",     0, 160, "0:8 64:8 128:8" },
		{ "from inside a line",       32, 64, "32:8 64:8" },
		{ "a word at a line's end",   56, 16, "56:8 64:8" },
		{ "less than a word",         8, 4,   "8:1" },
		{ "not aligned",              60, 16, "60:1 64:8" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (int write = 0; write < 2; write++) {
			struct machine machine = engine_machine();
			struct sim_options options = engine_options(&machine, 1);
			struct sim *sim = engine_sim(&options);
			struct touch touch = { .row = rows[i], .write = write };

			touch.base = arena_new(sim, char, 256, 0, LINE, &layout, "bytes");
			sim_observe(sim, see, &touch);
			thread_start(sim, 0, touch_thread, &touch);
			assert_int_equal(sim_run(sim), OUTCOME_DONE);
			if (strcmp(touch.seen, touch.row.expected) != 0)
				fail_msg("%s: touched '%s', expected '%s'", touch.row.name,
					 touch.seen, touch.row.expected);
			sim_free(sim);
		}
	}
}

static void touch_and_tell(struct cpu *cpu, void *argument)
{
	struct touch *touch = argument;
	uint64_t start = cpu_clock(cpu);

	touch_read(cpu, touch->base, touch->row.bytes);
	snprintf(touch->seen, sizeof touch->seen, "%u",
		 (unsigned)((cpu_clock(cpu) - start) / UNIT));
}

/* Four lines of memory, 100 each; with the others asked for beside the first, 100 and three hits. */
static void lines_that_are_read_are_announced(void **unused)
{
	static const struct { unsigned window; const char *cycles; } rows[] = { { 0, "400" }, { 3, "103" } };

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct machine machine = engine_machine();
		struct sim_options options = engine_options(&machine, 1);
		struct touch touch = { .row.bytes = 256 };
		struct sim *sim;

		machine.load_window = rows[i].window;
		sim = engine_sim(&options);
		touch.base = arena_new(sim, char, 256, 0, LINE, NULL, "bytes");
		thread_start(sim, 0, touch_and_tell, &touch);
		assert_int_equal(sim_run(sim), OUTCOME_DONE);
		assert_string_equal(touch.seen, rows[i].cycles);
		sim_free(sim);
	}
}

/* ---- lost objects ------------------------------------------------------------------------------ */

/* The last count of objects in use that was written: that of a slab. */
static void see_inuse(void *to, const struct access *access)
{
	uint32_t **inuse = to;

	if (access->write && strstr(access->site->text, "inuse"))
		*inuse = (uint32_t *)(uintptr_t)access->address;
}

static void lose_two(struct workbench *bench)
{
	**(uint32_t **)bench->to += 2;
}

/* All objects are freed; then a slab says that two more are in use than anybody has. */
static void objects_that_nobody_has_are_told(void **unused)
{
	uint32_t *inuse = NULL;
	struct workbench bench = { .objects = "slub-cpu", .settings = "object_size=1024",
				   .operations = 200,
				   .observer = see_inuse, .to = &inuse };

	(void)unused;
	workbench_run(&bench, &producer_consumer);
	assert_true(bench.finished);
	assert_non_null(inuse);
	workbench_done(&bench);
	bench.damage = lose_two;
	workbench_run(&bench, &producer_consumer);
	assert_false(bench.finished);
	assert_string_equal(bench.why, "2 objects were freed and are on no list: lost");
	workbench_done(&bench);
}

/* ---- producer-consumer -------------------------------------------------------------------------- */

/*
 * 50 objects: the slot is written by the producer 50 times and by the consumer 49 times (the last
 * time after the window, which ends with the 50th free). Every write follows one of the other
 * CPU, except the first: 98 bounces. One object is alive at a time.
 */
static void a_handshake_bounces_twice_per_object(void **unused)
{
	struct workbench *bench =
		done_run("producer-consumer", "handoff=handshake object_size=256", 2, 100);

	(void)unused;
	assert_int_equal(workload_bounces(bench), 98);
	assert_int_equal(bench->result->live_bytes_peak, 256);
	assert_int_equal(bench->result->op[OP_ALLOC].count, 50);
	assert_int_equal(bench->result->op[OP_FREE].count, 50);
	bench_free(bench);
}

/* A ring of depth 1 is the same alternation. */
static void a_ring_of_one_is_a_handshake(void **unused)
{
	struct workbench *bench = done_run("producer-consumer", "handoff=ring in_flight=1", 2, 100);

	(void)unused;
	assert_int_equal(workload_bounces(bench), 98);
	bench_free(bench);
}

/*
 * 80 objects in 10 batches of 8, which fill the ring's one line: the producer writes 8 slots and
 * waits; the consumer waits for the last, and clears 8. A bounce per batch on each side, but for
 * the very first write and for the last clearing, after the window: 18.
 */
static void a_batch_bounces_its_line_twice(void **unused)
{
	struct workbench *bench =
		done_run("producer-consumer", "handoff=ring in_flight=8 batch=8", 2, 160);

	(void)unused;
	assert_int_equal(workload_bounces(bench), 18);
	bench_free(bench);
}

/* Slots and `in` are written by the producer alone, `out` by the consumer alone. */
static void an_index_ring_never_bounces(void **unused)
{
	static const char *const rows[] = {
		"handoff=index-ring in_flight=1", "handoff=index-ring in_flight=16",
		"handoff=index-ring in_flight=64 batch=5",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench = done_run("producer-consumer", rows[i], 2, 400);

		assert_int_equal(workload_bounces(bench), 0);
		assert_true(bench->result->total.hitm_loads > 0);       /* it is read over there */
		bench_free(bench);
	}
}

/* The consumers are slow: each pair fills up. A pair never holds more than `in_flight` objects. */
static void in_flight_bounds_what_is_alive(void **unused)
{
	static const struct {
		const char *settings;
		unsigned cpus;
		uint64_t objects;
	} rows[] = {
		{ "in_flight=16 consume_cycles=2000",                                  2, 16 },
		{ "in_flight=16 batch=4 consume_cycles=2000",                          2, 16 },
		{ "in_flight=16 handoff=index-ring consume_cycles=2000",               2, 16 },
		{ "in_flight=8 producers=3 consumers=1 consume_cycles=2000",           4, 24 },
		{ "in_flight=4 handoff=none",                                          3, 12 },
		{ "in_flight=1",                                                       6, 3 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench =
			done_run("producer-consumer", rows[i].settings, rows[i].cpus, 600);

		if (bench->result->live_bytes_peak != rows[i].objects * 256)
			fail_msg("[%s]: %llu bytes alive, expected %llu objects", rows[i].settings,
				 (unsigned long long)bench->result->live_bytes_peak,
				 (unsigned long long)rows[i].objects);
		bench_free(bench);
	}
}

static void producers_come_first_and_only_produce(void **unused)
{
	static const struct {
		const char *settings;
		unsigned cpus, producers, consumers;
	} rows[] = {
		{ "in_flight=4", 2, 1, 1 },
		{ "in_flight=4", 7, 3, 3 },
		{ "in_flight=4 producers=1", 4, 1, 3 },
		{ "in_flight=4 consumers=1", 4, 3, 1 },
		{ "in_flight=4 producers=2 consumers=5", 8, 2, 5 },
		{ "in_flight=6 producers=5 consumers=2 batch=3 handoff=index-ring", 8, 5, 2 },
		{ "handoff=handshake producers=3 consumers=2", 5, 3, 2 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench =
			done_run("producer-consumer", rows[i].settings, rows[i].cpus, 1200);

		for (unsigned cpu = 0; cpu < rows[i].cpus; cpu++) {
			bool idle = cpu >= rows[i].producers + rows[i].consumers;

			if (idle != (bench->deeds[cpu] == 0))
				fail_msg("[%s]: CPU %u did %u things", rows[i].settings, cpu,
					 bench->deeds[cpu]);
			for (unsigned d = 0; d < bench->deeds[cpu]; d++)
				if (bench->deed[cpu][d].free != (cpu >= rows[i].producers))
					fail_msg("[%s]: CPU %u is in the wrong place",
						 rows[i].settings, cpu);
		}
		bench_free(bench);
	}
}

/* After 4 objects of a pair producer and consumer change places, again and again. */
static void roles_change_places(void **unused)
{
	static const char *const rows[] = {
		"handoff=handshake reverse_every=4", "in_flight=4 reverse_every=4", "in_flight=8 batch=2 reverse_every=4",
		"handoff=index-ring in_flight=2 reverse_every=4", "in_flight=64 reverse_every=4",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench = done_run("producer-consumer", rows[i], 2, 200);

		expect_deeds(bench, 0, "++++----++++----++++----");
		expect_deeds(bench, 1, "----++++----++++----++++");
		bench_free(bench);
	}
	/* One CPU in the middle of a star: all its pairs change together. */
	struct workbench *star = done_run(
		"producer-consumer", "in_flight=2 reverse_every=4 producers=3 consumers=1", 4, 600);

	expect_deeds(star, 0, "++++----++++----");
	expect_deeds(star, 3, "------------++++++++++++------------");
	bench_free(star);
}

static void own_objects_need_no_line(void **unused)
{
	struct workbench *bench = done_run(
		"producer-consumer", "handoff=none in_flight=3 write_bytes=0 read_bytes=0", 4, 400);

	(void)unused;
	assert_int_equal(bench->result->total.loads + bench->result->total.stores +
				 bench->result->total.rmws,
			 0);
	expect_deeds(bench, 2, "+++-+-+-+-");
	bench_free(bench);
}

/* Four lines of each object written by the producer, two read by the consumer: 50 objects. */
static void the_payload_is_touched_as_told(void **unused)
{
	struct workbench *none = done_run("producer-consumer",
					  "handoff=handshake write_bytes=0 read_bytes=0", 2, 100);
	struct workbench *some = done_run(
		"producer-consumer", "handoff=handshake write_bytes=256 read_bytes=100", 2, 100);

	(void)unused;
	assert_int_equal(some->result->total.stores - none->result->total.stores, 50 * 4);
	assert_int_equal(some->result->total.bounces[CLASS_PAYLOAD], 0);       /* only ever written by CPU 0 */
	bench_free(none);
	bench_free(some);
}

static void settings_that_do_not_agree_are_told(void **unused)
{
	static const struct {
		const char *workload, *settings;
		unsigned cpus;
		const char *part;
	} rows[] = {
		{ "producer-consumer", "handoff=handshake in_flight=2", 2, "one object at a time" },
		{ "producer-consumer", "handoff=handshake batch=2", 2, "one object at a time" },
		{ "producer-consumer", "in_flight=4 batch=5", 2,
		  "'batch' is larger than 'in_flight'" },
		{ "producer-consumer", "in_flight=4 batch=3 reverse_every=4", 2,
		  "'reverse_every' must be a multiple" },
		{ "producer-consumer", "object_size=64 write_bytes=65", 2,
		  "must not exceed 'object_size'" },
		{ "producer-consumer", "", 1, "1 producers and 1 consumers do not fit on 1 CPUs" },
		{ "producer-consumer", "producers=2 consumers=3", 4, "do not fit on 4 CPUs" },
		{ "slab-test", "test=remote-free", 1, "needs two CPUs" },
		{ "slab-test", "test=one-alloc-n-free pointer_array=false", 2,
		  "'pointer_array' must be true" },
		{ "slab-test", "test=batch count=10 batch=4", 1,
		  "'count' must be a multiple of 'batch'" },
		{ "slab-test", "object_size=16384 cache=kmem_cache", 1, "needs 'cache: kmalloc'" },
		{ "slab-test", "object_size=16384 cache=reclaimable", 1, "needs 'cache: kmalloc'" },
		{ "slab-test", "cache=reclaimable", 1, "'plain' has no caches that are reclaimed" },
		{ "slab-refill", "cache=reclaimable", 2, "'plain' has no caches that are reclaimed" },
		{ "producer-consumer", "cache=reclaimable", 2,
		  "'plain' has no caches that are reclaimed" },
		{ "replay", "trace=/nowhere/x.trace", 2,
		  "trace '/nowhere/x.trace' cannot be read" },
		{ "replay", "trace=tests/import/README.md", 2, "README.md: not a bounce trace" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench = bench_new(rows[i].settings, rows[i].cpus, 100);

		workbench_run(bench, workload_find(rows[i].workload));
		assert_null(bench->result);
		if (!strstr(bench->why, rows[i].part))
			fail_msg("[%s]: said '%s', expected '%s'", rows[i].settings, bench->why,
				 rows[i].part);
		bench_free(bench);
	}
}

/* ---- counter ------------------------------------------------------------------------------------ */

static void counters_count(void **unused)
{
	static const struct { const char *settings; unsigned cpus; bool bounces; } rows[] = {
		{ "counters=shared op=lock_add",     4, true },
		{ "counters=shared op=add",          4, true },
		{ "counters=shared op=store",        4, true },
		{ "counters=neighbours op=lock_add", 4, true },
		{ "counters=neighbours op=store",    4, true },
		{ "counters=padded op=lock_add",     4, false },
		{ "counters=padded op=add",          4, false },
		{ "counters=shared op=lock_add",     1, false },
		{ "counters=shared op=lock_add work_cycles=50", 8, true },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench = done_run("counter", rows[i].settings, rows[i].cpus, 400);

		assert_int_equal(bench->result->op[OP_WORK].count, 400);
		if ((workload_bounces(bench) > 0) != rows[i].bounces)
			fail_msg("[%s]: %llu bounces", rows[i].settings,
				 (unsigned long long)workload_bounces(bench));
		bench_free(bench);
	}
}

/* ---- slab-test ------------------------------------------------------------------------------------ */

/*
 * With an allocator that touches nothing, all accesses are the test's. N = 10 objects:
 * alloc-then-free stores pointer and mark, then loads the pointer and marks: 10 loads, 30 stores;
 * pairs do neither. A run of 5 of the batch test stores and loads 5 pointers; shuffling swaps 4
 * times, 2 loads and 2 stores each; two runs: 10 + 16.
 */
static void single_tests_touch_what_they_should(void **unused)
{
	static const struct { const char *settings; uint64_t operations, loads, stores; } rows[] = {
		{ "test=alloc-then-free count=10",                       20, 10, 30 },
		{ "test=alloc-then-free count=10 pointer_array=false",   20, 0,  20 },
		{ "test=alloc-then-free count=10 cache=kmem_cache",      20, 10, 30 },
		{ "test=pairs count=10",                                 20, 0,  0 },
		{ "test=batch count=10 batch=5",                         20, 10, 10 },
		{ "test=batch count=10 batch=5 shuffle=true",            20, 26, 26 },
		{ "test=batch count=10 batch=5 shuffle=true pointer_array=false", 20, 0, 0 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench = done_run("slab-test", rows[i].settings, 2, 0);

		assert_int_equal(bench->operations, rows[i].operations);
		if (bench->result->total.loads != rows[i].loads ||
		    bench->result->total.stores != rows[i].stores)
			fail_msg("[%s]: %llu loads, %llu stores", rows[i].settings,
				 (unsigned long long)bench->result->total.loads,
				 (unsigned long long)bench->result->total.stores);
		assert_int_equal(bench->deeds[1], 0);
		bench_free(bench);
	}
	struct workbench *fifo = done_run("slab-test", "test=alloc-then-free count=5", 1, 0);

	expect_deeds(fifo, 0, "+++++-----");
	bench_free(fifo);
}

/* Allocations and frees in the window, from the loops of the original; 3 CPUs, N = 12. */
static void concurrent_tests_count(void **unused)
{
	static const struct { const char *settings; uint64_t allocs, frees; } rows[] = {
		{ "test=n-alloc-n-free count=12",                36, 36 },      /* 3 CPUs, 12 each */
		{ "test=n-pairs count=12",                       36, 36 },
		{ "test=remote-free count=12",                   24, 24 },      /* CPUs 1 and 2 allocate */
		{ "test=remote-free count=12 pointer_array=false", 24, 24 },
		{ "test=one-alloc-n-free count=12",              24, 24 },
		{ "test=one-alloc-n-free count=12 quirks=true",  24, 8 },       /* each stops after 12 / 3 */
		{ "test=n-alloc-one-free count=12",              24, 24 },
		{ "test=n-alloc-n-free count=12 level=pages order=1", 36, 36 },
		{ "test=n-pairs count=12 level=pages",           36, 36 },
		{ "test=remote-free count=12 level=pages order=2", 24, 24 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench = done_run("slab-test", rows[i].settings, 3, 0);
		bool pages = strstr(rows[i].settings, "pages") != NULL;
		uint64_t allocs = bench->result->op[pages ? OP_PAGE_ALLOC : OP_ALLOC].count;
		uint64_t frees = bench->result->op[pages ? OP_PAGE_FREE : OP_FREE].count;

		if (allocs != rows[i].allocs || frees != rows[i].frees)
			fail_msg("[%s]: %llu allocations, %llu frees", rows[i].settings,
				 (unsigned long long)allocs, (unsigned long long)frees);
		bench_free(bench);
	}
}

/* CPU 0 frees what the others allocated, and only that. */
static void remote_frees_are_remote(void **unused)
{
	struct workbench *bench = done_run("slab-test", "test=remote-free count=5", 3, 0);

	(void)unused;
	expect_deeds(bench, 0, "----------");
	expect_deeds(bench, 1, "+++++");
	assert_int_equal(bench->deeds[0], 10);
	assert_int_equal(bench->deeds[1], 5);
	bench_free(bench);
}

/* ---- replay ------------------------------------------------------------------------------------------ */

static char folder[] = "/tmp/bounce-workloads-XXXXXX";
static char trace_path[128];

/* Settings with the trace of `text`, and more. */
static const char *recorded(const char *text, const char *more)
{
	static char settings[512];
	struct import_options options = { .origin = "test" };
	struct importer *importer = import_new(&options);
	char why[256];

	assert_true(import_feed(importer, text, strlen(text), why, sizeof why));
	struct trace *trace = import_finish(importer, why, sizeof why);

	assert_non_null(trace);
	size_t bytes;
	void *data = trace_encode(trace, &bytes);
	FILE *file = fopen(trace_path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
	free(data);
	trace_free(trace);
	import_free(importer);
	snprintf(settings, sizeof settings, "trace=%s%s%s", trace_path, *more ? " " : "", more);
	return settings;
}

#define A(cpu, time, ptr, size) "a 1 [00" #cpu "] " #time ": kmem:kmalloc: ptr=0x" #ptr " bytes_alloc=" #size "\n"
#define F(cpu, time, ptr) "a 1 [00" #cpu "] " #time ": kmem:kfree: ptr=0x" #ptr "\n"
#define PA(cpu, time, pfn, order) "a 1 [00" #cpu "] " #time ": kmem:mm_page_alloc: pfn=0x" #pfn " order=" #order "\n"
#define PF(cpu, time, pfn, order) "a 1 [00" #cpu "] " #time ": kmem:mm_page_free: pfn=0x" #pfn " order=" #order "\n"

/* Each CPU does its events in their order; a free waits for its allocation. */
static void replay_keeps_the_recorded_order(void **unused)
{
	const char *text = A(0, 1.0, 40, 64) A(1, 1.1, 80, 128) F(1, 1.2, 40) A(1, 1.3, c0, 256)
		F(0, 1.4, 80) F(0, 1.5, c0) A(0, 1.6, 40, 512) F(1, 1.7, 40);
	struct workbench *bench = done_run("replay", recorded(text, ""), 2, 0);
	static const uint32_t sizes[2][4] = { { 64, 0, 0, 512 }, { 128, 0, 256, 0 } };

	(void)unused;
	assert_int_equal(bench->operations, 8);
	assert_int_equal(bench->warmup, 0);
	expect_deeds(bench, 0, "+--+");
	expect_deeds(bench, 1, "+-+-");
	for (unsigned cpu = 0; cpu < 2; cpu++)
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(bench->deed[cpu][i].size, sizes[cpu][i]);
	assert_int_equal(bench->deeds[0], 4);
	bench_free(bench);
}

/*
 * Object 1000 existed: made by CPU 1, which frees it, before the window. Object 80 is left: freed
 * after the window by CPU 0, which allocated it.
 */
static void what_existed_and_what_is_left_lie_outside_the_window(void **unused)
{
	const char *text = A(0, 1.0, 40, 64) A(0, 1.1, 80, 64) F(1, 1.2, 1000) F(1, 1.3, 40);
	struct workbench *bench = done_run("replay", recorded(text, ""), 2, 0);

	(void)unused;
	assert_int_equal(bench->warmup, 1);
	assert_int_equal(bench->operations, 4);
	assert_int_equal(bench->result->op[OP_ALLOC].count, 2);
	assert_int_equal(bench->result->op[OP_FREE].count, 2);
	expect_deeds(bench, 0, "++-");
	expect_deeds(bench, 1, "+--");
	assert_non_null(strstr(bench->remarks,
			       "         1  frees without allocation: made before the start"));
	assert_non_null(
		strstr(bench->remarks, "         1  allocations never freed: freed after the end"));
	assert_non_null(strstr(bench->remarks, "         4  events of the allocators"));
	bench_free(bench);
}

static void some_events_may_be_warm_up(void **unused)
{
	const char *text = A(0, 1.0, 40, 64) F(1, 1.1, 40) A(0, 1.2, 40, 64) F(1, 1.3, 40)
		A(0, 1.4, 40, 64) F(1, 1.5, 40);
	struct workbench *bench = done_run("replay", recorded(text, "warmup_events=3"), 2, 0);

	(void)unused;
	assert_int_equal(bench->warmup, 3);
	assert_int_equal(bench->operations, 3);
	assert_int_equal(bench->result->op[OP_FREE].count, 2);  /* events 3 and 5; 4 allocates */
	assert_int_equal(bench->result->op[OP_ALLOC].count, 1);
	bench_free(bench);
	bench = bench_new(recorded(text, "warmup_events=6"), 2, 0);
	workbench_run(bench, workload_find("replay"));
	assert_null(bench->result);
	assert_non_null(
		strstr(bench->why, "6 events of level 'slab'; 'warmup_events' leaves none"));
	bench_free(bench);
}

/* 2 us between allocation and free: 2000 cycles at 1000 MHz, none by default. */
static void recorded_gaps_are_a_setting(void **unused)
{
	const char *text = A(0, 1.000000, 40, 64) F(0, 1.000002, 40);
	struct workbench *without = done_run("replay", recorded(text, ""), 1, 0);
	struct workbench *with = done_run("replay", recorded(text, "gap_mhz=1000"), 1, 0);

	(void)unused;
	assert_int_equal(with->result->elapsed_units - without->result->elapsed_units, 2000 * 64);
	bench_free(without);
	bench_free(with);
}

/* Two events: 1000 cycles of constant work; else the CPU's first two draws by seed 1. */
static void work_comes_before_each_event(void **unused)
{
	const char *text = A(0, 1.0, 40, 64) F(0, 1.1, 40);
	struct workbench *without = done_run("replay", recorded(text, ""), 1, 0);
	struct workbench *constant =
		done_run("replay", recorded(text, "work_cycles=500 work=constant"), 1, 0);
	struct workbench *drawn = done_run("replay", recorded(text, "work_cycles=500"), 1, 0);
	struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, 1);
	struct sim *sim = engine_sim(&options);
	struct work *work = work_new(&(struct distribution){ SHAPE_EXPONENTIAL, SPREAD_ONE });
	struct draws draws = draws_new(sim, 0, 0);
	uint64_t first = draws_work(&draws, work, 500), second = draws_work(&draws, work, 500);

	(void)unused;
	assert_int_equal(constant->result->elapsed_units - without->result->elapsed_units, 1000 * 64);
	assert_int_equal(drawn->result->elapsed_units - without->result->elapsed_units,
			 (first + second) * 64);
	work_free(work);
	sim_free(sim);
	bench_free(without);
	bench_free(constant);
	bench_free(drawn);
}

/*
 * CPU 0 allocates 50 objects, CPU 1 frees each, recorded in turns: allocation k is event 2k, its
 * free event 2k + 1. Frees are slow here (64 lines are read). With ahead = 4, allocation k waits
 * for frees j with 2j + 1 <= 2k - 4, that is for k - 2 frees: 2 objects are alive and the third
 * comes. Without, CPU 0 runs away.
 */
static void cpus_stay_together(void **unused)
{
	char text[50 * 160] = "";
	size_t used = 0;

	(void)unused;
	for (unsigned k = 0; k < 50; k++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "a 1 [000] 1.%06u: kmem:kmalloc: ptr=0x%x bytes_alloc=4096\n"
					 "a 1 [001] 1.%06u: kmem:kfree: ptr=0x%x\n",
					 2 * k, 64 + 64 * k, 2 * k + 1, 64 + 64 * k);
	struct workbench *near =
		done_run("replay", recorded(text, "ahead=4 write_bytes=0 read_bytes=4096"), 2, 0);

	assert_int_equal(near->result->live_bytes_peak, 3 * 4096);
	bench_free(near);
	struct workbench *far =
		done_run("replay", recorded(text, "ahead=0 write_bytes=0 read_bytes=4096"), 2, 0);

	assert_true(far->result->live_bytes_peak > 20 * 4096);
	bench_free(far);
}

/* Objects and pages are two views of the same memory: one is replayed. */
static void one_level_is_replayed(void **unused)
{
	const char *text =
		PA(0, 1.0, 8, 3) A(0, 1.1, 40, 64) PF(1, 1.2, 8, 3) F(0, 1.3, 40) PF(0, 1.4, 20, 0);
	struct workbench *slab = done_run("replay", recorded(text, "level=slab"), 2, 0);

	(void)unused;
	assert_int_equal(slab->operations, 2);
	bench_free(slab);
	struct workbench *pages = done_run("replay", recorded(text, "level=pages"), 2, 0);

	assert_int_equal(pages->operations, 3);
	assert_int_equal(pages->warmup, 1);
	assert_int_equal(pages->result->op[OP_PAGE_ALLOC].count, 1);
	assert_int_equal(pages->result->op[OP_PAGE_FREE].count, 2);
	bench_free(pages);
}

/*
 * 16 objects of CPU 0 freed on CPU 1: their words fill two lines, written by CPU 0 only. No word
 * bounces; objects that stay on their CPU have none.
 */
static void handing_over_costs_few_lines(void **unused)
{
	char text[32 * 90] = "";
	size_t used = 0;

	(void)unused;
	for (unsigned k = 0; k < 16; k++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "a 1 [000] 1.%06u: kmem:kmalloc: ptr=0x%x bytes_alloc=64\n", k, 64 + 64 * k);
	for (unsigned k = 0; k < 16; k++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "a 1 [001] 1.%06u: kmem:kfree: ptr=0x%x\n", 16 + k,
					 64 + 64 * k);
	struct workbench *bench =
		done_run("replay", recorded(text, "ahead=0 write_bytes=0 read_bytes=0"), 2, 0);
	unsigned lines = 0;

	for (size_t i = 0; i < bench->result->lines; i++)
		lines += strncmp(bench->result->line[i].label, "handoff", 7) == 0;
	assert_int_equal(lines, 2);
	/* The barrier's line: by who comes second to the first turn, and by CPU 0, done first, then. */
	assert_in_range(workload_bounces(bench), 1, 2);
	bench_free(bench);
}

static void a_recording_needs_its_cpus(void **unused)
{
	struct workbench *bench = bench_new(recorded(A(0, 1.0, 40, 64) F(1, 1.1, 40), ""), 1, 0);

	(void)unused;
	workbench_run(bench, workload_find("replay"));
	assert_null(bench->result);
	assert_non_null(strstr(bench->why, "recorded on 2 CPUs, which do not fit on 1"));
	bench_free(bench);
}

static void a_truncated_trace_is_told(void **unused)
{
	const char *settings = recorded(A(0, 1.0, 40, 64) F(1, 1.1, 40), "");

	(void)unused;
	assert_int_equal(truncate(trace_path, 50), 0);
	struct workbench *bench = bench_new(settings, 2, 0);

	workbench_run(bench, workload_find("replay"));
	assert_null(bench->result);
	assert_non_null(strstr(bench->why, "test.trace: damaged trace: it is cut off"));
	bench_free(bench);
}

/* ---- on real allocators, with every shortcut of the engine on and off -------------------------------- */

static const struct real {
	const char *workload, *settings;
	unsigned cpus;
	uint64_t operations;
} reals[] = {
	{ "producer-consumer", "handoff=handshake", 2, 600 },
	{ "producer-consumer", "in_flight=16 object_size=1024", 2, 1200 },
	{ "producer-consumer", "in_flight=64 handoff=index-ring batch=8 cache=kmalloc object_size=100", 4, 2000 },
	{ "producer-consumer", "in_flight=8 producers=3 consumers=2 reverse_every=40", 5, 2000 },
	{ "producer-consumer", "in_flight=40 handoff=none produce_cycles=20 consume_cycles=20", 4, 2000 },
	{ "counter", "counters=neighbours op=store work_cycles=30", 4, 600 },
	{ "slab-test", "test=alloc-then-free count=300", 1, 0 },
	{ "slab-test", "test=n-alloc-n-free count=100 object_size=512", 4, 0 },
	{ "slab-test", "test=one-alloc-n-free count=100 quirks=true", 3, 0 },
	{ "slab-test", "test=n-alloc-one-free count=100", 3, 0 },
	{ "slab-test", "test=remote-free count=100 object_size=16384", 3, 0 },
	{ "slab-test", "test=batch count=200 batch=100 shuffle=true", 2, 0 },
	{ "slab-test", "test=remote-free count=50 level=pages order=1", 3, 0 },
};

static void expect_same_bytes(const struct real *real, const char *settings, const char *objects)
{
	char *first = NULL;

	for (int off = 0; off < 4; off++) {
		struct workbench *bench = bench_new(settings, real->cpus, real->operations);

		bench->objects = objects;
		bench->jitter = true;
		bench->no_run_ahead = off & 1;
		bench->no_parking = off & 2;
		workbench_run(bench, workload_find(real->workload));
		expect_done(bench);
		char *text = engine_text(bench->result);

		if (off == 0)
			first = text;
		else if (strcmp(first, text) != 0)
			fail_msg("[%s %s] on %s: shortcuts %d change the result", real->workload,
				 settings, objects, off);
		if (off)
			free(text);
		bench_free(bench);
	}
	free(first);
}

static void no_shortcut_shows(void **unused)
{
	static const struct real sample = { "replay", NULL, 2, 0 };
	static const char *const allocators[] = { "slub-page", "slub-cpu" };

	(void)unused;
	for (size_t a = 0; a < 2; a++) {
		for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
			expect_same_bytes(&reals[i], reals[i].settings, allocators[a]);
		FILE *file = fopen("tests/import/socket.kmem.txt", "r");
		char *text = calloc(1, 1 << 17);

		assert_non_null(file);
		assert_true(fread(text, 1, (1 << 17) - 1, file) > 0);
		fclose(file);
		expect_same_bytes(&sample, recorded(text, ""), allocators[a]);
		expect_same_bytes(&sample, recorded(text, "level=pages ahead=0 gap_mhz=2000"),
				  allocators[a]);
		free(text);
	}
}

static int make_folder(void **unused)
{
	(void)unused;
	if (!mkdtemp(folder))
		return -1;
	snprintf(trace_path, sizeof trace_path, "%s/test.trace", folder);
	return 0;
}

static int remove_folder(void **unused)
{
	(void)unused;
	remove(trace_path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ledger_tells_what_is_wrong),
		cmocka_unit_test(a_faulty_allocator_is_found_out),
		cmocka_unit_test(each_line_is_touched_once),
		cmocka_unit_test(lines_that_are_read_are_announced),
		cmocka_unit_test(objects_that_nobody_has_are_told),
		cmocka_unit_test(a_handshake_bounces_twice_per_object),
		cmocka_unit_test(a_ring_of_one_is_a_handshake),
		cmocka_unit_test(a_batch_bounces_its_line_twice),
		cmocka_unit_test(an_index_ring_never_bounces),
		cmocka_unit_test(in_flight_bounds_what_is_alive),
		cmocka_unit_test(producers_come_first_and_only_produce),
		cmocka_unit_test(roles_change_places),
		cmocka_unit_test(own_objects_need_no_line),
		cmocka_unit_test(the_payload_is_touched_as_told),
		cmocka_unit_test(settings_that_do_not_agree_are_told),
		cmocka_unit_test(counters_count),
		cmocka_unit_test(single_tests_touch_what_they_should),
		cmocka_unit_test(concurrent_tests_count),
		cmocka_unit_test(remote_frees_are_remote),
		cmocka_unit_test(replay_keeps_the_recorded_order),
		cmocka_unit_test(what_existed_and_what_is_left_lie_outside_the_window),
		cmocka_unit_test(some_events_may_be_warm_up),
		cmocka_unit_test(recorded_gaps_are_a_setting),
		cmocka_unit_test(work_comes_before_each_event),
		cmocka_unit_test(cpus_stay_together),
		cmocka_unit_test(one_level_is_replayed),
		cmocka_unit_test(handing_over_costs_few_lines),
		cmocka_unit_test(a_recording_needs_its_cpus),
		cmocka_unit_test(a_truncated_trace_is_told),
		cmocka_unit_test(no_shortcut_shows),
	};

	return cmocka_run_group_tests_name("workloads", tests, make_folder, remove_folder);
}
