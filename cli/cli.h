/*
 * The verbs of the command: one file per verb, cli/VERB.c, each with one function that gets the
 * arguments behind `bounce` (argv[0] is the verb) and returns the exit status.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,        /* a run failed, a file cannot be written */
	EXIT_MISTAKE = 2,       /* the user's */
	EXIT_DIFFERENT = 3,     /* a comparison or expectation failed */
	EXIT_INTERRUPTED = 130,
};

struct verb {
	const char *name, *arguments, *summary;
	int (*run)(int argc, char **argv);
	bool keeps;     /* files: it goes on where nobody reads what it prints any more */
};

extern const struct verb verbs[];               /* ends with a verb without a name */
const struct verb *verb_find(const char *word); /* NULL: there is none */

int cli_run(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_step(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_plot(int argc, char **argv);
int cli_compare(int argc, char **argv);
int cli_import(int argc, char **argv);
int cli_suggest(int argc, char **argv);
int cli_explore(int argc, char **argv);
int cli_calibrate(int argc, char **argv);
int cli_litmus(int argc, char **argv);
int cli_lab(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_explain(int argc, char **argv);

#endif
