/*
 * Reports, titles of figures and comparisons, from hand-made results.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/comparison.h"
#include "cli/differences.h"
#include "cli/findings.h"
#include "cli/overview.h"
#include "cli/select.h"
#include "cli/verdict.h"
#include "cli/summary.h"
#include "cli/takers.h"
#include "cli/views.h"
#include "figures/claims.h"
#include "figures/plots.h"
#include "sim/verbs/xalloc.h"
#include "tests/points_fixture.h"

enum { UNITS = 64 };

/* ---- one result, by hand ------------------------------------------------------------------------ */

#define NOWHERE { "", 0, "", "" }
#define NOBODY .caller = NOWHERE

static struct site_stats sites[] = {
	{ .line = 320, .offset = 8, .size = 8, .member = "freelist", .site = { "models/a.c", 10, "take", "&page->freelist" },
	  NOBODY, .op = OP_ALLOC, .path = "", .stores = 1000, .bounces = 950, .hitm = 950, .wait_units = 1000 * 200 * UNITS, .cpus = 1, .cpu_ids = "0" },
	{ .line = 320, .offset = 8, .size = 8, .member = "freelist", .site = { "models/a.c", 20, "give", "&page->freelist" },
	  NOBODY, .op = OP_FREE, .path = "slow", .loads = 1000, .bounces = 950, .hitm = 1000, .wait_units = 1000 * 100 * UNITS, .cpus = 1, .cpu_ids = "1" },
	{ .line = 4096, .offset = 0, .size = 4, .member = "head", .site = { "workloads/b.c", 5, "put", "&ring->head" },
	  NOBODY, .op = OP_NONE, .path = NULL, .stores = 50, .bounces = 50, .hitm = 50, .wait_units = 50 * 60 * UNITS, .cpus = 1, .cpu_ids = "0" },
	{ .line = 4096, .offset = 4, .size = 4, .member = "tail", .site = { "workloads/b.c", 9, "get", "&ring->tail" },
	  NOBODY, .op = OP_NONE, .path = NULL, .loads = 10, .stores = 50, .bounces = 50, .hitm = 50, .wait_units = 60 * 60 * UNITS, .cpus = 1, .cpu_ids = "1" },
};

static struct line_stats lines[] = {
	{ .offset = 320, .label = "page[5]", .members = "freelist", .class = CLASS_ALLOCATOR, .bounces = 1900, .hitm = 1950,
	  .upgrades = 10, .invalidations = 1900, .misses = 2000, .true_sharing = 1990, .loads = 1000, .stores = 1000, .readers = 1, .writers = 2,
	  .reader_ids = "1", .writer_ids = "0-1" },
	{ .offset = 4096, .label = "ring[0]", .members = "head tail", .class = CLASS_WORKLOAD, .bounces = 100, .hitm = 100,
	  .misses = 110, .false_sharing = 60, .true_sharing = 50, .loads = 10, .stores = 100, .readers = 2, .writers = 2,
	  .reader_ids = "0-1", .writer_ids = "0-1" },
};

static struct field_stats fields[] = {
	{ "page", "freelist", CLASS_ALLOCATOR, 8, 8, { "models/a.c", 10, "take", "&page->freelist" }, NOWHERE, OP_ALLOC, "", 0, 1000, 0 },
	{ "page", "freelist", CLASS_ALLOCATOR, 8, 8, { "models/a.c", 20, "give", "&page->freelist" }, NOWHERE, OP_FREE, "slow", 1500, 0, 0 },
	{ "page", "lru", CLASS_ALLOCATOR, 64, 16, { "models/a.c", 30, "move", "&page->lru" }, { "models/b.c", 40, "unlock", "spin_unlock(&page->lock)" }, OP_FREE, "slow", 0, 0, 7 },
};

/* The same four sites, by member. */
static struct member_stats members[] = {
	{ "page", "freelist", CLASS_ALLOCATOR, 8, 8, .loads = 1000, .stores = 1000, .bounces = 1900, .hitm = 1950,
	  .wait_units = 1000 * 300 * UNITS, .readers = 1, .writers = 1, .reader_ids = "1", .writer_ids = "0" },
	{ "ring", "head", CLASS_WORKLOAD, 0, 4, .stores = 50, .bounces = 50, .hitm = 50, .wait_units = 50 * 60 * UNITS, .writers = 1,
	  .reader_ids = "", .writer_ids = "0" },
	{ "ring", "tail", CLASS_WORKLOAD, 4, 4, .loads = 10, .stores = 50, .bounces = 50, .hitm = 50, .wait_units = 60 * 60 * UNITS,
	  .readers = 1, .writers = 1, .reader_ids = "1", .writer_ids = "1" },
};

/* Who took those lines: freelist from take() 900 times for give(), after 50 writes of flags; ... */
static struct taker_stats takers[] = {
	{ 0, 8, 8, "freelist", { "models/a.c", 20, "give", "&page->freelist" }, NOWHERE, 900, 900, 0, 0, "1" },
	{ 0, 0, 8, "flags", { "models/a.c", 25, "mark", "&page->flags" }, NOWHERE, 0, 0, 0, 50, "1" },
	{ 1, 8, 8, "freelist", { "models/a.c", 10, "take", "&page->freelist" }, NOWHERE, 990, 990, 0, 0, "0" },
	{ 2, 4, 4, "tail", { "workloads/b.c", 9, "get", "&ring->tail" }, NOWHERE, 40, 0, 40, 0, "1" },
	{ 3, 0, 4, "head", { "workloads/b.c", 5, "put", "&ring->head" }, NOWHERE, 20, 0, 20, 0, "0" },
};

/* The same by members: 900 + 990 are 1890. */
static struct pair_stats pairs[] = {
	{ "page", "freelist", 8, 8, "page", "flags", 0, 8, 0, 0, 0, 0, 50, "0", "1" },
	{ "page", "freelist", 8, 8, "page", "freelist", 8, 8, 0, 1890, 1890, 0, 0, "0-1", "0-1" },
	{ "ring", "head", 0, 4, "ring", "tail", 4, 4, 0, 40, 0, 40, 0, "0", "1" },
	{ "ring", "tail", 4, 4, "ring", "head", 0, 4, 0, 20, 0, 20, 0, "1", "0" },
};

/* And by CPU: 900 + 50 + 40, 990 + 20. */
static struct transfer_stats transfers[] = { { 0, 1, 990 }, { 1, 0, 1010 } };
static struct seat_stats seats[] = { { 0, 0 }, { 2, 1 } };

static struct shape_stats shapes[] = {
	{ "page", "flags", CLASS_ALLOCATOR, 0, 8, 80 }, { "page", "freelist", CLASS_ALLOCATOR, 8, 8, 80 },
	{ "page", "inuse", CLASS_ALLOCATOR, 16, 4, 80 }, { "page", "objects", CLASS_ALLOCATOR, 20, 4, 80 },
	{ "page", "lru", CLASS_ALLOCATOR, 64, 16, 80 },
	{ "ring", "head", CLASS_WORKLOAD, 0, 4, 8 }, { "ring", "tail", CLASS_WORKLOAD, 4, 4, 8 },
};

static struct lock_stats locks[] = {
	{ "zone[0]", "ticket", .taken = 10, .contended = 1, .turns = 3, .wait_units = 50 * UNITS, .hold_units = 1000 * UNITS,
	  .handovers = 2, .wait_units_max = 50 * UNITS, .hold_units_max = 200 * UNITS },
	{ "list[0]", "bit", .taken = 4, .contended = 2, .turns = 9, .wait_units = 70 * UNITS, .hold_units = 100 * UNITS,
	  .handovers = 3, .wait_units_max = 40 * UNITS, .hold_units_max = 30 * UNITS },
};

static struct path_stats paths[] = {
	{ OP_ALLOC, "", 90, 90 * 10 * UNITS },
	{ OP_ALLOC, "slow", 10, 10 * 200 * UNITS },
};

static struct counts cpus[] = {
	{ .loads = 10, .stores = 5, .rmws = 1, .bounces = { 1000, 50, 0 }, .hitm_loads = 3, .hitm_stores = 2, .misses = 6,
	  .cause_units = { [CAUSE_TRANSFER_SAME] = 300000 * UNITS, [CAUSE_COMPUTE] = 200000 * UNITS } },
	{ .loads = 20, .stores = 7, .rmws = 2, .bounces = { 900, 50, 0 }, .misses = 4,
	  .cause_units = { [CAUSE_TRANSFER_SAME] = 100000 * UNITS, [CAUSE_IDLE] = 400000 * UNITS } },
};

static struct order_stats orders[] = { { 6 }, { 0 }, { 1 } };

static struct result sample(void)
{
	struct result result = {
		.cpus = 2, .operations = 1000, .elapsed_units = 500000 * UNITS, .cpu = cpus,
		.total = { .loads = 30, .stores = 12, .rmws = 3, .bounces = { 1900, 100, 0 }, .hitm_loads = 3, .hitm_stores = 2, .misses = 10,
			   .misses_false_sharing = 60,
			   .cause_units = { [CAUSE_TRANSFER_SAME] = 400000 * UNITS, [CAUSE_COMPUTE] = 200000 * UNITS, [CAUSE_IDLE] = 400000 * UNITS } },
		.op = { [OP_ALLOC] = { .count = 100, .total_units = 2900 * UNITS, .p50_units = 10 * UNITS, .p99_units = 200 * UNITS,
				       .max_units = 200 * UNITS, .lines_read = 300, .lines_written = 150 } },
		.line = lines, .lines = 2, .site = sites, .sites = 4, .field = fields, .fields = 3,
		.member = members, .members = 3, .taker = takers, .takers = 5, .pair = pairs, .pairs = 4,
		.transfer = transfers, .transfers = 2, .seat = seats, .seats = 2, .shape = shapes, .shapes = 7,
		.lock = locks, .locks = 2, .path = paths, .paths = 2, .order = orders, .orders = 3,
	};

	return result;
}

static char *for_people(const char *view, size_t top)
{
	struct result result = sample();
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	view_find(view)->people(out, &result, &(struct view_options){ .top = top });
	fclose(out);
	return text;
}

static void expect_view(const char *view, size_t top, const char *expected)
{
	char *text = for_people(view, top);

	assert_string_equal(text, expected);
	free(text);
}

static char *for_programs(const char *name, enum table_format format)
{
	const struct view *view = view_find(name);
	struct result result = sample();
	struct table *table = table_new(view->columns);
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	view->fill(table, &result, "objects=a,seed=1");
	table_print(table, out, format, view->type, 0, (struct paper){ 0 });
	fclose(out);
	table_free(table);
	return text;
}

/* ---- views -------------------------------------------------------------------------------------- */

