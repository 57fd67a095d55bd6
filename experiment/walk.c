/*
 * One walk of an experiment's tree. The first walk checks every value and finds the lists that
 * are swept; the later ones fill one combination each, by the lists' selected values.
 */
#include "experiment/loading.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/habits.h"
#include "experiment/machine_file.h"
#include "sim/verbs/xalloc.h"

static const struct setting no_settings[] = { { 0 } };

static bool again(const struct loading *loading)
{
	return loading->schema.again;
}

/* Memory for the settings of a model or workload; never of size 0. */
static void *settings_new(size_t size)
{
	return xalloc(size ? size : 1);
}

/* ---- machine ----------------------------------------------------------------------------- */

static struct yaml *load_machine(struct loading *loading, struct yaml *asked)
{
	const struct yaml *name = asked;
	const char *called = "machine";

	if (asked->kind == YAML_MAPPING) {
		name = yaml_find(asked, "base");
		called = "base";
	}
	if (!name && asked->partial)
		return NULL;
	if (!name) {
		mistake(loading->diagnostics, asked->place,
			"missing key 'machine.base': the machine to start from");
		return NULL;
	}
	if (name->refused || asked->refused)
		return NULL;
	return machine_tree(&loading->pool, loading->diagnostics, name, called, loading->folder,
			    asked->kind == YAML_MAPPING ? asked : NULL);
}

/* Trees are kept: the lists in them have their turns. */
static struct yaml *find_machine(struct loading *loading, struct yaml *asked)
{
	for (size_t i = 0; i < loading->machines; i++) {
		if (loading->machine[i].asked == asked)
			return loading->machine[i].tree;
	}

	struct loaded_machine loaded = { asked, load_machine(loading, asked) };

	loading->machine =
		xrealloc(loading->machine, (loading->machines + 1) * sizeof *loading->machine);
	loading->machine[loading->machines++] = loaded;
	return loaded.tree;
}

static void fill_machine(struct loading *loading, struct yaml *asked, struct place where)
{
	struct yaml *tree = find_machine(loading, asked);

	if (tree)
		schema_fill(&loading->schema, machine_settings, tree, where, "machine",
			    &loading->into->machine, NULL);
}

static void read_machine(struct loading *loading, struct yaml *key, struct yaml *value)
{
	if (value->kind != YAML_LIST) {
		fill_machine(loading, value, key->place);
		return;
	}
	if (value->count == 0) {
		mistake(loading->diagnostics, value->place, "'machine' is an empty list");
		return;
	}
	schema_add_axis(&loading->schema, value, "machine");
	loading->schema.no_sweep =
		"a machine inside a list cannot have lists of its own; give one machine per value";
	for (size_t i = 0; i < value->count && !again(loading); i++)
		fill_machine(loading, value->child[i], value->child[i]->place);
	fill_machine(loading, value->child[value->selected], key->place);
	loading->schema.no_sweep = NULL;
}

/* ---- where a key belongs ------------------------------------------------------------------- */

static const char *set_cure(struct loading *loading, const char *format, const char *word)
{
	snprintf(loading->cure, sizeof loading->cure, format, word);
	return loading->cure;
}

static const struct setting *model_settings(const char *name, size_t *size)
{
	const struct object_allocator *objects = object_allocator_find(name);
	const struct page_allocator *pages = objects ? NULL : page_allocator_find(name);
	const struct setting *settings = objects ? objects->settings : pages->settings;

	*size = objects ? objects->settings_size : pages->settings_size;
	return settings ? settings : no_settings;
}

static bool is_of_model(const struct loading *loading, const char *key)
{
	size_t size;

	for (const char *const *model = keys_models(loading->keys); *model; model++) {
		if (schema_find(model_settings(*model, &size), key))
			return true;
	}
	return false;
}

