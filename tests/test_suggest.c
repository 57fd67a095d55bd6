/*
 * bounce suggest: false sharing that was planted is undone, what is apart stays, and what was
 * suggested is what an experiment with that edit runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/verbs/random.h"
#include "sim/verbs/xalloc.h"
#include "tests/structs_fixture.h"

static struct output suggest(const struct ran *ran, const char *option, const char *value)
{
	char path[4300];

	snprintf(path, sizeof path, "%s/x", ran->folder);
	return run_cli((const char *const[]){ "suggest", path, option, value, NULL });
}

/* What stands behind a word, up to the end of the line; the caller frees. */
static char *behind(const char *text, const char *word)
{
	const char *at = strstr(text, word);
	size_t length;
	char *rest;

	if (!at)
		fail_msg("no '%s' in\n%s", word, text);
	at += strlen(word);
	length = strcspn(at, "\n");
	rest = xalloc(length + 1);
	memcpy(rest, at, length);
	return rest;
}

/* The edit, which may be on several lines, on one. */
static char *edit_of(const char *text)
{
	const char *at = strstr(text, "  edit: ");
	char *edit;
	size_t length;

	if (!at)
		fail_msg("no edit in\n%s", text);
	at += strlen("  edit: ");
	length = (size_t)(strstr(at, "\n\n") - at);
	edit = xalloc(length + 1);
	memcpy(edit, at, length);
	for (char *c = edit; *c; c++)
		*c = *c == '\n' ? ' ' : *c;
	return edit;
}

/* ---- planted --------------------------------------------------------------------------------- */

/* A struct of random members, some of which are written by one of the groups of one CPU each. */
struct planted {
	char members[2000], edit[2500];
	char loop[5][1000];             /* of each group; the last one only reads */
	unsigned groups;
};

static uint64_t draw(uint64_t *state, uint64_t limit)
{
	return random_share(random_mix(*state += RANDOM_STEP), limit);
}

static void add_word(char *text, size_t size, const char *format, const char *word)
{
	size_t at = strlen(text);

	snprintf(text + at, size - at, at ? ", " : "%s", "");
	at = strlen(text);
	snprintf(text + at, size - at, format, word);
}

/* The first members, one of each group, lie in one line: 8 bytes each. */
static struct planted plant(uint64_t seed)
{
	static const unsigned sizes[] = { 1, 2, 4, 8, 8, 16, 24 };
	static const char *const ways[] = { "add %s", "store %s", "exchange %s" };
	struct planted planted = { .groups = 3 };
	uint64_t state = seed;

	planted.groups = 2 + (unsigned)draw(&state, 3);
	for (unsigned i = 0; i < 12 + draw(&state, 12); i++) {
		unsigned owner =
			i < planted.groups ? i : (unsigned)draw(&state, planted.groups + 2);
		unsigned size = i < planted.groups ? 8 : sizes[draw(&state, 7)];
		char name[40], member[80];

		snprintf(name, sizeof name, "m%u", i);
		snprintf(member, sizeof member, "%s: {size: %u}", name, size);
		add_word(planted.members, sizeof planted.members, "%s", member);
		if (owner < planted.groups)
			add_word(planted.loop[owner], sizeof planted.loop[owner],
				 ways[draw(&state, 3)], name);
		else if (owner == planted.groups)
			add_word(planted.loop[4], sizeof planted.loop[4], "load %s", name);
	}
	add_word(planted.members, sizeof planted.members, "%s", "flags: int");
	add_word(planted.loop[4], sizeof planted.loop[4], "load %s", "flags");
	return planted;
}

static struct ran run_planted(const struct planted *planted, const char *edit)
{
	char more[9000];
	size_t at = (size_t)snprintf(
		more, sizeof more, "  members: {%s}\n  edit: %s\n  work_cycles: 200\n  threads:\n",
		planted->members, edit);

	for (unsigned i = 0; i < planted->groups; i++)
		at += (size_t)snprintf(more + at, sizeof more - at,
				       "    w%u: {cpus: 1, loop: [%s]}\n", i, planted->loop[i]);
	snprintf(more + at, sizeof more - at, "    reader: {loop: [%s]}\n", planted->loop[4]);
	return struct_run("6", "600", more);
}

/*
 * Members of one writer only and members that are only read, thrown together at random: in the
 * layout that is suggested, no line is written by two CPUs, nor lost to bytes that are not used;
 * and the struct grows by no more than a line for each writer.
 */
