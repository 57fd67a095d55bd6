/*
 * The data of a page; see page.h. Its frame, page.html, has the script that shows it.
 *
 * Texts stand once, in a table; sources as the lines around the sites that the events name.
 */
#include "steps/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/data.h"
#include "experiment/file.h"
#include "experiment/text.h"
#include "sim/timing.h"
#include "sim/verbs/xalloc.h"
#include "steps/words.h"

enum { FRAME_BYTES_MAX = 1 << 20, AROUND = 12, NONE = -1 };

static const char hole[] = "@DATA@";

/* Texts, or other things of that kind, each once: by value, in the order in which they came. */
struct table {
	char **text;
	size_t count, room;
	uint32_t *slot;                 /* index + 1; 0: free */
	size_t slots;
};

struct page_line {
	uint64_t line;
	const char *name;
	char *start;                    /* states before its first event: [caches] and a terminator */
};

struct page_site {
	struct site site;
	size_t file;
};

struct page {
	struct events *events;
	struct sources *sources;
	unsigned caches;
	uint64_t first, end;            /* events first to end - 1 */
	struct table texts, files;
	struct page_line *line;
	size_t lines;
	struct page_site *site;
	size_t sites;
	char *rows;                     /* the events as JSON */
	bool clock;
};

/* ---- tables ---------------------------------------------------------------------------------- */

static size_t slot_of(const struct table *table, const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t at;

	for (const char *c = text; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	at = (hash ^ hash >> 32) & (table->slots - 1);
	while (table->slot[at] && strcmp(table->text[table->slot[at] - 1], text))
		at = (at + 1) & (table->slots - 1);
	return at;
}

static size_t index_of(struct table *table, const char *text)
{
	size_t at;

	if (2 * (table->count + 1) >= table->slots) {
		table->slots = table->slots ? 2 * table->slots : 256;
		free(table->slot);
		table->slot = xalloc(table->slots * sizeof *table->slot);
		for (size_t i = 0; i < table->count; i++)
			table->slot[slot_of(table, table->text[i])] = (uint32_t)(i + 1);
	}
	at = slot_of(table, text);
	if (!table->slot[at]) {
		if (table->count == table->room) {
			table->room = table->room ? 2 * table->room : 256;
			table->text = xrealloc(table->text, table->room * sizeof *table->text);
		}
		table->text[table->count++] = xstrdup(text);
		table->slot[at] = (uint32_t)table->count;
	}
	return table->slot[at] - 1;
}

static void table_end(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->text[i]);
	free(table->text);
	free(table->slot);
}

static size_t text_index(struct page *page, const char *text)
{
	return index_of(&page->texts, text);
}

static size_t states_index(struct page *page, const char *states)
{
	char *text = xalloc((size_t)page->caches + 1);
	size_t index;

	memcpy(text, states, page->caches);
	index = text_index(page, text);
	free(text);
	return index;
}

/* What is asked for again and again was asked for last. */
static int line_index(struct page *page, uint64_t line)
{
	for (size_t i = page->lines; i-- > 0;)
		if (page->line[i].line == line)
			return (int)i;
	return NONE;
}

static size_t line_add(struct page *page, const struct event *e)
{
	int known = line_index(page, e->line);
	struct page_line *line;

	if (known >= 0)
		return (size_t)known;
	page->line = xrealloc(page->line, (page->lines + 1) * sizeof *page->line);
	line = &page->line[page->lines];
	*line = (struct page_line){ e->line, e->instance, xalloc((size_t)page->caches + 1) };
	memcpy(line->start, e->before, page->caches);
	return page->lines++;
}

static int site_add(struct page *page, const struct site *site)
{
	if (!site->line && !*site->text)
		return NONE;
	for (size_t i = page->sites; i-- > 0;) {
		const struct site *known = &page->site[i].site;

		if (known->line == site->line && !strcmp(known->text, site->text) &&
		    !strcmp(known->file, site->file))
			return (int)i;
	}
	page->site = xrealloc(page->site, (page->sites + 1) * sizeof *page->site);
	page->site[page->sites] =
		(struct page_site){ *site, index_of(&page->files, source_path(site->file)) };
	return (int)page->sites++;
}

/* ---- events ---------------------------------------------------------------------------------- */

enum { SHOW_MISS = 1, SHOW_TRANSFER = 2, SHOW_BOUNCE = 4 };

static unsigned flags_of(const struct event *e)
{
	return (e->flags & EVENT_MISSED ? SHOW_MISS : 0) |
	       (e->flags & EVENT_TRANSFER ? SHOW_TRANSFER : 0) |
	       (e->flags & EVENT_BOUNCE ? SHOW_BOUNCE : 0);
}

