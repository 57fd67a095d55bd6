/*
 * What people write out of habit from other programs, and what to write here instead: units,
 * ranges, variables, switches, keys and names of other simulators and benchmarks.
 *
 * Each function gives the end of a message, beginning with a blank or a sign ("; write 256"), or
 * "" where it has nothing to say. The text is in `buf` or a constant.
 */
#ifndef EXPERIMENT_HABITS_H
#define EXPERIMENT_HABITS_H

#include "experiment/yaml.h"
#include "sim/verbs/setting.h"

enum { CURE_BYTES = 240 };

/* Of a value that is no number of this setting. */
const char *habit_number(const struct setting *setting, const struct yaml *value,
			 char buf[CURE_BYTES]);
/* Of a value that is not true or false. */
const char *habit_switch(const struct yaml *value);
/* Of a value that is none of the words of the key `name`; `known`: those words. */
const char *habit_word(const char *name, const char *text, const char *const *known);
/* Of a text with a variable in it, ${HOME}: what is refused wherever it stands. */
const char *habit_variable(const char *text);
/* Of a key that there is not, in the mapping at `path` ("" at the top). */
const char *habit_key(const char *path, const char *key);

#endif
