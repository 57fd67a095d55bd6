/*
 * Speed, as ratios measured side by side in one run: simulated accesses per CPU-second of one
 * core with run-ahead, without it, and the same address stream through a bare tag-lookup loop
 * without any engine.
 *
 *	hits         64 private lines per CPU, 30 % writes
 *	mix          90 % private as above, 10 % of 8 lines shared by all, 50 % writes
 *	bounce       all on the 8 shared lines
 *	remote-free  slub-cpu on a ring: one CPU of a pair allocates, the other frees
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "models/model.h"
#include "sim/sim.h"
#include "tests/bench_fixture.h"

enum job { HITS, MIX, BOUNCE, REMOTE_FREE, JOBS };
enum { PRIVATE_LINES = 64, SHARED_LINES = 8 };

static const char *const job_name[JOBS] = { "hits", "mix", "bounce", "remote-free" };

struct line {
	_Alignas(LINE) uint64_t word[8];
};
static const struct layout line_layout = { "line", LINE, CLASS_WORKLOAD, NULL };

struct bench {
	enum job job;
	struct line *shared, *private;
	uint64_t turns;                 /* per CPU */
	struct remote_free *remote_free;
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
	return (double)accesses / start / 1e6;
}

struct outcome_of_run {
	double rate;                    /* million accesses per CPU-second */
	uint64_t elapsed;
};

static struct outcome_of_run engine(enum job job, unsigned cpus, uint64_t accesses, bool run_ahead)
{
	struct machine machine = bench_machine(cpus);
	struct sim_options o = { .machine = &machine, .cpus = cpus, .seed = 1, .no_run_ahead = !run_ahead, .model = "bench" };
	struct bench b = { .job = job, .turns = accesses / cpus };
	struct outcome_of_run out;
	struct result *r;
	struct sim *sim;
	char why[200];
	double start;

	o.arena_bytes = job == REMOTE_FREE ? (128ull << 20) + cpus * (1ull << 20) : (16ull << 20) + cpus * (256ull << 10);
	sim = sim_new(&o, why, sizeof why);
	if (!sim) {
		fprintf(stderr, "bench: %s\n", why);
		exit(1);
	}
	if (job == REMOTE_FREE) {
		b.remote_free = remote_free_new(sim, cpus, b.turns / 40);
	} else {
		b.shared = arena_new(sim, struct line, SHARED_LINES, 0, LINE, &line_layout, "shared");
		b.private = arena_new(sim, struct line, cpus * PRIVATE_LINES, 0, LINE, &line_layout, "private");
		for (unsigned c = 0; c < cpus; c++)
			thread_start(sim, c, stream, &b);
	}
	start = cpu_seconds();
	sim_run(sim);
	start = cpu_seconds() - start;
	r = sim_result(sim);
	if (r->outcome != OUTCOME_DONE) {
		fprintf(stderr, "bench: %s\n", r->message);
		exit(1);
	}
	out.rate = (double)r->accesses / start / 1e6;
	out.elapsed = r->elapsed_units;
	result_free(r);
	sim_free(sim);
	return out;
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void one(enum job job, unsigned cpus, uint64_t accesses)
{
	struct outcome_of_run with = engine(job, cpus, accesses, true), without = engine(job, cpus, accesses / 4, false);
	struct bench b = { .job = job };

	printf("%-12s %5u %10.1f %10.1f %8.2f", job_name[job], cpus, with.rate, without.rate, with.rate / without.rate);
	if (job != REMOTE_FREE) {
		double loop = bare(&b, cpus, accesses);

		printf(" %10.1f %8.2f", loop, loop / with.rate);
	}
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const unsigned cpus[] = { 2, 8, 32, 128, 1024 };
	uint64_t accesses = argc > 1 ? strtoull(argv[1], NULL, 10) : 8000000;
	const char *only = argc > 2 ? argv[2] : NULL;

	printf("million simulated accesses per CPU-second of one core; run-ahead on, off, their ratio;\n"
	       "the bare loop on the same addresses, and how many times faster it is\n\n"
	       "job           CPUs     engine    no ahead    ratio       bare    ratio\n");
	for (enum job job = HITS; job < JOBS; job++)
		for (unsigned i = 0; i < sizeof cpus / sizeof *cpus; i++)
			if (!only || !strcmp(only, job_name[job]))
				one(job, cpus[i], job == BOUNCE || job == REMOTE_FREE ? accesses / 4 : accesses);
	printf("\npeak memory %ld KiB\n", peak_kib());
	return 0;
}
