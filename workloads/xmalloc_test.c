/*
 * xmalloc-test: some CPUs allocate batches, others free them: all frees are remote.
 *
 *	CPU 0   allocate a batch and `batch` objects  ->  [lock, head -> batch -> batch]
 *	CPU 1   ...                                   ->         |
 *	CPU 2                     pop a batch, free its objects in order, free the batch
 *	CPU 3                     ...
 *
 * After C. Ramey's and D. Lea's xmalloc test as mimalloc-bench has it. There are as many allocators
 * as releasers; a batch has 4096 pointers and is itself allocated; one list under a mutex, last in
 * first out, with at most 100 batches in it. Chosen: a smaller batch by default, since a run here
 * is short; the mutex is a ticket lock; who finds the list full or empty waits for a change of its
 * length.
 *
 * Expect: `batch` allocations in a row, then as many frees elsewhere, at a distance of up to 100
 * batches: caches of CPUs overflow on one side and run dry on the other.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/supply.h"
#include "workloads/waiting.h"

struct xmalloc_test {
	SUPPLY_MEMBERS;
	uint64_t batch, depth, allocators;
};

enum { BATCH_MAX = 4096 };

/* clang-format off */
static const struct setting xmalloc_test_settings[] = {
	SUPPLY_SETTINGS(struct xmalloc_test, "64"),
	SETTING(struct xmalloc_test, batch,      COUNT, .min = 1, .max = BATCH_MAX, .fallback = "256",
		.help = "objects of a batch; in the original 4096"),
	SETTING(struct xmalloc_test, depth,      COUNT, .min = 1, .max = 10000, .fallback = "100",
		.help = "batches that may wait"),
	SETTING(struct xmalloc_test, allocators, COUNT, .min = 0, .max = 1024, .fallback = "0",
		.help = "CPUs that allocate, from CPU 0 on, the others free; 0: half of them"),
	{ 0 },
};
/* clang-format on */

/* An object of kmalloc. */
struct batch {
	struct batch *next;
	uint64_t count;
	struct { void *object; uint64_t size; } slot[];
};

struct list {
	_Alignas(LINE) struct spinlock lock;
	uint64_t length;                /* batches */
	struct batch *head;             /* the newest */
	uint64_t allocating;            /* CPUs that still allocate */
};

static const struct field list_fields[] = {
	FIELD(struct list, lock),
	FIELD(struct list, length),
	FIELD(struct list, head),
	FIELD(struct list, allocating),
	{ 0 },
};
static const struct layout list_layout = { "batches", sizeof(struct list), CLASS_WORKLOAD,
					   list_fields };

struct thread {
	struct state *all;
	struct supplied supplied;
};

struct state {
	struct traffic *traffic;
	struct xmalloc_test set;
	struct supply supply;
	struct list *list;              /* simulated */
	struct thread *thread;
};

static struct batch *batch_new(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;
	size_t bytes = sizeof(struct batch) + all->set.batch * sizeof(((struct batch *)0)->slot[0]);
	struct batch *batch = traffic_kmalloc(cpu, all->traffic, bytes);

	store(cpu, &batch->count, all->set.batch);
	for (uint64_t i = 0; i < all->set.batch; i++) {
		uint32_t size;
		void *object = supply_get(cpu, &all->supply, &thread->supplied, &size);

		store(cpu, &batch->slot[i].object, object);
		store(cpu, &batch->slot[i].size, size);
	}
	return batch;
}

static void batch_free(struct cpu *cpu, struct thread *thread, struct batch *batch)
{
	struct state *all = thread->all;
	uint64_t count = load(cpu, &batch->count);

	for (uint64_t i = 0; i < count; i++) {
		void *object = load(cpu, &batch->slot[i].object);
		uint64_t size = load(cpu, &batch->slot[i].size);

		work_do(cpu, all->supply.work, &thread->supplied.work, all->set.work_cycles);
		supply_put(cpu, &all->supply, object, (uint32_t)size);
	}
	traffic_kfree(cpu, all->traffic, batch);
}

