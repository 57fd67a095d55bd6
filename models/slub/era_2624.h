/* Linux 2.6.24. */
#ifndef MODELS_SLUB_ERA_2624_H
#define MODELS_SLUB_ERA_2624_H

#include "models/slub/cache_2622.h"
#include "models/slub/cpu_2624.h"
#include "models/slub/node_2622.h"
#include "models/slub/page_2624.h"
#include "models/slub/page_tail_2622.h"
#include "models/slub/offset_in_cpu.h"
#include "models/slub/lookup_2622.h"
#include "models/slub/slab_view_flags.h"

static const struct slub_era era = {
	.min_partial       = 5,
	.kmalloc_max       = PAGE_BYTES / 2,
	.waste             = 8,
	.too_many          = UINT32_MAX,
	.cpu_slab_bytes    = sizeof(struct kmem_cache_cpu *),
	.slab_lock         = BIT_LOCK_2624,
	.list_lock         = LOCK_DEC,
	.refilled          = LIST_TAIL,
	.given_up          = LIST_HEAD,
	.slab_over_mapping = false,
	.clears_debug      = false,
	.walk_prefetches   = true,
	.reuses            = false,
	.loses             = false,
};

#endif
