/*
 * slub-cpu: SLUB with the CPU's freelist in a struct of its own, kmem_cache_cpu.
 *
 *	kmem_cache -> cpu_slab[0] -> kmem_cache_cpu: freelist -> o -> o     CPU 0 alone
 *	                                             page     -> page: freelist -> o    any CPU,
 *	              cpu_slab[1] -> kmem_cache_cpu ...                              slab lock
 *
 * Follows: mm/slub.c, Linux 2.6.24; or commit dfb4f096 alone, on the way there. Where they differ:
 *
 *	                        2.6.24                          dfb4f096
 *	kmem_cache_cpu lies     in an array of the CPU, 32      in kmem_cache, a line each
 *	                        bytes each; cpu_slab[] points
 *	offset of the free      in kmem_cache_cpu               in the page struct
 *	pointer
 *	is the slab debugged?   node < 0                        flag in the page struct
 *	a full slab that gets   goes to the end of the          goes to the head
 *	an object               partial list
 *	an interrupt made a     given up                        given up, or as released kept
 *	slab meanwhile                                          (bugs: loses objects)
 *
 * True whenever no CPU is inside an operation: see models/objects/slub_common.h, and
 *   (6) kmem_cache_cpu is used by its own CPU only, interrupts off.
 *
 * alloc  pops from the own freelist; when that is empty takes the own slab's whole freelist, then
 *        a partial slab, then a new one.
 * free   pushes onto the own freelist if the object is of the own slab, or onto the slab's freelist
 *        under its lock.
 *
 * Expect: when one CPU frees what another allocates, the page struct is the freeing CPU's between
 * refills; the allocating CPU needs it once per refill. With dfb4f096 alone every allocation still
 * reads it, and so loses what the commit wins.
 *
 * Chosen: dfb4f096 keeps 2 empty slabs, unlocks as 2.6.24 does and sends a kmalloc of more than
 * half a page to the page allocator as 2.6.24 does. The CPUs' static arrays begin on lines; in the
 * kernel they may begin inside one, and an entry may then lie in two lines of its CPU.
 * Left out: requests for a node.
 */
#include <assert.h>

#include "models/objects/slub_common.h"

enum { NR_KMEM_CACHE_CPU = 100 };       /* entries of a CPU's static array */

struct kmem_cache_cpu {
	void *freelist;
	struct slab_page *page;         /* the CPU's slab */
	int32_t node;                   /* of the slab; -1: debugged */
	uint32_t offset;                /* of the free pointer, in words; not in dfb4f096 */
	uint32_t objsize;               /* not in dfb4f096 */
};

static const struct field kmem_cache_cpu_fields[] = {
	FIELD(struct kmem_cache_cpu, freelist),
	FIELD(struct kmem_cache_cpu, page),
	FIELD(struct kmem_cache_cpu, node),
	FIELD(struct kmem_cache_cpu, offset),
	FIELD(struct kmem_cache_cpu, objsize),
	{ 0 },
};

static const struct layout kmem_cache_cpu_layout = {
	"kmem_cache_cpu", sizeof(struct kmem_cache_cpu), CLASS_ALLOCATOR, kmem_cache_cpu_fields
};

static_assert(sizeof(struct kmem_cache_cpu) == 32, "2.6.24");
static_assert(offsetof(struct kmem_cache_cpu, page) == 8, "2.6.24");
static_assert(offsetof(struct kmem_cache_cpu, node) == 16, "2.6.24");
static_assert(offsetof(struct kmem_cache_cpu, offset) == 20, "2.6.24");
static_assert(offsetof(struct kmem_cache_cpu, objsize) == 24, "2.6.24");

/* Two caches of one CPU share a line, never two CPUs. */
struct kmem_cache_cpus {
	_Alignas(LINE) struct kmem_cache_cpu entry[NR_KMEM_CACHE_CPU];
};

static const struct layout cpu_slab_layout = { "cpu_slab", WORD, CLASS_ALLOCATOR, NULL };

enum variant { LINUX_2_6_24, DFB4F096 };

static const struct slub_version versions[] = {
	[LINUX_2_6_24] = {
		.min_partial    = 5,
		.unlock         = BIT_UNLOCK_LOCKED,
		.old_page       = false,
		.free_to_tail   = true,
		.kmalloc_max    = PAGE_BYTES / 2,
		.cpu_slab_bytes = sizeof(struct kmem_cache_cpu *),
		.page           = &slab_page_2624,
		.cpu_slab       = &cpu_slab_layout,
	},
	[DFB4F096] = {
		.min_partial    = 2,
		.unlock         = BIT_UNLOCK_LOCKED,
		.old_page       = true,
		.free_to_tail   = false,
		.reuses         = true,
		.kmalloc_max    = PAGE_BYTES / 2,
		.cpu_slab_bytes = LINE,
		.page           = &slab_page_dfb4f096,
		.cpu_slab       = &kmem_cache_cpu_layout,
	},
};

