/* pcp-buddy: settings, set-up and check; see pcp_buddy.c. */
#include <assert.h>

#include "models/pages/pcp_buddy.h"

/* ---- layouts: those of pcp-spin 7.1, but for more lists --------------------------------------- */

enum {
	LISTS_BYTES = offsetof(struct pcp_lists, lists) + OWNED_LISTS * sizeof(struct list_head),
};
static_assert((int)LISTS_BYTES == 8 * LINE, "the lists of orders 0 to 9 fill eight lines");

#define LIST(order) \
	{ "lists[" #order "]", \
	  offsetof(struct pcp_lists, lists) + PCP_TYPES * (order) * sizeof(struct list_head), \
	  PCP_TYPES * sizeof(struct list_head) }

/* An order's three lists together. */
static const struct field lists_fields[] = {
	FIELD(struct pcp_lists, lock), FIELD(struct pcp_lists, count),
	FIELD(struct pcp_lists, high), FIELD(struct pcp_lists, high_min),
	FIELD(struct pcp_lists, high_max), FIELD(struct pcp_lists, batch),
	FIELD(struct pcp_lists, flags), FIELD(struct pcp_lists, alloc_factor),
	FIELD(struct pcp_lists, expire), FIELD(struct pcp_lists, free_count),
	LIST(0), LIST(1), LIST(2), LIST(3), LIST(4), LIST(5), LIST(6), LIST(7), LIST(8), LIST(9),
	{ 0 },
};
static const struct layout lists_layout = {
	"per_cpu_pages", LISTS_BYTES, CLASS_ALLOCATOR, lists_fields
};

static const struct field owner_fields[] = { { "cpu", 0, sizeof(uint64_t) }, { 0 } };
static const struct layout owner_layout = {
	"pageblock_data", sizeof(uint64_t), CLASS_ALLOCATOR, owner_fields
};

static const struct field stack_fields[] = {
	FIELD(struct drain_stack, of),
	{ 0 },
};
static const struct layout stack_layout = {
	"stack", sizeof(struct drain_stack), CLASS_ALLOCATOR, stack_fields
};

static const struct layout *const pcp_buddy_layouts[] = {
	&lists_layout, &owner_layout, &stack_layout, &zonestat_layout, PCP_6_LAYOUTS,
};

/* ---- set-up: plain C, before time zero --------------------------------------------------------- */

static const char *const lock_words[] = {
	[LISTS_WAITED] = "waited", [LISTS_TRIED] = "tried", NULL
};

static const struct setting pcp_buddy_settings[] = {
	SETTING(struct pcp_buddy_settings, lock, WORD, .fallback = "waited", .words = lock_words,
		.help = "a CPU's lists when somebody has them: waited for, interrupts off; tried: "
			"the page goes to the zone or comes from it"),
	SETTING(struct pcp_buddy_settings, block_order, COUNT, .min = 1, .max = PAGEBLOCK_ORDER,
		.fallback = "9",
		.help = "a CPU takes blocks of 2 to the power of it pages and owns them; less than "
			"a pageblock has nobody proposed"),
	PCP_6_SETTINGS("pages that a drain merges and frees under one hold of the locks; default all"),
	{ 0 },
};

static enum kernel pcp_buddy_kernel(const void *settings)
{
	(void)settings;
	return KERNEL_7_1;
}

static const struct page_view *pcp_buddy_view(const void *settings)
{
	(void)settings;
	return &page_view_6_12;
}

static void owners_new(struct sim *sim, struct zone *zone)
{
	unsigned order = zone->all->owned_order;

	zone->block_owner = arena_new(sim, uint64_t, zone->pages >> order, zone->node, LINE,
				      &owner_layout, "pageblock_data");
}

static unsigned order_at(unsigned list)
{
	return list / PCP_TYPES;
}

static const struct pcp_kind pcp_buddy_kind = { OWNED_LISTS, order_at, &lists_layout };

static void *pcp_buddy_create(struct sim *sim, struct memory *memory, const void *settings)
{
	const struct pcp_buddy_settings *set = settings;
	struct pcp_buddy *all = unseen_new(sim, sizeof *all);
	struct zones *zones = zones_new(sim, memory, &(struct zones_options){
		.kernel = KERNEL_7_1, .lock = LOCK_QUEUED,
		.rules = zone_rules_6(KERNEL_7_1, (enum zone_layout_6)set->shared.zone_layout) });

	all->block_order = zones->owned_order = (unsigned)set->block_order;
	all->lock = (enum lists_lock)set->lock;
	all->drain_chunk = (int)set->shared.drain_chunk;
	all->stack = percpu_new(sim, struct drain_stack, LINE, &stack_layout, "stack");
	pcp_6_new(&all->shared, zones, &set->shared, &pcp_buddy_kind);
	for (unsigned node = 0; node < memory->nodes; node++)
		owners_new(sim, &zones->zone[node]);
	return all;
}

