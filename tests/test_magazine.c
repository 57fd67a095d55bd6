/*
 * magazine: the sheet's test vectors, the accesses of each path in their order, the three rules for
 * locks, contention, offsets, magazines of processes, and the invariants. Numbers such as 3.4 are
 * the sheet's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/pages/magazine.h"
#include "tests/pages_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct magazine_settings as_posted = {
	.variant = LAYOUT_POSTED, .magazines = 2, .limit = 1024, .refill_min = 16,
	.refill_max = 384, .drain_min = 16, .drain_max = 64,
};

/* mib 0: 4, one free block of order 10; cpus 0: 2. */
static struct fixture *magazine_new(const struct magazine_settings *set, unsigned cpus,
				    uint64_t mib)
{
	return fixture_new(&(struct fixture_options){
		.pages_only = true, .pages = "magazine", .page_settings = set, .cpus = cpus,
		.mib = mib, .view = &page_view_aligned_64 });
}

static struct free_magazine *mag(const struct fixture *f, unsigned i)
{
	return pages_zone(f, 0)->magazine[i];
}

static void run(struct fixture *f, unsigned cpus, thread_function *thread, void *argument)
{
	for (unsigned id = 0; id < cpus; id++)
		thread_start(f->sim, id, thread, argument);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
}

struct locks {
	struct fixture *f;
	unsigned zone, magazine;        /* taken, or tried for with LOCK */
};

static void count_locks(void *to, const struct access *a)
{
	struct locks *locks = to;

	locks->zone += a->locked && a->address == (const void *)pages_zone(locks->f, 0)->lock;
	for (unsigned i = 0; i < pages_zone(locks->f, 0)->all->magazines; i++)
		locks->magazine += a->locked && a->address == (const void *)mag(locks->f, i);
}

/* ---- 11.2: takings of zone->lock, N + 1 pages taken, then freed, again and again --------- */

static const struct { unsigned n, refills, drains; uint64_t resident; } visits[] = {
	{ 1, 0, 0, 384 }, { 64, 0, 0, 384 }, { 128, 0, 0, 384 }, { 256, 0, 0, 384 },
	{ 512, 0, 0, 768 }, { 1024, 1, 6, 960 }, { 4096, 9, 54, 960 }, { 16384, 41, 246, 960 },
};

static void take_and_free(struct cpu *cpu, void *argument)
{
	static struct page *page[16385];
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	unsigned n = visits[f->left].n;

	for (unsigned round = 0; round < 4; round++) {
		unsigned before = locks->zone;

		for (unsigned i = 0; i <= n; i++)
			page[i] = pages_take(cpu, f, 0, GFP_KERNEL);
		if (round)
			assert_int_equal(locks->zone - before, visits[f->left].refills);
		before = locks->zone;
		for (unsigned i = 0; i <= n; i++)
			pages_give(cpu, f, page[i], 0);
		if (round)
			assert_int_equal(locks->zone - before, visits[f->left].drains);
		if (round)
			assert_int_equal(mag(f, 0)->nr_free, visits[f->left].resident);
	}
}

