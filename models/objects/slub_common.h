/*
 * What the SLUB models of 2.6.22 to 2.6.24 share: struct page as a slab, caches and their nodes,
 * partial lists, making and giving back slabs, and the locked half of a free.
 *
 *	kmem_cache  -> node -> partial: page(slab) <-> page(slab)
 *	            -> cpu_slab[cpu]: what the CPU allocates from, the model's own
 *
 * A slab is 2^order pages; its state lies in the struct page of the first. It is
 *	frozen   some CPU's slab: on no list, that CPU alone takes objects from it;
 *	partial  on the list of its node: has free objects and no CPU;
 *	full     on no list: no free object and no CPU.
 * Any CPU may put an object back on page->freelist, under the slab lock (a bit of page->flags).
 *
 * True whenever no CPU is inside an operation, which is when check() runs:
 *   (1) a slab is in exactly one of the three states, and of one CPU at most;
 *   (2) inuse is the number of its objects less the length of page->freelist; objects on a CPU's
 *       private list count as in use;
 *   (3) every list ends and stays on the slots of its slab; no object is on two;
 *   (4) nr_partial is the length of the partial list, nr_slabs the number of slabs of the node;
 *   (5) no lock is held.
 *
 * Lock order: slab lock, then list_lock; taking from the list only tries the slab lock.
 * Interrupts are off, but for the making of a slab by a caller that may sleep.
 */
#ifndef MODELS_OBJECTS_SLUB_COMMON_H
#define MODELS_OBJECTS_SLUB_COMMON_H

#include "models/model.h"

enum {
	PG_FROZEN = PG_ACTIVE,
	PG_DEBUG = 1,                   /* PG_error: never set here, but looked at */
	WORD = 8,
	NR_KMALLOC = 23,                /* sizes up to 2^22, the largest block */
};

/* struct page of a slab until 3.0. Where versions differ, they overlay. */
struct slab_page {
	uint64_t flags;                 /* slab lock, frozen, node */
	int32_t _count;
	union {
		struct {                /* 2.6.22, dfb4f096 */
			uint16_t inuse;
			uint16_t offset;        /* of the free pointer in an object, in words */
		};
		uint32_t wide_inuse;    /* 2.6.24 */
	};
	union {
		void *lockless_freelist;        /* 2.6.22: of the CPU that has the slab */
		struct kmem_cache *slab_16;     /* 2.6.24 */
		struct slab_page *first_page;   /* of a tail page */
	};
	union {
		struct kmem_cache *slab_24;     /* 2.6.22, dfb4f096 */
		uint64_t mapping;
	};
	void *freelist;                 /* under the slab lock */
	struct list_head lru;           /* on the partial list; under list_lock */
};

extern const struct layout slab_page_2622, slab_page_dfb4f096, slab_page_2624, slab_page_tail;

/* Not line-aligned: nodes of different caches share lines. */
struct kmem_cache_node {
	struct spinlock list_lock;
	uint64_t nr_partial;
	int64_t nr_slabs;               /* atomic */
	struct list_head partial;
	struct list_head full;          /* of debugged slabs only: unused */
};

extern const struct layout kmem_cache_node_layout;

/*
 * What follows is not one struct: with more than one node node[] behind defrag_ratio, then
 * cpu_slab[], which begins in place of defrag_ratio where there is one node. What an element of
 * cpu_slab[] is, is the model's. Not line-aligned: see slub_kmalloc_setup.
 */
struct kmem_cache {
	uint64_t flags;
	int32_t size, objsize;          /* from object to object; as asked for */
	int32_t offset;                 /* of the free pointer in an object, in bytes */
	int32_t order;
	struct kmem_cache_node local_node;      /* of the cache's own node, 0 */
	int32_t objects;                /* in a slab */
	int32_t refcount;
	void (*ctor)(void *object);
	int32_t inuse, align;
	const char *name;
	struct list_head list;          /* of all caches */
	const char *object_label;       /* not simulated; the kernel has its kobject here */
	char kobject[96];
	int32_t defrag_ratio;           /* of 1024 times, tries the partial lists of other nodes */
};

