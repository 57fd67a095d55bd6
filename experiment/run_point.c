/*
 * A point from set-up to harvest.
 */
#include "experiment/run_point.h"
#include "experiment/schema.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/keys.h"
#include "experiment/partners.h"
#include "sim/verbs/xalloc.h"

/* Everything that belongs to one run. */
struct run {
	const struct combination *combination;
	struct sim *sim;
	struct stand_plan plan;
	struct stand stand;
	char why[512];                  /* of a set-up that cannot be */
};

enum { NODE_MIB_MIN = (PAGE_BYTES << (MAX_ORDER - 1)) >> 20, BESIDES_MIB_MIN = 8 };

void combination_place(const struct combination *combination, struct sim_options *options)
{
	options->machine = &combination->machine;
	options->placement = combination->core ? PLACEMENT_CORES
					       : (enum placement)combination->settings.placement;
	for (size_t i = 0; i < combination->cores && i < MACHINE_CORES_MAX; i++)
		options->core[i] = combination->core[i];
}

/* Pages (a node has a block of the largest order at least), their structs of at most 64 bytes, and
 * room for what set-up takes besides: much of it, a byte per page of all nodes too, lies on one. */
uint64_t combination_bytes(const struct combination *combination, uint64_t nodes)
{
	uint64_t mib = nodes * NODE_MIB_MIN, besides = 64 + combination->settings.cpus;

	if (mib < combination->settings.memory_mib)
		mib = combination->settings.memory_mib;
	if (besides < nodes * BESIDES_MIB_MIN)
		besides = nodes * BESIDES_MIB_MIN;
	return mib * ((1 << 20) + 256 * 64) + (besides << 20);
}

bool combination_preempt(const struct combination *combination)
{
	enum preempt preempt = (enum preempt)combination->settings.preempt;
	enum kernel kernel;

	if (preempt != PREEMPT_AUTO)
		return preempt == PREEMPT_TRUE;
	kernel = combination->objects ? combination->objects->kernel
				      : combination->pages->kernel(combination->pages_fitted);
	return kernel >= KERNEL_7_1;
}

static struct sim_options *options_new(const struct planned *planned)
{
	const struct combination *combination = planned->combination;
	const struct settings *settings = &combination->settings;
	struct sim_options *options = xalloc(sizeof *options);

	combination_place(combination, options);
	options->cpus = (unsigned)settings->cpus;
	options->seed = planned->seed;
	options->start_jitter_cycles = settings->jitter_cycles;
	options->preempt = combination_preempt(combination);
	options->fault = keys_protocol_fault(settings->plant);
	options->no_run_ahead = !settings->run_ahead;
	/* who is parked on a copy that should be gone would not look at it again */
	options->no_parking = !settings->parking || options->fault;
	options->warmup = combination->warmup;
	options->operations = combination->operations;
	options->max_cycles = settings->max_cycles;
	options->model =
		combination->objects ? combination->objects->name : combination->pages->name;
	options->arena_bytes = combination_bytes(combination, combination->machine.numa_nodes);
	return options;
}

void combination_plan(const struct combination *combination, struct stand_plan *plan)
{
	const struct settings *settings = &combination->settings;
	static const unsigned stride[] = {
		[STRUCT_PAGE_AUTO] = 0, [STRUCT_PAGE_PACKED] = 56, [STRUCT_PAGE_ALIGNED] = 64
	};

	*plan = (struct stand_plan){
		.objects = combination->objects,
		.pages = combination->pages,
		.workload = combination->workload,
		.objects_settings = combination->objects_settings,
		.pages_settings = combination->pages_fitted,
		.workload_settings = combination->workload_settings,
		.memory_mib = settings->memory_mib,
		.page_stride = stride[settings->struct_page],
		.warmup = combination->warmup,
		.operations = combination->operations,
		.second_cycles = settings->second_cycles,
		.interrupts = &settings->interrupts,
		.jitter_cycles = settings->jitter_cycles,
	};
}

static void set_up(void *argument)
{
	struct run *run = argument;

	stand_set_up(&run->stand, run->sim, &run->plan, run->why, sizeof run->why);
}

/* The simulated machine with everything in it, not yet run. A machine that is too small for the
 * set-up has that outcome; false: the settings do not fit each other. */
static bool begin(struct run *run, const struct planned *planned, uint64_t memory_mib_max)
{
	struct sim_options *options = options_new(planned);

	run->combination = planned->combination;
	combination_plan(run->combination, &run->plan);
	if (memory_mib_max && run->plan.memory_mib > memory_mib_max)
		run->plan.memory_mib = memory_mib_max;
	run->sim = sim_new(options, run->why, sizeof run->why);
	free(options);
	if (!run->sim)
		return false;

	bool whole = sim_protect(run->sim, set_up, run);

	return !whole || run->stand.created;
}

static void end(struct run *run)
{
	stand_free(&run->stand);
	if (run->sim)
		sim_free(run->sim);
}

static void check(struct run *run, struct result *result)
{
	char why[200] = "";

	if (stand_finish(&run->stand, result->outcome == OUTCOME_DONE, why, sizeof why))
		return;
	result->outcome = OUTCOME_BUG;
	snprintf(result->message, sizeof result->message, "at the end: %s", why);
}

