/* Zones: counters, watermarks, checks of pages, set-up; see models/pages/zone.h. */
#include "models/pages/zone.h"

#include <string.h>

enum {
	FLAGS_CHECKED_AT_FREE = 1 << PG_LOCKED | 1 << PG_LRU | 1 << PG_ACTIVE | 1 << PG_SLAB,
};
#define FLAGS_CLEARED_AT_FREE 0xffffffffu       /* all but the node */

/* Items of 2.6.22 and 2.6.24. */
#define ITEMS_2_6 \
	.stats = 20, .item = { \
		[ITEM_FREE_PAGES] = 0, \
		[ITEM_SLAB_RECLAIMABLE] = 8, [ITEM_SLAB_UNRECLAIMABLE] = 9, \
		[ITEM_NUMA_HIT] = 14, [ITEM_NUMA_MISS] = 15, [ITEM_NUMA_FOREIGN] = 16, \
		[ITEM_NUMA_LOCAL] = 18, [ITEM_NUMA_OTHER] = 19, \
	}

static const struct zone_rules rules[] = {
	[KERNEL_2_6_22] = {
		.types          = 1,
		.area_bytes     = 24, .nr_free = 16,
		ITEMS_2_6,
		.pageset_array  = true,
		.buddy_in_flags = true,
		.old_checks     = true,
		.counts_inside  = true,
		.slab_irq_pair  = true,
	},
	[KERNEL_2_6_24] = {
		.types          = MIGRATE_TYPES,
		.area_bytes     = 88, .nr_free = 80,
		ITEMS_2_6,
		.reserve_max    = UINT64_MAX,
		.pageset_array  = true,
		.buddy_in_flags = true,
		.old_checks     = true,
		.counts_inside  = true,
		.reads_type_at_merge = true,
		.keeps_fallback_type = true,
		.clears_flag    = true,
		.slab_irq_pair  = true,
	},
	[KERNEL_3_9] = {
		.types          = MIGRATE_TYPES,
		.area_bytes     = 88, .nr_free = 80,
		.stats = 34, .item = {
			[ITEM_FREE_PAGES] = 0,
			[ITEM_INACTIVE_ANON] = 1, [ITEM_ACTIVE_ANON] = 2,
			[ITEM_INACTIVE_FILE] = 3, [ITEM_ACTIVE_FILE] = 4,
			[ITEM_ANON_PAGES] = 7,
			[ITEM_SLAB_RECLAIMABLE] = 12, [ITEM_SLAB_UNRECLAIMABLE] = 13,
			[ITEM_NUMA_HIT] = 26, [ITEM_NUMA_MISS] = 27, [ITEM_NUMA_FOREIGN] = 28,
			[ITEM_NUMA_LOCAL] = 30, [ITEM_NUMA_OTHER] = 31,
		},
		.reserve_max    = 2,
		.looks_ahead    = true,
		.lru            = true,
	},
};

/* Counts of this CPU's events. */
struct vm_event_state {
	_Alignas(LINE) uint64_t event[VM_EVENTS];
};

static const struct field vm_event_state_fields[] = {
	FIELD(struct vm_event_state, event[PGALLOC_NORMAL]),
	FIELD(struct vm_event_state, event[PGFREE]),
	FIELD(struct vm_event_state, event),
	{ 0 },
};

const struct layout vm_event_state_layout = {
	"vm_event_state", sizeof(struct vm_event_state), CLASS_ALLOCATOR, vm_event_state_fields
};

/* All zones together. */
struct vm_stat {
	_Alignas(LINE) int64_t item[ZONE_STATS_MAX];
};

#define ITEM(name, number) { "item[" name "]", (number) * sizeof(int64_t), sizeof(int64_t) }

static const struct field vm_stat_fields_3_9[] = {
	ITEM("NR_FREE_PAGES", 0), ITEM("NR_SLAB_UNRECLAIMABLE", 13), ITEM("NUMA_HIT", 26),
	ITEM("NUMA_LOCAL", 30),
	FIELD(struct vm_stat, item),
	{ 0 },
};

