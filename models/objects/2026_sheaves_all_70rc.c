/*
 * sheaves-all of 7.0-rc1: a request that may not sleep never fills a sheaf. With its sheaves and the barn empty it
 * takes one object from a slab, under the list_lock, each time; fb1091febd66 mended that in rc3.
 *
 * Follows: mm/slub.c, Linux 7.0.0 but for that commit, of which only the text is known. That locks of
 * other nodes are tried and not waited for (40fd0acc45d0) may be newer than rc1; here it is in.
 * Everything else as in 2026_sheaves_all.c.
 */
#include "models/slub/era_70rc.h"
#include "models/slub/setup_612.h"

extern const struct object_allocator sheaves_all_70rc;

const struct object_allocator sheaves_all_70rc = {
	.name             = "sheaves-all",
	.summary          = "SLUB with sheaves for every cache and no CPU slabs (Linux 7.0-rc1)",
	.version          = "Linux 7.0-rc1",
	.year             = 2026,
	.brings           = "requests that may not sleep do not fill a sheaf, but take one object at a "
			    "time under the list_lock",
	.kernel           = KERNEL_7_1,
	SHEAVES_ALLOCATOR,
};
