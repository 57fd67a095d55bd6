/*
 * The memory of a process: page faults that fill it, and the end of the mapping that gives it back.
 *
 * What a fault and an unmap do besides the allocator's work is after facts about 3.9 and 6.12 (who
 * frees in groups of how many pages the page allocator says): the lock of the page table, which
 * lies in the struct page of the table's page; a table page for each 512 pages; zeroing; mapping and
 * LRU as the page allocator keeps them; at the end pointers gathered in pages of their own.
 */
#ifndef WORKLOADS_SPACE_H
#define WORKLOADS_SPACE_H

#include "workloads/work.h"
#include "workloads/workload.h"

enum zeroing { ZERO_COST, ZERO_LINES, ZERO_OFF };
extern const char *const zero_words[];

/* What costs besides the allocator; in the settings of each workload that has faults. */
struct space_costs {
	uint64_t fault_cycles, zero_cycles;
	int zero;                       /* enum zeroing */
};

/* Of a workload whose settings have `struct space_costs costs`, in the kernel's nouns. */
#define SETTINGS_SPACE(type) \
	{ .key = "fault_cycles", .offset = offsetof(type, costs.fault_cycles), \
	  .kind = SETTING_COUNT, .min = 0, .max = 1e9, .fallback = "1500", .unit = "cycles", \
	  .help = "of a page fault besides page tables, allocation, zeroing, mapping and LRU, in the mean (a guess)" }, \
	{ .key = "zero", .offset = offsetof(type, costs.zero), .kind = SETTING_WORD, \
	  .words = zero_words, .fallback = "cost", \
	  .help = "a new page is zeroed: as zero_cycles; by a store to each line; not at all" }, \
	{ .key = "zero_cycles", .offset = offsetof(type, costs.zero_cycles), .kind = SETTING_COUNT, \
	  .min = 0, .max = 1e6, .fallback = "500", .unit = "cycles", \
	  .help = "of zeroing a page, or copying one, where `zero` is cost" }

struct space;

/* What spaces of one address space share: the word of mmap_sem, on a line of its own. */
struct shared_map;
struct shared_map *shared_map_new(struct sim *sim);     /* set-up */

/* Per CPU, what the end of a mapping needs: the slots on the stack. Set-up. */
struct gather;
struct gather *gather_new(struct sim *sim);

struct space_options {
	struct traffic *traffic;
	const struct space_costs *costs;
	const struct work *work;        /* how fault_cycles varies */
	struct gather *gather;
	struct shared_map *shared;      /* NULL: the process has one thread */
	uint64_t room;                  /* pages at most */
};

struct space *space_new(const struct space_options *options);
void space_free(struct space *space);           /* NULL: nothing; its pages must be back */
uint64_t space_pages(const struct space *space);

/* The next page: private anonymous memory. OP_FAULT. */
void space_fault(struct cpu *cpu, struct space *space, struct draws *draws);
/* The next page is written the first time in a private mapping of a file: `cached` is copied. */
void space_fault_copy(struct cpu *cpu, struct space *space, struct draws *draws,
		      struct page *cached);
/* The next page is one of the page cache, which is mapped: nothing is allocated but tables. */
void space_fault_shared(struct cpu *cpu, struct space *space, struct draws *draws,
			struct page *cached);
/* All pages go, in groups; OP_UNMAP. */
void space_unmap(struct cpu *cpu, struct space *space);

/* Table pages of `pages` pages; pages that gather the pointers to so many and their tables. */
uint64_t space_tables(uint64_t pages);
uint64_t space_gathers(uint64_t pages);

#endif
