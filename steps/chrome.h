/* Events of a run as a trace that Perfetto and chrome://tracing read (chrome.c). */
#ifndef STEPS_CHROME_H
#define STEPS_CHROME_H

#include <stdio.h>

#include "steps/events.h"

/*
 * The trace-event format in JSON. A nanosecond there is a cycle here. A track per CPU: operations,
 * waits for locks, interrupts and accesses that missed as slices that nest; one more for its store
 * buffer. Locks that are held are asynchronous slices, transfers are flows from the slice of the
 * CPU that had the line to that of the CPU that gets it.
 */
void chrome_write(FILE *out, struct events *events);

#endif
