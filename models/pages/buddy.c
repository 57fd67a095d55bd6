/*
 * buddy: free blocks of 2^0 .. 2^10 pages in lists by order and migratetype, under one lock.
 *
 *	free_area[10]  -> block(1024 pages) -> ...
 *	free_area[1]   -> block(2) -> block(2)
 *	free_area[0]   -> page -> page                  each order: a list per migratetype
 *
 * Follows: mm/page_alloc.c, Linux 3.9, with patch 8 of the series of May 2013 that takes the
 * per-CPU lists away: every page goes through zone->lock. One zone NORMAL per NUMA node.
 *
 * True whenever no CPU is inside alloc or free, which is when check() runs:
 *   (1) the head of a free block of order o has a page frame number aligned to 2^o, private o and
 *       _mapcount -128; no other page has _mapcount -128;
 *   (2) each free block is on exactly one list of its order, and no page is in two blocks;
 *   (3) free_area[o].nr_free is the length of the lists of order o;
 *   (4) two buddies of the same order are never both free: they would have merged;
 *   (5) vm_stat[NR_FREE_PAGES] and the CPUs' differences add up to the free pages, in the zone
 *       and globally;
 *   (6) nobody holds zone->lock.
 *
 * alloc  takes the first block of the smallest order that has one and gives the upper halves
 *        back; an empty migratetype takes the largest block of another.
 * free   merges with its buddy as long as that is free, then goes to the head of its list, or to
 *        the tail if the block it would merge into next is likely to become whole soon.
 *
 * Lock order: zone->lock alone, interrupts off.
 *
 * Expect: one lock transfer per operation as soon as two CPUs work. The lock shares its line with
 * `pageset` and `node`; pages_scanned, stored by every free, shares its line with the count of free
 * pages that every allocation reads. Most misses are page structs of list neighbours and buddies.
 *
 * Changed: the lock may be that of 2.6.24 (`lock: dec`), since SLUB of that time runs on top.
 * NUMA hits are counted on one node too, as by the kernel that has this zone layout.
 * Left out: zones DMA and DMA32, reclaim and compaction (an allocation below the MIN watermark
 * fails), the 1 Hz fold of differences, memory hotplug. A zeroed page gets one store per line.
 */
#include <assert.h>
#include <string.h>

#include "models/model.h"

enum migratetype { UNMOVABLE, RECLAIMABLE, MOVABLE, RESERVE, ISOLATE, MIGRATE_TYPES };

enum {
	PAGEBLOCK_ORDER = 9,
	PAGEBLOCK_PAGES = 1 << PAGEBLOCK_ORDER,
	SECTION_PAGES = 1 << 15,        /* 128 MiB */
	SECTIONS_PER_ROOT = 128,
	PAGE_BUDDY = -128,              /* _mapcount of the head of a free block */
	PAGE_UNUSED = -1,               /* _mapcount of a page that is not mapped */
	FLAGS_CHECKED_AT_FREE = 1 << PG_LOCKED | 1 << PG_ACTIVE | 1 << PG_SLAB,
};
#define FLAGS_CLEARED_AT_FREE 0xffffffffu       /* all but the node */

enum watermark { WATERMARK_MIN, WATERMARK_LOW, WATERMARK_HIGH, WATERMARKS };

enum zone_stat_item {
	NR_FREE_PAGES = 0,
	NR_SLAB_RECLAIMABLE = 12, NR_SLAB_UNRECLAIMABLE = 13,
	NUMA_HIT = 26, NUMA_MISS = 27, NUMA_FOREIGN = 28, NUMA_LOCAL = 30, NUMA_OTHER = 31,
	ZONE_STATS = 34,
};

enum vm_event { PGALLOC_NORMAL = 6, PGFREE = 8, VM_EVENTS = 16 };

/* Not line-aligned, so that neighbouring orders share lines. */
struct free_area {
	struct list_head free_list[MIGRATE_TYPES];
	uint64_t nr_free;
};

/* One per CPU and zone. The lists of the first line went with the patch. */
struct per_cpu_pageset {
	_Alignas(LINE) int32_t count;
	int32_t high, batch;
	struct list_head lists[3];
	int8_t expire;
	int8_t stat_threshold;                  /* differences beyond it are folded */
	int8_t vm_stat_diff[ZONE_STATS];        /* not yet in zone->vm_stat; own CPU only */
};

