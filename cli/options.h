/* What the verbs' option parsers share. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <argp.h>
#include <stddef.h>

#include "cli/table.h"

/* Appends to a growing list of words; the caller frees the list. */
void words_append(char ***words, size_t *count, char *word);
/* The word of --color, checked: anything but always and never is told, status 2. */
const char *colour_word(const char *word, const struct argp_state *state);
/* The word of --format likewise. */
enum table_format format_word(const char *word, const struct argp_state *state);

#endif
