/*
 * Accesses: the timed backend of load, store and read-modify-writes, and spinning.
 *
 * A hit before the horizon takes a few instructions (the lookaside); a miss blocks the CPU until
 * its transaction is complete, and takes effect then, at the time of the fill.
 */
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- one access ----------------------------------------------------------------------------- */

struct want {
	const void *p;
	unsigned size;
	bool read, write, locked;
	enum access_kind access;
	uint64_t cost;                  /* of the hit */
	enum cause cause;
	const struct site *site;
};

static uint64_t byte_mask(const void *p, unsigned size)
{
	return ((1ull << size) - 1) << ((uintptr_t)p & (LINE - 1));
}

/* The copy, found in any private level; `cost` grows by what an outer level costs. */
static struct slot *find_copy(struct cpu *cpu, uint64_t line, uint64_t *cost)
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

static enum cause miss_cause(const struct cpu *cpu, const struct txn *t)
{
	if (t->request == FAR_ATOMIC)
		return CAUSE_LOCKED;
	/* from nowhere: a shared level had the line, only the permission came from below */
	if (t->request == UPGRADE || t->supplier == FROM_NOWHERE)
		return CAUSE_UPGRADE;
	if (t->supplier == FROM_MEMORY)
		return CAUSE_MEMORY;
	if (t->supplier == FROM_SHARED_LEVEL)
		return CAUSE_SHARED_LEVEL;
	return t->supplied_by && t->supplied_by->socket != cpu->node->socket ? CAUSE_TRANSFER_CROSS
									     : CAUSE_TRANSFER_SAME;
}

/* It found the line modified in another cache. An upgrade has the line already. */
static bool is_hitm(const struct txn *t)
{
	return t->request != UPGRADE && t->supplier == FROM_CACHE && state_dirty(t->found);
}

static void count_miss(struct sim *sim, struct cpu *cpu, const struct txn *t, bool write,
		       struct line *info)
{
	struct counts *c = &cpu->counts;
	bool hitm = is_hitm(t);
	struct line_counts *lc = line_counts_get(sim, info);

	if (t->request == UPGRADE) {
		c->upgrades++;
		lc->upgrades++;
	} else if (t->request == FAR_ATOMIC) {
		c->far_atomics++;
	} else {
		c->misses++;
		lc->misses++;
		c->read_misses += !write;
		c->write_misses += write;
	}
	c->downgrades += t->request == GET_SHARED && t->supplier == FROM_CACHE &&
			 state_alone(t->found);
	c->hitm_loads += hitm && !write;
	c->hitm_stores += hitm && write;
	c->hitm_remote += hitm && t->supplied_by->socket != cpu->node->socket;
	c->invalidations += t->killed;
	lc->hitm += hitm;
	lc->invalidations += t->killed;
	lc->loads += !write;
	lc->stores += write;
	lc->cpus[(write ? sim->words : 0) + cpu->node->id / 64] |= 1ull << cpu->node->id % 64;
}

static void count_fine(struct sim *sim, struct cpu *cpu, const struct want *w, const struct txn *t,
		       bool bounce, uint64_t line, uint64_t end)
{
	struct fine_cell *f = fine_cell_get(sim, line, (unsigned)((uintptr_t)w->p & (LINE - 1)),
					    w->size, w->site, cpu->context);

	f->cpus[cpu->node->id / 64] |= 1ull << cpu->node->id % 64;
	f->bounces += bounce;
	if (!t)
		return;
	f->loads += w->read && !w->write;
	f->stores += w->write && !w->read;
	f->rmws += w->read && w->write;
	f->hitm += is_hitm(t);
	f->upgrades += t->request == UPGRADE;
	f->wait_units += end - t->start;
}

