/*
 * struct zone and what hangs on it in simulated memory: 3.9, as measured; 2.6.22 and 2.6.24 as the
 * sheet reckons them from the field lists, for a NUMA kernel without memory hotplug.
 *
 * Until 2.6.24 an array of NR_CPUS pointers to pagesets stands in the middle of the struct, so it
 * is made of a head, the array, and a body that starts with the line of zone->lock; the last words of
 * the array lie in that line.
 */
#include <assert.h>

#include "models/pages/zone_place.h"

/* Numbers of counters, as they are in arrays: 3.9, and until 2.6.24 with the ending _26. */
enum {
	NR_FREE_PAGES = 0,
	NR_SLAB_RECLAIMABLE = 12, NR_SLAB_UNRECLAIMABLE = 13,
	NUMA_HIT = 26, NUMA_LOCAL = 30,
	NR_SLAB_RECLAIMABLE_26 = 8, NR_SLAB_UNRECLAIMABLE_26 = 9,
	NUMA_HIT_26 = 14, NUMA_LOCAL_26 = 18,
	ZONE_STATS_26 = 20,
};

/* ---- per_cpu_pageset --------------------------------------------------- */

static const struct field pageset_fields_3_9[] = {
	FIELD(struct per_cpu_pageset, count),
	FIELD(struct per_cpu_pageset, high),
	FIELD(struct per_cpu_pageset, batch),
	FIELD(struct per_cpu_pageset, lists),
	FIELD(struct per_cpu_pageset, expire),
	FIELD(struct per_cpu_pageset, stat_threshold),
	FIELD(struct per_cpu_pageset, vm_stat_diff[NR_FREE_PAGES]),
	FIELD(struct per_cpu_pageset, vm_stat_diff[NR_SLAB_UNRECLAIMABLE]),
	FIELD(struct per_cpu_pageset, vm_stat_diff[NUMA_HIT]),
	FIELD(struct per_cpu_pageset, vm_stat_diff[NUMA_LOCAL]),
	FIELD(struct per_cpu_pageset, vm_stat_diff),
	{ 0 },
};

static const struct field pageset_fields_2_6[] = {
	NAMED("hot.count", struct per_cpu_pageset, pcp[0].count),
	NAMED("hot.high", struct per_cpu_pageset, pcp[0].high),
	NAMED("hot.batch", struct per_cpu_pageset, pcp[0].batch),
	NAMED("hot.list", struct per_cpu_pageset, pcp[0].list),
	NAMED("cold.count", struct per_cpu_pageset, pcp[1].count),
	NAMED("cold.high", struct per_cpu_pageset, pcp[1].high),
	NAMED("cold.batch", struct per_cpu_pageset, pcp[1].batch),
	NAMED("cold.list", struct per_cpu_pageset, pcp[1].list),
	FIELD(struct per_cpu_pageset, expire),
	FIELD(struct per_cpu_pageset, stat_threshold),
	NAMED("vm_stat_diff[NR_FREE_PAGES]", struct per_cpu_pageset, vm_stat_diff[NR_FREE_PAGES]),
	NAMED("vm_stat_diff[NR_SLAB_UNRECLAIMABLE]", struct per_cpu_pageset,
	      vm_stat_diff[NR_SLAB_UNRECLAIMABLE_26]),
	NAMED("vm_stat_diff[NUMA_HIT]", struct per_cpu_pageset, vm_stat_diff[NUMA_HIT_26]),
	NAMED("vm_stat_diff[NUMA_LOCAL]", struct per_cpu_pageset, vm_stat_diff[NUMA_LOCAL_26]),
	FIELD(struct per_cpu_pageset, vm_stat_diff),
	{ 0 },
};

#define PAGESET_LAYOUT(fields) \
	{ "per_cpu_pageset", sizeof(struct per_cpu_pageset), CLASS_ALLOCATOR, fields }
const struct layout pageset_layout_3_9 = PAGESET_LAYOUT(pageset_fields_3_9);
const struct layout pageset_layout_2_6 = PAGESET_LAYOUT(pageset_fields_2_6);

static_assert(offsetof(struct per_cpu_pageset, pcp[0].high) == 4, "2.6.22");
static_assert(offsetof(struct per_cpu_pageset, pcp[0].batch) == 8, "2.6.22");
static_assert(offsetof(struct per_cpu_pageset, pcp[0].list) == 16, "2.6.22");
static_assert(offsetof(struct per_cpu_pageset, pcp[1].count) == 32, "2.6.22");
static_assert(offsetof(struct per_cpu_pageset, pcp[1].list) == 48, "2.6.22");

