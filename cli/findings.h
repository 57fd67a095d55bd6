/*
 * Findings of false sharing: two members that meet in a line though different CPUs use them, and
 * what would part them.
 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include "cli/views.h"

/* One of the two: who loses its line to the other's accesses. */
struct meeting_side {
	const char *layout, *member;
	unsigned offset, size;                  /* in its struct */
	uint64_t lost;                          /* false sharing misses */
	const char *cpus;                       /* that missed; "": none did */
	const char *takers;                     /* that took the line for the other */
};

struct meeting {
	struct meeting_side one, other;
	unsigned apart;                         /* bytes from struct to struct; 0: it is one */
	uint64_t false_sharing;                 /* of both sides */
	unsigned bytes;                         /* what the cure costs, for each struct; 0: nothing */
	char cure[400];
};

/* Those with most misses first; the caller frees them. */
struct meeting *findings_of(const struct result *result, size_t *count);

/* The findings of `fields`. How many there are. */
size_t view_false_sharing(FILE *out, const struct result *result);

extern const struct column finding_columns[];
void findings_fill(struct table *table, const struct result *result, const char *point);
void findings_people(FILE *out, const struct result *result, const struct view_options *options);

#endif
