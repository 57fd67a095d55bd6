/* The arena and its lines as the timed backend has them (arena.c). */
#ifndef SIM_ARENA_H
#define SIM_ARENA_H

#include "sim/verbs/arena.h"

void arena_init(struct sim *sim, uint64_t bytes);
void arena_free(struct sim *sim);

#endif
