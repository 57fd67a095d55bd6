/*
 * Events and turns: what happens next, in an order that the host cannot disturb (event.c).
 */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include "sim/protocol.h"
#include "sim/verbs/verbs.h"

struct node;
struct txn;

/* RANK_COMPUTE: compute ends, and with it perhaps an operation, before any access at that time;
 * RANK_DRAIN: of a CPU's accesses the oldest first, and that is the buffered store. */
enum rank {
	RANK_FILL, RANK_PROBE, RANK_HOME, RANK_INTERRUPT, RANK_COMPUTE, RANK_DRAIN, RANK_CPU
};

enum event_type {
	EVENT_FILL, /* at a client: the data, or the grant of an upgrade */
	EVENT_PROBE, /* at a client: share or invalidate */
	EVENT_ACK, /* at a client: the last of the sharers has let go */
	EVENT_REQUEST, /* at a home */
	EVENT_REPLY, /* at a home: answer to a probe that the home collects */
	EVENT_PUT, /* at a home: a written-back line */
	EVENT_DONE, /* at a home: the requester has its line (blocking homes) */
	EVENT_SERVICE, /* at a home: a far LOCK operation takes effect */
	EVENT_INTERRUPT, /* at a CPU */
	EVENT_DRAIN, /* at a CPU: its oldest buffered store takes effect */
	EVENT_TURN, /* a CPU goes on; the one in struct cpu */
};

struct event {
	uint64_t time;
	uint64_t key, count; /* where times and ranks are equal; key 0: not yet worked out */
	uint8_t type, rank; /* enum event_type, enum rank */
	uint16_t cpu; /* on whose behalf */
	bool admitted;                  /* has its slot of slice, bus or link */
	bool listed; /* in its CPU's list of what is on its way */
	struct node *node;              /* where it happens */
	struct txn *txn;
	struct event *next, **prev_next; /* that list */
	union {
		struct { uint64_t order, back; bool invalidate, owner; } probe;
		struct {
			uint32_t version;
			enum state found;
			enum answer what;
			bool write_back;        /* the home keeps the line */
		} answer; /* FILL, ACK, REPLY */
		struct { struct write_back *line; struct node *from; } put;
		struct { interrupt_handler *handler; void *argument; uint64_t period; bool background; } interrupt;
	};
};

/*
 * Events in order, the first at `item`. A new one is nearly always among the last, so it goes in
 * from behind with few moves; the first goes without any. The times stand in the array itself:
 * only ties look at the events. Behind the last one stands the time QUEUE_END, so that the first
 * time can be asked of an empty queue too.
 */
struct queue_item {
	uint64_t time;
	struct event *event;
};
#define QUEUE_END (UINT64_MAX / 2)      /* later than any event, and sums with it do not overflow */

struct queue {
	struct queue_item *item, *end; /* the first, and behind the last */
	struct queue_item *base, *limit; /* the array, and where `end` has no room any more */
};

static inline size_t queue_count(const struct queue *q)
{
	return (size_t)(q->end - q->item);
}

uint64_t event_key(const struct sim *sim, enum rank rank, uint64_t time, unsigned cpu);
/* 64 random bits: of the seed, the CPU and the number of its request alone. */
uint64_t event_draw(const struct sim *sim, unsigned cpu, uint64_t number);
/* event_new, event_free: sim/message.h. */
void events_more(struct sim *sim);
/* Queue an event that has its payload: `delay` from now (at least one unit). */
void event_send(struct sim *sim, struct event *event, enum rank rank, struct txn *txn,
		uint64_t delay);
/* Queue it again, under its old rank, at `time`. */
void event_again(struct sim *sim, struct event *event, enum rank rank, uint64_t time);
/* Queue an event at its time, rank and CPU. */
void event_queue(struct sim *sim, struct event *event);
/* Run events until `cpu` has its turn (or forever, for a CPU that finished). */
void event_loop(struct sim *sim, struct cpu *cpu);
void turn_push(struct sim *sim, struct cpu *cpu, enum rank rank, uint64_t time);
void turn_remove(struct sim *sim, struct cpu *cpu);
void events_init(struct sim *sim);
void events_free(struct sim *sim);
/*
 * Is nothing pending that could let a CPU go on? Timers alone do not keep a run alive: any of them
 * once all threads are done, before that those that nobody waits for.
 */
bool events_are_idle(const struct sim *sim);
/* Let one event happen at its time, or (for the state explorer) at any. */
void event_dispatch(struct sim *sim, struct event *event);
struct event *event_take(struct queue *queue, size_t index);

#endif
