/*
 * micro: the microbenchmarks by which machines are measured, so that a simulated machine can be
 * asked the questions its table was made from, and others.
 *
 *	chase, ld_*, rmw_*, st_*, burst          lines in a cycle of random order
 *
 *	CPU 0     links -----------------> reads itself (rmw_S ...) -> walks, measured
 *	CPU 1           \-> walks ------/       baton: a word that says whose turn it is
 *	CPU 2                \-> walks /        (ld_S, ld_O only)
 *
 *	pp_*, cont, fan                          words, a line each unless `words` says otherwise
 *
 * True at the end, which is when finish() runs:
 *   (1) the cycle of lines holds as many lines as were linked, and CPU 0 has come round it;
 *   (2) lines that were stored to hold the mark of their place in the order;
 *   (3) words hold what was added; what was exchanged is somewhere; a plain store is somebody's
 *       last; where plain additions race, a word holds no more than was added;
 *   (4) nobody was in a lock's section with somebody else (told at once).
 *
 * Which metric is the result (cycles; each test takes its own warm-up):
 *   chase, ld_*, rmw_*, own    work_cycles_mean, one access an operation
 *   load_cas_M                 work_cycles_mean, a load and a compare-and-exchange of the line
 *   st_*                       work_cycles_mean less a fence: a plain store and a fence
 *   burst                      work_cycles_mean: `lines` stores, `until` they have retired or a
 *                              fence has waited for them, one operation in all
 *   pp_*                       elapsed_cycles / operations: one way; two operations a round trip
 *   cont                       elapsed_cycles / operations: all CPUs together. (Where nothing is
 *                              between operations, each CPU but one is in the middle of one when
 *                              the window opens, which is not counted: exactly, it is
 *                              elapsed_cycles / (operations + cpus - 1), also for pp_*.)
 *   fan                        work_cycles_p50, _p99, _mean: from the store to the end of the
 *                              load that sees it, one operation per reader
 * Preparation, handshakes and private work are outside of operations. States come about by
 * accesses of other CPUs only: M by a plain store, E by loading what nobody has, S by loading
 * what another has loaded, O by loading what another has modified, I by leaving it alone.
 * Whether a protocol then has that state is its affair: on a machine whose dirty reads migrate,
 * rmw_O finds its own line, and ld_after_read, the load of an own modified line after another CPU
 * has read it, does not.
 *
 * Expect: chase, ld, rmw, st and own give the machine's table back; pp, cont and fan say what the
 * table and the protocol make of contention.
 *
 * Its locks with sections, readers and waiting of all kinds are the workload `locks`.
 * Left out: xadd without LOCK as distinct from add (no verb), a mutex that sleeps, and what
 * independent instructions hide of a miss (the model overlaps none but buffered stores).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/verbs/lock.h"
#include "sim/verbs/xalloc.h"
#include "workloads/loops.h"
#include "workloads/waiting.h"
#include "workloads/work.h"
#include "workloads/workload.h"

/* ---- settings -------------------------------------------------------------------------------- */

enum access { LOADS, LOCK_ADDS, LOADS_AND_CAS, STORES };

/* How a test over lines gets them into their state, and what it then does to each. */
struct recipe {
	enum access access;
	bool own_write;                 /* CPU 0 modifies them before anybody else; */
	unsigned helpers;               /* CPUs 1.. walk the lines one after the other, */
	bool helper_writes;             /* CPU 1 modifying them; */
	bool own_look;                  /* then CPU 0 reads them, so that it has a copy itself */
};

enum test {
	CHASE,
	LD_I, LD_M, LD_O, LD_E, LD_S, RMW_M, RMW_O, RMW_E, RMW_S, ST_M, ST_O, ST_E, ST_S,
	LOAD_CAS_M, LD_AFTER_READ,
	OWN, PP_CAS, PP_LD, PP_2L, CONT, FAN, BURST,
};

/* clang-format off */
static const char *const test_words[] = {
	"chase",
	"ld_I", "ld_M", "ld_O", "ld_E", "ld_S", "rmw_M", "rmw_O", "rmw_E", "rmw_S",
	"st_M", "st_O", "st_E", "st_S", "load_cas_M", "ld_after_read",
	"own", "pp_cas", "pp_ld", "pp_2l", "cont", "fan", "burst", NULL
};

