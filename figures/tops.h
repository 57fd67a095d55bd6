/* Parts of bars that the points themselves name: members of structs, places in the source. */
#ifndef FIGURES_TOPS_H
#define FIGURES_TOPS_H

#include "figures/bars.h"

/*
 * The allocator's members that bounce most over all points, then its other members, the lines of
 * the workload and of the payload: together all bounces.
 */
bool members_find(const struct points *points, struct stack *stack);
double members_part(const struct point *point, unsigned part, const struct stack *stack);

/* The places in the source that bounce lines most, each lock charged to its caller, then all others. */
bool sources_find(const struct points *points, struct stack *stack);
double sources_part(const struct point *point, unsigned part, const struct stack *stack);

#endif
