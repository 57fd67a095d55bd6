/*
 * bounce suggest: a layout with fewer bounces for the struct of a result, run at once beside the
 * one it has: what it gains, what it takes, and the difference as pahole would print it.
 */
#include <argp.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/select.h"
#include "experiment/experiment.h"
#include "experiment/file.h"
#include "experiment/loading.h"
#include "experiment/metrics.h"
#include "experiment/outline_text.h"
#include "experiment/run_point.h"
#include "experiment/suggestion.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

enum { OPTION_POINT = 256, OPTION_STRUCT, SEEDS_MIN = 5 };

struct arguments {
	const char *result, *point, *structure;
};

/* clang-format off */
static const struct argp_option options[] = {
	{ "point", OPTION_POINT, "KEY=VALUE,...", 0, "the point to start from: workload.edit=none (default: the first)", 0 },
	{ "struct", OPTION_STRUCT, "NAME", 0, "a struct of an allocator, as reports call it: its layout is printed, not run", 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"A layout with fewer bounces, from who writes and reads the members of a result's struct.\v"
	"Members that nobody writes stay together; behind them the members of each set of writers, in "
	"lines of their own. For the workload 'struct' both layouts are run at once, each with five "
	"seeds at least.\n\n"
	"  bounce suggest results/struct-file\n"
	"  bounce suggest remote-free --point objects=slub-page --struct kmem_cache_node";

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_POINT:
		arguments->point = word;
		return 0;
	case OPTION_STRUCT:
		arguments->structure = word;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->result)
			return ARGP_ERR_UNKNOWN;
		arguments->result = word;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->result)
			argp_error(state,
				   "which result? A folder, or the name of one below results/");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print_classes(const struct suggestion *suggestion)
{
	for (size_t i = 0; i < suggestion->classes; i++) {
		const struct suggested_class *class = &suggestion->class[i];

		printf("  %s%s%s: %s\n", *class->who ? "written by " : "not written", class->who,
		       class->read ? ", read by others" : "", class->members);
	}
}

static uint64_t lines_of(const struct outline *outline)
{
	return (outline->size + LINE - 1) / LINE;
}

static void print_price(const struct outline *before, const struct suggestion *suggestion)
{
	const struct outline *after = suggestion->after;

	printf("price: %" PRIu64 " bytes instead of %" PRIu64 " (%" PRIu64
	       " lines instead of %" PRIu64 ", for %zu set%s of writers)\n",
	       after->size, before->size, lines_of(after), lines_of(before), suggestion->writers,
	       suggestion->writers == 1 ? "" : "s");
}

/* YAML may go on in the next line behind a comma. */
static void print_edit(const char *edit)
{
	enum { WIDTH = 90 };
	int column = printf("  edit: ");

	for (const char *at = edit; *at;) {
		size_t length = strcspn(at, " ");

		if (column + (int)length > WIDTH)
			column = printf("\n    ") - 1;
		column += printf("%.*s", (int)length, at);
		at += length;
		if (*at)
			column += printf("%.*s", 1, at++);
	}
	putchar('\n');
}

/* ---- running --------------------------------------------------------------------------------- */

/* What decides, and what is told. */
/* clang-format off */
static const struct { const char *name, *words; } gains[] = {
	{ "elapsed_cycles", "cycles elapsed" },
	{ "bounces", "bounces" },
	{ "hitm_loads", "hitm loads" },
	{ "hitm_stores", "hitm stores" },
	{ "misses_false_sharing", "false-sharing misses" },
};
/* clang-format on */

enum { GAINS = sizeof gains / sizeof *gains, ELAPSED = 0 };

/* Runs of one layout, all seeds. */
struct runs {
	double *value[GAINS];           /* per operation */
	size_t count;
};

static void runs_free(struct runs *runs)
{
	for (size_t i = 0; i < GAINS; i++)
		free(runs->value[i]);
}

/* false: one did not end well, which is told. */
static bool run_seeds(const struct combination *combination, uint64_t seeds, struct runs *runs)
{
	for (size_t i = 0; i < GAINS; i++)
		runs->value[i] = xalloc(seeds * sizeof **runs->value);
	for (uint64_t seed = 0; seed < seeds; seed++) {
		struct planned planned = { combination, combination->settings.seed + seed, "" };
		char why[512];
		struct point *point = run_point(&planned, why, sizeof why);

		if (!point || point->result->outcome != OUTCOME_DONE) {
			complain("bounce suggest: %s", point ? point->result->message : why);
			if (point)
				point_free(point);
			return false;
		}
		for (size_t i = 0; i < GAINS; i++)
			runs->value[i][seed] = metric_value(metric_find(gains[i].name), point) /
					       (double)point->result->operations;
		runs->count++;
		point_free(point);
	}
	return true;
}

