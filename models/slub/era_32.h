/* Linux 3.2. */
#ifndef MODELS_SLUB_ERA_32_H
#define MODELS_SLUB_ERA_32_H

#include "models/slub/cache_2639.h"
#include "models/slub/cpu_32.h"
#include "models/slub/page_31.h"
#include "models/slub/page_tail_31.h"
#include "models/slub/lookup_2639.h"
#include "models/slub/slab_view_counters.h"

static const struct slub_era era = {
	.min_partial_bits    = 2,
	.min_objects_by_cpus = true,
	.kmalloc_max         = 2 * PAGE_BYTES,
	.waste               = 16,
	.too_many            = OBJECTS_MASK + 1,
	.slab_lock           = BIT_LOCK_2639,
	.list_lock           = LOCK_TICKET,
	.refilled            = LIST_TAIL,
	.page_pair           = true,
	.cpu_partial         = true,
	.links_irqs_off      = true,
	.loses               = true,
	.keeps_list_lock     = true,
	.new_all_inuse       = true,
	.puts_freelist_back  = true,
};

#endif
