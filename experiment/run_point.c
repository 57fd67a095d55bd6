/*
 * A point from set-up to harvest.
 */
#include "experiment/run_point.h"
#include "experiment/schema.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/partners.h"
#include "sim/verbs/xalloc.h"

/* Everything that belongs to one run. */
struct run {
	const struct combination *combination;
	struct sim *sim;
	struct pages pages;
	struct objects objects;
	struct traffic traffic;
	void *workload;
	struct devices *devices;
	uint64_t memory_mib_max;        /* of the simulated machine; 0: as much as it says */
	bool created;
	char why[512];                  /* of a set-up that cannot be */
};

enum { NODE_MIB_MIN = (PAGE_BYTES << (MAX_ORDER - 1)) >> 20 };

void combination_place(const struct combination *combination, struct sim_options *options)
{
	options->machine = &combination->machine;
	options->placement = combination->core ? PLACEMENT_CORES
					       : (enum placement)combination->settings.placement;
	for (size_t i = 0; i < combination->cores && i < MACHINE_CORES_MAX; i++)
		options->core[i] = combination->core[i];
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
	uint64_t mib = combination->machine.numa_nodes * NODE_MIB_MIN;

	combination_place(combination, options);
	options->cpus = (unsigned)settings->cpus;
	options->seed = planned->seed;
	options->start_jitter_cycles = settings->jitter_cycles;
	options->preempt = combination_preempt(combination);
	options->no_run_ahead = !settings->run_ahead;
	options->no_parking = !settings->parking;
	options->warmup = combination->warmup;
	options->operations = combination->operations;
	options->max_cycles = settings->max_cycles;
	options->model =
		combination->objects ? combination->objects->name : combination->pages->name;
	/* pages (a node has a block of the largest order at least), their structs of at most 64
	 * bytes, and room for what set-up takes besides */
	if (mib < settings->memory_mib)
		mib = settings->memory_mib;
	options->arena_bytes = mib * ((1 << 20) + 256 * 64) +
			       ((uint64_t)64 << 20) + settings->cpus * ((uint64_t)1 << 20);
	return options;
}

static void second(struct cpu *cpu, void *argument)
{
	const struct run *run = argument;

	if (run->pages.model->tick)
		run->pages.model->tick(cpu, run->pages.state);
	if (run->objects.model && run->objects.model->tick)
		run->objects.model->tick(cpu, run->objects.state);
}

/*
 * Once a second each CPU does what the allocators want done then, in a timer's handler. A
 * thousandth of a second apart, for the kernel too spreads them. Not beside workloads that measure
 * the machine alone.
 */
static void start_seconds(struct run *run)
{
	uint64_t cycles = run->combination->settings.second_cycles;
	unsigned cpus = sim_cpus(run->sim);

	bool wanted = run->pages.model->tick || (run->objects.model && run->objects.model->tick);

	if (!wanted || !run->combination->workload->needs_objects)
		return;
	for (unsigned id = 0; id < cpus; id++)
		background_add(run->sim, id, cycles + id * (cycles / 1000), cycles, second, run);
}

/* The workload, and the devices beside it. */
static void create_traffic(struct run *run)
{
	const struct combination *combination = run->combination;
	const struct settings *settings = &combination->settings;
	char unused[200];

	if (!combination->workload->create(&run->traffic, combination->workload_settings,
					   &run->workload, run->why, sizeof run->why))
		return;
	run->devices = devices_new(&run->traffic, &settings->interrupts,
				   settings->jitter_cycles + 1, run->why, sizeof run->why);
	run->created = !*run->why;
	if (!run->created)
		combination->workload->finish(&run->traffic, run->workload, unused, sizeof unused);
}

