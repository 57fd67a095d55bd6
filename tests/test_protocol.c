/*
 * Every row of the protocols' tables, through real accesses: what a cache does with its copy, what
 * a home does with a request and with an owner's answer. Rows are told by what CPUs do in turn; a
 * walk over the table at the end makes sure that none was left out.
 *
 * Steps: CPU, then r load, w store, x LOCK add, c LOCK cmpxchg that fails, e load of another line
 * that needs the same way, f LOCK add on a machine that does it at the home. States: one letter per CPU, . for none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/internal.h"
#include "tests/engine_fixture.h"

enum { CPUS = 3, APART = 1000 };

/* How a machine file asks for a protocol. */
struct variant {
	const struct protocol *protocol;
	enum machine_protocol word;
	enum dirty_read dirty_read;
};

static const struct variant mesi = { &protocol_mesi, PROTOCOL_MESI, DIRTY_SHARE_WB },
			    mesif = { &protocol_mesif, PROTOCOL_MESIF, DIRTY_SHARE_WB },
			    moesi = { &protocol_moesi, PROTOCOL_MOESI, DIRTY_SHARE_OWNED },
			    migrate = { &protocol_migrate, PROTOCOL_MOESI, DIRTY_MIGRATE };

static void set_protocol(struct machine *machine, const struct variant *variant)
{
	machine->protocol = (int)variant->word;
	machine->dirty_read = (int)variant->dirty_read;
}

struct play {
	const char *steps;
	uint64_t *word, *other;         /* in the one way of their set */
	char before[CPUS + 1], after[CPUS + 1];         /* of the last step */
	bool memory_knows;              /* memory has the last written value, after the last step */
	enum home_state home_before, home_after;
	int owner;                      /* -1: none */
	char sharers[CPUS + 1];
	uint64_t cost;                  /* of the last step, in units */
	struct counts total;
};

static void read_states(struct sim *sim, const void *word, char *text)
{
	uint64_t line = sim_offset(sim, word) >> LINE_SHIFT;

	for (unsigned i = 0; i < CPUS; i++) {
		const struct slot *slot = cache_find(&sim->cpu[i].node->level_cache[0], line);

		text[i] = slot ? state_letter[slot->state] : '.';
	}
	text[CPUS] = '\0';
}

static enum home_state read_home(const struct dirent *d)
{
	if (d && d->owner)
		return d->sharer_count ? HOME_O : HOME_X;
	return d && d->sharer_count ? HOME_S : HOME_U;
}

static void perform(struct cpu *cpu, const struct play *play, char what)
{
	switch (what) {
	case 'r':
		load(cpu, play->word);
		break;
	case 'w':
		store(cpu, play->word, 1);
		break;
	case 'x':
	case 'f':
		fetch_add(cpu, play->word, 1);
		break;
	case 'c':
		assert_false(cas(cpu, play->word, 77, 78));
		break;
	case 'e':
		load(cpu, play->other);
		break;
	default:
		fail_msg("no step %c", what);
	}
}

static void look_before(struct cpu *cpu, struct play *play)
{
	struct sim *sim = cpu_sim(cpu);

	read_states(sim, play->word, play->before);
	play->home_before = read_home(sim->root->entry[sim_offset(sim, play->word) >> LINE_SHIFT]);
}

static void one_step(struct cpu *cpu, struct play *play, char what, unsigned at, bool last)
{
	uint64_t start;

	compute_cycles(cpu, at - cpu->clock / UNIT);
	start = cpu->clock;
	if (last)
		look_before(cpu, play);
	perform(cpu, play, what);
	if (last)
		play->cost = cpu->clock - start;
}

static void thread(struct cpu *cpu, void *argument)
{
	struct play *play = argument;
	unsigned steps = (unsigned)(strlen(play->steps) + 1) / 3;

	for (unsigned i = 0; i < steps; i++)
		if ((unsigned)(play->steps[3 * i] - '0') == cpu_id(cpu))
			one_step(cpu, play, play->steps[3 * i + 1], (i + 1) * APART,
				 i + 1 == steps);
}

static void look_after(struct sim *sim, struct play *play)
{
	uint64_t line = sim_offset(sim, play->word) >> LINE_SHIFT;
	const struct dirent *d = sim->root->entry[line];

	read_states(sim, play->word, play->after);
	play->home_after = read_home(d);
	play->memory_knows = (d ? d->version : 0) == sim->version[line];
	play->owner = d->owner ? (int)d->owner->id : -1;
	for (unsigned i = 0; i < CPUS; i++)
		play->sharers[i] = d->sharers[0] >> i & 1 ? (char)('0' + i) : '.';
}

static struct play run(const char *steps, const struct variant *variant, enum machine_home home)
{
	struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, CPUS);
	struct play play = { .steps = steps };
	struct result *r;
	struct sim *sim;

	set_protocol(&machine, variant);
	machine.home = (int)home;
	machine.l1d = (struct cache_level){ 1, 1, 1, 1 };
	if (strchr(steps, 'f')) {
		machine.far_atomic.service_ns = 5;
		machine.far_atomic.latency_ns = 60;
	}
	sim = engine_sim(&options);
	play.word = arena_alloc(sim, LINE, 17, 0, 4096, NULL, "word");
	play.other = play.word + (ptrdiff_t)16 * 8;
	for (unsigned i = 0; i < CPUS; i++)
		thread_start(sim, i, thread, &play);
	if (sim_run(sim) != OUTCOME_DONE)
		fail_msg("%s: %s", steps, sim->message);
	look_after(sim, &play);
	r = sim_result(sim);
	play.total = r->total;
	result_free(r);
	sim_free(sim);
	return play;
}

/* ---- copies: CPU 0's ------------------------------------------------------------------------ */

/* clang-format off */
enum { YES = 1, NO = 0 };
#define LOAD       COPY_LOAD
#define STORE      COPY_STORE
#define SHARE      COPY_PROBE_SHARE
#define INVALIDATE COPY_PROBE_INVALIDATE
#define EVICT      COPY_EVICT
#define FILL_S     COPY_FILL_S
#define FILL_E     COPY_FILL_E
#define FILL_M     COPY_FILL_M

#define FILL_F     COPY_FILL_F
#define FILL_D     COPY_FILL_D

struct row {
	const char *name;
	enum state state;
	enum copy_event event;
	const char *steps, *after;
	bool memory_knows;
	unsigned cycles;
};

/* name                                CPU 0    event                  steps
 * after  memory cycles */