static const struct field vm_stat_fields_2_6[] = {
	ITEM("NR_FREE_PAGES", 0), ITEM("NR_SLAB_UNRECLAIMABLE", 9), ITEM("NUMA_HIT", 14),
	ITEM("NUMA_LOCAL", 18),
	FIELD(struct vm_stat, item),
	{ 0 },
};

const struct layout vm_stat_layout_3_9 = {
	"vm_stat", sizeof(struct vm_stat), CLASS_ALLOCATOR, vm_stat_fields_3_9
};
const struct layout vm_stat_layout_2_6 = {
	"vm_stat", sizeof(struct vm_stat), CLASS_ALLOCATOR, vm_stat_fields_2_6
};

/* ---- counts ------------------------------------------------------------ */

struct per_cpu_pageset *zone_pageset(struct cpu *cpu, const struct zone *zone)
{
	struct per_cpu_pageset *pageset;

	if (zone->all->rules->pageset_array)
		return load(cpu, &zone->pageset[cpu_id(cpu)]);
	pageset = load(cpu, zone->pageset);
	return this_cpu(cpu, pageset);
}

static void fold(struct cpu *cpu, struct zone *zone, unsigned number, int64_t delta)
{
	fetch_add(cpu, &zone->vm_stat[number], delta);
	fetch_add(cpu, &zone->all->vm_stat->item[number], delta);
}

void zone_count(struct cpu *cpu, struct zone *zone, enum zone_item item, int64_t delta)
{
	unsigned number = zone->all->rules->item[item];
	struct per_cpu_pageset *mine = zone_pageset(cpu, zone);
	int64_t diff = load(cpu, &mine->vm_stat_diff[number]);
	int64_t threshold = load(cpu, &mine->stat_threshold);

	diff += delta;
	if (diff > threshold || diff < -threshold) {
		fold(cpu, zone, number, diff);
		diff = 0;
	}
	store(cpu, &mine->vm_stat_diff[number], (int8_t)diff);
}

/* The same in whatever interrupt state (2.6.38 and later): an interrupt in between is noticed. */
static void count_by_exchange(struct cpu *cpu, struct zone *zone, enum zone_item item,
			      int64_t delta)
{
	unsigned number = zone->all->rules->item[item];
	struct per_cpu_pageset *mine = zone_pageset(cpu, zone);
	int64_t folded, sum;
	int8_t diff;

	do {
		int64_t threshold = load(cpu, &mine->stat_threshold);

		diff = load(cpu, &mine->vm_stat_diff[number]);
		sum = diff + delta;
		folded = sum > threshold || sum < -threshold ? sum : 0;
	} while (!cas_local(cpu, &mine->vm_stat_diff[number], diff, (int8_t)(sum - folded)));
	if (folded)
		fold(cpu, zone, number, folded);
}

void zones_count_slab(struct cpu *cpu, void *state, struct page *page, bool reclaimable, int pages)
{
	struct zones *zones = state;
	uint64_t flags = load(cpu, page_flags(zones->memory, page));
	struct zone *zone = &zones->zone[flags >> PG_NODE_SHIFT];
	enum zone_item item = reclaimable ? ITEM_SLAB_RECLAIMABLE : ITEM_SLAB_UNRECLAIMABLE;

	if (zones->rules->slab_irq_pair) {
		bool interrupts = irq_save(cpu);

		zone_count(cpu, zone, item, pages);
		irq_restore(cpu, interrupts);
	} else {
		count_by_exchange(cpu, zone, item, pages);
	}
}

/* `one` is 1 or -1. What a second folds (zone_fold_all) may come in between where interrupts are on. */
static void change_zone_state(struct cpu *cpu, struct zone *zone, enum zone_item item, int one)
{
	unsigned number = zone->all->rules->item[item];
	struct per_cpu_pageset *mine = zone_pageset(cpu, zone);
	int diff = fetch_add_local(cpu, &mine->vm_stat_diff[number], one) + one;
	int threshold = load(cpu, &mine->stat_threshold);
	bool let_in = !irqs_off(cpu), flags = false;

	if (one * diff <= threshold)
		return;
	if (let_in) {
		flags = irq_save(cpu);
		diff = load(cpu, &mine->vm_stat_diff[number]);
	}
	if (one * diff > threshold) {
		int overstep = one * (threshold / 2);

		fold(cpu, zone, number, diff + overstep);
		store(cpu, &mine->vm_stat_diff[number], (int8_t)-overstep);
	}
	if (let_in)
		irq_restore(cpu, flags);
}

