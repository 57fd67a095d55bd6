/* The invariants of story.h, looked at when no CPU is inside; plain C, no accesses. */
#include <stdlib.h>

#include "models/slub/check_sheaves.h"
#include "models/slub/slub.h"
#include "sim/verbs/xalloc.h"

enum seen { SEEN_NOWHERE, SEEN_CPU, SEEN_CPU_PARTIAL, SEEN_PARTIAL };

/* Page frames that say that they are slabs, of whatever cache: found once for all caches. */
struct frames {
	uint64_t *pfn;
	size_t count;
};

/* A cache while it is looked at. */
struct looked_at {
	const struct slub *slub;
	const struct frames *frames;
	struct memory *memory;
	const struct kmem_cache *s;
	struct cache_view cache;
	const struct report *report;    /* of what is wrong */
};

static struct looked_at look_at(const struct slub *slub, const struct frames *frames,
				const struct kmem_cache *s, const struct report *report)
{
	return (struct looked_at){ slub, frames, slub->memory, s, slub->views->cache(s), report };
}

/* What says so is the version's: a bit of flags, or the type of the page. */
static struct frames frames_new(const struct slub *slub)
{
	const struct memory *m = slub->memory;
	struct frames frames = { NULL, 0 };

	for (uint64_t pfn = memory_next(m, 0); pfn < m->pages; pfn = memory_next(m, pfn + 1)) {
		if (!slub->views->slab(pfn_to_page(m, pfn)).cache)
			continue;
		/* room for twice as many whenever it is full */
		if (!(frames.count & (frames.count - 1)))
			frames.pfn = xrealloc(frames.pfn,
					      2 * (frames.count + 1) * sizeof *frames.pfn);
		frames.pfn[frames.count++] = pfn;
	}
	return frames;
}

/* `page` is a page struct. */
static bool is_slab(const struct looked_at *l, struct page *page)
{
	return l->slub->views->slab(page).cache == l->s;
}

/* Page frame of a head page of this cache, or the number of page frames. */
static uint64_t slab_pfn(const struct looked_at *l, struct page *page)
{
	const struct memory *m = l->memory;
	uint64_t pfn = page_to_pfn(m, page);

	if (pfn >= m->pages || pfn_to_page(m, pfn) != page)
		return m->pages;
	return is_slab(l, page) ? pfn : m->pages;
}

static bool on_slot(const struct memory *m, const struct cache_view *cache, unsigned objects,
		    const struct page *page, const void *object)
{
	uint64_t offset = (uint64_t)((uintptr_t)object - (uintptr_t)page_address(m, page));

	return offset < (uint64_t)cache->size * objects && offset % cache->size == 0;
}

/* Behind the last object: NULL, or a tagged address. */
static bool is_list_end(const struct looked_at *l, const void *object)
{
	return !object || (l->slub->era->tagged && (uintptr_t)object & 1);
}

/* Invariant (3) of one list: its length, and its last object in *last; -1 if it is broken. */
static int list_length(const struct looked_at *l, const struct page *page, void *object,
		       void **last)
{
	unsigned length = 0, objects = l->slub->views->slab(page).objects;

	*last = NULL;
	for (; !is_list_end(l, object); object = ((void **)object)[l->cache.free_pointer]) {
		if (!on_slot(l->memory, &l->cache, objects, page, object) || length == objects)
			return -1;
		*last = object;
		length++;
	}
	if (object && !on_slot(l->memory, &l->cache, objects, page, (char *)object - 1))
		return -1;              /* the tag is of another slab */
	return (int)length;
}

/* The partial slabs of a CPU: of one CPU only, each with the length of the list from there on, where
 * that is known for sure. */
static bool check_cpu_partial(const struct looked_at *l, unsigned id, struct page *first)
{
	unsigned expected = first ? l->slub->views->slab(first).pages : 0;

	for (struct page *page = first; page; page = l->slub->views->slab(page).next) {
		uint64_t pfn = slab_pfn(l, page);

		if (pfn >= l->memory->pages || l->memory->seen[pfn] != SEEN_NOWHERE)
			return failed(l->report, "%s: the partial list of CPU %u is broken",
				      l->cache.name, id);
		l->memory->seen[pfn] = SEEN_CPU_PARTIAL;
		if (expected > 0 && l->slub->views->slab(page).pages != expected--)
			return failed(l->report, "%s: the partial list of CPU %u is miscounted",
				      l->cache.name, id);
	}
	return true;
}

