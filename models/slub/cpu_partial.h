/*
 * Partial slabs of a CPU, Linux 3.2 to 3.19: frozen, so that only it may take objects from them, and
 * linked by page->next from kmem_cache_cpu.partial. Each knows how many slabs and free objects there
 * are from itself on, as they were when it came. After lockless.h and a cpu_*.h with `partial`.
 */
#ifndef MODELS_SLUB_CPU_PARTIAL_H
#define MODELS_SLUB_CPU_PARTIAL_H

#include "models/slub/lockless.h"

/* All of them go to their nodes' lists, empty ones away if there are enough; interrupts off. The
 * version's. */
static inline void unfreeze_partials(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				     struct kmem_cache_cpu *c);

static inline struct slab_page *next_cpu_partial(struct cpu *cpu, struct slub *slub,
						 struct kmem_cache_cpu *c)
{
	struct slab_page *page, *next;

	if (!has_cpu_partial(slub))
		return NULL;
	page = load(cpu, &c->partial);
	if (!page)
		return NULL;
	path(cpu, "CPU's partial");
	take_cpu_slab(cpu, c, page);
	next = load(cpu, &page->next);
	store(cpu, &c->partial, next);
	set_cpu_node(cpu, c, page);
	begin_empty(cpu, c, page);
	return page;
}

static inline unsigned put_cpu_partial(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				       struct kmem_cache_cpu *c, struct slab_page *page, bool drain)
{
	unsigned pages, objects;
	struct slab_page *old;

	do {
		pages = objects = 0;
		old = load(cpu, &c->partial);
		if (old) {
			objects = (unsigned)load(cpu, &old->pobjects);
			pages = (unsigned)load(cpu, &old->pages);
		}
		if (old && drain && objects > (unsigned)load(cpu, &s->cpu_partial)) {
			bool flags = irq_save(cpu);

			unfreeze_partials(cpu, slub, s, c);
			irq_restore(cpu, flags);
			pages = objects = 0;
			if (era.forgets_drained)
				old = NULL;
		}
		pages++;
		objects += page_objects(cpu, page);
		objects -= load(cpu, &page->inuse);
		store(cpu, &page->pages, (int32_t)pages);
		store(cpu, &page->pobjects, (int32_t)objects);
		store(cpu, &page->next, old);
	} while (!cas_local(cpu, &c->partial, old, page));
	return objects;
}

/* Those that are empty and not needed, linked by `next`. */
static inline void discard_all(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       struct slab_page *first)
{
	while (first) {
		struct slab_page *page = first;

		first = load(cpu, &page->next);
		slab_discard(cpu, slub, s, page);
	}
}

#endif
