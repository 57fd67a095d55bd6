/*
 * llfree: the sheet's vectors (pagealloc.md 11.5), LOCK operations by structure on each path, blocks of
 * every order, and its invariants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pages_fixture.h"

/* LOCK operations since the last look, by what they were on. */
struct locked {
	unsigned local, last_frees, trees, children, bitfield, other_pages;
};

struct scene {
	struct fixture *f;
	struct locked locked;
	struct page *page;              /* whose struct may be touched */
	struct page *kept[20000];
	unsigned count;
};

static void note(void *to, const struct access *a)
{
	struct scene *s = to;
	uint64_t pfn = page_to_pfn(s->f->memory, (const struct page *)a->address);
	char where[100];

	if (pfn < s->f->memory->pages) {
		s->locked.other_pages += s->page && pfn != page_to_pfn(s->f->memory, s->page);
		return;
	}
	if (!a->locked)
		return;
	sim_describe(s->f->sim, a->address, where, sizeof where);
	s->locked.last_frees += strstr(where, ".last_frees") != NULL;
	s->locked.local += strstr(where, ".preferred") != NULL;
	s->locked.trees += !strncmp(where, "llfree trees", 12);
	s->locked.children += !strncmp(where, "llfree children", 15);
	s->locked.bitfield += !strncmp(where, "llfree bitfield", 15);
}

static void expect_locked(struct scene *s, const char *what, struct locked expected)
{
	if (memcmp(&s->locked, &expected, sizeof expected))
		fail_msg("%s: local %u, last_frees %u, trees %u, children %u, bitfield %u, other pages "
			 "%u; expected %u %u %u %u %u %u",
			 what, s->locked.local, s->locked.last_frees, s->locked.trees,
			 s->locked.children, s->locked.bitfield, s->locked.other_pages,
			 expected.local, expected.last_frees, expected.trees, expected.children,
			 expected.bitfield, expected.other_pages);
	s->locked = (struct locked){ 0 };
}

static struct page *get(struct cpu *cpu, struct scene *s, unsigned order)
{
	struct page *page = s->f->page_model->alloc(cpu, s->f->page_state, order, GFP_MOVABLE);

	assert_non_null(page);
	return page;
}

static void put(struct cpu *cpu, struct scene *s, struct page *page, unsigned order)
{
	s->f->page_model->free(cpu, s->f->page_state, page, order);
}

static void expect_frame(const struct scene *s, const struct page *page, uint64_t frame)
{
	assert_int_equal(page_to_pfn(s->f->memory, page), frame);
}

static void turn(struct cpu *cpu, struct scene *s, uint64_t number)
{
	spin_while(cpu, s->f->turn, value < number, STEP_PAUSE);
}

static struct scene *scene_new(unsigned mib, unsigned cpus)
{
	struct scene *s = calloc(1, sizeof *s);

	s->f = fixture_new(&(struct fixture_options){ .pages_only = true, .pages = "llfree", .page_settings = &(int){ 0 },
						      .cpus = cpus, .mib = mib,
						      .view = &page_view_aligned_64 });
	sim_observe(s->f->sim, note, s);
	return s;
}

static void scene_free(struct scene *s)
{
	fixture_free(s->f);
	free(s);
}

static void run_sound(struct scene *s)
{
	assert_int_equal(sim_run(s->f->sim), OUTCOME_DONE);
	fixture_expect_sound(s->f);
}

/* ---- 11.5: 256 trees (16 GiB), 8 cores, all free -------------------------------------------------- */

/* "core 0, first get o0: start tree 0, vicinity 8, first candidate tree 255 -> frame 4177920. Locked ops:
 * local 2 (set locked, swap), trees 1, children 1, bitfield 1. Each following get: local 1, children 1,
 * bitfield 1. The 65th get needs one extra local cmpxchg." */
static void first_gets(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	expect_frame(s, get(cpu, s, 0), 4177920);
	expect_locked(s, "first get", (struct locked){ .local = 2, .trees = 1, .children = 1,
						       .bitfield = 1 });
	for (unsigned i = 1; i < 64; i++) {
		expect_frame(s, get(cpu, s, 0), 4177920 + i);
		expect_locked(s, "get", (struct locked){ .local = 1, .children = 1, .bitfield = 1 });
	}
	expect_frame(s, get(cpu, s, 0), 4177920 + 64);
	expect_locked(s, "65th get", (struct locked){ .local = 2, .children = 1, .bitfield = 1 });
	store(cpu, s->f->turn, 1);
	turn(cpu, s, 2);
	s->locked = (struct locked){ 0 };
	/* "core 0 then get o9 -> first untouched 2 MiB of its tree: 4178432, next 4178944 (children 1 +
	 * local 1 locked ops)" */
	expect_frame(s, get(cpu, s, 9), 4178432);
	expect_locked(s, "get of order 9", (struct locked){ .local = 1, .children = 1 });
	expect_frame(s, get(cpu, s, 9), 4178944);
	expect_locked(s, "get of order 9", (struct locked){ .local = 1, .children = 1 });
}

