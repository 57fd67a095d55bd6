/*
 * The half of SLUB that 2.6.22 to 2.6.24 have in common; see models/objects/slub_common.h.
 *
 * Follows: mm/slub.c, Linux 2.6.22 and 2.6.24. Left out: debugging (the flag is looked at, never
 * set), constructors, requests for a certain node, kmem_cache_shrink; the table of nodes that
 * virt_to_page reads in 2.6.22, which nobody writes.
 * Chosen: on one node caches are those of a kernel without NUMA, so that node[] is not read; the
 * zones below are those of a NUMA kernel all the same.
 */
#include "models/objects/slub_common.h"

#include <assert.h>

/* ---- layouts ----------------------------------------------------------- */

#define NAMED(name, type, member) { name, offsetof(type, member), sizeof(((type *)0)->member) }

static const struct field slab_page_2622_fields[] = {
	FIELD(struct slab_page, flags),
	FIELD(struct slab_page, _count),
	FIELD(struct slab_page, inuse),
	FIELD(struct slab_page, offset),
	FIELD(struct slab_page, lockless_freelist),
	NAMED("slab", struct slab_page, slab_24),
	FIELD(struct slab_page, freelist),
	FIELD(struct slab_page, lru),
	{ 0 },
};

/* The same bytes; the member at 16 is still declared and not used. */
static const struct field slab_page_dfb4f096_fields[] = {
	FIELD(struct slab_page, flags),
	FIELD(struct slab_page, _count),
	FIELD(struct slab_page, inuse),
	FIELD(struct slab_page, offset),
	NAMED("unused", struct slab_page, lockless_freelist),
	NAMED("slab", struct slab_page, slab_24),
	FIELD(struct slab_page, freelist),
	FIELD(struct slab_page, lru),
	{ 0 },
};

static const struct field slab_page_2624_fields[] = {
	FIELD(struct slab_page, flags),
	FIELD(struct slab_page, _count),
	NAMED("inuse", struct slab_page, wide_inuse),
	NAMED("slab", struct slab_page, slab_16),
	FIELD(struct slab_page, mapping),
	FIELD(struct slab_page, freelist),
	FIELD(struct slab_page, lru),
	{ 0 },
};

static const struct field slab_page_tail_fields[] = {
	FIELD(struct slab_page, flags),
	FIELD(struct slab_page, _count),
	NAMED("_mapcount", struct slab_page, wide_inuse),
	FIELD(struct slab_page, first_page),
	FIELD(struct slab_page, mapping),
	NAMED("index", struct slab_page, freelist),
	FIELD(struct slab_page, lru),
	{ 0 },
};

#define PAGE_LAYOUT(fields) { "page", sizeof(struct slab_page), CLASS_ALLOCATOR, fields }
const struct layout slab_page_2622 = PAGE_LAYOUT(slab_page_2622_fields);
const struct layout slab_page_dfb4f096 = PAGE_LAYOUT(slab_page_dfb4f096_fields);
const struct layout slab_page_2624 = PAGE_LAYOUT(slab_page_2624_fields);
const struct layout slab_page_tail = PAGE_LAYOUT(slab_page_tail_fields);

static_assert(sizeof(struct slab_page) == 56, "struct page until 3.0");
static_assert(offsetof(struct slab_page, _count) == 8, "struct page until 3.0");
static_assert(offsetof(struct slab_page, inuse) == 12, "2.6.22");
static_assert(offsetof(struct slab_page, offset) == 14, "2.6.22");
static_assert(offsetof(struct slab_page, lockless_freelist) == 16, "2.6.22");
static_assert(offsetof(struct slab_page, slab_24) == 24, "2.6.22");
static_assert(offsetof(struct slab_page, wide_inuse) == 12, "2.6.24");
static_assert(offsetof(struct slab_page, slab_16) == 16, "2.6.24");
static_assert(offsetof(struct slab_page, first_page) == 16, "struct page until 3.0");
static_assert(offsetof(struct slab_page, freelist) == 32, "struct page until 3.0");
static_assert(offsetof(struct slab_page, lru) == 40, "struct page until 3.0");

static const struct field kmem_cache_node_fields[] = {
	FIELD(struct kmem_cache_node, list_lock),
	FIELD(struct kmem_cache_node, nr_partial),
	FIELD(struct kmem_cache_node, nr_slabs),
	FIELD(struct kmem_cache_node, partial),
	FIELD(struct kmem_cache_node, full),
	{ 0 },
};

const struct layout kmem_cache_node_layout = {
	"kmem_cache_node", sizeof(struct kmem_cache_node), CLASS_ALLOCATOR, kmem_cache_node_fields
};

static_assert(sizeof(struct kmem_cache_node) == 56, "2.6.22");
static_assert(offsetof(struct kmem_cache_node, nr_partial) == 8, "2.6.22");
static_assert(offsetof(struct kmem_cache_node, nr_slabs) == 16, "2.6.22");
static_assert(offsetof(struct kmem_cache_node, partial) == 24, "2.6.22");
static_assert(offsetof(struct kmem_cache_node, full) == 40, "2.6.22");

