/*
 * A struct of a model, described as pahole prints it: driven by what each CPU of a run did to it,
 * in its order and time, it bounces as it did in that run; driven by how often they did it alone,
 * its lines keep their order. And what is no sequence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/experiment.h"
#include "experiment/file.h"
#include "sim/verbs/xalloc.h"
#include "steps/events.h"
#include "tests/cli_fixture.h"
#include "workloads/struct_sequence.h"

/* ---- the run --------------------------------------------------------------------------------- */

/* Two page structs of slub-page, packed: 112 bytes that lie in two lines and a bit. */
static const char run_text[] =
	"name: run\nmachine: textbook\nplacement: scatter\ncpus: 4\nobjects: slub-page\npages: pcp\n"
	"workload: {kind: producer-consumer, object_size: 1024, in_flight: 64, producers: 2, consumers: 2}\n"
	"operations: 4000\nwarmup: 500\nmemory_mib: 16\n";

enum { STRIDE = 56, UNITS = 64, CPUS = 4 };

static const char page_pahole[] =
	"struct page {\n"
	"	long unsigned int          flags;                /*     0     8 */\n"
	"	int                        _count;               /*     8     4 */\n"
	"	short unsigned int         inuse;                /*    12     2 */\n"
	"	short unsigned int         offset;               /*    14     2 */\n"
	"	void * *                   lockless_freelist;    /*    16     8 */\n"
	"	struct kmem_cache *        slab;                 /*    24     8 */\n"
	"	void * *                   freelist;             /*    32     8 */\n"
	"	struct list_head           lru;                  /*    40    16 */\n"
	"\n	/* size: 56, cachelines: 1, members: 8 */\n};\n";

struct recorded {
	struct events *events;
	struct experiment *experiment;
	uint64_t base;                  /* of page[0] */
};

/* Accesses to page structs: "page[3]" is the number of it. */
static bool is_page(const struct event *event, unsigned *number)
{
	return sscanf(event->instance, "page[%u]", number) == 1 && event->verb < EVENT_PREFETCH;
}

static struct recorded record(void)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct recorded recorded = { 0 };
	struct event event;
	unsigned number;
	char why[500];

	recorded.experiment =
		experiment_parse("run.yaml", run_text, strlen(run_text), NULL, 0, diagnostics);
	if (!recorded.experiment)
		diagnostics_print(diagnostics, stderr, false);
	assert_non_null(recorded.experiment);
	diagnostics_free(diagnostics);
	recorded.events = events_of_point(&recorded.experiment->point[0], 0, why, sizeof why);
	if (!recorded.events)
		fail_msg("%s", why);
	assert_true(events_count(recorded.events, true) > 1000);
	/* the array begins a line, so the first struct of it is known from any other */
	for (uint64_t n = 1; !recorded.base && events_get(recorded.events, n, &event); n++)
		if (is_page(&event, &number))
			recorded.base = (event.address - number * STRIDE) / 64 * 64;
	assert_true(recorded.base > 0);
	return recorded;
}

static void recorded_end(struct recorded *recorded)
{
	events_close(recorded->events);
	experiment_free(recorded->experiment);
}

static enum sequence_kind kind_of(const struct event *event)
{
	if (event->verb == EVENT_LOAD)
		return SEQUENCE_LOAD;
	if (event->verb == EVENT_STORE)
		return SEQUENCE_STORE;
	return event->flags & EVENT_IS_LOCKED ? SEQUENCE_RMW : SEQUENCE_RMW_LOCAL;
}

/* Where the members of page_pahole begin; the last one ends with the struct. */
static const unsigned begins[] = { 0, 8, 12, 14, 16, 24, 32, 40, STRIDE };

enum { MEMBERS = sizeof begins / sizeof *begins - 1 };

static unsigned member_at(uint64_t offset)
{
	unsigned member = 0;

	while (member + 1 < MEMBERS && begins[member + 1] <= offset)
		member++;
	return member;
}

