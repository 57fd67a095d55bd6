/*
 * CPUs: the timed backend of the verbs.
 *
 * A verb starts at the CPU's clock. Strictly before the horizon a hit needs no event; else the
 * CPU waits for its turn in the order of events (take_turn). A miss blocks the CPU until its
 * transaction is complete; the access then takes effect, at the time of the fill.
 */
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- time --------------------------------------------------------------------------------------- */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t later(uint64_t time, uint64_t by)
{
	return time > NEVER - by ? NEVER : time + by;
}

static bool interrupt_due(const struct cpu *cpu)
{
	return cpu->irq_first && cpu->irq_on;
}

/*
 * The earliest time at which anything pending could reach this CPU's copies: what is at this CPU
 * at once, what is at a home a probe leg later, what is elsewhere a request and a probe leg
 * later (or an IPI). Nor beyond the window's edge: each operation takes at least a cycle, so
 * before `edge` no CPU can see the operation that opens or closes the window.
 */
void cpu_set_horizon(struct sim *sim, struct cpu *cpu)
{
	uint64_t near = sim->t.least_probe, h = NEVER, cap;
	uint64_t far = least(near + least(near, sim->t.least_request), sim->t.ipi);

	cpu->horizon = 0;
	if (sim->options.no_run_ahead || sim->observer || interrupt_due(cpu) || cpu->node->pending)
		return;
	if (sim->homes.count)
		h = least(h, sim->homes.item->time + near);
	if (sim->messages.count)
		h = least(h, sim->messages.item->time + far);
	if (sim->turns)
		h = least(h, sim->turn[0]->clock + far);
	for (const struct event *e = cpu->pending; e; e = e->next)
		h = least(h, e->time);
	if (sim->phase != PHASE_OVER) {
		cap = sim->edge > sim->pushed ? (sim->edge - sim->pushed) / sim->cpus : 0;
		cap = cap > 1 ? sim->now + least(cap - 1, 1ull << 48) * UNIT : 0;
		h = least(h, cap);
	}
	cpu->horizon = least(h, later(sim->options.max_cycles * UNIT, 0));
}

/* Until it is this CPU's turn at its clock. */
static void take_turn(struct sim *sim, struct cpu *cpu)
{
	bool quiet = sim->pushed < sim->edge && sim->entries <= 8192 &&
		     cpu->clock <= sim->options.max_cycles * UNIT;

	if (quiet && (!sim->turns || sim->turn[0]->clock > cpu->clock) &&
	    (!sim->homes.count || sim->homes.item->time > cpu->clock) &&
	    (!sim->messages.count || sim->messages.item->time > cpu->clock)) {
		sim->now = cpu->clock;
		return;
	}
	turn_push(sim, cpu, cpu->clock);
	event_loop(sim, cpu);
}

/* From here to `units` later the CPU does `cause`; its clock moves. */
static void pass(struct cpu *cpu, uint64_t units, enum cause cause)
{
	charge(cpu, cpu->clock, cpu->clock + units, cause);
	cpu->clock += units;
}

/* ---- interrupts ----------------------------------------------------------------------------------- */

static void deliver(struct sim *sim, struct cpu *cpu)
{
	struct event *e = cpu->irq_first;
	uint64_t start = cpu->clock, serial = cpu->op_serial;
	enum waiting was_waiting = cpu->waiting;
	unsigned frames = cpu->irq_frames;
	uint32_t context = cpu->context;

	cpu->irq_first = e->next;
	cpu->irq_on = false;
	cpu->waiting = NOT_WAITING;
	cpu->in_irq++;
	cpu->irq_frames = cpu->frames;
	cpu->context = context_get(sim, OP_NONE, "");
	pass(cpu, sim->t.irq_entry, CAUSE_INTERRUPTS);
	e->interrupt.handler(cpu, e->interrupt.argument);
	pass(cpu, sim->t.irq_exit, CAUSE_INTERRUPTS);
	cpu->in_irq--;
	cpu->irq_frames = frames;
	cpu->context = context;
	cpu->op_serial = serial;
	cpu->waiting = was_waiting;
	cpu->irq_units += cpu->clock - start;
	cpu->irq_on = true;
	cpu->horizon = 0;
	e->next = NULL;
	event_free(sim, e);
}

