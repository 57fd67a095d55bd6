/*
 * What the page allocators of 2.6.22 to 3.9 share: zones, one per NUMA node, with their counters
 * and watermarks; free blocks in lists by order and migratetype; how pages are checked and prepared.
 *
 *	zone -> free_area[10]  -> block(1024 pages) -> ...
 *	        free_area[1]   -> block(2) -> block(2)
 *	        free_area[0]   -> page -> page          each order: a list per migratetype
 *	        pageset (of each CPU): lists of single pages, counts not yet in the zone's
 *
 * True whenever no CPU is inside an operation, which is when zones_check() runs:
 *   (1) the head of a free block of order o has a page frame number aligned to 2^o, private o and
 *       the mark of free blocks; no other page has the mark;
 *   (2) each free block is on exactly one list of its order, and no page is in two blocks;
 *   (3) free_area[o].nr_free is the length of the lists of order o;
 *   (4) two buddies of the same order are never both free: they would have merged;
 *   (5) vm_stat[NR_FREE_PAGES] and the CPUs' differences add up to the pages in the lists, in the
 *       zone and globally;
 *   (6) nobody holds zone->lock.
 *
 * Lock order: zone->lock alone, interrupts off.
 */
#ifndef MODELS_PAGES_ZONE_H
#define MODELS_PAGES_ZONE_H

#include "models/model.h"

enum migratetype {
	UNMOVABLE, RECLAIMABLE, MOVABLE,
	PCP_TYPES,                      /* the others have no lists per CPU */
	RESERVE = PCP_TYPES, ISOLATE,
	MIGRATE_TYPES
};
enum {
	PAGEBLOCK_ORDER = 9,
	PAGEBLOCK_PAGES = 1 << PAGEBLOCK_ORDER,
	PAGE_BUDDY = -128,              /* _mapcount of the head of a free block, 3.9 */
	PAGE_UNUSED = -1,               /* _mapcount of a page that is not mapped */
	PG_BUDDY = 19,                  /* bit of flags of the head of a free block, until 2.6.24 */
};
enum watermark { WATERMARK_MIN, WATERMARK_LOW, WATERMARK_HIGH, WATERMARKS };
enum vm_event { PGALLOC_NORMAL = 6, PGFREE = 8, VM_EVENTS = 16 };

/* Counters of a zone; their numbers in memory are the kernel's. */
enum zone_item {
	ITEM_FREE_PAGES, ITEM_FREE_BLOCKS,      /* the latter in whole pageblocks; 7.1 */
	/* in the order of enum lru_list */
	ITEM_INACTIVE_ANON, ITEM_ACTIVE_ANON, ITEM_INACTIVE_FILE, ITEM_ACTIVE_FILE,
	ITEM_ANON_PAGES,
	ITEM_SLAB_RECLAIMABLE, ITEM_SLAB_UNRECLAIMABLE,
	ITEM_NUMA_HIT, ITEM_NUMA_MISS, ITEM_NUMA_FOREIGN, ITEM_NUMA_LOCAL, ITEM_NUMA_OTHER,
	ZONE_ITEMS
};
enum { ZONE_STATS_MAX = 34 };           /* counters of 3.9 */

/* A list of single pages of 2.6.22 to 2.6.24, hot or cold. */
struct per_cpu_pages {
	int32_t count, high, batch;
	struct list_head list;
};

/* One per CPU and zone. The first line differs, the second has more counters in 3.9. */
struct per_cpu_pageset {
	union {
		_Alignas(LINE) struct per_cpu_pages pcp[2];
		struct {                        /* 3.9: a list per migratetype, one count */
			int32_t count, high, batch;
			struct list_head lists[PCP_TYPES];
		};
	};
	int8_t expire;                          /* seconds until a foreign zone's pages go back */
	int8_t stat_threshold;                  /* differences beyond it are folded */
	int8_t vm_stat_diff[ZONE_STATS_MAX];    /* not yet in zone->vm_stat; own CPU only */
};

