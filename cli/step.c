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
#include "cli/output.h"
#include "cli/stepping.h"
#include "experiment/file.h"
#include "steps/page.h"
#include "sim/verbs/xalloc.h"

enum { FRAMES_PLAIN = 20 };             /* without anybody who asks for more */

struct arguments {
	char *file;
	struct shared_options shared;
	const char *replay, *point, *at, *until, *html;
	bool replace;                   /* what stands where the page goes */
	uint64_t frames;                /* 0: not said */
	struct stepping stepping;
};

enum {
	OPTION_POINT = 256,
	OPTION_AT,
	OPTION_UNTIL,
	OPTION_CPU,
	OPTION_LINE,
	OPTION_EVENTS,
	OPTION_HTML,
	OPTION_REPLACE,
	OPTION_REPLAY
};

/* clang-format off */
static const struct argp_option options[] = {
	{ "point", OPTION_POINT, "KEY=VALUE,...", 0, "Which combination and seed (the first)", 0 },
	{ "at", OPTION_AT, "N|Ncyc", 0, "Begin at event N, or at the first one at cycle N or later", 0 },
	{ "until", OPTION_UNTIL, "EVENT", 0, "Go on to the next transfer, miss, bounce, lock, interrupt, or the end", 0 },
	{ "cpu", OPTION_CPU, "N", 0, "Events of this CPU alone", 0 },
	{ "line", OPTION_LINE, "NAME", 0, "Events of this struct or member alone: 'page[513]', 'page[513].freelist'", 0 },
	{ "events", OPTION_EVENTS, "N", 0, "So many frames (not at a terminal: 20, or 1 with --at or --until)", 0 },
	{ "replay", OPTION_REPLAY, "FILE", 0, "The schedule of a finding of 'bounce explore'", 0 },
	{ "html", OPTION_HTML, "FILE", 0, "Write a page that plays the events, 2000 or as many as --events says", 0 },
	{ "replace", OPTION_REPLACE, NULL, 0, REPLACE_HELP, 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Shows the accesses of a run, in the order of simulated time: who, what, the line of source, "
	"the states of its line in all caches before and after, what it cost and why. Forward and "
	"back. FILE is an experiment, a result, or a file of events that 'bounce export' wrote.\v"
	"Examples:\n\n"
	"  bounce step configs/false-sharing.yaml --set cpus=2\n"
	"  bounce step configs/remote-free.yaml --until transfer\n"
	"  bounce step configs/remote-free.yaml --at 12000cyc --events 3\n"
	"  bounce step configs/remote-free.yaml --html remote-free.html\n\n"
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

/* What would be passed over in silence. */
static void check_fits(const struct arguments *arguments, const struct argp_state *state)
{
	if (arguments->html && (arguments->stepping.cpu >= 0 || *arguments->stepping.line))
		argp_error(state, "a page has all events: --cpu and --line are for frames of text");
	if (arguments->replace && !arguments->html)
		argp_error(state, "--replace is for the page of --html");
	if (arguments->replay && (arguments->point || arguments->shared.set_count))
		argp_error(state, "a finding has its own settings: no --point or --set with --replay");
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
	uint64_t number;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->shared;
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
		number = read_count(word, "cpu", 0, state);
		if (number > INT16_MAX)
			argp_error(state, "--cpu %s: no machine has so many", word);
		arguments->stepping.cpu = (int)number;
		return 0;
	case OPTION_LINE:
		snprintf(arguments->stepping.line, sizeof arguments->stepping.line, "%s", word);
		return 0;
	case OPTION_EVENTS:
		arguments->frames = read_count(word, "events", 1, state);
		return 0;
	case OPTION_REPLAY:
		arguments->replay = word;
		return 0;
	case OPTION_HTML:
		arguments->html = word;
		return 0;
	case OPTION_REPLACE:
		arguments->replace = true;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->file)
			return ARGP_ERR_UNKNOWN;
		arguments->file = word;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->file == !arguments->replay)
			argp_error(state,
				   "which experiment? A file, like configs/false-sharing.yaml; "
				   "or --replay with the file of a finding");
		check_words(arguments, state);
		check_fits(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- words ------------------------------------------------------------------------------------ */

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

struct page_wish {
	struct stepping *stepping;
	uint64_t events;
	char why[400];
};

static bool put_page(void *to, int fd)
{
	struct page_wish *wish = to;
	struct stepping *s = wish->stepping;
	FILE *out = fdopen(dup(fd), "w");
	bool good;

	if (!out)
		return false;
	good = page_write(out, s->events, s->sources, s->at, wish->events, wish->why,
			  sizeof wish->why);
	if (good && events_damage(s->events)) {
		snprintf(wish->why, sizeof wish->why, "%s", events_damage(s->events));
		good = false;
	}
	good = !ferror(out) && good;
	return fclose(out) == 0 && good;
}

static int write_page(const struct arguments *arguments, struct stepping *stepping)
{
	struct page_wish wish = { .stepping = stepping,
				  .events = arguments->frames ? arguments->frames : PAGE_EVENTS };
	char why[1024];

	if (file_write_by(arguments->html, put_page, &wish, why, sizeof why))
		return EXIT_DONE;
	complain("bounce step: %s", *wish.why ? wish.why : why);
	return EXIT_FAILED;
}

static int show(const struct arguments *arguments, struct events *events)
{
	struct stepping stepping = arguments->stepping;
	struct stepping_place place = { .number = 1 };
	bool until_end = arguments->until && !strcmp(arguments->until, "end");
	bool chosen = arguments->at || arguments->until, people;
	char why[200];

	if (stepping.cpu >= (int)events_cpus(events)) {
		complain("bounce step: --cpu %d: CPUs are 0 to %u", stepping.cpu,
			 events_cpus(events) - 1);
		return EXIT_MISTAKE;
	}
	stepping.events = events;
	stepping.sources = sources_new();
	if (!arguments->file || !events_are_in(arguments->file))
		sources_trust(stepping.sources);
	stepping.colour = table_colour(stdout, arguments->shared.colour);
	people = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !arguments->frames &&
		 !arguments->html;
	if (arguments->at)
		stepping_place(arguments->at, &place);

	bool there = stepping_go(&stepping, &place);

	if (there && arguments->until && !until_end)
		there = stepping_until(&stepping, step_flags(arguments->until, why, sizeof why));
	else if (arguments->until)
		there = stepping_last(&stepping);

	int status = there || people ? EXIT_DONE : EXIT_FAILED;

	if (people)
		stepping_talk(&stepping);
	else if (there && arguments->html)
		status = write_page(arguments, &stepping);
	else if (there)
		stepping_print(&stepping, arguments->frames ? arguments->frames
					  : until_end	    ? 2 /* the last one, and the end */
					  : chosen	    ? 1
							    : FRAMES_PLAIN);
	else if (!events_damage(events))
		complain("bounce step: the run ends before such an event, %s after %" PRIu64,
			 events_key(events, "outcome"), events_count(events, true));
	if (events_damage(events) && !arguments->html) {
		complain("bounce step: %s: %s", arguments->file ? arguments->file
								: arguments->replay,
			 events_damage(events));
		status = EXIT_FAILED;
	}
	sources_free(stepping.sources);
	return status;
}

int cli_step(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "FILE", help, shared_options, NULL, NULL };
	struct arguments arguments = { .stepping = { .cpu = -1 } };
	struct events *events;
	int status;

	options_parse(&argp, argc, argv, "bounce step", &arguments);
	if (arguments.html &&
	    !output_may_be("bounce step", arguments.html,
			   arguments.file ? arguments.file : arguments.replay, arguments.replace))
		return EXIT_MISTAKE;
	events = step_events(&(struct step_wish){ .verb = "bounce step",
						  .file = arguments.file,
						  .replay = arguments.replay,
						  .sets = arguments.shared.sets,
						  .set_count = arguments.shared.set_count,
						  .point = arguments.point,
						  .colour = arguments.shared.colour });
	status = events ? show(&arguments, events) : EXIT_MISTAKE;
	events_close(events);
	free(arguments.shared.sets);
	return status;
}
