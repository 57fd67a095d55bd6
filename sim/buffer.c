/*
 * The store buffer (x86-TSO): a FIFO of stores that the CPU is done with and nobody else has seen.
 *
 *	store ->  [ youngest ... oldest ]  -> the line, once this CPU may write it
 *	load  <-  the youngest entry that has all its bytes, else the line
 *
 *  (1) Stores take effect in the order in which they were issued; those to one line that follow
 *      each other together, the next line a cycle later at the earliest.
 *  (2) Their lines are asked for in that order, several at a time (miss_buffers, rfo_parallel).
 *  (3) Only the oldest store makes a probe wait (copies.c, finish). A line that came early for a
 *      younger one is given up at once and asked for again when that store is the oldest; else
 *      two buffers could wait for each other for ever.
 *  (4) LOCK operations, fences, interrupt entry and IPIs wait until the buffer is empty; a load
 *      waits until no store is left that has a part of its bytes.
 *  (5) While a store is in the buffer its CPU does not run ahead and does not park.
 *
 * A store that finds the buffer empty and its line writable in the first level takes effect at
 * once, as at depth 0: access.c.
 */
#include "sim/buffer.h"
#include "sim/access.h"
#include "sim/ahead.h"
#include "sim/coherence.h"
#include "sim/cpu.h"
#include "sim/message.h"

#include <limits.h>
#include <string.h>

static struct buffered *entry_at(struct cpu *cpu, unsigned age)
{
	struct store_buffer *b = &cpu->buffer;
	unsigned at = b->first + age, depth = cpu->sim->t.depth;

	return &b->entry[at < depth ? at : at - depth];
}

/* Without a search: certainly no entry of that line. */
static bool none_of_line(const struct cpu *cpu, uint64_t line)
{
	return !cpu->buffer.of_line[line % BUFFER_LINES];
}

/* The oldest entry of a line, NULL: none. */
static struct buffered *oldest_of_line(struct cpu *cpu, uint64_t line)
{
	if (none_of_line(cpu, line))
		return NULL;
	for (unsigned i = 0; i < cpu->buffer.count; i++)
		if (entry_at(cpu, i)->line == line)
			return entry_at(cpu, i);
	return NULL;
}

static enum state state_here(const struct cpu *cpu, uint64_t line)
{
	const struct slot *copy = node_copy(cpu->node, line);

	return copy ? (enum state)copy->state : STATE_I;
}

static bool writable(const struct cpu *cpu, uint64_t line)
{
	return access_rule(cpu->node, state_here(cpu, line), true)->hits;
}

static struct want want_of(const struct sim *sim, const struct buffered *e, const struct slot *copy)
{
	return (struct want){
		.p = e->p,
		.size = e->size,
		.write = true,
		.buffered = true,
		.access = ACCESS_STORE,
		.cost = sim->t.store_hit,
		.cause = CAUSE_PRIVATE_HIT,
		.context = e->context,
		.time = sim->now,
		.site = e->site,
		.label_serial = copy->label_serial,
	};
}

/* ---- asking for lines ----------------------------------------------------------------------- */

bool buffer_room_to_ask(const struct cpu *cpu, enum request request)
{
	const struct timing *t = &cpu->sim->t;
	const struct node *node = cpu->node;

	return node->pendings < t->misses &&
	       node->pending_stores[request] <
		       (request == UPGRADE ? t->misses_from_S : t->misses_from_M);
}

enum asked { NOT_NOW, UNDER_WAY, HERE }; /* HERE: may be written */

/* A write prefetch under way is the store's miss from now on. */
static enum asked ask(struct sim *sim, struct cpu *cpu, const struct buffered *e, uint64_t time)
{
	uint64_t line = e->line;
	struct txn *pending = txn_pending(cpu->node, line);
	const struct access_rule *rule;
	enum request request;
	enum state is;
	struct txn *t;

	if (pending) {
		if (pending->request != GET_SHARED)
			coherence_for_store(pending);
		return UNDER_WAY;
	}
	is = state_here(cpu, line);
	rule = access_rule(cpu->node, is, true);
	if (rule->hits)
		return HERE;
	request = request_of(cpu, is, rule);
	if (!buffer_room_to_ask(cpu, request))
		return NOT_NOW;
	t = coherence_request(sim, cpu->node, line, request, ACCESS_STORE, time);
	coherence_for_store(t);
	t->origin = origin_of(cpu, e->site, e->context, e->p, e->size);
	if (sim->t.ahead)
		ahead_missed(cpu, line, false, time);
	return UNDER_WAY;
}

