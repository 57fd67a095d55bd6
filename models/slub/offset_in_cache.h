/* From 2.6.34 the cache says where in an object the free pointer lies: it is read there again
 * whenever one is followed or set, as stores into objects might have changed it. After an era_*.h. */
#ifndef MODELS_SLUB_OFFSET_IN_CACHE_H
#define MODELS_SLUB_OFFSET_IN_CACHE_H

#include "models/slub/slab.h"

/* Of an object of any slab, in words. */
static inline unsigned page_free_offset(struct cpu *cpu, struct kmem_cache *s,
					struct slab_page *page, unsigned known)
{
	int offset = load(cpu, &s->offset);

	(void)page;
	(void)known;
	return (unsigned)offset / WORD;
}

/* The same of an object of the CPU's slab. */
static inline unsigned cpu_free_offset(struct cpu *cpu, struct kmem_cache *s,
				       struct kmem_cache_cpu *c, struct slab_page *page)
{
	(void)c;
	return page_free_offset(cpu, s, page, 0);
}

static inline void *get_freepointer(struct cpu *cpu, struct kmem_cache *s, void *object)
{
	unsigned words = page_free_offset(cpu, s, NULL, 0);

	return load(cpu, free_pointer(object, words));
}

static inline void set_freepointer(struct cpu *cpu, struct kmem_cache *s, void *object, void *next)
{
	unsigned words = page_free_offset(cpu, s, NULL, 0);

	store(cpu, free_pointer(object, words), next);
}

#endif
