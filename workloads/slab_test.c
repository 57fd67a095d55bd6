/*
 * slab-test: the in-kernel slab benchmark of C. Lameter and M. Desnoyers (2009).
 *
 * Own objects, on CPU 0 alone or on all CPUs at once:
 *	alloc-then-free    allocate N objects, a byte written to each; then free them in that order
 *	n-alloc-n-free     the same on all CPUs, a barrier between the phases
 *	pairs              N times allocate and free, no store into the object
 *	n-pairs            the same on all CPUs, with a byte written
 *	batch              N objects in runs of `batch`: allocate a run, shuffle it or not, free it
 *	                   (the loop of the later slub self-test)
 * Objects that change hands:
 *	remote-free        every CPU but 0 allocates N; then CPU 0 frees them all: cold remote frees
 *	one-alloc-n-free   CPU 0 allocates for each other CPU in turn, which frees at the same time
 *	n-alloc-one-free   the reverse, which the original does not have: CPU 0 frees, array by array
 *
 * `level: pages` runs them on page blocks, as pagealloc_test does: 4 bytes are written instead
 * of 1; the original counts to 1000 there. batch and the two concurrent ones have no original.
 *
 * Pointers lie in an array of N per CPU, eight to a line. That array is memory too, and in the
 * tests with other CPUs its lines bounce like the allocator's; `pointer_array: false` keeps it
 * out of the simulated machine, where nothing is handed over while both sides run.
 *
 * The original's quirks: in one-alloc-n-free consumers stop after N/CPUs objects each and the
 * rest leaks. `quirks: true` copies that (the rest is freed after the window); by default all N
 * are freed. The original also prints cycles of a whole loop divided by N for every CPU; here
 * cycles are those of each operation, without loop, array and store, so there is nothing to
 * divide. Its threads poll with long pauses between phases: here a barrier.
 *
 * Expect: pairs never miss; alloc-then-free takes the slow path for nearly every free; in
 * remote-free each free moves the object's line; one-alloc-n-free bounces slots up to 8 times.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/waiting.h"
#include "workloads/work.h"
#include "workloads/workload.h"

enum test {
	ALLOC_THEN_FREE, N_ALLOC_N_FREE, PAIRS, N_PAIRS, BATCH,
	REMOTE_FREE, ONE_ALLOC_N_FREE, N_ALLOC_ONE_FREE,
};
static const char *const tests[] = {
	"alloc-then-free", "n-alloc-n-free", "pairs", "n-pairs", "batch",
	"remote-free", "one-alloc-n-free", "n-alloc-one-free", NULL,
};

enum level { SLAB, PAGES };
static const char *const levels[] = { "slab", "pages", NULL };

struct slab_test {
	uint64_t count, object_size, order, batch, work_cycles;
	int test, level, cache;
	struct distribution work;
	bool pointer_array, shuffle, quirks;
};

/* clang-format off */
static const struct setting slab_test_settings[] = {
	SETTING(struct slab_test, test,          WORD,   .words = tests, .fallback = "alloc-then-free",
		.help = "which loop; see the header of workloads/slab_test.c"),
	SETTING(struct slab_test, count,         COUNT,  .min = 1, .max = 10000000, .fallback = "10000",
		.help = "objects per CPU, N"),
	SETTING(struct slab_test, level,         WORD,   .words = levels, .fallback = "slab",
		.help = "slab: objects of object_size; pages: blocks of 2^order pages"),
	SETTING(struct slab_test, object_size,   BYTES,  .min = 8, .max = 65536, .fallback = "64",
		.unit = "bytes", .help = "size of the objects"),
	SETTING(struct slab_test, cache,         WORD,   .words = source_words, .fallback = "kmalloc",
		.help = SOURCE_HELP "; the original has kmalloc"),
	SETTING(struct slab_test, order,         COUNT,  .min = 0, .max = MAX_ORDER - 1, .fallback = "0",
		.help = "of the page blocks of level pages"),
	SETTING(struct slab_test, batch,         COUNT,  .min = 1, .max = 10000000, .fallback = "1",
		.help = "objects in a run of the batch test"),
	SETTING(struct slab_test, shuffle,       SWITCH, .fallback = "false",
		.help = "free the runs of the batch test in random order"),
	SETTING(struct slab_test, work_cycles,   COUNT,  .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work before each allocation and each free, in the mean; the original has none"),
	SETTING_WORK(struct slab_test, "exponential"),
	SETTING(struct slab_test, pointer_array, SWITCH, .fallback = "true",
		.help = "keep the pointers in simulated memory"),
	SETTING(struct slab_test, quirks,        SWITCH, .fallback = "false",
		.help = "copy the original's quirk: consumers of one-alloc-n-free stop early"),
	{ 0 },
};
/* clang-format on */

struct slot {
	void *object;
};

static const struct field slot_fields[] = {
	FIELD(struct slot, object),
	{ 0 },
};
static const struct layout slot_layout = {
	"pointer", sizeof(struct slot), CLASS_WORKLOAD, slot_fields,
};

struct state {
	struct traffic *traffic;
	struct slab_test set;
	struct source source;
	unsigned cpus;                  /* of the machine */
	struct slot **array;            /* by CPU: N pointers, in the arena or on the host */
	struct barrier *barrier;
	struct thread *thread;          /* by CPU */
	struct work *work;
};

struct thread {
	struct state *all;
	uint64_t turns;                 /* at the barrier */
	struct draws work, order;
};

/* ---- one object, one pointer ------------------------------------------------------------ */

static void think(struct cpu *cpu, struct state *all)
{
	work_do(cpu, all->work, &all->thread[cpu_id(cpu)].work, all->set.work_cycles);
}

static void *get(struct cpu *cpu, struct state *all)
{
	think(cpu, all);
	if (all->set.level == PAGES)
		return traffic_pages_alloc(cpu, all->traffic, (unsigned)all->set.order, GFP_COMP);
	return source_alloc(cpu, all->traffic, &all->source);
}

static void put(struct cpu *cpu, struct state *all, void *object)
{
	think(cpu, all);
	if (all->set.level == PAGES)
		traffic_pages_free(cpu, all->traffic, object, (unsigned)all->set.order);
	else
		source_free(cpu, all->traffic, &all->source, object);
}

/* The store that follows an allocation and precedes a free: 1 byte of an object, 4 of a block. */
static void mark(struct cpu *cpu, const struct state *all, void *object)
{
	if (all->set.level == PAGES) {
		uint32_t *first = page_address(all->traffic->pages->memory, object);

		store(cpu, first, 1);
	} else {
		store(cpu, (uint8_t *)object, 1);
	}
}

static void set_pointer(struct cpu *cpu, const struct state *all, struct slot *slot, void *object)
{
	if (all->set.pointer_array)
		store(cpu, &slot->object, object);
	else
		slot->object = object;
}

static void *pointer(struct cpu *cpu, const struct state *all, struct slot *slot)
{
	if (all->set.pointer_array)
		return load(cpu, &slot->object);
	return slot->object;
}

static void meet(struct cpu *cpu, struct thread *thread)
{
	barrier_wait(cpu, thread->all->barrier, thread->all->cpus, ++thread->turns);
}

/* ---- loops ------------------------------------------------------------------------------- */

static void allocate_all(struct cpu *cpu, struct state *all)
{
	struct slot *mine = all->array[cpu_id(cpu)];

	for (uint64_t i = 0; i < all->set.count; i++) {
		void *object = get(cpu, all);

		set_pointer(cpu, all, &mine[i], object);
		mark(cpu, all, object);
	}
}

/* Frees what the array of CPU `owner` holds; null pointers are passed over. */
static void free_all(struct cpu *cpu, struct state *all, unsigned owner)
{
	for (uint64_t i = 0; i < all->set.count; i++) {
		void *object = pointer(cpu, all, &all->array[owner][i]);

		if (object) {
			mark(cpu, all, object);
			put(cpu, all, object);
		}
	}
}

static void alloc_then_free(struct cpu *cpu, struct thread *thread)
{
	allocate_all(cpu, thread->all);
	if (thread->all->set.test == N_ALLOC_N_FREE)
		meet(cpu, thread);
	free_all(cpu, thread->all, cpu_id(cpu));
}

static void pairs(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;

	for (uint64_t i = 0; i < all->set.count; i++) {
		void *object = get(cpu, all);

		if (all->set.test == N_PAIRS)
			mark(cpu, all, object);
		put(cpu, all, object);
	}
}

static void shuffle(struct cpu *cpu, struct thread *thread, struct slot *slot, uint64_t count)
{
	const struct state *all = thread->all;

	for (uint64_t i = count; i > 1; i--) {
		uint64_t j = draws_below(&thread->order, i);
		void *last = pointer(cpu, all, &slot[i - 1]);
		void *other = pointer(cpu, all, &slot[j]);

		set_pointer(cpu, all, &slot[i - 1], other);
		set_pointer(cpu, all, &slot[j], last);
	}
}

static void batches(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;
	struct slot *mine = all->array[cpu_id(cpu)];

	for (uint64_t done = 0; done < all->set.count; done += all->set.batch) {
		for (uint64_t i = 0; i < all->set.batch; i++) {
			void *object = get(cpu, all);

			set_pointer(cpu, all, &mine[i], object);
		}
		if (all->set.shuffle)
			shuffle(cpu, thread, mine, all->set.batch);
		for (uint64_t i = 0; i < all->set.batch; i++) {
			void *object = pointer(cpu, all, &mine[i]);

			put(cpu, all, object);
		}
	}
}

static void remote_free(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;

	if (cpu_id(cpu) != 0)
		allocate_all(cpu, all);
	else
		for (uint64_t i = 0; i < all->set.count; i++)
			set_pointer(cpu, all, &all->array[0][i], NULL);
	meet(cpu, thread);
	if (cpu_id(cpu) == 0)
		for (unsigned owner = 0; owner < all->cpus; owner++)
			free_all(cpu, all, owner);
}

/* ---- loops that hand over while both sides run -------------------------------------------- */

static void hand_out(struct cpu *cpu, struct state *all, struct slot *slot)
{
	void *object = get(cpu, all);

	mark(cpu, all, object);
	store(cpu, &slot->object, object);
}

static void take(struct cpu *cpu, struct state *all, struct slot *slot)
{
	void *object = await_full(cpu, &slot->object);

	mark(cpu, all, object);
	put(cpu, all, object);
	store(cpu, &slot->object, NULL);
}

/* How many objects each consumer of one-alloc-n-free takes within the window. */
static uint64_t taken_each(const struct slab_test *set, unsigned cpus)
{
	return set->quirks ? set->count / cpus : set->count;
}

static void one_alloc_n_free(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;
	uint64_t each = taken_each(&all->set, all->cpus);
	unsigned me = cpu_id(cpu);

	for (uint64_t i = 0; i < (me == 0 ? all->set.count : 0); i++)
		for (unsigned c = 1; c < all->cpus; c++)
			hand_out(cpu, all, &all->array[c][i]);
	for (uint64_t i = 0; i < (me == 0 ? 0 : each); i++)
		take(cpu, all, &all->array[me][i]);
	meet(cpu, thread);
	for (uint64_t i = each; i < (me == 0 ? 0 : all->set.count); i++)
		take(cpu, all, &all->array[me][i]);
}

static void n_alloc_one_free(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;
	unsigned me = cpu_id(cpu);

	for (uint64_t i = 0; i < all->set.count; i++) {
		if (me != 0) {
			hand_out(cpu, all, &all->array[me][i]);
			continue;
		}
		for (unsigned c = 1; c < all->cpus; c++)
			take(cpu, all, &all->array[c][i]);
	}
}

/* ---- the tests ---------------------------------------------------------------------------- */

static const struct {
	void (*run)(struct cpu *cpu, struct thread *thread);
	bool alone;                     /* CPU 0 only */
	bool hands_over;                /* the array is how: it must be simulated, and for two CPUs */
} test_table[] = {
	[ALLOC_THEN_FREE]  = { alloc_then_free, true, false },
	[N_ALLOC_N_FREE]   = { alloc_then_free, false, false },
	[PAIRS]            = { pairs, true, false },
	[N_PAIRS]          = { pairs, false, false },
	[BATCH]            = { batches, true, false },
	[REMOTE_FREE]      = { remote_free, false, false },
	[ONE_ALLOC_N_FREE] = { one_alloc_n_free, false, true },
	[N_ALLOC_ONE_FREE] = { n_alloc_one_free, false, true },
};

static void test_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;

	if (!test_table[thread->all->set.test].alone)
		meet(cpu, thread);
	test_table[thread->all->set.test].run(cpu, thread);
}