/* The oldest store takes effect a cycle after the one before, or as late as its cache allows. */
static void let_drain(struct sim *sim, struct cpu *cpu, uint64_t line, uint64_t time)
{
	const struct node *node = cpu->node;
	struct event *e = event_new(sim, EVENT_DRAIN, cpu->node);
	uint64_t delay = UNIT;

	for (unsigned i = 1; i < node->levels && !cache_find(&node->level_cache[i - 1], line); i++)
		delay = node->level_cache[i].hit_units - node->level_cache[0].hit_units;
	e->time = time + (delay > UNIT ? delay : UNIT);
	e->rank = RANK_DRAIN;
	e->cpu = (uint16_t)node->id;
	e->count = ++cpu->buffer.drained;
	event_queue(sim, e);
	cpu->buffer.drains = true;
}

void buffer_advance(struct sim *sim, struct cpu *cpu, uint64_t time)
{
	struct store_buffer *b = &cpu->buffer;
	const struct buffered *oldest;
	bool writes;

	if (!b->count)
		return;
	oldest = entry_at(cpu, 0);
	/* again, if it came early and was given up */
	writes = ask(sim, cpu, oldest, time) == HERE;
	while (b->asked < b->count && ask(sim, cpu, entry_at(cpu, b->asked), time) != NOT_NOW)
		b->asked++;
	if (!b->drains && writes)
		let_drain(sim, cpu, oldest->line, time);
}

/* ---- taking effect -------------------------------------------------------------------------- */

/* Operation marks that a load which was forwarded, or the store itself, left in the buffer. */
static void hand_marks(const struct buffered *e, struct slot *copy)
{
	if (copy->op_written < e->op_serial)
		copy->op_written = e->op_serial;
	if (copy->op_read < e->op_read)
		copy->op_read = e->op_read;
}

/* The CPU that waits for this goes on a cycle later: the store is an instruction like others. */
static void wake(struct sim *sim, struct cpu *cpu)
{
	struct store_buffer *b = &cpu->buffer;

	if (!b->stalled || b->count > b->wake)
		return;
	b->stalled = false;
	turn_push(sim, cpu, RANK_CPU, sim->now + sim->t.store_hit);
}

/* t: the miss that brought its line just now, or NULL. */
static void take_effect(struct sim *sim, struct cpu *cpu, const struct txn *t)
{
	struct store_buffer *b = &cpu->buffer;
	struct buffered *e = entry_at(cpu, 0);
	uint64_t extra = 0;
	struct slot *copy = find_copy(cpu, e->line, &extra)->copy;
	struct want w = want_of(sim, e, copy);
	enum state was = copy->state;

	copy->state = access_rule(cpu->node, was, true)->next;
	touch(sim, cpu, copy, &w, NULL);
	hand_marks(e, copy);
	if (sim->observer)
		observe_old(cpu, e->p, e->size);
	memcpy(e->p, e->value, e->size);
	if (sim->observer)
		observe(cpu, &w, was, copy->state, sim->now, t);
	if (!e->counted)
		count_access(&cpu->counts,
			     cell_get(sim, e->p, e->size, e->site, e->context, copy->label_serial),
			     &w);
	if (b->stalled) {               /* what the CPU has waited for this one */
		count_wait(sim, &w, e->line, sim->now - b->stalled_since);
		b->stalled_since = sim->now;
	}
	b->missing -= e->missed;
	b->of_line[e->line % BUFFER_LINES]--;
	b->first = b->first + 1 < sim->t.depth ? b->first + 1 : 0;
	b->count--;
	b->asked -= b->asked > 0;
}

/* The oldest store, whose line may be written, and those to the same line that follow it. */
static void write_line(struct sim *sim, struct cpu *cpu, const struct txn *t)
{
	uint64_t line = entry_at(cpu, 0)->line;

	take_effect(sim, cpu, t);
	while (cpu->buffer.count && entry_at(cpu, 0)->line == line)
		take_effect(sim, cpu, NULL);
	wake(sim, cpu);
}

