/*
 * bonwick: magazines of objects for each CPU, and a depot of magazines for all.
 *
 *	CPU 0   loaded  [o o o .]   previous [o o o o]      that CPU's mutex
 *	CPU 1   loaded  [o . . .]   previous [. . . .]
 *	depot   full -> [o o o o] -> [o o o o]   empty -> [. . . .]      depot_lock
 *	slabs   partial -> slab -> slab, complete                       cache_lock
 *
 * Follows: Bonwick and Adams, USENIX 2001, as illumos' kmem.c carries it on; the paper's text was
 * not at hand. Constants of magazine types are illumos'. It ran on Solaris; here it stands on the
 * page lists of Linux 3.9.
 *
 * True whenever no CPU is inside an operation, which is when check() runs:
 *   (1) refcnt of a slab is the number of its objects that are not on its list of free ones;
 *   (2) a slab is on `complete` if all its objects are out, else on `partial`; some are out: a slab
 *       that gets its last object back goes;
 *   (3) the previous magazine of a CPU is full, empty, or there is none; rounds are -1 without one;
 *   (4) an object in a magazine is out of its slab, and in no other magazine; total is the length of
 *       the depot's list;
 *   (5) no lock is held.
 *
 * alloc  takes a round of the loaded magazine; else exchanges it with a full previous one; else with
 *        one of the depot, which takes the empty one; else an object of a slab.
 * free   the same with full and empty exchanged; if the depot has no empty magazine one is made.
 * tick   every 15 s CPU 0 looks at each cache: if its depot was waited for more than three times,
 *        the magazines grow by a type.
 *
 * Lock order: a CPU's mutex, then the depot's; none is held while slabs are made or destroyed.
 *
 * Expect: one LOCK operation, of a word of the CPU's own, per operation; the depot twice per M
 * objects, which move by pointer: a magazine of M rounds carries M / 8 lines from CPU to CPU.
 *
 * Chosen: mutexes spin; interrupts are off while one is held, at the price of a cli and a sti, where
 * in Solaris an interrupt's thread would wait for the owner; of large objects the hash has 64
 * buckets, by the address in units of the object's size, and a slab's order wastes an eighth at most;
 * kmem_free is told the size by its caller, so kfree reads nothing for it; sizes of kmalloc are those
 * of SLUB up to 8192; magazine and descriptor caches have no magazines of their own; memory that is
 * no longer needed is not reaped from the depot, for none gets tight here.
 * Left out: constructors, colouring, vmem, debugging, growth of the hash, nodes.
 */
#include "models/bonwick/slab_layer.h"

/* ---- the depot ------------------------------------------------------------------------------ */

/* The first magazine of the list; NULL: there is none. Who must wait for the lock counts it. */
static struct magazine *depot_alloc(struct cpu *cpu, struct kmem_cache *cp, struct maglist *list)
{
	struct magazine *magazine;

	if (!spin_trylock(cpu, &cp->depot_lock, MUTEX)) {
		spin_lock(cpu, &cp->depot_lock, MUTEX);
		fetch_add_local(cpu, &cp->depot_contention, 1);
	}
	magazine = load(cpu, &list->list);
	if (magazine) {
		struct magazine *next = load(cpu, &magazine->next);
		uint64_t total, min;

		store(cpu, &list->list, next);
		total = fetch_add_local(cpu, &list->total, -1) - 1;
		min = load(cpu, &list->min);
		if (total < min)
			store(cpu, &list->min, total);
		fetch_add_local(cpu, &list->alloc, 1);
	}
	spin_unlock(cpu, &cp->depot_lock, MUTEX);
	return magazine;
}

static void depot_free(struct cpu *cpu, struct kmem_cache *cp, struct maglist *list,
		       struct magazine *magazine)
{
	struct magazine *first;

	spin_lock(cpu, &cp->depot_lock, MUTEX);
	first = load(cpu, &list->list);
	store(cpu, &magazine->next, first);
	store(cpu, &list->list, magazine);
	fetch_add_local(cpu, &list->total, 1);
	spin_unlock(cpu, &cp->depot_lock, MUTEX);
}

/* ---- the CPU's two magazines, under its lock ------------------------------------------------ */

static void swap_magazines(struct cpu *cpu, struct kmem_cpu_cache *ccp)
{
	struct magazine *loaded = load(cpu, &ccp->cc_loaded);
	struct magazine *previous = load(cpu, &ccp->cc_ploaded);
	int32_t rounds = load(cpu, &ccp->cc_rounds), prounds = load(cpu, &ccp->cc_prounds);

	store(cpu, &ccp->cc_loaded, previous);
	store(cpu, &ccp->cc_rounds, prounds);
	store(cpu, &ccp->cc_ploaded, loaded);
	store(cpu, &ccp->cc_prounds, rounds);
}

