/* What the verbs' option parsers share; see options.h. */
#include "cli/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "experiment/plugin.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

void options_parse(const struct argp *argp, int argc, char **argv, char *called, void *input)
{
	static char help[] = "--help";

	argv[0] = called;
	argp_err_exit_status = EXIT_MISTAKE;
	/* argp knows -? and --help alone */
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strcmp(argv[i], "-h"))
			argv[i] = help;
	}

	error_t error = argp_parse(argp, argc, argv, ARGP_IN_ORDER, NULL, input);

	plugin_running(!error);
	if (!error)
		return;
	fprintf(stderr, "%s: %s\n", called, strerror(error));
	exit(EXIT_FAILED);
}

void complain(const char *format, ...)
{
	char *text;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		xalloc_failed(strlen(format));
	va_end(arguments);
	text_line(stderr, text);
	fputc('\n', stderr);
	free(text);
}

const char *names_of(const void *table, size_t stride, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (const char *at = table; *(const char *const *)at && used < size; at += stride)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
					 *(const char *const *)at);
	return buf;
}

void words_append(char ***words, size_t *count, char *word)
{
	*words = xrealloc(*words, (*count + 1) * sizeof **words);
	(*words)[(*count)++] = word;
}

const char *colour_word(const char *word, const struct argp_state *state)
{
	if (strcmp(word, "always") && strcmp(word, "never"))
		argp_error(state, "--color is always or never, not '%s'", word);
	return word;
}

static enum table_format format_word(const char *word, const struct argp_state *state)
{
	enum table_format format = TABLE_PEOPLE;

	if (!table_format_parse(word, &format))
		argp_error(state, "--format is table, csv, jsonl or json, not '%s'", word);
	return format;
}

void load_model(const char *path, struct argp_state *state)
{
	char why[6000];

	plugin_watch();
	if (!plugin_load(path, why, sizeof why))
		argp_failure(state, EXIT_MISTAKE, 0, "%s", why);
}

/* ---- what commands share ---------------------------------------------------------------------- */

enum { OPTION_SET = 256, OPTION_MODEL, OPTION_COLOUR, OPTION_FORMAT, OPTION_WIDE };

static error_t parse_shared(int key, char *word, struct argp_state *state)
{
	struct shared_options *shared = state->input;

	switch (key) {
	case OPTION_SET:
		words_append(&shared->sets, &shared->set_count, word);
		return 0;
	case OPTION_MODEL:
		load_model(word, state);
		return 0;
	case OPTION_COLOUR:
		shared->colour = colour_word(word, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* clang-format off */
static const struct argp_option shared_rows[] = {
	{ "set", OPTION_SET, "KEY=VALUE", 0, "Put a value over that of the file; may be given often", 0 },
	{ "model", OPTION_MODEL, "FILE.so", 0, MODEL_HELP, 0 },
	{ "color", OPTION_COLOUR, "always|never", 0, "Colours in what is shown, and in messages", 0 },
	{ 0 },
};
/* clang-format on */

static const struct argp argp_shared = { shared_rows, parse_shared, NULL, NULL, NULL, NULL, NULL };

const struct argp_child shared_options[] = { { &argp_shared, 0, NULL, 0 }, { 0 } };

static error_t parse_printed(int key, char *word, struct argp_state *state)
{
	struct printed_options *printed = state->input;

	switch (key) {
	case OPTION_FORMAT:
		printed->format = format_word(word, state);
		return 0;
	case OPTION_COLOUR:
		printed->colour = colour_word(word, state);
		return 0;
	case OPTION_WIDE:
		printed->wide = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* clang-format off */
static const struct argp_option printed_rows[] = {
	{ "format", OPTION_FORMAT, "FORMAT", 0, "What to print: table (for people), csv, jsonl or json", 0 },
	{ "color", OPTION_COLOUR, "always|never", 0, "Colours in tables and messages (default: on a terminal)", 0 },
	{ "wide", OPTION_WIDE, NULL, 0, "Tables as wide as they are (on a terminal: 100 characters)", 0 },
	{ 0 },
};
/* clang-format on */

static const struct argp argp_printed = { printed_rows, parse_printed, NULL, NULL, NULL, NULL, NULL };

const struct argp_child printed_options[] = { { &argp_printed, 0, NULL, 0 }, { 0 } };

struct paper printed_paper(FILE *out, const struct printed_options *printed)
{
	return table_paper(out, printed->colour, printed->wide);
}
