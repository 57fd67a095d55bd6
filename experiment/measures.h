/* What figures and conclusions measure of a point, where it is more than one metric. */
#ifndef EXPERIMENT_MEASURES_H
#define EXPERIMENT_MEASURES_H

#include "experiment/store.h"

/*
 * Mean cycles of an allocation (`part` 0) and of a free (1): of objects where there are any, else
 * of pages. NAN: none was completed; 0 of the one where only the other was, for a run may only
 * allocate, or only free.
 */
double measure_half_cycles(const struct point *point, unsigned part);
/* The two together. */
double measure_pair_cycles(const struct point *point);

/* No point has an allocator at work: its operations are turns of the workload. */
bool measure_turns(const struct points *points);
double measure_turn_cycles(const struct point *point);

/* A sum over the measured window, for each operation of it; NAN of none. */
double measure_per_operation(const struct result *result, double sum);

#endif
