/*
 * slub-cmpxchg: SLUB whose fast paths are one instruction, with interrupts on.
 *
 *	kmem_cache -> cpu_slab, per CPU: freelist, tid -> o -> o     one compare-exchange of both
 *	                                 page -> page: freelist -> o         any CPU, slab lock
 *
 * Follows: mm/slub.c, Linux 2.6.39 (8a5ec0ba42c).
 *
 * True whenever no CPU is inside an operation: see models/slub/story.h, and
 *   (6) freelist and tid of kmem_cache_cpu are changed by their own CPU only, together;
 *   (7) every change of the freelist, by a fast path or a slow one, makes a new tid.
 *
 * alloc  exchanges the head of the own freelist for its next one (models/slub/cpu_pair.h); when it
 *        is empty, turns interrupts off and goes the locked way of slub-cpu (models/slub/cpu_list.h).
 * free   exchanges the head of the own freelist for the object, or puts it on its slab's freelist
 *        under the slab lock, with interrupts off (models/slub/locked.h).
 *
 * Expect: allocation and free by one CPU cost some 56 cycles less a pair than with interrupts off
 * and on around each; frees of other CPUs' objects cost what they did.
 *
 * As released (`bugs: released`, to 3.1.0), the slow path of an allocation does not look at the
 * freelist again after it has turned interrupts off. If an interrupt has just put an object there,
 * and others have freed into the slab, the slab's list takes its place and the object is lost.
 * Fixed by ea509eb0fb8: look again.
 *
 * Chosen: the offset of the free pointer is read wherever one is followed or set; the fix is at the
 * place that it has in 3.1.10.
 * Left out: requests for a node.
 */
#include "models/slub/era_2639.h"
#include "models/slub/tid.h"
#include "models/slub/offset_in_cache.h"
#include "models/slub/list_end_null.h"
#include "models/slub/new_slab_2639.h"
#include "models/slub/cpu_list.h"
#include "models/slub/begin_plain.h"
#include "models/slub/cpu_pair.h"
#include "models/slub/calls.h"
#include "models/slub/setup_2639.h"

extern const struct object_allocator slub_cmpxchg;

static const struct layout *const slub_cmpxchg_layouts[] = {
	&slab_page_layout, &tail_page_layout, &kmem_cache_layout, &kmem_cache_node_layout,
	&kmem_cache_cpu_layout, NULL,
};

/* ---- alloc ---------------------------------------------------------------------------------- */

/* A slab that was made is nobody's, and all its objects are on its freelist. */
static inline void new_slab_state(struct cpu *cpu, struct slub *slub, struct slab_page *page)
{
	store(cpu, &page->freelist, page_address(slub->memory, (struct page *)page));
	store(cpu, &page->inuse, 0);
}

/* The first object of the CPU's list, interrupts off. */
static void *take_first(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			struct kmem_cache_cpu *c, void *object)
{
	void *next = get_freepointer(cpu, s, object);

	store(cpu, &c->freelist, next);
	tid_advance(cpu, slub, c);
	return object;
}

/* The list was empty, before interrupts were off. */
static void *alloc_irqs_off(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			    struct kmem_cache_cpu *c, unsigned gfp)
{
	struct slab_page *page = load(cpu, &c->page);

	if (!page)
		return alloc_other(cpu, slub, s, c, gfp);
	path(cpu, "refill");
	if (slub->settings.bugs == BUGS_FIXED) {
		void *object = look_again(cpu, c);

		if (object)
			return take_first(cpu, slub, s, c, object);
	}
	slab_lock(cpu, page);
	return alloc_locked(cpu, slub, s, c, page, gfp);
}

static inline void *alloc_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       struct kmem_cache_cpu *c, unsigned gfp)
{
	bool flags = irq_save(cpu);
	void *object;

	if (sim_preempt(slub->sim))     /* this may be another CPU now */
		c = cpu_slab_here(cpu, s);
	object = alloc_irqs_off(cpu, slub, s, c, gfp);
	irq_restore(cpu, flags);
	return object;
}

/* ---- free ----------------------------------------------------------------------------------- */

static inline bool is_mine(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *page)
{
	struct slab_page *mine = load(cpu, &c->page);

	return page == mine && load(cpu, &c->node) >= 0;
}

static inline void free_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct kmem_cache_cpu *c, struct slab_page *page, void *object)
{
	bool flags = irq_save(cpu);
	bool empty = slab_free_slow(cpu, slub, s, page, object, 0);

	(void)c;
	irq_restore(cpu, flags);
	if (empty)
		slab_discard(cpu, slub, s, page);
}

/* ---- set-up: plain C ------------------------------------------------------------------------ */

static const struct setting slub_cmpxchg_settings[] = {
	SLUB_SETTINGS_2639,
	SETTING(struct slub_settings, min_partial, COUNT, .min = 1, .max = 1024, .fallback = "-",
		.help = "an empty slab that a CPU gives up is kept below so many partial ones; "
			"default log2 of the object size, from 5 to 10"),
	SETTING(struct slub_settings, bugs, WORD, .fallback = "fixed", .words = bugs_words,
		.help = "released: loses objects if an interrupt frees one before the slow path "
			"has interrupts off; fixed by ea509eb0fb8"),
	SETTING(struct slub_settings, cmpxchg16b, SWITCH, .fallback = "true",
		.help = "the CPUs have cmpxchg16b; else the fast paths turn interrupts off for it"),
	{ 0 },
};

const struct object_allocator slub_cmpxchg = {
	.name             = "slub-cmpxchg",
	.summary          = "SLUB whose fast paths are one compare-exchange, interrupts on",
	.version          = "Linux 2.6.39",
	.year             = 2011,
	.brings           = "the fast paths exchange the list and a transaction id with one "
			    "cmpxchg16b, so interrupts stay on; node structs have lines of "
			    "their own.",
	.settings         = slub_cmpxchg_settings,
	.kernel           = KERNEL_3_9,
	.view             = &page_view_packed_56,
	.layouts          = slub_cmpxchg_layouts,
	.create           = slub_create,
	.alloc            = cache_alloc,
	.free             = cache_free,
	.kmalloc          = cache_kmalloc,
	.kfree            = cache_kfree,
	.metadata_bytes   = metadata_bytes,
	SLUB_ALLOCATOR,
};
