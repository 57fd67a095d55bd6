/* Zones: counters, watermarks, checks of pages, set-up; see models/pages/zone.h. */
#include "models/pages/zone_6.h"
#include "models/pages/zone_place.h"
#include "sim/verbs/nodes.h"

#include <string.h>

enum {
	FLAGS_CHECKED_AT_FREE = 1 << PG_LOCKED | 1 << PG_LRU | 1 << PG_ACTIVE | 1 << PG_SLAB,
};
#define FLAGS_CLEARED_AT_FREE 0xffffffffu       /* all but the node */

/* Items of 2.6.22 and 2.6.24. */
#define ITEMS_2_6 \
	.stats = 20, .item = { \
		[ITEM_FREE_PAGES] = 0, \
		[ITEM_SLAB_RECLAIMABLE] = 8, [ITEM_SLAB_UNRECLAIMABLE] = 9, \
		[ITEM_NUMA_HIT] = 14, [ITEM_NUMA_MISS] = 15, [ITEM_NUMA_FOREIGN] = 16, \
		[ITEM_NUMA_LOCAL] = 18, [ITEM_NUMA_OTHER] = 19, \
	}

/* In the pageset. */
#define COUNTERS(layout) \
	.counters = { layout, offsetof(struct per_cpu_pageset, stat_threshold), \
		      offsetof(struct per_cpu_pageset, vm_stat_diff) }

static const struct zone_rules rules[] = {
	[KERNEL_2_6_22] = {
		.types          = 1,
		.area_bytes     = 24, .nr_free = 16,
		ITEMS_2_6,
		.vm_stat_layout = &vm_stat_layout_2_6,
		COUNTERS(&pageset_layout_2_6),
		.struct_new     = zone_new_2_6_22,
		.pageset_array  = true,
		.buddy_in_flags = true,
		.old_checks     = true,
		.counts_inside  = true,
		.slab_irq_pair  = true,
	},
	[KERNEL_2_6_24] = {
		.types          = MIGRATE_TYPES, .number = { 0, 1, 2, 3, 4 },
		.area_bytes     = 88, .nr_free = 80,
		ITEMS_2_6,
		.vm_stat_layout = &vm_stat_layout_2_6,
		COUNTERS(&pageset_layout_2_6),
		.struct_new     = zone_new_2_6_24,
		.reserve_max    = UINT64_MAX,
		.pageset_array  = true,
		.buddy_in_flags = true,
		.old_checks     = true,
		.counts_inside  = true,
		.reads_type_at_merge = true,
		.keeps_fallback_type = true,
		.clears_flag    = true,
		.slab_irq_pair  = true,
	},
	[KERNEL_3_9] = {
		.types          = MIGRATE_TYPES, .number = { 0, 1, 2, 3, 4 },
		.area_bytes     = 88, .nr_free = 80,
		ITEMS_3_9,
		.vm_stat_layout = &vm_stat_layout_3_9,
		COUNTERS(&pageset_layout_3_9),
		.struct_new     = zone_new_3_9,
		.reserve_max    = 2,
		.looks_ahead    = true,
		.lru            = true,
	},
};

/* ---- watermarks and the zonelist --------------------------------------- */

static bool zone_watermark_ok(struct cpu *cpu, struct zone *zone, unsigned order,
			      enum watermark mark, unsigned gfp)
{
	int64_t min = (int64_t)load(cpu, &zone->watermark[mark]);
	int64_t reserve = (int64_t)load(cpu, &zone->lowmem_reserve[0]);
	int64_t free_pages = load(cpu, &zone->vm_stat[zone->all->rules->item[ITEM_FREE_PAGES]]);

	free_pages -= (1 << order) - 1;
	if (mark == WATERMARK_MIN && gfp & GFP_ATOMIC) {
		min -= min / 2;
		min -= min / 4;
	}
	if (free_pages <= min + reserve)
		return false;
	for (unsigned k = 0; k < order; k++) {
		int64_t blocks = (int64_t)load(cpu, nr_free(zone, k));

		free_pages -= blocks << k;
		min >>= 1;
		if (free_pages <= min)
			return false;
	}
	return true;
}

