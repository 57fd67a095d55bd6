/* Frames of text; see frame.h. */
#include "cli/frame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "experiment/terminal.h"
#include "experiment/text.h"
#include "sim/timing.h"
#include "sim/verbs/xalloc.h"

enum {
	COLUMNS_MAX = 9,                /* caches that stand side by side */
	OTHER_LINES = 3, LOOK_BACK = 24, /* lines touched just before, within so many events */
	NAME_WIDTH = 24,
};

/* For people: digits in groups. */
static const char *cycles(char *buf, size_t size, uint64_t units)
{
	return units % UNIT ? words_cycles(buf, size, units) : number_count(buf, size, units / UNIT);
}

/* ---- states ---------------------------------------------------------------------------------- */

/* A line that stands in a frame: its last states. */
struct row {
	char name[64];
	uint64_t line;
	char *before, *after;           /* [caches] */
};

static void cell_text(char before, char after, char *buf, size_t size)
{
	char a = before == 'I' ? '.' : before, b = after == 'I' ? '.' : after;

	if (before == after)
		snprintf(buf, size, "%c", a);
	else
		snprintf(buf, size, "%c -> %c", a, b);
}

static void print_columns(FILE *out, struct events *events, const struct row *row, size_t rows)
{
	unsigned caches = events_caches(events);

	fprintf(out, "\n  %-*s", NAME_WIDTH, "");
	for (unsigned i = 0; i < caches; i++)
		fprintf(out, "  %-6s", events_cache(events, i));
	fputc('\n', out);
	for (size_t r = 0; r < rows; r++) {
		fprintf(out, "  %-*.*s", NAME_WIDTH, NAME_WIDTH, row[r].name);
		for (unsigned i = 0; i < caches; i++) {
			int width = (int)strlen(events_cache(events, i));
			char text[16];

			cell_text(row[r].before[i], row[r].after[i], text, sizeof text);
			fprintf(out, i + 1 < caches ? "  %-*s" : "  %.*s", width < 6 ? 6 : width, text);
		}
		fputc('\n', out);
	}
}

/* "CPU 0-5, 7 and 15 shared caches": those whose cell has that text. */
static void print_holders(FILE *out, struct events *events, const struct row *row, const char *text)
{
	unsigned cpus = events_cpus(events), caches = events_caches(events), shared = 0, ranges = 0;
	const char *name = NULL;
	char cell[16];

	for (unsigned i = 0; i < caches; i++) {
		unsigned first = i;

		cell_text(row->before[i], row->after[i], cell, sizeof cell);
		if (strcmp(cell, text))
			continue;
		if (i >= cpus) {
			name = events_cache(events, i);
			shared++;
			continue;
		}
		for (; i + 1 < cpus; i++) {
			cell_text(row->before[i + 1], row->after[i + 1], cell, sizeof cell);
			if (strcmp(cell, text))
				break;
		}
		fprintf(out, i > first ? "%s%u-%u" : "%s%u", ranges++ ? ", " : " CPU ", first, i);
	}
	if (shared)
		fputs(ranges ? " and" : "", out);
	if (shared == 1)
		fprintf(out, " %s", name);
	else if (shared)
		fprintf(out, " %u shared caches", shared);
}

/* Where there are too many to stand side by side: by state, those that have or had it. */
static void print_list(FILE *out, struct events *events, const struct row *row, size_t rows)
{
	unsigned caches = events_caches(events);

	fputc('\n', out);
	for (size_t r = 0; r < rows; r++) {
		char told[64][16];
		unsigned texts = 0;

		fprintf(out, "  %-*.*s  ", NAME_WIDTH, NAME_WIDTH, row[r].name);
		for (unsigned i = 0; i < caches && texts < 64; i++) {
			char text[16];
			unsigned before = 0;

			if (row[r].before[i] == 'I' && row[r].after[i] == 'I')
				continue;
			cell_text(row[r].before[i], row[r].after[i], text, sizeof text);
			while (before < texts && strcmp(told[before], text))
				before++;
			if (before < texts)
				continue;
			fprintf(out, "%s%s:", texts ? "; " : "", text);
			print_holders(out, events, &row[r], text);
			memcpy(told[texts++], text, sizeof text);
		}
		fputs(texts ? "\n" : "none has it\n", out);
	}
}

static struct row row_new(const struct events *events, const struct event *event)
{
	size_t caches = events_caches(events);
	struct row row = { .line = event->line,
			   .before = xalloc(caches),
			   .after = xalloc(caches) };

