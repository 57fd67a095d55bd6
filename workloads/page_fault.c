/*
 * page-fault: page_fault1, page_fault2 and page_fault3 of will-it-scale, and storms of exits.
 *
 *	anonymous    map, touch each page, unmap: all pages are allocated, then all freed
 *	private-file the same on a private mapping of a file of the task's own: each new page is a copy
 *	             of one of the page cache, which stays
 *	shared-file  a shared mapping of it: after the first pass nothing is allocated but page tables
 *
 * Follows pagealloc.md 6.3. A task per CPU, processes or threads, round after round until the run is
 * over; the last round is finished outside the window. Large pages are off.
 *
 * `together` has tasks wait for each other before they unmap, so that all exit at once: an exit
 * storm. With `exiting` only the first so many tasks do that; the others fault `beside` pages and
 * give them back, again and again, and what their faults take is what the storm costs others.
 *
 * Expect: allocation and free in turns empty and fill what is kept per CPU: nearly every page
 * passes the zone's lists, in batches.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/space.h"
#include "workloads/waiting.h"

enum mapping { ANONYMOUS, PRIVATE_FILE, SHARED_FILE };
static const char *const mappings[] = { "anonymous", "private-file", "shared-file", NULL };
enum kind { PROCESSES, THREADS };
static const char *const kinds[] = { "processes", "threads", NULL };

struct page_fault {
	struct space_costs costs;
	uint64_t pages, exiting, beside;
	int mapping, tasks;
	bool together;
	struct distribution work;
};

/* clang-format off */
static const struct setting page_fault_settings[] = {
	SETTING(struct page_fault, mapping,  WORD,   .words = mappings, .fallback = "anonymous",
		.help = "page_fault1, 2 and 3 of will-it-scale"),
	SETTING(struct page_fault, pages,    COUNT,  .min = 1, .max = 1048576, .fallback = "2048", .unit = "pages",
		.help = "of a task's mapping; the original has 32768"),
	SETTING(struct page_fault, tasks,    WORD,   .words = kinds, .fallback = "processes",
		.help = "threads share mmap_sem, processes nothing"),
	SETTINGS_SPACE(struct page_fault),
	SETTING_WORK(struct page_fault, "exponential"),
	{ 0 },
};

static const struct setting exit_storm_settings[] = {
	SETTING(struct page_fault, exiting,  COUNT,  .min = 0, .max = 1024, .fallback = "0",
		.help = "CPUs whose processes exit at once, from CPU 0 on; 0: all"),
	SETTING(struct page_fault, pages,    COUNT,  .min = 1, .max = 1048576, .fallback = "1024", .unit = "pages",
		.help = "of a process that exits"),
	SETTING(struct page_fault, beside,   COUNT,  .min = 1, .max = 65536, .fallback = "16", .unit = "pages",
		.help = "that the processes of the other CPUs touch and give back, again and again"),
	SETTINGS_SPACE(struct page_fault),
	SETTING_WORK(struct page_fault, "exponential"),
	{ 0 },
};
/* clang-format on */

/* One of them says, before all meet, that they meet for the last time. */
struct leaving {
	_Alignas(LINE) uint64_t now;
};

static const struct field leaving_fields[] = { FIELD(struct leaving, now), { 0 } };
static const struct layout leaving_layout = {
	"leaving", sizeof(struct leaving), CLASS_WORKLOAD, leaving_fields
};

struct state {
	struct traffic *traffic;
	struct page_fault set;
	struct work *work;
	struct barrier *barrier;
	struct leaving *leaving;
	struct task *task;              /* by CPU */
	unsigned cpus, exiting;
};

struct task {
	struct state *all;
	struct space *space;
	struct page **cached;           /* the file's pages; NULL: no file */
	uint64_t pages, turns;
	struct draws draws;
};

static void touch_all(struct cpu *cpu, struct task *task)
{
	for (uint64_t i = 0; i < task->pages; i++) {
		if (!task->cached)
			space_fault(cpu, task->space, &task->draws);
		else if (task->all->set.mapping == PRIVATE_FILE)
			space_fault_copy(cpu, task->space, &task->draws, task->cached[i]);
		else
			space_fault_shared(cpu, task->space, &task->draws, task->cached[i]);
	}
}

/* The file's pages come into the page cache before its mapping is used. */
static void read_file(struct cpu *cpu, struct task *task)
{
	struct traffic *traffic = task->all->traffic;

	for (uint64_t i = 0; task->cached && i < task->pages; i++) {
		task->cached[i] = traffic_pages_alloc(cpu, traffic, 0, GFP_MOVABLE);
		traffic_lru_add(cpu, traffic, task->cached[i], LRU_INACTIVE_FILE);
	}
}

