/*
 * What a model is: a page allocator or an object allocator, and what they share.
 *
 * A new model is one file with one `const struct page_allocator` or `const struct
 * object_allocator`, and one line in models/pages/registry.c or models/objects/registry.c.
 */
#ifndef MODELS_MODEL_H
#define MODELS_MODEL_H

#include "sim/verbs/list.h"
#include "sim/verbs/lock.h"
#include "sim/verbs/setting.h"
#include "sim/verbs/verbs.h"

enum { PAGE_BYTES = 4096, MAX_ORDER = 11 };     /* orders 0 .. MAX_ORDER-1 */

/* The kernels that models of allocators follow, as far as their page allocators differ: object
 * allocators of 3.1 to 3.18 are with 3.9, those of 6.17 and 6.18 with 6.12, those of 7.x with 7.1. */
enum kernel { KERNEL_2_6_22, KERNEL_2_6_24, KERNEL_3_9, KERNEL_6_12, KERNEL_7_1, KERNELS };

/* NR_CPUS of the kernel, which static arrays have room for: `asked` or the CPUs of the run,
 * whichever are more, rounded up to 8. */
unsigned nr_cpus(const struct sim *sim, uint64_t asked);

/* A text for labels that lives as long as the machine. */
const char *label_new(struct sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* For check(): where the caller wants the reason, and who wants to know what states there are. */
struct report {
	char *why;
	size_t size;
	/* Words that live as long as the program; NULL: nobody wants to know. */
	void (*see)(void *to, const char *what, const char *state, const char *where);
	void *to;
};
/* Writes the reason; false. */
bool failed(const struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "slab", "some free", "on the list": states that are told with the same words are one. `state` and
 * `where` may be NULL. */
static inline void see_state(const struct report *report, const char *what, const char *state,
			     const char *where)
{
	if (report->see)
		report->see(report->to, what, state, where);
}

static inline const char *how_many(uint64_t count, uint64_t all, const char *none,
				   const char *some, const char *every)
{
	return count == 0 ? none : count < all ? some : every;
}


/* ---- struct page --------------------------------------------------------------------------- */

struct page;                    /* one page struct in the simulated mem_map; never dereferenced */

/*
 * A layout of struct page as page allocators see it: byte offsets, by era. Object allocators
 * overlay a struct of their own, of the same size.
 */
struct page_view {
	const char *name;               /* "packed-56", "aligned-64" */
	unsigned size;                  /* bytes from one page struct to the next */
	unsigned flags, count, mapcount, private, mapping, index, lru;
	unsigned compound_head;         /* of a tail, see page_head; 0: it has none */
	const struct layout *layout;    /* members for reports, as a page allocator sees them */
};

extern const struct page_view page_view_packed_56;      /* until 3.0 */
extern const struct page_view page_view_aligned_64;     /* 3.1 .. 3.19 */
extern const struct page_view page_view_6_12;           /* and later: 64 bytes, other offsets */

/* The page structs and pages of one node; page struct i of the node at mem_map + i * stride. */
struct node_memory {
	char *mem_map;                  /* line-aligned */
	char *base;                     /* first byte of the node's first page frame */
};

/* The simulated memory: page structs, pages, nodes. Page frames are numbered through the nodes. */
struct memory {
	struct sim *sim;
	const struct page_view *view;
	unsigned stride;                /* bytes from one page struct to the next */
	unsigned nodes;
	uint64_t pages, node_pages;     /* page frames in all, and of each node */
	unsigned char *seen;            /* by page frame, for check() */
	bool *used;                     /* by block of the largest order; see memory_used */
	struct node_memory node[];
};

/* Set-up: `mib` MiB of pages and their page structs, split evenly over the nodes (whole blocks of
 * the largest order, at least one per node). `stride` 0: that of the view; 64 with the 56-byte
 * view gives one line per page struct; less than the view's size makes it the 56-byte view. */
struct memory *memory_new(struct sim *sim, const struct page_view *view, unsigned stride,
			  uint64_t mib);

static inline uint64_t page_to_pfn(const struct memory *m, const struct page *page)
{
	for (unsigned n = 0; n < m->nodes; n++) {
		uint64_t offset = (uint64_t)((uintptr_t)page - (uintptr_t)m->node[n].mem_map);

		if (offset < m->node_pages * m->stride)
			return n * m->node_pages + offset / m->stride;
	}
	return m->pages;                /* no page struct */
}

static inline struct page *pfn_to_page(const struct memory *m, uint64_t pfn)
{
	const struct node_memory *node = &m->node[0];

	if (pfn >= m->node_pages) {             /* divisions are dear, and checks ask for all */
		node = &m->node[pfn / m->node_pages];
		pfn %= m->node_pages;
	}
	return (struct page *)(node->mem_map + pfn * m->stride);
}

static inline void *pfn_address(const struct memory *m, uint64_t pfn)
{
	return m->node[pfn / m->node_pages].base + pfn % m->node_pages * PAGE_BYTES;
}

static inline void *page_address(const struct memory *m, const struct page *page)
{
	return pfn_address(m, page_to_pfn(m, page));
}

/* Page frame of an address; m->pages if it lies in none. */
static inline uint64_t address_to_pfn(const struct memory *m, const void *address)
{
	for (unsigned n = 0; n < m->nodes; n++) {
		uint64_t offset = (uint64_t)((uintptr_t)address - (uintptr_t)m->node[n].base);

		if (offset < m->node_pages * PAGE_BYTES)
			return n * m->node_pages + offset / PAGE_BYTES;
	}
	return m->pages;
}

static inline struct page *virt_to_page(const struct memory *m, const void *address)
{
	return pfn_to_page(m, address_to_pfn(m, address));
}

static inline unsigned pfn_to_node(const struct memory *m, uint64_t pfn)
{
	return (unsigned)(pfn / m->node_pages);
}

/*
 * A page struct gets its first values when the block of the largest order that it lies in is first
 * taken from the free lists, which is before anybody reads it; the head of such a block at set-up.
 * So memory that nobody uses costs the simulator nothing. No access.
 */
void memory_used(struct memory *m, const struct page *page);
bool memory_is_used(const struct memory *m, uint64_t pfn);
/* The first page frame from pfn on whose page struct has values; m->pages: none. */
uint64_t memory_next(const struct memory *m, uint64_t pfn);
void memory_forget_seen(const struct memory *m);        /* clears m->seen, before a check */

/* From now on reports name the members of this page struct by `layout`; NULL: by the page
 * allocator's view, as after memory_new. */
void page_relabel(struct cpu *cpu, const struct memory *m, const struct page *page,
		  const struct layout *layout);

/* The same for the 2^order pages themselves, as instances of `layout` that are `stride` bytes
 * apart; NULL: frames that nobody uses. */
void frames_relabel(struct cpu *cpu, const struct memory *m, const struct page *page,
		    unsigned order, const struct layout *layout, size_t stride, const char *label);

/*
 * The page allocator's way to a member, whatever the era: load(cpu, page_flags(m, page)).
 * In flags both kinds of allocator agree on the head mark of a compound page and on the node number;
 * the order of a compound page lies in the lru.prev of its first tail. A tail has a mark in flags
 * too, and the head's address over private; where the view has a compound_head, it is that word, the
 * head's address + 1, which overlays lru.next.
 */
enum page_flag {                        /* bits of flags */
	PG_LOCKED = 0,
	PG_ERROR = 1,
	PG_LRU = 5,
	PG_ACTIVE = 6,                  /* of a slab until 3.0: frozen */
	PG_SLAB = 7,
	PG_HEAD = 14,
	PG_TAIL = 15,
	PG_SWAPBACKED = 19,             /* of 3.9; until 2.6.24 the mark of free blocks */
	PG_NODE_SHIFT = 54,
};

#define PAGE_MEMBER(member, type) \
	static inline type *page_##member(const struct memory *m, struct page *page) \
	{ \
		return (type *)((char *)page + m->view->member); \
	}
PAGE_MEMBER(flags, uint64_t)
PAGE_MEMBER(count, int32_t)
PAGE_MEMBER(mapcount, int32_t)
PAGE_MEMBER(private, uint64_t)
PAGE_MEMBER(mapping, uint64_t)
PAGE_MEMBER(index, uint64_t)
PAGE_MEMBER(lru, struct list_head)
PAGE_MEMBER(compound_head, uint64_t)
#undef PAGE_MEMBER

static inline struct page **page_first_page(const struct memory *m, struct page *tail)
{
	return (struct page **)page_private(m, tail);
}

/* The head of the block that the page is in, by its mark. No access. */
struct page *page_head(const struct memory *m, struct page *page);

static inline uint64_t *compound_order(const struct memory *m, struct page *head)
{
	return (uint64_t *)&page_lru(m, pfn_to_page(m, page_to_pfn(m, head) + 1))->prev;
}

/* ---- page allocators ------------------------------------------------------------------------ */

enum gfp {
	GFP_KERNEL = 0,                 /* may sleep; unmovable */
	GFP_ATOMIC = 1,
	GFP_MOVABLE = 2,
	GFP_RECLAIMABLE = 4,
	GFP_ZERO = 8,
	GFP_COMP = 16,                  /* a compound page: slabs */
	GFP_COLD = 32,                  /* a page that need not be in the cache */
	GFP_FROZEN = 64,                /* a block that nobody refers to; where there is free_frozen */
};

/* A list of pages that reclaim looks at; file pages here are of the page cache. */
enum lru_list { LRU_INACTIVE_ANON, LRU_ACTIVE_ANON, LRU_INACTIVE_FILE, LRU_ACTIVE_FILE, LRU_LISTS };

struct page_allocator {
	const char *name, *summary;
	/* Of what it follows, and when that came out; what it has that the one before it lacked: in
	 * sentences. */
	const char *version, *brings;
	unsigned year;
	const struct setting *settings;         /* NULL: none */
	size_t settings_size;
	/* Of its own era, by its settings; used without an object allocator. */
	const struct page_view *(*view)(const void *settings);
	const struct layout *const *layouts;    /* of its structs, NULL-terminated */
	enum kernel (*kernel)(const void *settings);    /* that it is of, with what `fit` chose */
	/* Set-up: all memory free. */
	void *(*create)(struct sim *sim, struct memory *memory, const void *settings);
	/* Settings that say `auto` become those of a kernel; NULL: there are none. */
	void (*fit)(void *settings, enum kernel kernel);
	/* A block of 2^order pages, or NULL: no memory. Interrupts as the caller has them. */
	struct page *(*alloc)(struct cpu *cpu, void *state, unsigned order, unsigned gfp);
	void (*free)(struct cpu *cpu, void *state, struct page *page, unsigned order);
	/* What was allocated with GFP_FROZEN goes. NULL: each block has its reference. */
	void (*free_frozen)(struct cpu *cpu, void *state, struct page *page, unsigned order);
	/* Slabs have `pages` more, or fewer, of the page's zone: its NR_SLAB counters. */
	void (*count_slab)(struct cpu *cpu, void *state, struct page *page, bool reclaimable,
			   int pages);
	/* Pages that CPUs keep go back to where all can have them; interrupts on. An operation of
	 * its own, OP_DRAIN, also within an allocation: the model brackets it. NULL: none do. */
	void (*drain_all)(struct cpu *cpu, void *state);
	/* What each CPU does once a second, interrupts on; NULL: nothing. */
	void (*tick)(struct cpu *cpu, void *state);
	/*
	 * Pages of processes. Who unmaps many single pages frees them in groups of `group`, which
	 * is the most that free_batch takes: the last reference to each goes, those on the LRU
	 * leave it, all are freed. A page that somebody else refers to stays, and goes with that
	 * reference. 0 and NULL: the caller frees one by one.
	 */
	unsigned group;
	void (*free_batch)(struct cpu *cpu, void *state, struct page *const *page, unsigned count);
	/* A single page is to go on the LRU: it waits in the CPU's pagevec until that is full. NULL:
	 * there is no LRU. */
	void (*lru_add)(struct cpu *cpu, void *state, struct page *page, enum lru_list list);
	/* What waits in this CPU's pagevec goes on the LRU now. */
	void (*lru_drain)(struct cpu *cpu, void *state);
	/* A page leaves the LRU, before it is freed alone. */
	void (*lru_del)(struct cpu *cpu, void *state, struct page *page);
	/* An anonymous page gets its only mapping by a process, or loses it: its struct page and
	 * NR_ANON_PAGES of its zone. NULL: nothing of it is kept. */
	void (*map)(struct cpu *cpu, void *state, struct page *page);
	void (*unmap)(struct cpu *cpu, void *state, struct page *page);
	/* current_process(cpu) is over; what the allocator keeps for it goes back. NULL: nothing. */
	void (*process_exit)(struct cpu *cpu, void *state);
	/* No CPU inside: true if the invariants hold, else failed(). It may tell of each page or list
	 * in which state it is, see_state(). No accesses. */
	bool (*check)(const void *state, const struct report *report);
	uint64_t (*free_pages)(const void *state);      /* for check: pages that nobody holds */
	/* For check: NR_SLAB of a node, CPUs' differences with it, as count_slab was told. NULL: not
	 * kept. */
	int64_t (*slab_pages)(const void *state, unsigned node, bool reclaimable);
	/* For reports: blocks of each order that any CPU can have. NULL: it has no orders. */
	void (*free_blocks)(const void *state, uint64_t blocks[MAX_ORDER]);
};

/* A page allocator at work; object allocators and workloads call it through these. */
struct pages {
	const struct page_allocator *model;
	void *state;
	struct memory *memory;
};

struct page *pages_alloc(struct cpu *cpu, const struct pages *pages, unsigned order, unsigned gfp);
void pages_free(struct cpu *cpu, const struct pages *pages, struct page *page, unsigned order);
/* The same of frozen pages; of a page allocator that has none, pages like all others. */
struct page *pages_alloc_frozen(struct cpu *cpu, const struct pages *pages, unsigned order,
				unsigned gfp);
void pages_free_frozen(struct cpu *cpu, const struct pages *pages, struct page *page,
		       unsigned order);
void pages_count_slab(struct cpu *cpu, const struct pages *pages, struct page *page,
		      bool reclaimable, int count);

extern const struct page_allocator *const page_allocators[];    /* NULL-terminated registry */
const struct page_allocator *page_allocator_find(const char *name);

/* ---- object allocators ----------------------------------------------------------------------- */

struct kmem_cache;              /* each model has its own */
struct slab_sheaf;              /* objects in somebody's hands; models/slub/sheaf.h */

struct object_allocator {
	const char *name, *summary;
	/* Of what it follows, and when that came out; what it has that the one before it lacked: in
	 * sentences. NULL and 0: not told. */
	const char *version, *brings;
	unsigned year;
	const char *content;                    /* hash of the file it was loaded from; NULL: none */
	const struct setting *settings;
	size_t settings_size;
	/* Its variants, each whole, one of them this; the int at `variant` in the settings chooses.
	 * NULL: it has none. */
	const struct object_allocator *const *variants;
	size_t variant;
	enum kernel kernel;                     /* that it is of */
	const struct page_view *view;           /* struct page of its era; NULL: its page allocator's */
	const struct layout *const *layouts;    /* of its structs, NULL-terminated */
	void *(*create)(struct sim *sim, const struct pages *pages, const void *settings);
	/* Set-up: a cache of `size` byte objects; align 0: that of a word. */
	struct kmem_cache *(*cache_create)(void *state, const char *name, unsigned size,
					   unsigned align);
	/* Set-up: the cache's objects can be reclaimed (SLAB_RECLAIM_ACCOUNT): its slabs are
	 * RECLAIMABLE pages and counted so. NULL: the model has no such caches. */
	void (*cache_reclaimable)(struct kmem_cache *cache);
	/* Set-up: the cache kmalloc(size) takes from; NULL: beyond the largest, goes to pages. */
	struct kmem_cache *(*kmalloc_cache)(void *state, size_t size);
	void *(*alloc)(struct cpu *cpu, void *state, struct kmem_cache *cache, unsigned gfp);
	void (*free)(struct cpu *cpu, void *state, struct kmem_cache *cache,
		     void *object); /* kmem_cache_free */
	void *(*kmalloc)(struct cpu *cpu, void *state, size_t size, unsigned gfp);
	void (*kfree)(struct cpu *cpu, void *state, void *object);
	/* Freed once a grace period is over. NULL: the caller waits and frees. */
	void (*free_rcu)(struct cpu *cpu, void *state, struct kmem_cache *cache, void *object);
	/* A sheaf with `count` objects or more, which alloc_prefilled takes without failing; what is
	 * left of it is returned. NULL, all three: there are no sheaves. */
	struct slab_sheaf *(*prefill)(struct cpu *cpu, void *state, struct kmem_cache *cache,
				      unsigned count, unsigned gfp);
	void *(*alloc_prefilled)(struct cpu *cpu, struct slab_sheaf *sheaf);
	void (*return_prefilled)(struct cpu *cpu, void *state, struct kmem_cache *cache,
				 struct slab_sheaf *sheaf, unsigned gfp);
	/* What each CPU does once a second, in a timer's handler; NULL: nothing. */
	void (*tick)(struct cpu *cpu, void *state);
	unsigned (*object_size)(const struct kmem_cache *cache); /* bytes from object to object */
	unsigned (*objects_per_slab)(const struct kmem_cache *cache);
	/* Bytes of per-CPU and per-cache metadata (not page structs), for the memory cost. */
	uint64_t (*metadata_bytes)(const void *state);
	/* No CPU inside: true if the header's invariants hold, else failed(). It may tell of each slab
	 * and list in which state it is, see_state(). */
	bool (*check)(const void *state, const struct report *report);
	/* No CPU inside: objects that no freelist has: handed out and not freed, or lost. */
	uint64_t (*in_use)(const void *state);
	/* Is losing objects a bug that history had and the settings ask for? NULL: never. */
	bool (*may_lose)(const void *state);
	/* For check: is `object` inside a live slab of `cache` (NULL: of any) and on a slot boundary? */
	bool (*owns)(const void *state, const struct kmem_cache *cache, const void *object);
};

extern const struct object_allocator *object_allocators[];      /* NULL-terminated */
struct plugin;
/* One more, which was loaded from that file with that hash of its content; the strings live as long
 * as the program. False: there are OWN_MAX already. */
bool object_allocator_load(const struct plugin *plugin, const char *file, const char *content);
const struct object_allocator *object_allocator_find(const char *name);

/* The variant that the settings choose: it does the work. */
static inline const struct object_allocator *
object_allocator_variant(const struct object_allocator *model, const void *settings)
{
	if (!model->variants)
		return model;
	return model->variants[*(const int *)((const char *)settings + model->variant)];
}

/* The page allocator of an object allocator's time; NULL: of the latest. */
const struct page_allocator *page_allocator_of(const struct object_allocator *objects);
/* The object allocator's page structs, else the page allocator's. */
const struct page_view *page_view_of(const struct object_allocator *objects,
				     const struct page_allocator *pages, const void *settings);

/* An object allocator at work. */
struct objects {
	const struct object_allocator *model;
	void *state;
	const struct pages *pages;
};

#endif
