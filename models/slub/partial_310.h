/*
 * Partial slabs of nodes and CPUs, Linux 3.10 to 3.19: as in 3.2, but an exchange that fails ends the
 * walk, what a slab has stays in it, and slabs that go back do so under the lock. After
 * cpu_partial.h.
 */
#ifndef MODELS_SLUB_PARTIAL_310_H
#define MODELS_SLUB_PARTIAL_310_H

#include "models/slub/cpu_partial.h"

/* A slab freezes and leaves the list; as `first` its objects become the CPU's. Returns how many are
 * free; 0: somebody changed it meanwhile, and it stays. */
static inline unsigned acquire_slab(struct cpu *cpu, struct kmem_cache *s,
				    struct kmem_cache_node *n, struct slab_page *page, bool first,
				    void **freelist)
{
	struct slab_state old = slab_state(cpu, page), new = old;

	if (first) {
		new.freelist = emptied(old.freelist);
		set_all_inuse(&new);
		*freelist = old.freelist;
	}
	set_frozen(&new, true);
	if (!cmpxchg_double_slab(cpu, s, page, old, new))
		return 0;
	take_off_list(cpu, n, page);
	return objects_of(old) - inuse_of(old);
}

/* The first slab of the list, and more of them for later. */
static inline struct partial_slab get_partial_node(struct cpu *cpu, struct slub *slub,
						   struct kmem_cache *s, struct kmem_cache_node *n,
						   struct kmem_cache_cpu *c)
{
	uint64_t nr_partial = load(cpu, &n->nr_partial);
	struct partial_slab found = { NULL, NULL };
	unsigned available = 0, taken;
	struct list_head *at, *next;

	if (nr_partial == 0)
		return found;
	spin_lock(cpu, &n->list_lock, era.list_lock);
	for (at = load(cpu, &n->partial.next); at != &n->partial; at = next) {
		struct slab_page *page = lru_page(at);
		void *freelist;

		next = load(cpu, &at->next);
		check_pfmemalloc(cpu, page);
		taken = acquire_slab(cpu, s, n, page, !found.page, &freelist);
		if (taken == 0)
			break;
		available += taken;
		if (!found.page) {
			take_cpu_slab(cpu, c, page);
			found = (struct partial_slab){ page, freelist };
		} else {
			put_cpu_partial(cpu, slub, s, c, page, false);
		}
		if (!has_cpu_partial(slub) ||
		    available > (unsigned)load(cpu, &s->cpu_partial) / 2)
			break;
	}
	spin_unlock(cpu, &n->list_lock, era.list_lock);
	return found;
}

static inline void unfreeze_partials(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				     struct kmem_cache_cpu *c)
{
	struct slab_page *page, *next, *empty = NULL;
	struct kmem_cache_node *n = NULL;
	struct slab_state old, new;

	while ((page = load(cpu, &c->partial))) {
		struct kmem_cache_node *own;

		next = load(cpu, &page->next);
		store(cpu, &c->partial, next);
		own = node_of(cpu, slub, s, page);
		if (n && n != own)
			spin_unlock(cpu, &n->list_lock, era.list_lock);
		if (n != own)
			spin_lock(cpu, &own->list_lock, era.list_lock);
		n = own;
		do {
			old = new = slab_state(cpu, page);
			set_frozen(&new, false);
		} while (!cmpxchg_double_slab(cpu, s, page, old, new));
		if (inuse_of(new) == 0 && enough_partial(cpu, s, n)) {
			store(cpu, &page->next, empty);
			empty = page;
		} else {
			add_to_list(cpu, n, page, LIST_TAIL);
		}
	}
	if (n)
		spin_unlock(cpu, &n->list_lock, era.list_lock);
	discard_all(cpu, slub, s, empty);
}

#endif
