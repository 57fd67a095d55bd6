/* magazine: its structs as reports name them, settings, set-up, check; see magazine.c. */
#include <stdio.h>

#include "models/pages/magazine.h"

static const struct field on_stack_fields[] = {
	FIELD(struct on_stack, pages),
	{ 0 },
};

static const struct layout on_stack_layout = {
	"stack", sizeof(struct on_stack), CLASS_ALLOCATOR, on_stack_fields
};

static const struct field process_magazine_fields[] = {
	FIELD(struct process_magazine, free.lock),
	FIELD(struct process_magazine, free.free_list[UNMOVABLE]),
	FIELD(struct process_magazine, free.free_list[RECLAIMABLE]),
	FIELD(struct process_magazine, free.free_list[MOVABLE]),
	FIELD(struct process_magazine, free.nr_free),
	FIELD(struct process_magazine, chain),
	FIELD(struct process_magazine, owner),
	{ 0 },
};

static const struct layout process_magazine_layout = {
	"process_magazine", sizeof(struct process_magazine), CLASS_ALLOCATOR,
	process_magazine_fields
};

static const struct field chain_fields[] = {
	FIELD(struct magazine_chain, lock),
	FIELD(struct magazine_chain, head),
	{ 0 },
};

static const struct layout chain_layout = {
	"magazine_chain", sizeof(struct magazine_chain), CLASS_ALLOCATOR, chain_fields
};

static const struct layout *const magazine_layouts[] = {
	&zone_layout_magazine_posted, &zone_layout_magazine_aligned, &pageset_layout_magazine,
	&free_magazine_layout, &process_magazine_layout, &chain_layout, &on_stack_layout,
	&vm_event_state_layout, &pageblock_flags_layout, &mem_section_layout,
	&mem_section_root_layout, &vm_stat_layout_3_9, &lru_cpu_layout, NULL,
};

/* ---- set-up: plain C, before time zero --------------------------------------------------- */

static const char *const layout_words[] = {
	[LAYOUT_POSTED] = "posted", [LAYOUT_ALIGNED] = "aligned", NULL
};

#define PAGES(member, most, default_, help_) \
	SETTING(struct magazine_settings, member, COUNT, .min = 1, .max = most, \
		.fallback = default_, .unit = "pages", .help = help_)

static const struct setting magazine_settings[] = {
	SETTING(struct magazine_settings, variant, WORD, .fallback = "posted",
		.words = layout_words,
		.help = "where magazines lie: posted as the series has them, two locks and lists "
			"in three lines; aligned: each in a line of its own"),
	SETTING(struct magazine_settings, magazines, COUNT, .min = 1, .max = MAGAZINES_MAX,
		.fallback = "2",
		.help = "magazines of a zone, a power of two; CPUs 2n and 2n + 1 prefer n modulo "
			"this"),
	PAGES(limit, 1048576, "1024", "a free that makes a magazine so large drains it"),
	PAGES(refill_min, 65536, "16", "a refill may end after more than so many pages if somebody "
				       "waits for the zone"),
	PAGES(refill_max, 65536, "384", "pages of a refill"),
	PAGES(drain_min, 65536, "16", "a drain may end after more than so many pages if somebody "
				      "waits for the magazine"),
	PAGES(drain_max, 65536, "64", "pages of a drain"),
	SETTING(struct magazine_settings, process_magazines, COUNT, .min = 0, .max = 4096,
		.fallback = "0",
		.help = "processes 1 to this have a magazine of their own in each zone, all of "
			"them in a chain for drains; not in the series but for one sentence"),
	SETTING(struct magazine_settings, reserve_blocks, COUNT, .min = 0, .max = 2,
		.fallback = "2", .unit = "pageblocks",
		.help = "2 MiB blocks of each zone set aside for emergencies, at most"),
	{ 0 },
};

/* The largest power of two that is no larger. */
static unsigned power_of_two(uint64_t n)
{
	unsigned power = 1;

	while (2 * power <= n)
		power *= 2;
	return power;
}

static void setup_process_magazines(struct sim *sim, struct magazines *all)
{
	unsigned nodes = all->zones->memory->nodes;
	size_t count = all->set.process_magazines;

	all->chain = arena_new(sim, struct magazine_chain, nodes, 0, LINE, &chain_layout,
			       "magazine_chain");
	for (unsigned node = 0; node < nodes; node++) {
		spin_lock_init(&all->chain[node].lock, LOCK_TICKET);
		list_init(&all->chain[node].head);
	}
	if (!count)
		return;
	all->process = arena_new(sim, struct process_magazine, nodes * count, 0, LINE,
				 &process_magazine_layout, "process_magazine");
	for (size_t i = 0; i < nodes * count; i++) {
		spin_lock_init(&all->process[i].free.lock, LOCK_TICKET);
		for (unsigned type = 0; type < PCP_TYPES; type++)
			list_init(&all->process[i].free.free_list[type]);
	}
}

