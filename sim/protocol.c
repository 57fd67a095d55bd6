/* The protocol tables; see protocol.h. */
#include "sim/protocol.h"

const char state_letter[STATES + 1] = "ISFOEDM";

const enum copy_event fill_event[STATES] = {
	[STATE_S] = COPY_FILL_S, [STATE_F] = COPY_FILL_F, [STATE_E] = COPY_FILL_E,
	[STATE_D] = COPY_FILL_D, [STATE_M] = COPY_FILL_M,
};

/* clang-format off */
#define NO(state) { IMPOSSIBLE, state }         /* of copies and of homes */
_Static_assert((int)IMPOSSIBLE == (int)HOME_IMPOSSIBLE, "one bit for both kinds of rule");

/* What a copy in that state is never filled with. */
#define NO_FILL_BUT_M(state) \
	[COPY_FILL_S] = NO(state), [COPY_FILL_F] = NO(state), [COPY_FILL_E] = NO(state), \
	[COPY_FILL_D] = NO(state)
#define NO_FILL(state) NO_FILL_BUT_M(state), [COPY_FILL_M] = NO(state)
#define NO_COPY(state) \
	[COPY_LOAD] = NO(state), [COPY_STORE] = NO(state), [COPY_PROBE_SHARE] = NO(state), \
	[COPY_PROBE_INVALIDATE] = NO(state), NO_FILL(state), [COPY_EVICT] = NO(state)

/* The rows of I, S and E are those of every protocol, but for the fills of I. */
#define COPY_I(fill_s, fill_f, fill_d) { \
	[COPY_LOAD]             = { DO_GET_SHARED, STATE_I }, \
	[COPY_STORE]            = { DO_GET_MODIFIED, STATE_I }, \
	[COPY_PROBE_SHARE]      = { DO_NONE_HERE, STATE_I }, \
	[COPY_PROBE_INVALIDATE] = { DO_NONE_HERE, STATE_I }, \
	[COPY_FILL_S]           = { fill_s, STATE_S }, \
	[COPY_FILL_F]           = { fill_f, STATE_F }, \
	[COPY_FILL_E]           = { DO_HIT, STATE_E }, \
	[COPY_FILL_D]           = { fill_d, STATE_D }, \
	[COPY_FILL_M]           = { DO_HIT, STATE_M }, \
	[COPY_EVICT]            = NO(STATE_I), \
}
#define COPY_S { \
	[COPY_LOAD]             = { DO_HIT, STATE_S }, \
	[COPY_STORE]            = { DO_UPGRADE, STATE_S }, \
	[COPY_PROBE_SHARE]      = NO(STATE_S), \
	[COPY_PROBE_INVALIDATE] = { DO_ACK, STATE_I }, \
	NO_FILL_BUT_M(STATE_S), \
	[COPY_FILL_M]           = { DO_HIT, STATE_M }, \
	[COPY_EVICT]            = { 0, STATE_I }, \
}
#define COPY_E { \
	[COPY_LOAD]             = { DO_HIT, STATE_E }, \
	[COPY_STORE]            = { DO_HIT, STATE_M }, \
	[COPY_PROBE_SHARE]      = { DO_DATA, STATE_S }, \
	[COPY_PROBE_INVALIDATE] = { DO_DATA, STATE_I }, \
	NO_FILL(STATE_E), \
	[COPY_EVICT]            = { 0, STATE_I }, \
}
/* They differ in what a modified copy does when it is read. */
#define COPY_M(share_action, share_next) { \
	[COPY_LOAD]             = { DO_HIT, STATE_M }, \
	[COPY_STORE]            = { DO_HIT, STATE_M }, \
	[COPY_PROBE_SHARE]      = { share_action, share_next }, \
	[COPY_PROBE_INVALIDATE] = { DO_DATA, STATE_I }, \
	NO_FILL(STATE_M), \
	[COPY_EVICT]            = { DO_WRITE_BACK, STATE_I }, \
}
/* Owned, of MOESI: a write asks for permission only; the others' copies are as good. */
#define COPY_O { \
	[COPY_LOAD]             = { DO_HIT, STATE_O }, \
	[COPY_STORE]            = { DO_UPGRADE, STATE_O }, \
	[COPY_PROBE_SHARE]      = { DO_DATA, STATE_O }, \
	[COPY_PROBE_INVALIDATE] = { DO_DATA, STATE_I }, \
	NO_FILL_BUT_M(STATE_O), \
	[COPY_FILL_M]           = { DO_HIT, STATE_M }, \
	[COPY_EVICT]            = { DO_WRITE_BACK, STATE_I }, \
}