/* Before an access: its turn, and interrupts first. */
void cpu_sync(struct cpu *cpu)
{
	struct sim *sim = cpu->sim;

	for (;;) {
		take_turn(sim, cpu);
		if (!interrupt_due(cpu))
			break;
		deliver(sim, cpu);
	}
	cpu_set_horizon(sim, cpu);
	if (cpu->horizon <= cpu->clock)
		cpu->horizon = cpu->clock + 1;
}

static inline void sync(struct cpu *cpu)
{
	if (cpu->clock >= cpu->horizon)
		cpu_sync(cpu);
}

void cpu_interrupt(struct sim *sim, struct event *e)
{
	struct cpu *cpu = &sim->cpu[e->node->id];

	if (e->interrupt.period && sim->unfinished) {
		struct event *again = event_new(sim);

		again->type = EVENT_INTERRUPT;
		again->node = e->node;
		again->at_cpu = true;
		again->interrupt = e->interrupt;
		again->time = e->time + e->interrupt.period;
		again->key = event_key(sim, RANK_INTERRUPT, again->time, e->node->id);
		again->count = e->count;
		event_queue(sim, again);
	}
	if (cpu->finished || !cpu->started) {
		event_free(sim, e);
		return;
	}
	e->next = NULL;
	if (cpu->irq_first)
		cpu->irq_last->next = e;
	else
		cpu->irq_first = e;
	cpu->irq_last = e;
	if (!cpu->irq_on)
		return;
	if (cpu->parked) {
		cpu_unpark(cpu, sim->now);
	} else if (cpu->computing) {            /* cut, or not even begun */
		turn_remove(sim, cpu);
		if (cpu->compute_start > sim->now) {
			turn_push(sim, cpu, cpu->compute_start);
		} else {
			cpu->clock = sim->now;
			sim->resume = cpu;
		}
		cpu->computing = false;
	}
}

static void send_interrupt(struct sim *sim, unsigned from, unsigned target, uint64_t time, uint64_t period, interrupt_handler *handler, void *argument)
{
	struct event *e = event_new(sim);

	e->type = EVENT_INTERRUPT;
	e->node = sim->cpu[target].node;
	e->at_cpu = true;
	e->interrupt.handler = handler;
	e->interrupt.argument = argument;
	e->interrupt.period = period;
	e->time = time;
	e->key = event_key(sim, RANK_INTERRUPT, time, from);
	e->count = sim->cpu[from].interrupts_sent++ << 16 | target;
	event_queue(sim, e);
}

void ipi_send(struct cpu *cpu, unsigned target, interrupt_handler *handler, void *argument)
{
	sync(cpu);
	cpu->counts.ipis++;
	send_interrupt(cpu->sim, cpu->node->id, target, cpu->clock + cpu->sim->t.ipi, 0, handler, argument);
	cpu->horizon = 0;
}

void timer_add(struct sim *sim, unsigned target, uint64_t first, uint64_t period, interrupt_handler *handler, void *argument)
{
	send_interrupt(sim, target, target, first * UNIT, period * UNIT, handler, argument);
}

/* ---- compute ----------------------------------------------------------------------------------------- */

/* `units` of work without memory; an interrupt may cut it. */
static void spend(struct cpu *cpu, uint64_t units, enum cause cause)
{
	struct sim *sim = cpu->sim;

	while (units) {
		uint64_t start, end = cpu->clock + units;

		if (end < cpu->horizon) {
			pass(cpu, units, cause);
			return;
		}
		if (interrupt_due(cpu)) {
			cpu_sync(cpu);
			continue;
		}
		start = cpu->compute_start = cpu->clock;
		cpu->computing = true;
		turn_push(sim, cpu, end);
		event_loop(sim, cpu);
		cpu->computing = false;
		charge(cpu, start, cpu->clock, cause);
		units = end - cpu->clock;
		cpu_set_horizon(sim, cpu);
		if (cpu->horizon <= cpu->clock && !interrupt_due(cpu))
			cpu->horizon = cpu->clock + 1;
	}
}

void compute(struct cpu *cpu, enum step step)
{
	spend(cpu, cpu->sim->t.step[step], CAUSE_COMPUTE);
}

void compute_cycles(struct cpu *cpu, uint64_t cycles)
{
	unsigned jitter = cpu->sim->options.compute_jitter_percent;
	uint64_t units = cycles * UNIT;

	if (jitter && units) {
		uint64_t span = 2 * units * jitter / 100 + 1;

		units = units - units * jitter / 100 + random_below(cpu, span);
	}
	spend(cpu, units, CAUSE_COMPUTE);
}

