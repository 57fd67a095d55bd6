/*
 * An array of pointers to objects that a call fills or frees: entries of a sheaf, which are in
 * memory, or the caller's own, which are in registers and on its stack and cost no access.
 */
#ifndef MODELS_SLUB_BATCH_H
#define MODELS_SLUB_BATCH_H

#include "models/model.h"

struct batch {
	void **at;
	bool in_memory;
};

static inline struct batch batch_of_sheaf(struct slab_sheaf *sheaf, unsigned from)
{
	return (struct batch){ sheaf->objects + from, true };
}

static inline struct batch batch_on_stack(void **at)
{
	return (struct batch){ at, false };
}

static inline void *batch_get(struct cpu *cpu, const struct batch *batch, unsigned i)
{
	return batch->in_memory ? load(cpu, &batch->at[i]) : batch->at[i];
}

static inline void batch_put(struct cpu *cpu, const struct batch *batch, unsigned i, void *object)
{
	if (batch->in_memory)
		store(cpu, &batch->at[i], object);
	else
		batch->at[i] = object;
}

#endif
