/*
 * Machine files by name (configs/machines/NAME.yaml among bounce's own files) or by path. A file
 * may start from another one with `base:`.
 */
#include "experiment/machine_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiment/data.h"
#include "experiment/file.h"
#include "experiment/habits.h"
#include "experiment/recognise.h"
#include "experiment/schema.h"
#include "experiment/weak.h"
#include "sim/verbs/xalloc.h"

enum { PATH_BYTES = 4096, BASES_MAX = 4 };

/* ---- names ------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **machine_names(size_t *count)
{
	char folder[PATH_BYTES];
	char **names = NULL;
	DIR *directory =
		data_file("configs/machines", folder, sizeof folder) ? opendir(folder) : NULL;

	*count = 0;
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		size_t length = strlen(entry->d_name);

		if (length <= 5 || *entry->d_name == '.' ||
		    strcmp(entry->d_name + length - 5, ".yaml"))
			continue;
		names = xrealloc(names, (*count + 1) * sizeof *names);
		names[*count] = xstrdup(entry->d_name);
		names[(*count)++][length - 5] = '\0';
	}
	if (directory)
		closedir(directory);
	if (*count)
		qsort(names, *count, sizeof *names, by_text);
	return names;
}

void machine_names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* The nearest one, or all: there are few. */
static void tell_unknown(struct diagnostics *diagnostics, const struct yaml *name)
{
	size_t count, length = 0;
	char **names = machine_names(&count), *all = NULL;
	struct nearest nearest = nearest_to(name->text);
	FILE *out = text_open(&all, &length);

	for (size_t i = 0; i < count; i++) {
		nearest_try(&nearest, names[i]);
		fprintf(out, "%s%s", i ? ", " : "", names[i]);
	}
	text_close(out);
	if (nearest.best)
		mistake(diagnostics, name->place,
			"no machine '%.60s'; did you mean '%s'? ('bounce list machines' shows all)",
			name->text, nearest.best);
	else
		mistake(diagnostics, name->place, "no machine '%.60s'%s; there are: %s", name->text,
			habit_variable(name->text), all);
	free(all);
	machine_names_free(names, count);
}

/* ---- files ------------------------------------------------------------------------------- */

static bool is_path(const char *name)
{
	size_t length = strlen(name);

	return strchr(name, '/') || (length > 5 && !strcmp(name + length - 5, ".yaml"));
}

static bool find_file(struct diagnostics *diagnostics, const struct yaml *name, const char *folder,
		      char *path, size_t size)
{
	char file[PATH_BYTES];
	int length;

	if (!is_path(name->text)) {
		snprintf(file, sizeof file, "configs/machines/%s.yaml", name->text);
		if (*name->text && data_file(file, path, size))
			return true;
		tell_unknown(diagnostics, name);
		return false;
	}
	length = snprintf(path, size, "%s%s", *name->text == '/' ? "" : folder, name->text);
	return length > 0 && (size_t)length < size;
}

/* An experiment.yaml of results has the path as it was: relative to the file that was run then. */
static void note_moved(struct diagnostics *diagnostics, const struct yaml *name, const char *folder)
{
	char index[PATH_BYTES];
	int length = snprintf(index, sizeof index, "%sindex", folder);

	if (!is_path(name->text) || *name->text == '/' || name->place.source->option ||
	    length < 0 || (size_t)length >= sizeof index || access(index, F_OK) != 0)
		return;
	mistake_note(
		diagnostics, name->place,
		"this experiment lies among its results, the path is relative to the file that was run: "
		"copy it back there, or give --set machine.base=PATH, relative to this file");
}

static struct yaml *read_file(struct yaml_pool *pool, struct diagnostics *diagnostics,
			      const struct yaml *name, const char *folder, const char *path)
{
	size_t length;
	char *text = file_read(path, YAML_BYTES_MAX + 1, &length);

	if (!text) {
		bool missing = errno == ENOENT;

		mistake(diagnostics, name->place, "machine file %s: %s", path, file_problem(errno));
		if (missing)
			note_moved(diagnostics, name, folder);
		return NULL;
	}

	const struct document *source = diagnostics_source(diagnostics, path, text, length, false);

	free(text);
	if (recognise_text(diagnostics, source))
		return NULL;

	struct yaml *root = yaml_parse(pool, diagnostics, source, "the file holds no machine");

	if (root && root->kind != YAML_MAPPING) {
		mistake(diagnostics, root->place,
			"a machine is described by keys with values (key: value)");
		return NULL;
	}
	if (root && yaml_find(root, "workload") && yaml_find(root, "cpus")) {
		mistake(diagnostics, name->place, "%s is an experiment, not a machine", path);
		return NULL;
	}
	return root ? yaml_nested(pool, root) : NULL;
}

