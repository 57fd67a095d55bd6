/*
 * A magazine: single pages that all CPUs may have, under a lock that is not the zone's; the zones
 * that magazines stand in (magazine_zone.c); the allocator's state and settings (magazine_setup.c)
 * and its operations (magazine.c, where it is explained).
 */
#ifndef MODELS_PAGES_MAGAZINE_H
#define MODELS_PAGES_MAGAZINE_H

#include "models/pages/zone.h"

enum { MAGAZINES_MAX = 64, MAGAZINES_IN_ZONE = 2 };

struct free_magazine {
	struct spinlock lock;
	_Alignas(8) struct list_head free_list[PCP_TYPES];
	uint64_t nr_free;               /* pages of all three lists */
};

enum magazine_layout { LAYOUT_POSTED, LAYOUT_ALIGNED };

/* By enum magazine_layout. */
extern const struct zone_rules magazine_rules[];
extern const struct layout zone_layout_magazine_posted, zone_layout_magazine_aligned;
extern const struct layout free_magazine_layout, pageset_layout_magazine;

struct magazine_settings {
	int variant;                    /* enum magazine_layout */
	uint64_t magazines, limit, refill_min, refill_max, drain_min, drain_max;
	uint64_t process_magazines, reserve_blocks;
};

/* Pages on the way between a magazine and the buddy lists: on the stack of who moves them. */
struct on_stack {
	_Alignas(LINE) struct list_head pages;
};

/* A magazine that one process has. */
struct process_magazine {
	_Alignas(LINE) struct free_magazine free;
	_Alignas(LINE) struct list_head chain;          /* under the chain's lock */
	uint64_t owner;                                 /* 0: not in the chain */
};

/* Of a zone: the processes' magazines that have or had pages. */
struct magazine_chain {
	_Alignas(LINE) struct spinlock lock;
	struct list_head head;
};

struct magazines {
	struct zones *zones;
	struct magazine_settings set;
	struct on_stack *on_stack;      /* per CPU */
	unsigned char *listed;          /* by page frame: the type of the list that it was put on */
	struct magazine_chain *chain;           /* by node, simulated */
	struct process_magazine *process;       /* [node][process_magazines], simulated */
};

/* struct page_allocator's, by the same names; `freed` as release_pages has them. */
struct page *magazine_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp);
void magazine_free(struct cpu *cpu, void *state, struct page *page, unsigned order);
void magazine_free_group(struct cpu *cpu, void *state, struct list_head *freed);
void magazine_drain_all(struct cpu *cpu, void *state);
void magazine_process_exit(struct cpu *cpu, void *state);

#endif