static const struct row in_all[] = {
	{ "load, nobody has it: memory",      STATE_I, LOAD,       "0r",          "E..", YES, 100 },
	{ "store, nobody has it: memory",     STATE_I, STORE,      "0w",          "M..", NO,  100 },
	{ "LOCK, nobody has it",              STATE_I, STORE,      "0x",          "M..", NO,  109 },
	{ "the only reader gets E",           STATE_I, FILL_E,     "0r",          "E..", YES, 100 },
	{ "a writer gets M",                  STATE_I, FILL_M,     "1r 0w",       "M..", NO,  51 },
	{ "stale owner asked to share",       STATE_I, SHARE,      "0r 0e 1r",    ".E.", YES, 100 },
	{ "stale owner asked to let go",      STATE_I, INVALIDATE, "0r 0e 1w",    ".M.", NO,  100 },
	{ "stale sharer asked to let go",     STATE_I, INVALIDATE, "0r 1r 0e 1w", ".M.", NO,  41 },
	{ "store to a shared copy upgrades",  STATE_S, STORE,      "0r 1r 0w",    "M..", NO,  41 },
	{ "LOCK on a shared copy upgrades",   STATE_S, STORE,      "0r 1r 0x",    "M..", NO,  50 },
	{ "a failing cmpxchg upgrades too",   STATE_S, STORE,      "0r 1r 0c",    "M..", NO,  50 },
	{ "the grant of an upgrade",          STATE_S, FILL_M,     "0r 1r 2r 0w", "M..", NO,  43 },
	{ "a sharer lets go",                 STATE_S, INVALIDATE, "0r 1r 1w",    ".M.", NO,  41 },
	{ "load of an exclusive copy hits",   STATE_E, LOAD,       "0r 0r",       "E..", YES, 1 },
	{ "store to E: silently",             STATE_E, STORE,      "0r 0w",       "M..", NO,  1 },
	{ "E lets go: data from the cache",   STATE_E, INVALIDATE, "0r 1w",       ".M.", NO,  51 },
	{ "E makes room: silently",           STATE_E, EVICT,      "0r 0e",       "...", YES, 100 },
	{ "load of a modified copy hits",     STATE_M, LOAD,       "0w 0r",       "M..", NO,  1 },
	{ "store to a modified copy hits",    STATE_M, STORE,      "0w 0w",       "M..", NO,  1 },
	{ "M lets go; memory stays behind",   STATE_M, INVALIDATE, "0w 1w",       ".M.", NO,  61 },
	{ "M makes room: written back",       STATE_M, EVICT,      "0w 0e",       "...", YES, 100 },
	{ 0 },
};

/* In all but MESIF, where a reader gets F. */
static const struct row without_f[] = {
	{ "a second reader gets S",           STATE_I, FILL_S,     "1r 0r",       "SS.", YES, 50 },
	{ "a third reader gets S",            STATE_I, FILL_S,     "1r 2r 0r",    "SSS", YES, 40 },
	{ "a writer among readers gets M",    STATE_I, FILL_M,     "1r 2r 0w",    "M..", NO,  43 },
	{ "load of a shared copy hits",       STATE_S, LOAD,       "0r 1r 0r",    "SS.", YES, 1 },
	{ "a sharer makes room: silently",    STATE_S, EVICT,      "0r 1r 0e",    ".S.", YES, 100 },
	{ "E shares: data from the cache",    STATE_E, SHARE,      "0r 1r",       "SS.", YES, 50 },
	{ 0 },
};

static const struct row of_mesi[] = {
	{ "M shares; memory gets it too",     STATE_M, SHARE,      "0w 1r",       "SS.", YES, 60 },
	{ 0 },
};

/* F costs what S does. It is probed beside the sharers, not after them as one of them. */
static const struct row of_mesif[] = {
	{ "a second reader gets F",           STATE_I, FILL_F,     "1r 0r",       "FS.", YES, 50 },
	{ "a third reader gets F",            STATE_I, FILL_F,     "1r 2r 0r",    "FSS", YES, 40 },
	{ "a writer among readers gets M",    STATE_I, FILL_M,     "1r 2r 0w",    "M..", NO,  41 },
	{ "F was dropped: memory answers",    STATE_I, SHARE,      "1r 0r 0e 2r", ".SF", YES, 100 },
	{ "F was dropped, a writer comes",    STATE_I, INVALIDATE, "1r 0r 0e 2w", "..M", NO,  100 },
	{ "load of a shared copy hits",       STATE_S, LOAD,       "0r 1r 0r",    "SF.", YES, 1 },
	{ "a sharer makes room: silently",    STATE_S, EVICT,      "0r 1r 0e",    ".F.", YES, 100 },
	{ "load of F hits",                   STATE_F, LOAD,       "1r 0r 0r",    "FS.", YES, 1 },
	{ "store to F upgrades",              STATE_F, STORE,      "1r 0r 0w",    "M..", NO,  41 },
	{ "F answers and becomes S",          STATE_F, SHARE,      "1r 0r 2r",    "SSF", YES, 40 },
	{ "F lets go: data from the cache",   STATE_F, INVALIDATE, "1r 0r 2w",    "..M", NO,  41 },
	{ "F lets go: a sharer upgrades",     STATE_F, INVALIDATE, "1r 0r 1w",    ".M.", NO,  41 },
	{ "the grant of an upgrade of F",     STATE_F, FILL_M,     "1r 2r 0r 0w", "M..", NO,  43 },
	{ "F makes room: silently",           STATE_F, EVICT,      "1r 0r 0e",    ".S.", YES, 100 },
	{ "E shares: the reader gets F",      STATE_E, SHARE,      "0r 1r",       "SF.", YES, 50 },
	{ "M shares; memory gets it too",     STATE_M, SHARE,      "0w 1r",       "SF.", YES, 60 },
	{ 0 },
};

/* Owned: to a reader as M, to a writer as S. A writer waits for data and acknowledgements. */
static const struct row of_moesi[] = {
	{ "M shares and owns it",             STATE_M, SHARE,      "0w 1r",       "OS.", NO,  60 },
	{ "load of an owned copy hits",       STATE_O, LOAD,       "0w 1r 0r",    "OS.", NO,  1 },
	{ "store to an owned copy upgrades",  STATE_O, STORE,      "0w 1r 0w",    "M..", NO,  41 },
	{ "LOCK on an owned copy upgrades",   STATE_O, STORE,      "0w 1r 0x",    "M..", NO,  50 },
	{ "O answers and stays O",            STATE_O, SHARE,      "0w 1r 2r",    "OSS", NO,  60 },
	{ "O lets go: a writer comes",        STATE_O, INVALIDATE, "0w 1r 2w",    "..M", NO,  41 },
	{ "O lets go: a sharer upgrades",     STATE_O, INVALIDATE, "0w 1r 1w",    ".M.", NO,  41 },
	{ "the grant of an upgrade of O",     STATE_O, FILL_M,     "0w 1r 2r 0w", "M..", NO,  43 },
	{ "O makes room: written back",       STATE_O, EVICT,      "0w 1r 0e",    ".S.", YES, 100 },
	{ 0 },
};

/* D costs what M does. */
static const struct row of_migrate[] = {
	{ "M moves to the reader",            STATE_M, SHARE,      "0w 1r",       ".D.", NO,  60 },
	{ "the reader of M gets D",           STATE_I, FILL_D,     "1w 0r",       "D..", NO,  60 },
	{ "load of D hits",                   STATE_D, LOAD,       "1w 0r 0r",    "D..", NO,  1 },
	{ "store to D: silently",             STATE_D, STORE,      "1w 0r 0w",    "M..", NO,  1 },
	{ "D shares and owns it",             STATE_D, SHARE,      "1w 0r 1r",    "OS.", NO,  60 },
	{ "D lets go",                        STATE_D, INVALIDATE, "1w 0r 1w",    ".M.", NO,  61 },
	{ "D makes room: written back",       STATE_D, EVICT,      "1w 0r 0e",    "...", YES, 100 },
	{ "load of an owned copy hits",       STATE_O, LOAD,       "1w 0r 1r 0r", "OS.", NO,  1 },
	{ "store to an owned copy upgrades",  STATE_O, STORE,      "1w 0r 1r 0w", "M..", NO,  41 },
	{ "O answers and stays O",            STATE_O, SHARE,      "1w 0r 1r 2r", "OSS", NO,  60 },
	{ "O lets go: a writer comes",        STATE_O, INVALIDATE, "1w 0r 1r 2w", "..M", NO,  41 },
	{ "O lets go: a sharer upgrades",     STATE_O, INVALIDATE, "1w 0r 1r 1w", ".M.", NO,  41 },
	{ "the grant of an upgrade of O",     STATE_O, FILL_M,     "1w 0r 1r 2r 0w", "M..", NO, 43 },
	{ "O makes room: written back",       STATE_O, EVICT,      "1w 0r 1r 0e", ".S.", YES, 100 },
	{ 0 },
};
/* clang-format on */

