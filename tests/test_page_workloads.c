/*
 * Workloads on page allocators: what each asks for, by counts that follow from the fact sheets
 * (pagealloc.md 6 and 11.2), that everything comes back, and that no shortcut of the engine shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine_fixture.h"
#include "tests/workload_fixture.h"
#include "workloads/space.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* 512 MiB: batch 31, high 186 (2.1). */
static struct workbench *bench_new(const char *pages, const char *settings, unsigned cpus,
				   uint64_t operations)
{
	struct workbench *bench = calloc(1, sizeof *bench);

	bench->pages = pages;
	bench->settings = settings;
	bench->cpus = cpus;
	bench->operations = operations;
	bench->mib = 512;
	return bench;
}

static void bench_free(struct workbench *bench)
{
	workbench_done(bench);
	free(bench);
}

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
}

static struct workbench *done_run(const char *workload, const char *pages, const char *settings,
				  unsigned cpus, uint64_t operations)
{
	struct workbench *bench = bench_new(pages, settings, cpus, operations);

	workbench_run(bench, workload_find(workload));
	expect_done(bench);
	return bench;
}

static uint64_t count(const struct workbench *bench, enum op op)
{
	return bench->result->op[op].count;
}

static uint64_t taken(const struct workbench *bench, const char *label)
{
	for (size_t i = 0; i < bench->result->locks; i++)
		if (!strcmp(bench->result->lock[i].label, label))
			return bench->result->lock[i].taken;
	return 0;
}

/* ---- pagealloc ----------------------------------------------------------------------------------- */

/*
 * 11.2, pcp 31/186: refills + drains of an inner iteration in steady state, N + 1 pages; N = 64 fits
 * with what stays on the list. The cold one: refills only of N + 1 - 0 pages by 31, and its drains.
 */
static const struct { unsigned batch, refills, drains; } steady[] = {
	{ 1, 0, 0 }, { 64, 0, 0 }, { 128, 0, 0 }, { 256, 4, 4 }, { 512, 12, 12 }, { 1024, 29, 29 },
	{ 4096, 128, 128 },
};

static void batches_pass_the_zone_as_often_as_the_sheet_has_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(steady); i++) {
		char settings[100];
		struct workbench *bench;

		snprintf(settings, sizeof settings, "batch=%u rounds=3 warm_rounds=3", steady[i].batch);
		bench = done_run("pagealloc", "pcp", settings, 1, 0);
		assert_int_equal(count(bench, OP_PAGE_ALLOC), 3 * (steady[i].batch + 1));
		assert_int_equal(count(bench, OP_PAGE_FREE), 3 * (steady[i].batch + 1));
		assert_int_equal(taken(bench, "zone.lock"),
				 3 * (steady[i].refills + steady[i].drains));
		bench_free(bench);
	}
}

/* 11.2: "First iteration (cold): pcp refills 1, 3, 5, 9, 17, 34, 133"; drains: of N + 1 pages back
 * on the lists 31 go each time 186 is reached. */
static void the_first_round_refills_from_nothing(void **state)
{
	static const struct { unsigned batch, refills; } cold[] = {
		{ 1, 1 }, { 64, 3 }, { 128, 5 }, { 256, 9 }, { 512, 17 }, { 1024, 34 }, { 4096, 133 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cold); i++) {
		unsigned pages = cold[i].batch + 1, on_list = cold[i].refills * 31 - pages, drains = 0;
		char settings[100];
		struct workbench *bench;

		for (unsigned k = 0; k < pages; k++) {
			if (++on_list == 186) {
				on_list -= 31;
				drains++;
			}
		}
		snprintf(settings, sizeof settings, "batch=%u rounds=1 warm_rounds=0", cold[i].batch);
		bench = done_run("pagealloc", "pcp", settings, 1, 0);
		assert_int_equal(taken(bench, "zone.lock"), cold[i].refills + drains);
		bench_free(bench);
	}
}

