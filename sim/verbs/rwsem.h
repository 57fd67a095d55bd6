/*
 * A lock for many readers or one writer: one word that both count in, as the kernel's rw_semaphore
 * has it, so that readers, who exclude nobody among themselves, still take turns at its line.
 *
 *	bit  0        1         8 ..
 *	     writer   waiting   readers         waiting: a writer does, new readers let it go first
 *
 *	read    LOCK xadd one reader; with a writer, or one that waits: take it back, wait, again
 *	write   LOCK cmpxchg nobody -> writer; else set `waiting` and wait until nobody is left
 *	unlock  LOCK xadd what was added
 *
 * Waiters spin, all on the word. Left out: sleeping and the list of those who sleep, the owner's
 * word and spinning while the owner runs, downgrade, trylock.
 */
#ifndef SIM_VERBS_RWSEM_H
#define SIM_VERBS_RWSEM_H

#include "sim/verbs/verbs.h"

struct rwsem {
	int64_t count;                  /* 0: free */
};

enum { RWSEM_WRITER = 1, RWSEM_WAITING = 2, RWSEM_READER = 1 << 8 };

void down_read_at(struct cpu *cpu, struct rwsem *sem, const struct site *site);
void up_read_at(struct cpu *cpu, struct rwsem *sem, const struct site *site);
void down_write_at(struct cpu *cpu, struct rwsem *sem, const struct site *site);
void up_write_at(struct cpu *cpu, struct rwsem *sem, const struct site *site);

#define down_read(cpu, sem)     down_read_at((cpu), (sem), SITE("down_read(" #sem ")"))
#define up_read(cpu, sem)       up_read_at((cpu), (sem), SITE("up_read(" #sem ")"))
#define down_write(cpu, sem)    down_write_at((cpu), (sem), SITE("down_write(" #sem ")"))
#define up_write(cpu, sem)      up_write_at((cpu), (sem), SITE("up_write(" #sem ")"))

#endif
