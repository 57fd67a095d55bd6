/*
 * The fast paths of 2.6.39 to 3.19 and 4.0: the CPU's freelist and its transaction id are read, and exchanged
 * for the new ones if both are what they were. Interrupts stay on; one that comes between and uses
 * the list changes the id, and the path begins anew. After an era_*.h, tid.h and offset_in_cache.h.
 *
 *	alloc   tid, freelist -> object -> next     (object, tid) -> (next, tid + step)
 *	free    tid, freelist; object -> freelist   (freelist, tid) -> (object, tid + step)
 *
 * Reading `next` from an object that an interrupt has taken gives rubbish, and the exchange fails.
 */
#ifndef MODELS_SLUB_CPU_PAIR_H
#define MODELS_SLUB_CPU_PAIR_H

#include "models/slub/slab.h"

/* The slow paths, the version's. `c` was this CPU's before interrupts could come. */
static inline void *alloc_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       struct kmem_cache_cpu *c, unsigned gfp);
static inline void free_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct kmem_cache_cpu *c, struct slab_page *page, void *object);
/* The beginning of a path, the version's: this CPU's struct and its transaction id. */
static inline uint64_t begin(struct cpu *cpu, struct kmem_cache *s, struct kmem_cache_cpu **c);
/* Is `page` the CPU's slab? The version's. */
static inline bool is_mine(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *page);

/* From 3.10 a path looks for the slab as well, for its node if one was asked for. */
static inline bool has_slab(struct cpu *cpu, struct kmem_cache_cpu *c)
{
	return !era.fast_reads_page || load(cpu, &c->page);
}

static inline void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       unsigned gfp)
{
	struct kmem_cache_cpu *c;
	void *object, *next;
	uint64_t tid;
	bool slab;

	do {
		tid = begin(cpu, s, &c);
		object = load(cpu, &c->freelist);
		slab = has_slab(cpu, c);
		if (!object || !slab)
			return alloc_slow(cpu, slub, s, c, gfp);
		path(cpu, "fast");
		next = get_freepointer(cpu, s, object);
		c = cpu_slab_here(cpu, s);      /* operand of the instruction */
	} while (!this_cpu_cmpxchg_double(cpu, slub, c, object, tid, next));
	if (era.prefetches && next)
		prefetch(cpu, (void **)next);
	return object;
}

static inline void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct slab_page *page, void *object)
{
	struct kmem_cache_cpu *c;
	void *first;
	uint64_t tid;

	do {
		tid = begin(cpu, s, &c);
		if (!is_mine(cpu, c, page)) {
			free_slow(cpu, slub, s, c, page, object);
			return;
		}
		path(cpu, "fast");
		first = load(cpu, &c->freelist);
		set_freepointer(cpu, s, object, first);
		c = cpu_slab_here(cpu, s);      /* operands of the instruction, */
		first = load(cpu, &c->freelist);        /* read again: it may be another now */
	} while (!this_cpu_cmpxchg_double(cpu, slub, c, first, tid, object));
}

#endif
