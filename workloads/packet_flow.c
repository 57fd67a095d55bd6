/*
 * packet-flow: packets come in on the CPU of a device's queue and are freed where they are read.
 *
 *	CPU 0 (queue)   16 heads, then 16 data buffers  ->  ring  ->  CPU 2 (application): read, free
 *	CPU 1 (queue)   ...                             ->  ring  ->  CPU 3
 *
 * A head is an sk_buff, an object of a cache of its own (256 bytes, on lines); the data are
 * kmalloc's: 64 bytes of room, the packet, and skb_shared_info of 320. The queue's CPU takes
 * both in batches as a driver's NAPI poll does, writes what a driver writes (the head, the first
 * bytes of the data) and hands them over. By `steered` a packet is of the application on the
 * queue's own CPU, which reads and frees it there.
 *
 * deferred  (5.19 on): a packet that was allocated elsewhere is not freed but put on a list of
 *           the CPU that allocated it, without a lock; that CPU frees them with its next batch, or
 *           in an interrupt once half of 64 wait. At most 64 wait; the others are freed at once.
 * forward   there are no applications: each queue's CPU also sends what it received, and frees.
 *
 * Follows: kernel path of 2.6.39 to 6.18 as workloads.md C has it. Left out: page fragments, skb
 * caches of NAPI, GRO.
 *
 * Expect: allocating and freeing CPUs are disjoint for ever: caches of objects overflow on one side
 * and run dry on the other, once per batch of theirs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/xalloc.h"
#include "workloads/ring.h"
#include "workloads/skb.h"
#include "workloads/supply.h"

struct packet_flow {
	struct sizes object_size;
	uint64_t queues, batch, depth, work_cycles;
	double steered;
	int gfp;
	struct distribution work;
	bool deferred, forward;
};

enum { MILLION = 1000000, DEFER_MAX = 64, BATCH_MAX = 64, HEADER_ROOM = 64 };

/* clang-format off */
static const struct setting packet_flow_settings[] = {
	SETTING(struct packet_flow, object_size, SIZES, .min = 1, .max = 9000, .fallback = "64",
		.unit = "bytes", .help = "size of the packets"),
	SETTING(struct packet_flow, queues,      COUNT, .min = 0, .max = 1024, .fallback = "0",
		.help = "CPUs that receive, from CPU 0 on, the others are applications; 0: half of them, with 'forward' all"),
	SETTING(struct packet_flow, batch,       COUNT, .min = 1, .max = BATCH_MAX, .fallback = "16",
		.help = "packets received at a time"),
	SETTING(struct packet_flow, depth,       COUNT, .min = 1, .max = 65536, .fallback = "256",
		.help = "packets that wait for an application at most"),
	SETTING(struct packet_flow, steered,     REAL,  .min = 0, .max = 1, .fallback = "0",
		.help = "share of the packets that are read on the CPU that received them"),
	SETTING(struct packet_flow, deferred,    SWITCH, .fallback = "false",
		.help = "packets go back to the CPU that allocated them to be freed, as from 5.19 on"),
	SETTING(struct packet_flow, forward,     SWITCH, .fallback = "false",
		.help = "packets are sent on by the CPU that received them"),
	SETTING(struct packet_flow, gfp,         WORD,  .words = gfp_words, .fallback = "atomic",
		.help = "kernel: an allocation may sleep; atomic: interrupts stay as they are"),
	SETTING(struct packet_flow, work_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "200",
		.unit = "cycles", .help = "work on each packet where it is received, and where it is read, in the mean"),
	SETTING_WORK(struct packet_flow, "exponential"),
	{ 0 },
};
/* clang-format on */

/* Packets that a CPU allocated and others are done with; pushed with a compare-exchange. */
struct defer {
	_Alignas(LINE) struct skb *list;
	uint64_t count;
};

static const struct field defer_fields[] = {
	FIELD(struct defer, list),
	FIELD(struct defer, count),
	{ 0 },
};
static const struct layout defer_layout = {
	"defer_list", sizeof(struct defer), CLASS_WORKLOAD, defer_fields
};

