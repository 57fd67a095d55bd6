/*
 * pcp (2.6.22, 2.6.24, 3.9): the sheet's test vectors, the accesses of each path in their order,
 * the structs' offsets, draining, and its invariants. Numbers such as 2.7 are the sheet's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pages_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define EACH_KERNEL(kernel) for (enum kernel kernel = 0; kernel <= KERNEL_3_9; kernel++)

static struct fixture *pcp_new(enum kernel kernel, unsigned batch)
{
	return fixture_new(&(struct fixture_options){
		.pages_only = true, .pages = "pcp", .kernel = kernel, .batch = batch });
}

static struct per_cpu_pageset *pageset_of(const struct fixture *f, unsigned cpu)
{
	return zone_pageset_of(pages_zone(f, 0), cpu);
}

/* Of the hot list, or of MOVABLE pages, which the tests use but where they say so. */
static struct list_head *list_of(const struct fixture *f, unsigned cpu)
{
	struct per_cpu_pageset *pageset = pageset_of(f, cpu);

	if (pages_zone(f, 0)->all->kernel == KERNEL_3_9)
		return &pageset->lists[MOVABLE];
	return &pageset->pcp[0].list;
}

static int count_of(const struct fixture *f, unsigned cpu)
{
	struct per_cpu_pageset *pageset = pageset_of(f, cpu);

	return pages_zone(f, 0)->all->kernel == KERNEL_3_9 ? pageset->count : pageset->pcp[0].count;
}

struct locks {
	struct fixture *f;
	unsigned taken;
};

static void count_locks(void *to, const struct access *a)
{
	struct locks *locks = to;

	locks->taken += a->locked && a->address == (const void *)pages_zone(locks->f, 0)->lock;
}

/* ---- 11.7: vectors ----------------------------------------------------- */

static void in_turn(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	for (unsigned i = 0; i < 20; i++) {
		struct page *page;

		pages_wait_for_turn(cpu, f, 2 * i + cpu_id(cpu));
		page = pages_take(cpu, f, 0, GFP_MOVABLE);
		assert_int_equal(page_to_pfn(f->memory, page), 31 * cpu_id(cpu) + i);
		store(cpu, f->turn, 2 * i + cpu_id(cpu) + 1);
	}
}

