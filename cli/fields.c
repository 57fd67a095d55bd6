/*
 * Structs as pahole shows them, with holes and line boundaries, and beside each member the traffic
 * that it drew, who reads and writes it, and for which member its line was taken most.
 */
#include "cli/fields.h"

#include <stdlib.h>
#include <string.h>

#include "cli/findings.h"
#include "cli/takers.h"
#include "sim/verbs/xalloc.h"

enum { UNITS = 64 };    /* of time in a cycle */

static const char *const owners[LINE_CLASSES] = { "the allocator's", "the workload's", "payload" };

/* clang-format off */
const struct column field_columns[] = {
	{ NULL, "point", true },        { NULL, "struct", true },       { NULL, "offset", false },
	{ NULL, "size", false },        { NULL, "member", true },       { NULL, "loads", false },
	{ NULL, "stores", false },      { NULL, "rmws", false },        { NULL, "operation", true },
	{ NULL, "path", true },         { NULL, "source", true },       { NULL, "function", true },
	{ NULL, "caller", true },       { NULL, "caller_function", true }, { NULL, NULL, false },
};

static const struct column struct_columns[] = {
	{ "offset", NULL, false },      { "size", NULL, false, 1 },     { "member", NULL, true },
	{ "accesses", NULL, false },    { "trips", NULL, false },       { "bounces", NULL, false },
	{ "of all", NULL, false, 2 },   { "hitm", NULL, false, 5 },     { "false sharing", NULL, false, 3 },
	{ "readers", NULL, true },      { "writers", NULL, true },      { "taken by", NULL, true },
	{ "mostly from", NULL, true, 4 }, { NULL, NULL, false },
};
/* clang-format on */

/* A member: all its sites added up, and what left the caches. */
struct member {
	const char *layout, *name;
	enum line_class class;
	unsigned offset, size;
	const struct field_stats *most;         /* its site with the most accesses; NULL: none */
	const struct member_stats *traffic;     /* NULL: none left the cache */
	uint64_t accesses;
	const struct pair_stats *taker;         /* for which its line was taken most; NULL: never */
	uint64_t taken, false_sharing;          /* how often it was taken, in all */
	uint64_t of_struct, bounces_of_struct;  /* of all members of the struct */
};

static uint64_t accesses(const struct field_stats *field)
{
	return field->loads + field->stores + field->rmws;
}

void fields_fill(struct table *table, const struct result *result, const char *point)
{
	for (size_t i = 0; i < result->fields; i++) {
		const struct field_stats *field = &result->field[i];
		char source[256];

		table_text(table, "%s", point);
		table_text(table, "%s", field->layout);
		table_count(table, field->offset);
		table_count(table, field->size);
		table_text(table, "%s", field->member);
		table_count(table, field->loads);
		table_count(table, field->stores);
		table_count(table, field->rmws);
		table_text(table, "%s", op_names[field->op]);
		table_text(table, "%s", field->path ? field->path : "");
		table_text(table, "%s", view_source(&field->site, source, sizeof source));
		table_text(table, "%s", field->site.function);
		table_text(table, "%s",
			   field->caller.line ? view_source(&field->caller, source, sizeof source)
					      : "");
		table_text(table, "%s", field->caller.function);
	}
}

static uint64_t bounces_of(const struct member *member)
{
	return member->traffic ? member->traffic->bounces : 0;
}

/* Structs by their bounces, then by how much they are used; in each the order of the bytes. */
static int busiest_struct_first(const void *one, const void *other)
{
	const struct member *a = one, *b = other;

	if (a->bounces_of_struct != b->bounces_of_struct)
		return a->bounces_of_struct > b->bounces_of_struct ? -1 : 1;
	if (a->of_struct != b->of_struct)
		return a->of_struct > b->of_struct ? -1 : 1;

	int order = strcmp(a->layout, b->layout);

	if (order || a->class != b->class)
		return order ? order : (int)a->class - (int)b->class;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return strcmp(a->name, b->name);
}

static bool same_struct(const struct member *a, const struct member *b)
{
	return a->class == b->class && !strcmp(a->layout, b->layout);
}

/* By its name; bytes without one by where they lie. */
static bool same_member(const struct member *a, const struct member *b)
{
	return same_struct(a, b) && !strcmp(a->name, b->name) &&
	       (*a->name || (a->offset == b->offset && a->size == b->size));
}

/* The member in the list, at its end where it is new. */
static struct member *find_member(struct member *members, size_t *count, struct member wanted)
{
	size_t at = 0;

	while (at < *count && !same_member(&members[at], &wanted))
		at++;
	if (at == *count)
		members[(*count)++] = wanted;
	return &members[at];
}

