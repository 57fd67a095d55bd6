/*
 * A CPU's sheaves are its own, under a lock that costs no LOCK; the barn is shared by the CPUs of a
 * node, under a spinlock. After an era_*.h.
 *
 * Follows: mm/slub.c, Linux 6.18 to 7.3.
 */
#ifndef MODELS_SLUB_BARN_H
#define MODELS_SLUB_BARN_H

#include "models/slub/sheaf.h"

/* ---- the CPU's own ------------------------------------------------------------------------------ */

/* NULL: the cache has none. */
static inline struct slub_percpu_sheaves *cpu_sheaves(struct cpu *cpu, struct kmem_cache *s)
{
	struct slub_percpu_sheaves *sheaves = load(cpu, &s->cpu_sheaves);

	return sheaves ? this_cpu(cpu, sheaves) : NULL;
}

/* False: an interrupt came in while this CPU was inside. */
static inline bool sheaves_trylock(struct cpu *cpu, struct slub_percpu_sheaves *pcs)
{
	uint8_t acquired;

	preempt_disable(cpu);
	acquired = load(cpu, &pcs->lock);
	if (acquired) {
		preempt_enable(cpu);
		return false;
	}
	store(cpu, &pcs->lock, 1);
	return true;
}

/* For tasks, which nobody of this CPU can find inside. */
static inline void sheaves_lock(struct cpu *cpu, struct slub_percpu_sheaves *pcs)
{
	preempt_disable(cpu);
	store(cpu, &pcs->lock, 1);
}

static inline void sheaves_unlock(struct cpu *cpu, struct slub_percpu_sheaves *pcs)
{
	store(cpu, &pcs->lock, 0);
	preempt_enable(cpu);
}

/* ---- the barn ----------------------------------------------------------------------------------- */

static inline uint32_t *barn_nr_full(const struct slub *slub, struct node_barn *barn)
{
	return sheaf_set(slub)->barn == LINE_SPLIT ? &barn->split_nr_full : &barn->nr_full;
}

static inline uint32_t *barn_nr_empty(const struct slub *slub, struct node_barn *barn)
{
	return sheaf_set(slub)->barn == LINE_SPLIT ? &barn->split_nr_empty : &barn->nr_empty;
}

static inline uint32_t barn_count(struct cpu *cpu, uint32_t *count)
{
	return load(cpu, count);
}

/* Before the lock is taken: worth it? */
static inline bool barn_looks_empty(struct cpu *cpu, const struct slub *slub, uint32_t *count)
{
	return sheaf_set(slub)->barn_peek && barn_count(cpu, count) == 0;
}

/* Under the lock: still? */
static inline bool barn_has(struct cpu *cpu, uint32_t *count)
{
	uint32_t there = load(cpu, count);

	return there > 0;
}

static inline bool barn_lock(struct cpu *cpu, struct node_barn *barn)
{
	return spin_lock_irqsave(cpu, &barn->lock, era.list_lock);
}

static inline void barn_unlock(struct cpu *cpu, struct node_barn *barn, bool flags)
{
	spin_unlock_irqrestore(cpu, &barn->lock, era.list_lock, flags);
}

/* Under the lock; there is one. */
static inline struct slab_sheaf *barn_take(struct cpu *cpu, struct list_head *list)
{
	struct list_head *first = load(cpu, &list->next);

	list_del(cpu, first);
	return (struct slab_sheaf *)first;
}

/* Under the lock. What came last is taken next, its lines are the warmest. */
static inline void barn_put(struct cpu *cpu, const struct slub *slub, struct slab_sheaf *sheaf,
			    struct list_head *list)
{
	if (sheaf_set(slub)->barn_order == BARN_FIFO)
		list_add_tail(cpu, &sheaf->barn_list, list);
	else
		list_add(cpu, &sheaf->barn_list, list);
}

static inline void barn_put_full(struct cpu *cpu, const struct slub *slub, struct node_barn *barn,
				 struct slab_sheaf *sheaf)
{
	bool flags = barn_lock(cpu, barn);

	barn_put(cpu, slub, sheaf, &barn->sheaves_full);
	fetch_add_local(cpu, barn_nr_full(slub, barn), 1);
	barn_unlock(cpu, barn, flags);
}

