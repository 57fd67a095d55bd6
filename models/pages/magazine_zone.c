/*
 * struct zone and per_cpu_pageset of the magazine series on Linux 3.9, offsets as measured with the
 * series' headers: two magazines where a padding was.
 *
 *	posted    1112  lock    ...  1168  nr_free | 1176  lock  ...  1232  nr_free
 *	          Z17            Z18                                   Z19
 *	          The second lock lies in the line of the first magazine's MOVABLE list and count, the
 *	          first lock in that of free_area[10].nr_free.
 *	aligned   each magazine has a line of its own
 *
 * Magazines beyond the second start lines of their own behind the zone.
 */
#include <assert.h>

#include "models/pages/magazine.h"
#include "models/pages/zone_place.h"

/* ---- per_cpu_pageset: counters alone ----------------------------------------------------- */

struct pageset_magazine {
	int8_t expire, stat_threshold;
	int8_t vm_stat_diff[34];
};

static const struct field pageset_fields[] = {
	FIELD(struct pageset_magazine, expire),
	FIELD(struct pageset_magazine, stat_threshold),
	NAMED("vm_stat_diff[NR_FREE_PAGES]", struct pageset_magazine, vm_stat_diff[0]),
	NAMED("vm_stat_diff[NR_SLAB_UNRECLAIMABLE]", struct pageset_magazine, vm_stat_diff[13]),
	NAMED("vm_stat_diff[NUMA_HIT]", struct pageset_magazine, vm_stat_diff[26]),
	NAMED("vm_stat_diff[NUMA_LOCAL]", struct pageset_magazine, vm_stat_diff[30]),
	FIELD(struct pageset_magazine, vm_stat_diff),
	{ 0 },
};

const struct layout pageset_layout_magazine = {
	"per_cpu_pageset", sizeof(struct pageset_magazine), CLASS_ALLOCATOR, pageset_fields
};

static_assert(sizeof(struct pageset_magazine) == 36, "one line");

/* ---- free_magazine ----------------------------------------------------------------------- */

static const struct field magazine_fields[] = {
	FIELD(struct free_magazine, lock),
	FIELD(struct free_magazine, free_list[UNMOVABLE]),
	FIELD(struct free_magazine, free_list[RECLAIMABLE]),
	FIELD(struct free_magazine, free_list[MOVABLE]),
	FIELD(struct free_magazine, nr_free),
	{ 0 },
};

const struct layout free_magazine_layout = {
	"free_magazine", sizeof(struct free_magazine), CLASS_ALLOCATOR, magazine_fields
};

static_assert(sizeof(struct free_magazine) == LINE, "as large as a line, not always in one");

/* ---- zone -------------------------------------------------------------------------------- */

/* `magazine`: the struct of one, which says how it is aligned. */
#define ZONE_WITH_MAGAZINES(zone_, magazine) \
	struct zone_ { \
		_Alignas(LINE) uint64_t watermark[WATERMARKS]; \
		uint64_t percpu_drift_mark, lowmem_reserve[4], dirty_balance_reserve; \
		int32_t node; \
		uint64_t min_unmapped_pages, min_slab_pages; \
		char *pageset; \
		struct spinlock lock; \
		int32_t all_unreclaimable; \
		uint64_t compact_cached_free_pfn, compact_cached_migrate_pfn; \
		bool compact_blockskip_flush, memory_isolation_active; \
		uint32_t span_seqlock[2]; \
		_Alignas(16) struct free_area free_area[MAX_ORDER]; \
		struct magazine mag[MAGAZINES_IN_ZONE]; \
		uint32_t compact_considered, compact_defer_shift, compact_order_failed; \
		_Alignas(LINE) struct spinlock lru_lock; \
		struct lruvec lruvec; \
		uint64_t pages_scanned, flags; \
		int64_t vm_stat[34]; \
		uint32_t inactive_ratio; \
		_Alignas(LINE) uint64_t wait_table; \
		uint64_t wait_table_hash_nr_entries, wait_table_bits; \
		const void *zone_pgdat; \
		uint64_t zone_start_pfn, spanned_pages, present_pages, managed_pages; \
		const char *name; \
	}

struct aligned_magazine {
	_Alignas(LINE) struct free_magazine in_line;
};

ZONE_WITH_MAGAZINES(zone_posted, free_magazine);
ZONE_WITH_MAGAZINES(zone_aligned, aligned_magazine);