/* The slab of a CPU: of one CPU only, private list apart from the shared one. */
static bool check_cpu_slab(const struct looked_at *l, unsigned id)
{
	struct cpu_view view = l->slub->views->cpu(l->slub, l->s, id);
	const char *name = l->cache.name;
	void *last, *last_private;
	struct slab_view slab;
	uint64_t pfn;
	int length;

	if (!check_cpu_partial(l, id, view.partial))
		return false;
	if (!view.page)
		return !view.freelist ||
		       failed(l->report, "%s: CPU %u has objects of no slab", name, id);
	pfn = slab_pfn(l, view.page);
	if (pfn >= l->memory->pages)
		return failed(l->report, "%s: CPU %u has a page that is no slab", name, id);
	if (l->memory->seen[pfn] != SEEN_NOWHERE)
		return failed(l->report, "%s: two CPUs have page %llu", name,
			      (unsigned long long)pfn);
	l->memory->seen[pfn] = SEEN_CPU;
	slab = l->slub->views->slab(view.page);
	length = list_length(l, view.page, view.freelist, &last_private);
	if (length < 0 || length > (int)slab.inuse)
		return failed(l->report, "%s: CPU %u has a broken private list", name, id);
	if (list_length(l, view.page, slab.freelist, &last) > 0 && last == last_private)
		return failed(l->report, "%s: CPU %u shares objects with the slab", name, id);
	see_state(l->report, "private list",
		  how_many((uint64_t)length, slab.objects, "empty", "with objects", "with all"), NULL);
	return true;
}

/* One slab of the partial list: its place and state. */
static bool check_partial(const struct looked_at *l, unsigned node, const struct list_head *at,
			  const struct list_head *last)
{
	struct page *page = (struct page *)((char *)at - l->slub->views->list);
	uint64_t pfn = slab_pfn(l, page);

	if (pfn >= l->memory->pages || at->prev != last)
		return failed(l->report, "%s: the partial list of node %u is broken",
			      l->cache.name, node);
	if (l->memory->seen[pfn] != SEEN_NOWHERE)
		return failed(l->report, "%s: partial page %llu is elsewhere too", l->cache.name,
			      (unsigned long long)pfn);
	if (is_list_end(l, l->slub->views->slab(page).freelist) ||
	    *page_flags(l->memory, page) >> PG_NODE_SHIFT != node)
		return failed(l->report, "%s: page %llu does not belong on node %u's partial list",
			      l->cache.name, (unsigned long long)pfn, node);
	l->memory->seen[pfn] = SEEN_PARTIAL;
	return true;
}

/* Invariant (4), and the partial slabs' place and state. */
static bool check_node(const struct looked_at *l, unsigned node)
{
	struct node_view n = l->slub->views->node(l->slub, l->s, node);
	const struct list_head *last = n.partial;
	uint64_t length = 0;

	if (n.locked)
		return failed(l->report, "%s: list_lock of node %u is held", l->cache.name, node);
	for (struct list_head *at = n.partial->next; at != n.partial; at = at->next, length++) {
		if (!check_partial(l, node, at, last))
			return false;
		last = at;
	}
	if (n.partial->prev != last)
		return failed(l->report, "%s: the partial list of node %u is broken",
			      l->cache.name, node);
	if (length != n.nr_partial)
		return failed(l->report, "%s: nr_partial %llu, the list has %llu", l->cache.name,
			      (unsigned long long)n.nr_partial, (unsigned long long)length);
	return true;
}

/* A slab that its CPU forgot, which some version had as a bug. */
static bool is_orphan(const struct looked_at *l, bool frozen, enum seen seen)
{
	return l->slub->era->leaks && frozen && seen == SEEN_NOWHERE;
}

static void see_slab(const struct looked_at *l, const struct slab_view *slab, unsigned free,
		     enum seen seen)
{
	static const char *const place[] = {
		[SEEN_NOWHERE] = "on no list", [SEEN_CPU] = "of a CPU",
		[SEEN_CPU_PARTIAL] = "on a CPU's list", [SEEN_PARTIAL] = "on the list",
	};

	see_state(l->report, slab->frozen ? "frozen slab" : "slab",
		  how_many(free, slab->objects, "nothing free", "some free", "all free"),
		  place[seen]);
}

