/*
 * Results for people: a row per combination of swept values, each number the mean over the seeds
 * with its 95 % Student interval, or, where that would say nothing true, their range. What no
 * combination has (frees of a workload without an allocator) has no column. Where pages are what is
 * looked at, the blocks that are free at the end follow.
 */
#include "cli/summary.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "cli/verdict.h"
#include "experiment/groups.h"
#include "experiment/metrics.h"
#include "experiment/partners.h"
#include "experiment/statistics.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

struct quantity {
	const char *title, *metric;
	bool per_operation;
	bool only_above_zero;           /* a column of zeros says nothing */
	unsigned spare;                 /* of its column */
};

/* clang-format off */
static const struct quantity quantities[] = {
	{ "cycles/alloc", "alloc_cycles_mean", false, false },
	{ "cycles/free",  "free_cycles_mean",  false, false },
	{ "cycles/page alloc", "page_alloc_cycles_mean", false, false },
	{ "cycles/page free",  "page_free_cycles_mean",  false, false },
	{ "cycles/work",  "work_cycles_mean",  false, false },
	{ "bounces/op",   "bounces",           true, false },
	{ "allocator's",  "bounces_allocator", true, true },
	{ "workload's",   "bounces_workload",  true, true, 3 },
	{ "payload's",    "bounces_payload",   true, true, 3 },
	{ "hitm loads/op", "hitm_loads",       true, true, 2 },
	{ "elapsed/op",   "elapsed_cycles",    true, false, 1 },
	{ "lost",         "objects_lost",      false, true },
	{ 0 },
};
/* clang-format on */

enum { UNITS_PER_CYCLE = 64 };
enum { QUANTITIES = sizeof quantities / sizeof *quantities - 1, COLUMNS_MAX = 64 };
enum { KEYS_MAX = COLUMNS_MAX - QUANTITIES - 5 };

static double value(const struct quantity *quantity, const struct point *point)
{
	double number = metric_value(metric_find(quantity->metric), point);

	if (!quantity->per_operation)
		return number;
	return point->result->operations ? number / (double)point->result->operations : NAN;
}

/* Points from `first` on that differ in their seed only: seeds are innermost. */
static size_t run_length(const struct points *points, size_t first)
{
	size_t count = 1;

	while (first + count < points->count &&
	       point_same_but_seed(points->point[first], points->point[first + count]))
		count++;
	return count;
}

static size_t longest_run(const struct points *points)
{
	size_t longest = 0;

	for (size_t i = 0; i < points->count;) {
		size_t count = run_length(points, i);

		longest = count > longest ? count : longest;
		i += count;
	}
	return longest;
}

static bool is_wanted(const struct points *points, const struct quantity *quantity)
{
	bool page = !strncmp(quantity->metric, "page_", 5);

	for (size_t i = 0; i < points->count; i++) {
		double number = value(quantity, points->point[i]);

		/* page operations inside those of objects are a detail: they show in the CSV */
		if (page && points->point[i]->result->op[OP_ALLOC].count)
			continue;
		if (!isnan(number) && (number > 0 || !quantity->only_above_zero))
			return true;
	}
	return false;
}

static struct interval interval_of(const struct quantity *quantity, struct point *const *point,
				   size_t count)
{
	double *values = xalloc(count * sizeof *values);
	size_t known = 0;

	for (size_t i = 0; i < count; i++) {
		values[known] = value(quantity, point[i]);
		known += !isnan(values[known]);
	}

	struct interval interval = statistics_interval(values, known);

	free(values);
	return interval;
}

static void add_interval(struct table *table, const struct quantity *quantity,
			 struct point *const *point, size_t count)
{
	struct interval interval = interval_of(quantity, point, count);
	char mean[40], low[40], high[40], text[128], exact[40];

	number_real(mean, sizeof mean, interval.mean);
	snprintf(text, sizeof text, "%s", mean);
	number_real(low, sizeof low, interval.low);
	number_real(high, sizeof high, interval.high);
	/* an interval that looks like its mean adds nothing */
	if (!number_states(text, sizeof text, &interval.states) && interval_known(&interval) &&
	    (strcmp(low, mean) || strcmp(high, mean)))
		snprintf(text, sizeof text, interval.rough ? "%s (%s..%s)" : "%s [%s..%s]", mean,
			 low, high);
	table_both(table, true, interval.count ? text : "-",
		   number_exact(exact, sizeof exact, interval.mean));
}

static const char *outcome_of(struct point *const *point, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (point[i]->result->outcome != OUTCOME_DONE)
			return outcome_names[point[i]->result->outcome];
	}
	return "";
}

static bool all_done(const struct points *points)
{
	return !*outcome_of(points->point, points->count);
}

/* Rows of the table at different distances: a column says which. */
static bool partners_differ(const struct points *points)
{
	char text[512];
	bool differ;

	partners_of_points(points, &differ, text, sizeof text);
	return differ;
}

