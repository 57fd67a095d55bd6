/*
 * bounce export: the events of a run into a file, for Perfetto or for bounce step.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/step.h"
#include "experiment/file.h"
#include "steps/chrome.h"

struct arguments {
	char *file;
	struct shared_options shared;
	const char *output, *point;
	uint64_t events;
	bool json, replace;
};

enum { OPTION_POINT = 256, OPTION_EVENTS, OPTION_REPLACE };

/* clang-format off */
static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "FILE.json for Perfetto, FILE.events for 'bounce step'", 0 },
	{ "point", OPTION_POINT, "KEY=VALUE,...", 0, "Which combination and seed (the first)", 0 },
	{ "events", OPTION_EVENTS, "N", 0, "The first N events (all)", 0 },
	{ "replace", OPTION_REPLACE, NULL, 0, REPLACE_HELP, 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Runs a point of an experiment or of a result again and writes what happens in it: as a trace "
	"in the trace-event format, which https://ui.perfetto.dev shows, or as a file of events. "
	"Such a file can be exported too.\v"
	"Examples:\n\n"
	"  bounce export remote-free -o remote-free.json --events 100000\n"
	"  bounce export configs/remote-free.yaml --set operations=2000 -o x.events";

static bool ends_in(const char *text, const char *suffix)
{
	size_t length = strlen(text), end = strlen(suffix);

	return length > end && !strcmp(text + length - end, suffix);
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	char *end;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->shared;
		return 0;
	case 'o':
		arguments->output = word;
		arguments->json = ends_in(word, ".json");
		if (!arguments->json && !ends_in(word, ".events"))
			argp_error(state, "-o wants a file that ends in .json or .events, got '%s'",
				   word);
		return 0;
	case OPTION_POINT:
		arguments->point = word;
		return 0;
	case OPTION_REPLACE:
		arguments->replace = true;
		return 0;
	case OPTION_EVENTS:
		arguments->events = strtoull(word, &end, 10);
		if (*word < '0' || *word > '9' || *end || strlen(word) > 18 || !arguments->events)
			argp_error(state, "--events wants a whole number from 1, got '%s'", word);
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->file)
			return ARGP_ERR_UNKNOWN;
		arguments->file = word;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->file)
			argp_error(state, "export what? A result, an experiment, or a file of events");
		if (!arguments->output)
			argp_error(state, "where to? -o FILE.json or -o FILE.events");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool put_json(void *events, int fd)
{
	FILE *out = fdopen(dup(fd), "w");
	bool good;

	if (!out)
		return false;
	chrome_write(out, events);
	good = !ferror(out) && !events_damage(events);
	return fclose(out) == 0 && good;
}

static int write_out(const struct arguments *arguments, struct events *events)
{
	const char *outcome = events_key(events, "outcome");
	char why[1024];
	bool good;

	if (arguments->json)
		good = file_write_by(arguments->output, put_json, events, why, sizeof why);
	else
		good = events_save(events, arguments->output, why, sizeof why);
	if (!good) {
		complain("bounce export: %s: %s", arguments->file,
			 events_damage(events) ? events_damage(events) : why);
		return EXIT_FAILED;
	}
	if (strcmp(outcome, "done") && strcmp(outcome, "cut"))
		complain("bounce export: the run ended as %s: %s", outcome,
			 events_key(events, "message"));
	return EXIT_DONE;
}

int cli_export(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "RESULT|FILE -o FILE", help, shared_options, NULL, NULL };
	struct arguments arguments = { 0 };
	struct events *events;
	int status = EXIT_MISTAKE;

	options_parse(&argp, argc, argv, "bounce export", &arguments);
	if (!output_may_be("bounce export", arguments.output, arguments.file, arguments.replace))
		return EXIT_MISTAKE;
	events = step_events(&(struct step_wish){ .verb = "bounce export",
						  .file = arguments.file,
						  .sets = arguments.shared.sets,
						  .set_count = arguments.shared.set_count,
						  .point = arguments.point,
						  .colour = arguments.shared.colour,
						  .most = arguments.events });
	if (events)
		status = write_out(&arguments, events);
	events_close(events);
	free(arguments.shared.sets);
	return status;
}
