/*
 * The workload `struct`: counts derived by hand for tiny structs, what its lists of accesses do,
 * and what is refused.
 *
 * Timelines: with work of 100,000 cycles between turns and nobody starting late, CPUs come round
 * once per period, in the same order each time; what an access costs (at most 200 cycles on
 * textbook) adds up to far less than a period in the few rounds of a test.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/verbs/xalloc.h"
#include "tests/structs_fixture.h"
#include "workloads/struct_plan.h"

static void expect(const struct ran *ran, size_t point, const char *metric, double wanted)
{
	double is = ran_metric(ran, point, metric);

	if (is != wanted)
		fail_msg("point %zu: %s is %g, expected %g", point, metric, is, wanted);
}

/*
 * Two CPUs, ten rounds, each adds once a round to a word of its own. One line: all additions but
 * the first one of all follow one of the other CPU, 20 - 1 = 19 bounces, each finds the line
 * modified there. Each CPU's first miss is cold, its other 9 are of bytes that it does not use.
 * A line each: the first access of each is cold, and that is all.
 */
static void two_words_of_a_line(void **state)
{
	struct ran ran = struct_run("2", "20",
				    "  members: {a: long, b: long}\n"
				    "  edit: [none, {move: {b: own-line}}]\n"
				    "  work_cycles: 100000\n"
				    "  threads:\n"
				    "    one: {cpus: 1, loop: [add a]}\n"
				    "    two: {cpus: 1, loop: [add b]}\n");

	(void)state;
	expect(&ran, 0, "bounces", 19);
	expect(&ran, 0, "hitm_stores", 19);
	expect(&ran, 0, "misses_cold", 2);
	expect(&ran, 0, "misses_false_sharing", 18);
	expect(&ran, 0, "misses_true_sharing", 0);
	assert_int_equal(ran_member(&ran, 0, "a")->bounces + ran_member(&ran, 0, "b")->bounces, 19);
	expect(&ran, 1, "bounces", 0);
	expect(&ran, 1, "misses_cold", 2);
	expect(&ran, 1, "misses_false_sharing", 0);
	ran_free(&ran);
}

/* The same with one word for both: the same line to and fro, but now for what is used. */
static void one_word_for_two(void **state)
{
	struct ran ran = struct_run("2", "20",
				    "  members: {a: long}\n  work_cycles: 100000\n"
				    "  threads: {both: {loop: [add a]}}\n");

	(void)state;
	expect(&ran, 0, "bounces", 19);
	expect(&ran, 0, "misses_true_sharing", 18);
	expect(&ran, 0, "misses_false_sharing", 0);
	ran_free(&ran);
}

/*
 * A writer at the start of each period, a reader in its middle, ten times: every load finds the
 * line modified by the writer, 10; the first store is cold, the other 9 find it shared with the
 * reader, upgrade it and kill that copy. In a line of its own the reader hits from its second
 * load on, the writer from its second store on.
 */
static void reader_beside_a_writer(void **state)
{
	struct ran ran = struct_run(
		"2", "20",
		"  members: {f_mode: int, f_count: long}\n"
		"  edit: [none, {align: {f_count: 64}}]\n"
		"  threads:\n"
		"    writer: {cpus: 1, loop: [store f_count], work_cycles: 100000}\n"
		"    reader: {cpus: 1, loop: [compute 50000, load f_mode], work_cycles: 50000}\n");

	(void)state;
	expect(&ran, 0, "hitm_loads", 10);
	expect(&ran, 0, "upgrades", 9);
	expect(&ran, 0, "invalidations", 9);
	expect(&ran, 0, "misses_false_sharing", 9);
	expect(&ran, 0, "bounces", 0);
	expect(&ran, 1, "hitm_loads", 0);
	expect(&ran, 1, "upgrades", 0);
	expect(&ran, 1, "misses_false_sharing", 0);
	ran_free(&ran);
}

/*
 * Four structs of 24 bytes in an array, CPU i adds to a word of the i-th: bytes 0, 24 and 48 are in
 * the first line, 72 in the second. Three CPUs of ten rounds make 30 additions to the first line,
 * all but one by another CPU than the one before: 29. With 64 bytes to a struct: none.
 */
