/*
 * cache-scratch, cache-thrash: does an allocator give lines away to several CPUs?
 *
 *	cache-thrash    every CPU:  allocate, write it `writes` times, free, again and again
 *	cache-scratch   before that CPU 0 allocates an object for each CPU, one after another, and the
 *	                first thing that each CPU does is to free the one that it was given
 *
 * After Berger's tests of Hoard. An object is smaller than a line. If the first objects of two CPUs
 * lie in one line the allocator made false sharing (active); if a CPU gets the object back that it
 * was given, beside those of others, it keeps false sharing that the program made (passive).
 *
 * Expect: no bounce of the payload per write is right; one per write is the failure. Caches that
 * begin on lines cannot fail.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/supply.h"
#include "workloads/waiting.h"

struct cache_scratch {
	SUPPLY_MEMBERS;
	uint64_t writes;
};

/* clang-format off */
static const struct setting cache_scratch_settings[] = {
	SUPPLY_SETTINGS(struct cache_scratch, "8"),
	SETTING(struct cache_scratch, writes, COUNT, .min = 1, .max = 1e9, .fallback = "100",
		.help = "times that an object is read and written before it is freed"),
	{ 0 },
};
/* clang-format on */

struct given {
	_Alignas(LINE) void *object;    /* NULL: not yet there */
};

static const struct field given_fields[] = {
	FIELD(struct given, object),
	{ 0 },
};
static const struct layout given_layout = { "given", sizeof(struct given), CLASS_WORKLOAD,
					    given_fields };

struct thread {
	struct state *all;
	struct supplied supplied;
};

struct state {
	struct cache_scratch set;
	struct supply supply;
	struct given *given;            /* by CPU; simulated; NULL: none are given */
	unsigned cpus;
	struct thread *thread;
};

/* CPU 0 hands out, then each takes its own and frees it. */
static void first_objects(struct cpu *cpu, struct thread *thread)
{
	const struct state *all = thread->all;
	uint32_t size = (uint32_t)all->set.object_size.high;
	void *object;

	if (cpu_id(cpu) == 0) {
		for (unsigned i = 0; i < all->cpus; i++) {
			object = supply_get(cpu, &all->supply, &thread->supplied, &size);
			store(cpu, &all->given[i].object, object);
		}
	}
	object = await_full(cpu, &all->given[cpu_id(cpu)].object);
	supply_put(cpu, &all->supply, object, size);
}

static void scratch_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	const struct state *all = thread->all;

	if (all->given)
		first_objects(cpu, thread);
	while (!run_over(cpu)) {
		uint32_t size;
		uint8_t *object = supply_get(cpu, &all->supply, &thread->supplied, &size);

		for (uint64_t i = 0; i < all->set.writes; i++)
			fetch_add_local(cpu, object, 1);
		supply_put(cpu, &all->supply, object, size);
	}
}

static struct state *state_new(struct traffic *traffic, const struct cache_scratch *set)
{
	struct state *all = xalloc(sizeof *all);

	all->set = *set;
	all->cpus = sim_cpus(traffic->sim);
	all->supply = supply_new(traffic, &SUPPLY_OPTIONS(set));
	all->thread = xalloc(all->cpus * sizeof *all->thread);
	for (unsigned i = 0; i < all->cpus; i++) {
		all->thread[i] = (struct thread){ all, supplied_new(traffic->sim, i) };
		thread_start(traffic->sim, i, scratch_thread, &all->thread[i]);
	}
	return all;
}

static bool cache_thrash_create(struct traffic *traffic, const void *settings, void **state,
				char *why, size_t size)
{
	(void)why, (void)size;
	*state = state_new(traffic, settings);
	return true;
}

static bool cache_scratch_create(struct traffic *traffic, const void *settings, void **state,
				 char *why, size_t size)
{
	const struct cache_scratch *set = settings;
	struct state *all;

	if (set->object_size.shape != SIZES_ONE) {
		snprintf(why, size, "the objects that are given are of one size: 'object_size' must "
				    "be a number");
		return false;
	}
	all = state_new(traffic, set);
	all->given = arena_new(traffic->sim, struct given, all->cpus, 0, LINE, &given_layout,
			       "given");
	*state = all;
	return true;
}

static bool cache_scratch_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	supply_free(&all->supply);
	free(all->thread);
	free(all);
	return traffic_all_back(traffic, why, size);
}

extern const struct workload cache_scratch, cache_thrash;
const struct workload cache_scratch = {
	.name          = "cache-scratch",
	.summary       = "a CPU frees an object beside others' and writes to the next one it gets",
	.settings      = cache_scratch_settings,
	.settings_size = sizeof(struct cache_scratch),
	.needs_objects = true,
	.create        = cache_scratch_create,
	.finish        = cache_scratch_finish,
};
const struct workload cache_thrash = {
	.name          = "cache-thrash",
	.summary       = "every CPU writes to small objects of its own",
	.settings      = cache_scratch_settings,
	.settings_size = sizeof(struct cache_scratch),
	.needs_objects = true,
	.create        = cache_thrash_create,
	.finish        = cache_scratch_finish,
};