struct thread {
	struct state *all;
	struct draws work, size, steer;
	struct ring out;                /* of a queue */
};

struct state {
	struct traffic *traffic;
	struct packet_flow set;
	struct skb_source source;
	struct work *work;
	unsigned queues, applications;
	struct defer *defer;            /* by CPU; simulated */
	struct ring *ring;              /* by queue, the applications' view */
	struct thread *thread;
};

/* ---- the end of a packet -------------------------------------------------------------------- */

static void free_deferred(struct cpu *cpu, void *argument)
{
	struct state *all = argument;
	struct defer *defer = &all->defer[cpu_id(cpu)];
	struct skb *skb = exchange(cpu, &defer->list, NULL), *next;

	if (!skb)
		return;
	store(cpu, &defer->count, 0);
	for (; skb; skb = next) {
		next = load(cpu, &skb->next);
		skb_free(cpu, &all->source, skb);
	}
}

/* False: too many wait there already. */
static bool defer_free(struct cpu *cpu, struct state *all, struct skb *skb, unsigned owner)
{
	struct defer *defer = &all->defer[owner];
	uint64_t count = load(cpu, &defer->count);
	struct skb *first;

	if (count >= DEFER_MAX)
		return false;
	do {
		first = load(cpu, &defer->list);
		store(cpu, &skb->next, first);
	} while (!cas(cpu, &defer->list, first, skb));
	if (fetch_add(cpu, &defer->count, 1) + 1 == DEFER_MAX / 2)
		ipi_send(cpu, owner, free_deferred, all);
	return true;
}

static void finish_packet(struct cpu *cpu, struct thread *thread, struct skb *skb)
{
	struct state *all = thread->all;
	unsigned owner;

	work_do(cpu, all->work, &thread->work, all->set.work_cycles);
	skb_read(cpu, &all->source, skb);
	owner = (unsigned)load(cpu, &skb->cpu);
	if (!all->set.deferred || owner == cpu_id(cpu) || !defer_free(cpu, all, skb, owner))
		skb_free(cpu, &all->source, skb);
}

/* ---- queues --------------------------------------------------------------------------------- */

static void receive_batch(struct cpu *cpu, struct thread *thread)
{
	struct state *all = thread->all;
	uint64_t steered = (uint64_t)(all->set.steered * MILLION);
	struct skb *skb[BATCH_MAX];

	for (uint64_t i = 0; i < all->set.batch; i++)
		skb[i] = skb_head_new(cpu, &all->source);
	for (uint64_t i = 0; i < all->set.batch; i++) {
		work_do(cpu, all->work, &thread->work, all->set.work_cycles);
		skb_data_new(cpu, &all->source, skb[i],
			     sizes_draw(&thread->size, &all->set.object_size));
		if (all->set.forward || draws_below(&thread->steer, MILLION) < steered)
			finish_packet(cpu, thread, skb[i]);
		else
			ring_put(cpu, &thread->out, skb[i], 0);
	}
}

static void queue_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	struct ring_slot *end;

	while (!run_over(cpu)) {
		receive_batch(cpu, thread);
		free_deferred(cpu, thread->all);
	}
	if (thread->all->set.forward)
		return;
	end = ring_at(&thread->out);
	ring_put(cpu, &thread->out, RING_END, 0);
	await_empty(cpu, &end->object);         /* the application has seen it, and all before */
	free_deferred(cpu, thread->all);
}

/* ---- applications --------------------------------------------------------------------------- */

/* One packet of a queue; false: it was the last. */
static bool read_one(struct cpu *cpu, struct thread *thread, struct ring *ring)
{
	uint32_t unused;
	void *skb = ring_take(cpu, ring, &unused);

	if (skb != RING_END)
		finish_packet(cpu, thread, skb);
	return skb != RING_END;
}

