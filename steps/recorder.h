/* Turns what an observer of the simulated machine sees into a file of events (recorder.c). */
#ifndef STEPS_RECORDER_H
#define STEPS_RECORDER_H

#include "sim/sim.h"
#include "steps/writer.h"

struct recorder;

/*
 * From now on all accesses of the machine go to `fd` (writer_new), until so many are there (0: no
 * end); then `full` is called, which does not return. Before sim_run.
 */
struct recorder *recorder_attach(struct sim *sim, int fd, uint64_t accesses,
				 void (*told)(void *to, const struct block_entry *block),
				 void (*full)(void *to), void *to);
/* Something that is known about the run: "title", ... */
void recorder_key(struct recorder *recorder, const char *key, const char *value);
/* The file is complete: 0, or errno. The machine may be gone. */
int recorder_end(struct recorder *recorder);
void recorder_free(struct recorder *recorder);

#endif