/* ---- 3.9 --------------------------------------------------------------- */

struct zone_3_9 {
	/* read by every allocation */
	_Alignas(LINE) uint64_t watermark[WATERMARKS];
	uint64_t percpu_drift_mark;
	uint64_t lowmem_reserve[4];
	/* read by every operation, beside the lock */
	uint64_t dirty_balance_reserve;
	int32_t node;
	uint64_t min_unmapped_pages, min_slab_pages;
	struct per_cpu_pageset *pageset;
	struct spinlock lock;
	int32_t all_unreclaimable;
	uint64_t compact_blockskip_flush;
	uint64_t compact_cached_free_pfn, compact_cached_migrate_pfn;
	uint64_t span_seqlock;
	struct free_area free_area[MAX_ORDER];  /* under lock */
	uint32_t compact_considered, compact_defer_shift, compact_order_failed;
	/* reclaim, and the counts that share its line */
	_Alignas(LINE) struct spinlock lru_lock;
	struct lruvec lruvec;
	uint64_t pages_scanned;                 /* set to 0 by every free */
	uint64_t flags;
	int64_t vm_stat[ZONE_STATS_MAX];        /* atomic; differences of CPUs come on top */
	uint32_t inactive_ratio;
	/* read-only */
	_Alignas(LINE) uint64_t wait_table;
	uint64_t wait_table_hash_nr_entries, wait_table_bits;
	const void *zone_pgdat;         /* names the node; one zone per node here */
	uint64_t zone_start_pfn, spanned_pages, present_pages, managed_pages;
	const char *name;
};

static const struct field zone_fields_3_9[] = {
	FIELD(struct zone_3_9, watermark),
	FIELD(struct zone_3_9, percpu_drift_mark),
	FIELD(struct zone_3_9, lowmem_reserve),
	FIELD(struct zone_3_9, dirty_balance_reserve),
	FIELD(struct zone_3_9, node),
	FIELD(struct zone_3_9, min_unmapped_pages),
	FIELD(struct zone_3_9, min_slab_pages),
	FIELD(struct zone_3_9, pageset),
	FIELD(struct zone_3_9, lock),
	FIELD(struct zone_3_9, all_unreclaimable),
	FIELD(struct zone_3_9, compact_blockskip_flush),
	FIELD(struct zone_3_9, compact_cached_free_pfn),
	FIELD(struct zone_3_9, compact_cached_migrate_pfn),
	FIELD(struct zone_3_9, span_seqlock),
	FREE_AREAS(struct zone_3_9),
	FIELD(struct zone_3_9, compact_considered),
	FIELD(struct zone_3_9, compact_defer_shift),
	FIELD(struct zone_3_9, compact_order_failed),
	FIELD(struct zone_3_9, lru_lock),
	FIELD(struct zone_3_9, lruvec.lists),
	FIELD(struct zone_3_9, lruvec.recent_rotated),
	FIELD(struct zone_3_9, lruvec.recent_scanned),
	FIELD(struct zone_3_9, lruvec.zone),
	FIELD(struct zone_3_9, pages_scanned),
	FIELD(struct zone_3_9, flags),
	FIELD(struct zone_3_9, vm_stat[NR_FREE_PAGES]),
	FIELD(struct zone_3_9, vm_stat[NR_SLAB_UNRECLAIMABLE]),
	FIELD(struct zone_3_9, vm_stat[NUMA_HIT]),
	FIELD(struct zone_3_9, vm_stat[NUMA_LOCAL]),
	FIELD(struct zone_3_9, vm_stat),
	FIELD(struct zone_3_9, inactive_ratio),
	FIELD(struct zone_3_9, wait_table),
	FIELD(struct zone_3_9, wait_table_hash_nr_entries),
	FIELD(struct zone_3_9, wait_table_bits),
	FIELD(struct zone_3_9, zone_pgdat),
	FIELD(struct zone_3_9, zone_start_pfn),
	FIELD(struct zone_3_9, spanned_pages),
	FIELD(struct zone_3_9, present_pages),
	FIELD(struct zone_3_9, managed_pages),
	FIELD(struct zone_3_9, name),
	{ 0 },
};

const struct layout zone_layout_3_9 = {
	"zone", sizeof(struct zone_3_9), CLASS_ALLOCATOR, zone_fields_3_9
};

