/*
 * Points in parallel, one process each: a point that crashes takes nothing with it, and what a
 * process needed is given back when it ends. Children write their point themselves; the parent
 * hears of a failure through a pipe.
 *
 * Signals are not handled but waited for: children that end, and interrupts, come one by one out
 * of sigtimedwait, so there is nothing that a handler would have to share.
 */
#include "experiment/runner.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "experiment/metrics.h"
#include "experiment/run_point.h"
#include "experiment/terminal.h"
#include "experiment/version.h"
#include "sim/verbs/xalloc.h"

enum { MESSAGE_BYTES = 512, CHILD_FAILED = 1, CHILD_MISTAKE = 2, CHILD_UNWRITABLE = 3 };

struct child {
	pid_t pid;
	int pipe;                       /* its message */
	const struct planned *point;
};

struct runner {
	const struct experiment *experiment;
	const struct runner_options *options;
	struct runner_summary *summary;
	struct child *child;
	size_t children, jobs;
	sigset_t waited, before;
	const struct planned **todo;
	size_t count, next, done;
	struct timespec started;
	bool line;                      /* the progress line is on the screen */
};

/* ---- telling ----------------------------------------------------------------------------- */

static const char *called(const struct runner *runner)
{
	return runner->options->called ? runner->options->called : runner->experiment->name;
}

static void clear_line(struct runner *runner)
{
	if (runner->line)
		terminal_paint(stderr, PAINT_ERASE);
	runner->line = false;
}

static void label(const struct planned *point, char *text, size_t size)
{
	const struct combination *combination = point->combination;
	size_t at = 0;

	*text = '\0';
	for (size_t i = 0; i < combination->keys && at < size; i++) {
		if (combination->key[i].swept)
			at += (size_t)snprintf(text + at, size - at, "%s=%s ",
					       combination->key[i].key, combination->key[i].value);
	}
	if (at < size)
		snprintf(text + at, size - at, "seed=%" PRIu64, point->seed);
}

static void tell(struct runner *runner, const struct planned *point, const char *what)
{
	char text[512];

	clear_line(runner);
	label(point, text, sizeof text);
	fprintf(stderr, "bounce: %s, %s: %s\n", called(runner), text, what);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

static void show_progress(struct runner *runner)
{
	double seconds = seconds_since(&runner->started);

	if (!runner->options->progress || seconds < 1)
		return;
	terminal_paint(stderr, PAINT_ERASE);
	fprintf(stderr, "%s: %zu of %zu points, %zu running", called(runner),
		runner->done, runner->count, runner->children);
	if (runner->done)
		fprintf(stderr, ", about %.0f s left",
			seconds / (double)runner->done * (double)(runner->count - runner->done));
	runner->line = true;
}

/* ---- children ---------------------------------------------------------------------------- */

/* Outcomes of the simulated machine are results; a broken simulation is none. */
static bool is_result(const struct result *result)
{
	return result->outcome != OUTCOME_BUG && result->outcome != OUTCOME_DEADLOCK;
}

/* The life of a child: exit status and, if that is not 0, the message. */
static int make_point(const struct runner *runner, const struct planned *planned, char *why,
		      size_t size)
{
	struct point *point = run_point(planned, why, size);
	int status = 0;

	if (!point)
		return CHILD_MISTAKE;
	if (!is_result(point->result)) {
		snprintf(why, size, "%s: %s", outcome_names[point->result->outcome],
			 point->result->message);
		status = CHILD_FAILED;
	} else if (!point_write(runner->options->directory, point, why, size)) {
		status = CHILD_UNWRITABLE;
	}
	point_free(point);
	return status;
}

static _Noreturn void be_child(const struct runner *runner, const struct planned *planned, int pipe,
			       pid_t parent)
{
	char why[MESSAGE_BYTES] = "";

	/* a terminal interrupts the whole group; the parent decides what that means */
	signal(SIGINT, SIG_IGN);
	sigprocmask(SIG_SETMASK, &runner->before, NULL);
	/* a killed parent leaves no child behind; it may be gone already */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CHILD_FAILED);

	int status = make_point(runner, planned, why, sizeof why);

	if (status && write(pipe, why, strlen(why)) < 0)
		status = CHILD_FAILED;
	_exit(status);
}

static bool start_child(struct runner *runner, const struct planned *planned)
{
	int ends[2];
	pid_t parent = getpid();

	if (pipe(ends) != 0) {
		tell(runner, planned, strerror(errno));
		return false;
	}
	fflush(NULL);

	pid_t pid = fork();

	if (pid == 0) {
		close(ends[0]);
		be_child(runner, planned, ends[1], parent);
	}
	close(ends[1]);
	if (pid < 0) {
		tell(runner, planned, strerror(errno));
		close(ends[0]);
		return false;
	}
	runner->child[runner->children++] = (struct child){ pid, ends[0], planned };
	return true;
}

