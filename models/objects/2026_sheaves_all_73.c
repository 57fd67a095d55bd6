/*
 * sheaves-all of 7.3: slabs leave the partial list several at a time, the freelist of a new slab is made of
 * what is not handed out, and what is left of a slab after a fill goes back without being read.
 *
 * Follows: mm/slub.c, a development tree of Linux 7.3-rc5, which may hold what no release will. Everything else as in 2026_sheaves_all.c.
 */
#include "models/slub/era_73.h"
#include "models/slub/setup_612.h"

extern const struct object_allocator sheaves_all_73;

const struct object_allocator sheaves_all_73 = {
	.name             = "sheaves-all",
	.summary          = "SLUB with sheaves for every cache and no CPU slabs (Linux 7.3)",
	.version          = "Linux 7.3",
	.year             = 2026,
	.brings           = "sheaves of 7.1 with the changes of two releases on top",
	.kernel           = KERNEL_7_1,
	SHEAVES_ALLOCATOR,
};
