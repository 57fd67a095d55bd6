/* Linux 3.1. */
#ifndef MODELS_SLUB_ERA_31_H
#define MODELS_SLUB_ERA_31_H

#include "models/slub/cache_2639.h"
#include "models/slub/cpu_2639.h"
#include "models/slub/page_31.h"
#include "models/slub/page_tail_31.h"
#include "models/slub/lookup_2639.h"
#include "models/slub/slab_view_counters.h"

static const struct slub_era era = {
	.min_partial_bits    = 1,
	.min_objects_by_cpus = true,
	.kmalloc_max         = 2 * PAGE_BYTES,
	.waste               = 16,
	.too_many            = OBJECTS_MASK + 1,
	.slab_lock           = BIT_LOCK_2639,
	.list_lock           = LOCK_TICKET,
	.refilled            = LIST_TAIL,
	.page_pair           = true,
	.links_irqs_off      = true,
	.loses               = true,
	.forgets_recheck     = true,
	.rc1_to_head         = true,
	.loads_under_lock    = true,
	.keeps_list_lock     = true,
};

#endif
