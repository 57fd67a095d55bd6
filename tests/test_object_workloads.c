/*
 * The workloads of objects: what each asks of the allocator, counted by hand, that every object
 * comes back, and that no shortcut of the engine shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/experiment.h"
#include "tests/engine_fixture.h"
#include "tests/workload_fixture.h"
#include "workloads/supply.h"

/* ---- one run ---------------------------------------------------------------------------------- */

static struct workbench *bench_new(const char *settings, unsigned cpus, uint64_t operations)
{
	struct workbench *bench = calloc(1, sizeof *bench);

	bench->settings = settings;
	bench->cpus = cpus;
	bench->operations = operations;
	return bench;
}

static void bench_run(struct workbench *bench, const char *workload)
{
	workbench_run(bench, workload_find(workload));
	if (!bench->result)
		fail_msg("%s [%s]: not created: %s", workload, bench->settings, bench->why);
	if (bench->outcome != OUTCOME_DONE)
		fail_msg("%s [%s]: %s: %s", workload, bench->settings,
			 outcome_names[bench->outcome], bench->result->message);
	if (!bench->sound || !bench->finished || bench->alive)
		fail_msg("%s [%s]: sound %d, finished %d: %s", workload, bench->settings,
			 bench->sound, bench->finished, bench->why);
}

static struct workbench *done_run(const char *workload, const char *settings, unsigned cpus,
				  uint64_t operations)
{
	struct workbench *bench = bench_new(settings, cpus, operations);

	bench_run(bench, workload);
	return bench;
}

static void bench_free(struct workbench *bench)
{
	workbench_done(bench);
	free(bench);
}

/* "3+ 2-": what a CPU did first: three allocations, then two frees. */
static void expect_deeds(const struct workbench *bench, unsigned cpu, const char *expected)
{
	unsigned at = 0;

	while (*expected) {
		unsigned count = (unsigned)strtoul(expected, (char **)&expected, 10);

		for (unsigned i = 0; i < count; i++, at++)
			if (at >= bench->deeds[cpu] ||
			    bench->deed[cpu][at].free != (*expected == '-'))
				fail_msg("[%s]: CPU %u, deed %u is no '%c'", bench->settings, cpu, at,
					 *expected);
		expected += strspn(expected, "+- ");
	}
}

static unsigned count_deeds(const struct workbench *bench, unsigned cpu, bool frees)
{
	unsigned count = 0;

	for (unsigned i = 0; i < bench->deeds[cpu]; i++)
		count += bench->deed[cpu][i].free == frees;
	return count;
}

/* ---- hackbench --------------------------------------------------------------------------------- */

/*
 * One CPU, 2 senders, 2 receivers, 3 loops: 2 * 2 * 3 = 12 messages of a head and data, kmalloc of
 * 128 + 320. The senders run first, one after the other: 24 allocations in a row. The queues then
 * have 1 1 2 2 3 3 after the messages of the first and 4 4 5 5 6 6 after those of the second: 42 of
 * 12, 3.5 messages, 7 objects.
 */
static void messages_are_counted_and_the_three_numbers_told(void **unused)
{
	struct workbench *bench = done_run("hackbench", "groups=1 fds=2 loops=3", 1, 0);

	(void)unused;
	assert_int_equal(bench->warmup + bench->operations, 4 * 12);
	assert_int_equal(bench->deeds[0], 4 * 12);
	expect_deeds(bench, 0, "24+ 24-");
	assert_int_equal(bench->deed[0][0].size, 256);
	assert_int_equal(bench->deed[0][1].size, 128 + 320);
	assert_non_null(strstr(bench->remarks, "100.0 % of the objects are freed where they were "
					       "allocated; 24.0 allocations in a row; 7.0 objects "
					       "in a queue"));
	bench_free(bench);
}

/* Room for two messages: the first sender fills both sockets and waits, so does the second; the
 * first receiver reads two. */
static void a_full_socket_stops_its_senders(void **unused)
{
	struct workbench *bench = done_run("hackbench", "groups=1 fds=2 loops=3 limit=2", 1, 0);

	(void)unused;
	expect_deeds(bench, 0, "8+ 4-");
	assert_int_equal(bench->deeds[0], 4 * 12);
	bench_free(bench);
}

/* Who is woken never runs where it was woken, on one of two CPUs, in half of the cases. */
static void the_scheduler_decides_who_frees(void **unused)
{
	struct workbench *near = done_run("hackbench", "groups=2 fds=4 loops=10 p_same=1", 1, 0);
	struct workbench *far = done_run("hackbench", "groups=2 fds=4 loops=10 p_same=0", 4, 0);
	double share = 0;

	(void)unused;
	assert_non_null(strstr(near->remarks, "100.0 % of the objects"));
	assert_int_equal(sscanf(far->remarks, "%lf", &share), 1);
	assert_true(share > 5 && share < 60);
	for (unsigned id = 0; id < 4; id++)
		assert_true(count_deeds(far, id, true) > 0 && count_deeds(far, id, false) > 0);
	bench_free(near);
	bench_free(far);
}

