/*
 * SLAB, Linux 2.6.39: its structs as they lie in memory, and what set-up, paths and check share.
 * The story is in models/objects/2011_slab.c.
 */
#ifndef MODELS_SLAB_SLAB_H
#define MODELS_SLAB_SLAB_H

#include <assert.h>

#include "models/model.h"

enum {
	WORD = 8,
	BATCHREFILL_LIMIT = 16,         /* of an array that was idle */
	ALIEN_LIMIT = 12,
	REAP_SECONDS = 2,               /* from one pass of a CPU to its next */
	REAP_NODE_SECONDS = 4,          /* from one look at a node's lists to the next */
	NR_GENERAL = 19,                /* caches of kmalloc: 32 bytes to 4 MiB */
};
#define BUFCTL_END UINT32_MAX
static const enum lock_kind SLAB_LOCK = LOCK_TICKET;

/* ---- arrays of pointers to free objects ----------------------------------------------------- */

/* Of a CPU: that CPU alone, interrupts off. Shared by a node: under list_lock. Alien: its lock. */
struct array_cache {
	uint32_t avail;                 /* entries in use; the last one is the newest */
	uint32_t limit, batchcount;
	uint32_t touched;               /* since the last pass of cache_reap */
	struct spinlock lock;           /* of alien arrays only */
	uint32_t padding;
	void *entry[];
};

static_assert(offsetof(struct array_cache, touched) == 12, "2.6.39");
static_assert(offsetof(struct array_cache, lock) == 16, "2.6.39");
static_assert(offsetof(struct array_cache, entry) == 24, "2.6.39");

/* ---- of a node: kmem_list3 ------------------------------------------------------------------ */

struct kmem_list3 {
	struct list_head slabs_partial;
	struct list_head slabs_full;
	struct list_head slabs_free;
	uint64_t free_objects;          /* in slabs, not in arrays */
	uint32_t free_limit;            /* an emptied slab is kept up to so many of them */
	uint32_t colour_next;
	struct spinlock list_lock;
	uint32_t padding;
	struct array_cache *shared;     /* of the node's CPUs; NULL: none */
	struct array_cache **alien;     /* by node that the objects are of; NULL: none */
	uint64_t next_reap;             /* in seconds */
	int32_t free_touched;           /* slabs_free was needed since the last pass */
};

static_assert(sizeof(struct kmem_list3) == 104, "2.6.39");
static_assert(offsetof(struct kmem_list3, free_objects) == 48, "2.6.39");
static_assert(offsetof(struct kmem_list3, colour_next) == 60, "2.6.39");
static_assert(offsetof(struct kmem_list3, list_lock) == 64, "2.6.39");
static_assert(offsetof(struct kmem_list3, shared) == 72, "2.6.39");
static_assert(offsetof(struct kmem_list3, alien) == 80, "2.6.39");
static_assert(offsetof(struct kmem_list3, next_reap) == 88, "2.6.39");
static_assert(offsetof(struct kmem_list3, free_touched) == 96, "2.6.39");

/* ---- struct kmem_cache ---------------------------------------------------------------------- */

/* What follows array[NR_CPUS], with which the struct begins: see cpu_array. Never written after
 * set-up. */
struct kmem_cache {
	uint32_t batchcount, limit, shared;
	uint32_t buffer_size;           /* bytes from object to object */
	uint32_t reciprocal_buffer_size;
	uint32_t flags;                 /* enum cache_flag */
	uint32_t num;                   /* objects in a slab */
	uint32_t gfporder, gfpflags;
	uint32_t padding;
	uint64_t colour;                /* offsets of slabs that there are room for */
	uint32_t colour_off;            /* from one to the next */
	uint32_t more_padding;
	struct kmem_cache *slabp_cache; /* of descriptors that lie off the slab */
	uint32_t slab_size;             /* of a descriptor with its bufctl */
	uint32_t dflags;
	void (*ctor)(void *object);
	const char *name;
	struct list_head next;          /* in cache_chain */
	struct kmem_list3 *nodelists[];
};

enum cache_flag { CFLGS_OFF_SLAB = 31, SLAB_RECLAIM_ACCOUNT = 17 };     /* bits of flags */

static_assert(offsetof(struct kmem_cache, buffer_size) == 12, "2.6.39");
static_assert(offsetof(struct kmem_cache, num) == 24, "2.6.39");
static_assert(offsetof(struct kmem_cache, gfpflags) == 32, "2.6.39");
static_assert(offsetof(struct kmem_cache, colour) == 40, "2.6.39");
static_assert(offsetof(struct kmem_cache, colour_off) == 48, "2.6.39");
static_assert(offsetof(struct kmem_cache, slabp_cache) == 56, "2.6.39");
static_assert(offsetof(struct kmem_cache, slab_size) == 64, "2.6.39");
static_assert(offsetof(struct kmem_cache, ctor) == 72, "2.6.39");
static_assert(offsetof(struct kmem_cache, next) == 88, "2.6.39");
static_assert(offsetof(struct kmem_cache, nodelists) == 104, "2.6.39");

