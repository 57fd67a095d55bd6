/* The workloads, in the order of lists and reports: one line each. */
#include <string.h>

#include "workloads/workload.h"

extern const struct workload producer_consumer, counter, structs, micro, locks, queues, slab_test,
	replay;
extern const struct workload hackbench, packet_flow, larson, xmalloc_test;
extern const struct workload cache_scratch, cache_thrash, pipeline, burst, deferred;
extern const struct workload pagealloc, pft, page_fault, exit_storm, kernbench, drain_storm, purge,
	slab_refill;

const struct workload *const workloads[] = {
	&producer_consumer, &counter, &structs, &micro, &locks, &queues, &slab_test, &replay,
	&hackbench, &packet_flow, &larson, &xmalloc_test,
	&cache_scratch, &cache_thrash, &pipeline, &burst, &deferred,
	&pagealloc, &pft, &page_fault, &exit_storm, &kernbench, &drain_storm, &purge, &slab_refill,
	NULL,
};

const struct workload *workload_find(const char *name)
{
	for (size_t i = 0; workloads[i]; i++)
		if (strcmp(workloads[i]->name, name) == 0)
			return workloads[i];
	return NULL;
}
