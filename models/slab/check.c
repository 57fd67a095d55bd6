/* SLAB's invariants (models/objects/2011_slab.c), looked at when no CPU is inside; plain C. */
#include "models/slab/slab.h"

/* A cache while it is looked at. */
struct looked_at {
	const struct slabs *slabs;
	struct kmem_cache *s;
	const struct report *report;
};

/* `page` is a page struct. */
static bool is_slab_page(const struct slabs *slabs, struct page *page, const struct kmem_cache *s)
{
	const struct slab_page *one = (const struct slab_page *)page;

	return *page_flags(slabs->memory, page) >> PG_SLAB & 1 && (!s || one->lru.next == s);
}

static char *slab_start(const struct slab *slab)
{
	return (char *)slab->s_mem - slab->colouroff;
}

/* The number of the object in its slab, in *slab; -1: it lies in no slab of the cache. */
static int object_index(const struct slabs *slabs, const struct kmem_cache *s, const void *object,
			struct slab **slab)
{
	const struct memory *m = slabs->memory;
	uint64_t pfn = address_to_pfn(m, object), offset;
	struct page *page;

	if (pfn >= m->pages)
		return -1;
	page = pfn_to_page(m, pfn);
	if (!is_slab_page(slabs, page, s))
		return -1;
	s = ((struct slab_page *)page)->lru.next;
	*slab = ((struct slab_page *)page)->lru.prev;
	offset = (uint64_t)((uintptr_t)object - (uintptr_t)(*slab)->s_mem);
	if (offset >= (uint64_t)s->num * s->buffer_size || offset % s->buffer_size)
		return -1;
	return (int)(offset / s->buffer_size);
}

/* Is object number `index` chained as free? */
static bool is_chained(struct slab *slab, uint32_t num, uint32_t index)
{
	uint32_t at = slab->free;

	for (uint32_t i = 0; i < num && at < num; i++, at = slab_bufctl(slab)[at])
		if (at == index)
			return true;
	return false;
}

/* Length of the chain of free objects; -1: it is broken. */
static int chain_length(struct slab *slab, uint32_t num)
{
	uint32_t at = slab->free;
	int length = 0;

	for (; at != BUFCTL_END; at = slab_bufctl(slab)[at])
		if (at >= num || ++length > (int)num)
			return -1;
	return length;
}

/* ---- arrays --------------------------------------------------------------------------------- */


static bool is_in(const struct array_cache *ac, const void *object, uint32_t from)
{
	for (uint32_t i = from; ac && i < ac->avail; i++)
		if (ac->entry[i] == object)
			return true;
	return false;
}

/* All arrays of a cache in a row: those of CPUs, then of each node shared and alien ones. NULL
 * where there is none; false: past the last. */
static bool array_number(const struct looked_at *l, unsigned i, struct array_cache **ac,
			 unsigned *node)
{
	unsigned cpus = sim_cpus(l->slabs->sim), nodes = l->slabs->memory->nodes;
	struct kmem_list3 *l3;

	if (i < cpus) {
		*ac = *cpu_array(l->slabs, l->s, i);
		*node = node_of_cpu(l->slabs->sim, i);
		return true;
	}
	i -= cpus;
	if (i >= nodes * (nodes + 1))
		return false;
	l3 = l->s->nodelists[i / (nodes + 1)];
	*node = i % (nodes + 1) == nodes ? i / (nodes + 1) : i % (nodes + 1);
	*ac = i % (nodes + 1) == nodes ? l3->shared : l3->alien ? l3->alien[*node] : NULL;
	return true;
}

/* In arrays after number `i`, or further up in this one. */
static bool is_again(const struct looked_at *l, unsigned i, uint32_t at, const void *object)
{
	struct array_cache *ac;
	unsigned node;

	for (uint32_t from = at + 1; array_number(l, i, &ac, &node); i++, from = 0)
		if (is_in(ac, object, from))
			return true;
	return false;
}

