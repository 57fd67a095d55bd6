/*
 * purge: all CPUs allocate pages, a few others give them back, as the purging threads of user
 * allocators do: what defeats page lists per CPU, which run empty here and over there.
 *
 *	CPU 0   allocate a chunk  ->  [ . o o . ]  ->  CPU 6   free it, in groups
 *	CPU 1   allocate a chunk  ->  [ o o o . ]  ->  CPU 7
 *
 * The last `purgers` CPUs purge; allocator i hands its chunks to purger i mod purgers, which takes
 * from its allocators in turn. A chunk's pointers lie in simulated memory, as its table entries would:
 * the allocator writes them, the purger reads them.
 *
 * Expect: each `batch` pages a visit to zone->lock on each side; struct pages arrive modified from
 * another CPU at each end of their life.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/waiting.h"
#include "workloads/work.h"
#include "workloads/workload.h"

struct purge {
	uint64_t purgers, order, chunk, in_flight, work_cycles, purge_cycles;
	struct distribution work;
};

/* clang-format off */
static const struct setting purge_settings[] = {
	SETTING(struct purge, purgers,      COUNT, .min = 1, .max = 1024, .fallback = "2",
		.help = "CPUs that give pages back, the last ones; all others allocate"),
	SETTING(struct purge, order,        COUNT, .min = 0, .max = MAX_ORDER - 1, .fallback = "0",
		.help = "blocks of 2^order pages, which go back one by one; 0: single pages, in groups"),
	SETTING(struct purge, chunk,        COUNT, .min = 1, .max = 4096, .fallback = "64", .unit = "pages",
		.help = "that are handed over at a time; with an order, blocks"),
	SETTING(struct purge, in_flight,    COUNT, .min = 1, .max = 4096, .fallback = "4",
		.help = "chunks of an allocator that wait at most"),
	SETTING(struct purge, work_cycles,  COUNT, .min = 0, .max = 1e9, .fallback = "1000", .unit = "cycles",
		.help = "work of an allocator before each page, in the mean"),
	SETTING(struct purge, purge_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "100", .unit = "cycles",
		.help = "work of a purger before each page, in the mean"),
	SETTING_WORK(struct purge, "exponential"),
	{ 0 },
};
/* clang-format on */

/* A chunk on its way: its first pointer; NULL: there is room. */
struct slot {
	void *chunk;
};

struct entry {
	struct page *page;
};

static const struct field slot_fields[] = { FIELD(struct slot, chunk), { 0 } };
static const struct layout slot_layout = { "slot", sizeof(struct slot), CLASS_WORKLOAD, slot_fields };
static const struct field entry_fields[] = { FIELD(struct entry, page), { 0 } };
static const struct layout entry_layout = {
	"table entry", sizeof(struct entry), CLASS_WORKLOAD, entry_fields
};

#define CLOSING ((void *)1)             /* an allocator's last word */

/* From one allocator to its purger. */
struct lane {
	struct slot *slot;              /* [in_flight] */
	struct entry *entry;            /* [in_flight][chunk] */
	uint64_t given, taken;          /* chunks; host memory of one side each */
	bool closed;
};

struct thread {
	struct state *all;
	struct page **page;             /* a purger's chunk in hand */
	struct draws draws;
};

struct state {
	struct traffic *traffic;
	struct purge set;
	struct work *work;
	struct lane *lane;              /* by allocator */
	struct thread *thread;          /* by CPU */
	unsigned cpus, allocators;
};

/* ---- allocators -------------------------------------------------------------------------------- */

static void give_chunk(struct cpu *cpu, struct thread *thread, struct lane *lane)
{
	struct state *all = thread->all;
	uint64_t at = lane->given % all->set.in_flight;
	struct entry *entry = lane->entry + at * all->set.chunk;

	await_empty(cpu, &lane->slot[at].chunk);
	for (uint64_t i = 0; i < all->set.chunk; i++) {
		work_do(cpu, all->work, &thread->draws, all->set.work_cycles);
		struct page *page = traffic_pages_alloc(cpu, all->traffic,
							(unsigned)all->set.order, GFP_MOVABLE);

		store(cpu, &entry[i].page, page);
	}
	store(cpu, &lane->slot[at].chunk, entry);
	lane->given++;
}

static void allocator(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct state *all = thread->all;
	struct lane *lane = &all->lane[cpu_id(cpu)];
	uint64_t at;

	process_switch(cpu, cpu_id(cpu) + 1);
	while (!run_over(cpu))
		give_chunk(cpu, thread, lane);
	at = lane->given % all->set.in_flight;
	await_empty(cpu, &lane->slot[at].chunk);
	store(cpu, &lane->slot[at].chunk, CLOSING);
	traffic_process_exit(cpu, all->traffic);
}

