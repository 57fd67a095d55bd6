/*
 * Files that are no experiments but were given as one: another kind of bounce's own files, a
 * recording, another program's configuration. Each is told by what it is, with the verb for it.
 */
#ifndef EXPERIMENT_RECOGNISE_H
#define EXPERIMENT_RECOGNISE_H

#include "experiment/yaml.h"

/* What the text is, before it is read as YAML: true if it is none and that was told. */
bool recognise_text(struct diagnostics *diagnostics, const struct document *source);
/* The same of its tree: a machine, or no key that an experiment has; `known`: those keys. */
bool recognise_tree(struct diagnostics *diagnostics, const struct document *source,
		    const struct yaml *root, const char *const *known);
/* Of what is no file: a folder. "" if there is nothing to say; else in `buf`. */
const char *recognise_folder(const char *path, char *buf, size_t size);

#endif