/* A key of a section that stands at the top. */
static const char *cure_top(void *to, const char *key)
{
	struct loading *loading = to;

	for (size_t i = 0; workloads[i]; i++) {
		if (workloads[i]->settings && schema_find(workloads[i]->settings, key))
			return "; it belongs into 'workload'";
	}
	if (is_of_model(loading, key))
		return "; it belongs into the section of a model, like 'slub-cpu: {key: value}'";
	if (schema_find(machine_settings, key))
		return set_cure(loading, "; it belongs to the machine: {base: NAME, %.60s: ...}",
				key);
	return "";
}

/* ---- workload ---------------------------------------------------------------------------- */

static bool skip_kind(void *to, struct yaml *key, struct yaml *value)
{
	struct loading *loading = to;

	(void)value;
	if (strcmp(key->text, "kind"))
		return false;
	schema_add_given(&loading->schema, key, "workload.kind");
	return true;
}

/* `type: counter` means the kind, which is not missing then. */
static bool other_kind(struct loading *loading, const struct yaml *value)
{
	for (size_t i = 0; value->kind == YAML_MAPPING && i < value->count; i++) {
		const char *cure = habit_key("workload", value->key[i]->text);

		if (!strstr(cure, "'kind'"))
			continue;
		mistake(loading->diagnostics, value->key[i]->place, "unknown key '%.60s'%s",
			value->key[i]->text, cure);
		return true;
	}
	return false;
}

static const struct workload *read_kind(struct loading *loading, const struct yaml *key,
					const struct yaml *value)
{
	const struct yaml *kind = value->kind == YAML_MAPPING ? yaml_find(value, "kind") : value;

	if (kind && kind->kind == YAML_LIST) {
		mistake(loading->diagnostics, kind->place,
			"an experiment has one kind of workload; write a file for each (its keys may have lists)");
		return NULL;
	}

	if (!kind && (value->partial || other_kind(loading, value)))
		return NULL;
	if (!kind) {
		mistake(loading->diagnostics, key->place,
			"missing key 'workload.kind': what traffic ('bounce list workloads' shows all)");
		return NULL;
	}
	if (kind->refused)
		return NULL;

	int word = schema_word(&loading->schema, kind, kind == value ? "workload" : "kind",
			       keys_workloads(loading->keys));

	return word < 0 ? NULL : workloads[word];
}

/* Where a key belongs that is not one of the workload's. */
static const char *cure_workload(void *to, const char *key)
{
	struct loading *loading = to;

	if (schema_find(keys_table(loading->keys), key))
		return "; it stands at the top level, without blanks in front";
	for (size_t i = 0; workloads[i]; i++) {
		if (workloads[i]->settings && schema_find(workloads[i]->settings, key))
			return set_cure(loading, "; it is a key of workload '%s'",
					workloads[i]->name);
	}
	return "";
}

static void read_workload(struct loading *loading, struct yaml *key, struct yaml *value)
{
	static const char *const names[] = { "kind", NULL };
	struct schema_others others = { skip_kind, loading, names, cure_workload };
	struct combination *into = loading->into;
	const struct workload *workload = value->refused ? NULL : read_kind(loading, key, value);
	struct yaml *section = value->kind == YAML_MAPPING ? value : NULL;

	if (!workload)
		return;
	into->workload = workload;
	into->workload_settings = settings_new(workload->settings_size);
	schema_fill(&loading->schema, workload->settings ? workload->settings : no_settings,
		    section, key->place, "workload", into->workload_settings, &others);
}

/* ---- placement, models ------------------------------------------------------------------- */

/* A list of core numbers is one placement; a list of words is swept as any other. */
static bool is_core_list(const struct yaml *value)
{
	return value->kind == YAML_LIST && value->count > 0 &&
	       value->child[0]->kind == YAML_VALUE && value->child[0]->text[0] >= '0' &&
	       value->child[0]->text[0] <= '9';
}

