/*
 * magazine: single pages that all CPUs share, under spinlocks of their own, in front of the buddy
 * lists.
 *
 *	CPUs 0, 1, 4, 5 ..  prefer  mag[0]   lock, lists UNMOVABLE RECLAIMABLE MOVABLE, nr_free
 *	CPUs 2, 3, 6, 7 ..          mag[1]   page <-> page <-> ...     head: freed last
 *	zone                        lock, free_area[0..10]             see models/pages/zone.h
 *
 *	a process               own magazine, in a chain of the zone   (process_magazines)
 *
 * Follows: "Per-cpu page allocator replacement prototype", 22 patches of 8 May 2013 on Linux 3.9,
 * never merged; its structs as measured. More than two magazines, and those of processes, are of
 * the simulator's making, after one sentence of the series' text.
 *
 * True whenever no CPU is inside an operation: invariants (1) to (6) of models/pages/zone.h, and
 *   (7) a page in a magazine is on one of its lists, of the magazine's zone and no free block;
 *       nobody refers to it;
 *   (8) nr_free is the length of the three lists (no bound: a refill looks at no limit);
 *   (9) no magazine is locked, and no chain;
 *  (10) a process's magazine that has pages is in its zone's chain.
 *
 * alloc  (find_filled) the first magazine from the preferred one on that has pages and is not
 *        locked; if all are locked, waits for the first that has. Empty: (refill) up to refill_max
 *        pages from the buddy lists, fewer if somebody waits for zone->lock, into (find_any) the
 *        first magazine that is not locked, else the preferred one.
 * free   (lock_preferred) waits for the preferred magazine. At `limit` pages up to drain_max of the
 *        coldest go to the buddy lists, fewer if somebody waits for the magazine.
 *
 * Interrupts stay on, so who has them off, or is an interrupt, goes straight to the buddy lists, as
 * do blocks of more than a page.
 *
 * Lock order: chain lock, magazine, zone->lock; a magazine is let go before zone->lock is taken,
 * but where a group of pages is freed and one of them is of a type that magazines do not keep.
 *
 * Expect: no interrupt is switched off on the fast path and nobody is interrupted for a drain. But
 * the lines of a magazine bounce between the CPUs that share it, as posted also between the two,
 * and a page that one CPU freed and another takes brings its struct from there.
 *
 * Changed: a page whose index is out of date goes back to the type whose list it was on; the series
 * unlocks a magazine twice when all are drained.
 * Left out: zones DMA and DMA32, reclaim and compaction, isolation; a process's magazine is kept
 * until it exits, however long it sleeps.
 */
#include "models/pages/magazine.h"

/* ---- which magazine ---------------------------------------------------------------------- */

/* The i-th from the preferred one on. The CPU's number may be out of date by then: no matter. */
static struct free_magazine *from_preferred(struct cpu *cpu, const struct zone *zone, unsigned i)
{
	unsigned preferred = cpu_id(cpu) >> 1;

	return zone->magazine[(preferred + i) & (zone->all->magazines - 1)];
}

static void lock(struct cpu *cpu, struct free_magazine *m)
{
	spin_lock(cpu, &m->lock, LOCK_TICKET);
}

static void unlock(struct cpu *cpu, struct free_magazine *m)
{
	spin_unlock(cpu, &m->lock, LOCK_TICKET);
}

/* For a free; locked. */
static struct free_magazine *lock_preferred(struct cpu *cpu, const struct zone *zone)
{
	struct free_magazine *m = from_preferred(cpu, zone, 0);

	lock(cpu, m);
	return m;
}

/* For a refill; locked. */
static struct free_magazine *find_any(struct cpu *cpu, const struct zone *zone)
{
	for (unsigned i = 0; i < zone->all->magazines; i++) {
		struct free_magazine *m = from_preferred(cpu, zone, i);

		if (spin_trylock(cpu, &m->lock, LOCK_TICKET))
			return m;
	}
	return lock_preferred(cpu, zone);
}

/* For an allocation; locked. NULL: none has pages. */
static struct free_magazine *find_filled(struct cpu *cpu, const struct zone *zone)
{
	bool any = false;