static void three_structs_to_a_line(void **state)
{
	struct ran ran = struct_run("4", "40",
				    "  members: {count: long, other: {size: 16}}\n  instances: 4\n"
				    "  edit: [none, {align: {count: 64}}]\n"
				    "  work_cycles: 100000\n"
				    "  threads: {all: {loop: [add count]}}\n");

	(void)state;
	expect(&ran, 0, "bounces", 29);
	expect(&ran, 1, "bounces", 0);
	assert_int_equal(ran.points.point[0]->result->lines, 2);
	assert_int_equal(ran.points.point[1]->result->lines, 4);
	ran_free(&ran);
}

/* Memory of each CPU's own: the same additions, no bounce; and all of them are read by `sum`: 4 by
 * CPU 0 in each of its turns. */
static void a_struct_for_each_cpu(void **state)
{
	struct ran ran =
		struct_run("4", "40",
			   "  members: {count: long}\n  per_cpu: true\n  work_cycles: 100000\n"
			   "  threads:\n    reader: {cpus: 1, loop: [sum count]}\n"
			   "    rest: {loop: [add count]}\n");
	const struct result *result = ran.points.point[0]->result;

	(void)state;
	expect(&ran, 0, "bounces", 0);
	assert_int_equal(result->cpu[0].loads, 4 * 10);
	assert_int_equal(result->total.rmws, 3 * 10);
	ran_free(&ran);
}

/*
 * A pair prefetcher asks for the other line of a pair with the one that is missed or upgraded. Two
 * CPUs, each with a line of its own of one pair, ten rounds. Round 1: `a` is cold and brings `b`
 * along; `b` is then missed by its own CPU, which brings `a` along from where it is modified. From
 * round 2 on each addition upgrades its line, 9 and 9, and takes the other one, modified, along:
 * 9 times `b`; `a` in rounds 1 to 9, for the last one comes when the window is closed. In pairs of
 * their own neither sees the other.
 */
static void pairs_of_lines(void **state)
{
	static const char members[] =
		"  members: {a: long, fill: {size: 56}, b: long, c: {size: 56}}\n"
		"  edit: [none, {pair: 128, move: {b: own-line}}]\n"
		"  threads:\n"
		"    one: {cpus: 1, loop: [add a], work_cycles: 100000}\n"
		"    other: {cpus: 1, loop: [compute 50000, add b], work_cycles: 50000}\n";
	struct ran ran = struct_run("2", "20", members);

	(void)state;
	expect(&ran, 0, "hitm_loads", 0);
	expect(&ran, 0, "upgrades", 0);
	ran_free(&ran);
	ran = struct_run_on("{base: textbook, prefetchers.pair: true}", "2", "20", members);
	expect(&ran, 0, "hitm_loads", 18);
	expect(&ran, 0, "upgrades", 18);
	expect(&ran, 1, "hitm_loads", 0);
	expect(&ran, 1, "upgrades", 0);
	ran_free(&ran);
}

/* ---- accesses -------------------------------------------------------------------------------- */

