/* Campaigns: placements, batches, processes, and their counts put together. */
#include "litmus/campaign.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/verbs/xalloc.h"

enum { BATCH_RUNS = 1000, STRAYS = 32, PLACEMENTS_MAX = 512 };

/* ---- placements -------------------------------------------------------------------------- */

/* What two cores are to each other. */
static unsigned relation(const struct machine *machine, unsigned a, unsigned b)
{
	unsigned same_l2 = machine->l2.ways && a / machine->l2.shared == b / machine->l2.shared;
	unsigned same_llc =
		machine->llc.ways && a / machine->llc.shared == b / machine->llc.shared;

	return machine_distance(machine, a, b) << 2 | same_l2 << 1 | same_llc;
}

static void add(struct placements *placements, const unsigned *core, unsigned last)
{
	unsigned threads = placements->threads, *place;

	placements->core = xrealloc(placements->core, ((size_t)placements->count + 1) * threads *
							      sizeof *placements->core);
	place = placements->core + (size_t)placements->count++ * threads;
	for (unsigned i = 0; i + 1 < threads; i++)
		place[i] = core[i];
	place[threads - 1] = last;
}

static bool is_taken(const unsigned *core, unsigned threads, unsigned wanted)
{
	for (unsigned i = 0; i < threads; i++)
		if (core[i] == wanted)
			return true;
	return false;
}

/* Not more than can be run: every so many of them. */
static void thin_out(struct placements *placements)
{
	unsigned step = (placements->count + PLACEMENTS_MAX - 1) / PLACEMENTS_MAX, kept = 0;
	size_t bytes = placements->threads * sizeof *placements->core;

	if (step <= 1)
		return;
	for (unsigned i = 0; i < placements->count; i += step)
		memmove(placements->core + (size_t)kept++ * placements->threads,
			placements->core + (size_t)i * placements->threads, bytes);
	placements->count = kept;
}

/* Is what core `c` is to the cores before it new among `kinds` of them? Then one more. */
static bool is_new(const struct machine *machine, const unsigned *core, unsigned threads,
		   unsigned c, unsigned *kind, unsigned *kinds)
{
	unsigned *own = kind + (size_t)*kinds * threads;

	for (unsigned i = 0; i < threads; i++)
		own[i] = relation(machine, core[i], c);
	for (unsigned k = 0; k < *kinds; k++)
		if (!threads || !memcmp(kind + (size_t)k * threads, own, threads * sizeof *own))
			return false;
	++*kinds;
	return true;
}

/* One thread more, on every core that is free. Those of different kinds without it stay different:
 * only what comes of the same is compared. */
static struct placements one_more(const struct machine *machine, const struct placements *fewer)
{
	unsigned threads = fewer->threads, cores = machine_cores(machine);
	struct placements found = { .threads = threads + 1 };
	unsigned *kind = xalloc((size_t)cores * threads * sizeof *kind);

	for (unsigned i = 0; i < fewer->count; i++) {
		const unsigned *core = fewer->core + (size_t)i * threads;
		unsigned kinds = 0;

		for (unsigned c = 0; c < cores; c++)
			if (!is_taken(core, threads, c) &&
			    is_new(machine, core, threads, c, kind, &kinds))
				add(&found, core, c);
	}
	free(kind);
	thin_out(&found);
	return found;
}

/* Kinds of n threads from kinds of n - 1. */
struct placements placements_find(const struct machine *machine, unsigned threads)
{
	struct placements found = { .count = 1, .core = xalloc(1) }; /* of no thread: one */

	for (unsigned n = 0; n < threads; n++) {
		struct placements fewer = found;

		found = one_more(machine, &fewer);
		placements_free(&fewer);
	}
	return found;
}

void placements_free(struct placements *placements)
{
	free(placements->core);
	*placements = (struct placements){ 0 };
}