/* ---- check: plain C, no CPU inside ------------------------------------------------------------- */

enum { SEEN_PIECE = 2 };                /* in m->seen: the head of a piece on its owner's lists */

/* (12) of a list: its pieces. */
static bool check_pieces(const struct zone *zone, const struct list_head *head, unsigned order,
			 unsigned id, const struct report *report)
{
	const struct memory *m = zone->all->memory;

	for (struct list_head *at = head->next; at != head; at = at->next) {
		struct page *page = lru_page(m, at);
		uint64_t pfn = page_to_pfn(m, page);

		if (*page_mapcount(m, page) != PAGE_PCP_BUDDY)
			continue;
		if (*page_private(m, page) != order)
			return failed(report, "page %llu is a piece on a list of order %u, not "
				      "marked so", (unsigned long long)pfn, order);
		if (*block_owner(zone, pfn) != id + 1)
			return failed(report, "page %llu is a piece on a list of CPU %u, which "
				      "does not own it", (unsigned long long)pfn, id);
		m->seen[pfn] = SEEN_PIECE;
	}
	return true;
}

/* (12) the other way round. */
static bool check_marks(const struct memory *m, const struct report *report)
{
	for (uint64_t pfn = memory_next(m, 0); pfn < m->pages; pfn = memory_next(m, pfn + 1)) {
		int mark = *page_mapcount(m, pfn_to_page(m, pfn));

		if (mark == PAGE_PCP_DRAINED ||
		    (mark == PAGE_PCP_BUDDY && m->seen[pfn] != SEEN_PIECE))
			return failed(report, "page %llu has the mark of a piece and is none",
				      (unsigned long long)pfn);
	}
	return true;
}

/* Is the block part of a free one of the zone? */
static bool is_whole(const struct zone *zone, uint64_t pfn)
{
	const struct memory *m = zone->all->memory;

	for (unsigned order = zone->all->owned_order; order < MAX_ORDER; order++) {
		struct page *head = pfn_to_page(m, pfn >> order << order);

		if (*page_mapcount(m, head) == PAGE_BUDDY && *page_private(m, head) == order)
			return true;
	}
	return false;
}

/* (11) */
static bool check_owners(const struct zone *zone, const struct report *report)
{
	const struct memory *m = zone->all->memory;
	uint64_t block = 1ull << zone->all->owned_order;

	for (uint64_t pfn = zone->first_pfn; pfn < zone->first_pfn + zone->pages; pfn += block) {
		uint64_t owner = *block_owner(zone, pfn);

		if (owner > sim_cpus(m->sim))
			return failed(report, "block %llu belongs to CPU %llu",
				      (unsigned long long)(pfn / block),
				      (unsigned long long)owner - 1);
		if (owner && (!memory_is_used(m, pfn) || is_whole(zone, pfn)))
			return failed(report, "block %llu is whole in the zone and belongs to CPU "
				      "%llu", (unsigned long long)(pfn / block),
				      (unsigned long long)owner - 1);
	}
	return true;
}

static bool pcp_buddy_check(const void *state, const struct report *report)
{
	const struct pcp_buddy *all = state;
	const struct memory *m = all->shared.zones->memory;

	if (!pcp_6_walk(&all->shared, check_pieces, report))
		return false;
	for (unsigned node = 0; node < m->nodes; node++)
		if (!check_owners(&all->shared.zones->zone[node], report))
			return false;
	return check_marks(m, report);
}

static uint64_t pcp_buddy_free_pages(const void *state)
{
	const struct pcp_buddy *all = state;

	return pcp_6_free_pages(&all->shared);
}

const struct page_allocator pcp_buddy = {
	.name          = "pcp-buddy",
	.summary       = "pages belong to the CPU that took their block (sketch of a proposal, 2026)",
	.version       = "a proposal of April 2026 on Linux 7.x (sketch)",
	.year          = 2026,
	.brings        = "a CPU takes whole blocks of 512 pages from the zone and owns them: it "
			 "splits and merges them on its own lists, and a page goes back "
			 "to the CPU of its block, whoever frees it",
	.settings      = pcp_buddy_settings,
	.settings_size = sizeof(struct pcp_buddy_settings),
	.view          = pcp_buddy_view,
	.kernel        = pcp_buddy_kernel,
	.layouts       = pcp_buddy_layouts,
	.create        = pcp_buddy_create,
	.alloc         = pcp_buddy_alloc,
	.free          = pcp_buddy_free,
	.free_frozen   = pcp_buddy_free_frozen,
	.group         = FOLIO_BATCH,
	.free_batch    = pcp_buddy_free_batch,
	.drain_all     = pcp_buddy_drain_all,
	.tick          = pcp_buddy_tick,
	.check         = pcp_buddy_check,
	.free_pages    = pcp_buddy_free_pages,
	.free_blocks   = zoned_free_blocks,
};