static bool is_remote(const struct slab_test *set)
{
	return test_table[set->test].hands_over || set->test == REMOTE_FREE;
}

static bool settings_agree(const struct slab_test *set, unsigned cpus, char *why, size_t size)
{
	if (is_remote(set) && cpus < 2)
		snprintf(why, size, "test '%s' needs two CPUs", tests[set->test]);
	else if (test_table[set->test].hands_over && !set->pointer_array)
		snprintf(
			why, size,
			"test '%s' hands objects over in the pointer array: 'pointer_array' must be true",
			tests[set->test]);
	else if (set->test == BATCH && set->count % set->batch)
		snprintf(why, size, "'count' must be a multiple of 'batch'");
	else if (set->level == SLAB && set->cache != SOURCE_KMALLOC && set->object_size > 8192)
		snprintf(why, size, "'object_size' above 8192 needs 'cache: kmalloc'");
	else
		return true;
	return false;
}

static bool slab_test_operations(const void *settings, unsigned cpus, uint64_t *warmup,
				 uint64_t *operations, char *why, size_t size)
{
	const struct slab_test *set = settings;
	uint64_t n = set->count;

	if (!settings_agree(set, cpus, why, size))
		return false;
	*warmup = 0;
	if (test_table[set->test].alone)
		*operations = 2 * n;
	else if (set->test == N_ALLOC_N_FREE || set->test == N_PAIRS)
		*operations = 2 * n * cpus;
	else if (set->test == ONE_ALLOC_N_FREE)
		*operations = (n + taken_each(set, cpus)) * (cpus - 1);
	else
		*operations = 2 * n * (cpus - 1);
	return true;
}

