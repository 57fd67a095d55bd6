/* The memory of barriers and rings; see waiting.h and ring.h. */
#include "workloads/ring.h"

static const struct field barrier_fields[] = {
	FIELD(struct barrier, arrived),
	FIELD(struct barrier, last),
	{ 0 },
};

static const struct layout barrier_layout = {
	"barrier", sizeof(struct barrier), CLASS_WORKLOAD, barrier_fields,
};

struct barrier *barrier_new(struct sim *sim)
{
	return arena_new(sim, struct barrier, 1, 0, LINE, &barrier_layout, "barrier");
}

static const struct field slot_fields[] = {
	FIELD(struct ring_slot, object),
	FIELD(struct ring_slot, size),
	{ 0 },
};

static const struct layout slot_layout = {
	"slot", sizeof(struct ring_slot), CLASS_WORKLOAD, slot_fields,
};

struct ring ring_new(struct sim *sim, uint64_t depth, unsigned node)
{
	return (struct ring){
		.slot = arena_new(sim, struct ring_slot, depth, node, LINE, &slot_layout, "slot"),
		.depth = depth,
	};
}
