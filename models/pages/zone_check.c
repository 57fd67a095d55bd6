/* Are the zones' invariants (models/pages/zone.h) as they should be? Plain C, no CPU inside. */
#include "models/pages/zone.h"

static bool marked(const struct zones *zones, struct page *page)
{
	const struct memory *m = zones->memory;

	if (zones->rules->buddy_in_flags)
		return *page_flags(m, page) >> PG_BUDDY & 1;
	return *page_mapcount(m, page) == PAGE_BUDDY;
}

static bool check_block(const struct memory *m, uint64_t pfn, unsigned order,
			const struct report *report)
{
	/* of a block that was never taken apart the head alone has a page struct */
	uint64_t pages = memory_is_used(m, pfn) ? 1ull << order : 1;

	for (uint64_t i = pfn; i < pfn + pages; i++) {
		if (m->seen[i]++)
			return failed(report, "page %llu is in two free blocks",
				      (unsigned long long)i);
		if (*page_count(m, pfn_to_page(m, i)))
			return failed(report, "page %llu is free and referenced",
				      (unsigned long long)i);
	}
	return true;
}

static const char *const order_words[MAX_ORDER] = {
	"of order 0", "of order 1", "of order 2", "of order 3", "of order 4", "of order 5",
	"of order 6", "of order 7", "of order 8", "of order 9", "of order 10",
};

/* Invariants (1) and (2) of one list; adds its blocks to *blocks. */
static bool check_list(struct zone *zone, unsigned order, unsigned type, uint64_t *blocks,
		       const struct report *report)
{
	const struct memory *m = zone->all->memory;
	struct list_head *head = free_list(zone, order, type), *last = head;

	for (struct list_head *at = head->next; at != head; at = at->next) {
		struct page *page = lru_page(m, at);
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
		if (!marked(zone->all, page) || *page_private(m, page) != order)
			return failed(report, "page %llu is on the list of order %u, not marked so",
				      number, order);
		if (!check_block(m, pfn, order, report))
			return false;
		++*blocks;
	}
	if (*blocks)
		see_state(report, "free blocks", order_words[order], NULL);
	if (head->prev != last)
		return failed(report, "order %u, type %u: the list does not end at its last block",
			      order, type);
	return true;
}

static int free_pages_diff(const struct zone *zone, unsigned id)
{
	return zone_diff_of(zone, id, zone->all->rules->item[ITEM_FREE_PAGES]);
}

int64_t zone_free_count(const struct zone *zone)
{
	int64_t counted = zone->vm_stat[zone->all->rules->item[ITEM_FREE_PAGES]];

	for (unsigned id = 0; id < sim_cpus(zone->all->memory->sim); id++)
		counted += free_pages_diff(zone, id);
	return counted;
}

static bool check_zone(struct zone *zone, int64_t *all_free, const struct report *report)
{
	int64_t pages = 0, counted = zone_free_count(zone);

	if (spin_lock_is_held(zone->lock, zone->all->lock))
		return failed(report, "node %d: the zone lock is held", *zone->node_id);
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		uint64_t blocks = 0;

		for (unsigned type = 0; type < zone->all->rules->types; type++)
			if (!check_list(zone, order, type, &blocks, report))
				return false;
		if (blocks != *nr_free(zone, order))
			return failed(report, "order %u: nr_free %llu, the lists have %llu", order,
				      (unsigned long long)*nr_free(zone, order),
				      (unsigned long long)blocks);
		pages += (int64_t)blocks << order;
	}
	if (counted != pages)
		return failed(report, "node %d: NR_FREE_PAGES %lld, the lists have %lld pages",
			      *zone->node_id, (long long)counted, (long long)pages);
	*all_free += pages;
	return true;
}

/* (1) the other way round, and (4). */
static bool check_page_at(const struct zones *zones, uint64_t pfn, const struct report *report)
{
	const struct memory *m = zones->memory;
	struct page *page = pfn_to_page(m, pfn), *other;
	uint64_t order;

	if (!marked(zones, page))
		return true;
	if (!m->seen[pfn])
		return failed(report, "page %llu is marked free and on no list",
			      (unsigned long long)pfn);
	order = *page_private(m, page);
	if (order >= MAX_ORDER - 1)
		return true;
	other = pfn_to_page(m, pfn ^ 1ull << order);
	if (marked(zones, other) && *page_private(m, other) == order)
		return failed(report, "page %llu and its buddy of order %llu are both free",
			      (unsigned long long)pfn, (unsigned long long)order);
	return true;
}