static const struct recipe recipes[] = {
	/* access,              own_write, helpers, helper_writes, own_look */
	[LD_I]          = { LOADS,         false, 0, false, false },
	[LD_M]          = { LOADS,         false, 1, true,  false },
	[LD_O]          = { LOADS,         false, 2, true,  false },
	[LD_E]          = { LOADS,         false, 1, false, false },
	[LD_S]          = { LOADS,         false, 2, false, false },
	[RMW_M]         = { LOCK_ADDS,     false, 1, true,  false },
	[RMW_O]         = { LOCK_ADDS,     false, 1, true,  true },
	[RMW_E]         = { LOCK_ADDS,     false, 1, false, false },
	[RMW_S]         = { LOCK_ADDS,     false, 1, false, true },
	[ST_M]          = { STORES,        false, 1, true,  false },
	[ST_O]          = { STORES,        false, 1, true,  true },
	[ST_E]          = { STORES,        false, 1, false, false },
	[ST_S]          = { STORES,        false, 1, false, true },
	[LOAD_CAS_M]    = { LOADS_AND_CAS, false, 1, true,  false },
	[LD_AFTER_READ] = { LOADS,         true,  1, false, false },
};

enum deed {
	STORE, ADD, CMPXCHG_LOCAL, CMPXCHG16B_LOCAL,
	LOCK_ADD, LOCK_XADD, LOCK_CMPXCHG, XCHG, LOCK_CMPXCHG16B,
	CAS_LOOP, TTAS, TICKET, SPIN_DEC, SPIN_TICKET, POLL,
};
static const char *const op_words[] = {
	"store", "add", "cmpxchg_local", "cmpxchg16b_local",
	"lock_add", "lock_xadd", "lock_cmpxchg", "xchg", "lock_cmpxchg16b",
	"cas_loop", "ttas", "ticket", "spin_dec", "spin_ticket", "poll", NULL
};
/* clang-format on */

enum arrangement { SHARED, NEIGHBOURS, SEPARATE };
static const char *const arrangements[] = { "shared", "neighbours", "separate", NULL };

enum from { FROM_I, FROM_M, FROM_S };
static const char *const from_words[] = { "I", "M", "S", NULL };
static const struct recipe burst_recipes[] = {
	[FROM_I] = { STORES, false, 0, false, false },
	[FROM_M] = { STORES, false, 1, true, false },
	[FROM_S] = { STORES, false, 1, false, true },
};

enum by { BY_XADD, BY_XCHG };
static const char *const by_words[] = { "xadd", "xchg", NULL };

enum until { RETIRED, FENCED };
static const char *const until_words[] = { "retired", "fence", NULL };

struct micro {
	int test, op, words, from, until, by;
	uint64_t size, lines, work_cycles, memory_of;
	bool rotating, pause, section;
	struct distribution work;
};

/* clang-format off */
static const struct setting micro_settings[] = {
	SETTING(struct micro, test,        WORD,  .words = test_words, .fallback = "ld_M",
		.help = "which microbenchmark"),
	SETTING(struct micro, size,        BYTES, .min = LINE, .max = 1 << 30, .fallback = "16384",
		.unit = "bytes", .help = "chase: what the cycle of lines covers"),
	SETTING(struct micro, lines,       COUNT, .min = 2, .max = 1 << 20, .fallback = "256",
		.help = "ld, rmw, st: lines that are brought into the state; burst: stores"),
	SETTING(struct micro, op,          WORD,  .words = op_words, .fallback = "lock_xadd",
		.help = "own, cont: what is done (ttas to spin_ticket are locks; poll: one adds)"),
	SETTING(struct micro, rotating,    SWITCH, .fallback = "false",
		.help = "own: eight lines in turn instead of one word"),
	SETTING(struct micro, words,       WORD,  .words = arrangements, .fallback = "shared",
		.help = "cont: one word, a word each in shared lines, or a line each"),
	SETTING(struct micro, work_cycles, COUNT, .min = 0, .max = 1e9, .fallback = "0",
		.unit = "cycles", .help = "cont: private work after each operation"),
	SETTING_WORK(struct micro, "constant"),
	SETTING(struct micro, section,     SWITCH, .fallback = "false",
		.help = "cont, locks: the section adds to a word in a line of its own"),
	SETTING(struct micro, pause,       SWITCH, .fallback = "false",
		.help = "pp, cont, fan: loops that wait pause"),
	SETTING(struct micro, from,        WORD,  .words = from_words, .fallback = "M",
		.help = "burst: state of the lines, M and S in another CPU's cache (S: in both)"),
	SETTING(struct micro, until,       WORD,  .words = until_words, .fallback = "fence",
		.help = "burst: until the stores have retired, or a fence has waited for them"),
	SETTING(struct micro, by,          WORD,  .words = by_words, .fallback = "xadd",
		.help = "rmw: the LOCK operation (machines may do additions far, at the home)"),
	SETTING(struct micro, memory_of,   COUNT, .min = 0, .max = 1023, .fallback = "0",
		.help = "CPU on whose memory node lines and words lie"),
	{ 0 },
};
/* clang-format on */

