/*
 * struct kmem_cache, Linux 6.18: the CPU slab's members stand beside those of sheaves. Behind the struct
 * is an array by node: per_node_70.h.
 *
 * Chosen: what lies behind `min` is in the order of 7.1, as the sheet ends there; the paths read of it
 * allocflags, once per new slab, and ctor, once per object of it.
 */
#ifndef MODELS_SLUB_CACHE_618_H
#define MODELS_SLUB_CACHE_618_H

#include "models/slub/node_7x.h"
#include "models/slub/page_612.h"
#include "models/slub/sheaf.h"

/* What a CPU allocates from. */
struct kmem_cache_cpu {
	union {
		struct {
			void *freelist;
			uint64_t tid;           /* another one after each change */
		};
		struct pair head;               /* both */
	};
	struct slab_page *slab;         /* the CPU's, frozen */
	struct slab_page *partial;      /* more of them, not frozen; linked by `next` */
	uint8_t lock;                   /* inside, interrupts off */
};

static const struct field kmem_cache_cpu_fields[] = {
	FIELD(struct kmem_cache_cpu, freelist),
	FIELD(struct kmem_cache_cpu, tid),
	FIELD(struct kmem_cache_cpu, slab),
	FIELD(struct kmem_cache_cpu, partial),
	FIELD(struct kmem_cache_cpu, lock),
	{ "padding", 33, 15, NULL, false },
	{ 0 },
};

static const struct layout kmem_cache_cpu_layout = {
	"kmem_cache_cpu", sizeof(struct kmem_cache_cpu), CLASS_ALLOCATOR, kmem_cache_cpu_fields
};

static_assert(offsetof(struct kmem_cache_cpu, tid) == 8, "6.18");
static_assert(offsetof(struct kmem_cache_cpu, slab) == 16, "6.18");
static_assert(offsetof(struct kmem_cache_cpu, partial) == 24, "6.18");

struct kmem_cache {
	struct kmem_cache_cpu *cpu_slab;                /* per CPU */
	struct slub_percpu_sheaves *cpu_sheaves;        /* the same; NULL: not in this cache */
	uint64_t flags;
	uint64_t min_partial;
	uint32_t size, object_size;     /* from object to object; as asked for */
	uint64_t reciprocal_size;
	uint32_t offset;                /* of the free pointer in an object, in bytes */
	uint32_t cpu_partial, cpu_partial_slabs;        /* objects, slabs a CPU keeps */
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
	FIELD(struct kmem_cache, cpu_slab),
	FIELD(struct kmem_cache, cpu_sheaves),
	FIELD(struct kmem_cache, flags),
	FIELD(struct kmem_cache, min_partial),
	FIELD(struct kmem_cache, size),
	FIELD(struct kmem_cache, object_size),
	FIELD(struct kmem_cache, reciprocal_size),
	FIELD(struct kmem_cache, offset),
	FIELD(struct kmem_cache, cpu_partial),
	FIELD(struct kmem_cache, cpu_partial_slabs),
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

static_assert(offsetof(struct kmem_cache, cpu_sheaves) == 8, "6.18");
static_assert(offsetof(struct kmem_cache, flags) == 16, "6.18");
static_assert(offsetof(struct kmem_cache, min_partial) == 24, "6.18");
static_assert(offsetof(struct kmem_cache, size) == 32, "6.18");
static_assert(offsetof(struct kmem_cache, object_size) == 36, "6.18");
static_assert(offsetof(struct kmem_cache, offset) == 48, "6.18");
static_assert(offsetof(struct kmem_cache, cpu_partial) == 52, "6.18");
static_assert(offsetof(struct kmem_cache, cpu_partial_slabs) == 56, "6.18");
static_assert(offsetof(struct kmem_cache, sheaf_capacity) == 60, "6.18");
static_assert(offsetof(struct kmem_cache, oo) == LINE, "6.18");
static_assert(offsetof(struct kmem_cache, min) == 68, "6.18");

enum cache_flag { SLAB_RECLAIM_ACCOUNT = 17 };  /* bits of flags: which counter slabs belong to */

#endif
