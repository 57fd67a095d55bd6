/*
 * A small machine with the allocators on it, for the models' tests: runs a script of operations
 * in strict order and records which lines one of them touched.
 */
#ifndef TESTS_MODEL_FIXTURE_H
#define TESTS_MODEL_FIXTURE_H

#include "models/slub/slub.h"
#include "sim/sim.h"

/* The versions of SLUB. To ERA_2624 the node's struct and cpu_slab[] lie in struct kmem_cache. */
enum era {
	ERA_2622, ERA_DFB4F096, ERA_2624, ERA_2639, ERA_31, ERA_32, ERA_318, ERA_40, ERA_TAGGED,
	ERA_TAGGED_V1, ERAS
};
enum { FIXTURE_CPUS = 16, SLOTS = 128, STEPS_MAX = 512, TOUCHED_MAX = 512, ACCESSES_MAX = 1024 };

struct fixture_options {
	enum era era;
	bool pages_only;                /* no object allocator */
	const char *pages;              /* page allocator; NULL: buddy */
	enum kernel kernel;             /* of pcp */
	unsigned batch;                 /* of pcp; 0: by the size of memory */
	const void *page_settings;      /* the page allocator's; NULL: those of buddy and pcp here */
	unsigned cpus;                  /* 0: 2 */
	unsigned nr_cpus;               /* of the kernel; 0: cpus rounded up to 8 */
	unsigned nodes;                 /* 0: 1; 1, 2 or 4 */
	enum placement placement;
	const struct page_view *view;   /* NULL: the era's */
	unsigned stride;                /* of page structs; 0: the view's */
	unsigned skip_pages;            /* page frames taken before anything else */
	unsigned object_size;           /* of the cache under test; 0: 1024, 4 objects in a page */
	uint64_t min_objects, min_order, max_order;     /* 0, 0, 0: 4, 0, 1 */
	bool orders_by_cpus;            /* as the model has it by itself, from 2.6.39 on */
	uint64_t min_partial;           /* 0: the version's */
	bool bugs_released, own_lines;
	bool no_cmpxchg16b, no_cpu_partial;
	unsigned reserve_blocks;
	enum lock_kind lock;
	uint64_t mib;                   /* 0: 4 */
	uint64_t cache_kib;             /* of each core, its only cache; 0: 32 */
	bool preempt;
	/* another model than one of the eras; names in paths are then those of `family` */
	const struct object_allocator *objects;
	const void *settings;           /* of it */
	const struct fixture_family *family;
};

struct touched {
	uint64_t line;                  /* offset in the arena */
	const void *address;            /* of one access to it */
	bool read, write;
	unsigned locks;
};

struct one_access {
	char how;       /* R load, W store, M both at once, A with LOCK, P prefetch, Q to write */
	const void *address;
	const char *text;               /* expected: of a word that is known by its description */
	bool irqs_off;                  /* recorded */
	bool gets_exclusive;            /* recorded: the CPU did not have the line for writing */
};

struct script_step {
	unsigned cpu;
	char what;                      /* see fixture_run */
	unsigned char slot;
	unsigned order;                 /* of pages */
	bool recorded;
};

struct fixture;

/* Where the names of a sheet lie in models that share structs. */
struct fixture_family {
	void *(*place)(const struct fixture *fixture, const char *name);
	/* the sheet's name of the line at an address */
	const char *(*line_name)(const struct fixture *fixture, const void *address);
	/* a name in a path that stands for several accesses; false: it is none. *length: of the name */
	bool (*expand)(const struct fixture *fixture, const char *path, struct one_access *list,
		       unsigned *count, int *length);
};

struct fixture {
	struct sim *sim;
	const struct fixture_family *family;
	uint64_t arena_bytes;
	struct memory *memory;
	enum era era;
	struct pages pages;             /* as the object allocator sees them: not recorded */
	const struct page_allocator *page_model;
	struct page_allocator quiet;    /* the same, not recorded */
	void *page_state;
	struct objects objects;
	struct slub *slub;              /* = objects.state */
	struct kmem_cache *cache;
	void *slot[SLOTS];              /* objects, page structs; stay after a free */
	/* called inside every page allocation of the object allocator, interrupts as they are */
	void (*meanwhile)(struct cpu *cpu, struct fixture *fixture);
	uint64_t left;                  /* for meanwhile */
	bool no_pages;                  /* at the moment: page allocations of objects fail */
	/* called at every access that is recorded; NULL: it is not. Another CPU's deeds, in plain C */
	void (*meddle)(struct fixture *fixture, const struct access *access);
	/* the script */
	struct script_step step[STEPS_MAX];
	unsigned steps, skip_pages;
	uint64_t *turn;                 /* simulated: steps done */
	struct cpu *cpu[FIXTURE_CPUS];  /* while the script runs */
	/* the record */
	bool recording;
	unsigned recorded_cpu;
	struct touched touched[TOUCHED_MAX];
	unsigned count;
	struct one_access access[ACCESSES_MAX];         /* the same, in order */
	unsigned accesses;
	const char *path;               /* as the model named it */
};

