/*
 * How a slab becomes the CPU's, or ceases to be, where kmem_cache_cpu names it: Linux 3.1 to 3.19 and
 * 4.0. After an era_*.h and tid.h.
 */
#ifndef MODELS_SLUB_CPU_PAGE_H
#define MODELS_SLUB_CPU_PAGE_H

#include "models/slub/slab.h"

/* Is `page` the CPU's slab? */
static inline bool is_mine(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *page)
{
	struct slab_page *mine = load(cpu, &c->page);

	return page == mine;
}

/* The CPU has no slab any more. Returns its list, if it is the time to read it. */
static inline void *cpu_slab_clear(struct cpu *cpu, const struct slub *slub,
				   struct kmem_cache_cpu *c)
{
	void *freelist = NULL;

	tid_advance(cpu, slub, c);
	store(cpu, &c->page, NULL);
	if (!era.clears_cpu_later)
		freelist = load(cpu, &c->freelist);
	store(cpu, &c->freelist, NULL);
	return freelist;
}

static inline void take_cpu_slab(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *page)
{
	store(cpu, &c->page, page);
}

/* Of `page` the CPU has no object yet. */
static inline void begin_empty(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *page)
{
	(void)page;
	store(cpu, &c->freelist, NULL);
}

#endif
