/*
 * What an access leaves behind when it takes effect: the copy's state for LRU, counts, bounces,
 * miss classes, the observer's line. The way there is access.c, that of buffered stores buffer.c.
 */
#include "sim/effect.h"
#include "sim/access.h"
#include "sim/arena.h"
#include "sim/copies.h"
#include "sim/cpu.h"

#include <string.h>

struct slot *find_copy(struct cpu *cpu, uint64_t line, uint64_t *cost)
{
	struct node *node = cpu->node;

	for (unsigned i = 0; i < node->levels; i++) {
		struct slot *slot = cache_find(&node->level_cache[i], line);

		if (!slot)
			continue;
		slot->used = ++cpu->used;
		if (i) {
			*cost += node->level_cache[i].hit_units - node->level_cache[0].hit_units;
			slot = copy_install_inner(cpu, slot->copy);
		}
		return slot;
	}
	return NULL;
}

/* It found the line modified in another cache. An upgrade has the line already. */
static bool is_hitm(const struct txn *t)
{
	return t->request != UPGRADE && t->supplier == FROM_CACHE && state_dirty(t->found);
}

void count_miss(struct sim *sim, struct cpu *cpu, const struct txn *t, bool write,
		struct line *info)
{
	struct counts *c = &cpu->counts;
	struct line_counts *lc = line_counts_get(sim, info);

	if (t->request == UPGRADE) {
		c->upgrades++;
		lc->upgrades++;
	} else if (t->request == FAR_ATOMIC) {
		c->far_atomics++;
	} else {
		c->misses++;
		lc->misses++;
		*(write ? &c->write_misses : &c->read_misses) += 1;
	}
	c->downgrades +=
		t->request == GET_SHARED && t->supplier == FROM_CACHE && state_alone(t->found);
	if (is_hitm(t)) {
		*(write ? &c->hitm_stores : &c->hitm_loads) += 1;
		c->hitm_remote += t->supplied_by->socket != cpu->node->socket;
		lc->hitm++;
	}
	c->invalidations += t->killed;
	lc->invalidations += t->killed;
	*(write ? &lc->stores : &lc->loads) += 1;
	cpu_set_bit(cpu, lc->cpus + (write ? sim->words : 0));
}

static inline bool is_miss(const struct txn *t)
{
	return t->request != UPGRADE && t->request != FAR_ATOMIC;
}

/* At that place the CPU missed a copy that it had `lost`, or (NULL) had to ask for more. */
static inline void count_taken(struct sim *sim, const struct cpu *cpu, struct fine_cell *f,
			       struct party *lost, const struct origin *taker)
{
	unsigned self = cpu->head.id, by = taker->cpu;
	struct taken *taken = taken_get(sim, f, taker);

	taken->misses += lost != NULL;
	taken->upgrades += !lost;
	taken->cpus[self / 64] |= 1ull << self % 64;
	taken->cpus[sim->words + by / 64] |= 1ull << by % 64;
	sim->transfer[(size_t)self * sim->head.cpus + by]++;
	if (lost)
		lost->open = taken;
}

static inline struct fine_cell *fine_of(struct sim *sim, const struct want *w, uint64_t line)
{
	struct fine_cell *f = w->fine ? *w->fine : NULL;
	struct cell *cell = w->cell;

	if (f)
		return f;
	if (!cell)
		cell = cell_get(sim, w->p, w->size, w->site, w->context, w->label_serial);
	f = fine_cell_get(sim, line, (unsigned)((uintptr_t)w->p & (LINE - 1)), cell);
	if (w->fine)
		*w->fine = f;
	return f;
}

/* Whose it is, its member, place and line: all by the one label that the cell has. */
static void count_bounce(struct sim *sim, struct cpu *cpu, struct fine_cell *f, struct line *info)
{
	enum line_class class = cell_class(f->cell);
	struct line_counts *lc = line_counts_get(sim, info);

	cpu->counts.bounces[class]++;
	lc->bounces[class]++;
	f->bounces++;
	cpu_set_bit(cpu, lc->cpus + sim->words);
}

void count_fine(struct sim *sim, struct cpu *cpu, const struct want *w, const struct txn *t,
		bool bounce, struct line *info, struct party *lost, const struct origin *before)
{
	struct fine_cell *f = fine_of(sim, w, info->number);
	const struct origin *taker = before;

	cpu_set_bit(cpu, f->cpus);
	if (bounce)
		count_bounce(sim, cpu, f, info);
	if (!t)
		return;
	*(!w->write ? &f->loads : !w->read ? &f->stores : &f->rmws) += 1;
	f->hitm += is_hitm(t);
	f->upgrades += t->request == UPGRADE;
	f->wait_units += t->buffered ? 0 : sim->now - t->start;
	if (is_miss(t))
		taker = lost ? &lost->taker : NULL;
	else
		lost = NULL;
	if (taker && taker->site && taker->cpu != cpu->head.id)
		count_taken(sim, cpu, f, lost, taker);
}

