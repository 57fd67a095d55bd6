/*
 * The engine's own structures. Included by sim/ only.
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
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include <setjmp.h>

#include "sim/fiber.h"
#include "sim/machine.h"
#include "sim/protocol.h"
#include "sim/result.h"
#include "sim/sim.h"
#include "sim/verbs/verbs.h"
#include "sim/verbs/xalloc.h"

enum { UNIT = 64, LINE_SHIFT = 6, DISTANCES = 8, LEVELS = 2, LOOK_ENTRIES = 512 };
#define NEVER UINT64_MAX

/* ---- events --------------------------------------------------------------------------------- */

/* RANK_COMPUTE: compute ends, and with it perhaps an operation, before any access at that time;
 * RANK_DRAIN: of a CPU's accesses the oldest first, and that is the buffered store. */
enum rank {
	RANK_FILL, RANK_PROBE, RANK_HOME, RANK_INTERRUPT, RANK_COMPUTE, RANK_DRAIN, RANK_CPU
};

enum event_type {
	EVENT_FILL,             /* at a client: the data, or the grant of an upgrade */
	EVENT_PROBE,            /* at a client: share or invalidate */
	EVENT_ACK,              /* at a client: the last of the sharers has let go */
	EVENT_REQUEST,          /* at a home */
	EVENT_REPLY,            /* at a home: answer to a probe that the home collects */
	EVENT_PUT,              /* at a home: a written-back line */
	EVENT_DONE,             /* at a home: the requester has its line (blocking homes) */
	EVENT_SERVICE,          /* at a home: a far LOCK operation takes effect */
	EVENT_INTERRUPT,        /* at a CPU */
	EVENT_DRAIN,            /* at a CPU: its oldest buffered store takes effect */
};

struct event {
	uint64_t time, key, count;
	enum event_type type;
	bool at_cpu;                    /* class for the horizon: at a CPU, or at a home */
	bool admitted;                  /* has its slot of slice, bus or link */
	struct node *node;              /* where it happens */
	struct txn *txn;
	struct event *next, **prev_next;        /* list of events pending at a CPU */
	union {
		struct { uint64_t order, back; bool invalidate, owner; } probe;
		struct {
			uint32_t version;
			enum state found;
			enum answer what;
			bool write_back;        /* the home keeps the line */
		} answer; /* FILL, ACK, REPLY */
		struct { struct write_back *line; struct node *from; } put;
		struct { interrupt_handler *handler; void *argument; uint64_t period; } interrupt;
	};
};

/* The key of an event stands in the heap itself: comparing must not chase pointers. */
struct heap_item {
	uint64_t time, key, count;
	struct event *event;
};

struct heap {
	struct heap_item *item;
	size_t count, room;
};

/* ---- caches --------------------------------------------------------------------------------- */

/*
 * One way of one set; a host cache line. The outermost private level holds the copy; inner
 * levels point to it.
 */
struct slot {
	_Alignas(64) uint64_t line;     /* NO_LINE: empty */
	uint64_t used;                  /* for LRU */
	struct slot *copy;              /* the outermost private level's slot; itself there */
	struct line *info;
	uint64_t written;               /* bytes this CPU wrote since it got the line */
	uint32_t op_read, op_written;   /* serial of the operation that counted it last */
	uint32_t version, epoch;        /* of the line, when the copy was fetched or written */
	uint32_t label_serial;          /* labels in force when the copy was fetched */
	uint8_t state;
	bool wrote;                     /* this CPU is the line's last writer */
	bool open;                      /* a sharing miss not yet classified true or false */
	bool open_counts;               /* ... that happened inside the window */
};
#define NO_LINE 0                       /* line 0 of the arena is never used */

struct cache {
	struct slot *slot;              /* [sets * ways] */
	uint64_t *tag;                  /* the lines of the slots, side by side for searching */
	uint64_t sets, ways, mask;      /* mask: sets - 1 if that is a power of two, else 0 */
	size_t bytes;
	uint64_t hit_units;
};

/* A dirty line on its way to the home; the evictor answers probes until it arrives. */
struct write_back {
	struct write_back *next;
	uint64_t line;
	uint32_t version;
	enum state state;               /* that it had */
	bool superseded;                /* a probe took the line meanwhile */
};

/* ---- lines and directories ------------------------------------------------------------------ */