/* From 6.12 on: for blocks there must be one of the types that requests are for. */
static bool has_block(struct cpu *cpu, struct zone *zone, unsigned order)
{
	for (unsigned k = order; k < MAX_ORDER; k++) {
		if (load(cpu, nr_free(zone, k)) == 0)
			continue;
		for (unsigned i = 0; i < PCP_TYPES; i++)
			if (!list_empty(cpu, free_list(zone, k, UNMOVABLE) + i))
				return true;
	}
	return false;
}

bool zone_watermark_ok_6(struct cpu *cpu, struct zone *zone, unsigned order, enum watermark mark,
			 unsigned gfp)
{
	int64_t min = (int64_t)load(cpu, &zone->watermark[mark]);
	int64_t unusable = (int64_t)load(cpu, zone->highatomic);
	int64_t reserve = (int64_t)load(cpu, &zone->lowmem_reserve[0]);
	int64_t free_pages = load(cpu, &zone->vm_stat[zone->all->rules->item[ITEM_FREE_PAGES]]);

	if (mark == WATERMARK_MIN && gfp & GFP_ATOMIC) {
		min -= min / 2;
		min -= min / 4;
	}
	if (free_pages - unusable - ((1 << order) - 1) <= min + reserve)
		return false;
	return order == 0 || has_block(cpu, zone, order);
}

/* Where there are several nodes, 7.1 first looks for one whose kswapd has nothing to do. */
static bool kswapd_sleeps(struct cpu *cpu, const struct zone *zone)
{
	(void)load(cpu, zone->zone_pgdat);
	return !list_empty(cpu, &zone->pgdat->kswapd_wait);
}

/*
 * HIGH first; below it, which is noted, the mark that was asked for. Where memory may be accepted
 * after boot the list of what is left is looked at before: all is accepted here.
 */
static bool above_6(struct cpu *cpu, struct zone *zone, unsigned order, enum watermark mark,
		    unsigned gfp)
{
	uint64_t flags;

	if (zone->pgdat && zone->all->memory->nodes > 1 && !kswapd_sleeps(cpu, zone))
		BUG(cpu, "kswapd of node %u is awake", zone->node);
	if (zone->unaccepted_pages && !list_empty(cpu, zone->unaccepted_pages))
		BUG(cpu, "zone of node %u has unaccepted pages", zone->node);
	flags = load(cpu, zone->flags);
	if (!(flags >> ZONE_BELOW_HIGH & 1)) {
		if (zone_watermark_ok_6(cpu, zone, order, WATERMARK_HIGH, gfp))
			return true;
		bit_set(cpu, zone->flags, ZONE_BELOW_HIGH);
	}
	return zone_watermark_ok_6(cpu, zone, order, mark, gfp);
}

/* Along the zonelist: the own node first, then the others, nearest first. */
struct page *zones_alloc_above(struct cpu *cpu, struct zones *zones, unsigned order,
			       enum watermark mark, unsigned gfp, zone_take *take, void *state)
{
	unsigned nodes = zones->memory->nodes;
	struct zone *preferred = &zones->zone[cpu_node(cpu)];

	for (unsigned i = 0; i < nodes; i++) {
		unsigned node = node_by_distance(cpu_sim(cpu), cpu_node(cpu), i);
		struct zone *zone = &zones->zone[node];
		struct page *page = NULL;

		if (zones->rules->modern ? above_6(cpu, zone, order, mark, gfp)
					 : zone_watermark_ok(cpu, zone, order, mark, gfp))
			page = take(cpu, state, preferred, zone, order, gfp);
		if (page)
			return page;
	}
	return NULL;
}

/* ---- pages ------------------------------------------------------------- */

struct page_words {
	uint64_t flags, mapping;
	int mapcount, count;
};

static void must_be_unused(struct cpu *cpu, const struct memory *m, struct page *page,
			   const struct page_words *w)
{
	if (w->flags & FLAGS_CHECKED_AT_FREE || w->mapping || w->mapcount != PAGE_UNUSED ||
	    w->count)
		BUG(cpu, "bad page %llu: flags %llx, mapping %llx, _mapcount %d, _count %d",
		    (unsigned long long)page_to_pfn(m, page), (unsigned long long)w->flags,
		    (unsigned long long)w->mapping, w->mapcount, w->count);
}