static const struct layout *const slub_cpu_layouts[] = {
	&slab_page_2624, &slab_page_dfb4f096, &slab_page_tail, &kmem_cache_layout,
	&kmem_cache_node_layout, &kmem_cache_cpu_layout, &cpu_slab_layout, NULL,
};

static bool dfb4f096(const struct slub *slub)
{
	return slub->settings.variant == DFB4F096;
}

static struct kmem_cache_cpu *get_cpu_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s)
{
	struct kmem_cache_cpu **pointer;

	if (dfb4f096(slub))
		return cpu_slab_of(slub, s, cpu_id(cpu));
	pointer = cpu_slab_of(slub, s, cpu_id(cpu));
	return load(cpu, pointer);
}

static unsigned get_offset(struct cpu *cpu, struct slub *slub, struct kmem_cache_cpu *c,
			   struct slab_page *page)
{
	if (dfb4f096(slub))
		return load(cpu, &page->offset);
	return load(cpu, &c->offset);
}

/* ---- alloc ------------------------------------------------------------------------------- */

/* Makes the locked slab's freelist the CPU's and takes its first object, unlocking the slab;
 * NULL: it is empty, and stays locked. */
static void *load_freelist(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			   struct kmem_cache_cpu *c, struct slab_page *page)
{
	void *object = load(cpu, &page->freelist);
	unsigned offset, objects;
	uint64_t flags;
	void *next;

	if (!object)
		return NULL;
	slab_debug(cpu, page);
	offset = get_offset(cpu, slub, c, page);
	next = load(cpu, free_pointer(object, offset));
	store(cpu, &c->freelist, next);
	objects = (unsigned)load(cpu, &s->objects);
	slab_set_inuse(cpu, slub, page, objects);
	store(cpu, &page->freelist, NULL);
	flags = load(cpu, &page->flags);
	store(cpu, &c->node, (int32_t)(flags >> PG_NODE_SHIFT));
	slab_unlock(cpu, slub, page);
	return object;
}

/* The CPU gives its locked slab up, with what is left of its own freelist. */
static void deactivate_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			    struct kmem_cache_cpu *c, struct slab_page *page)
{
	void *object;

	while ((object = load(cpu, &c->freelist))) {
		unsigned offset = get_offset(cpu, slub, c, page);
		void *next = load(cpu, free_pointer(object, offset));
		void *first;

		store(cpu, &c->freelist, next);
		first = load(cpu, &page->freelist);
		store(cpu, free_pointer(object, offset), first);
		store(cpu, &page->freelist, object);
		slab_dec_inuse(cpu, slub, page);
	}
	store(cpu, &c->page, NULL);
	slab_unfreeze(cpu, slub, s, page);
}

static void *alloc_locked(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			  struct kmem_cache_cpu *c, struct slab_page *page, unsigned gfp);

static void *alloc_from_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp)
{
	struct slab_page *page, *meanwhile;
	struct kmem_cache_cpu *c;

	path(cpu, "new slab");
	page = slab_new(cpu, slub, s, gfp);
	if (!page)
		return NULL;
	c = get_cpu_slab(cpu, slub, s);
	meanwhile = load(cpu, &c->page);
	if (meanwhile) {                        /* an interrupt was here */
		if (slub_reuses(slub)) {        /* its slab is warmer */
			slab_discard(cpu, slub, s, page);
			slab_lock(cpu, meanwhile);
			return alloc_locked(cpu, slub, s, c, meanwhile, gfp);
		}
		slab_lock(cpu, meanwhile);
		deactivate_slab(cpu, slub, s, c, meanwhile);
	}
	slab_lock(cpu, page);
	bit_set_local(cpu, &page->flags, PG_FROZEN);
	store(cpu, &c->page, page);
	return load_freelist(cpu, slub, s, c, page);
}

/* The CPU has no slab. */
static void *alloc_other(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			 struct kmem_cache_cpu *c, unsigned gfp)
{
	struct slab_page *page;

	path(cpu, "partial");
	page = slab_get_partial(cpu, slub, s);
	if (!page)
		return alloc_from_new(cpu, slub, s, gfp);
	store(cpu, &c->page, page);
	return load_freelist(cpu, slub, s, c, page);
}