enum { ENTRY_BLOCK_SHIFT = 9 };

/* What a home knows of a line. */
struct dirent {
	uint64_t line;
	struct txn *busy;               /* in service */
	struct txn *head, *tail;        /* FIFO of the others */
	uint64_t orders;                /* transactions ordered so far */
	struct node *owner;
	unsigned sharer_count;
	unsigned waits;                 /* messages that must come before `busy` ends */
	uint32_t version;               /* of the root's copy of the line */
	unsigned bias_socket, bias_run;
	uint64_t sharers[];             /* bit per client of the home */
};

/* Attribution of one line. */
struct line {
	uint64_t number;
	uint32_t version;               /* bumped by the first write of each ownership */
	uint32_t epoch;                 /* bumped when a written copy is lost */
	int last_writer;                /* CPU, -1: none yet */
	struct line_counts *counts;     /* NULL before the first miss in the window */
	struct byte_history *bytes;     /* NULL before the first lost write */
	uint32_t *cpu_epoch;            /* [cpus]: epoch of the last cold or true-sharing miss */
	uint64_t had_lost[];            /* bits: [words] ever had it, [words] lost it to a write */
};

/* Who wrote each byte last, and who but the last writer. */
struct byte_history {
	uint32_t epoch[LINE], other_epoch[LINE];
	uint16_t writer[LINE];
};

/* ---- transactions --------------------------------------------------------------------------- */

enum txn_kind { TXN_REQUEST, TXN_SNOOP, TXN_EVICT };
enum access_kind { ACCESS_LOAD, ACCESS_STORE, ACCESS_RMW, ACCESS_KINDS };
/* Who supplied the line, for causes. */
enum supplier { FROM_NOWHERE, FROM_CACHE, FROM_SHARED_LEVEL, FROM_MEMORY };

struct txn {
	enum txn_kind kind;
	enum request request;
	enum access_kind access;
	struct node *client;            /* who asks; SNOOP, EVICT: the shared level itself */
	struct node *home;
	uint64_t line;
	unsigned cpu;                   /* the CPU on whose behalf, for the order of events */
	uint64_t number, messages;      /* its transaction number, messages sent so far */
	unsigned references;            /* its owner's, and one per message under way */
	uint64_t order;                 /* position at the home, 0: not yet */
	uint64_t start, queued_at;
	uint64_t spent;                 /* legs travelled so far, without waits */
	uint64_t tail;                  /* legs kept back for the way up from a shared level */
	uint64_t waited;                /* for busy lines, slices, buses, links, LOCKs */
	struct txn *next;               /* FIFO at the home */
	struct txn *inner; /* SHARED client: the transaction above that waits for this */
	struct txn *outer;              /* home SHARED: the transaction below that this waits for */
	struct txn *pending_next;       /* the client's transactions under way */
	bool fetched;                   /* home SHARED: the line came from below for this one */
	bool waits_for_put;
	bool have_data;
	bool dataless;                  /* an upgrade granted to a sharer: no data comes */
	unsigned unanswered;            /* sharers that have not let go yet */
	uint64_t last_ack;              /* when the last acknowledgement so far arrives */
	unsigned acks; /* 1 until the last one has arrived; SNOOP, EVICT: answers to come */
	bool prefetch;
	bool buffered;                  /* for a store in the buffer */
	enum home_state asked;          /* what the home knew when it served this one */
	uint8_t grant;                  /* the state that its client gets */
	uint32_t version;
	enum state found;               /* in the supplying cache */
	enum supplier supplier;
	struct node *supplied_by;       /* node or nearest sharer */
	unsigned killed;                /* copies that this one invalidated */
	struct event *deferred;         /* a probe that overtook the data */
	/* SNOOP: the probe to answer. */
	struct txn *snooper;            /* the transaction at the home below */
	struct event *probe;
	bool bypass;
	bool dirty;
};

/* ---- nodes: clients and homes --------------------------------------------------------------- */

enum node_kind { NODE_CPU, NODE_SHARED, NODE_ROOT };