/* False: the list is full. */
static bool push(struct cpu *cpu, struct list *list, struct batch *batch, uint64_t depth)
{
	uint64_t length;

	spin_lock(cpu, &list->lock, LOCK_TICKET);
	length = load(cpu, &list->length);
	if (length < depth) {
		struct batch *head = load(cpu, &list->head);

		store(cpu, &batch->next, head);
		store(cpu, &list->head, batch);
		store(cpu, &list->length, length + 1);
	}
	spin_unlock(cpu, &list->lock, LOCK_TICKET);
	return length < depth;
}

/* NULL: the list is empty. */
static struct batch *pop(struct cpu *cpu, struct list *list)
{
	struct batch *batch;

	spin_lock(cpu, &list->lock, LOCK_TICKET);
	batch = load(cpu, &list->head);
	if (batch) {
		struct batch *next = load(cpu, &batch->next);

		store(cpu, &list->head, next);
		fetch_add_local(cpu, &list->length, -1);
	}
	spin_unlock(cpu, &list->lock, LOCK_TICKET);
	return batch;
}

static void await_room(struct cpu *cpu, struct list *list, uint64_t depth)
{
	enum waiting before = waiting(cpu, WAITING_IDLE);

	spin_while(cpu, &list->length, value >= depth, STEP_PAUSE);
	waiting(cpu, before);
}

static void allocator_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct state *all = thread->all;

	while (!run_over(cpu)) {
		struct batch *batch = batch_new(cpu, thread);

		while (!push(cpu, all->list, batch, all->set.depth))
			await_room(cpu, all->list, all->set.depth);
	}
	fetch_add(cpu, &all->list->allocating, -1);
}

/* Waits for a batch, or for the end of all allocators; false: there is nothing to come. */
static bool await_batch(struct cpu *cpu, struct list *list)
{
	enum waiting before = waiting(cpu, WAITING_IDLE);
	uint64_t allocating = load(cpu, &list->allocating);     /* first: what they left is there */
	uint64_t length = load(cpu, &list->length);

	while (!length && allocating) {
		compute(cpu, STEP_PAUSE);
		allocating = load_again(cpu, &list->allocating, allocating);
		length = load_again(cpu, &list->length, length);
	}
	waiting(cpu, before);
	return length;
}

static void releaser_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct list *list = thread->all->list;

	while (await_batch(cpu, list)) {
		struct batch *batch = pop(cpu, list);

		if (batch)
			batch_free(cpu, thread, batch);
	}
}

static bool xmalloc_test_create(struct traffic *traffic, const void *settings, void **state,
				char *why, size_t size)
{
	const struct xmalloc_test *set = settings;
	unsigned cpus = sim_cpus(traffic->sim);
	uint64_t allocators = set->allocators ? set->allocators : (cpus + 1) / 2;
	struct state *all;

	if (allocators >= cpus) {
		snprintf(why, size, "%u CPUs are too few: beside those that allocate one must free",
			 cpus);
		return false;
	}
	all = xalloc(sizeof *all);
	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->supply = supply_new(traffic, &SUPPLY_OPTIONS(set));
	all->list = arena_new(traffic->sim, struct list, 1, 0, LINE, &list_layout, "batches");
	spin_lock_init(&all->list->lock, LOCK_TICKET);
	all->list->allocating = allocators;
	all->thread = xalloc(cpus * sizeof *all->thread);
	for (unsigned i = 0; i < cpus; i++) {
		all->thread[i] = (struct thread){ all, supplied_new(traffic->sim, i) };
		thread_start(traffic->sim, i, i < allocators ? allocator_thread : releaser_thread,
			     &all->thread[i]);
	}
	return true;
}

static bool xmalloc_test_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	supply_free(&all->supply);
	free(all->thread);
	free(all);
	return traffic_all_back(traffic, why, size);
}

extern const struct workload xmalloc_test;
const struct workload xmalloc_test = {
	.name          = "xmalloc-test",
	.summary       = "some CPUs allocate batches, others free them: all frees are remote",
	.settings      = xmalloc_test_settings,
	.settings_size = sizeof(struct xmalloc_test),
	.needs_objects = true,
	.create        = xmalloc_test_create,
	.finish        = xmalloc_test_finish,
};
