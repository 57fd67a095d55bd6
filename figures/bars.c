/*
 * Figures of stacked bars: their rows in the CSV, their places on the page, the title.
 */
#include "figures/bars.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/measures.h"
#include "experiment/text.h"
#include "figures/figures.h"
#include "figures/page.h"
#include "figures/width.h"
#include "sim/verbs/xalloc.h"

/* ---- values ------------------------------------------------------------------------------------ */

struct part_of {
	const struct stack *stack;
	unsigned first, count;
};

static double parts_sum(const struct point *point, const void *argument)
{
	const struct part_of *of = argument;
	double sum = 0;

	for (unsigned i = 0; i < of->count; i++)
		sum += of->stack->bars->value(point, of->first + i, of->stack);
	return sum;
}

/* One figure of bars while it is made: its cells in the order of the axis. */
struct bar {
	const struct cell *cell;
	struct interval drawn;          /* how high it is: all parts, or those the title speaks of */
	double all;                     /* parts together */
	double spot;
	char above[2][48]; /* the number above it, in one line or two */
	char upright[100]; /* the same in one */
};

struct chart {
	struct drawing *drawing;
	const struct groups *groups;
	const struct bars *bars;
	struct stack stack;
	struct bar *bar;
	size_t count;
	bool logarithmic;
	struct page page;
};

static double part_mean(const struct chart *chart, const struct cell *cell, unsigned part)
{
	return cell_interval(cell, parts_sum, &(struct part_of){ &chart->stack, part, 1 }).mean;
}

static const char *part_name(const struct bars *bars, unsigned part)
{
	return bars->part[part] ? bars->part[part] : cause_names[part];
}

static bool find_parts(const struct bars *bars, const struct points *points, struct stack *stack)
{
	*stack = (struct stack){ .bars = bars };
	if (bars->find)
		return bars->find(points, stack);
	stack->parts = bars->parts;
	for (unsigned i = 0; i < bars->parts; i++) {
		stack->name[i] = xstrdup(part_name(bars, i));
		stack->column[i] = xstrdup(bars->column[i] ? bars->column[i] : cause_names[i]);
	}
	return true;
}

static void free_parts(struct stack *stack)
{
	for (unsigned i = 0; i < stack->parts; i++) {
		free(stack->name[i]);
		free(stack->column[i]);
	}
	free(stack->claimed);
}

/* ---- the data ---------------------------------------------------------------------------------- */

static void write_row(const struct chart *chart, const struct bar *bar)
{
	FILE *data = chart->drawing->data;
	const struct cell *cell = bar->cell;

	fprintf(data, "%zu,%zu,", cell->group, cell->series);
	text_gnuplot_field(data, chart->groups->group[cell->group]);
	putc(',', data);
	text_gnuplot_field(data, chart->groups->series[cell->series]);
	fprintf(data, ",%zu", bar->drawn.count);
	for (unsigned i = 0; i < chart->stack.parts; i++)
		fprintf(data, ",%.9g", part_mean(chart, cell, i));
	figure_interval(data, &bar->drawn);
}

#define PLAIN "abcdefghijklmnopqrstuvwxyz_"

static void write_data(const struct chart *chart)
{
	FILE *data = chart->drawing->data;

	fputs("group,series,label,name,seeds", data);
	for (unsigned i = 0; i < chart->stack.parts; i++) {
		const char *column = chart->stack.column[i];

		putc(',', data);
		if (column[strspn(column, PLAIN)])
			text_gnuplot_field(data, column);
		else
			fputs(column, data);
	}
	fputs(",mean,low,high,states\n", data);
	for (size_t i = 0; i < chart->count; i++)
		write_row(chart, &chart->bar[i]);
}

/* ---- places ------------------------------------------------------------------------------------ */

static int by_place(const void *one, const void *other)
{
	const struct cell *a = ((const struct bar *)one)->cell,
			  *b = ((const struct bar *)other)->cell;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->series < b->series ? -1 : a->series > b->series;
}

/* The least of what is not zero, and the most. */
static void range_of(const struct chart *chart, double *least, double *most)
{
	*least = INFINITY;
	*most = 0;
	for (size_t i = 0; i < chart->count; i++) {
		const struct interval *drawn = &chart->bar[i].drawn;

		if (drawn->mean > 0)
			*least = fmin(*least, drawn->mean);
		*most = fmax(*most, fmax(drawn->mean,
					 interval_two_states(drawn) ? drawn->states.high : drawn->high));
	}
}

