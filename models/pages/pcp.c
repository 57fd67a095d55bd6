/*
 * pcp: lists of single pages per CPU in front of the buddy lists.
 *
 *	CPU 0   pageset: page <-> page <-> ...     head: freed last (hot), tail: first to go back
 *	CPU 1   pageset: page <-> ...
 *	zone    lock, free_area[0..10]             see models/pages/zone.h
 *
 * Follows: mm/page_alloc.c and mm/vmstat.c, Linux 2.6.22, 2.6.24 and 3.9; one zone NORMAL per NUMA
 * node of a NUMA kernel. Where they differ:
 *
 *	                  2.6.22                2.6.24                  3.9
 *	lists of a CPU    hot and cold          hot and cold            one per migratetype
 *	alloc takes       the first page        the first page of the   the first page
 *	                                        type, found by walking
 *	refill puts       each at the tail      behind one another, first at the head
 *	full at           hot.count = high      hot.count = high        count = high
 *	free goes back    the last page of the list, `batch` times      the last pages of the lists
 *	                                                                in turn
 *	drain_all         nobody asks           IPIs to all CPUs        IPIs to those with pages
 *
 * True whenever no CPU is inside an operation: invariants (1) to (6) of models/pages/zone.h, and
 *   (7) a page on a CPU's list is on one list, of its zone, and no free block; nobody refers to it;
 *   (8) count is the length of the list, of all three lists in 3.9, and less than high + batch, but
 *       with migratetypes less than high + 3 * batch: a type that has no page is refilled, however
 *       many pages there are of the others, and only a free looks at `high`;
 *   (9) only CPU i touches its lists, interrupts off; in 3.9 a page is on the list of its type, in
 *       2.6.24 its type is in private.
 *
 * alloc  order 0 from the own list; an empty list is refilled with `batch` pages under zone->lock.
 *        Larger blocks straight from the buddy lists.
 * free   order 0 to the head of the own list; at `high` pages the coldest `batch` go back to the
 *        buddy lists.
 *
 * Lock order: zone->lock alone, interrupts off.
 *
 * Expect: one lock transfer per `batch` pages when one CPU allocates and another frees, none while
 * CPUs reuse their own pages. A CPU is given runs of neighbouring page frames, so page structs that
 * share lines mostly belong to one CPU. Each drain stores into the line of the zone's free pages,
 * which every allocation reads.
 *
 * Changed: a call of other CPUs is a word per CPU and an interrupt, without the queues of
 * smp_call_function; a CPU whose thread is over cannot answer, so who drains empties its lists.
 * Left out: zones DMA and DMA32, reclaim and compaction (drain_all, then fail), isolation, frees to
 * the cold list, which nobody asks for; the LRU of 2.6, whose groups are freed without one; kernels
 * without NUMA.
 */
#include "models/pages/pcp.h"

/* ---- alloc --------------------------------------------------------------------------------- */

/* Interrupts are off afterwards; their flag is in *flags. */
static struct page *take_block(struct cpu *cpu, struct zone *zone, unsigned order,
			       enum migratetype type, bool *flags)
{
	struct zones *zones = zone->all;
	struct page *page;

	*flags = spin_lock_irqsave(cpu, zone->lock, zones->lock);
	page = rmqueue(cpu, zone, order, type);
	spin_unlock(cpu, zone->lock, zones->lock);
	if (page && zones->kernel == KERNEL_3_9) {
		pageblock_type(cpu, zones, page_to_pfn(zones->memory, page));
		zone_count(cpu, zone, ITEM_FREE_PAGES, -(1 << order));
	}
	return page;
}

static struct page *take_single(struct cpu *cpu, struct zone *zone, enum migratetype type,
				bool cold, bool *flags)
{
	struct per_cpu_pageset *pageset;

	if (zone->all->kernel == KERNEL_3_9) {
		*flags = irq_save(cpu);
		return take_3_9(cpu, zone, type, cold);
	}
	pageset = zone_pageset(cpu, zone);
	*flags = irq_save(cpu);
	return take_2_6(cpu, zone, &pageset->pcp[cold ? COLD : HOT], type);
}

