/* Layouts from counts: see suggestion.h. */
#include "experiment/suggestion.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"
#include "experiment/schema.h"
#include "sim/verbs/xalloc.h"

enum { SETS_MAX = 64 }; /* groups of CPUs that are told apart, a bit each */

/* A unit of the struct, and which groups of CPUs write and read it. */
struct unit {
	size_t member;                  /* its first one, in the outline as it was */
	const char *name;               /* that can be said in an edit; NULL: none of it has one */
	uint64_t offset, size, align;
	uint64_t writers, readers;
	bool last;                      /* an array without a length */
	size_t class;
};

struct sorting {
	struct outline *outline;
	struct unit *unit;
	size_t units;
	const char *const *who;         /* names of the groups, [SETS_MAX] */
};

/* ---- units ----------------------------------------------------------------------------------- */

static const char *first_name(const struct outline_member *member)
{
	if (*member->name)
		return member->name;
	for (size_t i = 0; i < member->children; i++) {
		const char *name = first_name(&member->child[i]);

		if (name)
			return name;
	}
	return NULL;
}

static void find_units(struct sorting *sorting)
{
	const struct outline *outline = sorting->outline;

	sorting->unit = xalloc((outline->members + 1) * sizeof *sorting->unit);
	for (size_t i = 0, next; i < outline->members; i = next) {
		struct unit *unit = &sorting->unit[sorting->units++];
		uint64_t end = 0;

		next = outline_next_unit(outline, i);
		*unit = (struct unit){ .member = i,
				       .offset = outline->member[i].offset,
				       .align = 1 };
		for (size_t j = i; j < next; j++) {
			const struct outline_member *member = &outline->member[j];
			uint64_t wants =
				member->align > member->natural ? member->align : member->natural;

			if (!unit->name)
				unit->name = first_name(member);
			unit->last |= !member->elements;
			unit->offset =
				member->offset < unit->offset ? member->offset : unit->offset;
			end = member->offset + member->size > end ? member->offset + member->size
								  : end;
			unit->align = wants > unit->align ? wants : unit->align;
		}
		unit->size = end - unit->offset;
	}
}

static struct unit *unit_at(struct sorting *sorting, uint64_t offset)
{
	for (size_t i = 0; i < sorting->units; i++) {
		struct unit *unit = &sorting->unit[i];

		if (offset >= unit->offset && offset < unit->offset + unit->size)
			return unit;
	}
	return NULL;
}

/* ---- classes --------------------------------------------------------------------------------- */

static bool is_written(const struct unit *unit)
{
	return unit->writers;
}

static bool is_read_by_others(const struct unit *unit)
{
	return unit->readers & ~unit->writers;
}

/* Classes in the order of their first members; class 0 is of what nobody writes. */
static size_t classify(struct sorting *sorting, enum suggestion_by by)
{
	size_t classes = 1;

	for (size_t i = 0; i < sorting->units; i++) {
		struct unit *unit = &sorting->unit[i];

		if (!is_written(unit))
			continue;
		for (size_t j = 0; j < i && !unit->class; j++) {
			const struct unit *other = &sorting->unit[j];

			if (is_written(other) && other->writers == unit->writers &&
			    (by == BY_WRITERS ||
			     is_read_by_others(other) == is_read_by_others(unit)))
				unit->class = other->class;
		}
		if (!unit->class)
			unit->class = classes++;
	}
	return classes;
}

/* ---- the layout ------------------------------------------------------------------------------ */

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

/* Units of one class, in their order or by falling alignment. */
static size_t list_class(const struct sorting *sorting, size_t class, bool by_alignment,
			 const struct unit **list)
{
	size_t count = 0;

	for (size_t i = 0; i < sorting->units; i++) {
		const struct unit *unit = &sorting->unit[i];
		size_t at;

		if (unit->class != class || unit->last)
			continue;
		for (at = count++; at > 0 && by_alignment && list[at - 1]->align < unit->align;
		     at--)
			list[at] = list[at - 1];
		list[at] = unit;
	}
	return count;
}

static uint64_t bytes_of(const struct unit *const *list, size_t count)
{
	uint64_t at = 0;

	for (size_t i = 0; i < count; i++)
		at = round_up(at, list[i]->align) + list[i]->size;
	return at;
}

/* The order that takes fewer lines; as it is, if it does not matter. */
static size_t order_class(const struct sorting *sorting, size_t class, uint64_t line,
			  const struct unit **list)
{
	size_t count = list_class(sorting, class, true, list);
	uint64_t packed = bytes_of(list, count);

	list_class(sorting, class, false, list);
	if (round_up(bytes_of(list, count), line) > round_up(packed, line))
		list_class(sorting, class, true, list);
	return count;
}

