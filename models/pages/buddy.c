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
 * True whenever no CPU is inside alloc or free: invariants (1) to (6) of models/pages/zone.h.
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
 * Changed: the lock may be that of 2.6.24 (`lock: dec`), since SLUB of that time runs on top, or
 * that of 4.2 and later. NUMA hits are counted on one node too, as by the kernel that has this zone
 * layout.
 * Left out: zones DMA and DMA32, reclaim and compaction (an allocation below the MIN watermark
 * fails), memory hotplug. A zeroed page gets one store per line.
 */
#include "models/pages/zone.h"

static const struct layout *const buddy_layouts[] = {
	&pageset_layout_3_9, &zone_layout_3_9, &vm_event_state_layout, &pageblock_flags_layout,
	&mem_section_layout, &mem_section_root_layout, &vm_stat_layout_3_9, &lru_cpu_layout, NULL,
};

struct buddy {
	struct zones *zones;
};

static struct page *take(struct cpu *cpu, void *state, struct zone *preferred, struct zone *zone,
			 unsigned order, unsigned gfp)
{
	const struct buddy *buddy = state;
	struct zones *zones = buddy->zones;
	bool flags = spin_lock_irqsave(cpu, zone->lock, zones->lock);
	struct page *page = rmqueue(cpu, zone, order, gfp_type(gfp));

	spin_unlock(cpu, zone->lock, zones->lock);
	if (page) {
		/* is its type one of those counted apart? */
		(void)load(cpu, page_index(zones->memory, page));
		zone_count(cpu, zone, ITEM_FREE_PAGES, -(1 << order));
		count_event(cpu, zones, PGALLOC_NORMAL, order);
		zone_statistics(cpu, preferred, zone);
	}
	irq_restore(cpu, flags);
	return page;
}

static struct page *buddy_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct buddy *buddy = state;
	struct page *page;

	compute(cpu, STEP_PAGE_ALLOC);
	page = zones_alloc_above(cpu, buddy->zones, order, WATERMARK_LOW, gfp, take, buddy);
	if (!page)
		page = zones_alloc_above(cpu, buddy->zones, order, WATERMARK_MIN, gfp, take, buddy);
	if (page)
		prep_new_page(cpu, buddy->zones, page, order, gfp);
	return page;
}

static void give(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order)
{
	enum migratetype type = pageblock_type(cpu, zones, page_to_pfn(zones->memory, page));

	store(cpu, page_index(zones->memory, page), type);
	zone_free_block(cpu, page_zone(zones, page), page, order, type);
}

static void buddy_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct buddy *buddy = state;

	compute(cpu, STEP_PAGE_FREE);
	free_pages_prepare(cpu, buddy->zones, page, order);
	give(cpu, buddy->zones, page, order);
}

static void give_released(struct cpu *cpu, void *state, struct page *page)
{
	struct buddy *buddy = state;

	compute(cpu, STEP_PAGE_FREE);
	free_released_prepare(cpu, buddy->zones, page, 0);
	give(cpu, buddy->zones, page, 0);
}

static void buddy_free_group(struct cpu *cpu, void *state, struct list_head *freed)
{
	struct buddy *buddy = state;

	free_each(cpu, buddy->zones, freed, give_released, buddy);
}

/* ---- set-up and check: plain C ------------------------------------------------------------- */

struct buddy_settings {
	int lock;                       /* enum lock_kind */
	uint64_t reserve_blocks;
};

static const char *const lock_words[] = {
	[LOCK_DEC] = "dec", [LOCK_TICKET] = "ticket", [LOCK_QUEUED] = "queued", NULL
};

static const struct setting buddy_settings[] = {
	SETTING(struct buddy_settings, lock, WORD, .fallback = "ticket", .words = lock_words,
		.help = "kind of zone->lock: dec as until 2.6.24, ticket as in 3.9, queued as from "
			"4.2 on"),
	SETTING(struct buddy_settings, reserve_blocks, COUNT, .min = 0, .max = 2, .fallback = "2",
		.unit = "pageblocks",
		.help = "2 MiB blocks of each zone set aside for emergencies, at most"),
	{ 0 },
};

static void *buddy_create(struct sim *sim, struct memory *memory, const void *settings)
{
	const struct buddy_settings *set = settings;
	struct buddy *buddy = unseen_new(sim, sizeof *buddy);

	buddy->zones = zones_new(sim, memory, &(struct zones_options){
		.kernel = KERNEL_3_9, .lock = (enum lock_kind)set->lock,
		.reserve_blocks = set->reserve_blocks, .free_group = buddy_free_group });
	return buddy;
}

static const struct page_view *buddy_view(const void *settings)
{
	(void)settings;
	return &page_view_aligned_64;
}

static enum kernel buddy_kernel(const void *settings)
{
	(void)settings;
	return KERNEL_3_9;
}

static bool buddy_check(const void *state, const struct report *report)
{
	const struct buddy *buddy = state;

	return zones_check(buddy->zones, report) && lru_check(buddy->zones, report);
}

static uint64_t buddy_free_pages(const void *state)
{
	const struct buddy *buddy = state;

	return zones_free_pages(buddy->zones);
}

const struct page_allocator buddy = {
	.name          = "buddy",
	.summary       = "2^n pages in lists under one zone lock (Linux 3.9 without per-CPU lists)",
	.version       = "Linux 3.9, without its lists per CPU",
	.year          = 2013,
	.brings        = "blocks that are split and merge again, under one lock",
	.settings      = buddy_settings,
	.settings_size = sizeof(struct buddy_settings),
	.view          = buddy_view,
	.kernel        = buddy_kernel,
	.layouts       = buddy_layouts,
	.create        = buddy_create,
	.alloc         = buddy_alloc,
	.free          = buddy_free,
	ZONED_PAGES,
	.tick          = zoned_tick,
	.group         = 14,
	.check         = buddy_check,
	.free_pages    = buddy_free_pages,
};
