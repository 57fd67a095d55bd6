/*
 * pcp-spin (6.12, 7.1): the sheets' test vectors, the accesses of paths in their order, offsets,
 * draining by others, and the invariants. Numbers such as 4.2 are the older sheet's; 2026: the newer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/pages/zone_6.h"
#include "tests/pages_fixture.h"
#include "tests/steps_6.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* As the settings lie in memory. */
struct settings {
	int variant, zone_layout;
	uint64_t batch, high_min, drain_chunk;
	bool auto_tune;
};

enum { V6_12 = 1, V7_1 };

static struct fixture *spin_new(const struct settings *set, unsigned cpus, uint64_t mib)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .pages = "pcp-spin", .page_settings = set, .cpus = cpus,
		.mib = mib, .view = &page_view_6_12 });

	assert_int_equal(f->page_model->settings_size, sizeof *set);
	return f;
}

static struct pcp_lists *lists(const struct fixture *f, unsigned cpu)
{
	return per_cpu(f->sim, *pages_zone(f, 0)->pcp_lists, cpu);
}

static void run(struct fixture *f, unsigned cpus, thread_function *thread, void *argument)
{
	for (unsigned id = 0; id < cpus; id++)
		thread_start(f->sim, id, thread, argument);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
}

struct locks {
	struct fixture *f;
	unsigned zone;
};

static void count_locks(void *to, const struct access *a)
{
	struct locks *locks = to;

	locks->zone += a->locked && a->address == (const void *)pages_zone(locks->f, 0)->lock;
}

/* ---- 11.4; 2026: 8.1 ------------------------------------------------------------------------- */

enum { MANY = 32832 };

static const struct pass_row {
	int variant;
	bool auto_tune;
	unsigned refills[3], visits[3];         /* by pass: takings of zone->lock by allocs, frees */
} pass_rows[] = {
	{ V6_12, true,  { 21, 0, 0 },   { 0, 0, 0 } },
	{ V7_1,  true,  { 21, 0, 0 },   { 0, 0, 0 } },
	{ V6_12, false, { 76, 76, 0 },  { 74, 75, 73 } },
	{ V7_1,  false, { 76, 76, 0 },  { 589, 589, 582 } },
};

static void passes(struct cpu *cpu, void *argument)
{
	static struct page *page[MANY];
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	const struct pass_row *row = &pass_rows[f->left];

	for (unsigned pass = 0; pass < 3; pass++) {
		unsigned before = locks->zone;

		for (unsigned i = 0; i < MANY; i++)
			page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
		if (row->refills[pass] || row->auto_tune)
			assert_int_equal(locks->zone - before, row->refills[pass]);
		before = locks->zone;
		for (unsigned i = 0; i < MANY; i++)
			pages_give(cpu, f, page[i], 0);
		assert_int_equal(locks->zone - before, row->visits[pass]);
	}
	if (row->auto_tune)
		assert_in_range(lists(f, 0)->high, 34700, 35050);
}

