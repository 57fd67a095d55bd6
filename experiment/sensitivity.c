/*
 * Conclusions, and what becomes of them. See sensitivity.h.
 *
 * The changed experiment has the combinations of the experiment itself, in the same order, so the
 * i-th point of the one stands where the i-th point of the other does, whatever a changed machine
 * is called there.
 */
#include "experiment/sensitivity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/measures.h"
#include "experiment/run_point.h"
#include "sim/verbs/xalloc.h"

const char *const verdict_names[VERDICTS] = { "holds", "appears", "weaker", "reversed", "missing" };
const char *const measured_names[MEASURES] = { "cycles", "bounces" };

/* ---- verdicts ---------------------------------------------------------------------------- */

enum order order_of(const struct interval *change, const struct interval *back)
{
	/* two states decide nothing */
	if (interval_two_states(change) || interval_two_states(back))
		return ORDER_EQUAL;
	/* a share of nothing is not known: then the second is the unit */
	if (isnan(change->mean) && !isnan(back->mean))
		return -order_of(back, change);
	if (statistics_near(1, 1 + change->mean))
		return ORDER_EQUAL;
	if (change->low > 0)
		return ORDER_LESS;
	return change->high < 0 ? ORDER_MORE : ORDER_EQUAL;
}

enum verdict verdict_of(enum order before, enum order after)
{
	if (before == after)
		return VERDICT_HOLDS;
	if (before == ORDER_EQUAL)
		return VERDICT_APPEARS;
	return after == ORDER_EQUAL ? VERDICT_WEAKER : VERDICT_REVERSED;
}

enum verdict trial_verdict(const struct sensitivity *sensitivity, const struct trial *trial,
			   size_t group)
{
	enum verdict gravest = trial->verdict ? VERDICT_HOLDS : VERDICT_MISSING;

	for (size_t i = 0; trial->verdict && i < sensitivity->conclusions; i++) {
		if ((group == SIZE_MAX || sensitivity->conclusion[i].group == group) &&
		    trial->verdict[i] > gravest)
			gravest = trial->verdict[i];
	}
	return gravest;
}

/* ---- figures ----------------------------------------------------------------------------- */

/* As the figures have it: an allocation and its free together, or a turn where nobody does these. */
static double cycles(const struct point *point, const void *argument)
{
	double pair = measure_pair_cycles(point);

	(void)argument;
	return isnan(pair) ? measure_turn_cycles(point) : pair;
}

static double bounces(const struct point *point, const void *argument)
{
	const struct result *result = point->result;
	uint64_t count = 0;

	(void)argument;
	for (int class = 0; class < LINE_CLASSES; class++)
		count += result->total.bounces[class];
	return result->operations ? (double)count / (double)result->operations : NAN;
}

static measure *const measures[MEASURES] = { cycles, bounces };

static enum order cells_order(const struct cell *first, const struct cell *second,
			      enum measured by, double *mean)
{
	struct interval change = cell_change(first, second, measures[by], NULL),
			back = cell_change(second, first, measures[by], NULL);

	*mean = change.mean;
	return order_of(&change, &back);
}

/* ---- trials ------------------------------------------------------------------------------ */

static bool has_key(const struct sensitivity *sensitivity, const char *key)
{
	for (size_t i = 0; i < sensitivity->trials; i++) {
		if (!strcmp(sensitivity->trial[i].change.key, key))
			return true;
	}
	return false;
}

static void add_trials(struct sensitivity *sensitivity, const char *key)
{
	static const double factors[] = { 0.5, 2 };

	for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
		sensitivity->trial =
			xrealloc(sensitivity->trial,
				 (sensitivity->trials + 1) * sizeof *sensitivity->trial);
		sensitivity->trial[sensitivity->trials++] =
			(struct trial){ .change = { key, factors[i] }, .moved = { NAN, NAN } };
	}
}

static bool work_varies(const struct experiment *experiment)
{
	for (size_t i = 0; i < experiment->combinations; i++) {
		const struct combination *combination = experiment->combination[i];

		if (weak_work(combination->workload->settings, combination->workload_settings))
			return true;
	}
	return false;
}

struct sensitivity *sensitivity_new(const struct experiment *experiment)
{
	struct sensitivity *sensitivity = xalloc(sizeof *sensitivity);

	*sensitivity = (struct sensitivity){ .experiment = experiment };
	for (size_t i = 0; i < experiment->combinations; i++) {
		const struct keylist *weak = &experiment->combination[i]->machine.weak;

		for (unsigned k = 0; k < weak->count; k++) {
			if (!has_key(sensitivity, weak->key[k]))
				add_trials(sensitivity, weak->key[k]);
		}
	}
	if (work_varies(experiment))
		add_trials(sensitivity, WEAK_WORK);
	/* what one source got wrong may be wrong in all that was derived from it */
	if (sensitivity->trials > 2)
		add_trials(sensitivity, NULL);
	return sensitivity;
}

