/*
 * bounce calibrate: measures this host and writes a machine file, whole or not at all.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/table.h"
#include "experiment/calibration.h"
#include "experiment/file.h"
#include "experiment/native_point.h"
#include "sim/verbs/xalloc.h"

enum { SAMPLES = 21, SAMPLES_MAX = 1001 };

struct arguments {
	const char *output, *like, *colour;
	unsigned samples;
	bool replace, quiet;
};

enum {
	OPTION_OUTPUT = 'o',
	OPTION_LIKE = 256,
	OPTION_SAMPLES,
	OPTION_REPLACE,
	OPTION_QUIET,
	OPTION_COLOUR
};

/* clang-format off */
static const struct argp_option options[] = {
	{ "output", OPTION_OUTPUT, "FILE.yaml", 0, "Write the machine file there (standard output)", 0 },
	{ "like", OPTION_LIKE, "MACHINE", 0, "What this host cannot show is as there (by the processor's maker)", 0 },
	{ "samples", OPTION_SAMPLES, "N", 0, "Of each microbenchmark; their median counts (21)", 0 },
	{ "replace", OPTION_REPLACE, NULL, 0, REPLACE_HELP, 0 },
	{ "quiet", OPTION_QUIET, NULL, 0, "Tell no measurements on the way", 0 },
	{ "color", OPTION_COLOUR, "always|never", 0, "Colours in messages", 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Measures this host with the microbenchmarks of configs/micro, one pinned thread per core, "
	"and writes it as a machine, each number with its source. On a quiet host it takes less than "
	"a minute.\v"
	"Examples:\n\n"
	"  bounce calibrate -o host.yaml\n"
	"  bounce calibrate -o host.yaml --like rome-2s --samples 51\n"
	"  bounce run configs/slab-test.yaml --set machine=./host.yaml --set cpus=2 --backend native";

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	char *end;
	unsigned long number;

	switch (key) {
	case OPTION_OUTPUT:
		arguments->output = word;
		return 0;
	case OPTION_LIKE:
		arguments->like = word;
		return 0;
	case OPTION_SAMPLES:
		number = strtoul(word, &end, 10);
		if (*word < '0' || *word > '9' || *end || number < 1 || number > SAMPLES_MAX)
			argp_error(state, "--samples wants a whole number, 1..%d, got '%s'",
				   SAMPLES_MAX, word);
		arguments->samples = (unsigned)number;
		return 0;
	case OPTION_REPLACE:
		arguments->replace = true;
		return 0;
	case OPTION_QUIET:
		arguments->quiet = true;
		return 0;
	case OPTION_COLOUR:
		arguments->colour = colour_word(word, state);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "no argument is expected, got '%s'; the file is for -o", word);
		return 0;
	case ARGP_KEY_END:
		if (arguments->replace && !arguments->output)
			argp_error(state, "--replace is for the file of -o");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Before anything is measured: could the file be written? */
static bool may_write(const struct arguments *arguments)
{
	const char *path = arguments->output;
	size_t length = path ? strlen(path) : 0;

	if (!path)
		return true;
	if (length < 6 || strcmp(path + length - 5, ".yaml") || path[length - 6] == '/') {
		complain("bounce calibrate: a machine file is called NAME.yaml, got '%s'", path);
		return false;
	}
	return output_may_be("bounce calibrate", path, NULL, arguments->replace);
}

/* "host" of "a/host.yaml": what a machine is called. */
static void split_path(const char *path, char *folder, size_t folder_size, char *name, size_t size)
{
	char part[4096];

	file_folder(path, part, sizeof part);
	snprintf(folder, folder_size, "%s", *part ? part : ".");
	snprintf(name, size, "%s", path + strlen(part));
}

static int write_file(const struct arguments *arguments, const struct calibration *calibration)
{
	char folder[4096], name[256], why[512], *text;
	size_t length;
	FILE *out = text_open(&text, &length);
	int status = EXIT_DONE;

	calibration_print(out, calibration);
	text_close(out);
	if (!arguments->output) {
		fwrite(text, 1, length, stdout);
	} else {
		split_path(arguments->output, folder, sizeof folder, name, sizeof name);
		if (!file_write(folder, name, text, length, why, sizeof why)) {
			complain("bounce calibrate: %s", why);
			status = EXIT_FAILED;
		}
	}
	free(text);
	return status;
}

static int run(const struct arguments *arguments)
{
	struct calibration *calibration = xalloc(sizeof *calibration);
	struct diagnostics *diagnostics = diagnostics_new();
	char folder[4096], id[256], why[600] = "";
	struct calibration_options how = {
		.id = id, .like = arguments->like, .samples = arguments->samples
	};
	int status = EXIT_FAILED;

	native_folder(id, sizeof id);
	if (arguments->output) {
		split_path(arguments->output, folder, sizeof folder, id, sizeof id);
		id[strlen(id) - 5] = '\0';
	}
	if (calibrate(&how, calibration, arguments->quiet ? NULL : stderr, diagnostics, why,
		      sizeof why))
		status = write_file(arguments, calibration);
	else if (diagnostics_count(diagnostics))
		status = EXIT_MISTAKE;
	diagnostics_print(diagnostics, stderr, table_colour(stderr, arguments->colour));
	if (status == EXIT_FAILED && *why)
		complain("bounce calibrate: %s", why);
	diagnostics_free(diagnostics);
	free(calibration);
	return status;
}

int cli_calibrate(int argc, char **argv)
{
	static const struct argp argp = { options, parse, NULL, help, NULL, NULL, NULL };
	struct arguments arguments = { .samples = SAMPLES };

	options_parse(&argp, argc, argv, "bounce calibrate", &arguments);
	return may_write(&arguments) ? run(&arguments) : EXIT_MISTAKE;
}