/* ---- packets ------------------------------------------------------------------------------------ */

/* A batch of four heads, then four times data: 64 of room and 64 bytes make 128, and 320. */
static void a_queue_allocates_and_an_application_frees(void **unused)
{
	struct workbench *bench = done_run("packet-flow", "queues=1 batch=4 depth=16", 2, 400);

	(void)unused;
	expect_deeds(bench, 0, "8+ 8+");
	assert_int_equal(bench->deed[0][3].size, 256);
	assert_int_equal(bench->deed[0][4].size, 448);
	assert_true(bench->deed[0][0].atomic);
	assert_int_equal(count_deeds(bench, 0, true), 0);
	assert_int_equal(count_deeds(bench, 1, false), 0);
	bench_free(bench);
}

/* With 16 packets on the way at most, never more than 64 wait, so the queue's CPU frees them all. */
static void deferred_packets_are_freed_where_they_came_from(void **unused)
{
	struct workbench *bench =
		done_run("packet-flow", "queues=1 batch=4 depth=16 deferred=true", 2, 400);

	(void)unused;
	assert_int_equal(bench->deeds[1], 0);
	assert_int_equal(count_deeds(bench, 0, true), count_deeds(bench, 0, false));
	bench_free(bench);
}

static void forwarded_packets_stay(void **unused)
{
	struct workbench *bench = done_run("packet-flow", "forward=true batch=4", 2, 400);

	(void)unused;
	for (unsigned id = 0; id < 2; id++) {
		expect_deeds(bench, id, "5+ 2- 1+ 2- 1+ 2- 1+ 2- 4+");
		assert_int_equal(count_deeds(bench, id, true), count_deeds(bench, id, false));
	}
	bench_free(bench);
}

/* ---- programs ----------------------------------------------------------------------------------- */

/* CPU 0 allocates all 2 * 4; each replacement frees, then allocates, of any size. */
static void larson_replaces(void **unused)
{
	struct workbench *bench = done_run("larson", "slots=4 replacements=5", 2, 200);

	(void)unused;
	expect_deeds(bench, 0, "8+ 1- 1+ 1- 1+ 1- 1+");
	expect_deeds(bench, 1, "1- 1+ 1- 1+ 1- 1+");
	for (unsigned i = 0; i < bench->deeds[0]; i++)
		if (!bench->deed[0][i].free)
			assert_in_range(bench->deed[0][i].size, 8, 1000);
	bench_free(bench);
}

/* A batch of four: itself, 16 bytes and four slots of 16, then the objects. */
static void xmalloc_frees_elsewhere(void **unused)
{
	struct workbench *bench = done_run("xmalloc-test", "batch=4 gfp=atomic", 2, 400);

	(void)unused;
	assert_int_equal(bench->deed[0][0].size, 16 + 4 * 16);
	assert_int_equal(bench->deed[0][1].size, 64);
	assert_true(bench->deed[0][1].atomic);
	assert_int_equal(count_deeds(bench, 0, true), 0);
	assert_int_equal(count_deeds(bench, 1, false), 0);
	assert_int_equal(count_deeds(bench, 1, true) % 5, 0);
	bench_free(bench);
}

/* SLAB gives the object that was freed last: beside those of others if it was given away by another
 * CPU, else of a batch of the CPU's own. SLUB puts it back into its slab, which is another CPU's. */
static void an_allocator_may_keep_false_sharing(void **unused)
{
	static const struct { const char *objects, *workload; bool bounces; } rows[] = {
		{ "slab", "cache-scratch", true }, { "slub-cpu", "cache-scratch", false },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench = bench_new("cache=kmalloc writes=50", 4, 2000);

		bench->objects = rows[i].objects;
		bench_run(bench, rows[i].workload);
		if (rows[i].bounces)
			assert_true(bench->result->total.bounces[CLASS_PAYLOAD] > 1000);
		else
			assert_true(bench->result->total.bounces[CLASS_PAYLOAD] < 20);
		bench_free(bench);
	}
}

static void thrashing_alternates(void **unused)
{
	struct workbench *bench = done_run("cache-thrash", "writes=3", 2, 100);

	(void)unused;
	expect_deeds(bench, 0, "1+ 1- 1+ 1- 1+ 1-");
	expect_deeds(bench, 1, "1+ 1- 1+ 1- 1+ 1-");
	bench_free(bench);
}

/* ---- patterns ----------------------------------------------------------------------------------- */