/* "core 1, first get: tree 31 -> frame 507904" */
static void another_core(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	turn(cpu, s, 1);
	expect_frame(s, get(cpu, s, 0), 507904);
	store(cpu, s->f->turn, 2);
}

static void cores_take_from_trees_of_their_own(void **state)
{
	struct scene *s = scene_new(16384, 8);

	(void)state;
	thread_start(s->f->sim, 0, first_gets, s);
	thread_start(s->f->sim, 1, another_core, s);
	run_sound(s);
	scene_free(s);
}

/* "core 0, after 16384 order-0 gets: the next one reserves another tree: trees 2 (reserve new, unreserve
 * old), local 2, children 1, bitfield 1." */
static void use_up(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	for (unsigned i = 0; i < 16384; i++)
		s->kept[i] = get(cpu, s, 0);
	s->locked = (struct locked){ 0 };
	get(cpu, s, 0);
	expect_locked(s, "get beyond the tree", (struct locked){ .local = 2, .trees = 2,
								 .children = 1, .bitfield = 1 });
	store(cpu, s->f->turn, 1);
}

/*
 * "core 1 frees pages of that (now unreserved, fully allocated) tree: each put: bitfield 1, children 1,
 * trees 1, plus last_frees 1 for the first four; when the tree's counter first exceeds 1024 (1025th put)
 * core 1 reserves it (trees +2, local +1), afterwards puts cost local 1 instead of trees 1."
 */
static void free_elsewhere(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	turn(cpu, s, 1);
	get(cpu, s, 0);
	s->locked = (struct locked){ 0 };
	for (unsigned i = 0; i < 1024; i++) {
		put(cpu, s, s->kept[i], 0);
		expect_locked(s, "put elsewhere",
			      (struct locked){ .trees = 1, .children = 1, .bitfield = 1,
					       .last_frees = i < 4 });
	}
	put(cpu, s, s->kept[1024], 0);
	expect_locked(s, "1025th put", (struct locked){ .trees = 3, .local = 1, .children = 1,
							.bitfield = 1 });
	s->page = s->kept[1025];
	put(cpu, s, s->kept[1025], 0);
	/* no neighbour's struct page is touched */
	expect_locked(s, "put into the own tree",
		      (struct locked){ .local = 1, .children = 1, .bitfield = 1 });
	s->page = NULL;
}

static void who_frees_much_into_a_tree_takes_it(void **state)
{
	struct scene *s = scene_new(16384, 8);

	(void)state;
	thread_start(s->f->sim, 0, use_up, s);
	thread_start(s->f->sim, 1, free_elsewhere, s);
	run_sound(s);
	scene_free(s);
}

/* ---- 5.2: no tree has a frame that nobody has reserved ---------------------------------------------- */

/*
 * 2 trees (128 MiB), 2 cores, so that core 0 begins with tree 0 and core 1 with tree 1: neither is partly
 * free, and both searches of free ones begin at home. Core 0 uses its tree up. Its next get:
 *	reserve_or_wait    local 1 (set locked); no candidate, reads only; local 1 (unlocked): MEMORY
 *	drain              local 2 (both swapped to none), trees 2 (both unreserved)
 *	reserve_any        local 1 (set locked), trees 1 (tree 0 has nothing, tree 1 is taken), children 1,
 *	                   bitfield 1: the second frame, core 1 has the first; local 1 (swap)
 */
static void take_the_other_tree(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	turn(cpu, s, 1);
	for (unsigned i = 0; i < 16384; i++)
		s->kept[i] = get(cpu, s, 0);
	expect_frame(s, s->kept[0], 0);
	s->locked = (struct locked){ 0 };
	expect_frame(s, get(cpu, s, 0), 16384 + 1);
	expect_locked(s, "get of another's tree",
		      (struct locked){ .local = 6, .trees = 3, .children = 1, .bitfield = 1 });
	/* it is reserved now, as any other */
	expect_frame(s, get(cpu, s, 0), 16384 + 2);
	expect_locked(s, "and the next", (struct locked){ .local = 1, .children = 1, .bitfield = 1 });
	store(cpu, s->f->turn, 2);
}

/* The same for core 1, which has none now, and which begins at tree 1: trees 1 (core 0's unreserved) and
 * 1 (taken). */
static void take_it_back(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	expect_frame(s, get(cpu, s, 0), 16384);
	store(cpu, s->f->turn, 1);
	turn(cpu, s, 2);
	s->locked = (struct locked){ 0 };
	expect_frame(s, get(cpu, s, 0), 16384 + 3);
	expect_locked(s, "get of what was its tree",
		      (struct locked){ .local = 6, .trees = 2, .children = 1, .bitfield = 1 });
}