/* ---- purgers ----------------------------------------------------------------------------------- */

static void free_chunk(struct cpu *cpu, struct thread *thread, struct entry *entry)
{
	struct state *all = thread->all;
	unsigned group = traffic_group(all->traffic), order = (unsigned)all->set.order;

	for (uint64_t i = 0; i < all->set.chunk; i++) {
		work_do(cpu, all->work, &thread->draws, all->set.purge_cycles);
		thread->page[i] = load(cpu, &entry[i].page);
	}
	for (uint64_t i = 0; order && i < all->set.chunk; i++)
		traffic_pages_free(cpu, all->traffic, thread->page[i], order);
	for (uint64_t i = 0; !order && i < all->set.chunk; i += group) {
		uint64_t left = all->set.chunk - i;

		traffic_pages_free_group(cpu, all->traffic, thread->page + i,
					 left < group ? (unsigned)left : group);
	}
}

static void take_chunk(struct cpu *cpu, struct thread *thread, struct lane *lane)
{
	struct slot *slot = &lane->slot[lane->taken % thread->all->set.in_flight];
	void *chunk = await_full(cpu, &slot->chunk);

	if (chunk == CLOSING) {
		lane->closed = true;
		return;
	}
	free_chunk(cpu, thread, chunk);
	lane->taken++;
	store(cpu, &slot->chunk, NULL);
}

static void purger(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct state *all = thread->all;
	unsigned first = cpu_id(cpu) - all->allocators, open;

	do {
		open = 0;
		for (unsigned i = first; i < all->allocators; i += (unsigned)all->set.purgers) {
			if (!all->lane[i].closed)
				take_chunk(cpu, thread, &all->lane[i]);
			open += !all->lane[i].closed;
		}
	} while (open);
}

/* ---- set-up ------------------------------------------------------------------------------------ */

static bool purge_create(struct traffic *traffic, const void *settings, void **state, char *why,
			 size_t size)
{
	const struct purge *set = settings;
	unsigned cpus = sim_cpus(traffic->sim);

	if (set->purgers >= cpus) {
		snprintf(why, size, "%llu of %u CPUs purge: nobody is left to allocate",
			 (unsigned long long)set->purgers, cpus);
		return false;
	}
	struct state *all = xalloc(sizeof *all);

	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->cpus = cpus;
	all->allocators = cpus - (unsigned)set->purgers;
	all->work = work_new(&set->work);
	all->lane = xalloc(all->allocators * sizeof *all->lane);
	all->thread = xalloc(cpus * sizeof *all->thread);
	for (unsigned i = 0; i < all->allocators; i++) {
		unsigned node = node_of_cpu(traffic->sim, i);

		all->lane[i].slot = arena_new(traffic->sim, struct slot, set->in_flight, node, LINE,
					      &slot_layout, "slot");
		all->lane[i].entry = arena_new(traffic->sim, struct entry,
					       set->in_flight * set->chunk, node, LINE,
					       &entry_layout, "table entry");
	}
	for (unsigned i = 0; i < cpus; i++) {
		all->thread[i] = (struct thread){ .all = all, .draws = draws_new(traffic->sim, i, 0) };
		all->thread[i].page = xalloc(set->chunk * sizeof(struct page *));
		thread_start(traffic->sim, i, i < all->allocators ? allocator : purger,
			     &all->thread[i]);
	}
	return true;
}

static bool purge_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned i = 0; i < all->cpus; i++)
		free(all->thread[i].page);
	free(all->thread);
	free(all->lane);
	work_free(all->work);
	free(all);
	return traffic_all_back(traffic, why, size);
}

static void purge_partners(const void *settings, unsigned cpus, partner_pair *pair, void *to)
{
	const struct purge *set = settings;

	for (unsigned i = 0; set->purgers < cpus && i < cpus - set->purgers; i++)
		pair(to, i, cpus - (unsigned)set->purgers + i % (unsigned)set->purgers);
}

static bool without_objects(const void *settings)
{
	(void)settings;
	return true;
}

extern const struct workload purge;
const struct workload purge = {
	.name          = "purge",
	.summary       = "most CPUs allocate pages, a few give them back",
	.settings      = purge_settings,
	.settings_size = sizeof(struct purge),
	.needs_objects = true,
	.does_without  = without_objects,
	.create        = purge_create,
	.finish        = purge_finish,
	.partners      = purge_partners,
};
