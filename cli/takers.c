/*
 * Who took lines from whom, by place in the source, by member and by CPU.
 */
#include "cli/takers.h"

#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"

enum {
	CPUS_MAX = 1024,
	LIST_LONG = 12, /* characters of a list of CPUs that people are shown as it is */
	CPUS_ALONE = 16, /* CPUs that a matrix shows one by one */
	GROUPS_MAX = 16, /* groups of CPUs that it shows else */
};

/* ---- lists of CPUs --------------------------------------------------------------------------- */

void cpu_set_add(struct cpu_set *set, const char *ids)
{
	char *end;

	for (const char *at = ids; at && *at; at = *end ? end + 1 : end) {
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end == at)
			return;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && i < CPUS_MAX; i++)
			set->bits[i / 64] |= 1ull << i % 64;
	}
}

static bool cpu_set_has(const struct cpu_set *set, unsigned cpu)
{
	return cpu < CPUS_MAX && set->bits[cpu / 64] >> cpu % 64 & 1;
}

const char *cpu_set_text(const struct cpu_set *set, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (unsigned i = 0; i < CPUS_MAX && used < size; i++) {
		unsigned first = i;

		if (!cpu_set_has(set, i))
			continue;
		while (cpu_set_has(set, i + 1))
			i++;
		used += (size_t)snprintf(buf + used, size - used, i > first ? "%s%u-%u" : "%s%u",
					 used ? "," : "", first, i);
	}
	return buf;
}

const char *view_cpus(const char *ids, char *buf, size_t size)
{
	struct cpu_set set = { 0 };
	unsigned count = 0;

	if (!ids || strlen(ids) <= LIST_LONG)
		return ids ? ids : "";
	cpu_set_add(&set, ids);
	for (unsigned i = 0; i < CPUS_MAX; i++)
		count += cpu_set_has(&set, i);
	snprintf(buf, size, "%u CPUs", count);
	return buf;
}

/* ---- by place in the source -------------------------------------------------------------------- */

static int by_site(const struct site *a, const struct site *b)
{
	int order = strcmp(a->file, b->file);

	if (!order)
		order = (a->line > b->line) - (a->line < b->line);
	return order ? order : strcmp(a->text, b->text);
}

static int by_taker(const void *one, const void *other)
{
	const struct taker_stats *a = ((const struct taker_sum *)one)->one,
				 *b = ((const struct taker_sum *)other)->one;
	int order = by_site(view_charged(&a->site, &a->caller), view_charged(&b->site, &b->caller));

	return order ? order : strcmp(a->member, b->member);
}

static int most_first(const void *one, const void *other)
{
	const struct taker_sum *a = one, *b = other;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return by_taker(one, other);
}

struct taker_sum *takers_of(const struct result *result,
			    bool (*belongs)(const struct site_stats *site, const void *which),
			    const void *which, size_t *count)
{
	struct taker_sum *sums = xalloc((result->takers + 1) * sizeof *sums);
	size_t all = 0;

	for (size_t i = 0; i < result->takers; i++) {
		const struct taker_stats *taker = &result->taker[i];

		if (!belongs(&result->site[taker->row], which))
			continue;
		sums[all] = (struct taker_sum){ taker, taker->misses + taker->upgrades,
						taker->false_sharing, { { 0 } } };
		cpu_set_add(&sums[all++].cpus, taker->cpu_ids);
	}
	qsort(sums, all, sizeof *sums, by_taker);
	*count = 0;
	for (size_t i = 0; i < all; i++) {
		struct taker_sum *last = *count ? &sums[*count - 1] : NULL;

		if (!last || by_taker(last, &sums[i])) {
			sums[(*count)++] = sums[i];
			continue;
		}
		last->count += sums[i].count;
		last->false_sharing += sums[i].false_sharing;
		for (size_t word = 0; word < sizeof last->cpus.bits / sizeof(uint64_t); word++)
			last->cpus.bits[word] |= sums[i].cpus.bits[word];
	}
	qsort(sums, *count, sizeof *sums, most_first);
	return sums;
}

uint64_t takers_count(const struct taker_sum *takers, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += takers[i].count;
	return sum;
}

/* ---- the view: both sides ---------------------------------------------------------------------- */

