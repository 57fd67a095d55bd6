/*
 * Views of a report: lines (after perf c2c), sites, cpus, locks, paths, orders. The view of structs,
 * after pahole, is in cli/fields.c, who took lines in cli/takers.c.
 */
#include "cli/views.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fields.h"
#include "cli/findings.h"
#include "cli/overview.h"
#include "cli/takers.h"
#include "sim/verbs/xalloc.h"

enum {
	UNITS = 64, /* units of time in a cycle */
	DETAILED_LINES = 5, /* worst lines that are shown member by member ... */
	DETAILED_PERCENT = 5, /* ... those beyond the second if they have so much of all bounces */
	DETAIL_ROWS = 16, /* rows of one of them */
};

const char *const view_class_names[LINE_CLASSES] = { "allocator", "workload", "payload" };

uint64_t counts_bounces(const struct counts *counts)
{
	uint64_t sum = 0;

	for (int i = 0; i < LINE_CLASSES; i++)
		sum += counts->bounces[i];
	return sum;
}

static double cycles(uint64_t units)
{
	return (double)units / UNITS;
}

/* NAN, shown as "-", where there is nothing to divide by. */
static double per(double value, uint64_t count)
{
	return count ? value / (double)count : (double)__builtin_nan("");
}

const char *view_source(const struct site *site, char *buf, size_t size)
{
	const char *file = site->file ? site->file : "?";

	snprintf(buf, size, "%s:%u", strncmp(file, "./", 2) ? file : file + 2, site->line);
	return buf;
}

/* "bit_spin_lock" of "bit_spin_lock_at". */
static const char *lock_verb(const char *function, char *buf, size_t size)
{
	size_t length = strlen(function);

	if (length > 3 && !strcmp(function + length - 3, "_at"))
		length -= 3;
	snprintf(buf, size, "%.*s", (int)length, function);
	return buf;
}

static void site_cell(struct table *table, const struct site *site)
{
	char source[256];

	table_text(table, "%s", site->line ? view_source(site, source, sizeof source) : "");
}

/* Accesses that left the CPU's own caches. */
static uint64_t trips(const struct site_stats *site)
{
	return site->loads + site->stores + site->rmws;
}

static const char *verb_of(const struct site_stats *site)
{
	if (site->loads == trips(site))
		return site->loads ? "load" : "store";
	if (site->stores == trips(site))
		return "store";
	return site->rmws == trips(site) ? "rmw" : "several";
}

const struct site *view_charged(const struct site *site, const struct site *caller)
{
	return caller->line ? caller : site;
}

/* Whose it is: of a lock its caller. */
static const struct site *charged(const struct site_stats *site)
{
	return view_charged(&site->site, &site->caller);
}

/* "models/slub/slab.h:27 slab_lock" and, inside a lock, how far it was: ", bit_spin_lock:349". */
static void from_cell(struct table *table, const struct site_stats *site)
{
	const struct site *from = charged(site);
	char source[256], verb[48];

	view_source(from, source, sizeof source);
	if (from == &site->site)
		table_text(table, "%s %s", source, from->function);
	else
		table_text(table, "%s %s, %s:%u", source, from->function,
			   lock_verb(site->site.function, verb, sizeof verb),
			   site->site.line);
}

/* "free" or "free, slow": the operation and the path it took. */
static void operation_cell(struct table *table, enum op op, const char *path)
{
	table_text(table, "%s%s%s", op_names[op], path && *path ? ", " : "", path ? path : "");
}

static const char *counted(char *buf, size_t size, uint64_t count, const char *one,
			   const char *many)
{
	char number[32];

	snprintf(buf, size, "%s %s", number_count(number, sizeof number, count),
		 count == 1 ? one : many);
	return buf;
}

static void print_length(FILE *out, const struct result *result)
{
	char buf[64];

	fprintf(out, "%s", counted(buf, sizeof buf, result->operations, "operation", "operations"));
	fprintf(out, " in %s",
		counted(buf, sizeof buf, result->elapsed_units / UNITS, "cycle", "cycles"));
	fprintf(out, " on %s\n", counted(buf, sizeof buf, result->cpus, "CPU", "CPUs"));
}

static void print_outcome(FILE *out, const struct result *result)
{
	if (result->outcome != OUTCOME_DONE)
		fprintf(out, "this run did not end well: %s%s%s\n", outcome_names[result->outcome],
			*result->message ? ": " : "", result->message);
}

void view_headline(FILE *out, const struct result *result)
{
	char buf[64], number[LINE_CLASSES + 1][40];
	uint64_t bounces = counts_bounces(&result->total);

	print_length(out, result);
	for (int i = 0; i < LINE_CLASSES; i++)
		number_real(number[i], sizeof *number,
			    per((double)result->total.bounces[i], result->operations));
	number_real(number[LINE_CLASSES], sizeof *number, per((double)bounces, result->operations));
	fprintf(out, "%s", counted(buf, sizeof buf, bounces, "bounce", "bounces"));
	fprintf(out, ", %s per operation: allocator %s, workload %s, payload %s\n", number[3],
		number[0], number[1], number[2]);
	print_outcome(out, result);
}

/* clang-format off */
static const struct column time_columns[] = {
	{ "operation", NULL, true }, { "operations", NULL, false }, { "cycles, mean", NULL, false },
	{ "median", NULL, false }, { "99 %", NULL, false }, { "longest", NULL, false }, { NULL, NULL, false },
};
/* clang-format on */

