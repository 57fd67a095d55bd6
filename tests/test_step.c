/*
 * Events of runs: what is told of an access, that being told changes nothing, that they add up to
 * what the run counts by itself, and that back is the way forward.
 */
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/frame.h"
#include "cli/step.h"
#include "cli/stepping.h"
#include "experiment/run_point.h"
#include "experiment/terminal.h"
#include "sim/timing.h"
#include "sim/verbs/xalloc.h"
#include "steps/chrome.h"
#include "steps/page.h"
#include "steps/recorder.h"
#include "tests/cli_fixture.h"
#include "tests/engine_fixture.h"

/* ---- experiments ----------------------------------------------------------------------------- */

static struct experiment *parse(const char *text)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment =
		experiment_parse("test.yaml", text, strlen(text), NULL, 0, diagnostics);

	if (!experiment)
		diagnostics_print(diagnostics, stderr, false);
	assert_non_null(experiment);
	diagnostics_free(diagnostics);
	return experiment;
}

static struct experiment *read_file(const char *path, char **sets, size_t count)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment = experiment_load(path, sets, count, diagnostics);

	if (!experiment)
		diagnostics_print(diagnostics, stderr, false);
	assert_non_null(experiment);
	diagnostics_free(diagnostics);
	return experiment;
}

static struct events *events_of(const struct planned *planned)
{
	char why[400] = "";
	struct events *events = events_of_point(planned, 0, why, sizeof why);

	if (!events)
		fail_msg("%s", why);
	return events;
}

/*
 * Two CPUs of one socket add to a counter every 1000 cycles. A LOCK add that finds the line modified
 * in the other cache takes 70 cycles, rmw_ns M of the machine; both have the same period, so they
 * alternate.
 */
static const char ping_pong[] =
	"name: ping-pong\nmachine: textbook\nplacement: compact\ncpus: 2\n"
	"workload: {kind: counter, counters: shared, op: lock_add, work_cycles: 1000}\n"
	"operations: 40\nwarmup: 0\njitter_cycles: 500\nseed: 3\nmemory_mib: 16\n";

/* Locks that are fought for, a timer's interrupts, several allocators: much of what there is. */
static const char busy[] =
	"name: busy\nmachine: core2-2s\nplacement: scatter\ncpus: 4\n"
	"objects: [slub-page, slub-cpu, slab, sheaves]\n"
	"workload: {kind: producer-consumer, object_size: 256, in_flight: 16, produce_cycles: 50}\n"
	"interrupts: {cpus: 2, every: 700, does: alloc-free}\n"
	"operations: 600\nwarmup: 100\nmemory_mib: 16\nsecond_cycles: 20000\n";

/* ---- what is told ---------------------------------------------------------------------------- */

static void a_ping_pong_is_told_to_the_letter(void **state)
{
	struct experiment *experiment = parse(ping_pong);
	struct events *events = events_of(&experiment->point[0]);
	unsigned last = 0;
	struct event e;

	(void)state;
	for (uint64_t n = 1; n <= 40; n++) {
		assert_true(events_get(events, n, &e));
		assert_int_equal(e.number, n);
		assert_int_equal(e.verb, EVENT_ADD);
		assert_true(e.flags & EVENT_IS_LOCKED);
		assert_string_equal(e.instance, "counter");
		assert_string_equal(e.member, "count");
		assert_int_equal(e.old.word[0], n - 1);
		assert_int_equal(e.now.word[0], n);
		assert_string_equal(e.operation, "work");
		assert_string_equal(e.site.function, "count_once");
		assert_int_equal(e.after[e.cpu], 'M');
		assert_int_equal(e.after[!e.cpu], 'I');
		assert_int_equal(e.before[e.cpu], 'I');
		assert_true(e.flags & EVENT_MISSED);
		if (n == 1) {
			/* 100 from memory, of which a load hit is 1, and 10 of LOCK */
			assert_int_equal(e.cause, CAUSE_MEMORY);
			assert_int_equal(e.cost_units, (100 - 1 + 10) * UNIT);
			assert_int_equal(e.before[!e.cpu], 'I');
			assert_false(e.flags & (EVENT_BOUNCE | EVENT_TRANSFER | EVENT_KILLED));
		} else {
			assert_int_equal(e.cpu, !last);
			assert_int_equal(e.cause, CAUSE_TRANSFER_SAME);
			assert_int_equal(e.cost_units, 70 * UNIT);
			assert_int_equal(e.busy_units, 0);
			assert_int_equal(e.before[!e.cpu], 'M');
			assert_int_equal(e.supplier, !e.cpu);
			assert_int_equal(e.found, 'M');
			assert_true(e.flags & EVENT_BOUNCE);
			assert_true(e.flags & EVENT_KILLED);
		}
		/* the other one's addition took it; the first of each CPU is its first ever */
		assert_int_equal(e.taken_by, n > 2 ? n - 1 : 0);
		last = e.cpu;
	}
	assert_string_equal(events_key(events, "outcome"), "done");
	assert_string_equal(events_key(events, "machine"), "textbook");
	events_close(events);
	experiment_free(experiment);
}

