/*
 * The figures: their numbers as CSV, and the sentence that the numbers say.
 *
 * A new figure of bars is one `struct bars` and a line in the registry; any other figure is a
 * function, a script in plots/ and a line.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "experiment/claims.h"
#include "experiment/figures.h"
#include "experiment/partners.h"
#include "experiment/text.h"

enum { UNITS = 64, PARTS_MAX = CAUSES, MACHINE_CHARACTERS = 60 };

/* ---- what is measured --------------------------------------------------------------------- */

static double mean_cycles(const struct op_stats *op)
{
	return op->count ? (double)op->total_units / UNITS / (double)op->count : NAN;
}

static double per_operation(const struct result *result, double value)
{
	return result->operations ? value / (double)result->operations : NAN;
}

static double bounces_part(const struct point *point, unsigned part)
{
	return per_operation(point->result, (double)point->result->total.bounces[part]);
}

/* Objects where there are any, else pages: mean of an allocation, of a free. */
static double cycles_part(const struct point *point, unsigned part)
{
	const struct op_stats *op = point->result->op;
	bool objects = op[OP_ALLOC].count || op[OP_FREE].count;
	double mean = mean_cycles(&op[objects ? OP_ALLOC + part : OP_PAGE_ALLOC + part]);
	double other = mean_cycles(&op[objects ? OP_FREE - part : OP_PAGE_FREE - part]);

	/* a run may only allocate, or only free */
	return isnan(mean) && !isnan(other) ? 0 : mean;
}
_Static_assert(OP_FREE == OP_ALLOC + 1 && OP_PAGE_FREE == OP_PAGE_ALLOC + 1,
	       "cycles_part counts on it");

/* A workload without an allocator: mean of one of its turns. */
static double turns_part(const struct point *point, unsigned part)
{
	(void)part;
	return mean_cycles(&point->result->op[OP_WORK]);
}

bool figure_turns(const struct points *points)
{
	for (size_t i = 0; i < points->count; i++)
		for (int op = OP_ALLOC; op <= OP_PAGE_FREE; op++)
			if (points->point[i]->result->op[op].count)
				return false;
	return true;
}

double figure_turn_cycles(const struct point *point)
{
	return turns_part(point, 0);
}

double figure_pair_cycles(const struct point *point)
{
	return cycles_part(point, 0) + cycles_part(point, 1);
}

static double causes_part(const struct point *point, unsigned part)
{
	return per_operation(point->result, (double)point->result->total.cause_units[part] / UNITS);
}

/* Waiting until another CPU's line has come or its copies are gone: per cent of what is not idle. */
static double moving_share(const struct point *point, const void *argument)
{
	const uint64_t *units = point->result->total.cause_units;
	uint64_t moving = units[CAUSE_BUSY] + units[CAUSE_TRANSFER_SAME] +
			  units[CAUSE_TRANSFER_CROSS] + units[CAUSE_UPGRADE];
	uint64_t all = 0;

	(void)argument;
	for (int i = 0; i < CAUSES; i++)
		all += i == CAUSE_IDLE ? 0 : units[i];
	return all ? 100.0 * (double)moving / (double)all : NAN;
}

/* ---- bars ----------------------------------------------------------------------------------- */

/* Stacked bars, one per series and group. */
struct bars {
	const char *script, *ylabel, *plotted;
	unsigned parts;
	const char *part[PARTS_MAX];            /* for the key; NULL: cause_names */
	const char *column[PARTS_MAX];          /* of the CSV, the same */
	double (*value)(const struct point *point, unsigned part);
	measure *claimed;                       /* NULL: the first `claimed_parts` together */
	unsigned claimed_parts;
	struct wording wording;
	const struct bars *turns; /* instead, where no allocator is at work; NULL: the same */
};

/* clang-format off */
static const struct bars bounces_of_turns = {
	.script = "bars", .ylabel = "bounces per turn", .plotted = "Bounces per turn of the workload, by whose line it is",
	.parts = LINE_CLASSES, .value = bounces_part, .claimed_parts = LINE_CLASSES,
	.part = { "allocator's lines", "workload's", "payload" },
	.column = { "allocator", "workload", "payload" },
	.wording = {
		.less  = "{few} bounces its lines {amount} less often than {many}",
		.never = "{few} never bounces a line, {many} does {manytimes} per turn",
		.equal = "{few} and {many} bounce their lines equally often{spread}",
		.some  = "{few} bounces its lines less often than {many} in {count} of {all} settings{reverse}",
		.more  = "more often",
		.alone = "{few} bounces its lines {fewtimes} per turn",
	},
};

