/*
 * The importer; see import.h. Three steps: bytes to lines, lines to records, and at the end of
 * the input records to a trace, in the order in which they belong together.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "sim/verbs/xalloc.h"
#include "workloads/foreign.h"
#include "workloads/import.h"

enum {
	LINE_MAX_BYTES = 1 << 16,
	MAGIC_BYTES = 4,
	EXAMPLES = 3,
	RECORDS_MAX = INT32_MAX,        /* pairing may double them */
	UNREADABLE_SHARE = 4,           /* one line in so many may be */
	FOREIGN_LINES = 16,             /* are kept to find the tool that wrote them */
	FOREIGN_MOST = 16,              /* that many are no sign of another format */
};

/* A line that could not be read. */
struct example {
	uint64_t line;
	const char *lacks;
	char text[100];
};

struct importer {
	struct import_options options;
	unsigned char magic[MAGIC_BYTES];               /* how the input begins */
	unsigned char head[FOREIGN_HEAD_BYTES];         /* and its text */
	size_t magic_bytes, head_bytes;
	ZSTD_DStream *zstd;             /* NULL: plain */
	bool begun, between_frames;
	char *line;
	size_t line_bytes;
	bool line_too_long, after_return;
	uint64_t note[NOTES];
	uint64_t readable, unreadable;                  /* lines */
	uint64_t lacking, foreign;                      /* of the unreadable: events, and no events */
	struct example example[EXAMPLES];
	size_t examples;
	char sample[FOREIGN_LINES][FOREIGN_LINE_BYTES]; /* the first lines that are no traffic */
	size_t samples;
	const char *container;          /* whose file it is; NULL: plain text */
	struct import_other other[IMPORT_OTHERS];
	size_t others;
	struct import_loss *loss;
	size_t losses;
	struct recording recording;
	uint16_t cpu_index[UINT16_MAX + 1];             /* plus one; 0: not seen */
	uint64_t newest, newest_of[TRACE_CPUS_MAX];     /* times */
	uint64_t behind;                /* records whose time is before one above */
	bool cpu_steps_back;
	uint64_t day_ns, day_newest;    /* since the first midnight; since the last */
	const char *refused;            /* why no trace can come of it; NULL: none yet */
	bool is_unreadable;
};

/* ---- records -------------------------------------------------------------------------------- */

static bool cpu_index(struct importer *in, unsigned number, uint16_t *index)
{
	struct recording *to = &in->recording;

	if (in->cpu_index[number] == 0) {
		if (to->cpus == TRACE_CPUS_MAX)
			return false;
		to->cpu_number[to->cpus++] = (uint16_t)number;
		in->cpu_index[number] = (uint16_t)to->cpus;
	}
	*index = (uint16_t)(in->cpu_index[number] - 1);
	return true;
}

/* The time of a day begins anew at midnight; small steps back are no midnight. */
static uint64_t time_of(struct importer *in, const struct kmem_event *event)
{
	const uint64_t day = UINT64_C(86400000000000);

	if (!event->day_time)
		return event->time_ns;
	if (event->time_ns + day / 2 < in->day_newest && in->day_ns < INT64_MAX / 2) {
		in->day_ns += day;
		in->day_newest = 0;
	}
	if (event->time_ns > in->day_newest)
		in->day_newest = event->time_ns;
	return in->day_ns + event->time_ns;
}

static void watch_order(struct importer *in, const struct record *record)
{
	in->behind += record->time_ns < in->newest;
	if (record->time_ns > in->newest)
		in->newest = record->time_ns;
	in->cpu_steps_back |= record->time_ns < in->newest_of[record->cpu];
	in->newest_of[record->cpu] = record->time_ns;
}

static void traffic(struct importer *in, const struct kmem_event *event, bool frees)
{
	struct recording *to = &in->recording;
	struct record record = {
		.time_ns = time_of(in, event), .id = event->id, .size = event->size,
		.level = (uint8_t)event->level, .kind = (uint8_t)event->kind,
		.report = (uint8_t)event->report, .free = frees, .name = MAP_NONE,
	};

	if (!cpu_index(in, event->cpu, &record.cpu)) {
		in->refused = "it has events of more CPUs than this program can simulate";
		return;
	}
	if (to->records == RECORDS_MAX) {
		in->refused = "it has too many events";
		return;
	}
	in->note[NOTE_TICKS] += event->ticks;
	if ((in->options.only_slab && event->level != TRACE_SLAB) ||
	    (in->options.only_pages && event->level != TRACE_PAGES)) {
		in->note[NOTE_TRIMMED]++;
		return;
	}
	if (event->name)
		record.name = names_add(&to->names, event->name, event->name_bytes);
	watch_order(in, &record);
	to->record = room_for(to->record, to->records, sizeof *to->record);
	to->record[to->records++] = record;
}

