/*
 * The paths of the proposal of 2014: the CPU's slab is found by its freelist, whose end is an address
 * inside the slab with bit 0 set; nothing but the pair of freelist and id is read of the CPU, so
 * preemption need not be off. After an era_*.h, list_end_tagged.h and cpu_end.h.
 *
 *	alloc   tid, freelist: an object -> next
 *	free    tid, freelist: does it point into the object's slab? then object -> freelist
 */
#ifndef MODELS_SLUB_TAGGED_H
#define MODELS_SLUB_TAGGED_H

#include "models/slub/lockless_free.h"

/* Is `freelist`, an object or an end, of this slab? The version's. */
static inline bool points_into(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       void *freelist, struct slab_page *page);

/* ---- alloc -------------------------------------------------------------- */

static inline void *alloc_from_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   unsigned gfp)
{
	struct kmem_cache_cpu *c;
	struct slab_page *page;
	void *object, *meanwhile;

	path(cpu, "new slab");
	page = slab_new(cpu, slub, s, gfp);
	if (!page)
		return NULL;
	c = cpu_slab_here(cpu, s);
	meanwhile = load(cpu, &c->freelist);
	if (meanwhile) {
		struct slab_page *other = slab_head_page(cpu, slub, meanwhile);

		deactivate_slab(cpu, slub, s, c, other, meanwhile);
		cpu_slab_clear(cpu, slub, c);
	}
	object = load(cpu, &page->freelist);    /* nobody else knows the slab */
	store(cpu, &page->freelist, emptied(object));
	page = slab_head_page(cpu, slub, object);
	slab_debug(cpu, s, page);
	check_pfmemalloc(cpu, page);
	return load_freelist(cpu, slub, s, c, object);
}

/* The CPU has no slab, nor partial ones. */
static inline void *alloc_other(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct kmem_cache_cpu *c, unsigned gfp)
{
	struct partial_slab found;
	struct slab_page *page;

	path(cpu, "partial");
	found = slab_get_partial(cpu, slub, s, c);
	if (!found.page)
		return alloc_from_new(cpu, slub, s, gfp);
	page = slab_head_page(cpu, slub, found.freelist);
	slab_debug(cpu, s, page);
	check_pfmemalloc(cpu, page);
	return load_freelist(cpu, slub, s, c, found.freelist);
}

/* The slab that the CPU's list names; NULL: none. As posted, an empty list names none, so the slab
 * is forgotten if another one takes its place. */
static inline struct slab_page *named_slab(struct cpu *cpu, struct slub *slub, void *freelist)
{
	if (!freelist || (era.leaks && is_list_end(freelist)))
		return NULL;
	return slab_head_page(cpu, slub, freelist);
}

static inline void *alloc_irqs_off(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   struct kmem_cache_cpu *c, unsigned gfp)
{
	void *freelist = load(cpu, &c->freelist);
	struct slab_page *page = named_slab(cpu, slub, freelist);

	if (!page) {
		page = next_cpu_partial(cpu, slub, c);
		freelist = list_end_of(NULL);
	}
	while (page) {
		path(cpu, "refill");
		check_pfmemalloc(cpu, page);
		if (is_list_end(freelist))
			freelist = get_freelist(cpu, s, page);
		if (!is_list_end(freelist))
			return load_freelist(cpu, slub, s, c, freelist);
		store(cpu, &c->freelist, NULL);
		page = next_cpu_partial(cpu, slub, c);
	}
	return alloc_other(cpu, slub, s, c, gfp);
}

static inline void *alloc_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       unsigned gfp)
{
	bool flags = irq_save(cpu);
	struct kmem_cache_cpu *c = cpu_slab_here(cpu, s);
	void *object = alloc_irqs_off(cpu, slub, s, c, gfp);

	irq_restore(cpu, flags);
	return object;
}

static inline void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       unsigned gfp)
{
	struct kmem_cache_cpu *c;
	void *object, *next;
	uint64_t tid;

	do {
		c = cpu_slab_here(cpu, s);
		tid = load(cpu, &c->tid);
		object = load(cpu, &c->freelist);
		if (!object || is_list_end(object))
			return alloc_slow(cpu, slub, s, gfp);
		path(cpu, "fast");
		next = get_freepointer(cpu, s, object);
		c = cpu_slab_here(cpu, s);      /* operand of the instruction */
	} while (!this_cpu_cmpxchg_double(cpu, slub, c, object, tid, next));
	prefetch(cpu, (void **)((uintptr_t)next & ~(uintptr_t)1));
	return object;
}

/* ---- free --------------------------------------------------------------- */

static inline void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct slab_page *page, void *object)
{
	struct kmem_cache_cpu *c;
	void *first;
	uint64_t tid;

	do {
		c = cpu_slab_here(cpu, s);
		tid = load(cpu, &c->tid);
		first = load(cpu, &c->freelist);
		if (!points_into(cpu, slub, s, first, page)) {
			free_slow(cpu, slub, s, c, page, object);
			return;
		}
		path(cpu, "fast");
		set_freepointer(cpu, s, object, first);
		c = cpu_slab_here(cpu, s);      /* operand of the instruction */
	} while (!this_cpu_cmpxchg_double(cpu, slub, c, first, tid, object));
}

#endif
