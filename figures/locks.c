/*
 * How long a lock is waited for over how long it is held: a dot for each allocator, setting and
 * lock. Colours tell allocators apart, shapes the locks; beside a dot, where there is room, stands
 * its setting.
 *
 * Waiting is per taking, those that did not wait included. Locks of a name, such as those of all
 * CPUs' lists, count together. Of the locks those four have dots that all points together wait for
 * longest; a lock that nobody waits for has none.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/text.h"
#include "figures/claims.h"
#include "figures/figures.h"
#include "figures/page.h"
#include "figures/width.h"
#include "sim/verbs/xalloc.h"

enum { UNITS = 64, NAMED = 4, NAME_BYTES = 80, SETTING_PIXELS = 260 };
/* The title has names of cells of at most that many pixels, as if it were written so large. */
enum { CELL_SIZE = 12, CELL_PIXELS = 260 };

/* ---- locks by name ------------------------------------------------------------------------------- */

/* "zone of node 1.lock" is one of "zone.lock", "page[7].private" of "page[].private". */
static const char *lock_name(const struct lock_stats *lock, char *buf)
{
	const char *from = lock->label, *node = strstr(from, " of node ");
	size_t at = 0;

	while (*from && at + 1 < NAME_BYTES) {
		if (from == node) {
			from += strlen(" of node ");
			from += strspn(from, "0123456789");
			continue;
		}
		buf[at++] = *from++;
		if (buf[at - 1] == '[')
			from += strcspn(from, "]");
	}
	buf[at] = '\0';
	return buf;
}

struct together {
	uint64_t taken, wait_units, hold_units;
};

static struct together named(const struct result *result, const char *name)
{
	struct together sum = { 0 };
	char other[NAME_BYTES];

	for (size_t i = 0; i < result->locks; i++) {
		const struct lock_stats *lock = &result->lock[i];

		if (strcmp(lock_name(lock, other), name) != 0)
			continue;
		sum.taken += lock->taken;
		sum.wait_units += lock->wait_units;
		sum.hold_units += lock->hold_units;
	}
	return sum;
}

static double wait_of(const struct point *point, const void *name)
{
	struct together sum = named(point->result, name);

	return sum.taken ? (double)sum.wait_units / (double)sum.taken / UNITS : NAN;
}

static double hold_of(const struct point *point, const void *name)
{
	struct together sum = named(point->result, name);

	return sum.taken ? (double)sum.hold_units / (double)sum.taken / UNITS : NAN;
}

/* ---- what is drawn ------------------------------------------------------------------------------- */

struct dot {
	const struct cell *cell;
	size_t lock;
	double hold;
	struct interval wait;
	double x, y;                    /* pixels */
};

struct chart {
	struct drawing *drawing;
	const struct groups *groups;
	char name[NAMED][NAME_BYTES];   /* of locks, the longest waited for first */
	double waited[NAMED];
	size_t names;
	struct dot *dot;
	size_t dots;
	double least_hold, most_hold, least_wait, most_wait;
	double from, until;             /* of the axis of holds */
	struct page page;
};

static double waited_for(const struct points *points, const char *name)
{
	double sum = 0;

	for (size_t p = 0; p < points->count; p++)
		if (points->point[p]->result->outcome == OUTCOME_DONE)
			sum += (double)named(points->point[p]->result, name).wait_units;
	return sum;
}

static bool has_name(const struct chart *chart, const char *name)
{
	for (size_t i = 0; i < chart->names; i++)
		if (!strcmp(chart->name[i], name))
			return true;
	return false;
}

/* Into its place among those that are waited for longest. */
static void add_name(struct chart *chart, const char *name, double waited)
{
	size_t at = chart->names;

	while (at > 0 && chart->waited[at - 1] < waited)
		at--;
	if (at == NAMED)
		return;
	if (chart->names < NAMED)
		chart->names++;
	for (size_t i = chart->names - 1; i > at; i--) {
		memcpy(chart->name[i], chart->name[i - 1], NAME_BYTES);
		chart->waited[i] = chart->waited[i - 1];
	}
	snprintf(chart->name[at], NAME_BYTES, "%s", name);
	chart->waited[at] = waited;
}

static void find_names(struct chart *chart)
{
	const struct points *points = chart->drawing->points;
	char name[NAME_BYTES];

	for (size_t p = 0; p < points->count; p++) {
		const struct result *result = points->point[p]->result;

		for (size_t i = 0; i < result->locks; i++) {
			double waited;

			if (!result->lock[i].wait_units || has_name(chart, lock_name(&result->lock[i], name)))
				continue;
			waited = waited_for(points, name);
			if (waited > 0)
				add_name(chart, name, waited);
		}
	}
}

