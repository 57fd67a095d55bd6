/* Small machines and programs for the engine's tests. */
#ifndef TESTS_ENGINE_FIXTURE_H
#define TESTS_ENGINE_FIXTURE_H

#include "sim/sim.h"

/*
 * Round numbers at 1 GHz, so that ns are cycles: L1 32 KiB 8 ways hit 1; 2 sockets of 8 cores;
 * load M 60/160, E 50/140, S 40/120; rmw M 70/170, E 60/150, S 50/130; LOCK 10; memory 100;
 * pause 4; split 0.25 : 0.25 : 0.5; chasing; one more cycle... see engine_fixture.c.
 */
struct machine engine_machine(void);
/* The same with an L2 of 64 KiB, 8 ways, hit 10, shared by two cores, on a bus. */
struct machine engine_machine_shared(void);

struct sim_options engine_options(const struct machine *machine, unsigned cpus);
struct sim *engine_sim(const struct sim_options *options);

/* All of a result as text, for comparing bytes; the caller frees it. */
char *engine_text(const struct result *result);

#endif