void buffer_event(struct sim *sim, struct event *e)
{
	struct cpu *cpu = &sim->cpu[e->node->id];
	bool stale = !cpu->buffer.drains || e->count != cpu->buffer.drained;

	event_free(sim, e);
	if (stale)                      /* the store did not wait for it */
		return;
	cpu->buffer.drains = false;
	if (writable(cpu, entry_at(cpu, 0)->line))
		write_line(sim, cpu, NULL);
	buffer_advance(sim, cpu, sim->now);
}

void buffer_filled(struct sim *sim, struct cpu *cpu, const struct txn *t)
{
	struct buffered *e = oldest_of_line(cpu, t->line);

	if (e && !writable(cpu, t->line) && e != entry_at(cpu, 0))
		ask(sim, cpu, e, sim->now); /* a read was under way when it was due */
	if (!e || !writable(cpu, t->line))
		return;
	if (t->buffered && sim->phase == PHASE_WINDOW) {
		const struct slot *copy = node_copy(cpu->node, t->line);
		struct want w = want_of(sim, e, copy);
		struct line *info = line_get(sim, t->line);
		bool lost = copy->open;

		count_miss(sim, cpu, t, true, info);
		count_fine(sim, cpu, &w, t, false, info,
			   lost ? party_find(info, cpu->head.id) : NULL, &info->last_write);
	}
	if (e == entry_at(cpu, 0)) {    /* had it been here before, it was lost meanwhile */
		cpu->buffer.drains = false;
		write_line(sim, cpu, t);
	}
}

/* ---- waiting -------------------------------------------------------------------------------- */

void buffer_wait(struct cpu *cpu, unsigned left)
{
	struct store_buffer *b = &cpu->buffer;
	uint64_t since = cpu->clock;

	b->wake = left;
	b->stalled = true;
	b->stalled_since = since;
	cpu->wait_site = entry_at(cpu, 0)->site;
	cpu_end_run_ahead(cpu);
	event_loop(cpu->sim, cpu);
	charge(cpu, since, cpu->clock, CAUSE_STORE_BUFFER);
}

void buffer_sync(struct cpu *cpu)
{
	sync_access(cpu);
	while (cpu->buffer.count) {
		buffer_wait(cpu, 0);
		sync_access(cpu);
	}
}

/* ---- stores and loads ----------------------------------------------------------------------- */

/* One more store, which finds its line here (or another store to it before) or misses, has to wait
 * for one to leave. */
static bool full(const struct cpu *cpu, bool misses)
{
	const struct store_buffer *b = &cpu->buffer;

	return b->count == cpu->sim->t.depth || (misses && b->missing >= cpu->sim->t.hidden);
}

/* Does it miss, as the buffer and the cache are now? */
static bool misses(struct cpu *cpu, uint64_t line)
{
	return !writable(cpu, line) && !oldest_of_line(cpu, line);
}

/* A line is counted once per operation, whether its copy is here or not. */
static void mark_written(struct cpu *cpu, uint64_t line)
{
	struct slot *copy = node_copy(cpu->node, line);
	bool known = copy && copy->op_written == cpu->op_serial;

	for (unsigned i = none_of_line(cpu, line) ? 0 : cpu->buffer.count; i-- > 0 && !known;) {
		const struct buffered *e = entry_at(cpu, i);

		known = e->line == line && e->op_serial == cpu->op_serial;
	}
	if (copy && cpu->op_serial)
		copy->op_written = cpu->op_serial;
	cpu->lines_written += !known;
}

static void mark_read(struct cpu *cpu, struct buffered *from)
{
	struct slot *copy = node_copy(cpu->node, from->line);
	bool known = copy && copy->op_read == cpu->op_serial;

	for (unsigned i = 0; i < cpu->buffer.count && !known; i++)
		known = entry_at(cpu, i)->line == from->line &&
			entry_at(cpu, i)->op_read == cpu->op_serial;
	if (copy && cpu->op_serial)
		copy->op_read = cpu->op_serial;
	if (cpu->op_serial)
		from->op_read = cpu->op_serial;
	cpu->lines_read += !known;
}

