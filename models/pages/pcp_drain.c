/* pcp: all that CPUs keep goes back, and each second what they do not use; see pcp.c. */
#include "models/pages/pcp.h"

/* ---- draining all -------------------------------------------------------------------------- */

/* All lists of a CPU go. Until 2.6.24 the lock is taken for empty lists too. */
static void drain_pages(struct cpu *cpu, struct zone *zone, struct per_cpu_pageset *pageset)
{
	bool flags;

	if (zone->all->kernel == KERNEL_3_9) {
		flags = irq_save(cpu);
		int count = load(cpu, &pageset->count);

		if (count) {
			drain_3_9(cpu, zone, pageset, count);
			store(cpu, &pageset->count, 0);
		}
		irq_restore(cpu, flags);
		return;
	}
	for (unsigned i = HOT; i <= COLD; i++) {
		flags = irq_save(cpu);
		int count = load(cpu, &pageset->pcp[i].count);

		drain_2_6(cpu, zone, &pageset->pcp[i], count);
		store(cpu, &pageset->pcp[i].count, 0);
		irq_restore(cpu, flags);
	}
}

static void drain_local_pages(struct cpu *cpu, struct pcp *pcp)
{
	for (unsigned node = 0; node < pcp->zones->memory->nodes; node++) {
		struct zone *zone = &pcp->zones->zone[node];
		struct per_cpu_pageset *pageset = zone_pageset(cpu, zone);

		drain_pages(cpu, zone, pageset);
	}
}

static void drain_when_told(struct cpu *cpu, void *argument)
{
	struct caller *caller = argument;

	drain_local_pages(cpu, caller->pcp);
	store(cpu, &caller->call[cpu_id(cpu)].waiting, 0);
}

/* Reads the counts of another CPU until one is not 0. */
static bool has_pages(struct cpu *cpu, struct pcp *pcp, unsigned id)
{
	for (unsigned node = 0; node < pcp->zones->memory->nodes; node++) {
		struct zone *zone = &pcp->zones->zone[node];
		struct per_cpu_pageset *pageset = load(cpu, zone->pageset);

		pageset = per_cpu(cpu_sim(cpu), pageset, id);
		if (load(cpu, &pageset->count) != 0)
			return true;
	}
	return false;
}

/* 3.9: the CPUs that have pages, in a mask that all share and nobody guards. */
static void find_pages(struct cpu *cpu, struct pcp *pcp)
{
	for (unsigned id = 0; id < sim_cpus(cpu_sim(cpu)); id++) {
		if (has_pages(cpu, pcp, id))
			bit_set_local(cpu, &pcp->mask[id / 64], id % 64);
		else
			bit_clear_local(cpu, &pcp->mask[id / 64], id % 64);
	}
}

static bool is_called(struct cpu *cpu, struct pcp *pcp, unsigned id)
{
	uint64_t word;

	if (pcp->zones->kernel != KERNEL_3_9)
		return true;
	word = load(cpu, &pcp->mask[id / 64]);
	return word >> id % 64 & 1;
}

/* The lists of a CPU whose thread is over. */
static void drain_for(struct cpu *cpu, struct pcp *pcp, unsigned id)
{
	if (pcp->emptied[id])
		return;
	pcp->emptied[id] = true;
	for (unsigned node = 0; node < pcp->zones->memory->nodes; node++) {
		struct zone *zone = &pcp->zones->zone[node];

		drain_pages(cpu, zone, zone_pageset_of(zone, id));
	}
	pcp->emptied[id] = false;
}

static void call_other(struct cpu *cpu, struct caller *caller, unsigned id)
{
	caller->given[id] = true;
	store(cpu, &caller->call[id].waiting, 1);
	ipi_send(cpu, id, drain_when_told, caller);
}

static void wait_for_other(struct cpu *cpu, struct caller *caller, unsigned id)
{
	while (load(cpu, &caller->call[id].waiting) && takes_interrupts(cpu_sim(cpu), id))
		compute(cpu, STEP_PAUSE);
	if (!takes_interrupts(cpu_sim(cpu), id))
		drain_for(cpu, caller->pcp, id);
	caller->given[id] = false;
}

