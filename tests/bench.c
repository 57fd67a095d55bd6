/*
 * Speed: nanoseconds of one host core per simulated access.
 *
 *	hits         64 private lines per CPU, 30 % writes
 *	mix          90 % private as above, 10 % of 8 lines shared by all, 50 % writes
 *	bounce       all on the 8 shared lines
 *	remote-free  slub-cpu on a ring: one CPU of a pair allocates, the other frees; on the flat
 *	             machine of the others, and on core2-2s as shipped
 *	page-fault   threads of one process fault pages in and give them back; haswell-2s, and for many
 *	             CPUs rome-2s, as shipped
 *
 *	bench                   the points that there are: job, machine, CPUs, accesses
 *	bench JOB MACHINE CPUS ACCESSES [ahead|no-ahead|bare]
 *	                        ns per access: of the engine, without run-ahead, or of the same
 *	                        stream through a bare tag-lookup loop without any engine
 *
 * tests/bench.sh runs two builds in turn and prints their ratios.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiment/diagnostic.h"
#include "experiment/machine_file.h"
#include "models/model.h"
#include "sim/sim.h"
#include "tests/bench_fixture.h"

enum job { HITS, MIX, BOUNCE, REMOTE_FREE, PAGE_FAULT, JOBS };
enum { PRIVATE_LINES = 64, SHARED_LINES = 8 };

static const char *const job_name[JOBS] = { "hits", "mix", "bounce", "remote-free", "page-fault" };

struct line {
	_Alignas(LINE) uint64_t word[8];
};
static const struct layout line_layout = { "line", LINE, CLASS_WORKLOAD, NULL };

struct bench {
	enum job job;
	struct line *shared, *private;
	uint64_t turns;                 /* per CPU */
};

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The stream of one CPU: xorshift, so that the bare loop can run the same. */
static inline uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static inline bool choose(enum job job, uint64_t r, unsigned *line, bool *write)
{
	bool shared = job == BOUNCE || (job == MIX && r % 1000 >= 900);
	unsigned b = (unsigned)(r >> 32) % 100;

	*line = (unsigned)(r >> 20) & (shared ? SHARED_LINES - 1 : PRIVATE_LINES - 1);
	*write = b < (shared ? 50 : 30);
	return shared;
}

static void stream(struct cpu *cpu, void *argument)
{
	struct bench *b = argument;
	uint64_t x = 88172645463325252u + cpu_id(cpu) * 0x9e3779b97f4a7c15u;
	struct line *private = b->private + cpu_id(cpu) * PRIVATE_LINES;

	for (uint64_t i = 0; i < b->turns; i++) {
		unsigned line;
		bool write;
		bool shared = choose(b->job, next(&x), &line, &write);
		uint64_t *word = shared ? b->shared[line].word : private[line].word;

		if (write)
			store(cpu, word, i);
		else
			load(cpu, word);
	}
}

/* The same streams, CPUs in turn, through 64 sets of 8 ways with LRU and nothing else. */
static double bare(const struct bench *b, unsigned cpus, uint64_t accesses)
{
	struct way { uint64_t tag, used; } *ways = calloc(cpus * 512ul, sizeof *ways);
	uint64_t *x = malloc(cpus * sizeof *x), used = 0, misses = 0;
	double start;

	for (unsigned c = 0; c < cpus; c++)
		x[c] = 88172645463325252u + c * 0x9e3779b97f4a7c15u;
	start = cpu_seconds();
	for (uint64_t i = 0; i < accesses; i++) {
		unsigned c = (unsigned)(i % cpus), line, way;
		bool write, shared = choose(b->job, next(&x[c]), &line, &write);
		uint64_t tag = 1 + (shared ? line : SHARED_LINES + c * PRIVATE_LINES + line);
		struct way *set = &ways[(c * 64ul + tag % 64) * 8], *victim = set;

		for (way = 0; way < 8 && set[way].tag != tag; way++)
			if (set[way].used < victim->used)
				victim = &set[way];
		if (way == 8) {
			misses++;
			victim->tag = tag;
			way = (unsigned)(victim - set);
		}
		set[way].used = ++used + write;
	}
	start = cpu_seconds() - start;
	if (misses == 1)
		puts("");
	free(ways);
	free(x);
	return start * 1e9 / (double)accesses;
}

