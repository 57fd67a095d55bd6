/*
 * pcp-buddy: a page belongs to the CPU that took its block from the zone, whoever frees it.
 *
 *	zone     lock, free_area[0..10]                 see models/pages/zone.h
 *	           |  claim: one block of 512 pages         ^  drain: what merged
 *	           v                                        |
 *	CPU 0    per_cpu_pages: lock, count, lists of orders 0..9 by type
 *	           |  alloc: split here                     ^  free, by CPU 0 or by any other
 *	           v                                        |
 *	         the page                                   pageblock_data[block]: CPU 0
 *
 * Follows: a proposal of 3 April 2026 (RFC, two patches on 7.x), of which only the opening was read, so
 * this is a sketch. Beside it everything is as in pcp-spin 7.1: amounts, zone, watermarks, which
 * orders a CPU keeps (0 to 3 and 9), its batches of frees.
 *
 *	the life of a block of 512 pages
 *
 *	zone, whole, nobody's --(claim)--> the CPU's, split --(take_piece)--> pages in use
 *	   ^                                   ^                                  |
 *	   |                                   +--------(give: to the owner)------+
 *	   |                                   |
 *	   +--(end_ownership: 512 are back)-- pieces in the zone <--(drain)
 *
 * True whenever no CPU is inside an operation: invariants (1) to (6) of models/pages/zone.h, and
 *   (7) a block on a CPU's list is of the list's order, of its zone and no free block; nobody
 *       refers to its pages;
 *   (8) count is the pages of all its lists;
 *   (9) high_min <= high <= high_max, but that high is 0 until it is first used, and that its decay,
 *       which leaves all but 32 batches of what a CPU has, can keep up to a block more;
 *  (10) no lock of a CPU's lists is held;
 *  (11) a block that lies whole in the zone's lists has no owner: so the owner of a page in use never
 *       changes, and who frees the page reads it without a lock;
 *  (12) a page with the mark of pieces (_mapcount) is on the lists of its block's owner, and what it
 *       heads is of the order in private.
 *
 * alloc  the smallest own piece that is large enough; its upper halves stay on the own lists. None:
 *        a refill, in phases:
 *          1  claim: one whole block, split when zone->lock has been let go
 *          2  no whole block: chunks of the type, as large as fit, as much as pcp-spin takes
 *          3  what is still missing page by page, from other types too
 *        What 2 and 3 bring gets no owner by it and no mark.
 * free   to the head of the owner's list, whichever CPU frees; without an owner, of the own list. At
 *        `high` pages as many as in pcp-spin leave the lists, are merged with each other where both
 *        have the mark, smallest first, and go back as what they have become.
 *
 * Lock order: one per_cpu_pages.lock, of any CPU, interrupts off; then zone->lock.
 *
 * Expect: zone->lock once per 512 pages instead of per 63, and not at all where pages come back that
 * were taken before, however far away they are freed. Instead the lists of the owner bounce: lock,
 * count and head are written by who frees and by who allocates, and a purger that serves many owners
 * takes a lock for each.
 *
 * In doubt, since the opening does not say:
 *   - how a CPU waits for another's lists. Here it waits, interrupts off, for with interrupts on a
 *     handler could wait for the lock that it interrupted. `lock: tried` is the other way, that of
 *     pcp-spin: who does not get it goes to the zone, interrupts on.
 *   - in what lists pieces of orders 4 to 8 lie: here in lists like those of orders 0 to 3.
 *   - what is merged: here what a drain takes, before any of it goes; so that pieces may meet, it is
 *     not cut up as in 7.1 (drain_chunk).
 *   - where the owner is found: the first patch puts it into one struct with the block's type; here
 *     it is 8 bytes per block beside the bits of the types, which are read as in 7.1.
 *   - `high` is not made for claims: where it is below 512, the first frees after a claim give most
 *     of it back.
 *   - what is left of a block in the zone may be taken by anybody (2, 3) and comes to the block's
 *     owner when it is freed.
 * Left out: the proposal's phase 0, own pieces that were drained before, since nothing says how they
 * are found; so they are taken as others are, by 2 and 3. And what pcp-spin leaves out.
 */