/* "reader and writer". */
static char *name_set(const struct sorting *sorting, uint64_t set)
{
	char *text;
	size_t length;
	FILE *out = text_open(&text, &length);
	unsigned left = (unsigned)__builtin_popcountll(set);

	for (unsigned i = 0; i < SETS_MAX; i++) {
		if (!(set >> i & 1))
			continue;
		fputs(sorting->who[i], out);
		left--;
		fputs(left > 1 ? ", " : left == 1 ? " and " : "", out);
	}
	text_close(out);
	return text;
}

static void describe(struct suggestion *suggestion, const struct sorting *sorting,
		     const struct unit *const *list, size_t count)
{
	struct suggested_class *class;
	size_t length;
	FILE *out;

	suggestion->class =
		xrealloc(suggestion->class, (suggestion->classes + 1) * sizeof *suggestion->class);
	class = &suggestion->class[suggestion->classes++];
	*class = (struct suggested_class){ .who = name_set(sorting, list[0]->writers),
					   .bytes = bytes_of(list, count) };
	out = text_open(&class->members, &length);
	for (size_t i = 0; i < count; i++) {
		class->read |= is_written(list[i]) && is_read_by_others(list[i]);
		fprintf(out, "%s%s", i ? " " : "", list[i]->name ? list[i]->name : "(unnamed)");
	}
	text_close(out);
}

/* The edit in two parts, on their way. */
struct edit {
	FILE *order, *align;
	char *order_text, *align_text;  /* theirs, once they are closed */
	size_t length[2];
	bool ordered, aligned;
};

static void edit_class(struct edit *edit, const struct unit *const *list, size_t count,
		       uint64_t line)
{
	char quoted[2 * OUTLINE_NAME_BYTES];
	bool begun = false;

	for (size_t i = 0; i < count; i++) {
		if (!list[i]->name)
			continue;
		schema_quote(list[i]->name, quoted, sizeof quoted);
		fprintf(edit->order, "%s%s", edit->ordered ? ", " : "", quoted);
		edit->ordered = true;
		if (!begun && line) {
			fprintf(edit->align, "%s%s: %" PRIu64, edit->aligned ? ", " : "", quoted,
				line);
			edit->aligned = true;
		}
		begun = true;
	}
}

/* Moves the unit of that name to the end of what was placed so far. */
static void place(struct outline *outline, const char *name, uint64_t line, size_t *before)
{
	size_t at = outline_outer(outline, name);

	if (at == SIZE_MAX)
		return;
	at = outline_move(outline, at, *before);
	*before = outline_next_unit(outline, at);
	if (line && outline->member[at].align < line)
		outline->member[at].align = line;
}

static void finish_edit(struct suggestion *suggestion, struct edit *edit)
{
	size_t length;
	FILE *out;

	text_close(edit->order);
	text_close(edit->align);
	out = text_open(&suggestion->edit, &length);
	fprintf(out, "{order: [%s]", edit->order_text);
	if (edit->aligned)
		fprintf(out, ", align: {%s}", edit->align_text);
	fputc('}', out);
	text_close(out);
	free(edit->order_text);
	free(edit->align_text);
}

/* Takes over the outline. */
static struct suggestion *arrange(struct sorting *sorting, enum suggestion_by by, uint64_t line)
{
	struct suggestion *suggestion = xalloc(sizeof *suggestion);
	const struct unit **list = xalloc((sorting->units + 1) * sizeof *list);
	size_t classes = classify(sorting, by), before = 0;
	struct edit edit = { 0 };
	struct outline *outline = sorting->outline;

	edit.order = text_open(&edit.order_text, &edit.length[0]);
	edit.align = text_open(&edit.align_text, &edit.length[1]);
	for (size_t i = 0; i < classes; i++) {
		size_t count = order_class(sorting, i, line, list);
		uint64_t starts = i ? line : 0;

		if (!count)
			continue;
		edit_class(&edit, list, count, starts);
		describe(suggestion, sorting, list, count);
		for (size_t j = 0; j < count; j++) {
			if (list[j]->name)
				place(outline, list[j]->name, starts, &before);
			starts = list[j]->name ? 0 : starts;
		}
		if (i && outline->align < line)
			outline->align = line;
	}
	for (size_t i = 0; i < suggestion->classes; i++) {
		bool first = *suggestion->class[i].who;

		for (size_t j = 0; j < i; j++)
			first = first && strcmp(suggestion->class[i].who, suggestion->class[j].who);
		suggestion->writers += first;
	}
	finish_edit(suggestion, &edit);
	outline_lay_out(outline);
	suggestion->after = outline;
	free(list);
	free(sorting->unit);
	return suggestion;
}

