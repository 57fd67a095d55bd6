/* Members of struct page_allocator that are the same for all models with zones; see zone.h. */
#include "models/pages/zone.h"

static struct zones *zones_of(const void *state)
{
	return *(struct zones *const *)state;
}

void zone_free_block(struct cpu *cpu, struct zone *zone, struct page *page, unsigned order,
		     enum migratetype type)
{
	struct zones *zones = zone->all;
	bool flags = spin_lock_irqsave(cpu, zone->lock, zones->lock);

	zone_reclaimable(cpu, zone);
	count_event(cpu, zones, PGFREE, order);
	free_one_page(cpu, zone, page, order, type);
	zone_count(cpu, zone, ITEM_FREE_PAGES, 1 << order);
	spin_unlock_irqrestore(cpu, zone->lock, zones->lock, flags);
}

void zoned_count_slab(struct cpu *cpu, void *state, struct page *page, bool reclaimable, int pages)
{
	zones_count_slab(cpu, zones_of(state), page, reclaimable, pages);
}

void zoned_free_batch(struct cpu *cpu, void *state, struct page *const *page, unsigned count)
{
	struct zones *zones = zones_of(state);

	zones->free_group(cpu, state, release_pages(cpu, zones, page, count));
}

void zoned_lru_add(struct cpu *cpu, void *state, struct page *page, enum lru_list list)
{
	struct zones *zones = zones_of(state);

	if (zones->rules->lru && lru_add(cpu, zones, page, list))
		zones->free_group(cpu, state, lru_flush(cpu, zones, list));
}

void zoned_lru_drain(struct cpu *cpu, void *state)
{
	struct zones *zones = zones_of(state);

	for (enum lru_list list = 0; zones->rules->lru && list < LRU_LISTS; list++)
		if (lru_waits(cpu, zones, list))
			zones->free_group(cpu, state, lru_flush(cpu, zones, list));
}

void zoned_lru_del(struct cpu *cpu, void *state, struct page *page)
{
	struct zones *zones = zones_of(state);

	if (zones->rules->lru)
		lru_del(cpu, zones, page);
}

void zoned_map(struct cpu *cpu, void *state, struct page *page)
{
	struct zones *zones = zones_of(state);

	if (zones->rules->lru)
		map_anon(cpu, zones, page);
}

void zoned_unmap(struct cpu *cpu, void *state, struct page *page)
{
	struct zones *zones = zones_of(state);

	if (zones->rules->lru)
		unmap_anon(cpu, zones, page);
}

void zoned_tick(struct cpu *cpu, void *state)
{
	struct zones *zones = zones_of(state);

	for (unsigned node = 0; node < zones->memory->nodes; node++)
		zone_fold_all(cpu, &zones->zone[node]);
}

int64_t zoned_slab_pages(const void *state, unsigned node, bool reclaimable)
{
	return zones_slab_pages(zones_of(state), node, reclaimable);
}

void zoned_free_blocks(const void *state, uint64_t blocks[MAX_ORDER])
{
	zones_free_blocks(zones_of(state), blocks);
}
