/*
 * The machine of the explored backend: no clock and no caches, but every order of accesses.
 *
 * Whoever may go on is an entity: a CPU, an interrupt source of a CPU, the store buffer of a CPU.
 * A step is one verb of a CPU, the arrival of an interrupt, or one store that leaves a buffer.
 *
 *	           step() of the CPU that runs
 *	                 |
 *	             sim->pick()  -- this CPU: its verb takes effect, it runs to its next one
 *	                 |        -- another CPU: a switch of fibers, that one's verb takes effect
 *	                 |        -- an interrupt: its handler runs on the fiber of its CPU
 *	                 |        -- a buffer: its oldest store reaches memory; pick again
 *	                 `- none: all have finished, or they wait for each other
 *
 * True between two steps:
 *   (1) each CPU stands before a verb that has not taken effect (cpu->next), or has finished;
 *   (2) all that changed since the mark is in the undo log, so a run can be taken back;
 *   (3) what happens depends on the choices of pick() alone.
 */
#ifndef EXPLORED_MACHINE_H
#define EXPLORED_MACHINE_H

#include <setjmp.h>
#include <stdio.h>

#include "explored/explored.h"
#include "sim/fiber.h"
#include "sim/verbs/head.h"
#include "sim/verbs/rmw.h"

enum {
	CPUS_MAX = EXPLORE_CPUS_MAX,
	BUFFER_MAX = 8,
	HELD_MAX = 8,                   /* locks that a CPU holds at once */
	CALLERS_MAX = 8,                /* on whose behalf something is done, one inside another */
	SOURCES_MAX = 4,                /* interrupts that wait for one CPU */
	PATHS_MAX = 64,
	STEPS_MAX = 20000,              /* of one run: more is no progress */
	NOBODY = 0xff,
};

/* Entities: CPU i, the interrupts of CPU i, the store buffer of CPU i. */
enum { IRQ_OF = CPUS_MAX, BUFFER_OF = 2 * CPUS_MAX, ENTITIES = 3 * CPUS_MAX };

/* VERB_IRQS_OFF: interrupts go off; it touches nothing, but is the last moment for one to arrive. */
enum verb_kind {
	VERB_START, VERB_LOAD, VERB_STORE, VERB_RMW, VERB_SPIN, VERB_FENCE, VERB_IRQS_OFF
};

struct verb_at {                        /* a verb that a CPU stands before, or that was done */
	enum verb_kind kind;
	bool writes, locked;
	unsigned size;
	char *p;
	const struct site *site;
};

struct waiting_store {
	char *p;
	unsigned size;
	const struct site *site;
	unsigned char value[16];
};

struct interrupt_source {                         /* an interrupt that may arrive */
	interrupt_handler *handler;
	void *argument;
	unsigned left;                  /* so often */
};

struct cpu {
	struct cpu_head head;
	struct sim *sim;
	struct fiber *fiber;
	thread_function *function;
	void *argument;
	bool started, done, irq_on, take_irq;
	enum waiting waiting;
	int32_t *preempt_count;
	struct verb_at next;
	unsigned char seen[16];         /* VERB_SPIN: what it saw last, and waits to change */
	unsigned operations, in_handler;
	uint64_t ended;                 /* operations that it has behind it */
	struct waiting_store buffer[BUFFER_MAX];
	unsigned buffered;
	bool held_back;                 /* its buffer drains only when it must */
	struct interrupt_source source[SOURCES_MAX];
	unsigned sources;
	struct held_lock {
		const void *lock;
		bool left_out;          /* planted: it was not taken */
	} lock[HELD_MAX];
	unsigned locks;
	const struct site *caller[CALLERS_MAX]; /* NULL: a handler came between */
	unsigned callers;
	uint64_t history;               /* hash of all that it has seen, if sim->keyed */
	const char *path;
};

struct undo {
	char *p;
	unsigned size;
	unsigned char old[16];
};

/* One step as it happened. */
struct step_done {
	uint8_t entity, before;         /* before: who was running */
	uint16_t enabled;               /* bit per entity */
	bool writes;
	bool handler;                   /* of an interrupt that runs */
	bool buffered;                  /* a store that went into the buffer */
	uint8_t held;                   /* bit per CPU: buffers held back before this step */
	uint8_t kind;                   /* enum verb_kind */
	uint8_t size, within;           /* within: bytes behind the start of its word */
	uint32_t word;                  /* of the arena, 8 bytes each; 0: no memory */
	uint32_t labels;                /* in force: serial of the newest */
	const struct site *site;
	uint64_t value[2];              /* what was there, what is there now (low words) */
};

