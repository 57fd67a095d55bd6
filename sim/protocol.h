/*
 * Coherence protocols as tables: what a cache does with its copy, what a home does with a
 * request. The engine runs them, `bounce explain mesi` (or moesi, ...) prints them, the tests walk
 * them.
 *
 * A cache also has transient conditions (a request under way, a write-back under way); those
 * are not states but the transaction itself: sim/coherence.c.
 */
#ifndef SIM_PROTOCOL_H
#define SIM_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * I  none                              E  the only copy, as memory has it
 * S  one of several, not to be written M  the only copy, written by its holder
 * F  as S, and it answers for them     D  the only copy, newer than memory's, but not written by
 * O  as F, and newer than memory's        its holder: it came so from the one before
 */
enum state { STATE_I, STATE_S, STATE_F, STATE_O, STATE_E, STATE_D, STATE_M, STATES };
extern const char state_letter[STATES + 1];

/* Is it newer than what the home has? */
static inline bool state_dirty(enum state state)
{
	return (1u << STATE_O | 1u << STATE_D | 1u << STATE_M) >> state & 1;
}

/* Is it the only copy? */
static inline bool state_alone(enum state state)
{
	return state >= STATE_E;
}

/* What happens to a copy. */
enum copy_event {
	COPY_LOAD, COPY_STORE,                          /* the own CPU; LOCK operations store */
	COPY_PROBE_SHARE, COPY_PROBE_INVALIDATE,        /* the home, for another cache */
	COPY_FILL_S, COPY_FILL_F, COPY_FILL_E, COPY_FILL_D, COPY_FILL_M, /* the own request's answer */
	COPY_EVICT,
	COPY_EVENTS
};

/* The event of a fill that grants a state. */
extern const enum copy_event fill_event[STATES];

enum copy_action {
	DO_HIT = 1,
	DO_GET_SHARED = 2, DO_GET_MODIFIED = 4, DO_UPGRADE = 8, /* ask the home */
	DO_DATA = 16,                   /* send the line to the asking cache */
	DO_WRITE_BACK = 32,             /* send the line to the home */
	DO_ACK = 64,                    /* tell that no copy is left */
	DO_NONE_HERE = 128,             /* tell that there was no copy */
	IMPOSSIBLE = 256,
	DO_HAND_OVER = 512,             /* with data: the asking cache has the only copy now */
};

struct copy_rule {
	uint16_t action;
	uint8_t next;
};

/* What the home knows of a line: nobody has it; sharers; one owner; an owner and sharers. */
enum home_state {
	HOME_U, HOME_S, HOME_X, HOME_O, HOME_STATES,
	HOME_BY_ANSWER = HOME_STATES    /* as what comes next: the owner's answer says */
};
/* The requests it orders; WRITE_BACK is of the owner that it knows. */
enum request { GET_SHARED, GET_MODIFIED, UPGRADE, FAR_ATOMIC, WRITE_BACK, REQUESTS };

/* What the home hears of an owner that it asked to share. The requester hears it first. */
enum answer {
	ANSWER_SHARED,                  /* it gave the line and keeps an equal copy */
	ANSWER_OWNED,                   /* it gave the line and goes on to answer for it */
	ANSWER_MOVED,                   /* it gave the line away */
	ANSWER_LEAVING,                 /* it gave the line, which it was writing back */
	ANSWER_NONE,                    /* it had nothing */
	ANSWERS
};

enum home_action {
	HOME_SEND = 1,                  /* data from the nearest sharer, memory or the shared level */
	HOME_PROBE_SHARE = 2, HOME_PROBE_INVALIDATE = 4,        /* to the owner, unless it asks */
	HOME_INVALIDATE = 8,            /* to all others that have it and were not probed */
	HOME_GRANT_S = 16, HOME_GRANT_E = 32, HOME_GRANT_M = 64,
	HOME_ACCEPT = 128,              /* takes the line that its owner writes back */
	HOME_IMPOSSIBLE = 256,
	HOME_MEMORY = 512,              /* with HOME_SEND: sharers do not answer */
	HOME_GRANT_F = 1024, HOME_GRANT_D = 2048,
	HOME_OWNER_SHARES = 4096,       /* the owner is one of the sharers from now on */
	HOME_OWNER_GONE = 8192,         /* it is forgotten */
	HOME_CALL_IN = 16384,           /* all copies, the requester's too; they answer the home */
	HOME_PERFORM = 32768,           /* does the LOCK operation itself; nobody gets the line */
};

struct home_rule {
	uint16_t action;
	uint8_t next;
};

/* The state that an action grants; STATE_I: none. */
static inline enum state protocol_grant(unsigned action)
{
	return action & HOME_GRANT_S   ? STATE_S
	       : action & HOME_GRANT_M ? STATE_M
	       : action & HOME_GRANT_E ? STATE_E
	       : action & HOME_GRANT_F ? STATE_F
	       : action & HOME_GRANT_D ? STATE_D
				       : STATE_I;
}

struct protocol {
	const char *name, *summary;
	struct copy_rule copy[STATES][COPY_EVENTS];
	struct home_rule home[HOME_STATES][REQUESTS];
	struct home_rule answered[HOME_STATES][ANSWERS];        /* by what it knew when it asked */
	uint32_t states;                /* bit per state that the protocol has */
	uint32_t home_states;           /* likewise */
};

/*
 * A protocol as the engine reads it: what follows from a cell of the tables above, worked out once
 * (protocol_compile). tests/test_protocol.c compares the two cell by cell.
 */
struct access_rule {
	bool hits;
	uint8_t next;
	uint8_t request;                /* enum request, of no hit; REQUESTS: the cell says none */
};
struct probe_rule {
	uint8_t next;
	uint8_t tells;                  /* enum answer; ANSWERS: the cell contradicts itself */
	bool writes_back;
	bool fits[2];                   /* may be asked so: as a sharer, as the owner */
};
struct home_plan {
	uint16_t action;                /* enum home_action */
	uint8_t next;                   /* enum home_state */
	uint8_t grant;                  /* enum state; STATE_I: none */
};
struct rules {
	struct access_rule access[STATES][2];           /* load, store */
	struct probe_rule probe[STATES][2];             /* share, invalidate */
	uint8_t fill[STATES][STATES];   /* the next state by the state granted; STATES: impossible */
	struct home_plan home[HOME_STATES][REQUESTS], answered[HOME_STATES][ANSWERS];
};
void protocol_compile(struct rules *rules, const struct protocol *protocol);

/* Faults of the protocol that an experiment may plant; what is wrong then is told by the check of
 * versions on a later hit. The tables stay as they are. */
enum protocol_fault { FAULT_NONE, FAULT_SKIP_INVALIDATE, FAULT_KEEP_MODIFIED, PROTOCOL_FAULTS };
struct protocol_fault_name {
	const char *name, *summary;
};
extern const struct protocol_fault_name protocol_faults[PROTOCOL_FAULTS];       /* by that */

extern const struct protocol protocol_mesi, protocol_mesif, protocol_moesi, protocol_migrate;
extern const struct protocol *const protocols[];        /* NULL-terminated registry */
/* What an owner that shares by this rule tells; ANSWERS: the rule contradicts itself. */
enum answer protocol_answer(const struct copy_rule *rule);
/* Has each rule only what the engine carries out at its place? Else false, and which has more. */
bool protocol_sane(const struct protocol *protocol, char *why, size_t size);
void protocol_print(FILE *to, const struct protocol *protocol);

#endif