/* Without lists per CPU each page takes the lock; larger orders do with them too. */
static void every_block_takes_the_lock_where_nothing_is_kept(void **state)
{
	struct workbench *bench = done_run("pagealloc", "buddy", "batch=9 rounds=2", 1, 0);

	(void)state;
	assert_int_equal(taken(bench, "zone.lock"), 2 * 2 * 10);
	bench_free(bench);
	bench = done_run("pagealloc", "pcp", "batch=9 rounds=2 warm_rounds=0 order=2 concurrent=true", 3, 0);
	assert_int_equal(taken(bench, "zone.lock"), 3 * 2 * 2 * 10);
	bench_free(bench);
}

static void the_array_of_pointers_is_a_line_for_eight(void **state)
{
	unsigned lines = 0;
	struct workbench *bench = done_run("pagealloc", "pcp", "batch=63 rounds=1 warm_rounds=0", 1, 0);

	(void)state;
	for (size_t i = 0; i < bench->result->fields; i++)
		lines += !strcmp(bench->result->field[i].layout, "pointer");
	assert_true(lines > 0);
	bench_free(bench);
	bench = done_run("pagealloc", "pcp", "batch=63 rounds=1 pointer_array=false", 1, 0);
	for (size_t i = 0; i < bench->result->fields; i++)
		assert_string_not_equal(bench->result->field[i].layout, "pointer");
	bench_free(bench);
}

/* ---- faults -------------------------------------------------------------------------------------- */

/* 6.2, 6.4: a table page for each 512; 8 pointers on the stack, then 510 to a page, 19 pages at most. */
static void tables_and_gathering_pages_are_counted(void **state)
{
	(void)state;
	assert_int_equal(space_tables(1), 1);
	assert_int_equal(space_tables(512), 1);
	assert_int_equal(space_tables(513), 2);
	assert_int_equal(space_tables(32768), 64);
	assert_int_equal(space_gathers(7), 0);          /* 7 + 1 pointers */
	assert_int_equal(space_gathers(8), 1);
	assert_int_equal(space_gathers(516), 1);        /* 516 + 2 = 8 + 510 */
	assert_int_equal(space_gathers(517), 2);
	assert_int_equal(space_gathers(32768), 19);
}

/*
 * 20 pages of one process: 20 + 1 table + 1 gathering page (21 pointers are more than 8) are
 * allocated. Freed: groups of 14 and 7, the gathering page alone. lru_lock: the pagevec is full at
 * the 14th fault, is emptied before the unmap, and each group has pages on the LRU: 4 times.
 */
static void a_task_gives_back_in_groups_what_it_touched(void **state)
{
	static const char *const pages[] = { "buddy", "pcp" };

	(void)state;
	for (size_t i = 0; i < COUNT(pages); i++) {
		struct workbench *bench = done_run("page-fault", pages[i], "pages=20", 1, 21);

		assert_int_equal(bench->result->operations, 21);
		assert_int_equal(count(bench, OP_FAULT), 20);
		assert_int_equal(count(bench, OP_UNMAP), 1);
		assert_int_equal(count(bench, OP_PAGE_ALLOC), 22);
		assert_int_equal(count(bench, OP_PAGE_FREE), 22);
		assert_int_equal(taken(bench, "zone.lru_lock"), 4);
		bench_free(bench);
	}
}

/*
 * 6.4 and 3.5. 40 pages of a process and their table are 41 pointers, 8 of them on the stack and 33 in a
 * gathering page: 42 frames are taken, with it. They go in groups of 14, 14 and 13 whatever batch of
 * pointers they lie in, and the gathering page alone.
 *	magazine	an allocation is a taking of a magazine, but for the first of each type: the
 *			table finds nothing and takes one after its refill, the first page finds a
 *			magazine of another type only and takes one again after its own. 1 + 2 + 39, the
 *			gathering page 1; then 3 groups and 1: 47. Two refills, no drain: nr_free is 768
 *			at the end, below 1024.
 *	one by one	the same with every pointer freed alone would be 43 + 41 + 1 = 85.
 */
