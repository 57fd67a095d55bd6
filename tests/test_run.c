/*
 * bounce run as a whole: the same bytes however it is run, nothing computed twice, crashes and
 * interrupts survived, failures told.
 */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "experiment/store.h"
#include "sim/verbs/xalloc.h"
#include "tests/cli_fixture.h"

static const char small[] =
	"name: small\n"
	"machine: textbook\n"
	"placement: scatter\n"
	"cpus: 2\n"
	"objects: [slub-page, slub-cpu]\n"
	"workload: {kind: producer-consumer, in_flight: 4, produce_cycles: 100}\n"
	"operations: 400\n"
	"warmup: 100\n"
	"memory_mib: 8\n"
	"repeat: 2\n";

/* Takes minutes unless something stops it; the long point is started first. */
static const char endless[] = "name: endless\n"
			      "machine: textbook\n"
			      "cpus: 2\n"
			      "workload: counter\n"
			      "operations: [1000000000, 10]\n";

struct place_of_run {
	char *folder, *file;            /* where the experiment lies, and its path */
};

static struct place_of_run place_new(const char *text)
{
	struct place_of_run place = { folder_new(), NULL };

	assert_true(asprintf(&place.file, "%s/experiment.yaml", place.folder) > 0);
	write_text(place.file, text);
	return place;
}

static void place_free(struct place_of_run *place)
{
	folder_free(place->folder);
	free(place->file);
}

/* Runs into FOLDER/OUTPUT with one more option. */
static struct output run_into(const struct place_of_run *place, const char *output,
			      const char *option)
{
	char *where = NULL;

	assert_true(asprintf(&where, "--output=%s/%s", place->folder, output) > 0);

	struct output result = run_cli(
		(const char *const[]){ "run", place->file, where, "--no-plots", option, NULL });

	free(where);
	return result;
}

static void expect_status(struct output output, int status)
{
	if (output.status != status)
		fail_msg("status %d, not %d\n%s%s", output.status, status, output.out, output.err);
	output_free(&output);
}

static char *result_text(const struct place_of_run *place, const char *below)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", place->folder, below) > 0);

	char *text = read_text(path);

	free(path);
	return text;
}

static void expect_same(const struct place_of_run *place, const char *a, const char *b)
{
	char *left = result_text(place, a), *right = result_text(place, b);

	if (strcmp(left, right))
		fail_msg("%s and %s differ", a, b);
	free(left);
	free(right);
}

/* Names of the points, each with a space behind it, in any order. */
static size_t count_points(const struct place_of_run *place, const char *output, const char *suffix)
{
	char *path = NULL;
	size_t count = 0;

	assert_true(asprintf(&path, "%s/%s/points", place->folder, output) > 0);

	DIR *directory = opendir(path);

	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory));) {
		size_t length = strlen(entry->d_name), end = strlen(suffix);

		count += length > end && !strcmp(entry->d_name + length - end, suffix);
	}
	closedir(directory);
	free(path);
	return count;
}

static void jobs_and_shards_change_nothing(void **state)
{
	struct place_of_run place = place_new(small);

	(void)state;
	expect_status(run_into(&place, "one", "--jobs=1"), 0);
	expect_status(run_into(&place, "two", "--jobs=2"), 0);
	expect_same(&place, "one/small/results.csv", "two/small/results.csv");
	expect_same(&place, "one/small/results.jsonl", "two/small/results.jsonl");
	/* half of them, then the other half into the same folder */
	expect_status(run_into(&place, "parts", "--shard=2/2"), 0);
	assert_int_equal(count_points(&place, "parts/small", ".point"), 2);
	expect_status(run_into(&place, "parts", "--shard=1/2"), 0);
	assert_int_equal(count_points(&place, "parts/small", ".point"), 4);
	expect_same(&place, "one/small/results.csv", "parts/small/results.csv");
	place_free(&place);
}