void view_times(FILE *out, const struct result *result, const struct view_options *options)
{
	struct table *table = table_new(time_columns);

	print_length(out, result);
	fputs("on a host's processors only times are seen: no lines, causes and bytes alive\n", out);
	print_outcome(out, result);
	for (enum op op = OP_NONE; op < OPS; op++) {
		const struct op_stats *s = &result->op[op];

		if (!s->count)
			continue;
		table_text(table, "%s", op_names[op]);
		table_count(table, s->count);
		table_real(table, per(cycles(s->total_units), s->count));
		table_real(table, cycles(s->p50_units));
		table_real(table, cycles(s->p99_units));
		table_real(table, cycles(s->max_units));
	}
	if (table_rows(table)) {
		putc('\n', out);
		table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	}
	table_free(table);
}

/* ---- lines ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct column line_columns[] = {
	{ NULL, "point", true },        { "line", "line", true },         { NULL, "offset", false },
	{ "bounces", "bounces", false },{ NULL, "bounces_allocator", false }, { NULL, "bounces_workload", false },
	{ NULL, "bounces_payload", false }, { "of all", "share", false },     { "hitm", "hitm", false, 2 },
	{ "upgrades", "upgrades", false, 4 }, { "misses", "misses", false, 3 }, { NULL, "invalidations", false },
	{ "false sharing", "misses_false_sharing", false }, { NULL, "misses_true_sharing", false },
	{ "readers", "readers", true, 1 },{ "writers", "writers", true, 1 },
	{ NULL, "reader_cpus", true },  { NULL, "writer_cpus", true },
	{ "class", "class", true, 5 },  { "members", "members", true },
	{ NULL, "taken", false },       { NULL, "taken_by", true },     { NULL, "taken_by_cpus", true },
	{ NULL, NULL, false },
};
/* clang-format on */

void view_cpus_cell(struct table *table, unsigned count, const char *ids)
{
	char people[32], program[24];

	snprintf(program, sizeof program, "%u", count);
	table_both(table, true, ids ? view_cpus(ids, people, sizeof people) : program, program);
}

static bool is_of_line(const struct site_stats *site, const void *line)
{
	return site->line == ((const struct line_stats *)line)->offset;
}

/* Whose bounces it had: of two kinds of memory in one line, or of memory that changed its use, both. */
static void class_cell(struct table *table, const struct line_stats *line)
{
	char text[48] = "";
	size_t have = 0;

	for (int i = 0; i < LINE_CLASSES; i++)
		if (line->bounces[i])
			have += (size_t)snprintf(text + have, sizeof text - have, "%s%s",
						 have ? "+" : "", view_class_names[i]);
	table_text(table, "%s", have ? text : view_class_names[line->class]);
}

/* How often it was taken, by which member and CPUs most. */
static void taken_cells(struct table *table, const struct taker_sum *takers, size_t count)
{
	char ids[4096];

	table_count(table, takers_count(takers, count));
	table_text(table, "%s", count ? takers->one->member : "");
	table_text(table, "%s", count ? cpu_set_text(&takers->cpus, ids, sizeof ids) : "");
}

static void line_row(struct table *table, const struct result *result,
		     const struct line_stats *line, const char *point)
{
	uint64_t all = counts_bounces(&result->total), bounces = bounces_of_line(line);
	size_t count;
	struct taker_sum *takers = takers_of(result, is_of_line, line, &count);

	table_text(table, "%s", point);
	table_text(table, "%s", line->label);
	table_count(table, line->offset);
	table_count(table, bounces);
	for (int i = 0; i < LINE_CLASSES; i++)
		table_count(table, line->bounces[i]);
	table_share(table, (double)bounces, (double)all);
	table_count(table, line->hitm);
	table_count(table, line->upgrades);
	table_count(table, line->misses);
	table_count(table, line->invalidations);
	table_count(table, line->false_sharing);
	table_count(table, line->true_sharing);
	view_cpus_cell(table, line->readers, line->reader_ids);
	view_cpus_cell(table, line->writers, line->writer_ids);
	table_text(table, "%s", line->reader_ids ? line->reader_ids : "");
	table_text(table, "%s", line->writer_ids ? line->writer_ids : "");
	class_cell(table, line);
	table_text(table, "%s", line->members);
	taken_cells(table, takers, count);
	free(takers);
}

static void lines_fill(struct table *table, const struct result *result, const char *point)
{
	for (size_t i = 0; i < result->lines; i++)
		line_row(table, result, &result->line[i], point);
}

/* clang-format off */
static const struct column kind_columns[] = {
	{ "kind of line", NULL, true }, { "lines", NULL, false }, { "bounces", NULL, false }, { "of all", NULL, false },
	{ "per operation", NULL, false }, { "class", NULL, true }, { NULL, NULL, false },
};
/* clang-format on */

struct kind {
	const char *label;
	size_t length;                  /* of the label up to its index */
	enum line_class class;
	uint64_t lines, bounces;
};

static int more_bounces_of_kind(const void *one, const void *other)
{
	const struct kind *a = one, *b = other;
	int order = (a->bounces < b->bounces) - (a->bounces > b->bounces);

	return order ? order : strcmp(a->label, b->label);
}

static struct kind *kind_get(struct kind *kinds, size_t *count, const struct line_stats *line,
			     enum line_class class)
{
	size_t length = strcspn(line->label, "["), at = 0;

	while (at < *count && (kinds[at].class != class || kinds[at].length != length ||
			       strncmp(kinds[at].label, line->label, length) != 0))
		at++;
	if (at == *count)
		kinds[(*count)++] = (struct kind){ line->label, length, class, 0, 0 };
	return &kinds[at];
}