/* Does any differ from the first in being mixed? */
static bool mixed_differ(const struct points *points)
{
	for (size_t i = 1; i < points->count; i++) {
		if (points->point[i]->mixed != points->point[0]->mixed)
			return true;
	}
	return false;
}

/* "in_flight" of "workload.in_flight": short headings keep the table narrow. */
static const char *last_word(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* The same; the whole key where another swept one ends in that word, and nothing else says whose it
 * is. */
static const char *key_heading(const struct points *points, const char *key)
{
	const char *word = last_word(key);

	for (size_t i = 0; i < points->swepts; i++)
		if (strcmp(points->swept[i], key) && !strcmp(last_word(points->swept[i]), word))
			return key;
	return word;
}

/* One for each swept key; returns how many. */
static size_t key_columns(const struct points *points, struct column *columns)
{
	size_t count = 0;

	for (size_t i = 0; i < points->swepts && count < KEYS_MAX; i++)
		columns[count++] =
			(struct column){ key_heading(points, points->swept[i]), points->swept[i], true };
	if (!points->swepts)
		columns[count++] = (struct column){ "", "experiment", true };
	return count;
}

static void add_keys(struct table *table, const struct points *points, const struct point *point)
{
	for (size_t i = 0; i < points->swepts && i < KEYS_MAX; i++) {
		const char *text = point_value(point, points->swept[i]);

		table_text(table, "%s", text ? text : "");
	}
	if (!points->swepts)
		table_text(table, "%s", *point->objects ? point->objects : point->workload);
}

/* Key columns, one per quantity in `wanted`, the outcome where one is not "done". */
static void make_columns(const struct points *points, const bool *wanted, struct column *columns)
{
	size_t count = key_columns(points, columns);

	if (partners_differ(points))
		columns[count++] = (struct column){ PARTNERS_KEY, PARTNERS_KEY, true };
	if (mixed_differ(points))
		columns[count++] = (struct column){ "eras", "mixed", true };
	for (size_t i = 0; i < QUANTITIES; i++) {
		if (wanted[i])
			columns[count++] =
				(struct column){ quantities[i].title, quantities[i].metric, false,
						 quantities[i].spare };
	}
	if (!all_done(points))
		columns[count++] = (struct column){ "ended", "outcome", true };
	columns[count] = (struct column){ NULL, NULL, false };
}

static void add_row(struct table *table, const struct points *points, const bool *wanted,
		    size_t first, size_t count)
{
	struct point *const *point = points->point + first;

	add_keys(table, points, point[0]);
	if (partners_differ(points)) {
		const char *partners = point_value(point[0], PARTNERS_KEY);

		table_text(table, "%s", partners ? partners : "-");
	}
	if (mixed_differ(points))
		table_text(table, "%s", point[0]->mixed ? "mixed" : "");
	for (size_t i = 0; i < QUANTITIES; i++) {
		if (wanted[i])
			add_interval(table, &quantities[i], point, count);
	}
	if (!all_done(points)) {
		const char *outcome = outcome_of(point, count);

		table_text(table, "%s", *outcome ? outcome : "done");
	}
}

static bool is_swept(const struct points *points, const char *key)
{
	for (size_t i = 0; i < points->swepts; i++) {
		if (!strcmp(points->swept[i], key))
			return true;
	}
	return false;
}

/* "pcp 2.6.22 with slub-page", "buddy (mixed) with slub-cpu"; "": it asks no allocator. */
static const char *pages_text(const struct point *point, char *text, size_t size)
{
	char key[160];
	const char *variant;

	*text = '\0';
	if (!*point->objects && !groups_asks_for_pages(point))
		return text;
	snprintf(key, sizeof key, "%.140s.variant", point->pages);
	variant = point_value(point, key);
	snprintf(text, size, "%s%s%s%s%s%s", point->pages, variant ? " " : "",
		 variant ? variant : "", point->mixed ? " (mixed)" : "",
		 *point->objects ? " with " : "", point->objects);
	return text;
}

/* The page allocators below the objects, each once: what `auto` became can be seen here. */
static void print_pages(FILE *out, const struct points *points)
{
	enum { SHOWN = 8 };
	char text[SHOWN + 1][400];
	size_t count = 0;

	for (size_t i = 0; i < points->count && count < SHOWN; i++) {
		bool known = !*pages_text(points->point[i], text[count], sizeof text[count]);

		for (size_t k = 0; k < count && !known; k++)
			known = !strcmp(text[k], text[count]);
		if (known)
			continue;
		fputs(count ? ", " : "pages from ", out);
		text_line(out, text[count++]);
	}
	if (count)
		fputs(count == SHOWN ? ", ...\n" : "\n", out);
}

/* Where a run was long enough to see one. */
static void print_second(FILE *out, const struct points *points)
{
	for (size_t i = 0; i < points->count; i++) {
		const char *text = point_value(points->point[i], "second_cycles");
		uint64_t second = text ? strtoull(text, NULL, 10) : 0;
		char number[40], pages[400];

		if (!second || !*pages_text(points->point[i], pages, sizeof pages) ||
		    points->point[i]->result->elapsed_units / UNITS_PER_CYCLE < second)
			continue;
		if (is_swept(points, "second_cycles"))
			fprintf(out, "a second of the kernel is 'second_cycles'\n");
		else
			fprintf(out, "a second of the kernel is %s cycles\n",
				number_count(number, sizeof number, second));
		return;
	}
}

void summary_headline(FILE *out, const struct points *points)
{
	const struct point *first = points->point[0];
	uint64_t low = first->seed, high = first->seed;

	for (size_t i = 0; i < points->count; i++) {
		uint64_t seed = points->point[i]->seed;

		low = seed < low ? seed : low;
		high = seed > high ? seed : high;
	}
	text_line(out, points->name);
	fputs(*points->title ? ": " : "", out);
	text_line(out, points->title);
	fprintf(out, "\n%s", first->workload);
	if (!is_swept(points, "machine"))
		fprintf(out, ", %s", first->machine);
	if (!is_swept(points, "cpus"))
		fprintf(out, ", %" PRIu64 " CPU%s", first->cpus, first->cpus == 1 ? "" : "s");

	bool differ;
	char partners[512];

	partners_of_points(points, &differ, partners, sizeof partners);
	if (*partners && !differ)
		fprintf(out, ", partners %s", partners);
	if (low == high)
		fprintf(out, ", seed %" PRIu64, low);
	else
		fprintf(out, ", seeds %" PRIu64 "..%" PRIu64 ": mean %s", low, high,
			longest_run(points) < INTERVAL_VALUES ? "(range)" : "[95 % interval]");
	fprintf(out, ", bounce %s, experiment %.12s\n", points->version, points->hash);
	if (points->count < points->expected)
		fprintf(out, "incomplete: %zu of %zu points\n", points->count, points->expected);
	print_pages(out, points);
	print_second(out, points);
	fputc('\n', out);
}

/* What inputs say about themselves: repairs of a trace. Each text once. */
static void print_remarks(FILE *out, const struct points *points)
{
	for (size_t i = 0; i < points->count; i++) {
		for (size_t j = 0; j < points->point[i]->remarks; j++) {
			const char *text = points->point[i]->remark[j];
			bool known = false;

			for (size_t k = 0; k < i && !known; k++)
				known = j < points->point[k]->remarks &&
					!strcmp(points->point[k]->remark[j], text);
			if (!known)
				fprintf(out, "%s\n", text);
		}
	}
}

/* Several seeds and one result: say so, for an interval of no width looks like precision. */
static void print_seedless(FILE *out, const struct points *points)
{
	size_t same = 0, groups = 0;

	for (size_t i = 0; i < points->count;) {
		size_t count = run_length(points, i), equal = 1;
		const struct point *first = points->point[i];

		for (; equal < count; equal++) {
			const struct result *a = first->result,
					    *b = points->point[i + equal]->result;

			if (a->elapsed_units != b->elapsed_units ||
			    memcmp(&a->total, &b->total, sizeof a->total))
				break;
		}
		same += count > 1 && equal == count;
		groups += count > 1;
		i += count;
	}
	if (same)
		fprintf(out, "\nNo seed changes %s: all seeds gave the same counts.\n",
			same == groups ? "these results" : "some of these results");
}

/* Round brackets among square ones, and 'or': say what they are. */
static void print_rough(FILE *out, const struct points *points, const bool *wanted)
{
	bool few = false, wide = false, two_states = false;
	char text[128];

	for (size_t i = 0; i < points->count;) {
		size_t count = run_length(points, i);

		for (size_t q = 0; q < QUANTITIES; q++) {
			struct interval interval =
				interval_of(&quantities[q], points->point + i, count);
			bool two = wanted[q] &&
				   number_states(text, sizeof text, &interval.states);
			bool rough = wanted[q] && !two && interval.rough &&
				     interval.low != interval.high;

			two_states |= two;
			few |= rough && interval.count < INTERVAL_VALUES;
			wide |= rough && interval.count >= INTERVAL_VALUES;
		}
		i += count;
	}
	if (two_states)
		fprintf(out, "\nA (n) or B (m): two states. The seeds fall into two groups with nothing between; a mean of both would be no result.\n");
	if (few)
		fprintf(out, "\nIn round brackets the lowest and the highest seed: an interval wants three seeds.\n");
	if (wide)
		fprintf(out, "\nIn round brackets the lowest and the highest seed, where a 95 %% interval would reach below 0.\n");
}

/* The first allocator, or whatever is compared by name, against the others. */
static void print_verdict(FILE *out, const struct points *points)
{
	static const char *const words[] = {
		"alloc_cycles_mean", "free_cycles_mean", "page_alloc_cycles_mean",
		"page_free_cycles_mean", "bounces/operations",
	};
	struct quotient what[sizeof words / sizeof *words];
	struct groups *groups = groups_of(points, NULL);
	char unknown[64];
	size_t count = 0;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		bool of_pages = !strncmp(words[i], "page_", 5);

		/* page operations inside those of objects are a detail */
		if (of_pages && points->point[0]->result->op[OP_ALLOC].count)
			continue;
		quotient_parse(words[i], &what[count++], unknown, sizeof unknown);
	}
	if (groups->serieses > 1)
		putc('\n', out);
	verdict_print(out, groups, what, count);
	groups_free(groups);
}