static void check_row(const struct row *row, const struct protocol *protocol,
		      const struct play *play)
{
	const struct copy_rule *rule = &protocol->copy[row->state][row->event];
	char before = row->state == STATE_I ? '.' : state_letter[row->state];
	char next = rule->next == STATE_I ? '.' : state_letter[rule->next];

	if (play->before[0] != before)
		fail_msg("%s: line is %c before, expected %c", row->name, play->before[0], before);
	if (strcmp(play->after, row->after))
		fail_msg("%s: lines are %s, expected %s", row->name, play->after, row->after);
	if (play->memory_knows != row->memory_knows)
		fail_msg("%s: memory %s the last value", row->name,
			 play->memory_knows ? "has" : "lacks");
	if (play->cost != (uint64_t)row->cycles * UNIT)
		fail_msg("%s: %llu/64 cycles, expected %u", row->name,
			 (unsigned long long)play->cost, row->cycles);
	/* what a CPU asks for is answered before it ends: I and S go on to what they are filled
	 * with */
	if (!(rule->action & (DO_GET_SHARED | DO_GET_MODIFIED | DO_UPGRADE)) &&
	    row->after[0] != next)
		fail_msg("%s: the table says %c, the row %c", row->name, next, row->after[0]);
}

static void check_copies(const struct variant *variant, const struct row *const lists[3])
{
	const struct protocol *protocol = variant->protocol;
	bool seen[STATES][COPY_EVENTS] = { { false } };

	for (unsigned i = 0; i < 3; i++)
		for (const struct row *row = lists[i]; row && row->name; row++) {
			struct play play = run(row->steps, variant, HOME_DIRECTORY);

			check_row(row, protocol, &play);
			seen[row->state][row->event] = true;
		}
	for (enum state s = STATE_I; s < STATES; s++)
		for (enum copy_event e = COPY_LOAD; e < COPY_EVENTS; e++) {
			bool possible = protocol->states >> s & 1 &&
					!(protocol->copy[s][e].action & IMPOSSIBLE);

			if (possible != seen[s][e])
				fail_msg("%s: state %c, event %d: %s", protocol->name,
					 state_letter[s], e,
					 possible ? "no row" : "a row for what cannot be");
		}
}

static void copies(void **state)
{
	(void)state;
	check_copies(&mesi, (const struct row *const[]){ in_all, without_f, of_mesi });
	check_copies(&mesif, (const struct row *const[]){ in_all, NULL, of_mesif });
	check_copies(&moesi, (const struct row *const[]){ in_all, without_f, of_moesi });
	check_copies(&migrate, (const struct row *const[]){ in_all, without_f, of_migrate });
}

/* ---- homes ---------------------------------------------------------------------------------- */

/* `answer`: of an owner that was asked to share; NOBODY_ASKED: of none. */
enum { NOBODY_ASKED = ANSWERS };

struct home_row {
	const char *name;
	enum home_state state;
	enum request request;
	unsigned answer;
	const char *steps;
	int owner;
	const char *sharers, *after;
	unsigned invalidated;
};

/* clang-format off */
#define ASKED(answer_) GET_SHARED, ANSWER_##answer_
#define READS          GET_SHARED, NOBODY_ASKED
#define WRITES         GET_MODIFIED, NOBODY_ASKED
#define UPGRADES       UPGRADE, NOBODY_ASKED
#define COMES_BACK     WRITE_BACK, NOBODY_ASKED
#define FAR            FAR_ATOMIC, NOBODY_ASKED

/* name, what the home knows, request; steps; then owner, sharers, copies, invalidated */
static const struct home_row homes_in_all[] = {
	{ "a first reader",                      HOME_U, READS,       "0r",           0, "...", "E..", 0 },
	{ "a first writer",                      HOME_U, WRITES,      "0w",           0, "...", "M..", 0 },
	{ "a reader, the owner has nothing",     HOME_X, ASKED(NONE), "0r 0e 1r",     1, "...", ".E.", 0 },
	{ "a writer, the owner has it clean",    HOME_X, WRITES,      "0r 1w",        1, "...", ".M.", 1 },
	{ "a writer, the owner has it modified", HOME_X, WRITES,      "0w 1w",        1, "...", ".M.", 1 },
	{ "a writer, the owner has nothing",     HOME_X, WRITES,      "0r 0e 1w",     1, "...", ".M.", 0 },
	{ "the owner's dirty line comes back",   HOME_X, COMES_BACK,  "0w 0e",       -1, "...", "...", 0 },
	{ "far, nobody has it",                  HOME_U, FAR,         "0f",          -1, "...", "...", 0 },
	{ "far, an owner has it modified",       HOME_X, FAR,         "0w 1f",       -1, "...", "...", 1 },
	{ "far, an owner has it clean",          HOME_X, FAR,         "0r 1f",       -1, "...", "...", 1 },
	{ "far, the owner has nothing",          HOME_X, FAR,         "0r 0e 1f",    -1, "...", "...", 0 },
	{ 0 },
};

static const struct home_row homes_without_f[] = {
	{ "another reader",                      HOME_S, READS,         "0r 1r 2r",    -1, "012", "SSS", 0 },
	{ "a writer among readers",              HOME_S, WRITES,        "0r 1r 2w",     2, "...", "..M", 2 },
	{ "a reader writes",                     HOME_S, UPGRADES,      "0r 1r 0w",     0, "...", "M..", 1 },
	{ "a reader writes, the other is gone",  HOME_S, UPGRADES,      "0r 1r 1e 0w",  0, "...", "M..", 0 },
	{ "a reader, the owner has it clean",    HOME_X, ASKED(SHARED), "0r 1r",       -1, "01.", "SS.", 0 },
	{ "far, two share it",                   HOME_S, FAR,           "0r 1r 2f",    -1, "...", "...", 2 },
	{ "far, the requester's copy goes too",  HOME_S, FAR,           "0r 1r 0f",    -1, "...", "...", 1 },
	{ 0 },
};

static const struct home_row homes_of_mesi[] = {
	{ "a reader, the owner has it modified", HOME_X, ASKED(SHARED), "0w 1r",       -1, "01.", "SS.", 0 },
	{ 0 },
};