static void write_notes(FILE *out, struct page *page, const struct event *e)
{
	char text[400], time[32];

	fputc('[', out);
	for (size_t i = 0; i < e->notes; i++) {
		const struct note *n = &e->note[i];
		int line = n->after ? line_index(page, n->line) : NONE;

		fprintf(out, "%s[%s,%zu,%d", i ? "," : "",
			words_cycles(time, sizeof time, n->time_units),
			text_index(page, note_text(n, text, sizeof text)), line);
		if (line != NONE)
			fprintf(out, ",%zu", states_index(page, n->after));
		fputc(']', out);
	}
	fputc(']', out);
}

static void write_event(FILE *out, struct page *page, const struct event *e)
{
	char time[32], cost[32], text[420];
	size_t line = line_add(page, e);

	fprintf(out, "[%" PRIu64 ",%s,%u,%u", e->number,
		words_cycles(time, sizeof time, e->time_units), e->cpu, flags_of(e));
	fprintf(out, ",%zu", text_index(page, event_what(e, text, sizeof text)));
	fprintf(out, ",%zu,%zu",
		text_index(page, event_name(e->instance, e->member, text, sizeof text)), line);
	fprintf(out, ",%zu,%s", text_index(page, event_values(e, text, sizeof text)),
		words_cycles(cost, sizeof cost, e->cost_units));
	fprintf(out, ",%zu", text_index(page, event_why(page->events, e, text, sizeof text)));
	fprintf(out, ",%zu,%zu",
		text_index(page, strcmp(e->operation, op_names[OP_NONE]) ? e->operation : ""),
		text_index(page, e->path));
	fprintf(out, ",%d,%d", site_add(page, &e->site),
		e->caller.line ? site_add(page, &e->caller) : NONE);
	fprintf(out, ",%zu,%zu,", states_index(page, e->before), states_index(page, e->after));
	write_notes(out, page, e);
	fprintf(out, ",%" PRIu64 "]", e->taken_by);
	page->clock |= !(e->flags & EVENT_NO_CLOCK);
}

/* All events, and with them the tables. */
static void collect(struct page *page)
{
	size_t length;
	FILE *out = text_open(&page->rows, &length);
	struct event e;

	for (uint64_t n = page->first; n < page->end && events_get(page->events, n, &e); n++) {
		fputs(n > page->first ? ",\n" : "\n", out);
		write_event(out, page, &e);
	}
	text_close(out);
}

/* ---- data ------------------------------------------------------------------------------------ */

static void write_texts(FILE *out, const struct table *table)
{
	fputs(",\n\"texts\":[", out);
	for (size_t i = 0; i < table->count; i++) {
		fputs(i ? "," : "", out);
		text_json(out, table->text[i]);
	}
	fputc(']', out);
}

static void write_lines(FILE *out, const struct page *page)
{
	fputs(",\n\"lines\":[", out);
	for (size_t i = 0; i < page->lines; i++) {
		fputs(i ? ",{\"name\":" : "{\"name\":", out);
		text_json(out, page->line[i].name);
		fprintf(out, ",\"at\":\"0x%" PRIx64 "\",\"start\":\"%s\"}", page->line[i].line,
			page->line[i].start);
	}
	fputc(']', out);
}

static void write_sites(FILE *out, const struct page *page)
{
	fputs(",\n\"sites\":[", out);
	for (size_t i = 0; i < page->sites; i++) {
		const struct page_site *s = &page->site[i];

		fprintf(out, "%s[%zu,%u,", i ? "," : "", s->file, s->site.line);
		text_json(out, s->site.function);
		fputc(',', out);
		text_json(out, s->site.text);
		fputc(']', out);
	}
	fputc(']', out);
}

static int by_line(const void *a, const void *b)
{
	const struct site *x = *(const struct site *const *)a, *y = *(const struct site *const *)b;

	return x->line < y->line ? -1 : x->line > y->line;
}

static void write_part(FILE *out, const char *const *line, unsigned first, size_t count)
{
	fprintf(out, "{\"first\":%u,\"lines\":[", first);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? "," : "", out);
		text_json(out, line[i]);
	}
	fputs("]}", out);
}

