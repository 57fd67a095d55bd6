/* Who goes on: strategies for pick() of machine.h (strategy.c), and what runs covered. */
#ifndef EXPLORED_STRATEGY_H
#define EXPLORED_STRATEGY_H

#include "explored/program.h"

/* ---- a list of choices ---------------------------------------------------------------------- */

struct choices {                        /* entities in order, and how often in a row */
	struct turn { uint8_t entity; uint32_t count; } *turn;
	size_t turns, room;
	size_t at;                      /* while it is followed */
	uint32_t done;
};

void choices_add(struct choices *choices, unsigned entity);
/* The choices of the run that has just ended. */
void choices_of_run(struct choices *choices, const struct sim *sim);
bool choices_parse(struct choices *choices, const char *text);
char *choices_print(const struct choices *choices);     /* the caller frees it */
/* pick(): follows sim->picker, a struct choices, over what is not possible; then the default. */
unsigned pick_choices(struct sim *sim, unsigned enabled);
/* How often the CPU changes. */
unsigned choices_switches(const struct choices *choices);

/* ---- covered ---------------------------------------------------------------------------------- */

struct covered {
	struct keys pairs;
	uint64_t both_orders;
	struct last_access {
		uint32_t run, step;     /* of the last access; runs count from 1 */
	} *last;                        /* by word of the arena */
	uint32_t runs;
};

void covered_init(struct covered *covered, const struct sim *sim);
void covered_free(struct covered *covered, const struct sim *sim);
void covered_add(struct covered *covered, const struct sim *sim);

/* ---- strategies ------------------------------------------------------------------------------- */

/* Without a choice: buffers drain at once, a CPU goes on as long as it can, then the next one. */
unsigned pick_default(struct sim *sim, unsigned enabled);

/* Gets each schedule that was run; false: enough. */
typedef bool schedule_sink(void *to, struct stage *stage, const struct program *program);

/* All schedules of a program with few preemptions. False: the sink had enough. */
bool strategy_exhaustive(struct stage *stage, const struct program *program, unsigned preemptions,
			 schedule_sink *sink, void *to);
/* One schedule by seed. `k`: of the change points. */
void strategy_pct(struct stage *stage, const struct program *program, unsigned depth, uint64_t k,
		  uint64_t seed);
void strategy_runs(struct stage *stage, const struct program *program, uint64_t seed);
void strategy_uniform(struct stage *stage, const struct program *program, uint64_t seed);

/* Every schedule of the threads that `start` starts after each rewind, however many preemptions. */
void strategy_all(struct sim *sim, void (*start)(void *argument), void *argument,
		  void (*end)(void *argument), uint64_t *schedules);

#endif
