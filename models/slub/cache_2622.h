/*
 * struct kmem_cache, Linux 2.6.22 to 2.6.24.
 *
 * What follows is not one struct: with more than one node node[] behind defrag_ratio, then
 * cpu_slab[], which begins in place of defrag_ratio where there is one node. What an element of
 * cpu_slab[] is, is in cpu_*.h. Not line-aligned: see kmalloc.c.
 */
#ifndef MODELS_SLUB_CACHE_2622_H
#define MODELS_SLUB_CACHE_2622_H

#include "models/slub/node_2622.h"

struct kmem_cache {
	uint64_t flags;
	int32_t size, objsize;          /* from object to object; as asked for */
	int32_t offset;                 /* of the free pointer in an object, in bytes */
	int32_t order;
	struct kmem_cache_node local_node;      /* of the cache's own node, 0 */
	int32_t objects;                /* in a slab */
	int32_t refcount;
	void (*ctor)(void *object);
	int32_t inuse, align;
	const char *name;
	struct list_head list;          /* of all caches */
	const char *object_label;       /* not simulated; the kernel has its kobject here */
	char kobject[96];
	int32_t defrag_ratio;           /* of 1024 times, tries the partial lists of other nodes */
};

enum cache_flag { SLAB_RECLAIM_ACCOUNT = 17 };  /* bits of flags: which counter slabs belong to */

static const struct field kmem_cache_fields[] = {
	FIELD(struct kmem_cache, flags),
	FIELD(struct kmem_cache, size),
	FIELD(struct kmem_cache, objsize),
	FIELD(struct kmem_cache, offset),
	FIELD(struct kmem_cache, order),
	FIELD(struct kmem_cache, local_node.list_lock),
	GUARDED(struct kmem_cache, local_node.nr_partial, "local_node.list_lock", true),
	FIELD(struct kmem_cache, local_node.nr_slabs),
	GUARDED(struct kmem_cache, local_node.partial, "local_node.list_lock", false),
	FIELD(struct kmem_cache, local_node.full),
	FIELD(struct kmem_cache, objects),
	FIELD(struct kmem_cache, refcount),
	FIELD(struct kmem_cache, ctor),
	FIELD(struct kmem_cache, inuse),
	FIELD(struct kmem_cache, align),
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

static_assert(offsetof(struct kmem_cache, size) == 8, "2.6.22");
static_assert(offsetof(struct kmem_cache, objsize) == 12, "2.6.22");
static_assert(offsetof(struct kmem_cache, offset) == 16, "2.6.22");
static_assert(offsetof(struct kmem_cache, order) == 20, "2.6.22");
static_assert(offsetof(struct kmem_cache, local_node) == 24, "2.6.22");
static_assert(offsetof(struct kmem_cache, objects) == 80, "2.6.22");
static_assert(offsetof(struct kmem_cache, refcount) == 84, "2.6.22");
static_assert(offsetof(struct kmem_cache, ctor) == 88, "2.6.22");
static_assert(offsetof(struct kmem_cache, inuse) == 96, "2.6.22");
static_assert(offsetof(struct kmem_cache, align) == 100, "2.6.22");
static_assert(offsetof(struct kmem_cache, name) == 104, "2.6.22");
static_assert(offsetof(struct kmem_cache, list) == 112, "2.6.22");
/* The size of a kobject is from memory, 104 bytes; no sheet has it. */
static_assert(offsetof(struct kmem_cache, defrag_ratio) == 128 + 104, "kobject");
static_assert(sizeof(struct kmem_cache) == 240, "node[] follows");

static inline struct kmem_cache_node **cache_node(const struct kmem_cache *s, unsigned node)
{
	return (struct kmem_cache_node **)((char *)s + sizeof *s) + node;
}

/* Bytes in front of cpu_slab[], before that is aligned to its elements. */
static inline size_t cache_head_bytes(unsigned nodes)
{
	enum { MAX_NUMNODES = 64 };     /* and its multiples, where there are more nodes */

	if (nodes == 1)
		return offsetof(struct kmem_cache, defrag_ratio);
	return sizeof(struct kmem_cache) + round_up(nodes, MAX_NUMNODES) * WORD;
}

static inline unsigned cache_objects(const struct kmem_cache *s)
{
	return (unsigned)s->objects;
}

/* Plain C, without an access. */
static inline struct kmem_cache_node *node_struct(const struct slub *slub,
						  const struct kmem_cache *s, unsigned id)
{
	if (slub->memory->nodes == 1)
		return (struct kmem_cache_node *)&s->local_node;
	return *cache_node(s, id);
}

static inline void *cpu_slab_of(const struct slub *slub, const struct kmem_cache *s, unsigned id)
{
	return (char *)s + slub->cpu_slab_offset + id * slub->era->cpu_slab_bytes;
}

#endif
