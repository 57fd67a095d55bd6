/* What an access leaves behind when it takes effect (effect.c). */
#ifndef SIM_EFFECT_H
#define SIM_EFFECT_H

#include "sim/counts.h"
#include "sim/sim.h"
#include "sim/txn.h"

/* An access that takes effect. */
struct want {
	const void *p;
	unsigned size;
	bool read, write, locked;
	bool far;                       /* the home does it where this CPU cannot write the line */
	bool half;                      /* reads for a read-modify-write whose store is buffered */
	bool buffered;                  /* a store that was counted for its operation when issued */
	bool prefetch;                  /* for an observer: asked for, not touched; */
	bool forwarded;                 /* an own buffered store gave the value */
	enum access_kind access;
	uint64_t cost;                  /* of the hit */
	enum cause cause;
	uint32_t context;               /* of the operation that issued it */
	uint64_t time;                  /* when it takes effect */
	const struct site *site;
	const struct modify *modify;    /* of a read-modify-write, */
	enum own own;                   /* and what it costs there */
	uint32_t label_serial;          /* labels in force when its copy was fetched, or it has */
	struct cell *cell;              /* instead; NULL: not looked for */
	struct fine_cell **fine; /* where its fine cell is noted, or NULL */
};

static inline uint64_t byte_mask(const void *p, unsigned size)
{
	return ((1ull << size) - 1) << ((uintptr_t)p & (LINE - 1));
}

/* The copy, found in any private level; `cost` grows by what an outer level costs. */
struct slot *find_copy(struct cpu *cpu, uint64_t line, uint64_t *cost);
void count_miss(struct sim *sim, struct cpu *cpu, const struct txn *t, bool write,
		struct line *info);
/*
 * At its place; and there by whom the line was taken from this CPU: a miss of a copy that was lost
 * to another, by `lost`, else NULL; an upgrade or a LOCK operation at the home by the last write
 * `before` it.
 */
void count_fine(struct sim *sim, struct cpu *cpu, const struct want *w, const struct txn *t,
		bool bounce, struct line *info, struct party *lost, const struct origin *before);
/* A copy that came for no access; the line's last one was `lost` to another CPU. */
void count_prefetch(struct sim *sim, struct cpu *cpu, const struct txn *t, const struct slot *copy,
		    bool lost);
/* An access, or a buffered store, that its CPU waited for: `units` more. */
void count_wait(struct sim *sim, const struct want *w, uint64_t line, uint64_t units);
/* The CPU is the line's last writer from now on: true if that is a bounce of the window. */
bool note_writer(struct sim *sim, struct cpu *cpu, struct line *info, const struct want *w);
void count_access(struct counts *c, struct cell *cell, const struct want *w);
/* Bookkeeping that only the first touches of a copy need. */
void touch(struct sim *sim, struct cpu *cpu, struct slot *copy, const struct want *w,
	   const struct txn *t);
/* For an observer, if there is one: the bytes before the access takes effect; then, after that, what
 * it did. t: its miss, or NULL. */
void observe_old(struct cpu *cpu, const void *p, unsigned size);
void observe(struct cpu *cpu, const struct want *w, enum state was, enum state is, uint64_t start,
	     const struct txn *t);
void observe_moment(struct cpu *cpu, const struct moment *moment);
/* An eviction or an arrival, now, of its copy of the line. */
void observe_copy(struct sim *sim, struct cpu *cpu, uint64_t line, enum moment_kind kind);
/* For a transaction the copy changed. */
void observe_change(struct sim *sim, const struct txn *t, struct cpu *cpu, enum state was,
		    enum state is);

#endif
