/* NUMA nodes by how far they are from one another; what verbs.h has of them are numbers alone. */
#ifndef SIM_VERBS_NODES_H
#define SIM_VERBS_NODES_H

#include "sim/verbs/verbs.h"

/* The zonelist: node number `i` from `node` on, which is number 0 itself, nearest first; nodes that are
 * as far away as others in the order of their numbers from `node` on. No access. */
unsigned node_by_distance(const struct sim *sim, unsigned node, unsigned i);

#endif