static struct fine_cell *fine_of_origin(struct sim *sim, const struct origin *origin, unsigned size,
					const struct slot *copy)
{
	const char *p = sim->head.arena.base + (copy->line << LINE_SHIFT) + origin->offset;

	return fine_cell_get(
		sim, copy->line, origin->offset,
		cell_get(sim, p, size, origin->site, origin->context, copy->label_serial));
}

/* The copy came by a prefetch verb: its miss is that of the verb, or of an access that waited. */
static void count_prefetch_lost(struct sim *sim, struct cpu *cpu, const struct origin *origin,
				const struct slot *copy)
{
	struct party *lost = party_find(copy->info, cpu->head.id);

	if (lost->taker.site)
		count_taken(sim, cpu, fine_of_origin(sim, origin, origin->size, copy), lost,
			    &lost->taker);
}

void count_prefetch(struct sim *sim, struct cpu *cpu, const struct txn *t, const struct slot *copy,
		    bool lost)
{
	struct counts *c = &cpu->counts;
	struct fine_cell *f;
	bool hitm = is_hitm(t);

	c->prefetches++;
	if (!t->unasked) { /* what an access that waits for it counts */
		if (lost && !t->buffered && cpu->blocked != t)
			count_prefetch_lost(sim, cpu, &t->origin, copy);
		return;
	}
	c->downgrades += t->supplier == FROM_CACHE && state_alone(t->found);
	c->hitm_loads += hitm;
	c->hitm_remote += hitm && t->supplied_by->socket != cpu->node->socket;
	line_counts_get(sim, copy->info)->hitm += hitm;
	f = fine_of_origin(sim, &t->origin, 1, copy);
	cpu_set_bit(cpu, f->cpus);
	f->hitm += hitm;
	f->loads++;
}

void count_wait(struct sim *sim, const struct want *w, uint64_t line, uint64_t units)
{
	if (sim->phase == PHASE_WINDOW)
		fine_of(sim, w, line)->wait_units += units;
}

/* The CPU is the line's last writer now: a bounce if another was. */
bool note_writer(struct sim *sim, struct cpu *cpu, struct line *info, const struct want *w)
{
	bool bounce = info->last_write.site && info->last_write.cpu != cpu->node->id;

	info->last_write = want_origin(cpu, w, w->context);
	sim->version[info->number]++;
	if (!bounce || sim->phase != PHASE_WINDOW)
		return false;
	if (sim->holders < 2 * HOLDERS_MAX)
		sim->holder[sim->holders++] =
			(struct holder){ w->time - sim->opened, info->number << LINE_SHIFT,
					 cpu->node->id };
	return true;
}

/* The first write of an ownership. */
static bool first_write(struct sim *sim, struct cpu *cpu, struct slot *copy, const struct want *w)
{
	bool bounce = note_writer(sim, cpu, copy->info, w);

	copy->version = sim->version[copy->line];
	copy->wrote = true;
	return bounce;
}

/* ---- for an observer ------------------------------------------------------------------------- */

/* Its number among those of sim_caches. */
static int cache_of(const struct sim *sim, const struct node *node)
{
	if (!node || node->kind == NODE_ROOT)
		return -1;
	return (int)(node->kind == NODE_CPU ? node->id : sim->head.cpus + node->id);
}

void observe_old(struct cpu *cpu, const void *p, unsigned size)
{
	memcpy(cpu->seen, p, size);
}

/* What a miss adds to an access; of a store that the CPU does not wait for, its cost apart. */
static void observe_miss(const struct cpu *cpu, const struct txn *t, struct access *a)
{
	a->missed = true;
	a->cause = miss_cause(cpu, t);
	a->busy_units = least(t->waited, a->cost_units);
	if (t->request == UPGRADE || t->request == FAR_ATOMIC || t->supplier != FROM_CACHE)
		return;
	a->supplier = cache_of(cpu->sim, t->supplied_by);
	a->found = state_letter[t->found];
}

void observe(struct cpu *cpu, const struct want *w, enum state was, enum state is, uint64_t start,
	     const struct txn *t)
{
	const struct sim *sim = cpu->sim;
	const struct context *context = &sim->context[w->context];
	struct access a = {
		.time_units = w->time,
		.cpu = cpu->node->id,
		.address = w->p,
		.size = w->size,
		.read = w->read,
		.write = w->write,
		.locked = w->locked,
		.site = w->site,
		.caller = context->caller,
		.prefetch = w->prefetch,
		.half = w->half,
		.buffered = w->buffered,
		.forwarded = w->forwarded,
		.in_interrupt = cpu->in_irq && !w->buffered,
		.in_window = sim->phase == PHASE_WINDOW,
		.op = context->op,
		.path = context->path,
		.before = state_letter[was],
		.after = state_letter[is],
		.start_units = start,
		.cost_units = w->time - start + w->cost,
		.cause = w->cause,
		.waiting = w->buffered ? NOT_WAITING : cpu->waiting,
		.supplier = -1,
		.modify = w->modify,
		.old = cpu->seen,
		.now = w->forwarded ? (const void *)cpu->seen : w->p,
	};

	if (!sim->observer)
		return;
	if (t)
		observe_miss(cpu, t, &a);
	a.line = sim_offset(sim, w->p) & ~(uint64_t)(LINE - 1);
	sim->observer(sim->observer_to, &a);
}

