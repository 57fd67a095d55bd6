/*
 * A slab as check.c sees it, until 3.0: its state is a count and bits of page->flags. After
 * lookup_*.h.
 */
#ifndef MODELS_SLUB_SLAB_VIEW_FLAGS_H
#define MODELS_SLUB_SLAB_VIEW_FLAGS_H

static inline struct slab_view slab_view(const struct page *head)
{
	const struct slab_page *page = (const struct slab_page *)head;

	if (!(page->flags >> PG_SLAB & 1))
		return (struct slab_view){ 0 };
	return (struct slab_view){
		.cache = page->slab, .freelist = page->freelist, .inuse = page->inuse,
		.objects = objects_in(page), .frozen = page->flags >> PG_FROZEN & 1,
		.locked = page->flags >> PG_LOCKED & 1,
	};
}

#endif
