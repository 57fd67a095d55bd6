/*
 * Settings from YAML: one walk for all tables, one wording for all mistakes.
 */
#include "experiment/schema.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/file.h"
#include "experiment/habits.h"
#include "experiment/tree.h"
#include "sim/verbs/xalloc.h"

void schema_free(struct schema *schema)
{
	free(schema->axis);
	free(schema->given);
	free(schema->unsound);
}

/* "": all keys. */
static void add_unsound(struct schema *schema, const char *path, const char *key)
{
	if (schema->again)
		return;
	schema->unsound = xrealloc(schema->unsound,
				   (schema->unsounds + 1) * sizeof *schema->unsound);
	schema_join(schema->unsound[schema->unsounds++], path, key);
}

/* Is `path` `whole`, or the front of it up to a dot? */
static bool is_front(const char *path, const char *whole)
{
	size_t length = strlen(path);

	return !length || (!strncmp(path, whole, length) && (!whole[length] || whole[length] == '.'));
}

bool schema_is_sound(const struct schema *schema, const char *key)
{
	for (size_t i = 0; i < schema->unsounds; i++) {
		const char *path = schema->unsound[i], *dot = strrchr(path, '.');

		if (is_front(path, key) || is_front(key, path) || (dot && !strcmp(dot + 1, key)))
			return false;
	}
	return true;
}

void schema_join(char joined[SETTING_PATH_BYTES], const char *path, const char *key)
{
	snprintf(joined, SETTING_PATH_BYTES, "%s%s%s", path, *path ? "." : "", key);
}

const char *schema_name(const struct yaml *key, const char *path)
{
	return key->place.source && key->place.source->option ? path : key->text;
}

void schema_add_axis(struct schema *schema, struct yaml *list, const char *path)
{
	if (schema->again)
		return;
	schema->axis = xrealloc(schema->axis, (schema->axes + 1) * sizeof *schema->axis);

	struct axis *axis = &schema->axis[schema->axes++];

	memset(axis, 0, sizeof *axis);
	axis->node = list;
	snprintf(axis->path, sizeof axis->path, "%s", path);
}

void schema_add_given(struct schema *schema, const struct yaml *key, const char *path)
{
	if (schema->again)
		return;
	schema->given = xrealloc(schema->given, (schema->givens + 1) * sizeof *schema->given);

	struct given *given = &schema->given[schema->givens++];

	memset(given, 0, sizeof *given);
	given->key = key;
	snprintf(given->path, sizeof given->path, "%s", path);
}

/* ---- tables ---------------------------------------------------------------------------------- */

bool schema_is_list(const struct setting *setting)
{
	return setting->kind == SETTING_REALS || setting->kind == SETTING_WORDLIST ||
	       setting->kind == SETTING_KEYLIST;
}

bool schema_is_number(const struct setting *setting)
{
	return setting->kind == SETTING_COUNT || setting->kind == SETTING_BYTES ||
	       setting->kind == SETTING_REAL || setting->kind == SETTING_REALS;
}

bool schema_has_numbers(const struct setting *setting)
{
	if (setting->kind != SETTING_SECTION)
		return schema_is_number(setting);
	for (const struct setting *inner = setting->section; inner->key; inner++) {
		if (schema_has_numbers(inner))
			return true;
	}
	return false;
}

const struct setting *schema_find(const struct setting *table, const char *path)
{
	size_t length = strcspn(path, ".");

	for (; table->key; table++) {
		if (strlen(table->key) != length || strncmp(table->key, path, length))
			continue;
		if (!path[length])
			return table;
		return table->kind == SETTING_SECTION
			       ? schema_find(table->section, path + length + 1)
			       : NULL;
	}
	return NULL;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A value in the words of a message: 'eight', nothing, a list. */
static const char *describe(const struct yaml *value, char *text, size_t size)
{
	if (value->kind == YAML_LIST)
		return "a list";
	if (value->kind == YAML_MAPPING)
		return "a mapping";
	if (!*value->text && !value->quoted)
		return "nothing";
	snprintf(text, size, "%s'%.60s%s'", value->quoted ? "the text " : "", value->text,
		 strlen(value->text) > 60 ? "..." : "");
	return text;
}

/* `cure`: the end of the message, "" if none. */
static void wants(struct schema *schema, const struct yaml *value, const char *name,
		  const char *what, const char *cure)
{
	char got[100];

	mistake(schema->diagnostics, value->place, "'%s' wants %s, got %s%s", name, what,
		describe(value, got, sizeof got), cure);
}

static void wants_number(struct schema *schema, const struct setting *setting,
			 const struct yaml *value, const char *name, const char *what)
{
	char cure[CURE_BYTES];

	wants(schema, value, name, what, habit_number(setting, value, cure));
}

static bool single(struct schema *schema, const struct yaml *value, const char *name)
{
	if (value->kind == YAML_VALUE)
		return true;
	wants(schema, value, name, "a single value", "");
	return false;
}

/* The digits of a whole number, '_' between them allowed; 0: there is none. */
static size_t digits(const char *text)
{
	return text[0] >= '0' && text[0] <= '9' ? strspn(text, "0123456789_") : 0;
}

/* false: does not fit. */
static bool whole(const char *text, size_t length, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '_')
			continue;
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(text[i] - '0'), number))
			return false;
	}
	return true;
}

/* Shortest text that reads back the same. */
static void real_text(double value, char *text, size_t size)
{
	for (int precision = 1; precision <= 17; precision++) {
		snprintf(text, size, "%.*g", precision, value);
		if (strtod(text, NULL) == value)
			break;
	}
	/* experiments know no exponents */
	if (strchr(text, 'e') && fabs(value) >= 1)
		snprintf(text, size, "%.0f", value);
	else if (strchr(text, 'e'))
		snprintf(text, size, "%.20f", value);
}