/* A line that nobody has is sent exclusive; one that has an owner, by the owner. */
#define HOME_NOBODY { \
	[GET_SHARED]   = { HOME_SEND | HOME_GRANT_E, HOME_X }, \
	[GET_MODIFIED] = { HOME_SEND | HOME_GRANT_M, HOME_X }, \
	[UPGRADE]      = NO(HOME_U), \
	[FAR_ATOMIC]   = { HOME_PERFORM, HOME_U }, \
	[WRITE_BACK]   = NO(HOME_U), \
}
#define HOME_SHARERS { \
	[GET_SHARED]   = { HOME_SEND | HOME_GRANT_S, HOME_S }, \
	[GET_MODIFIED] = { HOME_SEND | HOME_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[UPGRADE]      = { HOME_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[FAR_ATOMIC]   = { HOME_CALL_IN | HOME_PERFORM, HOME_U }, \
	[WRITE_BACK]   = NO(HOME_S), \
}
/* Who upgrades is the owner itself, whose copy is not to be written and whose sharers are gone. */
#define HOME_OWNER(upgrade_action) { \
	[GET_SHARED]   = { HOME_PROBE_SHARE, HOME_BY_ANSWER }, \
	[GET_MODIFIED] = { HOME_PROBE_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[UPGRADE]      = { upgrade_action, HOME_X }, \
	[FAR_ATOMIC]   = { HOME_CALL_IN | HOME_PERFORM, HOME_U }, \
	[WRITE_BACK]   = { HOME_ACCEPT | HOME_OWNER_GONE, HOME_U }, \
}
/* The owner's copy is the only one that is sure to be there: an upgrade calls it in with data. */
#define HOME_OWNED { \
	[GET_SHARED]   = { HOME_PROBE_SHARE, HOME_BY_ANSWER }, \
	[GET_MODIFIED] = { HOME_PROBE_INVALIDATE | HOME_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[UPGRADE]      = { HOME_PROBE_INVALIDATE | HOME_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[FAR_ATOMIC]   = { HOME_CALL_IN | HOME_PERFORM, HOME_U }, \
	[WRITE_BACK]   = { HOME_ACCEPT | HOME_OWNER_GONE, HOME_S }, \
}
#define HOME_ABSENT { \
	[GET_SHARED] = NO(HOME_U), [GET_MODIFIED] = NO(HOME_U), [UPGRADE] = NO(HOME_U), \
	[FAR_ATOMIC] = NO(HOME_U), [WRITE_BACK] = NO(HOME_U), \
}
#define NO_ANSWERS { \
	[ANSWER_SHARED] = NO(HOME_U), [ANSWER_OWNED] = NO(HOME_U), [ANSWER_MOVED] = NO(HOME_U), \
	[ANSWER_LEAVING] = NO(HOME_U), [ANSWER_NONE] = NO(HOME_U), \
}
/* An owner that was to have the only copy and has none: nobody has one. */
#define NONE_LEFT { HOME_OWNER_GONE | HOME_SEND | HOME_MEMORY | HOME_GRANT_E, HOME_X }
/* An owner of MOESI that has sharers beside it, and one that had the only copy. */
#define ANSWERS_OF_OWNED { \
	[ANSWER_SHARED]  = NO(HOME_O), \
	[ANSWER_OWNED]   = { HOME_GRANT_S, HOME_O }, \
	[ANSWER_MOVED]   = NO(HOME_O), \
	[ANSWER_LEAVING] = { HOME_OWNER_GONE | HOME_GRANT_S, HOME_S }, \
	[ANSWER_NONE]    = { HOME_SEND | HOME_MEMORY | HOME_GRANT_S, HOME_S }, /* it wrote back */ \
}
#define ANSWERS_OF_OWNER(moved_action) { \
	[ANSWER_SHARED]  = { HOME_OWNER_SHARES | HOME_GRANT_S, HOME_S }, \
	[ANSWER_OWNED]   = { HOME_GRANT_S, HOME_O }, \
	[ANSWER_MOVED]   = { moved_action, HOME_X }, \
	[ANSWER_LEAVING] = { HOME_OWNER_GONE | HOME_GRANT_S, HOME_S }, \
	[ANSWER_NONE]    = NONE_LEFT, \
}

