/*
 * sheaves-all of 7.0: a node's barn is found through its kmem_cache_node, a second line of it.
 *
 * Follows: mm/slub.c, Linux 7.0.0; offsets as measured in 7.1.5, but that of the barn, which comes from
 * the list of members. Everything else as in 2026_sheaves_all.c.
 */
#include "models/slub/era_70.h"
#include "models/slub/setup_612.h"

extern const struct object_allocator sheaves_all_70;

const struct object_allocator sheaves_all_70 = {
	.name             = "sheaves-all",
	.summary          = "SLUB with sheaves for every cache and no CPU slabs (Linux 7.0)",
	.version          = "Linux 7.0",
	.year             = 2026,
	.brings           = "the first release without CPU slabs",
	.kernel           = KERNEL_7_1,
	SHEAVES_ALLOCATOR,
};
