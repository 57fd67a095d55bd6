/* What the verbs' option parsers share. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <argp.h>
#include <stddef.h>

#include "cli/table.h"

/*
 * argp_parse for the verb `called` ("bounce run"): options and arguments in any order, whatever
 * POSIXLY_CORRECT says. Mistakes are told, status 2; without memory for it the program ends too.
 */
void options_parse(const struct argp *argp, int argc, char **argv, char *called, void *input);
/* Appends to a growing list of words; the caller frees the list. */
void words_append(char ***words, size_t *count, char *word);
/* The word of --color, checked: anything but always and never is told, status 2. */
const char *colour_word(const char *word, const struct argp_state *state);
/* The word of --format likewise. */
enum table_format format_word(const char *word, const struct argp_state *state);

#endif
