/*
 * Inside of experiment_load: the tree of one experiment on its way to combinations.
 *
 *	experiment.c   file and --set to a tree; the product; points
 *	walk.c         one walk of the tree: fills a combination, finds what is swept
 *	rules.c        rules between keys, once per combination
 *	effective.c    settings as text: keys of points, the effective experiment, hashes
 */
#ifndef EXPERIMENT_LOADING_H
#define EXPERIMENT_LOADING_H

#include "experiment/experiment.h"
#include "experiment/keys.h"
#include "experiment/schema.h"

/* A machine as one value in the tree asks for it. */
struct loaded_machine {
	const struct yaml *asked;
	struct yaml *tree;              /* NULL: mistakes were told */
};

struct loading {
	struct experiment *experiment;
	struct diagnostics *diagnostics;
	struct yaml_pool pool;
	struct yaml *root;
	struct place top;               /* where keys that are missing belong */
	char folder[4096];              /* of the file, with its slash; "" is here */
	struct schema schema;
	struct keys *keys;
	struct loaded_machine *machine;
	size_t machines;
	struct combination *into;       /* what a walk fills */
	size_t equals;                  /* mistakes told of values that come twice */
	const struct weak_change *change;       /* of the machines; NULL: none */
	const struct document *input;   /* a file of a workload in which mistakes were told; NULL: none */
	const char *unread;             /* the workload's key whose file cannot be read; NULL: none */
	char cure[160];                 /* the end of a message that is being told */
};

/* ---- walk.c */
void walk(struct loading *loading, struct combination *into);
/* The value at a dotted path, of a swept list the one whose turn it is; NULL: not given. */
const struct yaml *walk_find(const struct loading *loading, const char *path);
/* Where a message about a key belongs: at its value, or, not given, at what would hold it. */
struct place walk_place(const struct loading *loading, const char *path);
/*
 * The same of a rule between keys below `above` ("dirty_read, protocol" of "machine"): at the first one
 * that an option gives, for that is what was changed last; else at the first one that is given.
 */
struct place walk_place_among(const struct loading *loading, const char *above, const char *keys);
bool walk_is_swept(const struct loading *loading, const char *path);
/* In which order a path was given; SIZE_MAX: it was not. */
size_t walk_order(const struct loading *loading, const char *path);
void combination_free(struct combination *combination);

/* ---- rules.c */
/* The name of the experiment, once. */
void rule_name(struct loading *loading, const struct combination *into);
void rules_check(struct loading *loading, struct combination *combination);

/* ---- effective.c */
/* The value of a setting, as text; NULL: it has no such setting. */
const char *combination_value(const struct combination *combination, const char *path);
void effective_keys(struct loading *loading, struct combination *combination);
/* Fills identity: equal where settings and machine are, however they were written. */
void effective_identity(struct combination *combination);
/* Name of the point of this combination and seed. */
void effective_name(const struct combination *combination, uint64_t seed,
		    char name[POINT_NAME_BYTES]);
/* Fills effective and hash of the experiment from its combinations. */
void effective_experiment(struct loading *loading);

#endif
