/*
 * What a run gives back: plain numbers and tables, no pointers into the machine.
 *
 * Times are in units of 1/64 cycle (struct member *_units) unless the name says cycles.
 */
#ifndef SIM_RESULT_H
#define SIM_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/verbs/verbs.h"

enum outcome { OUTCOME_DONE, OUTCOME_OUT_OF_MEMORY, OUTCOME_DEADLOCK, OUTCOME_MAX_CYCLES, OUTCOME_BUG };

/* By precedence; each cycle of each CPU is exactly one. */
enum cause {
	CAUSE_INTERRUPTS, CAUSE_LOCK_SPIN, CAUSE_BUSY, CAUSE_TRANSFER_SAME, CAUSE_TRANSFER_CROSS, CAUSE_UPGRADE,
	CAUSE_SHARED_LEVEL, CAUSE_MEMORY, CAUSE_STORE_BUFFER, CAUSE_LOCKED, CAUSE_PRIVATE_HIT, CAUSE_COMPUTE, CAUSE_IDLE,
	CAUSES
};

/* Counted per CPU; the total is their sum. All members are uint64_t. */
struct counts {
	uint64_t loads, stores, rmws;                   /* accesses; rmws with and without LOCK */
	uint64_t bounces[LINE_CLASSES];                 /* by class of line */
	uint64_t hitm_loads, hitm_stores, hitm_remote;  /* remote: of both, other socket */
	uint64_t upgrades, invalidations;
	uint64_t far_atomics;                           /* LOCK operations that the home did */
	uint64_t misses_cold, misses_capacity, misses_true_sharing, misses_false_sharing;
	uint64_t misses;                                /* accesses that left the private levels */
	uint64_t read_misses, write_misses;             /* of these, upgrades not among them */
	uint64_t downgrades;                            /* copies in M, D or E that its reads took that from */
	uint64_t irq_off_units, irq_off_units_max;
	uint64_t ipis, lock_spins;
	uint64_t prefetches, prefetches_used;           /* lines that came for no access */
	uint64_t cause_units[CAUSES];
};

struct op_stats {
	uint64_t count, total_units, max_units;
	uint64_t p50_units, p99_units;          /* histogram, relative error below 1/64 */
	uint64_t lines_read, lines_written;     /* sums of distinct lines per operation */
};

struct path_stats {
	enum op op;
	const char *path;                       /* "" where the model named none */
	uint64_t count, total_units;
};

/* One cache line with coherence traffic. */
struct line_stats {
	uint64_t offset;                        /* of the line in the arena, bytes */
	char label[80];                         /* "page[513]", "kmem_cache_cpu[1]": first label in the line, at the end */
	char members[120];                      /* named members touched, space separated */
	enum line_class class;                  /* of that label */
	uint64_t bounces[LINE_CLASSES];         /* by class of what was written */
	uint64_t hitm, upgrades, invalidations, misses, false_sharing, true_sharing;
	uint64_t loads, stores;                 /* that missed or upgraded */
	unsigned readers, writers;              /* CPUs, how many, */
	const char *reader_ids, *writer_ids;    /* and which: "0-3,7" */
};

/* Coherence traffic of one place in the source on one member of one line. */
struct site_stats {
	uint64_t line;                          /* its offset, as in line_stats */
	unsigned offset, size;                  /* in the line, bytes */
	char member[48];
	struct site site;
	struct site caller;                     /* the place that it was done for; line 0: none */
	enum op op;
	const char *path;
	uint64_t loads, stores, rmws;           /* that missed or upgraded */
	uint64_t bounces, hitm, upgrades, wait_units;
	unsigned cpus;                          /* how many CPUs, */
	const char *cpu_ids;                    /* and which */
};

/*
 * Of the misses and upgrades of one row of sites, those for which one access took the line before:
 * a miss whose copy was lost to it, an upgrade or LOCK operation at the home that came after this
 * write of another CPU. Evictions and first touches have no taker.
 */
struct taker_stats {
	unsigned row;                           /* of the table of sites */
	unsigned offset, size;                  /* of what it accessed, in the line */
	char member[48];
	struct site site, caller;               /* as in site_stats */
	uint64_t misses, true_sharing, false_sharing;
	uint64_t upgrades;
	const char *cpu_ids;                    /* of those that took it */
};