/* It is unlinked and closed: truncated, in groups. */
static void delete_file(struct cpu *cpu, struct task *task)
{
	struct traffic *traffic = task->all->traffic;
	unsigned group = traffic_group(traffic);

	traffic_lru_drain(cpu, traffic);
	for (uint64_t i = 0; task->cached && i < task->pages; i += group) {
		uint64_t left = task->pages - i;

		traffic_pages_free_group(cpu, traffic, task->cached + i,
					 left < group ? (unsigned)left : group);
	}
}

/* CPU 0 decides for all. True: this round is the last. */
static bool meet(struct cpu *cpu, struct task *task)
{
	struct state *all = task->all;

	if (cpu_id(cpu) == 0)
		store(cpu, &all->leaving->now, run_over(cpu));
	barrier_wait(cpu, all->barrier, all->exiting, ++task->turns);
	return load(cpu, &all->leaving->now);
}

/* A process is over with the last of its threads. */
static void exit_task(struct cpu *cpu, struct task *task)
{
	struct state *all = task->all;

	if (all->set.tasks == THREADS)
		barrier_wait(cpu, all->barrier, all->cpus, ++task->turns);
	if (all->set.tasks == PROCESSES || cpu_id(cpu) == 0)
		traffic_process_exit(cpu, all->traffic);
}

static void page_fault_thread(struct cpu *cpu, void *argument)
{
	struct task *task = argument;
	struct state *all = task->all;
	bool meets = all->set.together && cpu_id(cpu) < all->exiting, last = false;

	process_switch(cpu, all->set.tasks == THREADS ? 1 : cpu_id(cpu) + 1);
	read_file(cpu, task);
	while (!last) {
		touch_all(cpu, task);
		last = meets ? meet(cpu, task) : run_over(cpu);
		space_unmap(cpu, task->space);
		if (meets)
			traffic_process_exit(cpu, all->traffic);
	}
	delete_file(cpu, task);
	exit_task(cpu, task);
}

static void new_task(struct state *all, unsigned id, struct space_options *options)
{
	struct task *task = &all->task[id];
	bool file = all->set.mapping != ANONYMOUS;

	*task = (struct task){ .all = all, .draws = draws_new(all->traffic->sim, id, 0),
			       .pages = id < all->exiting ? all->set.pages : all->set.beside };
	options->room = task->pages;
	task->space = space_new(options);
	task->cached = file ? xalloc(task->pages * sizeof *task->cached) : NULL;
	thread_start(all->traffic->sim, id, page_fault_thread, task);
}

static bool page_fault_create(struct traffic *traffic, const void *settings, void **state,
			      char *why, size_t size)
{
	const struct page_fault *set = settings;
	struct state *all = xalloc(sizeof *all);

	(void)why, (void)size;
	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->cpus = sim_cpus(traffic->sim);
	all->exiting = set->exiting && set->exiting < all->cpus ? (unsigned)set->exiting : all->cpus;
	all->work = work_new(&set->work);
	all->barrier = barrier_new(traffic->sim);
	all->leaving = arena_new(traffic->sim, struct leaving, 1, 0, LINE, &leaving_layout, "leaving");
	all->task = xalloc(all->cpus * sizeof *all->task);
	struct space_options options = {
		.traffic = traffic, .costs = &all->set.costs, .work = all->work,
		.gather = gather_new(traffic->sim),
		.shared = set->tasks == THREADS ? shared_map_new(traffic->sim) : NULL,
	};

	for (unsigned id = 0; id < all->cpus; id++)
		new_task(all, id, &options);
	return true;
}

static bool exit_storm_create(struct traffic *traffic, const void *settings, void **state,
			      char *why, size_t size)
{
	struct page_fault set = *(const struct page_fault *)settings;

	set.together = true;
	return page_fault_create(traffic, &set, state, why, size);
}

static bool page_fault_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned id = 0; id < all->cpus; id++) {
		space_free(all->task[id].space);
		free(all->task[id].cached);
	}
	free(all->task);
	work_free(all->work);
	free(all);
	return traffic_all_back(traffic, why, size);
}

static bool without_objects(const void *settings)
{
	(void)settings;
	return true;
}

extern const struct workload page_fault, exit_storm;
const struct workload page_fault = {
	.name          = "page-fault",
	.summary       = "page_fault1, 2, 3 of will-it-scale: map, touch each page, unmap",
	.settings      = page_fault_settings,
	.settings_size = sizeof(struct page_fault),
	.needs_objects = true,
	.does_without  = without_objects,
	.create        = page_fault_create,
	.finish        = page_fault_finish,
};

const struct workload exit_storm = {
	.name          = "exit-storm",
	.summary       = "processes that exit all at once, beside others that touch new pages",
	.settings      = exit_storm_settings,
	.settings_size = sizeof(struct page_fault),
	.needs_objects = true,
	.does_without  = without_objects,
	.create        = exit_storm_create,
	.finish        = page_fault_finish,
};