static void read_message(int pipe, char *text, size_t size)
{
	ssize_t length = read(pipe, text, size - 1);

	text[length > 0 ? length : 0] = '\0';
	close(pipe);
}

static void settle(struct runner *runner, const struct child *child, int status)
{
	struct runner_summary *summary = runner->summary;
	char why[MESSAGE_BYTES], text[MESSAGE_BYTES + 64];

	read_message(child->pipe, why, sizeof why);
	runner->done++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		summary->computed++;
		return;
	}
	if (WIFSIGNALED(status))
		snprintf(text, sizeof text, "crashed: %s", strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof text, "%s", *why ? why : "failed");
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_MISTAKE)
		summary->mistaken++;
	else
		summary->failed++;
	tell(runner, child->point, text);
	/* a full disk: the other points would be computed for nothing */
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_UNWRITABLE)
		runner->next = runner->count;
}

/* Every child that has ended; one signal may stand for several. */
static void reap(struct runner *runner)
{
	for (size_t i = 0; i < runner->children;) {
		struct child child = runner->child[i];
		int status;

		if (waitpid(child.pid, &status, WNOHANG) != child.pid) {
			i++;
			continue;
		}
		runner->child[i] = runner->child[--runner->children];
		settle(runner, &child, status);
	}
}

static void kill_children(struct runner *runner)
{
	for (size_t i = 0; i < runner->children; i++)
		kill(runner->child[i].pid, SIGKILL);
	for (size_t i = 0; i < runner->children; i++) {
		while (waitpid(runner->child[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(runner->child[i].pipe);
	}
	runner->children = 0;
}

/* ---- the loop ---------------------------------------------------------------------------- */

static void block_signals(struct runner *runner)
{
	sigemptyset(&runner->waited);
	sigaddset(&runner->waited, SIGCHLD);
	sigaddset(&runner->waited, SIGINT);
	sigaddset(&runner->waited, SIGTERM);
	sigprocmask(SIG_BLOCK, &runner->waited, &runner->before);
}

static void run_all(struct runner *runner)
{
	static const struct timespec turn = { .tv_sec = 1 };

	block_signals(runner);
	while (runner->next < runner->count || runner->children) {
		while (runner->next < runner->count && runner->children < runner->jobs) {
			if (!start_child(runner, runner->todo[runner->next++])) {
				runner->summary->failed++;
				runner->done++;
			}
		}
		show_progress(runner);

		int got = sigtimedwait(&runner->waited, NULL, &turn);

		if (got == SIGINT || got == SIGTERM) {
			runner->summary->interrupted = true;
			kill_children(runner);
			break;
		}
		reap(runner);
	}
	clear_line(runner);
	sigprocmask(SIG_SETMASK, &runner->before, NULL);
}

/* ---- before ------------------------------------------------------------------------------ */

static bool is_mine(const struct runner_options *options, size_t number)
{
	return !options->shards || number % options->shards == options->shard - 1;
}

/* A point that another folder has comes from there. */
static bool is_known(const struct runner *runner, const struct planned *planned)
{
	const char *known = runner->options->known;
	char why[MESSAGE_BYTES];
	struct point *point = known && point_exists(known, planned->name)
				      ? point_read(known, planned->name, why, sizeof why)
				      : NULL;
	bool done = point && point_write(runner->options->directory, point, why, sizeof why);

	point_free(point);
	return done;
}

/* A file of that name is no point yet: it may be damaged, and is computed again then. */
static bool is_there(struct runner *runner, const struct planned *planned)
{
	char why[MESSAGE_BYTES];

	if (runner->options->force)
		return false;
	if (!point_exists(runner->options->directory, planned->name))
		return is_known(runner, planned);

	struct point *point =
		point_read(runner->options->directory, planned->name, why, sizeof why);

	if (!point)
		fprintf(stderr, "bounce: %s; computed again\n", why);
	point_free(point);
	return point != NULL;
}

static void choose(struct runner *runner)
{
	const struct experiment *experiment = runner->experiment;

	runner->todo = xalloc((experiment->points + 1) * sizeof *runner->todo);
	for (size_t i = 0; i < experiment->points; i++) {
		const struct planned *planned = &experiment->point[i];

		if (!is_mine(runner->options, i))
			continue;
		runner->summary->wanted++;
		if (is_there(runner, planned))
			runner->summary->kept++;
		else
			runner->todo[runner->count++] = planned;
	}
}

/* Rough on purpose: eight microseconds of one core per operation, 200 KB per point. */
static double seconds_of(const struct planned *planned)
{
	const struct combination *combination = planned->combination;

	return 0.02 + 8e-6 * (double)(combination->operations + combination->warmup);
}

static size_t jobs_of(const struct runner_options *options)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return options->jobs ? options->jobs : cores > 0 ? (size_t)cores : 1;
}

/* `seconds` of one core */
static void tell_estimate(const struct experiment *experiment, const struct runner_options *options,
			  size_t points, double seconds)
{
	double elapsed = seconds / (double)jobs_of(options);

	if (elapsed < 30 || options->quiet)
		return;
	fprintf(stderr,
		"bounce: %s: %zu points to compute, about %.0f %s on %zu cores and %.0f MB in %s\n",
		experiment->name, points, elapsed < 120 ? elapsed : elapsed / 60,
		elapsed < 120 ? "seconds" : "minutes", jobs_of(options),
		0.2 * (double)points + 1, options->directory);
}

static void estimate(const struct runner *runner)
{
	double seconds = 0;

	for (size_t i = 0; i < runner->count; i++)
		seconds += seconds_of(runner->todo[i]);
	tell_estimate(runner->experiment, runner->options, runner->count, seconds);
}

void runner_estimate(const struct experiment *experiment, size_t times,
		     const struct runner_options *options)
{
	double seconds = 0;

	for (size_t i = 0; i < experiment->points; i++)
		seconds += seconds_of(&experiment->point[i]);
	tell_estimate(experiment, options, times * experiment->points, (double)times * seconds);
}

static void note_seedless(const struct runner *runner)
{
	const struct experiment *experiment = runner->experiment;
	size_t count = 0;

	for (size_t i = 0; i < experiment->combinations; i++) {
		const struct combination *combination = experiment->combination[i];

		count += combination->seedless && combination->settings.repeat > 1;
	}
	if (count && !runner->options->quiet)
		fprintf(stderr,
			"bounce: %s: %zu of %zu combinations have one CPU and no jitter; no seed can change them, they run once\n",
			experiment->name, count, experiment->combinations);
}

/* Another experiment of that name leaves its points; its tables make place. */
static void note_other(const struct runner *runner, const struct points *there)
{
	if (strcmp(there->hash, runner->experiment->hash) && !runner->options->quiet)
		fprintf(stderr,
			"bounce: %s held an experiment with other settings (sha256 %.12s...); its points stay, the tables show this one\n",
			runner->options->directory, there->hash);
}

/* The index as the experiment is, with no points in memory. */
static bool write_index(const struct runner *runner, char *why, size_t size)
{
	const struct experiment *experiment = runner->experiment;
	struct points points = {
		.name = (char *)experiment->name,
		.title = (char *)experiment->title,
		.version = (char *)version_program(),
		.models = (char *)version_models(),
		.plot = experiment->plot,
		.plots = experiment->plots,
		.set = experiment->set,
		.sets = experiment->sets,
		.swept = experiment->swept,
		.swepts = experiment->swepts,
		.expected = experiment->points,
	};
	char(*names)[POINT_NAME_BYTES] = xalloc((experiment->points + 1) * sizeof *names);

	memcpy(points.hash, experiment->hash, sizeof points.hash);
	for (size_t i = 0; i < experiment->points; i++)
		memcpy(names[i], experiment->point[i].name, sizeof names[i]);

	bool done = index_write(runner->options->directory, &points, names, why, size);

	free(names);
	return done;
}

static bool open_folder(struct runner *runner, char *why, size_t size)
{
	const char *directory = runner->options->directory;
	const char *effective = runner->experiment->effective;
	struct points there;
	char unused[MESSAGE_BYTES];

	if (!results_make(directory, why, size))
		return false;
	if (points_load(directory, &there, unused, sizeof unused)) {
		note_other(runner, &there);
		points_free(&there);
	}
	return file_write(directory, "experiment.yaml", effective, strlen(effective), why, size) &&
	       write_index(runner, why, size);
}

void runner_run(const struct experiment *experiment, const struct runner_options *options,
		struct runner_summary *summary)
{
	struct runner runner = { .experiment = experiment, .options = options, .summary = summary };
	char why[MESSAGE_BYTES];

	memset(summary, 0, sizeof *summary);
	if (!open_folder(&runner, why, sizeof why)) {
		fprintf(stderr, "bounce: cannot write results: %s\n", why);
		summary->unwritable = true;
		return;
	}
	runner.jobs = jobs_of(options);
	runner.child = xalloc(runner.jobs * sizeof *runner.child);
	clock_gettime(CLOCK_MONOTONIC, &runner.started);
	choose(&runner);
	note_seedless(&runner);
	estimate(&runner);
	run_all(&runner);
	free(runner.child);
	free(runner.todo);
}

/* ---- after ------------------------------------------------------------------------------- */

bool runner_tables(const char *directory, const struct points *points, char *why, size_t size)
{
	char *csv = NULL, *jsonl = NULL;
	size_t csv_length = 0, jsonl_length = 0;
	FILE *out = text_open(&csv, &csv_length);

	metrics_csv(out, points);
	text_close(out);
	out = text_open(&jsonl, &jsonl_length);
	metrics_jsonl(out, points);
	text_close(out);

	bool done = file_write(directory, "results.csv", csv, csv_length, why, size) &&
		    file_write(directory, "results.jsonl", jsonl, jsonl_length, why, size);

	free(csv);
	free(jsonl);
	return done;
}