static const struct field per_cpu_pageset_fields[] = {
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

static const struct layout per_cpu_pageset_layout = {
	"per_cpu_pageset", sizeof(struct per_cpu_pageset), CLASS_ALLOCATOR, per_cpu_pageset_fields
};

struct zone {
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
	uint64_t lruvec[15];
	uint64_t pages_scanned;                 /* set to 0 by every free */
	uint64_t flags;
	int64_t vm_stat[ZONE_STATS];            /* atomic; differences of CPUs come on top */
	uint32_t inactive_ratio;
	/* read-only */
	_Alignas(LINE) uint64_t wait_table;
	uint64_t wait_table_hash_nr_entries, wait_table_bits;
	struct zone *zone_pgdat;                /* names the node; one zone per node here */
	uint64_t zone_start_pfn, spanned_pages, present_pages, managed_pages;
	const char *name;
};

#define FREE_AREA_FIELDS(order) \
	FIELD(struct zone, free_area[order].free_list[UNMOVABLE]), \
	FIELD(struct zone, free_area[order].free_list[RECLAIMABLE]), \
	FIELD(struct zone, free_area[order].free_list[MOVABLE]), \
	FIELD(struct zone, free_area[order].free_list[RESERVE]), \
	FIELD(struct zone, free_area[order].free_list[ISOLATE]), \
	FIELD(struct zone, free_area[order].nr_free)

static const struct field zone_fields[] = {
	FIELD(struct zone, watermark),
	FIELD(struct zone, percpu_drift_mark),
	FIELD(struct zone, lowmem_reserve),
	FIELD(struct zone, dirty_balance_reserve),
	FIELD(struct zone, node),
	FIELD(struct zone, min_unmapped_pages),
	FIELD(struct zone, min_slab_pages),
	FIELD(struct zone, pageset),
	FIELD(struct zone, lock),
	FIELD(struct zone, all_unreclaimable),
	FIELD(struct zone, compact_blockskip_flush),
	FIELD(struct zone, compact_cached_free_pfn),
	FIELD(struct zone, compact_cached_migrate_pfn),
	FIELD(struct zone, span_seqlock),
	FREE_AREA_FIELDS(0),
	FREE_AREA_FIELDS(1),
	FREE_AREA_FIELDS(2),
	FREE_AREA_FIELDS(3),
	FREE_AREA_FIELDS(4),
	FREE_AREA_FIELDS(5),
	FREE_AREA_FIELDS(6),
	FREE_AREA_FIELDS(7),
	FREE_AREA_FIELDS(8),
	FREE_AREA_FIELDS(9),
	FREE_AREA_FIELDS(10),
	FIELD(struct zone, compact_considered),
	FIELD(struct zone, compact_defer_shift),
	FIELD(struct zone, compact_order_failed),
	FIELD(struct zone, lru_lock),
	FIELD(struct zone, lruvec),
	FIELD(struct zone, pages_scanned),
	FIELD(struct zone, flags),
	FIELD(struct zone, vm_stat[NR_FREE_PAGES]),
	FIELD(struct zone, vm_stat[NR_SLAB_UNRECLAIMABLE]),
	FIELD(struct zone, vm_stat[NUMA_HIT]),
	FIELD(struct zone, vm_stat[NUMA_LOCAL]),
	FIELD(struct zone, vm_stat),
	FIELD(struct zone, inactive_ratio),
	FIELD(struct zone, wait_table),
	FIELD(struct zone, wait_table_hash_nr_entries),
	FIELD(struct zone, wait_table_bits),
	FIELD(struct zone, zone_pgdat),
	FIELD(struct zone, zone_start_pfn),
	FIELD(struct zone, spanned_pages),
	FIELD(struct zone, present_pages),
	FIELD(struct zone, managed_pages),
	FIELD(struct zone, name),
	{ 0 },
};

static const struct layout zone_layout = {
	"zone", sizeof(struct zone), CLASS_ALLOCATOR, zone_fields
};

/* Offsets of 3.9 as measured: lines Z0, Z1, Z2 .. Z17, Z20 and Z25. */
static_assert(offsetof(struct zone, lowmem_reserve) == 32, "zone");
static_assert(offsetof(struct zone, node) == 72, "zone");
static_assert(offsetof(struct zone, pageset) == 96, "zone");
static_assert(offsetof(struct zone, lock) == 104, "zone");
static_assert(offsetof(struct zone, all_unreclaimable) == 108, "zone");
static_assert(offsetof(struct zone, compact_cached_migrate_pfn) == 128, "zone");
static_assert(offsetof(struct zone, free_area) == 144 && sizeof(struct free_area) == 88, "zone");
static_assert(offsetof(struct zone, free_area[10].nr_free) == 1104, "zone");
static_assert(offsetof(struct zone, compact_considered) == 1112, "zone");
static_assert(offsetof(struct zone, lru_lock) == 1152, "zone");
static_assert(offsetof(struct zone, pages_scanned) == 1280, "zone");
static_assert(offsetof(struct zone, vm_stat[NR_FREE_PAGES]) == 1296, "zone");
static_assert(offsetof(struct zone, vm_stat[NUMA_LOCAL]) == 1536, "zone");
static_assert(offsetof(struct zone, inactive_ratio) == 1568, "zone");
static_assert(offsetof(struct zone, zone_pgdat) == 1624, "zone");
static_assert(offsetof(struct zone, managed_pages) == 1656, "zone");
static_assert(sizeof(struct zone) == 1728, "zone");
static_assert(offsetof(struct per_cpu_pageset, lists) == 16, "pageset");
static_assert(offsetof(struct per_cpu_pageset, stat_threshold) == 65, "pageset");
static_assert(offsetof(struct per_cpu_pageset, vm_stat_diff) == 66, "pageset");

/* Counts of this CPU's events. */
struct vm_event_state {
	_Alignas(LINE) uint64_t event[VM_EVENTS];
};

static const struct field vm_event_state_fields[] = {
	FIELD(struct vm_event_state, event[PGALLOC_NORMAL]),
	FIELD(struct vm_event_state, event[PGFREE]),
	FIELD(struct vm_event_state, event),
	{ 0 },
};

static const struct layout vm_event_state_layout = {
	"vm_event_state", sizeof(struct vm_event_state), CLASS_ALLOCATOR, vm_event_state_fields
};

/* Migratetypes of the 64 pageblocks of a section, four bits each, three used. */
struct pageblock_flags {
	_Alignas(LINE) uint64_t word[4];
};

static const struct field pageblock_flags_fields[] = {
	FIELD(struct pageblock_flags, word),
	{ 0 },
};

static const struct layout pageblock_flags_layout = {
	"pageblock_flags", sizeof(struct pageblock_flags), CLASS_ALLOCATOR, pageblock_flags_fields
};

struct mem_section {
	uint64_t section_mem_map;
	struct pageblock_flags *pageblock_flags;
};

static const struct field mem_section_fields[] = {
	FIELD(struct mem_section, section_mem_map),
	FIELD(struct mem_section, pageblock_flags),
	{ 0 },
};

/* Sections in runs of a page of them, as with SPARSEMEM_EXTREME. */
static const struct layout mem_section_root_layout = {
	"mem_section_root", sizeof(struct mem_section *), CLASS_ALLOCATOR, NULL
};

static const struct layout mem_section_layout = {
	"mem_section", sizeof(struct mem_section), CLASS_ALLOCATOR, mem_section_fields
};

/* All zones together. */
struct vm_stat {
	_Alignas(LINE) int64_t item[ZONE_STATS];
};

static const struct field vm_stat_fields[] = {
	FIELD(struct vm_stat, item[NR_FREE_PAGES]),
	FIELD(struct vm_stat, item[NR_SLAB_UNRECLAIMABLE]),
	FIELD(struct vm_stat, item[NUMA_HIT]),
	FIELD(struct vm_stat, item[NUMA_LOCAL]),
	FIELD(struct vm_stat, item),
	{ 0 },
};

static const struct layout vm_stat_layout = {
	"vm_stat", sizeof(struct vm_stat), CLASS_ALLOCATOR, vm_stat_fields
};

static const struct layout *const buddy_layouts[] = {
	&per_cpu_pageset_layout, &zone_layout, &vm_event_state_layout, &pageblock_flags_layout,
	&mem_section_layout, &mem_section_root_layout, &vm_stat_layout, NULL,
};

/* Constants of the run: what the kernel knows by symbol. */
struct buddy {
	struct memory *memory;
	enum lock_kind lock;
	struct vm_stat *vm_stat;
	struct vm_event_state *events;  /* per CPU */
	struct mem_section *section;    /* all of them */
	struct mem_section **root;      /* the kernel's way to them */
	struct zone *zone[];            /* by node */
};

/* ---- counts ------------------------------------------------------------ */

static void fold(struct cpu *cpu, struct buddy *buddy, struct zone *zone, enum zone_stat_item item,
		 int64_t delta)
{
	fetch_add(cpu, &zone->vm_stat[item], delta);
	fetch_add(cpu, &buddy->vm_stat->item[item], delta);
}

static void mod_zone_page_state(struct cpu *cpu, struct buddy *buddy, struct zone *zone,
				enum zone_stat_item item, int64_t delta)
{
	struct per_cpu_pageset *pageset = load(cpu, &zone->pageset);
	struct per_cpu_pageset *mine = this_cpu(cpu, pageset);
	int64_t diff = load(cpu, &mine->vm_stat_diff[item]);
	int64_t threshold = load(cpu, &mine->stat_threshold);

	diff += delta;
	if (diff > threshold || diff < -threshold) {
		fold(cpu, buddy, zone, item, diff);
		diff = 0;
	}
	store(cpu, &mine->vm_stat_diff[item], (int8_t)diff);
}

/* The same in whatever interrupt state (2.6.38 and later): an interrupt in between is noticed. */
static void mod_zone_page_state_any(struct cpu *cpu, struct buddy *buddy, struct zone *zone,
				    enum zone_stat_item item, int64_t delta)
{
	struct per_cpu_pageset *pageset = load(cpu, &zone->pageset);
	struct per_cpu_pageset *mine = this_cpu(cpu, pageset);
	int64_t folded, sum;
	int8_t diff;

	do {
		int64_t threshold = load(cpu, &mine->stat_threshold);

		diff = load(cpu, &mine->vm_stat_diff[item]);
		sum = diff + delta;
		folded = sum > threshold || sum < -threshold ? sum : 0;
	} while (!cas_local(cpu, &mine->vm_stat_diff[item], diff, (int8_t)(sum - folded)));
	if (folded)
		fold(cpu, buddy, zone, item, folded);
}

static void buddy_count_slab(struct cpu *cpu, void *state, struct page *page, bool reclaimable,
			     int pages)
{
	struct buddy *buddy = state;
	uint64_t flags = load(cpu, page_flags(buddy->memory, page));

	mod_zone_page_state_any(cpu, buddy, buddy->zone[flags >> PG_NODE_SHIFT],
				reclaimable ? NR_SLAB_RECLAIMABLE : NR_SLAB_UNRECLAIMABLE, pages);
}

static void inc_zone_state(struct cpu *cpu, struct buddy *buddy, struct zone *zone,
			   enum zone_stat_item item)
{
	struct per_cpu_pageset *pageset = load(cpu, &zone->pageset);
	struct per_cpu_pageset *mine = this_cpu(cpu, pageset);
	int diff = fetch_add_local(cpu, &mine->vm_stat_diff[item], 1) + 1;
	int threshold = load(cpu, &mine->stat_threshold);

	if (diff > threshold) {
		int overstep = threshold / 2;

		fold(cpu, buddy, zone, item, diff + overstep);
		store(cpu, &mine->vm_stat_diff[item], (int8_t)-overstep);
	}
}

static void zone_statistics(struct cpu *cpu, struct buddy *buddy, struct zone *preferred,
			    struct zone *zone)
{
	struct zone *wanted = load(cpu, &preferred->zone_pgdat);
	struct zone *got = load(cpu, &zone->zone_pgdat);
	int node;

	if (got == wanted) {
		inc_zone_state(cpu, buddy, zone, NUMA_HIT);
	} else {
		inc_zone_state(cpu, buddy, zone, NUMA_MISS);
		inc_zone_state(cpu, buddy, preferred, NUMA_FOREIGN);
	}
	node = load(cpu, &zone->node);
	inc_zone_state(cpu, buddy, zone, node == (int)cpu_node(cpu) ? NUMA_LOCAL : NUMA_OTHER);
}

static void count_event(struct cpu *cpu, struct buddy *buddy, enum vm_event event, unsigned order)
{
	struct vm_event_state *mine = this_cpu(cpu, buddy->events);

	fetch_add_local(cpu, &mine->event[event], 1u << order);
}

/* ---- migratetypes of pageblocks ---------------------------------------- */

static unsigned pageblock_bit(uint64_t pfn)
{
	return pfn % SECTION_PAGES / PAGEBLOCK_PAGES * 4;
}

/* Only the page's flags are ever written. */
static struct pageblock_flags *find_pageblock_flags(struct cpu *cpu, struct buddy *buddy,
						    uint64_t pfn)
{
	uint64_t section = pfn / SECTION_PAGES;
	struct mem_section *root;

	(void)load(cpu, page_flags(buddy->memory, pfn_to_page(buddy->memory, pfn)));    /* zone */
	root = load(cpu, &buddy->root[section / SECTIONS_PER_ROOT]);
	return load(cpu, &root[section % SECTIONS_PER_ROOT].pageblock_flags);
}

static enum migratetype get_pageblock_type(struct cpu *cpu, struct buddy *buddy, uint64_t pfn)
{
	struct pageblock_flags *flags = find_pageblock_flags(cpu, buddy, pfn);
	unsigned bit = pageblock_bit(pfn);
	uint64_t word = load(cpu, &flags->word[bit / 64]);

	return word >> bit % 64 & 7;
}

/* Under zone->lock, so without LOCK. */
static void set_pageblock_type(struct cpu *cpu, struct buddy *buddy, uint64_t pfn,
			       enum migratetype type)
{
	struct pageblock_flags *flags = find_pageblock_flags(cpu, buddy, pfn);
	unsigned bit = pageblock_bit(pfn);

	for (unsigned i = 0; i < 3; i++, bit++) {
		if (type >> i & 1)
			bit_set_local(cpu, &flags->word[bit / 64], bit % 64);
		else
			bit_clear_local(cpu, &flags->word[bit / 64], bit % 64);
	}
}

/* ---- free lists, under zone->lock -------------------------------------- */

static struct page *lru_page(const struct buddy *buddy, struct list_head *lru)
{
	return (struct page *)((char *)lru - buddy->memory->view->lru);
}

static void add_nr_free(struct cpu *cpu, struct zone *zone, unsigned order, int delta)
{
	uint64_t nr_free = load(cpu, &zone->free_area[order].nr_free);

	store(cpu, &zone->free_area[order].nr_free, nr_free + (uint64_t)(int64_t)delta);
}

static void set_buddy(struct cpu *cpu, struct memory *m, struct page *page, unsigned order)
{
	store(cpu, page_private(m, page), order);
	store(cpu, page_mapcount(m, page), PAGE_BUDDY);
}

static void clear_buddy(struct cpu *cpu, struct memory *m, struct page *page)
{
	store(cpu, page_mapcount(m, page), PAGE_UNUSED);
	store(cpu, page_private(m, page), 0);
}

/* Gives the upper halves of a block of order `high` back until `order` is left. */
static void expand(struct cpu *cpu, struct buddy *buddy, struct zone *zone, uint64_t pfn,
		   unsigned order, unsigned high, enum migratetype type)
{
	struct memory *m = buddy->memory;

	while (high > order) {
		struct page *half;

		high--;
		half = pfn_to_page(m, pfn + (1ull << high));
		list_add(cpu, page_lru(m, half), &zone->free_area[high].free_list[type]);
		add_nr_free(cpu, zone, high, 1);
		set_buddy(cpu, m, half, high);
	}
}

static struct page *rmqueue_smallest(struct cpu *cpu, struct buddy *buddy, struct zone *zone,
				     unsigned order, enum migratetype type)
{
	struct memory *m = buddy->memory;

	for (unsigned k = order; k < MAX_ORDER; k++) {
		struct list_head *head = &zone->free_area[k].free_list[type];
		struct list_head *first = load(cpu, &head->next);
		struct page *page = lru_page(buddy, first);

		if (first == head)
			continue;
		path(cpu, k > order ? "split" : "list");
		list_del(cpu, first);
		clear_buddy(cpu, m, page);
		add_nr_free(cpu, zone, k, -1);
		expand(cpu, buddy, zone, page_to_pfn(m, page), order, k, type);
		return page;
	}
	return NULL;
}

/* All free blocks of the pageblock go to the lists of `type`. Returns how many pages did. */
static unsigned move_freepages_block(struct cpu *cpu, struct buddy *buddy, struct zone *zone,
				     uint64_t pfn, enum migratetype type)
{
	struct memory *m = buddy->memory;
	uint64_t end = pfn / PAGEBLOCK_PAGES * PAGEBLOCK_PAGES + PAGEBLOCK_PAGES;
	unsigned moved = 0;

	pfn = end - PAGEBLOCK_PAGES;
	while (pfn < end) {
		struct page *page = pfn_to_page(m, pfn);
		int mapcount = load(cpu, page_mapcount(m, page));
		unsigned order;

		if (mapcount != PAGE_BUDDY) {
			pfn++;
			continue;
		}
		order = (unsigned)load(cpu, page_private(m, page));
		list_move(cpu, page_lru(m, page), &zone->free_area[order].free_list[type]);
		store(cpu, page_index(m, page), type);
		pfn += 1u << order;
		moved += 1u << order;
	}
	return moved;
}

/* Takes the block at `lru`, first of order k on another type's list, for `start`. */
static struct page *steal(struct cpu *cpu, struct buddy *buddy, struct zone *zone,
			  struct list_head *lru, unsigned k, unsigned order, enum migratetype start)
{
	struct memory *m = buddy->memory;
	struct page *page = lru_page(buddy, lru);
	uint64_t pfn = page_to_pfn(m, page);

	add_nr_free(cpu, zone, k, -1);
	if (k >= PAGEBLOCK_ORDER / 2 || start == RECLAIMABLE) {
		unsigned moved = move_freepages_block(cpu, buddy, zone, pfn, start);

		if (moved >= PAGEBLOCK_PAGES / 2)
			set_pageblock_type(cpu, buddy, pfn, start);
	}
	list_del(cpu, lru);
	clear_buddy(cpu, m, page);
	if (k >= PAGEBLOCK_ORDER)
		for (uint64_t block = pfn; block < pfn + (1ull << k); block += PAGEBLOCK_PAGES)
			set_pageblock_type(cpu, buddy, block, start);
	expand(cpu, buddy, zone, pfn, order, k, start);
	return page;
}

/* The largest block of another migratetype, so that types mix as little as possible. */
static struct page *rmqueue_fallback(struct cpu *cpu, struct buddy *buddy, struct zone *zone,
				     unsigned order, enum migratetype start)
{
	static const enum migratetype fallbacks[][2] = {
		[UNMOVABLE]   = { RECLAIMABLE, MOVABLE },
		[RECLAIMABLE] = { UNMOVABLE, MOVABLE },
		[MOVABLE]     = { RECLAIMABLE, UNMOVABLE },
	};

	path(cpu, "fallback");
	for (unsigned k = MAX_ORDER; k-- > order;) {
		for (unsigned i = 0; i < 2; i++) {
			struct list_head *head = &zone->free_area[k].free_list[fallbacks[start][i]];
			struct list_head *first = load(cpu, &head->next);

			if (first != head)
				return steal(cpu, buddy, zone, first, k, order, start);
		}
	}
	return NULL;
}

static struct page *rmqueue(struct cpu *cpu, struct buddy *buddy, struct zone *zone, unsigned order,
			    enum migratetype type)
{
	struct page *page = rmqueue_smallest(cpu, buddy, zone, order, type);

	if (!page)
		page = rmqueue_fallback(cpu, buddy, zone, order, type);
	if (!page)
		page = rmqueue_smallest(cpu, buddy, zone, order, RESERVE);
	return page;
}

/* ---- alloc ------------------------------------------------------------- */

static bool zone_watermark_ok(struct cpu *cpu, struct zone *zone, unsigned order,
			      enum watermark mark, unsigned gfp)
{
	int64_t min = (int64_t)load(cpu, &zone->watermark[mark]);
	int64_t reserve = (int64_t)load(cpu, &zone->lowmem_reserve[0]);
	int64_t free_pages = load(cpu, &zone->vm_stat[NR_FREE_PAGES]);

	free_pages -= (1 << order) - 1;
	if (mark == WATERMARK_MIN && gfp & GFP_ATOMIC) {
		min -= min / 2;
		min -= min / 4;
	}
	if (free_pages <= min + reserve)
		return false;
	for (unsigned k = 0; k < order; k++) {
		int64_t nr_free = (int64_t)load(cpu, &zone->free_area[k].nr_free);

		free_pages -= nr_free << k;
		min >>= 1;
		if (free_pages <= min)
			return false;
	}
	return true;
}

static struct page *alloc_from_zone(struct cpu *cpu, struct buddy *buddy, struct zone *preferred,
				    struct zone *zone, unsigned order, enum migratetype type)
{
	struct memory *m = buddy->memory;
	struct page *page;
	bool flags;

	flags = spin_lock_irqsave(cpu, &zone->lock, buddy->lock);
	page = rmqueue(cpu, buddy, zone, order, type);
	spin_unlock(cpu, &zone->lock, buddy->lock);
	if (page) {
		(void)load(cpu, page_index(m, page)); /* is its type one of those counted apart? */
		mod_zone_page_state(cpu, buddy, zone, NR_FREE_PAGES, -(1 << order));
		count_event(cpu, buddy, PGALLOC_NORMAL, order);
		zone_statistics(cpu, buddy, preferred, zone);
	}
	irq_restore(cpu, flags);
	return page;
}

static enum migratetype gfp_type(unsigned gfp)
{
	if (gfp & GFP_MOVABLE)
		return MOVABLE;
	return gfp & GFP_RECLAIMABLE ? RECLAIMABLE : UNMOVABLE;
}

/* The zonelist: the own node first, then the others in turn. */
static struct page *alloc_above(struct cpu *cpu, struct buddy *buddy, unsigned order,
				enum watermark mark, unsigned gfp)
{
	unsigned nodes = buddy->memory->nodes;
	struct zone *preferred = buddy->zone[cpu_node(cpu)];

	for (unsigned i = 0; i < nodes; i++) {
		struct zone *zone = buddy->zone[(cpu_node(cpu) + i) % nodes];
		struct page *page = NULL;

		if (zone_watermark_ok(cpu, zone, order, mark, gfp))
			page = alloc_from_zone(cpu, buddy, preferred, zone, order, gfp_type(gfp));
		if (page)
			return page;
	}
	return NULL;
}

/* Reads what must be as in an unused page; returns flags. */
static uint64_t check_page(struct cpu *cpu, struct memory *m, struct page *page)
{
	uint64_t flags = load(cpu, page_flags(m, page));
	uint64_t mapping = load(cpu, page_mapping(m, page));
	int mapcount = load(cpu, page_mapcount(m, page));
	int count = load(cpu, page_count(m, page));

	if (flags & FLAGS_CHECKED_AT_FREE || mapping || mapcount != PAGE_UNUSED || count)
		BUG(cpu, "bad page %llu: flags %llx, mapping %llx, _mapcount %d, _count %d",
		    (unsigned long long)page_to_pfn(m, page), (unsigned long long)flags,
		    (unsigned long long)mapping, mapcount, count);
	return flags;
}

static void prep_compound_page(struct cpu *cpu, struct memory *m, struct page *head, unsigned order)
{
	uint64_t pfn = page_to_pfn(m, head);

	store(cpu, compound_order(m, head), order);
	bit_set_local(cpu, page_flags(m, head), PG_HEAD);
	for (uint64_t i = 1; i < 1ull << order; i++) {
		struct page *tail = pfn_to_page(m, pfn + i);

		bit_set_local(cpu, page_flags(m, tail), PG_TAIL);
		store(cpu, page_first_page(m, tail), head);
	}
}

static void clear_pages(struct cpu *cpu, struct memory *m, struct page *page, unsigned order)
{
	char *data = page_address(m, page);

	for (uint64_t offset = 0; offset < (uint64_t)PAGE_BYTES << order; offset += LINE)
		store(cpu, (uint64_t *)(data + offset), 0);
}

static void prep_new_page(struct cpu *cpu, struct memory *m, struct page *page, unsigned order,
			  unsigned gfp)
{
	uint64_t pfn = page_to_pfn(m, page);

	for (uint64_t i = 0; i < 1ull << order; i++)
		check_page(cpu, m, pfn_to_page(m, pfn + i));
	store(cpu, page_private(m, page), 0);
	store(cpu, page_count(m, page), 1);
	if (gfp & GFP_ZERO)
		clear_pages(cpu, m, page, order);
	if (order > 0 && gfp & GFP_COMP)
		prep_compound_page(cpu, m, page, order);
}

static struct page *buddy_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct buddy *buddy = state;
	struct page *page;

	compute(cpu, STEP_PAGE_ALLOC);
	page = alloc_above(cpu, buddy, order, WATERMARK_LOW, gfp);
	if (!page)
		page = alloc_above(cpu, buddy, order, WATERMARK_MIN, gfp);
	if (page)
		prep_new_page(cpu, buddy->memory, page, order, gfp);
	return page;
}