static void add_field(struct member *members, size_t *count, const struct field_stats *field)
{
	struct member *member = find_member(
		members, count,
		(struct member){ .layout = field->layout, .name = field->member,
				 .class = field->class, .offset = field->offset,
				 .size = field->size, .most = field });

	if (field->offset < member->offset)
		member->offset = field->offset;
	member->accesses += accesses(field);
	if (!member->most || accesses(field) > accesses(member->most))
		member->most = field;
}

static void add_traffic(struct member *members, size_t *count, const struct member_stats *traffic)
{
	struct member *member = find_member(
		members, count,
		(struct member){ .layout = traffic->layout, .name = traffic->member,
				 .class = traffic->class, .offset = traffic->offset,
				 .size = traffic->size });

	member->traffic = traffic;
	member->offset = traffic->offset;
	member->size = traffic->size;
}

static void add_pair(struct member *members, size_t count, const struct pair_stats *pair)
{
	uint64_t times = pair->misses + pair->upgrades;

	for (size_t i = 0; i < count; i++) {
		struct member *member = &members[i];

		if (!times || strcmp(member->layout, pair->layout) != 0 ||
		    strcmp(member->name, pair->member) != 0 ||
		    (!*member->name && member->offset != pair->offset))
			continue;
		if (!member->taker || times > member->taker->misses + member->taker->upgrades)
			member->taker = pair;
		member->taken += times;
		member->false_sharing += pair->false_sharing;
	}
}

static size_t collect_members(const struct result *result, struct member *members)
{
	size_t count = 0;

	for (size_t i = 0; i < result->fields; i++)
		add_field(members, &count, &result->field[i]);
	for (size_t i = 0; i < result->members; i++)
		add_traffic(members, &count, &result->member[i]);
	for (size_t i = 0; i < result->pairs; i++)
		add_pair(members, count, &result->pair[i]);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (same_struct(&members[i], &members[j])) {
				members[i].of_struct += members[j].accesses;
				members[i].bounces_of_struct += bounces_of(&members[j]);
			}
	qsort(members, count, sizeof *members, busiest_struct_first);
	return count;
}

/* A row about bytes rather than a member: a hole, members nobody used, where a line begins. */
static void remark_row(struct table *table, unsigned offset, unsigned size, const char *text)
{
	table_count(table, offset);
	if (size)
		table_count(table, size);
	else
		table_blank(table);
	table_text(table, "%s", text);
	for (int i = 0; i < 10; i++)
		table_blank(table);
}

/* Bytes from `from` to `to` of a struct that no access touched. */
struct gap {
	const struct result *result;
	const char *layout;
	unsigned from, to;
};

/* The first member there that ends behind `at`; NULL: none. */
static const struct shape_stats *next_shape(const struct gap *gap, unsigned at)
{
	const struct shape_stats *next = NULL;

	for (size_t i = 0; i < gap->result->shapes; i++) {
		const struct shape_stats *shape = &gap->result->shape[i];

		if (strcmp(shape->layout, gap->layout) != 0 || shape->offset + shape->size <= at ||
		    shape->offset >= gap->to || shape->offset < gap->from)
			continue;
		if (!next || shape->offset < next->offset)
			next = shape;
	}
	return next;
}

/* How many members begin from `from` on, one behind the other without a hole; where they end. */
static unsigned run_of_members(const struct gap *gap, unsigned from, unsigned *end)
{
	const struct shape_stats *shape;
	unsigned count = 0;

	*end = from;
	while ((shape = next_shape(gap, *end)) && shape->offset <= *end) {
		*end = shape->offset + shape->size;
		count++;
	}
	if (*end > gap->to)
		*end = gap->to;
	return count;
}

/* Members nobody used, and holes as pahole has them: bytes of no member. */
static void gap_rows(struct table *table, const struct gap *gap, bool known)
{
	unsigned at = gap->from, end;
	char text[64];

	if (!known) {
		remark_row(table, at, gap->to - at, "(unused)");
		return;
	}
	while (at < gap->to) {
		const struct shape_stats *shape = next_shape(gap, at);
		unsigned count, hole = shape ? shape->offset : gap->to;

		if (hole > at) {
			remark_row(table, at, hole - at, "/* hole */");
			at = hole;
			continue;
		}
		count = run_of_members(gap, at, &end);
		if (count == 1)
			snprintf(text, sizeof text, "(%s: unused)", shape->member);
		else
			snprintf(text, sizeof text, "(%u members: unused)", count);
		remark_row(table, at, end - at, text);
		at = end;
	}
}