static const struct field kmem_cache_fields[] = {
	FIELD(struct kmem_cache, flags),
	FIELD(struct kmem_cache, size),
	FIELD(struct kmem_cache, objsize),
	FIELD(struct kmem_cache, offset),
	FIELD(struct kmem_cache, order),
	FIELD(struct kmem_cache, local_node.list_lock),
	FIELD(struct kmem_cache, local_node.nr_partial),
	FIELD(struct kmem_cache, local_node.nr_slabs),
	FIELD(struct kmem_cache, local_node.partial),
	FIELD(struct kmem_cache, local_node.full),
	FIELD(struct kmem_cache, objects),
	FIELD(struct kmem_cache, refcount),
	FIELD(struct kmem_cache, ctor),
	FIELD(struct kmem_cache, inuse),
	FIELD(struct kmem_cache, align),
	FIELD(struct kmem_cache, name),
	FIELD(struct kmem_cache, list),
	FIELD(struct kmem_cache, object_label),
	FIELD(struct kmem_cache, kobject),
	FIELD(struct kmem_cache, defrag_ratio),
	{ 0 },
};

const struct layout kmem_cache_layout = {
	"kmem_cache", sizeof(struct kmem_cache), CLASS_ALLOCATOR, kmem_cache_fields
};

static_assert(offsetof(struct kmem_cache, size) == 8, "2.6.22");
static_assert(offsetof(struct kmem_cache, objsize) == 12, "2.6.22");
static_assert(offsetof(struct kmem_cache, offset) == 16, "2.6.22");
static_assert(offsetof(struct kmem_cache, order) == 20, "2.6.22");
static_assert(offsetof(struct kmem_cache, local_node) == 24, "2.6.22");
static_assert(offsetof(struct kmem_cache, objects) == 80, "2.6.22");
static_assert(offsetof(struct kmem_cache, refcount) == 84, "2.6.22");
static_assert(offsetof(struct kmem_cache, ctor) == 88, "2.6.22");
static_assert(offsetof(struct kmem_cache, inuse) == 96, "2.6.22");
static_assert(offsetof(struct kmem_cache, align) == 100, "2.6.22");
static_assert(offsetof(struct kmem_cache, name) == 104, "2.6.22");
static_assert(offsetof(struct kmem_cache, list) == 112, "2.6.22");
/* The size of a kobject is from memory, 104 bytes; no sheet has it. */
static_assert(offsetof(struct kmem_cache, defrag_ratio) == 128 + 104, "kobject");
static_assert(sizeof(struct kmem_cache) == 240, "node[] follows");

static const struct layout node_pointer_layout = { "node", WORD, CLASS_ALLOCATOR, NULL };

/* A free object; while in use its first word is the user's as the rest is. */
static const struct field object_fields[] = {
	{ "next_free", 0, WORD },
	{ 0 },
};

static const struct layout object_layout = { "object", 0, CLASS_PAYLOAD, object_fields };

/* ---- the slab's counts and state --------------------------------------- */

void slab_set_inuse(struct cpu *cpu, const struct slub *slub, struct slab_page *page,
		    unsigned inuse)
{
	if (slub->version->old_page)
		store(cpu, &page->inuse, (uint16_t)inuse);
	else
		store(cpu, &page->wide_inuse, inuse);
}

static unsigned get_inuse(struct cpu *cpu, const struct slub *slub, struct slab_page *page)
{
	if (slub->version->old_page)
		return load(cpu, &page->inuse);
	return load(cpu, &page->wide_inuse);
}

unsigned slab_dec_inuse(struct cpu *cpu, const struct slub *slub, struct slab_page *page)
{
	if (slub->version->old_page)
		return fetch_add_local(cpu, &page->inuse, -1) - 1u;
	return fetch_add_local(cpu, &page->wide_inuse, -1) - 1;
}

struct slab_page *slab_head_page(struct cpu *cpu, const struct slub *slub, const void *object)
{
	struct slab_page *page = (struct slab_page *)virt_to_page(slub->memory, object);
	uint64_t flags = load(cpu, &page->flags);

	if (flags >> PG_TAIL & 1)
		return load(cpu, &page->first_page);
	return page;
}

/* ---- partial lists ----------------------------------------------------- */

static struct slab_page *lru_page(struct list_head *lru)
{
	return (struct slab_page *)((char *)lru - offsetof(struct slab_page, lru));
}

static struct kmem_cache_node *node_of(struct cpu *cpu, const struct slub *slub,
				       struct kmem_cache *s, struct slab_page *page)
{
	uint64_t flags;

	if (slub->memory->nodes == 1)
		return &s->local_node;
	flags = load(cpu, &page->flags);
	return load(cpu, cache_node(s, flags >> PG_NODE_SHIFT));
}

static void add_partial(struct cpu *cpu, struct kmem_cache_node *n, struct slab_page *page,
			bool tail)
{
	spin_lock(cpu, &n->list_lock, LOCK_DEC);
	fetch_add_local(cpu, &n->nr_partial, 1);
	if (tail)
		list_add_tail(cpu, &page->lru, &n->partial);
	else
		list_add(cpu, &page->lru, &n->partial);
	spin_unlock(cpu, &n->list_lock, LOCK_DEC);
}

