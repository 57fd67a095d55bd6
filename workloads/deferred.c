/*
 * deferred: freed objects wait for the end of a grace period, as with RCU.
 *
 *	CPU 0   alloc, use, call_rcu:  [o o o o . . .]     since the last grace period
 *	                               [o o o o o o o]     grace period over: callbacks, in batches
 *
 * A grace period ends on every CPU each `grace_cycles`; what was queued before the one before is
 * free to go. The callbacks run in handlers on the CPU that queued them: `batch` at a time, then its
 * thread goes on for a moment; all at once if more than `limit` wait. Some objects are freed at once
 * (`short_lived`). The queue is host memory: no access.
 *
 * Expect: the objects come back cold and in bursts, when their slab is nobody's any more: nearly
 * all are slow frees, and caches of CPUs overflow.
 * Left out: callbacks on other CPUs, kfree_rcu's own arrays.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/supply.h"

struct deferred {
	SUPPLY_MEMBERS;
	uint64_t grace_cycles, batch, limit;
	double short_lived;
};

enum { MILLION = 1000000, MOMENT = 1000 };       /* cycles between two batches */

/* clang-format off */
static const struct setting deferred_settings[] = {
	SUPPLY_SETTINGS(struct deferred, "192"),
	SETTING(struct deferred, grace_cycles, COUNT, .min = 1000, .max = 1e12, .fallback = "100000",
		.unit = "cycles", .help = "from one end of a grace period to the next; real ones are 10 to 30 ms"),
	SETTING(struct deferred, batch,        COUNT, .min = 1, .max = 1e9, .fallback = "10",
		.help = "callbacks that run at a time"),
	SETTING(struct deferred, limit,        COUNT, .min = 1, .max = 1e9, .fallback = "10000",
		.help = "all run if more than so many wait"),
	SETTING(struct deferred, short_lived,  REAL,  .min = 0, .max = 1, .fallback = "0",
		.help = "share of the objects that are freed at once"),
	{ 0 },
};
/* clang-format on */

struct waiting_object {
	void *object;
	uint32_t size;
};

/* [gone, ready): may go; [ready, next): at the next end; [next, queued): at the one after. */
struct thread {
	struct state *all;
	struct supplied supplied;
	struct draws choice;
	struct waiting_object *waits;   /* a ring of `room` */
	uint64_t room, gone, ready, next, queued;
	bool at_work;                   /* a handler is to come for those that may go */
};

struct state {
	struct deferred set;
	struct supply supply;
	unsigned cpus;
	struct thread *thread;
};

static void grow(struct thread *thread)
{
	uint64_t room = thread->room ? 2 * thread->room : 1024;
	struct waiting_object *waits = xalloc(room * sizeof *waits);

	for (uint64_t i = thread->gone; i < thread->queued; i++)
		waits[i % room] = thread->waits[i % thread->room];
	free(thread->waits);
	thread->waits = waits;
	thread->room = room;
}

/* No verb inside, so no handler comes between. */
static void call_rcu(struct thread *thread, void *object, uint32_t size)
{
	if (thread->queued - thread->gone == thread->room)
		grow(thread);
	thread->waits[thread->queued++ % thread->room] = (struct waiting_object){ object, size };
}

static void run_callbacks(struct cpu *cpu, struct thread *thread, uint64_t count)
{
	while (count-- && thread->gone < thread->ready) {
		struct waiting_object first = thread->waits[thread->gone % thread->room];

		thread->gone++;
		supply_put(cpu, &thread->all->supply, first.object, first.size);
	}
}

/* A batch of those that may go; more a moment later. */
static void callbacks(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	const struct deferred *set = &thread->all->set;
	uint64_t waiting = thread->ready - thread->gone;

	run_callbacks(cpu, thread, waiting > set->limit ? waiting : set->batch);
	thread->at_work = thread->gone < thread->ready;
	if (thread->at_work)
		background_again(cpu, MOMENT, callbacks, thread);
}

static void grace_period(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;

	thread->ready = thread->next;
	thread->next = thread->queued;
	if (!thread->at_work)
		callbacks(cpu, thread);
	background_again(cpu, thread->all->set.grace_cycles, grace_period, thread);
}

static void deferred_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	const struct state *all = thread->all;
	uint64_t at_once = (uint64_t)(all->set.short_lived * MILLION);

	while (!run_over(cpu)) {
		uint32_t size;
		void *object = supply_get(cpu, &all->supply, &thread->supplied, &size);

		if (draws_below(&thread->choice, MILLION) < at_once)
			supply_put(cpu, &all->supply, object, size);
		else
			call_rcu(thread, object, size);
	}
	irq_disable(cpu);
	thread->ready = thread->next = thread->queued;
	run_callbacks(cpu, thread, thread->queued);
	irq_enable(cpu);
}

static bool deferred_create(struct traffic *traffic, const void *settings, void **state, char *why,
			    size_t size)
{
	const struct deferred *set = settings;
	unsigned cpus = sim_cpus(traffic->sim);
	struct state *all = xalloc(sizeof *all);

	(void)why, (void)size;
	*state = all;
	all->set = *set;
	all->cpus = cpus;
	all->supply = supply_new(traffic, &SUPPLY_OPTIONS(set));
	all->thread = xalloc(cpus * sizeof *all->thread);
	for (unsigned id = 0; id < cpus; id++) {
		struct thread *thread = &all->thread[id];

		thread->all = all;
		thread->supplied = supplied_new(traffic->sim, id);
		thread->choice = draws_new(traffic->sim, id, 0);
		thread_start(traffic->sim, id, deferred_thread, thread);
		background_add(traffic->sim, id, set->grace_cycles * (id + 1) / cpus + 1000, 0,
			       grace_period, thread);
	}
	return true;
}

static bool deferred_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned id = 0; id < all->cpus; id++)
		free(all->thread[id].waits);
	supply_free(&all->supply);
	free(all->thread);
	free(all);
	return traffic_all_back(traffic, why, size);
}

extern const struct workload deferred;
const struct workload deferred = {
	.name          = "deferred",
	.summary       = "freed objects wait for the end of a grace period, as with RCU",
	.settings      = deferred_settings,
	.settings_size = sizeof(struct deferred),
	.needs_objects = true,
	.create        = deferred_create,
	.finish        = deferred_finish,
};