/* ---- pages free at the end ---------------------------------------------------------------------- */

enum { ORDERS = 11, ORDER_2M = 9 };

/* Free blocks of orders 0 to 10, means of the seeds that tell; false: none does, or pages are a detail. */
static bool mean_blocks(struct point *const *point, size_t count, double blocks[ORDERS])
{
	size_t seeds = 0;

	memset(blocks, 0, ORDERS * sizeof *blocks);
	for (size_t i = 0; i < count; i++) {
		const struct result *result = point[i]->result;

		if (!groups_asks_for_pages(point[i]) || result->orders != ORDERS)
			continue;
		for (size_t order = 0; order < ORDERS; order++)
			blocks[order] += (double)result->order[order].blocks;
		seeds++;
	}
	for (size_t order = 0; order < ORDERS && seeds; order++)
		blocks[order] /= (double)seeds;
	return seeds > 0;
}

/* A mean that is a whole number has no digits behind it. */
static void add_mean(struct table *table, double mean)
{
	if (mean == floor(mean))
		table_count(table, (uint64_t)mean);
	else
		table_real(table, mean);
}

static void add_blocks(struct table *table, const double blocks[ORDERS])
{
	double all = 0, large = 0;

	for (size_t order = 0; order < ORDERS; order++) {
		double pages = ldexp(blocks[order], (int)order);

		all += pages;
		large += order < ORDER_2M ? 0 : pages;
	}
	for (size_t order = 0; order < ORDERS; order++)
		add_mean(table, blocks[order]);
	add_mean(table, all);
	table_share(table, large, all);
}