/* One CPU, 100 turns of each: what each kind of access counts as. */
static void kinds_of_accesses(void **state)
{
	static const struct {
		const char *access;
		unsigned loads, stores, rmws;
	} rows[] = {
		{ "load a", 1, 0, 0 },          { "store a", 0, 1, 0 }, { "add a", 0, 0, 1 },
		{ "add-local a", 0, 0, 1 },     { "cas a", 1, 0, 1 },   { "exchange a", 0, 0, 1 },
		{ "read-mostly a 1", 1, 1, 0 }, { "sum a", 1, 0, 0 },   { "load a+4", 1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char more[400];

		snprintf(more, sizeof more,
			 "  members: {a: long}\n  threads: {one: {loop: [%s]}}\n", rows[i].access);

		struct ran ran = struct_run("1", "100", more);
		const struct counts *total = &ran.points.point[0]->result->total;

		if (total->loads != 100 * rows[i].loads || total->stores != 100 * rows[i].stores ||
		    total->rmws != 100 * rows[i].rmws)
			fail_msg("%s: %g loads, %g stores, %g rmws", rows[i].access,
				 (double)total->loads, (double)total->stores, (double)total->rmws);
		ran_free(&ran);
	}
}

/* 0.1 of 10,000 turns: 1000, binomial with a deviation of sqrt(10000 * 0.1 * 0.9) = 30. */
static void rates_are_kept(void **state)
{
	struct ran ran = struct_run("1", "10000",
				    "  members: {a: long, b: long}\n"
				    "  threads: {one: {loop: [add a 0.1, read-mostly b 0.1]}}\n");
	const struct counts *total = &ran.points.point[0]->result->total;

	(void)state;
	assert_in_range(total->rmws, 1000 - 5 * 30, 1000 + 5 * 30);
	assert_in_range(total->stores, 1000 - 5 * 30, 1000 + 5 * 30);
	assert_int_equal(total->loads, 10000);
	ran_free(&ran);
}

/* Four CPUs and a lock of each kind: taken once a turn, and nobody is in with somebody else, which
 * the workload would tell. The fair ones are waited for; of the oldest one CPU may have all. */
static void locks_exclude(void **state)
{
	static const char *const kinds[] = { "dec", "ticket", "queued" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char more[400];

		snprintf(more, sizeof more,
			 "  members: {l: spinlock_t, n: int}\n  lock: %s\n"
			 "  threads: {all: {loop: [lock l, add-local n, unlock l]}}\n",
			 kinds[i]);

		struct ran ran = struct_run("4", "1000", more);
		const struct result *result = ran.points.point[0]->result;

		assert_int_equal(result->locks, 1);
		assert_in_range(result->lock[0].taken, 1000, 1004);
		if (i)
			assert_true(result->lock[0].contended > 900);
		ran_free(&ran);
	}
}

/*
 * CPUs whose read and compare-and-exchange have others between them: each tries again until it
 * counted, so that the word holds what all added, which is looked at in the end; tries are more
 * than turns. With one size and another, against cas and against add.
 */
static void cas_counts_in_a_crowd(void **state)
{
	static const char *const rows[][2] = {
		{ "long", "cas a" }, { "int", "cas a" }, { "short", "cas a" }, { "long", "add a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char more[400];
		uint64_t tries = 0;

		snprintf(more, sizeof more,
			 "  members: {a: %s}\n  threads:\n    one: {cpus: 2, loop: [cas a]}\n"
			 "    two: {cpus: 2, loop: [%s]}\n", rows[i][0], rows[i][1]);

		struct ran ran = struct_run("4", "1000", more);
		const struct result *result = ran.points.point[0]->result;

		for (size_t j = 0; j < result->fields; j++)
			tries += result->field[j].rmws;
		assert_true(tries > result->operations);
		ran_free(&ran);
	}
}

/* Each holds what the other waits for: the third access of either list is where it stands. */
static void who_waits_for_whom(void **state)
{
	char *folder = folder_new(), file[4200];
	struct output output;

	(void)state;
	snprintf(file, sizeof file, "%s/x.yaml", folder);
	write_text(file,
		   "name: x\nmachine: textbook\ncpus: 2\nworkload:\n  kind: struct\n"
		   "  members: {l: spinlock_t, m: spinlock_t}\n  work: constant\n  threads:\n"
		   "    one: {cpus: 1, loop: [lock l, compute 5000, lock m, unlock m, unlock l]}\n"
		   "    two: {cpus: 1, loop: [lock m, compute 5000, lock l, unlock l, unlock m]}\n"
		   "operations: 100\n");
	output = run_cli((const char *const[]){ "run", file, "--quiet", "--no-plots", "--output",
						folder, NULL });
	if (!strstr(output.err, "deadlock: CPU 0 waits at sim/verbs/lock.c:") ||
	    !strstr(output.err, " for one:3, CPU 1 waits at") || !strstr(output.err, " for two:3\n"))
		fail_msg("%s", output.err);
	output_free(&output);
	folder_free(folder);
}

/* Of eight structs, any: each of them is used. In turn: all alike. */
static void which_instance(void **state)
{
	struct ran ran = struct_run(
		"1", "800",
		"  members: {a: {size: 64}}\n  instances: 8\n  which: [random, turn, own]\n"
		"  threads: {one: {loop: [add a]}}\n");
	static const size_t lines[] = { 8, 8, 1 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(ran.points.point[i]->result->lines, lines[i]);
	ran_free(&ran);
}

/* Sites are the groups of the file, the place in the list, and the access as it is written. */
static void sites_name_the_list(void **state)
{
	struct ran ran = struct_run("2", "100",
				    "  members: {a: long, b: long}\n"
				    "  threads: {pair: {loop: [load a, add b]}}\n");
	const struct result *result = ran.points.point[0]->result;
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < result->fields; i++) {
		const struct field_stats *field = &result->field[i];

		assert_string_equal(field->site.file, "pair");
		assert_string_equal(field->site.function,
				    field->site.line == 1 ? "load a" : "add b");
		assert_string_equal(field->member, field->site.line == 1 ? "a" : "b");
		assert_string_equal(field->layout, "struct");
		seen |= field->site.line;
	}
	assert_int_equal(seen, 3);
	ran_free(&ran);
}

/* A seed draws work and rates anew; the same one gives the same run, on one CPU too. */
static void seeds_differ(void **state)
{
	struct ran ran = struct_run("1", "1000",
				    "  members: {a: long}\n  threads: {one: {loop: [add a 0.5]}}\n"
				    "repeat: 2\n");

	(void)state;
	assert_int_equal(ran.points.count, 2);
	assert_true(ran_metric(&ran, 0, "elapsed_cycles") != ran_metric(&ran, 1, "elapsed_cycles"));
	ran_free(&ran);
}

/* The effective experiment reads back as the same one, members in their order. */
static void effective_reads_back(void **state)
{
	struct ran ran = struct_run(
		"2", "100",
		"  members: {b: int, a: {type: long, align: 16}, c: 3}\n"
		"  edit: [none, {order: [a, c], move: {b: own-line}}]\n"
		"  threads:\n    w: {cpus: [1, 2], loop: [add a, \"load b 0.25\"], work_cycles: [0, 7]}\n");
	char again[4200], path[4300];
	struct output output;

	(void)state;
	assert_int_equal(ran.points.count, 8);
	snprintf(again, sizeof again, "%s/again", ran.folder);
	snprintf(path, sizeof path, "%s/x/experiment.yaml", ran.folder);
	output = run_cli((const char *const[]){ "run", path, "--quiet", "--no-plots", "--output",
						again, NULL });
	if (output.status)
		fail_msg("%s", output.err);
	output_free(&output);
	snprintf(path, sizeof path, "%s/again/x", ran.folder);

	struct points points;
	char why[1024];

	assert_true(points_load(path, &points, why, sizeof why));
	assert_string_equal(points.hash, ran.points.hash);
	assert_int_equal(points.count, 8);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(points.point[i]->name, ran.points.point[i]->name);
	points_free(&points);
	ran_free(&ran);
}

/* Two orders of the same members are two experiments. */
static void order_is_part_of_what_it_is(void **state)
{
	static const char *const members[] = { "{a: long, b: int}", "{b: int, a: long}" };
	char hash[2][HASH_TEXT_BYTES], name[2][POINT_NAME_BYTES];

	(void)state;
	for (int i = 0; i < 2; i++) {
		char more[400];

		snprintf(more, sizeof more, "  members: %s\n  threads: {one: {loop: [add a]}}\n",
			 members[i]);

		struct ran ran = struct_run("1", "100", more);

		memcpy(hash[i], ran.points.hash, HASH_TEXT_BYTES);
		memcpy(name[i], ran.points.point[0]->name, POINT_NAME_BYTES);
		ran_free(&ran);
	}
	assert_string_not_equal(hash[0], hash[1]);
	assert_string_not_equal(name[0], name[1]);
}

/* ---- edits ----------------------------------------------------------------------------------- */

/*
 * a int, b long, c char, d int lie at 0, 8, 16, 20. Each edit by the rules of C: in order, each at
 * the next multiple of its size.
 */
static void edits_lay_out_anew(void **state)
{
	/* clang-format off */
	static const struct { const char *edit; unsigned a, b, c, d; } rows[] = {
		{ "none",                              0,   8, 16, 20 },
		{ "{order: [c, d]}",                   8,  16,  0,  4 },
		{ "{move: {a: last}}",                16,   0,  8, 12 },
		{ "{move: {a: after c}}",             12,   0,  8, 16 },
		{ "{move: {d: first}}",                4,   8, 16,  0 },
		{ "{pad: {a: 64}}",                    0,  72, 80, 84 },
		{ "{align: {c: 64}}",                  0,   8, 64, 68 },
		{ "{move: {b: own-line}}",             0,  64,  4,  8 },
		{ "own-line b",                        0,  64,  4,  8 },
		{ "own-line b a",                    128,  64,  0,  4 },
		{ "{pair: 128, move: {b: own-line}}",  0, 128,  4,  8 },
		{ "{order: [d], move: {a: own-line, c: own-line}}", 64, 8, 128, 0 },
	};
	/* clang-format on */
	static const char names[] = "abcd";

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const unsigned wanted[] = { rows[i].a, rows[i].b, rows[i].c, rows[i].d };
		char more[400];

		snprintf(more, sizeof more,
			 "  members: {a: int, b: long, c: char, d: int}\n  edit: %s\n"
			 "  threads: {one: {loop: [load a, load b, load c, load d]}}\n",
			 rows[i].edit);

		struct ran ran = struct_run("1", "10", more);
		const struct result *result = ran.points.point[0]->result;

		for (size_t j = 0; j < result->fields; j++) {
			const char *at = strchr(names, *result->field[j].member);

			if (!at || result->field[j].offset != wanted[at - names])
				fail_msg("%s: '%s' lies at %u", rows[i].edit, result->field[j].member,
					 result->field[j].offset);
		}
		assert_int_equal(result->fields, 4);
		ran_free(&ran);
	}
}

/* ---- mistakes -------------------------------------------------------------------------------- */

/* All at once, each at its place: the section begins in line 7. */
static void mistakes_have_their_places(void **state)
{
	/* clang-format off */
	static const struct { const char *more, *told; } rows[] = {
		{ "  threads: {one: {loop: [load a]}}\n",
		  "8:3: missing key 'layout' or 'members': a file of pahole's text, or the members of the struct\n" },
		{ "  members: {a: long}\n",
		  "8:3: missing key 'threads': which CPUs do what to the members\n" },
		{ "  members: {a: lnog, b: 4}\n  threads: {one: {loop: [load a]}}\n",
		  "10:16: 'lnog' is no type that is known here (char, short, int, long, pointer, u8 to u64, spinlock_t, ...); give its size in bytes; did you mean 'long'?\n" },
		{ "  members: {a: {offset: 0, size: 8}, b: {offset: 4, size: 8}}\n  threads: {one: {loop: [load a]}}\n",
		  "10:38: 'b' begins at 4, where 'a' has bytes 0 to 8; members that overlap are a union\n" },
		{ "  members: {a: long, abc: int}\n  threads:\n    one: {cpus: 9, loop: [laod a, load abd, add a x, lock a+2, unlock a]}\n",
		  "12:17: 'one' wants 9 CPUs, and 4 are left of the 4 that 'cpus' gives\n"
		  "12:27: 'laod' is no access: load, store, add, add-local, cas, exchange, read-mostly, sum, lock, unlock of a member; compute CYCLES; fence; did you mean 'load'?\n"
		  "12:35: struct 'struct' has no member 'abd'; did you mean 'abc'?\n"
		  "12:45: 'add a x' wants a rate above 0, up to 1 and with at most nine digits behind the dot: add MEMBER 0.05\n"
		  "12:54: a lock has 4 bytes at a multiple of 4; 'a+2' has 6 at 2\n" },
		{ "  members: {a: long}\n  threads: {one: {cpus: 9, loop: [load a]}}\n",
		  "11:25: 'one' wants 9 CPUs, and 4 are left of the 4 that 'cpus' gives\n" },
		{ "  members: {a: long}\n  threads: {one: {cpus: \"\", loop: [load a]}, two: {cpus: 1-02, loop: [load a]}}\n",
		  "11:25: 'cpus' is how many, which ones like 0-3,8, rest or all, not ''\n"
		  "11:58: 'cpus' is how many, which ones like 0-3,8, rest or all, not '1-02'\n" },
		/* a wrong loop hides no CPUs of other groups; of what is left nobody knows then */
		{ "  members: {a: long}\n  threads: {one: {loop: [laod a]}, two: {cpus: rst, loop: [load a]}, six: {cpsu: 1, loop: [load a]}, ten: {loop: [load a]}}\n",
		  "11:26: 'laod' is no access: load, store, add, add-local, cas, exchange, read-mostly, sum, lock, unlock of a member; compute CYCLES; fence; did you mean 'load'?\n"
		  "11:48: 'cpus' is how many, which ones like 0-3,8, rest or all, not 'rst'\n"
		  "11:76: unknown key 'cpsu'; did you mean 'cpus'?\n" },
		{ "  members: {a: long}\n  threads: {one: {cpus: 0-1, loop: [load a]}, two: {cpus: \"1,5\", loop: [load a]}}\n",
		  "11:59: CPU 1 is one of 'one' already\n11:59: there is no CPU 5: 'cpus' is 4\n" },
		{ "  members: {a: long}\n  edit: [own-lin a, own-line b, \"own-line \"]\n  threads: {one: {loop: [load a]}}\n",
		  "11:10: 'own-lin a' is no edit: none, 'own-line MEMBER MEMBER ...', or a mapping like {move: {f_count: own-line}}\n"
		  "11:21: struct 'struct' has no member 'b'\n11:33: own-line of which member? own-line MEMBER\n" },
		{ "  members: {a: long, 1b: int}\n  threads: {\"x y\": {loop: [load a]}}\n",
		  "10:22: '1b' is no name of a member: letters, digits and '_', at most 63\n"
		  "11:13: 'x y' is no name of a group: letters, digits, '_' and '-', at most 63\n" },
		{ "  members: {a: long}\n  threads: {\"x y\": {loop: [load a]}}\n",
		  "11:13: 'x y' is no name of a group: letters, digits, '_' and '-', at most 63\n" },
		{ "  members: {a: long}\n  sequence: README.md\n  threads: {one: {loop: [load a]}}\n",
		  "11:13: what CPUs do comes from 'sequence' or 'threads', not from both\n" },
		{ "  members: {a: long}\n  threads: {one: {loop: [lock a, load a]}}\n",
		  "11:26: 'a' is never given back: unlock a ends the section\n" },
		{ "  members: {a: long}\n  edit: {move: {b: own-line}, align: {a: 3}, pad: {a: -1}}\n  threads: {one: {loop: [load a]}}\n",
		  "11:17: struct 'struct' has no member 'b'\n"
		  "11:42: 'a' is aligned to a power of two, not to 3\n"
		  "11:55: 'a' wants a whole number, 0 to 1048576\n" },
		{ "  members: {a: long}\n  edit: {move: {a: [own-line, first]}, order: [{a: b}, [a]]}\n  threads: {one: {loop: [load a]}}\n",
		  "11:20: 'a' moves to one place; edits to compare are a list, edit: [none, {move: {a: own-line}}]\n"
		  "11:48: 'order' wants a list of members: those that come first\n"
		  "11:56: 'order' wants a list of members: those that come first\n" },
		{ "  members: {a: long, b: long}\n  edit: own-line a, b\n  threads: {one: {loop: [load a]}}\n",
		  "11:9: 'own-line a, b' is no edit: none, 'own-line MEMBER MEMBER ...', or a mapping like {move: {f_count: own-line}}\n" },
		{ "  members: {a: long, b: long}\n  edit: {move: {b: after b}}\n  threads: {one: {loop: [load a]}}\n",
		  "11:20: 'b' cannot move behind itself\n" },
		/* an unknown key hides nothing that stands beside it, nor does an edit hide the threads */
		{ "  members: {a: {size: x, sise: 4}, b: -8}\n  threads: {one: {loop: [load a]}}\n",
		  "10:23: 'size' wants a whole number, 0 to 1048576\n"
		  "10:26: unknown key 'sise'; did you mean 'size'?\n"
		  "10:39: '-8' is no size: whole bytes, 1 to 1048576\n" },
		{ "  members: {a: long}\n  edit: {pari: 64, pair: 5}\n  threads: {one: {lop: [], loop: [load b]}}\n",
		  "11:10: unknown key 'pari'; did you mean 'pair'?\n"
		  "11:26: 'pair' is the bytes of what moves together, a line (64) or a pair (128), not 5\n"
		  "12:19: unknown key 'lop'; did you mean 'loop'?\n"
		  "12:35: struct 'struct' has no member 'b'\n" },
		{ "  members: {a: {offset: 8, size: 8}, b: {offset: 0, size: 8}}\n  threads: {one: {loop: [load a]}}\n",
		  "10:38: 'b' begins at 0, and 'a' in front of it at 8; members stand in the order of their bytes\n" },
		/* 4 + 8 * n is no multiple of 8; the struct of an edit is aligned to a line */
		{ "  members: {a: int, b: long}\n  start: 4\n  threads: {one: {loop: [load a, add b]}}\n",
		  "11:10: 'b' has words of 8 bytes, which lie at multiples of them: start at one too, not at 4\n" },
		{ "  members: {a: long, b: long}\n  edit: own-line b\n  start: 8\n  threads: {one: {loop: [load a]}}\n",
		  "12:10: struct 'struct' is aligned to 64 bytes and cannot start at 8: a multiple of it, or 0\n" },
		{ "  members: {a: long, b: {size: 8, align: 32}}\n  start: 16\n  threads: {one: {loop: [load a]}}\n",
		  "11:10: struct 'struct' is aligned to 32 bytes and cannot start at 16: a multiple of it, or 0\n" },
		{ "  members: {l: spinlock_t, a: int}\n  threads: {one: {cpus: 1, loop: [lock l, load a, unlock l]}, two: {loop: [load l, store l, add l 0.1]}}\n",
		  "11:84: 'l' is taken as a lock elsewhere: 'store l' would overwrite it; only lock, unlock and loads go to a lock\n"
		  "11:93: 'l' is taken as a lock elsewhere: 'add l 0.1' would overwrite it; only lock, unlock and loads go to a lock\n" },
		/* one value of a list that nothing can take is no matter of leaving it out */
		{ "  members: {a: long, b: long}\n  edit: [none, own-line c]\n  threads: {one: {loop: [load a]}}\n",
		  "11:16: struct 'struct' has no member 'c'\n" },
		{ "  members: {a: long, b: long}\n  edit: [none, {mvoe: {a: own-line}}, {align: {a: 3}}]\n  threads: {one: {loop: [load a]}}\n",
		  "11:17: unknown key 'mvoe'; did you mean 'move'?\n"
		  "11:51: 'a' is aligned to a power of two, not to 3\n" },
		{ "  layout: no.pahole\n  threads: {one: {loop: [load a]}}\n",
		  "10:11: workload 'struct': layout 'no.pahole' cannot be read, and none of that name comes with bounce; a relative path begins in the current folder\n" },
		/* nor does a layout that is not there: of members nothing is told */
		{ "  layout: no.pahole\n  threads: {one: {cpus: rst, loop: [load a, laod b]}}\n",
		  "10:11: workload 'struct': layout 'no.pahole' cannot be read, and none of that name comes with bounce; a relative path begins in the current folder\n"
		  "11:25: 'cpus' is how many, which ones like 0-3,8, rest or all, not 'rst'\n"
		  "11:45: 'laod' is no access: load, store, add, add-local, cas, exchange, read-mostly, sum, lock, unlock of a member; compute CYCLES; fence; did you mean 'load'?\n" },
		{ "  members: {a: long}\n  per_cpu: true\n  which: turn\n  threads: {one: {loop: [load a]}}\n",
		  "12:10: 'per_cpu' gives each CPU one of its own: leave 'which' out\n" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *told = struct_mistakes(rows[i].more);

		if (strcmp(told, rows[i].told))
			fail_msg("row %zu: told\n%sexpected\n%s", i, told, rows[i].told);
		free(told);
	}
}

static void expect_runs(const char *layout, const char *settings)
{
	char more[1500];
	struct ran ran;

	snprintf(more, sizeof more, "  layout: %s\n%s", layout, settings);
	ran = struct_run("2", "10", more);
	ran_free(&ran);
}

/* Padding is called by what it follows, and no second time so: 8 bytes behind `a`, then the member
 * that has that name already, at 16. */
static void padding_has_its_own_name(void **state)
{
	struct ran ran = struct_run("1", "10",
				    "  members: {a: long, a__pad: long}\n  edit: {pad: {a: 8}}\n"
				    "  threads: {one: {loop: [add a__pad]}}\n");
	const struct result *result = ran.points.point[0]->result;

	(void)state;
	assert_int_equal(result->fields, 1);
	assert_int_equal(result->field[0].offset, 16);
	ran_free(&ran);
}

/* A member of 100 bytes behind 8 of others: words of 8 lie askew in the second of an array, so that
 * words of 4 stand for it; from byte 2 of a line on, of 2. */
static void larger_than_a_word(void **state)
{
	static const char *const places[] = { "instances: 2", "start: 2", "per_cpu: true" };

	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char more[400];

		snprintf(more, sizeof more,
			 "  members: {a: long, c: {size: 100}}\n  %s\n"
			 "  threads: {one: {loop: [store c]}}\n",
			 places[i]);

		struct ran ran = struct_run("2", "10", more);

		ran_free(&ran);
	}
}

/*
 * A packed struct of 12 bytes: the second of an array begins at 12, where no word of 8 can lie; one
 * for each CPU has no second. A sequence is looked at access by access: 12 + 8 is a multiple of 4.
 */
static void no_word_lies_askew(void **state)
{
	enum { PATHS = 200 };
	char folder[] = "/tmp/bounce-askew-XXXXXX", layout[PATHS], sequence[PATHS], more[1000];
	/* clang-format off */
	const struct { const char *settings, *told; } rows[] = {
		{ "  instances: 2\n  threads: {one: {loop: [load b, add a]}}\n",
		  "11:14: struct 's' has 12 bytes: in an array 'a', with words of 8, is not at a multiple of them; per_cpu, or a member more\n" },
		{ "  instances: 2\n  start: 4\n  threads: {one: {loop: [lock a, load b, unlock a, load a]}}\n",
		  "11:14: struct 's' has 12 bytes: in an array 'a', with words of 8, is not at a multiple of them; per_cpu, or a member more\n"
		  "12:10: 'a' has words of 8 bytes, which lie at multiples of them: start at one too, not at 4\n" },
	};
	/* clang-format on */
	char *told;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(layout, sizeof layout, "%s/s.pahole", folder);
	snprintf(sequence, sizeof sequence, "%s/s.txt", folder);
	write_text(layout,
		   "struct s {\n\tlong a; /* 0 8 */\n\tint b; /* 8 4 */\n\t/* size: 12 */\n};\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(more, sizeof more, "  layout: %s\n%s", layout, rows[i].settings);
		told = struct_mistakes(more);
		assert_string_equal(told, rows[i].told);
		free(told);
	}
	expect_runs(layout, "  instances: 2\n  threads: {one: {loop: [load b]}}\n");
	/* a lock has 4 bytes of the 8 */
	expect_runs(layout,
		    "  instances: 2\n  start: 4\n  threads: {one: {loop: [lock a, unlock a]}}\n");
	expect_runs(layout, "  per_cpu: true\n  threads: {one: {loop: [load b, add a]}}\n");
	write_text(sequence, "0 1 load 0 8 0\n0 2 load 8 4 1\n");
	snprintf(more, sizeof more, "  instances: 2\n  sequence: %s\n", sequence);
	expect_runs(layout, more);
	snprintf(more, sizeof more, "  layout: %s\n  instances: 2\n  sequence: %s\n", layout,
		 sequence);
	write_text(sequence, "0 1 load 0 8 0\n0 2 load 0 8 1\n");
	told = struct_mistakes(more);
	assert_non_null(strstr(told, "12:13: sequence '"));
	assert_non_null(
		strstr(told, "' has words that are not at a multiple of their bytes where"));
	free(told);
	/* all wrong lines, each at its word */
	write_text(sequence, "x\n0 1 load 0 8 0\n0 2 lood 0 8 0\n0 3 load 0 8 0 7\n");
	told = struct_mistakes(more);
	assert_string_equal(told, "1:1: a CPU, 0 to 1023, comes first\n"
				  "3:5: behind the time stands load, store, rmw or rmw-local\n"
				  "4:16: more than there should be in a line\n");
	free(told);
	/* beyond the struct: told when the file is checked, not when it runs */
	write_text(sequence, "0 1 load 8 8 0\n");
	told = struct_mistakes(more);
	assert_non_null(strstr(told, "' reaches byte 16 of a struct that has 12\n"));
	free(told);
	unlink(layout);
	unlink(sequence);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_words_of_a_line),
		cmocka_unit_test(one_word_for_two),
		cmocka_unit_test(reader_beside_a_writer),
		cmocka_unit_test(three_structs_to_a_line),
		cmocka_unit_test(a_struct_for_each_cpu),
		cmocka_unit_test(pairs_of_lines),
		cmocka_unit_test(kinds_of_accesses),
		cmocka_unit_test(rates_are_kept),
		cmocka_unit_test(locks_exclude),
		cmocka_unit_test(cas_counts_in_a_crowd),
		cmocka_unit_test(who_waits_for_whom),
		cmocka_unit_test(which_instance),
		cmocka_unit_test(sites_name_the_list),
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(effective_reads_back),
		cmocka_unit_test(order_is_part_of_what_it_is),
		cmocka_unit_test(edits_lay_out_anew),
		cmocka_unit_test(mistakes_have_their_places),
		cmocka_unit_test(no_word_lies_askew),
		cmocka_unit_test(larger_than_a_word),
		cmocka_unit_test(padding_has_its_own_name),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
