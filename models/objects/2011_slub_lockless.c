/*
 * slub-lockless: SLUB without the slab lock.
 *
 *	kmem_cache -> cpu_slab, per CPU: freelist, tid -> o -> o     one compare-exchange of both
 *	                                 page -> page: freelist, counters     the same, by any CPU
 *	           -> node -> partial: page <-> page                list_lock, then the exchange
 *
 * Follows: mm/slub.c, Linux 3.1 (b789ef518b2, 2cfb7455d22, 881db7fb03a, 80f08c191f6, 03e404af26d).
 * The variants 3.2 and 3.18, with partial slabs of CPUs, are in files of their own; what else is new
 * since slub-cmpxchg is told in models/slub/story.h.
 *
 * True whenever no CPU is inside an operation: see models/slub/story.h, and
 *   (6) freelist and tid of kmem_cache_cpu are changed by their own CPU only, together;
 *   (7) freelist, inuse and frozen of a slab are changed by one exchange of all three;
 *   (8) from a frozen slab's freelist its CPU alone takes; others only add.
 *
 * alloc  as slub-cmpxchg; when the own list is empty, one exchange takes the own slab's freelist, or
 *        gives the slab up if it has none: it was full, and is on no list (lockless_alloc.h).
 * free   as slub-cmpxchg; into another slab, one exchange with interrupts on. The list_lock only if
 *        the slab was full or is empty now (lockless_free.h).
 *
 * Expect: CPUs that free into one slab need its page struct once per free, where the lock needed it
 * to be taken and to be given back; nobody waits for the one who has the lock. Interrupts are off in
 * the slow path of an allocation, but in a free only while it has the list_lock.
 *
 * As released (`bugs: released`, 3.1.0), an allocation does not look at its list again after it has
 * turned interrupts off, as in slub-cmpxchg, and here it is worse: if an interrupt made a slab for
 * the CPU, that slab has no freelist of its own, is given up as full, and the CPU's list is lost.
 * `bugs: 3.1-rc1` also puts a slab that gets its first free object back at the head of the partial
 * list, where it is taken at once with that one object; 130655ef097 put it to the tail.
 *
 * Chosen: page->flags is read for the node that goes into kmem_cache_cpu.
 * Left out: requests for a node.
 */
#include "models/slub/era_31.h"
#include "models/slub/tid.h"
#include "models/slub/offset_in_cache.h"
#include "models/slub/list_end_null.h"
#include "models/slub/cpu_node.h"
#include "models/slub/cpu_page.h"
#include "models/slub/begin_plain.h"
#include "models/slub/lockless_alloc.h"
#include "models/slub/lockless_free.h"
#include "models/slub/no_cpu_partial.h"
#include "models/slub/cpu_pair.h"
#include "models/slub/calls.h"
#include "models/slub/setup_2639.h"
#include "models/slub/lockless_settings.h"

extern const struct object_allocator slub_lockless, slub_lockless_32, slub_lockless_318;

/* All objects of a slab of the list become the CPU's. */
static inline void *acquire_slab(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page)
{
	struct slab_state old, new;

	do {
		old = slab_state(cpu, page);
		new = (struct slab_state){ NULL, old.counters };
		set_all_inuse(&new);
		set_frozen(&new, true);
	} while (!cmpxchg_double_slab(cpu, s, page, old, new));
	return old.freelist;
}

/* The first slab of the list. */
static inline struct partial_slab get_partial_node(struct cpu *cpu, struct slub *slub,
						   struct kmem_cache *s, struct kmem_cache_node *n,
						   struct kmem_cache_cpu *c)
{
	uint64_t nr_partial = load(cpu, &n->nr_partial);
	struct partial_slab found = { NULL, NULL };
	struct list_head *first;

	(void)slub;
	if (nr_partial == 0)
		return found;
	spin_lock(cpu, &n->list_lock, era.list_lock);
	first = load(cpu, &n->partial.next);
	if (first != &n->partial) {
		found.page = lru_page(first);
		found.freelist = acquire_slab(cpu, s, found.page);
		take_off_list(cpu, n, found.page);
		store(cpu, &c->freelist, found.freelist);
		store(cpu, &c->page, found.page);
		set_cpu_node(cpu, c, found.page);
	}
	spin_unlock(cpu, &n->list_lock, era.list_lock);
	return found;
}

/* ---- set-up: plain C ------------------------------------------------------------------------ */

enum variant { LINUX_3_1, LINUX_3_2, LINUX_3_18 };

static const char *const variant_words[] = {
	[LINUX_3_1] = "3.1", [LINUX_3_2] = "3.2", [LINUX_3_18] = "3.18", NULL
};

static const char *const lockless_bugs_words[] = {
	[BUGS_RELEASED] = "released", [BUGS_FIXED] = "fixed", [BUGS_3_1_RC1] = "3.1-rc1", NULL
};

static const struct setting slub_lockless_settings[] = {
	SLUB_LOCKLESS_SETTINGS,
	SETTING(struct slub_settings, variant, WORD, .fallback = "3.1", .words = variant_words,
		.help = "the release; from 3.2 on CPUs keep partial slabs of their own"),
	SETTING(struct slub_settings, cpu_partial, SWITCH, .fallback = "true",
		.help = "CPUs keep partial slabs of their own, with 3.2 and 3.18"),
	SETTING(struct slub_settings, bugs, WORD, .fallback = "fixed", .words = lockless_bugs_words,
		.help = "released: 3.1 and 3.2 lose objects; 3.1-rc1: 3.1 also puts slabs with one free "
			"object to the head of the partial list"),
	{ 0 },
};

/* By the setting `variant`. */
static const struct object_allocator *const variants[] = {
	[LINUX_3_1] = &slub_lockless, [LINUX_3_2] = &slub_lockless_32,
	[LINUX_3_18] = &slub_lockless_318, NULL
};

const struct object_allocator slub_lockless = {
	.name             = "slub-lockless",
	.summary          = "SLUB without the slab lock: a slab's state is exchanged as one",
	.version          = "Linux 3.1",
	.year             = 2011,
	.brings           = "no slab lock: freelist, inuse and frozen of a slab change by one "
			    "LOCK cmpxchg16b, and frees turn interrupts off only under the "
			    "list_lock; struct page has a line of its own; empty slabs are "
			    "kept.",
	.settings         = slub_lockless_settings,
	.variants         = variants,
	.variant          = offsetof(struct slub_settings, variant),
	SLUB_LOCKLESS,
};