/* CPU 0 and CPU 1 in turn, 20 pages each: 0..19 and 31..50, two locks, 11 resident each. */
static void two_cpus_in_turn_get_runs_of_neighbours(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = pcp_new(kernel, 31);
		struct locks locks = { f, 0 };

		sim_observe(f->sim, count_locks, &locks);
		thread_start(f->sim, 0, in_turn, f);
		thread_start(f->sim, 1, in_turn, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(locks.taken, 2);
		assert_int_equal(count_of(f, 0), 11);
		assert_int_equal(count_of(f, 1), 11);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

static void forty(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page[40];

	if (cpu_id(cpu) == 1)
		return;
	for (unsigned i = 0; i < 40; i++) {
		page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
		assert_int_equal(page_to_pfn(f->memory, page[i]), i);
		assert_int_equal(count_of(f, 0), i < 31 ? 30 - i : 61 - i);
	}
	for (unsigned i = 0; i < 40; i++)
		pages_give(cpu, f, page[i], 0);
}

/* 40 allocations: refills at the 1st and the 32nd, 22 resident. Freed in order: 39..0, 40..61. */
static void pages_are_handed_out_ascending_and_kept_last_freed_first(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = pcp_new(kernel, 31);
		struct list_head *at;

		thread_start(f->sim, 0, forty, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(count_of(f, 0), 62);
		at = list_of(f, 0);
		for (unsigned i = 0; i < 62; i++) {
			at = at->next;
			assert_int_equal(pages_pfn(f, at), i < 40 ? 39 - i : i);
		}
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

static void free_186(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	if (cpu_id(cpu) == 1) {
		for (unsigned i = 0; i < 1024; i++)
			assert_int_equal(page_to_pfn(f->memory, pages_take(cpu, f, 0, GFP_MOVABLE)),
					 i);
		store(cpu, f->turn, 1);
		return;
	}
	pages_wait_for_turn(cpu, f, 1);
	for (unsigned pfn = 0; pfn < 186; pfn++) {
		assert_int_equal(count_of(f, 0), pfn);
		pages_give(cpu, f, pfn_to_page(f->memory, pfn), 0);
	}
}

/* CPU 1 holds all 1024 pages; CPU 0 frees 0..185: the 186th makes 186 = 6 * 31 and drains 0..30. */
static void the_186th_free_drains_the_31_oldest(void **state)
{
	char text[300];

	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = pcp_new(kernel, 31);

		pages_no_watermarks(f);
		thread_start(f->sim, 0, free_186, f);
		thread_start(f->sim, 1, free_186, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(count_of(f, 0), 155);
		pages_free_lists(f, MOVABLE, text, sizeof text);
		assert_string_equal(text, "o0[30] o1[28] o2[24] o3[16] o4[0]");
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* 11.2: N + 1 pages are taken, then freed in that order, again and again; takings of zone->lock. */
static const struct { unsigned n, cold, refills, drains; int resident; } visits[] = {
	{ 1, 1, 0, 0, 31 }, { 64, 3, 0, 0, 93 }, { 128, 5, 0, 0, 155 }, { 256, 9, 4, 4, 155 },
	{ 512, 17, 12, 12, 155 }, { 1024, 34, 29, 29, 155 }, { 4096, 133, 128, 128, 155 },
};

static void take_and_free(struct cpu *cpu, void *argument)
{
	static struct page *page[4097];
	struct locks *locks = argument;
	struct fixture *f = locks->f;

	for (unsigned round = 0; round < 4; round++) {
		unsigned before = locks->taken, n = visits[f->left].n;

		for (unsigned i = 0; i <= n; i++)
			page[i] = pages_take(cpu, f, 0, GFP_KERNEL);
		assert_int_equal(locks->taken - before,
				 round ? visits[f->left].refills : visits[f->left].cold);
		before = locks->taken;
		for (unsigned i = 0; i <= n; i++)
			pages_give(cpu, f, page[i], 0);
		assert_int_equal(locks->taken - before, visits[f->left].drains);
		assert_int_equal(count_of(f, 0), visits[f->left].resident);
	}
}

/* Not 2.6.24, where half of the stolen block stays MOVABLE (2.7): its pages do not serve again. */
static void the_zone_lock_is_visited_as_often_as_in_the_table(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		for (size_t i = 0; kernel != KERNEL_2_6_24 && i < COUNT(visits); i++) {
			struct fixture *f = fixture_new(&(struct fixture_options){
				.pages_only = true, .pages = "pcp", .kernel = kernel,
				.batch = 31, .cpus = 1, .mib = 32 });
			struct locks locks = { f, 0 };

			f->left = i;
			sim_observe(f->sim, count_locks, &locks);
			thread_start(f->sim, 0, take_and_free, &locks);
			assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
			fixture_expect_sound(f);
			fixture_free(f);
		}
	}
}

/*
 * Merging onto a list that has blocks: until 2.6.24 always at its head, in 3.9 at its tail if the
 * parent's buddy is free (6dda9d55bf5). CPU 1 holds all pages, lists of one: batch 1, high 6. CPU 0
 * frees 8, 2, 3, 0 and six more that are on no block: 10, 12, 14, 16, 18, 20 push the first four
 * out, one by one. 8 -> o0[8]; 2 -> its buddy 3 is not free yet: o0[2,8]; 3 merges: o1[2], o0[8];
 * 0: buddy 1 is taken; block 2 of order 1 is the parent's buddy: tail in 3.9.
 */
static void free_in_order(struct cpu *cpu, void *argument)
{
	static const unsigned order[] = { 8, 2, 3, 0, 10, 12, 14, 16, 18 };
	struct fixture *f = argument;

	if (cpu_id(cpu) == 1) {
		for (unsigned i = 0; i < 1024; i++)
			pages_take(cpu, f, 0, GFP_MOVABLE);
		store(cpu, f->turn, 1);
		return;
	}
	pages_wait_for_turn(cpu, f, 1);
	for (size_t i = 0; i < COUNT(order); i++)
		pages_give(cpu, f, pfn_to_page(f->memory, order[i]), 0);
}

static void old_kernels_put_free_blocks_at_the_head(void **state)
{
	char text[300];

	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = pcp_new(kernel, 1);

		pages_no_watermarks(f);
		thread_start(f->sim, 0, free_in_order, f);
		thread_start(f->sim, 1, free_in_order, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		pages_free_lists(f, MOVABLE, text, sizeof text);
		assert_string_equal(text, kernel == KERNEL_3_9 ? "o0[8,0] o1[2]" : "o0[0,8] o1[2]");
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* CPU 0 takes 185 MOVABLE pages, a refill of 31 six times, and frees 184: of 186 is 1 left, makes
 * 185, one below high. Then a page of each of the two other types. */
static void other_types(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page[185];

	for (unsigned i = 0; i < 185; i++)
		page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
	for (unsigned i = 0; i < 184; i++)
		pages_give(cpu, f, page[i], 0);
	pages_take(cpu, f, 0, GFP_KERNEL);
	pages_take(cpu, f, 0, GFP_RECLAIMABLE);
}

/*
 * 2.2, 2.7 (step 4: "may pass high until the next free"): there is no page of the type, so 31 come,
 * twice: 185 + 2 * (31 - 1) = 245 pages where high is 186, and all is well. Without migratetypes
 * two pages of 185 go.
 */
static void a_list_may_pass_high_by_a_batch_for_each_type(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp", .kernel = kernel, .batch = 31,
			.mib = 16 });
		struct per_cpu_pageset *pageset = pageset_of(f, 0);

		thread_start(f->sim, 0, other_types, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(kernel == KERNEL_3_9 ? pageset->count : pageset->pcp[0].count,
				 kernel == KERNEL_2_6_22 ? 183 : 245);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- batch and high ---------------------------------------------------- */

static const struct { unsigned mib; int batch, high, cold_batch, cold_high; } sizes[] = {
	{ 16, 1, 0, 1, 0 }, { 64, 3, 18, 1, 6 }, { 128, 7, 42, 3, 14 }, { 256, 15, 90, 7, 30 },
	{ 348, 15, 90, 7, 30 }, { 352, 31, 186, 15, 62 }, { 1024, 31, 186, 15, 62 },
};

/* 2.1 and 2.7: 16 MiB 0 (-> 1) / 0 ... at 352 MiB (90112 pages) and more 31 / 186. */
static void batch_and_high_come_from_the_size_of_the_zone(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		for (size_t i = 0; i < COUNT(sizes); i++) {
			struct fixture *f = fixture_new(&(struct fixture_options){
				.pages_only = true, .pages = "pcp", .kernel = kernel,
				.mib = sizes[i].mib });
			struct per_cpu_pageset *p = pageset_of(f, 1);

			if (kernel == KERNEL_3_9) {
				assert_int_equal(p->batch, sizes[i].batch);
				assert_int_equal(p->high, sizes[i].high);
			} else {
				assert_int_equal(p->pcp[0].batch, sizes[i].batch);
				assert_int_equal(p->pcp[0].high, sizes[i].high);
				assert_int_equal(p->pcp[1].batch, sizes[i].cold_batch);
				assert_int_equal(p->pcp[1].high, sizes[i].cold_high);
			}
			fixture_free(f);
		}
	}
}

/* ---- offsets, 2.7 ------------------------------------------------------ */

static uint64_t from_zone(const struct fixture *f, const void *member)
{
	return (uint64_t)((uintptr_t)member - (uintptr_t)pages_zone(f, 0)->watermark);
}

static void expect_offsets(const struct fixture *f, enum kernel kernel, unsigned n)
{
	const struct zone *zone = pages_zone(f, 0);
	bool old = kernel == KERNEL_2_6_22;
	unsigned pageset = old ? 72 : 80, area = old ? 24 : 88, first = old ? 16 : 24;
	unsigned zl = LINE * (1 + n / 8);
	uint64_t v0 = (zl + first + 11 * area + LINE - 1) / LINE * LINE;

	assert_int_equal(from_zone(f, zone->lowmem_reserve), 24);
	assert_int_equal(from_zone(f, zone->node_id), old ? 48 : 56);
	for (unsigned c = 0; c < n; c++)
		assert_int_equal(from_zone(f, &zone->pageset[c]), pageset + 8 * c);
	assert_int_equal(from_zone(f, zone->lock), pageset + 8 * n);
	assert_int_equal(from_zone(f, zone->lock) / LINE, 1 + n / 8);
	for (unsigned o = 0; o < MAX_ORDER; o++) {
		assert_int_equal(from_zone(f, free_list(zone, o, UNMOVABLE)),
				 zl + first + area * o);
		assert_int_equal(from_zone(f, nr_free(zone, o)), zl + (old ? 32 : 104) + area * o);
	}
	assert_int_equal(from_zone(f, free_list(zone, 0, MOVABLE)), zl + (old ? 16 : 56));
	assert_int_equal(from_zone(f, zone->pages_scanned), v0 + 56);
	if (old)
		assert_int_equal(from_zone(f, zone->all_unreclaimable), v0 + 64);
	else
		assert_int_equal(from_zone(f, zone->flags), v0 + 64);
	assert_int_equal(from_zone(f, &zone->vm_stat[14]), v0 + 64 + 8 + 8 * 14);
	assert_int_equal(from_zone(f, zone->zone_pgdat) % LINE, 24);
	assert_true(from_zone(f, zone->zone_pgdat) > v0 + 64 + 8 + 8 * 20);
}

/* N = 8 for 2 CPUs, 16 for 9. The last one or two pointers of the array lie in the lock's line. */
static void members_lie_where_the_sheet_has_them(void **state)
{
	(void)state;
	for (enum kernel kernel = KERNEL_2_6_22; kernel <= KERNEL_2_6_24; kernel++) {
		for (unsigned cpus = 2; cpus <= 9; cpus += 7) {
			struct fixture *f = fixture_new(&(struct fixture_options){
				.pages_only = true, .pages = "pcp", .kernel = kernel,
				.cpus = cpus });
			unsigned n = cpus == 2 ? 8 : 16;
			const struct zone *zone = pages_zone(f, 0);
			uint64_t zl = from_zone(f, zone->lock) / LINE;

			expect_offsets(f, kernel, n);
			assert_int_equal(from_zone(f, &zone->pageset[n - 1]) / LINE, zl);
			assert_int_equal(from_zone(f, &zone->pageset[n - 2]) / LINE == zl,
					 kernel == KERNEL_2_6_24);
			assert_int_equal(from_zone(f, &zone->pageset[n - 3]) / LINE, zl - 1);
			fixture_free(f);
		}
	}
}

/* A kernel for 30 CPUs, N = 32, on 9: nobody's pointer lies in the lock's line. */
static void a_kernel_for_more_cpus_keeps_pointers_from_the_lock(void **state)
{
	(void)state;
	for (enum kernel kernel = KERNEL_2_6_22; kernel <= KERNEL_2_6_24; kernel++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp", .kernel = kernel, .cpus = 9,
			.nr_cpus = 30 });
		const struct zone *zone = pages_zone(f, 0);
		uint64_t zl = from_zone(f, zone->lock) / LINE;

		expect_offsets(f, kernel, 32);
		for (unsigned cpu = 0; cpu < 9; cpu++)
			assert_true(from_zone(f, &zone->pageset[cpu]) / LINE < zl);
		fixture_free(f);
	}
}

/* ---- accesses, step by step -------------------------------------------- */

/* 2.7: step 1; 2.2: step 1. */
#define WATERMARK "R Z.watermark, R Z.lowmem_reserve, R Z.vm_stat[NR_FREE_PAGES], "
/* 2.7: step 6; 2.2: step 7. PAGESET: how the CPU finds its pageset. */
#define STATISTICS(PAGESET) \
	"M event[PGALLOC_NORMAL], R Z.zone_pgdat, R Z.zone_pgdat, " PAGESET \
	"M P.vm_stat_diff[NUMA_HIT], R P.stat_threshold, R Z.node, " PAGESET \
	"M P.vm_stat_diff[NUMA_LOCAL], R P.stat_threshold, "
#define MOD_FREE(PAGESET) \
	PAGESET "R P.vm_stat_diff[NR_FREE_PAGES], R P.stat_threshold, " \
	"W P.vm_stat_diff[NR_FREE_PAGES], "
/* 0.9. */
#define BITMAP(p) \
	"R PG" p ".flags, R mem_section_root, R mem_section.pageblock_flags, " \
	"R pageblock_flags.word, "
#define UNLINK(p, next, prev) \
	"R PG" p ".lru, R PG" p ".lru, W " next ", W " prev ", W PG" p ".lru, W PG" p ".lru, "
#define PUSH_HEAD(p, head, first) \
	"R " head ", W " first ", W PG" p ".lru, W PG" p ".lru, W " head ", "
#define NR_FREE(o) "R Z.free_area[" o "].nr_free, W Z.free_area[" o "].nr_free, "

/* Until 2.6.24 a pageset is found by an array of pointers. */
#define PTR "R Z.pageset[0], "
#define PREP_26(p) \
	"R PG" p ".flags, R PG" p "._mapcount, R PG" p ".mapping, R PG" p "._count, " \
	"M PG" p ".flags, W PG" p ".private, W PG" p "._count, "
#define CHECK_FREE_26(p) \
	"R PG" p "._mapcount, R PG" p ".mapping, R PG" p "._count, R PG" p ".flags, "
#define FREED_26(p) "A PG" p "._count, R PG" p ".flags, R PG" p ".mapping, "
#define CLEAR_BUDDY_26(p) "M PG" p ".flags, W PG" p ".private, "
#define SET_BUDDY_26(p) "W PG" p ".private, M PG" p ".flags, "

#define PTR_39 "R Z.pageset, "
#define CHECK_39(p) \
	"R PG" p ".flags, R PG" p ".mapping, R PG" p "._mapcount, R PG" p "._count, "
#define PREP_39(p) CHECK_39(p) "W PG" p ".private, W PG" p "._count, "
#define CLEAR_BUDDY_39(p) "W PG" p "._mapcount, W PG" p ".private, "
#define SET_BUDDY_39(p) "W PG" p ".private, W PG" p "._mapcount, "

#define L22(o) "Z.free_area[" o "].free_list"
#define LMOV(o) "Z.free_area[" o "].free_list[MOVABLE]"

/*
 * With batch 2 a refill takes a whole block of order 1: after pages 0 and 1 the lists are o1[2]
 * o2[4] ..., page 2 splits that block and page 3 follows from the list of order 0.
 */
#define REFILL_22 \
	"R P.hot.batch, A Z.lock, R " L22("0") ", R " L22("1") ", " \
	UNLINK("2", L22("1"), L22("1")) CLEAR_BUDDY_26("2") NR_FREE("1") MOD_FREE(PTR) \
	PUSH_HEAD("3", L22("0"), L22("0")) NR_FREE("0") SET_BUDDY_26("3") \
	"R P.hot.list, W P.hot.list, W PG2.lru, W PG2.lru, W P.hot.list, "      /* push_tail */ \
	"R " L22("0") ", " UNLINK("3", L22("0"), L22("0")) CLEAR_BUDDY_26("3") NR_FREE("0") \
	MOD_FREE(PTR) \
	"R P.hot.list, W P.hot.list, W PG3.lru, W PG3.lru, W PG2.lru, " \
	"W Z.lock, W P.hot.count, "
/* Behind the page before it, the first at the head; the type goes to private. */
#define REFILL_24 \
	"R P.hot.batch, A Z.lock, R " LMOV("0") ", R " LMOV("1") ", " \
	UNLINK("2", LMOV("1"), LMOV("1")) CLEAR_BUDDY_26("2") NR_FREE("1") MOD_FREE(PTR) \
	PUSH_HEAD("3", LMOV("0"), LMOV("0")) NR_FREE("0") SET_BUDDY_26("3") \
	PUSH_HEAD("2", "P.hot.list", "P.hot.list") "W PG2.private, " \
	"R " LMOV("0") ", " UNLINK("3", LMOV("0"), LMOV("0")) CLEAR_BUDDY_26("3") NR_FREE("0") \
	MOD_FREE(PTR) \
	PUSH_HEAD("3", "PG2.lru", "P.hot.list") "W PG3.private, " \
	"W Z.lock, W P.hot.count, "
/* The free pages are counted once. */
#define REFILL_39 \
	"R P.batch, A Z.lock, R " LMOV("0") ", R " LMOV("1") ", " \
	UNLINK("2", LMOV("1"), LMOV("1")) CLEAR_BUDDY_39("2") NR_FREE("1") \
	PUSH_HEAD("3", LMOV("0"), LMOV("0")) NR_FREE("0") SET_BUDDY_39("3") \
	PUSH_HEAD("2", "P.lists", "P.lists") "W PG2.index, " \
	"R " LMOV("0") ", " UNLINK("3", LMOV("0"), LMOV("0")) CLEAR_BUDDY_39("3") NR_FREE("0") \
	PUSH_HEAD("3", "PG2.lru", "P.lists") "W PG3.index, " \
	MOD_FREE(PTR_39) "M Z.lock, M P.count, R P.lists, "

/* With batch 1 the sixth free reaches high 6 and the page freed first, 0, goes back; its buddy 1
 * and, for 3.9's look ahead, block 2 of order 1 are no free blocks. The list of order 0 is empty. */
#define SIX "0pa0 0pb0 0pc0 0pd0 0pe0 0pf0 0qa0 0qb0 0qc0 0qd0 0qe0 "
#define DRAIN_26(RECLAIM, TYPE, list) \
	"R P.hot.batch, A Z.lock, " RECLAIM "W Z.pages_scanned, " \
	"R P.hot.list, " UNLINK("0", "P.hot.list", "PG1.lru") TYPE MOD_FREE(PTR) \
	"R PG0.flags, R PG1.flags, " SET_BUDDY_26("0") PUSH_HEAD("0", list, list) NR_FREE("0") \
	"W Z.lock, M P.hot.count, "
#define DRAIN_39 \
	"R P.batch, A Z.lock, W Z.all_unreclaimable, W Z.pages_scanned, " \
	"R P.lists, R P.lists, R P.lists, " UNLINK("0", "P.lists", "PG1.lru") "R PG0.index, " \
	"R PG0.flags, R PG1.flags, R PG1._mapcount, " SET_BUDDY_39("0") \
	"R PG0.flags, R PG2.flags, R PG2._mapcount, " \
	PUSH_HEAD("0", LMOV("0"), LMOV("0")) NR_FREE("0") BITMAP("0") MOD_FREE(PTR_39) \
	"M Z.lock, M P.count, "

struct steps_row {
	const char *name;
	enum kernel kernel;
	unsigned batch;
	const char *script, *steps;
};

static const struct steps_row steps_rows[] = {
	/* 2.7: steps 1, 2, 3, 4, 5 (page 1 is next), 6, 8. */
	{ "alloc hit", KERNEL_2_6_22, 31, "0pa0 !0pb0",
	  WATERMARK PTR "R P.hot.count, R P.hot.list, " UNLINK("1", "PG2.lru", "P.hot.list")
	  "M P.hot.count, " STATISTICS(PTR) PREP_26("1") },
	/* Step 4: the first page's next is read and the page after it prefetched; its type fits. */
	{ "alloc hit", KERNEL_2_6_24, 31, "0pa0 !0pb0",
	  WATERMARK PTR "R P.hot.count, R P.hot.list, R PG1.lru, P PG2.lru, R PG1.private, "
	  UNLINK("1", "PG2.lru", "P.hot.list") "M P.hot.count, " STATISTICS(PTR) PREP_26("1") },
	/* 2.2: steps 1, 3, 4 (not empty), 5, 6, 7, 9. */
	{ "alloc hit", KERNEL_3_9, 31, "0pa0 !0pb0",
	  WATERMARK PTR_39 "R P.lists, R P.lists, " UNLINK("1", "PG2.lru", "P.lists")
	  "M P.count, " STATISTICS(PTR_39) PREP_39("1") },

	{ "alloc refill", KERNEL_2_6_22, 2, "0pa0 0pb0 !0pc0",
	  WATERMARK PTR "R P.hot.count, " REFILL_22 "R P.hot.list, "
	  UNLINK("2", "PG3.lru", "P.hot.list") "M P.hot.count, " STATISTICS(PTR) PREP_26("2") },
	{ "alloc refill", KERNEL_2_6_24, 2, "0pa0 0pb0 !0pc0",
	  WATERMARK PTR "R P.hot.count, " REFILL_24
	  "R P.hot.list, R PG2.lru, P PG3.lru, R PG2.private, "
	  UNLINK("2", "PG3.lru", "P.hot.list") "M P.hot.count, " STATISTICS(PTR) PREP_26("2") },
	{ "alloc refill", KERNEL_3_9, 2, "0pa0 0pb0 !0pc0",
	  WATERMARK PTR_39 "R P.lists, " REFILL_39 "R P.lists, "
	  UNLINK("2", "PG3.lru", "P.lists") "M P.count, " STATISTICS(PTR_39) PREP_39("2") },

	/* 2.7, free: steps 1, 2, 3 (page 1 was first), 4. */
	{ "free hit", KERNEL_2_6_22, 31, "0pa0 !0qa0",
	  FREED_26("0") CHECK_FREE_26("0") PTR "M event[PGFREE], "
	  PUSH_HEAD("0", "P.hot.list", "PG1.lru") "M P.hot.count, R P.hot.high, " },
	{ "free hit", KERNEL_2_6_24, 31, "0pa0 !0qa0",
	  FREED_26("0") CHECK_FREE_26("0") PTR "M event[PGFREE], "
	  PUSH_HEAD("0", "P.hot.list", "PG1.lru") BITMAP("0") "W PG0.private, "
	  "M P.hot.count, R P.hot.high, " },
	/* 2.3: steps 1, 2, 4, 5, 6. */
	{ "free hit", KERNEL_3_9, 31, "0pa0 !0qa0",
	  "A PG0._count, " CHECK_39("0") BITMAP("0") "W PG0.index, M event[PGFREE], " PTR_39
	  PUSH_HEAD("0", "P.lists", "PG1.lru") "M P.count, R P.high, " },

	{ "free drain", KERNEL_2_6_22, 1, SIX "!0qf0",
	  FREED_26("5") CHECK_FREE_26("5") PTR "M event[PGFREE], "
	  PUSH_HEAD("5", "P.hot.list", "PG4.lru") "M P.hot.count, R P.hot.high, "
	  DRAIN_26("W Z.all_unreclaimable, ", "", L22("0")) },
	/* The flag of the zone is cleared with LOCK. */
	{ "free drain", KERNEL_2_6_24, 1, SIX "!0qf0",
	  FREED_26("5") CHECK_FREE_26("5") PTR "M event[PGFREE], "
	  PUSH_HEAD("5", "P.hot.list", "PG4.lru") BITMAP("5") "W PG5.private, "
	  "M P.hot.count, R P.hot.high, "
	  DRAIN_26("A Z.flags, ", BITMAP("0"), LMOV("0")) },
	{ "free drain", KERNEL_3_9, 1, SIX "!0qf0",
	  "A PG5._count, " CHECK_39("5") BITMAP("5") "W PG5.index, M event[PGFREE], " PTR_39
	  PUSH_HEAD("5", "P.lists", "PG4.lru") "M P.count, R P.high, " DRAIN_39 },

	/* Order 1: nr_free of order 0 in the watermark test; the block is 2 of o0[1] o1[2] ...;
	 * until 2.6.24 the head alone is checked. */
	{ "alloc order 1", KERNEL_2_6_22, 1, "0pa0 !0pb1",
	  WATERMARK "R Z.free_area[0].nr_free, A Z.lock, R " L22("1") ", "
	  UNLINK("2", L22("1"), L22("1")) CLEAR_BUDDY_26("2") NR_FREE("1") MOD_FREE(PTR)
	  "W Z.lock, " STATISTICS(PTR) PREP_26("2") },
	{ "alloc order 1", KERNEL_3_9, 1, "0pa0 !0pb1",
	  WATERMARK "R Z.free_area[0].nr_free, A Z.lock, R " LMOV("1") ", "
	  UNLINK("2", LMOV("1"), LMOV("1")) CLEAR_BUDDY_39("2") NR_FREE("1")
	  "M Z.lock, " BITMAP("2") MOD_FREE(PTR_39) STATISTICS(PTR_39)
	  CHECK_39("2") CHECK_39("3") "W PG2.private, W PG2._count, " },
	/* Block 2; its buddy of order 1 is page 0's, which is taken. */
	{ "free order 1", KERNEL_2_6_24, 1, "0pa0 0pb1 !0qb1",
	  FREED_26("2") CHECK_FREE_26("2") CHECK_FREE_26("3") "M event[PGFREE], A Z.lock, "
	  "A Z.flags, W Z.pages_scanned, " BITMAP("2") MOD_FREE(PTR)
	  "R PG2.flags, R PG0.flags, " SET_BUDDY_26("2") PUSH_HEAD("2", LMOV("1"), LMOV("1"))
	  NR_FREE("1") "W Z.lock, " },
	/* 3.9, 1.4: PGFREE under the lock (step 5). For its look ahead: parent 0 of order 2, its buddy
	 * 4 of order 2 is free: the tail. */
	{ "free order 1", KERNEL_3_9, 1, "0pa0 0pb1 !0qb1",
	  "A PG2._count, " CHECK_39("2") CHECK_39("3") BITMAP("2") "W PG2.index, "
	  "A Z.lock, W Z.all_unreclaimable, W Z.pages_scanned, M event[PGFREE], "
	  "R PG2.flags, R PG0.flags, R PG0._mapcount, " SET_BUDDY_39("2")
	  "R PG0.flags, R PG4.flags, R PG4._mapcount, R PG4.private, "
	  PUSH_HEAD("2", LMOV("1"), LMOV("1")) NR_FREE("1") MOD_FREE(PTR_39) "M Z.lock, " },

	/* A hit on a free block: its _count is looked at too (2.7, is_buddy). Page 1 is free, page
	 * 0 goes straight back by high 0: batch 0 of 4 MiB. */
	{ "free that merges", KERNEL_2_6_22, 0, "0pa0 0pb0 0qb0 !0qa0",
	  FREED_26("0") CHECK_FREE_26("0") PTR "M event[PGFREE], "
	  PUSH_HEAD("0", "P.hot.list", "P.hot.list") "M P.hot.count, R P.hot.high, R P.hot.batch, "
	  "A Z.lock, W Z.all_unreclaimable, W Z.pages_scanned, R P.hot.list, "
	  UNLINK("0", "P.hot.list", "P.hot.list") MOD_FREE(PTR)
	  "R PG0.flags, R PG1.flags, R PG1.private, R PG1._count, "
	  UNLINK("1", L22("0"), L22("0")) NR_FREE("0") CLEAR_BUDDY_26("1")
	  "R PG0.flags, R PG2.flags, R PG2.private, R PG2._count, "
	  UNLINK("2", L22("1"), L22("1")) NR_FREE("1") CLEAR_BUDDY_26("2")
	  "R PG0.flags, R PG4.flags, R PG4.private, R PG4._count, "
	  UNLINK("4", L22("2"), L22("2")) NR_FREE("2") CLEAR_BUDDY_26("4") },
};

static void check_steps(const struct steps_row *row, const char *how)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .pages = "pcp", .kernel = row->kernel, .batch = row->batch,
		.stride = strcmp(how, "packed") ? LINE : 0 });
	char text[6000];

	fixture_run(f, row->script);
	pages_record(f, text, sizeof text);
	if (strcmp(row->name, "free that merges") == 0)         /* the rest is the same again */
		text[strlen(row->steps)] = '\0';
	if (strcmp(text, row->steps))
		fail_msg("%s, kernel %d, %s:\nis       %s\nexpected %s", row->name, row->kernel,
			 how, text, row->steps);
	fixture_expect_sound(f);
	fixture_free(f);
}

static void each_path_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(steps_rows); i++) {
		print_message("%s, kernel %d\n", steps_rows[i].name, steps_rows[i].kernel);
		check_steps(&steps_rows[i], "packed");
		check_steps(&steps_rows[i], "a line each");
	}
}

