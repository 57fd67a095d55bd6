/* A page that plays events of a run: one file, nothing else needed (page.c, page.html). */
#ifndef STEPS_PAGE_H
#define STEPS_PAGE_H

#include <stdio.h>

#include "steps/events.h"
#include "steps/source.h"

enum { PAGE_EVENTS = 2000 };            /* on a page, unless somebody says otherwise */

/*
 * `count` events from number `first` on. Nothing of them is markup or script: all text is data, which
 * the script shows as text. False and a reason in `why`: the page's frame cannot be found, or no such
 * event is there.
 */
bool page_write(FILE *out, struct events *events, struct sources *sources, uint64_t first,
		uint64_t count, char *why, size_t size);

#endif
