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
 * Left out: zones DMA and DMA32, reclaim, compaction and the watermark boost, isolation, frozen
 * pages (each page has its reference), checks of pages (off in a plain build), any-context frees
 * (the list is empty), the LRU, alloc_pages_bulk, NR_SLAB (counted per node here),
 * the ageing of other nodes' pages.
 */
#include "models/pages/pcp_spin.h"

enum { BATCH_SCALE_MAX = 5 };         /* a batch grows to 32 times itself */

/* ---- the own lists --------------------------------------------------------------------------- */

static int pages_of(unsigned order)
{
	return 1 << order;
}

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

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static bool below_high(struct cpu *cpu, const struct zone *zone)
{
	uint64_t flags = load(cpu, zone->flags);

	return flags >> ZONE_BELOW_HIGH & 1;
}

/* ---- refill ---------------------------------------------------------------------------------- */

/* How many blocks; the more often it is asked without a free in between, the more. */
static int nr_pcp_alloc(struct cpu *cpu, const struct zone *zone, struct pcp_lists *pcp,
			unsigned order)
{
	int high_min = load(cpu, &pcp->high_min), high_max = load(cpu, &pcp->high_max);
	int base = load(cpu, &pcp->batch), high = load(cpu, &pcp->high);
	unsigned factor = load(cpu, &pcp->alloc_factor);
	int batch, count, most;

	high = clamp(high, high_min, high_max);
	store(cpu, &pcp->high, high);
	if (high < base)
		return 1;
	batch = order ? base : base << factor;
	if (high_min != high_max && !below_high(cpu, zone)) {
		high = high + batch < high_max ? high + batch : high_max;
		store(cpu, &pcp->high, high);
	}
	if (order == 0) {
		count = load(cpu, &pcp->count);
		most = high - count - base > base ? high - count - base : base;
		if (batch <= most && factor < BATCH_SCALE_MAX)
			store(cpu, &pcp->alloc_factor, (uint8_t)(factor + 1));
		batch = batch < most ? batch : most;
	}
	if (batch > 1)
		batch = batch >> order > 2 ? batch >> order : 2;
	return batch;
}

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

/* What the CPU may keep; it goes down when memory is short, up when much is freed. */
static int nr_pcp_high(struct cpu *cpu, const struct zone *zone, struct pcp_lists *pcp,
		       bool free_high)
{
	int high_min = load(cpu, &pcp->high_min), high_max = load(cpu, &pcp->high_max);
	int batch = load(cpu, &pcp->batch), high = load(cpu, &pcp->high), count, freed, less;
	uint64_t flags;

	high = clamp(high, high_min, high_max);
	store(cpu, &pcp->high, high);
	if (high == 0)
		return 0;
	if (free_high) {
		less = high - (batch << BATCH_SCALE_MAX);
		store(cpu, &pcp->high, less > high_min ? less : high_min);
		return 0;
	}
	freed = load(cpu, &pcp->free_count);
	less = high - (freed > batch ? freed : batch);
	less = less > high_min ? less : high_min;
	flags = load(cpu, zone->flags);
	if (flags >> ZONE_RECLAIM_ACTIVE & 1) {
		store(cpu, &pcp->high, less);
		return 4 * batch < less ? 4 * batch : less;
	}
	if (high_min == high_max)
		return high;
	count = load(cpu, &pcp->count);
	if (below_high(cpu, zone)) {
		store(cpu, &pcp->high, less);
		return count > high_min ? count : high_min;
	}
	if (count >= high && high < freed + batch)
		store(cpu, &pcp->high, clamp(freed + batch, high_min, high_max));
	return high;
}

