/*
 * Pairing: recorded events in, allocations and frees that belong together out, as a trace.
 *
 * Objects are paired by address, whatever event frees them. Pages are paired by the block that
 * contains them:
 *
 *	alloc 8..11    free 10    free 8..9    free 11          freed whole with its last page
 *	alloc 8..11    alloc 9                                  its free was not recorded: inserted
 *	alloc 8..11    free 10    alloc 10                      a part of a block begun to be freed
 *	                                                        belongs to its new owner alone
 *
 * What does not pair is repaired, counted and told:
 *  - a free of what was never allocated: it existed, and is made before the start on the CPU that
 *    frees it; its size is that of its named cache, else of what lay at its address or on its
 *    page before or later, else a guess;
 *  - an allocation of what is still alive: its free was not recorded and is inserted just before;
 *  - what is never freed stays so, for the replay to free after the end;
 *  - a page freed in a batch is reported twice, alone and batched, and until 3.2 one freed
 *    directly is too: the second report is dropped.
 */
#ifndef WORKLOADS_PAIRING_H
#define WORKLOADS_PAIRING_H

#include "workloads/kmem_text.h"
#include "workloads/map.h"

enum { IMPORT_GUESS_BYTES = 256 };

/* Texts, each kept once; printable and shorter than TRACE_NAME_BYTES. */
struct names {
	char (*text)[TRACE_NAME_BYTES];
	uint32_t count;
	struct map by_hash;
};

uint32_t names_add(struct names *names, const char *text, size_t bytes);
void names_free(struct names *names);

/* One event of traffic as it was recorded. */
struct record {
	uint64_t time_ns, id;
	uint32_t size;                  /* bytes; of pages: the order */
	uint32_t name;                  /* of its cache in the names; MAP_NONE: not told */
	uint16_t cpu;                   /* index of cpu_number */
	uint8_t level, kind, report;    /* as in struct kmem_event */
	bool free;
};

struct recording {
	struct record *record;
	uint32_t records;
	uint16_t cpu_number[TRACE_CPUS_MAX];    /* in order of appearance */
	unsigned cpus;
	struct names names;
};

struct pairing;

/* Pairs the records in the order of their numbers in `order`; NULL: as they stand. */
struct pairing *pairing_new(struct recording *recording, const uint32_t *order);
void pairing_free(struct pairing *pairing);
/* Frees whose allocation is recorded. */
uint64_t pairing_matched(const struct pairing *pairing);
uint32_t pairing_events(const struct pairing *pairing);
/* The part from event `first` to before `end`, objects numbered anew; the notes of pairing. */
struct trace *pairing_trace(struct pairing *pairing, uint32_t first, uint32_t end);

/* Room for one more element: arrays double at powers of two. */
void *room_for(void *array, size_t used, size_t element);

#endif