static const struct bars cycles_of_turns = {
	.script = "bars", .ylabel = "cycles per turn", .plotted = "Mean cycles of a turn of the workload",
	.parts = 1, .value = turns_part, .claimed_parts = 1, .part = { "turn" }, .column = { "turn" },
	.wording = {
		.less  = "{few} needs {amount} fewer cycles than {many} for a turn",
		.never = "{few} needs no cycles for a turn, {many} {manys}",
		.equal = "{few} and {many} need as many cycles for a turn{spread}",
		.some  = "{few} needs fewer cycles than {many} for a turn in {count} of {all} settings{reverse}",
		.more  = "more",
		.alone = "{few} needs {fews} cycles for a turn",
	},
};

static const struct bars bounces_bars = {
	.script = "bars", .ylabel = "bounces per operation", .plotted = "Bounces per operation, by whose line it is",
	.parts = LINE_CLASSES, .value = bounces_part, .claimed_parts = 1,
	.part = { "allocator's lines", "workload's", "payload" },
	.column = { "allocator", "workload", "payload" },
	.wording = {
		.less  = "{few} bounces the allocator's lines {amount} less often than {many}",
		.never = "{few} never bounces the allocator's lines, {many} does {manytimes} per operation",
		.equal = "{few} and {many} bounce the allocator's lines equally often{spread}",
		.some  = "{few} bounces the allocator's lines less often than {many} in {count} of {all} settings{reverse}",
		.more  = "more often",
		.alone = "{few} bounces the allocator's lines {fewtimes} per operation",
	},
	.turns = &bounces_of_turns,
};

static const struct bars cycles_bars = {
	.script = "bars", .ylabel = "cycles, alloc and free", .plotted = "Mean cycles of an allocation and of a free",
	.parts = 2, .value = cycles_part, .claimed_parts = 2,
	.part = { "alloc", "free" }, .column = { "alloc", "free" },
	.wording = {
		.less  = "{few} needs {amount} fewer cycles than {many} for an allocation and its free",
		.never = "{few} needs no cycles for an allocation and its free, {many} {manys}",
		.equal = "{few} and {many} need as many cycles for an allocation and its free{spread}",
		.some  = "{few} needs fewer cycles than {many} for an allocation and its free in {count} of {all} settings{reverse}",
		.more  = "more",
		.alone = "{few} needs {fews} cycles for an allocation and its free",
	},
	.turns = &cycles_of_turns,
};

static const struct bars causes_bars = {
	.script = "causes", .ylabel = "cycles of all CPUs per operation", .plotted = "Cycles of all CPUs per operation, by cause",
	.parts = CAUSES, .value = causes_part, .claimed = moving_share,
	.wording = {
		.less  = "Waiting for lines of other CPUs takes {manys} of {many}'s busy cycles and {fews} of {few}'s",
		.never = "Waiting for lines of other CPUs takes {manys} of {many}'s busy cycles and none of {few}'s",
		.equal = "Waiting for lines of other CPUs takes {manys} of {many}'s busy cycles and {fews} of {few}'s",
		.some  = "Waiting for lines of other CPUs takes {manys} of {many}'s busy cycles and {fews} of {few}'s",
		.alone = "Waiting for lines of other CPUs takes {fews} of {few}'s busy cycles",
		.unit  = " %",
	},
};
/* clang-format on */

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

void figure_interval(FILE *out, const struct interval *interval)
{
	const struct states *states = &interval->states;
	bool two = interval_two_states(interval);

	fprintf(out, ",%.9g,%.9g,%.9g,%d\n", interval->mean, two ? states->low : interval->low,
		two ? states->high : interval->high, two ? 2 : 1);
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

/* name = "text" */
static void assign(FILE *out, const char *name, const char *text)
{
	fprintf(out, "%s = ", name);
	text_gnuplot(out, text);
	putc('\n', out);
}

void figure_names(FILE *out, const char *name, char *const *texts, size_t count)
{
	fprintf(out, "array %s[%zu] = [ ", name, count);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		text_gnuplot_name(out, texts[i]);
	}
	fputs(" ]\n", out);
}

