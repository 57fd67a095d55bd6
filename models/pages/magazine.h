/*
 * A magazine: single pages that all CPUs may have, under a lock that is not the zone's; and the zone
 * that magazines stand in.
 */
#ifndef MODELS_PAGES_MAGAZINE_H
#define MODELS_PAGES_MAGAZINE_H

#include "models/pages/zone.h"

enum { MAGAZINES_MAX = 64, MAGAZINES_IN_ZONE = 2 };

struct free_magazine {
	struct spinlock lock;
	_Alignas(8) struct list_head free_list[PCP_TYPES];
	uint64_t nr_free;               /* pages of all three lists */
};

/* How zones are made that have magazines; enum magazine_layout. */
enum magazine_layout { LAYOUT_POSTED, LAYOUT_ALIGNED };

extern const struct layout zone_layout_magazine_posted, zone_layout_magazine_aligned;
extern const struct layout free_magazine_layout, pageset_layout_magazine;

#endif
