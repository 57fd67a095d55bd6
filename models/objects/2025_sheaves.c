/*
 * sheaves: SLUB of 6.18, in which a cache may have sheaves on top of its CPU slabs.
 *
 *	kmem_cache -> cpu_sheaves[0]: main -> [ o o o . ]   spare -> [ o o o o ]       CPU 0 alone
 *	           -> cpu_slab[0]: freelist -> o -> o   slab   partial -> slab -> slab CPU 0 alone
 *	           -> node 0: barn: full, empty; partial list: slab <-> slab <-> ...   their locks
 *
 * Follows: mm/slub.c, Linux 6.18. The variant 6.17, 2025_sheaves_617.c, is what is underneath, alone.
 *
 * True whenever no CPU is inside an operation: see models/slub/story.h, and
 *   (1) cpu_sheaves is used by its own CPU only, inside the section that its flag `lock` marks;
 *   (2) freelist and tid of kmem_cache_cpu are changed by their own CPU only, together, or with
 *       interrupts off.
 *
 * alloc  pops from the main sheaf; when that is empty swaps it, exchanges it, or fills one out of the
 *        CPU slab, object by object. Without a sheaf: pops from the CPU slab's list; when that is
 *        empty takes what others freed to the slab, then a partial slab of the CPU, of the node, or
 *        a new one.
 * free   pushes onto the main sheaf as sheaves-all does. Without a sheaf: onto the CPU slab's list, or
 *        to the slab; a slab that was full becomes the freeing CPU's, without the list_lock.
 *
 * Expect: objects of such a cache are kept twice, in sheaves and in the CPU's slabs.
 *
 * Chosen: a workload's own cache asks for sheaves, of 32 objects as vm_area_struct and maple_node do;
 * kmalloc has none. 6.17's struct kmem_cache, which the sheet does not have, is 6.18's with both
 * members of sheaves unused.
 * In doubt: since when slabs and large kmallocs take pages without a reference (frozen ones). 6.18
 * does and 6.12 does not; 6.17 is taken for one that does not. Of the page allocators pcp-spin and
 * pcp-buddy have such pages; on the others, of older kernels, each has its reference.
 * Left out: requests for a node, debugging, constructors, accounting to cgroups, bulk calls, cache
 * destruction and shrinking.
 */
#include "models/slub/era_618.h"
#include "models/slub/setup_612.h"

extern const struct object_allocator sheaves, sheaves_617;

enum variant { LINUX_6_17, LINUX_6_18 };

static const char *const variant_words[] = {
	[LINUX_6_17] = "6.17", [LINUX_6_18] = "6.18", NULL
};

static const struct setting sheaves_settings[] = {
	SETTING(struct sheaf_settings, variant, WORD, .fallback = "6.18", .words = variant_words,
		.help = "the release; 6.17 has no sheaves"),
	SETTING(struct sheaf_settings, sheaf_capacity, COUNT, .min = 1, .max = 1000, .fallback = "32",
		.help = "objects in a sheaf"),
	SETTING(struct sheaf_settings, cpu_partial_slabs, COUNT, .min = 1, .max = 1024,
		.fallback = "-", .help = "partial slabs that a CPU keeps; default by size"),
	SHEAF_SETTINGS,
	{ 0 },
};

/* By the setting `variant`. */
static const struct object_allocator *const variants[] = {
	[LINUX_6_17] = &sheaves_617, [LINUX_6_18] = &sheaves, NULL
};

const struct object_allocator sheaves = {
	.name             = "sheaves",
	.summary          = "SLUB with sheaves on top of CPU slabs, for caches that ask (Linux 6.18)",
	.version          = "Linux 6.18",
	.year             = 2025,
	.brings           = "caches that ask have two arrays of pointers per CPU, sheaves, and a barn "
			    "of full and empty ones per node, on top of the CPU slabs",
	.settings         = sheaves_settings,
	.variants         = variants,
	.variant          = offsetof(struct sheaf_settings, variant),
	.kernel           = KERNEL_6_12,
	SHEAVES_ALLOCATOR,
};