/* The CPU is the line's last writer now: a bounce if another was. */
static bool note_writer(struct sim *sim, struct cpu *cpu, struct line *info, const struct want *w,
			uint32_t label_serial, uint64_t at)
{
	int self = (int)cpu->node->id;
	bool bounce = info->last_writer >= 0 && info->last_writer != self;

	info->last_writer = self;
	info->version++;
	if (!bounce || sim->phase != PHASE_WINDOW)
		return false;
	const struct label *label =
		label_find(sim, (uint64_t)((const char *)w->p - sim->arena), label_serial);

	cpu->counts.bounces[label && label->layout ? label->layout->class : CLASS_ALLOCATOR]++;
	line_counts_get(sim, info)->bounces++;
	line_counts_get(sim, info)->cpus[sim->words + cpu->node->id / 64] |= 1ull
									     << cpu->node->id % 64;
	if (sim->holders < 2 * HOLDERS_MAX)
		sim->holder[sim->holders++] =
			(struct holder){ at - sim->opened, info->number << LINE_SHIFT,
					 cpu->node->id };
	return true;
}

/* The first write of an ownership. */
static bool first_write(struct sim *sim, struct cpu *cpu, struct slot *copy, const struct want *w)
{
	bool bounce = note_writer(sim, cpu, copy->info, w, copy->label_serial, cpu->clock);

	copy->version = copy->info->version;
	copy->wrote = true;
	return bounce;
}

static void observe(struct sim *sim, struct cpu *cpu, const struct want *w, enum state was,
		    enum state is, uint64_t start)
{
	struct access a = {
		.time_units = cpu->clock, .cpu = cpu->node->id, .address = w->p, .size = w->size,
		.read = w->read, .write = w->write, .locked = w->locked, .site = w->site,
		.op = sim->context[cpu->context].op, .path = sim->context[cpu->context].path,
		.before = state_letter[was], .after = state_letter[is],
		.cost_units = cpu->clock - start + w->cost,
	};

	a.line = sim_offset(sim, w->p) & ~(uint64_t)(LINE - 1);
	sim->observer(sim->observer_to, &a);
}

/* Bookkeeping that only the first touches of a copy need. */
static void touch(struct sim *sim, struct cpu *cpu, struct slot *copy, const struct want *w,
		  const struct txn *t)
{
	uint64_t bytes = byte_mask(w->p, w->size);
	bool bounce = w->write && !copy->wrote && first_write(sim, cpu, copy, w);

	copy_check(cpu, copy);
	if (copy->open && copy_uses_foreign(copy->info, cpu->node->id, bytes))
		copy_settle_true(sim, cpu, copy);
	if (w->write)
		copy->written |= bytes;
	if (w->read && copy->op_read != cpu->op_serial) {
		copy->op_read = cpu->op_serial;
		cpu->lines_read++;
	}
	if (w->write && copy->op_written != cpu->op_serial) {
		copy->op_written = cpu->op_serial;
		cpu->lines_written++;
	}
	if (sim->phase != PHASE_WINDOW)
		return;
	if (t)
		count_miss(sim, cpu, t, w->write, copy->info);
	if (t || bounce)
		count_fine(sim, cpu, w, t, bounce, copy->line, sim->now);
}

static enum request request_of(const struct copy_rule *rule, bool write)
{
	if (rule->action & DO_UPGRADE)
		return UPGRADE;
	return write ? GET_MODIFIED : GET_SHARED;
}

/* Ask for the line and wait until it is here: cpu->filled. */
static void miss(struct sim *sim, struct cpu *cpu, const struct want *w, uint64_t line,
		 enum request request)
{
	struct txn *t = coherence_pending(cpu->node, line);

	if (!t)
		t = coherence_request(sim, cpu->node, line, request, w->access, false, cpu->clock);
	else
		t->start = cpu->clock;          /* a prefetch of it is under way: wait for that */
	cpu->blocked = t;
	cpu->park_site = w->site;
	cpu->horizon = 0;
	event_loop(sim, cpu);
}

static void miss_charges(struct cpu *cpu, const struct txn *t)
{
	uint64_t busy = least(t->waited, cpu->clock - t->start);

	charge(cpu, t->start, t->start + busy, CAUSE_BUSY);
	charge(cpu, t->start + busy, cpu->clock, miss_cause(cpu, t));
}

/* After an access that filled: the probe that overtook the line waits for this one operation. */
static void let_go(struct sim *sim, struct txn *t)
{
	struct event *probe = t->deferred;

	t->deferred = NULL;
	if (probe)
		coherence_probe_again(sim, probe);
	txn_put(sim, t);
}

