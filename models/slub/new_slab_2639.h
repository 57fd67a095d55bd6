/*
 * Slabs come from the page allocator and go back to it, Linux 2.6.39 to 3.19. Where there are no
 * pages for a slab as usual (s->oo), one that holds an object will do (s->min). After an era_*.h.
 *
 * Chosen: a slab's address goes last when it is discarded; the page allocator takes no page with one.
 * Left out: debugging (flags are looked at, never set), constructors, requests for a certain node,
 * kmem_cache_shrink, memory control groups.
 */
#ifndef MODELS_SLUB_NEW_SLAB_2639_H
#define MODELS_SLUB_NEW_SLAB_2639_H

#include "models/slub/new_pages.h"

static inline struct slab_page *allocate_slab_pages(struct cpu *cpu, struct slub *slub, uint64_t oo,
						    unsigned gfp)
{
	unsigned order = (unsigned)(oo >> OO_SHIFT);

	if (order > 0)
		gfp |= GFP_COMP;
	return (struct slab_page *)pages_alloc(cpu, slub->pages, order, gfp);
}

static inline struct slab_page *allocate_slab(struct cpu *cpu, struct slub *slub,
					      struct kmem_cache *s, unsigned gfp)
{
	bool on = !(gfp & GFP_ATOMIC);
	struct slab_page *page;
	uint64_t oo;

	if (on && era.links_irqs_off)
		irq_enable(cpu);
	oo = load(cpu, &s->oo);
	gfp = (gfp & ~(unsigned)GFP_ZERO) | load(cpu, &s->allocflags);
	page = allocate_slab_pages(cpu, slub, oo, gfp);
	if (!page) {
		oo = load(cpu, &s->min);
		page = allocate_slab_pages(cpu, slub, oo, gfp);
	}
	if (on && era.links_irqs_off)
		irq_disable(cpu);
	if (!page)
		return NULL;
	relabel_slab(cpu, slub, s, page, (unsigned)(oo >> OO_SHIFT));
	set_page_objects(cpu, page, oo & OO_MASK);
	count_slab(cpu, slub, s, page, 1 << (oo >> OO_SHIFT));
	return page;
}

/* Of a slab: its head says whether it has one, the next page struct which. */
static inline unsigned slab_order(struct cpu *cpu, struct slub *slub, struct slab_page *page)
{
	uint64_t flags = load(cpu, &page->flags);

	if (!(flags >> PG_HEAD & 1))
		return 0;
	return (unsigned)load(cpu, compound_order(slub->memory, (struct page *)page));
}

/*
 * Links all objects of the slab, in ascending order. What the loop needs is read again for each, as
 * the stores might change it; until 3.10 the first object points to itself for a moment.
 */
static inline void link_objects(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct slab_page *page)
{
	char *first = page_address(slub->memory, (struct page *)page);
	unsigned left = 1;

	for (unsigned i = era.links_once ? 1 : 0; left; i++) {
		unsigned offset, size, last = i > 0 ? i - 1 : 0;
		void *next;

		(void)load(cpu, &s->flags);     /* debugged? */
		(void)load(cpu, &s->ctor);      /* none here */
		offset = (unsigned)load(cpu, &s->offset);
		size = (unsigned)load(cpu, &s->size);
		left = page_objects(cpu, page) - i;
		next = left ? first + (size_t)i * size : list_end_of(first);
		store(cpu, free_pointer(first + (size_t)last * size, offset / WORD), next);
	}
}

/* Its first state is up to the version: new_slab_state(). */
static inline void new_slab_state(struct cpu *cpu, struct slub *slub, struct slab_page *page);

/* A new slab; interrupts come on meanwhile if the caller may sleep. */
static inline struct slab_page *slab_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
					 unsigned gfp)
{
	bool on = !(gfp & GFP_ATOMIC) && !era.links_irqs_off;
	struct slab_page *page;

	if (on)
		irq_enable(cpu);
	page = allocate_slab(cpu, slub, s, gfp);
	if (page) {
		struct kmem_cache_node *n;

		if (era.new_reads_order)
			slab_order(cpu, slub, page);
		n = node_of(cpu, slub, s, page);
		fetch_add(cpu, &n->nr_slabs, 1);
		fetch_add(cpu, &n->total_objects, objects_in(page));
		store(cpu, &page->slab, s);
		bit_set_local(cpu, &page->flags, PG_SLAB);
		set_slab_address(cpu, slub, page);
		link_objects(cpu, slub, s, page);
		new_slab_state(cpu, slub, page);
	}
	if (on)
		irq_disable(cpu);
	return page;
}

static inline void slab_discard(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct slab_page *page)
{
	uint64_t flags = load(cpu, &page->flags);
	unsigned objects = page_objects(cpu, page), order;
	struct kmem_cache_node *n = load(cpu, cache_node(s, flags >> PG_NODE_SHIFT));

	fetch_add(cpu, &n->nr_slabs, -1);
	fetch_add(cpu, &n->total_objects, -(int64_t)objects);
	(void)load(cpu, &s->flags);             /* freed by RCU? */
	order = slab_order(cpu, slub, page);
	slab_debug(cpu, s, page);
	count_slab(cpu, slub, s, page, -(1 << order));
	if (era.checks_pfmemalloc)
		bit_clear_local(cpu, &page->flags, PG_ACTIVE);
	bit_clear_local(cpu, &page->flags, PG_SLAB);
	store(cpu, &page->_mapcount, UINT32_MAX);       /* of an unused page */
	clear_slab_address(cpu, page);
	relabel_slab(cpu, slub, NULL, page, order);
	pages_free(cpu, slub->pages, (struct page *)page, order);
}

#endif
