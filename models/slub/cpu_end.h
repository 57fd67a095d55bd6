/*
 * How a slab becomes the CPU's, or ceases to be, where its freelist names it, in the proposal of 2014.
 * After an era_*.h, tid.h and list_end_tagged.h.
 */
#ifndef MODELS_SLUB_CPU_END_H
#define MODELS_SLUB_CPU_END_H

#include "models/slub/slab.h"

static inline void take_cpu_slab(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *page)
{
	(void)cpu;
	(void)c;
	(void)page;
}

/* Of `page` the CPU has no object yet; its list's end says whose it is. */
static inline void begin_empty(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *page)
{
	char *address = load(cpu, &page->address);

	store(cpu, &c->freelist, list_end_of(address));
}

static inline void *cpu_slab_clear(struct cpu *cpu, const struct slub *slub,
				   struct kmem_cache_cpu *c)
{
	tid_advance(cpu, slub, c);
	store(cpu, &c->freelist, NULL);
	return NULL;
}

#endif
