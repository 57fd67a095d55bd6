/* Files that belong to bounce: machine files, plot scripts, labs; in the source tree or installed. */
#ifndef EXPERIMENT_DATA_H
#define EXPERIMENT_DATA_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The path of `name` ("plots/style.gp"): in $BOUNCE_DATA if that is set, else beside the program
 * (the source tree: ., .., ../..), else in its prefix (../share/bounce), else here. false: nowhere.
 */
bool data_file(const char *name, char *path, size_t size);

#endif
