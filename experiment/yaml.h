/*
 * YAML as experiments use it: a small tree of values, lists and mappings, each with its place.
 *
 * One document, at most 1 MiB, at most 16 levels deep, at most 1000 keys in a mapping;
 * no anchors, tags and merge keys.
 */
#ifndef EXPERIMENT_YAML_H
#define EXPERIMENT_YAML_H

#include "experiment/diagnostic.h"

enum { YAML_DEPTH_MAX = 16, YAML_BYTES_MAX = 1 << 20, YAML_KEYS_MAX = 1000 };

enum yaml_kind { YAML_VALUE, YAML_LIST, YAML_MAPPING };

struct yaml {
	enum yaml_kind kind;
	char *text;                     /* of a value */
	bool quoted; /* it stood in quotes or in a block: not a number or switch */
	bool dotted; /* a mapping made of dotted keys: one in braces may join it */
	bool refused;                   /* a mistake was told about it already */
	bool partial;                   /* a mapping whose keys are in part elsewhere, which is told */
	struct place place;
	size_t count;
	struct yaml **key;              /* of a mapping, [count]; all are values */
	struct yaml **child;            /* of a list or mapping, [count] */
	size_t selected;                /* of a swept list: the child whose turn it is */
	struct yaml *next;              /* in the pool */
};

/* Owns nodes: trees share them after a merge. */
struct yaml_pool {
	struct yaml *first;
};

void yaml_pool_free(struct yaml_pool *pool);

/* NULL: mistakes were told. A file without a document gives NULL and the mistake `empty`. */
struct yaml *yaml_parse(struct yaml_pool *pool, struct diagnostics *diagnostics,
			const struct document *source, const char *empty);

struct yaml *yaml_node(struct yaml_pool *pool, enum yaml_kind kind, struct place place);
struct yaml *yaml_value(struct yaml_pool *pool, const char *text, struct place place);
void yaml_append(struct yaml *node, struct yaml *key, struct yaml *child);
/* The first child with that key, or NULL. */
struct yaml *yaml_find(const struct yaml *mapping, const char *key);
/* A tree of its own whose lists have turns of their own; values and places are the same. */
struct yaml *yaml_copy(struct yaml_pool *pool, const struct yaml *node);

/* Dotted keys become nested: `a.b: 1` is `a: {b: 1}`, joined with an `a` that is there. */
struct yaml *yaml_nested(struct yaml_pool *pool, const struct yaml *node);
/* The key that holds the name of what a section is of: "kind" of a workload, "base" of a machine. */
const char *yaml_name_key(const char *section);
/*
 * Puts `child` at the dotted path below `mapping`, in place of what is there, else at the end.
 * A value in the way becomes {word: value}, with the word of yaml_name_key.
 */
void yaml_put(struct yaml_pool *pool, struct yaml *mapping, struct yaml *key, struct yaml *child);

#endif
