/* A machine's numbers as integers; docs/model.md says how totals are split into legs. */
#ifndef SIM_TIMING_H
#define SIM_TIMING_H

#include "sim/machine.h"
#include "sim/protocol.h"
#include "sim/verbs/verbs.h"

struct sim;

/* Time is counted in units of 1/64 cycle. */
enum { UNIT = 64, DISTANCES = 8, PROBE_SHIFT = 32 };
#define NEVER UINT64_MAX

enum access_kind { ACCESS_LOAD, ACCESS_STORE, ACCESS_RMW, ACCESS_KINDS };

/* Totals go by the state found; this one is M or D, the line's memory in the reader's socket. */
enum { DIRTY_HOMED_AT_READER = STATES, TOTALS };

enum own {
	OWN_ADD, OWN_CMPXCHG_LOCAL, OWN_CMPXCHG8B_LOCAL, OWN_CMPXCHG16B_LOCAL,
	OWN_LOCK_ADD, OWN_LOCK_XADD, OWN_LOCK_CMPXCHG, OWN_XCHG, OWN_LOCK_CMPXCHG16B,
	OWNS
};

/* Machine numbers in units, by distance index. */
struct timing {
	uint64_t request[DISTANCES];                    /* leg client -> home */
	uint64_t legs[ACCESS_KINDS][TOTALS][DISTANCES]; /* total less the hit */
	bool homed_at_reader;                           /* has a total of its own */
	uint64_t dram[DISTANCES];
	unsigned dram_count, distances;
	uint64_t probe_part;    /* of what is left after the request, in 1/2^32 (PROBE_SHIFT) */
	unsigned service_jitter;                        /* percent of a last leg, either way */
	uint64_t invalidate_extra;
	uint64_t slice, bus_slot, data_occupancy;
	uint64_t reread, hold;                          /* 0: none */
	bool late_paid;
	bool pair, next_line, ahead;                    /* ahead: some line may come unasked */
	unsigned load_window;
	uint64_t store_hit;
	unsigned depth, hidden;         /* of the store buffer; stores in it that may miss */
	unsigned misses, misses_from_M, misses_from_S;  /* asked for at once; UINT_MAX: any */
	uint64_t own[OWNS][2];                           /* enum own, dependent / rotating */
	uint64_t step[STEPS];
	uint64_t far, far_service;                      /* LOCK operations at homes; far 0: none */
	uint64_t fence, irq_entry, irq_exit, ipi;
	uint64_t least_request, least_probe;            /* for the horizon */
	uint64_t from_message, from_turn; /* and what these can lead to at a CPU */
};

/*
 * The least total of any state that an owner can have: whether a dirty line's memory is in the
 * reader's socket, and whether the owner is a shared level, which may also answer by itself.
 */
struct owner_legs {
	uint64_t least[2][2][ACCESS_KINDS][DISTANCES];
};

static inline uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What is left of a total, at least one unit. */
static inline uint64_t less(uint64_t total, uint64_t part)
{
	return total > part ? total - part : 1;
}

/* The way of a probe, rounded; no total is so long (2^32 units) that the product overflows. */
static inline uint64_t timing_probe_leg(const struct timing *t, uint64_t rest)
{
	return (rest * t->probe_part + (1ull << (PROBE_SHIFT - 1))) >> PROBE_SHIFT;
}

void timing_owner_legs(const struct timing *t, const struct protocol *p, struct owner_legs *legs);
bool timing_derive(struct sim *sim, char *why, size_t size);
uint64_t units_of_ns(const struct machine *machine, double ns);
uint64_t units_of_cycles(double cycles);

#endif
