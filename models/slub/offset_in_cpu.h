/* From 2.6.24 kmem_cache_cpu says where in an object the free pointer lies, so who frees knows. */
#ifndef MODELS_SLUB_OFFSET_IN_CPU_H
#define MODELS_SLUB_OFFSET_IN_CPU_H

static inline void setup_offset(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page)
{
	(void)cpu;
	(void)s;
	(void)page;
}

/* Of an object of any slab, in words; `known` by who frees. */
static inline unsigned page_free_offset(struct cpu *cpu, struct kmem_cache *s,
					struct slab_page *page, unsigned known)
{
	(void)cpu;
	(void)s;
	(void)page;
	return known;
}

#endif
