/*
 * producer-consumer: some CPUs allocate, others free what they are handed.
 *
 *	CPU 0   alloc, write  ->  [ . o o . . . . . ]  ->  read, free   CPU 2
 *	CPU 1   alloc, write  ->  [ o o o . . . . . ]  ->  read, free   CPU 3
 *
 * Each pair of a producer and a consumer shares one queue with one writer and one reader. With
 * unequal numbers the smaller side serves several pairs in turns: pair k joins producer
 * k mod producers and consumer k mod consumers. A producer waits for room *before* it allocates
 * and a slot is emptied *after* its object was freed, so that at most `in_flight` objects of a
 * pair are alive, and in_flight 1 is strict alternation.
 *
 * handshake   one word per pair, one object at a time: full, empty, full, ...
 * ring        a ring of in_flight pointers; null is empty; both sides write the slots
 * index-ring  the same with a line for each side's index; each keeps a copy of the other's index
 *             and reads it again only when the copy says full (or empty)
 * none        no handing over: every CPU of the machine frees its own objects, oldest first
 * mpmc        one ring of all, with room for in_flight objects of each producer, and a lock; any
 *             consumer takes what any producer made
 *
 * Work varies from object to object round its mean (`work`). Producer and consumer draw from
 * streams of their own.
 *
 * Objects are made and taken `batch` at a time. When the run is over each producer sends a last
 * word through each of its pairs and the consumers drain what is left.
 *
 * Expect: two transfers of a slot's line per object under strict alternation, fewer with rings;
 * what the allocator adds to that is the question.
 * Left out: sleeping.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/mpmc.h"
#include "workloads/supply.h"
#include "workloads/waiting.h"

enum handoff { HANDSHAKE, RING, INDEX_RING, PRIVATE, MPMC };
static const char *const handoffs[] = { "handshake", "ring", "index-ring", "none", "mpmc", NULL };

struct producer_consumer {
	uint64_t producers, consumers, in_flight, batch, write_bytes, read_bytes;
	uint64_t produce_cycles, consume_cycles, reverse_every;
	struct sizes object_size;
	int handoff, cache, gfp;
	struct distribution work;
};

/* clang-format off */
static const struct setting producer_consumer_settings[] = {
	SETTING(struct producer_consumer, producers,      COUNT, .min = 0, .max = 1024, .fallback = "0",
		.help = "CPUs that allocate, from CPU 0 on; 0: half of the CPUs, or what the consumers leave"),
	SETTING(struct producer_consumer, consumers,      COUNT, .min = 0, .max = 1024, .fallback = "0",
		.help = "CPUs that free, after the producers; 0: half of the CPUs, or what the producers leave"),
	SETTING(struct producer_consumer, handoff,        WORD,  .words = handoffs, .fallback = "ring",
		.help = "how objects change hands; none: each CPU frees its own"),
	SETTING(struct producer_consumer, in_flight,      COUNT, .min = 1, .max = 65536, .fallback = "1",
		.help = "objects of a pair alive at a time; 1: strict alternation"),
	SETTING(struct producer_consumer, batch,          COUNT, .min = 1, .max = 65536, .fallback = "1",
		.help = "objects made, and taken, at a time"),
	SETTING(struct producer_consumer, object_size,    SIZES, .min = 8, .max = 8192, .fallback = "256",
		.unit = "bytes", .help = "size of the objects; where it is drawn they are kmalloc's"),
	SETTING(struct producer_consumer, cache,          WORD,  .words = source_words, .fallback = "kmem_cache",
		.help = SOURCE_HELP),
	SETTING(struct producer_consumer, gfp,            WORD,  .words = gfp_words, .fallback = "kernel",
		.help = "kernel: an allocation may sleep; atomic: interrupts stay as they are"),
	SETTING(struct producer_consumer, write_bytes,    BYTES, .min = 0, .max = 8192, .fallback = "8",
		.unit = "bytes", .help = "of a new object that its producer writes, one access per line"),
	SETTING(struct producer_consumer, read_bytes,     BYTES, .min = 0, .max = 8192, .fallback = "8",
		.unit = "bytes", .help = "of an object that its consumer reads before it frees it"),
	SETTING(struct producer_consumer, produce_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work of the producer before each object, in the mean"),
	SETTING(struct producer_consumer, consume_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work of the consumer on each object, in the mean"),
	SETTING_WORK(struct producer_consumer, "exponential"),
	SETTING(struct producer_consumer, reverse_every,  COUNT, .min = 0, .max = 1e12, .fallback = "0",
		.help = "objects of a pair after which producer and consumer change places; 0: never"),
	{ 0 },
};
/* clang-format on */

struct slot {
	void *object;                   /* NULL: empty */
};

static const struct field slot_fields[] = {
	FIELD(struct slot, object),
	{ 0 },
};
static const struct layout slot_layout = { "slot", sizeof(struct slot), CLASS_WORKLOAD,
					   slot_fields };

struct indices {                        /* objects that went in, written by the producer; out, by the consumer */
	_Alignas(LINE) uint64_t in;
	_Alignas(LINE) uint64_t out;
};

static const struct field indices_fields[] = {
	FIELD(struct indices, in),
	FIELD(struct indices, out),
	{ 0 },
};
static const struct layout indices_layout = { "indices", sizeof(struct indices), CLASS_WORKLOAD,
					      indices_fields };

/* What the closing producer sends: no object lies here. */
#define CLOSING ((void *)1)

/* One CPU's view of a queue; host memory of that CPU alone. */
struct lane {
	struct slot *slot;              /* [in_flight] in the arena */
	struct indices *indices;        /* in the arena; NULL: null is empty */
	uint64_t at;                    /* objects that went through here */
	uint64_t seen;                  /* the other side's index when last read */
};

/* One CPU's end of a pair. */
struct end {
	struct lane lane[2];            /* from the producer at the start, and back to it */
	bool closed;
};

struct worker {
	struct state *all;
	struct end *end;
	unsigned ends;
	bool produces;                  /* at the start */
	void **batch;                   /* objects in hand */
	struct draws produce, consume, size;
};

struct state {
	struct traffic *traffic;
	struct producer_consumer set;
	struct source source;
	struct work *work;
	struct mpmc *queue;             /* MPMC: of all */
	struct worker *worker;          /* by CPU */
	unsigned workers;
};

static struct slot *slot_at(const struct worker *worker, const struct lane *lane, uint64_t at)
{
	return &lane->slot[at % worker->all->set.in_flight];
}

static void *get(struct cpu *cpu, struct worker *worker)
{
	const struct state *all = worker->all;

	if (all->set.object_size.shape == SIZES_ONE)
		return source_alloc(cpu, all->traffic, &all->source);
	return traffic_kmalloc(cpu, all->traffic,
			       sizes_draw(&worker->size, &all->set.object_size));
}

static void *produce(struct cpu *cpu, struct worker *worker)
{
	const struct state *all = worker->all;

	work_do(cpu, all->work, &worker->produce, all->set.produce_cycles);
	void *object = get(cpu, worker);

	touch_write(cpu, object, all->set.write_bytes);
	return object;
}

static void consume(struct cpu *cpu, struct worker *worker, void *object)
{
	const struct state *all = worker->all;

	touch_read(cpu, object, all->set.read_bytes);
	work_do(cpu, all->work, &worker->consume, all->set.consume_cycles);
	source_free(cpu, all->traffic, &all->source, object);
}

/* Slots are emptied in order, so the last of a batch being empty means that all are. */
static void await_room(struct cpu *cpu, const struct worker *worker, struct lane *lane)
{
	const struct producer_consumer *set = &worker->all->set;
	uint64_t last = lane->at + set->batch - 1;

	if (!lane->indices)
		await_empty(cpu, &slot_at(worker, lane, last)->object);
	else if (last >= lane->seen + set->in_flight)
		lane->seen = await_count(cpu, &lane->indices->out, last + 1 - set->in_flight);
}

/* The last object of the next batch, or the closing word. */
static void *await_batch(struct cpu *cpu, const struct worker *worker, struct lane *lane)
{
	uint64_t last = lane->at + worker->all->set.batch - 1;
	struct slot *slot = slot_at(worker, lane, last);

	if (!lane->indices)
		return await_full(cpu, &slot->object);
	if (lane->seen <= last)
		lane->seen = await_count(cpu, &lane->indices->in, last + 1);
	return load(cpu, &slot->object);
}

static void send(struct cpu *cpu, struct worker *worker, struct lane *lane)
{
	uint64_t batch = worker->all->set.batch;

	await_room(cpu, worker, lane);
	for (uint64_t i = 0; i < batch; i++)
		worker->batch[i] = produce(cpu, worker);
	for (uint64_t i = 0; i < batch; i++)
		store(cpu, &slot_at(worker, lane, lane->at + i)->object, worker->batch[i]);
	lane->at += batch;
	if (lane->indices)
		store(cpu, &lane->indices->in, lane->at);
}

static void send_closing(struct cpu *cpu, const struct worker *worker, struct lane *lane)
{
	uint64_t batch = worker->all->set.batch;

	await_room(cpu, worker, lane);
	store(cpu, &slot_at(worker, lane, lane->at + batch - 1)->object, CLOSING);
	if (lane->indices)
		store(cpu, &lane->indices->in, lane->at + batch);
}

static void take_out(struct cpu *cpu, const struct worker *worker, struct lane *lane)
{
	uint64_t batch = worker->all->set.batch;

	if (!lane->indices)
		for (uint64_t i = 0; i < batch; i++)
			store(cpu, &slot_at(worker, lane, lane->at + i)->object, NULL);
	lane->at += batch;
	if (lane->indices)
		store(cpu, &lane->indices->out, lane->at);
}

/* False: the producer has closed the pair. */
static bool receive(struct cpu *cpu, struct worker *worker, struct lane *lane)
{
	uint64_t batch = worker->all->set.batch;
	void *last = await_batch(cpu, worker, lane);

	if (last == CLOSING)
		return false;
	for (uint64_t i = 0; i + 1 < batch; i++)
		worker->batch[i] = load(cpu, &slot_at(worker, lane, lane->at + i)->object);
	worker->batch[batch - 1] = last;
	for (uint64_t i = 0; i < batch; i++)
		consume(cpu, worker, worker->batch[i]);
	take_out(cpu, worker, lane);
	return true;
}

/* One batch through each pair that is still open; false if there was none. */
static bool turn(struct cpu *cpu, struct worker *worker, bool produces)
{
	bool over = produces && run_over(cpu), open = false;

	for (unsigned i = 0; i < worker->ends; i++) {
		struct end *end = &worker->end[i];
		struct lane *lane = &end->lane[produces != worker->produces];

		if (end->closed)
			continue;
		open = true;
		if (over)
			send_closing(cpu, worker, lane);
		else if (produces)
			send(cpu, worker, lane);
		end->closed = over || (!produces && !receive(cpu, worker, lane));
	}
	return open;
}

/*
 * Both ends of a pair change places after the same number of objects. The way back has a queue
 * of its own: in one queue, a producer that turns consumer would take its own objects.
 */
static void pair_thread(struct cpu *cpu, void *argument)
{
	struct worker *worker = argument;
	const struct producer_consumer *set = &worker->all->set;
	bool produces = worker->produces;
	uint64_t turns = 0;

	while (turn(cpu, worker, produces)) {
		turns++;
		if (set->reverse_every && turns * set->batch == set->reverse_every) {
			produces = !produces;
			turns = 0;
		}
	}
}

/* Own objects wait in registers and on the stack: host memory, no access. */
static void private_thread(struct cpu *cpu, void *argument)
{
	struct worker *worker = argument;
	const struct state *all = worker->all;
	uint64_t depth = all->set.in_flight, made = 0, gone = 0;

	while (!run_over(cpu)) {
		for (uint64_t i = 0; i < all->set.batch; i++, made++)
			worker->batch[made % depth] = produce(cpu, worker);
		while (made - gone + all->set.batch > depth)
			consume(cpu, worker, worker->batch[gone++ % depth]);
	}
	while (gone < made)
		consume(cpu, worker, worker->batch[gone++ % depth]);
}

static void mpmc_thread(struct cpu *cpu, void *argument)
{
	struct worker *worker = argument;
	struct mpmc *queue = worker->all->queue;
	uint64_t batch = worker->all->set.batch, count;

	while (worker->produces && !run_over(cpu)) {
		for (uint64_t i = 0; i < batch; i++)
			worker->batch[i] = produce(cpu, worker);
		mpmc_put(cpu, queue, worker->batch, batch);
	}
	if (worker->produces)
		mpmc_close(cpu, queue);
	while (!worker->produces && (count = mpmc_take(cpu, queue, worker->batch, batch)))
		for (uint64_t i = 0; i < count; i++)
			consume(cpu, worker, worker->batch[i]);
}

static bool settings_agree(const struct producer_consumer *set, unsigned cpus, char *why,
			   size_t size)
{
	if (set->handoff == HANDSHAKE && (set->in_flight != 1 || set->batch != 1))
		snprintf(
			why, size,
			"a handshake passes one object at a time: 'in_flight' and 'batch' must be 1");
	else if (set->batch > set->in_flight)
		snprintf(why, size, "'batch' is larger than 'in_flight'");
	else if (set->reverse_every % set->batch)
		snprintf(why, size, "'reverse_every' must be a multiple of 'batch'");
	else if (set->handoff == MPMC && set->reverse_every)
		snprintf(why, size, "with 'handoff' mpmc nobody has a partner to change places with: "
				    "'reverse_every' must be 0");
	else if (set->write_bytes > set->object_size.low || set->read_bytes > set->object_size.low)
		snprintf(why, size, "'write_bytes' and 'read_bytes' must not exceed 'object_size'");
	else if (set->handoff != PRIVATE && set->producers + set->consumers > cpus)
		snprintf(why, size, "%u producers and %u consumers do not fit on %u CPUs",
			 (unsigned)set->producers, (unsigned)set->consumers, cpus);
	else
		return true;
	return false;
}

static uint64_t others(uint64_t given, unsigned cpus)
{
	if (given == 0)
		return cpus < 2 ? 1 : cpus / 2;
	return given < cpus ? cpus - given : 1;
}

/* What 0 producers or consumers stand for: at least one, even if there is no CPU for it. */
static void fill_in(struct producer_consumer *set, unsigned cpus)
{
	uint64_t producers = set->producers, consumers = set->consumers;

	if (!producers)
		set->producers = others(consumers, cpus);
	if (!consumers)
		set->consumers = others(producers, cpus);
}

static void new_workers(struct state *all, unsigned count, uint64_t in_hand)
{
	all->workers = count;
	all->worker = xalloc(count * sizeof *all->worker);
	for (unsigned i = 0; i < count; i++) {
		all->worker[i].all = all;
		all->worker[i].produce = draws_new(all->traffic->sim, i, 0);
		all->worker[i].consume = draws_new(all->traffic->sim, i, 1);
		all->worker[i].size = draws_new(all->traffic->sim, i, 2);
		all->worker[i].batch = xalloc(in_hand * sizeof(void *));
	}
}

/* Slots of the queues of `lanes` pairs and directions; each queue starts a line of its own. */
static struct lane *new_lanes(struct state *all, unsigned lanes)
{
	const unsigned per_line = LINE / sizeof(struct slot);
	struct sim *sim = all->traffic->sim;
	size_t stride = (all->set.in_flight + per_line - 1) / per_line * per_line;
	struct slot *slot =
		arena_new(sim, struct slot, lanes * stride, 0, LINE, &slot_layout, "slot");
	struct indices *indices = NULL;

	if (all->set.handoff == INDEX_RING)
		indices =
			arena_new(sim, struct indices, lanes, 0, LINE, &indices_layout, "indices");
	struct lane *lane = xalloc(lanes * sizeof *lane);

	for (unsigned k = 0; k < lanes; k++)
		lane[k] = (struct lane){ .slot = slot + k * stride,
					 .indices = indices ? &indices[k] : NULL };
	return lane;
}

static void add_end(struct worker *worker, struct lane there, struct lane back)
{
	worker->end = xrealloc(worker->end, (worker->ends + 1) * sizeof *worker->end);
	worker->end[worker->ends++] = (struct end){ .lane = { there, back } };
}

/* Pair k, once what 0 stands for is filled in. */
static unsigned pair_count(const struct producer_consumer *set)
{
	return (unsigned)(set->producers > set->consumers ? set->producers : set->consumers);
}

static unsigned producer_of(const struct producer_consumer *set, unsigned k)
{
	return k % (unsigned)set->producers;
}

static unsigned consumer_of(const struct producer_consumer *set, unsigned k)
{
	return (unsigned)set->producers + k % (unsigned)set->consumers;
}

static void new_pairs(struct state *all)
{
	unsigned pairs = pair_count(&all->set);
	unsigned ways = all->set.reverse_every ? 2 : 1;
	struct lane *lane = new_lanes(all, pairs * ways);

	for (unsigned k = 0; k < pairs; k++) {
		struct lane there = lane[k * ways], back = lane[k * ways + ways - 1];

		add_end(&all->worker[producer_of(&all->set, k)], there, back);
		add_end(&all->worker[consumer_of(&all->set, k)], there, back);
	}
	for (unsigned i = 0; i < all->set.producers; i++)
		all->worker[i].produces = true;
	free(lane);
}

static void new_queue(struct state *all)
{
	const struct producer_consumer *set = &all->set;

	all->queue = mpmc_new(all->traffic->sim, set->in_flight * set->producers, set->producers);
	for (unsigned i = 0; i < set->producers; i++)
		all->worker[i].produces = true;
}

static void producer_consumer_partners(const void *settings, unsigned cpus, partner_pair *pair,
				       void *to)
{
	struct producer_consumer set = *(const struct producer_consumer *)settings;

	if (set.handoff == PRIVATE || set.handoff == MPMC)
		return;
	fill_in(&set, cpus);
	for (unsigned k = 0; k < pair_count(&set); k++)
		pair(to, producer_of(&set, k), consumer_of(&set, k));
}

static bool producer_consumer_create(struct traffic *traffic, const void *settings, void **state,
				     char *why, size_t size)
{
	struct producer_consumer set = *(const struct producer_consumer *)settings;
	unsigned cpus = sim_cpus(traffic->sim);
	bool private = set.handoff == PRIVATE;

	if (!private)
		fill_in(&set, cpus);
	if (!settings_agree(&set, cpus, why, size) ||
	    !source_fits(traffic, set.cache, why, size))
		return false;
	struct state *all = xalloc(sizeof *all);

	*state = all;
	all->traffic = traffic;
	all->set = set;
	all->source = source_new(traffic, set.object_size.shape == SIZES_ONE ? set.cache
									     : SOURCE_KMALLOC,
				 set.object_size.high);
	traffic->gfp = set.gfp == GFP_WORD_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;
	all->work = work_new(&set.work);
	new_workers(all, private ? cpus : (unsigned)(set.producers + set.consumers),
		    private ? set.in_flight : set.batch);
	if (set.handoff == MPMC)
		new_queue(all);
	else if (!private)
		new_pairs(all);
	for (unsigned i = 0; i < all->workers; i++)
		thread_start(traffic->sim, i,
			     private ? private_thread : all->queue ? mpmc_thread : pair_thread,
			     &all->worker[i]);
	return true;
}

static bool producer_consumer_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	for (unsigned i = 0; i < all->workers; i++) {
		free(all->worker[i].end);
		free(all->worker[i].batch);
	}
	free(all->worker);
	work_free(all->work);
	free(all);
	return traffic_all_back(traffic, why, size);
}

/* Fewer producers and consumers than CPUs: the others are there and idle. */
static void producer_consumer_remarks(const void *state,
				      void (*line)(void *to, const char *text), void *to)
{
	const struct state *all = state;
	unsigned cpus = sim_cpus(all->traffic->sim);
	char text[160];

	if (all->workers == cpus)
		return;
	snprintf(text, sizeof text, "%u producer%s and %u consumer%s work; the other %u CPU%s idle",
		 (unsigned)all->set.producers, all->set.producers == 1 ? "" : "s",
		 (unsigned)all->set.consumers, all->set.consumers == 1 ? "" : "s",
		 cpus - all->workers, cpus - all->workers == 1 ? " is" : "s are");
	line(to, text);
}

extern const struct workload producer_consumer;
const struct workload producer_consumer = {
	.name          = "producer-consumer",
	.summary       = "some CPUs allocate, others free what they are handed",
	.settings      = producer_consumer_settings,
	.settings_size = sizeof(struct producer_consumer),
	.needs_objects = true,
	.create        = producer_consumer_create,
	.finish        = producer_consumer_finish,
	.partners      = producer_consumer_partners,
	.remarks       = producer_consumer_remarks,
};
