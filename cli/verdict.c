/*
 * Verdicts: ratios of means over the groups that two series share.
 */
#include "cli/verdict.h"

#include <math.h>
#include <string.h>

#include "cli/table.h"
#include "experiment/text.h"

/* How one metric of a series compares with the first's, over all groups. */
struct tally {
	size_t groups;                  /* where both have it */
	size_t less, more, open;        /* open: the seeds do not decide */
	double low, high;               /* ratios, of those that are decided */
	struct interval only;           /* the change, where there is one group */
};

/* In the words of a sentence; a metric that has none keeps its name. */
static const char *name_of(const struct quotient *what)
{
	static const struct {
		const char *metric, *words;
	} names[] = {
		{ "alloc_cycles_mean", "cycles of an allocation" },
		{ "free_cycles_mean", "cycles of a free" },
		{ "page_alloc_cycles_mean", "cycles of a page allocation" },
		{ "page_free_cycles_mean", "cycles of a page free" },
		{ "work_cycles_mean", "cycles of a turn" },
		{ "bounces/operations", "bounces per operation" },
		{ "bounces_allocator/operations", "bounces of the allocator's lines" },
		{ "elapsed_cycles/operations", "time per operation" },
		{ "footprint_bytes_peak", "footprint" },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i].metric, what->name))
			return names[i].words;
	return what->name;
}

static void add_group(struct tally *tally, const struct interval *change)
{
	double ratio = 1 + change->mean;

	tally->only = *change;
	tally->groups++;
	if (interval_two_states(change) ||
	    (interval_known(change) && change->low <= 0 && change->high >= 0 &&
	     change->low < change->high)) {
		tally->open++;
		return;
	}
	tally->less += ratio < 1;
	tally->more += ratio > 1;
	tally->low = tally->groups - tally->open == 1 ? ratio : fmin(tally->low, ratio);
	tally->high = tally->groups - tally->open == 1 ? ratio : fmax(tally->high, ratio);
}

static struct tally tally_of(const struct groups *groups, size_t series,
			     const struct quotient *what)
{
	struct tally tally = { 0 };

	for (size_t g = 0; g < groups->groups; g++) {
		const struct cell *a = groups_cell(groups, 0, g),
				  *b = groups_cell(groups, series, g);
		struct interval change;

		if (!a || !b)
			continue;
		change = cell_change(a, b, quotient_value, what);
		if (!isnan(change.mean))
			add_group(&tally, &change);
	}
	return tally;
}

static void print_ratio(FILE *out, double ratio)
{
	char text[40];

	fputs(number_real(text, sizeof text, ratio), out);
}

/* Of one group: the ratio with its interval, or why there is none. */
static void print_only(FILE *out, const struct tally *tally)
{
	const struct interval *change = &tally->only;

	if (interval_two_states(change)) {
		fputs("in two states", out);
		return;
	}
	print_ratio(out, 1 + change->mean);
	fputs(" times", out);
	if (interval_told(change) && change->low < change->high) {
		fputs(" [", out);
		print_ratio(out, 1 + change->low);
		fputs("..", out);
		print_ratio(out, 1 + change->high);
		fputc(']', out);
	}
	if (tally->open)
		fputs(", which the seeds do not decide", out);
}

static void print_several(FILE *out, const struct tally *tally)
{
	size_t decided = tally->groups - tally->open;

	if (!decided) {
		fputs("not decided by the seeds", out);
		return;
	}
	print_ratio(out, tally->low);
	if (tally->high > tally->low) {
		fputs(" to ", out);
		print_ratio(out, tally->high);
	}
	fputs(" times", out);
	if (tally->less && tally->more)
		fprintf(out, " (less in %zu of %zu settings, more in %zu", tally->less,
			tally->groups, tally->more);
	else
		fprintf(out, " (in %zu of %zu settings", decided, tally->groups);
	if (tally->open)
		fprintf(out, ", %zu not decided", tally->open);
	fputc(')', out);
}

static void print_series(FILE *out, const struct groups *groups, size_t series,
			 const struct quotient *what, size_t count)
{
	bool headed = false;

	for (size_t m = 0; m < count; m++) {
		struct tally tally = tally_of(groups, series, &what[m]);

		if (!tally.groups)
			continue;
		if (!headed) {
			text_line(out, groups->series[series]);
			fputs(" against ", out);
			text_line(out, groups->series[0]);
			fputs(":\n", out);
			headed = true;
		}
		fprintf(out, "  %s: ", name_of(&what[m]));
		if (tally.groups == 1)
			print_only(out, &tally);
		else
			print_several(out, &tally);
		fputc('\n', out);
	}
}

void verdict_print(FILE *out, const struct groups *groups, const struct quotient *what,
		   size_t count)
{
	for (size_t s = 1; s < groups->serieses; s++)
		print_series(out, groups, s, what, count);
}
