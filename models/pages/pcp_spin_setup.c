/* pcp-spin: settings, set-up and check; see pcp_spin.c. */
#include <stdio.h>

#include "models/pages/pcp_spin.h"

static const struct layout *const pcp_spin_layouts[] = {
	&pcp_lists_layout, &zonestat_layout, &zone_layout_6_12, &zone_layout_7_1,
	&zone_layout_7_1_unaccepted, &zone_layout_7_1_cma,
	&zone_layout_7_1_flags_apart, &zone_layout_7_1_lock_apart, &zone_layout_7_1_areas_apart,
	&zone_layout_7_1_both_apart, &vm_stat_layout_6,
	&vm_event_state_layout, &mem_section_layout, &mem_section_root_layout, &drain_mutex_layout,
	&pcp_mask_layout, &pglist_data_layout, NULL,
};

/* ---- set-up: plain C, before time zero ------------------------------------------------------- */

static const char *const variant_words[] = { "auto", "6.12", "7.1", NULL };
static const struct setting pcp_spin_settings[] = {
	SETTING(struct pcp_spin_settings, variant, WORD, .fallback = "auto",
		.words = variant_words,
		.help = "the release; auto: that of the object allocator, 7.1 without one"),
	SETTING(struct pcp_spin_settings, zone_layout, WORD, .fallback = "base",
		.words = zone_layout_words,
		.help = "struct zone of 7.1 by the kernel's configuration: where flags and lock "
			"lie; 6.12 has one layout; those that end in apart no kernel has"),
	SETTING(struct pcp_spin_settings, batch, COUNT, .min = 1, .max = 511, .fallback = "-",
		.unit = "pages",
		.help = "pages of a small refill; default by the size of the zone"),
	SETTING(struct pcp_spin_settings, high_min, COUNT, .min = 1, .max = 1048576,
		.fallback = "-", .unit = "pages",
		.help = "pages that a CPU may always keep; default its share of the LOW watermark, "
			"at least four batches"),
	SETTING(struct pcp_spin_settings, drain_chunk, COUNT, .min = 1, .max = 1048576,
		.fallback = "-", .unit = "pages",
		.help = "pages that a drain frees under one hold of the locks; default a batch in "
			"7.1, all in 6.12"),
	SETTING(struct pcp_spin_settings, auto_tune, SWITCH, .fallback = "true",
		.help = "what a CPU may keep follows what it does; false: it is fixed at high_min"),
	SETTING(struct pcp_spin_settings, free_high_batch, SWITCH, .fallback = "true",
		.help = "blocks freed in a burst stay until there is a batch of pages, as where a "
			"CPU's share of the last cache holds more than three batches (of 63: 756 KiB), "
			"on all machines here but graviton2 and textbook; false: each goes at once"),
	{ 0 },
};

static void pcp_spin_fit(void *settings, enum kernel kernel)
{
	struct pcp_spin_settings *set = settings;

	if (set->variant == 0)
		set->variant = kernel == KERNEL_6_12 ? 1 : 2;
}

static enum kernel pcp_spin_kernel(const void *settings)
{
	const struct pcp_spin_settings *set = settings;

	return set->variant == 1 ? KERNEL_6_12 : KERNEL_7_1;
}

static const struct page_view *pcp_spin_view(const void *settings)
{
	(void)settings;
	return &page_view_6_12;
}

static void *pcp_spin_create(struct sim *sim, struct memory *memory, const void *settings)
{
	const struct pcp_spin_settings *set = settings;
	struct pcp_spin *all = unseen_new(sim, sizeof *all);
	enum kernel kernel = pcp_spin_kernel(set);
	struct zones *zones = zones_new(sim, memory, &(struct zones_options){
		.kernel = kernel, .lock = LOCK_QUEUED,
		.rules = zone_rules_6(kernel, (enum zone_layout_6)set->zone_layout) });

	pcp_zones_new(&all->shared, zones);
	for (unsigned node = 0; node < memory->nodes; node++)
		pcp_lists_new(&zones->zone[node], &(struct pcp_options){
			set->batch, set->high_min, set->auto_tune, set->free_high_batch, PCP_LISTS, &pcp_lists_layout });
	all->drain_chunk = set->drain_chunk;
	if (!set->drain_chunk && kernel >= KERNEL_7_1)
		all->drain_chunk = (uint64_t)pcp_lists_at(&zones->zone[0], 0)->batch;
	return all;
}

/* ---- check: plain C, no CPU inside ------------------------------------------------------------- */

static bool check_lists(const struct zone *zone, unsigned id, const struct report *report)
{
	const struct pcp_lists *pcp = pcp_lists_at(zone, id);
	uint64_t pages = 0;
	char owner[24];

	snprintf(owner, sizeof owner, "CPU %u", id);
	for (unsigned i = 0; i < PCP_LISTS; i++)
		if (!check_kept_list(zone, &pcp->lists[i], order_of_list(i), owner, &pages, report))
			return false;
	return check_pcp(zone, id, pages, 0, report);
}

static bool pcp_spin_walk(const void *state, const struct report *report)
{
	const struct pcp_spin *all = state;
	const struct memory *m = all->shared.zones->memory;

	if (!zones_check(all->shared.zones, report))
		return false;
	for (unsigned node = 0; node < m->nodes; node++)
		for (unsigned id = 0; id < sim_cpus(m->sim); id++)
			if (!check_lists(&all->shared.zones->zone[node], id, report))
				return false;
	return true;
}

static bool pcp_spin_check(const void *state, char *why, size_t size)
{
	const struct report report = { .why = why, .size = size };

	return pcp_spin_walk(state, &report);
}

static uint64_t pcp_spin_free_pages(const void *state)
{
	const struct pcp_spin *all = state;

	return pcp_6_free_pages(&all->shared);
}

const struct page_allocator pcp_spin = {
	.name          = "pcp-spin",
	.summary       = "lists of pages per CPU under locks that are tried (Linux 6.12, 7.1)",
	.version       = "Linux 6.12 and 7.1",
	.year          = 2024,
	.brings        = "lists of blocks too, under locks that are tried, interrupts on; a "
			 "drain of all takes the locks of others; what a CPU keeps "
			 "follows what it does",
	.settings      = pcp_spin_settings,
	.settings_size = sizeof(struct pcp_spin_settings),
	.fit           = pcp_spin_fit,
	.view          = pcp_spin_view,
	.kernel        = pcp_spin_kernel,
	.layouts       = pcp_spin_layouts,
	.create        = pcp_spin_create,
	.alloc         = pcp_spin_alloc,
	.free          = pcp_spin_free,
	.group         = FOLIO_BATCH,
	.free_batch    = pcp_spin_free_batch,
	.drain_all     = pcp_spin_drain_all,
	.tick          = pcp_spin_tick,
	.check         = pcp_spin_check,
	.walk          = pcp_spin_walk,
	.free_pages    = pcp_spin_free_pages,
	.free_blocks   = zoned_free_blocks,
};