/* Lines whose labels differ in their index only are one kind: page[513] and page[514]. One whose
 * bounces are of two classes is of two kinds. */
static size_t collect_kinds(const struct result *result, struct kind *kinds)
{
	size_t count = 0;

	for (size_t i = 0; i < result->lines; i++) {
		const struct line_stats *line = &result->line[i];
		bool any = bounces_of_line(line);

		for (enum line_class class = 0; class < LINE_CLASSES; class ++) {
			struct kind *kind;

			if (any ? !line->bounces[class] : class != line->class)
				continue;
			kind = kind_get(kinds, &count, line, class);
			kind->lines++;
			kind->bounces += line->bounces[class];
		}
	}
	qsort(kinds, count, sizeof *kinds, more_bounces_of_kind);
	return count;
}

static void print_kinds(FILE *out, const struct result *result, const struct view_options *options)
{
	struct kind *kinds = xalloc((LINE_CLASSES * result->lines + 1) * sizeof *kinds);
	size_t count = collect_kinds(result, kinds);
	struct table *table = table_new(kind_columns);
	uint64_t all = counts_bounces(&result->total), rest = all;

	for (size_t i = 0; i < count && i < options->top; i++) {
		const struct kind *kind = &kinds[i];

		table_text(table, "%.*s", (int)kind->length, kind->label);
		table_count(table, kind->lines);
		table_count(table, kind->bounces);
		table_share(table, (double)kind->bounces, (double)all);
		table_real(table, per((double)kind->bounces, result->operations));
		table_text(table, "%s", view_class_names[kind->class]);
		rest -= kind->bounces;
	}
	if (rest) {
		table_text(table, "(others)");
		table_blank(table);
		table_count(table, rest);
		table_share(table, (double)rest, (double)all);
		table_real(table, per((double)rest, result->operations));
		table_blank(table);
	}
	table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	table_free(table);
	free(kinds);
}

/* clang-format off */
static const struct column detail_columns[] = {
	{ "offset", NULL, false }, { "member", NULL, true }, { "verb", NULL, true }, { "trips", NULL, false },
	{ "bounces", NULL, false }, { "hitm", NULL, false, 2 }, { "cycles each", NULL, false, 1 },
	{ "CPUs", NULL, true, 3 }, { "operation", NULL, true }, { "from", NULL, true }, { NULL, NULL, false },
};
/* clang-format on */

static int by_offset_then_bounces(const void *one, const void *other)
{
	const struct site_stats *a = *(const struct site_stats *const *)one,
				*b = *(const struct site_stats *const *)other;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	if (a->bounces != b->bounces)
		return a->bounces > b->bounces ? -1 : 1;
	return (a > b) - (a < b);       /* both in result->site, which is sorted */
}

static bool is_site(const struct site_stats *site, const void *which)
{
	return site == which;
}

static void taker_place_cell(struct table *table, const struct taker_stats *taker)
{
	const struct site *from = view_charged(&taker->site, &taker->caller);
	char source[256];

	table_text(table, "%s %s", view_source(from, source, sizeof source), from->function);
}

/* Below a place: who took the line from there, the first of them, or all on wide paper. */
static size_t takers_shown(size_t count, const struct view_options *options)
{
	return options->wide || count < 1 ? count : 1;
}

static void detail_taker_row(struct table *table, const struct taker_sum *taker)
{
	char ids[4096], cpus[32];

	table_count(table, taker->one->offset);
	table_text(table, "%s", taker->one->member);
	table_blank(table);
	table_count(table, taker->count);
	for (int i = 0; i < 4; i++)
		table_blank(table);
	cpu_set_text(&taker->cpus, ids, sizeof ids);
	table_text(table, "  taken by %s", view_cpus(ids, cpus, sizeof cpus));
	taker_place_cell(table, taker->one);
}

static void detail_takers(struct table *table, const struct result *result,
			  const struct site_stats *site, const struct view_options *options)
{
	size_t count;
	struct taker_sum *takers = takers_of(result, is_site, site, &count);

	for (size_t i = 0; i < takers_shown(count, options); i++)
		detail_taker_row(table, &takers[i]);
	free(takers);
}

static void detail_row(struct table *table, const struct site_stats *site)
{
	table_count(table, site->offset);
	table_text(table, "%s", site->member);
	table_text(table, "%s", verb_of(site));
	table_count(table, trips(site));
	table_count(table, site->bounces);
	table_count(table, site->hitm);
	table_real(table, per(cycles(site->wait_units), trips(site)));
	view_cpus_cell(table, site->cpus, site->cpu_ids);
	operation_cell(table, site->op, site->path);
	from_cell(table, site);
}

/* One line, member by member: who touches it from where. Places that never left the cache have
 * cost nothing. */
static void print_line_detail(FILE *out, const struct result *result, const struct line_stats *line,
			      const struct view_options *options)
{
	const struct site_stats **sites = xalloc((result->sites + 1) * sizeof *sites);
	struct table *table = table_new(detail_columns);
	size_t count = 0;
	char buf[64];

	for (size_t i = 0; i < result->sites; i++)
		if (result->site[i].line == line->offset &&
		    (trips(&result->site[i]) || result->site[i].bounces))
			sites[count++] = &result->site[i];
	qsort(sites, count, sizeof *sites, by_offset_then_bounces);
	for (size_t i = 0; i < count && i < DETAIL_ROWS; i++) {
		detail_row(table, sites[i]);
		detail_takers(table, result, sites[i], options);
	}
	fprintf(out, "\n%s, %d bytes: %s\n", line->label, LINE,
		counted(buf, sizeof buf, bounces_of_line(line), "bounce", "bounces"));
	if (count)
		table_print(table, out, TABLE_PEOPLE, NULL, 2, options->paper);
	if (count > DETAIL_ROWS)
		fprintf(out, "  and %zu more %s: bounce report RESULT sites\n", count - DETAIL_ROWS,
			count == DETAIL_ROWS + 1 ? "place" : "places");
	table_free(table);
	free(sites);
}

