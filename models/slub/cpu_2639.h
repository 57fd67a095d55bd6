/* What a CPU has of a cache, Linux 2.6.39 to 3.1: a struct in per-CPU memory, whose first two words
 * are compared and exchanged as one. Caches of one CPU may share a line, never two CPUs. */
#ifndef MODELS_SLUB_CPU_2639_H
#define MODELS_SLUB_CPU_2639_H

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
	int32_t node;                   /* of the slab; -1: debugged */
};

static const struct field kmem_cache_cpu_fields[] = {
	FIELD(struct kmem_cache_cpu, freelist),
	FIELD(struct kmem_cache_cpu, tid),
	FIELD(struct kmem_cache_cpu, page),
	FIELD(struct kmem_cache_cpu, node),
	{ 0 },
};

static const struct layout kmem_cache_cpu_layout = {
	"kmem_cache_cpu", sizeof(struct kmem_cache_cpu), CLASS_ALLOCATOR, kmem_cache_cpu_fields
};

static_assert(sizeof(struct kmem_cache_cpu) == 32, "2.6.39");
static_assert(offsetof(struct kmem_cache_cpu, tid) == 8, "2.6.39");
static_assert(offsetof(struct kmem_cache_cpu, page) == 16, "2.6.39");
static_assert(offsetof(struct kmem_cache_cpu, node) == 24, "2.6.39");

/* Plain C, for check(). */
static inline struct cpu_view cpu_view(const struct slub *slub, const struct kmem_cache *s,
				       unsigned id)
{
	const struct kmem_cache_cpu *c = per_cpu(slub->sim, s->cpu_slab, id);

	return (struct cpu_view){ .page = (struct page *)c->page, .freelist = c->freelist };
}

#endif