static void set_up(void *argument)
{
	struct run *run = argument;
	const struct combination *combination = run->combination;
	const struct settings *settings = &combination->settings;
	const struct page_view *view = page_view_of(combination->objects, combination->pages,
						    combination->pages_fitted);
	static const unsigned stride[] = {
		[STRUCT_PAGE_AUTO] = 0, [STRUCT_PAGE_PACKED] = 56, [STRUCT_PAGE_ALIGNED] = 64
	};

	uint64_t mib = settings->memory_mib;

	if (run->memory_mib_max && mib > run->memory_mib_max)
		mib = run->memory_mib_max;
	run->pages.model = combination->pages;
	run->pages.memory =
		memory_new(run->sim, view, stride[settings->struct_page], mib);
	run->pages.state = combination->pages->create(run->sim, run->pages.memory,
						      combination->pages_fitted);
	if (combination->objects) {
		run->objects.model = object_allocator_variant(combination->objects,
							      combination->objects_settings);
		run->objects.pages = &run->pages;
		run->objects.state = run->objects.model->create(run->sim, &run->pages,
								combination->objects_settings);
	}
	run->traffic = (struct traffic){
		.sim = run->sim,
		.objects = combination->objects ? &run->objects : NULL,
		.pages = &run->pages,
		.warmup = combination->warmup,
		.operations = combination->operations,
		.ledger = ledger_new(),
	};
	create_traffic(run);
	start_seconds(run);
}

/* The simulated machine with everything in it, not yet run. A machine that is too small for the
 * set-up has that outcome; false: the settings do not fit each other. */
static bool begin(struct run *run, const struct planned *planned)
{
	struct sim_options *options = options_new(planned);

	run->combination = planned->combination;
	run->sim = sim_new(options, run->why, sizeof run->why);
	free(options);
	if (!run->sim)
		return false;

	bool whole = sim_protect(run->sim, set_up, run);

	return !whole || run->created;
}

static void end(struct run *run)
{
	devices_free(run->devices);
	if (run->traffic.ledger)
		ledger_free(run->traffic.ledger);
	if (run->sim)
		sim_free(run->sim);
}

static bool books_balance(struct run *run, char *why, size_t size)
{
	const struct combination *combination = run->combination;

	if (run->objects.model && run->objects.model->check &&
	    !run->objects.model->check(run->objects.state, why, size))
		return false;
	return !combination->pages->check || combination->pages->check(run->pages.state, why, size);
}

static void check(struct run *run, struct result *result)
{
	const struct workload *workload = run->combination->workload;
	char why[200] = "";
	bool good = true;

	/* finish also frees what the workload holds */
	if (run->created)
		good = workload->finish(&run->traffic, run->workload, why, sizeof why);
	if (result->outcome != OUTCOME_DONE)
		return;
	if (good)
		good = books_balance(run, why, sizeof why);
	if (good)
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
	pages->free_blocks(run->pages.state, blocks);
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
	point->mixed = combination->objects &&
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
	if (*partners_distance(combination, partners, sizeof partners))
		point_add_key(point, PARTNERS_KEY, partners, false);
}

struct point *run_point(const struct planned *planned, char *why, size_t size)
{
	struct run run = { 0 };
	struct point *point = NULL;

	if (begin(&run, planned)) {
		const struct workload *workload = planned->combination->workload;

		point = point_new();
		point_describe(point, planned);
		sim_run(run.sim);
		point->result = sim_result(run.sim);
		if (run.created && workload->remarks)
			workload->remarks(run.workload, remark, point);
		check(&run, point->result);
		if (run.objects.state && run.objects.model->metadata_bytes)
			point->metadata_bytes =
				run.objects.model->metadata_bytes(run.objects.state);
		if (run.created)
			note_orders(&run, point->result);
		if (point->result->outcome == OUTCOME_DONE)
			point->objects_lost = traffic_lost(&run.traffic);
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
	struct run run = { .memory_mib_max = REHEARSAL_MIB };
	bool good = begin(&run, &planned);
	char unused[200];

	if (run.created)
		combination->workload->finish(&run.traffic, run.workload, unused, sizeof unused);
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