/* The run's bounces by the member of struct page that lies there, and by line of the array. */
struct bounces {
	uint64_t member[MEMBERS], line[16], all;
};

static struct bounces bounces_of(const struct recorded *recorded)
{
	struct bounces bounces = { { 0 }, { 0 }, 0 };
	struct event event;
	unsigned number;

	for (uint64_t n = 1; events_get(recorded->events, n, &event); n++) {
		if (!is_page(&event, &number) || !(event.flags & EVENT_IN_WINDOW) ||
		    !(event.flags & EVENT_BOUNCE))
			continue;
		assert_in_range((event.address - recorded->base) / 64, 0, 15);
		bounces.member[member_at((event.address - recorded->base) % STRIDE)]++;
		bounces.line[(event.address - recorded->base) / 64]++;
		bounces.all++;
	}
	return bounces;
}

/* ---- its sequence ---------------------------------------------------------------------------- */

static void write_sequence(const struct recorded *recorded, const char *path)
{
	struct event event;
	char *steps, *text;
	size_t steps_length, length;
	FILE *out = text_open(&steps, &steps_length);
	uint64_t warmup = 0;
	unsigned number;

	for (uint64_t n = 1; events_get(recorded->events, n, &event); n++) {
		if (!is_page(&event, &number))
			continue;
		warmup += !(event.flags & EVENT_IN_WINDOW);
		fprintf(out, "%u %llu %s %u %u %u\n", event.cpu,
			(unsigned long long)(event.start_units / UNITS),
			sequence_words[kind_of(&event)],
			(unsigned)((event.address - recorded->base) % STRIDE), event.size,
			(unsigned)((event.address - recorded->base) / STRIDE));
	}
	text_close(out);
	out = text_open(&text, &length);
	fprintf(out, "# of a test\nwarmup %llu\n%s", (unsigned long long)warmup, steps);
	text_close(out);
	write_text(path, text);
	free(steps);
	free(text);
}

static struct points run_file(const char *folder, const char *file, const char *name)
{
	struct points points;
	char path[4300], why[1000];
	struct output output = run_cli((const char *const[]){ "run", file, "--quiet", "--no-plots",
							      "--output", folder, NULL });

	if (output.status)
		fail_msg("%s", output.err);
	output_free(&output);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (!points_load(path, &points, why, sizeof why))
		fail_msg("%s", why);
	return points;
}

static bool is_near(uint64_t is, uint64_t wanted, double share)
{
	return (double)is >= (1 - share) * (double)wanted &&
	       (double)is <= (1 + share) * (double)wanted;
}

/* Each member of the struct bounces as often as it did in the run, within 5 %, and so do all. */
static void a_sequence_bounces_as_the_run_did(void **state)
{
	struct recorded recorded = record();
	struct bounces wanted = bounces_of(&recorded);
	char *folder = folder_new(), layout[4200], sequence[4200], file[4200], text[9000];
	struct points points;
	uint64_t is[MEMBERS] = { 0 }, all = 0, off = 0;
	unsigned bouncing = 0;

	(void)state;
	snprintf(layout, sizeof layout, "%s/page.pahole", folder);
	snprintf(sequence, sizeof sequence, "%s/run.sequence", folder);
	snprintf(file, sizeof file, "%s/again.yaml", folder);
	write_text(layout, page_pahole);
	write_sequence(&recorded, sequence);
	snprintf(text, sizeof text,
		 "name: again\nmachine: textbook\nplacement: scatter\ncpus: 4\noperations: 1\n"
		 "jitter_cycles: 0\nmemory_mib: 16\nworkload:\n  kind: struct\n  layout: %s\n"
		 "  sequence: %s\n  instances: 2048\n",
		 layout, sequence);
	write_text(file, text);
	points = run_file(folder, file, "again");

	const struct result *result = points.point[0]->result;

	for (size_t i = 0; i < result->members; i++)
		is[member_at(result->member[i].offset)] += result->member[i].bounces;
	for (unsigned i = 0; i < MEMBERS; i++) {
		uint64_t were = wanted.member[i];

		print_message("byte %2u: %llu bounces, in the run %llu\n", begins[i],
			      (unsigned long long)is[i], (unsigned long long)were);
		assert_true(is_near(is[i], were, 0.05));
		off += is[i] > were ? is[i] - were : were - is[i];
		all += is[i];
		bouncing += were > 100;
	}
	assert_true(bouncing >= 3);
	print_message(
		"by its sequence: %llu bounces, in the run %llu; members are off by %llu in all\n",
		(unsigned long long)all, (unsigned long long)wanted.all, (unsigned long long)off);
	assert_true(wanted.all > 10000);
	assert_true(is_near(all, wanted.all, 0.05));
	points_free(&points);
	recorded_end(&recorded);
	folder_free(folder);
}

