/*
 * Structs as pahole shows them, with the traffic that each member drew; and false sharing: lines
 * of which a CPU lost its copy to writes of bytes that it does not use.
 */
#include "cli/fields.h"

#include <stdlib.h>
#include <string.h>

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
	{ "of all", NULL, false },      { "hitm", NULL, false, 2 },     { "readers", NULL, false },
	{ "writers", NULL, false },     { "mostly from", NULL, true },  { NULL, NULL, false },
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

static size_t collect_members(const struct result *result, struct member *members)
{
	size_t count = 0;

	for (size_t i = 0; i < result->fields; i++)
		add_field(members, &count, &result->field[i]);
	for (size_t i = 0; i < result->members; i++)
		add_traffic(members, &count, &result->member[i]);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (same_struct(&members[i], &members[j])) {
				members[i].of_struct += members[j].accesses;
				members[i].bounces_of_struct += bounces_of(&members[j]);
			}
	qsort(members, count, sizeof *members, busiest_struct_first);
	return count;
}

/* A row about bytes rather than a member: a hole, or where the next line begins. */
static void remark_row(struct table *table, unsigned offset, unsigned size, const char *text)
{
	table_count(table, offset);
	if (size)
		table_count(table, size);
	else
		table_blank(table);
	table_text(table, "%s", text);
	for (int i = 0; i < 8; i++)
		table_blank(table);
}

static void traffic_cells(struct table *table, const struct member_stats *traffic, uint64_t all)
{
	if (!traffic) {
		table_count(table, 0);
		for (int i = 0; i < 5; i++)
			table_blank(table);
		return;
	}
	table_count(table, traffic->loads + traffic->stores + traffic->rmws);
	table_count(table, traffic->bounces);
	table_share(table, (double)traffic->bounces, (double)all);
	table_count(table, traffic->hitm);
	table_count(table, traffic->readers);
	table_count(table, traffic->writers);
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
	traffic_cells(table, member->traffic, all);
	if (most) {
		const struct site *from = view_charged(&most->site, &most->caller);

		table_text(table, "%s %s", view_source(from, source, sizeof source),
			   from->function);
	} else {
		table_blank(table);
	}
}

