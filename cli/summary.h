/* The table that `bounce run` ends with: a row per combination, means over its seeds. */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include <stdio.h>

#include "cli/table.h"
#include "experiment/store.h"

/* Name, title, workload, machine, seeds, version, hash. */
void summary_headline(FILE *out, const struct points *points);
void summary_print(FILE *out, const struct points *points, struct paper paper);

#endif