static void shortcuts_of_the_engine_change_nothing(void **state)
{
	struct place_of_run place = place_new(small);

	(void)state;
	expect_status(run_into(&place, "with", "--set=run_ahead=true"), 0);
	expect_status(run_into(&place, "without", "--set=run_ahead=false"), 0);

	expect_same(&place, "with/small/results.csv", "without/small/results.csv");
	expect_same(&place, "with/small/results.jsonl", "without/small/results.jsonl");
	place_free(&place);
}

static char *first_point(const struct place_of_run *place, const char *output)
{
	char *directory = NULL, *path = NULL, why[512];
	struct points points;

	assert_true(asprintf(&directory, "%s/%s", place->folder, output) > 0);
	assert_true(points_load(directory, &points, why, sizeof why));
	assert_true(asprintf(&path, "%s/points/%s.point", directory, points.point[0]->name) > 0);
	points_free(&points);
	free(directory);
	return path;
}

static void only_what_is_missing_is_computed(void **state)
{
	struct place_of_run place = place_new(small);
	struct stat before, after;

	(void)state;
	expect_status(run_into(&place, "r", "--jobs=2"), 0);

	char *path = first_point(&place, "r/small"), *text = read_text(path);
	char *csv = result_text(&place, "r/small/results.csv");

	assert_int_equal(stat(path, &before), 0);

	/* an extended experiment computes the new points only */
	struct output more = run_into(&place, "r", "--set=repeat=3");

	assert_non_null(strstr(more.err, "6 points in"));
	assert_non_null(strstr(more.err, "(2 computed now)"));
	expect_status(more, 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);

	/* a lost point and a damaged one come back the same */
	assert_int_equal(unlink(path), 0);
	expect_status(run_into(&place, "r", "--jobs=1"), 0);

	char *again = read_text(path);

	assert_string_equal(again, text);
	free(again);
	write_text(path, "bounce-point 1\nnonsense\n");

	struct output damaged = run_into(&place, "r", "--jobs=1");

	assert_non_null(strstr(damaged.err, "it was cut; computed again"));
	expect_status(damaged, 0);
	again = read_text(path);
	assert_string_equal(again, text);
	free(again);
	again = result_text(&place, "r/small/results.csv");
	assert_string_equal(again, csv);
	free(again);
	free(csv);
	free(text);
	free(path);
	place_free(&place);
}

