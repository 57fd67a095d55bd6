/* pcp-spin: settings, set-up and check; see pcp_spin.c. */
#include <stdio.h>

#include "models/pages/pcp_spin.h"

enum { HIGH_FRACTION = 8 };             /* of the zone, that all CPUs together may keep */

static const struct layout mutex_layout = { "pcpu_drain_mutex", 8, CLASS_ALLOCATOR, NULL };

static const struct layout mask_layout = { "cpus_with_pcps", 8, CLASS_ALLOCATOR, NULL };

static const struct layout *const pcp_spin_layouts[] = {
	&pcp_lists_layout, &zonestat_layout, &zone_layout_6_12, &zone_layout_7_1,
	&zone_layout_7_1_unaccepted, &zone_layout_7_1_cma,
	&zone_layout_7_1_flags_apart, &zone_layout_7_1_lock_apart, &zone_layout_7_1_areas_apart,
	&zone_layout_7_1_both_apart, &vm_stat_layout_6,
	&vm_event_state_layout, &mem_section_layout, &mem_section_root_layout, &mutex_layout,
	&mask_layout, &pglist_data_layout, NULL,
};

/* Set-up and check alone: the pointer is read without an access. */
static struct pcp_lists *lists_of_cpu(const struct zone *zone, unsigned id)
{
	return per_cpu(zone->all->memory->sim, *zone->pcp_lists, id);
}

/* ---- set-up: plain C, before time zero ------------------------------------------------------- */

static const char *const variant_words[] = { "auto", "6.12", "7.1", NULL };
static const char *const zone_layout_words[] = {
	[LAYOUT_BASE] = "base", [LAYOUT_UNACCEPTED] = "unaccepted",
	[LAYOUT_CMA] = "unaccepted+cma", [LAYOUT_FLAGS_APART] = "flags-apart",
	[LAYOUT_LOCK_APART] = "lock-apart", [LAYOUT_AREAS_APART] = "areas-apart",
	[LAYOUT_BOTH_APART] = "both-apart", NULL
};

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

static void setup_lists(struct sim *sim, struct zone *zone, const struct pcp_spin_settings *set)
{
	int batch = set->batch ? (int)set->batch : zone_batch(zone->pages);
	unsigned cpus = cpus_of_node(sim, zone->node);
	int low = (int)(zone->watermark[WATERMARK_LOW] / cpus);
	int most = (int)(zone->pages / HIGH_FRACTION / cpus);
	int high_min = low > 4 * batch ? low : 4 * batch;
	int high_max = most > 4 * batch ? most : 4 * batch;

	if (set->high_min)
		high_min = (int)set->high_min;
	if (high_max < high_min)
		high_max = high_min;

	*zone->pcp_lists = percpu_new(sim, struct pcp_lists, LINE, &pcp_lists_layout,
				      "per_cpu_pages");
	for (unsigned id = 0; id < sim_cpus(sim); id++) {
		struct pcp_lists *pcp = lists_of_cpu(zone, id);

		spin_lock_init(&pcp->lock, LOCK_QUEUED);
		pcp->batch = batch;
		pcp->flags = set->free_high_batch ? FREE_HIGH_BATCH : 0;
		pcp->high_min = high_min;
		pcp->high_max = set->auto_tune ? high_max : high_min;
		for (unsigned i = 0; i < PCP_LISTS; i++)
			list_init(&pcp->lists[i]);
	}
}

static void *pcp_spin_create(struct sim *sim, struct memory *memory, const void *settings)
{
	const struct pcp_spin_settings *set = settings;
	struct pcp_spin *all = unseen_new(sim, sizeof *all);

	all->kernel = pcp_spin_kernel(set);
	all->zones = zones_new(sim, memory, &(struct zones_options){
		.kernel = all->kernel, .lock = LOCK_QUEUED,
		.rules = zone_rules_6(all->kernel, (enum zone_layout_6)set->zone_layout) });
	all->drain_mutex = arena_new(sim, uint64_t, 1, 0, LINE, &mutex_layout,
				     "pcpu_drain_mutex");
	all->mask = arena_new(sim, uint64_t, (sim_cpus(sim) + 63) / 64, 0, LINE, &mask_layout,
			      "cpus_with_pcps");
	for (unsigned node = 0; node < memory->nodes; node++)
		setup_lists(sim, &all->zones->zone[node], set);
	all->drain_chunk = set->drain_chunk;
	if (!set->drain_chunk && all->kernel >= KERNEL_7_1)
		all->drain_chunk = (uint64_t)lists_of_cpu(&all->zones->zone[0], 0)->batch;
	return all;
}

/* ---- check: plain C, no CPU inside ------------------------------------------------------------- */

static bool check_lists(const struct zone *zone, unsigned id, const struct report *report)
{
	const struct pcp_lists *pcp = lists_of_cpu(zone, id);
	uint64_t pages = 0;
	char owner[24];

	snprintf(owner, sizeof owner, "CPU %u", id);
	if (spin_lock_is_held(&pcp->lock, LOCK_QUEUED))
		return failed(report, "the lock of the lists of %s is held", owner);
	for (unsigned i = 0; i < PCP_LISTS; i++)
		if (!check_kept_list(zone, &pcp->lists[i], order_of_list(i), owner, &pages, report))
			return false;
	if (pcp->count < 0 || (uint64_t)pcp->count != pages)
		return failed(report, "%s counts %d pages, its lists have %llu", owner, pcp->count,
			      (unsigned long long)pages);
	if (pcp->high && (pcp->high < pcp->high_min || pcp->high > pcp->high_max))
		return failed(report, "%s may keep %d pages, not between %d and %d", owner,
			      pcp->high, pcp->high_min, pcp->high_max);
	see_state(report, "pages of a CPU",
		  how_many((uint64_t)pcp->count, (uint64_t)pcp->high, "none", "some",
			   "as many as it may keep"), NULL);
	return true;
}

static bool pcp_spin_walk(const void *state, const struct report *report)
{
	const struct pcp_spin *all = state;
	const struct memory *m = all->zones->memory;

	if (!zones_check(all->zones, report))
		return false;
	for (unsigned node = 0; node < m->nodes; node++)
		for (unsigned id = 0; id < sim_cpus(m->sim); id++)
			if (!check_lists(&all->zones->zone[node], id, report))
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
	const struct memory *m = all->zones->memory;
	uint64_t pages = zones_free_pages(all->zones);

	for (unsigned node = 0; node < m->nodes; node++)
		for (unsigned id = 0; id < sim_cpus(m->sim); id++)
			pages += (uint64_t)lists_of_cpu(&all->zones->zone[node], id)->count;
	return pages;
}

const struct page_allocator pcp_spin = {
	.name          = "pcp-spin",
	.summary       = "lists of pages per CPU under locks that are tried (Linux 6.12, 7.1)",
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