static bool any_number(double min, double max)
{
	return min == 0 && max == 0;
}

static void out_of_range(struct schema *schema, const struct yaml *value, const char *name,
			 double min, double max)
{
	char low[40], high[40];

	real_text(min, low, sizeof low);
	real_text(max, high, sizeof high);
	if (any_number(min, max))
		mistake(schema->diagnostics, value->place,
			"'%s' is %.60s; allowed are 0 and more, below 2^64", name, value->text);
	else
		mistake(schema->diagnostics, value->place, "'%s' is %.60s; allowed %s..%s", name,
			value->text, low, high);
}

static bool leading_zero(const char *text)
{
	return text[0] == '0' && digits(text) > 1;
}

static unsigned suffix_shift(char suffix)
{
	switch (suffix) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	default:
		return 0;
	}
}

/* A whole number in the setting's range, with a suffix where it is of bytes. */
static bool read_whole(struct schema *schema, const struct setting *setting,
		       const struct yaml *value, const char *name, uint64_t *number)
{
	bool bytes = setting->kind == SETTING_BYTES;
	const char *what = bytes ? "a whole number of bytes, like 4096 or 4K" : "a whole number";

	if (!single(schema, value, name))
		return false;

	bool negative = value->text[0] == '-';
	const char *text = value->text + negative;
	size_t length = digits(text);
	unsigned shift = bytes && length ? suffix_shift(text[length]) : 0;

	if (!length || value->quoted || text[length + (shift > 0)]) {
		wants_number(schema, setting, value, name, what);
		return false;
	}
	if (leading_zero(text)) {
		wants_number(schema, setting, value, name,
			     "a whole number without a zero in front");
		return false;
	}

	bool fits = whole(text, length, number) && *number <= UINT64_MAX >> shift;

	*number <<= shift;
	if (negative || !fits ||
	    (!any_number(setting->min, setting->max) &&
	     ((double)*number < setting->min || (double)*number > setting->max))) {
		out_of_range(schema, value, name, setting->min, setting->max);
		return false;
	}
	return true;
}

bool schema_count(struct schema *schema, const struct yaml *value, const char *name, double min,
		  double max, uint64_t *number)
{
	const struct setting setting = { .kind = SETTING_COUNT, .min = min, .max = max };

	return read_whole(schema, &setting, value, name, number);
}

static bool read_real(struct schema *schema, const struct setting *setting,
		      const struct yaml *value, const char *name, double *number)
{
	char plain[64];
	size_t length = 0;

	if (!single(schema, value, name))
		return false;

	const char *text = value->text, *at = text + (*text == '-');
	size_t before = digits(at);
	size_t after = before && at[before] == '.' ? strspn(at + before + 1, "0123456789") : 0;
	const char *end = at + before + (after ? after + 1 : 0);

	if (!before || *end || value->quoted || strlen(text) >= sizeof plain) {
		wants_number(schema, setting, value, name, "a decimal number");
		return false;
	}
	if (leading_zero(at)) {
		wants_number(schema, setting, value, name,
			     "a decimal number without a zero in front");
		return false;
	}
	for (const char *c = text; *c; c++) {
		if (*c != '_')
			plain[length++] = *c;
	}
	plain[length] = '\0';
	*number = strtod(plain, NULL);
	if (!any_number(setting->min, setting->max) &&
	    (*number < setting->min || *number > setting->max)) {
		out_of_range(schema, value, name, setting->min, setting->max);
		return false;
	}
	return true;
}

static bool read_switch(struct schema *schema, const struct yaml *value, const char *name, bool *on)
{
	if (!single(schema, value, name))
		return false;
	*on = !strcmp(value->text, "true");
	if ((*on || !strcmp(value->text, "false")) && !value->quoted)
		return true;
	wants(schema, value, name, "true or false", habit_switch(value));
	return false;
}

static bool read_name(struct schema *schema, const struct yaml *value, const char *name, char *text)
{
	if (!single(schema, value, name))
		return false;
	if (strlen(value->text) >= SETTING_NAME_BYTES) {
		mistake(schema->diagnostics, value->place, "'%s' is longer than %d bytes", name,
			SETTING_NAME_BYTES - 1);
		return false;
	}
	for (const char *c = value->text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 127) {
			mistake(schema->diagnostics, value->place, "'%s' wants one line of text",
				name);
			return false;
		}
	}
	memset(text, 0, SETTING_NAME_BYTES);
	memcpy(text, value->text, strlen(value->text));
	return true;
}

/* "a, b, c"; cut with dots where it is too long for a message. */
static void join_words(const char *const *words, char *text, size_t size)
{
	size_t at = 0;

	*text = '\0';
	for (; *words && at + strlen(*words) + 8 < size; words++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "", *words);
	if (*words)
		snprintf(text + at, size - at, ", ...");
}

int schema_word(struct schema *schema, const struct yaml *value, const char *name,
		const char *const *words)
{
	char all[400];

	if (!single(schema, value, name))
		return -1;

	struct nearest nearest = nearest_to(value->text);

	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], value->text))
			return i;
		nearest_try(&nearest, words[i]);
	}
	join_words(words, all, sizeof all);

	const char *cure = habit_word(name, value->text, words);

	if (*cure)
		mistake(schema->diagnostics, value->place, "'%s' cannot be '%.60s'%s (one of: %s)",
			name, value->text, cure, all);
	else if (nearest.best)
		mistake(schema->diagnostics, value->place,
			"'%s' cannot be '%.60s'; did you mean '%s'? (one of: %s)", name,
			value->text, nearest.best, all);
	else if (*value->text)
		mistake(schema->diagnostics, value->place, "'%s' cannot be '%.60s' (one of: %s)",
			name, value->text, all);
	else
		mistake(schema->diagnostics, value->place, "'%s' wants one of: %s", name, all);
	return -1;
}

