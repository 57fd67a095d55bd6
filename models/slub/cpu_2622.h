/*
 * What a CPU has of a cache, Linux 2.6.22 and 2.6.23: a pointer to its slab, whose page struct
 * holds the rest. Pointers of eight CPUs share a line.
 */
#ifndef MODELS_SLUB_CPU_2622_H
#define MODELS_SLUB_CPU_2622_H

#include "models/slub/cache_2622.h"
#include "models/slub/page_2622.h"

static const struct layout cpu_slab_layout = { "cpu_slab", WORD, CLASS_ALLOCATOR, NULL };

static inline struct slab_page **cpu_slab(struct cpu *cpu, const struct slub *slub,
					  const struct kmem_cache *s)
{
	return cpu_slab_of(slub, s, cpu_id(cpu));
}

/* The private list of a new slab. */
static inline void setup_private_list(struct cpu *cpu, struct slab_page *page)
{
	store(cpu, &page->lockless_freelist, NULL);
}

static inline struct cpu_view cpu_view(const struct slub *slub, const struct kmem_cache *s,
				       unsigned id)
{
	struct slab_page *page = *(struct slab_page **)cpu_slab_of(slub, s, id);
	struct cpu_view view = { (struct page *)page, NULL };

	/* check() says so if the pointer is wrong: it must not be followed here */
	if (page_to_pfn(slub->memory, view.page) < slub->memory->pages)
		view.freelist = page->lockless_freelist;
	return view;
}

static inline void setup_cpus(struct slub *slub, struct kmem_cache *s)
{
	(void)slub;
	(void)s;
}

#endif
