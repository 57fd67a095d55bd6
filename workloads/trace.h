/*
 * A recorded trace of allocations and frees, repaired and ready to be replayed, and its file.
 *
 * The events stand in recorded order, each free after its allocation. Objects are numbered:
 * first those that existed when the recording began, then the others as they are allocated.
 *
 * The file: 32 bytes in little-endian order (8 of magic, version, zero, bytes and checksum of the
 * payload), then the payload as one zstd frame: numbers of seven bits per byte, lowest first,
 * columns one after the other. A reader believes nothing: a file that is cut off, damaged or made
 * up gives a message.
 */
#ifndef WORKLOADS_TRACE_H
#define WORKLOADS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TRACE_CPUS_MAX = 1024,
	TRACE_NAME_BYTES = 64,
	TRACE_SIZE_MAX = 4096 << 10,            /* of an object: the largest block of pages */
	TRACE_ORDER_MAX = 10,
};

/* Objects and pages are two views of the same memory: one of them is replayed. */
enum trace_level { TRACE_SLAB, TRACE_PAGES, TRACE_LEVELS };

enum trace_kind { TRACE_KMEM_CACHE, TRACE_KMALLOC, TRACE_PAGE_BLOCK, TRACE_KINDS };

struct trace_cache {
	enum trace_kind kind;
	uint32_t size;                          /* of an object, bytes; of a page block, its order */
	char name[TRACE_NAME_BYTES];
};

struct trace_object {
	uint32_t cache;
	uint16_t cpu;                           /* that allocates it */
	uint16_t free_cpu;                      /* that frees it, if `freed` */
	bool freed;
};

struct trace_event {
	uint64_t time_ns;                       /* since the first event; grows on each CPU */
	uint32_t object;
	uint16_t cpu;
	bool free;
};

/* What the importer met and did; the texts are in trace_note_text. */
enum trace_note {
	/* in the whole input */
	NOTE_LINES, NOTE_EVENTS, NOTE_OTHER_EVENTS, NOTE_NO_EVENTS, NOTE_BROKEN, NOTE_NULL,
	NOTE_HIDDEN, NOTE_LOST, NOTE_TWINS, NOTE_TRIMMED,
	/* in what was kept of it */
	NOTE_ALLOCATIONS, NOTE_MATCHED, NOTE_EXISTED, NOTE_REPLACED, NOTE_LEFT, NOTE_RENAMED,
	NOTE_GUESSED, NOTE_LATE, NOTE_CUT, NOTE_REMOTE,
	NOTES_LEAST,
	/* in the whole input again: files made before these were thought of end here */
	NOTE_FAILED = NOTES_LEAST, NOTE_LARGE, NOTE_PARTS, NOTE_GAPS, NOTE_OVERWRITTEN, NOTE_SORTED,
	NOTE_UNSORTED, NOTE_TICKS,
	NOTES
};

struct trace {
	char origin[256];                       /* where it comes from, for people */
	unsigned cpus;
	uint16_t cpu_number[TRACE_CPUS_MAX];    /* as recorded */
	struct trace_cache *cache;
	uint32_t caches;
	struct trace_object *object;            /* the first `existed` existed before the start */
	uint32_t objects, existed;
	struct trace_event *event;
	size_t events;
	uint64_t note[TRACE_LEVELS][NOTES];     /* input-wide ones in [TRACE_SLAB] */
};

static inline enum trace_level trace_level_of(const struct trace *trace, uint32_t object)
{
	return trace->cache[trace->object[object].cache].kind == TRACE_PAGE_BLOCK ? TRACE_PAGES
										  : TRACE_SLAB;
}

void trace_free(struct trace *trace);

/* NULL and the reason in `why`, which names the file, if it is not a sound trace. */
struct trace *trace_read(const char *path, char *why, size_t size);
/* The same from memory. */
struct trace *trace_decode(const void *file, size_t bytes, char *why, size_t size);
/* The payload alone, without compression and checksum: for the fuzzer, which cannot forge them. */
struct trace *trace_decode_payload(const void *payload, size_t bytes, char *why, size_t size);

/* The bytes of the file; the caller frees them. */
void *trace_encode(const struct trace *trace, size_t *bytes);

/* A line for people per thing to know, about the input and about one level of what was kept. */
void trace_tell(const struct trace *trace, enum trace_level level,
		void (*line)(void *to, const char *text), void *to);
void trace_tell_input(const struct trace *trace, void (*line)(void *to, const char *text),
		      void *to);

#endif