static void the_headline_gives_bounces_per_operation(void **state)
{
	(void)state;
	struct result result = sample();
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	view_headline(out, &result);
	result.outcome = OUTCOME_OUT_OF_MEMORY;
	snprintf(result.message, sizeof result.message, "node 0 is full");
	result.operations = 0;
	view_headline(out, &result);
	fclose(out);
	/* 1900 / 1000, 100 / 1000; without operations there is nothing per operation */
	char expected[512];

	snprintf(expected, sizeof expected,
		"1000 operations in 500 000 cycles on 2 CPUs\n"
		"2000 bounces, 2.00 per operation: allocator 1.90, workload 0.100, payload 0\n"
		"0 operations in 500 000 cycles on 2 CPUs\n"
		"2000 bounces, - per operation: allocator -, workload -, payload -\n"
		"this run did not end well: %s: node 0 is full\n", outcome_names[OUTCOME_OUT_OF_MEMORY]);
	assert_string_equal(text, expected);
	free(text);
}

/* 1900 of 2000 are 95 %; cycles each: 200 000 / 1000 = 200, 100, 60; offsets ascend in a line. */
static void lines_show_the_worst_first_and_then_their_members(void **state)
{
	(void)state;
	expect_view("lines", 10,
		"kind of line  lines  bounces  of all  per operation  class\n"
		"page              1     1900    95 %          1.90   allocator\n"
		"ring              1      100     5 %          0.100  workload\n"
		"\n"
		"line     bounces  of all  hitm  upgrades  misses  false sharing  readers  writers  class      members\n"
		"page[5]     1900    95 %  1950        10    2000              0  1        0-1      allocator  freelist\n"
		"ring[0]      100     5 %   100         0     110             60  0-1      0-1      workload   head tail\n"
		"\n"
		"page[5], 64 bytes: 1900 bounces\n"
		"  offset  member    verb   trips  bounces  hitm  cycles each  CPUs  operation     from\n"
		"       8  freelist  store   1000      950   950          200  0     alloc         models/a.c:10 take\n"
		"       8  freelist           900                                      taken by 1  models/a.c:20 give\n"
		"       8  freelist  load    1000      950  1000          100  1     free, slow    models/a.c:20 give\n"
		"       8  freelist           990                                      taken by 0  models/a.c:10 take\n"
		"\n"
		"ring[0], 64 bytes: 100 bounces\n"
		"  offset  member  verb     trips  bounces  hitm  cycles each  CPUs  operation     from\n"
		"       0  head    store       50       50    50         60.0  0     none          workloads/b.c:5 put\n"
		"       4  tail                40                                      taken by 1  workloads/b.c:9 get\n"
		"       4  tail    several     60       50    50         60.0  1     none          workloads/b.c:9 get\n"
		"       0  head                20                                      taken by 0  workloads/b.c:5 put\n");
}

/* 950 / 2000 are 47.5 %: 48 after rounding to even; 900 of 950 are 95 %, the other 50 on wide paper. */
static void sites_show_both_sides(void **state)
{
	(void)state;
	struct result result = sample();
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	view_find("sites")->people(out, &result, &(struct view_options){ .top = 1, .wide = true });
	fclose(out);
	assert_string_equal(text,
		"bounces  of all  hitm  trips  cycles each  operation     from                source\n"
		"    950    48 %  1000   1000          100  free, slow    models/a.c:20 give  load(&page->freelist)\n"
		"          100 %          990                 taken by 0  models/a.c:10 take  &page->freelist\n"
		"and 3 more of 4 places; --top 4 shows all\n");
	free(text);
	result.site = sites;
	out = open_memstream(&text, &length);
	view_find("sites")->people(out, &result, &(struct view_options){ .top = 2, .wide = true });
	fclose(out);
	assert_non_null(strstr(text,
		"    950    48 %   950   1000          200  alloc         models/a.c:10 take  store(&page->freelist)\n"
		"           95 %          900                 taken by 1  models/a.c:20 give  &page->freelist\n"
		"            5 %           50                 taken by 1  models/a.c:25 mark  &page->flags\n"));
	free(text);
}

static void what_top_leaves_out_is_said(void **state)
{
	(void)state;
	char *text = for_people("lines", 1);

	assert_non_null(strstr(text, "All other lines together: 100 bounces.\n"));
	assert_null(strstr(text, "ring[0]"));
	free(text);
	text = for_people("sites", 3);
	assert_non_null(strstr(text, "and 1 more of 4 places; --top 4 shows all\n"));
	free(text);
}

/*
 * flags alone, then inuse and objects were not accessed; bytes 24 to 64 are no member's; lru is in
 * the second line, and never left the cache. freelist: 1000 + 1500 accesses, its line taken 1890 times
 * for freelist and 50 times for flags: 97 %. What is touched inside a lock is its caller's. Of ring
 * only what left the cache is known: 8 bytes, so tail is to begin a line 64 - 4 = 60 bytes later,
 * and 8 + 60 bytes are two lines.
 */
static void fields_show_holes_lines_and_false_sharing(void **state)
{
	(void)state;
	expect_view("fields", 10,
		"struct page, the allocator's, 80 bytes: 1900 bounces\n"
		"  offset  size  member               accesses  trips  bounces  of all  hitm  false sharing  readers  writers  taken by               mostly from\n"
		"       0     8  (flags: unused)\n"
		"       8     8  freelist                 2500   2000     1900    95 %  1950              0  1        0        freelist 97 %, by 0-1  models/a.c:20 give\n"
		"      16     8  (2 members: unused)\n"
		"      24    40  /* hole */\n"
		"      64        --- line 1 ---\n"
		"      64    16  lru                         7      0                                                                                 models/b.c:40 unlock\n"
		"\n"
		"struct ring, the workload's, 8 bytes: 100 bounces\n"
		"  offset  size  member  accesses  trips  bounces  of all  hitm  false sharing  readers  writers  taken by          mostly from\n"
		"       0     4  head                 50       50     2 %    50             40           0        tail 100 %, by 1\n"
		"       4     4  tail                 60       50     2 %    50             20  1        1        head 100 %, by 0\n"
		"\n"
		"FALSE SHARING: 60 misses, because ring.head and ring.tail lie in one line\n"
		"  ring.head (bytes 0-3), written by CPU 0\n"
		"    lost 40 times by CPU 0 to the use of tail by CPU 1\n"
		"  ring.tail (bytes 4-7), written by CPU 1, read by CPU 1\n"
		"    lost 20 times by CPU 1 to the use of head by CPU 0\n"
		"  To end it: 60 bytes of padding before ring.tail, the struct aligned to a line: from 8 to 128 bytes in all.\n"
		"All lines together: 60 false-sharing misses.\n");
}

/* Of all lines together: 1900 of 2000 are 95 %, 50 are 2.5 %; 300 000 cycles over 2000 trips. */
static void members_of_all_structs_are_ranked(void **state)
{
	(void)state;
	expect_view("members", 10,
		"member         bounces  of all  hitm  trips  cycles each  false sharing  readers  writers  taken by               class\n"
		"page.freelist     1900    95 %  1950   2000        150                0  1        0        freelist 97 %, by 0-1  allocator\n"
		"ring.head           50     2 %    50     50         60.0             40           0        tail 100 %, by 1       workload\n"
		"ring.tail           50     2 %    50     60         60.0             20  1        1        head 100 %, by 0       workload\n");
}

/* 1890 + 50 + 40 + 20 = 2000: 94.5, 2.5, 2 and 1 %. */
static void takers_name_both_members(void **state)
{
	(void)state;
	expect_view("takers", 3,
		"lost by        CPUs  taken by       CPUs  taken  of all  false sharing  true  upgrades  structs\n"
		"page.freelist  0-1   page.freelist  0-1    1890    94 %              0  1890         0  the same\n"
		"page.freelist  0     page.flags     1        50     2 %              0     0        50  the same\n"
		"ring.head      0     ring.tail      1        40     2 %             40     0         0  the same\n"
		"and 1 more of 4 pairs of members; --top 4 shows all\n");
}

static void a_matrix_says_who_took_from_whom(void **state)
{
	(void)state;
	expect_view("transfers", 10,
		"Lines that the CPU of a row missed, or had to upgrade, because that of a column took them:\n"
		"lost by     0    1   all\n"
		"0           -  990   990\n"
		"1        1010    -  1010\n");
}

/* 64 CPUs: every CPU takes a line of each other once. 32 are on each socket, in turn: 32 * 31 = 992
 * pairs within one, 32 * 32 = 1024 between two. Without sockets: eight groups of eight, 8 * 7 and 8 * 8. */
static void many_cpus_are_grouped_by_socket(void **state)
{
	enum { MANY = 64 };
	struct transfer_stats *all = xalloc(MANY * MANY * sizeof *all);
	struct seat_stats *seat = xalloc(MANY * sizeof *seat);
	struct result result = { .cpus = MANY, .transfer = all, .seat = seat, .seats = MANY };
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		seat[i].socket = i % 2;
		for (unsigned j = 0; j < MANY; j++)
			if (i != j)
				all[result.transfers++] = (struct transfer_stats){ i, j, 1 };
	}
	view_find("transfers")->people(out, &result, &(struct view_options){ .top = 10 });
	fclose(out);
	assert_non_null(strstr(text, " socket 0  socket 1   all\n"));
	assert_non_null(strstr(text, "       992      1024  2016\n"));
	assert_non_null(strstr(text, "      1024       992  2016\n"));
	free(text);
	for (unsigned i = 0; i < MANY; i++)
		seat[i].socket = 0;
	out = open_memstream(&text, &length);
	view_find("transfers")->people(out, &result, &(struct view_options){ .top = 10 });
	fclose(out);
	assert_non_null(strstr(text, "0-7  8-15  16-23  24-31  32-39  40-47  48-55  56-63  all\n"));
	assert_non_null(strstr(text, "0-7       56    64     64     64     64     64     64     64  504\n"));
	free(text);
	free(all);
	free(seat);
}

/* Lists of CPUs come back as they were; long ones are counted for people. */
static void lists_of_cpus(void **state)
{
	static const struct {
		const char *ids, *people;
	} rows[] = {
		{ "", "" }, { "0", "0" }, { "0-3,7", "0-3,7" }, { "0-1023", "0-1023" },
		{ "0,2,4,6,8,10,12", "7 CPUs" }, { "10-20,30-40,63", "23 CPUs" },
	};
	char buf[4096];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cpu_set set = { { 0 } };

		cpu_set_add(&set, rows[i].ids);
		assert_string_equal(cpu_set_text(&set, buf, sizeof buf), rows[i].ids);
		assert_string_equal(view_cpus(rows[i].ids, buf, sizeof buf), rows[i].people);
	}
	assert_string_equal(view_cpus(NULL, buf, sizeof buf), "");
}