void observe_moment(struct cpu *cpu, const struct moment *moment)
{
	struct moment m = *moment;

	if (!cpu->sim->moments)
		return;
	m.time_units = m.time_units ? m.time_units : cpu->clock;
	m.cpu = cpu->node->id;
	cpu->sim->moments(cpu->sim->observer_to, &m);
}

void observe_copy(struct sim *sim, struct cpu *cpu, uint64_t line, enum moment_kind kind)
{
	const struct slot *copy;

	if (!sim->moments)
		return;
	copy = node_copy(cpu->node, line);
	observe_moment(cpu,
		       &(struct moment){ .kind = kind,
					 .time_units = sim->now,
					 .address = sim->head.arena.base + (line << LINE_SHIFT),
					 .after = state_letter[copy ? copy->state : STATE_I] });
}

void observe_change(struct sim *sim, const struct txn *t, struct cpu *cpu, enum state was,
		    enum state is)
{
	if (!sim->moments)
		return;
	if (t->kind == TXN_EVICT) {
		observe_copy(sim, cpu, t->line, MOMENT_EVICTION);
		return;
	}
	observe_moment(&sim->cpu[t->cpu],
		       &(struct moment){ .kind = MOMENT_CHANGE,
					 .time_units = sim->now,
					 .other = cpu->node->id,
					 .address = sim->head.arena.base + (t->line << LINE_SHIFT),
					 .before = state_letter[was],
					 .after = state_letter[is] });
}

void sim_observe(struct sim *sim, access_observer *observer, void *to)
{
	sim->observer = observer;
	sim->observer_to = to;
}

void sim_observe_moments(struct sim *sim, moment_observer *observer)
{
	sim->moments = observer;
}

unsigned sim_caches(const struct sim *sim)
{
	return sim->head.cpus + sim->shared_count;
}

static const struct node *cache_at(const struct sim *sim, unsigned cache)
{
	return cache < sim->head.cpus ? sim->cpu[cache].node : sim->shared[cache - sim->head.cpus];
}

void sim_states(const struct sim *sim, uint64_t line, char *letters)
{
	for (unsigned i = 0; i < sim_caches(sim); i++) {
		const struct slot *copy = node_copy(cache_at(sim, i), line >> LINE_SHIFT);

		letters[i] = state_letter[copy ? copy->state : STATE_I];
	}
}

static bool is_below(const struct node *node, const struct node *above)
{
	while (node && node != above)
		node = node->parent;
	return node == above;
}

const char *sim_cache_name(const struct sim *sim, unsigned cache, char *buf, size_t size)
{
	const struct node *node = cache_at(sim, cache);
	unsigned first = 0, last = 0, depth = 1;

	if (cache < sim->head.cpus) {
		snprintf(buf, size, "CPU %u", cache);
		return buf;
	}
	while (first < sim->head.cpus && !is_below(sim->cpu[first].node, node))
		first++;
	for (unsigned i = first; i < sim->head.cpus; i++)
		last = is_below(sim->cpu[i].node, node) ? i : last;
	if (first < sim->head.cpus) {
		depth += sim->cpu[first].node->levels;
		for (const struct node *n = sim->cpu[first].node->parent; n != node; n = n->parent)
			depth++;
	}
	if (first == last)
		snprintf(buf, size, "L%u of CPU %u", depth, first);
	else
		snprintf(buf, size, "L%u of CPU %u-%u", depth, first, last);
	return buf;
}

void touch(struct sim *sim, struct cpu *cpu, struct slot *copy, const struct want *w,
	   const struct txn *t)
{
	uint64_t bytes = byte_mask(w->p, w->size);
	struct line *info = copy->info;
	struct party *lost = copy->open ? party_find(info, cpu->head.id) : NULL;
	struct origin before = info->last_write;
	bool bounce = w->write && !copy->wrote && first_write(sim, cpu, copy, w);

	copy_check(cpu, copy);
	if (copy->prefetched)
		copy_first_use(sim, cpu, copy);
	if (sim->phase == PHASE_WINDOW && (t || bounce)) {
		if (t)
			count_miss(sim, cpu, t, w->write, info);
		count_fine(sim, cpu, w, t, bounce, info, lost, &before);
		/* it waited for the prefetch that brought the copy, and then had to ask for more */
		if (t && lost && copy->open_counts && !lost->open) {
			struct origin origin = want_origin(cpu, w, w->context);

			count_prefetch_lost(sim, cpu, &origin, copy);
		}
	}
	if (lost && copy_uses_foreign(info, cpu->head.id, lost, bytes))
		copy_settle_true(sim, cpu, copy, lost);
	if (w->write)
		copy->written |= bytes;
	copy_touched(cpu, copy, w->read, w->write && !w->buffered);
}

void count_access(struct counts *c, struct cell *cell, const struct want *w)
{
	if (w->read && !w->write && !w->half) {
		c->loads++;
		cell->loads++;
	} else if (w->write && !w->read) {
		c->stores++;
		cell->stores++;
	} else {
		c->rmws++;
		cell->rmws++;
	}
}
