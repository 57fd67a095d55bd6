/*
 * A sheaf is itself an object, of kmalloc. After an era_*.h.
 *
 * Changed: the main sheaves that a cache begins with are of the set-up's memory, on node 0, as if
 * one CPU had created all caches; in the kernel their lines are at first modified in that CPU's
 * caches. Such a sheaf is never given back.
 */
#ifndef MODELS_SLUB_SHEAF_MEMORY_H
#define MODELS_SLUB_SHEAF_MEMORY_H

/* Request bits of our own, above those of enum gfp. */
enum { GFP_NO_SHEAF = 1 << 16 };        /* for a sheaf: must not need another sheaf */

static inline unsigned sheaf_bytes(unsigned capacity)
{
	return (unsigned)(offsetof(struct slab_sheaf, objects) + capacity * WORD);
}

/* The request itself; a model that has sheaves defines it (sheaf_alloc.h). */
static inline void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       unsigned gfp);
static inline void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct slab_page *slab, void *object);

static inline bool is_kmalloc_cache(const struct slub *slub, const struct kmem_cache *s)
{
	return slub_kmalloc_cache((void *)(uintptr_t)slub, s->object_size) == s;
}

static inline void relabel_sheaf(struct cpu *cpu, struct slab_sheaf *sheaf, unsigned bytes,
				 const struct kmem_cache *s)
{
	relabel(cpu, sheaf, LINE, &slab_sheaf_layout, 0, s->sheaf_label);
	if (bytes > LINE)
		relabel(cpu, (char *)sheaf + LINE, bytes - LINE, &sheaf_entries_layout, 0,
			s->sheaf_label);
}

/* An empty sheaf; NULL: there is no memory, or this is a request for a sheaf. */
static inline struct slab_sheaf *alloc_empty_sheaf(struct cpu *cpu, struct slub *slub,
						   struct kmem_cache *s, unsigned gfp)
{
	struct kmem_cache *of = slub_kmalloc_cache(slub, sheaf_bytes(s->sheaf_capacity));
	struct slab_sheaf *sheaf;

	if (gfp & GFP_NO_SHEAF)
		return NULL;
	gfp &= GFP_ATOMIC;
	if (is_kmalloc_cache(slub, s))
		gfp |= GFP_NO_SHEAF;
	sheaf = slab_alloc(cpu, slub, of, gfp);
	if (!sheaf)
		return NULL;
	relabel_sheaf(cpu, sheaf, of->size, s);
	object_clear(cpu, sheaf, of->size);
	store(cpu, &sheaf->cache, s);
	return sheaf;
}

/* Of the set-up's memory? Then there is no slab that it lies in. */
static inline bool sheaf_is_first(const struct slub *slub, const struct slab_sheaf *sheaf)
{
	return address_to_pfn(slub->memory, sheaf) == slub->memory->pages;
}

static inline void free_sheaf(struct cpu *cpu, struct slub *slub, struct slab_sheaf *sheaf)
{
	struct slab_page *slab;
	struct kmem_cache *of;

	if (sheaf_is_first(slub, sheaf))
		return;
	slab = virt_to_slab(cpu, slub, sheaf);
	of = load(cpu, &slab->slab_cache);
	relabel(cpu, sheaf, of->size, &object_layout, of->size, of->object_label);
	slab_free(cpu, slub, of, slab, sheaf);
}

#endif
