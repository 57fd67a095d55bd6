/*
 * The slab underneath as it is since 6.8: nobody locks a slab. freelist and counters change together
 * by LOCK cmpxchg16b, and that a slab is on its node's partial list is a bit of its flags, which
 * costs a LOCK operation each time it goes on or off. After an era_*.h.
 *
 *	              freelist  SL_PARTIAL  on list  who may take objects   who may put them back
 *	partial       some      set         partial  who has the list_lock  any CPU, LOCK cmpxchg16b
 *	detached      some      clear       none     who took it off        any CPU, LOCK cmpxchg16b
 *	full          none      clear       none     nobody                 any CPU, and puts it at
 *	                                                                    the tail, list_lock
 *
 * Follows: mm/slub.c, Linux 6.17 to 7.3. Left out: debugging, requests for a node, pages from the
 * reserve (the mark is looked at, never set), RCU-typesafe caches.
 */
#ifndef MODELS_SLUB_LISTED_H
#define MODELS_SLUB_LISTED_H

#include "models/slub/sheaf.h"
#include "sim/verbs/nodes.h"

/* ---- free objects ------------------------------------------------------------------------------- */

/* The word of a free object that has the next one: in its middle. */
static inline void **free_pointer(const struct kmem_cache *s, void *object)
{
	return (void **)((char *)object + s->offset);
}

static inline void *next_free(struct cpu *cpu, const struct kmem_cache *s, void *object)
{
	return load(cpu, free_pointer(s, object));
}

static inline void set_next_free(struct cpu *cpu, const struct kmem_cache *s, void *object,
				 void *next)
{
	store(cpu, free_pointer(s, object), next);
}

/* ---- nodes ---------------------------------------------------------------------------------------- */

static inline struct kmem_cache_node *get_node(struct cpu *cpu, const struct kmem_cache *s,
					       unsigned node)
{
	return load(cpu, &per_node(s, node)->node);
}

static inline struct kmem_cache_node *slab_node(struct cpu *cpu, const struct kmem_cache *s,
						struct slab_page *slab)
{
	uint64_t flags = load(cpu, &slab->flags);

	return get_node(cpu, s, (unsigned)(flags >> PG_NODE_SHIFT));
}

static inline uint64_t *node_nr_partial(const struct slub *slub, struct kmem_cache_node *n)
{
	int layout = sheaf_set(slub)->node;

	return layout == LINE_SPLIT || layout == LINE_NR_PARTIAL ? &n->split_nr_partial
								 : &n->nr_partial;
}

static inline bool node_counters_apart(const struct slub *slub)
{
	int layout = sheaf_set(slub)->node;

	return layout == LINE_SPLIT || layout == LINE_COUNTERS;
}

static inline int64_t *node_nr_slabs(const struct slub *slub, struct kmem_cache_node *n)
{
	return node_counters_apart(slub) ? &n->split_nr_slabs : &n->nr_slabs;
}

static inline int64_t *node_total_objects(const struct slub *slub, struct kmem_cache_node *n)
{
	return node_counters_apart(slub) ? &n->split_total_objects : &n->total_objects;
}

static inline bool list_lock(struct cpu *cpu, struct kmem_cache_node *n)
{
	return spin_lock_irqsave(cpu, &n->list_lock, era.list_lock);
}

static inline void list_unlock(struct cpu *cpu, struct kmem_cache_node *n, bool flags)
{
	spin_unlock_irqrestore(cpu, &n->list_lock, era.list_lock, flags);
}

/* ---- the partial list, under list_lock ------------------------------------------------------------ */

static inline void remove_partial(struct cpu *cpu, const struct slub *slub,
				  struct kmem_cache_node *n, struct slab_page *slab)
{
	list_del(cpu, &slab->slab_list);
	bit_clear(cpu, &slab->flags, SL_PARTIAL);
	fetch_add_local(cpu, node_nr_partial(slub, n), -1);
}

static inline void link_partial(struct cpu *cpu, struct kmem_cache_node *n, struct slab_page *slab,
				enum list_end end)
{
	if (end == LIST_TAIL)
		list_add_tail(cpu, &slab->slab_list, &n->partial);
	else
		list_add(cpu, &slab->slab_list, &n->partial);
	bit_set(cpu, &slab->flags, SL_PARTIAL);
}

static inline void add_partial(struct cpu *cpu, const struct slub *slub, struct kmem_cache_node *n,
			       struct slab_page *slab, enum list_end end)
{
	if (era.counts_before_link) {
		fetch_add_local(cpu, node_nr_partial(slub, n), 1);
		link_partial(cpu, n, slab, end);
	} else {
		link_partial(cpu, n, slab, end);
		fetch_add_local(cpu, node_nr_partial(slub, n), 1);
	}
}

/* Are there partial slabs enough, so that an empty one goes? */
static inline bool has_min_partial(struct cpu *cpu, const struct slub *slub, struct kmem_cache *s,
				   struct kmem_cache_node *n)
{
	uint64_t nr_partial = load(cpu, node_nr_partial(slub, n));
	uint64_t min_partial = load(cpu, &s->min_partial);

	return nr_partial >= min_partial;
}

/* ---- other nodes --------------------------------------------------------------------------------- */

/* Do other nodes' partial slabs count this time? They lie idle over there. */
static inline bool may_take_of_others(struct cpu *cpu, const struct slub *slub, struct kmem_cache *s)
{
	uint32_t ratio;

	if (slub->memory->nodes == 1)
		return false;
	ratio = load(cpu, &s->remote_node_defrag_ratio);
	if (ratio == 0)
		return false;
	compute(cpu, STEP_RDTSC);
	return random_below(cpu, 1024) <= ratio;
}

