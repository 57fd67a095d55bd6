/*
 * The figure of holders: which CPU wrote which line last, over a span of time in which enough lines
 * change hands to see it, and not too many.
 *
 * The record has an entry for each bounce, so an entry is a change of hands.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "figures/figures.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

enum {
	UNITS = 64,
	CHANGES_SHOWN = 240, /* of the busiest panel: more would be a blur */
	PANELS_MAX = 4,
	ROWS_MAX = 16, /* of all panels together */
	NAME_SHOWN = 30, /* characters of a name in the title, which may have four */
	SETTINGS_SHOWN = 60,
};

/* A line of one run: how often another CPU took it over. */
struct row {
	uint64_t line;
	size_t changes;
};

/* One run: a series of the group shown, its first seed. */
struct panel {
	const char *name;
	const struct point *point;
	struct row *row;
	size_t rows, shown; /* rows of all lines; shown in the figure */
	size_t changes, own; /* of all lines, of the allocator's */
};

/* Until when the record is complete. */
static uint64_t recorded_until(const struct result *result)
{
	return result->holders == HOLDERS_MAX ? result->holder[HOLDERS_MAX - 1].start_units
					      : result->elapsed_units;
}

static struct row *find_row(struct panel *panel, uint64_t line)
{
	for (size_t i = 0; i < panel->rows; i++)
		if (panel->row[i].line == line)
			return &panel->row[i];
	return NULL;
}

/* From `from` up to, but without, `until`. */
struct span {
	uint64_t from, until;
};

static uint64_t start_of(const struct result *result, size_t at)
{
	return result->holder[at].start_units;
}

/* The largest power of ten of cycles that leaves a length two digits or more. */
static uint64_t grain(uint64_t units)
{
	uint64_t digit = UNITS;

	while (units / digit >= 100)
		digit *= 10;
	return digit;
}

/*
 * The first stretch of the record in which lines change hands about as often as they ever do: it
 * has CHANGES_SHOWN changes in at most twice the shortest time. Few changes: all of the record.
 */
static struct span busy_span(const struct result *result)
{
	uint64_t shortest = UINT64_MAX;
	size_t last = CHANGES_SHOWN - 1, at = 0;

	if (result->holders < CHANGES_SHOWN)
		return (struct span){ 0, recorded_until(result) };
	for (size_t i = 0; i + last < result->holders; i++) {
		uint64_t length = start_of(result, i + last) - start_of(result, i);

		shortest = length < shortest ? length : shortest;
	}
	while (at + last + 1 < result->holders &&
	       start_of(result, at + last) - start_of(result, at) > 2 * shortest)
		at++;

	/* round numbers for the axis and the title, as long as the record is complete */
	uint64_t end = start_of(result, at + last) + 1;
	uint64_t unit = grain(end - start_of(result, at));
	uint64_t from = start_of(result, at) / unit * unit, length = end - from;
	uint64_t rounded = from + (length + unit - 1) / unit * unit;

	return (struct span){ from, rounded < recorded_until(result) ? rounded : end };
}

