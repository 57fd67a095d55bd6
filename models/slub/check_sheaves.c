/* The invariants of sheaves (story.h), looked at when no CPU is inside; plain C, no accesses. */
#include <stdlib.h>

#include "models/slub/check_sheaves.h"
#include "models/slub/sheaf.h"
#include "sim/verbs/xalloc.h"

struct gathered {
	const struct slub *slub;
	const struct kmem_cache *s;
	struct cache_view cache;
	const struct report *report;
	void **object;                  /* in sheaves, sorted once all are here */
	size_t objects, room;
	struct slab_sheaf **sheaf;
	size_t sheaves, sheaf_room;
};

static void add_sheaf(struct gathered *g, struct slab_sheaf *sheaf)
{
	if (g->sheaves == g->sheaf_room) {
		g->sheaf_room = 2 * g->sheaf_room + 16;
		g->sheaf = xrealloc(g->sheaf, g->sheaf_room * sizeof g->sheaf[0]);
	}
	g->sheaf[g->sheaves++] = sheaf;
}

static void add_object(struct gathered *g, void *object)
{
	if (g->objects == g->room) {
		g->room = 2 * g->room + 64;
		g->object = xrealloc(g->object, g->room * sizeof g->object[0]);
	}
	g->object[g->objects++] = object;
}

/* Can a sheaf lie there? Else the pointer must not be followed. */
static bool is_sheaf(const struct gathered *g, const struct slab_sheaf *sheaf)
{
	const struct sheaves *own = g->slub->own;
	const char *at = (const char *)sheaf;

	if ((uintptr_t)at % WORD)
		return false;
	return (at >= own->first && at <= own->last) ||
	       address_to_pfn(g->slub->memory, sheaf) < g->slub->memory->pages;
}

static bool gather(struct gathered *g, struct slab_sheaf *sheaf, unsigned least, unsigned most)
{
	if (!is_sheaf(g, sheaf))
		return failed(g->report, "%s: a pointer to a sheaf leads nowhere", g->cache.name);
	if (sheaf->cache != g->s)
		return failed(g->report, "%s: a sheaf is of another cache", g->cache.name);
	if (sheaf->size < least || sheaf->size > most)
		return failed(g->report, "%s: a sheaf has %u objects, %u to %u expected",
			      g->cache.name, sheaf->size, least, most);
	add_sheaf(g, sheaf);
	for (unsigned i = 0; i < sheaf->size; i++)
		add_object(g, sheaf->objects[i]);
	return true;
}

static void see_sheaf(const struct gathered *g, const char *which, const struct slab_sheaf *sheaf)
{
	see_state(g->report, which,
		  sheaf ? how_many(sheaf->size, g->cache.sheaf_capacity, "empty", "partly full",
				   "full")
			: "none", NULL);
}

static bool gather_cpu(struct gathered *g, unsigned id)
{
	const struct slub_views *views = g->slub->views;
	const struct slub_percpu_sheaves *pcs = views->cpu_sheaves(g->slub, g->s, id);
	struct slab_sheaf *const *remote = (struct slab_sheaf *const *)(pcs + 1);
	bool has_remote = sheaf_set(g->slub)->remote == REMOTE_SHEAF;
	unsigned capacity = g->cache.sheaf_capacity;

	if (pcs->lock)
		return failed(g->report, "%s: CPU %u is inside its sheaves", g->cache.name, id);
	if (!gather(g, pcs->main, 0, capacity) ||
	    (pcs->spare && !gather(g, pcs->spare, 0, capacity)) ||
	    (pcs->rcu_free && !gather(g, pcs->rcu_free, 0, capacity - 1)))
		return false;
	see_sheaf(g, "main sheaf", pcs->main);
	see_sheaf(g, "spare sheaf", pcs->spare);
	see_sheaf(g, "rcu sheaf", pcs->rcu_free);
	for (unsigned n = 0; has_remote && n < g->slub->memory->nodes; n++)
		if (remote[n] && !gather(g, remote[n], 0, capacity))
			return false;
	return true;
}

/* One list of a barn: its sheaves are `size` each, and as many as are counted. */
static bool gather_list(struct gathered *g, const struct list_head *list, unsigned size,
			unsigned count)
{
	const struct list_head *last = list;
	unsigned length = 0;

	for (struct list_head *at = list->next; at != list; at = at->next, length++) {
		if (length > count || !is_sheaf(g, (struct slab_sheaf *)at) || at->prev != last)
			return failed(g->report, "%s: a list of a barn is broken", g->cache.name);
		if (!gather(g, (struct slab_sheaf *)at, size, size))
			return false;
		last = at;
	}
	if (list->prev != last)
		return failed(g->report, "%s: a list of a barn is broken", g->cache.name);
	if (length != count)
		return failed(g->report, "%s: a barn counts %u sheaves of %u objects and has %u",
			      g->cache.name, count, size, length);
	return true;
}

