/*
 * slab: arrays of pointers to free objects, for each CPU, shared by the CPUs of a node, and for the
 * objects of other nodes.
 *
 *	CPU 0      array_cache: o o o o            that CPU alone, interrupts off
 *	CPU 1      array_cache: o o
 *	node 0     shared:      o o o o o o o o    list_lock of the node
 *	           alien[1]:    o o o              its own lock; objects of node 1
 *	           slabs_partial -> slab -> slab, slabs_full, slabs_free    list_lock
 *
 *	slab       list, inuse, free: 3    bufctl[0..n-1]: index of the next free object
 *
 * Follows: mm/slab.c, Linux 2.6.39. A slab's descriptor lies at its start, or in an object of
 * another cache; objects themselves are never touched. 2.6.39 had no page allocator of its own
 * among ours: it stands on the lists of 3.9, whose counters are those of its time.
 *
 * True whenever no CPU is inside an operation, which is when check() runs:
 *   (1) a slab is on one list of the node that it was made for: slabs_full if all objects are in
 *       use, slabs_free if none is, else slabs_partial;
 *   (2) inuse is the number of its objects less those that `free` and bufctl[] chain;
 *   (3) free_objects is the number of objects of a node that are chained so;
 *   (4) a pointer in an array is to an object that counts as in use, and there is no second to it;
 *       avail is at most limit;
 *   (5) arrays of CPUs and shared ones hold objects of their node, alien[r] those of node r;
 *   (6) no lock is held.
 *
 * alloc  takes the newest pointer of the CPU's array; an empty array is refilled from the shared
 *        one, else from slabs, else from a new slab.
 * free   puts the pointer into the CPU's array; a full one gives its oldest to the shared one, else
 *        to the slabs. On more nodes than one, an object of another node goes to the alien array.
 * tick   cache_reap: every 2 s each CPU gives a part of what lies idle back, every 4 s of a node.
 *
 * Lock order: an alien array's lock, then the list_lock of the other node; a slab that goes under
 * list_lock frees its descriptor, which may take the list_lock of a cache of descriptors.
 *
 * Expect: list_lock once per batch of 60 objects (27, 12) in either direction; objects that are
 * not looked at are not fetched by a free. On more nodes every free reads the descriptor, whose
 * line others write at each refill and flush.
 *
 * Chosen: the page allocator gives pages of another node where the own has none, and they count as
 * the own node's; the kernel takes objects of other nodes then. The mutex is taken and given back
 * by one LOCK operation each. num and ctor are read anew for each object of a new slab. Times of
 * cache_reap are whole seconds of the CPU.
 * Left out: requests for a node, memory policies, constructors, debugging, kmem_cache_shrink.
 */
#include "models/slab/new_slab.h"

/* ---- between arrays ------------------------------------------------------------------------- */

static void copy_entries(struct cpu *cpu, void **to, void **from, uint32_t count)
{
	for (uint32_t i = 0; i < count; i += LINE / sizeof(void *))
		load_ahead(cpu, &from[i]);
	for (uint32_t i = 0; i < count; i++) {
		void *object = load(cpu, &from[i]);

		store(cpu, &to[i], object);
	}
}

/* The newest of `from`, at most `max` and as many as fit. Returns how many. */
static uint32_t transfer_objects(struct cpu *cpu, struct array_cache *to, struct array_cache *from,
				 uint32_t max)
{
	uint32_t there = load(cpu, &from->avail), limit, avail, nr;

	if (there == 0)
		return 0;
	limit = load(cpu, &to->limit);
	avail = load(cpu, &to->avail);
	nr = there < max ? there : max;
	if (nr > limit - avail)
		nr = limit - avail;
	copy_entries(cpu, &to->entry[avail], &from->entry[there - nr], nr);
	fetch_add_local(cpu, &from->avail, -nr);
	fetch_add_local(cpu, &to->avail, nr);
	return nr;
}

/* ---- between an array and slabs, under list_lock -------------------------------------------- */

/* Up to *batch objects of a slab; *batch is -1 after the last one that there was need for. */
static void take_from_slab(struct cpu *cpu, struct kmem_cache *s, struct array_cache *ac,
			   struct slab *slab, int *batch)
{
	for (;;) {
		uint32_t inuse = load(cpu, &slab->inuse);
		uint32_t num = load(cpu, &s->num), size, index, next, avail;
		char *objects;

		if (inuse >= num || (*batch)-- == 0)
			break;
		objects = load(cpu, &slab->s_mem);
		size = load(cpu, &s->buffer_size);
		index = load(cpu, &slab->free);
		fetch_add_local(cpu, &slab->inuse, 1);
		next = load(cpu, &slab_bufctl(slab)[index]);
		store(cpu, &slab->free, next);
		avail = fetch_add_local(cpu, &ac->avail, 1);
		store(cpu, &ac->entry[avail], objects + (size_t)index * size);
	}
}