static void remove_partial(struct cpu *cpu, struct kmem_cache_node *n, struct slab_page *page)
{
	spin_lock(cpu, &n->list_lock, LOCK_DEC);
	list_del(cpu, &page->lru);
	fetch_add_local(cpu, &n->nr_partial, -1);
	spin_unlock(cpu, &n->list_lock, LOCK_DEC);
}

static bool lock_and_freeze(struct cpu *cpu, struct kmem_cache_node *n, struct slab_page *page)
{
	if (!bit_spin_trylock(cpu, &page->flags, PG_LOCKED))
		return false;
	list_del(cpu, &page->lru);
	fetch_add_local(cpu, &n->nr_partial, -1);
	bit_set_local(cpu, &page->flags, PG_FROZEN);
	return true;
}

static struct slab_page *get_partial_node(struct cpu *cpu, struct kmem_cache_node *n)
{
	uint64_t nr_partial = load(cpu, &n->nr_partial);
	struct slab_page *found = NULL;
	struct list_head *at;

	if (nr_partial == 0)
		return NULL;
	spin_lock(cpu, &n->list_lock, LOCK_DEC);
	for (at = load(cpu, &n->partial.next);; at = load(cpu, &at->next)) {
		list_ahead(cpu, at);
		if (at == &n->partial)
			break;
		if (lock_and_freeze(cpu, n, lru_page(at))) {
			found = lru_page(at);
			break;
		}
	}
	spin_unlock(cpu, &n->list_lock, LOCK_DEC);
	return found;
}

/* Another node's slab, once in a while: better than memory that lies idle over there. */
static struct slab_page *get_any_partial(struct cpu *cpu, struct slub *slub, struct kmem_cache *s)
{
	unsigned nodes = slub->memory->nodes;
	int ratio = load(cpu, &s->defrag_ratio);

	if (ratio == 0)
		return NULL;
	compute(cpu, STEP_RDTSC);
	if (random_below(cpu, 1024) > (uint64_t)ratio)
		return NULL;
	for (unsigned i = 0; i < nodes; i++) {
		unsigned node = (cpu_node(cpu) + i) % nodes;
		struct kmem_cache_node *n = load(cpu, cache_node(s, node));
		uint64_t nr_partial = load(cpu, &n->nr_partial);
		struct slab_page *page = NULL;

		if (nr_partial > slub->settings.min_partial)
			page = get_partial_node(cpu, n);
		if (page)
			return page;
	}
	return NULL;
}

struct slab_page *slab_get_partial(struct cpu *cpu, struct slub *slub, struct kmem_cache *s)
{
	struct kmem_cache_node *n;
	struct slab_page *page;

	if (slub->memory->nodes == 1)
		return get_partial_node(cpu, &s->local_node);
	n = load(cpu, cache_node(s, cpu_node(cpu)));
	page = get_partial_node(cpu, n);
	if (page)
		return page;
	return get_any_partial(cpu, slub, s);
}

/* ---- slabs come and go ------------------------------------------------- */

static void relabel_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			 struct slab_page *page, unsigned order)
{
	struct memory *m = slub->memory;
	uint64_t pfn = page_to_pfn(m, (struct page *)page);

	page_relabel(cpu, m, (struct page *)page, s ? slub->version->page : NULL);
	for (uint64_t i = 1; i < 1ull << order; i++)
		page_relabel(cpu, m, pfn_to_page(m, pfn + i), s ? &slab_page_tail : NULL);
	if (s)
		frames_relabel(cpu, m, (struct page *)page, order, &object_layout,
			       (size_t)s->size, s->object_label);
	else
		frames_relabel(cpu, m, (struct page *)page, order, NULL, 0, NULL);
}

static void count_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		       struct slab_page *page, int pages)
{
	uint64_t flags = load(cpu, &s->flags);

	pages_count_slab(cpu, slub->pages, (struct page *)page, flags >> SLAB_RECLAIM_ACCOUNT & 1,
			 pages);
}

static struct slab_page *allocate_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				       unsigned gfp)
{
	struct slab_page *page;
	unsigned order;

	(void)load(cpu, &s->flags);             /* wants a zone of its own? none does here */
	order = (unsigned)load(cpu, &s->order);
	gfp &= ~(unsigned)GFP_ZERO;
	if (order > 0)
		gfp |= GFP_COMP;
	page = (struct slab_page *)pages_alloc(cpu, slub->pages, order, gfp);
	if (!page)
		return NULL;
	relabel_slab(cpu, slub, s, page, order);
	count_slab(cpu, slub, s, page, 1 << order);
	return page;
}

static void setup_page(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		       struct slab_page *page)
{
	if (slub->version->old_page) {
		unsigned offset = (unsigned)load(cpu, &s->offset);

		store(cpu, &page->offset, (uint16_t)(offset / WORD));
	}
	store(cpu, page_slab(slub, page), s);
	bit_set_local(cpu, &page->flags, PG_SLAB);
	(void)load(cpu, &s->flags);             /* debugged? */
}

/*
 * Links all objects of the slab, in ascending order. What the loop needs of the cache is read again
 * for each, as the stores might change it; the first object points to itself for a moment.
 */