static bool gather_barn(struct gathered *g, unsigned node)
{
	const struct node_barn *barn = g->slub->views->barn(g->s, node);
	bool split = sheaf_set(g->slub)->barn == LINE_SPLIT;
	unsigned nr_full, nr_empty;

	if (!barn)
		return true;
	nr_full = split ? barn->split_nr_full : barn->nr_full;
	nr_empty = split ? barn->split_nr_empty : barn->nr_empty;
	if (spin_lock_is_held(&barn->lock, g->slub->era->list_lock))
		return failed(g->report, "%s: the barn of node %u is locked", g->cache.name, node);
	see_state(g->report, "barn", nr_full ? "with full sheaves" : "without full sheaves",
		  nr_empty ? "with empty ones" : "without empty ones");
	return gather_list(g, &barn->sheaves_full, g->cache.sheaf_capacity, nr_full) &&
	       gather_list(g, &barn->sheaves_empty, 0, nr_empty);
}

/* Those that wait for a grace period. */
static bool gather_waiting(struct gathered *g, unsigned id)
{
	const struct sheaves *own = g->slub->own;
	const struct rcu_data *rcu = per_cpu(g->slub->sim, own->rcu, id);
	struct slab_sheaf *sheaf = rcu->sheaves.head;

	for (; sheaf; sheaf = sheaf->rcu_next)
		if (sheaf->cache == g->s &&
		    !gather(g, sheaf, g->cache.sheaf_capacity, g->cache.sheaf_capacity))
			return false;
	return true;
}

static bool gather_all(struct gathered *g)
{
	for (unsigned id = 0; id < sim_cpus(g->slub->sim); id++)
		if (!gather_cpu(g, id) || !gather_waiting(g, id))
			return false;
	for (unsigned node = 0; node < g->slub->memory->nodes; node++)
		if (!gather_barn(g, node))
			return false;
	return true;
}

static int by_address(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	return (x > y) - (x < y);
}

static bool none_twice(const struct gathered *g)
{
	for (size_t i = 1; i < g->sheaves; i++)
		if (g->sheaf[i] == g->sheaf[i - 1])
			return failed(g->report, "%s: a sheaf is in two places", g->cache.name);
	for (size_t i = 1; i < g->objects; i++)
		if (g->object[i] == g->object[i - 1])
			return failed(g->report, "%s: an object is in sheaves twice",
				      g->cache.name);
	return true;
}

static struct gathered gathered_new(const struct slub *slub, const struct kmem_cache *s,
				    const struct report *report)
{
	return (struct gathered){
		.slub = slub, .s = s, .cache = slub->views->cache(s), .report = report };
}

static void gathered_free(struct gathered *g)
{
	free(g->object);
	free(g->sheaf);
}

/* No object of a slab's freelist is in a sheaf too. */
static bool apart_from(const struct gathered *g, void *object)
{
	for (; object; object = ((void **)object)[g->cache.free_pointer])
		if (g->objects &&
		    bsearch(&object, g->object, g->objects, sizeof g->object[0], by_address))
			return failed(g->report, "%s: an object is free in its slab and in a sheaf",
				      g->cache.name);
	return true;
}

/* In slabs of the cache, and on no freelist. */
static bool objects_lie_well(const struct gathered *g)
{
	for (size_t i = 0; i < g->objects; i++)
		if (!slub_owns(g->slub, g->s, g->object[i]))
			return failed(g->report, "%s: a sheaf has an object of no slab",
				      g->cache.name);
	for (unsigned n = 0; n < g->slub->memory->nodes; n++) {
		const struct list_head *list = g->slub->views->node(g->slub, g->s, n).partial;

		for (struct list_head *at = list->next; at != list; at = at->next) {
			struct page *page = (struct page *)((char *)at - g->slub->views->list);

			if (!apart_from(g, g->slub->views->slab(page).freelist))
				return false;
		}
	}
	return true;
}

bool check_sheaves(const struct slub *slub, const struct kmem_cache *s, const struct report *report)
{
	struct gathered g = gathered_new(slub, s, report);
	bool good;

	if (!slub->views->cpu_sheaves || !slub->views->cpu_sheaves(slub, s, 0))
		return true;
	good = gather_all(&g);
	if (good) {
		if (g.objects)
			qsort(g.object, g.objects, sizeof g.object[0], by_address);
		qsort(g.sheaf, g.sheaves, sizeof g.sheaf[0], by_address);
		good = none_twice(&g) && objects_lie_well(&g);
	}
	gathered_free(&g);
	return good;
}

uint64_t objects_in_sheaves(const struct slub *slub, const struct kmem_cache *s)
{
	char unused[8];
	const struct report report = { unused, sizeof unused };
	struct gathered g = gathered_new(slub, s, &report);
	uint64_t objects = 0;

	if (!slub->views->cpu_sheaves || !slub->views->cpu_sheaves(slub, s, 0))
		return 0;
	if (gather_all(&g)) {           /* check() tells of broken ones */
		objects = g.objects;
		for (size_t i = 0; i < g.sheaves; i++)
			objects += address_to_pfn(slub->memory, g.sheaf[i]) < slub->memory->pages;
	}
	gathered_free(&g);
	return objects;
}