static unsigned size_of(const struct result *result, const char *layout)
{
	for (size_t i = 0; i < result->shapes; i++)
		if (!strcmp(result->shape[i].layout, layout))
			return result->shape[i].struct_size;
	return 0;
}

static void traffic_cells(struct table *table, const struct member *member, uint64_t all)
{
	const struct member_stats *traffic = member->traffic;

	if (!traffic) {
		table_count(table, 0);
		for (int i = 0; i < 6; i++)
			table_blank(table);
		return;
	}
	table_count(table, traffic->loads + traffic->stores + traffic->rmws);
	table_count(table, traffic->bounces);
	table_share(table, (double)traffic->bounces, (double)all);
	table_count(table, traffic->hitm);
	table_count(table, member->false_sharing);
	view_cpus_cell(table, traffic->readers, traffic->reader_ids);
	view_cpus_cell(table, traffic->writers, traffic->writer_ids);
}

/* "inuse 62 %, by 0-3": for which member its line was taken most, and by whom. */
static void taker_cell(struct table *table, const struct member *member)
{
	const struct pair_stats *taker = member->taker;
	char name[128], cpus[32];

	if (!taker) {
		table_blank(table);
		return;
	}
	snprintf(name, sizeof name, "%s", taker->taker_member);
	if (!*name || strcmp(taker->layout, taker->taker_layout) != 0)
		member_name(taker->taker_layout, taker->taker_member, taker->taker_offset, name,
			    sizeof name);
	table_text(table, "%s %.0f %%, by %s", name,
		   100.0 * (double)(taker->misses + taker->upgrades) / (double)member->taken,
		   view_cpus(taker->taker_ids, cpus, sizeof cpus));
}

static void member_row(struct table *table, const struct member *member, uint64_t all)
{
	const struct field_stats *most = member->most;
	char source[256];

	table_count(table, member->offset);
	table_count(table, member->size);
	table_text(table, "%s", *member->name ? member->name : "-");
	if (most)
		table_count(table, member->accesses);
	else
		table_blank(table);     /* of another label at the time */
	traffic_cells(table, member, all);
	taker_cell(table, member);
	if (most) {
		const struct site *from = view_charged(&most->site, &most->caller);

		table_text(table, "%s %s", view_source(from, source, sizeof source),
			   from->function);
	} else {
		table_blank(table);
	}
}

static void line_row(struct table *table, unsigned line)
{
	char text[64];

	snprintf(text, sizeof text, "--- line %u ---", line);
	remark_row(table, line * LINE, 0, text);
}

/* The members of one struct are members[0 .. the result - 1]. */
static size_t print_struct(FILE *out, const struct result *result, const struct member *members,
			   size_t count, const struct view_options *options)
{
	const struct member *first = &members[0];
	unsigned size = size_of(result, first->layout), end = 0;        /* of the members so far */
	struct table *table = table_new(struct_columns);
	char number[40];
	size_t i;

	for (i = 0; i < count && same_struct(&members[i], first); i++) {
		unsigned offset = members[i].offset;

		if (offset > end)
			gap_rows(table, &(struct gap){ result, first->layout, end, offset }, size);
		if (i && offset / LINE != members[i - 1].offset / LINE)
			line_row(table, offset / LINE);
		member_row(table, &members[i], counts_bounces(&result->total));
		if (offset + members[i].size > end)
			end = offset + members[i].size;
	}
	if (end < size)
		gap_rows(table, &(struct gap){ result, first->layout, end, size }, true);
	fprintf(out, "struct %s, %s", first->layout, owners[first->class]);
	if (size)
		fprintf(out, ", %u bytes", size);
	fprintf(out, ": %s %s\n", number_count(number, sizeof number, first->bounces_of_struct),
		first->bounces_of_struct == 1 ? "bounce" : "bounces");
	table_print(table, out, TABLE_PEOPLE, NULL, 2, options->paper);
	putc('\n', out);
	table_free(table);
	return i;
}

/* ---- members of all structs ------------------------------------------------------------------ */

/* clang-format off */
const struct column member_columns[] = {
	{ NULL, "point", true },        { "member", NULL, true },       { NULL, "struct", true },
	{ NULL, "member", true },       { NULL, "offset", false },      { NULL, "size", false },
	{ "bounces", "bounces", false },{ "of all", "share", false },   { "hitm", "hitm", false, 1 },
	{ NULL, "upgrades", false },    { "trips", NULL, false },       { NULL, "loads", false },
	{ NULL, "stores", false },      { NULL, "rmws", false },        { "cycles each", "wait_cycles_mean", false, 2 },
	{ "false sharing", "misses_false_sharing", false }, { "readers", "readers", true },
	{ "writers", "writers", true }, { NULL, "reader_cpus", true },  { NULL, "writer_cpus", true },
	{ "taken by", "taken_by", true }, { NULL, "taken", false },     { "class", "class", true, 3 },
	{ NULL, NULL, false },
};
/* clang-format on */