static void link_objects(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			 struct slab_page *page)
{
	char *object = page_address(slub->memory, (struct page *)page), *last = object;
	int linked = 0, left;

	do {
		int offset, size;

		(void)load(cpu, &s->flags);     /* debugged? */
		(void)load(cpu, &s->ctor);      /* none here */
		offset = load(cpu, &s->offset);
		size = load(cpu, &s->size);
		left = load(cpu, &s->objects) - linked++;
		store(cpu, free_pointer(last, (unsigned)offset / WORD), left ? object : NULL);
		last = object;
		object += size;
	} while (left);
}

struct slab_page *slab_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp)
{
	bool sleeps = !(gfp & GFP_ATOMIC);
	struct slab_page *page;

	if (sleeps)
		irq_enable(cpu);
	page = allocate_slab(cpu, slub, s, gfp);
	if (page) {
		struct kmem_cache_node *n = node_of(cpu, slub, s, page);

		fetch_add(cpu, &n->nr_slabs, 1);
		setup_page(cpu, slub, s, page);
		link_objects(cpu, slub, s, page);
		store(cpu, &page->freelist, page_address(slub->memory, (struct page *)page));
		if (slub->version->lockless)
			store(cpu, &page->lockless_freelist, NULL);
		slab_set_inuse(cpu, slub, page, 0);
	}
	if (sleeps)
		irq_disable(cpu);
	return page;
}

void slab_discard(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, struct slab_page *page)
{
	struct kmem_cache_node *n = node_of(cpu, slub, s, page);
	unsigned order;

	fetch_add(cpu, &n->nr_slabs, -1);
	store(cpu, &page->wide_inuse, UINT32_MAX);      /* _mapcount of an unused page */
	if (slub->version->clears_debug)
		bit_clear_local(cpu, &page->flags, PG_DEBUG);
	bit_clear_local(cpu, &page->flags, PG_SLAB);
	(void)load(cpu, &s->flags);             /* freed by RCU? */
	order = (unsigned)load(cpu, &s->order);
	slab_debug(cpu, page);
	count_slab(cpu, slub, s, page, -(1 << order));
	if (slub->version->old_page)
		store(cpu, &page->mapping, 0);
	relabel_slab(cpu, slub, NULL, page, order);
	pages_free(cpu, slub->pages, (struct page *)page, order);
}

void slab_unfreeze(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, struct slab_page *page)
{
	struct kmem_cache_node *n = node_of(cpu, slub, s, page);
	unsigned inuse;

	bit_clear_local(cpu, &page->flags, PG_FROZEN);
	inuse = get_inuse(cpu, slub, page);
	if (inuse > 0) {
		void *freelist = load(cpu, &page->freelist);

		if (freelist)
			add_partial(cpu, n, page, false);
		else
			slab_debug(cpu, page);
		slab_unlock(cpu, slub, page);
	} else {
		uint64_t nr_partial = load(cpu, &n->nr_partial);
		bool keep = nr_partial < slub->settings.min_partial;

		if (keep)
			add_partial(cpu, n, page, true);
		slab_unlock(cpu, slub, page);
		if (!keep)
			slab_discard(cpu, slub, s, page);
	}
}

/* ---- free into a slab of nobody, or of another CPU --------------------- */

static void free_last(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		      struct slab_page *page, bool on_list)
{
	path(cpu, "slab empty");
	if (on_list) {
		struct kmem_cache_node *n = node_of(cpu, slub, s, page);

		remove_partial(cpu, n, page);
	}
	slab_unlock(cpu, slub, page);
	slab_discard(cpu, slub, s, page);
}

static void free_to_partial(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			    struct slab_page *page)
{
	struct kmem_cache_node *n = node_of(cpu, slub, s, page);

	path(cpu, "full to partial");
	add_partial(cpu, n, page, slub->version->free_to_tail);
}

void slab_free_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		    struct slab_page *page, void *object, unsigned words)
{
	unsigned inuse;
	uint64_t flags;
	void *prior;

	path(cpu, "slow");
	slab_lock(cpu, page);
	slab_debug(cpu, page);
	if (slub->version->old_page)
		words = load(cpu, &page->offset);
	prior = load(cpu, &page->freelist);
	store(cpu, free_pointer(object, words), prior);
	store(cpu, &page->freelist, object);
	inuse = slab_dec_inuse(cpu, slub, page);
	flags = load(cpu, &page->flags);
	if (!(flags >> PG_FROZEN & 1)) {
		if (inuse == 0) {
			free_last(cpu, slub, s, page, prior != NULL);
			return;
		}
		if (!prior)
			free_to_partial(cpu, slub, s, page);
	}
	slab_unlock(cpu, slub, page);
}

/* ---- whole pages ------------------------------------------------------- */

void *kmalloc_pages(struct cpu *cpu, struct slub *slub, size_t size, unsigned gfp)
{
	unsigned order = 0;
	struct page *page;

	while ((size_t)PAGE_BYTES << order < size)
		order++;
	if (order >= MAX_ORDER)
		return NULL;
	path(cpu, "pages");
	page = pages_alloc(cpu, slub->pages, order, order > 0 ? gfp | GFP_COMP : gfp);
	return page ? page_address(slub->memory, page) : NULL;
}

