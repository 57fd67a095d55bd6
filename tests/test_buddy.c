/*
 * buddy: the sheet's test vectors, the lines each operation touches, its invariants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Where the members lie in 3.9, from the sheet, to look at a zone without its struct. */
enum {
	WATERMARK = 0, PAGESET = 96, LOCK = 104, FREE_AREA = 144, AREA_BYTES = 88,
	NR_FREE = 80, VM_STAT = 1296, ZONE_BYTES = 1728,
	UNMOVABLE = 0, RECLAIMABLE = 1, MOVABLE = 2, RESERVE = 3,
	ZONE_LINES = ZONE_BYTES / LINE,
};

/* The model's structs are its own: what is public is how reports call their lines. */
static char *find_line(const struct fixture *f, const char *name)
{
	char *arena = (char *)f->turn - sim_offset(f->sim, f->turn);
	char text[100];

	for (size_t at = 4096; at < f->arena_bytes; at += LINE)
		if (strcmp(sim_describe(f->sim, arena + at, text, sizeof text), name) == 0)
			return arena + at;
	fail_msg("no line is called '%s'", name);
	return NULL;
}

static char *find_zone(const struct fixture *f)
{
	return find_line(f, "zone.watermark");
}

static struct list_head *free_list(char *zone, unsigned order, unsigned type)
{
	return (struct list_head *)(zone + FREE_AREA + order * AREA_BYTES) + type;
}

static struct fixture *pages_fixture(void)
{
	return fixture_new(&(struct fixture_options){ .pages_only = true, .stride = LINE });
}

/* ---- test vectors, 11.1: one free block of 1024 pages, one migratetype - */

/* "o0[5] o1[6]": page frames from head to tail of each MOVABLE list that is not empty. */
static void lists_text(const struct fixture *f, char *text, size_t size)
{
	char *zone = find_zone(f);
	size_t at = 0;

	text[0] = '\0';
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		struct list_head *head = free_list(zone, order, MOVABLE);
		const char *before = "[";

		if (head->next == head)
			continue;
		at += (size_t)snprintf(text + at, size - at, "%so%u", at ? " " : "", order);
		for (struct list_head *l = head->next; l != head; l = l->next, before = ",") {
			struct page *page = (struct page *)((char *)l - f->memory->view->lru);
			unsigned long long pfn = page_to_pfn(f->memory, page);

			at += (size_t)snprintf(text + at, size - at, "%s%llu", before, pfn);
		}
		at += (size_t)snprintf(text + at, size - at, "]");
	}
}

#define UPPER " o4[16] o5[32] o6[64] o7[128] o8[256] o9[512]"
#define FIVE "0pa0 0pb0 0pc0 0pd0 0pe0 "
#define EIGHT FIVE "0pf0 0pg0 0ph0 "

/* a is page 0, b page 1, and so on. */
static const struct { const char *name, *script, *lists; } vectors[] = {
	{ "five single pages split the block", FIVE, "o0[5] o1[6] o3[8]" UPPER },
	{ "free 1: buddy 0 is taken, head of order 0", FIVE "0qb0", "o0[1,5] o1[6] o3[8]" UPPER },
	{ "free 0: merges with 1, head of order 1", FIVE "0qb0 0qa0", "o0[5] o1[0,6] o3[8]" UPPER },
	{ "free 2: parent's buddy 0 is free, so the tail", FIVE "0qb0 0qa0 0qc0",
	  "o0[5,2] o1[0,6] o3[8]" UPPER },
	{ "free 4: merges with 5 and 6, tail of order 2", FIVE "0qb0 0qa0 0qc0 0qe0",
	  "o0[2] o1[0] o2[4] o3[8]" UPPER },
	{ "free 3: merges all the way", FIVE "0qb0 0qa0 0qc0 0qe0 0qd0", "o10[0]" },
	{ "eight pages, 2 and 3 free", EIGHT "0qc0 0qd0", "o1[2] o3[8]" UPPER },
	{ "then 0: parent's buddy 2 is free, the tail of an empty list", EIGHT "0qc0 0qd0 0qa0",
	  "o0[0] o1[2] o3[8]" UPPER },
	/* order 3 out of 1024: 8, 16, ... stay; pages 0 to 7 are one block */
	{ "a block of 8", "0pa3", "o3[8]" UPPER },
	{ "a block of 8 and back", "0pa3 0qa3", "o10[0]" },
};

/*
 * 16 MiB, so larger blocks stay. 1.5 looks ahead below order 9 only.
 * Order 8: a to e are 0, 256, 512, 768, 1024; o8[1280] o9[1536] are left of that block. c and d
 * merge to 512, order 9, the buddy of what a's block would become: a goes to the tail.
 * Order 9: a to e are 0, 512, 1024, 1536, 2048; o9[2560] is left. a and b merge to 0, order 10;
 * d's block would become 1024, whose buddy that is, but d goes to the head.
 */
static const struct { const char *name, *script, *lists; } large_vectors[] = {
	{ "order 8 looks at order 9", "0pa8 0pb8 0pc8 0pd8 0pe8 0qc8 0qd8 0qa8",
	  "o8[1280,0] o9[512,1536] o10[2048,3072]" },
	{ "order 9 looks at nothing", "0pa9 0pb9 0pc9 0pd9 0pe9 0qa9 0qb9 0qd9",
	  "o9[1536,2560] o10[0,3072]" },
};

static void large_blocks_look_ahead_below_order_9(void **state)
{
	char text[300];

	(void)state;
	for (size_t i = 0; i < COUNT(large_vectors); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .mib = 16 });

		fixture_run(f, large_vectors[i].script);
		lists_text(f, text, sizeof text);
		assert_string_equal(text, large_vectors[i].lists);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