struct node {
	enum node_kind kind;
	unsigned id;                    /* CPU number; shared: index in sim->shared */
	unsigned index;                 /* among the clients of the parent */
	unsigned core, socket;          /* where it stands (first core) */
	struct node *parent;
	struct node **child;
	unsigned children;
	unsigned level;                 /* distance index of transfers among its children */
	/* as a client */
	struct cache level_cache[LEVELS];       /* CPU: private levels; shared: [0] */
	unsigned levels;
	struct write_back *write_back;
	struct txn *pending;
	/* as a home */
	const struct protocol *protocol;        /* its own, and that of the caches above */
	struct dirent **entry;          /* by line number, NULL: nothing known */
	bool *touched;                  /* by block of entries: most have none, ever */
	uint64_t *slice_free;           /* [slices], at the root for each memory node */
	unsigned slices;
	uint64_t *bus_free;             /* ROOT as a bus: [sockets] */
};

/* ---- labels, counts ------------------------------------------------------------------------- */

struct label {
	struct label *next;             /* older one of the same arena page */
	const char *name;
	const struct layout *layout;
	uint64_t start, end;            /* arena offsets */
	uint64_t stride, first;         /* instance of start */
	bool indexed;                   /* one of several: described with its number */
	uint32_t serial;
};

struct cell {                           /* hits included: one member, one site, one context */
	struct cell *hash_next;
	const struct layout *layout;
	const char *label;
	unsigned offset, size;          /* in the struct */
	int field;                      /* index in the layout, -1: none */
	const struct site *site;
	unsigned context;
	uint64_t loads, stores, rmws;
};

struct fine_cell {                      /* misses: one offset of one line, one site, one context */
	struct fine_cell *hash_next;
	uint64_t line;
	unsigned offset, size;
	const struct site *site;
	unsigned context;
	uint64_t loads, stores, rmws, bounces, hitm, upgrades, wait_units;
	uint64_t cpus[];
};

struct line_counts {
	uint64_t bounces, hitm, upgrades, invalidations, misses, false_sharing, true_sharing;
	uint64_t loads, stores;
	uint64_t cpus[];                /* [words] readers, [words] writers */
};

struct lock_entry {
	struct lock_entry *hash_next;
	uint64_t offset;
	const char *kind;
	uint64_t taken, contended, turns, wait_units, hold_units, taken_at;
};

struct context {
	enum op op;
	const char *path;
	uint64_t count, total_units;
};

/* An end of operation or other change that takes effect in (time, CPU, count) order. */
struct entry {
	uint64_t time, count;
	unsigned cpu;
	enum op op;
	unsigned context;
	bool whole;                     /* not inside another operation */
	uint64_t start, units, lines_read, lines_written;
	int64_t live, footprint;
};

struct histogram {
	uint64_t bin[64 * 64];
};

/* ---- CPUs ----------------------------------------------------------------------------------- */

struct look {                           /* lookaside in front of tags and cells */
	const void *address;
	const struct site *site;
	struct slot *slot;
	struct cell *cell;
	uint64_t line;
	uint32_t context, label_serial;
};

struct frame {                          /* an operation under way */
	enum op op;
	unsigned context;
	uint64_t start, irq_units, lines_read, lines_written, serial;
};

enum { FRAMES = 16 };

/* An access that takes effect. */
struct want {
	const void *p;
	unsigned size;
	bool read, write, locked;
	bool far;                       /* the home does it where this CPU cannot write the line */
	bool half;                      /* reads for a read-modify-write whose store is buffered */
	bool buffered;                  /* a store that was counted for its operation when issued */
	bool prefetch;                  /* for an observer: asked for, not touched */
	enum access_kind access;
	uint64_t cost;                  /* of the hit */
	enum cause cause;
	uint32_t context;               /* of the operation that issued it */
	uint64_t time;                  /* when it takes effect */
	const struct site *site;
};

/* A store that the CPU is done with, but nobody else has seen (buffer.c). */
struct buffered {
	void *p;
	uint64_t line;
	unsigned size;
	_Alignas(16) unsigned char value[sizeof(struct pair)];
	const struct site *site;
	uint32_t context, op_serial, op_read;   /* op_read: of the operation it was forwarded to */
	bool missed;                    /* its line was not here when it was issued */
	bool counted;                   /* as the read-modify-write that it is half of */
};

struct store_buffer {
	struct buffered *entry;         /* [depth], a ring */
	unsigned first, count;
	unsigned asked;                 /* the oldest ones, whose lines have been asked for */
	unsigned missing;               /* of those in the buffer, how many missed */
	bool drains;                    /* the oldest one's EVENT_DRAIN is under way */
	uint64_t drained;               /* EVENT_DRAINs so far, for their order */
	bool stalled;                   /* the CPU waits until only `wake` are left */
	unsigned wake;
	uint64_t stalled_since;
};

