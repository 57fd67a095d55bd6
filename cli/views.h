/*
 * The views of a report: where one run bounced, by line, member, source line, CPU, lock or path.
 *
 * A view is one table for programs, and for people whatever shows the same best.
 */
#ifndef CLI_VIEWS_H
#define CLI_VIEWS_H

#include "cli/table.h"
#include "sim/result.h"

struct overview;

struct view_options {
	size_t top;             /* rows of the longest table at most */
	struct paper paper;
	bool wide;              /* all that is known, however wide */
};

struct view {
	const char *name, *summary;
	const char *type;                       /* "type" of its JSON lines */
	const struct column *columns;           /* the first is "point" */
	/* For programs: all rows of one run. */
	void (*fill)(struct table *table, const struct result *result, const char *point);
	void (*people)(FILE *out, const struct result *result, const struct view_options *options);
	/* For combinations side by side (cli/overview.h); NULL: one at a time only. */
	const char *figure, *figure_of;         /* "bounces per operation", "member" */
	void (*figures)(struct overview *overview, const struct result *result);
};

extern const struct view views[];               /* ends with a view without a name */
const struct view *view_find(const char *name);

extern const char *const view_class_names[LINE_CLASSES];       /* "allocator", ... */

/* Two lines about the whole run; then what went wrong, if it did. */
void view_headline(FILE *out, const struct result *result);

/* Of a native run, where only times are seen: how long each kind of operation took. */
void view_times(FILE *out, const struct result *result, const struct view_options *options);

/* "page[5]" of the line at that offset; "" if it is not among those that are kept. */
const char *view_line_label(const struct result *result, uint64_t offset);

/* "models/pages/buddy.c:123", without the "./" that compilers put before some. */
const char *view_source(const struct site *site, char *buf, size_t size);

/* The place that an access is charged to: its own, and inside a lock that of the lock's caller. */
const struct site *view_charged(const struct site *site, const struct site *caller);

/* How many CPUs, for programs; for people which, where `ids` says so. */
void view_cpus_cell(struct table *table, unsigned count, const char *ids);

/* Bounces of all classes. */
uint64_t counts_bounces(const struct counts *counts);

#endif
