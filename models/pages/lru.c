/*
 * Pages of processes in 3.9: mapped, on the lists that reclaim looks at (LRU), and given back in
 * groups.
 *
 *	fault   map_anon, then into the CPU's pagevec, which refers to the page
 *	        a full pagevec: all its pages onto the zone's list under lru_lock, references dropped
 *	exit    unmap_anon, then groups of 14: release_pages drops the references, takes the pages
 *	        off the list under lru_lock and links them, last one first; the allocator frees those
 *
 * A page that is freed while a pagevec still refers to it goes when that one is emptied.
 *
 * True whenever no CPU is inside an operation:
 *   (1) a page with the mark LRU is on one list of its zone, and nobody but its owner refers to it;
 *   (2) NR_ACTIVE_ANON and the like, with the CPUs' differences, are the lengths of the lists.
 *
 * Lock order: lru_lock alone, interrupts off; never with zone->lock.
 *
 * Follows: mm/swap.c, mm/rmap.c, Linux 3.9, after the sheet's description of a page fault and of
 * an exit (pagealloc.md 6.2, 6.4); that reclaim's statistics are the words of the lruvec that lie
 * in its second line is from memory. The sheet has nothing on 2.6: there is no LRU there.
 */
#include "models/pages/zone.h"

enum { PAGEVEC_SIZE = 14, MAPPING_ANON = 1 };

/* Pages on their way to a list; own CPU only. */
struct pagevec {
	uint64_t nr, cold;
	struct page *page[PAGEVEC_SIZE];
};

struct lru_cpu {
	_Alignas(LINE) struct pagevec add[LRU_LISTS];
	_Alignas(LINE) struct list_head freed;          /* on the stack of who frees a group */
};

static const struct field lru_cpu_fields[] = {
	FIELD(struct lru_cpu, add[LRU_INACTIVE_ANON]),
	FIELD(struct lru_cpu, add[LRU_ACTIVE_ANON]),
	FIELD(struct lru_cpu, add[LRU_INACTIVE_FILE]),
	FIELD(struct lru_cpu, add[LRU_ACTIVE_FILE]),
	FIELD(struct lru_cpu, freed),
	{ 0 },
};

const struct layout lru_cpu_layout = {
	"lru_add_pvecs", sizeof(struct lru_cpu), CLASS_ALLOCATOR, lru_cpu_fields
};

void lru_new(struct zones *zones)
{
	zones->lru = percpu_new(zones->memory->sim, struct lru_cpu, LINE, &lru_cpu_layout,
				"lru_add_pvecs");
	for (unsigned node = 0; zones->rules->lru && node < zones->memory->nodes; node++)
		for (unsigned list = 0; list < LRU_LISTS; list++)
			list_init(&zones->zone[node].lruvec->lists[list]);
}

static bool is_active(enum lru_list list)
{
	return list == LRU_ACTIVE_ANON || list == LRU_ACTIVE_FILE;
}

static bool is_file(enum lru_list list)
{
	return list == LRU_INACTIVE_FILE || list == LRU_ACTIVE_FILE;
}

/* ---- mappings ------------------------------------------------------------------------------ */

void map_anon(struct cpu *cpu, struct zones *zones, struct page *page)
{
	const struct memory *m = zones->memory;
	struct zone *zone = page_zone(zones, page);

	bit_set(cpu, page_flags(m, page), PG_SWAPBACKED);
	store(cpu, page_mapcount(m, page), 0);
	store(cpu, page_mapping(m, page), MAPPING_ANON);
	store(cpu, page_index(m, page), page_to_pfn(m, page));
	inc_zone_state(cpu, zone, ITEM_ANON_PAGES);
}

void unmap_anon(struct cpu *cpu, struct zones *zones, struct page *page)
{
	const struct memory *m = zones->memory;
	int32_t mapped = fetch_add(cpu, page_mapcount(m, page), -1);

	if (mapped != 0)
		BUG(cpu, "page %llu unmapped with _mapcount %d",
		    (unsigned long long)page_to_pfn(m, page), mapped);
	dec_zone_state(cpu, page_zone(zones, page), ITEM_ANON_PAGES);
}

