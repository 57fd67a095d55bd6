/* How a fast path begins, 2.6.39 to 3.2: this CPU's struct, then its transaction id. After tid.h. */
#ifndef MODELS_SLUB_BEGIN_PLAIN_H
#define MODELS_SLUB_BEGIN_PLAIN_H

static inline uint64_t begin(struct cpu *cpu, struct kmem_cache *s, struct kmem_cache_cpu **c)
{
	*c = cpu_slab_here(cpu, s);
	return load(cpu, &(*c)->tid);
}

#endif