/* The loaded one becomes the previous one, whose place is free. */
static void load_magazine(struct cpu *cpu, struct kmem_cpu_cache *ccp, struct magazine *magazine,
			  int32_t rounds)
{
	struct magazine *loaded = load(cpu, &ccp->cc_loaded);
	int32_t before = load(cpu, &ccp->cc_rounds);

	store(cpu, &ccp->cc_ploaded, loaded);
	store(cpu, &ccp->cc_prounds, before);
	store(cpu, &ccp->cc_loaded, magazine);
	store(cpu, &ccp->cc_rounds, rounds);
}

/* A magazine of the depot's list `from` is loaded, the previous one goes to `to`; false: none. */
static bool exchange_magazine(struct cpu *cpu, struct kmem_cache *cp, struct kmem_cpu_cache *ccp,
			      struct maglist *from, struct maglist *to, int32_t rounds)
{
	struct magazine *magazine = depot_alloc(cpu, cp, from), *previous;

	if (!magazine)
		return false;
	path(cpu, "depot");
	previous = load(cpu, &ccp->cc_ploaded);
	if (previous)
		depot_free(cpu, cp, to, previous);
	load_magazine(cpu, ccp, magazine, rounds);
	return true;
}

/* ---- alloc ---------------------------------------------------------------------------------- */

/* NULL: neither magazines nor depot have any. */
static void *take_round(struct cpu *cpu, struct kmem_cache *cp, struct kmem_cpu_cache *ccp)
{
	for (;;) {
		int32_t rounds = load(cpu, &ccp->cc_rounds), prounds;
		uint16_t size;

		if (rounds > 0) {
			struct magazine *loaded;
			void *object;

			store(cpu, &ccp->cc_rounds, rounds - 1);
			loaded = load(cpu, &ccp->cc_loaded);
			object = load(cpu, &loaded->round[rounds - 1]);
			fetch_add_local(cpu, &ccp->cc_alloc, 1);
			return object;
		}
		prounds = load(cpu, &ccp->cc_prounds);
		if (prounds > 0) {
			path(cpu, "swap");
			swap_magazines(cpu, ccp);
			continue;
		}
		size = load(cpu, &ccp->cc_magsize);
		if (!size || !exchange_magazine(cpu, cp, ccp, &cp->full, &cp->empty, size))
			return NULL;
	}
}

static void *bonwick_alloc(struct cpu *cpu, void *state, struct kmem_cache *cp, unsigned gfp)
{
	struct kmem_cpu_cache *ccp = &cp->cpu[cpu_id(cpu)];
	char *object;
	bool on;

	compute(cpu, STEP_ALLOC);
	path(cpu, "fast");
	on = enter(cpu);
	spin_lock(cpu, &ccp->cc_lock, MUTEX);
	object = take_round(cpu, cp, ccp);
	spin_unlock(cpu, &ccp->cc_lock, MUTEX);
	leave(cpu, on);
	if (!object) {
		path(cpu, "slab");
		object = slab_layer_alloc(cpu, state, cp, gfp);
	}
	if (object && gfp & GFP_ZERO) {
		uint64_t bytes = load(cpu, &cp->chunksize);

		for (uint64_t at = 0; at < bytes; at += LINE)
			store(cpu, (uint64_t *)(object + at), 0);
	}
	return object;
}

/* ---- free ----------------------------------------------------------------------------------- */

/* Where magazines of this type come from. */
static struct kmem_cache *magazine_cache(const struct bonwick *b, const struct kmem_magtype *type)
{
	return b->magazine_cache[type - bonwick_magtypes];
}

/* An empty magazine for the depot, unless the size changed meanwhile. The CPU's lock is held, but not
 * while caches are asked. False: there is no memory. */
static bool magazine_new(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
			 struct kmem_cpu_cache *ccp, bool on)
{
	const struct kmem_magtype *type;
	struct magazine *magazine;
	struct kmem_cache *of;

	spin_unlock(cpu, &ccp->cc_lock, MUTEX);
	leave(cpu, on);
	type = load(cpu, &cp->magtype);
	of = magazine_cache(b, type);
	magazine = slab_layer_alloc(cpu, b, of, GFP_ATOMIC);
	if (magazine) {
		relabel(cpu, magazine, of->chunksize, &bonwick_magazine_layout, of->chunksize,
			"magazine");
		path(cpu, "new magazine");
	}
	(void)enter(cpu);
	spin_lock(cpu, &ccp->cc_lock, MUTEX);
	if (!magazine)
		return false;
	if (load(cpu, &ccp->cc_magsize) == type->rounds) {
		depot_free(cpu, cp, &cp->empty, magazine);
		return true;
	}
	spin_unlock(cpu, &ccp->cc_lock, MUTEX);
	leave(cpu, on);
	slab_layer_free(cpu, b, of, magazine);
	(void)enter(cpu);
	spin_lock(cpu, &ccp->cc_lock, MUTEX);
	return true;
}

