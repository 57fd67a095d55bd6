/*
 * Expectations: read from the file, checked against what it sweeps, held against its points.
 */
#include "experiment/expect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/loading.h"
#include "sim/verbs/xalloc.h"

/* clang-format off */
const struct setting expect_settings[] = {
	SETTING(struct expect_keys, metric, NAME, .fixed = true,
		.help = "what is expected to be so: a metric, or one divided by another: bounces/operations"),
	SETTING(struct expect_keys, factor, REAL, .min = 0, .max = 1e6, .fallback = "1", .fixed = true,
		.help = "times so much of the other side"),
	SETTING(struct expect_keys, within_percent, REAL, .min = 0, .max = 1000, .fallback = "0", .fixed = true,
		.unit = "%", .help = "so much beyond it is still good"),
	{ 0 },
};
/* clang-format on */

static const char *const relations[] = {
	[RELATION_NONE] = "of", [RELATION_BELOW] = "below", [RELATION_ABOVE] = "above",
	[RELATION_EQUALS] = "equals", NULL
};

/* ---- reading --------------------------------------------------------------------------------- */

/* One element on its way from the tree. */
struct reading {
	struct loading *loading;
	struct expectation *into;
};

static void read_choices(struct loading *loading, const char *name, const struct yaml *value,
			 struct choices *choices)
{
	if (value->kind != YAML_MAPPING || !value->count) {
		mistake(loading->diagnostics, value->place,
			"'%s' wants values of swept keys, like {objects: slub-cpu}", name);
		return;
	}
	choices->choice = xalloc(value->count * sizeof *choices->choice);
	for (size_t i = 0; i < value->count; i++) {
		const struct yaml *child = value->child[i];
		struct choice *choice = &choices->choice[choices->count];

		if (child->kind == YAML_MAPPING && child->count == 1) {
			/* a dotted key, which became nested */
			snprintf(choice->path, sizeof choice->path, "%s.%s", value->key[i]->text,
				 child->key[0]->text);
			child = child->child[0];
		} else {
			snprintf(choice->path, sizeof choice->path, "%s", value->key[i]->text);
		}
		if (child->kind != YAML_VALUE) {
			mistake(loading->diagnostics, child->place, "'%s' wants a single value here",
				choice->path);
			continue;
		}
		choice->value = xstrdup(child->text);
		choice->place = value->key[i]->place;
		choices->count++;
	}
}

/* `below: 500`, `below: {objects: slub-page}` */
static void read_other_side(struct reading *reading, const struct yaml *key, struct yaml *value)
{
	struct loading *loading = reading->loading;
	char *end;

	if (value->kind == YAML_MAPPING) {
		read_choices(loading, key->text, value, &reading->into->than);
		return;
	}
	if (value->kind == YAML_VALUE && !value->quoted && *value->text >= '0' &&
	    *value->text <= '9' && !value->text[strspn(value->text, "0123456789.")]) {
		reading->into->number = strtod(value->text, &end);
		if (!*end)
			return;
	}
	mistake(loading->diagnostics, value->place,
		"'%s' wants a number, or what differs on the other side: {objects: slub-page}",
		key->text);
}

static bool read_key(void *to, struct yaml *key, struct yaml *value)
{
	struct reading *reading = to;
	enum relation relation = RELATION_NONE;

	while (relations[relation] && strcmp(relations[relation], key->text))
		relation++;
	if (!relations[relation])
		return false;
	if (relation == RELATION_NONE) {
		read_choices(reading->loading, key->text, value, &reading->into->of);
		return true;
	}
	if (reading->into->relation)
		mistake(reading->loading->diagnostics, key->place,
			"'%s' beside '%s'; each expectation has one of them", key->text,
			relations[reading->into->relation]);
	reading->into->relation = relation;
	read_other_side(reading, key, value);
	return true;
}

static void check_metric(struct loading *loading, struct expectation *expectation,
			 struct place place)
{
	struct quotient *what = &expectation->what;
	char unknown[SETTING_NAME_BYTES], why[240];

	if (quotient_parse(expectation->keys.metric, what, unknown, sizeof unknown)) {
		if (metric_is_name(what->above) || (what->below && metric_is_name(what->below)))
			mistake(loading->diagnostics, place, "'%s' is a name, not a number",
				expectation->keys.metric);
		return;
	}
	mistake(loading->diagnostics, place, "%s", metric_unknown(unknown, why, sizeof why));
}