static void find_dots(struct chart *chart)
{
	const struct groups *groups = chart->groups;

	chart->dot = xalloc((groups->cells * NAMED + 1) * sizeof *chart->dot);
	for (size_t i = 0; i < groups->cells; i++) {
		for (size_t lock = 0; lock < chart->names; lock++) {
			const struct cell *cell = &groups->cell[i];
			struct dot dot = { .cell = cell, .lock = lock };

			dot.wait = cell_interval(cell, wait_of, chart->name[lock]);
			dot.hold = cell_interval(cell, hold_of, chart->name[lock]).mean;
			if (!(dot.wait.mean > 0) || !(dot.hold > 0))
				continue;
			chart->least_hold = fmin(chart->least_hold, dot.hold);
			chart->most_hold = fmax(chart->most_hold, dot.hold);
			chart->least_wait = fmin(chart->least_wait,
						 dot.wait.low > 0 ? dot.wait.low : dot.wait.mean);
			chart->most_wait = fmax(chart->most_wait, fmax(dot.wait.high, dot.wait.mean));
			chart->dot[chart->dots++] = dot;
		}
	}
}

static void write_data(const struct chart *chart)
{
	FILE *data = chart->drawing->data;

	fputs("dot,series,settings,lock,seeds,hold,wait,low,high,states\n", data);
	for (size_t i = 0; i < chart->dots; i++) {
		const struct dot *dot = &chart->dot[i];

		fprintf(data, "%zu,", i);
		text_gnuplot_field(data, chart->groups->series[dot->cell->series]);
		fputc(',', data);
		text_gnuplot_field(data, chart->groups->group[dot->cell->group]);
		fputc(',', data);
		text_gnuplot_field(data, chart->name[dot->lock]);
		fprintf(data, ",%zu,%.9g", dot->wait.count, dot->hold);
		figure_interval(data, &dot->wait);
	}
}

/* ---- texts --------------------------------------------------------------------------------------- */

/* "pcp (16, 7)" */
static const char *cell_name(const struct chart *chart, const struct cell *cell, char *buf, size_t size)
{
	const char *series = chart->groups->series[cell->series];
	const char *group = chart->groups->group[cell->group];

	snprintf(buf, size, *group ? "%s (%s)" : "%s%s", series, group);
	return buf;
}

/* Three digits, written out. */
static double three_digits(double value)
{
	double unit = pow(10, floor(log10(value)) - 2);

	return round(value / unit) * unit;
}

/* "zone.lock, held for 5000 cycles, is waited for 9000 with pcp (16, 7); held for 300, 30 with pcp (1, 7)",
 * of the first lock. */
static void title(struct chart *chart)
{
	const struct dot *least = NULL, *most = NULL;
	char name[2][600], *both[] = { name[0], name[1] }, **shown;

	for (size_t i = 0; i < chart->dots; i++) {
		const struct dot *dot = &chart->dot[i];

		if (dot->lock != 0)
			continue;
		least = !least || dot->wait.mean < least->wait.mean ? dot : least;
		most = !most || dot->wait.mean > most->wait.mean ? dot : most;
	}
	if (!most)
		return;
	cell_name(chart, most->cell, name[0], sizeof name[0]);
	cell_name(chart, least->cell, name[1], sizeof name[1]);
	shown = width_names(both, 2, CELL_SIZE, CELL_PIXELS);
	if (most == least)
		snprintf(chart->drawing->title, sizeof chart->drawing->title,
			 "%s, held for %.10g cycles, is waited for %.10g with %s", chart->name[0],
			 three_digits(most->hold), three_digits(most->wait.mean), shown[0]);
	else
		snprintf(chart->drawing->title, sizeof chart->drawing->title,
			 "%s, held for %.10g cycles, is waited for %.10g with %s; held for %.10g, %.10g with %s",
			 chart->name[0], three_digits(most->hold), three_digits(most->wait.mean), shown[0],
			 three_digits(least->hold), three_digits(least->wait.mean), shown[1]);
	width_free(shown, 2);
}

/* ---- places -------------------------------------------------------------------------------------- */

