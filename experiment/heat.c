/*
 * The figure of holders: which CPU may write which line when, from the start of the window to the
 * time at which the busiest allocator has made enough changes to see.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/figures.h"
#include "sim/xalloc.h"

enum {
	UNITS = 64,
	CHANGES_SHOWN = 240,    /* of the busiest panel: more would be a blur */
	PANELS_MAX = 4,
	ROWS_MAX = 16,          /* of all panels together */
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
	size_t rows, shown;             /* rows of all lines; shown in the figure */
	size_t changes, own;            /* of all lines, of the allocator's */
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

/* CPU that holds the line before entry `at`; false: nobody is known to. */
static bool holder_before(const struct result *result, size_t at, unsigned *cpu)
{
	for (size_t i = at; i-- > 0;)
		if (result->holder[i].line == result->holder[at].line) {
			*cpu = result->holder[i].cpu;
			return true;
		}
	return false;
}

static bool changes_hands(const struct result *result, size_t at)
{
	unsigned before;

	return holder_before(result, at, &before) && before != result->holder[at].cpu;
}

/* Time by which enough lines have changed hands. */
static uint64_t enough_until(const struct result *result)
{
	size_t changes = 0;

	for (size_t i = 0; i < result->holders; i++) {
		changes += changes_hands(result, i);
		if (changes == CHANGES_SHOWN)
			return result->holder[i].start_units + 1;
	}
	return recorded_until(result);
}

