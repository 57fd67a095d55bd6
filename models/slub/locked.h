/*
 * The paths under the slab lock, until 3.0: a CPU gives its slab up, and a free into a slab of
 * nobody or of another CPU. After an era_*.h and a new_slab*.h.
 */
#ifndef MODELS_SLUB_LOCKED_H
#define MODELS_SLUB_LOCKED_H

#include "models/slub/partial.h"

/* One object less in use. Returns how many are left. */
static inline unsigned slab_dec_inuse(struct cpu *cpu, struct slab_page *page)
{
	return fetch_add_local(cpu, &page->inuse, -1) - 1u;
}

/* The CPU's slab that an interrupt made while a new one was made: go on with it, as released? */
static inline bool slub_reuses(const struct slub *slub)
{
	return era.reuses && slub->settings.bugs == BUGS_RELEASED;
}

/* The CPU gives its locked slab up: to that end of the partial list, to nobody if full, back if
 * empty. */
static inline void slab_unfreeze(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				 struct slab_page *page, enum list_end end)
{
	struct kmem_cache_node *n = node_of(cpu, slub, s, page);
	unsigned inuse;

	bit_clear_local(cpu, &page->flags, PG_FROZEN);
	inuse = load(cpu, &page->inuse);
	if (inuse > 0) {
		void *freelist = load(cpu, &page->freelist);

		if (freelist)
			add_partial(cpu, n, page, end);
		else
			slab_debug(cpu, s, page);
		slab_unlock(cpu, page);
	} else {
		uint64_t nr_partial = load(cpu, &n->nr_partial);
		bool keep = nr_partial < min_partial(cpu, slub, s);

		if (keep)
			add_partial(cpu, n, page, LIST_TAIL);
		slab_unlock(cpu, page);
		if (!keep)
			slab_discard(cpu, slub, s, page);
	}
}

/* ---- free into a slab of nobody, or of another CPU --------------------- */

static inline void free_last(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			     struct slab_page *page, bool on_list)
{
	path(cpu, "slab empty");
	if (on_list) {
		struct kmem_cache_node *n = node_of(cpu, slub, s, page);

		remove_partial(cpu, n, page);
	}
	slab_unlock(cpu, page);
}

static inline void free_to_partial(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   struct slab_page *page)
{
	struct kmem_cache_node *n = node_of(cpu, slub, s, page);

	path(cpu, "full to partial");
	add_partial(cpu, n, page, era.refilled);
}

/* Free into a slab that is not this CPU's, interrupts off. `words`: the free pointer's offset, where
 * who frees knows it. True: it was the last object, and the slab is the caller's to discard. */
static inline bool slab_free_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				  struct slab_page *page, void *object, unsigned words)
{
	unsigned inuse;
	uint64_t flags;
	void *prior;

	path(cpu, "slow");
	slab_lock(cpu, page);
	slab_debug(cpu, s, page);
	words = page_free_offset(cpu, s, page, words);
	prior = load(cpu, &page->freelist);
	store(cpu, free_pointer(object, words), prior);
	store(cpu, &page->freelist, object);
	inuse = slab_dec_inuse(cpu, page);
	flags = load(cpu, &page->flags);
	if (!(flags >> PG_FROZEN & 1)) {
		if (inuse == 0) {
			free_last(cpu, slub, s, page, prior != NULL);
			return true;
		}
		if (!prior)
			free_to_partial(cpu, slub, s, page);
	}
	slab_unlock(cpu, page);
	return false;
}

#endif
