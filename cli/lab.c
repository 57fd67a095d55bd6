/*
 * bounce lab: a question, a prediction, the run, and what it says of the two.
 *
 *	ask -> predict (kept) -> run or explore -> compare -> why, and what to try then
 *
 * A prediction is kept before the run, so that it is one.
 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/expected.h"
#include "cli/explore.h"
#include "cli/options.h"
#include "cli/run.h"
#include "cli/step.h"
#include "cli/table.h"
#include "experiment/data.h"
#include "experiment/file.h"
#include "experiment/plugin.h"
#include "experiment/run_point.h"
#include "experiment/runner.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

enum { WIDTH = 78, PREDICTIONS_MAX = 1 << 20 };

struct arguments {
	const char *lab, *predict, *output, *colour;
	char **sets;
	size_t set_count;
	bool changed; /* the experiment is not the file's */
};

enum { OPTION_PREDICT = 256, OPTION_SET, OPTION_SEED, OPTION_MODEL, OPTION_OUTPUT, OPTION_COLOUR };

/* clang-format off */
static const struct argp_option options[] = {
	{ "predict", OPTION_PREDICT, "NUMBER", 0, "The prediction, which is asked for otherwise", 0 },
	{ "set", OPTION_SET, "KEY=VALUE", 0, "Put a value over that of the file, and predict what comes then", 0 },
	{ "seed", OPTION_SEED, "N", 0, "Another seed; the answer is the same", 0 },
	{ "model", OPTION_MODEL, "FILE.so", 0, "An allocator of your own, where the lab is about one", 0 },
	{ "output", OPTION_OUTPUT, "DIR", 0, "Results and predictions go to DIR/NAME (results/NAME)", 0 },
	{ "color", OPTION_COLOUR, "always|never", 0, "Colours in messages", 0 },
	{ 0 },
};
/* clang-format on */

static const char help[] =
	"Asks a question about a small experiment, takes a prediction, runs it, and says where the two "
	"part. LAB is a number, a name or a file; without one, all labs are listed.\v"
	"Examples:\n\n"
	"  bounce lab 3\n"
	"  bounce lab ping-pong --predict 200\n"
	"  bounce lab labs/03-ping-pong.yaml\n\n"
	"Exit status 3: the prediction was wrong, or an expectation of the lab does not\nhold; 2: it was no number.";

