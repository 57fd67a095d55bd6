/* From the machine's counts to a struct result. */
#include "sim/arena.h"
#include "sim/counts.h"
#include "sim/cpu.h"

#include <stdio.h>
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

/* Its digits; behind the last one. */
static char *put_number(char *to, unsigned number)
{
	if (number >= 10)
		to = put_number(to, number / 10);
	*to = (char)('0' + number % 10);
	return to + 1;
}

/* Which CPUs: "0-3,7"; the result keeps the text. */
static const char *cpu_ids(struct result *r, const uint64_t *bits)
{
	char text[sizeof "1023," * MACHINE_CORES_MAX], *end = text;

	for (unsigned i = 0; i < r->cpus; i++) {
		unsigned first = i;

		if (!(bits[i / 64] >> i % 64 & 1))
			continue;
		while (i + 1 < r->cpus && bits[(i + 1) / 64] >> (i + 1) % 64 & 1)
			i++;
		if (end > text)
			*end++ = ',';
		end = put_number(end, first);
		if (i > first) {
			*end++ = '-';
			end = put_number(end, i);
		}
	}
	*end = '\0';
	/* room doubles whenever the count reaches a power of two */
	if ((r->texts & (r->texts - 1)) == 0)
		r->text = xrealloc(r->text, (r->texts ? 2 * r->texts : 1) * sizeof *r->text);
	return r->text[r->texts++] = xstrdup(text);
}

static void add_bits(uint64_t *to, const uint64_t *from, size_t words)
{
	for (size_t i = 0; i < words; i++)
		to[i] |= from[i];
}

/* ---- lines ---------------------------------------------------------------------------------- */

struct line_order {
	const struct line *line;
	const struct line_counts *counts;
};

static uint64_t sum_of(const uint64_t bounces[LINE_CLASSES])
{
	return bounces[CLASS_ALLOCATOR] + bounces[CLASS_WORKLOAD] + bounces[CLASS_PAYLOAD];
}

