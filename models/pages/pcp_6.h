/*
 * What the lists per CPU from 6.12 on share, whatever is on them and however they are locked: how much
 * a CPU takes, keeps and gives back (pcp_6.c), who drains all, settings, set-up and check.
 */
#ifndef MODELS_PAGES_PCP_6_H
#define MODELS_PAGES_PCP_6_H

#include "models/pages/zone_6.h"

enum {
	FOLIO_BATCH = 31,               /* pages of a group */
	BATCH_SCALE_MAX = 5,            /* a batch grows to 32 times itself */
};

/* Bits of flags. FREE_HIGH_BATCH: blocks freed in a burst may stay until there is a batch of pages. */
enum { PREV_FREE_HIGH_ORDER = 1, FREE_HIGH_BATCH = 2 };
/* Who has the latter: a CPU whose share of the last cache is more than so many batches of pages. */
enum { FREE_HIGH_BATCHES = 3 };
enum free_high_batch { FREE_HIGH_AUTO, FREE_HIGH_ALL, FREE_HIGH_NONE };

/* What a CPU has of a zone. */
struct pcp_kind {
	unsigned lists;
	unsigned (*order)(unsigned list);
	const struct layout *layout;    /* of struct pcp_lists with so many */
};

/* A model's state begins with it. */
struct pcp_zones {
	struct zones *zones;
	const struct pcp_kind *kind;
	uint64_t *drain_mutex;          /* simulated, and under it: */
	uint64_t *mask;                 /* simulated: CPUs that have pages, a bit each */
};

static inline int pages_of(unsigned order)
{
	return 1 << order;
}

/* ---- how much; the lists are locked ------------------------------------------------------------ */

/* Blocks of a refill; the more often it is asked without a free in between, the more. */
int nr_pcp_alloc(struct cpu *cpu, const struct zone *zone, struct pcp_lists *pcp, unsigned order);
/* A block comes to the head of the list. Returns how many pages are to go; 0: the CPU may keep all. */
int pcp_put(struct cpu *cpu, struct zone *zone, struct pcp_lists *pcp, struct list_head *list,
	    struct page *page, unsigned order);
/* After a drain: the zone may have enough again. */
void maybe_above_high(struct cpu *cpu, struct zone *zone);
/* Each second `high` comes down by an eighth; returns how many pages are above it, and
 * that go by so many at a time. No lock. */
int pcp_decay(struct cpu *cpu, struct pcp_lists *pcp, int *batch);

/* ---- what is the same of an operation ---------------------------------------------------------- */

/* To `take`, beside what the caller asked for: a block that may not wait is wanted below the LOW mark.
 * From 7.1 on an empty list is not refilled for it. */
enum { ALLOC_HIGHATOMIC = 1 << 16 };

typedef void pcp_drain(struct cpu *cpu, void *state);
/* Above the LOW mark, then MIN; a drain of all, and again. `take` calls count_taken_6. */
struct page *pcp_6_alloc(struct cpu *cpu, struct zones *zones, unsigned order, unsigned gfp,
		       zone_take *take, pcp_drain *drain, void *state);
/* Counts of a block that was taken. */
void count_taken_6(struct cpu *cpu, struct zone *preferred, struct zone *zone, unsigned order);
/* A block from the zone, to the zone: under its lock alone. */
struct page *zone_take_6(struct cpu *cpu, struct zone *zone, unsigned order,
			enum migratetype type);
void zone_give_6(struct cpu *cpu, struct zone *zone, struct page *page, unsigned order);
/* References to single pages go, at most FOLIO_BATCH; returns how many it was the last of, in `free`,
 * each prepared. */
unsigned folios_release(struct cpu *cpu, struct zones *zones, struct page *const *page,
			unsigned count, struct page *free[FOLIO_BATCH]);

/* The lists of any CPU; reads the pointer. */
struct pcp_lists *pcp_lists_of(struct cpu *cpu, struct zone *zone, unsigned id);
/* A CPU's lists of a zone are to be emptied. */
typedef void pcp_empty(struct cpu *cpu, void *state, struct zone *zone, unsigned id);
/* Nobody is called: all counts are read first, then whoever had pages is drained, in every zone.
 * Who comes while another drains leaves it to that. An operation of its own. */