/* Reads what must be as in an unused page; returns flags. A page that is freed may be one that a
 * process had mapped. */
static uint64_t check_page(struct cpu *cpu, const struct memory *m, struct page *page, bool freed)
{
	struct page_words w;

	w.flags = load(cpu, page_flags(m, page));
	w.mapping = load(cpu, page_mapping(m, page));
	if (freed && clear_anon_mapping(cpu, m, page, w.mapping))
		w.mapping = 0;
	w.mapcount = load(cpu, page_mapcount(m, page));
	w.count = load(cpu, page_count(m, page));
	must_be_unused(cpu, m, page, &w);
	return w.flags;
}

/* The same until 2.6.24, when it is freed; flags come last. */
static uint64_t check_freed_page_2_6(struct cpu *cpu, const struct memory *m, struct page *page)
{
	struct page_words w;

	w.mapcount = load(cpu, page_mapcount(m, page));
	w.mapping = load(cpu, page_mapping(m, page));
	w.count = load(cpu, page_count(m, page));
	w.flags = load(cpu, page_flags(m, page));
	must_be_unused(cpu, m, page, &w);
	return w.flags;
}

/* And when it is handed out, the head of a block alone: some bits of flags are cleared. */
static void check_new_page_2_6(struct cpu *cpu, const struct memory *m, struct page *page)
{
	struct page_words w;

	w.flags = load(cpu, page_flags(m, page));
	w.mapcount = load(cpu, page_mapcount(m, page));
	w.mapping = load(cpu, page_mapping(m, page));
	w.count = load(cpu, page_count(m, page));
	must_be_unused(cpu, m, page, &w);
	bit_clear_local(cpu, page_flags(m, page), PG_ERROR);
}

static void set_head(struct cpu *cpu, const struct memory *m, struct page *tail, struct page *head)
{
	if (m->view->compound_head)
		store(cpu, page_compound_head(m, tail), (uint64_t)(uintptr_t)head + 1);
	else
		store(cpu, page_first_page(m, tail), head);
}

/* The first tail also has the destructor, of which there is one kind here, and the order. */
static void prep_compound_page(struct cpu *cpu, const struct zones *zones, struct page *head,
			       unsigned order)
{
	const struct memory *m = zones->memory;
	uint64_t pfn = page_to_pfn(m, head);

	store(cpu, &page_lru(m, pfn_to_page(m, pfn + 1))->next, NULL);
	store(cpu, compound_order(m, head), order);
	bit_set_local(cpu, page_flags(m, head), PG_HEAD);
	for (uint64_t i = 1; i < 1ull << order; i++) {
		struct page *tail = pfn_to_page(m, pfn + i);

		if (!m->view->compound_head)
			bit_set_local(cpu, page_flags(m, tail), PG_TAIL);
		if (!zones->rules->old_checks)
			store(cpu, page_count(m, tail), 0);
		set_head(cpu, m, tail, head);
	}
}

static void clear_pages(struct cpu *cpu, struct memory *m, struct page *page, unsigned order)
{
	char *data = page_address(m, page);

	for (uint64_t offset = 0; offset < (uint64_t)PAGE_BYTES << order; offset += LINE)
		store(cpu, (uint64_t *)(data + offset), 0);
}

/* The page structs of a block lie side by side: no load gives the address of another. */
static void pages_ahead(struct cpu *cpu, const struct memory *m, uint64_t pfn, unsigned order)
{
	for (uint64_t i = 0; order && i < 1ull << order; i++)
		load_ahead(cpu, page_flags(m, pfn_to_page(m, pfn + i)));
}