/* ---- being told changes nothing -------------------------------------------------------------- */

struct watched {
	struct recorder *recorder;
	FILE *file;
};

static void attach(void *to, struct sim *sim)
{
	struct watched *watched = to;

	watched->recorder = recorder_attach(sim, fileno(watched->file), 0, NULL, NULL, NULL);
}

static void compare_with_and_without(const struct planned *planned)
{
	struct watched watched = { .file = tmpfile() };
	char why[400], *a, *b;
	struct point *plain = run_point(planned, why, sizeof why);
	struct point *seen = run_point_watched(planned, attach, &watched, why, sizeof why);

	assert_non_null(plain);
	assert_non_null(seen);
	assert_int_equal(recorder_end(watched.recorder), 0);
	assert_true(lseek(fileno(watched.file), 0, SEEK_END) > 1000);
	a = engine_text(plain->result);
	b = engine_text(seen->result);
	assert_string_equal(a, b);
	free(a);
	free(b);
	recorder_free(watched.recorder);
	fclose(watched.file);
	point_free(plain);
	point_free(seen);
}

static void results_are_the_same_with_a_recorder(void **state)
{
	static const char *const path[] = { "tests/experiments/many-freers.yaml",
					    "tests/experiments/slabs.yaml",
					    "tests/experiments/pages.yaml" };
	struct experiment *experiment = parse(busy);

	(void)state;
	for (size_t i = 0; i < experiment->points; i++)
		compare_with_and_without(&experiment->point[i]);
	experiment_free(experiment);
	for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
		experiment = read_file(path[i], NULL, 0);
		compare_with_and_without(&experiment->point[0]);
		compare_with_and_without(&experiment->point[experiment->points - 1]);
		experiment_free(experiment);
	}
}

/* ---- sums ------------------------------------------------------------------------------------ */

struct sums {
	uint64_t prefetches, taken, loads, stores, rmws, bounces, hitm, far, upgrades, killed;
};

/* The events of the window, added up. */
static struct sums add_up(struct events *events)
{
	struct sums sums = { 0 };
	struct event e;

	for (uint64_t n = 1; events_get(events, n, &e); n++) {
		bool read = e.flags & EVENT_IS_READ, write = e.flags & EVENT_IS_WRITE;

		sums.prefetches += e.verb == EVENT_PREFETCH || e.verb == EVENT_PREFETCH_WRITE;
		if (!(e.flags & EVENT_IN_WINDOW) || e.verb == EVENT_PREFETCH ||
		    e.verb == EVENT_PREFETCH_WRITE)
			continue;
		sums.loads += read && !write;
		sums.stores += write && !read;
		sums.rmws += read && write;
		sums.bounces += (e.flags & EVENT_BOUNCE) != 0;
		sums.taken += e.taken_by != 0;
		sums.upgrades += (e.flags & EVENT_MISSED) && e.cause == CAUSE_UPGRADE;
		sums.hitm += (e.flags & EVENT_TRANSFER) &&
			     (e.found == 'M' || e.found == 'O' || e.found == 'D');
		for (unsigned i = 0; i < events_cpus(events); i++)
			sums.killed += (e.flags & EVENT_IS_WRITE) && i != e.cpu &&
				       e.before[i] != 'I' && e.after[i] == 'I';
	}
	return sums;
}

