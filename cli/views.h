/*
 * The views of a report: where one run bounced, by line, member, source line, CPU, lock or path.
 *
 * A view is one table for programs, and for people whatever shows the same best.
 */
#ifndef CLI_VIEWS_H
#define CLI_VIEWS_H

#include "cli/table.h"
#include "sim/result.h"

struct view_options {
	size_t top;             /* rows of the longest table at most */
	struct paper paper;
};

struct view {
	const char *name, *summary;
	const char *type;                       /* "type" of its JSON lines */
	const struct column *columns;           /* the first is "point" */
	/* For programs: all rows of one run. */
	void (*fill)(struct table *table, const struct result *result, const char *point);
	void (*people)(FILE *out, const struct result *result, const struct view_options *options);
};

extern const struct view views[];               /* ends with a view without a name */
const struct view *view_find(const char *name);

extern const char *const view_class_names[LINE_CLASSES];       /* "allocator", ... */

/* Two lines about the whole run; then what went wrong, if it did. */
void view_headline(FILE *out, const struct result *result);
/* The findings of `fields`: lines where members of different CPUs meet. How many there are. */
size_t view_false_sharing(FILE *out, const struct result *result);

/* "models/pages/buddy.c:123", without the "./" that compilers put before some. */
const char *view_source(const struct site *site, char *buf, size_t size);

/* The place that an access is charged to: its own, and inside a lock that of the lock's caller. */
const struct site *view_charged(const struct site *site, const struct site *caller);

/* Bounces of all classes. */
uint64_t counts_bounces(const struct counts *counts);

#endif