/* Offsets of 3.9 as measured: lines Z0, Z1, Z2 .. Z17, Z20 and Z25. */
static_assert(offsetof(struct zone_3_9, lowmem_reserve) == 32, "zone");
static_assert(offsetof(struct zone_3_9, node) == 72, "zone");
static_assert(offsetof(struct zone_3_9, pageset) == 96, "zone");
static_assert(offsetof(struct zone_3_9, lock) == 104, "zone");
static_assert(offsetof(struct zone_3_9, all_unreclaimable) == 108, "zone");
static_assert(offsetof(struct zone_3_9, compact_cached_migrate_pfn) == 128, "zone");
static_assert(offsetof(struct zone_3_9, free_area) == 144, "zone");
static_assert(sizeof(struct free_area) == 88, "zone");
static_assert(offsetof(struct zone_3_9, free_area[10].nr_free) == 1104, "zone");
static_assert(offsetof(struct zone_3_9, compact_considered) == 1112, "zone");
static_assert(offsetof(struct zone_3_9, lru_lock) == 1152, "zone");
static_assert(offsetof(struct zone_3_9, lruvec) == 1160, "zone");
static_assert(sizeof(struct lruvec) == 120, "zone");
static_assert(offsetof(struct zone_3_9, pages_scanned) == 1280, "zone");
static_assert(offsetof(struct zone_3_9, vm_stat[NR_FREE_PAGES]) == 1296, "zone");
static_assert(offsetof(struct zone_3_9, vm_stat[NUMA_LOCAL]) == 1536, "zone");
static_assert(offsetof(struct zone_3_9, inactive_ratio) == 1568, "zone");
static_assert(offsetof(struct zone_3_9, zone_pgdat) == 1624, "zone");
static_assert(offsetof(struct zone_3_9, managed_pages) == 1656, "zone");
static_assert(sizeof(struct zone_3_9) == 1728, "zone");
static_assert(offsetof(struct per_cpu_pageset, lists) == 16, "pageset");
static_assert(offsetof(struct per_cpu_pageset, stat_threshold) == 65, "pageset");
static_assert(offsetof(struct per_cpu_pageset, vm_stat_diff) == 66, "pageset");

/* ---- 2.6.22 and 2.6.24 -------------------------------------------------- */

struct zone_head_2_6_22 {
	uint64_t watermark[WATERMARKS];         /* pages_min, pages_low, pages_high */
	uint64_t lowmem_reserve[3];
	int32_t node;
	uint64_t min_unmapped_pages, min_slab_pages;
};

struct zone_head_2_6_24 {
	uint64_t watermark[WATERMARKS];
	uint64_t lowmem_reserve[4];
	int32_t node;
	uint64_t min_unmapped_pages, min_slab_pages;
};

/* One list per order. */
struct free_area_2_6_22 {
	struct list_head free_list;
	uint64_t nr_free;
};

/* From the line of zone->lock on. */
struct zone_body_2_6_22 {
	_Alignas(LINE) struct per_cpu_pageset *pageset[1];      /* the last of the array */
	struct spinlock lock;
	struct free_area_2_6_22 free_area[MAX_ORDER];
	_Alignas(LINE) struct spinlock lru_lock;
	struct list_head active_list, inactive_list;
	uint64_t nr_scan_active, nr_scan_inactive, pages_scanned;
	int32_t all_unreclaimable;
	int64_t vm_stat[ZONE_STATS_26];
	int32_t prev_priority;
	_Alignas(LINE) uint64_t wait_table;
	uint64_t wait_table_hash_nr_entries, wait_table_bits;
	const void *zone_pgdat;
	uint64_t zone_start_pfn, spanned_pages, present_pages;
	const char *name;
};

struct zone_body_2_6_24 {
	_Alignas(LINE) struct per_cpu_pageset *pageset[2];
	struct spinlock lock;
	struct free_area free_area[MAX_ORDER];
	_Alignas(LINE) struct spinlock lru_lock;
	struct list_head active_list, inactive_list;
	uint64_t nr_scan_active, nr_scan_inactive, pages_scanned;
	uint64_t flags;
	int64_t vm_stat[ZONE_STATS_26];
	int32_t prev_priority;
	_Alignas(LINE) uint64_t wait_table;
	uint64_t wait_table_hash_nr_entries, wait_table_bits;
	const void *zone_pgdat;
	uint64_t zone_start_pfn, spanned_pages, present_pages;
	const char *name;
};

#define HEAD_FIELDS(type) \
	FIELD(type, watermark), FIELD(type, lowmem_reserve), FIELD(type, node), \
	FIELD(type, min_unmapped_pages), FIELD(type, min_slab_pages), { 0 }

