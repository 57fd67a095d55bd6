/* Choosing results and points on the command line. */
#ifndef CLI_SELECT_H
#define CLI_SELECT_H

#include "experiment/store.h"

/* The results folder somebody means by `given`: a folder, or the name of one below results/. */
const char *select_folder(const char *given, char *path, size_t size);

/* The end of a message about `given`, whose results cannot be read: what it is, what to do, or the
 * name that was meant; "" if there is nothing to say; in buf. */
const char *select_cure(const char *given, char *buf, size_t size);

/*
 * The points that `choice` names ("objects=slub-page,seed=1"; NULL: all), and of these the first
 * seed of each combination, unless a seed is named. The caller frees the list. false: a key or
 * value that no point has, and in `why` which there are.
 */
bool select_points(const struct points *points, const char *choice, const struct point ***chosen,
		   size_t *count, char *why, size_t size);

/*
 * The swept settings and the seed: "objects=slub-page,cpus=2,seed=1", as --point takes them; the caller
 * frees. A value goes up to the next comma that is not in brackets or braces; one that is not to be
 * read so is in quotes, "a,b", with \" and \\ for what would end them.
 */
char *select_label(const struct points *points, const struct point *point);

/* The path of the only setting that ends with that word, "workload.in_flight" of "in_flight"; else
 * the word. */
const char *select_key(const struct point *point, const char *word);
/* A setting, by its path or, if no other ends so, its last word, as tables have it; or one of the
 * names of a point; "seed" is in buf. NULL: it has no such key. */
const char *select_value(const struct point *point, const char *key, char *buf, size_t size);

#endif
