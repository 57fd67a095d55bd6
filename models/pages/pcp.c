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
#include <stdio.h>

#include "models/pages/zone.h"

enum { HOT, COLD };

/* A call of another CPU: 1 until it has answered. A line for each caller and called. */
struct call {
	_Alignas(LINE) uint64_t waiting;
};

static const struct field call_fields[] = {
	FIELD(struct call, waiting),
	{ 0 },
};

static const struct layout call_layout = {
	"call_single_data", sizeof(struct call), CLASS_ALLOCATOR, call_fields
};
static const struct layout mask_layout = {
	"cpus_with_pcps", sizeof(uint64_t), CLASS_ALLOCATOR, NULL
};

static const struct layout *const pcp_layouts[] = {
	&pageset_layout_3_9, &zone_layout_3_9, &pageset_layout_2_6, &zone_head_layout_2_6_22,
	&zone_body_layout_2_6_22, &zone_head_layout_2_6_24, &zone_body_layout_2_6_24,
	&vm_event_state_layout, &pageblock_flags_layout, &mem_section_layout,
	&mem_section_root_layout, &vm_stat_layout_3_9, &vm_stat_layout_2_6, &call_layout,
	&mask_layout, &lru_cpu_layout, NULL,
};

/* A CPU that has others drain. */
struct caller {
	struct pcp *pcp;
	struct call *call;              /* by CPU called; simulated, on this CPU's node */
	bool *given;                    /* by CPU called: not yet known to have answered */
};

struct pcp {
	struct zones *zones;
	struct caller *caller;          /* by CPU */
	uint64_t *mask;                 /* simulated, 3.9: CPUs to interrupt, a bit each */
	bool *emptied;                  /* by CPU: over, and somebody empties its lists */
};

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
static void drain_2_6(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list, int batch)
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

