/*
 * Counts: lines, contexts, cells, operations in time order, the window (counts.c). docs/model.md
 * defines them.
 */
#ifndef SIM_COUNTS_H
#define SIM_COUNTS_H

#include "sim/histogram.h"
#include "sim/origin.h"
#include "sim/result.h"
#include "sim/timing.h"

enum { CELL_BUCKETS = 1 << 12, FINE_BUCKETS = 1 << 16, LOCK_BUCKETS = 1 << 8 };

/* Attribution of one line. */
struct line {
	uint64_t number;
	uint32_t epoch;                 /* bumped when a written copy is lost */
	struct origin last_write;        /* the first of its CPU's ownership */
	struct line_counts *counts;     /* NULL before the first miss in the window */
	struct byte_history *bytes;     /* NULL before the first lost write */
	struct party **party;           /* [cpus], NULL: no CPU has one; entries as well */
	uint64_t had_lost[];            /* bits: [words] ever had it, [words] lost it to a write */
};

/* What a line remembers of a CPU. */
struct party {
	uint32_t epoch;                 /* of its last cold or true-sharing miss */
	struct origin taker;             /* the access for which its last copy was taken from it */
	struct taken *open;             /* where its sharing miss is counted, until that has a class */
};

/* Who wrote a byte last and when, and when somebody else did before. */
struct written {
	uint32_t epoch, other_epoch;
	uint16_t writer;                /* NOBODY: none yet */
};
enum { NOBODY = UINT16_MAX };

/* Of each byte of a line. Mostly whole words are written: all of one is alike, until a part of it
 * is written, and from then on each of its bytes stands for itself. */
struct byte_history {
	struct written word[LINE / 8];
	struct written *byte;           /* [LINE], NULL: all words are whole */
	uint8_t by_bytes;               /* bit per word: it is not */
};

struct cell {                           /* hits included: one member, one site, one context */
	struct cell *hash_next;
	const struct layout *layout;
	const char *label;
	unsigned offset, size;          /* in the struct */
	int field;                      /* index in the layout, -1: none */
	const struct site *site;
	unsigned context;
	uint64_t loads, stores, rmws;
};

struct fine_cell {                      /* misses: a cell's at one offset of one line */
	struct fine_cell *hash_next;
	uint64_t line;
	unsigned offset;
	const struct cell *cell;        /* whose they are: it has the label of that time */
	uint64_t loads, stores, rmws, bounces, hitm, upgrades, wait_units;
	struct taken *taken;            /* by whom its line was taken; the last one first */
	uint64_t cpus[];
};

/* Of a fine cell's misses: those that one place in the source is to blame for. */
struct taken {
	struct taken *next;
	struct origin taker;             /* its CPU is that of the first */
	uint64_t misses;                /* whose copy was taken; each has a class in the end: */
	uint64_t true_sharing, false_sharing;
	uint64_t upgrades;              /* and LOCK operations at the home: after another's write */
	uint64_t cpus[];                /* [words] that missed, [words] that took the line */
};

struct line_counts {
	uint64_t bounces[LINE_CLASSES];
	uint64_t hitm, upgrades, invalidations, misses, false_sharing, true_sharing;
	uint64_t loads, stores;
	uint64_t cpus[];                /* [words] readers, [words] writers */
};

struct lock_entry {
	struct lock_entry *hash_next;
	uint64_t offset;
	const char *kind;
	uint64_t taken, contended, turns, wait_units, hold_units, wait_units_max, hold_units_max;
	uint64_t handovers;             /* takings by another CPU than the one before */
	int last;                       /* who had it last, -1: none yet */
};

struct context {
	enum op op;
	const char *path;
	const struct site *caller;              /* on whose behalf, NULL: nobody's */
	unsigned first, next;                   /* those with a caller, of the same path; 0: none */
	uint64_t count, total_units;
};

/* An end of operation or other change that takes effect in (time, CPU, count) order. */
struct entry {
	uint64_t time, count;
	unsigned cpu;
	enum op op;
	unsigned pieces;                /* that it did, each an operation to those who count */
	unsigned context;
	bool whole;                     /* not inside another operation */
	uint64_t start, units, lines_read, lines_written;
	int64_t live, footprint;
};

struct line *line_get(struct sim *sim, uint64_t number);
unsigned context_get(struct sim *sim, enum op op, const char *path);
/* That context, on behalf of a caller. */
unsigned context_for(struct sim *sim, unsigned context, const struct site *caller);
struct cell *cell_get(struct sim *sim, const void *p, unsigned size, const struct site *site,
		      unsigned context, uint32_t serial);
/* Memory without a layout is the allocators'. */
static inline enum line_class cell_class(const struct cell *cell)
{
	return cell->layout ? cell->layout->class : CLASS_ALLOCATOR;
}

struct fine_cell *fine_cell_get(struct sim *sim, uint64_t line, unsigned offset,
				const struct cell *cell);
struct line_counts *line_counts_new(struct sim *sim, struct line *line);
static inline struct line_counts *line_counts_get(struct sim *sim, struct line *line)
{
	return line->counts ? line->counts : line_counts_new(sim, line);
}
/* What the line remembers of the CPU; NULL: nothing yet. */
static inline struct party *party_find(const struct line *line, unsigned cpu)
{
	return line->party ? line->party[cpu] : NULL;
}

struct party *party_new(struct sim *sim, struct line *line, unsigned cpu);
static inline struct party *party_get(struct sim *sim, struct line *line, unsigned cpu)
{
	struct party *party = party_find(line, cpu);

	return party ? party : party_new(sim, line, cpu);
}

struct taken *taken_get(struct sim *sim, struct fine_cell *cell, const struct origin *taker);
/* The window's edges, at time `at`. */
void window_open(struct sim *sim, uint64_t at);
void window_close(struct sim *sim, uint64_t at);
void entry_push(struct sim *sim, const struct entry *entry);
void entries_look(struct sim *sim); /* sets sim->quiet_until: `pushed`, `edge`, `entries` changed */
bool entries_are_due(const struct sim *sim);
void entries_apply(struct sim *sim, uint64_t time); /* those with a time up to and including it */
void counts_init(struct sim *sim);
void counts_free(struct sim *sim);
void op_percentiles(struct sim *sim);

#endif