#include "models/pages/pcp_buddy.h"

/* ---- the lists of a CPU ---------------------------------------------------------------------- */

/* Held for some time: whose lists of which zone. */
struct held {
	struct zone *zone;
	struct pcp_lists *pcp;          /* NULL: none */
	unsigned id;                    /* the CPU's */
	bool flags;
};

static bool has_lists(const struct pcp_buddy *all, unsigned order)
{
	return order <= all->block_order && (order < PCP_ORDERS || order == HUGE_ORDER);
}

static struct list_head *list_of(const struct zone *zone, struct pcp_lists *pcp, unsigned order,
				 enum migratetype type)
{
	return &pcp->lists[PCP_TYPES * order + zone->all->rules->number[type]];
}

/* False: the lock is only tried for, and somebody has it. */
static bool hold(struct cpu *cpu, const struct pcp_buddy *all, struct zone *zone, unsigned id,
		 struct held *held)
{
	struct pcp_lists *pcp;

	*held = (struct held){ .zone = zone, .id = id };
	if (all->lock == LISTS_TRIED)
		preempt_disable(cpu);
	else
		held->flags = irq_save(cpu);
	pcp = pcp_lists_of(cpu, zone, id);
	if (all->lock == LISTS_WAITED) {
		spin_lock(cpu, &pcp->lock, LOCK_QUEUED);
	} else if (!spin_trylock(cpu, &pcp->lock, LOCK_QUEUED)) {
		preempt_enable(cpu);
		return false;
	}
	held->pcp = pcp;
	return true;
}

static void let_go(struct cpu *cpu, const struct pcp_buddy *all, struct held *held)
{
	spin_unlock(cpu, &held->pcp->lock, LOCK_QUEUED);
	held->pcp = NULL;
	if (all->lock == LISTS_TRIED)
		preempt_enable(cpu);
	else
		irq_restore(cpu, held->flags);
}

/* ---- pieces of owned blocks; their owner's lists are locked ---------------------------------- */

static void mark_piece(struct cpu *cpu, const struct memory *m, struct page *page, unsigned order)
{
	store(cpu, page_private(m, page), order);
	store(cpu, page_mapcount(m, page), PAGE_PCP_BUDDY);
}

/* Had it the mark? */
static bool clear_mark(struct cpu *cpu, const struct memory *m, struct page *page)
{
	int mark = load(cpu, page_mapcount(m, page));

	if (mark != PAGE_PCP_BUDDY)
		return false;
	store(cpu, page_mapcount(m, page), PAGE_UNUSED);
	return true;
}

/* Upper halves stay until `order` is left; pieces of an owned block stay such. */
static void split(struct cpu *cpu, const struct zone *zone, struct pcp_lists *pcp,
		  struct page *page, unsigned from, unsigned order, enum migratetype type)
{
	const struct memory *m = zone->all->memory;
	bool owned = clear_mark(cpu, m, page);
	uint64_t pfn = page_to_pfn(m, page);

	while (from > order) {
		struct page *half;

		from--;
		half = pfn_to_page(m, pfn + (1ull << from));
		if (owned)
			mark_piece(cpu, m, half, from);
		list_add(cpu, page_lru(m, half), list_of(zone, pcp, from, type));
	}
}

/* Off the smallest piece that is large enough; NULL: there is none. */
static struct page *take_piece(struct cpu *cpu, const struct pcp_buddy *all,
			       const struct zone *zone, struct pcp_lists *pcp, unsigned order,
			       enum migratetype type)
{
	for (unsigned k = order; k <= all->block_order; k++) {
		struct list_head *list = list_of(zone, pcp, k, type);
		struct list_head *first = load(cpu, &list->next);
		struct page *page = lru_page(zone->all->memory, first);

		if (first == list)
			continue;
		list_del(cpu, first);
		split(cpu, zone, pcp, page, k, order, type);
		fetch_add_local(cpu, &pcp->count, -pages_of(order));
		return page;
	}
	return NULL;
}

/* ---- refill; the lists are locked ------------------------------------------------------------ */