	for (unsigned i = 0; i < zone->all->magazines; i++) {
		struct free_magazine *m = from_preferred(cpu, zone, i);

		if (load(cpu, &m->nr_free) == 0)
			continue;
		any = true;
		if (spin_trylock(cpu, &m->lock, LOCK_TICKET))
			return m;
	}
	for (unsigned i = 0; any && i < zone->all->magazines; i++) {
		struct free_magazine *m = from_preferred(cpu, zone, i);

		if (load(cpu, &m->nr_free) == 0)
			continue;
		lock(cpu, m);
		return m;
	}
	return NULL;
}

/* Of the process that runs here; NULL: it has none. */
static struct process_magazine *own_magazine(struct cpu *cpu, const struct magazines *all,
					     const struct zone *zone)
{
	unsigned process = current_process(cpu);

	if (process == 0 || process > all->set.process_magazines)
		return NULL;
	return &all->process[zone->node * all->set.process_magazines + process - 1];
}

/* Locked, and in the chain from its first use on. */
static struct free_magazine *lock_own(struct cpu *cpu, const struct magazines *all,
				      const struct zone *zone, struct process_magazine *own)
{
	struct magazine_chain *chain = &all->chain[zone->node];

	if (load(cpu, &own->owner) == 0) {
		spin_lock(cpu, &chain->lock, LOCK_TICKET);
		if (load(cpu, &own->owner) == 0) {
			store(cpu, &own->owner, current_process(cpu));
			list_add(cpu, &own->chain, &chain->head);
		}
		spin_unlock(cpu, &chain->lock, LOCK_TICKET);
	}
	lock(cpu, &own->free);
	return &own->free;
}

/* Interrupts must be on, or the lock might be held by whom they interrupted. */
static bool may_wait(const struct cpu *cpu)
{
	return !in_interrupt(cpu) && !irqs_off(cpu);
}

/* ---- between a magazine and the buddy lists ---------------------------------------------- */

/* Up to refill_max pages, last one first, on this CPU's stack. Returns how many. */
static unsigned take_from_zone(struct cpu *cpu, struct magazines *all, struct zone *zone,
			       enum migratetype type)
{
	const struct memory *m = all->zones->memory;
	struct list_head *taken = &this_cpu(cpu, all->on_stack)->pages;
	unsigned count = 0;
	bool flags;

	path(cpu, "refill");
	list_make_empty(cpu, taken);
	flags = spin_lock_irqsave(cpu, zone->lock, LOCK_TICKET);
	while (count < all->set.refill_max) {
		struct page *page = rmqueue(cpu, zone, 0, type);

		if (!page)
			break;
		list_add(cpu, page_lru(m, page), taken);
		all->listed[page_to_pfn(m, page)] = (unsigned char)type;
		count++;
		if (count > all->set.refill_min && spin_is_contended(cpu, zone->lock, LOCK_TICKET))
			break;
	}
	zone_count(cpu, zone, ITEM_FREE_PAGES, -(int64_t)count);
	spin_unlock_irqrestore(cpu, zone->lock, LOCK_TICKET, flags);
	return count;
}

/* What take_from_zone has taken goes into the magazine, which is locked. */
static void put_taken(struct cpu *cpu, struct magazines *all, struct free_magazine *m,
		      enum migratetype type, unsigned count)
{
	struct list_head *taken = &this_cpu(cpu, all->on_stack)->pages;

	list_splice(cpu, taken, &m->free_list[type]);
	fetch_add_local(cpu, &m->nr_free, count);
}

/* The coldest page of the list goes to this CPU's stack. */
static void collect_one(struct cpu *cpu, struct magazines *all, struct zone *zone,
			struct free_magazine *m, struct list_head *list)
{
	const struct memory *memory = all->zones->memory;
	struct list_head *coldest = load(cpu, &list->prev);

	fetch_add_local(cpu, &m->nr_free, -1);
	store(cpu, page_private(memory, lru_page(memory, coldest)), 0);
	list_move(cpu, coldest, &this_cpu(cpu, all->on_stack)->pages);
	(void)load(cpu, zone->isolation_active);
}

/*
 * The coldest pages of the three lists in turn, from the one after `type` on: the more empty ones a
 * list follows, the more of it. At most `most`, but from `least` on as many as there are when
 * somebody is seen to wait. Returns how many.
 */
static unsigned collect(struct cpu *cpu, struct magazines *all, struct zone *zone,
			struct free_magazine *m, unsigned type, unsigned least, unsigned most)
{
	unsigned left = most, round = 0;

