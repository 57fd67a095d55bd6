/*
 * queues: elements go from CPU to CPU through a queue in an array; without an allocator.
 *
 *	ring    CPU 0 -> ring -> CPU 1, CPU 2 -> ring -> CPU 3 ...      one producer, one consumer
 *	mpmc    CPUs 0, 2, 4 ... -> one queue -> CPUs 1, 3, 5 ...       any number of both
 *
 * An operation is one element put in or one taken out; of a batch of n each has an n-th of the time.
 *
 * ring: `in` counts what was put in, `out` what was taken out; each is written by one side alone, and
 * the other side reads it to see how much there is, or how much room.
 *	shared      both in one line
 *	separate    a line each
 *	cached      a line each, and beside it what this side saw last of the other's: it reads the
 *	            other's only when that is not enough
 * A batch is written, or read, and then counted at once.
 *
 * mpmc: each slot has a number that says for which turn it is free or full, so CPUs compete for `in`
 * and `out` by compare-and-exchange and nobody reads the other side's (after D. Vyukov's bounded
 * queue). `cached` is not of this one.
 *
 * True at the end, and told at once where it can be:
 *   (1) each element that was put in was taken out, once;
 *   (2) a consumer sees the elements of one producer in their order.
 * After its last element a producer puts in an end, mpmc's last one as many as there are consumers;
 * ends are no operations.
 *
 * Expect: in a ring with shared indices each element moves the line of the indices back and forth;
 * cached ones move only when the ring looks full or empty. A batch pays for one such line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"
#include "workloads/work.h"
#include "workloads/workload.h"

enum { RING, MPMC };
static const char *const queue_words[] = { "ring", "mpmc", NULL };

enum { SHARED, SEPARATE, CACHED };
static const char *const index_words[] = { "shared", "separate", "cached", NULL };

struct queues {
	int queue, indices;
	uint64_t depth, batch, produce_cycles, consume_cycles;
	struct distribution work;
};

enum { DEPTH_MAX = 1 << 16, BATCH_MAX = 1024 };

/* clang-format off */
static const struct setting queues_settings[] = {
	SETTING(struct queues, queue,          WORD,  .words = queue_words, .fallback = "ring",
		.help = "one producer and one consumer each, or one queue for all"),
	SETTING(struct queues, indices,        WORD,  .words = index_words, .fallback = "shared",
		.help = "in one line, in a line each, or so with a copy of the other side's"),
	SETTING(struct queues, depth,          COUNT, .min = 1, .max = DEPTH_MAX, .fallback = "256",
		.help = "elements that a queue holds"),
	SETTING(struct queues, batch,          COUNT, .min = 1, .max = BATCH_MAX, .fallback = "1",
		.help = "elements that are put in at once; at most so many are taken out"),
	SETTING(struct queues, produce_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work before each element is put in, in the mean"),
	SETTING(struct queues, consume_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work after each element is taken out, in the mean"),
	SETTING_WORK(struct queues, "exponential"),
	{ 0 },
};
/* clang-format on */

/* ---- memory ---------------------------------------------------------------------------------- */

struct indices {
	_Alignas(LINE) uint64_t in;     /* producers write it */
	uint64_t out_beside;            /* consumers do: `shared`, */
	uint64_t out_seen;              /* cached: the producer's copy of `out` */
	_Alignas(LINE) uint64_t out;    /* and else */
	uint64_t in_seen;               /* cached: the consumer's copy of `in` */
	_Alignas(LINE) uint64_t producers;      /* mpmc: that have not ended */
};

static const struct field indices_fields[] = {
	FIELD(struct indices, in),
	FIELD(struct indices, out_beside),
	FIELD(struct indices, out_seen),
	FIELD(struct indices, out),
	FIELD(struct indices, in_seen),
	FIELD(struct indices, producers),
	{ 0 },
};
static const struct layout indices_layout = {
	"indices", sizeof(struct indices), CLASS_WORKLOAD, indices_fields,
};

/* Of a ring: eight to a line. */
static const struct layout element_layout = { "element", sizeof(uint64_t), CLASS_WORKLOAD, NULL };

struct slot {                           /* of mpmc: four to a line */
	uint64_t turn;                  /* 2 * n: free for the n-th time; 2 * n + 1: full */
	uint64_t element;
};

static const struct field slot_fields[] = {
	FIELD(struct slot, turn),
	FIELD(struct slot, element),
	{ 0 },
};
static const struct layout slot_layout = {
	"slot", sizeof(struct slot), CLASS_WORKLOAD, slot_fields,
};

static const uint64_t END = UINT64_MAX;

/* ---- host memory ----------------------------------------------------------------------------- */

struct queue {
	struct indices *indices;
	uint64_t *out;
	uint64_t *element;              /* ring */
	struct slot *slot;              /* mpmc */
};

/* What a consumer had of a producer. */
struct had {
	uint64_t count, sum, next;      /* of numbers; next: larger than any */
};

struct worker {                         /* of one CPU */
	struct state *all;
	const struct queue *queue;
	unsigned id;
	uint64_t made;                  /* producers: elements */
	struct had *had;                /* consumers: by CPU of the producer */
	struct draws draws;
};

struct state {
	struct queues set;
	unsigned cpus, pairs;           /* the CPU that is left over idles */
	struct queue *queue;
	struct work *work;
	struct worker *worker;          /* the first 2 * pairs work */
};

/* The next element of this producer: what number it has, and whose it is. */
static uint64_t next_element(struct worker *w)
{
	return w->made++ * w->all->cpus + w->id;
}

static void note_element(struct cpu *cpu, struct worker *w, uint64_t element)
{
	uint64_t producer = element % w->all->cpus, number = element / w->all->cpus;
	struct had *had = &w->had[producer];

	if (number < had->next)
		BUG(cpu, "an element came twice, or behind a later one");
	if (w->all->set.queue == RING && (producer != w->id - 1 || number != had->next))
		BUG(cpu, "an element is lost");
	had->count++;
	had->sum += number;
	had->next = number + 1;
}

static uint64_t await_at_least(struct cpu *cpu, uint64_t *word, uint64_t least)
{
	enum waiting before = waiting(cpu, WAITING_IDLE);
	uint64_t now = spin_while(cpu, word, value < least, STEP_PAUSE);

	waiting(cpu, before);
	return now;
}

/* ---- ring ------------------------------------------------------------------------------------ */

/*
 * The other side's index, of which at most `least` is enough: a copy of it, if there is one, else
 * itself; waits until it is enough.
 */
static uint64_t await_index(struct cpu *cpu, uint64_t *index, uint64_t *copy, uint64_t least)
{
	uint64_t now;

	if (copy) {
		now = load(cpu, copy);
		if (now >= least)
			return now;
	}
	now = load(cpu, index);
	if (now < least)
		now = await_at_least(cpu, index, least);
	if (copy)
		store(cpu, copy, now);
	return now;
}

static void ring_put(struct cpu *cpu, struct worker *w, const uint64_t *element, uint64_t count)
{
	const struct queue *q = w->queue;
	uint64_t depth = w->all->set.depth, in = load(cpu, &q->indices->in);

	if (in + count > depth)
		await_index(cpu, q->out,
			    w->all->set.indices == CACHED ? &q->indices->out_seen : NULL,
			    in + count - depth);
	for (uint64_t i = 0; i < count; i++)
		store(cpu, &q->element[(in + i) % depth], element[i]);
	store(cpu, &q->indices->in, in + count);
}

static uint64_t ring_take(struct cpu *cpu, struct worker *w, uint64_t *element, uint64_t most)
{
	const struct queue *q = w->queue;
	uint64_t depth = w->all->set.depth, out = load(cpu, q->out);
	uint64_t in = await_index(cpu, &q->indices->in,
				  w->all->set.indices == CACHED ? &q->indices->in_seen : NULL,
				  out + 1);
	uint64_t count = in - out < most ? in - out : most;

	for (uint64_t i = 0; i < count; i++)
		element[i] = load(cpu, &q->element[(out + i) % depth]);
	store(cpu, q->out, out + count);
	return count;
}

/* ---- mpmc ------------------------------------------------------------------------------------ */

/* The turn of the slot that element number `at` goes to, when it is free, or (`full`) filled. */
static uint64_t turn_of(const struct worker *w, uint64_t at, uint64_t full)
{
	return 2 * (at / w->all->set.depth) + full;
}

static struct slot *slot_of(const struct worker *w, uint64_t at)
{
	return &w->queue->slot[at % w->all->set.depth];
}

/* How many slots from number `at` on are ready, `most` at most; the turn that the first other one
 * has goes to *turn. */
static uint64_t slots_ready(struct cpu *cpu, const struct worker *w, uint64_t at, uint64_t full,
			    uint64_t most, uint64_t *turn)
{
	uint64_t count = 0;

	*turn = 0;
	while (count < most) {
		*turn = load(cpu, &slot_of(w, at + count)->turn);
		if (*turn != turn_of(w, at + count, full))
			break;
		count++;
	}
	return count;
}

/* Slots of one's own, `least` to `most` of them from *at on; returns how many. A slot that is ahead
 * of its turn tells that the index has moved on. */
static uint64_t claim(struct cpu *cpu, const struct worker *w, uint64_t *index, uint64_t full,
		      uint64_t least, uint64_t most, uint64_t *at)
{
	for (;;) {
		uint64_t from = load(cpu, index), turn, wanted;
		uint64_t count = slots_ready(cpu, w, from, full, most, &turn);

		*at = from;
		if (count >= least) {
			if (cas(cpu, index, from, from + count))
				return count;
			continue;
		}
		wanted = turn_of(w, from + count, full);
		if (turn < wanted)
			await_at_least(cpu, &slot_of(w, from + count)->turn, wanted);
	}
}

static void mpmc_put(struct cpu *cpu, struct worker *w, const uint64_t *element, uint64_t count)
{
	uint64_t at;

	claim(cpu, w, &w->queue->indices->in, 0, count, count, &at);
	for (uint64_t i = 0; i < count; i++) {
		struct slot *slot = slot_of(w, at + i);

		store(cpu, &slot->element, element[i]);
		store(cpu, &slot->turn, turn_of(w, at + i, 1));
	}
}

static uint64_t mpmc_take(struct cpu *cpu, struct worker *w, uint64_t *element, uint64_t most)
{
	uint64_t at, count = claim(cpu, w, w->queue->out, 1, 1, most, &at);

	for (uint64_t i = 0; i < count; i++) {
		struct slot *slot = slot_of(w, at + i);

		element[i] = load(cpu, &slot->element);
		store(cpu, &slot->turn, turn_of(w, at + i, 2));
	}
	return count;
}

/* ---- threads --------------------------------------------------------------------------------- */

static void put(struct cpu *cpu, struct worker *w, const uint64_t *element, uint64_t count)
{
	if (w->all->set.queue == RING)
		ring_put(cpu, w, element, count);
	else
		mpmc_put(cpu, w, element, count);
}

static uint64_t take(struct cpu *cpu, struct worker *w, uint64_t *element, uint64_t most)
{
	return w->all->set.queue == RING ? ring_take(cpu, w, element, most)
					 : mpmc_take(cpu, w, element, most);
}

/* Ends for all consumers, from the last producer. */
static void put_ends(struct cpu *cpu, struct worker *w, uint64_t ends)
{
	while (ends--)
		put(cpu, w, &END, 1);
}

static void producer_thread(struct cpu *cpu, void *argument)
{
	struct worker *w = argument;
	const struct queues *set = &w->all->set;
	uint64_t element[BATCH_MAX];

	while (!run_over(cpu)) {
		for (uint64_t i = 0; i < set->batch; i++) {
			work_do(cpu, w->all->work, &w->draws, set->produce_cycles);
			element[i] = next_element(w);
		}
		op_begin(cpu, OP_WORK);
		op_pieces(cpu, (unsigned)set->batch);
		path(cpu, "put");
		put(cpu, w, element, set->batch);
		op_end(cpu, 0, 0);
	}
	if (set->queue == RING)
		put_ends(cpu, w, 1);
	else if (fetch_add(cpu, &w->queue->indices->producers, -1) == 1)
		put_ends(cpu, w, w->all->pairs);
}

static void consumer_thread(struct cpu *cpu, void *argument)
{
	struct worker *w = argument;
	const struct queues *set = &w->all->set;
	uint64_t element[BATCH_MAX], ends = 0;

	while (!ends) {
		uint64_t count;

		op_begin(cpu, OP_WORK);
		path(cpu, "take");
		count = take(cpu, w, element, set->batch);
		op_pieces(cpu, (unsigned)count);
		op_end(cpu, 0, 0);
		for (uint64_t i = 0; i < count; i++) {
			if (element[i] == END) {
				ends++;
				continue;
			}
			note_element(cpu, w, element[i]);
			work_do(cpu, w->all->work, &w->draws, set->consume_cycles);
		}
	}
	put_ends(cpu, w, ends - 1);     /* those of others */
}

/* ---- set-up ---------------------------------------------------------------------------------- */

static void queues_restart(struct traffic *traffic, void *state)
{
	struct state *all = state;

	for (unsigned i = 0; i < 2 * all->pairs; i++) {
		struct worker *w = &all->worker[i];

		w->all = all;
		w->id = i;
		w->queue = &all->queue[all->set.queue == RING ? i / 2 : 0];
		w->made = 0;
		memset(w->had, 0, all->cpus * sizeof *w->had);
		w->draws = draws_new(traffic->sim, i, 0);
		thread_start(traffic->sim, i, i % 2 ? consumer_thread : producer_thread, w);
	}
}

static void queue_new(struct sim *sim, const struct state *all, struct queue *queue, unsigned node)
{
	uint64_t depth = all->set.depth;

	queue->indices = arena_new(sim, struct indices, 1, node, LINE, &indices_layout, "indices");
	queue->indices->producers = all->pairs;
	queue->out = all->set.indices == SHARED ? &queue->indices->out_beside
						: &queue->indices->out;
	if (all->set.queue == RING)
		queue->element = arena_new(sim, uint64_t, depth, node, LINE, &element_layout,
					   "element");
	else
		queue->slot = arena_new(sim, struct slot, depth, node, LINE, &slot_layout, "slot");
}

static bool queues_fit(const void *settings, unsigned cpus, uint64_t *warmup, uint64_t *operations,
		       char *why, size_t size)
{
	const struct queues *set = settings;

	(void)warmup, (void)operations;
	if (cpus < 2)
		snprintf(why, size, "a queue is between two CPUs at least");
	else if (set->batch > set->depth)
		snprintf(why, size, "a batch of %" PRIu64 " does not go into a queue of %" PRIu64,
			 set->batch, set->depth);
	else if (set->queue == MPMC && set->indices == CACHED)
		snprintf(why, size, "'indices: cached' is of rings; in 'mpmc' nobody reads the "
			 "other side's");
	else
		return true;
	return false;
}

static bool queues_create(struct traffic *traffic, const void *settings, void **state, char *why,
			  size_t size)
{
	const struct queues *set = settings;
	unsigned cpus = sim_cpus(traffic->sim), queues;
	struct state *all;

	(void)why, (void)size;
	all = xalloc(sizeof *all);
	*state = all;
	all->set = *set;
	all->cpus = cpus;
	all->pairs = cpus / 2;
	all->work = work_new(&set->work);
	queues = set->queue == RING ? all->pairs : 1;
	all->queue = xalloc(queues * sizeof *all->queue);
	for (unsigned i = 0; i < queues; i++)
		queue_new(traffic->sim, all, &all->queue[i], node_of_cpu(traffic->sim, 2 * i));
	all->worker = xalloc(2 * all->pairs * sizeof *all->worker);
	for (unsigned i = 0; i < 2 * all->pairs; i++)
		all->worker[i].had = xalloc(cpus * sizeof *all->worker[i].had);
	queues_restart(traffic, all);
	return true;
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool all_taken(const struct state *all, unsigned producer)
{
	uint64_t made = all->worker[producer].made, count = 0, sum = 0;

	for (unsigned i = 1; i < 2 * all->pairs; i += 2) {
		count += all->worker[i].had[producer].count;
		sum += all->worker[i].had[producer].sum;
	}
	return count == made && sum == made * (made - 1) / 2;
}

static bool queues_adds_up(const void *state, char *why, size_t size)
{
	const struct state *all = state;

	for (unsigned i = 0; i < 2 * all->pairs; i += 2)
		if (!all_taken(all, i)) {
			snprintf(why, size, "what CPU %u put in was not taken out once each", i);
			return false;
		}
	return true;
}

static bool queues_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;
	bool good = queues_adds_up(all, why, size);

	(void)traffic;
	for (unsigned i = 0; i < 2 * all->pairs; i++)
		free(all->worker[i].had);
	free(all->worker);
	free(all->queue);
	work_free(all->work);
	free(all);
	return good;
}

static void queues_partners(const void *settings, unsigned cpus, partner_pair *pair, void *to)
{
	const struct queues *set = settings;

	for (unsigned i = 1; set->queue == RING && i < cpus; i += 2)
		pair(to, i - 1, i);
}

static void queues_remarks(const void *state, void (*line)(void *to, const char *text), void *to)
{
	const struct state *all = state;

	if (all->cpus % 2)
		line(to, "producers and consumers are equally many; the last CPU is idle");
}

extern const struct workload queues;
const struct workload queues = {
	.name          = "queues",
	.summary       = "elements through rings between two CPUs, or through a queue of all CPUs",
	.settings      = queues_settings,
	.settings_size = sizeof(struct queues),
	.operations    = queues_fit,
	.create        = queues_create,
	.finish        = queues_finish,
	.restart       = queues_restart,
	.adds_up       = queues_adds_up,
	.partners      = queues_partners,
	.remarks       = queues_remarks,
};