/* Cures by kind: a hole in another line is free; padding; a line for each neighbour; another struct. */
static void a_finding_proposes_what_parts_them(void **state)
{
	static const struct {
		struct pair_stats pair;
		unsigned bytes;
		const char *cure;
	} rows[] = {
		/* big: lock 0, count 8 in its first line; x 64-72, then nothing up to 128 */
		{ { "big", "lock", 0, 8, "big", "count", 8, 4, 0, 5, 0, 5, 0, "0", "1" }, 0,
		  "move big.count to the hole at byte 72, in another line: costs nothing" },
		/* small, 16 bytes: b at 8 begins a line 56 bytes later; 16 + 56 = 72 bytes are 128 */
		{ { "small", "a", 0, 8, "small", "b", 8, 8, 0, 5, 0, 5, 0, "0", "1" }, 112,
		  "56 bytes of padding before small.b, the struct aligned to a line: from 16 to 128 bytes in all" },
		/* 16 bytes to 64 */
		{ { "small", "a", 0, 8, "small", "b", 8, 8, 16, 5, 0, 5, 0, "0", "1" }, 48,
		  "a line for each small: it grows from 16 to 64 bytes, 48 of them padding" },
		{ { "small", "a", 0, 8, "big", "x", 64, 8, 32, 5, 0, 5, 0, "0", "1" }, 63,
		  "begin small or big on a line of its own: 63 bytes of padding at most" },
	};
	static struct shape_stats table[] = {
		{ "big", "lock", CLASS_ALLOCATOR, 0, 8, 128 }, { "big", "count", CLASS_ALLOCATOR, 8, 4, 128 },
		{ "big", "x", CLASS_ALLOCATOR, 64, 8, 128 },
		{ "small", "a", CLASS_ALLOCATOR, 0, 8, 16 }, { "small", "b", CLASS_ALLOCATOR, 8, 8, 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pair_stats pair = rows[i].pair;
		struct result result = { .pair = &pair, .pairs = 1, .shape = table, .shapes = 5 };
		size_t count;
		struct meeting *finding = findings_of(&result, &count);

		assert_int_equal(count, 1);
		assert_string_equal(finding->cure, rows[i].cure);
		assert_int_equal(finding->bytes, rows[i].bytes);
		assert_int_equal(finding->false_sharing, 5);
		free(finding);
	}

	/* x is in use: beside it count would meet x's CPUs. 56 bytes before count, 128 + 56 to 192 */
	struct pair_stats pair = rows[0].pair;
	struct field_stats used = { .layout = "big", .member = "x", .offset = 64, .size = 8, .loads = 1 };
	struct result result = { .pair = &pair, .pairs = 1, .shape = table, .shapes = 5,
				 .field = &used, .fields = 1 };
	size_t count;
	struct meeting *finding = findings_of(&result, &count);

	assert_int_equal(count, 1);
	assert_string_equal(finding->cure, "56 bytes of padding before big.count: from 128 to 192 bytes in all");
	assert_int_equal(finding->bytes, 64);
	free(finding);
}

/* What overview_print() says of those points, of one seed or of all. */
static char *side_by_side(const struct made *made, bool one_seed)
{
	const struct point **chosen;
	size_t count, length;
	char why[200], *text;
	FILE *out = open_memstream(&text, &length);

	assert_true(select_points(&made->points, NULL, &chosen, &count, why, sizeof why));
	overview_print(out, view_find("lines"), &made->points, "there", chosen, count, one_seed,
		       &(struct view_options){ .top = 10 });
	fclose(out);
	free(chosen);
	return text;
}

/* 1000 operations in each run. Seeds: (2000 + 3000) / 2000 = 2.50, 1000 / 1000 = 1; in the other
 * setting 4000 / 1000 = 4 and 5000 / 1000 = 5, which is the most. */
static void combinations_stand_side_by_side(void **state)
{
	struct made made;
	char *text;

	(void)state;
	made_init(&made);
	made_add(&made, "slub-page", "64", 1, 2000, 10);
	made_add(&made, "slub-page", "64", 2, 3000, 10);
	made_add(&made, "slub-page", "128", 1, 4000, 10);
	made_add(&made, "slub-cpu", "64", 1, 1000, 10);
	made_add(&made, "slub-cpu", "128", 1, 5000, 10);
	text = side_by_side(&made, false);
	assert_string_equal(text,
		"bounces per operation, object_size 64\n"
		"kind of line      slub-page  slub-cpu\n"
		"(lines not kept)       2.50      1.00\n"
		"all                    2.50      1.00\n"
		"\n"
		"bounces per operation, object_size 128\n"
		"kind of line      slub-page  slub-cpu\n"
		"(lines not kept)       4.00      5.00\n"
		"all                    4.00      5.00\n"
		"\n"
		"One in depth, here the one with most:\n"
		"  bounce report there lines --point objects=slub-cpu,workload.object_size=128,seed=1\n"
		"\n"
		"The largest difference: (lines not kept), 2.50 with slub-page and 1.00 with slub-cpu, at object_size 64.\n");
	free(text);
	text = side_by_side(&made, true);
	assert_non_null(strstr(text, "all                    2.00      1.00\n"));
	free(text);
	made_free(&made);
}

/* A setting of one allocator makes columns of its own: 1 with, 3 without; the other has 2. */
static void settings_of_one_allocator_are_columns(void **state)
{
	char *swept[] = { "objects", "workload.object_size", "slab.alien" };
	struct made made;
	char *text;

	(void)state;
	made_init(&made);
	made_key(made_add(&made, "slab", "64", 1, 1000, 10), "slab.alien", "true");
	made_key(made_add(&made, "slab", "64", 2, 3000, 10), "slab.alien", "false");
	made_add(&made, "slub-cpu", "64", 3, 2000, 10);
	made.points.swept = swept;
	made.points.swepts = 3;
	text = side_by_side(&made, true);
	assert_non_null(strstr(text,
		"bounces per operation, object_size 64\n"
		"kind of line      slab alien true  slab alien false  slub-cpu\n"
		"(lines not kept)             1.00              3.00      2.00\n"));
	free(text);
	made_free(&made);
}

/* Five settings are too many tables: (1 + 2 + 3 + 4 + 5) / 5 = 3. */
static void of_many_settings_the_mean_is_shown(void **state)
{
	static const char *const sizes[] = { "8", "16", "32", "64", "128" };
	struct made made;
	char *text;

	(void)state;
	made_init(&made);
	for (size_t i = 0; i < 5; i++)
		made_add(&made, "slub-page", sizes[i], 1, 1000 * (i + 1), 10);
	text = side_by_side(&made, false);
	assert_string_equal(text,
		"bounces per operation, the mean of 5 settings (--point KEY=VALUE chooses among them)\n"
		"kind of line      slub-page\n"
		"(lines not kept)       3.00\n"
		"all                    3.00\n"
		"\n"
		"One in depth, here the one with most:\n"
		"  bounce report there lines --point objects=slub-page,workload.object_size=128,seed=1\n");
	free(text);
	made_free(&made);
}

static char *verdict_of(const struct made *made)
{
	struct groups *groups = groups_of(&made->points, NULL);
	struct quotient what[2];
	char unknown[64], *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_true(quotient_parse("alloc_cycles_mean", &what[0], unknown, sizeof unknown));
	assert_true(quotient_parse("bounces/operations", &what[1], unknown, sizeof unknown));
	verdict_print(out, groups, what, 2);
	fclose(out);
	groups_free(groups);
	return text;
}

/* 30 / 40 cycles = 0.75; 2000 / 1000 bounces = 2. In two settings 30 / 40 and 50 / 40 = 1.25: less in
 * one, more in the other; bounces the same in the second, which is neither. */
static void a_verdict_gives_ratios(void **state)
{
	(void)state;
	struct made made;
	char *text;

	made_init(&made);
	made_add(&made, "a", "64", 1, 1000, 40);
	made_add(&made, "b", "64", 1, 2000, 30);
	text = verdict_of(&made);
	assert_string_equal(text, "b against a:\n"
				  "  cycles of an allocation: 0.750 times\n"
				  "  bounces per operation: 2.00 times\n");
	free(text);
	made_add(&made, "a", "256", 1, 1000, 40);
	made_add(&made, "b", "256", 1, 1000, 50);
	text = verdict_of(&made);
	assert_string_equal(text, "b against a:\n"
				  "  cycles of an allocation: 0.750 to 1.25 times (less in 1 of 2 settings, more in 1)\n"
				  "  bounces per operation: 1.00 to 2.00 times (in 2 of 2 settings)\n");
	free(text);
	made_free(&made);

	/* one series, nothing to say */
	made_init(&made);
	made_add(&made, "a", "64", 1, 1000, 40);
	text = verdict_of(&made);
	assert_string_equal(text, "");
	free(text);
	made_free(&made);
}

/* 900 of 1000 operations against 100; the difference of the other member is smaller. */
static void members_that_differ_most_come_first(void **state)
{
	(void)state;
	struct member_stats of_a[] = { { "page", "flags", .bounces = 300 }, { "page", "freelist", .bounces = 900 } };
	struct member_stats of_b[] = { { "page", "flags", .bounces = 200 }, { "page", "freelist", .bounces = 100 } };
	struct made made;
	struct groups *groups;
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	struct point *a, *b;

	made_init(&made);
	a = made_add(&made, "a", "64", 1, 1000, 40);
	b = made_add(&made, "b", "64", 1, 2000, 30);
	a->result->member = of_a;
	b->result->member = of_b;
	a->result->members = b->result->members = 2;
	groups = groups_of(&made.points, NULL);
	differences_of_places(out, groups, 1, 8, (struct paper){ 0 });
	fclose(out);
	assert_string_equal(text, "\n"
				  "bounces/op by member      a      b    more\n"
				  "page.freelist         0.900  0.100  -0.800\n"
				  "page.flags            0.300  0.200  -0.100\n");
	free(text);
	groups_free(groups);
	a->result->member = b->result->member = NULL;   /* they are ours */
	made_free(&made);
}

/* What both have is not told, whatever its order; what one lacks is. */
static void settings_that_differ_are_told(void **state)
{
	(void)state;
	struct made one, other;
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	made_init(&one);
	made_init(&other);
	made_add(&one, "a", "64", 1, 1, 1);
	made_add(&one, "a", "256", 1, 1, 1);
	made_key(made_add(&other, "a", "256", 1, 1, 1), "workload.in_flight", "16");
	differences_of_settings(out, &one.points, &other.points);
	fclose(out);
	assert_string_equal(text, "differs: workload.object_size  64, 256  |  256\n"
				  "differs: workload.in_flight  -  |  16\n");
	free(text);
	made_free(&one);
	made_free(&other);
}

/* Two accesses inside one lock are one place, that of its caller. */
static void a_lock_is_its_callers(void **state)
{
	(void)state;
	struct site caller = { "models/a.c", 7, "slab_lock", "bit_spin_lock(&page->flags)" };
	struct site_stats inside[2] = { sites[0], sites[0] };
	struct result result = sample();
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	inside[0].site = (struct site){ "sim/verbs/lock.c", 100, "bit_spin_lock_at", "word" };
	inside[1].site = (struct site){ "sim/verbs/lock.c", 110, "bit_wait", "word" };
	inside[0].caller = inside[1].caller = caller;
	result.site = inside;
	result.sites = 2;
	result.takers = 0;
	view_find("sites")->people(out, &result, &(struct view_options){ .top = 10 });
	view_find("lines")->people(out, &result, &(struct view_options){ .top = 10 });
	fclose(out);
	assert_non_null(strstr(text,
		"bounces  of all  hitm  trips  cycles each  operation  from                    source\n"
		"   1900    95 %  1900   2000          200  alloc      models/a.c:7 slab_lock  bit_spin_lock(&page->flags)\n"));
	assert_non_null(strstr(text, "models/a.c:7 slab_lock, bit_spin_lock:100\n"));
	assert_non_null(strstr(text, "models/a.c:7 slab_lock, bit_wait:110\n"));
	free(text);
}

static void without_false_sharing_there_is_no_finding(void **state)
{
	(void)state;
	struct result result = sample();
	FILE *out = fopen("/dev/null", "w");

	assert_int_equal(view_false_sharing(out, &result), 1);
	result.pairs = 2;                       /* those of true sharing */
	assert_int_equal(view_false_sharing(out, &result), 0);
	fclose(out);
}

/* Longest wait first; 70 / 4 = 17.5, 100 / 4 = 25; 50 / 10 = 5, 1000 / 10 = 100. */
static void locks_with_the_longest_waits_come_first(void **state)
{
	(void)state;
	expect_view("locks", 10,
		"lock     kind    taken  hand-overs  contended  of all  turns  cycles waited  per taking  longest wait  held, mean  longest\n"
		"list[0]  bit         4           3          2    50 %      9           70.0       17.5           40.0        25.0     30.0\n"
		"zone[0]  ticket     10           2          1    10 %      3           50.0        5.00          50.0       100      200\n");
}

/* Means: 2900 / 100 = 29 over all, 10 and 200 by path. */
static void paths_stand_below_their_operations(void **state)
{
	(void)state;
	expect_view("paths", 10,
		"operation  completed  cycles, mean   p50  p99  max  lines read  lines written\n"
		"alloc            100          29.0  10.0  200  200        3.00           1.50\n"
		"\n"
		"operation  path  taken  of all  cycles, mean\n"
		"alloc      -        90    90 %          10.0\n"
		"alloc      slow     10    10 %         200\n");
}

/* Of 500 000 cycles each: 300 000 are 60 %, 100 000 are 20 %; causes that nobody met are left out. */
static void cpus_say_where_the_cycles_went(void **state)
{
	(void)state;
	char *text = for_people("cpus", 10);

	assert_non_null(strstr(text, "Where the cycles went:\n"
		"CPU  transfer same  compute  idle     cycles\n"
		"0             60 %     40 %   0 %    500 000\n"
		"1             20 %      0 %  80 %    500 000\n"
		"all           40 %     20 %  40 %  1 000 000\n"));
	free(text);
}

static void programs_get_every_row_with_the_point_in_front(void **state)
{
	(void)state;
	char *csv = for_programs("lines", TABLE_CSV), *json = for_programs("locks", TABLE_JSONL);

	assert_string_equal(csv,
		"point,line,offset,bounces,share,hitm,upgrades,misses,invalidations,misses_false_sharing,misses_true_sharing,readers,writers,"
		"reader_cpus,writer_cpus,class,members,taken,taken_by,taken_by_cpus\n"
		"\"objects=a,seed=1\",page[5],320,1900,0.94999999999999996,1950,10,2000,1900,0,1990,1,2,1,0-1,allocator,freelist,1940,freelist,0\n"
		"\"objects=a,seed=1\",ring[0],4096,100,0.050000000000000003,100,0,110,0,60,50,2,2,0-1,0-1,workload,head tail,60,tail,1\n");
	assert_string_equal(json,
		"{\"type\":\"lock\",\"point\":\"objects=a,seed=1\",\"lock\":\"zone[0]\",\"kind\":\"ticket\",\"taken\":10,\"handovers\":2,"
		"\"contended\":1,\"share\":0.10000000000000001,\"turns\":3,\"wait_cycles\":50,\"wait_cycles_mean\":5,\"wait_cycles_max\":50,"
		"\"hold_cycles_mean\":100,\"hold_cycles_max\":200}\n"
		"{\"type\":\"lock\",\"point\":\"objects=a,seed=1\",\"lock\":\"list[0]\",\"kind\":\"bit\",\"taken\":4,\"handovers\":3,"
		"\"contended\":2,\"share\":0.5,\"turns\":9,\"wait_cycles\":70,\"wait_cycles_mean\":17.5,\"wait_cycles_max\":40,"
		"\"hold_cycles_mean\":25,\"hold_cycles_max\":30}\n");
	free(csv);
	free(json);
}

/* 6 pages alone and 4 in a block: 6 of 10, 4 of 10. */
static void orders_say_how_much_lies_in_blocks(void **state)
{
	char *csv = for_programs("orders", TABLE_CSV);

	(void)state;
	assert_string_equal(csv, "point,order,blocks,pages,share\n"
				 "\"objects=a,seed=1\",0,6,6,0.59999999999999998\n"
				 "\"objects=a,seed=1\",1,0,0,0\n"
				 "\"objects=a,seed=1\",2,1,4,0.40000000000000002\n");
	free(csv);
}

/* Each view fills as many cells as it has columns, whatever the format. */
static void every_view_prints_in_every_format(void **state)
{
	(void)state;
	struct result empty = { .cpus = 0 };

	for (const struct view *view = views; view->name; view++) {
		struct result result = sample();
		struct table *table = table_new(view->columns);
		size_t width = 0;

		while (view->columns[width].title || view->columns[width].key)
			width++;
		view->fill(table, &result, "");
		assert_true(table_rows(table) > 0);
		table_free(table);

		FILE *out = fopen("/dev/null", "w");

		view->people(out, &result, &(struct view_options){ .top = 1 });
		view->people(out, &empty, &(struct view_options){ .top = 1 });
		fclose(out);
	}
}

/* ---- titles -------------------------------------------------------------------------------------- */

/* Title of a figure of these points, or why there is none. */
static const char *title_of(const struct made *made, const char *figure, char *buf, size_t size)
{
	struct drawing drawing = { .points = &made->points };
	char *data, *head;
	size_t lengths[2];

	drawing.data = open_memstream(&data, &lengths[0]);
	drawing.head = open_memstream(&head, &lengths[1]);

	bool ok = figure_find(figure)->write(&drawing, figure_find(figure));

	fclose(drawing.data);
	fclose(drawing.head);
	free(data);
	free(head);
	snprintf(buf, size, "%s", ok ? drawing.title : drawing.why);
	return buf;
}

static void expect_title(struct made *made, const char *figure, const char *expected)
{
	char title[512];

	assert_string_equal(title_of(made, figure, title, sizeof title), expected);
	made_free(made);
}

/* 2000 / 140 = 14.3 and 2000 / 1000 = 2: two digits. */
static void a_title_gives_the_range_of_ratios(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "slub-page", "64", 1, 2000, 10);
	made_add(&made, "slub-page", "256", 1, 2000, 10);
	made_add(&made, "slub-cpu", "64", 1, 140, 10);
	made_add(&made, "slub-cpu", "256", 1, 1000, 10);
	expect_title(&made, "bounces", "slub-cpu bounces the allocator's lines 2 to 14 times less often than slub-page");
}

