/* The calls over slab_alloc and slab_free, from 6.17. After an era_*.h. */
#ifndef MODELS_SLUB_CALLS_612_H
#define MODELS_SLUB_CALLS_612_H

static inline void *cache_alloc(struct cpu *cpu, void *state, struct kmem_cache *s, unsigned gfp)
{
	void *object;

	compute(cpu, STEP_ALLOC);
	object = slab_alloc(cpu, state, s, gfp & GFP_ATOMIC);
	if (object && gfp & GFP_ZERO) {
		unsigned bytes = load(cpu, &s->object_size);

		object_clear(cpu, object, bytes);
	}
	return object;
}

static inline void *cache_kmalloc(struct cpu *cpu, void *state, size_t size, unsigned gfp)
{
	struct kmem_cache *s = slub_kmalloc_cache(state, size);

	if (!s)
		return kmalloc_pages(cpu, state, size, gfp);
	return cache_alloc(cpu, state, s, gfp);
}

static inline void cache_free(struct cpu *cpu, void *state, struct kmem_cache *s, void *object)
{
	struct slab_page *slab;

	compute(cpu, STEP_FREE);
	slab = virt_to_slab(cpu, state, object);
	slab_free(cpu, state, s, slab, object);
}

static inline void cache_kfree(struct cpu *cpu, void *state, void *object)
{
	struct slub *slub = state;
	struct slab_page *slab;
	struct kmem_cache *s;

	compute(cpu, STEP_FREE);
	slab = virt_to_slab(cpu, slub, object);
	if (!slab) {
		struct page *page = virt_to_page(slub->memory, object);
		uint64_t flags = load(cpu, page_flags(slub->memory, page));

		kfree_pages(cpu, slub, page, flags);
		return;
	}
	s = load(cpu, &slab->slab_cache);
	slab_free(cpu, slub, s, slab, object);
}

#endif