/* ---- free -------------------------------------------------------------- */

static bool is_buddy(struct cpu *cpu, struct memory *m, uint64_t pfn, uint64_t buddy_pfn,
		     unsigned order)
{
	struct page *buddy = pfn_to_page(m, buddy_pfn);
	uint64_t own_flags = load(cpu, page_flags(m, pfn_to_page(m, pfn)));
	uint64_t flags = load(cpu, page_flags(m, buddy));
	int mapcount;

	if (own_flags >> PG_NODE_SHIFT != flags >> PG_NODE_SHIFT)
		return false;
	mapcount = load(cpu, page_mapcount(m, buddy));
	if (mapcount != PAGE_BUDDY)
		return false;
	return load(cpu, page_private(m, buddy)) == order;
}

/* Is the buddy of the block that pfn would merge into free? Then that merge is likely soon. */
static bool parent_may_merge(struct cpu *cpu, struct memory *m, uint64_t pfn, unsigned order)
{
	uint64_t parent = pfn & (pfn ^ 1ull << order);

	return order < MAX_ORDER - 2 && is_buddy(cpu, m, parent, parent ^ 2ull << order, order + 1);
}

static void merge_and_insert(struct cpu *cpu, struct buddy *buddy, struct zone *zone, uint64_t pfn,
			     unsigned order, enum migratetype type)
{
	struct memory *m = buddy->memory;
	struct list_head *head, *lru;

	path(cpu, "insert");
	while (order < MAX_ORDER - 1) {
		uint64_t other = pfn ^ 1ull << order;

		if (!is_buddy(cpu, m, pfn, other, order))
			break;
		path(cpu, "merge");
		list_del(cpu, page_lru(m, pfn_to_page(m, other)));
		add_nr_free(cpu, zone, order, -1);
		clear_buddy(cpu, m, pfn_to_page(m, other));
		pfn &= other;
		order++;
	}
	set_buddy(cpu, m, pfn_to_page(m, pfn), order);
	lru = page_lru(m, pfn_to_page(m, pfn));
	head = &zone->free_area[order].free_list[type];
	if (parent_may_merge(cpu, m, pfn, order))
		list_add_tail(cpu, lru, head);
	else
		list_add(cpu, lru, head);
	add_nr_free(cpu, zone, order, 1);
}

