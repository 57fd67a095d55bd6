/*
 * From a file to points: the tree, --set over it, a walk that checks everything, then a walk per
 * combination of swept values.
 */
#include "experiment/experiment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"
#include "experiment/shipped.h"
#include "experiment/habits.h"
#include "experiment/loading.h"
#include "experiment/plugin.h"
#include "experiment/recognise.h"
#include "sim/verbs/xalloc.h"

enum { COMBINATIONS_MAX = 10000, POINTS_MAX = 100000 };

/* ---- --set ------------------------------------------------------------------------------- */

static void put_set(struct loading *loading, const char *set)
{
	char name[256];
	const char *equals = strchr(set, '=');

	snprintf(name, sizeof name, "--set %s", set);
	if (!equals || equals == set) {
		const struct document *whole =
			diagnostics_source(loading->diagnostics, name, "", 0, true);

		mistake(loading->diagnostics, (struct place){ whole, 1, 1 },
			"wants KEY=VALUE, like cpus=4 or workload.object_size=[64, 256]");
		return;
	}

	const struct document *source = diagnostics_source(loading->diagnostics, name, equals + 1,
							   strlen(equals + 1), true);
	struct place place = { source, 1, 1 };
	struct yaml *value = yaml_parse(&loading->pool, loading->diagnostics, source,
					"a value is missing after '='");
	struct yaml *key = yaml_value(&loading->pool, set, place);

	key->text[equals - set] = '\0';
	if (value)
		yaml_put(&loading->pool, loading->root, key, yaml_nested(&loading->pool, value));
}

/* ---- the tree ---------------------------------------------------------------------------- */

static bool read_tree(struct loading *loading, const char *path, const char *text, size_t length)
{
	const struct document *source =
		diagnostics_source(loading->diagnostics, path, text, length, false);
	struct yaml *root = NULL;

	if (!recognise_text(loading->diagnostics, source))
		root = yaml_parse(&loading->pool, loading->diagnostics, source,
				  "the file holds no experiment");
	if (!root)
		return false;
	if (root->kind != YAML_MAPPING) {
		mistake(loading->diagnostics, root->place,
			"an experiment is made of keys with values (key: value)");
		return false;
	}
	loading->root = yaml_nested(&loading->pool, root);
	loading->top = root->place;
	return !recognise_tree(loading->diagnostics, source, loading->root, loading->keys);
}

/* ---- loaded allocators ----------------------------------------------------------------------- */

static bool names(const struct yaml *node, const char *word)
{
	if (node->kind == YAML_VALUE)
		return !strcmp(node->text, word);
	for (size_t i = 0; i < node->count; i++)
		if (names(node->child[i], word))
			return true;
	return false;
}

/* One that the experiment does not name runs beside those that it does. */
static void add_loaded(struct loading *loading)
{
	const char *name;

	for (size_t i = 0; (name = plugin_name(i)); i++) {
		struct yaml *asked = yaml_find(loading->root, "objects");
		struct place place = asked ? asked->place : loading->top;
		struct yaml *list = yaml_node(&loading->pool, YAML_LIST, place);

		if (asked && (asked->refused || names(asked, name)))
			continue;
		if (asked && asked->kind == YAML_VALUE)
			yaml_append(list, NULL, asked);
		for (size_t k = 0; asked && k < asked->count; k++)
			yaml_append(list, NULL, asked->child[k]);
		yaml_append(list, NULL, yaml_value(&loading->pool, name, place));
		yaml_put(&loading->pool, loading->root,
			 yaml_value(&loading->pool, "objects", place), list);
	}
}

/* ---- the product ------------------------------------------------------------------------- */

static struct combination *combination_new(void)
{
	struct combination *combination = xalloc(sizeof *combination);

	combination->settings.objects = -1;
	combination->settings.pages = -1;
	return combination;
}

/* The next combination: the last axis turns fastest. false: that was the last one. */
static bool next_turn(struct schema *schema)
{
	for (size_t i = schema->axes; i-- > 0;) {
		struct yaml *node = schema->axis[i].node;

		if (++node->selected < node->count)
			return true;
		node->selected = 0;
	}
	return false;
}

static bool too_many(struct loading *loading)
{
	double points = 1;

	for (size_t i = 0; i < loading->schema.axes; i++)
		points *= (double)loading->schema.axis[i].node->count;
	if (points <= COMBINATIONS_MAX)
		return false;
	mistake(loading->diagnostics, loading->top, "the lists make %.0f combinations; at most %d",
		points, COMBINATIONS_MAX);
	return true;
}

