/*
 * bounce litmus: runs litmus tests on a simulated machine, many times each, and holds the outcomes
 * against what x86-TSO allows.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/document.h"
#include "cli/options.h"
#include "cli/table.h"
#include "experiment/machine_file.h"
#include "experiment/terminal.h"
#include "experiment/text.h"
#include "litmus/campaign.h"
#include "sim/verbs/xalloc.h"

enum { DEPTH = 8, DEPTH_MAX = 1024, JOBS_MAX = 1024 };

struct arguments {
	char **files;
	size_t file_count;
	const char *machine;
	uint64_t runs, seed;
	int64_t depth, batch;           /* -1: not given */
	int model;                      /* enum memory_model; -1: what the depth allows */
	unsigned jobs;
	struct printed_options printed;
};

enum { OPTION_MACHINE = 256, OPTION_RUNS, OPTION_SEED, OPTION_DEPTH, OPTION_MODEL, OPTION_BATCH,
       OPTION_JOBS };

/* clang-format off */
static const struct argp_option options[] = {
	{ "machine", OPTION_MACHINE, "NAME", 0, "Machine, by name or path (textbook with a store buffer of 8)", 0 },
	{ "runs", OPTION_RUNS, "N", 0, "Runs of each test, all placements together (20000)", 0 },
	{ "seed", OPTION_SEED, "N", 0, "Another seed, other schedules (1)", 0 },
	{ "depth", OPTION_DEPTH, "N", 0, "Entries of the store buffer, instead of the machine's; 0: none", 0 },
	{ "model", OPTION_MODEL, "tso|sc", 0, "What to hold outcomes against (tso; sc at depth 0)", 0 },
	{ "batch", OPTION_BATCH, "N", 0, "This batch of runs only, to see one again", 0 },
	{ "jobs", OPTION_JOBS, "N", 0, "Processes at a time (one per core)", 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Runs litmus tests (herd7's format, x86) on a simulated machine: every placement of the threads, "
	"many schedules. Each outcome is held against the exact set that x86-TSO allows.\v"
	"Exit status 3: a forbidden outcome was seen, or one that the test asks for and the model "
	"allows was never seen. Examples:\n\n"
	"  bounce litmus tests/litmus/SB.litmus\n"
	"  bounce litmus tests/litmus/*.litmus --runs 1000000\n"
	"  bounce litmus tests/litmus/*.litmus --depth 0";

/* ---- arguments --------------------------------------------------------------------------- */

static uint64_t number_word(const char *word, const char *option, uint64_t least, uint64_t most,
			    const struct argp_state *state)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(word, &end, 10);
	if (errno || end == word || *end || *word < '0' || *word > '9' || number < least ||
	    number > most)
		argp_error(state, "%s wants a whole number, %" PRIu64 " to %" PRIu64 ", not '%s'",
			   option, least, most, word);
	return number;
}

static int model_word(const char *word, const struct argp_state *state)
{
	for (int i = 0; memory_model_names[i]; i++)
		if (!strcmp(word, memory_model_names[i]))
			return i;
	argp_error(state, "--model is tso or sc, not '%s'", word);
	return -1;
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->printed;
		return 0;
	case OPTION_MACHINE:
		arguments->machine = word;
		return 0;
	case OPTION_RUNS:
		arguments->runs = number_word(word, "--runs", 1, (uint64_t)1e12, state);
		return 0;
	case OPTION_SEED:
		arguments->seed = number_word(word, "--seed", 0, UINT64_MAX, state);
		return 0;
	case OPTION_DEPTH:
		arguments->depth = (int64_t)number_word(word, "--depth", 0, DEPTH_MAX, state);
		return 0;
	case OPTION_MODEL:
		arguments->model = model_word(word, state);
		return 0;
	case OPTION_BATCH:
		arguments->batch = (int64_t)number_word(word, "--batch", 0, INT64_MAX, state);
		return 0;
	case OPTION_JOBS:
		arguments->jobs = (unsigned)number_word(word, "--jobs", 1, JOBS_MAX, state);
		return 0;
	case ARGP_KEY_ARG:
		words_append(&arguments->files, &arguments->file_count, word);
		return 0;
	case ARGP_KEY_END:
		if (!arguments->file_count)
			argp_error(state, "which test? A file, like tests/litmus/SB.litmus");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- what is known before anything runs -------------------------------------------------- */

/* A test, and what the two models say of it. */
struct asked {
	const char *file;               /* as it was given */
	char *path;                     /* as it is told: one line */
	struct litmus *test;
	struct outcome_set sc, tso;
};

/* Why a test cannot be run. */
static void tell_end(const struct asked *asked, struct diagnostics *diagnostics,
		     enum oracle_end end, const struct instruction *at)
{
	static const char *const words[] = {
		[ORACLE_TOO_LARGE] = "the test is too large: it has too many states to list its outcomes",
		[ORACLE_NO_VARIABLE] = "this address can be that of no variable",
		[ORACLE_MIXED_SIZES] = "this can access a variable in another size than its own: mixed sizes are not simulated",
		[ORACLE_NO_END] = "a thread can get into a loop that it never leaves",
	};
	struct place place = { diagnostics_source(diagnostics, asked->path, "", 0, false), 0, 0 };

	mistake(diagnostics, at ? at->place : place, "%s", words[end]);
}

static bool consult(struct asked *asked, struct diagnostics *diagnostics)
{
	struct litmus *test = asked->test;
	bool written = test->verdict == VERDICT_ALLOWED, found;
	const struct instruction *at;
	enum oracle_end end = oracle_outcomes(test, MODEL_SC, &asked->sc, &at);

	if (end == ORACLE_WHOLE)
		end = oracle_outcomes(test, MODEL_TSO, &asked->tso, &at);
	if (end != ORACLE_WHOLE) {
		tell_end(asked, diagnostics, end, at);
		return false;
	}
	found = outcome_set_answers(&asked->tso, test);
	if (test->verdict == VERDICT_NONE || written == found)
		return true;
	if (!test->verdict_place.source) {
		fprintf(stderr, "%s: x86-TSO has an outcome that '%s' says there is not\n",
			asked->path,
			test->quantifier == QUANTIFIER_FORALL ? "forall" : "~exists");
		return true;
	}
	mistake(diagnostics, test->verdict_place,
		"the verdict is %s, but x86-TSO %s an outcome that the test asks for",
		written ? "Allowed" : "Forbidden", found ? "has" : "does not have");
	return false;
}

static struct asked *ask(const struct arguments *arguments, struct diagnostics *diagnostics)
{
	struct asked *asked = xalloc(arguments->file_count * sizeof *asked);

	for (size_t i = 0; i < arguments->file_count; i++) {
		asked[i].file = arguments->files[i];
		asked[i].path = text_clean(arguments->files[i]);
		asked[i].test = litmus_read(arguments->files[i], diagnostics);
		if (asked[i].test)
			consult(&asked[i], diagnostics);
	}
	return asked;
}

static void asked_free(struct asked *asked, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(asked[i].path);
		litmus_free(asked[i].test);
		outcome_set_free(&asked[i].sc);
		outcome_set_free(&asked[i].tso);
	}
	free(asked);
}

static bool get_machine(const struct arguments *arguments, struct diagnostics *diagnostics,
			struct machine *machine)
{
	if (!machine_load(arguments->machine ? arguments->machine : "textbook", diagnostics,
			  machine))
		return false;
	if (arguments->depth >= 0)
		machine->store_buffer = (uint64_t)arguments->depth;
	else if (!arguments->machine)
		machine->store_buffer = DEPTH;
	return true;
}

static bool machine_fits(const struct machine *machine, const struct asked *asked, size_t count)
{
	unsigned cores = machine_cores(machine);
	bool fits = true;

	for (size_t i = 0; i < count; i++) {
		if (asked[i].test->threads <= cores)
			continue;
		fprintf(stderr, "%s: error: %u threads, but machine '", asked[i].path,
			asked[i].test->threads);
		text_line(stderr, machine->id);
		fprintf(stderr, "' has %u cores\n", cores);
		fits = false;
	}
	return fits;
}

/* ---- telling ----------------------------------------------------------------------------- */

/* clang-format off */
static const struct column outcome_columns[] = {
	{ "test", "test", true },        { "outcome", "outcome", true },
	{ "seen", "seen", false },       { "possible", "possible", true },
	{ "asked for", "asked", true },  { NULL, NULL, false },
};

static const struct column test_columns[] = {
	{ "test", "test", true },        { "threads", "threads", false },
	{ "runs", "runs", false },       { "verdict", "verdict", true },
	{ "seen", "seen", false },       { "forbidden", "forbidden", false },
	{ "result", "result", true },    { NULL, NULL, false },
};
/* clang-format on */

struct telling {
	const struct arguments *arguments;
	const struct machine *machine;
	enum memory_model model;
	struct table *outcomes, *tests;
	int status;
};

static void worsen(struct telling *telling, int status)
{
	/* a run that failed says least: it comes before a difference */
	if (telling->status == EXIT_DONE || status == EXIT_FAILED)
		telling->status = status;
}

static const struct outcome_set *set_of(const struct asked *asked, enum memory_model model)
{
	return model == MODEL_SC ? &asked->sc : &asked->tso;
}

/* Where to look when an outcome should not have been. */
static void tell_forbidden(const struct telling *telling, const struct asked *asked,
			   const struct seen *seen)
{
	const struct arguments *arguments = telling->arguments;
	struct campaign campaign = { .test = asked->test,
				     .machine = telling->machine,
				     .runs = arguments->runs,
				     .seed = arguments->seed };
	struct placements placements =
		placements_find(telling->machine, asked->test->threads);
	struct batch batch = campaign_batch(&campaign, &placements, seen->batch);
	char *outcome = litmus_outcome(asked->test, seen->values);

	fprintf(stderr, "%s: %s forbids %s, seen %" PRIu64 " times\n", asked->path,
		telling->model == MODEL_SC ? "sequential consistency" : "x86-TSO",
		outcome, seen->count);
	fprintf(stderr, "    first: batch %" PRIu64 ", run %u; threads on cores", seen->batch,
		seen->run);
	for (unsigned i = 0; i < asked->test->threads; i++)
		fprintf(stderr, "%c%u", i ? ',' : ' ', batch.core[i]);
	fprintf(stderr,
		"; pressure: %s\n    again: bounce litmus ", pressure_names[batch.pressure]);
	text_shell(stderr, asked->file);
	fputs(" --machine ", stderr);
	text_shell(stderr, arguments->machine ? arguments->machine : "textbook");
	fprintf(stderr,
		" --depth %" PRIu64 " --model %s --runs %" PRIu64 " --seed %" PRIu64
		" --batch %" PRIu64 "\n",
		telling->machine->store_buffer, memory_model_names[telling->model],
		arguments->runs, arguments->seed, seen->batch);
	placements_free(&placements);
	free(outcome);
}

static void add_outcome(struct telling *telling, const struct asked *asked,
			const struct seen *seen)
{
	char *outcome = litmus_outcome(asked->test, seen->values);

	table_text(telling->outcomes, "%s", asked->test->name);
	table_text(telling->outcomes, "%s", outcome);
	free(outcome);
	if (seen->count)
		table_count(telling->outcomes, seen->count);
	else
		table_both(telling->outcomes, true, "never", "0");
	table_text(telling->outcomes, "%s",
		   outcome_set_find(&asked->sc, seen->values) >= 0	 ? "sc"
		   : outcome_set_find(&asked->tso, seen->values) >= 0 ? "tso"
								       : "no");
	table_text(telling->outcomes, "%s",
		   asked->test->quantifier == QUANTIFIER_NONE	  ? "-"
		   : litmus_asked(asked->test, seen->values) ? "yes"
							     : "no");
}

/* What a campaign saw, in short. */
struct summary {
	uint64_t asked, forbidden;
};

static struct summary look_at(struct telling *telling, const struct asked *asked,
			      const struct tally *tally)
{
	struct summary summary = { 0, tally->untold };

	for (size_t i = 0; i < tally->outcomes; i++) {
		const struct seen *seen = &tally->seen[i];

		add_outcome(telling, asked, seen);
		if (litmus_asked(asked->test, seen->values))
			summary.asked += seen->count;
		if (!seen->count ||
		    outcome_set_find(set_of(asked, telling->model), seen->values) >= 0)
			continue;
		summary.forbidden += seen->count;
		tell_forbidden(telling, asked, seen);
	}
	return summary;
}

static const char *judge(struct telling *telling, const struct asked *asked,
			 const struct tally *tally, struct summary summary)
{
	const struct arguments *arguments = telling->arguments;
	bool allowed = outcome_set_answers(set_of(asked, telling->model), asked->test);

	if (*tally->failure) {
		fprintf(stderr, "%s: %s\n", asked->path, tally->failure);
		worsen(telling, EXIT_FAILED);
		return "failed";
	}
	if (arguments->batch >= 0 && (uint64_t)arguments->batch >= tally->batches) {
		fprintf(stderr,
			"%s: no batch %" PRId64 ": %" PRIu64 " runs make %" PRIu64
			" batches, from 0 on\n",
			asked->path, arguments->batch, arguments->runs, tally->batches);
		worsen(telling, EXIT_MISTAKE);
		return "no such batch";
	}
	if (summary.forbidden) {
		worsen(telling, EXIT_DIFFERENT);
		return "forbidden outcome seen";
	}
	if (allowed && !summary.asked && arguments->batch < 0) {
		fprintf(stderr,
			"%s: allowed, but never seen in %" PRIu64
			" runs; the machine is stricter, or the runs are too few\n",
			asked->path, tally->runs);
		worsen(telling, EXIT_DIFFERENT);
		return "never seen";
	}
	return "ok";
}

static void tell(struct telling *telling, const struct asked *asked, const struct tally *tally)
{
	bool allowed = outcome_set_answers(&asked->tso, asked->test);
	struct summary summary = look_at(telling, asked, tally);

	table_text(telling->tests, "%s", asked->test->name);
	table_count(telling->tests, asked->test->threads);
	table_count(telling->tests, tally->runs);
	table_text(telling->tests, "%s",
		   asked->test->quantifier == QUANTIFIER_NONE ? "-"
		   : allowed				      ? "Allowed"
							      : "Forbidden");
	table_count(telling->tests, summary.asked);
	table_count(telling->tests, summary.forbidden);
	table_text(telling->tests, "%s", judge(telling, asked, tally, summary));
}

static void print(const struct telling *telling)
{
	enum table_format format = telling->arguments->printed.format;
	struct paper paper = printed_paper(stdout, &telling->arguments->printed);

	table_print(telling->outcomes, stdout, format, "outcome", 0, paper);
	if (format == TABLE_CSV)
		return;                 /* one table: the other follows from it */
	if (format == TABLE_PEOPLE) {
		putchar('\n');
		text_line(stdout, telling->machine->id);
		printf(", store buffer of %" PRIu64 ", held against %s\n\n",
		       telling->machine->store_buffer,
		       telling->model == MODEL_SC ? "sequential consistency" : "x86-TSO");
	}
	table_print(telling->tests, stdout, format, "test", 0, paper);
}

/* Tests take seconds at least when there are many runs: say where we are, to a terminal. */
static void show_progress(const struct arguments *arguments, size_t done, const char *name)
{
	if (!isatty(STDERR_FILENO))
		return;
	terminal_paint(stderr, PAINT_ERASE);
	if (done < arguments->file_count)
		fprintf(stderr, "%zu of %zu tests, running %s", done, arguments->file_count, name);
}

/* ---- running ----------------------------------------------------------------------------- */

static int run_tests(const struct arguments *arguments, const struct machine *machine,
		     const struct asked *asked)
{
	struct telling telling = {
		.arguments = arguments,
		.machine = machine,
		.model = arguments->model >= 0	 ? (enum memory_model)arguments->model
			 : machine->store_buffer ? MODEL_TSO
						 : MODEL_SC,
		.outcomes = table_new(outcome_columns),
		.tests = table_new(test_columns),
	};

	for (size_t i = 0; i < arguments->file_count; i++) {
		struct campaign campaign = { asked[i].test,   machine,	       arguments->runs,
					     arguments->seed, arguments->jobs, arguments->batch };
		struct tally tally;

		show_progress(arguments, i, asked[i].test->name);
		campaign_run(&campaign, &asked[i].tso, &tally);
		show_progress(arguments, arguments->file_count, "");
		tell(&telling, &asked[i], &tally);
		tally_free(&tally);
	}
	print(&telling);
	table_free(telling.outcomes);
	table_free(telling.tests);
	return telling.status;
}

int cli_litmus(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "FILE...", help, printed_options, NULL, NULL };
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct arguments arguments = { .runs = 20000,
				       .seed = 1,
				       .depth = -1,
				       .batch = -1,
				       .model = -1,
				       .jobs = cores > 0 ? (unsigned)cores : 1 };
	struct diagnostics *diagnostics = diagnostics_new();
	struct machine *machine = xalloc(sizeof *machine);
	struct json_document document;
	struct asked *asked;
	int status = EXIT_MISTAKE;

	options_parse(&argp, argc, argv, "bounce litmus", &arguments);
	document_begin(&document, &arguments.printed.format);
	asked = ask(&arguments, diagnostics);
	if (get_machine(&arguments, diagnostics, machine) && !diagnostics_count(diagnostics) &&
	    machine_fits(machine, asked, arguments.file_count))
		status = run_tests(&arguments, machine, asked);
	document_end(&document);
	diagnostics_print(diagnostics, stderr, table_colour(stderr, arguments.printed.colour));
	diagnostics_free(diagnostics);
	asked_free(asked, arguments.file_count);
	free(machine);
	free(arguments.files);
	return status;
}
