/*
 * The shipped machines: who is how far from whom, which memory is whose, and that a lone access
 * costs what the machine's file says, all by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/machine_file.h"
#include "sim/internal.h"
#include "sim/verbs/cache_share.h"
#include "tests/cli_fixture.h"
#include "tests/engine_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* clang-format off */

/* sockets x dies x cores */
static const struct { const char *machine; unsigned cores; } sizes[] = {
	{ "cascade-2s", 2 * 24 },     { "core2-2s", 2 * 2 * 2 },  { "graviton2", 64 },
	{ "haswell-2s", 2 * 18 },     { "host-zen4", 2 * 8 },     { "i7-1s", 4 },
	{ "milan-2s", 2 * 6 * 8 },    { "opteron-48", 4 * 2 * 6 }, { "rome-2s", 2 * 16 * 4 },
	{ "textbook", 2 * 8 },        { "uv-1024", 128 * 8 },     { "westmere-2s", 2 * 6 },
	{ "westmere-ex-8s", 8 * 10 },
};

static const struct { const char *machine; unsigned core, other, distance; } pairs[] = {
	{ "core2-2s", 0, 1, 0 }, { "core2-2s", 2, 3, 0 },
	{ "core2-2s", 0, 2, 1 }, { "core2-2s", 3, 1, 1 },
	{ "core2-2s", 0, 4, 2 }, { "core2-2s", 7, 3, 2 },
	{ "textbook", 0, 7, 0 }, { "textbook", 8, 15, 0 }, { "textbook", 7, 8, 1 }, { "textbook", 15, 0, 1 },
	/* dies of 6, sockets of 12 at the corners of a square: 00 01 10 11 */
	{ "opteron-48", 0, 5, 0 }, { "opteron-48", 6, 11, 0 },
	{ "opteron-48", 0, 6, 1 }, { "opteron-48", 11, 0, 1 },
	{ "opteron-48", 0, 12, 2 }, { "opteron-48", 0, 24, 2 }, { "opteron-48", 12, 47, 2 },
	{ "opteron-48", 0, 36, 3 }, { "opteron-48", 12, 24, 3 }, { "opteron-48", 42, 0, 3 },
	{ "westmere-2s", 0, 5, 0 }, { "westmere-2s", 6, 11, 0 }, { "westmere-2s", 5, 6, 1 }, { "westmere-2s", 11, 0, 1 },
	{ "i7-1s", 0, 3, 0 },
	{ "haswell-2s", 0, 17, 0 }, { "haswell-2s", 35, 18, 0 }, { "haswell-2s", 17, 18, 1 },
	{ "cascade-2s", 0, 23, 0 }, { "cascade-2s", 47, 24, 0 }, { "cascade-2s", 23, 24, 1 },
	/* complexes of 4, 16 a socket */
	{ "rome-2s", 0, 3, 0 }, { "rome-2s", 124, 127, 0 },
	{ "rome-2s", 3, 4, 1 }, { "rome-2s", 0, 63, 1 }, { "rome-2s", 64, 127, 1 },
	{ "rome-2s", 63, 64, 2 }, { "rome-2s", 127, 0, 2 },
	/* complexes of 8, 6 a socket */
	{ "milan-2s", 0, 7, 0 }, { "milan-2s", 88, 95, 0 },
	{ "milan-2s", 7, 8, 1 }, { "milan-2s", 0, 47, 1 }, { "milan-2s", 47, 48, 2 },
	{ "graviton2", 0, 63, 0 },
	/* sockets of 10 at the corners of a cube: 000 to 111 */
	{ "westmere-ex-8s", 0, 9, 0 }, { "westmere-ex-8s", 79, 70, 0 },
	{ "westmere-ex-8s", 0, 10, 1 }, { "westmere-ex-8s", 0, 20, 1 }, { "westmere-ex-8s", 0, 40, 1 },
	{ "westmere-ex-8s", 30, 70, 1 },
	{ "westmere-ex-8s", 0, 30, 2 }, { "westmere-ex-8s", 0, 70, 2 }, { "westmere-ex-8s", 10, 20, 2 },
	/* sockets of 8, blades of 16, routers of 16 x 16 = 256 */
	{ "uv-1024", 0, 7, 0 }, { "uv-1024", 15, 8, 0 },
	{ "uv-1024", 0, 8, 1 }, { "uv-1024", 7, 15, 1 }, { "uv-1024", 1008, 1023, 1 },
	{ "uv-1024", 15, 16, 2 }, { "uv-1024", 0, 255, 2 }, { "uv-1024", 768, 1023, 2 },
	{ "uv-1024", 255, 256, 3 }, { "uv-1024", 0, 1023, 3 },
	{ "host-zen4", 0, 7, 0 }, { "host-zen4", 8, 15, 0 }, { "host-zen4", 0, 8, 1 },
};

