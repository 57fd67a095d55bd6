/*
 * kfree_rcu with sheaves: objects gather in the CPU's rcu_free; a full one waits for the end of a
 * grace period and is then a full sheaf of the barn, its objects free without a slab being touched.
 * After an era_*.h.
 *
 * Follows: mm/slub.c, Linux 6.18 to 7.3. Changed: a grace period takes as long as a setting says,
 * and ends on the CPU that asked; the kernel's older batching, for what cannot go into a sheaf, is a
 * list of objects per CPU, each of which goes to its slab when its time has come.
 */
#ifndef MODELS_SLUB_SHEAF_RCU_H
#define MODELS_SLUB_SHEAF_RCU_H

#include "models/slub/sheaf_free.h"

/* ---- waiting for the end of a grace period ------------------------------------------------------- */

/* One of a queue: its first word has the next one. */
static inline void rcu_queue_add(struct cpu *cpu, struct rcu_queue *queue, void *entry)
{
	void *last = load(cpu, &queue->tail);

	store(cpu, (void **)entry, NULL);
	if (last)
		store(cpu, (void **)last, entry);
	else
		store(cpu, &queue->head, entry);
	store(cpu, &queue->tail, entry);
}

static inline void *rcu_queue_take(struct cpu *cpu, struct rcu_queue *queue)
{
	void *entry = load(cpu, &queue->head);
	void *next = load(cpu, (void **)entry);

	store(cpu, &queue->head, next);
	if (!next)
		store(cpu, &queue->tail, NULL);
	return entry;
}

static inline struct rcu_data *rcu_data(struct cpu *cpu, const struct slub *slub)
{
	const struct sheaves *own = slub->own;

	return this_cpu(cpu, own->rcu);
}

/* The `entry` waits; the first of the queue is done when the handler runs. */
static inline void call_rcu(struct cpu *cpu, struct slub *slub, struct rcu_queue *queue, void *entry,
			    interrupt_handler *handler)
{
	bool flags = irq_save(cpu);

	rcu_queue_add(cpu, queue, entry);
	background_again(cpu, sheaf_set(slub)->grace_cycles, handler, slub);
	irq_restore(cpu, flags);
}

/* ---- the older batching --------------------------------------------------------------------------- */

static inline void rcu_object_done(struct cpu *cpu, void *argument)
{
	struct slub *slub = argument;
	struct slab_page *slab;
	struct kmem_cache *s;
	void *object;

	op_begin(cpu, OP_FREE);
	object = rcu_queue_take(cpu, &rcu_data(cpu, slub)->objects);
	slab = virt_to_slab(cpu, slub, object);
	s = load(cpu, &slab->slab_cache);
	free_chain(cpu, slub, s, slab, object, object, 1);
	op_end(cpu, 0, 0);
}

/* ---- sheaves ---------------------------------------------------------------------------------------- */

static inline void rcu_sheaf_done(struct cpu *cpu, void *argument)
{
	struct slub *slub = argument;
	struct slab_sheaf *sheaf;
	struct node_barn *barn;
	struct kmem_cache *s;
	uint32_t size;
	int32_t node;

	op_begin(cpu, OP_FREE);
	sheaf = rcu_queue_take(cpu, &rcu_data(cpu, slub)->sheaves);
	s = load(cpu, &sheaf->cache);
	size = load(cpu, &sheaf->size);
	for (uint32_t i = 0; i < size; i++) {   /* hooks look at each object's slab */
		void *object = load(cpu, &sheaf->objects[i]);

		(void)virt_to_slab(cpu, slub, object);
	}
	node = load(cpu, &sheaf->node);
	barn = get_barn(cpu, s, (unsigned)node);
	if (barn_count(cpu, barn_nr_full(slub, barn)) < sheaf_set(slub)->max_full) {
		barn_put_full(cpu, slub, barn, sheaf);
	} else {
		flush_sheaf(cpu, slub, s, sheaf);
		if (barn_count(cpu, barn_nr_empty(slub, barn)) < sheaf_set(slub)->max_empty)
			barn_put_empty(cpu, slub, barn, sheaf);
		else
			free_sheaf(cpu, slub, sheaf);
	}
	op_end(cpu, 0, 0);
}

