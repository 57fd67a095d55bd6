/*
 * pcp-spin: lists of pages and small blocks per CPU, under a lock that everybody only tries for.
 *
 *	CPU 0   per_cpu_pages: lock, count, lists of orders 0..3 and 9 by type
 *	CPU 1   per_cpu_pages: ...
 *	zone    lock, free_area[0..10]          see models/pages/zone.h
 *
 * Follows: mm/page_alloc.c, mm/vmstat.c, Linux 6.12 and 7.1; one zone NORMAL per NUMA node.
 *
 *	                        6.12                    7.1
 *	a long drain            in one go               64 pages or so at a time, with both locks
 *	                                                let go in between (drain_chunk)
 *	bursts of blocks        emptied from 63 pages   from 63 + high_min / 2 pages
 *	whole pageblocks        not counted apart       NR_FREE_PAGES_BLOCKS
 *	free without a lock                             looks at trylock_free_pages
 *	unaccepted pages        each allocation looks   by zone_layout
 *
 * True whenever no CPU is inside an operation: invariants (1) to (6) of models/pages/zone.h, and
 *   (7) a block on a CPU's list is of the list's order, of its zone and no free block; nobody
 *       refers to its pages;
 *   (8) count is the pages of all its lists;
 *   (9) high_min <= high <= high_max, but that high is 0 until it is first used;
 *  (10) no lock of a CPU's lists is held.
 *
 * alloc  orders 0..3 and 9 from the own lists, interrupts on; an empty list is refilled, the more
 *        the more often that happens without frees (nr_pcp_alloc). If the lock is not free, and
 *        for other orders, from the buddy lists.
 * free   to the head of the own list of that order and type; at `high` pages the coldest go back,
 *        the more the more was freed without allocations (nr_pcp_free). `high` itself follows.
 *
 * Lock order: per_cpu_pages.lock (interrupts on, tried), zone->lock (interrupts off).
 *
 * Expect: no interrupt is switched off on the fast path, no call of other CPUs for a drain, which
 * takes their locks instead. zone->flags, which each operation reads, lies beside zone->lock.
 *
 * Changed: the mask of a drain of all, of which the sheet says only that it is built (4.4), is that
 * of 3.9 (2.4): shared words, written by plain stores, here under the mutex.
 * In doubt: since when pages are frozen (allocated without a reference and freed without taking it
 * away); 6.18 has that, 6.12 has not. Both variants have it for who asks, and of the object
 * allocators those from 6.18 on do, for slabs and for large kmallocs.
 * Left out: zones DMA and DMA32, reclaim, compaction and the watermark boost, isolation, checks of
 * pages (off in a plain build), any-context frees (the list is empty), the LRU, alloc_pages_bulk,
 * NR_SLAB (counted per node here), the ageing of other nodes' pages.
 */
#include "models/pages/pcp_spin.h"

/* ---- the own lists --------------------------------------------------------------------------- */

static bool has_lists(unsigned order)
{
	return order < PCP_ORDERS || order == HUGE_ORDER;
}

static struct list_head *list_of(const struct zone *zone, struct pcp_lists *pcp, unsigned order,
				 enum migratetype type)
{
	if (order == HUGE_ORDER)
		return &pcp->lists[HUGE_LIST + (type == MOVABLE)];
	return &pcp->lists[PCP_TYPES * order + zone->all->rules->number[type]];
}

/* Locked, the CPU pinned; NULL: somebody has the lock, and nothing is pinned. */
static struct pcp_lists *try_own(struct cpu *cpu, const struct zone *zone)
{
	struct pcp_lists *pcp;

	preempt_disable(cpu);
	pcp = load(cpu, zone->pcp_lists);
	pcp = this_cpu(cpu, pcp);
	if (spin_trylock(cpu, &pcp->lock, LOCK_QUEUED))
		return pcp;
	preempt_enable(cpu);
	return NULL;
}

static void let_go(struct cpu *cpu, struct pcp_lists *pcp)
{
	spin_unlock(cpu, &pcp->lock, LOCK_QUEUED);
	preempt_enable(cpu);
}

/* ---- refill ---------------------------------------------------------------------------------- */

/* Each at the tail. Returns how many blocks. */
static int refill(struct cpu *cpu, struct zone *zone, struct list_head *list, unsigned order,
		  enum migratetype type, int blocks)
{
	const struct memory *m = zone->all->memory;
	enum rmqueue_mode mode = RMQUEUE_NORMAL;
	bool flags = spin_lock_irqsave(cpu, zone->lock, LOCK_QUEUED);
	int taken;

	for (taken = 0; taken < blocks; taken++) {
		struct page *page = rmqueue_6(cpu, zone, order, type, &mode);

		if (!page)
			break;
		list_add_tail(cpu, page_lru(m, page), list);
	}
	spin_unlock_irqrestore(cpu, zone->lock, LOCK_QUEUED, flags);
	return taken;
}