static int by_bounces(const void *one, const void *other)
{
	const struct line_order *a = one, *b = other;
	const struct line_counts *x = a->counts, *y = b->counts;

	if (sum_of(x->bounces) != sum_of(y->bounces))
		return sum_of(x->bounces) > sum_of(y->bounces) ? -1 : 1;
	if (x->hitm != y->hitm)
		return x->hitm > y->hitm ? -1 : 1;
	if (x->misses + x->upgrades != y->misses + y->upgrades)
		return x->misses + x->upgrades > y->misses + y->upgrades ? -1 : 1;
	return a->line->number < b->line->number ? -1 : a->line->number > b->line->number;
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

static struct line_stats line_stats(const struct sim *sim, struct result *r,
				    const struct line *line)
{
	const struct line_counts *c = line->counts;
	struct line_stats s = {
		.offset = line->number << LINE_SHIFT,
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
		.reader_ids = cpu_ids(r, c->cpus),
		.writer_ids = cpu_ids(r, c->cpus + sim->words),
	};

	memcpy(s.bounces, c->bounces, sizeof s.bounces);
	describe_line(sim, &s);
	return s;
}

/* The worst, as many as are kept: others are sorted in among them a bunch at a time. */
static void harvest_lines(const struct sim *sim, struct result *r)
{
	enum { KEPT = RESULT_LINES_MAX, ROOM = 2 * KEPT };
	struct line_order *order = xalloc(ROOM * sizeof *order);
	const struct line_order *last = NULL;   /* none behind it is kept */
	size_t count = 0;

	for (size_t i = 0; i < sim->counted_lines; i++) {
		struct line_order one = { sim->counted[i], sim->counted[i]->counts };

		if (last && by_bounces(&one, last) > 0)
			continue;
		order[count++] = one;
		if (count == ROOM) {
			qsort(order, count, sizeof *order, by_bounces);
			count = KEPT;
			last = &order[KEPT - 1];
		}
	}
	qsort(order, count, sizeof *order, by_bounces);
	r->lines = count < KEPT ? count : KEPT;
	r->line = xalloc((r->lines + 1) * sizeof *r->line);
	for (size_t i = 0; i < r->lines; i++)
		r->line[i] = line_stats(sim, r, order[i].line);
	free(order);
}

/* ---- what lay there --------------------------------------------------------------------------- */

/* A site's place in the source. There are few, and many rows to be sorted by them: their texts are
 * compared once, here, and from then on their ranks. */
struct place {
	const struct site *site;        /* NULL: free */
	unsigned rank;                  /* of its text; that of another site which reads alike */
	size_t first, end;              /* its cells */
};

/*
 * Memory is labelled anew as it is used: a page struct that was a slab's may be a free page's by now.
 * A cell knows the struct at the time of the access, and so do its fine cells; who took a line does not.
 * Most places in the source touch one member of one kind of struct, so their cells say what that was.
 */
struct naming {
	const struct sim *sim;
	const struct cell **cell;       /* by place */
	size_t cells;
	struct place *place;            /* [room], by the address of the site */
	size_t places, room;            /* room: a power of two */
};

struct named {
	const struct layout *layout;    /* NULL: none, and then */
	const char *label;
	unsigned offset;                /* in the struct */
};

/* Several layouts may have one name: those of a struct page in its roles. */
static bool same_struct(const struct cell *a, const struct cell *b)
{
	return a->layout == b->layout && a->offset == b->offset && a->size == b->size &&
	       (a->layout || !strcmp(a->label, b->label));
}

/* A function that is inlined twice has its sites twice, as its compiler likes: the place counts. */
static int by_place(const struct site *a, const struct site *b)
{
	int order = a == b ? 0 : strcmp(a->file, b->file);

	if (!order)
		order = a->line < b->line ? -1 : a->line > b->line;
	return order ? order : strcmp(a->text, b->text);
}

static int by_cell(const void *one, const void *other)
{
	const struct cell *a = *(const struct cell *const *)one,
			  *b = *(const struct cell *const *)other;

	return by_place(a->site, b->site);
}

/* A place in the source that is none. */
static const struct site nowhere = { "", 0, "", "" };

/* The site's entry, or the free one where it belongs. */
static struct place *place_of(const struct naming *naming, const struct site *site)
{
	size_t i = (size_t)((uintptr_t)site / sizeof *site * 0x9e3779b97f4a7c15u >> 32);

	for (i &= naming->room - 1; naming->place[i].site && naming->place[i].site != site;)
		i = (i + 1) & (naming->room - 1);
	return &naming->place[i];
}

static void more_places(struct naming *naming)
{
	struct place *old = naming->place;
	size_t room = naming->room;

	naming->room = room ? 2 * room : 256;
	naming->place = xalloc(naming->room * sizeof *naming->place);
	for (size_t i = 0; i < room; i++)
		if (old[i].site)
			*place_of(naming, old[i].site) = old[i];
	free(old);
}

static void add_place(struct naming *naming, const struct site *site)
{
	struct place *place;

	if (2 * naming->places >= naming->room)
		more_places(naming);
	place = place_of(naming, site);
	naming->places += !place->site;
	place->site = site;
}

/* Those of cells, of fine cells and who took their lines, and of callers. */
static void add_places(struct naming *naming)
{
	const struct sim *sim = naming->sim;

	add_place(naming, &nowhere);
	for (size_t i = 0; i < naming->cells; i++)
		add_place(naming, naming->cell[i]->site);
	for (unsigned b = 0; b < FINE_BUCKETS; b++)
		for (const struct fine_cell *f = sim->fine_bucket[b]; f; f = f->hash_next) {
			add_place(naming, f->cell->site);
			for (const struct taken *t = f->taken; t; t = t->next)
				add_place(naming, t->taker.site);
		}
	for (unsigned i = 0; i < sim->contexts; i++)
		if (sim->context[i].caller)
			add_place(naming, sim->context[i].caller);
}

static int by_text(const void *one, const void *other)
{
	const struct place *a = *(struct place *const *)one, *b = *(struct place *const *)other;

	return by_place(a->site, b->site);
}

/* Places and cells, each in the order of the texts, side by side. */
static void rank_places(struct naming *naming)
{
	struct place **sorted = xalloc(naming->places * sizeof *sorted);
	size_t count = 0, cell = 0;

	for (size_t i = 0; i < naming->room; i++)
		if (naming->place[i].site)
			sorted[count++] = &naming->place[i];
	qsort(sorted, count, sizeof *sorted, by_text);
	for (size_t i = 0, next; i < count; i = next) {
		size_t first = cell;

		while (cell < naming->cells && !by_place(naming->cell[cell]->site, sorted[i]->site))
			cell++;
		for (next = i; next < count && !by_text(&sorted[i], &sorted[next]); next++) {
			sorted[next]->rank = (unsigned)i;
			sorted[next]->first = first;
			sorted[next]->end = cell;
		}
	}
	free(sorted);
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
	add_places(&naming);
	rank_places(&naming);
	return naming;
}

static struct named name_of(const struct cell *cell)
{
	return (struct named){ cell->layout, cell->label, cell->offset };
}

/* By the label that is there now, unless the site never touched such a struct but always another. */
static struct named name_of_taker(const struct naming *naming, uint64_t line, unsigned offset,
				  const struct site *site)
{
	const struct arena *arena = &naming->sim->head.arena;
	uint64_t at = (line << LINE_SHIFT) + offset;
	const struct label *label = label_find(arena, at, arena->label_serial);
	struct named now = { label ? label->layout : NULL, label ? label->name : "unlabelled",
			     label && label->stride
				     ? (unsigned)((at - label->start) % label->stride)
				     : 0 };
	const struct place *place = place_of(naming, site);
	const struct cell *then = place->first < place->end ? naming->cell[place->first] : NULL;
	bool one = then;

	for (size_t i = place->first; i < place->end; i++) {
		const struct cell *c = naming->cell[i];

		if (c->layout == now.layout && c->offset == now.offset)
			return now;
		one = one && same_struct(c, then);
	}
	return one ? name_of(then) : now;
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

static void member_of(const struct named *named, char *member, size_t size)
{
	const struct field *field = layout_field(named->layout, named->offset);

	copy_text(member, size, field ? field->name : "");
}

static void name_layout(const struct named *named, char *layout, size_t size)
{
	copy_text(layout, size, named->layout ? named->layout->name : named->label);
}

/* ---- sites ---------------------------------------------------------------------------------- */

static int by_rank(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static int by_context(enum op a, const char *a_path, enum op b, const char *b_path)
{
	return a != b ? (a < b ? -1 : 1) : strcmp(a_path, b_path);
}

/* A row on its way: what several fine cells have in common, and their CPUs. */
struct site_sum {
	struct site_stats stats;
	unsigned site, caller;          /* ranks of its places */
	const struct fine_cell *cell;
	uint64_t *cpus;
};

static int by_site(const void *a, const void *b)
{
	const struct site_sum *one = a, *other = b;
	const struct site_stats *x = &one->stats, *y = &other->stats;
	int order = by_rank(one->site, other->site);

	if (!order && x->line != y->line)
		order = x->line < y->line ? -1 : 1;
	if (!order && x->offset != y->offset)
		order = x->offset < y->offset ? -1 : 1;
	if (!order && x->size != y->size)
		order = x->size < y->size ? -1 : 1;
	if (!order)
		order = by_rank(one->caller, other->caller);
	if (!order)
		order = by_context(x->op, x->path, y->op, y->path);
	return order ? order : strcmp(x->member, y->member);
}

static const struct site *caller_of(const struct sim *sim, unsigned context)
{
	const struct site *caller = sim->context[context].caller;

	return caller ? caller : &nowhere;
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

/* ---- takers --------------------------------------------------------------------------------- */

struct taker_sum {
	struct taker_stats stats;
	unsigned site, caller;          /* ranks of its places */
	uint64_t *cpus;
};

struct taker_list {
	struct taker_sum *sum;
	size_t count, room;
};

static int by_taker(const void *a, const void *b)
{
	const struct taker_sum *one = a, *other = b;
	const struct taker_stats *x = &one->stats, *y = &other->stats;
	int order = (x->row > y->row) - (x->row < y->row);

	if (!order)
		order = by_rank(one->site, other->site);
	if (!order && x->offset != y->offset)
		order = x->offset < y->offset ? -1 : 1;
	if (!order && x->size != y->size)
		order = x->size < y->size ? -1 : 1;
	return order ? order : by_rank(one->caller, other->caller);
}

/* Those that took the line from this cell, which is of that row of the sites. */
static void add_takers(struct taker_list *list, const struct naming *naming,
		       const struct fine_cell *f, unsigned row)
{
	const struct sim *sim = naming->sim;

	for (struct taken *t = f->taken; t; t = t->next) {
		struct named named = name_of_taker(naming, f->line, t->taker.offset, t->taker.site);
		const struct site *caller = caller_of(sim, t->taker.context);
		struct taker_stats s = { .row = row,
					 .offset = t->taker.offset,
					 .size = t->taker.size,
					 .site = *t->taker.site,
					 .caller = *caller,
					 .misses = t->misses,
					 .true_sharing = t->true_sharing,
					 .false_sharing = t->false_sharing,
					 .upgrades = t->upgrades };

		member_of(&named, s.member, sizeof s.member);
		if (list->count == list->room) {
			list->room = list->room ? 2 * list->room : 64;
			list->sum = xrealloc(list->sum, list->room * sizeof *list->sum);
		}
		list->sum[list->count++] =
			(struct taker_sum){ s, place_of(naming, t->taker.site)->rank,
					    place_of(naming, caller)->rank, t->cpus + sim->words };
	}
}

/* Each place once for each row. The list is used up. */
static void keep_takers(struct taker_list *list, unsigned words, struct result *r)
{
	r->taker = xalloc((list->count + 1) * sizeof *r->taker);
	if (list->count)
		qsort(list->sum, list->count, sizeof *list->sum, by_taker);
	for (size_t i = 0, next; i < list->count; i = next) {
		struct taker_sum *sum = &list->sum[i];

		for (next = i + 1; next < list->count && !by_taker(sum, &list->sum[next]); next++) {
			const struct taker_sum *other = &list->sum[next];

			sum->stats.misses += other->stats.misses;
			sum->stats.true_sharing += other->stats.true_sharing;
			sum->stats.false_sharing += other->stats.false_sharing;
			sum->stats.upgrades += other->stats.upgrades;
			add_bits(sum->cpus, other->cpus, words);
		}
		sum->stats.cpu_ids = cpu_ids(r, sum->cpus);
		r->taker[r->takers++] = sum->stats;
	}
	free(list->sum);
}

/* ---- sites, put together ---------------------------------------------------------------------- */

static struct site_stats site_stats(const struct naming *naming, const struct fine_cell *f)
{
	const struct context *context = &naming->sim->context[f->cell->context];
	struct named named = name_of(f->cell);
	struct site_stats s = {
		.line = f->line << LINE_SHIFT,
		.offset = f->offset,
		.size = f->cell->size,
		.site = *f->cell->site,
		.caller = *caller_of(naming->sim, f->cell->context),
		.op = context->op,
		.path = context->path,
		.loads = f->loads,
		.stores = f->stores,
		.rmws = f->rmws,
		.bounces = f->bounces,
		.hitm = f->hitm,
		.upgrades = f->upgrades,
		.wait_units = f->wait_units,
	};

	member_of(&named, s.member, sizeof s.member);
	return s;
}

static struct site_sum site_sum(const struct naming *naming, struct fine_cell *f)
{
	const struct site *caller = caller_of(naming->sim, f->cell->context);

	return (struct site_sum){ site_stats(naming, f), place_of(naming, f->cell->site)->rank,
				  place_of(naming, caller)->rank, f, f->cpus };
}

static void merge_site(struct site_sum *to, const struct site_sum *from, unsigned words)
{
	to->stats.loads += from->stats.loads;
	to->stats.stores += from->stats.stores;
	to->stats.rmws += from->stats.rmws;
	to->stats.bounces += from->stats.bounces;
	to->stats.hitm += from->stats.hitm;
	to->stats.upgrades += from->stats.upgrades;
	to->stats.wait_units += from->stats.wait_units;
	add_bits(to->cpus, from->cpus, words);
}

/* The fine cells of the lines that are reported, in the order of their rows. */
static struct site_sum *sort_sites(const struct sim *sim, const struct naming *naming,
				   const struct result *r, size_t *count)
{
	struct site_sum *sums = xalloc((sim->fine_cells + 1) * sizeof *sums);
	uint64_t *sorted = xalloc((r->lines + 1) * sizeof *sorted);

	for (size_t i = 0; i < r->lines; i++)
		sorted[i] = r->line[i].offset;
	qsort(sorted, r->lines, sizeof *sorted, by_number);
	*count = 0;
	for (unsigned b = 0; b < FINE_BUCKETS; b++)
		for (struct fine_cell *f = sim->fine_bucket[b]; f; f = f->hash_next)
			if (is_reported(r, sorted, f->line << LINE_SHIFT))
				sums[(*count)++] = site_sum(naming, f);
	free(sorted);
	qsort(sums, *count, sizeof *sums, by_site);
	return sums;
}

/* One row per place, whatever its label objects are called on the host; and those who took the
 * line from there. */
static void harvest_sites(const struct sim *sim, const struct naming *naming, struct result *r)
{
	size_t count;
	struct site_sum *sums = sort_sites(sim, naming, r, &count);
	struct taker_list takers = { 0 };

	r->site = xalloc((count + 1) * sizeof *r->site);
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i; next < count && !by_site(&sums[i], &sums[next]); next++) {
			if (next > i)
				merge_site(&sums[i], &sums[next], sim->words);
			add_takers(&takers, naming, sums[next].cell, (unsigned)r->sites);
		}
		sums[i].stats.cpus = count_bits(sums[i].cpus, sim->words);
		sums[i].stats.cpu_ids = cpu_ids(r, sums[i].cpus);
		r->site[r->sites++] = sums[i].stats;
	}
	free(sums);
	keep_takers(&takers, sim->words, r);
	for (size_t i = 0; i < r->sites; i++)
		add_member(r, &r->site[i]);
}

/* ---- members -------------------------------------------------------------------------------- */

/*
 * A member on its way: what its fine cells count is put together, first of those that are called
 * alike on the host (`named`, `field`), in the end of all whose names read alike.
 */
struct member_sum {
	struct member_stats stats;
	struct named named;
	const struct field *field;
	size_t next;                    /* in its bucket, + 1 */
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

static struct member_stats member_stats(const struct named *named, const struct field *field,
					const struct cell *cell)
{
	struct member_stats m = {
		.class = cell_class(cell),
		.offset = field ? (unsigned)field->offset : named->offset,
		.size = field ? (unsigned)field->size : cell->size,
	};

	name_layout(named, m.layout, sizeof m.layout);
	member_of(named, m.member, sizeof m.member);
	return m;
}

static void add_cell(struct member_sum *sum, const struct fine_cell *f, unsigned words)
{
	sum->stats.loads += f->loads;
	sum->stats.stores += f->stores;
	sum->stats.rmws += f->rmws;
	sum->stats.bounces += f->bounces;
	sum->stats.hitm += f->hitm;
	sum->stats.upgrades += f->upgrades;
	sum->stats.wait_units += f->wait_units;
	if (f->loads || f->rmws)
		add_bits(sum->cpus, f->cpus, words);
	if (f->stores || f->rmws || f->bounces)
		add_bits(sum->cpus + words, f->cpus, words);
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
	add_bits(to->cpus, from->cpus, bits);
}

enum { MEMBER_BUCKETS = 256 };

struct member_list {
	struct member_sum *sum;
	size_t count, room;
	size_t bucket[MEMBER_BUCKETS];  /* the first of those that have it, + 1 */
};

/* The sum for the cell's member. */
static struct member_sum *member_get(struct member_list *list, const struct cell *cell, size_t bits)
{
	struct named named = name_of(cell);
	const struct field *field = layout_field(named.layout, named.offset);
	unsigned offset = field ? (unsigned)field->offset : named.offset;
	unsigned size = field ? (unsigned)field->size : cell->size;
	size_t *bucket = &list->bucket[(offset * 67 + size) % MEMBER_BUCKETS];

	for (size_t i = *bucket; i; i = list->sum[i - 1].next) {
		struct member_sum *sum = &list->sum[i - 1];

		if (sum->named.layout == named.layout && sum->named.label == named.label &&
		    sum->field == field && sum->stats.offset == offset && sum->stats.size == size)
			return sum;
	}
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->sum = xrealloc(list->sum, list->room * sizeof *list->sum);
	}
	list->sum[list->count++] =
		(struct member_sum){ member_stats(&named, field, cell), named, field, *bucket,
				     xalloc(bits * sizeof(uint64_t)) };
	*bucket = list->count;
	return &list->sum[list->count - 1];
}

static struct member_list collect_members(const struct sim *sim)
{
	struct member_list list = { 0 };

	for (unsigned b = 0; b < FINE_BUCKETS; b++)
		for (const struct fine_cell *f = sim->fine_bucket[b]; f; f = f->hash_next)
			add_cell(member_get(&list, f->cell, 2 * sim->words), f, sim->words);
	return list;
}

static void harvest_members(const struct sim *sim, struct result *r)
{
	struct member_list list = collect_members(sim);
	size_t bits = 2 * sim->words, count = list.count, kept = 0;
	struct member_sum *sums = list.sum;

	if (count)
		qsort(sums, count, sizeof *sums, by_member);
	for (size_t i = 0; i < count; i++) {
		if (kept && !by_member(&sums[kept - 1], &sums[i])) {
			merge_member(&sums[kept - 1], &sums[i], bits);
			free(sums[i].cpus);
		} else {
			sums[kept++] = sums[i];
		}
	}
	r->member = xalloc((kept + 1) * sizeof *r->member);
	for (size_t i = 0; i < kept; i++) {
		struct member_stats *m = &r->member[i];

		*m = sums[i].stats;
		m->readers = count_bits(sums[i].cpus, sim->words);
		m->writers = count_bits(sums[i].cpus + sim->words, sim->words);
		m->reader_ids = cpu_ids(r, sums[i].cpus);
		m->writer_ids = cpu_ids(r, sums[i].cpus + sim->words);
		free(sums[i].cpus);
	}
	r->members = kept;
	free(sums);
}

/* ---- pairs: a member's line taken for another ------------------------------------------------ */

/* One of the two: whose line was taken, or by what. */
struct side {
	struct named named;
	const struct field *field;      /* NULL: none */
	unsigned offset, size;
};

/* As with members: first of those that are called alike on the host. */
struct pair_sum {
	struct pair_stats stats;
	struct side lost, took;
	size_t next;                    /* in its bucket, + 1 */
	uint64_t *cpus; /* [words] that missed, [words] that took it */
};

static int by_bytes(const char *a, unsigned a_offset, unsigned a_size, const char *b,
		    unsigned b_offset, unsigned b_size)
{
	int order = strcmp(a, b);

	if (!order && a_offset != b_offset)
		order = a_offset < b_offset ? -1 : 1;
	return order ? order : (a_size > b_size) - (a_size < b_size);
}

static int by_pair(const void *a, const void *b)
{
	const struct pair_stats *x = &((const struct pair_sum *)a)->stats,
				*y = &((const struct pair_sum *)b)->stats;
	int order = by_bytes(x->layout, x->offset, x->size, y->layout, y->offset, y->size);

	if (!order)
		order = strcmp(x->member, y->member);
	if (!order)
		order = by_bytes(x->taker_layout, x->taker_offset, x->taker_size, y->taker_layout,
				 y->taker_offset, y->taker_size);
	if (!order)
		order = strcmp(x->taker_member, y->taker_member);
	return order ? order : (x->apart > 0) - (y->apart > 0);
}

static struct side side_of(struct named named, unsigned size)
{
	struct side side = { named, NULL, 0, 0 };

	side.field = layout_field(side.named.layout, side.named.offset);
	side.offset = side.field ? (unsigned)side.field->offset : side.named.offset;
	side.size = side.field ? (unsigned)side.field->size : size;
	return side;
}

static bool same_side(const struct side *a, const struct side *b)
{
	return a->named.layout == b->named.layout && a->named.label == b->named.label &&
	       a->field == b->field && a->offset == b->offset && a->size == b->size;
}

static struct pair_stats pair_stats(const struct side *lost, const struct side *took,
				    unsigned apart)
{
	struct pair_stats p = { .offset = lost->offset,
				.size = lost->size,
				.taker_offset = took->offset,
				.taker_size = took->size,
				.apart = apart };

	name_layout(&lost->named, p.layout, sizeof p.layout);
	member_of(&lost->named, p.member, sizeof p.member);
	name_layout(&took->named, p.taker_layout, sizeof p.taker_layout);
	member_of(&took->named, p.taker_member, sizeof p.taker_member);
	return p;
}

static void merge_pair(struct pair_sum *to, const struct pair_sum *from, size_t bits)
{
	struct pair_stats *t = &to->stats;
	const struct pair_stats *f = &from->stats;

	t->misses += f->misses;
	t->true_sharing += f->true_sharing;
	t->false_sharing += f->false_sharing;
	t->upgrades += f->upgrades;
	t->apart = f->apart < t->apart ? f->apart : t->apart;
	add_bits(to->cpus, from->cpus, bits);
}

enum { PAIR_BUCKETS = 256 };

struct pair_list {
	struct pair_sum *sum;
	size_t count, room;
	size_t bucket[PAIR_BUCKETS];    /* the first of those that have it, + 1 */
};

static struct pair_sum *pair_get(struct pair_list *list, const struct side *lost,
				 const struct side *took, unsigned apart)
{
	size_t *bucket = &list->bucket[(lost->offset * 67 + took->offset) % PAIR_BUCKETS];

	for (size_t i = *bucket; i; i = list->sum[i - 1].next) {
		struct pair_sum *sum = &list->sum[i - 1];

		if (same_side(&sum->lost, lost) && same_side(&sum->took, took) &&
		    !sum->stats.apart == !apart)
			return sum;
	}
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->sum = xrealloc(list->sum, list->room * sizeof *list->sum);
	}
	list->sum[list->count++] =
		(struct pair_sum){ pair_stats(lost, took, apart), *lost, *took, *bucket, NULL };
	*bucket = list->count;
	return &list->sum[list->count - 1];
}

static void add_pair(struct pair_list *list, const struct naming *naming, const struct fine_cell *f,
		     struct taken *t)
{
	struct side lost = side_of(name_of(f->cell), f->cell->size),
		    took = side_of(name_of_taker(naming, f->line, t->taker.offset, t->taker.site),
				   t->taker.size);
	int apart =
		(int)(f->offset - lost.named.offset) - (int)(t->taker.offset - took.named.offset);
	struct pair_sum *sum = pair_get(list, &lost, &took, (unsigned)abs(apart));
	struct pair_sum one = { .stats = { .apart = (unsigned)abs(apart),
					   .misses = t->misses,
					   .true_sharing = t->true_sharing,
					   .false_sharing = t->false_sharing,
					   .upgrades = t->upgrades },
				.cpus = t->cpus };

	if (!sum->cpus)
		sum->cpus = t->cpus;
	merge_pair(sum, &one, 2 * naming->sim->words);
}

static void harvest_pairs(const struct sim *sim, const struct naming *naming, struct result *r)
{
	struct pair_list list = { 0 };
	struct pair_sum *sums;
	size_t count, kept = 0;

	for (unsigned b = 0; b < FINE_BUCKETS; b++)
		for (const struct fine_cell *f = sim->fine_bucket[b]; f; f = f->hash_next)
			for (struct taken *t = f->taken; t; t = t->next)
				add_pair(&list, naming, f, t);
	sums = list.sum;
	count = list.count;
	if (count)
		qsort(sums, count, sizeof *sums, by_pair);
	for (size_t i = 0; i < count; i++) {
		if (kept && !by_pair(&sums[kept - 1], &sums[i]))
			merge_pair(&sums[kept - 1], &sums[i], 2 * sim->words);
		else
			sums[kept++] = sums[i];
	}
	r->pair = xalloc((kept + 1) * sizeof *r->pair);
	for (size_t i = 0; i < kept; i++) {
		r->pair[i] = sums[i].stats;
		r->pair[i].cpu_ids = cpu_ids(r, sums[i].cpus);
		r->pair[i].taker_ids = cpu_ids(r, sums[i].cpus + sim->words);
	}
	r->pairs = kept;
	free(sums);
}

static void harvest_transfers(const struct sim *sim, struct result *r)
{
	size_t all = (size_t)r->cpus * r->cpus;

	for (size_t i = 0; i < all; i++)
		r->transfers += sim->transfer[i] > 0;
	r->transfer = xalloc((r->transfers + 1) * sizeof *r->transfer);
	r->transfers = 0;
	for (size_t i = 0; i < all; i++)
		if (sim->transfer[i])
			r->transfer[r->transfers++] = (struct transfer_stats){
				(unsigned)(i / r->cpus), (unsigned)(i % r->cpus), sim->transfer[i]
			};
}

static void harvest_seats(const struct sim *sim, struct result *r)
{
	r->seat = xalloc(r->cpus * sizeof *r->seat);
	r->seats = r->cpus;
	for (unsigned i = 0; i < r->cpus; i++)
		r->seat[i] =
			(struct seat_stats){ sim->cpu[i].node->core, sim->cpu[i].node->socket };
}

/* ---- shapes of structs ------------------------------------------------------------------------ */

static int by_shape(const void *a, const void *b)
{
	const struct shape_stats *x = a, *y = b;
	int order = by_bytes(x->layout, x->offset, x->size, y->layout, y->offset, y->size);

	if (!order)
		order = strcmp(x->member, y->member);
	return order ? order
		     : (x->struct_size > y->struct_size) - (x->struct_size < y->struct_size);
}

static void add_shape(struct result *r, size_t *room, const struct layout *layout)
{
	for (const struct field *f = layout->fields; f && f->name; f++) {
		struct shape_stats *s;

		if (r->shapes == *room) {
			*room = *room ? 2 * *room : 64;
			r->shape = xrealloc(r->shape, *room * sizeof *r->shape);
		}
		s = &r->shape[r->shapes++];
		*s = (struct shape_stats){ .class = layout->class,
					   .offset = (unsigned)f->offset,
					   .size = (unsigned)f->size,
					   .struct_size = (unsigned)layout->size };
		snprintf(s->layout, sizeof s->layout, "%s", layout->name);
		snprintf(s->member, sizeof s->member, "%s", f->name);
	}
}

/* Of all structs that were accessed, each once. */
static void harvest_shapes(const struct naming *naming, struct result *r)
{
	const struct layout *last = NULL;
	size_t room = 0, kept = 0;

	for (size_t i = 0; i < naming->cells; i++) {
		const struct cell *c = naming->cell[i];

		if (c->layout && c->layout != last && (c->loads || c->stores || c->rmws))
			add_shape(r, &room, last = c->layout);
	}
	if (r->shapes)
		qsort(r->shape, r->shapes, sizeof *r->shape, by_shape);
	for (size_t i = 0; i < r->shapes; i++)
		if (!kept || by_shape(&r->shape[kept - 1], &r->shape[i]))
			r->shape[kept++] = r->shape[i];
	r->shapes = kept;
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
		order = strcmp(x->member, y->member);
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
				.class = cell_class(c),
				.offset = c->offset,
				.size = c->size,
				.site = *c->site,
				.caller = *caller_of(sim, c->context),
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
						  .handovers = l->handovers,
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
	harvest_members(sim, r);
	/* both put the CPUs of equal rows together in the cells of the first, which are done with */
	harvest_sites(sim, &naming, r);
	harvest_pairs(sim, &naming, r);
	harvest_shapes(&naming, r);
	harvest_transfers(sim, r);
	harvest_seats(sim, r);
	free(naming.cell);
	free(naming.place);
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
	free(r->taker);
	free(r->member);
	free(r->pair);
	free(r->transfer);
	free(r->seat);
	free(r->shape);
	free(r->field);
	free(r->path);
	free(r->lock);
	free(r->order);
	free(r->holder);
	for (size_t i = 0; i < r->texts; i++)
		free(r->text[i]);
	free(r->text);
	free(r);
}