/* ---- batches ----------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint64_t seed_of(const struct campaign *campaign, uint64_t number)
{
	uint64_t seed = mix(campaign->seed + 0x9e3779b97f4a7c15u);

	for (const char *c = campaign->test->name; *c; c++)
		seed = mix(seed + (unsigned char)*c);
	return mix(seed + number);
}

/* Every placement under every pressure has as many batches; small campaigns have small ones. */
static uint64_t batch_size(const struct campaign *campaign, const struct placements *placements)
{
	uint64_t kinds = (uint64_t)placements->count * PRESSURES;
	uint64_t share = (campaign->runs + kinds - 1) / kinds;

	return share < BATCH_RUNS ? share : BATCH_RUNS;
}

static uint64_t batch_count(const struct campaign *campaign, const struct placements *placements)
{
	uint64_t size = batch_size(campaign, placements);

	return (campaign->runs + size - 1) / size;
}

struct batch campaign_batch(const struct campaign *campaign, const struct placements *placements,
			    uint64_t number)
{
	uint64_t size = batch_size(campaign, placements), left = campaign->runs - number * size;
	struct batch batch = {
		.test = campaign->test,
		.machine = campaign->machine,
		.pressure = number / placements->count % PRESSURES,
		.seed = seed_of(campaign, number),
		.runs = (unsigned)(left < size ? left : size),
		.core = placements->core + number % placements->count * placements->threads,
	};

	return batch;
}

/* ---- counting ---------------------------------------------------------------------------- */

/* What a process counts, in memory that its parent sees; the values of strays are there, too. */
struct counting {
	const struct campaign *campaign;
	const struct placements *placements;
	const struct outcome_set *expected;
	int64_t *stray;                 /* [STRAYS][width] */
	size_t strays;
	uint64_t runs, untold;
	char failure[512];
	struct seen seen[];             /* [expected, then STRAYS] */
};

static struct seen *seen_of(struct counting *counting, const int64_t *values)
{
	const struct outcome_set *expected = counting->expected;
	int64_t number = outcome_set_find(expected, values);
	struct seen *stray = counting->seen + expected->count;
	int64_t *room = counting->stray + counting->strays * expected->width;

	if (number >= 0)
		return &counting->seen[number];
	for (size_t i = 0; i < counting->strays; i++)
		if (!outcome_compare(stray[i].values, values, expected->width))
			return &stray[i];
	if (counting->strays == STRAYS)
		return NULL;
	memcpy(room, values, expected->width * sizeof *values);
	stray[counting->strays].values = room;
	return &stray[counting->strays++];
}

static void add_seen(struct counting *to, const struct seen *more)
{
	struct seen *seen = seen_of(to, more->values);

	if (!seen) {
		to->untold += more->count;
		return;
	}
	if (!seen->count || more->batch < seen->batch ||
	    (more->batch == seen->batch && more->run < seen->run)) {
		seen->batch = more->batch;
		seen->run = more->run;
	}
	seen->count += more->count;
}

static void count_batch(struct counting *counting, uint64_t number, int64_t *values)
{
	struct batch batch = campaign_batch(counting->campaign, counting->placements, number);
	unsigned width = counting->expected->width;
	char why[384];

	if (!batch_run(&batch, values, why, sizeof why)) {
		snprintf(counting->failure, sizeof counting->failure,
			 "batch %" PRIu64 " (seed %" PRIu64 "): %s", number, batch.seed, why);
		return;
	}
	counting->runs += batch.runs;
	for (unsigned run = 0; run < batch.runs; run++)
		add_seen(counting,
			 &(struct seen){ values + (size_t)run * width, 1, number, run });
}

/* Every jobs-th batch, from that of number `job` on. */
static void count_share(struct counting *counting, unsigned job)
{
	const struct campaign *campaign = counting->campaign;
	uint64_t batches = batch_count(campaign, counting->placements);
	int64_t *values = xalloc(BATCH_RUNS * counting->expected->width * sizeof *values);

	if (campaign->only >= 0 && job == 0 && (uint64_t)campaign->only < batches)
		count_batch(counting, (uint64_t)campaign->only, values);
	for (uint64_t number = job; campaign->only < 0 && number < batches && !*counting->failure;
	     number += campaign->jobs)
		count_batch(counting, number, values);
	free(values);
}

/* ---- processes --------------------------------------------------------------------------- */

