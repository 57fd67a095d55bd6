/*
 * A trace for Perfetto; see chrome.h.
 *
 * Slices are known when they end and are to stand in the order in which they begin, an outer one
 * before those inside it. So they are collected, sorted by track and begin, and printed.
 */
#include "steps/chrome.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/text.h"
#include "sim/timing.h"
#include "sim/verbs/xalloc.h"
#include "steps/words.h"

enum { FRAMES_MAX = 16, PROCESS = 1 };

enum row_kind { ROW_SLICE, ROW_FLOW_START, ROW_FLOW_END, ROW_HOLD_START, ROW_HOLD_END };

struct row {
	uint64_t start, end;            /* units */
	uint64_t sequence;              /* among rows that are alike else; of flows and holds its id */
	uint64_t event;                 /* number, of an access; else 0 */
	const char *category, *name, *member;
	unsigned track;
	enum row_kind kind;
};

/* A slice that has begun. */
struct open_slice {
	uint64_t start;
	const char *category, *name;
};

struct cpu_track {
	struct open_slice open[2 * FRAMES_MAX];
	unsigned depth;
};

/* The slice in which a CPU got a line last. */
struct source {
	uint64_t line;
	unsigned cpu, track;            /* track 0: none */
	uint64_t start;
};

struct chrome {
	struct events *events;
	struct row *row;
	size_t rows, room;
	struct cpu_track *cpu;          /* [cpus] */
	struct source *source;          /* open addressing: by line and CPU */
	size_t sources, source_room;
	uint64_t sequence, flows, holds, last;
};

/* ---- rows ------------------------------------------------------------------------------------ */

static unsigned track_of(unsigned cpu)
{
	return 2 * cpu + 1;
}

static void add(struct chrome *c, struct row row)
{
	if (c->rows == c->room) {
		c->room = c->room ? 2 * c->room : 1024;
		c->row = xrealloc(c->row, c->room * sizeof *c->row);
	}
	if (row.kind == ROW_SLICE)
		row.sequence = c->sequence++;
	c->row[c->rows++] = row;
}

static void begin(struct chrome *c, const struct note *n, const char *category, const char *name)
{
	struct cpu_track *track = &c->cpu[n->cpu];

	if (track->depth < 2 * FRAMES_MAX)
		track->open[track->depth++] =
			(struct open_slice){ n->time_units, category, name };
}

/* The innermost one of that category, with all that is inside of it. */
static void end(struct chrome *c, unsigned cpu, const char *category, uint64_t time)
{
	struct cpu_track *track = &c->cpu[cpu];
	unsigned at = track->depth;

	while (at && category && track->open[at - 1].category != category)
		at--;
	if (!at)
		return;
	while (track->depth >= at) {
		struct open_slice *open = &track->open[--track->depth];

		add(c, (struct row){ .start = open->start,
				     .end = time,
				     .category = open->category,
				     .name = open->name,
				     .member = "",
				     .track = track_of(cpu) });
		if (!track->depth)
			break;
	}
}

/* ---- sources of lines ------------------------------------------------------------------------ */

static struct source *place_of(struct chrome *c, uint64_t line, unsigned cpu)
{
	size_t at = ((line ^ cpu) * 0x9e3779b97f4a7c15u >> 20) & (c->source_room - 1);

	while (c->source[at].track && (c->source[at].line != line || c->source[at].cpu != cpu))
		at = (at + 1) & (c->source_room - 1);
	return &c->source[at];
}

static struct source *source_of(struct chrome *c, uint64_t line, unsigned cpu)
{
	if (2 * c->sources >= c->source_room) {
		struct chrome wider = { .source_room = c->source_room ? 2 * c->source_room : 1024 };

		wider.source = xalloc(wider.source_room * sizeof *wider.source);
		for (size_t i = 0; i < c->source_room; i++)
			if (c->source[i].track)
				*place_of(&wider, c->source[i].line, c->source[i].cpu) =
					c->source[i];
		free(c->source);
		c->source = wider.source;
		c->source_room = wider.source_room;
	}
	return place_of(c, line, cpu);
}

static void now_has(struct chrome *c, const struct event *e, unsigned track)
{
	struct source *source = source_of(c, e->line, e->cpu);

	c->sources += !source->track;
	*source = (struct source){ e->line, e->cpu, track, e->start_units };
}

