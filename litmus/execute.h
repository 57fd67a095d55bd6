/*
 * How an instruction of a litmus test is carried out over the verbs. Compiled once per backend, as
 * models are: the timed machine and the explored one run the same steps.
 */
#ifndef LITMUS_EXECUTE_H
#define LITMUS_EXECUTE_H

#include "litmus/litmus.h"
#include "sim/verbs/verbs.h"

/* A variable of `size` bytes, as a signed number. */
int64_t execute_load(struct cpu *cpu, const void *word, unsigned size);
void execute_store(struct cpu *cpu, void *word, unsigned size, int64_t value);

/* An update without LOCK that the machine has as one verb, but may do as a load and a store, too:
 * both are the instruction, the second with more orders. */
bool execute_may_be_one(const struct instruction *in);

/*
 * Carries out instruction `number` of its thread on the registers and the variables, which lie at
 * word[variable]; `as_one`: what may be one verb is one. Returns the number of the next one. An
 * address of no variable is a BUG: the oracle had not found it.
 */
unsigned execute(struct cpu *cpu, const struct litmus *test, char *const *word,
		 const struct instruction *in, unsigned number, int64_t *reg, bool as_one);

#endif