/* On a machine of private caches and without store buffers each event is one count. */
static void events_add_up_to_what_the_run_counts(void **state)
{
	static const char text[] =
		"name: sums\nmachine: textbook\nplacement: scatter\ncpus: 4\n"
		"objects: [slub-page, slub-cpu, slub-tagged, slab, sheaves]\n"
		"workload: {kind: producer-consumer, object_size: 256, in_flight: 16, produce_cycles: 50}\n"
		"operations: 3000\nwarmup: 500\nmemory_mib: 16\n";
	struct experiment *experiment = parse(text);

	(void)state;
	for (size_t i = 0; i < experiment->points; i++) {
		const struct planned *planned = &experiment->point[i];
		struct events *events = events_of(planned);
		char why[400];
		struct point *point = run_point(planned, why, sizeof why);
		const struct counts *c = &point->result->total;
		struct sums sums = add_up(events);

		assert_int_equal(sums.loads, c->loads);
		assert_int_equal(sums.stores, c->stores);
		assert_int_equal(sums.rmws, c->rmws);
		assert_int_equal(sums.bounces, c->bounces[CLASS_ALLOCATOR] +
						       c->bounces[CLASS_WORKLOAD] +
						       c->bounces[CLASS_PAYLOAD]);
		assert_int_equal(sums.hitm, c->hitm_loads + c->hitm_stores);
		assert_int_equal(sums.upgrades, c->upgrades);
		assert_int_equal(sums.killed, c->invalidations);
		/* a sharing miss is one whose copy was lost to a write; some are a prefetch's */
		if (sums.prefetches)
			assert_true(sums.taken <= c->misses_true_sharing + c->misses_false_sharing);
		else
			assert_int_equal(sums.taken,
					 c->misses_true_sharing + c->misses_false_sharing);
		assert_true(sums.taken > 100);
		assert_true(sums.bounces > 100);
		point_free(point);
		events_close(events);
	}
	experiment_free(experiment);
}

/* The states of a line after an event are those before its next one, but for copies that made room or
 * came meanwhile. */
static void events_of_a_line_follow_from_each_other(void **state)
{
	enum { LINES = 1 << 22, CACHES = 16 };
	struct experiment *experiment = parse(busy);
	struct events *events = events_of(&experiment->point[0]);
	char (*last)[CACHES] = xalloc(LINES * sizeof *last);
	unsigned caches = events_caches(events);
	uint64_t followed = 0, time = 0;
	struct event e;

	(void)state;
	assert_true(caches <= CACHES);
	for (uint64_t n = 1; events_get(events, n, &e); n++) {
		assert_true(e.line / LINE < LINES);

		char *is = last[e.line / LINE];

		assert_true(e.time_units >= time);
		time = e.time_units;
		for (size_t i = 0; i < e.notes; i++)
			if (e.note[i].after)
				memcpy(last[e.note[i].line / LINE], e.note[i].after, caches);
		for (unsigned i = 0; i < events_cpus(events) && is[0]; i++)
			if (i != e.cpu)
				assert_int_equal(is[i], e.before[i]);
		followed += is[0] != 0;
		memcpy(is, e.after, caches);
		/* one writer, or any number of readers */
		for (unsigned i = 0; i < events_cpus(events); i++)
			for (unsigned k = 0; k < events_cpus(events); k++)
				if (i != k && strchr("MED", e.after[i]))
					assert_int_equal(e.after[k], 'I');
	}
	assert_true(followed > 1000);
	free(last);
	events_close(events);
	experiment_free(experiment);
}

/* ---- notes ----------------------------------------------------------------------------------- */