/* The first and the last core of a node, and what follows. */
static const struct { const char *machine; unsigned core, node; } nodes[] = {
	{ "core2-2s", 7, 0 }, { "textbook", 15, 0 }, { "i7-1s", 3, 0 }, { "graviton2", 63, 0 }, { "host-zen4", 15, 0 },
	{ "opteron-48", 5, 0 }, { "opteron-48", 6, 1 }, { "opteron-48", 12, 2 }, { "opteron-48", 47, 7 },
	{ "westmere-2s", 5, 0 }, { "westmere-2s", 6, 1 },
	{ "haswell-2s", 17, 0 }, { "haswell-2s", 18, 1 },
	{ "cascade-2s", 23, 0 }, { "cascade-2s", 24, 1 },
	{ "rome-2s", 63, 0 }, { "rome-2s", 64, 1 },
	{ "milan-2s", 47, 0 }, { "milan-2s", 48, 1 },
	{ "westmere-ex-8s", 9, 0 }, { "westmere-ex-8s", 10, 1 }, { "westmere-ex-8s", 79, 7 },
	{ "uv-1024", 7, 0 }, { "uv-1024", 8, 1 }, { "uv-1024", 16, 2 }, { "uv-1024", 1023, 127 },
};

/* ns x GHz x 64, to nearest */
static const struct { const char *machine; double ns; uint64_t units; } conversions[] = {
	{ "core2-2s", 109, 18556 },             /* 109   x 2.66  x 64 = 18556.16 */
	{ "opteron-48", 64.8, 8709 },           /* 64.8  x 2.1   x 64 =  8709.12 */
	{ "opteron-48", 120, 16128 },           /* 120   x 2.1   x 64 = 16128 */
	{ "westmere-2s", 28.1, 4802 },          /* 28.1  x 2.67  x 64 =  4801.728 */
	{ "i7-1s", 17.1, 3830 },                /* 17.1  x 3.5   x 64 =  3830.4 */
	{ "haswell-2s", 107, 15750 },           /* 107   x 2.3   x 64 = 15750.4 */
	{ "cascade-2s", 115.6, 17016 },         /* 115.6 x 2.3   x 64 = 17016.32 */
	{ "rome-2s", 260, 54912 },              /* 260   x 3.3   x 64 = 54912 */
	{ "milan-2s", 22.7, 5085 },             /* 22.7  x 3.5   x 64 =  5084.8 */
	{ "graviton2", 47, 7520 },              /* 47    x 2.5   x 64 =  7520 */
	{ "westmere-ex-8s", 187.8, 25601 },     /* 187.8 x 2.13  x 64 = 25600.896 */
	{ "uv-1024", 1300, 187200 },            /* 1300  x 2.25  x 64 = 187200 */
	{ "host-zen4", 26.7, 6297 },            /* 26.7  x 3.685 x 64 =  6296.928 */
};