/* Two digits are enough for a title and an axis. */
static uint64_t round_down(uint64_t units)
{
	uint64_t cycles = units / UNITS, digit = 1;

	while (cycles / digit >= 100)
		digit *= 10;
	return cycles ? cycles / digit * digit * UNITS : units;
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

static void count_rows(struct panel *panel, uint64_t until)
{
	const struct result *result = panel->point->result;

	panel->row = xalloc((result->holders + 1) * sizeof *panel->row);
	for (size_t i = 0; i < result->holders && result->holder[i].start_units < until; i++) {
		struct row *row = find_row(panel, result->holder[i].line);

		if (!row) {
			row = &panel->row[panel->rows++];
			*row = (struct row){ .line = result->holder[i].line };
		}
		if (!changes_hands(result, i))
			continue;
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

static void spell(FILE *out, size_t at, uint64_t from, uint64_t to, unsigned cpu, const char *name)
{
	fprintf(out, "%zu,%.9g,%.9g,%u,", at, (double)from / UNITS, (double)to / UNITS, cpu);
	figure_csv_text(out, name);
	putc('\n', out);
}

/* The spells of one line, those of one CPU in a row joined. */
static void write_row(FILE *out, const struct result *result, uint64_t line, size_t at,
		      uint64_t until)
{
	const struct holder *since = NULL;
	char name[96];

	line_name(result, line, name, sizeof name);
	for (size_t i = 0; i < result->holders && result->holder[i].start_units < until; i++) {
		const struct holder *holder = &result->holder[i];

		if (holder->line != line || (since && since->cpu == holder->cpu))
			continue;
		if (since)
			spell(out, at, since->start_units, holder->start_units, since->cpu, name);
		since = holder;
	}
	if (since)
		spell(out, at, since->start_units, until, since->cpu, name);
}

/* The first group in which lines change hands, of 1, 2, 4 CPUs for example that of 2. */
static size_t group_to_show(const struct groups *groups)
{
	for (size_t g = 0; g < groups->groups; g++)
		for (size_t s = 0; s < groups->serieses; s++) {
			const struct cell *cell = groups_cell(groups, s, g);
			const struct result *result = cell ? cell->point[0]->result : NULL;

			for (size_t i = 0; result && i < result->holders; i++)
				if (changes_hands(result, i))
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

/* Rows of all panels from the top, a free one between panels; names and counts for the script. */
static void write_panels(struct drawing *drawing, struct panel *panels, size_t count,
			 uint64_t until)
{
	FILE *head = drawing->head;
	size_t at = 0;
	char name[96];

	for (size_t p = 0; p < count; p++) {
		fprintf(head, "set label %zu ", 200 + p);
		gnuplot_string(head, panels[p].name);
		fprintf(head, " at screen 0.02, first %zu left font ':Bold,11' noenhanced\n", at);
		for (size_t i = 0; i < panels[p].shown; i++, at++) {
			const struct row *row = &panels[p].row[i];

			line_name(panels[p].point->result, row->line, name, sizeof name);
			fputs("set ytics add (", head);
			gnuplot_string(head, name);
			fprintf(head, " %zu)\n", at);
			fprintf(head,
				"set label %zu \"%zu\" at graph 1.01, first %zu left font ',10'\n",
				300 + at, row->changes, at);
			write_row(drawing->data, panels[p].point->result, row->line, at, until);
		}
		if (!panels[p].shown)
			fprintf(head, "set ytics add (\"no line is taken\" %zu)\n", at++);
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
		       uint64_t until)
{
	char *title = drawing->title;
	size_t size = sizeof drawing->title;
	uint64_t thousands = until / UNITS / 1000, rest = until / UNITS % 1000;
	bool own = know_allocators(panels, count);
	int used = thousands < 10 ? snprintf(title, size, "In %" PRIu64 " cycles", until / UNITS)
				  : snprintf(title, size, "In %" PRIu64 " %03" PRIu64 " cycles",
					     thousands, rest);

	used += snprintf(title + used, size - (size_t)used, " %s change hands",
			 own ? "the allocator's lines" : "lines");
	for (size_t p = 0; p < count && (size_t)used < size; p++) {
		size_t changes = own ? panels[p].own : panels[p].changes;

		used += snprintf(title + used, size - (size_t)used, "%s %zu %s under %s",
				 p ? "," : "", changes, changes == 1 ? "time" : "times",
				 panels[p].name);
	}
}

bool heat_write(struct drawing *drawing, const struct figure *figure)
{
	(void)figure;
	struct groups *groups = groups_of(drawing->points, NULL);
	struct panel panels[PANELS_MAX];
	size_t count = collect_panels(groups, panels), rows = 0;
	uint64_t until = UINT64_MAX, cpus = 1;
	char settings[256];

	for (size_t p = 0; p < count; p++) {
		uint64_t enough = enough_until(panels[p].point->result);

		until = enough < until ? enough : until;
		cpus = panels[p].point->cpus > cpus ? panels[p].point->cpus : cpus;
	}
	until = round_down(until);
	for (size_t p = 0; p < count; p++) {
		count_rows(&panels[p], until);
		panels[p].shown =
			panels[p].rows < ROWS_MAX / count ? panels[p].rows : ROWS_MAX / count;
		rows += panels[p].rows;
	}
	drawing->script = "heat";
	fputs("row,from,to,cpu,line\n", drawing->data);
	if (rows) {
		figure_groups(drawing->head, groups);
		fprintf(drawing->head, "cpus = %" PRIu64 "\nuntil = %.9g\nset ytics ()\n", cpus,
			(double)until / UNITS);
		write_panels(drawing, panels, count, until);
		heat_title(drawing, panels, count, until);
		groups_settings(drawing->points, panels[0].point, settings, sizeof settings);
		snprintf(drawing->xlabel, sizeof drawing->xlabel,
			 "cycles since the measured window opened");
		snprintf(
			drawing->subtitle, sizeof drawing->subtitle,
			"Which CPU may write each line; the lines that change hands most; %s%sseed %" PRIu64
			"; %" PRIu64 " CPUs of %s",
			settings, *settings ? "; " : "", panels[0].point->seed,
			panels[0].point->cpus, panels[0].point->machine);
	} else {
		snprintf(drawing->why, sizeof drawing->why, "no CPU took a line for writing");
	}
	for (size_t p = 0; p < count; p++)
		free(panels[p].row);
	groups_free(groups);
	return rows > 0;
}
