/*
 * Which two members share a line to no purpose, and the padding or move that parts them.
 *
 * A false sharing miss lost its copy to accesses to bytes that its CPU does not use. The pairs of a
 * result say for which member; both directions of a pair are one finding. Cures, cheapest first:
 *
 *	a hole of the struct, in another line, that one of the two fits into     nothing
 *	one struct: padding in front of the later member, up to the next line    what the struct grows
 *	two alike that lie side by side: a line for each                         what each grows
 *	two of different kinds: the second begins a line                         a line at most
 */
#include "cli/findings.h"

#include <stdlib.h>
#include <string.h>

#include "cli/takers.h"
#include "sim/verbs/xalloc.h"

enum { STRUCT_MAX = 1 << 16 };          /* bytes of a struct that is searched for a hole */
enum { FINDINGS_MAX = 5 };              /* in sentences, those of 1 % of all or more */

/* ---- shapes ---------------------------------------------------------------------------------- */

/* Bytes of the struct; 0: it has no table of members. */
static unsigned struct_size(const struct result *result, const char *layout)
{
	for (size_t i = 0; i < result->shapes; i++)
		if (!strcmp(result->shape[i].layout, layout))
			return result->shape[i].struct_size;
	return 0;
}

static unsigned round_up(unsigned bytes, unsigned to)
{
	return (bytes + to - 1) / to * to;
}

static bool is_covered(const struct result *result, const char *layout, unsigned byte)
{
	for (size_t i = 0; i < result->shapes; i++) {
		const struct shape_stats *shape = &result->shape[i];

		if (!strcmp(shape->layout, layout) && byte >= shape->offset &&
		    byte < shape->offset + shape->size)
			return true;
	}
	return false;
}

/* Is a member in that line of the struct used, but for the one that moves? */
static bool is_used(const struct result *result, const struct meeting_side *moves, unsigned line)
{
	for (size_t i = 0; i < result->fields; i++) {
		const struct field_stats *field = &result->field[i];

		if (!strcmp(field->layout, moves->layout) && field->offset != moves->offset &&
		    field->offset / LINE <= line &&
		    field->offset + (field->size ? field->size : 1) > line * LINE)
			return true;
	}
	return false;
}

/* Where the member would fit, aligned by its size, into bytes that no member has, in a line that
 * nobody uses: among members in use they would only meet others. struct_size(): nowhere. */
static unsigned hole_for(const struct result *result, const struct meeting *finding,
			 const struct meeting_side *side)
{
	unsigned size = struct_size(result, side->layout),
		 align = side->size && side->size <= 8 ? side->size : 8;

	if (size > STRUCT_MAX)
		return size;
	for (unsigned at = 0; side->size && at + side->size <= size; at += align) {
		unsigned free = 0;

		if (at / LINE == finding->one.offset / LINE ||
		    at / LINE == finding->other.offset / LINE ||
		    is_used(result, side, at / LINE) ||
		    is_used(result, side, (at + side->size - 1) / LINE))
			continue;
		while (free < side->size && !is_covered(result, side->layout, at + free))
			free++;
		if (free == side->size)
			return at;
	}
	return size;
}

/* ---- cures ------------------------------------------------------------------------------------- */

/* The bytes of both are of one struct. */
static void cure_within(const struct result *result, struct meeting *f)
{
	const struct meeting_side *later = f->one.offset > f->other.offset ? &f->one : &f->other;
	const struct meeting_side *fewer = f->one.size < f->other.size ? &f->one : &f->other;
	unsigned size = struct_size(result, later->layout), hole, pad, grown;
	char name[128];

	if (!size)
		return;
	hole = hole_for(result, f, fewer);
	member_name(fewer->layout, fewer->member, fewer->offset, name, sizeof name);
	if (hole < size) {
		snprintf(f->cure, sizeof f->cure,
			 "move %s to the hole at byte %u, in another line: costs nothing", name,
			 hole);
		return;
	}
	pad = LINE - later->offset % LINE;
	grown = round_up(size + pad, LINE);
	f->bytes = grown - size;
	member_name(later->layout, later->member, later->offset, name, sizeof name);
	snprintf(f->cure, sizeof f->cure,
		 "%u bytes of padding before %s%s: from %u to %u bytes in all", pad, name,
		 size % LINE ? ", the struct aligned to a line" : "", size, grown);
}

/* Two structs of one kind, neighbours of an array. */
static void cure_array(const struct result *result, struct meeting *f)
{
	unsigned size = struct_size(result, f->one.layout), grown;

	if (!size)
		size = f->apart;
	grown = round_up(size, LINE);
	f->bytes = grown - size;
	if (f->bytes)
		snprintf(f->cure, sizeof f->cure,
			 "a line for each %s: it grows from %u to %u bytes, %u of them padding",
			 f->one.layout, size, grown, f->bytes);
	else
		snprintf(f->cure, sizeof f->cure, "align %s to %d bytes", f->one.layout, LINE);
}