/* ---- settings ---------------------------------------------------------------------------- */

static bool read_reals(struct schema *schema, const struct setting *setting,
		       const struct yaml *value, const char *name, struct reals *reals)
{
	struct reals read = { 0 };

	if (value->kind != YAML_LIST) {
		wants(schema, value, name, "a list of numbers, like [1, 2]", "");
		return false;
	}
	if (value->count == 0 || value->count > SETTING_LIST_MAX) {
		mistake(schema->diagnostics, value->place, "'%s' wants 1 to %d numbers, got %zu",
			name, SETTING_LIST_MAX, value->count);
		return false;
	}
	for (size_t i = 0; i < value->count; i++) {
		if (!read_real(schema, setting, value->child[i], name, &read.value[i]))
			return false;
	}
	read.count = (unsigned)value->count;
	*reals = read;
	return true;
}

static bool read_wordlist(struct schema *schema, const struct setting *setting,
			  const struct yaml *value, const char *name, struct wordlist *list)
{
	struct wordlist read = { 0 };
	bool good = true;

	if (value->kind != YAML_LIST) {
		char like[80];

		snprintf(like, sizeof like, "a list, like [%.60s]", setting->words[0]);
		wants(schema, value, name, like, "");
		return false;
	}
	if (value->count > SETTING_LIST_MAX) {
		mistake(schema->diagnostics, value->place, "'%s' wants at most %d words, got %zu",
			name, SETTING_LIST_MAX, value->count);
		return false;
	}
	for (size_t i = 0; i < value->count; i++) {
		int word = schema_word(schema, value->child[i], name, setting->words);
		size_t first = 0;

		while (first < i && (word < 0 || read.value[first] != word))
			first++;
		if (first < i) {
			mistake(schema->diagnostics, value->child[i]->place,
				"'%s' has '%.60s' twice", name, value->child[i]->text);
			mistake_note(schema->diagnostics, value->child[first]->place,
				     "the first one");
		}
		good = good && word >= 0 && first == i;
		read.value[read.count++] = word;
	}
	if (good)
		*list = read;
	return good;
}

/* The key nearest to a word: all sections, and of other keys the numbers. */
static void try_keys(struct nearest *nearest, const struct setting *table, const char *path)
{
	char full[SETTING_PATH_BYTES];

	for (; table->key; table++) {
		if (!schema_has_numbers(table))
			continue;
		schema_join(full, path, table->key);
		nearest_try(nearest, full);
		if (table->kind == SETTING_SECTION)
			try_keys(nearest, table->section, full);
	}
}

/* Is that the key of a number, or a section with numbers? */
static bool is_number_key(struct schema *schema, const struct setting *table,
			  const struct yaml *value, const char *name)
{
	if (!single(schema, value, name))
		return false;

	struct nearest nearest = nearest_to(value->text);
	const struct setting *setting = schema_find(table, value->text);

	if (setting && schema_has_numbers(setting))
		return true;
	try_keys(&nearest, table, "");
	if (setting)
		mistake(schema->diagnostics, value->place, "'%s' in '%s' is no number",
			value->text, name);
	else if (nearest.best)
		mistake(schema->diagnostics, value->place,
			"unknown key '%.60s' in '%s'; did you mean '%s'?", value->text, name,
			nearest.best);
	else
		mistake(schema->diagnostics, value->place,
			"unknown key '%.60s' in '%s' ('bounce list keys' shows all)", value->text,
			name);
	return false;
}

static bool told_before(struct schema *schema, const struct yaml *list, size_t at, const char *name)
{
	for (size_t i = 0; i < at; i++) {
		/* another one that is no word was told */
		if (list->child[i]->kind != YAML_VALUE ||
		    strcmp(list->child[i]->text, list->child[at]->text))
			continue;
		mistake(schema->diagnostics, list->child[at]->place, "'%s' names '%s' twice", name,
			list->child[at]->text);
		return true;
	}
	return false;
}

static bool read_keylist(struct schema *schema, const struct setting *setting,
			 const struct yaml *value, const char *name, struct keylist *list)
{
	struct keylist read = { 0 };
	bool good = true;

	if (value->kind != YAML_LIST) {
		wants(schema, value, name, "a list of keys, like [KEY, SECTION.KEY]", "");
		return false;
	}
	if (value->count > SETTING_KEYS_MAX) {
		mistake(schema->diagnostics, value->place, "'%s' wants at most %d keys, got %zu",
			name, SETTING_KEYS_MAX, value->count);
		return false;
	}
	for (size_t i = 0; i < value->count; i++) {
		if (!is_number_key(schema, setting->section, value->child[i], name) ||
		    told_before(schema, value, i, name)) {
			good = false;
			continue;
		}
		/* keys of tables are short */
		snprintf(read.key[read.count++], SETTING_KEY_BYTES, "%s", value->child[i]->text);
	}
	if (good)
		*list = read;
	return good;
}

/* The SPREAD of {WORD: SPREAD}, in thousandths. */
static bool read_spread(struct schema *schema, const struct setting *of, const struct yaml *value,
			const char *word, struct distribution *distribution)
{
	const struct setting setting = {
		.key = word, .kind = SETTING_REAL, .max = spread_max(of, distribution->shape),
	};
	double spread;

	if (distribution->shape == SHAPE_CONSTANT) {
		mistake(schema->diagnostics, value->place,
			"'constant' takes no spread: it is a word alone");
		return false;
	}
	if (!read_real(schema, &setting, value, word, &spread))
		return false;
	distribution->spread = (uint64_t)llround(spread * SPREAD_ONE);
	return true;
}

