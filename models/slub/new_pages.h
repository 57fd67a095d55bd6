/* Pages that become a slab, or cease to be one: their names in reports, and the zone's count. After
 * an era_*.h. */
#ifndef MODELS_SLUB_NEW_PAGES_H
#define MODELS_SLUB_NEW_PAGES_H

#include "models/slub/slab.h"

static inline void relabel_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct slab_page *page, unsigned order)
{
	struct memory *m = slub->memory;
	uint64_t pfn = page_to_pfn(m, (struct page *)page);

	page_relabel(cpu, m, (struct page *)page, s ? &slab_page_layout : NULL);
	for (uint64_t i = 1; i < 1ull << order; i++)
		page_relabel(cpu, m, pfn_to_page(m, pfn + i), s ? &tail_page_layout : NULL);
	if (s)
		frames_relabel(cpu, m, (struct page *)page, order, &object_layout, (size_t)s->size,
			       s->object_label);
	else
		frames_relabel(cpu, m, (struct page *)page, order, NULL, 0, NULL);
}

static inline void count_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			      struct slab_page *page, int pages)
{
	uint64_t flags = load(cpu, &s->flags);

	pages_count_slab(cpu, slub->pages, (struct page *)page, flags >> SLAB_RECLAIM_ACCOUNT & 1,
			 pages);
}

#endif