void inc_zone_state(struct cpu *cpu, struct zone *zone, enum zone_item item)
{
	change_zone_state(cpu, zone, item, 1);
}

void dec_zone_state(struct cpu *cpu, struct zone *zone, enum zone_item item)
{
	change_zone_state(cpu, zone, item, -1);
}

void zone_statistics(struct cpu *cpu, struct zone *preferred, struct zone *zone)
{
	const void *wanted = load(cpu, preferred->zone_pgdat);
	const void *got = load(cpu, zone->zone_pgdat);
	int node;

	if (got == wanted) {
		inc_zone_state(cpu, zone, ITEM_NUMA_HIT);
	} else {
		inc_zone_state(cpu, zone, ITEM_NUMA_MISS);
		inc_zone_state(cpu, preferred, ITEM_NUMA_FOREIGN);
	}
	node = load(cpu, zone->node_id);
	inc_zone_state(cpu, zone,
		       node == (int)cpu_node(cpu) ? ITEM_NUMA_LOCAL : ITEM_NUMA_OTHER);
}

void count_event(struct cpu *cpu, struct zones *zones, enum vm_event event, unsigned order)
{
	struct vm_event_state *mine = this_cpu(cpu, zones->events);

	fetch_add_local(cpu, &mine->event[event], 1u << order);
}

bool zone_fold_all(struct cpu *cpu, struct zone *zone)
{
	struct per_cpu_pageset *mine = zone_pageset(cpu, zone);
	bool folded = false;

	for (unsigned number = 0; number < zone->all->rules->stats; number++) {
		int8_t diff = load(cpu, &mine->vm_stat_diff[number]);
		bool interrupts;

		if (diff == 0)
			continue;
		interrupts = irq_save(cpu);
		diff = load(cpu, &mine->vm_stat_diff[number]);
		store(cpu, &mine->vm_stat_diff[number], 0);
		irq_restore(cpu, interrupts);
		fold(cpu, zone, number, diff);
		folded = true;
	}
	return folded;
}

/* ---- watermarks and the zonelist --------------------------------------- */

static bool zone_watermark_ok(struct cpu *cpu, struct zone *zone, unsigned order,
			      enum watermark mark, unsigned gfp)
{
	int64_t min = (int64_t)load(cpu, &zone->watermark[mark]);
	int64_t reserve = (int64_t)load(cpu, &zone->lowmem_reserve[0]);
	int64_t free_pages = load(cpu, &zone->vm_stat[zone->all->rules->item[ITEM_FREE_PAGES]]);

	free_pages -= (1 << order) - 1;
	if (mark == WATERMARK_MIN && gfp & GFP_ATOMIC) {
		min -= min / 2;
		min -= min / 4;
	}
	if (free_pages <= min + reserve)
		return false;
	for (unsigned k = 0; k < order; k++) {
		int64_t blocks = (int64_t)load(cpu, nr_free(zone, k));

		free_pages -= blocks << k;
		min >>= 1;
		if (free_pages <= min)
			return false;
	}
	return true;
}

/* The own node first, then the others in turn. */
struct page *zones_alloc_above(struct cpu *cpu, struct zones *zones, unsigned order,
			       enum watermark mark, unsigned gfp, zone_take *take, void *state)
{
	unsigned nodes = zones->memory->nodes;
	struct zone *preferred = &zones->zone[cpu_node(cpu)];

	for (unsigned i = 0; i < nodes; i++) {
		struct zone *zone = &zones->zone[(cpu_node(cpu) + i) % nodes];
		struct page *page = NULL;

		if (zone_watermark_ok(cpu, zone, order, mark, gfp))
			page = take(cpu, state, preferred, zone, order, gfp);
		if (page)
			return page;
	}
	return NULL;
}

/* ---- pages ------------------------------------------------------------- */

struct page_words {
	uint64_t flags, mapping;
	int mapcount, count;
};