static void groups_of_pointers_are_freed_under_one_hold(void **state)
{
	struct workbench *bench = done_run("page-fault", "magazine", "pages=40", 1, 41);

	(void)state;
	assert_int_equal(count(bench, OP_PAGE_ALLOC), 42);
	assert_int_equal(count(bench, OP_PAGE_FREE), 42);
	assert_int_equal(taken(bench, "zone.mag[0].lock"), 47);
	assert_int_equal(taken(bench, "zone.mag[1].lock"), 0);
	assert_int_equal(taken(bench, "zone.lock"), 2);
	/* pagevec full at the 14th and the 28th fault, emptied before the unmap; each group */
	assert_int_equal(taken(bench, "zone.lru_lock"), 2 + 1 + 3);
	bench_free(bench);
}

/* Each page cached first, outside of faults; then 20 copies and a table, and 21 + 1 go. The whole
 * operations: 20 pages of the file, 20 faults, the unmap. Of a shared mapping: a table alone. */
static void files_are_copied_or_shared(void **state)
{
	struct workbench *bench =
		done_run("page-fault", "pcp", "mapping=private-file pages=20", 1, 41);

	(void)state;
	assert_int_equal(count(bench, OP_FAULT), 20);
	assert_int_equal(count(bench, OP_PAGE_ALLOC), 20 + 22);
	assert_int_equal(count(bench, OP_PAGE_FREE), 22);
	bench_free(bench);
	bench = done_run("page-fault", "pcp", "mapping=shared-file pages=20", 1, 41);
	assert_int_equal(count(bench, OP_FAULT), 20);
	assert_int_equal(count(bench, OP_PAGE_ALLOC), 20 + 1);
	assert_int_equal(count(bench, OP_PAGE_FREE), 1);
	bench_free(bench);
}

/* A store to each line of the new page: 64 each, tables too. */
static void pages_are_zeroed_as_the_setting_says(void **state)
{
	uint64_t stores[3];
	static const char *const settings[] = {
		"pages=5 zero=off", "pages=5 zero=cost", "pages=5 zero=lines"
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct workbench *bench = done_run("page-fault", "pcp", settings[i], 1, 6);

		stores[i] = bench->result->total.stores;
		bench_free(bench);
	}
	assert_int_equal(stores[1], stores[0]);
	assert_int_equal(stores[2], stores[0] + 6 * 64);
}

/* mmap_sem: two LOCK operations a fault, of threads alone. */
static void threads_share_a_word(void **state)
{
	uint64_t found[2] = { 0, 0 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct workbench *bench =
			done_run("pft", "pcp", i ? "pages=10 clients=threads" : "pages=10", 2, 0);

		for (size_t k = 0; k < bench->result->fields; k++)
			if (!strcmp(bench->result->field[k].layout, "mm_struct"))
				found[i] += bench->result->field[k].rmws;
		bench_free(bench);
	}
	assert_int_equal(found[0], 0);
	assert_int_equal(found[1], 2 * 10);
}

/* What an allocator keeps for a process goes back with its last thread: not by each of them, at once or
 * while others go on. */
static void a_process_of_threads_is_over_once(void **state)
{
	static const struct { const char *workload, *settings; uint64_t operations; } rows[] = {
		{ "pft", "pages=200 clients=threads", 0 },
		{ "page-fault", "pages=40 tasks=threads", 800 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned seed = 1; seed <= 20; seed++) {
			struct workbench *bench = bench_new("magazine", rows[i].settings, 4,
							    rows[i].operations);

			bench->pages_settings = "process_magazines=1";
			bench->seed = seed;
			workbench_run(bench, workload_find(rows[i].workload));
			expect_done(bench);
			bench_free(bench);
		}
	}
}

/* 10 pages for 3 clients are 4, 3 and 3: 10 faults and 3 tables in the window. Before it the same,
 * and 3 unmaps. */