/* `page` is the CPU's and locked; what is left on the CPU's freelist is lost. */
static void *alloc_locked(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			  struct kmem_cache_cpu *c, struct slab_page *page, unsigned gfp)
{
	void *object = load_freelist(cpu, slub, s, c, page);

	if (object)
		return object;
	deactivate_slab(cpu, slub, s, c, page);
	return alloc_other(cpu, slub, s, c, gfp);
}

/* The CPU's freelist is empty. */
static void *alloc_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			struct kmem_cache_cpu *c, unsigned gfp)
{
	struct slab_page *page = load(cpu, &c->page);

	if (!page)
		return alloc_other(cpu, slub, s, c, gfp);
	path(cpu, "refill");
	slab_lock(cpu, page);
	return alloc_locked(cpu, slub, s, c, page, gfp);
}

/* Interrupts off. */
static void *slab_alloc(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			struct kmem_cache_cpu *c, unsigned gfp)
{
	struct slab_page *page = dfb4f096(slub) ? load(cpu, &c->page) : NULL;
	bool no_slab = dfb4f096(slub) && !page;
	void *object = no_slab ? NULL : load(cpu, &c->freelist);
	unsigned offset;
	void *next;

	if (!object)
		return alloc_slow(cpu, slub, s, c, gfp);
	path(cpu, "fast");
	offset = get_offset(cpu, slub, c, page);
	next = load(cpu, free_pointer(object, offset));
	store(cpu, &c->freelist, next);
	return object;
}

static void clear(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		  struct kmem_cache_cpu *c, void *object)
{
	unsigned bytes;

	if (dfb4f096(slub))
		bytes = (unsigned)load(cpu, &s->objsize);
	else
		bytes = load(cpu, &c->objsize);
	object_clear(cpu, object, bytes);
}

static void *slub_cpu_alloc(struct cpu *cpu, void *state, struct kmem_cache *s, unsigned gfp)
{
	struct kmem_cache_cpu *c;
	void *object;
	bool flags;

	compute(cpu, STEP_ALLOC);
	flags = irq_save(cpu);
	c = get_cpu_slab(cpu, state, s);
	object = slab_alloc(cpu, state, s, c, gfp);
	irq_restore(cpu, flags);
	if (object && gfp & GFP_ZERO)
		clear(cpu, state, s, c, object);
	return object;
}

static void *slub_cpu_kmalloc(struct cpu *cpu, void *state, size_t size, unsigned gfp)
{
	struct kmem_cache *s = slub_kmalloc_cache(state, size);

	if (!s)
		return kmalloc_pages(cpu, state, size, gfp);
	return slub_cpu_alloc(cpu, state, s, gfp);
}

/* ---- free -------------------------------------------------------------------------------- */

/* Is `page` the CPU's slab, and not debugged? */
static bool is_mine(struct cpu *cpu, struct slub *slub, struct kmem_cache_cpu *c,
		    struct slab_page *page)
{
	struct slab_page *mine = load(cpu, &c->page);

	if (page != mine)
		return false;
	if (dfb4f096(slub))
		return !slab_debug(cpu, page);
	return load(cpu, &c->node) >= 0;
}

static void slab_free(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		      struct slab_page *page, void *object)
{
	bool flags = irq_save(cpu);
	struct kmem_cache_cpu *c = get_cpu_slab(cpu, slub, s);

	if (is_mine(cpu, slub, c, page)) {
		unsigned offset;
		void *first;

		path(cpu, "fast");
		offset = get_offset(cpu, slub, c, page);
		first = load(cpu, &c->freelist);
		store(cpu, free_pointer(object, offset), first);
		store(cpu, &c->freelist, object);
	} else {
		unsigned offset = dfb4f096(slub) ? 0 : load(cpu, &c->offset);

		slab_free_slow(cpu, slub, s, page, object, offset);
	}
	irq_restore(cpu, flags);
}

static void slub_cpu_free(struct cpu *cpu, void *state, struct kmem_cache *s, void *object)
{
	struct slab_page *page;

	compute(cpu, STEP_FREE);
	page = slab_head_page(cpu, state, object);
	slab_free(cpu, state, s, page, object);
}

static void slub_cpu_kfree(struct cpu *cpu, void *state, void *object)
{
	struct slab_page *page;
	struct kmem_cache *s;
	uint64_t flags;

	compute(cpu, STEP_FREE);
	page = slab_head_page(cpu, state, object);
	flags = load(cpu, &page->flags);
	if (!(flags >> PG_SLAB & 1)) {
		kfree_pages(cpu, state, page, flags);
		return;
	}
	s = load(cpu, page_slab(state, page));
	slab_free(cpu, state, s, page, object);
}

/* ---- set-up and check: plain C ------------------------------------------------------------ */

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