/* Packets of its queues by turns. */
static void application_thread(struct cpu *cpu, void *argument)
{
	struct thread *thread = argument;
	const struct state *all = thread->all;
	unsigned first = cpu_id(cpu) - all->queues, open = 0;

	for (unsigned q = first; q < all->queues; q += all->applications)
		open++;
	while (open)
		for (unsigned q = first; q < all->queues; q += all->applications)
			if (all->ring[q].slot && !read_one(cpu, thread, &all->ring[q])) {
				all->ring[q].slot = NULL;
				open--;
			}
}

/* ---- set-up --------------------------------------------------------------------------------- */

static void thread_setup(struct state *all, unsigned id)
{
	struct sim *sim = all->traffic->sim;
	struct thread *thread = &all->thread[id];
	bool receives = id < all->queues;

	thread->all = all;
	thread->work = draws_new(sim, id, 0);
	thread->size = draws_new(sim, id, 1);
	thread->steer = draws_new(sim, id, 2);
	if (receives) {
		thread->out = ring_new(sim, all->set.depth, node_of_cpu(sim, id));
		all->ring[id] = thread->out;
	}
	thread_start(sim, id, receives ? queue_thread : application_thread, thread);
}

static unsigned queues_of(const struct packet_flow *set, unsigned cpus)
{
	if (set->queues)
		return (unsigned)set->queues;
	return set->forward ? cpus : cpus / 2;
}

static bool packet_flow_create(struct traffic *traffic, const void *settings, void **state,
			       char *why, size_t size)
{
	const struct packet_flow *set = settings;
	unsigned cpus = sim_cpus(traffic->sim), queues = queues_of(set, cpus);
	struct state *all;

	if (queues > cpus || queues == 0 || (!set->forward && queues == cpus)) {
		snprintf(why, size, "%u queues and their applications do not fit on %u CPUs",
			 queues, cpus);
		return false;
	}
	all = xalloc(sizeof *all);
	*state = all;
	all->traffic = traffic;
	all->set = *set;
	all->source = skb_source_new(traffic, HEADER_ROOM);
	traffic->gfp = set->gfp == GFP_WORD_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;
	all->work = work_new(&set->work);
	all->queues = queues;
	all->applications = set->forward ? 0 : cpus - queues < queues ? cpus - queues : queues;
	all->defer = arena_new(traffic->sim, struct defer, cpus, 0, LINE, &defer_layout,
			       "defer_list");
	all->ring = xalloc(queues * sizeof *all->ring);
	all->thread = xalloc(cpus * sizeof *all->thread);
	for (unsigned id = 0; id < queues + all->applications; id++)
		thread_setup(all, id);
	return true;
}

static bool packet_flow_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;

	work_free(all->work);
	free(all->ring);
	free(all->thread);
	free(all);
	return traffic_all_back(traffic, why, size);
}

static void packet_flow_partners(const void *settings, unsigned cpus, partner_pair *pair, void *to)
{
	const struct packet_flow *set = settings;
	unsigned queues = queues_of(set, cpus);

	if (set->forward || queues >= cpus)
		return;
	for (unsigned q = 0; q < queues; q++)
		pair(to, q, queues + q % (cpus - queues < queues ? cpus - queues : queues));
}

static void packet_flow_remarks(const void *state, void (*line)(void *to, const char *text),
				void *to)
{
	const struct state *all = state;
	unsigned idle = sim_cpus(all->traffic->sim) - all->queues - all->applications;
	char text[120];

	if (!idle)
		return;
	snprintf(text, sizeof text, "%u queue%s and %u application%s work; the other %u CPU%s idle",
		 all->queues, all->queues == 1 ? "" : "s", all->applications,
		 all->applications == 1 ? "" : "s", idle, idle == 1 ? " is" : "s are");
	line(to, text);
}

extern const struct workload packet_flow;
const struct workload packet_flow = {
	.name          = "packet-flow",
	.summary       = "packets come in on some CPUs and are freed on others",
	.settings      = packet_flow_settings,
	.settings_size = sizeof(struct packet_flow),
	.needs_objects = true,
	.create        = packet_flow_create,
	.finish        = packet_flow_finish,
	.partners      = packet_flow_partners,
	.remarks       = packet_flow_remarks,
};
