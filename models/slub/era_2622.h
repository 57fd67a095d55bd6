/* Linux 2.6.22 and 2.6.23. */
#ifndef MODELS_SLUB_ERA_2622_H
#define MODELS_SLUB_ERA_2622_H

#include "models/slub/cache_2622.h"
#include "models/slub/cpu_2622.h"
#include "models/slub/node_2622.h"
#include "models/slub/page_2622.h"
#include "models/slub/page_tail_2622.h"
#include "models/slub/offset_in_page.h"
#include "models/slub/lookup_2622.h"
#include "models/slub/slab_view_flags.h"

static const struct slub_era era = {
	.min_partial       = 2,
	.kmalloc_max       = 1 << (NR_KMALLOC - 1),
	.waste             = 8,
	.too_many          = 65535,
	.cpu_slab_bytes    = sizeof(struct slab_page *),
	.slab_lock         = BIT_LOCK_2622,
	.list_lock         = LOCK_DEC,
	.refilled          = LIST_HEAD,
	.given_up          = LIST_HEAD,
	.slab_over_mapping = true,
	.clears_debug      = true,
	.walk_prefetches   = true,
	.reuses            = true,
	.loses             = true,
};

#endif