static const struct home_row homes_of_mesif[] = {
	{ "a reader, the owner has it clean",    HOME_X, ASKED(SHARED), "0r 1r",          1, "0..", "SF.", 0 },
	{ "a reader, the owner has it modified", HOME_X, ASKED(SHARED), "0w 1r",          1, "0..", "SF.", 0 },
	{ "a reader, F answers",                 HOME_O, ASKED(SHARED), "0r 1r 2r",       2, "01.", "SSF", 0 },
	{ "a reader, F was dropped",             HOME_O, ASKED(NONE),   "0r 1r 1e 2r",    2, "0..", "S.F", 0 },
	{ "F writes",                            HOME_O, UPGRADES,      "0r 1r 1w",       1, "...", ".M.", 1 },
	{ "a sharer writes, F goes too",         HOME_O, UPGRADES,      "0r 1r 2r 0w",    0, "...", "M..", 2 },
	{ "a writer, F and a sharer let go",     HOME_O, WRITES,        "0r 1r 2w",       2, "...", "..M", 2 },
	{ "far, F and a sharer let go",          HOME_O, FAR,           "0r 1r 2f",      -1, "...", "...", 2 },
	{ 0 },
};

static const struct home_row homes_of_moesi[] = {
	{ "a reader, the owner has it modified", HOME_X, ASKED(OWNED),  "0w 1r",          0, ".1.", "OS.", 0 },
	{ "another reader, the owner answers",   HOME_O, ASKED(OWNED),  "0w 1r 2r",       0, ".12", "OSS", 0 },
	{ "a writer, owner and sharer let go",   HOME_O, WRITES,        "0w 1r 2w",       2, "...", "..M", 2 },
	{ "the owner writes",                    HOME_O, UPGRADES,      "0w 1r 0w",       0, "...", "M..", 1 },
	{ "a sharer writes",                     HOME_O, UPGRADES,      "0w 1r 2r 1w",    1, "...", ".M.", 2 },
	{ "the owner's line comes back",         HOME_O, COMES_BACK,    "0w 1r 0e",      -1, ".1.", ".S.", 0 },
	{ "far, owner and sharer let go",        HOME_O, FAR,           "0w 1r 2f",      -1, "...", "...", 2 },
	{ "far, the requester owns it",          HOME_O, FAR,           "0w 1r 0f",      -1, "...", "...", 1 },
	{ 0 },
};

static const struct home_row homes_of_migrate[] = {
	{ "a reader, the owner wrote it",        HOME_X, ASKED(MOVED),  "0w 1r",          1, "...", ".D.", 0 },
	{ "a reader, the owner wrote D",         HOME_X, ASKED(MOVED),  "1w 0r 0w 2r",    2, "...", "..D", 0 },
	{ "a reader, the owner only read it",    HOME_X, ASKED(OWNED),  "1w 0r 1r",       0, ".1.", "OS.", 0 },
	{ "another reader, the owner answers",   HOME_O, ASKED(OWNED),  "1w 0r 1r 2r",    0, ".12", "OSS", 0 },
	{ "a writer, owner and sharer let go",   HOME_O, WRITES,        "1w 0r 1r 2w",    2, "...", "..M", 2 },
	{ "the owner writes",                    HOME_O, UPGRADES,      "1w 0r 1r 0w",    0, "...", "M..", 1 },
	{ "a sharer writes",                     HOME_O, UPGRADES,      "1w 0r 1r 2r 1w", 1, "...", ".M.", 2 },
	{ "the owner's line comes back",         HOME_O, COMES_BACK,    "1w 0r 1r 0e",   -1, ".1.", ".S.", 0 },
	{ "far, owner and sharer let go",        HOME_O, FAR,           "1w 0r 1r 2f",   -1, "...", "...", 2 },
	{ "far, the requester shares it",        HOME_O, FAR,           "1w 0r 1r 1f",   -1, "...", "...", 1 },
	{ 0 },
};
/* clang-format on */

static enum home_state state_of_row(const struct home_row *row)
{
	bool sharers = strcmp(row->sharers, "...");

	if (row->owner >= 0)
		return sharers ? HOME_O : HOME_X;
	return sharers ? HOME_S : HOME_U;
}

static void check_home_row(const struct home_row *row, const struct protocol *protocol,
			   const struct play *play)
{
	static const char *const name[] = { "nobody", "sharers", "an owner", "owner, sharers" };
	const struct home_rule *rule = row->answer == NOBODY_ASKED
					       ? &protocol->home[row->state][row->request]
					       : &protocol->answered[row->state][row->answer];
	enum home_state next = state_of_row(row);

	if (play->home_before != row->state || play->home_after != next)
		fail_msg("%s: the home knows %s, then %s; expected %s, then %s", row->name,
			 name[play->home_before], name[play->home_after], name[row->state],
			 name[next]);
	if (play->owner != row->owner || strcmp(play->sharers, row->sharers))
		fail_msg("%s: owner %d, sharers %s; expected %d, %s", row->name, play->owner,
			 play->sharers, row->owner, row->sharers);
	if (strcmp(play->after, row->after))
		fail_msg("%s: lines are %s, expected %s", row->name, play->after, row->after);
	if (play->total.invalidations != row->invalidated)
		fail_msg("%s: %llu copies invalidated, expected %u", row->name,
			 (unsigned long long)play->total.invalidations, row->invalidated);
	if (row->request == FAR_ATOMIC && !play->memory_knows)
		fail_msg("%s: memory lacks what was written there", row->name);
	if (rule->next != next)
		fail_msg("%s: the table says %s, the row %s", row->name, name[rule->next],
			 name[next]);
}

struct seen_rows {
	bool request[HOME_STATES][REQUESTS], answer[HOME_STATES][ANSWERS];
};

static void see(struct seen_rows *seen, enum home_state state, enum request request,
		unsigned answer)
{
	seen->request[state][request] = true;
	if (answer != NOBODY_ASKED)
		seen->answer[state][answer] = true;
}

/* Those further below: on a bus, or with a message held back. */
static void see_held(struct seen_rows *seen, const struct protocol *protocol)
{
	see(seen, HOME_X, GET_SHARED, ANSWER_LEAVING);
	if (protocol->states >> STATE_O & 1) {
		see(seen, HOME_O, GET_SHARED, ANSWER_LEAVING);
		see(seen, HOME_O, GET_SHARED, ANSWER_NONE);
	}
	if (protocol != &protocol_mesi)
		see(seen, HOME_X, UPGRADE, NOBODY_ASKED);
	if (protocol->states >> STATE_F & 1) {
		see(seen, HOME_S, GET_SHARED, NOBODY_ASKED);
		see(seen, HOME_S, GET_MODIFIED, NOBODY_ASKED);
		see(seen, HOME_S, UPGRADE, NOBODY_ASKED);
		see(seen, HOME_S, FAR_ATOMIC, NOBODY_ASKED);
	}
}

static void check_all_seen(const struct seen_rows *seen, const struct protocol *protocol)
{
	for (enum home_state s = HOME_U; s < HOME_STATES; s++) {
		for (enum request q = GET_SHARED; q < REQUESTS; q++)
			if (seen->request[s][q] ==
			    !!(protocol->home[s][q].action & HOME_IMPOSSIBLE))
				fail_msg("%s: home state %d, request %d: no row, or one too many",
					 protocol->name, s, q);
		for (enum answer a = ANSWER_SHARED; a < ANSWERS; a++)
			if (seen->answer[s][a] ==
			    !!(protocol->answered[s][a].action & HOME_IMPOSSIBLE))
				fail_msg("%s: home state %d, answer %d: no row, or one too many",
					 protocol->name, s, a);
	}
}