static size_t counting_bytes(const struct outcome_set *expected)
{
	return sizeof(struct counting) + (expected->count + STRAYS) * sizeof(struct seen) +
	       STRAYS * expected->width * sizeof(int64_t);
}

static struct counting *counting_new(const struct campaign *campaign,
				     const struct placements *placements,
				     const struct outcome_set *expected)
{
	struct counting *counting = mmap(NULL, counting_bytes(expected), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (counting == MAP_FAILED)
		xalloc_failed(counting_bytes(expected));
	counting->campaign = campaign;
	counting->placements = placements;
	counting->expected = expected;
	counting->stray = (void *)(counting->seen + expected->count + STRAYS);
	for (size_t i = 0; i < expected->count; i++)
		counting->seen[i].values = outcome_set_row(expected, i);
	return counting;
}

static pid_t start(struct counting *counting, unsigned job)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		count_share(counting, job);
	_exit(0);
}

static void await(struct counting *counting, pid_t pid)
{
	int status = 0;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		snprintf(counting->failure, sizeof counting->failure, "no process to run it");
	else if (WIFSIGNALED(status))
		snprintf(counting->failure, sizeof counting->failure, "crashed: %s",
			 strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(counting->failure, sizeof counting->failure, "ended with status %d",
			 WEXITSTATUS(status));
}

static void join(struct counting *to, const struct counting *from)
{
	to->runs += from->runs;
	to->untold += from->untold;
	if (*from->failure && !*to->failure)
		memcpy(to->failure, from->failure, sizeof to->failure);
	for (size_t i = 0; i < from->expected->count + from->strays; i++)
		if (from->seen[i].count)
			add_seen(to, &from->seen[i]);
}

static int compare_seen(const void *left, const void *right, void *set)
{
	const struct seen *a = left, *b = right;

	return outcome_compare(a->values, b->values, ((const struct outcome_set *)set)->width);
}

static void hand_in(const struct counting *counting, struct tally *tally)
{
	const struct outcome_set *expected = counting->expected;
	size_t outcomes = expected->count + counting->strays;
	struct seen *stray;

	*tally = (struct tally){
		.runs = counting->runs,
		.batches = batch_count(counting->campaign, counting->placements),
		.outcomes = outcomes,
		.seen = xalloc(outcomes * sizeof *tally->seen),
		.others = xalloc(counting->strays * expected->width * sizeof *tally->others),
		.untold = counting->untold,
	};
	memcpy(tally->seen, counting->seen, outcomes * sizeof *tally->seen);
	memcpy(tally->failure, counting->failure, sizeof tally->failure);
	memcpy(tally->others, counting->stray,
	       counting->strays * expected->width * sizeof *tally->others);
	stray = tally->seen + expected->count;
	for (size_t i = 0; i < counting->strays; i++)
		stray[i].values = tally->others + i * expected->width;
	/* they come in the order in which processes saw them */
	if (counting->strays)
		qsort_r(stray, counting->strays, sizeof *stray, compare_seen, (void *)expected);
}

void campaign_run(const struct campaign *campaign, const struct outcome_set *expected,
		  struct tally *tally)
{
	struct placements placements = placements_find(campaign->machine, campaign->test->threads);
	struct counting **counting = xalloc(campaign->jobs * sizeof *counting);
	pid_t *pid = xalloc(campaign->jobs * sizeof *pid);
	struct counting *sum = counting_new(campaign, &placements, expected);

	for (unsigned job = 0; job < campaign->jobs; job++) {
		counting[job] = counting_new(campaign, &placements, expected);
		pid[job] = start(counting[job], job);
	}
	for (unsigned job = 0; job < campaign->jobs; job++) {
		await(counting[job], pid[job]);
		join(sum, counting[job]);
		munmap(counting[job], counting_bytes(expected));
	}
	hand_in(sum, tally);
	munmap(sum, counting_bytes(expected));
	free(pid);
	free(counting);
	placements_free(&placements);
}

void tally_free(struct tally *tally)
{
	free(tally->seen);
	free(tally->others);
	*tally = (struct tally){ 0 };
}