/* Of that many parts. */
static void draw_parts(struct chart *chart, unsigned parts)
{
	struct part_of of = { &chart->stack, 0, parts };

	for (size_t i = 0; i < chart->count; i++)
		chart->bar[i].drawn = cell_interval(chart->bar[i].cell, parts_sum, &of);
}

/*
 * A stack on a logarithmic axis would lie. Where what the title speaks of spans decades, bars are that
 * alone; otherwise they are stacked from 0.
 */
static void choose_axis(struct chart *chart)
{
	enum { TWO_DECADES = 100 };
	double least, most;

	if (!chart->bars->by_part) {
		draw_parts(chart, chart->bars->claimed_parts);
		range_of(chart, &least, &most);
		chart->logarithmic = least < INFINITY && most / least >= TWO_DECADES;
	}
	if (!chart->logarithmic)
		draw_parts(chart, chart->stack.parts);
}

static void collect(struct chart *chart)
{
	const struct groups *groups = chart->groups;
	struct part_of all = { &chart->stack, 0, chart->stack.parts };

	chart->bar = xalloc((groups->cells + 1) * sizeof *chart->bar);
	for (size_t i = 0; i < groups->cells; i++) {
		struct bar *bar = &chart->bar[chart->count];

		bar->cell = &groups->cell[i];
		bar->all = cell_interval(bar->cell, parts_sum, &all).mean;
		chart->count += !isnan(bar->all);
	}
	qsort(chart->bar, chart->count, sizeof *chart->bar, by_place);
	choose_axis(chart);
}

/* The value that a cell has of the level-th key that tells groups apart. */
static const char *level_text(const struct chart *chart, const struct bar *bar, size_t level)
{
	const struct points *points = chart->drawing->points;

	for (size_t i = 0; i < points->swepts; i++) {
		if (!groups_is_group(points, points->swept[i]) || level--)
			continue;

		const char *value = point_value(bar->cell->point[0], points->swept[i]);

		return value ? value : "";
	}
	return chart->groups->series[bar->cell->series];
}

static size_t group_levels(const struct points *points)
{
	size_t count = 0;

	for (size_t i = 0; i < points->swepts; i++)
		count += groups_is_group(points, points->swept[i]);
	return count;
}

/* Bars that stand apart: a wider gap for each row further out that changes between them. */
static void place(struct chart *chart, struct rows *rows)
{
	enum { FEW = 6 };
	double at = 0;

	rows->spot = xalloc((chart->count + 1) * sizeof *rows->spot);
	for (size_t i = 0; i < chart->count; i++) {
		for (size_t level = 0; i && level + 1 < rows->levels; level++)
			if (strcmp(rows->text[level][i], rows->text[level][i - 1]) != 0) {
				at += 0.55 + 0.35 * (double)(rows->levels - 2 - level);
				break;
			}
		rows->spot[i] = chart->bar[i].spot = at;
		at += 1;
	}
	rows->slots = chart->count;

	/* a few bars are no walls */
	double width = at - 1, room = width + 1 < FEW ? (FEW - width - 1) / 2 : 0;

	rows->from = -0.75 - room;
	rows->until = width + 0.75 + room;
}

/* Rows of the axis: the keys, and the series where they are many: colours tell them apart, or do not. */
static void level_rows(struct chart *chart, struct rows *rows)
{
	size_t keys = group_levels(chart->drawing->points);

	rows->levels = keys + 1;
	rows->text = xalloc(rows->levels * sizeof *rows->text);
	for (size_t level = 0; level < rows->levels; level++) {
		rows->text[level] = xalloc((chart->count + 1) * sizeof **rows->text);
		for (size_t i = 0; i < chart->count; i++)
			rows->text[level][i] = level_text(chart, &chart->bar[i], level);
	}
	/* that row is there to set bars apart, but not drawn where colours say the same */
	if (!chart->bars->by_part || chart->groups->serieses == 1)
		for (size_t i = 0; i < chart->count && chart->groups->serieses > 1; i++)
			rows->text[keys][i] = "";
	if (chart->groups->serieses == 1 && keys) {
		free(rows->text[keys]);
		rows->levels = keys;
	}
	place(chart, rows);
}

static void free_rows(struct rows *rows)
{
	for (size_t level = 0; level < rows->levels; level++)
		free(rows->text[level]);
	free(rows->text);
	free(rows->spot);
}

/* What the colours or the first row tell apart. */
static const char *series_what(const struct points *points)
{
	for (size_t i = 0; i < points->swepts; i++)
		if (groups_is_series(points, points->swept[i]))
			return groups_compares_allocators(points) ? "allocator" : points->swept[i];
	return "";
}