/* ---- its counts ------------------------------------------------------------------------------ */

enum { BYTES = 16 * 64 };

/* How often each CPU did what, in the window. */
struct counted {
	unsigned count[CPUS][SEQUENCE_KINDS][BYTES], size[BYTES];
	uint64_t first, last;           /* cycles of the window */
};

static struct counted *count(const struct recorded *recorded)
{
	struct counted *counted = xalloc(sizeof *counted);
	struct event event;
	unsigned number;

	for (uint64_t n = 1; events_get(recorded->events, n, &event); n++) {
		uint64_t at = event.address - recorded->base;

		if (!is_page(&event, &number) || !(event.flags & EVENT_IN_WINDOW))
			continue;
		assert_true(at < BYTES);
		counted->count[event.cpu][kind_of(&event)][at]++;
		counted->size[at] = event.size;
		if (!counted->first)
			counted->first = event.start_units / UNITS;
		counted->last = event.start_units / UNITS;
	}
	return counted;
}

/* A member for each place, and for each CPU a list with rates, spread evenly over the time that the
 * run took: nothing of order is left. */
static void write_counts(const struct counted *counted, const char *path)
{
	static const char *const kinds[] = { "load", "store", "add", "add-local" };
	char *text;
	size_t length;
	FILE *out = text_open(&text, &length);

	fputs("name: counts\nmachine: textbook\nplacement: scatter\ncpus: 4\noperations: 20000\nwarmup: 2000\n"
	      "memory_mib: 16\nworkload:\n  kind: struct\n  members:\n",
	      out);
	for (unsigned at = 0; at < BYTES; at++)
		if (counted->size[at])
			fprintf(out, "    at_%u: {offset: %u, size: %u}\n", at, at,
				counted->size[at]);
	fputs("  threads:\n", out);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		unsigned most = 1, entries = 0;

		for (unsigned i = 0; i < SEQUENCE_KINDS * BYTES; i++)
			if (counted->count[cpu][i / BYTES][i % BYTES] > most)
				most = counted->count[cpu][i / BYTES][i % BYTES];
		for (unsigned i = 0; i < SEQUENCE_KINDS * BYTES; i++)
			entries += counted->count[cpu][i / BYTES][i % BYTES] > 0;
		fprintf(out, "    cpu_%u:\n      cpus: %u-%u\n      loop:\n", cpu, cpu, cpu);
		for (unsigned i = 0; i < SEQUENCE_KINDS * BYTES; i++) {
			unsigned times = counted->count[cpu][i / BYTES][i % BYTES];

			if (times)
				fprintf(out, "      - compute %u\n",
					(unsigned)((counted->last - counted->first) / most /
						   entries));
			if (times == most)
				fprintf(out, "      - %s at_%u\n", kinds[i / BYTES], i % BYTES);
			else if (times)
				fprintf(out, "      - %s at_%u 0.%06u\n", kinds[i / BYTES],
					i % BYTES,
					(unsigned)(1000000ull * times / most) +
						!(1000000ull * times / most));
		}
	}
	text_close(out);
	write_text(path, text);
	free(text);
}