static void irq_goes_off(struct cpu *cpu)
{
	cpu->irq_on = false;
	cpu->irq_off_since = cpu->clock;
}

static void irq_goes_on(struct cpu *cpu)
{
	struct sim *sim = cpu->sim;
	uint64_t from = cpu->irq_off_since > sim->opened ? cpu->irq_off_since : sim->opened;

	if (sim->phase == PHASE_WINDOW && cpu->clock > from && !cpu->in_irq) {
		cpu->counts.irq_off_units += cpu->clock - from;
		if (cpu->clock - from > cpu->counts.irq_off_units_max)
			cpu->counts.irq_off_units_max = cpu->clock - from;
	}
	cpu->irq_on = true;
	if (cpu->irq_first)
		cpu->horizon = 0;
}

bool irq_save(struct cpu *cpu)
{
	bool was_on;

	compute(cpu, STEP_IRQ_SAVE);
	was_on = cpu->irq_on;
	if (was_on && !cpu->in_irq)
		irq_goes_off(cpu);
	return was_on && !cpu->in_irq;
}

void irq_restore(struct cpu *cpu, bool flags)
{
	compute(cpu, STEP_IRQ_RESTORE);
	if (flags)
		irq_goes_on(cpu);
}

void irq_disable(struct cpu *cpu)
{
	compute(cpu, STEP_CLI);
	if (cpu->irq_on)
		irq_goes_off(cpu);
}

void irq_enable(struct cpu *cpu)
{
	compute(cpu, STEP_STI);
	if (!cpu->irq_on && !cpu->in_irq)
		irq_goes_on(cpu);
}

void preempt_disable(struct cpu *cpu)
{
	if (cpu->preempt_count)
		fetch_add_local(cpu, cpu->preempt_count, 1);
}

void preempt_enable(struct cpu *cpu)
{
	if (cpu->preempt_count)
		fetch_add_local(cpu, cpu->preempt_count, -1);
}

void fence(struct cpu *cpu)
{
	spend(cpu, cpu->sim->t.fence, CAUSE_STORE_BUFFER);
}

/* ---- copies come and go ---------------------------------------------------------------------------------- */

static uint64_t *had_bits(const struct sim *sim, struct line *line)
{
	(void)sim;
	return line->had_lost;
}

static uint64_t *lost_bits(const struct sim *sim, struct line *line)
{
	return line->had_lost + sim->words;
}

static bool bit_of(const uint64_t *bits, unsigned i)
{
	return bits[i / 64] >> i % 64 & 1;
}

/* The bytes this CPU wrote become history: others may miss on them. */
static void merge_written(struct sim *sim, struct cpu *cpu, struct slot *copy)
{
	struct line *info = copy->info;
	struct byte_history *h = info->bytes;
	uint16_t self = (uint16_t)cpu->node->id;

	if (!copy->written)
		return;
	info->epoch++;
	if (sim->cpus > 1) {
		if (!h) {
			h = info->bytes = xalloc(sizeof *h);
			memset(h->writer, 0xff, sizeof h->writer);
		}
		for (uint64_t mask = copy->written; mask; mask &= mask - 1) {
			unsigned b = (unsigned)__builtin_ctzll(mask);

			if (h->writer[b] != self) {
				h->other_epoch[b] = h->epoch[b];
				h->writer[b] = self;
			}
			h->epoch[b] = info->epoch;
		}
	}
	copy->written = 0;
}

/* A sharing miss whose copy ends without a use of what others wrote was false sharing. */
static void settle_false(struct sim *sim, struct cpu *cpu, struct slot *copy)
{
	if (copy->open && copy->open_counts && sim->phase == PHASE_WINDOW) {
		cpu->counts.misses_false_sharing++;
		line_counts_get(sim, copy->info)->false_sharing++;
	}
	copy->open = false;
}

static void settle_true(struct sim *sim, struct cpu *cpu, struct slot *copy)
{
	if (copy->open_counts && sim->phase == PHASE_WINDOW) {
		cpu->counts.misses_true_sharing++;
		line_counts_get(sim, copy->info)->true_sharing++;
	}
	if (!copy->info->cpu_epoch)
		copy->info->cpu_epoch = xalloc(sim->cpus * sizeof(uint32_t));
	copy->info->cpu_epoch[cpu->node->id] = copy->epoch;
	copy->open = false;
}

