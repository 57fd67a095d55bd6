/*
 * What the definitions of struct zone share: the tables of their members, and how a struct zone of
 * the models finds the members that have the same names in all of them.
 */
#ifndef MODELS_PAGES_ZONE_PLACE_H
#define MODELS_PAGES_ZONE_PLACE_H

#include "models/pages/zone.h"

/* Not line-aligned, so that neighbouring orders share lines. */
struct free_area {
	struct list_head free_list[MIGRATE_TYPES];
	uint64_t nr_free;
};

#define NAMED(name, type, member) { name, offsetof(type, member), sizeof(((type *)0)->member) }

/* Types as 3.9 numbers them. */
#define FREE_AREA_FIELDS(type, order) \
	FIELD(type, free_area[order].free_list[UNMOVABLE]), \
	FIELD(type, free_area[order].free_list[RECLAIMABLE]), \
	FIELD(type, free_area[order].free_list[MOVABLE]), \
	FIELD(type, free_area[order].free_list[RESERVE]), \
	FIELD(type, free_area[order].free_list[ISOLATE]), \
	FIELD(type, free_area[order].nr_free)
#define FREE_AREAS(type) \
	FREE_AREA_FIELDS(type, 0), FREE_AREA_FIELDS(type, 1), FREE_AREA_FIELDS(type, 2), \
	FREE_AREA_FIELDS(type, 3), FREE_AREA_FIELDS(type, 4), FREE_AREA_FIELDS(type, 5), \
	FREE_AREA_FIELDS(type, 6), FREE_AREA_FIELDS(type, 7), FREE_AREA_FIELDS(type, 8), \
	FREE_AREA_FIELDS(type, 9), FREE_AREA_FIELDS(type, 10)

/* Numbers of the counters of 3.9. */
#define ITEMS_3_9 \
	.stats = 34, .item = { \
		[ITEM_FREE_PAGES] = 0, \
		[ITEM_INACTIVE_ANON] = 1, [ITEM_ACTIVE_ANON] = 2, \
		[ITEM_INACTIVE_FILE] = 3, [ITEM_ACTIVE_FILE] = 4, [ITEM_ANON_PAGES] = 7, \
		[ITEM_SLAB_RECLAIMABLE] = 12, [ITEM_SLAB_UNRECLAIMABLE] = 13, \
		[ITEM_NUMA_HIT] = 26, [ITEM_NUMA_MISS] = 27, [ITEM_NUMA_FOREIGN] = 28, \
		[ITEM_NUMA_LOCAL] = 30, [ITEM_NUMA_OTHER] = 31, \
	}

/* The members that have the same names in all of them. */
#define PLACE_HEAD(zone, head) \
	((zone)->watermark = (head)->watermark, (zone)->lowmem_reserve = (head)->lowmem_reserve, \
	 (zone)->node_id = &(head)->node)
#define PLACE_BODY(zone, body) \
	((zone)->lock = &(body)->lock, (zone)->free_area = (char *)(body)->free_area, \
	 (zone)->pages_scanned = &(body)->pages_scanned, (zone)->vm_stat = (body)->vm_stat, \
	 (zone)->zone_pgdat = &(body)->zone_pgdat, (body)->name = "Normal", \
	 (body)->zone_start_pfn = (zone)->first_pfn, \
	 (body)->spanned_pages = (body)->present_pages = (zone)->pages, \
	 spin_lock_init(&(body)->lru_lock, (zone)->all->lock))

/* A name that lives as long as the machine; `member` stands behind "zone". */
const char *zone_label(const struct zone *zone, const char *member);

/* What makes the structs of a kernel's zone: struct zone_rules has one. */
void zone_new_2_6_22(struct zone *zone);
void zone_new_2_6_24(struct zone *zone);
void zone_new_3_9(struct zone *zone);

#endif
