/*
 * bounce run: experiments in, results, tables and figures out.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/run.h"
#include "cli/sensitivity.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "experiment/metrics.h"
#include "experiment/plots.h"
#include "experiment/run_point.h"
#include "experiment/runner.h"
#include "sim/verbs/xalloc.h"

struct arguments {
	char **files, **sets;
	size_t file_count, set_count;
	const char *output, *colour;
	enum table_format format;
	struct runner_options runner;
	bool quiet, no_plots, sensitivity;
};

enum {
	OPTION_SET = 256,
	OPTION_SEED,
	OPTION_FORMAT,
	OPTION_OUTPUT,
	OPTION_SHARD,
	OPTION_JOBS,
	OPTION_FORCE,
	OPTION_QUIET,
	OPTION_COLOUR,
	OPTION_NO_PLOTS,
	OPTION_SENSITIVITY
};

/* clang-format off */
static const struct argp_option options[] = {
	{ "set", OPTION_SET, "KEY=VALUE", 0, "Put a value over that of the file; may be given often", 0 },
	{ "seed", OPTION_SEED, "N", 0, "The same as --set seed=N", 0 },
	{ "format", OPTION_FORMAT, "table|csv|jsonl", 0, "What to print (table)", 0 },
	{ "output", OPTION_OUTPUT, "DIR", 0, "Results go to DIR/NAME (results/NAME)", 0 },
	{ "shard", OPTION_SHARD, "I/N", 0, "Every N-th point from the I-th on, 1/N to N/N", 0 },
	{ "jobs", OPTION_JOBS, "N", 0, "Points at a time (as many as there are cores)", 0 },
	{ "force", OPTION_FORCE, NULL, 0, "Compute again what is there", 0 },
	{ "no-plots", OPTION_NO_PLOTS, NULL, 0, "Draw no figures", 0 },
	{ "sensitivity", OPTION_SENSITIVITY, NULL, 0, "Does the order of allocators hang on a weak number? Each halved and doubled", 0 },
	{ "quiet", OPTION_QUIET, NULL, 0, "No progress, no notes", 0 },
	{ "color", OPTION_COLOUR, "always|never", 0, "Colours in tables and messages", 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Runs experiments: every combination of the values in lists, each with every seed. Points "
	"that are there already are not computed again.\v"
	"Examples:\n\n"
	"  bounce run configs/remote-free.yaml\n"
	"  bounce run configs/remote-free.yaml --set cpus=[2,4] --set repeat=3\n"
	"  bounce run configs/remote-free.yaml --sensitivity\n"
	"  bounce run configs/slab-test.yaml --shard 3/16 --format csv";

/* ---- arguments --------------------------------------------------------------------------- */

static unsigned read_number(const char *text, const char *option, unsigned max,
			    struct argp_state *state)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || number < 1 || number > max)
		argp_error(state, "--%s wants a whole number, 1..%u, got '%s'", option, max, text);
	return (unsigned)number;
}