/* Phase 1, under zone->lock: a whole block is this CPU's from now on. NULL: there is none. */
static struct page *claim(struct cpu *cpu, const struct pcp_buddy *all, struct zone *zone,
			  enum migratetype type)
{
	struct page *page = rmqueue_smallest(cpu, zone, all->block_order, type);
	uint64_t *owner;

	if (!page)
		return NULL;
	owner = block_owner(zone, page_to_pfn(zone->all->memory, page));
	store(cpu, owner, (uint64_t)cpu_id(cpu) + 1);
	return page;
}

/* Phase 2, under zone->lock: the largest chunks first that are not too much. Returns pages. */
static int take_chunks(struct cpu *cpu, const struct pcp_buddy *all, struct zone *zone,
		       struct pcp_lists *pcp, unsigned order, enum migratetype type, int wanted)
{
	int taken = 0;

	for (unsigned k = all->block_order; k-- > order;) {
		while (wanted - taken >= pages_of(k)) {
			struct page *page = rmqueue_smallest(cpu, zone, k, type);

			if (!page)
				break;
			list_add_tail(cpu, page_lru(zone->all->memory, page),
				      list_of(zone, pcp, k, type));
			taken += pages_of(k);
		}
	}
	return taken;
}

/* Phase 3, under zone->lock: blocks as they were asked for, of whatever type. Returns pages. */
static int take_any(struct cpu *cpu, struct zone *zone, struct pcp_lists *pcp, unsigned order,
		    enum migratetype type, int wanted)
{
	enum rmqueue_mode mode = RMQUEUE_NORMAL;
	int taken = 0;

	while (taken < wanted) {
		struct page *page = rmqueue_6(cpu, zone, order, type, &mode);

		if (!page)
			break;
		list_add_tail(cpu, page_lru(zone->all->memory, page),
			      list_of(zone, pcp, order, type));
		taken += pages_of(order);
	}
	return taken;
}

/* So many pages, or a whole block. False: there is no memory. */
static bool refill(struct cpu *cpu, const struct pcp_buddy *all, struct zone *zone,
		   struct pcp_lists *pcp, unsigned order, enum migratetype type, int wanted)
{
	const struct memory *m = zone->all->memory;
	int taken = 0;
	bool flags = spin_lock_irqsave(cpu, zone->lock, LOCK_QUEUED);
	struct page *block = claim(cpu, all, zone, type);

	if (!block) {
		taken = take_chunks(cpu, all, zone, pcp, order, type, wanted);
		taken += take_any(cpu, zone, pcp, order, type, wanted - taken);
	}
	spin_unlock_irqrestore(cpu, zone->lock, LOCK_QUEUED, flags);
	path(cpu, block ? "claim" : "refill");
	if (block) {
		taken = pages_of(all->block_order);
		mark_piece(cpu, m, block, all->block_order);
		list_add(cpu, page_lru(m, block), list_of(zone, pcp, all->block_order, type));
	}
	fetch_add_local(cpu, &pcp->count, taken);
	return taken > 0;
}

/* ---- drain; the lists are locked ------------------------------------------------------------- */

static struct drained *own_stack(struct cpu *cpu, const struct pcp_buddy *all)
{
	struct drain_stack *stack = this_cpu(cpu, all->stack);

	return &stack->of[in_interrupt(cpu)];
}

/* The coldest of the list, of that order, is to go: as it is, if it is of nobody's block. */
static void collect_one(struct cpu *cpu, const struct memory *m, struct list_head *list,
			unsigned order, struct drained *drained)
{
	struct list_head *last = load(cpu, &list->prev);
	struct page *page = lru_page(m, last);
	int mark = load(cpu, page_mapcount(m, page));

	if (mark == PAGE_PCP_BUDDY) {
		store(cpu, page_mapcount(m, page), PAGE_PCP_DRAINED);
		list_move(cpu, last, &drained->pieces[order]);
	} else {
		store(cpu, page_private(m, page), order);
		list_move(cpu, last, &drained->ready);
	}
}

/* So many pages, or some more where pieces are large: a list is emptied from its tail, then the next,
 * from list `first` on. */