/* The lines around the sites of a file, those that touch as one part. */
static void write_parts(FILE *out, struct page *page, size_t file)
{
	const struct site **site = xalloc((page->sites + 1) * sizeof *site);
	size_t sites = 0, parts = 0;

	for (size_t i = 0; i < page->sites; i++)
		if (page->site[i].file == file && source_line(page->sources, &page->site[i].site))
			site[sites++] = &page->site[i].site;
	qsort(site, sites, sizeof *site, by_line);
	for (size_t i = 0, next; i < sites; i = next) {
		const char *const *line;
		unsigned first, other;
		size_t count, more;

		line = source_around(page->sources, site[i], AROUND, &first, &count);
		for (next = i + 1; next < sites; next++) {
			source_around(page->sources, site[next], AROUND, &other, &more);
			if (other > first + count)
				break;
			count = other + more - first;
		}
		fputs(parts++ ? "," : "", out);
		write_part(out, line, first, count);
	}
	free(site);
}

static void write_files(FILE *out, struct page *page)
{
	fputs(",\n\"files\":[", out);
	for (size_t i = 0; i < page->files.count; i++) {
		fputs(i ? ",\n{\"name\":" : "{\"name\":", out);
		text_json(out, page->files.text[i]);
		fputs(",\"parts\":[", out);
		write_parts(out, page, i);
		fputs("]}", out);
	}
	fputc(']', out);
}

static void write_about(FILE *out, struct page *page)
{
	struct events *e = page->events;
	char about[1024];

	snprintf(about, sizeof about, "%s%s%s, %s on %s, seed %s; bounce %s", events_key(e, "objects"),
		 *events_key(e, "objects") ? " on " : "", events_key(e, "pages"),
		 events_key(e, "workload"), events_key(e, "machine"), events_key(e, "seed"),
		 events_key(e, "version"));
	fputs("{\"title\":", out);
	text_json(out, *events_key(e, "title") ? events_key(e, "title") : events_key(e, "name"));
	fputs(",\"name\":", out);
	text_json(out, events_key(e, "name"));
	fputs(",\"about\":", out);
	text_json(out, about);
	fprintf(out,
		",\"cpus\":%u,\"clock\":%s,\"flags\":{\"miss\":%d,\"transfer\":%d,\"bounce\":%d}",
		events_cpus(e), page->clock ? "true" : "false", SHOW_MISS, SHOW_TRANSFER,
		SHOW_BOUNCE);
	fputs(",\"caches\":[", out);
	for (unsigned i = 0; i < page->caches; i++) {
		fputs(i ? "," : "", out);
		text_json(out, events_cache(e, i));
	}
	fputc(']', out);
}

static void write_data(FILE *out, struct page *page)
{
	collect(page);
	write_about(out, page);
	write_texts(out, &page->texts);
	write_lines(out, page);
	write_sites(out, page);
	write_files(out, page);
	fprintf(out, ",\n\"events\":[%s]}\n", page->rows);
}

/* In a script element only "</" and "<!--" mean anything: no "<" is left. */
static void put_in_script(FILE *out, const char *json)
{
	for (; *json; json++)
		if (*json == '<')
			fputs("\\u003c", out);
		else
			fputc(*json, out);
}

static char *read_frame(char *why, size_t size)
{
	char path[4096], *frame;
	size_t length;

	if (!data_file("steps/page.html", path, sizeof path)) {
		snprintf(why, size, "steps/page.html is not here; is BOUNCE_DATA right?");
		return NULL;
	}
	frame = file_read(path, FRAME_BYTES_MAX, &length);
	if (frame && strstr(frame, hole))
		return frame;
	snprintf(why, size, "%s: %s", path, frame ? "no place for the data" : file_problem(errno));
	free(frame);
	return NULL;
}

bool page_write(FILE *out, struct events *events, struct sources *sources, uint64_t first,
		uint64_t count, char *why, size_t size)
{
	struct page page = { .events = events,
			     .sources = sources,
			     .caches = events_caches(events),
			     .first = first,
			     .end = first + count };
	struct event event;
	char *frame, *place, *data;
	size_t length;
	FILE *json;

	if (!events_get(events, first, &event)) {
		snprintf(why, size, "the run has no event %" PRIu64, first);
		return false;
	}
	frame = read_frame(why, size);
	if (!frame)
		return false;
	json = text_open(&data, &length);
	write_data(json, &page);
	text_close(json);
	place = strstr(frame, hole);
	fwrite(frame, 1, (size_t)(place - frame), out);
	put_in_script(out, data);
	fputs(place + strlen(hole), out);
	for (size_t i = 0; i < page.lines; i++)
		free(page.line[i].start);
	free(page.line);
	free(page.site);
	free(page.rows);
	table_end(&page.texts);
	table_end(&page.files);
	free(frame);
	free(data);
	return true;
}
