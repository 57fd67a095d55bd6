/*
 * Sorting points into series, groups and cells. Orders are those of the results: nothing here
 * depends on addresses.
 */
#include "experiment/groups.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "sim/machine.h"
#include "sim/verbs/xalloc.h"
#include "workloads/workload.h"

enum { LABEL_BYTES = 512 };

struct groups *groups_new(void)
{
	struct groups *groups = xalloc(sizeof *groups);

	groups->axis = xstrdup("");
	return groups;
}

void groups_free(struct groups *groups)
{
	for (size_t i = 0; i < groups->serieses; i++)
		free(groups->series[i]);
	for (size_t i = 0; i < groups->groups; i++)
		free(groups->group[i]);
	for (size_t i = 0; i < groups->cells; i++)
		free(groups->cell[i].point);
	free(groups->series);
	free(groups->group);
	free(groups->cell);
	free(groups->axis);
	free(groups);
}

/* Place of a name in a list, which grows where it is new. */
static size_t place_of(char ***list, size_t *count, const char *name)
{
	size_t at = 0;

	while (at < *count && strcmp((*list)[at], name) != 0)
		at++;
	if (at == *count) {
		*list = xrealloc(*list, (*count + 1) * sizeof **list);
		(*list)[(*count)++] = xstrdup(name);
	}
	return at;
}

const struct cell *groups_cell(const struct groups *groups, size_t series, size_t group)
{
	for (size_t i = 0; i < groups->cells; i++)
		if (groups->cell[i].series == series && groups->cell[i].group == group)
			return &groups->cell[i];
	return NULL;
}

const struct cell *groups_named_cell(const struct groups *groups, const char *series,
				     const char *group)
{
	for (size_t i = 0; i < groups->cells; i++)
		if (!strcmp(groups->series[groups->cell[i].series], series) &&
		    !strcmp(groups->group[groups->cell[i].group], group))
			return &groups->cell[i];
	return NULL;
}

void groups_add(struct groups *groups, const char *series, const char *group,
		const struct point *point)
{
	if (point->result->outcome != OUTCOME_DONE) {
		groups->bad++;
		return;
	}

	size_t s = place_of(&groups->series, &groups->serieses, series);
	size_t g = place_of(&groups->group, &groups->groups, group);
	size_t at = 0;

	while (at < groups->cells && (groups->cell[at].series != s || groups->cell[at].group != g))
		at++;
	if (at == groups->cells) {
		groups->cell = xrealloc(groups->cell, (at + 1) * sizeof *groups->cell);
		groups->cell[groups->cells++] = (struct cell){ .series = s, .group = g };
	}

	struct cell *cell = &groups->cell[at];

	cell->point = xrealloc(cell->point, (cell->count + 1) * sizeof *cell->point);
	cell->point[cell->count++] = point;
}

static bool is_number(const char *text)
{
	char *end;

	strtod(text, &end);
	return end != text && !*end;
}

/* "objects", "pages", "objects.variant", "slub-cpu.variant" */
static bool about_allocator(const struct points *points, const char *key)
{
	size_t length = strcspn(key, ".");

	for (size_t i = 0; i < points->count; i++) {
		const char *const names[] = { "objects", "pages", points->point[i]->objects,
					      points->point[i]->pages };

		for (size_t n = 0; n < sizeof names / sizeof *names; n++)
			if (strlen(names[n]) == length && !strncmp(names[n], key, length))
				return true;
	}
	return false;
}

static bool has_numbers(const struct points *points, const char *key)
{
	for (size_t i = 0; i < points->count; i++) {
		const char *value = point_value(points->point[i], key);

		if (value && is_number(value))
			return true;
	}
	return false;
}

/* A setting in a table and its sections; NULL: none. */
static const struct setting *setting_in(const struct setting *table, const char *key)
{
	size_t length = strcspn(key, ".");

	for (const struct setting *setting = table; setting && setting->key; setting++)
		if (strlen(setting->key) == length && !strncmp(setting->key, key, length))
			return key[length] ? setting_in(setting->section, key + length + 1)
					   : setting;
	return NULL;
}

