/* A file whose name the user gives: what may be written there, and what not. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>

/* Of all commands that write such a file. */
#define REPLACE_HELP "Write over a file that is there"

/*
 * Before anything is computed: may `path` be written? Nothing that is there is lost unless `replace`
 * says so; and neither a link, nor what is no file, nor `input`, out of which the output is made
 * (NULL: out of none), is ever written over. false: told, in the name of `verb`.
 */
bool output_may_be(const char *verb, const char *path, const char *input, bool replace);

#endif
