/*
 * The slow path of an allocation where kmem_cache_cpu names the CPU's slab: Linux 3.1 to 3.19 and 4.0.
 * Interrupts are off, but for the page allocator's work. After an era_*.h and lockless.h.
 */
#ifndef MODELS_SLUB_LOCKLESS_ALLOC_H
#define MODELS_SLUB_LOCKLESS_ALLOC_H

#include "models/slub/lockless.h"

/* An interrupt made a slab for the CPU meanwhile: it is given up. */
static inline void flush_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			      struct kmem_cache_cpu *c, struct slab_page *page)
{
	void *freelist = era.clears_cpu_later ? load(cpu, &c->freelist) : NULL;

	deactivate_slab(cpu, slub, s, c, page, freelist);
	if (era.clears_cpu_later)
		cpu_slab_clear(cpu, slub, c);
}

static inline void *alloc_from_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   unsigned gfp)
{
	struct slab_page *page, *meanwhile;
	struct kmem_cache_cpu *c;
	void *object;

	path(cpu, "new slab");
	page = slab_new(cpu, slub, s, gfp);
	if (!page)
		return NULL;
	c = cpu_slab_here(cpu, s);
	meanwhile = load(cpu, &c->page);
	if (meanwhile)
		flush_slab(cpu, slub, s, c, meanwhile);
	object = load(cpu, &page->freelist);    /* nobody else knows the slab */
	store(cpu, &page->freelist, NULL);
	if (!era.new_all_inuse) {
		unsigned objects = page_objects(cpu, page);

		store(cpu, &page->inuse, (uint16_t)objects);
	}
	set_cpu_node(cpu, c, page);
	store(cpu, &c->page, page);
	slab_debug(cpu, s, page);
	check_pfmemalloc(cpu, page);
	return load_freelist(cpu, slub, s, c, object);
}

/* The CPU has no slab, nor partial ones. */
static inline void *alloc_other(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct kmem_cache_cpu *c, unsigned gfp)
{
	struct partial_slab found;

	path(cpu, "partial");
	found = slab_get_partial(cpu, slub, s, c);
	if (!found.page)
		return alloc_from_new(cpu, slub, s, gfp);
	if (era.loads_under_lock)
		found.freelist = load(cpu, &c->freelist);
	slab_debug(cpu, s, found.page);
	check_pfmemalloc(cpu, found.page);
	return load_freelist(cpu, slub, s, c, found.freelist);
}

/* What the CPU's slab has: on the CPU's list if an interrupt put something there, else in the slab.
 * NULL: nothing, and the CPU has no slab any more. */
static inline void *refill(struct cpu *cpu, const struct slub *slub, struct kmem_cache *s,
			   struct kmem_cache_cpu *c, struct slab_page *page)
{
	void *object;

	path(cpu, "refill");
	check_pfmemalloc(cpu, page);
	if (!era.forgets_recheck || slub->settings.bugs == BUGS_FIXED) {
		object = look_again(cpu, c);
		if (object)
			return object;
	}
	object = get_freelist(cpu, s, page);
	if (!object)
		store(cpu, &c->page, NULL);
	return object;
}

static inline void *alloc_irqs_off(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   struct kmem_cache_cpu *c, unsigned gfp)
{
	struct slab_page *page = load(cpu, &c->page);

	if (!page)
		page = next_cpu_partial(cpu, slub, c);
	while (page) {
		void *object = refill(cpu, slub, s, c, page);

		if (object)
			return load_freelist(cpu, slub, s, c, object);
		page = next_cpu_partial(cpu, slub, c);
	}
	return alloc_other(cpu, slub, s, c, gfp);
}

static inline void *alloc_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       struct kmem_cache_cpu *c, unsigned gfp)
{
	bool flags = irq_save(cpu);
	void *object;

	if (sim_preempt(slub->sim))     /* this may be another CPU now */
		c = cpu_slab_here(cpu, s);
	object = alloc_irqs_off(cpu, slub, s, c, gfp);
	irq_restore(cpu, flags);
	return object;
}

#endif
