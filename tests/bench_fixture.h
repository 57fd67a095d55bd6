/* What `make bench` runs: a flat machine of any size, pairs of CPUs on slub-cpu, page faults. */
#ifndef TESTS_BENCH_FIXTURE_H
#define TESTS_BENCH_FIXTURE_H

#include "sim/sim.h"

struct machine bench_machine(unsigned cpus);

struct remote_free;
/* Starts `cpus` threads; each producer hands `objects` objects to its consumer over a ring. */
struct remote_free *remote_free_new(struct sim *sim, unsigned cpus, uint64_t objects);

struct page_fault;
/* Starts `cpus` threads of one process; each faults so many pages in, 64 at a time (pcp). */
struct page_fault *page_fault_new(struct sim *sim, unsigned cpus, uint64_t faults);

#endif