/* Invariants (4) and (5) of one array. */
static bool check_array(const struct looked_at *l, unsigned i, const struct array_cache *ac,
			unsigned node)
{
	const char *name = l->s->name;

	if (ac->avail > ac->limit)
		return failed(l->report, "%s: an array has %u objects of %u", name, ac->avail,
			      ac->limit);
	if (ac->lock.owner != ac->lock.next)
		return failed(l->report, "%s: the lock of an alien array is held", name);
	for (uint32_t at = 0; at < ac->avail; at++) {
		struct slab *slab;
		int index = object_index(l->slabs, l->s, ac->entry[at], &slab);

		if (index < 0)
			return failed(l->report, "%s: an array has what is no object", name);
		if (slab->nodeid != node)
			return failed(l->report, "%s: an object of node %u is kept for node %u",
				      name, slab->nodeid, node);
		if (is_chained(slab, l->s->num, (uint32_t)index))
			return failed(l->report, "%s: an object is in an array and in its slab",
				      name);
		if (is_again(l, i, at, ac->entry[at]))
			return failed(l->report, "%s: an object is in arrays twice", name);
	}
	return true;
}

static void see_array(const struct looked_at *l, unsigned i, const struct array_cache *ac)
{
	unsigned cpus = sim_cpus(l->slabs->sim), nodes = l->slabs->memory->nodes;
	bool shared = (i - cpus) % (nodes + 1) == nodes;

	see_state(l->report, i < cpus ? "array of a CPU" : shared ? "shared array" : "alien array",
		  how_many(ac->avail, ac->limit, "empty", "with objects", "full"), NULL);
}