static const struct field zone_head_fields_2_6_22[] = { HEAD_FIELDS(struct zone_head_2_6_22) };
static const struct field zone_head_fields_2_6_24[] = { HEAD_FIELDS(struct zone_head_2_6_24) };

const struct layout zone_head_layout_2_6_22 = {
	"zone", sizeof(struct zone_head_2_6_22), CLASS_ALLOCATOR, zone_head_fields_2_6_22
};
const struct layout zone_head_layout_2_6_24 = {
	"zone", sizeof(struct zone_head_2_6_24), CLASS_ALLOCATOR, zone_head_fields_2_6_24
};

/* What the bodies have behind free_area; flag: the member that says "all unreclaimable". */
#define BODY_FIELDS(type, flag) \
	FIELD(type, lru_lock), FIELD(type, active_list), FIELD(type, inactive_list), \
	FIELD(type, nr_scan_active), FIELD(type, nr_scan_inactive), FIELD(type, pages_scanned), \
	FIELD(type, flag), NAMED("vm_stat[NR_FREE_PAGES]", type, vm_stat[NR_FREE_PAGES]), \
	NAMED("vm_stat[NR_SLAB_UNRECLAIMABLE]", type, vm_stat[NR_SLAB_UNRECLAIMABLE_26]), \
	NAMED("vm_stat[NUMA_HIT]", type, vm_stat[NUMA_HIT_26]), \
	NAMED("vm_stat[NUMA_LOCAL]", type, vm_stat[NUMA_LOCAL_26]), FIELD(type, vm_stat), \
	FIELD(type, prev_priority), FIELD(type, wait_table), \
	FIELD(type, wait_table_hash_nr_entries), FIELD(type, wait_table_bits), \
	FIELD(type, zone_pgdat), FIELD(type, zone_start_pfn), FIELD(type, spanned_pages), \
	FIELD(type, present_pages), FIELD(type, name), { 0 }

#define AREA_FIELDS_2_6_22(order) \
	FIELD(struct zone_body_2_6_22, free_area[order].free_list), \
	FIELD(struct zone_body_2_6_22, free_area[order].nr_free)

static const struct field zone_body_fields_2_6_22[] = {
	FIELD(struct zone_body_2_6_22, pageset),
	FIELD(struct zone_body_2_6_22, lock),
	AREA_FIELDS_2_6_22(0), AREA_FIELDS_2_6_22(1), AREA_FIELDS_2_6_22(2), AREA_FIELDS_2_6_22(3),
	AREA_FIELDS_2_6_22(4), AREA_FIELDS_2_6_22(5), AREA_FIELDS_2_6_22(6), AREA_FIELDS_2_6_22(7),
	AREA_FIELDS_2_6_22(8), AREA_FIELDS_2_6_22(9), AREA_FIELDS_2_6_22(10),
	BODY_FIELDS(struct zone_body_2_6_22, all_unreclaimable)
};

static const struct field zone_body_fields_2_6_24[] = {
	FIELD(struct zone_body_2_6_24, pageset),
	FIELD(struct zone_body_2_6_24, lock),
	FREE_AREAS(struct zone_body_2_6_24),
	BODY_FIELDS(struct zone_body_2_6_24, flags)
};

const struct layout zone_body_layout_2_6_22 = {
	"zone", sizeof(struct zone_body_2_6_22), CLASS_ALLOCATOR, zone_body_fields_2_6_22
};
const struct layout zone_body_layout_2_6_24 = {
	"zone", sizeof(struct zone_body_2_6_24), CLASS_ALLOCATOR, zone_body_fields_2_6_24
};

/* With N = NR_CPUS, a multiple of 8: pageset[] at 72 or 80, so lock at 72 + 8 N or 80 + 8 N. */
static_assert(offsetof(struct zone_head_2_6_22, lowmem_reserve) == 24, "2.6.22");
static_assert(offsetof(struct zone_head_2_6_22, node) == 48, "2.6.22");
static_assert(sizeof(struct zone_head_2_6_22) == 72, "2.6.22");
static_assert(offsetof(struct zone_head_2_6_24, node) == 56, "2.6.24");
static_assert(sizeof(struct zone_head_2_6_24) == 80, "2.6.24");
static_assert(offsetof(struct zone_body_2_6_22, lock) == 72 % LINE, "2.6.22");
static_assert(offsetof(struct zone_body_2_6_22, free_area) == 16, "2.6.22");
static_assert(offsetof(struct zone_body_2_6_22, free_area[1].nr_free) == 32 + 24, "2.6.22");
static_assert(offsetof(struct zone_body_2_6_24, lock) == 80 % LINE, "2.6.24");
static_assert(offsetof(struct zone_body_2_6_24, free_area) == 24, "2.6.24");
static_assert(offsetof(struct zone_body_2_6_24, free_area[1].nr_free) == 104 + 88, "2.6.24");