/* The earlier combination that simulates the same; NULL: there is none. */
static const struct combination *find_equal(const struct experiment *experiment,
					    const struct combination *combination)
{
	for (size_t i = 0; i < experiment->combinations; i++) {
		if (!strcmp(experiment->combination[i]->identity, combination->identity))
			return experiment->combination[i];
	}
	return NULL;
}

/* Does the axis sweep a setting of a model that this combination does not use? */
static bool is_unused(const struct axis *axis, const struct combination *combination)
{
	size_t length = strcspn(axis->path, ".");
	const char *objects = combination->objects ? combination->objects->name : "";
	const char *pages = combination->pages->name;

	if (!axis->path[length] || !strncmp(axis->path, "machine.", 8) ||
	    !strncmp(axis->path, "workload.", 9) || !strncmp(axis->path, "interrupts.", 11))
		return false;
	return (strlen(objects) != length || strncmp(axis->path, objects, length)) &&
	       (strlen(pages) != length || strncmp(axis->path, pages, length));
}

/*
 * Each combination of an experiment is another run: one that comes twice would count as two seeds
 * of the same. Those that differ only in settings of models they do not use come once. Under
 * changed uncertain numbers values may meet, which is for the caller to find.
 */
static void tell_equal(struct loading *loading, const struct combination *equal,
		       const struct combination *combination)
{
	const struct schema *schema = &loading->schema;
	size_t before = diagnostics_count(loading->diagnostics);

	for (size_t i = 0; i < schema->axes && !loading->change; i++) {
		const struct yaml *list = schema->axis[i].node;
		size_t first = equal->turn[i], second = list->selected;

		if (first == second || is_unused(&schema->axis[i], combination))
			continue;
		mistake(loading->diagnostics, list->child[second]->place,
			"'%s' has this value twice: each value once; 'repeat' gives more seeds",
			schema->axis[i].path);
		mistake_note(loading->diagnostics, list->child[first]->place, "the first one");
		break;
	}
	loading->equals += diagnostics_count(loading->diagnostics) - before;
}

static bool is_new(struct loading *loading, struct combination *combination)
{
	const struct schema *schema = &loading->schema;
	const struct combination *equal;

	effective_keys(loading, combination);
	effective_identity(combination);
	equal = find_equal(loading->experiment, combination);
	if (equal) {
		tell_equal(loading, equal, combination);
		return false;
	}
	combination->turn = xalloc(schema->axes * sizeof *combination->turn);
	combination->place = xalloc(schema->axes * sizeof *combination->place);
	for (size_t i = 0; i < schema->axes; i++) {
		const struct yaml *list = schema->axis[i].node;

		combination->turn[i] = list->selected;
		combination->place[i] = list->child[list->selected]->place;
	}
	return true;
}

static void change_weak(struct loading *loading, struct combination *combination)
{
	const struct workload *workload = combination->workload;
	char why[160];

	if (!loading->change || diagnostics_count(loading->diagnostics))
		return;
	if (!weak_apply_work(workload->settings, combination->workload_settings, loading->change,
			     why, sizeof why))
		mistake(loading->diagnostics, walk_place(loading, WEAK_WORK), "%s", why);
	if (!weak_apply(&combination->machine, loading->change, why, sizeof why))
		mistake(loading->diagnostics, walk_place(loading, "machine"), "machine '%s': %s",
			combination->machine.id, why);
}

/* Do its values go together? Why not is told apart: another combination may do. */
static bool is_possible(struct loading *loading, struct combination *combination,
			struct diagnostics *left)
{
	struct diagnostics *all = loading->diagnostics, *own = diagnostics_new();

	loading->diagnostics = loading->schema.diagnostics = own;
	rules_check(loading, combination);
	loading->diagnostics = loading->schema.diagnostics = all;

	bool good = !diagnostics_count(own);

	diagnostics_join(left, own);
	loading->experiment->left_out += !good;
	return good;
}

/* Values of swept keys that no combination could take. */
struct dead {
	const struct yaml **value;
	size_t count;
};

static bool is_before(struct place a, struct place b)
{
	return a.line != b.line ? a.line < b.line : a.column < b.column;
}

static struct place last_place(const struct yaml *node)
{
	struct place last = node->place;

