/*
 * struct zone, per_cpu_pages and per_cpu_zonestat of 6.12 and 7.1, offsets as measured.
 *
 *	           6.12   7.1 base   unaccepted   unaccepted and cma
 *	flags      1240   1224       1272         1448
 *	lock       1248   1232       1280         1456
 *	line       Z19    Z19        Z19, Z20     Z22
 *
 *	unaccepted 1224   -          1224         1400
 *	line       Z19               Z19          Z21
 *
 * In all but the third the flags that every allocation and free reads lie beside the lock.
 *
 * What no kernel has, base with one thing moved, to see what each is worth: flags-apart and lock-apart
 * (a line for the flags, or for the lock and the list that is taken with it), areas-apart (each order's
 * free_area starts a line), both-apart (lock and areas).
 * `unaccepted`: the list of pages that a guest has not accepted yet, which each allocation reads.
 * What the sheet does not have: the words between `name` and free_area.
 */
#include <assert.h>

#include "models/pages/zone_6.h"
#include "models/pages/zone_place.h"

/* ---- per CPU ------------------------------------------------------------------------------- */

static const struct field pcp_lists_fields[] = {
	FIELD(struct pcp_lists, lock), FIELD(struct pcp_lists, count),
	FIELD(struct pcp_lists, high), FIELD(struct pcp_lists, high_min),
	FIELD(struct pcp_lists, high_max), FIELD(struct pcp_lists, batch),
	FIELD(struct pcp_lists, flags), FIELD(struct pcp_lists, alloc_factor),
	FIELD(struct pcp_lists, expire), FIELD(struct pcp_lists, free_count),
	NAMED("lists[0]", struct pcp_lists, lists[0]),
	NAMED("lists[1]", struct pcp_lists, lists[1]),
	NAMED("lists[2]", struct pcp_lists, lists[2]),
	NAMED("lists[3]", struct pcp_lists, lists[3]),
	NAMED("lists[4]", struct pcp_lists, lists[4]),
	NAMED("lists[5]", struct pcp_lists, lists[5]),
	{ "lists", offsetof(struct pcp_lists, lists), PCP_LISTS * sizeof(struct list_head) },
	{ 0 },
};

enum { PCP_LISTS_BYTES = offsetof(struct pcp_lists, lists) + PCP_LISTS * sizeof(struct list_head) };

const struct layout pcp_lists_layout = {
	"per_cpu_pages", PCP_LISTS_BYTES, CLASS_ALLOCATOR, pcp_lists_fields
};

static_assert(offsetof(struct pcp_lists, high) == 8, "per_cpu_pages");
static_assert(offsetof(struct pcp_lists, high_min) == 12, "per_cpu_pages");
static_assert(offsetof(struct pcp_lists, high_max) == 16, "per_cpu_pages");
static_assert(offsetof(struct pcp_lists, batch) == 20, "per_cpu_pages");
static_assert(offsetof(struct pcp_lists, flags) == 24, "per_cpu_pages");
static_assert(offsetof(struct pcp_lists, alloc_factor) == 25, "per_cpu_pages");
static_assert(offsetof(struct pcp_lists, expire) == 26, "per_cpu_pages");
static_assert(offsetof(struct pcp_lists, free_count) == 28, "per_cpu_pages");
static_assert(offsetof(struct pcp_lists, lists) == 32, "per_cpu_pages");
static_assert((int)PCP_LISTS_BYTES == 256, "per_cpu_pages");

struct zonestat {
	_Alignas(LINE) int8_t vm_stat_diff[10];
	int8_t stat_threshold;
	uint64_t vm_numa_event[6];
};

static const struct field zonestat_fields[] = {
	NAMED("vm_stat_diff[NR_FREE_PAGES]", struct zonestat, vm_stat_diff[0]),
	NAMED("vm_stat_diff[NR_FREE_PAGES_BLOCKS]", struct zonestat, vm_stat_diff[1]),
	FIELD(struct zonestat, vm_stat_diff), FIELD(struct zonestat, stat_threshold),
	FIELD(struct zonestat, vm_numa_event),
	{ 0 },
};

