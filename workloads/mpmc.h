/* A ring of objects under a lock: any CPU puts in, any takes out. */
#ifndef WORKLOADS_MPMC_H
#define WORKLOADS_MPMC_H

#include "sim/verbs/lock.h"

struct mpmc;                            /* simulated */

/* Set-up: room for `depth` objects; `producers` CPUs will each call mpmc_close once. */
struct mpmc *mpmc_new(struct sim *sim, uint64_t depth, uint64_t producers);
/* Waits for room for `count` objects, at most `depth`, and puts them in. */
void mpmc_put(struct cpu *cpu, struct mpmc *queue, void **object, uint64_t count);
/* Waits for objects and takes up to `most`; 0: all producers have closed it and it is empty. */
uint64_t mpmc_take(struct cpu *cpu, struct mpmc *queue, void **object, uint64_t most);
void mpmc_close(struct cpu *cpu, struct mpmc *queue);

#endif
