/*
 * The verbs as a table of functions, for allocators that are loaded while the program runs
 * (models/allocator.h): one shared object for all backends, each of which hands in its own table.
 *
 * Whoever changes this table, or anything else that such an allocator sees, counts PLUGIN_ABI up.
 */
#ifndef SIM_VERBS_TABLE_H
#define SIM_VERBS_TABLE_H

#include "sim/verbs/lock.h"
#include "sim/verbs/verbs.h"

enum { PLUGIN_ABI = 2 };

struct books;                   /* who asks in a check() */

struct verb_table {
	void (*load_word)(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site);
	void (*store_word)(struct cpu *cpu, void *p, const void *value, size_t size, const struct site *site);
	bool (*rmw)(struct cpu *cpu, void *p, size_t size, enum rmw how, const void *expected, const void *operand,
		    void *old, bool locked, const struct site *site);
	void (*poll)(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site);
	void (*spin)(struct cpu *cpu, const void *p, void *value, size_t size, enum step step, const struct site *site);
	void (*retry)(struct cpu *cpu, const void *p, const void *was, size_t size, const struct site *site);
	void (*ask_ahead)(struct cpu *cpu, const void *p, const struct site *site);
	void (*fetch_line)(struct cpu *cpu, const void *p, bool write, const struct site *site);
	void (*fence)(struct cpu *cpu);
	void (*compute)(struct cpu *cpu, enum step step);
	void (*compute_cycles)(struct cpu *cpu, uint64_t cycles);
	bool (*irqs_save)(struct cpu *cpu, const struct site *site);
	void (*irq_restore)(struct cpu *cpu, bool flags);
	void (*irqs_disable)(struct cpu *cpu, const struct site *site);
	void (*irq_enable)(struct cpu *cpu);
	void (*preempt_disable)(struct cpu *cpu);
	void (*preempt_enable)(struct cpu *cpu);
	bool (*in_interrupt)(const struct cpu *cpu);
	bool (*irqs_off)(const struct cpu *cpu);
	unsigned (*cpu_id)(const struct cpu *cpu);
	unsigned (*cpu_node)(const struct cpu *cpu);
	uint64_t (*random_next)(struct cpu *cpu);
	uint64_t (*random_below)(struct cpu *cpu, uint64_t limit);
	void (*path)(struct cpu *cpu, const char *name);
	void (*bug)(const struct cpu *cpu, const char *file, int line, const char *text);
	/* locks */
	void (*take_lock)(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site);
	bool (*try_lock)(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site);
	void (*give_lock)(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site);
	bool (*take_lock_irqsave)(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site);
	void (*give_lock_irqrestore)(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, bool flags, const struct site *site);
	bool (*lock_wanted)(struct cpu *cpu, struct spinlock *lock, enum lock_kind kind, const struct site *site);
	void (*bit_lock)(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_lock kind, const struct site *site);
	bool (*bit_trylock)(struct cpu *cpu, uint64_t *word, unsigned bit, const struct site *site);
	void (*bit_unlock)(struct cpu *cpu, uint64_t *word, unsigned bit, enum bit_lock kind, const struct site *site);
	/* caches, their memory and settings: see models/allocator.h */
	void *(*cache_cpu)(const void *cache, unsigned id);
	unsigned (*cache_cpus)(const void *cache);
	const void *(*cache_settings)(const void *cache);
	size_t (*cache_object_bytes)(const void *cache);
	size_t (*cache_block_bytes)(const void *cache);
	void *(*get_block)(struct cpu *cpu, void *cache, const struct site *site);
	void (*put_block)(struct cpu *cpu, void *cache, void *block, const struct site *site);
	void *(*block_of)(const void *cache, const void *object);
	/* set-up and check(): no access */
	void (*peek_word)(const void *p, void *value, size_t size, const struct site *site);
	void (*poke_word)(void *p, const void *value, size_t size, const struct site *site);
	void (*lock_init)(struct spinlock *lock, enum lock_kind kind, const struct site *site);
	bool (*lock_is_held)(const struct spinlock *lock, enum lock_kind kind, const struct site *site);
	void (*book_free)(struct books *books, const void *object, const struct site *site);
	bool (*book_wrong)(struct books *books, const char *text, const struct site *site);
};

#endif
