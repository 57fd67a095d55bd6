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
	const char *result, *point;
	char **names;
	size_t count;
	struct look look;
};

enum { OPTION_DARK = 256, OPTION_SIZE, OPTION_TITLE, OPTION_POINT };

/* clang-format off */
static const struct argp_option options[] = {
	{ "dark", OPTION_DARK, NULL, 0, "light on dark", 0 },
	{ "size", OPTION_SIZE, "SIZE", 0, "page (1200 x 720) or slide (1920 x 1080, larger letters; default: page)", 0 },
	{ "title", OPTION_TITLE, "TEXT", 0, "instead of the sentence that the data say; of one figure", 0 },
	{ "point", OPTION_POINT, "KEY=VALUE,...", 0, "what `heat` shows: the combinations with these settings, four at most", 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Draws the figures of a result again: SVG for the screen, PNG for the page.\v"
	"Without names those that the experiment asks for. Figures: bounces, members, structs, sources, cycles, causes, "
	"shares, misses, memory, scaling, throughput, locks, heat. "
	"Beside each figure lie its data (.csv) and its script (.gp), which gnuplot draws again alone.\n\n"
	"  bounce plot results/remote-free\n"
	"  bounce plot remote-free heat --point objects=slub-page\n"
	"  bounce plot remote-free members --dark --size slide\n"
	"  cd results/remote-free && gnuplot bounces.gp";

static void add_name(struct arguments *arguments, char *word, struct argp_state *state)
{
	struct nearest nearest = nearest_to(word);

	if (!figure_find(word)) {
		for (const struct figure *figure = figures; figure->name; figure++)
			nearest_try(&nearest, figure->name);
		char all[200];

		if (nearest.best)
			argp_error(state, "no figure is called '%s'; did you mean '%s'?", word,
				   nearest.best);
		argp_error(state, "no figure is called '%s'; there are %s", word,
			   names_of(figures, sizeof *figures, all, sizeof all));
	}
	arguments->names =
		xrealloc(arguments->names, (arguments->count + 1) * sizeof *arguments->names);
	arguments->names[arguments->count++] = word;
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_DARK:
		arguments->look.dark = true;
		return 0;
	case OPTION_SIZE:
		arguments->look.slide = !strcmp(word, "slide");
		if (!arguments->look.slide && strcmp(word, "page") != 0)
			argp_error(state, "--size is page or slide, not '%s'", word);
		return 0;
	case OPTION_TITLE:
		arguments->look.title = word;
		return 0;
	case OPTION_POINT:
		arguments->point = word;
		return 0;
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
		if (arguments->look.title && arguments->count != 1)
			argp_error(state, "--title is of one figure: name it");
		if (arguments->point &&
		    (arguments->count != 1 || strcmp(arguments->names[0], "heat") != 0))
			argp_error(state, "--point is for the figure `heat` alone");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Draws; the status, told on stderr where it is not good. */
static int draw(struct arguments *arguments, const char *folder, const struct points *points)
{
	const struct point **chosen = NULL;
	char why[1024];
	bool ok = !arguments->point ||
		  select_points(points, arguments->point, &chosen, &arguments->look.chosens, why,
				sizeof why);

	arguments->look.chosen = chosen;
	if (!ok) {
		complain("bounce plot: %s", why);
		return EXIT_MISTAKE;
	}
	ok = plots_draw_named(folder, points, arguments->names, arguments->count, &arguments->look,
			      stdout, why, sizeof why);
	if (!ok)
		complain("bounce plot: %s", why);
	free(chosen);
	return ok ? EXIT_DONE : points->count ? EXIT_FAILED : EXIT_MISTAKE;
}

int cli_plot(int argc, char **argv)
{
	static const struct argp argp = { .options = options, .parser = parse, .args_doc = "RESULT [FIGURE...]", .doc = help };
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
		status = draw(&arguments, folder, &points);
		points_free(&points);
	}
	folder_leave(&lock);
	folder_close(&lock);
	free(arguments.names);
	return status;
}