/* The lists of pages that reclaim looks at, and its statistics, [0] anonymous and [1] file pages. */
struct lruvec {
	struct list_head lists[LRU_LISTS + 1];  /* the last: pages that may not be evicted */
	uint64_t recent_rotated[2], recent_scanned[2];
	const void *zone;
};

struct lru_cpu;                         /* of a CPU: pages on their way there (lru.c) */

struct zone;

/* What differs between the kernels in the shared code. */
struct zone_rules {
	unsigned types;                 /* free lists of an order; 1: no migratetypes */
	unsigned char number[MIGRATE_TYPES];    /* of the lists, and in memory, by type */
	unsigned area_bytes, nr_free;   /* from free_area[o] to the next; of nr_free in it */
	unsigned stats;                 /* counters */
	unsigned item[ZONE_ITEMS];      /* their numbers */
	const struct layout *vm_stat_layout;    /* of those of all zones together */
	struct {                        /* where a CPU's part of them lies */
		const struct layout *layout;
		unsigned threshold, diff;
	} counters;
	void (*struct_new)(struct zone *zone);  /* makes struct zone (zone_structs.c) */
	uint64_t reserve_max;           /* pageblocks set aside, at most */
	bool pageset_array;             /* zone->pageset[cpu], else one per-CPU pointer */
	bool buddy_in_flags;            /* the mark of free blocks is a bit of flags */
	bool old_checks;                /* of the head alone at allocation; flags are written */
	bool counts_inside;             /* NR_FREE_PAGES with each block, by the lists' functions */
	bool reads_type_at_merge;       /* a block goes to the list of its pageblock's type */
	bool looks_ahead;               /* tail of the list if the parent may merge soon */
	bool keeps_fallback_type;       /* halves of a small stolen block stay where they were */
	bool clears_flag;               /* "all unreclaimable" is a bit of zone->flags */
	bool modern;                    /* as from 6.12 on, where this is asked */
	bool counts_blocks;             /* NR_FREE_PAGES_BLOCKS too, with each of such a size */
	unsigned block_bits, block_stride;      /* of a pageblock's type; of a section's types */
	bool lru;                       /* there are lists of pages that processes have (lru.c) */
	bool slab_irq_pair;             /* NR_SLAB with interrupts off, else by compare-exchange */
};

/*
 * A zone: where the members of the simulated struct zone lie, of which each kernel has its own.
 * Read-only after set-up.
 */
struct zone {
	struct zones *all;
	unsigned node;
	uint64_t first_pfn, pages;
	uint64_t *watermark;            /* [WATERMARKS] */
	uint64_t *lowmem_reserve;
	int32_t *node_id;
	struct per_cpu_pageset **pageset;       /* see pageset_array; NULL: there is none */
	char **counters;                /* per CPU, see rules->counters; NULL: in pageset[cpu] */
	struct spinlock *lock;
	char *free_area;                /* under lock */
	int32_t *all_unreclaimable;     /* or NULL, and */
	uint64_t *flags;
	uint64_t *pages_scanned;
	int64_t *vm_stat;               /* atomic; differences of CPUs come on top */
	struct spinlock *lru_lock;      /* NULL: no LRU, and */
	struct lruvec *lruvec;          /* under lru_lock */
	const void **zone_pgdat;        /* names the node; one zone per node here */
	struct free_magazine **magazine;        /* [all->magazines] (magazine.h) */
	bool *isolation_active;         /* read by who drains a magazine */
	struct pcp_lists **pcp_lists;   /* from 6.12 on, per CPU (zone_6.h) */
	uint64_t *highatomic;           /* free pages that are kept for emergencies; from 6.12 on */
	struct list_head *unaccepted_pages;     /* empty here; NULL: not configured */
	uint64_t *trylock_free_pages;   /* pages freed without a lock; from 7.1 on */
	uint64_t *block_owner;          /* CPU + 1 by pageblock, 0: nobody; NULL: blocks have none */
};

/* Counters of all zones together. */
struct vm_stat {
	_Alignas(LINE) int64_t item[ZONE_STATS_MAX];
};

/* Frees the pages that release_pages has linked. */
typedef void free_group(struct cpu *cpu, void *state, struct list_head *freed);