static void who_finds_no_tree_drains_all_and_reserves_any(void **state)
{
	struct scene *s = scene_new(128, 2);

	(void)state;
	thread_start(s->f->sim, 0, take_the_other_tree, s);
	thread_start(s->f->sim, 1, take_it_back, s);
	run_sound(s);
	scene_free(s);
}

/* ---- the kernel's side: as 3.9 has it (5.6, 0.4, 0.7) ---------------------------------------------- */

#define LOCAL "llfree local[0].preferred"
#define CHILD "llfree children.free"
#define ROW "llfree bitfield[0].row"
#define LAST "llfree local[0].last_frees"
/* NR_FREE_PAGES in whatever interrupt state, from 2.6.38 on. */
#define COUNT_ANY \
	"R Z.pageset, R P.stat_threshold, R P.vm_stat_diff[NR_FREE_PAGES], M P.vm_stat_diff[NR_FREE_PAGES], "
#define FOLDED "A Z.vm_stat[NR_FREE_PAGES], A vm_stat.item[NR_FREE_PAGES], "
#define CHECKED(p) "R PG" p ".flags, R PG" p ".mapping, R PG" p "._mapcount, R PG" p "._count, "
#define GET "R " LOCAL ", A " LOCAL ", R " CHILD ", A " CHILD ", R " ROW ", A " ROW ", "
#define PUT "R " CHILD ", R " ROW ", A " ROW ", R " CHILD ", A " CHILD ", R " LOCAL ", A " LOCAL ", "

/* No lock of the zone, no interrupt flag, no pageblock's type, no other page's struct. */
static const struct glue_row {
	const char *name, *script, *steps;
} glue_rows[] = {
	/* the threshold of 2 CPUs and less than 128 MiB is 2 x 2 x 1 = 4: the second page does not fold */
	{ "get", "0pa0 !0pb0",
	  "R Z.watermark, R Z.lowmem_reserve, R Z.vm_stat[NR_FREE_PAGES], " GET COUNT_ANY
	  "M event[PGALLOC_NORMAL], " CHECKED("1") "W PG1.private, W PG1._count, " },
	/* the fifth does: 5 > 4 */
	{ "get, folded", "0pa0 0pb0 0pc0 0pd0 !0pe0",
	  "R Z.watermark, R Z.lowmem_reserve, R Z.vm_stat[NR_FREE_PAGES], " GET COUNT_ANY FOLDED
	  "M event[PGALLOC_NORMAL], " CHECKED("4") "W PG4.private, W PG4._count, " },
	/* of a block the smaller orders' nr_free are read for the watermark, which are 0 here, and every
	 * struct is checked: 2 and 3, aligned; -1 and -2 do not fold */
	{ "get of order 1", "0pa0 !0pb1",
	  "R Z.watermark, R Z.lowmem_reserve, R Z.vm_stat[NR_FREE_PAGES], R Z.free_area[0].nr_free, "
	  GET COUNT_ANY "M event[PGALLOC_NORMAL], " CHECKED("2") CHECKED("3")
	  "W PG2.private, W PG2._count, " },
	/* the first of a row of frees: the tree is remembered */
	{ "put", "0pa0 0pb0 !0qb0",
	  "A PG1._count, " CHECKED("1") "M event[PGFREE], " COUNT_ANY PUT "R " LAST ", A " LAST ", " },
};

static void around_it_is_the_kernel_of_the_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof glue_rows / sizeof glue_rows[0]; i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .pages = "llfree", .page_settings = &(int){ 0 },
			.mib = 64, .view = &page_view_aligned_64 });
		char text[4000];

		fixture_run(f, glue_rows[i].script);
		pages_record(f, text, sizeof text);
		if (strcmp(text, glue_rows[i].steps))
			fail_msg("%s:\nis       %s\nexpected %s", glue_rows[i].name, text,
				 glue_rows[i].steps);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- orders, exhaustion ---------------------------------------------------------------------------- */

static void all_orders(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;
	struct page *page[MAX_ORDER];

	for (unsigned order = 0; order < MAX_ORDER; order++) {
		page[order] = get(cpu, s, order);
		assert_int_equal(page_to_pfn(s->f->memory, page[order]) % (1u << order), 0);
	}
	assert_int_equal(s->f->page_model->free_pages(s->f->page_state),
			 s->f->memory->pages - (2048 - 1));
	for (unsigned order = 0; order < MAX_ORDER; order++)
		put(cpu, s, page[order], order);
}

