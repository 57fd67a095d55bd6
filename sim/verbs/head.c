/* Who am I, how many are we, and random streams; see head.h. */
#include "sim/verbs/head.h"
#include "sim/verbs/nodes.h"
#include "sim/verbs/random.h"

static const struct cpu_head *head_of(const struct cpu *cpu)
{
	return (const struct cpu_head *)cpu;
}

void cpu_head_init(struct cpu_head *head, const struct sim_head *machine, unsigned id)
{
	head->id = id;
	head->process = 0;
	head->random = machine->seed * RANDOM_STEP + id * 0xd1b54a32d192ed03u + 1;
}

unsigned cpu_id(const struct cpu *cpu)
{
	return head_of(cpu)->id;
}

unsigned node_of_cpu(const struct sim *sim, unsigned id)
{
	return sim_head_const(sim)->node_of[id];
}

unsigned cpu_node(const struct cpu *cpu)
{
	return node_of_cpu(cpu_sim(cpu), cpu_id(cpu));
}

unsigned sim_cpus(const struct sim *sim)
{
	return sim_head_const(sim)->cpus;
}

unsigned sim_nodes(const struct sim *sim)
{
	return sim_head_const(sim)->nodes;
}

unsigned node_by_distance(const struct sim *sim, unsigned node, unsigned i)
{
	const struct sim_head *head = sim_head_const(sim);

	if (!head->by_distance)
		return (node + i) % head->nodes;
	return head->by_distance[node * head->nodes + i];
}

bool sim_preempt(const struct sim *sim)
{
	return sim_head_const(sim)->preempt;
}

uint64_t sim_seed(const struct sim *sim)
{
	return sim_head_const(sim)->seed;
}

unsigned current_process(const struct cpu *cpu)
{
	return head_of(cpu)->process;
}

void process_switch(struct cpu *cpu, unsigned process)
{
	((struct cpu_head *)cpu)->process = process;
}

uint64_t random_next(struct cpu *cpu)
{
	struct cpu_head *head = (struct cpu_head *)cpu;

	return random_mix(head->random += RANDOM_STEP);
}

uint64_t random_below(struct cpu *cpu, uint64_t limit)
{
	return random_share(random_next(cpu), limit);
}
