/* Linux 7.1: the barn is found in struct kmem_cache. */
#ifndef MODELS_SLUB_ERA_71_H
#define MODELS_SLUB_ERA_71_H

#include "models/slub/cache_7x.h"
#include "models/slub/node_7x.h"
#include "models/slub/page_612.h"
#include "models/slub/per_node_71.h"

static const struct slub_era era = {
	.kmalloc_max        = 2 * PAGE_BYTES,
	.list_lock          = LOCK_QUEUED,
	.refilled           = LIST_TAIL,
	.counts_before_link = true,
	.frozen_pages       = true,
};

static const struct sheaf_rules sheaf_rules = {
	.caches                   = SHEAVES_ALL,
	.fills_without_blocking   = true,
	.old_main_is_spare        = true,
	.trylocks_after_fill      = true,
	.frees_surplus_rcu_sheaf  = false,
};

#include "models/slub/batch.h"
#include "models/slub/free_70.h"
#include "models/slub/refill_70.h"
#include "models/slub/fill_70.h"
#include "models/slub/flush.h"
#include "models/slub/sheaf_calls.h"
#include "models/slub/no_cpu_slab.h"

#endif
