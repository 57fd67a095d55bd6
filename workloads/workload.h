/*
 * What a workload is, and how it asks the allocator: every object goes through traffic_*, which
 * brackets the operation, counts bytes alive and checks that each object is handed out once.
 */
#ifndef WORKLOADS_WORKLOAD_H
#define WORKLOADS_WORKLOAD_H

#include "models/model.h"

struct ledger;                  /* host memory: which objects are alive */

struct source {
	struct kmem_cache *cache;       /* NULL: kmalloc(size) */
	size_t size;
};

/* One experiment point as a workload sees it. */
struct traffic {
	struct sim *sim;
	const struct objects *objects;  /* NULL for workloads without an allocator (counter) */
	const struct pages *pages;
	uint64_t warmup, operations;    /* how many operations the window waits for and lasts */
	struct ledger *ledger;          /* NULL: nobody keeps one */
	struct source source;           /* the workload's first; size 0: it has none */
	uint64_t held;                  /* by devices (interrupts.h), in slabs */
	unsigned gfp;                   /* of allocations outside handlers: 0 or GFP_ATOMIC */
};

typedef void partner_pair(void *to, unsigned cpu, unsigned other);

/* Where a mistake in settings is: in a tree of theirs, in a file that they name, or, with neither,
 * at one of their keys (NULL: the workload as a whole). */
struct workload_place {
	const struct tree_place *tree;
	const char *file, *text;        /* its name and content, `length` bytes */
	size_t length;
	unsigned line, column;
	const char *key;
	/* The word that is wrong, and those that could stand there: the nearest is told. NULL: none. */
	const char *wrong, *const *words;
};

typedef void workload_tell(void *to, const struct workload_place *where, const char *text);

struct workload {
	const char *name, *summary;
	const struct setting *settings;         /* the section `workload:`, without `kind` */
	size_t settings_size;
	bool needs_objects;             /* false: runs without an allocator */
	/* Can it do without one, with these settings? NULL: never. */
	bool (*does_without)(const void *settings);
	/*
	 * Set-up: arena memory, caches, thread_start for the CPUs it uses. Problems of the
	 * settings against each other: false and the reason in `why`.
	 */
	bool (*create)(struct traffic *traffic, const void *settings, void **state, char *why,
		       size_t size);
	/*
	 * After the run, also after one that did not end well: false and a reason if something did
	 * not add up (which then means nothing unless the outcome was DONE). Frees the state.
	 */
	bool (*finish)(struct traffic *traffic, void *state, char *why, size_t size);
	/*
	 * For workloads that decide themselves how much there is to do (replay, slab-test): replaces
	 * what the experiment says. False and the reason in `why`: it cannot be done. NULL: the
	 * experiment's `operations` and `warmup` rule.
	 */
	bool (*operations)(const void *settings, unsigned cpus, uint64_t *warmup,
			   uint64_t *operations, char *why, size_t size);
	/* Path of the file that the settings name, whose content determines the result; NULL, or
	 * "" in `path`: none. False and the reason in `why`: there is no such file. */
	bool (*input)(const void *settings, char *path, size_t path_size, char *why, size_t size);
	/* Of another such file, beside the first; likewise. */
	bool (*second_input)(const void *settings, char *path, size_t path_size, char *why,
			     size_t size);
	const char *input_key, *second_key;     /* the settings that name them: mistakes stand there */
	/*
	 * What no table of settings can check: tells all mistakes; false: there are some. NULL: there
	 * is nothing to check.
	 */
	bool (*check_settings)(const void *settings, unsigned cpus, workload_tell *tell, void *to);
	/* Does it draw something beside work, so that seeds differ on one CPU? NULL: no. */
	bool (*draws)(const void *settings);
	/*
	 * Which CPUs work with each other, a producer and its consumer: calls `pair` once for each
	 * two. NULL, or no call: none has a partner of its own.
	 */
	void (*partners)(const void *settings, unsigned cpus, partner_pair *pair, void *to);
	/*
	 * For exploration (NULL: it cannot be explored). restart: host memory as after create, threads
	 * started, where the backend has taken back all that was written to simulated memory.
	 * adds_up: what finish says, with nothing freed.
	 */
	void (*restart)(struct traffic *traffic, void *state);
	bool (*adds_up)(const void *state, char *why, size_t size);
	/* Lines of text for people about the input, e.g. repairs of a trace; NULL: none. */
	void (*remarks)(const void *state, void (*line)(void *to, const char *text), void *to);
};

