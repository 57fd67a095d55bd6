/*
 * bounce run --backend native: the same models on this host's processors, and beside them what the
 * simulation says. Native points lie in native-HOST below the results, are measured anew each time
 * and determine no hash.
 */
#include "cli/native.h"

#include <math.h>
#include <string.h>

#include "cli/arrange.h"
#include "cli/cli.h"
#include "cli/comparison.h"
#include "cli/options.h"
#include "cli/run.h"
#include "experiment/metrics.h"
#include "experiment/native_point.h"
#include "experiment/text.h"

void native_check(const struct experiment *experiment, const struct runner_options *runner,
		  struct diagnostics *diagnostics)
{
	if (runner->shards)
		mistake(diagnostics, experiment->about,
			"--shard is for simulated points; native ones are measured one at a time, "
			"on this host");
}

/* Runs what is to be run in a folder; its points. False: `status` says how it ended. */
static bool run_folder(const struct experiment *experiment, const struct runner_options *options,
		       struct points *points, int *status)
{
	struct runner_summary summary;
	char why[1024];
	bool whole, written;
	struct runner *runner = runner_new(experiment, options, &summary);

	*status = summary.refused ? EXIT_MISTAKE : EXIT_FAILED;
	if (!runner)
		return false;
	runner_run(runner);
	written = runner_tables(runner, points, &whole, why, sizeof why);
	runner_free(runner);
	if (!written)
		complain("bounce: cannot write results: %s", why);
	*status = run_status(&summary, written,
			     points->point ? run_tell_outcomes(points) : 0);
	if (summary.interrupted)
		complain("bounce: interrupted");
	return points->point && !summary.interrupted;
}

static bool simulate(const struct experiment *experiment, const struct native_how *how,
		     struct points *points, int *status)
{
	struct runner_options options = how->runner;

	options.directory = how->directory;
	options.force = false;
	return run_folder(experiment, &options, points, status);
}

static bool run_natively(const struct experiment *experiment, const struct native_how *how,
			 const char *directory, struct points *points, int *status)
{
	struct runner_options options = how->runner;

	options.directory = directory;
	options.run = how->watched ? native_point_watched : native_point;
	options.jobs = 1;
	options.force = options.replace = true;
	return run_folder(experiment, &options, points, status);
}

/* The first side is what is so; how far the simulation is off is the change. */
static void print_both(const struct native_how *how, const struct points *native,
		       const struct points *simulated)
{
	char host[128], names[2][300];
	struct comparison comparison = { .limit = NAN,
					 .native = true,
					 .format = how->format,
					 .paper = how->paper };
	struct groups *groups;
	size_t rows;

	snprintf(names[0], sizeof names[0], "%s", native_folder(host, sizeof host));
	snprintf(names[1], sizeof names[1], "simulated on %.200s",
		 simulated->count ? simulated->point[0]->machine : "nothing");
	comparison.compared = compared_usual(true, &comparison.count);
	groups = arrange_two(native, names[0], simulated, names[1]);
	comparison_print(stdout, groups, &comparison, &rows);
	if (!rows)
		complain("bounce: no point ended well on both");
	groups_free(groups);
}

static void print_remarks(const struct native_how *how, const struct points *native)
{
	if (how->format == TABLE_CSV)
		metrics_csv(stdout, native);
	else if (how->format == TABLE_JSONL)
		metrics_jsonl(stdout, native);
	for (size_t i = 0; i < native->count && how->format == TABLE_PEOPLE; i++) {
		const struct point *point = native->point[i];
		char label[512];

		text_line(stdout, point_label(native, point, label, sizeof label));
		printf("%sseed=%llu: ", *label ? " " : "", (unsigned long long)point->seed);
		text_line(stdout, outcome_names[point->result->outcome]);
		for (size_t r = 0; r < point->remarks; r++) {
			fputs("\n  ", stdout);
			text_line(stdout, point->remark[r]);
		}
		putchar('\n');
	}
}

int native_run_experiment(const struct experiment *experiment, const struct native_how *how)
{
	struct points native = { 0 }, simulated = { 0 };
	char directory[4096], host[128];
	int status = EXIT_DONE, other = EXIT_DONE;
	bool good = true;

	snprintf(directory, sizeof directory, "%s/%s", how->directory,
		 native_folder(host, sizeof host));
	if (!how->watched)
		good = simulate(experiment, how, &simulated, &other);
	if (good)
		good = run_natively(experiment, how, directory, &native, &status);
	if (good && how->watched)
		print_remarks(how, &native);
	else if (good)
		print_both(how, &native, &simulated);
	fflush(stdout);
	points_free(&native);
	points_free(&simulated);
	return status == EXIT_DONE ? other : status;
}
