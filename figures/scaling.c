/*
 * The figure of scaling: what an allocation and its free cost on 1, 2, 4 ... CPUs, a curve for each
 * allocator and other swept setting.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "figures/claims.h"
#include "figures/figures.h"
#include "experiment/measures.h"
#include "experiment/partners.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

/* Cycles of a pair, or of a turn, if the point has that many CPUs. */
static double pair_cycles_on(const struct point *point, const void *argument)
{
	const uint64_t *cpus = argument;

	double pair = measure_pair_cycles(point);

	return point->cpus != *cpus ? NAN : isnan(pair) ? measure_turn_cycles(point) : pair;
}

static int by_number(const void *one, const void *other)
{
	const uint64_t *a = one, *b = other;

	return (*a > *b) - (*a < *b);
}

/* The different numbers of CPUs, ascending; the caller frees. */
static uint64_t *cpu_counts(const struct points *points, size_t *count)
{
	uint64_t *list = xalloc((points->count + 1) * sizeof *list);
	size_t kept = 0;

	for (size_t i = 0; i < points->count; i++)
		list[i] = points->point[i]->cpus;
	qsort(list, points->count, sizeof *list, by_number);
	for (size_t i = 0; i < points->count; i++)
		if (!kept || list[kept - 1] != list[i])
			list[kept++] = list[i];
	*count = kept;
	return list;
}

/* A curve: one cell of the groups that leave the number of CPUs aside. */
struct curve {
	char name[256];
	size_t series;
	uint64_t last; /* largest number of CPUs it has */
	double end, spot; /* mean there; where its name is written */
	double growth; /* last over first; NAN if it lacks one of them */
};

static void curve_rows(struct drawing *drawing, struct curve *curve, size_t number,
		       const struct cell *cell, const uint64_t *cpus, size_t count)
{
	double first = cell_interval(cell, pair_cycles_on, &cpus[0]).mean;

	for (size_t i = 0; i < count; i++) {
		struct interval mean = cell_interval(cell, pair_cycles_on, &cpus[i]);

		if (isnan(mean.mean))
			continue;
		fprintf(drawing->data, "%zu,", number);
		text_gnuplot_field(drawing->data, curve->name);
		fprintf(drawing->data, ",%" PRIu64 ",%zu", cpus[i], mean.count);
		figure_interval(drawing->data, &mean);
		curve->last = cpus[i];
		curve->end = curve->spot = mean.mean;
		curve->growth = cpus[i] == cpus[count - 1] ? mean.mean / first : NAN;
	}
}

static int by_end(const void *one, const void *other)
{
	const struct curve *a = *(struct curve *const *)one, *b = *(struct curve *const *)other;

	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Names that would overlap are pushed up, each above the one below. */
static void place_names(struct curve *curves, size_t count)
{
	struct curve **order = xalloc((count + 1) * sizeof *order);
	double most = 0;

	for (size_t i = 0; i < count; i++) {
		order[i] = &curves[i];
		most = fmax(most, curves[i].end);
	}
	qsort(order, count, sizeof *order, by_end);
	for (size_t i = 1; i < count; i++)
		order[i]->spot = fmax(order[i]->spot, order[i - 1]->spot + 0.045 * most);
	free(order);
}

/* "On 16 CPUs an allocation and its free cost A 14 times what they cost on 1, B 1.3 times". */
static void scaling_title(struct drawing *drawing, const struct curve *curves, size_t count,
			  uint64_t first, uint64_t last)
{
	const struct curve *least = NULL, *most = NULL;
	bool turns = measure_turns(drawing->points);
	char from[32], to[32], name[4 * CLAIM_NAME + 8], other[4 * CLAIM_NAME + 8];

	for (size_t i = 0; i < count; i++) {
		if (isnan(curves[i].growth))
			continue;
		if (!least || curves[i].growth < least->growth)
			least = &curves[i];
		if (!most || curves[i].growth > most->growth)
			most = &curves[i];
	}
	if (!most) {
		snprintf(drawing->title, sizeof drawing->title,
			 "What %s on %" PRIu64 " to %" PRIu64 " CPUs",
			 turns ? "a turn costs" : "an allocation and its free cost", first, last);
		return;
	}
	claim_range(most->growth, most->growth, " times", from, sizeof from);
	claim_range(least->growth, least->growth, " times", to, sizeof to);
	if (!strcmp(to, "1 times"))
		strcpy(to, "as much");
	if (!strcmp(from, "1 times"))
		strcpy(from, "as much as");

	int used = snprintf(drawing->title, sizeof drawing->title,
			    "On %" PRIu64 " CPUs %s %s %s%s %s on %" PRIu64, last,
			    turns ? "a turn costs" : "an allocation and its free cost",
			    text_short(most->name, CLAIM_NAME, name, sizeof name), from,
			    strcmp(from, "as much as") ? " what" : "",
			    turns ? "it costs" : "they cost", first);

	if (least != most)
		snprintf(drawing->title + used, sizeof drawing->title - (size_t)used, ", %s %s",
			 text_short(least->name, CLAIM_NAME, other, sizeof other), to);
}

static void assign_curves(FILE *head, const struct curve *curves, size_t count,
			  const uint64_t *cpus, size_t cpu_count)
{
	fprintf(head, "curves = %zu\narray Curves[%zu] = [ ", count, count);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", head);
		text_gnuplot_name(head, curves[i].name);
	}
	fprintf(head, " ]\narray Of[%zu] = [ ", count);
	for (size_t i = 0; i < count; i++)
		fprintf(head, "%s%zu", i ? ", " : "", curves[i].series + 1);
	fprintf(head, " ]\narray Last[%zu] = [ ", count);
	for (size_t i = 0; i < count; i++)
		fprintf(head, "%s%" PRIu64, i ? ", " : "", curves[i].last);
	fprintf(head, " ]\narray Spot[%zu] = [ ", count);
	for (size_t i = 0; i < count; i++)
		fprintf(head, "%s%.9g", i ? ", " : "", curves[i].spot);
	fputs(" ]\ncpus = \"", head);
	for (size_t i = 0; i < cpu_count; i++)
		fprintf(head, "%s%" PRIu64, i ? " " : "", cpus[i]);
	fputs("\"\n", head);
}

