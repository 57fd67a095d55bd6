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
/* What the key `plant` names: a fault of the models (for the explorer; NULL: none), or one of the
 * protocol (enum protocol_fault). */
const struct plant *keys_model_fault(int plant);
int keys_protocol_fault(int plant);

#endif