static void clients_share_the_mapping(void **state)
{
	struct workbench *bench = done_run("pft", "buddy", "pages=10 warm_rounds=2", 3, 0);

	(void)state;
	assert_int_equal(bench->warmup, 2 * (10 + 3));
	assert_int_equal(bench->operations, 10);
	assert_int_equal(count(bench, OP_FAULT), 10);
	assert_int_equal(count(bench, OP_PAGE_ALLOC), 13);
	assert_int_equal(count(bench, OP_PAGE_FREE), 0);
	bench_free(bench);
}

static void more_clients_than_pages_are_refused(void **state)
{
	struct workbench *bench = bench_new("pcp", "pages=2", 3, 0);

	(void)state;
	workbench_run(bench, workload_find("pft"));
	assert_null(bench->result);
	assert_string_equal(bench->why, "3 clients cannot share 2 pages");
	bench_free(bench);
}

/* ---- storms -------------------------------------------------------------------------------------- */

struct order_of_ends {
	char text[64];
	unsigned long long faults_before_unmap;
	unsigned faults;
	enum op last[BENCH_CPUS];
};

/* Nobody unmaps before both have faulted all: 2 x 6 faults. */
static void note_order(void *to, const struct access *a)
{
	struct order_of_ends *order = to;

	if (a->op == OP_UNMAP && !order->faults_before_unmap)
		order->faults_before_unmap = order->faults;
	if (a->op == OP_FAULT && order->last[a->cpu] != OP_FAULT)
		order->faults++;
	order->last[a->cpu] = a->op;
}

static void processes_exit_at_once(void **state)
{
	struct order_of_ends order = { .faults = 0 };
	struct workbench *bench = bench_new("buddy", "exiting=2 pages=6 beside=3", 3, 60);

	(void)state;
	bench->observer = note_order;
	bench->to = &order;
	workbench_run(bench, workload_find("exit-storm"));
	expect_done(bench);
	/* the third CPU's processes come and go meanwhile */
	assert_true(count(bench, OP_UNMAP) > 3);
	bench_free(bench);

	order = (struct order_of_ends){ .faults = 0 };
	bench = bench_new("buddy", "pages=6", 2, 14);
	bench->observer = note_order;
	bench->to = &order;
	workbench_run(bench, workload_find("exit-storm"));
	expect_done(bench);
	assert_int_equal(count(bench, OP_FAULT), 12);
	assert_int_equal(count(bench, OP_UNMAP), 2);
	/* each fault has accesses before, inside and after its allocation: at least one stretch each */
	assert_true(order.faults_before_unmap >= 12);
	bench_free(bench);
}

/* With magazines of processes: a process's comes into the chain with its first page and leaves it when it
 * exits, once in each of two rounds of 20 faults and an unmap. The second exit comes after the window, which
 * ends with the unmap before it: 3 takings of the chain's lock in it. */
static void magazines_of_processes_end_with_them(void **state)
{
	struct workbench *bench = bench_new("magazine", "pages=20", 1, 42);
	struct workbench *again = bench_new("magazine", "pages=20", 1, 42);

	(void)state;
	bench->pages_settings = "process_magazines=1";
	workbench_run(bench, workload_find("exit-storm"));
	expect_done(bench);
	assert_int_equal(count(bench, OP_UNMAP), 2);
	assert_int_equal(taken(bench, "magazine_chain.lock"), 3);
	/* a process that only unmaps goes on, and keeps it until the end */
	again->pages_settings = "process_magazines=1";
	workbench_run(again, workload_find("page-fault"));
	expect_done(again);
	assert_int_equal(count(again, OP_UNMAP), 2);
	assert_int_equal(taken(again, "magazine_chain.lock"), 1);
	bench_free(bench);
	bench_free(again);
}

