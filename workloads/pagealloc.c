/*
 * pagealloc: the systemtap microbenchmark of the page allocator (MMTests, 2013).
 *
 *	for each round:  N + 1 blocks of 2^order pages are allocated, then freed in that order
 *
 * Follows pagealloc.md 6.1. The original runs the loops from 0 to N, both ends included, and divides
 * their time by N: what it prints is (N + 1) / N of the cost of a block. Here cycles are those of each
 * operation, so there is nothing to divide; a remark gives the factor. The original runs on one
 * CPU; `concurrent` has all CPUs do it, on blocks of their own.
 *
 * Pages are not touched; the pointers lie in an array of N + 1 per CPU, eight to a line.
 * `pointer_array: false` keeps it out of the simulated machine.
 *
 * Expect, on one CPU: no misses but of capacity. Flat while N + 1 blocks fit into what the allocator
 * keeps for the CPU, dearer above, where refills and drains come.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/waiting.h"
#include "workloads/work.h"
#include "workloads/workload.h"

struct pagealloc {
	uint64_t order, batch, rounds, warm_rounds, work_cycles;
	bool concurrent, pointer_array;
	struct distribution work;
};

/* clang-format off */
static const struct setting pagealloc_settings[] = {
	SETTING(struct pagealloc, order,         COUNT,  .min = 0, .max = MAX_ORDER - 1, .fallback = "0",
		.help = "of the blocks; the original goes to 4"),
	SETTING(struct pagealloc, batch,         COUNT,  .min = 1, .max = 16384, .fallback = "64",
		.help = "N: each round allocates N + 1 blocks, then frees them"),
	SETTING(struct pagealloc, rounds,        COUNT,  .min = 1, .max = 1000000, .fallback = "100",
		.help = "rounds that are measured"),
	SETTING(struct pagealloc, warm_rounds,   COUNT,  .min = 0, .max = 1000000, .fallback = "2",
		.help = "rounds before them"),
	SETTING(struct pagealloc, concurrent,    SWITCH, .fallback = "false",
		.help = "all CPUs, each with blocks of its own; else CPU 0 alone"),
	SETTING(struct pagealloc, work_cycles,   COUNT,  .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work before each allocation and each free, in the mean; the original has none"),
	SETTING_WORK(struct pagealloc, "exponential"),
	SETTING(struct pagealloc, pointer_array, SWITCH, .fallback = "true",
		.help = "keep the pointers in simulated memory"),
	{ 0 },
};
/* clang-format on */

struct slot {
	struct page *page;
};

static const struct field slot_fields[] = { FIELD(struct slot, page), { 0 } };
static const struct layout slot_layout = {
	"pointer", sizeof(struct slot), CLASS_WORKLOAD, slot_fields
};

struct state {
	struct traffic *traffic;
	struct pagealloc set;
	struct work *work;
	struct barrier *barrier;
	struct thread *thread;          /* by CPU */
	unsigned threads;
};

struct thread {
	struct state *all;
	struct slot *slot;              /* [batch + 1], in the arena or on the host */
	struct draws draws;
};

static void alloc_one(struct cpu *cpu, struct thread *thread, struct slot *slot)
{
	struct state *all = thread->all;
	struct page *page;

	work_do(cpu, all->work, &thread->draws, all->set.work_cycles);
	page = traffic_pages_alloc(cpu, all->traffic, (unsigned)all->set.order, GFP_KERNEL);
	if (all->set.pointer_array)
		store(cpu, &slot->page, page);
	else
		slot->page = page;
}

static void free_one(struct cpu *cpu, struct thread *thread, struct slot *slot)
{
	struct state *all = thread->all;
	struct page *page = all->set.pointer_array ? load(cpu, &slot->page) : slot->page;

	work_do(cpu, all->work, &thread->draws, all->set.work_cycles);
	traffic_pages_free(cpu, all->traffic, page, (unsigned)all->set.order);
}

static void pagealloc_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct state *all = thread->all;
	uint64_t rounds = all->set.warm_rounds + all->set.rounds;

	process_switch(cpu, cpu_id(cpu) + 1);
	if (all->threads > 1)
		barrier_wait(cpu, all->barrier, all->threads, 1);
	for (uint64_t round = 0; round < rounds; round++) {
		for (uint64_t i = 0; i <= all->set.batch; i++)
			alloc_one(cpu, thread, &thread->slot[i]);
		for (uint64_t i = 0; i <= all->set.batch; i++)
			free_one(cpu, thread, &thread->slot[i]);
	}
	traffic_process_exit(cpu, all->traffic);
}

static bool pagealloc_operations(const void *settings, unsigned cpus, uint64_t *warmup,
				 uint64_t *operations, char *why, size_t size)
{
	const struct pagealloc *set = settings;
	uint64_t each = 2 * (set->batch + 1) * (set->concurrent ? cpus : 1);

	(void)why, (void)size;
	*warmup = set->warm_rounds * each;
	*operations = set->rounds * each;
	return true;
}

static bool pagealloc_create(struct traffic *traffic, const void *settings, void **state, char *why,
			     size_t size)
{
	const struct pagealloc *set = settings;
	struct state *all = xalloc(sizeof *all);
	uint64_t slots = set->batch + 1;

	(void)why, (void)size;
	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->threads = set->concurrent ? sim_cpus(traffic->sim) : 1;
	all->work = work_new(&set->work);
	all->barrier = barrier_new(traffic->sim);
	all->thread = xalloc(all->threads * sizeof *all->thread);
	for (unsigned i = 0; i < all->threads; i++) {
		struct thread *thread = &all->thread[i];

		thread->all = all;
		thread->draws = draws_new(traffic->sim, i, 0);
		thread->slot = set->pointer_array
				       ? arena_new(traffic->sim, struct slot, slots,
						   node_of_cpu(traffic->sim, i), LINE, &slot_layout,
						   "pointer")
				       : xalloc(slots * sizeof(struct slot));
		thread_start(traffic->sim, i, pagealloc_thread, thread);
	}
	return true;
}

static bool pagealloc_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned i = 0; i < all->threads && !all->set.pointer_array; i++)
		free(all->thread[i].slot);
	free(all->thread);
	work_free(all->work);
	free(all);
	return traffic_all_back(traffic, why, size);
}

static void pagealloc_remarks(const void *state, void (*line)(void *to, const char *text), void *to)
{
	const struct state *all = state;
	char text[160];

	snprintf(text, sizeof text,
		 "batch %" PRIu64 ": the original prints (%" PRIu64 " + 1) / %" PRIu64
		 " times these cycles, for it divides the time of N + 1 blocks by N",
		 all->set.batch, all->set.batch, all->set.batch);
	line(to, text);
}

static bool without_objects(const void *settings)
{
	(void)settings;
	return true;
}

extern const struct workload pagealloc;
const struct workload pagealloc = {
	.name          = "pagealloc",
	.summary       = "the microbenchmark of the page allocator: N + 1 blocks, then N + 1 frees",
	.settings      = pagealloc_settings,
	.settings_size = sizeof(struct pagealloc),
	.needs_objects = true,
	.does_without  = without_objects,
	.create        = pagealloc_create,
	.finish        = pagealloc_finish,
	.operations    = pagealloc_operations,
	.remarks       = pagealloc_remarks,
};
