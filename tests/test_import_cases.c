/*
 * Recordings as users bring them, in tests/import/cases: what each becomes was counted by reading
 * it, and every note that counts something is expected, so that nothing is left out in silence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/import.h"

static const char *const names[NOTES] = {
	[NOTE_EVENTS] = "events", [NOTE_OTHER_EVENTS] = "others", [NOTE_NO_EVENTS] = "no-events",
	[NOTE_BROKEN] = "broken", [NOTE_NULL] = "null", [NOTE_HIDDEN] = "hidden", [NOTE_LOST] = "lost",
	[NOTE_TWINS] = "twins", [NOTE_TRIMMED] = "trimmed", [NOTE_ALLOCATIONS] = "allocated",
	[NOTE_MATCHED] = "matched", [NOTE_EXISTED] = "existed", [NOTE_REPLACED] = "replaced",
	[NOTE_LEFT] = "left", [NOTE_RENAMED] = "renamed", [NOTE_GUESSED] = "guessed",
	[NOTE_LATE] = "late", [NOTE_CUT] = "cut", [NOTE_REMOTE] = "remote", [NOTE_FAILED] = "failed",
	[NOTE_LARGE] = "large", [NOTE_PARTS] = "parts", [NOTE_GAPS] = "gaps",
	[NOTE_OVERWRITTEN] = "overwritten", [NOTE_SORTED] = "sorted", [NOTE_UNSORTED] = "unsorted",
	[NOTE_TICKS] = "ticks",
};

/* `objects` and `pages`: notes of that level; all others stand in `input`, but for the lines. */
static const struct row {
	const char *file, *input, *objects, *pages;
} rows[] = {
	/* Line 4 frees (null), line 6 fails with -1; the inodes are freed on CPU 1, the other is left. */
	{ "fields-option.txt", "events=9 null=1 failed=1", "allocated=2 matched=1 left=1 remote=1",
	  "allocated=2 matched=2" },
	{ "boot-null.txt", "events=6 null=3 failed=1", "allocated=1 matched=1", "" },
	/* kmalloc of no bytes gives 0x10, which kfree gets back. */
	{ "zero-size.txt", "events=5 null=2 failed=1", "allocated=1 matched=1 remote=1", "" },
	/* 44 + 6 events, two gaps. */
	{ "losses.txt", "events=2 lost=50 gaps=2", "allocated=1 matched=1 remote=1", "" },
	/* 90 - 2 events were overwritten. */
	{ "losses-perf.txt", "events=2 lost=31 overwritten=88", "allocated=1 matched=1 remote=1", "" },
	/* 12 + 5; the line of bpftrace's start is none of the trace. */
	{ "losses-bpftrace.txt", "events=2 lost=17", "allocated=1 matched=1 remote=1", "" },
	{ "failed-pages.txt", "events=6 failed=2", "", "allocated=2 matched=2" },
	/* Page 900 twice directly, 908 in a vector and directly; the block of four only once. */
	{ "direct-twice.txt", "events=8 twins=2", "", "allocated=3 matched=3" },
	/* By time: alloc 100, free 200, alloc 300, free 400; behind a later one is 200, the third line. */
	{ "cpu-after-cpu.txt", "events=4 sorted=1", "allocated=2 matched=2 remote=2", "" },
	{ "cpu-before-cpu.txt", "events=4 sorted=2", "allocated=2 matched=2 remote=2", "" },
	{ "backwards.txt", "events=4 sorted=3", "allocated=2 matched=2 remote=2", "" },
	/* By time every free would come before its allocation. */
	{ "clocks-differ.txt", "events=4 unsorted=2", "allocated=2 matched=2 remote=2", "" },
	{ "differences.txt", "events=4 unsorted=2", "allocated=2 matched=2 late=2", "" },
	{ "tsc.txt", "events=2 ticks=2", "allocated=1 matched=1 remote=1", "" },
	{ "latency.txt", "events=4", "allocated=2 matched=2 remote=1", "" },
	{ "raw-report.txt", "events=6", "allocated=1 matched=1 remote=1", "allocated=2 matched=2" },
	/* Over midnight. */
	{ "lttng.txt", "events=6 others=1 lost=12", "allocated=2 matched=2 remote=2", "allocated=1 matched=1" },
	{ "names.txt", "events=4", "allocated=2 matched=2 remote=2", "" },
	/* Order 13, a page of it, order 11 twice; what is allocated there afterwards is as always. */
	{ "large-orders.txt", "events=8 large=4", "", "allocated=2 matched=2 remote=1" },
	/* Of 8 pages 4, 2 and 1 go before the last one, which frees them on the other CPU. */
	{ "parts.txt", "events=7 parts=3", "", "allocated=2 matched=2 remote=1" },
	{ "today.txt", "events=4 others=6", "allocated=2 matched=2", "" },
	{ "stacks.txt", "events=2 no-events=7", "allocated=1 matched=1 remote=1", "" },
	{ "windows.txt", "events=2", "allocated=1 matched=1 remote=1", "" },
	{ "nul-bytes.txt", "events=3 no-events=1", "allocated=2 matched=1 left=1 remote=1", "" },
	{ "own.txt", "events=6", "allocated=2 matched=2 remote=2", "allocated=1 matched=1 remote=1" },
};