static void new_arrays(struct state *all)
{
	struct sim *sim = all->traffic->sim;
	bool batch = all->set.test == BATCH,
	     pairs_only = all->set.test == PAIRS || all->set.test == N_PAIRS;
	uint64_t count = batch ? all->set.batch : pairs_only ? 1 : all->set.count;
	unsigned arrays = test_table[all->set.test].alone ? 1 : all->cpus;

	all->array = xalloc(all->cpus * sizeof(struct slot *));
	for (unsigned i = 0; i < arrays; i++) {
		if (all->set.pointer_array)
			all->array[i] = arena_new(sim, struct slot, count, 0, LINE, &slot_layout,
						  "pointer");
		else
			all->array[i] = xalloc(count * sizeof(struct slot));
	}
}

static bool slab_test_create(struct traffic *traffic, const void *settings, void **state,
			     char *why, size_t size)
{
	const struct slab_test *set = settings;
	unsigned cpus = sim_cpus(traffic->sim);

	if (!settings_agree(set, cpus, why, size) ||
	    (set->level == SLAB && !source_fits(traffic, set->cache, why, size)))
		return false;
	struct state *all = xalloc(sizeof *all);

	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->cpus = cpus;
	all->thread = xalloc(cpus * sizeof *all->thread);
	if (set->level == SLAB)
		all->source = source_new(traffic, set->cache, set->object_size);
	all->barrier = barrier_new(traffic->sim);
	all->work = work_new(&set->work);
	new_arrays(all);
	for (unsigned i = 0; i < (test_table[set->test].alone ? 1 : cpus); i++) {
		all->thread[i].all = all;
		all->thread[i].work = draws_new(traffic->sim, i, 0);
		all->thread[i].order = draws_new(traffic->sim, i, 1);
		thread_start(traffic->sim, i, test_thread, &all->thread[i]);
	}
	return true;
}

