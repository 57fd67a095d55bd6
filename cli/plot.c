/*
 * bounce plot: draws the figures of a result again.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/select.h"
#include "experiment/diagnostic.h"
#include "experiment/folder.h"
#include "figures/plots.h"
#include "sim/verbs/xalloc.h"

struct arguments {
	const char *result;
	char **names;
	size_t count;
};

static const char help[] =
	"Draws the figures of a result again: SVG for the screen, PNG for the page.\v"
	"Without names those that the experiment asks for. Figures: bounces, cycles, causes, scaling, heat. "
	"Beside each figure lie its data (.csv) and its script (.gp), which gnuplot draws again alone.\n\n"
	"  bounce plot results/remote-free\n"
	"  bounce plot remote-free heat\n"
	"  cd results/remote-free && gnuplot bounces.gp";

static void add_name(struct arguments *arguments, char *word, struct argp_state *state)
{
	struct nearest nearest = nearest_to(word);

	if (!figure_find(word)) {
		for (const struct figure *figure = figures; figure->name; figure++)
			nearest_try(&nearest, figure->name);
		if (nearest.best)
			argp_error(state, "no figure is called '%s'; did you mean '%s'?", word,
				   nearest.best);
		argp_error(
			state,
			"no figure is called '%s'; there are bounces, cycles, causes, scaling, heat",
			word);
	}
	arguments->names =
		xrealloc(arguments->names, (arguments->count + 1) * sizeof *arguments->names);
	arguments->names[arguments->count++] = word;
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (!arguments->result)
			arguments->result = word;
		else
			add_name(arguments, word, state);
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

int cli_plot(int argc, char **argv)
{
	static const struct argp argp = { .parser = parse, .args_doc = "RESULT [FIGURE...]", .doc = help };
	struct arguments arguments = { 0 };
	struct points points;
	struct folder lock;
	char folder[4096], why[1024], cure[400];
	int status = EXIT_DONE;

	options_parse(&argp, argc, argv, "bounce plot", &arguments);

	/* from its points to its figures the folder stays that experiment's */
	select_folder(arguments.result, folder, sizeof folder);
	folder_open(&lock, folder, false, why, sizeof why);
	folder_enter(&lock);

	if (!points_load(folder, &points, why, sizeof why)) {
		complain("bounce plot: %s%s", why,
			 select_cure(arguments.result, cure, sizeof cure));
		status = EXIT_MISTAKE;
	} else {
		if (!plots_draw_named(folder, &points, arguments.names, arguments.count, stdout,
				      why, sizeof why)) {
			complain("bounce plot: %s", why);
			status = points.count ? EXIT_FAILED : EXIT_MISTAKE;
		}
		points_free(&points);
	}
	folder_leave(&lock);
	folder_close(&lock);
	free(arguments.names);
	return status;
}