/* The same by members, all lines and sites added up: one member's line was taken for another. */
struct pair_stats {
	char layout[48], member[48];
	unsigned offset, size;                  /* in the struct */
	char taker_layout[48], taker_member[48];
	unsigned taker_offset, taker_size;
	unsigned apart;                         /* from one struct to the other, bytes, the least; 0: it is one */
	uint64_t misses, true_sharing, false_sharing, upgrades;
	const char *cpu_ids, *taker_ids;
};

/* How often `cpu` missed, or had to upgrade, a line that `taker` had taken. */
struct transfer_stats {
	unsigned cpu, taker;
	uint64_t count;
};

/* Where a CPU stands. */
struct seat_stats {
	unsigned core, socket;
};

/* A member of a struct that was accessed, itself accessed or not. */
struct shape_stats {
	char layout[48], member[48];
	enum line_class class;
	unsigned offset, size, struct_size;
};

/*
 * Coherence traffic of one member of one kind of struct, all lines and sites added up: the bounces
 * of all members are those of all lines.
 */
struct member_stats {
	char layout[48], member[48];
	enum line_class class;
	unsigned offset, size;                  /* in the struct */
	uint64_t loads, stores, rmws;           /* that missed or upgraded */
	uint64_t bounces, hitm, upgrades, wait_units;
	unsigned readers, writers;              /* CPUs with such accesses, */
	const char *reader_ids, *writer_ids;    /* and which */
};

/* All accesses to one member of one kind of struct, hits included. */
struct field_stats {
	char layout[48], member[48];
	enum line_class class;
	unsigned offset, size;                  /* in the struct */
	struct site site, caller;               /* as in site_stats */
	enum op op;
	const char *path;
	uint64_t loads, stores, rmws;
};

struct lock_stats {
	char label[80];
	const char *kind;
	uint64_t taken, contended, turns;
	uint64_t handovers;                     /* takings by another CPU than the one before */
	uint64_t wait_units, hold_units;        /* waited inside the lock verb; held */
	uint64_t wait_units_max, hold_units_max; /* the longest of either */
};

/* Of one order, by index: free blocks of 2^order pages at the end that any CPU can have. */
struct order_stats {
	uint64_t blocks;
};

/* CPU `cpu` held the line writable from `start` on until the next entry of that line. */
struct holder {
	uint64_t start_units;                   /* since the window opened */
	uint64_t line;
	unsigned cpu;
};

struct result {
	enum outcome outcome;
	char message[256];                      /* of an outcome that is not DONE */
	unsigned cpus;
	uint64_t operations;                    /* object operations completed in the window; without any, page operations */
	uint64_t elapsed_units;                 /* length of the window */
	struct counts total;
	struct counts *cpu;                     /* [cpus] */
	struct op_stats op[OPS];
	uint64_t footprint_bytes_peak, live_bytes_peak;
	struct line_stats *line;                /* most bounces first, then offset */
	size_t lines;
	struct site_stats *site;                /* by file, line, then line offset */
	size_t sites;
	struct taker_stats *taker;              /* by row of sites */
	size_t takers;
	struct member_stats *member;            /* by layout, offset */
	size_t members;
	struct pair_stats *pair;                /* by layout, offset, those of the taker */
	size_t pairs;
	struct transfer_stats *transfer;        /* by cpu, taker; none that is 0 */
	size_t transfers;
	struct seat_stats *seat;                /* [cpus] */
	size_t seats;
	struct shape_stats *shape;              /* by layout, offset */
	size_t shapes;
	struct field_stats *field;
	size_t fields;
	struct path_stats *path;
	size_t paths;
	struct lock_stats *lock;
	size_t locks;
	struct order_stats *order;              /* none where page blocks have no orders */
	size_t orders;
	struct holder *holder;                  /* the first HOLDERS_MAX changes of ownership, time order */
	size_t holders;
	uint64_t accesses;                      /* simulated accesses of the whole run, for bench */
	char **text;                            /* lists of CPUs that the tables point to */
	size_t texts;
};

enum { HOLDERS_MAX = 4096, RESULT_LINES_MAX = 512 };

static inline uint64_t bounces_of_line(const struct line_stats *line)
{
	return line->bounces[CLASS_ALLOCATOR] + line->bounces[CLASS_WORKLOAD] +
	       line->bounces[CLASS_PAYLOAD];
}

void result_free(struct result *result);

extern const char *const cause_names[CAUSES];           /* "interrupts", "lock_spin", ... */
extern const char *const op_names[OPS];
extern const char *const outcome_names[];

#endif
