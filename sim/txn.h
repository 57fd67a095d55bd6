/* Transactions: a request, a probe of a shared level or an eviction under way (coherence.c). */
#ifndef SIM_TXN_H
#define SIM_TXN_H

#include "sim/node.h"
#include "sim/origin.h"
#include "sim/timing.h"

enum { STAMP_SHIFT = 20 };               /* messages of a transaction: fewer */
enum txn_kind { TXN_REQUEST, TXN_SNOOP, TXN_EVICT };
/* Who supplied the line, for causes. */
enum supplier { FROM_NOWHERE, FROM_CACHE, FROM_SHARED_LEVEL, FROM_MEMORY };

struct txn {
	struct node *client;            /* who asks; SNOOP, EVICT: the shared level itself */
	struct node *home;
	uint64_t line;
	uint64_t stamp;                 /* of its next message: its number, and how many went before */
	uint64_t start, queued_at;
	uint64_t draw;                  /* REQUEST: random bits for its last leg */
	struct txn *next;               /* FIFO at the home */
	struct txn *pending_next, **pending_link;       /* the client's transactions under way */
	struct origin origin; /* the access that asked, if its client is a CPU */
	uint8_t kind; /* enum txn_kind */
	uint8_t request; /* enum request */
	uint8_t access; /* enum access_kind */
	uint32_t cpu;                   /* the CPU on whose behalf, for the order of events */
	uint32_t references;            /* its owner's, and one per message under way */
	uint32_t version;
	/* From here on all is 0 when it begins (txn_new). */
	uint32_t unanswered;            /* sharers that have not let go yet */
	uint64_t order;                 /* position at the home, 0: not yet */
	uint64_t spent;                 /* legs travelled so far, without waits */
	uint64_t tail;                  /* legs kept back for the way up from a shared level */
	uint64_t waited;                /* for busy lines, slices, buses, links, LOCKs */
	uint64_t last_ack;              /* when the last acknowledgement so far arrives */
	struct node *supplied_by;       /* node or nearest sharer */
	struct event *deferred;         /* a probe that overtook the data */
	struct txn *inner; /* SHARED client: the transaction above that waits for this */
	struct txn *outer;              /* home SHARED: the transaction below that this waits for */
	struct txn *snooper;            /* SNOOP: the transaction at the home below, */
	struct event *probe;            /* and its probe, to be answered */
	uint32_t acks; /* 1 until the last one has arrived; SNOOP, EVICT: answers to come */
	uint32_t killed;                /* copies that this one invalidated */
	uint8_t asked; /* enum home_state: what the home knew when it served this one */
	uint8_t found; /* enum state: in the supplying cache */
	uint8_t supplier; /* enum supplier */
	uint8_t grant; /* enum state: that its client gets */
	bool fetched;                   /* home SHARED: the line came from below for this one */
	bool waits_for_put;
	bool have_data;
	bool dataless;                  /* an upgrade granted to a sharer: no data comes */
	bool buffered;                  /* for a store in the buffer */
	bool prefetch;                  /* for no access, */
	bool unasked;                   /* and not for a prefetch verb either: counted as of `origin` */
	bool reread;                    /* by a waiter that lost its copy to a write */
	bool no_done; /* a blocking home does not wait for its end */
	bool bypass;                    /* SNOOP */
	bool calls_in;                  /* the copies above are to let go, not to share */
	bool dirty;
};
/* The client's transaction for that line, NULL: none is under way. */
static inline struct txn *txn_pending(const struct node *client, uint64_t line)
{
	struct txn *t = client->pending;

	if (!client->pending_of[line % PENDING_LINES])
		return NULL;
	while (t && t->line != line)
		t = t->pending_next;
	return t;
}
enum { TXN_SET = offsetof(struct txn, unanswered), TXN_ZERO = sizeof(struct txn) - TXN_SET };

#endif