/* "rows from the top: workload.batch, sheaves-all.max_full" */
static void what_rows(const struct chart *chart, char *buf, size_t size)
{
	const struct points *points = chart->drawing->points;
	size_t keys = group_levels(points), used = 0;
	bool series = chart->bars->by_part && chart->groups->serieses > 1;

	*buf = '\0';
	if (keys + series > 1)
		used += (size_t)snprintf(buf, size, "rows from the top: ");
	if (series && keys)
		used += (size_t)snprintf(buf + used, size - used, "%s, ", series_what(points));
	for (size_t i = points->swepts; i-- > 0 && used < size;) {
		char key[160];

		if (groups_is_group(points, points->swept[i]))
			used += (size_t)snprintf(
				buf + used, size - used, "%s%s",
				groups_key_unit(points, points->swept[i], key, sizeof key),
				--keys ? ", " : "");
	}
}

/* ---- numbers above bars -------------------------------------------------------------------------- */

static const char *number(double value, char *buf, size_t size)
{
	snprintf(buf, size, fabs(value) < 999.5 ? "%.3g" : "%.0f", value);
	return buf;
}

/* "2.22", or, where the title speaks of a part, "0.865 of 2.22"; of two states both. */
static void number_bar(const struct chart *chart, struct bar *bar)
{
	const struct bars *bars = chart->bars;
	char a[40], b[40];

	if (interval_two_states(&bar->drawn)) {
		snprintf(bar->above[0], sizeof bar->above[0], "%s or",
			 number(bar->drawn.states.low, a, sizeof a));
		snprintf(bar->above[1], sizeof bar->above[1], "%s",
			 number(bar->drawn.states.high, b, sizeof b));
		snprintf(bar->upright, sizeof bar->upright, "%s or %s", a, b);
		return;
	}
	number(bar->all, b, sizeof b);
	if (bars->shares) {
		return;
	} else if (bars->claimed || bars->claimed_parts >= chart->stack.parts) {
		snprintf(bar->above[1], sizeof bar->above[1], "%s", b);
		snprintf(bar->upright, sizeof bar->upright, "%s", b);
	} else {
		struct part_of claimed = { &chart->stack, 0, bars->claimed_parts };

		number(cell_interval(bar->cell, parts_sum, &claimed).mean, a, sizeof a);
		snprintf(bar->above[0], sizeof bar->above[0], "%s", a);
		snprintf(bar->above[1], sizeof bar->above[1], "of %s", b);
		snprintf(bar->upright, sizeof bar->upright, "%s of %s", a, b);
	}
}

/* Numbers side by side if they fit, else upright, else none: hovers tell them. */
struct numbers {
	double size, headroom;
	size_t lines;
	bool upright;
};

static struct numbers numbers_of(const struct chart *chart, double pitch)
{
	const struct letters *letters = &chart->page.letters;
	struct numbers numbers = { .size = letters->small };
	double widest = 0, longest = 0;

	for (size_t i = 0; i < chart->count; i++) {
		const struct bar *bar = &chart->bar[i];

		for (int line = 0; line < 2; line++)
			widest = fmax(widest, width_of(bar->above[line], numbers.size, false));
		longest = fmax(longest, width_of(bar->upright, numbers.size, false));
		numbers.lines = *bar->above[0]   ? 2
				: numbers.lines  ? numbers.lines
				: *bar->above[1] ? 1
						 : 0;
	}
	if (!numbers.lines) {
		numbers.headroom = 8;
	} else if (widest + 6 <= pitch) {
		numbers.headroom = 1.3 * numbers.size * (double)numbers.lines + 10;
	} else if (1.2 * numbers.size <= pitch) {
		numbers.upright = true;
		numbers.headroom = longest + 18;
	} else {
		numbers.lines = 0;
		numbers.headroom = 8;
	}
	return numbers;
}

/* A bar that has no place on its axis. */
static bool is_none(const struct chart *chart, const struct bar *bar)
{
	return chart->logarithmic && bar->drawn.mean <= 0;
}