static void expect_vectors(const struct fixture_options *options)
{
	char text[300];

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct fixture *f = fixture_new(options);

		fixture_run(f, vectors[i].script);
		lists_text(f, text, sizeof text);
		if (strcmp(text, vectors[i].lists) != 0)
			fail_msg("%s: %s, expected %s", vectors[i].name, text, vectors[i].lists);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* With every layout of struct page, and both kinds of lock. */
static void lists_are_those_of_the_test_vectors(void **state)
{
	struct fixture_options options = { .pages_only = true, .lock = LOCK_TICKET };

	(void)state;
	expect_vectors(&options);
	options.stride = LINE;
	expect_vectors(&options);
	options.view = &page_view_aligned_64;
	expect_vectors(&options);
	options.lock = LOCK_DEC;
	expect_vectors(&options);
}

/* A struct of 64 bytes does not fit in 56: the packed layout takes its place. */
static void page_structs_never_overlap(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .view = &page_view_aligned_64, .stride = 56 });

	(void)state;
	assert_int_equal(f->memory->stride, 56);
	assert_ptr_equal(f->memory->view, &page_view_packed_56);
	fixture_free(f);
}

/* ---- lines, 1.6 -------------------------------------------------------- */

/* The sheet's name of a line: Z0 .. Z26, PG<n>, PCP.1, EV, bitmap; VM is the global vm_stat. */
static void name_line(const struct fixture *f, const char *zone, const struct touched *t,
		      char *name, size_t size)
{
	unsigned pageset = (unsigned)(sim_offset(f->sim, *(char **)(zone + PAGESET)) / LINE);
	unsigned vm_stat =
		(unsigned)(sim_offset(f->sim, find_line(f, "vm_stat.item[NR_FREE_PAGES]")) / LINE);
	unsigned z = (unsigned)((t->line - sim_offset(f->sim, zone)) / LINE);
	unsigned line = (unsigned)(t->line / LINE);
	uint64_t pfn = page_to_pfn(f->memory, t->address);
	char text[100];

	sim_describe(f->sim, t->address, text, sizeof text);
	if (z < ZONE_LINES)
		snprintf(name, size, "Z%u", z);
	else if (pfn < f->memory->pages)
		snprintf(name, size, "PG%u", (unsigned)pfn);
	else if (strncmp(text, "per_cpu_pageset[0]", 18) == 0)
		snprintf(name, size, "PCP.%u", line - pageset);
	else if (strncmp(text, "vm_event_state[0]", 17) == 0)
		snprintf(name, size, "EV");
	else if (strncmp(text, "vm_stat", 7) == 0)
		snprintf(name, size, "VM.%u", line - vm_stat);
	else if (strncmp(text, "pageblock_flags", 15) == 0)
		snprintf(name, size, "bitmap");
	else if (strncmp(text, "mem_section_root", 16) == 0)
		snprintf(name, size, "root");
	else if (strncmp(text, "mem_section", 11) == 0)
		snprintf(name, size, "section");
	else
		snprintf(name, size, "?%.10s", text);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The names of lines written, or only read, sorted, with A<n> behind where LOCK was used. */
static void lines_text(const struct fixture *f, bool written, char *text, size_t size)
{
	char name[64][48];
	unsigned count = 0;
	char *zone = find_zone(f);

	for (unsigned i = 0; i < f->count; i++) {
		const struct touched *t = &f->touched[i];
		char one[24], locks[16] = "";

		if (t->write != written)
			continue;
		name_line(f, zone, t, one, sizeof one);
		if (t->locks)
			snprintf(locks, sizeof locks, "A%u", t->locks);
		assert_true(count < COUNT(name));
		snprintf(name[count++], sizeof name[0], "%s%s", one, locks);
	}
	qsort(name, count, sizeof name[0], by_name);
	text[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		size_t at = strlen(text);

		snprintf(text + at, size - at, "%s%s", i ? " " : "", name[i]);
	}
}

/* Sorted as strcmp sorts. NODE, pageset and lock lie in Z1; free lists of order 0 in Z2, nr_free in
 * Z3; vm_stat[NR_FREE_PAGES] and pages_scanned in Z20; zone_pgdat in Z25. */
static const struct { const char *name, *script, *only_read, *written;
} lines[] = {
	/* After one allocation the lists are o0[1] o1[2] o2[4] ...: page 1 is the only one of order
	 * 0, so its neighbour is the head, in Z2. */
	{"alloc order 0 from its list", "0pa0 !0pb0", "Z0 Z20 Z25", "EV PCP.1 PG1 Z1A1 Z2 Z3"},
	/* With a second page in the list its back pointer is written: list o0[1,5], page 1 goes. */
	{"alloc order 0, a second page in the list", FIVE "0qb0 !0pf0", "Z0 Z20 Z25",
	 "EV PCP.1 PG1 PG5 Z1A1 Z2 Z3"},
	/* Lists o1[2] o2[4] ...: order 0 empty (its head is read, Z2, and written by the split),
	 * page 2 goes, page 3 is put on order 0. order 1: MOVABLE head 264 and nr_free 312 in
	 * Z4. */
	{"alloc order 0, split from order 1", "0pa0 0pb0 !0pc0", "Z0 Z20 Z25",
	 "EV PCP.1 PG2 PG3 Z1A1 Z2 Z3 Z4"},
	/* Lists o2[4]...: orders 0 and 1 empty. Order 2: head 352 Z5, nr_free 400 Z6. Page 4
	 * goes, 6 to order 1, 5 to order 0. */
	{"alloc order 0, split from order 2", "1pa0 1pb0 0pc0 0pd0 !0pe0", "Z0 Z20 Z25",
	 "EV PCP.1 PG4 PG5 PG6 Z1A1 Z2 Z3 Z4 Z5 Z6"},
	/* The same as this CPU's fifth: all three counts pass the threshold of 4 and fold, with
	 * a LOCK in the zone (Z20, Z23, Z24) and a global one (line 0, and twice line 3). */
	{"alloc order 0 that folds", "0pa0 0pb0 0pc0 0pd0 !0pe0", "Z0 Z25",
	 "EV PCP.1 PG4 PG5 PG6 VM.0A1 VM.3A2 Z1A1 Z2 Z20A1 Z23A1 Z24A1 Z3 Z4 Z5 Z6"},
	/* Order 1 from its own list, 1[2]: the watermark test reads nr_free of order 0, Z3; the
	 * checks read both page structs. */
	{"alloc order 1 from its list", "0pa0 !0pb1", "PG3 Z0 Z20 Z25 Z3", "EV PCP.1 PG2 Z1A1 Z4"},

	/* Free of page 3 while 0..7 are taken: buddy 2, then its parent's buddy, block 0 of
	 * order 1: page 0; no merge; order 0 is empty, so head only. */
	{"free order 0, no merge, empty list", EIGHT "!0qd0", "PG0 PG2 bitmap root section",
	 "EV PCP.1 PG3A1 Z1A1 Z2 Z20 Z3"},
	/* hp = 2 for page 3: is_buddy reads flags of hp too (in the line above); with page 7 on the
	 * list its back pointer is written. For page 3: buddy 2, hp 2, hb 0. */
	{"free order 0, no merge, a page in the list", EIGHT "0qh0 !0qd0",
	 "PG0 PG2 bitmap root section", "EV PCP.1 PG3A1 PG7 Z1A1 Z2 Z20 Z3"},
	/* Page 2 is on the list alone: free 3 takes it off (head Z2, nr_free Z3), block 2 of
	 * order 1; its buddy 0 is taken; parent 0 of order 2, its buddy 4 of order 2 is no free
	 * block. The freed page's struct and the head's are written; order 1 list: Z4. */
	{"free order 0, merges once", EIGHT "0qc0 !0qd0", "PG0 PG4 bitmap root section",
	 "EV PCP.1 PG2 PG3A1 Z1A1 Z2 Z20 Z3 Z4"},
	/* 1.5 for page 2 of the first vector: buddy 3 is taken, hb 0 is free at order 1: the tail,
	 * behind page 5, whose next pointer is written. */
	{"free order 0 to the tail", FIVE "0qb0 0qa0 !0qc0", "PG0 PG3 bitmap root section",
	 "EV PCP.1 PG2A1 PG5 Z1A1 Z2 Z20 Z3"},
};

static void each_operation_touches_the_lines_of_the_sheet(void **state)
{
	char text[400];

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct fixture *f = pages_fixture();

		print_message("%s\n", lines[i].name);
		fixture_run(f, lines[i].script);
		lines_text(f, false, text, sizeof text);
		assert_string_equal(text, lines[i].only_read);
		lines_text(f, true, text, sizeof text);
		assert_string_equal(text, lines[i].written);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- accesses, 1.2 to 1.5: each, in order ------------------------------ */

/* "R Z104": a word of the zone by its offset; "W PG3.private" a page struct's member; PCP and EV
 * the CPU's pageset and events by offset and item, of whatever line. */
static void name_access(const struct fixture *f, const char *zone, const struct one_access *a,
			char *name, size_t size)
{
	uint64_t z = (uint64_t)((uintptr_t)a->address - (uintptr_t)zone);
	uint64_t pcp = (uint64_t)((uintptr_t)a->address - (uintptr_t)*(char **)(zone + PAGESET));
	uint64_t pfn = page_to_pfn(f->memory, (const struct page *)a->address);
	char text[100];

	sim_describe(f->sim, a->address, text, sizeof text);
	if (z < ZONE_BYTES)
		snprintf(name, size, "%c Z%u", a->how, (unsigned)z);
	else if (pcp < 104)
		snprintf(name, size, "%c PCP%u", a->how, (unsigned)pcp);
	else if (pfn < f->memory->pages)
		snprintf(name, size, "%c PG%u.%s", a->how, (unsigned)pfn, strchr(text, '.') + 1);
	else
		snprintf(name, size, "%c %s", a->how, text);
}

/*
 * Page 1 is alone on its list, as in the first row of the lines. Z8 and Z32 are the LOW watermark
 * and lowmem_reserve, Z1296 free pages, Z104 the lock, Z176/184 the list of order 0, Z224 its
 * nr_free, Z96 pageset, Z1624 zone_pgdat (of the zone wanted and of the zone got), Z72 node; PCP66
 * the difference of free pages, 92 and 96 of NUMA_HIT and NUMA_LOCAL, 65 the threshold.
 */
static const char alloc_steps[] =
	"R Z8, R Z32, R Z1296, "                                                /* 1.2: 1 */
	"A Z104, "                                                              /* 2 */
	"R Z176, R PG1.lru, R PG1.lru, W Z184, W Z176, W PG1.lru, W PG1.lru, "  /* 3: unlink */
	"W PG1._mapcount, W PG1.private, R Z224, W Z224, "
	"M Z104, "                                                              /* 4 */
	"R PG1.index, R Z96, R PCP66, R PCP65, W PCP66, "                       /* 5 */
	"M vm_event_state[0].event[PGALLOC_NORMAL], "                           /* 6 */
	"R Z1624, R Z1624, R Z96, M PCP92, R PCP65, R Z72, R Z96, M PCP96, R PCP65, "
	"R PG1.flags, R PG1.mapping, R PG1._mapcount, R PG1._count, "           /* 8 */
	"W PG1.private, W PG1._count, ";

/*
 * Page 3 merges with 2, as in the lines. Z108 all_unreclaimable, Z1280 pages_scanned; Z264/272 the
 * list of order 1, which is empty, Z312 its nr_free. Block 2 of order 1 has the buddy 0, taken; its
 * parent, 0 of order 2, has the buddy 4, taken: the head.
 */
static const char free_steps[] =
	"A PG3._count, "                                                        /* 1.4: 1 */
	"R PG3.flags, R PG3.mapping, R PG3._mapcount, R PG3._count, "
	"R PG3.flags, R mem_section_root, R mem_section.pageblock_flags, "      /* 2, 0.9 */
	"R pageblock_flags.word, W PG3.index, "
	"A Z104, W Z108, W Z1280, "                                             /* 3, 4 */
	"M vm_event_state[0].event[PGFREE], "                                   /* 5 */
	"R PG3.flags, R PG2.flags, R PG2._mapcount, R PG2.private, "            /* 1.5: merges */
	"R PG2.lru, R PG2.lru, W Z184, W Z176, W PG2.lru, W PG2.lru, R Z224, W Z224, "
	"W PG2._mapcount, W PG2.private, "
	"R PG2.flags, R PG0.flags, R PG0._mapcount, "                           /* not further */
	"W PG2.private, W PG2._mapcount, "
	"R PG0.flags, R PG4.flags, R PG4._mapcount, "                           /* hp, hb */
	"R Z264, W Z272, W PG2.lru, W PG2.lru, W Z264, R Z312, W Z312, "
	"R Z96, R PCP66, R PCP65, W PCP66, "                                    /* 1.4: 7 */
	"M Z104, ";                                                             /* 8 */

static void each_operation_makes_the_accesses_of_the_sheet(void **state)
{
	static const struct { const char *script, *steps; } cases[] = {
		{ "0pa0 !0pb0", alloc_steps }, { EIGHT "0qc0 !0qd0", free_steps },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .stride = LINE, .lock = LOCK_TICKET });
		char text[2000] = "", name[120];

		fixture_run(f, cases[i].script);
		for (unsigned k = 0; k < f->accesses; k++) {
			size_t at = strlen(text);

			name_access(f, find_zone(f), &f->access[k], name, sizeof name);
			snprintf(text + at, sizeof text - at, "%s, ", name);
		}
		assert_string_equal(text, cases[i].steps);
		fixture_free(f);
	}
}