extern const struct workload *const workloads[];        /* NULL-terminated registry */
const struct workload *workload_find(const char *name);

/*
 * kmem_cache_alloc and kmem_cache_free as one operation each. Never NULL: memory that is used up
 * ends the run. An object that is handed out twice, freed twice, freed without having been
 * handed out, freed into another cache, or outside a live slab of its cache is a BUG.
 */
void *traffic_alloc(struct cpu *cpu, struct traffic *traffic, struct kmem_cache *cache);
void traffic_free(struct cpu *cpu, struct traffic *traffic, struct kmem_cache *cache, void *object);
/* kmalloc and kfree as one operation each. */
void *traffic_kmalloc(struct cpu *cpu, struct traffic *traffic, size_t size);
void traffic_kfree(struct cpu *cpu, struct traffic *traffic, void *object);
/* Page blocks as one operation each. */
struct page *traffic_pages_alloc(struct cpu *cpu, struct traffic *traffic, unsigned order,
				 unsigned gfp);
void traffic_pages_free(struct cpu *cpu, struct traffic *traffic, struct page *page,
			unsigned order);

/*
 * Pages of processes, as far as the page allocator keeps them: mappings, the LRU, frees in groups.
 * The group is one operation of as many pieces as it has pages.
 */
unsigned traffic_group(const struct traffic *traffic);          /* pages of a group, 1 at least */
void traffic_pages_free_group(struct cpu *cpu, struct traffic *traffic, struct page *const *page,
			      unsigned count);
void traffic_map(struct cpu *cpu, struct traffic *traffic, struct page *page);
void traffic_unmap(struct cpu *cpu, struct traffic *traffic, struct page *page);
void traffic_lru_add(struct cpu *cpu, struct traffic *traffic, struct page *page,
		     enum lru_list list);
void traffic_lru_drain(struct cpu *cpu, struct traffic *traffic);
void traffic_process_exit(struct cpu *cpu, struct traffic *traffic);
/* All CPUs give the pages they keep back; nothing where they keep none. */
void traffic_drain_all(struct cpu *cpu, struct traffic *traffic);

/* Where the objects of a workload come from, for its setting `cache`. */
enum source_kind { SOURCE_KMEM_CACHE, SOURCE_KMALLOC, SOURCE_RECLAIMABLE };
extern const char *const source_words[];        /* "kmem_cache", "kmalloc", "reclaimable" */
#define SOURCE_HELP "a cache of the workload's own, kmalloc and kfree, or a cache whose slabs can be " \
		    "reclaimed as those of inodes"

/* Does the object allocator have such caches? If not, why says so. */
bool source_fits(const struct traffic *traffic, int kind, char *why, size_t size);
/* Set-up. */
struct source source_new(struct traffic *traffic, int kind, size_t size);
void *source_alloc(struct cpu *cpu, struct traffic *traffic, const struct source *source);
void source_free(struct cpu *cpu, struct traffic *traffic, const struct source *source,
		 void *object);

/* Touch `bytes` bytes of memory at p, one access of up to 8 bytes per line. */
void touch_write(struct cpu *cpu, void *p, size_t bytes);
void touch_read(struct cpu *cpu, const void *p, size_t bytes);

/*
 * The ledger: which objects are alive, in host memory. An object dies when its free begins and
 * lives when its alloc ends: whoever is handed it next has seen the free through simulated
 * memory, so this order holds however far the engine lets a CPU run ahead.
 */
struct ledger *ledger_new(const struct sim *sim);
void ledger_free(struct ledger *ledger);                /* NULL: nothing */
uint64_t ledger_alive(const struct ledger *ledger);     /* objects not yet freed */
/* What happened: NULL, or what is wrong with it. */
const char *ledger_born(struct ledger *ledger, const void *object, const void *owner, size_t bytes);
const char *ledger_dies(struct ledger *ledger, const void *object, const void *owner,
			size_t *bytes);
/*
 * For finish: false and a reason unless every object is back, but for those that devices hold.
 * Lost objects are a reason too, unless the allocator is one that loses some.
 */
bool traffic_all_back(const struct traffic *traffic, char *why, size_t size);
/* After finish: objects in slabs that nobody has and no list of the allocator holds. */
uint64_t traffic_lost(const struct traffic *traffic);

#endif