struct cpu {
	uint64_t clock;                 /* when the next access starts */
	uint64_t horizon;               /* hits strictly before it need no event */
	struct look *look;
	uint32_t context;
	uint64_t used;                  /* LRU clock */
	uint32_t op_serial;             /* of the outermost operation; 1 outside of any */
	struct node *node;
	struct sim *sim;
	struct counts counts;
	uint64_t accesses;
	enum cause last_cause;
	uint64_t charged_until;
	enum waiting waiting;
	uint64_t wait_since;            /* when waiting for a lock began */
	unsigned in_irq;
	const void *last_rmw;
	uint64_t lock_line, lock_until; /* a LOCK operation keeps its line */
	struct txn *blocked;            /* waits for this one */
	struct txn *filled;             /* which is complete now; its access is due */
	struct store_buffer buffer;
	const struct far *far;          /* what `blocked` is to do at the home */
	/* scheduling */
	struct fiber *fiber;
	uint64_t turn_key;
	size_t heap_index;              /* in sim->turn, NOT_QUEUED */
	struct event *pending;          /* events at this CPU */
	bool finished, started;
	bool computing; /* waits for the end of a compute that an interrupt may cut */
	uint64_t compute_start;
	bool parked;
	uint64_t park_line, park_next, park_period, park_charged;
	const struct site *park_site;
	struct cell *park_cell;
	/* interrupts */
	bool irq_on;
	uint64_t irq_off_since;
	struct event *irq_first, *irq_last;
	uint64_t irq_units;             /* spent in handlers so far */
	int32_t *preempt_count;
	/* operations */
	struct frame frame[FRAMES];
	unsigned frames;
	uint64_t serials, entries, txns, interrupts_sent, lines_read, lines_written;
	unsigned irq_frames;            /* frames below the running handler */
	uint64_t random;
	thread_function *function;
	void *argument;
	uint64_t cause_final[CAUSES];
};

#define NOT_QUEUED SIZE_MAX

/* Totals go by the state found; this one is M or D, the line's memory in the reader's socket. */
enum { DIRTY_HOMED_AT_READER = STATES, TOTALS };

/* Machine numbers in units, by distance index. */
struct timing {
	uint64_t request[DISTANCES];                    /* leg client -> home */
	uint64_t legs[ACCESS_KINDS][TOTALS][DISTANCES]; /* total less the hit */
	bool homed_at_reader;                           /* has a total of its own */
	uint64_t dram[DISTANCES];
	unsigned dram_count, distances;
	double probe_share;                             /* split[1] / (split[1] + split[2]) */
	uint64_t invalidate_extra;
	uint64_t slice, bus_slot, data_occupancy;
	uint64_t store_hit;
	unsigned depth, hidden;         /* of the store buffer; stores in it that may miss */
	unsigned misses, misses_from_M, misses_from_S;  /* asked for at once; UINT_MAX: any */
	uint64_t own[10][2];                            /* enum own, dependent / rotating */
	uint64_t step[STEPS];
	uint64_t far, far_service;                      /* LOCK operations at homes; far 0: none */
	uint64_t fence, irq_entry, irq_exit, ipi;
	uint64_t least_request, least_probe;            /* for the horizon */
};

enum own {
	OWN_ADD, OWN_XADD_LOCAL, OWN_CMPXCHG_LOCAL, OWN_CMPXCHG8B_LOCAL, OWN_CMPXCHG16B_LOCAL,
	OWN_LOCK_ADD, OWN_LOCK_XADD, OWN_LOCK_CMPXCHG, OWN_XCHG, OWN_LOCK_CMPXCHG16B
};

enum phase { PHASE_WARMUP, PHASE_WINDOW, PHASE_OVER };

