/*
 * slub-cpu: SLUB with the CPU's freelist in a struct of its own, kmem_cache_cpu.
 *
 *	kmem_cache -> cpu_slab[0] -> kmem_cache_cpu: freelist -> o -> o     CPU 0 alone
 *	                                             page     -> page: freelist -> o    any CPU,
 *	              cpu_slab[1] -> kmem_cache_cpu ...                              slab lock
 *
 * Follows: mm/slub.c, Linux 2.6.24. The variant dfb4f096, a commit on the way there, is in
 * 2008_slub_cpu_dfb4f096.c; what else is new since it is told in models/slub/story.h.
 *
 * True whenever no CPU is inside an operation: see models/slub/story.h, and
 *   (6) kmem_cache_cpu is used by its own CPU only, interrupts off.
 *
 * alloc  pops from the own freelist; when that is empty takes the own slab's whole freelist, then
 *        a partial slab, then a new one (models/slub/cpu_list.h).
 * free   pushes onto the own freelist if the object is of the own slab, or onto the slab's freelist
 *        under its lock (models/slub/locked.h).
 *
 * Expect: when one CPU frees what another allocates, the page struct is the freeing CPU's between
 * refills; the allocating CPU needs it once per refill.
 *
 * Chosen: the CPUs' static arrays begin on lines; in the kernel they may begin inside one, and an
 * entry may then lie in two lines of its CPU.
 * Left out: requests for a node.
 */
#include "models/slub/era_2624.h"
#include "models/slub/new_slab.h"
#include "models/slub/cpu_list.h"
#include "models/slub/calls_irqs_off.h"
#include "models/slub/setup_2622.h"

extern const struct object_allocator slub_cpu, slub_cpu_dfb4f096;

static const struct layout *const slub_cpu_layouts[] = {
	&slab_page_layout, &tail_page_layout, &kmem_cache_layout, &kmem_cache_node_layout,
	&kmem_cache_cpu_layout, &cpu_slab_layout, NULL,
};

/* ---- alloc and free: the fast paths -------------------------------------------------------- */

static void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			struct kmem_cache_cpu *c, unsigned gfp)
{
	void *object = load(cpu, &c->freelist);
	unsigned offset;
	void *next;

	if (!object)
		return alloc_slow(cpu, slub, s, c, gfp);
	path(cpu, "fast");
	offset = load(cpu, &c->offset);
	next = load(cpu, free_pointer(object, offset));
	store(cpu, &c->freelist, next);
	return object;
}

/* Is `page` the CPU's slab, and not debugged? */
static bool is_mine(struct cpu *cpu, struct kmem_cache_cpu *c, struct slab_page *page)
{
	struct slab_page *mine = load(cpu, &c->page);

	return page == mine && load(cpu, &c->node) >= 0;
}

static void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		      struct kmem_cache_cpu *c, struct slab_page *page, void *object)
{
	unsigned offset;
	void *first;

	if (!is_mine(cpu, c, page)) {
		offset = load(cpu, &c->offset);
		if (slab_free_slow(cpu, slub, s, page, object, offset))
			slab_discard(cpu, slub, s, page);
		return;
	}
	path(cpu, "fast");
	offset = load(cpu, &c->offset);
	first = load(cpu, &c->freelist);
	store(cpu, free_pointer(object, offset), first);
	store(cpu, &c->freelist, object);
}

/* ---- set-up: plain C ------------------------------------------------------------------------ */

enum variant { LINUX_2_6_24, DFB4F096 };

static const char *const variant_words[] = {
	[LINUX_2_6_24] = "2.6.24", [DFB4F096] = "dfb4f096", NULL
};

static const struct setting slub_cpu_settings[] = {
	SLUB_SETTINGS,
	SETTING(struct slub_settings, min_partial, COUNT, .min = 1, .max = 1024, .fallback = "-",
		.help = "an empty slab that a CPU gives up is kept below so many partial ones; "
			"default 5, with dfb4f096 2"),
	SETTING(struct slub_settings, variant, WORD, .fallback = "2.6.24", .words = variant_words,
		.help = "the release, or commit dfb4f096 alone"),
	SETTING(struct slub_settings, bugs, WORD, .fallback = "fixed", .words = bugs_words,
		.help = "released: dfb4f096 loses objects if an interrupt makes a slab while "
			"one is made; fixed by 05aa345034d, which 2.6.24 has"),
	{ 0 },
};

static void *slub_cpu_create(struct sim *sim, const struct pages *pages, const void *settings)
{
	struct slub *slub = slub_new_2622(sim, pages, settings);

	slub->own = percpu_new(sim, struct kmem_cache_cpus, LINE, &kmem_cache_cpu_layout,
			       "kmem_cache_cpu");
	slub_kmalloc_setup(slub, setup_cache);
	return slub;
}

/* The static arrays count whole, used or not: that memory is gone. */
static uint64_t slub_cpu_metadata_bytes(const void *state)
{
	const struct slub *slub = state;
	uint64_t bytes = sizeof(struct kmem_cache_cpus);

	if (slub->caches > NR_KMEM_CACHE_CPU)
		bytes += (slub->caches - NR_KMEM_CACHE_CPU) * LINE;
	return metadata_bytes(state) + sim_cpus(slub->sim) * bytes;
}

/* By the setting `variant`. */
static const struct object_allocator *const variants[] = {
	[LINUX_2_6_24] = &slub_cpu, [DFB4F096] = &slub_cpu_dfb4f096, NULL
};

const struct object_allocator slub_cpu = {
	.name             = "slub-cpu",
	.summary          = "SLUB with the CPU's freelist in kmem_cache_cpu",
	.version          = "Linux 2.6.24",
	.year             = 2008,
	.brings           = "the list of the CPU has left the page struct for a struct of the "
			    "CPU, so frees from elsewhere no longer take it away.",
	.settings         = slub_cpu_settings,
	.variants         = variants,
	.variant          = offsetof(struct slub_settings, variant),
	.kernel           = KERNEL_2_6_24,
	.view             = &page_view_packed_56,
	.layouts          = slub_cpu_layouts,
	.create           = slub_cpu_create,
	.alloc            = cache_alloc,
	.free             = cache_free,
	.kmalloc          = cache_kmalloc,
	.kfree            = cache_kfree,
	.metadata_bytes   = slub_cpu_metadata_bytes,
	SLUB_ALLOCATOR,
};
