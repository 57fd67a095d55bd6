/* Counts: contexts, cells, operations in time order, the window. docs/model.md defines them. */
#include "sim/counts.h"
#include "sim/access.h"
#include "sim/arena.h"
#include "sim/copies.h"
#include "sim/cpu.h"
#include "sim/effect.h"

#include <stdlib.h>
#include <string.h>

struct line *line_get(struct sim *sim, uint64_t number)
{
	struct line *line = sim->line[number];

	if (!line) {
		line = sim_keep(sim, sizeof *line + 2 * sim->words * sizeof(uint64_t));
		line->number = number;
		sim->line[number] = line;
	}
	return line;
}

struct line_counts *line_counts_new(struct sim *sim, struct line *line)
{
	line->counts = sim_keep(sim, sizeof *line->counts + 2 * sim->words * sizeof(uint64_t));
	if (sim->counted_lines == sim->counted_room) {
		sim->counted_room = sim->counted_room ? 2 * sim->counted_room : 256;
		sim->counted = xrealloc(sim->counted, sim->counted_room * sizeof *sim->counted);
	}
	sim->counted[sim->counted_lines++] = line;
	return line->counts;
}

struct party *party_new(struct sim *sim, struct line *line, unsigned cpu)
{
	if (!line->party)
		line->party = sim_keep(sim, sim->head.cpus * sizeof *line->party);
	return line->party[cpu] = sim_keep(sim, sizeof *line->party[cpu]);
}

static unsigned context_add(struct sim *sim, struct context context)
{
	sim->context = xrealloc(sim->context, (sim->contexts + 1) * sizeof *sim->context);
	sim->context[sim->contexts] = context;
	return sim->contexts++;
}

unsigned context_get(struct sim *sim, enum op op, const char *path)
{
	for (unsigned i = 0; i < sim->contexts; i++)
		if (sim->context[i].op == op && !sim->context[i].caller &&
		    (sim->context[i].path == path || !strcmp(sim->context[i].path, path)))
			return i;
	return context_add(sim, (struct context){ .op = op, .path = path });
}

unsigned context_for(struct sim *sim, unsigned context, const struct site *caller)
{
	const struct context *base = &sim->context[context];

	for (unsigned i = base->first; i; i = sim->context[i].next)
		if (sim->context[i].caller == caller)
			return i;

	unsigned added = context_add(sim, (struct context){ .op = base->op,
							    .path = base->path,
							    .caller = caller,
							    .next = base->first });

	sim->context[context].first = added;
	return added;
}

static uint64_t hash_words(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t x = a * 0x9e3779b97f4a7c15u ^ b * 0xc2b2ae3d27d4eb4fu ^ c * 0x165667b19e3779f9u;

	return x ^ x >> 29;
}

struct cell *cell_get(struct sim *sim, const void *p, unsigned size, const struct site *site,
		      unsigned context, uint32_t serial)
{
	uint64_t offset = (uint64_t)((const char *)p - sim->head.arena.base);
	const struct label *label = label_find(&sim->head.arena, offset, serial);
	unsigned at =
		label && label->stride ? (unsigned)((offset - label->start) % label->stride) : 0;
	const char *name = label ? label->name : "unlabelled";
	const struct layout *layout = label ? label->layout : NULL;
	struct cell **bucket =
		&sim->cell_bucket[hash_words((uintptr_t)site, at, (uintptr_t)name ^ context) %
				  CELL_BUCKETS];
	struct cell *c;

	for (c = *bucket; c; c = c->hash_next)
		if (c->site == site && c->offset == at && c->label == name && c->layout == layout &&
		    c->context == context && c->size == size)
			return c;
	c = sim_keep(sim, sizeof *c);
	c->label = name;
	c->layout = layout;
	c->offset = at;
	c->size = size;
	c->site = site;
	c->context = context;
	c->hash_next = *bucket;
	*bucket = c;
	return c;
}

struct fine_cell *fine_cell_get(struct sim *sim, uint64_t line, unsigned offset,
				const struct cell *cell)
{
	uint64_t key = line << 6 | offset;
	struct fine_cell **bucket =
		&sim->fine_bucket[hash_words(key, (uintptr_t)cell / sizeof(void *), 0) %
				  FINE_BUCKETS];
	struct fine_cell *f;

	for (f = *bucket; f; f = f->hash_next)
		if (f->line == line && f->offset == offset && f->cell == cell)
			return f;
	f = sim_keep(sim, sizeof *f + sim->words * sizeof f->cpus[0]);
	f->line = line;
	f->offset = offset;
	f->cell = cell;
	f->hash_next = *bucket;
	*bucket = f;
	sim->fine_cells++;
	return f;
}