static void print_gain(const struct runs *before, const struct runs *after, size_t which)
{
	struct interval a = statistics_interval(before->value[which], before->count);
	struct interval b = statistics_interval(after->value[which], after->count);
	struct interval change = statistics_change(before->value[which], before->count,
						   after->value[which], after->count);
	char was[40], is[40], low[40], high[40], by[40];

	if (a.mean == 0 && b.mean == 0)
		return;
	printf("  %-22s %8s -> %-8s", gains[which].words, number_real(was, sizeof was, a.mean),
	       number_real(is, sizeof is, b.mean));
	if (isnan(change.mean))
		printf("\n");
	else if (interval_two_states(&change))
		printf("two states\n");
	else if (interval_told(&change))
		printf("%s %% [%s..%s]\n", number_percent(by, sizeof by, change.mean),
		       number_percent(low, sizeof low, change.low),
		       number_percent(high, sizeof high, change.high));
	else
		printf("%s %%\n", number_percent(by, sizeof by, change.mean));
}

/* Does the time of an operation fall, and no seed speaks against it? */
static bool is_gain(const struct runs *before, const struct runs *after)
{
	struct interval change = statistics_change(before->value[ELAPSED], before->count,
						   after->value[ELAPSED], after->count);

	return change.high < 0 && !interval_two_states(&change);
}

static double mean_of(const struct runs *runs)
{
	return statistics_interval(runs->value[ELAPSED], runs->count).mean;
}

/* ---- a struct of the workload ---------------------------------------------------------------- */

/* The settings of a result again: as many as are swept tell its combinations apart. */
static const struct combination *find_combination(const struct experiment *experiment,
						  const struct point *point, const char *edit)
{
	for (size_t i = 0; i < experiment->combinations; i++) {
		const struct combination *combination = experiment->combination[i];
		bool same = true;

		for (size_t j = 0; j < combination->keys && same; j++) {
			const struct point_key *key = &combination->key[j];
			const char *value = point_value(point, key->key);

			if (edit && !strcmp(key->key, "workload.edit"))
				same = !strcmp(key->value, edit);
			else if (key->swept && value && strcmp(key->value, "auto"))
				same = !strcmp(key->value, value);
		}
		if (same)
			return combination;
	}
	return NULL;
}

struct suggesting {
	const struct points *points;
	const struct point *point;
	const char *called;             /* the result, by whoever asks */
	char file[4200];                /* the result's experiment */
	struct experiment *experiment;
	const struct combination *combination;
	struct struct_plan *plan;
	struct outline *before;
};

static struct experiment *load_experiment(const struct suggesting *suggesting, char *const *sets,
					  size_t count)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment = experiment_load(suggesting->file, sets, count, diagnostics);

	if (!experiment)
		diagnostics_print(diagnostics, stderr, false);
	diagnostics_free(diagnostics);
	return experiment;
}

/* The other layout beside the one it has, in one experiment; false: told. */
static bool run_edit(const struct suggesting *suggesting, const char *edit, struct runs *runs)
{
	size_t size = strlen(edit) + 40;
	char *set = xalloc(size);
	struct experiment *experiment;
	const struct combination *combination = NULL;
	uint64_t seeds = suggesting->combination->settings.repeat;
	bool good = false;

	snprintf(set, size, "workload.edit=%s", edit);
	experiment = load_experiment(suggesting, &set, 1);
	if (experiment)
		combination = find_combination(experiment, suggesting->point, edit);
	if (combination)
		good = run_seeds(combination, seeds < SEEDS_MIN ? SEEDS_MIN : seeds, runs);
	if (experiment)
		experiment_free(experiment);
	free(set);
	return good;
}

static int tell_nothing(const char *why)
{
	printf("Nothing to gain: %s.\n", why);
	return EXIT_DONE;
}