/* ---- counts, 0.7 and 0.8 ----------------------------------------------- */

/*
 * The threshold of 2 CPUs and 4 MiB is 2 * fls(2) * (1 + fls(0)) = 4. Four single pages taken leave
 * a difference of -4; the fifth makes -5 and is folded. zone->vm_stat[0] still says 1024 or says
 * 1019 then.
 */
static void differences_fold_beyond_the_threshold(void **state)
{
	static const struct { const char *script; int64_t counted; } cases[] = {
		{ "0pa0 0pb0 0pc0 0pd0", 1024 }, { FIVE, 1019 },
		{ FIVE "0qa0 0qb0 0qc0 0qd0", 1019 }, { FIVE "0qa0 0qb0 0qc0 0qd0 0qe0", 1024 },
		{ "0pa3", 1016 }, { "0pa2 1pb2", 1024 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f = pages_fixture();
		char *zone = find_zone(f);

		fixture_run(f, cases[i].script);
		assert_int_equal(*(int64_t *)(zone + VM_STAT), cases[i].counted);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* inc: the fifth NUMA_HIT passes 4 and folds 5 + 2, leaving -2; then 7 more until the next. */
static void numa_hits_fold_with_an_overstep(void **state)
{
	static const struct {
		unsigned allocations;
		int64_t hits;
	} cases[] = {{4, 0}, {5, 7}, {11, 7}, {12, 14}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f = pages_fixture();
		char script[100] = "";

		for (unsigned k = 0; k < cases[i].allocations; k++)
			snprintf(script + 5 * k, sizeof script - 5 * k, "0p%c0 ", (int)('a' + k));
		fixture_run(f, script);
		assert_int_equal(((int64_t *)(find_zone(f) + VM_STAT))[26], cases[i].hits);
		fixture_free(f);
	}
}

/* 4 MiB: min_free_kbytes = isqrt(16 * 4096) = 256 KiB, MIN 64 pages, LOW 80, HIGH 96. */
static void watermarks_are_those_of_the_sheet(void **state)
{
	struct fixture *f = pages_fixture();
	uint64_t *mark = (uint64_t *)(find_zone(f) + WATERMARK);

	(void)state;
	assert_int_equal(mark[0], 64);
	assert_int_equal(mark[1], 80);
	assert_int_equal(mark[2], 96);
	fixture_free(f);
}

static unsigned taken_until_refused(struct cpu *cpu, struct fixture *f, unsigned order,
				    unsigned gfp)
{
	unsigned taken = 0;

	for (;;) {
		struct page *page;

		op_begin(cpu, OP_PAGE_ALLOC);
		page = f->page_model->alloc(cpu, f->page_state, order, gfp);
		op_end(cpu, 0, 0);
		if (!page)
			return taken;
		taken++;
	}
}

static void exhaust(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	f->left = taken_until_refused(cpu, f, 0, GFP_KERNEL);
	f->left = f->left << 32 | taken_until_refused(cpu, f, 0, GFP_ATOMIC);
}

/*
 * An order 0 allocation fails when the count is MIN = 64 or less. The count lags by the CPU's
 * difference, with a threshold of 2 * fls(1) * (1 + fls(0)) = 2 for one CPU: it is folded every
 * third page, 1024 - 3k. It stops at 64: 1024 - 3 * 320 = 64, so 960 pages. GFP_ATOMIC may go to 64
 * - 32 - 8 = 24: 1024 - 3 * 333 = 25 is above, 22 is not: 1002 pages, 42 more.
 */
static void allocations_stop_at_the_min_watermark(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){ .pages_only = true, .cpus = 1 });

	(void)state;
	thread_start(f->sim, 0, exhaust, f);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
	assert_int_equal(f->left >> 32, 960);
	assert_int_equal(f->left & 0xffffffff, 42);
	assert_int_equal(f->page_model->free_pages(f->page_state), 1024 - 1002);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- the watermark of larger blocks, 0.8 ------------------------------- */

/* Takes single pages until `left` are free, frees every second one of 200, asks for two pages. */
static void fragment(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page;

	for (unsigned taken = 0; taken < 1024 - f->left; taken++) {
		page = f->page_model->alloc(cpu, f->page_state, 0, GFP_MOVABLE | GFP_ATOMIC);
		assert_int_equal(page_to_pfn(f->memory, page), taken);
	}
	for (unsigned pfn = 0; pfn < 200; pfn += 2)
		f->page_model->free(cpu, f->page_state, pfn_to_page(f->memory, pfn), 0);
	f->slot['a'] = f->page_model->alloc(cpu, f->page_state, 1, GFP_MOVABLE);
}

/*
 * MIN is 64 pages, free are left + 100 (as counted, at most 2 more). Two pages: less 1, that is
 * above 64. Less the 100 single pages it must be above 64 / 2: 50 - 1 is, 29 is not.
 */
static void single_pages_do_not_count_for_larger_blocks(void **state)
{
	(void)state;
	for (unsigned left = 30; left <= 50; left += 20) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .cpus = 1 });

		f->left = left;
		thread_start(f->sim, 0, fragment, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(f->slot['a'] != NULL, left == 50);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- fallbacks, 1.3 ---------------------------------------------------- */

struct place_of_block {
	unsigned pfn, order, type;
};

/*
 * 8 MiB, page frames from 1024 on MOVABLE (the first 1024 are the reserve). MOVABLE blocks of the
 * given orders are taken in ascending frames; then a single page of another type is asked for,
 * which takes the largest block that is left, and given back.
 */
struct fallback {
	const char *name;
	const char *orders;
	unsigned gfp, page;             /* page: what is handed out */
	struct place_of_block then, after;      /* while it is in use; when it is back */
};

static const struct fallback fallbacks[] = {
	/* Left: 1664 (order 7), 1792 (order 8). Order 8 >= 4: the pageblock's 384 free pages change
	 * lists; that is 256 or more, so its type changes too, and the page goes back there. */
	{ "a pageblock changes its type", "97", GFP_KERNEL, 1792,
	  { 1664, 7, UNMOVABLE }, { 1792, 8, UNMOVABLE } },
	/* Left: 1920 (order 7). 128 pages: the halves of the block are UNMOVABLE, the pageblock
	 * stays MOVABLE, and so the whole block is again. */
	{ "too few pages to change the type", "987", GFP_KERNEL, 1920,
	  { 1984, 6, UNMOVABLE }, { 1920, 7, MOVABLE } },
	/* Left: 2036 (order 2), 2040 (order 3). Order 3 < 4: only that block. */
	{ "a small block alone", "9876542", GFP_KERNEL, 2040,
	  { 2036, 2, MOVABLE }, { 2040, 3, MOVABLE } },
	/* Left: 1792 (order 8). 256 pages are just enough to change the type. */
	{ "half a pageblock changes its type", "98", GFP_KERNEL, 1792,
	  { 1920, 7, UNMOVABLE }, { 1792, 8, UNMOVABLE } },
	/* Left: 2024 (order 3), 2032 (order 4). Order 4 is just large enough to take the rest of
	 * the pageblock too; 24 pages do not change its type. */
	{ "order 4 takes the rest along", "987653", GFP_KERNEL, 2032,
	  { 2024, 3, UNMOVABLE }, { 2032, 4, MOVABLE } },
	/* RECLAIMABLE takes the pageblock's free pages whatever the order. */
	{ "RECLAIMABLE takes more", "9876542", GFP_RECLAIMABLE, 2040,
	  { 2036, 2, RECLAIMABLE }, { 2040, 3, MOVABLE } },
};

static void expect_on_list(const struct fixture *f, const struct place_of_block *block)
{
	struct list_head *head = free_list(find_zone(f), block->order, block->type);
	struct list_head *lru = page_lru(f->memory, pfn_to_page(f->memory, block->pfn)), *at;

	for (at = head->next; at != head && at != lru; at = at->next)
		;
	if (at == head)
		fail_msg("page %u is not on the list of order %u, type %u", block->pfn,
			 block->order, block->type);
}

static void fallback_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	const struct fallback *fallback = &fallbacks[f->left];

	for (const char *order = fallback->orders; *order; order++)
		f->page_model->alloc(cpu, f->page_state, (unsigned)(*order - '0'), GFP_MOVABLE);
	f->slot['a'] = f->page_model->alloc(cpu, f->page_state, 0, fallback->gfp);
	assert_int_equal(page_to_pfn(f->memory, f->slot['a']), fallback->page);
	expect_on_list(f, &fallback->then);
	f->page_model->free(cpu, f->page_state, f->slot['a'], 0);
	expect_on_list(f, &fallback->after);
}

static void an_empty_type_takes_from_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fallbacks); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .cpus = 1, .mib = 8, .reserve_blocks = 1 });

		print_message("%s\n", fallbacks[i].name);
		f->left = i;
		thread_start(f->sim, 0, fallback_thread, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* Takes pages 1024 to 2047 and gives 2017, 2021, 2025 back, none of which can merge. */
static void moved_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	for (const char *order = "98765"; *order; order++)
		f->page_model->alloc(cpu, f->page_state, (unsigned)(*order - '0'), GFP_MOVABLE);
	for (unsigned i = 0; i < 32; i++)
		f->page_model->alloc(cpu, f->page_state, 0, GFP_MOVABLE);
	for (unsigned pfn = 2017; pfn <= 2025; pfn += 4)
		f->page_model->free(cpu, f->page_state, pfn_to_page(f->memory, pfn), 0);
	f->slot['a'] = f->page_model->alloc(cpu, f->page_state, 0, GFP_RECLAIMABLE);
}

