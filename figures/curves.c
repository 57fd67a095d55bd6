/*
 * Figures over the number of CPUs: a curve for each allocator and other swept setting, named at its
 * end. Colours tell allocators apart, dashes what else is swept by name, points the rest.
 */
#include "figures/curves.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/measures.h"
#include "experiment/partners.h"
#include "experiment/text.h"
#include "figures/claims.h"
#include "figures/figures.h"
#include "figures/page.h"
#include "figures/width.h"
#include "sim/verbs/xalloc.h"

enum { UNITS = 64, NAME_PIXELS = 300, SAMPLE = 34, DECADES = 100 };

/* ---- what is measured ---------------------------------------------------------------------------- */

/* Cycles of a pair, or of a turn. */
static double pair_cycles(const struct point *point)
{
	double pair = measure_pair_cycles(point);

	return isnan(pair) ? measure_turn_cycles(point) : pair;
}

static double operations_per_cycle(const struct point *point)
{
	const struct result *result = point->result;

	return result->elapsed_units
		       ? 1000.0 * UNITS * (double)result->operations / (double)result->elapsed_units
		       : NAN;
}

/* clang-format off */
const struct curves scaling_curves = {
	.value = pair_cycles,
	.words = {
		.ylabel = "cycles, alloc and free", .plotted = "Mean cycles of an allocation and its free",
		.title = "an allocation and its free cost {most} {times} they cost on {first}",
		.alone = "What an allocation and its free cost",
	},
	.turns = {
		.ylabel = "cycles per turn", .plotted = "Mean cycles of a turn of the workload",
		.title = "a turn costs {most} {times} it costs on {first}",
		.alone = "What a turn costs",
	},
};

const struct curves throughput_curves = {
	.value = operations_per_cycle,
	.words = {
		.ylabel = "operations per thousand cycles", .plotted = "Operations of all CPUs per thousand cycles",
		.title = "{most} does {times} it does in a cycle on {first}",
		.alone = "Operations of all CPUs per thousand cycles",
	},
	.turns = {
		.ylabel = "turns per thousand cycles", .plotted = "Turns of all CPUs per thousand cycles",
		.title = "{most} does {times} it does in a cycle on {first}",
		.alone = "Turns of all CPUs per thousand cycles",
	},
};
/* clang-format on */

struct on {
	const struct curves *kind;
	uint64_t cpus;
};

static double value_on(const struct point *point, const void *argument)
{
	const struct on *on = argument;

	return point->cpus == on->cpus ? on->kind->value(point) : NAN;
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
	char *name;
	const struct cell *cell;
	uint64_t last; /* largest number of CPUs it has */
	double end, spot; /* mean there; pixels where its name is written */
	double growth; /* last over first; NAN if it lacks one of them */
	double dash, mark;
};

struct chart {
	struct drawing *drawing;
	const struct curves *kind;
	const struct words *words;
	const struct groups *groups;
	uint64_t *cpus;
	size_t cpu_count;
	struct curve *curve;
	size_t count;
	double least, most; /* values, intervals included; least above 0 */
	struct ends ends;
	struct page page;
};

/* ---- the data ------------------------------------------------------------------------------------ */

static struct interval mean_on(const struct chart *chart, const struct cell *cell, size_t at)
{
	return cell_interval(cell, value_on, &(struct on){ chart->kind, chart->cpus[at] });
}

static void curve_rows(struct chart *chart, struct curve *curve, size_t number)
{
	FILE *data = chart->drawing->data;
	double first = mean_on(chart, curve->cell, 0).mean;

	for (size_t i = 0; i < chart->cpu_count; i++) {
		struct interval mean = mean_on(chart, curve->cell, i);

		if (isnan(mean.mean))
			continue;
		fprintf(data, "%zu,", number);
		text_gnuplot_field(data, curve->name);
		fprintf(data, ",%" PRIu64 ",%zu", chart->cpus[i], mean.count);
		figure_interval(data, &mean);
		ends_add(&chart->ends, &mean);
		curve->last = chart->cpus[i];
		curve->end = mean.mean;
		curve->growth = i + 1 == chart->cpu_count ? mean.mean / first : NAN;
		chart->most = fmax(chart->most, fmax(mean.high, mean.mean));
		if (mean.mean > 0)
			chart->least = fmin(chart->least, mean.low > 0 ? mean.low : mean.mean);
	}
}

/* Behind the first word of a name: the same rest, the same dash. */
static const char *rest_of(const char *name)
{
	return name + strcspn(name, " ");
}

