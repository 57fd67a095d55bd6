/* Locks over the verbs; see lock.h. */
#include "sim/verbs/lock.h"

#include "sim/verbs/arena.h"

static const char *const kind_name[] = {
	[LOCK_DEC] = "dec", [LOCK_TICKET] = "ticket", [LOCK_QUEUED] = "queued"
};

void spin_lock_init(struct spinlock *lock, enum lock_kind kind)
{
	lock->slock = kind == LOCK_DEC;
}

bool spin_lock_is_held(const struct spinlock *lock, enum lock_kind kind)
{
	switch (kind) {
	case LOCK_DEC:
		return lock->slock != 1;
	case LOCK_TICKET:
		return lock->owner != lock->next;
	case LOCK_QUEUED:
		return lock->val != 0;
	}
	return false;
}

bool spin_is_contended_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind,
			  const struct site *site)
{
	unsigned before = on_behalf(cpu, site);
	uint32_t *word = (uint32_t *)lock;
	uint32_t now = load(cpu, word);

	on_behalf_end(cpu, before);
	if (kind == LOCK_QUEUED)
		return now & ~(uint32_t)QUEUED_LOCKED_MASK;
	return (uint16_t)((now >> 16) - now) > 1;
}

/*
 * LOCK dec; while the sign is set, read until the lock looks free, then try again: unfair. With
 * `let_in`, interrupts are on while it reads, and off again before the next try.
 */
static unsigned lock_dec(struct cpu *cpu, struct spinlock *lock, bool let_in)
{
	unsigned turns = 0;
	int32_t old = fetch_add(cpu, &lock->slock, -1);

	if (old > 0)
		return 0;
	waiting(cpu, WAITING_LOCK);
	while (old <= 0) {
		turns++;
		if (let_in)
			irq_enable(cpu);
		spin_while(cpu, &lock->slock, value <= 0, STEP_PAUSE);
		if (let_in)
			irq_disable(cpu);
		old = fetch_add(cpu, &lock->slock, -1);
	}
	return turns;
}

/* LOCK xadd takes a ticket and shows the owner at once: both halves are one word. */
static unsigned lock_ticket(struct cpu *cpu, struct spinlock *lock)
{
	uint32_t *both = (uint32_t *)lock;
	uint32_t old = fetch_add(cpu, both, 1u << 16);
	uint16_t ticket = (uint16_t)(old >> 16);

	if ((uint16_t)old == ticket)
		return 0;
	waiting(cpu, WAITING_LOCK);
	spin_while(cpu, &lock->owner, value != ticket, STEP_PAUSE);
	return 1;
}

/* ---- queued ---------------------------------------------------------------------------------- */

/*
 * A CPU's places in queues: as many as contexts that can wait at once, one inside another, in one
 * line of its own.
 */
enum { QUEUE_NODES = 4 };

struct mcs_spinlock {
	struct mcs_spinlock *next;
	int32_t locked; /* 1: handed over */
	int32_t count; /* of the first: places in use */
};

struct qnodes {
	_Alignas(LINE) struct mcs_spinlock node[QUEUE_NODES];
};

static const struct field qnodes_fields[] = {
	FIELD(struct qnodes, node[0].next),
	FIELD(struct qnodes, node[0].locked),
	FIELD(struct qnodes, node[0].count),
	FIELD(struct qnodes, node[1].next),
	FIELD(struct qnodes, node[1].locked),
	FIELD(struct qnodes, node[1].count),
	FIELD(struct qnodes, node[2].next),
	FIELD(struct qnodes, node[2].locked),
	FIELD(struct qnodes, node[2].count),
	FIELD(struct qnodes, node[3].next),
	FIELD(struct qnodes, node[3].locked),
	FIELD(struct qnodes, node[3].count),
	{ 0 },
};

const struct layout qnodes_layout = { "qnodes", sizeof(struct qnodes), CLASS_ALLOCATOR,
				      qnodes_fields };
const struct layout workload_qnodes_layout = { "qnodes", sizeof(struct qnodes), CLASS_WORKLOAD,
					       qnodes_fields };

_Static_assert(sizeof(struct qnodes) == LOCK_QUEUE_BYTES, "the line that arena_setup sets apart");

static struct mcs_spinlock *nodes_of(struct cpu *cpu, unsigned id)
{
	return ((struct qnodes *)percpu_lock_queue(cpu_sim(cpu), id))->node;
}

static uint16_t tail_of(unsigned id, int32_t index)
{
	return (uint16_t)(QUEUE_NODES * (id + 1) + (unsigned)index);
}