/* WORD, or {WORD: SPREAD}. */
static bool read_distribution(struct schema *schema, const struct setting *setting,
			      const struct yaml *value, const char *name,
			      struct distribution *distribution)
{
	bool spread = value->kind == YAML_MAPPING;
	struct distribution read = { .spread = SPREAD_ONE };

	if (value->kind == YAML_LIST || (spread && value->count != 1)) {
		wants(schema, value, name,
		      "one distribution: a word, or {WORD: SPREAD} like {lognormal: 0.5}", "");
		return false;
	}
	read.shape = schema_word(schema, spread ? value->key[0] : value, name, setting->words);
	if (read.shape < 0 || (spread && !read_spread(schema, setting, value->child[0],
						      value->key[0]->text, &read)))
		return false;
	*distribution = read;
	return true;
}

/* LOW and HIGH of {WORD: [LOW, HIGH]}. */
static bool read_range(struct schema *schema, const struct setting *setting,
		       const struct yaml *value, const char *name, struct sizes *sizes)
{
	const struct setting bytes = {
		.key = setting->key, .kind = SETTING_BYTES, .min = setting->min,
		.max = setting->max, .unit = setting->unit,
	};

	if (value->kind != YAML_LIST || value->count != 2) {
		wants(schema, value, name, "two sizes, like {uniform: [8, 1024]}", "");
		return false;
	}
	if (!read_whole(schema, &bytes, value->child[0], name, &sizes->low) ||
	    !read_whole(schema, &bytes, value->child[1], name, &sizes->high))
		return false;
	if (sizes->low <= sizes->high)
		return true;
	mistake(schema->diagnostics, value->place, "the first size is larger than the second");
	return false;
}

/* A number of bytes, or {WORD: [LOW, HIGH]}. */
static bool read_sizes(struct schema *schema, const struct setting *setting,
		       const struct yaml *value, const char *name, struct sizes *sizes)
{
	const struct setting bytes = {
		.key = setting->key, .kind = SETTING_BYTES, .min = setting->min,
		.max = setting->max, .unit = setting->unit,
	};
	struct sizes read = { .shape = SIZES_ONE };

	if (value->kind != YAML_MAPPING) {
		if (!read_whole(schema, &bytes, value, name, &read.low))
			return false;
		read.high = read.low;
		*sizes = read;
		return true;
	}
	if (value->count != 1) {
		wants(schema, value, name, "one way to draw sizes, like {uniform: [8, 1024]}", "");
		return false;
	}
	read.shape = schema_word(schema, value->key[0], name, sizes_words);
	if (read.shape++ < 0 || !read_range(schema, setting, value->child[0], name, &read))
		return false;
	*sizes = read;
	return true;
}

const char *const sizes_words[] = { "uniform", "steps", NULL };

static bool told_twice(struct schema *schema, const struct yaml *mapping, size_t at);

/* ---- trees ----------------------------------------------------------------------------------- */

static const struct yaml *turn_of(void *to, const struct yaml *node)
{
	const struct schema *schema = to;

	for (size_t i = 0; i < schema->axes; i++) {
		if (schema->axis[i].node == node && node->count)
			return node->child[node->selected];
	}
	return node;
}

static bool is_word(const char *const *words, const char *word)
{
	while (words && *words && strcmp(*words, word))
		words++;
	return words && *words;
}

/* Lists on the keys in `words` are swept; a key twice is told. */
static bool sweep_tree(struct schema *schema, const struct yaml *mapping, const char *path,
		       const char *const *words)
{
	bool good = true;

	for (size_t i = 0; i < mapping->count; i++) {
		struct yaml *value = mapping->child[i];
		const char *key = mapping->key[i]->text;
		char full[SETTING_PATH_BYTES];

		schema_join(full, path, key);
		if (strlen(path) + strlen(key) + 2 > sizeof full) {
			mistake(schema->diagnostics, mapping->key[i]->place,
				"'%.60s...' is longer than a name may be", key);
			good = false;
		} else if (told_twice(schema, mapping, i)) {
			good = false;
		} else if (value->kind == YAML_MAPPING) {
			good = sweep_tree(schema, value, full, words) && good;
		} else if (value->kind == YAML_LIST && is_word(words, key)) {
			if (!value->count)
				mistake(schema->diagnostics, value->place, "'%s' is an empty list", key);
			good = good && value->count;
			schema_add_axis(schema, value, full);
		}
	}
	return good;
}

static bool read_tree(struct schema *schema, const struct setting *setting,
		      const struct yaml *value, const char *path, const char *name,
		      const struct tree **tree)
{
	bool edit = setting->kind == SETTING_EDIT;

	free((void *)(uintptr_t)*tree);
	*tree = NULL;
	if (edit && value->kind == YAML_VALUE && !strcmp(value->text, "none"))
		return true;
	if (value->kind != YAML_MAPPING && !(edit && value->kind == YAML_VALUE && *value->text)) {
		wants(schema, value, name,
		      edit ? "a mapping, a short form of one, or none"
			   : "a mapping: names with what they are",
		      "");
		return false;
	}
	if (value->kind == YAML_MAPPING && !sweep_tree(schema, value, path, setting->words))
		return false;
	*tree = tree_new(value, turn_of, schema);
	return true;
}

void schema_release(const struct setting *table, void *target)
{
	for (; table && table->key; table++) {
		if (table->kind == SETTING_TREE || table->kind == SETTING_EDIT)
			free(*(void **)((char *)target + table->offset));
	}
}

