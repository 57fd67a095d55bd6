/* A CPU: its clock, its turn, interrupts, operations (cpu.c). */
#ifndef SIM_CPU_H
#define SIM_CPU_H

#include "sim/buffer.h"
#include "sim/state.h"

enum { FRAMES = 16, HELD_MAX = 16, LOOK_ENTRIES = 512, SERIALS = 1 << 30 };

/* Lookaside in front of tags and cells: what was accessed last at an address, and how. */
struct look {
	const void *address;
	struct cell *cell;              /* which has its site and context; NULL: nothing yet */
	struct slot *slot;
	uint32_t line, label_serial;
};
_Static_assert(sizeof(struct look) == 32, "half a host cache line");

struct frame {                          /* an operation under way */
	enum op op;
	unsigned pieces;
	unsigned context;
	uint64_t start, irq_units, lines_read, lines_written;
};

struct held {                           /* a lock that this CPU has */
	const void *lock;
	struct lock_entry *entry;
	uint64_t since;
};

struct cpu {
	/* what a hit needs */
	_Alignas(64) struct cpu_head head;
	uint64_t clock;                 /* when the next access starts */
	uint64_t horizon;               /* hits strictly before it need no event */
	uint64_t plain_from; /* see cpu_plain */
	uint64_t turn_at; /* it has its turn at that time and has not waited since */
	uint64_t charged_until;
	struct look *look;
	const uint32_t *line_version; /* the machine's */
	uint64_t used;                  /* LRU clock */
	uint64_t accesses;
	uint32_t context;
	uint32_t op_serial;             /* of the outermost operation; outside 1, in handlers 0 */
	uint32_t load_hit, store_hit; /* what a hit costs */
	enum cause last_cause;
	enum waiting waiting;
	const void *rmw_word;           /* of the last read-modify-write, so large, */
	uint64_t rmw_bytes;
	uint64_t rmw_ready;             /* its result is there then; 0: no longer the word's value */
	/* and a turn */
	struct sim *sim;
	struct node *node;
	struct fiber *fiber;
	const struct look *asks; /* of the access that it waits with, NULL: of none */
	struct ahead *ahead;            /* NULL: none */
	struct event *pending; /* probes and interrupts on their way to it */
	struct event *irq_first;
	unsigned in_irq;
	bool irq_on;
	struct event turn; /* queued while it waits for its turn */
	struct event *irq_last;
	uint64_t irq_off_since;
	uint64_t wait_since;            /* when waiting for a lock began */
	struct counts counts;           /* accesses first; last causes, and beside them */
	struct store_buffer buffer;     /* first how many stores */
	/* a miss */
	struct fine_cell **fine; /* [LOOK_ENTRIES] of the misses there, NULL: not yet known */
	struct txn *blocked;            /* waits for this one */
	struct txn *filled;             /* which is complete now; its access is due */
	struct slot *arrived;           /* the innermost slot of the copy that came, NULL: none did */
	uint64_t spin_line;             /* of the word that it waits for in spin_while, or 0 */
	uint64_t lock_line, lock_until; /* a LOCK operation keeps its line */
	uint64_t hold_line, hold_until; /* and its CPU, where it had to get it, a while longer: */
	/* and the rest */
	struct event *held;             /* this probe waits for that, */
	uint64_t held_since;
	uint64_t stream_line;           /* of the last load that missed, or used what came unasked */
	const struct far *far;          /* what `blocked` is to do at the home */
	/* scheduling */
	const struct site *wait_site;   /* where it waited last, or waits now */
	bool finished, started;
	bool computing; /* waits for the end of a compute that an interrupt may cut */
	uint64_t compute_start;
	bool parked;
	uint64_t park_line, park_next, park_period, park_charged;
	struct cell *park_cell;
	bool stuck;                     /* in a loop that ends when a value changes; it did not */
	unsigned polls_alike;
	/* interrupts */
	uint64_t irq_units;             /* spent in handlers so far */
	int32_t *preempt_count;
	/* operations */
	struct frame frame[FRAMES];
	unsigned frames;
	uint32_t serials;               /* of operations so far, SERIALS and those within one at most */
	uint64_t entries, txns, interrupts_sent, lines_read, lines_written;
	unsigned irq_frames;            /* frames below the running handler */
	thread_function *function;
	void *argument;
	uint64_t cause_final[CAUSES];
	unsigned char seen[sizeof(struct pair)];        /* by an observer, before an access */
	struct held lock[HELD_MAX];     /* in the order in which they were taken */
	unsigned locks;
};

/* Bit sets of CPUs. */
static inline void cpu_set_bit(const struct cpu *cpu, uint64_t *bits)
{
	bits[cpu->head.id / 64] |= 1ull << cpu->head.id % 64;
}

static inline void cpu_clear_bit(const struct cpu *cpu, uint64_t *bits)
{
	bits[cpu->head.id / 64] &= ~(1ull << cpu->head.id % 64);
}

static inline bool cpu_bit(const struct cpu *cpu, const uint64_t *bits)
{
	return bits[cpu->head.id / 64] >> cpu->head.id % 64 & 1;
}

/* From when on time is charged to the cause that it had by itself, and all of it lies inside the
 * window: to be called when one of these changes. */
static inline void cpu_plain(struct cpu *cpu)
{
	bool plain = !cpu->in_irq && cpu->waiting == NOT_WAITING && cpu->sim->phase == PHASE_WINDOW;

	cpu->plain_from = plain ? cpu->sim->opened : NEVER;
}

/* The same where something is different: in an interrupt, waiting, at an edge of the window. */
void cpu_charge(struct cpu *cpu, uint64_t start, uint64_t end, enum cause cause);
void cpu_pass(struct cpu *cpu, uint64_t units, enum cause cause);

/* The time from start to end goes to `cause`, as far as it lies inside the window. */
static inline void charge(struct cpu *cpu, uint64_t start, uint64_t end, enum cause cause)
{
	if (start < cpu->plain_from || start != cpu->charged_until) {
		cpu_charge(cpu, start, end, cause);
		return;
	}
	cpu->counts.cause_units[cause] += end - start;
	cpu->last_cause = cause;
	cpu->charged_until = end;
}

static inline bool interrupt_due(const struct cpu *cpu)
{
	return cpu->irq_first && cpu->irq_on;
}

/* From here to `units` later the CPU does `cause`; its clock moves. */
static inline void pass(struct cpu *cpu, uint64_t units, enum cause cause)
{
	if (cpu->clock < cpu->plain_from || cpu->clock != cpu->charged_until) {
		cpu_pass(cpu, units, cause);
		return;
	}
	cpu->counts.cause_units[cause] += units;
	cpu->last_cause = cause;
	cpu->clock = cpu->charged_until += units;
}

void cpu_sync(struct cpu *cpu);                         /* wait for the own turn */
void cpu_turn(struct cpu *cpu);                         /* the same, interrupts apart */

/* Before an access: the own turn and due interrupts, unless the horizon allows to run ahead. */
static inline void sync_access(struct cpu *cpu)
{
	if (cpu->clock >= cpu->horizon)
		cpu_sync(cpu);
}

/* How far it may run ahead from now on. */
void cpu_set_horizon(struct sim *sim, struct cpu *cpu);
/* Not at all: what it does next takes its turn in the order of events. */
static inline void cpu_end_run_ahead(struct cpu *cpu)
{
	cpu->horizon = 0;
}

void cpu_interrupt(struct sim *sim, struct event *event);

void cpu_init(struct sim *sim, struct cpu *cpu, unsigned id);
void cpu_free(struct cpu *cpu);

#endif