/* False: there is no room, and no magazine to be had. */
static bool put_round(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
		      struct kmem_cpu_cache *ccp, void *object, bool on)
{
	for (;;) {
		int32_t rounds = load(cpu, &ccp->cc_rounds), prounds;
		uint16_t size = load(cpu, &ccp->cc_magsize);

		if ((uint32_t)rounds < size) {
			struct magazine *loaded = load(cpu, &ccp->cc_loaded);

			store(cpu, &loaded->round[rounds], object);
			store(cpu, &ccp->cc_rounds, rounds + 1);
			fetch_add_local(cpu, &ccp->cc_free, 1);
			return true;
		}
		prounds = load(cpu, &ccp->cc_prounds);
		if (prounds == 0) {
			path(cpu, "swap");
			swap_magazines(cpu, ccp);
			continue;
		}
		if (!size)                      /* they are being exchanged for larger ones */
			return false;
		if (!exchange_magazine(cpu, cp, ccp, &cp->empty, &cp->full, 0) &&
		    !magazine_new(cpu, b, cp, ccp, on))
			return false;
	}
}

static void bonwick_free(struct cpu *cpu, void *state, struct kmem_cache *cp, void *object)
{
	struct kmem_cpu_cache *ccp = &cp->cpu[cpu_id(cpu)];
	bool on, done;

	compute(cpu, STEP_FREE);
	path(cpu, "fast");
	on = enter(cpu);
	spin_lock(cpu, &ccp->cc_lock, MUTEX);
	done = put_round(cpu, state, cp, ccp, object, on);
	spin_unlock(cpu, &ccp->cc_lock, MUTEX);
	leave(cpu, on);
	if (done)
		return;
	path(cpu, "slab");
	slab_layer_free(cpu, state, cp, object);
}

/* ---- kmalloc -------------------------------------------------------------------------------- */

static void *bonwick_kmalloc(struct cpu *cpu, void *state, size_t size, unsigned gfp)
{
	struct bonwick *b = state;
	struct kmem_cache *cp = bonwick_size_cache(b, size);
	unsigned order = 0;
	struct page *page;

	if (cp)
		return bonwick_alloc(cpu, b, cp, gfp);
	while ((size_t)PAGE_BYTES << order < size)
		order++;
	if (order >= MAX_ORDER)
		return NULL;
	path(cpu, "pages");
	page = pages_alloc(cpu, b->pages, order, gfp);
	if (!page)
		return NULL;
	bonwick_frame_new(b, page_to_pfn(b->memory, page))->order = (unsigned char)order;
	return page_address(b->memory, page);
}

static void bonwick_kfree(struct cpu *cpu, void *state, void *object)
{
	struct bonwick *b = state;
	uint64_t pfn = address_to_pfn(b->memory, object);
	const struct frame *frame = bonwick_frame(b, pfn);
	struct kmem_slab *slab = frame->slab;

	if (slab) {
		bonwick_free(cpu, b, slab->cache, object);
		return;
	}
	path(cpu, "pages");
	pages_free(cpu, b->pages, pfn_to_page(b->memory, pfn), frame->order);
}

/* ---- every 15 s ----------------------------------------------------------------------------- */

/* The objects of a magazine go back to their slabs, then the magazine. */
static void magazine_destroy(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
			     struct magazine *magazine, int32_t rounds,
			     const struct kmem_magtype *type)
{
	for (int32_t i = 0; i < rounds; i++) {
		void *object = load(cpu, &magazine->round[i]);

		slab_layer_free(cpu, b, cp, object);
	}
	slab_layer_free(cpu, b, magazine_cache(b, type), magazine);
}

/* Both magazines of a CPU, which has none until magsize is set again. */
static void cpu_purge(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
		      struct kmem_cpu_cache *ccp, const struct kmem_magtype *type)
{
	bool on = enter(cpu);
	struct magazine *loaded, *previous;
	int32_t rounds, prounds;

	spin_lock(cpu, &ccp->cc_lock, MUTEX);
	loaded = load(cpu, &ccp->cc_loaded);
	previous = load(cpu, &ccp->cc_ploaded);
	rounds = load(cpu, &ccp->cc_rounds);
	prounds = load(cpu, &ccp->cc_prounds);
	store(cpu, &ccp->cc_loaded, NULL);
	store(cpu, &ccp->cc_ploaded, NULL);
	store(cpu, &ccp->cc_rounds, -1);
	store(cpu, &ccp->cc_prounds, -1);
	store(cpu, &ccp->cc_magsize, 0);
	spin_unlock(cpu, &ccp->cc_lock, MUTEX);
	leave(cpu, on);
	if (loaded)
		magazine_destroy(cpu, b, cp, loaded, rounds, type);
	if (previous)
		magazine_destroy(cpu, b, cp, previous, prounds, type);
}