/* The list is 2025, 2021, 2017: 2025 is found. The scan goes up and puts each at the head of the
 * RECLAIMABLE list, 2025, 2021, 2017; then 2025 goes. */
static void moved_blocks_go_to_the_head_one_by_one(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .cpus = 1, .mib = 8, .reserve_blocks = 1 });
	struct list_head *head = free_list(find_zone(f), 0, RECLAIMABLE);

	(void)state;
	thread_start(f->sim, 0, moved_thread, f);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
	assert_int_equal(page_to_pfn(f->memory, f->slot['a']), 2025);
	assert_ptr_equal(head->next, page_lru(f->memory, pfn_to_page(f->memory, 2021)));
	assert_ptr_equal(head->prev, page_lru(f->memory, pfn_to_page(f->memory, 2017)));
	fixture_expect_sound(f);
	fixture_free(f);
}

/* 12 MiB: 0 is the reserve, 1024 and 2048 become the largest blocks of two types; or of one, and
 * 2048 stays MOVABLE. Then a third type asks for a page. */
static const struct order_of_types {
	unsigned first, second, asked, page;
} type_orders[] = {
	{ GFP_RECLAIMABLE, GFP_MOVABLE, GFP_KERNEL, 1024 },     /* RECLAIMABLE before MOVABLE */
	{ GFP_KERNEL, GFP_MOVABLE, GFP_RECLAIMABLE, 1024 },     /* UNMOVABLE before MOVABLE */
	{ GFP_KERNEL, GFP_RECLAIMABLE, GFP_MOVABLE, 2048 },     /* RECLAIMABLE before UNMOVABLE */
	{ GFP_RECLAIMABLE, GFP_KERNEL, GFP_MOVABLE, 1024 },
};