void kfree_pages(struct cpu *cpu, struct slub *slub, struct slab_page *page, uint64_t flags)
{
	struct page *head = (struct page *)page;
	unsigned order = 0;

	path(cpu, "pages");
	if (flags >> PG_HEAD & 1)
		order = (unsigned)load(cpu, compound_order(slub->memory, head));
	pages_free(cpu, slub->pages, head, order);
}

void object_clear(struct cpu *cpu, void *object, unsigned bytes)
{
	for (unsigned offset = 0; offset < bytes; offset += LINE)
		store(cpu, (uint64_t *)((char *)object + offset), 0);
}

/* ---- set-up: plain C, before time zero --------------------------------- */

/* First order that holds min_objects and wastes at most the fraction; above max_order: none. */
static unsigned slab_order(uint64_t size, uint64_t min_objects, unsigned min_order,
			   unsigned max_order, unsigned fraction)
{
	unsigned order;

	for (order = min_order; order <= max_order; order++) {
		uint64_t bytes = (uint64_t)PAGE_BYTES << order;

		if (bytes >= min_objects * size && bytes % size <= bytes / fraction)
			break;
	}
	return order;
}

/* 2.6.23 and dfb4f096 see to it that inuse, of 16 bits, can count the objects; 2.6.24 has 32. */
static unsigned lowest_order(const struct slub *slub, uint64_t size)
{
	enum { TOO_MANY = 65535 };
	unsigned order = (unsigned)slub->settings.min_order;

	while (slub->version->old_page && order > 0 &&
	       ((uint64_t)PAGE_BYTES << order) / size >= TOO_MANY)
		order--;
	return order;
}

static unsigned calculate_order(const struct slub *slub, uint64_t size)
{
	const struct slub_settings *settings = &slub->settings;
	unsigned min_order = lowest_order(slub, size);
	unsigned max_order = (unsigned)settings->max_order;
	unsigned order;

	for (uint64_t objects = settings->min_objects; objects > 1; objects /= 2) {
		for (unsigned fraction = 8; fraction >= 4; fraction /= 2) {
			order = slab_order(size, objects, min_order, max_order, fraction);
			if (order <= max_order)
				return order;
		}
	}
	order = slab_order(size, 1, min_order, max_order, 1);
	if (order <= max_order)
		return order;
	return slab_order(size, 1, min_order, MAX_ORDER - 1, 1);
}

static void setup_node(struct kmem_cache_node *n)
{
	spin_lock_init(&n->list_lock, LOCK_DEC);
	list_init(&n->partial);
	list_init(&n->full);
}

/* Nodes but the first: an object of the cache "kmem_cache_node" there, packed as those are. */
static struct kmem_cache_node *node_new(struct slub *slub, unsigned node)
{
	enum { PER_PAGE = PAGE_BYTES / sizeof(struct kmem_cache_node) };
	struct kmem_cache_node *n;

	if (slub->node_slab[node].left == 0) {
		slub->node_slab[node].slab = arena_new(slub->sim, struct kmem_cache_node, PER_PAGE,
						       node, LINE, &kmem_cache_node_layout,
						       "kmem_cache_node");
		slub->node_slab[node].left = PER_PAGE;
	}
	slub->node_slab[node].left--;
	n = slub->node_slab[node].slab++;
	setup_node(n);
	return n;
}

static void setup_nodes(struct slub *slub, struct kmem_cache *s)
{
	unsigned nodes = slub->memory->nodes;

	setup_node(&s->local_node);
	if (nodes == 1)
		return;
	s->defrag_ratio = 100;
	*cache_node(s, 0) = &s->local_node;
	for (unsigned node = 1; node < nodes; node++)
		*cache_node(s, node) = node_new(slub, node);
	relabel_setup(slub->sim, cache_node(s, 0), nodes * WORD, &node_pointer_layout, 0,
		      label_new(slub->sim, "%s node", s->name));
}

static unsigned round_up(unsigned value, unsigned to)
{
	return (value + to - 1) / to * to;
}

static size_t cache_bytes(const struct slub *slub, unsigned cpus)
{
	return slub->cpu_slab_offset + cpus * slub->version->cpu_slab_bytes;
}

/* An element of kmalloc_caches[], which is static. */
static size_t kmalloc_cache_bytes(const struct slub *slub)
{
	return cache_bytes(slub, nr_cpus(slub->sim, slub->settings.nr_cpus));
}

static void link_cache(struct slub *slub, struct kmem_cache *s)
{
	struct list_head *head = &slub->cache_list;

	s->list.next = head;
	s->list.prev = head->prev;
	head->prev->next = &s->list;
	head->prev = &s->list;
	slub->caches++;
}

