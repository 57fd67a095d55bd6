/* What the figures have in common: names for the script, intervals, the second line. */
#include <inttypes.h>
#include <string.h>

#include "experiment/partners.h"
#include "experiment/text.h"
#include "figures/figures.h"

enum { MACHINE_CHARACTERS = 60 };

void figure_interval(FILE *out, const struct interval *interval)
{
	const struct states *states = &interval->states;
	bool two = interval_two_states(interval);

	fprintf(out, ",%.9g,%.9g,%.9g,%d\n", interval->mean, two ? states->low : interval->low,
		two ? states->high : interval->high, two ? 2 : interval->rough ? 0 : 1);
}

void ends_add(struct ends *ends, const struct interval *interval)
{
	if (interval->low == interval->high || interval_two_states(interval))
		return;
	ends->intervals |= interval_told(interval);
	ends->ranges |= interval->rough;
}

colour figure_colour(const struct look *look, const struct groups *groups, size_t series)
{
	size_t before = 0;

	if (!groups->allocators && groups->serieses > 1)
		return look_other(look, series);

	for (size_t s = 0; s < series; s++)
		before += look_series(look, groups->series[s], 0) ==
			  look_series(look, groups->series[series], 0);
	return look_series(look, groups->series[series], before);
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

static void describe_seeds(const struct groups *groups, struct ends ends, char *buf, size_t size)
{
	const char *bars = ends.intervals && ends.ranges
				   ? ", bars are 95 % intervals, where these say nothing the range"
			   : ends.intervals ? ", bars are 95 % intervals"
			   : ends.ranges    ? ", bars are their range"
					    : "";
	size_t least, most;

	most_seeds(groups, &least, &most);
	if (most == 1)
		snprintf(buf, size, groups->cells == 1 ? "one run" : "one run each");
	else if (least == most)
		snprintf(buf, size, "mean of %zu seeds%s", most, bars);
	else
		snprintf(buf, size, "mean of %zu to %zu seeds%s", least, most, bars);
}

void figure_machine(const struct point *const *point, size_t count, char *buf, size_t size)
{
	uint64_t least = UINT64_MAX, most = 0;
	char first[300], where[300], name[4 * MACHINE_CHARACTERS + 8];
	bool same = *point_where(point[0], first, sizeof first);

	for (size_t i = 0; i < count; i++) {
		uint64_t cpus = point[i]->cpus;

		least = cpus < least ? cpus : least;
		most = cpus > most ? cpus : most;
		same = same && !strcmp(first, point_where(point[i], where, sizeof where));
	}

	int used = least == most
			   ? snprintf(buf, size, "%" PRIu64 " %s", most, most == 1 ? "CPU" : "CPUs")
			   : snprintf(buf, size, "%" PRIu64 " to %" PRIu64 " CPUs", least, most);

	if (same)
		snprintf(buf + used, size - (size_t)used, " of %s",
			 text_short(first, MACHINE_CHARACTERS, name, sizeof name));
}

void figure_subtitle(struct drawing *drawing, const struct groups *groups, const char *plotted,
		     struct ends ends)
{
	char seeds[160], machine[300], left_out[64] = "", partners[400];
	bool differ;

	describe_seeds(groups, ends, seeds, sizeof seeds);
	figure_machine((const struct point *const *)drawing->points->point, drawing->points->count,
		       machine, sizeof machine);
	if (groups->bad)
		snprintf(left_out, sizeof left_out, "; %zu %s that ended badly left out",
			 groups->bad, groups->bad == 1 ? "run" : "runs");
	/* bars or curves whose partners are not equally far apart differ for that alone */
	partners_of_points(drawing->points, &differ, partners, sizeof partners);
	snprintf(drawing->subtitle, sizeof drawing->subtitle, "%s; %s; %s%s%s%s", plotted, seeds,
		 machine, left_out, differ ? "; partners at different distances: " : "",
		 differ ? partners : "");
}
