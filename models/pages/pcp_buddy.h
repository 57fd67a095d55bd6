/*
 * pcp-buddy: its state and settings (pcp_buddy_setup.c) and its operations (pcp_buddy.c, where it is
 * explained).
 */
#ifndef MODELS_PAGES_PCP_BUDDY_H
#define MODELS_PAGES_PCP_BUDDY_H

#include "models/pages/pcp_6.h"

enum {
	OWNED_ORDERS = PAGEBLOCK_ORDER + 1,             /* a CPU has lists of orders 0 .. 9 */
	OWNED_LISTS = OWNED_ORDERS * PCP_TYPES,
	/* _mapcount of the head of a piece of an owned block */
	PAGE_PCP_BUDDY = -129,                          /* that is on its owner's lists */
	PAGE_PCP_DRAINED = -130,                        /* that is on its way to the zone */
};

enum lists_lock { LISTS_WAITED, LISTS_TRIED };

struct pcp_buddy_settings {
	struct pcp_6_settings shared;
	int lock;                       /* enum lists_lock */
	uint64_t block_order;
};

/* Of a drain, on the stack of who does it: a thread or a handler. */
struct drained {
	_Alignas(LINE) struct list_head pieces[OWNED_ORDERS];   /* that may merge, by order */
	struct list_head ready;         /* to go to the zone; the order is in private */
};

/* A CPU's stack for either. */
struct drain_stack {
	struct drained of[2];
};

struct pcp_buddy {
	struct pcp_zones shared;
	unsigned block_order;
	enum lists_lock lock;
	int drain_chunk;                /* pages; 0: all in one go */
	struct drain_stack *stack;      /* per CPU */
};

/* Struct page_allocator's, by the same names. */
struct page *pcp_buddy_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp);
void pcp_buddy_free(struct cpu *cpu, void *state, struct page *page, unsigned order);
void pcp_buddy_free_frozen(struct cpu *cpu, void *state, struct page *page, unsigned order);
void pcp_buddy_free_batch(struct cpu *cpu, void *state, struct page *const *page, unsigned count);
void pcp_buddy_drain_all(struct cpu *cpu, void *state);
void pcp_buddy_tick(struct cpu *cpu, void *state);

#endif