/* The setting of a model by its path, "sheaves.variant"; NULL: there is none. */
static const struct setting *model_setting(const char *key)
{
	const char *dot = strchr(key, '.');
	char name[64];

	if (!dot || (size_t)(dot - key) >= sizeof name)
		return NULL;
	snprintf(name, sizeof name, "%.*s", (int)(dot - key), key);

	const struct object_allocator *objects = object_allocator_find(name);
	const struct page_allocator *pages = page_allocator_find(name);

	return setting_in(objects ? objects->settings : pages ? pages->settings : NULL, dot + 1);
}

/* Only some points have that setting: the others are of another model. */
static bool of_some(const struct points *points, const char *key)
{
	size_t count = 0;

	for (size_t i = 0; i < points->count; i++)
		count += point_value(points->point[i], key) != NULL;
	return count && count < points->count;
}

/*
 * Does the key say which allocator it is? Its name, a word of its settings ("6.17" is one too), and
 * a number of the settings of a model that is not alone: with what else would it be compared?
 */
static bool names_allocator(const struct points *points, const char *key)
{
	const struct setting *setting = model_setting(key);

	if (!about_allocator(points, key))
		return false;
	return !has_numbers(points, key) || of_some(points, key) ||
	       (setting && setting->kind == SETTING_WORD);
}

bool groups_compares_allocators(const struct points *points)
{
	for (size_t i = 0; i < points->swepts; i++)
		if (names_allocator(points, points->swept[i]))
			return true;
	return false;
}

bool groups_is_series(const struct points *points, const char *key)
{
	if (groups_compares_allocators(points))
		return names_allocator(points, key);
	/* no allocators are compared: then the first key that is swept by name */
	for (size_t i = 0; i < points->swepts; i++)
		if (!has_numbers(points, points->swept[i]))
			return !strcmp(points->swept[i], key);
	return false;
}

const char *groups_values(const struct points *points, const struct point *point,
			  key_choice *choose, const void *argument, const char *between,
			  bool with_keys, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < points->swepts; i++) {
		const char *key = points->swept[i], *value = point_value(point, key);

		if (!value || !choose(points, key, argument) || used >= size)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s%s%s", used ? between : "",
					 with_keys ? key : "", with_keys ? "=" : "", value);
	}
	return buf;
}

static bool of_series(const struct points *points, const char *key, const void *without)
{
	return !(without && !strcmp(key, without)) && groups_is_series(points, key);
}

static bool of_group(const struct points *points, const char *key, const void *without)
{
	return !(without && !strcmp(key, without)) && !groups_is_series(points, key);
}

bool groups_is_group(const struct points *points, const char *key)
{
	return of_group(points, key, NULL);
}

const char *groups_settings(const struct points *points, const struct point *point, char *buf,
			    size_t size)
{
	return groups_values(points, point, of_group, NULL, ", ", true, buf, size);
}

bool groups_asks_for_pages(const struct point *point)
{
	const struct op_stats *op = point->result->op;

	return !*point->objects && (op[OP_PAGE_ALLOC].count || op[OP_PAGE_FREE].count ||
				    op[OP_FAULT].count || op[OP_UNMAP].count);
}

/* The allocator, or what stands in for one. */
static const char *one_name(const struct point *point)
{
	if (*point->objects)
		return point->objects;
	return groups_asks_for_pages(point) ? point->pages : point->workload;
}

/* "workload.object_size" is in bytes: the part before the dot says whose table to look into. */
static const char *unit_of(const struct point *point, const char *key)
{
	const char *dot = strchr(key, '.');
	const struct workload *workload = workload_find(point->workload);
	const struct setting *setting = NULL;

	if (dot && !strncmp(key, "workload.", 9))
		setting = setting_in(workload ? workload->settings : NULL, dot + 1);
	else if (dot && !strncmp(key, "machine.", 8))
		setting = setting_in(machine_settings, dot + 1);
	else
		setting = model_setting(key);
	if (!setting)
		return NULL;
	return setting->unit || setting->kind != SETTING_BYTES ? setting->unit : "bytes";
}

const char *groups_key_unit(const struct points *points, const char *key, char *buf, size_t size)
{
	const char *unit = points->count ? unit_of(points->point[0], key) : NULL;

	snprintf(buf, size, "%s%s%s%s", key, unit ? " (" : "", unit ? unit : "", unit ? ")" : "");
	return buf;
}

