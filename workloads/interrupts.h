/*
 * Devices beside a workload: interrupts on some CPUs whose handlers allocate and free objects.
 *
 * What they do goes through the same allocator and is counted with it, so it is also among the
 * operations that the window waits for. An interrupt on a CPU without a thread is lost.
 */
#ifndef WORKLOADS_INTERRUPTS_H
#define WORKLOADS_INTERRUPTS_H

#include "workloads/work.h"
#include "workloads/workload.h"

enum interrupts_do { DOES_ALLOC, DOES_FREE, DOES_ALLOC_FREE };
enum interrupts_cache { CACHE_OWN, CACHE_SAME };

struct interrupts {
	uint64_t every;                 /* cycles, in the mean; 0: there are none */
	uint64_t cpus;                  /* the first so many; 0: all */
	struct distribution work;       /* how `every` varies */
	int does, cache;                /* enum interrupts_do, interrupts_cache */
	uint64_t object_size;           /* of CACHE_OWN */
	uint64_t hold;
};

extern const struct setting interrupts_settings[];

struct devices;

/*
 * Set-up, after the workload's: on each of its CPUs the first interrupt comes after cycle `start`,
 * before which no thread may be expected to run. NULL: there are none, or, with a reason in `why`,
 * there cannot be.
 */
struct devices *devices_new(struct traffic *traffic, const struct interrupts *settings,
			    uint64_t start, char *why, size_t size);
void devices_free(struct devices *devices);     /* NULL: nothing */

#endif
