/*
 * struct page as a slab, Linux 6.12 and later: `struct slab`, a line of its own.
 *
 * freelist and counters are one aligned pair, which a LOCK cmpxchg16b changes together. There is no
 * slab lock any more; that a slab is on the partial list is a bit of flags, set and cleared with
 * LOCK under the list_lock.
 */
#ifndef MODELS_SLUB_PAGE_612_H
#define MODELS_SLUB_PAGE_612_H

#include <assert.h>

#include "models/slub/slub.h"

struct slab_page {
	uint64_t flags;                 /* SL_PARTIAL, node */
	union {
		struct kmem_cache *slab_cache;
		uint64_t compound_info;         /* of a tail: the head's address + 1 */
	};
	union {
		struct list_head slab_list;     /* on the partial list; under list_lock */
		struct {                        /* on a CPU's partial list, until 6.18 */
			struct slab_page *next;
			int32_t slabs;                  /* of the list from here on */
		};
		struct {
			uint64_t order;                 /* of a first tail: of the compound page */
			uint64_t mapping;               /* of a page that is no slab */
		};
	};
	union {
		struct {
			void *freelist;
			uint64_t counters;      /* see slab_counters */
		};
		struct pair free;               /* both */
	};
	uint32_t page_type;             /* PAGE_TYPE_SLAB, or what _mapcount has in an unused page */
	int32_t refcount;
	uint64_t obj_exts;
};

static const struct field slab_page_fields[] = {
	FIELD(struct slab_page, flags),
	FIELD(struct slab_page, slab_cache),
	FIELD(struct slab_page, slab_list),
	FIELD(struct slab_page, freelist),
	FIELD(struct slab_page, counters),
	FIELD(struct slab_page, page_type),
	FIELD(struct slab_page, refcount),
	FIELD(struct slab_page, obj_exts),
	{ 0 },
};

static const struct layout slab_page_layout = {
	"slab", sizeof(struct slab_page), CLASS_ALLOCATOR, slab_page_fields
};

static const struct field tail_page_fields[] = {
	FIELD(struct slab_page, flags),
	FIELD(struct slab_page, compound_info),
	FIELD(struct slab_page, order),
	FIELD(struct slab_page, mapping),
	{ "index", offsetof(struct slab_page, freelist), WORD, NULL, false },
	{ "private", offsetof(struct slab_page, counters), WORD, NULL, false },
	{ "_mapcount", offsetof(struct slab_page, page_type), 4, NULL, false },
	{ "_refcount", offsetof(struct slab_page, refcount), 4, NULL, false },
	{ "memcg_data", offsetof(struct slab_page, obj_exts), WORD, NULL, false },
	{ 0 },
};

static const struct layout tail_page_layout = {
	"page", sizeof(struct slab_page), CLASS_ALLOCATOR, tail_page_fields
};

static_assert(sizeof(struct slab_page) == LINE, "6.12");
static_assert(offsetof(struct slab_page, slab_cache) == 8, "6.12");
static_assert(offsetof(struct slab_page, slab_list) == 16, "6.12");
static_assert(offsetof(struct slab_page, mapping) == 24, "6.12");
static_assert(offsetof(struct slab_page, freelist) == 32, "6.12");
static_assert(offsetof(struct slab_page, counters) == 40, "6.12");
static_assert(offsetof(struct slab_page, page_type) == 48, "6.12");
static_assert(offsetof(struct slab_page, refcount) == 52, "6.12");
static_assert(offsetof(struct slab_page, obj_exts) == 56, "6.12");

/* Bits of flags; their numbers are from memory, and no line hangs on them. */
enum slab_flag {
	SL_PFMEMALLOC = PG_ACTIVE,      /* from the reserve: never set here, but looked at */
	SL_PARTIAL = 9,                 /* on its node's partial list */
};

/* Values of page_type; the kernel's differ, one apart from an unused page is all that counts. */
#define PAGE_TYPE_SLAB 0xf5000000u
#define PAGE_TYPE_NONE UINT32_MAX

/* ---- freelist and counters -------------------------------------------------------------------- */

/* The word `counters`: inuse 16 bits, objects 15, frozen 1. */
enum { OBJECTS_SHIFT = 16, FROZEN_SHIFT = 31 };

static inline uint64_t counters_of(unsigned inuse, unsigned objects, bool frozen)
{
	return inuse | (uint64_t)objects << OBJECTS_SHIFT | (uint64_t)frozen << FROZEN_SHIFT;
}

static inline unsigned counters_inuse(uint64_t counters)
{
	return counters & 0xffff;
}

static inline unsigned counters_objects(uint64_t counters)
{
	return counters >> OBJECTS_SHIFT & 0x7fff;
}

static inline bool counters_frozen(uint64_t counters)
{
	return counters >> FROZEN_SHIFT & 1;
}

/* What is free in a slab, read word by word: both belong together once an update succeeds. */
struct slab_free {
	void *freelist;
	uint64_t counters;
};

static inline struct slab_free slab_read(struct cpu *cpu, struct slab_page *slab)
{
	struct slab_free seen;

	seen.freelist = load(cpu, &slab->freelist);
	seen.counters = load(cpu, &slab->counters);
	return seen;
}

/* From `seen` to `next`, both words in one LOCK cmpxchg16b; false, and a pause: somebody was faster. */
static inline bool slab_update(struct cpu *cpu, struct slab_page *slab, struct slab_free seen,
			       struct slab_free next)
{
	struct pair was = { (uintptr_t)seen.freelist, seen.counters };
	struct pair is = { (uintptr_t)next.freelist, next.counters };

	if (cas(cpu, &slab->free, was, is))
		return true;
	compute(cpu, STEP_PAUSE);
	return false;
}

/* ---- from objects to slabs -------------------------------------------------------------------- */

static inline struct slab_page *list_slab(struct list_head *at)
{
	return (struct slab_page *)((char *)at - offsetof(struct slab_page, slab_list));
}

/* The slab an object lies in, NULL: a block of pages. Reads the page struct of the object's page,
 * and what the head page is. */
static inline struct slab_page *virt_to_slab(struct cpu *cpu, const struct slub *slub,
					     const void *object)
{
	struct slab_page *page = (struct slab_page *)virt_to_page(slub->memory, object);
	uint64_t compound_info = load(cpu, &page->compound_info);
	uint32_t page_type;

	if (compound_info & 1)
		page = (struct slab_page *)(uintptr_t)(compound_info - 1);
	page_type = load(cpu, &page->page_type);
	return page_type == PAGE_TYPE_SLAB ? page : NULL;
}

/* ---- objects ------------------------------------------------------------------------------------ */

static const struct layout object_layout = { "object", 0, CLASS_PAYLOAD, NULL };

/* Writes zeros over an object, one store per line. */
static inline void object_clear(struct cpu *cpu, void *object, unsigned bytes)
{
	for (unsigned offset = 0; offset < bytes; offset += LINE)
		store(cpu, (uint64_t *)((char *)object + offset), 0);
}

#endif
