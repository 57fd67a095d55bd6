/*
 * The verbs of an allocator that is loaded while the program runs: each goes through the table that
 * the loader hands in. Included by models/allocator.h only.
 */
#ifndef SIM_VERBS_PLUGIN_H
#define SIM_VERBS_PLUGIN_H

#include <stdlib.h>

VERB void verb_load(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site)
{
	bounce_verbs->load_word(cpu, p, value, size, site);
}

VERB void verb_store(struct cpu *cpu, void *p, const void *value, size_t size, const struct site *site)
{
	bounce_verbs->store_word(cpu, p, value, size, site);
}

VERB bool verb_rmw(struct cpu *cpu, void *p, size_t size, enum rmw how, const void *expected, const void *operand, void *old, bool locked, const struct site *site)
{
	return bounce_verbs->rmw(cpu, p, size, how, expected, operand, old, locked, site);
}

VERB void verb_poll(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site)
{
	bounce_verbs->poll(cpu, p, value, size, site);
}

VERB void verb_spin(struct cpu *cpu, const void *p, void *value, size_t size, enum step step, const struct site *site)
{
	bounce_verbs->spin(cpu, p, value, size, step, site);
}

VERB void verb_retry(struct cpu *cpu, const void *p, const void *was, size_t size, const struct site *site)
{
	bounce_verbs->retry(cpu, p, was, size, site);
}

VERB void verb_load_ahead(struct cpu *cpu, const void *p, const struct site *site)
{
	bounce_verbs->ask_ahead(cpu, p, site);
}

VERB void verb_prefetch(struct cpu *cpu, const void *p, bool write, const struct site *site)
{
	bounce_verbs->fetch_line(cpu, p, write, site);
}

VERB void fence(struct cpu *cpu)
{
	bounce_verbs->fence(cpu);
}

VERB void compute(struct cpu *cpu, enum step step)
{
	bounce_verbs->compute(cpu, step);
}

VERB void compute_cycles(struct cpu *cpu, uint64_t cycles)
{
	bounce_verbs->compute_cycles(cpu, cycles);
}

VERB void irq_restore(struct cpu *cpu, bool flags)
{
	bounce_verbs->irq_restore(cpu, flags);
}

VERB void irq_enable(struct cpu *cpu)
{
	bounce_verbs->irq_enable(cpu);
}

/* Where they go off is told if they stay off. */
#define irq_save(cpu)           bounce_verbs->irqs_save((cpu), SITE("irq_save()"))
#define irq_disable(cpu)        bounce_verbs->irqs_disable((cpu), SITE("irq_disable()"))

VERB void preempt_disable(struct cpu *cpu)
{
	bounce_verbs->preempt_disable(cpu);
}

VERB void preempt_enable(struct cpu *cpu)
{
	bounce_verbs->preempt_enable(cpu);
}

VERB bool in_interrupt(const struct cpu *cpu)
{
	return bounce_verbs->in_interrupt(cpu);
}

VERB bool irqs_off(const struct cpu *cpu)
{
	return bounce_verbs->irqs_off(cpu);
}

VERB unsigned cpu_id(const struct cpu *cpu)
{
	return bounce_verbs->cpu_id(cpu);
}

VERB unsigned cpu_node(const struct cpu *cpu)
{
	return bounce_verbs->cpu_node(cpu);
}

VERB uint64_t random_next(struct cpu *cpu)
{
	return bounce_verbs->random_next(cpu);
}

VERB uint64_t random_below(struct cpu *cpu, uint64_t limit)
{
	return bounce_verbs->random_below(cpu, limit);
}

VERB void path(struct cpu *cpu, const char *name)
{
	bounce_verbs->path(cpu, name);
}

/* ---- locks ---------------------------------------------------------------------------------- */

VERB void spin_lock_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site)
{
	bounce_verbs->take_lock(cpu, lock, kind, site);
}

VERB bool spin_trylock_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site)
{
	return bounce_verbs->try_lock(cpu, lock, kind, site);
}

VERB void spin_unlock_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site)
{
	bounce_verbs->give_lock(cpu, lock, kind, site);
}

VERB bool spin_lock_irqsave_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site)
{
	return bounce_verbs->take_lock_irqsave(cpu, lock, kind, site);
}

VERB void spin_unlock_irqrestore_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, bool flags, const struct site *site)
{
	bounce_verbs->give_lock_irqrestore(cpu, lock, kind, flags, site);
}

VERB bool spin_is_contended_at(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site)
{
	return bounce_verbs->lock_wanted(cpu, lock, kind, site);
}

VERB void bit_spin_lock_at(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_lock kind, const struct site *site)
{
	bounce_verbs->bit_lock(cpu, word, bit, kind, site);
}

VERB bool bit_spin_trylock_at(struct cpu *cpu, uint64_t *word, unsigned bit, const struct site *site)
{
	return bounce_verbs->bit_trylock(cpu, word, bit, site);
}

VERB void bit_spin_unlock_at(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_lock kind, const struct site *site)
{
	bounce_verbs->bit_unlock(cpu, word, bit, kind, site);
}

/* For init() and check(). */
#define spin_lock_init(lock, kind)      bounce_verbs->lock_init((lock), (kind), SITE("spin_lock_init(" #lock ")"))
#define spin_lock_is_held(lock, kind)   bounce_verbs->lock_is_held((lock), (kind), SITE("spin_lock_is_held(" #lock ")"))

__attribute__((unused, noreturn, format(printf, 4, 5))) static void
plugin_bug(const struct cpu *cpu, const char *file, int line, const char *format, ...)
{
	char text[160];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	bounce_verbs->bug(cpu, file, line, text);
	abort();
}
#undef BUG
#define BUG(cpu, ...) plugin_bug((cpu), __FILE__, __LINE__, __VA_ARGS__)

#endif
