/*
 * What a CPU has of a cache in the proposal of 2014: its slab is not named. The freelist tells: its
 * objects lie in the slab, and so does the address that ends it, with bit 0 set. NULL: no slab.
 */
#ifndef MODELS_SLUB_CPU_TAGGED_H
#define MODELS_SLUB_CPU_TAGGED_H

#include <assert.h>

#include "models/slub/cache_2639.h"

struct kmem_cache_cpu {
	union {
		struct {
			void *freelist;
			uint64_t tid;
		};
		struct pair list;
	};
	struct slab_page *partial;      /* its partial slabs, frozen, linked by page->next */
};

static const struct field kmem_cache_cpu_fields[] = {
	FIELD(struct kmem_cache_cpu, freelist),
	FIELD(struct kmem_cache_cpu, tid),
	FIELD(struct kmem_cache_cpu, partial),
	{ "(padding)", 24, 8, NULL, false },
	{ 0 },
};

static const struct layout kmem_cache_cpu_layout = {
	"kmem_cache_cpu", sizeof(struct kmem_cache_cpu), CLASS_ALLOCATOR, kmem_cache_cpu_fields
};

static_assert(offsetof(struct kmem_cache_cpu, tid) == 8, "2.6.39");
static_assert(offsetof(struct kmem_cache_cpu, partial) == 16, "slub-tagged");

/* Plain C, for check(). A freelist that is in no page is handed on as a page that is none. */
static inline struct cpu_view cpu_view(const struct slub *slub, const struct kmem_cache *s,
				       unsigned id)
{
	const struct kmem_cache_cpu *c = per_cpu(slub->sim, s->cpu_slab, id);
	const struct memory *m = slub->memory;
	struct page *page = c->freelist;

	if (address_to_pfn(m, c->freelist) < m->pages) {
		page = virt_to_page(m, c->freelist);
		if (*page_flags(m, page) >> PG_TAIL & 1)
			page = *page_first_page(m, page);
	}
	return (struct cpu_view){ page, c->freelist, (struct page *)c->partial };
}

#endif