static void force_computes_again(void **state)
{
	struct place_of_run place = place_new(small);
	struct stat before, after;

	(void)state;
	expect_status(run_into(&place, "r", "--jobs=2"), 0);

	char *path = first_point(&place, "r/small");

	assert_int_equal(stat(path, &before), 0);
	expect_status(run_into(&place, "r", "--force"), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	free(path);
	place_free(&place);
}

/* ---- whose folder it is ------------------------------------------------------------------ */

static void the_same_experiment_may_grow_and_shrink(void **state)
{
	struct place_of_run place = place_new(small);

	(void)state;
	expect_status(run_into(&place, "r", "--jobs=2"), 0);

	struct output more = run_into(&place, "r", "--set=cpus=[2, 4]");

	assert_non_null(strstr(more.err, "8 points in"));
	assert_non_null(strstr(more.err, "(4 computed now)"));
	assert_non_null(strstr(more.err, "their points stay"));
	expect_status(more, 0);
	/* one combination is enough; the seeds are others */
	expect_status(run_into(&place, "r", "--set=objects=slub-cpu"), 0);
	expect_status(run_into(&place, "r", "--seed=7"), 0);
	expect_status(run_into(&place, "r", "--set=title=Another title"), 0);
	assert_int_equal(count_points(&place, "r/small", ".point"), 12);
	place_free(&place);
}

static void another_experiment_of_that_name_is_refused(void **state)
{
	static const char *const files[] = { "r/small/results.csv", "r/small/results.jsonl",
					     "r/small/index", "r/small/experiment.yaml" };
	struct place_of_run place = place_new(small);
	char *before[4];

	(void)state;
	expect_status(run_into(&place, "r", "--jobs=2"), 0);
	for (size_t i = 0; i < 4; i++)
		before[i] = result_text(&place, files[i]);

	struct output other = run_into(&place, "r", "--set=cpus=4");

	assert_non_null(strstr(other.err, "r/small holds another experiment 'small'"));
	assert_non_null(strstr(other.err, "--replace"));
	assert_string_equal(other.out, "");
	expect_status(other, 2);
	for (size_t i = 0; i < 4; i++) {
		char *after = result_text(&place, files[i]);

		assert_string_equal(after, before[i]);
		free(after);
		free(before[i]);
	}
	assert_int_equal(count_points(&place, "r/small", ".point"), 4);

	char *set = "--set=cpus=4", *where = NULL;

	assert_true(asprintf(&where, "--output=%s/r", place.folder) > 0);
	other = run_cli((const char *const[]){ "run", place.file, where, set, "--replace", NULL });
	free(where);
	assert_non_null(strstr(other.err, "their points stay"));
	expect_status(other, 0);
	assert_int_equal(count_points(&place, "r/small", ".point"), 8);
	place_free(&place);
}

static void two_experiments_of_one_name_are_refused_together(void **state)
{
	struct place_of_run place = place_new(small), twin = place_new(small);
	char *where = NULL, *path = NULL;

	(void)state;
	assert_true(asprintf(&where, "--output=%s/r", place.folder) > 0);
	assert_true(asprintf(&path, "%s/r", place.folder) > 0);
	write_text(twin.file, "name: small\nmachine: textbook\ncpus: 2\nworkload: counter\noperations: 9\n");

	struct output output = run_cli(
		(const char *const[]){ "run", place.file, twin.file, where, "--no-plots", NULL });

	assert_non_null(strstr(output.err, "are both called 'small'"));
	expect_status(output, 2);
	/* nothing was run */
	assert_int_not_equal(access(path, F_OK), 0);
	/* the same one twice is no mistake */
	expect_status(run_cli((const char *const[]){ "run", place.file, place.file, where,
						     "--no-plots", NULL }), 0);
	free(path);
	free(where);
	place_free(&twin);
	place_free(&place);
}

/* What lies outside the results folder stays as it is. */
static void results_are_not_written_through_links(void **state)
{
	struct place_of_run place = place_new(small);
	char *elsewhere = folder_new(), *results = NULL, *name = NULL, *table = NULL, *file = NULL;

	(void)state;
	assert_true(asprintf(&results, "%s/r", place.folder) > 0);
	assert_true(asprintf(&name, "%s/r/small", place.folder) > 0);
	assert_true(asprintf(&table, "%s/r/small/results.csv", place.folder) > 0);
	assert_true(asprintf(&file, "%s/precious", elsewhere) > 0);
	write_text(file, "precious\n");
	assert_int_equal(mkdir(results, 0777), 0);
	assert_int_equal(symlink(elsewhere, name), 0);

	struct output output = run_into(&place, "r", "--jobs=2");

	assert_non_null(strstr(output.err, "r/small: a link; results are not written through"));
	expect_status(output, 1);
	assert_int_equal(unlink(name), 0);
	/* a file that is a link is replaced, and what it led to stays */
	assert_int_equal(mkdir(name, 0777), 0);
	assert_int_equal(symlink(file, table), 0);
	expect_status(run_into(&place, "r", "--jobs=2"), 0);

	char *text = read_text(file);

	assert_string_equal(text, "precious\n");
	free(text);
	text = read_text(table);
	assert_non_null(strstr(text, "slub-page"));
	free(text);
	free(file);
	free(table);
	free(name);
	free(results);
	folder_free(elsewhere);
	place_free(&place);
}

/* Files that a killed writer had begun go with the next run; other hidden files are not ours. */
static void what_killed_writers_left_is_swept(void **state)
{
	static const char *const names[] = { "points/.0123456789abcdef.point.tmp-Ab0_Z9",
					     ".index.tmp-aaaaaa", ".results.csv.tmp-000000",
					     ".mine", "points/.tmp-000000", ".index.tmp-aaaaaaa" };
	struct place_of_run place = place_new(small);

	(void)state;
	expect_status(run_into(&place, "r", "--jobs=2"), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[256];

		snprintf(path, sizeof path, "%s/r/small/%s", place.folder, names[i]);
		write_text(path, "half a fi");
	}
	expect_status(run_into(&place, "r", "--jobs=2"), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[256];

		snprintf(path, sizeof path, "%s/r/small/%s", place.folder, names[i]);
		if ((access(path, F_OK) == 0) != (i >= 3))
			fail_msg("%s is %s", names[i], i >= 3 ? "gone" : "there");
	}
	place_free(&place);
}

/* ---- failures ---------------------------------------------------------------------------- */

static void a_folder_that_cannot_be_written_is_told(void **state)
{
	struct place_of_run place = place_new(small);
	char *file = NULL;

	(void)state;
	/* a file in the way stops even root */
	assert_true(asprintf(&file, "%s/r", place.folder) > 0);
	write_text(file, "precious\n");

	struct output output = run_into(&place, "r", "--jobs=1");

	assert_non_null(strstr(output.err, "bounce: cannot write results: "));
	assert_non_null(strstr(output.err, "Not a directory"));
	assert_string_equal(output.out, "");
	expect_status(output, 1);

	char *text = read_text(file);

	assert_string_equal(text, "precious\n");
	free(text);
	free(file);
	place_free(&place);
}

/* The index fits below the limit, no point does: as on a disk that is full. */
static void a_full_disk_stops_the_run(void **state)
{
	struct place_of_run place = place_new(small);
	struct rlimit old, tight;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = (struct rlimit){ 4000, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);

	struct output output = run_into(&place, "r", "--jobs=1");

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

	char *told = strstr(output.err, "File too large");

	assert_non_null(told);
	/* once: the points behind it are not tried */
	assert_null(strstr(told + 1, ".point: File too large"));
	assert_int_equal(count_points(&place, "r/small", ""), 2);       /* . and .. */
	expect_status(output, 1);
	/* with room again the same command gives everything */
	expect_status(run_into(&place, "r", "--jobs=2"), 0);
	assert_int_equal(count_points(&place, "r/small", ".point"), 4);
	place_free(&place);
}

/* More producers and consumers than CPUs: only the workload knows that. */
static void settings_that_do_not_fit_each_other_stop_all(void **state)
{
	struct place_of_run place = place_new(small);
	char *path = NULL, *told = NULL;
	struct output output = run_into(&place, "r", "--set=workload.producers=5");

	(void)state;
	/* no key of it is swept: the workload is where it stands */
	assert_true(asprintf(&told, "%s:6:11: error: ", place.file) > 0);
	assert_ptr_equal(strstr(output.err, told), output.err);
	/* once, not for each combination */
	assert_null(strstr(output.err + 1, told));
	assert_true(asprintf(&path, "%s/r", place.folder) > 0);
	assert_int_not_equal(access(path, F_OK), 0);
	expect_status(output, 2);
	free(path);
	free(told);
	place_free(&place);
}

static void a_machine_out_of_memory_is_an_outcome(void **state)
{
	/* 8 MiB hold 8192 objects of 1 KiB at most; a ring of 60000 wants more */
	struct place_of_run place = place_new(
		"name: small\n"
		"machine: textbook\n"
		"cpus: 2\n"
		"objects: slub-page\n"
		"workload: {kind: slab-test, test: alloc-then-free, count: 60000, object_size: [64, 1024]}\n"
		"memory_mib: 8\n");
	struct output output = run_into(&place, "r", "--jobs=1");

	(void)state;
	assert_non_null(strstr(output.err, "the simulated machine is out of memory"));
	assert_non_null(strstr(output.out, "out_of_memory"));
	assert_int_equal(count_points(&place, "r/small", ".point"), 2);
	expect_status(output, 1);
	place_free(&place);
}

static void a_run_that_does_not_end_is_stopped(void **state)
{
	struct place_of_run place = place_new(small);
	struct output output = run_into(&place, "r", "--set=max_cycles=500");

	(void)state;
	assert_non_null(strstr(output.out, "max_cycles"));
	assert_non_null(strstr(output.err, "bounce: small, objects=slub-page seed=1: "));
	expect_status(output, 1);
	place_free(&place);

	/* nothing is swept: no gap where that would stand */
	place = place_new("name: one\nmachine: textbook\ncpus: 2\nworkload: counter\noperations: 400\n");
	output = run_into(&place, "r", "--set=max_cycles=500");
	assert_non_null(strstr(output.err, "bounce: one, seed=1: "));
	expect_status(output, 1);
	place_free(&place);
}

/* ---- signals ----------------------------------------------------------------------------- */

/* Starts the endless experiment with one more option, and waits until its short point is there:
 * the long one was started before it and runs alone. */
static pid_t start_run(const struct place_of_run *place, char *option, int *out)
{
	char *where = NULL, *points = NULL;
	int ends[2];

	assert_true(asprintf(&where, "--output=%s/r", place->folder) > 0);
	assert_true(asprintf(&points, "%s/r/endless/points", place->folder) > 0);
	assert_int_equal(pipe(ends), 0);

	int watch = watch_folder(points);

	fflush(NULL);

	pid_t pid = fork();

	if (pid == 0) {
		char *arguments[] = { "run",        place->file, where, option,
				      "--no-plots", NULL };

		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		/* cmocka catches it, and children inherit that */
		signal(SIGBUS, SIG_DFL);

		int status = cli_run(5, arguments);

		fflush(NULL);
		_exit(status);
	}
	close(ends[1]);
	watch_wait(watch, ".point");
	free(points);
	free(where);
	*out = ends[0];
	return pid;
}

/* The process of the long point, the run's oldest child; 0: the kernel has no list of children. */
static pid_t long_point(pid_t run)
{
	char path[128];

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", run, run);

	FILE *file = fopen(path, "r");
	int child = 0;

	if (!file || fscanf(file, "%d", &child) != 1)
		child = 0;
	if (file)
		fclose(file);
	return child;
}

static char *read_pipe(int pipe)
{
	char *text = xalloc(1 << 16);
	size_t length = 0;

	for (ssize_t got; (got = read(pipe, text + length, (1 << 16) - 1 - length)) > 0;)
		length += (size_t)got;
	close(pipe);
	return text;
}

static void an_interrupt_keeps_what_is_complete(void **state)
{
	struct place_of_run place = place_new(endless);
	int out, status;
	pid_t run = start_run(&place, "--jobs=2", &out), child = long_point(run);

	(void)state;
	assert_int_equal(kill(run, SIGINT), 0);

	char *text = read_pipe(out);

	assert_int_equal(waitpid(run, &status, 0), run);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 130);
	assert_non_null(strstr(text, "incomplete: 1 of 2 points"));
	/* nothing runs on, and there is no half file */
	if (child)
		assert_int_equal(kill(child, 0), -1);
	assert_int_equal(count_points(&place, "r/endless", ""), 3);     /* . .. and the point */
	free(text);
	place_free(&place);
}

