/* Where two series differ: the settings of two results, members, places in the source. */
#ifndef CLI_DIFFERENCES_H
#define CLI_DIFFERENCES_H

#include <stdio.h>

#include "cli/table.h"
#include "experiment/groups.h"

/* Settings whose values differ, and the versions if they do: "workload.in_flight: 16 | 256". */
void differences_of_settings(FILE *out, const struct points *a, const struct points *b);

/* Members of structs and places in the source whose bounces per operation differ most, over the
 * groups that a series shares with the first; at most `top` of each. */
void differences_of_places(FILE *out, const struct groups *groups, size_t series, size_t top,
			   struct paper paper);

#endif