/* ---- memory ---------------------------------------------------------------------------------- */

struct node {                           /* a line of the cycle */
	_Alignas(LINE) struct node *next;
	uint64_t mark;                  /* st, burst: its place in the order, from 1 */
};

static const struct field node_fields[] = {
	FIELD(struct node, next),
	FIELD(struct node, mark),
	{ 0 },
};
static const struct layout node_layout = {
	"chased line", sizeof(struct node), CLASS_WORKLOAD, node_fields,
};

enum { WORDS = LINE / sizeof(uint64_t) };

struct lane {                           /* words that are worked on */
	_Alignas(LINE) uint64_t word[WORDS];
};

static const struct field lane_fields[] = {
	FIELD(struct lane, word),
	{ 0 },
};
static const struct layout lane_layout = {
	"lane", sizeof(struct lane), CLASS_WORKLOAD, lane_fields,
};

struct desk {                           /* what CPUs meet at, a line each */
	_Alignas(LINE) uint64_t baton;  /* the CPU whose turn it is to prepare; last, CPU 0 again */
	_Alignas(LINE) uint64_t arrived;
	_Alignas(LINE) uint64_t owner;  /* of the ticket lock, whose tickets are lane[0].word[0] */
	_Alignas(LINE) uint64_t section;
	_Alignas(LINE) struct spinlock lock;
};

static const struct field desk_fields[] = {
	FIELD(struct desk, baton),
	FIELD(struct desk, arrived),
	FIELD(struct desk, owner),
	FIELD(struct desk, section),
	FIELD(struct desk, lock),
	{ 0 },
};
static const struct layout desk_layout = {
	"desk", sizeof(struct desk), CLASS_WORKLOAD, desk_fields,
};

/* ---- host memory ----------------------------------------------------------------------------- */

struct worker {                         /* of one CPU */
	struct state *all;
	unsigned id;
	uint64_t turns;                 /* operations begun */
	uint64_t put, got;              /* xchg: sums */
	uint64_t seen;                  /* poll, fan: the last value */
	struct draws draws;
};

struct state {
	struct micro set;
	const struct recipe *recipe;    /* NULL: a test over words */
	enum step poll;
	unsigned cpus, lanes;
	uint64_t operations;            /* with warm-up */
	struct node *node, **order;     /* the lines, and the cycle they are linked to */
	uint64_t lines;
	bool came_round;
	struct lane *lane;
	struct desk *desk;
	bool taken;                     /* somebody is in the section */
	uint64_t stored;                /* fan: when */
	struct work *work;
	struct worker *worker;
};

/* ---- lines ----------------------------------------------------------------------------------- */

/* One cycle through all lines in random order (Sattolo); plain C, as all set-up. */
static void link_lines(struct cpu *cpu, struct state *all)
{
	uint64_t n = all->lines;

	for (uint64_t i = 0; i < n; i++)
		all->order[i] = &all->node[i];
	for (uint64_t i = n - 1; i > 0; i--) {
		uint64_t other = random_below(cpu, i);
		struct node *node = all->order[i];

		all->order[i] = all->order[other];
		all->order[other] = node;
	}
	for (uint64_t i = 0; i < n; i++)
		all->order[i]->next = all->order[(i + 1) % n];
	leave_uncached(cpu, all->node, n * sizeof *all->node);
}

static void look_at_lines(struct cpu *cpu, const struct state *all)
{
	struct node *node = all->order[0];

	for (uint64_t i = 0; i < all->lines; i++)
		node = load(cpu, &node->next);
}

/* By plain stores: where LOCK operations are done at the home, they leave no copy. */
static void modify_lines(struct cpu *cpu, const struct state *all)
{
	struct node *node = all->order[0];

	for (uint64_t i = 0; i < all->lines; i++) {
		struct node *next = load(cpu, &node->next);

		store(cpu, &node->next, next);
		node = next;
	}
}

/* CPUs 1..: waits for the baton, prepares, hands the baton on. */
static void helper_thread(struct cpu *cpu, void *argument)
{
	const struct worker *worker = argument;
	const struct state *all = worker->all;

	await_count(cpu, &all->desk->baton, worker->id);
	if (worker->id == 1 && all->recipe->helper_writes)
		modify_lines(cpu, all);
	else
		look_at_lines(cpu, all);
	fence(cpu);
	store(cpu, &all->desk->baton, worker->id + 1);
}

/* The warm-up operation of CPU 0: when it ends, the lines are as the test wants them. */
static void prepare(struct cpu *cpu, const struct state *all)
{
	op_begin(cpu, OP_WORK);
	if (all->recipe->own_write)
		modify_lines(cpu, all);
	if (all->recipe->helpers) {
		store(cpu, &all->desk->baton, 1);
		await_count(cpu, &all->desk->baton, all->recipe->helpers + 1);
	}
	if (all->recipe->own_look)
		look_at_lines(cpu, all);
	fence(cpu);
	op_end(cpu, 0, 0);
}