struct sim {
	struct sim_options options;
	struct machine machine;
	struct timing t;
	uint64_t now;
	unsigned cpus, words, unfinished;       /* words: uint64_t per CPU bit set */
	struct cpu *cpu;
	uint8_t *distance;                      /* [core][core]: index into the latency lists */
	unsigned cores;
	struct node *root, **shared;
	unsigned shared_count;
	unsigned root_level; /* least distance index of transfers through the root */
	/* events */
	struct heap homes, messages;
	struct cpu **turn;                      /* heap of CPUs waiting for their turn */
	size_t turns;
	struct block *block;                    /* events and transactions, in use or not */
	struct event *free_event;
	struct txn *free_txn;
	struct fiber *main;
	struct cpu *current;                    /* whose fiber runs, NULL: main */
	struct cpu *resume;                     /* its transaction is complete: it goes on now */
	/* arena */
	char *arena;
	uint64_t arena_bytes, region_bytes;     /* regions: one per NUMA node */
	uint64_t *region_used;
	char **percpu;                          /* per-CPU areas */
	uint64_t percpu_used;
	unsigned nodes;
	struct line **line;                     /* by line number, NULL: never cached */
	struct label **page_label;              /* by arena page */
	uint32_t label_serial;
	/* operations and window */
	enum phase phase;
	uint64_t opened, closed;                /* times */
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
	size_t holders;
	struct line **counted;                  /* lines with counts */
	size_t counted_lines, counted_room;
	/* ends */
	enum outcome outcome;
	char message[256];
	jmp_buf *escape;
	access_observer *observer;
	void *observer_to;
	struct result *harvest;
};

static inline enum cause cause_now(const struct cpu *cpu, enum cause cause)
{
	if (cpu->in_irq)
		return CAUSE_INTERRUPTS;
	if (cpu->waiting == WAITING_LOCK)
		return CAUSE_LOCK_SPIN;
	if (cpu->waiting == WAITING_IDLE && cause >= CAUSE_LOCKED)
		return CAUSE_IDLE;
	return cause;
}

/* The time from start to end goes to `cause`, as far as it lies inside the window. */
static inline void charge(struct cpu *cpu, uint64_t start, uint64_t end, enum cause cause)
{
	const struct sim *sim = cpu->sim;

	cause = cause_now(cpu, cause);
	if (start != cpu->charged_until)
		BUG(cpu, "cycles from %llu to %llu belong to no cause, or to two",
		    (unsigned long long)cpu->charged_until, (unsigned long long)start);
	cpu->last_cause = cause;
	cpu->charged_until = end;
	if (sim->phase == PHASE_WARMUP)
		return;
	if (start < sim->opened)
		start = sim->opened;
	if (sim->phase == PHASE_WINDOW) {
		if (end > start)
			cpu->counts.cause_units[cause] += end - start;
	} else {
		if (end > sim->closed)
			end = sim->closed;
		if (end > start)
			cpu->cause_final[cause] += end - start;
	}
}

/* What a client does with its copy is in the table of its home. */
static inline const struct copy_rule *copy_rule(const struct node *client, enum state state,
						enum copy_event event)
{
	return &client->parent->protocol->copy[state][event];
}

static inline uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* event.c */
uint64_t event_key(const struct sim *sim, enum rank rank, uint64_t time, unsigned cpu);
struct event *event_new(struct sim *sim);
void event_free(struct sim *sim, struct event *event);
/* Queue an event that has its type, node and payload: `delay` from now (at least one unit). */
void event_send(struct sim *sim, struct event *event, enum rank rank, struct txn *txn,
		uint64_t delay);
/* Queue it again, under its old rank, at `time`. */
void event_again(struct sim *sim, struct event *event, enum rank rank, uint64_t time);
void event_queue(struct sim *sim, struct event *event);
/* Run events until `cpu` has its turn (or forever, for a CPU that finished). */
void event_loop(struct sim *sim, struct cpu *cpu);
void turn_push(struct sim *sim, struct cpu *cpu, enum rank rank, uint64_t time);
void turn_remove(struct sim *sim, struct cpu *cpu);
void events_free(struct sim *sim);
/* Let one event happen at its time, or (for the state explorer) at any. */
void event_dispatch(struct sim *sim, struct event *event);
struct event *event_take(struct sim *sim, struct heap *heap, size_t index);
/* The run ends here: back to sim_run. */
_Noreturn void sim_end(struct sim *sim, enum outcome outcome);

/* sim.c */
/* Memory that goes when the machine goes, however its run ended. */
void *sim_block(struct sim *sim, size_t size);

/* timing.c */
bool timing_derive(struct sim *sim, char *why, size_t size);
uint64_t units_of_ns(const struct machine *machine, double ns);
uint64_t units_of_cycles(double cycles);

