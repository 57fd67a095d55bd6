/* The host's cores and caches, as /sys tells them, or else the C library. */
#ifndef EXPERIMENT_HOST_TOPOLOGY_H
#define EXPERIMENT_HOST_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

enum { HOST_CPUS_MAX = 64, HOST_LEVELS = 3 };

struct host_cache {
	uint64_t kib, ways;             /* ways 0: not told */
	unsigned first;                 /* lowest host CPU that shares it */
};

struct host_core {
	unsigned cpu;                   /* the host's number */
	unsigned package;
	struct host_cache level[HOST_LEVELS];   /* of data */
};

/* Of each core that this process may use one CPU, in order of their numbers: a second thread of a
 * core is passed over. `allowed`: the CPUs it may use. Returns how many. */
unsigned host_cores(const unsigned *allowed, unsigned count, struct host_core *core);
/* "AMD EPYC 7B13"; "" where nobody says. `maker`: "AuthenticAMD". */
void host_processor(char *model, unsigned model_size, char *maker, unsigned maker_size);

#endif