static void blocks_of_all_orders_come_back(void **state)
{
	struct scene *s = scene_new(128, 2);
	uint64_t blocks[MAX_ORDER];

	(void)state;
	thread_start(s->f->sim, 0, all_orders, s);
	run_sound(s);
	s->f->page_model->free_blocks(s->f->page_state, blocks);
	assert_int_equal(blocks[10], 128 / 4);
	scene_free(s);
}

/* 8 MiB: one tree of four children. Blocks in turn until one of them has no place, then pages. */
static void take_all(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;
	struct page *page;
	unsigned mixed, taken;

	memset((*(struct zones **)s->f->page_state)->zone[0].watermark, 0,
	       WATERMARKS * sizeof(uint64_t));
	while ((page = s->f->page_model->alloc(cpu, s->f->page_state, s->count % 3, GFP_MOVABLE)))
		s->kept[s->count++] = page;
	mixed = s->count;
	while ((page = s->f->page_model->alloc(cpu, s->f->page_state, 0, GFP_MOVABLE)))
		s->kept[s->count++] = page;
	/* 1 + 2 + 4 pages in turn; the last few may be in differences that the watermark does not see */
	taken = mixed / 3 * 7 + (mixed % 3 > 0) + 2 * (mixed % 3 > 1) + s->count - mixed;
	assert_in_range(taken, 2048 - 8, 2048);
	for (unsigned i = 0; i < s->count; i++)
		put(cpu, s, s->kept[i], i < mixed ? i % 3 : 0);
}

static void all_can_be_taken_and_comes_back(void **state)
{
	struct scene *s = scene_new(8, 2);

	(void)state;
	thread_start(s->f->sim, 0, take_all, s);
	run_sound(s);
	assert_int_equal(s->f->page_model->free_pages(s->f->page_state), 2048);
	scene_free(s);
}

/* Random programs of three CPUs: half of the frees are of what another CPU took. */
static void random_thread(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;
	struct { struct page *page; unsigned order; } held[64] = { { NULL, 0 } };

	for (unsigned i = 0; i < 600; i++) {
		unsigned k = (unsigned)random_below(cpu, 64);

		if (held[k].page) {
			put(cpu, s, held[k].page, held[k].order);
			held[k].page = NULL;
		} else {
			held[k].order = (unsigned)random_below(cpu, 10);
			held[k].page = s->f->page_model->alloc(cpu, s->f->page_state,
							       held[k].order, GFP_MOVABLE);
		}
	}
	for (unsigned k = 0; k < 64; k++)
		if (held[k].page)
			put(cpu, s, held[k].page, held[k].order);
	s->f->page_model->drain_all(cpu, s->f->page_state);
}

static void random_programs_balance(void **state)
{
	struct scene *s = scene_new(64, 3);

	(void)state;
	for (unsigned id = 0; id < 3; id++)
		thread_start(s->f->sim, id, random_thread, s);
	run_sound(s);
	assert_int_equal(s->f->page_model->free_pages(s->f->page_state), s->f->memory->pages);
	scene_free(s);
}

/* ---- damage ---------------------------------------------------------------------------------------- */

static uint16_t *word_of(struct scene *s, const char *label)
{
	for (char *at = (char *)(*(struct zones **)s->f->page_state)->zone[0].watermark;; at += 8) {
		char where[100];

		sim_describe(s->f->sim, at, where, sizeof where);
		if (!strncmp(where, label, strlen(label)))
			return (uint16_t *)at;
	}
}

static void get_one(struct cpu *cpu, void *argument)
{
	get(cpu, argument, 0);
}

static void damage_is_found(void **state)
{
	struct scene *s = scene_new(64, 1);
	uint16_t *trees, *children;

	(void)state;
	thread_start(s->f->sim, 0, get_one, s);
	run_sound(s);
	children = word_of(s, "llfree children");
	trees = word_of(s, "llfree trees");
	--*children;
	fixture_expect_unsound(s->f, "child 0 counts 510 free frames, its bits 511");
	++*children;
	++*trees;
	fixture_expect_unsound(s->f, "tree 0 counts 16384 free frames, its children 16383");
	--*trees;
	*trees = 0;
	fixture_expect_unsound(s->f, "tree 0 is of 1 CPUs, and reserved 0");
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cores_take_from_trees_of_their_own),
		cmocka_unit_test(who_frees_much_into_a_tree_takes_it),
		cmocka_unit_test(who_finds_no_tree_drains_all_and_reserves_any),
		cmocka_unit_test(around_it_is_the_kernel_of_the_time),
		cmocka_unit_test(blocks_of_all_orders_come_back),
		cmocka_unit_test(all_can_be_taken_and_comes_back),
		cmocka_unit_test(random_programs_balance),
		cmocka_unit_test(damage_is_found),
	};

	return cmocka_run_group_tests_name("llfree", tests, NULL, NULL);
}