/* The three lines with the most bounces, most first. */
static void top_three(const uint64_t line[16], unsigned top[3])
{
	bool taken[16] = { false };

	for (unsigned i = 0; i < 3; i++) {
		unsigned best = 16;

		for (unsigned j = 0; j < 16; j++)
			if (!taken[j] && (best == 16 || line[j] > line[best]))
				best = j;
		taken[best] = true;
		top[i] = best;
	}
}

/* By counts alone the lines come in the same order; how far off they are is printed. */
static void counts_keep_the_order_of_lines(void **state)
{
	struct recorded recorded = record();
	struct bounces wanted = bounces_of(&recorded);
	struct counted *counted = count(&recorded);
	char *folder = folder_new(), file[4200];
	struct points points;
	uint64_t line[16] = { 0 }, all = 0, first = UINT64_MAX;
	unsigned top[3], top_of_run[3];

	(void)state;
	snprintf(file, sizeof file, "%s/counts.yaml", folder);
	write_counts(counted, file);
	points = run_file(folder, file, "counts");

	const struct result *result = points.point[0]->result;

	for (size_t i = 0; i < result->lines; i++)
		first = result->line[i].offset < first ? result->line[i].offset : first;
	for (size_t i = 0; i < result->lines; i++) {
		if (result->line[i].offset - first < BYTES)
			line[(result->line[i].offset - first) / 64] = bounces_of_line(&result->line[i]);
		all += bounces_of_line(&result->line[i]);
	}
	top_three(line, top);
	top_three(wanted.line, top_of_run);
	assert_true(wanted.line[top_of_run[2]] > 0 && line[top[2]] > 0);
	for (int i = 0; i < 3; i++)
		print_message(
			"by counts alone, line %u: %.1f %% of the bounces, in the run %.1f %%\n",
			top_of_run[i], 100.0 * (double)line[top_of_run[i]] / (double)all,
			100.0 * (double)wanted.line[top_of_run[i]] / (double)wanted.all);
	assert_memory_equal(top, top_of_run, sizeof top);
	points_free(&points);
	free(counted);
	recorded_end(&recorded);
	folder_free(folder);
}

/* ---- what is no sequence --------------------------------------------------------------------- */

static void lines_that_are_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "no access is left behind a warm-up of 0" },
		{ "warmup 1\n0 1 load 0 8 0\n", "no access is left behind a warm-up of 1" },
		{ "x\n", "line 1: a CPU, 0 to 1023, comes first" },
		{ "1024 1 load 0 8 0\n", "line 1: a CPU, 0 to 1023, comes first" },
		{ "# a\n0 -1 load 0 8 0\n",
		  "line 2: behind the CPU stand the cycles from the start of the run" },
		{ "0 1 lood 0 8 0\n",
		  "line 1: behind the time stands load, store, rmw or rmw-local" },
		{ "0 1 load 4 8 0\n",
		  "line 1: behind the kind stand the byte in the struct and how many bytes: 1, 2, 4, 8 or 16, at a multiple of it" },
		{ "0 1 load 0 3 0\n",
		  "line 1: behind the kind stand the byte in the struct and how many bytes: 1, 2, 4, 8 or 16, at a multiple of it" },
		{ "0 1 load 0 8 65536\n",
		  "line 1: at the end stands which struct of the array, 0 to 65535" },
		{ "0 1 load 0 8 0 0\n", "line 1: more than there should be in a line" },
		{ "0 5 load 0 8 0\n1 1 load 0 8 0\n0 4 load 0 8 0\n",
		  "line 3: its CPU did something later before" },
		{ "warmup x\n", "line 1: behind 'warmup' stands a number of accesses" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char why[300] = "";

		assert_null(sequence_parse(rows[i].text, strlen(rows[i].text), why, sizeof why));
		assert_string_equal(why, rows[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sequence_bounces_as_the_run_did),
		cmocka_unit_test(counts_keep_the_order_of_lines),
		cmocka_unit_test(lines_that_are_refused),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