const struct protocol protocol_mesi = {
	.name = "mesi",
	.summary = "Modified, Exclusive, Shared, Invalid; a dirty line that is read is written back and shared",
	.states = 1 << STATE_I | 1 << STATE_S | 1 << STATE_E | 1 << STATE_M,
	.home_states = 1 << HOME_U | 1 << HOME_S | 1 << HOME_X,
	.copy = {
		[STATE_I] = COPY_I(DO_HIT, IMPOSSIBLE, IMPOSSIBLE),
		[STATE_S] = COPY_S,
		[STATE_F] = { NO_COPY(STATE_F) },
		[STATE_O] = { NO_COPY(STATE_O) },
		[STATE_E] = COPY_E,
		[STATE_D] = { NO_COPY(STATE_D) },
		[STATE_M] = COPY_M(DO_DATA | DO_WRITE_BACK, STATE_S),
	},
	.home = {
		[HOME_U] = HOME_NOBODY,
		[HOME_S] = HOME_SHARERS,
		[HOME_X] = HOME_OWNER(HOME_IMPOSSIBLE),
		[HOME_O] = HOME_ABSENT,
	},
	.answered = {
		[HOME_U] = NO_ANSWERS,
		[HOME_S] = NO_ANSWERS,
		[HOME_X] = {
			[ANSWER_SHARED]  = { HOME_OWNER_SHARES | HOME_GRANT_S, HOME_S },
			[ANSWER_OWNED]   = NO(HOME_X),
			[ANSWER_MOVED]   = NO(HOME_X),
			[ANSWER_LEAVING] = { HOME_OWNER_GONE | HOME_GRANT_S, HOME_S },
			[ANSWER_NONE]    = NONE_LEFT,
		},
		[HOME_O] = NO_ANSWERS,
	},
};