/* 1260 / 1240 is once to two digits, 891 / 99 = 9. */
static void from_hardly_less_to_much_less_is_up_to(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "slub-page", "64", 1, 1260, 10);
	made_add(&made, "slub-page", "256", 1, 891, 10);
	made_add(&made, "slub-cpu", "64", 1, 1240, 10);
	made_add(&made, "slub-cpu", "256", 1, 99, 10);
	expect_title(&made, "bounces", "slub-cpu bounces the allocator's lines up to 9 times less often than slub-page");
}

/* Below twice in per cent: 1 - 150 / 200 = 25 %. */
static void small_differences_are_told_in_per_cent(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 200, 20);
	made_add(&made, "b", "64", 1, 150, 20);
	expect_title(&made, "bounces", "b bounces the allocator's lines 25 % less often than a");
}

/* The pair is the least and the most of all. */
static void of_many_the_least_and_the_most_are_named(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 200, 20);
	made_add(&made, "b", "64", 1, 10, 20);
	made_add(&made, "c", "64", 1, 400, 20);
	expect_title(&made, "bounces", "b bounces the allocator's lines 40 times less often than c");
}

static void never_is_said_only_of_zero_everywhere(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 2000, 20);
	made_add(&made, "b", "64", 1, 0, 20);
	expect_title(&made, "bounces", "b never bounces the allocator's lines, a does twice per operation");

	made_init(&made);
	made_add(&made, "a", "64", 1, 2000, 20);
	made_add(&made, "a", "256", 1, 3000, 20);
	made_add(&made, "b", "64", 1, 0, 20);
	made_add(&made, "b", "256", 1, 1000, 20);
	expect_title(&made, "bounces", "b bounces the allocator's lines at least 3 times less often than a");
}

/* Seeds 190, 210 against 180, 200: the intervals of a difference of 10 reach far over zero. */
static void what_the_seeds_cannot_tell_is_not_claimed(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 190, 20);
	made_add(&made, "a", "64", 2, 210, 20);
	made_add(&made, "b", "64", 1, 180, 20);
	made_add(&made, "b", "64", 2, 200, 20);
	expect_title(&made, "bounces", "b and a bounce the allocator's lines equally often, as far as the seeds tell");
}

/* Four runs of 100 bounces and four of 300 are neither less than 200 nor more. */
static void made_two_states(struct made *made, const char *objects, const char *size)
{
	for (uint64_t seed = 1; seed <= 8; seed++)
		made_add(made, objects, size, seed, seed & 1 ? 100 : 300, 20);
}

static void two_states_decide_nothing(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 200, 20);
	made_two_states(&made, "b", "64");
	expect_title(&made, "bounces", "a and b: the seeds fall into two states");
	made_init(&made);
	made_add(&made, "a", "64", 1, 500, 20);
	made_two_states(&made, "b", "64");
	made_add(&made, "a", "256", 1, 500, 20);
	made_add(&made, "b", "256", 1, 100, 20);
	expect_title(&made, "bounces", "b bounces the allocator's lines 5 times less often than a; two states in 1 more");
}

/* The figure's numbers: the mean of both, then low and high are the states' own. */
static void a_figure_marks_two_states(void **state)
{
	(void)state;
	struct made made;
	struct drawing drawing = { .points = &made.points };
	char *data, *head;
	size_t lengths[2];

	made_init(&made);
	made_two_states(&made, "b", "64");
	drawing.data = open_memstream(&data, &lengths[0]);
	drawing.head = open_memstream(&head, &lengths[1]);
	assert_true(figure_find("bounces")->write(&drawing, figure_find("bounces")));
	fclose(drawing.data);
	fclose(drawing.head);
	assert_string_equal(data, "group,series,label,name,seeds,allocator,workload,payload,mean,low,high,states\n"
				  "0,0,\"64\",\"b\",8,0.2,0,0,0.2,0.1,0.3,2\n");
	free(data);
	free(head);
	made_free(&made);
}