/* Locks are given back by who has them, interrupts end that began, operations too. */
static void what_begins_ends(void **state)
{
	struct experiment *experiment = parse(busy);
	uint64_t interrupts = 0, waits = 0, locks = 0;

	(void)state;
	for (size_t p = 0; p < experiment->points; p++) {
		struct events *events = events_of(&experiment->point[p]);
		int held[8] = { 0 }, handlers[8] = { 0 }, operations[8] = { 0 };
		uint64_t clock[8] = { 0 };
		struct event e;

		for (uint64_t n = 1; events_get(events, n, &e); n++) {
			for (size_t i = 0; i < e.notes; i++) {
				const struct note *note = &e.note[i];
				unsigned cpu = note->cpu;

				assert_true(note->time_units <= e.time_units);
				assert_true(note->time_units >= clock[cpu]);
				clock[cpu] = note->time_units;
				held[cpu] += (note->kind == MOMENT_LOCK_TAKEN) -
					     (note->kind == MOMENT_LOCK_RELEASED);
				handlers[cpu] += (note->kind == MOMENT_IRQ_ENTER) -
						 (note->kind == MOMENT_IRQ_EXIT);
				operations[cpu] += (note->kind == MOMENT_OP_BEGIN) -
						   (note->kind == MOMENT_OP_END);
				assert_true(held[cpu] >= 0 && handlers[cpu] >= 0 &&
					    operations[cpu] >= 0);
				locks += note->kind == MOMENT_LOCK_TAKEN;
				waits += note->kind == MOMENT_LOCK_WAIT;
				interrupts += note->kind == MOMENT_IRQ_ENTER;
			}
			/* a store may leave the buffer meanwhile */
			if (!(e.flags & EVENT_IS_BUFFERED))
				assert_int_equal(handlers[e.cpu] > 0,
						 (e.flags & EVENT_IN_INTERRUPT) != 0);
		}
		events_close(events);
	}
	assert_true(interrupts > 20);
	assert_true(locks > 100);
	assert_true(waits > 5);
	experiment_free(experiment);
}

/* ---- forward and back ------------------------------------------------------------------------ */

static char *frame_text(struct events *events, struct sources *sources, uint64_t n)
{
	char *text;
	size_t length;
	FILE *out = text_open(&text, &length);

	assert_true(frame_print(out, events, sources, n, false));
	text_close(out);
	return text;
}

static void back_is_the_way_forward(void **state)
{
	struct experiment *experiment = parse(ping_pong);
	struct events *events = events_of(&experiment->point[0]);
	struct sources *sources = sources_new();
	uint64_t count = events_count(events, true);
	struct search any = SEARCH_ANY;
	char **frame = xalloc((count + 1) * sizeof *frame);
	uint64_t n = 0, seen = 0;

	(void)state;
	assert_true(count >= 40);
	while ((n = events_find(events, &any, n, true)))
		frame[seen++] = frame_text(events, sources, n);
	assert_int_equal(seen, count);
	for (n = count; n; n = events_find(events, &any, n, false)) {
		char *text = frame_text(events, sources, n);

		assert_string_equal(text, frame[--seen]);
		free(text);
		free(frame[seen]);
	}
	assert_int_equal(seen, 0);
	free(frame);
	sources_free(sources);
	events_close(events);
	experiment_free(experiment);
}

/* A long run, asked for events here and there: each is what another recording of that run has there,
 * read in order. */
static void any_event_of_a_long_run_is_the_same_from_everywhere(void **state)
{
	enum { TRIES = 300 };
	char *sets[] = { "operations=60000", "objects=slub-cpu", "workload.in_flight=16",
			 "workload.produce_cycles=100", "repeat=1" };
	struct experiment *experiment = read_file("configs/remote-free.yaml", sets, 5);
	struct events *here = events_of(&experiment->point[0]);
	struct events *there = events_of(&experiment->point[0]);
	struct sources *sources = sources_new();
	uint64_t count = events_count(here, true), x = 88172645463325252u;

	(void)state;
	assert_true(count > 500000);
	assert_int_equal(count, events_count(there, true));
	for (unsigned i = 0; i < TRIES; i++) {
		char *a, *b;
		uint64_t n;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		n = 1 + x % count;
		a = frame_text(here, sources, n);
		/* the other one comes from an event before, a block away or two */
		free(frame_text(there, sources, n > 20000 ? n - 20000 : 1));
		b = frame_text(there, sources, n);
		assert_string_equal(a, b);
		free(a);
		free(b);
	}
	sources_free(sources);
	events_close(here);
	events_close(there);
	experiment_free(experiment);
}

