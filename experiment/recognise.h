/*
 * Files that are no experiments but were given as one: another kind of bounce's own files, a
 * recording, another program's configuration. Each is told by what it is, with the verb for it.
 */
#ifndef EXPERIMENT_RECOGNISE_H
#define EXPERIMENT_RECOGNISE_H

#include "experiment/keys.h"
#include "experiment/yaml.h"

/* What the text is, before it is read as YAML: true if it is none and that was told. */
bool recognise_text(struct diagnostics *diagnostics, const struct document *source);
/* The same of its tree: a machine, or not one key of those that an experiment has. */
bool recognise_tree(struct diagnostics *diagnostics, const struct document *source,
		    const struct yaml *root, const struct keys *keys);
/* Of a path that cannot be read: a folder, or a name without its folder; the end of a message that
 * begins with a sign, in `buf`, "" if there is nothing to say. */
const char *recognise_path(const char *path, char *buf, size_t size);

#endif
