/*
 * Comparing groups of points: each metric with its interval on both sides, the change, and whether
 * it is over a limit.
 */
#include "cli/comparison.h"

#include <math.h>
#include <string.h>

#include "cli/options.h"

enum { COLUMNS = 22 };

enum { USUAL_MAX = 8 };

const struct quotient *compared_usual(bool native, size_t *count)
{
	static const char *const usual[] = {
		"bounces/operations", "bounces_allocator/operations", "alloc_cycles_mean",
		"free_cycles_mean",   "footprint_bytes_peak",	      NULL,
	};
	static const char *const of_times[] = {
		"elapsed_cycles/operations", "alloc_cycles_mean", "alloc_cycles_p50",
		"free_cycles_mean",	     "free_cycles_p50",	  "work_cycles_mean",
		NULL,
	};
	static struct quotient compared[USUAL_MAX];
	const char *const *names = native ? of_times : usual;
	char unknown[64];

	for (*count = 0; names[*count]; ++*count)
		quotient_parse(names[*count], &compared[*count], unknown, sizeof unknown);
	return compared;
}

/* Beyond the limit for the worse, and not by chance. */
static bool is_over(const struct interval *from, const struct interval *to,
		    const struct interval *change, double limit)
{
	if (isnan(limit) || interval_two_states(change))
		return false;
	if (isnan(change->mean))
		return from->mean == 0 && to->mean > 0;
	return change->mean > limit && (!interval_known(change) || change->low > 0);
}

/* ---- the table --------------------------------------------------------------------------------- */

static const char *value_text(const struct interval *value, char *buf, size_t size)
{
	char mean[40], low[40], high[40];

	if (number_states(buf, size, &value->states))
		return buf;
	number_real(mean, sizeof mean, value->mean);
	number_real(low, sizeof low, value->low);
	number_real(high, sizeof high, value->high);
	/* an interval too narrow to see is left out */
	if (!interval_known(value) || isnan(value->mean) || !strcmp(low, high))
		snprintf(buf, size, "%s", mean);
	else
		snprintf(buf, size, value->rough ? "%s (%s..%s)" : "%s [%s..%s]", mean, low, high);
	return buf;
}

static const char *change_text(const struct interval *change, const struct interval *to, char *buf,
			       size_t size)
{
	char mean[40], low[40], high[40];

	if (interval_two_states(change))
		return "two states";
	if (isnan(change->mean)) {
		snprintf(buf, size, to->mean > 0 ? "from nothing" : "-");
		return buf;
	}
	if (change->mean == 0 && change->low == change->high)
		return "same";
	number_percent(mean, sizeof mean, change->mean);
	number_percent(low, sizeof low, change->low);
	number_percent(high, sizeof high, change->high);
	if (interval_told(change) && strcmp(low, high) != 0)
		snprintf(buf, size, "%s %% [%s..%s]", mean, low, high);
	else
		snprintf(buf, size, "%s %%", mean);
	return buf;
}

/* "in_flight=16, cpus=2" of "workload.in_flight=16, cpus=2". */
static const char *short_keys(const char *settings, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	while (*settings && used < size) {
		size_t part = strcspn(settings, ","), key = strcspn(settings, "=");
		const char *dot = key < part ? memrchr(settings, '.', key) : NULL;
		const char *from = dot ? dot + 1 : settings;

		used += (size_t)snprintf(buf + used, size - used, "%s%.*s", used ? ", " : "",
					 (int)(settings + part - from), from);
		settings += part;
		settings += strspn(settings, ", ");
	}
	return buf;
}

/* Cells for programs: the text for people is in cells of its own. */
static void interval_cells(struct table *table, const struct interval *interval, double mean)
{
	bool known = interval_told(interval);

	table_real(table, mean);
	table_real(table, known ? interval->low : NAN);
	table_real(table, known ? interval->high : NAN);
}