/* The members of one struct are members[0 .. the result - 1]. */
static size_t print_struct(FILE *out, const struct member *members, size_t count, uint64_t all,
			   const struct view_options *options)
{
	const struct member *first = &members[0];
	struct table *table = table_new(struct_columns);
	char number[40];
	unsigned end = 0;       /* of the members so far */
	size_t i;

	for (i = 0; i < count && same_struct(&members[i], first); i++) {
		unsigned offset = members[i].offset;

		if (offset > end)
			remark_row(table, end, offset - end, "(not touched)");
		if (i && offset / LINE != members[i - 1].offset / LINE)
			remark_row(table, offset / LINE * LINE, 0, "---- next line ----");
		member_row(table, &members[i], all);
		if (offset + members[i].size > end)
			end = offset + members[i].size;
	}
	fprintf(out, "struct %s, %s: %s %s\n", first->layout, owners[first->class],
		number_count(number, sizeof number, first->bounces_of_struct),
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
	{ NULL, "stores", false },      { NULL, "rmws", false },        { "cycles each", "wait_cycles_mean", false },
	{ "readers", "readers", false },{ "writers", "writers", false },{ "class", "class", true },
	{ NULL, NULL, false },
};
/* clang-format on */

static void member_cells(struct table *table, const struct member_stats *member, uint64_t all,
			 const char *point)
{
	uint64_t trips = member->loads + member->stores + member->rmws;

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
	table_count(table, member->readers);
	table_count(table, member->writers);
	table_text(table, "%s", view_class_names[member->class]);
}

void members_fill(struct table *table, const struct result *result, const char *point)
{
	for (size_t i = 0; i < result->members; i++)
		member_cells(table, &result->member[i], counts_bounces(&result->total), point);
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
		member_cells(table, sorted[i], counts_bounces(&result->total), "");
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

/* ---- false sharing ------------------------------------------------------------------------ */

/* One member of a line, all its sites added up. */
struct share {
	unsigned offset;
	const char *member;
	uint64_t loads, writes;
	unsigned places, cpus;          /* sites, and the most CPUs at one of them */
};

enum { SHARES_MAX = 64 };

static size_t collect_shares(const struct result *result, const struct line_stats *line,
			     struct share *shares)
{
	size_t count = 0;

	for (size_t i = 0; i < result->sites; i++) {
		const struct site_stats *site = &result->site[i];
		size_t at = 0;

		if (site->line != line->offset)
			continue;
		while (at < count && (shares[at].offset != site->offset ||
				      strcmp(shares[at].member, site->member) != 0))
			at++;
		if (at == SHARES_MAX)
			continue;
		if (at == count)
			shares[count++] =
				(struct share){ .offset = site->offset, .member = site->member };
		shares[at].loads += site->loads;
		shares[at].writes += site->stores + site->rmws;
		shares[at].places++;
		if (site->cpus > shares[at].cpus)
			shares[at].cpus = site->cpus;
	}
	return count;
}

static int by_offset(const void *one, const void *other)
{
	const struct share *a = one, *b = other;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return strcmp(a->member, b->member);
}

/* Two members or more, one of them written: what one CPU writes costs others their bytes. */
static bool print_finding(FILE *out, const struct result *result, const struct line_stats *line)
{
	struct share shares[SHARES_MAX];
	size_t count = collect_shares(result, line, shares), written = 0;
	char misses[40], number[40];

	for (size_t i = 0; i < count; i++)
		written += shares[i].writes > 0;
	if (!line->false_sharing || count < 2 || !written)
		return false;
	qsort(shares, count, sizeof *shares, by_offset);
	fprintf(out,
		"FALSE SHARING in line %s: %s of its %s misses lost the line to bytes not used (%u CPUs write, %u read)\n",
		line->label, number_count(misses, sizeof misses, line->false_sharing),
		number_count(number, sizeof number, line->misses), line->writers, line->readers);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "  %2u  %s: ", shares[i].offset, shares[i].member);
		fprintf(out, "%s writes and ",
			number_count(number, sizeof number, shares[i].writes));
		fprintf(out, "%s reads that left the CPU's cache, by %u %s",
			number_count(number, sizeof number, shares[i].loads), shares[i].cpus,
			shares[i].cpus == 1 ? "CPU" : "CPUs");
		if (shares[i].places > 1)
			fprintf(out, " at each of %u places", shares[i].places);
		putc('\n', out);
	}
	return true;
}

static int most_false_sharing_first(const void *one, const void *other)
{
	const struct line_stats *a = *(const struct line_stats *const *)one,
				*b = *(const struct line_stats *const *)other;

	if (a->false_sharing != b->false_sharing)
		return a->false_sharing > b->false_sharing ? -1 : 1;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

enum { FINDINGS_MAX = 5 };

size_t view_false_sharing(FILE *out, const struct result *result)
{
	const struct line_stats **lines = xalloc((result->lines + 1) * sizeof *lines);
	size_t found = 0;
	char buf[40];

	for (size_t i = 0; i < result->lines; i++)
		lines[i] = &result->line[i];
	qsort(lines, result->lines, sizeof *lines, most_false_sharing_first);
	for (size_t i = 0; i < result->lines && found < FINDINGS_MAX; i++)
		found += print_finding(out, result, lines[i]);
	if (!result->total.misses_false_sharing)
		fputs("No false sharing: no copy of a line was lost to bytes that its CPU does not use.\n",
		      out);
	else
		fprintf(out, "All lines together: %s false-sharing misses.\n",
			number_count(buf, sizeof buf, result->total.misses_false_sharing));
	free(lines);
	return found;
}

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
		at += print_struct(out, members + at, count - at, counts_bounces(&result->total),
				   options);
		structs++;
	}
	name_others(out, members + at, count - at);
	view_false_sharing(out, result);
	free(members);
}
