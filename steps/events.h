/*
 * The events of a run, to be looked at in any order: forward, back, by number, by what they are.
 *
 *	struct events *events = events_of_point(planned, 0, why, sizeof why);
 *	struct event event;
 *
 *	for (uint64_t n = events_find(events, &(struct search){ .flags = EVENT_TRANSFER }, 0, true); n;
 *	     n = events_find(events, &search, n, true)) {
 *		events_get(events, n, &event);
 *		...
 *	}
 *	events_close(events);
 *
 * events_of_point runs the point in a process of its own, beside the caller; an event is there as soon
 * as the run has come to it. That run is the point's, access for access: run-ahead and parking are off
 * and change no result. Its events are kept in a temporary file without a name, packed, so memory does
 * not limit how many there are, and any of them is a block away.
 */
#ifndef STEPS_EVENTS_H
#define STEPS_EVENTS_H

#include "steps/event.h"

struct events;
struct planned;

/*
 * All events of a point, or the first `most` of them (0: all). NULL and a reason in `why`: the point
 * cannot be set up, or there is no room for a temporary file.
 */
struct events *events_of_point(const struct planned *planned, uint64_t most, char *why,
			       size_t size);
/* All of them into a file of that name, whole or not at all (a link there is replaced, never followed).
 * Waits for the end of the run. */
bool events_save(struct events *events, const char *path, char *why, size_t size);
/* A file of events that was written so. */
struct events *events_open(const char *path, char *why, size_t size);
/* The same of a file that is open, which is the events' own from then on; NULL: it is none, and the
 * caller's. One without a name to write to: its descriptor, or below 0 and a reason in `why`. */
struct events *events_adopt(int fd);
int events_temporary(char *why, size_t size);
/* Does the file begin like one of events? */
bool events_are_in(const char *path);
void events_close(struct events *events);

/* Event number n; false: the run ended before, or n is 0. Texts live as long as `events`; states and
 * notes of an event until events_get or events_find is called again. */
bool events_get(struct events *events, uint64_t number, struct event *event);

/* What is looked for: all of it at once. */
struct search {
	uint32_t flags;                 /* enum event_flag: one of these; 0: any */
	int cpu;                        /* of that CPU; below 0: of any */
	uint64_t line;                  /* an access to that line (its offset); 0: to any */
	bool (*wanted)(const struct event *event, void *to);    /* says the rest; NULL: all */
	void *to;
};
/* Of any CPU. */
#define SEARCH_ANY { .cpu = -1 }

/* The nearest such event after number `from`, or (`forward` false) before it; 0: none. */
uint64_t events_find(struct events *events, const struct search *search, uint64_t from,
		     bool forward);
/* The first event that takes effect at that time or later; 0: none. */
uint64_t events_at(struct events *events, uint64_t time_units);

/* How many there are so far; `all`: of the whole run, which is waited for. */
uint64_t events_count(struct events *events, bool all);
/* Notes behind the last event. Waits for the end. */
const struct note *events_rest(struct events *events, size_t *count);

/* Why events are missing that were to be read: a part of a file is damaged, the process of the run died.
 * NULL: none is, as far as they were looked at. */
const char *events_damage(const struct events *events);

unsigned events_caches(const struct events *events);
unsigned events_cpus(const struct events *events);
/* "CPU 3", "L2 of CPU 2-3". */
const char *events_cache(const struct events *events, unsigned cache);
/* What is known about the run: "title", "name", "point", "machine", "version", ...; "" if it is not.
 * "outcome" and "message" at its end, for which is waited. */
const char *events_key(struct events *events, const char *key);

#endif