void prep_new_page(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order,
		   unsigned gfp)
{
	struct memory *m = zones->memory;
	uint64_t pfn = page_to_pfn(m, page);

	if (zones->rules->old_checks) {
		check_new_page_2_6(cpu, m, page);
	} else if (!zones->rules->modern) {
		pages_ahead(cpu, m, pfn, order);
		for (uint64_t i = 0; i < 1ull << order; i++)
			check_page(cpu, m, pfn_to_page(m, pfn + i), false);
	}
	store(cpu, page_private(m, page), 0);
	if (!(gfp & GFP_FROZEN))
		store(cpu, page_count(m, page), 1);
	if (gfp & GFP_ZERO)
		clear_pages(cpu, m, page, order);
	if (order > 0 && gfp & GFP_COMP)
		prep_compound_page(cpu, zones, page, order);
}

/* From 6.12 on: of a block all structs are written, tails first, and in 7.1 the head's private too; a
 * single page's if it has marks. */
static void prepare_6(struct cpu *cpu, const struct zones *zones, struct page *page, unsigned order)
{
	const struct memory *m = zones->memory;
	uint64_t pfn = page_to_pfn(m, page);
	uint64_t flags = load(cpu, page_flags(m, page)), mapping;
	bool compound = flags >> PG_HEAD & 1;

	pages_ahead(cpu, m, pfn, order);
	for (uint64_t i = 1; i < 1ull << order; i++) {
		struct page *tail = pfn_to_page(m, pfn + i);
		uint64_t old;

		if (compound)
			store(cpu, page_compound_head(m, tail), 0);
		old = load(cpu, page_flags(m, tail));
		store(cpu, page_flags(m, tail), old & ~(uint64_t)FLAGS_CLEARED_AT_FREE);
	}
	mapping = load(cpu, page_mapping(m, page));
	clear_anon_mapping(cpu, m, page, mapping);
	if (order > 0 || flags & FLAGS_CLEARED_AT_FREE)
		store(cpu, page_flags(m, page), flags & ~(uint64_t)FLAGS_CLEARED_AT_FREE);
	if (order > 0 && zones->kernel >= KERNEL_7_1)
		store(cpu, page_private(m, page), 0);
}

void free_released_prepare(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order)
{
	struct memory *m = zones->memory;
	uint64_t pfn = page_to_pfn(m, page);

	if (zones->rules->modern) {
		prepare_6(cpu, zones, page, order);
		return;
	}
	if (zones->rules->old_checks) {
		(void)load(cpu, page_flags(m, page));           /* which zone? */
		(void)load(cpu, page_mapping(m, page));         /* of a process? */
	}
	pages_ahead(cpu, m, pfn, order);
	for (uint64_t i = 0; i < 1ull << order; i++) {
		struct page *each = pfn_to_page(m, pfn + i);
		uint64_t flags = zones->rules->old_checks ? check_freed_page_2_6(cpu, m, each)
							  : check_page(cpu, m, each, true);

		if (flags & FLAGS_CLEARED_AT_FREE)
			store(cpu, page_flags(m, each), flags & ~(uint64_t)FLAGS_CLEARED_AT_FREE);
	}
}

void free_pages_prepare(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order)
{
	const struct memory *m = zones->memory;
	int count = fetch_add(cpu, page_count(m, page), -1);

	if (count != 1)
		BUG(cpu, "page %llu freed with %d references",
		    (unsigned long long)page_to_pfn(m, page), count);
	free_released_prepare(cpu, zones, page, order);
}

/* ---- set-up: plain C, before time zero --------------------------------- */

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

	uint64_t most = zone->all->rules->modern ? 262144 : 65536, gap;

	kib = kib < 128 ? 128 : kib > most ? most : kib;
	min = kib / (PAGE_BYTES / 1024) * m->node_pages / m->pages;
	zone->watermark[WATERMARK_MIN] = min;
	if (zone->all->rules->modern) {
		gap = m->node_pages / 1000;             /* watermark_scale_factor 10 */
		gap = gap > min / 4 ? gap : min / 4;
		zone->watermark[WATERMARK_LOW] = min + gap;
		zone->watermark[WATERMARK_HIGH] = min + 2 * gap;
		return;
	}
	zone->watermark[WATERMARK_LOW] = min + min / 4;
	zone->watermark[WATERMARK_HIGH] = min + min / 2;
}