/* The last reference goes; marks of a compound page and of its users go too. */
static void free_pages_prepare(struct cpu *cpu, struct memory *m, struct page *page, unsigned order)
{
	uint64_t pfn = page_to_pfn(m, page);
	int count = fetch_add(cpu, page_count(m, page), -1);

	if (count != 1)
		BUG(cpu, "page %llu freed with %d references", (unsigned long long)pfn, count);
	for (uint64_t i = 0; i < 1ull << order; i++) {
		struct page *each = pfn_to_page(m, pfn + i);
		uint64_t flags = check_page(cpu, m, each);

		if (flags & FLAGS_CLEARED_AT_FREE)
			store(cpu, page_flags(m, each), flags & ~(uint64_t)FLAGS_CLEARED_AT_FREE);
	}
}

static void buddy_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct buddy *buddy = state;
	struct memory *m = buddy->memory;
	uint64_t pfn = page_to_pfn(m, page);
	struct zone *zone = buddy->zone[pfn_to_node(m, pfn)];
	enum migratetype type;
	bool flags;

	compute(cpu, STEP_PAGE_FREE);
	free_pages_prepare(cpu, m, page, order);
	type = get_pageblock_type(cpu, buddy, pfn);
	store(cpu, page_index(m, page), type);
	flags = spin_lock_irqsave(cpu, &zone->lock, buddy->lock);
	store(cpu, &zone->all_unreclaimable, 0);
	store(cpu, &zone->pages_scanned, 0);
	count_event(cpu, buddy, PGFREE, order);
	merge_and_insert(cpu, buddy, zone, pfn, order, type);
	mod_zone_page_state(cpu, buddy, zone, NR_FREE_PAGES, 1 << order);
	spin_unlock_irqrestore(cpu, &zone->lock, buddy->lock, flags);
}