static void a_killed_run_leaves_nothing_running(void **state)
{
	struct place_of_run place = place_new(endless);
	int out, status;

	(void)state;
	/* a child whose parent was killed becomes ours, and can be waited for */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);

	pid_t run = start_run(&place, "--jobs=2", &out), child = long_point(run);

	assert_int_equal(kill(run, SIGKILL), 0);
	assert_int_equal(waitpid(run, &status, 0), run);
	free(read_pipe(out));           /* ends when the last writer has */
	if (child) {
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(WTERMSIG(status), SIGKILL);
	}
	/* the short point is whole, and the next run takes it */
	assert_int_equal(count_points(&place, "r/endless", ".point"), 1);

	struct output again = run_into(&place, "r", "--set=operations=10");

	assert_non_null(strstr(again.err, "(0 computed now)"));
	expect_status(again, 0);
	place_free(&place);
}

static void a_crashed_point_is_told_and_the_others_are_kept(void **state)
{
	struct place_of_run place = place_new(endless);
	int out, status;
	pid_t run = start_run(&place, "--jobs=2", &out), child = long_point(run);

	(void)state;
	if (!child) {
		/* a kernel without the list of children */
		kill(run, SIGKILL);
		waitpid(run, &status, 0);
		close(out);
		place_free(&place);
		skip();
	}
	assert_int_equal(kill(child, SIGBUS), 0);

	char *text = read_pipe(out);

	assert_int_equal(waitpid(run, &status, 0), run);
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_non_null(strstr(text, "endless, operations=1000000000 seed=1: crashed: Bus error"));
	assert_non_null(strstr(text, "incomplete: 1 of 2 points"));
	free(text);
	place_free(&place);
}