/* Makes the `bytes` at s a cache. */
static struct kmem_cache *setup_cache(struct slub *slub, struct kmem_cache *s, size_t bytes,
				      const char *name, unsigned size, unsigned align)
{
	const struct slub_version *version = slub->version;

	relabel_setup(slub->sim, s, bytes, &kmem_cache_layout, bytes,
		      label_new(slub->sim, "%s kmem_cache", name));
	s->name = label_new(slub->sim, "%s", name);
	s->object_label = label_new(slub->sim, "%s object", name);
	s->objsize = (int32_t)size;
	s->inuse = (int32_t)round_up(size, WORD);
	s->align = (int32_t)round_up(align ? align : WORD, WORD);
	s->size = (int32_t)round_up((unsigned)s->inuse, (unsigned)s->align);
	s->order = (int32_t)calculate_order(slub, (uint64_t)s->size);
	s->objects = (PAGE_BYTES << s->order) / s->size;
	s->refcount = 1;
	setup_nodes(slub, s);
	relabel_setup(slub->sim, cpu_slab_of(slub, s, 0),
		      sim_cpus(slub->sim) * version->cpu_slab_bytes, version->cpu_slab,
		      version->cpu_slab_bytes, label_new(slub->sim, "%s cpu_slab", name));
	link_cache(slub, s);
	if (slub->cpu_slab_new)
		slub->cpu_slab_new(slub, s);
	return s;
}

static const struct layout bytes_layout = { "kmem_cache", 0, CLASS_ALLOCATOR, NULL };

/* The kernel has it from kmalloc, whose objects of that size begin on lines. */
struct kmem_cache *slub_cache_create(void *state, const char *name, unsigned size, unsigned align)
{
	struct slub *slub = state;
	size_t bytes = cache_bytes(slub, sim_cpus(slub->sim));
	struct kmem_cache *s = arena_alloc(slub->sim, bytes, 1, 0, LINE, &bytes_layout, name);

	slub->cache_bytes += bytes;
	return setup_cache(slub, s, bytes, name, size, align);
}

bool slub_reuses(const struct slub *slub)
{
	return slub->version->reuses && slub->settings.bugs == BUGS_RELEASED;
}

const char *const bugs_words[] = {
	[BUGS_RELEASED] = "released", [BUGS_FIXED] = "fixed", NULL
};

struct slub *slub_new(struct sim *sim, const struct pages *pages,
		      const struct slub_version *version, const struct slub_settings *settings)
{
	enum { MAX_NUMNODES = 64 };     /* and its multiples, where there are more nodes */
	struct slub *slub = unseen_new(sim, sizeof *slub);
	unsigned nodes = pages->memory->nodes;
	size_t offset = offsetof(struct kmem_cache, defrag_ratio);

	slub->sim = sim;
	slub->pages = pages;
	slub->memory = pages->memory;
	slub->version = version;
	slub->settings = *settings;
	if (slub->settings.min_partial == 0)
		slub->settings.min_partial = version->min_partial;
	if (nodes > 1)
		offset = sizeof(struct kmem_cache) + round_up(nodes, MAX_NUMNODES) * WORD;
	slub->cpu_slab_offset = round_up((unsigned)offset, (unsigned)version->cpu_slab_bytes);
	slub->node_slab = unseen_new(sim, nodes * sizeof slub->node_slab[0]);
	list_init(&slub->cache_list);
	return slub;
}

/* The place of a size class in kmalloc_caches[]: 96 and 192 first, then 2^shift at shift. Place 0
 * is that of the cache of kmem_cache_node. */
static struct kmem_cache *setup_kmalloc(struct slub *slub, char *array, unsigned place,
					unsigned size)
{
	size_t bytes = kmalloc_cache_bytes(slub);
	size_t stride = slub->settings.own_lines ? round_up((unsigned)bytes, LINE) : bytes;

	return setup_cache(slub, (struct kmem_cache *)(array + place * stride), bytes,
			   label_new(slub->sim, "kmalloc-%u", size), size, 0);
}

void slub_kmalloc_setup(struct slub *slub)
{
	size_t bytes = kmalloc_cache_bytes(slub);
	size_t stride = slub->settings.own_lines ? round_up((unsigned)bytes, LINE) : bytes;
	unsigned places = 3;
	char *array;

	while (places < NR_KMALLOC && 1u << places <= slub->version->kmalloc_max)
		places++;
	array = arena_alloc(slub->sim, places * stride, 1, 0, LINE, &bytes_layout,
			    "kmalloc_caches");
	slub->cache_bytes += places * stride;
	slub->kmalloc_96 = setup_kmalloc(slub, array, 1, 96);
	slub->kmalloc_192 = setup_kmalloc(slub, array, 2, 192);
	for (unsigned shift = 3; shift < places; shift++)
		slub->kmalloc[shift] = setup_kmalloc(slub, array, shift, 1u << shift);
}

struct kmem_cache *slub_kmalloc_cache(void *state, size_t size)
{
	const struct slub *slub = state;
	unsigned shift = 3;

	if (size > slub->version->kmalloc_max)
		return NULL;
	if (size > 64 && size <= 96)
		return slub->kmalloc_96;
	if (size > 128 && size <= 192)
		return slub->kmalloc_192;
	while ((size_t)1 << shift < size)
		shift++;
	return slub->kmalloc[shift];
}

unsigned slub_object_size(const struct kmem_cache *s)
{
	return (unsigned)s->size;
}

unsigned slub_objects_per_slab(const struct kmem_cache *s)
{
	return (unsigned)s->objects;
}

uint64_t slub_metadata_bytes(const void *state)
{
	const struct slub *slub = state;
	uint64_t nodes = (slub->memory->nodes - 1) * sizeof(struct kmem_cache_node);

	return slub->cache_bytes + slub->caches * nodes;
}

