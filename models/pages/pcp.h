/*
 * pcp: its state, its lists (pcp_lists.c), who empties them (pcp_drain.c), settings and check
 * (pcp_setup.c) and its operations (pcp.c, where it is explained).
 */
#ifndef MODELS_PAGES_PCP_H
#define MODELS_PAGES_PCP_H

#include "models/pages/zone.h"

enum { HOT, COLD };

/* A call of another CPU: 1 until it has answered. A line for each caller and called. */
struct call {
	_Alignas(LINE) uint64_t waiting;
};

/* A CPU that has others drain. */
struct caller {
	struct pcp *pcp;
	struct call *call;              /* by CPU called; simulated, on this CPU's node */
	bool *given;                    /* by CPU called: not yet known to have answered */
};

struct pcp {
	struct zones *zones;
	struct caller *caller;          /* by CPU */
	uint64_t *mask;                 /* simulated, 3.9: CPUs to interrupt, a bit each */
	bool *emptied;                  /* by CPU: over, and somebody empties its lists */
};

struct pcp_settings {
	int variant;                    /* 0: by the object allocator, else enum kernel + 1 */
	uint64_t batch, reserve_blocks, nr_cpus;
};

/* ---- a CPU's lists; interrupts off ------------------------------------------------------------- */

/* NULL: there is no memory. */
struct page *take_2_6(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list,
		      enum migratetype type);
struct page *take_3_9(struct cpu *cpu, struct zone *zone, enum migratetype type, bool cold);
void give_2_6(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list, struct page *page);
void give_3_9(struct cpu *cpu, struct zone *zone, struct page *page, enum migratetype type);
/* So many pages go back to the zone, which the lists have; the counts are the caller's. */
void drain_2_6(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list, int batch);
void drain_3_9(struct cpu *cpu, struct zone *zone, struct per_cpu_pageset *pageset, int count);

/* Struct page_allocator's, by the same names; `freed` as release_pages has them. */
struct page *pcp_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp);
void pcp_free(struct cpu *cpu, void *state, struct page *page, unsigned order);
void pcp_free_group(struct cpu *cpu, void *state, struct list_head *freed);
void pcp_drain_all(struct cpu *cpu, void *state);
void pcp_tick(struct cpu *cpu, void *state);

#endif
