/*
 * Commit dfb4f096 alone, on the way from 2.6.23 to 2.6.24.
 *
 * Chosen: it keeps 2 empty slabs, unlocks as 2.6.24 does and sends a kmalloc of more than half a
 * page to the page allocator as 2.6.24 does.
 */
#ifndef MODELS_SLUB_ERA_DFB4F096_H
#define MODELS_SLUB_ERA_DFB4F096_H

#include "models/slub/cache_2622.h"
#include "models/slub/cpu_dfb4f096.h"
#include "models/slub/node_2622.h"
#include "models/slub/page_dfb4f096.h"
#include "models/slub/page_tail_2622.h"
#include "models/slub/offset_in_page.h"
#include "models/slub/lookup_2622.h"
#include "models/slub/slab_view_flags.h"

static const struct slub_era era = {
	.min_partial       = 2,
	.kmalloc_max       = PAGE_BYTES / 2,
	.waste             = 8,
	.too_many          = 65535,
	.cpu_slab_bytes    = LINE,
	.slab_lock         = BIT_LOCK_2624,
	.list_lock         = LOCK_DEC,
	.refilled          = LIST_HEAD,
	.given_up          = LIST_HEAD,
	.slab_over_mapping = true,
	.clears_debug      = false,
	.walk_prefetches   = true,
	.reuses            = true,
	.loses             = true,
};

#endif