static struct machine machine_called(const char *name, unsigned cpus)
{
	struct diagnostics *diagnostics = diagnostics_new();
	struct machine machine = bench_machine(cpus);

	if (strcmp(name, "flat") && !machine_load(name, diagnostics, &machine)) {
		diagnostics_print(diagnostics, stderr, false);
		exit(1);
	}
	diagnostics_free(diagnostics);
	return machine;
}

/* Accesses of one turn of these jobs, about. */
enum { ACCESSES_OF_OBJECT = 40, ACCESSES_OF_FAULT = 110 };

static void start_threads(struct sim *sim, struct bench *b, unsigned cpus)
{
	if (b->job == REMOTE_FREE) {
		remote_free_new(sim, cpus, b->turns / ACCESSES_OF_OBJECT);
	} else if (b->job == PAGE_FAULT) {
		page_fault_new(sim, cpus, b->turns / ACCESSES_OF_FAULT);
	} else {
		b->shared = arena_new(sim, struct line, SHARED_LINES, 0, LINE, &line_layout, "shared");
		b->private = arena_new(sim, struct line, cpus * PRIVATE_LINES, 0, LINE, &line_layout, "private");
		for (unsigned c = 0; c < cpus; c++)
			thread_start(sim, c, stream, b);
	}
}

static double engine(struct bench *b, const char *name, unsigned cpus, bool run_ahead)
{
	struct machine machine = machine_called(name, cpus);
	struct sim_options o = { .machine = &machine, .cpus = cpus, .seed = 1, .no_run_ahead = !run_ahead, .model = "bench" };
	struct result *r;
	struct sim *sim;
	char why[200];
	double seconds;

	o.arena_bytes = b->job >= REMOTE_FREE ? (128ull << 20) + cpus * (1ull << 20) : (16ull << 20) + cpus * (256ull << 10);
	sim = sim_new(&o, why, sizeof why);
	if (!sim) {
		fprintf(stderr, "bench: %s\n", why);
		exit(1);
	}
	start_threads(sim, b, cpus);
	seconds = cpu_seconds();
	sim_run(sim);
	seconds = cpu_seconds() - seconds;
	r = sim_result(sim);
	if (r->outcome != OUTCOME_DONE) {
		fprintf(stderr, "bench: %s\n", r->message);
		exit(1);
	}
	seconds /= (double)r->accesses;
	result_free(r);
	sim_free(sim);
	return seconds * 1e9;
}

static void print_points(void)
{
	static const struct point { enum job job; const char *machine; unsigned cpus[6], accesses; } point[] = {
		{ HITS, "flat", { 2, 8, 32, 128, 1024 }, 4000000 },
		{ MIX, "flat", { 2, 8, 32, 128, 1024 }, 4000000 },
		{ BOUNCE, "flat", { 2, 8, 32, 128, 1024 }, 1000000 },
		{ REMOTE_FREE, "flat", { 2, 8 }, 1000000 },
		{ REMOTE_FREE, "core2-2s", { 2, 8 }, 1000000 },
		{ PAGE_FAULT, "haswell-2s", { 2, 8, 32 }, 1000000 },
		{ PAGE_FAULT, "rome-2s", { 8, 128 }, 500000 },
	};

	for (size_t i = 0; i < sizeof point / sizeof *point; i++)
		for (const unsigned *cpus = point[i].cpus; *cpus; cpus++)
			printf("%s %s %u %u\n", job_name[point[i].job], point[i].machine, *cpus, point[i].accesses);
}

int main(int argc, char **argv)
{
	const char *how = argc > 5 ? argv[5] : "ahead";
	struct bench b = { 0 };
	unsigned cpus;

	if (argc < 5) {
		print_points();
		return 0;
	}
	while (b.job < JOBS && strcmp(job_name[b.job], argv[1]))
		b.job++;
	cpus = (unsigned)strtoul(argv[3], NULL, 10);
	if (b.job == JOBS || !cpus) {
		fprintf(stderr, "bench: no such point\n");
		return 2;
	}
	b.turns = strtoull(argv[4], NULL, 10) / cpus;
	printf("%.2f\n", !strcmp(how, "bare") ? bare(&b, cpus, b.turns * cpus) : engine(&b, argv[2], cpus, !strcmp(how, "ahead")));
	return 0;
}
