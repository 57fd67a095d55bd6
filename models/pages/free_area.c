/*
 * Free blocks of 2^0 .. 2^10 pages in lists by order and migratetype; under zone->lock.
 *
 *	a block of order 3, taken for one page:         ....----  to free_area[2]
 *	(rmqueue_smallest, expand)                      ..--      to free_area[1]
 *	                                                x-        to free_area[0]
 *
 * Where kernels differ the rule's name says it; see struct zone_rules.
 */
#include "models/pages/zone.h"

/* ---- the mark of free blocks ------------------------------------------- */

static void set_buddy(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order)
{
	const struct memory *m = zones->memory;

	store(cpu, page_private(m, page), order);
	if (zones->rules->buddy_in_flags)
		bit_set_local(cpu, page_flags(m, page), PG_BUDDY);
	else
		store(cpu, page_mapcount(m, page), PAGE_BUDDY);
}

static void clear_buddy(struct cpu *cpu, struct zones *zones, struct page *page)
{
	const struct memory *m = zones->memory;

	if (zones->rules->buddy_in_flags)
		bit_clear_local(cpu, page_flags(m, page), PG_BUDDY);
	else
		store(cpu, page_mapcount(m, page), PAGE_UNUSED);
	store(cpu, page_private(m, page), 0);
}

bool is_marked(struct cpu *cpu, struct zones *zones, struct page *page)
{
	const struct memory *m = zones->memory;
	uint64_t flags;

	if (!zones->rules->buddy_in_flags)
		return load(cpu, page_mapcount(m, page)) == PAGE_BUDDY;
	flags = load(cpu, page_flags(m, page));
	return flags >> PG_BUDDY & 1;
}

/* From 6.12 on: the mark first, the zones last. */
static bool is_buddy_6(struct cpu *cpu, struct zones *zones, uint64_t pfn, struct page *buddy,
		       unsigned order)
{
	const struct memory *m = zones->memory;
	uint64_t own_flags, flags;

	if (!is_marked(cpu, zones, buddy) || load(cpu, page_private(m, buddy)) != order)
		return false;
	own_flags = load(cpu, page_flags(m, pfn_to_page(m, pfn)));
	flags = load(cpu, page_flags(m, buddy));
	return own_flags >> PG_NODE_SHIFT == flags >> PG_NODE_SHIFT;
}

static bool is_buddy(struct cpu *cpu, struct zones *zones, uint64_t pfn, uint64_t buddy_pfn,
		     unsigned order)
{
	if (zones->rules->modern)
		return is_buddy_6(cpu, zones, pfn, pfn_to_page(zones->memory, buddy_pfn), order);
	const struct memory *m = zones->memory;
	struct page *buddy = pfn_to_page(m, buddy_pfn);
	uint64_t own_flags = load(cpu, page_flags(m, pfn_to_page(m, pfn)));
	uint64_t flags = load(cpu, page_flags(m, buddy));
	bool marked;

	if (own_flags >> PG_NODE_SHIFT != flags >> PG_NODE_SHIFT)
		return false;
	if (zones->rules->buddy_in_flags)
		marked = flags >> PG_BUDDY & 1;
	else
		marked = is_marked(cpu, zones, buddy);
	if (!marked || load(cpu, page_private(m, buddy)) != order)
		return false;
	if (zones->rules->old_checks && load(cpu, page_count(m, buddy)) != 0)
		BUG(cpu, "page %llu is free and referenced", (unsigned long long)buddy_pfn);
	return true;
}

/* ---- taking a block ---------------------------------------------------- */

void add_nr_free(struct cpu *cpu, struct zone *zone, unsigned order, int delta)
{
	uint64_t count = load(cpu, nr_free(zone, order));

	store(cpu, nr_free(zone, order), count + (uint64_t)(int64_t)delta);
}

void count_blocks(struct cpu *cpu, struct zone *zone, unsigned order, int sign)
{
	if (zone->all->rules->counts_blocks && order >= PAGEBLOCK_ORDER)
		zone_count(cpu, zone, ITEM_FREE_BLOCKS, sign * (1 << order));
}

void del_page_from_free_list(struct cpu *cpu, struct zone *zone, struct page *page, unsigned order)
{
	list_del(cpu, page_lru(zone->all->memory, page));
	clear_buddy(cpu, zone->all, page);
	add_nr_free(cpu, zone, order, -1);
	count_blocks(cpu, zone, order, -1);
}

