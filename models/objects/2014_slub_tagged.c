/*
 * slub-tagged: a fast path that reads two words of the CPU, and does not count preemption.
 *
 *	kmem_cache -> cpu_slab, per CPU: freelist, tid -> o -> o -> (slab | 1)
 *	                                 partial -> page -> page
 *	page: address, freelist -> o -> (slab | 1), counters
 *
 * Follows: "slub: Fastpath optimization (especially for RT) V1", linux-mm, 10 December 2014, on Linux
 * 3.18, as it was meant; never merged. The variant v1 is the text that was posted, 4.0 what was merged
 * instead.
 *
 * True whenever no CPU is inside an operation: as slub-lockless 3.2, and
 *   (10) a list of free objects ends in an address inside their slab, with bit 0 set; the CPU's slab
 *        is the one that its list points into, NULL: it has none.
 *
 * alloc  as slub-lockless 3.18, without a look at the slab, and with preemption on.
 * free   as slub-lockless 3.18, but asks whether the CPU's list points into the object's slab.
 *
 * Expect: the lines that it touches are those of 3.18; what it saves is the counting of preemption,
 * some ten cycles an operation on a preemptible kernel and nothing on others.
 *
 * Chosen: the range of a slab is objects times size, as was proposed in the discussion.
 * Left out: requests for a node; slabs for emergencies only (the bit is read, never set).
 */
#include "models/slub/era_tagged.h"
#include "models/slub/tid.h"
#include "models/slub/offset_in_cache.h"
#include "models/slub/list_end_tagged.h"
#include "models/slub/no_cpu_node.h"
#include "models/slub/cpu_end.h"
#include "models/slub/tagged.h"
#include "models/slub/partial_310.h"
#include "models/slub/calls.h"
#include "models/slub/setup_2639.h"
#include "models/slub/lockless_settings.h"

extern const struct object_allocator slub_tagged, slub_tagged_v1, slub_4_0;

static inline bool points_into(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       void *freelist, struct slab_page *page)
{
	char *address = load(cpu, &page->address);
	unsigned objects = page_objects(cpu, page);
	unsigned size = (unsigned)load(cpu, &s->size);

	(void)slub;
	return (uintptr_t)freelist - (uintptr_t)address < (uintptr_t)objects * size;
}

/* ---- set-up: plain C ------------------------------------------------------------------------ */

enum variant { INTENDED, V1, LINUX_4_0 };

static const char *const variant_words[] = {
	[INTENDED] = "intended", [V1] = "v1", [LINUX_4_0] = "4.0", NULL
};

static const struct setting slub_tagged_settings[] = {
	SLUB_LOCKLESS_SETTINGS,
	SETTING(struct slub_settings, variant, WORD, .fallback = "intended", .words = variant_words,
		.help = "the proposal as it was meant, or v1 as it was posted, which loses slabs; or "
			"what was merged instead, Linux 4.0"),
	SETTING(struct slub_settings, cpu_partial, SWITCH, .fallback = "true",
		.help = "CPUs keep partial slabs of their own"),
	{ 0 },
};

/* By the setting `variant`. */
static const struct object_allocator *const variants[] = {
	[INTENDED] = &slub_tagged, [V1] = &slub_tagged_v1, [LINUX_4_0] = &slub_4_0, NULL
};

const struct object_allocator slub_tagged = {
	.name             = "slub-tagged",
	.summary          = "SLUB whose CPU's slab is told by its freelist, preemption on",
	.version          = "a proposal on Linux 3.18",
	.year             = 2014,
	.brings           = "the list of the CPU tells its slab, by its last pointer too, so a "
			    "fast path reads list and id alone and preemption stays on.",
	.settings         = slub_tagged_settings,
	.variants         = variants,
	.variant          = offsetof(struct slub_settings, variant),
	SLUB_LOCKLESS,
};
