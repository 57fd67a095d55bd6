/*
 * pcp-buddy, the sketch of a proposal (pagealloc-2026.md 6): who owns a page, the accesses of each path
 * in their order, claims, chunks, merging, the end of ownership, and the invariants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/pages/pcp_buddy.h"
#include "tests/pages_fixture.h"
#include "tests/steps_6.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

typedef void thread_of(struct cpu *cpu, void *argument);

static struct fixture *buddy_new(const struct pcp_buddy_settings *set, unsigned cpus, uint64_t mib)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .pages = "pcp-buddy", .page_settings = set, .cpus = cpus,
		.mib = mib, .view = &page_view_6_12 });

	assert_int_equal(f->page_model->settings_size, sizeof *set);
	return f;
}

static uint64_t owner_of(const struct fixture *f, uint64_t pfn)
{
	return *block_owner(pages_zone(f, 0), pfn);
}

static uint64_t pfn_of(const struct fixture *f, const struct page *page)
{
	return page_to_pfn(f->memory, page);
}

static void run(struct fixture *f, unsigned cpus, thread_of *thread, void *argument)
{
	for (unsigned id = 0; id < cpus; id++)
		thread_start(f->sim, id, thread, argument);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
}

/* LOCK operations on the zone's lock, and on those of the first CPUs' lists. */
struct locks {
	struct fixture *f;
	unsigned zone, lists[4];
};

static void count_locks(void *to, const struct access *a)
{
	struct locks *locks = to;

	if (!a->locked)
		return;
	locks->zone += a->address == (const void *)pages_zone(locks->f, 0)->lock;
	for (unsigned id = 0; id < 4 && id < sim_cpus(locks->f->sim); id++)
		locks->lists[id] += a->address == (const void *)&lists(locks->f, id)->lock;
}

static struct locks *observed(struct fixture *f, struct locks *locks)
{
	*locks = (struct locks){ .f = f };
	sim_observe(f->sim, count_locks, locks);
	return locks;
}

/* ---- accesses, step by step ------------------------------------------------------------------ */

/* Waited for: one LOCK operation where nobody has it. */
#define OWN "R Z.per_cpu_pageset, A C.lock, "
#define OWNER "R pageblock_data[0].cpu, "        /* all are pages of block 0 */
#define FREE_COUNT "R C.free_count, W C.free_count, "
#define MARK(p) SET_BUDDY(p)            /* the same words, another value */
#define UNMARK(p) "R PG" p "._mapcount, W PG" p "._mapcount, "
#define BLOCKS "S.vm_stat_diff[NR_FREE_PAGES_BLOCKS], "
/* 512 and 1024 are beyond every threshold */
#define MOD_BLOCKS \
	"R Z.per_cpu_zonestats, R " BLOCKS "R S.stat_threshold, " \
	"A Z.vm_stat[NR_FREE_PAGES_BLOCKS], A vm_stat.item[NR_FREE_PAGES_BLOCKS], W " BLOCKS
#define HEADS \
	"R C.lists[0], R C.lists[1], R C.lists[2], R C.lists[3], R C.lists[4], R C.lists[5], " \
	"R C.lists[6], R C.lists[7], R C.lists[8], R C.lists[9], "
/* A half of 2^o pages stays. */
#define HALF(p, o) MARK(p) PUSH_HEAD(p, "C.lists[" o "]", "C.lists[" o "]")
/* Off a list, on which `next` and `prev` are beside it, to the front of another. */
#define DETACH(p, next, prev) "R PG" p ".lru, R PG" p ".lru, W " next ", W " prev ", "

/* The zone is one block of 1024 pages. 4 * batch = 16, LOW / CPUs = 80 / 2 = 40: high_min 40, and
 * high_max = 1024 / 8 / 2 = 64. */
#define CLAIM \
	WATERMARK OWN FREE_COUNT HEADS \
	"R C.high_min, R C.high_max, R C.batch, R C.high, R C.alloc_factor, W C.high, R Z.flags, " \
	"W C.high, R C.count, W C.alloc_factor, " \
	/* under zone->lock: 512 of 1024 pages, then the owner */ \
	"A Z.lock, R " FREE("9") ", R " FREE("10") ", " \
	UNLINK("0", FREE("10"), FREE("10")) CLEAR_BUDDY("0") NR_FREE("10") MOD_BLOCKS MOD_FOLD \
	PUSH_HEAD("512", FREE("9"), FREE("9")) NR_FREE("9") MOD_BLOCKS SET_BUDDY("512") \
	"W pageblock_data[0].cpu, W Z.lock, " \
	/* the block comes to the own lists and is split there */ \
	MARK("0") PUSH_HEAD("0", "C.lists[9]", "C.lists[9]") "M C.count, " \
	HEADS UNLINK("0", "C.lists[9]", "C.lists[9]") UNMARK("0") \
	HALF("256", "8") HALF("128", "7") HALF("64", "6") HALF("32", "5") HALF("16", "4") \
	HALF("8", "3") HALF("4", "2") HALF("2", "1") HALF("1", "0") \
	"M C.count, W C.lock, " TAKEN("0")