void pcp_6_drain_all(struct cpu *cpu, struct pcp_zones *all, pcp_empty *empty);

/* What is above the own lists' `high` is to go. */
typedef void pcp_shrink(struct cpu *cpu, void *state, struct zone *zone, struct pcp_lists *own);
/* A second is over: of each zone counts are folded, then the own lists shrink. */
void pcp_6_tick(struct cpu *cpu, struct pcp_zones *all, pcp_shrink *shrink);

/* ---- settings, set-up and check: plain C ------------------------------------------------------- */

/* A model's settings begin with it. */
struct pcp_6_settings {
	int zone_layout;                /* enum zone_layout_6 */
	uint64_t batch, high_min;       /* 0: by the size of the zone */
	uint64_t drain_chunk;           /* 0: as the model has it */
	bool auto_tune;
	int free_high_batch;            /* enum free_high_batch */
};

extern const char *const free_high_words[];

#define PCP_6_SETTINGS(drain_chunk_help) \
	SETTING(struct pcp_6_settings, zone_layout, WORD, .fallback = "base", \
		.words = zone_layout_words, \
		.help = "struct zone of 7.1 by the kernel's configuration: where flags and lock " \
			"lie; those that end in apart no kernel has"), \
	SETTING(struct pcp_6_settings, batch, COUNT, .min = 1, .max = 511, .fallback = "-", \
		.unit = "pages", \
		.help = "pages of a small refill; default by the size of the zone"), \
	SETTING(struct pcp_6_settings, high_min, COUNT, .min = 1, .max = 1048576, \
		.fallback = "-", .unit = "pages", \
		.help = "pages that a CPU may always keep; default its share of the LOW watermark, " \
			"at least four batches"), \
	SETTING(struct pcp_6_settings, drain_chunk, COUNT, .min = 1, .max = 1048576, \
		.fallback = "-", .unit = "pages", .help = drain_chunk_help), \
	SETTING(struct pcp_6_settings, auto_tune, SWITCH, .fallback = "true", \
		.help = "what a CPU may keep follows what it does; false: it is fixed at high_min"), \
	SETTING(struct pcp_6_settings, free_high_batch, WORD, .fallback = "auto", \
		.words = free_high_words, \
		.help = "true: blocks freed in a burst stay until there is a batch of pages; false: " \
			"each goes at once; auto: true where a core's share of the last cache is " \
			"more than three batches (of 63: 756 KiB), or not known")

/* Layouts that end the list of each. */
#define PCP_6_LAYOUTS \
	&zone_layout_7_1, &zone_layout_7_1_unaccepted, &zone_layout_7_1_cma, \
	&zone_layout_7_1_flags_apart, &zone_layout_7_1_lock_apart, &zone_layout_7_1_areas_apart, \
	&zone_layout_7_1_both_apart, &vm_stat_layout_6, &vm_event_state_layout, \
	&mem_section_layout, &mem_section_root_layout, &drain_mutex_layout, &pcp_mask_layout, \
	&pglist_data_layout, NULL

void pcp_6_new(struct pcp_zones *all, struct zones *zones, const struct pcp_6_settings *settings,
	       const struct pcp_kind *kind);
/* Without an access. */
struct pcp_lists *pcp_lists_at(const struct zone *zone, unsigned id);
/* What else is true of one of a CPU's lists. */
typedef bool pcp_check_list(const struct zone *zone, const struct list_head *list, unsigned order,
			    unsigned id, const struct report *report);
/* Are the zones sound, and of each CPU: is the lock free, is `count` what the lists have, and `high`
 * between its bounds? `also`: and that of each list, or NULL. */
bool pcp_6_walk(const struct pcp_zones *all, pcp_check_list *also, const struct report *report);
uint64_t pcp_6_free_pages(const struct pcp_zones *all);

extern const struct layout drain_mutex_layout, pcp_mask_layout;

#endif
