/*
 * slub-tagged, variant v1: the proposal of 2014 as it was posted, with its faults.
 *
 *	kmem_cache -> cpu_slab, per CPU: freelist, tid -> (slab | 1)    the slab may be forgotten now
 *
 * Follows: the mails 20141210163017.* and 20141210163033.* on linux-mm, 10 December 2014.
 *
 * True whenever no CPU is inside an operation: as slub-tagged, but that there are slabs which are
 * frozen and which no CPU knows.
 *
 * alloc  as slub-tagged, but the slow path takes an empty list for no slab at all: if a partial slab
 *        takes its place, the one before stays frozen for good, and what is freed into it is lost.
 * free   as slub-tagged, but the range test mistakes orders for pages: it looks for the list in the
 *        first 2 KiB of a slab, behind its first byte, and in as many pages as the slab's order, so
 *        never in a slab of one page. It reads the order from the slab's second page struct.
 *
 * Expect: memory runs out under frees from elsewhere; frees into slabs of one page are all slow.
 *
 * Left out: as slub-tagged.
 */
#include "models/slub/era_tagged_v1.h"
#include "models/slub/tid.h"
#include "models/slub/offset_in_cache.h"
#include "models/slub/list_end_tagged.h"
#include "models/slub/no_cpu_node.h"
#include "models/slub/cpu_end.h"
#include "models/slub/tagged.h"
#include "models/slub/partial_310.h"
#include "models/slub/calls.h"
#include "models/slub/setup_2639.h"
#include "models/slub/lockless_settings.h"

extern const struct object_allocator slub_tagged_v1;

static inline bool points_into(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       void *freelist, struct slab_page *page)
{
	char *address = load(cpu, &page->address);
	intptr_t distance = (intptr_t)((uintptr_t)freelist - (uintptr_t)address);

	(void)s;
	return distance > 0 && distance < 1 << MAX_ORDER &&
	       distance < (intptr_t)slab_order(cpu, slub, page) * PAGE_BYTES;
}

const struct object_allocator slub_tagged_v1 = {
	.name             = "slub-tagged",
	.summary          = "SLUB whose CPU's slab is told by its freelist, as it was posted",
	.version          = "the proposal as posted",
	.year             = 2014,
	.brings           = "an empty list names no slab, so slabs are forgotten; the range "
			    "test never fits slabs of one page.",
	SLUB_LOCKLESS,
};
