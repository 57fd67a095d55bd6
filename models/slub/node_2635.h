/* struct kmem_cache_node, Linux 2.6.35 on: an object of its own for every node, a line long. */
#ifndef MODELS_SLUB_NODE_2635_H
#define MODELS_SLUB_NODE_2635_H

#include <assert.h>

#include "models/slub/slub.h"

struct kmem_cache_node {
	struct spinlock list_lock;
	uint64_t nr_partial;
	struct list_head partial;
	int64_t nr_slabs, total_objects;        /* atomic */
	struct list_head full;          /* of debugged slabs only: unused */
};

static const struct field kmem_cache_node_fields[] = {
	FIELD(struct kmem_cache_node, list_lock),
	GUARDED(struct kmem_cache_node, nr_partial, "list_lock", true),
	GUARDED(struct kmem_cache_node, partial, "list_lock", false),
	FIELD(struct kmem_cache_node, nr_slabs),
	FIELD(struct kmem_cache_node, total_objects),
	FIELD(struct kmem_cache_node, full),
	{ 0 },
};

static const struct layout kmem_cache_node_layout = {
	"kmem_cache_node", sizeof(struct kmem_cache_node), CLASS_ALLOCATOR, kmem_cache_node_fields
};

static_assert(sizeof(struct kmem_cache_node) == 64, "2.6.35");
static_assert(offsetof(struct kmem_cache_node, nr_partial) == 8, "2.6.35");
static_assert(offsetof(struct kmem_cache_node, partial) == 16, "2.6.35");
static_assert(offsetof(struct kmem_cache_node, nr_slabs) == 32, "2.6.35");
static_assert(offsetof(struct kmem_cache_node, total_objects) == 40, "2.6.35");
static_assert(offsetof(struct kmem_cache_node, full) == 48, "2.6.35");

/* Of all slabs of the node. */
static inline int64_t total_objects(const struct kmem_cache_node *n)
{
	return n->total_objects;
}

#endif