	list_make_empty(cpu, &this_cpu(cpu, all->on_stack)->pages);
	while (left) {
		struct list_head *list;

		do {
			round++;
			type = (type + 1) % PCP_TYPES;
			list = &m->free_list[type];
		} while (list_empty(cpu, list));
		if (round == PCP_TYPES)         /* the only one that is not empty */
			round = left < all->set.drain_min ? left : (unsigned)all->set.drain_min;
		do
			collect_one(cpu, all, zone, m, list);
		while (--left && --round && !list_empty(cpu, list));
		if (most - left > least && spin_is_contended(cpu, &m->lock, LOCK_TICKET))
			break;
	}
	return most - left;
}

/* What was collected goes to the buddy lists, the coldest first. */
static void give_to_zone(struct cpu *cpu, struct magazines *all, struct zone *zone, unsigned count)
{
	const struct memory *m = all->zones->memory;
	struct list_head *collected = &this_cpu(cpu, all->on_stack)->pages;
	bool flags = spin_lock_irqsave(cpu, zone->lock, LOCK_TICKET);

	for (unsigned i = 0; i < count; i++) {
		struct list_head *last = load(cpu, &collected->prev);
		struct page *page = lru_page(m, last);
		unsigned type = all->listed[page_to_pfn(m, page)];

		list_del(cpu, last);
		(void)load(cpu, page_index(m, page));   /* out of date after a refill alone */
		free_one_page(cpu, zone, page, 0, (enum migratetype)type);
	}
	zone_count(cpu, zone, ITEM_FREE_PAGES, count);
	spin_unlock_irqrestore(cpu, zone->lock, LOCK_TICKET, flags);
}

/* Unlocks the magazine. */
static void drain(struct cpu *cpu, struct magazines *all, struct zone *zone,
		  struct free_magazine *m, unsigned type, unsigned least, unsigned most)
{
	unsigned count = collect(cpu, all, zone, m, type, least, most);

	unlock(cpu, m);
	give_to_zone(cpu, all, zone, count);
}

/* Unlocks the magazine. */
static void maybe_drain(struct cpu *cpu, struct magazines *all, struct zone *zone,
			struct free_magazine *m, unsigned type)
{
	uint64_t count = load(cpu, &m->nr_free), most = all->set.drain_max;

	if (count < all->set.limit) {
		unlock(cpu, m);
		return;
	}
	path(cpu, "drain");
	drain(cpu, all, zone, m, type, (unsigned)all->set.drain_min,
	      (unsigned)(count < most ? count : most));
}

/* Unlocks the magazine. zone->lock is taken for an empty one too. */
static void drain_whole(struct cpu *cpu, struct magazines *all, struct zone *zone,
			struct free_magazine *m)
{
	unsigned count = (unsigned)load(cpu, &m->nr_free);

	drain(cpu, all, zone, m, UNMOVABLE, count, count);
}

/* ---- alloc ------------------------------------------------------------------------------- */

/* The first page of the type; NULL: there is none. Unlocks the magazine. */
static struct page *pop(struct cpu *cpu, struct magazines *all, struct free_magazine *m,
			enum migratetype type)
{
	const struct memory *memory = all->zones->memory;
	struct list_head *list = &m->free_list[type];
	struct page *page = NULL;

	if (!list_empty(cpu, list)) {
		struct list_head *first = load(cpu, &list->next);

		page = lru_page(memory, first);
		list_del(cpu, first);
		fetch_add_local(cpu, &m->nr_free, -1);
		store(cpu, page_private(memory, page), 0);
	}
	unlock(cpu, m);
	return page;
}

static struct page *take_block(struct cpu *cpu, struct zone *zone, unsigned order,
			       enum migratetype type)
{
	bool flags = spin_lock_irqsave(cpu, zone->lock, LOCK_TICKET);
	struct page *page = rmqueue(cpu, zone, order, type);

	if (page) {
		/* is its type one of those counted apart? */
		(void)load(cpu, page_index(zone->all->memory, page));
		zone_count(cpu, zone, ITEM_FREE_PAGES, -(1 << order));
	}
	spin_unlock_irqrestore(cpu, zone->lock, LOCK_TICKET, flags);
	return page;
}

static struct page *take_from_own(struct cpu *cpu, struct magazines *all, struct zone *zone,
				  struct process_magazine *own, enum migratetype type)
{
	struct free_magazine *m = lock_own(cpu, all, zone, own);
	struct page *page = pop(cpu, all, m, type);
	unsigned count;

