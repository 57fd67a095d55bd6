/*
 * The importer: recorded text in, a trace that can be replayed out.
 *
 * Objects are paired by address, pages by frame number, whatever event frees them. What does not
 * pair is repaired, counted and told:
 *  - a free of what was never allocated: it existed, and is made before the start on the CPU that
 *    frees it; its size is that of its named cache, else of what lay at its address or on its
 *    page before or later, else a guess;
 *  - an allocation of what is still alive: its free was not recorded and is inserted just before;
 *  - what is never freed stays so, for the replay to free after the end;
 *  - a page freed in a batch is reported twice, alone and batched: the second report is dropped.
 */
#ifndef WORKLOADS_IMPORT_H
#define WORKLOADS_IMPORT_H

#include "workloads/trace.h"

enum { IMPORT_OTHERS = 32, IMPORT_GUESS_BYTES = 256 };

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

struct importer;

struct importer *import_new(const struct import_options *options);
void import_free(struct importer *importer);
/* The next bytes of the input, plain text or zstd. False and a reason: it cannot be unpacked. */
bool import_feed(struct importer *importer, const void *bytes, size_t count, char *why,
		 size_t size);
/* The end of the input: the trace, or NULL and a reason. */
struct trace *import_finish(struct importer *importer, char *why, size_t size);
const struct import_other *import_others(const struct importer *importer, size_t *count);

#endif