static bool slab_test_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned i = 0; i < all->cpus && all->array && !all->set.pointer_array; i++)
		free(all->array[i]);
	free(all->array);
	free(all->thread);
	work_free(all->work);
	free(all);
	return traffic_all_back(traffic, why, size);
}

/* Objects of CPU 0 go to the others, or theirs to it. */
static void slab_test_partners(const void *settings, unsigned cpus, partner_pair *pair, void *to)
{
	const struct slab_test *set = settings;

	for (unsigned c = 1; c < cpus && is_remote(set); c++)
		pair(to, 0, c);
}

/* The loops of one CPU ask for no other: more CPUs are there and idle. */
static void slab_test_remarks(const void *state, void (*line)(void *to, const char *text), void *to)
{
	const struct state *all = state;
	char text[160];

	if (!test_table[all->set.test].alone || all->cpus == 1)
		return;
	snprintf(text, sizeof text, "test '%s' works on CPU 0 alone; the other %u CPU%s idle",
		 tests[all->set.test], all->cpus - 1, all->cpus == 2 ? " is" : "s are");
	line(to, text);
}

static bool slab_test_does_without(const void *settings)
{
	return ((const struct slab_test *)settings)->level == PAGES;
}

extern const struct workload slab_test;
const struct workload slab_test = {
	.name          = "slab-test",
	.summary       = "the in-kernel slab benchmark: loops of allocations and frees",
	.settings      = slab_test_settings,
	.settings_size = sizeof(struct slab_test),
	.needs_objects = true,
	.create        = slab_test_create,
	.finish        = slab_test_finish,
	.operations    = slab_test_operations,
	.does_without  = slab_test_does_without,
	.partners      = slab_test_partners,
	.remarks       = slab_test_remarks,
};