static bool same_origin(const struct origin *a, const struct origin *b)
{
	return a->site == b->site && a->context == b->context && a->offset == b->offset &&
	       a->size == b->size;
}

struct taken *taken_get(struct sim *sim, struct fine_cell *cell, const struct origin *taker)
{
	struct taken **link = &cell->taken, *t = *link;

	if (t && same_origin(&t->taker, taker)) /* mostly the one of last time */
		return t;
	while (*link && !same_origin(&(*link)->taker, taker))
		link = &(*link)->next;
	t = *link;
	if (t) {
		*link = t->next;
	} else {
		t = sim_keep(sim, sizeof *t + 2 * sim->words * sizeof t->cpus[0]);
		t->taker = *taker;
	}
	t->next = cell->taken;
	cell->taken = t;
	return t;
}

/* ---- locks ---------------------------------------------------------------------------------- */

static struct lock_entry *lock_get(struct sim *sim, const void *lock, const char *kind)
{
	uint64_t offset = sim_offset(sim, lock);
	struct lock_entry **bucket = &sim->lock_bucket[hash_words(offset, 0, 0) % LOCK_BUCKETS], *l;

	for (l = *bucket; l; l = l->hash_next)
		if (l->offset == offset)
			return l;
	l = sim_keep(sim, sizeof *l);
	l->offset = offset;
	l->kind = kind;
	l->last = -1;
	l->hash_next = *bucket;
	*bucket = l;
	sim->locks++;
	return l;
}

void lock_taken(struct cpu *cpu, const void *lock, const char *kind, unsigned turns)
{
	struct lock_entry *l = lock_get(cpu->sim, lock, kind);

	l->taken++;
	l->handovers += l->last >= 0 && l->last != (int)cpu->node->id;
	l->last = (int)cpu->node->id;
	l->contended += turns > 0;
	l->turns += turns;
	if (turns) {
		uint64_t units = cpu->clock - cpu->wait_since;

		l->wait_units += units;
		if (units > l->wait_units_max)
			l->wait_units_max = units;
	}
	if (cpu->locks == HELD_MAX)
		BUG(cpu, "more than %d locks held", HELD_MAX);
	cpu->lock[cpu->locks++] = (struct held){ lock, l, cpu->clock };
	if (cpu->sim->moments)
		observe_moment(cpu, &(struct moment){ .kind = MOMENT_LOCK_TAKEN,
						      .address = lock,
						      .lock = kind,
						      .since_units = turns ? cpu->wait_since : 0 });
}

bool lock_is_mine(const struct cpu *cpu, const void *lock)
{
	for (unsigned i = 0; i < cpu->locks; i++)
		if (cpu->lock[i].lock == lock)
			return true;
	return false;
}

static void count_hold(struct lock_entry *l, uint64_t units)
{
	l->hold_units += units;
	if (units > l->hold_units_max)
		l->hold_units_max = units;
}

/* Since when it was held is known to the holder: the next may have the lock before the last knows
 * that it is rid of it, where the reply of a far operation is overtaken. */
void lock_released(struct cpu *cpu, const void *lock)
{
	unsigned i = cpu->locks;
	uint64_t from;

	while (i && cpu->lock[i - 1].lock != lock)
		i--;
	if (!i)
		BUG(cpu, "a lock released that this CPU does not hold");
	from = cpu->lock[i - 1].since;
	if (cpu->sim->moments)
		observe_moment(cpu, &(struct moment){ .kind = MOMENT_LOCK_RELEASED,
						      .address = lock,
						      .lock = cpu->lock[i - 1].entry->kind,
						      .since_units = from });
	if (from < cpu->sim->opened)
		from = cpu->sim->opened;
	if (cpu->clock > from)
		count_hold(cpu->lock[i - 1].entry, cpu->clock - from);
	cpu->locks--;
	memmove(cpu->lock + i - 1, cpu->lock + i, (cpu->locks - i + 1) * sizeof cpu->lock[0]);
}

/* ---- the window ----------------------------------------------------------------------------- */

