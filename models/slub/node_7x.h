/*
 * struct kmem_cache_node, Linux 6.17 and later: a line of its own, and in it everything: the lock,
 * the list, the length that is read without the lock, and two counters that are changed with LOCK
 * and without the lock.
 *
 * A setting takes the length or the counters, or both (`node: split`), out of it; no kernel has that.
 */
#ifndef MODELS_SLUB_NODE_7X_H
#define MODELS_SLUB_NODE_7X_H

#include <assert.h>

#include "models/slub/slub.h"

struct kmem_cache_node {
	_Alignas(LINE) struct spinlock list_lock;
	uint64_t nr_partial;
	struct list_head partial;
	int64_t nr_slabs, total_objects;        /* atomic */
	struct list_head full;                  /* of debugged slabs only: unused */
	_Alignas(LINE) struct node_barn *barn;  /* until 7.0; later struct kmem_cache has it */
	/* by the setting `node`: these instead of the same above */
	_Alignas(LINE) uint64_t split_nr_partial;
	_Alignas(LINE) int64_t split_nr_slabs, split_total_objects;
};

static const struct field kmem_cache_node_fields[] = {
	FIELD(struct kmem_cache_node, list_lock),
	GUARDED(struct kmem_cache_node, nr_partial, "list_lock", true),
	GUARDED(struct kmem_cache_node, partial, "list_lock", false),
	FIELD(struct kmem_cache_node, nr_slabs),
	FIELD(struct kmem_cache_node, total_objects),
	FIELD(struct kmem_cache_node, full),
	FIELD(struct kmem_cache_node, barn),
	GUARDED(struct kmem_cache_node, split_nr_partial, "list_lock", true),
	FIELD(struct kmem_cache_node, split_nr_slabs),
	FIELD(struct kmem_cache_node, split_total_objects),
	{ 0 },
};

static const struct layout kmem_cache_node_layout = {
	"kmem_cache_node", sizeof(struct kmem_cache_node), CLASS_ALLOCATOR, kmem_cache_node_fields
};

static_assert(offsetof(struct kmem_cache_node, nr_partial) == 8, "7.1");
static_assert(offsetof(struct kmem_cache_node, partial) == 16, "7.1");
static_assert(offsetof(struct kmem_cache_node, nr_slabs) == 32, "7.1");
static_assert(offsetof(struct kmem_cache_node, total_objects) == 40, "7.1");
static_assert(offsetof(struct kmem_cache_node, full) == 48, "7.1");
static_assert(offsetof(struct kmem_cache_node, barn) == LINE, "7.0");

/* What a node struct has in the kernel; behind it is room for `split`. */
enum { NODE_BYTES = LINE, NODE_AND_BARN_BYTES = 2 * LINE };

#endif