/* ---- set-up: plain C, before time zero --------------------------------- */

struct buddy_settings {
	int lock;                       /* enum lock_kind */
	uint64_t reserve_blocks;
};

static const char *const lock_words[] = { [LOCK_DEC] = "dec", [LOCK_TICKET] = "ticket", NULL };

static const struct setting buddy_settings[] = {
	SETTING(struct buddy_settings, lock, WORD, .fallback = "ticket", .words = lock_words,
		.help = "kind of zone->lock: dec as until 2.6.24, ticket as in 3.9"),
	SETTING(struct buddy_settings, reserve_blocks, COUNT, .min = 0, .max = 2, .fallback = "2",
		.unit = "pageblocks",
		.help = "2 MiB blocks of each zone set aside for emergencies, at most"),
	{ 0 },
};

static unsigned bit_length(uint64_t x)
{
	unsigned bits = 0;

	for (; x; x >>= 1)
		bits++;
	return bits;
}

static uint64_t isqrt(uint64_t x)
{
	uint64_t root = 0;

	while ((root + 1) * (root + 1) <= x)
		root++;
	return root;
}

static void setup_watermarks(const struct memory *m, struct zone *zone)
{
	uint64_t kib = isqrt(16 * m->pages * (PAGE_BYTES / 1024));
	uint64_t min;

	kib = kib < 128 ? 128 : kib > 65536 ? 65536 : kib;
	min = kib / (PAGE_BYTES / 1024) * m->node_pages / m->pages;
	zone->watermark[WATERMARK_MIN] = min;
	zone->watermark[WATERMARK_LOW] = min + min / 4;
	zone->watermark[WATERMARK_HIGH] = min + min / 2;
}

