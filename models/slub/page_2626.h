/* struct page as a slab, Linux 2.6.26 to 3.0: inuse shares its word with the number of objects, as
 * slabs of one cache may differ in size. */
#ifndef MODELS_SLUB_PAGE_2626_H
#define MODELS_SLUB_PAGE_2626_H

#include <assert.h>

#include "models/slub/slub.h"

struct slab_page {
	uint64_t flags;                 /* slab lock, frozen, node */
	int32_t _count;
	union {
		struct {
			uint16_t inuse;
			uint16_t objects;
		};
		uint32_t _mapcount;             /* of a page that is no slab */
	};
	struct kmem_cache *slab;
	uint64_t mapping;
	void *freelist;                 /* under the slab lock */
	struct list_head lru;           /* on the partial list; under list_lock */
};

static const struct field slab_page_fields[] = {
	FIELD(struct slab_page, flags),
	FIELD(struct slab_page, _count),
	FIELD(struct slab_page, inuse),
	FIELD(struct slab_page, objects),
	FIELD(struct slab_page, slab),
	FIELD(struct slab_page, mapping),
	FIELD(struct slab_page, freelist),
	FIELD(struct slab_page, lru),
	{ 0 },
};

static const struct layout slab_page_layout = {
	"page", sizeof(struct slab_page), CLASS_ALLOCATOR, slab_page_fields
};

static_assert(sizeof(struct slab_page) == 56, "struct page until 3.0");
static_assert(offsetof(struct slab_page, _count) == 8, "struct page until 3.0");
static_assert(offsetof(struct slab_page, inuse) == 12, "2.6.26");
static_assert(offsetof(struct slab_page, objects) == 14, "2.6.26");
static_assert(offsetof(struct slab_page, slab) == 16, "2.6.24");
static_assert(offsetof(struct slab_page, freelist) == 32, "struct page until 3.0");
static_assert(offsetof(struct slab_page, lru) == 40, "struct page until 3.0");

static inline unsigned page_objects(struct cpu *cpu, struct slab_page *page)
{
	return load(cpu, &page->objects);
}

static inline void set_page_objects(struct cpu *cpu, struct slab_page *page, unsigned objects)
{
	store(cpu, &page->objects, (uint16_t)objects);
}

/* It does not know where it begins. */
static inline void set_slab_address(struct cpu *cpu, const struct slub *slub, struct slab_page *page)
{
	(void)cpu;
	(void)slub;
	(void)page;
}

static inline void clear_slab_address(struct cpu *cpu, struct slab_page *page)
{
	(void)cpu;
	(void)page;
}

/* Plain C, without an access. */
static inline unsigned objects_in(const struct slab_page *page)
{
	return page->objects;
}

#endif