/* Where numbers have no room, a bar that cannot be drawn has its "0" if that has. */
static void write_numbers(const struct chart *chart, const struct numbers *numbers, double pitch)
{
	FILE *head = chart->page.head;
	char **text = xalloc((chart->count + 1) * sizeof *text);
	bool narrow = width_of("0", numbers->size, false) > pitch;

	for (int line = 0; line < 2; line++) {
		static const char *const names[] = { "Upper", "Lower" };

		for (size_t i = 0; i < chart->count; i++) {
			struct bar *bar = &chart->bar[i];

			text[i] = !numbers->lines     ? line && !narrow && is_none(chart, bar) ? "0" : ""
				  : !numbers->upright ? bar->above[line]
				  : line              ? bar->upright
						      : "";
		}
		page_texts(head, names[line], text, chart->count);
	}
	fprintf(head, "upright = %d\n", numbers->upright);
	free(text);
}

/* ---- the script's head ---------------------------------------------------------------------------- */

static colour part_colour(const struct chart *chart, unsigned part)
{
	const struct look *look = chart->page.look;

	if (!chart->bars->by_part)
		return look_paler(look, look_tone(look, TONE_SECOND), part, chart->stack.parts);
	if (!chart->bars->find)
		return look_cause(look, part);

	/* the rest in greys */
	unsigned named = chart->stack.parts - chart->stack.rest;

	return part < named ? look_part(look, part)
			    : look_paler(look, look_tone(look, TONE_PALE), part - named + 1, 4);
}

/* One entry per series, then one per part that some bar has. */
static void write_key(struct chart *chart)
{
	size_t most = chart->groups->serieses + PARTS_MAX, count = 0;
	size_t series = chart->bars->by_part ? 0 : chart->groups->serieses;
	struct entry *entry = xalloc(most * sizeof *entry);
	double *of_series = xalloc(most * sizeof *of_series),
	       *of_part = xalloc(most * sizeof *of_part);
	colour *fill = xalloc(most * sizeof *fill);
	FILE *head = chart->page.head;

	for (size_t s = 0; s < series; s++, count++) {
		entry[count] = (struct entry){ chart->groups->series[s], false };
		fill[count] = figure_colour(chart->page.look, chart->groups, s);
		of_series[count] = (double)s + 1;
	}
	for (unsigned p = 0; p < chart->stack.parts; p++) {
		bool some = false;

		for (size_t i = 0; i < chart->count; i++)
			some |= part_mean(chart, chart->bar[i].cell, p) > 0;
		if (!some || (chart->stack.parts == 1 && series) || chart->logarithmic)
			continue;
		entry[count] = (struct entry){ chart->stack.name[p], count == series };
		fill[count] = part_colour(chart, p);
		of_part[count++] = p + 1;
	}
	page_key(&chart->page, entry, count);
	fprintf(head, "keys = %zu\n", count);
	page_numbers(head, "KeySeries", of_series, count);
	page_numbers(head, "KeyPart", of_part, count);
	page_colours(head, "KeyFill", fill, count);
	free(entry);
	free(of_series);
	free(of_part);
	free(fill);
}

/* Fill[(part - 1) * series + s]: of all parts of all series; On[]: of letters on them. */
static void write_colours(struct chart *chart)
{
	const struct groups *groups = chart->groups;
	const struct look *look = chart->page.look;
	size_t all = groups->serieses * chart->stack.parts;
	colour *fill = xalloc((all + 1) * sizeof *fill), on[PARTS_MAX];

	for (unsigned p = 0; p < chart->stack.parts; p++) {
		colour part = part_colour(chart, p);

		on[p] = look_on(part);
		for (size_t s = 0; s < groups->serieses; s++)
			fill[p * groups->serieses + s] =
				chart->bars->by_part
					? part
					: look_paler(look, figure_colour(look, groups, s), p,
						     chart->stack.parts);
	}
	page_colours(chart->page.head, "Fill", fill, all);
	page_colours(chart->page.head, "On", on, chart->stack.parts);
	free(fill);
}

static bool every(const struct points *points, const char *key, const void *argument)
{
	(void)points;
	(void)key;
	(void)argument;
	return true;
}

/* What is known of a bar by its settings: the first line of its hover. */
static void write_tips(const struct chart *chart)
{
	char **text = xalloc((chart->count + 1) * sizeof *text), buf[1024];

	for (size_t i = 0; i < chart->count; i++) {
		const struct cell *cell = chart->bar[i].cell;

		groups_values(chart->drawing->points, cell->point[0], every, NULL, ", ", true, buf,
			      sizeof buf);
		text[i] = xstrdup(*buf ? buf : chart->groups->series[cell->series]);
	}
	page_texts(chart->page.head, "Tip", text, chart->count);
	for (size_t i = 0; i < chart->count; i++)
		free(text[i]);
	free(text);
}

