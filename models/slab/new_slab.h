/*
 * Slabs of the slab allocator: pages and a descriptor, at their start (on-slab) or an object of another
 * cache (off-slab), which is allocated and freed as any.
 *
 *	none       -- cache_grow: colour, pages, descriptor, then the list_lock --> slabs_free
 *	slabs_free -- slab_destroy, off its list, whatever lock is held --------> none
 */
#ifndef MODELS_SLAB_NEW_SLAB_H
#define MODELS_SLAB_NEW_SLAB_H

#include "models/slab/slab.h"

/* By the page struct of the object's own page. */
static inline struct slab *slab_of(struct cpu *cpu, const struct slabs *slabs, const void *object)
{
	struct slab_page *page = (struct slab_page *)virt_to_page(slabs->memory, object);

	(void)load(cpu, &page->flags);          /* no tail of a compound page: slabs are none */
	return load(cpu, &page->lru.prev);
}

static inline void count_slab(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
			      struct page *page, int pages)
{
	uint32_t flags = load(cpu, &s->flags);

	pages_count_slab(cpu, slabs->pages, page, flags >> SLAB_RECLAIM_ACCOUNT & 1, pages);
}

static inline struct slab_page *page_number(const struct slabs *slabs, struct page *first,
					    unsigned i)
{
	uint64_t pfn = page_to_pfn(slabs->memory, first);

	return (struct slab_page *)pfn_to_page(slabs->memory, pfn + i);
}

static inline struct page *get_pages(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
				     unsigned gfp)
{
	unsigned order;
	struct page *page;

	gfp = (gfp & ~(unsigned)GFP_ZERO) | load(cpu, &s->gfpflags);
	order = load(cpu, &s->gfporder);
	page = pages_alloc(cpu, slabs->pages, order, gfp);
	if (!page)
		return NULL;
	count_slab(cpu, slabs, s, page, 1 << order);
	for (unsigned i = 0; i < 1u << order; i++) {
		struct slab_page *one = page_number(slabs, page, i);

		page_relabel(cpu, slabs->memory, (struct page *)one, &slab_page_layout);
		bit_set_local(cpu, &one->flags, PG_SLAB);
	}
	return page;
}

static inline void put_pages(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
			     struct page *page)
{
	unsigned order = load(cpu, &s->gfporder);

	count_slab(cpu, slabs, s, page, -(1 << order));
	for (unsigned i = 0; i < 1u << order; i++) {
		struct slab_page *one = page_number(slabs, page, i);

		bit_clear_local(cpu, &one->flags, PG_SLAB);
		page_relabel(cpu, slabs->memory, (struct page *)one, NULL);
	}
	frames_relabel(cpu, slabs->memory, page, order, NULL, 0, NULL);
	pages_free(cpu, slabs->pages, page, order);
}

static inline bool is_off_slab(struct cpu *cpu, struct kmem_cache *s)
{
	uint32_t flags = load(cpu, &s->flags);

	return flags >> CFLGS_OFF_SLAB & 1;
}

static inline void *cache_alloc(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
				unsigned gfp);
static inline void cache_free(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
			      void *object);

/* The descriptor of a slab at `pages`, *offset bytes from its start or off it; *offset becomes that
 * of the first object. NULL: no memory. */
static inline struct slab *descriptor_new(struct cpu *cpu, struct slabs *slabs,
					  struct kmem_cache *s, char *pages, uint64_t *offset,
					  unsigned gfp)
{
	struct slab *slab = (struct slab *)(pages + *offset);

	if (is_off_slab(cpu, s)) {
		struct kmem_cache *descriptors = load(cpu, &s->slabp_cache);

		slab = cache_alloc(cpu, slabs, descriptors, gfp & ~(unsigned)GFP_ZERO);
		path(cpu, "grow");
		if (!slab)
			return NULL;
	} else {
		*offset += load(cpu, &s->slab_size);
	}
	store(cpu, &slab->inuse, 0);
	store(cpu, &slab->colouroff, *offset);
	store(cpu, &slab->s_mem, pages + *offset);
	store(cpu, &slab->nodeid, (uint16_t)cpu_node(cpu));
	store(cpu, &slab->free, 0);
	return slab;
}

