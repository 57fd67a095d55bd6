/*
 * Nodes: CPUs and shared levels as clients, shared levels and the root as homes, and what a home
 * knows of a line.
 */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include "sim/cache.h"
#include "sim/protocol.h"
#include "sim/timing.h"

struct cpu;
struct txn;

enum { LEVELS = 2, PENDING_LINES = 64 };

/* A dirty line on its way to the home; the evictor answers probes until it arrives. */
struct write_back {
	struct write_back *next;
	uint64_t line;
	uint32_t version;
	enum state state;               /* that it had */
	bool superseded;                /* a probe took the line meanwhile */
};

/* What a home knows of a line. */
struct dirent {
	uint64_t line;
	struct txn *busy;               /* in service */
	struct txn *head, *tail;        /* FIFO of the others */
	uint64_t orders;                /* transactions ordered so far */
	struct node *owner;
	struct slot *copy;              /* of a shared level itself, NULL: none, and at the root */
	unsigned sharer_count;
	unsigned waits;                 /* messages that must come before `busy` ends */
	bool guessed;                   /* busy's client is a sharer until its owner's answer */
	bool left, thinned;             /* since `busy` was served the owner, a sharer gave up */
	uint32_t version;               /* of the root's copy of the line */
	unsigned bias_socket, bias_run;
	uint64_t sent, arrives;         /* when it was sent to its owner, and is there */
	uint64_t reread_free;           /* the next waiter may read it again then */
	uint64_t sharers[];             /* bit per client of the home */
};

enum node_kind { NODE_CPU, NODE_SHARED, NODE_ROOT };

struct node {
	enum node_kind kind;
	unsigned id;                    /* CPU number; shared: index in sim->shared */
	struct cpu *cpu;                /* CPU: itself */
	unsigned index;                 /* among the clients of the parent */
	unsigned core, socket;          /* where it stands (first core) */
	/* as a client: first what each access or miss asks for */
	unsigned pendings;              /* its transactions under way: how many; */
	struct txn *pending;
	struct node *parent;
	struct write_back *write_back;
	const struct cache *outermost;  /* of its levels, where the copies are */
	unsigned levels;
	unsigned pending_stores[REQUESTS];      /* by request, for stores in the buffer */
	struct cache level_cache[LEVELS];       /* CPU: private levels; shared: [0] */
	uint16_t pending_of[PENDING_LINES];     /* by line number modulo that: mostly none */
	/* as a home */
	struct node **child;
	unsigned children;
	unsigned level;                 /* distance index of transfers among its children */
	const struct protocol *protocol;        /* its own, and that of the caches above: */
	struct rules rules;                     /* compiled */
	struct owner_legs owner_legs;
	struct dirent **entry;          /* by line number, NULL: nothing known */
	uint64_t *slice_free;           /* [slices], at the root for each memory node */
	unsigned slices;
	uint64_t *bus_free;             /* ROOT as a bus: [sockets] */
};

/* sim.c: the home goes by that protocol, and so do the caches above. */
void node_set_protocol(struct node *home, const struct protocol *protocol);

/* What a client does with its copy is in the table of its home. */
static inline const struct access_rule *access_rule(const struct node *client, enum state state,
						    bool write)
{
	return &client->parent->rules.access[state][write];
}

static inline const struct copy_rule *copy_rule(const struct node *client, enum state state,
						enum copy_event event)
{
	return &client->parent->protocol->copy[state][event];
}

/* The outermost private level of a CPU, the one level of a shared cache: it holds the copies. */
static inline const struct cache *node_outermost(const struct node *client)
{
	return client->outermost;
}

/* The client's copy of the line, or NULL. */
static inline struct slot *node_copy(const struct node *client, uint64_t line)
{
	return cache_find(node_outermost(client), line);
}

/* cache.c: the outermost level lets go of a line, and the levels inside must too. */
void cache_forget_inner(struct node *cpu, uint64_t line);

#endif