static bool check_global_count(struct zones *zones, int64_t pages, const struct report *report)
{
	int64_t counted = zones->vm_stat->item[zones->rules->item[ITEM_FREE_PAGES]];

	for (unsigned node = 0; node < zones->memory->nodes; node++)
		for (unsigned id = 0; id < sim_cpus(zones->memory->sim); id++)
			counted += free_pages_diff(&zones->zone[node], id);
	if (counted != pages)
		return failed(report, "global NR_FREE_PAGES %lld, the lists have %lld pages",
			      (long long)counted, (long long)pages);
	return true;
}

/* The pages of one block of such a list. */
static bool check_kept_block(const struct memory *m, uint64_t pfn, unsigned order,
			     const char *owner, const struct report *report)
{
	for (uint64_t i = pfn; i < pfn + (1ull << order); i++) {
		if (m->seen[i]++)
			return failed(report, "page %llu is on a list of %s and elsewhere",
				      (unsigned long long)i, owner);
		if (*page_count(m, pfn_to_page(m, i)))
			return failed(report, "page %llu is on a list of %s and referenced",
				      (unsigned long long)i, owner);
	}
	return true;
}

bool check_kept_list(const struct zone *zone, const struct list_head *head, unsigned order,
		     const char *owner, uint64_t *pages, const struct report *report)
{
	const struct memory *m = zone->all->memory;
	const struct list_head *last = head;

	for (struct list_head *at = head->next; at != head; at = at->next) {
		struct page *page = lru_page(m, at);
		uint64_t pfn = page_to_pfn(m, page);

		if (pfn >= m->pages || pfn_to_page(m, pfn) != page || at->prev != last ||
		    pfn % (1ull << order))
			return failed(report, "a list of %s is broken", owner);
		if (pfn_to_node(m, pfn) != zone->node)
			return failed(report, "page %llu is on a list of %s for another zone",
				      (unsigned long long)pfn, owner);
		if (!check_kept_block(m, pfn, order, owner, report))
			return false;
		last = at;
		*pages += 1ull << order;
	}
	see_state(report, "kept list", head->next == head ? "empty" : "with pages", order_words[order]);
	return head->prev == last || failed(report, "a list of %s is broken", owner);
}

bool zones_check(struct zones *zones, const struct report *report)
{
	const struct memory *m = zones->memory;
	int64_t pages = 0;

	memory_forget_seen(m);
	for (unsigned node = 0; node < m->nodes; node++)
		if (!check_zone(&zones->zone[node], &pages, report))
			return false;
	for (uint64_t pfn = memory_next(m, 0); pfn < m->pages; pfn = memory_next(m, pfn + 1))
		if (!check_page_at(zones, pfn, report))
			return false;
	return check_global_count(zones, pages, report);
}

int64_t zones_slab_pages(const struct zones *zones, unsigned node, bool reclaimable)
{
	const struct zone *zone = &zones->zone[node];
	enum zone_item item = reclaimable ? ITEM_SLAB_RECLAIMABLE : ITEM_SLAB_UNRECLAIMABLE;
	unsigned number = zones->rules->item[item];
	int64_t pages = zone->vm_stat[number];

	for (unsigned id = 0; id < sim_cpus(zones->memory->sim); id++)
		pages += zone_diff_of(zone, id, number);
	return pages;
}

uint64_t zones_free_pages(const struct zones *zones)
{
	uint64_t pages = 0;

	for (unsigned node = 0; node < zones->memory->nodes; node++)
		for (unsigned order = 0; order < MAX_ORDER; order++)
			pages += *nr_free(&zones->zone[node], order) << order;
	return pages;
}

void zones_free_blocks(const struct zones *zones, uint64_t blocks[MAX_ORDER])
{
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		blocks[order] = 0;
		for (unsigned node = 0; node < zones->memory->nodes; node++)
			blocks[order] += *nr_free(&zones->zone[node], order);
	}
}