/* Of every lab: each event is the same from before and from behind. */
static void events_of_labs_are_the_same_from_both_sides(void **state)
{
	enum { FRAMES = 1500 };         /* of each at most */
	glob_t labs;

	(void)state;
	assert_int_equal(glob("labs/*.yaml", 0, NULL, &labs), 0);
	for (size_t i = 0; i < labs.gl_pathc; i++) {
		struct experiment *experiment = read_file(labs.gl_pathv[i], NULL, 0);
		char *frame[FRAMES + 1], why[400] = "";
		struct events *events = events_of_point(&experiment->point[0], FRAMES, why, sizeof why);
		struct sources *sources = sources_new();
		uint64_t count;

		if (!events)
			fail_msg("%s: %s", labs.gl_pathv[i], why);
		count = events_count(events, true);
		assert_in_range(count, 1, FRAMES);
		for (uint64_t n = 1; n <= count; n++)
			frame[n] = frame_text(events, sources, n);
		for (uint64_t n = count; n; n--) {
			char *text = frame_text(events, sources, n);

			if (strcmp(text, frame[n]))
				fail_msg("%s: event %llu:\n%s\n%s", labs.gl_pathv[i],
					 (unsigned long long)n, frame[n], text);
			free(text);
			free(frame[n]);
		}
		sources_free(sources);
		events_close(events);
		experiment_free(experiment);
	}
	globfree(&labs);
}

/* ---- sources --------------------------------------------------------------------------------- */

/* The line of source of every access is found, and holds the operand. */
static void every_access_has_its_line_of_source(void **state)
{
	static const char *const path[] = { "configs/remote-free.yaml", "configs/hackbench.yaml",
					    "configs/pipeline-7x.yaml", "configs/pages/orders.yaml" };
	char *sets[] = { "operations=2000", "warmup=0" };

	(void)state;
	for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
		struct experiment *experiment = read_file(path[i], sets, 2);
		struct sources *sources = sources_new();

		for (size_t p = 0; p < experiment->points; p += experiment->points / 4 + 1) {
			char why[400] = "";
			struct events *events =
				events_of_point(&experiment->point[p], 30000, why, sizeof why);
			struct event e;

			assert_non_null(events);
			for (uint64_t n = 1; events_get(events, n, &e); n++) {
				if (!source_line(sources, &e.site))
					fail_msg("%s:%u: no %s", e.site.file, e.site.line, e.site.text);
				if (e.caller.line && !source_line(sources, &e.caller))
					fail_msg("%s:%u: no %s", e.caller.file, e.caller.line,
						 e.caller.text);
			}
			events_close(events);
		}
		sources_free(sources);
		experiment_free(experiment);
	}
}

/* ---- finding --------------------------------------------------------------------------------- */

static bool is_odd(const struct event *event, void *unused)
{
	(void)unused;
	return event->now.word[0] % 2;
}

