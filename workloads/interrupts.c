/*
 * Devices beside a workload (interrupts.h).
 *
 *	alloc       o            each interrupt takes one; the one that finds `hold` of them frees
 *	            o o          them all first
 *	            o o o
 *	            o
 *	free        o o o        each interrupt frees one; the one that finds none takes `hold` first
 *	            o o
 *	alloc-free  o o o        each takes one and frees the one that was taken `hold` before
 *
 * A CPU has a device of its own. Its next interrupt comes `every` cycles after the handler is
 * done, so that handlers never take all of its time.
 */
#include "workloads/interrupts.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"

enum { DRAWS = 64, HOLD_MAX = 4096 };   /* DRAWS: a stream that no workload uses */

struct device {
	struct devices *all;
	struct draws draws;
	void **object;                  /* a ring, host memory: no access */
	uint64_t oldest, count;
};

struct devices {
	struct traffic *traffic;
	struct interrupts set;
	struct source source;
	struct work *work;
	struct device *device;          /* [cpus] */
	unsigned cpus;
};

static const char *const does_words[] = {
	[DOES_ALLOC] = "alloc", [DOES_FREE] = "free", [DOES_ALLOC_FREE] = "alloc-free", NULL
};
static const char *const cache_words[] = { [CACHE_OWN] = "own", [CACHE_SAME] = "same", NULL };

/* clang-format off */
const struct setting interrupts_settings[] = {
	SETTING(struct interrupts, every, COUNT, .min = 0, .max = 1e9, .fallback = "0", .unit = "cycles",
		.help = "from the end of a handler to the next interrupt on its CPU, in the mean; 0: there are none"),
	SETTING_WORK(struct interrupts, "exponential"),
	SETTING(struct interrupts, cpus, COUNT, .min = 0, .max = 1024, .fallback = "0",
		.help = "CPUs that are interrupted, from CPU 0 on; 0, or more than there are: all"),
	SETTING(struct interrupts, does, WORD, .words = does_words, .fallback = "alloc-free",
		.help = "what a handler does: takes an object (all are freed once 'hold' are held), frees one (of 'hold' that are taken at a time), or takes one and frees the one taken 'hold' before"),
	SETTING(struct interrupts, cache, WORD, .words = cache_words, .fallback = "own",
		.help = "a cache of the devices' own, or the one that the workload takes from"),
	SETTING(struct interrupts, object_size, BYTES, .min = 8, .max = 4096, .fallback = "256", .unit = "bytes",
		.help = "size of the objects of their own cache"),
	SETTING(struct interrupts, hold, COUNT, .min = 0, .max = HOLD_MAX, .fallback = "16",
		.help = "objects that the device of a CPU holds at most; those it holds at the end it keeps"),
	{ 0 },
};
/* clang-format on */

static void take(struct cpu *cpu, struct device *device)
{
	struct devices *all = device->all;
	uint64_t at = (device->oldest + device->count++) % (all->set.hold + 1);

	device->object[at] = source_alloc(cpu, all->traffic, &all->source);
	all->traffic->held++;
}

static void give_oldest(struct cpu *cpu, struct device *device)
{
	struct devices *all = device->all;
	void *object = device->object[device->oldest];

	device->oldest = (device->oldest + 1) % (all->set.hold + 1);
	device->count--;
	all->traffic->held--;
	source_free(cpu, all->traffic, &all->source, object);
}

static void take_and_give(struct cpu *cpu, struct device *device)
{
	uint64_t hold = device->all->set.hold;

	switch ((enum interrupts_do)device->all->set.does) {
	case DOES_ALLOC:
		if (device->count >= hold)
			while (device->count)
				give_oldest(cpu, device);
		take(cpu, device);
		break;
	case DOES_FREE:
		if (!device->count)
			do
				take(cpu, device);
			while (device->count < hold);
		give_oldest(cpu, device);
		break;
	case DOES_ALLOC_FREE:
		take(cpu, device);
		if (device->count > hold)
			give_oldest(cpu, device);
		break;
	}
}

static uint64_t next_gap(struct device *device)
{
	uint64_t gap = draws_work(&device->draws, device->all->work, device->all->set.every);

	return gap ? gap : 1;
}

static void handler(struct cpu *cpu, void *argument)
{
	struct device *device = argument;

	take_and_give(cpu, device);
	background_again(cpu, next_gap(device), handler, device);
}

static bool find_source(struct devices *all, char *why, size_t size)
{
	const struct objects *objects = all->traffic->objects;
	const struct source *same = &all->traffic->source;

	if (!objects) {
		snprintf(why, size, "'interrupts' take objects, and 'objects' is none");
	} else if (all->set.cache == CACHE_OWN) {
		all->source.cache = objects->model->cache_create(
			objects->state, "devices", (unsigned)all->set.object_size, 0);
		return true;
	} else if (!same->size) {
		snprintf(why, size, "'cache' of 'interrupts' is same, and the workload has no "
				    "cache of its own; 'cache: own'");
	} else if (!same->cache && !objects->model->kmalloc_cache(objects->state, same->size)) {
		snprintf(why, size, "'cache' of 'interrupts' is same, and the workload's objects "
				    "are pages, of no cache");
	} else {
		all->source = *same;
		return true;
	}
	return false;
}

static void start_device(struct devices *all, unsigned id, uint64_t start)
{
	struct device *device = &all->device[id];
	struct sim *sim = all->traffic->sim;

	device->all = all;
	device->draws = draws_new(sim, id, DRAWS);
	device->object = xalloc((all->set.hold + 1) * sizeof *device->object);
	background_add(sim, id, start + next_gap(device), 0, handler, device);
}

struct devices *devices_new(struct traffic *traffic, const struct interrupts *settings,
			    uint64_t start, char *why, size_t size)
{
	unsigned cpus = sim_cpus(traffic->sim);
	struct devices *all;

	*why = '\0';
	if (!settings->every)
		return NULL;
	all = xalloc(sizeof *all);
	all->traffic = traffic;
	all->set = *settings;
	if (!find_source(all, why, size)) {
		free(all);
		return NULL;
	}
	if (settings->cpus && settings->cpus < cpus)
		cpus = (unsigned)settings->cpus;
	all->cpus = cpus;
	all->work = work_new(&settings->work);
	all->device = xalloc(cpus * sizeof *all->device);
	for (unsigned id = 0; id < cpus; id++)
		start_device(all, id, start);
	return all;
}

void devices_free(struct devices *all)
{
	if (!all)
		return;
	for (unsigned id = 0; id < all->cpus; id++)
		free(all->device[id].object);
	free(all->device);
	work_free(all->work);
	free(all);
}