/* Invariants (1), (2), (3) and (5) of one slab. */
static bool check_slab(const struct looked_at *l, const struct page *page, enum seen seen)
{
	struct slab_view slab = l->slub->views->slab(page);
	unsigned long long pfn = page_to_pfn(l->memory, page);
	const char *name = l->cache.name;
	void *last;
	int length = list_length(l, page, slab.freelist, &last);

	if (slab.locked)
		return failed(l->report, "%s: page %llu is locked", name, pfn);
	if (length < 0)
		return failed(l->report, "%s: the freelist of page %llu is broken", name, pfn);
	if (slab.inuse != slab.objects - (unsigned)length &&
	    !(slub_may_lose(l->slub) && slab.inuse < slab.objects - (unsigned)length))
		return failed(l->report, "%s: page %llu: inuse %u, but %d of %u objects are free",
			      name, pfn, slab.inuse, length, slab.objects);
	if (is_orphan(l, slab.frozen, seen))
		return true;
	if (slab.frozen != (seen == SEEN_CPU || (seen == SEEN_CPU_PARTIAL && !l->slub->views->marks)))
		return failed(l->report, "%s: page %llu is frozen without a CPU, or the reverse",
			      name, pfn);
	if (l->slub->views->marks && slab.marked != (seen == SEEN_PARTIAL))
		return failed(l->report, "%s: page %llu is marked as partial and on no list, or the reverse",
			      name, pfn);
	see_slab(l, &slab, (unsigned)length, seen);
	if (seen == SEEN_NOWHERE && length > 0)
		return failed(l->report, "%s: page %llu has free objects and is on no list", name,
			      pfn);
	return true;
}

static bool check_slabs(const struct looked_at *l, unsigned node)
{
	const struct memory *m = l->memory;
	struct node_view n = l->slub->views->node(l->slub, l->s, node);
	long long slabs = 0, objects = 0;

	for (size_t i = 0; i < l->frames->count; i++) {
		uint64_t pfn = l->frames->pfn[i];
		struct page *page = pfn_to_page(m, pfn);

		if (pfn_to_node(m, pfn) != node || !is_slab(l, page))
			continue;
		if (!check_slab(l, page, m->seen[pfn]))
			return false;
		slabs++;
		objects += l->slub->views->slab(page).objects;
	}
	if (n.nr_slabs != slabs)
		return failed(l->report, "%s: nr_slabs %lld, node %u has %lld", l->cache.name,
			      (long long)n.nr_slabs, node, slabs);
	if (n.total_objects >= 0 && n.total_objects != objects)
		return failed(l->report, "%s: total_objects %lld, node %u has %lld", l->cache.name,
			      (long long)n.total_objects, node, objects);
	return true;
}

static bool check_cache(const struct looked_at *l)
{
	unsigned cpus = sim_cpus(l->slub->sim), nodes = l->memory->nodes;

	memory_forget_seen(l->memory);
	for (unsigned id = 0; l->slub->views->cpu && id < cpus; id++)
		if (!check_cpu_slab(l, id))
			return false;
	for (unsigned node = 0; node < nodes; node++)
		if (!check_node(l, node))
			return false;
	for (unsigned node = 0; node < nodes; node++)
		if (!check_slabs(l, node))
			return false;
	return check_sheaves(l->slub, l->s, l->report);
}

/* Pages of all slabs of the node, of caches that are reclaimable or not. */
static int64_t slab_pages(const struct slub *slub, unsigned node, bool reclaimable)
{
	const struct memory *m = slub->memory;
	uint64_t pfn = memory_next(m, node * m->node_pages), end = (node + 1) * m->node_pages;
	int64_t pages = 0;

	for (; pfn < end; pfn = memory_next(m, pfn + 1)) {
		struct page *page = pfn_to_page(m, pfn);
		const struct kmem_cache *s = slub->views->slab(page).cache;
		uint64_t flags = *page_flags(m, page);

		if (!s || slub->views->cache(s).reclaimable != reclaimable)
			continue;
		pages += 1ll << (flags >> PG_HEAD & 1 ? *compound_order(m, page) : 0);
	}
	return pages;
}

/* Invariant (6), where the page allocator keeps the counters. */
static bool check_counters(const struct slub *slub, const struct report *report)
{
	static const char *const name[] = { "NR_SLAB_UNRECLAIMABLE", "NR_SLAB_RECLAIMABLE" };
	const struct pages *pages = slub->pages;

	if (!pages->model->slab_pages)
		return true;
	for (unsigned node = 0; node < slub->memory->nodes; node++) {
		for (int kind = 0; kind < 2; kind++) {
			long long found = slab_pages(slub, node, kind);
			long long counted = pages->model->slab_pages(pages->state, node, kind);

			if (counted != found)
				return failed(report, "%s %lld, the slabs of node %u have %lld",
					      name[kind], counted, node, found);
		}
	}
	return true;
}