static void the_zone_lock_is_visited_as_often_as_in_the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pass_rows); i++) {
		struct settings set = { .variant = pass_rows[i].variant, .batch = 63,
					.high_min = 510, .auto_tune = pass_rows[i].auto_tune };
		struct fixture *f = spin_new(&set, 1, 256);
		struct locks locks = { f, 0 };

		f->left = i;
		pages_no_watermarks(f);
		if (set.auto_tune)
			lists(f, 0)->high_max = 51562;
		sim_observe(f->sim, count_locks, &locks);
		run(f, 1, passes, &locks);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- 2026: 8.2 and 8.4 ----------------------------------------------------------------------- */

static const struct burst_row {
	int variant;
	unsigned order, high, frees;
	bool auto_tune;
	unsigned visits;                /* of the last free; none before */
	int left;
} burst_rows[] = {
	/* free_count before the 9th free is 64 >= 63; 72 pages in one visit */
	{ V6_12, 3, 252, 9, true, 1, 0 },
	/* before the 25th 192 >= 63 + 126; 200 pages in 64 + 64 + 64 + 8 */
	{ V7_1, 3, 252, 25, true, 4, 0 },
	/* free_count 2048: 4 blocks of 8 go, or 33 pieces, each of them a block */
	{ V6_12, 9, 4080, 8, false, 1, 2048 },
	{ V7_1, 9, 4080, 8, false, 8, 0 },
};

static void bursts(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	const struct burst_row *row = &burst_rows[f->left];
	unsigned before;

	if (cpu_id(cpu) == 1) {
		for (unsigned i = 0; i < row->frees; i++)
			f->slot[i] = pages_take(cpu, f, row->order, GFP_MOVABLE);
		store(cpu, f->turn, 1);
		return;
	}
	pages_wait_for_turn(cpu, f, 1);
	before = locks->zone;
	for (unsigned i = 0; i + 1 < row->frees; i++)
		pages_give(cpu, f, f->slot[i], row->order);
	assert_int_equal(locks->zone, before);
	pages_give(cpu, f, f->slot[row->frees - 1], row->order);
	assert_int_equal(locks->zone - before, row->visits);
	assert_int_equal(lists(f, 0)->count, row->left);
}

static void bursts_of_blocks_are_drained_as_in_the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(burst_rows); i++) {
		struct settings set = { .variant = burst_rows[i].variant, .batch = 63,
					.high_min = burst_rows[i].high,
					.auto_tune = burst_rows[i].auto_tune };
		struct fixture *f = spin_new(&set, 2, 64);
		struct locks locks = { f, 0 };

		f->left = i;
		pages_no_watermarks(f);
		sim_observe(f->sim, count_locks, &locks);
		run(f, 2, bursts, &locks);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- accesses, step by step ------------------------------------------------------------------ */

#define OWN "R Z.per_cpu_pageset, R C.lock, A C.lock, "
#define ALLOC_HIT \
	WATERMARK OWN "R C.free_count, W C.free_count, R C.lists[1], R C.lists[1], " \
	UNLINK("1", "PG2.lru", "C.lists[1]") "M C.count, W C.lock, " TAKEN("1")

static const struct steps_row {
	const char *name;
	struct settings set;
	const char *script, *steps;
} steps_rows[] = {
	{ "alloc hit", { V6_12, 0, 4, 0, 0, true }, "0pa0 !0pb0", UNACCEPTED ALLOC_HIT },
	/* 2026: "none on one node" */
	{ "alloc hit", { V7_1, LAYOUT_BASE, 4, 0, 0, true }, "0pa0 !0pb0", ALLOC_HIT },
	/* 2026, 3: "the alloc path then also reads the list head" */
	{ "alloc hit", { V7_1, LAYOUT_UNACCEPTED, 4, 0, 0, true }, "0pa0 !0pb0",
	  UNACCEPTED ALLOC_HIT },
	{ "alloc hit", { V7_1, LAYOUT_CMA, 4, 0, 0, true }, "0pa0 !0pb0", UNACCEPTED ALLOC_HIT },
	/* high_min != high_max: flags twice */
	{ "free hit", { V6_12, 0, 4, 0, 0, true }, "0pa0 !0qa0",
	  FREED("0") OWN COMMIT("0", "C.lists[1]", "PG1.lru") HIGH "R C.count, R Z.flags, W C.lock, " },
	/* equal: once */
	{ "free hit", { V7_1, 0, 4, 0, 0, false }, "0pa0 !0qa0",
	  FREED("0") OWN COMMIT("0", "C.lists[1]", "PG1.lru") HIGH "W C.lock, " },
	/* pages 0, 1 and 2 are gone: o0[3] o2[4]; order 1 splits block 4 and keeps 6. The difference
	 * was -3, threshold 4: it folds. The list of order 1, MOVABLE, is number 4. */
	{ "alloc order 1, refill", { V6_12, 0, 1, 0, 0, true }, "0pa0 0pb0 !0pc1",
	  UNACCEPTED WATERMARK "R Z.free_area[1].nr_free, R Z.free_area[2].nr_free, "
	  "R Z.free_area[2].free_list[UNMOVABLE], R " FREE("2") ", " OWN
	  "R C.free_count, W C.free_count, R C.lists[4], "
	  "R C.high_min, R C.high_max, R C.batch, R C.high, R C.alloc_factor, W C.high, R Z.flags, "
	  "W C.high, A Z.lock, R " FREE("1") ", R " FREE("2") ", "
	  UNLINK("4", FREE("2"), FREE("2")) CLEAR_BUDDY("4") NR_FREE("2") MOD_FOLD
	  PUSH_HEAD("6", FREE("1"), FREE("1")) NR_FREE("1") SET_BUDDY("6")
	  "R C.lists[4], W C.lists[4], W PG4.lru, W PG4.lru, W C.lists[4], W Z.lock, "
	  "M C.count, R C.lists[4], " UNLINK("4", "C.lists[4]", "C.lists[4]")
	  "M C.count, W C.lock, " TAKEN("4") },
	/* high 2: pages 0, 1, 2 come one by one; the second free drains the first's page: bitmap,
	 * unlink, count, mod, merge (buddy 1, parent's buddy 2), head of the list before page 3 */
	{ "free and drain", { V6_12, 0, 1, 2, 0, false }, "0pa0 0pb0 0pc0 0qa0 !0qb0",
	  FREED("1") OWN COMMIT("1", "C.lists[1]", "PG0.lru") HIGH "R C.batch, R C.free_count, "
	  "R C.count, A Z.lock, R C.lists[1], R C.lists[1], " BITMAP
	  UNLINK("0", "C.lists[1]", "PG1.lru") "M C.count, " MOD
	  "R PG1._mapcount, " SET_BUDDY("0") "R PG2._mapcount, "
	  PUSH_HEAD("0", FREE("0"), "PG3.lru") NR_FREE("0") "W Z.lock, R Z.flags, W C.lock, " },
	/* no lists for order 4: straight to the zone */
	{ "free order 4", { V7_1, 0, 1, 0, 0, true }, "0pa4 0pb4 !0qb4", NULL },
};

static void each_path_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(steps_rows); i++) {
		const struct steps_row *row = &steps_rows[i];
		struct fixture *f = spin_new(&row->set, 2, 0);
		char text[8000];

		fixture_run(f, row->script);
		pages_record(f, text, sizeof text);
		if (row->steps && strcmp(text, row->steps))
			fail_msg("%s:\nis       %s\nexpected %s", row->name, text, row->steps);
		if (!row->steps) {      /* 0.4: every tail's struct is stored to; then the lock */
			assert_non_null(strstr(text, "R PG31.flags, W PG31.flags, "));
			assert_non_null(strstr(text, "A Z.lock, R Z.trylock_free_pages, " BITMAP MOD_FOLD));
			assert_null(strstr(text, "C.lock"));
		}
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- what a fallback looks at, 2026: 2.4 --------------------------------------------------------- */

#define HEAD(o) "R Z.free_area[" o "].free_list[MOVABLE], "
#define COUNTED(o) "R Z.free_area[" o "].nr_free, "
/* A movable page looks for reclaimable ones, then for unmovable ones. */
#define MEET(o) \
	COUNTED(o) "R Z.free_area[" o "].free_list[RECLAIMABLE], " \
	"R Z.free_area[" o "].free_list[UNMOVABLE], "
#define NO_MOVABLE \
	HEAD("0") HEAD("1") HEAD("2") HEAD("3") HEAD("4") HEAD("5") HEAD("6") HEAD("7") HEAD("8") \
	HEAD("9") HEAD("10")
#define NOTHING_TO_CLAIM \
	COUNTED("10") COUNTED("9") COUNTED("8") COUNTED("7") COUNTED("6") COUNTED("5") COUNTED("4")

/* The first page makes all unmovable, the next blocks leave o0[1] o1[2] o2[4] o3[8]. None of these is
 * claimed by a movable page: 6.12 looks on until it meets 8, 7.1 does not look; both then steal 1. */
static void a_movable_page_claims_no_small_block(void **state)
{
	static const struct { int variant; const char *steps; } rows[] = {
		{ V6_12, NO_MOVABLE NOTHING_TO_CLAIM MEET("3") MEET("0") "R PG1.lru, " },
		{ V7_1, NO_MOVABLE NOTHING_TO_CLAIM MEET("0") "R PG1.lru, " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct settings set = { rows[i].variant, 0, 1, 0, 0, true };
		struct fixture *f = spin_new(&set, 1, 0);
		char text[8000];

		pages_no_watermarks(f);
		fixture_run(f, "0ka0 0kb9 0kc8 0kd7 0ke6 0kf5 0kg4 !0ph0");
		pages_record(f, text, sizeof text);
		if (!strstr(text, rows[i].steps))
			fail_msg("is       %s\nexpected %s", text, rows[i].steps);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- a held lock ------------------------------------------------------------------------------ */

static void while_held(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	struct page *page = pages_take(cpu, f, 0, GFP_MOVABLE);
	int count = lists(f, 0)->count;

	lists(f, 0)->lock.locked = 1;           /* as if another CPU drained */
	locks->zone = 0;
	pages_give(cpu, f, page, 0);
	assert_int_equal(locks->zone, 1);
	page = pages_take(cpu, f, 0, GFP_MOVABLE);
	assert_int_equal(locks->zone, 2);
	assert_int_equal(lists(f, 0)->count, count);
	lists(f, 0)->lock.locked = 0;
	pages_give(cpu, f, page, 0);
	assert_int_equal(locks->zone, 2);
}

static void while_the_lists_are_held_the_zone_serves(void **state)
{
	struct settings set = { V7_1, 0, 4, 0, 0, true };
	struct fixture *f = spin_new(&set, 1, 0);
	struct locks locks = { f, 0 };

	(void)state;
	sim_observe(f->sim, count_locks, &locks);
	run(f, 1, while_held, &locks);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- draining by others, 4.4 ------------------------------------------------------------------- */

static void keeps_some(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	unsigned id = cpu_id(cpu);
	struct page *page;

	pages_wait_for_turn(cpu, f, id);
	page = pages_take(cpu, f, id, GFP_MOVABLE);
	pages_give(cpu, f, page, id);
	store(cpu, f->turn, id + 1);
	pages_wait_for_turn(cpu, f, 4);
	if (id == 3)
		f->page_model->drain_all(cpu, f->page_state);
}

static void a_drain_of_all_takes_the_locks_of_others(void **state)
{
	(void)state;
	for (int variant = V6_12; variant <= V7_1; variant++) {
		struct settings set = { variant, 0, 4, 0, 0, true };
		struct fixture *f = spin_new(&set, 4, 16);
		struct result *result;

		run(f, 4, keeps_some, f);
		for (unsigned id = 0; id < 4; id++)
			assert_int_equal(lists(f, id)->count, 0);
		assert_int_equal(f->page_model->free_pages(f->page_state), f->memory->pages);
		result = sim_result(f->sim);
		assert_int_equal(result->total.ipis, 0);
		result_free(result);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* What a drain of all does to the mutex, the mask, pointers, counts and locks. C3/1: CPU 3, node 1. */
#define LOOK(id, node) "R Z" node ".lists, R C" id "/" node ".count, "
#define MARK "M mask, "
#define ASK "R mask, "
/* One round for the page that is there: its count is what is taken. */
#define EMPTY(id, node) \
	"R Z" node ".lists, A C" id "/" node ".lock, R C" id "/" node ".count, " \
	"R C" id "/" node ".count, A Z" node ".lock, M C" id "/" node ".count, " \
	"W Z" node ".lock, W C" id "/" node ".lock, "
#define FIND_NONE(id, node) \
	"R Z" node ".lists, A C" id "/" node ".lock, R C" id "/" node ".count, " \
	"W C" id "/" node ".lock, "

/* CPUs 0 and 3 have a page each, of their own nodes: 0 and the last. All counts are read before the
 * first lock is taken; a CPU's until one is not 0. Who is in the mask is locked in every zone. */
static const struct drain_row {
	unsigned nodes;
	const char *steps;
} drain_rows[] = {
	{ 1, "A mutex, " LOOK("0", "0") MARK LOOK("1", "0") MARK LOOK("2", "0") MARK
	     LOOK("3", "0") MARK
	     ASK EMPTY("0", "0") ASK ASK ASK EMPTY("3", "0") "W mutex, " },
	{ 2, "A mutex, " LOOK("0", "0") MARK LOOK("1", "0") LOOK("1", "1") MARK
	     LOOK("2", "0") LOOK("2", "1") MARK LOOK("3", "0") LOOK("3", "1") MARK
	     ASK EMPTY("0", "0") FIND_NONE("0", "1") ASK ASK
	     ASK FIND_NONE("3", "0") EMPTY("3", "1") "W mutex, " },
};

struct drain_record {
	struct fixture *f;
	char text[2000];
	size_t at;
};

/* Its name in drain_rows; false: it has none. */
static bool name_in_drain(const struct fixture *f, const void *address, char *name, size_t size)
{
	for (unsigned node = 0; node < f->memory->nodes; node++) {
		const struct zone *zone = pages_zone(f, node);

		if (address == (const void *)zone->pcp_lists)
			return snprintf(name, size, "Z%u.lists", node);
		if (address == (const void *)zone->lock)
			return snprintf(name, size, "Z%u.lock", node);
		for (unsigned id = 0; id < 4; id++) {
			const struct pcp_lists *pcp = per_cpu(f->sim, *zone->pcp_lists, id);

			if (address == (const void *)&pcp->lock)
				return snprintf(name, size, "C%u/%u.lock", id, node);
			if (address == (const void *)&pcp->count)
				return snprintf(name, size, "C%u/%u.count", id, node);
		}
	}
	sim_describe(f->sim, address, name, size);
	if (strncmp(name, "pcpu_drain_mutex", 16) == 0)
		return snprintf(name, size, "mutex");
	return strncmp(name, "cpus_with_pcps", 14) == 0 && snprintf(name, size, "mask");
}

static void note_drain(void *to, const struct access *a)
{
	struct drain_record *record = to;
	char how = a->locked ? 'A' : !a->write ? 'R' : a->read ? 'M' : 'W', name[100];

	if (a->op == OP_DRAIN && name_in_drain(record->f, a->address, name, sizeof name))
		record->at += (size_t)snprintf(record->text + record->at,
					       sizeof record->text - record->at, "%c %s, ", how,
					       name);
}

static void keeps_one(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	unsigned id = cpu_id(cpu);

	if (id == 0) {
		pages_give(cpu, f, pages_take(cpu, f, 0, GFP_MOVABLE), 0);
		store(cpu, f->turn, 1);
	} else if (id == 3) {
		pages_wait_for_turn(cpu, f, 1);
		pages_give(cpu, f, pages_take(cpu, f, 0, GFP_MOVABLE), 0);
		f->page_model->drain_all(cpu, f->page_state);
	}
}

static void a_drain_of_all_reads_every_count_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(drain_rows); i++) {
		const struct drain_row *row = &drain_rows[i / 2];
		/* batch 1: a refill is a page */
		struct settings set = { i % 2 ? V7_1 : V6_12, 0, 1, 0, 0, true };
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp-spin", .page_settings = &set, .cpus = 4,
			.mib = 16, .nodes = row->nodes, .placement = PLACEMENT_SCATTER,
			.view = &page_view_6_12 });
		struct drain_record record = { f, "", 0 };

		assert_int_equal(node_of_cpu(f->sim, 0), 0);
		assert_int_equal(node_of_cpu(f->sim, 3), row->nodes - 1);
		sim_observe(f->sim, note_drain, &record);
		run(f, 4, keeps_one, f);
		assert_string_equal(record.text, row->steps);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- a second, 4.5 ------------------------------------------------------------------------------ */

/* high 80, high_min 16, batch 4: high = max(100 - 128, 80 - 10, 16) = 70; the excess of 30 pages goes
 * in 4 + 4 + ... + 2: 8 holds of the zone. */
static void decays(struct cpu *cpu, void *argument)
{
	static struct page *page[100];
	struct locks *locks = argument;
	struct fixture *f = locks->f;

	lists(f, 0)->high_max = 200;
	for (unsigned i = 0; i < 100; i++)
		page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
	lists(f, 0)->high = 200;
	for (unsigned i = 0; lists(f, 0)->count < 100; i++)
		pages_give(cpu, f, page[i], 0);
	lists(f, 0)->high = 80;
	locks->zone = 0;
	f->page_model->tick(cpu, f->page_state);
	assert_int_equal(lists(f, 0)->high, 70);
	assert_int_equal(lists(f, 0)->count, 70);
	assert_int_equal(locks->zone, 8);
}

static void a_second_takes_what_is_not_used(void **state)
{
	struct settings set = { V7_1, 0, 4, 16, 0, true };
	struct fixture *f = spin_new(&set, 1, 16);
	struct locks locks = { f, 0 };

	(void)state;
	sim_observe(f->sim, count_locks, &locks);
	run(f, 1, decays, &locks);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- constants, offsets --------------------------------------------------------------------------- */

/* 4.1: 63 for zones of 688 MiB or more; pow2_floor(b + b/2) - 1 with b = managed/4096. */
static void batch_comes_from_the_size_of_the_zone(void **state)
{
	static const struct { uint64_t mib; int batch; } rows[] = {
		{ 64, 3 }, { 256, 15 }, { 512, 31 }, { 684, 31 }, { 688, 63 }, { 2048, 63 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct settings set = { .variant = V7_1, .auto_tune = true };
		struct fixture *f = spin_new(&set, 2, rows[i].mib);

		assert_int_equal(lists(f, 0)->batch, rows[i].batch);
		assert_true(lists(f, 0)->high_min >= 4 * rows[i].batch);
		assert_int_equal(lists(f, 1)->high_max,
				 rows[i].mib * 256 / 16 > 4 * (uint64_t)rows[i].batch
					 ? rows[i].mib * 256 / 16
					 : 4 * (uint64_t)rows[i].batch);
		fixture_free(f);
	}
}

/* Lines of flags, lock and count of free pages, by layout (2026: 3). The list of unaccepted pages
 * follows free_area: 256 + 11 * 88 = 1224, Z19; 256 + 11 * 104 = 1400, Z21. 0: there is none. */
static void flags_and_lock_lie_where_the_layout_has_them(void **state)
{
	static const struct { int variant, layout; unsigned unaccepted, flags, lock, stat; } rows[] = {
		{ V6_12, LAYOUT_BASE, 1224, 1240, 1248, 1344 },
		{ V7_1, LAYOUT_BASE, 0, 1224, 1232, 1344 },
		{ V7_1, LAYOUT_UNACCEPTED, 1224, 1272, 1280, 1408 },
		{ V7_1, LAYOUT_CMA, 1400, 1448, 1456, 1536 },
		/* of no kernel: 1224 is in the line that begins at 1216, the next is 1280 */
		{ V7_1, LAYOUT_FLAGS_APART, 0, 1280, 1224, 1408 },
		{ V7_1, LAYOUT_LOCK_APART, 0, 1224, 1280, 1408 },
		/* areas of 128 bytes: they end at 256 + 11 * 128 = 1664, a line's begin */
		{ V7_1, LAYOUT_AREAS_APART, 0, 1664, 1672, 1792 },
		{ V7_1, LAYOUT_BOTH_APART, 0, 1664, 1728, 1856 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct settings set = { .variant = rows[i].variant, .zone_layout = rows[i].layout };
		struct fixture *f = spin_new(&set, 1, 0);
		const struct zone *zone = pages_zone(f, 0);
		const char *start = (const char *)zone->watermark;
		bool apart = rows[i].layout >= LAYOUT_AREAS_APART;
		unsigned area = rows[i].layout == LAYOUT_CMA ? 104 : apart ? 128 : 88;

		if (rows[i].unaccepted)
			assert_int_equal((const char *)zone->unaccepted_pages - start,
					 rows[i].unaccepted);
		else
			assert_null(zone->unaccepted_pages);
		assert_int_equal((const char *)zone->flags - start, rows[i].flags);
		assert_int_equal((const char *)zone->lock - start, rows[i].lock);
		assert_int_equal((const char *)zone->vm_stat - start, rows[i].stat);
		assert_int_equal((const char *)free_list(zone, 3, MOVABLE) - start, 272 + 3 * area);
		assert_int_equal((const char *)nr_free(zone, 3) - start,
				 apart ? 256 + 3 * 128 + 80 : 256 + 4 * area - 8);
		fixture_free(f);
	}
}

/* ---- check() finds damage ---------------------------------------------------------------------------- */

static void damage_count(struct fixture *f)
{
	lists(f, 0)->count++;
}

static void damage_lock(struct fixture *f)
{
	lists(f, 1)->lock.locked = 1;
}

static void damage_list(struct fixture *f)
{
	lists(f, 0)->lists[1].prev = lists(f, 0)->lists[1].next;
}

static void damage_high(struct fixture *f)
{
	lists(f, 0)->high = 1;
}

static void damage_free_count(struct fixture *f)
{
	pages_zone(f, 0)->vm_stat[0]++;
}

static void check_finds_each_damage(void **state)
{
	static const struct {
		void (*damage)(struct fixture *f);
		const char *reason;
	} damages[] = {
		{ damage_count, "CPU 0 counts 4 pages, its lists have 3" },
		{ damage_lock, "the lock of the lists of CPU 1 is held" },
		{ damage_list, "a list of CPU 0 is broken" },
		{ damage_high, "CPU 0 may keep 1 pages, not between" },
		{ damage_free_count, "NR_FREE_PAGES 1021, the lists have 1020" },
	};
	struct settings set = { V7_1, 0, 4, 0, 0, true };

	(void)state;
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct fixture *f = spin_new(&set, 2, 0);

		fixture_run(f, "0pa0");
		fixture_expect_sound(f);
		damages[i].damage(f);
		fixture_expect_unsound(f, damages[i].reason);
		fixture_free(f);
	}
}

/* ---- random traffic ------------------------------------------------------------------------------------ */

enum { HELD = 60 };

static void random_thread(struct cpu *cpu, void *argument)
{
	static const unsigned gfps[] = {
		GFP_KERNEL, GFP_MOVABLE, GFP_RECLAIMABLE | GFP_ATOMIC, GFP_KERNEL | GFP_COMP,
	};
	static const unsigned orders[] = { 0, 0, 0, 0, 1, 2, 3, 4, 6 };
	struct fixture *f = argument;
	struct { struct page *page; unsigned order; } held[HELD] = { { NULL, 0 } };

	for (unsigned i = 0; i < 800; i++) {
		unsigned k = (unsigned)random_below(cpu, HELD);

		if (random_below(cpu, 100) == 0)
			f->page_model->tick(cpu, f->page_state);
		if (random_below(cpu, 200) == 0)
			f->page_model->drain_all(cpu, f->page_state);
		if (held[k].page && !held[k].order && random_below(cpu, 2)) {
			pages_give_group(cpu, f, &held[k].page, 1);
			held[k].page = NULL;
			continue;
		}
		if (held[k].page) {
			pages_give(cpu, f, held[k].page, held[k].order);
			held[k].page = NULL;
			continue;
		}
		held[k].order = orders[random_below(cpu, COUNT(orders))];
		held[k].page = pages_take(cpu, f, held[k].order,
					  gfps[random_below(cpu, COUNT(gfps))]);
	}
	for (unsigned k = 0; k < HELD; k++)
		if (held[k].page)
			pages_give(cpu, f, held[k].page, held[k].order);
}

static void timer(struct cpu *cpu, void *argument)
{
	struct page *page = pages_take(cpu, argument, 0, GFP_ATOMIC);

	if (page)
		pages_give(cpu, argument, page, 0);
}

/* Eight pages on the list, of which five are too many; the lock is held while a second is over. */
static void holds_its_lock(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page[8];
	struct pcp_lists *mine = lists(f, 0);

	for (unsigned i = 0; i < 8; i++)
		page[i] = pages_take(cpu, f, 0, GFP_KERNEL);
	for (unsigned i = 0; i < 8; i++)
		pages_give(cpu, f, page[i], 0);
	mine->high = 3;
	if (!spin_trylock(cpu, &mine->lock, LOCK_QUEUED))
		BUG(cpu, "somebody has the lock");
	compute_cycles(cpu, 400000);
	spin_unlock(cpu, &mine->lock, LOCK_QUEUED);
	compute_cycles(cpu, 400000);
}

static void second_is_over(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	f->page_model->tick(cpu, f->page_state);
}

/* The worker that does it in the kernel cannot run meanwhile: a handler that waited for the lock would
 * wait for ever. The next second finds it free and takes what is too much. */
static void a_second_does_not_wait_for_its_own_cpu(void **state)
{
	for (unsigned seconds = 1; seconds <= 2; seconds++) {
		struct settings set = { .variant = V7_1, .batch = 3, .high_min = 3 };
		struct fixture *f = spin_new(&set, 1, 16);

		(void)state;
		for (unsigned i = 0; i < seconds; i++)
			timer_add(f->sim, 0, 200000 + 400000 * i, 0, second_is_over, f);
		thread_start(f->sim, 0, holds_its_lock, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		if (seconds == 1)
			assert_true(lists(f, 0)->count > 3);
		else
			assert_int_equal(lists(f, 0)->count, 3);
		fixture_free(f);
	}
}

static void random_traffic_keeps_the_invariants(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		bool of_a_kernel = i < 6;
		struct settings set = { .variant = i % 2 || !of_a_kernel ? V7_1 : V6_12,
					.zone_layout = of_a_kernel ? i / 2 : LAYOUT_FLAGS_APART + i - 6,
					.batch = i < 4 ? 3 : 0, .high_min = i < 4 ? 12 : 0,
					.auto_tune = i != 2 };
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp-spin", .page_settings = &set, .cpus = 4,
			.mib = 16, .nodes = 1 + i / 3 % 2, .placement = PLACEMENT_SCATTER,
			.view = &page_view_6_12, .preempt = i == 5 });

		for (unsigned id = 0; id < 4; id++) {
			thread_start(f->sim, id, random_thread, f);
			timer_add(f->sim, id, 5000 + 97 * id, 50000, timer, f);
		}
		if (sim_run(f->sim) != OUTCOME_DONE)
			fail_msg("%s", sim_result(f->sim)->message);
		assert_int_equal(f->page_model->free_pages(f->page_state), f->memory->pages);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zone_lock_is_visited_as_often_as_in_the_vectors),
		cmocka_unit_test(bursts_of_blocks_are_drained_as_in_the_vectors),
		cmocka_unit_test(each_path_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(a_movable_page_claims_no_small_block),
		cmocka_unit_test(while_the_lists_are_held_the_zone_serves),
		cmocka_unit_test(a_drain_of_all_takes_the_locks_of_others),
		cmocka_unit_test(a_drain_of_all_reads_every_count_first),
		cmocka_unit_test(a_second_takes_what_is_not_used),
		cmocka_unit_test(batch_comes_from_the_size_of_the_zone),
		cmocka_unit_test(flags_and_lock_lie_where_the_layout_has_them),
		cmocka_unit_test(check_finds_each_damage),
		cmocka_unit_test(a_second_does_not_wait_for_its_own_cpu),
		cmocka_unit_test(random_traffic_keeps_the_invariants),
	};

	return cmocka_run_group_tests_name("pcp-spin", tests, NULL, NULL);
}