static void lines_people(FILE *out, const struct result *result, const struct view_options *options)
{
	struct table *table = table_new(line_columns);
	uint64_t all = counts_bounces(&result->total), shown = 0;
	size_t rows = result->lines < options->top ? result->lines : options->top;
	char buf[64];

	if (!result->lines) {
		fputs("No line saw traffic between CPUs.\n", out);
		table_free(table);
		return;
	}
	print_kinds(out, result, options);
	putc('\n', out);
	for (size_t i = 0; i < rows; i++) {
		line_row(table, result, &result->line[i], "");
		shown += bounces_of_line(&result->line[i]);
	}
	table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	if (shown < all)
		fprintf(out, "All other lines together: %s.\n",
			counted(buf, sizeof buf, all - shown, "bounce", "bounces"));
	for (size_t i = 0; i < rows && i < DETAILED_LINES &&
			   (i < 2 ||
			    100 * bounces_of_line(&result->line[i]) >= DETAILED_PERCENT * all);
	     i++)
		print_line_detail(out, result, &result->line[i], options);
	table_free(table);
}

/* ---- sites ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct column site_columns[] = {
	{ NULL, "point", true },        { NULL, "source", true },       { NULL, "function", true },
	{ NULL, "operand", true },      { NULL, "caller", true },       { NULL, "caller_function", true },
	{ NULL, "caller_operand", true }, { NULL, "operation", true },  { NULL, "path", true },
	{ NULL, "line", true },         { NULL, "line_offset", false }, { NULL, "member_offset", false },
	{ NULL, "member", true },       { NULL, "loads", false },       { NULL, "stores", false },
	{ NULL, "rmws", false },        { NULL, "bounces", false },     { NULL, "share", false },
	{ NULL, "hitm", false },        { NULL, "upgrades", false },    { NULL, "wait_cycles_mean", false },
	{ NULL, "cpus", true },         { NULL, "taken", false },       { NULL, "taken_by", true },
	{ NULL, "taken_by_cpus", true }, { NULL, "taken_by_source", true }, { NULL, "taken_share", false },
	{ NULL, NULL, false },
};
/* clang-format on */

const char *view_line_label(const struct result *result, uint64_t offset)
{
	for (size_t i = 0; i < result->lines; i++)
		if (result->line[i].offset == offset)
			return result->line[i].label;
	return "";
}

static void site_row(struct table *table, const struct result *result,
		     const struct site_stats *site, const char *point)
{
	static const struct site nowhere = { "", 0, "", "" };
	size_t count;
	struct taker_sum *takers = takers_of(result, is_site, site, &count);

	table_text(table, "%s", point);
	site_cell(table, &site->site);
	table_text(table, "%s", site->site.function);
	table_text(table, "%s", site->site.text);
	site_cell(table, &site->caller);
	table_text(table, "%s", site->caller.function);
	table_text(table, "%s", site->caller.text);
	table_text(table, "%s", op_names[site->op]);
	table_text(table, "%s", site->path ? site->path : "");
	table_text(table, "%s", view_line_label(result, site->line));
	table_count(table, site->line);
	table_count(table, site->offset);
	table_text(table, "%s", site->member);
	table_count(table, site->loads);
	table_count(table, site->stores);
	table_count(table, site->rmws);
	table_count(table, site->bounces);
	table_share(table, (double)site->bounces, (double)counts_bounces(&result->total));
	table_count(table, site->hitm);
	table_count(table, site->upgrades);
	table_real(table, per(cycles(site->wait_units), trips(site)));
	table_text(table, "%s", site->cpu_ids ? site->cpu_ids : "");
	taken_cells(table, takers, count);
	site_cell(table, count ? view_charged(&takers->one->site, &takers->one->caller) : &nowhere);
	table_share(table, count ? (double)takers->count : 0, (double)takers_count(takers, count));
	free(takers);
}

static void sites_fill(struct table *table, const struct result *result, const char *point)
{
	for (size_t i = 0; i < result->sites; i++)
		site_row(table, result, &result->site[i], point);
}

static int by_charged(const void *one, const void *other)
{
	const struct site_stats *a = one, *b = other;
	const struct site *x = charged(a), *y = charged(b);
	int order = strcmp(x->file, y->file);

	if (!order && x->line != y->line)
		order = x->line < y->line ? -1 : 1;
	if (!order)
		order = strcmp(x->function, y->function);
	if (!order)
		order = strcmp(x->text, y->text);
	if (!order && a->op != b->op)
		order = a->op < b->op ? -1 : 1;
	return order ? order : strcmp(a->path ? a->path : "", b->path ? b->path : "");
}

static int most_bounces_first(const void *one, const void *other)
{
	const struct site_stats *a = one, *b = other;

	if (a->bounces != b->bounces)
		return a->bounces > b->bounces ? -1 : 1;
	if (a->hitm != b->hitm)
		return a->hitm > b->hitm ? -1 : 1;
	if (a->wait_units != b->wait_units)
		return a->wait_units > b->wait_units ? -1 : 1;

	return by_charged(one, other);
}

