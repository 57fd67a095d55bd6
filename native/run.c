/* A run of the native backend: what is set up, how often, and what comes of it. See native.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/machine.h"
#include "sim/verbs/xalloc.h"

enum { UNITS_PER_CYCLE = 64, TRIES = 12 };

enum pass { PASS_MAPS, PASS_WINDOW, PASS_STAMPS, PASSES };

struct job {
	struct sim *sim;
	struct stand_plan plan;
	struct stand stand;
	char *why;
	size_t size;
};

static void set_up(void *argument)
{
	struct job *job = argument;

	stand_set_up(&job->stand, job->sim, &job->plan, job->why, job->size);
}

/* ---- what comes of it ----------------------------------------------------------------------- */

static uint64_t units_of(const struct sim *sim, uint64_t ticks)
{
	return (uint64_t)((double)ticks / sim->ticks_per_cycle * UNITS_PER_CYCLE + 0.5);
}

/* Of windows in which a thread lost its processor the shortest. */
static void take_window(const struct sim *sim, struct result *result)
{
	uint64_t units = units_of(sim, sim->closed_at - sim->opened_at);

	if (sim->switches && result->elapsed_units && result->elapsed_units < units)
		return;
	result->operations = sim->told_after - sim->told_before;
	result->elapsed_units = units;
}

static void take_op(const struct sim *sim, enum op op, struct op_stats *stats)
{
	struct histogram *all = xalloc(sizeof *all);
	uint64_t total = 0, most = 0;

	for (unsigned i = 0; i < sim->head.cpus; i++) {
		const struct timed_op *one = &sim->cpu[i].op[op];

		stats->count += one->count;
		total += one->total;
		most = one->most > most ? one->most : most;
		for (unsigned bin = 0; bin < HISTOGRAM_BINS; bin++)
			all->bin[bin] += one->histogram.bin[bin];
	}
	stats->total_units = units_of(sim, total);
	stats->max_units = units_of(sim, most);
	stats->p50_units = units_of(sim, histogram_percentile(all, stats->count, 50));
	stats->p99_units = units_of(sim, histogram_percentile(all, stats->count, 99));
	free(all);
}

static void take_stamps(const struct sim *sim, struct native_report *report)
{
	report->taken_out = 0;
	for (enum op op = OP_ALLOC; op < OPS; op++) {
		report->result->op[op] = (struct op_stats){ 0 };
		take_op(sim, op, &report->result->op[op]);
	}
	for (unsigned i = 0; i < sim->head.cpus; i++)
		report->taken_out += sim->cpu[i].taken_out;
}

static void take_books(const struct job *job, struct native_report *report)
{
	const struct objects *objects = &job->stand.objects;

	report->verbs = 0;

	if (objects->state && objects->model->metadata_bytes)
		report->metadata_bytes = objects->model->metadata_bytes(objects->state);
	if (report->result->outcome == OUTCOME_DONE)
		report->objects_lost = traffic_lost(&job->stand.traffic);
	for (unsigned i = 0; i < job->sim->head.cpus; i++) {
		report->verbs += job->sim->cpu[i].verbs;
		report->host[i] = job->sim->host[i];
	}
}

static void take(struct job *job, enum pass pass, struct native_report *report)
{
	const struct sim *sim = job->sim;
	struct result *result = report->result;
	char why[200] = "";

	result->outcome = sim->outcome;
	memcpy(result->message, sim->message, sizeof result->message);
	if (!sim->abandoned &&
	    !stand_finish(&job->stand, sim->outcome == OUTCOME_DONE, why, sizeof why)) {
		result->outcome = OUTCOME_BUG;
		snprintf(result->message, sizeof result->message, "at the end: %s", why);
	}
	if (pass == PASS_WINDOW)
		take_window(sim, result);
	if (pass == PASS_STAMPS && !sim->abandoned)
		take_stamps(sim, report);
	if (pass == PASS_WINDOW && !sim->abandoned)
		take_books(job, report);
}

/* ---- running -------------------------------------------------------------------------------- */