static int most_changes_first(const void *one, const void *other)
{
	const struct row *a = one, *b = other;

	if (a->changes != b->changes)
		return a->changes > b->changes ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static bool is_allocators(const struct result *result, uint64_t line)
{
	for (size_t i = 0; i < result->lines; i++)
		if (result->line[i].offset == line)
			return result->line[i].class == CLASS_ALLOCATOR;
	return false;
}

static void count_rows(struct panel *panel, struct span span)
{
	const struct result *result = panel->point->result;

	panel->row = xalloc((result->holders + 1) * sizeof *panel->row);
	for (size_t i = 0; i < result->holders && start_of(result, i) < span.until; i++) {
		struct row *row = find_row(panel, result->holder[i].line);

		if (start_of(result, i) < span.from)
			continue;
		if (!row) {
			row = &panel->row[panel->rows++];
			*row = (struct row){ .line = result->holder[i].line };
		}
		row->changes++;
		panel->changes++;
		panel->own += is_allocators(result, row->line);
	}
	qsort(panel->row, panel->rows, sizeof *panel->row, most_changes_first);
}

static const char *line_name(const struct result *result, uint64_t line, char *buf, size_t size)
{
	snprintf(buf, size, "line at %" PRIu64, line);
	for (size_t i = 0; i < result->lines; i++)
		if (result->line[i].offset == line)
			snprintf(buf, size, "%s", result->line[i].label);
	return buf;
}

static void spell(FILE *out, size_t at, uint64_t from, uint64_t to, unsigned cpu, struct span span,
		  const char *name)
{
	from = from < span.from ? span.from : from;
	fprintf(out, "%zu,%.12g,%.12g,%u,", at, (double)from / UNITS, (double)to / UNITS, cpu);
	text_gnuplot_field(out, name);
	putc('\n', out);
}

/* The spells of one line within the span; what the first of them began with may lie before it. */
static void write_row(FILE *out, const struct result *result, uint64_t line, size_t at,
		      struct span span)
{
	const struct holder *since = NULL;
	char name[96];

	line_name(result, line, name, sizeof name);
	for (size_t i = 0; i < result->holders && start_of(result, i) < span.until; i++) {
		const struct holder *next = &result->holder[i];

		if (next->line != line)
			continue;
		if (since && next->start_units > span.from)
			spell(out, at, since->start_units, next->start_units, since->cpu, span,
			      name);
		since = next;
	}
	if (since)
		spell(out, at, since->start_units, span.until, since->cpu, span, name);
}

/* The first group in which lines change hands, of 1, 2, 4 CPUs for example that of 2. */
static size_t group_to_show(const struct groups *groups)
{
	for (size_t g = 0; g < groups->groups; g++)
		for (size_t s = 0; s < groups->serieses; s++) {
			const struct cell *cell = groups_cell(groups, s, g);
			const struct result *result = cell ? cell->point[0]->result : NULL;

			if (result && result->holders)
				return g;
		}
	return 0;
}

static size_t collect_panels(const struct groups *groups, struct panel *panels)
{
	size_t group = group_to_show(groups);
	size_t count = 0;

	for (size_t s = 0; s < groups->serieses && count < PANELS_MAX; s++) {
		const struct cell *cell = groups_cell(groups, s, group);

		if (cell)
			panels[count++] = (struct panel){ .name = groups->series[s],
							  .point = cell->point[0] };
	}
	return count;
}

/* One row: its name at the left, how often the line changes hands at the right, its spells. */
static void write_line(struct drawing *drawing, const struct panel *panel, const struct row *row,
		       size_t at, struct span span)
{
	FILE *head = drawing->head;
	char name[96];

	line_name(panel->point->result, row->line, name, sizeof name);
	fprintf(head, "Lines[%zu] = ", at + 1);
	text_gnuplot_name(head, name);
	fprintf(head, "\nset ytics add (Lines[%zu] %zu)\n", at + 1, at);
	fprintf(head, "set label %zu \"%zu\" at graph 1.01, first %zu left font ',10'\n", 300 + at,
		row->changes, at);
	write_row(drawing->data, panel->point->result, row->line, at, span);
}

/* Rows of all panels from the top, a free one between panels; names and counts for the script. */
static void write_panels(struct drawing *drawing, struct panel *panels, size_t count,
			 struct span span)
{
	FILE *head = drawing->head;
	size_t at = 0;

	fprintf(head, "array Lines[%d]\n", ROWS_MAX + 2 * PANELS_MAX);
	for (size_t p = 0; p < count; p++) {
		fprintf(head, "set label %zu ", 200 + p);
		text_gnuplot_name(head, panels[p].name);
		fprintf(head, " at screen 0.02, first %zu left font ':Bold,11' noenhanced\n", at);
		for (size_t i = 0; i < panels[p].shown; i++, at++)
			write_line(drawing, &panels[p], &panels[p].row[i], at, span);
		if (!panels[p].shown)
			fprintf(head, "set ytics add (\"no line changes hands\" %zu)\n", at++);
		at++;
	}
	fprintf(head, "rows = %zu\n", at - 1);
}

/* Whose line it is, is known of the lines in the result's table only: was it long enough? */
static bool know_allocators(const struct panel *panels, size_t count)
{
	size_t own = 0;

	for (size_t p = 0; p < count; p++) {
		if (panels[p].point->result->lines >= RESULT_LINES_MAX)
			return false;
		own += panels[p].own;
	}
	return own > 0;
}

static void heat_title(struct drawing *drawing, const struct panel *panels, size_t count,
		       struct span span)
{
	char *title = drawing->title;
	size_t size = sizeof drawing->title;
	uint64_t cycles = (span.until - span.from) / UNITS;
	bool own = know_allocators(panels, count);
	char name[4 * NAME_SHOWN + 8];
	int used;

	if (cycles >= 1000000)
		used = snprintf(title, size, "In %g million cycles", (double)cycles / 1e6);
	else if (cycles >= 10000)
		used = snprintf(title, size, "In %" PRIu64 " %03" PRIu64 " cycles", cycles / 1000,
				cycles % 1000);
	else
		used = snprintf(title, size, "In %" PRIu64 " cycles", cycles);
	used += snprintf(title + used, size - (size_t)used, " %s change hands",
			 own ? "the allocator's lines" : "lines");
	for (size_t p = 0; p < count && (size_t)used < size; p++) {
		size_t changes = own ? panels[p].own : panels[p].changes;

		used += snprintf(title + used, size - (size_t)used, "%s %zu %s under %s",
				 p ? "," : "", changes, changes == 1 ? "time" : "times",
				 text_short(panels[p].name, NAME_SHOWN, name, sizeof name));
	}
}

/* The busiest panel decides; nothing is shown beyond where any record ends. */
static struct span common_span(const struct panel *panels, size_t count)
{
	struct span span = { 0, UINT64_MAX };
	uint64_t end = UINT64_MAX;

	for (size_t p = 0; p < count; p++) {
		const struct result *result = panels[p].point->result;
		struct span own = busy_span(result);

		if (own.until - own.from < span.until - span.from)
			span = own;
		end = recorded_until(result) < end ? recorded_until(result) : end;
	}
	if (span.from >= end)
		return (struct span){ 0, end };
	return (struct span){ span.from, span.until < end ? span.until : end };
}

static void heat_texts(struct drawing *drawing, const struct panel *panels, size_t count,
		       struct span span)
{
	const struct point *point = panels[0].point;
	char settings[256], shown[4 * SETTINGS_SHOWN + 8], machine[4 * SETTINGS_SHOWN + 8];

	heat_title(drawing, panels, count, span);
	groups_settings(drawing->points, point, settings, sizeof settings);
	snprintf(drawing->xlabel, sizeof drawing->xlabel,
		 "cycles since the measured window opened");
	snprintf(
		drawing->subtitle, sizeof drawing->subtitle,
		"Which CPU wrote each line last; the lines that change hands most; %s%sseed %" PRIu64
		"; %" PRIu64 " CPUs of %s",
		text_short(settings, SETTINGS_SHOWN, shown, sizeof shown), *settings ? "; " : "",
		point->seed, point->cpus,
		text_short(point->machine, SETTINGS_SHOWN, machine, sizeof machine));
}

bool heat_write(struct drawing *drawing, const struct figure *figure)
{
	(void)figure;
	struct groups *groups = groups_of(drawing->points, NULL);
	struct panel panels[PANELS_MAX];
	size_t count = collect_panels(groups, panels), rows = 0;
	struct span span = common_span(panels, count);
	uint64_t cpus = 1;

	for (size_t p = 0; p < count; p++) {
		struct panel *panel = &panels[p];

		count_rows(panel, span);
		panel->shown = panel->rows < ROWS_MAX / count ? panel->rows : ROWS_MAX / count;
		cpus = panel->point->cpus > cpus ? panel->point->cpus : cpus;
		rows += panel->rows;
	}
	drawing->script = "heat";
	fputs("row,from,to,cpu,line\n", drawing->data);
	if (rows) {
		figure_groups(drawing->head, groups);
		fprintf(drawing->head, "cpus = %" PRIu64 "\nfrom = %.12g\nuntil = %.12g\n", cpus,
			(double)span.from / UNITS, (double)span.until / UNITS);
		fputs("set ytics ()\n", drawing->head);
		write_panels(drawing, panels, count, span);
		heat_texts(drawing, panels, count, span);
	} else {
		snprintf(drawing->why, sizeof drawing->why, "no line changes hands");
	}
	for (size_t p = 0; p < count; p++)
		free(panels[p].row);
	groups_free(groups);
	return rows > 0;
}
