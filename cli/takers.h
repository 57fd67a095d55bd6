/*
 * Who took lines from whom: sums of a result's takers over rows that belong together, and the
 * views `takers` and `transfers`.
 */
#ifndef CLI_TAKERS_H
#define CLI_TAKERS_H

#include "cli/views.h"

/* CPUs of a list like "0-3,7". */
struct cpu_set {
	uint64_t bits[16];
};

void cpu_set_add(struct cpu_set *set, const char *ids);
/* As a list again, in buf. */
const char *cpu_set_text(const struct cpu_set *set, char *buf, size_t size);
/* For people's tables: the list; where that is long, "12 CPUs". NULL: none. */
const char *view_cpus(const char *ids, char *buf, size_t size);

/* One place that took lines, of all rows that were asked for. */
struct taker_sum {
	const struct taker_stats *one;          /* of several alike */
	uint64_t count;                         /* misses and upgrades */
	uint64_t false_sharing;
	struct cpu_set cpus;
};

/* Takers of the rows of sites for which `belongs` says so, most first; the caller frees them.
 * A lock's are its caller's. */
struct taker_sum *takers_of(const struct result *result,
			    bool (*belongs)(const struct site_stats *site, const void *which),
			    const void *which, size_t *count);
/* What all of them took. */
uint64_t takers_count(const struct taker_sum *takers, size_t count);

/* "page.flags", "page+12" where the bytes have no name. */
const char *member_name(const char *layout, const char *member, unsigned offset, char *buf,
			size_t size);

extern const struct column taker_columns[], transfer_columns[];
void takers_fill(struct table *table, const struct result *result, const char *point);
void takers_people(FILE *out, const struct result *result, const struct view_options *options);
void transfers_fill(struct table *table, const struct result *result, const char *point);
/* Groups of CPUs (sockets) where there are many. */
void transfers_people(FILE *out, const struct result *result, const struct view_options *options);

#endif
