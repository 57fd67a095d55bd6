/*
 * bounce run: experiments in, results, tables and figures out.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/document.h"
#include "cli/expected.h"
#include "cli/native.h"
#include "cli/options.h"
#include "cli/run.h"
#include "cli/sensitivity.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "experiment/keys.h"
#include "experiment/metrics.h"
#include "figures/plots.h"
#include "experiment/run_point.h"
#include "experiment/runner.h"
#include "experiment/text.h"
#include "sim/protocol.h"
#include "sim/verbs/backend.h"
#include "sim/verbs/xalloc.h"

struct arguments {
	char **files, **sets;
	size_t file_count, set_count;
	const char *output;
	struct printed_options printed;
	struct runner_options runner;
	bool quiet, no_plots, sensitivity, native, watched;
};

enum {
	OPTION_SET = 256,
	OPTION_MODEL,
	OPTION_SEED,
	OPTION_OUTPUT,
	OPTION_SHARD,
	OPTION_JOBS,
	OPTION_FORCE,
	OPTION_REPLACE,
	OPTION_QUIET,
	OPTION_NO_PLOTS,
	OPTION_SENSITIVITY,
	OPTION_BACKEND,
	OPTION_WATCHED
};

/* clang-format off */
static const struct argp_option options[] = {
	{ "set", OPTION_SET, "KEY=VALUE", 0, "Put a value over that of the file; may be given often", 0 },
	{ "model", OPTION_MODEL, "FILE.so", 0, MODEL_HELP, 0 },
	{ "seed", OPTION_SEED, "N", 0, "The same as --set seed=N", 0 },
	{ "output", OPTION_OUTPUT, "DIR", 0, "Results go to DIR/NAME (results/NAME)", 0 },
	{ "shard", OPTION_SHARD, "I/N", 0, "Every N-th point from the I-th on, 1/N to N/N", 0 },
	{ "jobs", OPTION_JOBS, "N", 0, "Points at a time (as many as there are cores)", 0 },
	{ "force", OPTION_FORCE, NULL, 0, "Compute again what is there", 0 },
	{ "replace", OPTION_REPLACE, NULL, 0, "Take the folder of another experiment of that name (a lab's is taken anyway); its points stay", 0 },
	{ "no-plots", OPTION_NO_PLOTS, NULL, 0, "Draw no figures", 0 },
	{ "sensitivity", OPTION_SENSITIVITY, NULL, 0, "Does the order, or what is expected, depend on an uncertain number? Each halved and doubled", 0 },
	{ "backend", OPTION_BACKEND, "native|simulated", 0, "native: measure this host's processors, and print the simulation beside them", 0 },
	{ "watched", OPTION_WATCHED, NULL, 0, "With --backend native: watch who is handed what, time nothing", 0 },
	{ "quiet", OPTION_QUIET, NULL, 0, "No progress, no notes", 0 },
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

/* "I/N" of digits alone */
static void read_shard(const char *text, struct runner_options *runner, struct argp_state *state)
{
	static const char digits[] = "0123456789";
	size_t first = strspn(text, digits);
	bool good = first && first < 10 && text[first] == '/';
	size_t second = good ? strspn(text + first + 1, digits) : 0;

	if (good && second && second < 10 && !text[first + 1 + second]) {
		runner->shard = (unsigned)strtoul(text, NULL, 10);
		runner->shards = (unsigned)strtoul(text + first + 1, NULL, 10);
	}
	if (runner->shard < 1 || runner->shard > runner->shards)
		argp_error(state, "--shard wants I/N, 1/N to N/N, got '%s'", text);
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	char *set = NULL;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->printed;
		return 0;
	case OPTION_MODEL:
		load_model(word, state);
		return 0;
	case OPTION_SET:
		words_append(&arguments->sets, &arguments->set_count, xstrdup(word));
		return 0;
	case OPTION_SEED:
		if (asprintf(&set, "seed=%s", word) < 0)
			xalloc_failed(strlen(word));
		words_append(&arguments->sets, &arguments->set_count, set);
		return 0;
	case OPTION_OUTPUT:
		if (!*word)
			argp_error(state, "--output wants a folder, like --output=results");
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
	case OPTION_REPLACE:
		arguments->runner.replace = true;
		return 0;
	case OPTION_QUIET:
		arguments->quiet = true;
		return 0;
	case OPTION_SENSITIVITY:
		arguments->sensitivity = true;
		return 0;
	case OPTION_BACKEND:
		arguments->native = !strcmp(word, backend_native.name);
		if (!arguments->native && strcmp(word, "simulated"))
			argp_error(state, "--backend is native or simulated, got '%s'", word);
		return 0;
	case OPTION_WATCHED:
		arguments->watched = true;
		return 0;
	case OPTION_NO_PLOTS:
		arguments->no_plots = true;
		return 0;
	case ARGP_KEY_ARG:
		words_append(&arguments->files, &arguments->file_count, word);
		return 0;
	case ARGP_KEY_END:
		if (!arguments->file_count)
			argp_error(state,
				   "which experiment? A file, like configs/remote-free.yaml");
		if (arguments->watched && !arguments->native)
			argp_error(state, "--watched is for --backend native");
		if (arguments->sensitivity && arguments->native)
			argp_error(state, "--sensitivity is of simulated machines");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- running ----------------------------------------------------------------------------- */

static void print_points(const struct arguments *arguments, const struct points *points)
{
	if (arguments->printed.format == TABLE_CSV)
		metrics_csv(stdout, points);
	else if (arguments->printed.format == TABLE_JSONL)
		metrics_jsonl(stdout, points);
	else
		summary_print(stdout, points,
			      printed_paper(stdout, &arguments->printed));
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
		point_label(points, point, label, sizeof label);
		complain("bounce: %s, %s%sseed=%llu: %s", points->name, label, *label ? " " : "",
			 (unsigned long long)point->seed, point->result->message);
	}
	return count;
}

/* Of shards the one that completes the experiment draws. false: a figure could not be had. */
static bool draw(const struct arguments *arguments, struct runner *runner, const char *directory,
		 const struct points *points, bool whole)
{
	char why[1024];

	if (arguments->no_plots || !points->plots || !points->count ||
	    (arguments->runner.shards && !whole))
		return true;
	runner_enter(runner);

	bool drawn = plots_draw(directory, why, sizeof why);

	runner_leave(runner);
	if (!drawn)
		complain("bounce: no figures: %s", why);
	return drawn || !plots_can_draw();
}

/* Programs get their rows alone. Of a part of the points nothing is expected. */
static size_t tell_expected(const struct arguments *arguments, const struct experiment *experiment,
			    const struct points *points, bool whole)
{
	return whole ? expected_print(arguments->printed.format == TABLE_PEOPLE ? stdout : stderr,
				      experiment, points)
		     : 0;
}

/* What came of a run beyond its points. */
struct outcome_of_run {
	size_t ended;                   /* badly */
	size_t missed;                  /* expectations that do not hold */
};

/* Results and figures of what is there; false: some could not be written or read. */
static bool finish(const struct arguments *arguments, const struct experiment *experiment,
		   struct runner *runner, const char *directory, struct outcome_of_run *came)
{
	struct points points;
	char why[1024];
	bool whole, written = runner_tables(runner, &points, &whole, why, sizeof why);

	if (!written)
		complain("bounce: cannot write results: %s", why);
	if (points.point) {
		came->ended = run_tell_outcomes(&points);
		print_points(arguments, &points);
		came->missed = tell_expected(arguments, experiment, &points, whole);
		fflush(stdout);
	}
	if (written)
		written = draw(arguments, runner, directory, &points, whole);
	points_free(&points);
	return written;
}

int run_status(const struct runner_summary *summary, bool written, size_t ended)
{
	if (summary->interrupted)
		return EXIT_INTERRUPTED;
	if (summary->mistaken || summary->refused)
		return EXIT_MISTAKE;
	return summary->failed || ended || !written ? EXIT_FAILED : EXIT_DONE;
}

/* Where the results go. The folder of a lab is its latest run's, as with 'bounce lab': what it held is
 * back in a second. */
static struct runner_options options_for(const struct arguments *arguments,
					 const struct experiment *experiment, char *directory,
					 size_t size)
{
	struct runner_options how = arguments->runner;

	snprintf(directory, size, "%s/%s", arguments->output ? arguments->output : "results",
		 experiment->name);
	how.directory = directory;
	how.replace = how.replace || experiment->lab;
	return how;
}

/* Of runs that all ended badly there is nothing to look at. */
static void tell_where(const struct runner_summary *summary, size_t ended, const char *directory)
{
	size_t points = summary->kept + summary->computed;

	fprintf(stderr, "\n%zu point%s in ", points, points == 1 ? "" : "s");
	text_line(stderr, directory);
	fprintf(stderr, " (%zu computed now); ", summary->computed);
	if (points > ended) {
		fputs("where it bounces: bounce report ", stderr);
		text_shell(stderr, directory);
		fputc('\n', stderr);
	} else {
		fputs("none ended well, so there is nothing to report\n", stderr);
	}
}

static int run_one(const struct arguments *arguments, const struct experiment *experiment)
{
	struct runner_summary summary;
	struct outcome_of_run came = { 0 };
	char directory[4096];
	struct runner_options how = options_for(arguments, experiment, directory, sizeof directory);
	struct runner *runner = runner_new(experiment, &how, &summary);

	if (!runner)
		return summary.refused ? EXIT_MISTAKE : EXIT_FAILED;
	runner_run(runner);

	bool written = finish(arguments, experiment, runner, directory, &came);

	runner_free(runner);
	if (summary.interrupted)
		complain(
			"bounce: interrupted; %zu points are kept in %s, the next run computes the others",
			summary.kept + summary.computed, directory);
	else if (!arguments->quiet && arguments->printed.format == TABLE_PEOPLE)
		tell_where(&summary, came.ended, directory);

	int status = run_status(&summary, written, came.ended);

	return status == EXIT_DONE && came.missed ? EXIT_DIFFERENT : status;
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
		.runner = options_for(arguments, experiment, directory, sizeof directory),
		.format = arguments->printed.format,
		.paper = printed_paper(stdout, &arguments->printed),
	};

	return sensitivity_run(experiment, &how);
}

