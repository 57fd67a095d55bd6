/* A slab by its page struct: its lock, its debug bit, its objects. After an era_*.h. */
#ifndef MODELS_SLUB_SLAB_H
#define MODELS_SLUB_SLAB_H

/* A free object; while in use its first word is the user's as the rest is. */
static const struct field object_fields[] = {
	{ "next_free", 0, WORD },
	{ 0 },
};

static const struct layout object_layout = { "object", 0, CLASS_PAYLOAD, object_fields };

static inline void **free_pointer(void *object, unsigned words)
{
	return (void **)object + words;
}

/* Writes zeros over an object, one store per line. */
static inline void object_clear(struct cpu *cpu, void *object, unsigned bytes)
{
	for (unsigned offset = 0; offset < bytes; offset += LINE)
		store(cpu, (uint64_t *)((char *)object + offset), 0);
}

static inline void slab_lock(struct cpu *cpu, struct slab_page *page)
{
	bit_spin_lock(cpu, &page->flags, PG_LOCKED, era.slab_lock);
}

static inline void slab_unlock(struct cpu *cpu, struct slab_page *page)
{
	bit_spin_unlock(cpu, &page->flags, PG_LOCKED, era.slab_lock);
}

static inline struct slab_page *lru_page(struct list_head *lru)
{
	return (struct slab_page *)((char *)lru - offsetof(struct slab_page, lru));
}

/* The slab an object lies in: reads the page struct of the object's own page. */
static inline struct slab_page *slab_head_page(struct cpu *cpu, const struct slub *slub,
					       const void *object)
{
	struct tail_page *page = (struct tail_page *)virt_to_page(slub->memory, object);
	uint64_t flags = load(cpu, &page->flags);

	if (flags >> PG_TAIL & 1)
		return load(cpu, &page->first_page);
	return (struct slab_page *)page;
}

#endif