static void types_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	const struct order_of_types *t = &type_orders[f->left];
	struct page *first = f->page_model->alloc(cpu, f->page_state, 10, t->first);
	struct page *second = f->page_model->alloc(cpu, f->page_state, 10, t->second);

	assert_int_equal(page_to_pfn(f->memory, first), 1024);
	assert_int_equal(page_to_pfn(f->memory, second), 2048);
	f->page_model->free(cpu, f->page_state, first, 10);
	f->page_model->free(cpu, f->page_state, second, 10);
	f->slot['a'] = f->page_model->alloc(cpu, f->page_state, 0, t->asked);
}

static void types_fall_back_in_the_order_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(type_orders); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .cpus = 1, .mib = 12, .reserve_blocks = 1 });

		f->left = i;
		thread_start(f->sim, 0, types_thread, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(page_to_pfn(f->memory, f->slot['a']), type_orders[i].page);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- migratetypes, 1.3 ------------------------------------------------- */

static void unmovable_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	op_begin(cpu, OP_PAGE_ALLOC);
	f->slot['a'] = f->page_model->alloc(cpu, f->page_state, 0, GFP_KERNEL);
	op_end(cpu, 0, 0);
	op_begin(cpu, OP_PAGE_FREE);
	f->page_model->free(cpu, f->page_state, f->slot['a'], 0);
	op_end(cpu, 0, 0);
}