/* Shards of one experiment run side by side, and print their own points. */
static void others_join_a_run_with_the_same_experiment_only(void **state)
{
	struct place_of_run place = place_new(endless);
	int out, status;
	/* both points: the second is there, the first goes on */
	pid_t run = start_run(&place, "--jobs=2", &out);
	struct output shard = run_into(&place, "r", "--shard=2/2");

	(void)state;
	assert_non_null(strstr(shard.err, "1 point in"));
	assert_null(strstr(shard.out, "incomplete"));
	assert_non_null(strstr(shard.out, "\n10 "));
	expect_status(shard, 0);

	struct output other = run_into(&place, "r", "--set=operations=10");

	assert_non_null(strstr(other.err, "another run is under way in "));
	expect_status(other, 2);
	assert_int_equal(kill(run, SIGKILL), 0);
	assert_int_equal(waitpid(run, &status, 0), run);
	free(read_pipe(out));
	expect_status(run_into(&place, "r", "--set=operations=10"), 0);
	place_free(&place);
}

/* ---- the command line -------------------------------------------------------------------- */

static void mistakes_on_the_command_line(void **state)
{
	/* clang-format off */
	static const struct {
		const char *arguments[5], *told;
	} rows[] = {
		{ { "run", "x.yaml", "--shard=0/4" },   "--shard wants I/N, 1/N to N/N, got '0/4'" },
		{ { "run", "x.yaml", "--shard=5/4" },   "--shard wants I/N, 1/N to N/N, got '5/4'" },
		{ { "run", "x.yaml", "--shard=-1/2" },  "--shard wants I/N, 1/N to N/N, got '-1/2'" },
		{ { "run", "x.yaml", "--shard=1/4294967297" }, "--shard wants I/N, 1/N to N/N, got '1/4294967297'" },
		{ { "run", "x.yaml", "--output=" },     "--output wants a folder" },
		{ { "run", "x.yaml", "--jobs=0" },      "--jobs wants a whole number, 1..4096, got '0'" },
		{ { "run", "x.yaml", "--format=xml" },  "--format is table, csv, jsonl or json, not 'xml'" },
		{ { "run" },                            "which experiment?" },
		{ { "run", "x.yaml" },                  "x.yaml: error: No such file or directory" },
		{ { "list", "modles" },                 "did you mean 'models'?" },
		{ { "explain", "bounce_alocator" },     "did you mean 'bounces_allocator'?" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct output output = run_cli(rows[i].arguments);

		if (!strstr(output.err, rows[i].told))
			fail_msg("told %s instead of %s", output.err, rows[i].told);
		assert_string_equal(output.out, "");
		expect_status(output, 2);
	}
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	for (; *text; text += strcspn(text, "\n") + (text[strcspn(text, "\n")] == '\n')) {
		size_t length = strcspn(text, "\n");

		longest = length > longest ? length : longest;
	}
	return longest;
}

static void help_fits_and_ends_with_three_examples(void **state)
{
	static const char *const names[] = { "run",	"check", "report", "plot",
					     "compare", "list",	 "explain" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct output output = run_cli((const char *const[]){ names[i], "--help", NULL });
		size_t examples = 0;

		/* the last lines that are set in by two */
		for (const char *at = output.out; *at; at += strcspn(at, "\n"), at += *at == '\n') {
			if (*at != '\n')
				examples = !strncmp(at, "  ", 2) && at[2] != ' ' && at[2] != '-'
						   ? examples + 1
						   : 0;
		}
		if (longest_line(output.out) > 80)
			fail_msg("%s --help is wider than 80 columns:\n%s", names[i], output.out);
		if (examples < 3)
			fail_msg("%s --help has too few examples:\n%s", names[i], output.out);
		expect_status(output, 0);
	}
}

static void words_are_explained_from_the_tables(void **state)
{
	static const char *const rows[][2] = {
		{ "bounces", "metric bounces (lines)" },
		{ "cpus",
		  "key cpus: simulated CPUs\n  whole number, 1..1024; required\n  a list of values is swept" },
		{ "workload.in_flight", "key workload.in_flight: " },
		{ "slub-page", "model slub-page (objects): " },
		{ "counter", "workload counter: " },
		{ "textbook", "machine textbook, from " },
		{ "mesi", "mesi: Modified, Exclusive" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct output output =
			run_cli((const char *const[]){ "explain", rows[i][0], NULL });

		if (!strstr(output.out, rows[i][1]))
			fail_msg("explain %s told:\n%s", rows[i][0], output.out);
		expect_status(output, 0);
	}
}

static int set_up(void **state)
{
	(void)state;
	enter_source_tree();
	return 0;
}

/* What `auto` became stands above the table, and which rows no machine ever ran beside them. */
static void tables_say_where_pages_come_from(void **state)
{
	struct place_of_run place = place_new(small);
	struct output one = run_into(&place, "one", "--set=second_cycles=10000");
	struct output two = run_into(&place, "two", "--set=pages=[auto, buddy]");

	(void)state;
	assert_int_equal(one.status, 0);
	assert_non_null(strstr(one.out, "\npages from pcp 2.6.22 with slub-page, pcp 2.6.24 with "
					"slub-cpu\na second of the kernel is 10 000 cycles\n"));
	assert_null(strstr(one.out, "mixed"));
	assert_int_equal(two.status, 0);
	assert_non_null(strstr(two.out, "buddy (mixed) with slub-page"));
	assert_non_null(strstr(two.out, "slub-page  buddy  mixed  "));
	assert_non_null(strstr(two.out, "slub-page  pcp           "));
	assert_null(strstr(two.out, "a second"));
	output_free(&one);
	output_free(&two);
	place_free(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_say_where_pages_come_from),
		cmocka_unit_test(jobs_and_shards_change_nothing),
		cmocka_unit_test(shortcuts_of_the_engine_change_nothing),
		cmocka_unit_test(only_what_is_missing_is_computed),
		cmocka_unit_test(force_computes_again),
		cmocka_unit_test(the_same_experiment_may_grow_and_shrink),
		cmocka_unit_test(another_experiment_of_that_name_is_refused),
		cmocka_unit_test(two_experiments_of_one_name_are_refused_together),
		cmocka_unit_test(results_are_not_written_through_links),
		cmocka_unit_test(what_killed_writers_left_is_swept),
		cmocka_unit_test(a_folder_that_cannot_be_written_is_told),
		cmocka_unit_test(a_full_disk_stops_the_run),
		cmocka_unit_test(settings_that_do_not_fit_each_other_stop_all),
		cmocka_unit_test(a_machine_out_of_memory_is_an_outcome),
		cmocka_unit_test(a_run_that_does_not_end_is_stopped),
		cmocka_unit_test(an_interrupt_keeps_what_is_complete),
		cmocka_unit_test(a_killed_run_leaves_nothing_running),
		cmocka_unit_test(a_crashed_point_is_told_and_the_others_are_kept),
		cmocka_unit_test(others_join_a_run_with_the_same_experiment_only),
		cmocka_unit_test(mistakes_on_the_command_line),
		cmocka_unit_test(help_fits_and_ends_with_three_examples),
		cmocka_unit_test(words_are_explained_from_the_tables),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