	if (page)
		return page;
	count = take_from_zone(cpu, all, zone, type);
	if (count == 0)
		return NULL;
	m = lock_own(cpu, all, zone, own);
	put_taken(cpu, all, m, type, count);
	return pop(cpu, all, m, type);
}

static struct page *take_from_shared(struct cpu *cpu, struct magazines *all, struct zone *zone,
				     enum migratetype type)
{
	struct free_magazine *m = find_filled(cpu, zone);
	struct page *page = m ? pop(cpu, all, m, type) : NULL;
	unsigned count;

	if (page)
		return page;
	count = take_from_zone(cpu, all, zone, type);
	if (count == 0)
		return NULL;
	m = find_any(cpu, zone);
	put_taken(cpu, all, m, type, count);
	return pop(cpu, all, m, type);
}

static struct page *take_single(struct cpu *cpu, struct magazines *all, struct zone *zone,
				enum migratetype type)
{
	struct process_magazine *own = own_magazine(cpu, all, zone);
	struct page *page = NULL;

	path(cpu, "magazine");
	if (own)
		page = take_from_own(cpu, all, zone, own, type);
	if (!page)
		page = take_from_shared(cpu, all, zone, type);
	return page;
}

static struct page *take(struct cpu *cpu, void *state, struct zone *preferred, struct zone *zone,
			 unsigned order, unsigned gfp)
{
	struct magazines *all = state;
	enum migratetype type = gfp_type(gfp);
	bool single = order == 0 && (!(gfp & GFP_ATOMIC) || may_wait(cpu));
	struct page *page = single ? take_single(cpu, all, zone, type) : NULL;

	if (!page)
		page = take_block(cpu, zone, order, type);
	if (page) {
		count_event(cpu, zone->all, PGALLOC_NORMAL, order);
		zone_statistics(cpu, preferred, zone);
	}
	return page;
}

/* Only compaction, for blocks, has the magazines drained. */
struct page *magazine_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct magazines *all = state;
	struct zones *zones = all->zones;
	struct page *page;

	compute(cpu, STEP_PAGE_ALLOC);
	page = zones_alloc_above(cpu, zones, order, WATERMARK_LOW, gfp, take, all);
	if (!page)
		page = zones_alloc_above(cpu, zones, order, WATERMARK_MIN, gfp, take, all);
	if (!page && order > 0 && !(gfp & GFP_ATOMIC) && may_wait(cpu)) {
		magazine_drain_all(cpu, all);
		page = zones_alloc_above(cpu, zones, order, WATERMARK_MIN, gfp, take, all);
	}
	if (page)
		prep_new_page(cpu, zones, page, order, gfp);
	return page;
}

/* ---- free -------------------------------------------------------------------------------- */

/* The magazine is locked. */
static void push(struct cpu *cpu, struct magazines *all, struct free_magazine *m, struct page *page,
		 unsigned type)
{
	const struct memory *memory = all->zones->memory;

	list_add(cpu, page_lru(memory, page), &m->free_list[type]);
	fetch_add_local(cpu, &m->nr_free, 1);
	all->listed[page_to_pfn(memory, page)] = (unsigned char)type;
}

static struct free_magazine *lock_for_free(struct cpu *cpu, const struct magazines *all,
					   const struct zone *zone)
{
	struct process_magazine *own = own_magazine(cpu, all, zone);

	return own ? lock_own(cpu, all, zone, own) : lock_preferred(cpu, zone);
}

/* The type whose list a page goes to, which its struct keeps; magazines have no RESERVE. */
static unsigned list_type(struct cpu *cpu, struct zones *zones, struct page *page, bool may_use)
{
	unsigned type = pageblock_type(cpu, zones, page_to_pfn(zones->memory, page));

	if (may_use && type == RESERVE)
		type = MOVABLE;
	store(cpu, page_index(zones->memory, page), type);
	return type;
}

void magazine_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct magazines *all = state;
	struct zones *zones = all->zones;
	struct zone *zone = page_zone(zones, page);
	bool may_use = order == 0 && may_wait(cpu);
	struct free_magazine *m;
	unsigned type;

	compute(cpu, STEP_PAGE_FREE);
	free_pages_prepare(cpu, zones, page, order);
	type = list_type(cpu, zones, page, may_use);
	if (!may_use || type >= PCP_TYPES) {
		zone_free_block(cpu, zone, page, order, (enum migratetype)type);
		return;
	}
	path(cpu, "magazine");
	m = lock_for_free(cpu, all, zone);
	push(cpu, all, m, page, type);
	maybe_drain(cpu, all, zone, m, type);
}

