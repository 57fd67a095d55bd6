/*
 * slab-refill: what the page allocator below costs an object allocator.
 *
 *	round after round, on each CPU:  the objects of k slabs are allocated, none is touched,
 *	                              then all are freed in that order
 *
 * With k above what the object allocator keeps for a CPU and a node, slabs come from the page
 * allocator and go back to it in each round: page_allocs and page_frees say how many did.
 *
 * Expect: the same cost per object on every page allocator but for its share of a slab.
 */
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/waiting.h"
#include "workloads/work.h"
#include "workloads/workload.h"

struct slab_refill {
	uint64_t slabs, object_size, work_cycles;
	int cache;
	struct distribution work;
};

/* clang-format off */
static const struct setting slab_refill_settings[] = {
	SETTING(struct slab_refill, slabs,       COUNT, .min = 1, .max = 100000, .fallback = "64",
		.help = "slabs' worth of objects that each CPU allocates in a round"),
	SETTING(struct slab_refill, object_size, BYTES, .min = 8, .max = 8192, .fallback = "256",
		.unit = "bytes", .help = "size of the objects"),
	SETTING(struct slab_refill, cache,       WORD,  .words = source_words, .fallback = "kmem_cache",
		.help = SOURCE_HELP),
	SETTING(struct slab_refill, work_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work before each allocation and each free, in the mean"),
	SETTING_WORK(struct slab_refill, "exponential"),
	{ 0 },
};
/* clang-format on */

struct state {
	struct traffic *traffic;
	struct slab_refill set;
	struct source source;
	struct work *work;
	struct barrier *barrier;
	struct thread *thread;          /* by CPU */
	uint64_t objects;               /* of a CPU and round */
	unsigned cpus;
};

struct thread {
	struct state *all;
	void **object;                  /* host memory: no access */
	struct draws draws;
};

static void refill_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct state *all = thread->all;

	barrier_wait(cpu, all->barrier, all->cpus, 1);
	while (!run_over(cpu)) {
		for (uint64_t i = 0; i < all->objects; i++) {
			work_do(cpu, all->work, &thread->draws, all->set.work_cycles);
			thread->object[i] = source_alloc(cpu, all->traffic, &all->source);
		}
		for (uint64_t i = 0; i < all->objects; i++) {
			work_do(cpu, all->work, &thread->draws, all->set.work_cycles);
			source_free(cpu, all->traffic, &all->source, thread->object[i]);
		}
	}
}

/* The slab of a kmalloc size is that of its class. */
static unsigned slab_objects(const struct traffic *traffic, const struct source *source)
{
	const struct objects *objects = traffic->objects;
	struct kmem_cache *cache = source->cache;

	if (!cache)
		cache = objects->model->kmalloc_cache(objects->state, source->size);
	return cache ? objects->model->objects_per_slab(cache) : 1;
}

static bool slab_refill_create(struct traffic *traffic, const void *settings, void **state,
			       char *why, size_t size)
{
	const struct slab_refill *set = settings;
	unsigned cpus = sim_cpus(traffic->sim);
	struct state *all;

	if (!source_fits(traffic, set->cache, why, size))
		return false;
	all = xalloc(sizeof *all);
	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->cpus = cpus;
	all->source = source_new(traffic, set->cache, set->object_size);
	all->objects = set->slabs * slab_objects(traffic, &all->source);
	all->work = work_new(&set->work);
	all->barrier = barrier_new(traffic->sim);
	all->thread = xalloc(cpus * sizeof *all->thread);
	for (unsigned i = 0; i < cpus; i++) {
		all->thread[i].all = all;
		all->thread[i].draws = draws_new(traffic->sim, i, 0);
		all->thread[i].object = xalloc(all->objects * sizeof(void *));
		thread_start(traffic->sim, i, refill_thread, &all->thread[i]);
	}
	return true;
}

static bool slab_refill_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned i = 0; i < all->cpus; i++)
		free(all->thread[i].object);
	free(all->thread);
	work_free(all->work);
	free(all);
	return traffic_all_back(traffic, why, size);
}

extern const struct workload slab_refill;
const struct workload slab_refill = {
	.name          = "slab-refill",
	.summary       = "object allocators asking for slabs: more objects than they keep, round by round",
	.settings      = slab_refill_settings,
	.settings_size = sizeof(struct slab_refill),
	.needs_objects = true,
	.create        = slab_refill_create,
	.finish        = slab_refill_finish,
};