	for (size_t i = 0; i < node->count; i++) {
		struct place end = last_place(node->child[i]);

		last = is_before(last, end) ? end : last;
		if (node->kind == YAML_MAPPING && is_before(last, node->key[i]->place))
			last = node->key[i]->place;
	}
	return last;
}

/* In one of the values, or in a file that it names. */
static bool in_dead(const void *argument, struct place place)
{
	const struct dead *dead = argument;

	for (size_t i = 0; i < dead->count; i++) {
		const struct yaml *value = dead->value[i];

		if (place.source == value->place.source && !is_before(place, value->place) &&
		    !is_before(last_place(value), place))
			return true;
		if (place.source != value->place.source && place.source && !place.source->option &&
		    value->kind == YAML_VALUE && strstr(place.source->name, value->text))
			return true;
	}
	return false;
}

static bool is_taken(const struct experiment *experiment, size_t axis, size_t value)
{
	for (size_t i = 0; i < experiment->combinations; i++) {
		if (experiment->combination[i]->turn[axis] == value)
			return true;
	}
	return false;
}

static bool is_count(const struct yaml *value)
{
	return value->kind == YAML_VALUE && *value->text &&
	       !value->text[strspn(value->text, "0123456789.")];
}

/*
 * A count of CPUs or elements may be too much for all machines of the list. An edit, a layout or
 * other words of a workload that no combination can take are not what was meant: what is wrong in
 * them is told as a mistake. true: there is one, and `left` has nothing else.
 */
static bool keep_misspelt(const struct loading *loading, struct diagnostics *left)
{
	struct dead dead = { NULL, 0 };
	bool kept;

	for (size_t i = 0; i < loading->schema.axes; i++) {
		const struct axis *axis = &loading->schema.axis[i];

		for (size_t v = 0; v < axis->node->count; v++) {
			const struct yaml *value = axis->node->child[v];

			if (strncmp(axis->path, "workload.", 9) || is_count(value) ||
			    is_taken(loading->experiment, i, v))
				continue;
			dead.value = xrealloc(dead.value, (dead.count + 1) * sizeof *dead.value);
			dead.value[dead.count++] = value;
		}
	}
	kept = diagnostics_narrow(left, in_dead, &dead);
	free(dead.value);
	return kept;
}

/* With one that can be, those that cannot are left out; with none they are mistakes. */
static void multiply(struct loading *loading)
{
	struct experiment *experiment = loading->experiment;
	struct diagnostics *left = diagnostics_new();
	size_t room = 0;

	loading->schema.again = true;
	do {
		struct combination *combination = combination_new();

		walk(loading, combination);
		change_weak(loading, combination);
		/* equal values are told all, the others of the list are good */
		if (!is_possible(loading, combination, left) ||
		    diagnostics_count(loading->diagnostics) > loading->equals ||
		    !is_new(loading, combination)) {
			combination_free(combination);
			continue;
		}
		if (experiment->combinations == room) {
			room = 2 * room + 16;
			experiment->combination = xrealloc(experiment->combination,
							   room * sizeof *experiment->combination);
		}
		experiment->combination[experiment->combinations++] = combination;
	} while (next_turn(&loading->schema));
	if (experiment->combinations && !keep_misspelt(loading, left))
		diagnostics_excuse(loading->diagnostics, left, LEFT_OUT);
	else
		diagnostics_join(loading->diagnostics, left);
}

enum { TURNS_MAX = 1000 };

/*
 * Of an experiment with mistakes: what else is wrong in all of its combinations. Rules about what is
 * not sound stay silent; what a walk tells was told.
 */
static void multiply_unsound(struct loading *loading)
{
	struct diagnostics *all = loading->diagnostics, *told = diagnostics_new();
	struct diagnostics *left = diagnostics_new();
	size_t possible = 0, turns = 0;

	loading->schema.again = true;
	do {
		struct combination *combination = combination_new();

		loading->diagnostics = loading->schema.diagnostics = told;
		walk(loading, combination);
		loading->diagnostics = loading->schema.diagnostics = all;
		possible += is_possible(loading, combination, left);
		combination_free(combination);
	} while (++turns < TURNS_MAX && next_turn(&loading->schema));
	if (!possible)
		diagnostics_join(all, left);
	else
		diagnostics_free(left);
	diagnostics_free(told);
}

static uint64_t seeds_of(const struct combination *combination)
{
	return combination->seedless ? 1 : combination->settings.repeat;
}