static bool is_single(const struct setting *setting)
{
	return !schema_is_list(setting) && setting->kind != SETTING_SECTION &&
	       setting->kind != SETTING_TREE;
}

static bool read_one(struct schema *schema, const struct setting *setting, const struct yaml *value,
		     const char *path, const char *name, char *target)
{
	void *member = target + setting->offset;

	switch (setting->kind) {
	case SETTING_COUNT:
	case SETTING_BYTES:
		return read_whole(schema, setting, value, name, member);
	case SETTING_REAL:
		return read_real(schema, setting, value, name, member);
	case SETTING_SWITCH:
		return read_switch(schema, value, name, member);
	case SETTING_NAME:
		return read_name(schema, value, name, member);
	case SETTING_REALS:
		return read_reals(schema, setting, value, name, member);
	case SETTING_WORDLIST:
		return read_wordlist(schema, setting, value, name, member);
	case SETTING_KEYLIST:
		return read_keylist(schema, setting, value, name, member);
	case SETTING_WORD:
		*(int *)member = schema_word(schema, value, name, setting->words);
		return *(int *)member >= 0;
	case SETTING_DISTRIBUTION:
		return read_distribution(schema, setting, value, name, member);
	case SETTING_SIZES:
		return read_sizes(schema, setting, value, name, member);
	case SETTING_TREE:
	case SETTING_EDIT:
		return read_tree(schema, setting, value, path, name, member);
	case SETTING_SECTION:
		break;
	}
	return false;
}

/* Every value of a swept list is checked; the one whose turn it is, is filled in last. */
static void read_swept(struct schema *schema, const struct setting *setting, struct yaml *list,
		       const char *path, const char *name, char *target)
{
	if (setting->fixed || schema->no_sweep) {
		wants(schema, list, name, "a single value", "");
		if (schema->no_sweep)
			mistake_note(schema->diagnostics, list->place, "%s", schema->no_sweep);
		return;
	}
	if (list->count == 0) {
		mistake(schema->diagnostics, list->place, "'%s' is an empty list", name);
		return;
	}
	schema_add_axis(schema, list, path);
	for (size_t i = 0; i < list->count && !schema->again; i++)
		read_one(schema, setting, list->child[i], path, name, target);
	read_one(schema, setting, list->child[list->selected], path, name, target);
}

static void read_setting(struct schema *schema, const struct setting *setting, struct yaml *key,
			 struct yaml *value, const char *path, char *target)
{
	char full[SETTING_PATH_BYTES];

	schema_join(full, path, setting->key);
	schema_add_given(schema, key, full);
	if (value->refused)
		return;

	const char *name = schema_name(key, full);

	if (setting->kind == SETTING_SECTION)
		schema_fill(schema, setting->section, value, key->place, full,
			    target + setting->offset, NULL);
	else if (is_single(setting) && value->kind == YAML_LIST)
		read_swept(schema, setting, value, full, name, target);
	else
		read_one(schema, setting, value, full, name, target);
}

/* ---- fallbacks --------------------------------------------------------------------------- */

static bool is_unknown(const char *fallback)
{
	return fallback && !strcmp(fallback, "-");
}

/* "[1, 2]" into the children of a list on the caller's stack. */
static void fallback_list(const struct setting *setting, char *target)
{
	struct yaml item[SETTING_LIST_MAX] = { { 0 } }, *child[SETTING_LIST_MAX];
	struct yaml list = { .kind = YAML_LIST, .child = child };
	struct schema silent = { .diagnostics = diagnostics_new() };
	char *copy = xstrdup(setting->fallback), *rest = copy;

	for (char *word = strtok_r(rest, "[], ", &rest); word;
	     word = strtok_r(NULL, "[], ", &rest)) {
		item[list.count].text = word;
		child[list.count] = &item[list.count];
		list.count++;
	}
	read_one(&silent, setting, &list, setting->key, setting->key, target);
	diagnostics_free(silent.diagnostics);
	free(copy);
}

static void fallback_value(struct schema *schema, const struct setting *setting, char *target)
{
	char text[SETTING_NAME_BYTES];
	struct yaml value = { .kind = YAML_VALUE, .text = text };

	snprintf(text, sizeof text, "%s", setting->fallback);
	read_one(schema, setting, &value, setting->key, setting->key, target);
}

/* "{uniform: [8, 1000]}"; false: the sizes are one number. */
static bool fallback_sizes(const struct setting *setting, struct sizes *sizes)
{
	char word[20];
	unsigned long long low, high;

	if (sscanf(setting->fallback, "{%19[a-z]: [%llu, %llu]}", word, &low, &high) != 3)
		return false;
	*sizes = (struct sizes){ .low = low, .high = high };
	while (strcmp(sizes_words[sizes->shape++], word))
		continue;
	return true;
}

static void use_fallback(struct schema *schema, const struct setting *setting, struct place where,
			 const char *path, char *target)
{
	char full[SETTING_PATH_BYTES];

	schema_join(full, path, setting->key);
	if (is_unknown(setting->fallback) || setting->kind == SETTING_TREE) {
		if (setting->kind == SETTING_REAL)
			*(double *)(target + setting->offset) = NAN;
	} else if (setting->kind == SETTING_SECTION) {
		schema_fill(schema, setting->section, NULL, where, full, target + setting->offset,
			    NULL);
	} else if (!setting->fallback) {
		mistake(schema->diagnostics, where, "missing key '%s': %s", full, setting->help);
	} else if (setting->kind == SETTING_SIZES &&
		   fallback_sizes(setting, (void *)(target + setting->offset))) {
		return;
	} else if (is_single(setting)) {
		fallback_value(schema, setting, target);
	} else {
		fallback_list(setting, target);
	}
}

