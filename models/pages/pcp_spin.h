/*
 * pcp-spin: its state and settings (pcp_spin_setup.c) and its operations (pcp_spin.c, where it is
 * explained).
 */
#ifndef MODELS_PAGES_PCP_SPIN_H
#define MODELS_PAGES_PCP_SPIN_H

#include "models/pages/pcp_6.h"

struct pcp_spin_settings {
	struct pcp_6_settings shared;
	int variant;                    /* 0: by the object allocator, else 6.12, 7.1 */
};

struct pcp_spin {
	struct pcp_zones shared;
	uint64_t drain_chunk;           /* pages; 0: all in one go */
};

static inline unsigned order_of_list(unsigned i)
{
	return i >= HUGE_LIST ? HUGE_ORDER : i / PCP_TYPES;
}

/* Struct page_allocator's, by the same names. */
struct page *pcp_spin_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp);
void pcp_spin_free(struct cpu *cpu, void *state, struct page *page, unsigned order);
void pcp_spin_free_frozen(struct cpu *cpu, void *state, struct page *page, unsigned order);
void pcp_spin_free_batch(struct cpu *cpu, void *state, struct page *const *page, unsigned count);
void pcp_spin_drain_all(struct cpu *cpu, void *state);
void pcp_spin_tick(struct cpu *cpu, void *state);

#endif