static const struct refusal {
	const char *file;
	bool unreadable;                /* some events were read */
	const char *part[3];            /* of what is said; NULL: no more */
} refusals[] = {
	{ "hidden.txt", true, { "line 1 lacks its address", "no_hash_pointers", "2 of 2 lines" } },
	{ "too-broken.txt", true, { "2 of 5 lines", "line 2 lacks 'bytes_alloc='", "line 5 lacks 'ptr='" } },
	{ "neutral.txt", false, { "TIME_NS CPU TID OP ID SIZE CACHE", "docs/traces.md" } },
	{ "perf-trace.txt", false, { "perf trace", "perf record -a", "perf script" } },
	{ "bpftrace.txt", false, { "bpftrace", "perf record -a", "docs/traces.md" } },
	{ "graph.txt", false, { "function_graph", "echo nop > current_tracer" } },
	{ "no-cpu.txt", false, { "line 1 lacks the CPU", "perf record -a", "-F +cpu" } },
	{ "no-time.txt", false, { "line 1 lacks the time", "-F +time" } },
	{ "no-event.txt", false, { "line 1 lacks the name of its event", "-F +event" } },
	{ "time-of-day.txt", false, { "line 1 lacks the time right behind the CPU", "-F +time", "without tod" } },
	{ "user-probes.txt", false, { "probes in programs", "only kernel events" } },
};

/* What others write, as their first bytes or lines; parts of what is said of it. */
static const struct foreign {
	size_t bytes;                   /* 0: a text, to its end */
	const char *begin, *part, *cure;
} foreign[] = {
	{ 8, "\x1f\x8b\x08\x08\x00\x00\x00\x00", "gzip", "gzip -dc FILE" },
	{ 2, "\x1f\x8b", "gzip", "gzip -dc FILE" },
	{ 6, "\xfd" "7zXZ", "xz", "xz -dc FILE" },
	{ 10, "BZh91AY&SY", "bzip2", "bzip2 -dc FILE" },
	{ 8, "\x04\x22\x4d\x18\x64\x40\xa7\x6f", "lz4", "lz4 -dc FILE" },
	{ 6, "PK\3\4\x14\0", "zip", "unzip -p FILE" },
	{ 12, "\xff\xfe" "a\0b\0c\0d\0e\0", "UTF-16", "iconv -f UTF-16 " },
	{ 12, "\xfe\xff\0a\0b\0c\0d\0e", "UTF-16", "iconv -f UTF-16 " },
	{ 16, "p\0e\0r\0f\0 \0 \0 \0[\0", "UTF-16", "iconv -f UTF-16LE" },
	{ 16, "\0p\0e\0r\0f\0 \0 \0 \0[", "UTF-16", "iconv -f UTF-16BE" },
	{ 16, "PERFILE2\x68\0\0\0\0\0\0\0", "perf.data", "perf script -i FILE" },
	{ 8, "2ELIFREP", "perf.data", "perf script -i FILE" },
	{ 16, "\x17\x08\x44tracing6\0\0\0\x08", "trace.dat", "trace-cmd report -i FILE" },
	{ 8, "\xc1\x1f\xfc\xc1\0\0\0\0", "LTTng", "babeltrace2 FOLDER" },
	{ 16, "bouncetr\1\0\0\0\0\0\0\0", "a trace of bounce already", "kind: replay" },
	{ 0, "v 10400 3\nx /usr/bin/prog\n+ 6", "heaptrack", "perf record -a" },
	{ 0, "= Start\n@ ./p:(f+0x1)[0x4] + 0x4 0x6\n", "mtrace", "perf record -a" },
	{ 0, "@ ./prog:(f+0x1)[0x4011a6] - 0x4052a", "mtrace", "perf record -a" },
	{ 0, "[pid 4711] 17.12 prog->calloc(4, 25)       = 0x55d0", "ltrace", "perf record -a" },
	{ 0, "[pid 4711] 17.12 prog->free(0x55d0)   = <void>\n", "ltrace", "perf record -a" },
	{ 0, "brk(NULL)              = 0x55d0a", "strace", "perf record -a" },
	{ 0, "==4711== Memcheck, a memory er", "valgrind", "perf record -a" },
	{ 0, "20000\n2\n4\n1\na 0 512\na 1 128\nr ", ".rep", "perf record -a" },
	{ 0, "heap_v2/524288\n  t*: 1: 2", "jemalloc", "perf record -a" },
	{ 0, "slabinfo - version: 2.1\n# name ", "/proc/slabinfo", "perf record -a" },
	{ 0, "{\"traceEvents\": [{\"ph\": 1}", "JSON", "perf script" },
	{ 0, "<!DOCTYPE html><html>", "HTML", "perf script" },
	{ 0, "timestamp = 9:10:11.5, name = kmem_kfree, packet.context = { cpu_id = 1 }, event.fields = { ptr = 0xFF }",
	  "babeltrace with the names", "leave out --names" },
	{ 0, "=====\n            Trace Event Information\n=====\n  Total records                     :      91214\n", "perf c2c", "bounce import --c2c FILE" },
	{ 0, "x [99999] 5.5: kmem:kfree: ptr=0x40", "line 1 lacks the number of a CPU", "up to 65535" },
	{ 0, "12:00 up 3 days, 1 user, load", "no kmem events", "line 1 lacks an event: '12:00 up" },
	{ 0, " a 1 [000] 5.5: sched:sched_switch: prev_comm=x next_comm=y", "not only of sched_switch", "perf script" },
	{ 0, " a-1 [000] 5.5: kfree: call_site=f ptr=(null)", "all its addresses are zero", "kptr_restrict" },
};