/* ---- check: plain C, no CPU inside ------------------------------------- */

enum seen { SEEN_NOWHERE, SEEN_CPU, SEEN_PARTIAL };

static struct kmem_cache *list_cache(const struct list_head *at)
{
	return (struct kmem_cache *)((char *)at - offsetof(struct kmem_cache, list));
}

static unsigned inuse_of(const struct slub *slub, const struct slab_page *page)
{
	return slub->version->old_page ? page->inuse : page->wide_inuse;
}

/* Page frame of a head page of this cache, or the number of page frames. */
static uint64_t slab_pfn(const struct slub *slub, const struct kmem_cache *s,
			 struct slab_page *page)
{
	const struct memory *m = slub->memory;
	uint64_t pfn = page_to_pfn(m, (struct page *)page);

	if (pfn >= m->pages || pfn_to_page(m, pfn) != (struct page *)page)
		return m->pages;
	if (!(page->flags >> PG_SLAB & 1) || *page_slab(slub, page) != s)
		return m->pages;
	return pfn;
}

static bool on_slot(const struct slub *slub, const struct kmem_cache *s,
		    const struct slab_page *page, const void *object)
{
	char *base = page_address(slub->memory, (const struct page *)page);
	uint64_t offset = (uint64_t)((uintptr_t)object - (uintptr_t)base);

	return offset < (uint64_t)s->size * (uint64_t)s->objects && offset % (uint64_t)s->size == 0;
}

/* Invariant (3) of one list: its length, and its last object in *last; -1 if it is broken. */
static int list_length(const struct slub *slub, const struct kmem_cache *s,
		       const struct slab_page *page, void *object, void **last)
{
	int length = 0;

	*last = NULL;
	for (; object; object = *free_pointer(object, (unsigned)s->offset / WORD)) {
		if (!on_slot(slub, s, page, object) || length == s->objects)
			return -1;
		*last = object;
		length++;
	}
	return length;
}

/* Of a CPU whose page is a slab. */
static void *private_list(const struct slub *slub, const struct cpu_view *view)
{
	return slub->version->lockless ? view->page->lockless_freelist : view->freelist;
}

/* The slab of a CPU: frozen, of one CPU only, private list apart from the shared one. */
static bool check_cpu_slab(const struct slub *slub, const struct kmem_cache *s, unsigned id,
			   const struct report *report)
{
	struct cpu_view view = slub->cpu_view(slub, s, id);
	void *last, *last_private;
	uint64_t pfn;
	int length;

	if (!view.page)
		return !view.freelist ||
		       failed(report, "%s: CPU %u has objects of no slab", s->name, id);
	pfn = slab_pfn(slub, s, view.page);
	if (pfn >= slub->memory->pages)
		return failed(report, "%s: CPU %u has a page that is no slab", s->name, id);
	if (slub->memory->seen[pfn] != SEEN_NOWHERE)
		return failed(report, "%s: two CPUs have page %llu", s->name,
			      (unsigned long long)pfn);
	slub->memory->seen[pfn] = SEEN_CPU;
	length = list_length(slub, s, view.page, private_list(slub, &view), &last_private);
	if (length < 0 || length > (int)inuse_of(slub, view.page))
		return failed(report, "%s: CPU %u has a broken private list", s->name, id);
	if (list_length(slub, s, view.page, view.page->freelist, &last) > 0 && last == last_private)
		return failed(report, "%s: CPU %u shares objects with the slab", s->name, id);
	return true;
}

/* Invariant (4), and the partial slabs' place and state. */
static bool check_node(const struct slub *slub, const struct kmem_cache *s, unsigned node,
		       struct kmem_cache_node *n, const struct report *report)
{
	struct list_head *last = &n->partial;
	uint64_t length = 0;

	if (n->list_lock.slock != 1)
		return failed(report, "%s: list_lock of node %u is held", s->name, node);
	for (struct list_head *at = n->partial.next; at != &n->partial; at = at->next, length++) {
		struct slab_page *page = lru_page(at);
		uint64_t pfn = slab_pfn(slub, s, page);

		if (pfn >= slub->memory->pages || at->prev != last)
			return failed(report, "%s: the partial list of node %u is broken", s->name,
				      node);
		if (slub->memory->seen[pfn] != SEEN_NOWHERE)
			return failed(report, "%s: partial page %llu is elsewhere too", s->name,
				      (unsigned long long)pfn);
		if (!page->freelist || page->flags >> PG_NODE_SHIFT != node)
			return failed(report,
				      "%s: page %llu does not belong on node %u's partial list",
				      s->name, (unsigned long long)pfn, node);
		slub->memory->seen[pfn] = SEEN_PARTIAL;
		last = at;
	}
	if (n->partial.prev != last)
		return failed(report, "%s: the partial list of node %u is broken", s->name, node);
	if (length != n->nr_partial)
		return failed(report, "%s: nr_partial %llu, the list has %llu", s->name,
			      (unsigned long long)n->nr_partial, (unsigned long long)length);
	return true;
}