/* Keys of `over` replace those of `under`; a key that `over` has twice stays twice, to be told. */
static void overlay(struct yaml_pool *pool, struct yaml *under, const struct yaml *over)
{
	size_t before = under->count;

	for (size_t i = 0; i < over->count; i++) {
		struct yaml *key = over->key[i], *child = over->child[i];
		size_t at = 0;

		if (!strcmp(key->text, "base"))
			continue;
		while (at < before && strcmp(under->key[at]->text, key->text))
			at++;
		if (at == before || under->key[at]->place.source == key->place.source) {
			yaml_append(under, key, child);
		} else if (child->kind == YAML_MAPPING && under->child[at]->kind == YAML_MAPPING) {
			under->key[at] = key;
			overlay(pool, under->child[at], child);
		} else {
			under->key[at] = key;
			under->child[at] = child;
		}
	}
}

static struct yaml *build(struct yaml_pool *pool, struct diagnostics *diagnostics,
			  const struct yaml *name, const char *called, const char *folder,
			  const struct yaml *overrides, unsigned depth)
{
	char path[PATH_BYTES], own_folder[PATH_BYTES];

	if (name->kind != YAML_VALUE) {
		mistake(diagnostics, name->place, "'%s' wants the name of a machine", called);
		return NULL;
	}
	if (depth > BASES_MAX) {
		mistake(diagnostics, name->place,
			"more than %d machines that start from each other", BASES_MAX);
		return NULL;
	}
	if (!find_file(diagnostics, name, folder, path, sizeof path))
		return NULL;

	struct yaml *tree = read_file(pool, diagnostics, name, folder, path);
	const struct yaml *base = tree ? yaml_find(tree, "base") : NULL;

	if (base) {
		file_folder(path, own_folder, sizeof own_folder);
		tree = build(pool, diagnostics, base, "base", own_folder, tree, depth + 1);
	}
	if (tree && overrides)
		overlay(pool, tree, overrides);
	return tree;
}

struct yaml *machine_tree(struct yaml_pool *pool, struct diagnostics *diagnostics,
			  const struct yaml *name, const char *called, const char *folder,
			  const struct yaml *overrides)
{
	return build(pool, diagnostics, name, called, folder, overrides, 1);
}

/* ---- a machine by itself ----------------------------------------------------------------- */

struct telling {
	struct diagnostics *diagnostics;
	struct place place;
	const struct yaml *tree;
};

static void tell_rule(void *to, const char *key, const char *text)
{
	const struct telling *telling = to;

	(void)key;
	mistake(telling->diagnostics, telling->place, "%s", text);
}

bool machine_load(const char *name, struct diagnostics *diagnostics, struct machine *machine)
{
	struct yaml_pool pool = { NULL };
	struct schema schema = { .diagnostics = diagnostics,
				 .no_sweep = "a machine file describes one machine" };
	const struct document *source = diagnostics_source(diagnostics, "machine", "", 0, true);
	struct place place = { source, 1, 1 };
	size_t before = diagnostics_count(diagnostics);
	struct yaml *tree = machine_tree(&pool, diagnostics, yaml_value(&pool, name, place),
					 "machine", "", NULL);

	memset(machine, 0, sizeof *machine);
	if (tree) {
		struct telling telling = { diagnostics, tree->place, tree };

		schema_fill(&schema, machine_settings, tree, tree->place, "", machine, NULL);
		if (diagnostics_count(diagnostics) == before) {
			machine_check(machine, tell_rule, &telling);
			weak_check(machine, tell_rule, &telling);
		}
	}
	schema_free(&schema);
	yaml_pool_free(&pool);
	return tree && diagnostics_count(diagnostics) == before;
}
