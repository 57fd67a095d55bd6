/*
 * Accesses: the timed backend of load, store and read-modify-writes, and spinning.
 *
 * A hit before the horizon takes a few instructions (the lookaside); a miss blocks the CPU until
 * its transaction is complete, and takes effect then, at the time of the fill.
 */
#include "sim/access.h"
#include "sim/ahead.h"
#include "sim/copies.h"
#include "sim/coherence.h"
#include "sim/message.h"
#include "sim/verbs/rmw.h"

#include <stdlib.h>
#include <string.h>

/* ---- one access ----------------------------------------------------------------------------- */

enum cause miss_cause(const struct cpu *cpu, const struct txn *t)
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

/* Ask for the line and wait until it is here: cpu->filled. */
static inline void miss(struct sim *sim, struct cpu *cpu, const struct want *w, uint64_t line,
			enum request request)
{
	struct txn *t = txn_pending(cpu->node, line);

	if (cpu->hold_until)
		coherence_end_hold(sim, cpu);
	if (!t) {
		t = coherence_request(sim, cpu->node, line, request, w->access, cpu->clock);
		t->origin = want_origin(cpu, w, cpu->context);
		t->reread = cpu->spin_line == line && copy_was_killed(sim, cpu, line);
	} else {
		t->start = cpu->clock;          /* a prefetch of it is under way: wait for that */
	}
	if (sim->t.ahead && request != FAR_ATOMIC)
		ahead_missed(cpu, line, !w->write, cpu->clock);
	cpu->blocked = t;
	cpu->wait_site = w->site;
	cpu_end_run_ahead(cpu);
	event_loop(sim, cpu);
}