/* Number i along the zonelist, if it has more partial slabs than it should keep; else NULL. */
static inline struct kmem_cache_node *rich_node(struct cpu *cpu, const struct slub *slub,
						struct kmem_cache *s, unsigned i)
{
	unsigned node = node_by_distance(cpu_sim(cpu), cpu_node(cpu), i);
	struct kmem_cache_node *n = get_node(cpu, s, node);
	uint64_t nr_partial = load(cpu, node_nr_partial(slub, n));
	uint64_t min_partial = load(cpu, &s->min_partial);

	return nr_partial > min_partial ? n : NULL;
}

/* ---- slabs come and go ------------------------------------------------------------------------------ */

static inline void relabel_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct slab_page *slab, unsigned order)
{
	struct memory *m = slub->memory;
	uint64_t pfn = page_to_pfn(m, (struct page *)slab);

	page_relabel(cpu, m, (struct page *)slab, s ? &slab_page_layout : NULL);
	for (uint64_t i = 1; i < 1ull << order; i++)
		page_relabel(cpu, m, pfn_to_page(m, pfn + i), s ? &tail_page_layout : NULL);
	if (s)
		frames_relabel(cpu, m, (struct page *)slab, order, &object_layout, s->size,
			       s->object_label);
	else
		frames_relabel(cpu, m, (struct page *)slab, order, NULL, 0, NULL);
}

static inline void count_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			      struct slab_page *slab, int pages)
{
	uint64_t flags = load(cpu, &s->flags);

	pages_count_slab(cpu, slub->pages, (struct page *)slab, flags >> SLAB_RECLAIM_ACCOUNT & 1,
			 pages);
}

/* kmem_cache.oo: the order of a slab, and how many objects it has. */
enum { OO_SHIFT = 16 };

static inline unsigned oo_objects(uint32_t oo)
{
	return oo & ((1u << OO_SHIFT) - 1);
}

static inline struct slab_page *allocate_slab_pages(struct cpu *cpu, struct slub *slub, uint32_t oo,
						    unsigned gfp)
{
	unsigned order = oo >> OO_SHIFT;

	if (order > 0)
		gfp |= GFP_COMP;
	return (struct slab_page *)slub_pages_alloc(cpu, slub, order, gfp);
}

/* Pages become a slab of which nothing is linked yet: as many as usual (s->oo), else as hold an
 * object (s->min); NULL: no memory. */
static inline struct slab_page *allocate_slab(struct cpu *cpu, struct slub *slub,
					      struct kmem_cache *s, unsigned gfp, unsigned *objects)
{
	uint32_t oo = load(cpu, &s->oo);
	struct slab_page *slab;
	unsigned order;

	gfp = (gfp & GFP_ATOMIC) | load(cpu, &s->allocflags);
	slab = allocate_slab_pages(cpu, slub, oo, gfp);
	if (!slab) {
		oo = load(cpu, &s->min);
		slab = allocate_slab_pages(cpu, slub, oo, gfp);
	}
	if (!slab)
		return NULL;
	order = oo >> OO_SHIFT;
	relabel_slab(cpu, slub, s, slab, order);
	*objects = oo_objects(oo);
	store(cpu, &slab->page_type, PAGE_TYPE_SLAB);
	store(cpu, &slab->slab_cache, s);
	store(cpu, &slab->freelist, NULL);
	store(cpu, &slab->counters, counters_of(0, *objects, false));
	store(cpu, &slab->obj_exts, 0);
	count_slab(cpu, slub, s, slab, 1 << order);
	return slab;
}

/*
 * Links the objects of a new slab from number `first` on, in ascending order, and makes them its
 * freelist. What the loop needs of the cache and of the slab is read again for each, as the stores
 * might change it.
 */
static inline void link_objects(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct slab_page *slab, unsigned first)
{
	char *object = (char *)page_address(slub->memory, (struct page *)slab) + first * s->size;
	void *head = object;
	unsigned left;

	do {
		uint64_t counters;
		uint32_t size;

		(void)load(cpu, &s->flags);     /* debugged? */
		(void)load(cpu, &s->ctor);      /* none here */
		(void)load(cpu, &s->offset);
		size = load(cpu, &s->size);
		counters = load(cpu, &slab->counters);
		left = counters_objects(counters) - ++first;
		set_next_free(cpu, s, object, left ? object + size : NULL);
		object += size;
	} while (left);
	store(cpu, &slab->freelist, head);
}

/* The two counters in the line of the list_lock, which is not held. */
static inline void count_in_node(struct cpu *cpu, const struct slub *slub,
				 struct kmem_cache_node *n, int slabs, unsigned objects)
{
	fetch_add(cpu, node_nr_slabs(slub, n), slabs);
	fetch_add(cpu, node_total_objects(slub, n), slabs * (int64_t)objects);
}

static inline void slab_discard(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				struct slab_page *slab)
{
	uint64_t flags = load(cpu, &slab->flags);
	uint64_t counters = load(cpu, &slab->counters);
	struct kmem_cache_node *n = get_node(cpu, s, (unsigned)(flags >> PG_NODE_SHIFT));
	unsigned order = 0;

	count_in_node(cpu, slub, n, -1, counters_objects(counters));
	flags = load(cpu, &slab->flags);
	if (flags >> PG_HEAD & 1)
		order = (unsigned)load(cpu, compound_order(slub->memory, (struct page *)slab));
	bit_clear_local(cpu, &slab->flags, SL_PFMEMALLOC);
	store(cpu, &slab->mapping, 0);
	store(cpu, &slab->page_type, PAGE_TYPE_NONE);
	store(cpu, &slab->obj_exts, 0);
	count_slab(cpu, slub, s, slab, -(1 << order));
	relabel_slab(cpu, slub, NULL, slab, order);
	slub_pages_free(cpu, slub, (struct page *)slab, order);
}

#endif