void sensitivity_free(struct sensitivity *sensitivity)
{
	for (size_t i = 0; i < sensitivity->trials; i++) {
		free(sensitivity->trial[i].verdict);
		free(sensitivity->trial[i].now);
		free(sensitivity->trial[i].came);
	}
	if (sensitivity->groups)
		groups_free(sensitivity->groups);
	free(sensitivity->trial);
	free(sensitivity->conclusion);
	free(sensitivity->claim);
	free(sensitivity);
}

const char *trial_name(const struct trial *trial, char *buf, size_t size)
{
	snprintf(buf, size, "%s x %g", trial->change.key ? trial->change.key : "all together",
		 trial->change.factor);
	return buf;
}

/* Copies are compared with their padding. */
static bool machine_possible(const struct machine *before, struct trial *trial)
{
	struct machine machine;
	bool possible;

	memcpy(&machine, before, sizeof machine);
	possible = weak_apply(&machine, &trial->change, trial->why, sizeof trial->why);
	trial->same = trial->same && !memcmp(&machine, before, sizeof machine);
	return possible;
}

static bool work_possible(const struct workload *workload, const void *before, struct trial *trial)
{
	size_t size = workload->settings_size;
	void *settings = xalloc(size + 1);
	bool possible;

	memcpy(settings, before, size);
	possible = weak_apply_work(workload->settings, settings, &trial->change, trial->why,
				   sizeof trial->why);
	trial->same = trial->same && !memcmp(settings, before, size);
	free(settings);
	return possible;
}

bool sensitivity_possible(const struct sensitivity *sensitivity, struct trial *trial)
{
	const struct experiment *experiment = sensitivity->experiment;

	trial->same = true;
	for (size_t i = 0; i < experiment->combinations; i++) {
		const struct combination *combination = experiment->combination[i];

		if (!machine_possible(&combination->machine, trial) ||
		    !work_possible(combination->workload, combination->workload_settings, trial))
			return false;
	}
	return true;
}

/* ---- conclusions ------------------------------------------------------------------------- */

size_t sensitivity_alternatives(const struct experiment *experiment)
{
	struct points points = { .swept = experiment->swept, .swepts = experiment->swepts };
	struct groups *groups = groups_new();
	size_t count;

	points.point = xalloc((experiment->combinations + 1) * sizeof *points.point);
	for (size_t i = 0; i < experiment->combinations; i++) {
		struct planned planned = { .combination = experiment->combination[i] };
		struct point *point = points.point[points.count++] = point_new();

		point_describe(point, &planned);
		point->result = xalloc(sizeof *point->result);
		*point->result = (struct result){ .outcome = OUTCOME_DONE };
	}
	for (size_t i = 0; i < points.count; i++)
		groups_add_like(groups, &points, NULL, points.point[i], points.point[i]);
	count = groups->serieses;
	groups_free(groups);
	for (size_t i = 0; i < points.count; i++)
		point_free(points.point[i]);
	free(points.point);
	return count;
}

static void add_conclusion(struct sensitivity *sensitivity, struct conclusion conclusion)
{
	const struct groups *groups = sensitivity->groups;
	const struct cell *first = groups_cell(groups, conclusion.first, conclusion.group),
			  *second = groups_cell(groups, conclusion.second, conclusion.group);

	if (!first || !second)
		return;
	conclusion.order = cells_order(first, second, conclusion.by, &conclusion.change);
	sensitivity->conclusion =
		xrealloc(sensitivity->conclusion,
			 (sensitivity->conclusions + 1) * sizeof *sensitivity->conclusion);
	sensitivity->conclusion[sensitivity->conclusions++] = conclusion;
}

static void note_claim(void *to, const struct expectation *expectation,
		       const struct expected *expected)
{
	struct sensitivity *sensitivity = to;

	sensitivity->claim = xrealloc(sensitivity->claim,
				      (sensitivity->claims + 1) * sizeof *sensitivity->claim);
	sensitivity->claim[sensitivity->claims++] = (struct claim){ expectation, *expected };
}

void sensitivity_conclude(struct sensitivity *sensitivity, const struct points *points)
{
	expect_evaluate(sensitivity->experiment, points, note_claim, sensitivity);
	sensitivity->points = points;
	sensitivity->groups = groups_of(points, NULL);

	size_t groups = sensitivity->groups->groups, series = sensitivity->groups->serieses;

	for (size_t group = 0; group < groups; group++)
		for (enum measured by = 0; by < MEASURES; by++)
			for (size_t first = 0; first < series; first++)
				for (size_t second = first + 1; second < series; second++)
					add_conclusion(sensitivity,
						       (struct conclusion){ group, first, second,
									    by, 0, NAN });
}

/* ---- judging ----------------------------------------------------------------------------- */

static const struct point *point_named(const struct points *points, const char *name)
{
	for (size_t i = 0; i < points->count; i++) {
		if (!strcmp(points->point[i]->name, name))
			return points->point[i];
	}
	return NULL;
}

