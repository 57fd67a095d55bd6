/*
 * Settings as text. A point's keys, the hash that names it, and the effective experiment: all
 * defaults filled in, comments and order gone, which reads back as the same experiment.
 *
 * What a hash covers is in table order, so that the order of keys in the file changes nothing;
 * the text of the effective experiment keeps the order of what was given, since that is the order
 * of the product.
 */
#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"
#include "experiment/loading.h"
#include "experiment/sha256.h"
#include "experiment/version.h"
#include "sim/verbs/xalloc.h"

/* ---- keys of a combination --------------------------------------------------------------- */

struct listing {
	struct loading *loading;
	struct combination *combination;
};

static void add_key(struct listing *listing, const char *path, const char *text)
{
	struct combination *combination = listing->combination;

	combination->key =
		xrealloc(combination->key, (combination->keys + 1) * sizeof *combination->key);
	combination->key[combination->keys++] = (struct point_key){
		.key = xstrdup(path),
		.value = xstrdup(text),
		.swept = walk_is_swept(listing->loading, path),
	};
}

const char *combination_value(const struct combination *combination, const char *path)
{
	for (size_t i = 0; i < combination->keys; i++) {
		if (!strcmp(combination->key[i].key, path))
			return combination->key[i].value;
	}
	return NULL;
}

/* Nothing known about a number is not told at all. */
static void visit_setting(void *to, const struct setting *setting, const char *path,
			  const char *text)
{
	if (*text || setting->kind == SETTING_NAME)
		add_key(to, path, text);
}

static bool is_changed(const struct loading *loading, const struct machine *machine,
		       const char *path)
{
	return loading->change && weak_reaches(machine, loading->change, path);
}

/* Of a machine only what the experiment changes: the rest is the file's. */
static void visit_machine(void *to, const struct setting *setting, const char *path,
			  const char *text)
{
	struct listing *listing = to;
	const struct loading *loading = listing->loading;
	const struct yaml *asked = walk_find(loading, "machine");
	char below[SETTING_PATH_BYTES];

	(void)setting;
	/* walk_find goes through the tree of the experiment, where only overrides are */
	schema_join(below, "machine", path);
	if ((asked && asked->kind == YAML_MAPPING && walk_find(loading, below)) ||
	    (*text && is_changed(loading, &listing->combination->machine, path)))
		add_key(listing, below, text);
}

/* A name that is too long ends with a hash of the whole: two that begin alike stay two. */
static void fit_name(char *name, const char *whole)
{
	enum { HASH_DIGITS = 8, ROOM = SETTING_NAME_BYTES - HASH_DIGITS - 2 };
	char hex[SHA256_HEX_BYTES];
	size_t length = strlen(whole), kept = ROOM;

	if (length < SETTING_NAME_BYTES) {
		memcpy(name, whole, length + 1);
		return;
	}
	while (kept && ((unsigned char)whole[kept] & 0xc0) == 0x80)
		kept--;                         /* no character is cut */
	sha256_text(whole, length, hex);
	snprintf(name, SETTING_NAME_BYTES, "%.*s~%.*s", (int)kept, whole, HASH_DIGITS, hex);
}

/* Its name or path, as the experiment has it. */
static const char *base_text(struct loading *loading)
{
	const struct yaml *asked = walk_find(loading, "machine");

	return (asked->kind == YAML_MAPPING ? yaml_find(asked, "base") : asked)->text;
}

static void machine_base(struct loading *loading, struct combination *combination)
{
	fit_name(combination->settings.machine, base_text(loading));
	snprintf(combination->settings.workload, SETTING_NAME_BYTES, "%s",
		 combination->workload->name);
}

/* "core2-2s+l1d.kib=64": overrides that are not swept, for those have columns of their own. */
static void name_machine(struct loading *loading, struct combination *combination)
{
	char *text, *name, quoted[SETTING_TEXT_BYTES];
	bool list = walk_is_swept(loading, "machine"), changed = false;
	size_t length, name_length;
	FILE *out = text_open(&text, &length), *named = text_open(&name, &name_length);

	fputs(base_text(loading), named);
	schema_quote(base_text(loading), quoted, sizeof quoted);
	fprintf(out, "{base: %s", quoted);
	for (size_t i = 0; i < combination->keys; i++) {
		const struct point_key *key = &combination->key[i];

		if (strncmp(key->key, "machine.", 8))
			continue;
		changed = true;
		/* a list of numbers as it is; all else as a word */
		schema_quote(key->value, quoted, sizeof quoted);
		fprintf(out, ", %s: %s", key->key + 8, *key->value == '[' ? key->value : quoted);
		if (!key->swept && effective_is_of_point(key->key))
			fprintf(named, "+%s=%s", key->key + 8, key->value);
	}
	fputc('}', out);
	text_close(out);
	if (combination->scaled)
		fprintf(named, "+sockets=%llu", (unsigned long long)combination->machine.sockets);
	text_close(named);
	fit_name(combination->machine_name, name);
	free(name);
	if (changed && list) {
		combination->machine_text = text;
		return;
	}
	free(text);
	schema_quote(base_text(loading), quoted, sizeof quoted);
	combination->machine_text = xstrdup(quoted);
}