/* The owner in HOME_O is who has F. It may have dropped it: then memory answers. */
const struct protocol protocol_mesif = {
	.name = "mesif",
	.summary = "MESI and Forward: of those that share a clean line the last to come answers for it",
	.states = 1 << STATE_I | 1 << STATE_S | 1 << STATE_F | 1 << STATE_E | 1 << STATE_M,
	.home_states = 1 << HOME_U | 1 << HOME_S | 1 << HOME_X | 1 << HOME_O,
	.copy = {
		[STATE_I] = COPY_I(IMPOSSIBLE, DO_HIT, IMPOSSIBLE),
		[STATE_S] = COPY_S,
		[STATE_F] = {
			[COPY_LOAD]             = { DO_HIT, STATE_F },
			[COPY_STORE]            = { DO_UPGRADE, STATE_F },
			[COPY_PROBE_SHARE]      = { DO_DATA, STATE_S },
			[COPY_PROBE_INVALIDATE] = { DO_DATA | DO_ACK, STATE_I },
			NO_FILL_BUT_M(STATE_F),
			[COPY_FILL_M]           = { DO_HIT, STATE_M },
			[COPY_EVICT]            = { 0, STATE_I },
		},
		[STATE_O] = { NO_COPY(STATE_O) },
		[STATE_E] = COPY_E,
		[STATE_D] = { NO_COPY(STATE_D) },
		[STATE_M] = COPY_M(DO_DATA | DO_WRITE_BACK, STATE_S),
	},
	.home = {
		[HOME_U] = HOME_NOBODY,
		[HOME_S] = {
			[GET_SHARED]   = { HOME_SEND | HOME_MEMORY | HOME_GRANT_F, HOME_O },
			[GET_MODIFIED] = { HOME_SEND | HOME_MEMORY | HOME_INVALIDATE | HOME_GRANT_M, HOME_X },
			[UPGRADE]      = { HOME_INVALIDATE | HOME_GRANT_M, HOME_X },
			[FAR_ATOMIC]   = { HOME_CALL_IN | HOME_PERFORM, HOME_U },
			[WRITE_BACK]   = NO(HOME_S),
		},
		[HOME_X] = HOME_OWNER(HOME_GRANT_M),
		[HOME_O] = {
			[GET_SHARED]   = { HOME_PROBE_SHARE, HOME_BY_ANSWER },
			[GET_MODIFIED] = { HOME_PROBE_INVALIDATE | HOME_INVALIDATE | HOME_GRANT_M, HOME_X },
			[UPGRADE]      = { HOME_INVALIDATE | HOME_GRANT_M, HOME_X },
			[FAR_ATOMIC]   = { HOME_CALL_IN | HOME_PERFORM, HOME_U },
			[WRITE_BACK]   = NO(HOME_O),
		},
	},
	.answered = {
		[HOME_U] = NO_ANSWERS,
		[HOME_S] = NO_ANSWERS,
		[HOME_X] = {
			[ANSWER_SHARED]  = { HOME_OWNER_SHARES | HOME_GRANT_F, HOME_O },
			[ANSWER_OWNED]   = NO(HOME_X),
			[ANSWER_MOVED]   = NO(HOME_X),
			[ANSWER_LEAVING] = { HOME_OWNER_GONE | HOME_GRANT_F, HOME_X },
			[ANSWER_NONE]    = NONE_LEFT,
		},
		[HOME_O] = {
			[ANSWER_SHARED]  = { HOME_OWNER_SHARES | HOME_GRANT_F, HOME_O },
			[ANSWER_OWNED]   = NO(HOME_O),
			[ANSWER_MOVED]   = NO(HOME_O),
			[ANSWER_LEAVING] = NO(HOME_O),
			[ANSWER_NONE]    = { HOME_OWNER_GONE | HOME_SEND | HOME_MEMORY | HOME_GRANT_F, HOME_O },
		},
	},
};

const struct protocol protocol_moesi = {
	.name = "moesi",
	.summary = "MESI and Owned: a dirty line that is read stays dirty in the cache that wrote it",
	.states = 1 << STATE_I | 1 << STATE_S | 1 << STATE_O | 1 << STATE_E | 1 << STATE_M,
	.home_states = 1 << HOME_U | 1 << HOME_S | 1 << HOME_X | 1 << HOME_O,
	.copy = {
		[STATE_I] = COPY_I(DO_HIT, IMPOSSIBLE, IMPOSSIBLE),
		[STATE_S] = COPY_S,
		[STATE_F] = { NO_COPY(STATE_F) },
		[STATE_O] = COPY_O,
		[STATE_E] = COPY_E,
		[STATE_D] = { NO_COPY(STATE_D) },
		[STATE_M] = COPY_M(DO_DATA, STATE_O),
	},
	.home = {
		[HOME_U] = HOME_NOBODY,
		[HOME_S] = HOME_SHARERS,
		[HOME_X] = HOME_OWNER(HOME_GRANT_M),
		[HOME_O] = HOME_OWNED,
	},
	.answered = {
		[HOME_U] = NO_ANSWERS,
		[HOME_S] = NO_ANSWERS,
		[HOME_X] = ANSWERS_OF_OWNER(HOME_IMPOSSIBLE),
		[HOME_O] = ANSWERS_OF_OWNED,
	},
};