/* ---- lines that are no traffic -------------------------------------------------------------- */

static void keep_sample(struct importer *in)
{
	size_t bytes = in->line_bytes;

	if (in->samples == FOREIGN_LINES)
		return;
	char *to = in->sample[in->samples++];

	while (bytes > 0 && (in->line[bytes - 1] == '\r' || in->line[bytes - 1] == ' '))
		bytes--;
	if (bytes > FOREIGN_LINE_BYTES - 1)
		bytes = FOREIGN_LINE_BYTES - 1;
	for (size_t i = 0; i < bytes; i++)
		to[i] = in->line[i] ? in->line[i] : '?';
	to[bytes] = '\0';
}

static void other_event(struct importer *in, const struct kmem_event *event)
{
	struct import_other other = { .count = 1 };
	size_t i = 0;

	in->note[NOTE_OTHER_EVENTS]++;
	keep_sample(in);
	snprintf(other.name, sizeof other.name, "%.*s",
		 (int)(event->event_bytes < 47 ? event->event_bytes : 47), event->event);
	while (i < in->others && strcmp(in->other[i].name, other.name) != 0)
		i++;
	if (i < in->others)
		in->other[i].count++;
	else if (in->others < IMPORT_OTHERS)
		in->other[in->others++] = other;
}

static void lost(struct importer *in, const struct kmem_event *event)
{
	size_t i = 0;

	while (i < in->losses && in->loss[i].cpu != event->cpu)
		i++;
	if (i == in->losses) {
		in->loss = room_for(in->loss, in->losses, sizeof *in->loss);
		in->loss[in->losses++] = (struct import_loss){ .cpu = event->cpu };
	}
	in->loss[i].events += event->lost;
	in->loss[i].gaps += event->gap;
	in->note[NOTE_LOST] += event->lost;
	in->note[NOTE_GAPS] += event->gap;
}

/* One example of each thing that is lacking. */
static void unreadable(struct importer *in, const char *lacks)
{
	const char *from = in->line;
	size_t bytes = in->line_bytes, used = 0;

	in->unreadable++;
	keep_sample(in);
	for (size_t i = 0; i < in->examples; i++)
		if (strcmp(in->example[i].lacks, lacks) == 0)
			return;
	if (in->examples == EXAMPLES)
		return;
	struct example *to = &in->example[in->examples++];

	to->line = in->note[NOTE_LINES];
	to->lacks = lacks;
	for (; bytes > 0 && (*from == ' ' || *from == '\t'); bytes--)
		from++;
	while (bytes > 0 && (from[bytes - 1] == '\r' || from[bytes - 1] == ' '))
		bytes--;
	for (; used < bytes && used < sizeof to->text - 1; used++)
		to->text[used] = (char)(from[used] < ' ' || from[used] > '~' ? '?' : from[used]);
	if (used < bytes)
		memcpy(&to->text[used - 3], "...", 3);
}

/* What the line is; a mark of UTF-8 at the begin of the text is none of it. */
static enum kmem_line parse_line(const struct importer *in, struct kmem_event *event)
{
	static const char mark[] = "\xef\xbb\xbf";
	bool marked = in->note[NOTE_LINES] == 0 && in->line_bytes >= 3 &&
		      memcmp(in->line, mark, 3) == 0;
	size_t skip = marked ? 3 : 0;
	enum kmem_line what = kmem_parse(in->line + skip, in->line_bytes - skip, event);

	if (in->line_too_long) {
		event->lacks = "an end: a line may have 65536 bytes";
		return KMEM_NO_EVENT;
	}
	if (what == KMEM_NO_EVENT)
		event->lacks = "an event";
	return what;
}