/* A slab with free objects, a partly used one first; NULL: there is none. */
static struct slab *first_slab(struct cpu *cpu, struct kmem_list3 *l3)
{
	struct list_head *first = load(cpu, &l3->slabs_partial.next);

	if (first == &l3->slabs_partial) {
		store(cpu, &l3->free_touched, 1);
		first = load(cpu, &l3->slabs_free.next);
		if (first == &l3->slabs_free)
			return NULL;
	}
	return listed_slab(first);
}

static void refill_from_slabs(struct cpu *cpu, struct kmem_cache *s, struct array_cache *ac,
			      struct kmem_list3 *l3, int batch)
{
	uint32_t taken;

	while (batch > 0) {
		struct slab *slab = first_slab(cpu, l3);
		uint32_t free;

		if (!slab)
			break;
		take_from_slab(cpu, s, ac, slab, &batch);
		list_del(cpu, &slab->list);
		free = load(cpu, &slab->free);
		if (free == BUFCTL_END)
			list_add(cpu, &slab->list, &l3->slabs_full);
		else
			list_add(cpu, &slab->list, &l3->slabs_partial);
	}
	taken = load(cpu, &ac->avail);
	fetch_add_local(cpu, &l3->free_objects, -(uint64_t)taken);
}

static void free_one(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
		     struct kmem_list3 *l3, char *object)
{
	struct slab *slab = slab_of(cpu, slabs, object);
	uint32_t index, next, reciprocal, inuse, limit;
	uint64_t free_objects;
	char *objects;

	list_del(cpu, &slab->list);
	objects = load(cpu, &slab->s_mem);
	reciprocal = load(cpu, &s->reciprocal_buffer_size);
	index = (uint32_t)((uint64_t)(object - objects) * reciprocal >> 32);
	next = load(cpu, &slab->free);
	store(cpu, &slab_bufctl(slab)[index], next);
	store(cpu, &slab->free, index);
	inuse = fetch_add_local(cpu, &slab->inuse, -1) - 1;
	free_objects = fetch_add_local(cpu, &l3->free_objects, 1) + 1;
	if (inuse > 0) {
		list_add_tail(cpu, &slab->list, &l3->slabs_partial);
		return;
	}
	limit = load(cpu, &l3->free_limit);
	if (free_objects > limit) {
		uint32_t num = load(cpu, &s->num);

		fetch_add_local(cpu, &l3->free_objects, -(uint64_t)num);
		slab_destroy(cpu, slabs, s, slab);
	} else {
		list_add(cpu, &slab->list, &l3->slabs_free);
	}
}

static void free_block(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
		       struct kmem_list3 *l3, void **entry, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		void *object = load(cpu, &entry[i]);

		free_one(cpu, slabs, s, l3, object);
	}
}

/* ---- alloc ---------------------------------------------------------------------------------- */

static void *take_newest(struct cpu *cpu, struct array_cache *ac)
{
	uint32_t avail;

	store(cpu, &ac->touched, 1);
	avail = fetch_add_local(cpu, &ac->avail, -1);
	return load(cpu, &ac->entry[avail - 1]);
}

/* One batch into the empty array, if there is anything. */
static void refill_batch(struct cpu *cpu, struct kmem_cache *s, struct array_cache *ac,
			 struct kmem_list3 *l3, uint32_t batch)
{
	struct array_cache *shared;

	spin_lock(cpu, &l3->list_lock, SLAB_LOCK);
	shared = load(cpu, &l3->shared);
	if (shared && transfer_objects(cpu, ac, shared, batch)) {
		path(cpu, "refill from shared");
		store(cpu, &shared->touched, 1);
	} else {
		refill_from_slabs(cpu, s, ac, l3, (int)batch);
	}
	spin_unlock(cpu, &l3->list_lock, SLAB_LOCK);
}

/* cache_alloc_refill; interrupts off. */
static void *refill(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
		    struct array_cache *ac, unsigned gfp)
{
	path(cpu, "refill");
	for (;;) {
		uint32_t batch = load(cpu, &ac->batchcount);
		uint32_t touched = load(cpu, &ac->touched), avail;
		struct kmem_list3 *l3;
		bool grown;

		if (!touched && batch > BATCHREFILL_LIMIT)
			batch = BATCHREFILL_LIMIT;
		l3 = load(cpu, &s->nodelists[cpu_node(cpu)]);
		refill_batch(cpu, s, ac, l3, batch);
		avail = load(cpu, &ac->avail);
		if (avail)
			break;
		grown = cache_grow(cpu, slabs, s, l3, gfp);
		avail = load(cpu, &ac->avail);
		if (avail)                      /* an interrupt was here and refilled it */
			break;
		if (!grown)
			return NULL;
	}
	return take_newest(cpu, ac);
}