/* What is left in large blocks says how fragmented memory is. */
static void print_blocks(FILE *out, const struct points *points, struct paper paper)
{
	static const char *const title[ORDERS] = { "0", "1", "2", "3", "4", "5",
						   "6", "7", "8", "9", "10" };
	struct column columns[COLUMNS_MAX];
	size_t columns_used = key_columns(points, columns);
	double blocks[ORDERS];
	struct table *table;

	for (size_t order = 0; order < ORDERS; order++)
		columns[columns_used++] = (struct column){ title[order], title[order], false,
							   order < ORDER_2M ? (unsigned)order : 0 };
	columns[columns_used++] = (struct column){ "free pages", "free_pages", false };
	columns[columns_used++] = (struct column){ "in 2 MiB", "free_pages_in_2m", false };
	columns[columns_used] = (struct column){ NULL, NULL, false };
	table = table_new(columns);
	for (size_t i = 0; i < points->count;) {
		size_t count = run_length(points, i);

		if (mean_blocks(points->point + i, count, blocks)) {
			add_keys(table, points, points->point[i]);
			add_blocks(table, blocks);
		}
		i += count;
	}
	if (table_rows(table)) {
		fputs("\nFree at the end, in blocks of 2^order pages that any CPU can have:\n", out);
		table_print(table, out, TABLE_PEOPLE, NULL, 0, paper);
	}
	table_free(table);
}

void summary_print(FILE *out, const struct points *points, struct paper paper)
{
	bool wanted[QUANTITIES];
	struct column columns[COLUMNS_MAX];

	if (!points->count) {
		fprintf(out, "%s: no points yet\n", points->name);
		return;
	}
	for (size_t i = 0; i < QUANTITIES; i++)
		wanted[i] = is_wanted(points, &quantities[i]);
	make_columns(points, wanted, columns);

	struct table *table = table_new(columns);

	for (size_t i = 0; i < points->count;) {
		size_t count = run_length(points, i);

		add_row(table, points, wanted, i, count);
		i += count;
	}
	summary_headline(out, points);
	table_print(table, out, TABLE_PEOPLE, "result", 0, paper);
	table_free(table);
	print_verdict(out, points);
	print_blocks(out, points, paper);
	print_rough(out, points, wanted);
	print_seedless(out, points);
	print_remarks(out, points);
}
