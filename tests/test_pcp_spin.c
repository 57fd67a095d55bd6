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

#include "models/pages/pcp_spin.h"
#include "tests/pages_fixture.h"
#include "tests/steps_6.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { V6_12 = 1, V7_1 };
#define AMOUNTS(layout, batch, high_min, auto_tune) \
	{ layout, batch, high_min, 0, auto_tune, FREE_HIGH_ALL }

static struct fixture *spin_new(const struct pcp_spin_settings *set, unsigned cpus, uint64_t mib)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .pages = "pcp-spin", .page_settings = set, .cpus = cpus,
		.mib = mib, .view = &page_view_6_12 });

	assert_int_equal(f->page_model->settings_size, sizeof *set);
	return f;
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
		struct pcp_spin_settings set = { .variant = pass_rows[i].variant, .shared.batch = 63,
					.shared.high_min = 510, .shared.auto_tune = pass_rows[i].auto_tune };
		struct fixture *f = spin_new(&set, 1, 256);
		struct locks locks = { f, 0 };

		f->left = i;
		pages_no_watermarks(f);
		if (set.shared.auto_tune)
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
	/* further frees: visits of all of them, blocks' pages left; flag: is FREE_HIGH_BATCH set? */
	bool flag;
	unsigned more, more_visits;
} burst_rows[] = {
	/* free_count before the 9th free is 64 >= 63; 72 pages in one visit */
	{ V6_12, 3, 252, 9, true, 1, 0, false, 0, 0 },
	/* before the 25th 192 >= 63 + 126; 200 pages in 64 + 64 + 64 + 8 */
	{ V7_1, 3, 252, 25, true, 4, 0, false, 0, 0 },
	/* free_count 2048: 4 blocks of 8 go, or 33 pieces, each of them a block */
	{ V6_12, 9, 4080, 8, false, 1, 2048, false, 0, 0 },
	{ V7_1, 9, 4080, 8, false, 8, 0, false, 0, 0 },
	/* The flush leaves free_count at 72, in 7.1 at 200: enough for every further block. Without the
	 * flag each goes at once, 8 visits for 8 blocks; with it they go when they are a batch, the 8
	 * of 64 pages in one visit, of 7.1 too: its piece of 63 pages takes all 8. */
	{ V6_12, 3, 252, 9, true, 1, 0, false, 8, 8 },
	{ V6_12, 3, 252, 9, true, 1, 0, true, 8, 1 },
	{ V7_1, 3, 252, 25, true, 4, 0, false, 8, 8 },
	{ V7_1, 3, 252, 25, true, 4, 0, true, 8, 1 },
	/* 7 blocks are 56 pages, no batch */
	{ V6_12, 3, 252, 9, true, 1, 0, true, 7, 0 },
};

