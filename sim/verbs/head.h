/*
 * What every backend's machine and CPU begin with: who and how many, random streams, memory.
 * `struct sim` has a struct sim_head as its first member, `struct cpu` a struct cpu_head, so
 * head.c and arena.c serve all backends.
 */
#ifndef SIM_VERBS_HEAD_H
#define SIM_VERBS_HEAD_H

#include "sim/verbs/arena.h"

struct sim_head {
	unsigned cpus, nodes;           /* CPUs; NUMA nodes, at least 1 */
	bool preempt;
	uint64_t seed;
	unsigned *node_of;              /* [cpus]: NUMA node of each CPU */
	unsigned *by_distance;          /* [nodes][nodes]: all nodes, nearest to each first; NULL: no
					 * machine says how far they are */
	struct arena arena;
	void *own;                      /* the door of a loaded allocator (models/own/own.h) */
};

struct cpu_head {
	unsigned id;
	unsigned process;               /* that runs here; 0: none */
	uint64_t random;                /* state of the CPU's own stream */
};

/* The head of CPU `id`: its stream depends on the machine's seed and its number. */
void cpu_head_init(struct cpu_head *head, const struct sim_head *machine, unsigned id);

static inline struct sim_head *sim_head(struct sim *sim)
{
	return (struct sim_head *)sim;
}

static inline const struct sim_head *sim_head_const(const struct sim *sim)
{
	return (const struct sim_head *)sim;
}

#endif
