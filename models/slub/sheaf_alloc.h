/*
 * Allocation with sheaves: the last object of the main sheaf; an empty main is swapped with the
 * spare, then exchanged for a full sheaf of the barn, then one is filled from the slabs.
 * After an era_*.h.
 *
 * Follows: mm/slub.c, Linux 6.18 to 7.3. Left out: requests for a node.
 */
#ifndef MODELS_SLUB_SHEAF_ALLOC_H
#define MODELS_SLUB_SHEAF_ALLOC_H

#include "models/slub/barn.h"
#include "models/slub/sheaf_memory.h"

/* Fills an empty sheaf, a new one if there is none; NULL: no memory for it or for its objects. */
static inline struct slab_sheaf *fill_sheaf(struct cpu *cpu, struct slub *slub,
					    struct kmem_cache *s, struct slab_sheaf *sheaf,
					    unsigned capacity, unsigned gfp)
{
	unsigned size, got;
	struct batch to;

	if (!sheaf)
		sheaf = alloc_empty_sheaf(cpu, slub, s, gfp);
	if (!sheaf)
		return NULL;
	size = load(cpu, &sheaf->size);
	to = batch_of_sheaf(sheaf, size);
	got = fill(cpu, slub, s, gfp, &to, capacity - size);
	fetch_add_local(cpu, &sheaf->size, got);
	if (size + got == capacity)
		return sheaf;
	flush_sheaf(cpu, slub, s, sheaf);
	free_sheaf(cpu, slub, sheaf);
	return NULL;
}

/* The main sheaf gave way to `full` while it was empty. */
static inline void retire_main(struct cpu *cpu, struct slub *slub, struct slub_percpu_sheaves *pcs,
			       struct node_barn *barn, struct slab_sheaf *main)
{
	if (sheaf_rules.old_main_is_spare) {
		struct slab_sheaf *spare = load(cpu, &pcs->spare);

		if (!spare) {
			store(cpu, &pcs->spare, main);
			return;
		}
	}
	barn_put_empty(cpu, slub, barn, main);
}

/* Somebody has filled the main sheaf meanwhile: the full one is the spare, or goes to the barn. */
static inline void keep_full(struct cpu *cpu, struct slub *slub, struct slub_percpu_sheaves *pcs,
			     struct node_barn *barn, struct slab_sheaf *full)
{
	struct slab_sheaf *spare = load(cpu, &pcs->spare);
	uint32_t size = spare ? load(cpu, &spare->size) : 0;

	if (spare && size > 0) {
		barn_put_full(cpu, slub, barn, full);
		return;
	}
	if (spare)
		barn_put_empty(cpu, slub, barn, spare);
	store(cpu, &pcs->spare, full);
}

/* A full sheaf, outside, becomes this CPU's. Returns its main, inside; NULL: an interrupted owner is
 * inside, and the sheaf went to the barn. */
static inline struct slab_sheaf *install_full(struct cpu *cpu, struct slub *slub,
					      struct slub_percpu_sheaves *pcs,
					      struct node_barn *barn, struct slab_sheaf *full)
{
	struct slab_sheaf *main;
	uint32_t size;

	if (!sheaf_rules.trylocks_after_fill) {
		sheaves_lock(cpu, pcs);
	} else if (!sheaves_trylock(cpu, pcs)) {
		barn_put_full(cpu, slub, barn, full);
		return NULL;
	}
	main = load(cpu, &pcs->main);
	size = load(cpu, &main->size);
	if (size == 0) {
		retire_main(cpu, slub, pcs, barn, main);
		store(cpu, &pcs->main, full);
		return full;
	}
	keep_full(cpu, slub, pcs, barn, full);
	return main;
}

/* The main sheaf is empty. Returns a main with objects, inside; NULL, outside: there is none. */
static inline struct slab_sheaf *replace_empty_main(struct cpu *cpu, struct slub *slub,
						    struct kmem_cache *s,
						    struct slub_percpu_sheaves *pcs,
						    struct slab_sheaf *main, unsigned gfp)
{
	uint32_t capacity = load(cpu, &s->sheaf_capacity);
	struct slab_sheaf *spare = load(cpu, &pcs->spare), *sheaf;
	uint32_t spares = spare ? load(cpu, &spare->size) : 0;
	struct node_barn *barn;

	if (spares > 0) {
		path(cpu, "spare");
		store(cpu, &pcs->main, spare);
		store(cpu, &pcs->spare, main);
		return spare;
	}
	path(cpu, "barn");
	barn = get_barn(cpu, s, cpu_node(cpu));
	sheaf = barn_replace_empty(cpu, slub, barn, main);
	if (sheaf) {
		store(cpu, &pcs->main, sheaf);
		return sheaf;
	}
	if (!sheaf_rules.fills_without_blocking && gfp & GFP_ATOMIC) {
		sheaves_unlock(cpu, pcs);
		return NULL;
	}
	sheaf = spare;
	if (spare)
		store(cpu, &pcs->spare, NULL);
	else
		sheaf = barn_get_empty(cpu, slub, barn);
	sheaves_unlock(cpu, pcs);
	path(cpu, "fill");
	sheaf = fill_sheaf(cpu, slub, s, sheaf, capacity, gfp);
	path(cpu, "fill");                      /* whatever was freed or allocated on the way */
	return sheaf ? install_full(cpu, slub, pcs, barn, sheaf) : NULL;
}

/* NULL: not from here. */
static inline void *alloc_from_sheaves(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				       unsigned gfp)
{
	struct slub_percpu_sheaves *pcs = cpu_sheaves(cpu, s);
	struct slab_sheaf *main;
	uint32_t size;
	void *object;

	if (!pcs || !sheaves_trylock(cpu, pcs))
		return NULL;
	path(cpu, "fast");
	main = load(cpu, &pcs->main);
	size = load(cpu, &main->size);
	if (size == 0) {
		main = replace_empty_main(cpu, slub, s, pcs, main, gfp);
		if (!main)
			return NULL;
		size = load(cpu, &main->size);
	}
	object = load(cpu, &main->objects[size - 1]);
	fetch_add_local(cpu, &main->size, -1);
	sheaves_unlock(cpu, pcs);
	return object;
}

#endif
