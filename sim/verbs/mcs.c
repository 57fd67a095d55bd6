/* The MCS lock over the verbs; see mcs.h. */
#include "sim/verbs/mcs.h"

static bool wait_in_line(struct cpu *cpu, struct mcs_lock *lock, struct mcs_node *node)
{
	struct mcs_node *before;

	store(cpu, &node->next, NULL);
	before = exchange(cpu, &lock->tail, node);
	if (!before)
		return false;
	waiting(cpu, WAITING_LOCK);
	store(cpu, &node->waits, 1);
	store(cpu, &before->next, node);
	spin_while(cpu, &node->waits, value, STEP_PAUSE);
	return true;
}

void mcs_lock_at(struct cpu *cpu, struct mcs_lock *lock, struct mcs_node *node,
		 const struct site *site)
{
	enum waiting before = waiting(cpu, NOT_WAITING);
	unsigned charged = on_behalf(cpu, site);
	bool waited;

	preempt_disable(cpu);
	waited = wait_in_line(cpu, lock, node);
	lock_taken(cpu, lock, "mcs", waited);
	waiting(cpu, before);
	on_behalf_end(cpu, charged);
}

static void hand_over(struct cpu *cpu, struct mcs_lock *lock, struct mcs_node *node)
{
	struct mcs_node *next = load(cpu, &node->next);

	if (!next) {
		if (cas(cpu, &lock->tail, node, NULL))
			return;
		next = spin_while(cpu, &node->next, !value, STEP_PAUSE);
	}
	store(cpu, &next->waits, 0);
}

void mcs_unlock_at(struct cpu *cpu, struct mcs_lock *lock, struct mcs_node *node,
		   const struct site *site)
{
	unsigned charged = on_behalf(cpu, site);

	hand_over(cpu, lock, node);
	lock_released(cpu, lock);
	preempt_enable(cpu);
	on_behalf_end(cpu, charged);
}
