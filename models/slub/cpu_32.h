/* What a CPU has of a cache, Linux 3.2: partial slabs, too. */
#ifndef MODELS_SLUB_CPU_32_H
#define MODELS_SLUB_CPU_32_H

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
	struct slab_page *page;         /* the CPU's slab */
	struct slab_page *partial;      /* its partial slabs, frozen, linked by page->next */
	int32_t node;                   /* of the slab */
};

static const struct field kmem_cache_cpu_fields[] = {
	FIELD(struct kmem_cache_cpu, freelist),
	FIELD(struct kmem_cache_cpu, tid),
	FIELD(struct kmem_cache_cpu, page),
	FIELD(struct kmem_cache_cpu, partial),
	FIELD(struct kmem_cache_cpu, node),
	{ "(padding)", 36, 12, NULL, false },
	{ 0 },
};

static const struct layout kmem_cache_cpu_layout = {
	"kmem_cache_cpu", sizeof(struct kmem_cache_cpu), CLASS_ALLOCATOR, kmem_cache_cpu_fields
};

static_assert(offsetof(struct kmem_cache_cpu, tid) == 8, "2.6.39");
static_assert(offsetof(struct kmem_cache_cpu, page) == 16, "2.6.39");
static_assert(offsetof(struct kmem_cache_cpu, partial) == 24, "3.2");
static_assert(offsetof(struct kmem_cache_cpu, node) == 32, "3.2");

/* Plain C, for check(). */
static inline struct cpu_view cpu_view(const struct slub *slub, const struct kmem_cache *s,
				       unsigned id)
{
	const struct kmem_cache_cpu *c = per_cpu(slub->sim, s->cpu_slab, id);

	return (struct cpu_view){ (struct page *)c->page, c->freelist, (struct page *)c->partial };
}

#endif
