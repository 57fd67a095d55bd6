/*
 * larson: threads replace random objects of theirs, then leave them to a successor elsewhere.
 *
 *	CPU 0   [ o o o o o o ]   free slot i, allocate it anew, `replacements` times
 *	CPU 1   [ o o o o o o ]
 *	then the next CPU goes on with the same slots, and so its first frees are of another's objects
 *
 * After Larson and Krishnan's server benchmark. There a main thread allocates all blocks first,
 * permutes them and replaces each about four times; here CPU 0 allocates and permutes them, which
 * is before the window. A thread that ends starts its successor; here all CPUs move on together, a
 * barrier between. Pointers lie in simulated memory, eight to a line.
 *
 * Expect: remote frees come in waves, one per slot and generation; sizes of all kinds.
 * Left out: the fourfold replacement at the start.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/supply.h"
#include "workloads/waiting.h"

struct larson {
	SUPPLY_MEMBERS;
	uint64_t slots, replacements;
};

/* clang-format off */
static const struct setting larson_settings[] = {
	SUPPLY_SETTINGS(struct larson, "{uniform: [8, 1000]}"),
	SETTING(struct larson, slots,        COUNT, .min = 1, .max = 100000, .fallback = "1000",
		.help = "objects of a thread that are alive; in the original 5000, or 1000"),
	SETTING(struct larson, replacements, COUNT, .min = 1, .max = 1e9, .fallback = "10000",
		.help = "of a thread until its successor goes on, on the next CPU"),
	{ 0 },
};
/* clang-format on */

struct slot {
	void *object;
	uint64_t size;
};

static const struct field slot_fields[] = {
	FIELD(struct slot, object),
	FIELD(struct slot, size),
	{ 0 },
};
static const struct layout slot_layout = { "slot", sizeof(struct slot), CLASS_WORKLOAD,
					   slot_fields };

struct thread {
	struct state *all;
	struct supplied supplied;
	struct draws choice;
};

struct state {
	struct traffic *traffic;
	struct larson set;
	struct supply supply;
	unsigned cpus;
	struct slot **slots;            /* by thread; simulated */
	struct barrier *barrier;
	struct thread *thread;          /* by CPU */
};

static void fill(struct cpu *cpu, struct thread *thread, struct slot *slot)
{
	uint32_t size;
	void *object = supply_get(cpu, &thread->all->supply, &thread->supplied, &size);

	store(cpu, &slot->object, object);
	store(cpu, &slot->size, size);
}

static void empty(struct cpu *cpu, struct thread *thread, struct slot *slot)
{
	void *object = load(cpu, &slot->object);
	uint64_t size = load(cpu, &slot->size);

	supply_put(cpu, &thread->all->supply, object, (uint32_t)size);
}

static struct slot *slot_number(const struct state *all, uint64_t i)
{
	return &all->slots[i / all->set.slots][i % all->set.slots];
}

/* CPU 0: all objects of all threads, dealt at random. */
static void main_thread(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;
	uint64_t count = all->set.slots * all->cpus;

	for (uint64_t i = 0; i < count; i++)
		fill(cpu, thread, slot_number(all, i));
	for (uint64_t i = count; i > 1; i--) {
		struct slot *a = slot_number(all, i - 1);
		struct slot *b = slot_number(all, draws_below(&thread->choice, i));
		struct slot first = { load(cpu, &a->object), 0 }, second;

		first.size = load(cpu, &a->size);
		second.object = load(cpu, &b->object);
		second.size = load(cpu, &b->size);
		store(cpu, &a->object, second.object);
		store(cpu, &a->size, second.size);
		store(cpu, &b->object, first.object);
		store(cpu, &b->size, first.size);
	}
}

static void larson_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct state *all = thread->all;
	unsigned me = cpu_id(cpu);
	uint64_t turn = 1;
	struct slot *mine = all->slots[me];

	if (me == 0)
		main_thread(cpu, thread);
	for (; !barrier_over(cpu, all->barrier, all->cpus, turn, run_over(cpu)); turn++) {
		mine = all->slots[(me + turn - 1) % all->cpus];
		for (uint64_t i = 0; i < all->set.replacements && !run_over(cpu); i++) {
			struct slot *slot = &mine[draws_below(&thread->choice, all->set.slots)];

			empty(cpu, thread, slot);
			fill(cpu, thread, slot);
		}
	}
	for (uint64_t i = 0; i < all->set.slots; i++)
		empty(cpu, thread, &mine[i]);
}

static bool larson_create(struct traffic *traffic, const void *settings, void **state, char *why,
			  size_t size)
{
	const struct larson *set = settings;
	struct state *all = xalloc(sizeof *all);
	unsigned cpus = sim_cpus(traffic->sim);

	(void)why, (void)size;
	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->cpus = cpus;
	all->supply = supply_new(traffic, &SUPPLY_OPTIONS(set));
	all->barrier = barrier_new(traffic->sim);
	all->slots = xalloc(cpus * sizeof *all->slots);
	all->thread = xalloc(cpus * sizeof *all->thread);
	for (unsigned i = 0; i < cpus; i++) {
		all->slots[i] = arena_new(traffic->sim, struct slot, set->slots,
					  node_of_cpu(traffic->sim, i), LINE, &slot_layout, "slot");
		all->thread[i] = (struct thread){ all, supplied_new(traffic->sim, i),
						  draws_new(traffic->sim, i, 0) };
		thread_start(traffic->sim, i, larson_thread, &all->thread[i]);
	}
	return true;
}

static bool larson_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	supply_free(&all->supply);
	free(all->slots);
	free(all->thread);
	free(all);
	return traffic_all_back(traffic, why, size);
}

extern const struct workload larson;
const struct workload larson = {
	.name          = "larson",
	.summary       = "threads replace random objects of all sizes, then others go on with them",
	.settings      = larson_settings,
	.settings_size = sizeof(struct larson),
	.needs_objects = true,
	.create        = larson_create,
	.finish        = larson_finish,
};