static void bursts(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	const struct burst_row *row = &burst_rows[f->left];
	unsigned before;

	if (cpu_id(cpu) == 1) {
		for (unsigned i = 0; i < row->frees + row->more; i++)
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
	before = locks->zone;
	for (unsigned i = row->frees; i < row->frees + row->more; i++)
		pages_give(cpu, f, f->slot[i], row->order);
	assert_int_equal(locks->zone - before, row->more_visits);
	assert_int_equal(lists(f, 0)->count, row->more_visits ? 0 : row->left + (int)(row->more << row->order));
}

static void bursts_of_blocks_are_drained_as_in_the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(burst_rows); i++) {
		struct pcp_spin_settings set = { .variant = burst_rows[i].variant, .shared.batch = 63,
					.shared.high_min = burst_rows[i].high,
					.shared.auto_tune = burst_rows[i].auto_tune,
					.shared.free_high_batch = burst_rows[i].flag ?
						FREE_HIGH_ALL : FREE_HIGH_NONE };
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
#define HIT(list) \
	WATERMARK OWN "R C.free_count, W C.free_count, R " list ", R " list ", " \
	UNLINK("1", "PG2.lru", list) "M C.count, W C.lock, "
#define ALLOC_HIT HIT("C.lists[1]") TAKEN("1")

static const struct steps_row {
	const char *name;
	struct pcp_spin_settings set;
	const char *script, *steps;
} steps_rows[] = {
	{ "alloc hit", { AMOUNTS(0, 4, 0, true), V6_12 }, "0pa0 !0pb0", UNACCEPTED ALLOC_HIT },
	/* 2026: "none on one node" */
	{ "alloc hit", { AMOUNTS(LAYOUT_BASE, 4, 0, true), V7_1 }, "0pa0 !0pb0", ALLOC_HIT },
	/* 2026, 3: "the alloc path then also reads the list head" */
	{ "alloc hit", { AMOUNTS(LAYOUT_UNACCEPTED, 4, 0, true), V7_1 }, "0pa0 !0pb0",
	  UNACCEPTED ALLOC_HIT },
	{ "alloc hit", { AMOUNTS(LAYOUT_CMA, 4, 0, true), V7_1 }, "0pa0 !0pb0", UNACCEPTED ALLOC_HIT },
	/* high_min != high_max: flags twice */
	{ "free hit", { AMOUNTS(0, 4, 0, true), V6_12 }, "0pa0 !0qa0",
	  FREED("0") OWN COMMIT("0", "C.lists[1]", "PG1.lru") HIGH "R C.count, R Z.flags, W C.lock, " },
	/* equal: once */
	{ "free hit", { AMOUNTS(0, 4, 0, false), V7_1 }, "0pa0 !0qa0",
	  FREED("0") OWN COMMIT("0", "C.lists[1]", "PG1.lru") HIGH "W C.lock, " },
	/* 2026: 2.5, of an unmovable page: no W _refcount, no A _refcount, and nothing else differs */
	{ "alloc hit, frozen", { AMOUNTS(LAYOUT_BASE, 4, 0, true), V7_1 }, "0za0 !0zb0",
	  HIT("C.lists[0]") TAKEN_FROZEN("1") },
	{ "free hit, frozen", { AMOUNTS(0, 4, 0, false), V7_1 }, "0za0 !0ya0",
	  FREED_FROZEN("0") OWN COMMIT("0", "C.lists[0]", "PG1.lru") HIGH "W C.lock, " },
	/* pages 0, 1 and 2 are gone: o0[3] o2[4]; order 1 splits block 4 and keeps 6. The difference
	 * was -3, threshold 4: it folds. The list of order 1, MOVABLE, is number 4. */
	{ "alloc order 1, refill", { AMOUNTS(0, 1, 0, true), V6_12 }, "0pa0 0pb0 !0pc1",
	  UNACCEPTED WATERMARK "R Z.free_area[1].nr_free, R Z.free_area[2].nr_free, "
	  "R Z.free_area[2].free_list[UNMOVABLE], R " FREE("2") ", " OWN
	  "R C.free_count, W C.free_count, R C.lists[4], "
	  "R C.high_min, R C.high_max, R C.batch, R C.high, W C.high, R Z.flags, "
	  "W C.high, A Z.lock, R " FREE("1") ", R " FREE("2") ", "
	  UNLINK("4", FREE("2"), FREE("2")) CLEAR_BUDDY("4") NR_FREE("2") MOD_FOLD
	  PUSH_HEAD("6", FREE("1"), FREE("1")) NR_FREE("1") SET_BUDDY("6")
	  "R C.lists[4], W C.lists[4], W PG4.lru, W PG4.lru, W C.lists[4], W Z.lock, "
	  "M C.count, R C.lists[4], " UNLINK("4", "C.lists[4]", "C.lists[4]")
	  "M C.count, W C.lock, " TAKEN("4") },
	/* high 2: pages 0, 1, 2 come one by one; the second free drains the first's page: bitmap,
	 * unlink, count, mod, merge (buddy 1, parent's buddy 2), head of the list before page 3 */
	{ "free and drain", { AMOUNTS(0, 1, 2, false), V6_12 }, "0pa0 0pb0 0pc0 0qa0 !0qb0",
	  FREED("1") OWN COMMIT("1", "C.lists[1]", "PG0.lru") HIGH "R C.batch, R C.free_count, "
	  "R C.count, A Z.lock, R C.lists[1], R C.lists[1], " BITMAP
	  UNLINK("0", "C.lists[1]", "PG1.lru") "M C.count, " MOD
	  "R PG1._mapcount, " SET_BUDDY("0") "R PG2._mapcount, "
	  PUSH_HEAD("0", FREE("0"), "PG3.lru") NR_FREE("0") "W Z.lock, R Z.flags, W C.lock, " },
	/* no lists for order 4: straight to the zone */
	{ "free order 4", { AMOUNTS(0, 1, 0, true), V7_1 }, "0pa4 0pb4 !0qb4", NULL },
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

/* 2026: 8.3. A operations of a free of two pages before the lock of the lists: none for a slab's, which are
 * frozen, and one for others. */
static void a_slab_of_two_pages_goes_without_a_locked_operation(void **state)
{
	static const struct { const char *script, *first; } rows[] = {
		{ "0za1 !0ya1", "A C.lock, " }, { "0ka1 !0qa1", "A PG0._refcount, " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pcp_spin_settings set = { AMOUNTS(0, 4, 0, true), V7_1 };
		struct fixture *f = spin_new(&set, 1, 0);
		char text[8000];

		fixture_run(f, rows[i].script);
		pages_record(f, text, sizeof text);
		assert_ptr_equal(strstr(text, "A "), strstr(text, rows[i].first));
		assert_non_null(strstr(text, "A C.lock, "));
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* Before any lock: 4.3, prep of a block, each struct read and written, the tail's first; 2026: 2.7, the
 * head's private as well, unconditionally. Of a single page neither is (free hit, above). */
static void of_a_block_all_structs_are_stored_to(void **state)
{
	static const struct { int variant; const char *first; } rows[] = {
		{ V6_12, "A PG0._refcount, R PG0.flags, R PG1.flags, W PG1.flags, R PG0.mapping"
			 ", W PG0.flags, " BITMAP },
		{ V7_1, "A PG0._refcount, R PG0.flags, R PG1.flags, W PG1.flags, R PG0.mapping"
			", W PG0.flags, W PG0.private, " BITMAP },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pcp_spin_settings set = { AMOUNTS(0, 4, 0, true), rows[i].variant };
		struct fixture *f = spin_new(&set, 1, 0);
		char text[8000];

		fixture_run(f, "0pa1 !0qa1");
		pages_record(f, text, sizeof text);
		if (strncmp(text, rows[i].first, strlen(rows[i].first)))
			fail_msg("is       %s\nexpected %s", text, rows[i].first);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- below the LOW mark, 2026: 2.8 --------------------------------------------------------------- */

/* Only MIN lets it through. The list of order 1 is empty. 6.12 refills it: 4 >> 1 = 2 blocks, of which
 * one, 2 pages, stays. 7.1 takes one block from the zone; order 0 it refills, 4 pages less one. */
static void takes_atomic(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	bool modern = pages_zone(f, 0)->all->kernel >= KERNEL_7_1;

	pages_zone(f, 0)->watermark[WATERMARK_LOW] = 2000;
	pages_zone(f, 0)->watermark[WATERMARK_HIGH] = 3000;
	f->slot[0] = pages_take(cpu, f, 1, GFP_ATOMIC);
	assert_int_equal(locks->zone, 1);
	assert_int_equal(lists(f, 0)->count, modern ? 0 : 2);
	/* nr_pcp_alloc ran: high is not 0 any more */
	assert_int_equal(lists(f, 0)->high, 16);
	f->slot[1] = pages_take(cpu, f, 0, GFP_ATOMIC);
	assert_int_equal(locks->zone, 2);
	assert_int_equal(lists(f, 0)->count, modern ? 3 : 2 + 3);
	/* who may wait comes through as well, and refills: 2 blocks, one stays */
	f->slot[2] = pages_take(cpu, f, 1, GFP_KERNEL);
	assert_int_equal(lists(f, 0)->count, modern ? 3 + 2 : 2 + 3 - 2);
}

static void who_may_not_wait_refills_no_list_of_blocks(void **state)
{
	(void)state;
	for (int variant = V6_12; variant <= V7_1; variant++) {
		struct pcp_spin_settings set = { AMOUNTS(0, 4, 16, true), variant };
		struct fixture *f = spin_new(&set, 1, 4);
		struct locks locks = { f, 0 };

		sim_observe(f->sim, count_locks, &locks);
		run(f, 1, takes_atomic, &locks);
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
		struct pcp_spin_settings set = { AMOUNTS(0, 1, 0, true), rows[i].variant };
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

/* Text that a test puts together: what a path's accesses should be. */
struct text {
	char at[40000];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	text->length += (size_t)vsnprintf(text->at + text->length, sizeof text->at - text->length,
					  format, values);
	va_end(values);
	assert_true(text->length < sizeof text->at);
}

#define HEAD_OF "Z.free_area[%u].free_list[%s]"

/* 1.3, smallest: heads of orders 0 to k. */
static void say_looks(struct text *text, unsigned k, const char *type)
{
	for (unsigned o = 0; o <= k; o++)
		say(text, "R " HEAD_OF ", ", o, type);
}

/* Orders `from` down to, or up to, k, of which k alone has blocks, and these are MOVABLE. */
static void say_finds(struct text *text, unsigned from, unsigned k)
{
	for (unsigned o = from; o != k; o += from < k ? 1 : -1)
		say(text, "R Z.free_area[%u].nr_free, ", o);
	say(text, "R Z.free_area[%u].nr_free, R " HEAD_OF ", R " HEAD_OF ", ", k, k, "RECLAIMABLE", k,
	    "MOVABLE");
}

/* The only block of the list, off it. */
static void say_off(struct text *text, unsigned pfn, unsigned k, const char *type)
{
	say(text, "R PG%u.lru, R PG%u.lru, W " HEAD_OF ", W " HEAD_OF ", W PG%u.lru, W PG%u.lru, ", pfn,
	    pfn, k, type, k, type, pfn, pfn);
	say(text, "W PG%u._mapcount, W PG%u.private, ", pfn, pfn);
	say(text, "R Z.free_area[%u].nr_free, W Z.free_area[%u].nr_free, ", k, k);
}

static void say_count(struct text *text, const char *item, bool folds)
{
	say(text, "R Z.per_cpu_zonestats, R S.vm_stat_diff[%s], R S.stat_threshold, ", item);
	if (folds)
		say(text, "A Z.vm_stat[%s], A vm_stat.item[%s], ", item, item);
	say(text, "W S.vm_stat_diff[%s], ", item);
}

/* 1.3, expand: the upper halves of a block of order k, each onto an empty list. */
static void say_halves(struct text *text, unsigned pfn, unsigned k, const char *type, bool blocks)
{
	while (k-- > 0) {
		unsigned half = pfn + (1u << k);

		say(text, "R " HEAD_OF ", W " HEAD_OF ", W PG%u.lru, W PG%u.lru, W " HEAD_OF ", ", k,
		    type, k, type, half, half, k, type);
		say(text, "R Z.free_area[%u].nr_free, W Z.free_area[%u].nr_free, ", k, k);
		if (blocks && k == 9)
			say_count(text, "NR_FREE_PAGES_BLOCKS", true);
		say(text, "W PG%u.private, W PG%u._mapcount, ", half, half);
	}
}

/* The pageblock 512..1023, whose free block of order k begins at pfn and ends at 1023. */
static void say_scan(struct text *text, unsigned pfn)
{
	for (unsigned i = 512; i <= pfn; i++)
		say(text, "R PG%u._mapcount, ", i);
	say(text, "R PG%u.private, ", pfn);
}

static void say_pageblock(struct text *text, bool set)
{
	say(text, BITMAP);
	if (set)
		say(text, "A mem_section_usage, ");
}

/* Onto the own list: the first page, and one behind it. */
static void say_listed(struct text *text, unsigned pfn, bool first, unsigned before)
{
	say(text, "R C.lists[0], W C.lists[0], W PG%u.lru, W PG%u.lru, ", pfn, pfn);
	if (first)
		say(text, "W C.lists[0], ");
	else
		say(text, "W PG%u.lru, ", before);
}

/* Whole: PG0 of order 10. Both of its pageblocks change their type before it is cut; the pages leave
 * the count with the whole block and all but one come back. 7.1 counts 1024 less and 512 more apart. */
static void say_claim_of_all(struct text *text, int variant)
{
	say_looks(text, 10, "UNMOVABLE");
	say_finds(text, 10, 10);
	if (variant == V6_12)
		say_pageblock(text, false);
	say_off(text, 0, 10, "MOVABLE");
	if (variant == V7_1)
		say_count(text, "NR_FREE_PAGES_BLOCKS", true);
	say_count(text, "NR_FREE_PAGES", true);
	say_pageblock(text, true);
	say_pageblock(text, true);
	say_halves(text, 0, 10, "UNMOVABLE", variant == V7_1);
	say_count(text, "NR_FREE_PAGES", true);
	say_listed(text, 0, true, 0);
}

/* PG768 of order 8, half of its pageblock: looked at without a store; then it goes to the end of its
 * new list and its pages leave the count and come back; then the pageblock changes its type; then the
 * lists are looked through anew, and 1 page is taken: after -256 and +256 that folds no more. */
static void say_claim_of_half(struct text *text, int variant)
{
	say_looks(text, 10, "UNMOVABLE");
	say_finds(text, 10, 8);
	if (variant == V6_12)
		say_pageblock(text, false);
	say_scan(text, 768);
	say_scan(text, 768);
	say(text, "R PG768.lru, R PG768.lru, W " HEAD_OF ", W " HEAD_OF ", ", 8, "MOVABLE", 8, "MOVABLE");
	say(text, "R " HEAD_OF ", W " HEAD_OF ", W PG768.lru, W PG768.lru, W " HEAD_OF ", ", 8,
	    "UNMOVABLE", 8, "UNMOVABLE", 8, "UNMOVABLE");
	say_count(text, "NR_FREE_PAGES", true);
	say_count(text, "NR_FREE_PAGES", true);
	say_pageblock(text, true);
	say_looks(text, 8, "UNMOVABLE");
	say_off(text, 768, 8, "UNMOVABLE");
	say_count(text, "NR_FREE_PAGES", false);
	say_halves(text, 768, 8, "UNMOVABLE", false);
	say_listed(text, 768, true, 0);
}

/* PG896 of order 7, a quarter of its pageblock: too little to claim, so nothing is retyped, and the
 * halves stay MOVABLE. The second page of the refill is looked for there at once. */
static void say_steals(struct text *text, int variant)
{
	say_looks(text, 10, "UNMOVABLE");
	say_finds(text, 10, 7);
	if (variant == V6_12)
		say_pageblock(text, false);
	say_scan(text, 896);
	for (unsigned o = 7; o-- > 0;)
		say(text, "R Z.free_area[%u].nr_free, ", o);
	say_finds(text, 0, 7);
	say_off(text, 896, 7, "MOVABLE");
	say_count(text, "NR_FREE_PAGES", false);
	say_halves(text, 896, 7, "MOVABLE", false);
	say_listed(text, 896, true, 0);
	say_finds(text, 0, 0);
	say_off(text, 897, 0, "MOVABLE");
	say_count(text, "NR_FREE_PAGES", false);
	say_listed(text, 897, false, 896);
}

/* 1.3 and 2026: 2.4, between the zone's lock and its unlock. An unmovable page of 1024 that are all
 * movable: all are free; 768..1023; 896..1023. */
static void pageblocks_are_claimed_or_stolen_from(void **state)
{
	static const struct {
		const char *script;
		unsigned batch;
		void (*steps)(struct text *text, int variant);
	} rows[] = {
		{ "!0ka0", 1, say_claim_of_all },
		{ "0pb9 0pc8 !0ka0", 1, say_claim_of_half },
		{ "0pb8 0pc8 0pd8 0pe7 !0ka0", 2, say_steals },
	};
	struct text *expected = calloc(1, sizeof *expected);
	char *text = calloc(1, sizeof expected->at);

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		int variant = i % 2 ? V7_1 : V6_12;
		struct pcp_spin_settings set = { AMOUNTS(0, rows[i / 2].batch, 0, true), variant };
		struct fixture *f = spin_new(&set, 1, 0);
		char *from, *until;

		pages_no_watermarks(f);
		fixture_run(f, rows[i / 2].script);
		pages_record(f, text, sizeof expected->at);
		from = strstr(text, "A Z.lock, ");
		until = strstr(text, "W Z.lock, ");
		assert_true(from && until);
		*until = '\0';
		expected->length = 0;
		say(expected, "A Z.lock, ");
		rows[i / 2].steps(expected, variant);
		if (strcmp(from, expected->at))
			fail_msg("row %zu:\nis       %s\nexpected %s", i, from, expected->at);
		fixture_expect_sound(f);
		fixture_free(f);
	}
	free(expected);
	free(text);
}

/* ---- kswapd, 2026: 2.8 ----------------------------------------------------------------------- */

#define KSWAPD "R Z.zone_pgdat, R pglist_data.kswapd_wait, "

/* Where there are several nodes 7.1 asks first whether the node's kswapd sleeps. */
static void each_node_is_asked_whether_its_kswapd_sleeps(void **state)
{
	static const struct { int variant; unsigned nodes; const char *steps; } rows[] = {
		{ V6_12, 2, UNACCEPTED WATERMARK },
		{ V7_1, 1, WATERMARK },
		{ V7_1, 2, KSWAPD WATERMARK },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pcp_spin_settings set = { AMOUNTS(0, 4, 0, true), rows[i].variant };
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp-spin", .page_settings = &set, .cpus = 2,
			.mib = 8, .nodes = rows[i].nodes, .view = &page_view_6_12 });
		char text[8000], *of_node;

		fixture_run(f, "0pa0 !0pb0");
		pages_record(f, text, sizeof text);
		while ((of_node = strstr(text, "zone of node 0.")))
			memmove(of_node + 1, of_node + 14, strlen(of_node + 14) + 1), *of_node = 'Z';
		while ((of_node = strstr(text, "pglist_data of node 0.")))
			memmove(of_node + 11, of_node + 21, strlen(of_node + 21) + 1);
		if (strncmp(text, rows[i].steps, strlen(rows[i].steps)))
			fail_msg("row %zu: is %s, expected %s", i, text, rows[i].steps);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

struct words {
	struct fixture *f;
	bool notes;
	struct text text;
};

static void note_words(void *to, const struct access *a)
{
	struct words *words = to;
	const struct zone *zone = pages_zone(words->f, 0);
	char how = a->locked ? 'A' : a->write ? 'W' : 'R';

	if (!words->notes)
		return;
	if (a->address == (const void *)zone->flags)
		say(&words->text, "%c flags, ", how);
	else if (a->address == (const void *)zone->zone_pgdat)
		say(&words->text, "%c zone_pgdat, ", how);
	else if (zone->pgdat && a->address == (const void *)&zone->pgdat->kswapd_failures)
		say(&words->text, "%c kswapd_failures, ", how);
}

/* A page goes back and the zone, which was short of pages, has enough. */
static void has_enough_again(struct cpu *cpu, void *argument)
{
	struct words *words = argument;
	struct fixture *f = words->f;
	struct page *page[3];

	for (unsigned i = 0; i < 3; i++)
		page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
	pages_give(cpu, f, page[0], 0);
	*pages_zone(f, 0)->flags |= 1u << ZONE_BELOW_HIGH;
	words->notes = true;
	pages_give(cpu, f, page[1], 0);
	words->notes = false;
	assert_int_equal(*pages_zone(f, 0)->flags, 0);
	pages_give(cpu, f, page[2], 0);
}

/* 4.3: flags are read for the limit (once: it is fixed), then for BELOW_HIGH. 7.1 goes on to the node. */
static void a_zone_that_has_enough_again_looks_at_its_kswapd(void **state)
{
	static const char *const steps[] = {
		[V6_12] = "R flags, R flags, A flags, ",
		[V7_1] = "R flags, R flags, A flags, R zone_pgdat, R kswapd_failures, ",
	};

	(void)state;
	for (int variant = V6_12; variant <= V7_1; variant++) {
		/* high 2: the second free drains */
		struct pcp_spin_settings set = { AMOUNTS(0, 1, 2, false), variant };
		struct words *words = calloc(1, sizeof *words);

		words->f = spin_new(&set, 1, 4);
		pages_no_watermarks(words->f);
		sim_observe(words->f->sim, note_words, words);
		run(words->f, 1, has_enough_again, words);
		assert_string_equal(words->text.at, steps[variant]);
		fixture_expect_sound(words->f);
		fixture_free(words->f);
		free(words);
	}
}

/* ---- where a pageblock's type lies, 2026: 2.6 ------------------------------------------------ */

struct usage_words {
	const struct fixture *f;
	const char *first, *last;
};

static void note_usage(void *to, const struct access *a)
{
	struct usage_words *words = to;
	char where[100];

	sim_describe(words->f->sim, a->address, where, sizeof where);
	if (strncmp(where, "mem_section_usage", 17))
		return;
	words->last = a->address;
	if (!words->first)
		words->first = words->last;
}

static void asks_types(struct cpu *cpu, void *argument)
{
	static const struct { unsigned section, block, word_6_12, word_7_1; } rows[] = {
		/* 16 blocks of 4 bits to a word; 8 of 8 bits */
		{ 0, 0, 0, 0 }, { 0, 7, 0, 0 }, { 0, 8, 0, 1 }, { 0, 15, 0, 1 }, { 0, 16, 1, 2 },
		{ 0, 63, 3, 7 }, { 1, 0, 0, 0 }, { 1, 63, 3, 7 }, { 3, 40, 2, 5 },
	};
	struct usage_words *words = argument;
	struct zones *zones = pages_zone(words->f, 0)->all;
	bool old = zones->kernel == KERNEL_6_12;

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned stride = old ? 56 : 88, word = old ? rows[i].word_6_12 : rows[i].word_7_1;

		pageblock_type(cpu, zones, rows[i].section * 32768 + rows[i].block * 512);
		assert_int_equal(words->last - words->first, rows[i].section * stride + 8 * word);
	}
}

/* Sections of 64 pageblocks, 24 bytes of other things and the types; packed, so that few begin a line. */
static void types_of_pageblocks_lie_packed(void **state)
{
	(void)state;
	for (int variant = V6_12; variant <= V7_1; variant++) {
		struct pcp_spin_settings set = { AMOUNTS(0, 1, 0, true), variant };
		struct fixture *f = spin_new(&set, 1, 512);
		struct usage_words words = { f, NULL, NULL };

		sim_observe(f->sim, note_usage, &words);
		run(f, 1, asks_types, &words);
		assert_int_equal((uintptr_t)words.first % LINE, 24);
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
	struct pcp_spin_settings set = { AMOUNTS(0, 4, 0, true), V7_1 };
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
		struct pcp_spin_settings set = { AMOUNTS(0, 4, 0, true), variant };
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
		struct pcp_spin_settings set = { AMOUNTS(0, 1, 0, true), i % 2 ? V7_1 : V6_12 };
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
	struct pcp_spin_settings set = { AMOUNTS(0, 4, 16, true), V7_1 };
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
		struct pcp_spin_settings set = { .variant = V7_1, .shared.auto_tune = true };
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

/* 4.3: set where a CPU's share of the cache is more than 3 * batch pages. */
static void the_cache_says_whether_bursts_stay(void **state)
{
	static const struct { uint64_t kib, batch; int setting; bool flag; } rows[] = {
		{ 760, 63, FREE_HIGH_AUTO, true },      /* 190 > 189 */
		{ 756, 63, FREE_HIGH_AUTO, false },     /* 189 */
		{ 512, 63, FREE_HIGH_AUTO, false },     /* graviton2: 128 */
		{ 32, 63, FREE_HIGH_AUTO, false },      /* textbook: 8 */
		{ 32, 2, FREE_HIGH_AUTO, true },        /* 8 > 6 */
		{ 32, 3, FREE_HIGH_AUTO, false },       /* 8 < 9 */
		{ 32, 63, FREE_HIGH_ALL, true },
		{ 760, 63, FREE_HIGH_NONE, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pcp_spin_settings set = { .shared = { .batch = rows[i].batch,
			.free_high_batch = rows[i].setting }, .variant = V7_1 };
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp-spin", .page_settings = &set,
			.view = &page_view_6_12, .cache_kib = rows[i].kib });

		assert_int_equal(lists(f, 0)->flags, rows[i].flag ? FREE_HIGH_BATCH : 0);
		assert_int_equal(lists(f, 1)->flags, rows[i].flag ? FREE_HIGH_BATCH : 0);
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
		struct pcp_spin_settings set = { .variant = rows[i].variant, .shared.zone_layout = rows[i].layout };
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
	struct pcp_spin_settings set = { AMOUNTS(0, 4, 0, true), V7_1 };

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
		struct pcp_spin_settings set = { .variant = V7_1, .shared.batch = 3, .shared.high_min = 3 };
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
		struct pcp_spin_settings set = { .variant = i % 2 || !of_a_kernel ? V7_1 : V6_12,
					.shared.zone_layout = of_a_kernel ? i / 2 : LAYOUT_FLAGS_APART + i - 6,
					.shared.batch = i < 4 ? 3 : 0, .shared.high_min = i < 4 ? 12 : 0,
					.shared.auto_tune = i != 2 };
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

/* ---- a block that changes its type meanwhile -------------------------------------------------- */

struct claimer {
	struct fixture *f;
	int64_t *free_pages, all;
	unsigned visits, visit;         /* of zone->lock: so far; at which the pages count again */
	bool got;
};

static void count_again(void *to, const struct access *a)
{
	struct claimer *claimer = to;

	if (a->address == (const void *)pages_zone(claimer->f, 0)->lock && a->locked &&
	    ++claimer->visits == claimer->visit)
		*claimer->free_pages = claimer->all;
}

static void take_one(struct cpu *cpu, void *argument)
{
	struct claimer *claimer = argument;

	claimer->got = pages_take(cpu, claimer->f, 0, GFP_ATOMIC) != NULL;
}

/*
 * Another CPU has taken the only block off the counts, to change its type; it is done, and its lock is
 * free, when we that found nothing look at the lock. 1: there is memory, then. 0: it never comes back.
 */
static void a_block_that_changes_its_type_is_not_no_memory(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct pcp_spin_settings set = { .variant = i < 2 ? V6_12 : V7_1 };
		struct fixture *f = spin_new(&set, 1, 4);
		struct zone *zone = pages_zone(f, 0);
		struct claimer claimer = { .f = f, .visit = i % 2 };

		claimer.free_pages = (int64_t *)&zone->vm_stat[zone->all->rules->item[ITEM_FREE_PAGES]];
		claimer.all = *claimer.free_pages;
		assert_int_equal(claimer.all, 1024);
		*claimer.free_pages = 0;
		sim_observe(f->sim, count_again, &claimer);
		run(f, 1, take_one, &claimer);
		assert_int_equal(claimer.got, i % 2);
		/* once to find that there is nothing; else that, and the block itself: a refill */
		assert_int_equal(claimer.visits, claimer.got ? 2 : 1);
		fixture_free(f);
	}
}

/* A list that a fault has damaged leads to its own head as if that were a page struct: 4 MiB have 1024. */
static void what_is_no_page_struct_has_no_pages_beside_it(void **state)
{
	(void)state;
	struct pcp_spin_settings set = { .variant = V7_1 };
	struct fixture *f = spin_new(&set, 1, 4);

	assert_int_equal(page_to_pfn(f->memory, (struct page *)pages_zone(f, 0)), 1024);
	memory_used(f->memory, (struct page *)pages_zone(f, 0));
	assert_false(memory_is_used(f->memory, 0));
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zone_lock_is_visited_as_often_as_in_the_vectors),
		cmocka_unit_test(bursts_of_blocks_are_drained_as_in_the_vectors),
		cmocka_unit_test(each_path_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(of_a_block_all_structs_are_stored_to),
		cmocka_unit_test(a_slab_of_two_pages_goes_without_a_locked_operation),
		cmocka_unit_test(who_may_not_wait_refills_no_list_of_blocks),
		cmocka_unit_test(a_movable_page_claims_no_small_block),
		cmocka_unit_test(pageblocks_are_claimed_or_stolen_from),
		cmocka_unit_test(a_block_that_changes_its_type_is_not_no_memory),
		cmocka_unit_test(what_is_no_page_struct_has_no_pages_beside_it),
		cmocka_unit_test(each_node_is_asked_whether_its_kswapd_sleeps),
		cmocka_unit_test(a_zone_that_has_enough_again_looks_at_its_kswapd),
		cmocka_unit_test(types_of_pageblocks_lie_packed),
		cmocka_unit_test(while_the_lists_are_held_the_zone_serves),
		cmocka_unit_test(a_drain_of_all_takes_the_locks_of_others),
		cmocka_unit_test(a_drain_of_all_reads_every_count_first),
		cmocka_unit_test(a_second_takes_what_is_not_used),
		cmocka_unit_test(batch_comes_from_the_size_of_the_zone),
		cmocka_unit_test(the_cache_says_whether_bursts_stay),
		cmocka_unit_test(flags_and_lock_lie_where_the_layout_has_them),
		cmocka_unit_test(check_finds_each_damage),
		cmocka_unit_test(a_second_does_not_wait_for_its_own_cpu),
		cmocka_unit_test(random_traffic_keeps_the_invariants),
	};

	return cmocka_run_group_tests_name("pcp-spin", tests, NULL, NULL);
}
