/* The members, structs and places that bounce most. */
#include "figures/tops.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/groups.h"
#include "experiment/measures.h"
#include "sim/verbs/xalloc.h"

enum { TOPS = 8, NAME_BYTES = 400 };

/* Something with a name that bounces: of one point, or over all. */
struct top {
	char *name;
	double bounces; /* per operation, over the points */
};

struct tops {
	struct top *top;
	size_t count;
};

static void tops_add(struct tops *tops, const char *name, double bounces)
{
	size_t at = 0;

	while (at < tops->count && strcmp(tops->top[at].name, name) != 0)
		at++;
	if (at == tops->count) {
		tops->top = xrealloc(tops->top, (at + 1) * sizeof *tops->top);
		tops->top[tops->count++] = (struct top){ .name = xstrdup(name) };
	}
	tops->top[at].bounces += bounces;
}

static int most_first(const void *one, const void *other)
{
	const struct top *a = one, *b = other;

	if (a->bounces != b->bounces)
		return a->bounces > b->bounces ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void add_part(struct stack *stack, const char *name, const char *column)
{
	stack->name[stack->parts] = xstrdup(name);
	stack->column[stack->parts++] = xstrdup(column);
}

/* The first of them as parts; frees all. Returns whether there were any. */
static bool tops_parts(struct tops *tops, struct stack *stack)
{
	bool any = tops->count;

	if (any)
		qsort(tops->top, tops->count, sizeof *tops->top, most_first);
	for (size_t i = 0; i < tops->count; i++) {
		if (i < TOPS)
			add_part(stack, tops->top[i].name, tops->top[i].name);
		free(tops->top[i].name);
	}
	free(tops->top);
	return any;
}

/* ---- what the title speaks of ---------------------------------------------------------------------- */

struct one_part {
	const struct stack *stack;
	unsigned part;
};

static double value_of(const struct point *point, const void *argument)
{
	const struct one_part *of = argument;

	return of->stack->bars->value(point, of->part, of->stack);
}

/* How far the means of the series are apart; of a single series how high its mean is. */
static double spread_of(const struct groups *groups, const struct one_part *part)
{
	double least = INFINITY, most = 0;

	for (size_t s = 0; s < groups->serieses; s++) {
		double sum = 0;
		size_t count = 0;

		for (size_t i = 0; i < groups->cells; i++) {
			double mean =
				groups->cell[i].series != s
					? NAN
					: cell_interval(&groups->cell[i], value_of, part).mean;

			sum += isnan(mean) ? 0 : mean;
			count += !isnan(mean);
		}
		if (count) {
			least = fmin(least, sum / (double)count);
			most = fmax(most, sum / (double)count);
		}
	}
	return groups->serieses > 1 && most >= least ? most - least : most;
}

/* The part in which series differ most comes first, and the title speaks of it. */
static void choose_claimed(const struct points *points, struct stack *stack)
{
	struct groups *groups = groups_of(points, NULL);
	unsigned best = 0, named = stack->parts - stack->rest;
	double most = -1;

	for (unsigned i = 0; i < named; i++) {
		double spread = spread_of(groups, &(struct one_part){ stack, i });

		if (spread > most) {
			most = spread;
			best = i;
		}
	}

	char *name = stack->name[best], *column = stack->column[best];

	memmove(stack->name + 1, stack->name, best * sizeof *stack->name);
	memmove(stack->column + 1, stack->column, best * sizeof *stack->column);
	stack->name[0] = name;
	stack->column[0] = column;
	stack->claimed = xstrdup(name);
	groups_free(groups);
}

/* ---- members, and the structs that they are of -------------------------------------------------- */

typedef const char *member_namer(const struct member_stats *member, char *buf);

static const char *member_name(const struct member_stats *member, char *buf)
{
	snprintf(buf, NAME_BYTES, "%s%s%s", member->layout, *member->member ? "." : "",
		 member->member);
	return buf;
}

/* "page"; of a struct inside another "zone.lruvec", of an array of them "zone.mag[]". */
static const char *struct_name(const struct member_stats *member, char *buf)
{
	const char *dot = strchr(member->member, '.');
	size_t length = dot ? (size_t)(dot - member->member) : 0;
	size_t plain = strcspn(member->member, "[");
	bool array = plain < length;

	snprintf(buf, NAME_BYTES, "%s%s%.*s%s", member->layout, dot ? "." : "",
		 (int)(array ? plain : length), member->member, array ? "[]" : "");
	return buf;
}

static bool allocators_find(const struct points *points, struct stack *stack, member_namer *namer,
			    const char *others)
{
	struct tops tops = { 0 };
	char name[NAME_BYTES];

	for (size_t p = 0; p < points->count; p++) {
		const struct result *result = points->point[p]->result;

		for (size_t i = 0; result->outcome == OUTCOME_DONE && i < result->members; i++)
			if (result->member[i].class == CLASS_ALLOCATOR && result->member[i].bounces)
				tops_add(&tops, namer(&result->member[i], name),
					 measure_per_operation(result,
							       (double)result->member[i].bounces));
	}
	if (!tops_parts(&tops, stack))
		return false;
	stack->rest = 3;
	add_part(stack, others, "other");
	add_part(stack, "workload's", "workload");
	add_part(stack, "payload", "payload");
	choose_claimed(points, stack);
	return true;
}

static uint64_t named_bounces(const struct result *result, member_namer *namer, const char *name)
{
	uint64_t sum = 0;
	char other[NAME_BYTES];

	for (size_t i = 0; i < result->members; i++)
		if (result->member[i].class == CLASS_ALLOCATOR &&
		    !strcmp(namer(&result->member[i], other), name))
			sum += result->member[i].bounces;
	return sum;
}

static double allocators_part(const struct point *point, unsigned part, const struct stack *stack,
			      member_namer *namer)
{
	const struct result *result = point->result;
	unsigned named = stack->parts - stack->rest;
	double count;

	if (part < named) {
		count = (double)named_bounces(result, namer, stack->name[part]);
	} else if (part == named) {
		count = (double)result->total.bounces[CLASS_ALLOCATOR];
		for (unsigned i = 0; i < named; i++)
			count -= (double)named_bounces(result, namer, stack->name[i]);
	} else {
		count = (double)result->total
				.bounces[part == named + 1 ? CLASS_WORKLOAD : CLASS_PAYLOAD];
	}
	return measure_per_operation(result, count);
}

bool members_find(const struct points *points, struct stack *stack)
{
	return allocators_find(points, stack, member_name, "other members of the allocator");
}

double members_part(const struct point *point, unsigned part, const struct stack *stack)
{
	return allocators_part(point, part, stack, member_name);
}

bool structs_find(const struct points *points, struct stack *stack)
{
	return allocators_find(points, stack, struct_name, "other structs of the allocator");
}

double structs_part(const struct point *point, unsigned part, const struct stack *stack)
{
	return allocators_part(point, part, stack, struct_name);
}

/* ---- places in the source -------------------------------------------------------------------------- */

/* "slub_page.c:120 refill" */
static const char *place_name(const struct site_stats *stats, char *buf)
{
	const struct site *site = stats->caller.line ? &stats->caller : &stats->site;
	const char *slash = strrchr(site->file, '/');

	snprintf(buf, NAME_BYTES, "%s:%d %s", slash ? slash + 1 : site->file, (int)site->line,
		 site->function);
	return buf;
}

bool sources_find(const struct points *points, struct stack *stack)
{
	struct tops tops = { 0 };
	char name[NAME_BYTES];

	for (size_t p = 0; p < points->count; p++) {
		const struct result *result = points->point[p]->result;

		for (size_t i = 0; result->outcome == OUTCOME_DONE && i < result->sites; i++)
			if (result->site[i].bounces)
				tops_add(&tops, place_name(&result->site[i], name),
					 measure_per_operation(result,
							       (double)result->site[i].bounces));
	}
	if (!tops_parts(&tops, stack))
		return false;
	stack->rest = 1;
	add_part(stack, "other places", "other");
	choose_claimed(points, stack);
	return true;
}

static uint64_t place_bounces(const struct result *result, const char *name)
{
	uint64_t sum = 0;
	char other[NAME_BYTES];

	for (size_t i = 0; i < result->sites; i++)
		if (result->site[i].bounces && !strcmp(place_name(&result->site[i], other), name))
			sum += result->site[i].bounces;
	return sum;
}

double sources_part(const struct point *point, unsigned part, const struct stack *stack)
{
	const struct result *result = point->result;
	unsigned named = stack->parts - stack->rest;
	double count = 0;

	if (part < named)
		return measure_per_operation(result,
					     (double)place_bounces(result, stack->name[part]));
	for (int class = 0; class < LINE_CLASSES; class ++)
		count += (double)result->total.bounces[class];
	for (unsigned i = 0; i < named; i++)
		count -= (double)place_bounces(result, stack->name[i]);
	return measure_per_operation(result, count);
}
