/*
 * The slab layer of bonwick, under the magazines: objects come from slabs and go back to them, one at
 * a time, under the cache's cache_lock.
 *
 *	new      -- slab_create: pages, objects chained, none out ------> partial
 *	partial  -- take_from_slab: the last one is out ----------------> complete
 *	complete -- put_into_slab: one is back -------------------------> partial
 *	partial  -- put_into_slab: the last one is back, slab_destroy --> gone
 *
 * A slab of small objects is a page with its descriptor at the end; free objects are linked through
 * themselves. Large ones have a bufctl each, linked in the slab while free, else in a bucket of the
 * cache's hash, where a free finds it. Slabs are made and destroyed without the lock.
 */
#ifndef MODELS_BONWICK_SLAB_LAYER_H
#define MODELS_BONWICK_SLAB_LAYER_H

#include "models/bonwick/bonwick.h"

/* Interrupts off, whatever they were; true: they were on. */
static inline bool enter(struct cpu *cpu)
{
	bool on = !irqs_off(cpu);

	if (on)
		irq_disable(cpu);
	return on;
}

static inline void leave(struct cpu *cpu, bool on)
{
	if (on)
		irq_enable(cpu);
}

static inline void *slab_layer_alloc(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
				     unsigned gfp);
static inline void slab_layer_free(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
				   void *object);

/* By the object's address in units of its size, so that neighbours are in different buckets. */
static inline struct bufctl **bucket_of(struct cpu *cpu, const struct bonwick *b,
					struct kmem_cache *cp, const void *object)
{
	struct bufctl **hash = load(cpu, &cp->hash);
	uint64_t pfn = address_to_pfn(b->memory, object);
	uint64_t at = (uint64_t)((const char *)object - (const char *)pfn_address(b->memory, pfn));

	return &hash[(pfn * PAGE_BYTES + at) >> cp->hash_shift & (HASH_BUCKETS - 1)];
}

/* Chains the objects of a new slab in ascending order, through themselves. */
static inline void chain_objects(struct cpu *cpu, const struct kmem_slab *slab, char *base,
				 uint64_t chunks, uint64_t size)
{
	(void)slab;
	for (uint64_t i = 0; i < chunks; i++) {
		void **link = (void **)(base + i * size);

		store(cpu, link, i + 1 < chunks ? base + (i + 1) * size : NULL);
	}
}

/* The same through a bufctl for each; NULL: no memory. */
static inline struct bufctl *chain_bufctls(struct cpu *cpu, struct bonwick *b,
					   struct kmem_slab *slab, char *base, uint64_t chunks,
					   uint64_t size, unsigned gfp)
{
	struct bufctl *first = NULL;

	for (uint64_t i = chunks; i-- > 0;) {
		struct bufctl *bufctl = slab_layer_alloc(cpu, b, b->bufctl_cache, gfp);

		if (!bufctl) {
			for (; first; first = bufctl) {
				bufctl = load(cpu, &first->next);
				slab_layer_free(cpu, b, b->bufctl_cache, first);
			}
			return NULL;
		}
		store(cpu, &bufctl->next, first);
		store(cpu, &bufctl->addr, base + i * size);
		store(cpu, &bufctl->slab, slab);
		first = bufctl;
	}
	return first;
}

static inline void note_slab(struct bonwick *b, struct page *page, uint64_t order,
			     struct kmem_slab *slab)
{
	uint64_t pfn = page_to_pfn(b->memory, page);

	for (uint64_t i = 0; i < (uint64_t)1 << order; i++)
		bonwick_frame_new(b, pfn + i)->slab = slab;
}

/* Fills the descriptor in; false: there was no memory for the bufctls. */
static inline bool slab_setup(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
			      struct kmem_slab *slab, char *base, bool hashed, unsigned gfp)
{
	uint64_t chunks = load(cpu, &cp->chunks), size = load(cpu, &cp->chunksize);
	void *head = base;

	store(cpu, &slab->cache, cp);
	store(cpu, &slab->base, base);
	store(cpu, &slab->refcnt, 0);
	store(cpu, &slab->chunks, (uint32_t)chunks);
	if (hashed)
		head = chain_bufctls(cpu, b, slab, base, chunks, size, gfp);
	else
		chain_objects(cpu, slab, base, chunks, size);
	store(cpu, &slab->head, head);
	return head;
}

/* Interrupts as the caller has them; NULL: no memory. */
static inline struct kmem_slab *slab_create(struct cpu *cpu, struct bonwick *b,
					    struct kmem_cache *cp, unsigned gfp)
{
	unsigned order = (unsigned)load(cpu, &cp->slab_order);
	bool hashed = load(cpu, &cp->hashed);
	struct page *page = pages_alloc(cpu, b->pages, order, gfp & ~(unsigned)GFP_ZERO);
	struct kmem_slab *slab;
	char *base;

	path(cpu, "new slab");
	if (!page)
		return NULL;
	base = page_address(b->memory, page);
	if (hashed)
		slab = slab_layer_alloc(cpu, b, b->slab_cache, gfp);
	else
		slab = (struct kmem_slab *)(base + PAGE_BYTES - sizeof *slab);
	if (slab && slab_setup(cpu, b, cp, slab, base, hashed, gfp)) {
		frames_relabel(cpu, b->memory, page, order, &bonwick_object_layout,
			       (size_t)cp->chunksize, cp->name);
		relabel(cpu, slab, sizeof *slab, &bonwick_slab_layout, 0, "kmem_slab");
		note_slab(b, page, order, slab);
		return slab;
	}
	if (slab && hashed)
		slab_layer_free(cpu, b, b->slab_cache, slab);
	pages_free(cpu, b->pages, page, order);
	return NULL;
}