bool clear_anon_mapping(struct cpu *cpu, const struct memory *m, struct page *page,
			uint64_t mapping)
{
	if (!(mapping & MAPPING_ANON))
		return false;
	store(cpu, page_mapping(m, page), 0);
	return true;
}

/* ---- the lists, under lru_lock ------------------------------------------------------------- */

/* The lock of the page's zone, where the last page's is held or none (NULL). */
static struct zone *lock_zone(struct cpu *cpu, struct zones *zones, struct zone *held,
			      struct page *page, bool *flags)
{
	struct zone *zone = page_zone(zones, page);

	if (zone == held)
		return held;
	if (held)
		spin_unlock_irqrestore(cpu, held->lru_lock, zones->lock, *flags);
	*flags = spin_lock_irqsave(cpu, zone->lru_lock, zones->lock);
	return zone;
}

static void unlock_zone(struct cpu *cpu, struct zone *held, bool flags)
{
	if (held)
		spin_unlock_irqrestore(cpu, held->lru_lock, held->all->lock, flags);
}

static void add_to_list(struct cpu *cpu, struct zone *zone, struct page *page, enum lru_list list)
{
	const struct memory *m = zone->all->memory;
	struct lruvec *lruvec = zone->lruvec;

	if (bit_set(cpu, page_flags(m, page), PG_LRU))
		BUG(cpu, "page %llu goes on the LRU twice",
		    (unsigned long long)page_to_pfn(m, page));
	if (is_active(list))
		bit_set(cpu, page_flags(m, page), PG_ACTIVE);
	list_add(cpu, page_lru(m, page), &lruvec->lists[list]);
	zone_count(cpu, zone, (enum zone_item)(ITEM_INACTIVE_ANON + list), 1);
	fetch_add_local(cpu, &lruvec->recent_scanned[is_file(list)], 1);
	if (is_active(list))
		fetch_add_local(cpu, &lruvec->recent_rotated[is_file(list)], 1);
}

/* `flags` as just read. */
static void del_from_list(struct cpu *cpu, struct zone *zone, struct page *page, uint64_t flags)
{
	const struct memory *m = zone->all->memory;
	bool file = !(flags >> PG_SWAPBACKED & 1), active = flags >> PG_ACTIVE & 1;
	enum lru_list list = (enum lru_list)(2 * file + active);

	bit_clear_local(cpu, page_flags(m, page), PG_LRU);
	if (active)
		bit_clear_local(cpu, page_flags(m, page), PG_ACTIVE);
	list_del(cpu, page_lru(m, page));
	zone_count(cpu, zone, (enum zone_item)(ITEM_INACTIVE_ANON + list), -1);
}

/* ---- giving back --------------------------------------------------------------------------- */

struct list_head *release_pages(struct cpu *cpu, struct zones *zones, struct page *const *page,
				unsigned count)
{
	const struct memory *m = zones->memory;
	struct list_head *freed = &this_cpu(cpu, zones->lru)->freed;
	struct zone *held = NULL;
	bool flags = false;

	store(cpu, &freed->next, freed);
	store(cpu, &freed->prev, freed);
	for (unsigned i = 0; i < count; i++) {
		int32_t references = fetch_add(cpu, page_count(m, page[i]), -1);
		uint64_t word;

		if (references < 1)
			BUG(cpu, "page %llu freed with %d references",
			    (unsigned long long)page_to_pfn(m, page[i]), references);
		if (references > 1)
			continue;
		word = load(cpu, page_flags(m, page[i]));
		if (zones->rules->lru && word >> PG_LRU & 1) {
			held = lock_zone(cpu, zones, held, page[i], &flags);
			del_from_list(cpu, held, page[i], word);
		}
		list_add(cpu, page_lru(m, page[i]), freed);
	}
	unlock_zone(cpu, held, flags);
	return freed;
}

void free_each(struct cpu *cpu, struct zones *zones, struct list_head *freed, free_released *free,
	       void *state)
{
	struct list_head *at = load(cpu, &freed->next);

	while (at != freed) {
		struct list_head *next = load(cpu, &at->next);

		free(cpu, state, lru_page(zones->memory, at));
		at = next;
	}
}