/* Gives the upper halves of a block of order `high` back until `order` is left. */
void expand(struct cpu *cpu, struct zone *zone, uint64_t pfn, unsigned order, unsigned high,
	    enum migratetype type)
{
	const struct memory *m = zone->all->memory;

	while (high > order) {
		struct page *half;

		high--;
		half = pfn_to_page(m, pfn + (1ull << high));
		list_add(cpu, page_lru(m, half), free_list(zone, high, type));
		add_nr_free(cpu, zone, high, 1);
		count_blocks(cpu, zone, high, 1);
		set_buddy(cpu, zone->all, half, high);
	}
}

static void count_taken(struct cpu *cpu, struct zone *zone, unsigned order)
{
	if (zone->all->rules->counts_inside)
		zone_count(cpu, zone, ITEM_FREE_PAGES, -(1 << order));
}

struct page *rmqueue_smallest(struct cpu *cpu, struct zone *zone, unsigned order,
			      enum migratetype type)
{
	struct memory *m = zone->all->memory;

	for (unsigned k = order; k < MAX_ORDER; k++) {
		struct list_head *head = free_list(zone, k, type);
		struct list_head *first = load(cpu, &head->next);
		struct page *page = lru_page(m, first);

		if (first == head)
			continue;
		path(cpu, k > order ? "split" : "list");
		memory_used(m, page);
		del_page_from_free_list(cpu, zone, page, k);
		count_taken(cpu, zone, order);
		expand(cpu, zone, page_to_pfn(m, page), order, k, type);
		return page;
	}
	return NULL;
}

/* All free blocks of the pageblock go to the lists of `type`. Returns how many pages did. */
static unsigned move_freepages_block(struct cpu *cpu, struct zone *zone, uint64_t pfn,
				     enum migratetype type)
{
	const struct memory *m = zone->all->memory;
	uint64_t end = pfn / PAGEBLOCK_PAGES * PAGEBLOCK_PAGES + PAGEBLOCK_PAGES;
	unsigned moved = 0;

	pfn = end - PAGEBLOCK_PAGES;
	while (pfn < end) {
		struct page *page = pfn_to_page(m, pfn);
		unsigned order;

		if (!is_marked(cpu, zone->all, page)) {
			pfn++;
			continue;
		}
		order = (unsigned)load(cpu, page_private(m, page));
		list_move(cpu, page_lru(m, page), free_list(zone, order, type));
		store(cpu, page_index(m, page), type);
		pfn += 1u << order;
		moved += 1u << order;
	}
	return moved;
}

/* The pageblocks of a block that was stolen whole. */
static void retype_stolen(struct cpu *cpu, struct zone *zone, uint64_t pfn, unsigned k,
			  enum migratetype type)
{
	if (zone->all->rules->keeps_fallback_type && k > PAGEBLOCK_ORDER)
		return;
	if (k >= PAGEBLOCK_ORDER)
		for (uint64_t block = pfn; block < pfn + (1ull << k); block += PAGEBLOCK_PAGES)
			pageblock_set_type(cpu, zone->all, block, type);
}

/* Takes the block at `lru`, first of order k on the lists of `type`, for `start`. */
static struct page *steal(struct cpu *cpu, struct zone *zone, struct list_head *lru, unsigned k,
			  unsigned order, enum migratetype type, enum migratetype start)
{
	struct memory *m = zone->all->memory;
	struct page *page = lru_page(m, lru);
	uint64_t pfn = page_to_pfn(m, page);

	memory_used(m, page);
	add_nr_free(cpu, zone, k, -1);
	if (k >= PAGEBLOCK_ORDER / 2 || start == RECLAIMABLE) {
		unsigned moved = move_freepages_block(cpu, zone, pfn, start);

		if (moved >= PAGEBLOCK_PAGES / 2)
			pageblock_set_type(cpu, zone->all, pfn, start);
		type = start;
	}
	list_del(cpu, lru);
	clear_buddy(cpu, zone->all, page);
	count_taken(cpu, zone, order);
	retype_stolen(cpu, zone, pfn, k, start);
	expand(cpu, zone, pfn, order, k, zone->all->rules->keeps_fallback_type ? type : start);
	return page;
}

/* The largest block of another migratetype, so that types mix as little as possible. */
static struct page *rmqueue_fallback(struct cpu *cpu, struct zone *zone, unsigned order,
				     enum migratetype start)
{
	static const enum migratetype fallbacks[][2] = {
		[UNMOVABLE]   = { RECLAIMABLE, MOVABLE },
		[RECLAIMABLE] = { UNMOVABLE, MOVABLE },
		[MOVABLE]     = { RECLAIMABLE, UNMOVABLE },
	};