enum cache_flag { SLAB_RECLAIM_ACCOUNT = 17 };  /* bits of flags: which counter slabs belong to */

extern const struct layout kmem_cache_layout;

/* What differs between the versions in the shared code. */
struct slub_version {
	uint64_t min_partial;           /* empty slabs are kept up to so many partial ones */
	enum bit_unlock unlock;
	bool old_page;                  /* page->offset, 16-bit inuse, slab at 24 */
	bool lockless;                  /* the CPU's freelist lies in the page */
	bool clears_debug;              /* a slab that goes loses its debug bit */
	bool free_to_tail; /* a full slab that gets an object: end of the partial list */
	bool reuses;                    /* released with the bug that 05aa345034d mended */
	size_t kmalloc_max;             /* larger ones come from the page allocator */
	size_t cpu_slab_bytes;          /* of an element of cpu_slab[] */
	const struct layout *page, *cpu_slab;   /* struct page of a slab; element of cpu_slab[] */
};

struct slub_settings {
	uint64_t min_objects, min_order, max_order;
	uint64_t min_partial;           /* 0: that of the version */
	int variant;                    /* slub-cpu only */
	int bugs;                       /* enum bugs */
	bool own_lines;                 /* kmalloc's caches do not share lines */
	uint64_t nr_cpus;               /* as nr_cpus() has it */
};

enum bugs { BUGS_RELEASED, BUGS_FIXED };
extern const char *const bugs_words[];

#define SLUB_SETTINGS \
	SETTING(struct slub_settings, min_objects, COUNT, .min = 1, .max = 512, .fallback = "4", \
		.help = "a slab should hold so many objects"), \
	SETTING(struct slub_settings, min_order, COUNT, .min = 0, .max = 10, .fallback = "0", \
		.help = "slabs are 2^min_order pages or larger"), \
	SETTING(struct slub_settings, max_order, COUNT, .min = 0, .max = 10, .fallback = "1", \
		.help = "slabs are 2^max_order pages or smaller, unless one object needs more"), \
	SETTING(struct slub_settings, own_lines, SWITCH, .fallback = "false", \
		.help = "kmalloc's caches begin on lines of their own; else they are packed: the " \
			"end of cpu_slab[] of one and the list_lock of the next share a line"), \
	SETTING(struct slub_settings, nr_cpus, COUNT, .min = 1, .max = 4096, .fallback = "-", \
		.help = "NR_CPUS of the kernel, at least the CPUs of the run: kmalloc's caches " \
			"have room for so many in cpu_slab[]; default the CPUs of the run rounded " \
			"up to 8")

/* What one CPU has of a cache, for check(). */
struct cpu_view {
	struct slab_page *page;         /* its slab, or NULL */
	void *freelist;                 /* its private list there, if that is not in the page */
};

/* Constants of the run: what the kernel knows by symbol or by configuration. */
struct slub {
	struct sim *sim;
	const struct pages *pages;
	struct memory *memory;
	const struct slub_version *version;
	struct slub_settings settings;
	size_t cpu_slab_offset;         /* of cpu_slab[] in struct kmem_cache */
	unsigned caches;
	uint64_t cache_bytes;           /* of all caches, with their cpu_slab[] */
	struct list_head cache_list;
	struct kmem_cache *kmalloc_96, *kmalloc_192, *kmalloc[NR_KMALLOC];
	struct { struct kmem_cache_node *slab; unsigned left; } *node_slab;    /* by node */
	/* set-up of a new cache's cpu_slab[] */
	void (*cpu_slab_new)(struct slub *slub, struct kmem_cache *s);
	struct cpu_view (*cpu_view)(const struct slub *slub, const struct kmem_cache *s,
				    unsigned id);
	void *own;                      /* the model's */
};

static inline void **free_pointer(void *object, unsigned words)
{
	return (void **)object + words;
}