/* The notes of a level that count something and belong to `input` or not, as text. */
static void spell(const struct trace *trace, enum trace_level level, bool input, char *text,
		  size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int note = NOTE_LINES + 1; note < NOTES; note++) {
		bool of_input = note < NOTE_ALLOCATIONS || note >= NOTES_LEAST;

		if (trace->note[level][note] == 0 || of_input != input)
			continue;
		assert_non_null(names[note]);
		used += (size_t)snprintf(text + used, size - used, "%s%s=%llu", used ? " " : "",
					 names[note], (unsigned long long)trace->note[level][note]);
		assert_true(used < size);
	}
}

static struct trace *import_bytes(const void *bytes, size_t count, char *why, bool *unreadable)
{
	struct import_options options = { .origin = "case" };
	struct importer *importer = import_new(&options);
	struct trace *trace = NULL;

	why[0] = '\0';
	if (import_feed(importer, bytes, count, why, IMPORT_WHY_BYTES))
		trace = import_finish(importer, why, IMPORT_WHY_BYTES);
	*unreadable = import_is_unreadable(importer);
	import_free(importer);
	return trace;
}

static struct trace *import_case(const char *name, char *why, bool *unreadable)
{
	char path[128], text[1 << 14];

	snprintf(path, sizeof path, "tests/import/cases/%s", name);
	FILE *file = fopen(path, "rb");

	if (!file)
		fail_msg("%s: not here; tests run from the root of the source tree", path);
	size_t bytes = fread(text, 1, sizeof text, file);

	fclose(file);
	assert_true(bytes < sizeof text);
	return import_bytes(text, bytes, why, unreadable);
}

static void cases_count_as_by_hand(void **unused)
{
	char why[IMPORT_WHY_BYTES], input[256], objects[256], pages[256];
	bool unreadable;

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct trace *trace = import_case(row->file, why, &unreadable);

		if (!trace)
			fail_msg("%s: refused: %s", row->file, why);
		spell(trace, TRACE_SLAB, true, input, sizeof input);
		spell(trace, TRACE_SLAB, false, objects, sizeof objects);
		spell(trace, TRACE_PAGES, false, pages, sizeof pages);
		if (strcmp(input, row->input) != 0 || strcmp(objects, row->objects) != 0 ||
		    strcmp(pages, row->pages) != 0)
			fail_msg("%s: '%s', '%s', '%s'; expected '%s', '%s', '%s'", row->file,
				 input, objects, pages, row->input, row->objects, row->pages);
		trace_free(trace);
	}
}