/* Invariants (1), (2), (3) and (5) of one slab. */
static bool check_slab(const struct slub *slub, const struct kmem_cache *s,
		       const struct slab_page *page, enum seen seen, const struct report *report)
{
	unsigned long long pfn = page_to_pfn(slub->memory, (const struct page *)page);
	void *last;
	int length = list_length(slub, s, page, page->freelist, &last);

	if (page->flags >> PG_LOCKED & 1)
		return failed(report, "%s: page %llu is locked", s->name, pfn);
	if (length < 0)
		return failed(report, "%s: the freelist of page %llu is broken", s->name, pfn);
	if ((int)inuse_of(slub, page) != s->objects - length)
		return failed(report, "%s: page %llu: inuse %u, but %d of %d objects are free",
			      s->name, pfn, inuse_of(slub, page), length, s->objects);
	if ((page->flags >> PG_FROZEN & 1) != (seen == SEEN_CPU))
		return failed(report, "%s: page %llu is frozen without a CPU, or the reverse",
			      s->name, pfn);
	if (seen == SEEN_NOWHERE && length > 0)
		return failed(report, "%s: page %llu has free objects and is on no list", s->name,
			      pfn);
	return true;
}

static struct kmem_cache_node *node_at(const struct slub *slub, struct kmem_cache *s, unsigned node)
{
	return slub->memory->nodes == 1 ? &s->local_node : *cache_node(s, node);
}

static bool check_slabs(const struct slub *slub, struct kmem_cache *s, unsigned node,
			const struct report *report)
{
	const struct memory *m = slub->memory;
	long long slabs = 0, counted = node_at(slub, s, node)->nr_slabs;

	uint64_t pfn = memory_next(m, node * m->node_pages), end = (node + 1) * m->node_pages;

	for (; pfn < end; pfn = memory_next(m, pfn + 1)) {
		struct slab_page *page = (struct slab_page *)pfn_to_page(m, pfn);

		if (slab_pfn(slub, s, page) >= m->pages)
			continue;
		if (!check_slab(slub, s, page, m->seen[pfn], report))
			return false;
		slabs++;
	}
	if (counted != slabs)
		return failed(report, "%s: nr_slabs %lld, node %u has %lld", s->name, counted, node,
			      slabs);
	return true;
}

static bool check_cache(const struct slub *slub, struct kmem_cache *s, const struct report *report)
{
	memory_forget_seen(slub->memory);
	for (unsigned id = 0; id < sim_cpus(slub->sim); id++)
		if (!check_cpu_slab(slub, s, id, report))
			return false;
	for (unsigned node = 0; node < slub->memory->nodes; node++)
		if (!check_node(slub, s, node, node_at(slub, s, node), report))
			return false;
	for (unsigned node = 0; node < slub->memory->nodes; node++)
		if (!check_slabs(slub, s, node, report))
			return false;
	return true;
}

bool slub_check(const void *state, char *why, size_t size)
{
	const struct slub *slub = state;
	const struct report report = {why, size};
	const struct list_head *head = &slub->cache_list;

	for (struct list_head *at = head->next; at != head; at = at->next)
		if (!check_cache(slub, list_cache(at), &report))
			return false;
	return true;
}

static uint64_t in_use_of(const struct slub *slub, struct kmem_cache *s)
{
	const struct memory *m = slub->memory;
	uint64_t objects = 0;
	void *last;

	for (uint64_t pfn = memory_next(m, 0); pfn < m->pages; pfn = memory_next(m, pfn + 1)) {
		struct slab_page *page = (struct slab_page *)pfn_to_page(m, pfn);

		if (slab_pfn(slub, s, page) < m->pages)
			objects += inuse_of(slub, page);
	}
	for (unsigned id = 0; id < sim_cpus(slub->sim); id++) {
		struct cpu_view view = slub->cpu_view(slub, s, id);
		int length = 0;

		if (slab_pfn(slub, s, view.page) < m->pages)
			length = list_length(slub, s, view.page, private_list(slub, &view), &last);
		if (length > 0)         /* check() tells of broken ones */
			objects -= (uint64_t)length;
	}
	return objects;
}

uint64_t slub_in_use(const void *state)
{
	const struct slub *slub = state;
	const struct list_head *head = &slub->cache_list;
	uint64_t objects = 0;

	for (struct list_head *at = head->next; at != head; at = at->next)
		objects += in_use_of(slub, list_cache(at));
	return objects;
}

bool slub_may_lose(const void *state)
{
	return slub_reuses(state);
}

bool slub_owns(const void *state, const struct kmem_cache *s, const void *object)
{
	const struct slub *slub = state;
	const struct memory *m = slub->memory;
	uint64_t pfn = address_to_pfn(m, object);
	struct slab_page *page;

	if (pfn >= m->pages)
		return false;
	page = (struct slab_page *)pfn_to_page(m, pfn);
	if (page->flags >> PG_TAIL & 1)
		page = page->first_page;
	if (!(page->flags >> PG_SLAB & 1)) /* a large kmalloc */
		return !s && page->_count == 1 && object == page_address(m, (struct page *)page);
	if (s && *page_slab(slub, page) != s)
		return false;
	return on_slot(slub, *page_slab(slub, page), page, object);
}