/* Modified by who has it: it moves to the reader. Otherwise both share it. */
const struct protocol protocol_migrate = {
	.name = "moesi-migrate",
	.summary = "MOESI, but a line that its holder has written since it came moves to who reads it, writable",
	.states = 1 << STATE_I | 1 << STATE_S | 1 << STATE_O | 1 << STATE_E | 1 << STATE_D | 1 << STATE_M,
	.home_states = 1 << HOME_U | 1 << HOME_S | 1 << HOME_X | 1 << HOME_O,
	.copy = {
		[STATE_I] = COPY_I(DO_HIT, IMPOSSIBLE, DO_HIT),
		[STATE_S] = COPY_S,
		[STATE_F] = { NO_COPY(STATE_F) },
		[STATE_O] = COPY_O,
		[STATE_E] = COPY_E,
		[STATE_D] = {
			[COPY_LOAD]             = { DO_HIT, STATE_D },
			[COPY_STORE]            = { DO_HIT, STATE_M },
			[COPY_PROBE_SHARE]      = { DO_DATA, STATE_O },
			[COPY_PROBE_INVALIDATE] = { DO_DATA, STATE_I },
			NO_FILL(STATE_D),
			[COPY_EVICT]            = { DO_WRITE_BACK, STATE_I },
		},
		[STATE_M] = COPY_M(DO_DATA | DO_HAND_OVER, STATE_I),
	},
	.home = {
		[HOME_U] = HOME_NOBODY,
		[HOME_S] = HOME_SHARERS,
		[HOME_X] = HOME_OWNER(HOME_GRANT_M),
		[HOME_O] = HOME_OWNED,
	},
	.answered = {
		[HOME_U] = NO_ANSWERS,
		[HOME_S] = NO_ANSWERS,
		[HOME_X] = ANSWERS_OF_OWNER(HOME_OWNER_GONE | HOME_GRANT_D),
		[HOME_O] = ANSWERS_OF_OWNED,
	},
};
/* clang-format on */

/* ---- does a rule say only what is done at its place? ---------------------------------------- */

static bool one_bit(unsigned bits)
{
	return bits && !(bits & (bits - 1));
}

/* A dirty line that stays clean goes home too; else it stays, or moves. */
static bool share_sane(enum state state, const struct copy_rule *rule)
{
	bool leaves = state_dirty(state) && !state_dirty((enum state)rule->next);

	if (rule->action & DO_HAND_OVER)
		return rule->action == (DO_DATA | DO_HAND_OVER);
	return rule->action == (leaves ? DO_DATA | DO_WRITE_BACK : DO_DATA);
}

/* Owners give the line, sharers tell that they let go; F is asked as the one or the other. */
static unsigned given_up(enum state state)
{
	return state == STATE_S ? DO_ACK : state == STATE_F ? DO_DATA | DO_ACK : DO_DATA;
}

static bool copy_rule_sane(enum state state, enum copy_event event, const struct copy_rule *rule)
{
	unsigned action = rule->action;

	if (action == IMPOSSIBLE)
		return true;
	if (state == STATE_I && (event == COPY_PROBE_SHARE || event == COPY_PROBE_INVALIDATE))
		return action == DO_NONE_HERE;
	switch (event) {
	case COPY_LOAD:
		return one_bit(action) && action & (DO_HIT | DO_GET_SHARED);
	case COPY_STORE:
		return one_bit(action) && action & (DO_HIT | DO_GET_MODIFIED | DO_UPGRADE);
	case COPY_PROBE_SHARE:
		return share_sane(state, rule);
	case COPY_PROBE_INVALIDATE:
		return action == given_up(state);
	case COPY_EVICT:
		return action == (state_dirty(state) ? DO_WRITE_BACK : 0);
	default:                        /* fills */
		return action == DO_HIT;
	}
}

enum { GRANTS = HOME_GRANT_S | HOME_GRANT_F | HOME_GRANT_E | HOME_GRANT_D | HOME_GRANT_M };

