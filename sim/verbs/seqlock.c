/* Sequence locks over the verbs; see seqlock.h. */
#include "sim/verbs/seqlock.h"

uint32_t read_seqbegin_at(struct cpu *cpu, struct seqlock *lock, const struct site *site)
{
	unsigned charged = on_behalf(cpu, site);
	uint32_t start = load(cpu, &lock->sequence);

	if (start & 1) {
		enum waiting before = waiting(cpu, WAITING_LOCK);

		start = spin_while(cpu, &lock->sequence, value & 1, STEP_PAUSE);
		waiting(cpu, before);
	}
	on_behalf_end(cpu, charged);
	return start;
}

bool read_seqretry_at(struct cpu *cpu, struct seqlock *lock, uint32_t start,
		      const struct site *site)
{
	unsigned charged = on_behalf(cpu, site);
	uint32_t now = load(cpu, &lock->sequence);

	on_behalf_end(cpu, charged);
	return now != start;
}

void write_seqlock_at(struct cpu *cpu, struct seqlock *lock, const struct site *site)
{
	unsigned charged;

	spin_lock_at(cpu, &lock->lock, LOCK_QUEUED, site);
	charged = on_behalf(cpu, site);
	fetch_add_local(cpu, &lock->sequence, 1);
	on_behalf_end(cpu, charged);
}

void write_sequnlock_at(struct cpu *cpu, struct seqlock *lock, const struct site *site)
{
	unsigned charged = on_behalf(cpu, site);

	fetch_add_local(cpu, &lock->sequence, 1);
	on_behalf_end(cpu, charged);
	spin_unlock_at(cpu, &lock->lock, LOCK_QUEUED, site);
}
