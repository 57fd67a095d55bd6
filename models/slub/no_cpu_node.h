/* Which node the CPU's slab is of, its page struct says: Linux 3.10 on. After an era_*.h. */
#ifndef MODELS_SLUB_NO_CPU_NODE_H
#define MODELS_SLUB_NO_CPU_NODE_H

static inline void set_cpu_node(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *page)
{
	(void)cpu;
	(void)c;
	(void)page;
}

#endif