/* From lru_lock on both are alike: lines V0, V1 to V3, and ZR behind the next padding. */
#define SAME_BODY(type, flag) \
	static_assert(offsetof(type, active_list) == offsetof(type, lru_lock) + 8, "V0"); \
	static_assert(offsetof(type, pages_scanned) == offsetof(type, lru_lock) + 56, "V0"); \
	static_assert(offsetof(type, flag) == offsetof(type, lru_lock) + 64, "V1"); \
	static_assert(offsetof(type, vm_stat) == offsetof(type, flag) + 8, "V1"); \
	static_assert(offsetof(type, zone_pgdat) % LINE == 24, "ZR")
SAME_BODY(struct zone_body_2_6_22, all_unreclaimable);
SAME_BODY(struct zone_body_2_6_24, flags);

static const struct layout pageset_pointer_layout = {
	"pageset", sizeof(struct per_cpu_pageset *), CLASS_ALLOCATOR, NULL
};

/* ---- set-up ------------------------------------------------------------ */

const char *zone_label(const struct zone *zone, const char *member)
{
	const struct memory *m = zone->all->memory;

	if (m->nodes == 1)
		return label_new(m->sim, "zone%s", member);
	return label_new(m->sim, "zone of node %u%s", zone->node, member);
}

/* Head, array and body; returns the body. */
static void *split_zone_new(struct zone *zone, const struct layout *head, const struct layout *body,
			    char **start)
{
	static const struct layout whole = { "zone", 0, CLASS_ALLOCATOR, NULL };
	struct memory *m = zone->all->memory;
	unsigned cpus = zone->all->nr_cpus;
	size_t lock_line = LINE * (1 + cpus / 8);
	const char *label = zone_label(zone, "");

	*start = arena_alloc(m->sim, lock_line + body->size, 1, zone->node, LINE, &whole, label);
	relabel_setup(m->sim, *start, head->size, head, 0, label);
	relabel_setup(m->sim, *start + lock_line, body->size, body, 0, label);
	zone->pageset = (struct per_cpu_pageset **)(*start + head->size);
	relabel_setup(m->sim, zone->pageset, cpus * sizeof zone->pageset[0],
		      &pageset_pointer_layout, 0, zone_label(zone, ".pageset"));
	return *start + lock_line;
}

void zone_new_2_6_22(struct zone *zone)
{
	char *start;
	struct zone_body_2_6_22 *body = split_zone_new(zone, &zone_head_layout_2_6_22,
						       &zone_body_layout_2_6_22, &start);
	struct zone_head_2_6_22 *head = (struct zone_head_2_6_22 *)start;

	PLACE_HEAD(zone, head);
	PLACE_BODY(zone, body);
	zone->all_unreclaimable = &body->all_unreclaimable;
}

void zone_new_2_6_24(struct zone *zone)
{
	char *start;
	struct zone_body_2_6_24 *body = split_zone_new(zone, &zone_head_layout_2_6_24,
						       &zone_body_layout_2_6_24, &start);
	struct zone_head_2_6_24 *head = (struct zone_head_2_6_24 *)start;

	PLACE_HEAD(zone, head);
	PLACE_BODY(zone, body);
	zone->flags = &body->flags;
}

void zone_new_3_9(struct zone *zone)
{
	struct zone_3_9 *body = arena_new(zone->all->memory->sim, struct zone_3_9, 1, zone->node,
					  LINE, &zone_layout_3_9, zone_label(zone, ""));

	PLACE_HEAD(zone, body);
	PLACE_BODY(zone, body);
	zone->pageset = &body->pageset;
	zone->counters = (char **)&body->pageset;
	zone->all_unreclaimable = &body->all_unreclaimable;
	zone->lru_lock = &body->lru_lock;
	zone->lruvec = &body->lruvec;
	body->managed_pages = zone->pages;
}

void zone_struct_new(struct zone *zone)
{
	zone->all->rules->struct_new(zone);
	*zone->node_id = (int32_t)zone->node;
	*zone->zone_pgdat = zone->pgdat ? (const void *)zone->pgdat : zone;
	spin_lock_init(zone->lock, zone->all->lock);
}