/* The key tells machines apart that differ in overrides. */
static void rename_machine(struct combination *combination)
{
	for (size_t i = 0; i < combination->keys; i++) {
		if (strcmp(combination->key[i].key, "machine"))
			continue;
		free(combination->key[i].value);
		combination->key[i].value = xstrdup(combination->machine_name);
	}
}

static void placement_text(const struct combination *combination, char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "[");

	for (size_t i = 0; i < combination->cores && at + 16 < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%u", i ? ", " : "",
				       combination->core[i]);
	snprintf(text + at, size - at, "]");
}

/* No result depends on it: expectations, and what is explored, which is told where it was
 * asked for. */
static bool list_apart(struct listing *listing, const struct setting *setting)
{
	if (!strcmp(setting->key, "expect") || !strcmp(setting->key, "lab"))
		return true;
	if (strcmp(setting->key, "explore") && strcmp(setting->key, "plant"))
		return false;
	if (!walk_find(listing->loading, setting->key))
		return true;
	if (setting->section) {
		schema_list(setting->section,
			    (const char *)&listing->combination->settings + setting->offset,
			    setting->key, visit_setting, listing);
		return true;
	}
	return false;
}

/* Shortcuts change nothing, so they are no part of what a result is. */
static bool is_shortcut(const struct setting *setting)
{
	return !strcmp(setting->key, "run_ahead") || !strcmp(setting->key, "parking");
}

static void list_top_level(struct listing *listing)
{
	struct combination *combination = listing->combination;
	char text[16 * MACHINE_CORES_MAX];

	for (const struct setting *setting = keys_table(listing->loading->keys); setting->key;
	     setting++) {
		if (is_shortcut(setting) || list_apart(listing, setting))
			continue;
		if (!strcmp(setting->key, "placement") &&
		    combination->settings.placement == PLACEMENT_LISTED)
			placement_text(combination, text, sizeof text);
		else
			schema_text(setting, &combination->settings, text, sizeof text);
		visit_setting(listing, setting, setting->key, text);
		if (!strcmp(setting->key, "machine"))
			schema_list(machine_settings, &combination->machine, "", visit_machine,
				    listing);
		if (!strcmp(setting->key, "workload") && combination->workload->settings)
			schema_list(combination->workload->settings, combination->workload_settings,
				    "workload", visit_setting, listing);
		/* experiments without devices need not know of them */
		if (!strcmp(setting->key, "interrupts") &&
		    walk_find(listing->loading, "interrupts"))
			schema_list(setting->section, &combination->settings.interrupts,
				    "interrupts", visit_setting, listing);
	}
}

void effective_keys(struct loading *loading, struct combination *combination)
{
	struct listing listing = { loading, combination };
	const struct object_allocator *objects = combination->objects;
	const struct page_allocator *pages = combination->pages;

	machine_base(loading, combination);
	list_top_level(&listing);
	if (objects && objects->settings)
		schema_list(objects->settings, combination->objects_settings, objects->name,
			    visit_setting, &listing);
	if (pages->settings)
		schema_list(pages->settings, combination->pages_settings, pages->name,
			    visit_setting, &listing);
	name_machine(loading, combination);
	rename_machine(combination);
}

/* ---- the name of a point ----------------------------------------------------------------- */

bool effective_is_of_point(const char *key)
{
	static const char *const words[] = { "name",  "title", "repeat",
					     "seed", "plots", "machine.weak" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!strcmp(words[i], key))
			return false;
	}
	return strncmp(key, "explore.", 8) != 0;
}

static void add_line(struct sha256 *hash, const char *key, const char *value)
{
	sha256_add(hash, key, strlen(key));
	sha256_add(hash, ": ", 2);
	sha256_add(hash, value, strlen(value));
	sha256_add(hash, "\n", 1);
}

static void add_machine_line(void *to, const struct setting *setting, const char *path,
			     const char *text)
{
	(void)setting;
	if (effective_is_of_point(path))
		add_line(to, path, text);
}

static void name_of(struct sha256 *hash, char name[POINT_NAME_BYTES])
{
	char hex[SHA256_HEX_BYTES];

	sha256_hex(hash, hex);
	memcpy(name, hex, POINT_NAME_BYTES - 1);
	name[POINT_NAME_BYTES - 1] = '\0';
}

