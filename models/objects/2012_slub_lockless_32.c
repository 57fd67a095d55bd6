/*
 * slub-lockless, variant 3.2: CPUs keep partial slabs of their own.
 *
 *	kmem_cache -> cpu_slab, per CPU: freelist, tid, page
 *	                                 partial -> page -> page      frozen: this CPU's alone
 *	           -> node -> partial: page <-> page
 *
 * Follows: mm/slub.c, Linux 3.2 (49e2258586b4), by the facts of 3.2.7.
 *
 * True whenever no CPU is inside an operation: as slub-lockless, and
 *   (9) a slab on a CPU's partial list is frozen, and on no other list.
 *
 * alloc  as slub-lockless; before it looks at the node's list it takes a slab of the CPU's, with one
 *        exchange and no lock. From the node's list it takes several at once.
 * free   a full slab that gets its first object back is frozen in the same exchange, and becomes the
 *        freeing CPU's; when those have too many objects, all go to their nodes' lists.
 *
 * Expect: the list_lock is taken once for several slabs instead of once for each.
 *
 * As released (`bugs: released`), a slab that comes to the CPU's partial list from the node's has its
 * freelist taken away in the exchange and put back by a plain store; an object that is freed between
 * the two is lost. From 3.10 on the exchange leaves the list where it is, which `fixed` does here.
 *
 * Left out: requests for a node.
 */
#include "models/slub/era_32.h"
#include "models/slub/tid.h"
#include "models/slub/offset_in_cache.h"
#include "models/slub/list_end_null.h"
#include "models/slub/cpu_node.h"
#include "models/slub/cpu_page.h"
#include "models/slub/begin_plain.h"
#include "models/slub/lockless_alloc.h"
#include "models/slub/lockless_free.h"
#include "models/slub/cpu_partial.h"
#include "models/slub/cpu_pair.h"
#include "models/slub/calls.h"
#include "models/slub/setup_2639.h"
#include "models/slub/lockless_settings.h"

extern const struct object_allocator slub_lockless_32;

/* ---- slabs of the node's list -------------------------------------------------------------- */

/* A slab freezes; as `first` its objects become the CPU's, which are returned. */
static void *acquire_slab(struct cpu *cpu, const struct slub *slub, struct kmem_cache *s,
			  struct slab_page *page, bool first)
{
	bool takes = first || (era.puts_freelist_back && slub->settings.bugs != BUGS_FIXED);
	struct slab_state old, new;

	do {
		old = new = slab_state(cpu, page);
		if (takes)
			new.freelist = NULL;
		if (first)
			set_all_inuse(&new);
		set_frozen(&new, true);
	} while (!cmpxchg_double_slab(cpu, s, page, old, new));
	return takes ? old.freelist : NULL;
}

/* Makes the slab, off the list, the CPU's, or one of its partial ones. Returns the objects that
 * count: none of the first, as all of them are in use now. */
static unsigned take_slab(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			  struct kmem_cache_cpu *c, struct slab_page *page, void *freelist,
			  bool first)
{
	unsigned objects;

	if (!first) {
		if (freelist)
			store(cpu, &page->freelist, freelist);
		return put_cpu_partial(cpu, slub, s, c, page, false);
	}
	store(cpu, &c->page, page);
	set_cpu_node(cpu, c, page);
	objects = page_objects(cpu, page);
	return objects - load(cpu, &page->inuse);
}

/* The first slab of the list, and more of them for later. */
static inline struct partial_slab get_partial_node(struct cpu *cpu, struct slub *slub,
						   struct kmem_cache *s, struct kmem_cache_node *n,
						   struct kmem_cache_cpu *c)
{
	uint64_t nr_partial = load(cpu, &n->nr_partial);
	struct partial_slab found = { NULL, NULL };
	struct list_head *at, *next;

	if (nr_partial == 0)
		return found;
	spin_lock(cpu, &n->list_lock, era.list_lock);
	for (at = load(cpu, &n->partial.next); at != &n->partial; at = next) {
		struct slab_page *page = lru_page(at);
		bool first = !found.page;
		unsigned available;
		void *freelist;

		next = load(cpu, &at->next);
		freelist = acquire_slab(cpu, slub, s, page, first);
		take_off_list(cpu, n, page);
		if (first)
			found = (struct partial_slab){ page, freelist };
		available = take_slab(cpu, slub, s, c, page, freelist, first);
		if (!has_cpu_partial(slub) ||
		    available > (unsigned)load(cpu, &s->cpu_partial) / 2)
			break;
	}
	spin_unlock(cpu, &n->list_lock, era.list_lock);
	return found;
}

/* ---- the CPU's partial slabs go back ------------------------------------------------------- */

/*
 * One slab thaws, to its node's list unless it is to be discarded (true). `n` is the node whose lock
 * is held, or NULL; without a lock an empty slab is discarded at once. What the slab is on is decided
 * before the exchange, and mended if that fails.
 */
static bool unfreeze(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		     struct slab_page *page, struct kmem_cache_node **n)
{
	struct slab_state old, new;
	bool listed = false, discard;

	do {
		old = new = slab_state(cpu, page);
		set_frozen(&new, false);
		discard = inuse_of(new) == 0 && (!*n || enough_partial(cpu, s, *n));
		if (!discard) {
			struct kmem_cache_node *own = node_of(cpu, slub, s, page);

			if (*n && *n != own)
				spin_unlock(cpu, &(*n)->list_lock, era.list_lock);
			if (*n != own)
				spin_lock(cpu, &own->list_lock, era.list_lock);
			*n = own;
		}
		if (!discard && !listed)
			add_to_list(cpu, *n, page, LIST_TAIL);
		if (discard && listed)
			take_off_list(cpu, *n, page);
		listed = !discard;
	} while (!cmpxchg_double_slab(cpu, s, page, old, new));
	return discard;
}

static inline void unfreeze_partials(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				     struct kmem_cache_cpu *c)
{
	struct slab_page *page, *next, *empty = NULL;
	struct kmem_cache_node *n = NULL;

	while ((page = load(cpu, &c->partial))) {
		next = load(cpu, &page->next);
		store(cpu, &c->partial, next);
		if (unfreeze(cpu, slub, s, page, &n)) {
			store(cpu, &page->next, empty);
			empty = page;
		}
	}
	if (n)
		spin_unlock(cpu, &n->list_lock, era.list_lock);
	discard_all(cpu, slub, s, empty);
}

const struct object_allocator slub_lockless_32 = {
	.name             = "slub-lockless",
	.summary          = "SLUB without the slab lock, partial slabs of CPUs",
	.version          = "Linux 3.2",
	.year             = 2012,
	.brings           = "CPUs keep partial slabs of their own, so the list_lock is taken "
			    "once for several.",
	SLUB_LOCKLESS,
};
