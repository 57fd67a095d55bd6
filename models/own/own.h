/*
 * The door through which a loaded allocator (models/allocator.h) becomes an object allocator like
 * any other, in each backend. own.c: the allocator, its caches, and the books on what it hands out;
 * table.c: its verbs; guard.c: what it touches without one.
 *
 *	workload -- alloc(cache) --> own.c -- alloc(cpu, alias) --> the allocator
 *	                               |                               | load(alias of a word)
 *	                               `-- books, locks, interrupts    v
 *	                                                     table.c -- load(the word) --> backend
 *
 * The allocator never sees where simulated memory really lies. It computes with addresses of an
 * alias of the same size, in which nothing can be touched, and table.c takes the distance off. So
 * what lies in its lists is addresses of the alias, and only it reads them.
 */
#ifndef MODELS_OWN_H
#define MODELS_OWN_H

#include <setjmp.h>

#include "models/allocator.h"
#include "models/model.h"
#include "sim/verbs/head.h"

enum {
	OWN_MAX = 4, OWN_CACHES = 64, OWN_LOCKS = 8, GRANULE = 8,
	PAGE_WORDS = PAGE_BYTES / GRANULE / 64,
	OWN_VERBS = 10 * 1000 * 1000,   /* of one operation, or one check(): more have no end */
};

struct own;

struct kmem_cache {
	struct own *own;
	char *at, *cpu;                 /* the allocator's structs, really; cpu NULL: it has none */
	const char *name;
	size_t object_bytes, block_bytes;
	unsigned order;
	uint16_t number;                /* from 1 on */
	bool kmalloc;                   /* its page structs say so, for kfree */
};

/* A page frame: whose it is, and its objects by granules. */
struct frame {
	uint16_t cache;                 /* 0: not of this allocator */
	uint16_t behind;                /* pages behind the block's first */
	uint64_t alive[PAGE_WORDS];     /* of objects that are handed out */
	uint64_t begins[PAGE_WORDS];    /* where one of them begins */
	uint64_t told[PAGE_WORDS];      /* check(): free, says the allocator */
};

struct lock_held {
	const void *lock;
	const struct site *site;        /* where it was taken */
	unsigned bit;                   /* of a word; a spinlock: NOT_A_BIT */
};
enum { NOT_A_BIT = 64 };

/* A CPU that is inside the allocator, or was. */
struct visitor {
	uint32_t locks;
	struct lock_held held[OWN_LOCKS];
	const struct site *off;         /* where interrupts went off last */
	const struct site *last;        /* its last verb */
	uint32_t verbs;                 /* since it came in */
	unsigned gfp;
};

struct own {
	const struct allocator *plug;
	const char *file;               /* of the shared object */
	struct sim *sim;
	const struct pages *pages;
	const void *settings;
	const char *base;               /* of the arena, */
	uint64_t bytes;
	const char *alias;              /* and of its alias */
	struct frame *frame;            /* by page frame */
	struct visitor *visitor;        /* by CPU */
	struct kmem_cache cache[OWN_CACHES];
	unsigned caches, kmallocs;
	uint32_t peeks;                 /* of this check() */
	bool shut;                      /* its C variables cannot be written to */
	char broken[200];               /* what went wrong before time zero */
	const struct site *broken_at;
};

/* ---- own.c ---------------------------------------------------------------------------------- */

/* The allocator of a plug-in, of this backend; NULL: OWN_MAX are there. `file` and `content`, a hash
 * of it, live as long as the program. */
const struct object_allocator *own_allocator(const struct plugin *plugin, const char *file,
					     const char *content);
struct kmem_cache *own_cache(const struct own *own, const void *alias);
struct frame *own_frame(const struct own *own, const void *real);

static inline struct own *own_of(const struct cpu *cpu)
{
	return sim_head(cpu_sim(cpu))->own;
}

static inline void *own_alias(const struct own *own, const void *real)
{
	return (char *)(uintptr_t)own->alias + ((const char *)real - own->base);
}

static inline void *own_real(const struct own *own, const void *alias)
{
	return (char *)(uintptr_t)own->base + ((const char *)alias - own->alias);
}

/* Is the alias of `size` bytes of memory there? */
static inline bool own_inside(const struct own *own, const void *p, size_t size)
{
	uint64_t offset = (uint64_t)((const char *)p - own->alias);

	return offset >= ARENA_PAGE && offset < own->bytes && own->bytes - offset >= size;
}

/* How an address that is not inside is told, as it would be in every run. */
const char *own_nowhere(const void *p, char *buf, size_t size);
/* "toy.size" of a real address. */
const char *own_describe(const struct own *own, const void *real, char *buf, size_t size);
/* The word's granules from `at` on, as many as `bytes` have in this frame; see own_granules. */
bool own_any(const uint64_t *words, size_t at, size_t bytes);

/* ---- table.c -------------------------------------------------------------------------------- */

extern const struct verb_table own_table;

struct books {
	struct own *own;
	const struct kmem_cache *cache; /* that is asked */
	uint64_t told;                  /* objects of it */
	char *why;
	size_t size;
	jmp_buf escape;                 /* check() ends here, with the reason in `why` */
};

/* ---- guard.c -------------------------------------------------------------------------------- */

/* From here on the allocator's code runs: for a CPU, or (NULL) for set-up or check(), which a
 * mistake leaves by `escape`. */
void guard_enter(struct own *own, struct cpu *cpu, jmp_buf *escape);
void guard_leave(void);
/* Did it call fork() since this was last asked? The copy is gone. */
bool guard_forked(void);
struct own *guard_own(void);
/* A mistake outside of a run: the reason in own->broken, and out by the escape. */
_Noreturn void guard_break(const struct site *site, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Its C variables can be written to, or are only read from here on. */
void guard_variables(const struct own *own, bool writable);

#endif
