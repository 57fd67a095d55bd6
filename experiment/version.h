/*
 * What made a result. The program's version is told in every output. Versions of the engine and of
 * the models and the workload that a point uses are part of its name: programs in which these are
 * equal give equal points.
 *
 * The build hands in a file, VERSION_FILE, that versions.sh made of the sources.
 */
#ifndef EXPERIMENT_VERSION_H
#define EXPERIMENT_VERSION_H

#include <stdbool.h>

const char *version_program(void);
/* Of the engine and all models and workloads together, for people. */
const char *version_models(void);
/*
 * Of "objects/slub-page", "pages/buddy", "workloads/counter"; "" is the engine. A part that is not
 * known by itself has the version of all together.
 */
const char *version_of(const char *part);
/* Is it known by itself? */
bool version_knows(const char *part);

#endif