/* Drains are no operations: 400 are those of the others. */
static void drains_are_counted_apart(void **state)
{
	struct workbench *bench = done_run("drain-storm", "pcp", "every=2000 work_cycles=100", 3, 400);

	(void)state;
	assert_int_equal(bench->result->operations, 400);
	assert_int_equal(count(bench, OP_PAGE_ALLOC) + count(bench, OP_PAGE_FREE), 400);
	assert_true(count(bench, OP_DRAIN) > 2);
	assert_true(bench->result->total.ipis > 0);
	bench_free(bench);
	bench = done_run("drain-storm", "pcp", "drainers=0 work_cycles=100", 3, 400);
	assert_int_equal(count(bench, OP_DRAIN), 0);
	assert_int_equal(bench->result->total.ipis, 0);
	bench_free(bench);
	bench = done_run("drain-storm", "buddy", "every=2000", 2, 200);
	assert_int_equal(count(bench, OP_DRAIN), 0);
	assert_non_null(strstr(bench->remarks, "nothing to drain"));
	bench_free(bench);
}

static void somebody_must_work(void **state)
{
	struct workbench *bench = bench_new("pcp", "drainers=2", 2, 10);

	(void)state;
	workbench_run(bench, workload_find("drain-storm"));
	assert_null(bench->result);
	assert_string_equal(bench->why, "2 of 2 CPUs drain: nobody is left to work");
	bench_free(bench);
	bench = bench_new("pcp", "purgers=3", 3, 10);
	workbench_run(bench, workload_find("purge"));
	assert_null(bench->result);
	assert_string_equal(bench->why, "3 of 3 CPUs purge: nobody is left to allocate");
	bench_free(bench);
}

static void check_only_purgers_free(void *to, const struct access *a)
{
	unsigned *wrong = to;

	*wrong += (a->op == OP_PAGE_FREE && a->cpu < 3) || (a->op == OP_PAGE_ALLOC && a->cpu >= 3);
}

/* Chunks of 20 are groups of 14 and 6 of 20 pieces. */
static void a_few_give_back_what_others_allocate(void **state)
{
	struct workbench *bench = bench_new("pcp", "purgers=2 chunk=20 in_flight=2", 5, 500);
	unsigned wrong = 0;

	(void)state;
	bench->observer = check_only_purgers_free;
	bench->to = &wrong;
	workbench_run(bench, workload_find("purge"));
	expect_done(bench);
	assert_int_equal(wrong, 0);
	assert_int_equal(count(bench, OP_PAGE_FREE) % 20 % 14, 0);
	assert_in_range(bench->result->operations, 500, 513);
	bench_free(bench);
}

/* pcp has no lists of blocks: each that is handed over takes zone->lock at either end, with no warm-up
 * and all of them in the window but those on their way. */
static void blocks_are_handed_over_too(void **state)
{
	struct workbench *bench = bench_new("pcp", "purgers=1 chunk=4 in_flight=1 order=2", 2, 400);
	uint64_t blocks;

	(void)state;
	workbench_run(bench, workload_find("purge"));
	expect_done(bench);
	blocks = count(bench, OP_PAGE_ALLOC) + count(bench, OP_PAGE_FREE);
	assert_in_range(blocks, 400, 401);
	assert_in_range(taken(bench, "zone.lock"), blocks - 1, blocks + 1);
	bench_free(bench);
}

/* ---- kernbench ----------------------------------------------------------------------------------- */

/*
 * 2 CPUs with 2 processes each, half of which exit on the other. Each allocates 1 stack, 4 kernel
 * pages, 1 slab, 30 pages, 1 table, 3 for the page cache and 1 that gathers 31 pointers: 41; and
 * frees, in the window, all but the 3. Operations: 30 faults, an unmap, 3, and twice 1 + 4 + 1.
 */
static void processes_come_and_go(void **state)
{
	struct workbench *bench = done_run("kernbench", "pcp",
					   "processes=2 faults=30 cached=3 kernel_pages=4 slabs=1 "
					   "migrate_percent=50 user_cycles=3000",
					   2, 0);

	(void)state;
	assert_int_equal(bench->operations, 4 * (30 + 1 + 3 + 12));
	assert_int_equal(bench->result->operations, bench->operations);
	assert_int_equal(count(bench, OP_FAULT), 4 * 30);
	assert_int_equal(count(bench, OP_UNMAP), 4);
	assert_int_equal(count(bench, OP_PAGE_ALLOC), 4 * 41);
	assert_int_equal(count(bench, OP_PAGE_FREE), 4 * 38);
	bench_free(bench);
}