/* CPU 1 writes what CPU 0 wrote before: a bounce of the payload for each object, whose memory is
 * always new here. At most 16 of 100 are between the first two stages at either end. */
static void a_pipeline_passes_objects_on(void **unused)
{
	struct workbench *bench = done_run("pipeline", "stages=3", 3, 200);
	uint64_t bounces = bench->result->total.bounces[CLASS_PAYLOAD];

	(void)unused;
	assert_int_equal(count_deeds(bench, 0, true), 0);
	assert_int_equal(bench->deeds[1], 0);
	assert_int_equal(count_deeds(bench, 2, false), 0);
	assert_in_range(bounces, 100 - 2 * 16 - 2, 100 + 2 * 16 + 2);
	bench_free(bench);
}

/* Two processes of three are born; then the oldest goes before each birth. */
static void a_burst_frees_a_process_at_a_time(void **unused)
{
	struct workbench *bench = done_run("burst", "objects=3 processes=2 moved=0", 2, 120);

	(void)unused;
	for (unsigned id = 0; id < 2; id++)
		expect_deeds(bench, id, "6+ 3- 3+ 3- 3+");
	bench_free(bench);
	bench = done_run("burst", "objects=3 processes=2 moved=1 order=same", 3, 600);
	for (unsigned id = 0; id < 3; id++)
		assert_int_equal(bench->deed[id][0].free, false);
	bench_free(bench);
}

/* Callbacks in batches of three, and none before two grace periods are over; at once if nothing
 * waits. */
static void deferred_frees_come_in_batches(void **unused)
{
	struct workbench *bench = done_run(
		"deferred", "grace_cycles=20000 batch=3 work_cycles=100 work=constant", 1, 1200);
	unsigned first = 0;

	(void)unused;
	while (first < bench->deeds[0] && !bench->deed[0][first].free)
		first++;
	assert_true(first > 20000 / 200);       /* 100 of work and some accesses each */
	for (unsigned i = 0; i < 3; i++)
		assert_true(bench->deed[0][first + i].free);
	assert_false(bench->deed[0][first + 3].free);
	bench_free(bench);
	bench = done_run("deferred", "short_lived=1", 2, 100);
	expect_deeds(bench, 1, "1+ 1- 1+ 1-");
	bench_free(bench);
}

static void one_queue_serves_all(void **unused)
{
	struct workbench *bench = done_run(
		"producer-consumer", "handoff=mpmc in_flight=4 batch=2 object_size=uniform:8:1024",
		4, 400);

	(void)unused;
	for (unsigned id = 0; id < 2; id++) {
		assert_int_equal(count_deeds(bench, id, true), 0);
		assert_int_equal(count_deeds(bench, id + 2, false), 0);
		for (unsigned i = 0; i < bench->deeds[id]; i++)
			assert_in_range(bench->deed[id][i].size, 8, 1024);
	}
	bench_free(bench);
}

/* ---- settings ------------------------------------------------------------------------------------ */

static void steps_and_uniform_sizes_are_drawn(void **unused)
{
	static const unsigned steps[] = { 12, 16, 24, 32, 48 };
	struct sizes sizes = { SIZES_STEPS, 9, 48 };
	struct draws draws = { 1, 0 };
	unsigned seen[5] = { 0 };
	uint64_t sum = 0;

	(void)unused;
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t size = sizes_draw(&draws, &sizes);
		unsigned at = 0;

		while (at < 5 && steps[at] != size)
			at++;
		assert_true(at < 5);
		seen[at]++;
	}
	for (unsigned i = 0; i < 5; i++)
		assert_in_range(seen[i], 150, 250);     /* 200 of 1000, sigma 13 */
	sizes = (struct sizes){ SIZES_UNIFORM, 8, 1024 };
	for (unsigned i = 0; i < 4096; i++)
		sum += sizes_draw(&draws, &sizes);
	assert_in_range(sum / 4096, 496, 536);          /* 516, sigma 4.6 */
}

static struct experiment *parse(const char *size, struct diagnostics *diagnostics)
{
	char text[400];

	snprintf(text, sizeof text,
		 "name: t\nmachine: textbook\ncpus: 2\nobjects: slub-cpu\noperations: 10\n"
		 "workload:\n  kind: producer-consumer\n  object_size: %s\n", size);
	return experiment_parse("t.yaml", text, strlen(text), NULL, 0, diagnostics);
}

