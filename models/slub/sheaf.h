/*
 * Sheaves: what they are, and the settings and constants of models that have them.
 *
 *	kmem_cache -> cpu_sheaves (of each CPU): main, spare, rcu_free -> sheaf: size, objects[]
 *	           -> barn (of each node): lock, full sheaves, empty sheaves
 *
 * A sheaf is an array of pointers to free objects, which moves between CPUs and the barn as a whole.
 * To the slab underneath an object in a sheaf is in use.
 */
#ifndef MODELS_SLUB_SHEAF_H
#define MODELS_SLUB_SHEAF_H

#include <assert.h>

#include "models/slub/slub.h"

/* ---- structs ------------------------------------------------------------------------------------ */

struct slab_sheaf {
	union {
		struct list_head barn_list;     /* in the barn, under its lock */
		struct slab_sheaf *rcu_next;    /* waits for the end of a grace period */
		struct {                        /* prefilled, in somebody's hands */
			uint32_t capacity;
			bool pfmemalloc;
		};
	};
	struct kmem_cache *cache;
	uint32_t size;                  /* objects in it */
	int32_t node;                   /* of the CPU that filled it by kfree_rcu */
	void *objects[];
};

/* The first line; entries behind it are words. */
static const struct field slab_sheaf_fields[] = {
	FIELD(struct slab_sheaf, barn_list),
	FIELD(struct slab_sheaf, cache),
	FIELD(struct slab_sheaf, size),
	FIELD(struct slab_sheaf, node),
	{ "objects[0]", offsetof(struct slab_sheaf, objects), WORD, NULL, false },
	{ "objects[1]", offsetof(struct slab_sheaf, objects) + WORD, WORD, NULL, false },
	{ "objects[2]", offsetof(struct slab_sheaf, objects) + 2 * WORD, WORD, NULL, false },
	{ "objects[3]", offsetof(struct slab_sheaf, objects) + 3 * WORD, WORD, NULL, false },
	{ 0 },
};

static const struct layout slab_sheaf_layout = {
	"slab_sheaf", LINE, CLASS_ALLOCATOR, slab_sheaf_fields
};
static const struct layout sheaf_entries_layout = {
	"slab_sheaf.objects", LINE, CLASS_ALLOCATOR, NULL
};

static_assert(offsetof(struct slab_sheaf, cache) == 16, "6.18");
static_assert(offsetof(struct slab_sheaf, size) == 24, "6.18");
static_assert(offsetof(struct slab_sheaf, node) == 28, "6.18");
static_assert(offsetof(struct slab_sheaf, objects) == 32, "6.18");

struct slub_percpu_sheaves {
	uint8_t lock;                   /* 1: this CPU is inside; no LOCK, interrupts stay on */
	struct slab_sheaf *main;        /* never NULL */
	struct slab_sheaf *spare;       /* NULL, empty, full or something in between */
	struct slab_sheaf *rcu_free;    /* objects of kfree_rcu gather here */
};

static const struct field slub_percpu_sheaves_fields[] = {
	FIELD(struct slub_percpu_sheaves, lock),
	FIELD(struct slub_percpu_sheaves, main),
	FIELD(struct slub_percpu_sheaves, spare),
	FIELD(struct slub_percpu_sheaves, rcu_free),
	{ 0 },
};

static const struct layout slub_percpu_sheaves_layout = {
	"slub_percpu_sheaves", sizeof(struct slub_percpu_sheaves), CLASS_ALLOCATOR,
	slub_percpu_sheaves_fields
};

static_assert(sizeof(struct slub_percpu_sheaves) == 32, "6.18");
static_assert(offsetof(struct slub_percpu_sheaves, main) == 8, "6.18");
static_assert(offsetof(struct slub_percpu_sheaves, spare) == 16, "6.18");
static_assert(offsetof(struct slub_percpu_sheaves, rcu_free) == 24, "6.18");