const struct layout zonestat_layout = {
	"per_cpu_zonestat", sizeof(struct zonestat), CLASS_ALLOCATOR, zonestat_fields
};

static_assert(offsetof(struct zonestat, vm_numa_event) == 16, "per_cpu_zonestat");
static_assert(sizeof(struct zonestat) == LINE, "per_cpu_zonestat");

static const struct field vm_stat_fields[] = {
	NAMED("item[NR_FREE_PAGES]", struct vm_stat, item[0]),
	NAMED("item[NR_FREE_PAGES_BLOCKS]", struct vm_stat, item[1]), FIELD(struct vm_stat, item),
	{ 0 },
};

const struct layout vm_stat_layout_6 = {
	"vm_stat", sizeof(struct vm_stat), CLASS_ALLOCATOR, vm_stat_fields
};

enum { NUMA_HIT, NUMA_MISS, NUMA_FOREIGN, NUMA_INTERLEAVE, NUMA_LOCAL, NUMA_OTHER };

/* Plain counters, folded when somebody asks. */
static void count_numa(struct cpu *cpu, struct zone *zone, unsigned event)
{
	struct zonestat *mine = (struct zonestat *)load(cpu, zone->counters);

	mine = this_cpu(cpu, mine);
	fetch_add_local(cpu, &mine->vm_numa_event[event], 1);
}

void count_numa_event(struct cpu *cpu, struct zone *preferred, struct zone *zone)
{
	int wanted = load(cpu, preferred->node_id), got = load(cpu, zone->node_id);

	if (got == wanted) {
		count_numa(cpu, zone, NUMA_HIT);
	} else {
		count_numa(cpu, zone, NUMA_MISS);
		count_numa(cpu, preferred, NUMA_FOREIGN);
	}
	count_numa(cpu, zone, got == (int)cpu_node(cpu) ? NUMA_LOCAL : NUMA_OTHER);
}

/* ---- zone ---------------------------------------------------------------------------------- */

/* With CMA a list more for each order. */
struct free_area_cma {
	struct list_head free_list[MIGRATE_TYPES + 1];
	uint64_t nr_free;
};

/* Each order's in lines of its own. */
struct free_area_apart {
	_Alignas(LINE) struct list_head free_list[MIGRATE_TYPES];
	uint64_t nr_free;
};

#define ZONE_6(zone_, area, before, flags_and_lock, items) \
	struct zone_ { \
		_Alignas(LINE) uint64_t watermark[4]; \
		uint64_t watermark_boost, nr_reserved_highatomic, nr_free_highatomic; \
		uint64_t lowmem_reserve[5]; \
		int32_t node; \
		const void *zone_pgdat; \
		char *per_cpu_pageset, *per_cpu_zonestats; \
		int32_t pageset_high_min, pageset_high_max, pageset_batch; \
		uint64_t zone_start_pfn, spanned_pages, present_pages, managed_pages; \
		const char *name; \
		uint64_t read_mostly[9]; \
		_Alignas(LINE) struct area free_area[MAX_ORDER]; \
		before \
		flags_and_lock \
		_Alignas(LINE) uint64_t compaction[8]; \
		_Alignas(LINE) int64_t vm_stat[items]; \
		uint64_t vm_numa_event[6]; \
	}
#define NOTHING
#define LIST struct list_head unaccepted_pages;
#define WORK uint64_t unaccepted_cleanup[4];
#define FLAGS uint64_t flags;
#define LOCK struct spinlock lock;
#define LLIST uint64_t trylock_free_pages;
#define APART _Alignas(LINE)

ZONE_6(zone_6_12, free_area, LIST, FLAGS LOCK, 12);
ZONE_6(zone_7_1, free_area, NOTHING, FLAGS LOCK LLIST, 10);
ZONE_6(zone_7_1_unaccepted, free_area, LIST WORK, FLAGS LOCK LLIST, 11);
ZONE_6(zone_7_1_cma, free_area_cma, LIST WORK, FLAGS LOCK LLIST, 11);
ZONE_6(zone_7_1_flags_apart, free_area, NOTHING, LOCK LLIST APART FLAGS, 10);
ZONE_6(zone_7_1_lock_apart, free_area, NOTHING, FLAGS APART LOCK LLIST, 10);
ZONE_6(zone_7_1_areas_apart, free_area_apart, NOTHING, FLAGS LOCK LLIST, 10);
ZONE_6(zone_7_1_both_apart, free_area_apart, NOTHING, FLAGS APART LOCK LLIST, 10);