/* clang-format off */
const struct column taker_columns[] = {
	{ NULL, "point", true },        { NULL, "line", true },         { NULL, "line_offset", false },
	{ NULL, "member", true },       { NULL, "member_offset", false }, { NULL, "source", true },
	{ NULL, "function", true },     { NULL, "operand", true },      { NULL, "caller", true },
	{ NULL, "caller_function", true },
	{ NULL, "taker_member", true }, { NULL, "taker_offset", false }, { NULL, "taker_source", true },
	{ NULL, "taker_function", true }, { NULL, "taker_operand", true }, { NULL, "taker_caller", true },
	{ NULL, "taker_caller_function", true }, { NULL, "taker_cpus", true },
	{ NULL, "taken_misses", false }, { NULL, "misses_true_sharing", false }, { NULL, "misses_false_sharing", false },
	{ NULL, "taken_upgrades", false }, { NULL, NULL, false },
};

static const struct column pair_columns[] = {
	{ "lost by", NULL, true },      { "CPUs", NULL, true, 1 },      { "taken by", NULL, true },
	{ "CPUs", NULL, true, 1 },      { "taken", NULL, false },       { "of all", NULL, false },
	{ "false sharing", NULL, false }, { "true", NULL, false, 3 },   { "upgrades", NULL, false, 2 },
	{ "structs", NULL, true },      { NULL, NULL, false },
};
/* clang-format on */

static void place_cells(struct table *table, const struct site *site, const struct site *caller)
{
	char source[256];

	table_text(table, "%s", view_source(site, source, sizeof source));
	table_text(table, "%s", site->function);
	table_text(table, "%s", site->text);
	table_text(table, "%s", caller->line ? view_source(caller, source, sizeof source) : "");
	table_text(table, "%s", caller->function);
}

void takers_fill(struct table *table, const struct result *result, const char *point)
{
	for (size_t i = 0; i < result->takers; i++) {
		const struct taker_stats *taker = &result->taker[i];
		const struct site_stats *site = &result->site[taker->row];

		table_text(table, "%s", point);
		table_text(table, "%s", view_line_label(result, site->line));
		table_count(table, site->line);
		table_text(table, "%s", site->member);
		table_count(table, site->offset);
		place_cells(table, &site->site, &site->caller);
		table_text(table, "%s", taker->member);
		table_count(table, taker->offset);
		place_cells(table, &taker->site, &taker->caller);
		table_text(table, "%s", taker->cpu_ids ? taker->cpu_ids : "");
		table_count(table, taker->misses);
		table_count(table, taker->true_sharing);
		table_count(table, taker->false_sharing);
		table_count(table, taker->upgrades);
	}
}

const char *member_name(const char *layout, const char *member, unsigned offset, char *buf,
			size_t size)
{
	snprintf(buf, size, *member ? "%s.%s" : "%s+%.0s%u", layout, member, offset);
	return buf;
}

static uint64_t pair_count(const struct pair_stats *pair)
{
	return pair->misses + pair->upgrades;
}

static int most_taken_first(const void *one, const void *other)
{
	const struct pair_stats *a = *(const struct pair_stats *const *)one,
				*b = *(const struct pair_stats *const *)other;

	if (pair_count(a) != pair_count(b))
		return pair_count(a) > pair_count(b) ? -1 : 1;
	return (a > b) - (a < b);       /* both in result->pair, which is sorted */
}

static void pair_row(struct table *table, const struct pair_stats *pair, uint64_t all)
{
	char name[128], cpus[32];

	table_text(table, "%s",
		   member_name(pair->layout, pair->member, pair->offset, name, sizeof name));
	table_text(table, "%s", view_cpus(pair->cpu_ids, cpus, sizeof cpus));
	table_text(table, "%s",
		   member_name(pair->taker_layout, pair->taker_member, pair->taker_offset, name,
			       sizeof name));
	table_text(table, "%s", view_cpus(pair->taker_ids, cpus, sizeof cpus));
	table_count(table, pair_count(pair));
	table_share(table, (double)pair_count(pair), (double)all);
	table_count(table, pair->false_sharing);
	table_count(table, pair->true_sharing);
	table_count(table, pair->upgrades);
	if (pair->apart)
		table_text(table, "%u bytes apart", pair->apart);
	else
		table_text(table, "the same");
}

void takers_people(FILE *out, const struct result *result, const struct view_options *options)
{
	const struct pair_stats **sorted = xalloc((result->pairs + 1) * sizeof *sorted);
	struct table *table = table_new(pair_columns);
	uint64_t all = 0;

	for (size_t i = 0; i < result->pairs; i++) {
		sorted[i] = &result->pair[i];
		all += pair_count(sorted[i]);
	}
	qsort(sorted, result->pairs, sizeof *sorted, most_taken_first);
	for (size_t i = 0; i < result->pairs && i < options->top; i++)
		pair_row(table, sorted[i], all);
	if (table_rows(table))
		table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	else
		fputs("No CPU took a line from another.\n", out);
	if (result->pairs > options->top)
		fprintf(out, "and %zu more of %zu pairs of members; --top %zu shows all\n",
			result->pairs - options->top, result->pairs, result->pairs);
	table_free(table);
	free(sorted);
}