/* Lock, both lists and both counters, which are read without the lock, in one line. */
struct node_barn {
	_Alignas(LINE) struct spinlock lock;
	struct list_head sheaves_full, sheaves_empty;
	uint32_t nr_full, nr_empty;
	/* `barn: split`: these instead of the same above; no kernel has that */
	_Alignas(LINE) uint32_t split_nr_full;
	uint32_t split_nr_empty;
};

static const struct field node_barn_fields[] = {
	FIELD(struct node_barn, lock),
	GUARDED(struct node_barn, sheaves_full, "lock", false),
	GUARDED(struct node_barn, sheaves_empty, "lock", false),
	GUARDED(struct node_barn, nr_full, "lock", true),
	GUARDED(struct node_barn, nr_empty, "lock", true),
	GUARDED(struct node_barn, split_nr_full, "lock", true),
	GUARDED(struct node_barn, split_nr_empty, "lock", true),
	{ 0 },
};

static const struct layout node_barn_layout = {
	"node_barn", sizeof(struct node_barn), CLASS_ALLOCATOR, node_barn_fields
};

static_assert(offsetof(struct node_barn, sheaves_full) == 8, "6.18");
static_assert(offsetof(struct node_barn, sheaves_empty) == 24, "6.18");
static_assert(offsetof(struct node_barn, nr_full) == 40, "6.18");
static_assert(offsetof(struct node_barn, nr_empty) == 44, "6.18");
static_assert(offsetof(struct node_barn, split_nr_full) == LINE, "6.18: 48 bytes, a line");

/* What waits for the end of a grace period, of each CPU: sheaves, and objects that none had. First
 * in, first out; the first word of each has the next. */
struct rcu_queue {
	void *head, *tail;
};

struct rcu_data {
	struct rcu_queue sheaves, objects;
};

static const struct field rcu_data_fields[] = {
	FIELD(struct rcu_data, sheaves),
	FIELD(struct rcu_data, objects),
	{ 0 },
};

static const struct layout rcu_data_layout = {
	"rcu_data", sizeof(struct rcu_data), CLASS_ALLOCATOR, rcu_data_fields
};

/* ---- settings ----------------------------------------------------------------------------------- */

enum line_layout { LINE_PACKED, LINE_SPLIT, LINE_NR_PARTIAL, LINE_COUNTERS };
enum remote_frees { REMOTE_BYPASS, REMOTE_ACCEPT, REMOTE_SHEAF };
enum barn_order { BARN_LIFO, BARN_FIFO };

struct sheaf_settings {
	int variant;
	uint64_t min_objects, min_order, max_order, present_cpus, min_partial;
	uint64_t sheaf_capacity, max_full, max_empty, defrag_ratio, grace_cycles;
	uint64_t cpu_partial_slabs;     /* until 6.18; 0: by size */
	int barn, node, remote, barn_order;
	bool barn_peek;
};

static const char *const line_layout_words[] = {
	[LINE_PACKED] = "packed", [LINE_SPLIT] = "split", NULL
};
static const char *const node_layout_words[] = {
	[LINE_PACKED] = "packed", [LINE_SPLIT] = "split", [LINE_NR_PARTIAL] = "nr-partial-apart",
	[LINE_COUNTERS] = "counters-apart", NULL
};
static const char *const remote_words[] = {
	[REMOTE_BYPASS] = "bypass", [REMOTE_ACCEPT] = "accept", [REMOTE_SHEAF] = "sheaf", NULL
};
static const char *const barn_order_words[] = {
	[BARN_LIFO] = "lifo", [BARN_FIFO] = "fifo", NULL
};