/* Load by `core` of a line that nobody has, of the memory of `node`. */
static const struct { const char *machine; unsigned core, node; double ns; } memories[] = {
	{ "core2-2s", 7, 0, 120 }, { "textbook", 8, 0, 100 }, { "i7-1s", 3, 0, 70 }, { "graviton2", 63, 0, 95 },
	{ "host-zen4", 8, 0, 130 },
	/* node 1: the package's other die; 2, 4: one hop; 6: sockets 00 and 11, two */
	{ "opteron-48", 0, 0, 64.8 }, { "opteron-48", 0, 1, 112.9 }, { "opteron-48", 0, 2, 117.6 },
	{ "opteron-48", 0, 4, 117.6 }, { "opteron-48", 0, 6, 155.7 }, { "opteron-48", 47, 7, 64.8 },
	{ "westmere-2s", 0, 0, 82 }, { "westmere-2s", 0, 1, 120 },
	{ "haswell-2s", 35, 1, 100 }, { "haswell-2s", 35, 0, 137 },
	{ "cascade-2s", 0, 0, 81 }, { "cascade-2s", 0, 1, 135 },
	/* the whole socket is the own node, other complexes of it included */
	{ "rome-2s", 60, 0, 125 }, { "rome-2s", 60, 1, 195 },
	{ "milan-2s", 40, 0, 120 }, { "milan-2s", 40, 1, 190 },
	/* 000 and 001: one hop; 000 and 011: two */
	{ "westmere-ex-8s", 0, 0, 166.7 }, { "westmere-ex-8s", 0, 1, 231 }, { "westmere-ex-8s", 0, 3, 282 },
	/* blades are nodes 0 and 1, 2 and 3, ...; the first router has nodes 0 to 31 */
	{ "uv-1024", 0, 0, 170 }, { "uv-1024", 0, 1, 250 }, { "uv-1024", 0, 2, 600 }, { "uv-1024", 0, 31, 600 },
	{ "uv-1024", 0, 32, 1000 }, { "uv-1024", 1023, 0, 1000 },
};

/*
 * Both cores load or store a line of the first core's memory, then the second does `last`: alone,
 * so it costs the entry of the machine's table.
 */
enum verb { NOTHING, LOAD, STORE, ADD };