	snprintf(row.name, sizeof row.name, "%s", event->instance);
	memcpy(row.before, event->before, caches);
	memcpy(row.after, event->after, caches);
	return row;
}

/* Copies that have made room since, or have come. */
static void take_notes(struct row *row, size_t rows, const struct event *event, size_t caches)
{
	for (size_t i = 0; i < event->notes; i++) {
		const struct note *n = &event->note[i];

		for (size_t r = 1; n->after && r < rows; r++)
			if (row[r].line == n->line)
				memcpy(row[r].after, n->after, caches);
	}
}

static bool has_row(const struct row *row, size_t rows, uint64_t line)
{
	for (size_t r = 0; r < rows; r++)
		if (row[r].line == line)
			return true;
	return false;
}

/* Lines of the events just before, as they are now: first those that are nearest. */
static size_t add_others(struct events *events, struct row *row, uint64_t number)
{
	size_t rows = 1, caches = events_caches(events);
	struct event e;

	for (uint64_t n = number - 1; n && n + LOOK_BACK >= number && rows <= OTHER_LINES; n--) {
		if (!events_get(events, n, &e))
			break;
		if (!has_row(row, rows, e.line))
			row[rows++] = row_new(events, &e);
	}
	for (uint64_t n = number > LOOK_BACK ? number - LOOK_BACK : 1; n <= number; n++) {
		if (!events_get(events, n, &e))
			break;
		take_notes(row, rows, &e, caches);
		for (size_t r = 1; r < rows; r++)
			if (n < number && row[r].line == e.line)
				memcpy(row[r].after, e.after, caches);
	}
	for (size_t r = 1; r < rows; r++)
		memcpy(row[r].before, row[r].after, caches);
	return rows;
}

/* Two lines of one struct, or of two that are called the same, are told apart by where they are. */
static void tell_apart(struct row *row, size_t rows)
{
	bool alike[1 + OTHER_LINES] = { false };

	for (size_t r = 0; r < rows; r++)
		for (size_t k = 0; k < rows; k++)
			alike[r] |= k != r && !strcmp(row[r].name, row[k].name);
	for (size_t r = 0; r < rows; r++)
		if (alike[r]) {
			char at[32];

			snprintf(at, sizeof at, " @%" PRIx64, row[r].line);
			row[r].name[NAME_WIDTH - strlen(at)] = '\0';
			strcat(row[r].name, at);
		}
}