static void *magazine_create(struct sim *sim, struct memory *memory, const void *settings)
{
	const struct magazine_settings *set = settings;
	struct magazines *all = unseen_new(sim, sizeof *all);

	all->set = *set;
	all->zones = zones_new(sim, memory, &(struct zones_options){
		.kernel = KERNEL_3_9, .rules = &magazine_rules[set->variant],
		.lock = LOCK_TICKET, .magazines = power_of_two(set->magazines),
		.reserve_blocks = set->reserve_blocks,
		.free_group = magazine_free_group });
	all->on_stack = percpu_new(sim, struct on_stack, LINE, &on_stack_layout, "stack");
	all->listed = unseen_new(sim, memory->pages);
	setup_process_magazines(sim, all);
	return all;
}

static const struct page_view *magazine_view(const void *settings)
{
	(void)settings;
	return &page_view_aligned_64;
}

static enum kernel magazine_kernel(const void *settings)
{
	(void)settings;
	return KERNEL_3_9;
}

/* ---- check: plain C, no CPU inside ------------------------------------------------------- */

static bool check_magazine(const struct zone *zone, const struct free_magazine *m,
			   const char *owner, const struct report *report)
{
	uint64_t pages = 0;

	if (spin_lock_is_held(&m->lock, LOCK_TICKET))
		return failed(report, "the lock of %s is held", owner);
	for (unsigned type = 0; type < PCP_TYPES; type++)
		if (!check_kept_list(zone, &m->free_list[type], 0, owner, &pages, report))
			return false;
	if (m->nr_free != pages)
		return failed(report, "%s counts %llu pages, its lists have %llu", owner,
			      (unsigned long long)m->nr_free, (unsigned long long)pages);
	see_state(report, "magazine", pages ? "with pages" : "empty", NULL);
	return true;
}

static bool is_chained(const struct magazine_chain *chain, const struct process_magazine *own)
{
	for (const struct list_head *at = chain->head.next; at != &chain->head; at = at->next)
		if (at == &own->chain)
			return true;
	return false;
}

static bool check_process_magazines(const struct magazines *all, const struct zone *zone,
				    const struct report *report)
{
	const struct magazine_chain *chain = &all->chain[zone->node];

	if (spin_lock_is_held(&chain->lock, LOCK_TICKET))
		return failed(report, "the lock of a chain of magazines is held");
	for (uint64_t i = 0; i < all->set.process_magazines; i++) {
		const struct process_magazine *own =
			&all->process[zone->node * all->set.process_magazines + i];
		char owner[48];

		snprintf(owner, sizeof owner, "the magazine of process %llu",
			 (unsigned long long)i + 1);
		if (!check_magazine(zone, &own->free, owner, report))
			return false;
		if ((own->owner || own->free.nr_free) && !is_chained(chain, own))
			return failed(report, "%s is in no chain", owner);
	}
	return true;
}

static bool magazine_check(const void *state, const struct report *report)
{
	const struct magazines *all = state;

	if (!zones_check(all->zones, report))
		return false;
	for (unsigned node = 0; node < all->zones->memory->nodes; node++) {
		const struct zone *zone = &all->zones->zone[node];

		for (unsigned i = 0; i < all->zones->magazines; i++) {
			char owner[24];

			snprintf(owner, sizeof owner, "magazine %u", i);
			if (!check_magazine(zone, zone->magazine[i], owner, report))
				return false;
		}
		if (!check_process_magazines(all, zone, report))
			return false;
	}
	return lru_check(all->zones, report);
}

static uint64_t magazine_free_pages(const void *state)
{
	const struct magazines *all = state;
	uint64_t pages = zones_free_pages(all->zones);

	for (unsigned node = 0; node < all->zones->memory->nodes; node++) {
		uint64_t first = node * all->set.process_magazines;

		for (unsigned i = 0; i < all->zones->magazines; i++)
			pages += all->zones->zone[node].magazine[i]->nr_free;
		for (uint64_t i = first; i < first + all->set.process_magazines; i++)
			pages += all->process[i].free.nr_free;
	}
	return pages;
}

const struct page_allocator magazine = {
	.name          = "magazine",
	.summary       = "pages shared in magazines under spinlocks (prototype of May 2013)",
	.version       = "a prototype of May 2013 on Linux 3.9",
	.year          = 2013,
	.brings        = "two magazines of single pages that all CPUs share, under spinlocks: "
			 "no interrupts off, nobody is called for a drain",
	.settings      = magazine_settings,
	.settings_size = sizeof(struct magazine_settings),
	.view          = magazine_view,
	.kernel        = magazine_kernel,
	.layouts       = magazine_layouts,
	.create        = magazine_create,
	.alloc         = magazine_alloc,
	.free          = magazine_free,
	ZONED_PAGES,
	.group         = 14,
	.drain_all     = magazine_drain_all,
	.tick          = zoned_tick,
	.process_exit  = magazine_process_exit,
	.check         = magazine_check,
	.free_pages    = magazine_free_pages,
};