/* One measured access to the i-th line; gives the next one. */
static struct node *visit(struct cpu *cpu, const struct state *all, struct node *node, uint64_t i)
{
	if (all->recipe->access == LOADS)
		return load(cpu, &node->next);
	if (all->recipe->access == LOCK_ADDS && all->set.by == BY_XCHG)
		return exchange(cpu, &node->next, all->order[(i + 1) % all->lines]);
	if (all->recipe->access == LOCK_ADDS)
		return fetch_add(cpu, &node->next, 0);
	if (all->recipe->access == LOADS_AND_CAS) {
		struct node *next = load(cpu, &node->next);

		if (!cas(cpu, &node->next, next, next))
			BUG(cpu, "a compare-and-exchange failed that nobody disturbed");
		return next;
	}
	store(cpu, &node->mark, i + 1);
	fence(cpu);
	return all->order[(i + 1) % all->lines];
}

static void lines_thread(struct cpu *cpu, void *argument)
{
	struct state *all = ((struct worker *)argument)->all;
	struct node *node;

	link_lines(cpu, all);
	prepare(cpu, all);
	node = all->order[0];
	for (uint64_t i = 0; i < all->lines; i++) {
		op_begin(cpu, OP_WORK);
		node = visit(cpu, all, node, i);
		op_end(cpu, 0, 0);
	}
	all->came_round = node == all->order[0];
}

static void burst_thread(struct cpu *cpu, void *argument)
{
	struct state *all = ((struct worker *)argument)->all;

	link_lines(cpu, all);
	prepare(cpu, all);
	op_begin(cpu, OP_WORK);
	for (uint64_t i = 0; i < all->lines; i++)
		store(cpu, &all->order[i]->mark, i + 1);
	if (all->set.until == FENCED)
		fence(cpu);
	op_end(cpu, 0, 0);
	all->came_round = true;
}

/* The first lap is the warm-up. */
static void chase_thread(struct cpu *cpu, void *argument)
{
	struct state *all = ((struct worker *)argument)->all;
	struct node *node;
	uint64_t at = 0;

	link_lines(cpu, all);
	node = all->order[0];
	while (!run_over(cpu)) {
		op_begin(cpu, OP_WORK);
		node = load(cpu, &node->next);
		op_end(cpu, 0, 0);
		at++;
	}
	all->came_round = node == all->order[at % all->lines];
}

/* ---- words ----------------------------------------------------------------------------------- */

/* Waits until the word is `wanted`; returns with the load that saw it. */
static void await(struct cpu *cpu, const struct state *all, uint64_t *word, uint64_t wanted)
{
	await_word(cpu, word, wanted, all->poll, WAITING_IDLE);
}

/* Not in run_over's time: each side takes as many turns as the other waits for. */
static void ping_pong_thread(struct cpu *cpu, void *argument)
{
	struct worker *worker = argument;
	struct state *all = worker->all;
	bool two = all->set.test == PP_2L;
	uint64_t *mine = &all->lane[two ? worker->id : 0].word[0];
	uint64_t *other = &all->lane[two ? !worker->id : 0].word[0];
	uint64_t turns = all->operations / 2 + 1;

	for (worker->turns = 0; worker->turns < turns; worker->turns++) {
		uint64_t wanted = 2 * worker->turns + worker->id;

		op_begin(cpu, OP_WORK);
		if (all->set.test == PP_CAS) {
			while (!cas(cpu, mine, wanted, wanted + 1))
				compute(cpu, all->poll);
		} else {
			await(cpu, all, other, wanted);
			store(cpu, mine, wanted + 1);
		}
		op_end(cpu, 0, 0);
	}
}

static void fan_writer(struct cpu *cpu, struct worker *worker, uint64_t rounds)
{
	enum { SETTLE_CYCLES = 20000 }; /* until everybody has its copy and polls */
	struct state *all = worker->all;
	uint64_t readers = all->cpus - 1;

	for (worker->turns = 1; worker->turns <= rounds; worker->turns++) {
		await_count(cpu, &all->desk->arrived, readers * worker->turns);
		compute_cycles(cpu, SETTLE_CYCLES);
		all->stored = cpu_clock(cpu);
		store(cpu, &all->lane[0].word[0], worker->turns);
	}
}

