/*
 * A sequence lock: writers exclude each other by a spinlock and count before and behind what they
 * change; readers write nothing, and read again if the count was odd or has changed meanwhile.
 *
 *	reader   R sequence until even   R data ...   R sequence: another value -> all again
 *	writer   lock, sequence + 1 (odd)   W data ...   sequence + 1 (even), unlock
 *
 * The order of plain accesses on x86 is enough for both.
 */
#ifndef SIM_VERBS_SEQLOCK_H
#define SIM_VERBS_SEQLOCK_H

#include "sim/verbs/lock.h"

struct seqlock {
	uint32_t sequence;              /* odd: a writer is at it */
	struct spinlock lock;           /* LOCK_QUEUED; of writers alone */
};

uint32_t read_seqbegin_at(struct cpu *cpu, struct seqlock *lock, const struct site *site);
/* Has a writer been there since? Then what was read means nothing. */
bool read_seqretry_at(struct cpu *cpu, struct seqlock *lock, uint32_t start, const struct site *site);
void write_seqlock_at(struct cpu *cpu, struct seqlock *lock, const struct site *site);
void write_sequnlock_at(struct cpu *cpu, struct seqlock *lock, const struct site *site);

#define read_seqbegin(cpu, lock)        read_seqbegin_at((cpu), (lock), SITE("read_seqbegin(" #lock ")"))
#define read_seqretry(cpu, lock, start) read_seqretry_at((cpu), (lock), (start), SITE("read_seqretry(" #lock ")"))
#define write_seqlock(cpu, lock)        write_seqlock_at((cpu), (lock), SITE("write_seqlock(" #lock ")"))
#define write_sequnlock(cpu, lock)      write_sequnlock_at((cpu), (lock), SITE("write_sequnlock(" #lock ")"))

#endif