static void must_be_unused(struct cpu *cpu, const struct memory *m, struct page *page,
			   const struct page_words *w)
{
	if (w->flags & FLAGS_CHECKED_AT_FREE || w->mapping || w->mapcount != PAGE_UNUSED ||
	    w->count)
		BUG(cpu, "bad page %llu: flags %llx, mapping %llx, _mapcount %d, _count %d",
		    (unsigned long long)page_to_pfn(m, page), (unsigned long long)w->flags,
		    (unsigned long long)w->mapping, w->mapcount, w->count);
}

/* Reads what must be as in an unused page; returns flags. A page that is freed may be one that a
 * process had mapped. */
static uint64_t check_page(struct cpu *cpu, const struct memory *m, struct page *page, bool freed)
{
	struct page_words w;

	w.flags = load(cpu, page_flags(m, page));
	w.mapping = load(cpu, page_mapping(m, page));
	if (freed && clear_anon_mapping(cpu, m, page, w.mapping))
		w.mapping = 0;
	w.mapcount = load(cpu, page_mapcount(m, page));
	w.count = load(cpu, page_count(m, page));
	must_be_unused(cpu, m, page, &w);
	return w.flags;
}

/* The same until 2.6.24, when it is freed; flags come last. */
static uint64_t check_freed_page_2_6(struct cpu *cpu, const struct memory *m, struct page *page)
{
	struct page_words w;

	w.mapcount = load(cpu, page_mapcount(m, page));
	w.mapping = load(cpu, page_mapping(m, page));
	w.count = load(cpu, page_count(m, page));
	w.flags = load(cpu, page_flags(m, page));
	must_be_unused(cpu, m, page, &w);
	return w.flags;
}

/* And when it is handed out, the head of a block alone: some bits of flags are cleared. */
static void check_new_page_2_6(struct cpu *cpu, const struct memory *m, struct page *page)
{
	struct page_words w;

	w.flags = load(cpu, page_flags(m, page));
	w.mapcount = load(cpu, page_mapcount(m, page));
	w.mapping = load(cpu, page_mapping(m, page));
	w.count = load(cpu, page_count(m, page));
	must_be_unused(cpu, m, page, &w);
	bit_clear_local(cpu, page_flags(m, page), PG_ERROR);
}

static void set_head(struct cpu *cpu, const struct memory *m, struct page *tail, struct page *head)
{
	if (m->view->compound_head)
		store(cpu, page_compound_head(m, tail), (uint64_t)(uintptr_t)head + 1);
	else
		store(cpu, page_first_page(m, tail), head);
}

/* The first tail also has the destructor, of which there is one kind here, and the order. */
static void prep_compound_page(struct cpu *cpu, const struct zones *zones, struct page *head,
			       unsigned order)
{
	const struct memory *m = zones->memory;
	uint64_t pfn = page_to_pfn(m, head);

	store(cpu, &page_lru(m, pfn_to_page(m, pfn + 1))->next, NULL);
	store(cpu, compound_order(m, head), order);
	bit_set_local(cpu, page_flags(m, head), PG_HEAD);
	for (uint64_t i = 1; i < 1ull << order; i++) {
		struct page *tail = pfn_to_page(m, pfn + i);

		if (!m->view->compound_head)
			bit_set_local(cpu, page_flags(m, tail), PG_TAIL);
		if (!zones->rules->old_checks)
			store(cpu, page_count(m, tail), 0);
		set_head(cpu, m, tail, head);
	}
}

static void clear_pages(struct cpu *cpu, struct memory *m, struct page *page, unsigned order)
{
	char *data = page_address(m, page);

	for (uint64_t offset = 0; offset < (uint64_t)PAGE_BYTES << order; offset += LINE)
		store(cpu, (uint64_t *)(data + offset), 0);
}

/* The page structs of a block lie side by side: no load gives the address of another. */
static void pages_ahead(struct cpu *cpu, const struct memory *m, uint64_t pfn, unsigned order)
{
	for (uint64_t i = 0; order && i < 1ull << order; i++)
		load_ahead(cpu, page_flags(m, pfn_to_page(m, pfn + i)));
}

