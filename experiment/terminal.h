/*
 * The wall between text and the terminal: behind terminal_guard() whatever the program prints to
 * stdout and stderr, argp's messages too, reaches them without control and format characters,
 * except for tabs, line ends and the program's own colours.
 */
#ifndef EXPERIMENT_TERMINAL_H
#define EXPERIMENT_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Replaces stdout and stderr. Once, before anything is printed. */
void terminal_guard(void);

enum paint {
	PAINT_PLAIN,
	PAINT_BOLD,
	PAINT_RED,
	PAINT_CYAN,
	PAINT_ERASE,            /* back to the start of the line, which is emptied */
};

/* The only way for such a command through the guard; works on any stream. */
void terminal_paint(FILE *out, enum paint paint);
/* errno of the first write of a guarded stream that failed; 0: all has arrived. */
int terminal_error(FILE *stream);
/* Does this stream end at a terminal? */
bool terminal_reached(FILE *stream);
/* The stream behind the guard, for what is no text: a trace to stdout. */
FILE *terminal_bytes(FILE *stream);

#endif