/*
 * 2.7, step 4 of 2.6.24: pages 1 and 2 on the list are MOVABLE, a page for UNMOVABLE is asked for.
 * Each is passed with a read of its lru.next, a prefetch of the next (of the head at last) and a
 * read of its type; at the head the walk ends with the first page prefetched; then a refill, whose
 * first page goes to the head and is taken. Of 2 + 3 pages 4 are left.
 */
static void the_list_is_walked_for_a_page_of_the_type(void **state)
{
	static const char walk[] =
		WATERMARK PTR "R P.hot.count, R P.hot.list, "
		"R PG1.lru, P PG2.lru, R PG1.private, R PG2.lru, P P.hot.list, R PG2.private, "
		"R P.hot.list, P PG1.lru, R P.hot.batch, A Z.lock, ";
	struct fixture *f = pcp_new(KERNEL_2_6_24, 3);
	char text[6000];

	(void)state;
	fixture_run(f, "0pa0 !0kb0");
	pages_record(f, text, sizeof text);
	text[sizeof walk - 1] = '\0';
	assert_string_equal(text, walk);
	assert_int_equal(count_of(f, 0), 4);
	assert_int_equal(*page_private(f->memory, lru_page(f->memory, list_of(f, 0)->next)),
			 UNMOVABLE);
	assert_int_equal(pages_pfn(f, list_of(f, 0)->prev), 2);
	fixture_expect_sound(f);
	fixture_free(f);
}

