/* struct page as a slab, Linux 2.6.22 and 2.6.23: the CPU's freelist lies in it. */
#ifndef MODELS_SLUB_PAGE_2622_H
#define MODELS_SLUB_PAGE_2622_H

#include <assert.h>

#include "models/slub/slub.h"

struct slab_page {
	uint64_t flags;                 /* slab lock, frozen, node */
	int32_t _count;
	union {
		struct {
			uint16_t inuse;
			uint16_t offset;        /* of the free pointer in an object, in words */
		};
		uint32_t _mapcount;             /* of a page that is no slab */
	};
	void *lockless_freelist;        /* of the CPU that has the slab */
	union {
		struct kmem_cache *slab;
		uint64_t mapping;               /* of a page that is no slab */
	};
	void *freelist;                 /* under the slab lock */
	struct list_head lru;           /* on the partial list; under list_lock */
};

static const struct field slab_page_fields[] = {
	FIELD(struct slab_page, flags),
	FIELD(struct slab_page, _count),
	FIELD(struct slab_page, inuse),
	FIELD(struct slab_page, offset),
	FIELD(struct slab_page, lockless_freelist),
	FIELD(struct slab_page, slab),
	FIELD(struct slab_page, freelist),
	FIELD(struct slab_page, lru),
	{ 0 },
};

static const struct layout slab_page_layout = {
	"page", sizeof(struct slab_page), CLASS_ALLOCATOR, slab_page_fields
};

static_assert(sizeof(struct slab_page) == 56, "struct page until 3.0");
static_assert(offsetof(struct slab_page, _count) == 8, "struct page until 3.0");
static_assert(offsetof(struct slab_page, inuse) == 12, "2.6.22");
static_assert(offsetof(struct slab_page, offset) == 14, "2.6.22");
static_assert(offsetof(struct slab_page, lockless_freelist) == 16, "2.6.22");
static_assert(offsetof(struct slab_page, slab) == 24, "2.6.22");
static_assert(offsetof(struct slab_page, freelist) == 32, "struct page until 3.0");
static_assert(offsetof(struct slab_page, lru) == 40, "struct page until 3.0");

#endif