/* What the home does about other copies, and that only where it knows of some. */
static unsigned others(enum home_state knows)
{
	if (knows == HOME_S)
		return HOME_INVALIDATE | HOME_MEMORY;
	return knows == HOME_O ? HOME_INVALIDATE : 0;
}

/* The line comes from the home, or from the owner, or the requester has it. */
static bool home_rule_sane(enum home_state knows, enum request request,
			   const struct home_rule *rule)
{
	unsigned action = rule->action, rest = action & ~(GRANTS | others(knows));

	if (action == HOME_IMPOSSIBLE)
		return true;
	if (request == WRITE_BACK)
		return action == (HOME_ACCEPT | HOME_OWNER_GONE);
	if (request == FAR_ATOMIC)
		return action == (HOME_PERFORM | (knows == HOME_U ? 0 : HOME_CALL_IN));
	if (action & HOME_PROBE_SHARE)
		return action == HOME_PROBE_SHARE;
	if (!one_bit(action & GRANTS))
		return false;
	if (request == UPGRADE && !rest)
		return !(action & HOME_MEMORY);
	if (knows == HOME_X || knows == HOME_O)
		return rest == HOME_PROBE_INVALIDATE && !(knows == HOME_X && request == UPGRADE);
	return rest == HOME_SEND && request != UPGRADE;
}

/* A reader gets the line from the owner, or from the home, which does not ask again. */
static bool answer_rule_sane(const struct protocol *p, enum home_state knew, enum answer what,
			     const struct home_rule *rule)
{
	bool wrote_back = knew == HOME_O && p->states >> STATE_O & 1;   /* else it has O still */
	unsigned action = rule->action, owner = action & (HOME_OWNER_SHARES | HOME_OWNER_GONE),
		 send = action & (HOME_SEND | HOME_MEMORY);

	if (action == HOME_IMPOSSIBLE)
		return true;
	if (what == ANSWER_NONE && owner != (wrote_back ? 0 : HOME_OWNER_GONE))
		return false;
	return one_bit(action & GRANTS) && (!owner || one_bit(owner)) &&
	       (!send || send == (HOME_SEND | HOME_MEMORY)) &&
	       !(action &
		 ~(GRANTS | HOME_OWNER_SHARES | HOME_OWNER_GONE | HOME_SEND | HOME_MEMORY));
}

static bool too_much(char *why, size_t size, const struct protocol *p, const char *table, int row,
		     int column)
{
	snprintf(why, size, "protocol %s: %s[%d][%d] says what is not done there", p->name, table,
		 row, column);
	return false;
}

bool protocol_sane(const struct protocol *p, char *why, size_t size)
{
	for (int s = 0; s < STATES; s++)
		for (int e = 0; e < COPY_EVENTS; e++)
			if (!copy_rule_sane((enum state)s, (enum copy_event)e, &p->copy[s][e]))
				return too_much(why, size, p, "copy", s, e);
	for (int s = 0; s < HOME_STATES; s++) {
		for (int q = 0; q < REQUESTS; q++)
			if (!home_rule_sane((enum home_state)s, (enum request)q, &p->home[s][q]))
				return too_much(why, size, p, "home", s, q);
		for (int a = 0; a < ANSWERS; a++)
			if (!answer_rule_sane(p, (enum home_state)s, (enum answer)a,
					      &p->answered[s][a]))
				return too_much(why, size, p, "answered", s, a);
	}
	return true;
}

const struct protocol *const protocols[] = {
	&protocol_mesi, &protocol_mesif, &protocol_moesi, &protocol_migrate, NULL,
};

enum answer protocol_answer(const struct copy_rule *rule)
{
	if (rule->action & DO_HAND_OVER)
		return rule->next == STATE_I ? ANSWER_MOVED : ANSWERS;
	if (rule->next == STATE_I)
		return ANSWERS;
	return rule->next == STATE_O ? ANSWER_OWNED : ANSWER_SHARED;
}

/* ---- compiled ------------------------------------------------------------------------------- */

static struct access_rule compile_access(enum state state, const struct copy_rule *rule)
{
	struct access_rule r = { rule->action & DO_HIT, rule->next, REQUESTS };