static struct kmem_cache_cpu *cpu_slab(const struct slub *slub, const struct kmem_cache *s,
				       unsigned id)
{
	void *place = cpu_slab_of(slub, s, id);

	return dfb4f096(slub) ? place : *(struct kmem_cache_cpu **)place;
}

static struct cpu_view cpu_view(const struct slub *slub, const struct kmem_cache *s, unsigned id)
{
	const struct kmem_cache_cpu *c = cpu_slab(slub, s, id);

	return (struct cpu_view){ c->page, c->freelist };
}

static const char *cpu_label(const struct slub *slub, const struct kmem_cache *s, unsigned id)
{
	return label_new(slub->sim, "%s kmem_cache_cpu[%u]", s->name, id);
}

static void setup_cpu(struct slub *slub, struct kmem_cache *s, unsigned id)
{
	struct kmem_cache_cpu *c = cpu_slab(slub, s, id);

	c->offset = (uint32_t)s->offset / WORD;
	c->objsize = (uint32_t)s->objsize;
	relabel_setup(slub->sim, c, sizeof *c, &kmem_cache_cpu_layout, 0, cpu_label(slub, s, id));
}

/* The next entry of every CPU's static array; when that is used up, a line of its own. */
static void cpu_slab_new(struct slub *slub, struct kmem_cache *s)
{
	struct kmem_cache_cpus *cpus = slub->own;
	unsigned entry = slub->caches - 1;
	struct kmem_cache_cpu *c;

	if (entry < NR_KMEM_CACHE_CPU)
		c = &cpus->entry[entry];
	else
		c = percpu_alloc(slub->sim, LINE, LINE, &kmem_cache_cpu_layout, "kmem_cache_cpu");
	for (unsigned id = 0; id < sim_cpus(slub->sim); id++) {
		struct kmem_cache_cpu **pointer = cpu_slab_of(slub, s, id);

		*pointer = per_cpu(slub->sim, c, id);
		setup_cpu(slub, s, id);
	}
}

static void cpu_slab_embedded(struct slub *slub, struct kmem_cache *s)
{
	for (unsigned id = 0; id < sim_cpus(slub->sim); id++)
		relabel_setup(slub->sim, cpu_slab(slub, s, id), LINE, &kmem_cache_cpu_layout, 0,
			      cpu_label(slub, s, id));
}

static void *slub_cpu_create(struct sim *sim, const struct pages *pages, const void *settings)
{
	const struct slub_settings *set = settings;
	struct slub *slub = slub_new(sim, pages, &versions[set->variant], set);

	slub->cpu_view = cpu_view;
	slub->cpu_slab_new = dfb4f096(slub) ? cpu_slab_embedded : cpu_slab_new;
	if (!dfb4f096(slub))
		slub->own = percpu_new(sim, struct kmem_cache_cpus, LINE, &kmem_cache_cpu_layout,
				       "kmem_cache_cpu");
	slub_kmalloc_setup(slub);
	return slub;
}

/* The static arrays count whole, used or not: that memory is gone. */
static uint64_t slub_cpu_metadata_bytes(const void *state)
{
	const struct slub *slub = state;
	uint64_t bytes = sizeof(struct kmem_cache_cpus);

	if (dfb4f096(slub))
		return slub_metadata_bytes(state);
	if (slub->caches > NR_KMEM_CACHE_CPU)
		bytes += (slub->caches - NR_KMEM_CACHE_CPU) * LINE;
	return slub_metadata_bytes(state) + sim_cpus(slub->sim) * bytes;
}

const struct object_allocator slub_cpu = {
	.name             = "slub-cpu",
	.summary          = "SLUB with the CPU's freelist in kmem_cache_cpu (Linux 2.6.24)",
	.settings         = slub_cpu_settings,
	.settings_size    = sizeof(struct slub_settings),
	.kernel           = KERNEL_2_6_24,
	.view             = &page_view_packed_56,
	.layouts          = slub_cpu_layouts,
	.create           = slub_cpu_create,
	.cache_create     = slub_cache_create,
	.kmalloc_cache    = slub_kmalloc_cache,
	.alloc            = slub_cpu_alloc,
	.free             = slub_cpu_free,
	.kmalloc          = slub_cpu_kmalloc,
	.kfree            = slub_cpu_kfree,
	.object_size      = slub_object_size,
	.objects_per_slab = slub_objects_per_slab,
	.metadata_bytes   = slub_cpu_metadata_bytes,
	.check            = slub_check,
	.in_use           = slub_in_use,
	.may_lose         = slub_may_lose,
	.owns             = slub_owns,
};