static void *cache_alloc(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s, unsigned gfp)
{
	bool flags = irq_save(cpu);
	struct array_cache *ac = load(cpu, cpu_array(slabs, s, cpu_id(cpu)));
	uint32_t avail = load(cpu, &ac->avail);
	char *object;

	if (avail) {
		path(cpu, "fast");
		object = take_newest(cpu, ac);
	} else {
		object = refill(cpu, slabs, s, ac, gfp);
	}
	irq_restore(cpu, flags);
	if (object)
		prefetch_write(cpu, object);
	return object;
}

static void *slab_alloc(struct cpu *cpu, void *state, struct kmem_cache *s, unsigned gfp)
{
	char *object;

	compute(cpu, STEP_ALLOC);
	object = cache_alloc(cpu, state, s, gfp);
	if (object && gfp & GFP_ZERO) {
		uint32_t bytes = load(cpu, &s->buffer_size);

		for (uint32_t at = 0; at < bytes; at += LINE)
			store(cpu, (uint64_t *)(object + at), 0);
	}
	return object;
}

static void *slab_kmalloc(struct cpu *cpu, void *state, size_t size, unsigned gfp)
{
	struct kmem_cache *s = slab_kmalloc_cache(state, size);

	return s ? slab_alloc(cpu, state, s, gfp) : NULL;
}

/* ---- free ----------------------------------------------------------------------------------- */

/* cache_flusharray: the oldest of the full array go, the others move down. */
static void flush(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
		  struct array_cache *ac)
{
	uint32_t batch = load(cpu, &ac->batchcount), left, limit = 0, avail = 0;
	struct kmem_list3 *l3 = load(cpu, &s->nodelists[cpu_node(cpu)]);
	struct array_cache *shared;

	spin_lock(cpu, &l3->list_lock, SLAB_LOCK);
	shared = load(cpu, &l3->shared);
	if (shared) {
		limit = load(cpu, &shared->limit);
		avail = load(cpu, &shared->avail);
	}
	if (avail < limit) {
		path(cpu, "flush to shared");
		if (batch > limit - avail)
			batch = limit - avail;
		copy_entries(cpu, &shared->entry[avail], ac->entry, batch);
		fetch_add_local(cpu, &shared->avail, batch);
	} else {
		path(cpu, "flush to slabs");
		free_block(cpu, slabs, s, l3, ac->entry, batch);
	}
	spin_unlock(cpu, &l3->list_lock, SLAB_LOCK);
	left = fetch_add_local(cpu, &ac->avail, -batch) - batch;
	copy_entries(cpu, ac->entry, &ac->entry[batch], left);
}

/* The objects of an alien array go to their node; its lock is held, interrupts off. */
static void drain_alien(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
			struct array_cache *alien, unsigned node)
{
	struct kmem_list3 *l3 = load(cpu, &s->nodelists[node]);
	struct array_cache *shared;
	uint32_t avail;

	spin_lock(cpu, &l3->list_lock, SLAB_LOCK);
	shared = load(cpu, &l3->shared);
	if (shared) {
		uint32_t limit = load(cpu, &alien->limit);

		transfer_objects(cpu, shared, alien, limit);
	}
	avail = load(cpu, &alien->avail);
	free_block(cpu, slabs, s, l3, alien->entry, avail);
	store(cpu, &alien->avail, 0);
	spin_unlock(cpu, &l3->list_lock, SLAB_LOCK);
}

/* An object of node `node`, which is not the CPU's. */
static void free_alien(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s, void *object,
		       unsigned node)
{
	struct kmem_list3 *l3 = load(cpu, &s->nodelists[cpu_node(cpu)]);
	struct array_cache **aliens = load(cpu, &l3->alien), *alien;
	uint32_t avail, limit;

	path(cpu, "alien");
	if (!aliens) {
		l3 = load(cpu, &s->nodelists[node]);
		spin_lock(cpu, &l3->list_lock, SLAB_LOCK);
		free_one(cpu, slabs, s, l3, object);
		spin_unlock(cpu, &l3->list_lock, SLAB_LOCK);
		return;
	}
	alien = load(cpu, &aliens[node]);
	spin_lock(cpu, &alien->lock, SLAB_LOCK);
	avail = load(cpu, &alien->avail);
	limit = load(cpu, &alien->limit);
	if (avail == limit) {
		path(cpu, "alien drain");
		drain_alien(cpu, slabs, s, alien, node);
		avail = load(cpu, &alien->avail);
	}
	store(cpu, &alien->entry[avail], object);
	fetch_add_local(cpu, &alien->avail, 1);
	spin_unlock(cpu, &alien->lock, SLAB_LOCK);
}

