/*
 * slub-lockless, variant 3.18: what slub-tagged is compared with.
 *
 *	kmem_cache -> cpu_slab, per CPU: freelist, tid, page
 *	                                 partial -> page -> page      frozen: this CPU's alone
 *	           -> node -> partial: page <-> page
 *
 * Follows: mm/slub.c, Linux 3.10 to 3.19, by the facts of 3.19.
 *
 * True whenever no CPU is inside an operation: as variant 3.2.
 *
 * alloc  as variant 3.2, but that the CPU's struct and its transaction id are read with preemption
 *        off, so that they are of one CPU; the object that comes next is prefetched.
 * free   as variant 3.2, with preemption off for the same reason.
 *
 * Expect: on a preemptible kernel each fast path counts preemption up and down, some ten cycles.
 *
 * Left out: requests for a node; slabs for emergencies only (the bit is read, never set).
 */
#include "models/slub/era_318.h"
#include "models/slub/tid.h"
#include "models/slub/offset_in_cache.h"
#include "models/slub/list_end_null.h"
#include "models/slub/no_cpu_node.h"
#include "models/slub/cpu_page.h"
#include "models/slub/lockless_alloc.h"
#include "models/slub/lockless_free.h"
#include "models/slub/partial_310.h"
#include "models/slub/cpu_pair.h"
#include "models/slub/calls.h"
#include "models/slub/setup_2639.h"
#include "models/slub/lockless_settings.h"

extern const struct object_allocator slub_lockless_318;

static inline uint64_t begin(struct cpu *cpu, struct kmem_cache *s, struct kmem_cache_cpu **c)
{
	uint64_t tid;

	preempt_disable(cpu);
	*c = cpu_slab_here(cpu, s);
	tid = load(cpu, &(*c)->tid);
	preempt_enable(cpu);
	return tid;
}

const struct object_allocator slub_lockless_318 = {
	.name             = "slub-lockless",
	.summary          = "SLUB without the slab lock, preemption off in its fast paths",
	.version          = "Linux 3.18",
	.year             = 2014,
	.brings           = "preemption is off while a path finds its CPU, the next object is "
			    "prefetched, and the node is no longer in the struct of the CPU.",
	SLUB_LOCKLESS,
};
