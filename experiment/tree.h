/* Parts of an experiment that a workload reads itself: from YAML, and back into text. */
#ifndef EXPERIMENT_TREE_H
#define EXPERIMENT_TREE_H

#include <stdio.h>

#include "experiment/yaml.h"
#include "sim/verbs/setting.h"

/* A copy that needs nothing of the YAML but its places; free() ends it. `turn` gives of a list that
 * is swept the value whose turn it is, of all else the node itself. */
struct tree *tree_new(const struct yaml *value,
		      const struct yaml *(*turn)(void *to, const struct yaml *node), void *to);
/* A node as YAML on one line. */
void tree_print(FILE *out, const struct tree *tree, const struct tree_node *node);

#endif