static void refusals_name_line_and_cure(void **unused)
{
	char why[IMPORT_WHY_BYTES];
	bool unreadable;

	(void)unused;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		const struct refusal *row = &refusals[i];

		if (import_case(row->file, why, &unreadable))
			fail_msg("%s: became a trace", row->file);
		for (int part = 0; part < 3 && row->part[part]; part++)
			if (!strstr(why, row->part[part]))
				fail_msg("%s: said '%s', expected '%s'", row->file, why, row->part[part]);
		if (unreadable != row->unreadable)
			fail_msg("%s: unreadable: %d", row->file, unreadable);
	}
}

static void files_of_others_are_named(void **unused)
{
	char why[IMPORT_WHY_BYTES];
	bool unreadable;

	(void)unused;
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		const struct foreign *row = &foreign[i];

		if (import_bytes(row->begin, row->bytes ? row->bytes : strlen(row->begin), why,
				 &unreadable))
			fail_msg("%zu: became a trace", i);
		if (!strstr(why, row->part) || !strstr(why, row->cure))
			fail_msg("row %zu: said '%s', expected '%s' and '%s'", i, why, row->part, row->cure);
	}
}

/* 12 good lines and 4 broken ones are a quarter of 16; one more is too many. Rubbish does not count
 * yet, but is told with them. */
static void a_large_share_that_cannot_be_read_is_refused(void **unused)
{
	char text[8192] = "", why[IMPORT_WHY_BYTES];
	bool unreadable;

	(void)unused;
	for (int i = 0; i < 12; i++)
		sprintf(text + strlen(text), "x [0] %d.0: kmem:kmalloc: ptr=0x%d bytes_alloc=64\n", i, i + 1);
	for (int i = 0; i < 4; i++)
		strcat(text, "x [0] 20.0: kmem:kmalloc: ptr=0x100 bytes_alloc=many\n");
	struct trace *trace = import_bytes(text, strlen(text), why, &unreadable);

	assert_non_null(trace);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_BROKEN], 4);
	trace_free(trace);
	strcat(text, "\x1b[31mrubbish\x07\n");
	trace = import_bytes(text, strlen(text), why, &unreadable);
	assert_non_null(trace);
	trace_free(trace);
	strcat(text, "x [0] 20.0: kmem:kmalloc: ptr=0x100 bytes_alloc=many\n");
	assert_null(import_bytes(text, strlen(text), why, &unreadable));
	assert_true(unreadable);
	assert_non_null(strstr(why, "6 of 18 lines cannot be read"));
	assert_non_null(strstr(why, "line 13 lacks 'bytes_alloc='"));
	assert_non_null(strstr(why, "line 17 lacks an event: '?[31mrubbish?'"));
}

/* A short recording copied from a terminal; 17 such lines beside two events are another format. */
static void a_terminal_around_a_recording_is_left_out(void **unused)
{
	char text[4096] = "Script started on 2024-05-01 10:00:00+00:00\n$ sudo cat trace_pipe\n"
			  "x [0] 1.0: kmem:kmalloc: ptr=0x40 bytes_alloc=64\nx [0] 2.0: kmem:kfree: ptr=0x40\n"
			  "^C\n$ exit\n",
	     why[IMPORT_WHY_BYTES];
	bool unreadable;
	struct trace *trace = import_bytes(text, strlen(text), why, &unreadable);

	(void)unused;
	if (!trace)
		fail_msg("%s", why);
	assert_int_equal(trace->events, 2);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_NO_EVENTS], 4);
	trace_free(trace);
	for (int i = 0; i < 12; i++)
		strcat(text, "$ \n");
	trace = import_bytes(text, strlen(text), why, &unreadable);
	assert_non_null(trace);
	trace_free(trace);
	strcat(text, "$ \n");
	assert_null(import_bytes(text, strlen(text), why, &unreadable));
	assert_non_null(strstr(why, "17 of 19 lines cannot be read"));
}