/* The points on the changed machine, each where its fellow on the machine itself is. */
static struct groups *arrange(const struct sensitivity *sensitivity,
			      const struct experiment *changed, const struct points *points)
{
	const struct experiment *experiment = sensitivity->experiment;
	struct groups *groups = groups_new();

	for (size_t i = 0; i < experiment->points; i++) {
		const struct point *like = point_named(sensitivity->points,
						       experiment->point[i].name),
				   *point = point_named(points, changed->point[i].name);

		if (like && point)
			groups_add_like(groups, sensitivity->points, NULL, like, point);
	}
	return groups;
}

struct judging {
	const struct sensitivity *sensitivity;
	struct expected *came;
};

/* A point that stands for its fellow has its settings. */
static void judge_claim(void *to, const struct expectation *expectation,
			const struct expected *expected)
{
	struct judging *judging = to;

	for (size_t i = 0; i < judging->sensitivity->claims; i++) {
		const struct claim *claim = &judging->sensitivity->claim[i];

		if (claim->expectation == expectation &&
		    claim->came.point->key == expected->point->key) {
			judging->came[i] = *expected;
			judging->came[i].point = claim->came.point;
			judging->came[i].other = claim->came.other;
		}
	}
}

/* The results on the changed machine, called as on the machine itself: what an expectation names
 * may be what was changed. */
static void judge_claims(const struct sensitivity *sensitivity, struct trial *trial,
			 const struct experiment *changed, const struct points *points)
{
	const struct experiment *experiment = sensitivity->experiment;
	struct point *stands = xalloc((experiment->points + 1) * sizeof *stands);
	struct points as = { .swept = sensitivity->points->swept,
			     .swepts = sensitivity->points->swepts };
	struct judging judging = { sensitivity, xalloc((sensitivity->claims + 1) *
						       sizeof *judging.came) };

	as.point = xalloc((experiment->points + 1) * sizeof *as.point);
	for (size_t i = 0; i < experiment->points; i++) {
		const struct point *like = point_named(sensitivity->points,
						       experiment->point[i].name),
				   *point = point_named(points, changed->point[i].name);

		if (!like || !point)
			continue;
		stands[as.count] = *like;
		stands[as.count].result = point->result;
		stands[as.count].metadata_bytes = point->metadata_bytes;
		stands[as.count].objects_lost = point->objects_lost;
		as.point[as.count] = &stands[as.count];
		as.count++;
	}
	expect_evaluate(experiment, &as, judge_claim, &judging);
	trial->came = judging.came;
	free(as.point);
	free(stands);
}

/* The cell there of a cell here, if it has as many runs. */
static const struct cell *fellow(const struct sensitivity *sensitivity, const struct groups *there,
				 const struct cell *cell)
{
	const struct groups *here = sensitivity->groups;
	const struct cell *found = groups_named_cell(there, here->series[cell->series],
						     here->group[cell->group]);

	return found && found->count == cell->count ? found : NULL;
}

static void judge_conclusion(const struct sensitivity *sensitivity, struct trial *trial, size_t at,
			     const struct groups *there)
{
	const struct conclusion *conclusion = &sensitivity->conclusion[at];
	const struct groups *here = sensitivity->groups;
	const struct cell *first = fellow(sensitivity, there,
					  groups_cell(here, conclusion->first, conclusion->group)),
			  *second = fellow(sensitivity, there,
					   groups_cell(here, conclusion->second,
						       conclusion->group));

	trial->now[at] = NAN;
	trial->verdict[at] = VERDICT_MISSING;
	if (first && second)
		trial->verdict[at] =
			verdict_of(conclusion->order, cells_order(first, second, conclusion->by,
								  &trial->now[at]));
}

/* The change of a mean that is farthest from none. */
static double farthest(const struct sensitivity *sensitivity, const struct groups *there,
		       enum measured by)
{
	double moved = NAN;

	for (size_t i = 0; i < sensitivity->groups->cells; i++) {
		const struct cell *cell = &sensitivity->groups->cell[i],
				  *now = fellow(sensitivity, there, cell);
		double change = now ? cell_change(cell, now, measures[by], NULL).mean : NAN;

		if (!isnan(change) && !(fabs(change) <= fabs(moved)))
			moved = change;
	}
	return moved;
}

void sensitivity_judge(const struct sensitivity *sensitivity, struct trial *trial,
		       const struct experiment *changed, const struct points *points)
{
	struct groups *there = arrange(sensitivity, changed, points);
	size_t count = sensitivity->conclusions + 1;

	trial->verdict = xalloc(count * sizeof *trial->verdict);
	trial->now = xalloc(count * sizeof *trial->now);
	for (size_t i = 0; i < sensitivity->conclusions; i++)
		judge_conclusion(sensitivity, trial, i, there);
	for (enum measured by = 0; by < MEASURES; by++)
		trial->moved[by] = farthest(sensitivity, there, by);
	judge_claims(sensitivity, trial, changed, points);
	groups_free(there);
}
