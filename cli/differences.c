/*
 * Differences: of settings by their texts, of members and places by their bounces per operation.
 */
#include "cli/differences.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/views.h"
#include "experiment/text.h"
#include "sim/verbs/xalloc.h"

/* ---- settings ------------------------------------------------------------------------------- */

static bool has_value(const struct points *points, const char *key, const char *value)
{
	for (size_t i = 0; i < points->count; i++) {
		const char *own = point_value(points->point[i], key);

		if (own ? value && !strcmp(own, value) : !value)
			return true;
	}
	return false;
}

/* Does every value that one has occur in the other? */
static bool covered(const struct points *points, const struct points *other, const char *key)
{
	for (size_t i = 0; i < points->count; i++)
		if (!has_value(other, key, point_value(points->point[i], key)))
			return false;
	return true;
}

static void print_values(FILE *out, const struct points *points, const char *key)
{
	const char *comma = "";

	for (size_t i = 0; i < points->count; i++) {
		const char *value = point_value(points->point[i], key);

		if (!points_first_value(points, i, key))
			continue;
		fputs(comma, out);
		text_line(out, value ? value : "-");
		comma = ", ";
	}
}

static void print_if_different(FILE *out, const struct points *a, const struct points *b,
			       const char *key)
{
	if (!strcmp(key, "name") || !strcmp(key, "title") || !strcmp(key, "plots") ||
	    (covered(a, b, key) && covered(b, a, key)))
		return;
	fputs("differs: ", out);
	text_line(out, key);
	fputs("  ", out);
	print_values(out, a, key);
	fputs("  |  ", out);
	print_values(out, b, key);
	fputc('\n', out);
}

static bool has_key(const struct point *point, const char *key)
{
	return point_value(point, key);
}

/* Is it a key of an earlier point? */
static bool told_before(const struct points *points, size_t before, const char *key)
{
	for (size_t i = 0; i < before; i++)
		if (has_key(points->point[i], key))
			return true;
	return false;
}

void differences_of_settings(FILE *out, const struct points *a, const struct points *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < a->point[i]->keys; k++)
			if (!told_before(a, i, a->point[i]->key[k].key))
				print_if_different(out, a, b, a->point[i]->key[k].key);
	for (size_t i = 0; i < b->count; i++)
		for (size_t k = 0; k < b->point[i]->keys; k++) {
			const char *key = b->point[i]->key[k].key;

			if (!told_before(b, i, key) && !told_before(a, a->count, key))
				print_if_different(out, a, b, key);
		}
	if (strcmp(a->version, b->version)) {
		fputs("differs: version  ", out);
		text_line(out, a->version);
		fputs("  |  ", out);
		text_line(out, b->version);
		fputc('\n', out);
	}
}

/* ---- members and places ----------------------------------------------------------------------- */

struct difference {
	char *name;
	double a, b;                    /* bounces per operation, the mean over runs */
};

struct differences {
	struct difference *row;
	size_t count, room;
};

static void add(struct differences *all, const char *name, bool second, double value)
{
	size_t at = 0;

	while (at < all->count && strcmp(all->row[at].name, name))
		at++;
	if (at == all->room) {
		all->room = all->room ? 2 * all->room : 64;
		all->row = xrealloc(all->row, all->room * sizeof *all->row);
	}
	if (at == all->count)
		all->row[all->count++] = (struct difference){ .name = xstrdup(name) };
	if (second)
		all->row[at].b += value;
	else
		all->row[at].a += value;
}

typedef void add_point(struct differences *all, const struct result *result, bool second,
		       double weight);

static void add_members(struct differences *all, const struct result *result, bool second,
			double weight)
{
	char name[128];

	for (size_t i = 0; i < result->members; i++) {
		const struct member_stats *member = &result->member[i];

		if (!member->bounces)
			continue;
		snprintf(name, sizeof name, *member->member ? "%s.%s" : "%s%s", member->layout,
			 member->member);
		add(all, name, second, weight * (double)member->bounces);
	}
}

static void add_places(struct differences *all, const struct result *result, bool second,
		       double weight)
{
	char name[512], source[256];

	for (size_t i = 0; i < result->sites; i++) {
		const struct site_stats *site = &result->site[i];
		const struct site *from = view_charged(&site->site, &site->caller);

		if (!site->bounces)
			continue;
		snprintf(name, sizeof name, "%s %s", view_source(from, source, sizeof source),
			 from->function);
		add(all, name, second, weight * (double)site->bounces);
	}
}

static void add_cell(struct differences *all, const struct cell *cell, add_point *point,
		     bool second, size_t groups)
{
	for (size_t i = 0; i < cell->count; i++) {
		const struct result *result = cell->point[i]->result;

		if (result->operations)
			point(all, result, second,
			      1.0 / (double)result->operations / (double)cell->count /
				      (double)groups);
	}
}

static int largest_first(const void *one, const void *other)
{
	const struct difference *x = one, *y = other;
	double a = fabs(x->b - x->a), b = fabs(y->b - y->a);

	return a != b ? (a > b ? -1 : 1) : strcmp(x->name, y->name);
}

static void print_rows(FILE *out, const struct groups *groups, size_t series,
		       const struct differences *all, const char *title, size_t top,
		       struct paper paper)
{
	const struct column columns[] = {
		{ title, NULL, true },
		{ groups->series[0], NULL, false },
		{ groups->series[series], NULL, false },
		{ "more", NULL, false },
		{ NULL, NULL, false },
	};
	struct table *table = table_new(columns);

	for (size_t i = 0; i < all->count && i < top; i++) {
		const struct difference *row = &all->row[i];

		if (row->a == row->b)
			break;
		table_text(table, "%s", row->name);
		table_real(table, row->a);
		table_real(table, row->b);
		table_real(table, row->b - row->a);
	}
	if (table_rows(table)) {
		putc('\n', out);
		table_print(table, out, TABLE_PEOPLE, NULL, 0, paper);
	}
	table_free(table);
}

static void print_kind(FILE *out, const struct groups *groups, size_t series, add_point *point,
		       const char *title, size_t top, struct paper paper)
{
	struct differences all = { 0 };
	size_t shared = 0;

	for (size_t g = 0; g < groups->groups; g++)
		shared += groups_cell(groups, 0, g) && groups_cell(groups, series, g);
	for (size_t g = 0; g < groups->groups; g++) {
		const struct cell *a = groups_cell(groups, 0, g),
				  *b = groups_cell(groups, series, g);

		if (!a || !b)
			continue;
		add_cell(&all, a, point, false, shared);
		add_cell(&all, b, point, true, shared);
	}
	if (all.count)
		qsort(all.row, all.count, sizeof *all.row, largest_first);
	print_rows(out, groups, series, &all, title, top, paper);
	for (size_t i = 0; i < all.count; i++)
		free(all.row[i].name);
	free(all.row);
}

void differences_of_places(FILE *out, const struct groups *groups, size_t series, size_t top,
			   struct paper paper)
{
	print_kind(out, groups, series, add_members, "bounces/op by member", top, paper);
	print_kind(out, groups, series, add_places, "bounces/op by source line", top, paper);
}