static void collect(struct cpu *cpu, const struct pcp_buddy *all, const struct memory *m,
		    struct pcp_lists *pcp, int pages, unsigned first, struct drained *drained)
{
	unsigned i = first;

	list_make_empty(cpu, &drained->ready);
	for (unsigned order = 0; order <= all->block_order; order++)
		list_make_empty(cpu, &drained->pieces[order]);
	while (pages > 0) {
		struct list_head *list = &pcp->lists[i];
		unsigned order = i / PCP_TYPES;

		while (pages > 0 && !list_empty(cpu, list)) {
			collect_one(cpu, m, list, order, drained);
			fetch_add_local(cpu, &pcp->count, -pages_of(order));
			pages -= pages_of(order);
		}
		i = (i + 1) % OWNED_LISTS;
	}
}

/* Is the buddy a piece of that order that is drained too? */
static bool is_drained(struct cpu *cpu, const struct memory *m, struct page *buddy, unsigned order)
{
	int mark = load(cpu, page_mapcount(m, buddy));

	return mark == PAGE_PCP_DRAINED && load(cpu, page_private(m, buddy)) == order;
}

/* A piece is off its list: with its buddy it becomes a larger one, or it is ready. */
static void merge_one(struct cpu *cpu, const struct memory *m, struct page *page, unsigned order,
		      unsigned most, struct drained *drained)
{
	uint64_t pfn = page_to_pfn(m, page), other = pfn ^ 1ull << order;
	struct page *buddy = pfn_to_page(m, other), *upper;

	if (order == most || !is_drained(cpu, m, buddy, order)) {
		store(cpu, page_mapcount(m, page), PAGE_UNUSED);
		list_add(cpu, page_lru(m, page), &drained->ready);
		return;
	}
	path(cpu, "merge");
	list_unlink_(cpu, page_lru(m, buddy));
	upper = pfn < other ? buddy : page;
	page = pfn < other ? page : buddy;
	store(cpu, page_mapcount(m, upper), PAGE_UNUSED);
	store(cpu, page_private(m, page), order + 1);
	list_add(cpu, page_lru(m, page), &drained->pieces[order + 1]);
}

/* Bottom up, so that what has merged may merge again. */
static void merge(struct cpu *cpu, const struct memory *m, unsigned most, struct drained *drained)
{
	for (unsigned order = 0; order <= most; order++) {
		struct list_head *list = &drained->pieces[order];
		struct list_head *first;

		while ((first = load(cpu, &list->next)) != list) {
			list_unlink_(cpu, first);
			merge_one(cpu, m, lru_page(m, first), order, most, drained);
		}
	}
}

static void give_ready(struct cpu *cpu, struct zone *zone, struct drained *drained)
{
	const struct memory *m = zone->all->memory;
	struct list_head *list = &drained->ready, *first;
	bool flags = spin_lock_irqsave(cpu, zone->lock, LOCK_QUEUED);

	while ((first = load(cpu, &list->next)) != list) {
		struct page *page = lru_page(m, first);
		unsigned order = (unsigned)load(cpu, page_private(m, page));
		enum migratetype type = pageblock_type(cpu, zone->all, page_to_pfn(m, page));

		list_del(cpu, first);
		free_one_page(cpu, zone, page, order, type);
	}
	spin_unlock_irqrestore(cpu, zone->lock, LOCK_QUEUED, flags);
}

static void drain(struct cpu *cpu, const struct pcp_buddy *all, const struct held *held, int pages,
		  unsigned first)
{
	const struct memory *m = all->shared.zones->memory;
	struct drained *drained = own_stack(cpu, all);
	int count = load(cpu, &held->pcp->count);

	collect(cpu, all, m, held->pcp, pages < count ? pages : count, first, drained);
	merge(cpu, m, all->block_order, drained);
	give_ready(cpu, held->zone, drained);
}

