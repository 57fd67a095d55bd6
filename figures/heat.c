/*
 * The figure of holders: which CPU wrote which line last, over a span of time in which enough lines
 * change hands to see it, and not too many.
 *
 * The record has an entry for each bounce, so an entry is a change of hands.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures/figures.h"
#include "figures/page.h"
#include "figures/width.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

enum {
	UNITS = 64,
	CHANGES_SHOWN = 240, /* of the busiest panel: more would be a blur */
	PANELS_MAX = 4,
	ROWS_MAX = 16, /* of all panels together */
	NAME_SHOWN = 30, /* characters of a name in the title, which may have four */
	SETTINGS_SHOWN = 60,
	CPUS_IN_KEY = 8,
};

/* A line of one run: how often another CPU took it over. */
struct row {
	uint64_t line;
	size_t changes;
};

/* One run: a series of the group shown, its first seed. */
struct panel {
	char *name; /* its own */
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
			return result->line[i].bounces[CLASS_ALLOCATOR] > 0;
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

static const char *line_label(const struct result *result, uint64_t line)
{
	for (size_t i = 0; i < result->lines; i++)
		if (result->line[i].offset == line)
			return result->line[i].label;
	return "";
}

/* Its label, and its address where others that are shown have the same or it has none. */
static char *line_name(const struct panel *panel, size_t at)
{
	const struct result *result = panel->point->result;
	const char *label = line_label(result, panel->row[at].line);
	bool alone = *label;
	char name[160];

	for (size_t i = 0; i < panel->shown; i++)
		alone &= i == at || strcmp(line_label(result, panel->row[i].line), label) != 0;
	if (alone)
		return xstrdup(label);
	snprintf(name, sizeof name, "%s at %" PRIu64, *label ? label : "line", panel->row[at].line);
	return xstrdup(name);
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
static void write_spells(FILE *out, const struct result *result, uint64_t line, size_t at,
			 struct span span, const char *name)
{
	const struct holder *since = NULL;

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

/* Do the chosen combinations differ in that key? */
static bool differs(const struct points *points, const char *key, const void *argument)
{
	const struct look *look = argument;

	if (!groups_is_group(points, key))
		return false;
	for (size_t i = 1; i < look->chosens; i++) {
		const char *one = point_value(look->chosen[0], key),
			   *other = point_value(look->chosen[i], key);

		if (!one != !other || (one && strcmp(one, other) != 0))
			return true;
	}
	return false;
}

static bool same(const struct points *points, const char *key, const void *argument)
{
	return groups_is_group(points, key) && !differs(points, key, argument);
}

/* The combinations that were chosen: the series, and the settings in which they differ. */
static size_t chosen_panels(const struct points *points, const struct look *look,
			    struct panel *panels)
{
	size_t count = 0;
	char series[256], settings[256], name[520];

	for (size_t i = 0; i < look->chosens && count < PANELS_MAX; i++) {
		groups_series(points, look->chosen[i], NULL, series, sizeof series);
		groups_values(points, look->chosen[i], differs, look, ", ", true, settings,
			      sizeof settings);
		snprintf(name, sizeof name, "%s%s%s", series, *settings ? ", " : "", settings);
		panels[count++] = (struct panel){ .name = xstrdup(name), .point = look->chosen[i] };
	}
	return count;
}

static size_t collect_panels(const struct drawing *drawing, const struct groups *groups,
			     struct panel *panels)
{
	size_t group = group_to_show(groups);
	size_t count = 0;

	if (drawing->look && drawing->look->chosens)
		return chosen_panels(drawing->points, drawing->look, panels);
	for (size_t s = 0; s < groups->serieses && count < PANELS_MAX; s++) {
		const struct cell *cell = groups_cell(groups, s, group);

		if (cell)
			panels[count++] = (struct panel){ .name = xstrdup(groups->series[s]),
							  .point = cell->point[0] };
	}
	return count;
}

/* ---- places --------------------------------------------------------------------------------- */

/* The rows of all panels, each below the name of its own. */
struct sheet {
	struct page page;
	double row; /* height of a row in pixels */
	size_t rows; /* names of panels among them */
	char **name; /* of lines; NULL: the row is the name of a panel */
	size_t *changes;
};

static size_t rows_of(const struct panel *panels, size_t count)
{
	size_t rows = 0;

	for (size_t p = 0; p < count; p++)
		rows += 1 + (panels[p].shown ? panels[p].shown : 1);
	return rows;
}

/* Data and hovers have the names whole. */
static void write_lines(struct drawing *drawing, struct sheet *sheet, const struct panel *panels,
			size_t count, struct span span)
{
	size_t at = 0;

	sheet->rows = rows_of(panels, count);
	sheet->name = xalloc((sheet->rows + 1) * sizeof *sheet->name);
	sheet->changes = xalloc((sheet->rows + 1) * sizeof *sheet->changes);
	for (size_t p = 0; p < count; p++) {
		const struct panel *panel = &panels[p];

		sheet->name[at++] = NULL;
		for (size_t i = 0; i < panel->shown; i++, at++) {
			sheet->name[at] = line_name(panel, i);
			sheet->changes[at] = panel->row[i].changes;
			write_spells(drawing->data, panel->point->result, panel->row[i].line, at,
				     span, sheet->name[at]);
		}
		if (!panel->shown)
			sheet->name[at++] = xstrdup("no line changes hands");
	}
}

static double row_y(const struct sheet *sheet, size_t at)
{
	return sheet->page.top + ((double)at + 0.5) * sheet->row;
}

static void write_names(struct sheet *sheet, const struct panel *panels)
{
	enum { NAME_PIXELS = 280 };
	struct page *page = &sheet->page;
	double size = fmin(page->letters.text, 0.8 * sheet->row), widest = 0;
	colour ink = look_tone(page->look, TONE_INK), second = look_tone(page->look, TONE_SECOND);
	char **name = xalloc((sheet->rows + 1) * sizeof *name), **shown, number[24];
	size_t panel = 0;

	for (size_t i = 0; i < sheet->rows; i++)
		name[i] = sheet->name[i] ? sheet->name[i] : "";
	shown = width_names(name, sheet->rows, size, NAME_PIXELS);
	for (size_t i = 0; i < sheet->rows; i++)
		widest = fmax(widest, width_of(shown[i], size, false));
	page->left = PAGE_MARGIN + widest + 12;
	page->right -= width_of("changes", page->letters.small, false) + 4;
	for (size_t i = 0; i < sheet->rows; i++) {
		double y = row_y(sheet, i);

		if (sheet->name[i]) {
			page_text(page, shown[i], page->left - 8, y, "right", size, ink, false);
		} else {
			char **one = width_names(&(char *){ panels[panel++].name }, 1, size,
						 page->width - 4 * PAGE_MARGIN);

			page_text(page, one[0], PAGE_MARGIN, y, "left", size, second, false);
			free(one[0]);
			free(one);
		}
		if (sheet->changes[i]) {
			snprintf(number, sizeof number, "%zu", sheet->changes[i]);
			page_text(page, number, page->right + 8, y, "left", size, ink, false);
		}
		free(shown[i]);
	}
	page_text(page, "changes", page->right + 4, row_y(sheet, 0), "left", page->letters.small,
		  second, false);
	free(shown);
	free(name);
}

/* CPUs by colour, or by a scale where they are many. */
static void write_cpus(struct sheet *sheet, uint64_t cpus)
{
	struct entry entry[CPUS_IN_KEY];
	char name[CPUS_IN_KEY][16];
	struct page *page = &sheet->page;

	fprintf(page->head, "cpus = %" PRIu64 "\n", cpus);
	if (cpus > CPUS_IN_KEY) {
		fprintf(page->head, "scale_y = %.9g\n", 1 - (page->top + 12) / page->height);
		page_text(page, "CPU", PAGE_MARGIN, page->top + 8, "left", page->letters.text,
			  look_tone(page->look, TONE_INK), false);
		page->top += 46;
		return;
	}
	for (size_t i = 0; i < cpus; i++) {
		snprintf(name[i], sizeof name[i], "CPU %zu", i);
		entry[i] = (struct entry){ name[i], false };
	}
	page_key(page, entry, cpus);
}

/* The axis of time: in thousands or millions of cycles where they are so many. */
static void write_time(struct sheet *sheet, struct span span)
{
	double from = (double)span.from / UNITS, until = (double)span.until / UNITS;
	double scale = until >= 2e6 ? 1e6 : until >= 2e4 ? 1e3 : 1;
	struct page *page = &sheet->page;
	char what[100];

	snprintf(what, sizeof what, "%scycles since the measured window opened",
		 scale == 1e6   ? "million "
		 : scale == 1e3 ? "thousand "
				: "");
	page->bottom = page->height - PAGE_FOOT;
	page->bottom -= page_what(page, what, page->bottom) + 1.4 * page->letters.text + 14;
	sheet->row = fmin(34, (page->bottom - page->top) / (double)sheet->rows);
	fprintf(page->head, "scale = %.9g\nset xrange [%.12g:%.12g] noextend\n", scale,
		from / scale, until / scale);
}

static void write_sheet(struct drawing *drawing, struct sheet *sheet, const struct panel *panels,
			struct span span, uint64_t cpus)
{
	char **name = xalloc((sheet->rows + 1) * sizeof *name);
	struct page *page = &sheet->page;

	page_open(page, drawing);
	write_cpus(sheet, cpus);
	write_time(sheet, span);
	write_names(sheet, panels);
	for (size_t i = 0; i < sheet->rows; i++)
		name[i] = sheet->name[i] ? sheet->name[i] : "";
	page_texts(page->head, "Lines", name, sheet->rows);
	fprintf(page->head, "set yrange [%.9g:0] noextend\n",
		(page->bottom - page->top) / sheet->row);
	page_close(page);
	free(name);
}

static void sheet_free(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->rows; i++)
		free(sheet->name[i]);
	free(sheet->name);
	free(sheet->changes);
}

/* ---- texts ---------------------------------------------------------------------------------- */

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
	static const struct look usual;
	const struct look *look = drawing->look ? drawing->look : &usual;
	const struct point *point[PANELS_MAX];
	char settings[256], shown[4 * SETTINGS_SHOWN + 8], machine[300];

	for (size_t p = 0; p < count; p++)
		point[p] = panels[p].point;
	heat_title(drawing, panels, count, span);
	groups_values(drawing->points, point[0], same, look, ", ", true, settings, sizeof settings);
	figure_machine(point, count, machine, sizeof machine);
	snprintf(
		drawing->subtitle, sizeof drawing->subtitle,
		"Which CPU wrote each line last; the lines that change hands most; %s%sseed %" PRIu64
		"; %s%s",
		text_short(settings, SETTINGS_SHOWN, shown, sizeof shown), *settings ? "; " : "",
		point[0]->seed, machine,
		look->chosens > PANELS_MAX ? "; four of the combinations that were chosen" : "");
}

bool heat_write(struct drawing *drawing, const struct figure *figure)
{
	(void)figure;
	struct groups *groups = groups_of(drawing->points, NULL);
	struct panel panels[PANELS_MAX];
	struct sheet sheet = { 0 };
	size_t count = collect_panels(drawing, groups, panels), rows = 0;
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
		write_lines(drawing, &sheet, panels, count, span);
		heat_texts(drawing, panels, count, span);
		write_sheet(drawing, &sheet, panels, span, cpus);
	} else {
		snprintf(drawing->why, sizeof drawing->why, "no line changes hands");
	}
	for (size_t p = 0; p < count; p++) {
		free(panels[p].row);
		free(panels[p].name);
	}
	sheet_free(&sheet);
	groups_free(groups);
	return rows > 0;
}
