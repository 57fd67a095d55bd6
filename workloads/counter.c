/*
 * counter: every CPU adds to a counter, without any allocator.
 *
 *	shared       one word for all CPUs
 *	neighbours   a word per CPU, eight to a line: false sharing
 *	padded       a line per CPU
 *
 * lock_add loses no count wherever the word lies. add (a read-modify-write without LOCK) and
 * store (the CPU writes what it has counted itself) lose counts on a shared word, which is why
 * finish() holds a shared word to the full sum for lock_add only.
 *
 * Expect: with one access per turn, a bounce per turn once several CPUs write one line, less
 * where a CPU gets several turns in before it loses the line; none when padded.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/work.h"
#include "workloads/workload.h"

enum arrangement { SHARED, NEIGHBOURS, PADDED };
static const char *const arrangements[] = { "shared", "neighbours", "padded", NULL };

enum how { LOCK_ADD, ADD, STORE };
static const char *const hows[] = { "lock_add", "add", "store", NULL };

struct counter {
	int counters, op;
	uint64_t work_cycles;
	struct distribution work;
};

/* clang-format off */
static const struct setting counter_settings[] = {
	SETTING(struct counter, counters,    WORD,  .words = arrangements, .fallback = "shared",
		.help = "one word for all CPUs, a word each in shared lines, or a line each"),
	SETTING(struct counter, op,          WORD,  .words = hows, .fallback = "lock_add",
		.help = "add with LOCK, add without, or a plain store"),
	SETTING(struct counter, work_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work between two turns, outside the operation"),
	SETTING_WORK(struct counter, "constant"),
	{ 0 },
};
/* clang-format on */

struct word {
	uint64_t count;
};

static const struct field word_fields[] = {
	FIELD(struct word, count),
	{ 0 },
};
static const struct layout word_layout = {
	"counter", sizeof(struct word), CLASS_WORKLOAD, word_fields,
};

/* A word with a line to itself: the rest of the line is never touched. */
struct padded_word {
	_Alignas(LINE) uint64_t count;
};

static const struct field padded_fields[] = {
	FIELD(struct padded_word, count),
	{ 0 },
};
static const struct layout padded_layout = {
	"padded counter", sizeof(struct padded_word), CLASS_WORKLOAD, padded_fields,
};

struct adder {                          /* host memory of one CPU */
	const struct counter *set;
	uint64_t *word;                 /* in the arena */
	uint64_t turns;
	const struct work *work;
	struct draws draws;
};

struct state {
	struct counter set;
	struct work *work;
	unsigned cpus;
	struct adder *adder;
};

static void count_once(struct cpu *cpu, struct adder *adder)
{
	adder->turns++;
	op_begin(cpu, OP_WORK);
	if (adder->set->op == LOCK_ADD)
		fetch_add(cpu, adder->word, 1);
	else if (adder->set->op == ADD)
		fetch_add_local(cpu, adder->word, 1);
	else
		store(cpu, adder->word, adder->turns);
	op_end(cpu, 0, 0);
}

static void adder_thread(struct cpu *cpu, void *argument)
{
	struct adder *adder = argument;

	while (!run_over(cpu)) {
		count_once(cpu, adder);
		work_do(cpu, adder->work, &adder->draws, adder->set->work_cycles);
	}
}

/* The word of CPU i. */
static uint64_t *word_of(void *memory, int counters, unsigned i)
{
	if (counters == SHARED)
		return &((struct word *)memory)->count;
	if (counters == NEIGHBOURS)
		return &((struct word *)memory)[i].count;
	return &((struct padded_word *)memory)[i].count;
}

static bool counter_create(struct traffic *traffic, const void *settings, void **state,
			   char *why, size_t size)
{
	struct sim *sim = traffic->sim;
	struct state *all = xalloc(sizeof *all);
	void *memory;

	(void)why, (void)size;
	*state = all;
	all->set = *(const struct counter *)settings;
	all->cpus = sim_cpus(sim);
	all->work = work_new(&all->set.work);
	all->adder = xalloc(all->cpus * sizeof *all->adder);
	if (all->set.counters == PADDED)
		memory = arena_new(sim, struct padded_word, all->cpus, 0, LINE, &padded_layout,
				   "counter");
	else
		memory = arena_new(sim, struct word, all->set.counters == SHARED ? 1 : all->cpus, 0,
				   LINE, &word_layout, "counter");
	for (unsigned i = 0; i < all->cpus; i++) {
		all->adder[i].set = &all->set;
		all->adder[i].work = all->work;
		all->adder[i].draws = draws_new(sim, i, 0);
		all->adder[i].word = word_of(memory, all->set.counters, i);
		thread_start(sim, i, adder_thread, &all->adder[i]);
	}
	return true;
}

static bool counter_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;
	bool shared = all->set.counters == SHARED, good = true;
	uint64_t turns = 0;

	(void)traffic;
	for (unsigned i = 0; i < all->cpus; i++) {
		uint64_t counted = *all->adder[i].word;

		turns += all->adder[i].turns;
		if (!shared && counted != all->adder[i].turns)
			good = false;
	}
	if (shared && all->set.op == LOCK_ADD && *all->adder[0].word != turns)
		good = false;
	if (!good)
		snprintf(why, size, "a counter lost turns: %" PRIu64 " were taken", turns);
	free(all->adder);
	work_free(all->work);
	free(all);
	return good;
}

extern const struct workload counter;
const struct workload counter = {
	.name          = "counter",
	.summary       = "every CPU adds to a counter: shared, falsely shared, or its own",
	.settings      = counter_settings,
	.settings_size = sizeof(struct counter),
	.create        = counter_create,
	.finish        = counter_finish,
};