static void fan_reader(struct cpu *cpu, struct worker *worker, uint64_t rounds)
{
	struct state *all = worker->all;

	while (worker->seen < rounds) {
		fetch_add(cpu, &all->desk->arrived, 1);
		op_begin(cpu, OP_WORK);
		await(cpu, all, &all->lane[0].word[0], ++worker->seen);
		op_began(cpu, all->stored);
		op_end(cpu, 0, 0);
	}
}

static void fan_thread(struct cpu *cpu, void *argument)
{
	struct worker *worker = argument;
	uint64_t readers = worker->all->cpus - 1;
	uint64_t rounds = (worker->all->operations + readers - 1) / readers;

	if (worker->id == 0)
		fan_writer(cpu, worker, rounds);
	else
		fan_reader(cpu, worker, rounds);
}

/* ---- own, cont: one operation on a word ------------------------------------------------------ */

static uint64_t *word_of(const struct worker *worker)
{
	struct lane *lane = worker->all->lane;
	const struct micro *set = &worker->all->set;

	if (set->test == OWN)
		return &lane[set->rotating ? worker->turns % WORDS : 0].word[0];
	if (set->words == SHARED)
		return &lane[0].word[0];
	if (set->words == NEIGHBOURS)
		return &lane[worker->id / WORDS].word[worker->id % WORDS];
	return &lane[worker->id].word[0];
}

static void section(struct cpu *cpu, struct state *all)
{
	if (all->taken)
		BUG(cpu, "two CPUs hold the lock");
	all->taken = true;
	if (all->set.section) {
		uint64_t count = load(cpu, &all->desk->section);

		store(cpu, &all->desk->section, count + 1);
	}
	all->taken = false;
}

static void with_ttas(struct cpu *cpu, struct state *all, uint64_t *word)
{
	ttas_lock(cpu, word, all->poll, WAITING_IDLE);
	section(cpu, all);
	ttas_unlock(cpu, word);
}

static void with_ticket(struct cpu *cpu, struct state *all, uint64_t *word)
{
	uint64_t *owner = &all->desk->owner;
	uint64_t ticket = ticket_lines_lock(cpu, word, owner, all->poll, WAITING_IDLE);

	section(cpu, all);
	ticket_lines_unlock(cpu, owner, ticket);
}

static void with_spinlock(struct cpu *cpu, struct state *all, enum lock_kind kind)
{
	spin_lock(cpu, &all->desk->lock, kind);
	section(cpu, all);
	spin_unlock(cpu, &all->desk->lock, kind);
}

static void increment_by_cas(struct cpu *cpu, uint64_t *word)
{
	uint64_t old = load(cpu, word);

	while (!cas(cpu, word, old, old + 1))
		old = load(cpu, word);
}

/* Nobody else writes the word: the exchange finds what it expects. */
static void compare_exchange(struct cpu *cpu, uint64_t *word, uint64_t old, int op)
{
	struct pair *pair = (struct pair *)word, before = { old, 0 }, after = { old + 1, 0 };
	bool done;

	if (op == CMPXCHG_LOCAL)
		done = cas_local(cpu, word, old, old + 1);
	else if (op == LOCK_CMPXCHG)
		done = cas(cpu, word, old, old + 1);
	else if (op == CMPXCHG16B_LOCAL)
		done = cas_local(cpu, pair, before, after);
	else
		done = cas(cpu, pair, before, after);
	if (!done)
		BUG(cpu, "a compare-and-exchange on an own word failed");
}

/* A number that no other CPU puts, nor this one again. */
static uint64_t number_of(const struct worker *worker)
{
	return worker->turns * worker->all->cpus + worker->id + 1;
}

static void exchange_numbers(struct cpu *cpu, struct worker *worker, uint64_t *word)
{
	uint64_t old = exchange(cpu, word, number_of(worker));

	worker->put += number_of(worker);
	worker->got += old;
}

static void poll_or_add(struct cpu *cpu, struct worker *worker, uint64_t *word)
{
	uint64_t now;

	if (worker->id == 0) {
		fetch_add_local(cpu, word, 1);
		return;
	}
	now = load(cpu, word);
	if (now < worker->seen)
		BUG(cpu, "a reader saw an old value after a new one");
	worker->seen = now;
}

static void operate(struct cpu *cpu, struct worker *worker, uint64_t *word)
{
	struct state *all = worker->all;

	switch (all->set.op) {
	case STORE:
		store(cpu, word, number_of(worker));
		break;
	case ADD:
		fetch_add_local(cpu, word, 1);
		break;
	case LOCK_ADD:                  /* a LOCK operation that returns no word */
		bit_set(cpu, word, 0);
		break;
	case LOCK_XADD:
		fetch_add(cpu, word, 1);
		break;
	case XCHG:
		exchange_numbers(cpu, worker, word);
		break;
	case CAS_LOOP:
		increment_by_cas(cpu, word);
		break;
	case TTAS:
		with_ttas(cpu, all, word);
		break;
	case TICKET:
		with_ticket(cpu, all, word);
		break;
	case SPIN_DEC:
		with_spinlock(cpu, all, LOCK_DEC);
		break;
	case SPIN_TICKET:
		with_spinlock(cpu, all, LOCK_TICKET);
		break;
	case POLL:
		poll_or_add(cpu, worker, word);
		break;
	default:
		compare_exchange(cpu, word,
				 all->set.rotating ? worker->turns / WORDS : worker->turns,
				 all->set.op);
	}
}