/* One metric in one group: true if it is over the limit. */
static bool add_row(struct table *table, const struct groups *groups, const struct cell *a,
		    const struct cell *b, const struct quotient *compared, double limit)
{
	struct interval from = cell_interval(a, quotient_value, compared),
			to = cell_interval(b, quotient_value, compared);
	struct interval change = cell_change(a, b, quotient_value, compared);
	bool over = is_over(&from, &to, &change, limit);
	char text[512];

	table_both(table, false, short_keys(groups->group[a->group], text, sizeof text),
		   groups->group[a->group]);
	table_text(table, "%s", groups->series[a->series]);
	table_text(table, "%s", groups->series[b->series]);
	table_text(table, "%s", compared->name);
	table_text(table, "%s", value_text(&from, text, sizeof text));
	table_text(table, "%s", value_text(&to, text, sizeof text));
	table_text(table, "%s", change_text(&change, &to, text, sizeof text));
	interval_cells(table, &from, from.mean);
	table_count(table, from.count);
	table_count(table, 1 + interval_two_states(&from));
	interval_cells(table, &to, to.mean);
	table_count(table, to.count);
	table_count(table, 1 + interval_two_states(&to));
	/* what falls into two has no change */
	interval_cells(table, &change, interval_two_states(&change) ? NAN : change.mean);
	table_both(table, true, over ? "over the limit" : "", over ? "true" : "false");
	if (over)
		complain("bounce compare: %s%s%s of %s is over the limit: %s", compared->name,
			 *groups->group[a->group] ? " at " : "", groups->group[a->group],
			 groups->series[b->series], change_text(&change, &to, text, sizeof text));
	return over;
}

static bool both_have(const struct cell *a, const struct cell *b, const struct quotient *compared)
{
	return !isnan(cell_interval(a, quotient_value, compared).mean) &&
	       !isnan(cell_interval(b, quotient_value, compared).mean);
}

/* All groups of one series against the first; how many rows were over the limit. */
static size_t add_series(struct table *table, const struct groups *groups, size_t series,
			 const struct comparison *comparison)
{
	size_t over = 0;

	for (size_t g = 0; g < groups->groups; g++) {
		const struct cell *a = groups_cell(groups, 0, g),
				  *b = groups_cell(groups, series, g);

		for (size_t m = 0; a && b && m < comparison->count; m++)
			if (!comparison->native || both_have(a, b, &comparison->compared[m]))
				over += add_row(table, groups, a, b, &comparison->compared[m],
					comparison->limit);
	}
	return over;
}

/* The columns of one pair. People see the names of the two as headings, programs as values. */
static void make_columns(struct column columns[COLUMNS], const struct groups *groups, size_t series,
			 bool limited)
{
	bool settings = groups->groups > 1 || *groups->group[0];
	const struct column all[COLUMNS] = {
		{ settings ? "settings" : NULL, "settings", true },
		{ NULL, "a", true },
		{ NULL, "b", true },
		{ "metric", "metric", true },
		{ groups->series[0], NULL, true },
		{ groups->series[series], NULL, true },
		{ "change", NULL, true },
		{ NULL, "a_mean", false },
		{ NULL, "a_low", false },
		{ NULL, "a_high", false },
		{ NULL, "a_seeds", false },
		{ NULL, "a_states", false },
		{ NULL, "b_mean", false },
		{ NULL, "b_low", false },
		{ NULL, "b_high", false },
		{ NULL, "b_seeds", false },
		{ NULL, "b_states", false },
		{ NULL, "change", false },
		{ NULL, "change_low", false },
		{ NULL, "change_high", false },
		{ limited ? "" : NULL, "over", true },
		{ NULL, NULL, false },
	};

	memcpy(columns, all, sizeof all);
}

/* Round brackets among square ones: say what they are. */
static void print_rough(FILE *out, const struct groups *groups, const struct comparison *comparison)
{
	bool rough = false;

	for (size_t i = 0; i < groups->cells && !rough; i++) {
		for (size_t m = 0; m < comparison->count; m++) {
			struct interval value = cell_interval(&groups->cell[i], quotient_value,
							      &comparison->compared[m]);

			rough |= value.rough && value.low != value.high;
		}
	}
	if (rough)
		fprintf(out, "\nIn round brackets the lowest and the highest seed, where seeds are too few or too far apart for a 95 %% interval.\n");
}

/* A table per pair for people, one table of all pairs for programs. */
size_t comparison_print(FILE *out, const struct groups *groups, const struct comparison *comparison,
			size_t *rows)
{
	struct column columns[COLUMNS];
	struct table *table = NULL;
	size_t over = 0;

	*rows = 0;
	for (size_t s = 1; s < groups->serieses; s++) {
		if (!table) {
			make_columns(columns, groups, s, !isnan(comparison->limit));
			table = table_new(columns);
		}
		over += add_series(table, groups, s, comparison);
		if (comparison->format != TABLE_PEOPLE && s + 1 < groups->serieses)
			continue;
		if (comparison->format == TABLE_PEOPLE && *rows)
			putc('\n', out);
		if (comparison->format != TABLE_PEOPLE || table_rows(table))
			table_print(table, out, comparison->format, "comparison", 0,
				    comparison->paper);
		*rows += table_rows(table);
		table_free(table);
		table = NULL;
	}
	if (comparison->format == TABLE_PEOPLE && *rows)
		print_rough(out, groups, comparison);
	return over;
}