/* False: `why` says why it cannot be run at all. `calm`: no thread lost its processor. */
static bool run_once(const struct native_options *options, struct job *job, char *memory,
		     enum pass pass, struct native_report *report, bool *calm)
{
	bool whole, good;

	job->stand = (struct stand){ 0 };
	job->sim = machine_new(options, memory, pass == PASS_STAMPS, report->cycles_per_tick);
	whole = machine_protect(job->sim, set_up, job);
	if (whole && job->stand.created)
		machine_run(job->sim);
	good = !job->sim->refused && (!whole || job->stand.created);
	if (good)
		take(job, pass, report);
	else if (job->sim->refused)
		snprintf(job->why, job->size, "%s", job->sim->message);
	*calm = !job->sim->switches;
	if (!job->sim->abandoned)
		stand_free(&job->stand);
	machine_free(job->sim);
	return good;
}

/*
 * What is timed is run until it was not disturbed, but not for ever. Memory is cleared between runs,
 * so that each finds it as the first one did.
 */
static bool run_pass(const struct native_options *options, struct job *job, char *memory,
		     uint64_t bytes, enum pass pass, struct native_report *report)
{
	bool timed = pass != PASS_MAPS && !options->watched, calm = false, good = true;

	for (unsigned try = 0; try < (timed ? TRIES : 1) && good && !calm; try++) {
		if (timed)
			host_clear(memory, bytes);
		good = run_once(options, job, memory, pass, report, &calm);
		if (good && report->result->outcome != OUTCOME_DONE)
			break;
	}
	if (timed && !calm)
		report->disturbed = true;
	return good;
}

static bool fits(const struct native_options *options, char *why, size_t size)
{
	unsigned host[NATIVE_CPUS_MAX], count = host_cpus(host, NATIVE_CPUS_MAX);
	const char *lacks = native_lacks();

	if (lacks)
		snprintf(why, size, "this processor lacks %s, which the native backend needs",
			 lacks);
	else if (options->cpus > count)
		snprintf(why, size, "%u CPUs; this host has %u for bounce", options->cpus, count);
	else if (options->plan.interrupts->every)
		snprintf(why, size,
			 "'interrupts': a program gets none; the native backend runs without");
	else
		return true;
	return false;
}

/* This backend's own copies. */
static bool find_models(struct job *job, const struct stand_plan *plan)
{
	job->plan = *plan;
	job->plan.objects = plan->objects ? object_allocator_find(plan->objects->name) : NULL;
	job->plan.pages = page_allocator_find(plan->pages->name);
	job->plan.workload = workload_find(plan->workload->name);
	return job->plan.pages && job->plan.workload && !plan->objects == !job->plan.objects;
}

static struct result *result_new(unsigned cpus)
{
	struct result *result = xalloc(sizeof *result);

	result->cpus = cpus;
	result->cpu = xalloc(cpus * sizeof *result->cpu);
	return result;
}

bool native_run(const struct native_options *options, struct native_report *report, char *why,
		size_t size)
{
	struct job job = { .why = why, .size = size };
	enum pass pass = options->watched ? PASS_WINDOW : PASS_MAPS;
	uint64_t bytes = (options->bytes + (2 << 20)) & ~(uint64_t)((2 << 20) - 1);
	bool good;
	char *memory;

	memset(report, 0, sizeof *report);
	*why = '\0';
	if (!fits(options, why, size) || !find_models(&job, &options->plan))
		return false;
	job.plan.unwatched = !options->watched;
	report->result = result_new(options->cpus);
	report->cycles_per_tick = host_cycles_per_tick();
	memory = host_memory(bytes);
	do {
		good = run_pass(options, &job, memory, bytes, pass, report);
	} while (good && report->result->outcome == OUTCOME_DONE && !options->watched &&
		 ++pass < PASSES);
	if (report->result->outcome == OUTCOME_DONE)
		xunmap(memory, bytes);
	if (!good) {
		result_free(report->result);
		report->result = NULL;
	}
	return good;
}