static error_t parse(int key, char *word, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	char *set;

	switch (key) {
	case OPTION_PREDICT:
		arguments->predict = word;
		return 0;
	case OPTION_SET:
		arguments->changed = true;
		words_append(&arguments->sets, &arguments->set_count, xstrdup(word));
		return 0;
	case OPTION_SEED:
		if (asprintf(&set, "seed=%s", word) < 0)
			xalloc_failed(strlen(word));
		words_append(&arguments->sets, &arguments->set_count, set);
		return 0;
	case OPTION_MODEL:
		load_model(word, state);
		return 0;
	case OPTION_OUTPUT:
		arguments->output = word;
		return 0;
	case OPTION_COLOUR:
		arguments->colour = colour_word(word, state);
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->lab)
			argp_error(state, "one lab at a time");
		arguments->lab = word;
		return 0;
	case ARGP_KEY_END:
		if (!arguments->lab && (arguments->predict || arguments->set_count || arguments->output))
			argp_error(state, "which lab? 'bounce lab' alone lists all");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- the labs there are --------------------------------------------------------------------- */

struct labs {
	char folder[4096], **name; /* "03-ping-pong" */
	size_t count;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct labs labs_find(void)
{
	struct labs labs = { .name = NULL };
	bool found = data_file("labs", labs.folder, sizeof labs.folder);
	DIR *directory = found ? opendir(labs.folder) : NULL;
	char *whole = directory ? realpath(labs.folder, NULL) : NULL;

	if (whole) /* without "bin/.." in it */
		snprintf(labs.folder, sizeof labs.folder, "%s", whole);
	free(whole);
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		size_t length = strlen(entry->d_name);

		if (*entry->d_name == '.' || length <= 5 ||
		    strcmp(entry->d_name + length - 5, ".yaml"))
			continue;
		words_append(&labs.name, &labs.count, xstrdup(entry->d_name));
		labs.name[labs.count - 1][length - 5] = '\0';
	}
	if (directory)
		closedir(directory);
	if (labs.count)
		qsort(labs.name, labs.count, sizeof *labs.name, by_text);
	return labs;
}

static void labs_free(struct labs *labs)
{
	for (size_t i = 0; i < labs->count; i++)
		free(labs->name[i]);
	free(labs->name);
}

/* "3", "03", "ping-pong", "03-ping-pong". */
static bool is_called(const char *name, const char *word)
{
	const char *rest = strchr(name, '-');
	char *end;

	if (!strcmp(name, word) || (rest && !strcmp(rest + 1, word)))
		return true;
	return *word >= '0' && *word <= '9' && strtoul(word, &end, 10) == strtoul(name, NULL, 10) &&
	       !*end;
}

static bool is_path(const char *word)
{
	size_t length = strlen(word);

	return strchr(word, '/') || (length > 5 && !strcmp(word + length - 5, ".yaml"));
}

/* The lab's file; false: told. */
static bool lab_file(const char *word, char *path, size_t size)
{
	struct labs labs;
	struct nearest nearest = nearest_to(word);
	const char *found = NULL;

	if (is_path(word)) {
		snprintf(path, size, "%s", word);
		return true;
	}
	labs = labs_find();
	for (size_t i = 0; i < labs.count; i++) {
		const char *rest = strchr(labs.name[i], '-');

		if (is_called(labs.name[i], word))
			found = labs.name[i];
		nearest_try(&nearest, rest ? rest + 1 : labs.name[i]);
	}
	if (found)
		snprintf(path, size, "%s/%s.yaml", labs.folder, found);
	else if (nearest.best)
		complain("bounce: no lab '%s'; did you mean '%s'?", word, nearest.best);
	else
		complain("bounce: no lab '%s'; 'bounce lab' lists all", word);
	labs_free(&labs);
	return found;
}

static int list_labs(struct diagnostics *diagnostics)
{
	struct labs labs = labs_find();
	char path[4400];

	for (size_t i = 0; i < labs.count; i++) {
		struct experiment *experiment;

		snprintf(path, sizeof path, "%s/%s.yaml", labs.folder, labs.name[i]);
		experiment = experiment_load(path, NULL, 0, diagnostics);
		printf("%-26s", labs.name[i]);
		text_line(stdout, experiment ? experiment->title : "");
		putchar('\n');
		if (experiment)
			experiment_free(experiment);
	}
	if (!labs.count)
		complain("bounce: no folder 'labs' beside the program");
	else
		puts("\nbounce lab 1 begins; the instructor's page is docs/labs.md");
	labs_free(&labs);
	return labs.count ? EXIT_DONE : EXIT_FAILED;
}

/* ---- telling -------------------------------------------------------------------------------- */

/* Bytes up to a blank. What is to be typed, 'bounce lab 3', is not broken: it will be copied. */
static size_t piece_length(const char *text)
{
	const char *end = strncmp(text, "'bounce ", 8) ? NULL : strchr(text + 1, '\'');

	return end ? (size_t)(end - text) + strcspn(end, " \t\n") : strcspn(text, " \t\n");
}

/* In lines of WIDTH; a line end in the text stays one. */
static void print_text(const char *text)
{
	const char *at = text;
	size_t column = 0;

	while (*at) {
		size_t blanks = strspn(at, " \t"), word = piece_length(at + blanks);
		char *piece;

		if (*at == '\n') {
			putchar('\n');
			column = 0;
			at++;
			continue;
		}
		if (column && column + 1 + word > WIDTH) {
			putchar('\n');
			column = 0;
		}
		if (!word)
			break;
		if (column)
			putchar(' ');
		piece = strndup(at + blanks, word);
		if (!piece)
			xalloc_failed(word);
		text_line(stdout, piece);
		free(piece);
		column += word + (column > 0);
		at += blanks + word;
	}
	if (column)
		putchar('\n');
}

/* The lab's file, short where that is the same file. */
static const char *shown_path(const char *path)
{
	const char *labs = strstr(path, "labs/");
	char *whole = realpath(path, NULL), *here = labs ? realpath(labs, NULL) : NULL;
	bool same = whole && here && !strcmp(whole, here);

	free(whole);
	free(here);
	return same ? labs : path;
}

static const char *unit_of(const struct lab *lab)
{
	return lab->explored || lab->what.below ? "" : lab->what.above->unit;
}

/* Of what an allocator is called: nothing that sed would take for its own. */
#define WORD_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

/* How to come by an allocator of one's own: the one in "labs/toy.c" is called "toy". */
static void print_own(const struct experiment *experiment)
{
	const struct lab *lab = experiment->lab;
	char command[4400], path[4096];

	if (!lab->own || plugin_name(0))
		return;

	const char *slash = strrchr(lab->own, '/'), *name = slash ? slash + 1 : lab->own;
	char *script;

	if (asprintf(&script, "s/\"%.*s\"/\"mine\"/", (int)strspn(name, WORD_LETTERS), name) < 0)
		xalloc_failed(strlen(name));
	printf("\nFor an allocator of your own, begin with a copy of %s, called mine:\n\n  sed ", lab->own);
	text_shell(stdout, script);
	putchar(' ');
	text_shell(stdout, data_file(lab->own, path, sizeof path) ? shown_path(path) : lab->own);
	printf(" >mine.c\n  %s\n  bounce lab ", plugin_command(command, sizeof command));
	text_shell(stdout, shown_path(experiment->path));
	fputs(" --model ./mine.so\n", stdout);
	free(script);
}

static void print_question(const struct experiment *experiment)
{
	const struct lab *lab = experiment->lab;

	text_line(stdout, *experiment->title ? experiment->title : experiment->name);
	fputs("\n\n", stdout);
	print_text(lab->ask);
	printf("\n(%s%s%s; 'bounce explain %s' defines it.)\n", lab->metric,
	       *unit_of(lab) ? ", " : "", unit_of(lab),
	       lab->explored ? "explore" : lab->what.above->name);
	print_own(experiment);
}

/* A number as the metric prints it; false: none. */
static bool read_prediction(const char *text, double *predicted)
{
	char *end;

	text += strspn(text, " \t");
	if (*text < '0' || *text > '9' || strspn(text, "0123456789.") < strcspn(text, " \t\n"))
		return false;
	*predicted = strtod(text, &end);
	return !end[strspn(end, " \t\n")];
}

/* What is typed; false: it is no number, or nothing comes. */
static bool ask(const struct lab *lab, double *predicted)
{
	bool people = isatty(STDIN_FILENO);
	size_t hint = 0, room = 0;
	char *line = NULL;
	bool got = false, over = false;

	while (!got && !over) {
		fputs("\nYour prediction (a number; h for a hint): ", stdout);
		fflush(stdout);
		over = getline(&line, &room, stdin) < 0;
		if (!over && line[0] == 'h') {
			putchar('\n');
			print_text(hint < lab->hints ? lab->hint[hint++]
						     : "There are no more hints.");
		} else if (!over) {
			got = read_prediction(line, predicted);
			if (!got)
				complain("bounce: a prediction is a number, like 12");
			over = !got && !people;
		}
	}
	free(line);
	return got;
}

/* ---- predictions are kept ------------------------------------------------------------------- */

static const char predictions_head[] = "metric,predicted,is\n";

/* What was predicted before, NULL: nothing. False: what stands there is none of ours, or cannot be
 * read, which is told; it would be lost. */
static bool read_predictions(const char *path, char **before)
{
	size_t length, head = strlen(predictions_head);

	*before = file_read(path, PREDICTIONS_MAX, &length);
	if (!*before && errno != ENOENT)
		complain("bounce: %s: %s", path, file_problem(errno));
	if (!*before)
		return errno == ENOENT;
	if (length < PREDICTIONS_MAX && strlen(*before) == length && length >= head &&
	    !memcmp(*before, predictions_head, head) && (*before)[length - 1] == '\n')
		return true;
	complain("bounce: %s: not as 'bounce lab' wrote it, or too long; move it away", path);
	free(*before);
	return false;
}

/* The last line that is `line`, which waits for its end; NULL: there is none. */
static char *find_waiting(char *text, const char *line)
{
	char *found = NULL;

	for (char *at = text; (at = strstr(at, line)); at++)
		if (at > text && at[-1] == '\n')
			found = at;
	return found;
}

/* DIR/NAME/predictions.csv: `line` instead of `waiting`, or as one more. */
static bool keep(const char *directory, const char *waiting, const char *line)
{
	char path[4400], why[300], *before, *text, *from;
	size_t length;
	FILE *out;
	bool good;

	snprintf(path, sizeof path, "%s/predictions.csv", directory);
	if (!read_predictions(path, &before))
		return false;
	out = text_open(&text, &length);
	from = before && waiting ? find_waiting(before, waiting) : NULL;
	if (from)
		fprintf(out, "%.*s%s%s", (int)(from - before), before, line, from + strlen(waiting));
	else
		fprintf(out, "%s%s", before ? before : predictions_head, line);
	text_close(out);
	good = file_write(directory, "predictions.csv", text, length, why, sizeof why);
	if (!good)
		complain("bounce: %s", why);
	free(before);
	free(text);
	return good;
}

/* `is`: what came, NULL: that is not known yet. */
static bool keep_prediction(const char *directory, const struct lab *lab, double predicted,
			    const double *is)
{
	char waiting[300], line[340];

	snprintf(waiting, sizeof waiting, "%s,%.17g,\n", lab->metric, predicted);
	if (!is)
		return keep(directory, NULL, waiting);
	snprintf(line, sizeof line, "%s,%.17g,%.17g\n", lab->metric, predicted, *is);
	return keep(directory, waiting, line);
}

/* ---- the run -------------------------------------------------------------------------------- */

static bool is_own(const char *objects)
{
	const char *name;

	for (size_t i = 0; (name = plugin_name(i)); i++)
		if (!strcmp(name, objects))
			return true;
	return false;
}

/* The value of all points, but for those of loaded allocators; false: they have not one, or did not
 * end well, which is told. */
static bool value_of_points(const struct lab *lab, const struct points *points, double *value)
{
	bool there = false;

	if (run_tell_outcomes(points))
		return false;
	for (size_t i = 0; i < points->count; i++) {
		double is = quotient_value(points->point[i], &lab->what);

		if (is_own(points->point[i]->objects))
			continue;
		if (!there)
			*value = is;
		there = true;
		if (is != *value) {
			complain("bounce: the points of this lab differ in %s", lab->metric);
			return false;
		}
	}
	if (!there)
		complain("bounce: all points are of allocators of your own; the question is about another one");
	return there;
}

struct playing {
	const struct experiment *experiment;
	const char *directory, *output;
	double predicted, value;
	size_t missed; /* expectations of the lab that do not hold */
	bool changed;
};

/* Others may play in the same folder. */
static bool keep_in_turn(struct runner *runner, const struct playing *playing, const double *is)
{
	bool good;

	runner_enter(runner);
	good = keep_prediction(playing->directory, playing->experiment->lab, playing->predicted, is);
	runner_leave(runner);
	return good;
}

/* EXIT_DONE: playing->value. */
static int run_points(struct playing *playing)
{
	const struct experiment *experiment = playing->experiment;
	struct runner_options how = { .directory = playing->directory,
				      .replace = true,
				      .quiet = true };
	struct runner_summary summary;
	struct runner *runner = runner_new(experiment, &how, &summary);
	struct points points;
	char why[1024];
	bool whole, good;

	if (!runner)
		return summary.refused ? EXIT_MISTAKE : EXIT_FAILED;
	good = keep_in_turn(runner, playing, NULL);
	if (good) {
		runner_run(runner);
		good = runner_tables(runner, &points, &whole, why, sizeof why);
		if (!good)
			complain("bounce: cannot write results: %s", why);
		if (summary.interrupted)
			complain("bounce: interrupted: there is no answer; your prediction is kept");
		good = good && !summary.interrupted && !summary.failed && !summary.mistaken &&
		       value_of_points(experiment->lab, &points, &playing->value);
		if (good)
			playing->missed = expected_print(stdout, experiment, &points);
		points_free(&points);
		good = good && keep_in_turn(runner, playing, &playing->value);
	}
	runner_free(runner);
	return summary.interrupted ? EXIT_INTERRUPTED : good ? EXIT_DONE : EXIT_FAILED;
}

static int explore(struct playing *playing)
{
	char why[300];
	int status;

	if (!results_make(playing->directory, why, sizeof why)) {
		complain("bounce: %s", why);
		return EXIT_FAILED;
	}
	if (!keep_prediction(playing->directory, playing->experiment->lab, playing->predicted,
			     NULL))
		return EXIT_FAILED;
	status = explore_told(playing->experiment, playing->output);
	playing->value = status == EXIT_FAILED;
	if (status == EXIT_MISTAKE || status == EXIT_INTERRUPTED)
		return status;
	return keep_prediction(playing->directory, playing->experiment->lab, playing->predicted,
			       &playing->value)
		       ? EXIT_DONE
		       : EXIT_FAILED;
}

/* ---- where reasoning and run part ----------------------------------------------------------- */

/* Events that are counted, beside those of 'bounce step --until'. */
static const struct {
	const char *word;
	uint32_t flags;
} counted[] = { { "locked", EVENT_IS_LOCKED }, { "kill", EVENT_KILLED } };

static uint32_t flags_of(const char *word, char *why, size_t size)
{
	for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
		if (!strcmp(counted[i].word, word))
			return counted[i].flags;
	return step_flags(word, why, size);
}

/* In the window, at an instance of the lab's struct: "page[3]" is one of "page"; at that member of
 * it, if the lab names one: "zone.lock". */
static bool is_asked_for(const struct event *event, void *to)
{
	const struct lab *lab = to;
	size_t length = lab->line ? strcspn(lab->line, ".") : 0;

	if (!(event->flags & EVENT_IN_WINDOW))
		return false;
	if (length && lab->line[length] && strcmp(event->member, lab->line + length + 1))
		return false;
	return !length || (!strncmp(event->instance, lab->line, length) &&
			   (!event->instance[length] || event->instance[length] == '['));
}

/* The one behind the last that was counted on; else the first that was counted on though it is
 * none; of LOCK operations, which are told from others by what they are for, the last. */
static uint64_t find_parting(struct events *events, const struct lab *lab, uint32_t flags,
			     const struct playing *playing, const char **what)
{
	struct search search = { .flags = flags,
				 .cpu = -1,
				 .wanted = is_asked_for,
				 .to = (struct lab *)(uintptr_t)lab };
	struct event event;
	uint64_t at = 0;

	if (playing->predicted < playing->value) {
		*what = "This is the first one that your number leaves out";
		for (double n = 0; n <= playing->predicted; n++) {
			at = events_find(events, &search, at, true);
			if (!at)
				return 0;
		}
		return at;
	}
	*what = "This is the first access to that line which is none";
	search.flags = flags & (EVENT_BOUNCE | EVENT_KILLED) ? EVENT_IS_WRITE : 0;
	while (!(flags & EVENT_IS_LOCKED) && (at = events_find(events, &search, at, true)))
		if (events_get(events, at, &event) && !(event.flags & flags))
			return at;
	*what = "There are no more: this is the last one";
	search.flags = flags;
	for (uint64_t next = 0; (next = events_find(events, &search, next, true));)
		at = next;
	return at;
}

static void show_parting(const struct playing *playing, bool colour)
{
	const struct experiment *experiment = playing->experiment;
	const struct lab *lab = experiment->lab;
	const char *what;
	char why[300];
	struct events *events;
	struct sources *sources;
	uint32_t flags = lab->event ? flags_of(lab->event, why, sizeof why) : 0;
	uint64_t at;

	if (!flags || playing->predicted == playing->value)
		return;
	events = events_of_point(&experiment->point[0], 0, why, sizeof why);
	if (!events) {
		complain("bounce: no events: %s", why);
		return;
	}
	at = find_parting(events, lab, flags, playing, &what);
	if (at) {
		printf("%s (what counts: '%s'):\n\n", what, lab->event);
		sources = sources_new();
		sources_trust(sources);
		frame_print(stdout, events, sources, at, colour);
		sources_free(sources);
		fputs("\nAround it: bounce step ", stdout);
		text_shell(stdout, shown_path(experiment->path));
		printf(" --at %llu\n\n", (unsigned long long)at);
	}
	events_close(events);
}

/* ---- the end -------------------------------------------------------------------------------- */

/* Counts as they are, others as tables have them. */
static void print_number(char *buf, size_t size, double number)
{
	if (number == floor(number) && number < 1e15)
		snprintf(buf, size, "%.0f", number);
	else
		number_real(buf, size, number);
}

static void print_sides(const struct playing *playing)
{
	const struct lab *lab = playing->experiment->lab;
	char predicted[40], value[40];

	print_number(predicted, sizeof predicted, playing->predicted);
	print_number(value, sizeof value, playing->value);
	if (playing->predicted == playing->value)
		printf("\nRight: %s is %s.\n\n", lab->metric, value);
	else
		printf("\nYou said %s; %s is %s.\n\n", predicted, lab->metric, value);
}

static int tell(const struct playing *playing, bool colour)
{
	const struct lab *lab = playing->experiment->lab;
	bool right = playing->predicted == playing->value;

	print_sides(playing);
	if (!lab->explored)
		show_parting(playing, colour);
	if (!playing->changed) { /* else the reasons are of another number */
		print_text(lab->why);
		if (playing->value != lab->value)
			printf("\n(The file says %.17g.)\n", lab->value);
	}
	if (lab->attempt && !playing->changed) {
		fputs("\nTry: ", stdout);
		print_text(lab->attempt);
	}
	if (!lab->explored) {
		fputs("\nWhere it bounces: bounce report ", stdout);
		text_shell(stdout, playing->directory);
		putchar('\n');
	}
	return right && !playing->missed ? EXIT_DONE : EXIT_DIFFERENT;
}

static int play(const struct arguments *arguments, const struct experiment *experiment)
{
	char directory[4096];
	struct playing playing = { .experiment = experiment,
				   .directory = directory,
				   .output = arguments->output,
				   .changed = arguments->changed };
	int status;

	snprintf(directory, sizeof directory, "%s/%s",
		 arguments->output ? arguments->output : "results", experiment->name);
	print_question(experiment);
	if (arguments->predict && !read_prediction(arguments->predict, &playing.predicted)) {
		complain("bounce: --predict wants a number, got '%s'", arguments->predict);
		return EXIT_MISTAKE;
	}
	if (!arguments->predict && !ask(experiment->lab, &playing.predicted)) {
		complain("bounce: no prediction, no run");
		return EXIT_MISTAKE;
	}
	fflush(stdout);
	status = experiment->lab->explored ? explore(&playing) : run_points(&playing);
	if (status != EXIT_DONE)
		return status;
	return tell(&playing, table_colour(stdout, arguments->colour));
}

static int play_file(const struct arguments *arguments, const char *path,
		     struct diagnostics *diagnostics)
{
	struct experiment *experiment =
		experiment_load(path, arguments->sets, arguments->set_count, diagnostics);
	int status = EXIT_MISTAKE;

	if (!experiment)
		return EXIT_MISTAKE;
	if (!experiment->lab)
		mistake(diagnostics, experiment->about,
			"an experiment without 'lab' asks nothing; 'bounce run' runs it");
	else if (experiment->lab->explored ? explore_rehearse(experiment, NULL, diagnostics)
					    : run_rehearse(experiment, diagnostics))
		status = play(arguments, experiment);
	experiment_free(experiment);
	return status;
}

int cli_lab(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "[LAB]", help, NULL, NULL, NULL };
	struct arguments arguments = { 0 };
	struct diagnostics *diagnostics = diagnostics_new();
	char path[4400];
	int status = EXIT_MISTAKE;

	options_parse(&argp, argc, argv, "bounce lab", &arguments);
	if (!arguments.lab)
		status = list_labs(diagnostics);
	else if (lab_file(arguments.lab, path, sizeof path))
		status = play_file(&arguments, path, diagnostics);
	diagnostics_print(diagnostics, stderr, table_colour(stderr, arguments.colour));
	diagnostics_free(diagnostics);
	for (size_t i = 0; i < arguments.set_count; i++)
		free(arguments.sets[i]);
	free(arguments.sets);
	return status;
}
