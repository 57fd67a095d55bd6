/*
 * kernbench: a kernel build as the page allocator sees it: many short processes, one after the
 * other on each CPU.
 *
 *	fork	a stack of two pages, `kernel_pages` pages for tables and structs, `slabs` slabs
 *	life	`faults` new pages in bursts of 1 to 64, with user_cycles of work in all;
 *		`cached` pages go to the page cache and stay there
 *	exit	the new pages in groups, with their tables; kernel pages, slabs and stack one by one.
 *		migrate_percent of the processes exit on another CPU
 *
 * Follows pagealloc.md 6.5, whose numbers are estimates (65 % of 1080 minor faults allocate; 38 ms of
 * a CPU, here at 3.4 GHz); faults that allocate nothing are part of the work. When all is over the page
 * cache is given back, outside the window.
 *
 * Expect: an allocator has a few per cent of the time, so no allocator changes a build by ten.
 */
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/space.h"
#include "workloads/waiting.h"

enum { BURST_MAX = 64, STACK_ORDER = 1, SLAB_ORDERS = 4, KERNEL_MAX = 256, SLABS_MAX = 64 };

struct kernbench {
	struct space_costs costs;
	uint64_t processes, faults, cached, kernel_pages, slabs, migrate_percent, user_cycles;
	struct distribution work;
};

/* clang-format off */
static const struct setting kernbench_settings[] = {
	SETTING(struct kernbench, processes,       COUNT, .min = 1, .max = 1000000, .fallback = "200",
		.help = "of each CPU, one after the other"),
	SETTING(struct kernbench, faults,          COUNT, .min = 1, .max = 1000000, .fallback = "700",
		.help = "of a process that need a new page (an estimate: 65 % of all)"),
	SETTING(struct kernbench, cached,          COUNT, .min = 0, .max = 1000000, .fallback = "30", .unit = "pages",
		.help = "that a process leaves in the page cache"),
	SETTING(struct kernbench, kernel_pages,    COUNT, .min = 0, .max = KERNEL_MAX, .fallback = "12", .unit = "pages",
		.help = "single pages for tables and structs of a process"),
	SETTING(struct kernbench, slabs,           COUNT, .min = 0, .max = SLABS_MAX, .fallback = "2",
		.help = "slabs of order 0 to 3 that a process's objects make necessary"),
	SETTING(struct kernbench, migrate_percent, COUNT, .min = 0, .max = 100, .fallback = "5",
		.help = "of the processes exit on another CPU"),
	SETTING(struct kernbench, user_cycles,     COUNT, .min = 0, .max = 1e12, .fallback = "129_000_000", .unit = "cycles",
		.help = "work of a process besides its faults, in the mean; 38 ms"),
	SETTINGS_SPACE(struct kernbench),
	SETTING_WORK(struct kernbench, "exponential"),
	{ 0 },
};
/* clang-format on */

struct block {
	struct page *page;
	unsigned order;
};

/* Host memory, of the CPU that runs it. */
struct process {
	unsigned id;
	struct space *space;
	struct block stack, kernel[KERNEL_MAX], slab[SLABS_MAX];
};

/* A process that comes from another CPU to exit here; by from whom. */
struct inbox {
	void *process;
};

static const struct field inbox_fields[] = { FIELD(struct inbox, process), { 0 } };
static const struct layout inbox_layout = {
	"run queue", sizeof(struct inbox), CLASS_WORKLOAD, inbox_fields
};

struct worker {
	struct state *all;
	struct inbox *inbox;            /* [cpus], in the arena */
	struct page **cached;
	uint64_t count;                 /* pages in the page cache */
	struct draws work, shape;
};

struct state {
	struct traffic *traffic;
	struct kernbench set;
	struct work *work;
	struct space_options options;
	struct barrier *barrier;
	struct worker *worker;          /* by CPU */
	unsigned cpus;
};

/* ---- a process --------------------------------------------------------------------------------- */

static struct block take(struct cpu *cpu, struct state *all, unsigned order, unsigned gfp)
{
	return (struct block){ traffic_pages_alloc(cpu, all->traffic, order, gfp), order };
}

static void give(struct cpu *cpu, struct state *all, struct block block)
{
	traffic_pages_free(cpu, all->traffic, block.page, block.order);
}

static struct process *begin(struct cpu *cpu, struct worker *worker, unsigned id)
{
	struct state *all = worker->all;
	struct process *process = xalloc(sizeof *process);

	process->id = id;
	process->space = space_new(&all->options);
	process->stack = take(cpu, all, STACK_ORDER, GFP_KERNEL);
	for (uint64_t i = 0; i < all->set.kernel_pages; i++)
		process->kernel[i] = take(cpu, all, 0, GFP_KERNEL);
	process_switch(cpu, id);
	for (uint64_t i = 0; i < all->set.slabs; i++) {
		unsigned order = (unsigned)draws_below(&worker->shape, SLAB_ORDERS);

		process->slab[i] = take(cpu, all, order, GFP_KERNEL | GFP_COMP);
	}
	return process;
}

static void live(struct cpu *cpu, struct worker *worker, struct process *process)
{
	struct state *all = worker->all;
	const struct kernbench *set = &all->set;

	for (uint64_t done = 0, left; (left = set->faults - done) > 0;) {
		uint64_t burst = 1 + draws_below(&worker->shape, BURST_MAX);

		if (burst > left)
			burst = left;
		work_do(cpu, all->work, &worker->work, set->user_cycles / set->faults * burst);
		for (uint64_t i = 0; i < burst; i++)
			space_fault(cpu, process->space, &worker->work);
		done += burst;
	}
	for (uint64_t i = 0; i < set->cached; i++) {
		struct page *page = traffic_pages_alloc(cpu, all->traffic, 0, GFP_MOVABLE);

		traffic_lru_add(cpu, all->traffic, page, LRU_INACTIVE_FILE);
		worker->cached[worker->count++] = page;
	}
}

