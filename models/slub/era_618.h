/* Linux 6.18: a cache has sheaves if it asks, on top of its CPU slabs. */
#ifndef MODELS_SLUB_ERA_618_H
#define MODELS_SLUB_ERA_618_H

#include "models/slub/cache_618.h"
#include "models/slub/node_7x.h"
#include "models/slub/page_612.h"
#include "models/slub/per_node_70.h"

static const struct slub_era era = {
	.kmalloc_max        = 2 * PAGE_BYTES,
	.list_lock          = LOCK_QUEUED,
	.refilled           = LIST_TAIL,
	.counts_before_link = true,
	.frozen_pages       = true,
};

static const struct sheaf_rules sheaf_rules = {
	.caches                   = SHEAVES_ASKED,
	.fills_without_blocking   = false,
	.old_main_is_spare        = false,
	.trylocks_after_fill      = false,
	.frees_surplus_rcu_sheaf  = false,
};

#include "models/slub/batch.h"
#include "models/slub/cpu_slab_618.h"
#include "models/slub/flush.h"
#include "models/slub/sheaf_calls_618.h"
#include "models/slub/setup_618.h"

#endif
