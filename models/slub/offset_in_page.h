/* Until 2.6.23 the page struct says where in an object the free pointer lies. */
#ifndef MODELS_SLUB_OFFSET_IN_PAGE_H
#define MODELS_SLUB_OFFSET_IN_PAGE_H

static inline void setup_offset(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page)
{
	unsigned offset = (unsigned)load(cpu, &s->offset);

	store(cpu, &page->offset, (uint16_t)(offset / WORD));
}

/* Of an object of any slab, in words; `known` by who frees, if it is known there. */
static inline unsigned page_free_offset(struct cpu *cpu, struct kmem_cache *s,
					struct slab_page *page, unsigned known)
{
	(void)s;
	(void)known;
	return load(cpu, &page->offset);
}

#endif
