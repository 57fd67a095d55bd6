/* A verb of the command, run as a user runs it: in a process of its own, its output caught. */
#ifndef TESTS_CLI_FIXTURE_H
#define TESTS_CLI_FIXTURE_H

#include <stddef.h>

#include "sim/machine.h"

struct output {
	int status;             /* exit status; 128 + n: died of signal n */
	char *out, *err;
};

/* `arguments` as after `bounce`, ends with NULL: {"run", "x.yaml", NULL}. */
struct output run_cli(const char *const *arguments);
void output_free(struct output *output);

/* The root of the source tree becomes the current folder: paths in messages are from there. */
void enter_source_tree(void);
/* A new empty folder, and its end with all that is in it. */
char *folder_new(void);
void folder_free(char *folder);
/*
 * Makes a folder, with those above it, and watches it; then waits until a file that ends in
 * `suffix` has been renamed into it. Waiting closes the watch.
 */
int watch_folder(const char *path);
void watch_wait(int watch, const char *suffix);
/* Text of a file; fails the test if it cannot be read. */
char *read_text(const char *path);
void write_text(const char *path, const char *text);
/* A machine file by name; fails the test if it has mistakes. */
struct machine load_machine(const char *name);

#endif
