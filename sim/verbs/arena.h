/*
 * The arena: simulated memory at real addresses, and labels that say what lies where. Every
 * backend has one; what a backend keeps for each line of it is its own (sim/arena.h).
 */
#ifndef SIM_VERBS_ARENA_H
#define SIM_VERBS_ARENA_H

#include "sim/verbs/verbs.h"

enum { ARENA_PAGE = 4096 };             /* the first one of the arena is never handed out */

struct label {
	struct label *next;             /* older one of the same arena page */
	const char *name;
	const struct layout *layout;
	uint64_t start, end;            /* arena offsets */
	uint64_t stride, first;         /* instance of start */
	bool indexed;                   /* one of several: described with its number */
	uint32_t serial;
};

struct arena {
	char *base;
	bool lent;                      /* the memory is somebody else's */
	uint64_t bytes, region_bytes;   /* regions: one per NUMA node */
	uint64_t *region_used;
	char **percpu;                  /* per-CPU areas */
	uint64_t percpu_used;
	uint64_t unseen_bytes;          /* at the end: what no simulated CPU touches */
	char *alias;                    /* see arena_alias; NULL: nobody asked */
	struct host_block *host_block;  /* of host_new */
	struct label **page_label;      /* by arena page */
	struct label *free_label;
	struct label_block *label_block;
	struct label *range;            /* of large pieces, by start */
	size_t ranges;
	uint32_t label_serial;          /* of the newest label */
};

/* The last line of each CPU's own area, where it stands in queues of locks (lock.c). */
enum { LOCK_QUEUE_BYTES = LINE };
extern const struct layout qnodes_layout, workload_qnodes_layout;
void *percpu_lock_queue(const struct sim *sim, unsigned id);

/* The arena of a machine whose head is complete but for it. `bytes` are rounded up. */
void arena_setup(struct sim *sim, uint64_t bytes);
/* The same in memory of the caller's, zeroed and that large, rounded up; page-aligned. */
void arena_setup_at(struct sim *sim, uint64_t bytes, char *base);
uint64_t arena_round(const struct sim *sim, uint64_t bytes);
void arena_release(struct arena *arena);

/*
 * The same offsets from another base, where nothing can be touched: what an allocator that is loaded
 * takes for its memory, so that only verbs reach it. Made at the first call.
 */
char *arena_alias(struct sim *sim);
/* Zeroed memory outside the arena that lives as long as the machine and costs only where touched. */
void *host_new(struct sim *sim, size_t bytes);

static inline uint64_t arena_offset(const struct arena *arena, const void *address)
{
	return (uint64_t)((const char *)address - arena->base);
}

/* The offset that a word means if it is a pointer, from the base or from the alias; `bytes` of the
 * arena or more: it is none into it. */
static inline uint64_t arena_pointer(const struct arena *arena, uint64_t word)
{
	uint64_t offset = word - (uint64_t)(uintptr_t)arena->base;

	if (offset >= arena->bytes && arena->alias)
		offset = word - (uint64_t)(uintptr_t)arena->alias;
	return offset;
}

/* A new label from here on; a copy fetched before may keep an older one, by its serial. `fresh`:
 * this memory had none yet. */
void label_add(struct arena *arena, uint64_t start, uint64_t bytes, const struct layout *layout,
	       uint64_t stride, const char *name, bool fresh);
/* The newest label of that offset that is not newer than `serial`; NULL: none. */
const struct label *label_find(const struct arena *arena, uint64_t offset, uint32_t serial);
/* "page[513]"; the member's name in `member` ("" for none). */
void label_describe(const struct arena *arena, uint64_t offset, uint32_t serial, char *name,
		    size_t size, char *member, size_t member_size);
const struct field *layout_field(const struct layout *layout, size_t offset);

#endif