/* ---- struct slab, the descriptor ------------------------------------------------------------ */

/* Under the list_lock of its node; nodeid never changes, yet lies in a line that does. */
struct slab {
	struct list_head list;
	uint64_t colouroff;             /* from the first byte of the pages to s_mem */
	void *s_mem;                    /* the first object */
	uint32_t inuse;                 /* objects in arrays count as in use */
	uint32_t free;                  /* index of the first free object, BUFCTL_END: none */
	uint16_t nodeid;
};

static_assert(sizeof(struct slab) == 48, "2.6.39");
static_assert(offsetof(struct slab, s_mem) == 24, "2.6.39");
static_assert(offsetof(struct slab, inuse) == 32, "2.6.39");
static_assert(offsetof(struct slab, free) == 36, "2.6.39");
static_assert(offsetof(struct slab, nodeid) == 40, "2.6.39");

/* By object: the index of the next free one. */
static inline uint32_t *slab_bufctl(struct slab *slab)
{
	return (uint32_t *)(slab + 1);
}

/* ---- struct page of a page of a slab, to 3.0 ------------------------------------------------ */

struct slab_page {
	uint64_t flags;
	int32_t _count, _mapcount;
	uint64_t private, mapping, index;
	struct {
		struct kmem_cache *next;        /* lru.next: the cache */
		struct slab *prev;              /* lru.prev: the slab */
	} lru;
};

static_assert(sizeof(struct slab_page) == 56, "struct page until 3.0");
static_assert(offsetof(struct slab_page, lru) == 40, "struct page until 3.0");

/* ---- what all caches share ------------------------------------------------------------------ */

struct cache_chain {
	_Alignas(LINE) int32_t mutex;           /* cache_chain_mutex: 1 free */
	struct list_head list;
};

/* Of a CPU: where its passes of cache_reap are. */
struct reap_work {
	uint32_t seconds;               /* since the CPU came up */
	uint32_t node;                  /* whose alien objects the next pass drains */
};

extern const struct layout *const slab_layouts[];
extern const struct layout slab_layout, bufctl_layout, slab_page_layout, slab_object_layout;

/* ---- constants of a run, in no simulated memory --------------------------------------------- */

struct slab_settings {
	uint64_t limit, batchcount, shared;     /* 0: by size; shared: times batchcount */
	bool alien, share;                      /* are there such arrays? */
	uint64_t nr_cpus;
};

struct cache_names {
	const struct kmem_cache *s;
	const char *object, *slab, *bufctl;
};

enum { SLAB_CACHES_MAX = 64 };

struct slabs {
	struct sim *sim;
	const struct pages *pages;
	struct memory *memory;
	struct slab_settings settings;
	unsigned nr_cpus;                       /* of array[] */
	struct cache_chain *chain;
	struct reap_work *reap_work;            /* per CPU */
	struct kmem_cache *general[NR_GENERAL];
	unsigned caches;
	struct cache_names names[SLAB_CACHES_MAX];
	uint64_t metadata_bytes;
};

/* The word of CPU `id` in array[NR_CPUS], the begin of struct kmem_cache. */
static inline struct array_cache **cpu_array(const struct slabs *slabs, struct kmem_cache *s,
					     unsigned id)
{
	return (struct array_cache **)s - slabs->nr_cpus + id;
}

static inline struct kmem_cache *listed_cache(const struct list_head *next)
{
	return (struct kmem_cache *)((char *)next - offsetof(struct kmem_cache, next));
}

static inline struct slab *listed_slab(const struct list_head *list)
{
	return (struct slab *)((char *)list - offsetof(struct slab, list));
}

/* Set-up (cache.c). */
void *slab_create(struct sim *sim, const struct pages *pages, const void *settings);
struct kmem_cache *slab_cache_create(void *state, const char *name, unsigned size, unsigned align);
struct kmem_cache *slab_kmalloc_cache(void *state, size_t size);
const struct cache_names *slab_names(const struct slabs *slabs, const struct kmem_cache *s);
extern const struct setting slab_settings[];

/* As in struct object_allocator (check.c). */
bool slab_check(const void *state, const struct report *report);
uint64_t slab_in_use(const void *state);
bool slab_owns(const void *state, const struct kmem_cache *s, const void *object);

#endif