	if (rule->next != state)        /* it stays while it asks for more */
		return r;
	if (rule->action & DO_UPGRADE)
		r.request = UPGRADE;
	else if (rule->action & DO_GET_MODIFIED)
		r.request = GET_MODIFIED;
	else if (rule->action & DO_GET_SHARED)
		r.request = GET_SHARED;
	return r;
}

/* It must tell what the probe asks of it; what is invalidated goes. */
static struct probe_rule compile_probe(enum state state, bool invalidate,
				       const struct copy_rule *rule)
{
	bool stays = rule->next != STATE_I && (state == STATE_I || invalidate);

	return (struct probe_rule){
		.next = rule->next,
		.tells = (uint8_t)(invalidate ? ANSWER_MOVED : protocol_answer(rule)),
		.writes_back = rule->action & DO_WRITE_BACK,
		.fits = { !stays && rule->action & (state == STATE_I ? DO_NONE_HERE : DO_ACK),
			  !stays && rule->action & (state == STATE_I ? DO_NONE_HERE : DO_DATA) },
	};
}

static uint8_t compile_fill(const struct protocol *p, enum state state, enum state grant)
{
	const struct copy_rule *rule = &p->copy[state][fill_event[grant]];
	bool is_granted = fill_event[grant] != COPY_LOAD;       /* I and O are not */

	return is_granted && rule->action & DO_HIT ? rule->next : (uint8_t)STATES;
}

static struct home_plan compile_home(const struct home_rule *rule)
{
	return (struct home_plan){ rule->action, rule->next,
				   (uint8_t)protocol_grant(rule->action) };
}

void protocol_compile(struct rules *r, const struct protocol *p)
{
	for (enum state s = STATE_I; s < STATES; s++) {
		r->access[s][false] = compile_access(s, &p->copy[s][COPY_LOAD]);
		r->access[s][true] = compile_access(s, &p->copy[s][COPY_STORE]);
		r->probe[s][false] = compile_probe(s, false, &p->copy[s][COPY_PROBE_SHARE]);
		r->probe[s][true] = compile_probe(s, true, &p->copy[s][COPY_PROBE_INVALIDATE]);
		for (enum state grant = STATE_I; grant < STATES; grant++)
			r->fill[s][grant] = compile_fill(p, s, grant);
	}
	for (enum home_state h = HOME_U; h < HOME_STATES; h++) {
		for (enum request q = GET_SHARED; q < REQUESTS; q++)
			r->home[h][q] = compile_home(&p->home[h][q]);
		for (enum answer a = ANSWER_SHARED; a < ANSWERS; a++)
			r->answered[h][a] = compile_home(&p->answered[h][a]);
	}
}

/* ---- printed -------------------------------------------------------------------------------- */

struct word {
	unsigned bit;
	const char *text;
};

static void print_words(FILE *to, const struct word *word, unsigned action)
{
	const char *separator = "";

	for (; word->text; word++)
		if (action & word->bit) {
			fprintf(to, "%s%s", separator, word->text);
			separator = ", ";
		}
}

static void print_copy_rules(FILE *to, const struct protocol *p)
{
	static const char *const event[COPY_EVENTS] = {
		"load",   "store",  "probe: share", "probe: invalidate",
		"fill S", "fill F", "fill E",       "fill D",
		"fill M", "evict",
	};
	static const struct word words[] = {
		{ DO_HIT, "hit" },
		{ DO_GET_SHARED, "get shared" },
		{ DO_GET_MODIFIED, "get modified" },
		{ DO_UPGRADE, "upgrade" },
		{ DO_DATA, "send data" },
		{ DO_HAND_OVER, "hand over" },
		{ DO_WRITE_BACK, "write back" },
		{ DO_ACK, "acknowledge" },
		{ DO_NONE_HERE, "none here" },
		{ 0, NULL },
	};

	fprintf(to,
		"What a cache does with its copy:\n\n  state  event              next  action\n");
	for (int s = 0; s < STATES; s++)
		for (int e = 0; e < COPY_EVENTS; e++) {
			const struct copy_rule *r = &p->copy[s][e];

			if (!(p->states & 1u << s) || r->action & IMPOSSIBLE)
				continue;
			fprintf(to, "  %c      %-17s  %c     ", state_letter[s], event[e],
				state_letter[r->next]);
			print_words(to, words, r->action);
			fputs(r->action ? "\n" : "silent\n", to);
		}
}