static inline struct look *look_of(const struct cpu *cpu, const void *p, const struct site *site)
{
	uintptr_t at = (uintptr_t)p, from = (uintptr_t)site;

	return &cpu->look[((at >> 6) + (at >> 3 & 7) * 61 + (from >> 5) * 67) % LOOK_ENTRIES];
}

static void count_access(struct counts *c, struct cell *cell, const struct want *w)
{
	bool load = w->read && !w->write, store = w->write && !w->read;

	c->loads += load;
	c->stores += store;
	c->rmws += !load && !store;
	cell->loads += load;
	cell->stores += store;
	cell->rmws += !load && !store;
}

/* ---- LOCK operations at the home ------------------------------------------------------------ */

struct far {
	const struct want *want;
	void (*effect)(void *argument);
	void *argument;
};

uint32_t cpu_far(struct sim *sim, const struct txn *t, uint64_t end)
{
	struct cpu *cpu = &sim->cpu[t->client->id];
	struct line *info = line_get(sim, t->line);
	const struct want *w = cpu->far ? cpu->far->want : NULL;
	bool bounce;

	if (!w)                                 /* below the verbs */
		return ++info->version;
	bounce = note_writer(sim, cpu, info, w, sim->label_serial, sim->now);
	line_written(sim, info, cpu->node->id, byte_mask(w->p, w->size));
	cpu->lines_read++;
	cpu->lines_written++;
	if (sim->phase == PHASE_WINDOW) {
		count_miss(sim, cpu, t, true, info);
		count_fine(sim, cpu, w, t, bounce, t->line, end);
	}
	count_access(&cpu->counts, cell_get(sim, w->p, w->size, w->site, cpu->context,
					    sim->label_serial), w);
	cpu->far->effect(cpu->far->argument);
	return info->version;
}

/* The operation goes to the line, not the line to the CPU. */
static void access_far(struct cpu *cpu, struct want *w, uint64_t line, enum state was,
		       void (*effect)(void *argument), void *argument)
{
	struct far far = { w, effect, argument };
	struct sim *sim = cpu->sim;
	struct txn *t;

	cpu->far = &far;
	miss(sim, cpu, w, line, FAR_ATOMIC);
	t = cpu->filled;
	cpu->filled = NULL;
	cpu->far = NULL;
	miss_charges(cpu, t);
	w->cost = 0;                            /* it is in the latency */
	if (sim->observer)
		observe(sim, cpu, w, was, STATE_I, t->start);
	let_go(sim, t);
	cpu_set_horizon(sim, cpu);
}

/*
 * The whole way of an access but its effect on memory, which `effect` has. On return the clock
 * stands at the end of the instruction.
 */
static void access_slow(struct cpu *cpu, struct want *w, void (*effect)(void *argument),
			void *argument)
{
	struct sim *sim = cpu->sim;
	uint64_t offset = (uint64_t)((const char *)w->p - sim->arena), line = offset >> LINE_SHIFT,
		 start;
	enum copy_event event = w->write ? COPY_STORE : COPY_LOAD;
	enum state was = STATE_I;
	struct txn *t = NULL;
	struct slot *slot;
	struct look *look;

	if (offset >= sim->arena_bytes || offset & (w->size - 1))
		BUG(cpu, "access to %s outside the arena or not aligned, at %s:%u", w->site->text,
		    w->site->file, w->site->line);
	sync_access(cpu);
	start = cpu->clock;
	for (bool first = true;; first = false) {
		const struct copy_rule *rule;

		slot = find_copy(cpu, line, &w->cost);
		rule = copy_rule(cpu->node, slot ? slot->copy->state : STATE_I, event);
		if (first)
			was = slot ? (enum state)slot->copy->state : STATE_I;
		if (rule->action & DO_HIT) {
			slot->copy->state = rule->next;
			break;
		}
		if (t) {                        /* a prefetch brought too little */
			miss_charges(cpu, t);
			let_go(sim, t);
			t = NULL;
			continue;
		}
		if (w->locked && sim->t.far && !coherence_pending(cpu->node, line)) {
			access_far(cpu, w, line, was, effect, argument);
			return;
		}
		miss(sim, cpu, w, line, request_of(rule, w->write));
		t = cpu->filled;
		cpu->filled = NULL;
	}
	if (t)
		miss_charges(cpu, t);
	touch(sim, cpu, slot->copy, w, t);
	effect(argument);
	if (sim->observer)
		observe(sim, cpu, w, was, slot->copy->state, start);
	look = look_of(cpu, w->p, w->site);
	*look = (struct look){
		w->p, w->site, slot, NULL, line, cpu->context, slot->copy->label_serial
	};
	look->cell = cell_get(sim, w->p, w->size, w->site, cpu->context, slot->copy->label_serial);
	count_access(&cpu->counts, look->cell, w);
	if (w->locked) {
		cpu->lock_line = line;
		cpu->lock_until = cpu->clock + w->cost;
	}
	pass(cpu, w->cost, w->cause);
	if (t) {
		let_go(sim, t);
		cpu_set_horizon(sim, cpu);
	}
}

