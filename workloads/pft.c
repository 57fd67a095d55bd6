/*
 * pft: the page fault test. The pages of one mapping are divided equally among the CPUs, its clients;
 * each touches its share, one page after the other. What is measured is that alone: at the end of a
 * round all pages go, outside the window.
 *
 * Follows pagealloc.md 6.2. Clients are processes, or threads, which share the word of mmap_sem.
 * The first rounds leave the allocator as a used one. All costs of a fault that are not lines of the
 * allocator are compute: fault_cycles and zero_cycles are guesses, or fitted to one client.
 *
 * Expect: a storm of allocations and no frees: a refill per `batch` faults of a CPU, an LRU lock per
 * 14 of them. Clients that outnumber cores are no part of this machine.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/space.h"
#include "workloads/waiting.h"

enum kind { PROCESSES, THREADS };
static const char *const kinds[] = { "processes", "threads", NULL };

struct pft {
	struct space_costs costs;
	uint64_t pages, warm_rounds;
	int clients;
	struct distribution work;
};

/* clang-format off */
static const struct setting pft_settings[] = {
	SETTING(struct pft, pages,       COUNT, .min = 1, .max = 4194304, .fallback = "32768", .unit = "pages",
		.help = "of the mapping, for all clients together; what the division leaves goes to the first"),
	SETTING(struct pft, clients,     WORD,  .words = kinds, .fallback = "processes",
		.help = "threads share mmap_sem, processes nothing"),
	SETTING(struct pft, warm_rounds, COUNT, .min = 0, .max = 1000, .fallback = "1",
		.help = "rounds of touching all pages and giving them back before the measured one"),
	SETTINGS_SPACE(struct pft),
	SETTING_WORK(struct pft, "exponential"),
	{ 0 },
};
/* clang-format on */

struct state {
	struct traffic *traffic;
	struct pft set;
	struct work *work;
	struct barrier *barrier;
	struct client *client;          /* by CPU */
	unsigned clients;
};

struct client {
	struct state *all;
	struct space *space;
	uint64_t pages, turns;
	struct draws draws;
};

static uint64_t share(const struct pft *set, unsigned clients, unsigned client)
{
	return set->pages / clients + (client < set->pages % clients);
}

static void meet(struct cpu *cpu, struct client *client)
{
	barrier_wait(cpu, client->all->barrier, client->all->clients, ++client->turns);
}

static void pft_thread(struct cpu *cpu, void *argument)
{
	struct client *client = argument;
	struct state *all = client->all;

	process_switch(cpu, all->set.clients == THREADS ? 1 : cpu_id(cpu) + 1);
	for (uint64_t round = 0; round <= all->set.warm_rounds; round++) {
		meet(cpu, client);
		for (uint64_t i = 0; i < client->pages; i++)
			space_fault(cpu, client->space, &client->draws);
		meet(cpu, client);
		space_unmap(cpu, client->space);
	}
	meet(cpu, client);
	if (all->set.clients == PROCESSES || cpu_id(cpu) == 0)
		traffic_process_exit(cpu, all->traffic);        /* of threads once */
}

static bool enough_pages(const struct pft *set, unsigned cpus, char *why, size_t size)
{
	if (set->pages >= cpus)
		return true;
	snprintf(why, size, "%u clients cannot share %llu pages", cpus,
		 (unsigned long long)set->pages);
	return false;
}

/* Each page is a fault, and each client's unmap of a warm round an operation. */
static bool pft_operations(const void *settings, unsigned cpus, uint64_t *warmup,
			   uint64_t *operations, char *why, size_t size)
{
	const struct pft *set = settings;

	*warmup = set->warm_rounds * (set->pages + cpus);
	*operations = set->pages;
	return enough_pages(set, cpus, why, size);
}

static bool pft_create(struct traffic *traffic, const void *settings, void **state, char *why,
		       size_t size)
{
	const struct pft *set = settings;
	unsigned cpus = sim_cpus(traffic->sim);

	if (!enough_pages(set, cpus, why, size))
		return false;
	struct state *all = xalloc(sizeof *all);

	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->clients = cpus;
	all->work = work_new(&set->work);
	all->barrier = barrier_new(traffic->sim);
	all->client = xalloc(cpus * sizeof *all->client);
	struct space_options options = {
		.traffic = traffic, .costs = &all->set.costs, .work = all->work,
		.gather = gather_new(traffic->sim),
		.shared = set->clients == THREADS ? shared_map_new(traffic->sim) : NULL,
	};

	for (unsigned i = 0; i < cpus; i++) {
		options.room = share(set, cpus, i);
		all->client[i] = (struct client){ .all = all, .space = space_new(&options),
						  .pages = options.room,
						  .draws = draws_new(traffic->sim, i, 0) };
		thread_start(traffic->sim, i, pft_thread, &all->client[i]);
	}
	return true;
}

static bool pft_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned i = 0; i < all->clients; i++)
		space_free(all->client[i].space);
	free(all->client);
	work_free(all->work);
	free(all);
	return traffic_all_back(traffic, why, size);
}

static bool without_objects(const void *settings)
{
	(void)settings;
	return true;
}

extern const struct workload pft;
const struct workload pft = {
	.name          = "pft",
	.summary       = "the page fault test: all CPUs touch the pages of one mapping",
	.settings      = pft_settings,
	.settings_size = sizeof(struct pft),
	.needs_objects = true,
	.does_without  = without_objects,
	.create        = pft_create,
	.finish        = pft_finish,
	.operations    = pft_operations,
};
