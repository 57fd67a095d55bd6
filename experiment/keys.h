/* The keys of an experiment's top level, with the words of the registries. */
#ifndef EXPERIMENT_KEYS_H
#define EXPERIMENT_KEYS_H

#include "sim/verbs/setting.h"

struct keys;

struct keys *keys_new(void);
void keys_free(struct keys *keys);
const struct setting *keys_table(const struct keys *keys);      /* of struct settings */
/* Names of models: each may have a section of its own. NULL-terminated, as those of workloads. */
const char *const *keys_models(const struct keys *keys);
const char *const *keys_workloads(const struct keys *keys);

#endif