static struct mcs_spinlock *node_at(struct cpu *cpu, uint16_t tail)
{
	return nodes_of(cpu, tail / QUEUE_NODES - 1) + tail % QUEUE_NODES;
}

static bool trylock_queued(struct cpu *cpu, struct spinlock *lock)
{
	if (load(cpu, &lock->val))
		return false;
	return cas(cpu, &lock->val, 0, QUEUED_LOCKED);
}

/* The head of the queue: the owner and a pending waiter go first. True if nobody came behind it. */
static bool take_as_head(struct cpu *cpu, struct spinlock *lock, uint16_t tail)
{
	uint32_t val = spin_while(cpu, &lock->val, value & QUEUED_HELD_MASK, STEP_PAUSE);

	if (val >> QUEUED_TAIL_SHIFT == tail && cas(cpu, &lock->val, val, QUEUED_LOCKED))
		return true;
	store(cpu, &lock->locked, 1);
	return false;
}

/* Behind the one before, and then the one behind has it: each waits for `locked` in its own place. */
static void wait_in_queue(struct cpu *cpu, struct spinlock *lock, struct mcs_spinlock *node,
			  uint16_t tail)
{
	uint16_t before = exchange(cpu, &lock->tail, tail);
	struct mcs_spinlock *next;

	if (before) {
		struct mcs_spinlock *previous = node_at(cpu, before);

		store(cpu, &previous->next, node);
		spin_while(cpu, &node->locked, !value, STEP_PAUSE);
	}
	if (take_as_head(cpu, lock, tail))
		return;
	next = spin_while(cpu, &node->next, !value, STEP_PAUSE);
	store(cpu, &next->locked, 1);
}

static void lock_in_queue(struct cpu *cpu, struct spinlock *lock)
{
	struct mcs_spinlock *nodes = nodes_of(cpu, cpu_id(cpu));
	int32_t index = fetch_add_local(cpu, &nodes->count, 1);
	struct mcs_spinlock *node = nodes + index;

	if (index == QUEUE_NODES)
		BUG(cpu, "more than %d queued locks awaited at once", QUEUE_NODES);
	store(cpu, &node->locked, 0);
	store(cpu, &node->next, NULL);
	if (!trylock_queued(cpu, lock))
		wait_in_queue(cpu, lock, node, tail_of(cpu_id(cpu), index));
	fetch_add_local(cpu, &nodes->count, -1);
}

/* The first to wait has a bit of the word and no place. False: others wait already. LOCK bts tells
 * of its bit alone, so the word is read again. */
static bool lock_as_pending(struct cpu *cpu, struct spinlock *lock)
{
	bool others = bit_set(cpu, &lock->val, QUEUED_PENDING_SHIFT);
	uint32_t val = load(cpu, &lock->val);

	if (others)
		return false;
	if (val >> QUEUED_TAIL_SHIFT) {
		store(cpu, &lock->pending, 0);
		return false;
	}
	spin_while(cpu, &lock->locked, value, STEP_PAUSE);
	store(cpu, &lock->locked_pending, QUEUED_LOCKED);
	return true;
}

static unsigned lock_queued(struct cpu *cpu, struct spinlock *lock)
{
	uint32_t val = 0;

	if (cas_seen(cpu, &lock->val, &val, QUEUED_LOCKED))
		return 0;
	waiting(cpu, WAITING_LOCK);
	if (val == QUEUED_PENDING)
		val = spin_while(cpu, &lock->val, value == QUEUED_PENDING, STEP_PAUSE);
	if (val & ~(uint32_t)QUEUED_LOCKED_MASK || !lock_as_pending(cpu, lock))
		lock_in_queue(cpu, lock);
	return 1;
}

/* ---- all kinds -------------------------------------------------------------------------------- */

static unsigned lock_by_kind(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind,
			     bool let_in)
{
	switch (kind) {
	case LOCK_DEC:
		return lock_dec(cpu, lock, let_in);
	case LOCK_TICKET:
		return lock_ticket(cpu, lock);
	case LOCK_QUEUED:
		break;
	}
	return lock_queued(cpu, lock);
}

static void acquire(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, bool let_in,
		    const struct site *site)
{
	unsigned charged = on_behalf(cpu, site), turns;
	enum waiting before;

	preempt_disable(cpu);
	before = waiting(cpu, NOT_WAITING);
	turns = lock_by_kind(cpu, lock, kind, let_in);
	lock_taken(cpu, lock, kind_name[kind], turns);
	waiting(cpu, before);
	on_behalf_end(cpu, charged);
}

void spin_lock_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind,
		  const struct site *site)
{
	acquire(cpu, lock, kind, false, site);
}

