/*
 * bounce compare: two results, or the values of one key of a result, side by side with 95 %
 * intervals; as a check with --fail-over.
 */
#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arrange.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/comparison.h"
#include "cli/document.h"
#include "cli/differences.h"
#include "cli/select.h"
#include "cli/verdict.h"
#include "experiment/diagnostic.h"
#include "sim/verbs/xalloc.h"

enum { DIFFERENCES = 8 };       /* members and places that are shown */

struct arguments {
	const char *result[2], *by;
	struct quotient *compared;
	size_t count;
	double limit;
	struct printed_options printed;
};

enum { OPTION_BY = 256, OPTION_METRIC, OPTION_FAIL };

/* clang-format off */
static const struct argp_option options[] = {
	{ "by", OPTION_BY, "KEY", 0, "compare the values of this key within one result (default: objects)", 0 },
	{ "metric", OPTION_METRIC, "METRIC", 0, "a metric, or one per another: hitm_loads/operations; may be given several times", 0 },
	{ "fail-over", OPTION_FAIL, "PERCENT", 0, "status 3 if a metric of the second is higher by more than PERCENT, and by more than the seeds explain", 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Two results side by side, with 95 % intervals over their seeds.\v"
	"Points meet whose swept settings are equal.\n\n"
	"  bounce compare results/before results/after\n"
	"  bounce compare remote-free --by objects\n"
	"  bounce compare old new --metric alloc_cycles_mean --fail-over 5%";

/* ---- arguments --------------------------------------------------------------------------------- */

static void add_metric(struct arguments *arguments, const char *word, struct argp_state *state)
{
	struct quotient compared;
	char unknown[128], why[240];

	if (!quotient_parse(word, &compared, unknown, sizeof unknown))
		argp_error(state, "%s", metric_unknown(unknown, why, sizeof why));
	if (metric_is_name(compared.above) || (compared.below && metric_is_name(compared.below)))
		argp_error(state, "'%s' is a name, not a number", word);
	arguments->compared =
		xrealloc(arguments->compared, (arguments->count + 1) * sizeof compared);
	arguments->compared[arguments->count++] = compared;
}

static void parse_limit(struct arguments *arguments, const char *word, struct argp_state *state)
{
	char *end;
	double percent = strtod(word, &end);

	end += strspn(end, " ");
	if (end == word || !(percent >= 0) || (*end && strcmp(end, "%") != 0))
		argp_error(state, "--fail-over wants per cent, 5%% for example, got '%s'", word);
	arguments->limit = percent / 100;
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->printed;
		return 0;
	case OPTION_BY:
		arguments->by = word;
		return 0;
	case OPTION_METRIC:
		add_metric(arguments, word, state);
		return 0;
	case OPTION_FAIL:
		parse_limit(arguments, word, state);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_error(state, "two results at most");
		arguments->result[state->arg_num] = word;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->result[0])
			argp_error(state, "which results? Two folders, or one and --by KEY");
		if (arguments->result[1] && arguments->by)
			argp_error(state, "--by compares within one result");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- arranging the points ------------------------------------------------------------------------ */

/* Allocators, with their variants; or whatever else is swept by name. */
static bool compares_series(const struct points *points, const char *by)
{
	bool any = false;

	for (size_t i = 0; i < points->swepts; i++)
		any |= groups_is_series(points, points->swept[i]);
	return any && (!by || !strcmp(by, "objects"));
}

static bool by_known(const struct points *points, const char *by, char *why, size_t size)
{
	struct nearest nearest = nearest_to(by ? by : "");
	char seed[24];

	if (!by) {
		snprintf(why, size, "%s sweeps nothing: there is nothing to compare within it",
			 points->name);
		return false;
	}
	for (size_t i = 0; i < points->count; i++)
		if (select_value(points->point[i], by, seed, sizeof seed))
			return true;
	for (size_t i = 0; i < points->swepts; i++)
		nearest_try(&nearest, points->swept[i]);
	snprintf(why, size,
		 nearest.best ? "%s has no setting '%s'; did you mean '%s'?"
			      : "%s has no setting '%s'",
		 points->name, by, nearest.best);
	return false;
}

/* Without any there is nothing to compare, whatever the settings are. */
static bool have_points(const struct arguments *arguments, const struct points *points, size_t count,
			char *why, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (!points[i].count) {
			snprintf(why, size, "%s: no point has been computed; 'bounce run' of its experiment does it",
				 arguments->result[i]);
			return false;
		}
	return true;
}

/* Groups that one of the two lacks are told, not compared. */
static void tell_unmatched(const struct groups *groups)
{
	for (size_t g = 0; g < groups->groups; g++)
		for (size_t s = 1; s < groups->serieses; s++) {
			const struct cell *a = groups_cell(groups, 0, g),
					  *b = groups_cell(groups, s, g);

			if (!a != !b)
				complain("bounce compare: only in %s: %s",
					 groups->series[a ? 0 : s], groups->group[g]);
		}
	if (groups->bad)
		complain("bounce compare: %zu %s that ended badly left out", groups->bad,
			 groups->bad == 1 ? "run" : "runs");
}

static bool is_native(const struct points *points)
{
	return points && points->count && points->point[0]->native;
}

/* Names as given; equal names would be one series. Beside native ones the backend is named. */
static struct groups *arrange(const struct arguments *arguments, const struct points *a,
			      const struct points *b, const char *by)
{
	const char *const *given = arguments->result;
	char names[2][600];
	bool any = is_native(a) || is_native(b);

	if (!b)
		return compares_series(a, by) ? arrange_series(a) : arrange_by(a, by);
	for (unsigned i = 0; i < 2; i++) {
		const char *backend = is_native(i ? b : a) ? " (native)" : " (simulated)";
		bool again = i && !strcmp(given[0], given[1]);

		snprintf(names[i], sizeof names[i], "%.512s%s", again ? "again" : given[i],
			 any ? backend : "");
	}
	return arrange_two(a, names[0], b, names[1]);
}

static int compare(const struct arguments *arguments, const struct points *a,
		   const struct points *b, const char *by)
{
	struct groups *groups = arrange(arguments, a, b, by);
	const struct quotient *compared = arguments->compared;
	size_t count = arguments->count;
	struct comparison comparison = {
		.limit = arguments->limit,
		.native = is_native(a) || is_native(b),
		.format = arguments->printed.format,
		.paper = printed_paper(stdout, &arguments->printed),
	};
	bool people = arguments->printed.format == TABLE_PEOPLE;

	if (!count)
		compared = compared_usual(comparison.native, &count);
	comparison.compared = compared;
	comparison.count = count;
	if (people && b)
		differences_of_settings(stdout, a, b);

	size_t rows, over = comparison_print(stdout, groups, &comparison, &rows);
	int status = over ? EXIT_DIFFERENT : EXIT_DONE;

	if (people && rows) {
		for (size_t s = 1; s < groups->serieses; s++)
			differences_of_places(stdout, groups, s, DIFFERENCES, comparison.paper);
		putchar('\n');
		verdict_print(stdout, groups, compared, count);
	}

	tell_unmatched(groups);
	if (!rows) {
		complain("bounce compare: no settings are in both");
		status = EXIT_MISTAKE;
	}
	if (over)
		complain("bounce compare: %zu of %zu over the limit of %g %%", over, rows,
			 100 * arguments->limit);
	groups_free(groups);
	return status;
}

int cli_compare(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "A B\nRESULT [--by KEY]",
		.doc = help,
		.children = printed_options,
	};
	struct arguments arguments = { .limit = NAN };
	struct points points[2] = { 0 };
	struct json_document document;
	char folder[4096], why[1024], cure[400];
	int status = EXIT_MISTAKE;
	size_t count;

	options_parse(&argp, argc, argv, "bounce compare", &arguments);
	for (count = 0; count < 2 && arguments.result[count]; count++)
		if (!points_load(select_folder(arguments.result[count], folder, sizeof folder),
				 &points[count], why, sizeof why))
			break;

	const char *by = arguments.by;
	bool ready = (count == 2 || (count == 1 && !arguments.result[1])) &&
		     have_points(&arguments, points, count, why, sizeof why);

	if (by && count == 1 && points[0].count)
		by = select_key(points[0].point[0], by);

	if (ready && count == 1 && !compares_series(&points[0], by)) {
		by = by || !points[0].swepts ? by : points[0].swept[0];
		ready = by_known(&points[0], by, why, sizeof why);
	}
	document_begin(&document, &arguments.printed.format);
	if (ready)
		status = compare(&arguments, &points[0], count == 2 ? &points[1] : NULL, by);
	else
		complain("bounce compare: %s%s", why,
			 count < 2 && arguments.result[count]
				 ? select_cure(arguments.result[count], cure, sizeof cure)
				 : "");
	document_end(&document);
	while (count--)
		points_free(&points[count]);
	free(arguments.compared);
	return status;
}
