/*
 * slub-page: SLUB with the CPU's freelist in the page struct of its slab.
 *
 *	kmem_cache -> cpu_slab[0] -> page: lockless_freelist -> o -> o     CPU 0 alone
 *	                                   freelist          -> o          any CPU, slab lock
 *	              cpu_slab[1] -> page ...
 *
 * Follows: mm/slub.c, Linux 2.6.22 and 2.6.23 (before dfb4f096).
 *
 * True whenever no CPU is inside an operation: see models/slub/story.h, and
 *   (6) lockless_freelist is used by the CPU whose cpu_slab[] names the page, interrupts off.
 *
 * alloc  pops from the lockless_freelist of the own slab; when that is empty takes the slab's whole
 *        freelist, then a partial slab, then a new one.
 * free   pushes onto the lockless_freelist of the own slab, or onto another slab's freelist under
 *        its lock.
 *
 * Expect: no locked operation while each CPU frees what it allocates. When one CPU frees what
 * another allocates, the page struct goes to the one with every free and back with every
 * allocation, since the allocating CPU's list lies in it. cpu_slab[] of eight CPUs shares a line,
 * which is written whenever one of them changes its slab.
 *
 * As released (`bugs: released`), an allocation goes on with the slab that an interrupt made for
 * the CPU while it made one, and loses the objects of its lockless_freelist; else that slab is
 * given up, as 05aa345034d does.
 * Left out: requests for a node.
 */
#include "models/slub/era_2622.h"
#include "models/slub/new_slab.h"
#include "models/slub/locked.h"
#include "models/slub/setup_2622.h"

static const struct layout *const slub_page_layouts[] = {
	&slab_page_layout, &tail_page_layout, &kmem_cache_layout, &kmem_cache_node_layout,
	&cpu_slab_layout, NULL,
};

/* ---- alloc ------------------------------------------------------------------------------- */

/* Makes the locked slab's freelist the lockless one and takes its first object, unlocking the
 * slab; NULL: it is empty, and stays locked. */
static void *load_freelist(struct cpu *cpu, struct kmem_cache *s, struct slab_page *page)
{
	void *object = load(cpu, &page->freelist);
	unsigned offset, objects;
	void *next;

	if (!object)
		return NULL;
	slab_debug(cpu, s, page);
	offset = load(cpu, &page->offset);
	next = load(cpu, free_pointer(object, offset));
	store(cpu, &page->lockless_freelist, next);
	objects = (unsigned)load(cpu, &s->objects);
	store(cpu, &page->inuse, (uint16_t)objects);
	store(cpu, &page->freelist, NULL);
	slab_unlock(cpu, page);
	return object;
}

/* The CPU gives its locked slab up, with what is left of its lockless freelist. */
static void deactivate_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			    struct slab_page *page)
{
	void *object;

	while ((object = load(cpu, &page->lockless_freelist))) {
		unsigned offset = load(cpu, &page->offset);
		void *next = load(cpu, free_pointer(object, offset));
		void *first;

		store(cpu, &page->lockless_freelist, next);
		first = load(cpu, &page->freelist);
		store(cpu, free_pointer(object, offset), first);
		store(cpu, &page->freelist, object);
		slab_dec_inuse(cpu, page);
	}
	store(cpu, cpu_slab(cpu, slub, s), NULL);
	slab_unfreeze(cpu, slub, s, page, era.given_up);
}

static void *alloc_locked(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			  struct slab_page *page, unsigned gfp);

static void *alloc_from_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp)
{
	struct slab_page *page, *meanwhile;

	path(cpu, "new slab");
	page = slab_new(cpu, slub, s, gfp);
	if (!page)
		return NULL;
	meanwhile = load(cpu, cpu_slab(cpu, slub, s));
	if (meanwhile) {                        /* an interrupt was here */
		if (slub_reuses(slub)) {        /* its slab is warmer */
			slab_discard(cpu, slub, s, page);
			slab_lock(cpu, meanwhile);
			return alloc_locked(cpu, slub, s, meanwhile, gfp);
		}
		slab_lock(cpu, meanwhile);
		deactivate_slab(cpu, slub, s, meanwhile);
	}
	slab_lock(cpu, page);
	bit_set_local(cpu, &page->flags, PG_FROZEN);
	store(cpu, cpu_slab(cpu, slub, s), page);
	return load_freelist(cpu, s, page);
}

/* The CPU has no slab. */
static void *alloc_other(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp)
{
	struct partial_slab found;

	path(cpu, "partial");
	found = slab_get_partial(cpu, slub, s, NULL);
	if (!found.page)
		return alloc_from_new(cpu, slub, s, gfp);
	store(cpu, cpu_slab(cpu, slub, s), found.page);
	return load_freelist(cpu, s, found.page);
}