static void call_others(struct cpu *cpu, struct pcp *pcp)
{
	unsigned cpus = sim_cpus(cpu_sim(cpu)), own = cpu_id(cpu);
	struct caller *caller = &pcp->caller[own];

	for (unsigned id = 0; id < cpus; id++)
		if (id != own && is_called(cpu, pcp, id))
			call_other(cpu, caller, id);
	for (unsigned id = 0; id < cpus; id++)
		if (caller->given[id])
			wait_for_other(cpu, caller, id);
}

/* With interrupts on: two that drain call each other. */
void pcp_drain_all(struct cpu *cpu, void *state)
{
	struct pcp *pcp = state;

	op_begin(cpu, OP_DRAIN);
	path(cpu, "drain all");
	if (pcp->zones->kernel == KERNEL_3_9)
		find_pages(cpu, pcp);
	else
		drain_local_pages(cpu, pcp);
	preempt_disable(cpu);
	call_others(cpu, pcp);
	if (pcp->zones->kernel == KERNEL_3_9 && is_called(cpu, pcp, cpu_id(cpu)))
		drain_local_pages(cpu, pcp);
	preempt_enable(cpu);
	op_end(cpu, 0, 0);
}

/* ---- each second --------------------------------------------------------------------------- */

/* A batch of each list of a zone of another node goes. */
static void drain_batch(struct cpu *cpu, struct zone *zone, struct per_cpu_pageset *pageset)
{
	bool flags;

	if (zone->all->kernel == KERNEL_3_9) {
		flags = irq_save(cpu);
		int batch = load(cpu, &pageset->batch), count = load(cpu, &pageset->count);

		if (batch > count)
			batch = count;
		drain_3_9(cpu, zone, pageset, batch);
		fetch_add_local(cpu, &pageset->count, -batch);
		irq_restore(cpu, flags);
		return;
	}
	for (unsigned i = HOT; i <= COLD; i++) {
		struct per_cpu_pages *list = &pageset->pcp[i];

		flags = irq_save(cpu);
		int batch = load(cpu, &list->batch), count = load(cpu, &list->count);

		if (batch > count)
			batch = count;
		if (batch)
			drain_2_6(cpu, zone, list, batch);
		fetch_add_local(cpu, &list->count, -batch);
		irq_restore(cpu, flags);
	}
}

static bool pageset_is_empty(struct cpu *cpu, const struct zone *zone,
			     struct per_cpu_pageset *pageset)
{
	int hot, cold;

	if (zone->all->kernel == KERNEL_3_9)
		return load(cpu, &pageset->count) == 0;
	hot = load(cpu, &pageset->pcp[HOT].count);
	cold = load(cpu, &pageset->pcp[COLD].count);
	return hot + cold == 0;
}

/* Pages of other nodes that are not used for three seconds go home. */
static void age_pageset(struct cpu *cpu, struct zone *zone, bool used)
{
	enum { SECONDS = 3 };
	struct per_cpu_pageset *pageset = zone_pageset(cpu, zone);
	int expire;

	if (used)
		store(cpu, &pageset->expire, SECONDS);
	expire = load(cpu, &pageset->expire);
	if (expire == 0 || pageset_is_empty(cpu, zone, pageset))
		return;
	if (load(cpu, zone->node_id) == (int)cpu_node(cpu)) {
		store(cpu, &pageset->expire, 0);
		return;
	}
	store(cpu, &pageset->expire, (int8_t)(expire - 1));
	if (expire == 1)
		drain_batch(cpu, zone, pageset);
}

void pcp_tick(struct cpu *cpu, void *state)
{
	struct pcp *pcp = state;

	for (unsigned node = 0; node < pcp->zones->memory->nodes; node++) {
		struct zone *zone = &pcp->zones->zone[node];
		bool used = zone_fold_all(cpu, zone);

		age_pageset(cpu, zone, used);
	}
}