static const struct {
	const char *machine;
	unsigned first, second;
	enum verb before, between, last;        /* of the first core; of the second, twice */
	double ns;
} transfers[] = {
#define M_LOAD STORE, NOTHING, LOAD
#define E_LOAD LOAD, NOTHING, LOAD
#define M_ADD STORE, NOTHING, ADD
#define E_ADD LOAD, NOTHING, ADD
#define S_ADD LOAD, LOAD, ADD
	{ "core2-2s", 0, 1, M_LOAD, 23 }, { "core2-2s", 0, 2, M_LOAD, 100 }, { "core2-2s", 0, 4, M_LOAD, 109 },
	{ "core2-2s", 0, 1, E_LOAD, 14 }, { "core2-2s", 0, 2, E_LOAD, 100 }, { "core2-2s", 0, 4, E_LOAD, 109 },
	{ "core2-2s", 0, 1, M_ADD, 26 }, { "core2-2s", 0, 4, M_ADD, 115 },
	{ "core2-2s", 0, 1, S_ADD, 20 }, { "core2-2s", 0, 2, S_ADD, 95 }, { "core2-2s", 0, 4, S_ADD, 105 },
	{ "opteron-48", 0, 1, M_LOAD, 38.6 }, { "opteron-48", 0, 6, M_LOAD, 76.7 },
	{ "opteron-48", 0, 12, M_LOAD, 81.9 }, { "opteron-48", 0, 36, M_LOAD, 120 },
	{ "opteron-48", 0, 1, E_LOAD, 39.5 }, { "opteron-48", 0, 6, E_LOAD, 77.6 },
	{ "opteron-48", 0, 12, E_LOAD, 83.3 }, { "opteron-48", 0, 36, E_LOAD, 120.5 },
	{ "opteron-48", 0, 1, M_ADD, 52.4 }, { "opteron-48", 0, 6, M_ADD, 93.8 },
	{ "opteron-48", 0, 12, M_ADD, 102.9 }, { "opteron-48", 0, 36, M_ADD, 141 },
	{ "opteron-48", 0, 1, S_ADD, 129.5 }, { "opteron-48", 0, 6, S_ADD, 134.8 },
	{ "opteron-48", 0, 12, S_ADD, 148.6 }, { "opteron-48", 0, 36, S_ADD, 158.1 },
	{ "westmere-2s", 0, 1, M_LOAD, 28.1 }, { "westmere-2s", 0, 6, M_LOAD, 105 },
	{ "westmere-2s", 0, 1, E_LOAD, 24.3 }, { "westmere-2s", 0, 6, E_LOAD, 63 },
	{ "westmere-2s", 0, 1, M_ADD, 31 }, { "westmere-2s", 0, 6, M_ADD, 110 },
	{ "westmere-2s", 0, 1, E_ADD, 27 }, { "westmere-2s", 0, 6, E_ADD, 70 },
	{ "westmere-2s", 0, 1, S_ADD, 28 }, { "westmere-2s", 0, 6, S_ADD, 100 },
	{ "i7-1s", 0, 1, M_LOAD, 17.1 }, { "i7-1s", 0, 1, E_LOAD, 12.3 },
	{ "i7-1s", 0, 1, M_ADD, 20 }, { "i7-1s", 0, 1, E_ADD, 16 }, { "i7-1s", 0, 1, S_ADD, 18 },
	{ "haswell-2s", 0, 1, M_LOAD, 47 }, { "haswell-2s", 0, 18, M_LOAD, 107 },
	{ "haswell-2s", 0, 1, E_LOAD, 42.1 }, { "haswell-2s", 0, 18, E_LOAD, 100 },
	{ "haswell-2s", 0, 1, M_ADD, 52 }, { "haswell-2s", 0, 18, M_ADD, 115 },
	{ "haswell-2s", 0, 1, S_ADD, 48 }, { "haswell-2s", 0, 18, S_ADD, 105 },
	/* the first core's memory: homed at the writer */
	{ "cascade-2s", 0, 1, M_LOAD, 55.5 }, { "cascade-2s", 0, 24, M_LOAD, 115.6 },
	{ "cascade-2s", 0, 1, E_LOAD, 55.5 }, { "cascade-2s", 0, 24, E_LOAD, 110 },
	{ "cascade-2s", 0, 1, M_ADD, 60 }, { "cascade-2s", 0, 24, M_ADD, 121 },
	{ "cascade-2s", 0, 1, S_ADD, 56 }, { "cascade-2s", 0, 24, S_ADD, 115 },
	{ "rome-2s", 0, 1, M_LOAD, 25 }, { "rome-2s", 0, 4, M_LOAD, 135 }, { "rome-2s", 0, 64, M_LOAD, 260 },
	{ "rome-2s", 0, 1, E_LOAD, 25 }, { "rome-2s", 0, 4, E_LOAD, 135 }, { "rome-2s", 0, 64, E_LOAD, 260 },
	{ "rome-2s", 0, 1, M_ADD, 27 }, { "rome-2s", 0, 4, M_ADD, 140 }, { "rome-2s", 0, 64, M_ADD, 265 },
	{ "rome-2s", 0, 1, S_ADD, 36 }, { "rome-2s", 0, 4, S_ADD, 165 }, { "rome-2s", 0, 64, S_ADD, 300 },
	{ "milan-2s", 0, 1, M_LOAD, 22.7 }, { "milan-2s", 0, 8, M_LOAD, 110 }, { "milan-2s", 0, 48, M_LOAD, 200 },
	{ "milan-2s", 0, 1, E_ADD, 26 }, { "milan-2s", 0, 8, E_ADD, 119 }, { "milan-2s", 0, 48, E_ADD, 210 },
	{ "milan-2s", 0, 1, S_ADD, 33 }, { "milan-2s", 0, 8, S_ADD, 135 }, { "milan-2s", 0, 48, S_ADD, 240 },
	/* no LOCK operations on graviton2: they may be far */
	{ "graviton2", 0, 63, M_LOAD, 47 }, { "graviton2", 0, 63, E_LOAD, 45 },
	{ "westmere-ex-8s", 0, 1, M_LOAD, 51.2 }, { "westmere-ex-8s", 0, 10, M_LOAD, 135.7 },
	{ "westmere-ex-8s", 0, 30, M_LOAD, 187.8 },
	{ "westmere-ex-8s", 0, 1, E_LOAD, 43.2 }, { "westmere-ex-8s", 0, 10, E_LOAD, 128.2 },
	{ "westmere-ex-8s", 0, 30, E_LOAD, 179.8 },
	{ "westmere-ex-8s", 0, 1, M_ADD, 56.3 }, { "westmere-ex-8s", 0, 10, M_ADD, 152.1 },
	{ "westmere-ex-8s", 0, 30, M_ADD, 201.9 },
	{ "westmere-ex-8s", 0, 1, S_ADD, 53.1 }, { "westmere-ex-8s", 0, 10, S_ADD, 146.5 },
	{ "westmere-ex-8s", 0, 30, S_ADD, 198.6 },
	{ "uv-1024", 0, 1, M_LOAD, 51 }, { "uv-1024", 0, 8, M_LOAD, 180 }, { "uv-1024", 0, 16, M_LOAD, 800 },
	{ "uv-1024", 0, 1023, M_LOAD, 1300 },
	{ "uv-1024", 0, 1, E_LOAD, 43 }, { "uv-1024", 0, 8, E_LOAD, 170 }, { "uv-1024", 0, 16, E_LOAD, 700 },
	{ "uv-1024", 0, 1023, E_LOAD, 1200 },
	{ "uv-1024", 0, 1, M_ADD, 56 }, { "uv-1024", 0, 8, M_ADD, 190 }, { "uv-1024", 0, 16, M_ADD, 850 },
	{ "uv-1024", 0, 1023, M_ADD, 1400 },
	{ "uv-1024", 0, 1, S_ADD, 53 }, { "uv-1024", 0, 8, S_ADD, 190 }, { "uv-1024", 0, 16, S_ADD, 900 },
	{ "uv-1024", 0, 1023, S_ADD, 1500 },
	{ "host-zen4", 0, 1, M_LOAD, 26.7 }, { "host-zen4", 0, 8, M_LOAD, 115.8 },
	{ "host-zen4", 0, 1, E_LOAD, 26.7 }, { "host-zen4", 0, 8, E_LOAD, 115.1 },
	{ "host-zen4", 0, 1, M_ADD, 29.3 }, { "host-zen4", 0, 8, M_ADD, 119.5 },
	{ "host-zen4", 0, 1, E_ADD, 30.8 }, { "host-zen4", 0, 8, E_ADD, 127 },
	{ "host-zen4", 0, 1, S_ADD, 38.8 }, { "host-zen4", 0, 8, S_ADD, 144.3 },
};

