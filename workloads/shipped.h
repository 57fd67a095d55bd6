/* Files that come with bounce. */
#ifndef WORKLOADS_SHIPPED_H
#define WORKLOADS_SHIPPED_H

#include <stdbool.h>
#include <stddef.h>

/* Where FOLDER/NAME lies: beside the program in the source tree, installed, or below $BOUNCE_DATA;
 * in `path`. false: none can be read. */
bool shipped_file(const char *folder, const char *name, char *path, size_t size);

#endif
