/*
 * The walk of a YAML mapping along a table of settings: fills the struct, tells mistakes, and
 * finds the lists that are to be swept.
 */
#ifndef EXPERIMENT_SCHEMA_H
#define EXPERIMENT_SCHEMA_H

#include "experiment/yaml.h"
#include "sim/verbs/setting.h"

enum { SETTING_PATH_BYTES = 128, SETTING_TEXT_BYTES = 2048 };

/* A list on a key that takes a single value: the values are swept. */
struct axis {
	struct yaml *node;              /* node->selected is the value whose turn it is */
	char path[SETTING_PATH_BYTES];  /* "workload.object_size" */
};

/* What was given in the file, in its order. */
struct given {
	char path[SETTING_PATH_BYTES];
	const struct yaml *key;
};

struct schema {
	struct diagnostics *diagnostics;
	bool again;                     /* filling only: axes and what was given are known */
	const char *no_sweep;           /* why a list is a mistake here; NULL: it is not */
	struct axis *axis;
	size_t axes;
	struct given *given;
	size_t givens;
	char (*unsound)[SETTING_PATH_BYTES];    /* keys whose values are not what was meant */
	size_t unsounds;
	const struct setting *listed;   /* the table whose keys were told in full last */
};

/*
 * Keys of a mapping beyond its table: true if it is one of them and was seen to. `names` are
 * tried for misspellings, ends with NULL. `cure`, if any, says where an unknown key belongs; "":
 * it does not know.
 */
struct schema_others {
	bool (*key)(void *to, struct yaml *key, struct yaml *value);
	void *to;
	const char *const *names;
	const char *(*cure)(void *to, const char *key);
};

void schema_free(struct schema *schema);

/* Is the key, with all below and above it, as the user meant it? What depends on one that is not
 * stays silent: it would tell of a mistake that was told. `key` may be the last word of a path. */
bool schema_is_sound(const struct schema *schema, const char *key);

/*
 * Fills `target`: from the mapping, which may be NULL, and fallbacks for the rest. `where` is
 * where a missing key belongs, `path` the dotted path of the mapping ("" at the top).
 */
void schema_fill(struct schema *schema, const struct setting *table, struct yaml *mapping,
		 struct place where, const char *path, void *target,
		 const struct schema_others *others);

/* What a filled struct holds beside its own bytes. */
void schema_release(const struct setting *table, void *target);

/* Adds an axis or something given, for keys that are no settings of a table. */
void schema_add_axis(struct schema *schema, struct yaml *list, const char *path);
void schema_add_given(struct schema *schema, const struct yaml *key, const char *path);

/* How messages call a key: its word, and on the command line its whole path. */
const char *schema_name(const struct yaml *key, const char *path);
/* "a.b", or "b" where `path` is empty. */
void schema_join(char joined[SETTING_PATH_BYTES], const char *path, const char *key);

bool schema_is_list(const struct setting *setting);     /* of numbers, words or keys */
bool schema_is_number(const struct setting *setting);   /* a number, or a list of them */
bool schema_has_numbers(const struct setting *setting); /* a number, or a section with one */
/* The setting at a dotted path; NULL: there is none. */
const struct setting *schema_find(const struct setting *table, const char *path);

/* The index of a value's text in `words`; tells the nearest one and gives -1 if there is none. */
int schema_word(struct schema *schema, const struct yaml *value, const char *name,
		const char *const *words);
/* A whole number in min..max. */
bool schema_count(struct schema *schema, const struct yaml *value, const char *name, double min,
		  double max, uint64_t *number);

/* Value of a setting in a filled struct, as YAML text; names as they are, without quotes. */
void schema_text(const struct setting *setting, const void *target, char *text, size_t size);
/* All settings of a filled struct, sections resolved, in table order. */
typedef void schema_visit(void *to, const struct setting *setting, const char *path,
			  const char *text);
void schema_list(const struct setting *table, const void *target, const char *path,
		 schema_visit *visit, void *to);
/* A word of YAML: in quotes where it needs them. */
void schema_quote(const char *text, char *quoted, size_t size);

/* "whole number, 1..1024, default 8": for `list keys` and `explain`. */
void schema_describe(const struct setting *setting, char *text, size_t size);

#endif
