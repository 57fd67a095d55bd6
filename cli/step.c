/*
 * bounce step: one access at a time. What is shown is a run of one point, or a file of its events; see
 * steps/events.h.
 */
#include "cli/step.h"

#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/select.h"
#include "cli/stepping.h"
#include "experiment/run_point.h"
#include "experiment/text.h"
#include "sim/timing.h"
#include "sim/verbs/xalloc.h"

enum { FRAMES_PLAIN = 20 };             /* without anybody who asks for more */

struct arguments {
	char *file, **sets;
	size_t set_count;
	const char *point, *at, *until, *colour;
	uint64_t frames;                /* 0: not said */
	struct stepping stepping;
};

enum {
	OPTION_SET = 256,
	OPTION_MODEL,
	OPTION_POINT,
	OPTION_AT,
	OPTION_UNTIL,
	OPTION_CPU,
	OPTION_LINE,
	OPTION_EVENTS,
	OPTION_COLOUR
};

/* clang-format off */
static const struct argp_option options[] = {
	{ "set", OPTION_SET, "KEY=VALUE", 0, "Put a value over that of the file; may be given often", 0 },
	{ "model", OPTION_MODEL, "FILE.so", 0, MODEL_HELP, 0 },
	{ "point", OPTION_POINT, "KEY=VALUE,...", 0, "Which combination and seed (the first)", 0 },
	{ "at", OPTION_AT, "N|Ncyc", 0, "Begin at event N, or at the first one at cycle N or later", 0 },
	{ "until", OPTION_UNTIL, "EVENT", 0, "Go on to the next transfer, miss, bounce, lock, interrupt, or the end", 0 },
	{ "cpu", OPTION_CPU, "N", 0, "Events of this CPU alone", 0 },
	{ "line", OPTION_LINE, "NAME", 0, "Events of this struct or member alone: 'page[513]', 'page[513].freelist'", 0 },
	{ "events", OPTION_EVENTS, "N", 0, "So many frames (not at a terminal: 20, or 1 with --at or --until)", 0 },
	{ "color", OPTION_COLOUR, "always|never", 0, "Colours in frames and messages", 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Shows the accesses of a run, in the order of simulated time: who, what, the line of source, "
	"the states of its line in all caches before and after, what it cost and why. Forward and "
	"back. FILE is an experiment, or a file of events that 'bounce export' wrote.\v"
	"Examples:\n\n"
	"  bounce step configs/false-sharing.yaml --set cpus=2\n"
	"  bounce step configs/remote-free.yaml --until transfer\n"
	"  bounce step configs/remote-free.yaml --at 12000cyc --events 3\n\n"
	"At a terminal Enter shows the next event, ? all commands.";

/* ---- arguments ------------------------------------------------------------------------------- */

static uint64_t read_count(const char *text, const char *option, uint64_t least,
			   const struct argp_state *state)
{
	char *end;
	uint64_t number = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || strlen(text) > 18 || number < least)
		argp_error(state, "--%s wants a whole number from %" PRIu64 ", got '%s'", option,
			   least, text);
	return number;
}

static void check_words(const struct arguments *arguments, const struct argp_state *state)
{
	struct stepping_place place;
	char why[200];

	if (arguments->at && !stepping_place(arguments->at, &place))
		argp_error(state,
			   "--at wants the number of an event, or a cycle like 12000cyc, got '%s'",
			   arguments->at);
	if (arguments->until && strcmp(arguments->until, "end") &&
	    !step_flags(arguments->until, why, sizeof why))
		argp_error(state, "--until: %s", why);
}

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_MODEL:
		load_model(word, state);
		return 0;
	case OPTION_SET:
		words_append(&arguments->sets, &arguments->set_count, word);
		return 0;
	case OPTION_POINT:
		arguments->point = word;
		return 0;
	case OPTION_AT:
		arguments->at = word;
		return 0;
	case OPTION_UNTIL:
		arguments->until = word;
		return 0;
	case OPTION_CPU:
		arguments->stepping.cpu = (int)(read_count(word, "cpu", 0, state) % 65536);
		return 0;
	case OPTION_LINE:
		snprintf(arguments->stepping.line, sizeof arguments->stepping.line, "%s", word);
		return 0;
	case OPTION_EVENTS:
		arguments->frames = read_count(word, "events", 1, state);
		return 0;
	case OPTION_COLOUR:
		arguments->colour = colour_word(word, state);
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->file)
			return ARGP_ERR_UNKNOWN;
		arguments->file = word;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->file)
			argp_error(state,
				   "which experiment? A file, like configs/false-sharing.yaml");
		check_words(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- which point ----------------------------------------------------------------------------- */

/* All points of the experiment, as yet without results. */
static void describe_all(const struct experiment *experiment, struct points *points)
{
	*points = (struct points){ .name = (char *)experiment->name,
				   .swept = experiment->swept,
				   .swepts = experiment->swepts };
	points->point = xalloc((experiment->points + 1) * sizeof *points->point);
	for (size_t i = 0; i < experiment->points; i++) {
		points->point[i] = point_new();
		point_describe(points->point[i], &experiment->point[i]);
	}
	points->count = experiment->points;
}

static void forget_all(struct points *points)
{
	for (size_t i = 0; i < points->count; i++)
		point_free(points->point[i]);
	free(points->point);
}

const struct planned *step_point(const struct experiment *experiment, const char *choice, char *why,
				 size_t size)
{
	const struct planned *planned = NULL;
	const struct point **chosen;
	struct points points;
	size_t count;

	describe_all(experiment, &points);
	if (select_points(&points, choice, &chosen, &count, why, size)) {
		for (size_t i = 0; i < points.count; i++)
			if (points.point[i] == chosen[0])
				planned = &experiment->point[i];
		free(chosen);
	}
	forget_all(&points);
	return planned;
}

const char *step_label(const struct experiment *experiment, const struct planned *planned, char *buf,
		       size_t size)
{
	struct points points = { .swept = experiment->swept, .swepts = experiment->swepts };
	struct point *point = point_new();

	point_describe(point, planned);
	select_label(&points, point, buf, size);
	point_free(point);
	return buf;
}

static const struct {
	const char *word;
	uint32_t flags;
} untils[] = {
	{ "transfer", EVENT_TRANSFER }, { "miss", EVENT_MISSED },
	{ "bounce", EVENT_BOUNCE },	{ "lock", EVENT_LOCK_WAIT },
	{ "interrupt", EVENT_INTERRUPT }, { "end", 0 },
};

uint32_t step_flags(const char *word, char *why, size_t size)
{
	struct nearest nearest = nearest_to(word);

	for (size_t i = 0; i < sizeof untils / sizeof *untils; i++) {
		if (untils[i].flags && !strcmp(untils[i].word, word))
			return untils[i].flags;
		nearest_try(&nearest, untils[i].word);
	}
	if (nearest.best)
		snprintf(why, size, "no event is called '%s'; did you mean '%s'?", word,
			 nearest.best);
	else
		snprintf(why, size,
			 "no event is called '%s'; there are transfer, miss, bounce, lock, "
			 "interrupt, end",
			 word);
	return 0;
}

/* ---- showing --------------------------------------------------------------------------------- */

static int show(const struct arguments *arguments, struct events *events)
{
	struct stepping stepping = arguments->stepping;
	struct stepping_place place = { .number = 1 };
	bool chosen = arguments->at || arguments->until, people;
	char why[200];

	stepping.events = events;
	stepping.sources = sources_new();
	stepping.colour = table_colour(stdout, arguments->colour);
	people = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !arguments->frames;
	if (arguments->at)
		stepping_place(arguments->at, &place);

	bool there = stepping_go(&stepping, &place);

	if (there && arguments->until && strcmp(arguments->until, "end"))
		there = stepping_until(&stepping, step_flags(arguments->until, why, sizeof why));
	else if (arguments->until)
		there = stepping_last(&stepping);

	int status = there || people ? EXIT_DONE : EXIT_FAILED;

	if (people)
		stepping_talk(&stepping);
	else if (there)
		stepping_print(&stepping, arguments->frames ? arguments->frames
					  : chosen	    ? 1
							    : FRAMES_PLAIN);
	else
		complain("bounce step: the run ends before such an event, %s after %" PRIu64,
			 events_key(events, "outcome"), events_count(events, true));
	sources_free(stepping.sources);
	return status;
}

static int step_experiment(const struct arguments *arguments)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment = experiment_load(arguments->file, arguments->sets,
							arguments->set_count, diagnostics);
	const struct planned *planned = NULL;
	struct events *events = NULL;
	char why[1024] = "", label[512];
	int status = EXIT_MISTAKE;

	if (experiment)
		planned = step_point(experiment, arguments->point, why, sizeof why);
	diagnostics_print(diagnostics, stderr, table_colour(stderr, arguments->colour));
	if (planned) {
		if (experiment->points > 1 && !arguments->point)
			complain("bounce step: this is %s; --point shows another one",
				 step_label(experiment, planned, label, sizeof label));
		events = events_of_point(planned, 0, why, sizeof why);
	}
	if (events)
		status = show(arguments, events);
	else if (*why)
		complain("bounce step: %s: %s", arguments->file, why);
	events_close(events);
	if (experiment)
		experiment_free(experiment);
	diagnostics_free(diagnostics);
	return status;
}

static int step_file(const struct arguments *arguments)
{
	char why[1024];
	struct events *events = events_open(arguments->file, why, sizeof why);
	int status = EXIT_MISTAKE;

	if (events)
		status = show(arguments, events);
	else
		complain("bounce step: %s", why);
	events_close(events);
	return status;
}

int cli_step(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "FILE", help, NULL, NULL, NULL };
	struct arguments arguments = { .stepping = { .cpu = -1 } };
	int status;

	options_parse(&argp, argc, argv, "bounce step", &arguments);
	if (events_are_in(arguments.file))
		status = step_file(&arguments);
	else
		status = step_experiment(&arguments);
	free(arguments.sets);
	return status;
}
