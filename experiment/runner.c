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

#include "experiment/figure.h"
#include "experiment/file.h"
#include "experiment/folder.h"
#include "experiment/metrics.h"
#include "experiment/run_point.h"
#include "experiment/terminal.h"
#include "experiment/version.h"
#include "sim/verbs/xalloc.h"

enum { MESSAGE_BYTES = 512, CHILD_FAILED = 1, CHILD_MISTAKE = 2, CHILD_UNWRITABLE = 3 };

enum { TABLE_CSV, TABLE_JSONL, TABLES };

static const char *const table_files[TABLES] = { "results.csv", "results.jsonl" };

struct child {
	pid_t pid;
	int pipe;                       /* its message */
	const struct planned *point;
};

struct runner {
	struct folder folder;
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
	struct point *point = runner->options->run ? runner->options->run(planned, why, size)
						   : run_point(planned, why, size);
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

	/* an empty message is one too: without any, this is not where the process ended */
	if (write(pipe, why, strlen(why) + 1) < 0)
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

/* False: there is none. */
static bool read_message(int pipe, char *text, size_t size)
{
	ssize_t length = read(pipe, text, size - 1);

	text[length > 0 ? length : 0] = '\0';
	close(pipe);
	return length > 0;
}

static void settle(struct runner *runner, const struct child *child, int status)
{
	struct runner_summary *summary = runner->summary;
	char why[MESSAGE_BYTES], text[MESSAGE_BYTES + 64];

	bool ended = read_message(child->pipe, why, sizeof why);

	runner->done++;
	if (ended && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		summary->computed++;
		return;
	}
	if (WIFSIGNALED(status))
		snprintf(text, sizeof text, "crashed: %s", strsignal(WTERMSIG(status)));
	else if (!ended)
		snprintf(text, sizeof text, "the process ended before the run did, with status %d",
			 WEXITSTATUS(status));
	else
		snprintf(text, sizeof text, "%s", *why ? why : "failed");
	if (ended && WIFEXITED(status) && WEXITSTATUS(status) == CHILD_MISTAKE)
		summary->mistaken++;
	else
		summary->failed++;
	tell(runner, child->point, text);
	point_sweep(runner->options->directory, child->point->name);
	/* a full disk: the other points would be computed for nothing */
	if (ended && WIFEXITED(status) && WEXITSTATUS(status) == CHILD_UNWRITABLE)
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
		point_sweep(runner->options->directory, runner->child[i].point->name);
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

/* ---- whose folder it is ------------------------------------------------------------------ */

static bool has_combination(const struct points *there, const char *identity)
{
	for (size_t i = 0; i < there->combinations; i++) {
		if (!strcmp(there->combination[i], identity))
			return true;
	}
	return false;
}

/* The same experiment, whatever was added to it or left out. */
static bool is_same(const struct experiment *experiment, const struct points *there)
{
	if (!strcmp(there->hash, experiment->hash))
		return true;
	for (size_t i = 0; i < experiment->combinations; i++) {
		if (has_combination(there, experiment->combination[i]->identity))
			return true;
	}
	return false;
}

/* Of an experiment of which every run failed there is nothing to keep. */
static bool has_point(const struct runner_options *options, const struct points *there)
{
	for (size_t i = 0; i < there->expected; i++) {
		if (point_exists(options->directory, there->listed[i]))
			return true;
	}
	return false;
}

static bool admits(const struct experiment *experiment, const struct runner_options *options,
		   const struct points *there, char *why, size_t size)
{
	if (options->replace || is_same(experiment, there) || !has_point(options, there))
		return true;
	snprintf(why, size,
		 "%s holds another experiment '%s': no combination of settings is in both. Give this one another 'name', or --output another folder, or --replace that one (its points stay, its tables go)",
		 options->directory, there->name);
	return false;
}

bool runner_admits(const struct experiment *experiment, const struct runner_options *options,
		   char *why, size_t size)
{
	struct points there;
	char unused[MESSAGE_BYTES];

	if (!points_index(options->directory, &there, unused, sizeof unused))
		return true;

	bool good = admits(experiment, options, &there, why, size);

	points_free(&there);
	return good;
}

/*
 * Tables and figures of other settings go at once: should this run be killed, they would be taken
 * for those of the experiment that stands beside them.
 */
static void replace_other(const struct runner *runner, const struct points *there)
{
	char path[4096];

	if (!strcmp(there->hash, runner->experiment->hash))
		return;
	for (size_t i = 0; i < TABLES; i++) {
		snprintf(path, sizeof path, "%s/%s", runner->options->directory, table_files[i]);
		unlink(path);
	}
	figures_forget(runner->options->directory);
	if (!runner->options->quiet && has_point(runner->options, there))
		fprintf(stderr,
			"bounce: %s held other settings (experiment %.12s); their points stay, tables and figures show these\n",
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
		.combinations = experiment->combinations,
		.expected = experiment->points,
	};

	points.listed = xalloc((points.expected + 1) * sizeof *points.listed);
	points.combination = xalloc((points.combinations + 1) * sizeof *points.combination);
	memcpy(points.hash, experiment->hash, sizeof points.hash);
	for (size_t i = 0; i < experiment->combinations; i++)
		points.combination[i] = experiment->combination[i]->identity;
	for (size_t i = 0; i < experiment->points; i++)
		points.listed[i] = experiment->point[i].name;

	bool done = index_write(runner->options->directory, &points, why, size);

	free(points.combination);
	free(points.listed);
	return done;
}

/* What it leaves out, it says: run again, it ends with another status where that decides it. */
static bool write_experiment(const struct runner *runner, char *why, size_t size)
{
	const struct experiment *experiment = runner->experiment;
	bool expects = experiment->expect.count;
	size_t length;
	char *text;
	FILE *out = text_open(&text, &length);
	bool good;

	if (expects || experiment->lab)
		fprintf(out,
			"# Without %s of the file that was run: no result depends on that, and nothing is held\n"
			"# against it when this one runs.\n",
			expects && experiment->lab ? "'expect' and 'lab'"
			: expects		   ? "'expect'"
						   : "'lab'");
	fputs(experiment->effective, out);
	text_close(out);
	good = file_write(runner->options->directory, "experiment.yaml", text, length, why, size);
	free(text);
	return good && write_index(runner, why, size);
}

/* Temporary files of runs that were killed; nothing else is under way in the folder. */
static void sweep(const struct runner *runner)
{
	if (runner->folder.unlocked)
		return;
	file_sweep(runner->options->directory, NULL);
	point_sweep(runner->options->directory, NULL);
}

/* Nothing else is under way in the folder: it becomes this experiment's, and is swept. */
static void take(struct runner *runner, const struct points *there, char *why, size_t size)
{
	if (there && !admits(runner->experiment, runner->options, there, why, size)) {
		runner->summary->refused = true;
		return;
	}
	if (there)
		replace_other(runner, there);
	sweep(runner);
	runner->summary->unwritable = !write_experiment(runner, why, size);
}

/* Do the points of the index have the names that this program gives them? */
static bool has_names(const struct experiment *experiment, const struct points *there)
{
	if (there->expected != experiment->points)
		return false;
	for (size_t i = 0; i < experiment->points; i++) {
		if (strcmp(there->listed[i], experiment->point[i].name))
			return false;
	}
	return true;
}

/* Runs are under way: only the same experiment may join them. */
static void join(struct runner *runner, const struct points *there, char *why, size_t size)
{
	const struct experiment *experiment = runner->experiment;

	if (there && !strcmp(there->hash, experiment->hash) && has_names(experiment, there))
		return;
	runner->summary->refused = true;
	snprintf(why, size,
		 "another run is under way in %s, with other settings or another version of bounce; wait for its end, or --output another folder",
		 runner->options->directory);
}

static void claim(struct runner *runner, char *why, size_t size)
{
	const char *directory = runner->options->directory;
	struct points index;
	char unused[MESSAGE_BYTES];
	bool known, alone;

	folder_enter(&runner->folder);
	alone = folder_alone(&runner->folder);
	known = points_index(directory, &index, unused, sizeof unused);
	if (alone)
		take(runner, known ? &index : NULL, why, size);
	else
		join(runner, known ? &index : NULL, why, size);
	folder_share(&runner->folder);
	folder_leave(&runner->folder);
	if (known)
		points_free(&index);
}

struct runner *runner_new(const struct experiment *experiment, const struct runner_options *options,
			  struct runner_summary *summary)
{
	struct runner *runner = xalloc(sizeof *runner);
	char why[2 * MESSAGE_BYTES];

	memset(summary, 0, sizeof *summary);
	*runner = (struct runner){ .experiment = experiment, .options = options,
				   .summary = summary, .folder = { .fd = -1 } };
	if (results_make(options->directory, why, sizeof why) &&
	    folder_open(&runner->folder, options->directory, true, why, sizeof why))
		claim(runner, why, sizeof why);
	else
		summary->unwritable = true;
	if (runner->folder.unlocked && !options->quiet)
		fprintf(stderr,
			"bounce: %s: its file system has no locks; let no second run write there at the same time\n",
			options->directory);
	if (!summary->unwritable && !summary->refused)
		return runner;
	fprintf(stderr, "bounce: %s%s\n", summary->unwritable ? "cannot write results: " : "", why);
	runner_free(runner);
	return NULL;
}

void runner_free(struct runner *runner)
{
	folder_close(&runner->folder);
	free(runner->child);
	free(runner->todo);
	free(runner);
}

void runner_run(struct runner *runner)
{
	runner->jobs = jobs_of(runner->options);
	runner->child = xalloc(runner->jobs * sizeof *runner->child);
	clock_gettime(CLOCK_MONOTONIC, &runner->started);
	choose(runner);
	note_seedless(runner);
	estimate(runner);
	run_all(runner);
}

/* ---- after ------------------------------------------------------------------------------- */

void runner_enter(struct runner *runner)
{
	folder_enter(&runner->folder);
}

void runner_leave(struct runner *runner)
{
	folder_leave(&runner->folder);
}

static bool write_tables(const char *directory, const struct points *points, char *why, size_t size)
{
	char *csv = NULL, *jsonl = NULL;
	size_t csv_length = 0, jsonl_length = 0;
	FILE *out = text_open(&csv, &csv_length);

	metrics_csv(out, points);
	text_close(out);
	out = text_open(&jsonl, &jsonl_length);
	metrics_jsonl(out, points);
	text_close(out);

	bool done = file_write(directory, table_files[TABLE_CSV], csv, csv_length, why, size) &&
		    file_write(directory, table_files[TABLE_JSONL], jsonl, jsonl_length, why, size);

	free(csv);
	free(jsonl);
	return done;
}

/* Leaves the points of this shard; points of a folder are in the order of the experiment. */
static void keep_mine(const struct runner *runner, struct points *points)
{
	const struct experiment *experiment = runner->experiment;
	size_t at = 0, kept = 0;

	for (size_t i = 0; i < experiment->points && at < points->count; i++) {
		if (strcmp(points->point[at]->name, experiment->point[i].name))
			continue;
		if (is_mine(runner->options, i))
			points->point[kept++] = points->point[at];
		else
			point_free(points->point[at]);
		at++;
	}
	points->count = kept;
	points->expected = runner->summary->wanted;
}

bool runner_tables(struct runner *runner, struct points *points, bool *whole, char *why,
		   size_t size)
{
	const char *directory = runner->options->directory;
	bool written = false;

	runner_enter(runner);
	/* a worker of a killed run may have died after this run began, and counted as under way */
	if (folder_alone(&runner->folder))
		sweep(runner);
	folder_share(&runner->folder);

	bool loaded = points_load(directory, points, why, size);

	if (loaded && (strcmp(points->hash, runner->experiment->hash) ||
		       !has_names(runner->experiment, points))) {
		snprintf(why, size, "%s became another experiment's in the meantime", directory);
		points_free(points);
		loaded = false;
	}
	if (loaded)
		written = write_tables(directory, points, why, size);
	runner_leave(runner);
	*whole = loaded && points->count == points->expected;
	if (loaded && runner->options->shards)
		keep_mine(runner, points);
	return written;
}