/* A line of 100,000 bytes is left out, and the next one is read. */
static void a_very_long_line_is_left_out(void **unused)
{
	static char text[200000];
	char why[IMPORT_WHY_BYTES];
	bool unreadable;

	(void)unused;
	for (int i = 0; i < 3; i++)
		strcat(text, "x [0] 1.0: kmem:kmalloc: ptr=0x40 bytes_alloc=64\nx [0] 2.0: kmem:kfree: ptr=0x40\n");
	size_t used = strlen(text);

	memset(text + used, 'y', 100000);
	strcpy(text + used + 100000, "\nx [1] 3.0: kmem:kmalloc: ptr=0x80 bytes_alloc=64");
	struct trace *trace = import_bytes(text, strlen(text), why, &unreadable);

	assert_non_null(trace);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_LINES], 8);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_NO_EVENTS], 1);
	assert_int_equal(trace->note[TRACE_SLAB][NOTE_ALLOCATIONS], 4);
	trace_free(trace);
}

/* ---- blocks, page by page ---------------------------------------------------------------------- */

enum { MODEL_PAGES = 512, MODEL_EVENTS = 400 };

/* The rules of pairing.h on single pages: slow, and with nothing in common with the importer. */
struct page_model {
	int block[MODEL_PAGES];                 /* 0: none */
	int freed_by[MODEL_PAGES];              /* CPU + 1, plus 10 if in a batch; 0: no report is due */
	int size[MODEL_EVENTS + 1], blocks;
	uint64_t note[NOTES];
};

static int pages_held(const struct page_model *model, int block)
{
	int held = 0;

	for (int page = 0; page < MODEL_PAGES; page++)
		held += model->block[page] == block;
	return held;
}

static void model_alloc(struct page_model *model, int first, int size)
{
	for (int page = first; page < first + size; page++) {
		int block = model->block[page];
		bool whole = block && pages_held(model, block) == model->size[block];

		if (!block)
			continue;
		for (int other = 0; other < MODEL_PAGES; other++)
			if (model->block[other] == block && (whole || other == page))
				model->block[other] = 0;
		model->note[NOTE_REPLACED] += pages_held(model, block) == 0;
	}
	model->size[++model->blocks] = size;
	for (int page = first; page < first + size; page++) {
		model->block[page] = model->blocks;
		model->freed_by[page] = 0;
	}
	model->note[NOTE_ALLOCATIONS]++;
}

static void model_free(struct page_model *model, int first, int size, int cpu, bool batched)
{
	int report = cpu + 1 + 10 * batched, held = 0;
	uint64_t matched = model->note[NOTE_MATCHED];

	if (!model->block[first] && model->freed_by[first] == cpu + 1 + 10 * !batched) {
		model->freed_by[first] = 0;
		model->note[NOTE_TWINS]++;
		return;
	}
	for (int page = first; page < first + size; page++) {
		int block = model->block[page];

		model->block[page] = 0;
		held += block != 0;
		model->note[NOTE_MATCHED] += block && pages_held(model, block) == 0;
	}
	model->note[NOTE_EXISTED] += held == 0;
	model->note[NOTE_PARTS] += held > 0 && model->note[NOTE_MATCHED] == matched;
	model->freed_by[first] = report;
}

static unsigned next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 33);
}

static void blocks_pair_as_single_pages_do(void **unused)
{
	static char text[MODEL_EVENTS * 80];
	char why[IMPORT_WHY_BYTES];
	bool unreadable;

	(void)unused;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct page_model *model = calloc(1, sizeof *model);
		uint64_t state = seed;
		size_t used = 0;
		int span = seed % 3 == 0 ? 20 : 400;    /* crowded or not */

		for (int i = 0; i < MODEL_EVENTS; i++) {
			bool alloc = next_random(&state) % 3 == 0, batched = next_random(&state) % 4 == 0;
			int cpu = (int)(next_random(&state) % 2), first = (int)(next_random(&state) % (unsigned)span);
			int order = batched && !alloc ? 0 : (int)(next_random(&state) % (seed % 2 ? 3 : 7));

			if (alloc)
				model_alloc(model, first, 1 << order);
			else
				model_free(model, first, 1 << order, cpu, batched);
			used += (size_t)snprintf(text + used, sizeof text - used,
						 "x [%d] %d.0: kmem:mm_page_%s: pfn=%d order=%d\n", cpu, i,
						 alloc ? "alloc" : batched ? "free_batched" : "free",
						 first + 1, order);
		}
		struct trace *trace = import_bytes(text, used, why, &unreadable);
		const uint64_t *input = trace->note[TRACE_SLAB], *pages = trace->note[TRACE_PAGES];

		assert_int_equal(pages[NOTE_ALLOCATIONS], model->note[NOTE_ALLOCATIONS]);
		assert_int_equal(pages[NOTE_MATCHED], model->note[NOTE_MATCHED]);
		assert_int_equal(pages[NOTE_EXISTED], model->note[NOTE_EXISTED]);
		assert_int_equal(pages[NOTE_REPLACED], model->note[NOTE_REPLACED]);
		assert_int_equal(input[NOTE_PARTS], model->note[NOTE_PARTS]);
		assert_int_equal(input[NOTE_TWINS], model->note[NOTE_TWINS]);
		trace_free(trace);
		free(model);
	}
}

