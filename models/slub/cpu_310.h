/* What a CPU has of a cache, Linux 3.10 to 3.19: without the node, which its slab knows. */
#ifndef MODELS_SLUB_CPU_310_H
#define MODELS_SLUB_CPU_310_H

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
};

static const struct field kmem_cache_cpu_fields[] = {
	FIELD(struct kmem_cache_cpu, freelist),
	FIELD(struct kmem_cache_cpu, tid),
	FIELD(struct kmem_cache_cpu, page),
	FIELD(struct kmem_cache_cpu, partial),
	{ 0 },
};

static const struct layout kmem_cache_cpu_layout = {
	"kmem_cache_cpu", sizeof(struct kmem_cache_cpu), CLASS_ALLOCATOR, kmem_cache_cpu_fields
};

static_assert(sizeof(struct kmem_cache_cpu) == 32, "3.10");
static_assert(offsetof(struct kmem_cache_cpu, tid) == 8, "2.6.39");
static_assert(offsetof(struct kmem_cache_cpu, page) == 16, "2.6.39");
static_assert(offsetof(struct kmem_cache_cpu, partial) == 24, "3.2");

/* Plain C, for check(). */
static inline struct cpu_view cpu_view(const struct slub *slub, const struct kmem_cache *s,
				       unsigned id)
{
	const struct kmem_cache_cpu *c = per_cpu(slub->sim, s->cpu_slab, id);

	return (struct cpu_view){ (struct page *)c->page, c->freelist, (struct page *)c->partial };
}

#endif