static void check_homes(const struct variant *variant, const struct home_row *const lists[3])
{
	struct seen_rows seen = { 0 };

	for (unsigned i = 0; i < 3; i++)
		for (const struct home_row *row = lists[i]; row && row->name; row++) {
			struct play play = run(row->steps, variant, HOME_DIRECTORY);

			check_home_row(row, variant->protocol, &play);
			see(&seen, row->state, row->request, row->answer);
		}
	see_held(&seen, variant->protocol);
	check_all_seen(&seen, variant->protocol);
}

static void homes(void **state)
{
	(void)state;
	check_homes(&mesi, (const struct home_row *const[]){ homes_in_all, homes_without_f,
							     homes_of_mesi });
	check_homes(&mesif, (const struct home_row *const[]){ homes_in_all, NULL, homes_of_mesif });
	check_homes(&moesi, (const struct home_row *const[]){ homes_in_all, homes_without_f,
							      homes_of_moesi });
	check_homes(&migrate, (const struct home_row *const[]){ homes_in_all, homes_without_f,
								homes_of_migrate });
}

static void run_on_a_bus(const struct variant *variant, const struct home_row *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct play play = run(row[i].steps, variant, HOME_BUS);

		check_home_row(&row[i], variant->protocol, &play);
	}
}

/* A bus sees silent evictions: nobody is asked in vain, and the last reader counts as the first. */
static void a_bus_sees_the_truth(void **state)
{
	static const struct home_row on_a_bus[] = {
		{ "the owner dropped it: a reader", HOME_U, READS,      "0r 0e 1r",        1, "...", ".E.", 0 },
		{ "the owner dropped it: a writer", HOME_U, WRITES,     "0r 0e 1w",        1, "...", ".M.", 0 },
		{ "one of two readers dropped it",  HOME_S, UPGRADES,   "0r 1r 1e 0w",     0, "...", "M..", 0 },
		{ "both dropped it",                HOME_U, READS,      "0r 1r 0e 1e 2r",  2, "...", "..E", 0 },
		{ "dirty lines come back as ever",  HOME_X, COMES_BACK, "0w 0e",          -1, "...", "...", 0 },
	};
	static const struct home_row owned_on_a_bus[] = {
		{ "the sharer dropped it: an owner alone", HOME_X, UPGRADES,     "0w 1r 1e 0w",  0, "...", "M..", 0 },
		{ "an owner alone answers a reader",       HOME_X, ASKED(OWNED), "0w 1r 1e 2r",  0, "..2", "O.S", 0 },
	};
	static const struct home_row forward_on_a_bus[] = {
		{ "F was dropped: a reader gets it",  HOME_S, READS,    "0r 1r 1e 2r",  2, "0..", "S.F", 0 },
		{ "F was dropped: a writer comes",    HOME_S, WRITES,   "0r 1r 1e 2w",  2, "...", "..M", 1 },
		{ "F was dropped: a sharer writes",   HOME_S, UPGRADES, "0r 1r 1e 0w",  0, "...", "M..", 0 },
		{ "a sharer dropped it: F alone",     HOME_X, UPGRADES, "0r 1r 0e 1w",  1, "...", ".M.", 0 },
		{ "far, F was dropped",               HOME_S, FAR,      "0r 1r 1e 2f", -1, "...", "...", 1 },
	};

	(void)state;
	run_on_a_bus(&mesi, on_a_bus, sizeof on_a_bus / sizeof *on_a_bus);
	run_on_a_bus(&moesi, owned_on_a_bus, sizeof owned_on_a_bus / sizeof *owned_on_a_bus);
	run_on_a_bus(&mesif, forward_on_a_bus, sizeof forward_on_a_bus / sizeof *forward_on_a_bus);
}

/* ---- rows that need a message held back ----------------------------------------------------- */

struct bench {
	struct sim *sim;
	struct machine machine;
	uint64_t line, other;
};

static void bench_open(struct bench *b, const struct variant *variant, enum machine_home home)
{
	struct sim_options options;

	b->machine = engine_machine();
	set_protocol(&b->machine, variant);
	b->machine.home = (int)home;
	options = engine_options(&b->machine, CPUS);
	b->sim = engine_sim(&options);
	b->line = sim_offset(b->sim, arena_alloc(b->sim, LINE, 2, 0, 4096, NULL, "line")) >>
		  LINE_SHIFT;
	b->other = b->line + 1;
}

/* The only message under way, taken off its way. */
static struct event *hold(struct bench *b)
{
	struct queue *h = queue_count(&b->sim->homes) ? &b->sim->homes : &b->sim->messages;

	assert_int_equal(queue_count(&b->sim->homes) + queue_count(&b->sim->messages), 1);
	return event_take(h, 0);
}

/* An access of another line delivers all that is pending. */
static void settle(struct bench *b)
{
	sim_feed(b->sim, 2, b->other++, false);
}

static void let_go(struct bench *b, struct event *e)
{
	event_queue(b->sim, e);
	settle(b);
}

static void evict(struct bench *b, unsigned cpu)
{
	struct cpu *c = &b->sim->cpu[cpu];

	coherence_evict(b->sim, c, cache_find(&c->node->level_cache[0], b->line));
}

static const struct dirent *entry(const struct bench *b)
{
	return b->sim->root->entry[b->line];
}

static void memory_has_the_last_value(const struct bench *b)
{
	assert_int_equal(entry(b)->version, b->sim->version[b->line]);
}

/* The line is read from the evictor while it is on its way home; then it arrives. */
static void a_write_back_that_a_reader_overtook(void **state)
{
	struct bench b;
	struct event *put;

	(void)state;
	bench_open(&b, &mesi, HOME_DIRECTORY);
	sim_feed(b.sim, 0, b.line, true);
	evict(&b, 0);
	put = hold(&b);
	sim_feed(b.sim, 1, b.line, false);
	assert_int_equal(read_home(entry(&b)), HOME_S);
	memory_has_the_last_value(&b);
	let_go(&b, put);
	assert_int_equal(read_home(entry(&b)), HOME_S);         /* HOME_S, WRITE_BACK */
	assert_int_equal(entry(&b)->sharers[0], 1 << 1);
	memory_has_the_last_value(&b);
	sim_free(b.sim);
}

/* The line is written by another while it is on its way home: what arrives is old. */
static void a_write_back_that_a_writer_overtook(void **state)
{
	struct bench b;
	struct event *put;

	(void)state;
	bench_open(&b, &mesi, HOME_DIRECTORY);
	sim_feed(b.sim, 0, b.line, true);
	evict(&b, 0);
	put = hold(&b);
	sim_feed(b.sim, 1, b.line, true);
	let_go(&b, put);
	assert_ptr_equal(entry(&b)->owner, b.sim->cpu[1].node);
	assert_int_equal(entry(&b)->version, 0); /* memory never had it: nor does it now */
	evict(&b, 1);
	settle(&b);
	memory_has_the_last_value(&b);
	sim_free(b.sim);
}

/* The reader has dropped its copy again, which a bus sees, before the line arrives. */
static void a_write_back_where_nobody_is_left(void **state)
{
	struct bench b;
	struct event *put;

	(void)state;
	bench_open(&b, &mesi, HOME_BUS);
	sim_feed(b.sim, 0, b.line, true);
	evict(&b, 0);
	put = hold(&b);
	sim_feed(b.sim, 1, b.line, false);
	evict(&b, 1);
	assert_int_equal(read_home(entry(&b)), HOME_U);
	let_go(&b, put);
	assert_int_equal(read_home(entry(&b)), HOME_U);         /* HOME_U, WRITE_BACK */
	memory_has_the_last_value(&b);
	sim_free(b.sim);
}

