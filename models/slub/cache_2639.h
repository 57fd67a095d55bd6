/*
 * struct kmem_cache, Linux 2.6.39 to 3.19: nothing in it is written after its creation, so it stays
 * in every CPU's cache. What a CPU has of it lies in per-CPU memory. 3.2 puts cpu_partial where
 * there was padding.
 *
 * Chosen: node[] begins a line.
 */
#ifndef MODELS_SLUB_CACHE_2639_H
#define MODELS_SLUB_CACHE_2639_H

#include "models/slub/node_2635.h"

struct kmem_cache {
	struct kmem_cache_cpu *cpu_slab;        /* CPU 0's; this_cpu() finds the others */
	uint64_t flags;
	uint64_t min_partial;           /* empty slabs are kept up to so many partial ones */
	int32_t size, objsize;          /* from object to object; as asked for */
	int32_t offset;                 /* of the free pointer in an object, in bytes */
	int32_t cpu_partial;            /* from 3.2: objects on a CPU's partial list */
	uint64_t oo, max, min;          /* order and objects of a slab: usual, largest, smallest */
	uint32_t allocflags;            /* enum gfp, of every slab */
	int32_t refcount;
	void (*ctor)(void *object);
	int32_t inuse, align, reserved;
	const char *name;
	struct list_head list;          /* of all caches */
	const char *object_label;       /* not simulated; the kernel has its kobject here */
	char kobject[96];
	int32_t defrag_ratio;           /* of 1024 times, tries the partial lists of other nodes */
	_Alignas(LINE) struct kmem_cache_node *node[];
};

enum cache_flag {                       /* bits of flags */
	SLAB_RECLAIM_ACCOUNT = 17,      /* which counter slabs belong to */
	CMPXCHG_DOUBLE = 30,            /* from 3.1: page structs take cmpxchg16b */
};
enum { SLAB_DEBUG_FLAGS = 0xd00 };      /* never set here, but looked at; the bits are ours */
enum { OO_SHIFT = 16, OO_MASK = (1 << OO_SHIFT) - 1 };  /* order above, objects below */

/* node[] has a name of its own. */
static const struct field kmem_cache_fields[] = {
	FIELD(struct kmem_cache, cpu_slab),
	FIELD(struct kmem_cache, flags),
	FIELD(struct kmem_cache, min_partial),
	FIELD(struct kmem_cache, size),
	FIELD(struct kmem_cache, objsize),
	FIELD(struct kmem_cache, offset),
	FIELD(struct kmem_cache, cpu_partial),
	FIELD(struct kmem_cache, oo),
	FIELD(struct kmem_cache, max),
	FIELD(struct kmem_cache, min),
	FIELD(struct kmem_cache, allocflags),
	FIELD(struct kmem_cache, refcount),
	FIELD(struct kmem_cache, ctor),
	FIELD(struct kmem_cache, inuse),
	FIELD(struct kmem_cache, align),
	FIELD(struct kmem_cache, reserved),
	FIELD(struct kmem_cache, name),
	FIELD(struct kmem_cache, list),
	FIELD(struct kmem_cache, object_label),
	FIELD(struct kmem_cache, kobject),
	FIELD(struct kmem_cache, defrag_ratio),
	{ 0 },
};

static const struct layout kmem_cache_layout = {
	"kmem_cache", sizeof(struct kmem_cache), CLASS_ALLOCATOR, kmem_cache_fields
};

static_assert(offsetof(struct kmem_cache, cpu_slab) == 0, "2.6.39");
static_assert(offsetof(struct kmem_cache, flags) == 8, "2.6.39");
static_assert(offsetof(struct kmem_cache, min_partial) == 16, "2.6.39");
static_assert(offsetof(struct kmem_cache, size) == 24, "2.6.39");
static_assert(offsetof(struct kmem_cache, objsize) == 28, "2.6.39");
static_assert(offsetof(struct kmem_cache, offset) == 32, "2.6.39");
static_assert(offsetof(struct kmem_cache, cpu_partial) == 36, "3.2");
static_assert(offsetof(struct kmem_cache, oo) == 40, "2.6.39");
static_assert(offsetof(struct kmem_cache, max) == 48, "2.6.39");
static_assert(offsetof(struct kmem_cache, min) == 56, "2.6.39");
static_assert(offsetof(struct kmem_cache, allocflags) == 64, "2.6.39");
static_assert(offsetof(struct kmem_cache, refcount) == 68, "2.6.39");
static_assert(offsetof(struct kmem_cache, ctor) == 72, "2.6.39");
static_assert(offsetof(struct kmem_cache, inuse) == 80, "2.6.39");
static_assert(offsetof(struct kmem_cache, align) == 84, "2.6.39");
static_assert(offsetof(struct kmem_cache, reserved) == 88, "2.6.39");
static_assert(offsetof(struct kmem_cache, name) == 96, "2.6.39");
static_assert(offsetof(struct kmem_cache, list) == 104, "2.6.39");
static_assert(offsetof(struct kmem_cache, node) == 256, "node[] begins a line");

static inline struct kmem_cache_node **cache_node(const struct kmem_cache *s, unsigned node)
{
	return (struct kmem_cache_node **)&s->node[node];
}

static inline unsigned cache_objects(const struct kmem_cache *s)
{
	return (unsigned)(s->oo & OO_MASK);
}

/* Plain C, without an access. */
static inline struct kmem_cache_node *node_struct(const struct slub *slub,
						  const struct kmem_cache *s, unsigned id)
{
	(void)slub;
	return s->node[id];
}

#endif
