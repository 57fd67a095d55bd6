/* pcp: between the lists of a CPU and the buddy lists; see pcp.c. Numbers are those of pagealloc.md. */
#include "models/pages/pcp.h"

/* ---- between a list and the buddy lists, 2.6 (pagealloc.md 2.7) ---------------------------- */

/* Up to `batch` pages of `type`, in the order in which they are taken. Returns how many. */
static int refill_2_6(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list, int batch,
		      enum migratetype type)
{
	const struct memory *m = zone->all->memory;
	struct list_head *after = &list->list;
	int count;

	spin_lock(cpu, zone->lock, zone->all->lock);
	for (count = 0; count < batch; count++) {
		struct page *page = rmqueue(cpu, zone, 0, type);

		if (!page)
			break;
		if (zone->all->kernel == KERNEL_2_6_22) {
			list_add_tail(cpu, page_lru(m, page), &list->list);
			continue;
		}
		list_add(cpu, page_lru(m, page), after);
		store(cpu, page_private(m, page), type);
		after = page_lru(m, page);
	}
	spin_unlock(cpu, zone->lock, zone->all->lock);
	return count;
}

/* The last `batch` pages of the list go. */
void drain_2_6(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list, int batch)
{
	const struct memory *m = zone->all->memory;

	spin_lock(cpu, zone->lock, zone->all->lock);
	zone_reclaimable(cpu, zone);
	for (int i = 0; i < batch; i++) {
		struct list_head *last = load(cpu, &list->list.prev);

		list_del(cpu, last);
		free_one_page(cpu, zone, lru_page(m, last), 0, UNMOVABLE);
	}
	spin_unlock(cpu, zone->lock, zone->all->lock);
}

/* 2.6.24: the first page of the type; after a refill, if there is none, the first of all. */
static struct list_head *find_type(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list,
				   enum migratetype type)
{
	const struct memory *m = zone->all->memory;
	struct list_head *at = load(cpu, &list->list.next);

	for (;;) {
		struct list_head *next = list_ahead(cpu, at);

		if (at == &list->list)
			break;
		if (load(cpu, page_private(m, lru_page(m, at))) == type)
			return at;
		at = next;
	}
	path(cpu, "refill");
	int batch = load(cpu, &list->batch);
	int count = refill_2_6(cpu, zone, list, batch, type);

	fetch_add_local(cpu, &list->count, count);
	return load(cpu, &list->list.next);
}

struct page *take_2_6(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list,
		      enum migratetype type)
{
	struct list_head *first;

	path(cpu, "pcp");
	if (load(cpu, &list->count) == 0) {
		int batch = load(cpu, &list->batch);
		int count = refill_2_6(cpu, zone, list, batch, type);

		path(cpu, "refill");
		store(cpu, &list->count, count);
		if (count == 0)
			return NULL;
	}
	if (zone->all->kernel == KERNEL_2_6_22)
		first = load(cpu, &list->list.next);
	else
		first = find_type(cpu, zone, list, type);
	list_del(cpu, first);
	fetch_add_local(cpu, &list->count, -1);
	return lru_page(zone->all->memory, first);
}

void give_2_6(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list,
	      struct page *page)
{
	const struct memory *m = zone->all->memory;
	int count, high;

	count_event(cpu, zone->all, PGFREE, 0);
	path(cpu, "pcp");
	list_add(cpu, page_lru(m, page), &list->list);
	if (zone->all->kernel == KERNEL_2_6_24) {
		enum migratetype type = pageblock_type(cpu, zone->all, page_to_pfn(m, page));

		store(cpu, page_private(m, page), type);
	}
	count = fetch_add_local(cpu, &list->count, 1) + 1;
	high = load(cpu, &list->high);
	if (count >= high) {
		int batch = load(cpu, &list->batch);

		drain_2_6(cpu, zone, list, batch);
		path(cpu, "drain");
		fetch_add_local(cpu, &list->count, -batch);
	}
}

/* ---- between the lists and the buddy lists, 3.9 (2.2, 2.3) ---------------------------------- */

