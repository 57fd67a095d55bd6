/* Events and transactions are taken from a list of free ones, and go back there. */
#ifndef SIM_MESSAGE_H
#define SIM_MESSAGE_H

#include "sim/state.h"
#include "sim/txn.h"

/* Of that type, at that node; its time, order and payload are to be set. */
static inline struct event *event_new(struct sim *sim, enum event_type type, struct node *node)
{
	struct event *e;

	if (!sim->free_event)
		events_more(sim);
	e = sim->free_event;
	sim->free_event = e->next;
	e->key = 0;
	e->type = (uint8_t)type;
	e->admitted = e->listed = false;
	e->node = node;
	e->txn = NULL;
	return e;
}

/* Drops one reference. */
static inline void txn_put(struct sim *sim, struct txn *t)
{
	if (--t->references)
		return;
	t->next = sim->free_txn;
	sim->free_txn = t;
}

static inline void event_free(struct sim *sim, struct event *e)
{
	if (e->txn)
		txn_put(sim, e->txn);
	e->next = sim->free_event;
	sim->free_event = e;
}

#endif
