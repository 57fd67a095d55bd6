/*
 * One point: the simulated machine set up, run, checked, harvested.
 */
#ifndef EXPERIMENT_RUN_POINT_H
#define EXPERIMENT_RUN_POINT_H

#include "experiment/experiment.h"

/* Name, settings and seed of a point; no result. */
void point_describe(struct point *point, const struct planned *planned);

/*
 * Never prints. NULL and the reason in `why`: it cannot be set up, the settings do not fit each
 * other. What goes wrong later is the outcome of the result: also an allocator or workload whose
 * books do not balance at the end, as OUTCOME_BUG.
 */
struct point *run_point(const struct planned *planned, char *why, size_t size);
/* The same, with somebody who sees the machine just before it runs (sim_observe). */
struct point *run_point_watched(const struct planned *planned,
				void (*watch)(void *to, struct sim *sim), void *to, char *why,
				size_t size);

/*
 * Sets up each combination once, in little memory, and runs none; of very many only the first
 * ones. Those whose settings do not fit each other are left out of the experiment, with a remark,
 * while another one does; else they are mistakes: false.
 */
bool run_rehearse(struct experiment *experiment, struct diagnostics *diagnostics);

#endif
