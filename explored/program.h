/* Programs of a few operations per CPU on one allocator, and what is checked of a run. */
#ifndef EXPLORED_PROGRAM_H
#define EXPLORED_PROGRAM_H

#include "explored/keys.h"
#include "explored/machine.h"
#include "models/model.h"
#include "workloads/workload.h"

enum {
	OBJECTS_MAX = 128,              /* numbers of a program, start state and handlers included */
	OPERATIONS_MAX = 12,            /* of one CPU */
	START_HELD_MAX = 64,
	HANDLER_KEEPS = 8,              /* objects that the handlers of one CPU still have */
};

enum start_state {
	START_FRESH, START_ONE_LEFT, START_FROZEN_REMOTE, START_TWO_PARTIAL, START_AT_LIMIT,
	START_LAST_OUT, START_STATES, START_ALL = START_STATES
};

struct program_op {
	bool frees;
	unsigned number;                /* of the object */
};

struct program {
	unsigned cpus, count[CPUS_MAX];
	struct program_op op[CPUS_MAX][OPERATIONS_MAX];
	unsigned char allocates[OBJECTS_MAX];   /* the CPU that allocates it; NOBODY: held at the start */
};

/* States of slabs, lists and pages that were seen, as the models name them (see_state). */
enum { STATES_MAX = 128 };
struct states {
	struct state_words {
		const char *what, *state, *where;
	} seen[STATES_MAX];
	unsigned count;
};

/* A machine with an allocator in a start state, ready to run programs from there. */
struct stage {
	const struct explore_options *options;
	struct sim *sim;
	struct memory *memory;
	struct pages pages;
	struct objects objects;
	struct kmem_cache *cache;
	unsigned per_slab, start;
	uint64_t in_use, free_pages;    /* before anything was allocated */
	void **slot;                    /* by number: how an object gets to another CPU */
	void *address[OBJECTS_MAX];
	bool alive[OBJECTS_MAX];
	unsigned char order[OBJECTS_MAX];       /* of the page allocator alone: 2^order pages */
	void *held[START_HELD_MAX];     /* at the mark, by number */
	unsigned char held_order[START_HELD_MAX];
	unsigned helds;
	void *kept[CPUS_MAX][HANDLER_KEEPS];
	unsigned keeps[CPUS_MAX];
	const struct program *program;
	const struct workload *workload;        /* NULL: programs are run */
	struct traffic traffic;
	void *state;                    /* of the workload */
	struct keys good;               /* states of memory whose books balance */
	struct states states;
	char why[200];
};

/* NULL and a reason in `why`: the options do not fit. A stage whose start state already goes wrong
 * has sim->found. `labels`: it can tell a story. */
struct stage *stage_new(const struct explore_options *options, unsigned start, bool labels, char *why,
			size_t size);
void stage_free(struct stage *stage);
/* From the mark to the end, objects given back, books checked; pick() decides. Afterwards the
 * steps can be read until the next run. */
bool stage_run(struct stage *stage, const struct program *program);

/* Program number k of all with `operations` operations per CPU. */
void program_of_number(const struct stage *stage, uint64_t k, struct program *program);
uint64_t program_numbers(const struct explore_options *options);
/* A program by seed. */
void program_draw(const struct stage *stage, uint64_t seed, struct program *program);
void program_print(const struct program *program, char *text, size_t size);
/* False and a reason in `why`. */
bool program_parse(const struct stage *stage, const char *text, struct program *program, char *why,
		   size_t size);

#endif