/* In the ping-pong each event but the first is a bounce, CPUs alternate, event n writes n. */
static void events_are_found_by_what_they_are(void **state)
{
	struct experiment *experiment = parse(ping_pong);
	struct events *events = events_of(&experiment->point[0]);
	struct search bounce = { .flags = EVENT_BOUNCE, .cpu = -1 };
	struct search lock = { .flags = EVENT_LOCK_WAIT, .cpu = -1 };
	struct search odd = { .cpu = -1, .wanted = is_odd };
	struct search line = SEARCH_ANY, nowhere = SEARCH_ANY, mine = SEARCH_ANY;
	uint64_t count = events_count(events, true);
	struct event e;

	(void)state;
	assert_int_equal(events_find(events, &bounce, 0, true), 2);
	assert_int_equal(events_find(events, &bounce, 7, true), 8);
	assert_int_equal(events_find(events, &bounce, 7, false), 6);
	assert_int_equal(events_find(events, &bounce, 2, false), 0);
	assert_int_equal(events_find(events, &lock, 0, true), 0);
	assert_int_equal(events_find(events, &odd, 3, true), 5);
	assert_int_equal(events_find(events, &odd, 3, false), 1);
	assert_true(events_get(events, 1, &e));
	mine.cpu = (int)e.cpu;
	line.line = e.line;
	nowhere.line = e.line + LINE;
	assert_int_equal(events_find(events, &mine, 1, true), 3);
	assert_int_equal(events_find(events, &line, 1, true), 2);
	assert_int_equal(events_find(events, &nowhere, 0, true), 0);
	/* the first that takes effect not before the third */
	assert_true(events_get(events, 3, &e));
	assert_int_equal(events_at(events, e.time_units), 3);
	assert_int_equal(events_at(events, e.time_units + 1), 4);
	assert_int_equal(events_at(events, 0), 1);
	assert_int_equal(events_at(events, UINT64_MAX), 0);
	assert_false(events_get(events, 0, &e));
	assert_false(events_get(events, count + 1, &e));
	events_close(events);
	experiment_free(experiment);
}

/* Somebody else's file of events may name any file; only sources are shown. */
static void no_other_file_is_shown(void **state)
{
	static const char *const files[] = { "/etc/passwd", "../etc/passwd", "configs/demo.yaml",
					     "sim/../sim/sim.c", "sim/../../x.c", ".c", "" };
	struct sources *sources = sources_new();

	(void)state;
	assert_non_null(source_line(sources, &(struct site){ "sim/sim.c", 1, "", "" }));
	assert_non_null(source_line(sources, &(struct site){ "./sim/sim.c", 1, "", "" }));
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		assert_null(source_line(sources, &(struct site){ files[i], 1, "", "" }));
	sources_free(sources);
}

/* ---- files that somebody made up ------------------------------------------------------------- */

/* A file as the writer writes it, whose records are noise: it is read, nothing falls over, and what is
 * no event says nothing. */
static void noise_is_read(void **state)
{
	enum { RECORDS = 3000, CACHES = 5, CPUS = 3 };
	uint64_t x = 0x2545f4914f6cdd1du;
	char why[400] = "", *text;
	size_t length, notes;

	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		int fd = events_temporary(why, sizeof why);
		struct writer *writer = writer_new(fd, CACHES, CPUS, NULL, NULL);
		struct sources *sources = sources_new();
		struct events *events;
		struct event e;
		uint64_t n = 0;
		FILE *out;

		writer_key(writer, "title", "noise");
		writer_site(writer, &(struct site){ "../../../etc/passwd", 1, "f", "x" });
		writer_site(writer, &(struct site){ "\033]0;x\007.c", 2, "\033[2J", "\xff\033[31m" });
		for (unsigned i = 0; i < RECORDS; i++) {
			unsigned char states[CACHES];
			struct raw raw;

			for (size_t k = 0; k < sizeof raw; k++) {
				x ^= x << 13;
				x ^= x >> 7;
				x ^= x << 17;
				((unsigned char *)&raw)[k] = (unsigned char)x;
				states[k % CACHES] = (unsigned char)(x >> 8);
			}
			/* else hardly any is an access, or has a name */
			raw.kind = (x >> 20) % 4 ? RAW_ACCESS : raw.kind;
			raw.site %= 3;
			writer_record(writer, &raw, states);
		}
		assert_int_equal(writer_end(writer), 0);
		writer_free(writer);
		events = events_adopt(fd);
		assert_non_null(events);
		out = text_open(&text, &length);
		while (events_get(events, ++n, &e)) {
			assert_true(e.cpu < CPUS);
			frame_print(out, events, sources, n, false);
		}
		assert_true(n > RECORDS / 2);
		events_rest(events, &notes);
		frame_print_end(out, events, false);
		chrome_write(out, events);
		assert_true(page_write(out, events, sources, 1, n, why, sizeof why));
		text_close(out);
		/* nothing in it commands a terminal */
		assert_non_null(strstr(text, "?]0;x?.c:2  ?[2J()"));
		assert_non_null(strstr(text, "the operand is ??[31m"));
		assert_null(strpbrk(text, "\033\007\xff"));
		free(text);
		events_close(events);
		sources_free(sources);
	}
}

