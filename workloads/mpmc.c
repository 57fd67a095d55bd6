/* A ring under a lock; see mpmc.h. Indices share the lock's line, as in a plain program. */
#include "workloads/mpmc.h"

struct mpmc {
	_Alignas(LINE) struct spinlock lock;
	uint64_t in, out;               /* objects that ever went in, came out */
	uint64_t producers;             /* that have not closed it */
	uint64_t depth;
	void *slot[];
};

static const struct field mpmc_fields[] = {
	FIELD(struct mpmc, lock),
	FIELD(struct mpmc, in),
	FIELD(struct mpmc, out),
	FIELD(struct mpmc, producers),
	FIELD(struct mpmc, depth),
	{ 0 },
};
static const struct layout mpmc_layout = { "queue", sizeof(struct mpmc), CLASS_WORKLOAD,
					   mpmc_fields };
static const struct layout slot_layout = { "slot", sizeof(void *), CLASS_WORKLOAD, NULL };

struct mpmc *mpmc_new(struct sim *sim, uint64_t depth, uint64_t producers)
{
	size_t bytes = sizeof(struct mpmc) + depth * sizeof(void *);
	struct mpmc *queue = arena_alloc(sim, bytes, 1, 0, LINE, &mpmc_layout, "queue");

	relabel_setup(sim, queue, sizeof *queue, &mpmc_layout, 0, "queue");
	relabel_setup(sim, queue->slot, depth * sizeof(void *), &slot_layout, 0, "slot");
	spin_lock_init(&queue->lock, LOCK_TICKET);
	queue->producers = producers;
	queue->depth = depth;
	return queue;
}

void mpmc_put(struct cpu *cpu, struct mpmc *queue, void **object, uint64_t count)
{
	for (;;) {
		uint64_t in, out;
		enum waiting before;

		spin_lock(cpu, &queue->lock, LOCK_TICKET);
		in = load(cpu, &queue->in);
		out = load(cpu, &queue->out);
		if (in - out + count <= queue->depth) {
			for (uint64_t i = 0; i < count; i++)
				store(cpu, &queue->slot[(in + i) % queue->depth], object[i]);
			store(cpu, &queue->in, in + count);
			spin_unlock(cpu, &queue->lock, LOCK_TICKET);
			return;
		}
		spin_unlock(cpu, &queue->lock, LOCK_TICKET);
		before = waiting(cpu, WAITING_IDLE);
		spin_while(cpu, &queue->out, value == out, STEP_PAUSE);
		waiting(cpu, before);
	}
}

static uint64_t take(struct cpu *cpu, struct mpmc *queue, void **object, uint64_t most)
{
	uint64_t in, out, count;

	spin_lock(cpu, &queue->lock, LOCK_TICKET);
	in = load(cpu, &queue->in);
	out = load(cpu, &queue->out);
	count = in - out < most ? in - out : most;
	for (uint64_t i = 0; i < count; i++)
		object[i] = load(cpu, &queue->slot[(out + i) % queue->depth]);
	if (count)
		store(cpu, &queue->out, out + count);
	spin_unlock(cpu, &queue->lock, LOCK_TICKET);
	return count;
}

uint64_t mpmc_take(struct cpu *cpu, struct mpmc *queue, void **object, uint64_t most)
{
	for (;;) {
		uint64_t producers = load(cpu, &queue->producers);      /* first: what they left */
		uint64_t count = take(cpu, queue, object, most), in, out;
		enum waiting before;

		if (count || !producers)
			return count;
		before = waiting(cpu, WAITING_IDLE);
		in = load(cpu, &queue->in);
		out = load(cpu, &queue->out);
		while (in == out && producers) {
			compute(cpu, STEP_PAUSE);
			in = load_again(cpu, &queue->in, in);
			out = load(cpu, &queue->out);
			producers = load_again(cpu, &queue->producers, producers);
		}
		waiting(cpu, before);
	}
}

void mpmc_close(struct cpu *cpu, struct mpmc *queue)
{
	fetch_add(cpu, &queue->producers, -1);
}
