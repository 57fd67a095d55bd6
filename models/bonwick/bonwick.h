/*
 * Magazines and slabs after Bonwick and Adams: the structs as they lie in memory, and what set-up,
 * paths and check share. The story is in models/objects/2001_bonwick.c.
 */
#ifndef MODELS_BONWICK_BONWICK_H
#define MODELS_BONWICK_BONWICK_H

#include <assert.h>

#include "models/model.h"

enum {
	WORD = 8,
	UPDATE_SECONDS = 15,
	CONTENTION_MAX = 3,             /* in an interval, or magazines grow */
	HASH_BUCKETS = 64,
	MAGTYPES = 9,
	NR_SIZES = 13,                  /* caches of kmem_alloc: 8 to 8192 bytes, 96 and 192 */
	SLAB_CACHES_MAX = 64,
};
/* Adaptive mutexes, which spin while the owner runs: an atomic operation and a plain store. */
static const enum lock_kind MUTEX = LOCK_DEC;

struct magazine {
	struct magazine *next;          /* in a list of the depot */
	void *round[];
};

static_assert(offsetof(struct magazine, round) == 8, "illumos");

/* A line of kmem_cache for each CPU, under its lock. */
struct kmem_cpu_cache {
	_Alignas(LINE) struct spinlock cc_lock;
	uint32_t padding;
	uint64_t cc_alloc, cc_free;
	struct magazine *cc_loaded, *cc_ploaded;
	int32_t cc_flags;
	int32_t cc_rounds, cc_prounds;  /* -1: there is no magazine */
	uint16_t cc_magsize;            /* 0: magazines are being changed */
};

static_assert(sizeof(struct kmem_cpu_cache) == LINE, "illumos");

struct maglist {
	struct magazine *list;
	uint64_t total, min;            /* min: since the last update */
	uint64_t reaplimit, alloc;
};

static_assert(sizeof(struct maglist) == 40, "illumos");

struct kmem_magtype {
	unsigned rounds, align, minbuf, maxbuf;
};
extern const struct kmem_magtype bonwick_magtypes[MAGTYPES];

struct kmem_slab {
	struct kmem_cache *cache;
	char *base;
	struct list_head link;          /* partial or complete */
	void *head;                     /* free objects, or free bufctls */
	uint32_t refcnt, chunks;
};

/* Of an object that is too large to have its link inside. */
struct bufctl {
	struct bufctl *next;            /* in the slab, or in a bucket while it is in use */
	void *addr;
	struct kmem_slab *slab;
};

/* In order: what failed try-locks and the update write; what is only read; the slab layer; the
 * depot, two lines of which the second begins after the head of `empty`; a line for each CPU. */
struct kmem_cache {
	uint64_t depot_contention;      /* statistics come first, in a line of their own */
	uint64_t depot_contention_prev;

	_Alignas(LINE) const char *name;
	uint64_t chunksize, slab_order, chunks;
	bool hashed;                    /* objects of PAGE_BYTES / 8 and more */
	unsigned hash_shift;            /* a constant: bits of a chunk's size, less one */

	_Alignas(LINE) struct spinlock cache_lock;      /* of the slab layer */
	struct list_head partial, complete;
	struct bufctl **hash;

	_Alignas(LINE) struct spinlock depot_lock;
	uint32_t padding;
	const struct kmem_magtype *magtype;
	struct maglist full, empty;

	struct kmem_cpu_cache cpu[];
};

static_assert(offsetof(struct kmem_cache, full) - offsetof(struct kmem_cache, depot_lock) == 16 &&
	      offsetof(struct kmem_cache, empty) - offsetof(struct kmem_cache, depot_lock) == 56,
	      "a mutex and a pointer, 8 bytes each");

extern const struct layout bonwick_object_layout, bonwick_slab_layout, bonwick_bufctl_layout,
	bonwick_magazine_layout;
extern const struct layout *const bonwick_layouts[];

/* ---- constants of a run, in no simulated memory --------------------------------------------- */

/* What is known of a page frame. */
struct frame {
	struct kmem_slab *slab;                         /* it is of */
	unsigned char order;                            /* of the large kmalloc that begins there */
};

struct bonwick {
	struct sim *sim;
	const struct pages *pages;
	struct memory *memory;
	struct kmem_cache *slab_cache, *bufctl_cache;   /* the allocator's own */
	struct kmem_cache *magazine_cache[MAGTYPES];
	struct kmem_cache *size[NR_SIZES];
	struct kmem_cache *cache[SLAB_CACHES_MAX];      /* all that have magazines */
	unsigned caches;
	uint64_t *seconds;                              /* simulated: of CPU 0 */
	struct frame **frames;                          /* for check and kfree; made when first written */
	uint64_t metadata_bytes;
};

void *bonwick_create(struct sim *sim, const struct pages *pages, const void *settings);
struct kmem_cache *bonwick_cache_create(void *state, const char *name, unsigned size,
					unsigned align);
struct kmem_cache *bonwick_size_cache(void *state, size_t size);

/* Of a page frame, to be written, and to be read. */
struct frame *bonwick_frame_new(struct bonwick *b, uint64_t pfn);
const struct frame *bonwick_frame(const struct bonwick *b, uint64_t pfn);

bool bonwick_check(const void *state, const struct report *report);
uint64_t bonwick_in_use(const void *state);
bool bonwick_owns(const void *state, const struct kmem_cache *cp, const void *object);

#endif
