/* pcp: layouts, settings, set-up and check; see pcp.c. */
#include <stdio.h>

#include "models/pages/pcp.h"

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

/* ---- set-up: plain C, before time zero ----------------------------------------------------- */

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

static bool pcp_check(const void *state, const struct report *report)
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
	.version       = "Linux 2.6.22, 2.6.24 and 3.9",
	.year          = 2013,
	.brings        = "lists of single pages of each CPU in front of the zone; a drain of "
			 "all calls the CPUs",
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
	.free_pages    = pcp_free_pages,
};