/* With drain_chunk both locks are let go between two pieces. Afterwards the lists may not be held. */
static void drain_in_pieces(struct cpu *cpu, const struct pcp_buddy *all, struct held *held,
			    int pages, unsigned first)
{
	int chunk = all->drain_chunk ? all->drain_chunk : pages;

	for (;;) {
		int now = pages < chunk ? pages : chunk;

		drain(cpu, all, held, now, first);
		pages -= now;
		if (pages == 0 || load(cpu, &held->pcp->count) == 0)
			return;
		let_go(cpu, all, held);
		if (!hold(cpu, all, held->zone, held->id, held))
			return;
	}
}

/* ---- alloc ----------------------------------------------------------------------------------- */

/* NULL: the lists cannot be had, there is nothing on them and they are not to be refilled, or there is
 * no memory. */
static struct page *take_own(struct cpu *cpu, const struct pcp_buddy *all, struct zone *zone,
			     unsigned order, enum migratetype type, bool refills)
{
	struct held own;
	struct page *page;
	int16_t freed;

	if (!hold(cpu, all, zone, cpu_id(cpu), &own))
		return NULL;
	path(cpu, "pcp");
	freed = load(cpu, &own.pcp->free_count);
	store(cpu, &own.pcp->free_count, (int16_t)(freed >> 1));
	page = take_piece(cpu, all, zone, own.pcp, order, type);
	if (!page) {
		int wanted = nr_pcp_alloc(cpu, zone, own.pcp, order) << order;

		if (refills && refill(cpu, all, zone, own.pcp, order, type, wanted))
			page = take_piece(cpu, all, zone, own.pcp, order, type);
	}
	let_go(cpu, all, &own);
	return page;
}

static struct page *take(struct cpu *cpu, void *state, struct zone *preferred, struct zone *zone,
			 unsigned order, unsigned gfp)
{
	const struct pcp_buddy *all = state;
	enum migratetype type = gfp_type(gfp);
	struct page *page = NULL;

	if (has_lists(all, order))
		page = take_own(cpu, all, zone, order, type, !(gfp & ALLOC_HIGHATOMIC));
	if (!page)
		page = zone_take_6(cpu, zone, order, type);
	if (page)
		count_taken_6(cpu, preferred, zone, order);
	return page;
}

struct page *pcp_buddy_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct pcp_buddy *all = state;

	return pcp_6_alloc(cpu, all->shared.zones, order, gfp, take, pcp_buddy_drain_all, all);
}

/* ---- free ------------------------------------------------------------------------------------ */

/* A page that is to be freed. */
struct freed {
	struct page *page;
	struct zone *zone;
	enum migratetype type;
	uint64_t owner;                 /* CPU + 1 of its block, 0: nobody's */
	unsigned id;                    /* the CPU to whose lists it goes */
};

static struct freed freed_page(struct cpu *cpu, const struct pcp_buddy *all, struct page *page)
{
	struct zones *zones = all->shared.zones;
	uint64_t pfn = page_to_pfn(zones->memory, page);
	struct freed freed = { .page = page, .zone = page_zone(zones, page) };

	freed.type = pageblock_type(cpu, zones, pfn);
	freed.owner = load(cpu, block_owner(freed.zone, pfn));
	freed.id = freed.owner ? (unsigned)freed.owner - 1 : cpu_id(cpu);
	return freed;
}

/* The lists are held, afterwards they may not be. */
static void commit(struct cpu *cpu, const struct pcp_buddy *all, struct held *held,
		   const struct freed *freed, unsigned order)
{
	struct list_head *list = list_of(freed->zone, held->pcp, order,
					 freed->type < PCP_TYPES ? freed->type : MOVABLE);
	unsigned first = (unsigned)(list - held->pcp->lists);
	int pages;

	path(cpu, freed->id == cpu_id(cpu) ? "pcp" : "remote pcp");
	if (freed->owner)
		mark_piece(cpu, all->shared.zones->memory, freed->page, order);
	pages = pcp_put(cpu, freed->zone, held->pcp, list, freed->page, order);
	if (pages == 0)
		return;
	drain_in_pieces(cpu, all, held, pages, first);
	path(cpu, "drain");
	maybe_above_high(cpu, freed->zone);
}