static void setup_pageset(struct sim *sim, struct zone *zone)
{
	unsigned memory_bits = 1 + bit_length(zone->managed_pages >> 15);
	unsigned threshold = 2 * bit_length(sim_cpus(sim)) * memory_bits;

	if (threshold > 125)
		threshold = 125;
	zone->pageset = percpu_new(sim, struct per_cpu_pageset, LINE, &per_cpu_pageset_layout,
				   "per_cpu_pageset");
	for (unsigned id = 0; id < sim_cpus(sim); id++)
		per_cpu(sim, zone->pageset, id)->stat_threshold = (int8_t)threshold;
}

static void setup_pageblock(struct buddy *buddy, uint64_t pfn, enum migratetype type)
{
	struct pageblock_flags *flags = buddy->section[pfn / SECTION_PAGES].pageblock_flags;
	unsigned bit = pageblock_bit(pfn);

	flags->word[bit / 64] |= (uint64_t)type << bit % 64;
}

static void setup_block(struct buddy *buddy, struct zone *zone, uint64_t pfn, enum migratetype type)
{
	struct memory *m = buddy->memory;
	struct page *page = pfn_to_page(m, pfn);
	struct free_area *area = &zone->free_area[MAX_ORDER - 1];
	struct list_head *lru = page_lru(m, page), *head = &area->free_list[type];

	lru->next = head;
	lru->prev = head->prev;
	head->prev->next = lru;
	head->prev = lru;
	area->nr_free++;
	*page_index(m, page) = type;
	*page_private(m, page) = MAX_ORDER - 1;
	*page_mapcount(m, page) = PAGE_BUDDY;
}