static void clear_cells(struct sim *sim)
{
	for (unsigned i = 0; i < CELL_BUCKETS; i++)
		for (struct cell *c = sim->cell_bucket[i]; c; c = c->hash_next)
			c->loads = c->stores = c->rmws = 0;
	for (unsigned i = 0; i < LOCK_BUCKETS; i++)
		for (struct lock_entry *l = sim->lock_bucket[i]; l; l = l->hash_next)
			l->taken = l->contended = l->turns = l->handovers = l->wait_units =
				l->hold_units = l->wait_units_max = l->hold_units_max = 0;
}

/* An access that began before `at` is charged to its end: what lies beyond `at`. */
static uint64_t tail(const struct cpu *cpu, uint64_t at)
{
	return cpu->charged_until > at ? cpu->charged_until - at : 0;
}

/* An edge of the window may be among them, or they have become many. */
bool entries_are_due(const struct sim *sim)
{
	enum { MANY = 8192 };

	return sim->pushed >= sim->edge || sim->entries > MANY;
}

void entries_look(struct sim *sim)
{
	sim->quiet_until = entries_are_due(sim) ? 0 : sim->options.max_cycles * UNIT;
}

void window_open(struct sim *sim, uint64_t at)
{
	sim->phase = PHASE_WINDOW;
	sim->opened = at;
	for (unsigned i = 0; i < sim->head.cpus; i++) {
		struct cpu *cpu = &sim->cpu[i];

		if (cpu->parked)
			cpu_park_account(cpu, at);
		memset(&cpu->counts, 0, sizeof cpu->counts);
		cpu->counts.cause_units[cpu->last_cause] = tail(cpu, at);
		cpu_plain(cpu);
	}
	clear_cells(sim);
	memset(sim->op, 0, sizeof sim->op);
	for (unsigned i = 0; i < sim->contexts; i++)
		sim->context[i].count = sim->context[i].total_units = 0;
	sim->live_peak = sim->live;
	sim->footprint_peak = sim->footprint;
	sim->completed = sim->pushed = 0;
	sim->edge = sim->options.operations ? sim->options.operations : NEVER;
	for (size_t i = 0; i < sim->entries; i++)
		if (sim->entry[i].whole && sim->entry[i].start >= at)
			sim->pushed += sim->entry[i].pieces;
}

/* Sharing misses that are still unclassified when the window closes were false sharing so far. */
static void settle_all_false(struct sim *sim, struct cpu *cpu)
{
	const struct cache *c = node_outermost(cpu->node);

	for (uint64_t i = 0; i < c->sets * c->ways; i++) {
		struct slot *slot = &c->slot[i];

		if (slot->line != NO_LINE && slot->open && slot->open_counts)
			copy_settle_false(sim, cpu, slot);
	}
}

void window_close(struct sim *sim, uint64_t at)
{
	for (unsigned i = 0; i < sim->head.cpus; i++) {
		struct cpu *cpu = &sim->cpu[i];

		if (cpu->parked)
			cpu_park_account(cpu, at);
		settle_all_false(sim, cpu);
		if (!cpu->irq_on && !cpu->in_irq) {
			uint64_t from =
				cpu->irq_off_since > sim->opened ? cpu->irq_off_since : sim->opened;
			uint64_t units = at > from ? at - from : 0;

			cpu->counts.irq_off_units += units;
			if (units > cpu->counts.irq_off_units_max)
				cpu->counts.irq_off_units_max = units;
		}
		memcpy(cpu->cause_final, cpu->counts.cause_units, sizeof cpu->cause_final);
		cpu->cause_final[cpu->last_cause] -= tail(cpu, at);
	}
	sim->closed = at;
	sim->harvest = harvest(sim);
	sim->phase = PHASE_OVER;
	for (unsigned i = 0; i < sim->head.cpus; i++)
		cpu_plain(&sim->cpu[i]);
	sim->edge = NEVER;
	entries_look(sim);
}

/* ---- operations, in the order of their ends ------------------------------------------------- */

void op_percentiles(struct sim *sim)
{
	for (enum op op = OP_NONE; op < OPS; op++) {
		struct op_stats *s = &sim->op[op];

		if (!s->count)
			continue;
		s->p50_units = histogram_percentile(sim->histogram[op], s->count, 50);
		s->p99_units = histogram_percentile(sim->histogram[op], s->count, 99);
	}
}