/* Counted before any is made; neither factor is near the square root of 2^64. */
static void check_points(struct loading *loading)
{
	const struct experiment *experiment = loading->experiment;
	uint64_t points = 0;

	for (size_t i = 0; i < experiment->combinations; i++)
		points += seeds_of(experiment->combination[i]);
	if (points > POINTS_MAX)
		mistake(loading->diagnostics, walk_place(loading, "repeat"),
			"%zu combinations with up to %" PRIu64
			" seeds each are %" PRIu64 " points; at most %d",
			experiment->combinations, experiment->combination[0]->settings.repeat,
			points, POINTS_MAX);
}

static void add_points(struct experiment *experiment)
{
	size_t count = 0;

	for (size_t i = 0; i < experiment->combinations; i++)
		count += seeds_of(experiment->combination[i]);
	experiment->point = xalloc((count + 1) * sizeof *experiment->point);
	for (size_t i = 0; i < experiment->combinations; i++) {
		const struct combination *combination = experiment->combination[i];
		uint64_t seeds = seeds_of(combination);

		for (uint64_t seed = 0; seed < seeds; seed++) {
			struct planned *point = &experiment->point[experiment->points++];

			point->combination = combination;
			point->seed = combination->settings.seed + seed;
			effective_name(combination, point->seed, point->name);
		}
	}
}

/* ---- the experiment ---------------------------------------------------------------------- */

static char **append(char **list, size_t *count, const char *text)
{
	list = xrealloc(list, (*count + 1) * sizeof *list);
	list[(*count)++] = xstrdup(text);
	return list;
}

/* It may be meant for a --set that is not given, so it is no mistake; that it does nothing is told. */
static void remark_unused(const struct loading *loading)
{
	const struct experiment *experiment = loading->experiment;

	for (const char *const *model = keys_models(loading->keys); *model; model++) {
		bool used = !yaml_find(loading->root, *model);

		for (size_t i = 0; i < experiment->combinations && !used; i++) {
			const struct combination *combination = experiment->combination[i];

			used = !strcmp(combination->pages->name, *model) ||
			       (combination->objects && !strcmp(combination->objects->name, *model));
		}
		if (!used && !loading->change)
			diagnostics_remark(loading->diagnostics, walk_place(loading, *model),
					   "nothing here runs '%s': its section changes nothing",
					   *model);
	}
}

static void describe(struct loading *loading, char *const *sets, size_t set_count)
{
	struct experiment *experiment = loading->experiment;
	const struct settings *settings = &experiment->combination[0]->settings;
	const struct setting *plots = keys_table(loading->keys);

	while (strcmp(plots->key, "plots"))
		plots++;
	snprintf(experiment->name, sizeof experiment->name, "%s", settings->name);
	snprintf(experiment->title, sizeof experiment->title, "%s", settings->title);
	for (unsigned i = 0; i < settings->plots.count; i++)
		experiment->plot = append(experiment->plot, &experiment->plots,
					  plots->words[settings->plots.value[i]]);
	for (size_t i = 0; i < loading->schema.axes; i++)
		experiment->swept = append(experiment->swept, &experiment->swepts,
					   loading->schema.axis[i].path);
	for (size_t i = 0; i < set_count; i++) {
		/* shortcuts change nothing, so results do not tell of them */
		if (strncmp(sets[i], "run_ahead=", 10) && strncmp(sets[i], "parking=", 8))
			experiment->set = append(experiment->set, &experiment->sets, sets[i]);
	}
	experiment->compared = walk_place(loading, "objects");
	experiment->about = walk_place(loading, "workload");
	experiment->explores = walk_find(loading, "explore") || walk_find(loading, "plant");
	experiment->program = walk_place(loading, "explore.program");
	experiment->fault = walk_place(loading, "explore.fault");
	experiment->plant = walk_place(loading, "plant");
	remark_unused(loading);
	expect_resolve(loading);
	effective_experiment(loading);
	add_points(experiment);
}

static void check_all(struct loading *loading)
{
	struct combination *scratch = combination_new();

	walk(loading, scratch);
	combination_free(scratch);
	if (too_many(loading))
		return;
	if (!diagnostics_count(loading->diagnostics)) {
		multiply(loading);
	} else {
		expect_foretell(loading);
		multiply_unsound(loading);
	}
	if (!diagnostics_count(loading->diagnostics) && loading->experiment->combinations)
		check_points(loading);
}