void effective_identity(struct combination *combination)
{
	struct sha256 hash;

	sha256_start(&hash);
	for (size_t i = 0; i < combination->keys; i++) {
		const char *key = combination->key[i].key;

		/* of the machine what it is, not how it was asked for */
		if (effective_is_of_point(key) && strncmp(key, "machine", 7))
			add_line(&hash, key, combination->key[i].value);
	}
	schema_list(machine_settings, &combination->machine, "machine", add_machine_line, &hash);
	add_line(&hash, "input", combination->input);
	name_of(&hash, combination->identity);
}

/* Of all that runs in this combination, and of nothing else. */
static void add_versions(struct sha256 *hash, const struct combination *combination)
{
	char part[SETTING_PATH_BYTES];

	add_line(hash, "engine", version_of(""));
	snprintf(part, sizeof part, "workloads/%s", combination->workload->name);
	add_line(hash, part, version_of(part));
	snprintf(part, sizeof part, "pages/%s", combination->pages->name);
	add_line(hash, part, version_of(part));
	if (!combination->objects)
		return;
	snprintf(part, sizeof part, "objects/%s", combination->objects->name);
	add_line(hash, part, combination->objects->content ? combination->objects->content
							   : version_of(part));
}

void effective_name(const struct combination *combination, uint64_t seed,
		    char name[POINT_NAME_BYTES])
{
	struct sha256 hash;
	char number[32];

	sha256_start(&hash);
	add_versions(&hash, combination);
	for (size_t i = 0; i < combination->keys; i++) {
		if (effective_is_of_point(combination->key[i].key))
			add_line(&hash, combination->key[i].key, combination->key[i].value);
	}
	schema_list(machine_settings, &combination->machine, "machine", add_machine_line, &hash);
	add_line(&hash, "input", combination->input);
	snprintf(number, sizeof number, "%llu", (unsigned long long)seed);
	add_line(&hash, "seed", number);
	name_of(&hash, name);
}

/* ---- the effective experiment ------------------------------------------------------------ */

/* One line of it: a path and its value, or its values. */
struct entry {
	const char *path;
	char top[SETTING_PATH_BYTES];           /* the path up to its first dot */
	char *text;
	size_t top_order, order, number;        /* as given; number: in table order */
};

struct entries {
	struct entry *entry;
	size_t count;
};

static const char *entry_value(const struct combination *combination, const char *path)
{
	return strcmp(path, "machine") ? combination_value(combination, path) : combination->machine_text;
}

/* The values of a path, each once. */
struct values {
	const char **value;
	size_t count;
};

/* false: it is there already. */
static bool add_value(struct values *values, const char *value)
{
	for (size_t i = 0; i < values->count; i++) {
		if (!strcmp(values->value[i], value))
			return false;
	}
	values->value =
		xrealloc(values->value, (values->count + 1) * sizeof *values->value);
	values->value[values->count++] = value;
	return true;
}

/* Names with what they are, for a workload to read: their order says something too. */
static bool is_in_tree(const char *path)
{
	return !strncmp(path, "workload.members.", 17) || !strncmp(path, "workload.threads.", 17);
}

/* A machine's own text, a list of keys, a distribution and what a workload reads itself are YAML
 * already. */
static bool is_yaml(const char *path)
{
	return !strcmp(path, "machine") || !strcmp(path, "machine.weak") ||
	       !strcmp(path, "workload.work") || !strcmp(path, "interrupts.work") ||
	       !strcmp(path, "workload.edit") || is_in_tree(path);
}

static void print_value(FILE *out, bool yaml, const char *value)
{
	static const char list_bytes[] = "[]abcdefghijklmnopqrstuvwxyz0123456789_., -";
	char quoted[2 * SETTING_TEXT_BYTES];

	schema_quote(value, quoted, sizeof quoted);
	/* lists are YAML too */
	bool ready = yaml || (*value == '[' && !value[strspn(value, list_bytes)]);

	fputs(ready ? value : quoted, out);
}

/* The values of a path over all combinations, in their order. */
static char *entry_text(const struct loading *loading, const char *path)
{
	const struct experiment *experiment = loading->experiment;
	bool swept = walk_is_swept(loading, path);
	char *text = NULL;
	struct values values = { NULL, 0 };
	size_t length = 0;
	FILE *out = text_open(&text, &length);

	if (swept)
		fputc('[', out);
	for (size_t i = 0; i < experiment->combinations && (swept || !values.count); i++) {
		const char *value = entry_value(experiment->combination[i], path);

		if (!value || !add_value(&values, value))
			continue;
		fputs(values.count > 1 ? ", " : "", out);
		print_value(out, is_yaml(path), value);
	}
	free(values.value);
	if (swept)
		fputc(']', out);
	text_close(out);
	return text;
}

