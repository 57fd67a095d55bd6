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
	unsigned width;                 /* values of an outcome: those that the test observes */
	int64_t *values;                /* one outcome behind the other, ascending */
	size_t states;                  /* that the walk saw */
};

/* Why the outcomes of a test cannot be listed. */
enum oracle_end {
	ORACLE_WHOLE,
	ORACLE_TOO_LARGE,               /* more states than it walks through */
	ORACLE_NO_VARIABLE,             /* an instruction's address is that of no variable */
	ORACLE_MIXED_SIZES,             /* it accesses a variable in another size than others do */
	ORACLE_NO_END                   /* a thread can get into a loop that it never leaves */
};

/* `at`: the instruction that is to blame, NULL: none; the set is freed unless it is whole. */
enum oracle_end oracle_outcomes(const struct litmus *test, enum memory_model model,
				struct outcome_set *set, const struct instruction **at);
void outcome_set_free(struct outcome_set *set);
const int64_t *outcome_set_row(const struct outcome_set *set, size_t number);
/* Its index in the set, -1: not in it. */
int64_t outcome_set_find(const struct outcome_set *set, const int64_t *outcome);
/* Is there one that the test asks about? */
bool outcome_set_answers(const struct outcome_set *set, const struct litmus *test);
/* Which of two outcomes comes first in ascending order: below, equal to, above 0. */
int outcome_compare(const int64_t *left, const int64_t *right, unsigned width);

#endif
