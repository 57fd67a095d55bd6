/*
 * An object allocator on a small machine, for tests of which words a path touches: runs a script of
 * operations in strict order and records one of them. The names of words are the test's own.
 * (tests/model_fixture.h does the same for SLUB, whose names it knows.)
 */
#ifndef TESTS_TOUCH_FIXTURE_H
#define TESTS_TOUCH_FIXTURE_H

#include "models/model.h"
#include "sim/sim.h"

enum { TOUCH_SLOTS = 128, TOUCH_ACCESSES = 2048, TOUCH_BLOCKS = 16 };

struct touch;

struct touch_names {
	/* The address of a word, of `slot` if the name has one: "PG(a).flags" is base "PG", slot
	 * 'a', member "flags". NULL: there is no such name. */
	void *(*place)(const struct touch *touch, const char *base, char slot, unsigned number,
		       const char *member);
	/* What a line is called in the sheet's tables. */
	const char *(*line)(const struct touch *touch, const void *address);
	/* After each allocation, what must be remembered of it; NULL: nothing. */
	void (*note)(struct touch *touch, unsigned slot);
};

struct touch_options {
	const char *objects, *settings; /* "limit=4 batchcount=2" */
	const struct touch_names *names;
	unsigned cpus, nodes;           /* 0: 2, 1 */
	unsigned object_size, align;    /* 0: 1024, a word */
	unsigned stride;                /* of page structs; 0: the view's */
	unsigned blocks;                /* page allocations that succeed; 0: all */
	bool is_atomic, preempt;
	/* called after every access that is recorded; NULL: it is not. Another CPU's deeds, in plain C */
	void (*meddle)(struct touch *touch, const struct access *access);
};

struct touch_access {
	char how;       /* R load, W store, M both at once, A with LOCK, P prefetch, Q to write */
	const void *address;
	const char *text;               /* expected: of a word that is known by its description */
};

struct touch_step {
	unsigned cpu;
	char what;
	unsigned char slot;
	unsigned count;
	bool recorded;
};

struct touch {
	struct sim *sim;
	struct memory *memory;
	struct pages pages;             /* not recorded, but for what is counted */
	const struct page_allocator *page_model;
	void *page_state;
	struct objects objects;
	struct kmem_cache *cache;
	const struct touch_options *options;
	void *slot[TOUCH_SLOTS];        /* objects; stay after a free */
	const void *noted[TOUCH_SLOTS]; /* the test's */
	void *block[TOUCH_BLOCKS];      /* first bytes of what the page allocator gave, in order */
	unsigned blocks;
	struct touch_step step[512];
	unsigned steps;
	uint64_t *turn;                 /* simulated: steps done */
	/* called inside every page allocation, interrupts as they are */
	void (*meanwhile)(struct cpu *cpu, struct touch *touch);
	bool recording;
	unsigned recorded_cpu;
	struct touch_access access[TOUCH_ACCESSES];
	unsigned accesses;
	const char *path;
};

struct touch *touch_new(const struct touch_options *options);
void touch_free(struct touch *touch);
/*
 * "0+a4 !1-a": CPU 0 allocates a, b, c, d, then CPU 1 frees a, which is recorded. Steps: + alloc,
 * * alloc zeroed, - kmem_cache_free, ~ kfree, each with a slot and how many; t: a second is over.
 */
void touch_run(struct touch *touch, const char *script);
/*
 * The record is this path, access by access: "R CPA, M AC.avail, R ACe[3], W OB(a)". A name is
 * base, (slot), [number], .member, of which all but the first may be missing.
 */
void touch_expect_path(const struct touch *touch, const char *path);
/* The lines that were only read, that were written, and the LOCK operations. */
void touch_expect_lines(const struct touch *touch, const char *only_read, const char *written,
			unsigned locks);
void touch_expect_sound(const struct touch *touch);
void touch_expect_unsound(const struct touch *touch, const char *reason);

struct touch_row {
	const char *name;
	const char *annotation;         /* what the model calls the path */
	struct touch_options options;
	const char *script, *path;
	const char *only_read, *written;
	unsigned locks;
};
void touch_check_row(const struct touch_row *row);

#endif
