/*
 * One event of a run: an access, with what happened beside it since the one before.
 *
 * Events are numbered from 1 in the order of simulated time in which they take effect.
 */
#ifndef STEPS_EVENT_H
#define STEPS_EVENT_H

#include "sim/sim.h"

enum event_verb {
	EVENT_LOAD, EVENT_STORE,
	EVENT_EXCHANGE, EVENT_ADD, EVENT_CAS, EVENT_BIT_SET, EVENT_BIT_CLEAR,
	EVENT_UPDATE,                   /* a read-modify-write of a kind that is not known */
	EVENT_PREFETCH, EVENT_PREFETCH_WRITE, EVENT_FENCE,
	EVENT_VERBS
};
/* "load", "store", ... */
extern const char *const event_verbs[EVENT_VERBS];

enum event_flag {
	/* what it is */
	EVENT_IS_READ = 1 << 0, EVENT_IS_WRITE = 1 << 1,
	EVENT_IS_LOCKED = 1 << 2,       /* with LOCK */
	EVENT_IS_HALF = 1 << 3,         /* the read of a read-modify-write whose store is buffered */
	EVENT_IS_BUFFERED = 1 << 4,     /* a store that leaves the buffer */
	EVENT_IS_FORWARDED = 1 << 5,    /* a load answered by the own store buffer */
	EVENT_FAILED = 1 << 6,          /* a compare-and-exchange that changed nothing */
	/* what came of it */
	EVENT_MISSED = 1 << 7,          /* the line, or the right to write it, had to come */
	EVENT_TRANSFER = 1 << 8,        /* the line came from another cache */
	EVENT_KILLED = 1 << 9,          /* copies of others went */
	EVENT_BOUNCE = 1 << 10,         /* the line's last writer was another CPU, now it is this one */
	/* where it happens */
	EVENT_IN_INTERRUPT = 1 << 11, EVENT_IN_WINDOW = 1 << 12,
	EVENT_LOCK_WAIT = 1 << 13,      /* the first one of a wait for a lock */
	EVENT_INTERRUPT = 1 << 14,      /* the first one of an interrupt */
	EVENT_NO_CLOCK = 1 << 15,       /* of a machine without time: see found.h */
	EVENT_INTO_BUFFER = 1 << 16,    /* a store that nobody else sees yet */
};

/* A word, or two, and what the first points to. */
struct event_value {
	uint64_t word[2];               /* low first; a pointer into simulated memory: its offset */
	const char *instance, *member;  /* what it points to; NULL: it is no such pointer */
};

/* What happens beside accesses. */
struct note {
	enum moment_kind kind;
	unsigned cpu, other;
	uint64_t time_units, since_units;       /* since: as in struct moment, 0: none */
	const char *instance, *member;  /* of the lock, the line; "" */
	const char *lock, *operation;   /* its kind; "" */
	uint64_t line;                  /* of an eviction, an arrival */
	const char *before, *after;     /* its states: [caches]; NULL: no copies change */
};

/* Texts live as long as the events that it is of; `before`, `after` and `note` until the next call
 * that asks these for an event. */
struct event {
	uint64_t number;
	uint64_t time_units;            /* when it takes effect */
	uint64_t start_units, cost_units;       /* it began; so long it took, to its end */
	uint64_t busy_units;            /* of these it waited for a busy line, home or link */
	unsigned cpu, size;
	enum event_verb verb;
	uint32_t flags;                 /* enum event_flag */
	const char *instance, *member;  /* "page[513]", "freelist"; "" */
	uint64_t address, line;         /* offsets in the arena, of the access and of its line */
	struct site site, caller;       /* caller.line 0: none */
	const char *operation, *path;   /* "" */
	struct event_value old, now;
	enum cause cause;               /* of the cost but for busy_units */
	enum waiting waiting;           /* it is part of such a wait */
	uint64_t taken_by;              /* of a miss: the event that took the CPU's copy; 0: none did */
	int supplier;                   /* the cache that gave the line; -1: none */
	char found;                     /* in that state; 0: none */
	const char *before, *after;     /* states of the line as letters: [caches], no terminator */
	const struct note *note;        /* since the event before: [notes] */
	size_t notes;
};

#endif