static struct page *take(struct cpu *cpu, void *state, struct zone *preferred, struct zone *zone,
			 unsigned order, unsigned gfp)
{
	struct zones *zones = zone->all;
	bool pinned = zones->kernel != KERNEL_3_9, flags;
	enum migratetype type = gfp_type(gfp);
	struct page *page;

	(void)state;
	if (pinned)
		preempt_disable(cpu);
	page = order > 0 ? take_block(cpu, zone, order, type, &flags)
			 : take_single(cpu, zone, type, gfp & GFP_COLD, &flags);
	if (page) {
		count_event(cpu, zones, PGALLOC_NORMAL, order);
		zone_statistics(cpu, preferred, zone);
	}
	irq_restore(cpu, flags);
	if (pinned)
		preempt_enable(cpu);
	return page;
}

/* Does an allocation that found nothing have all CPUs give their pages back? */
static bool drains(const struct pcp *pcp, unsigned order, unsigned gfp)
{
	if (gfp & GFP_ATOMIC || pcp->zones->kernel == KERNEL_2_6_22)
		return false;
	return order > 0 || pcp->zones->kernel == KERNEL_3_9;
}

struct page *pcp_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct pcp *pcp = state;
	struct zones *zones = pcp->zones;
	struct page *page;

	compute(cpu, STEP_PAGE_ALLOC);
	page = zones_alloc_above(cpu, zones, order, WATERMARK_LOW, gfp, take, NULL);
	if (!page)
		page = zones_alloc_above(cpu, zones, order, WATERMARK_MIN, gfp, take, NULL);
	if (!page && drains(pcp, order, gfp)) {
		pcp_drain_all(cpu, pcp);
		page = zones_alloc_above(cpu, zones, order, WATERMARK_MIN, gfp, take, NULL);
	}
	if (page)
		prep_new_page(cpu, zones, page, order, gfp);
	return page;
}

/* ---- free ---------------------------------------------------------------------------------- */

static void free_block(struct cpu *cpu, struct zone *zone, struct page *page, unsigned order,
		       enum migratetype type)
{
	bool later = zone->all->kernel == KERNEL_3_9, flags = irq_save(cpu);

	if (!later)
		count_event(cpu, zone->all, PGFREE, order);
	spin_lock(cpu, zone->lock, zone->all->lock);
	zone_reclaimable(cpu, zone);
	if (later)
		count_event(cpu, zone->all, PGFREE, order);
	free_one_page(cpu, zone, page, order, type);
	if (later)
		zone_count(cpu, zone, ITEM_FREE_PAGES, 1 << order);
	spin_unlock(cpu, zone->lock, zone->all->lock);
	irq_restore(cpu, flags);
}

static void free_single(struct cpu *cpu, struct zone *zone, struct page *page,
			enum migratetype type)
{
	struct per_cpu_pageset *pageset;
	bool flags;

	if (zone->all->kernel == KERNEL_3_9) {
		flags = irq_save(cpu);
		give_3_9(cpu, zone, page, type);
		irq_restore(cpu, flags);
		return;
	}
	preempt_disable(cpu);
	pageset = zone_pageset(cpu, zone);
	flags = irq_save(cpu);
	give_2_6(cpu, zone, &pageset->pcp[HOT], page);
	irq_restore(cpu, flags);
	preempt_enable(cpu);
}

static void give(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order)
{
	struct zone *zone = page_zone(zones, page);
	enum migratetype type = UNMOVABLE;

	if (zones->kernel == KERNEL_3_9) {
		type = pageblock_type(cpu, zones, page_to_pfn(zones->memory, page));
		store(cpu, page_index(zones->memory, page), type);
	}
	if (order > 0)
		free_block(cpu, zone, page, order, type);
	else
		free_single(cpu, zone, page, type);
}

void pcp_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct pcp *pcp = state;

	compute(cpu, STEP_PAGE_FREE);
	free_pages_prepare(cpu, pcp->zones, page, order);
	give(cpu, pcp->zones, page, order);
}

/* ---- pages of processes (6.2, 6.4) --------------------------------------------------------- */

/* Of a group: interrupts go off and on for each page. */
static void give_released(struct cpu *cpu, void *state, struct page *page)
{
	struct pcp *pcp = state;

	compute(cpu, STEP_PAGE_FREE);
	free_released_prepare(cpu, pcp->zones, page, 0);
	give(cpu, pcp->zones, page, 0);
}

void pcp_free_group(struct cpu *cpu, void *state, struct list_head *freed)
{
	struct pcp *pcp = state;

	free_each(cpu, pcp->zones, freed, give_released, pcp);
}