/* Interrupts off. */
static void cache_free(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s, void *object)
{
	struct array_cache *ac = load(cpu, cpu_array(slabs, s, cpu_id(cpu)));
	uint32_t avail, limit;

	if (slabs->memory->nodes > 1) {
		struct slab *slab = slab_of(cpu, slabs, object);
		unsigned node = load(cpu, &slab->nodeid);

		if (node != cpu_node(cpu)) {
			free_alien(cpu, slabs, s, object, node);
			return;
		}
	}
	avail = load(cpu, &ac->avail);
	limit = load(cpu, &ac->limit);
	if (avail < limit) {
		path(cpu, "fast");
	} else {
		flush(cpu, slabs, s, ac);
		avail = load(cpu, &ac->avail);
	}
	store(cpu, &ac->entry[avail], object);
	fetch_add_local(cpu, &ac->avail, 1);
}

static void slab_free(struct cpu *cpu, void *state, struct kmem_cache *s, void *object)
{
	bool flags;

	compute(cpu, STEP_FREE);
	flags = irq_save(cpu);
	cache_free(cpu, state, s, object);
	irq_restore(cpu, flags);
}

static void slab_kfree(struct cpu *cpu, void *state, void *object)
{
	struct slabs *slabs = state;
	struct slab_page *page = (struct slab_page *)virt_to_page(slabs->memory, object);
	struct kmem_cache *s;
	bool flags;

	compute(cpu, STEP_FREE);
	flags = irq_save(cpu);
	(void)load(cpu, &page->flags);
	s = load(cpu, &page->lru.next);
	cache_free(cpu, slabs, s, object);
	irq_restore(cpu, flags);
}

/* ---- cache_reap ----------------------------------------------------------------------------- */

/* One alien array of this node, by turns, if nobody is at it. */
static void reap_alien(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
		       struct kmem_list3 *l3, unsigned node)
{
	struct array_cache **aliens = load(cpu, &l3->alien), *alien;
	uint32_t avail;
	bool flags;

	if (!aliens)
		return;
	alien = load(cpu, &aliens[node]);
	if (!alien)
		return;
	avail = load(cpu, &alien->avail);
	if (!avail)
		return;
	flags = irq_save(cpu);
	if (spin_trylock(cpu, &alien->lock, SLAB_LOCK)) {
		drain_alien(cpu, slabs, s, alien, node);
		spin_unlock(cpu, &alien->lock, SLAB_LOCK);
	}
	irq_restore(cpu, flags);
}

/* The oldest of an array that was not used since the last pass; of one that was, it is noted. */
static void drain_array(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
			struct kmem_list3 *l3, struct array_cache *ac)
{
	uint32_t avail = load(cpu, &ac->avail), touched, limit, count, left;
	bool flags;

	if (!avail)
		return;
	touched = load(cpu, &ac->touched);
	if (touched) {
		store(cpu, &ac->touched, 0);
		return;
	}
	flags = spin_lock_irqsave(cpu, &l3->list_lock, SLAB_LOCK);
	avail = load(cpu, &ac->avail);
	if (avail) {
		limit = load(cpu, &ac->limit);
		count = (limit + 4) / 5;
		if (count > avail)
			count = (avail + 1) / 2;
		free_block(cpu, slabs, s, l3, ac->entry, count);
		left = fetch_add_local(cpu, &ac->avail, -count) - count;
		copy_entries(cpu, ac->entry, &ac->entry[count], left);
	}
	spin_unlock_irqrestore(cpu, &l3->list_lock, SLAB_LOCK, flags);
}

/* Up to `count` slabs of slabs_free, the last first. */
static void drain_freelist(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
			   struct kmem_list3 *l3, uint64_t count)
{
	while (count-- && !list_empty(cpu, &l3->slabs_free)) {
		bool flags = spin_lock_irqsave(cpu, &l3->list_lock, SLAB_LOCK);
		struct list_head *last = load(cpu, &l3->slabs_free.prev);
		bool is_slab = last != &l3->slabs_free;
		uint32_t num;

		if (is_slab) {
			list_del(cpu, last);
			num = load(cpu, &s->num);
			fetch_add_local(cpu, &l3->free_objects, -(uint64_t)num);
		}
		spin_unlock_irqrestore(cpu, &l3->list_lock, SLAB_LOCK, flags);
		if (!is_slab)
			return;
		slab_destroy(cpu, slabs, s, listed_slab(last));
	}
}

