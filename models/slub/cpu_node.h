/* kmem_cache_cpu says which node the CPU's slab is of: Linux 3.1 and 3.2. After an era_*.h. */
#ifndef MODELS_SLUB_CPU_NODE_H
#define MODELS_SLUB_CPU_NODE_H

static inline void set_cpu_node(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *page)
{
	uint64_t flags = load(cpu, &page->flags);

	store(cpu, &c->node, (int32_t)(flags >> PG_NODE_SHIFT));
}

#endif
