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
	[UPGRADE]      = { HOME_SEND | HOME_GRANT_M, HOME_X }, \
	[FAR_ATOMIC]   = { HOME_PERFORM, HOME_U }, \
	[WRITE_BACK]   = { HOME_ACCEPT, HOME_U }, \
}
#define HOME_SHARERS { \
	[GET_SHARED]   = { HOME_SEND | HOME_GRANT_S, HOME_S }, \
	[GET_MODIFIED] = { HOME_SEND | HOME_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[UPGRADE]      = { HOME_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[FAR_ATOMIC]   = { HOME_CALL_IN | HOME_PERFORM, HOME_U }, \
	[WRITE_BACK]   = { HOME_ACCEPT, HOME_S }, \
}
#define HOME_OWNER { \
	[GET_SHARED]   = { HOME_PROBE_SHARE, HOME_X }, \
	[GET_MODIFIED] = { HOME_PROBE_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[UPGRADE]      = { HOME_PROBE_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[FAR_ATOMIC]   = { HOME_CALL_IN | HOME_PERFORM, HOME_U }, \
	[WRITE_BACK]   = { HOME_ACCEPT, HOME_U }, \
}
/* The owner's copy is the only one that is sure to be there: an upgrade calls it in with data. */
#define HOME_OWNED { \
	[GET_SHARED]   = { HOME_PROBE_SHARE, HOME_O }, \
	[GET_MODIFIED] = { HOME_PROBE_INVALIDATE | HOME_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[UPGRADE]      = { HOME_PROBE_INVALIDATE | HOME_INVALIDATE | HOME_GRANT_M, HOME_X }, \
	[FAR_ATOMIC]   = { HOME_CALL_IN | HOME_PERFORM, HOME_U }, \
	[WRITE_BACK]   = { HOME_ACCEPT, HOME_S }, \
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
	[ANSWER_NONE]    = { HOME_OWNER_GONE | HOME_SEND | HOME_MEMORY | HOME_GRANT_S, HOME_S }, \
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
		[HOME_X] = HOME_OWNER,
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
			[WRITE_BACK]   = { HOME_ACCEPT, HOME_S },
		},
		[HOME_X] = HOME_OWNER,
		[HOME_O] = {
			[GET_SHARED]   = { HOME_PROBE_SHARE, HOME_O },
			[GET_MODIFIED] = { HOME_PROBE_INVALIDATE | HOME_INVALIDATE | HOME_GRANT_M, HOME_X },
			[UPGRADE]      = { HOME_INVALIDATE | HOME_GRANT_M, HOME_X },
			[FAR_ATOMIC]   = { HOME_CALL_IN | HOME_PERFORM, HOME_U },
			[WRITE_BACK]   = { HOME_ACCEPT, HOME_O },
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
		[HOME_X] = HOME_OWNER,
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
		[HOME_X] = HOME_OWNER,
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

const struct protocol *const protocols[] = {
	&protocol_mesi, &protocol_mesif, &protocol_moesi, &protocol_migrate, NULL,
};

enum answer protocol_answer(const struct copy_rule *rule)
{
	if (rule->next == STATE_I)
		return ANSWER_MOVED;
	return rule->next == STATE_O ? ANSWER_OWNED : ANSWER_SHARED;
}

enum state protocol_grant(unsigned action)
{
	static const struct {
		enum home_action action;
		enum state state;
	} grants[] = {
		{ HOME_GRANT_S, STATE_S }, { HOME_GRANT_F, STATE_F }, { HOME_GRANT_E, STATE_E },
		{ HOME_GRANT_D, STATE_D }, { HOME_GRANT_M, STATE_M },
	};

	for (unsigned i = 0; i < sizeof grants / sizeof *grants; i++)
		if (action & grants[i].action)
			return grants[i].state;
	return STATE_I;
}

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
		"load",   "store",  "probe: share", "probe: invalidate", "fill S",
		"fill F", "fill E", "fill D",       "fill M",            "evict",
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

static const char *const home_state_words[HOME_STATES] = { "nobody", "sharers", "owner",
							   "owner+" };

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
		{ HOME_ACCEPT, "take the line unless a probe took it on its way" },
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

	fprintf(to, "\nWhat the home does with a request%s:\n\n  knows    request       then     "
		    "action\n",
		p->home_states >> HOME_O & 1 ? " (owner+: an owner and sharers)" : "");
	for (int s = 0; s < HOME_STATES; s++)
		for (int q = 0; q < REQUESTS; q++)
			print_home_rule(to, s, request[q], &p->home[s][q]);
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
