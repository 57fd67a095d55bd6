/* Linux 3.18, as 3.19 in the facts: no difference in what is modelled is known. And 4.0. */
#ifndef MODELS_SLUB_ERA_318_H
#define MODELS_SLUB_ERA_318_H

#include "models/slub/cache_2639.h"
#include "models/slub/cpu_310.h"
#include "models/slub/constants_318.h"
#include "models/slub/page_31.h"
#include "models/slub/page_tail_31.h"
#include "models/slub/lookup_2639.h"
#include "models/slub/slab_view_counters.h"

static const struct slub_era era = {
	CONSTANTS_318,
	.fast_reads_page     = true,
};

#endif