void suggestion_free(struct suggestion *suggestion)
{
	if (!suggestion)
		return;
	for (size_t i = 0; i < suggestion->classes; i++) {
		free(suggestion->class[i].who);
		free(suggestion->class[i].members);
	}
	free(suggestion->class);
	free(suggestion->edit);
	outline_free(suggestion->after);
	free(suggestion);
}

bool suggestion_is_same(const struct outline *before, const struct outline *after)
{
	if (before->members != after->members || before->size != after->size)
		return false;
	for (size_t i = 0; i < before->members; i++) {
		const struct outline_member *a = &before->member[i], *b = &after->member[i];

		if (strcmp(a->name, b->name) || a->offset != b->offset || a->size != b->size)
			return false;
	}
	return after->align <= 1 || before->align % after->align == 0;
}

/* ---- of the workload ------------------------------------------------------------------------- */

enum { OWNER, EVERYBODY }; /* where each CPU has a struct of its own */

static bool is_own(const struct struct_settings *set, unsigned cpus)
{
	return set->per_cpu || (set->which == WHICH_OWN && set->instances >= cpus);
}

static const struct listed *access_at(const struct struct_plan *plan, const struct site *site,
				      unsigned *group)
{
	for (unsigned i = 0; i < plan->groups; i++) {
		if (strcmp(plan->group[i].name, site->file) || !site->line ||
		    site->line > plan->group[i].accesses)
			continue;
		*group = i;
		return &plan->group[i].access[site->line - 1];
	}
	return NULL;
}

/* Which access of the lists it was: the site says group and place. What a lock does inside is done
 * for the access that calls it. */
static const struct listed *access_of(const struct struct_plan *plan,
				      const struct field_stats *field, unsigned *group)
{
	const struct listed *access = access_at(plan, &field->site, group);

	if (!access && field->caller.file)
		access = access_at(plan, &field->caller, group);
	return access;
}

static void ignore(void *to, const struct workload_place *where, const char *text)
{
	(void)to, (void)where, (void)text;
}

/* Offsets in the result are those of the edited struct; members have the same names. */
static void note_access(struct sorting *sorting, const struct listed *access,
			const struct field_stats *field, unsigned bit)
{
	struct outline_spot spot;
	char why[300];
	struct unit *unit = NULL;

	if (outline_find(sorting->outline, access->spot.name, &spot, why, sizeof why))
		unit = unit_at(sorting, spot.offset);
	if (!unit)
		return;                 /* a member that the edit added */
	if (field->stores + field->rmws)
		unit->writers |= (uint64_t)1 << bit;
	if (field->loads)
		unit->readers |= (uint64_t)1 << bit;
}

struct suggestion *suggestion_new(const struct struct_settings *set, const struct struct_plan *plan,
				  const struct result *result, enum suggestion_by by, uint64_t line,
				  char *why, size_t size)
{
	static const char *const own[SETS_MAX] = { "its own CPU", "all CPUs" };
	const char *who[SETS_MAX] = { NULL };
	struct sorting sorting = { .who = who };
	bool each_its_own = is_own(set, result->cpus);

	if (plan->groups > SETS_MAX) {
		snprintf(why, size, "%u groups of CPUs; at most %d can be told apart", plan->groups,
			 SETS_MAX);
		return NULL;
	}
	for (unsigned i = 0; i < plan->groups; i++)
		who[i] = plan->group[i].name;
	if (each_its_own)
		sorting.who = own;
	sorting.outline = struct_outline(set, false, ignore, NULL);
	if (!sorting.outline) {
		snprintf(why, size, "its layout cannot be read any more");
		return NULL;
	}
	find_units(&sorting);
	for (size_t i = 0; i < result->fields; i++) {
		unsigned group = 0;
		const struct listed *access = access_of(plan, &result->field[i], &group);

		if (access && each_its_own)
			group = access->kind == ACCESS_SUM ? EVERYBODY : OWNER;
		if (access)
			note_access(&sorting, access, &result->field[i], group);
	}
	/* nobody else sees a struct of one's own: what is only read may lie with what is written */
	for (size_t i = 0; i < sorting.units && each_its_own; i++) {
		if (!is_written(&sorting.unit[i]) && !sorting.unit[i].last)
			sorting.unit[i].writers = 1 << OWNER;
	}
	return arrange(&sorting, by, line);
}

/* ---- of a model ------------------------------------------------------------------------------ */

static void add_touched(struct outline *outline, const char *name, uint64_t offset, uint64_t size)
{
	struct outline_member *member;
	char head[OUTLINE_NAME_BYTES + 64];

	for (size_t i = 0; i < outline->members; i++) {
		member = &outline->member[i];
		if (!strcmp(member->name, name) ||
		    (offset < member->offset + member->size && member->offset < offset + size))
			return;         /* there, or another view of the same bytes */
	}
	member = outline_add(&outline->member, &outline->members);
	free(member->name);
	member->name = xstrdup(name);
	snprintf(head, sizeof head, "%-22s %.*s",
		 size == 1   ? "char"
		 : size == 2 ? "short"
		 : size == 4 ? "int"
		 : size == 8 ? "long"
			     : "bytes",
		 OUTLINE_NAME_BYTES, name);
	member->head = xstrdup(head);
	member->offset = offset;
	member->size = size;
}