static int refill_3_9(struct cpu *cpu, struct zone *zone, struct list_head *list, int batch,
		      enum migratetype type, bool cold)
{
	const struct memory *m = zone->all->memory;
	struct list_head *at = list;
	int count;

	spin_lock(cpu, zone->lock, zone->all->lock);
	for (count = 0; count < batch; count++) {
		struct page *page = rmqueue(cpu, zone, 0, type);

		if (!page)
			break;
		if (cold)
			list_add_tail(cpu, page_lru(m, page), at);
		else
			list_add(cpu, page_lru(m, page), at);
		store(cpu, page_index(m, page), type);
		at = page_lru(m, page);
	}
	zone_count(cpu, zone, ITEM_FREE_PAGES, -count);
	spin_unlock(cpu, zone->lock, zone->all->lock);
	return count;
}

/* The last page of the list goes; isolated blocks do not count as free, and there are none. */
static void drain_one(struct cpu *cpu, struct zone *zone, struct list_head *list)
{
	const struct memory *m = zone->all->memory;
	struct list_head *last = load(cpu, &list->prev);
	struct page *page = lru_page(m, last);
	enum migratetype type;

	list_del(cpu, last);
	type = (enum migratetype)load(cpu, page_index(m, page));
	free_one_page(cpu, zone, page, 0, type);
	pageblock_type(cpu, zone->all, page_to_pfn(m, page));
	zone_count(cpu, zone, ITEM_FREE_PAGES, 1);
}

/* `count` pages go, the coldest of the three lists in turn: the more empty ones a list follows, the
 * more of it. */
void drain_3_9(struct cpu *cpu, struct zone *zone, struct per_cpu_pageset *pageset,
	       int count)
{
	unsigned type = 0;
	int round = 0;

	spin_lock(cpu, zone->lock, zone->all->lock);
	zone_reclaimable(cpu, zone);
	while (count) {
		struct list_head *list;

		do {
			round++;
			type = (type + 1) % PCP_TYPES;
			list = &pageset->lists[type];
		} while (list_empty(cpu, list));
		if (round == PCP_TYPES)         /* the only one that is not empty */
			round = count;
		do
			drain_one(cpu, zone, list);
		while (--count && --round && !list_empty(cpu, list));
	}
	spin_unlock(cpu, zone->lock, zone->all->lock);
}

struct page *take_3_9(struct cpu *cpu, struct zone *zone, enum migratetype type, bool cold)
{
	struct per_cpu_pageset *pageset = zone_pageset(cpu, zone);
	struct list_head *list = &pageset->lists[type], *page;

	path(cpu, "pcp");
	if (list_empty(cpu, list)) {
		int batch = load(cpu, &pageset->batch);
		int count = refill_3_9(cpu, zone, list, batch, type, cold);

		path(cpu, "refill");
		fetch_add_local(cpu, &pageset->count, count);
		if (list_empty(cpu, list))
			return NULL;
	}
	page = cold ? load(cpu, &list->prev) : load(cpu, &list->next);
	list_del(cpu, page);
	fetch_add_local(cpu, &pageset->count, -1);
	return lru_page(zone->all->memory, page);
}

void give_3_9(struct cpu *cpu, struct zone *zone, struct page *page, enum migratetype type)
{
	struct per_cpu_pageset *pageset;
	struct list_head *list;
	int count, high;

	count_event(cpu, zone->all, PGFREE, 0);
	path(cpu, "pcp");
	pageset = zone_pageset(cpu, zone);
	list = &pageset->lists[type < PCP_TYPES ? type : MOVABLE];
	list_add(cpu, page_lru(zone->all->memory, page), list);
	count = fetch_add_local(cpu, &pageset->count, 1) + 1;
	high = load(cpu, &pageset->high);
	if (count >= high) {
		int batch = load(cpu, &pageset->batch);

		drain_3_9(cpu, zone, pageset, batch);
		path(cpu, "drain");
		fetch_add_local(cpu, &pageset->count, -batch);
	}
}
