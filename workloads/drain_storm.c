/*
 * drain-storm: some CPUs have all page lists drained, again and again, while the others work.
 *
 *	drainer   waits `every` cycles, then drains all
 *	others    bursts: allocate `burst` pages, then free pages at random until `hold` are left
 *
 * The drain is an operation of its own: drains and drain_cycles_*. What it takes from the others is in
 * page_alloc_cycles_max and page_free_cycles_max (the longest wait), cycles_interrupts (time
 * stolen) and irq_off_cycles_max. A page allocator without lists per CPU has nothing to drain.
 *
 * Left out: why somebody drains (reclaim, compaction, offlining) and what is done afterwards.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/work.h"
#include "workloads/workload.h"

struct drain_storm {
	uint64_t drainers, every, burst, hold, work_cycles;
	struct distribution work;
};

/* clang-format off */
static const struct setting drain_storm_settings[] = {
	SETTING(struct drain_storm, drainers,    COUNT, .min = 0, .max = 1024, .fallback = "1",
		.help = "CPUs that drain and do nothing else, from CPU 0 on; 0: nobody drains, for comparison"),
	SETTING(struct drain_storm, every,       COUNT, .min = 1, .max = 1e9, .fallback = "100000", .unit = "cycles",
		.help = "from the end of a drain to the next of the same CPU, in the mean"),
	SETTING(struct drain_storm, burst,       COUNT, .min = 1, .max = 65536, .fallback = "64", .unit = "pages",
		.help = "that a CPU allocates in a row"),
	SETTING(struct drain_storm, hold,        COUNT, .min = 0, .max = 65536, .fallback = "64", .unit = "pages",
		.help = "that a CPU keeps when it has freed"),
	SETTING(struct drain_storm, work_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "500", .unit = "cycles",
		.help = "work before each allocation and each free, in the mean"),
	SETTING_WORK(struct drain_storm, "exponential"),
	{ 0 },
};
/* clang-format on */

struct state {
	struct traffic *traffic;
	struct drain_storm set;
	struct work *work;
	struct thread *thread;          /* by CPU */
	unsigned cpus;
};

struct thread {
	struct state *all;
	struct page **page;             /* [hold + burst], host memory: no access */
	uint64_t held;
	struct draws work, order;
};

static void drainer(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct state *all = thread->all;

	while (!run_over(cpu)) {
		work_do(cpu, all->work, &thread->work, all->set.every);
		traffic_drain_all(cpu, all->traffic);
	}
}

static void take(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;

	work_do(cpu, all->work, &thread->work, all->set.work_cycles);
	thread->page[thread->held++] = traffic_pages_alloc(cpu, all->traffic, 0, GFP_MOVABLE);
}

static void give(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;
	uint64_t i = draws_below(&thread->order, thread->held);
	struct page *page = thread->page[i];

	thread->page[i] = thread->page[--thread->held];
	work_do(cpu, all->work, &thread->work, all->set.work_cycles);
	traffic_pages_free(cpu, all->traffic, page, 0);
}

static void worker(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	const struct drain_storm *set = &thread->all->set;

	process_switch(cpu, cpu_id(cpu) + 1);
	while (!run_over(cpu)) {
		for (uint64_t i = 0; i < set->burst; i++)
			take(cpu, thread);
		while (thread->held > set->hold)
			give(cpu, thread);
	}
	while (thread->held)
		give(cpu, thread);
	traffic_process_exit(cpu, thread->all->traffic);
}

static bool drain_storm_create(struct traffic *traffic, const void *settings, void **state,
			       char *why, size_t size)
{
	const struct drain_storm *set = settings;
	unsigned cpus = sim_cpus(traffic->sim);

	if (set->drainers >= cpus) {
		snprintf(why, size, "%llu of %u CPUs drain: nobody is left to work",
			 (unsigned long long)set->drainers, cpus);
		return false;
	}
	struct state *all = xalloc(sizeof *all);

	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->cpus = cpus;
	all->work = work_new(&set->work);
	all->thread = xalloc(cpus * sizeof *all->thread);
	for (unsigned i = 0; i < cpus; i++) {
		struct thread *thread = &all->thread[i];

		thread->all = all;
		thread->work = draws_new(traffic->sim, i, 0);
		thread->order = draws_new(traffic->sim, i, 1);
		thread->page = xalloc((set->hold + set->burst) * sizeof *thread->page);
		thread_start(traffic->sim, i, i < set->drainers ? drainer : worker, thread);
	}
	return true;
}

static bool drain_storm_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned i = 0; i < all->cpus; i++)
		free(all->thread[i].page);
	free(all->thread);
	work_free(all->work);
	free(all);
	return traffic_all_back(traffic, why, size);
}

static void drain_storm_remarks(const void *state, void (*line)(void *to, const char *text),
				void *to)
{
	const struct state *all = state;

	if (all->set.drainers && !all->traffic->pages->model->drain_all)
		line(to, "a page allocator without lists of CPUs has nothing to drain");
}

static bool without_objects(const void *settings)
{
	(void)settings;
	return true;
}

extern const struct workload drain_storm;
const struct workload drain_storm = {
	.name          = "drain-storm",
	.summary       = "all page lists are drained again and again while CPUs work",
	.settings      = drain_storm_settings,
	.settings_size = sizeof(struct drain_storm),
	.needs_objects = true,
	.does_without  = without_objects,
	.create        = drain_storm_create,
	.finish        = drain_storm_finish,
	.remarks       = drain_storm_remarks,
};