static void read_shard(const char *text, struct runner_options *runner, struct argp_state *state)
{
	char extra;

	if (sscanf(text, "%u/%u%c", &runner->shard, &runner->shards, &extra) != 2 ||
	    runner->shard < 1 || runner->shard > runner->shards)
		argp_error(state, "--shard wants I/N, 1/N to N/N, got '%s'", text);
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	char *set = NULL;

	switch (key) {
	case OPTION_SET:
		words_append(&arguments->sets, &arguments->set_count, xstrdup(word));
		return 0;
	case OPTION_SEED:
		if (asprintf(&set, "seed=%s", word) < 0)
			xalloc_failed(strlen(word));
		words_append(&arguments->sets, &arguments->set_count, set);
		return 0;
	case OPTION_FORMAT:
		arguments->format = format_word(word, state);
		return 0;
	case OPTION_OUTPUT:
		arguments->output = word;
		return 0;
	case OPTION_SHARD:
		read_shard(word, &arguments->runner, state);
		return 0;
	case OPTION_JOBS:
		arguments->runner.jobs = read_number(word, "jobs", 4096, state);
		return 0;
	case OPTION_FORCE:
		arguments->runner.force = true;
		return 0;
	case OPTION_QUIET:
		arguments->quiet = true;
		return 0;
	case OPTION_SENSITIVITY:
		arguments->sensitivity = true;
		return 0;
	case OPTION_NO_PLOTS:
		arguments->no_plots = true;
		return 0;
	case OPTION_COLOUR:
		arguments->colour = colour_word(word, state);
		return 0;
	case ARGP_KEY_ARG:
		words_append(&arguments->files, &arguments->file_count, word);
		return 0;
	case ARGP_KEY_END:
		if (!arguments->file_count)
			argp_error(state,
				   "which experiment? A file, like configs/remote-free.yaml");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- running ----------------------------------------------------------------------------- */

static void print_points(const struct arguments *arguments, const struct points *points)
{
	if (arguments->format == TABLE_CSV)
		metrics_csv(stdout, points);
	else if (arguments->format == TABLE_JSONL)
		metrics_jsonl(stdout, points);
	else
		summary_print(stdout, points, table_colour(stdout, arguments->colour));
}

size_t run_tell_outcomes(const struct points *points)
{
	size_t count = 0;
	char label[512];

	for (size_t i = 0; i < points->count; i++) {
		const struct point *point = points->point[i];

		if (point->result->outcome == OUTCOME_DONE)
			continue;
		count++;
		fprintf(stderr, "bounce: %s, %s seed=%llu: %s\n", points->name,
			point_label(points, point, label, sizeof label),
			(unsigned long long)point->seed, point->result->message);
	}
	return count;
}

static void draw(const struct arguments *arguments, const char *directory,
		 const struct points *points)
{
	char why[1024];

	if (arguments->no_plots || !points->plots || !points->count)
		return;
	if (!plots_draw(directory, why, sizeof why))
		fprintf(stderr, "bounce: no figures: %s\n", why);
}

/* Results of what is there; false: they could not be written or read. */
static bool finish(const struct arguments *arguments, const char *directory, size_t *ended)
{
	struct points points;
	char why[1024];

	if (!points_load(directory, &points, why, sizeof why)) {
		fprintf(stderr, "bounce: %s\n", why);
		return false;
	}

	bool written = runner_tables(directory, &points, why, sizeof why);

	if (!written)
		fprintf(stderr, "bounce: cannot write results: %s\n", why);
	*ended = run_tell_outcomes(&points);
	print_points(arguments, &points);
	fflush(stdout);
	if (written)
		draw(arguments, directory, &points);
	points_free(&points);
	return written;
}

int run_status(const struct runner_summary *summary, bool written, size_t ended)
{
	if (summary->interrupted)
		return EXIT_INTERRUPTED;
	if (summary->mistaken)
		return EXIT_MISTAKE;
	return summary->failed || ended || !written ? EXIT_FAILED : EXIT_DONE;
}

static void folder_of(const struct arguments *arguments, const struct experiment *experiment,
		      char *directory, size_t size)
{
	snprintf(directory, size, "%s/%s", arguments->output ? arguments->output : "results",
		 experiment->name);
}

static int run_one(struct arguments *arguments, const struct experiment *experiment)
{
	struct runner_summary summary;
	size_t ended = 0;
	char directory[4096];

	folder_of(arguments, experiment, directory, sizeof directory);
	arguments->runner.directory = directory;
	runner_run(experiment, &arguments->runner, &summary);
	if (summary.unwritable)
		return EXIT_FAILED;

	bool written = finish(arguments, directory, &ended);

	if (summary.interrupted)
		fprintf(stderr,
			"bounce: interrupted; %zu points are kept in %s, the next run computes the others\n",
			summary.kept + summary.computed, directory);
	else if (!arguments->quiet && arguments->format == TABLE_PEOPLE)
		fprintf(stderr,
			"\n%zu points in %s (%zu computed now); 'bounce report %s' shows where it bounces\n",
			summary.kept + summary.computed, directory, summary.computed, directory);
	return run_status(&summary, written, ended);
}

static int try_weak(const struct arguments *arguments, const char *file,
		    const struct experiment *experiment)
{
	char directory[4096];
	struct sensitivity_options how = {
		.file = file,
		.sets = arguments->sets,
		.set_count = arguments->set_count,
		.directory = directory,
		.runner = arguments->runner,
		.format = arguments->format,
		.colour = table_colour(stdout, arguments->colour),
	};

	folder_of(arguments, experiment, directory, sizeof directory);
	return sensitivity_run(experiment, &how);
}

static void refuse_plant(const struct experiment *experiment, struct diagnostics *diagnostics)
{
	if (experiment->combination[0]->settings.plant)
		mistake(diagnostics, experiment->compared,
			"'plant' is for 'bounce explore'; nothing is planted in a run");
}

/* All files first: a mistake in the last one stops the first one too. */
static int run_all(struct arguments *arguments)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment **experiments = xalloc(arguments->file_count * sizeof *experiments);
	int status = EXIT_DONE;

	arguments->runner.quiet = arguments->quiet;
	arguments->runner.progress = !arguments->quiet && isatty(STDERR_FILENO);
	for (size_t i = 0; i < arguments->file_count; i++) {
		experiments[i] = experiment_load(arguments->files[i], arguments->sets,
						 arguments->set_count, diagnostics);
		if (experiments[i])
			refuse_plant(experiments[i], diagnostics);
		if (experiments[i] && arguments->sensitivity)
			sensitivity_check(experiments[i], diagnostics);
	}
	if (diagnostics_count(diagnostics)) {
		diagnostics_print(diagnostics, stderr, table_colour(stderr, arguments->colour));
		status = EXIT_MISTAKE;
	}
	for (size_t i = 0; i < arguments->file_count && status == EXIT_DONE; i++)
		status = run_rehearse(experiments[i]) ? EXIT_DONE : EXIT_MISTAKE;
	for (size_t i = 0; i < arguments->file_count && status != EXIT_MISTAKE; i++) {
		int one = arguments->sensitivity
				  ? try_weak(arguments, arguments->files[i], experiments[i])
				  : run_one(arguments, experiments[i]);

		status = status == EXIT_DONE || one == EXIT_INTERRUPTED ? one : status;
		if (one == EXIT_INTERRUPTED)
			break;
	}
	for (size_t i = 0; i < arguments->file_count; i++) {
		if (experiments[i])
			experiment_free(experiments[i]);
	}
	free(experiments);
	diagnostics_free(diagnostics);
	return status;
}

int cli_run(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "FILE...", help, NULL, NULL, NULL };
	struct arguments arguments = { 0 };

	options_parse(&argp, argc, argv, "bounce run", &arguments);

	int status = run_all(&arguments);

	for (size_t i = 0; i < arguments.set_count; i++)
		free(arguments.sets[i]);
	free(arguments.sets);
	free(arguments.files);
	return status;
}