static size_t collect_curves(struct drawing *drawing, const struct groups *groups,
			     struct curve *curves, const uint64_t *cpus, size_t cpu_count)
{
	size_t count = 0;

	for (size_t i = 0; i < groups->cells; i++) {
		const struct cell *cell = &groups->cell[i];
		struct curve *curve = &curves[count];
		const char *group = groups->group[cell->group];

		*curve = (struct curve){ .series = cell->series, .growth = NAN };
		snprintf(curve->name, sizeof curve->name, *group ? "%s (%s)" : "%s%s",
			 groups->series[cell->series], group);
		curve_rows(drawing, curve, count, cell, cpus, cpu_count);
		count += curve->last > 0;
	}
	return count;
}

/* A curve over CPUs means partners at one distance: say which, where the subtitle did not. */
static void add_partners(struct drawing *drawing)
{
	size_t used = strlen(drawing->subtitle);
	char partners[512];
	bool differ;

	partners_of_points(drawing->points, &differ, partners, sizeof partners);
	if (*partners && !differ)
		snprintf(drawing->subtitle + used, sizeof drawing->subtitle - used, "; partners %s",
			 partners);
}

bool scaling_write(struct drawing *drawing, const struct figure *figure)
{
	(void)figure;
	struct groups *groups = groups_of(drawing->points, "cpus");
	size_t cpu_count, count = 0;
	uint64_t *cpus = cpu_counts(drawing->points, &cpu_count);
	struct curve *curves = xalloc((groups->cells + 1) * sizeof *curves);

	fputs("curve,name,cpus,seeds,mean,low,high,states\n", drawing->data);
	if (cpu_count > 1)
		count = collect_curves(drawing, groups, curves, cpus, cpu_count);
	if (count) {
		place_names(curves, count);
		figure_groups(drawing->head, groups);
		fprintf(drawing->head, "what = \"%s\"\n",
			measure_turns(drawing->points) ? "cycles per turn"
						       : "cycles, alloc and free");
		assign_curves(drawing->head, curves, count, cpus, cpu_count);
		scaling_title(drawing, curves, count, cpus[0], cpus[cpu_count - 1]);

		struct groups *seeds = groups_of(drawing->points, NULL);

		figure_subtitle(drawing, seeds,
				measure_turns(drawing->points)
					? "Mean cycles of a turn of the workload"
					: "Mean cycles of an allocation and its free",
				true);
		groups_free(seeds);
		add_partners(drawing);
	} else {
		snprintf(drawing->why, sizeof drawing->why,
			 cpu_count > 1 ? "no run completed an operation of that kind"
				       : "all runs have the same number of CPUs; sweep `cpus`");
	}
	drawing->script = "scaling";
	free(curves);
	free(cpus);
	groups_free(groups);
	return count > 0;
}