static void count_op(struct sim *sim, const struct entry *e)
{
	struct op_stats *s = &sim->op[e->op];
	struct context *c = &sim->context[e->context];
	uint64_t each = e->units / e->pieces;

	if (!sim->histogram[e->op])
		sim->histogram[e->op] = xalloc(sizeof(struct histogram));
	histogram_add(sim->histogram[e->op], each, e->pieces);
	s->count += e->pieces;
	s->total_units += e->units;
	if (each > s->max_units)
		s->max_units = each;
	s->lines_read += e->lines_read;
	s->lines_written += e->lines_written;
	c->count += e->pieces;
	c->total_units += e->units;
}

/* Do the entry's pieces reach `edge`, which was not reached before? */
static bool completes(struct sim *sim, const struct entry *e, uint64_t edge)
{
	uint64_t before = sim->completed;

	if (!e->whole)
		return false;
	sim->completed += e->pieces;
	return before < edge && sim->completed >= edge;
}

static void apply(struct sim *sim, const struct entry *e)
{
	if (sim->phase == PHASE_OVER)
		return;
	sim->live += e->live;
	sim->footprint += e->footprint;
	if (sim->live > sim->live_peak)
		sim->live_peak = sim->live;
	if (sim->footprint > sim->footprint_peak)
		sim->footprint_peak = sim->footprint;
	if (sim->phase == PHASE_WINDOW) {
		if (e->start < sim->opened)
			return;
		count_op(sim, e);
		if (completes(sim, e, sim->options.operations))
			window_close(sim, e->time);
	} else if (completes(sim, e, sim->options.warmup)) {
		window_open(sim, e->time);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	return x->count < y->count ? -1 : x->count > y->count;
}

void entries_apply(struct sim *sim, uint64_t time)
{
	size_t done = 0;

	if (!sim->entries || time < sim->entry_floor)
		return;
	qsort(sim->entry, sim->entries, sizeof *sim->entry, by_time);
	while (done < sim->entries && sim->entry[done].time <= time) {
		struct entry e = sim->entry[done++];

		if (sim->phase == PHASE_WARMUP && e.whole &&
		    sim->completed + e.pieces >= sim->options.warmup) {
			/* window_open looks at the entries that are still pending */
			memmove(sim->entry, sim->entry + done,
				(sim->entries - done) * sizeof *sim->entry);
			sim->entries -= done;
			done = 0;
		}
		apply(sim, &e);
	}
	memmove(sim->entry, sim->entry + done, (sim->entries - done) * sizeof *sim->entry);
	sim->entries -= done;
	sim->entry_floor = sim->entries ? sim->entry[0].time : NEVER;
	entries_look(sim);
}

void entry_push(struct sim *sim, const struct entry *e)
{
	if (sim->entries == sim->entry_room) {
		sim->entry_room = sim->entry_room ? 2 * sim->entry_room : 256;
		sim->entry = xrealloc(sim->entry, sim->entry_room * sizeof *sim->entry);
	}
	sim->entry[sim->entries++] = *e;
	if (e->time < sim->entry_floor)
		sim->entry_floor = e->time;
	if (e->whole && (sim->phase != PHASE_WINDOW || e->start >= sim->opened))
		sim->pushed += e->pieces;
	entries_look(sim);
}

void counts_init(struct sim *sim)
{
	sim->cell_bucket = xalloc(CELL_BUCKETS * sizeof *sim->cell_bucket);
	sim->fine_bucket = xmap(FINE_BUCKETS * sizeof *sim->fine_bucket);
	sim->lock_bucket = xalloc(LOCK_BUCKETS * sizeof *sim->lock_bucket);
	sim->holder = xalloc(2 * HOLDERS_MAX * sizeof *sim->holder);
	sim->transfer = xmap((size_t)sim->head.cpus * sim->head.cpus * sizeof *sim->transfer);
	sim->entry_floor = NEVER;
	context_get(sim, OP_NONE, "");
	if (sim->options.warmup) {
		sim->edge = sim->options.warmup;
	} else {
		sim->phase = PHASE_WINDOW;
		sim->edge = sim->options.operations ? sim->options.operations : NEVER;
	}
	entries_look(sim);
}

void counts_free(struct sim *sim)
{
	for (enum op op = OP_NONE; op < OPS; op++)
		free(sim->histogram[op]);
	free(sim->cell_bucket);
	xunmap(sim->fine_bucket, FINE_BUCKETS * sizeof *sim->fine_bucket);
	free(sim->lock_bucket);
	free(sim->holder);
	xunmap(sim->transfer, (size_t)sim->head.cpus * sim->head.cpus * sizeof *sim->transfer);
	free(sim->entry);
	free(sim->context);
	free(sim->counted);
}