static void planted_false_sharing_is_undone(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct planted planted = plant(seed);
		struct ran before = run_planted(&planted, "none");
		struct output output = suggest(&before, NULL, NULL);
		unsigned long size, was;
		unsigned lines, lines_were, sets;

		if (output.status)
			fail_msg("seed %llu: %s", (unsigned long long)seed, output.err);
		assert_true(ran_metric(&before, 0, "misses_false_sharing") > 50);

		char *edit = edit_of(output.out);
		char *price = behind(output.out, "price: ");
		struct ran after = run_planted(&planted, edit);
		const struct result *result = after.points.point[0]->result;

		assert_int_equal(sscanf(price,
					"%lu bytes instead of %lu (%u lines instead of %u, for %u",
					&size, &was, &lines, &lines_were, &sets),
				 5);
		assert_int_equal(sets, planted.groups);
		if (lines > lines_were + sets)
			fail_msg("seed %llu: %s", (unsigned long long)seed, price);
		for (size_t i = 0; i < result->lines; i++)
			if (result->line[i].writers > 1 || bounces_of_line(&result->line[i]) ||
			    result->line[i].false_sharing)
				fail_msg("seed %llu: line of %s still bounces",
					 (unsigned long long)seed, result->line[i].members);
		free(edit);
		free(price);
		ran_free(&after);
		ran_free(&before);
		output_free(&output);
	}
}

/* ---- nothing to gain ------------------------------------------------------------------------- */

static void expect_nothing(const char *cpus, const char *more)
{
	struct ran ran = struct_run(cpus, "2000", more);
	struct output output = suggest(&ran, NULL, NULL);

	if (output.status || !strstr(output.out, "Nothing to gain: "))
		fail_msg("%s%s", output.out, output.err);
	output_free(&output);
	ran_free(&ran);
}

/* One word that all want; lines apart already; one CPU alone; readers only, with and without a lock
 * beside them that nobody takes. */
static void nothing_to_gain(void **state)
{
	(void)state;
	expect_nothing("4",
		       "  members: {a: long}\n  start: 64\n  threads: {all: {loop: [add a]}}\n");
	expect_nothing("2",
		       "  members: {a: long, b: {type: long, align: 64}}\n  threads:\n"
		       "    one: {cpus: 1, loop: [add a]}\n    two: {cpus: 1, loop: [add b]}\n");
	expect_nothing(
		"1", "  members: {a: long, b: long}\n  threads: {one: {loop: [add a, load b]}}\n");
	expect_nothing(
		"4", "  members: {a: long, b: long}\n  threads: {all: {loop: [load a, load b]}}\n");
	expect_nothing("2", "  members: {l: spinlock_t, b: char, c: {size: 100}}\n"
			    "  instances: 2\n  threads: {all: {loop: [load l, sum c]}}\n");
}

/*
 * A lock is written by those that take it, whatever it does inside. `locking` writes lock and count,
 * `reading` only the flag: with any kind of lock that is one set of writers, and the flag is apart.
 */
static void locks_are_written(void **state)
{
	static const char *const kinds[] = { "dec", "ticket", "queued" };

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		char more[500];

		snprintf(more, sizeof more,
			 "  members: {l: spinlock_t, flag: int, count: long}\n  lock: %s\n"
			 "  work_cycles: 100\n  threads:\n"
			 "    locking: {cpus: 2, loop: [lock l, add count, unlock l]}\n"
			 "    reading: {cpus: 2, loop: [load flag]}\n",
			 kinds[i]);

		struct ran ran = struct_run("4", "4000", more);
		struct output output = suggest(&ran, NULL, NULL);

		if (output.status || !strstr(output.out, "  not written: flag\n") ||
		    !strstr(output.out, "  written by locking: l count\n"))
			fail_msg("%s: %s%s", kinds[i], output.out, output.err);
		output_free(&output);
		ran_free(&ran);
	}
}

/* Structs of 24 bytes in an array, each of its own CPU: a line for each undoes it. */
static void neighbours_in_an_array(void **state)
{
	struct ran ran = struct_run("4", "2000",
				    "  members: {count: long, name: {size: 16}}\n  instances: 4\n"
				    "  threads: {all: {loop: [add count, load name]}}\n");
	struct output output = suggest(&ran, NULL, NULL);

	(void)state;
	if (output.status || !strstr(output.out, "price: 64 bytes instead of 24 "))
		fail_msg("%s%s", output.out, output.err);

	/* named, it is the same struct */
	struct output named = suggest(&ran, "--struct", "struct");

	assert_string_equal(named.out, output.out);
	output_free(&named);
	output_free(&output);
	ran_free(&ran);
}