/* Blocks of 4 pages; page 0 and its buddy 1, then 2 and 3, freed 0, 1, 2: the third is one too many,
 * and 2 pages go. They merge, 2 and 3 do not: 3 is in use. */
#define DRAIN \
	"R C.batch, R C.free_count, R C.count, " \
	/* ready, orders 0, 1, 2: made empty */ \
	"W L.of, W L.of, W L.of, W L.of, W L.of, W L.of, W L.of, W L.of, " \
	/* from the tail of the list, which was 2 1 0 */ \
	"R C.lists[0], R C.lists[0], " UNMARK("0") DETACH("0", "C.lists[0]", "PG1.lru") \
	PUSH_HEAD("0", "L.of", "L.of") "M C.count, " \
	"R C.lists[0], R C.lists[0], " UNMARK("1") DETACH("1", "C.lists[0]", "PG2.lru") \
	PUSH_HEAD("1", "L.of", "PG0.lru") "M C.count, " \
	/* order 0: 1 meets 0, which becomes the head of both */ \
	"R L.of, " DETACH("1", "PG0.lru", "L.of") "R PG0._mapcount, R PG0.private, " \
	DETACH("0", "L.of", "L.of") "W PG1._mapcount, W PG0.private, " \
	PUSH_HEAD("0", "L.of", "L.of") "R L.of, " \
	/* order 1: 2 is not drained; order 2: nothing */ \
	"R L.of, " DETACH("0", "L.of", "L.of") "R PG2._mapcount, W PG0._mapcount, " \
	PUSH_HEAD("0", "L.of", "L.of") "R L.of, R L.of, " \
	/* one block under zone->lock; the block that it would merge into has a free buddy: to the tail */ \
	"A Z.lock, R L.of, R PG0.private, " BITMAP UNLINK("0", "L.of", "L.of") MOD \
	"R PG2._mapcount, " SET_BUDDY("0") "R PG4._mapcount, R PG4.private, R PG0.flags, R PG4.flags, " \
	PUSH_HEAD("0", FREE("1"), FREE("1")) NR_FREE("1") "R L.of, W Z.lock, R Z.flags, "

static const struct steps_row {
	const char *name;
	struct pcp_buddy_settings set;
	const char *script, *steps;
} steps_rows[] = {
	{ "claim", { .block_order = 9, .shared.batch = 4, .shared.auto_tune = true }, "!0pa0", CLAIM },
	/* 1 is alone on its list */
	{ "alloc hit", { .block_order = 9, .shared.batch = 4, .shared.auto_tune = true }, "0pa0 !0pb0",
	  WATERMARK OWN FREE_COUNT "R C.lists[0], " UNLINK("1", "C.lists[0]", "C.lists[0]") UNMARK("1")
	  "M C.count, W C.lock, " TAKEN("1") },
	/* 2 and 3 are one piece: 3 stays */
	{ "alloc, split", { .block_order = 9, .shared.batch = 4, .shared.auto_tune = true }, "0pa0 0pb0 !0pc0",
	  WATERMARK OWN FREE_COUNT "R C.lists[0], R C.lists[1], "
	  UNLINK("2", "C.lists[1]", "C.lists[1]") UNMARK("2") HALF("3", "0")
	  "M C.count, W C.lock, " TAKEN("2") },
	{ "free hit", { .block_order = 9, .shared.batch = 4, .shared.high_min = 600 }, "0pa0 !0qa0",
	  FREED("0") OWNER OWN MARK("0") COMMIT("0", "C.lists[0]", "PG1.lru") HIGH "W C.lock, " },
	/* a slab's: no A _refcount; phase 3 took it from a movable block, so it has no owner and no mark */
	{ "free hit, frozen", { .block_order = 9, .shared.batch = 4, .shared.high_min = 600 }, "0za0 !0ya0",
	  FREED_FROZEN("0") OWNER OWN COMMIT("0", "C.lists[0]", "PG1.lru") HIGH "W C.lock, " },
	/* the same, and C is the other CPU's (below) */
	{ "remote free hit", { .block_order = 9, .shared.batch = 4, .shared.high_min = 600 }, "0pa0 !1qa0",
	  FREED("0") OWNER OWN MARK("0") COMMIT("0", "C.lists[0]", "PG1.lru") HIGH "W C.lock, " },
	/* tried for: the lock is looked at before */
	{ "free hit", { .block_order = 9, .shared.batch = 4, .shared.high_min = 600, .lock = LISTS_TRIED },
	  "0pa0 !0qa0",
	  FREED("0") OWNER "R Z.per_cpu_pageset, R C.lock, A C.lock, "
	  MARK("0") COMMIT("0", "C.lists[0]", "PG1.lru") HIGH "W C.lock, " },
	{ "free and drain", { .block_order = 2, .shared.batch = 1, .shared.high_min = 3 },
	  "0pa0 0pb0 0pc0 0pd0 0qa0 0qb0 !0qc0",
	  FREED("2") OWNER OWN MARK("2") COMMIT("2", "C.lists[0]", "PG1.lru") HIGH DRAIN
	  "W C.lock, " },
};