static const char *const home_state_words[HOME_STATES + 1] = { "nobody", "sharers", "owner",
							       "owner+", "answer" };

/* A row of what the home does with a request, or with an answer. */
static void print_home_rule(FILE *to, int state, const char *event, const struct home_rule *rule)
{
	static const struct word words[] = {
		{ HOME_SEND, "send data" },
		{ HOME_MEMORY, "from memory" },
		{ HOME_PROBE_SHARE, "probe owner: share" },
		{ HOME_PROBE_INVALIDATE, "probe owner: invalidate" },
		{ HOME_INVALIDATE, "invalidate sharers" },
		{ HOME_OWNER_SHARES, "owner is a sharer" },
		{ HOME_OWNER_GONE, "owner is gone" },
		{ HOME_GRANT_S, "grant S" },
		{ HOME_GRANT_F, "grant F" },
		{ HOME_GRANT_E, "grant E" },
		{ HOME_GRANT_D, "grant D" },
		{ HOME_GRANT_M, "grant M" },
		{ HOME_CALL_IN, "call in all copies" },
		{ HOME_PERFORM, "do the operation" },
		{ HOME_ACCEPT, "take the line" },
		{ 0, NULL },
	};

	if (rule->action & HOME_IMPOSSIBLE)
		return;
	fprintf(to, "  %-7s  %-12s  %-7s  ", home_state_words[state], event,
		home_state_words[rule->next]);
	print_words(to, words, rule->action);
	fputc('\n', to);
}

static void print_home_rules(FILE *to, const struct protocol *p)
{
	static const char *const request[REQUESTS] = { "get shared", "get modified", "upgrade",
						       "far atomic", "write back" };

	fprintf(to,
		"\nWhat the home does with a request%s:\n\n  knows    request       then     "
		"action\n",
		p->home_states >> HOME_O & 1 ? " (owner+: an owner and sharers)" : "");
	for (int s = 0; s < HOME_STATES; s++)
		for (int q = 0; q < REQUESTS; q++)
			print_home_rule(to, s, request[q], &p->home[s][q]);
	fprintf(to,
		"\nAn upgrade from a cache that has lost its copy meanwhile is a get modified. Where an\n"
		"owner that is to let go has nothing, the home sends the line. A line that a probe took\n"
		"on its way home is not taken again; one whose sender is not the owner any more is.\n");
}

static void print_answer_rules(FILE *to, const struct protocol *p)
{
	static const char *const answer[ANSWERS] = { "still shares", "still owns", "gave it away",
						     "was leaving", "had nothing" };

	fprintf(to, "\nWhat the home does when an owner that it asked to share has answered:\n\n"
		    "  knew     answer        then     action\n");
	for (int s = 0; s < HOME_STATES; s++)
		for (int a = 0; a < ANSWERS; a++)
			print_home_rule(to, s, answer[a], &p->answered[s][a]);
}

void protocol_print(FILE *to, const struct protocol *p)
{
	fprintf(to, "%s: %s\n\n", p->name, p->summary);
	print_copy_rules(to, p);
	print_home_rules(to, p);
	print_answer_rules(to, p);
}

const struct protocol_fault_name protocol_faults[PROTOCOL_FAULTS] = {
	[FAULT_NONE] = { "none", "nothing is wrong" },
	[FAULT_SKIP_INVALIDATE] = { "skip-invalidate",
				    "a cache that is told to drop a shared copy says yes, and keeps it" },
	[FAULT_KEEP_MODIFIED] = { "keep-modified",
				  "a cache that hands a modified line to a writer keeps its copy" },
};