static char *axis_of(const struct points *points, const char *without)
{
	char axis[LABEL_BYTES] = "";
	size_t used = 0;

	for (size_t i = 0; i < points->swepts && used < sizeof axis; i++) {
		char key[160];

		if (of_group(points, points->swept[i], without))
			used += (size_t)snprintf(axis + used, sizeof axis - used, "%s%s",
						 used ? ", " : "",
						 groups_key_unit(points, points->swept[i], key,
								 sizeof key));
	}
	return xstrdup(axis);
}

/* A number or a switch, and not a word that looks like a number: it says nothing without its key. */
static bool needs_key(const char *key, const char *value)
{
	const struct setting *setting = model_setting(key);

	if (setting && setting->kind == SETTING_SWITCH)
		return true;
	if (value && (!strcmp(value, "true") || !strcmp(value, "false")))
		return true;
	return value && is_number(value) && !(setting && setting->kind == SETTING_WORD);
}

/* Is the name itself among the swept values? */
static bool name_swept(const struct points *points, const struct point *point, const char *without)
{
	const char *key = one_name(point) == point->objects ? "objects"
			  : one_name(point) == point->pages ? "pages"
							    : "workload";

	for (size_t i = 0; i < points->swepts; i++)
		if (!strcmp(points->swept[i], key))
			return of_series(points, key, without);
	return false;
}

const char *groups_series(const struct points *points, const struct point *point,
			  const char *without, char *buf, size_t size)
{
	/* a variant needs its allocator's name in front, a number or a switch that of its setting */
	size_t used = 0;

	if (!name_swept(points, point, without))
		used = (size_t)snprintf(buf, size, "%.100s", one_name(point));
	else
		*buf = '\0';
	for (size_t i = 0; i < points->swepts && used < size; i++) {
		const char *key = points->swept[i], *value = point_value(point, key);
		const char *dot = strrchr(key, '.');
		bool named = needs_key(key, value);

		if (value && of_series(points, key, without))
			used += (size_t)snprintf(buf + used, size - used, "%s%s%s%s",
						 used ? " " : "", !named ? "" : dot ? dot + 1 : key,
						 named ? "=" : "", value);
	}
	if (!*buf)
		snprintf(buf, size, "%s", one_name(point));
	return buf;
}

void groups_add_like(struct groups *groups, const struct points *points, const char *without,
		     const struct point *like, const struct point *point)
{
	char series[LABEL_BYTES], group[LABEL_BYTES];

	groups_series(points, like, without, series, sizeof series);
	groups_values(points, like, of_group, without, ", ", false, group, sizeof group);
	groups_add(groups, series, group, point);
}

struct groups *groups_of(const struct points *points, const char *without)
{
	struct groups *groups = groups_new();

	free(groups->axis);
	groups->axis = axis_of(points, without);
	groups->allocators = groups_compares_allocators(points);
	for (size_t i = 0; i < points->count; i++)
		groups_add_like(groups, points, without, points->point[i], points->point[i]);
	return groups;
}

/* ---- numbers of a cell -------------------------------------------------------------------- */

static size_t cell_values(const struct cell *cell, measure *what, const void *argument,
			  double *values)
{
	size_t count = 0;

	for (size_t i = 0; i < cell->count; i++) {
		double value = what(cell->point[i], argument);

		if (!isnan(value))
			values[count++] = value;
	}
	return count;
}

struct interval cell_interval(const struct cell *cell, measure *what, const void *argument)
{
	double *values = xalloc(cell->count * sizeof *values);
	struct interval interval =
		statistics_interval(values, cell_values(cell, what, argument, values));

	free(values);
	return interval;
}

struct interval cell_change(const struct cell *from, const struct cell *to, measure *what,
			    const void *argument)
{
	double *a = xalloc(from->count * sizeof *a), *b = xalloc(to->count * sizeof *b);
	size_t as = cell_values(from, what, argument, a), bs = cell_values(to, what, argument, b);
	struct interval change = statistics_change(a, as, b, bs);

	free(a);
	free(b);
	return change;
}