/* coherence.c: homes and clients, below the verbs */
struct txn *coherence_request(struct sim *sim, struct node *client, uint64_t line,
			      enum request request, enum access_kind access, bool prefetch,
			      uint64_t time);
void coherence_event(struct sim *sim, struct event *event);
struct txn *coherence_pending(const struct node *client, uint64_t line);
void coherence_evict(struct sim *sim, struct cpu *cpu, struct slot *slot);
void coherence_drop(struct sim *sim, struct node *node, uint64_t line);
void coherence_probe_again(struct sim *sim, struct event *probe);
void txn_put(struct sim *sim, struct txn *txn);         /* drops one reference */
struct dirent *dirent_find(struct node *home, uint64_t line);
bool topology_build(struct sim *sim, char *why, size_t size);
void topology_free(struct sim *sim);

/* cache.c */
void cache_init(struct cache *cache, const struct cache_level *level);
void cache_free(struct cache *cache);
static inline uint64_t cache_first(const struct cache *c, uint64_t line)
{
	return (c->mask ? line & c->mask : line % c->sets) * c->ways;
}

static inline struct slot *cache_set(const struct cache *c, uint64_t line)
{
	return &c->slot[cache_first(c, line)];
}

/* The slot that has the line, or NULL. */
static inline struct slot *cache_find(const struct cache *c, uint64_t line)
{
	uint64_t first = cache_first(c, line);

	for (uint64_t i = first; i < first + c->ways; i++)
		if (c->tag[i] == line)
			return &c->slot[i];
	return NULL;
}

/* All changes of slot->line. */
void slot_set_line(const struct cache *cache, struct slot *slot, uint64_t line);
void cache_forget_inner(struct node *cpu, uint64_t line);

/* cpu.c */
static inline bool interrupt_due(const struct cpu *cpu)
{
	return cpu->irq_first && cpu->irq_on;
}

/* From here to `units` later the CPU does `cause`; its clock moves. */
static inline void pass(struct cpu *cpu, uint64_t units, enum cause cause)
{
	charge(cpu, cpu->clock, cpu->clock + units, cause);
	cpu->clock += units;
}

void cpu_sync(struct cpu *cpu);                         /* wait for the own turn */
void cpu_turn(struct cpu *cpu);                         /* the same, interrupts apart */

/* Before an access: the own turn and due interrupts, unless the horizon allows to run ahead. */
static inline void sync_access(struct cpu *cpu)
{
	if (cpu->clock >= cpu->horizon)
		cpu_sync(cpu);
}

void cpu_probe(struct sim *sim, struct node *node, struct event *probe);
/* access.c: a far LOCK operation takes effect; its CPU knows at `end`. The line's new version. */
uint32_t cpu_far(struct sim *sim, const struct txn *txn, uint64_t end);
/* copies.c */
void cpu_filled(struct sim *sim, struct txn *txn);      /* a CPU's transaction is complete */
/* Bytes that a CPU wrote become history: others may miss on them. */
void line_written(struct sim *sim, struct line *line, unsigned cpu, uint64_t bytes);
/* BUG unless the copy is of the line's last version. */
void copy_check(struct cpu *cpu, const struct slot *copy);
void copy_settle_true(struct sim *sim, struct cpu *cpu, struct slot *copy);
/* Is one of `bytes` among those that others wrote since this CPU's last cold or true-sharing miss
 * on the line? They cannot change while it has a copy. */
bool copy_uses_foreign(const struct line *info, unsigned cpu, uint64_t bytes);
/* An inner level points to the copy; the slot of the innermost. */
struct slot *copy_install_inner(struct cpu *cpu, struct slot *copy);
/* The copy goes: to another's write, or to make room. */
void cpu_lose(struct sim *sim, struct cpu *cpu, struct slot *slot, bool to_write);
void cpu_downgrade(struct sim *sim, struct cpu *cpu, struct slot *slot);
void cpu_set_horizon(struct sim *sim, struct cpu *cpu);
void cpu_interrupt(struct sim *sim, struct event *event);
void cpu_unpark(struct cpu *cpu, uint64_t time);
void cpu_park_account(struct cpu *cpu, uint64_t until);
void cpu_init(struct sim *sim, struct cpu *cpu, unsigned id);
void cpu_free(struct cpu *cpu);

