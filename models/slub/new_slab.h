/*
 * Slabs come from the page allocator and go back to it. After an era_*.h.
 *
 * Follows: mm/slub.c, Linux 2.6.22 and 2.6.24. Left out: debugging (the flag is looked at, never
 * set), constructors, requests for a certain node, kmem_cache_shrink; the table of nodes that
 * virt_to_page reads in 2.6.22, which nobody writes.
 */
#ifndef MODELS_SLUB_NEW_SLAB_H
#define MODELS_SLUB_NEW_SLAB_H

#include "models/slub/new_pages.h"

static inline struct slab_page *allocate_slab(struct cpu *cpu, struct slub *slub,
					      struct kmem_cache *s, unsigned gfp)
{
	struct slab_page *page;
	uint64_t flags = load(cpu, &s->flags);
	unsigned order = (unsigned)load(cpu, &s->order);

	gfp &= ~(unsigned)GFP_ZERO;
	if (flags >> SLAB_RECLAIM_ACCOUNT & 1)
		gfp |= GFP_RECLAIMABLE;
	if (order > 0)
		gfp |= GFP_COMP;
	page = (struct slab_page *)pages_alloc(cpu, slub->pages, order, gfp);
	if (!page)
		return NULL;
	relabel_slab(cpu, slub, s, page, order);
	count_slab(cpu, slub, s, page, 1 << order);
	return page;
}

static inline void setup_page(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page)
{
	setup_offset(cpu, s, page);
	store(cpu, &page->slab, s);
	bit_set_local(cpu, &page->flags, PG_SLAB);
	(void)load(cpu, &s->flags);             /* debugged? */
}

/*
 * Links all objects of the slab, in ascending order. What the loop needs of the cache is read again
 * for each, as the stores might change it; the first object points to itself for a moment.
 */
static inline void link_objects(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct slab_page *page)
{
	char *object = page_address(slub->memory, (struct page *)page), *last = object;
	int linked = 0, left;

	do {
		int offset, size;

		(void)load(cpu, &s->flags);     /* debugged? */
		(void)load(cpu, &s->ctor);      /* none here */
		offset = load(cpu, &s->offset);
		size = load(cpu, &s->size);
		left = load(cpu, &s->objects) - linked++;
		store(cpu, free_pointer(last, (unsigned)offset / WORD), left ? object : NULL);
		last = object;
		object += size;
	} while (left);
}

/* A new slab, not yet frozen, unlocked; interrupts come on meanwhile if the caller may sleep. */
static inline struct slab_page *slab_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
					 unsigned gfp)
{
	bool sleeps = !(gfp & GFP_ATOMIC);
	struct slab_page *page;

	if (sleeps)
		irq_enable(cpu);
	page = allocate_slab(cpu, slub, s, gfp);
	if (page) {
		struct kmem_cache_node *n = node_of(cpu, slub, s, page);

		fetch_add(cpu, &n->nr_slabs, 1);
		setup_page(cpu, s, page);
		link_objects(cpu, slub, s, page);
		store(cpu, &page->freelist, page_address(slub->memory, (struct page *)page));
		setup_private_list(cpu, page);
		store(cpu, &page->inuse, 0);
	}
	if (sleeps)
		irq_disable(cpu);
	return page;
}

static inline void slab_discard(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct slab_page *page)
{
	struct kmem_cache_node *n = node_of(cpu, slub, s, page);
	unsigned order;

	fetch_add(cpu, &n->nr_slabs, -1);
	store(cpu, &page->_mapcount, UINT32_MAX);       /* of an unused page */
	if (era.clears_debug)
		bit_clear_local(cpu, &page->flags, PG_DEBUG);
	bit_clear_local(cpu, &page->flags, PG_SLAB);
	(void)load(cpu, &s->flags);             /* freed by RCU? */
	order = (unsigned)load(cpu, &s->order);
	slab_debug(cpu, s, page);
	count_slab(cpu, slub, s, page, -(1 << order));
	if (era.slab_over_mapping)
		store(cpu, &page->mapping, 0);
	relabel_slab(cpu, slub, NULL, page, order);
	pages_free(cpu, slub->pages, (struct page *)page, order);
}

#endif
