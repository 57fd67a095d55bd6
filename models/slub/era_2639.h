/* Linux 2.6.39. */
#ifndef MODELS_SLUB_ERA_2639_H
#define MODELS_SLUB_ERA_2639_H

#include "models/slub/cache_2639.h"
#include "models/slub/cpu_2639.h"
#include "models/slub/page_2626.h"
#include "models/slub/page_tail_2622.h"
#include "models/slub/lookup_2639.h"
#include "models/slub/slab_view_flags.h"

static const struct slub_era era = {
	.min_partial_bits    = 1,
	.min_objects_by_cpus = true,
	.kmalloc_max         = 2 * PAGE_BYTES,
	.waste               = 16,
	.too_many            = 65536,
	.slab_lock           = BIT_LOCK_2639,
	.list_lock           = LOCK_TICKET,
	.refilled            = LIST_TAIL,
	.given_up            = LIST_TAIL,
	.counts_remote       = true,
	.walk_prefetches     = true,
	.loses               = true,
};

#endif
