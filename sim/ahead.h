/* Lines that come before an access asks for them: prefetchers, load_ahead (ahead.c). */
#ifndef SIM_AHEAD_H
#define SIM_AHEAD_H

#include "sim/cpu.h"
#include "sim/effect.h"

enum { AHEAD_LINES = 256 };

/* Lines that loads will come to, in that order; the first `asked` were asked for, or were here. */
struct ahead {
	struct announced {
		uint64_t line;
		const struct site *site;
		uint32_t context;
		uint8_t offset;
	} entry[AHEAD_LINES];
	unsigned count, asked;
};

/* An access of the CPU, or (load false) a buffered store, asks for the line at `time`. */
void ahead_missed(struct cpu *cpu, uint64_t line, bool load, uint64_t time);
/* An access is about to use the copy. */
void ahead_used(struct cpu *cpu, const struct slot *copy, const struct want *want);
/* What was announced and not used is forgotten. */
void ahead_forget(struct cpu *cpu);

#endif