/* As a program does that sets its counters to 0: where atomics may be far, that decides. */
static void set_own_words(struct cpu *cpu, struct worker *worker)
{
	const struct micro *set = &worker->all->set;

	for (unsigned i = 0; set->test == OWN && i < WORDS; i++)
		store(cpu, &worker->all->lane[i].word[0], 0);
	if (set->test != OWN && (set->words == SEPARATE || worker->all->cpus == 1))
		store(cpu, word_of(worker), 0);
	fence(cpu);
}

static void words_thread(struct cpu *cpu, void *argument)
{
	struct worker *worker = argument;
	const struct micro *set = &worker->all->set;

	set_own_words(cpu, worker);
	while (!run_over(cpu)) {
		op_begin(cpu, OP_WORK);
		operate(cpu, worker, word_of(worker));
		op_end(cpu, 0, 0);
		worker->turns++;
		work_do(cpu, worker->all->work, &worker->draws, set->work_cycles);
	}
}

/* ---- finish ---------------------------------------------------------------------------------- */

static bool lines_good(const struct state *all, char *why, size_t size)
{
	bool stored = all->recipe && all->recipe->access == STORES;

	for (uint64_t i = 0; all->came_round && i < all->lines; i++) {
		if (all->order[i]->next == all->order[(i + 1) % all->lines] &&
		    (!stored || all->order[i]->mark == i + 1))
			continue;
		snprintf(why, size, "line %" PRIu64 " of the cycle does not hold what it should",
			 i);
		return false;
	}
	if (!all->came_round)
		snprintf(why, size, "the walk did not come round the cycle of lines");
	return all->came_round;
}

/* Sum of all words; a pair's second half is 0. */
static uint64_t sum_of_words(const struct state *all)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < all->lanes; i++)
		for (unsigned k = 0; k < WORDS; k++)
			sum += all->lane[i].word[k];
	return sum;
}

/* Some CPU stored this number last, of eight words in its last eight turns. */
static bool is_last_of_one(const struct state *all, uint64_t number)
{
	uint64_t turns = all->worker[(number - 1) % all->cpus].turns;
	uint64_t turn = (number - 1) / all->cpus;

	return turn < turns && turn + (all->set.rotating ? WORDS : 1) >= turns;
}

static bool bits_good(const struct state *all)
{
	for (unsigned i = 0; i < all->lanes; i++)
		for (unsigned k = 0; k < WORDS; k++)
			if (all->lane[i].word[k] > 1)
				return false;
	return all->lane[0].word[0] == 1;
}

static bool stores_good(const struct state *all)
{
	for (unsigned i = 0; i < all->lanes; i++)
		for (unsigned k = 0; k < WORDS; k++)
			if (all->lane[i].word[k] && !is_last_of_one(all, all->lane[i].word[k]))
				return false;
	return sum_of_words(all) > 0;
}

static bool section_good(const struct state *all, uint64_t turns)
{
	return !all->taken && all->desk->section == (all->set.section ? turns : 0);
}

static bool operations_good(const struct state *all)
{
	uint64_t turns = 0, put = 0, got = 0, sum = sum_of_words(all);

	for (unsigned i = 0; i < all->cpus; i++) {
		turns += all->worker[i].turns;
		put += all->worker[i].put;
		got += all->worker[i].got;
	}
	switch (all->set.op) {
	case STORE:
		return stores_good(all);
	case ADD:                       /* those of several CPUs on one word race */
		return all->set.words == SHARED && all->cpus > 1 ? sum && sum <= turns
								 : sum == turns;
	case LOCK_ADD:
		return bits_good(all);
	case XCHG:
		return put == got + sum;
	case TTAS:
		return sum == 0 && section_good(all, turns);
	case TICKET:
		return sum == turns && all->desk->owner == turns && section_good(all, turns);
	case SPIN_DEC:
		return all->desk->lock.slock == 1 && section_good(all, turns);
	case SPIN_TICKET:
		return all->desk->lock.owner == all->desk->lock.next &&
		       all->desk->lock.owner == (uint16_t)turns && section_good(all, turns);
	case POLL:
		return sum == all->worker[0].turns;
	default:
		return sum == turns;
	}
}