static void setup_block(struct zone *zone, uint64_t pfn, enum migratetype type)
{
	const struct memory *m = zone->all->memory;
	struct page *page = pfn_to_page(m, pfn);
	struct list_head *lru = page_lru(m, page), *head = free_list(zone, MAX_ORDER - 1, type);

	lru->next = head;
	lru->prev = head->prev;
	head->prev->next = lru;
	head->prev = lru;
	++*nr_free(zone, MAX_ORDER - 1);
	*page_index(m, page) = type;
	*page_private(m, page) = MAX_ORDER - 1;
	if (zone->all->rules->buddy_in_flags)
		*page_flags(m, page) |= 1ull << PG_BUDDY;
	else
		*page_mapcount(m, page) = PAGE_BUDDY;
}

/* All memory in blocks of the largest order, MOVABLE but for the reserve at the start. */
static void setup_free_lists(struct zone *zone, uint64_t reserve_blocks)
{
	const struct zone_rules *r = zone->all->rules;
	uint64_t needed = (zone->watermark[WATERMARK_MIN] + PAGEBLOCK_PAGES - 1) / PAGEBLOCK_PAGES;
	uint64_t start = zone->first_pfn, end = start + zone->pages, reserved;

	if (reserve_blocks > r->reserve_max)
		reserve_blocks = r->reserve_max;
	reserved = start + (needed < reserve_blocks ? needed : reserve_blocks) * PAGEBLOCK_PAGES;
	for (unsigned order = 0; order < MAX_ORDER; order++)
		for (unsigned type = 0; type < r->types; type++)
			list_init(free_list(zone, order, type));
	for (uint64_t pfn = start; r->types > 1 && pfn < end; pfn += PAGEBLOCK_PAGES)
		pageblock_setup(zone->all, pfn, pfn < reserved ? RESERVE : MOVABLE);
	for (uint64_t pfn = start; pfn < end; pfn += 1 << (MAX_ORDER - 1))
		setup_block(zone, pfn, pfn < reserved ? RESERVE : MOVABLE);
	zone->vm_stat[r->item[ITEM_FREE_PAGES]] = (int64_t)zone->pages;
}

struct zones *zones_new(struct sim *sim, struct memory *memory,
			const struct zones_options *options)
{
	enum kernel kernel = options->kernel;
	struct zones *zones =
		unseen_new(sim, sizeof *zones + memory->nodes * sizeof zones->zone[0]);

	zones->memory = memory;
	zones->rules = options->rules ? options->rules : &rules[kernel];
	zones->kernel = kernel;
	zones->lock = options->lock;
	zones->nr_cpus = nr_cpus(sim, options->nr_cpus);
	zones->magazines = options->magazines;
	zones->free_group = options->free_group;
	vmstat_new(zones);
	if (zones->rules->types > 1)
		pageblocks_new(zones);
	for (unsigned node = 0; node < memory->nodes; node++) {
		struct zone *zone = &zones->zone[node];

		zone->all = zones;
		zone->node = node;
		zone->first_pfn = node * memory->node_pages;
		zone->pages = memory->node_pages;
		zone_struct_new(zone);
		setup_watermarks(memory, zone);
		zone_counters_new(zone);
		setup_free_lists(zone, options->reserve_blocks);
	}
	lru_new(zones);
	return zones;
}

void zones_without_lists(struct zones *zones)
{
	const struct memory *m = zones->memory;

	for (uint64_t pfn = 0; pfn < m->pages; pfn += 1 << (MAX_ORDER - 1)) {
		struct page *page = pfn_to_page(m, pfn);

		*page_private(m, page) = 0;
		*page_index(m, page) = 0;
		*page_mapcount(m, page) = PAGE_UNUSED;
	}
	for (unsigned node = 0; node < m->nodes; node++) {
		struct zone *zone = &zones->zone[node];

		*nr_free(zone, MAX_ORDER - 1) = 0;
		for (unsigned type = 0; type < zones->rules->types; type++)
			list_init(free_list(zone, MAX_ORDER - 1, type));
	}
}
