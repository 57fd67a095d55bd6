/*
 * What a machine runs, ready to be run: its memory, the allocators, the workload, the devices beside
 * it and what happens once a second. Compiled once per backend, as workloads are.
 */
#ifndef WORKLOADS_STAND_H
#define WORKLOADS_STAND_H

#include "workloads/interrupts.h"
#include "workloads/workload.h"

/* Models and workload are those of the backend; their settings are read only while it is set up,
 * but for those of the page allocator, which live as long. */
struct stand_plan {
	const struct object_allocator *objects; /* NULL: none */
	const struct page_allocator *pages;
	const struct workload *workload;
	const void *objects_settings, *pages_settings, *workload_settings;
	uint64_t memory_mib;
	unsigned page_stride;           /* see memory_new */
	uint64_t warmup, operations;
	uint64_t second_cycles;
	const struct interrupts *interrupts;
	uint64_t jitter_cycles;         /* that threads start later at most */
	bool unwatched;                 /* no ledger: who is handed out what is not checked */
};

struct stand {
	const struct stand_plan *plan;
	struct sim *sim;
	struct pages pages;
	struct objects objects;
	struct traffic traffic;
	void *workload;
	struct devices *devices;
	bool created;                   /* the workload, and all the rest */
};

/* Inside of what catches a machine that is too small. Not `created` then, or with a reason in `why`:
 * the settings do not fit each other. */
void stand_set_up(struct stand *stand, struct sim *sim, const struct stand_plan *plan, char *why,
		  size_t size);
/* After the run, once: the workload ends; `well`: the run did, so its books are looked at, and false
 * and the reason in `why` if they do not balance. */
bool stand_finish(struct stand *stand, bool well, char *why, size_t size);
/* Before the machine goes; what was finished, or never set up. */
void stand_free(struct stand *stand);

#endif