static void read_element(struct loading *loading, struct yaml *element, struct expectation *into)
{
	struct reading reading = { loading, into };
	struct schema_others others = { read_key, &reading, relations, NULL };
	size_t before = diagnostics_count(loading->diagnostics);
	const struct yaml *metric;

	into->place = element->place;
	schema_fill(&loading->schema, expect_settings, element, element->place, "expect",
		    &into->keys, &others);
	if (diagnostics_count(loading->diagnostics) > before)
		return;
	metric = yaml_find(element, "metric");
	check_metric(loading, into, metric->place);
	if (!into->relation)
		mistake(loading->diagnostics, element->place,
			"what of '%s'? An expectation has 'below', 'above' or 'equals'",
			into->keys.metric);
}

void expect_read(struct loading *loading, const struct yaml *key, struct yaml *value)
{
	struct expectations *all = &loading->experiment->expect;

	if (value->kind != YAML_LIST || !value->count) {
		mistake(loading->diagnostics, key->place,
			"'expect' wants a list of expectations, each '- {metric: bounces, of: {objects: slub-cpu}, below: {objects: slub-page}}'");
		return;
	}
	all->expectation = xalloc(value->count * sizeof *all->expectation);
	all->count = value->count;
	for (size_t i = 0; i < value->count; i++)
		read_element(loading, value->child[i], &all->expectation[i]);
}

static void free_choices(struct choices *choices)
{
	for (size_t i = 0; i < choices->count; i++)
		free(choices->choice[i].value);
	free(choices->choice);
}

void expect_free(struct expectations *expectations)
{
	for (size_t i = 0; i < expectations->count; i++) {
		free_choices(&expectations->expectation[i].of);
		free_choices(&expectations->expectation[i].than);
	}
	free(expectations->expectation);
}

/* ---- what they name -------------------------------------------------------------------------- */

/* The swept key with that path, or the only one that ends so; NULL: none. */
static const char *swept_path(const struct schema *schema, const char *word)
{
	const char *path = NULL;

	for (size_t i = 0; i < schema->axes; i++) {
		const char *swept = schema->axis[i].path, *dot = strrchr(swept, '.');

		if (!strcmp(swept, word))
			return swept;
		if (!dot || strcmp(dot + 1, word))
			continue;
		if (path)
			return NULL;
		path = swept;
	}
	return path;
}

/* A list of the file that --set made one value of: then the expectation is about that value, or, which
 * is told, about nothing. */
static bool is_set(struct loading *loading, struct choice *choice)
{
	const struct combination *one = loading->experiment->combination[0];

	for (size_t i = 0; i < one->keys; i++) {
		const char *key = one->key[i].key, *dot = strrchr(key, '.');
		struct place place = walk_place(loading, key);

		if ((strcmp(key, choice->path) && (!dot || strcmp(dot + 1, choice->path))) ||
		    !walk_find(loading, key) || !place.source || !place.source->option)
			continue;
		if (strcmp(one->key[i].value, choice->value))
			diagnostics_remark(loading->diagnostics, choice->place,
					   "left out: '%.60s' is %.60s here, not %.60s",
					   choice->path, one->key[i].value, choice->value);
		snprintf(choice->path, sizeof choice->path, "%s", key);
		return true;
	}
	return false;
}

static bool check_key(struct loading *loading, struct choice *choice)
{
	const struct schema *schema = &loading->schema;
	const char *path = swept_path(schema, choice->path);
	struct nearest nearest = nearest_to(choice->path);

	if (path) {
		snprintf(choice->path, sizeof choice->path, "%s", path);
		return true;
	}
	if (loading->experiment->combinations && is_set(loading, choice))
		return false;
	for (size_t i = 0; i < schema->axes; i++) {
		const char *dot = strrchr(schema->axis[i].path, '.');

		nearest_try(&nearest, schema->axis[i].path);
		nearest_try(&nearest, dot ? dot + 1 : schema->axis[i].path);
	}
	if (nearest.best)
		mistake(loading->diagnostics, choice->place,
			"'%.60s' is no swept key; did you mean '%s'?", choice->path, nearest.best);
	else
		mistake(loading->diagnostics, choice->place,
			"'%.60s' is no swept key: combinations are told apart by keys that have lists",
			choice->path);
	return false;
}