#define SHEAF_SETTINGS \
	SETTING(struct sheaf_settings, min_objects, COUNT, .min = 1, .max = 512, .fallback = "-", \
		.help = "a slab should hold so many objects; default 4 (fls(CPUs) + 1)"), \
	SETTING(struct sheaf_settings, min_order, COUNT, .min = 0, .max = 10, .fallback = "0", \
		.help = "slabs are 2^min_order pages or larger"), \
	SETTING(struct sheaf_settings, max_order, COUNT, .min = 0, .max = 10, .fallback = "3", \
		.help = "slabs are 2^max_order pages or smaller, unless one object needs more"), \
	SETTING(struct sheaf_settings, present_cpus, COUNT, .min = 1, .max = 8192, .fallback = "-", \
		.help = "CPUs that the size of slabs is chosen for; default those of the run"), \
	SETTING(struct sheaf_settings, min_partial, COUNT, .min = 1, .max = 1024, .fallback = "-", \
		.help = "a slab that becomes empty is kept below so many partial ones; default by " \
			"size, 5 to 10"), \
	SETTING(struct sheaf_settings, max_full, COUNT, .min = 1, .max = 1024, .fallback = "10", \
		.help = "full sheaves that a barn takes from CPUs that free"), \
	SETTING(struct sheaf_settings, max_empty, COUNT, .min = 0, .max = 1024, .fallback = "10", \
		.help = "empty sheaves that a barn takes after kfree_rcu"), \
	SETTING(struct sheaf_settings, defrag_ratio, COUNT, .min = 0, .max = 1024, \
		.fallback = "1000", \
		.help = "so many of 1024 times, partial slabs of other nodes are looked at"), \
	SETTING(struct sheaf_settings, grace_cycles, COUNT, .min = 1, .max = 1e12, \
		.fallback = "100_000", .unit = "cycles", \
		.help = "until what kfree_rcu freed may be used again; default a hundredth of the " \
			"default second_cycles"), \
	SETTING(struct sheaf_settings, barn, WORD, .fallback = "packed", .words = line_layout_words, \
		.help = "split: the barn's counters in a line of their own, which no kernel has"), \
	SETTING(struct sheaf_settings, barn_order, WORD, .fallback = "lifo", \
		.words = barn_order_words, \
		.help = "which sheaf of a barn is taken next; the kernel has lifo"), \
	SETTING(struct sheaf_settings, barn_peek, SWITCH, .fallback = "true", \
		.help = "the barn's counters are looked at before its lock is taken, as the " \
			"kernel does"), \
	SETTING(struct sheaf_settings, node, WORD, .fallback = "packed", .words = node_layout_words, \
		.help = "the node's nr_partial, or its two counters, in a line of their own; " \
			"split: both; no kernel has that"), \
	SETTING(struct sheaf_settings, remote, WORD, .fallback = "bypass", .words = remote_words, \
		.help = "objects of other nodes: bypass the sheaves, as the kernel does; are " \
			"accepted by them; or gather in a sheaf per CPU and node, whose chains go " \
			"back together")

/* What models with sheaves have besides struct slub, at its `own`. */
struct sheaves {
	struct sheaf_settings settings;
	struct rcu_data *rcu;           /* per CPU */
	const char *first, *last;       /* of the sheaves made at set-up, for check() */
	bool kmalloc_made;              /* kmalloc's caches; those that come now are users' */
};

static inline const struct sheaf_settings *sheaf_set(const struct slub *slub)
{
	const struct sheaves *own = slub->own;

	return &own->settings;
}

enum sheaf_caches { SHEAVES_NONE, SHEAVES_ASKED, SHEAVES_ALL };

/* What a version decides in the layer of sheaves. */
struct sheaf_rules {
	enum sheaf_caches caches;       /* which have sheaves */
	bool fills_without_blocking;    /* a request that may not sleep fills a sheaf too */
	bool old_main_is_spare;         /* after a fill the empty main becomes the spare, if it can */
	bool trylocks_after_fill;       /* else the lock is just taken: the caller may sleep */
	bool frees_surplus_rcu_sheaf;   /* a sheaf that kfree_rcu needs no more: freed, not to the barn */
};

#endif