static struct experiment *parse(const char *path, const char *text, size_t length,
				char *const *sets, size_t set_count,
				const struct weak_change *change, struct diagnostics *diagnostics)
{
	/* mistakes of other files do not count here */
	struct diagnostics *own = diagnostics_new();
	struct loading loading = { .experiment = xalloc(sizeof(struct experiment)),
				   .diagnostics = own, .change = change };
	struct experiment *experiment = loading.experiment;

	loading.schema.diagnostics = own;
	loading.keys = keys_new();
	experiment->path = xstrdup(path);
	file_folder(path, loading.folder, sizeof loading.folder);
	if (read_tree(&loading, path, text, length)) {
		for (size_t i = 0; i < set_count; i++)
			put_set(&loading, sets[i]);
		add_loaded(&loading);
		check_all(&loading);
	}
	if (!diagnostics_count(own) && experiment->combinations)
		describe(&loading, sets, set_count);
	schema_free(&loading.schema);
	keys_free(loading.keys);
	free(loading.machine);
	yaml_pool_free(&loading.pool);
	if (diagnostics_count(own)) {
		experiment_free(experiment);
		experiment = NULL;
	}
	diagnostics_join(diagnostics, own);
	return experiment;
}

struct experiment *experiment_parse(const char *path, const char *text, size_t length,
				    char *const *sets, size_t set_count,
				    struct diagnostics *diagnostics)
{
	return parse(path, text, length, sets, set_count, NULL, diagnostics);
}

struct experiment *experiment_load(const char *path, char *const *sets, size_t set_count,
				   struct diagnostics *diagnostics)
{
	return experiment_load_changed(path, sets, set_count, NULL, diagnostics);
}

struct experiment *experiment_load_changed(const char *path, char *const *sets, size_t set_count,
					   const struct weak_change *change,
					   struct diagnostics *diagnostics)
{
	char shipped[4096];
	size_t length;

	path = shipped_path(path, shipped, sizeof shipped);

	char *text = file_read(path, YAML_BYTES_MAX + 1, &length);

	if (!text) {
		const struct document *source = diagnostics_source(diagnostics, path, "", 0, false);
		const char *problem = file_problem(errno);
		char what[CURE_BYTES];

		mistake(diagnostics, (struct place){ source, 0, 0 }, "%s%s", problem,
			recognise_path(path, what, sizeof what));
		return NULL;
	}

	struct experiment *experiment =
		parse(path, text, length, sets, set_count, change, diagnostics);

	free(text);
	return experiment;
}

/* ---- combinations that cannot be set up ---------------------------------------------------- */

/* The swept key whose last word stands there, up to a quote; SIZE_MAX: none. */
static size_t swept_named(const struct experiment *experiment, const char *word)
{
	for (size_t i = 0; i < experiment->swepts; i++) {
		const char *dot = strrchr(experiment->swept[i], '.');
		const char *last = dot ? dot + 1 : experiment->swept[i];
		size_t length = strlen(last);

		if (!strncmp(word, last, length) && word[length] == '\'')
			return i;
	}
	return SIZE_MAX;
}

struct place experiment_blame(const struct experiment *experiment,
			      const struct combination *combination, const char *text)
{
	for (; (text = strchr(text, '\'')); text++) {
		size_t swept = swept_named(experiment, text + 1);

		if (swept != SIZE_MAX)
			return combination->place[swept];
	}
	return experiment->about;
}

void experiment_leave_out(struct experiment *experiment, const bool *out)
{
	size_t points = 0, combinations = 0;

	for (size_t i = 0; i < experiment->points; i++) {
		size_t at = 0;

		while (experiment->combination[at] != experiment->point[i].combination)
			at++;
		if (!out[at])
			experiment->point[points++] = experiment->point[i];
	}
	for (size_t i = 0; i < experiment->combinations; i++) {
		if (out[i])
			combination_free(experiment->combination[i]);
		else
			experiment->combination[combinations++] = experiment->combination[i];
	}
	experiment->left_out += experiment->combinations - combinations;
	experiment->points = points;
	experiment->combinations = combinations;
}

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void experiment_free(struct experiment *experiment)
{
	for (size_t i = 0; i < experiment->combinations; i++)
		combination_free(experiment->combination[i]);
	free(experiment->combination);
	free(experiment->point);
	free(experiment->path);
	free(experiment->effective);
	expect_free(&experiment->expect);
	lab_free(experiment->lab);
	free_list(experiment->swept, experiment->swepts);
	free_list(experiment->plot, experiment->plots);
	free_list(experiment->set, experiment->sets);
	free(experiment);
}
