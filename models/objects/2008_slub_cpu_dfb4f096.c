/*
 * slub-cpu, variant dfb4f096: the CPU's freelist leaves the page struct, and no more.
 *
 *	kmem_cache -> cpu_slab[0]: freelist -> o -> o              CPU 0 alone; a line
 *	                           page -> page: freelist -> o     any CPU, slab lock
 *	              cpu_slab[1] ...
 *
 * Follows: mm/slub.c, Linux 2.6.23 with commit dfb4f096, which came out in 2.6.24 with others.
 *
 * True whenever no CPU is inside an operation: as slub-cpu.
 *
 * alloc  as slub-cpu, but looks for the CPU's slab before its list, and reads the offset of the
 *        free pointer from that slab's page struct.
 * free   as slub-cpu, but asks the page struct whether the slab is debugged, and for the offset.
 *
 * Expect: every allocation still reads the page struct, and so loses what the commit wins.
 *
 * As released (`bugs: released`), as slub-page.
 * Left out: requests for a node.
 */
#include "models/slub/era_dfb4f096.h"
#include "models/slub/new_slab.h"
#include "models/slub/cpu_list.h"
#include "models/slub/calls_irqs_off.h"
#include "models/slub/setup_2622.h"

static const struct layout *const dfb4f096_layouts[] = {
	&slab_page_layout, &tail_page_layout, &kmem_cache_layout, &kmem_cache_node_layout,
	&kmem_cache_cpu_layout, NULL,
};

/* ---- alloc and free: the fast paths -------------------------------------------------------- */

static void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			struct kmem_cache_cpu *c, unsigned gfp)
{
	struct slab_page *page = load(cpu, &c->page);
	void *object = page ? load(cpu, &c->freelist) : NULL;
	unsigned offset;
	void *next;

	if (!object)
		return alloc_slow(cpu, slub, s, c, gfp);
	path(cpu, "fast");
	offset = load(cpu, &page->offset);
	next = load(cpu, free_pointer(object, offset));
	store(cpu, &c->freelist, next);
	return object;
}

static void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		      struct kmem_cache_cpu *c, struct slab_page *page, void *object)
{
	struct slab_page *mine = load(cpu, &c->page);

	if (page == mine && !slab_debug(cpu, s, page)) {
		unsigned offset;
		void *first;

		path(cpu, "fast");
		offset = load(cpu, &page->offset);
		first = load(cpu, &c->freelist);
		store(cpu, free_pointer(object, offset), first);
		store(cpu, &c->freelist, object);
	} else if (slab_free_slow(cpu, slub, s, page, object, 0)) {
		slab_discard(cpu, slub, s, page);
	}
}

/* ---- set-up: plain C ------------------------------------------------------------------------ */

static void *dfb4f096_create(struct sim *sim, const struct pages *pages, const void *settings)
{
	struct slub *slub = slub_new_2622(sim, pages, settings);

	slub_kmalloc_setup(slub, setup_cache);
	return slub;
}

const struct object_allocator slub_cpu_dfb4f096 = {
	.name             = "slub-cpu",
	.summary          = "SLUB with the CPU's freelist in kmem_cache_cpu (dfb4f096 alone)",
	.version          = "commit dfb4f096",
	.year             = 2007,
	.brings           = "the first step alone: the struct lies in kmem_cache, a line for "
			    "each CPU, and the page struct is still read.",
	.kernel           = KERNEL_2_6_24,
	.view             = &page_view_packed_56,
	.layouts          = dfb4f096_layouts,
	.create           = dfb4f096_create,
	.alloc            = cache_alloc,
	.free             = cache_free,
	.kmalloc          = cache_kmalloc,
	.kfree            = cache_kfree,
	.metadata_bytes   = metadata_bytes,
	SLUB_ALLOCATOR,
};
