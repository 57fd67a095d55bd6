/* Random programs for the engine's tests: true and false sharing, locks, waiting, interrupts. */
#ifndef TESTS_PROGRAM_FIXTURE_H
#define TESTS_PROGRAM_FIXTURE_H

#include "sim/sim.h"

struct program;
/* Starts a thread of `turns` operations on each CPU, which draws what it does from its own stream.
 * `walks`: some go up through lines. The caller frees the program, after the machine. */
struct program *program_start(struct sim *sim, unsigned turns, bool interrupts, bool walks);

#endif
