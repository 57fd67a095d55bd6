/*
 * sheaves-all: SLUB of 7.1, in which every cache has sheaves and no CPU has a slab.
 *
 *	kmem_cache -> cpu_sheaves[0]: main -> [ o o o . ]   spare -> [ o o o o ]     CPU 0 alone
 *	           -> node 0: barn: full -> [o o o o] -> ...  empty -> [. . . .]     barn lock
 *	                      partial list: slab <-> slab <-> ...                   list_lock
 *
 * Follows: mm/slub.c, Linux 7.1.5. The variants are 2026_sheaves_all_70.c, _70rc.c and _73.c; what is
 * new since 6.18 is told in models/slub/story.h.
 *
 * True whenever no CPU is inside an operation: see models/slub/story.h, and
 *   (6) cpu_sheaves is used by its own CPU only, inside the section that its flag `lock` marks.
 *
 * alloc  pops from the main sheaf; when that is empty swaps it with the spare, exchanges it for a
 *        full one of the barn, or fills one: whole freelists of partial slabs, then new slabs.
 * free   pushes onto the main sheaf if the object is of this CPU's node; when that is full swaps it,
 *        exchanges it for an empty one, or flushes the spare if the barn has ten full ones. An object
 *        of another node goes to its slab at once, as does one whose CPU is inside already.
 *
 * Expect: no shared line at all while a CPU's stock swings by less than two sheaves; two barn locks
 * per sheaf when one CPU allocates and another frees; beyond ten sheaves of the barn all CPUs of a
 * node meet at one list_lock.
 *
 * Chosen: the order in which a new slab's page struct is written; the locked operations on its
 * counters come after that, as they do in the kernel.
 * Left out: requests for a node, memoryless nodes, debugging, constructors, accounting to cgroups,
 * bulk calls, calls from any context, cache destruction and shrinking.
 */
#include "models/slub/era_71.h"
#include "models/slub/setup_612.h"

extern const struct object_allocator sheaves_all, sheaves_all_70, sheaves_all_70rc, sheaves_all_73;

enum variant { LINUX_7_0_RC, LINUX_7_0, LINUX_7_1, LINUX_7_3 };

static const char *const variant_words[] = {
	[LINUX_7_0_RC] = "7.0-rc", [LINUX_7_0] = "7.0", [LINUX_7_1] = "7.1", [LINUX_7_3] = "7.3",
	NULL
};

static const struct setting sheaves_all_settings[] = {
	SETTING(struct sheaf_settings, variant, WORD, .fallback = "7.1", .words = variant_words,
		.help = "the release; 7.0-rc is before requests that may not sleep could fill a "
			"sheaf, 7.3 a development tree of it"),
	SETTING(struct sheaf_settings, sheaf_capacity, COUNT, .min = 1, .max = 1000, .fallback = "-",
		.help = "objects in a sheaf; default by size: 60, from 256 bytes 28, from 1024 bytes "
			"12, from 4096 bytes 4"),
	SHEAF_SETTINGS,
	{ 0 },
};

/* By the setting `variant`. */
static const struct object_allocator *const variants[] = {
	[LINUX_7_0_RC] = &sheaves_all_70rc, [LINUX_7_0] = &sheaves_all_70,
	[LINUX_7_1] = &sheaves_all, [LINUX_7_3] = &sheaves_all_73, NULL
};

const struct object_allocator sheaves_all = {
	.name             = "sheaves-all",
	.summary          = "SLUB with sheaves for every cache and no CPU slabs (Linux 7.0 to 7.3)",
	.version          = "Linux 7.1",
	.year             = 2026,
	.brings           = "every cache has sheaves and the CPU slabs are gone: what sheaves and barn "
			    "do not have is taken from the partial list under its lock",
	.settings         = sheaves_all_settings,
	.variants         = variants,
	.variant          = offsetof(struct sheaf_settings, variant),
	.kernel           = KERNEL_7_1,
	SHEAVES_ALLOCATOR,
};
