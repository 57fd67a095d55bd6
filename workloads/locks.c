/*
 * locks: every CPU takes a lock, touches what it protects, lets it go and thinks; without an
 * allocator.
 *
 *	turn    lock -- `lines` lines read and written -- `section_cycles` -- unlock     one operation
 *	then    `think_cycles`
 *
 * A reader's turn only reads the lines. `instances` locks are dealt out to CPUs in turn.
 *
 *	tas             LOCK xchg until it was free
 *	ttas            the same, but read until it looks free
 *	ticket          2.6.25 to 4.1: both numbers in one word; ticket_lines: on two lines
 *	dec             until 2.6.24
 *	queued          4.2 and later
 *	mcs             a line for each waiter
 *	rwsem           readers together, who count in the lock's word; writers first
 *	seqlock         readers write nothing, and read again where a writer was there
 *	percpu_counter  no section: add one to an own counter, every `batch` of them to the shared one
 *	                under its lock; a reader reads the shared one. Layout and steps after
 *	                lib/percpu_counter.c, from memory: the pointer to the CPUs' counters, which all
 *	                read, lies beside the shared count
 *	rcu             readers follow a pointer and write nothing; a writer changes a copy, publishes
 *	                it and waits until each CPU has ended the turn that it was in. A CPU tells that
 *	                at its turns' ends, in a line of its own, and only if a writer asks; the
 *	                kernel's own grace periods are long and batched, this one is the shortest that
 *	                is right
 *
 * True at the end:
 *   (1) each line that a lock protects holds the number of writers' turns with that lock;
 *   (2) shared count and own counters add up to the turns (percpu_counter).
 * Told at once: two CPUs in an exclusive section; a reader that sees half of a change.
 *
 * Expect: tas to ticket get slower with each CPU that waits, as all re-read one line; queued and mcs
 * do not. rwsem's readers bounce its line though they exclude nobody; seqlock's, rcu's and a
 * per-CPU counter's writers do not.
 *
 * Left out: sleeping, timing out, nesting; spin_lock_irqsave's part.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/lock.h"
#include "sim/verbs/mcs.h"
#include "sim/verbs/rwsem.h"
#include "sim/verbs/seqlock.h"
#include "sim/verbs/xalloc.h"
#include "workloads/loops.h"
#include "workloads/work.h"
#include "workloads/workload.h"

enum kind {
	TAS, TTAS, TICKET, TICKET_LINES, DEC, QUEUED, MCS, RWSEM, SEQLOCK, PERCPU_COUNTER, RCU
};
static const char *const kind_words[] = {
	"tas", "ttas", "ticket", "ticket_lines", "dec", "queued", "mcs", "rwsem", "seqlock",
	"percpu_counter", "rcu", NULL
};

enum place { APART, BESIDE };
static const char *const place_words[] = { "apart", "beside", NULL };

enum { LINES_MAX = 64 };

struct locks {
	int lock, data;
	uint64_t lines, section_cycles, think_cycles, reader_percent, instances, batch;
	struct distribution work;
};

/* clang-format off */
static const struct setting locks_settings[] = {
	SETTING(struct locks, lock,           WORD,  .words = kind_words, .fallback = "queued",
		.help = "which lock"),
	SETTING(struct locks, lines,          COUNT, .min = 0, .max = LINES_MAX, .fallback = "1",
		.help = "lines that the lock protects: a writer writes all, a reader reads them"),
	SETTING(struct locks, data,           WORD,  .words = place_words, .fallback = "apart",
		.help = "the first of them: a line of its own, or beside the lock in its line"),
	SETTING(struct locks, section_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work under the lock besides, in the mean"),
	SETTING(struct locks, think_cycles,   COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "work between two turns, in the mean"),
	SETTING(struct locks, reader_percent, COUNT, .min = 0, .max = 100, .fallback = "0",
		.unit = "percent", .help = "turns that only read"),
	SETTING(struct locks, instances,      COUNT, .min = 1, .max = 1024, .fallback = "1",
		.help = "locks; CPU i takes number i modulo that"),
	SETTING(struct locks, batch,          COUNT, .min = 1, .max = 1e9, .fallback = "32",
		.help = "percpu_counter: what a CPU keeps before it adds to the shared count"),
	SETTING_WORK(struct locks, "exponential"),
	{ 0 },
};
/* clang-format on */

/* ---- memory ---------------------------------------------------------------------------------- */

struct datum {
	_Alignas(LINE) uint64_t value;
};

static const struct field datum_fields[] = {
	FIELD(struct datum, value),
	{ 0 },
};
static const struct layout datum_layout = {
	"protected line", sizeof(struct datum), CLASS_WORKLOAD, datum_fields,
};

/* One lock of each kind; only that of the settings is touched. */
struct guard {
	_Alignas(LINE) uint64_t word;   /* tas, ttas; the next number of ticket_lines */
	struct spinlock spin;           /* ticket, dec, queued; of counters, and of rcu's writers */
	struct mcs_lock mcs;
	struct rwsem sem;
	struct seqlock seq;
	int64_t total;                  /* percpu_counter: the shared count, */
	int64_t *counters;              /* the CPUs' own, of CPU 0; never changes */
	uint64_t beside;                /* the first protected word, if asked for */
	_Alignas(LINE) uint64_t owner;  /* ticket_lines */
	_Alignas(LINE) struct datum *current;   /* rcu: what readers read */
};

static const struct field guard_fields[] = {
	FIELD(struct guard, word),
	FIELD(struct guard, spin),
	FIELD(struct guard, mcs.tail),
	FIELD(struct guard, sem.count),
	FIELD(struct guard, seq.sequence),
	FIELD(struct guard, seq.lock),
	FIELD(struct guard, total),
	FIELD(struct guard, counters),
	FIELD(struct guard, beside),
	FIELD(struct guard, owner),
	FIELD(struct guard, current),
	{ 0 },
};
static const struct layout guard_layout = {
	"lock", sizeof(struct guard), CLASS_WORKLOAD, guard_fields,
};

static const struct field mcs_node_fields[] = {
	FIELD(struct mcs_node, next),
	FIELD(struct mcs_node, waits),
	{ 0 },
};
static const struct layout mcs_node_layout = {
	"mcs_node", sizeof(struct mcs_node), CLASS_WORKLOAD, mcs_node_fields,
};

static const struct layout counter_layout = {
	"own counter", sizeof(int64_t), CLASS_WORKLOAD, NULL,
};

/* Grace periods: the number of the newest, and what each CPU has seen of it; 0: it is outside. */
struct period {
	_Alignas(LINE) uint64_t number;
};

static const struct field period_fields[] = {
	FIELD(struct period, number),
	{ 0 },
};
static const struct layout period_layout = {
	"grace period", sizeof(struct period), CLASS_WORKLOAD, period_fields,
};

/* ---- host memory ----------------------------------------------------------------------------- */

struct instance {
	struct guard *guard;
	struct datum *data;             /* rcu: two copies, one behind the other */
	uint64_t *word[LINES_MAX];      /* the protected words */
	bool taken;                     /* somebody is in an exclusive section; under the lock */
};

struct worker {                         /* of one CPU */
	struct state *all;
	struct instance *mine;
	uint64_t writes;                /* turns */
	struct draws think, choice, inside;
};

struct state {
	struct locks set;
	struct sim *sim;
	unsigned cpus;
	struct mcs_node *node;          /* per CPU, as the next two */
	int64_t *counter;
	struct period *seen, *period;
	struct instance *instance;
	struct work *work;
	struct worker *worker;
};

/* ---- what is protected ----------------------------------------------------------------------- */

static void change(struct cpu *cpu, const struct worker *w)
{
	for (uint64_t i = 0; i < w->all->set.lines; i++) {
		uint64_t *word = w->mine->word[i];
		uint64_t count = load(cpu, word);

		store(cpu, word, count + 1);
	}
}

/* Are all words of one change? `copy`: of rcu, else NULL. */
static bool look(struct cpu *cpu, const struct worker *w, struct datum *copy)
{
	uint64_t first = 0;
	bool whole = true;

	for (uint64_t i = 0; i < w->all->set.lines; i++) {
		uint64_t *word = copy ? &copy[i].value : w->mine->word[i];
		uint64_t count = load(cpu, word);

		first = i ? first : count;
		whole = whole && count == first;
	}
	return whole;
}

static void must_be_whole(struct cpu *cpu, bool whole)
{
	if (!whole)
		BUG(cpu, "a reader saw half of a change");
}

static void must_be_free(struct cpu *cpu, const struct worker *w)
{
	if (w->mine->taken)
		BUG(cpu, "two CPUs hold the lock");
}

static void work_inside(struct cpu *cpu, struct worker *w)
{
	work_do(cpu, w->all->work, &w->inside, w->all->set.section_cycles);
}

/* `alone`: nobody else may be inside meanwhile. */
static void section(struct cpu *cpu, struct worker *w, bool writes, bool alone)
{
	bool whole = true;

	must_be_free(cpu, w);
	if (alone)
		w->mine->taken = true;
	if (writes)
		change(cpu, w);
	else
		whole = look(cpu, w, NULL);
	must_be_whole(cpu, whole);
	work_inside(cpu, w);
	if (alone)
		w->mine->taken = false;
	else
		must_be_free(cpu, w);
}

/* ---- locks that exclude ---------------------------------------------------------------------- */

static unsigned tas_lock(struct cpu *cpu, uint64_t *word)
{
	enum waiting before = waiting(cpu, NOT_WAITING);
	uint64_t old = exchange(cpu, word, 1);
	unsigned turns = 0;

	while (old) {
		turns++;
		waiting(cpu, WAITING_LOCK);
		compute(cpu, STEP_PAUSE);
		retry_after(cpu, word, old);
		old = exchange(cpu, word, 1);
	}
	waiting(cpu, before);
	return turns;
}

static void with_word(struct cpu *cpu, struct worker *w, bool writes)
{
	struct guard *guard = w->mine->guard;
	bool tas = w->all->set.lock == TAS;
	unsigned turns;

	if (tas)
		turns = tas_lock(cpu, &guard->word);
	else
		turns = ttas_lock(cpu, &guard->word, STEP_PAUSE, WAITING_LOCK);
	lock_taken(cpu, guard, kind_words[w->all->set.lock], turns);
	section(cpu, w, writes, true);
	ttas_unlock(cpu, &guard->word);
	lock_released(cpu, guard);
}

static void with_ticket_lines(struct cpu *cpu, struct worker *w, bool writes)
{
	struct guard *guard = w->mine->guard;
	uint64_t ticket = ticket_lines_lock(cpu, &guard->word, &guard->owner, STEP_PAUSE,
					    WAITING_LOCK);

	lock_taken(cpu, guard, kind_words[TICKET_LINES], 0);
	section(cpu, w, writes, true);
	ticket_lines_unlock(cpu, &guard->owner, ticket);
	lock_released(cpu, guard);
}

static enum lock_kind kernel_kind(int lock)
{
	return lock == TICKET ? LOCK_TICKET : lock == DEC ? LOCK_DEC : LOCK_QUEUED;
}

static void with_spinlock(struct cpu *cpu, struct worker *w, bool writes)
{
	struct spinlock *spin = &w->mine->guard->spin;
	enum lock_kind kind = kernel_kind(w->all->set.lock);

	spin_lock(cpu, spin, kind);
	section(cpu, w, writes, true);
	spin_unlock(cpu, spin, kind);
}

static void with_mcs(struct cpu *cpu, struct worker *w, bool writes)
{
	struct mcs_lock *mcs = &w->mine->guard->mcs;
	struct mcs_node *node = this_cpu(cpu, w->all->node);

	mcs_lock(cpu, mcs, node);
	section(cpu, w, writes, true);
	mcs_unlock(cpu, mcs, node);
}

/* ---- locks with readers of their own ---------------------------------------------------------- */

static void with_rwsem(struct cpu *cpu, struct worker *w, bool writes)
{
	struct rwsem *sem = &w->mine->guard->sem;

	if (writes) {
		down_write(cpu, sem);
		section(cpu, w, true, true);
		up_write(cpu, sem);
	} else {
		down_read(cpu, sem);
		section(cpu, w, false, false);
		up_read(cpu, sem);
	}
}

static void with_seqlock(struct cpu *cpu, struct worker *w, bool writes)
{
	struct seqlock *seq = &w->mine->guard->seq;
	bool whole, again;

	if (writes) {
		write_seqlock(cpu, seq);
		section(cpu, w, true, true);
		write_sequnlock(cpu, seq);
		return;
	}
	do {
		uint32_t start = read_seqbegin(cpu, seq);

		whole = look(cpu, w, NULL);
		work_inside(cpu, w);
		again = read_seqretry(cpu, seq, start);
	} while (again);
	must_be_whole(cpu, whole);
}

static void with_counter(struct cpu *cpu, struct worker *w, bool writes)
{
	struct guard *guard = w->mine->guard;
	int64_t *counters, count, total;

	if (!writes) {
		load(cpu, &guard->total);
		return;
	}
	counters = load(cpu, &guard->counters);
	counters = this_cpu(cpu, counters);
	count = load(cpu, counters);
	if (count + 1 < (int64_t)w->all->set.batch) {
		fetch_add_local(cpu, counters, 1);
		return;
	}
	path(cpu, "fold");
	spin_lock(cpu, &guard->spin, LOCK_QUEUED);
	total = load(cpu, &guard->total);
	store(cpu, &guard->total, total + count + 1);
	fetch_add_local(cpu, counters, -count);
	spin_unlock(cpu, &guard->spin, LOCK_QUEUED);
}

/* ---- rcu ------------------------------------------------------------------------------------- */

/* A reader's turn is over: if a writer waits for that, say so. Stores and loads keep their order. */
static void rcu_quiescent(struct cpu *cpu, const struct state *all)
{
	struct period *mine = this_cpu(cpu, all->seen);
	uint64_t number = load(cpu, &all->period->number);
	uint64_t seen = load(cpu, &mine->number);

	if (seen != number)
		store(cpu, &mine->number, number);
}

/* From here on writers wait for this CPU: they must know before it reads. */
static void rcu_online(struct cpu *cpu, const struct state *all)
{
	struct period *mine = this_cpu(cpu, all->seen);
	uint64_t number = load(cpu, &all->period->number);

	store(cpu, &mine->number, number);
	fence(cpu);
}

static void rcu_offline(struct cpu *cpu, const struct state *all)
{
	struct period *mine = this_cpu(cpu, all->seen);

	store(cpu, &mine->number, 0);
}

/* Until nobody can have what was unpublished before. */
static void rcu_synchronize(struct cpu *cpu, const struct state *all)
{
	uint64_t wanted = fetch_add(cpu, &all->period->number, 1) + 1;
	enum waiting before = waiting(cpu, WAITING_IDLE);

	for (unsigned id = 0; id < all->cpus; id++) {
		struct period *other = per_cpu(cpu_sim(cpu), all->seen, id);

		spin_while(cpu, &other->number, value && value < wanted, STEP_PAUSE);
	}
	waiting(cpu, before);
}

static void rcu_update(struct cpu *cpu, struct worker *w)
{
	struct guard *guard = w->mine->guard;
	uint64_t lines = w->all->set.lines;
	struct datum *now, *next;

	rcu_offline(cpu, w->all);
	spin_lock(cpu, &guard->spin, LOCK_QUEUED);
	must_be_free(cpu, w);
	w->mine->taken = true;
	now = load(cpu, &guard->current);
	next = now == w->mine->data ? now + lines : w->mine->data;
	for (uint64_t i = 0; i < lines; i++) {
		uint64_t count = load(cpu, &now[i].value);

		store(cpu, &next[i].value, count + 1);
	}
	work_inside(cpu, w);
	store(cpu, &guard->current, next);
	rcu_synchronize(cpu, w->all);
	w->mine->taken = false;
	spin_unlock(cpu, &guard->spin, LOCK_QUEUED);
	rcu_online(cpu, w->all);
}

static void with_rcu(struct cpu *cpu, struct worker *w, bool writes)
{
	struct datum *now;

	if (writes) {
		rcu_update(cpu, w);
		return;
	}
	now = load(cpu, &w->mine->guard->current);
	must_be_whole(cpu, look(cpu, w, now));
	work_inside(cpu, w);
	rcu_quiescent(cpu, w->all);
}

/* ---- turns ----------------------------------------------------------------------------------- */

typedef void turn_function(struct cpu *cpu, struct worker *w, bool writes);

static turn_function *const turns[] = {
	[TAS] = with_word, [TTAS] = with_word, [TICKET] = with_spinlock,
	[TICKET_LINES] = with_ticket_lines, [DEC] = with_spinlock, [QUEUED] = with_spinlock,
	[MCS] = with_mcs, [RWSEM] = with_rwsem, [SEQLOCK] = with_seqlock,
	[PERCPU_COUNTER] = with_counter, [RCU] = with_rcu,
};

static void locks_thread(struct cpu *cpu, void *argument)
{
	struct worker *w = argument;
	const struct locks *set = &w->all->set;

	if (set->lock == RCU)
		rcu_online(cpu, w->all);
	while (!run_over(cpu)) {
		bool writes = draws_below(&w->choice, 100) >= set->reader_percent;

		w->writes += writes;
		op_begin(cpu, OP_WORK);
		path(cpu, writes ? "write" : "read");
		turns[set->lock](cpu, w, writes);
		op_end(cpu, 0, 0);
		work_do(cpu, w->all->work, &w->think, set->think_cycles);
	}
	if (set->lock == RCU)
		rcu_offline(cpu, w->all);
}

/* ---- set-up ---------------------------------------------------------------------------------- */

static void locks_restart(struct traffic *traffic, void *state)
{
	struct state *all = state;

	for (uint64_t i = 0; i < all->set.instances; i++)
		all->instance[i].taken = false;
	for (unsigned i = 0; i < all->cpus; i++) {
		struct worker *w = &all->worker[i];

		w->all = all;
		w->mine = &all->instance[i % all->set.instances];
		w->writes = 0;
		w->think = draws_new(traffic->sim, i, 0);
		w->choice = draws_new(traffic->sim, i, 1);
		w->inside = draws_new(traffic->sim, i, 2);
		thread_start(traffic->sim, i, locks_thread, w);
	}
}

static void instance_new(struct sim *sim, struct state *all, struct guard *guard,
			 struct instance *instance)
{
	uint64_t lines = all->set.lines;
	bool rcu = all->set.lock == RCU, beside = all->set.data == BESIDE;

	instance->guard = guard;
	if (lines)
		instance->data = arena_new(sim, struct datum, rcu ? 2 * lines : lines, 0, LINE,
					   &datum_layout, "protected");
	for (uint64_t i = 0; i < lines; i++)
		instance->word[i] = &instance->data[i].value;
	if (lines && beside)
		instance->word[0] = &guard->beside;
	guard->current = instance->data;
	guard->counters = all->counter;
	spin_lock_init(&guard->spin, kernel_kind(all->set.lock));
}

static bool locks_fit(const void *settings, unsigned cpus, uint64_t *warmup, uint64_t *operations,
		      char *why, size_t size)
{
	const struct locks *set = settings;

	(void)cpus, (void)warmup, (void)operations;
	if (set->data == APART || (set->lock != RCU && set->lock != PERCPU_COUNTER))
		return true;
	snprintf(why, size, "'data: beside' is of locks with a section, not of '%s'",
		 kind_words[set->lock]);
	return false;
}

/* Who reads and who writes is drawn. */
static bool locks_draws(const void *settings)
{
	const struct locks *set = settings;

	return set->reader_percent > 0 && set->reader_percent < 100;
}

static bool locks_create(struct traffic *traffic, const void *settings, void **state, char *why,
			 size_t size)
{
	const struct locks *set = settings;
	struct sim *sim = traffic->sim;
	struct guard *guard;
	struct state *all;

	(void)why, (void)size;
	all = xalloc(sizeof *all);
	*state = all;
	all->set = *set;
	all->sim = sim;
	all->cpus = sim_cpus(sim);
	all->work = work_new(&set->work);
	all->worker = xalloc(all->cpus * sizeof *all->worker);
	all->instance = xalloc(set->instances * sizeof *all->instance);
	guard = arena_new(sim, struct guard, set->instances, 0, LINE, &guard_layout, "lock");
	all->period = arena_new(sim, struct period, 1, 0, LINE, &period_layout, "grace period");
	all->period->number = 1;
	all->node = percpu_new(sim, struct mcs_node, LINE, &mcs_node_layout, "mcs_node");
	all->counter = percpu_new(sim, int64_t, LINE, &counter_layout, "own counter");
	all->seen = percpu_new(sim, struct period, LINE, &period_layout, "seen");
	lock_queues_of_workload(sim);
	for (uint64_t i = 0; i < set->instances; i++)
		instance_new(sim, all, &guard[i], &all->instance[i]);
	locks_restart(traffic, all);
	return true;
}

/* ---- the end --------------------------------------------------------------------------------- */

static uint64_t writes_of(const struct state *all, const struct instance *instance)
{
	uint64_t writes = 0;

	for (unsigned i = 0; i < all->cpus; i++)
		if (all->worker[i].mine == instance)
			writes += all->worker[i].writes;
	return writes;
}

static bool lines_hold(const struct state *all, const struct instance *instance, uint64_t writes)
{
	const struct datum *now = instance->guard->current;

	for (uint64_t i = 0; i < all->set.lines; i++)
		if ((all->set.lock == RCU ? now[i].value : *instance->word[i]) != writes)
			return false;
	return true;
}

/* Own counters belong to all locks together. */
static bool counts_hold(const struct state *all)
{
	int64_t sum = 0;

	for (uint64_t i = 0; i < all->set.instances; i++)
		sum += all->instance[i].guard->total;
	for (unsigned i = 0; i < all->cpus; i++) {
		sum += *per_cpu(all->sim, all->counter, i);
		sum -= (int64_t)all->worker[i].writes;
	}
	return sum == 0;
}

static bool locks_adds_up(const void *state, char *why, size_t size)
{
	const struct state *all = state;

	if (all->set.lock == PERCPU_COUNTER) {
		if (counts_hold(all))
			return true;
		snprintf(why, size, "the counters do not add up to the turns");
		return false;
	}
	for (uint64_t i = 0; i < all->set.instances; i++) {
		uint64_t writes = writes_of(all, &all->instance[i]);

		if (lines_hold(all, &all->instance[i], writes))
			continue;
		snprintf(why, size, "a line under lock %" PRIu64 " does not hold its %" PRIu64
			 " changes", i, writes);
		return false;
	}
	return true;
}

static bool locks_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;
	bool good = locks_adds_up(all, why, size);

	(void)traffic;
	free(all->instance);
	free(all->worker);
	work_free(all->work);
	free(all);
	return good;
}

extern const struct workload locks;
const struct workload locks = {
	.name          = "locks",
	.summary       = "every CPU takes a lock: spinlocks of all kinds, readers and writers, counters",
	.settings      = locks_settings,
	.settings_size = sizeof(struct locks),
	.operations    = locks_fit,
	.draws         = locks_draws,
	.create        = locks_create,
	.finish        = locks_finish,
	.restart       = locks_restart,
	.adds_up       = locks_adds_up,
};