void prep_new_page(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order,
		   unsigned gfp)
{
	struct memory *m = zones->memory;
	uint64_t pfn = page_to_pfn(m, page);

	if (zones->rules->old_checks) {
		check_new_page_2_6(cpu, m, page);
	} else {
		pages_ahead(cpu, m, pfn, order);
		for (uint64_t i = 0; i < 1ull << order; i++)
			check_page(cpu, m, pfn_to_page(m, pfn + i), false);
	}
	store(cpu, page_private(m, page), 0);
	store(cpu, page_count(m, page), 1);
	if (gfp & GFP_ZERO)
		clear_pages(cpu, m, page, order);
	if (order > 0 && gfp & GFP_COMP)
		prep_compound_page(cpu, zones, page, order);
}

void free_released_prepare(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order)
{
	struct memory *m = zones->memory;
	uint64_t pfn = page_to_pfn(m, page);

	if (zones->rules->old_checks) {
		(void)load(cpu, page_flags(m, page));           /* which zone? */
		(void)load(cpu, page_mapping(m, page));         /* of a process? */
	}
	pages_ahead(cpu, m, pfn, order);
	for (uint64_t i = 0; i < 1ull << order; i++) {
		struct page *each = pfn_to_page(m, pfn + i);
		uint64_t flags = zones->rules->old_checks ? check_freed_page_2_6(cpu, m, each)
							  : check_page(cpu, m, each, true);

		if (flags & FLAGS_CLEARED_AT_FREE)
			store(cpu, page_flags(m, each), flags & ~(uint64_t)FLAGS_CLEARED_AT_FREE);
	}
}

void free_pages_prepare(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order)
{
	const struct memory *m = zones->memory;
	int count = fetch_add(cpu, page_count(m, page), -1);

	if (count != 1)
		BUG(cpu, "page %llu freed with %d references",
		    (unsigned long long)page_to_pfn(m, page), count);
	free_released_prepare(cpu, zones, page, order);
}

/* ---- set-up: plain C, before time zero --------------------------------- */

static unsigned bit_length(uint64_t x)
{
	unsigned bits = 0;

	for (; x; x >>= 1)
		bits++;
	return bits;
}

static uint64_t isqrt(uint64_t x)
{
	uint64_t root = 0;

	while ((root + 1) * (root + 1) <= x)
		root++;
	return root;
}

static void setup_watermarks(const struct memory *m, struct zone *zone)
{
	uint64_t kib = isqrt(16 * m->pages * (PAGE_BYTES / 1024));
	uint64_t min;

	kib = kib < 128 ? 128 : kib > 65536 ? 65536 : kib;
	min = kib / (PAGE_BYTES / 1024) * m->node_pages / m->pages;
	zone->watermark[WATERMARK_MIN] = min;
	zone->watermark[WATERMARK_LOW] = min + min / 4;
	zone->watermark[WATERMARK_HIGH] = min + min / 2;
}

static void setup_pagesets(struct zone *zone)
{
	struct sim *sim = zone->all->memory->sim;
	bool array = zone->all->rules->pageset_array;
	unsigned memory_bits = 1 + bit_length(zone->pages >> 15);
	unsigned threshold = 2 * bit_length(sim_cpus(sim)) * memory_bits;
	struct per_cpu_pageset *pageset =
		percpu_new(sim, struct per_cpu_pageset, LINE,
			   array ? &pageset_layout_2_6 : &pageset_layout_3_9, "per_cpu_pageset");

	if (threshold > 125)
		threshold = 125;
	for (unsigned id = 0; id < sim_cpus(sim); id++) {
		per_cpu(sim, pageset, id)->stat_threshold = (int8_t)threshold;
		if (array)
			zone->pageset[id] = per_cpu(sim, pageset, id);
	}
	if (!array)
		*zone->pageset = pageset;
}

static void setup_block(struct zone *zone, uint64_t pfn, enum migratetype type)
{
	const struct memory *m = zone->all->memory;
	struct page *page = pfn_to_page(m, pfn);
	struct list_head *lru = page_lru(m, page), *head = free_list(zone, MAX_ORDER - 1, type);

	lru->next = head;
	lru->prev = head->prev;
	head->prev->next = lru;
	head->prev = lru;
	++*nr_free(zone, MAX_ORDER - 1);
	*page_index(m, page) = type;
	*page_private(m, page) = MAX_ORDER - 1;
	if (zone->all->rules->buddy_in_flags)
		*page_flags(m, page) |= 1ull << PG_BUDDY;
	else
		*page_mapcount(m, page) = PAGE_BUDDY;
}

