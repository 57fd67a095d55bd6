/* A schedule that went wrong, as events (found.c). */
#ifndef STEPS_FOUND_H
#define STEPS_FOUND_H

#include "explored/explored.h"
#include "steps/events.h"

/*
 * The steps of a schedule of options->program on the explored machine. That one has neither clock nor
 * caches, and of two words that are exchanged at once it tells the low one. States are those of caches that are never full and follow MESI to the letter, in the order
 * of the schedule (EVENT_NO_CLOCK). `title` names the run. What was found, if anything, is the key
 * "message", its kind "outcome". NULL and a reason in `why`: the options or the schedule do not fit.
 */
struct events *events_of_schedule(const struct explore_options *options, const char *schedule,
				  const char *title, char *why, size_t size);

#endif