/* `page` is the CPU's and locked; what is left on its lockless freelist is lost. */
static void *alloc_locked(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			  struct slab_page *page, unsigned gfp)
{
	void *object = load_freelist(cpu, s, page);

	if (object)
		return object;
	deactivate_slab(cpu, slub, s, page);
	return alloc_other(cpu, slub, s, gfp);
}

/* The lockless freelist of `page`, the CPU's slab if it has one, is empty. */
static void *alloc_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			struct slab_page *page, unsigned gfp)
{
	if (!page)
		return alloc_other(cpu, slub, s, gfp);
	path(cpu, "refill");
	slab_lock(cpu, page);
	return alloc_locked(cpu, slub, s, page, gfp);
}

/* Interrupts off. */
static void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp)
{
	struct slab_page *page = load(cpu, cpu_slab(cpu, slub, s));
	void *object = page ? load(cpu, &page->lockless_freelist) : NULL;
	unsigned offset;
	void *next;

	if (!object)
		return alloc_slow(cpu, slub, s, page, gfp);
	path(cpu, "fast");
	offset = load(cpu, &page->offset);
	next = load(cpu, free_pointer(object, offset));
	store(cpu, &page->lockless_freelist, next);
	return object;
}

static void *slub_page_alloc(struct cpu *cpu, void *state, struct kmem_cache *s, unsigned gfp)
{
	void *object;
	bool flags;

	compute(cpu, STEP_ALLOC);
	flags = irq_save(cpu);
	object = slab_alloc(cpu, state, s, gfp);
	irq_restore(cpu, flags);
	if (object && gfp & GFP_ZERO) {
		unsigned bytes = (unsigned)load(cpu, &s->objsize);

		object_clear(cpu, object, bytes);
	}
	return object;
}

static void *slub_page_kmalloc(struct cpu *cpu, void *state, size_t size, unsigned gfp)
{
	struct kmem_cache *s = slub_kmalloc_cache(state, size);

	return s ? slub_page_alloc(cpu, state, s, gfp) : NULL;
}

/* ---- free -------------------------------------------------------------------------------- */

static void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		      struct slab_page *page, void *object)
{
	bool flags = irq_save(cpu);
	struct slab_page *mine = load(cpu, cpu_slab(cpu, slub, s));

	if (page == mine && !slab_debug(cpu, s, page)) {
		unsigned offset;
		void *first;

		path(cpu, "fast");
		offset = load(cpu, &page->offset);
		first = load(cpu, &page->lockless_freelist);
		store(cpu, free_pointer(object, offset), first);
		store(cpu, &page->lockless_freelist, object);
	} else if (slab_free_slow(cpu, slub, s, page, object, 0)) {
		slab_discard(cpu, slub, s, page);
	}
	irq_restore(cpu, flags);
}

static void slub_page_free(struct cpu *cpu, void *state, struct kmem_cache *s, void *object)
{
	struct slab_page *page;

	compute(cpu, STEP_FREE);
	page = slab_head_page(cpu, state, object);
	slab_free(cpu, state, s, page, object);
}

static void slub_page_kfree(struct cpu *cpu, void *state, void *object)
{
	struct slab_page *page;
	struct kmem_cache *s;

	compute(cpu, STEP_FREE);
	page = slab_head_page(cpu, state, object);
	s = load(cpu, &page->slab);
	slab_free(cpu, state, s, page, object);
}

/* ---- set-up: plain C ------------------------------------------------------------ */

static const struct setting slub_page_settings[] = {
	SLUB_SETTINGS,
	SETTING(struct slub_settings, min_partial, COUNT, .min = 1, .max = 1024, .fallback = "2",
		.help = "an empty slab that a CPU gives up is kept below so many partial ones"),
	SETTING(struct slub_settings, bugs, WORD, .fallback = "fixed", .words = bugs_words,
		.help = "released: loses objects if an interrupt makes a slab while one is made; "
			"fixed by 05aa345034d"),
	{ 0 },
};

static void *slub_page_create(struct sim *sim, const struct pages *pages, const void *settings)
{
	struct slub *slub = slub_new_2622(sim, pages, settings);

	slub_kmalloc_setup(slub, setup_cache);
	return slub;
}

const struct object_allocator slub_page = {
	.name             = "slub-page",
	.summary          = "SLUB with the CPU's freelist in struct page",
	.version          = "Linux 2.6.22",
	.year             = 2007,
	.brings           = "slabs without queues: the free objects of a slab are a list inside "
			    "them, and each CPU pops from a list in the page struct of its slab "
			    "without a lock.",
	.settings         = slub_page_settings,
	.kernel           = KERNEL_2_6_22,
	.view             = &page_view_packed_56,
	.layouts          = slub_page_layouts,
	.create           = slub_page_create,
	.alloc            = slub_page_alloc,
	.free             = slub_page_free,
	.kmalloc          = slub_page_kmalloc,
	.kfree            = slub_page_kfree,
	.metadata_bytes   = metadata_bytes,
	SLUB_ALLOCATOR,
};
