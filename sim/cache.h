/* Tag arrays: sets, ways, LRU. */
#ifndef SIM_CACHE_H
#define SIM_CACHE_H

#include "sim/machine.h"

enum { LINE_SHIFT = 6 };

/*
 * One way of one set; a host cache line. The outermost private level holds the copy; inner
 * levels point to it.
 */
struct slot {
	_Alignas(64) uint64_t line;     /* NO_LINE: empty */
	uint64_t used;                  /* for LRU */
	struct slot *copy;              /* the outermost private level's slot; itself there */
	struct line *info;
	uint64_t written;               /* bytes this CPU wrote since it got the line */
	uint32_t op_read, op_written;   /* serial of the operation that counted it last */
	uint32_t version, epoch;        /* of the line, when the copy was fetched or written */
	uint32_t label_serial;          /* labels in force when the copy was fetched */
	uint8_t state;
	bool wrote;                     /* this CPU is the line's last writer */
	bool open;                      /* a sharing miss not yet classified true or false */
	bool open_counts : 1;           /* ... that happened inside the window */
	bool prefetched : 1;            /* and not used yet */
	bool unclassed : 1;             /* came by no access, and none has used it yet */
};
#define NO_LINE 0                       /* line 0 of the arena is never used */

struct cache {
	struct slot *slot;              /* [sets * ways] */
	uint64_t *tag;                  /* the lines of the slots, side by side for searching */
	uint64_t sets, ways, mask;      /* mask: sets - 1 if that is a power of two, else 0 */
	size_t bytes;
	uint64_t hit_units;
};

void cache_init(struct cache *cache, const struct cache_level *level);
void cache_free(struct cache *cache);
static inline uint64_t cache_first(const struct cache *c, uint64_t line)
{
	return (c->mask ? line & c->mask : line % c->sets) * c->ways;
}

static inline struct slot *cache_set(const struct cache *c, uint64_t line)
{
	return &c->slot[cache_first(c, line)];
}

/* The slot that has the line, or NULL. */
static inline struct slot *cache_find(const struct cache *c, uint64_t line)
{
	uint64_t first = cache_first(c, line);

	for (uint64_t i = first; i < first + c->ways; i++)
		if (c->tag[i] == line)
			return &c->slot[i];
	return NULL;
}

/* All changes of slot->line. */
void slot_set_line(const struct cache *cache, struct slot *slot, uint64_t line);

#endif