static double x_of(const struct chart *chart, double hold)
{
	const struct page *page = &chart->page;

	return page->left + log(hold / chart->from) / log(chart->until / chart->from) *
				    (page->right - page->left);
}

/* The tics: 1, 2 and 5 of each power of ten, or of many powers 1 alone; 0: there are no more. */
static double tic(const struct chart *chart, size_t i)
{
	static const double parts[] = { 1, 2, 5 };
	bool many = chart->until / chart->from >= 1000;
	double ten = pow(10, ceil(log10(chart->from) - 1e-9) - 1);

	for (;; ten *= 10) {
		for (size_t part = 0; part < (many ? 1 : sizeof parts / sizeof *parts); part++) {
			double at = parts[part] * ten;

			if (at > chart->until * 1.000001)
				return 0;
			if (at >= chart->from * 0.999999 && i-- == 0)
				return at;
		}
	}
}

/* The last tic's text ends on the page. */
static void tics_room(struct chart *chart)
{
	struct page *page = &chart->page;
	char text[40];
	double at;

	for (size_t i = 0; (at = tic(chart, i)) > 0; i++) {
		double most;

		snprintf(text, sizeof text, "%.12g", at);
		most = page->width - width_of(text, page->letters.text, false) / 2 - 2;
		page->right = page->right < most ? page->right : most;
	}
}

static void hold_axis(struct chart *chart)
{
	struct page *page = &chart->page;
	colour ink = look_tone(page->look, TONE_INK);
	char text[40];
	double at;

	for (size_t i = 0; (at = tic(chart, i)) > 0; i++) {
		snprintf(text, sizeof text, "%.12g", at);
		page_text(page, text, x_of(chart, at), page->bottom + 8 + 0.7 * page->letters.text,
			  "center", page->letters.text, ink, false);
	}
	fputs("set logscale x\nset xtics (", page->head);
	for (size_t i = 0; (at = tic(chart, i)) > 0; i++)
		fprintf(page->head, "%s\"\" %.12g", i ? ", " : "", at);
	fprintf(page->head, ")\nset xrange [%.9g:%.9g] noextend\n", chart->from, chart->until);
}

/* A text beside a dot takes this place. */
struct place {
	double left, right, top, bottom;
};

static bool is_free(const struct chart *chart, const struct place *taken, size_t count,
		    const struct place *place)
{
	const struct page *page = &chart->page;

	if (place->left < page->left || place->right > page->right || place->top < page->top ||
	    place->bottom > page->bottom)
		return false;
	for (size_t i = 0; i < count; i++)
		if (place->left < taken[i].right && taken[i].left < place->right &&
		    place->top < taken[i].bottom && taken[i].top < place->bottom)
			return false;
	return true;
}

/* Right of the dot, left of it, above or below, wherever nothing else is; else only the hover says it. */
static void write_settings(struct chart *chart)
{
	enum { SIDES = 4, DOT = 6 };
	struct page *page = &chart->page;
	struct place *taken = xalloc((2 * chart->dots + 1) * sizeof *taken);
	double size = page->letters.small;
	size_t count = 0, groups = chart->groups->groups;
	char **shown = width_names(chart->groups->group, groups, size, SETTING_PIXELS);

	for (size_t i = 0; i < chart->dots; i++) {
		double x = chart->dot[i].x, y = chart->dot[i].y;

		taken[count++] = (struct place){ x - DOT, x + DOT, y - DOT, y + DOT };
	}
	for (size_t i = 0; i < chart->dots; i++) {
		const struct dot *dot = &chart->dot[i];
		const char *text = shown[dot->cell->group];
		double width = width_of(text, size, false), x = dot->x, y = dot->y;

		if (!*text)
			continue;
		for (unsigned side = 0; side < SIDES; side++) {
			double left = side == 0 ? x + DOT + 2 : side == 1 ? x - DOT - 2 - width : x - width / 2;
			double middle = side < 2 ? y : side == 2 ? y - DOT - size / 2 - 2 : y + DOT + size / 2 + 2;
			struct place place = { left, left + width, middle - 0.6 * size,
					       middle + 0.6 * size };

			if (!is_free(chart, taken, count, &place))
				continue;
			page_text(page, text, left, middle, "left", size,
				  look_tone(page->look, TONE_SECOND), false);
			taken[count++] = place;
			break;
		}
	}
	width_free(shown, groups);
	free(taken);
}