/* All memory in blocks of the largest order, MOVABLE but for the reserve at the start. */
static void setup_free_lists(struct buddy *buddy, struct zone *zone, uint64_t reserve_blocks)
{
	uint64_t needed = (zone->watermark[WATERMARK_MIN] + PAGEBLOCK_PAGES - 1) / PAGEBLOCK_PAGES;
	uint64_t start = zone->zone_start_pfn, end = start + zone->managed_pages;
	uint64_t reserved = start +
			    (needed < reserve_blocks ? needed : reserve_blocks) * PAGEBLOCK_PAGES;

	for (unsigned order = 0; order < MAX_ORDER; order++)
		for (unsigned type = 0; type < MIGRATE_TYPES; type++)
			list_init(&zone->free_area[order].free_list[type]);
	for (uint64_t pfn = start; pfn < end; pfn += PAGEBLOCK_PAGES)
		setup_pageblock(buddy, pfn, pfn < reserved ? RESERVE : MOVABLE);
	for (uint64_t pfn = start; pfn < end; pfn += 1 << (MAX_ORDER - 1))
		setup_block(buddy, zone, pfn, pfn < reserved ? RESERVE : MOVABLE);
	zone->vm_stat[NR_FREE_PAGES] = (int64_t)zone->managed_pages;
}

static struct zone *setup_zone(struct buddy *buddy, unsigned node, uint64_t reserve_blocks)
{
	struct memory *m = buddy->memory;
	const char *label = m->nodes > 1 ? label_new(m->sim, "zone of node %u", node) : "zone";
	struct zone *zone = arena_new(m->sim, struct zone, 1, node, LINE, &zone_layout, label);

	zone->node = (int32_t)node;
	zone->name = "Normal";
	zone->zone_pgdat = zone;
	zone->zone_start_pfn = node * m->node_pages;
	zone->spanned_pages = zone->present_pages = zone->managed_pages = m->node_pages;
	spin_lock_init(&zone->lock, buddy->lock);
	spin_lock_init(&zone->lru_lock, buddy->lock);
	setup_watermarks(m, zone);
	setup_pageset(m->sim, zone);
	setup_free_lists(buddy, zone, reserve_blocks);
	return zone;
}

static void *buddy_create(struct sim *sim, struct memory *memory, const void *settings)
{
	const struct buddy_settings *set = settings;
	uint64_t sections = (memory->pages + SECTION_PAGES - 1) / SECTION_PAGES;
	uint64_t roots = (sections + SECTIONS_PER_ROOT - 1) / SECTIONS_PER_ROOT;
	struct buddy *buddy = unseen_new(sim,
					 sizeof *buddy + memory->nodes * sizeof buddy->zone[0]);
	struct pageblock_flags *flags;

	buddy->memory = memory;
	buddy->lock = (enum lock_kind)set->lock;
	buddy->vm_stat = arena_new(sim, struct vm_stat, 1, 0, LINE, &vm_stat_layout, "vm_stat");
	buddy->vm_stat->item[NR_FREE_PAGES] = (int64_t)memory->pages;
	buddy->events = percpu_new(sim, struct vm_event_state, LINE, &vm_event_state_layout,
				   "vm_event_state");
	buddy->section = arena_new(sim, struct mem_section, sections, 0, LINE, &mem_section_layout,
				   "mem_section");
	buddy->root = arena_new(sim, struct mem_section *, roots, 0, LINE, &mem_section_root_layout,
				"mem_section_root");
	for (uint64_t i = 0; i < roots; i++)
		buddy->root[i] = &buddy->section[i * SECTIONS_PER_ROOT];
	flags = arena_new(sim, struct pageblock_flags, sections, 0, LINE, &pageblock_flags_layout,
			  "pageblock_flags");
	for (uint64_t i = 0; i < sections; i++)
		buddy->section[i].pageblock_flags = &flags[i];
	for (unsigned node = 0; node < memory->nodes; node++)
		buddy->zone[node] = setup_zone(buddy, node, set->reserve_blocks);
	return buddy;
}

/* ---- check: plain C, no CPU inside ------------------------------------- */

static bool check_block(const struct memory *m, uint64_t pfn, unsigned order,
			const struct report *report)
{
	for (uint64_t i = pfn; i < pfn + (1ull << order); i++) {
		if (m->seen[i]++)
			return failed(report, "page %llu is in two free blocks",
				      (unsigned long long)i);
		if (*page_count(m, pfn_to_page(m, i)))
			return failed(report, "page %llu is free and referenced",
				      (unsigned long long)i);
	}
	return true;
}