static void read_cores(struct loading *loading, const struct yaml *value)
{
	struct combination *into = loading->into;
	uint64_t core = 0;

	if (value->count > MACHINE_CORES_MAX) {
		mistake(loading->diagnostics, value->place, "'placement' names more than %d cores",
			MACHINE_CORES_MAX);
		return;
	}
	free(into->core);
	into->core = xalloc(value->count * sizeof *into->core);
	into->cores = 0;
	into->settings.placement = PLACEMENT_LISTED;
	for (size_t i = 0; i < value->count; i++) {
		if (schema_count(&loading->schema, value->child[i], "placement", 0,
				 MACHINE_CORES_MAX - 1, &core))
			into->core[into->cores++] = (unsigned)core;
	}
}

/* Sections of models that a combination does not use are checked all the same. */
static void *fill_model(struct loading *loading, const char *name, struct yaml *section,
			struct place where)
{
	size_t size;
	const struct setting *table = model_settings(name, &size);
	void *settings = settings_new(size);

	schema_fill(&loading->schema, table, section, where, name, settings, NULL);
	return settings;
}

static bool is_model(const struct loading *loading, const char *word)
{
	for (const char *const *model = keys_models(loading->keys); *model; model++) {
		if (!strcmp(*model, word))
			return true;
	}
	return false;
}

/* It was of all workloads alike, and always narrow. */
static void refuse_jitter_percent(struct loading *loading, const struct yaml *key,
				  const struct yaml *value)
{
	uint64_t percent = strtoull(value->kind == YAML_VALUE ? value->text : "", NULL, 10);

	mistake(loading->diagnostics, key->place,
		"'jitter_percent' is gone: 'work' in 'workload' says how work varies (exponential, unless it says otherwise)");
	if (percent == 0 || percent > 100)
		mistake_note(loading->diagnostics, key->place, "for work that does not vary: 'work: constant'");
	else
		mistake_note(loading->diagnostics, key->place,
			     "for %llu %% either way: 'work: {uniform: %llu.%02llu}'",
			     (unsigned long long)percent, (unsigned long long)percent / 100,
			     (unsigned long long)percent % 100);
}

static bool special_key(void *to, struct yaml *key, struct yaml *value)
{
	struct loading *loading = to;
	struct schema *schema = &loading->schema;
	bool machine = !strcmp(key->text, "machine"), workload = !strcmp(key->text, "workload");
	bool cores = !strcmp(key->text, "placement") && is_core_list(value);

	if (!strcmp(key->text, "jitter_percent")) {
		refuse_jitter_percent(loading, key, value);
		return true;
	}
	if (!strcmp(key->text, "expect")) {
		if (!again(loading))
			expect_read(loading, key, value);
		return true;
	}
	if (!strcmp(key->text, "lab")) {
		if (!again(loading))
			lab_read(loading, key, value);
		return true;
	}
	if (!machine && !workload && !cores && !is_model(loading, key->text))
		return false;
	schema_add_given(schema, key, key->text);
	if (machine)
		read_machine(loading, key, value);
	else if (workload)
		read_workload(loading, key, value);
	else if (cores)
		read_cores(loading, value);
	else if (!value->refused)
		free(fill_model(loading, key->text, value, key->place));
	return true;
}

/* What `auto` becomes; the settings as they were asked for stay beside it. */
static void fit_pages(struct combination *into)
{
	const struct page_allocator *pages = into->pages;

	into->pages_fitted = xalloc(pages->settings_size);
	memcpy(into->pages_fitted, into->pages_settings, pages->settings_size);
	if (pages->fit)
		pages->fit(into->pages_fitted,
			   into->objects ? into->objects->kernel : KERNEL_3_9);
}