bool slub_check(const void *state, const struct report *report)
{
	const struct slub *slub = state;
	const struct list_head *head = &slub->cache_list;
	struct frames frames = frames_new(slub);
	bool good = true;

	for (struct list_head *at = head->next; at != head && good; at = at->next) {
		struct looked_at l = look_at(slub, &frames, slub->views->listed(at), report);

		good = check_cache(&l);
	}
	free(frames.pfn);
	return good && check_counters(slub, report);
}

/* Marks what CPUs have; check() tells of what is broken. */
static void see_cpu_slabs(const struct looked_at *l)
{
	memory_forget_seen(l->memory);
	for (unsigned id = 0; l->slub->views->cpu && id < sim_cpus(l->slub->sim); id++) {
		struct cpu_view view = l->slub->views->cpu(l->slub, l->s, id);
		uint64_t pfn = slab_pfn(l, view.page);
		struct page *page = view.partial;

		if (pfn < l->memory->pages)
			l->memory->seen[pfn] = SEEN_CPU;
		while (page && (pfn = slab_pfn(l, page)) < l->memory->pages &&
		       l->memory->seen[pfn] == SEEN_NOWHERE) {
			l->memory->seen[pfn] = SEEN_CPU;
			page = l->slub->views->slab(page).next;
		}
	}
}

static uint64_t in_use_of(const struct looked_at *l)
{
	const struct memory *m = l->memory;
	uint64_t objects = 0;
	struct slab_view slab;
	void *last;

	if (l->slub->era->leaks)
		see_cpu_slabs(l);
	for (size_t i = 0; i < l->frames->count; i++) {
		uint64_t pfn = l->frames->pfn[i];
		struct page *page = pfn_to_page(m, pfn);

		if (!is_slab(l, page))
			continue;
		slab = l->slub->views->slab(page);
		if (is_orphan(l, slab.frozen, m->seen[pfn]))
			objects += slab.objects;        /* nobody gets one of these */
		else if (slub_may_lose(l->slub))        /* inuse may be too few */
			objects += slab.objects - (unsigned)list_length(l, page, slab.freelist, &last);
		else
			objects += slab.inuse;
	}
	for (unsigned id = 0; l->slub->views->cpu && id < sim_cpus(l->slub->sim); id++) {
		struct cpu_view view = l->slub->views->cpu(l->slub, l->s, id);
		int length = 0;

		if (slab_pfn(l, view.page) < m->pages)
			length = list_length(l, view.page, view.freelist, &last);
		if (length > 0)         /* check() tells of broken ones */
			objects -= (uint64_t)length;
	}
	return objects - objects_in_sheaves(l->slub, l->s);
}

uint64_t slub_in_use(const void *state)
{
	const struct slub *slub = state;
	const struct list_head *head = &slub->cache_list;
	struct frames frames = frames_new(slub);
	uint64_t objects = 0;

	for (struct list_head *at = head->next; at != head; at = at->next) {
		struct looked_at l = look_at(slub, &frames, slub->views->listed(at), NULL);

		objects += in_use_of(&l);
	}
	free(frames.pfn);
	return objects;
}

bool slub_may_lose(const void *state)
{
	const struct slub *slub = state;

	return slub->era->leaks || (slub->era->loses && slub->settings.bugs != BUGS_FIXED);
}

bool slub_owns(const void *state, const struct kmem_cache *s, const void *object)
{
	const struct slub *slub = state;
	const struct memory *m = slub->memory;
	uint64_t pfn = address_to_pfn(m, object);
	const struct kmem_cache *owner;
	struct slab_view slab;
	struct cache_view cache;
	struct page *page;

	if (pfn >= m->pages)
		return false;
	page = page_head(m, pfn_to_page(m, pfn));
	slab = slub->views->slab(page);
	owner = slab.cache;
	if (!owner)                             /* a large kmalloc */
		return !s && *page_count(m, page) == 1 && object == page_address(m, page);
	if (s && owner != s)
		return false;
	cache = slub->views->cache(owner);
	return on_slot(m, &cache, slab.objects, page, object);
}
