/* Tag arrays: sets, ways, LRU. */
#ifndef SIM_CACHE_H
#define SIM_CACHE_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "sim/machine.h"
#include "sim/protocol.h"

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
	union {
		struct {
			uint8_t state;
			bool wrote; /* this CPU is the line's last writer */
			bool open; /* a sharing miss not yet classified true or false */
			bool open_counts : 1; /* ... that happened inside the window */
			bool prefetched : 1; /* and not used yet */
			bool unclassed : 1; /* came by no access, and none has used it yet */
		};
		uint32_t condition; /* all of these, to be looked at in one go */
	};
};
_Static_assert(sizeof(struct slot) == 64, "a host cache line");
/* In `condition`: a store hits and has nothing to note if the bits of MASK are those of STORES. */
enum {
	COPY_OPEN = 1 << 16, COPY_PREFETCHED = 1 << 25, COPY_STORES = STATE_M | 1 << 8,
	COPY_STORES_MASK = 0xffff | COPY_OPEN
};
#define NO_LINE 0                       /* line 0 of the arena is never used */

/*
 * The ways of a set stand side by side where they are searched, in `tag`. The slots of one way of all
 * sets stand side by side, in set order: lines that follow each other have slots that do, and not all
 * of them in the same few sets of the host's caches.
 */
struct cache {
	struct slot *slot;              /* [ways][sets] */
	uint32_t *tag; /* [sets][row]: the lines of the slots, and NO_TAG behind the last way */
	uint64_t sets, ways, mask; /* mask: sets - 1 if that is a power of two, else 0 */
	uint64_t row; /* ways, rounded up to whole TAGS */
	uint64_t hit_units;
};
enum { TAGS = 8 };                      /* compared at once */
#define NO_TAG UINT32_MAX               /* neither a line nor NO_LINE */

/* `count` caches whose tables lie in one piece, the i-th in cache[i]; cache[0] owns it. */
void caches_init(struct cache *const cache[], unsigned count, const struct cache_level *level);
void caches_free(struct cache *first, unsigned count);
static inline uint64_t cache_set(const struct cache *c, uint64_t line)
{
	return c->mask ? line & c->mask : line % c->sets;
}

static inline struct slot *cache_slot(const struct cache *c, uint64_t set, uint64_t way)
{
	return &c->slot[way * c->sets + set];
}

/* Which of TAGS tags are that one: two bits for each. */
static inline unsigned cache_equal(const uint32_t *tag, uint32_t wanted)
{
#ifdef __SSE2__
	const __m128i *all = (const __m128i *)(const void *)tag;
	__m128i four = _mm_set1_epi32((int)wanted);
	__m128i low = _mm_cmpeq_epi32(_mm_loadu_si128(all), four);
	__m128i high = _mm_cmpeq_epi32(_mm_loadu_si128(all + 1), four);

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi32(low, high));
#else
	unsigned equal = 0;

	for (unsigned i = 0; i < TAGS; i++)
		equal |= (tag[i] == wanted ? 3u : 0u) << 2 * i;
	return equal;
#endif
}

/* The first slot of the set that has that line (NO_LINE: is empty), or NULL. */
static inline struct slot *cache_search(const struct cache *c, uint64_t set, uint64_t line)
{
	const uint32_t *tag = &c->tag[set * c->row];
	uint64_t way = 0;

	do {
		unsigned equal = cache_equal(&tag[way], (uint32_t)line);

		if (equal)
			return cache_slot(c, set, way + (unsigned)__builtin_ctz(equal) / 2);
		way += TAGS;
	} while (way < c->row);
	return NULL;
}

/* The slot that has the line, or NULL. */
static inline struct slot *cache_find(const struct cache *c, uint64_t line)
{
	return cache_search(c, cache_set(c, line), line);
}

/* An empty slot for the line, or NULL. */
static inline struct slot *cache_room(const struct cache *c, uint64_t line)
{
	return cache_search(c, cache_set(c, line), NO_LINE);
}

/* All changes of slot->line. */
static inline void slot_set_line(const struct cache *c, struct slot *slot, uint64_t line)
{
	unsigned index = (unsigned)(slot - c->slot), sets = (unsigned)c->sets;

	slot->line = line;
	c->tag[index % sets * c->row + index / sets] = (uint32_t)line;
}

#endif