/* Constants of the run: what the kernel knows by symbol. */
struct zones {
	struct memory *memory;
	const struct zone_rules *rules;
	enum kernel kernel;
	enum lock_kind lock;
	unsigned nr_cpus;               /* of the array of pointers to pagesets */
	unsigned magazines;             /* of each zone */
	free_group *free_group;         /* the model's */
	struct vm_stat *vm_stat;        /* of all zones together */
	struct vm_event_state *events;  /* per CPU */
	struct lru_cpu *lru;            /* per CPU */
	unsigned owned_order;           /* of the blocks that have owners */
	struct mem_section *section;    /* all of them */
	struct mem_section **root;      /* the kernel's way to them */
	struct zone zone[];             /* by node */
};

extern const struct layout zone_layout_3_9, pageset_layout_3_9;
extern const struct layout zone_head_layout_2_6_22, zone_body_layout_2_6_22;
extern const struct layout zone_head_layout_2_6_24, zone_body_layout_2_6_24;
extern const struct layout pageset_layout_2_6;
extern const struct layout vm_event_state_layout, vm_stat_layout_2_6, vm_stat_layout_3_9;
extern const struct layout lru_cpu_layout;
extern const struct layout pageblock_flags_layout, mem_section_layout, mem_section_root_layout;

static inline struct list_head *free_list(const struct zone *zone, unsigned order, unsigned type)
{
	char *area = zone->free_area + order * zone->all->rules->area_bytes;

	return (struct list_head *)area + zone->all->rules->number[type];
}

static inline uint64_t *nr_free(const struct zone *zone, unsigned order)
{
	const struct zone_rules *rules = zone->all->rules;

	return (uint64_t *)(zone->free_area + order * rules->area_bytes + rules->nr_free);
}

static inline uint64_t *block_owner(const struct zone *zone, uint64_t pfn)
{
	return &zone->block_owner[(pfn - zone->first_pfn) >> zone->all->owned_order];
}

static inline struct page *lru_page(const struct memory *m, struct list_head *lru)
{
	return (struct page *)((char *)lru - m->view->lru);
}

static inline struct zone *page_zone(struct zones *zones, const struct page *page)
{
	return &zones->zone[pfn_to_node(zones->memory, page_to_pfn(zones->memory, page))];
}

/* ---- counts ------------------------------------------------------------------------------ */

/* This CPU's pageset of the zone: reads the pointer to it. */
struct per_cpu_pageset *zone_pageset(struct cpu *cpu, const struct zone *zone);
/* Interrupts off. */
void zone_count(struct cpu *cpu, struct zone *zone, enum zone_item item, int64_t delta);
/* The same in whatever interrupt state (2.6.38 and later): an interrupt in between is noticed. */
void zone_count_any(struct cpu *cpu, struct zone *zone, enum zone_item item, int64_t delta);
/* One more, or fewer; half the threshold in advance when it folds. Whatever interrupts are. */
void inc_zone_state(struct cpu *cpu, struct zone *zone, enum zone_item item);
void dec_zone_state(struct cpu *cpu, struct zone *zone, enum zone_item item);
/* A page of `zone` was handed out where `preferred` was wanted; interrupts off. */
void zone_statistics(struct cpu *cpu, struct zone *preferred, struct zone *zone);
void count_event(struct cpu *cpu, struct zones *zones, enum vm_event event, unsigned order);
void zones_count_slab(struct cpu *cpu, struct zones *zones, struct page *page, bool reclaimable,
		      int pages);
void vmstat_new(struct zones *zones);           /* set-up */
void zone_counters_new(struct zone *zone);      /* set-up */
/* Each second: this CPU's difference of every counter goes to the zone. True if there was one. */
bool zone_fold_all(struct cpu *cpu, struct zone *zone);

/* ---- free lists, under zone->lock (free_area.c) ------------------------------------------ */

/* The type that a request is for. */
enum migratetype gfp_type(unsigned gfp);
/* Takes a block off the free lists; NULL: there is none. */
struct page *rmqueue(struct cpu *cpu, struct zone *zone, unsigned order, enum migratetype type);
/* The same but for other types' blocks. */
struct page *rmqueue_smallest(struct cpu *cpu, struct zone *zone, unsigned order,
			      enum migratetype type);