static bool check_arrays(const struct looked_at *l)
{
	struct array_cache *ac;
	unsigned node;

	for (unsigned i = 0; array_number(l, i, &ac, &node); i++)
		if (ac && !check_array(l, i, ac, node))
			return false;
		else if (ac)
			see_array(l, i, ac);
	return true;
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* Invariants (1) and (2) of a slab on the list that holds those with `least` to `most` objects in
 * use. */
static bool check_slab(const struct looked_at *l, unsigned node, struct slab *slab, uint32_t least,
		       uint32_t most)
{
	const struct memory *m = l->slabs->memory;
	uint64_t pfn = address_to_pfn(m, slab_start(slab));
	uint32_t num = l->s->num;
	int length;

	if (pfn >= m->pages || !is_slab_page(l->slabs, pfn_to_page(m, pfn), l->s) ||
	    ((struct slab_page *)pfn_to_page(m, pfn))->lru.prev != slab)
		return failed(l->report, "%s: a list of node %u has what is no slab", l->s->name,
			      node);
	if (m->seen[pfn]++)
		return failed(l->report, "%s: the slab at page %llu is on two lists", l->s->name,
			      (unsigned long long)pfn);
	length = chain_length(slab, num);
	if (length < 0)
		return failed(l->report, "%s: the chain of the slab at page %llu is broken",
			      l->s->name, (unsigned long long)pfn);
	if (slab->inuse != num - (uint32_t)length)
		return failed(l->report, "%s: the slab at page %llu: inuse %u, %d of %u are free",
			      l->s->name, (unsigned long long)pfn, slab->inuse, length, num);
	if (slab->inuse < least || slab->inuse > most || slab->nodeid != node)
		return failed(l->report, "%s: the slab at page %llu is on the wrong list",
			      l->s->name, (unsigned long long)pfn);
	see_state(l->report, "slab",
		  how_many(slab->inuse, num, "all free", "some free", "nothing free"), NULL);
	return true;
}

/* Adds its slabs and their free objects. */
static bool check_list(const struct looked_at *l, unsigned node, const struct list_head *head,
		       uint32_t least, uint32_t most, uint64_t *free)
{
	const struct list_head *last = head;

	for (struct list_head *at = head->next; at != head; at = at->next) {
		struct slab *slab = listed_slab(at);

		if (at->prev != last)
			return failed(l->report, "%s: a list of node %u is broken", l->s->name,
				      node);
		if (!check_slab(l, node, slab, least, most))
			return false;
		*free += l->s->num - slab->inuse;
		last = at;
	}
	return head->prev == last ||
	       failed(l->report, "%s: a list of node %u is broken", l->s->name, node);
}

/* Invariants (3) and (6) of a node. */
static bool check_node(const struct looked_at *l, unsigned node)
{
	const struct kmem_list3 *l3 = l->s->nodelists[node];
	uint32_t num = l->s->num;
	uint64_t free = 0;

	if (l3->list_lock.owner != l3->list_lock.next)
		return failed(l->report, "%s: list_lock of node %u is held", l->s->name, node);
	if (!check_list(l, node, &l3->slabs_partial, 1, num - 1, &free) ||
	    !check_list(l, node, &l3->slabs_full, num, num, &free) ||
	    !check_list(l, node, &l3->slabs_free, 0, 0, &free))
		return false;
	return free == l3->free_objects ||
	       failed(l->report, "%s: free_objects %llu, the slabs of node %u have %llu",
		      l->s->name, (unsigned long long)l3->free_objects, node,
		      (unsigned long long)free);
}

static bool check_cache(const struct looked_at *l)
{
	for (unsigned node = 0; node < l->slabs->memory->nodes; node++)
		if (!check_node(l, node))
			return false;
	return check_arrays(l);
}

/* The slab that begins at this page frame; NULL: none does. */
static struct slab *slab_at(const struct slabs *slabs, uint64_t pfn)
{
	struct page *page = pfn_to_page(slabs->memory, pfn);
	struct slab *slab = ((struct slab_page *)page)->lru.prev;

	if (!is_slab_page(slabs, page, NULL))
		return NULL;
	return address_to_pfn(slabs->memory, slab_start(slab)) == pfn ? slab : NULL;
}

/* Invariant (1): no slab is on no list. */
static bool check_all_listed(const struct slabs *slabs, const struct report *report)
{
	const struct memory *m = slabs->memory;

	for (uint64_t pfn = memory_next(m, 0); pfn < m->pages; pfn = memory_next(m, pfn + 1))
		if (slab_at(slabs, pfn) && !m->seen[pfn])
			return failed(report, "the slab at page %llu is on no list",
				      (unsigned long long)pfn);
	return true;
}

bool slab_check(const void *state, const struct report *report)
{
	const struct slabs *slabs = state;
	const struct list_head *head = &slabs->chain->list;

	if (slabs->chain->mutex != 1)
		return failed(report, "cache_chain_mutex is held");
	memory_forget_seen(slabs->memory);
	for (struct list_head *at = head->next; at != head; at = at->next) {
		struct looked_at l = { slabs, listed_cache(at), report };

		if (!check_cache(&l))
			return false;
	}
	return check_all_listed(slabs, report);
}

/* ---- what users have ------------------------------------------------------------------------ */

/* In use of slabs less what arrays have, and less the descriptors that are objects themselves. */
uint64_t slab_in_use(const void *state)
{
	const struct slabs *slabs = state;
	const struct memory *m = slabs->memory;
	const struct list_head *head = &slabs->chain->list;
	uint64_t objects = 0;

	for (uint64_t pfn = memory_next(m, 0); pfn < m->pages; pfn = memory_next(m, pfn + 1)) {
		const struct slab_page *page = (struct slab_page *)pfn_to_page(m, pfn);
		const struct slab *slab = slab_at(slabs, pfn);

		if (!slab)
			continue;
		objects += slab->inuse;
		objects -= page->lru.next->flags >> CFLGS_OFF_SLAB & 1;
	}
	for (struct list_head *at = head->next; at != head; at = at->next) {
		struct looked_at l = { slabs, listed_cache(at), NULL };
		struct array_cache *ac;
		unsigned node;

		for (unsigned i = 0; array_number(&l, i, &ac, &node); i++)
			objects -= ac ? ac->avail : 0;
	}
	return objects;
}

bool slab_owns(const void *state, const struct kmem_cache *s, const void *object)
{
	struct slab *slab;

	return object_index(state, s, object, &slab) >= 0;
}