static int nr_pcp_free(struct cpu *cpu, struct pcp_lists *pcp, int high, bool free_high)
{
	int batch = load(cpu, &pcp->batch), count, freed;

	if (free_high) {
		count = load(cpu, &pcp->count);
		return count < batch << BATCH_SCALE_MAX ? count : batch << BATCH_SCALE_MAX;
	}
	if (high < batch)
		return 1;
	freed = load(cpu, &pcp->free_count);
	return clamp(freed, batch, high - batch);
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

/* The zone may have enough again. */
static void maybe_above_high(struct cpu *cpu, struct zone *zone)
{
	if (!below_high(cpu, zone) || !zone_watermark_ok_6(cpu, zone, 0, WATERMARK_HIGH, 0))
		return;
	bit_clear(cpu, zone->flags, ZONE_BELOW_HIGH);
	if (!zone->pgdat)
		return;
	(void)load(cpu, zone->zone_pgdat);
	(void)load(cpu, &zone->pgdat->kswapd_failures); /* has it given up? */
}

/* ---- alloc ----------------------------------------------------------------------------------- */

static struct page *take_block(struct cpu *cpu, struct zone *zone, unsigned order,
			       enum migratetype type)
{
	enum rmqueue_mode mode = RMQUEUE_NORMAL;
	bool flags = spin_lock_irqsave(cpu, zone->lock, LOCK_QUEUED);
	struct page *page = rmqueue_6(cpu, zone, order, type, &mode);

	spin_unlock_irqrestore(cpu, zone->lock, LOCK_QUEUED, flags);
	return page;
}

/* NULL: the lists cannot be had, or there is no memory. */
static struct page *take_own(struct cpu *cpu, struct zone *zone, unsigned order,
			     enum migratetype type)
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
		int blocks = nr_pcp_alloc(cpu, zone, pcp, order);
		int taken = refill(cpu, zone, list, order, type, blocks);

		path(cpu, "refill");
		fetch_add_local(cpu, &pcp->count, taken << order);
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
	struct page *page = has_lists(order) ? take_own(cpu, zone, order, type) : NULL;

	(void)state;
	if (!page)
		page = take_block(cpu, zone, order, type);
	if (!page)
		return NULL;
	count_event(cpu, zone->all, PGALLOC_NORMAL, order);
	count_numa_event(cpu, preferred, zone);
	(void)load(cpu, zone->flags);           /* is kswapd to be woken for a boost? */
	return page;
}

/*
 * While a block changes its type none of its pages count as free, which in a zone of a few blocks
 * looks like no memory. Whoever does that has the lock: after it, all count again. The kernel, that
 * would reclaim or sleep, does not end here.
 */
static bool is_claimed(struct cpu *cpu, struct zones *zones)
{
	bool held = false;

	for (unsigned node = 0; node < zones->memory->nodes; node++) {
		struct spinlock *lock = zones->zone[node].lock;
		bool flags;

		if (!load(cpu, &lock->val))
			continue;
		flags = spin_lock_irqsave(cpu, lock, LOCK_QUEUED);
		spin_unlock_irqrestore(cpu, lock, LOCK_QUEUED, flags);
		held = true;
	}
	return held;
}

struct page *pcp_spin_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct pcp_spin *all = state;
	struct zones *zones = all->zones;
	struct page *page;

	compute(cpu, STEP_PAGE_ALLOC);
	page = zones_alloc_above(cpu, zones, order, WATERMARK_LOW, gfp, take, all);
	if (!page)
		page = zones_alloc_above(cpu, zones, order, WATERMARK_MIN, gfp, take, all);
	if (!page && !(gfp & GFP_ATOMIC) && !in_interrupt(cpu) && !irqs_off(cpu)) {
		pcp_spin_drain_all(cpu, all);
		page = zones_alloc_above(cpu, zones, order, WATERMARK_MIN, gfp, take, all);
	}
	if (!page && is_claimed(cpu, zones))
		page = zones_alloc_above(cpu, zones, order, WATERMARK_MIN, gfp, take, all);
	if (page)
		prep_new_page(cpu, zones, page, order, gfp);
	return page;
}

/* ---- free ------------------------------------------------------------------------------------ */

static void give_block(struct cpu *cpu, struct zone *zone, struct page *page, unsigned order)
{
	struct zones *zones = zone->all;
	bool flags = spin_lock_irqsave(cpu, zone->lock, LOCK_QUEUED);
	enum migratetype type;

	if (zone->trylock_free_pages)
		(void)load(cpu, zone->trylock_free_pages);
	/* what is larger than a pageblock, a pageblock at a time */
	for (unsigned i = 0; i < 1u << (order > PAGEBLOCK_ORDER); i++) {
		uint64_t pfn = page_to_pfn(zones->memory, page) + i * PAGEBLOCK_PAGES;

		type = pageblock_type(cpu, zones, pfn);
		free_one_page(cpu, zone, pfn_to_page(zones->memory, pfn),
			      order < PAGEBLOCK_ORDER ? order : PAGEBLOCK_ORDER, type);
	}
	spin_unlock_irqrestore(cpu, zone->lock, LOCK_QUEUED, flags);
	count_event(cpu, zones, PGFREE, order);
}