static inline struct kmem_cache **page_slab(const struct slub *slub, struct slab_page *page)
{
	return slub->version->old_page ? &page->slab_24 : &page->slab_16;
}

static inline void *cpu_slab_of(const struct slub *slub, const struct kmem_cache *s, unsigned id)
{
	return (char *)s + slub->cpu_slab_offset + id * slub->version->cpu_slab_bytes;
}

static inline struct kmem_cache_node **cache_node(struct kmem_cache *s, unsigned node)
{
	return (struct kmem_cache_node **)((char *)s + sizeof *s) + node;
}

/* ---- slabs ------------------------------------------------------------------------------- */

static inline void slab_lock(struct cpu *cpu, struct slab_page *page)
{
	bit_spin_lock(cpu, &page->flags, PG_LOCKED);
}

static inline void slab_unlock(struct cpu *cpu, const struct slub *slub, struct slab_page *page)
{
	bit_spin_unlock(cpu, &page->flags, PG_LOCKED, slub->version->unlock);
}

static inline bool slab_debug(struct cpu *cpu, struct slab_page *page)
{
	uint64_t flags = load(cpu, &page->flags);

	return flags >> PG_DEBUG & 1;
}

void slab_set_inuse(struct cpu *cpu, const struct slub *slub, struct slab_page *page,
		    unsigned inuse);
/* One object less in use. Returns how many are left. */
unsigned slab_dec_inuse(struct cpu *cpu, const struct slub *slub, struct slab_page *page);

/* The slab an object lies in: reads the page struct of the object's own page. */
struct slab_page *slab_head_page(struct cpu *cpu, const struct slub *slub, const void *object);

/* A slab with free objects from the partial list, frozen and locked; NULL: none. */
struct slab_page *slab_get_partial(struct cpu *cpu, struct slub *slub, struct kmem_cache *s);
/* A new slab, not yet frozen, unlocked; interrupts come on meanwhile if the caller may sleep. */
struct slab_page *slab_new(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, unsigned gfp);
/* The CPU's slab that an interrupt made while a new one was made: go on with it, as released? */
bool slub_reuses(const struct slub *slub);
void slab_discard(struct cpu *cpu, struct slub *slub, struct kmem_cache *s, struct slab_page *page);
/* The CPU gives its locked slab up: to the partial list, to nobody if full, back if empty. */
void slab_unfreeze(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		   struct slab_page *page);
/* Free into a slab that is not this CPU's. `words`: the free pointer's offset, where it is not
 * read from the page. */
void slab_free_slow(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
		    struct slab_page *page, void *object, unsigned words);

/* A large kmalloc and its kfree: whole pages. */
void *kmalloc_pages(struct cpu *cpu, struct slub *slub, size_t size, unsigned gfp);
void kfree_pages(struct cpu *cpu, struct slub *slub, struct slab_page *page, uint64_t flags);

/* Writes zeros over an object, one store per line. */
void object_clear(struct cpu *cpu, void *object, unsigned bytes);

/* ---- what the models hand on to struct object_allocator ------------------------------------ */

/* kmalloc's caches are made by slub_kmalloc_setup, when the model is ready for caches: one array,
 * whose elements are no whole number of lines. */
struct slub *slub_new(struct sim *sim, const struct pages *pages,
		      const struct slub_version *version, const struct slub_settings *settings);
void slub_kmalloc_setup(struct slub *slub);
struct kmem_cache *slub_cache_create(void *state, const char *name, unsigned size, unsigned align);
struct kmem_cache *slub_kmalloc_cache(void *state, size_t size);
unsigned slub_object_size(const struct kmem_cache *s);
unsigned slub_objects_per_slab(const struct kmem_cache *s);
/* Caches with their node structs and cpu_slab[] arrays; kmalloc's array whole, used or not. */
uint64_t slub_metadata_bytes(const void *state);
bool slub_check(const void *state, char *why, size_t size);
uint64_t slub_in_use(const void *state);
bool slub_may_lose(const void *state);
bool slub_owns(const void *state, const struct kmem_cache *s, const void *object);

#endif