/* All memory in blocks of the largest order, MOVABLE but for the reserve at the start. */
static void setup_free_lists(struct zone *zone, uint64_t reserve_blocks)
{
	const struct zone_rules *r = zone->all->rules;
	uint64_t needed = (zone->watermark[WATERMARK_MIN] + PAGEBLOCK_PAGES - 1) / PAGEBLOCK_PAGES;
	uint64_t start = zone->first_pfn, end = start + zone->pages, reserved;

	if (reserve_blocks > r->reserve_max)
		reserve_blocks = r->reserve_max;
	reserved = start + (needed < reserve_blocks ? needed : reserve_blocks) * PAGEBLOCK_PAGES;
	for (unsigned order = 0; order < MAX_ORDER; order++)
		for (unsigned type = 0; type < r->types; type++)
			list_init(free_list(zone, order, type));
	for (uint64_t pfn = start; r->types > 1 && pfn < end; pfn += PAGEBLOCK_PAGES)
		pageblock_setup(zone->all, pfn, pfn < reserved ? RESERVE : MOVABLE);
	for (uint64_t pfn = start; pfn < end; pfn += 1 << (MAX_ORDER - 1))
		setup_block(zone, pfn, pfn < reserved ? RESERVE : MOVABLE);
	zone->vm_stat[r->item[ITEM_FREE_PAGES]] = (int64_t)zone->pages;
}

struct zones *zones_new(struct sim *sim, struct memory *memory,
			const struct zones_options *options)
{
	enum kernel kernel = options->kernel;
	struct zones *zones =
		unseen_new(sim, sizeof *zones + memory->nodes * sizeof zones->zone[0]);

	zones->memory = memory;
	zones->rules = &rules[kernel];
	zones->kernel = kernel;
	zones->lock = options->lock;
	zones->nr_cpus = nr_cpus(sim, options->nr_cpus);
	zones->vm_stat = arena_new(sim, struct vm_stat, 1, 0, LINE,
				   kernel == KERNEL_3_9 ? &vm_stat_layout_3_9 : &vm_stat_layout_2_6,
				   "vm_stat");
	zones->vm_stat->item[zones->rules->item[ITEM_FREE_PAGES]] = (int64_t)memory->pages;
	zones->events = percpu_new(sim, struct vm_event_state, LINE, &vm_event_state_layout,
				   "vm_event_state");
	if (zones->rules->types > 1)
		pageblocks_new(zones);
	for (unsigned node = 0; node < memory->nodes; node++) {
		struct zone *zone = &zones->zone[node];

		zone->all = zones;
		zone->node = node;
		zone->first_pfn = node * memory->node_pages;
		zone->pages = memory->node_pages;
		zone_struct_new(zone);
		setup_watermarks(memory, zone);
		setup_pagesets(zone);
		setup_free_lists(zone, options->reserve_blocks);
	}
	lru_new(zones);
	return zones;
}

/* ---- check: plain C, no CPU inside ------------------------------------- */

struct per_cpu_pageset *zone_pageset_of(const struct zone *zone, unsigned id)
{
	if (zone->all->rules->pageset_array)
		return zone->pageset[id];
	return per_cpu(zone->all->memory->sim, *zone->pageset, id);
}

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
	if (head->prev != last)
		return failed(report, "order %u, type %u: the list does not end at its last block",
			      order, type);
	return true;
}

static int free_pages_diff(const struct zone *zone, unsigned id)
{
	return zone_pageset_of(zone, id)->vm_stat_diff[zone->all->rules->item[ITEM_FREE_PAGES]];
}

static bool check_zone(struct zone *zone, int64_t *all_free, const struct report *report)
{
	int64_t pages = 0, counted = zone->vm_stat[zone->all->rules->item[ITEM_FREE_PAGES]];

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
	for (unsigned id = 0; id < sim_cpus(zone->all->memory->sim); id++)
		counted += free_pages_diff(zone, id);
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
		pages += zone_pageset_of(zone, id)->vm_stat_diff[number];
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
