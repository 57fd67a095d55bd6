/* See sim/verbs/cache_share.h: here the machine's file says it. */
#include "sim/verbs/cache_share.h"

#include "sim/internal.h"

uint64_t sim_cache_share(const struct sim *sim)
{
	const struct machine *machine = &sim->machine;
	const struct cache_level *last = &machine->l1d;

	if (machine->l2.ways)
		last = &machine->l2;
	if (machine->llc.ways)
		last = &machine->llc;
	return last->kib * 1024 / last->shared;
}