static void sizes_are_read_and_told(void **unused)
{
	static const struct { const char *size, *text; } rows[] = {
		{ "64", "64" }, { "1K", "1024" }, { "{uniform: [8, 1K]}", "{uniform: [8, 1024]}" },
		{ "{steps: [8, 64]}", "{steps: [8, 64]}" },
		{ "{uniform: [9, 8]}", NULL }, { "{uniform: 8}", NULL }, { "{gauss: [8, 9]}", NULL },
		{ "{uniform: [8, 1000000]}", NULL }, { "{uniform: [8, 9], steps: [8, 9]}", NULL },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct diagnostics *diagnostics = diagnostics_new();
		struct experiment *e = parse(rows[i].size, diagnostics);
		const char *text = NULL;

		for (size_t k = 0; e && k < e->combination[0]->keys; k++)
			if (!strcmp(e->combination[0]->key[k].key, "workload.object_size"))
				text = e->combination[0]->key[k].value;
		if (rows[i].text)
			assert_string_equal(text, rows[i].text);
		else if (e)
			fail_msg("'%s' is taken", rows[i].size);
		if (e)
			experiment_free(e);
		diagnostics_free(diagnostics);
	}
}

static void settings_that_do_not_fit_are_told(void **unused)
{
	static const struct { const char *workload, *settings, *why; unsigned cpus; } rows[] = {
		{ "pipeline", "stages=3", "3 stages do not fit on 2 CPUs", 2 },
		{ "xmalloc-test", "", "too few", 1 },
		{ "xmalloc-test", "allocators=2", "too few", 2 },
		{ "packet-flow", "queues=2", "do not fit on 2 CPUs", 2 },
		{ "cache-scratch", "object_size=uniform:8:16", "must be a number", 2 },
		{ "producer-consumer", "handoff=mpmc reverse_every=4", "'reverse_every' must be 0", 2 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workbench *bench = bench_new(rows[i].settings, rows[i].cpus, 100);

		workbench_run(bench, workload_find(rows[i].workload));
		assert_null(bench->result);
		if (!strstr(bench->why, rows[i].why))
			fail_msg("'%s' is not '%s'", bench->why, rows[i].why);
		bench_free(bench);
	}
}

/* ---- shortcuts ------------------------------------------------------------------------------------- */

static const struct { const char *workload, *settings; unsigned cpus; uint64_t operations; } all[] = {
	{ "hackbench", "groups=2 fds=3 loops=4 slice_cycles=20000", 4, 0 },
	{ "packet-flow", "deferred=true steered=0.3 object_size=uniform:1:1500", 4, 1500 },
	{ "larson", "slots=50 replacements=60", 4, 1500 },
	{ "xmalloc-test", "batch=20 depth=3 object_size=steps:8:2048", 4, 1500 },
	{ "cache-scratch", "writes=5", 4, 1000 },
	{ "pipeline", "stages=2", 4, 1500 },
	{ "burst", "objects=20 moved=0.5", 4, 1500 },
	{ "deferred", "grace_cycles=5000 short_lived=0.3", 4, 1500 },
	{ "producer-consumer", "handoff=mpmc in_flight=8 batch=4", 4, 1500 },
};

static void no_shortcut_shows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		char *first = NULL;

		for (int off = 0; off < 4; off++) {
			struct workbench *bench =
				bench_new(all[i].settings, all[i].cpus, all[i].operations);
			char *text;

			bench->objects = "slab";
			bench->jitter = true;
			bench->no_run_ahead = off & 1;
			bench->no_parking = off & 2;
			bench_run(bench, all[i].workload);
			text = engine_text(bench->result);
			if (off && strcmp(first, text) != 0)
				fail_msg("%s: shortcuts %d change the result", all[i].workload, off);
			if (off)
				free(text);
			else
				first = text;
			bench_free(bench);
		}
		free(first);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_counted_and_the_three_numbers_told),
		cmocka_unit_test(a_full_socket_stops_its_senders),
		cmocka_unit_test(the_scheduler_decides_who_frees),
		cmocka_unit_test(a_queue_allocates_and_an_application_frees),
		cmocka_unit_test(deferred_packets_are_freed_where_they_came_from),
		cmocka_unit_test(forwarded_packets_stay),
		cmocka_unit_test(larson_replaces),
		cmocka_unit_test(xmalloc_frees_elsewhere),
		cmocka_unit_test(an_allocator_may_keep_false_sharing),
		cmocka_unit_test(thrashing_alternates),
		cmocka_unit_test(a_pipeline_passes_objects_on),
		cmocka_unit_test(a_burst_frees_a_process_at_a_time),
		cmocka_unit_test(deferred_frees_come_in_batches),
		cmocka_unit_test(one_queue_serves_all),
		cmocka_unit_test(steps_and_uniform_sizes_are_drawn),
		cmocka_unit_test(sizes_are_read_and_told),
		cmocka_unit_test(settings_that_do_not_fit_are_told),
		cmocka_unit_test(no_shortcut_shows),
	};

	return cmocka_run_group_tests_name("workloads of objects", tests, NULL, NULL);
}
