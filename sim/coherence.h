/* Homes and clients, below the verbs (coherence.c). */
#ifndef SIM_COHERENCE_H
#define SIM_COHERENCE_H

#include "sim/event.h"
#include "sim/state.h"
#include "sim/txn.h"

/* The client asks its home for the line, from `time` on. */
struct txn *coherence_request(struct sim *sim, struct node *client, uint64_t line,
			      enum request request, enum access_kind access, uint64_t time);
/* What happens at an event, by its type, up to EVENT_SERVICE. */
extern void (*const coherence_event[])(struct sim *sim, struct event *event);
/* It is under way for a store in the buffer, from now on. */
void coherence_for_store(struct txn *t);
void coherence_evict(struct sim *sim, struct cpu *cpu, struct slot *slot);
void coherence_drop(struct sim *sim, struct node *node, uint64_t line);
/* The CPU misses: a probe that it kept waiting is answered now. */
void coherence_end_hold(struct sim *sim, struct cpu *cpu);
void coherence_probe_again(struct sim *sim, struct event *probe);
struct dirent *dirent_find(struct sim *sim, struct node *home, uint64_t line);

#endif