/* A block of order `high` off its list, at pfn, is cut until `order` is left; halves go to `type`. */
void expand(struct cpu *cpu, struct zone *zone, uint64_t pfn, unsigned order, unsigned high,
	    enum migratetype type);
/* A free block off its list, and not marked any more. */
void del_page_from_free_list(struct cpu *cpu, struct zone *zone, struct page *page, unsigned order);
void add_nr_free(struct cpu *cpu, struct zone *zone, unsigned order, int delta);
/* A block of whole pageblocks comes to a list (1) or leaves it (-1): counted apart in 7.1. */
void count_blocks(struct cpu *cpu, struct zone *zone, unsigned order, int sign);
bool is_marked(struct cpu *cpu, struct zones *zones, struct page *page);
/* Puts it back, merged with its buddies; `type` where the kernel passes it on. */
void free_one_page(struct cpu *cpu, struct zone *zone, struct page *page, unsigned order,
		   enum migratetype type);
/* What a free does first once it has the lock: the zone is not hopeless, reclaim starts anew. */
void zone_reclaimable(struct cpu *cpu, struct zone *zone);

/* ---- types of pageblocks (pageblock.c); not in 2.6.22 ------------------------------------ */

enum migratetype pageblock_type(struct cpu *cpu, struct zones *zones, uint64_t pfn);
void pageblock_set_type(struct cpu *cpu, struct zones *zones, uint64_t pfn, enum migratetype type);
void pageblocks_new(struct zones *zones);       /* set-up */
void pageblock_setup(struct zones *zones, uint64_t pfn, enum migratetype type); /* set-up, once */

/* ---- pages ------------------------------------------------------------------------------- */

/* The last reference goes; marks of a compound page and of its users go too. */
void free_pages_prepare(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order);
/* The same of a block that nobody refers to any more. */
void free_released_prepare(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order);

typedef struct page *zone_take(struct cpu *cpu, void *state, struct zone *preferred,
			       struct zone *zone, unsigned order, unsigned gfp);
/* Along the zonelist, from the first zone above the watermark that has a block for `take`; NULL:
 * none has. The block is prepared by prep_new_page. */
struct page *zones_alloc_above(struct cpu *cpu, struct zones *zones, unsigned order,
			       enum watermark mark, unsigned gfp, zone_take *take, void *state);
/* Is there more than the mark, from 6.12 on? */
bool zone_watermark_ok_6(struct cpu *cpu, struct zone *zone, unsigned order, enum watermark mark,
			 unsigned gfp);
void prep_new_page(struct cpu *cpu, struct zones *zones, struct page *page, unsigned order,
		   unsigned gfp);

/* ---- pages of processes (lru.c); but for release_pages where rules->lru alone ------------ */

/* An anonymous page gets its only mapping, or loses it: its struct and NR_ANON_PAGES. */
void map_anon(struct cpu *cpu, struct zones *zones, struct page *page);
void unmap_anon(struct cpu *cpu, struct zones *zones, struct page *page);
/* `mapping`, just read from a page that is freed, is that of an anonymous page: it is cleared. */
bool clear_anon_mapping(struct cpu *cpu, const struct memory *m, struct page *page,
			uint64_t mapping);
/* Into the CPU's pagevec; true: that is full and must be flushed. */
bool lru_add(struct cpu *cpu, struct zones *zones, struct page *page, enum lru_list list);
bool lru_waits(struct cpu *cpu, struct zones *zones, enum lru_list list);
/* The pagevec's pages go on the list; returns those that nobody refers to then, as release_pages. */
struct list_head *lru_flush(struct cpu *cpu, struct zones *zones, enum lru_list list);
void lru_del(struct cpu *cpu, struct zones *zones, struct page *page);
/* A reference to each goes. Those of which it was the last leave the LRU and are linked, last one
 * first: the caller frees them (free_released_prepare). Simulated, this CPU's, until the next call. */
struct list_head *release_pages(struct cpu *cpu, struct zones *zones, struct page *const *page,
				unsigned count);