/*
 * Two cores have loaded a line of the third core's memory, which loads it: from its L3, or from the
 * nearest copy; under MESIF from the second core's, the last reader, here as near as any.
 */
static const struct { const char *machine; unsigned first, second, third; double ns; } sharers[] = {
	{ "core2-2s", 0, 2, 1, 5.3 }, { "core2-2s", 0, 4, 2, 110 }, { "core2-2s", 0, 2, 4, 115 },
	{ "opteron-48", 0, 1, 2, 39.5 }, { "opteron-48", 0, 12, 6, 78.1 }, { "opteron-48", 0, 6, 12, 83.8 },
	{ "opteron-48", 0, 6, 36, 121 },
	{ "westmere-2s", 0, 1, 2, 15.7 }, { "i7-1s", 0, 1, 2, 8.6 }, { "haswell-2s", 0, 1, 2, 23 },
	{ "cascade-2s", 0, 1, 2, 21 }, { "graviton2", 0, 1, 2, 32 },
	{ "rome-2s", 0, 1, 2, 12 }, { "rome-2s", 0, 4, 8, 125 }, { "rome-2s", 0, 4, 64, 250 },
	{ "milan-2s", 0, 1, 2, 13.5 }, { "milan-2s", 0, 8, 16, 105 }, { "milan-2s", 0, 8, 48, 190 },
	{ "westmere-ex-8s", 0, 1, 2, 20.7 }, { "westmere-ex-8s", 70, 0, 10, 104.7 },
	{ "westmere-ex-8s", 0, 10, 70, 156.8 },
	{ "uv-1024", 0, 1, 2, 21 }, { "uv-1024", 16, 0, 8, 130 }, { "uv-1024", 0, 8, 16, 600 },
	{ "uv-1024", 0, 8, 1023, 1000 },
	{ "host-zen4", 0, 1, 2, 14.7 },
};

