/*
 * pipeline: an object goes through several CPUs; the first allocates it, the last frees it.
 *
 *	CPU 0  alloc, write  ->  CPU 1  touch  ->  CPU 2  touch  ->  CPU 3  read, free
 *	CPU 4  alloc, write  ->  CPU 5  touch  ->  ...
 *
 * What drivers, protocol layers and the block layer do. Between two stages is a ring of `depth`
 * objects, so that at most `depth` are alive for each two stages and one in hand at each.
 *
 * Expect: the first line of an object moves from stage to stage; where the list of free objects
 * goes through the objects, once more from the last to the first: stages transfers, else one less.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/ring.h"
#include "workloads/supply.h"

struct pipeline {
	SUPPLY_MEMBERS;
	uint64_t stages, depth, touch_bytes;
};

/* clang-format off */
static const struct setting pipeline_settings[] = {
	SUPPLY_SETTINGS(struct pipeline, "256"),
	SETTING(struct pipeline, stages,      COUNT, .min = 2, .max = 64, .fallback = "3",
		.help = "CPUs of a pipeline; there are as many pipelines as fit, other CPUs idle"),
	SETTING(struct pipeline, depth,       COUNT, .min = 1, .max = 65536, .fallback = "16",
		.help = "objects between two stages at most"),
	SETTING(struct pipeline, touch_bytes, BYTES, .min = 0, .max = 65536, .fallback = "64",
		.unit = "bytes", .help = "that a stage in the middle writes, one access per line"),
	{ 0 },
};
/* clang-format on */

struct stage {
	struct state *all;
	struct ring in, out;
	struct supplied supplied;
};

struct state {
	struct pipeline set;
	struct supply supply;
	struct stage *stage;            /* by CPU */
	unsigned stages, idle;          /* of all pipelines; CPUs that are left over */
};

static void first(struct cpu *cpu, struct stage *stage)
{
	while (!run_over(cpu)) {
		uint32_t size;
		void *object;

		await_empty(cpu, &ring_at(&stage->out)->object);
		object = supply_get(cpu, &stage->all->supply, &stage->supplied, &size);
		ring_put(cpu, &stage->out, object, size);
	}
	ring_put(cpu, &stage->out, RING_END, 0);
}

static void middle(struct cpu *cpu, struct stage *stage)
{
	const struct pipeline *set = &stage->all->set;
	uint32_t size;
	void *object;

	while ((object = ring_take(cpu, &stage->in, &size)) != RING_END) {
		work_do(cpu, stage->all->supply.work, &stage->supplied.work, set->work_cycles);
		touch_write(cpu, object, set->touch_bytes < size ? set->touch_bytes : size);
		ring_put(cpu, &stage->out, object, size);
	}
	ring_put(cpu, &stage->out, RING_END, 0);
}

static void last(struct cpu *cpu, struct stage *stage)
{
	uint32_t size;
	void *object;

	while ((object = ring_take(cpu, &stage->in, &size)) != RING_END) {
		work_do(cpu, stage->all->supply.work, &stage->supplied.work,
			stage->all->set.work_cycles);
		supply_put(cpu, &stage->all->supply, object, size);
	}
}

static void stage_thread(struct cpu *cpu, void *argument)
{
	struct stage *stage = argument;
	uint64_t number = cpu_id(cpu) % stage->all->set.stages;

	if (number == 0)
		first(cpu, stage);
	else if (number + 1 < stage->all->set.stages)
		middle(cpu, stage);
	else
		last(cpu, stage);
}

static bool pipeline_create(struct traffic *traffic, const void *settings, void **state, char *why,
			    size_t size)
{
	const struct pipeline *set = settings;
	unsigned cpus = sim_cpus(traffic->sim);
	struct state *all;

	if (set->stages > cpus) {
		snprintf(why, size, "%u stages do not fit on %u CPUs", (unsigned)set->stages, cpus);
		return false;
	}
	all = xalloc(sizeof *all);
	*state = all;
	all->set = *set;
	all->supply = supply_new(traffic, &SUPPLY_OPTIONS(set));
	all->stages = (unsigned)(cpus / set->stages * set->stages);
	all->idle = cpus - all->stages;
	all->stage = xalloc(all->stages * sizeof *all->stage);
	for (unsigned i = 0; i < all->stages; i++) {
		struct stage *stage = &all->stage[i];

		stage->all = all;
		stage->supplied = supplied_new(traffic->sim, i);
		stage->out = ring_new(traffic->sim, set->depth, node_of_cpu(traffic->sim, i));
		if (i)
			stage->in = all->stage[i - 1].out;
		thread_start(traffic->sim, i, stage_thread, stage);
	}
	return true;
}

static bool pipeline_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	supply_free(&all->supply);
	free(all->stage);
	free(all);
	return traffic_all_back(traffic, why, size);
}

static void pipeline_partners(const void *settings, unsigned cpus, partner_pair *pair, void *to)
{
	const struct pipeline *set = settings;

	for (unsigned i = 1; i < cpus / set->stages * set->stages; i++)
		if (i % set->stages)
			pair(to, i - 1, i);
}

static void pipeline_remarks(const void *state, void (*line)(void *to, const char *text), void *to)
{
	const struct state *all = state;
	char text[100];

	if (!all->idle)
		return;
	snprintf(text, sizeof text, "%u CPUs work; the other %u CPU%s idle", all->stages, all->idle,
		 all->idle == 1 ? " is" : "s are");
	line(to, text);
}

extern const struct workload pipeline;
const struct workload pipeline = {
	.name          = "pipeline",
	.summary       = "an object goes through several CPUs, the last of which frees it",
	.settings      = pipeline_settings,
	.settings_size = sizeof(struct pipeline),
	.needs_objects = true,
	.create        = pipeline_create,
	.finish        = pipeline_finish,
	.partners      = pipeline_partners,
	.remarks       = pipeline_remarks,
};