struct sim {
	struct sim_head head;
	struct cpu cpu[CPUS_MAX];
	struct fiber *main;
	struct cpu *current;            /* whose fiber runs, NULL: main */
	/* scheduling */
	unsigned (*pick)(struct sim *sim, unsigned enabled);    /* an entity that is enabled */
	void *picker;
	unsigned running;               /* the CPU that ran last, NOBODY */
	bool sequential;                /* no choices: one CPU runs, nothing is buffered */
	bool keyed;                     /* machine_key() is asked for */
	bool priming, stopped;
	struct step_done *step;         /* [STEPS_MAX] */
	unsigned steps;
	uint64_t all_steps;
	/* memory */
	unsigned depth;                 /* of store buffers; 0: none */
	struct undo *undo;
	size_t undos, undo_room, mark;
	char *unseen;                   /* what models keep for themselves, as it was at the mark */
	uint64_t unseen_bytes;
	uint64_t memory_hash;
	bool labels;                    /* relabel() says what lies where */
	unsigned char *kind;            /* by word of the arena: enum word_kind */
	/* ends */
	enum finding_kind found;
	char message[256];
	const struct site *found_at;
	unsigned found_by;
	jmp_buf escape;
	/* what is planted, what is guarded */
	const struct plant *plant;
	bool guards;
	bool noting;                    /* places, by sites of locks and compare-exchanges */
	struct noted_place {
		const struct site *site;
		bool lock, pair;
	} place[PLACES_MAX];
	unsigned places;
	/* coverage */
	const char *paths[PATHS_MAX];
	unsigned path_count;
	/* workloads */
	uint64_t wanted;                /* operations of each CPU */
};

/* Of options: cpus, preempt, store_buffer, seed. */
struct sim *machine_new(const struct explore_options *options, uint64_t bytes);
void machine_free(struct sim *sim);
/* Set-up: false if it ended early; sim->message says why. */
bool machine_protect(struct sim *sim, void (*function)(void *argument), void *argument);
/* One CPU alone runs the function, without choices. False: sim->found. */
bool machine_alone(struct sim *sim, unsigned cpu, thread_function *function, void *argument);
/* From here on everything can be taken back. */
void machine_mark(struct sim *sim);
/* Back to the mark: memory, also what models keep for themselves, CPUs, findings. */
void machine_rewind(struct sim *sim);
/* An interrupt that may arrive `left` times at the CPU. */
void machine_interrupt(struct sim *sim, unsigned cpu, interrupt_handler *handler, void *argument,
		       unsigned left);
/* All started threads, as pick() orders them, to the end. False: sim->found. */
bool machine_run(struct sim *sim);
/* Stops the run that pick() is asked by: nothing was found. */
_Noreturn void machine_stop(struct sim *sim);
_Noreturn void machine_found(struct sim *sim, struct cpu *cpu, enum finding_kind kind,
			     const struct site *site, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* A hash of all that decides what may still happen. */
uint64_t machine_key(const struct sim *sim);
/* "kmem_cache_node.nr_partial" of a word of the arena, by labels up to `serial`; text in buf. */
const char *machine_describe(const struct sim *sim, const void *p, uint32_t serial, char *buf,
			     size_t size);

static inline uint32_t word_of(const struct sim *sim, const void *p)
{
	return (uint32_t)(((const char *)p - sim->head.arena.base) >> 3);
}

extern const char *const finding_names[];

/* plants.c: what happens there instead of the verb. */
enum instead {
	NOTHING_ELSE,
	LEAVE_OUT,
	LOW_WORD_ONLY,                  /* a pair is compared by that */
	COMPARE_NOTHING,                /* a compare-exchange always exchanges */
	GIVE_CONSTANT,                  /* a load does */
	GIVE_LAST,                      /* a load gives what this CPU saw there before */
	OVERTAKEN,                      /* a store waits while later ones go before it; without
					 * store buffers */
	NOT_TAKEN,                      /* a lock is not, nor given back, as if both lines were gone */
};
enum instead plant_at(const struct sim *sim, const struct verb_at *verb, enum rmw how);
/* Is taking that lock what was forgotten? Then nobody notes that it is held. */
bool plant_forgets(const struct sim *sim, const void *lock);
/* Is it the place of the fault? */
bool plant_is_at(const struct plant *plant, const struct site *site);

#endif