/* For people both means and their seeds; the mean of all is nowhere. */
static void the_table_tells_two_states(void **state)
{
	(void)state;
	struct made made;
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	made_init(&made);
	made_two_states(&made, "b", "64");
	summary_print(out, &made.points, (struct paper){ 0 });
	fclose(out);
	assert_non_null(strstr(text, "0.100 (4) or 0.300 (4)"));
	assert_non_null(strstr(text, "A (n) or B (m): two states."));
	assert_null(strstr(text, "0.200"));
	free(text);
	made_free(&made);
}

static void add_blocks(struct made *made, const char *objects, enum op asked, uint64_t seed,
		       uint64_t single)
{
	struct result *result = made_add(made, objects, "64", seed, 100, 20)->result;

	result->op[asked].count = 1;
	result->orders = 11;
	result->order = xalloc(result->orders * sizeof *result->order);
	result->order[0].blocks = single;
	result->order[9].blocks = 1;
	result->order[10].blocks = 1;
}

/* In place, runs of blanks are one blank. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++)
		if (*at != ' ' || to == text || to[-1] != ' ')
			*to++ = *at;
	*to = '\0';
}

/* The last word of a key, the whole key where another ends in the same word. */
static void equal_headings_are_told_apart(void **state)
{
	static const struct {
		char *swept[4];
		const char *headings;
	} cases[] = {
		{ { "objects", "workload.object_size", "sheaves.variant" }, "\nobjects object_size variant " },
		{ { "objects", "workload.object_size", "sheaves.variant", "sheaves-all.variant" },
		  "\nobjects object_size sheaves.variant sheaves-all.variant " },
		{ { "interrupts.every", "objects", "slub-page.bugs", "slub-cpu.bugs" },
		  "\nevery objects slub-page.bugs slub-cpu.bugs " },
		{ { "pages", "pcp.pages" }, "\npages pcp.pages " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *swept[4], *text;
		struct made made;
		size_t length;
		FILE *out = open_memstream(&text, &length);

		made_init(&made);
		made_add(&made, "sheaves", "64", 1, 1000, 10);
		memcpy(swept, cases[i].swept, sizeof swept);
		made.points.swept = swept;
		for (made.points.swepts = 0; made.points.swepts < 4 && swept[made.points.swepts];)
			made.points.swepts++;
		summary_print(out, &made.points, (struct paper){ 0 });
		fclose(out);
		squeeze(text);
		if (!strstr(text, cases[i].headings))
			fail_msg("no%sin\n%s", cases[i].headings, text);
		free(text);
		made_free(&made);
	}
}

/* (100 + 300) / 2 single pages, 512 and 1024 in large blocks: of 1736 pages 1536 are 88.5 %. Below an
 * object allocator, and where nobody asks for pages, they are no subject. */
static void free_blocks_are_told_at_the_end(void **state)
{
	static const struct {
		const char *objects;
		enum op asked;
		bool told;
	} cases[] = { { "", OP_PAGE_ALLOC, true }, { "", OP_FAULT, true }, { "", OP_WORK, false },
		      { "slub", OP_PAGE_ALLOC, false } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct made made;
		char *text;
		size_t length;
		FILE *out = open_memstream(&text, &length);

		made_init(&made);
		add_blocks(&made, cases[i].objects, cases[i].asked, 1, 100);
		add_blocks(&made, cases[i].objects, cases[i].asked, 2, 300);
		summary_print(out, &made.points, (struct paper){ 0 });
		fclose(out);
		squeeze(text);
		if (!cases[i].told)
			assert_null(strstr(text, "Free at the end"));
		else
			assert_non_null(strstr(text, "Free at the end, in blocks of 2^order pages that any CPU can have:\n"));
		if (cases[i].told && !strstr(text, " 64 200 0 0 0 0 0 0 0 0 1 1 1736 88 %\n"))
			fail_msg("%s", text);
		free(text);
		made_free(&made);
	}
}

static void less_in_some_settings_is_not_less(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 500, 20);
	made_add(&made, "a", "256", 1, 100, 20);
	made_add(&made, "b", "64", 1, 200, 20);
	made_add(&made, "b", "256", 1, 300, 20);
	expect_title(&made, "bounces", "b bounces the allocator's lines less often than a in 1 of 2 settings, more often in 1");
}

/* 1000 and 1009 differ by less than 1 % of 1009, 1000 and 1011 by more: 1 - 1000 / 1011 = 1.1 %. */
static void less_than_one_per_cent_is_no_difference(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 1009, 20);
	made_add(&made, "b", "64", 1, 1000, 20);
	expect_title(&made, "bounces", "b and a bounce the allocator's lines equally often, within 1 %");

	made_init(&made);
	made_add(&made, "a", "64", 1, 1011, 20);
	made_add(&made, "b", "64", 1, 1000, 20);
	expect_title(&made, "bounces", "b bounces the allocator's lines 1.1 % less often than a");
}

/* b has the lower mean, 1100 / 3 against 1500 / 3, but more in two of three settings. */
static void who_has_less_in_more_settings_is_named_first(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 1300, 20);
	made_add(&made, "a", "128", 1, 100, 20);
	made_add(&made, "a", "256", 1, 100, 20);
	made_add(&made, "b", "64", 1, 700, 20);
	made_add(&made, "b", "128", 1, 200, 20);
	made_add(&made, "b", "256", 1, 200, 20);
	expect_title(&made, "bounces", "a bounces the allocator's lines less often than b in 2 of 3 settings, more often in 1");
}

static void one_allocator_alone_is_not_compared(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 1930, 20);
	made_add(&made, "a", "256", 1, 2080, 20);
	expect_title(&made, "bounces", "a bounces the allocator's lines 1.93 to 2.08 times per operation");
}

/* a: 300 of 300 + 100 + 5000 cycles are 5.56 %, as the parts of its bar say; b: 2400 of 7500, 32 %. */
static void causes_tell_the_share_of_waiting_for_lines(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 1, 300);
	made_add(&made, "b", "64", 1, 1, 2400);
	expect_title(&made, "causes", "Waiting for lines of other CPUs takes 32 % of b's cycles and 5.6 % of a's");

	made_init(&made);
	made_add(&made, "a", "64", 1, 1, 300);
	made_add(&made, "b", "64", 1, 1, 2400);
	expect_title(&made, "shares", "Waiting for lines of other CPUs takes 32 % of b's cycles and 5.6 % of a's");
}

/* 1 of 1 + 1000 + 5000 cycles is 0.02 %; 300 of 5400 as above. */
static void next_to_nothing_is_told_without_digits(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 1, 300);
	made_add(&made, "b", "64", 1, 1, 1)->result->total.cause_units[CAUSE_COMPUTE] = 1000 * UNITS;
	expect_title(&made, "causes", "Waiting for lines of other CPUs takes 5.6 % of a's cycles and under 1 % of b's");
}

/* 1 of 6001 cycles is 0.02 %, 48 of 6048 0.8 %: not "under 1 to 0.8". */
static void a_range_below_one_per_cent_has_no_digits(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 1, 1)->result->total.cause_units[CAUSE_COMPUTE] = 1000 * UNITS;
	made_add(&made, "a", "256", 1, 1, 48)->result->total.cause_units[CAUSE_COMPUTE] = 1000 * UNITS;
	expect_title(&made, "causes", "Waiting for lines of other CPUs takes under 1 % of a's cycles");
}

/* 1000 operations: 600 and 2 misses, 0.6 / 0.002 = 300 times; other misses do not count. */
static void misses_tell_those_by_false_sharing(void **state)
{
	(void)state;
	struct made made;
	struct counts *a, *b;

	made_init(&made);
	a = &made_add(&made, "a", "64", 1, 1, 20)->result->total;
	b = &made_add(&made, "b", "64", 1, 1, 20)->result->total;
	a->misses_false_sharing = 600;
	b->misses_false_sharing = 2;
	b->misses_true_sharing = b->misses_cold = b->misses_capacity = 5000;
	expect_title(&made, "misses", "b misses by false sharing 300 times less often than a");

	made_init(&made);
	made_add(&made, "a", "64", 1, 1, 20)->result->total.misses_false_sharing = 600;
	made_add(&made, "b", "64", 1, 1, 20);
	expect_title(&made, "misses", "b never misses by false sharing, a does 0.6 times per operation");
}

/* 3000 and 1000 bytes for 2000 are 2 per byte, 2000 and 400 are 1.2: 40 % less. */
static void memory_is_pages_and_metadata(void **state)
{
	(void)state;
	struct made made;
	struct point *a, *b;

	made_init(&made);
	a = made_add(&made, "a", "64", 1, 1, 20);
	b = made_add(&made, "b", "64", 1, 1, 20);
	a->result->live_bytes_peak = b->result->live_bytes_peak = 2000;
	a->result->footprint_bytes_peak = 3000;
	a->metadata_bytes = 1000;
	b->result->footprint_bytes_peak = 2000;
	b->metadata_bytes = 400;
	expect_title(&made, "memory", "b takes 40 % less memory than a");
}

static void add_member(struct point *point, const char *name, uint64_t bounces)
{
	struct result *result = point->result;

	result->member = xrealloc(result->member, (result->members + 1) * sizeof *result->member);
	result->member[result->members] = (struct member_stats){ .class = CLASS_ALLOCATOR, .bounces = bounces };
	snprintf(result->member[result->members].layout, sizeof result->member->layout, "page");
	snprintf(result->member[result->members++].member, sizeof result->member->member, "%s", name);
}

/* Text of a figure's data, whose caller frees it. */
static char *data_of(const struct made *made, const char *figure)
{
	struct drawing drawing = { .points = &made->points };
	char *data, *head;
	size_t lengths[2];

	drawing.data = open_memstream(&data, &lengths[0]);
	drawing.head = open_memstream(&head, &lengths[1]);
	assert_true(figure_find(figure)->write(&drawing, figure_find(figure)));
	fclose(drawing.data);
	fclose(drawing.head);
	free(head);
	return data;
}

/*
 * Of 1000 operations: a bounces page.flags 500 times and page.freelist 400 times, b 450 and 100. Most are
 * of flags, but in freelist they differ more, 0.4 against 0.1: four times. Seven more members, of which the
 * smallest, m6 with 1 and 1, is none of the eight; with 7 and 5 bounces of the workload and the payload the
 * parts add up to all.
 */