/* The last cache by the cores that share it, KiB: what a CPU has for itself where all use it. Three
 * batches of pages, 3 x 63 x 4 = 756, are less on all machines but graviton2 and textbook. */
static const struct { const char *machine; double kib; } shares[] = {
	{ "cascade-2s", 33792 / 24. },  { "core2-2s", 4096 / 2. },    { "graviton2", 32768 / 64. },
	{ "haswell-2s", 46080 / 18. },  { "host-zen4", 32768 / 8. },  { "i7-1s", 8192 / 4. },
	{ "milan-2s", 32768 / 8. },     { "opteron-48", 5120 / 6. },  { "rome-2s", 16384 / 4. },
	{ "textbook", 32 },             { "uv-1024", 24576 / 8. },    { "westmere-2s", 12288 / 6. },
	{ "westmere-ex-8s", 30720 / 10. },
};
/* clang-format on */

static void all_machines_are_there(void **state)
{
	size_t count;
	char **names = machine_names(&count);

	(void)state;
	assert_int_equal(count, COUNT(sizes));
	for (size_t i = 0; i < count; i++) {
		const struct machine machine = load_machine(names[i]);

		assert_string_equal(names[i], sizes[i].machine);
		assert_int_equal(machine_cores(&machine), sizes[i].cores);
	}
	machine_names_free(names, count);
}

static void distances_follow_the_topology(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct machine machine = load_machine(pairs[i].machine);
		unsigned there = machine_distance(&machine, pairs[i].core, pairs[i].other);
		unsigned back = machine_distance(&machine, pairs[i].other, pairs[i].core);

		if (there != pairs[i].distance || back != there)
			fail_msg("%s: %u and %u: %u, back %u, expected %u", pairs[i].machine,
				 pairs[i].core, pairs[i].other, there, back, pairs[i].distance);
	}
}

static void the_last_cache_is_shared_by_cores(void **state)
{
	(void)state;
	assert_int_equal(COUNT(shares), COUNT(sizes));
	for (size_t i = 0; i < COUNT(shares); i++) {
		const struct machine machine = load_machine(shares[i].machine);
		struct sim_options options = engine_options(&machine, 1);
		char why[200];
		struct sim *sim = sim_new(&options, why, sizeof why);

		assert_non_null(sim);
		assert_int_equal(sim_cache_share(sim), (uint64_t)(shares[i].kib * 1024));
		sim_free(sim);
	}
}

static void times_become_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(conversions); i++) {
		const struct machine machine = load_machine(conversions[i].machine);

		assert_int_equal(units_of_ns(&machine, conversions[i].ns), conversions[i].units);
	}
}

/* ---- lone accesses -------------------------------------------------------------------------- */

enum { STEPS_MAX = 3, FAR_APART = 100000 };

/* One access after the other, long apart, each by one of the CPUs. */
struct play {
	struct { unsigned cpu; enum verb verb; } step[STEPS_MAX];
	uint64_t *word;
	uint64_t cost;                  /* of the last, in units */
};

static void perform(struct cpu *cpu, enum verb verb, uint64_t *word)
{
	if (verb == LOAD)
		load(cpu, word);
	else if (verb == STORE)
		store(cpu, word, 1);
	else if (verb == ADD)
		fetch_add(cpu, word, 1);
}

static void thread(struct cpu *cpu, void *argument)
{
	struct play *play = argument;

	for (unsigned i = 0; i < STEPS_MAX; i++) {
		uint64_t start;

		if (play->step[i].cpu != cpu_id(cpu) || play->step[i].verb == NOTHING)
			continue;
		compute_cycles(cpu, (uint64_t)(i + 1) * FAR_APART - cpu->clock / UNIT);
		start = cpu->clock;
		perform(cpu, play->step[i].verb, play->word);
		play->cost = cpu->clock - start;
	}
}