static void give(struct cpu *cpu, const struct pcp_buddy *all, struct page *page, unsigned order)
{
	struct zones *zones = all->shared.zones;
	struct freed freed;
	struct held held;

	if (!has_lists(all, order)) {
		zone_give_6(cpu, page_zone(zones, page), page, order);
		return;
	}
	freed = freed_page(cpu, all, page);
	if (!hold(cpu, all, freed.zone, freed.id, &held)) {
		zone_give_6(cpu, freed.zone, page, order);
		return;
	}
	commit(cpu, all, &held, &freed, order);
	if (held.pcp)
		let_go(cpu, all, &held);
}

void pcp_buddy_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct pcp_buddy *all = state;

	compute(cpu, STEP_PAGE_FREE);
	free_pages_prepare(cpu, all->shared.zones, page, order);
	give(cpu, all, page, order);
}

void pcp_buddy_free_frozen(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct pcp_buddy *all = state;

	compute(cpu, STEP_PAGE_FREE);
	free_released_prepare(cpu, all->shared.zones, page, order);
	give(cpu, all, page, order);
}

static void give_held(struct cpu *cpu, const struct pcp_buddy *all, struct held *held,
		      const struct freed *freed)
{
	if (held->pcp && (held->zone != freed->zone || held->id != freed->id))
		let_go(cpu, all, held);
	if (!held->pcp && !hold(cpu, all, freed->zone, freed->id, held)) {
		zone_give_6(cpu, freed->zone, freed->page, 0);
		return;
	}
	commit(cpu, all, held, freed, 0);
}

/* Lists are held as long as one page after the other goes to them. */
void pcp_buddy_free_batch(struct cpu *cpu, void *state, struct page *const *page, unsigned count)
{
	struct pcp_buddy *all = state;
	struct zones *zones = all->shared.zones;
	struct page *free[FOLIO_BATCH];
	struct held held = { .pcp = NULL };
	unsigned frees = folios_release(cpu, zones, page, count, free);

	for (unsigned i = 0; i < frees; i++) {
		struct freed freed;

		store(cpu, page_private(zones->memory, free[i]), 0);
		freed = freed_page(cpu, all, free[i]);
		give_held(cpu, all, &held, &freed);
	}
	if (held.pcp)
		let_go(cpu, all, &held);
}

/* ---- draining all, and each second ----------------------------------------------------------- */

/* In pieces of 32 batches; the lock is waited for. */
static void empty_lists(struct cpu *cpu, void *state, struct zone *zone, unsigned id)
{
	const struct pcp_buddy *all = state;
	struct held held = { .zone = zone, .pcp = pcp_lists_of(cpu, zone, id), .id = id };
	int count, taken;

	do {
		bool flags = irq_save(cpu);

		spin_lock(cpu, &held.pcp->lock, LOCK_QUEUED);
		count = load(cpu, &held.pcp->count);
		taken = load(cpu, &held.pcp->batch) << BATCH_SCALE_MAX;
		taken = taken < count ? taken : count;
		if (count)
			drain(cpu, all, &held, taken, 0);
		spin_unlock(cpu, &held.pcp->lock, LOCK_QUEUED);
		irq_restore(cpu, flags);
	} while (count - taken > 0);
}

void pcp_buddy_drain_all(struct cpu *cpu, void *state)
{
	struct pcp_buddy *all = state;

	pcp_6_drain_all(cpu, &all->shared, empty_lists);
}

/* What is above `high` goes, a batch at a time; who only tries leaves it to the next second. */
static void decay(struct cpu *cpu, void *state, struct zone *zone, struct pcp_lists *pcp)
{
	const struct pcp_buddy *all = state;
	int batch, left = pcp_decay(cpu, pcp, &batch);
	struct held own;

	for (; left > 0 && hold(cpu, all, zone, cpu_id(cpu), &own); left -= batch) {
		drain(cpu, all, &own, left < batch ? left : batch, 0);
		let_go(cpu, all, &own);
	}
}

void pcp_buddy_tick(struct cpu *cpu, void *state)
{
	struct pcp_buddy *all = state;

	pcp_6_tick(cpu, &all->shared, decay);
}