static void note_orders(struct run *run, struct result *result)
{
	const struct page_allocator *pages = run->combination->pages;
	uint64_t blocks[MAX_ORDER];

	if (!pages->free_blocks)
		return;
	pages->free_blocks(run->stand.pages.state, blocks);
	result->order = xalloc(MAX_ORDER * sizeof *result->order);
	result->orders = MAX_ORDER;
	for (unsigned order = 0; order < MAX_ORDER; order++)
		result->order[order].blocks = blocks[order];
}

static void remark(void *to, const char *text)
{
	point_add_remark(to, text);
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = xstrdup(by);
}

struct fitted {
	const char *path;
	char text[SETTING_TEXT_BYTES];
};

static void find_fitted(void *to, const struct setting *setting, const char *path,
			const char *text)
{
	struct fitted *fitted = to;

	(void)setting;
	if (!strcmp(path, fitted->path))
		snprintf(fitted->text, sizeof fitted->text, "%s", text);
}

/* What a key that says `auto` became. */
static const char *value_of(const struct combination *combination, const struct point_key *key,
			    struct fitted *fitted)
{
	const struct page_allocator *pages = combination->pages;

	if (strcmp(key->value, "auto"))
		return key->value;
	if (!strcmp(key->key, "pages"))
		return pages->name;
	if (!strcmp(key->key, "preempt"))
		return combination_preempt(combination) ? "true" : "false";
	*fitted = (struct fitted){ .path = key->key };
	if (pages->settings)
		schema_list(pages->settings, combination->pages_fitted, pages->name, find_fitted,
			    fitted);
	return fitted->text[0] ? fitted->text : key->value;
}

void point_describe(struct point *point, const struct planned *planned)
{
	const struct combination *combination = planned->combination;
	char partners[400];
	struct fitted fitted;

	memcpy(point->name, planned->name, sizeof point->name);
	replace(&point->objects, combination->objects ? combination->objects->name : "");
	replace(&point->pages, combination->pages->name);
	replace(&point->workload, combination->workload->name);
	replace(&point->machine, combination->machine_name);
	/* one that was loaded is of no kernel */
	point->mixed = combination->objects && !combination->objects->content &&
		       combination->objects->kernel !=
			       combination->pages->kernel(combination->pages_fitted);
	point->cpus = combination->settings.cpus;
	point->seed = planned->seed;
	for (size_t i = 0; i < combination->keys; i++) {
		if (effective_is_of_point(combination->key[i].key))
			point_add_key(point, combination->key[i].key,
				      value_of(combination, &combination->key[i], &fitted),
				      combination->key[i].swept);
	}
	/* a host's CPUs are not as far apart as the machine's */
	if (!point->native && *partners_distance(combination, partners, sizeof partners))
		point_add_key(point, PARTNERS_KEY, partners, false);
}

struct point *run_point(const struct planned *planned, char *why, size_t size)
{
	return run_point_watched(planned, NULL, NULL, why, size);
}

struct point *run_point_watched(const struct planned *planned,
				void (*watch)(void *to, struct sim *sim), void *to, char *why,
				size_t size)
{
	struct run run = { 0 };
	const struct objects *objects = &run.stand.objects;
	struct point *point = NULL;

	if (begin(&run, planned, 0)) {
		const struct workload *workload = planned->combination->workload;
		bool created = run.stand.created;

		point = point_new();
		point_describe(point, planned);
		if (watch)
			watch(to, run.sim);
		sim_run(run.sim);
		point->result = sim_result(run.sim);
		if (created && workload->remarks)
			workload->remarks(run.stand.workload, remark, point);
		check(&run, point->result);
		if (objects->state && objects->model->metadata_bytes)
			point->metadata_bytes = objects->model->metadata_bytes(objects->state);
		if (created && point->result->outcome == OUTCOME_DONE)
			note_orders(&run, point->result);
		if (point->result->outcome == OUTCOME_DONE)
			point->objects_lost = traffic_lost(&run.stand.traffic);
	} else {
		snprintf(why, size, "%s", run.why);
	}
	end(&run);
	return point;
}

/* ---- rehearsal ------------------------------------------------------------------------------ */

enum { REHEARSED_MAX = 500, REHEARSAL_MIB = 16 };

static bool rehearse(const struct combination *combination, char *why, size_t size)
{
	const struct planned planned = { .combination = combination,
					 .seed = combination->settings.seed };
	struct run run = { 0 };
	bool good = begin(&run, &planned, REHEARSAL_MIB);
	char unused[200];

	stand_finish(&run.stand, false, unused, sizeof unused);
	if (!good)
		snprintf(why, size, "%s", run.why);
	end(&run);
	return good;
}

bool run_rehearse(struct experiment *experiment, struct diagnostics *diagnostics)
{
	struct diagnostics *left = diagnostics_new();
	bool *out = xalloc(experiment->combinations * sizeof *out);
	size_t good = 0;
	char why[512];

	for (size_t i = 0; i < experiment->combinations; i++) {
		const struct combination *combination = experiment->combination[i];

		out[i] = i < REHEARSED_MAX && !rehearse(combination, why, sizeof why);
		good += !out[i];
		if (out[i])
			mistake(left, experiment_blame(experiment, combination, why), "%s", why);
	}
	if (good) {
		diagnostics_excuse(diagnostics, left, LEFT_OUT);
		experiment_leave_out(experiment, out);
	} else {
		diagnostics_join(diagnostics, left);
	}
	free(out);
	return good > 0;
}