/* ---- the command ----------------------------------------------------------------------------- */

static void says(const char *const *arguments, int status, const char *words)
{
	struct output output = run_cli(arguments);

	if (output.status != status || (!strstr(output.err, words) && !strstr(output.out, words)))
		fail_msg("status %d, expected %d and '%s':\n%s%s", output.status, status, words,
			 output.out, output.err);
	output_free(&output);
}

#define SAYS(status, words, ...) says((const char *const[]){ __VA_ARGS__, NULL }, status, words)

static void mistakes_are_told(void **state)
{
	static const char file[] = "configs/false-sharing.yaml";

	(void)state;
	SAYS(2, "which experiment?", "step");
	SAYS(2, "did you mean 'transfer'?", "step", file, "--until", "transfers");
	SAYS(2, "there are transfer, miss, bounce, lock, interrupt, end", "step", file, "--until", "xyz");
	SAYS(2, "12000cyc, got '12k'", "step", file, "--at", "12k");
	SAYS(2, "got '0'", "step", file, "--at", "0");
	SAYS(2, "--events wants a whole number", "step", file, "--events", "-3");
	SAYS(2, "--cpu wants a whole number", "step", file, "--cpu", "one");
	SAYS(2, "CPUs are 0 to 1", "step", file, "--cpu", "2", "--set", "cpus=2");
	SAYS(2, "no machine has so many", "step", file, "--cpu", "65536", "--set", "cpus=2");
	/* 2^64 units of 1/64 cycle, and one cycle less, which no run comes to */
	SAYS(2, "12000cyc, got '288230376151711744cyc'", "step", file, "--at",
	     "288230376151711744cyc");
	SAYS(1, "the run ends before such an event", "step", file, "--at",
	     "288230376151711743cyc");
	SAYS(2, "no point has", "step", file, "--point", "cpus=3");
	SAYS(2, "no-such.yaml", "step", "no-such.yaml");
	SAYS(1, "the run ends before such an event", "step", file, "--at", "100000000");
	SAYS(1, "the run ends before such an event", "step", file, "--until", "lock");
	SAYS(2, "is of the models", "step", "configs/remote-free.yaml", "--set", "plant=no-list-lock");
	SAYS(2, "no file of 'bounce explore'", "step", "--replay", file);
	SAYS(2, "a page has all events", "step", file, "--html", "x.html", "--cpu", "1");
	SAYS(2, "a finding has its own settings", "step", "--replay", file, "--set", "cpus=2");
	SAYS(1, "No such file", "step", file, "--html", "no-such-folder/x.html");
}

/* Without a terminal: 20 frames, one where one is asked for, as many as are asked for. */
static void frames_in_a_pipe(void **state)
{
	static const char *const few[] = { "step", "configs/false-sharing.yaml", NULL };
	static const char *const one[] = { "step", "configs/false-sharing.yaml", "--set", "cpus=2",
					   "--until", "transfer", NULL };
	static const char *const some[] = { "step", "configs/false-sharing.yaml", "--set", "cpus=2",
					    "--cpu", "1", "--at", "9", "--events", "3", NULL };
	static const char *const *const arguments[] = { few, one, some };
	static const unsigned frames[] = { 20, 1, 3 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct output output = run_cli(arguments[i]);
		unsigned count = 0;

		assert_int_equal(output.status, 0);
		for (const char *at = output.out; (at = strstr(at, "event ")); at++)
			count += at == output.out || at[-1] == '\n';
		assert_int_equal(count, frames[i]);
		assert_non_null(strstr(output.out, "workloads/counter.c"));
		assert_non_null(strstr(output.out, "fetch_add(cpu, adder->word, 1);"));
		output_free(&output);
	}
}

/* ---- at a terminal --------------------------------------------------------------------------- */