static inline void miss_charges(struct cpu *cpu, const struct txn *t)
{
	uint64_t busy = least(t->waited, cpu->clock - t->start);

	if (busy)
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

/* Sites by their lines of source: where the linker puts them must not decide who collides. What one
 * site does to the lines of an array has entries side by side. */
static inline struct look *look_of(const struct cpu *cpu, const void *p, const struct site *site)
{
	uintptr_t line = (uintptr_t)p / LINE, word = (uintptr_t)p / 8;

	return &cpu->look[(line + word * (LOOK_ENTRIES / 8) + site->line * 67) % LOOK_ENTRIES];
}

static inline bool look_is_of(const struct look *look, const void *p, const struct site *site,
			      uint32_t context)
{
	const struct cell *cell = look->cell;

	return look->address == p && cell && cell->site == site && cell->context == context;
}

/* The entry for an access to this copy, in the innermost level's slot. */
static void look_note(struct cpu *cpu, struct look *look, const struct want *w, struct slot *slot)
{
	uint32_t labels = slot->copy->label_serial;

	if (!look_is_of(look, w->p, w->site, w->context) || look->label_serial != labels ||
	    look->cell->size != w->size) {
		*look = (struct look){
			.address = w->p,
			.cell = cell_get(cpu->sim, w->p, w->size, w->site, w->context, labels),
			.line = (uint32_t)slot->line,
			.label_serial = labels,
		};
		cpu->fine[look - cpu->look] = NULL;
	}
	look->slot = slot;
}

uint64_t access_line(struct cpu *cpu, const void *p, unsigned size, const struct site *site)
{
	uint64_t offset = (uint64_t)((const char *)p - cpu->sim->head.arena.base);

	if (offset >= cpu->sim->head.arena.bytes || offset & (size - 1))
		BUG(cpu, "access to %s outside the arena or not aligned, at %s:%u", site->text,
		    site->file, site->line);
	return offset >> LINE_SHIFT;
}

/* ---- LOCK operations at the home ------------------------------------------------------------ */

struct far {
	struct want *want;
	void (*effect)(void *argument);
	void *argument;
	enum state was;
};

uint32_t cpu_far(struct sim *sim, const struct txn *t, uint64_t end)
{
	struct cpu *cpu = &sim->cpu[t->client->id];
	struct line *info = line_get(sim, t->line);
	struct want *w = cpu->far ? cpu->far->want : NULL;
	struct origin before = info->last_write;
	bool bounce;

	if (!w)                                 /* below the verbs */
		return ++sim->version[t->line];
	w->time = sim->now;
	w->cell = cell_get(sim, w->p, w->size, w->site, cpu->context, sim->head.arena.label_serial);
	bounce = note_writer(sim, cpu, info, w);
	line_written(sim, info, cpu->node->id, byte_mask(w->p, w->size));
	cpu->lines_read++;
	cpu->lines_written++;
	if (sim->phase == PHASE_WINDOW) {
		count_miss(sim, cpu, t, true, info);
		count_fine(sim, cpu, w, t, bounce, info, NULL, &before);
		count_wait(sim, w, t->line, end - sim->now);
	}
	count_access(&cpu->counts, w->cell, w);
	if (sim->observer)
		observe_old(cpu, w->p, w->size);
	cpu->far->effect(cpu->far->argument);
	if (sim->observer) {
		struct want told = *w;

		told.cost = end - sim->now; /* until its CPU knows */
		observe(cpu, &told, cpu->far->was, STATE_I, t->start, t);
	}
	return sim->version[t->line];
}

/* The operation goes to the line, not the line to the CPU. */
static void access_far(struct cpu *cpu, struct want *w, uint64_t line, enum state was,
		       void (*effect)(void *argument), void *argument)
{
	struct far far = { w, effect, argument, was };
	struct sim *sim = cpu->sim;
	struct txn *t;

	w->context = cpu->context;
	cpu->far = &far;
	miss(sim, cpu, w, line, FAR_ATOMIC);
	t = cpu->filled;
	cpu->filled = NULL;
	cpu->far = NULL;
	miss_charges(cpu, t);
	w->cost = 0;                            /* it is in the latency */
	cpu->rmw_ready = 0;
	let_go(sim, t);
	cpu_set_horizon(sim, cpu);
}

/* After a miss: what came need not be looked for. */
static struct slot *copy_come(struct cpu *cpu, uint64_t line, uint64_t *cost)
{
	if (!cpu->arrived)
		return find_copy(cpu, line, cost);
	cpu->arrived->used = ++cpu->used;
	return cpu->arrived;
}

/*
 * What a read-modify-write costs that takes effect now: as one on another word, once the result of
 * the one before on this word is there.
 *
 *	started   dependent after the one before had started, and not before that was over
 *	now       at once; where dependent is the lesser, only if nothing came in between
 */
static inline uint64_t own_cost(struct cpu *cpu, const void *p, unsigned size, enum own own)
{
	const uint64_t *price = cpu->sim->t.own[own];
	uint64_t dependent = price[0], other = price[1], cost = other;

	if (cpu->rmw_word == p && cpu->clock <= cpu->rmw_ready) {
		cost = cpu->rmw_ready - cpu->clock + least(dependent, other);
		cpu->rmw_ready += dependent;
	} else {
		cpu->rmw_word = p;
		cpu->rmw_ready = cpu->clock + (dependent > other ? dependent : other);
	}
	cpu->rmw_bytes = size;
	return cost;
}

/* A word that is stored as a whole is there at once, whatever the read-modify-write before makes of
 * it. */
static inline void stored(struct cpu *cpu, const void *p, size_t size)
{
	if (cpu->rmw_word == p && size >= cpu->rmw_bytes)
		cpu->rmw_ready = 0;
}

/*
 * The whole way of an access but its effect on memory, which `effect` has. On return the clock
 * stands at the end of the instruction.
 */
static void access_slow(struct cpu *cpu, struct want *w, void (*effect)(void *argument),
			void *argument)
{
	struct sim *sim = cpu->sim;
	uint64_t line = access_line(cpu, w->p, w->size, w->site), start;
	enum state was = STATE_I;
	struct txn *t = NULL;
	struct slot *slot;
	struct look *look = look_of(cpu, w->p, w->site);

	cpu->asks = look;
	if (w->locked)
		buffer_sync(cpu);
	else
		sync_access(cpu);
	start = cpu->clock;
	for (bool first = true;; first = false) {
		const struct access_rule *rule;
		enum state is;

		slot = t ? copy_come(cpu, line, &w->cost) : find_copy(cpu, line, &w->cost);
		is = slot ? (enum state)slot->copy->state : STATE_I;
		rule = access_rule(cpu->node, is, w->write);
		if (first)
			was = is;
		if (rule->hits) {
			slot->copy->state = rule->next;
			break;
		}
		if (t) {                        /* a prefetch brought too little */
			observe_copy(sim, cpu, line, MOMENT_ARRIVAL);
			miss_charges(cpu, t);
			let_go(sim, t);
			t = NULL;
			continue;
		}
		if (w->far && !txn_pending(cpu->node, line)) {
			access_far(cpu, w, line, was, effect, argument);
			return;
		}
		miss(sim, cpu, w, line, request_of(cpu, is, rule));
		t = cpu->filled;
		cpu->filled = NULL;
	}
	if (t)
		miss_charges(cpu, t);
	if (w->access == ACCESS_RMW)
		w->cost += own_cost(cpu, w->p, w->size, w->own);
	w->context = cpu->context;
	w->time = cpu->clock;
	if (sim->t.ahead)
		ahead_used(cpu, slot->copy, w);
	look_note(cpu, look, w, slot);
	w->cell = look->cell;
	w->fine = &cpu->fine[look - cpu->look];
	touch(sim, cpu, slot->copy, w, t && !t->buffered && !t->unasked ? t : NULL);
	if (t && (t->buffered || t->unasked)) /* counted as the store's, the prefetcher's */
		count_wait(sim, w, line, w->time - t->start);
	if (sim->observer)
		observe_old(cpu, w->p, w->size);
	effect(argument);
	if (sim->observer)
		observe(cpu, w, was, slot->copy->state, start, t);
	count_access(&cpu->counts, look->cell, w);
	if (w->locked) {
		cpu->lock_line = line;
		cpu->lock_until = cpu->clock + w->cost;
		if (t && sim->t.hold) {         /* the clock is at its arrival */
			cpu->hold_line = line;
			cpu->hold_until = cpu->clock + sim->t.hold;
		}
	}
	pass(cpu, w->cost, w->cause);
	if (t) {
		let_go(sim, t);
		cpu_set_horizon(sim, cpu);
	} else if (cpu->buffer.count) {
		cpu_end_run_ahead(cpu);
	}
}

/* The lookaside says that the access would hit now, and needs no bookkeeping beyond counters and,
 * perhaps, the marks of its operation. */
static inline struct look *hit_now(const struct cpu *cpu, const void *p, const struct site *site,
				   bool write)
{
	struct look *look = look_of(cpu, p, site);
	const struct slot *slot, *copy;

	if (!look_is_of(look, p, site, cpu->context))
		return NULL;
	slot = look->slot;
	copy = slot->copy;
	if (slot->line != look->line || copy->label_serial != look->label_serial)
		return NULL;
	if (write ? (copy->condition & COPY_STORES_MASK) != COPY_STORES
		  : copy->condition & (COPY_OPEN | COPY_PREFETCHED))
		return NULL;
	return look;
}

/* The same before the horizon, and marked already. */
static inline struct look *hit(const struct cpu *cpu, const void *p, const struct site *site,
			       bool read, bool write)
{
	struct look *look = cpu->clock < cpu->horizon ? hit_now(cpu, p, site, write) : NULL;

	if (!look || (read && look->slot->copy->op_read != cpu->op_serial) ||
	    (write && look->slot->copy->op_written != cpu->op_serial))
		return NULL;
	return look;
}

static inline void turn_for(struct cpu *cpu, const void *p, const struct site *site)
{
	if (cpu->clock >= cpu->horizon) {
		cpu->asks = look_of(cpu, p, site);
		cpu_sync(cpu);
	}
}

/* Most accesses that waited for their turn hit as well, and most that are the first of an operation
 * on their line. An observer sees every access, and so does who has announced lines. */
static struct look *hit_at_turn(struct cpu *cpu, const void *p, const struct site *site, bool read,
				bool write)
{
	struct look *look;

	if (cpu->sim->observer || (cpu->ahead && cpu->ahead->count) || (write && cpu->buffer.count))
		return NULL;
	look = hit_now(cpu, p, site, write);
	if (look)
		copy_touched(cpu, look->slot->copy, read, write);
	return look;
}

static inline void hit_done(struct cpu *cpu, const struct look *look, uint64_t cost,
			    enum cause cause)
{
	struct slot *slot = look->slot;

	slot->used = ++cpu->used;
	copy_check(cpu, slot->copy);
	pass(cpu, cost, cause);
}

struct transfer {
	const void *from;
	void *to;
	size_t size;
};

static void transfer(void *argument)
{
	struct transfer *x = argument;

	copy_bytes(x->to, x->from, x->size);
}

static inline void load_hit(struct cpu *cpu, struct look *look, const void *p, void *value,
			    size_t size)
{
	copy_bytes(value, p, size);
	look->cell->loads++;
	cpu->counts.loads++;
	hit_done(cpu, look, cpu->load_hit, CAUSE_PRIVATE_HIT);
}

static inline void store_hit(struct cpu *cpu, struct look *look, void *p, const void *value,
			     size_t size)
{
	copy_bytes(p, value, size);
	look->slot->copy->written |= byte_mask(p, (unsigned)size);
	stored(cpu, p, size);
	look->cell->stores++;
	cpu->counts.stores++;
	hit_done(cpu, look, cpu->store_hit, CAUSE_PRIVATE_HIT);
}

/* It has its turn, and does not hit at once. */
static __attribute__((noinline)) void load_here(struct cpu *cpu, const void *p, void *value,
						size_t size, const struct site *site)
{
	struct look *look = NULL;
	struct want w = { .p = p,
			  .size = (unsigned)size,
			  .read = true,
			  .access = ACCESS_LOAD,
			  .cost = cpu->load_hit,
			  .cause = CAUSE_PRIVATE_HIT,
			  .site = site };
	struct transfer x = { p, value, size };

	if (cpu->buffer.count) {
		if (buffer_load(cpu, &w, value))
			return;
		look = hit_at_turn(cpu, p, site, true, false);
	}
	if (look)
		load_hit(cpu, look, p, value, size);
	else
		access_slow(cpu, &w, transfer, &x);
}

/* What waits for its turn has little on its stack: with many CPUs, that of each is far away. */
static __attribute__((noinline)) void load_slow(struct cpu *cpu, const void *p, void *value,
						size_t size, const struct site *site)
{
	struct look *look = NULL;

	turn_for(cpu, p, site);
	if (!cpu->buffer.count)
		look = hit_at_turn(cpu, p, site, true, false);
	if (look)
		load_hit(cpu, look, p, value, size);
	else
		load_here(cpu, p, value, size, site);
}

void verb_load(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site)
{
	struct look *look = hit(cpu, p, site, true, false);

	cpu->accesses++;
	if (look)
		load_hit(cpu, look, p, value, size);
	else
		load_slow(cpu, p, value, size, site);
}

static __attribute__((noinline)) void store_here(struct cpu *cpu, void *p, const void *value,
						 size_t size, const struct site *site)
{
	struct want w = { .p = p,
			  .size = (unsigned)size,
			  .write = true,
			  .access = ACCESS_STORE,
			  .cost = cpu->store_hit,
			  .cause = CAUSE_PRIVATE_HIT,
			  .site = site };
	struct transfer x = { value, p, size };

	stored(cpu, p, size);
	if (cpu->sim->t.depth && buffer_store(cpu, p, value, (unsigned)size, site))
		return;
	access_slow(cpu, &w, transfer, &x);
}

static __attribute__((noinline)) void store_slow(struct cpu *cpu, void *p, const void *value,
						 size_t size, const struct site *site)
{
	struct look *look;

	turn_for(cpu, p, site);
	look = hit_at_turn(cpu, p, site, false, true);
	if (look)
		store_hit(cpu, look, p, value, size);
	else
		store_here(cpu, p, value, size, site);
}

void verb_store(struct cpu *cpu, void *p, const void *value, size_t size, const struct site *site)
{
	struct look *look = hit(cpu, p, site, false, true);

	cpu->accesses++;
	if (look)
		store_hit(cpu, look, p, value, size);
	else
		store_slow(cpu, p, value, size, site);
}

/* ---- read-modify-writes --------------------------------------------------------------------- */

static void modify_word(void *argument)
{
	modify(argument);
}

static enum own own_of(enum rmw how, size_t size, bool locked)
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

/*
 * Without LOCK, and the store cannot take effect at once: a load, and a store that is buffered.
 * No interrupt comes between the two. A failed compare-and-exchange stores the old value.
 */
static void rmw_halves(struct cpu *cpu, struct want *w, struct modify *m)
{
	unsigned char word[sizeof(struct pair)];
	void *at = m->p;
	struct transfer x = { at, word, m->size };
	uint64_t cost;

	w->write = false;
	w->half = true;
	w->access = ACCESS_LOAD;
	if (!buffer_load(cpu, w, word))
		access_slow(cpu, w, transfer, &x);
	m->p = word;
	modify(m);
	cost = own_cost(cpu, at, w->size, w->own);
	cpu_turn(cpu);
	buffer_push(cpu, at, word, w->size, w->site, true);
	pass(cpu, cost, w->cause);
}

static bool is_far(const struct sim *sim, enum rmw how)
{
	if (!sim->t.far)
		return false;
	return sim->machine.far_atomic.ops == FAR_ALL || (how != RMW_CAS && how != RMW_EXCHANGE);
}

bool verb_rmw(struct cpu *cpu, void *p, size_t size, enum rmw how, const void *expected,
	      const void *operand, void *old, bool locked, const struct site *site)
{
	struct look *look = hit(cpu, p, site, true, true);
	enum own own = own_of(how, size, locked);
	struct modify m = { p, old, expected, operand, size, how, false };
	enum cause cause = locked ? CAUSE_LOCKED : CAUSE_PRIVATE_HIT;

	cpu->accesses++;
	if (!look) {
		turn_for(cpu, p, site);
		look = hit_at_turn(cpu, p, site, true, true);
	}
	if (look) {
		uint64_t cost = own_cost(cpu, p, (unsigned)size, own);

		modify(&m);
		look->slot->copy->written |= byte_mask(p, (unsigned)size);
		look->cell->rmws++;
		cpu->counts.rmws++;
		if (locked) {
			cpu->lock_line = look->slot->line;
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
			  .far = locked && is_far(cpu->sim, how),
			  .access = ACCESS_RMW,
			  .own = own,
			  .cause = cause,
			  .modify = &m,
			  .site = site };

	if (!locked && cpu->sim->t.depth && buffer_splits(cpu, access_line(cpu, p, w.size, site)))
		rmw_halves(cpu, &w, &m);
	else
		access_slow(cpu, &w, modify_word, &m);
	return m.result;
}

/* Only asked for: what arrives, and when, is not this access's. */
static void observe_prefetch(struct cpu *cpu, const void *p, bool write, enum state was,
			     const struct site *site)
{
	struct want w = { .p = p,
			  .size = 1,
			  .read = !write,
			  .write = write,
			  .prefetch = true,
			  .cause = CAUSE_PRIVATE_HIT,
			  .context = cpu->context,
			  .time = cpu->clock,
			  .site = site };

	observe_old(cpu, p, w.size);
	observe(cpu, &w, was, was, cpu->clock, NULL);
}

static void ask_ahead(struct cpu *cpu, uint64_t line, const void *p, bool write,
		      enum request request, const struct site *site)
{
	struct want w = { .p = p, .size = 1, .site = site };
	struct txn *t = coherence_request(cpu->sim, cpu->node, line, request,
					  write ? ACCESS_STORE : ACCESS_LOAD, cpu->clock);

	t->prefetch = true;
	t->origin = want_origin(cpu, &w, cpu->context);
}

void verb_prefetch(struct cpu *cpu, const void *p, bool write, const struct site *site)
{
	struct sim *sim = cpu->sim;
	uint64_t offset = (uint64_t)((const char *)p - sim->head.arena.base),
		 line = offset >> LINE_SHIFT, cost = UNIT;
	const struct access_rule *rule;
	struct slot *slot;
	enum state is;

	sync_access(cpu);
	if (offset < sim->head.arena.bytes && line != NO_LINE) {     /* of NULL: harmless */
		slot = find_copy(cpu, line, &cost);
		is = slot ? (enum state)slot->copy->state : STATE_I;
		if (sim->observer)
			observe_prefetch(cpu, p, write, is, site);
		rule = access_rule(cpu->node, is, write);
		if (!rule->hits && !txn_pending(cpu->node, line) &&
		    buffer_room_to_ask(cpu, request_of(cpu, is, rule)))
			ask_ahead(cpu, line, p, write, request_of(cpu, is, rule), site);
	}
	pass(cpu, UNIT, CAUSE_PRIVATE_HIT);
	cpu_end_run_ahead(cpu);
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

/*
 * May its polls be counted without being run, until the copy is lost? Each must hit and leave
 * nothing behind but counts: a sharing miss that is still open stays so if the word is not what
 * others wrote, and what they wrote cannot change while the copy is here.
 */
static bool may_park(const struct cpu *cpu, const struct slot *slot, const void *p, size_t size)
{
	const struct sim *sim = cpu->sim;

	if (sim->options.no_parking || sim->observer || cpu->waiting == NOT_WAITING || !slot ||
	    interrupt_due(cpu) || cpu->buffer.count || (cpu->sim->t.ahead && cpu->node->pending))
		return false;
	return !slot->copy->open || !copy_uses_foreign(slot->copy->info, cpu->head.id,
						       party_find(slot->copy->info, cpu->head.id),
						       byte_mask(p, (unsigned)size));
}

static void park(struct cpu *cpu, const struct slot *slot, const void *p, size_t size,
		 uint64_t turn, const struct site *site)
{
	cpu->parked = true;
	cpu->park_line = slot->line;
	cpu->park_period = turn + cpu->node->level_cache[0].hit_units;
	cpu->park_charged = cpu->clock;
	cpu->park_next = cpu->clock + turn;
	cpu->park_cell =
		cell_get(cpu->sim, p, (unsigned)size, site, cpu->context, slot->copy->label_serial);
	cpu_end_run_ahead(cpu);
	event_loop(cpu->sim, cpu);
}

/* Nothing is under way, and all threads poll what only another one could change. */
static bool all_wait(const struct sim *sim)
{
	if (!events_are_idle(sim))
		return false;
	for (unsigned i = 0; i < sim->head.cpus; i++) {
		const struct cpu *cpu = &sim->cpu[i];

		if (cpu->started && !cpu->finished && !cpu->parked && !cpu->stuck)
			return false;
	}
	return true;
}

/* A loop that ends when the value changes has read the word: `before` it had that one. */
static void polled(struct cpu *cpu, const void *before, const void *value, size_t size)
{
	enum { LOOK_EVERY = 256 };      /* polls that changed nothing */

	cpu->stuck = !memcmp(before, value, size);
	if (!cpu->stuck)
		cpu->polls_alike = 0;
	else if (++cpu->polls_alike % LOOK_EVERY == 0 && all_wait(cpu->sim))
		sim_deadlock(cpu->sim);
}

void verb_poll(struct cpu *cpu, const void *p, void *value, size_t size, const struct site *site)
{
	unsigned char before[sizeof(struct pair)];

	memcpy(before, value, size);
	cpu->wait_site = site;
	verb_load(cpu, p, value, size, site);
	polled(cpu, before, value, size);
}

void verb_retry(struct cpu *cpu, const void *p, const void *was, size_t size,
		const struct site *site)
{
	(void)cpu;
	(void)p;
	(void)was;
	(void)size;
	(void)site;
}

/* One more turn of a spin loop: the step, then the load. */
void verb_spin(struct cpu *cpu, const void *p, void *value, size_t size, enum step step,
	       const struct site *site)
{
	struct sim *sim = cpu->sim;
	uint64_t line = (uint64_t)((const char *)p - sim->head.arena.base) >> LINE_SHIFT;
	uint64_t turn = sim->t.step[step] ? sim->t.step[step] : UNIT;
	const struct slot *slot = cache_find(&cpu->node->level_cache[0], line);

	cpu->wait_site = site;
	if (may_park(cpu, slot, p, size))
		park(cpu, slot, p, size, turn, site);
	else
		pass(cpu, turn, CAUSE_COMPUTE);
	cpu->spin_line = line;
	verb_poll(cpu, p, value, size, site);
	cpu->spin_line = NO_LINE;
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
		enum state is = slot ? (enum state)slot->copy->state : STATE_I;
		const struct access_rule *rule = access_rule(cpu->node, is, write);
		struct txn *t;

		if (rule->hits) {
			slot->copy->state = rule->next;
			if (write && !slot->copy->wrote) {
				slot->copy->wrote = true;
				slot->copy->version = ++sim->version[line];
			}
			copy_check(cpu, slot->copy);
			return;
		}
		t = coherence_request(sim, cpu->node, line, request_of(cpu, is, rule),
				      write ? ACCESS_STORE : ACCESS_LOAD, sim->now);
		cpu->blocked = t;
		while (queue_count(&sim->homes) || queue_count(&sim->messages)) {
			struct queue *q = &sim->homes;

			if (q->item == q->end || (queue_count(&sim->messages) &&
						  sim->messages.item->time <= q->item->time))
				q = &sim->messages;
			sim->now = q->item->time;
			event_dispatch(sim, event_take(q, 0));
		}
		sim->resume = NULL;
		count_miss(sim, cpu, t, write, line_get(sim, line));
		cpu->filled = NULL;
		txn_put(sim, t);
	}
}