typedef void free_released(struct cpu *cpu, void *state, struct page *page);
/* Frees what such a list has, one page after the other. */
void free_each(struct cpu *cpu, struct zones *zones, struct list_head *freed, free_released *free,
	       void *state);
void lru_new(struct zones *zones);      /* set-up */
/* Marks the pages on the lists in m->seen; after zones_check and what else a model has. */
bool lru_check(const struct zones *zones, const struct report *report);

/* ---- what is the same for all models with zones (zoned.c) -------------------------------- */

/* A block goes straight back to the buddy lists, under zone->lock. */
void zone_free_block(struct cpu *cpu, struct zone *zone, struct page *page, unsigned order,
		     enum migratetype type);

/* Struct page_allocator's; the model's state begins with a pointer to its zones. */
void zoned_count_slab(struct cpu *cpu, void *state, struct page *page, bool reclaimable, int pages);
void zoned_free_batch(struct cpu *cpu, void *state, struct page *const *page, unsigned count);
void zoned_lru_add(struct cpu *cpu, void *state, struct page *page, enum lru_list list);
void zoned_lru_drain(struct cpu *cpu, void *state);
void zoned_lru_del(struct cpu *cpu, void *state, struct page *page);
void zoned_map(struct cpu *cpu, void *state, struct page *page);
void zoned_unmap(struct cpu *cpu, void *state, struct page *page);
/* No lists per CPU are aged. */
void zoned_tick(struct cpu *cpu, void *state);
int64_t zoned_slab_pages(const void *state, unsigned node, bool reclaimable);
void zoned_free_blocks(const void *state, uint64_t blocks[MAX_ORDER]);

#define ZONED_PAGES \
	.count_slab = zoned_count_slab, .free_batch = zoned_free_batch, .lru_add = zoned_lru_add, \
	.lru_drain = zoned_lru_drain, .lru_del = zoned_lru_del, .map = zoned_map, \
	.unmap = zoned_unmap, .slab_pages = zoned_slab_pages, .free_blocks = zoned_free_blocks

/* ---- set-up and check: plain C ----------------------------------------------------------- */

struct zones_options {
	enum kernel kernel;
	const struct zone_rules *rules; /* NULL: the kernel's */
	enum lock_kind lock;
	unsigned magazines;             /* of each zone, where the rules have them */
	free_group *free_group;         /* the model's */
	uint64_t reserve_blocks;        /* pageblocks set aside, at most */
	uint64_t nr_cpus;               /* as nr_cpus() has it */
};
/* All memory free, in blocks of the largest order. */
struct zones *zones_new(struct sim *sim, struct memory *memory,
			const struct zones_options *options);
/* Another keeps the free pages: the lists are empty, NR_FREE_PAGES stays. zones_check does not hold. */
void zones_without_lists(struct zones *zones);
/* For check(): NR_FREE_PAGES of the zone and the CPUs' differences. */
int64_t zone_free_count(const struct zone *zone);
/* Makes the simulated struct zone (zone_structs.c). */
void zone_struct_new(struct zone *zone);

/*
 * A list of free blocks of one order that somebody keeps: whole, of the zone, nobody refers to their
 * pages. Marks them in m->seen and adds them to *pages. `owner`: "CPU 3", "magazine 0".
 */
bool check_kept_list(const struct zone *zone, const struct list_head *head, unsigned order,
		     const char *owner, uint64_t *pages, const struct report *report);
/* Clears m->seen and marks the pages of free blocks in it. */
bool zones_check(struct zones *zones, const struct report *report);
int64_t zones_slab_pages(const struct zones *zones, unsigned node, bool reclaimable);
uint64_t zones_free_pages(const struct zones *zones);
void zones_free_blocks(const struct zones *zones, uint64_t blocks[MAX_ORDER]);
/* Of a CPU, for check(). */
struct per_cpu_pageset *zone_pageset_of(const struct zone *zone, unsigned id);
/* What a CPU has not yet added to vm_stat[number]; for check(). */
int zone_diff_of(const struct zone *zone, unsigned id, unsigned number);

#endif