/* A section that was not given stands where its first key does in the tables. */
static size_t first_of_section(const struct entries *entries, const char *top)
{
	size_t i = 0;

	while (i < entries->count && strcmp(entries->entry[i].top, top))
		i++;
	return i;
}

static void add_entry(const struct loading *loading, struct entries *entries, const char *path)
{
	for (size_t i = 0; i < entries->count; i++) {
		if (!strcmp(entries->entry[i].path, path))
			return;
	}
	/* a list of machines has its overrides in its own values */
	if (!strncmp(path, "machine.", 8) && walk_is_swept(loading, "machine"))
		return;
	entries->entry = xrealloc(entries->entry, (entries->count + 1) * sizeof *entries->entry);

	struct entry *entry = &entries->entry[entries->count];

	memset(entry, 0, sizeof *entry);
	entry->path = path;
	snprintf(entry->top, sizeof entry->top, "%.*s", (int)strcspn(path, "."), path);
	entry->text = entry_text(loading, path);
	entry->order = strcmp(path, entry->top) ? walk_order(loading, path) : 0;
	entry->top_order = walk_order(loading, entry->top);
	if (entry->top_order == SIZE_MAX)
		entry->top_order = SIZE_MAX / 2 + first_of_section(entries, entry->top);
	entry->number = entries->count++;
}

static int compare(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int by_path(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	return strcmp(a->path, b->path);
}

/* What was given comes first, in its order; sections stay together, behind what names them. */
static int by_given(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = compare(a->top_order, b->top_order);

	if (!order)
		order = compare(a->order, b->order);
	return order ? order : compare(a->number, b->number);
}

static bool is_section(const struct entries *entries, size_t at)
{
	return at + 1 < entries->count &&
	       !strcmp(entries->entry[at].top, entries->entry[at + 1].top);
}

static size_t print_machine(FILE *out, const struct entries *entries, size_t at)
{
	const struct entry *entry = &entries->entry[at];

	if (!is_section(entries, at)) {
		fprintf(out, "machine: %s\n", entry->text);
		return at + 1;
	}
	fprintf(out, "machine:\n  base: %s\n", entry->text);
	for (at++; at < entries->count && !strcmp(entries->entry[at].top, "machine"); at++)
		fprintf(out, "  %s: %s\n", entries->entry[at].path + strlen("machine."),
			entries->entry[at].text);
	return at;
}

/* `workload`, and the sections of models. */
static size_t print_section(FILE *out, const struct entries *entries, size_t at)
{
	const char *top = entries->entry[at].top;

	fprintf(out, "%s:\n", top);
	for (; at < entries->count && !strcmp(entries->entry[at].top, top); at++) {
		const struct entry *entry = &entries->entry[at];
		const char *below = entry->path + strlen(top);

		fprintf(out, "  %s: %s\n", *below ? below + 1 : "kind", entry->text);
	}
	return at;
}

static void print_entries(FILE *out, const struct entries *entries)
{
	for (size_t i = 0; i < entries->count;) {
		const struct entry *entry = &entries->entry[i];

		if (!strcmp(entry->top, "machine"))
			i = print_machine(out, entries, i);
		else if (!strcmp(entry->top, "workload") || strchr(entry->path, '.'))
			i = print_section(out, entries, i);
		else
			fprintf(out, "%s: %s\n", entry->path, entries->entry[i++].text);
	}
}

void effective_experiment(struct loading *loading)
{
	struct experiment *experiment = loading->experiment;
	struct entries entries = { NULL, 0 };
	struct sha256 hash;
	size_t length = 0;

	for (size_t i = 0; i < experiment->combinations; i++) {
		for (size_t j = 0; j < experiment->combination[i]->keys; j++)
			add_entry(loading, &entries, experiment->combination[i]->key[j].key);
	}
	qsort(entries.entry, entries.count, sizeof *entries.entry, by_path);
	sha256_start(&hash);
	for (size_t i = 0; i < entries.count; i++)
		add_line(&hash, entries.entry[i].path, entries.entry[i].text);
	qsort(entries.entry, entries.count, sizeof *entries.entry, by_given);
	for (size_t i = 0; i < entries.count; i++) {
		if (is_in_tree(entries.entry[i].path))
			add_line(&hash, entries.entry[i].path, "");
	}
	sha256_hex(&hash, experiment->hash);

	FILE *out = text_open(&experiment->effective, &length);

	print_entries(out, &entries);
	text_close(out);
	for (size_t i = 0; i < entries.count; i++)
		free(entries.entry[i].text);
	free(entries.entry);
}
