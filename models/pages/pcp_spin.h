/*
 * pcp-spin: its state and settings (pcp_spin_setup.c) and its operations (pcp_spin.c, where it is
 * explained).
 */
#ifndef MODELS_PAGES_PCP_SPIN_H
#define MODELS_PAGES_PCP_SPIN_H

#include "models/pages/zone_6.h"

enum { FOLIO_BATCH = 31 };              /* pages of a group */

/* Bits of flags. FREE_HIGH_BATCH: the CPU's share of the last cache holds more than three batches, so
 * that blocks freed in a burst may stay until there is a batch of pages. */
enum { PREV_FREE_HIGH_ORDER = 1, FREE_HIGH_BATCH = 2 };

struct pcp_spin_settings {
	int variant;                    /* 0: by the object allocator, else 6.12, 7.1 */
	int zone_layout;                /* enum zone_layout_6 */
	uint64_t batch, high_min, drain_chunk;
	bool auto_tune, free_high_batch;
};

struct pcp_spin {
	struct zones *zones;
	enum kernel kernel;
	uint64_t drain_chunk;           /* pages; 0: all in one go */
	uint64_t *drain_mutex;          /* simulated, and under it: */
	uint64_t *mask;                 /* simulated: CPUs that have pages, a bit each */
};

static inline unsigned order_of_list(unsigned i)
{
	return i >= HUGE_LIST ? HUGE_ORDER : i / PCP_TYPES;
}

/* Struct page_allocator's, by the same names. */
struct page *pcp_spin_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp);
void pcp_spin_free(struct cpu *cpu, void *state, struct page *page, unsigned order);
void pcp_spin_free_batch(struct cpu *cpu, void *state, struct page *const *page, unsigned count);
void pcp_spin_drain_all(struct cpu *cpu, void *state);
void pcp_spin_tick(struct cpu *cpu, void *state);

#endif