/* ---- the walk ---------------------------------------------------------------------------- */

static const struct setting *find_setting(const struct setting *table, const char *key)
{
	while (table->key && strcmp(table->key, key))
		table++;
	return table->key ? table : NULL;
}

static void list_keys(const struct setting *table, const struct schema_others *others, char *text,
		      size_t size)
{
	const char *words[128];
	size_t count = 0;

	for (; table->key && count < 100; table++)
		words[count++] = table->key;
	for (size_t i = 0; others && others->names[i] && count < 127; i++)
		words[count++] = others->names[i];
	words[count] = NULL;
	join_words(words, text, size);
}

/* "in_flight: 1, 4" in braces: 4 is read as a key without a value. */
static bool stands_alone(const struct yaml *mapping, size_t at)
{
	const struct yaml *key = mapping->key[at], *value = mapping->child[at];

	return at > 0 && !key->quoted && *key->text >= '0' && *key->text <= '9' &&
	       value->kind == YAML_VALUE && !*value->text && !value->quoted;
}

/* Told once for a row of them, and not where the value in front says it: range(1, 8, 2). */
static void tell_alone(struct schema *schema, const struct yaml *mapping, size_t at)
{
	const struct yaml *before = mapping->child[at - 1];

	if (stands_alone(mapping, at - 1) ||
	    (before->kind == YAML_VALUE && strchr(before->text, '(')))
		return;
	mistake(schema->diagnostics, mapping->key[at]->place,
		"'%.60s' has no key; several values stand in brackets, like %.60s: [1, 2]",
		mapping->key[at]->text, mapping->key[at - 1]->text);
}

/* The key of the table that a cure names: "; write 'cpus'". */
static const char *cured_key(const struct setting *table, const char *cure)
{
	const char *word = strchr(cure, '\'');

	for (; word && table->key; table++) {
		size_t length = strlen(table->key);

		if (!strncmp(word + 1, table->key, length) && strchr("':", word[1 + length]))
			return table->key;
	}
	return NULL;
}

static const char *tell_unknown(struct schema *schema, const struct setting *table,
				const struct schema_others *others, const struct yaml *key,
				const char *path)
{
	char full[SETTING_PATH_BYTES], all[600];
	const char *cure = habit_key(path, key->text);

	schema_join(full, path, key->text);
	if (others && others->cure && !*cure)
		cure = others->cure(others->to, key->text);
	if (*cure) {
		mistake(schema->diagnostics, key->place, "unknown key '%.60s'%s",
			schema_name(key, full), cure);
		return cured_key(table, cure);
	}
	/* a list once is enough */
	list_keys(table, others, all, sizeof all);
	mistake(schema->diagnostics, key->place, "unknown key '%.60s'%s%s", schema_name(key, full),
		schema->listed == table ? "" : "; keys here: ", schema->listed == table ? "" : all);
	schema->listed = table;
	return NULL;
}

/* Returns the key it was taken for, so that this one is not called missing too. */
static const char *unknown_key(struct schema *schema, const struct setting *table,
			       const struct schema_others *others, const struct yaml *key,
			       const char *path, struct nearest *nearest)
{
	char full[SETTING_PATH_BYTES], right[SETTING_PATH_BYTES];

	for (const struct setting *setting = table; setting->key; setting++)
		nearest_try(nearest, setting->key);
	for (size_t i = 0; others && others->names[i]; i++)
		nearest_try(nearest, others->names[i]);
	if (!nearest->best || *habit_key(path, key->text))
		return tell_unknown(schema, table, others, key, path);
	schema_join(full, path, key->text);
	schema_join(right, path, nearest->best);
	mistake(schema->diagnostics, key->place, "unknown key '%.60s'; did you mean '%s'?",
		schema_name(key, full), key->place.source->option ? right : nearest->best);
	return nearest->best;
}

/*
 * `machine: textbook` and `machine.store_buffer: 8`, in either order: the name has to go into the
 * section. false: these two are something else.
 */
static bool told_beside(struct schema *schema, const struct yaml *key, const struct yaml *one,
			const struct yaml *other)
{
	const struct yaml *name = one->dotted ? other : one, *below = one->dotted ? one : other;
	char path[SETTING_PATH_BYTES] = "";

	if (!below->dotted || name->kind != YAML_VALUE ||
	    (strcmp(key->text, "machine") && strcmp(key->text, "workload")))
		return false;
	while (below->kind == YAML_MAPPING && below->count) {
		char longer[SETTING_PATH_BYTES];

		schema_join(longer, path, below->key[0]->text);
		memcpy(path, longer, sizeof path);
		below = below->child[0];
	}
	mistake(schema->diagnostics, key->place,
		"'%s' is a name and a section; write '%s: {%s: %.60s, %s: %.60s}'", key->text,
		key->text, yaml_name_key(key->text), name->text, path,
		below->kind == YAML_VALUE ? below->text : "...");
	return true;
}

static bool told_twice(struct schema *schema, const struct yaml *mapping, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (strcmp(mapping->key[i]->text, mapping->key[at]->text))
			continue;
		if (told_beside(schema, mapping->key[at], mapping->child[i], mapping->child[at]))
			return true;
		mistake(schema->diagnostics, mapping->key[at]->place, "key '%.60s' a second time; several values stand in a list",
			mapping->key[at]->text);
		mistake_note(schema->diagnostics, mapping->key[i]->place, "the first is here");
		return true;
	}
	return false;
}

enum { KEYS_MAX = 256 };        /* of one table */

/* An unknown key: what it was taken for has no value now; nor has, perhaps, any here if it belongs
 * elsewhere. Of another nothing depends. */