static bool words_good(const struct state *all, char *why, size_t size)
{
	uint64_t last = 2 * (all->operations / 2 + 1);
	const uint64_t first = all->lane[0].word[0], second = all->lane[1].word[0];
	bool good = true;

	for (unsigned i = 1; all->set.test == FAN && i < all->cpus; i++)
		good = good && first == all->worker[i].seen;
	if (all->set.test == FAN)
		good = good && first > 0;
	else if (all->set.test == PP_2L)
		good = first == last - 1 && second == last;
	else if (all->set.test == PP_CAS || all->set.test == PP_LD)
		good = first == last;
	else
		good = operations_good(all);
	if (!good)
		snprintf(why, size, "the words do not hold what was done to them");
	return good;
}

static bool micro_finish(struct traffic *traffic, void *state, char *why, size_t size)
{
	struct state *all = state;
	bool good;

	(void)traffic;
	good = all->lines ? lines_good(all, why, size) : words_good(all, why, size);
	free(all->order);
	work_free(all->work);
	free(all->worker);
	free(all);
	return good;
}

/* ---- the tests, and create ------------------------------------------------------------------- */

struct kind {
	thread_function *first, *others;        /* CPU 0, those after it; NULL: idle */
	unsigned least_cpus, most_cpus;         /* most 0: any number */
};

/* clang-format off */
static const struct kind kinds[] = {
	[CHASE]         = { chase_thread,     NULL,             1, 0 },
	[LD_I]          = { lines_thread,     NULL,             1, 0 },
	[LD_M]          = { lines_thread,     helper_thread,    2, 0 },
	[LD_O]          = { lines_thread,     helper_thread,    3, 0 },
	[LD_E]          = { lines_thread,     helper_thread,    2, 0 },
	[LD_S]          = { lines_thread,     helper_thread,    3, 0 },
	[RMW_M]         = { lines_thread,     helper_thread,    2, 0 },
	[RMW_O]         = { lines_thread,     helper_thread,    2, 0 },
	[RMW_E]         = { lines_thread,     helper_thread,    2, 0 },
	[RMW_S]         = { lines_thread,     helper_thread,    2, 0 },
	[ST_M]          = { lines_thread,     helper_thread,    2, 0 },
	[ST_O]          = { lines_thread,     helper_thread,    2, 0 },
	[ST_E]          = { lines_thread,     helper_thread,    2, 0 },
	[ST_S]          = { lines_thread,     helper_thread,    2, 0 },
	[LOAD_CAS_M]    = { lines_thread,     helper_thread,    2, 0 },
	[LD_AFTER_READ] = { lines_thread,     helper_thread,    2, 0 },
	[OWN]           = { words_thread,     NULL,             1, 1 },
	[PP_CAS]        = { ping_pong_thread, ping_pong_thread, 2, 2 },
	[PP_LD]         = { ping_pong_thread, ping_pong_thread, 2, 2 },
	[PP_2L]         = { ping_pong_thread, ping_pong_thread, 2, 2 },
	[CONT]          = { words_thread,     words_thread,     1, 0 },
	[FAN]           = { fan_thread,       fan_thread,       2, 0 },
	[BURST]         = { burst_thread,     helper_thread,    2, 0 },
};
/* clang-format on */

/* What is done by more than one instruction, or for which one CPU is too few or too many. */
static bool op_fits(const struct micro *set, char *why, size_t size)
{
	bool own_word = set->op == CMPXCHG_LOCAL || set->op == CMPXCHG16B_LOCAL ||
			set->op == LOCK_CMPXCHG || set->op == LOCK_CMPXCHG16B;

	if (set->test == OWN && set->op >= CAS_LOOP)
		snprintf(why, size, "'own' measures one instruction; 'op: %s' is for 'cont'",
			 op_words[set->op]);
	else if (set->test == CONT && own_word)
		snprintf(why, size, "'op: %s' would fail where CPUs compete; 'cas_loop' retries",
			 op_words[set->op]);
	else if (set->test == CONT && set->op >= TTAS && set->words != SHARED)
		snprintf(why, size, "'op: %s' has one word for all CPUs ('words: shared')",
			 op_words[set->op]);
	else
		return true;
	return false;
}

