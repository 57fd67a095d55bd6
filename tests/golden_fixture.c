/* The golden stream, and two ways to count it; see golden_fixture.h. */
#include "tests/golden_fixture.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/internal.h"

enum { ACCESSES = 2000000, LINES = 1 << 23 };   /* lines of 512 MiB: the highest address is below */

struct move {
	unsigned cpu;
	uint64_t line;
	bool write;
};

struct stream {
	uint64_t x;
	unsigned cpu, cpus;
};

static struct move next(struct stream *s)
{
	struct move move = { .cpu = s->cpu };
	uint64_t a, b;

	s->x ^= s->x << 13;
	s->x ^= s->x >> 7;
	s->x ^= s->x << 17;
	a = s->x >> 20 & 63;
	b = (s->x >> 32) % 100;
	if (s->x % 1000 < 900) {
		move.line = (0x10000000 + s->cpu * 0x101000ull + a * 64) >> LINE_SHIFT;
		move.write = b < 30;
	} else {
		move.line = (0x08000000 + (a & 7) * 64) >> LINE_SHIFT;
		move.write = b < 50;
	}
	s->cpu = (s->cpu + 1) % s->cpus;
	return move;
}

static struct stream stream_start(unsigned cpus)
{
	return (struct stream){ 88172645463325252u, 0, cpus };
}

#define LIST(...) { sizeof((double[]){ __VA_ARGS__ }) / sizeof(double), { __VA_ARGS__ } }

/* Latencies do not matter: each access is complete before the next one starts. */
static const struct machine machine = {
	.id = "golden",
	.freq_ghz = 1,
	.sockets = 1,
	.dies_per_socket = 1,
	.cores_per_die = GOLDEN_CPUS_MAX,
	.numa_nodes = 1,
	.protocol = PROTOCOL_MESI,
	.home = HOME_DIRECTORY,
	.distances = { 1, { DISTANCE_SOCKET } },
	.l1d = { 32, 8, 1, 1 },
	.dram_ns = LIST(100),
	.load_ns = { .M = LIST(60) },
	.rmw_ns = { .M = LIST(70) },
	.own_cyc = { .add = LIST(1), .lock_add = LIST(10) },
	.handoff = { .home = ORDER_CHASING, .split = LIST(0.25, 0.25, 0.5) },
};

struct golden golden_engine(unsigned cpus)
{
	struct sim_options options = { .machine = &machine,
				       .cpus = cpus,
				       .seed = 1,
				       .model = "golden",
				       .arena_bytes = (uint64_t)LINES << LINE_SHIFT };
	struct stream s = stream_start(cpus);
	struct golden sum = { 0 };
	char why[200];
	struct sim *sim = sim_new(&options, why, sizeof why);

	if (!sim) {
		fprintf(stderr, "golden: %s\n", why);
		exit(1);
	}
	for (unsigned i = 0; i < ACCESSES; i++) {
		struct move move = next(&s);

		sim_feed(sim, move.cpu, move.line, move.write);
	}
	for (unsigned i = 0; i < cpus; i++) {
		const struct counts *c = &sim->cpu[i].counts;

		sum.read_misses += c->read_misses;
		sum.write_misses += c->write_misses;
		sum.upgrades += c->upgrades;
		sum.invalidations += c->invalidations;
		sum.downgrades += c->downgrades;
	}
	sim_free(sim);
	return sum;
}

/* ---- without any engine ------------------------------------------------------------------- */

/* Who has the line: a mask, and whether the only one may write it (M or E). */
struct bare {
	uint64_t holders;
	bool exclusive;
};

static void bare_access(struct golden *sum, struct bare *line, const struct move *move)
{
	uint64_t self = 1ull << move->cpu;
	bool have = line->holders & self;

	if (!move->write) {
		if (have)
			return;
		sum->read_misses++;
		sum->downgrades += line->exclusive;
		line->exclusive = !line->holders;
		line->holders |= self;
		return;
	}
	if (have && line->exclusive)
		return;
	sum->upgrades += have;
	sum->write_misses += !have;
	sum->invalidations += (uint64_t)__builtin_popcountll(line->holders & ~self);
	*line = (struct bare){ self, true };
}

struct golden golden_bare(unsigned cpus)
{
	struct bare *line = calloc(LINES, sizeof *line);
	struct stream s = stream_start(cpus);
	struct golden sum = { 0 };

	if (!line)
		abort();
	for (unsigned i = 0; i < ACCESSES; i++) {
		struct move move = next(&s);

		bare_access(&sum, &line[move.line], &move);
	}
	free(line);
	return sum;
}