static int try_native(const struct arguments *arguments, const struct experiment *experiment)
{
	char directory[4096];
	struct native_how how = {
		.directory = directory,
		.runner = options_for(arguments, experiment, directory, sizeof directory),
		.format = arguments->printed.format,
		.paper = printed_paper(stdout, &arguments->printed),
		.watched = arguments->watched,
	};

	return native_run_experiment(experiment, &how);
}

static int run_as_asked(struct arguments *arguments, const char *file,
			const struct experiment *experiment)
{
	if (arguments->sensitivity)
		return try_weak(arguments, file, experiment);
	if (arguments->native)
		return try_native(arguments, experiment);
	return run_one(arguments, experiment);
}

void run_refuse_plant(const struct experiment *experiment, struct diagnostics *diagnostics)
{
	const struct plant *fault = keys_model_fault(experiment->combination[0]->settings.plant);

	if (fault)
		mistake(diagnostics, experiment->compared,
			"'plant: %s' is of the models, for 'bounce explore'; a run has faults of the protocol: %s, %s",
			fault->name, protocol_faults[FAULT_SKIP_INVALIDATE].name,
			protocol_faults[FAULT_KEEP_MODIFIED].name);
}

/* Two experiments of one name would share a folder; and the folder may be another one's. */
static bool has_folder(const struct arguments *arguments, struct experiment *const *experiments,
		       size_t at)
{
	const struct experiment *experiment = experiments[at];
	char directory[4096], why[1024];
	struct runner_options runner =
		options_for(arguments, experiment, directory, sizeof directory);

	for (size_t i = 0; i < at; i++) {
		if (strcmp(experiments[i]->name, experiment->name) ||
		    !strcmp(experiments[i]->hash, experiment->hash))
			continue;
		complain(
			"bounce: %s and %s are both called '%s', so their results would go to one folder; give one of them another 'name'",
			experiments[i]->path, experiment->path, experiment->name);
		return false;
	}
	if (arguments->sensitivity || runner_admits(experiment, &runner, why, sizeof why))
		return true;
	complain("bounce: %s", why);
	return false;
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
			run_refuse_plant(experiments[i], diagnostics);
		if (experiments[i] && arguments->sensitivity)
			sensitivity_check(experiments[i], diagnostics);
		if (experiments[i] && arguments->native)
			native_check(experiments[i], &arguments->runner, diagnostics);
	}
	for (size_t i = 0; i < arguments->file_count && !diagnostics_count(diagnostics); i++)
		run_rehearse(experiments[i], diagnostics);
	if (diagnostics_count(diagnostics))
		status = EXIT_MISTAKE;
	/* what was left out is a note, which --quiet does without */
	if (status == EXIT_MISTAKE || !arguments->quiet)
		diagnostics_print(diagnostics, stderr, table_colour(stderr, arguments->printed.colour));
	for (size_t i = 0; i < arguments->file_count && !diagnostics_count(diagnostics); i++)
		status = has_folder(arguments, experiments, i) ? status : EXIT_MISTAKE;
	for (size_t i = 0; i < arguments->file_count && status != EXIT_MISTAKE; i++) {
		int one = run_as_asked(arguments, arguments->files[i], experiments[i]);

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
	static const struct argp argp = { options, parse, "FILE...", help, printed_options, NULL, NULL };
	struct arguments arguments = { 0 };
	struct json_document document;

	options_parse(&argp, argc, argv, "bounce run", &arguments);

	document_begin(&document, &arguments.printed.format);

	int status = run_all(&arguments);

	document_end(&document);
	for (size_t i = 0; i < arguments.set_count; i++)
		free(arguments.sets[i]);
	free(arguments.sets);
	free(arguments.files);
	return status;
}
