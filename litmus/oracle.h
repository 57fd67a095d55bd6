/*
 * The oracle: every final outcome that an abstract machine allows, by walking through all of its
 * states. It knows nothing of caches and shares no code with the simulated machine.
 */
#ifndef LITMUS_ORACLE_H
#define LITMUS_ORACLE_H

#include "litmus/litmus.h"

/* What may be in between a thread and memory: nothing, or a buffer of stores. */
enum memory_model { MODEL_SC, MODEL_TSO };
extern const char *const memory_model_names[];          /* "sc", "tso"; ends with NULL */

struct outcome_set {
	size_t count;
	struct outcome_values *values;  /* ascending */
	size_t states;                  /* that the walk saw */
};

/* false: more states than the oracle walks through. */
bool oracle_outcomes(const struct litmus *test, enum memory_model model, struct outcome_set *set);
void outcome_set_free(struct outcome_set *set);
/* Its index in the set, -1: not in it. */
int outcome_set_find(const struct outcome_set *set, const struct outcome_values *values);
/* Is there one that the test asks about? */
bool outcome_set_answers(const struct outcome_set *set, const struct litmus *test);
/* Ascending order, for qsort. */
int outcome_compare(const void *left, const void *right);

#endif
