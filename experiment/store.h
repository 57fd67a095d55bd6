/*
 * Results on disk: one file per point, written whole or not at all, read back with every byte
 * checked; and an index that says which points belong to the experiment, in its order.
 *
 *	results/NAME/experiment.yaml    the effective experiment: defaults filled in, comments gone
 *	results/NAME/index              one line per point, in file order of the product
 *	results/NAME/points/HASH.point  one point: keys, and the tables of its struct result
 *	results/NAME/results.csv, results.jsonl, *.svg, *.png   made from the points
 *	results/NAME/.lock              see experiment/folder.h
 *
 * A point is one combination of settings and one seed. Its name is a hash of what determines it,
 * so points of different experiments, machines or versions never overwrite each other.
 */
#ifndef EXPERIMENT_STORE_H
#define EXPERIMENT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "experiment/file.h"
#include "sim/result.h"

enum { HASH_TEXT_BYTES = 65, POINT_NAME_BYTES = 17 };   /* hex digits and the terminator */

/* A setting of a point and its value as text: "workload.object_size", "64". */
struct point_key {
	char *key, *value;
	bool swept;                     /* given as a list in the experiment */
};

struct point {
	char name[POINT_NAME_BYTES];    /* the hash; also the file name */
	char *objects, *pages, *workload, *machine;     /* names; "" where there is none */
	uint64_t cpus, seed;
	struct point_key *key; /* all settings of this point, swept or not, in table order */
	size_t keys;
	char **remark;                  /* lines of text for people about the input */
	size_t remarks;
	uint64_t metadata_bytes;        /* of the object allocator, at the end of the run */
	uint64_t mixed;                 /* 1: object and page allocator are of different kernels */
	uint64_t native;                /* 1: ran on a host's processors (native/native.h), */
	char *host;                     /* and on whose; else "" */
	uint64_t objects_lost;          /* then on no list, and nobody's; 0 of a run that was cut */
	struct result *result;
	char **text;                    /* strings that result's tables point into; store.c's own */
	size_t texts;
};

/* On what it ran: its machine's name, of a native point "the host NAME"; in buf. */
const char *point_where(const struct point *point, char *buf, size_t size);

/* All points of one results folder, in file order of the product, seeds innermost. */
struct points {
	char *name, *title;             /* of the experiment */
	char hash[HASH_TEXT_BYTES];     /* SHA-256 of the effective experiment */
	char *version, *models;         /* of the program and of its models */
	char **plot;                    /* names of the plots the experiment asks for */
	size_t plots;
	char **set;                     /* --set options it was run with, "cpus=4" */
	size_t sets;
	char **swept;                   /* keys that were given as lists, in file order */
	size_t swepts;
	char **combination;             /* identities of its combinations, whatever the version */
	size_t combinations;
	char **listed;                  /* names of the points the experiment has, [expected] */
	size_t expected;
	size_t count;                   /* points that are there */
	struct point **point;
};

/*
 * Reads index and points of a results folder; points not yet computed are left out. false and the
 * reason in `why` (which names the file) if the folder holds no results or a file is damaged.
 */
bool points_load(const char *directory, struct points *points, char *why, size_t size);
/* The index alone: no point is looked at. */
bool points_index(const char *directory, struct points *points, char *why, size_t size);
void points_free(struct points *points);

/* Value of a setting of this point as text; NULL: it has no such setting. */
const char *point_value(const struct point *point, const char *key);
/* Is point[at] the first with its value of that setting (or the first that lacks it)? */
bool points_first_value(const struct points *points, size_t at, const char *key);
/* The swept settings of a point as "objects=slub-page cpus=2", without the seed; in buf. */
const char *point_label(const struct points *points, const struct point *point, char *buf,
			size_t size);
/* Do two points differ in nothing but their seed? */
bool point_same_but_seed(const struct point *a, const struct point *b);

/* ---- for the runner and tests ---------------------------------------------------------------- */

struct point *point_new(void);
void point_free(struct point *point);
void point_add_key(struct point *point, const char *key, const char *value, bool swept);
void point_add_remark(struct point *point, const char *text);

/* Writes DIRECTORY/points/NAME.point: a temporary file, fsync, rename, fsync of the folder. */
bool point_write(const char *directory, const struct point *point, char *why, size_t size);
struct point *point_read(const char *directory, const char *name, char *why, size_t size);
/* Is there a file of that name? Says nothing about what is in it. */
bool point_exists(const char *directory, const char *name);
/* false: what stands at the path is a link, or no folder. */
bool results_are_own(const char *path, char *why, size_t size);
/* Takes back what a writer of that point that was killed left behind; NULL: what any left. */
void point_sweep(const char *directory, const char *name);
/* DIRECTORY and DIRECTORY/points, made where missing; neither may be a link. */
bool results_make(const char *directory, char *why, size_t size);
/* The index: everything of struct points but point[]. */
bool index_write(const char *directory, const struct points *points, char *why, size_t size);

#endif