/* ---- groups of pages --------------------------------------------------------------------- */

/* Which magazine is held while a group is freed; NULL: none. */
struct held {
	struct zone *zone;
	struct free_magazine *magazine;
};

/* The magazine for the page's zone is held from then on. */
static void hold_for(struct cpu *cpu, struct magazines *all, struct held *held, struct zone *zone,
		     unsigned type)
{
	if (zone == held->zone)
		return;
	if (held->zone)
		maybe_drain(cpu, all, held->zone, held->magazine, type);
	held->zone = zone;
	held->magazine = lock_for_free(cpu, all, zone);
}

/* All under one hold of the magazine, which is drained once, at the end. */
void magazine_free_group(struct cpu *cpu, void *state, struct list_head *freed)
{
	struct magazines *all = state;
	struct zones *zones = all->zones;
	struct list_head *at = load(cpu, &freed->next);
	bool may_use = may_wait(cpu);
	struct held held = { NULL, NULL };

	path(cpu, "magazine");
	while (at != freed) {
		struct page *page = lru_page(zones->memory, at);
		struct zone *zone = page_zone(zones, page);
		unsigned type;

		at = load(cpu, &at->next);
		compute(cpu, STEP_PAGE_FREE);
		free_released_prepare(cpu, zones, page, 0);
		type = list_type(cpu, zones, page, may_use);
		if (!may_use || type >= PCP_TYPES) {
			zone_free_block(cpu, zone, page, 0, (enum migratetype)type);
			continue;
		}
		hold_for(cpu, all, &held, zone, type);
		push(cpu, all, held.magazine, page, type);
	}
	if (held.zone)
		maybe_drain(cpu, all, held.zone, held.magazine, UNMOVABLE);
}

/* ---- draining all ------------------------------------------------------------------------ */

static void drain_chain(struct cpu *cpu, struct magazines *all, struct zone *zone)
{
	struct magazine_chain *chain = &all->chain[zone->node];
	struct list_head *at;

	spin_lock(cpu, &chain->lock, LOCK_TICKET);
	at = load(cpu, &chain->head.next);
	while (at != &chain->head) {
		struct process_magazine *of =
			(struct process_magazine *)((char *)at -
						    offsetof(struct process_magazine, chain));

		lock(cpu, &of->free);
		drain_whole(cpu, all, zone, &of->free);
		at = load(cpu, &at->next);
	}
	spin_unlock(cpu, &chain->lock, LOCK_TICKET);
}

/* No CPU is called: who drains takes the locks. */
void magazine_drain_all(struct cpu *cpu, void *state)
{
	struct magazines *all = state;
	struct zones *zones = all->zones;

	op_begin(cpu, OP_DRAIN);
	path(cpu, "drain all");
	for (unsigned node = 0; node < zones->memory->nodes; node++) {
		struct zone *zone = &zones->zone[node];

		for (unsigned i = 0; i < zones->magazines; i++) {
			lock(cpu, zone->magazine[i]);
			drain_whole(cpu, all, zone, zone->magazine[i]);
		}
		if (all->set.process_magazines)
			drain_chain(cpu, all, zone);
	}
	op_end(cpu, 0, 0);
}

/* The process's magazines leave their chains, and their pages go back. */
void magazine_process_exit(struct cpu *cpu, void *state)
{
	struct magazines *all = state;
	struct zones *zones = all->zones;

	for (unsigned node = 0; node < zones->memory->nodes; node++) {
		struct zone *zone = &zones->zone[node];
		struct process_magazine *own = own_magazine(cpu, all, zone);
		struct magazine_chain *chain = &all->chain[node];

		if (!own || load(cpu, &own->owner) == 0)
			continue;
		path(cpu, "drain");
		spin_lock(cpu, &chain->lock, LOCK_TICKET);
		list_del(cpu, &own->chain);
		store(cpu, &own->owner, 0);
		spin_unlock(cpu, &chain->lock, LOCK_TICKET);
		lock(cpu, &own->free);
		drain_whole(cpu, all, zone, &own->free);
	}
}