void lru_del(struct cpu *cpu, struct zones *zones, struct page *page)
{
	uint64_t word = load(cpu, page_flags(zones->memory, page));
	struct zone *held;
	bool flags = false;

	if (!(word >> PG_LRU & 1))
		return;
	held = lock_zone(cpu, zones, NULL, page, &flags);
	del_from_list(cpu, held, page, word);
	unlock_zone(cpu, held, flags);
}

/* ---- pagevecs ------------------------------------------------------------------------------ */

bool lru_add(struct cpu *cpu, struct zones *zones, struct page *page, enum lru_list list)
{
	struct pagevec *pagevec = &this_cpu(cpu, zones->lru)->add[list];
	uint64_t nr;

	fetch_add(cpu, page_count(zones->memory, page), 1);
	nr = load(cpu, &pagevec->nr);
	store(cpu, &pagevec->page[nr], page);
	store(cpu, &pagevec->nr, nr + 1);
	return nr + 1 == PAGEVEC_SIZE;
}

struct list_head *lru_flush(struct cpu *cpu, struct zones *zones, enum lru_list list)
{
	struct pagevec *pagevec = &this_cpu(cpu, zones->lru)->add[list];
	unsigned count = (unsigned)load(cpu, &pagevec->nr);
	struct page *page[PAGEVEC_SIZE];
	struct list_head *freed;
	struct zone *held = NULL;
	bool flags = false;

	for (unsigned i = 0; i < count; i++) {
		page[i] = load(cpu, &pagevec->page[i]);
		held = lock_zone(cpu, zones, held, page[i], &flags);
		add_to_list(cpu, held, page[i], list);
	}
	unlock_zone(cpu, held, flags);
	freed = release_pages(cpu, zones, page, count);
	store(cpu, &pagevec->nr, 0);
	return freed;
}

bool lru_waits(struct cpu *cpu, struct zones *zones, enum lru_list list)
{
	struct pagevec *pagevec = &this_cpu(cpu, zones->lru)->add[list];

	return load(cpu, &pagevec->nr) != 0;
}

/* ---- check: plain C, no CPU inside --------------------------------------------------------- */

/* Invariant (1) of one list; its pages are marked in m->seen. */
static bool check_list(const struct zone *zone, enum lru_list list, int64_t *length,
		       const struct report *report)
{
	const struct memory *m = zone->all->memory;
	const struct list_head *head = &zone->lruvec->lists[list], *last = head;

	for (struct list_head *at = head->next; at != head; at = at->next) {
		struct page *page = lru_page(m, at);
		uint64_t pfn = page_to_pfn(m, page);
		unsigned long long number = pfn;

		if (pfn >= m->pages || pfn_to_page(m, pfn) != page || at->prev != last)
			return failed(report, "LRU list %d is broken", list);
		if (m->seen[pfn]++)
			return failed(report, "page %llu is on the LRU and elsewhere", number);
		if (!(*page_flags(m, page) >> PG_LRU & 1))
			return failed(report, "page %llu is on the LRU without its mark", number);
		if (*page_count(m, page) < 1)
			return failed(report, "page %llu is on the LRU and free", number);
		last = at;
		++*length;
	}
	return head->prev == last || failed(report, "LRU list %d is broken", list);
}

bool lru_check(const struct zones *zones, const struct report *report)
{
	for (unsigned node = 0; node < zones->memory->nodes; node++) {
		const struct zone *zone = &zones->zone[node];

		for (enum lru_list list = LRU_INACTIVE_ANON; list < LRU_LISTS; list++) {
			unsigned number = zones->rules->item[ITEM_INACTIVE_ANON + list];
			int64_t length = 0, counted = zone->vm_stat[number];

			if (!check_list(zone, list, &length, report))
				return false;
			for (unsigned id = 0; id < sim_cpus(zones->memory->sim); id++)
				counted += zone_diff_of(zone, id, number);
			if (counted != length)
				return failed(report, "LRU list %d counts %lld pages, it has %lld",
					      list, (long long)counted, (long long)length);
		}
	}
	return true;
}
