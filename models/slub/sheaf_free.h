/*
 * Frees with sheaves: behind the last object of the main sheaf; a full main is swapped with the
 * spare, then exchanged for an empty sheaf of the barn; if the barn has enough, the spare is
 * flushed to the slabs; if it has no empty one, a sheaf is made. After an era_*.h.
 *
 * Follows: mm/slub.c, Linux 6.18 to 7.3.
 */
#ifndef MODELS_SLUB_SHEAF_FREE_H
#define MODELS_SLUB_SHEAF_FREE_H

#include "models/slub/barn.h"
#include "models/slub/sheaf_memory.h"

/* An empty sheaf, and this CPU is inside. Returns its main, which has room. */
static inline struct slab_sheaf *install_empty(struct cpu *cpu, struct slub *slub,
					       struct slub_percpu_sheaves *pcs,
					       struct node_barn *barn, uint32_t capacity,
					       struct slab_sheaf *empty)
{
	struct slab_sheaf *main = load(cpu, &pcs->main), *spare = load(cpu, &pcs->spare);
	uint32_t size;

	if (!spare) {
		store(cpu, &pcs->spare, main);
		store(cpu, &pcs->main, empty);
		return empty;
	}
	size = load(cpu, &main->size);
	if (size < capacity) {                  /* somebody was here meanwhile */
		barn_put_empty(cpu, slub, barn, empty);
		return main;
	}
	size = load(cpu, &spare->size);
	if (size < capacity) {
		store(cpu, &pcs->main, spare);
		store(cpu, &pcs->spare, main);
		barn_put_empty(cpu, slub, barn, empty);
		return spare;
	}
	barn_put_full(cpu, slub, barn, main);   /* whatever the limit */
	store(cpu, &pcs->main, empty);
	return empty;
}

/* The main sheaf's objects go to their slabs, the last ones first, a batch at a time. False: an
 * interrupted owner is inside. */
static inline bool flush_main(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			      struct slub_percpu_sheaves *pcs)
{
	enum { PCS_BATCH_MAX = 32 };
	void *object[PCS_BATCH_MAX];
	struct batch array = batch_on_stack(object);
	uint32_t size;

	do {
		struct slab_sheaf *main;
		uint32_t count;

		if (!sheaves_trylock(cpu, pcs))
			return false;
		main = load(cpu, &pcs->main);
		size = load(cpu, &main->size);
		count = size < PCS_BATCH_MAX ? size : PCS_BATCH_MAX;
		size -= count;
		store(cpu, &main->size, size);
		for (uint32_t i = 0; i < count; i++)
			object[i] = load(cpu, &main->objects[size + i]);
		sheaves_unlock(cpu, pcs);
		flush_batch(cpu, slub, s, &array, count);
	} while (size > 0);
	return true;
}

/* What a full main sheaf could be replaced by, inside. NULL: nothing; *empty, if it is one, is to be
 * installed; outside. */
static inline struct slab_sheaf *swap_full_main(struct cpu *cpu, struct slub *slub,
						struct kmem_cache *s,
						struct slub_percpu_sheaves *pcs,
						struct node_barn *barn, struct slab_sheaf *main,
						uint32_t capacity, struct slab_sheaf **empty)
{
	struct slab_sheaf *spare = load(cpu, &pcs->spare);
	enum barn_answer answer;
	uint32_t size;

	*empty = NULL;
	if (!spare) {
		*empty = barn_get_empty(cpu, slub, barn);
		if (!*empty)
			goto none;
		store(cpu, &pcs->spare, main);
		store(cpu, &pcs->main, *empty);
		return *empty;
	}
	size = load(cpu, &spare->size);
	if (size < capacity) {
		path(cpu, "spare");
		store(cpu, &pcs->main, spare);
		store(cpu, &pcs->spare, main);
		return spare;
	}
	answer = barn_replace_full(cpu, slub, barn, main, empty);
	if (answer == BARN_GAVE) {
		store(cpu, &pcs->main, *empty);
		return *empty;
	}
	if (answer == BARN_IS_FULL) {
		store(cpu, &pcs->spare, NULL);
		sheaves_unlock(cpu, pcs);
		flush_sheaf(cpu, slub, s, spare);
		path(cpu, "flush");
		*empty = spare;
		return NULL;
	}
none:
	sheaves_unlock(cpu, pcs);
	*empty = alloc_empty_sheaf(cpu, slub, s, GFP_ATOMIC);
	path(cpu, "new sheaf");
	return NULL;
}