	path(cpu, "fallback");
	for (unsigned k = MAX_ORDER; k-- > order;) {
		for (unsigned i = 0; i < 2; i++) {
			enum migratetype type = fallbacks[start][i];
			struct list_head *head = free_list(zone, k, type);
			struct list_head *first = load(cpu, &head->next);

			if (first != head)
				return steal(cpu, zone, first, k, order, type, start);
		}
	}
	return NULL;
}

enum migratetype gfp_type(unsigned gfp)
{
	if (gfp & GFP_MOVABLE)
		return MOVABLE;
	return gfp & GFP_RECLAIMABLE ? RECLAIMABLE : UNMOVABLE;
}

struct page *rmqueue(struct cpu *cpu, struct zone *zone, unsigned order, enum migratetype type)
{
	struct page *page = rmqueue_smallest(cpu, zone, order, type);

	if (zone->all->rules->types == 1)
		return page;
	if (!page)
		page = rmqueue_fallback(cpu, zone, order, type);
	if (!page)
		page = rmqueue_smallest(cpu, zone, order, RESERVE);
	return page;
}

/* ---- giving a block back ----------------------------------------------- */

void zone_reclaimable(struct cpu *cpu, struct zone *zone)
{
	enum { ZONE_ALL_UNRECLAIMABLE };        /* bit of flags */

	if (zone->all->rules->clears_flag)
		bit_clear(cpu, zone->flags, ZONE_ALL_UNRECLAIMABLE);
	else
		store(cpu, zone->all_unreclaimable, 0);
	store(cpu, zone->pages_scanned, 0);
}

/* Is the buddy of the block that pfn would merge into free? Then that merge is likely soon. */
static bool parent_may_merge(struct cpu *cpu, struct zones *zones, uint64_t pfn, unsigned order)
{
	uint64_t parent = pfn & (pfn ^ 1ull << order);

	return zones->rules->looks_ahead && order < MAX_ORDER - 2 &&
	       is_buddy(cpu, zones, parent, parent ^ 2ull << order, order + 1);
}

/* The largest block that holds pfn and is whole; the order of it is in *order. */
static uint64_t merge(struct cpu *cpu, struct zone *zone, uint64_t pfn, unsigned *order)
{
	const struct memory *m = zone->all->memory;

	for (; *order < MAX_ORDER - 1; ++*order) {
		uint64_t other = pfn ^ 1ull << *order;

		if (!is_buddy(cpu, zone->all, pfn, other, *order))
			break;
		path(cpu, "merge");
		if (zone->all->rules->modern && *order >= PAGEBLOCK_ORDER)
			pageblock_type(cpu, zone->all, other);  /* may it merge? */
		list_del(cpu, page_lru(m, pfn_to_page(m, other)));
		add_nr_free(cpu, zone, *order, -1);
		clear_buddy(cpu, zone->all, pfn_to_page(m, other));
		count_blocks(cpu, zone, *order, -1);
		pfn &= other;
	}
	return pfn;
}

/* All of the block is back, so it is nobody's any more. */
static void end_ownership(struct cpu *cpu, struct zone *zone, uint64_t pfn)
{
	if (load(cpu, block_owner(zone, pfn)))
		store(cpu, block_owner(zone, pfn), 0);
}

void free_one_page(struct cpu *cpu, struct zone *zone, struct page *page, unsigned order,
		   enum migratetype type)
{
	const struct memory *m = zone->all->memory;
	uint64_t freed = page_to_pfn(m, page), pfn = freed;
	struct list_head *head, *lru;

	if (zone->all->rules->reads_type_at_merge)
		type = pageblock_type(cpu, zone->all, pfn);
	if (zone->all->rules->counts_inside)
		zone_count(cpu, zone, ITEM_FREE_PAGES, 1 << order);
	path(cpu, "insert");
	pfn = merge(cpu, zone, pfn, &order);
	set_buddy(cpu, zone->all, pfn_to_page(m, pfn), order);
	lru = page_lru(m, pfn_to_page(m, pfn));
	head = free_list(zone, order, type);
	if (parent_may_merge(cpu, zone->all, pfn, order))
		list_add_tail(cpu, lru, head);
	else
		list_add(cpu, lru, head);
	add_nr_free(cpu, zone, order, 1);
	count_blocks(cpu, zone, order, 1);
	if (zone->block_owner && order >= zone->all->owned_order)
		end_ownership(cpu, zone, freed);
}