/* ---- events ---------------------------------------------------------------------------------- */

static void take_note(struct chrome *c, const struct note *n)
{
	static const char operation[] = "operation", interrupt[] = "interrupt";

	switch (n->kind) {
	case MOMENT_OP_BEGIN:
		begin(c, n, operation, n->operation);
		break;
	case MOMENT_OP_END:
		end(c, n->cpu, operation, n->time_units);
		break;
	case MOMENT_IRQ_ENTER:
		begin(c, n, interrupt, "interrupt");
		break;
	case MOMENT_IRQ_EXIT:
		end(c, n->cpu, interrupt, n->time_units);
		break;
	case MOMENT_LOCK_TAKEN:
		if (n->since_units)
			add(c, (struct row){ .start = n->since_units,
					     .end = n->time_units,
					     .category = "lock wait",
					     .name = n->instance,
					     .member = n->member,
					     .track = track_of(n->cpu) });
		break;
	case MOMENT_LOCK_RELEASED:
		c->holds++;
		for (unsigned i = 0; i < 2; i++)
			add(c, (struct row){ .start = i ? n->time_units : n->since_units,
					     .kind = i ? ROW_HOLD_END : ROW_HOLD_START,
					     .sequence = c->holds,
					     .category = "lock held",
					     .name = n->instance,
					     .member = n->member,
					     .track = track_of(n->cpu) });
		break;
	default:
		break;
	}
	c->last = n->time_units > c->last ? n->time_units : c->last;
}

/* Between the slices in which two caches got the line. */
static void add_flow(struct chrome *c, const struct event *e, unsigned track, uint64_t at)
{
	const struct source *from;

	if (e->supplier < 0 || e->supplier >= (int)events_cpus(c->events))
		return;
	from = source_of(c, e->line, (unsigned)e->supplier);
	if (!from->track || from->start > at)
		return;
	c->flows++;
	add(c, (struct row){ .start = from->start,
			     .kind = ROW_FLOW_START,
			     .sequence = c->flows,
			     .category = "transfer",
			     .name = e->instance,
			     .member = "",
			     .track = from->track });
	add(c, (struct row){ .start = at,
			     .kind = ROW_FLOW_END,
			     .sequence = c->flows,
			     .category = "transfer",
			     .name = e->instance,
			     .member = "",
			     .track = track });
}

static void take_access(struct chrome *c, const struct event *e)
{
	bool buffered = e->flags & EVENT_IS_BUFFERED;
	unsigned track = track_of(e->cpu) + buffered;
	uint64_t stop = e->start_units + e->cost_units, at = e->time_units;

	c->last = stop > c->last ? stop : c->last;
	if (!(e->flags & EVENT_MISSED))
		return;
	if (buffered)                   /* nobody waits; the next may leave before a cycle is over */
		stop = e->start_units + 1;
	if (at >= stop)
		at = stop > e->start_units ? stop - 1 : e->start_units;
	add(c, (struct row){ .start = e->start_units,
			     .end = stop,
			     .event = e->number,
			     .category = e->flags & EVENT_BOUNCE ? "miss,bounce" : "miss",
			     .name = e->instance,
			     .member = e->member,
			     .track = track });
	add_flow(c, e, track, at);
	now_has(c, e, track);
}

static void collect(struct chrome *c)
{
	size_t notes;
	const struct note *note;
	struct event e;

	for (uint64_t n = 1; events_get(c->events, n, &e); n++) {
		for (size_t i = 0; i < e.notes; i++)
			take_note(c, &e.note[i]);
		take_access(c, &e);
	}
	note = events_rest(c->events, &notes);
	for (size_t i = 0; i < notes; i++)
		take_note(c, &note[i]);
	for (unsigned cpu = 0; cpu < events_cpus(c->events); cpu++)
		while (c->cpu[cpu].depth)
			end(c, cpu, NULL, c->last);
}

/* By track and begin, outer slices first; then what stands in them. */
static int by_place(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->track != y->track)
		return x->track < y->track ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->kind == ROW_SLICE && x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* ---- printing -------------------------------------------------------------------------------- */

