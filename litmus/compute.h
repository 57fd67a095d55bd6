/*
 * What instructions do to the registers of their thread, and which address they mean. The oracle
 * and the simulated machine both ask this file: it knows nothing of the order of memory.
 */
#ifndef LITMUS_COMPUTE_H
#define LITMUS_COMPUTE_H

#include "litmus/litmus.h"

/* The result of an operation on `size` bytes; the flags are changed. */
int64_t compute_operation(enum operation operation, unsigned size, int64_t left, int64_t right,
			  int64_t *flags);
/* A register gets `size` bytes: 4 clear what is above them, 1 and 2 keep it. */
void compute_write(int64_t *reg, unsigned size, int64_t value);
int64_t compute_operand(const struct instruction *in, const int64_t *reg);
/* SET, COMPUTE, ADDRESS, JUMP: instructions without memory. Returns the number of the next one. */
unsigned compute_step(const struct instruction *in, unsigned number, int64_t *reg);

/* The address of a variable as a value; the variable at an address, -1: none. */
int64_t address_of(unsigned variable);
int address_variable(const struct litmus *test, int64_t address);
int64_t address_value(const struct address *address, const int64_t *reg);
/* The variable that an instruction means. -1: its address is that of none. */
int address_find(const struct litmus *test, const struct instruction *in, const int64_t *reg);

#endif