/* A sheaf that this CPU had made turns out not to be needed. Inside or outside. */
static inline void drop_empty(struct cpu *cpu, struct slub *slub, struct node_barn *barn,
			      struct slab_sheaf *empty)
{
	if (sheaf_rules.frees_surplus_rcu_sheaf)
		free_sheaf(cpu, slub, empty);
	else
		barn_put_empty(cpu, slub, barn, empty);
}

/* There is no rcu_free: an empty sheaf becomes it. Returns it, inside; NULL, outside. */
static inline struct slab_sheaf *new_rcu_free(struct cpu *cpu, struct slub *slub,
					      struct kmem_cache *s, struct slub_percpu_sheaves *pcs)
{
	struct slab_sheaf *spare = load(cpu, &pcs->spare), *empty = NULL, *there;
	uint32_t size = spare ? load(cpu, &spare->size) : 1;
	struct node_barn *barn;

	if (size == 0) {
		store(cpu, &pcs->spare, NULL);
		store(cpu, &pcs->rcu_free, spare);
		return spare;
	}
	barn = get_barn(cpu, s, cpu_node(cpu));
	empty = barn_get_empty(cpu, slub, barn);
	if (!empty) {
		sheaves_unlock(cpu, pcs);
		empty = alloc_empty_sheaf(cpu, slub, s, GFP_ATOMIC);
		if (!empty)
			return NULL;
		if (!sheaves_trylock(cpu, pcs)) {
			drop_empty(cpu, slub, barn, empty);
			return NULL;
		}
		there = load(cpu, &pcs->rcu_free);
		if (there) {
			drop_empty(cpu, slub, barn, empty);
			return there;
		}
	}
	store(cpu, &pcs->rcu_free, empty);
	return empty;
}

static inline bool free_rcu_to_sheaf(struct cpu *cpu, struct slub *slub, struct kmem_cache *s,
				     void *object)
{
	struct slub_percpu_sheaves *pcs = cpu_sheaves(cpu, s);
	struct slab_sheaf *sheaf;
	uint32_t size, capacity;

	if (!pcs || !sheaves_trylock(cpu, pcs))
		return false;
	sheaf = load(cpu, &pcs->rcu_free);
	if (!sheaf)
		sheaf = new_rcu_free(cpu, slub, s, pcs);
	if (!sheaf)
		return false;
	path(cpu, "rcu sheaf");
	size = load(cpu, &sheaf->size);
	store(cpu, &sheaf->objects[size], object);
	size = fetch_add_local(cpu, &sheaf->size, 1) + 1;
	capacity = load(cpu, &s->sheaf_capacity);
	if (size == capacity) {
		store(cpu, &pcs->rcu_free, NULL);
		store(cpu, &sheaf->node, (int32_t)cpu_node(cpu));
		call_rcu(cpu, slub, &rcu_data(cpu, slub)->sheaves, sheaf, rcu_sheaf_done);
		path(cpu, "rcu sheaf full");
	}
	sheaves_unlock(cpu, pcs);
	return true;
}

static inline void cache_free_rcu(struct cpu *cpu, void *state, struct kmem_cache *s, void *object)
{
	struct slub *slub = state;
	struct slab_page *slab;
	uint64_t flags;

	compute(cpu, STEP_FREE);
	slab = virt_to_slab(cpu, slub, object);
	flags = load(cpu, &slab->flags);
	if (flags >> PG_NODE_SHIFT == cpu_node(cpu) && free_rcu_to_sheaf(cpu, slub, s, object))
		return;
	path(cpu, "rcu batch");
	call_rcu(cpu, slub, &rcu_data(cpu, slub)->objects, object, rcu_object_done);
}

#endif