static void write_head(struct chart *chart)
{
	FILE *head = chart->page.head;
	struct rows rows = { 0 };
	char what[1024];
	double least, most;

	range_of(chart, &least, &most);
	if (chart->bars->shares)
		least = most = 100;
	fprintf(head, "series = %zu\nparts = %u\ncolumns = %u\n", chart->groups->serieses,
		chart->logarithmic ? 1 : chart->stack.parts, chart->stack.parts);
	fprintf(head, "logarithmic = %d\nby_part = %d\nshares = %d\npercent = %d\nwhat = \"%s\"\n",
		chart->logarithmic, chart->bars->by_part, chart->bars->shares, chart->bars->percent,
		chart->bars->ylabel);
	page_texts(head, "Names", chart->stack.name, chart->stack.parts);
	write_colours(chart);
	write_tips(chart);
	write_key(chart);
	for (size_t i = 0; i < chart->count; i++)
		number_bar(chart, &chart->bar[i]);
	level_rows(chart, &rows);

	page_values_room(&chart->page, least, most, chart->logarithmic);

	struct numbers numbers = numbers_of(chart, page_pitch(&chart->page, &rows));

	what_rows(chart, what, sizeof what);
	rows.what = what;
	page_rows(&chart->page, &rows);
	page_values(&chart->page, chart->bars->ylabel, least, most, numbers.headroom,
		    chart->logarithmic);
	page_numbers(head, "Spot", rows.spot, rows.slots);
	write_numbers(chart, &numbers, page_pitch(&chart->page, &rows));
	fprintf(head, "pitch = %.9g\n", page_pitch(&chart->page, &rows));
	page_close(&chart->page);
	free_rows(&rows);
}

/* ---- all of it ------------------------------------------------------------------------------------ */

/* What a logarithmic axis changes; "" of others. */
static void describe_axis(const struct chart *chart, char *buf, size_t size)
{
	unsigned claimed = chart->bars->claimed_parts;
	size_t none = 0, used;

	*buf = '\0';
	if (!chart->logarithmic)
		return;
	for (size_t i = 0; i < chart->count; i++)
		none += is_none(chart, &chart->bar[i]);
	used = (size_t)snprintf(buf, size, claimed < chart->stack.parts
						   ? ", on a logarithmic axis, so the %s alone"
						   : ", on a logarithmic axis, so not split into parts",
				chart->stack.name[0]);
	if (none && used < size)
		snprintf(buf + used, size - used, "; %zu %s 0 and %s no place on it", none,
			 none == 1 ? "bar is" : "bars are", none == 1 ? "has" : "have");
}

static void texts(struct chart *chart)
{
	struct drawing *drawing = chart->drawing;
	const struct bars *bars = chart->bars;
	struct part_of claimed = { &chart->stack, 0, bars->claimed_parts };
	char axis[200], plotted[400];
	struct ends ends = { 0 };

	for (size_t i = 0; i < chart->count && !bars->shares; i++)
		ends_add(&ends, &chart->bar[i].drawn);

	describe_axis(chart, axis, sizeof axis);
	snprintf(plotted, sizeof plotted, "%s%s", bars->plotted, axis);
	claim_compare(chart->groups, bars->claimed ? bars->claimed : parts_sum, &claimed,
		      &bars->wording, chart->stack.claimed, drawing->title, sizeof drawing->title);
	figure_subtitle(drawing, chart->groups, plotted, ends);
}

static const struct bars *kind_of(const struct points *points, const struct figure *figure)
{
	const struct bars *bars = figure->what;

	return bars->turns && measure_turns(points) ? bars->turns : bars;
}

static void why_not(struct drawing *drawing, const struct bars *bars)
{
	snprintf(drawing->why, sizeof drawing->why, "%s",
		 bars->none ? bars->none : "no run completed an operation of that kind");
}

bool bars_write(struct drawing *drawing, const struct figure *figure)
{
	const struct bars *bars = kind_of(drawing->points, figure);
	struct groups *groups = groups_of(drawing->points, NULL);
	struct chart chart = { .drawing = drawing, .groups = groups, .bars = bars };
	bool drawable = find_parts(bars, drawing->points, &chart.stack);

	drawing->script = "bars";
	if (drawable)
		collect(&chart);
	drawable = drawable && chart.count;
	if (drawable) {
		write_data(&chart);
		texts(&chart);
		page_open(&chart.page, drawing);
		write_head(&chart);
	} else {
		why_not(drawing, bars);
	}
	free(chart.bar);
	free_parts(&chart.stack);
	groups_free(groups);
	return drawable;
}
