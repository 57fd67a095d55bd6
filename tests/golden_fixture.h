/*
 * Golden counts: a fixed stream of two million accesses, on which independent simulators agree.
 *
 * The stream: xorshift64 from 88172645463325252, each new x is r; CPUs take turns from 0. With
 * p = r % 1000, a = (r >> 20) & 63, b = (r >> 32) % 100:
 *	p < 900: 0x10000000 + cpu * 0x101000 + a * 64, a write if b < 30     (private lines)
 *	else:    0x08000000 + (a & 7) * 64,            a write if b < 50     (eight shared lines)
 * Caches empty at first, each access complete before the next one starts.
 */
#ifndef TESTS_GOLDEN_FIXTURE_H
#define TESTS_GOLDEN_FIXTURE_H

#include <stdint.h>

enum { GOLDEN_CPUS_MAX = 64 };

struct golden {
	uint64_t read_misses, write_misses, upgrades, invalidations, downgrades;
};

/* The stream through the engine's protocol core, L1 of 32 KiB, 8 ways. */
struct golden golden_engine(unsigned cpus);
/* The same through nothing but an owner and a mask of sharers per line. */
struct golden golden_bare(unsigned cpus);

#endif