static int tell_layout(const struct suggesting *suggesting, const struct suggestion *suggestion,
		       const struct runs *before, const struct runs *after)
{
	printf("Members by who writes them, each set in lines of its own:\n");
	print_classes(suggestion);
	printf("\nper operation, %zu seeds each:\n", before->count);
	for (size_t i = 0; i < GAINS; i++)
		print_gain(before, after, i);
	print_price(suggesting->before, suggestion);
	printf("\nas an edit:\n");
	print_edit(suggestion->edit);
	putchar('\n');
	outline_diff(stdout, suggesting->before, suggestion->after);
	return EXIT_DONE;
}

/* One line more for each set of writers at most; a pair of lines where they come in pairs. */
static bool is_affordable(const struct suggesting *suggesting, const struct suggestion *suggestion,
			  size_t writers, uint64_t line)
{
	return lines_of(suggestion->after) <=
	       lines_of(suggesting->before) + (writers + 1) * (line / LINE - 1) + writers;
}

static int try_layouts(struct suggesting *suggesting, uint64_t line)
{
	struct suggestion *suggestion[2] = { NULL, NULL };
	struct runs before = { .count = 0 }, after[2] = { { .count = 0 }, { .count = 0 } };
	const struct struct_settings *set = suggesting->combination->workload_settings;
	const char *edit = combination_value(suggesting->combination, "workload.edit");
	char why[300] = "";
	int best = -1, status = EXIT_FAILED;

	for (int by = 0; by < 2; by++) {
		suggestion[by] = suggestion_new(set, suggesting->plan, suggesting->point->result,
						(enum suggestion_by)by, line, why, sizeof why);
		if (!suggestion[by]) {
			complain("bounce suggest: %s", why);
			goto out;
		}
	}
	if (suggestion_is_same(suggesting->before, suggestion[0]->after) ||
	    !is_affordable(suggesting, suggestion[0], suggestion[0]->writers, line)) {
		status = tell_nothing("members that different CPUs write are apart already");
		goto out;
	}
	if (!run_edit(suggesting, edit, &before))
		goto out;
	for (int by = 0; by < 2; by++) {
		if (by && (!strcmp(suggestion[0]->edit, suggestion[1]->edit) ||
			   !is_affordable(suggesting, suggestion[1], suggestion[0]->writers, line)))
			continue;
		if (!run_edit(suggesting, suggestion[by]->edit, &after[by]))
			goto out;
		if (is_gain(&before, &after[by]) &&
		    (best < 0 || mean_of(&after[by]) < mean_of(&after[best])))
			best = by;
	}
	if (best >= 0) {
		status = tell_layout(suggesting, suggestion[best], &before, &after[best]);
	} else {
		status = tell_nothing("in lines of their own, members take as long as they do now");
		print_classes(suggestion[0]);
		printf("per operation, %zu seeds each:\n", before.count);
		for (size_t i = 0; i < GAINS; i++)
			print_gain(&before, &after[0], i);
	}
out:
	for (int by = 0; by < 2; by++) {
		suggestion_free(suggestion[by]);
		runs_free(&after[by]);
	}
	runs_free(&before);
	return status;
}

static void print_start(const struct suggesting *suggesting)
{
	char *label = select_label(suggesting->points, suggesting->point);

	printf("struct %s   ", suggesting->before->name);
	printf("%s   %s   %s\n\n", suggesting->points->name, label, suggesting->point->machine);
	free(label);
}

static void tell_problem(void *to, const struct workload_place *where, const char *text)
{
	(void)to, (void)where;
	complain("bounce suggest: %s", text);
}

static int suggest_model(struct suggesting *suggesting, const char *name);

static int suggest_struct(struct suggesting *suggesting)
{
	const struct struct_settings *set;
	int status = EXIT_MISTAKE;

	suggesting->experiment = load_experiment(suggesting, NULL, 0);
	if (!suggesting->experiment)
		return EXIT_MISTAKE;
	suggesting->combination = find_combination(suggesting->experiment, suggesting->point, NULL);
	if (!suggesting->combination) {
		complain("bounce suggest: the point is none of %s", suggesting->file);
		experiment_free(suggesting->experiment);
		return EXIT_FAILED;
	}
	set = suggesting->combination->workload_settings;
	suggesting->before = struct_outline(set, true, tell_problem, NULL);
	suggesting->plan =
		struct_plan_new(set, (unsigned)suggesting->point->cpus, tell_problem, NULL);
	if (suggesting->before && *set->sequence) {
		/* its accesses are to bytes of this layout, and no group's */
		char *name = xstrdup(suggesting->before->name);

		outline_free(suggesting->before);
		suggesting->before = NULL;
		status = suggest_model(suggesting, name);
		suggesting->before = NULL;
		free(name);
	} else if (suggesting->before && suggesting->plan) {
		print_start(suggesting);
		status = try_layouts(suggesting, suggesting->combination->machine.prefetchers.pair
							 ? 2 * LINE
							 : LINE);
	}
	struct_plan_free(suggesting->plan);
	outline_free(suggesting->before);
	experiment_free(suggesting->experiment);
	return status;
}