/* The lookaside says that the access hits and needs no bookkeeping beyond counters. */
static inline struct look *hit(struct cpu *cpu, const void *p, const struct site *site, bool write)
{
	struct look *look = look_of(cpu, p, site);
	const struct slot *slot, *copy;

	if (cpu->clock >= cpu->horizon || look->address != p || look->site != site ||
	    look->context != cpu->context)
		return NULL;
	slot = look->slot;
	copy = slot->copy;
	if (slot->line != look->line || copy->label_serial != look->label_serial || copy->open)
		return NULL;
	if (write ? copy->state != STATE_M || !copy->wrote || copy->op_written != cpu->op_serial
		  : copy->state == STATE_I || copy->op_read != cpu->op_serial)
		return NULL;
	return look;
}

static inline void hit_done(struct cpu *cpu, struct look *look, uint64_t cost, enum cause cause)
{
	struct slot *slot = look->slot;

	slot->used = ++cpu->used;
	if (slot->copy->version != slot->copy->info->version)
		copy_check(cpu, slot->copy);
	cpu->accesses++;
	pass(cpu, cost, cause);
}

struct transfer {
	const void *from;
	void *to;
	size_t size;
};

static inline void copy_word(void *to, const void *from, size_t size)
{
	switch (size) {
	case 8:
		memcpy(to, from, 8);
		break;
	case 4:
		memcpy(to, from, 4);
		break;
	default:
		memcpy(to, from, size);
	}
}

static void transfer(void *argument)
{
	struct transfer *x = argument;

	copy_word(x->to, x->from, x->size);
}

void verb_load(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site)
{
	struct look *look = hit(cpu, p, site, false);
	uint64_t cost = cpu->node->level_cache[0].hit_units;

	if (look) {
		copy_word(value, p, size);
		look->cell->loads++;
		cpu->counts.loads++;
		hit_done(cpu, look, cost, CAUSE_PRIVATE_HIT);
		return;
	}
	struct want w = { .p = p,
			  .size = (unsigned)size,
			  .read = true,
			  .access = ACCESS_LOAD,
			  .cost = cost,
			  .cause = CAUSE_PRIVATE_HIT,
			  .site = site };
	struct transfer x = { p, value, size };

	cpu->accesses++;
	access_slow(cpu, &w, transfer, &x);
}

void verb_store(struct cpu *cpu, void *p, const void *value, size_t size, const struct site *site)
{
	struct look *look = hit(cpu, p, site, true);
	uint64_t cost = cpu->sim->t.store_hit;

	if (look) {
		copy_word(p, value, size);
		look->slot->copy->written |= byte_mask(p, (unsigned)size);
		look->cell->stores++;
		cpu->counts.stores++;
		hit_done(cpu, look, cost, CAUSE_PRIVATE_HIT);
		return;
	}
	struct want w = { .p = p,
			  .size = (unsigned)size,
			  .write = true,
			  .access = ACCESS_STORE,
			  .cost = cost,
			  .cause = CAUSE_PRIVATE_HIT,
			  .site = site };
	struct transfer x = { value, p, size };

	cpu->accesses++;
	access_slow(cpu, &w, transfer, &x);
}

/* ---- read-modify-writes --------------------------------------------------------------------- */

struct modify {
	void *p, *old;
	const void *expected, *operand;
	size_t size;
	enum rmw how;
	bool result;
};