static void each_path_makes_the_accesses_of_its_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(steps_rows); i++) {
		const struct steps_row *row = &steps_rows[i];
		struct fixture *f = buddy_new(&row->set, 2, 0);
		char text[16000];

		fixture_run(f, row->script);
		pages_record(f, text, sizeof text);
		if (strcmp(text, row->steps))
			fail_msg("%s:\nis       %s\nexpected %s", row->name, text, row->steps);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/*
 * Of a claim, in lines: page structs 0 (the block), 512 (the half that the zone keeps), 256, 128 .. 1
 * (nine halves that the CPU keeps): 1 + 1 + 9 = 11 for 512 pages, where pcp-spin's refill writes one
 * for each page. One taking of zone->lock; two folds for each of -512 pages, -1024 and +512 in blocks.
 */
static void a_claim_touches_eleven_page_structs(void **state)
{
	struct pcp_buddy_settings set = { .block_order = 9, .shared.batch = 4, .shared.auto_tune = true };
	struct fixture *f = buddy_new(&set, 2, 0);
	unsigned structs = 0, locked = 0, pfn;

	(void)state;
	fixture_run(f, "!0pa0");
	for (unsigned i = 0; i < f->count; i++) {
		pfn = (unsigned)pfn_of(f, f->touched[i].address);
		structs += pfn < f->memory->pages;
		locked += f->touched[i].locks;
	}
	assert_int_equal(structs, 11);
	/* lists, zone, 3 * 2 */
	assert_int_equal(locked, 1 + 1 + 6);
	fixture_free(f);
}

/* ---- who owns a page ------------------------------------------------------------------------- */

/* The lists of orders 0 .. 9 follow the counts: eight lines, three lists an order. */
static void the_lists_lie_in_eight_lines(void **state)
{
	struct pcp_buddy_settings set = { .block_order = 9 };
	struct fixture *f = buddy_new(&set, 2, 0);
	char *first = (char *)lists(f, 0);

	(void)state;
	assert_int_equal((char *)&lists(f, 0)->lists[0] - first, 32);
	assert_int_equal((char *)&lists(f, 0)->lists[PCP_TYPES * 9] - first, 32 + 9 * 48);
	assert_int_equal((char *)&lists(f, 0)->lists[OWNED_LISTS] - first, 512);
	assert_int_equal((uintptr_t)first % LINE, 0);
	assert_int_equal((uintptr_t)pages_zone(f, 0)->block_owner % LINE, 0);
	fixture_free(f);
}

/* As in pcp-spin: a CPU has 8 pages of cache; three batches are 6 pages, or 9. */
static void the_cache_says_whether_bursts_stay(void **state)
{
	static const struct { uint64_t batch; int setting; bool flag; } rows[] = {
		{ 2, FREE_HIGH_AUTO, true }, { 3, FREE_HIGH_AUTO, false },
		{ 3, FREE_HIGH_ALL, true }, { 2, FREE_HIGH_NONE, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pcp_buddy_settings set = { .shared = { .batch = rows[i].batch,
			.free_high_batch = rows[i].setting }, .block_order = 9 };
		struct fixture *f = buddy_new(&set, 2, 0);

		assert_int_equal(lists(f, 1)->flags, rows[i].flag ? FREE_HIGH_BATCH : 0);
		fixture_free(f);
	}
}

static void frees_what_others_took(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	struct page *group[FOLIO_BATCH];
	unsigned id = cpu_id(cpu);

	pages_wait_for_turn(cpu, f, id);
	if (id < 2) {
		for (unsigned i = 0; i < 40; i++)
			f->slot[40 * id + i] = pages_take(cpu, f, 0, GFP_MOVABLE);
		store(cpu, f->turn, id + 1);
		return;
	}
	memset(locks->lists, 0, sizeof locks->lists);
	locks->zone = 0;
	/* one by one: a lock each */
	for (unsigned i = 0; i < 3; i++)
		pages_give(cpu, f, f->slot[i], 0);
	assert_int_equal(locks->lists[0], 3);
	/* 31 of one CPU: one lock */
	for (unsigned i = 0; i < FOLIO_BATCH; i++)
		group[i] = f->slot[3 + i];
	pages_give_group(cpu, f, group, FOLIO_BATCH);
	assert_int_equal(locks->lists[0], 3 + 1);
	/* 3, 3 and 2 of CPUs 0, 1 and 0: three locks */
	for (unsigned i = 0; i < 8; i++)
		group[i] = i < 3 ? f->slot[34 + i] : i < 6 ? f->slot[40 + i] : f->slot[31 + i];
	pages_give_group(cpu, f, group, 8);
	assert_int_equal(locks->lists[0], 4 + 2);
	assert_int_equal(locks->lists[1], 1);
	assert_int_equal(locks->lists[2], 0);
	assert_int_equal(locks->zone, 0);
	/* 512 - 40 + 3 + 31 + 5; 512 - 40 + 3 */
	assert_int_equal(lists(f, 0)->count, 511);
	assert_int_equal(lists(f, 1)->count, 475);
	assert_int_equal(lists(f, 2)->count, 0);
	/* what it frees it does not get: its own allocation claims a block */
	f->slot[0] = pages_take(cpu, f, 0, GFP_MOVABLE);
	assert_int_equal(locks->zone, 1);
	assert_int_equal(owner_of(f, pfn_of(f, f->slot[0])), 2 + 1);
}

static void a_page_goes_to_the_cpu_that_owns_its_block(void **state)
{
	struct pcp_buddy_settings set = { .block_order = 9, .shared.batch = 63, .shared.high_min = 2000 };
	struct fixture *f = buddy_new(&set, 3, 16);
	struct locks locks;

	(void)state;
	pages_no_watermarks(f);
	run(f, 3, frees_what_others_took, observed(f, &locks));
	assert_int_equal(owner_of(f, 0), 0 + 1);
	assert_int_equal(owner_of(f, 512), 1 + 1);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* 2.8, as in pcp-spin: below the LOW mark an order 1 block that may not be waited for comes from the
 * zone, and no block is claimed for it; for a single page one is. */
static void takes_atomic(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;

	pages_zone(f, 0)->watermark[WATERMARK_LOW] = 2000;
	pages_zone(f, 0)->watermark[WATERMARK_HIGH] = 3000;
	f->slot[0] = pages_take(cpu, f, 1, GFP_ATOMIC | GFP_MOVABLE);
	assert_int_equal(locks->zone, 1);
	assert_int_equal(lists(f, 0)->count, 0);
	assert_int_equal(owner_of(f, pfn_of(f, f->slot[0])), 0);
	assert_int_equal(lists(f, 0)->high, 16);
	f->slot[1] = pages_take(cpu, f, 0, GFP_ATOMIC | GFP_MOVABLE);
	assert_int_equal(locks->zone, 2);
	assert_int_equal(lists(f, 0)->count, 511);
	assert_int_equal(owner_of(f, pfn_of(f, f->slot[1])), 0 + 1);
}

static void who_may_not_wait_claims_nothing_for_a_block(void **state)
{
	struct pcp_buddy_settings set = { .shared = { .batch = 4, .high_min = 16, .auto_tune = true },
					  .block_order = 9 };
	struct fixture *f = buddy_new(&set, 1, 4);
	struct locks locks;

	(void)state;
	run(f, 1, takes_atomic, observed(f, &locks));
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- how often the zone is visited ------------------------------------------------------------ */

enum { MANY = 32832 };

/*
 * As 8.1 of the sheet, of pcp-spin, with `high` fixed at 510 and batch 63. Claims: 32832 / 512 = 64.1,
 * so 65, and of the last block 512 - 64 = 448 pages are left, in pieces of 64, 128 and 256. Frees go to
 * the list of single pages, and a drain that finds too few of them there goes on with larger pieces:
 *
 *	frees   count   free_count   drained            left
 *	62      510     62           63: 62 + 64        384
 *	126     510     188          188: 126 + 128     256
 *	254     510     442          442: 254 + 256     0
 *	510     510     952          447                63
 *	447     510     ..           447                63      71 times
 *	143                                             206     62 + 126 + 254 + 510 + 71 * 447 + 143
 *
 * so 4 + 71 drains, each one visit.
 */
static void many_pages(struct cpu *cpu, void *argument)
{
	static struct page *page[MANY];
	struct locks *locks = argument;
	struct fixture *f = locks->f;

	locks->zone = 0;
	for (unsigned i = 0; i < MANY; i++)
		page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
	assert_int_equal(locks->zone, 65);
	assert_int_equal(lists(f, 0)->count, 448);
	locks->zone = 0;
	for (unsigned i = 0; i < MANY; i++)
		pages_give(cpu, f, page[i], 0);
	assert_int_equal(locks->zone, 75);
	assert_int_equal(lists(f, 0)->count, 206);
}

static void the_zone_is_visited_once_per_block_and_drain(void **state)
{
	struct pcp_buddy_settings set = { .block_order = 9, .shared.batch = 63, .shared.high_min = 510 };
	struct fixture *f = buddy_new(&set, 1, 256);
	struct locks locks;

	(void)state;
	pages_no_watermarks(f);
	run(f, 1, many_pages, observed(f, &locks));
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- high -------------------------------------------------------------------------------------- */

/*
 * 16 MiB and four CPUs: high_max is 4096 / 8 / 4 = 128, batch 7. A page is claimed with its block, 511 are
 * left; the decay leaves all but 32 batches, 511 - 224 = 287, of them then 287 - 35. The next free finds
 * it above high_max.
 */
static void has_more_than_it_may_keep(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page = pages_take(cpu, f, 0, GFP_MOVABLE);

	assert_int_equal(lists(f, 0)->high_max, 128);
	assert_int_equal(lists(f, 0)->count, 511);
	f->page_model->tick(cpu, f->page_state);
	assert_int_equal(lists(f, 0)->high, 287);
	fixture_expect_sound(f);
	f->page_model->tick(cpu, f->page_state);
	assert_int_equal(lists(f, 0)->high, 252);
	fixture_expect_sound(f);
	pages_give(cpu, f, page, 0);
	assert_int_equal(lists(f, 0)->high, 128);
}

static void a_block_is_more_than_a_cpu_may_keep(void **state)
{
	struct pcp_buddy_settings set = { .shared = { .batch = 7, .high_min = 28, .auto_tune = true },
					  .block_order = 9 };
	struct fixture *f = buddy_new(&set, 4, 16);

	(void)state;
	pages_no_watermarks(f);
	run(f, 1, has_more_than_it_may_keep, f);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- merging and the end of ownership --------------------------------------------------------- */

/* All 512 pages of a block come back, by another CPU, in an order of strides; they go in one drain. */
static void gives_a_block_back(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	static struct page *page[PAGEBLOCK_PAGES];

	pages_wait_for_turn(cpu, f, cpu_id(cpu));
	if (cpu_id(cpu) == 0) {
		for (unsigned i = 0; i < PAGEBLOCK_PAGES; i++)
			page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
		store(cpu, f->turn, 1);
		return;
	}
	for (unsigned i = 0; i < PAGEBLOCK_PAGES; i++)
		pages_give(cpu, f, page[i * 37 % PAGEBLOCK_PAGES], 0);
	assert_int_equal(owner_of(f, 0), 1);
	locks->zone = 0;
	f->page_model->drain_all(cpu, f->page_state);
	/* 512 pages are one round of at most 2016, and one block of order 9 */
	assert_int_equal(locks->zone, 1);
	assert_int_equal(owner_of(f, 0), 0);
}

static void a_block_that_is_back_is_nobodys(void **state)
{
	struct pcp_buddy_settings set = { .block_order = 9, .shared.batch = 63, .shared.high_min = 2000 };
	struct fixture *f = buddy_new(&set, 2, 0);
	struct locks locks;
	char text[200];

	(void)state;
	pages_no_watermarks(f);
	run(f, 2, gives_a_block_back, observed(f, &locks));
	pages_free_lists(f, MOVABLE, text, sizeof text);
	assert_string_equal(text, "o10[0]");
	fixture_expect_sound(f);
	fixture_free(f);
}

/* Only what is drained merges: of two buddies one stays on the list. */
static void what_stays_does_not_merge(void **state)
{
	struct pcp_buddy_settings set = { .block_order = 2, .shared.batch = 1, .shared.high_min = 3 };
	struct fixture *f = buddy_new(&set, 1, 0);
	char text[300];

	(void)state;
	/* the third free drains 0 and 1, which is free_count clamped to high - batch = 2 */
	fixture_run(f, "0pa0 0pb0 0pc0 0pd0 0qa0 0qb0 0qc0");
	pages_free_lists(f, MOVABLE, text, sizeof text);
	assert_string_equal(text, "o1[0] o2[4] o3[8] o4[16] o5[32] o6[64] o7[128] o8[256] o9[512]");
	assert_int_equal(lists(f, 0)->count, 1);
	assert_int_equal(owner_of(f, 0), 1);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- the other phases -------------------------------------------------------------------------- */

/* Two CPUs have the two blocks there are. CPU 0 uses its own up; what CPU 1 has not used comes to the
 * zone by a drain of all: 511 pages, as 1 2 4 .. 256, pages 513, 514, 516 .. 768. */
static void takes_of_anothers_block(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	struct page *page;

	pages_wait_for_turn(cpu, f, cpu_id(cpu));
	if (cpu_id(cpu) == 1) {
		f->slot[0] = pages_take(cpu, f, 0, GFP_MOVABLE);
		store(cpu, f->turn, 2);
		return;
	}
	for (unsigned i = 0; i < PAGEBLOCK_PAGES; i++)
		pages_take(cpu, f, 0, GFP_MOVABLE);
	store(cpu, f->turn, 1);
	pages_wait_for_turn(cpu, f, 2);
	f->page_model->drain_all(cpu, f->page_state);
	locks->zone = 0;
	page = pages_take(cpu, f, 0, GFP_MOVABLE);
	/* alloc_factor 1: batch 7 doubled: 14 pages, chunks of 8, 4 and 2, in one visit */
	assert_int_equal(locks->zone, 1);
	assert_int_equal(lists(f, 0)->count, 14 - 1);
	/* the smallest piece is that of 2 pages, 514 and 515 */
	assert_int_equal(pfn_of(f, page), 514);
	assert_int_equal(*page_mapcount(f->memory, pfn_to_page(f->memory, 520)), PAGE_UNUSED);
	/* it is of CPU 1's block, so CPU 1 gets it */
	pages_give(cpu, f, page, 0);
	assert_int_equal(lists(f, 0)->count, 13);
	assert_int_equal(lists(f, 1)->count, 1);
	assert_int_equal(*page_mapcount(f->memory, page), PAGE_PCP_BUDDY);
}

static void chunks_of_anothers_block_go_back_to_it(void **state)
{
	struct pcp_buddy_settings set = { .block_order = 9, .shared.batch = 7, .shared.high_min = 600 };
	struct fixture *f = buddy_new(&set, 2, 0);
	struct locks locks;

	(void)state;
	pages_no_watermarks(f);
	run(f, 2, takes_of_anothers_block, observed(f, &locks));
	fixture_expect_sound(f);
	fixture_free(f);
}

/* All memory is movable: an unmovable page comes of the largest block of that, which changes its type
 * whole; 4 pages of it, nobody's. The next refill finds a whole block of its type. */
static void pages_of_other_types_are_nobodys(void **state)
{
	struct pcp_buddy_settings set = { .block_order = 9, .shared.batch = 4, .shared.high_min = 600 };
	struct fixture *f = buddy_new(&set, 1, 0);

	(void)state;
	pages_no_watermarks(f);
	fixture_run(f, "0ka0 0kb0 0kc0 0kd0");
	assert_int_equal(pfn_of(f, f->slot['a']), 0);
	assert_int_equal(owner_of(f, 0), 0);
	assert_int_equal(owner_of(f, 512), 0);
	assert_int_equal(lists(f, 0)->count, 0);
	fixture_free(f);

	f = buddy_new(&set, 1, 0);
	pages_no_watermarks(f);
	fixture_run(f, "0ka0 0kb0 0kc0 0kd0 0ke0 0qb0");
	assert_int_equal(pfn_of(f, f->slot['e']), 512);
	assert_int_equal(owner_of(f, 0), 0);
	assert_int_equal(owner_of(f, 512), 1);
	/* of the claimed block 511, and one of nobody's, without the mark */
	assert_int_equal(lists(f, 0)->count, 512);
	assert_int_equal(*page_mapcount(f->memory, f->slot['b']), PAGE_UNUSED);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- a held lock -------------------------------------------------------------------------------- */

static void frees_while_held(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	bool flags;

	if (cpu_id(cpu) == 0) {
		f->slot[0] = pages_take(cpu, f, 0, GFP_MOVABLE);
		flags = spin_lock_irqsave(cpu, &lists(f, 0)->lock, LOCK_QUEUED);
		store(cpu, f->turn, 1);
		compute_cycles(cpu, 20000);
		store(cpu, f->turn, 2);
		spin_unlock_irqrestore(cpu, &lists(f, 0)->lock, LOCK_QUEUED, flags);
		return;
	}
	pages_wait_for_turn(cpu, f, 1);
	locks->zone = 0;
	pages_give(cpu, f, f->slot[0], 0);
	f->left = load(cpu, f->turn);
}

/* 511 pages and the freed one, in turn 2; or 511 and one in the zone, while the lock was held. */
static void a_held_lock_is_waited_for_or_not(void **state)
{
	(void)state;
	for (int lock = LISTS_WAITED; lock <= LISTS_TRIED; lock++) {
		struct pcp_buddy_settings set = { .lock = lock, .block_order = 9, .shared.batch = 4,
						  .shared.high_min = 600 };
		struct fixture *f = buddy_new(&set, 2, 0);
		struct locks locks;

		run(f, 2, frees_while_held, observed(f, &locks));
		assert_int_equal(f->left, lock == LISTS_WAITED ? 2 : 1);
		assert_int_equal(locks.zone, lock == LISTS_WAITED ? 0 : 1);
		assert_int_equal(lists(f, 0)->count, lock == LISTS_WAITED ? 512 : 511);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- check() finds damage ------------------------------------------------------------------------ */

static void damage_owner(struct fixture *f)
{
	*block_owner(pages_zone(f, 0), 0) = 2;
}

static void damage_owner_number(struct fixture *f)
{
	*block_owner(pages_zone(f, 0), 512) = 4;
}

static void damage_whole(struct fixture *f)
{
	*block_owner(pages_zone(f, 0), 512) = 1;
}

static void damage_order(struct fixture *f)
{
	*page_private(f->memory, pfn_to_page(f->memory, 2)) = 3;
}

static void damage_mark(struct fixture *f)
{
	*page_mapcount(f->memory, f->slot['a']) = PAGE_PCP_BUDDY;
}

static void damage_drained(struct fixture *f)
{
	*page_mapcount(f->memory, pfn_to_page(f->memory, 2)) = PAGE_PCP_DRAINED;
}

/* After one page of the first of two blocks: 0 is out, 1 2 4 .. 256 head pieces, 512 is the zone's. */
static void check_finds_each_damage(void **state)
{
	static const struct {
		void (*damage)(struct fixture *f);
		const char *reason;
	} damages[] = {
		{ damage_count, "CPU 0 counts 512 pages, its lists have 511" },
		{ damage_lock, "the lock of the lists of CPU 1 is held" },
		{ damage_list, "a list of CPU 0 is broken" },
		{ damage_high, "CPU 0 may keep 1 pages, not between" },
		{ damage_free_count, "NR_FREE_PAGES 513, the lists have 512" },
		{ damage_owner, "page 1 is a piece on a list of CPU 0, which does not own it" },
		{ damage_owner_number, "block 1 belongs to CPU 3" },
		{ damage_whole, "block 1 is whole in the zone and belongs to CPU 0" },
		{ damage_order, "page 2 is a piece on a list of order 1, not marked so" },
		{ damage_mark, "page 0 has the mark of a piece and is none" },
		{ damage_drained, "page 2 has the mark of a piece and is none" },
	};
	struct pcp_buddy_settings set = { .block_order = 9, .shared.batch = 4, .shared.auto_tune = true };

	(void)state;
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct fixture *f = buddy_new(&set, 2, 0);

		fixture_run(f, "0pa0");
		fixture_expect_sound(f);
		damages[i].damage(f);
		fixture_expect_unsound(f, damages[i].reason);
		fixture_free(f);
	}
}

/* ---- random traffic ------------------------------------------------------------------------------ */

enum { HELD = 60, TRAFFIC_CPUS = 4 };

/* What a CPU has may be freed by another: slots are simulated words. */
struct market {
	struct fixture *f;
	uint64_t *stall;                /* [HELD]: page frame + 1, and the order above; 0: empty */
};

static void sell(struct cpu *cpu, struct market *market, struct page *page, unsigned order)
{
	uint64_t pfn = pfn_of(market->f, page) + 1;
	uint64_t other = exchange(cpu, &market->stall[random_below(cpu, HELD)],
				  pfn | (uint64_t)order << 32);

	if (other)
		pages_give(cpu, market->f, pfn_to_page(market->f->memory, (other & UINT32_MAX) - 1),
			   (unsigned)(other >> 32));
}

static void trades(struct cpu *cpu, void *argument)
{
	static const unsigned gfps[] = {
		GFP_KERNEL, GFP_MOVABLE, GFP_RECLAIMABLE | GFP_ATOMIC, GFP_KERNEL | GFP_COMP,
	};
	static const unsigned orders[] = { 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 6 };
	struct market *market = argument;
	struct fixture *f = market->f;

	for (unsigned i = 0; i < 700; i++) {
		unsigned order = orders[random_below(cpu, COUNT(orders))];
		struct page *page;

		if (random_below(cpu, 100) == 0)
			f->page_model->tick(cpu, f->page_state);
		if (random_below(cpu, 200) == 0)
			f->page_model->drain_all(cpu, f->page_state);
		page = pages_take(cpu, f, order, gfps[random_below(cpu, COUNT(gfps))]);
		if (!page)
			continue;
		if (order == 0 && random_below(cpu, 3) == 0)
			pages_give_group(cpu, f, &page, 1);
		else
			sell(cpu, market, page, order);
	}
	for (unsigned k = cpu_id(cpu); k < HELD; k += TRAFFIC_CPUS) {
		uint64_t last = exchange(cpu, &market->stall[k], 0);

		if (last)
			pages_give(cpu, f, pfn_to_page(f->memory, (last & UINT32_MAX) - 1),
				   (unsigned)(last >> 32));
	}
}

/* What others put on the stalls of a CPU that had gone home. */
static uint64_t left_over(const struct market *market)
{
	uint64_t pages = 0;

	for (unsigned k = 0; k < HELD; k++)
		if (market->stall[k])
			pages += 1ull << (market->stall[k] >> 32);
	return pages;
}

static void timer(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page = pages_take(cpu, f, 0, GFP_ATOMIC);

	if (page)
		pages_give(cpu, f, page, 0);
	if (random_below(cpu, 10) == 0)
		f->page_model->tick(cpu, f->page_state);
}

static void random_traffic_keeps_the_invariants(void **state)
{
	static const struct layout stall_layout = { "stall", 8, CLASS_WORKLOAD, NULL };
	static const unsigned orders[] = { 9, 9, 3, 2, 1, 5 };

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		struct pcp_buddy_settings set = {
			.shared.zone_layout = (int)i % 3, .lock = i % 2 ? LISTS_TRIED : LISTS_WAITED,
			.block_order = orders[i / 2], .shared.batch = i < 8 ? 3 : 0,
			.shared.high_min = i < 8 ? 12 : 0, .shared.drain_chunk = i % 4 == 3 ? 5 : 0,
			.shared.auto_tune = i % 5 != 2 };
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp-buddy", .page_settings = &set,
			.cpus = TRAFFIC_CPUS, .mib = 16, .nodes = 1 + i / 3 % 2,
			.placement = PLACEMENT_SCATTER, .view = &page_view_6_12, .preempt = i == 5 });
		struct market market = { f, arena_new(f->sim, uint64_t, HELD, 0, LINE, &stall_layout,
						      "stall") };

		for (unsigned id = 0; id < TRAFFIC_CPUS; id++) {
			thread_start(f->sim, id, trades, &market);
			timer_add(f->sim, id, 5000 + 97 * id, 50000, timer, f);
		}
		if (sim_run(f->sim) != OUTCOME_DONE)
			fail_msg("%u: %s", i, sim_result(f->sim)->message);
		assert_int_equal(f->page_model->free_pages(f->page_state) + left_over(&market),
				 f->memory->pages);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_makes_the_accesses_of_its_steps),
		cmocka_unit_test(a_claim_touches_eleven_page_structs),
		cmocka_unit_test(the_lists_lie_in_eight_lines),
		cmocka_unit_test(the_cache_says_whether_bursts_stay),
		cmocka_unit_test(a_page_goes_to_the_cpu_that_owns_its_block),
		cmocka_unit_test(who_may_not_wait_claims_nothing_for_a_block),
		cmocka_unit_test(the_zone_is_visited_once_per_block_and_drain),
		cmocka_unit_test(a_block_is_more_than_a_cpu_may_keep),
		cmocka_unit_test(a_block_that_is_back_is_nobodys),
		cmocka_unit_test(what_stays_does_not_merge),
		cmocka_unit_test(chunks_of_anothers_block_go_back_to_it),
		cmocka_unit_test(pages_of_other_types_are_nobodys),
		cmocka_unit_test(a_held_lock_is_waited_for_or_not),
		cmocka_unit_test(check_finds_each_damage),
		cmocka_unit_test(random_traffic_keeps_the_invariants),
	};

	return cmocka_run_group_tests_name("pcp-buddy", tests, NULL, NULL);
}