/* Allocators by colour, then locks by shape. */
static void write_key(struct chart *chart)
{
	size_t serieses = chart->groups->serieses, count = serieses + chart->names;
	struct entry *entry = xalloc((count + 1) * sizeof *entry);
	colour *line = xalloc((count + 1) * sizeof *line);
	double *mark = xalloc((count + 1) * sizeof *mark);

	for (size_t i = 0; i < count; i++) {
		bool lock = i >= serieses;

		entry[i] = (struct entry){ lock ? chart->name[i - serieses] : chart->groups->series[i],
					   i == serieses };
		line[i] = lock ? look_tone(chart->page.look, TONE_INK)
			       : figure_colour(chart->page.look, chart->groups, i);
		mark[i] = lock ? (double)(i - serieses) + 1 : 0;
	}
	page_key(&chart->page, entry, count);
	fprintf(chart->page.head, "keys = %zu\nserieses = %zu\n", count, serieses);
	page_colours(chart->page.head, "KeyColour", line, count);
	page_numbers(chart->page.head, "KeyMark", mark, count);
	free(entry);
	free(line);
	free(mark);
}

static void write_dots(struct chart *chart)
{
	FILE *head = chart->page.head;
	colour *line = xalloc((chart->dots + 1) * sizeof *line);
	double *series = xalloc((chart->dots + 1) * sizeof *series);
	double *mark = xalloc((chart->dots + 1) * sizeof *mark);
	char **tip = xalloc((chart->dots + 1) * sizeof *tip), name[600], text[800];

	for (size_t i = 0; i < chart->dots; i++) {
		const struct dot *dot = &chart->dot[i];

		line[i] = figure_colour(chart->page.look, chart->groups, dot->cell->series);
		series[i] = (double)dot->cell->series + 1;
		mark[i] = (double)dot->lock + 1;
		snprintf(text, sizeof text, "%s, %s", cell_name(chart, dot->cell, name, sizeof name),
			 chart->name[dot->lock]);
		tip[i] = xstrdup(text);
	}
	fprintf(head, "dots_drawn = %zu\n", chart->dots);
	page_colours(head, "Colour", line, chart->dots);
	page_numbers(head, "Series", series, chart->dots);
	page_numbers(head, "Mark", mark, chart->dots);
	page_texts(head, "Tip", tip, chart->dots);
	for (size_t i = 0; i < chart->dots; i++)
		free(tip[i]);
	free(tip);
	free(line);
	free(series);
	free(mark);
}

static void draw(struct chart *chart)
{
	struct page *page = &chart->page;
	double size;
	char what[600];

	page_open(page, chart->drawing);
	write_key(chart);
	chart->from = chart->least_hold / 1.3;
	chart->until = chart->most_hold * 1.3;
	page_values_room(page, chart->least_wait, chart->most_wait, true);
	tics_room(chart);
	size = page->letters.text;
	page->bottom = page->height - PAGE_FOOT;
	snprintf(what, sizeof what, "cycles held, in the mean, logarithmic%s%s",
		 *chart->groups->axis ? "; beside the dots: " : "", chart->groups->axis);
	page->bottom -= page_what(page, what, page->bottom) + 1.4 * size + 14;
	page_values(page, "cycles waited for each taking", chart->least_wait, chart->most_wait, 14, true);
	hold_axis(chart);
	for (size_t i = 0; i < chart->dots; i++) {
		chart->dot[i].x = x_of(chart, chart->dot[i].hold);
		chart->dot[i].y = page_y(page, chart->dot[i].wait.mean);
	}
	write_settings(chart);
	write_dots(chart);
	page_close(page);
}

bool locks_write(struct drawing *drawing, const struct figure *figure)
{
	struct chart chart = { .drawing = drawing, .least_hold = INFINITY, .least_wait = INFINITY };
	struct groups *groups = groups_of(drawing->points, NULL);
	struct ends ends = { 0 };
	bool drawable;

	(void)figure;
	chart.groups = groups;
	drawing->script = "locks";
	find_names(&chart);
	find_dots(&chart);
	write_data(&chart);
	drawable = chart.dots;
	if (drawable) {
		title(&chart);
		for (size_t i = 0; i < chart.dots; i++)
			ends_add(&ends, &chart.dot[i].wait);
		figure_subtitle(drawing, groups,
				"Cycles waited for a lock, those that did not wait included, over cycles held",
				ends);
		draw(&chart);
	} else {
		snprintf(drawing->why, sizeof drawing->why, "nobody waits for a lock");
	}
	free(chart.dot);
	groups_free(groups);
	return drawable;
}
