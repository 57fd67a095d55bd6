/* Accesses, spinning, and feeding the protocol core (access.c). */
#ifndef SIM_ACCESS_H
#define SIM_ACCESS_H

#include "sim/cpu.h"

/* The access, of that operation, as others remember it. */
static inline struct origin origin_of(const struct cpu *cpu, const struct site *site,
				    uint32_t context, const void *p, unsigned size)
{
	return (struct origin){ .site = site,
			       .context = context,
			       .cpu = (uint16_t)cpu->head.id,
			       .offset = (uint8_t)((uintptr_t)p & (LINE - 1)),
			       .size = (uint8_t)size };
}

static inline struct origin want_origin(const struct cpu *cpu, const struct want *w,
				      uint32_t context)
{
	return origin_of(cpu, w->site, context, w->p, w->size);
}

/* What the time of a miss is for, apart from waits. */
enum cause miss_cause(const struct cpu *cpu, const struct txn *t);
/* What a CPU asks for that has the line in that state, by the rule for its access; no hit. */
static inline enum request request_of(const struct cpu *cpu, enum state state,
				      const struct access_rule *rule)
{
	if (rule->request == REQUESTS)
		BUG(cpu, "a copy in %c neither hits nor stays and asks", state_letter[state]);
	return (enum request)rule->request;
}
/* Its line's number; BUG outside the arena or not aligned. */
uint64_t access_line(struct cpu *cpu, const void *p, unsigned size, const struct site *site);

/* A far LOCK operation takes effect; its CPU knows at `end`. The line's new version. */
uint32_t cpu_far(struct sim *sim, const struct txn *txn, uint64_t end);

/* Charges what a parked CPU did up to, not including, `until`. */
void cpu_park_account(struct cpu *cpu, uint64_t until);
/* It goes on with the first poll at or after `time`. */
void cpu_unpark(struct cpu *cpu, uint64_t time);
/* Feed for tests and golden counts: one access of a line, complete before the next starts. */
void sim_feed(struct sim *sim, unsigned cpu, uint64_t line, bool write);

#endif