static void members_are_those_in_which_allocators_differ(void **state)
{
	(void)state;
	struct made made;
	struct point *points[2];
	char name[8], *data;

	made_init(&made);
	points[0] = made_add(&made, "a", "64", 1, 500 + 400 + 9 + 8 + 7 + 6 + 5 + 4 + 1, 20);
	points[1] = made_add(&made, "b", "64", 1, 450 + 100 + 9 + 8 + 7 + 6 + 5 + 4 + 1, 20);
	for (int i = 0; i < 2; i++) {
		static const uint64_t more[] = { 9, 8, 7, 6, 5, 4, 1 };

		add_member(points[i], "flags", i ? 450 : 500);
		add_member(points[i], "freelist", i ? 100 : 400);
		for (size_t m = 0; m < sizeof more / sizeof *more; m++) {
			snprintf(name, sizeof name, "m%zu", m);
			add_member(points[i], name, more[m]);
		}
		points[i]->result->total.bounces[CLASS_WORKLOAD] = 7;
		points[i]->result->total.bounces[CLASS_PAYLOAD] = 5;
	}
	data = data_of(&made, "members");
	assert_string_equal(data, "group,series,label,name,seeds,\"page.freelist\",\"page.flags\",\"page.m0\",\"page.m1\",\"page.m2\","
				  "\"page.m3\",\"page.m4\",\"page.m5\",other,workload,payload,mean,low,high,states\n"
				  "0,0,\"64\",\"a\",1,0.4,0.5,0.009,0.008,0.007,0.006,0.005,0.004,0.001,0.007,0.005,0.952,0.952,0.952,1\n"
				  "0,1,\"64\",\"b\",1,0.1,0.45,0.009,0.008,0.007,0.006,0.005,0.004,0.001,0.007,0.005,0.602,0.602,0.602,1\n");
	free(data);
	expect_title(&made, "members", "b bounces page.freelist 4 times less often than a");

	made_init(&made);
	add_member(made_add(&made, "a", "64", 1, 500, 20), "flags", 500);
	expect_title(&made, "members", "a bounces page.flags 0.5 times per operation");
}

static struct point *add_keep(struct made *made, const char *objects, const char *keep, const char *size)
{
	struct point *point = made_add(made, objects, size, 1, 100, 20);

	if (keep)
		made_key(point, "toy.keep", keep);
	return point;
}

/*
 * A setting that only one of the compared allocators has makes series of it: then each group has all.
 * Where all have it, it makes groups.
 */
static void a_models_own_setting_makes_series(void **state)
{
	(void)state;
	static char *swept[] = { "objects", "toy.keep", "workload.object_size" };
	static const char *const names[] = { "slub-cpu", "toy keep=0", "toy keep=64" };
	struct groups *groups;
	struct made made;

	made_init(&made);
	made.points.swept = swept;
	made.points.swepts = 3;
	for (int g = 0; g < 2; g++) {
		add_keep(&made, "slub-cpu", NULL, g ? "256" : "64");
		add_keep(&made, "toy", "0", g ? "256" : "64");
		add_keep(&made, "toy", "64", g ? "256" : "64");
	}
	groups = groups_of(&made.points, NULL);
	assert_int_equal(groups->serieses, 3);
	assert_int_equal(groups->groups, 2);
	assert_int_equal(groups->cells, 6);
	for (size_t s = 0; s < 3; s++)
		assert_string_equal(groups->series[s], names[s]);
	assert_string_equal(groups->group[1], "256");
	assert_string_equal(groups->axis, "workload.object_size");
	groups_free(groups);
	made_free(&made);

	made_init(&made);
	made.points.swept = swept + 1;
	made.points.swepts = 1;
	add_keep(&made, "toy", "0", "64");
	add_keep(&made, "toy", "64", "64");
	groups = groups_of(&made.points, NULL);
	assert_int_equal(groups->serieses, 1);
	assert_int_equal(groups->groups, 2);
	assert_string_equal(groups->series[0], "toy");
	groups_free(groups);
	made_free(&made);
}

/* "6.17" and "6.18" are words of the setting, as "7.0-rc" is: four series, not groups of one bar each. */
static void a_variant_that_looks_like_a_number_is_a_name(void **state)
{
	(void)state;
	static char *swept[] = { "objects", "sheaves.variant" };
	struct groups *groups;
	struct made made;

	made_init(&made);
	made.points.swept = swept;
	made_key(made_add(&made, "sheaves", "64", 1, 100, 20), "sheaves.variant", "6.17");
	made_key(made_add(&made, "sheaves", "64", 1, 100, 20), "sheaves.variant", "6.18");
	groups = groups_of(&made.points, NULL);
	assert_int_equal(groups->serieses, 2);
	assert_int_equal(groups->groups, 1);
	assert_string_equal(groups->series[0], "sheaves 6.17");
	groups_free(groups);
	made_free(&made);
}

/* 1000 operations in 10000 cycles on 1 CPU; on 16 a does 14000, b 1300. */
/*
 * Members of a struct, of one inside it, of an array of them, of another struct. Per operation (of 1000) a has 0.9 of
 * zone.mag[] (0.6 + 0.3) and b 0.3; zone.lock and zone.vm_stat[..] are zone, which has no struct in brackets.
 */
static void structs_are_told_apart_as_they_lie(void **state)
{
	(void)state;
	static const struct { const char *member; uint64_t of[2]; } rows[] = {
		{ "mag[0].lock", { 600, 200 } }, { "mag[1].nr_free", { 300, 100 } }, { "free_area[10].nr_free", { 50, 50 } },
		{ "lruvec.lists", { 40, 40 } }, { "lock", { 20, 20 } }, { "vm_stat[NR_FREE_PAGES]", { 10, 10 } },
	};
	struct made made;
	char *data;

	made_init(&made);
	for (int i = 0; i < 2; i++) {
		struct result *result = made_add(&made, i ? "b" : "a", "64", 1, i ? 420 : 1020, 20)->result;

		result->members = sizeof rows / sizeof *rows;
		result->member = xalloc(result->members * sizeof *result->member);
		for (size_t m = 0; m < result->members; m++) {
			result->member[m] = (struct member_stats){ .class = CLASS_ALLOCATOR, .bounces = rows[m].of[i] };
			snprintf(result->member[m].layout, sizeof result->member[m].layout, "zone");
			snprintf(result->member[m].member, sizeof result->member[m].member, "%s", rows[m].member);
		}
	}
	data = data_of(&made, "structs");
	if (!strstr(data, "\"zone.mag[]\",\"zone.free_area[]\",\"zone.lruvec\",zone,other,workload,payload"))
		fail_msg("%s", data);
	if (!strstr(data, "0.9,0.05,0.04,0.03,0,0,0,1.02,") || !strstr(data, "0.3,0.05,0.04,0.03,0,0,0,0.42,"))
		fail_msg("%s", data);
	free(data);
	expect_title(&made, "structs", "b bounces zone.mag[] 3 times less often than a");
}

/*
 * 1000 takings of zone.lock with a: held 100 000 cycles, 100 each, waited for 50 000; with b 300 and 9 each. Two nodes'
 * zones count together, 400 + 600 takings. The lists' locks are waited for less; one that nobody waits for has no dot.
 */
static void locks_are_told_by_what_is_waited_for_longest(void **state)
{
	(void)state;
	enum { UNITS_ = 64, LOCKS = 4 };
	static const struct lock_stats rows[2][LOCKS] = {
		{ { .label = "zone of node 0.lock", .taken = 400, .hold_units = 30000 * UNITS_, .wait_units = 20000 * UNITS_ },
		  { .label = "zone of node 1.lock", .taken = 600, .hold_units = 70000 * UNITS_, .wait_units = 30000 * UNITS_ },
		  { .label = "per_cpu_pages[3].lock", .taken = 10, .hold_units = 200 * UNITS_, .wait_units = 40 * UNITS_ },
		  { .label = "zone.lru_lock", .taken = 10, .hold_units = 200 * UNITS_ } },
		{ { .label = "zone of node 0.lock", .taken = 1000, .hold_units = 300000 * UNITS_, .wait_units = 9000 * UNITS_ },
		  { .label = "per_cpu_pages[0].lock", .taken = 10, .hold_units = 300 * UNITS_, .wait_units = 20 * UNITS_ },
		  { .label = "per_cpu_pages[1].lock", .taken = 10, .hold_units = 100 * UNITS_, .wait_units = 20 * UNITS_ },
		  { .label = "zone.lru_lock", .taken = 10, .hold_units = 200 * UNITS_ } },
	};
	struct made made;
	char *data;

	made_init(&made);
	for (int i = 0; i < 2; i++) {
		struct result *result = made_add(&made, i ? "b" : "a", "64", 1, 100, 20)->result;

		result->lock = xalloc(sizeof rows[i]);
		memcpy(result->lock, rows[i], sizeof rows[i]);
		result->locks = LOCKS;
	}
	data = data_of(&made, "locks");
	if (strcmp(data, "dot,series,settings,lock,seeds,hold,wait,low,high,states\n"
			 "0,\"a\",\"64\",\"zone.lock\",1,100,50,50,50,1\n1,\"a\",\"64\",\"per_cpu_pages[].lock\",1,20,4,4,4,1\n"
			 "2,\"b\",\"64\",\"zone.lock\",1,300,9,9,9,1\n3,\"b\",\"64\",\"per_cpu_pages[].lock\",1,20,2,2,2,1\n"))
		fail_msg("%s", data);
	free(data);
	expect_title(&made, "locks", "zone.lock, held for 100 cycles, is waited for 50 with a (64); held for 300, 9 with b (64)");
}

static void throughput_compares_the_ends_of_the_curves(void **state)
{
	(void)state;
	static char *swept[] = { "objects", "cpus" };
	struct made made;

	made_init(&made);
	made.points.swept = swept;
	for (int i = 0; i < 2; i++) {
		struct point *one, *many;

		one = made_add(&made, i ? "b" : "a", "64", 1, 1, 20);
		many = made_add(&made, i ? "b" : "a", "64", 1, 1, 20);
		made_cpus(one, 1);
		made_cpus(many, 16);
		many->result->operations = i ? 1300 : 14000;
	}
	expect_title(&made, "throughput", "On 16 CPUs a does 14 times what it does in a cycle on 1, b 1.3 times");
}

/* What a figure's script says of its axis. */
static bool is_logarithmic(struct made *made, const char *figure)
{
	struct drawing drawing = { .points = &made->points };
	char *data, *head;
	size_t lengths[2];

	drawing.data = open_memstream(&data, &lengths[0]);
	drawing.head = open_memstream(&head, &lengths[1]);
	assert_true(figure_find(figure)->write(&drawing, figure_find(figure)));
	fclose(drawing.data);
	fclose(drawing.head);

	bool is = strstr(head, "set logscale y");

	/* it is said, or there is nothing to say */
	assert_true(is == !!strstr(drawing.subtitle, "logarithmic axis"));
	assert_true(is == !!strstr(head, ", logarithmic\""));
	free(data);
	free(head);
	made_free(made);
	return is;
}

/* 10 and 1000 bounces are two decades apart, 11 and 1000 are not. Stacks by part stay as they are. */
static void values_over_two_decades_get_a_logarithmic_axis(void **state)
{
	(void)state;
	static const char *const figures_of[] = { "bounces", "bounces", "members" };
	static const uint64_t least[] = { 10, 11, 10 };

	for (int i = 0; i < 3; i++) {
		struct made made;

		made_init(&made);
		add_member(made_add(&made, "a", "64", 1, 1000, 20), "flags", 1000);
		add_member(made_add(&made, "b", "64", 1, least[i], 20), "flags", least[i]);
		assert_int_equal(is_logarithmic(&made, figures_of[i]), i == 0);
	}
}