/* Does this free end a burst of blocks that calls for all to go? */
static bool ends_burst(struct cpu *cpu, const struct pcp_spin *all, struct pcp_lists *pcp,
		       unsigned order, int batch)
{
	uint8_t flags = load(cpu, &pcp->flags);
	int enough = batch, freed;
	bool burst = false;

	if (order == 0 || order >= PCP_ORDERS) {
		if (flags & PREV_FREE_HIGH_ORDER)
			store(cpu, &pcp->flags, (uint8_t)(flags & ~PREV_FREE_HIGH_ORDER));
		return false;
	}
	freed = load(cpu, &pcp->free_count);
	if (all->kernel >= KERNEL_7_1)
		enough += load(cpu, &pcp->high_min) / 2;
	if (freed >= enough && flags & PREV_FREE_HIGH_ORDER)
		burst = !(flags & FREE_HIGH_BATCH) || load(cpu, &pcp->count) >= batch;
	if (!(flags & PREV_FREE_HIGH_ORDER))
		store(cpu, &pcp->flags, (uint8_t)(flags | PREV_FREE_HIGH_ORDER));
	return burst;
}

/* The lists are locked; false: afterwards they are not. */
static bool commit(struct cpu *cpu, struct pcp_spin *all, struct zone *zone, struct pcp_lists *pcp,
		   struct page *page, unsigned order, enum migratetype type)
{
	struct list_head *list = list_of(zone, pcp, order, type < PCP_TYPES ? type : MOVABLE);
	uint8_t factor = load(cpu, &pcp->alloc_factor);
	int batch, high, pages, count;
	bool free_high, held;
	int16_t freed;

	store(cpu, &pcp->alloc_factor, (uint8_t)(factor >> 1));
	count_event(cpu, zone->all, PGFREE, order);
	list_add(cpu, page_lru(zone->all->memory, page), list);
	count = fetch_add_local(cpu, &pcp->count, pages_of(order)) + pages_of(order);
	batch = load(cpu, &pcp->batch);
	free_high = ends_burst(cpu, all, pcp, order, batch);
	freed = load(cpu, &pcp->free_count);
	if (freed < batch << BATCH_SCALE_MAX)
		store(cpu, &pcp->free_count, (int16_t)(freed + pages_of(order)));
	high = nr_pcp_high(cpu, zone, pcp, free_high);
	if (count < high)
		return true;
	pages = nr_pcp_free(cpu, pcp, high, free_high);
	held = drain_in_pieces(cpu, all, zone, pcp, pages, (unsigned)(list - pcp->lists));
	path(cpu, "drain");
	maybe_above_high(cpu, zone);
	return held;
}

static void give(struct cpu *cpu, struct pcp_spin *all, struct page *page, unsigned order)
{
	struct zones *zones = all->zones;
	struct zone *zone = page_zone(zones, page);
	struct pcp_lists *pcp;
	enum migratetype type;

	if (!has_lists(order)) {
		give_block(cpu, zone, page, order);
		return;
	}
	type = pageblock_type(cpu, zones, page_to_pfn(zones->memory, page));
	pcp = try_own(cpu, zone);
	if (!pcp) {
		give_block(cpu, zone, page, order);
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
	free_pages_prepare(cpu, all->zones, page, order);
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
	struct zones *zones = all->zones;
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
		give_block(cpu, zone, page, 0);
		return;
	}
	path(cpu, "pcp");
	if (!commit(cpu, all, zone, held->pcp, page, 0, type))
		held->pcp = NULL;
}

/* References go, then all are prepared, then all go to the lists. */
void pcp_spin_free_batch(struct cpu *cpu, void *state, struct page *const *page, unsigned count)
{
	struct pcp_spin *all = state;
	const struct memory *m = all->zones->memory;
	struct page *free[FOLIO_BATCH];
	struct held held = { NULL, NULL };
	unsigned frees = 0;

	for (unsigned i = 0; i < count; i++) {
		int references = fetch_add(cpu, page_count(m, page[i]), -1);

		if (references == 1)
			free[frees++] = page[i];
	}
	for (unsigned i = 0; i < frees; i++) {
		compute(cpu, STEP_PAGE_FREE);
		free_released_prepare(cpu, all->zones, free[i], 0);
		store(cpu, page_private(m, free[i]), 0);        /* the order */
	}
	for (unsigned i = 0; i < frees; i++) {
		store(cpu, page_private(m, free[i]), 0);
		give_held(cpu, all, &held, free[i]);
	}
	if (held.pcp)
		let_go(cpu, held.pcp);
}

