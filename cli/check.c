/*
 * bounce check: tells all mistakes of experiments and runs nothing.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explore.h"
#include "cli/options.h"
#include "cli/table.h"
#include "experiment/experiment.h"
#include "experiment/run_point.h"
#include "sim/verbs/xalloc.h"

struct arguments {
	char **files;
	size_t file_count;
	struct shared_options shared;
};

static const char help[] =
	"Reads experiments, tells all mistakes with their places, sets every combination up once, and "
	"runs nothing. Exit status 2 if there are mistakes.\v"
	"Examples:\n\n"
	"  bounce check configs/remote-free.yaml\n"
	"  bounce check configs/*.yaml\n"
	"  bounce check configs/remote-free.yaml --set cpus=64";

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->shared;
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

static bool check_one(const struct arguments *arguments, const char *file,
		      struct diagnostics *diagnostics)
{
	struct experiment *experiment =
		experiment_load(file, arguments->shared.sets, arguments->shared.set_count, diagnostics);

	if (!experiment)
		return false;

	bool good = !experiment->explores || explore_rehearse(experiment, NULL, diagnostics);

	good &= run_rehearse(experiment, diagnostics);

	char left[64] = "";

	if (experiment->left_out)
		snprintf(left, sizeof left, "; %zu combination%s left out", experiment->left_out,
			 experiment->left_out == 1 ? "" : "s");
	if (good)
		printf("%s: %zu combination%s, %zu point%s%s\n", file, experiment->combinations,
		       experiment->combinations == 1 ? "" : "s", experiment->points,
		       experiment->points == 1 ? "" : "s", left);
	experiment_free(experiment);
	return good;
}

int cli_check(int argc, char **argv)
{
	static const struct argp argp = { NULL, parse, "FILE...", help, shared_options, NULL, NULL };
	struct arguments arguments = { 0 };
	struct diagnostics *diagnostics = diagnostics_new();
	int status = EXIT_DONE;

	options_parse(&argp, argc, argv, "bounce check", &arguments);
	for (size_t i = 0; i < arguments.file_count; i++) {
		if (!check_one(&arguments, arguments.files[i], diagnostics))
			status = EXIT_MISTAKE;
	}
	diagnostics_print(diagnostics, stderr, table_colour(stderr, arguments.shared.colour));
	diagnostics_free(diagnostics);
	free(arguments.files);
	free(arguments.shared.sets);
	return status;
}
