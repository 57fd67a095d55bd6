/* Locks over the verbs; see lock.h. */
#include "sim/verbs/lock.h"

static const char *const kind_name[] = { [LOCK_DEC] = "dec", [LOCK_TICKET] = "ticket" };

void spin_lock_init(struct spinlock *lock, enum lock_kind kind)
{
	lock->slock = kind == LOCK_DEC;
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

static void acquire(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, bool let_in)
{
	enum waiting before;
	unsigned turns;

	preempt_disable(cpu);
	before = waiting(cpu, NOT_WAITING);
	turns = kind == LOCK_DEC ? lock_dec(cpu, lock, let_in) : lock_ticket(cpu, lock);
	lock_taken(cpu, lock, kind_name[kind], turns);
	waiting(cpu, before);
}

void spin_lock(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind)
{
	acquire(cpu, lock, kind, false);
}

static bool trylock_ticket(struct cpu *cpu, struct spinlock *lock)
{
	uint32_t *both = (uint32_t *)lock;
	uint32_t old = load(cpu, both);

	if ((uint16_t)old != (uint16_t)(old >> 16))
		return false;
	return cas(cpu, both, old, old + (1u << 16));
}

bool spin_trylock(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind)
{
	bool taken;

	preempt_disable(cpu);
	if (kind == LOCK_DEC) {
		int32_t old = exchange(cpu, &lock->slock, 0);

		taken = old > 0;
	} else {
		taken = trylock_ticket(cpu, lock);
	}
	if (taken)
		lock_taken(cpu, lock, kind_name[kind], 0);
	else
		preempt_enable(cpu);
	return taken;
}

void spin_unlock(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind)
{
	if (kind == LOCK_DEC)
		store(cpu, &lock->slock, 1);
	else
		fetch_add_local(cpu, &lock->owner, 1);
	lock_released(cpu, lock);
	preempt_enable(cpu);
}

bool spin_lock_irqsave(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind)
{
	bool flags = irq_save(cpu);

	acquire(cpu, lock, kind, flags && kind == LOCK_DEC && !sim_preempt(cpu_sim(cpu)));
	return flags;
}

void spin_unlock_irqrestore(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, bool flags)
{
	spin_unlock(cpu, lock, kind);
	irq_restore(cpu, flags);
}

/* ---- bit locks ------------------------------------------------------------------------------ */

/*
 * Reads with pause until the bit looks clear. A kernel that counts preemption toggles the count
 * on every turn (until 2.6.38), so that turn is spelled out; without, it is a plain poll.
 */
static void bit_wait(struct cpu *cpu, uint64_t *word, unsigned bit)
{
	uint64_t now;

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

void bit_spin_lock(struct cpu *cpu, uint64_t *word, unsigned bit)
{
	enum waiting before = waiting(cpu, NOT_WAITING);
	unsigned turns = 0;
	bool held;

	preempt_disable(cpu);
	held = bit_set(cpu, word, bit);
	if (held)
		waiting(cpu, WAITING_LOCK);
	while (held) {
		turns++;
		bit_wait(cpu, word, bit);
		held = bit_set(cpu, word, bit);
	}
	lock_taken(cpu, word, "bit", turns);
	waiting(cpu, before);
}

bool bit_spin_trylock(struct cpu *cpu, uint64_t *word, unsigned bit)
{
	bool held;

	preempt_disable(cpu);
	held = bit_set(cpu, word, bit);
	if (held)
		preempt_enable(cpu);
	else
		lock_taken(cpu, word, "bit", 0);
	return !held;
}

void bit_spin_unlock(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_unlock how)
{
	if (how == BIT_UNLOCK_ASSERT)
		load(cpu, word);
	if (how == BIT_UNLOCK_PLAIN)
		bit_clear_local(cpu, word, bit);
	else
		bit_clear(cpu, word, bit);
	lock_released(cpu, word);
	preempt_enable(cpu);
}
