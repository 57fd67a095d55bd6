/*
 * The importer: recorded text in, a trace that can be replayed out. It reads the text, counts and
 * tells what cannot be used, and puts the events in order; what belongs together is found by
 * pairing (pairing.h).
 */
#ifndef WORKLOADS_IMPORT_H
#define WORKLOADS_IMPORT_H

#include "workloads/pairing.h"

enum { IMPORT_OTHERS = 32, IMPORT_WHY_BYTES = 2048 };

struct import_options {
	const char *origin;                     /* for people; NULL: none */
	uint64_t skip, events;                  /* leave out the first, keep so many; 0 events: all */
	bool only_slab, only_pages;
};

/* Names of events that were left out, in order of appearance; beyond IMPORT_OTHERS not named. */
struct import_other {
	char name[48];
	uint64_t count;
};

/* What a recorder lost on one CPU. */
struct import_loss {
	unsigned cpu;                           /* KMEM_NO_CPU: it does not say */
	uint64_t events, gaps;                  /* gaps of unknown size */
};

struct importer;

struct importer *import_new(const struct import_options *options);
void import_free(struct importer *importer);
/* The next bytes of the input, plain text or zstd. False and a reason: they cannot be used. */
bool import_feed(struct importer *importer, const void *bytes, size_t count, char *why,
		 size_t size);
/* The end of the input: the trace, or NULL and a reason; IMPORT_WHY_BYTES hold all of it. */
struct trace *import_finish(struct importer *importer, char *why, size_t size);
/* After a refusal: were kmem events read, but too large a share of the input not? */
bool import_is_unreadable(const struct importer *importer);
const struct import_other *import_others(const struct importer *importer, size_t *count);
/* By CPU, in order of appearance. */
const struct import_loss *import_losses(const struct importer *importer, size_t *count);

#endif