/* Invariants (1) and (2) of one list; adds its blocks to *blocks. */
static bool check_list(const struct buddy *buddy, struct zone *zone, unsigned order, unsigned type,
		       uint64_t *blocks, const struct report *report)
{
	const struct memory *m = buddy->memory;
	struct list_head *head = &zone->free_area[order].free_list[type];

	struct list_head *last = head;

	for (struct list_head *at = head->next; at != head; at = at->next) {
		struct page *page = lru_page(buddy, at);
		uint64_t pfn = page_to_pfn(m, page);
		unsigned long long number = pfn;

		if (pfn >= m->pages || pfn_to_page(m, pfn) != page)
			return failed(report, "order %u, type %u: the list leaves the page structs",
				      order, type);
		if (at->prev != last)
			return failed(report, "page %llu does not point back to the one before it",
				      number);
		last = at;
		if (pfn % (1ull << order))
			return failed(report, "page %llu is not aligned to its order %u", number,
				      order);
		if (*page_mapcount(m, page) != PAGE_BUDDY || *page_private(m, page) != order)
			return failed(report, "page %llu is on the list of order %u, not marked so",
				      number, order);
		if (!check_block(m, pfn, order, report))
			return false;
		++*blocks;
	}
	if (head->prev != last)
		return failed(report, "order %u, type %u: the list does not end at its last block",
			      order, type);
	return true;
}

static int free_pages_diff(struct sim *sim, struct zone *zone, unsigned id)
{
	return per_cpu(sim, zone->pageset, id)->vm_stat_diff[NR_FREE_PAGES];
}

static bool check_zone(const struct buddy *buddy, struct zone *zone, int64_t *all_free,
		       const struct report *report)
{
	struct sim *sim = buddy->memory->sim;
	int64_t pages = 0, counted = zone->vm_stat[NR_FREE_PAGES];

	if (buddy->lock == LOCK_DEC ? zone->lock.slock != 1 : zone->lock.owner != zone->lock.next)
		return failed(report, "node %d: the zone lock is held", zone->node);
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		uint64_t blocks = 0;

		for (unsigned type = 0; type < MIGRATE_TYPES; type++)
			if (!check_list(buddy, zone, order, type, &blocks, report))
				return false;
		if (blocks != zone->free_area[order].nr_free)
			return failed(report, "order %u: nr_free %llu, the lists have %llu", order,
				      (unsigned long long)zone->free_area[order].nr_free,
				      (unsigned long long)blocks);
		pages += (int64_t)blocks << order;
	}
	for (unsigned id = 0; id < sim_cpus(sim); id++)
		counted += free_pages_diff(sim, zone, id);
	if (counted != pages)
		return failed(report, "node %d: NR_FREE_PAGES %lld, the lists have %lld pages",
			      zone->node, (long long)counted, (long long)pages);
	*all_free += pages;
	return true;
}

/* (1) the other way round, and (4). */
static bool check_pages(const struct buddy *buddy, const struct report *report)
{
	const struct memory *m = buddy->memory;

	for (uint64_t pfn = 0; pfn < m->pages; pfn++) {
		struct page *page = pfn_to_page(m, pfn), *other;
		uint64_t order;

		if (*page_mapcount(m, page) != PAGE_BUDDY)
			continue;
		if (!m->seen[pfn])
			return failed(report, "page %llu is marked free and on no list",
				      (unsigned long long)pfn);
		order = *page_private(m, page);
		if (order >= MAX_ORDER - 1)
			continue;
		other = pfn_to_page(m, pfn ^ 1ull << order);
		if (*page_mapcount(m, other) == PAGE_BUDDY && *page_private(m, other) == order)
			return failed(report, "page %llu and its buddy of order %llu are both free",
				      (unsigned long long)pfn, (unsigned long long)order);
	}
	return true;
}

static bool check_global_count(const struct buddy *buddy, int64_t pages,
			       const struct report *report)
{
	struct sim *sim = buddy->memory->sim;
	int64_t counted = buddy->vm_stat->item[NR_FREE_PAGES];

	for (unsigned node = 0; node < buddy->memory->nodes; node++)
		for (unsigned id = 0; id < sim_cpus(sim); id++)
			counted += free_pages_diff(sim, buddy->zone[node], id);
	if (counted != pages)
		return failed(report, "global NR_FREE_PAGES %lld, the lists have %lld pages",
			      (long long)counted, (long long)pages);
	return true;
}

static bool buddy_check(const void *state, char *why, size_t size)
{
	const struct buddy *buddy = state;
	const struct memory *m = buddy->memory;
	const struct report report = {why, size};
	int64_t pages = 0;

	memset(m->seen, 0, m->pages);
	for (unsigned node = 0; node < m->nodes; node++)
		if (!check_zone(buddy, buddy->zone[node], &pages, &report))
			return false;
	return check_pages(buddy, &report) && check_global_count(buddy, pages, &report);
}

static uint64_t buddy_free_pages(const void *state)
{
	const struct buddy *buddy = state;
	uint64_t pages = 0;

	for (unsigned node = 0; node < buddy->memory->nodes; node++)
		for (unsigned order = 0; order < MAX_ORDER; order++)
			pages += buddy->zone[node]->free_area[order].nr_free << order;
	return pages;
}

const struct page_allocator buddy = {
	.name          = "buddy",
	.summary       = "2^n pages in lists under one zone lock (Linux 3.9 without per-CPU lists)",
	.settings      = buddy_settings,
	.settings_size = sizeof(struct buddy_settings),
	.view          = &page_view_aligned_64,
	.layouts       = buddy_layouts,
	.create        = buddy_create,
	.alloc         = buddy_alloc,
	.free          = buddy_free,
	.count_slab    = buddy_count_slab,
	.check         = buddy_check,
	.free_pages    = buddy_free_pages,
};