/*
 * From the boot state the first UNMOVABLE allocation steals a whole block of order 10: it is
 * retyped, so that the page goes back to the UNMOVABLE list, merged to order 10. With a reserve
 * that block is not the first one, which is RESERVE: MIN is 90 pages of 8 MiB, 1 block.
 */
static void the_first_unmovable_allocation_steals_a_whole_block(void **state)
{
	(void)state;
	for (unsigned reserve = 0; reserve < 2; reserve++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .cpus = 1, .mib = 8, .reserve_blocks = reserve });
		char *zone = find_zone(f);
		uint64_t expected = reserve ? 1024 : 0;
		struct list_head *lru;

		thread_start(f->sim, 0, unmovable_thread, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(page_to_pfn(f->memory, f->slot['a']), expected);
		lru = page_lru(f->memory, pfn_to_page(f->memory, expected));
		assert_ptr_equal(free_list(zone, 10, UNMOVABLE)->next, lru);
		lru = page_lru(f->memory, pfn_to_page(f->memory, 1024 - expected));
		assert_ptr_equal(free_list(zone, 10, reserve ? RESERVE : MOVABLE)->next, lru);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/*
 * 1.3, the block of order 10 that the first UNMOVABLE allocation finds: more than 256 pages moved,
 * so its first pageblock gets the type; then, as it is of order 9 or more, both its pageblocks. A
 * type has three bits: 0.9, three plain read-modify-writes of the word, found as when it is read.
 */
static void pageblocks_are_retyped_with_plain_bit_operations(void **state)
{
	struct fixture *f = pages_fixture();
	const char *bitmap = find_line(f, "pageblock_flags.word");
	const char *section = find_line(f, "mem_section.section_mem_map");
	unsigned plain = 0, found = 0;

	(void)state;
	fixture_run(f, "!0ka0");
	for (unsigned i = 0; i < f->accesses; i++) {
		const struct one_access *a = &f->access[i];

		if (a->address == (const void *)bitmap) {
			assert_int_equal(a->how, 'M');
			plain++;
		}
		found += a->address == (const void *)(section + 8);
	}
	assert_int_equal(plain, 3 * 3);
	assert_int_equal(found, 3);
	fixture_free(f);
}

static void reserve_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	for (unsigned i = 0; i < 4; i++)
		f->slot[i] = f->page_model->alloc(cpu, f->page_state, 9, GFP_MOVABLE);
}

/* 8 MiB: pages 0 to 1023 are the reserve, used last, but used: blocks of 512 pages come at 1024,
 * 1536, 0. Then 512 pages are left, 512 - 511 = 1 is not above the watermark: refused. */
static void the_reserve_comes_last(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .cpus = 1, .mib = 8, .reserve_blocks = 2 });

	(void)state;
	thread_start(f->sim, 0, reserve_thread, f);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
	assert_int_equal(page_to_pfn(f->memory, f->slot[0]), 1024);
	assert_int_equal(page_to_pfn(f->memory, f->slot[1]), 1536);
	assert_int_equal(page_to_pfn(f->memory, f->slot[2]), 0);
	assert_null(f->slot[3]);
	fixture_expect_sound(f);
	fixture_free(f);
}

static void nodes_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	f->slot[cpu_id(cpu)] = f->page_model->alloc(cpu, f->page_state, 0, GFP_MOVABLE);
}

static void a_cpu_gets_pages_of_its_own_node(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .nodes = 2, .placement = PLACEMENT_SCATTER, .mib = 8 });

	(void)state;
	for (unsigned id = 0; id < 2; id++)
		thread_start(f->sim, id, nodes_thread, f);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
	for (unsigned id = 0; id < 2; id++)
		assert_int_equal(pfn_to_node(f->memory, page_to_pfn(f->memory, f->slot[id])), id);
	fixture_expect_sound(f);
	fixture_free(f);
}

static void remote_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	f->left = taken_until_refused(cpu, f, 10, GFP_MOVABLE);
}

enum { RUNS = 5 };

struct runs {
	struct fixture *f;
	unsigned length[RUNS];
};

/* Counts how many pages come in a row from one node before they come from the other. */
static void runs_thread(struct cpu *cpu, void *argument)
{
	struct runs *runs = argument;
	struct fixture *f = runs->f;
	unsigned at = 0, last = 1;
	struct page *page;

	while ((page = f->page_model->alloc(cpu, f->page_state, 0, GFP_MOVABLE))) {
		unsigned node = pfn_to_node(f->memory, page_to_pfn(f->memory, page));

		at += node != last;
		assert_true(at < RUNS);
		runs->length[at]++;
		last = node;
	}
}

/*
 * 0.8: all nodes are tried above LOW before any goes down to MIN. 8 MiB: min_free_kbytes is
 * isqrt(16 * 8192) = 362, 90 pages, so MIN is 45 on each node and LOW 45 + 11 = 56. The threshold
 * of 2 CPUs is 4, so the count falls by 5 pages at a time from 1024: 970 pages until it is 54, ten
 * more until it is 44.
 */
static void other_nodes_come_before_the_min_watermark(void **state)
{
	static const unsigned expected[RUNS] = { 970, 970, 10, 10, 0 };
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .nodes = 2, .placement = PLACEMENT_SCATTER, .mib = 8 });
	struct runs runs = { .f = f };

	(void)state;
	thread_start(f->sim, 1, runs_thread, &runs);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
	for (unsigned i = 0; i < RUNS; i++)
		assert_int_equal(runs.length[i], expected[i]);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* What CPU 1 counted of an item of a zone: its difference, nothing folded yet. */