static void cure_apart(struct meeting *f)
{
	f->bytes = LINE - 1;
	snprintf(f->cure, sizeof f->cure,
		 "begin %s or %s on a line of its own: %u bytes of padding at most", f->one.layout,
		 f->other.layout, f->bytes);
}

static void find_cure(const struct result *result, struct meeting *f)
{
	if (strcmp(f->one.layout, f->other.layout) != 0)
		cure_apart(f);
	else if (f->apart)
		cure_array(result, f);
	else
		cure_within(result, f);
}

/* ---- collecting -------------------------------------------------------------------------------- */

static bool is_side(const struct meeting_side *side, const char *layout, const char *member,
		    unsigned offset)
{
	return side->offset == offset && !strcmp(side->layout, layout) &&
	       !strcmp(side->member, member);
}

static struct meeting_side side_of(const char *layout, const char *member, unsigned offset,
				   unsigned size)
{
	return (struct meeting_side){ layout, member, offset, size, 0, "", "" };
}

/* The finding of that pair, in either direction; a new one at the end. */
static struct meeting *find(struct meeting *findings, size_t *count, const struct pair_stats *pair)
{
	for (size_t i = 0; i < *count; i++) {
		struct meeting *f = &findings[i];
		const struct meeting_side *one = &f->one, *other = &f->other;

		if (!f->apart != !pair->apart)
			continue;
		if ((is_side(one, pair->layout, pair->member, pair->offset) &&
		     is_side(other, pair->taker_layout, pair->taker_member, pair->taker_offset)) ||
		    (is_side(other, pair->layout, pair->member, pair->offset) &&
		     is_side(one, pair->taker_layout, pair->taker_member, pair->taker_offset)))
			return f;
	}
	findings[*count] = (struct meeting){
		.one = side_of(pair->layout, pair->member, pair->offset, pair->size),
		.other = side_of(pair->taker_layout, pair->taker_member, pair->taker_offset,
				 pair->taker_size),
		.apart = pair->apart,
	};
	return &findings[(*count)++];
}

static void add_pair(struct meeting *f, const struct pair_stats *pair)
{
	struct meeting_side *side = is_side(&f->one, pair->layout, pair->member, pair->offset)
					    ? &f->one
					    : &f->other;

	side->lost += pair->false_sharing;
	side->cpus = pair->cpu_ids ? pair->cpu_ids : "";
	side->takers = pair->taker_ids ? pair->taker_ids : "";
	f->false_sharing += pair->false_sharing;
	f->apart = pair->apart < f->apart ? pair->apart : f->apart;
}

static int most_first(const void *one, const void *other)
{
	const struct meeting *a = one, *b = other;
	int order = (a->false_sharing < b->false_sharing) - (a->false_sharing > b->false_sharing);

	if (!order)
		order = strcmp(a->one.layout, b->one.layout);
	if (!order)
		order = (a->one.offset > b->one.offset) - (a->one.offset < b->one.offset);
	if (!order)
		order = strcmp(a->other.layout, b->other.layout);
	return order ? order
		     : (a->other.offset > b->other.offset) - (a->other.offset < b->other.offset);
}

struct meeting *findings_of(const struct result *result, size_t *count)
{
	struct meeting *findings = xalloc((result->pairs + 1) * sizeof *findings);

	*count = 0;
	for (size_t i = 0; i < result->pairs; i++)
		if (result->pair[i].false_sharing)
			add_pair(find(findings, count, &result->pair[i]), &result->pair[i]);
	qsort(findings, *count, sizeof *findings, most_first);
	for (size_t i = 0; i < *count; i++)
		find_cure(result, &findings[i]);
	return findings;
}

/* ---- for people -------------------------------------------------------------------------------- */

static const char *name_of(const struct meeting_side *side, char *buf, size_t size)
{
	return member_name(side->layout, side->member, side->offset, buf, size);
}

static const struct member_stats *traffic_of(const struct result *result,
					     const struct meeting_side *side)
{
	for (size_t i = 0; i < result->members; i++) {
		const struct member_stats *member = &result->member[i];

		if (is_side(side, member->layout, member->member, member->offset))
			return member;
	}
	return NULL;
}

/* "CPU 3", "CPUs 0-3,7", "24 CPUs". */
static const char *cpus_in_words(const char *ids, char *buf, size_t size)
{
	char cpus[32];
	const char *shown = view_cpus(ids, cpus, sizeof cpus);

	if (shown != ids)
		snprintf(buf, size, "%s", shown);
	else
		snprintf(buf, size, "%s %s", ids[strspn(ids, "0123456789")] ? "CPUs" : "CPU", ids);
	return buf;
}

static void print_cpus(FILE *out, const char *what, const char *ids)
{
	char cpus[32];

	if (ids && *ids)
		fprintf(out, ", %s by %s", what, cpus_in_words(ids, cpus, sizeof cpus));
}

