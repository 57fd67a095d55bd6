/* One event as a frame of text (frame.c). */
#ifndef CLI_FRAME_H
#define CLI_FRAME_H

#include <stdio.h>

#include "steps/events.h"
#include "steps/source.h"
#include "steps/words.h"

/*
 * Prints event number n: what it is, what it cost and why, its line of source, the states of its line
 * and of those touched just before it in all caches. The same bytes for the same n, however one came
 * there. False: there is no such event.
 */
bool frame_print(FILE *out, struct events *events, struct sources *sources, uint64_t number,
		 bool colour);
/* The end of the run: how it ended, and what happened since the last event. */
void frame_print_end(FILE *out, struct events *events, bool colour);

#endif
