/*
 * The transaction id, Linux 2.6.39 on: it lies beside the CPU's freelist, changes whenever that does,
 * and is compared with it. So a list that looks as before, but was emptied and refilled by an
 * interrupt meanwhile, is not taken for the same. After a cpu_*.h that has the two as `list`.
 *
 * The instruction, cmpxchg16b without LOCK, cannot be interrupted; other CPUs never touch the pair.
 * A CPU without it does the same with interrupts off (`cmpxchg16b: false`).
 */
#ifndef MODELS_SLUB_TID_H
#define MODELS_SLUB_TID_H

/* This CPU's struct of the cache. */
static inline struct kmem_cache_cpu *cpu_slab_here(struct cpu *cpu, struct kmem_cache *s)
{
	struct kmem_cache_cpu *all = load(cpu, &s->cpu_slab);

	return this_cpu(cpu, all);
}

static inline struct kmem_cache_cpu *get_cpu_slab(struct cpu *cpu, const struct slub *slub,
						  struct kmem_cache *s)
{
	(void)slub;
	return cpu_slab_here(cpu, s);
}

/* The CPU's freelist changes in a slow path, interrupts off. */
static inline void tid_advance(struct cpu *cpu, const struct slub *slub, struct kmem_cache_cpu *c)
{
	fetch_add_local(cpu, &c->tid, slub->tid_step);
}

/* The CPU's list, which was empty, now that interrupts are off: one may have put something there. */
static inline void *look_again(struct cpu *cpu, struct kmem_cache_cpu *c)
{
	return load(cpu, &c->freelist);
}

static inline bool cmpxchg_double_emulated(struct cpu *cpu, struct kmem_cache_cpu *c,
					   struct pair old, struct pair new)
{
	bool flags = irq_save(cpu), same;

	same = load(cpu, &c->list.low) == old.low && load(cpu, &c->list.high) == old.high;
	if (same) {
		store(cpu, &c->list.low, new.low);
		store(cpu, &c->list.high, new.high);
	}
	irq_restore(cpu, flags);
	return same;
}

/* Freelist `old` and transaction `tid` become `new` and the next transaction, or nothing happens:
 * false. */
static inline bool this_cpu_cmpxchg_double(struct cpu *cpu, const struct slub *slub,
					   struct kmem_cache_cpu *c, void *old, uint64_t tid,
					   void *new)
{
	struct pair was = { (uintptr_t)old, tid };
	struct pair is = { (uintptr_t)new, tid + slub->tid_step };

	if (!slub->settings.cmpxchg16b)
		return cmpxchg_double_emulated(cpu, c, was, is);
	return cas_local(cpu, &c->list, was, is);
}

/*
 * Set-up. A thread may be moved to another CPU where the kernel is preemptible, and there the ids of
 * all CPUs must differ: each has its number as first id, and steps of a power of two that is above
 * them all.
 */
static inline void tid_setup(struct slub *slub)
{
	slub->tid_step = 1;
	while (sim_preempt(slub->sim) &&
	       slub->tid_step < nr_cpus(slub->sim, slub->settings.nr_cpus))
		slub->tid_step *= 2;
}

#endif