/* Which of the different rests of the series before it this one's is. */
static size_t rest_rank(const struct groups *groups, size_t series)
{
	size_t rank = 0;

	for (size_t s = 0; s < series; s++) {
		size_t earlier = 0;

		while (strcmp(rest_of(groups->series[earlier]), rest_of(groups->series[s])) != 0)
			earlier++;
		if (!strcmp(rest_of(groups->series[s]), rest_of(groups->series[series])))
			return rest_rank(groups, earlier);
		rank += earlier == s;
	}
	return rank;
}

static bool one_rest(const struct groups *groups)
{
	for (size_t s = 1; s < groups->serieses; s++)
		if (rest_rank(groups, s) != 0)
			return false;
	return true;
}

static char *curve_name(const struct groups *groups, const struct cell *cell)
{
	const char *series = groups->series[cell->series], *group = groups->group[cell->group];
	size_t size = strlen(series) + strlen(group) + 4;
	char *name = xalloc(size);

	snprintf(name, size, *group ? "%s (%s)" : "%s%s", series, group);
	return name;
}

static void collect(struct chart *chart)
{
	const struct groups *groups = chart->groups;
	bool alone = one_rest(groups);

	for (size_t i = 0; i < groups->cells; i++) {
		const struct cell *cell = &groups->cell[i];
		struct curve *curve = &chart->curve[chart->count];

		*curve = (struct curve){ .name = curve_name(groups, cell),
					 .cell = cell,
					 .growth = NAN };
		curve->dash =
			1 + (double)((alone ? cell->group : rest_rank(groups, cell->series)) % 5);
		curve->mark = 1 + (double)(cell->group % 5);
		curve_rows(chart, curve, chart->count);
		if (curve->last)
			chart->count++;
		else
			free(curve->name);
	}
}

/* ---- the title ----------------------------------------------------------------------------------- */

/* "14 times what", "as much as" */
static const char *times(double growth, char *buf, size_t size)
{
	char range[32];

	claim_range(growth, growth, " times", range, sizeof range);
	snprintf(buf, size, !strcmp(range, "1 times") ? "as much as" : "%s what", range);
	return buf;
}

/* One of the three words of the sentence. */
static const char *word_of(const char *name, const char *most, const char *grown, const char *first)
{
	return !strncmp(name, "{most}", 6) ? most : !strncmp(name, "{times}", 7) ? grown : first;
}