/* Interrupts off. */
static struct page *take_2_6(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list,
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

/* Interrupts off. */
static void give_2_6(struct cpu *cpu, struct zone *zone, struct per_cpu_pages *list,
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
static void drain_3_9(struct cpu *cpu, struct zone *zone, struct per_cpu_pageset *pageset,
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

static struct page *take_3_9(struct cpu *cpu, struct zone *zone, enum migratetype type, bool cold)
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

static void give_3_9(struct cpu *cpu, struct zone *zone, struct page *page, enum migratetype type)
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

/* ---- draining all -------------------------------------------------------------------------- */

/* All lists of a CPU go. Until 2.6.24 the lock is taken for empty lists too. */
static void drain_pages(struct cpu *cpu, struct zone *zone, struct per_cpu_pageset *pageset)
{
	bool flags;

	if (zone->all->kernel == KERNEL_3_9) {
		flags = irq_save(cpu);
		int count = load(cpu, &pageset->count);

		if (count) {
			drain_3_9(cpu, zone, pageset, count);
			store(cpu, &pageset->count, 0);
		}
		irq_restore(cpu, flags);
		return;
	}
	for (unsigned i = HOT; i <= COLD; i++) {
		flags = irq_save(cpu);
		int count = load(cpu, &pageset->pcp[i].count);

		drain_2_6(cpu, zone, &pageset->pcp[i], count);
		store(cpu, &pageset->pcp[i].count, 0);
		irq_restore(cpu, flags);
	}
}

static void drain_local_pages(struct cpu *cpu, struct pcp *pcp)
{
	for (unsigned node = 0; node < pcp->zones->memory->nodes; node++) {
		struct zone *zone = &pcp->zones->zone[node];
		struct per_cpu_pageset *pageset = zone_pageset(cpu, zone);

		drain_pages(cpu, zone, pageset);
	}
}

static void drain_when_told(struct cpu *cpu, void *argument)
{
	struct caller *caller = argument;

	drain_local_pages(cpu, caller->pcp);
	store(cpu, &caller->call[cpu_id(cpu)].waiting, 0);
}

/* Reads the counts of another CPU until one is not 0. */
static bool has_pages(struct cpu *cpu, struct pcp *pcp, unsigned id)
{
	for (unsigned node = 0; node < pcp->zones->memory->nodes; node++) {
		struct zone *zone = &pcp->zones->zone[node];
		struct per_cpu_pageset *pageset = load(cpu, zone->pageset);

		pageset = per_cpu(cpu_sim(cpu), pageset, id);
		if (load(cpu, &pageset->count) != 0)
			return true;
	}
	return false;
}

/* 3.9: the CPUs that have pages, in a mask that all share and nobody guards. */
static void find_pages(struct cpu *cpu, struct pcp *pcp)
{
	for (unsigned id = 0; id < sim_cpus(cpu_sim(cpu)); id++) {
		if (has_pages(cpu, pcp, id))
			bit_set_local(cpu, &pcp->mask[id / 64], id % 64);
		else
			bit_clear_local(cpu, &pcp->mask[id / 64], id % 64);
	}
}

static bool is_called(struct cpu *cpu, struct pcp *pcp, unsigned id)
{
	uint64_t word;

	if (pcp->zones->kernel != KERNEL_3_9)
		return true;
	word = load(cpu, &pcp->mask[id / 64]);
	return word >> id % 64 & 1;
}

/* The lists of a CPU whose thread is over. */
static void drain_for(struct cpu *cpu, struct pcp *pcp, unsigned id)
{
	if (pcp->emptied[id])
		return;
	pcp->emptied[id] = true;
	for (unsigned node = 0; node < pcp->zones->memory->nodes; node++) {
		struct zone *zone = &pcp->zones->zone[node];

		drain_pages(cpu, zone, zone_pageset_of(zone, id));
	}
	pcp->emptied[id] = false;
}

static void call_other(struct cpu *cpu, struct caller *caller, unsigned id)
{
	caller->given[id] = true;
	store(cpu, &caller->call[id].waiting, 1);
	ipi_send(cpu, id, drain_when_told, caller);
}

static void wait_for_other(struct cpu *cpu, struct caller *caller, unsigned id)
{
	while (load(cpu, &caller->call[id].waiting) && takes_interrupts(cpu_sim(cpu), id))
		compute(cpu, STEP_PAUSE);
	if (!takes_interrupts(cpu_sim(cpu), id))
		drain_for(cpu, caller->pcp, id);
	caller->given[id] = false;
}

static void call_others(struct cpu *cpu, struct pcp *pcp)
{
	unsigned cpus = sim_cpus(cpu_sim(cpu)), own = cpu_id(cpu);
	struct caller *caller = &pcp->caller[own];

	for (unsigned id = 0; id < cpus; id++)
		if (id != own && is_called(cpu, pcp, id))
			call_other(cpu, caller, id);
	for (unsigned id = 0; id < cpus; id++)
		if (caller->given[id])
			wait_for_other(cpu, caller, id);
}

/* With interrupts on: two that drain call each other. */
static void pcp_drain_all(struct cpu *cpu, void *state)
{
	struct pcp *pcp = state;

	op_begin(cpu, OP_DRAIN);
	path(cpu, "drain all");
	if (pcp->zones->kernel == KERNEL_3_9)
		find_pages(cpu, pcp);
	else
		drain_local_pages(cpu, pcp);
	preempt_disable(cpu);
	call_others(cpu, pcp);
	if (pcp->zones->kernel == KERNEL_3_9 && is_called(cpu, pcp, cpu_id(cpu)))
		drain_local_pages(cpu, pcp);
	preempt_enable(cpu);
	op_end(cpu, 0, 0);
}

/* ---- each second --------------------------------------------------------------------------- */

/* A batch of each list of a zone of another node goes. */
static void drain_batch(struct cpu *cpu, struct zone *zone, struct per_cpu_pageset *pageset)
{
	bool flags;

	if (zone->all->kernel == KERNEL_3_9) {
		flags = irq_save(cpu);
		int batch = load(cpu, &pageset->batch), count = load(cpu, &pageset->count);

		if (batch > count)
			batch = count;
		drain_3_9(cpu, zone, pageset, batch);
		fetch_add_local(cpu, &pageset->count, -batch);
		irq_restore(cpu, flags);
		return;
	}
	for (unsigned i = HOT; i <= COLD; i++) {
		struct per_cpu_pages *list = &pageset->pcp[i];

		flags = irq_save(cpu);
		int batch = load(cpu, &list->batch), count = load(cpu, &list->count);

		if (batch > count)
			batch = count;
		if (batch)
			drain_2_6(cpu, zone, list, batch);
		fetch_add_local(cpu, &list->count, -batch);
		irq_restore(cpu, flags);
	}
}

static bool pageset_is_empty(struct cpu *cpu, const struct zone *zone,
			     struct per_cpu_pageset *pageset)
{
	int hot, cold;

	if (zone->all->kernel == KERNEL_3_9)
		return load(cpu, &pageset->count) == 0;
	hot = load(cpu, &pageset->pcp[HOT].count);
	cold = load(cpu, &pageset->pcp[COLD].count);
	return hot + cold == 0;
}

/* Pages of other nodes that are not used for three seconds go home. */
static void age_pageset(struct cpu *cpu, struct zone *zone, bool used)
{
	enum { SECONDS = 3 };
	struct per_cpu_pageset *pageset = zone_pageset(cpu, zone);
	int expire;

	if (used)
		store(cpu, &pageset->expire, SECONDS);
	expire = load(cpu, &pageset->expire);
	if (expire == 0 || pageset_is_empty(cpu, zone, pageset))
		return;
	if (load(cpu, zone->node_id) == (int)cpu_node(cpu)) {
		store(cpu, &pageset->expire, 0);
		return;
	}
	store(cpu, &pageset->expire, (int8_t)(expire - 1));
	if (expire == 1)
		drain_batch(cpu, zone, pageset);
}

static void pcp_tick(struct cpu *cpu, void *state)
{
	struct pcp *pcp = state;

	for (unsigned node = 0; node < pcp->zones->memory->nodes; node++) {
		struct zone *zone = &pcp->zones->zone[node];
		bool used = zone_fold_all(cpu, zone);

		age_pageset(cpu, zone, used);
	}
}

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

static struct page *pcp_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
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

static void pcp_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
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

static void pcp_free_group(struct cpu *cpu, void *state, struct list_head *freed)
{
	struct pcp *pcp = state;

	free_each(cpu, pcp->zones, freed, give_released, pcp);
}

/* ---- set-up: plain C, before time zero ----------------------------------------------------- */

struct pcp_settings {
	int variant;                    /* 0: by the object allocator, else enum kernel + 1 */
	uint64_t batch, reserve_blocks, nr_cpus;
};

static const char *const variant_words[] = {
	"auto", [KERNEL_2_6_22 + 1] = "2.6.22", [KERNEL_2_6_24 + 1] = "2.6.24",
	[KERNEL_3_9 + 1] = "3.9", NULL
};

static const struct setting pcp_settings[] = {
	SETTING(struct pcp_settings, variant, WORD, .fallback = "auto", .words = variant_words,
		.help = "the release; auto: that of the object allocator, 3.9 without one"),
	SETTING(struct pcp_settings, batch, COUNT, .min = 1, .max = 4096, .fallback = "-",
		.unit = "pages",
		.help = "pages of a refill and a drain; lists hold up to 6 times as many; default "
			"by the size of the zone as in the release"),
	SETTING(struct pcp_settings, reserve_blocks, COUNT, .min = 0, .max = 1024,
		.fallback = "1024", .unit = "pageblocks",
		.help = "2 MiB blocks of each zone set aside for emergencies, at most; 3.9 has at "
			"most 2, 2.6.22 none"),
	SETTING(struct pcp_settings, nr_cpus, COUNT, .min = 1, .max = 4096, .fallback = "-",
		.help = "NR_CPUS of the kernel, at least the CPUs of the run: until 2.6.24 the "
			"last one or two of so many pointers to pagesets lie in the line of "
			"zone->lock; default the CPUs of the run rounded up to 8"),
	{ 0 },
};

static void pcp_fit(void *settings, enum kernel kernel)
{
	struct pcp_settings *set = settings;

	if (set->variant == 0)          /* later ones: the last */
		set->variant = (int)(kernel < KERNEL_3_9 ? kernel : KERNEL_3_9) + 1;
}

static enum kernel pcp_kernel(const void *settings)
{
	const struct pcp_settings *set = settings;

	return (enum kernel)(set->variant - 1);
}

static const struct page_view *pcp_view(const void *settings)
{
	const struct pcp_settings *set = settings;
	bool old = set->variant == KERNEL_2_6_22 + 1 || set->variant == KERNEL_2_6_24 + 1;

	return old ? &page_view_packed_56 : &page_view_aligned_64;
}

/* 2^n - 1 for the benefit of caches that powers of two clash in; 0 for the smallest zones. */
static int zone_batch(uint64_t pages)
{
	uint64_t batch = pages / 1024, power = 1;

	if (batch * PAGE_BYTES > 512 * 1024)
		batch = 512 * 1024 / PAGE_BYTES;
	batch /= 4;
	if (batch < 1)
		batch = 1;
	while (2 * power <= batch + batch / 2)
		power *= 2;
	return (int)power - 1;
}

static void setup_list(struct per_cpu_pages *list, int high, int batch)
{
	list->high = high;
	list->batch = batch > 1 ? batch : 1;
	list_init(&list->list);
}

static void setup_pageset(const struct zone *zone, unsigned id, int batch)
{
	struct per_cpu_pageset *pageset = zone_pageset_of(zone, id);

	if (zone->all->kernel != KERNEL_3_9) {
		setup_list(&pageset->pcp[HOT], 6 * batch, batch);
		setup_list(&pageset->pcp[COLD], 2 * batch, batch / 2);
		return;
	}
	pageset->high = 6 * batch;
	pageset->batch = batch > 1 ? batch : 1;
	for (unsigned type = 0; type < PCP_TYPES; type++)
		list_init(&pageset->lists[type]);
}

static void *pcp_create(struct sim *sim, struct memory *memory, const void *settings)
{
	const struct pcp_settings *set = settings;
	enum kernel kernel = set->variant ? (enum kernel)(set->variant - 1) : KERNEL_3_9;
	struct zones_options options = {
		.kernel = kernel, .lock = kernel == KERNEL_3_9 ? LOCK_TICKET : LOCK_DEC,
		.reserve_blocks = set->reserve_blocks, .nr_cpus = set->nr_cpus,
		.free_group = pcp_free_group,
	};
	int batch = set->batch ? (int)set->batch : zone_batch(memory->node_pages);
	struct pcp *pcp = unseen_new(sim, sizeof *pcp);
	unsigned cpus = sim_cpus(sim);

	pcp->zones = zones_new(sim, memory, &options);
	pcp->emptied = unseen_new(sim, cpus * sizeof *pcp->emptied);
	pcp->caller = unseen_new(sim, cpus * sizeof *pcp->caller);
	for (unsigned id = 0; id < cpus; id++)
		pcp->caller[id] = (struct caller){
			.pcp = pcp,
			.call = arena_new(sim, struct call, cpus, node_of_cpu(sim, id), LINE,
					  &call_layout, "call_single_data"),
			.given = unseen_new(sim, cpus * sizeof(bool)),
		};
	pcp->mask = arena_new(sim, uint64_t, (cpus + 63) / 64, 0, LINE, &mask_layout,
			      "cpus_with_pcps");
	for (unsigned node = 0; node < memory->nodes; node++)
		for (unsigned id = 0; id < cpus; id++)
			setup_pageset(&pcp->zones->zone[node], id, batch);
	return pcp;
}

/* ---- check: plain C, no CPU inside --------------------------------------------------------- */

/* 3.9: each page is on the list of its type. */
static bool check_types(const struct zone *zone, const struct list_head *head, unsigned type,
			const char *owner, const struct report *report)
{
	const struct memory *m = zone->all->memory;

	for (struct list_head *at = head->next; at != head; at = at->next) {
		struct page *page = lru_page(m, at);
		uint64_t index = *page_index(m, page);

		if (index != type && !(type == MOVABLE && index == RESERVE))
			return failed(report, "page %llu of type %u is on %s's list of type %u",
				      (unsigned long long)page_to_pfn(m, page), (unsigned)index,
				      owner, type);
	}
	return true;
}

/* 2.6.24: private has a page's type. */
static bool check_private(const struct memory *m, const struct list_head *head, const char *owner,
			  const struct report *report)
{
	for (struct list_head *at = head->next; at != head; at = at->next)
		if (*page_private(m, lru_page(m, at)) >= ISOLATE)
			return failed(report, "page %llu is on a list of %s without a type",
				      (unsigned long long)page_to_pfn(m, lru_page(m, at)), owner);
	return true;
}

static bool check_count(const struct zone *zone, const char *owner, int count, int high, int batch,
			const struct report *report)
{
	int refills = zone->all->rules->types > 1 ? PCP_TYPES : 1;

	if (count >= high + refills * batch)
		return failed(report, "%s has %d pages, more than it may", owner, count);
	see_state(report, "pages of a CPU",
		  how_many((uint64_t)count, (uint64_t)high, "none", "some", "as many as it may keep"), NULL);
	return true;
}

static bool check_length(const char *owner, int count, uint64_t pages, const struct report *report)
{
	if (count < 0 || (uint64_t)count != pages)
		return failed(report, "%s counts %d pages, its lists have %llu", owner, count,
			      (unsigned long long)pages);
	return true;
}

static bool check_pageset(const struct zone *zone, unsigned id, const struct report *report)
{
	const struct per_cpu_pageset *pageset = zone_pageset_of(zone, id);
	uint64_t pages = 0;
	char owner[24];

	snprintf(owner, sizeof owner, "CPU %u", id);
	if (zone->all->kernel == KERNEL_3_9) {
		for (unsigned type = UNMOVABLE; type < PCP_TYPES; type++) {
			const struct list_head *list = &pageset->lists[type];

			if (!check_kept_list(zone, list, 0, owner, &pages, report) ||
			    !check_types(zone, list, type, owner, report))
				return false;
		}
		return check_length(owner, pageset->count, pages, report) &&
		       check_count(zone, owner, pageset->count, pageset->high, pageset->batch,
				   report);
	}
	for (unsigned i = HOT; i <= COLD; i++, pages = 0) {
		const struct per_cpu_pages *list = &pageset->pcp[i];

		if (!check_kept_list(zone, &list->list, 0, owner, &pages, report) ||
		    (zone->all->kernel == KERNEL_2_6_24 &&
		     !check_private(zone->all->memory, &list->list, owner, report)) ||
		    !check_length(owner, list->count, pages, report) ||
		    !check_count(zone, owner, list->count, list->high, list->batch, report))
			return false;
	}
	return true;
}

static bool pcp_walk(const void *state, const struct report *report)
{
	const struct pcp *pcp = state;
	const struct memory *m = pcp->zones->memory;

	if (!zones_check(pcp->zones, report))
		return false;
	for (unsigned node = 0; node < m->nodes; node++)
		for (unsigned id = 0; id < sim_cpus(m->sim); id++)
			if (!check_pageset(&pcp->zones->zone[node], id, report))
				return false;
	return !pcp->zones->rules->lru || lru_check(pcp->zones, report);
}

static bool pcp_check(const void *state, char *why, size_t size)
{
	const struct report report = { .why = why, .size = size };

	return pcp_walk(state, &report);
}

static uint64_t pcp_free_pages(const void *state)
{
	const struct pcp *pcp = state;
	const struct memory *m = pcp->zones->memory;
	uint64_t pages = zones_free_pages(pcp->zones);

	for (unsigned node = 0; node < m->nodes; node++) {
		for (unsigned id = 0; id < sim_cpus(m->sim); id++) {
			const struct per_cpu_pageset *pageset =
				zone_pageset_of(&pcp->zones->zone[node], id);

			int count = pageset->pcp[HOT].count + pageset->pcp[COLD].count;

			if (pcp->zones->kernel == KERNEL_3_9)
				count = pageset->count;
			pages += (uint64_t)count;
		}
	}
	return pages;
}

const struct page_allocator pcp = {
	.name          = "pcp",
	.summary       = "lists of pages per CPU before the buddy lists (Linux 2.6.22 to 3.9)",
	.settings      = pcp_settings,
	.settings_size = sizeof(struct pcp_settings),
	.fit           = pcp_fit,
	.view          = pcp_view,
	.kernel        = pcp_kernel,
	.layouts       = pcp_layouts,
	.create        = pcp_create,
	.alloc         = pcp_alloc,
	.free          = pcp_free,
	ZONED_PAGES,
	.drain_all     = pcp_drain_all,
	.tick          = pcp_tick,
	.group         = 14,
	.check         = pcp_check,
	.walk          = pcp_walk,
	.free_pages    = pcp_free_pages,
};
