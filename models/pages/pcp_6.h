/*
 * What the lists per CPU from 6.12 on share, whatever is on them and however they are locked: how much
 * a CPU takes, keeps and gives back (pcp_6.c), and who drains all.
 */
#ifndef MODELS_PAGES_PCP_6_H
#define MODELS_PAGES_PCP_6_H

#include "models/pages/zone_6.h"

enum {
	FOLIO_BATCH = 31,               /* pages of a group */
	BATCH_SCALE_MAX = 5,            /* a batch grows to 32 times itself */
};

/* Bits of flags. FREE_HIGH_BATCH: the CPU's share of the last cache holds more than three batches, so
 * that blocks freed in a burst may stay until there is a batch of pages. */
enum { PREV_FREE_HIGH_ORDER = 1, FREE_HIGH_BATCH = 2 };

/* A model's state begins with it. */
struct pcp_zones {
	struct zones *zones;
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

/* ---- set-up and check: plain C ----------------------------------------------------------------- */

struct pcp_options {
	uint64_t batch, high_min;       /* 0: by the size of the zone */
	bool auto_tune, free_high_batch;
	unsigned lists;
	const struct layout *layout;    /* of struct pcp_lists with so many */
};

void pcp_zones_new(struct pcp_zones *all, struct zones *zones);
void pcp_lists_new(struct zone *zone, const struct pcp_options *options);
/* Without an access. */
struct pcp_lists *pcp_lists_at(const struct zone *zone, unsigned id);
/* Is the lock free, is `count` what the lists have, and `high` between its bounds? `block`: pages that come
 * at once, however many the lists may keep; 0: none. With them the decay, which takes 32 batches at most
 * off what the lists have, can leave a `high` above high_max, until it is next used. */
bool check_pcp(const struct zone *zone, unsigned id, uint64_t pages, int block,
	       const struct report *report);
uint64_t pcp_6_free_pages(const struct pcp_zones *all);

extern const struct layout drain_mutex_layout, pcp_mask_layout;

#endif
