/* The memory of barriers; see waiting.h. */
#include "workloads/waiting.h"

static const struct field barrier_fields[] = {
	FIELD(struct barrier, arrived),
	{ 0 },
};

static const struct layout barrier_layout = {
	"barrier", sizeof(struct barrier), CLASS_WORKLOAD, barrier_fields,
};

struct barrier *barrier_new(struct sim *sim)
{
	return arena_new(sim, struct barrier, 1, 0, LINE, &barrier_layout, "barrier");
}