static void depot_purge(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
			const struct kmem_magtype *type)
{
	int32_t size = (int32_t)type->rounds;
	struct magazine *magazine;

	while ((magazine = depot_alloc(cpu, cp, &cp->full)))
		magazine_destroy(cpu, b, cp, magazine, size, type);
	while ((magazine = depot_alloc(cpu, cp, &cp->empty)))
		magazine_destroy(cpu, b, cp, magazine, 0, type);
}

/* kmem_cache_magazine_resize: all magazines go, then there are larger ones. */
static void resize(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp,
		   const struct kmem_magtype *type)
{
	unsigned cpus = sim_cpus(b->sim);

	for (unsigned id = 0; id < cpus; id++)
		cpu_purge(cpu, b, cp, &cp->cpu[id], type);
	depot_purge(cpu, b, cp, type);
	store(cpu, &cp->magtype, type + 1);
	store(cpu, &cp->depot_contention_prev, INT64_MAX);      /* not at once again */
	for (unsigned id = 0; id < cpus; id++) {
		struct kmem_cpu_cache *ccp = &cp->cpu[id];
		bool on = enter(cpu);

		spin_lock(cpu, &ccp->cc_lock, MUTEX);
		store(cpu, &ccp->cc_magsize, (uint16_t)type[1].rounds);
		spin_unlock(cpu, &ccp->cc_lock, MUTEX);
		leave(cpu, on);
	}
}

static void update_working_set(struct cpu *cpu, struct maglist *list)
{
	uint64_t min = load(cpu, &list->min), total;

	store(cpu, &list->reaplimit, min);
	total = load(cpu, &list->total);
	store(cpu, &list->min, total);
}

static void update(struct cpu *cpu, struct bonwick *b, struct kmem_cache *cp)
{
	uint64_t size = load(cpu, &cp->chunksize), contention, before;
	const struct kmem_magtype *type = load(cpu, &cp->magtype);
	bool on = enter(cpu);

	spin_lock(cpu, &cp->depot_lock, MUTEX);
	update_working_set(cpu, &cp->full);
	update_working_set(cpu, &cp->empty);
	spin_unlock(cpu, &cp->depot_lock, MUTEX);
	leave(cpu, on);
	contention = load(cpu, &cp->depot_contention);
	before = load(cpu, &cp->depot_contention_prev);
	store(cpu, &cp->depot_contention_prev, contention);
	if (size < type->maxbuf && (int64_t)(contention - before) > CONTENTION_MAX)
		resize(cpu, b, cp, type);
}

static void bonwick_tick(struct cpu *cpu, void *state)
{
	struct bonwick *b = state;
	uint64_t seconds;

	if (cpu_id(cpu) != 0)
		return;
	seconds = fetch_add_local(cpu, b->seconds, 1) + 1;
	for (unsigned i = 0; seconds % UPDATE_SECONDS == 0 && i < b->caches; i++)
		update(cpu, b, b->cache[i]);
}

/* ---- the model ------------------------------------------------------------------------------ */

static unsigned object_size(const struct kmem_cache *cp)
{
	return (unsigned)cp->chunksize;
}

static unsigned objects_per_slab(const struct kmem_cache *cp)
{
	return (unsigned)cp->chunks;
}

static uint64_t metadata_bytes(const void *state)
{
	const struct bonwick *b = state;

	return b->metadata_bytes;
}

static const struct setting bonwick_settings[] = {
	{ 0 },
};

extern const struct object_allocator bonwick;
const struct object_allocator bonwick = {
	.name             = "bonwick",
	.summary          = "magazines per CPU and a depot of them, which grow (Solaris, 2001)",
	.version          = "Solaris 8",
	.year             = 2001,
	.brings           = "pointers to free objects in magazines: two per CPU, which swap, and a "
			    "depot of full and empty ones, whose magazines grow as its lock is "
			    "contended",
	.settings         = bonwick_settings,
	.kernel           = KERNEL_3_9,
	.view             = &page_view_aligned_64,
	.layouts          = bonwick_layouts,
	.create           = bonwick_create,
	.cache_create     = bonwick_cache_create,
	.kmalloc_cache    = bonwick_size_cache,
	.alloc            = bonwick_alloc,
	.free             = bonwick_free,
	.kmalloc          = bonwick_kmalloc,
	.kfree            = bonwick_kfree,
	.tick             = bonwick_tick,
	.object_size      = object_size,
	.objects_per_slab = objects_per_slab,
	.metadata_bytes   = metadata_bytes,
	.check            = bonwick_check,
	.in_use           = bonwick_in_use,
	.owns             = bonwick_owns,
};
