/* No CPU has partial slabs of its own: Linux 3.1. After lockless.h. */
#ifndef MODELS_SLUB_NO_CPU_PARTIAL_H
#define MODELS_SLUB_NO_CPU_PARTIAL_H

static inline struct slab_page *next_cpu_partial(struct cpu *cpu, struct slub *slub,
						 struct kmem_cache_cpu *c)
{
	(void)cpu;
	(void)slub;
	(void)c;
	return NULL;
}

static inline unsigned put_cpu_partial(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				       struct kmem_cache_cpu *c, struct slab_page *page, bool drain)
{
	(void)slub;
	(void)s;
	(void)c;
	(void)page;
	(void)drain;
	BUG(cpu, "a partial slab for a CPU");
}

#endif