static int by_offset(const void *one, const void *other)
{
	const struct outline_member *a = one, *b = other;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->size > b->size ? -1 : a->size < b->size;
}

/* The struct as its table of members has it; what was accessed names bytes that have several. */
static struct outline *struct_of(const struct result *result, const char *name)
{
	struct outline *outline = outline_new(name);

	for (size_t i = 0; i < result->members; i++) {
		const struct member_stats *member = &result->member[i];

		if (!strcmp(member->layout, name) && *member->member)
			add_touched(outline, member->member, member->offset, member->size);
	}
	for (size_t i = 0; i < result->shapes; i++) {
		const struct shape_stats *member = &result->shape[i];

		if (strcmp(member->layout, name))
			continue;
		if (*member->member)
			add_touched(outline, member->member, member->offset, member->size);
		outline->size = member->struct_size;
	}
	if (outline->members)
		qsort(outline->member, outline->members, sizeof *outline->member, by_offset);
	return outline;
}

static void say_nothing(void *to, const struct outline_member *member, const char *text)
{
	(void)to, (void)member, (void)text;
}

/* Sets of CPUs by how they are written, "0-3": each is a bit; those beyond the last share it. */
struct cpu_sets {
	const char *ids[SETS_MAX];
	char *who[SETS_MAX];
	unsigned count;
};

static uint64_t set_bit(struct cpu_sets *sets, const char *ids)
{
	unsigned at = 0;
	size_t size = strlen(ids) + sizeof "CPUs ";

	if (!*ids)
		return 0;
	while (at < sets->count && strcmp(sets->ids[at], ids))
		at++;
	if (at == SETS_MAX)
		return (uint64_t)1 << (SETS_MAX - 1);
	if (at == sets->count) {
		sets->ids[sets->count] = ids;
		sets->who[sets->count] = xalloc(size);
		snprintf(sets->who[sets->count++], size, "%s %s",
			 strpbrk(ids, "-,") ? "CPUs" : "CPU", ids);
	}
	return (uint64_t)1 << at;
}

/* Is that CPU one of "0-3,8"? */
static bool has_cpu(const char *ids, unsigned long cpu)
{
	while (*ids >= '0' && *ids <= '9') {
		char *end;
		unsigned long first = strtoul(ids, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (cpu >= first && cpu <= last)
			return true;
		ids = *end == ',' ? end + 1 : end;
	}
	return false;
}

static bool all_are_among(const char *ids, const char *others)
{
	while (*ids >= '0' && *ids <= '9') {
		char *end;
		unsigned long first = strtoul(ids, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < 4096; first++)
			if (!has_cpu(others, first))
				return false;
		ids = *end == ',' ? end + 1 : end;
	}
	return true;
}

/* Only what left a cache is known by its CPUs: the rest is nobody's loss. */
static void note_traffic(struct sorting *sorting, const struct result *result,
			 struct cpu_sets *sets)
{
	for (size_t i = 0; i < result->members; i++) {
		const struct member_stats *member = &result->member[i];
		const char *writers = member->writer_ids ? member->writer_ids : "";
		const char *readers = member->reader_ids ? member->reader_ids : "";
		struct unit *unit = NULL;

		if (!strcmp(member->layout, sorting->outline->name))
			unit = unit_at(sorting, member->offset);
		if (!unit)
			continue;
		unit->writers |= set_bit(sets, writers);
		if (!all_are_among(readers, writers))
			unit->readers |= set_bit(sets, readers);
	}
}

struct suggestion *suggestion_of_model(const struct result *result, const char *name, uint64_t line,
				       struct outline **before, char *why, size_t size)
{
	struct cpu_sets sets = { .count = 0 };
	struct sorting sorting = { .outline = struct_of(result, name),
				   .who = (const char *const *)sets.who };
	struct suggestion *suggestion;

	*before = struct_of(result, name);
	if (!outline_check(sorting.outline, say_nothing, NULL) ||
	    !outline_check(*before, say_nothing, NULL)) {
		snprintf(why, size, "no member of a struct '%.60s' was touched", name);
		outline_free(sorting.outline);
		outline_free(*before);
		*before = NULL;
		return NULL;
	}
	find_units(&sorting);
	note_traffic(&sorting, result, &sets);
	suggestion = arrange(&sorting, BY_WRITERS, line);
	for (unsigned i = 0; i < sets.count; i++)
		free(sets.who[i]);
	return suggestion;
}