static void take_line(struct importer *in)
{
	struct kmem_event event;
	enum kmem_line what = parse_line(in, &event);

	in->note[NOTE_LINES]++;
	in->note[NOTE_EVENTS] += what >= KMEM_BROKEN;
	switch (what) {
	case KMEM_NOTHING:     break;
	case KMEM_FRAME:       in->note[NOTE_NO_EVENTS]++; break;
	case KMEM_NO_EVENT:    in->foreign++, in->note[NOTE_NO_EVENTS]++; break;
	case KMEM_LACKING:     in->note[NOTE_NO_EVENTS]++, in->lacking++; break;
	case KMEM_LOST:        lost(in, &event); break;
	case KMEM_OVERWRITTEN: in->note[NOTE_OVERWRITTEN] += event.lost; break;
	case KMEM_OTHER:       other_event(in, &event); break;
	case KMEM_BROKEN:      in->note[NOTE_BROKEN]++; break;
	case KMEM_NULL:        in->note[NOTE_NULL]++; break;
	case KMEM_FAILED:      in->note[NOTE_FAILED]++; break;
	case KMEM_HIDDEN:      in->note[NOTE_HIDDEN]++; break;
	case KMEM_ALLOC:
	case KMEM_FREE:        traffic(in, &event, what == KMEM_FREE); break;
	}
	if (in->note[NOTE_LINES] == 1 && what == KMEM_NOTHING)
		keep_sample(in);                /* it may say which tool's text this is */
	if (event.lacks)
		unreadable(in, event.lacks);
	else
		in->readable += what == KMEM_OTHER || what > KMEM_BROKEN;
	in->line_bytes = 0;
	in->line_too_long = false;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

struct importer *import_new(const struct import_options *options)
{
	struct importer *in = xalloc(sizeof *in);

	in->options = *options;
	in->line = xalloc(LINE_MAX_BYTES);
	return in;
}

void import_free(struct importer *in)
{
	if (!in)
		return;
	ZSTD_freeDStream(in->zstd);
	names_free(&in->recording.names);
	free(in->recording.record);
	free(in->loss);
	free(in->line);
	free(in);
}

/* False: the text is no text. */
static bool take_head(struct importer *in, const char *text, size_t bytes)
{
	for (; bytes > 0 && in->head_bytes < sizeof in->head; bytes--)
		in->head[in->head_bytes++] = (unsigned char)*text++;
	in->container = foreign_container(in->head, in->head_bytes);
	return !in->container;
}

/* Lines end with "\n", "\r\n" or "\r". */
static const char *line_end(const char *text, size_t bytes)
{
	const char *end = memchr(text, '\n', bytes);
	const char *other = memchr(text, '\r', end ? (size_t)(end - text) : bytes);

	return other ? other : end;
}

static bool take_text(struct importer *in, const char *text, size_t bytes)
{
	if (in->head_bytes < sizeof in->head && !take_head(in, text, bytes))
		return false;
	while (bytes > 0) {
		if (in->after_return && *text == '\n') {
			text++;
			bytes--;
		}
		const char *end = line_end(text, bytes);
		size_t piece = end ? (size_t)(end - text) : bytes,
		       room = LINE_MAX_BYTES - in->line_bytes;

		if (piece > room)
			in->line_too_long = true;
		memcpy(in->line + in->line_bytes, text, piece < room ? piece : room);
		in->line_bytes += piece < room ? piece : room;
		in->after_return = end && *end == '\r';
		if (end)
			take_line(in);
		text += piece + (end != NULL);
		bytes -= piece + (end != NULL);
	}
	return true;
}

static bool take_zstd(struct importer *in, const void *bytes, size_t count, char *why, size_t size)
{
	ZSTD_inBuffer from = { bytes, count, 0 };
	char text[1 << 14];

	for (;;) {
		ZSTD_outBuffer to = { text, sizeof text, 0 };
		size_t left = ZSTD_decompressStream(in->zstd, &to, &from);

		if (ZSTD_isError(left)) {
			snprintf(why, size, "it cannot be unpacked: %s", ZSTD_getErrorName(left));
			return false;
		}
		in->between_frames = left == 0;
		if (!take_text(in, text, to.pos)) {
			snprintf(why, size, "%s", in->container);
			return false;
		}
		if (from.pos == from.size && to.pos < to.size)
			return true;
	}
}

static bool take_bytes(struct importer *in, const void *bytes, size_t count, char *why, size_t size)
{
	if (in->zstd)
		return take_zstd(in, bytes, count, why, size);
	if (take_text(in, bytes, count))
		return true;
	snprintf(why, size, "%s", in->container);
	return false;
}

static ZSTD_DStream *unpacker(void)
{
	ZSTD_DStream *stream = ZSTD_createDStream();

	if (!stream)
		xalloc_failed(ZSTD_DStreamInSize());
	return stream;
}

/* The first bytes say whether the input is packed. */
static bool begin(struct importer *in, char *why, size_t size)
{
	static const unsigned char zstd_magic[MAGIC_BYTES] = { 0x28, 0xb5, 0x2f, 0xfd };

	in->begun = true;
	if (in->magic_bytes == MAGIC_BYTES && memcmp(in->magic, zstd_magic, MAGIC_BYTES) == 0)
		in->zstd = unpacker();
	return take_bytes(in, in->magic, in->magic_bytes, why, size);
}

bool import_feed(struct importer *in, const void *bytes, size_t count, char *why, size_t size)
{
	const unsigned char *at = bytes;

	for (; !in->begun && count > 0; count--) {
		in->magic[in->magic_bytes++] = *at++;
		if (in->magic_bytes == MAGIC_BYTES && !begin(in, why, size))
			return false;
	}
	return count == 0 || take_bytes(in, at, count, why, size);
}

const struct import_other *import_others(const struct importer *in, size_t *count)
{
	*count = in->others;
	return in->other;
}

const struct import_loss *import_losses(const struct importer *in, size_t *count)
{
	*count = in->losses;
	return in->loss;
}

/* ---- what gives no trace -------------------------------------------------------------------- */

static void tell_examples(const struct importer *in, FILE *to)
{
	for (size_t i = 0; i < in->examples; i++)
		fprintf(to, "%s line %" PRIu64 " lacks %s: '%s'", i ? ";\n   " : "\n   ",
			in->example[i].line, in->example[i].lacks, in->example[i].text);
}

static void tell_no_events(const struct importer *in, FILE *to)
{
	fprintf(to, "it holds no kmem events; expected is the text of perf script, of ftrace or of "
		    "trace-cmd report");
	if (in->others > 0)
		fprintf(to, " with kmem:kmalloc, kmem:kfree and the like, not only of %s",
			in->other[0].name);
	if (in->examples > 0)
		tell_examples(in, to);
}

static void tell_unreadable(struct importer *in, FILE *to)
{
	const char *tool = foreign_tool(in->sample, in->samples);

	fprintf(to, "%" PRIu64 " of %" PRIu64 " lines cannot be read, too many for a trace:",
		in->unreadable, in->readable + in->unreadable);
	tell_examples(in, to);
	if (tool)
		fprintf(to, "\n    and %s", tool);
	else if (in->lacking > 0)
		fprintf(to, "\n    perf script -F comm,pid,tid,cpu,time,event,trace prints all "
			    "that is needed");
}

/*
 * Is too much of it no kmem text? Some lines that are no events at all (a shell's prompt, ^C, what
 * a tool prints when it ends) stand around many a recording and would be a large share of a short
 * one. More of them may be events in a form that is not known.
 */
static bool mostly_unreadable(const struct importer *in)
{
	uint64_t counted = in->unreadable - (in->foreign > FOREIGN_MOST ? 0 : in->foreign);

	return counted * UNREADABLE_SHARE > in->readable + counted;
}

/* Whether no trace can come of it; the reason goes to `to`. */
static bool is_refused(struct importer *in, FILE *to)
{
	const char *tool = NULL;
	bool usable = in->recording.records > 0 || in->note[NOTE_TRIMMED] > 0;

	if (in->refused)
		fprintf(to, "%s", in->refused);
	else if (in->zstd && !in->between_frames)
		fprintf(to, "it is cut off: its compressed text does not end");
	else if (!usable && (tool = foreign_tool(in->sample, in->samples)))
		fprintf(to, "%s", tool);
	else if (in->note[NOTE_EVENTS] == 0 && in->lacking == 0)
		tell_no_events(in, to);
	else if (mostly_unreadable(in)) {
		in->is_unreadable = in->note[NOTE_EVENTS] > 0;
		tell_unreadable(in, to);
	} else if (!usable && in->note[NOTE_NULL] + in->note[NOTE_FAILED] > 0)
		fprintf(to, "all its addresses are zero: the kernel hid them; record as root, "
			    "with sysctl kernel.kptr_restrict=0");
	else
		return false;
	return true;
}

/* ---- order ---------------------------------------------------------------------------------- */

/* Two sorted runs of numbers of records become one; of equal times the first run's come first. */
static void merge(const struct record *record, const uint32_t *first, const uint32_t *second,
		  const uint32_t *end, uint32_t *to)
{
	const uint32_t *middle = second;

	while (first < middle || second < end) {
		bool later = first == middle ||
			     (second < end && record[*second].time_ns < record[*first].time_ns);

		*to++ = later ? *second++ : *first++;
	}
}

/* Numbers of the records by time; of equal times as they stand. The caller frees it. */
static uint32_t *order_by_time(const struct recording *recording)
{
	uint64_t count = recording->records;
	uint32_t *from = xalloc((count + 1) * sizeof *from), *to = xalloc((count + 1) * sizeof *to);

	for (uint32_t i = 0; i < count; i++)
		from[i] = i;
	for (uint64_t run = 1; run < count; run *= 2) {
		for (uint64_t begin = 0; begin < count; begin += 2 * run) {
			uint64_t middle = begin + run < count ? begin + run : count;
			uint64_t end = middle + run < count ? middle + run : count;

			merge(recording->record, from + begin, from + middle, from + end,
			      to + begin);
		}
		uint32_t *swap = from;

		from = to;
		to = swap;
	}
	free(to);
	return from;
}

/*
 * Text in which times step back is put in order of time: `cat` of a file per CPU. But clocks of
 * CPUs may differ, and some printers print differences, which begin with 0 and step back on a
 * CPU; so the order counts in which more frees have their allocation before them.
 */
static struct pairing *pair(struct importer *in)
{
	struct pairing *as_written = pairing_new(&in->recording, NULL);

	if (in->behind == 0)
		return as_written;
	uint32_t *order = order_by_time(&in->recording);
	struct pairing *by_time = pairing_new(&in->recording, order);
	uint64_t written = pairing_matched(as_written), timed = pairing_matched(by_time);
	bool differences = in->cpu_steps_back && in->recording.record[0].time_ns == 0;
	bool sort = timed > written || (timed == written && !differences);

	free(order);
	in->note[sort ? NOTE_SORTED : NOTE_UNSORTED] = in->behind;
	pairing_free(sort ? as_written : by_time);
	return sort ? by_time : as_written;
}

/* ---- the trace ------------------------------------------------------------------------------ */

static struct trace *make_trace(const struct importer *in, struct pairing *pairing)
{
	uint32_t first = (uint32_t)in->options.skip, end = pairing_events(pairing);

	if (in->options.events && in->options.events < end - first)
		end = first + (uint32_t)in->options.events;
	struct trace *trace = pairing_trace(pairing, first, end);

	for (int note = 0; note < NOTES; note++)
		trace->note[TRACE_SLAB][note] += in->note[note];
	snprintf(trace->origin, sizeof trace->origin, "%s",
		 in->options.origin ? in->options.origin : "");
	for (char *c = trace->origin; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return trace;
}

struct trace *import_finish(struct importer *in, char *why, size_t size)
{
	if (!in->begun && !begin(in, why, size))
		return NULL;
	if (in->line_bytes > 0)
		take_line(in);
	FILE *to = fmemopen(why, size, "w");

	if (!to)
		xalloc_failed(size);

	bool refused = is_refused(in, to);

	fclose(to);
	why[size - 1] = '\0';
	if (refused)
		return NULL;
	struct pairing *pairing = pair(in);
	struct trace *trace = NULL;

	if (pairing_events(pairing) <= in->options.skip)
		snprintf(why, size,
			 "no events are left of it: others are outside the part that was asked for, "
			 "or of blocks of pages of an order above 10");
	else
		trace = make_trace(in, pairing);
	pairing_free(pairing);
	return trace;
}

bool import_is_unreadable(const struct importer *in)
{
	return in->is_unreadable;
}