/* The main sheaf is full. Returns a main with room, inside; NULL, outside: there is none. */
static inline struct slab_sheaf *replace_full_main(struct cpu *cpu, struct slub *slub,
						   struct kmem_cache *s,
						   struct slub_percpu_sheaves *pcs,
						   struct slab_sheaf *main, uint32_t capacity)
{
	struct slab_sheaf *empty, *roomy;
	uint32_t size;

	for (;;) {
		struct node_barn *barn = get_barn(cpu, s, cpu_node(cpu));

		path(cpu, "barn");
		roomy = swap_full_main(cpu, slub, s, pcs, barn, main, capacity, &empty);
		if (roomy)
			return roomy;
		if (empty && sheaves_trylock(cpu, pcs))
			return install_empty(cpu, slub, pcs, barn, capacity, empty);
		if (empty) {
			barn_put_empty(cpu, slub, barn, empty);
			return NULL;
		}
		if (!flush_main(cpu, slub, s, pcs) || !sheaves_trylock(cpu, pcs))
			return NULL;
		path(cpu, "flush");
		main = load(cpu, &pcs->main);
		size = load(cpu, &main->size);
		if (size < capacity)
			return main;
	}
}

/* False: not here. */
static inline bool free_to_sheaves(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				   void *object)
{
	struct slub_percpu_sheaves *pcs = cpu_sheaves(cpu, s);
	struct slab_sheaf *main;
	uint32_t size, capacity;

	if (!sheaves_trylock(cpu, pcs))
		return false;
	path(cpu, "fast");
	main = load(cpu, &pcs->main);
	size = load(cpu, &main->size);
	capacity = load(cpu, &s->sheaf_capacity);
	if (size == capacity) {
		main = replace_full_main(cpu, slub, s, pcs, main, capacity);
		if (!main)
			return false;
		size = load(cpu, &main->size);
	}
	store(cpu, &main->objects[size], object);
	fetch_add_local(cpu, &main->size, 1);
	sheaves_unlock(cpu, pcs);
	return true;
}

/* ---- of other nodes: `remote: sheaf`, which no kernel has -------------------------------------------- */

static inline struct slab_sheaf **remote_sheaf(struct slub_percpu_sheaves *pcs, unsigned node)
{
	return (struct slab_sheaf **)(pcs + 1) + node;
}

/* Objects of a node gather until the sheaf is full; then its chains go back together. False: not
 * here. */
static inline bool free_to_remote_sheaf(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
					unsigned node, void *object)
{
	struct slub_percpu_sheaves *pcs = cpu_sheaves(cpu, s);
	struct slab_sheaf **place = remote_sheaf(pcs, node), *sheaf;
	uint32_t size, capacity;

	if (!sheaves_trylock(cpu, pcs))
		return false;
	path(cpu, "remote sheaf");
	sheaf = load(cpu, place);
	if (!sheaf) {                           /* this CPU is flushing it, and was interrupted */
		sheaves_unlock(cpu, pcs);
		return false;
	}
	size = load(cpu, &sheaf->size);
	capacity = load(cpu, &s->sheaf_capacity);
	if (size == capacity) {
		store(cpu, place, NULL);
		sheaves_unlock(cpu, pcs);
		flush_sheaf(cpu, slub, s, sheaf);
		path(cpu, "remote flush");
		sheaves_lock(cpu, pcs);
		store(cpu, place, sheaf);
		size = 0;
	}
	store(cpu, &sheaf->objects[size], object);
	fetch_add_local(cpu, &sheaf->size, 1);
	sheaves_unlock(cpu, pcs);
	return true;
}

#endif