/* A unit is 1/64 cycle, a cycle stands for a nanosecond, and the format wants microseconds. */
static void print_time(FILE *out, const char *key, uint64_t units)
{
	enum { UNITS_PER_US = 1000 * UNIT, NS_PART = 1000000000 / UNITS_PER_US };

	fprintf(out, ",\"%s\":%" PRIu64 ".%09" PRIu64, key, units / UNITS_PER_US,
		units % UNITS_PER_US * NS_PART);
}

static void print_args(FILE *out, struct events *events, uint64_t number)
{
	char text[420];
	struct event e;

	if (!number || !events_get(events, number, &e))
		return;
	fprintf(out, ",\"args\":{\"event\":%" PRIu64 ",\"what\":", number);
	text_json(out, event_what(&e, text, sizeof text));
	fputs(",\"value\":", out);
	text_json(out, event_values(&e, text, sizeof text));
	fputs(",\"why\":", out);
	text_json(out, event_why(events, &e, text, sizeof text));
	snprintf(text, sizeof text, "%s:%u %s", e.site.file, e.site.line, e.site.function);
	fputs(",\"source\":", out);
	text_json(out, text);
	if (e.taken_by)
		fprintf(out, ",\"taken_by\":%" PRIu64, e.taken_by);
	fputs(",\"path\":", out);
	text_json(out, e.path);
	fputc('}', out);
}

static void print_row(FILE *out, struct events *events, const struct row *row)
{
	static const char *const phase[] = { [ROW_SLICE] = "X",
					     [ROW_FLOW_START] = "s",
					     [ROW_FLOW_END] = "f",
					     [ROW_HOLD_START] = "b",
					     [ROW_HOLD_END] = "e" };
	char name[200];

	fprintf(out, ",\n{\"ph\":\"%s\",\"pid\":%d,\"tid\":%u", phase[row->kind], PROCESS,
		row->track);
	print_time(out, "ts", row->start);
	if (row->kind == ROW_SLICE)
		print_time(out, "dur", row->end - row->start);
	else
		fprintf(out, ",\"id\":%" PRIu64, row->sequence);
	if (row->kind == ROW_FLOW_END)
		fputs(",\"bp\":\"e\"", out);
	fputs(",\"cat\":", out);
	text_json(out, row->category);
	fputs(",\"name\":", out);
	text_json(out, event_name(row->name, row->member, name, sizeof name));
	print_args(out, events, row->event);
	fputc('}', out);
}

static void print_name(FILE *out, const char *what, unsigned track, const char *name)
{
	fprintf(out, ",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,\"name\":\"%s\",\"args\":{\"name\":",
		PROCESS, track, what);
	text_json(out, name);
	fputs("}}", out);
}

static void print_tracks(FILE *out, struct events *events)
{
	char name[64];

	for (unsigned i = 0; i < events_cpus(events); i++) {
		print_name(out, "thread_name", track_of(i), events_cache(events, i));
		snprintf(name, sizeof name, "%s store buffer", events_cache(events, i));
		print_name(out, "thread_name", track_of(i) + 1, name);
		for (unsigned k = 0; k < 2; k++)
			fprintf(out,
				",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,"
				"\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%u}}",
				PROCESS, track_of(i) + k, track_of(i) + k);
	}
}

static void print_about(FILE *out, struct events *events)
{
	static const char *const key[] = { "title", "name", "objects", "pages", "workload",
					   "machine", "seed", "version", "outcome" };

	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"time\":\"a nanosecond is a cycle\"", out);
	for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
		fprintf(out, ",\"%s\":", key[i]);
		text_json(out, events_key(events, key[i]));
	}
	fputs("},\n\"traceEvents\":[\n", out);
	fprintf(out, "{\"ph\":\"M\",\"pid\":%d,\"name\":\"process_name\",\"args\":{\"name\":",
		PROCESS);
	text_json(out, events_key(events, "name"));
	fputs("}}", out);
}

void chrome_write(FILE *out, struct events *events)
{
	struct chrome c = { .events = events };

	c.cpu = xalloc(events_cpus(events) * sizeof *c.cpu);
	collect(&c);
	if (c.rows)
		qsort(c.row, c.rows, sizeof *c.row, by_place);
	print_about(out, events);
	print_tracks(out, events);
	for (size_t i = 0; i < c.rows; i++)
		print_row(out, events, &c.row[i]);
	fputs("\n]}\n", out);
	free(c.row);
	free(c.cpu);
	free(c.source);
}