/* ---- by CPU ------------------------------------------------------------------------------------ */

/* clang-format off */
const struct column transfer_columns[] = {
	{ NULL, "point", true }, { NULL, "cpu", false }, { NULL, "socket", false }, { NULL, "taker", false },
	{ NULL, "taker_socket", false }, { NULL, "taken", false }, { NULL, NULL, false },
};
/* clang-format on */

static unsigned socket_of(const struct result *result, unsigned cpu)
{
	return cpu < result->seats ? result->seat[cpu].socket : 0;
}

void transfers_fill(struct table *table, const struct result *result, const char *point)
{
	for (size_t i = 0; i < result->transfers; i++) {
		const struct transfer_stats *transfer = &result->transfer[i];

		table_text(table, "%s", point);
		table_count(table, transfer->cpu);
		table_count(table, socket_of(result, transfer->cpu));
		table_count(table, transfer->taker);
		table_count(table, socket_of(result, transfer->taker));
		table_count(table, transfer->count);
	}
}

/* CPUs that the matrix shows as one row. */
struct groups {
	unsigned count;
	unsigned *of;                   /* [cpus] */
	struct cpu_set set[GROUPS_MAX];
	uint64_t taken[GROUPS_MAX][GROUPS_MAX];
};

/* Each CPU; of many each socket, or so many CPUs that follow each other. */
static struct groups *groups_of_cpus(const struct result *result)
{
	struct groups *groups = xalloc(sizeof *groups);
	unsigned sockets = 0, each = (result->cpus + GROUPS_MAX / 2 - 1) / (GROUPS_MAX / 2);

	groups->of = xalloc((result->cpus + 1) * sizeof *groups->of);
	for (unsigned i = 0; i < result->cpus; i++)
		if (socket_of(result, i) >= sockets)
			sockets = socket_of(result, i) + 1;
	for (unsigned i = 0; i < result->cpus; i++) {
		char id[24];

		if (result->cpus <= CPUS_ALONE)
			groups->of[i] = i;
		else if (sockets > 1 && sockets <= GROUPS_MAX)
			groups->of[i] = socket_of(result, i);
		else
			groups->of[i] = i / each;
		if (groups->of[i] >= groups->count)
			groups->count = groups->of[i] + 1;
		snprintf(id, sizeof id, "%u", i);
		cpu_set_add(&groups->set[groups->of[i]], id);
	}
	for (size_t i = 0; i < result->transfers; i++)
		groups->taken[groups->of[result->transfer[i].cpu]]
			     [groups->of[result->transfer[i].taker]] += result->transfer[i].count;
	return groups;
}

static void matrix_row(struct table *table, const struct groups *groups, unsigned row)
{
	char ids[4096];
	uint64_t sum = 0;

	table_text(table, "%s", cpu_set_text(&groups->set[row], ids, sizeof ids));
	for (unsigned column = 0; column < groups->count; column++) {
		if (groups->taken[row][column])
			table_count(table, groups->taken[row][column]);
		else
			table_text(table, "-");
		sum += groups->taken[row][column];
	}
	table_count(table, sum);
}

void transfers_people(FILE *out, const struct result *result, const struct view_options *options)
{
	struct column columns[GROUPS_MAX + 3] = { { "lost by", NULL, true } };
	char titles[GROUPS_MAX][LIST_LONG + 8], ids[4096];
	struct groups *groups;

	if (!result->transfers) {
		fputs("No CPU took a line from another.\n", out);
		return;
	}
	groups = groups_of_cpus(result);
	for (unsigned i = 0; i < groups->count; i++) {
		cpu_set_text(&groups->set[i], ids, sizeof ids);
		if (strlen(ids) > LIST_LONG)
			snprintf(titles[i], sizeof *titles, "socket %u", i);
		else
			snprintf(titles[i], sizeof *titles, "%.*s", LIST_LONG, ids);
		columns[1 + i] = (struct column){ titles[i], NULL, false };
	}
	columns[1 + groups->count] = (struct column){ "all", NULL, false };

	struct table *table = table_new(columns);

	for (unsigned i = 0; i < groups->count; i++)
		matrix_row(table, groups, i);
	fputs("Lines that the CPU of a row missed, or had to upgrade, because that of a column took them:\n",
	      out);
	table_print(table, out, TABLE_PEOPLE, NULL, 0, options->paper);
	table_free(table);
	free(groups->of);
	free(groups);
}
