/* What `make bench` runs on: a flat machine of any size, and pairs of CPUs on slub-cpu. */
#ifndef TESTS_BENCH_FIXTURE_H
#define TESTS_BENCH_FIXTURE_H

#include "sim/sim.h"

struct machine bench_machine(unsigned cpus);

struct remote_free;
/* Starts `cpus` threads; each producer hands `objects` objects to its consumer over a ring. */
struct remote_free *remote_free_new(struct sim *sim, unsigned cpus, uint64_t objects);

#endif
