/*
 * A ring of objects between one CPU and another: null is empty, so that both sides write the slots.
 * Each side has a view of its own, host memory of that CPU alone.
 */
#ifndef WORKLOADS_RING_H
#define WORKLOADS_RING_H

#include "workloads/waiting.h"

struct ring_slot {
	void *object;                   /* NULL: empty */
	uint64_t size;
};

struct ring {
	struct ring_slot *slot;         /* simulated; [depth] */
	uint64_t depth, at;             /* objects that went through here */
};

/* What the last one that comes is followed by: no object lies here. */
#define RING_END ((void *)1)

/* Set-up: both sides begin with a copy of it. */
struct ring ring_new(struct sim *sim, uint64_t depth, unsigned node);
static inline struct ring_slot *ring_at(const struct ring *ring)
{
	return &ring->slot[ring->at % ring->depth];
}

static inline void ring_put(struct cpu *cpu, struct ring *ring, void *object, uint32_t size)
{
	struct ring_slot *slot = ring_at(ring);

	await_empty(cpu, &slot->object);
	store(cpu, &slot->size, size);
	store(cpu, &slot->object, object);
	ring->at++;
}

/* Waits for the next one; RING_END: there is none. */
static inline void *ring_take(struct cpu *cpu, struct ring *ring, uint32_t *size)
{
	struct ring_slot *slot = ring_at(ring);
	void *object = await_full(cpu, &slot->object);

	*size = (uint32_t)load(cpu, &slot->size);
	store(cpu, &slot->object, NULL);
	ring->at++;
	return object;
}

/* Is there room, or one to take? */
static inline bool ring_has_room(struct cpu *cpu, const struct ring *ring)
{
	void *object = load(cpu, &ring_at(ring)->object);

	return !object;
}

#endif