/* A reader has the line at that home; nobody else does. Its state and that of CPU 0's copy. */
static void reader_has(struct bench *b, enum home_state home, enum state reader)
{
	assert_int_equal(read_home(entry(b)), home);
	assert_int_equal(cache_find(&b->sim->cpu[1].node->level_cache[0], b->line)->state, reader);
	memory_has_the_last_value(b);
}

/* MESIF: the reader gets F while the line is on its way home; then another reader, then it
 * arrives. */
static void a_write_back_that_two_readers_overtook(void **state)
{
	struct bench b;
	struct event *put;

	(void)state;
	bench_open(&b, &mesif, HOME_DIRECTORY);
	sim_feed(b.sim, 0, b.line, true);
	evict(&b, 0);
	put = hold(&b);
	sim_feed(b.sim, 1, b.line, false);
	reader_has(&b, HOME_X, STATE_F);                        /* HOME_X, LEAVING */
	sim_feed(b.sim, 2, b.line, false);
	assert_int_equal(read_home(entry(&b)), HOME_O);
	let_go(&b, put);
	reader_has(&b, HOME_O, STATE_S);                        /* HOME_O, WRITE_BACK */
	assert_ptr_equal(entry(&b)->owner, b.sim->cpu[2].node);
	sim_free(b.sim);
}

/* CPU 0 owns what CPU 2 shares, and writes it back; that is held. */
static struct event *held_owned_line(struct bench *b, const struct variant *variant)
{
	bench_open(b, variant, HOME_DIRECTORY);
	if (variant == &migrate)        /* an owner there has not written the line itself */
		sim_feed(b->sim, 1, b->line, true);
	sim_feed(b->sim, 0, b->line, variant == &moesi);
	sim_feed(b->sim, 2, b->line, false);
	assert_int_equal(cache_find(&b->sim->cpu[0].node->level_cache[0], b->line)->state, STATE_O);
	evict(b, 0);
	return hold(b);
}

/* A reader asks the owner whose line is on its way: that answers, and memory has it too. */
static void an_owned_line_that_a_reader_overtook(void **state)
{
	static const struct variant *const owning[] = { &moesi, &migrate };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct bench b;
		struct event *put = held_owned_line(&b, owning[i]);

		sim_feed(b.sim, 1, b.line, false);
		reader_has(&b, HOME_S, STATE_S);                /* HOME_O, LEAVING */
		assert_int_equal(entry(&b)->sharers[0], 1 << 1 | 1 << 2);
		let_go(&b, put);
		reader_has(&b, HOME_S, STATE_S);
		sim_free(b.sim);
	}
}

/* The line is home before the probe is at the owner, who has nothing left: memory answers. */
static void an_owned_line_that_was_faster_than_a_probe(void **state)
{
	static const struct variant *const owning[] = { &moesi, &migrate };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct bench b;
		struct event *put = held_owned_line(&b, owning[i]), *probe;

		coherence_request(b.sim, b.sim->cpu[1].node, b.line, GET_SHARED, ACCESS_LOAD, b.sim->now);
		event_dispatch(b.sim, hold(&b));
		probe = hold(&b);
		assert_int_equal(probe->type, EVENT_PROBE);
		event_dispatch(b.sim, put);
		memory_has_the_last_value(&b);
		let_go(&b, probe);
		reader_has(&b, HOME_S, STATE_S);                /* HOME_O, NONE */
		sim_free(b.sim);
	}
}

/* CPU 0 asks to upgrade; the request is held while `meanwhile` happens. */
static struct event *held_upgrade(struct bench *b, struct txn **t)
{
	bench_open(b, &mesi, HOME_DIRECTORY);
	sim_feed(b->sim, 0, b->line, false);
	sim_feed(b->sim, 1, b->line, false);
	*t = coherence_request(b->sim, b->sim->cpu[0].node, b->line, UPGRADE, ACCESS_STORE, b->sim->now);
	return hold(b);
}

static void upgrade_ends_in_m(const struct bench *b)
{
	const struct slot *slot = cache_find(&b->sim->cpu[0].node->level_cache[0], b->line);

	assert_non_null(slot);
	assert_int_equal(slot->state, STATE_M);
	assert_int_equal(slot->version, b->sim->version[b->line]);
	assert_ptr_equal(entry(b)->owner, b->sim->cpu[0].node);
	assert_null(cache_find(&b->sim->cpu[1].node->level_cache[0], b->line));
}

/* Another sharer was faster: the upgrade finds an owner and becomes a get modified. */
static void an_upgrade_that_another_overtook(void **state)
{
	struct bench b;
	struct txn *t;
	struct event *request = held_upgrade(&b, &t);

	(void)state;
	sim_feed(b.sim, 1, b.line, true);
	assert_int_equal(read_home(entry(&b)), HOME_X);
	let_go(&b, request);                                    /* HOME_X, as GET_MODIFIED */
	upgrade_ends_in_m(&b);
	sim_free(b.sim);
}

/* The faster one has even written the line back: the upgrade finds nobody. */
static void an_upgrade_that_finds_nobody(void **state)
{
	struct bench b;
	struct txn *t;
	struct event *request = held_upgrade(&b, &t);

	(void)state;
	sim_feed(b.sim, 1, b.line, true);
	evict(&b, 1);
	settle(&b);
	assert_int_equal(read_home(entry(&b)), HOME_U);
	let_go(&b, request);                                    /* HOME_U, as GET_MODIFIED */
	upgrade_ends_in_m(&b);
	sim_free(b.sim);
}

/* The copy had to make room while its upgrade was under way: the grant brings nothing, and the
 * line is as if dropped. */
static void an_upgrade_whose_copy_is_gone(void **state)
{
	struct bench b;
	struct txn *t;
	struct event *request = held_upgrade(&b, &t);

	(void)state;
	evict(&b, 0);
	let_go(&b, request);
	assert_null(cache_find(&b.sim->cpu[0].node->level_cache[0], b.line));
	memory_has_the_last_value(&b);
	sim_feed(b.sim, 1, b.line, false); /* the stale owner is asked in vain */
	assert_int_equal(cache_find(&b.sim->cpu[1].node->level_cache[0], b.line)->state, STATE_E);
	sim_free(b.sim);
}

/* ---- the printed table ---------------------------------------------------------------------- */

static unsigned printed_rules(const struct protocol *p)
{
	unsigned wanted = 0;

	for (enum state s = STATE_I; s < STATES; s++)
		for (enum copy_event e = COPY_LOAD; e < COPY_EVENTS; e++)
			wanted += !(p->copy[s][e].action & IMPOSSIBLE);
	for (enum home_state s = HOME_U; s < HOME_STATES; s++) {
		for (enum request q = GET_SHARED; q < REQUESTS; q++)
			wanted += !(p->home[s][q].action & HOME_IMPOSSIBLE);
		for (enum answer a = ANSWER_SHARED; a < ANSWERS; a++)
			wanted += !(p->answered[s][a].action & HOME_IMPOSSIBLE);
	}
	return wanted;
}

