/* The proposal of 2014 as it was meant, on 3.18. */
#ifndef MODELS_SLUB_ERA_TAGGED_H
#define MODELS_SLUB_ERA_TAGGED_H

#include "models/slub/cache_2639.h"
#include "models/slub/cpu_tagged.h"
#include "models/slub/constants_318.h"
#include "models/slub/page_31.h"
#include "models/slub/page_tail_31.h"
#include "models/slub/lookup_2639.h"
#include "models/slub/slab_view_counters.h"

static const struct slub_era era = {
	CONSTANTS_318,
	.tagged              = true,
	.stores_address      = true,
};

#endif
