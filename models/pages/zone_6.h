/* Zones of 6.12 and 7.1: their per-CPU lists, and how rules are chosen (zone_structs_6.c). */
#ifndef MODELS_PAGES_ZONE_6_H
#define MODELS_PAGES_ZONE_6_H

#include "models/pages/zone.h"

enum {
	PCP_ORDERS = 4,                 /* orders 0 .. 3 have lists, and that of a huge page */
	HUGE_ORDER = PAGEBLOCK_ORDER,
	HUGE_LIST = PCP_ORDERS * PCP_TYPES,     /* of what cannot move; the next: of what can */
	PCP_LISTS = HUGE_LIST + 2,
};

/* The pages that a CPU keeps of a zone; under its lock, which is only tried for. */
struct pcp_lists {
	_Alignas(LINE) struct spinlock lock;
	int32_t count, high, high_min, high_max, batch;         /* in pages */
	uint8_t flags, alloc_factor, expire;
	int16_t free_count;
	struct list_head lists[];       /* by order and type; PCP_LISTS, of pcp-buddy more */
};

enum zone_flag { ZONE_BOOSTED_WATERMARK, ZONE_RECLAIM_ACTIVE, ZONE_BELOW_HIGH };

enum zone_layout_6 {
	LAYOUT_BASE, LAYOUT_UNACCEPTED, LAYOUT_CMA,
	/* of no kernel */
	LAYOUT_FLAGS_APART, LAYOUT_LOCK_APART, LAYOUT_AREAS_APART, LAYOUT_BOTH_APART,
	LAYOUTS_6
};
extern const char *const zone_layout_words[];

extern const struct layout pcp_lists_layout, zonestat_layout, vm_stat_layout_6;
extern const struct layout zone_layout_6_12, zone_layout_7_1, zone_layout_7_1_unaccepted;
extern const struct layout zone_layout_7_1_cma, zone_layout_7_1_flags_apart;
extern const struct layout zone_layout_7_1_lock_apart, zone_layout_7_1_areas_apart;
extern const struct layout zone_layout_7_1_both_apart;

/* 6.12 has one layout, as measured, whatever is asked. */
const struct zone_rules *zone_rules_6(enum kernel kernel, enum zone_layout_6 layout);

/* In what a refill finds its pages, kept from one to the next. */
enum rmqueue_mode { RMQUEUE_NORMAL, RMQUEUE_CLAIM, RMQUEUE_STEAL };
struct page *rmqueue_6(struct cpu *cpu, struct zone *zone, unsigned order, enum migratetype type,
		       enum rmqueue_mode *mode);

/* This CPU's part of the NUMA events of the zone that a page came from. */
void count_numa_event(struct cpu *cpu, struct zone *preferred, struct zone *zone);

#endif