/* One line per rule: that is what a reader of `bounce explain mesi` relies on. */
static void the_table_prints_every_rule(void **state)
{
	(void)state;
	for (unsigned i = 0; protocols[i]; i++) {
		unsigned lines = 0;
		char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		protocol_print(f, protocols[i]);
		fclose(f);
		for (const char *p = text; (p = strchr(p, '\n')); p++)
			lines += !strncmp(p, "\n  ", 3);
		assert_int_equal(lines, printed_rules(protocols[i]) + 3);   /* and a heading each */
		free(text);
	}
}

/* ---- compiled --------------------------------------------------------------------------------- */

static void compare_access(const struct copy_rule *cell, unsigned state, const struct access_rule *r)
{
	static const struct { unsigned bit, request; } asks[] = {       /* the first that is set */
		{ DO_UPGRADE, UPGRADE }, { DO_GET_MODIFIED, GET_MODIFIED }, { DO_GET_SHARED, GET_SHARED },
	};
	unsigned i = 0;

	while (i < 3 && !(cell->action & asks[i].bit))
		i++;
	assert_int_equal(r->hits, (cell->action & DO_HIT) != 0);
	assert_int_equal(r->next, cell->next);
	assert_int_equal(r->request, i < 3 && cell->next == state ? asks[i].request : REQUESTS);
}

static void compare_probe(const struct copy_rule *cell, unsigned state, bool invalidate,
			  const struct probe_rule *r)
{
	bool may_be_next = cell->next == STATE_I || (state != STATE_I && !invalidate);
	unsigned due[2] = { DO_ACK, DO_DATA };
	unsigned tells = cell->action & DO_HAND_OVER ? (cell->next == STATE_I ? ANSWER_MOVED : ANSWERS)
			 : cell->next == STATE_I     ? ANSWERS
			 : cell->next == STATE_O     ? ANSWER_OWNED
						     : ANSWER_SHARED;

	if (state == STATE_I)
		due[0] = due[1] = DO_NONE_HERE;
	for (unsigned owner = 0; owner < 2; owner++)
		assert_int_equal(r->fits[owner], may_be_next && (cell->action & due[owner]) != 0);
	assert_int_equal(r->next, cell->next);
	assert_int_equal(r->writes_back, (cell->action & DO_WRITE_BACK) != 0);
	assert_int_equal(r->tells, invalidate ? ANSWER_MOVED : tells);
}

static void compare_home(const struct home_rule *cell, const struct home_plan *plan)
{
	static const struct { unsigned bit, state; } grants[] = {       /* the first that is set */
		{ HOME_GRANT_S, STATE_S }, { HOME_GRANT_M, STATE_M }, { HOME_GRANT_E, STATE_E },
		{ HOME_GRANT_F, STATE_F }, { HOME_GRANT_D, STATE_D }, { 0xffff, STATE_I },
	};
	unsigned i = 0;

	while (grants[i].bit != 0xffff && !(cell->action & grants[i].bit))
		i++;
	assert_int_equal(plan->action, cell->action);
	assert_int_equal(plan->next, cell->next);
	assert_int_equal(plan->grant, grants[i].state);
}

static void compare(const struct protocol *p)
{
	static const unsigned fill[STATES] = { [STATE_S] = COPY_FILL_S, [STATE_F] = COPY_FILL_F,
		[STATE_E] = COPY_FILL_E, [STATE_D] = COPY_FILL_D, [STATE_M] = COPY_FILL_M };
	struct rules r;

	memset(&r, 0xaa, sizeof r);
	protocol_compile(&r, p);
	for (unsigned s = 0; s < STATES; s++) {
		compare_access(&p->copy[s][COPY_LOAD], s, &r.access[s][0]);
		compare_access(&p->copy[s][COPY_STORE], s, &r.access[s][1]);
		compare_probe(&p->copy[s][COPY_PROBE_SHARE], s, false, &r.probe[s][0]);
		compare_probe(&p->copy[s][COPY_PROBE_INVALIDATE], s, true, &r.probe[s][1]);
		for (unsigned grant = 0; grant < STATES; grant++) {
			const struct copy_rule *cell = &p->copy[s][fill[grant]];
			bool possible = fill[grant] && cell->action & DO_HIT;

			assert_int_equal(r.fill[s][grant], possible ? cell->next : STATES);
		}
	}
	for (unsigned h = 0; h < HOME_STATES; h++) {
		for (unsigned q = 0; q < REQUESTS; q++)
			compare_home(&p->home[h][q], &r.home[h][q]);
		for (unsigned a = 0; a < ANSWERS; a++)
			compare_home(&p->answered[h][a], &r.answered[h][a]);
	}
}

/* Each bit of the action of each rule the other way round, then each other next state. */
static void compare_damaged(struct protocol *p, uint16_t *action, uint8_t *next, unsigned nexts)
{
	uint8_t was = *next;

	for (unsigned bit = 0; bit < 16; bit++) {
		*action ^= (uint16_t)(1u << bit);
		compare(p);
		*action ^= (uint16_t)(1u << bit);
	}
	for (*next = 0; *next < nexts; (*next)++)
		compare(p);
	*next = was;
}

static void the_compiled_form_is_the_table(void **state)
{
	(void)state;
	for (unsigned i = 0; protocols[i]; i++) {
		struct protocol p = *protocols[i];

		compare(&p);
		for (unsigned s = 0; s < STATES; s++)
			for (unsigned e = 0; e < COPY_EVENTS; e++)
				compare_damaged(&p, &p.copy[s][e].action, &p.copy[s][e].next, STATES);
		for (unsigned h = 0; h < HOME_STATES; h++) {
			for (unsigned q = 0; q < REQUESTS; q++)
				compare_damaged(&p, &p.home[h][q].action, &p.home[h][q].next,
						HOME_STATES + 1);
			for (unsigned a = 0; a < ANSWERS; a++)
				compare_damaged(&p, &p.answered[h][a].action, &p.answered[h][a].next,
						HOME_STATES);
		}
		assert_memory_equal(&p, protocols[i], sizeof p);
	}
}

/* ---- each cell counts ----------------------------------------------------------------------- */

/* Random accesses of few lines in caches of one way, so that lines leave while others ask. */
enum { CELL_CPUS = 4, CELL_LINES = 5, CELL_TURNS = 250, CELL_APART = 1024 };

struct cells {
	char *base;
	uint64_t seen;                  /* hash of all accesses, with what each cost */
};

static uint64_t *cell_word(struct cpu *cpu, const struct cells *c)
{
	uint64_t line = random_below(cpu, CELL_LINES), word = random_below(cpu, 2);

	return (uint64_t *)(void *)(c->base + line * CELL_APART + line / 3 * LINE + word * 8);
}

static void cell_thread(struct cpu *cpu, void *argument)
{
	const struct cells *c = argument;

	for (unsigned i = 0; i < CELL_TURNS; i++) {
		uint64_t *word = cell_word(cpu, c);

		switch (random_below(cpu, 8)) {
		case 0: case 1: case 2:
			load(cpu, word);
			break;
		case 3: case 4:
			store(cpu, word, i);
			break;
		case 5:
			fetch_add(cpu, word, 1);
			break;
		case 6:
			prefetch_write(cpu, word);
			break;
		default:
			compute_cycles(cpu, random_below(cpu, 300));
		}
	}
}

static void cell_seen(void *to, const struct access *a)
{
	struct cells *c = to;

	c->seen = (c->seen ^ a->time_units ^ a->cpu << 20 ^ (uint64_t)a->before << 40 ^
		   (uint64_t)a->after << 48 ^ a->cost_units << 8) * 0x9e3779b97f4a7c15u;
}

