/*
 * Machine files: found by name or path, and overlaid with the keys that an experiment changes.
 */
#ifndef EXPERIMENT_MACHINE_FILE_H
#define EXPERIMENT_MACHINE_FILE_H

#include "experiment/yaml.h"
#include "sim/machine.h"

/*
 * The mapping that describes a machine: that of its file, with `overrides` (NULL, or a mapping
 * whose key `base` is skipped) put over it. `name` holds name or path, which starts from `folder`;
 * `called` is how messages call that key. NULL: mistakes were told.
 */
struct yaml *machine_tree(struct yaml_pool *pool, struct diagnostics *diagnostics,
			  const struct yaml *name, const char *called, const char *folder,
			  const struct yaml *overrides);

/* Machines that come with bounce: file names without .yaml, sorted. */
char **machine_names(size_t *count);
void machine_names_free(char **names, size_t count);
/* A machine by name or path, as its file describes it; false: mistakes were told. */
bool machine_load(const char *name, struct diagnostics *diagnostics, struct machine *machine);

#endif