static void modify_pair(struct modify *m)
{
	m->result = true;
	memcpy(m->old, m->p, m->size);
	if (m->how == RMW_CAS && memcmp(m->p, m->expected, m->size))
		m->result = false;
	else
		memcpy(m->p, m->operand, m->size);
}

static void modify(void *argument)
{
	struct modify *m = argument;
	uint64_t word = 0, operand = 0, expected = 0;

	if (m->size == sizeof(struct pair)) {
		modify_pair(m);
		return;
	}
	memcpy(&word, m->p, m->size);           /* little-endian hosts; checked at start-up */
	memcpy(&operand, m->operand, m->size);
	memcpy(m->old, &word, m->size);
	m->result = true;
	switch (m->how) {
	case RMW_EXCHANGE:
		word = operand;
		break;
	case RMW_ADD:
		word += operand;
		break;
	case RMW_CAS:
		memcpy(&expected, m->expected, m->size);
		m->result = word == expected;
		if (m->result)
			word = operand;
		break;
	case RMW_BIT_SET:
		m->result = word >> operand & 1;
		word |= 1ull << operand;
		break;
	case RMW_BIT_CLEAR:
		m->result = word >> operand & 1;
		word &= ~(1ull << operand);
		break;
	}
	memcpy(m->p, &word, m->size);
}

static enum own own_cost(enum rmw how, size_t size, bool locked)
{
	switch (how) {
	case RMW_CAS:
		if (size == sizeof(struct pair))
			return locked ? OWN_LOCK_CMPXCHG16B : OWN_CMPXCHG16B_LOCAL;
		return locked ? OWN_LOCK_CMPXCHG : OWN_CMPXCHG_LOCAL;
	case RMW_EXCHANGE:
		return locked ? OWN_XCHG : OWN_CMPXCHG_LOCAL;
	case RMW_ADD:
		return locked ? OWN_LOCK_XADD : OWN_ADD;
	default:
		return locked ? OWN_LOCK_ADD : OWN_ADD;
	}
}

bool verb_rmw(struct cpu *cpu, void *p, size_t size, enum rmw how, const void *expected,
	      const void *operand, void *old, bool locked, const struct site *site)
{
	struct look *look = hit(cpu, p, site, true);
	uint64_t cost = cpu->sim->t.own[own_cost(how, size, locked)][cpu->last_rmw != p];
	struct modify m = { p, old, expected, operand, size, how, false };
	enum cause cause = locked ? CAUSE_LOCKED : CAUSE_PRIVATE_HIT;

	cpu->last_rmw = p;
	if (look && look->slot->copy->op_read == cpu->op_serial) {
		modify(&m);
		look->slot->copy->written |= byte_mask(p, (unsigned)size);
		look->cell->rmws++;
		cpu->counts.rmws++;
		if (locked) {
			cpu->lock_line = look->line;
			cpu->lock_until = cpu->clock + cost;
		}
		hit_done(cpu, look, cost, cause);
		return m.result;
	}
	struct want w = { .p = p,
			  .size = (unsigned)size,
			  .read = true,
			  .write = true,
			  .locked = locked,
			  .access = ACCESS_RMW,
			  .cost = cost,
			  .cause = cause,
			  .site = site };

	cpu->accesses++;
	access_slow(cpu, &w, modify, &m);
	return m.result;
}

void verb_prefetch(struct cpu *cpu, const void *p, bool write, const struct site *site)
{
	struct sim *sim = cpu->sim;
	uint64_t offset = (uint64_t)((const char *)p - sim->arena), line = offset >> LINE_SHIFT,
		 cost = UNIT;
	struct slot *slot;
	const struct copy_rule *rule;

	(void)site;
	sync_access(cpu);
	if (offset < sim->arena_bytes && line != NO_LINE) {     /* of NULL: harmless */
		slot = find_copy(cpu, line, &cost);
		rule = copy_rule(cpu->node, slot ? slot->copy->state : STATE_I,
				 write ? COPY_STORE : COPY_LOAD);
		if (!(rule->action & DO_HIT) && !coherence_pending(cpu->node, line))
			coherence_request(sim, cpu->node, line, request_of(rule, write),
					  write ? ACCESS_STORE : ACCESS_LOAD, true, cpu->clock);
	}
	pass(cpu, UNIT, CAUSE_PRIVATE_HIT);
	cpu->horizon = 0;
}