void buffer_forget_marks(struct cpu *cpu)
{
	for (unsigned i = 0; i < cpu->buffer.count; i++)
		entry_at(cpu, i)->op_serial = entry_at(cpu, i)->op_read = 0;
}

void buffer_push(struct cpu *cpu, void *p, const void *value, unsigned size,
		 const struct site *site, bool counted)
{
	struct sim *sim = cpu->sim;
	struct store_buffer *b = &cpu->buffer;
	uint64_t line = access_line(cpu, p, size, site);
	bool miss = misses(cpu, line);
	struct buffered *e;

	while (full(cpu, miss)) {
		buffer_wait(cpu, b->count - 1);
		miss = misses(cpu, line);
	}
	mark_written(cpu, line);
	e = entry_at(cpu, b->count);
	*e = (struct buffered){ .p = p,
				.line = line,
				.size = size,
				.site = site,
				.context = cpu->context,
				.op_serial = cpu->op_serial,
				.missed = miss,
				.counted = counted };
	memcpy(e->value, value, size);
	b->count++;
	b->of_line[line % BUFFER_LINES]++;
	b->missing += e->missed;
	buffer_advance(sim, cpu, cpu->clock);
	cpu_end_run_ahead(cpu);
}

bool buffer_splits(struct cpu *cpu, uint64_t line)
{
	sync_access(cpu);
	return cpu->buffer.count || !writable(cpu, line);
}

bool buffer_store(struct cpu *cpu, void *p, const void *value, unsigned size,
		  const struct site *site)
{
	uint64_t line = access_line(cpu, p, size, site);

	sync_access(cpu);
	if (!cpu->buffer.count && cache_find(&cpu->node->level_cache[0], line) &&
	    writable(cpu, line))
		return false;
	buffer_push(cpu, p, value, size, site, false);
	pass(cpu, cpu->sim->t.store_hit, CAUSE_PRIVATE_HIT);
	return true;
}

/* The youngest store that has some of the bytes: its age, UINT_MAX: none. */
static unsigned youngest_with(struct cpu *cpu, const void *p, unsigned size)
{
	uint64_t line = arena_offset(&cpu->sim->head.arena, p) >> LINE_SHIFT;

	if (none_of_line(cpu, line))
		return UINT_MAX;
	for (unsigned i = cpu->buffer.count; i-- > 0;) {
		const struct buffered *e = entry_at(cpu, i);

		if ((const char *)e->p < (const char *)p + size &&
		    (const char *)p < (const char *)e->p + e->size)
			return i;
	}
	return UINT_MAX;
}

static bool has_all(const struct buffered *e, const void *p, unsigned size)
{
	return (const char *)e->p <= (const char *)p &&
	       (const char *)p + size <= (const char *)e->p + e->size;
}

static void forward(struct cpu *cpu, struct buffered *e, const struct want *from, void *value)
{
	struct sim *sim = cpu->sim;
	struct want w = *from;
	const struct slot *copy = node_copy(cpu->node, e->line);
	enum state state = state_here(cpu, e->line);
	uint32_t labels = copy ? copy->label_serial : sim->head.arena.label_serial;

	memcpy(value, e->value + ((const char *)w.p - (const char *)e->p), w.size);
	w.context = cpu->context;
	w.time = cpu->clock;
	mark_read(cpu, e);
	w.forwarded = true;
	if (sim->observer) {
		observe_old(cpu, value, w.size);
		observe(cpu, &w, state, state, cpu->clock, NULL);
	}
	count_access(&cpu->counts, cell_get(sim, w.p, w.size, w.site, w.context, labels), &w);
	pass(cpu, w.cost, w.cause);
	cpu_end_run_ahead(cpu);
}

bool buffer_load(struct cpu *cpu, const struct want *w, void *value)
{
	sync_access(cpu);
	while (cpu->buffer.count) {
		unsigned age = youngest_with(cpu, w->p, w->size);

		if (age == UINT_MAX)
			return false;
		if (has_all(entry_at(cpu, age), w->p, w->size)) {
			forward(cpu, entry_at(cpu, age), w, value);
			return true;
		}
		buffer_wait(cpu, cpu->buffer.count - 1 - age);
		sync_access(cpu);
	}
	return false;
}