/* ---- draining all, and each second ----------------------------------------------------------- */

static struct pcp_lists *lists_of(struct cpu *cpu, struct zone *zone, unsigned id)
{
	struct pcp_lists *pcp = load(cpu, zone->pcp_lists);

	return per_cpu(cpu_sim(cpu), pcp, id);
}

/* A CPU's lists, whoever's they are, in pieces of 32 batches; the lock is waited for. */
static void drain_lists(struct cpu *cpu, struct zone *zone, unsigned id)
{
	struct pcp_lists *pcp = lists_of(cpu, zone, id);
	int count, taken;

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

/* Reads the counts of a CPU until one is not 0. */
static bool has_pages(struct cpu *cpu, const struct pcp_spin *all, unsigned id)
{
	for (unsigned node = 0; node < all->zones->memory->nodes; node++) {
		struct pcp_lists *pcp = lists_of(cpu, &all->zones->zone[node], id);

		if (load(cpu, &pcp->count))
			return true;
	}
	return false;
}

static void find_pages(struct cpu *cpu, const struct pcp_spin *all)
{
	for (unsigned id = 0; id < sim_cpus(cpu_sim(cpu)); id++) {
		if (has_pages(cpu, all, id))
			bit_set_local(cpu, &all->mask[id / 64], id % 64);
		else
			bit_clear_local(cpu, &all->mask[id / 64], id % 64);
	}
}

/* Nobody is called: all counts are read first, then whoever had pages is drained, in every zone.
 * Who comes while another drains leaves it to that. */
void pcp_spin_drain_all(struct cpu *cpu, void *state)
{
	struct pcp_spin *all = state;

	op_begin(cpu, OP_DRAIN);
	path(cpu, "drain all");
	if (cas(cpu, all->drain_mutex, 0, 1)) {
		find_pages(cpu, all);
		for (unsigned id = 0; id < sim_cpus(cpu_sim(cpu)); id++) {
			uint64_t word = load(cpu, &all->mask[id / 64]);

			if (!(word >> id % 64 & 1))
				continue;
			for (unsigned node = 0; node < all->zones->memory->nodes; node++)
				drain_lists(cpu, &all->zones->zone[node], id);
		}
		store(cpu, all->drain_mutex, 0);
	}
	op_end(cpu, 0, 0);
}

/* `high` comes down by an eighth, and what is above it goes, a batch at a time. */
static void decay(struct cpu *cpu, struct zone *zone, struct pcp_lists *pcp)
{
	int high_min = load(cpu, &pcp->high_min), batch = load(cpu, &pcp->batch);
	int high = load(cpu, &pcp->high), count = load(cpu, &pcp->count), left;

	if (high > high_min) {
		int floor = count - (batch << BATCH_SCALE_MAX);

		high -= high / 8;
		high = high > floor ? high : floor;
		high = high > high_min ? high : high_min;
		store(cpu, &pcp->high, high);
	}
	/* the kernel's worker cannot run while its CPU has the lock; here the next one does the rest */
	if (lock_is_mine(cpu, &pcp->lock))
		return;
	for (left = count - high; left > 0 && high > 0; left -= batch) {
		spin_lock(cpu, &pcp->lock, LOCK_QUEUED);
		drain(cpu, zone, pcp, left < batch ? left : batch, 0);
		spin_unlock(cpu, &pcp->lock, LOCK_QUEUED);
	}
}

void pcp_spin_tick(struct cpu *cpu, void *state)
{
	struct pcp_spin *all = state;

	for (unsigned node = 0; node < all->zones->memory->nodes; node++) {
		struct zone *zone = &all->zones->zone[node];
		struct pcp_lists *pcp;

		zone_fold_all(cpu, zone);
		pcp = load(cpu, zone->pcp_lists);
		decay(cpu, zone, this_cpu(cpu, pcp));
	}
}
