/*
 * Prefilled sheaves: who must not fail or sleep later asks for a sheaf with enough objects now,
 * takes from it without any lock, and gives it back. After an era_*.h.
 *
 * Follows: mm/slub.c, Linux 6.18 to 7.3. Left out: more objects than a sheaf holds.
 */
#ifndef MODELS_SLUB_PREFILLED_H
#define MODELS_SLUB_PREFILLED_H

#include "models/slub/sheaf_alloc.h"

/* A full sheaf of the barn, else an empty one; NULL: it has none. */
static inline struct slab_sheaf *barn_get_any(struct cpu *cpu, const struct slub *slub,
					      struct node_barn *barn)
{
	uint32_t *nr_full = barn_nr_full(slub, barn), *nr_empty = barn_nr_empty(slub, barn);
	struct slab_sheaf *sheaf = NULL;
	bool flags;

	if (barn_looks_empty(cpu, slub, nr_full) && barn_looks_empty(cpu, slub, nr_empty))
		return NULL;
	flags = barn_lock(cpu, barn);
	if (barn_has(cpu, nr_full)) {
		sheaf = barn_take(cpu, &barn->sheaves_full);
		fetch_add_local(cpu, nr_full, -1);
	} else if (barn_has(cpu, nr_empty)) {
		sheaf = barn_take(cpu, &barn->sheaves_empty);
		fetch_add_local(cpu, nr_empty, -1);
	}
	barn_unlock(cpu, barn, flags);
	return sheaf;
}

/* A sheaf with `count` objects or more, at most its capacity; NULL: no memory. Interrupts on. */
static inline struct slab_sheaf *cache_prefill(struct cpu *cpu, void *state, struct kmem_cache *s,
					       unsigned count, unsigned gfp)
{
	struct slub_percpu_sheaves *pcs = cpu_sheaves(cpu, s);
	struct slub *slub = state;
	struct slab_sheaf *sheaf;
	uint32_t size = 0, capacity;

	sheaves_lock(cpu, pcs);
	sheaf = load(cpu, &pcs->spare);
	if (sheaf) {
		store(cpu, &pcs->spare, NULL);
	} else {
		struct node_barn *barn = get_barn(cpu, s, cpu_node(cpu));

		sheaf = barn_get_any(cpu, slub, barn);
	}
	sheaves_unlock(cpu, pcs);
	capacity = load(cpu, &s->sheaf_capacity);
	if (sheaf)
		size = load(cpu, &sheaf->size);
	if (size < count)
		sheaf = fill_sheaf(cpu, slub, s, sheaf, capacity, gfp);
	if (sheaf)
		store(cpu, &sheaf->capacity, capacity);
	return sheaf;
}

/* NULL: no object is left. */
static inline void *cache_alloc_prefilled(struct cpu *cpu, struct slab_sheaf *sheaf)
{
	uint32_t size = load(cpu, &sheaf->size);
	void *object;

	if (size == 0)
		return NULL;
	object = load(cpu, &sheaf->objects[size - 1]);
	fetch_add_local(cpu, &sheaf->size, -1);
	return object;
}

/* The spare, if there is none; else full to the barn, or to where its objects come from. */
static inline void cache_return_prefilled(struct cpu *cpu, void *state, struct kmem_cache *s,
					  struct slab_sheaf *sheaf, unsigned gfp)
{
	struct slub_percpu_sheaves *pcs = cpu_sheaves(cpu, s);
	struct slab_sheaf *spare;
	struct slub *slub = state;
	struct node_barn *barn;
	uint32_t size, capacity;

	sheaves_lock(cpu, pcs);
	spare = load(cpu, &pcs->spare);
	if (!spare)
		store(cpu, &pcs->spare, sheaf);
	sheaves_unlock(cpu, pcs);
	if (!spare)
		return;
	barn = get_barn(cpu, s, cpu_node(cpu));
	capacity = load(cpu, &s->sheaf_capacity);
	if (barn_count(cpu, barn_nr_full(slub, barn)) >= sheaf_set(slub)->max_full) {
		flush_sheaf(cpu, slub, s, sheaf);
		free_sheaf(cpu, slub, sheaf);
		return;
	}
	size = load(cpu, &sheaf->size);
	if (size < capacity)
		sheaf = fill_sheaf(cpu, slub, s, sheaf, capacity, gfp);
	if (sheaf)
		barn_put_full(cpu, slub, barn, sheaf);
}

#endif