/* ---- drain ----------------------------------------------------------------------------------- */

static void drain_one(struct cpu *cpu, struct zone *zone, struct pcp_lists *pcp,
		      struct list_head *list, unsigned order)
{
	const struct memory *m = zone->all->memory;
	struct list_head *last = load(cpu, &list->prev);
	struct page *page = lru_page(m, last);
	enum migratetype type = pageblock_type(cpu, zone->all, page_to_pfn(m, page));

	list_del(cpu, last);
	fetch_add_local(cpu, &pcp->count, -pages_of(order));
	free_one_page(cpu, zone, page, order, type);
}

/* So many pages, or some more where blocks are large: a list is emptied from its tail, then the
 * next, from list `first` on. The lists are locked. */
static void drain(struct cpu *cpu, struct zone *zone, struct pcp_lists *pcp, int pages,
		  unsigned first)
{
	int count = load(cpu, &pcp->count);
	unsigned i = first;
	bool flags;

	if (pages > count)
		pages = count;
	flags = spin_lock_irqsave(cpu, zone->lock, LOCK_QUEUED);
	while (pages > 0) {
		struct list_head *list = &pcp->lists[i];
		unsigned order = order_of_list(i);

		while (pages > 0 && !list_empty(cpu, list)) {
			drain_one(cpu, zone, pcp, list, order);
			pages -= pages_of(order);
		}
		i = (i + 1) % PCP_LISTS;
	}
	spin_unlock_irqrestore(cpu, zone->lock, LOCK_QUEUED, flags);
}

/* Both locks are let go between two pieces. False: then the lists are not held any more. */
static bool drain_in_pieces(struct cpu *cpu, struct pcp_spin *all, struct zone *zone,
			    struct pcp_lists *pcp, int pages, unsigned first)
{
	int chunk = all->drain_chunk ? (int)all->drain_chunk : pages;

	for (;;) {
		int now = pages < chunk ? pages : chunk;

		drain(cpu, zone, pcp, now, first);
		pages -= now;
		if (pages == 0 || load(cpu, &pcp->count) == 0)
			return true;
		let_go(cpu, pcp);
		if (!try_own(cpu, zone))
			return false;
	}
}

/* ---- alloc ----------------------------------------------------------------------------------- */

/* NULL: the lists cannot be had, there is nothing on them and they are not to be refilled, or there is
 * no memory. */
static struct page *take_own(struct cpu *cpu, struct zone *zone, unsigned order,
			     enum migratetype type, bool refills)
{
	struct pcp_lists *pcp = try_own(cpu, zone);
	struct list_head *list, *first;
	int16_t freed;

	if (!pcp)
		return NULL;
	path(cpu, "pcp");
	freed = load(cpu, &pcp->free_count);
	store(cpu, &pcp->free_count, (int16_t)(freed >> 1));
	list = list_of(zone, pcp, order, type);
	if (list_empty(cpu, list)) {
		int blocks = nr_pcp_alloc(cpu, zone, pcp, order), taken = 0;

		if (refills) {
			taken = refill(cpu, zone, list, order, type, blocks);
			path(cpu, "refill");
			fetch_add_local(cpu, &pcp->count, taken << order);
		}
		if (taken == 0) {
			let_go(cpu, pcp);
			return NULL;
		}
	}
	first = load(cpu, &list->next);
	list_del(cpu, first);
	fetch_add_local(cpu, &pcp->count, -pages_of(order));
	let_go(cpu, pcp);
	return lru_page(zone->all->memory, first);
}

static struct page *take(struct cpu *cpu, void *state, struct zone *preferred, struct zone *zone,
			 unsigned order, unsigned gfp)
{
	enum migratetype type = gfp_type(gfp);
	struct page *page = NULL;

	(void)state;
	if (has_lists(order))
		page = take_own(cpu, zone, order, type, !(gfp & ALLOC_HIGHATOMIC));
	if (!page)
		page = zone_take_6(cpu, zone, order, type);
	if (page)
		count_taken_6(cpu, preferred, zone, order);
	return page;
}

struct page *pcp_spin_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct pcp_spin *all = state;

	return pcp_6_alloc(cpu, all->shared.zones, order, gfp, take, pcp_spin_drain_all, all);
}

/* ---- free ------------------------------------------------------------------------------------ */

/* The lists are locked; false: afterwards they are not. */
static bool commit(struct cpu *cpu, struct pcp_spin *all, struct zone *zone, struct pcp_lists *pcp,
		   struct page *page, unsigned order, enum migratetype type)
{
	struct list_head *list = list_of(zone, pcp, order, type < PCP_TYPES ? type : MOVABLE);
	int pages = pcp_put(cpu, zone, pcp, list, page, order);
	bool held;

