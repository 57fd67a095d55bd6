/*
 * Coherence protocols as tables: what a cache does with its copy, what a home does with a
 * request. The engine runs them, `bounce explain mesi` prints them, the tests walk them.
 *
 * A cache also has transient conditions (a request under way, a write-back under way); those
 * are not states but the transaction itself: sim/coherence.c.
 */
#ifndef SIM_PROTOCOL_H
#define SIM_PROTOCOL_H

#include <stdint.h>
#include <stdio.h>

enum state { STATE_I, STATE_S, STATE_F, STATE_O, STATE_E, STATE_M, STATES };
extern const char state_letter[STATES + 1];

/* What happens to a copy. */
enum copy_event {
	COPY_LOAD, COPY_STORE,                          /* the own CPU; LOCK operations store */
	COPY_PROBE_SHARE, COPY_PROBE_INVALIDATE,        /* the home, for another cache */
	COPY_FILL_S, COPY_FILL_E, COPY_FILL_M,          /* an answer to the own request */
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
};

struct copy_rule {
	uint16_t action;
	uint8_t next;
};

/* What the home knows of a line, and the requests it orders. */
enum home_state { HOME_U, HOME_S, HOME_X, HOME_STATES };        /* nobody, sharers, one owner */
enum request { GET_SHARED, GET_MODIFIED, UPGRADE, WRITE_BACK, REQUESTS };

enum home_action {
	HOME_SEND = 1,                  /* data from memory or the shared level */
	HOME_PROBE_SHARE = 2, HOME_PROBE_INVALIDATE = 4,        /* to the owner */
	HOME_INVALIDATE = 8,            /* to all sharers but the requester */
	HOME_GRANT_S = 16, HOME_GRANT_E = 32, HOME_GRANT_M = 64,
	HOME_ACCEPT = 128,              /* takes the written-back line */
	HOME_IMPOSSIBLE = 256,
};

struct home_rule {
	uint16_t action;
	uint8_t next;
};

struct protocol {
	const char *name, *summary;
	struct copy_rule copy[STATES][COPY_EVENTS];
	struct home_rule home[HOME_STATES][REQUESTS];
	uint32_t states;                /* bit per state that the protocol has */
};

extern const struct protocol protocol_mesi;
extern const struct protocol *const protocols[];        /* NULL-terminated registry */
const struct protocol *protocol_find(const char *name);
void protocol_print(FILE *to, const struct protocol *protocol);

#endif
