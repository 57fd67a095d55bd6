/*
 * Blocks for a type that has none, from 6.12 on.
 *
 *	claim   the largest block of another type. One of whole pageblocks is taken with its type;
 *	        of a smaller one the pageblock changes its type, if half of it is free
 *	steal   the smallest block of another type, whose halves stay with that
 *
 * Small blocks are not claimed for a movable page: 7.1 does not look at them, 6.12 looks on until it
 * meets one of another type.
 *
 * A refill remembers what it came to: after a steal it does not claim any more, after a claim it
 * starts anew.
 *
 * Changed: of a pageblock only its free pages count, not those in use that go well with the type.
 */
#include "models/pages/zone_6.h"

enum { CLAIM_ORDER = PAGEBLOCK_ORDER / 2 };     /* below it, a movable page does not claim */

static const enum migratetype fallbacks[][2] = {
	[UNMOVABLE]   = { RECLAIMABLE, MOVABLE },
	[RECLAIMABLE] = { UNMOVABLE, MOVABLE },
	[MOVABLE]     = { RECLAIMABLE, UNMOVABLE },
};

/* The first block of order k of another type; NULL: none. */
static struct page *find_other(struct cpu *cpu, struct zone *zone, unsigned k,
			       enum migratetype start, enum migratetype *type)
{
	if (load(cpu, nr_free(zone, k)) == 0)
		return NULL;
	for (unsigned i = 0; i < 2; i++) {
		struct list_head *head = free_list(zone, k, fallbacks[start][i]);
		struct list_head *first = load(cpu, &head->next);

		*type = fallbacks[start][i];
		if (first != head)
			return lru_page(zone->all->memory, first);
	}
	return NULL;
}

static struct page *claim_whole(struct cpu *cpu, struct zone *zone, struct page *page, unsigned k,
				unsigned order, enum migratetype start)
{
	struct memory *m = zone->all->memory;
	uint64_t pfn = page_to_pfn(m, page);

	memory_used(m, page);
	del_page_from_free_list(cpu, zone, page, k);
	zone_count(cpu, zone, ITEM_FREE_PAGES, -(1 << k));
	for (uint64_t block = pfn; block < pfn + (1ull << k); block += PAGEBLOCK_PAGES)
		pageblock_set_type(cpu, zone->all, block, start);
	expand(cpu, zone, pfn, order, k, start);
	zone_count(cpu, zone, ITEM_FREE_PAGES, (1 << k) - (1 << order));
	return page;
}

/* How many pages of the pageblock are free; nothing is written. */
static unsigned free_in_pageblock(struct cpu *cpu, struct zone *zone, uint64_t start)
{
	const struct memory *m = zone->all->memory;
	unsigned pages = 0;

	for (uint64_t pfn = start; pfn < start + PAGEBLOCK_PAGES;) {
		struct page *page = pfn_to_page(m, pfn);
		unsigned order;

		if (!is_marked(cpu, zone->all, page)) {
			pfn++;
			continue;
		}
		order = (unsigned)load(cpu, page_private(m, page));
		pages += 1u << order;
		pfn += 1u << order;
	}
	return pages;
}

/* Its free blocks go to the ends of the lists of `type`. */
static void move_to_type(struct cpu *cpu, struct zone *zone, uint64_t start, enum migratetype type)
{
	const struct memory *m = zone->all->memory;

	for (uint64_t pfn = start; pfn < start + PAGEBLOCK_PAGES;) {
		struct page *page = pfn_to_page(m, pfn);
		struct list_head *lru = page_lru(m, page);
		unsigned order;

		if (!is_marked(cpu, zone->all, page)) {
			pfn++;
			continue;
		}
		order = (unsigned)load(cpu, page_private(m, page));
		list_unlink_(cpu, lru);
		list_add_tail(cpu, lru, free_list(zone, order, type));
		zone_count(cpu, zone, ITEM_FREE_PAGES, -(1 << order));
		zone_count(cpu, zone, ITEM_FREE_PAGES, 1 << order);
		pfn += 1u << order;
	}
}

/* 6.12 asks the pageblock whether it is kept for emergencies; 7.1 goes by the list. */
static bool may_claim(struct cpu *cpu, struct zone *zone, uint64_t pfn)
{
	return zone->all->rules->counts_blocks ||
	       pageblock_type(cpu, zone->all, pfn) < (enum migratetype)PCP_TYPES;
}

static struct page *claim(struct cpu *cpu, struct zone *zone, unsigned order,
			  enum migratetype start)
{
	const struct memory *m = zone->all->memory;

	for (unsigned k = MAX_ORDER; k-- > order;) {
		enum migratetype type;
		struct page *page;
		uint64_t block;

		if (k < CLAIM_ORDER && start == MOVABLE && zone->all->rules->counts_blocks)
			break;
		page = find_other(cpu, zone, k, start, &type);
		if (!page)
			continue;
		if (k < CLAIM_ORDER && start == MOVABLE)
			break;
		if (!may_claim(cpu, zone, page_to_pfn(m, page)))
			continue;
		if (k >= PAGEBLOCK_ORDER)
			return claim_whole(cpu, zone, page, k, order, start);
		block = page_to_pfn(m, page) / PAGEBLOCK_PAGES * PAGEBLOCK_PAGES;
		if (free_in_pageblock(cpu, zone, block) < PAGEBLOCK_PAGES / 2)
			continue;
		move_to_type(cpu, zone, block, start);
		pageblock_set_type(cpu, zone->all, block, start);
		return rmqueue_smallest(cpu, zone, order, start);
	}
	return NULL;
}

static struct page *steal(struct cpu *cpu, struct zone *zone, unsigned order,
			  enum migratetype start)
{
	struct memory *m = zone->all->memory;

	for (unsigned k = order; k < MAX_ORDER; k++) {
		enum migratetype type;
		struct page *page = find_other(cpu, zone, k, start, &type);

		if (!page)
			continue;
		memory_used(m, page);
		del_page_from_free_list(cpu, zone, page, k);
		zone_count(cpu, zone, ITEM_FREE_PAGES, -(1 << order));
		expand(cpu, zone, page_to_pfn(m, page), order, k, type);
		return page;
	}
	return NULL;
}

struct page *rmqueue_6(struct cpu *cpu, struct zone *zone, unsigned order, enum migratetype type,
		       enum rmqueue_mode *mode)
{
	struct page *page = NULL;

	if (*mode == RMQUEUE_NORMAL)
		page = rmqueue_smallest(cpu, zone, order, type);
	if (page)
		return page;
	path(cpu, "fallback");
	if (*mode != RMQUEUE_STEAL)
		page = claim(cpu, zone, order, type);
	if (page) {
		*mode = RMQUEUE_NORMAL;
		return page;
	}
	page = steal(cpu, zone, order, type);
	*mode = page ? RMQUEUE_STEAL : RMQUEUE_NORMAL;
	return page;
}