static int counted(const struct fixture *f, char *zone, unsigned item)
{
	char *pageset = per_cpu(f->sim, *(char **)(zone + PAGESET), 1);

	return ((int8_t *)pageset)[66 + item];
}

/*
 * CPU 1's node is used up down to its watermark: blocks of order 10 come from node 0 then. Each
 * node has two, the second fails its watermark: 1024 - 1023 = 1. The first was NUMA_HIT 26 and
 * NUMA_LOCAL 30 of zone 1; the second NUMA_MISS 27 and NUMA_OTHER 31 of zone 0, and NUMA_FOREIGN
 * 28 of zone 1, which was wanted.
 */
static void a_full_node_falls_back_to_the_other(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .nodes = 2, .placement = PLACEMENT_SCATTER, .mib = 16 });

	(void)state;
	thread_start(f->sim, 1, remote_thread, f);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
	assert_int_equal(f->left, 2);
	assert_int_equal(f->page_model->free_pages(f->page_state), 2048);
	for (unsigned node = 0; node < 2; node++) {
		char *zone = find_line(f, node ? "zone of node 1.watermark"
					       : "zone of node 0.watermark");

		assert_int_equal(counted(f, zone, 26), node == 1);
		assert_int_equal(counted(f, zone, 27), node == 0);
		assert_int_equal(counted(f, zone, 28), node == 1);
		assert_int_equal(counted(f, zone, 30), node == 1);
		assert_int_equal(counted(f, zone, 31), node == 0);
	}
	fixture_expect_sound(f);
	fixture_free(f);
}

/* Blocks of order 10, which only one of each node can be; whose they were, one after the other. */
static void square_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page;

	while ((page = f->page_model->alloc(cpu, f->page_state, 10, GFP_MOVABLE)))
		f->left = 10 * f->left + pfn_to_node(f->memory, page_to_pfn(f->memory, page));
}

/* Of four nodes as in other_nodes_are_looked_at_nearest_first of test_slub.c. */
static void full_nodes_fall_back_to_the_nearest_first(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .nodes = 4, .cpus = 4, .placement = PLACEMENT_SCATTER,
		.mib = 32 });

	(void)state;
	thread_start(f->sim, 1, square_thread, f);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
	assert_int_equal(f->left, 1302);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- compound pages ---------------------------------------------------- */

static void compound_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	f->slot['a'] = f->page_model->alloc(cpu, f->page_state, 2, GFP_MOVABLE | GFP_COMP);
	for (unsigned i = 0; i < 4; i++) {
		struct page *page = pfn_to_page(f->memory,
						page_to_pfn(f->memory, f->slot['a']) + i);
		uint64_t flags = *page_flags(f->memory, page);

		assert_int_equal(flags >> PG_HEAD & 1, i == 0);
		assert_int_equal(flags >> PG_TAIL & 1, i > 0);
		assert_true(i == 0 || *page_first_page(f->memory, page) == f->slot['a']);
	}
	assert_int_equal(*compound_order(f->memory, f->slot['a']), 2);
	f->page_model->free(cpu, f->page_state, f->slot['a'], 2);
	assert_int_equal(*page_flags(f->memory, f->slot['a']), 0);
}

static void compound_pages_are_marked_and_unmarked(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){ .pages_only = true, .cpus = 1 });

	(void)state;
	thread_start(f->sim, 0, compound_thread, f);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- wrong frees are caught -------------------------------------------- */

static void twice_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page = f->page_model->alloc(cpu, f->page_state, 0, GFP_MOVABLE);

	f->page_model->free(cpu, f->page_state, page, 0);
	f->page_model->free(cpu, f->page_state, page, 0);
}

static void mapped_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct page *page = f->page_model->alloc(cpu, f->page_state, 0, GFP_MOVABLE);

	store(cpu, page_mapcount(f->memory, page), 0);
	f->page_model->free(cpu, f->page_state, page, 0);
}

static void a_wrong_free_is_a_bug(void **state)
{
	static thread_function *const threads[] = { twice_thread, mapped_thread };

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++) {
		struct fixture *f = pages_fixture();

		thread_start(f->sim, 0, threads[i], f);
		assert_int_equal(sim_run(f->sim), OUTCOME_BUG);
		fixture_free(f);
	}
}

/* ---- check() finds damage ---------------------------------------------- */

/* Pages 0 to 4 were taken, 1 was given back: lists o0[1,5] o1[6] o3[8] ... */
static void damage_alignment(struct fixture *f, char *zone)
{
	struct list_head *six = page_lru(f->memory, pfn_to_page(f->memory, 6));
	struct list_head *seven = page_lru(f->memory, pfn_to_page(f->memory, 7));

	*seven = *six;
	six->next->prev = six->prev->next = seven;
	(void)zone;
}

static void damage_mark(struct fixture *f, char *zone)
{
	*page_mapcount(f->memory, pfn_to_page(f->memory, 6)) = -1;
	(void)zone;
}

static void damage_order(struct fixture *f, char *zone)
{
	*page_private(f->memory, pfn_to_page(f->memory, 6)) = 2;
	(void)zone;
}

static void damage_stray_mark(struct fixture *f, char *zone)
{
	*page_mapcount(f->memory, pfn_to_page(f->memory, 0)) = -128;
	(void)zone;
}

static void damage_back_pointer(struct fixture *f, char *zone)
{
	page_lru(f->memory, pfn_to_page(f->memory, 5))->prev = free_list(zone, 0, MOVABLE);
}

static void damage_leaves(struct fixture *f, char *zone)
{
	page_lru(f->memory, pfn_to_page(f->memory, 5))->next = (struct list_head *)f->turn;
	(void)zone;
}

static void damage_nr_free(struct fixture *f, char *zone)
{
	++*(uint64_t *)(zone + FREE_AREA + NR_FREE);
	(void)f;
}

