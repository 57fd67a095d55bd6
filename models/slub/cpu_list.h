/*
 * The slow path of an allocation where the CPU's freelist lies in kmem_cache_cpu and the slab has a
 * lock: dfb4f096 to 3.0. Interrupts are off. After an era_*.h and a new_slab*.h.
 */
#ifndef MODELS_SLUB_CPU_LIST_H
#define MODELS_SLUB_CPU_LIST_H

#include "models/slub/locked.h"

/* Makes the locked slab's freelist the CPU's and takes its first object, unlocking the slab;
 * NULL: it is empty, and stays locked. */
static inline void *load_freelist(struct cpu *cpu, const struct slub *slub, struct kmem_cache *s,
				  struct kmem_cache_cpu *c, struct slab_page *page)
{
	void *object = load(cpu, &page->freelist);
	unsigned offset, objects;
	uint64_t flags;
	void *next;

	if (!object)
		return NULL;
	slab_debug(cpu, s, page);
	offset = cpu_free_offset(cpu, s, c, page);
	next = load(cpu, free_pointer(object, offset));
	store(cpu, &c->freelist, next);
	objects = slab_objects(cpu, s, page);
	store(cpu, &page->inuse, (__typeof__(page->inuse))objects);
	store(cpu, &page->freelist, NULL);
	flags = load(cpu, &page->flags);
	store(cpu, &c->node, (int32_t)(flags >> PG_NODE_SHIFT));
	slab_unlock(cpu, page);
	tid_advance(cpu, slub, c);
	return object;
}

/* The CPU gives its locked slab up, with what is left of its own freelist. */
static inline void deactivate_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   struct kmem_cache_cpu *c, struct slab_page *page)
{
	enum list_end end = era.given_up;
	void *object;

	if (era.counts_remote)
		(void)load(cpu, &page->freelist);       /* did others free? a statistic */
	while ((object = load(cpu, &c->freelist))) {
		unsigned offset = cpu_free_offset(cpu, s, c, page);
		void *next = load(cpu, free_pointer(object, offset));
		void *first;

		store(cpu, &c->freelist, next);
		first = load(cpu, &page->freelist);
		store(cpu, free_pointer(object, offset), first);
		store(cpu, &page->freelist, object);
		slab_dec_inuse(cpu, page);
		end = LIST_HEAD;
	}
	store(cpu, &c->page, NULL);
	tid_advance(cpu, slub, c);
	slab_unfreeze(cpu, slub, s, page, end);
}

static inline void *alloc_locked(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				 struct kmem_cache_cpu *c, struct slab_page *page, unsigned gfp);

static inline void *alloc_from_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   unsigned gfp)
{
	struct slab_page *page, *meanwhile;
	struct kmem_cache_cpu *c;

	path(cpu, "new slab");
	page = slab_new(cpu, slub, s, gfp);
	if (!page)
		return NULL;
	c = get_cpu_slab(cpu, slub, s);
	meanwhile = load(cpu, &c->page);
	if (meanwhile) {                        /* an interrupt was here */
		if (slub_reuses(slub)) {        /* its slab is warmer */
			slab_discard(cpu, slub, s, page);
			slab_lock(cpu, meanwhile);
			return alloc_locked(cpu, slub, s, c, meanwhile, gfp);
		}
		slab_lock(cpu, meanwhile);
		deactivate_slab(cpu, slub, s, c, meanwhile);
	}
	slab_lock(cpu, page);
	bit_set_local(cpu, &page->flags, PG_FROZEN);
	store(cpu, &c->page, page);
	return load_freelist(cpu, slub, s, c, page);
}

/* The CPU has no slab. */
static inline void *alloc_other(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct kmem_cache_cpu *c, unsigned gfp)
{
	struct partial_slab found;

	path(cpu, "partial");
	found = slab_get_partial(cpu, slub, s, c);
	if (!found.page)
		return alloc_from_new(cpu, slub, s, gfp);
	store(cpu, &c->page, found.page);
	return load_freelist(cpu, slub, s, c, found.page);
}

/* `page` is the CPU's and locked; what is left on the CPU's freelist is lost. */
static inline void *alloc_locked(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				 struct kmem_cache_cpu *c, struct slab_page *page, unsigned gfp)
{
	void *object = load_freelist(cpu, slub, s, c, page);

	if (object)
		return object;
	deactivate_slab(cpu, slub, s, c, page);
	return alloc_other(cpu, slub, s, c, gfp);
}

#endif
