/*
 * The events of what somebody names: an experiment, a results folder, a file of events. For all verbs
 * that show or write them; see step.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/options.h"
#include "cli/replay.h"
#include "cli/run.h"
#include "cli/select.h"
#include "cli/step.h"
#include "cli/table.h"
#include "experiment/plugin.h"
#include "experiment/run_point.h"
#include "sim/verbs/xalloc.h"
#include "steps/found.h"

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

char *step_label(const struct experiment *experiment, const struct planned *planned)
{
	struct points points = { .swept = experiment->swept, .swepts = experiment->swepts };
	struct point *point = point_new();

	point_describe(point, planned);

	char *label = select_label(&points, point);

	point_free(point);
	return label;
}

/* ---- events ---------------------------------------------------------------------------------- */

static struct events *of_experiment(const struct step_wish *wish, const char *path)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment =
		experiment_load(path, wish->sets, wish->set_count, diagnostics);
	const struct planned *planned = NULL;
	struct events *events = NULL;
	char why[1024] = "";

	if (experiment)
		run_refuse_plant(experiment, diagnostics);
	if (experiment && !diagnostics_count(diagnostics))
		planned = step_point(experiment, wish->point, why, sizeof why);
	diagnostics_print(diagnostics, stderr, table_colour(stderr, wish->colour));
	if (planned) {
		if (experiment->points > 1 && !wish->point) {
			char *label = step_label(experiment, planned);

			complain("%s: this is %s; --point shows another one", wish->verb, label);
			free(label);
		}
		events = events_of_point(planned, wish->most, why, sizeof why);
	}
	if (!events && *why)
		complain("%s: %s: %s", wish->verb, wish->file, why);
	if (experiment)
		experiment_free(experiment);
	diagnostics_free(diagnostics);
	return events;
}

/* The experiment that a results folder was made of; false: it is none. */
static bool experiment_of_result(const char *given, char *path, size_t size)
{
	char folder[4096];
	struct stat stat_of;

	select_folder(given, folder, sizeof folder);
	return snprintf(path, size, "%s/experiment.yaml", folder) < (int)size &&
	       stat(path, &stat_of) == 0 && S_ISREG(stat_of.st_mode);
}

static struct events *of_file(const struct step_wish *wish)
{
	char why[1024];
	struct events *events;

	if (wish->point || wish->set_count) {
		complain("%s: %s is of one run, so --set and --point choose nothing", wish->verb,
			 wish->file);
		return NULL;
	}
	if (wish->most || plugin_name(0)) {
		complain("%s: %s has its events already, so %s chooses nothing", wish->verb,
			 wish->file, wish->most ? "--events" : "--model");
		return NULL;
	}
	events = events_open(wish->file, why, sizeof why);
	if (!events)
		complain("%s: %s", wish->verb, why);
	return events;
}

static struct events *of_finding(const struct step_wish *wish)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct events *events = NULL;
	struct replayed replayed;
	struct explore_options options;
	char why[1024];

	if (replay_open(wish->replay, &replayed, diagnostics)) {
		const struct combination *combination = replayed.experiment->combination[0];

		options = replay_options(combination, combination->settings.seed);
		events = events_of_schedule(&options, replayed.schedule, wish->replay, why,
					    sizeof why);
		if (!events)
			complain("%s: %s: %s", wish->verb, wish->replay, why);
		replay_close(&replayed);
	}
	diagnostics_print(diagnostics, stderr, table_colour(stderr, wish->colour));
	diagnostics_free(diagnostics);
	return events;
}

struct events *step_events(const struct step_wish *wish)
{
	char path[4200];
	struct stat stat_of;

	if (wish->replay)
		return of_finding(wish);
	if (events_are_in(wish->file))
		return of_file(wish);
	if ((stat(wish->file, &stat_of) != 0 || S_ISDIR(stat_of.st_mode)) &&
	    experiment_of_result(wish->file, path, sizeof path))
		return of_experiment(wish, path);
	return of_experiment(wish, wish->file);
}
