/*
 * Where a version keeps what the steps ask for: here Linux 2.6.39 on. Every node has a struct of
 * its own, found by its pointer in the cache (also where there is one node: since 2.6.37); the cache
 * knows the limit on empty slabs, and whether its slabs are debugged; a slab knows how many objects
 * it has, since it may be smaller than others. After page_*.h and cache_2639.h.
 */
#ifndef MODELS_SLUB_LOOKUP_2639_H
#define MODELS_SLUB_LOOKUP_2639_H

static inline struct kmem_cache_node *node_of(struct cpu *cpu, const struct slub *slub,
					      struct kmem_cache *s, struct slab_page *page)
{
	uint64_t flags = load(cpu, &page->flags);

	(void)slub;
	return load(cpu, cache_node(s, flags >> PG_NODE_SHIFT));
}

/* Of the node that the CPU is on. */
static inline struct kmem_cache_node *node_here(struct cpu *cpu, const struct slub *slub,
						struct kmem_cache *s)
{
	(void)slub;
	return load(cpu, cache_node(s, cpu_node(cpu)));
}

static inline uint64_t min_partial(struct cpu *cpu, const struct slub *slub, struct kmem_cache *s)
{
	(void)slub;
	return load(cpu, &s->min_partial);
}

static inline bool slab_debug(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page)
{
	uint64_t flags = load(cpu, &s->flags);

	(void)page;
	return flags & SLAB_DEBUG_FLAGS;
}

/* In that slab. */
static inline unsigned slab_objects(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page)
{
	(void)s;
	return page_objects(cpu, page);
}

#endif