/* What every script reads: plots/style.gp. */
void figure_groups(FILE *out, const struct groups *groups)
{
	fprintf(out, "series = %zu\n", groups->serieses);
	figure_names(out, "Series", groups->series, groups->serieses);
	fprintf(out, "groups = %zu\n", groups->groups);
	figure_names(out, "Groups", groups->group, groups->groups);
}

static void most_seeds(const struct groups *groups, size_t *least, size_t *most)
{
	*least = SIZE_MAX;
	*most = 0;
	for (size_t i = 0; i < groups->cells; i++) {
		size_t count = groups->cell[i].count;

		*least = count < *least ? count : *least;
		*most = count > *most ? count : *most;
	}
}

static void describe_seeds(const struct groups *groups, bool intervals, char *buf, size_t size)
{
	const char *bars = "";
	size_t least, most;

	most_seeds(groups, &least, &most);
	if (intervals)
		bars = most < INTERVAL_VALUES ? ", bars are their range"
					      : ", bars are 95 % intervals";
	if (most == 1)
		snprintf(buf, size, groups->cells == 1 ? "one run" : "one run each");
	else if (least == most)
		snprintf(buf, size, "mean of %zu seeds%s", most, bars);
	else
		snprintf(buf, size, "mean of %zu to %zu seeds%s", least, most, bars);
}

/* "2 CPUs of core2-2s", "1 to 16 CPUs" */
static void describe_machine(const struct points *points, char *buf, size_t size)
{
	uint64_t least = UINT64_MAX, most = 0;
	const char *machine = points->point[0]->machine;
	char name[4 * MACHINE_CHARACTERS + 8];

	for (size_t i = 0; i < points->count; i++) {
		uint64_t cpus = points->point[i]->cpus;

		least = cpus < least ? cpus : least;
		most = cpus > most ? cpus : most;
		if (machine && strcmp(machine, points->point[i]->machine) != 0)
			machine = NULL;
	}

	int used = least == most
			   ? snprintf(buf, size, "%" PRIu64 " %s", most, most == 1 ? "CPU" : "CPUs")
			   : snprintf(buf, size, "%" PRIu64 " to %" PRIu64 " CPUs", least, most);

	if (machine && *machine)
		snprintf(buf + used, size - (size_t)used, " of %s",
			 text_short(machine, MACHINE_CHARACTERS, name, sizeof name));
}

void figure_subtitle(struct drawing *drawing, const struct groups *groups, const char *plotted,
		     bool intervals)
{
	char seeds[96], machine[300], left_out[64] = "", partners[400];
	bool differ;

	describe_seeds(groups, intervals, seeds, sizeof seeds);
	describe_machine(drawing->points, machine, sizeof machine);
	if (groups->bad)
		snprintf(left_out, sizeof left_out, "; %zu %s that ended badly left out",
			 groups->bad, groups->bad == 1 ? "run" : "runs");
	/* bars or curves whose partners are not equally far apart differ for that alone */
	partners_of_points(drawing->points, &differ, partners, sizeof partners);
	snprintf(drawing->subtitle, sizeof drawing->subtitle, "%s; %s; %s%s%s%s", plotted, seeds,
		 machine, left_out, differ ? "; partners at different distances: " : "",
		 differ ? partners : "");
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
	assign(head, "what", bars->ylabel);
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

	return bars->turns && figure_turns(points) ? bars->turns : bars;
}

/* The highest bar. */
static double tallest(const struct groups *groups, const struct part_of *all)
{
	double most = 0;

	for (size_t i = 0; i < groups->cells; i++)
		most = fmax(most, cell_interval(&groups->cell[i], parts_sum, all).mean);
	return most;
}

static bool write_bars(struct drawing *drawing, const struct figure *figure)
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

/* ---- the registry ------------------------------------------------------------------------------- */

/* clang-format off */
const struct figure figures[] = {
	{ "bounces", "bounces per operation, by whose line it is", write_bars, &bounces_bars },
	{ "cycles", "mean cycles of an allocation and of a free", write_bars, &cycles_bars },
	{ "causes", "cycles of all CPUs per operation, stacked by cause", write_bars, &causes_bars },
	{ "scaling", "cycles of an allocation and its free over the number of CPUs", scaling_write, NULL },
	{ "heat", "which CPU holds which line when", heat_write, NULL },
	{ NULL, NULL, NULL, NULL },
};
/* clang-format on */

const struct figure *figure_find(const char *name)
{
	for (const struct figure *figure = figures; figure->name; figure++)
		if (!strcmp(figure->name, name))
			return figure;
	return NULL;
}