/* An allocation and a free: 40 + 40 against 10 + 10. */
static void cycles_are_those_of_a_pair(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 1, 40);
	made_add(&made, "b", "64", 1, 1, 10);
	expect_title(&made, "cycles", "b needs 4 times fewer cycles than a for an allocation and its free");
}

/* a: from 10 to 140 cycles, 14 times; b: from 10 to 13, 1.3 times. */
static void scaling_compares_the_ends_of_the_curves(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 1, 10);
	made_cpus(made_add(&made, "a", "64", 1, 1, 140), 16);
	made_add(&made, "b", "64", 1, 1, 10);
	made_cpus(made_add(&made, "b", "64", 1, 1, 13), 16);
	expect_title(&made, "scaling", "On 16 CPUs an allocation and its free cost a (64) 14 times what they cost on 2, b (64) 1.3 times");

	/* the same on any number */
	made_init(&made);
	made_add(&made, "a", "64", 1, 1, 10);
	made_cpus(made_add(&made, "a", "64", 1, 1, 10), 16);
	expect_title(&made, "scaling", "On 16 CPUs an allocation and its free cost a (64) as much as they cost on 2");

	made_init(&made);
	made_add(&made, "a", "64", 1, 1, 10);
	expect_title(&made, "scaling", "all runs have the same number of CPUs; sweep `cpus`");
}

/* Two lines, an entry for each bounce: three and two. */
static const struct holder few_changes[] = {
	{ 100 * UNITS, 64, 0 }, { 150 * UNITS, 128, 1 }, { 200 * UNITS, 64, 1 }, { 400 * UNITS, 64, 0 },
	{ 450 * UNITS, 128, 0 },
};

static void a_change_of_holder_is_another_cpu_on_the_same_line(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_holders(made_add(&made, "a", "64", 1, 1, 10), few_changes, 5);
	/* 10 000 cycles were recorded, the whole window */
	expect_title(&made, "heat", "In 10 000 cycles lines change hands 5 times under a");

	/* of the allocator's lines, where it is known whose they are: the second is none */
	made_init(&made);

	struct point *point = made_add(&made, "a", "64", 1, 1, 10);

	made_holders(point, few_changes, 5);
	point->result->line = xalloc(2 * sizeof *point->result->line);
	point->result->line[0] = (struct line_stats){ .offset = 64, .class = CLASS_ALLOCATOR };
	point->result->line[1] = (struct line_stats){ .offset = 128, .class = CLASS_WORKLOAD };
	point->result->lines = 2;
	expect_title(&made, "heat", "In 10 000 cycles the allocator's lines change hands 3 times under a");

	made_init(&made);
	made_add(&made, "a", "64", 1, 1, 10);
	expect_title(&made, "heat", "no line changes hands");
}

/* The producer-consumer's object_size is a number of bytes, cpus is a number of nothing. */
static void an_axis_has_its_unit(void **state)
{
	(void)state;
	struct made made;
	struct groups *groups;
	static char *keys[] = { "objects", "workload.object_size", "cpus" };

	made_init(&made);
	made.points.swept = keys;
	made.points.swepts = 3;

	struct point *point = made_add(&made, "a", "64", 1, 1, 1);

	made_key(point, "cpus", "2");
	made_workload(point, "producer-consumer");
	groups = groups_of(&made.points, NULL);
	assert_string_equal(groups->axis, "workload.object_size (bytes), cpus");
	assert_string_equal(groups->group[0], "64, 2");
	groups_free(groups);
	groups = groups_of(&made.points, "cpus");
	assert_string_equal(groups->group[0], "64");
	groups_free(groups);
	made_free(&made);
}

/* An allocator that is not swept stands before what tells its variants apart. */
static void variants_keep_the_name_of_their_allocator(void **state)
{
	(void)state;
	struct made made;
	struct groups *groups;
	static char *keys[] = { "slub-cpu.variant", "slub-cpu.min_objects" };

	made_init(&made);
	made.points.swept = keys;
	made.points.swepts = 2;
	for (int i = 0; i < 2; i++) {
		struct point *point = made_add(&made, "slub-cpu", "64", 1, 1, 1);

		made_key(point, "slub-cpu.variant", i ? "dfb4f096" : "2.6.24");
		made_key(point, "slub-cpu.min_objects", "8");
	}
	groups = groups_of(&made.points, NULL);
	assert_int_equal(groups->serieses, 2);
	assert_string_equal(groups->series[0], "slub-cpu 2.6.24");
	assert_string_equal(groups->series[1], "slub-cpu dfb4f096");
	/* a number is an axis, not a name */
	assert_string_equal(groups->group[0], "8");
	groups_free(groups);
	made_free(&made);
}

/* The counters of a workload without an allocator: names are series, a turn is the operation. */
static void without_an_allocator_turns_are_told(void **state)
{
	(void)state;
	static char *keys[] = { "workload.counters" };
	static const char *const figure[] = { "bounces", "cycles" };
	static const char *const title[] = {
		"counter padded never bounces a line, counter shared does once per turn",
		"counter padded needs 10 times fewer cycles than counter shared for a turn",
	};

	for (int f = 0; f < 2; f++) {
		struct made made;

		made_init(&made);
		made.points.swept = keys;
		made.points.swepts = 1;
		for (int i = 0; i < 2; i++) {
			struct point *point = made_add(&made, "", "64", 1, 0, 1);

			made_workload(point, "counter");
			made_key(point, "workload.counters", i ? "padded" : "shared");
			memset(point->result->op, 0, sizeof point->result->op);
			point->result->op[OP_WORK] = (struct op_stats){ .count = 1000, .total_units = (i ? 20 : 200) * 1000 * UNITS };
			point->result->total.bounces[CLASS_WORKLOAD] = i ? 0 : 1000;
		}
		expect_title(&made, figure[f], title[f]);
	}
}

/* Without an allocator a number or a switch says nothing without its key, and faults alone ask for pages. */
static void a_switch_has_its_key(void **state)
{
	(void)state;
	static char *keys[] = { "machine.prefetchers.pair" };
	char text[200];
	struct made made;

	made_init(&made);
	made.points.swept = keys;
	made.points.swepts = 1;
	struct point *point = made_add(&made, "", "64", 1, 0, 1);

	made_workload(point, "struct");
	made_key(point, keys[0], "false");
	memset(point->result->op, 0, sizeof point->result->op);
	assert_string_equal(groups_series(&made.points, point, NULL, text, sizeof text), "struct pair=false");
	assert_false(groups_asks_for_pages(point));

	free(point->pages);
	point->pages = xstrdup("buddy");
	point->result->op[OP_FAULT].count = 1;
	assert_true(groups_asks_for_pages(point));
	assert_string_equal(groups_series(&made.points, point, NULL, text, sizeof text), "buddy pair=false");
	made_free(&made);
}

/*
 * One change every million cycles up to 10, then 1000 changes, one every 100 cycles from 20 000 000
 * on. 240 of these span 23 900 cycles, and no stretch that begins with the rare ones is as short: the
 * figure starts at 20 000 000 and lasts 24 000 cycles, of which 100 * 240 is the first change beyond.
 */
static void heat_shows_where_lines_change_hands_most(void **state)
{
	(void)state;
	static struct holder holders[1010];
	struct made made;

	for (unsigned i = 0; i < 10; i++)
		holders[i] = (struct holder){ i * 1000000ull * UNITS, 64, i % 2 };
	for (unsigned i = 0; i < 1000; i++)
		holders[10 + i] = (struct holder){ (20000000ull + 100 * i) * UNITS, 64, i % 2 };
	made_init(&made);

	struct point *point = made_add(&made, "a", "64", 1, 1, 10);

	point->result->elapsed_units = 30000000ull * UNITS;
	made_holders(point, holders, 1010);
	expect_title(&made, "heat", "In 24 000 cycles lines change hands 240 times under a");
}

static void runs_that_ended_badly_are_in_no_figure(void **state)
{
	(void)state;
	struct made made;

	made_init(&made);
	made_add(&made, "a", "64", 1, 1000, 20);
	made_add(&made, "b", "64", 1, 1, 20)->result->outcome = OUTCOME_DEADLOCK;
	expect_title(&made, "bounces", "a bounces the allocator's lines once per operation");
}

/* ---- comparisons ---------------------------------------------------------------------------------- */

/* Groups of one setting: `a` with the values of one cell, `b` with those of the other. */
static size_t compared(const double *a, const double *b, size_t count, double limit, char **text)
{
	struct groups *groups = groups_new();
	struct made made;
	struct quotient what;
	char unknown[64];
	size_t length, rows;
	FILE *out = open_memstream(text, &length);

	made_init(&made);
	assert_true(quotient_parse("bounces_allocator/operations", &what, unknown, sizeof unknown));
	for (size_t i = 0; i < count; i++)
		groups_add(groups, "old", "", made_add(&made, "a", "64", i, (uint64_t)(1000 * a[i] + 0.5), 1));
	for (size_t i = 0; i < count; i++)
		groups_add(groups, "new", "", made_add(&made, "a", "64", i, (uint64_t)(1000 * b[i] + 0.5), 1));

	struct comparison comparison = { .compared = &what, .count = 1, .limit = limit };
	size_t over = comparison_print(out, groups, &comparison, &rows);

	fclose(out);
	assert_int_equal(rows, 1);
	groups_free(groups);
	made_free(&made);
	return over;
}

static void expect_over(size_t expected, const double *a, const double *b, size_t count, double limit)
{
	char *text;
	size_t over = compared(a, b, count, limit, &text);

	if (over != expected)
		fail_msg("%zu over the limit of %g, expected %zu:\n%s", over, limit, expected, text);
	free(text);
}

static void a_limit_is_exceeded_by_more_not_by_less(void **state)
{
	(void)state;
	expect_over(1, (double[]){ 2.0 }, (double[]){ 2.2 }, 1, 0.05);
	expect_over(0, (double[]){ 2.0 }, (double[]){ 2.2 }, 1, 0.15);
	expect_over(0, (double[]){ 2.0 }, (double[]){ 1.0 }, 1, 0.05);
	expect_over(0, (double[]){ 2.0 }, (double[]){ 2.2 }, 1, NAN);
	/* from nothing to something is more than any share */
	expect_over(1, (double[]){ 0 }, (double[]){ 0.1 }, 1, 5);
	expect_over(0, (double[]){ 0 }, (double[]){ 0 }, 1, 0.05);
}

static void a_change_that_seeds_explain_is_not_over(void **state)
{
	(void)state;
	/* 10 % more, but the seeds spread over 100 %; then the same without spread */
	expect_over(0, (double[]){ 1, 3 }, (double[]){ 1.2, 3.2 }, 2, 0.05);
	expect_over(1, (double[]){ 2, 2 }, (double[]){ 2.2, 2.2 }, 2, 0.05);
}