static void print_side(FILE *out, const struct result *result, const struct meeting_side *side,
		       const struct meeting_side *other)
{
	const struct member_stats *traffic = traffic_of(result, side);
	char name[128], cpus[2][32], number[40];

	fprintf(out, "  %s (bytes %u-%u)", name_of(side, name, sizeof name), side->offset,
		side->offset + (side->size ? side->size - 1 : 0));
	if (traffic) {
		print_cpus(out, "written", traffic->writer_ids);
		print_cpus(out, "read", traffic->reader_ids);
	}
	putc('\n', out);
	if (side->lost)
		fprintf(out, "    lost %s times by %s to the use of %s by %s\n",
			number_count(number, sizeof number, side->lost),
			cpus_in_words(side->cpus, cpus[0], sizeof *cpus),
			*other->member ? other->member : other->layout,
			cpus_in_words(side->takers, cpus[1], sizeof *cpus));
}

static void print_finding(FILE *out, const struct result *result, const struct meeting *f)
{
	char one[128], other[128], number[40];

	name_of(&f->one, one, sizeof one);
	name_of(&f->other, other, sizeof other);
	fprintf(out, "FALSE SHARING: %s misses, because ",
		number_count(number, sizeof number, f->false_sharing));
	if (!strcmp(one, other))
		fprintf(out, "%s of neighbours lie in one line, %u bytes apart\n", one, f->apart);
	else if (f->apart)
		fprintf(out, "%s and %s of another struct lie in one line, %u bytes apart\n", one,
			other, f->apart);
	else
		fprintf(out, "%s and %s lie in one line\n", one, other);
	print_side(out, result, &f->one, &f->other);
	if (strcmp(one, other) != 0)
		print_side(out, result, &f->other, &f->one);
	if (*f->cure)
		fprintf(out, "  To end it: %s.\n", f->cure);
}

size_t view_false_sharing(FILE *out, const struct result *result)
{
	size_t count, shown = 0;
	struct meeting *findings = findings_of(result, &count);
	char buf[40];

	while (shown < count && shown < FINDINGS_MAX &&
	       100 * findings[shown].false_sharing >= result->total.misses_false_sharing)
		print_finding(out, result, &findings[shown++]);
	if (count > shown)
		fprintf(out, "and %zu more %s of members with fewer: bounce report RESULT findings\n",
			count - shown, count - shown == 1 ? "pair" : "pairs");
	if (!result->total.misses_false_sharing)
		fputs("No false sharing: no copy of a line was lost to bytes that its CPU does not use.\n",
		      out);
	else
		fprintf(out, "All lines together: %s false-sharing misses.\n",
			number_count(buf, sizeof buf, result->total.misses_false_sharing));
	free(findings);
	return count;
}

/* ---- the view ------------------------------------------------------------------------------------ */

/* clang-format off */
const struct column finding_columns[] = {
	{ NULL, "point", true },
	{ "false sharing", "misses_false_sharing", false }, { "of all", "share", false, 2 },
	{ "member", NULL, true },       { NULL, "struct", true },       { NULL, "member", true },
	{ NULL, "offset", false },      { NULL, "lost", false },        { "CPUs", "cpus", true, 1 },
	{ "shares its line with", NULL, true }, { NULL, "other_struct", true }, { NULL, "other_member", true },
	{ NULL, "other_offset", false },{ NULL, "other_lost", false },  { "CPUs", "other_cpus", true, 1 },
	{ NULL, "bytes_apart", false }, { "costs bytes", "cure_bytes", false }, { "to end it", "cure", true },
	{ NULL, NULL, false },
};
/* clang-format on */

static void ids_cell(struct table *table, const char *ids)
{
	char cpus[32];

	table_both(table, false, view_cpus(ids, cpus, sizeof cpus), ids);
}

static void side_cells(struct table *table, const struct meeting_side *side,
		       const struct meeting_side *other)
{
	char name[128];

	table_text(table, "%s", name_of(side, name, sizeof name));
	table_text(table, "%s", side->layout);
	table_text(table, "%s", side->member);
	table_count(table, side->offset);
	table_count(table, side->lost);
	ids_cell(table, *side->cpus ? side->cpus : other->takers);
}

void findings_fill(struct table *table, const struct result *result, const char *point)
{
	size_t count;
	struct meeting *findings = findings_of(result, &count);

	for (size_t i = 0; i < count; i++) {
		const struct meeting *f = &findings[i];

		table_text(table, "%s", point);
		table_count(table, f->false_sharing);
		table_share(table, (double)f->false_sharing,
			    (double)result->total.misses_false_sharing);
		side_cells(table, &f->one, &f->other);
		side_cells(table, &f->other, &f->one);
		table_count(table, f->apart);
		table_count(table, f->bytes);
		table_text(table, "%s", f->cure);
	}
	free(findings);
}

void findings_people(FILE *out, const struct result *result, const struct view_options *options)
{
	struct table *table = table_new(finding_columns);

	findings_fill(table, result, "");
	if (table_rows(table)) {
		table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
		putc('\n', out);
	}
	view_false_sharing(out, result);
	table_free(table);
}