/* Page `pfn` goes to the tail of order 0, with all marks and counts of the zone right. */
static void put_free(struct fixture *f, char *zone, uint64_t pfn)
{
	struct list_head *head = free_list(zone, 0, MOVABLE);
	struct page *page = pfn_to_page(f->memory, pfn);
	struct list_head *lru = page_lru(f->memory, page);

	*page_count(f->memory, page) = 0;
	*page_mapcount(f->memory, page) = -128;
	*page_private(f->memory, page) = 0;
	lru->prev = head->prev;
	lru->next = head;
	head->prev->next = lru;
	head->prev = lru;
	++*(uint64_t *)(zone + FREE_AREA + NR_FREE);
	++*(int64_t *)(zone + VM_STAT);
}

static void damage_overlap(struct fixture *f, char *zone)
{
	put_free(f, zone, 9);           /* of the free block 8 to 15 */
}

static void damage_unmerged(struct fixture *f, char *zone)
{
	put_free(f, zone, 0);           /* page 1 is free */
}

static void damage_global_count(struct fixture *f, char *zone)
{
	++*(int64_t *)find_line(f, "vm_stat.item[NR_FREE_PAGES]");
	(void)zone;
}

static void damage_reference(struct fixture *f, char *zone)
{
	*page_count(f->memory, pfn_to_page(f->memory, 9)) = 1;
	(void)zone;
}

static void damage_count(struct fixture *f, char *zone)
{
	++*(int64_t *)(zone + VM_STAT);
	(void)f;
}

static void damage_lock(struct fixture *f, char *zone)
{
	++*(uint16_t *)(zone + LOCK + 2);
	(void)f;
}

static const struct {
	const char *name;
	void (*damage)(struct fixture *f, char *zone);
	const char *reason;
} damages[] = {
	{"a block that is not aligned", damage_alignment, "page 7 is not aligned"},
	{"a free block not marked", damage_mark, "page 6 is on the list of order 1"},
	{"a free block of a wrong order", damage_order, "page 6 is on the list of order 1"},
	{"a mark on a page in use", damage_stray_mark, "page 0 is marked free"},
	{"a wrong back pointer", damage_back_pointer, "page 5 does not point back"},
	{"a list that leaves", damage_leaves, "leaves the page structs"},
	{"nr_free too large", damage_nr_free, "nr_free 3, the lists have 2"},
	{"a page in two blocks", damage_overlap, "page 9 is in two free blocks"},
	{"buddies not merged", damage_unmerged, "are both free"},
	{"a free page with a reference", damage_reference, "page 9 is free and referenced"},
	{"the zone's count", damage_count, "node 0: NR_FREE_PAGES"},
	{"the global count", damage_global_count, "global NR_FREE_PAGES"},
	{"the lock held", damage_lock, "zone lock is held"},
};

static void check_finds_each_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .stride = LINE, .lock = LOCK_TICKET });

		print_message("%s\n", damages[i].name);
		fixture_run(f, FIVE "0qb0");
		fixture_expect_sound(f);
		damages[i].damage(f, find_zone(f));
		fixture_expect_unsound(f, damages[i].reason);
		fixture_free(f);
	}
}

/* ---- several CPUs at once ---------------------------------------------- */

enum { HELD = 16, ROUNDS = 300 };

static void random_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	struct { struct page *page; unsigned order; } held[HELD] = { 0 };

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned k = (unsigned)random_below(cpu, HELD),
			 types = GFP_MOVABLE | GFP_RECLAIMABLE;

		if (held[k].page) {
			f->page_model->free(cpu, f->page_state, held[k].page, held[k].order);
			held[k].page = NULL;
			continue;
		}
		held[k].order = (unsigned)random_below(cpu, 5);
		types = random_below(cpu, 2) ? GFP_KERNEL : types & (unsigned)random_below(cpu, 8);
		if (random_below(cpu, 2))
			types |= GFP_COMP;
		held[k].page = f->page_model->alloc(cpu, f->page_state, held[k].order, types);
	}
	for (unsigned k = 0; k < HELD; k++)
		if (held[k].page)
			f->page_model->free(cpu, f->page_state, held[k].page, held[k].order);
}

/* All types, orders and lock kinds, so that fallbacks, retyping and merging happen under
 * contention; all pages come back. */
static void random_traffic_keeps_the_invariants(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.pages_only = true, .cpus = 4, .mib = 16, .nodes = 1 + i / 4,
			.stride = i % 2 ? LINE : 0, .lock = i / 2 % 2 ? LOCK_DEC : LOCK_TICKET,
			.placement = PLACEMENT_SCATTER, .reserve_blocks = 2 });

		for (unsigned id = 0; id < 4; id++)
			thread_start(f->sim, id, random_thread, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(f->page_model->free_pages(f->page_state), f->memory->pages);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_those_of_the_test_vectors),
		cmocka_unit_test(page_structs_never_overlap),
		cmocka_unit_test(each_operation_touches_the_lines_of_the_sheet),
		cmocka_unit_test(large_blocks_look_ahead_below_order_9),
		cmocka_unit_test(each_operation_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(differences_fold_beyond_the_threshold),
		cmocka_unit_test(numa_hits_fold_with_an_overstep),
		cmocka_unit_test(watermarks_are_those_of_the_sheet),
		cmocka_unit_test(allocations_stop_at_the_min_watermark),
		cmocka_unit_test(single_pages_do_not_count_for_larger_blocks),
		cmocka_unit_test(an_empty_type_takes_from_another),
		cmocka_unit_test(moved_blocks_go_to_the_head_one_by_one),
		cmocka_unit_test(types_fall_back_in_the_order_of_the_sheet),
		cmocka_unit_test(the_first_unmovable_allocation_steals_a_whole_block),
		cmocka_unit_test(pageblocks_are_retyped_with_plain_bit_operations),
		cmocka_unit_test(the_reserve_comes_last),
		cmocka_unit_test(a_cpu_gets_pages_of_its_own_node),
		cmocka_unit_test(a_full_node_falls_back_to_the_other),
		cmocka_unit_test(full_nodes_fall_back_to_the_nearest_first),
		cmocka_unit_test(other_nodes_come_before_the_min_watermark),
		cmocka_unit_test(compound_pages_are_marked_and_unmarked),
		cmocka_unit_test(a_wrong_free_is_a_bug),
		cmocka_unit_test(check_finds_each_damage),
		cmocka_unit_test(random_traffic_keeps_the_invariants),
	};

	return cmocka_run_group_tests_name("buddy", tests, NULL, NULL);
}