static bool trylock_ticket(struct cpu *cpu, struct spinlock *lock)
{
	uint32_t *both = (uint32_t *)lock;
	uint32_t old = load(cpu, both);

	if ((uint16_t)old != (uint16_t)(old >> 16))
		return false;
	return cas(cpu, both, old, old + (1u << 16));
}

static bool trylock_dec(struct cpu *cpu, struct spinlock *lock)
{
	int32_t old = exchange(cpu, &lock->slock, 0);

	return old > 0;
}

bool spin_trylock_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind,
		     const struct site *site)
{
	static bool (*const try[])(struct cpu * cpu, struct spinlock * lock) = {
		[LOCK_DEC] = trylock_dec,
		[LOCK_TICKET] = trylock_ticket,
		[LOCK_QUEUED] = trylock_queued,
	};
	unsigned charged = on_behalf(cpu, site);
	bool taken;

	preempt_disable(cpu);
	taken = try[kind](cpu, lock);
	if (taken)
		lock_taken(cpu, lock, kind_name[kind], 0);
	else
		preempt_enable(cpu);
	on_behalf_end(cpu, charged);
	return taken;
}

void spin_unlock_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind,
		    const struct site *site)
{
	unsigned charged = on_behalf(cpu, site);

	if (kind == LOCK_DEC)
		store(cpu, &lock->slock, 1);
	else if (kind == LOCK_TICKET)
		fetch_add_local(cpu, &lock->owner, 1);
	else
		store(cpu, &lock->locked, 0);
	lock_released(cpu, lock);
	preempt_enable(cpu);
	on_behalf_end(cpu, charged);
}

bool spin_lock_irqsave_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind,
			  const struct site *site)
{
	bool flags = irq_save(cpu);

	acquire(cpu, lock, kind, flags && kind == LOCK_DEC && !sim_preempt(cpu_sim(cpu)), site);
	return flags;
}

void spin_unlock_irqrestore_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind,
			       bool flags, const struct site *site)
{
	spin_unlock_at(cpu, lock, kind, site);
	irq_restore(cpu, flags);
}

/* ---- bit locks ------------------------------------------------------------------------------ */

/*
 * Reads with pause until the bit looks clear, and from 2.6.39 on with a pause first. A kernel that
 * counts preemption toggled the count on every turn before that, so such a turn is spelled out;
 * without, it is a plain poll.
 */
static void bit_wait(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_lock kind)
{
	uint64_t now;

	if (kind >= BIT_LOCK_2639) {
		preempt_enable(cpu);
		compute(cpu, STEP_PAUSE);
		spin_while(cpu, word, value >> bit & 1, STEP_PAUSE);
		preempt_disable(cpu);
		return;
	}
	if (!sim_preempt(cpu_sim(cpu))) {
		spin_while(cpu, word, value >> bit & 1, STEP_PAUSE);
		return;
	}
	now = load(cpu, word);
	while (now >> bit & 1) {
		preempt_enable(cpu);
		compute(cpu, STEP_PAUSE);
		preempt_disable(cpu);
		now = load_again(cpu, word, now);
	}
}

void bit_spin_lock_at(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_lock kind,
		      const struct site *site)
{
	enum waiting before = waiting(cpu, NOT_WAITING);
	unsigned charged = on_behalf(cpu, site), turns = 0;
	bool held;

	preempt_disable(cpu);
	held = bit_set(cpu, word, bit);
	if (held)
		waiting(cpu, WAITING_LOCK);
	while (held) {
		turns++;
		bit_wait(cpu, word, bit, kind);
		held = bit_set(cpu, word, bit);
	}
	lock_taken(cpu, word, "bit", turns);
	waiting(cpu, before);
	on_behalf_end(cpu, charged);
}

bool bit_spin_trylock_at(struct cpu *cpu, uint64_t *word, unsigned bit, const struct site *site)
{
	unsigned charged = on_behalf(cpu, site);
	bool held;

	preempt_disable(cpu);
	held = bit_set(cpu, word, bit);
	if (held)
		preempt_enable(cpu);
	else
		lock_taken(cpu, word, "bit", 0);
	on_behalf_end(cpu, charged);
	return !held;
}

void bit_spin_unlock_at(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_lock kind,
			const struct site *site)
{
	unsigned charged = on_behalf(cpu, site);

	if (kind == BIT_LOCK_2622)
		load(cpu, word);
	if (kind >= BIT_LOCK_2625)
		bit_clear_local(cpu, word, bit);
	else
		bit_clear(cpu, word, bit);
	lock_released(cpu, word);
	preempt_enable(cpu);
	on_behalf_end(cpu, charged);
}