/* effect.c */
uint64_t byte_mask(const void *p, unsigned size);
/* The copy, found in any private level; `cost` grows by what an outer level costs. */
struct slot *find_copy(struct cpu *cpu, uint64_t line, uint64_t *cost);
void count_miss(struct sim *sim, struct cpu *cpu, const struct txn *t, bool write,
		struct line *info);
void count_fine(struct sim *sim, struct cpu *cpu, const struct want *w, const struct txn *t,
		bool bounce, uint64_t line);
/* An access, or a buffered store, that its CPU waited for: `units` more. */
void count_wait(struct sim *sim, const struct want *w, uint64_t line, uint64_t units);
/* The CPU is the line's last writer from now on: true if that is a bounce of the window. */
bool note_writer(struct sim *sim, struct cpu *cpu, struct line *info, const struct want *w,
		 uint32_t label_serial);
void count_access(struct counts *c, struct cell *cell, const struct want *w);
/* Bookkeeping that only the first touches of a copy need. */
void touch(struct sim *sim, struct cpu *cpu, struct slot *copy, const struct want *w,
	   const struct txn *t);
void observe(struct sim *sim, struct cpu *cpu, const struct want *w, enum state was, enum state is,
	     uint64_t start);

/* access.c */
enum request request_of(const struct copy_rule *rule, bool write);
/* Its line's number; BUG outside the arena or not aligned. */
uint64_t access_line(struct cpu *cpu, const void *p, unsigned size, const struct site *site);

/* buffer.c */
/* A plain store: true if it went into the buffer, false if it may take effect at once. */
bool buffer_store(struct cpu *cpu, void *p, const void *value, unsigned size,
		  const struct site *site);
/* A load: true if an own buffered store gave the value. Waits for one that gives a part of it. */
bool buffer_load(struct cpu *cpu, const struct want *w, void *value);
/* The store half of a read-modify-write without LOCK; true if that is how it must be done. */
bool buffer_splits(struct cpu *cpu, uint64_t line);
void buffer_push(struct cpu *cpu, void *p, const void *value, unsigned size,
		 const struct site *site, bool counted);
/* Wait until no store is left (`left`: so many) that nobody else has seen. */
void buffer_wait(struct cpu *cpu, unsigned left);
/* The own turn with an empty buffer: before a LOCK operation or a fence. */
void buffer_sync(struct cpu *cpu);
/* A transaction of the CPU is complete: the oldest store may have waited for it; then the next. */
void buffer_filled(struct sim *sim, struct cpu *cpu, const struct txn *t);
void buffer_advance(struct sim *sim, struct cpu *cpu, uint64_t time);
void buffer_event(struct sim *sim, struct event *event);
/* May the CPU ask for one more line, by `request`? */
bool buffer_room_to_ask(const struct cpu *cpu, enum request request);
/* Feed for tests and golden counts: one access of a line, complete before the next starts. */
void sim_feed(struct sim *sim, unsigned cpu, uint64_t line, bool write);

/* counts.c */
struct line *line_get(struct sim *sim, uint64_t number);
unsigned context_get(struct sim *sim, enum op op, const char *path);
struct cell *cell_get(struct sim *sim, const void *p, unsigned size, const struct site *site,
		      unsigned context, uint32_t serial);
struct fine_cell *fine_cell_get(struct sim *sim, uint64_t line, unsigned offset, unsigned size,
				const struct site *site, unsigned context);
struct line_counts *line_counts_get(struct sim *sim, struct line *line);
/* The window's edges, at time `at`. */
void window_open(struct sim *sim, uint64_t at);
void window_close(struct sim *sim, uint64_t at);
void entry_push(struct sim *sim, const struct entry *entry);
void entries_apply(struct sim *sim, uint64_t time); /* those with a time up to and including it */
void counts_init(struct sim *sim);
void counts_free(struct sim *sim);
void op_percentiles(struct sim *sim);

/* arena.c */
const struct label *label_find(const struct sim *sim, uint64_t offset, uint32_t serial);
void arena_init(struct sim *sim, uint64_t bytes);
void arena_free(struct sim *sim);
/* "page[513]"; the member's name in `member` ("" for none). */
void label_describe(const struct sim *sim, uint64_t offset, uint32_t serial, char *name,
		    size_t size, char *member, size_t member_size);
const struct field *layout_field(const struct layout *layout, size_t offset);

/* harvest.c */
struct result *harvest(struct sim *sim);

#endif
