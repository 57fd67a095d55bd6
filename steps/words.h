/* Events in words (words.c). */
#ifndef STEPS_WORDS_H
#define STEPS_WORDS_H

#include "steps/events.h"

/* "load", "LOCK add", "cas, fails"; in buf. */
const char *event_what(const struct event *event, char *buf, size_t size);
/* "page[513].freelist"; in buf. */
const char *event_name(const char *instance, const char *member, char *buf, size_t size);
/* "is 5", "3 -> 4", "is &object[7]"; pointers by what they point to; in buf. */
const char *event_values(const struct event *event, char *buf, size_t size);
/* Why it took its time: "from CPU 0, which had it in M, other socket"; in buf. */
const char *event_why(struct events *events, const struct event *event, char *buf, size_t size);
/* "CPU 2: an interrupt begins"; in buf. */
const char *note_text(const struct note *note, char *buf, size_t size);
/* "126", "126.50"; in buf. */
const char *words_cycles(char *buf, size_t size, uint64_t units);

#endif
