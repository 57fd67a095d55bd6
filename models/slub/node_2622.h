/* struct kmem_cache_node, Linux 2.6.22 on. Not line-aligned: nodes of different caches share
 * lines. */
#ifndef MODELS_SLUB_NODE_2622_H
#define MODELS_SLUB_NODE_2622_H

#include <assert.h>

#include "models/slub/slub.h"

struct kmem_cache_node {
	struct spinlock list_lock;
	uint64_t nr_partial;
	int64_t nr_slabs;               /* atomic */
	struct list_head partial;
	struct list_head full;          /* of debugged slabs only: unused */
};

static const struct field kmem_cache_node_fields[] = {
	FIELD(struct kmem_cache_node, list_lock),
	GUARDED(struct kmem_cache_node, nr_partial, "list_lock", true),
	FIELD(struct kmem_cache_node, nr_slabs),
	GUARDED(struct kmem_cache_node, partial, "list_lock", false),
	FIELD(struct kmem_cache_node, full),
	{ 0 },
};

static const struct layout kmem_cache_node_layout = {
	"kmem_cache_node", sizeof(struct kmem_cache_node), CLASS_ALLOCATOR, kmem_cache_node_fields
};

/* Of all slabs of the node; -1: not counted. */
static inline int64_t total_objects(const struct kmem_cache_node *n)
{
	(void)n;
	return -1;
}

static_assert(sizeof(struct kmem_cache_node) == 56, "2.6.22");
static_assert(offsetof(struct kmem_cache_node, nr_partial) == 8, "2.6.22");
static_assert(offsetof(struct kmem_cache_node, nr_slabs) == 16, "2.6.22");
static_assert(offsetof(struct kmem_cache_node, partial) == 24, "2.6.22");
static_assert(offsetof(struct kmem_cache_node, full) == 40, "2.6.22");

#endif
