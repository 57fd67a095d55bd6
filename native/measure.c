/*
 * What needs no other CPU, in loops so tight that the brackets of operations would show: costs of
 * read-modify-writes on own lines, of a fence, a pause, a look at the clock, and of a load that
 * hits. Through the verbs, as all that is measured.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "native/machine.h"
#include "sim/verbs/xalloc.h"

enum { ROUNDS = 250, LINES = 8, TRIES = 300, BYTES = 16 << 20, SLACK = 2 << 20 };
enum { PIECE = 2048, LAPS = 4 };  /* of a chase */

struct lane {
	_Alignas(LINE) struct pair pair;
};

struct bench {
	struct sim *sim;
	struct cpu *cpu;
	struct lane *lane;              /* [LINES] */
	char *memory;
	cpu_set_t before;
};

/* ---- what is done, LINES times, on lines `apart` from each other; 0: on one word -------------- */

#ifdef __clang__
#define EIGHT_TIMES _Pragma("clang loop unroll(full)") for (unsigned i = 0; i < LINES; i++)
#else
#define EIGHT_TIMES _Pragma("GCC unroll 8") for (unsigned i = 0; i < LINES; i++)
#endif

static void do_add(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	EIGHT_TIMES fetch_add_local(cpu, &lane[i * apart].pair.low, 1);
}

static void do_cmpxchg(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	EIGHT_TIMES cas_local(cpu, &lane[i * apart].pair.low, 0, 0);
}

static void do_cmpxchg16b(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	static const struct pair nothing;

	EIGHT_TIMES cas_local(cpu, &lane[i * apart].pair, nothing, nothing);
}

static void do_lock_add(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	EIGHT_TIMES bit_set(cpu, &lane[i * apart].pair.low, 0);
}

static void do_lock_xadd(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	uint64_t sum = 0;

	EIGHT_TIMES sum += fetch_add(cpu, &lane[i * apart].pair.low, 1);
	__asm__ volatile("" ::"r"(sum));        /* somebody wants the old values */
}

static void do_lock_cmpxchg(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	EIGHT_TIMES cas(cpu, &lane[i * apart].pair.low, 0, 0);
}

static void do_xchg(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	EIGHT_TIMES exchange(cpu, &lane[i * apart].pair.low, 0);
}

static void do_lock_cmpxchg16b(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	static const struct pair nothing;

	EIGHT_TIMES cas(cpu, &lane[i * apart].pair, nothing, nothing);
}

static void do_fence(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	(void)lane, (void)apart;
	EIGHT_TIMES fence(cpu);
}

static void do_pause(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	(void)lane, (void)apart;
	EIGHT_TIMES compute(cpu, STEP_PAUSE);
}

static void do_rdtsc(struct cpu *cpu, struct lane *lane, unsigned apart)
{
	(void)lane, (void)apart;
	EIGHT_TIMES compute(cpu, STEP_RDTSC);
}

/* ---- how long that takes -------------------------------------------------------------------- */

static void clear_lanes(const struct bench *b)
{
	for (unsigned i = 0; i < LINES; i++)
		b->lane[i].pair = (struct pair){ 0, 0 };
}

/* Cycles of one; the least of many tries, for what the host does between only adds. */
static double cost(const struct bench *b, void (*deed)(struct cpu *, struct lane *, unsigned),
		   unsigned apart, double cycles_per_tick)
{
	uint64_t least = UINT64_MAX;

	clear_lanes(b);
	for (unsigned try = 0; try < TRIES; try++) {
		uint64_t start = native_ticks_begin(), took;

		for (unsigned round = 0; round < ROUNDS; round++)
			deed(b->cpu, b->lane, apart);
		took = native_ticks_end() - start;
		if (took < least)
			least = took;
	}
	return (double)least * cycles_per_tick / (ROUNDS * LINES);
}

static void both(const struct bench *b, void (*deed)(struct cpu *, struct lane *, unsigned),
		 double cycles_per_tick, double to[2])
{
	to[0] = cost(b, deed, 0, cycles_per_tick);
	to[1] = cost(b, deed, 1, cycles_per_tick);
}