static void check_version(struct cpu *cpu, const struct slot *copy)
{
	if (copy->version != copy->info->version)
		BUG(cpu, "line %llu: copy in %c has version %u, the line %u", (unsigned long long)copy->line,
		    state_letter[copy->state], copy->version, copy->info->version);
}

void cpu_lose(struct sim *sim, struct cpu *cpu, struct slot *slot, bool to_write)
{
	uint64_t *lost = lost_bits(sim, slot->info), bit = 1ull << cpu->node->id % 64;

	check_version(cpu, slot);
	merge_written(sim, cpu, slot);
	settle_false(sim, cpu, slot);
	if (to_write)
		lost[cpu->node->id / 64] |= bit;
	else
		lost[cpu->node->id / 64] &= ~bit;
	cache_forget_inner(cpu->node, slot->line);
	if (cpu->parked && cpu->park_line == slot->line)
		cpu_unpark(cpu, sim->now);
	slot_set_line(&cpu->node->level_cache[cpu->node->levels - 1], slot, NO_LINE);
	slot->state = STATE_I;
	slot->wrote = false;
}

void cpu_downgrade(struct sim *sim, struct cpu *cpu, struct slot *slot)
{
	check_version(cpu, slot);
	merge_written(sim, cpu, slot);
	slot->wrote = false;
	slot->state = sim->protocol->copy[slot->state][COPY_PROBE_SHARE].next;
}

/* Bytes that others wrote since this CPU's last cold or true-sharing miss on the line; they
 * cannot change while it has a copy. */
static uint64_t foreign_bytes(const struct sim *sim, const struct line *info, unsigned cpu)
{
	const struct byte_history *h = info->bytes;
	uint32_t since = info->cpu_epoch ? info->cpu_epoch[cpu] : 0;
	uint64_t mask = 0;

	(void)sim;
	if (!h)
		return 0;
	for (unsigned b = 0; b < LINE; b++) {
		uint32_t epoch = h->writer[b] == cpu ? h->other_epoch[b] : h->epoch[b];

		mask |= (uint64_t)(epoch > since) << b;
	}
	return mask;
}

/* Cold, capacity, or sharing (settled later). */
static void classify(struct sim *sim, struct cpu *cpu, struct slot *copy)
{
	unsigned id = cpu->node->id;
	struct line *info = copy->info;
	bool counts = sim->phase == PHASE_WINDOW;

	copy->epoch = info->epoch;
	copy->open = false;
	if (!bit_of(had_bits(sim, info), id)) {
		had_bits(sim, info)[id / 64] |= 1ull << id % 64;
		cpu->counts.misses_cold += counts;
		if (info->epoch || info->cpu_epoch) {
			if (!info->cpu_epoch)
				info->cpu_epoch = xalloc(sim->cpus * sizeof(uint32_t));
			info->cpu_epoch[id] = info->epoch;
		}
	} else if (!bit_of(lost_bits(sim, info), id)) {
		cpu->counts.misses_capacity += counts;
	} else {
		copy->open = true;
		copy->open_counts = counts;
	}
}

/* A way of the outermost private level for a new line; what was there goes. */
static struct slot *make_room(struct sim *sim, struct cpu *cpu, uint64_t line)
{
	const struct cache *c = &cpu->node->level_cache[cpu->node->levels - 1];
	struct slot *set = cache_set(c, line), *victim = NULL;

	for (uint64_t way = 0; way < c->ways; way++) {
		struct slot *s = &set[way];

		if (s->line == NO_LINE)
			return s;
		if ((!victim || s->used < victim->used) && !coherence_pending(cpu->node, s->line))
			victim = s;
	}
	if (!victim)
		BUG(cpu, "all ways of a set have requests under way");
	coherence_evict(sim, cpu, victim);
	return victim;
}

/* An inner level points to the copy; what it pointed to stays in the outermost level. */
static struct slot *install_inner(struct cpu *cpu, struct slot *copy)
{
	struct node *node = cpu->node;
	struct slot *slot = copy;

