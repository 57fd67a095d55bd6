/* Parts of bars that the points themselves name: members of structs, structs, places in the source. */
#ifndef FIGURES_TOPS_H
#define FIGURES_TOPS_H

#include "figures/bars.h"

/*
 * The allocator's members that bounce most over all points, then its other members, the lines of
 * the workload and of the payload: together all bounces.
 */
bool members_find(const struct points *points, struct stack *stack);
double members_part(const struct point *point, unsigned part, const struct stack *stack);

/* The same by the struct that the members are of; one inside another is a struct of its own. */
bool structs_find(const struct points *points, struct stack *stack);
double structs_part(const struct point *point, unsigned part, const struct stack *stack);

/* The places in the source that bounce lines most, each lock charged to its caller, then all others. */
bool sources_find(const struct points *points, struct stack *stack);
double sources_part(const struct point *point, unsigned part, const struct stack *stack);

#endif