static void end(struct cpu *cpu, struct state *all, struct process *process)
{
	process_switch(cpu, process->id);
	space_unmap(cpu, process->space);
	for (uint64_t i = 0; i < all->set.kernel_pages; i++)
		give(cpu, all, process->kernel[i]);
	for (uint64_t i = 0; i < all->set.slabs; i++)
		give(cpu, all, process->slab[i]);
	give(cpu, all, process->stack);
	traffic_process_exit(cpu, all->traffic);
	process_switch(cpu, 0);
	space_free(process->space);
	free(process);
}

/* ---- a CPU ------------------------------------------------------------------------------------- */

/* To another CPU, if that one has taken the last one from here. */
static bool migrate(struct cpu *cpu, struct worker *worker, struct process *process)
{
	struct state *all = worker->all;
	unsigned me = cpu_id(cpu), to;
	struct inbox *inbox;

	if (all->cpus == 1 || draws_below(&worker->shape, 100) >= all->set.migrate_percent)
		return false;
	to = (unsigned)draws_below(&worker->shape, all->cpus - 1);
	to += to >= me;
	inbox = &all->worker[to].inbox[me];
	if (load(cpu, &inbox->process))
		return false;
	store(cpu, &inbox->process, process);
	return true;
}

static void end_those_that_came(struct cpu *cpu, struct worker *worker)
{
	struct state *all = worker->all;

	for (unsigned from = 0; from < all->cpus; from++) {
		struct process *process = load(cpu, &worker->inbox[from].process);

		if (!process)
			continue;
		end(cpu, all, process);
		store(cpu, &worker->inbox[from].process, NULL);
	}
}

static void drop_cached(struct cpu *cpu, struct worker *worker)
{
	struct traffic *traffic = worker->all->traffic;
	unsigned group = traffic_group(traffic);

	traffic_lru_drain(cpu, traffic);
	for (uint64_t i = 0; i < worker->count; i += group) {
		uint64_t left = worker->count - i;

		traffic_pages_free_group(cpu, traffic, worker->cached + i,
					 left < group ? (unsigned)left : group);
	}
}

static void kernbench_thread(struct cpu *cpu, void *argument)
{
	struct worker *worker = argument;
	struct state *all = worker->all;
	unsigned id = cpu_id(cpu) + 1;

	barrier_wait(cpu, all->barrier, all->cpus, 1);
	for (uint64_t i = 0; i < all->set.processes; i++, id += all->cpus) {
		struct process *process = begin(cpu, worker, id);

		live(cpu, worker, process);
		if (!migrate(cpu, worker, process))
			end(cpu, all, process);
		end_those_that_came(cpu, worker);
	}
	barrier_wait(cpu, all->barrier, all->cpus, 2);
	end_those_that_came(cpu, worker);
	/* nobody's pagevec has pages of others any more when all have come here */
	traffic_lru_drain(cpu, all->traffic);
	barrier_wait(cpu, all->barrier, all->cpus, 3);
	drop_cached(cpu, worker);
}

/* ---- set-up ------------------------------------------------------------------------------------ */

/* Of a process: faults, an unmap, page cache, and stack, kernel pages and slabs both ways. */
static bool kernbench_operations(const void *settings, unsigned cpus, uint64_t *warmup,
				 uint64_t *operations, char *why, size_t size)
{
	const struct kernbench *set = settings;
	uint64_t blocks = 1 + set->kernel_pages + set->slabs;

	(void)why, (void)size;
	*warmup = 0;
	*operations = cpus * set->processes * (set->faults + 1 + set->cached + 2 * blocks);
	return true;
}

static bool kernbench_create(struct traffic *traffic, const void *settings, void **state, char *why,
			     size_t size)
{
	const struct kernbench *set = settings;
	struct state *all = xalloc(sizeof *all);

	(void)why, (void)size;
	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->cpus = sim_cpus(traffic->sim);
	all->work = work_new(&set->work);
	all->barrier = barrier_new(traffic->sim);
	all->options = (struct space_options){ .traffic = traffic, .costs = &all->set.costs,
					       .work = all->work, .room = set->faults,
					       .gather = gather_new(traffic->sim) };
	all->worker = xalloc(all->cpus * sizeof *all->worker);
	for (unsigned i = 0; i < all->cpus; i++) {
		struct worker *worker = &all->worker[i];

		worker->all = all;
		worker->work = draws_new(traffic->sim, i, 0);
		worker->shape = draws_new(traffic->sim, i, 1);
		worker->cached = xalloc((set->processes * set->cached + 1) * sizeof(struct page *));
		worker->inbox = arena_new(traffic->sim, struct inbox, all->cpus,
					  node_of_cpu(traffic->sim, i), LINE, &inbox_layout,
					  "run queue");
		thread_start(traffic->sim, i, kernbench_thread, worker);
	}
	return true;
}

static bool kernbench_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned i = 0; i < all->cpus; i++)
		free(all->worker[i].cached);
	free(all->worker);
	work_free(all->work);
	free(all);
	return traffic_all_back(traffic, why, size);
}

static bool without_objects(const void *settings)
{
	(void)settings;
	return true;
}

extern const struct workload kernbench;
const struct workload kernbench = {
	.name          = "kernbench",
	.summary       = "a kernel build: many short processes, their faults and their exits",
	.settings      = kernbench_settings,
	.settings_size = sizeof(struct kernbench),
	.needs_objects = true,
	.does_without  = without_objects,
	.create        = kernbench_create,
	.finish        = kernbench_finish,
	.operations    = kernbench_operations,
};