	for (int i = (int)node->levels - 2; i >= 0; i--) {
		struct slot *set = cache_set(&node->level_cache[i], copy->line);

		slot = cache_find(&node->level_cache[i], copy->line);
		if (!slot) {
			slot = set;
			for (uint64_t way = 1; way < node->level_cache[i].ways && slot->line != NO_LINE; way++)
				if (set[way].line == NO_LINE || set[way].used < slot->used)
					slot = &set[way];
			slot_set_line(&node->level_cache[i], slot, copy->line);
			slot->copy = copy;
		}
		slot->used = ++cpu->used;
	}
	return slot;
}

void cpu_filled(struct sim *sim, struct txn *t)
{
	static const enum copy_event fill[STATES] = {
		[STATE_S] = COPY_FILL_S, [STATE_E] = COPY_FILL_E, [STATE_M] = COPY_FILL_M,
	};
	struct cpu *cpu = &sim->cpu[t->client->id];
	struct slot *copy = cache_find(&t->client->level_cache[t->client->levels - 1], t->line);
	bool fresh = !copy;

	if (fresh) {
		copy = make_room(sim, cpu, t->line);
		*copy = (struct slot){ .copy = copy, .state = STATE_I, .version = t->version };
		slot_set_line(&t->client->level_cache[t->client->levels - 1], copy, t->line);
		copy->info = line_get(sim, t->line);
		copy->label_serial = sim->label_serial;
		classify(sim, cpu, copy);
	}
	t->request = fresh && t->request == UPGRADE ? GET_MODIFIED : t->request;
	check_version(cpu, copy);
	if (sim->protocol->copy[copy->state][fill[t->grant]].action & IMPOSSIBLE)
		BUG(cpu, "fill of line %llu to %c in state %c", (unsigned long long)t->line, state_letter[t->grant],
		    state_letter[copy->state]);
	copy->state = sim->protocol->copy[copy->state][fill[t->grant]].next;
	copy->used = ++cpu->used;
	if (fresh)
		install_inner(cpu, copy);
	if (cpu->blocked == t) {
		cpu->blocked = NULL;
		cpu->filled = t;
		cpu->clock = sim->now;
		sim->resume = cpu;
		return;
	}
	if (t->deferred)
		coherence_probe_again(sim, t->client, t->deferred);
	txn_put(sim, t);
}

/* ---- one access --------------------------------------------------------------------------------------------- */

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
			slot = install_inner(cpu, slot->copy);
		}
		return slot;
	}
	return NULL;
}

static enum cause miss_cause(const struct cpu *cpu, const struct txn *t)
{
	if (t->request == UPGRADE)
		return CAUSE_UPGRADE;
	if (t->supplier == FROM_MEMORY)
		return CAUSE_MEMORY;
	if (t->supplier == FROM_SHARED_LEVEL)
		return CAUSE_SHARED_LEVEL;
	return t->supplied_by && t->supplied_by->socket != cpu->node->socket ? CAUSE_TRANSFER_CROSS
									     : CAUSE_TRANSFER_SAME;
}