static const struct setting *read_unknown(struct schema *schema, const struct setting *table,
					  const struct schema_others *others,
					  const struct yaml *key, const char *path)
{
	struct nearest nearest = nearest_to(key->text);
	const char *meant = unknown_key(schema, table, others, key, path, &nearest);

	if (meant)
		add_unsound(schema, path, meant);
	else if (*habit_key(path, key->text) ||
		 (others && others->cure && *others->cure(others->to, key->text)))
		add_unsound(schema, "", "");
	return meant ? find_setting(table, meant) : NULL;
}

/* The i-th pair; what it gave a value, or was meant to, NULL: no setting of the table. */
static const struct setting *read_pair(struct schema *schema, const struct setting *table,
				       struct yaml *mapping, size_t i, const char *path,
				       char *target, const struct schema_others *others)
{
	struct yaml *key = mapping->key[i];
	const struct setting *setting = find_setting(table, key->text);
	size_t before = diagnostics_count(schema->diagnostics);

	if (stands_alone(mapping, i)) {
		tell_alone(schema, mapping, i);
		add_unsound(schema, path, i ? mapping->key[i - 1]->text : "");
		return NULL;
	}
	/* the caller's keys go first: it may take some values of a setting itself */
	if (!told_twice(schema, mapping, i) &&
	    !(others && others->key(others->to, key, mapping->child[i]))) {
		if (!setting)
			return read_unknown(schema, table, others, key, path);
		read_setting(schema, setting, key, mapping->child[i], path, target);
	}
	if (diagnostics_count(schema->diagnostics) > before || mapping->child[i]->refused)
		add_unsound(schema, path, key->text);
	return setting;
}

/* Reads what the mapping has; `seen[i]`: the i-th setting needs no fallback. */
static void read_pairs(struct schema *schema, const struct setting *table, struct yaml *mapping,
		       const char *path, char *target, const struct schema_others *others,
		       bool seen[KEYS_MAX])
{
	for (size_t i = 0; i < mapping->count; i++) {
		const struct setting *setting =
			read_pair(schema, table, mapping, i, path, target, others);

		if (setting)
			seen[setting - table] = true;
	}
}

void schema_fill(struct schema *schema, const struct setting *table, struct yaml *mapping,
		 struct place where, const char *path, void *target,
		 const struct schema_others *others)
{
	bool seen[KEYS_MAX] = { false };

	if (mapping && mapping->kind != YAML_MAPPING) {
		wants(schema, mapping, path, "keys with values (key: value)", "");
		return;
	}
	if (mapping)
		read_pairs(schema, table, mapping, path, target, others, seen);
	for (size_t i = 0; table[i].key; i++) {
		/* what is missing may stand where a merge key points to, which was told */
		bool excused = mapping && mapping->partial && !table[i].fallback;

		size_t before = diagnostics_count(schema->diagnostics);

		if (!seen[i] && !excused)
			use_fallback(schema, &table[i], where, path, target);
		if (!seen[i] && (excused || diagnostics_count(schema->diagnostics) > before))
			add_unsound(schema, path, table[i].key);
	}
}

/* ---- telling ----------------------------------------------------------------------------- */

static void reals_text(const struct reals *reals, char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "[");

	for (unsigned i = 0; i < reals->count && at + 40 < size; i++) {
		char number[40];

		real_text(reals->value[i], number, sizeof number);
		at += (size_t)snprintf(text + at, size - at, "%s%s", i ? ", " : "", number);
	}
	snprintf(text + at, size - at, "]");
}

static void words_text(const struct wordlist *list, const char *const *words, char *text,
		       size_t size)
{
	size_t at = (size_t)snprintf(text, size, "[");

	for (unsigned i = 0; i < list->count && at + 64 < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", i ? ", " : "",
				       words[list->value[i]]);
	snprintf(text + at, size - at, "]");
}

static void keys_text(const struct keylist *list, char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "[");

	for (unsigned i = 0; i < list->count && at + SETTING_KEY_BYTES + 4 < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", i ? ", " : "", list->key[i]);
	snprintf(text + at, size - at, "]");
}

static void distribution_text(const struct distribution *distribution, const char *const *words,
			      char *text, size_t size)
{
	char spread[40];

	real_text((double)distribution->spread / SPREAD_ONE, spread, sizeof spread);
	if (distribution->spread == SPREAD_ONE)
		snprintf(text, size, "%s", words[distribution->shape]);
	else
		snprintf(text, size, "{%s: %s}", words[distribution->shape], spread);
}

static void sizes_text(const struct sizes *sizes, char *text, size_t size)
{
	if (sizes->shape == SIZES_ONE)
		snprintf(text, size, "%" PRIu64, sizes->low);
	else
		snprintf(text, size, "{%s: [%" PRIu64 ", %" PRIu64 "]}",
			 sizes_words[sizes->shape - 1], sizes->low, sizes->high);
}

void schema_text(const struct setting *setting, const void *target, char *text, size_t size)
{
	const void *member = (const char *)target + setting->offset;
	bool unknown = is_unknown(setting->fallback);

	*text = '\0';
	switch (setting->kind) {
	case SETTING_COUNT:
	case SETTING_BYTES:
		if (!unknown || *(const uint64_t *)member)
			snprintf(text, size, "%" PRIu64, *(const uint64_t *)member);
		break;
	case SETTING_REAL:
		if (!isnan(*(const double *)member))
			real_text(*(const double *)member, text, size);
		break;
	case SETTING_SWITCH:
		snprintf(text, size, "%s", *(const bool *)member ? "true" : "false");
		break;
	case SETTING_WORD:
		snprintf(text, size, "%s", setting->words[*(const int *)member]);
		break;
	case SETTING_NAME:
		snprintf(text, size, "%s", (const char *)member);
		break;
	case SETTING_REALS:
		if (((const struct reals *)member)->count)
			reals_text(member, text, size);
		break;
	case SETTING_WORDLIST:
		words_text(member, setting->words, text, size);
		break;
	case SETTING_KEYLIST:
		keys_text(member, text, size);
		break;
	case SETTING_DISTRIBUTION:
		distribution_text(member, setting->words, text, size);
		break;
	case SETTING_SIZES:
		sizes_text(member, text, size);
		break;
	case SETTING_TREE:
	case SETTING_EDIT:              /* of any length: see schema_list */
	case SETTING_SECTION:
		break;
	}
}