struct stores {
	struct fixture *f;
	char text[2000];
};

static void note_stores(void *to, const struct access *a)
{
	struct stores *stores = to;
	struct one_access one = { a->read ? 'M' : 'W', a->address, NULL };
	size_t at = strlen(stores->text);
	char name[120];

	if (!a->write)
		return;
	pages_name_access(stores->f, &one, name, sizeof name);
	snprintf(stores->text + at, sizeof stores->text - at, "%s, ", name);
}

static void compound_thread(struct cpu *cpu, void *argument)
{
	pages_take(cpu, argument, 2, GFP_MOVABLE | GFP_COMP);
}

#define TAIL_26(p) "M PG" p ".flags, W PG" p ".private, "
#define TAIL_39(p) "M PG" p ".flags, W PG" p "._count, W PG" p ".private, "
/* 0.4: destructor and order in the lru of page 1, then the marks, first_page in private; 3.9 also
 * sets _count of the tails. */
#define COMPOUND(TAIL) \
	"W PG0.private, W PG0._count, W PG1.lru, W PG1.lru, M PG0.flags, " \
	TAIL("1") TAIL("2") TAIL("3")

static void each_tail_of_a_compound_page_is_written(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		const char *expected = kernel == KERNEL_3_9 ? COMPOUND(TAIL_39) : COMPOUND(TAIL_26);
		struct fixture *f = pcp_new(kernel, 1);
		struct stores stores = { .f = f };
		size_t length;

		sim_observe(f->sim, note_stores, &stores);
		thread_start(f->sim, 0, compound_thread, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		length = strlen(stores.text);
		assert_true(length > strlen(expected));
		assert_string_equal(stores.text + length - strlen(expected), expected);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- the order of 3.9's drain, 2.3 and 11.3 ----------------------------- */

struct rounds {
	struct fixture *f;
	char text[100];
};

/* u, r, m: the list of a type is looked at for pages; U, R, M: a page of that type goes. */
static void trace_rounds(void *to, const struct access *a)
{
	struct rounds *rounds = to;
	struct fixture *f = rounds->f;
	struct per_cpu_pageset *pageset = pageset_of(f, 0);
	uint64_t pfn = page_to_pfn(f->memory, (const struct page *)a->address);
	size_t at = strlen(rounds->text);

	if (!f->recording || a->write || pages_zone(f, 0)->lock->owner == pages_zone(f, 0)->lock->next)
		return;
	for (unsigned type = 0; type < PCP_TYPES; type++)
		if (a->address == (const void *)&pageset->lists[type].next)
			rounds->text[at] = "urm"[type];
	if (pfn < f->memory->pages &&
	    a->address == (const void *)page_index(f->memory, pfn_to_page(f->memory, pfn)))
		rounds->text[at] = "URM"[*page_index(f->memory, pfn_to_page(f->memory, pfn))];
}

static const struct { const char *types, *rounds; } round_rows[] = {
	/* round 1 finds no RECLAIMABLE, round 2 MOVABLE: 2 pages; then 3 in one: the rest */
	{ "m", "rmMmMurmMmM" },
	{ "u", "rmuUuUuUuU" },          /* the third: all 4 at once */
	{ "r", "rRmurRrRrR" },          /* 1, then the rest */
	{ "urm", "rRmMuUrR" },          /* one of each in turn */
	{ "um", "rmMmMuUrmM" },         /* 2 MOVABLE, 1 UNMOVABLE, ... */
};

static unsigned gfp_of(char type)
{
	return type == 'u' ? GFP_KERNEL : type == 'm' ? GFP_MOVABLE : GFP_RECLAIMABLE;
}

/* 8 pages on the list of each type that is in `types`: two refills of 4, of which 5 came back. Then
 * one more goes and comes, which drains 4. */
static void rounds_thread(struct cpu *cpu, void *argument)
{
	struct rounds *rounds = argument;
	struct fixture *f = rounds->f;
	const char *types = round_rows[f->left].types;
	struct page *page[5];

	pageset_of(f, 0)->high = 100;
	for (const char *type = types; *type; type++) {
		for (unsigned i = 0; i < 5; i++)
			page[i] = pages_take(cpu, f, 0, gfp_of(*type));
		for (unsigned i = 0; i < 5; i++)
			pages_give(cpu, f, page[i], 0);
	}
	pageset_of(f, 0)->high = pageset_of(f, 0)->count;
	page[0] = pages_take(cpu, f, 0, gfp_of(*types));
	f->recording = true;
	pages_give(cpu, f, page[0], 0);
	f->recording = false;
}

static void a_drain_takes_from_the_lists_in_rounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(round_rows); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp", .kernel = KERNEL_3_9, .batch = 4,
			.mib = 16 });
		struct rounds rounds = { .f = f };

		f->left = i;
		sim_observe(f->sim, trace_rounds, &rounds);
		thread_start(f->sim, 0, rounds_thread, &rounds);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_string_equal(rounds.text, round_rows[i].rounds);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- cold pages -------------------------------------------------------- */