/* ---- spinning ------------------------------------------------------------------------------- */

/* Charges what a parked CPU did up to, not including, `until`. */
void cpu_park_account(struct cpu *cpu, uint64_t until)
{
	uint64_t polls = 0;

	if (until > cpu->park_next)
		polls = (until - cpu->park_next + cpu->park_period - 1) / cpu->park_period;
	if (until > cpu->park_charged) {
		charge(cpu, cpu->park_charged, until, CAUSE_COMPUTE);
		cpu->park_charged = until;
	}
	cpu->park_next += polls * cpu->park_period;
	cpu->counts.loads += polls;
	cpu->counts.lock_spins += cpu->waiting == WAITING_LOCK ? polls : 0;
	cpu->accesses += polls;
	cpu->park_cell->loads += polls;
}

void cpu_unpark(struct cpu *cpu, uint64_t time)
{
	uint64_t turns = 0, next;

	if (time > cpu->park_next)
		turns = (time - cpu->park_next + cpu->park_period - 1) / cpu->park_period;
	next = cpu->park_next + turns * cpu->park_period;
	cpu_park_account(cpu, next);
	cpu->parked = false;
	turn_push(cpu->sim, cpu, RANK_CPU, next);
}

/* One more turn of a spin loop: the step, then the load. */
void verb_spin(struct cpu *cpu, const void *p, void *value, size_t size, enum step step,
	       const struct site *site)
{
	struct sim *sim = cpu->sim;
	uint64_t line = (uint64_t)((const char *)p - sim->arena) >> LINE_SHIFT;
	uint64_t turn = sim->t.step[step] ? sim->t.step[step] : UNIT;
	struct slot *slot = cache_find(&cpu->node->level_cache[0], line);

	if (sim->options.no_parking || sim->observer || cpu->waiting == NOT_WAITING || !slot ||
	    interrupt_due(cpu) || slot->copy->open) {
		pass(cpu, turn, CAUSE_COMPUTE);
		verb_load(cpu, p, value, size, site);
		cpu->counts.lock_spins += cpu->waiting == WAITING_LOCK;
		return;
	}
	cpu->parked = true;
	cpu->park_line = line;
	cpu->park_period = turn + cpu->node->level_cache[0].hit_units;
	cpu->park_charged = cpu->clock;
	cpu->park_next = cpu->clock + turn;
	cpu->park_site = site;
	cpu->park_cell =
		cell_get(sim, p, (unsigned)size, site, cpu->context, slot->copy->label_serial);
	cpu->horizon = 0;
	event_loop(sim, cpu);
	verb_load(cpu, p, value, size, site);
	cpu->counts.lock_spins += cpu->waiting == WAITING_LOCK;
}

/* ---- feeding the protocol core below the verbs ---------------------------------------------- */

void sim_feed(struct sim *sim, unsigned id, uint64_t line, bool write)
{
	struct cpu *cpu = &sim->cpu[id];
	uint64_t cost = 0;

	cpu->clock = sim->now;
	for (;;) {
		struct slot *slot = find_copy(cpu, line, &cost);
		const struct copy_rule *rule =
			copy_rule(cpu->node, slot ? slot->copy->state : STATE_I,
				  write ? COPY_STORE : COPY_LOAD);
		struct txn *t;

		if (rule->action & DO_HIT) {
			slot->copy->state = rule->next;
			if (write && !slot->copy->wrote) {
				slot->copy->wrote = true;
				slot->copy->version = ++slot->copy->info->version;
			}
			copy_check(cpu, slot->copy);
			return;
		}
		t = coherence_request(sim, cpu->node, line, request_of(rule, write),
				      write ? ACCESS_STORE : ACCESS_LOAD, false, sim->now);
		cpu->blocked = t;
		while (sim->homes.count || sim->messages.count) {
			struct heap *h = &sim->homes;

			if (!h->count ||
			    (sim->messages.count && sim->messages.item->time <= h->item->time))
				h = &sim->messages;
			sim->now = h->item->time;
			event_dispatch(sim, event_take(sim, h, 0));
		}
		sim->resume = NULL;
		count_miss(sim, cpu, t, write, line_get(sim, line));
		cpu->filled = NULL;
		txn_put(sim, t);
	}
}

