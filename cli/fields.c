/*
 * Structs as pahole shows them, with the traffic that each member drew; and false sharing: lines
 * of which a CPU lost its copy to writes of bytes that it does not use.
 */
#include "cli/fields.h"

#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"

static const char *const owners[LINE_CLASSES] = { "the allocator's", "the workload's", "payload" };

/* clang-format off */
const struct column field_columns[] = {
	{ NULL, "point", true },        { NULL, "struct", true },       { "offset", "offset", false },
	{ "size", "size", false },      { "member", "member", true },   { "loads", "loads", false },
	{ "stores", "stores", false },  { "rmws", "rmws", false },      { "mostly from", NULL, true },
	{ NULL, "operation", true },    { NULL, "path", true },         { NULL, "source", true },
	{ NULL, "function", true },     { NULL, NULL, false },
};
/* clang-format on */

/* All sites of one member added up. */
struct member {
	const struct field_stats *first;        /* names and place */
	const struct field_stats *most;         /* its site with the most accesses */
	uint64_t loads, stores, rmws;
	uint64_t of_struct;                     /* accesses to the whole struct */
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
		table_blank(table);
		table_text(table, "%s", op_names[field->op]);
		table_text(table, "%s", field->path ? field->path : "");
		table_text(table, "%s", view_source(&field->site, source, sizeof source));
		table_text(table, "%s", field->site.function);
	}
}

static bool same_member(const struct field_stats *a, const struct field_stats *b)
{
	return a->offset == b->offset && a->size == b->size && a->class == b->class &&
	       !strcmp(a->layout, b->layout) && !strcmp(a->member, b->member);
}

static int busiest_struct_first(const void *one, const void *other)
{
	const struct member *a = one, *b = other;

	if (a->of_struct != b->of_struct)
		return a->of_struct > b->of_struct ? -1 : 1;

	int order = strcmp(a->first->layout, b->first->layout);

	if (order || a->first->class != b->first->class)
		return order ? order : (int)a->first->class - (int)b->first->class;
	if (a->first->offset != b->first->offset)
		return a->first->offset < b->first->offset ? -1 : 1;
	if (a->first->size != b->first->size)
		return a->first->size > b->first->size ? -1 : 1;
	return strcmp(a->first->member, b->first->member);
}

static size_t collect_members(const struct result *result, struct member *members)
{
	size_t count = 0;

	for (size_t i = 0; i < result->fields; i++) {
		const struct field_stats *field = &result->field[i];
		size_t at = 0;

		while (at < count && !same_member(members[at].first, field))
			at++;
		if (at == count)
			members[count++] = (struct member){ .first = field, .most = field };
		members[at].loads += field->loads;
		members[at].stores += field->stores;
		members[at].rmws += field->rmws;
		if (accesses(field) > accesses(members[at].most))
			members[at].most = field;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < result->fields; j++)
			if (!strcmp(members[i].first->layout, result->field[j].layout))
				members[i].of_struct += accesses(&result->field[j]);
	qsort(members, count, sizeof *members, busiest_struct_first);
	return count;
}

/* A row about bytes rather than a member: a hole, or where the next line begins. */
static void remark_row(struct table *table, unsigned offset, unsigned size, const char *text)
{
	table_blank(table);
	table_blank(table);
	table_count(table, offset);
	if (size)
		table_count(table, size);
	else
		table_blank(table);
	table_text(table, "%s", text);
	for (int i = 0; i < 8; i++)
		table_blank(table);
}

static void member_row(struct table *table, const struct member *member)
{
	const struct field_stats *first = member->first, *most = member->most;
	char source[256];

	table_blank(table);
	table_text(table, "%s", first->layout);
	table_count(table, first->offset);
	table_count(table, first->size);
	table_text(table, "%s", *first->member ? first->member : "-");
	table_count(table, member->loads);
	table_count(table, member->stores);
	table_count(table, member->rmws);
	table_text(table, "%s %s", view_source(&most->site, source, sizeof source),
		   most->site.function);
	for (int i = 0; i < 4; i++)
		table_blank(table);
}

/* The members of one struct are members[0 .. the result - 1]. */
static size_t print_struct(FILE *out, const struct member *members, size_t count,
			   const struct view_options *options)
{
	const struct field_stats *first = members[0].first;
	struct table *table = table_new(field_columns);
	unsigned end = 0;       /* of the members so far */
	size_t i;

	for (i = 0; i < count && !strcmp(members[i].first->layout, first->layout) &&
		    members[i].first->class == first->class;
	     i++) {
		unsigned offset = members[i].first->offset;

		if (offset > end)
			remark_row(table, end, offset - end, "(not touched)");
		if (i && offset / LINE != members[i - 1].first->offset / LINE)
			remark_row(table, offset / LINE * LINE, 0, "---- next line ----");
		member_row(table, &members[i]);
		if (offset + members[i].first->size > end)
			end = offset + members[i].first->size;
	}
	fprintf(out, "struct %s, %s\n", first->layout, owners[first->class]);
	table_print(table, out, TABLE_PEOPLE, NULL, 2, options->colour);
	putc('\n', out);
	table_free(table);
	return i;
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

void fields_people(FILE *out, const struct result *result, const struct view_options *options)
{
	struct member *members = xalloc((result->fields + 1) * sizeof *members);
	size_t count = collect_members(result, members), structs = 0, at = 0;

	while (at < count && structs < options->top) {
		at += print_struct(out, members + at, count - at, options);
		structs++;
	}
	if (at < count)
		fprintf(out, "and more structs; --top %zu shows more\n\n", 2 * options->top);
	view_false_sharing(out, result);
	free(members);
}