/* The sites of all lines added up by place in the source: that of the caller for a lock. */
static size_t merge_sites(const struct result *result, struct site_stats *places)
{
	size_t count = 0;

	if (result->sites)
		memcpy(places, result->site, result->sites * sizeof *places);
	qsort(places, result->sites, sizeof *places, by_charged);
	for (size_t i = 0; i < result->sites; i++) {
		const struct site_stats *site = &places[i];
		struct site_stats *place = count ? &places[count - 1] : NULL;

		if (!place || by_charged(place, site)) {
			places[count++] = *site;
			continue;
		}
		place->loads += site->loads;
		place->stores += site->stores;
		place->rmws += site->rmws;
		place->bounces += site->bounces;
		place->hitm += site->hitm;
		place->upgrades += site->upgrades;
		place->wait_units += site->wait_units;
	}
	qsort(places, count, sizeof *places, most_bounces_first);
	return count;
}

/* clang-format off */
static const struct column place_columns[] = {
	{ "bounces", NULL, false }, { "of all", NULL, false }, { "hitm", NULL, false, 2 }, { "trips", NULL, false, 1 },
	{ "cycles each", NULL, false }, { "operation", NULL, true }, { "from", NULL, true },
	{ "source", NULL, true }, { NULL, NULL, false },
};
/* clang-format on */

/* As it stands there, "store(&c->freelist)"; of a lock the call. */
static void source_cell(struct table *table, const struct site_stats *place)
{
	if (place->caller.line)
		table_text(table, "%s", place->caller.text);
	else
		table_text(table, "%s(%s)", verb_of(place), place->site.text);
}

static void place_row(struct table *table, const struct result *result,
		      const struct site_stats *place)
{
	const struct site *from = charged(place);
	char source[256];

	table_count(table, place->bounces);
	table_share(table, (double)place->bounces, (double)counts_bounces(&result->total));
	table_count(table, place->hitm);
	table_count(table, trips(place));
	table_real(table, per(cycles(place->wait_units), trips(place)));
	operation_cell(table, place->op, place->path);
	table_text(table, "%s %s", view_source(from, source, sizeof source), from->function);
	source_cell(table, place);
}

static bool is_of_place(const struct site_stats *site, const void *place)
{
	return !by_charged(site, place);
}

static void place_taker_row(struct table *table, const struct taker_sum *taker, uint64_t all)
{
	const struct taker_stats *one = taker->one;
	char ids[4096], cpus[32];

	table_blank(table);
	table_share(table, (double)taker->count, (double)all);
	table_blank(table);
	table_count(table, taker->count);
	table_blank(table);
	cpu_set_text(&taker->cpus, ids, sizeof ids);
	table_text(table, "  taken by %s", view_cpus(ids, cpus, sizeof cpus));
	taker_place_cell(table, one);
	table_text(table, "%s", one->caller.line ? one->caller.text : one->site.text);
}

static void place_takers(struct table *table, const struct result *result,
			 const struct site_stats *place, const struct view_options *options)
{
	size_t count;
	struct taker_sum *takers = takers_of(result, is_of_place, place, &count);
	uint64_t all = takers_count(takers, count);

	for (size_t i = 0; i < takers_shown(count, options); i++)
		place_taker_row(table, &takers[i], all);
	free(takers);
}

static void sites_people(FILE *out, const struct result *result, const struct view_options *options)
{
	struct site_stats *places = xalloc((result->sites + 1) * sizeof *places);
	size_t count = merge_sites(result, places);
	struct table *table = table_new(place_columns);

	for (size_t i = 0; i < count && i < options->top; i++) {
		place_row(table, result, &places[i]);
		place_takers(table, result, &places[i], options);
	}
	table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	if (count > options->top)
		fprintf(out, "and %zu more of %zu places; --top %zu shows all\n",
			count - options->top, count, count);
	table_free(table);
	free(places);
}

/* ---- cpus ------------------------------------------------------------------------------- */

/* Programs read everything in cycles; people see counts here and the causes in a table of their own. */
/* clang-format off */
static const struct column cpu_columns[] = {
	{ NULL, "point", true },
	{ "CPU", "cpu", true }, { "loads", "loads", false }, { "stores", "stores", false }, { "rmws", "rmws", false },
	{ "bounces", "bounces", false },
	{ "allocator's", "bounces_allocator", false }, { "workload's", "bounces_workload", false, 2 }, { "payload", "bounces_payload", false, 2 },
	{ "hitm", NULL, false }, { NULL, "hitm_loads", false }, { NULL, "hitm_stores", false }, { "remote", "hitm_remote", false, 1 },
	{ "upgrades", "upgrades", false, 1 }, { "killed", "invalidations", false, 1 }, { "misses", "misses", false },
	{ NULL, "misses_cold", false }, { NULL, "misses_capacity", false },
	{ NULL, "misses_true_sharing", false }, { NULL, "misses_false_sharing", false },
	{ "irqs off, longest", "irq_off_cycles_max", false, 3 }, { NULL, "irq_off_cycles", false },
	{ NULL, "ipis", false }, { NULL, "lock_spins", false },
	{ NULL, "cycles_interrupts", false }, { NULL, "cycles_lock_spin", false }, { NULL, "cycles_busy", false },
	{ NULL, "cycles_transfer_same", false }, { NULL, "cycles_transfer_cross", false }, { NULL, "cycles_upgrade", false },
	{ NULL, "cycles_shared_level", false }, { NULL, "cycles_memory", false }, { NULL, "cycles_store_buffer", false },
	{ NULL, "cycles_locked", false }, { NULL, "cycles_private_hit", false }, { NULL, "cycles_compute", false },
	{ NULL, "cycles_idle", false },
	{ NULL, NULL, false },
};
/* clang-format on */
_Static_assert(CAUSES == 13, "cpu_columns names every cause");