static void cold_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	uint64_t pfn[4];

	for (unsigned i = 0; i < 4; i++) {
		unsigned gfp = i % 2 ? GFP_MOVABLE : GFP_MOVABLE | GFP_COLD;

		pfn[i] = page_to_pfn(f->memory, pages_take(cpu, f, 0, gfp));
	}
	f->left = pfn[0] << 48 | pfn[1] << 32 | pfn[2] << 16 | pfn[3];
}

/*
 * Batch 8, cold 4. Until 2.6.24 a list of its own: cold takes 0..3, hot 4..11. 3.9, 2.2: a refill
 * for a cold request inserts each page before the one before it, 7..0; the cold taker gets the
 * tail, 0, 1; the hot one the head, 7, 6.
 */
static void cold_pages_come_from_their_list_or_the_tail(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = pcp_new(kernel, 8);

		thread_start(f->sim, 0, cold_thread, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		if (kernel == KERNEL_3_9)
			assert_int_equal(f->left, 0ull << 48 | 7ull << 32 | 1 << 16 | 6);
		else
			assert_int_equal(f->left, 0ull << 48 | 4ull << 32 | 1 << 16 | 5);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- migratetypes of 2.6.24, 2.7 ----------------------------------------- */

static uint64_t type_word(const struct fixture *f)
{
	char *arena = (char *)f->turn - sim_offset(f->sim, f->turn), text[100];

	for (size_t at = 4096; at < f->arena_bytes; at += LINE) {
		sim_describe(f->sim, arena + at, text, sizeof text);
		if (strcmp(text, "pageblock_flags.word") == 0)
			return *(uint64_t *)(arena + at);
	}
	fail_msg("no types of pageblocks");
	return 0;
}

/* The first UNMOVABLE page steals the block of order 10. 2.6.24: the rule of 256 pages retypes the
 * pageblock of its head, MOVABLE 2 to 0; an explicit retype is for order 9 alone. 3.9: both. */
static void a_stolen_block_of_order_10_is_retyped_in_part_by_2624(void **state)
{
	(void)state;
	for (enum kernel kernel = KERNEL_2_6_24; kernel <= KERNEL_3_9; kernel++) {
		struct fixture *f = pcp_new(kernel, 1);

		fixture_run(f, "0ka0");
		assert_int_equal(type_word(f), kernel == KERNEL_3_9 ? 0x00 : 0x20);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

static void steal_small(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	for (const char *order = "9876543"; *order; order++)
		pages_take(cpu, f, (unsigned)(*order - '0'), GFP_MOVABLE);
	f->slot['a'] = pages_take(cpu, f, 0, GFP_KERNEL);
}

/* Of 1024 pages 0..1015 are taken; the block 1016 of order 3 is left, below 4: nothing else moves.
 * Page 1016 goes, halves 1020, 1018, 1017: on MOVABLE lists in 2.6.24, on UNMOVABLE ones in 3.9. */
static void halves_of_a_small_stolen_block_keep_their_type_in_2624(void **state)
{
	(void)state;
	for (enum kernel kernel = KERNEL_2_6_24; kernel <= KERNEL_3_9; kernel++) {
		struct fixture *f = pcp_new(kernel, 1);
		unsigned type = kernel == KERNEL_3_9 ? UNMOVABLE : MOVABLE;

		pages_no_watermarks(f);
		thread_start(f->sim, 0, steal_small, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(page_to_pfn(f->memory, f->slot['a']), 1016);
		for (unsigned order = 0; order < 3; order++)
			assert_int_equal(pages_pfn(f, free_list(pages_zone(f, 0), order, type)->next),
					 1016 + (1 << order));
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* RESERVE: ceil(pages_min / 512) pageblocks in 2.6.24, at most 2 in 3.9. 256 MiB: MIN is isqrt(16 *
 * 262144) = 2048 KiB = 512 pages: 1. 1024 MiB: 4096 KiB = 1024 pages: 2; 4096 MiB: 4: 0x3333. */
static void old_kernels_reserve_as_much_as_the_watermark(void **state)
{
	(void)state;
	for (enum kernel kernel = KERNEL_2_6_24; kernel <= KERNEL_3_9; kernel++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp", .kernel = kernel, .mib = 4096,
			.reserve_blocks = 1024 });
		const struct zone *zone = pages_zone(f, 0);
		unsigned blocks = 0;

		for (struct list_head *l = free_list(zone, 10, RESERVE)->next;
		     l != free_list(zone, 10, RESERVE); l = l->next)
			blocks++;
		assert_int_equal(blocks, kernel == KERNEL_3_9 ? 1 : 2);
		fixture_free(f);
	}
}

/* ---- differences and ageing, 0.7 and 2.4 -------------------------------- */

static void ticks(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct zone *foreign = pages_zone(f, 1);
	struct per_cpu_pageset *mine = zone_pageset_of(foreign, 0);
	struct page *page[6];

	if (cpu_id(cpu) == 1) {
		for (unsigned i = 0; i < 6; i++)
			f->slot['a' + i] = pages_take(cpu, f, 0, GFP_MOVABLE);
		store(cpu, f->turn, 1);
		return;
	}
	pages_wait_for_turn(cpu, f, 1);
	for (unsigned i = 0; i < 6; i++) {
		page[i] = f->slot['a' + i];
		assert_int_equal(pfn_to_node(f->memory, page_to_pfn(f->memory, page[i])), 1);
		pages_give(cpu, f, page[i], 0);
	}
	for (unsigned second = 0; second < 4; second++) {
		f->slot[second] = (void *)(intptr_t)(foreign->all->kernel == KERNEL_3_9
							     ? mine->count
							     : mine->pcp[0].count);
		f->page_model->tick(cpu, f->page_state);
	}
}

/*
 * CPU 0 has freed six pages of node 1: at 6 a batch of 1 went back, a difference of 1 that the
 * first tick folds, so expire is 3, less 1; the second makes it 1, the third 0 and a batch goes: 5,
 * 5, 5 pages before the first three ticks, 4 before the fourth.
 */
static void foreign_pages_go_home_after_three_seconds(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp", .kernel = kernel, .batch = 1,
			.nodes = 2, .placement = PLACEMENT_SCATTER, .mib = 8 });

		thread_start(f->sim, 0, ticks, f);
		thread_start(f->sim, 1, ticks, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		for (unsigned second = 0; second < 4; second++)
			assert_int_equal((intptr_t)f->slot[second], second < 3 ? 5 : 4);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

static void tick_once(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	for (unsigned i = 0; i < 3; i++)
		f->slot['a' + i] = pages_take(cpu, f, 0, GFP_MOVABLE);
	f->page_model->tick(cpu, f->page_state);
}

/* Three pages taken by refills of 3: the difference of -3, of NUMA_HIT and NUMA_LOCAL +3, go to the
 * zone; the local zone is never drained. */
static void a_tick_folds_every_difference(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = pcp_new(kernel, 3);
		const struct zone *zone = pages_zone(f, 0);
		const unsigned *item = zone->all->rules->item;

		thread_start(f->sim, 0, tick_once, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(zone->vm_stat[item[ITEM_FREE_PAGES]], 1021);
		assert_int_equal(zone->vm_stat[item[ITEM_NUMA_HIT]], 3);
		assert_int_equal(zone->vm_stat[item[ITEM_NUMA_LOCAL]], 3);
		for (unsigned i = 0; i < zone->all->rules->stats; i++)
			assert_int_equal(pageset_of(f, 0)->vm_stat_diff[i], 0);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

struct folds {
	struct fixture *f;
	char text[400];
	bool seen;
};

static void name_folds(void *to, const struct access *a)
{
	struct folds *folds = to;
	const struct one_access named = { .how = 'A', .address = a->address };
	size_t at = strlen(folds->text);
	char name[120];

	if (!folds->seen || !a->locked)
		return;
	pages_name_access(folds->f, &named, name, sizeof name);
	snprintf(folds->text + at, sizeof folds->text - at, "%s, ", name);
}

static void folds_thread(struct cpu *cpu, void *argument)
{
	struct folds *folds = argument;

	for (unsigned i = 0; i < 3; i++)
		pages_take(cpu, folds->f, 0, GFP_MOVABLE);
	folds->seen = true;
	folds->f->page_model->tick(cpu, folds->f->page_state);
	folds->f->page_model->tick(cpu, folds->f->page_state);          /* nothing is left */
}

/* 0.7: each difference that is not 0 goes to two shared words, the zone's and that of all zones. */
static void a_tick_writes_the_shared_counters(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = pcp_new(kernel, 3);
		struct folds folds = { f };

		sim_observe(f->sim, name_folds, &folds);
		thread_start(f->sim, 0, folds_thread, &folds);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_string_equal(folds.text,
				    "A Z.vm_stat[NR_FREE_PAGES], A vm_stat.item[NR_FREE_PAGES], "
				    "A Z.vm_stat[NUMA_HIT], A vm_stat.item[NUMA_HIT], "
				    "A Z.vm_stat[NUMA_LOCAL], A vm_stat.item[NUMA_LOCAL], ");
		fixture_free(f);
	}
}

/* ---- draining all, 2.4 --------------------------------------------------- */

/* CPU 1 keeps pages and stays; CPU 2 keeps pages and is over; CPU 3 has none and stays. */
static void drain_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	unsigned id = cpu_id(cpu);

	if (id < 3) {
		struct page *page;

		pages_wait_for_turn(cpu, f, id);
		page = pages_take(cpu, f, 0, GFP_MOVABLE);
		pages_give(cpu, f, page, 0);
		store(cpu, f->turn, id + 1);
	}
	if (id == 2)
		return;
	if (id == 0) {
		pages_wait_for_turn(cpu, f, 3);
		compute_cycles(cpu, 10000);     /* CPU 2 is over by then */
		f->page_model->drain_all(cpu, f->page_state);
		store(cpu, f->turn, 4);
	}
	pages_wait_for_turn(cpu, f, 4);
}

/* All four lists are empty and the block is whole. 3.9 calls only those with pages; CPU 2's thread
 * is over, but the kernel's idle loop would answer, so it is called: 2 of 3. */
static void draining_all_empties_every_list(void **state)
{
	char text[300];

	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp", .kernel = kernel, .batch = 4,
			.cpus = 4 });
		struct result *result;

		for (unsigned id = 0; id < 4; id++)
			thread_start(f->sim, id, drain_thread, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		for (unsigned id = 0; id < 4; id++)
			assert_int_equal(count_of(f, id), 0);
		pages_free_lists(f, MOVABLE, text, sizeof text);
		assert_string_equal(text, "o10[0]");
		result = sim_result(f->sim);
		assert_int_equal(result->total.ipis, kernel == KERNEL_3_9 ? 2 : 3);
		result_free(result);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

static void both_drain(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	for (unsigned i = 0; i < 20; i++) {
		struct page *page = pages_take(cpu, f, 0, GFP_MOVABLE);

		pages_give(cpu, f, page, 0);
		f->page_model->drain_all(cpu, f->page_state);
	}
}

static void two_that_drain_do_not_wait_for_each_other_for_ever(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = pcp_new(kernel, 4);

		thread_start(f->sim, 0, both_drain, f);
		thread_start(f->sim, 1, both_drain, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(f->page_model->free_pages(f->page_state), 1024);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- exhaustion, 2.5 ----------------------------------------------------- */

static void hoard(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page;

	if (cpu_id(cpu) == 1) {
		page = pages_take(cpu, f, 0, GFP_MOVABLE);
		pages_give(cpu, f, page, 0);
		store(cpu, f->turn, 1);
		pages_wait_for_turn(cpu, f, 2);
		return;
	}
	pages_wait_for_turn(cpu, f, 1);
	for (f->left = 0; pages_take(cpu, f, 0, GFP_MOVABLE); f->left++)
		;
	store(cpu, f->turn, 2);
}

/* CPU 1 keeps 31 of the 1024 pages. 3.9 has them drained and hands them out too, 2.6.22 does not,
 * and 2.6.24 only for larger blocks. */
static void pages_of_other_cpus_are_drained_before_memory_is_out(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = pcp_new(kernel, 31);

		pages_no_watermarks(f);
		thread_start(f->sim, 0, hoard, f);
		thread_start(f->sim, 1, hoard, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_in_range(f->left, kernel == KERNEL_3_9 ? 994 : 900,
				kernel == KERNEL_3_9 ? 1024 : 993);
		assert_int_equal(count_of(f, 1), kernel == KERNEL_3_9 ? 0 : 31);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- under SLUB ---------------------------------------------------------- */

static void slab_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	for (unsigned i = 0; i < 17; i++) {
		op_begin(cpu, OP_ALLOC);
		f->slot[i] = f->objects.model->alloc(cpu, f->slub, f->cache, GFP_KERNEL);
		op_end(cpu, 0, 0);
	}
	for (unsigned i = 0; i < 9; i++) {
		op_begin(cpu, OP_FREE);
		f->objects.model->free(cpu, f->slub, f->cache, f->slot[i]);
		op_end(cpu, 0, 0);
	}
}

/* slab.md 0.7: 17 objects of 1024 bytes make 5 slabs; 9 frees empty 2 of them, which go back: the
 * zone's counter and the CPU's difference say 3. */
static void slabs_are_counted_in_their_zone(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = ERA_2624, .pages = "pcp", .kernel = kernel });
		const struct zone *zone = pages_zone(f, 0);
		unsigned number = zone->all->rules->item[ITEM_SLAB_UNRECLAIMABLE];

		thread_start(f->sim, 0, slab_thread, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(fixture_get(f, "ND.nr_slabs"), 3);
		assert_int_equal(zone->vm_stat[number] + pageset_of(f, 0)->vm_stat_diff[number], 3);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- check() finds damage ------------------------------------------------ */

static void damage_count(struct fixture *f)
{
	if (pages_zone(f, 0)->all->kernel == KERNEL_3_9)
		pageset_of(f, 0)->count++;
	else
		pageset_of(f, 0)->pcp[0].count++;
}

static void damage_back_pointer(struct fixture *f)
{
	list_of(f, 0)->prev = list_of(f, 0)->next;
}

static void damage_off_list(struct fixture *f)
{
	list_of(f, 0)->next = (struct list_head *)f->turn;
}

static void damage_referenced(struct fixture *f)
{
	*page_count(f->memory, lru_page(f->memory, list_of(f, 0)->next)) = 1;
}

/* CPU 1's list gets CPU 0's first page. */
static void damage_two_lists(struct fixture *f)
{
	struct list_head *head = list_of(f, 1);

	head->next = head->prev = list_of(f, 0)->next;
	head->next->prev = head;
}

static void damage_free_block(struct fixture *f)
{
	struct list_head *head = list_of(f, 1), *block = free_list(pages_zone(f, 0), 9, MOVABLE)->next;

	head->next = head->prev = block;
	block->prev = head;
	block->next = head;
}

static void damage_free_count(struct fixture *f)
{
	pages_zone(f, 0)->vm_stat[0]++;
}

static void damage_mark(struct fixture *f)
{
	struct page *page = lru_page(f->memory, list_of(f, 0)->next);

	if (pages_zone(f, 0)->all->rules->buddy_in_flags)
		*page_flags(f->memory, page) |= 1ull << PG_BUDDY;
	else
		*page_mapcount(f->memory, page) = PAGE_BUDDY;
}

static void damage_lock(struct fixture *f)
{
	pages_zone(f, 0)->lock->slock = 0x10000;
	if (pages_zone(f, 0)->all->lock == LOCK_DEC)
		pages_zone(f, 0)->lock->slock = 0;
}

/* The list has 3 pages and may have less than high + 4, with migratetypes high + 3 * 4. */
static void damage_high(struct fixture *f)
{
	if (pages_zone(f, 0)->all->kernel == KERNEL_3_9)
		pageset_of(f, 0)->high = -9;
	else
		pageset_of(f, 0)->pcp[0].high = pages_zone(f, 0)->all->rules->types > 1 ? -9 : -1;
}

static const struct {
	const char *name;
	void (*damage)(struct fixture *f);
	const char *reason;
} damages[] = {
	{ "count", damage_count, "CPU 0 counts 4 pages, its lists have 3" },
	{ "a list broken", damage_back_pointer, "a list of CPU 0 is broken" },
	{ "a list into nowhere", damage_off_list, "a list of CPU 0 is broken" },
	{ "a page referenced", damage_referenced, "on a list of CPU 0 and referenced" },
	{ "a page on two lists", damage_two_lists, "a list of CPU 0 is broken" },
	{ "a free block on a list", damage_free_block, "does not point back" },
	{ "NR_FREE_PAGES", damage_free_count, "NR_FREE_PAGES 1021, the lists have 1020" },
	{ "a page marked free", damage_mark, "is marked free and on no list" },
	{ "the zone lock held", damage_lock, "the zone lock is held" },
	{ "more than high", damage_high, "more than it may" },
};

static void check_finds_each_damage(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		for (size_t i = 0; i < COUNT(damages); i++) {
			struct fixture *f = pcp_new(kernel, 4);

			fixture_run(f, "0pa0");         /* leaves 1, 2, 3 */
			fixture_expect_sound(f);
			damages[i].damage(f);
			print_message("kernel %d: %s\n", kernel, damages[i].name);
			fixture_expect_unsound(f, damages[i].reason);
			fixture_free(f);
		}
	}
}

/* 3.9: a page of one type on the list of another. */
static void check_finds_pages_on_wrong_lists(void **state)
{
	struct fixture *f = pcp_new(KERNEL_3_9, 4);

	(void)state;
	fixture_run(f, "0pa0");
	*page_index(f->memory, lru_page(f->memory, list_of(f, 0)->next)) = UNMOVABLE;
	fixture_expect_unsound(f, "of type 0 is on CPU 0's list of type 2");
	fixture_free(f);
}

/* 2.6.24: the list is one for all types, which the pages themselves name. */
static void check_finds_pages_without_a_type(void **state)
{
	struct fixture *f = pcp_new(KERNEL_2_6_24, 4);
	struct page *page;

	(void)state;
	fixture_run(f, "0pa0");
	page = lru_page(f->memory, list_of(f, 0)->next);
	assert_int_equal(*page_private(f->memory, page), MOVABLE);
	*page_private(f->memory, page) = ISOLATE;
	fixture_expect_unsound(f, "is on a list of CPU 0 without a type");
	fixture_free(f);
}

/* CPU 0's lists of the two nodes change places, counts and all. */
static void check_finds_pages_of_another_node(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "pcp", .kernel = kernel, .batch = 4,
			.nodes = 2, .mib = 8 });
		struct per_cpu_pageset *here = zone_pageset_of(pages_zone(f, 0), 0);
		struct per_cpu_pageset *there = zone_pageset_of(pages_zone(f, 1), 0);
		struct list_head *from = list_of(f, 0), *to;

		fixture_run(f, "0pa0");
		fixture_expect_sound(f);
		to = (struct list_head *)((char *)there + ((char *)from - (char *)here));
		*to = *from;
		to->next->prev = to->prev->next = to;
		from->next = from->prev = from;
		if (kernel == KERNEL_3_9)
			there->count = here->count, here->count = 0;
		else
			there->pcp[0].count = here->pcp[0].count, here->pcp[0].count = 0;
		fixture_expect_unsound(f, "is on a list of CPU 0 for another zone");
		fixture_free(f);
	}
}

/* ---- random traffic ------------------------------------------------------ */

static void random_thread(struct cpu *cpu, void *argument)
{
	static const unsigned gfps[] = {
		GFP_KERNEL, GFP_MOVABLE, GFP_RECLAIMABLE | GFP_ATOMIC, GFP_MOVABLE | GFP_COLD,
		GFP_KERNEL | GFP_COMP,
	};
	struct fixture *f = argument;
	struct { struct page *page; unsigned order; } held[40] = { { NULL, 0 } };

	for (unsigned i = 0; i < 600; i++) {
		unsigned k = (unsigned)random_below(cpu, COUNT(held));

		if (held[k].page) {
			pages_give(cpu, f, held[k].page, held[k].order);
			held[k].page = NULL;
			continue;
		}
		held[k].order = random_below(cpu, 4) ? 0 : (unsigned)random_below(cpu, 6);
		held[k].page = pages_take(cpu, f, held[k].order,
					  gfps[random_below(cpu, COUNT(gfps))]);
		if (random_below(cpu, 100) == 0)
			f->page_model->tick(cpu, f->page_state);
		if (random_below(cpu, 200) == 0)
			f->page_model->drain_all(cpu, f->page_state);
	}
	for (unsigned k = 0; k < COUNT(held); k++)
		if (held[k].page)
			pages_give(cpu, f, held[k].page, held[k].order);
}

/* From interrupts too, where nothing may wait. */
static void timer(struct cpu *cpu, void *argument)
{
	struct page *page = pages_take(cpu, argument, 0, GFP_ATOMIC);

	if (page)
		pages_give(cpu, argument, page, 0);
}

static void random_traffic_keeps_the_invariants(void **state)
{
	(void)state;
	EACH_KERNEL(kernel) {
		for (unsigned i = 0; i < 4; i++) {
			struct fixture *f = fixture_new(&(struct fixture_options){
				.pages_only = true, .pages = "pcp", .kernel = kernel, .cpus = 4,
				.mib = 16, .nodes = 1 + i / 2, .stride = i % 2 ? LINE : 0,
				.batch = i % 2 ? 7 : 0, .placement = PLACEMENT_SCATTER,
				.reserve_blocks = 2, .preempt = i == 3 });

			for (unsigned id = 0; id < 4; id++) {
				thread_start(f->sim, id, random_thread, f);
				timer_add(f->sim, id, 5000 + 97 * id, 50000, timer, f);
			}
			assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
			assert_int_equal(f->page_model->free_pages(f->page_state),
					 f->memory->pages);
			fixture_expect_sound(f);
			fixture_free(f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_cpus_in_turn_get_runs_of_neighbours),
		cmocka_unit_test(pages_are_handed_out_ascending_and_kept_last_freed_first),
		cmocka_unit_test(the_186th_free_drains_the_31_oldest),
		cmocka_unit_test(the_zone_lock_is_visited_as_often_as_in_the_table),
		cmocka_unit_test(old_kernels_put_free_blocks_at_the_head),
		cmocka_unit_test(a_list_may_pass_high_by_a_batch_for_each_type),
		cmocka_unit_test(batch_and_high_come_from_the_size_of_the_zone),
		cmocka_unit_test(members_lie_where_the_sheet_has_them),
		cmocka_unit_test(a_kernel_for_more_cpus_keeps_pointers_from_the_lock),
		cmocka_unit_test(each_path_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(the_list_is_walked_for_a_page_of_the_type),
		cmocka_unit_test(each_tail_of_a_compound_page_is_written),
		cmocka_unit_test(a_drain_takes_from_the_lists_in_rounds),
		cmocka_unit_test(cold_pages_come_from_their_list_or_the_tail),
		cmocka_unit_test(a_stolen_block_of_order_10_is_retyped_in_part_by_2624),
		cmocka_unit_test(halves_of_a_small_stolen_block_keep_their_type_in_2624),
		cmocka_unit_test(old_kernels_reserve_as_much_as_the_watermark),
		cmocka_unit_test(foreign_pages_go_home_after_three_seconds),
		cmocka_unit_test(a_tick_folds_every_difference),
		cmocka_unit_test(a_tick_writes_the_shared_counters),
		cmocka_unit_test(draining_all_empties_every_list),
		cmocka_unit_test(two_that_drain_do_not_wait_for_each_other_for_ever),
		cmocka_unit_test(pages_of_other_cpus_are_drained_before_memory_is_out),
		cmocka_unit_test(slabs_are_counted_in_their_zone),
		cmocka_unit_test(check_finds_each_damage),
		cmocka_unit_test(check_finds_pages_on_wrong_lists),
		cmocka_unit_test(check_finds_pages_without_a_type),
		cmocka_unit_test(check_finds_pages_of_another_node),
		cmocka_unit_test(random_traffic_keeps_the_invariants),
	};

	return cmocka_run_group_tests_name("pcp", tests, NULL, NULL);
}