static struct sim *sim_on(const struct machine *machine, const unsigned *core, unsigned cpus)
{
	struct sim_options options = engine_options(machine, cpus);

	options.placement = PLACEMENT_CORES;
	memcpy(options.core, core, cpus * sizeof *core);
	return engine_sim(&options);
}

/* The last access of the play costs `ns`; the line is in the memory of `node`. */
static void expect(const char *name, const unsigned *core, unsigned cpus, unsigned node,
		   struct play *play, double ns)
{
	const struct machine machine = load_machine(name);
	struct sim *sim = sim_on(&machine, core, cpus);

	play->word = arena_alloc(sim, LINE, 1, node, 4096, NULL, "line");
	for (unsigned i = 0; i < cpus; i++)
		thread_start(sim, i, thread, play);
	if (sim_run(sim) != OUTCOME_DONE)
		fail_msg("%s: %s", name, sim->message);
	if (play->cost != units_of_ns(&machine, ns))
		fail_msg("%s, cores %u and %u, %g ns: %llu units, expected %llu", name, core[0],
			 core[cpus - 1], ns, (unsigned long long)play->cost,
			 (unsigned long long)units_of_ns(&machine, ns));
	sim_free(sim);
}

static unsigned node_of(const char *name, unsigned core)
{
	const struct machine machine = load_machine(name);
	struct sim *sim = sim_on(&machine, &core, 1);
	unsigned node = cpu_node(&sim->cpu[0]);

	sim_free(sim);
	return node;
}

static void cores_belong_to_nodes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(nodes); i++)
		assert_int_equal(node_of(nodes[i].machine, nodes[i].core), nodes[i].node);
}

static void memory_costs_what_the_file_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(memories); i++) {
		struct play play = { .step = { { 0, LOAD } } };

		expect(memories[i].machine, &memories[i].core, 1, memories[i].node, &play,
		       memories[i].ns);
	}
}

static void transfers_cost_what_the_file_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(transfers); i++) {
		unsigned core[] = { transfers[i].first, transfers[i].second };
		struct play play = { .step = { { 0, transfers[i].before },
					       { 1, transfers[i].between },
					       { 1, transfers[i].last } } };

		expect(transfers[i].machine, core, 2, node_of(transfers[i].machine, core[0]),
		       &play, transfers[i].ns);
	}
}

static void shared_lines_cost_what_the_file_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sharers); i++) {
		unsigned core[] = { sharers[i].first, sharers[i].second, sharers[i].third };
		struct play play = { .step = { { 0, LOAD }, { 1, LOAD }, { 2, LOAD } } };

		expect(sharers[i].machine, core, 3, node_of(sharers[i].machine, core[2]), &play,
		       sharers[i].ns);
	}
}

/* ---- counting preemption -------------------------------------------------------------------- */

struct counted {
	uint64_t *word;
	uint64_t loop, lone;            /* units of a pair */
};

static void count_preemption(struct cpu *cpu, void *argument)
{
	enum { PAIRS = 10 };
	struct counted *counted = argument;
	uint64_t start;

	load(cpu, counted->word);
	for (unsigned i = 0; i < 2 * PAIRS; i++) {
		if (i == PAIRS)
			counted->loop = cpu->clock;
		preempt_disable(cpu);
		preempt_enable(cpu);
	}
	counted->loop = (cpu->clock - counted->loop) / PAIRS;
	compute_cycles(cpu, 100);
	start = cpu->clock;
	preempt_disable(cpu);
	load(cpu, counted->word);
	load(cpu, counted->word);
	preempt_enable(cpu);
	counted->lone = cpu->clock - start;
}

/*
 * Measured was a loop of pairs, 12 cycles: two adds to one word, of which each waits for the one
 * before, 6 + 6. With two loads in between, 4 + 4 cycles, no wait is left of it: 1 + 8 + 1.
 */