	if (pages == 0)
		return true;
	held = drain_in_pieces(cpu, all, zone, pcp, pages, (unsigned)(list - pcp->lists));
	path(cpu, "drain");
	maybe_above_high(cpu, zone);
	return held;
}

static void give(struct cpu *cpu, struct pcp_spin *all, struct page *page, unsigned order)
{
	struct zones *zones = all->shared.zones;
	struct zone *zone = page_zone(zones, page);
	struct pcp_lists *pcp;
	enum migratetype type;

	if (!has_lists(order)) {
		zone_give_6(cpu, zone, page, order);
		return;
	}
	type = pageblock_type(cpu, zones, page_to_pfn(zones->memory, page));
	pcp = try_own(cpu, zone);
	if (!pcp) {
		zone_give_6(cpu, zone, page, order);
		return;
	}
	path(cpu, "pcp");
	if (commit(cpu, all, zone, pcp, page, order, type))
		let_go(cpu, pcp);
}

void pcp_spin_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct pcp_spin *all = state;

	compute(cpu, STEP_PAGE_FREE);
	free_pages_prepare(cpu, all->shared.zones, page, order);
	give(cpu, all, page, order);
}

void pcp_spin_free_frozen(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct pcp_spin *all = state;

	compute(cpu, STEP_PAGE_FREE);
	free_released_prepare(cpu, all->shared.zones, page, order);
	give(cpu, all, page, order);
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* What the lists of a zone are held for while a group is freed. */
struct held {
	struct zone *zone;
	struct pcp_lists *pcp;          /* NULL: not held */
};

static void give_held(struct cpu *cpu, struct pcp_spin *all, struct held *held, struct page *page)
{
	struct zones *zones = all->shared.zones;
	struct zone *zone = page_zone(zones, page);
	enum migratetype type = pageblock_type(cpu, zones, page_to_pfn(zones->memory, page));

	if (held->pcp && zone != held->zone) {
		let_go(cpu, held->pcp);
		held->pcp = NULL;
	}
	held->zone = zone;
	if (!held->pcp)
		held->pcp = try_own(cpu, zone);
	if (!held->pcp) {
		zone_give_6(cpu, zone, page, 0);
		return;
	}
	path(cpu, "pcp");
	if (!commit(cpu, all, zone, held->pcp, page, 0, type))
		held->pcp = NULL;
}

void pcp_spin_free_batch(struct cpu *cpu, void *state, struct page *const *page, unsigned count)
{
	struct pcp_spin *all = state;
	struct zones *zones = all->shared.zones;
	struct page *free[FOLIO_BATCH];
	struct held held = { NULL, NULL };
	unsigned frees = folios_release(cpu, zones, page, count, free);

	for (unsigned i = 0; i < frees; i++) {
		store(cpu, page_private(zones->memory, free[i]), 0);
		give_held(cpu, all, &held, free[i]);
	}
	if (held.pcp)
		let_go(cpu, held.pcp);
}

/* ---- draining all, and each second ----------------------------------------------------------- */

/* A CPU's lists, whoever's they are, in pieces of 32 batches; the lock is waited for. */
static void empty_lists(struct cpu *cpu, void *state, struct zone *zone, unsigned id)
{
	struct pcp_lists *pcp = pcp_lists_of(cpu, zone, id);
	int count, taken;

	(void)state;
	do {
		spin_lock(cpu, &pcp->lock, LOCK_QUEUED);
		count = load(cpu, &pcp->count);
		taken = load(cpu, &pcp->batch) << BATCH_SCALE_MAX;
		taken = taken < count ? taken : count;
		if (count)
			drain(cpu, zone, pcp, taken, 0);
		spin_unlock(cpu, &pcp->lock, LOCK_QUEUED);
	} while (count - taken > 0);
}

void pcp_spin_drain_all(struct cpu *cpu, void *state)
{
	struct pcp_spin *all = state;

	pcp_6_drain_all(cpu, &all->shared, empty_lists);
}

/* What is above `high` goes, a batch at a time. */
static void decay(struct cpu *cpu, void *state, struct zone *zone, struct pcp_lists *pcp)
{
	int batch, left = pcp_decay(cpu, pcp, &batch);

	(void)state;
	/* the kernel's worker cannot run while its CPU has the lock; here the next one does the rest */
	if (lock_is_mine(cpu, &pcp->lock))
		return;
	for (; left > 0; left -= batch) {
		spin_lock(cpu, &pcp->lock, LOCK_QUEUED);
		drain(cpu, zone, pcp, left < batch ? left : batch, 0);
		spin_unlock(cpu, &pcp->lock, LOCK_QUEUED);
	}
}

void pcp_spin_tick(struct cpu *cpu, void *state)
{
	struct pcp_spin *all = state;

	pcp_6_tick(cpu, &all->shared, decay);
}
