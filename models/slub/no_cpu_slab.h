/* No CPU has a slab, from 7.0. */
#ifndef MODELS_SLUB_NO_CPU_SLAB_H
#define MODELS_SLUB_NO_CPU_SLAB_H

#define CPU_SLAB_LAYOUT
#define CPU_SLAB_VIEW NULL

static inline void setup_cpu_slab(struct slub *slub, struct kmem_cache *s)
{
	(void)slub;
	(void)s;
}

#endif