/* What a node has idle, when it is time. */
static void reap_node(struct cpu *cpu, struct slabs *slabs, struct kmem_cache *s,
		      struct kmem_list3 *l3, uint64_t now)
{
	uint64_t next = load(cpu, &l3->next_reap);
	struct array_cache *shared;
	int32_t free_touched;

	if (next > now)
		return;
	store(cpu, &l3->next_reap, now + REAP_NODE_SECONDS);
	shared = load(cpu, &l3->shared);
	if (shared)
		drain_array(cpu, slabs, s, l3, shared);
	free_touched = load(cpu, &l3->free_touched);
	if (free_touched) {
		store(cpu, &l3->free_touched, 0);
	} else {
		uint64_t limit = load(cpu, &l3->free_limit);
		uint64_t num = load(cpu, &s->num);

		drain_freelist(cpu, slabs, s, l3, (limit + 5 * num - 1) / (5 * num));
	}
}

static void cache_reap(struct cpu *cpu, struct slabs *slabs, struct reap_work *work, uint64_t now)
{
	unsigned node = load(cpu, &work->node);
	struct list_head *at, *head = &slabs->chain->list;

	if (!cas(cpu, &slabs->chain->mutex, 1, 0))
		return;                         /* another CPU is at it */
	for (at = load(cpu, &head->next);; at = load(cpu, &at->next)) {
		struct kmem_cache *s = listed_cache(at);
		struct array_cache *ac;
		struct kmem_list3 *l3;

		list_ahead(cpu, at);
		if (at == head)
			break;
		l3 = load(cpu, &s->nodelists[cpu_node(cpu)]);
		reap_alien(cpu, slabs, s, l3, node);
		ac = load(cpu, cpu_array(slabs, s, cpu_id(cpu)));
		drain_array(cpu, slabs, s, l3, ac);
		reap_node(cpu, slabs, s, l3, now);
	}
	fetch_add(cpu, &slabs->chain->mutex, 1);
	store(cpu, &work->node, (node + 1) % slabs->memory->nodes);
}

/* The first pass 1 s after the CPU came up, then one every 2 s. */
static void slab_tick(struct cpu *cpu, void *state)
{
	struct slabs *slabs = state;
	struct reap_work *work = this_cpu(cpu, slabs->reap_work);
	uint32_t now = fetch_add_local(cpu, &work->seconds, 1) + 1;

	if (now % REAP_SECONDS == 1)
		cache_reap(cpu, slabs, work, now);
}

/* ---- the model ------------------------------------------------------------------------------ */

static void cache_reclaimable(struct kmem_cache *s)
{
	s->flags |= 1u << SLAB_RECLAIM_ACCOUNT;
	s->gfpflags |= GFP_RECLAIMABLE;
}

static unsigned object_size(const struct kmem_cache *s)
{
	return s->buffer_size;
}

static unsigned objects_per_slab(const struct kmem_cache *s)
{
	return s->num;
}

static uint64_t metadata_bytes(const void *state)
{
	const struct slabs *slabs = state;

	return slabs->metadata_bytes;
}

extern const struct object_allocator slab;
const struct object_allocator slab = {
	.name             = "slab",
	.summary          = "arrays of pointers per CPU, shared and for other nodes (Linux 2.6.39)",
	.version          = "Linux 2.6.39",
	.year             = 2011,
	.brings           = "queues before slabs: each CPU has an array of pointers, nodes have a "
			    "shared one, and objects of other nodes are gathered and sent home in "
			    "batches; a slab's free objects are a list of indices beside it",
	.settings         = slab_settings,
	.settings_size    = sizeof(struct slab_settings),
	.kernel           = KERNEL_3_9,
	.view             = &page_view_packed_56,
	.layouts          = slab_layouts,
	.create           = slab_create,
	.cache_create     = slab_cache_create,
	.cache_reclaimable = cache_reclaimable,
	.kmalloc_cache    = slab_kmalloc_cache,
	.alloc            = slab_alloc,
	.free             = slab_free,
	.kmalloc          = slab_kmalloc,
	.kfree            = slab_kfree,
	.tick             = slab_tick,
	.object_size      = object_size,
	.objects_per_slab = objects_per_slab,
	.metadata_bytes   = metadata_bytes,
	.check            = slab_check,
	.in_use           = slab_in_use,
	.owns             = slab_owns,
};
