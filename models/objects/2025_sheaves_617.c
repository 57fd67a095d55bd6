/*
 * sheaves of 6.17: none. What 6.18 has underneath, alone: CPU slabs, a CPU's partial slabs, the node's.
 *
 * Follows: mm/slub.c, Linux 6.12 to 6.18. Everything else as in 2025_sheaves.c.
 */
#include "models/slub/era_617.h"
#include "models/slub/setup_612.h"

extern const struct object_allocator sheaves_617;

const struct object_allocator sheaves_617 = {
	.name             = "sheaves",
	.summary          = "SLUB with CPU slabs that are frozen late (Linux 6.8 to 6.17)",
	.version          = "Linux 6.17",
	.year             = 2025,
	.brings           = "no sheaves: CPU slabs are frozen only when they become a CPU's, partial "
			    "slabs are not",
	.kernel           = KERNEL_6_12,
	SHEAVES_ALLOCATOR,
};
