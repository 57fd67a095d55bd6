/*
 * Where a version keeps what the steps ask for: here Linux 2.6.22 to 2.6.24. One node is a kernel
 * without NUMA, so its struct is known; the limit on empty slabs is a constant; whether a slab is
 * debugged its page struct says. After page_*.h and cache_2622.h.
 */
#ifndef MODELS_SLUB_LOOKUP_2622_H
#define MODELS_SLUB_LOOKUP_2622_H

static inline struct kmem_cache_node *node_of(struct cpu *cpu, const struct slub *slub,
					      struct kmem_cache *s, struct slab_page *page)
{
	uint64_t flags;

	if (slub->memory->nodes == 1)
		return &s->local_node;
	flags = load(cpu, &page->flags);
	return load(cpu, cache_node(s, flags >> PG_NODE_SHIFT));
}

/* Of the node that the CPU is on. */
static inline struct kmem_cache_node *node_here(struct cpu *cpu, const struct slub *slub,
						struct kmem_cache *s)
{
	if (slub->memory->nodes == 1)
		return &s->local_node;
	return load(cpu, cache_node(s, cpu_node(cpu)));
}

static inline uint64_t min_partial(struct cpu *cpu, const struct slub *slub, struct kmem_cache *s)
{
	(void)cpu;
	(void)s;
	return slub->settings.min_partial;
}

static inline bool slab_debug(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page)
{
	uint64_t flags = load(cpu, &page->flags);

	(void)s;
	return flags >> PG_DEBUG & 1;
}

/* Plain C, without an access. */
static inline unsigned objects_in(const struct slab_page *page)
{
	return cache_objects(page->slab);
}

/* In a slab of the cache. */
static inline unsigned slab_objects(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page)
{
	(void)page;
	return (unsigned)load(cpu, &s->objects);
}

#endif