/* `way`: from mag[i] to the members. */
#define MAGAZINE_FIELDS(type, i, way) \
	NAMED("mag[" #i "].lock", type, mag[i] way lock), \
	NAMED("mag[" #i "].free_list[UNMOVABLE]", type, mag[i] way free_list[UNMOVABLE]), \
	NAMED("mag[" #i "].free_list[RECLAIMABLE]", type, mag[i] way free_list[RECLAIMABLE]), \
	NAMED("mag[" #i "].free_list[MOVABLE]", type, mag[i] way free_list[MOVABLE]), \
	NAMED("mag[" #i "].nr_free", type, mag[i] way nr_free)

#define ZONE_FIELDS(type, way) \
	FIELD(type, watermark), FIELD(type, percpu_drift_mark), FIELD(type, lowmem_reserve), \
	FIELD(type, dirty_balance_reserve), FIELD(type, node), FIELD(type, min_unmapped_pages), \
	FIELD(type, min_slab_pages), FIELD(type, pageset), FIELD(type, lock), \
	FIELD(type, all_unreclaimable), FIELD(type, compact_cached_free_pfn), \
	FIELD(type, compact_cached_migrate_pfn), FIELD(type, compact_blockskip_flush), \
	FIELD(type, memory_isolation_active), FIELD(type, span_seqlock), FREE_AREAS(type), \
	MAGAZINE_FIELDS(type, 0, way), MAGAZINE_FIELDS(type, 1, way), \
	FIELD(type, compact_considered), FIELD(type, compact_defer_shift), \
	FIELD(type, compact_order_failed), FIELD(type, lru_lock), FIELD(type, lruvec.lists), \
	FIELD(type, lruvec.recent_rotated), FIELD(type, lruvec.recent_scanned), \
	FIELD(type, lruvec.zone), \
	FIELD(type, pages_scanned), FIELD(type, flags), \
	NAMED("vm_stat[NR_FREE_PAGES]", type, vm_stat[0]), \
	NAMED("vm_stat[NR_SLAB_UNRECLAIMABLE]", type, vm_stat[13]), \
	NAMED("vm_stat[NUMA_HIT]", type, vm_stat[26]), \
	NAMED("vm_stat[NUMA_LOCAL]", type, vm_stat[30]), FIELD(type, vm_stat), \
	FIELD(type, inactive_ratio), FIELD(type, wait_table), \
	FIELD(type, wait_table_hash_nr_entries), FIELD(type, wait_table_bits), \
	FIELD(type, zone_pgdat), FIELD(type, zone_start_pfn), FIELD(type, spanned_pages), \
	FIELD(type, present_pages), FIELD(type, managed_pages), FIELD(type, name), { 0 }

static const struct field fields_posted[] = { ZONE_FIELDS(struct zone_posted, .) };
static const struct field fields_aligned[] = { ZONE_FIELDS(struct zone_aligned, .in_line.) };

const struct layout zone_layout_magazine_posted = {
	"zone", sizeof(struct zone_posted), CLASS_ALLOCATOR, fields_posted
};
const struct layout zone_layout_magazine_aligned = {
	"zone", sizeof(struct zone_aligned), CLASS_ALLOCATOR, fields_aligned
};

/* Up to free_area both are alike. */
#define SAME_HEAD(type) \
	static_assert(offsetof(type, node) == 72, "Z1"); \
	static_assert(offsetof(type, pageset) == 96, "Z1"); \
	static_assert(offsetof(type, lock) == 104, "Z1"); \
	static_assert(offsetof(type, compact_cached_free_pfn) == 112, "Z1"); \
	static_assert(offsetof(type, compact_blockskip_flush) == 128, "Z2"); \
	static_assert(offsetof(type, memory_isolation_active) == 129, "Z2"); \
	static_assert(offsetof(type, span_seqlock) == 132, "Z2"); \
	static_assert(offsetof(type, free_area) == 144, "Z2")
SAME_HEAD(struct zone_posted);
SAME_HEAD(struct zone_aligned);
static_assert(offsetof(struct zone_posted, mag[0].lock) == 1112, "Z17");
static_assert(offsetof(struct zone_posted, mag[0].free_list[MOVABLE]) == 1152, "Z18");
static_assert(offsetof(struct zone_posted, mag[0].nr_free) == 1168, "Z18");
static_assert(offsetof(struct zone_posted, mag[1].lock) == 1176, "Z18");
static_assert(offsetof(struct zone_posted, mag[1].free_list[MOVABLE]) == 1216, "Z19");
static_assert(offsetof(struct zone_posted, mag[1].nr_free) == 1232, "Z19");
static_assert(offsetof(struct zone_posted, compact_considered) == 1240, "Z19");
static_assert(offsetof(struct zone_posted, lru_lock) == 1280, "Z20");
static_assert(offsetof(struct zone_posted, pages_scanned) == 1408, "Z22");
static_assert(offsetof(struct zone_posted, vm_stat) == 1424, "Z22");
static_assert(offsetof(struct zone_posted, zone_pgdat) == 1752, "Z27");
static_assert(sizeof(struct zone_posted) == 1856, "29 lines");
static_assert(offsetof(struct zone_aligned, mag[0]) % LINE == 0, "a line of its own");
static_assert(sizeof(((struct zone_aligned *)0)->mag) == MAGAZINES_IN_ZONE * LINE, "and one each");

/* ---- set-up ------------------------------------------------------------------------------ */

/* Those of the zone, then those behind it. */
static void place_magazines(struct zone *zone, char *first, char *behind)
{
	struct sim *sim = zone->all->memory->sim;
	unsigned magazines = zone->all->magazines;

	zone->magazine = unseen_new(sim, magazines * sizeof *zone->magazine);
	for (unsigned i = 0; i < magazines; i++) {
		bool inside = i < MAGAZINES_IN_ZONE;
		char *at = inside ? first + i * LINE : behind + (i - MAGAZINES_IN_ZONE) * LINE;

		zone->magazine[i] = (struct free_magazine *)at;
		spin_lock_init(&zone->magazine[i]->lock, zone->all->lock);
		for (unsigned type = 0; type < PCP_TYPES; type++)
			list_init(&zone->magazine[i]->free_list[type]);
	}
}

/* Zone and magazines in one piece. */
static void *zone_and_magazines_new(const struct zone *zone, const struct layout *layout)
{
	static const struct layout whole = { "zone", 0, CLASS_ALLOCATOR, NULL };
	const struct memory *m = zone->all->memory;
	unsigned magazines = zone->all->magazines;
	size_t more = magazines > MAGAZINES_IN_ZONE ? magazines - MAGAZINES_IN_ZONE : 0;
	char *start = arena_alloc(m->sim, layout->size + more * LINE, 1, zone->node, LINE, &whole,
				  zone_label(zone, ""));

	relabel_setup(m->sim, start, layout->size, layout, 0, zone_label(zone, ""));
	if (more)
		relabel_setup(m->sim, start + layout->size, more * LINE, &free_magazine_layout, 0,
			      zone_label(zone, ".more"));
	return start;
}

#define PLACE_ZONE(zone, body) \
	(PLACE_HEAD(zone, body), PLACE_BODY(zone, body), (zone)->counters = &(body)->pageset, \
	 (zone)->all_unreclaimable = &(body)->all_unreclaimable, \
	 (zone)->isolation_active = &(body)->memory_isolation_active, \
	 (zone)->lru_lock = &(body)->lru_lock, (zone)->lruvec = &(body)->lruvec, \
	 (body)->managed_pages = (zone)->pages, \
	 place_magazines(zone, (char *)(body)->mag, (char *)((body) + 1)))

static void zone_new_posted(struct zone *zone)
{
	struct zone_posted *body = zone_and_magazines_new(zone, &zone_layout_magazine_posted);

	PLACE_ZONE(zone, body);
}

static void zone_new_aligned(struct zone *zone)
{
	struct zone_aligned *body = zone_and_magazines_new(zone, &zone_layout_magazine_aligned);

	PLACE_ZONE(zone, body);
}

/* 3.9 but for the tail of the list (patch 16) and where things lie. */
#define RULES(make) \
	{ \
		.types = MIGRATE_TYPES, .number = { 0, 1, 2, 3, 4 }, .area_bytes = 88, \
		.nr_free = 80, ITEMS_3_9, \
		.reserve_max = 2, .lru = true, \
		.vm_stat_layout = &vm_stat_layout_3_9, .struct_new = make, \
		.counters = { &pageset_layout_magazine, offsetof(struct pageset_magazine, \
			      stat_threshold), offsetof(struct pageset_magazine, vm_stat_diff) }, \
	}

const struct zone_rules magazine_rules[] = {
	[LAYOUT_POSTED] = RULES(zone_new_posted),
	[LAYOUT_ALIGNED] = RULES(zone_new_aligned),
};
