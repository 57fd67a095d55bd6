/* The invariants of models/objects/2001_bonwick.c, when no CPU is inside; plain C. */
#include <stdlib.h>

#include "models/bonwick/bonwick.h"
#include "sim/verbs/xalloc.h"

/* Objects that magazines of a cache have, to be looked at. */
struct rounds {
	const void **object;
	size_t count, room;
};

static void add_rounds(struct rounds *rounds, const struct magazine *magazine, int count)
{
	for (int i = 0; magazine && i < count; i++) {
		if (rounds->count == rounds->room) {
			rounds->room = rounds->room ? 2 * rounds->room : 256;
			rounds->object = xrealloc(rounds->object,
						  rounds->room * sizeof rounds->object[0]);
		}
		rounds->object[rounds->count++] = magazine->round[i];
	}
}

/* All of a cache's magazines; -1: the depot's count of full ones is wrong. */
static int collect(const struct bonwick *b, const struct kmem_cache *cp, struct rounds *rounds)
{
	uint64_t full = 0;

	for (unsigned id = 0; id < sim_cpus(b->sim); id++) {
		add_rounds(rounds, cp->cpu[id].cc_loaded, cp->cpu[id].cc_rounds);
		add_rounds(rounds, cp->cpu[id].cc_ploaded, cp->cpu[id].cc_prounds);
	}
	for (const struct magazine *m = cp->full.list; m && full <= cp->full.total; m = m->next) {
		add_rounds(rounds, m, (int)cp->magtype->rounds);
		full++;
	}
	return full == cp->full.total ? 0 : -1;
}

static int by_address(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return (x > y) - (x < y);
}

static const struct kmem_slab *slab_of(const struct bonwick *b, const void *object)
{
	uint64_t pfn = address_to_pfn(b->memory, object);

	return pfn < b->memory->pages ? bonwick_frame(b, pfn)->slab : NULL;
}

bool bonwick_owns(const void *state, const struct kmem_cache *cp, const void *object)
{
	const struct kmem_slab *slab = slab_of(state, object);
	uint64_t offset;

	if (!slab || (cp && slab->cache != cp))
		return false;
	offset = (uint64_t)((const char *)object - slab->base);
	return offset < slab->chunks * slab->cache->chunksize && offset % slab->cache->chunksize == 0;
}

/* Free objects of a slab; -1: the list does not end. */
static int free_length(const struct kmem_slab *slab)
{
	const void *at = slab->head;
	int length = 0;

	for (; at; at = *(void *const *)at)     /* the link is the first word of object and bufctl */
		if (++length > (int)slab->chunks)
			return -1;
	return length;
}

/* Invariants (1) and (2) of one list. */
static bool check_list(const struct kmem_cache *cp, const struct list_head *head, bool complete,
		       const struct report *report)
{
	const struct list_head *last = head;

	for (const struct list_head *at = head->next; at != head; last = at, at = at->next) {
		const struct kmem_slab *slab =
			(const struct kmem_slab *)((const char *)at -
						   offsetof(struct kmem_slab, link));
		int length = free_length(slab);

		if (at->prev != last || slab->cache != cp)
			return failed(report, "%s: a list of slabs is broken", cp->name);
		if (length < 0 || slab->refcnt + (unsigned)length != slab->chunks)
			return failed(report, "%s: refcnt %u, and %d of %u are free", cp->name,
				      slab->refcnt, length, slab->chunks);
		if (slab->refcnt == 0)
			return failed(report, "%s: a slab without objects in use is on a list",
				      cp->name);
		if (complete != (slab->refcnt == slab->chunks))
			return failed(report, "%s: a slab is on the wrong list", cp->name);
		see_state(report, "slab", complete ? "nothing free" : "some free", NULL);
	}
	return true;
}

/* rounds -1: there is none. */
static void see_magazine(const struct report *report, const char *which, int rounds, int size)
{
	see_state(report, which,
		  rounds < 0 ? "none"
			     : how_many((uint64_t)rounds, (uint64_t)size, "empty", "with objects",
					"full"), NULL);
}

/* Invariants (3) and (5) of a CPU. */
static bool check_cpu(const struct kmem_cache *cp, unsigned id, const struct report *report)
{
	const struct kmem_cpu_cache *ccp = &cp->cpu[id];
	int size = (int)cp->magtype->rounds;

	if (ccp->cc_lock.slock != 1)
		return failed(report, "%s: the lock of CPU %u is held", cp->name, id);
	if ((ccp->cc_rounds >= 0) != (ccp->cc_loaded != NULL) ||
	    (ccp->cc_prounds >= 0) != (ccp->cc_ploaded != NULL) || ccp->cc_rounds > size)
		return failed(report, "%s: CPU %u has rounds without a magazine", cp->name, id);
	if (ccp->cc_prounds > 0 && ccp->cc_prounds != size)
		return failed(report, "%s: the previous magazine of CPU %u is neither full nor empty",
			      cp->name, id);
	see_magazine(report, "loaded magazine", ccp->cc_rounds, size);
	see_magazine(report, "previous magazine", ccp->cc_prounds, size);
	return true;
}

/* Invariant (4). */
static bool check_rounds(const struct bonwick *b, const struct kmem_cache *cp,
			 const struct report *report)
{
	struct rounds rounds = { 0 };
	bool good = collect(b, cp, &rounds) == 0 ||
		    failed(report, "%s: the depot counts its magazines wrong", cp->name);

	if (good && rounds.count)
		qsort(rounds.object, rounds.count, sizeof rounds.object[0], by_address);
	for (size_t i = 0; good && i < rounds.count; i++) {
		if (!bonwick_owns(b, cp, rounds.object[i]))
			good = failed(report, "%s: a magazine has what is no object", cp->name);
		else if (i && rounds.object[i] == rounds.object[i - 1])
			good = failed(report, "%s: an object is in magazines twice", cp->name);
	}
	free(rounds.object);
	return good;
}

bool bonwick_check(const void *state, const struct report *report)
{
	const struct bonwick *b = state;

	for (unsigned i = 0; i < b->caches; i++) {
		const struct kmem_cache *cp = b->cache[i];

		if (cp->cache_lock.slock != 1 || cp->depot_lock.slock != 1)
			return failed(report, "%s: a lock is held", cp->name);
		if (!check_list(cp, &cp->partial, false, report) ||
		    !check_list(cp, &cp->complete, true, report))
			return false;
		for (unsigned id = 0; id < sim_cpus(b->sim); id++)
			if (!check_cpu(cp, id, report))
				return false;
		if (!check_rounds(b, cp, report))
			return false;
		see_state(report, "depot", cp->full.total ? "with full magazines" : "without full magazines",
			  cp->empty.total ? "with empty ones" : "without empty ones");
	}
	return true;
}

static uint64_t refcnts(const struct list_head *head)
{
	uint64_t sum = 0;

	for (const struct list_head *at = head->next; at != head; at = at->next)
		sum += ((const struct kmem_slab *)((const char *)at -
						   offsetof(struct kmem_slab, link)))->refcnt;
	return sum;
}

uint64_t bonwick_in_use(const void *state)
{
	const struct bonwick *b = state;
	uint64_t objects = 0;

	for (unsigned i = 0; i < b->caches; i++) {
		struct rounds rounds = { 0 };

		objects += refcnts(&b->cache[i]->partial) + refcnts(&b->cache[i]->complete);
		collect(b, b->cache[i], &rounds);
		objects -= rounds.count;
		free(rounds.object);
	}
	return objects;
}