static void the_zone_lock_is_visited_as_often_as_in_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(visits); i++) {
		struct fixture *f = magazine_new(&as_posted, 1, 128);
		struct locks locks = { .f = f };

		f->left = i;
		sim_observe(f->sim, count_locks, &locks);
		run(f, 1, take_and_free, &locks);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- 3.4, 3.5: order of pages ------------------------------------------------------------ */

/* Note (b): pages come out of the magazine in descending order, the last obtained first. */
static void descending(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page[10];

	for (unsigned i = 0; i < 10; i++) {
		page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
		assert_int_equal(page_to_pfn(f->memory, page[i]), 383 - i);
	}
	for (unsigned i = 0; i < 10; i++)
		pages_give(cpu, f, page[i], 0);
	assert_ptr_equal(pages_take(cpu, f, 0, GFP_MOVABLE), page[9]);
}

static void pages_come_out_descending_and_last_freed_first(void **state)
{
	struct fixture *f = magazine_new(&as_posted, 1, 0);

	(void)state;
	run(f, 1, descending, f);
	assert_int_equal(mag(f, 0)->nr_free, 383);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* 11.1: with interrupts off, so straight to the buddy lists, pages 0..4 are taken; frees of 1, 0 and
 * 2 give o0[2,5]: at the head, where 3.9 looks ahead and puts 2 at the tail. */
static void no_look_ahead(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page[5];
	char text[300];

	irq_disable(cpu);
	for (unsigned i = 0; i < 5; i++) {
		page[i] = pages_take(cpu, f, 0, GFP_MOVABLE | GFP_ATOMIC);
		assert_int_equal(page_to_pfn(f->memory, page[i]), i);
	}
	pages_give(cpu, f, page[1], 0);
	pages_give(cpu, f, page[0], 0);
	pages_give(cpu, f, page[2], 0);
	irq_enable(cpu);
	pages_free_lists(f, MOVABLE, text, sizeof text);
	assert_string_equal(text, "o0[2,5] o1[0,6] o3[8] o4[16] o5[32] o6[64] o7[128] o8[256] "
				  "o9[512]");
}

static void with_interrupts_off_the_buddy_lists_serve(void **state)
{
	struct fixture *f = magazine_new(&as_posted, 1, 0);
	struct locks locks = { .f = f };

	(void)state;
	sim_observe(f->sim, count_locks, &locks);
	run(f, 1, no_look_ahead, f);
	assert_int_equal(locks.magazine, 0);
	assert_int_equal(locks.zone, 8);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* A request that may sleep uses the magazines whatever the interrupts: "gfp has __GFP_WAIT, or not
 * (in_interrupt or irqs disabled)". An interrupt's free does not. */
static void from_a_handler(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	struct page *page = pages_take(cpu, f, 0, GFP_MOVABLE | GFP_ATOMIC);

	pages_give(cpu, f, page, 0);
	assert_int_equal(locks->magazine, 0);
	assert_int_equal(locks->zone, 2);
	f->left = 1;
}

static void idles(struct cpu *cpu, void *argument)
{
	(void)argument;
	compute_cycles(cpu, 50000);
}

static void interrupts_never_wait_for_a_magazine(void **state)
{
	struct fixture *f = magazine_new(&as_posted, 1, 0);
	struct locks locks = { .f = f };

	(void)state;
	sim_observe(f->sim, count_locks, &locks);
	timer_add(f->sim, 0, 1000, 0, from_a_handler, &locks);
	run(f, 1, idles, f);
	assert_int_equal(f->left, 1);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- 11.6 -------------------------------------------------------------------------------- */

static void wrong_type(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	struct page *page = pages_take(cpu, f, 0, GFP_KERNEL);

	pages_give(cpu, f, page, 0);
	assert_int_equal(mag(f, 0)->nr_free, 384);
	locks->zone = locks->magazine = 0;
	pages_take(cpu, f, 0, GFP_MOVABLE);
}

/* "Magazine 0 holds 384 UNMOVABLE pages ... locked acquisitions: magazine 2, zone 1." */
static void a_magazine_of_another_type_does_not_help(void **state)
{
	struct fixture *f = magazine_new(&as_posted, 1, 16);
	struct locks locks = { .f = f };

	(void)state;
	sim_observe(f->sim, count_locks, &locks);
	run(f, 1, wrong_type, &locks);
	assert_int_equal(locks.magazine, 2);
	assert_int_equal(locks.zone, 1);
	assert_int_equal(mag(f, 0)->nr_free, 767);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- 11.3: how a drain goes through the lists -------------------------------------------- */

struct chunks {
	struct fixture *f;
	unsigned collected;
	bool collecting;
	char text[200];
};

/* Pages collected when somebody is looked for who waits for the magazine. */
static void note_chunks(void *to, const struct access *a)
{
	struct chunks *c = to;
	const struct zone *zone = pages_zone(c->f, 0);
	size_t at = strlen(c->text);

	if (!c->collecting)
		return;
	c->collected += a->address == (const void *)zone->isolation_active;
	if (a->address == (const void *)mag(c->f, 0) && a->read && !a->write)
		snprintf(c->text + at, sizeof c->text - at, "%u ", c->collected);
}

static const struct {
	const char *types;              /* of 500 pages each */
	bool group;
	const char *chunks;             /* ends of rounds beyond the 16th page */
} chunk_rows[] = {
	{ "m", false, "32 48 64 " },            /* 16, 16, 16, 16 */
	{ "u", false, "32 48 64 " },
	{ "m", true, "18 34 50 64 " },          /* 2, 16, 16, 16, 14 */
	{ "u", true, "32 48 64 " },             /* UNMOVABLE is skipped to last: 16 at once */
	/* RECLAIMABLE empty: 2 MOVABLE, 1 UNMOVABLE, ... from the one after MOVABLE on: 1, 2, 1, 2:
	 * ends at 1, 3, 4, 6, ..., 16, 18, 19, 21, 22, ... 64 */
	{ "mu", false,
	  "18 19 21 22 24 25 27 28 30 31 33 34 36 37 39 40 42 43 45 46 48 49 51 52 54 55 57 58 60 "
	  "61 63 64 " },
};

static unsigned gfp_of(char type)
{
	return type == 'u' ? GFP_KERNEL : type == 'm' ? GFP_MOVABLE : GFP_RECLAIMABLE;
}

static void drains_once(struct cpu *cpu, void *argument)
{
	static struct page *page[2][512];
	struct chunks *c = argument;
	struct fixture *f = c->f;
	const char *types = chunk_rows[f->left].types;
	unsigned each = strlen(types) == 1 ? 400 : 200;

	for (unsigned t = 0; types[t]; t++)
		for (unsigned i = 0; i < each; i++)
			page[t][i] = pages_take(cpu, f, 0, gfp_of(types[t]));
	for (unsigned t = 0; types[t]; t++)
		for (unsigned i = 1; i < each; i++)
			pages_give(cpu, f, page[t][i], 0);
	((struct magazines *)f->page_state)->set.limit = mag(f, 0)->nr_free + 1;
	c->collecting = true;
	if (chunk_rows[f->left].group)
		pages_give_group(cpu, f, &page[0][0], 1);
	else
		pages_give(cpu, f, page[0][0], 0);
	c->collecting = false;
	assert_int_equal(c->collected, 64);
}

static void a_drain_goes_through_the_lists_in_rounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(chunk_rows); i++) {
		struct fixture *f = magazine_new(&as_posted, 1, 32);
		struct chunks chunks = { .f = f };

		f->left = i;
		sim_observe(f->sim, note_chunks, &chunks);
		run(f, 1, drains_once, &chunks);
		assert_string_equal(chunks.text, chunk_rows[i].chunks);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- contention -------------------------------------------------------------------------- */

/* Takes a lock when it sees that the other has it, and lets it go. */
struct waiter {
	struct fixture *f;
	struct spinlock *lock;
	bool group;
};

static void waits_for(struct cpu *cpu, struct waiter *w)
{
	spin_while(cpu, &w->lock->next, value == 0, STEP_PAUSE);
	spin_lock(cpu, w->lock, LOCK_TICKET);
	spin_unlock(cpu, w->lock, LOCK_TICKET);
}

static void refill_thread(struct cpu *cpu, void *argument)
{
	struct waiter *w = argument;

	if (cpu_id(cpu) == 1)
		waits_for(cpu, w);
	else
		pages_take(cpu, w->f, 0, GFP_MOVABLE);
}

/* 3.4: "if n > 16 and is_contended(zone->lock) break": 17 pages, of which one is taken. */
static void a_refill_ends_early_for_who_waits(void **state)
{
	struct fixture *f = magazine_new(&as_posted, 2, 0);
	struct waiter w = { f, pages_zone(f, 0)->lock, false };

	(void)state;
	run(f, 2, refill_thread, &w);
	assert_int_equal(mag(f, 0)->nr_free, 16);
	fixture_expect_sound(f);
	fixture_free(f);
}

static void drain_thread(struct cpu *cpu, void *argument)
{
	static struct page *page[200];
	struct waiter *w = argument;
	struct fixture *f = w->f;

	if (cpu_id(cpu) == 1) {
		pages_wait_for_turn(cpu, f, 1);
		waits_for(cpu, w);
		return;
	}
	for (unsigned i = 0; i < 200; i++)
		page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
	for (unsigned i = 1; i < 200; i++)
		pages_give(cpu, f, page[i], 0);
	mag(f, 0)->lock.owner = mag(f, 0)->lock.next = 0;       /* so that the waiter sees it move */
	((struct magazines *)f->page_state)->set.limit = mag(f, 0)->nr_free + 1;
	store(cpu, f->turn, 1);
	compute_cycles(cpu, 1000);
	if (w->group)
		pages_give_group(cpu, f, &page[0], 1);
	else
		pages_give(cpu, f, page[0], 0);
}

/* 3.5: single frees of one type look at 32 (16 is not more than 16), groups of MOVABLE at 18. */
static void a_drain_ends_early_for_who_waits(void **state)
{
	(void)state;
	for (unsigned group = 0; group < 2; group++) {
		struct fixture *f = magazine_new(&as_posted, 2, 0);
		struct waiter w = { f, &mag(f, 0)->lock, group };

		run(f, 2, drain_thread, &w);
		assert_int_equal(mag(f, 0)->nr_free, 384 - (group ? 18 : 32));
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- 3.3: which magazine ----------------------------------------------------------------- */

/* Each CPU in turn frees a page that CPU 0 took, and notes whose count grew. */
static void frees_once(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	unsigned id = cpu_id(cpu), magazines = pages_zone(f, 0)->all->magazines;
	uint64_t before[8];

	for (unsigned i = 0; id == 0 && i < 8; i++)
		f->slot[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
	pages_wait_for_turn(cpu, f, id);
	for (unsigned i = 0; i < magazines; i++)
		before[i] = mag(f, i)->nr_free;
	pages_give(cpu, f, f->slot[id], 0);
	for (unsigned i = 0; i < magazines; i++)
		if (mag(f, i)->nr_free == before[i] + 1)
			((unsigned char *)&f->slot[20])[id] = (unsigned char)i;
	store(cpu, f->turn, id + 1);
}

/* "CPUs 0,1,4,5 use 0; 2,3,6,7 use 1"; (cpu >> 1) & (N - 1) for N, rounded down to a power of two. */
static void each_cpu_prefers_its_magazine(void **state)
{
	static const struct { unsigned magazines; unsigned char preferred[8]; } rows[] = {
		{ 1, { 0 } }, { 2, { 0, 0, 1, 1, 0, 0, 1, 1 } }, { 4, { 0, 0, 1, 1, 2, 2, 3, 3 } },
		{ 8, { 0, 0, 1, 1, 2, 2, 3, 3 } }, { 7, { 0, 0, 1, 1, 2, 2, 3, 3 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct magazine_settings set = as_posted;
		struct fixture *f;

		set.magazines = rows[i].magazines;
		f = magazine_new(&set, 8, 0);
		run(f, 8, frees_once, f);
		assert_memory_equal(&f->slot[20], rows[i].preferred, 8);
		fixture_free(f);
	}
}

/* ---- accesses, step by step -------------------------------------------------------------- */

#define WATERMARK "R Z.watermark, R Z.lowmem_reserve, R Z.vm_stat[NR_FREE_PAGES], "
#define PTR "R Z.pageset, "
/* 3.4, step 7. */
#define STATISTICS \
	"M event[PGALLOC_NORMAL], R Z.zone_pgdat, R Z.zone_pgdat, " PTR \
	"M P.vm_stat_diff[NUMA_HIT], R P.stat_threshold, R Z.node, " PTR \
	"M P.vm_stat_diff[NUMA_LOCAL], R P.stat_threshold, "
#define MOD_FREE \
	PTR "R P.vm_stat_diff[NR_FREE_PAGES], R P.stat_threshold, W P.vm_stat_diff[NR_FREE_PAGES], "
#define BITMAP(p) \
	"R PG" p ".flags, R mem_section_root, R mem_section.pageblock_flags, " \
	"R pageblock_flags.word, "
#define CHECK(p) "R PG" p ".flags, R PG" p ".mapping, R PG" p "._mapcount, R PG" p "._count, "
#define PREP(p) CHECK(p) "W PG" p ".private, W PG" p "._count, "
#define UNLINK_(p, next, prev) "R PG" p ".lru, R PG" p ".lru, W " next ", W " prev ", "
#define UNLINK(p, next, prev) UNLINK_(p, next, prev) "W PG" p ".lru, W PG" p ".lru, "
#define PUSH_HEAD(p, head, first) \
	"R " head ", W " first ", W PG" p ".lru, W PG" p ".lru, W " head ", "
#define NR_FREE(o) "R Z.free_area[" o "].nr_free, W Z.free_area[" o "].nr_free, "
#define CLEAR_BUDDY(p) "W PG" p "._mapcount, W PG" p ".private, "
#define SET_BUDDY(p) "W PG" p ".private, W PG" p "._mapcount, "
#define FREE(o) "Z.free_area[" o "].free_list[MOVABLE]"
#define MAG(i) "Z.mag[" i "].free_list[MOVABLE]"

/* trylock: R both halves, A; lock: A; unlock: RW. */
#define TRYLOCK(i) "R Z.mag[" i "].lock, A Z.mag[" i "].lock, "
#define LOCK(i) "A Z.mag[" i "].lock, "
#define UNLOCK(i) "M Z.mag[" i "].lock, "
/* 3.4, step 3. */
#define POP(i, p, next) \
	"R " MAG(i) ", R " MAG(i) ", " UNLINK(p, next, MAG(i)) \
	"M Z.mag[" i "].nr_free, W PG" p ".private, " UNLOCK(i)
/* 3.5, step 1; 3. */
#define FREED(p) "A PG" p "._count, " CHECK(p) BITMAP(p) "W PG" p ".index, "
#define PUSH(i, p, first) LOCK(i) PUSH_HEAD(p, MAG(i), first) "M Z.mag[" i "].nr_free, "

/* 3.4, step 5, of two pages: 2 and 3 of the block 2 of order 1. */
#define REFILL \
	"W L.pages, W L.pages, A Z.lock, " \
	"R " FREE("0") ", R " FREE("1") ", " UNLINK("2", FREE("1"), FREE("1")) CLEAR_BUDDY("2") \
	NR_FREE("1") PUSH_HEAD("3", FREE("0"), FREE("0")) NR_FREE("0") SET_BUDDY("3") \
	PUSH_HEAD("2", "L.pages", "L.pages") \
	"R " FREE("0") ", " UNLINK("3", FREE("0"), FREE("0")) CLEAR_BUDDY("3") NR_FREE("0") \
	PUSH_HEAD("3", "L.pages", "PG2.lru") MOD_FREE "M Z.lock, "
/* splice_head: R first, last, at; W first.prev, head.next, last.next, at.prev. */
#define SPLICE(i, first, last) \
	"R L.pages, R L.pages, R " MAG(i) ", W PG" first ".lru, W " MAG(i) ", W PG" last ".lru, " \
	"W " MAG(i) ", M Z.mag[" i "].nr_free, "
/* 3.5, step 5: a page of those collected; prev: the one before it on the list. */
#define COLLECT(p, prev, head) \
	"R " MAG("0") ", M Z.mag[0].nr_free, W PG" p ".private, " UNLINK_(p, MAG("0"), prev) \
	PUSH_HEAD(p, "L.pages", head) "R Z.memory_isolation_active, "
#define COLLECT_BOTH \
	"W L.pages, W L.pages, R Z.mag[0].free_list[UNMOVABLE], " \
	"R Z.mag[0].free_list[RECLAIMABLE], R " MAG("0") ", " \
	COLLECT("0", "PG1.lru", "L.pages") "R " MAG("0") ", " COLLECT("1", MAG("0"), "PG0.lru")
/* ... to the zone, oldest first; the second meets the first and all merge. */
#define GIVE_FIRST \
	"A Z.lock, R L.pages, " UNLINK("0", "L.pages", "PG1.lru") "R PG0.index, " \
	"R PG0.flags, R PG1.flags, R PG1._mapcount, " SET_BUDDY("0") \
	PUSH_HEAD("0", FREE("0"), FREE("0")) NR_FREE("0") \
	"R L.pages, " UNLINK("1", "L.pages", "L.pages") "R PG1.index, " \
	"R PG1.flags, R PG0.flags, R PG0._mapcount, R PG0.private, " \
	UNLINK("0", FREE("0"), FREE("0")) NR_FREE("0") CLEAR_BUDDY("0") \
	"R PG0.flags, R PG2.flags, R PG2._mapcount, R PG2.private, "

static const struct steps_row {
	const char *name;
	uint64_t refill, limit;
	const char *script, *steps;
	bool start;                     /* the rest merges on and on */
} steps_rows[] = {
	{ "alloc hit", 384, 1024, "0pa0 !0pb0",
	  WATERMARK "R Z.mag[0].nr_free, " TRYLOCK("0") POP("0", "382", "PG381.lru") STATISTICS
	  PREP("382") },
	/* CPU 2 prefers magazine 1, which is empty: it takes from 0 */
	{ "alloc from the other", 384, 1024, "0pa0 !2pb0",
	  WATERMARK "R Z.mag[1].nr_free, R Z.mag[0].nr_free, " TRYLOCK("0")
	  POP("0", "382", "PG381.lru") STATISTICS PREP("382") },
	/* both are empty; find_any: the preferred one at once */
	{ "alloc refill", 2, 1024, "0pa0 0pb0 !0pc0",
	  WATERMARK "R Z.mag[0].nr_free, R Z.mag[1].nr_free, " REFILL TRYLOCK("0")
	  SPLICE("0", "3", "2") POP("0", "3", "PG2.lru") STATISTICS PREP("3") },
	{ "free hit", 384, 1024, "0pa0 !0qa0",
	  FREED("383") PUSH("0", "383", "PG382.lru") "R Z.mag[0].nr_free, " UNLOCK("0") },
	/* to the own one, empty or not */
	{ "free by another", 384, 1024, "0pa0 !2qa0",
	  FREED("383") PUSH("1", "383", MAG("1")) "R Z.mag[1].nr_free, " UNLOCK("1") },
	{ "free and drain", 2, 2, "0pa0 !0qa0",
	  FREED("1") PUSH("0", "1", "PG0.lru") "R Z.mag[0].nr_free, " COLLECT_BOTH UNLOCK("0")
	  GIVE_FIRST, true },
	/* 1.2 with mod before the unlock, then the rest with interrupts on */
	{ "alloc order 1", 2, 1024, "0pa0 !0pb1",
	  WATERMARK "R Z.free_area[0].nr_free, A Z.lock, R " FREE("1") ", "
	  UNLINK("2", FREE("1"), FREE("1")) CLEAR_BUDDY("2") NR_FREE("1") "R PG2.index, "
	  MOD_FREE "M Z.lock, " STATISTICS CHECK("2") CHECK("3") "W PG2.private, W PG2._count, " },
	/* 1.4; no look ahead, so the head of the list */
	{ "free order 1", 2, 1024, "0pa0 0pb1 !0qb1",
	  "A PG2._count, " CHECK("2") CHECK("3") BITMAP("2") "W PG2.index, A Z.lock, "
	  "W Z.all_unreclaimable, W Z.pages_scanned, M event[PGFREE], "
	  "R PG2.flags, R PG0.flags, R PG0._mapcount, " SET_BUDDY("2")
	  PUSH_HEAD("2", FREE("1"), FREE("1")) NR_FREE("1") MOD_FREE "M Z.lock, " },
};

static void each_path_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(steps_rows); i++) {
		const struct steps_row *row = &steps_rows[i];
		struct magazine_settings set = as_posted;
		char text[8000];
		struct fixture *f;

		set.refill_max = row->refill;
		set.limit = row->limit;
		f = magazine_new(&set, 4, 0);
		fixture_run(f, row->script);
		pages_record(f, text, sizeof text);
		if (row->start)
			text[strlen(row->steps)] = '\0';
		if (strcmp(text, row->steps))
			fail_msg("%s:\nis       %s\nexpected %s", row->name, text, row->steps);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- 3.3: held locks --------------------------------------------------------------------- */

struct holding {
	struct fixture *f;
	unsigned held[2], helds;        /* magazines that CPU 1 holds */
	bool frees;                     /* CPU 0, else it allocates */
	bool other_filled;
	char text[4000];
};

/* Page 0 goes from magazine 0 to the other one; no access. */
static void fill_other(struct fixture *f)
{
	struct list_head *to = &mag(f, 1)->free_list[MOVABLE];
	struct list_head *page = mag(f, 0)->free_list[MOVABLE].prev;

	page->prev->next = page->next;
	page->next->prev = page->prev;
	to->next = to->prev = page;
	page->next = page->prev = to;
	mag(f, 0)->nr_free--;
	mag(f, 1)->nr_free++;
}

static void holds_or_asks(struct cpu *cpu, void *argument)
{
	struct holding *h = argument;
	struct fixture *f = h->f;
	struct page *page = NULL;

	if (cpu_id(cpu) == 1) {
		pages_wait_for_turn(cpu, f, 1);
		for (unsigned i = 0; i < h->helds; i++)
			spin_lock(cpu, &mag(f, h->held[i])->lock, LOCK_TICKET);
		store(cpu, f->turn, 2);
		compute_cycles(cpu, 20000);
		for (unsigned i = h->helds; i--;)
			spin_unlock(cpu, &mag(f, h->held[i])->lock, LOCK_TICKET);
		return;
	}
	page = pages_take(cpu, f, 0, GFP_MOVABLE);
	if (h->other_filled)
		fill_other(f);
	store(cpu, f->turn, 1);
	pages_wait_for_turn(cpu, f, 2);
	f->recording = true;
	if (h->frees)
		pages_give(cpu, f, page, 0);
	else
		pages_take(cpu, f, 0, GFP_MOVABLE);
	f->recording = false;
}

/* Locks and counts of magazines that CPU 0 touches, a repeated read once. */
static void note_magazines(void *to, const struct access *a)
{
	struct holding *h = to;
	size_t at = strlen(h->text), length;
	char name[100], step[120];

	if (!h->f->recording || a->cpu)
		return;
	sim_describe(h->f->sim, a->address, name, sizeof name);
	if (strncmp(name, "zone.mag", 8) || strstr(name, "list") || a->write > a->locked)
		return;
	snprintf(step, sizeof step, "%c %s, ", a->locked ? 'A' : 'R', name + 5);
	length = strlen(step);
	if (!a->locked && at >= length && !strcmp(h->text + at - length, step))
		return;
	snprintf(h->text + at, sizeof h->text - at, "%s", step);
}

static const struct {
	unsigned held[2], helds;
	bool frees, other_filled;
	const char *text;
} held_rows[] = {
	/* the preferred one is held: a read tells; the other has none: wait for the preferred */
	{ { 0 }, 1, false, false,
	  "R mag[0].nr_free, R mag[0].lock, R mag[1].nr_free, R mag[0].nr_free, A mag[0].lock, "
	  "R mag[0].lock, " },
	/* the other one has pages and is free: taken there */
	{ { 0 }, 1, false, true,
	  "R mag[0].nr_free, R mag[0].lock, R mag[1].nr_free, R mag[1].lock, A mag[1].lock, " },
	/* both are held: pass 2 waits for the first that has pages */
	{ { 0, 1 }, 2, false, true,
	  "R mag[0].nr_free, R mag[0].lock, R mag[1].nr_free, R mag[1].lock, R mag[0].nr_free, "
	  "A mag[0].lock, R mag[0].lock, " },
	/* a free waits for the preferred one, however free the other is */
	{ { 0 }, 1, true, true, "A mag[0].lock, R mag[0].lock, R mag[0].nr_free, " },
};

static void a_held_magazine_is_passed_over_or_waited_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(held_rows); i++) {
		struct fixture *f = magazine_new(&as_posted, 2, 0);
		struct holding h = { f, { held_rows[i].held[0], held_rows[i].held[1] },
				     held_rows[i].helds, held_rows[i].frees,
				     held_rows[i].other_filled, "" };

		sim_observe(f->sim, note_magazines, &h);
		run(f, 2, holds_or_asks, &h);
		if (strcmp(h.text, held_rows[i].text))
			fail_msg("row %zu:\nis       %s\nexpected %s", i, h.text, held_rows[i].text);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- groups ------------------------------------------------------------------------------ */

static void frees_groups(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	struct page *page[14];

	for (unsigned i = 0; i < 14; i++)
		page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
	locks->magazine = locks->zone = 0;
	pages_give_group(cpu, f, page, 14);
	assert_int_equal(locks->magazine, 1);
	assert_int_equal(locks->zone, 0);
	assert_int_equal(mag(f, 0)->nr_free, 384);
	for (unsigned i = 0; i < 14; i++)
		page[i] = pages_take(cpu, f, 0, GFP_MOVABLE);
	locks->magazine = locks->zone = 0;
	irq_disable(cpu);
	pages_give_group(cpu, f, page, 14);
	irq_enable(cpu);
	assert_int_equal(locks->magazine, 0);
	assert_int_equal(locks->zone, 14);
}

/* 3.5: "lock stays held across the following pages' prep"; with interrupts off page by page. */
static void a_group_is_freed_under_one_hold(void **state)
{
	struct fixture *f = magazine_new(&as_posted, 1, 0);
	struct locks locks = { .f = f };

	(void)state;
	sim_observe(f->sim, count_locks, &locks);
	run(f, 1, frees_groups, &locks);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- draining all ------------------------------------------------------------------------ */

static void keeps_some(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	unsigned id = cpu_id(cpu);
	struct page *page;

	pages_wait_for_turn(cpu, f, id);
	process_switch(cpu, id);
	page = pages_take(cpu, f, 0, gfp_of("mur"[id % 3]));
	pages_give(cpu, f, page, 0);
	store(cpu, f->turn, id + 1);
	pages_wait_for_turn(cpu, f, 4);
	if (id == 3)
		f->page_model->drain_all(cpu, f->page_state);
}

static void a_drain_of_all_needs_no_interrupt(void **state)
{
	(void)state;
	for (unsigned own = 0; own < 2; own++) {
		struct magazine_settings set = as_posted;
		struct result *result;
		struct fixture *f;

		set.process_magazines = 2 * own;
		f = magazine_new(&set, 4, 16);
		run(f, 4, keeps_some, f);
		assert_int_equal(mag(f, 0)->nr_free + mag(f, 1)->nr_free, 0);
		assert_int_equal(f->page_model->free_pages(f->page_state), f->memory->pages);
		result = sim_result(f->sim);
		assert_int_equal(result->total.ipis, 0);
		result_free(result);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- magazines of processes -------------------------------------------------------------- */

static void of_a_process(struct cpu *cpu, void *argument)
{
	struct locks *locks = argument;
	struct fixture *f = locks->f;
	struct magazines *all = f->page_state;
	struct page *page;

	process_switch(cpu, 2);
	page = pages_take(cpu, f, 0, GFP_MOVABLE);
	assert_int_equal(all->process[1].free.nr_free, 383);
	assert_int_equal(all->process[1].owner, 2);
	pages_give(cpu, f, page, 0);
	assert_int_equal(all->process[1].free.nr_free, 384);
	process_switch(cpu, 3);                                 /* has none */
	page = pages_take(cpu, f, 0, GFP_MOVABLE);
	assert_int_equal(mag(f, 0)->nr_free, 383);
	pages_give(cpu, f, page, 0);
	process_switch(cpu, 2);
	f->page_model->process_exit(cpu, f->page_state);
	assert_int_equal(all->process[1].free.nr_free, 0);
	assert_int_equal(all->process[1].owner, 0);
	assert_ptr_equal(all->chain[0].head.next, &all->chain[0].head);
	page = pages_take(cpu, f, 0, GFP_MOVABLE);              /* another of that number */
	assert_int_equal(all->process[1].free.nr_free, 383);
	pages_give(cpu, f, page, 0);
}

static void a_process_has_a_magazine_until_it_exits(void **state)
{
	struct magazine_settings set = as_posted;
	struct locks locks;
	struct fixture *f;

	(void)state;
	set.process_magazines = 2;
	f = magazine_new(&set, 1, 16);
	locks.f = f;
	run(f, 1, of_a_process, &locks);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- offsets ----------------------------------------------------------------------------- */

static uint64_t from_zone(const struct fixture *f, const void *member)
{
	return (uint64_t)((uintptr_t)member - (uintptr_t)pages_zone(f, 0)->watermark);
}

static void magazines_lie_where_the_sheet_has_them(void **state)
{
	struct magazine_settings set = as_posted;
	struct fixture *f;

	(void)state;
	set.magazines = 4;
	f = magazine_new(&set, 0, 0);
	assert_int_equal(from_zone(f, &mag(f, 0)->lock) / LINE, 17);
	assert_int_equal(from_zone(f, nr_free(pages_zone(f, 0), 10)) / LINE, 17);
	assert_int_equal(from_zone(f, &mag(f, 0)->free_list[MOVABLE]) / LINE, 18);
	assert_int_equal(from_zone(f, &mag(f, 0)->nr_free) / LINE, 18);
	assert_int_equal(from_zone(f, &mag(f, 1)->lock) / LINE, 18);
	assert_int_equal(from_zone(f, &mag(f, 1)->free_list[MOVABLE]) / LINE, 19);
	assert_int_equal(from_zone(f, &mag(f, 1)->nr_free) / LINE, 19);
	assert_int_equal(from_zone(f, pages_zone(f, 0)->vm_stat), 1424);
	assert_int_equal(from_zone(f, mag(f, 2)), 1856);
	assert_int_equal(from_zone(f, mag(f, 3)), 1856 + LINE);
	fixture_free(f);
	set.variant = LAYOUT_ALIGNED;
	f = magazine_new(&set, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(from_zone(f, mag(f, i)) % LINE, 0);
	assert_int_equal(from_zone(f, mag(f, 1)), from_zone(f, mag(f, 0)) + LINE);
	fixture_free(f);
}

/* ---- check() finds damage ---------------------------------------------------------------- */

static void damage_count(struct fixture *f)
{
	mag(f, 0)->nr_free++;
}

static void damage_list(struct fixture *f)
{
	mag(f, 0)->free_list[MOVABLE].prev = mag(f, 0)->free_list[MOVABLE].next;
}

static void damage_referenced(struct fixture *f)
{
	*page_count(f->memory, lru_page(f->memory, mag(f, 0)->free_list[MOVABLE].next)) = 1;
}

static void damage_lock(struct fixture *f)
{
	mag(f, 1)->lock.next++;
}

static void damage_free_count(struct fixture *f)
{
	pages_zone(f, 0)->vm_stat[0]--;
}

static void damage_chain(struct fixture *f)
{
	((struct magazines *)f->page_state)->process[0].owner = 1;
}

static void damage_chain_lock(struct fixture *f)
{
	((struct magazines *)f->page_state)->chain[0].lock.next++;
}

static const struct {
	const char *name;
	void (*damage)(struct fixture *f);
	const char *reason;
} damages[] = {
	{ "count", damage_count, "magazine 0 counts 4 pages, its lists have 3" },
	{ "a list broken", damage_list, "a list of magazine 0 is broken" },
	{ "a page referenced", damage_referenced, "on a list of magazine 0 and referenced" },
	{ "a lock held", damage_lock, "the lock of magazine 1 is held" },
	{ "NR_FREE_PAGES", damage_free_count, "NR_FREE_PAGES 1019, the lists have 1020" },
	{ "not in the chain", damage_chain, "the magazine of process 1 is in no chain" },
	{ "a chain held", damage_chain_lock, "the lock of a chain of magazines is held" },
};

static void check_finds_each_damage(void **state)
{
	struct magazine_settings set = as_posted;

	(void)state;
	set.refill_max = 4;
	set.process_magazines = 1;
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct fixture *f = magazine_new(&set, 0, 0);

		fixture_run(f, "0pa0");
		fixture_expect_sound(f);
		damages[i].damage(f);
		print_message("%s\n", damages[i].name);
		fixture_expect_unsound(f, damages[i].reason);
		fixture_free(f);
	}
}

/* ---- random traffic ---------------------------------------------------------------------- */

enum { HELD = 60 };

static void random_thread(struct cpu *cpu, void *argument)
{
	static const unsigned gfps[] = {
		GFP_KERNEL, GFP_MOVABLE, GFP_RECLAIMABLE | GFP_ATOMIC, GFP_MOVABLE | GFP_COLD,
		GFP_KERNEL | GFP_COMP,
	};
	struct fixture *f = argument;
	struct { struct page *page; unsigned order; } held[HELD] = { { NULL, 0 } };

	for (unsigned i = 0; i < 800; i++) {
		unsigned k = (unsigned)random_below(cpu, HELD);

		if (random_below(cpu, 50) == 0)
			process_switch(cpu, random_below(cpu, 4) ? cpu_id(cpu) + 1 : 0);
		if (random_below(cpu, 100) == 0)
			f->page_model->process_exit(cpu, f->page_state);
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
		held[k].order = random_below(cpu, 4) ? 0 : (unsigned)random_below(cpu, 6);
		held[k].page = pages_take(cpu, f, held[k].order,
					  gfps[random_below(cpu, COUNT(gfps))]);
	}
	for (unsigned k = 0; k < HELD; k++)
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
	for (unsigned i = 0; i < 6; i++) {
		struct magazine_settings set = as_posted;
		struct fixture *f;

		set.variant = i % 2;
		set.magazines = 1 << i / 2;
		set.process_magazines = i;
		if (i != 3) {
			set.limit = 20;
			set.refill_max = 12;
			set.refill_min = set.drain_min = 2;
			set.drain_max = 9;
		}
		set.reserve_blocks = 2;
		f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "magazine", .page_settings = &set, .cpus = 4,
			.mib = 16, .nodes = 1 + i / 3, .placement = PLACEMENT_SCATTER,
			.view = &page_view_aligned_64, .preempt = i == 5 });
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
		cmocka_unit_test(the_zone_lock_is_visited_as_often_as_in_the_table),
		cmocka_unit_test(pages_come_out_descending_and_last_freed_first),
		cmocka_unit_test(with_interrupts_off_the_buddy_lists_serve),
		cmocka_unit_test(interrupts_never_wait_for_a_magazine),
		cmocka_unit_test(a_magazine_of_another_type_does_not_help),
		cmocka_unit_test(a_drain_goes_through_the_lists_in_rounds),
		cmocka_unit_test(a_refill_ends_early_for_who_waits),
		cmocka_unit_test(a_drain_ends_early_for_who_waits),
		cmocka_unit_test(each_cpu_prefers_its_magazine),
		cmocka_unit_test(each_path_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(a_held_magazine_is_passed_over_or_waited_for),
		cmocka_unit_test(a_group_is_freed_under_one_hold),
		cmocka_unit_test(a_drain_of_all_needs_no_interrupt),
		cmocka_unit_test(a_process_has_a_magazine_until_it_exits),
		cmocka_unit_test(magazines_lie_where_the_sheet_has_them),
		cmocka_unit_test(check_finds_each_damage),
		cmocka_unit_test(random_traffic_keeps_the_invariants),
	};

	return cmocka_run_group_tests_name("magazine", tests, NULL, NULL);
}