/* For meanwhile: an interrupt, when a to d are there and the CPU has pages made for e: it allocates x, so
 * that the CPU has its slab. Once. */
void fixture_allocate_x(struct cpu *cpu, struct fixture *fixture);

struct fixture *fixture_new(const struct fixture_options *options);
void fixture_free(struct fixture *fixture);

/*
 * "0+a !1-a": CPU 0 allocates a, then CPU 1 frees it, which is recorded. Steps: + alloc, * alloc
 * zeroed, = alloc that may not sleep, - kmem_cache_free, ~ kfree, r free_rcu, with a slot; w: waits
 * for 2^order times 1000 cycles; K: kmalloc and
 * kfree of 2^digit bytes; P with a slot and a number: a prefilled sheaf of so many objects, G: it is
 * given back, T: an object of the one in slot x; l: the lock bit of the object's slab turns, by
 * no CPU; p and q with a slot and an order: pages allocated and freed, "0pa1" an order 1 block; p
 * asks for MOVABLE ones, k for UNMOVABLE; z and y the same with UNMOVABLE ones that are frozen, as a
 * slab asks for them.
 */
void fixture_run(struct fixture *fixture, const char *script);

/*
 * Compares the record with a path in the sheet's notation: "R CPA, A PG(a).flags, W OB(a)".
 * R load, W store, M read-modify-write, A locked, P prefetch; access by access, in this order, none
 * missing and none besides.
 */
void fixture_expect_path(const struct fixture *fixture, const char *path);
/* One more expected access of a path. */
void fixture_add_access(struct one_access *list, unsigned *count, char how, const void *address);
/* The lines that were only read and that were written, by the names of the sheet's tables,
 * "CPA OB"; all page structs but tails are PG. */
void fixture_expect_lines(const struct fixture *fixture, const char *only_read, const char *written,
			  unsigned locks);

/*
 * One path of an object allocator: a script that takes it, its accesses as the sheet's numbered
 * path lists them, and its row in the sheet's table of lines.
 */
struct path_row {
	const char *name;
	const char *annotation;         /* what the model calls the path */
	unsigned object_size, nodes;    /* 0: 1024, 1 */
	const char *script;
	const char *path;
	const char *only_read, *written;        /* of the table; for aligned page structs */
	unsigned locks;
	bool released;                  /* with history's bugs */
	bool preempt, no_cmpxchg16b, no_cpu_partial;
	unsigned min_partial, cpu_partial;      /* 0: the version's */
};
/* Runs it with a line per page struct, and packed with the slabs at each position of a line. */
void fixture_check_row(enum era era, const struct path_row *row);

/* Both allocators' check() say so; a failure prints the reason. */
void fixture_expect_sound(const struct fixture *fixture);
void fixture_expect_unsound(const struct fixture *fixture, const char *reason);

struct machine fixture_machine(unsigned nodes);
const char *era_name(enum era era);
/* The head page struct of the slab an object lies in. */
struct page *fixture_slab(const struct fixture *fixture, const void *object);
/* Where a name of the sheet lies, as fixture_expect_path has them: "PG(a).inuse", "KC.order",
 * "ND.nr_slabs", "CS.page"; the number there, of the width that it has in this era. */
void *fixture_place(const struct fixture *fixture, const char *name);
uint64_t fixture_get(const struct fixture *fixture, const char *name);
void fixture_set(const struct fixture *fixture, const char *name, uint64_t value);
/* The same of another cache than the one under test: "KC.size", "ND1.nr_slabs". */
uint64_t fixture_get_of(const struct fixture *fixture, const struct kmem_cache *cache,
			const char *name);
/* The era's page structs have no line of their own. */
bool fixture_is_packed(enum era era);
/* Makes the object's slab look frozen, or not. */
void fixture_turn_frozen(const struct fixture *fixture, const void *object);
/* The same of another CPU: "CS.page". */
void fixture_set_of_cpu(struct fixture *fixture, unsigned cpu, const char *name, uint64_t value);
/* The word or struct of a CPU in cpu_slab[], to ERA_2624. */
char *fixture_cpu_word(const struct fixture *fixture, const struct kmem_cache *cache, unsigned cpu);
/* kmem_cache_cpu of a CPU; not with 2.6.22. */
char *fixture_cpu_slab(const struct fixture *fixture, unsigned cpu);

#endif