static void cpu_row(struct table *table, const struct counts *counts, const char *point,
		    const char *cpu)
{
	table_text(table, "%s", point);
	table_text(table, "%s", cpu);
	table_count(table, counts->loads);
	table_count(table, counts->stores);
	table_count(table, counts->rmws);
	table_count(table, counts_bounces(counts));
	for (int i = 0; i < LINE_CLASSES; i++)
		table_count(table, counts->bounces[i]);
	table_count(table, counts->hitm_loads + counts->hitm_stores);
	table_count(table, counts->hitm_loads);
	table_count(table, counts->hitm_stores);
	table_count(table, counts->hitm_remote);
	table_count(table, counts->upgrades);
	table_count(table, counts->invalidations);
	table_count(table, counts->misses);
	table_count(table, counts->misses_cold);
	table_count(table, counts->misses_capacity);
	table_count(table, counts->misses_true_sharing);
	table_count(table, counts->misses_false_sharing);
	table_real(table, cycles(counts->irq_off_units_max));
	table_real(table, cycles(counts->irq_off_units));
	table_count(table, counts->ipis);
	table_count(table, counts->lock_spins);
	for (int i = 0; i < CAUSES; i++)
		table_real(table, cycles(counts->cause_units[i]));
}

static void cpus_fill(struct table *table, const struct result *result, const char *point)
{
	char name[24];

	for (unsigned i = 0; i < result->cpus; i++) {
		snprintf(name, sizeof name, "%u", i);
		cpu_row(table, &result->cpu[i], point, name);
	}
	cpu_row(table, &result->total, point, "all");
}

static uint64_t cause_sum(const struct counts *counts)
{
	uint64_t sum = 0;

	for (int i = 0; i < CAUSES; i++)
		sum += counts->cause_units[i];
	return sum;
}

static void cause_row(struct table *table, const struct counts *counts, const char *cpu)
{
	uint64_t all = cause_sum(counts);

	table_text(table, "%s", cpu);
	for (int i = 0; i < CAUSES; i++)
		table_share(table, (double)counts->cause_units[i], (double)all);
	table_real(table, cycles(all));
}

