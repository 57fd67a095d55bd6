/* From the machine's counts to a struct result. */
#include "sim/arena.h"
#include "sim/counts.h"
#include "sim/cpu.h"

#include <stdlib.h>
#include <string.h>

const char *const cause_names[CAUSES] = {
	"interrupts",  "lock_spin",    "busy",   "transfer_same", "transfer_cross",
	"upgrade",     "shared_level", "memory", "store_buffer",  "locked",
	"private_hit", "compute",      "idle",
};
const char *const op_names[OPS] = { "none", "alloc", "free",  "page_alloc", "page_free",
				    "work", "drain", "fault", "unmap" };
const char *const outcome_names[] = { "done", "out_of_memory", "deadlock", "max_cycles", "bug" };

static unsigned count_bits(const uint64_t *bits, unsigned words)
{
	unsigned n = 0;

	for (unsigned i = 0; i < words; i++)
		n += (unsigned)__builtin_popcountll(bits[i]);
	return n;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static int by_bounces(const void *a, const void *b)
{
	const struct line_stats *x = a, *y = b;

	if (x->bounces != y->bounces)
		return x->bounces > y->bounces ? -1 : 1;
	if (x->hitm != y->hitm)
		return x->hitm > y->hitm ? -1 : 1;
	if (x->misses + x->upgrades != y->misses + y->upgrades)
		return x->misses + x->upgrades > y->misses + y->upgrades ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The label of a line is that of its first labelled byte. */
static void describe_line(const struct sim *sim, struct line_stats *s)
{
	char member[48];
	const struct label *l = NULL;
	uint64_t at = s->offset;

	for (; at < s->offset + LINE && !l; at += 8)
		l = label_find(&sim->head.arena, at, sim->head.arena.label_serial);
	label_describe(&sim->head.arena, l ? at - 8 : s->offset, sim->head.arena.label_serial,
		       s->label, sizeof s->label, member, sizeof member);
	s->class = l && l->layout ? l->layout->class : CLASS_ALLOCATOR;
}

static void harvest_lines(const struct sim *sim, struct result *r)
{
	r->line = xalloc((sim->counted_lines + 1) * sizeof *r->line);
	for (size_t i = 0; i < sim->counted_lines; i++) {
		const struct line *line = sim->counted[i];
		const struct line_counts *c = line->counts;

		r->line[i] = (struct line_stats){
			.offset = line->number << LINE_SHIFT,
			.bounces = c->bounces,
			.hitm = c->hitm,
			.upgrades = c->upgrades,
			.invalidations = c->invalidations,
			.misses = c->misses,
			.false_sharing = c->false_sharing,
			.true_sharing = c->true_sharing,
			.loads = c->loads,
			.stores = c->stores,
			.readers = count_bits(c->cpus, sim->words),
			.writers = count_bits(c->cpus + sim->words, sim->words),
		};
	}
	r->lines = sim->counted_lines;
	qsort(r->line, r->lines, sizeof *r->line, by_bounces);
	if (r->lines > RESULT_LINES_MAX)
		r->lines = RESULT_LINES_MAX;
	for (size_t i = 0; i < r->lines; i++)
		describe_line(sim, &r->line[i]);
}

/* ---- what lay there --------------------------------------------------------------------------- */

/*
 * Memory is labelled anew as it is used: a page struct that was a slab's may be a free page's by now.
 * A cell knows the struct at the time of the access, a fine cell does not. Most places in the source
 * touch one member of one kind of struct, so their cells say what their fine cells touched.
 */
struct naming {
	const struct sim *sim;
	const struct cell **cell;       /* by site; those of one site by layout and offset */
	size_t cells;
};

struct named {
	const struct layout *layout;    /* NULL: none, and then */
	const char *label;
	unsigned offset;                /* in the struct */
};

static int by_struct(const struct cell *a, const struct cell *b)
{
	int order = strcmp(a->layout ? a->layout->name : a->label,
			   b->layout ? b->layout->name : b->label);

	if (!order && a->offset != b->offset)
		order = a->offset < b->offset ? -1 : 1;
	return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int by_cell(const void *one, const void *other)
{
	const struct cell *a = *(const struct cell *const *)one,
			  *b = *(const struct cell *const *)other;

	if (a->site != b->site)
		return (uintptr_t)a->site < (uintptr_t)b->site ? -1 : 1;
	return by_struct(a, b);
}

static struct naming naming_new(const struct sim *sim)
{
	struct naming naming = { .sim = sim };
	size_t room = 0;

	for (unsigned i = 0; i < CELL_BUCKETS; i++)
		for (const struct cell *c = sim->cell_bucket[i]; c; c = c->hash_next) {
			if (naming.cells == room) {
				room = room ? 2 * room : 256;
				naming.cell = xrealloc(naming.cell, room * sizeof *naming.cell);
			}
			naming.cell[naming.cells++] = c;
		}
	if (naming.cells)
		qsort(naming.cell, naming.cells, sizeof *naming.cell, by_cell);
	return naming;
}

/* The first cell of a site; naming->cells: it has none. */
static size_t first_of_site(const struct naming *naming, const struct site *site)
{
	size_t low = 0, high = naming->cells;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if ((uintptr_t)naming->cell[middle]->site < (uintptr_t)site)
			low = middle + 1;
		else
			high = middle;
	}
	return low < naming->cells && naming->cell[low]->site == site ? low : naming->cells;
}

/* By the label that is there now, unless the site never touched such a struct but always another. */
static struct named name_of(const struct naming *naming, const struct fine_cell *f)
{
	const struct arena *arena = &naming->sim->head.arena;
	uint64_t at = (f->line << LINE_SHIFT) + f->offset;
	const struct label *label = label_find(arena, at, arena->label_serial);
	struct named now = { label ? label->layout : NULL, label ? label->name : "unlabelled",
			     label && label->stride
				     ? (unsigned)((at - label->start) % label->stride)
				     : 0 };
	const struct cell *then = NULL;
	bool several = false;

	for (size_t i = first_of_site(naming, f->site);
	     i < naming->cells && naming->cell[i]->site == f->site; i++) {
		const struct cell *c = naming->cell[i];

		if (c->layout == now.layout && c->offset == now.offset)
			return now;
		several |= then && by_struct(then, c);
		then = c;
	}
	return then && !several ? (struct named){ then->layout, then->label, then->offset } : now;
}

static void member_of(const struct named *named, char *member, size_t size)
{
	const struct field *field = layout_field(named->layout, named->offset);

	snprintf(member, size, "%s", field ? field->name : "");
}

/* ---- sites ---------------------------------------------------------------------------------- */

static int by_place(const struct site *a, const struct site *b)
{
	int order = strcmp(a->file, b->file);

	if (!order)
		order = a->line < b->line ? -1 : a->line > b->line;
	return order ? order : strcmp(a->text, b->text);
}

static int by_context(enum op a, const char *a_path, enum op b, const char *b_path)
{
	return a != b ? (a < b ? -1 : 1) : strcmp(a_path, b_path);
}

static int by_site(const void *a, const void *b)
{
	const struct site_stats *x = a, *y = b;
	int order = by_place(&x->site, &y->site);

	if (!order && x->line != y->line)
		order = x->line < y->line ? -1 : 1;
	if (!order && x->offset != y->offset)
		order = x->offset < y->offset ? -1 : 1;
	if (!order && x->size != y->size)
		order = x->size < y->size ? -1 : 1;
	if (!order)
		order = by_place(&x->caller, &y->caller);
	return order ? order : by_context(x->op, x->path, y->op, y->path);
}

/* A place in the source that is none. */
static const struct site nowhere = { "", 0, "", "" };

static struct site caller_of(const struct sim *sim, unsigned context)
{
	const struct site *caller = sim->context[context].caller;

	return caller ? *caller : nowhere;
}

static bool is_reported(const struct result *r, const uint64_t *sorted, uint64_t line)
{
	size_t low = 0, high = r->lines;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (sorted[middle] < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->lines && sorted[low] == line;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Is `word` one of the words of a text? */
static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at++)
		if ((at == text || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
			return true;
	return false;
}

static void add_member(struct result *r, const struct site_stats *s)
{
	for (size_t i = 0; s->member[0] && i < r->lines; i++) {
		struct line_stats *l = &r->line[i];
		size_t have = strlen(l->members), room = sizeof l->members - have;

		if (l->offset != s->line)
			continue;
		if (!has_word(l->members, s->member) && strlen(s->member) + 2 < room)
			snprintf(l->members + have, room, "%s%s", have ? " " : "", s->member);
		return;
	}
}

static void harvest_sites(const struct sim *sim, const struct naming *naming, struct result *r)
{
	uint64_t *sorted = xalloc((r->lines + 1) * sizeof *sorted);

	for (size_t i = 0; i < r->lines; i++)
		sorted[i] = r->line[i].offset;
	qsort(sorted, r->lines, sizeof *sorted, by_number);
	r->site = xalloc((sim->fine_cells + 1) * sizeof *r->site);
	for (unsigned b = 0; b < FINE_BUCKETS; b++)
		for (const struct fine_cell *f = sim->fine_bucket[b]; f; f = f->hash_next) {
			struct site_stats *s = &r->site[r->sites];

			if (!is_reported(r, sorted, f->line << LINE_SHIFT))
				continue;
			*s = (struct site_stats){
				.line = f->line << LINE_SHIFT,
				.offset = f->offset,
				.size = f->size,
				.site = *f->site,
				.caller = caller_of(sim, f->context),
				.op = sim->context[f->context].op,
				.path = sim->context[f->context].path,
				.loads = f->loads,
				.stores = f->stores,
				.rmws = f->rmws,
				.bounces = f->bounces,
				.hitm = f->hitm,
				.upgrades = f->upgrades,
				.wait_units = f->wait_units,
				.cpus = count_bits(f->cpus, sim->words),
			};
			struct named named = name_of(naming, f);

			member_of(&named, s->member, sizeof s->member);
			r->sites++;
		}
	free(sorted);
	qsort(r->site, r->sites, sizeof *r->site, by_site);
	for (size_t i = 0; i < r->sites; i++)
		add_member(r, &r->site[i]);
}

/* ---- members -------------------------------------------------------------------------------- */

/* A member on its way: the CPUs of each of its fine cells are put together. */
struct member_sum {
	struct member_stats stats;
	uint64_t *cpus;                 /* [words] readers, [words] writers */
};

static int by_member(const void *a, const void *b)
{
	const struct member_stats *x = &((const struct member_sum *)a)->stats,
				  *y = &((const struct member_sum *)b)->stats;
	int order = strcmp(x->layout, y->layout);

	if (!order && x->class != y->class)
		order = x->class < y->class ? -1 : 1;
	if (!order && x->offset != y->offset)
		order = x->offset < y->offset ? -1 : 1;
	if (!order && x->size != y->size)
		order = x->size < y->size ? -1 : 1;
	return order ? order : strcmp(x->member, y->member);    /* two views of the same bytes */
}

static struct member_stats name_member(const struct naming *naming, const struct fine_cell *f)
{
	struct named named = name_of(naming, f);
	const struct field *field = layout_field(named.layout, named.offset);
	struct member_stats m = {
		.class = named.layout ? named.layout->class : CLASS_ALLOCATOR,
		.offset = field ? (unsigned)field->offset : named.offset,
		.size = field ? (unsigned)field->size : f->size,
	};

	snprintf(m.layout, sizeof m.layout, "%s", named.layout ? named.layout->name : named.label);
	member_of(&named, m.member, sizeof m.member);
	return m;
}

static void add_cell(struct member_sum *sum, const struct fine_cell *f, unsigned words)
{
	struct member_stats *m = &sum->stats;

	m->loads += f->loads;
	m->stores += f->stores;
	m->rmws += f->rmws;
	m->bounces += f->bounces;
	m->hitm += f->hitm;
	m->upgrades += f->upgrades;
	m->wait_units += f->wait_units;
	for (unsigned i = 0; i < words; i++) {
		sum->cpus[i] |= f->loads || f->rmws ? f->cpus[i] : 0;
		sum->cpus[words + i] |= f->stores || f->rmws || f->bounces ? f->cpus[i] : 0;
	}
}

static void merge_member(struct member_sum *to, const struct member_sum *from, size_t bits)
{
	struct member_stats *t = &to->stats;
	const struct member_stats *f = &from->stats;

	t->loads += f->loads;
	t->stores += f->stores;
	t->rmws += f->rmws;
	t->bounces += f->bounces;
	t->hitm += f->hitm;
	t->upgrades += f->upgrades;
	t->wait_units += f->wait_units;
	for (size_t i = 0; i < bits; i++)
		to->cpus[i] |= from->cpus[i];
}

static void harvest_members(const struct sim *sim, const struct naming *naming, struct result *r)
{
	size_t bits = 2 * sim->words, count = 0, kept = 0;
	struct member_sum *sums = xalloc((sim->fine_cells + 1) * sizeof *sums);
	uint64_t *cpus = xalloc((sim->fine_cells + 1) * bits * sizeof *cpus);

	for (unsigned b = 0; b < FINE_BUCKETS; b++)
		for (const struct fine_cell *f = sim->fine_bucket[b]; f; f = f->hash_next) {
			struct member_sum *sum = &sums[count];

			sum->stats = name_member(naming, f);
			sum->cpus = cpus + count++ * bits;
			add_cell(sum, f, sim->words);
		}
	qsort(sums, count, sizeof *sums, by_member);
	for (size_t i = 0; i < count; i++) {
		struct member_sum *last = kept ? &sums[kept - 1] : NULL;

		if (!last || by_member(last, &sums[i])) {
			sums[kept++] = sums[i];
			continue;
		}
		merge_member(last, &sums[i], bits);
	}
	r->member = xalloc((kept + 1) * sizeof *r->member);
	for (size_t i = 0; i < kept; i++) {
		sums[i].stats.readers = count_bits(sums[i].cpus, sim->words);
		sums[i].stats.writers = count_bits(sums[i].cpus + sim->words, sim->words);
		r->member[i] = sums[i].stats;
	}
	r->members = kept;
	free(sums);
	free(cpus);
}

/* ---- fields --------------------------------------------------------------------------------- */

static int by_field(const void *a, const void *b)
{
	const struct field_stats *x = a, *y = b;
	int order = strcmp(x->layout, y->layout);

	if (!order && x->offset != y->offset)
		order = x->offset < y->offset ? -1 : 1;
	if (!order && x->size != y->size)
		order = x->size < y->size ? -1 : 1;
	if (!order)
		order = by_place(&x->site, &y->site);
	if (!order)
		order = by_place(&x->caller, &y->caller);
	return order ? order : by_context(x->op, x->path, y->op, y->path);
}

static void harvest_fields(const struct sim *sim, struct result *r)
{
	size_t room = 0;

	for (unsigned b = 0; b < CELL_BUCKETS; b++)
		for (const struct cell *c = sim->cell_bucket[b]; c; c = c->hash_next) {
			struct field_stats *s;
			const struct field *f = layout_field(c->layout, c->offset);

			if (!c->loads && !c->stores && !c->rmws)
				continue;
			if (r->fields == room) {
				room = room ? 2 * room : 64;
				r->field = xrealloc(r->field, room * sizeof *r->field);
			}
			s = &r->field[r->fields++];
			*s = (struct field_stats){
				.class = c->layout ? c->layout->class : CLASS_ALLOCATOR,
				.offset = c->offset,
				.size = c->size,
				.site = *c->site,
				.caller = caller_of(sim, c->context),
				.op = sim->context[c->context].op,
				.path = sim->context[c->context].path,
				.loads = c->loads,
				.stores = c->stores,
				.rmws = c->rmws,
			};
			snprintf(s->layout, sizeof s->layout, "%s",
				 c->layout ? c->layout->name : c->label);
			if (f)
				snprintf(s->member, sizeof s->member, "%s", f->name);
		}
	if (r->fields)
		qsort(r->field, r->fields, sizeof *r->field, by_field);
}

/* One row per place, whatever the label objects were called on the host. */
static void merge_fields(struct result *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->fields; i++) {
		struct field_stats *last = kept ? &r->field[kept - 1] : NULL;

		if (last && !by_field(last, &r->field[i])) {
			last->loads += r->field[i].loads;
			last->stores += r->field[i].stores;
			last->rmws += r->field[i].rmws;
		} else {
			r->field[kept++] = r->field[i];
		}
	}
	r->fields = kept;
}

/* ---- paths, locks, holders ------------------------------------------------------------------ */

static int by_path(const void *a, const void *b)
{
	const struct path_stats *x = a, *y = b;

	return by_context(x->op, x->path, y->op, y->path);
}

static void harvest_paths(const struct sim *sim, struct result *r)
{
	r->path = xalloc((sim->contexts + 1) * sizeof *r->path);
	for (unsigned i = 0; i < sim->contexts; i++)
		if (sim->context[i].count)
			r->path[r->paths++] = (struct path_stats){
				sim->context[i].op,
				sim->context[i].path,
				sim->context[i].count,
				sim->context[i].total_units,
			};
	qsort(r->path, r->paths, sizeof *r->path, by_path);
}

static int by_label(const void *a, const void *b)
{
	const struct lock_stats *x = a, *y = b;
	int order = strcmp(x->label, y->label);

	if (!order)
		order = strcmp(x->kind, y->kind);
	if (!order && x->taken != y->taken)
		order = x->taken > y->taken ? -1 : 1;
	if (!order && x->wait_units != y->wait_units)
		order = x->wait_units > y->wait_units ? -1 : 1;
	if (!order && x->hold_units != y->hold_units)
		order = x->hold_units > y->hold_units ? -1 : 1;
	return order;
}

static void harvest_locks(const struct sim *sim, struct result *r)
{
	r->lock = xalloc((sim->locks + 1) * sizeof *r->lock);
	for (unsigned b = 0; b < LOCK_BUCKETS; b++)
		for (const struct lock_entry *l = sim->lock_bucket[b]; l; l = l->hash_next) {
			struct lock_stats *s = &r->lock[r->locks];
			char name[80], member[48];

			if (!l->taken)
				continue;
			*s = (struct lock_stats){ .kind = l->kind,
						  .taken = l->taken,
						  .contended = l->contended,
						  .turns = l->turns,
						  .wait_units = l->wait_units,
						  .hold_units = l->hold_units,
						  .wait_units_max = l->wait_units_max,
						  .hold_units_max = l->hold_units_max };
			label_describe(&sim->head.arena, l->offset, sim->head.arena.label_serial,
				       name, sizeof name, member, sizeof member);
			snprintf(s->label, sizeof s->label, "%.50s%s%.25s", name,
				 member[0] ? "." : "", member);
			r->locks++;
		}
	qsort(r->lock, r->locks, sizeof *r->lock, by_label);
}

static int by_start(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->start_units != y->start_units)
		return x->start_units < y->start_units ? -1 : 1;
	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static void harvest_holders(const struct sim *sim, struct result *r)
{
	r->holder = xalloc((sim->holders + 1) * sizeof *r->holder);
	memcpy(r->holder, sim->holder, sim->holders * sizeof *r->holder);
	qsort(r->holder, sim->holders, sizeof *r->holder, by_start);
	r->holders = sim->holders < HOLDERS_MAX ? sim->holders : HOLDERS_MAX;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Sums, but for the longest time with interrupts off. */
static void add_counts(struct counts *to, const struct counts *from)
{
	uint64_t longest = to->irq_off_units_max > from->irq_off_units_max
				   ? to->irq_off_units_max
				   : from->irq_off_units_max;
	uint64_t *t = (uint64_t *)to;
	const uint64_t *f = (const uint64_t *)from;

	for (size_t i = 0; i < sizeof *to / sizeof *t; i++)
		t[i] += f[i];
	to->irq_off_units_max = longest;
}

struct result *harvest(struct sim *sim)
{
	struct result *r = xalloc(sizeof *r);
	struct naming naming = naming_new(sim);

	op_percentiles(sim);
	r->cpus = sim->head.cpus;
	r->operations = sim->completed;
	r->elapsed_units = sim->closed - sim->opened;
	r->cpu = xalloc(sim->head.cpus * sizeof *r->cpu);
	for (unsigned i = 0; i < sim->head.cpus; i++)
		r->cpu[i] = sim->cpu[i].counts;
	memcpy(r->op, sim->op, sizeof r->op);
	r->live_bytes_peak = sim->live_peak > 0 ? (uint64_t)sim->live_peak : 0;
	r->footprint_bytes_peak = sim->footprint_peak > 0 ? (uint64_t)sim->footprint_peak : 0;
	harvest_lines(sim, r);
	harvest_sites(sim, &naming, r);
	harvest_members(sim, &naming, r);
	free(naming.cell);
	harvest_fields(sim, r);
	merge_fields(r);
	harvest_paths(sim, r);
	harvest_locks(sim, r);
	harvest_holders(sim, r);
	return r;
}

struct result *sim_result(struct sim *sim)
{
	struct result *r = sim->harvest ? sim->harvest : harvest(sim);

	sim->harvest = NULL;
	r->outcome = sim->outcome;
	memcpy(r->message, sim->message, sizeof r->message);
	memset(&r->total, 0, sizeof r->total);
	for (unsigned i = 0; i < sim->head.cpus; i++) {
		memcpy(r->cpu[i].cause_units, sim->cpu[i].cause_final,
		       sizeof r->cpu[i].cause_units);
		add_counts(&r->total, &r->cpu[i]);
		r->accesses += sim->cpu[i].accesses;
	}
	return r;
}

void result_free(struct result *r)
{
	if (!r)
		return;
	free(r->cpu);
	free(r->line);
	free(r->site);
	free(r->member);
	free(r->field);
	free(r->path);
	free(r->lock);
	free(r->order);
	free(r->holder);
	free(r);
}