/* A flag that others read is taken away from what its CPU alone writes all the time. */
static void readers_of_a_writers_member(void **state)
{
	struct ran ran = struct_run("4", "4000",
				    "  members: {stat: long, stop: int}\n  threads:\n"
				    "    owner: {cpus: 1, loop: [add stat, store stop 0.001]}\n"
				    "    others: {loop: [load stop, compute 20]}\n");
	struct output output = suggest(&ran, NULL, NULL);

	(void)state;
	if (output.status || !strstr(output.out, "written by owner: stat\n") ||
	    !strstr(output.out, "written by owner, read by others: stop\n"))
		fail_msg("%s%s", output.out, output.err);
	output_free(&output);
	ran_free(&ran);
}

/* Bit-fields of one word and the views of a union move together; the diff is of pahole's text. */
static void units_stay_together(void **state)
{
	char *folder = folder_new(), file[4200], more[5000];
	struct output output;

	(void)state;
	snprintf(file, sizeof file, "%s/u.pahole", folder);
	write_text(
		file,
		"struct u {\n\tlong                       total;                /*     0     8 */\n"
		"\tunion {\n\t\tint                a;                    /*     8     4 */\n"
		"\t\tshort              b;                    /*     8     2 */\n\t};                                               /*     8     4 */\n"
		"\tunsigned int               x:1;                  /*    12: 0  4 */\n"
		"\tunsigned int               y:3;                  /*    12: 1  4 */\n\n"
		"\t/* size: 16, cachelines: 1, members: 4 */\n};\n");
	snprintf(more, sizeof more,
		 "  layout: %s\n  threads:\n    one: {cpus: 1, loop: [add total, store y]}\n"
		 "    two: {cpus: 1, loop: [load b, compute 30]}\n",
		 file);

	struct ran ran = struct_run("2", "2000", more);

	output = suggest(&ran, NULL, NULL);
	if (output.status || !strstr(output.out, "  not written: a\n  written by one: total x\n") ||
	    !strstr(output.out, "edit: {order: [a, total, x], align: {total: 64}}") ||
	    !strstr(output.out,
		    "+\tlong                       total __attribute__((__aligned__(64)));"))
		fail_msg("%s%s", output.out, output.err);
	output_free(&output);
	ran_free(&ran);
	folder_free(folder);
}

/* ---- other results --------------------------------------------------------------------------- */

/*
 * Of an allocator the layout is printed, with the word that it was not run. CPU 0 allocates, CPU 1
 * frees: of slub-page's page struct CPU 0 alone takes from the lockless freelist; both lock the flags,
 * take or give the freelist and count what is in use (a refill, a free); nobody writes the rest.
 */
static void structs_of_models_are_printed(void **state)
{
	struct ran ran = { .folder = folder_new() };
	char file[4200], path[4300], why[1024];
	struct output output;

	(void)state;
	snprintf(file, sizeof file, "%s/x.yaml", ran.folder);
	snprintf(path, sizeof path, "%s/x", ran.folder);
	write_text(
		file,
		"name: x\nmachine: textbook\nplacement: scatter\ncpus: 2\nobjects: slub-page\npages: pcp\n"
		"operations: 4000\nwarmup: 1000\nmemory_mib: 16\n"
		"workload: {kind: producer-consumer, object_size: 256, in_flight: 16, produce_cycles: 800}\n");
	output = run_cli((const char *const[]){ "run", file, "--quiet", "--no-plots", "--output",
						ran.folder, NULL });
	assert_int_equal(output.status, 0);
	output_free(&output);
	assert_true(points_load(path, &ran.points, why, sizeof why));

	output = suggest(&ran, NULL, NULL);
	assert_int_equal(output.status, 2);
	assert_non_null(
		strstr(output.err,
		       "workload 'producer-consumer' has no struct of its own; --struct NAME"));
	output_free(&output);

	output = suggest(&ran, "--struct", "page");
	if (output.status || !strstr(output.out, "Printed, not run: ") ||
	    !strstr(output.out, "  not written: _count offset slab lru\n") ||
	    !strstr(output.out, "  written by CPUs 0-1: flags inuse freelist\n") ||
	    !strstr(output.out, "  written by CPU 0: lockless_freelist\n"))
		fail_msg("%s%s", output.out, output.err);
	output_free(&output);

	output = suggest(&ran, "--struct", "nobody");
	assert_int_equal(output.status, 2);
	assert_non_null(strstr(output.err, "no member of a struct 'nobody' was touched"));
	output_free(&output);
	ran_free(&ran);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_false_sharing_is_undone),
		cmocka_unit_test(nothing_to_gain),
		cmocka_unit_test(locks_are_written),
		cmocka_unit_test(neighbours_in_an_array),
		cmocka_unit_test(readers_of_a_writers_member),
		cmocka_unit_test(units_stay_together),
		cmocka_unit_test(structs_of_models_are_printed),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