static double ticks_per_ns(void)
{
	struct timespec from, to;
	uint64_t start, ticks;
	double ns = 0;

	clock_gettime(CLOCK_MONOTONIC, &from);
	start = native_ticks();
	while (ns < 50e6) {
		clock_gettime(CLOCK_MONOTONIC, &to);
		ns = (double)(to.tv_sec - from.tv_sec) * 1e9 +
		     (double)(to.tv_nsec - from.tv_nsec);
	}
	ticks = native_ticks() - start;
	return (double)ticks / ns;
}

static bool bench_open(struct bench *b, unsigned host, char *why, size_t size)
{
	static const struct interrupts none;
	struct native_options options = { .cpus = 1, .bytes = BYTES, .plan.interrupts = &none };
	const char *lacks = native_lacks();

	sched_getaffinity(0, sizeof b->before, &b->before);
	if (lacks)
		snprintf(why, size, "this processor lacks %s", lacks);
	else if (!host_pin(host))
		snprintf(why, size, "CPU %u of the host is not to be had", host);
	if (lacks || !host_pin(host))
		return false;
	b->memory = host_memory(BYTES + SLACK);
	b->sim = machine_new(&options, b->memory, false, 1);
	b->cpu = &b->sim->cpu[0];
	b->lane = arena_new(b->sim, struct lane, LINES, 0, LINE, NULL, "lane");
	return true;
}

static void bench_close(struct bench *b)
{
	machine_free(b->sim);
	xunmap(b->memory, BYTES + SLACK);
	sched_setaffinity(0, sizeof b->before, &b->before);
}

bool native_measure_own(unsigned host, struct native_own *own, char *why, size_t size)
{
	struct bench b = { 0 };
	double ratio;

	if (!bench_open(&b, host, why, size))
		return false;
	ratio = own->cycles_per_tick = host_cycles_per_tick();
	own->ghz = ratio * ticks_per_ns();
	both(&b, do_add, ratio, own->add);
	both(&b, do_cmpxchg, ratio, own->cmpxchg);
	both(&b, do_cmpxchg16b, ratio, own->cmpxchg16b);
	both(&b, do_lock_add, ratio, own->lock_add);
	both(&b, do_lock_xadd, ratio, own->lock_xadd);
	both(&b, do_lock_cmpxchg, ratio, own->lock_cmpxchg);
	both(&b, do_xchg, ratio, own->xchg);
	both(&b, do_lock_cmpxchg16b, ratio, own->lock_cmpxchg16b);
	own->fence = cost(&b, do_fence, 0, ratio);
	own->pause = cost(&b, do_pause, 0, ratio);
	own->rdtsc = cost(&b, do_rdtsc, 0, ratio);
	bench_close(&b);
	return true;
}

/* ---- loads that hit ------------------------------------------------------------------------- */

struct link {
	_Alignas(LINE) struct link *next;
};

/* One cycle through all lines, in an order that no prefetcher guesses. */
static struct link *link_lines(const struct bench *b, size_t lines)
{
	struct link *link = arena_new(b->sim, struct link, lines, 0, LINE, NULL, "link");
	size_t *order = xalloc(lines * sizeof *order);

	for (size_t i = 0; i < lines; i++)
		order[i] = i;
	for (size_t i = lines - 1; i > 0; i--) {
		size_t other = random_below(b->cpu, i), number = order[i];

		order[i] = order[other];
		order[other] = number;
	}
	for (size_t i = 0; i < lines; i++)
		link[order[i]].next = &link[order[(i + 1) % lines]];
	free(order);
	return link;
}

double native_measure_chase(unsigned host, uint64_t bytes)
{
	struct bench b = { 0 };
	const uint64_t lines = bytes / LINE;
	uint64_t least = UINT64_MAX, laps = 0;
	double cycles;
	char why[80];

	if (lines < 2 || bytes > BYTES / 2 || !bench_open(&b, host, why, sizeof why))
		return 0;

	struct link *at = link_lines(&b, lines);
	struct cpu *cpu = b.cpu;

	/* in pieces that the host seldom disturbs; the first lap has all lines come */
	for (uint64_t done = 0; laps < LAPS || done < 4 * (uint64_t)TRIES * PIECE; done += PIECE) {
		uint64_t start = native_ticks_begin(), took;

		for (unsigned i = 0; i < PIECE; i++)
			at = load(cpu, &at->next);
		took = native_ticks_end() - start;
		if (laps && took < least)
			least = took;
		laps = (done + PIECE) / lines;
	}
	cycles = (double)least * host_cycles_per_tick() / PIECE;
	bench_close(&b);
	return cycles;
}
