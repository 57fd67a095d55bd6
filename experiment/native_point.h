/*
 * A point that the host's own processors run (native/native.h), and where such points are kept.
 */
#ifndef EXPERIMENT_NATIVE_POINT_H
#define EXPERIMENT_NATIVE_POINT_H

#include "experiment/experiment.h"

/* As run_point: NULL and the reason in `why` if it cannot be run here. For a process of its own:
 * threads may be left over when it ends badly. */
struct point *native_point(const struct planned *planned, char *why, size_t size);
/* The same, watched instead of timed. */
struct point *native_point_watched(const struct planned *planned, char *why, size_t size);

/* The name of this host, of letters, digits, '.', '-' and '_' alone; in buf. */
const char *native_host(char *buf, size_t size);
/* "native-HOST": the folder of its points; in buf. */
const char *native_folder(char *buf, size_t size);

#endif
