/* Many readers or one writer, over the verbs; see rwsem.h. */
#include "sim/verbs/rwsem.h"

static unsigned enter_as_reader(struct cpu *cpu, struct rwsem *sem)
{
	unsigned turns = 0;
	int64_t old = fetch_add(cpu, &sem->count, RWSEM_READER);

	while (old & (RWSEM_WRITER | RWSEM_WAITING)) {
		turns++;
		waiting(cpu, WAITING_LOCK);
		fetch_add(cpu, &sem->count, -RWSEM_READER);
		spin_while(cpu, &sem->count, value & (RWSEM_WRITER | RWSEM_WAITING), STEP_PAUSE);
		old = fetch_add(cpu, &sem->count, RWSEM_READER);
	}
	return turns;
}

/* Does somebody have it? */
static bool is_had(int64_t count)
{
	return count & ~(int64_t)RWSEM_WAITING;
}

/* Is it had, and does a writer wait already? */
static bool is_promised(int64_t count)
{
	return is_had(count) && count & RWSEM_WAITING;
}

/* Who gets it clears `waiting`; another writer that waits sets it again. */
static unsigned enter_as_writer(struct cpu *cpu, struct rwsem *sem)
{
	int64_t seen = 0, wanted;
	bool had = !cas_seen(cpu, &sem->count, &seen, RWSEM_WRITER), changed;

	if (!had)
		return 0;
	waiting(cpu, WAITING_LOCK);
	do {
		seen = spin_while(cpu, &sem->count, is_promised(value), STEP_PAUSE);
		had = is_had(seen);
		wanted = had ? seen | RWSEM_WAITING : RWSEM_WRITER;
		changed = cas(cpu, &sem->count, seen, wanted);
	} while (had || !changed);
	return 1;
}

static void enter(struct cpu *cpu, struct rwsem *sem, bool writes, const struct site *site)
{
	enum waiting before = waiting(cpu, NOT_WAITING);
	unsigned charged = on_behalf(cpu, site), turns;

	if (writes)
		turns = enter_as_writer(cpu, sem);
	else
		turns = enter_as_reader(cpu, sem);
	lock_taken(cpu, sem, "rwsem", turns);
	waiting(cpu, before);
	on_behalf_end(cpu, charged);
}

static void leave(struct cpu *cpu, struct rwsem *sem, int64_t part, const struct site *site)
{
	unsigned charged = on_behalf(cpu, site);

	fetch_add(cpu, &sem->count, -part);
	lock_released(cpu, sem);
	on_behalf_end(cpu, charged);
}

void down_read_at(struct cpu *cpu, struct rwsem *sem, const struct site *site)
{
	enter(cpu, sem, false, site);
}

void up_read_at(struct cpu *cpu, struct rwsem *sem, const struct site *site)
{
	leave(cpu, sem, RWSEM_READER, site);
}

void down_write_at(struct cpu *cpu, struct rwsem *sem, const struct site *site)
{
	enter(cpu, sem, true, site);
}

void up_write_at(struct cpu *cpu, struct rwsem *sem, const struct site *site)
{
	leave(cpu, sem, RWSEM_WRITER, site);
}
