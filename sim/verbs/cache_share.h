/* What a kernel knows of the machine's caches when it starts, and sizes its own lists by. */
#ifndef SIM_VERBS_CACHE_SHARE_H
#define SIM_VERBS_CACHE_SHARE_H

#include <stdint.h>

struct sim;

/* Bytes of the last cache that a core has where all that share it use it; 0: not known. */
uint64_t sim_cache_share(const struct sim *sim);

#endif