/* "On 16 CPUs an allocation and its free cost A 14 times what they cost on 1, B 1.3 times". */
static void title(struct chart *chart)
{
	const struct curve *least = NULL, *most = NULL;
	uint64_t from = chart->cpus[0], until = chart->cpus[chart->cpu_count - 1];
	char grown[48], other[32], first[24], name[4 * CLAIM_NAME + 8], name2[4 * CLAIM_NAME + 8];
	char *buf = chart->drawing->title;
	size_t size = sizeof chart->drawing->title, used;

	for (size_t i = 0; i < chart->count; i++) {
		const struct curve *curve = &chart->curve[i];

		if (isnan(curve->growth))
			continue;
		least = !least || curve->growth < least->growth ? curve : least;
		most = !most || curve->growth > most->growth ? curve : most;
	}
	if (!most) {
		snprintf(buf, size, "%s on %" PRIu64 " to %" PRIu64 " CPUs", chart->words->alone,
			 from, until);
		return;
	}
	times(most->growth, grown, sizeof grown);
	text_short(most->name, CLAIM_NAME, name, sizeof name);
	snprintf(first, sizeof first, "%" PRIu64, from);
	used = (size_t)snprintf(buf, size, "On %" PRIu64 " CPUs ", until);
	for (const char *at = chart->words->title; *at && used + 1 < size;) {
		if (*at != '{') {
			buf[used++] = *at++;
			buf[used] = '\0';
			continue;
		}
		used += (size_t)snprintf(buf + used, size - used, "%s",
					 word_of(at, name, grown, first));
		at = strchr(at, '}') + 1;
	}
	if (least == most || used >= size)
		return;
	claim_range(least->growth, least->growth, " times", other, sizeof other);
	snprintf(buf + used, size - used, ", %s %s",
		 text_short(least->name, CLAIM_NAME, name2, sizeof name2),
		 strcmp(other, "1 times") ? other : "as much");
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

static void texts(struct chart *chart, bool logarithmic)
{
	struct groups *seeds = groups_of(chart->drawing->points, NULL);
	char plotted[200];

	title(chart);
	snprintf(plotted, sizeof plotted, "%s%s", chart->words->plotted,
		 logarithmic ? ", on a logarithmic axis" : "");
	figure_subtitle(chart->drawing, seeds, plotted, chart->ends);
	groups_free(seeds);
	add_partners(chart->drawing);
}

/* ---- places -------------------------------------------------------------------------------------- */

static int by_spot(const void *one, const void *other)
{
	const struct curve *a = *(struct curve *const *)one, *b = *(struct curve *const *)other;

	if (a->spot != b->spot)
		return a->spot < b->spot ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Names that would overlap are pushed down, and up again from the bottom of the plot. */
static void spread_names(struct chart *chart, double leading)
{
	struct curve **order = xalloc((chart->count + 1) * sizeof *order);
	double end = chart->page.bottom - leading / 2;

	for (size_t i = 0; i < chart->count; i++) {
		order[i] = &chart->curve[i];
		order[i]->spot = page_y(&chart->page, fmax(order[i]->end, chart->page.low));
	}
	qsort(order, chart->count, sizeof *order, by_spot);
	for (size_t i = 1; i < chart->count; i++)
		order[i]->spot = fmax(order[i]->spot, order[i - 1]->spot + leading);
	for (size_t i = chart->count; i-- > 0; end = order[i]->spot - leading)
		order[i]->spot = fmin(order[i]->spot, end);
	free(order);
}

/* Where 1, 2, 4 ... CPUs are on the axis. */
static double x_of(const struct chart *chart, double cpus)
{
	const struct page *page = &chart->page;
	double from = log(0.9 * (double)chart->cpus[0]),
	       until = log(1.1 * (double)chart->cpus[chart->cpu_count - 1]);

	return page->left + (log(cpus) - from) / (until - from) * (page->right - page->left);
}

/* The largest first, then the smallest, powers of two, all others. */
static int rank_of(const struct chart *chart, size_t at)
{
	uint64_t cpus = chart->cpus[at];

	return at + 1 == chart->cpu_count ? 0 : at == 0 ? 1 : cpus & (cpus - 1) ? 3 : 2;
}

static bool free_place(const struct chart *chart, const bool *shown, size_t at, const char *text)
{
	double size = chart->page.letters.text, half = width_of(text, size, false) / 2;
	double x = x_of(chart, (double)chart->cpus[at]);
	char other[24];

	for (size_t i = 0; i < chart->cpu_count; i++) {
		if (!shown[i])
			continue;
		snprintf(other, sizeof other, "%" PRIu64, chart->cpus[i]);
		if (fabs(x_of(chart, (double)chart->cpus[i]) - x) <
		    half + width_of(other, size, false) / 2 + 8)
			return false;
	}
	return true;
}

/* A tic for each number of CPUs, a label for those that have room. */
static void cpu_axis(struct chart *chart)
{
	struct page *page = &chart->page;
	bool *shown = xalloc((chart->cpu_count + 1) * sizeof *shown);
	colour ink = look_tone(page->look, TONE_INK);
	char text[24];

	for (int rank = 0; rank <= 3; rank++)
		for (size_t i = 0; i < chart->cpu_count; i++) {
			snprintf(text, sizeof text, "%" PRIu64, chart->cpus[i]);
			if (rank_of(chart, i) != rank || !free_place(chart, shown, i, text))
				continue;
			shown[i] = true;
			page_text(page, text, x_of(chart, (double)chart->cpus[i]),
				  page->bottom + 8 + 0.7 * page->letters.text, "center",
				  page->letters.text, ink, false);
		}
	fputs("set xtics (", page->head);
	for (size_t i = 0; i < chart->cpu_count; i++)
		fprintf(page->head, "%s\"\" %" PRIu64, i ? ", " : "", chart->cpus[i]);
	fprintf(page->head, ")\nset xrange [%.9g:%.9g] noextend\n", 0.9 * (double)chart->cpus[0],
		1.1 * (double)chart->cpus[chart->cpu_count - 1]);
	free(shown);
}

/* Letters as large as lets all names stand one below the other; 0: they are too many. */
static double name_size(const struct chart *chart)
{
	enum { LEAST = 6 };
	const struct page *page = &chart->page;
	double room = (page->bottom - page->top) / (double)chart->count;
	double size = fmin(page->letters.text, room / 1.3);

	return size < LEAST ? 0 : size;
}

/* ---- the script's head --------------------------------------------------------------------------- */

static bool not_cpus(const struct points *points, const char *key, const void *argument)
{
	(void)points;
	(void)argument;
	return strcmp(key, "cpus") != 0;
}

/* The settings of each curve but for the number of CPUs: what its hovers begin with. */
static void write_tips(const struct chart *chart)
{
	char **text = xalloc((chart->count + 1) * sizeof *text), buf[1024];

	for (size_t i = 0; i < chart->count; i++) {
		const struct curve *curve = &chart->curve[i];

		groups_values(chart->drawing->points, curve->cell->point[0], not_cpus, NULL, ", ",
			      true, buf, sizeof buf);
		text[i] = xstrdup(*buf ? buf : curve->name);
	}
	page_texts(chart->page.head, "Tip", text, chart->count);
	for (size_t i = 0; i < chart->count; i++)
		free(text[i]);
	free(text);
}

static void write_curves(struct chart *chart, char *const *shown, double size)
{
	FILE *head = chart->page.head;
	const struct look *look = chart->page.look;
	colour *line = xalloc((chart->count + 1) * sizeof *line);
	double *value = xalloc((chart->count + 1) * sizeof *value);
	static const char *const arrays[] = { "Dash", "Mark", "KeyX", "KeyY" };

	fprintf(head, "curves = %zu\nnames = %.9g\nwhat = \"%s\"\n", chart->count, size,
		chart->words->ylabel);
	for (size_t i = 0; i < chart->count; i++) {
		line[i] = figure_colour(look, chart->groups, chart->curve[i].cell->series);
	}
	write_tips(chart);
	page_texts(head, "Key", shown, chart->count);
	page_colours(head, "Colour", line, chart->count);
	for (size_t a = 0; a < sizeof arrays / sizeof *arrays; a++) {
		for (size_t i = 0; i < chart->count; i++) {
			const struct curve *curve = &chart->curve[i];
			const double values[] = { curve->dash, curve->mark,
						  (chart->page.right + SAMPLE + 4) /
							  chart->page.width,
						  1 - curve->spot / chart->page.height };

			value[i] = values[a];
		}
		page_numbers(head, arrays[a], value, chart->count);
	}
	free(line);
	free(value);
}

static void write_head(struct chart *chart, bool logarithmic)
{
	struct page *page = &chart->page;
	char **name = xalloc((chart->count + 1) * sizeof *name), **shown;
	double size = page->letters.text, widest = 0;
	char what[1100];

	snprintf(what, sizeof what, "CPUs%s%s", *chart->groups->axis ? "; in brackets: " : "",
		 chart->groups->axis);
	for (size_t i = 0; i < chart->count; i++)
		name[i] = chart->curve[i].name;
	shown = width_names(name, chart->count, size, NAME_PIXELS);
	for (size_t i = 0; i < chart->count; i++)
		widest = fmax(widest, width_of(shown[i], size, false));
	page_values_room(page, chart->least, chart->most, logarithmic);
	page->right -= SAMPLE + 4 + widest;
	page->bottom = page->height - PAGE_FOOT;
	page->bottom -= page_what(page, what, page->bottom) + 1.4 * size + 14;
	page_values(page, chart->words->ylabel, chart->least, chart->most, 14, logarithmic);
	cpu_axis(chart);
	size = name_size(chart);
	for (size_t i = 0; i < chart->count && size == 0; i++)
		*shown[i] = '\0'; /* hovers have them */
	spread_names(chart, 1.3 * size);
	write_curves(chart, shown, size);
	page_close(page);
	for (size_t i = 0; i < chart->count; i++)
		free(shown[i]);
	free(shown);
	free(name);
}

bool curves_write(struct drawing *drawing, const struct figure *figure)
{
	const struct curves *kind = figure->what;
	struct groups *groups = groups_of(drawing->points, "cpus");
	struct chart chart = {
		.drawing = drawing, .kind = kind, .groups = groups, .least = INFINITY
	};
	bool logarithmic, drawable;

	chart.words = measure_turns(drawing->points) ? &kind->turns : &kind->words;
	chart.cpus = cpu_counts(drawing->points, &chart.cpu_count);
	chart.curve = xalloc((groups->cells + 1) * sizeof *chart.curve);
	drawing->script = "curves";
	fputs("curve,name,cpus,seeds,mean,low,high,states\n", drawing->data);
	if (chart.cpu_count > 1)
		collect(&chart);
	drawable = chart.count;
	if (drawable) {
		logarithmic = chart.least < INFINITY && chart.most / chart.least >= DECADES;
		texts(&chart, logarithmic);
		page_open(&chart.page, drawing);
		write_head(&chart, logarithmic);
	} else {
		snprintf(drawing->why, sizeof drawing->why,
			 chart.cpu_count > 1
				 ? "no run completed an operation of that kind"
				 : "all runs have the same number of CPUs; sweep `cpus`");
	}
	for (size_t i = 0; i < chart.count; i++)
		free(chart.curve[i].name);
	free(chart.curve);
	free(chart.cpus);
	groups_free(groups);
	return drawable;
}