static bool micro_operations(const void *settings, unsigned cpus, uint64_t *warmup,
			     uint64_t *operations, char *why, size_t size)
{
	const struct micro *set = settings;
	const struct kind *kind = &kinds[set->test];

	if (cpus < kind->least_cpus || (kind->most_cpus && cpus > kind->most_cpus)) {
		snprintf(why, size, "test '%s' is one of %s%u CPUs, not %u", test_words[set->test],
			 kind->most_cpus ? "" : "at least ", kind->least_cpus, cpus);
		return false;
	}
	if (set->memory_of >= cpus) {
		snprintf(why, size, "'memory_of' is CPU %" PRIu64 " of %u", set->memory_of, cpus);
		return false;
	}
	if (set->test == CHASE) {
		*warmup = set->size / LINE;
		*operations = *operations ? *operations : *warmup;
	} else if (set->test == BURST || kind->first == lines_thread) {
		*warmup = 1;
		*operations = set->test == BURST ? 1 : set->lines;
	}
	return op_fits(set, why, size);
}

static const struct recipe *recipe_of(const struct micro *set)
{
	if (set->test == BURST)
		return &burst_recipes[set->from];
	return kinds[set->test].first == lines_thread ? &recipes[set->test] : NULL;
}

static void memory_for(struct sim *sim, struct state *all)
{
	unsigned node = node_of_cpu(sim, (unsigned)all->set.memory_of);

	if (all->recipe || all->set.test == CHASE) {
		all->lines = all->recipe ? all->set.lines : all->set.size / LINE;
		all->order = xalloc(all->lines * sizeof *all->order);
		all->node = arena_new(sim, struct node, all->lines, node, LINE, &node_layout,
				      "chased line");
	}
	all->lanes = all->cpus > WORDS ? all->cpus : WORDS;
	all->lane = arena_new(sim, struct lane, all->lanes, node, LINE, &lane_layout, "lane");
	all->desk = arena_new(sim, struct desk, 1, node, LINE, &desk_layout, "desk");
	spin_lock_init(&all->desk->lock, all->set.op == SPIN_TICKET ? LOCK_TICKET : LOCK_DEC);
}

static thread_function *thread_of(const struct state *all, unsigned id)
{
	const struct kind *kind = &kinds[all->set.test];

	if (id == 0)
		return kind->first;
	return all->recipe && id > all->recipe->helpers ? NULL : kind->others;
}

static bool micro_create(struct traffic *traffic, const void *settings, void **state, char *why,
			 size_t size)
{
	struct state *all = xalloc(sizeof *all);

	(void)why, (void)size;
	*state = all;
	all->set = *(const struct micro *)settings;
	all->recipe = recipe_of(&all->set);
	all->poll = all->set.pause ? STEP_PAUSE : STEP_LOOP;
	all->cpus = sim_cpus(traffic->sim);
	all->operations = traffic->warmup + traffic->operations;
	all->worker = xalloc(all->cpus * sizeof *all->worker);
	all->work = work_new(&all->set.work);
	memory_for(traffic->sim, all);
	for (unsigned i = 0; i < all->cpus; i++) {
		thread_function *thread = thread_of(all, i);

		all->worker[i].all = all;
		all->worker[i].id = i;
		all->worker[i].draws = draws_new(traffic->sim, i, 0);
		if (thread)
			thread_start(traffic->sim, i, thread, &all->worker[i]);
	}
	return true;
}

/* Ping-pongs have two CPUs; CPU 0 hands a word to all others, or its lines come from helpers. */
static void micro_partners(const void *settings, unsigned cpus, partner_pair *pair, void *to)
{
	const struct micro *set = settings;
	const struct recipe *recipe = recipe_of(set);
	unsigned others = 0;

	if (recipe)
		others = recipe->helpers;
	else if (set->test == FAN)
		others = cpus - 1;
	else if (set->test == PP_CAS || set->test == PP_LD || set->test == PP_2L)
		others = 1;
	for (unsigned other = 1; other <= others && other < cpus; other++)
		pair(to, 0, other);
}

/* Lines come from one or two helpers, however many CPUs there are. */
static void micro_remarks(const void *state, void (*line)(void *to, const char *text), void *to)
{
	const struct state *all = state;
	unsigned busy = 0;
	char text[160];

	for (unsigned i = 0; i < all->cpus; i++)
		busy += thread_of(all, i) != NULL;
	if (busy == all->cpus)
		return;
	snprintf(text, sizeof text, "test '%s' works on %u CPU%s; the other %u %s idle",
		 test_words[all->set.test], busy, busy == 1 ? "" : "s", all->cpus - busy,
		 all->cpus - busy == 1 ? "is" : "are");
	line(to, text);
}

extern const struct workload micro;
const struct workload micro = {
	.name          = "micro",
	.summary       = "the microbenchmarks that measure machines: chase, ld, pp, cont, fan",
	.settings      = micro_settings,
	.settings_size = sizeof(struct micro),
	.operations    = micro_operations,
	.create        = micro_create,
	.finish        = micro_finish,
	.partners      = micro_partners,
	.remarks       = micro_remarks,
};
