/*
 * Many objects go back to their slabs: those of one slab that lie near one another in the array are
 * linked and freed together. After an era_*.h.
 *
 * Follows: mm/slub.c, Linux 6.17 to 7.3.
 */
#ifndef MODELS_SLUB_FLUSH_H
#define MODELS_SLUB_FLUSH_H

enum { LOOK_AHEAD = 3 };        /* the third object of another slab ends the search */

/* Objects of one slab, linked. */
struct chain {
	struct slab_page *slab;
	void *head, *tail;
	unsigned count;
};

static inline void chain_add(struct cpu *cpu, struct kmem_cache *s, struct chain *chain, void *object)
{
	set_next_free(cpu, s, object, chain->head);
	chain->head = object;
	chain->count++;
}

/* From the end of the array: the last object and those of its slab before it leave the array, others
 * move up into their places. Returns how many stay. */
static inline unsigned take_chain(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				  const struct batch *array, unsigned count, struct chain *chain)
{
	unsigned stay = count - 1, others = 0;
	void *object = batch_get(cpu, array, stay);

	*chain = (struct chain){ .slab = virt_to_slab(cpu, slub, object), .tail = object };
	chain_add(cpu, s, chain, object);
	for (unsigned at = stay; at > 0 && others < LOOK_AHEAD;) {
		struct slab_page *slab;

		object = batch_get(cpu, array, --at);
		slab = virt_to_slab(cpu, slub, object);
		if (slab != chain->slab) {
			others++;
			continue;
		}
		chain_add(cpu, s, chain, object);
		stay--;
		if (at != stay) {
			void *moves = batch_get(cpu, array, stay);

			batch_put(cpu, array, at, moves);
			batch_put(cpu, array, stay, object);
		}
	}
	return stay;
}

static inline void flush_batch(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       const struct batch *array, unsigned count)
{
	while (count > 0) {
		struct chain chain;

		count = take_chain(cpu, slub, s, array, count, &chain);
		free_chain(cpu, slub, s, chain.slab, chain.head, chain.tail, chain.count);
	}
}

/* A sheaf that is nobody else's. */
static inline void flush_sheaf(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
			       struct slab_sheaf *sheaf)
{
	struct batch array = batch_of_sheaf(sheaf, 0);
	unsigned size = load(cpu, &sheaf->size);

	flush_batch(cpu, slub, s, &array, size);
	store(cpu, &sheaf->size, 0);
}

#endif
