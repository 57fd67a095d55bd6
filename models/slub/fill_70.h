/* Many objects at once, from 7.0: out of partial slabs of this node, of others, out of new slabs.
 * After refill_70.h or refill_73.h. */
#ifndef MODELS_SLUB_FILL_70_H
#define MODELS_SLUB_FILL_70_H

/* Other nodes' locks are only tried. */
static inline unsigned fill_from_others(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
					const struct batch *to, unsigned have, unsigned want)
{
	if (!may_take_of_others(cpu, slub, s))
		return have;
	for (unsigned i = 0; i < slub->memory->nodes && have < want; i++) {
		struct kmem_cache_node *n = rich_node(cpu, slub, s, i);

		if (n)
			have = fill_from_node(cpu, slub, s, n, to, have, want, true);
	}
	return have;
}

/* `want` objects into the batch. Returns how many; fewer: no memory. */
static inline unsigned fill(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp,
			    const struct batch *to, unsigned want)
{
	struct kmem_cache_node *n = get_node(cpu, s, cpu_node(cpu));
	unsigned have = fill_from_node(cpu, slub, s, n, to, 0, want, false);

	if (have < want)
		have = fill_from_others(cpu, slub, s, to, have, want);
	while (have < want) {
		unsigned now = fill_from_new(cpu, slub, s, gfp, to, have, want);

		if (now == have)
			break;
		have = now;
	}
	return have;
}

#endif