static void visit_node(const struct setting *setting, const struct tree *tree,
		       const struct tree_node *node, const char *path, schema_visit *visit, void *to)
{
	char *text, full[SETTING_PATH_BYTES];
	size_t length;

	if (node && node->kind == TREE_MAP && setting->kind == SETTING_TREE) {
		for (unsigned i = 0; i < node->count; i++) {
			schema_join(full, path, tree->node[node->child + i].key);
			visit_node(setting, tree, &tree->node[node->child + i], full, visit, to);
		}
		return;
	}
	FILE *out = text_open(&text, &length);

	/* the short form of an edit is words that need no quotes: its workload has seen to it */
	if (node && node->kind == TREE_WORD && setting->kind == SETTING_EDIT)
		fputs(node->word, out);
	else if (node)
		tree_print(out, tree, node);
	else
		fputs("none", out);
	text_close(out);
	visit(to, setting, path, text);
	free(text);
}

/* A tree that is swept inside is told value by value, an edit as a whole. */
static void visit_tree(const struct setting *setting, const void *target, const char *path,
		       schema_visit *visit, void *to)
{
	const struct tree *tree = *(const struct tree *const *)((const char *)target + setting->offset);

	if (tree || setting->kind == SETTING_EDIT)
		visit_node(setting, tree, tree ? &tree->node[0] : NULL, path, visit, to);
}

void schema_list(const struct setting *table, const void *target, const char *path,
		 schema_visit *visit, void *to)
{
	char full[SETTING_PATH_BYTES], text[SETTING_TEXT_BYTES];

	for (; table && table->key; table++) {
		schema_join(full, path, table->key);
		if (table->kind == SETTING_SECTION) {
			schema_list(table->section, (const char *)target + table->offset, full,
				    visit, to);
			continue;
		}
		if (table->kind == SETTING_TREE || table->kind == SETTING_EDIT) {
			visit_tree(table, target, full, visit, to);
			continue;
		}
		schema_text(table, target, text, sizeof text);
		visit(to, table, full, text);
	}
}

/* Words that YAML reads as they stand, whatever stands around them. */
static bool plain(const char *text)
{
	size_t length =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-");

	return *text && !text[length] && !strchr("-./+", *text);
}

void schema_quote(const char *text, char *quoted, size_t size)
{
	size_t at = 0;

	if (plain(text)) {
		snprintf(quoted, size, "%s", text);
		return;
	}
	quoted[at++] = '"';
	for (; *text && at + 4 < size; text++) {
		if (*text == '"' || *text == '\\')
			quoted[at++] = '\\';
		quoted[at++] = *text;
	}
	quoted[at++] = '"';
	quoted[at] = '\0';
}

static const char *kind_name(const struct setting *setting)
{
	switch (setting->kind) {
	case SETTING_COUNT:
		return "whole number";
	case SETTING_BYTES:
		return "bytes, K M G allowed";
	case SETTING_REAL:
		return "decimal number";
	case SETTING_SWITCH:
		return "true or false";
	case SETTING_WORD:
		return "one of";
	case SETTING_NAME:
		return setting->words ? "one of" : "text";
	case SETTING_REALS:
		return "list of numbers";
	case SETTING_WORDLIST:
		return "list of";
	case SETTING_KEYLIST:
		return "list of keys of numbers";
	case SETTING_DISTRIBUTION:
		return "one of";
	case SETTING_SIZES:
		return "whole number, or {uniform: [LOW, HIGH]} or {steps: [LOW, HIGH]}";
	case SETTING_TREE:
		return "mapping";
	case SETTING_EDIT:
		return "mapping, short form, or none";
	case SETTING_SECTION:
		return "section";
	}
	return "";
}

void schema_describe(const struct setting *setting, char *text, size_t size)
{
	size_t at = (size_t)snprintf(text, size, "%s", kind_name(setting));
	char low[40], high[40];

	if (setting->words && setting->kind != SETTING_TREE) {
		text[at++] = ' ';
		join_words(setting->words, text + at, size - at);
		at += strlen(text + at);
	}
	if (setting->kind == SETTING_DISTRIBUTION)
		at += (size_t)snprintf(text + at, size - at, ", or {WORD: SPREAD}, spread");
	if (!any_number(setting->min, setting->max)) {
		real_text(setting->min, low, sizeof low);
		real_text(setting->max, high, sizeof high);
		at += (size_t)snprintf(text + at, size - at, "%s %s..%s",
				       setting->kind == SETTING_DISTRIBUTION ? "" : ",", low,
				       high);
	}
	if (setting->unit && at < size)
		at += (size_t)snprintf(text + at, size - at, " %s", setting->unit);
	if (at < size && !setting->fallback && setting->kind != SETTING_SECTION)
		snprintf(text + at, size - at, "; required");
	else if (at < size && setting->fallback && *setting->fallback &&
		 !is_unknown(setting->fallback))
		snprintf(text + at, size - at, "; default %s", setting->fallback);
}