static void pairs_of_preemption_take_what_a_loop_of_them_took(void **state)
{
	static const char *const measured[] = { "i7-1s", "haswell-2s", "cascade-2s" };

	(void)state;
	for (size_t i = 0; i < COUNT(measured); i++) {
		const struct machine machine = load_machine(measured[i]);
		struct sim_options options = engine_options(&machine, 1);
		struct counted counted;
		struct sim *sim;

		options.preempt = true;
		sim = engine_sim(&options);
		counted.word = arena_alloc(sim, LINE, 1, 0, 4096, NULL, "line");
		thread_start(sim, 0, count_preemption, &counted);
		if (sim_run(sim) != OUTCOME_DONE)
			fail_msg("%s: %s", measured[i], sim->message);
		assert_int_equal(counted.loop, 12 * UNIT);
		assert_int_equal(counted.loop, units_of_cycles(machine.preempt_pair_cyc));
		assert_int_equal(counted.lone, (1 + 4 + 4 + 1) * UNIT);
		sim_free(sim);
	}
}

/* 128 nodes have a block of 4 MiB each at least, whatever memory the experiment asks for. */
static void two_cpus_of_a_large_machine_run(void **state)
{
	char *folder = folder_new(), *file = NULL, *where = NULL;
	struct output output;

	(void)state;
	assert_true(asprintf(&file, "%s/far.yaml", folder) > 0);
	assert_true(asprintf(&where, "--output=%s/far", folder) > 0);
	write_text(file, "name: far\nmachine: {base: uv-1024, protocol: MESI}\ncpus: 2\n"
			 "placement: [0, 1023]\nmemory_mib: 64\nobjects: slub-page\n"
			 "workload: producer-consumer\noperations: 100\n");
	output = run_cli((const char *const[]){ "run", file, where, "--no-plots", NULL });
	if (output.status)
		fail_msg("%s", output.err);
	output_free(&output);
	folder_free(folder);
	free(file);
	free(where);
}

/* 16 GiB of pages on many nodes: what set-up takes for all of them lies on the last one. */
static void tables_of_all_pages_fit_on_one_node(void **state)
{
	static const char *const rows[] = {
		"machine: {base: uv-1024, protocol: MESI}\nobjects: slub-lockless\n",
		"machine: westmere-ex-8s\nobjects: bonwick\n",
		"machine: westmere-ex-8s\nobjects: slab\npages: magazine\n",
		"machine: opteron-48\nobjects: bonwick\n",
	};
	char *folder = folder_new(), *file = NULL, *where = NULL, *text = NULL;

	(void)state;
	assert_true(asprintf(&file, "%s/all.yaml", folder) > 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct output output;

		assert_true(asprintf(&text, "name: all\n%scpus: 2\nworkload: producer-consumer\noperations: 100\n", rows[i]) > 0);
		assert_true(asprintf(&where, "--output=%s/%zu", folder, i) > 0);
		write_text(file, text);
		output = run_cli((const char *const[]){ "run", file, where, "--no-plots", NULL });
		if (output.status || strstr(output.out, "out_of_memory"))
			fail_msg("%s%s", rows[i], output.err);
		output_free(&output);
		free(text);
		free(where);
	}
	folder_free(folder);
	free(file);
}

static int setup(void **state)
{
	(void)state;
	enter_source_tree();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_machines_are_there),
		cmocka_unit_test(distances_follow_the_topology),
		cmocka_unit_test(the_last_cache_is_shared_by_cores),
		cmocka_unit_test(times_become_units),
		cmocka_unit_test(cores_belong_to_nodes),
		cmocka_unit_test(memory_costs_what_the_file_says),
		cmocka_unit_test(transfers_cost_what_the_file_says),
		cmocka_unit_test(shared_lines_cost_what_the_file_says),
		cmocka_unit_test(pairs_of_preemption_take_what_a_loop_of_them_took),
		cmocka_unit_test(two_cpus_of_a_large_machine_run),
		cmocka_unit_test(tables_of_all_pages_fit_on_one_node),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
