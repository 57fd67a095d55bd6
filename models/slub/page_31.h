/*
 * struct page as a slab, Linux 3.1 to 3.19: a line of its own, and the state of the slab in two words
 * that cmpxchg16b exchanges as one. The high half of `counters` is the page's reference count, so it
 * is compared too.
 *
 *	counters   63..32 _count   31 frozen   30..16 objects   15..0 inuse
 */
#ifndef MODELS_SLUB_PAGE_31_H
#define MODELS_SLUB_PAGE_31_H

#include <assert.h>

#include "models/slub/slub.h"

struct slab_page {
	uint64_t flags;                 /* slab lock where there is no cmpxchg16b, node */
	union {
		uint64_t mapping;
		char *address;                  /* slub-tagged: of the slab's first byte */
	};
	union {
		struct {
			void *freelist;
			union {
				uint64_t counters;
				struct {
					uint16_t inuse;
					uint16_t objects;       /* and frozen, the top bit */
					int32_t _count;
				};
				uint32_t _mapcount;     /* of a page that is no slab */
			};
		};
		struct pair state;
	};
	union {
		struct list_head lru;           /* on a node's partial list; under list_lock */
		struct {                        /* on a CPU's, from 3.2: that CPU's */
			struct slab_page *next;
			int32_t pages, pobjects;        /* slabs and free objects from here on */
		};
	};
	struct kmem_cache *slab;
	uint64_t unused;
};

enum {
	INUSE_MASK = 0xffff,
	OBJECTS_SHIFT = 16, OBJECTS_MASK = 0x7fff,
	FROZEN_BIT = 31,
	FROZEN_OF_OBJECTS = FROZEN_BIT - OBJECTS_SHIFT,         /* the same bit, in `objects` */
};

static const struct field slab_page_fields[] = {
	FIELD(struct slab_page, flags),
	FIELD(struct slab_page, mapping),
	FIELD(struct slab_page, freelist),
	FIELD(struct slab_page, counters),
	FIELD(struct slab_page, lru),
	FIELD(struct slab_page, slab),
	FIELD(struct slab_page, unused),
	{ 0 },
};

static const struct layout slab_page_layout = {
	"page", sizeof(struct slab_page), CLASS_ALLOCATOR, slab_page_fields
};

static_assert(sizeof(struct slab_page) == 64, "struct page from 3.1");
static_assert(offsetof(struct slab_page, address) == 8, "slub-tagged");
static_assert(offsetof(struct slab_page, freelist) == 16, "3.1");
static_assert(offsetof(struct slab_page, counters) == 24, "3.1");
static_assert(offsetof(struct slab_page, objects) == 26, "3.1");
static_assert(offsetof(struct slab_page, _count) == 28, "3.1");
static_assert(offsetof(struct slab_page, lru) == 32, "3.1");
static_assert(offsetof(struct slab_page, pages) == 40, "3.2");
static_assert(offsetof(struct slab_page, pobjects) == 44, "3.2");
static_assert(offsetof(struct slab_page, slab) == 48, "3.1");

static inline unsigned page_objects(struct cpu *cpu, struct slab_page *page)
{
	unsigned objects = load(cpu, &page->objects);

	return objects & OBJECTS_MASK;
}

static inline void set_page_objects(struct cpu *cpu, struct slab_page *page, unsigned objects)
{
	store(cpu, &page->objects, (uint16_t)objects);
}

/* Plain C, without an access. */
static inline unsigned objects_in(const struct slab_page *page)
{
	return page->objects & OBJECTS_MASK;
}

#endif