static void member_cells(struct table *table, const struct result *result,
			 const struct member_stats *member, const char *point)
{
	uint64_t trips = member->loads + member->stores + member->rmws,
		 all = counts_bounces(&result->total);
	struct member sum = { .layout = member->layout, .name = member->member,
			      .class = member->class, .offset = member->offset };

	for (size_t i = 0; i < result->pairs; i++)
		add_pair(&sum, 1, &result->pair[i]);
	table_text(table, "%s", point);
	if (*member->member)
		table_text(table, "%s.%s", member->layout, member->member);
	else
		table_text(table, "%s+%u", member->layout, member->offset);
	table_text(table, "%s", member->layout);
	table_text(table, "%s", member->member);
	table_count(table, member->offset);
	table_count(table, member->size);
	table_count(table, member->bounces);
	table_share(table, (double)member->bounces, (double)all);
	table_count(table, member->hitm);
	table_count(table, member->upgrades);
	table_count(table, trips);
	table_count(table, member->loads);
	table_count(table, member->stores);
	table_count(table, member->rmws);
	table_real(table, trips ? (double)member->wait_units / UNITS / (double)trips
				: (double)__builtin_nan(""));
	table_count(table, sum.false_sharing);
	view_cpus_cell(table, member->readers, member->reader_ids);
	view_cpus_cell(table, member->writers, member->writer_ids);
	table_text(table, "%s", member->reader_ids ? member->reader_ids : "");
	table_text(table, "%s", member->writer_ids ? member->writer_ids : "");
	taker_cell(table, &sum);
	table_count(table, sum.taken);
	table_text(table, "%s", view_class_names[member->class]);
}

void members_fill(struct table *table, const struct result *result, const char *point)
{
	for (size_t i = 0; i < result->members; i++)
		member_cells(table, result, &result->member[i], point);
}

static int most_bounces_first(const void *one, const void *other)
{
	const struct member_stats *a = *(const struct member_stats *const *)one,
				  *b = *(const struct member_stats *const *)other;

	if (a->bounces != b->bounces)
		return a->bounces > b->bounces ? -1 : 1;
	if (a->hitm != b->hitm)
		return a->hitm > b->hitm ? -1 : 1;
	return (a > b) - (a < b);       /* both in result->member, which is sorted */
}

void members_people(FILE *out, const struct result *result, const struct view_options *options)
{
	const struct member_stats **sorted = xalloc((result->members + 1) * sizeof *sorted);
	struct table *table = table_new(member_columns);

	for (size_t i = 0; i < result->members; i++)
		sorted[i] = &result->member[i];
	qsort(sorted, result->members, sizeof *sorted, most_bounces_first);
	for (size_t i = 0; i < result->members && i < options->top; i++)
		member_cells(table, result, sorted[i], "");
	if (table_rows(table))
		table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	else
		fputs("No member saw traffic between CPUs.\n", out);
	if (result->members > options->top)
		fprintf(out, "and %zu more of %zu members; --top %zu shows all\n",
			result->members - options->top, result->members, result->members);
	table_free(table);
	free(sorted);
}

/* ---- the view ---------------------------------------------------------------------------------- */

/* Structs that have no table, in a line or two. */
static void name_others(FILE *out, const struct member *members, size_t count)
{
	const struct member *last = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct member *member = &members[i];

		if (last && same_struct(last, member))
			continue;
		if (!last)
			fputs(member->bounces_of_struct ? "More structs: " : "Structs without a bounce: ",
			      out);
		else if (last->bounces_of_struct && !member->bounces_of_struct)
			fputs("; without a bounce: ", out);
		else
			fputs(", ", out);
		fputs(member->layout, out);
		last = member;
	}
	if (last)
		fputs("\n\n", out);
}

void fields_people(FILE *out, const struct result *result, const struct view_options *options)
{
	struct member *members = xalloc((result->fields + result->members + 1) * sizeof *members);
	size_t count = collect_members(result, members), structs = 0, at = 0;

	while (at < count && structs < options->top && (!structs || members[at].bounces_of_struct)) {
		at += print_struct(out, result, members + at, count - at, options);
		structs++;
	}
	name_others(out, members + at, count - at);
	view_false_sharing(out, result);
	free(members);
}