/* Types `typed` at a terminal where the ping-pong is stepped through; what it shows. */
static char *talk(char *file, const char *typed)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char *text = xalloc(1 << 20);
	struct termios plain;
	size_t used = 0;
	ssize_t got;
	pid_t pid;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	tcgetattr(slave, &plain);
	plain.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(slave, TCSANOW, &plain);
	pid = fork();
	if (pid == 0) {
		char verb[] = "step", colour[] = "--color=never";
		char *arguments[] = { verb, file, colour, NULL };

		close(master);
		dup2(slave, STDIN_FILENO);
		dup2(slave, STDOUT_FILENO);
		dup2(slave, STDERR_FILENO);
		terminal_guard();

		int status = cli_step(3, arguments);

		fflush(NULL);
		_exit(status);
	}
	close(slave);
	assert_int_equal(write(master, typed, strlen(typed)), (ssize_t)strlen(typed));
	while ((got = read(master, text + used, (1 << 20) - used - 1)) > 0)
		used += (size_t)got;
	close(master);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return text;
}

/* The events whose frames were shown, in order: "1 2 3". */
static void shown(const char *text, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (const char *at = text; (at = strstr(at, "event ")) && used < size; at += 6)
		if ((at < text + 2 || at[-1] == '\n' || at[-2] == '>') && at[6] >= '1' &&
		    at[6] <= '9')
			used += (size_t)snprintf(buf + used, size - used, "%s%d", used ? " " : "",
						 atoi(at + 6));
}

static void a_terminal_takes_commands(void **state)
{
	static const struct {
		const char *typed, *shown, *said;
	} rows[] = {
		/* The first is shown at once. Each but event 1 is a transfer, a miss and a bounce;
		 * CPUs alternate. */
		{ "q\n", "1", "[Enter] next" },
		{ "\nn\nb\nq\n", "1 2 3 2", "> " },
		{ "t\nt\nT\nj\nm\nq\n", "1 2 3 2 3 4", "> " },
		{ "b\nq\n", "1", "none before this one" },
		{ "w\ni\nq\n", "1", "none up to the end of the run" },
		{ "g 7\nb\ng 0\ng x\nq\n", "1 7 6", "g wants the number of an event" },
		{ "g 1cyc\nq\n", "1 1", "> " },
		{ "c 5\nc\nq\n", "1", "CPUs are 0 to 1" },
		{ "l\nn\nl\nl nothing\nn\nq\n", "1 2", "events of counter" },
		{ "e\nq\n", "1", "end: done after" },
		{ "?\nq\n", "1", "bounce explain mesi" },
		{ "nonsense\nq\n", "1 2", "> " },
	};
	char *folder = folder_new(), file[4096], got[400];

	(void)state;
	snprintf(file, sizeof file, "%s/ping-pong.yaml", folder);
	write_text(file, ping_pong);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = talk(file, rows[i].typed);

		shown(text, got, sizeof got);
		if (strcmp(got, rows[i].shown) || !strstr(text, rows[i].said))
			fail_msg("'%s' shows %s, expected %s and '%s':\n%s", rows[i].typed, got,
				 rows[i].shown, rows[i].said, text);
		free(text);
	}
	folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ping_pong_is_told_to_the_letter),
		cmocka_unit_test(results_are_the_same_with_a_recorder),
		cmocka_unit_test(events_add_up_to_what_the_run_counts),
		cmocka_unit_test(events_of_a_line_follow_from_each_other),
		cmocka_unit_test(what_begins_ends),
		cmocka_unit_test(back_is_the_way_forward),
		cmocka_unit_test(any_event_of_a_long_run_is_the_same_from_everywhere),
		cmocka_unit_test(events_of_labs_are_the_same_from_both_sides),
		cmocka_unit_test(every_access_has_its_line_of_source),
		cmocka_unit_test(events_are_found_by_what_they_are),
		cmocka_unit_test(no_other_file_is_shown),
		cmocka_unit_test(noise_is_read),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(frames_in_a_pipe),
		cmocka_unit_test(a_terminal_takes_commands),
	};

	enter_source_tree();
	return cmocka_run_group_tests_name("step", tests, NULL, NULL);
}