static void a_comparison_of_two_states_decides_nothing(void **state)
{
	static const double one[] = { 1, 1, 1, 1, 1, 1, 1, 1 }, two[] = { 2, 2, 2, 2, 4, 4, 4, 4 };
	char *text;

	(void)state;
	/* either state of the second is twice the first and more: still no verdict */
	assert_int_equal(compared(one, two, 8, 0.05, &text), 0);
	assert_string_equal(text,
		"metric                        old   new                   change\n"
		"bounces_allocator/operations  1.00  2.00 (4) or 4.00 (4)  two states\n");
	free(text);
	assert_int_equal(compared(two, one, 8, 0.05, &text), 0);
	assert_non_null(strstr(text, "two states"));
	free(text);
}

/* The means 12 and 22 with their change of test_statistics.c, divided by 1000 in bounces. */
static void a_comparison_shows_both_sides_and_the_change(void **state)
{
	(void)state;
	char *text;

	/* t(2) = 4.3027: half of either side = 4.3027 * sqrt(4 / 3) = 4.968; change +83 %, 46 to 121 */
	assert_int_equal(compared((double[]){ 10, 12, 14 }, (double[]){ 20, 22, 24 }, 3, 0.05, &text), 1);
	assert_string_equal(text,
		"metric                        old                new                change\n"
		"bounces_allocator/operations  12.0 [7.03..17.0]  22.0 [17.0..27.0]  +83 % [+46..+121]  over the limit\n");
	free(text);
}

static void an_unknown_metric_is_named(void **state)
{
	(void)state;
	struct quotient what;
	char unknown[64];

	assert_true(quotient_parse("bounces", &what, unknown, sizeof unknown));
	assert_null(what.below);
	assert_false(quotient_parse("bouncs/operations", &what, unknown, sizeof unknown));
	assert_string_equal(unknown, "bouncs");
	assert_false(quotient_parse("bounces/operation", &what, unknown, sizeof unknown));
	assert_string_equal(unknown, "operation");
}

/* ---- the verb, on results in folders ------------------------------------------------------------ */

static char *folder_new(char *folder)
{
	strcpy(folder, "/tmp/bounce-test-XXXXXX");
	return mkdtemp(folder);
}

static void folder_remove(const char *folder)
{
	char command[128];

	snprintf(command, sizeof command, "rm -r '%s'", folder);
	assert_int_equal(system(command), 0);
}

/* A results folder with one run of each allocator that bounces so often. */
static void write_results(const char *folder, uint64_t page_bounces, uint64_t cpu_bounces)
{
	struct made made;
	char *names[2] = { "0000000000000001", "0000000000000002" }, why[512];

	made_init(&made);
	made_add(&made, "slub-page", "64", 1, page_bounces, 10);
	made_add(&made, "slub-cpu", "64", 1, cpu_bounces, 10);
	assert_true(results_make(folder, why, sizeof why));
	for (int i = 0; i < 2; i++) {
		struct point *point = made.list[i];

		strcpy(point->name, names[i]);
		point->result->cpu = xalloc(point->result->cpus * sizeof *point->result->cpu);
		assert_true(point_write(folder, point, why, sizeof why));
	}
	memset(made.points.hash, 'a', HASH_TEXT_BYTES - 1);
	made.points.listed = names;
	assert_true(index_write(folder, &made.points, why, sizeof why));
	made_free(&made);
}

/* Runs `bounce compare` with these arguments; what it prints goes nowhere. */
static int compare_status(char **argv)
{
	int argc = 0, out, status;

	while (argv[argc])
		argc++;
	fflush(NULL);
	out = dup(STDOUT_FILENO);

	int errors = dup(STDERR_FILENO);

	assert_non_null(freopen("/dev/null", "w", stdout));
	assert_non_null(freopen("/dev/null", "w", stderr));
	status = cli_compare(argc, argv);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	close(out);
	close(errors);
	return status;
}

#define COMPARE(...) compare_status((char *[]){ "compare", __VA_ARGS__, NULL })

/* From 2000 to 2100 bounces of slub-page is 5 %, of which 4 are over and 6 are not. */
static void compare_fails_with_status_3_over_the_limit(void **state)
{
	(void)state;
	char before[64], after[64];

	folder_new(before);
	folder_new(after);
	write_results(before, 2000, 100);
	write_results(after, 2100, 100);
	assert_int_equal(COMPARE(before, after), EXIT_DONE);
	assert_int_equal(COMPARE(before, after, "--fail-over", "4%"), EXIT_DIFFERENT);
	assert_int_equal(COMPARE(before, after, "--fail-over", "6%"), EXIT_DONE);
	/* less is no failure */
	assert_int_equal(COMPARE(after, before, "--fail-over", "0"), EXIT_DONE);
	/* a metric that did not change */
	assert_int_equal(COMPARE(before, after, "--fail-over", "0%", "--metric", "alloc_cycles_mean"), EXIT_DONE);
	folder_remove(before);
	folder_remove(after);
}

/* Two seeds that differ would be told in round brackets, if there were a row. */
static void without_a_row_no_brackets_are_explained(void **state)
{
	(void)state;
	struct groups *groups = groups_new();
	struct made made;
	struct quotient what;
	char unknown[64], *text;
	size_t length, rows;
	FILE *out = open_memstream(&text, &length);

	made_init(&made);
	assert_true(quotient_parse("bounces_allocator/operations", &what, unknown, sizeof unknown));
	for (uint64_t seed = 0; seed < 2; seed++) {
		groups_add(groups, "old", "cpus=2", made_add(&made, "a", "64", seed, 1000 + seed, 1));
		groups_add(groups, "new", "cpus=4", made_add(&made, "a", "64", seed, 2000 + seed, 1));
	}

	struct comparison comparison = { .compared = &what, .count = 1, .limit = NAN };

	assert_int_equal(comparison_print(out, groups, &comparison, &rows), 0);
	fclose(out);
	assert_int_equal(rows, 0);
	assert_string_equal(text, "");
	free(text);
	groups_free(groups);
	made_free(&made);
}

static void compare_within_a_result_goes_by_a_key(void **state)
{
	(void)state;
	char folder[64];

	folder_new(folder);
	write_results(folder, 100, 150);
	assert_int_equal(COMPARE(folder, "--by", "objects", "--fail-over", "49%"), EXIT_DIFFERENT);
	assert_int_equal(COMPARE(folder, "--fail-over", "51%"), EXIT_DONE);
	assert_int_equal(COMPARE(folder, "--by", "objcts"), EXIT_MISTAKE);
	assert_int_equal(COMPARE("/nonexistent/result"), EXIT_MISTAKE);
	folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_headline_gives_bounces_per_operation),
		cmocka_unit_test(lines_show_the_worst_first_and_then_their_members),
		cmocka_unit_test(what_top_leaves_out_is_said),
		cmocka_unit_test(fields_show_holes_lines_and_false_sharing),
		cmocka_unit_test(members_of_all_structs_are_ranked),
		cmocka_unit_test(combinations_stand_side_by_side),
		cmocka_unit_test(of_many_settings_the_mean_is_shown),
		cmocka_unit_test(settings_of_one_allocator_are_columns),
		cmocka_unit_test(a_lock_is_its_callers),
		cmocka_unit_test(sites_show_both_sides),
		cmocka_unit_test(takers_name_both_members),
		cmocka_unit_test(a_matrix_says_who_took_from_whom),
		cmocka_unit_test(many_cpus_are_grouped_by_socket),
		cmocka_unit_test(lists_of_cpus),
		cmocka_unit_test(a_finding_proposes_what_parts_them),
		cmocka_unit_test(a_verdict_gives_ratios),
		cmocka_unit_test(members_that_differ_most_come_first),
		cmocka_unit_test(settings_that_differ_are_told),
		cmocka_unit_test(without_false_sharing_there_is_no_finding),
		cmocka_unit_test(locks_with_the_longest_waits_come_first),
		cmocka_unit_test(paths_stand_below_their_operations),
		cmocka_unit_test(cpus_say_where_the_cycles_went),
		cmocka_unit_test(programs_get_every_row_with_the_point_in_front),
		cmocka_unit_test(orders_say_how_much_lies_in_blocks),
		cmocka_unit_test(every_view_prints_in_every_format),
		cmocka_unit_test(a_title_gives_the_range_of_ratios),
		cmocka_unit_test(from_hardly_less_to_much_less_is_up_to),
		cmocka_unit_test(small_differences_are_told_in_per_cent),
		cmocka_unit_test(of_many_the_least_and_the_most_are_named),
		cmocka_unit_test(never_is_said_only_of_zero_everywhere),
		cmocka_unit_test(what_the_seeds_cannot_tell_is_not_claimed),
		cmocka_unit_test(two_states_decide_nothing),
		cmocka_unit_test(a_figure_marks_two_states),
		cmocka_unit_test(the_table_tells_two_states),
		cmocka_unit_test(equal_headings_are_told_apart),
		cmocka_unit_test(free_blocks_are_told_at_the_end),
		cmocka_unit_test(less_in_some_settings_is_not_less),
		cmocka_unit_test(less_than_one_per_cent_is_no_difference),
		cmocka_unit_test(who_has_less_in_more_settings_is_named_first),
		cmocka_unit_test(one_allocator_alone_is_not_compared),
		cmocka_unit_test(causes_tell_the_share_of_waiting_for_lines),
		cmocka_unit_test(next_to_nothing_is_told_without_digits),
		cmocka_unit_test(a_range_below_one_per_cent_has_no_digits),
		cmocka_unit_test(misses_tell_those_by_false_sharing),
		cmocka_unit_test(memory_is_pages_and_metadata),
		cmocka_unit_test(members_are_those_in_which_allocators_differ),
		cmocka_unit_test(a_models_own_setting_makes_series),
		cmocka_unit_test(a_variant_that_looks_like_a_number_is_a_name),
		cmocka_unit_test(structs_are_told_apart_as_they_lie),
		cmocka_unit_test(locks_are_told_by_what_is_waited_for_longest),
		cmocka_unit_test(throughput_compares_the_ends_of_the_curves),
		cmocka_unit_test(values_over_two_decades_get_a_logarithmic_axis),
		cmocka_unit_test(cycles_are_those_of_a_pair),
		cmocka_unit_test(scaling_compares_the_ends_of_the_curves),
		cmocka_unit_test(a_change_of_holder_is_another_cpu_on_the_same_line),
		cmocka_unit_test(an_axis_has_its_unit),
		cmocka_unit_test(variants_keep_the_name_of_their_allocator),
		cmocka_unit_test(heat_shows_where_lines_change_hands_most),
		cmocka_unit_test(without_an_allocator_turns_are_told),
		cmocka_unit_test(a_switch_has_its_key),
		cmocka_unit_test(runs_that_ended_badly_are_in_no_figure),
		cmocka_unit_test(a_limit_is_exceeded_by_more_not_by_less),
		cmocka_unit_test(a_change_that_seeds_explain_is_not_over),
		cmocka_unit_test(a_comparison_shows_both_sides_and_the_change),
		cmocka_unit_test(a_comparison_of_two_states_decides_nothing),
		cmocka_unit_test(an_unknown_metric_is_named),
		cmocka_unit_test(compare_fails_with_status_3_over_the_limit),
		cmocka_unit_test(without_a_row_no_brackets_are_explained),
		cmocka_unit_test(compare_within_a_result_goes_by_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
