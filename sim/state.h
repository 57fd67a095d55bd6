/*
 * The machine as a whole: everything hangs off struct sim (sim.c). Headers are named after the
 * files whose functions they declare; all but sim.h, machine.h, protocol.h and result.h are the
 * engine's own.
 *
 *	CPU 0 ... CPU n-1       private levels; clients of the node below
 *	shared levels           home of the caches above, client of the node below
 *	root                    memory behind a directory or a bus
 *
 * True between two events:
 *   (1) at most one cache can write a line, and then no other has a copy (checked by version:
 *       a copy's version is the line's, on every hit);
 *   (2) a line has at most one transaction in service per home (struct dirent, busy);
 *   (3) a CPU waits for at most one transaction; prefetches run beside it;
 *   (4) events take effect in the order (time, rank, hash, CPU, count), which does not depend on
 *       the order in which the host created them.
 */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include <setjmp.h>

#include "sim/event.h"
#include "sim/sim.h"
#include "sim/timing.h"
#include "sim/verbs/head.h"
#include "sim/verbs/xalloc.h"

struct cpu;

enum phase { PHASE_WARMUP, PHASE_WINDOW, PHASE_OVER };

struct sim {
	struct sim_head head;
	struct sim_options options;
	struct machine machine;
	struct timing t;
	uint64_t now;
	unsigned words, unfinished;             /* words: uint64_t per CPU bit set */
	struct cpu *cpu;
	struct look *look; /* [cpus][LOOK_ENTRIES] */
	struct fine_cell **fine; /* [cpus][LOOK_ENTRIES] */
	uint8_t *distance;                      /* [core][core]: see sim_distance; 0: not yet known */
	unsigned cores;
	struct node *root, **shared;
	unsigned shared_count;
	bool homes_have_place; /* a directory split over memory nodes */
	unsigned root_level; /* least distance index of transfers through the root */
	/* events */
	struct queue homes, messages, turns; /* at homes, at CPUs; CPUs waiting for their turn */
	struct block *block;                    /* events and transactions, in use or not; sim_keep */
	char *kept;                             /* the rest of a block, for sim_keep */
	size_t kept_left;
	struct event *free_event;
	struct txn *free_txn;
	struct fiber *main;
	struct cpu *current;                    /* whose fiber runs, NULL: main */
	struct cpu *resume;                     /* its transaction is complete: it goes on now */
	struct line **line;                     /* by line number, NULL: never cached */
	uint32_t *version; /* of each line: bumped by the first write of each ownership */
	/* operations and window */
	enum phase phase;
	uint64_t opened, closed;                /* times */
	uint64_t quiet_until; /* up to then no operation's end is to take effect (entries_look) */
	uint64_t edge, pushed, completed;       /* operations until the next edge, told, taken */
	struct entry *entry;
	size_t entries, entry_room;
	uint64_t entry_floor;                   /* no pending entry is earlier */
	struct op_stats op[OPS];
	struct histogram *histogram[OPS];
	int64_t live, footprint, live_peak, footprint_peak;
	struct context *context;
	unsigned contexts;
	struct cell **cell_bucket;
	struct fine_cell **fine_bucket;
	struct lock_entry **lock_bucket;
	size_t fine_cells, locks;
	struct holder *holder;
	uint64_t *transfer;             /* [cpus * cpus]: how often the first lost a line to the second */
	size_t holders;
	struct line **counted;                  /* lines with counts */
	size_t counted_lines, counted_room;
	/* ends */
	enum outcome outcome;
	char message[256];
	jmp_buf *escape;
	access_observer *observer;
	moment_observer *moments;
	void *observer_to;
	struct result *harvest;
};

/* Memory that goes when the machine goes, however its run ended; zeroed. */
void *sim_block(struct sim *sim, size_t size);
/* The same for many small things: side by side, and at the end nobody has to look for them. */
void *sim_keep(struct sim *sim, size_t size);

/* Index into the latency lists for two cores; worked out when it is asked for the first time. */
static inline unsigned sim_distance(const struct sim *sim, unsigned core, unsigned other)
{
	uint8_t *known = &sim->distance[(size_t)core * sim->cores + other];

	if (!*known)
		*known = (uint8_t)(1 + (core == other ? 0
						      : machine_distance(&sim->machine, core, other)));
	return *known - 1u;
}

/* The run ends here: back to sim_run. */
_Noreturn void sim_end(struct sim *sim, enum outcome outcome);
/* With a message that says where each CPU waits. */
_Noreturn void sim_deadlock(struct sim *sim);

/* harvest.c: the result as it stands when the window closes. */
struct result *harvest(struct sim *sim);

#endif
