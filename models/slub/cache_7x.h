/*
 * struct kmem_cache, Linux 7.0 and later. The first line has all that paths read, and nobody writes
 * it once the cache is made. Behind the struct is an array by node: per_node_70.h, per_node_71.h.
 */
#ifndef MODELS_SLUB_CACHE_7X_H
#define MODELS_SLUB_CACHE_7X_H

#include "models/slub/node_7x.h"
#include "models/slub/page_612.h"
#include "models/slub/sheaf.h"

struct kmem_cache {
	struct slub_percpu_sheaves *cpu_sheaves;        /* per CPU */
	uint64_t flags;
	uint64_t min_partial;
	uint32_t size, object_size;     /* from object to object; as asked for */
	uint64_t reciprocal_size;
	uint32_t offset;                /* of the free pointer in an object, in bytes */
	uint32_t sheaf_capacity;
	uint32_t oo, min;               /* see order_objects; of the smallest slab */
	uint32_t allocflags;
	int32_t refcount;
	void (*ctor)(void *object);
	uint32_t inuse, align, red_left_pad;
	const char *name;
	struct list_head list;          /* of all caches */
	const char *object_label, *sheaf_label; /* not simulated; the kernel has its kobject here */
	char kobject[48];
	uint32_t remote_node_defrag_ratio;      /* of 1024 times, looks at other nodes */
};

static const struct field kmem_cache_fields[] = {
	FIELD(struct kmem_cache, cpu_sheaves),
	FIELD(struct kmem_cache, flags),
	FIELD(struct kmem_cache, min_partial),
	FIELD(struct kmem_cache, size),
	FIELD(struct kmem_cache, object_size),
	FIELD(struct kmem_cache, reciprocal_size),
	FIELD(struct kmem_cache, offset),
	FIELD(struct kmem_cache, sheaf_capacity),
	FIELD(struct kmem_cache, oo),
	FIELD(struct kmem_cache, min),
	FIELD(struct kmem_cache, allocflags),
	FIELD(struct kmem_cache, refcount),
	FIELD(struct kmem_cache, ctor),
	FIELD(struct kmem_cache, inuse),
	FIELD(struct kmem_cache, align),
	FIELD(struct kmem_cache, red_left_pad),
	FIELD(struct kmem_cache, name),
	FIELD(struct kmem_cache, list),
	FIELD(struct kmem_cache, object_label),
	FIELD(struct kmem_cache, sheaf_label),
	FIELD(struct kmem_cache, kobject),
	FIELD(struct kmem_cache, remote_node_defrag_ratio),
	{ 0 },
};

static const struct layout kmem_cache_layout = {
	"kmem_cache", sizeof(struct kmem_cache), CLASS_ALLOCATOR, kmem_cache_fields
};

static_assert(offsetof(struct kmem_cache, flags) == 8, "7.1");
static_assert(offsetof(struct kmem_cache, min_partial) == 16, "7.1");
static_assert(offsetof(struct kmem_cache, size) == 24, "7.1");
static_assert(offsetof(struct kmem_cache, object_size) == 28, "7.1");
static_assert(offsetof(struct kmem_cache, offset) == 40, "7.1");
static_assert(offsetof(struct kmem_cache, sheaf_capacity) == 44, "7.1");
static_assert(offsetof(struct kmem_cache, oo) == 48, "7.1");
static_assert(offsetof(struct kmem_cache, allocflags) == 56, "7.1");
static_assert(offsetof(struct kmem_cache, refcount) == 60, "7.1");
static_assert(offsetof(struct kmem_cache, ctor) == LINE, "7.1");
static_assert(offsetof(struct kmem_cache, remote_node_defrag_ratio) == 176, "7.1");
static_assert(sizeof(struct kmem_cache) == 184, "the array by node follows");

enum cache_flag { SLAB_RECLAIM_ACCOUNT = 17 };  /* bits of flags: which counter slabs belong to */

#endif