/* Types as 6.x numbers them. */
#define AREA(type, o) \
	NAMED("free_area[" #o "].free_list[UNMOVABLE]", type, free_area[o].free_list[0]), \
	NAMED("free_area[" #o "].free_list[MOVABLE]", type, free_area[o].free_list[1]), \
	NAMED("free_area[" #o "].free_list[RECLAIMABLE]", type, free_area[o].free_list[2]), \
	NAMED("free_area[" #o "].free_list", type, free_area[o].free_list), \
	FIELD(type, free_area[o].nr_free)
#define FIELDS_6(type, ...) \
	FIELD(type, watermark), FIELD(type, watermark_boost), FIELD(type, nr_reserved_highatomic), \
	FIELD(type, nr_free_highatomic), FIELD(type, lowmem_reserve), FIELD(type, node), \
	FIELD(type, zone_pgdat), FIELD(type, per_cpu_pageset), FIELD(type, per_cpu_zonestats), \
	FIELD(type, pageset_high_min), FIELD(type, pageset_high_max), FIELD(type, pageset_batch), \
	FIELD(type, zone_start_pfn), FIELD(type, spanned_pages), FIELD(type, present_pages), \
	FIELD(type, managed_pages), FIELD(type, name), FIELD(type, read_mostly), \
	AREA(type, 0), AREA(type, 1), AREA(type, 2), AREA(type, 3), AREA(type, 4), AREA(type, 5), \
	AREA(type, 6), AREA(type, 7), AREA(type, 8), AREA(type, 9), AREA(type, 10), \
	FIELD(type, flags), FIELD(type, lock), __VA_ARGS__, FIELD(type, compaction), \
	NAMED("vm_stat[NR_FREE_PAGES]", type, vm_stat[0]), \
	NAMED("vm_stat[NR_FREE_PAGES_BLOCKS]", type, vm_stat[1]), FIELD(type, vm_stat), \
	FIELD(type, vm_numa_event), { 0 }
#define UNACCEPTED(type) FIELD(type, unaccepted_pages), FIELD(type, unaccepted_cleanup)

static const struct field fields_6_12[] = {
	FIELDS_6(struct zone_6_12, FIELD(struct zone_6_12, unaccepted_pages))
};
static const struct field fields_7_1[] = {
	FIELDS_6(struct zone_7_1, FIELD(struct zone_7_1, trylock_free_pages))
};
#define FIELDS_7_1(type) { FIELDS_6(type, FIELD(type, trylock_free_pages)) }
static const struct field fields_7_1_flags_apart[] = FIELDS_7_1(struct zone_7_1_flags_apart);
static const struct field fields_7_1_lock_apart[] = FIELDS_7_1(struct zone_7_1_lock_apart);
static const struct field fields_7_1_areas_apart[] = FIELDS_7_1(struct zone_7_1_areas_apart);
static const struct field fields_7_1_both_apart[] = FIELDS_7_1(struct zone_7_1_both_apart);
static const struct field fields_7_1_unaccepted[] = {
	FIELDS_6(struct zone_7_1_unaccepted, FIELD(struct zone_7_1_unaccepted, trylock_free_pages),
		 UNACCEPTED(struct zone_7_1_unaccepted))
};
static const struct field fields_7_1_cma[] = {
	FIELDS_6(struct zone_7_1_cma, FIELD(struct zone_7_1_cma, trylock_free_pages),
		 UNACCEPTED(struct zone_7_1_cma))
};

#define ZONE_LAYOUT(kind, fields) \
	const struct layout zone_layout_##kind = { \
		"zone", sizeof(struct zone_##kind), CLASS_ALLOCATOR, fields \
	}
ZONE_LAYOUT(6_12, fields_6_12);
ZONE_LAYOUT(7_1, fields_7_1);
ZONE_LAYOUT(7_1_unaccepted, fields_7_1_unaccepted);
ZONE_LAYOUT(7_1_cma, fields_7_1_cma);
ZONE_LAYOUT(7_1_flags_apart, fields_7_1_flags_apart);
ZONE_LAYOUT(7_1_lock_apart, fields_7_1_lock_apart);
ZONE_LAYOUT(7_1_areas_apart, fields_7_1_areas_apart);
ZONE_LAYOUT(7_1_both_apart, fields_7_1_both_apart);

#define AT(zone_, lowest, flags_at, lock_at, stat_at, numa_at) \
	static_assert(offsetof(struct zone_, watermark_boost) == 32, "Z0"); \
	static_assert(offsetof(struct zone_, lowmem_reserve) == 56, "Z0"); \
	static_assert(offsetof(struct zone_, node) == 96, "Z1"); \
	static_assert(offsetof(struct zone_, zone_pgdat) == 104, "Z1"); \
	static_assert(offsetof(struct zone_, per_cpu_pageset) == 112, "Z1"); \
	static_assert(offsetof(struct zone_, per_cpu_zonestats) == 120, "Z1"); \
	static_assert(offsetof(struct zone_, pageset_batch) == 136, "Z2"); \
	static_assert(offsetof(struct zone_, free_area) == 256, "Z4"); \
	static_assert(offsetof(struct zone_, free_area[10].nr_free) == lowest, "Z19"); \
	static_assert(offsetof(struct zone_, flags) == flags_at, "flags"); \
	static_assert(offsetof(struct zone_, lock) == lock_at, "lock"); \
	static_assert(offsetof(struct zone_, vm_stat) == stat_at, "vm_stat"); \
	static_assert(offsetof(struct zone_, vm_numa_event) == numa_at, "vm_numa_event")
AT(zone_6_12, 1216, 1240, 1248, 1344, 1440);
AT(zone_7_1, 1216, 1224, 1232, 1344, 1424);
AT(zone_7_1_unaccepted, 1216, 1272, 1280, 1408, 1496);
AT(zone_7_1_cma, 1392, 1448, 1456, 1536, 1624);
AT(zone_7_1_flags_apart, 1216, 1280, 1224, 1408, 1488);
AT(zone_7_1_lock_apart, 1216, 1224, 1280, 1408, 1488);
AT(zone_7_1_areas_apart, 1616, 1664, 1672, 1792, 1872);
AT(zone_7_1_both_apart, 1616, 1664, 1728, 1856, 1936);
static_assert(offsetof(struct zone_6_12, unaccepted_pages) == 1224, "Z19");
static_assert(offsetof(struct zone_7_1_unaccepted, unaccepted_pages) == 1224, "Z19");
static_assert(offsetof(struct zone_7_1_cma, unaccepted_pages) == 1400, "Z21");
static_assert(offsetof(struct zone_7_1, trylock_free_pages) == 1240, "Z19");
static_assert(offsetof(struct zone_7_1_unaccepted, trylock_free_pages) == 1288, "Z20");
static_assert(offsetof(struct zone_7_1_cma, trylock_free_pages) == 1464, "Z22");

/* ---- settings ------------------------------------------------------------------------------ */

const char *const zone_layout_words[] = {
	[LAYOUT_BASE] = "base", [LAYOUT_UNACCEPTED] = "unaccepted",
	[LAYOUT_CMA] = "unaccepted+cma", [LAYOUT_FLAGS_APART] = "flags-apart",
	[LAYOUT_LOCK_APART] = "lock-apart", [LAYOUT_AREAS_APART] = "areas-apart",
	[LAYOUT_BOTH_APART] = "both-apart", NULL
};

/* ---- set-up -------------------------------------------------------------------------------- */

#define ZONE_NEW_6(kind, unaccepted, llist) \
	static void zone_new_##kind(struct zone *zone) \
	{ \
		struct zone_##kind *body = arena_new(zone->all->memory->sim, struct zone_##kind, \
						      1, zone->node, LINE, \
						      &zone_layout_##kind, zone_label(zone, "")); \
		zone->watermark = body->watermark; \
		zone->lowmem_reserve = body->lowmem_reserve; \
		zone->node_id = &body->node; \
		zone->lock = &body->lock; \
		zone->free_area = (char *)body->free_area; \
		zone->vm_stat = body->vm_stat; \
		zone->zone_pgdat = &body->zone_pgdat; \
		zone->flags = &body->flags; \
		zone->highatomic = &body->nr_free_highatomic; \
		zone->pcp_lists = (struct pcp_lists **)&body->per_cpu_pageset; \
		zone->counters = &body->per_cpu_zonestats; \
		zone->unaccepted_pages = unaccepted; \
		if (zone->unaccepted_pages) \
			list_init(zone->unaccepted_pages); \
		zone->trylock_free_pages = llist; \
		body->zone_start_pfn = zone->first_pfn; \
		body->spanned_pages = body->present_pages = body->managed_pages = zone->pages; \
		body->name = "Normal"; \
	}

ZONE_NEW_6(6_12, &body->unaccepted_pages, NULL)
ZONE_NEW_6(7_1, NULL, &body->trylock_free_pages)
ZONE_NEW_6(7_1_unaccepted, &body->unaccepted_pages, &body->trylock_free_pages)
ZONE_NEW_6(7_1_cma, &body->unaccepted_pages, &body->trylock_free_pages)
ZONE_NEW_6(7_1_flags_apart, NULL, &body->trylock_free_pages)
ZONE_NEW_6(7_1_lock_apart, NULL, &body->trylock_free_pages)
ZONE_NEW_6(7_1_areas_apart, NULL, &body->trylock_free_pages)
ZONE_NEW_6(7_1_both_apart, NULL, &body->trylock_free_pages)

#define RULES_6(make, area, block_bits_, stride_, blocks) \
	{ \
		.types = MIGRATE_TYPES, .area_bytes = sizeof(struct area), \
		.nr_free = offsetof(struct area, nr_free), \
		.number = { [UNMOVABLE] = 0, [MOVABLE] = 1, [RECLAIMABLE] = 2, [RESERVE] = 3, \
			    [ISOLATE] = 4 }, \
		.stats = 10, .item = { [ITEM_FREE_PAGES] = 0, [ITEM_FREE_BLOCKS] = 1 }, \
		.vm_stat_layout = &vm_stat_layout_6, \
		.counters = { &zonestat_layout, offsetof(struct zonestat, stat_threshold), \
			      offsetof(struct zonestat, vm_stat_diff) }, \
		.struct_new = make, .counts_inside = true, .looks_ahead = true, .modern = true, \
		.counts_blocks = blocks, .block_bits = block_bits_, .block_stride = stride_, \
	}

static const struct zone_rules rules_6_12 = RULES_6(zone_new_6_12, free_area, 4, 56, false);
static const struct zone_rules rules_7_1[LAYOUTS_6] = {
	[LAYOUT_BASE] = RULES_6(zone_new_7_1, free_area, 8, 88, true),
	[LAYOUT_UNACCEPTED] = RULES_6(zone_new_7_1_unaccepted, free_area, 8, 88, true),
	[LAYOUT_CMA] = RULES_6(zone_new_7_1_cma, free_area_cma, 8, 88, true),
	[LAYOUT_FLAGS_APART] = RULES_6(zone_new_7_1_flags_apart, free_area, 8, 88, true),
	[LAYOUT_LOCK_APART] = RULES_6(zone_new_7_1_lock_apart, free_area, 8, 88, true),
	[LAYOUT_AREAS_APART] = RULES_6(zone_new_7_1_areas_apart, free_area_apart, 8, 88, true),
	[LAYOUT_BOTH_APART] = RULES_6(zone_new_7_1_both_apart, free_area_apart, 8, 88, true),
};

const struct zone_rules *zone_rules_6(enum kernel kernel, enum zone_layout_6 layout)
{
	return kernel == KERNEL_6_12 ? &rules_6_12 : &rules_7_1[layout];
}