/* However lines end, and wherever the pieces are cut. */
static void lines_end_in_three_ways(void **unused)
{
	static const char *const ends[] = { "\n", "\r\n", "\r" };
	struct import_options options = { .origin = NULL };
	char text[512], why[256];

	(void)unused;
	for (int end = 0; end < 3; end++) {
		snprintf(text, sizeof text, "x [0] 1.0: kmem:kmalloc: ptr=0x40 bytes_alloc=64%s%sx [1] 2.0: kmem:kfree: ptr=0x40%s",
			 ends[end], ends[end], ends[end]);
		struct importer *importer = import_new(&options);

		for (size_t i = 0; i < strlen(text); i++)
			assert_true(import_feed(importer, text + i, 1, why, sizeof why));
		struct trace *trace = import_finish(importer, why, sizeof why);

		assert_non_null(trace);
		assert_int_equal(trace->note[TRACE_SLAB][NOTE_LINES], 3);
		assert_int_equal(trace->note[TRACE_SLAB][NOTE_MATCHED], 1);
		trace_free(trace);
		import_free(importer);
	}
}

/* What is lost is told by CPU. */
static void losses_are_told_by_cpu(void **unused)
{
	static const char text[] = "CPU:1 [LOST 44 EVENTS]\nCPU:0 [LOST EVENTS]\nCPU:1 [LOST 2 EVENTS]\n"
				   "Processed 9 events and lost 3 chunks!\nCPU:0 [5 EVENTS DROPPED]\n";
	struct import_options options = { .origin = NULL };
	struct importer *importer = import_new(&options);
	char why[256];
	size_t count;

	(void)unused;
	assert_true(import_feed(importer, text, strlen(text), why, sizeof why));
	const struct import_loss *loss = import_losses(importer, &count);

	assert_int_equal(count, 3);
	assert_int_equal(loss[0].cpu, 1);
	assert_int_equal(loss[0].events, 46);
	assert_int_equal(loss[0].gaps, 0);
	assert_int_equal(loss[1].cpu, 0);
	assert_int_equal(loss[1].events, 5);
	assert_int_equal(loss[1].gaps, 1);
	assert_int_equal(loss[2].cpu, KMEM_NO_CPU);
	assert_int_equal(loss[2].gaps, 1);
	import_free(importer);
}

/* Files from before there were more notes have the first ones alone, and read as they did. */
static void notes_that_count_nothing_take_no_room(void **unused)
{
	char why[IMPORT_WHY_BYTES];
	bool unreadable;
	size_t plain_bytes, more_bytes;
	struct trace *trace = import_case("own.txt", why, &unreadable);
	void *plain = trace_encode(trace, &plain_bytes);

	(void)unused;
	trace->note[TRACE_SLAB][NOTES - 1] = 7;
	void *more = trace_encode(trace, &more_bytes);
	struct trace *again = trace_decode(more, more_bytes, why, sizeof why);

	assert_true(more_bytes > plain_bytes);
	assert_non_null(again);
	assert_int_equal(again->note[TRACE_SLAB][NOTES - 1], 7);
	free(plain);
	free(more);
	trace_free(trace);
	trace_free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases_count_as_by_hand),
		cmocka_unit_test(refusals_name_line_and_cure),
		cmocka_unit_test(files_of_others_are_named),
		cmocka_unit_test(a_terminal_around_a_recording_is_left_out),
		cmocka_unit_test(a_large_share_that_cannot_be_read_is_refused),
		cmocka_unit_test(a_very_long_line_is_left_out),
		cmocka_unit_test(blocks_pair_as_single_pages_do),
		cmocka_unit_test(lines_end_in_three_ways),
		cmocka_unit_test(losses_are_told_by_cpu),
		cmocka_unit_test(notes_that_count_nothing_take_no_room),
	};

	return cmocka_run_group_tests_name("import_cases", tests, NULL, NULL);
}
