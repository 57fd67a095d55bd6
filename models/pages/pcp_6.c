/*
 * Lists per CPU from 6.12 on: see pcp_6.h. Amounts are in pages of 4 KiB but for a refill's.
 *
 *	high_min <= high <= high_max    what a CPU may keep; up with refills and with frees in a row,
 *	                                down when memory is short and with time
 *	alloc_factor                    refills in a row without a free: each twice as large
 *	free_count                      pages freed in a row, halved by each allocation: that many go
 *	                                at once
 */
#include <stdio.h>

#include "models/pages/pcp_6.h"
#include "sim/verbs/cache_share.h"

enum { HIGH_FRACTION = 8 };             /* of the zone, that all CPUs together may keep */

const struct layout drain_mutex_layout = { "pcpu_drain_mutex", 8, CLASS_ALLOCATOR, NULL };
const struct layout pcp_mask_layout = { "cpus_with_pcps", 8, CLASS_ALLOCATOR, NULL };

/* ---- how much -------------------------------------------------------------------------------- */

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static bool below_high(struct cpu *cpu, const struct zone *zone)
{
	uint64_t flags = load(cpu, zone->flags);

	return flags >> ZONE_BELOW_HIGH & 1;
}

int nr_pcp_alloc(struct cpu *cpu, const struct zone *zone, struct pcp_lists *pcp, unsigned order)
{
	int high_min = load(cpu, &pcp->high_min), high_max = load(cpu, &pcp->high_max);
	int base = load(cpu, &pcp->batch), high = load(cpu, &pcp->high);
	unsigned factor = order ? 0 : load(cpu, &pcp->alloc_factor);
	int batch, count, most;

	high = clamp(high, high_min, high_max);
	store(cpu, &pcp->high, high);
	if (high < base)
		return 1;
	batch = base << factor;
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

/* Does this free end a burst of blocks that calls for all to go? */
static bool ends_burst(struct cpu *cpu, const struct zone *zone, struct pcp_lists *pcp,
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
	if (zone->all->kernel >= KERNEL_7_1)
		enough += load(cpu, &pcp->high_min) / 2;
	if (freed >= enough && flags & PREV_FREE_HIGH_ORDER)
		burst = !(flags & FREE_HIGH_BATCH) || load(cpu, &pcp->count) >= batch;
	if (!(flags & PREV_FREE_HIGH_ORDER))
		store(cpu, &pcp->flags, (uint8_t)(flags | PREV_FREE_HIGH_ORDER));
	return burst;
}

int pcp_put(struct cpu *cpu, struct zone *zone, struct pcp_lists *pcp, struct list_head *list,
	    struct page *page, unsigned order)
{
	uint8_t factor = load(cpu, &pcp->alloc_factor);
	int batch, high, count;
	bool free_high;
	int16_t freed;

	store(cpu, &pcp->alloc_factor, (uint8_t)(factor >> 1));
	count_event(cpu, zone->all, PGFREE, order);
	list_add(cpu, page_lru(zone->all->memory, page), list);
	count = fetch_add_local(cpu, &pcp->count, pages_of(order)) + pages_of(order);
	batch = load(cpu, &pcp->batch);
	free_high = ends_burst(cpu, zone, pcp, order, batch);
	freed = load(cpu, &pcp->free_count);
	if (freed < batch << BATCH_SCALE_MAX)
		store(cpu, &pcp->free_count, (int16_t)(freed + pages_of(order)));
	high = nr_pcp_high(cpu, zone, pcp, free_high);
	return count < high ? 0 : nr_pcp_free(cpu, pcp, high, free_high);
}

void maybe_above_high(struct cpu *cpu, struct zone *zone)
{
	if (!below_high(cpu, zone) || !zone_watermark_ok_6(cpu, zone, 0, WATERMARK_HIGH, 0))
		return;
	bit_clear(cpu, zone->flags, ZONE_BELOW_HIGH);
	if (!zone->pgdat)
		return;
	(void)load(cpu, zone->zone_pgdat);
	(void)load(cpu, &zone->pgdat->kswapd_failures); /* has it given up? */
}

int pcp_decay(struct cpu *cpu, struct pcp_lists *pcp, int *batch)
{
	int high_min = load(cpu, &pcp->high_min), high, count;

	*batch = load(cpu, &pcp->batch);
	high = load(cpu, &pcp->high);
	count = load(cpu, &pcp->count);

	if (high > high_min) {
		int floor = count - (*batch << BATCH_SCALE_MAX);

		high -= high / 8;
		high = high > floor ? high : floor;
		high = high > high_min ? high : high_min;
		store(cpu, &pcp->high, high);
	}
	return high > 0 ? count - high : 0;
}

/* ---- alloc ----------------------------------------------------------------------------------- */

struct page *zone_take_6(struct cpu *cpu, struct zone *zone, unsigned order, enum migratetype type)
{
	enum rmqueue_mode mode = RMQUEUE_NORMAL;
	bool flags = spin_lock_irqsave(cpu, zone->lock, LOCK_QUEUED);
	struct page *page = rmqueue_6(cpu, zone, order, type, &mode);

	spin_unlock_irqrestore(cpu, zone->lock, LOCK_QUEUED, flags);
	return page;
}

void count_taken_6(struct cpu *cpu, struct zone *preferred, struct zone *zone, unsigned order)
{
	count_event(cpu, zone->all, PGALLOC_NORMAL, order);
	count_numa_event(cpu, preferred, zone);
	(void)load(cpu, zone->flags);           /* is kswapd to be woken for a boost? */
}

enum { ALLOC_RETRIES = 16 };    /* for others to have the block first each time */

/*
 * While a block changes its type none of its pages count as free, which in a zone of a few blocks
 * looks like no memory. Under the lock, which who does that has, all count. The kernel, that would
 * reclaim or sleep, does not end here; how often to try again is our choice.
 */
static bool has_memory(struct cpu *cpu, struct zones *zones, unsigned order, unsigned gfp)
{
	bool found = false;

	for (unsigned node = 0; node < zones->memory->nodes && !found; node++) {
		struct zone *zone = &zones->zone[node];
		bool flags = spin_lock_irqsave(cpu, zone->lock, LOCK_QUEUED);

		found = zone_watermark_ok_6(cpu, zone, order, WATERMARK_MIN, gfp);
		spin_unlock_irqrestore(cpu, zone->lock, LOCK_QUEUED, flags);
	}
	return found;
}

struct page *pcp_6_alloc(struct cpu *cpu, struct zones *zones, unsigned order, unsigned gfp,
		       zone_take *take, pcp_drain *drain, void *state)
{
	bool atomic = zones->kernel >= KERNEL_7_1 && order > 0 && gfp & GFP_ATOMIC;
	unsigned below = gfp | (atomic ? ALLOC_HIGHATOMIC : 0);
	struct page *page;

	compute(cpu, STEP_PAGE_ALLOC);
	page = zones_alloc_above(cpu, zones, order, WATERMARK_LOW, gfp, take, state);
	if (!page)
		page = zones_alloc_above(cpu, zones, order, WATERMARK_MIN, below, take, state);
	if (!page && !(gfp & GFP_ATOMIC) && !in_interrupt(cpu) && !irqs_off(cpu)) {
		drain(cpu, state);
		page = zones_alloc_above(cpu, zones, order, WATERMARK_MIN, gfp, take, state);
	}
	for (unsigned i = 0; !page && i < ALLOC_RETRIES && has_memory(cpu, zones, order, below); i++)
		page = zones_alloc_above(cpu, zones, order, WATERMARK_MIN, below, take, state);
	if (page)
		prep_new_page(cpu, zones, page, order, gfp);
	return page;
}

/* ---- free ------------------------------------------------------------------------------------ */

void zone_give_6(struct cpu *cpu, struct zone *zone, struct page *page, unsigned order)
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

/* References go, then all are prepared. */
unsigned folios_release(struct cpu *cpu, struct zones *zones, struct page *const *page,
			unsigned count, struct page *free[FOLIO_BATCH])
{
	const struct memory *m = zones->memory;
	unsigned frees = 0;

	for (unsigned i = 0; i < count; i++) {
		int references = fetch_add(cpu, page_count(m, page[i]), -1);

		if (references == 1)
			free[frees++] = page[i];
	}
	for (unsigned i = 0; i < frees; i++) {
		compute(cpu, STEP_PAGE_FREE);
		free_released_prepare(cpu, zones, free[i], 0);
		store(cpu, page_private(m, free[i]), 0);        /* the order */
	}
	return frees;
}

/* ---- draining all ---------------------------------------------------------------------------- */

struct pcp_lists *pcp_lists_of(struct cpu *cpu, struct zone *zone, unsigned id)
{
	struct pcp_lists *pcp = load(cpu, zone->pcp_lists);

	return per_cpu(cpu_sim(cpu), pcp, id);
}

/* Reads the counts of a CPU until one is not 0. */
static bool has_pages(struct cpu *cpu, const struct pcp_zones *all, unsigned id)
{
	for (unsigned node = 0; node < all->zones->memory->nodes; node++) {
		struct pcp_lists *pcp = pcp_lists_of(cpu, &all->zones->zone[node], id);

		if (load(cpu, &pcp->count))
			return true;
	}
	return false;
}

static void find_pages(struct cpu *cpu, const struct pcp_zones *all)
{
	for (unsigned id = 0; id < sim_cpus(cpu_sim(cpu)); id++) {
		if (has_pages(cpu, all, id))
			bit_set_local(cpu, &all->mask[id / 64], id % 64);
		else
			bit_clear_local(cpu, &all->mask[id / 64], id % 64);
	}
}

void pcp_6_drain_all(struct cpu *cpu, struct pcp_zones *all, pcp_empty *empty)
{
	op_begin(cpu, OP_DRAIN);
	path(cpu, "drain all");
	if (cas(cpu, all->drain_mutex, 0, 1)) {
		find_pages(cpu, all);
		for (unsigned id = 0; id < sim_cpus(cpu_sim(cpu)); id++) {
			uint64_t word = load(cpu, &all->mask[id / 64]);

			if (!(word >> id % 64 & 1))
				continue;
			for (unsigned node = 0; node < all->zones->memory->nodes; node++)
				empty(cpu, all, &all->zones->zone[node], id);
		}
		store(cpu, all->drain_mutex, 0);
	}
	op_end(cpu, 0, 0);
}

void pcp_6_tick(struct cpu *cpu, struct pcp_zones *all, pcp_shrink *shrink)
{
	for (unsigned node = 0; node < all->zones->memory->nodes; node++) {
		struct zone *zone = &all->zones->zone[node];

		zone_fold_all(cpu, zone);
		shrink(cpu, all, zone, pcp_lists_of(cpu, zone, cpu_id(cpu)));
	}
}

/* ---- set-up and check: plain C --------------------------------------------------------------- */

const char *const free_high_words[] = {
	[FREE_HIGH_AUTO] = "auto", [FREE_HIGH_ALL] = "true", [FREE_HIGH_NONE] = "false", NULL
};

struct pcp_lists *pcp_lists_at(const struct zone *zone, unsigned id)
{
	return per_cpu(zone->all->memory->sim, *zone->pcp_lists, id);
}

static int zone_batch(uint64_t pages)
{
	uint64_t batch = pages / 1024 < 256 ? pages / 1024 / 4 : 64, power = 1;

	if (batch < 1)
		batch = 1;
	while (2 * power <= batch + batch / 2)
		power *= 2;
	return power > 1 ? (int)power - 1 : 1;
}

static unsigned cpus_of_node(const struct sim *sim, unsigned node)
{
	unsigned cpus = 0;

	for (unsigned id = 0; id < sim_cpus(sim); id++)
		cpus += node_of_cpu(sim, id) == node;
	return cpus ? cpus : sim_cpus(sim);
}

static bool has_free_high_batch(const struct sim *sim, int setting, int batch)
{
	uint64_t share = sim_cache_share(sim);

	if (setting != FREE_HIGH_AUTO)
		return setting == FREE_HIGH_ALL;
	return !share || share / PAGE_BYTES > FREE_HIGH_BATCHES * (uint64_t)batch;
}

static void pcp_lists_new(struct zone *zone, const struct pcp_6_settings *set,
			  const struct pcp_kind *kind)
{
	struct sim *sim = zone->all->memory->sim;
	int batch = set->batch ? (int)set->batch : zone_batch(zone->pages);
	bool stays = has_free_high_batch(sim, set->free_high_batch, batch);
	unsigned cpus = cpus_of_node(sim, zone->node);
	int low = (int)(zone->watermark[WATERMARK_LOW] / cpus);
	int most = (int)(zone->pages / HIGH_FRACTION / cpus);
	int high_min = low > 4 * batch ? low : 4 * batch;
	int high_max = most > 4 * batch ? most : 4 * batch;

	if (set->high_min)
		high_min = (int)set->high_min;
	if (high_max < high_min)
		high_max = high_min;

	*zone->pcp_lists = percpu_alloc(sim, kind->layout->size, LINE, kind->layout,
					"per_cpu_pages");
	for (unsigned id = 0; id < sim_cpus(sim); id++) {
		struct pcp_lists *pcp = pcp_lists_at(zone, id);

		spin_lock_init(&pcp->lock, LOCK_QUEUED);
		pcp->batch = batch;
		pcp->flags = stays ? FREE_HIGH_BATCH : 0;
		pcp->high_min = high_min;
		pcp->high_max = set->auto_tune ? high_max : high_min;
		for (unsigned i = 0; i < kind->lists; i++)
			list_init(&pcp->lists[i]);
	}
}

void pcp_6_new(struct pcp_zones *all, struct zones *zones, const struct pcp_6_settings *settings,
	       const struct pcp_kind *kind)
{
	struct sim *sim = zones->memory->sim;

	all->zones = zones;
	all->kind = kind;
	all->drain_mutex = arena_new(sim, uint64_t, 1, 0, LINE, &drain_mutex_layout,
				     "pcpu_drain_mutex");
	all->mask = arena_new(sim, uint64_t, (sim_cpus(sim) + 63) / 64, 0, LINE, &pcp_mask_layout,
			      "cpus_with_pcps");
	for (unsigned node = 0; node < zones->memory->nodes; node++)
		pcp_lists_new(&zones->zone[node], settings, kind);
}

/* Where CPUs own blocks, one comes at once, however many pages the lists may keep. The decay, which takes
 * 32 batches at most off what they have, can then leave a `high` above high_max, until it is next used. */
static bool check_pcp(const struct zone *zone, unsigned id, uint64_t pages,
		      const struct report *report)
{
	const struct pcp_lists *pcp = pcp_lists_at(zone, id);
	int most = pcp->high_max + (zone->block_owner ? pages_of(zone->all->owned_order) : 0);

	if (pcp->count < 0 || (uint64_t)pcp->count != pages)
		return failed(report, "CPU %u counts %d pages, its lists have %llu", id, pcp->count,
			      (unsigned long long)pages);
	if (pcp->high && (pcp->high < pcp->high_min || pcp->high > most))
		return failed(report, "CPU %u may keep %d pages, not between %d and %d", id,
			      pcp->high, pcp->high_min, most);
	if (spin_lock_is_held(&pcp->lock, LOCK_QUEUED))
		return failed(report, "the lock of the lists of CPU %u is held", id);
	see_state(report, "pages of a CPU",
		  how_many((uint64_t)pcp->count, (uint64_t)pcp->high, "none", "some",
			   "as many as it may keep"), NULL);
	return true;
}

static bool check_lists(const struct zone *zone, unsigned id, const struct pcp_kind *kind,
			pcp_check_list *also, const struct report *report)
{
	const struct pcp_lists *pcp = pcp_lists_at(zone, id);
	uint64_t pages = 0;
	char owner[24];

	snprintf(owner, sizeof owner, "CPU %u", id);
	for (unsigned i = 0; i < kind->lists; i++) {
		const struct list_head *list = &pcp->lists[i];
		unsigned order = kind->order(i);

		if (!check_kept_list(zone, list, order, owner, &pages, report) ||
		    (also && !also(zone, list, order, id, report)))
			return false;
	}
	return check_pcp(zone, id, pages, report);
}

bool pcp_6_walk(const struct pcp_zones *all, pcp_check_list *also, const struct report *report)
{
	const struct memory *m = all->zones->memory;

	if (!zones_check(all->zones, report))
		return false;
	for (unsigned node = 0; node < m->nodes; node++)
		for (unsigned id = 0; id < sim_cpus(m->sim); id++)
			if (!check_lists(&all->zones->zone[node], id, all->kind, also, report))
				return false;
	return true;
}

uint64_t pcp_6_free_pages(const struct pcp_zones *all)
{
	const struct memory *m = all->zones->memory;
	uint64_t pages = zones_free_pages(all->zones);

	for (unsigned node = 0; node < m->nodes; node++)
		for (unsigned id = 0; id < sim_cpus(m->sim); id++)
			pages += (uint64_t)pcp_lists_at(&all->zones->zone[node], id)->count;
	return pages;
}
