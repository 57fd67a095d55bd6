/* A slab as check.c sees it, from 3.1: its state is in its counters. After page_31.h. */
#ifndef MODELS_SLUB_SLAB_VIEW_COUNTERS_H
#define MODELS_SLUB_SLAB_VIEW_COUNTERS_H

static inline struct slab_view slab_view(const struct page *head)
{
	const struct slab_page *page = (const struct slab_page *)head;

	if (!(page->flags >> PG_SLAB & 1))
		return (struct slab_view){ .cache = NULL };
	return (struct slab_view){
		.cache = page->slab, .freelist = page->freelist, .inuse = page->inuse,
		.objects = objects_in(page), .frozen = page->counters >> FROZEN_BIT & 1,
		.locked = page->flags >> PG_LOCKED & 1, .next = (struct page *)page->next,
	};
}

#endif