static void choose_models(struct loading *loading, struct combination *into)
{
	const struct settings *settings = &into->settings;

	if (settings->objects > 0) {
		into->objects = object_allocators[settings->objects - 1];
		into->objects_settings =
			fill_model(loading, into->objects->name,
				   yaml_find(loading->root, into->objects->name), loading->top);
	}
	if (settings->pages >= 0) {
		into->pages = settings->pages == PAGES_AUTO
				      ? page_allocator_of(into->objects)
				      : page_allocators[settings->pages - PAGES_FIRST];
		into->pages_settings =
			fill_model(loading, into->pages->name,
				   yaml_find(loading->root, into->pages->name), loading->top);
		fit_pages(into);
	}
}

void walk(struct loading *loading, struct combination *into)
{
	struct schema_others others = { special_key, loading, keys_models(loading->keys),
					cure_top };

	loading->into = into;
	schema_fill(&loading->schema, keys_table(loading->keys), loading->root, loading->top, "",
		    &into->settings, &others);
	if (!again(loading))
		rule_name(loading, into);
	/* sections of the models were checked where they stand; here they are only read */
	if (again(loading))
		choose_models(loading, into);
}

void combination_free(struct combination *combination)
{
	for (size_t i = 0; i < combination->keys; i++) {
		free(combination->key[i].key);
		free(combination->key[i].value);
	}
	free(combination->key);
	free(combination->machine_text);
	free(combination->objects_settings);
	free(combination->pages_fitted);
	free(combination->pages_settings);
	if (combination->workload)
		schema_release(combination->workload->settings, combination->workload_settings);
	free(combination->workload_settings);
	free(combination->core);
	free(combination->turn);
	free(combination->place);
	free(combination);
}

/* ---- finding what was given -------------------------------------------------------------- */

/* Of a swept list the value whose turn it is. */
static const struct yaml *turn(const struct loading *loading, const struct yaml *node)
{
	for (size_t i = 0; i < loading->schema.axes; i++) {
		if (loading->schema.axis[i].node == node)
			return node->child[node->selected];
	}
	return node;
}

const struct yaml *walk_find(const struct loading *loading, const char *path)
{
	const struct yaml *node = loading->root;
	char *copy = xstrdup(path), *rest = copy;

	for (char *word = strtok_r(rest, ".", &rest); word && node;
	     word = strtok_r(NULL, ".", &rest))
		node = turn(loading, yaml_find(node, word));
	free(copy);
	return node;
}

struct place walk_place(const struct loading *loading, const char *path)
{
	const struct yaml *node = walk_find(loading, path);
	char above[SETTING_PATH_BYTES];

	if (node)
		return node->place;
	snprintf(above, sizeof above, "%s", path);

	char *dot = strrchr(above, '.');

	if (!dot)
		return loading->top;
	*dot = '\0';
	return walk_place(loading, above);
}

static bool is_option(const struct place *place)
{
	return place->source && place->source->option;
}

struct place walk_place_among(const struct loading *loading, const char *above, const char *keys)
{
	char key[SETTING_PATH_BYTES], path[SETTING_PATH_BYTES];
	struct place best = { NULL, 0, 0 };
	bool given = false;

	for (size_t length; *keys; keys += length + strspn(keys + length, ", ")) {
		length = strcspn(keys, ",");
		snprintf(key, sizeof key, "%.*s", (int)length, keys);
		schema_join(path, above, key);

		struct place place = walk_place(loading, path);
		bool found = walk_find(loading, path) != NULL;

		if (!best.source || (!given && found) || (!is_option(&best) && is_option(&place))) {
			best = place;
			given = found;
		}
	}
	return best;
}

bool walk_is_swept(const struct loading *loading, const char *path)
{
	for (size_t i = 0; i < loading->schema.axes; i++) {
		if (!strcmp(loading->schema.axis[i].path, path))
			return true;
	}
	return false;
}

size_t walk_order(const struct loading *loading, const char *path)
{
	for (size_t i = 0; i < loading->schema.givens; i++) {
		if (!strcmp(loading->schema.given[i].path, path))
			return i;
	}
	return SIZE_MAX;
}