/* Objects and descriptor, by what they are called in reports. */
static inline void relabel_slab(struct cpu *cpu, const struct slabs *slabs,
				const struct kmem_cache *s, struct slab *slab, char *objects)
{
	const struct cache_names *names = slab_names(slabs, s);

	relabel(cpu, objects, (size_t)s->num * s->buffer_size, &slab_object_layout, s->buffer_size,
		names->object);
	relabel(cpu, slab, sizeof *slab, &slab_layout, 0, names->slab);
	relabel(cpu, slab_bufctl(slab), s->num * sizeof(uint32_t), &bufctl_layout, 0,
		names->bufctl);
}

/* The pages get to know cache and slab, and the objects are chained in ascending order. */
static inline void setup_slab(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
			      struct page *page, struct slab *slab)
{
	unsigned order = load(cpu, &s->gfporder);
	uint32_t *bufctl = slab_bufctl(slab), num, i;

	for (unsigned p = 0; p < 1u << order; p++) {
		struct slab_page *one = page_number(slabs, page, p);

		store(cpu, &one->lru.next, s);
		store(cpu, &one->lru.prev, slab);
	}
	for (i = 0;; i++) {
		num = load(cpu, &s->num);
		if (i == num)
			break;
		(void)load(cpu, &s->ctor);      /* none here */
		store(cpu, &bufctl[i], i + 1);
	}
	store(cpu, &bufctl[i - 1], BUFCTL_END);
}

/* Where the descriptor of the next slab, or its first object, lies from the start of the pages. */
static inline uint64_t next_colour(struct cpu *cpu, struct kmem_cache *s, struct kmem_list3 *l3)
{
	uint32_t colour, next, off;
	uint64_t colours;

	spin_lock(cpu, &l3->list_lock, SLAB_LOCK);
	colour = load(cpu, &l3->colour_next);
	colours = load(cpu, &s->colour);
	next = colour + 1 < colours ? colour + 1 : 0;
	store(cpu, &l3->colour_next, next);
	spin_unlock(cpu, &l3->list_lock, SLAB_LOCK);
	off = load(cpu, &s->colour_off);
	return (uint64_t)colour * off;
}

/* A new slab on slabs_free; interrupts come on meanwhile if the caller may sleep. */
static inline bool cache_grow(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
			      struct kmem_list3 *l3, unsigned gfp)
{
	uint64_t offset = next_colour(cpu, s, l3);
	bool sleeps = !(gfp & GFP_ATOMIC);
	struct slab *slab = NULL;
	struct page *page;

	path(cpu, "grow");
	if (sleeps)
		irq_enable(cpu);
	page = get_pages(cpu, slabs, s, gfp);
	if (page) {
		char *start = page_address(slabs->memory, page);

		slab = descriptor_new(cpu, slabs, s, start, &offset, gfp);
		if (slab) {
			setup_slab(cpu, slabs, s, page, slab);
			relabel_slab(cpu, slabs, s, slab, start + offset);
		} else {
			put_pages(cpu, slabs, s, page);
		}
	}
	if (sleeps)
		irq_disable(cpu);
	if (!slab)
		return false;
	spin_lock(cpu, &l3->list_lock, SLAB_LOCK);
	list_add_tail(cpu, &slab->list, &l3->slabs_free);
	uint32_t num = load(cpu, &s->num);

	fetch_add_local(cpu, &l3->free_objects, num);
	spin_unlock(cpu, &l3->list_lock, SLAB_LOCK);
	return true;
}

/* The slab is on no list, all its objects are free. */
static inline void slab_destroy(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
				struct slab *slab)
{
	char *objects = load(cpu, &slab->s_mem);
	uint64_t offset = load(cpu, &slab->colouroff);
	struct page *page = virt_to_page(slabs->memory, objects - offset);

	path(cpu, "destroy");
	(void)load(cpu, &s->flags);             /* freed by RCU? */
	put_pages(cpu, slabs, s, page);
	if (is_off_slab(cpu, s)) {
		struct kmem_cache *descriptors = load(cpu, &s->slabp_cache);
		const struct cache_names *names = slab_names(slabs, descriptors);

		bool irqs = irq_save(cpu);

		relabel(cpu, slab, descriptors->buffer_size, &slab_object_layout,
			descriptors->buffer_size, names->object);
		cache_free(cpu, slabs, descriptors, slab);
		irq_restore(cpu, irqs);
		path(cpu, "destroy");
	}
}

#endif
