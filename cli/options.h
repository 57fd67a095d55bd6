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
/* A message on stderr. It stays one line, whatever names and paths are in it; its end is added. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "lines, fields, sites": the names of a table whose entries of `stride` bytes begin with a name and
 * end with one without; in buf. */
const char *names_of(const void *table, size_t stride, char *buf, size_t size);
/* Appends to a growing list of words; the caller frees the list. */
void words_append(char ***words, size_t *count, char *word);
/* The word of --color, checked: anything but always and never is told, status 2. */
const char *colour_word(const char *word, const struct argp_state *state);

/* --set, --model and --color, which commands on one experiment share: the only child of their argp,
 * whose input they hand it with ARGP_KEY_INIT. The caller frees `sets`. */
struct shared_options {
	char **sets;
	size_t set_count;
	const char *colour;
};
extern const struct argp_child shared_options[];

/* --format, --color and --wide, of commands that print tables: a child likewise. */
struct printed_options {
	enum table_format format;
	const char *colour;
	bool wide;
};
extern const struct argp_child printed_options[];
/* What a table that goes there looks like. */
struct paper printed_paper(FILE *out, const struct printed_options *printed);

/* --model: an allocator is loaded, or the reason why not is told, status 2. */
#define MODEL_HELP "An allocator of your own, beside those of the file; 'bounce explain model'"
void load_model(const char *path, struct argp_state *state);

#endif