static void check_value(struct loading *loading, const struct choice *choice)
{
	const struct experiment *experiment = loading->experiment;
	struct nearest nearest = nearest_to(choice->value);
	struct place place = walk_place(loading, choice->path);

	for (size_t i = 0; i < experiment->combinations; i++) {
		const char *value = combination_value(experiment->combination[i], choice->path);

		if (value && !strcmp(value, choice->value))
			return;
		if (value)
			nearest_try(&nearest, value);
	}
	if (place.source && place.source->option)
		diagnostics_remark(loading->diagnostics, choice->place,
				   "left out: no combination has %s=%.60s", choice->path,
				   choice->value);
	else if (nearest.best)
		mistake(loading->diagnostics, choice->place,
			"no combination has %s=%.60s; did you mean '%s'?", choice->path,
			choice->value, nearest.best);
	else
		mistake(loading->diagnostics, choice->place, "no combination has %s=%.60s",
			choice->path, choice->value);
}

static void check_choices(struct loading *loading, struct choices *choices)
{
	for (size_t i = 0; i < choices->count; i++) {
		if (check_key(loading, &choices->choice[i]))
			check_value(loading, &choices->choice[i]);
	}
}

static const struct choice *find_choice(const struct choices *choices, const char *path)
{
	for (size_t i = 0; i < choices->count; i++) {
		if (!strcmp(choices->choice[i].path, path))
			return &choices->choice[i];
	}
	return NULL;
}

/* Every value of the other side is one of this side's: there is no other side. */
static void check_sides(struct loading *loading, const struct expectation *expectation)
{
	const struct choices *than = &expectation->than;

	for (size_t i = 0; i < than->count; i++) {
		const struct choice *same = find_choice(&expectation->of, than->choice[i].path);

		if (!same || strcmp(same->value, than->choice[i].value))
			return;
	}
	if (than->count)
		mistake(loading->diagnostics, than->choice[0].place,
			"'%s' names what 'of' names: each combination would be held against itself",
			relations[expectation->relation]);
}

/* Numbers may be written in several ways, and none of them is looked at here. */
static bool is_plain(const struct yaml *value)
{
	return value->kind == YAML_VALUE &&
	       ((*value->text >= 'a' && *value->text <= 'z') ||
		(*value->text && !value->text[strspn(value->text, "0123456789")]));
}

/* A value that the list does not have. */
static void foretell_value(struct loading *loading, const struct choice *choice)
{
	const struct yaml *list = NULL;

	for (size_t i = 0; i < loading->schema.axes; i++) {
		if (!strcmp(loading->schema.axis[i].path, choice->path))
			list = loading->schema.axis[i].node;
	}
	for (size_t i = 0; list && i < list->count; i++) {
		if (!is_plain(list->child[i]) || !strcmp(list->child[i]->text, choice->value))
			return;
	}
	if (list && (!list->place.source || !list->place.source->option))
		mistake(loading->diagnostics, choice->place, "no combination has %s=%.60s",
			choice->path, choice->value);
}

static void foretell_choices(struct loading *loading, struct choices *choices)
{
	for (size_t i = 0; i < choices->count; i++) {
		struct choice *choice = &choices->choice[i];
		struct place place = walk_place(loading, choice->path);

		if (!schema_is_sound(&loading->schema, choice->path) ||
		    (place.source && place.source->option))
			continue;
		if (check_key(loading, choice))
			foretell_value(loading, choice);
	}
}

void expect_foretell(struct loading *loading)
{
	struct expectations *all = &loading->experiment->expect;

	for (size_t i = 0; i < all->count; i++) {
		foretell_choices(loading, &all->expectation[i].of);
		foretell_choices(loading, &all->expectation[i].than);
		check_sides(loading, &all->expectation[i]);
	}
}

void expect_resolve(struct loading *loading)
{
	struct expectations *all = &loading->experiment->expect;

	for (size_t i = 0; i < all->count; i++) {
		check_choices(loading, &all->expectation[i].of);
		check_choices(loading, &all->expectation[i].than);
		check_sides(loading, &all->expectation[i]);
	}
}

/* ---- against points -------------------------------------------------------------------------- */

static bool has_all(const struct point *point, const struct choices *choices)
{
	for (size_t i = 0; i < choices->count; i++) {
		const char *value = point_value(point, choices->choice[i].path);

		if (!value || strcmp(value, choices->choice[i].value))
			return false;
	}
	return true;
}

/* Does `other` differ from `point` by these choices, and, its seed apart, by nothing else? A key
 * that one of the two does not have, a setting of the other's model, is no difference. What has the
 * choices itself has no other side. */
