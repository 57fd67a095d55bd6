/* A CPU's copies come and go (copies.c). */
#ifndef SIM_COPIES_H
#define SIM_COPIES_H

#include "sim/cpu.h"

void cpu_filled(struct sim *sim, struct txn *txn);      /* a CPU's transaction is complete */
/* Bytes that a CPU wrote become history: others may miss on them. */
void line_written(struct sim *sim, struct line *line, unsigned cpu, uint64_t bytes);
/* BUG: the copy is not of the line's last version. */
_Noreturn void copy_is_old(const struct cpu *cpu, const struct slot *copy);
static inline void copy_check(const struct cpu *cpu, const struct slot *copy)
{
	if (copy->version != cpu->line_version[copy->line])
		copy_is_old(cpu, copy);
}
/* An operation counts each line once that it reads, and once that it writes; a handler's none. */
static inline void copy_touched(struct cpu *cpu, struct slot *copy, bool read, bool write)
{
	if (!cpu->op_serial)
		return;
	if (read && copy->op_read != cpu->op_serial) {
		copy->op_read = cpu->op_serial;
		cpu->lines_read++;
	}
	if (write && copy->op_written != cpu->op_serial) {
		copy->op_written = cpu->op_serial;
		cpu->lines_written++;
	}
}
/* The first access to a copy that came before any asked for it. */
void copy_first_use(struct sim *sim, struct cpu *cpu, struct slot *copy);
/* The class of the sharing miss that brought it. */
void copy_settle_false(struct sim *sim, struct cpu *cpu, struct slot *copy);
void copy_settle_true(struct sim *sim, struct cpu *cpu, struct slot *copy, struct party *party);
/* Is one of `bytes` among those that others wrote since this CPU's last cold or true-sharing miss
 * on the line, by its `party` (NULL: none yet)? They cannot change while it has a copy. */
bool copy_uses_foreign(const struct line *info, unsigned cpu, const struct party *party,
		       uint64_t bytes);
/* An inner level points to the copy; the slot of the innermost. */
struct slot *copy_install_inner(struct cpu *cpu, struct slot *copy);
/* The copy goes: another CPU takes it for that access, or (NULL) it makes room. */
void cpu_lose(struct sim *sim, struct cpu *cpu, struct slot *slot, const struct origin *taker);
/* Was the CPU's last copy of the line lost to a write? */
bool copy_was_killed(struct sim *sim, const struct cpu *cpu, uint64_t line);
/* It stays, in that state. */
void cpu_downgrade(struct sim *sim, struct cpu *cpu, struct slot *slot, enum state to);

#endif
