/*
 * slub-tagged, variant 4.0: what was merged instead of the proposal.
 *
 *	kmem_cache -> cpu_slab, per CPU: freelist, tid, page
 *	                                 partial -> page -> page
 *
 * Follows: mm/slub.c, Linux 4.0.
 *
 * True whenever no CPU is inside an operation: as slub-lockless 3.2.
 *
 * alloc  as slub-lockless 3.18, with preemption on: where the kernel is preemptible the id is read
 *        again through the CPU's struct, and both must be of one CPU.
 * free   the same.
 *
 * Expect: on a preemptible kernel a read instead of counting preemption up and down.
 *
 * Left out: as slub-lockless 3.18.
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

extern const struct object_allocator slub_4_0;

static inline uint64_t begin(struct cpu *cpu, struct kmem_cache *s, struct kmem_cache_cpu **c)
{
	uint64_t tid;

	do {
		*c = cpu_slab_here(cpu, s);
		tid = load(cpu, &(*c)->tid);
	} while (sim_preempt(cpu_sim(cpu)) && load(cpu, &(*c)->tid) != tid);
	return tid;
}

const struct object_allocator slub_4_0 = {
	.name             = "slub-tagged",
	.summary          = "SLUB without preemption off in its fast paths",
	.version          = "Linux 4.0",
	.year             = 2015,
	.brings           = "instead of the proposal: the id is read twice where the kernel is "
			    "preemptible, and preemption stays on.",
	SLUB_LOCKLESS,
};
