/*
 * Workload partners: CPUs that work with each other, as the workload says, and how far apart the
 * placement puts them. A pair at another distance is another experiment, so tables and figures say
 * the distance, and the placements pairs-apart-N keep it whatever the number of CPUs.
 */
#ifndef EXPERIMENT_PARTNERS_H
#define EXPERIMENT_PARTNERS_H

#include "experiment/experiment.h"

/* Fills core[] of a combination whose placement is pairs-apart-N; false and why: it cannot be. */
bool partners_place(struct combination *combination, char *why, size_t size);
/*
 * "other_socket", or with numbers of pairs "2 same_l2, 1 other_socket", by the machine's words;
 * "" if no CPU has a partner. In buf.
 */
const char *partners_distance(const struct combination *combination, char *buf, size_t size);

/* The setting of a point under which that text is kept. */
#define PARTNERS_KEY "partners"
/*
 * For all points: "other_socket", or "other_socket on 2 CPUs, same_socket on 4 to 16", or "" if no
 * workload of them has partners; in buf. `differ`: not the same for all.
 */
const char *partners_of_points(const struct points *points, bool *differ, char *buf, size_t size);

#endif