/* Causes that no CPU met have no column. */
static void print_causes(FILE *out, const struct result *result, const struct view_options *options)
{
	struct column columns[CAUSES + 3] = { { "CPU", NULL, true } };
	char titles[CAUSES][32];
	char name[24];

	for (int i = 0; i < CAUSES; i++) {
		snprintf(titles[i], sizeof *titles, "%s", cause_names[i]);
		for (char *c = titles[i]; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		/* a key without a title keeps the column, unseen */
		columns[1 + i] = (struct column){ result->total.cause_units[i] ? titles[i] : NULL,
						  "unseen", false,
						  result->total.cause_units[i] * 20 <
							  cause_sum(&result->total) };
	}
	columns[1 + CAUSES] = (struct column){ "cycles", NULL, false };

	struct table *table = table_new(columns);

	for (unsigned i = 0; i < result->cpus && i < options->top; i++) {
		snprintf(name, sizeof name, "%u", i);
		cause_row(table, &result->cpu[i], name);
	}
	cause_row(table, &result->total, "all");
	fputs("\nWhere the cycles went:\n", out);
	table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	table_free(table);
}

static void cpus_people(FILE *out, const struct result *result, const struct view_options *options)
{
	struct table *table = table_new(cpu_columns);
	char name[24];

	for (unsigned i = 0; i < result->cpus && i < options->top; i++) {
		snprintf(name, sizeof name, "%u", i);
		cpu_row(table, &result->cpu[i], "", name);
	}
	cpu_row(table, &result->total, "", "all");
	table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	table_free(table);
	if (result->cpus > options->top)
		fprintf(out, "and %zu more CPUs; --top %u shows all\n", result->cpus - options->top,
			result->cpus);
	print_causes(out, result, options);
	putc('\n', out);
	transfers_people(out, result, options);
}

/* ---- locks ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct column lock_columns[] = {
	{ NULL, "point", true }, { "lock", "lock", true }, { "kind", "kind", true }, { "taken", "taken", false },
	{ "hand-overs", "handovers", false }, { "contended", "contended", false }, { "of all", "share", false, 2 },
	{ "turns", "turns", false, 4 },
	{ "cycles waited", "wait_cycles", false }, { "per taking", "wait_cycles_mean", false },
	{ "longest wait", "wait_cycles_max", false, 1 },
	{ "held, mean", "hold_cycles_mean", false }, { "longest", "hold_cycles_max", false, 1 }, { NULL, NULL, false },
};
/* clang-format on */

static void lock_row(struct table *table, const struct lock_stats *lock, const char *point)
{
	table_text(table, "%s", point);
	table_text(table, "%s", lock->label);
	table_text(table, "%s", lock->kind ? lock->kind : "");
	table_count(table, lock->taken);
	table_count(table, lock->handovers);
	table_count(table, lock->contended);
	table_share(table, (double)lock->contended, (double)lock->taken);
	table_count(table, lock->turns);
	table_real(table, cycles(lock->wait_units));
	table_real(table, per(cycles(lock->wait_units), lock->taken));
	table_real(table, cycles(lock->wait_units_max));
	table_real(table, per(cycles(lock->hold_units), lock->taken));
	table_real(table, cycles(lock->hold_units_max));
}

static void locks_fill(struct table *table, const struct result *result, const char *point)
{
	for (size_t i = 0; i < result->locks; i++)
		lock_row(table, &result->lock[i], point);
}

static int longest_waits_first(const void *one, const void *other)
{
	const struct lock_stats *a = one, *b = other;

	if (a->wait_units != b->wait_units)
		return a->wait_units > b->wait_units ? -1 : 1;
	if (a->taken != b->taken)
		return a->taken > b->taken ? -1 : 1;
	return strcmp(a->label, b->label);
}

static void locks_people(FILE *out, const struct result *result, const struct view_options *options)
{
	struct lock_stats *locks = xalloc((result->locks + 1) * sizeof *locks);
	struct table *table = table_new(lock_columns);

	if (result->locks)
		memcpy(locks, result->lock, result->locks * sizeof *locks);
	qsort(locks, result->locks, sizeof *locks, longest_waits_first);
	for (size_t i = 0; i < result->locks && i < options->top; i++)
		lock_row(table, &locks[i], "");
	if (result->locks)
		table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	else
		fputs("No lock was taken.\n", out);
	if (result->locks > options->top)
		fprintf(out, "and %zu more locks; --top %zu shows all\n",
			result->locks - options->top, result->locks);
	table_free(table);
	free(locks);
}

/* ---- paths ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct column path_columns[] = {
	{ NULL, "point", true }, { "operation", "operation", true }, { "path", "path", true }, { "taken", "count", false },
	{ "of all", "share", false }, { "cycles, mean", "cycles_mean", false }, { NULL, NULL, false },
};
/* clang-format on */

static void paths_fill(struct table *table, const struct result *result, const char *point)
{
	for (size_t i = 0; i < result->paths; i++) {
		const struct path_stats *path = &result->path[i];

		table_text(table, "%s", point);
		table_text(table, "%s", op_names[path->op]);
		table_text(table, "%s", path->path && *path->path ? path->path : "-");
		table_count(table, path->count);
		table_share(table, (double)path->count, (double)result->op[path->op].count);
		table_real(table, per(cycles(path->total_units), path->count));
	}
}

/* clang-format off */
static const struct column operation_columns[] = {
	{ "operation", NULL, true }, { "completed", NULL, false }, { "cycles, mean", NULL, false }, { "p50", NULL, false },
	{ "p99", NULL, false }, { "max", NULL, false }, { "lines read", NULL, false }, { "lines written", NULL, false },
	{ NULL, NULL, false },
};
/* clang-format on */

static void paths_people(FILE *out, const struct result *result, const struct view_options *options)
{
	struct table *operations = table_new(operation_columns), *paths = table_new(path_columns);

	for (int i = OP_NONE + 1; i < OPS; i++) {
		const struct op_stats *op = &result->op[i];

		if (!op->count)
			continue;
		table_text(operations, "%s", op_names[i]);
		table_count(operations, op->count);
		table_real(operations, per(cycles(op->total_units), op->count));
		table_real(operations, cycles(op->p50_units));
		table_real(operations, cycles(op->p99_units));
		table_real(operations, cycles(op->max_units));
		table_real(operations, per((double)op->lines_read, op->count));
		table_real(operations, per((double)op->lines_written, op->count));
	}
	paths_fill(paths, result, "");
	table_print(operations, out, TABLE_PEOPLE, NULL, 0, options->paper);
	putc('\n', out);
	table_print(paths, out, TABLE_PEOPLE, NULL, 0, options->paper);
	table_free(operations);
	table_free(paths);
}

/* ---- orders ----------------------------------------------------------------------------- */

/* clang-format off */
static const struct column order_columns[] = {
	{ NULL, "point", true }, { "order", "order", false }, { "free blocks", "blocks", false },
	{ "pages", "pages", false }, { "of all", "share", false }, { NULL, NULL, false },
};
/* clang-format on */

static void orders_fill(struct table *table, const struct result *result, const char *point)
{
	uint64_t all = 0;

	for (size_t i = 0; i < result->orders; i++)
		all += result->order[i].blocks << i;
	for (size_t i = 0; i < result->orders; i++) {
		table_text(table, "%s", point);
		table_count(table, i);
		table_count(table, result->order[i].blocks);
		table_count(table, result->order[i].blocks << i);
		table_share(table, (double)(result->order[i].blocks << i), (double)all);
	}
}

static void orders_people(FILE *out, const struct result *result, const struct view_options *options)
{
	struct table *table = table_new(order_columns);

	if (!result->orders) {
		fputs("Pages have no orders here.\n", out);
	} else {
		fputs("Free at the end, in blocks of 2^order pages that any CPU can have:\n", out);
		orders_fill(table, result, "");
		table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	}
	table_free(table);
}

/* ---- side by side ------------------------------------------------------------------------ */

static void line_figures(struct overview *overview, const struct result *result)
{
	uint64_t rest = counts_bounces(&result->total);

	for (size_t i = 0; i < result->lines; i++) {
		const struct line_stats *line = &result->line[i];

		rest -= bounces_of_line(line);
		overview_add(overview, (double)bounces_of_line(line), "%.*s",
			     (int)strcspn(line->label, "["), line->label);
	}
	if (rest)
		overview_add(overview, (double)rest, "(lines not kept)");
}

static void member_figures(struct overview *overview, const struct result *result)
{
	char name[128];

	for (size_t i = 0; i < result->members; i++) {
		const struct member_stats *member = &result->member[i];

		overview_add(overview, (double)member->bounces, "%s",
			     member_name(member->layout, member->member, member->offset, name,
					 sizeof name));
	}
}

static void site_figures(struct overview *overview, const struct result *result)
{
	uint64_t rest = counts_bounces(&result->total);
	char source[256];

	for (size_t i = 0; i < result->sites; i++) {
		const struct site *from = charged(&result->site[i]);

		rest -= result->site[i].bounces;
		overview_add(overview, (double)result->site[i].bounces, "%s %s",
			     view_source(from, source, sizeof source), from->function);
	}
	if (rest)
		overview_add(overview, (double)rest, "(lines not kept)");
}

static void pair_figures(struct overview *overview, const struct result *result, bool all)
{
	char lost[128], took[128];

	for (size_t i = 0; i < result->pairs; i++) {
		const struct pair_stats *pair = &result->pair[i];
		uint64_t count = all ? pair->misses + pair->upgrades : pair->false_sharing;

		if (count)
			overview_add(overview, (double)count, "%s < %s",
				     member_name(pair->layout, pair->member, pair->offset, lost,
						 sizeof lost),
				     member_name(pair->taker_layout, pair->taker_member,
						 pair->taker_offset, took, sizeof took));
	}
}

static void taker_figures(struct overview *overview, const struct result *result)
{
	pair_figures(overview, result, true);
}

static void finding_figures(struct overview *overview, const struct result *result)
{
	pair_figures(overview, result, false);
}

static void cpu_figures(struct overview *overview, const struct result *result)
{
	for (int i = 0; i < CAUSES; i++)
		if (result->total.cause_units[i])
			overview_add(overview, cycles(result->total.cause_units[i]), "%s",
				     cause_names[i]);
}

static void transfer_figures(struct overview *overview, const struct result *result)
{
	for (size_t i = 0; i < result->transfers; i++) {
		const struct transfer_stats *t = &result->transfer[i];
		bool same = t->cpu < result->seats && t->taker < result->seats &&
			    result->seat[t->cpu].socket == result->seat[t->taker].socket;

		overview_add(overview, (double)t->count,
			     same ? "by a CPU of the same socket" : "by a CPU of another socket");
	}
}

static void lock_figures(struct overview *overview, const struct result *result)
{
	for (size_t i = 0; i < result->locks; i++) {
		const struct lock_stats *lock = &result->lock[i];
		const char *behind = strchr(lock->label, ']');

		overview_add(overview, cycles(lock->wait_units), "%.*s%s",
			     (int)strcspn(lock->label, "["), lock->label, behind ? behind + 1 : "");
	}
}

static void path_figures(struct overview *overview, const struct result *result)
{
	for (size_t i = 0; i < result->paths; i++) {
		const struct path_stats *path = &result->path[i];

		overview_add(overview, cycles(path->total_units), "%s%s%s", op_names[path->op],
			     path->path && *path->path ? ", " : "", path->path ? path->path : "");
	}
}

/* ---- the registry ------------------------------------------------------------------------ */

/* clang-format off */
const struct view views[] = {
	{ "lines",  "cache lines that bounce, worst first, and who touches them from where", "line",  line_columns,  lines_fill,  lines_people,
	  "bounces per operation", "kind of line", line_figures },
	{ "fields", "structs with their members, holes and traffic; findings of false sharing", "field", field_columns, fields_fill, fields_people,
	  "bounces per operation", "member", member_figures },
	{ "members", "members of all structs, those that bounce most first",                 "member", member_columns, members_fill, members_people,
	  "bounces per operation", "member", member_figures },
	{ "sites",  "places in the source that make lines bounce",                           "site",  site_columns,  sites_fill,  sites_people,
	  "bounces per operation", "place", site_figures },
	{ "findings", "false sharing: which two members, whose, and what would part them",     "finding", finding_columns, findings_fill, findings_people,
	  "false-sharing misses per operation", "lost by < taken by", finding_figures },
	{ "takers", "members of which lines were taken from CPUs, and for which members",     "taker", taker_columns, takers_fill, takers_people,
	  "lines taken per operation", "lost by < taken by", taker_figures },
	{ "cpus",   "what each CPU did, where its cycles went, and who took from whom",      "cpu",   cpu_columns,   cpus_fill,   cpus_people,
	  "cycles of all CPUs per operation", "cause", cpu_figures },
	{ "transfers", "CPU by CPU: who took lines from whom",                               "transfer", transfer_columns, transfers_fill, transfers_people,
	  "lines taken per operation", "taken", transfer_figures },
	{ "locks",  "locks: how often taken, handed over and contended; how long waited for and held", "lock",  lock_columns,  locks_fill,  locks_people,
	  "cycles waited for locks per operation", "lock", lock_figures },
	{ "paths",  "operations and the paths they took",                                    "path",  path_columns,  paths_fill,  paths_people,
	  "cycles per operation", "path", path_figures },
	{ "orders", "free blocks of pages at the end, by order: fragmentation",                "order", order_columns, orders_fill, orders_people, NULL, NULL, NULL },
	{ 0 },
};
/* clang-format on */

const struct view *view_find(const char *name)
{
	for (const struct view *view = views; view->name; view++)
		if (!strcmp(view->name, name))
			return view;
	return NULL;
}
