/*
 * Figures of stacked bars: their rows in the CSV, what the script needs, the title.
 */
#include "figures/bars.h"

#include <math.h>
#include <string.h>

#include "experiment/measures.h"
#include "experiment/text.h"
#include "figures/figures.h"

struct part_of {
	const struct bars *bars;
	unsigned first, count;
};

static double parts_sum(const struct point *point, const void *argument)
{
	const struct part_of *of = argument;
	double sum = 0;

	for (unsigned i = 0; i < of->count; i++)
		sum += of->bars->value(point, of->first + i);
	return sum;
}

static void bar_row(struct drawing *drawing, const struct bars *bars, const struct groups *groups,
		    const struct cell *cell)
{
	struct interval sum =
		cell_interval(cell, parts_sum, &(struct part_of){ bars, 0, bars->parts });

	if (isnan(sum.mean))
		return;
	fprintf(drawing->data, "%zu,%zu,", cell->group, cell->series);
	text_gnuplot_field(drawing->data, groups->group[cell->group]);
	putc(',', drawing->data);
	text_gnuplot_field(drawing->data, groups->series[cell->series]);
	fprintf(drawing->data, ",%zu", sum.count);
	for (unsigned i = 0; i < bars->parts; i++)
		fprintf(drawing->data, ",%.9g",
			cell_interval(cell, parts_sum, &(struct part_of){ bars, i, 1 }).mean);
	figure_interval(drawing->data, &sum);
}

static bool any_value(const struct groups *groups, measure *what, const void *argument)
{
	for (size_t i = 0; i < groups->cells; i++)
		if (!isnan(cell_interval(&groups->cell[i], what, argument).mean))
			return true;
	return false;
}

static void bar_names(FILE *head, const struct bars *bars)
{
	char *names[PARTS_MAX];

	for (unsigned i = 0; i < bars->parts; i++)
		names[i] = (char *)(bars->part[i] ? bars->part[i] : cause_names[i]);
	fprintf(head, "parts = %u\n", bars->parts);
	figure_names(head, "Parts", names, bars->parts);
	fprintf(head, "what = \"%s\"\n", bars->ylabel);
}

/* 1 for each part that some bar has. */
static void bar_met(FILE *head, const struct bars *bars, const struct groups *groups)
{
	fprintf(head, "array Met[%u] = [ ", bars->parts);
	for (unsigned i = 0; i < bars->parts; i++) {
		int met = 0;

		for (size_t c = 0; c < groups->cells; c++)
			met |= cell_interval(&groups->cell[c], parts_sum,
					     &(struct part_of){ bars, i, 1 })
				       .mean > 0;
		fprintf(head, "%s%d", i ? ", " : "", met);
	}
	fputs(" ]\n", head);
}

static const struct bars *figure_bars(const struct points *points, const struct figure *figure)
{
	const struct bars *bars = figure->what;

	return bars->turns && measure_turns(points) ? bars->turns : bars;
}

/* The highest bar. */
static double tallest(const struct groups *groups, const struct part_of *all)
{
	double most = 0;

	for (size_t i = 0; i < groups->cells; i++)
		most = fmax(most, cell_interval(&groups->cell[i], parts_sum, all).mean);
	return most;
}

bool bars_write(struct drawing *drawing, const struct figure *figure)
{
	const struct bars *bars = figure_bars(drawing->points, figure);
	struct groups *groups = groups_of(drawing->points, NULL);
	struct part_of all = { bars, 0, bars->parts }, claimed = { bars, 0, bars->claimed_parts };
	bool drawable = any_value(groups, parts_sum, &all);

	if (!drawable) {
		snprintf(drawing->why, sizeof drawing->why,
			 "no run completed an operation of that kind");
		groups_free(groups);
		return false;
	}
	fputs("group,series,label,name,seeds", drawing->data);
	for (unsigned i = 0; i < bars->parts; i++)
		fprintf(drawing->data, ",%s", bars->column[i] ? bars->column[i] : cause_names[i]);
	fputs(",mean,low,high,states\n", drawing->data);
	for (size_t i = 0; i < groups->cells; i++)
		bar_row(drawing, bars, groups, &groups->cell[i]);

	figure_groups(drawing->head, groups);
	bar_names(drawing->head, bars);
	bar_met(drawing->head, bars, groups);
	fprintf(drawing->head, "tallest = %.9g\n", tallest(groups, &all));
	drawing->script = bars->script;
	snprintf(drawing->xlabel, sizeof drawing->xlabel, "%s", groups->axis);
	claim_compare(groups, bars->claimed ? bars->claimed : parts_sum, &claimed, &bars->wording,
		      drawing->title, sizeof drawing->title);
	figure_subtitle(drawing, groups, bars->plotted, !strcmp(bars->script, "bars"));
	groups_free(groups);
	return true;
}