static inline void slab_destroy(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
				struct kmem_slab *slab)
{
	unsigned order = (unsigned)load(cpu, &cp->slab_order);
	char *base = load(cpu, &slab->base);
	bool hashed = load(cpu, &cp->hashed);
	struct page *page = virt_to_page(b->memory, base);

	path(cpu, "destroy");
	note_slab(b, page, order, NULL);
	if (hashed) {
		struct bufctl *bufctl = load(cpu, &slab->head), *next;

		for (; bufctl; bufctl = next) {
			next = load(cpu, &bufctl->next);
			slab_layer_free(cpu, b, b->bufctl_cache, bufctl);
		}
		slab_layer_free(cpu, b, b->slab_cache, slab);
	}
	frames_relabel(cpu, b->memory, page, order, NULL, 0, NULL);
	pages_free(cpu, b->pages, page, order);
}

static inline struct kmem_slab *listed(struct list_head *link)
{
	return (struct kmem_slab *)((char *)link - offsetof(struct kmem_slab, link));
}

/* The first object of a partial slab, under cache_lock; NULL: there is none. */
static inline void *take_from_slab(struct cpu *cpu, const struct bonwick *b, struct kmem_cache *cp)
{
	struct list_head *first = load(cpu, &cp->partial.next);
	struct kmem_slab *slab = listed(first);
	struct bufctl *bufctl;
	void **head, *next;
	uint32_t refcnt, chunks;
	bool hashed;

	if (first == &cp->partial)
		return NULL;
	head = load(cpu, &slab->head);
	next = load(cpu, head);
	store(cpu, &slab->head, next);
	refcnt = fetch_add_local(cpu, &slab->refcnt, 1) + 1;
	chunks = load(cpu, &slab->chunks);
	if (refcnt == chunks) {
		list_del(cpu, &slab->link);
		list_add(cpu, &slab->link, &cp->complete);
	}
	hashed = load(cpu, &cp->hashed);
	if (!hashed)
		return head;
	bufctl = (struct bufctl *)head;
	void *object = load(cpu, &bufctl->addr);
	struct bufctl **bucket = bucket_of(cpu, b, cp, object);
	struct bufctl *others = load(cpu, bucket);

	store(cpu, &bufctl->next, others);
	store(cpu, bucket, bufctl);
	return object;
}

static inline void *slab_layer_alloc(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
				     unsigned gfp)
{
	bool on = enter(cpu);
	struct kmem_slab *slab;
	void *object;

	spin_lock(cpu, &cp->cache_lock, MUTEX);
	object = take_from_slab(cpu, b, cp);
	spin_unlock(cpu, &cp->cache_lock, MUTEX);
	leave(cpu, on);
	if (object)
		return object;
	slab = slab_create(cpu, b, cp, gfp);
	if (!slab)
		return NULL;
	on = enter(cpu);
	spin_lock(cpu, &cp->cache_lock, MUTEX);
	list_add(cpu, &slab->link, &cp->partial);
	object = take_from_slab(cpu, b, cp);    /* of the new one, which is first */
	spin_unlock(cpu, &cp->cache_lock, MUTEX);
	leave(cpu, on);
	return object;
}

/* Out of its bucket. */
static inline struct bufctl *unhash(struct cpu *cpu, const struct bonwick *b, struct kmem_cache *cp,
				    const void *object)
{
	struct bufctl **link = bucket_of(cpu, b, cp, object), *bufctl;

	for (;;) {
		void *addr;

		bufctl = load(cpu, link);
		if (!bufctl)
			BUG(cpu, "an object is freed that no bucket has");
		addr = load(cpu, &bufctl->addr);
		if (addr == object)
			break;
		link = &bufctl->next;
	}
	struct bufctl *next = load(cpu, &bufctl->next);

	store(cpu, link, next);
	return bufctl;
}

/* Back into its slab, under cache_lock. Returns the slab if that has all its objects, off its list. */
static inline struct kmem_slab *put_into_slab(struct cpu *cpu, const struct bonwick *b,
					      struct kmem_cache *cp, void *object)
{
	bool hashed = load(cpu, &cp->hashed);
	void **freed = object, *head;
	struct kmem_slab *slab;
	uint32_t refcnt, chunks;

	if (hashed) {
		struct bufctl *bufctl = unhash(cpu, b, cp, object);

		slab = load(cpu, &bufctl->slab);
		freed = (void **)bufctl;
	} else {
		struct page *page = virt_to_page(b->memory, object);

		slab = (struct kmem_slab *)((char *)page_address(b->memory, page) + PAGE_BYTES -
					    sizeof *slab);
	}
	head = load(cpu, &slab->head);
	store(cpu, freed, head);
	store(cpu, &slab->head, freed);
	refcnt = fetch_add_local(cpu, &slab->refcnt, -1) - 1;
	chunks = load(cpu, &slab->chunks);
	if (refcnt == 0) {
		list_del(cpu, &slab->link);
		return slab;
	}
	if (refcnt + 1 == chunks) {
		list_del(cpu, &slab->link);
		list_add(cpu, &slab->link, &cp->partial);
	}
	return NULL;
}

static inline void slab_layer_free(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
				   void *object)
{
	bool on = enter(cpu);
	struct kmem_slab *slab;

	spin_lock(cpu, &cp->cache_lock, MUTEX);
	slab = put_into_slab(cpu, b, cp, object);
	spin_unlock(cpu, &cp->cache_lock, MUTEX);
	leave(cpu, on);
	if (slab)
		slab_destroy(cpu, b, cp, slab);
}

#endif