/* ---- a struct of a model --------------------------------------------------------------------- */

static int suggest_model(struct suggesting *suggesting, const char *name)
{
	const struct result *result = suggesting->point->result;
	uint64_t traffic = 0;
	char why[300];
	struct suggestion *suggestion =
		suggestion_of_model(result, name, LINE, &suggesting->before, why, sizeof why);
	int status = EXIT_DONE;

	if (!suggestion) {
		char *called = text_shell_word(suggesting->called);

		complain("bounce suggest: %s; which there are: bounce report %s members", why, called);
		free(called);
		return EXIT_MISTAKE;
	}
	for (size_t i = 0; i < result->members; i++) {
		if (!strcmp(result->member[i].layout, name))
			traffic += result->member[i].bounces + result->member[i].hitm;
	}
	print_start(suggesting);
	if (!traffic || suggestion_is_same(suggesting->before, suggestion->after)) {
		status = tell_nothing(traffic ? "what several CPUs write is apart already"
					      : "no other CPU was in the way of its members");
	} else {
		printf("Printed, not run: only the workload 'struct' with 'threads' can be given another layout.\n"
		       "Who writes what is of all structs of this kind together.\n\n");
		print_classes(suggestion);
		print_price(suggesting->before, suggestion);
		putchar('\n');
		outline_diff(stdout, suggesting->before, suggestion->after);
	}
	outline_free(suggesting->before);
	suggestion_free(suggestion);
	return status;
}

/* ---- the verb -------------------------------------------------------------------------------- */

/* Is it the struct that the workload is about, and not one of what runs below it? */
static bool is_its_own(const struct point *point, const char *name)
{
	const struct result *result = point->result;

	for (size_t i = 0; i < result->members; i++) {
		if (result->member[i].class == CLASS_WORKLOAD &&
		    !strcmp(result->member[i].layout, name))
			return !strcmp(point->workload, "struct");
	}
	return false;
}

static int suggest(const struct arguments *arguments, const struct points *points,
		   const char *folder, const struct point *point)
{
	struct suggesting suggesting = { .points = points, .point = point, .called = arguments->result };

	if (point->native) {
		char where[160];

		complain("bounce suggest: on the processors of %s only times are seen; what to move where, simulated points show",
			 point_where(point, where, sizeof where));
		return EXIT_MISTAKE;
	}
	snprintf(suggesting.file, sizeof suggesting.file, "%s/experiment.yaml", folder);
	if (arguments->structure && !is_its_own(point, arguments->structure))
		return suggest_model(&suggesting, arguments->structure);
	if (!strcmp(point->workload, "struct"))
		return suggest_struct(&suggesting);

	char *called = text_shell_word(arguments->result);

	complain(
		"bounce suggest: workload '%s' has no struct of its own; --struct NAME takes one of the allocator; which bounce: bounce report %s members",
		point->workload, called);
	free(called);
	return EXIT_MISTAKE;
}

int cli_suggest(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "RESULT",
		.doc = help,
	};
	struct arguments arguments = { 0 };
	struct points points;
	const struct point **chosen;
	size_t count;
	char folder[4096], why[1024], cure[400];
	int status = EXIT_MISTAKE;

	options_parse(&argp, argc, argv, "bounce suggest", &arguments);
	if (!points_load(select_folder(arguments.result, folder, sizeof folder), &points, why,
			 sizeof why)) {
		complain("bounce suggest: %s%s", why,
			 select_cure(arguments.result, cure, sizeof cure));
		return EXIT_MISTAKE;
	}
	if (select_points(&points, arguments.point, &chosen, &count, why, sizeof why)) {
		if (count)
			status = suggest(&arguments, &points, folder, chosen[0]);
		else
			complain("bounce suggest: no point is there yet");
		free(chosen);
	} else {
		complain("bounce suggest: %s", why);
	}
	points_free(&points);
	return status;
}