static void print_states(FILE *out, struct events *events, const struct event *event)
{
	struct row row[1 + OTHER_LINES];
	size_t rows;

	row[0] = row_new(events, event);
	rows = add_others(events, row, event->number);
	tell_apart(row, rows);
	if (events_caches(events) <= COLUMNS_MAX)
		print_columns(out, events, row, rows);
	else
		print_list(out, events, row, rows);
	for (size_t r = 0; r < rows; r++) {
		free(row[r].before);
		free(row[r].after);
	}
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void print_notes(FILE *out, const struct note *note, size_t notes, bool clock)
{
	char text[400], time[32];

	for (size_t i = 0; i < notes; i++)
		if (clock)
			fprintf(out, "  . cycle %s  %s\n",
				cycles(time, sizeof time, note[i].time_units),
				note_text(&note[i], text, sizeof text));
		else
			fprintf(out, "  . %s\n", note_text(&note[i], text, sizeof text));
}

/* Who took the copy that this access misses. */
static void print_taker(FILE *out, const struct event *taker)
{
	char name[160], what[64], number[32];

	fprintf(out, "  its copy went to CPU %u at event %s: %s %s at %s:%u\n", taker->cpu,
		number_count(number, sizeof number, taker->number),
		event_what(taker, what, sizeof what),
		event_name(taker->instance, taker->member, name, sizeof name),
		source_path(taker->site.file), taker->site.line);
}

static void print_source(FILE *out, struct sources *sources, const struct event *e)
{
	const char *line = source_line(sources, &e->site);

	if (!e->site.line) {
		fprintf(out, "  %s\n", e->site.text);
		return;
	}
	fprintf(out, "  %s:%u  %s()\n", source_path(e->site.file), e->site.line, e->site.function);
	if (line) {
		fputs("      ", out);
		text_quote(out, line, strlen(line));
		fputc('\n', out);
	} else {
		fprintf(out, "      (this version's source is not here; the operand is %s)\n",
			e->site.text);
	}
	if (e->caller.line)
		fprintf(out, "      for %s:%u  %s()  %s\n", source_path(e->caller.file),
			e->caller.line, e->caller.function, e->caller.text);
}

/* What it is part of: ", waits for a lock". */
static const char *circumstances(const struct event *e)
{
	if (e->flags & EVENT_IN_INTERRUPT)
		return "  in an interrupt";
	if (e->waiting == WAITING_LOCK)
		return "  waits for a lock";
	if (e->waiting == WAITING_IDLE)
		return "  waits for work";
	return "";
}

static void print_header(FILE *out, const struct event *e, bool colour)
{
	char time[32], number[32];

	if (colour)
		terminal_paint(out, PAINT_BOLD);
	fprintf(out, "event %s", number_count(number, sizeof number, e->number));
	if (!(e->flags & EVENT_NO_CLOCK))
		fprintf(out, "   cycle %s", cycles(time, sizeof time, e->time_units));
	fprintf(out, "   CPU %u", e->cpu);
	if (strcmp(e->operation, op_names[OP_NONE]) && *e->operation)
		fprintf(out, "   %s", e->operation);
	if (*e->path)
		fprintf(out, ", path %s", e->path);
	fputs(circumstances(e), out);
	if (colour)
		terminal_paint(out, PAINT_PLAIN);
	fputc('\n', out);
}

static bool was_killed(const struct event *e, unsigned cpu)
{
	return cpu != e->cpu && e->before[cpu] != 'I' && e->after[cpu] == 'I';
}

static void print_killed(FILE *out, struct events *events, const struct event *e)
{
	unsigned cpus = events_cpus(events), copies = 0, ranges = 0;

	if (!(e->flags & EVENT_KILLED))
		return;
	for (unsigned i = 0; i < cpus; i++)
		copies += was_killed(e, i);
	fputs(copies == 1 ? "  killed: the copy of CPU " : "  killed: the copies of CPU ", out);
	for (unsigned i = 0; i < cpus; i++) {
		unsigned first = i;

		if (!was_killed(e, i))
			continue;
		while (i + 1 < cpus && was_killed(e, i + 1))
			i++;
		fprintf(out, i > first ? "%s%u-%u" : "%s%u", ranges++ ? ", " : "", first, i);
	}
	fputc('\n', out);
}

/* The caches' states go first: looking at other events takes them away. */
bool frame_print(FILE *out, struct events *events, struct sources *sources, uint64_t number,
		 bool colour)
{
	char what[64], name[160], values[420], why[200], cost[32];
	struct event e, taker;
	bool taken;

	if (!events_get(events, number, &e))
		return false;
	taken = e.taken_by && events_get(events, e.taken_by, &taker);
	if (taken)
		events_get(events, number, &e);
	print_notes(out, e.note, e.notes, !(e.flags & EVENT_NO_CLOCK));
	print_header(out, &e, colour);
	fprintf(out, "  %s %s   %s\n", event_what(&e, what, sizeof what),
		event_name(e.instance, e.member, name, sizeof name),
		event_values(&e, values, sizeof values));
	event_why(events, &e, why, sizeof why);
	if (!(e.flags & EVENT_NO_CLOCK))
		fprintf(out, "  %s cycle%s: %s%s\n", cycles(cost, sizeof cost, e.cost_units),
			e.cost_units == UNIT ? "" : "s", why,
			e.flags & EVENT_BOUNCE ? "; a bounce" : "");
	else if (*why)
		fprintf(out, "  %s%s\n", why, e.flags & EVENT_BOUNCE ? "; a bounce" : "");
	if (taken)
		print_taker(out, &taker);
	print_killed(out, events, &e);
	print_source(out, sources, &e);
	if (e.verb != EVENT_FENCE)
		print_states(out, events, &e);
	fputc('\n', out);
	return true;
}

void frame_print_end(FILE *out, struct events *events, bool colour)
{
	size_t notes;
	const struct note *note = events_rest(events, &notes);
	const char *message = events_key(events, "message");
	char number[32];

	print_notes(out, note, notes, true);
	if (colour)
		terminal_paint(out, PAINT_BOLD);
	fprintf(out, "end: %s after %s events", events_key(events, "outcome"),
		number_count(number, sizeof number, events_count(events, true)));
	if (colour)
		terminal_paint(out, PAINT_PLAIN);
	fprintf(out, "%s%s\n", *message ? "; " : "", message);
}