/* ---- slab-refill --------------------------------------------------------------------------------- */

/* 1024-byte objects, 4 to a slab of one page: 10 slabs' worth are 40 objects and, at first, 10 pages. */
static void objects_are_asked_for_by_the_slab(void **state)
{
	struct workbench *bench = calloc(1, sizeof *bench);

	(void)state;
	bench->objects = "slub-page";
	bench->settings = "slabs=10 object_size=1024";
	bench->cpus = 1;
	bench->operations = 80;
	workbench_run(bench, workload_find("slab-refill"));
	expect_done(bench);
	assert_int_equal(count(bench, OP_ALLOC), 40);
	assert_int_equal(count(bench, OP_FREE), 40);
	assert_int_equal(count(bench, OP_PAGE_ALLOC), 10);
	bench_free(bench);
}

/* ---- with every shortcut of the engine on and off -------------------------------------------------- */

static const struct real {
	const char *workload, *settings;
	unsigned cpus;
	uint64_t operations;
} reals[] = {
	{ "pagealloc", "batch=300 rounds=2 warm_rounds=1 concurrent=true work_cycles=20", 3, 0 },
	{ "pft", "pages=200 clients=threads", 3, 0 },
	{ "page-fault", "pages=100 mapping=private-file", 3, 600 },
	{ "exit-storm", "pages=100 exiting=2", 3, 900 },
	{ "kernbench", "processes=2 faults=60 user_cycles=20000 migrate_percent=40", 3, 0 },
	{ "drain-storm", "every=5000", 3, 900 },
	{ "purge", "", 4, 900 },
};

static void expect_same_bytes(const struct real *real, const char *pages)
{
	char *first = NULL;

	for (int off = 0; off < 4; off++) {
		struct workbench *bench = bench_new(pages, real->settings, real->cpus,
						    real->operations);

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
				 real->settings, pages, off);
		if (off)
			free(text);
		bench_free(bench);
	}
	free(first);
}

static void no_shortcut_shows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(reals); i++) {
		print_message("%s\n", reals[i].workload);
		expect_same_bytes(&reals[i], "buddy");
		expect_same_bytes(&reals[i], "pcp");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_pass_the_zone_as_often_as_the_sheet_has_it),
		cmocka_unit_test(the_first_round_refills_from_nothing),
		cmocka_unit_test(every_block_takes_the_lock_where_nothing_is_kept),
		cmocka_unit_test(the_array_of_pointers_is_a_line_for_eight),
		cmocka_unit_test(tables_and_gathering_pages_are_counted),
		cmocka_unit_test(a_task_gives_back_in_groups_what_it_touched),
		cmocka_unit_test(groups_of_pointers_are_freed_under_one_hold),
		cmocka_unit_test(files_are_copied_or_shared),
		cmocka_unit_test(pages_are_zeroed_as_the_setting_says),
		cmocka_unit_test(threads_share_a_word),
		cmocka_unit_test(a_process_of_threads_is_over_once),
		cmocka_unit_test(clients_share_the_mapping),
		cmocka_unit_test(more_clients_than_pages_are_refused),
		cmocka_unit_test(processes_exit_at_once),
		cmocka_unit_test(magazines_of_processes_end_with_them),
		cmocka_unit_test(drains_are_counted_apart),
		cmocka_unit_test(somebody_must_work),
		cmocka_unit_test(a_few_give_back_what_others_allocate),
		cmocka_unit_test(blocks_are_handed_over_too),
		cmocka_unit_test(processes_come_and_go),
		cmocka_unit_test(objects_are_asked_for_by_the_slab),
		cmocka_unit_test(no_shortcut_shows),
	};

	return cmocka_run_group_tests_name("page workloads", tests, NULL, NULL);
}