static void count_miss(struct sim *sim, struct cpu *cpu, const struct txn *t, bool write, struct line *info)
{
	struct counts *c = &cpu->counts;
	bool hitm = t->found == STATE_M && t->supplier == FROM_CACHE;
	struct line_counts *lc = line_counts_get(sim, info);

	if (t->request == UPGRADE) {
		c->upgrades++;
		lc->upgrades++;
	} else {
		c->misses++;
		lc->misses++;
		c->read_misses += !write;
		c->write_misses += write;
	}
	c->downgrades += t->request == GET_SHARED && t->supplier == FROM_CACHE &&
			 (t->found == STATE_M || t->found == STATE_E);
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

static void count_fine(struct sim *sim, struct cpu *cpu, const struct want *w, const struct txn *t, bool bounce, uint64_t line)
{
	struct fine_cell *f = fine_cell_get(sim, line, (unsigned)((uintptr_t)w->p & (LINE - 1)), w->size, w->site, cpu->context);

	f->cpus[cpu->node->id / 64] |= 1ull << cpu->node->id % 64;
	f->bounces += bounce;
	if (!t)
		return;
	f->loads += w->read && !w->write;
	f->stores += w->write && !w->read;
	f->rmws += w->read && w->write;
	f->hitm += t->found == STATE_M && t->supplier == FROM_CACHE;
	f->upgrades += t->request == UPGRADE;
	f->wait_units += sim->now - t->start;
}

/* The first write of an ownership: a bounce if another CPU wrote last. */
static bool first_write(struct sim *sim, struct cpu *cpu, struct slot *copy, const struct want *w)
{
	struct line *info = copy->info;
	int self = (int)cpu->node->id;
	bool bounce = info->last_writer >= 0 && info->last_writer != self;

	info->last_writer = self;
	info->version++;
	copy->version = info->version;
	copy->wrote = true;
	if (!bounce || sim->phase != PHASE_WINDOW)
		return false;
	const struct label *label = label_find(sim, (uint64_t)((const char *)w->p - sim->arena), copy->label_serial);

	cpu->counts.bounces[label && label->layout ? label->layout->class : CLASS_ALLOCATOR]++;
	line_counts_get(sim, info)->bounces++;
	line_counts_get(sim, info)->cpus[sim->words + cpu->node->id / 64] |= 1ull << cpu->node->id % 64;
	if (sim->holders < 2 * HOLDERS_MAX)
		sim->holder[sim->holders++] = (struct holder){ cpu->clock - sim->opened, copy->line << LINE_SHIFT, cpu->node->id };
	return true;
}

static void observe(struct sim *sim, struct cpu *cpu, const struct want *w, enum state was, enum state is, uint64_t start)
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
static void touch(struct sim *sim, struct cpu *cpu, struct slot *copy, const struct want *w, const struct txn *t)
{
	uint64_t bytes = byte_mask(w->p, w->size);
	bool bounce = w->write && !copy->wrote && first_write(sim, cpu, copy, w);

	check_version(cpu, copy);
	if (copy->open && foreign_bytes(sim, copy->info, cpu->node->id) & bytes)
		settle_true(sim, cpu, copy);
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
		count_fine(sim, cpu, w, t, bounce, copy->line);
}

/* Ask for the line and wait until it is here: cpu->filled. */
static void miss(struct sim *sim, struct cpu *cpu, const struct want *w, uint64_t line, enum request request)
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
static void let_go(struct sim *sim, struct cpu *cpu, struct txn *t)
{
	struct event *probe = t->deferred;

	t->deferred = NULL;
	if (probe)
		coherence_probe_again(sim, cpu->node, probe);
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

/*
 * The whole way of an access but its effect on memory, which `effect` has. On return the clock
 * stands at the end of the instruction.
 */
static void access_slow(struct cpu *cpu, struct want *w, void (*effect)(void *argument), void *argument)
{
	struct sim *sim = cpu->sim;
	uint64_t offset = (uint64_t)((const char *)w->p - sim->arena), line = offset >> LINE_SHIFT, start;
	enum copy_event event = w->write ? COPY_STORE : COPY_LOAD;
	enum state was = STATE_I;
	struct txn *t = NULL;
	struct slot *slot;
	struct look *look;

	if (offset >= sim->arena_bytes || offset & (w->size - 1))
		BUG(cpu, "access to %s outside the arena or not aligned, at %s:%u", w->site->text, w->site->file, w->site->line);
	sync(cpu);
	start = cpu->clock;
	for (bool first = true;; first = false) {
		const struct copy_rule *rule;

		slot = find_copy(cpu, line, &w->cost);
		rule = &sim->protocol->copy[slot ? slot->copy->state : STATE_I][event];
		if (first)
			was = slot ? (enum state)slot->copy->state : STATE_I;
		if (rule->action & DO_HIT) {
			slot->copy->state = rule->next;
			break;
		}
		if (t) {                        /* a prefetch brought too little */
			miss_charges(cpu, t);
			let_go(sim, cpu, t);
			t = NULL;
			continue;
		}
		miss(sim, cpu, w, line, rule->action & DO_UPGRADE ? UPGRADE : w->write ? GET_MODIFIED : GET_SHARED);
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
	*look = (struct look){ w->p, w->site, slot, NULL, line, cpu->context, slot->copy->label_serial };
	look->cell = cell_get(sim, w->p, w->size, w->site, cpu->context, slot->copy->label_serial);
	count_access(&cpu->counts, look->cell, w);
	if (w->locked) {
		cpu->lock_line = line;
		cpu->lock_until = cpu->clock + w->cost;
	}
	pass(cpu, w->cost, w->cause);
	if (t) {
		let_go(sim, cpu, t);
		cpu_set_horizon(sim, cpu);
	}
}

/* The lookaside says that the access hits and needs no bookkeeping beyond counters. */
static inline struct look *hit(struct cpu *cpu, const void *p, const struct site *site, bool write)
{
	struct look *look = look_of(cpu, p, site);
	const struct slot *slot, *copy;

	if (cpu->clock >= cpu->horizon || look->address != p || look->site != site || look->context != cpu->context)
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
		check_version(cpu, slot->copy);
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
	struct want w = { .p = p, .size = (unsigned)size, .read = true, .access = ACCESS_LOAD, .cost = cost,
			  .cause = CAUSE_PRIVATE_HIT, .site = site };
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
	struct want w = { .p = p, .size = (unsigned)size, .write = true, .access = ACCESS_STORE, .cost = cost,
			  .cause = CAUSE_PRIVATE_HIT, .site = site };
	struct transfer x = { value, p, size };

	cpu->accesses++;
	access_slow(cpu, &w, transfer, &x);
}

/* ---- read-modify-writes ---------------------------------------------------------------------------------------- */

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

bool verb_rmw(struct cpu *cpu, void *p, size_t size, enum rmw how, const void *expected, const void *operand, void *old, bool locked, const struct site *site)
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
	struct want w = { .p = p, .size = (unsigned)size, .read = true, .write = true, .locked = locked,
			  .access = ACCESS_RMW, .cost = cost, .cause = cause, .site = site };

	cpu->accesses++;
	access_slow(cpu, &w, modify, &m);
	return m.result;
}

void verb_prefetch(struct cpu *cpu, const void *p, bool write, const struct site *site)
{
	struct sim *sim = cpu->sim;
	uint64_t offset = (uint64_t)((const char *)p - sim->arena), line = offset >> LINE_SHIFT, cost = UNIT;
	struct slot *slot;
	const struct copy_rule *rule;

	(void)site;
	sync(cpu);
	if (offset < sim->arena_bytes && line != NO_LINE) {     /* of NULL: harmless */
		slot = find_copy(cpu, line, &cost);
		rule = &sim->protocol->copy[slot ? slot->copy->state : STATE_I][write ? COPY_STORE : COPY_LOAD];
		if (!(rule->action & DO_HIT) && !coherence_pending(cpu->node, line))
			coherence_request(sim, cpu->node, line, rule->action & DO_UPGRADE ? UPGRADE : write ? GET_MODIFIED : GET_SHARED,
					  write ? ACCESS_STORE : ACCESS_LOAD, true, cpu->clock);
	}
	pass(cpu, UNIT, CAUSE_PRIVATE_HIT);
	cpu->horizon = 0;
}

/* ---- spinning ------------------------------------------------------------------------------------------------------ */

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
	turn_push(cpu->sim, cpu, next);
}

/* One more turn of a spin loop: the step, then the load. */
void verb_spin(struct cpu *cpu, const void *p, void *value, size_t size, enum step step, const struct site *site)
{
	struct sim *sim = cpu->sim;
	uint64_t line = (uint64_t)((const char *)p - sim->arena) >> LINE_SHIFT;
	uint64_t turn = sim->t.step[step] ? sim->t.step[step] : UNIT;
	struct slot *slot = cache_find(&cpu->node->level_cache[0], line);

	if (sim->options.no_parking || sim->observer || cpu->waiting == NOT_WAITING || !slot || interrupt_due(cpu) ||
	    slot->copy->open) {
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
	cpu->park_cell = cell_get(sim, p, (unsigned)size, site, cpu->context, slot->copy->label_serial);
	cpu->horizon = 0;
	event_loop(sim, cpu);
	verb_load(cpu, p, value, size, site);
	cpu->counts.lock_spins += cpu->waiting == WAITING_LOCK;
}

/* ---- feeding the protocol core below the verbs ------------------------------------------------------------------------ */

void sim_feed(struct sim *sim, unsigned id, uint64_t line, bool write)
{
	struct cpu *cpu = &sim->cpu[id];
	uint64_t cost = 0;

	cpu->clock = sim->now;
	for (;;) {
		struct slot *slot = find_copy(cpu, line, &cost);
		const struct copy_rule *rule =
			&sim->protocol->copy[slot ? slot->copy->state : STATE_I][write ? COPY_STORE : COPY_LOAD];
		struct txn *t;

		if (rule->action & DO_HIT) {
			slot->copy->state = rule->next;
			if (write && !slot->copy->wrote) {
				slot->copy->wrote = true;
				slot->copy->version = ++slot->copy->info->version;
			}
			check_version(cpu, slot->copy);
			return;
		}
		t = coherence_request(sim, cpu->node, line, rule->action & DO_UPGRADE ? UPGRADE : write ? GET_MODIFIED : GET_SHARED,
				      write ? ACCESS_STORE : ACCESS_LOAD, false, sim->now);
		cpu->blocked = t;
		while (sim->homes.count || sim->messages.count) {
			struct heap *h = &sim->homes;

			if (!h->count || (sim->messages.count && sim->messages.item->time <= h->item->time))
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

/* ---- CPUs as such ---------------------------------------------------------------------------------------------------------- */

unsigned cpu_id(const struct cpu *cpu)
{
	return cpu->node->id;
}

struct sim *cpu_sim(const struct cpu *cpu)
{
	return cpu->sim;
}

unsigned cpu_node(const struct cpu *cpu)
{
	const struct sim *sim = cpu->sim;

	return cpu->node->core * sim->nodes / machine_cores(&sim->machine);
}

uint64_t random_next(struct cpu *cpu)
{
	uint64_t x = cpu->random += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

__extension__ typedef unsigned __int128 wide;

uint64_t random_below(struct cpu *cpu, uint64_t limit)
{
	return (uint64_t)((wide)random_next(cpu) * limit >> 64);
}

void cpu_init(struct sim *sim, struct cpu *cpu, unsigned id)
{
	cpu->sim = sim;
	cpu->look = xalloc(LOOK_ENTRIES * sizeof *cpu->look);
	cpu->irq_on = true;
	cpu->heap_index = NOT_QUEUED;
	cpu->op_serial = 1;
	cpu->random = sim->options.seed * 0x9e3779b97f4a7c15u + id * 0xd1b54a32d192ed03u + 1;
}

void cpu_free(struct cpu *cpu)
{
	free(cpu->look);
	fiber_free(cpu->fiber);
}

/* ---- operations ---------------------------------------------------------------------------------------------------------------- */

void op_begin(struct cpu *cpu, enum op op)
{
	struct frame *f = &cpu->frame[cpu->frames];

	if (cpu->frames == FRAMES)
		BUG(cpu, "operations nest too deep");
	sync(cpu);
	if (cpu->frames == cpu->irq_frames)
		cpu->op_serial = ++cpu->serials + 1;
	cpu->frames++;
	*f = (struct frame){ op, cpu->context, cpu->clock, cpu->irq_units, cpu->lines_read, cpu->lines_written, cpu->op_serial };
	cpu->context = context_get(cpu->sim, op, "");
}

void path(struct cpu *cpu, const char *name)
{
	cpu->context = context_get(cpu->sim, cpu->frames ? cpu->frame[cpu->frames - 1].op : OP_NONE, name);
}

void op_end(struct cpu *cpu, int64_t live_bytes, int64_t footprint_bytes)
{
	struct sim *sim = cpu->sim;
	struct frame *f = &cpu->frame[--cpu->frames];
	struct entry e = {
		.cpu = cpu->node->id, .count = cpu->entries++, .op = f->op, .context = cpu->context,
		.whole = cpu->frames == cpu->irq_frames, .start = f->start,
		.lines_read = cpu->lines_read - f->lines_read, .lines_written = cpu->lines_written - f->lines_written,
		.live = live_bytes, .footprint = footprint_bytes,
	};

	if (cpu->clock - f->start < UNIT)       /* an operation takes a cycle at least */
		pass(cpu, UNIT, CAUSE_COMPUTE);
	e.time = cpu->clock;
	e.units = cpu->clock - f->start - (cpu->irq_units - f->irq_units);
	cpu->context = f->context;
	if (e.whole)
		cpu->op_serial = 1;
	entry_push(sim, &e);
}

enum waiting waiting(struct cpu *cpu, enum waiting what)
{
	enum waiting was = cpu->waiting;

	if (what == WAITING_LOCK)
		cpu->wait_since = cpu->clock;
	cpu->waiting = what;
	return was;
}

bool run_over(struct cpu *cpu)
{
	sync(cpu);
	return cpu->sim->phase == PHASE_OVER;
}
