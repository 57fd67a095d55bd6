/*
 * Allocators that are loaded while the program runs, for --model: shared objects that were built
 * against models/allocator.h. They stand in the registries of all backends from then on, and run
 * with the rights of whoever runs this program.
 */
#ifndef EXPERIMENT_PLUGIN_H
#define EXPERIMENT_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>

/* Before the first is loaded: from here on this is a process of its own, whose status the program
 * ends with if it came to its end; if not, as by _exit() in an allocator, it says so, status 1. */
void plugin_watch(void);
/* Before any experiment is read. false: the reason, and often the cure, in `why`. */
bool plugin_load(const char *path, char *why, size_t size);
/* The name of the i-th that was loaded; NULL: there are no more. */
const char *plugin_name(size_t i);
/* From when the program runs what was loaded until it is done: exit() in between is told, as a failure. */
void plugin_running(bool is);
/* "cc -O2 ... -I FOLDER -o mine.so mine.c", with the folder of the headers as it is here; in buf. */
const char *plugin_command(char *buf, size_t size);

#endif
