/* pcp-spin: settings, set-up and check; see pcp_spin.c. */
#include "models/pages/pcp_spin.h"

static const struct layout *const pcp_spin_layouts[] = {
	&pcp_lists_layout, &zonestat_layout, &zone_layout_6_12, PCP_6_LAYOUTS,
};

/* ---- set-up: plain C, before time zero ------------------------------------------------------- */

static const char *const variant_words[] = { "auto", "6.12", "7.1", NULL };
static const struct setting pcp_spin_settings[] = {
	SETTING(struct pcp_spin_settings, variant, WORD, .fallback = "auto",
		.words = variant_words,
		.help = "the release; auto: that of the object allocator, 7.1 without one. "
			"zone_layout is of 7.1 alone"),
	PCP_6_SETTINGS("pages that a drain frees under one hold of the locks; default a batch in 7.1, "
		       "all in 6.12"),
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

static const struct pcp_kind pcp_spin_kind = { PCP_LISTS, order_of_list, &pcp_lists_layout };

static void *pcp_spin_create(struct sim *sim, struct memory *memory, const void *settings)
{
	const struct pcp_spin_settings *set = settings;
	struct pcp_spin *all = unseen_new(sim, sizeof *all);
	enum kernel kernel = pcp_spin_kernel(set);
	struct zones *zones = zones_new(sim, memory, &(struct zones_options){
		.kernel = kernel, .lock = LOCK_QUEUED,
		.rules = zone_rules_6(kernel, (enum zone_layout_6)set->shared.zone_layout) });

	pcp_6_new(&all->shared, zones, &set->shared, &pcp_spin_kind);
	all->drain_chunk = set->shared.drain_chunk;
	if (!all->drain_chunk && kernel >= KERNEL_7_1)
		all->drain_chunk = (uint64_t)pcp_lists_at(&zones->zone[0], 0)->batch;
	return all;
}

/* ---- check: plain C, no CPU inside ------------------------------------------------------------- */

static bool pcp_spin_check(const void *state, const struct report *report)
{
	const struct pcp_spin *all = state;

	return pcp_6_walk(&all->shared, NULL, report);
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
	.free_frozen   = pcp_spin_free_frozen,
	.group         = FOLIO_BATCH,
	.free_batch    = pcp_spin_free_batch,
	.drain_all     = pcp_spin_drain_all,
	.tick          = pcp_spin_tick,
	.check         = pcp_spin_check,
	.free_pages    = pcp_spin_free_pages,
	.free_blocks   = zoned_free_blocks,
};