/* Machines that differ in what can overtake what. */
static const struct {
	enum machine_home home;
	enum home_order order;
	bool shared, far;
	unsigned depth;
	double bias;
} cell_machines[] = {
	{ HOME_DIRECTORY, ORDER_CHASING,  false, false, 0, 0 },
	{ HOME_DIRECTORY, ORDER_BLOCKING, false, true,  0, 0 },
	{ HOME_BUS,       ORDER_CHASING,  false, false, 0, 0 },
	{ HOME_BUS,       ORDER_BLOCKING, false, true,  4, 0 },
	{ HOME_DIRECTORY, ORDER_CHASING,  true,  false, 0, 0 },
	{ HOME_BUS,       ORDER_BLOCKING, true,  true,  4, 2 },
};
enum { CELL_MACHINES = sizeof cell_machines / sizeof *cell_machines, CELL_SEEDS = 3 };

static struct machine cell_machine(unsigned which, const struct variant *variant)
{
	struct machine m = cell_machines[which].shared ? engine_machine_shared() : engine_machine();

	set_protocol(&m, variant);
	m.home = (int)cell_machines[which].home;
	m.handoff.home = (int)cell_machines[which].order;
	m.handoff.local_bias = cell_machines[which].bias;
	m.store_buffer = cell_machines[which].depth;
	m.l1d = (struct cache_level){ 1, 1, 1, 1 };
	if (cell_machines[which].shared)
		m.l2 = (struct cache_level){ 2, 2, 10, 2 };
	if (cell_machines[which].far) {
		m.far_atomic.latency_ns = 90;
		m.far_atomic.service_ns = 5;
	}
	return m;
}

/* Its end and all its accesses, as a number; homes with protocol `instead_of` have `table`. */
static uint64_t cell_run(unsigned run, const struct variant *variant,
			 const struct protocol *instead_of, const struct protocol *table)
{
	struct machine machine = cell_machine(run % CELL_MACHINES, variant);
	struct sim_options options = engine_options(&machine, CELL_CPUS);
	struct cells cells = { 0 };
	struct sim *sim;
	uint64_t end;

	options.seed = 1 + run / CELL_MACHINES;
	options.start_jitter_cycles = 100;
	options.arena_bytes = 1 << 20;
	options.max_cycles = 400000;
	sim = engine_sim(&options);
	if (sim->root->protocol == instead_of)
		node_set_protocol(sim->root, table);
	for (unsigned i = 0; i < sim->shared_count; i++)
		if (sim->shared[i]->protocol == instead_of)
			node_set_protocol(sim->shared[i], table);
	cells.base = arena_alloc(sim, CELL_APART * (CELL_LINES + 1), 1, 0, 4096, NULL, "cells");
	sim_observe(sim, cell_seen, &cells);
	for (unsigned i = 0; i < CELL_CPUS; i++)
		thread_start(sim, i, cell_thread, &cells);
	end = (uint64_t)sim_run(sim);
	if (instead_of == table && end != OUTCOME_DONE)
		fail_msg("%s, machine %u: %s", variant->protocol->name, run % CELL_MACHINES,
			 sim->message);
	for (unsigned i = 0; i < CELL_CPUS; i++)
		end = (end ^ sim->cpu[i].clock) * 0x9e3779b97f4a7c15u;
	sim_free(sim);
	return end ^ cells.seen;
}

struct whole_runs {
	const struct variant *variant;
	const struct protocol *whole;
	struct protocol damaged;
	uint64_t right[CELL_MACHINES * CELL_SEEDS];
	unsigned last;                  /* the run that noticed last: the next cell is like it */
	unsigned missed;
};

/* Does one of the runs come out differently? */
static bool noticed(struct whole_runs *w)
{
	char why[80];

	if (!protocol_sane(&w->damaged, why, sizeof why))
		return true;
	for (unsigned i = 0; i < CELL_MACHINES * CELL_SEEDS; i++) {
		unsigned run = (w->last + i) % (CELL_MACHINES * CELL_SEEDS);

		if (cell_run(run, w->variant, w->whole, &w->damaged) != w->right[run]) {
			w->last = run;
			return true;
		}
	}
	return false;
}

/* Every other value of the two members of one rule, one bit at a time. */
static void damage(struct whole_runs *w, uint16_t *action, uint8_t *next, unsigned nexts,
		   const char *where, int row, int column)
{
	uint16_t was = *action;
	uint8_t was_next = *next;

	if (was & IMPOSSIBLE)
		return;
	for (unsigned bit = 0; bit < 16; bit++) {
		*action = (uint16_t)(was ^ 1u << bit);
		if (!noticed(w))
			print_error("%s: %s[%d][%d], action bit %u: no run changes\n", w->whole->name,
				    where, row, column, bit), w->missed++;
	}
	*action = was;
	for (unsigned n = 0; n < nexts; n++) {
		*next = (uint8_t)n;
		if (n != was_next && !noticed(w))
			print_error("%s: %s[%d][%d], next %u: no run changes\n", w->whole->name, where,
				    row, column, n), w->missed++;
	}
	*next = was_next;
}

static unsigned each_cell(const struct variant *variant, const struct protocol *whole)
{
	struct whole_runs w = { .variant = variant, .whole = whole, .damaged = *whole };
	struct protocol *p = &w.damaged;

	for (unsigned i = 0; i < CELL_MACHINES * CELL_SEEDS; i++)
		w.right[i] = cell_run(i, variant, whole, whole);
	for (int s = 0; s < STATES; s++)
		for (int e = 0; e < COPY_EVENTS; e++)
			damage(&w, &p->copy[s][e].action, &p->copy[s][e].next, STATES, "copy", s, e);
	for (int s = 0; s < HOME_STATES; s++) {
		for (int q = 0; q < REQUESTS; q++)
			damage(&w, &p->home[s][q].action, &p->home[s][q].next, HOME_STATES + 1,
			       "home", s, q);
		for (int a = 0; a < ANSWERS; a++)
			damage(&w, &p->answered[s][a].action, &p->answered[s][a].next, HOME_STATES,
			       "answered", s, a);
	}
	return w.missed;
}

static void every_cell_counts(void **state)
{
	(void)state;
	assert_int_equal(each_cell(&mesi, &protocol_mesi) + each_cell(&mesif, &protocol_mesif) +
				 each_cell(&moesi, &protocol_moesi) +
				 each_cell(&migrate, &protocol_migrate),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(homes),
		cmocka_unit_test(a_bus_sees_the_truth),
		cmocka_unit_test(a_write_back_that_a_reader_overtook),
		cmocka_unit_test(a_write_back_that_a_writer_overtook),
		cmocka_unit_test(a_write_back_where_nobody_is_left),
		cmocka_unit_test(a_write_back_that_two_readers_overtook),
		cmocka_unit_test(an_owned_line_that_a_reader_overtook),
		cmocka_unit_test(an_owned_line_that_was_faster_than_a_probe),
		cmocka_unit_test(an_upgrade_that_another_overtook),
		cmocka_unit_test(an_upgrade_that_finds_nobody),
		cmocka_unit_test(an_upgrade_whose_copy_is_gone),
		cmocka_unit_test(the_table_prints_every_rule),
		cmocka_unit_test(the_compiled_form_is_the_table),
		cmocka_unit_test(every_cell_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
