/* What was found: shrunk, told as an interleaving (finding.c). */
#ifndef EXPLORED_FINDING_H
#define EXPLORED_FINDING_H

#include "explored/program.h"

extern const struct explorer explorer;
extern const struct setting explore_settings[];
extern const char *const explore_strategy_words[], *const explore_start_words[];
extern const char *const finding_names[];

/* Of the run that has just ended badly, with as few context switches as can be had; `program`
 * NULL: the start state went wrong. */
struct finding *finding_new(struct stage *stage, const struct program *program);
/* The same, as it is. */
struct finding *finding_of_run(struct stage *stage, const struct program *program);
void finding_free(struct finding *finding);
/* The steps of the run that has just ended, in order; what touches no memory and is no event is left
 * out. The machine knows what lies where. */
void steps_tell(const struct sim *sim, void (*step)(void *to, const struct explored_step *step),
		void *to);

bool explore_litmus(const struct litmus *test, bool store_buffer,
		    void (*outcome)(void *to, const int64_t *outcome), void *to, uint64_t *schedules);

#endif