static inline void barn_put_empty(struct cpu *cpu, const struct slub *slub, struct node_barn *barn,
				  struct slab_sheaf *sheaf)
{
	bool flags = barn_lock(cpu, barn);

	barn_put(cpu, slub, sheaf, &barn->sheaves_empty);
	fetch_add_local(cpu, barn_nr_empty(slub, barn), 1);
	barn_unlock(cpu, barn, flags);
}

/* NULL: there is none. */
static inline struct slab_sheaf *barn_get(struct cpu *cpu, const struct slub *slub,
					  struct node_barn *barn, struct list_head *list,
					  uint32_t *count)
{
	struct slab_sheaf *sheaf = NULL;
	bool flags;

	if (barn_looks_empty(cpu, slub, count))
		return NULL;
	flags = barn_lock(cpu, barn);
	if (barn_has(cpu, count)) {
		sheaf = barn_take(cpu, list);
		fetch_add_local(cpu, count, -1);
	}
	barn_unlock(cpu, barn, flags);
	return sheaf;
}

static inline struct slab_sheaf *barn_get_full(struct cpu *cpu, const struct slub *slub,
					       struct node_barn *barn)
{
	return barn_get(cpu, slub, barn, &barn->sheaves_full, barn_nr_full(slub, barn));
}

static inline struct slab_sheaf *barn_get_empty(struct cpu *cpu, const struct slub *slub,
						struct node_barn *barn)
{
	return barn_get(cpu, slub, barn, &barn->sheaves_empty, barn_nr_empty(slub, barn));
}

/* An empty sheaf for a full one, whatever the number of empty ones; NULL: there is none. */
static inline struct slab_sheaf *barn_replace_empty(struct cpu *cpu, const struct slub *slub,
						    struct node_barn *barn,
						    struct slab_sheaf *empty)
{
	uint32_t *nr_full = barn_nr_full(slub, barn);
	struct slab_sheaf *full = NULL;
	bool flags;

	if (barn_looks_empty(cpu, slub, nr_full))
		return NULL;
	flags = barn_lock(cpu, barn);
	if (barn_has(cpu, nr_full)) {
		full = barn_take(cpu, &barn->sheaves_full);
		barn_put(cpu, slub, empty, &barn->sheaves_empty);
		fetch_add_local(cpu, nr_full, -1);
		fetch_add_local(cpu, barn_nr_empty(slub, barn), 1);
	}
	barn_unlock(cpu, barn, flags);
	return full;
}

enum barn_answer { BARN_GAVE, BARN_IS_FULL, BARN_HAS_NONE };

/* A full sheaf for an empty one, unless the barn has full ones enough, or no empty one. The limit is
 * looked at without the lock, and so can be passed by as many as look at once. */
static inline enum barn_answer barn_replace_full(struct cpu *cpu, const struct slub *slub,
						 struct node_barn *barn, struct slab_sheaf *full,
						 struct slab_sheaf **empty)
{
	uint32_t *nr_full = barn_nr_full(slub, barn), *nr_empty = barn_nr_empty(slub, barn);
	enum barn_answer answer = BARN_HAS_NONE;
	bool flags;

	if (sheaf_set(slub)->barn_peek && barn_count(cpu, nr_full) >= sheaf_set(slub)->max_full)
		return BARN_IS_FULL;
	if (barn_looks_empty(cpu, slub, nr_empty))
		return BARN_HAS_NONE;
	flags = barn_lock(cpu, barn);
	if (!sheaf_set(slub)->barn_peek && barn_count(cpu, nr_full) >= sheaf_set(slub)->max_full) {
		answer = BARN_IS_FULL;
	} else if (barn_has(cpu, nr_empty)) {
		*empty = barn_take(cpu, &barn->sheaves_empty);
		barn_put(cpu, slub, full, &barn->sheaves_full);
		fetch_add_local(cpu, nr_empty, -1);
		fetch_add_local(cpu, nr_full, 1);
		answer = BARN_GAVE;
	}
	barn_unlock(cpu, barn, flags);
	return answer;
}

#endif
