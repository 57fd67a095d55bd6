/*
 * What made a result. The program's version is told in every output. The version of the models is
 * part of a point's name: two programs with equal models give equal points.
 *
 * VERSION_OF_MODELS is raised by hand with every change of sim/, models/ or workloads/ that can
 * change a result, unless the build defines it (a hash of those sources does as well).
 */
#ifndef EXPERIMENT_VERSION_H
#define EXPERIMENT_VERSION_H

const char *version_program(void);
const char *version_models(void);

#endif