static bool is_other_side(const struct points *points, const struct point *point,
			  const struct point *other, const struct choices *than)
{
	if (!has_all(other, than) || has_all(point, than))
		return false;
	for (size_t i = 0; i < points->swepts; i++) {
		const char *a = point_value(point, points->swept[i]);
		const char *b = point_value(other, points->swept[i]);

		if (!find_choice(than, points->swept[i]) && a && b && strcmp(a, b))
			return false;
	}
	return true;
}

struct values {
	double *value;
	size_t count;
};

static void add_value(struct values *values, double value)
{
	values->value = xrealloc(values->value, (values->count + 1) * sizeof *values->value);
	values->value[values->count++] = value;
}

/* The seeds of the other side, times the factor; the first of them in `other`. */
static struct values other_values(const struct points *points,
				  const struct expectation *expectation,
				  const struct point *point, const struct point **other)
{
	struct values values = { NULL, 0 };
	double factor = expectation->keys.factor;

	*other = NULL;
	if (!expectation->than.count)
		add_value(&values, factor * expectation->number);
	for (size_t i = 0; expectation->than.count && i < points->count; i++) {
		if (!is_other_side(points, point, points->point[i], &expectation->than))
			continue;
		if (!*other)
			*other = points->point[i];
		if (points->point[i]->result->outcome == OUTCOME_DONE)
			add_value(&values,
				  factor * quotient_value(points->point[i], &expectation->what));
	}
	return values;
}

/* By which fraction of `of` a value lies above it; anything is infinitely more than nothing. */
static double change_from(double of, double value)
{
	if (of == 0)
		return value > 0 ? INFINITY : 0;
	return value / of - 1;
}

static struct interval change_of(const struct values *value, const struct values *reference,
				 const struct expected *expected)
{
	struct interval change = expected->value;
	double of = expected->reference.mean;

	if (reference->count > 1 && of != 0)
		return statistics_change(reference->value, reference->count, value->value,
					 value->count);
	change.mean = change_from(of, change.mean);
	change.low = change_from(of, change.low);
	change.high = change_from(of, change.high);
	return change;
}

static enum expect_verdict judge(const struct expectation *expectation, const struct interval *change)
{
	double within = expectation->keys.within_percent / 100;
	double low = interval_known(change) ? change->low : change->mean;
	double high = interval_known(change) ? change->high : change->mean;

	if (isnan(change->mean) || interval_two_states(change))
		return EXPECT_OPEN;
	if (expectation->relation == RELATION_EQUALS)
		return fabs(change->mean) <= within ? EXPECT_HOLDS : EXPECT_FAILS;
	if (expectation->relation == RELATION_ABOVE) {
		double turned = -low;

		low = -high;
		high = turned;
	}
	/* without a tolerance nothing less than below will do */
	if (within > 0 ? high <= within : high < 0)
		return EXPECT_HOLDS;
	return low > within || (within == 0 && low == 0) ? EXPECT_FAILS : EXPECT_OPEN;
}

/* The points [from, to) are the seeds of one combination. */
static void evaluate(const struct points *points, size_t from, size_t to,
		     const struct expectation *expectation, expect_visit *visit, void *visited)
{
	struct values value = { NULL, 0 }, reference;
	struct expected expected = { .point = points->point[from] };

	reference = other_values(points, expectation, expected.point, &expected.other);
	for (size_t i = from; i < to; i++) {
		if (points->point[i]->result->outcome == OUTCOME_DONE)
			add_value(&value, quotient_value(points->point[i], &expectation->what));
	}
	if (value.count && reference.count) {
		expected.value = statistics_interval(value.value, value.count);
		expected.reference = statistics_interval(reference.value, reference.count);
		expected.change = change_of(&value, &reference, &expected);
		expected.verdict = judge(expectation, &expected.change);
		visit(visited, expectation, &expected);
	}
	free(value.value);
	free(reference.value);
}

void expect_evaluate(const struct experiment *experiment, const struct points *points,
		     expect_visit *visit, void *to)
{
	for (size_t e = 0; e < experiment->expect.count; e++) {
		const struct expectation *expectation = &experiment->expect.expectation[e];

		for (size_t from = 0, end; from < points->count; from = end) {
			for (end = from + 1; end < points->count &&
					     point_same_but_seed(points->point[from],
								 points->point[end]);)
				end++;
			if (has_all(points->point[from], &expectation->of))
				evaluate(points, from, end, expectation, visit, to);
		}
	}
}
