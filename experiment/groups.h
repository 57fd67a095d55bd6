/*
 * Points arranged for figures and comparisons: a series per allocator (or whatever is compared), a
 * group per combination of the other swept settings, and in each cell the seeds.
 */
#ifndef EXPERIMENT_GROUPS_H
#define EXPERIMENT_GROUPS_H

#include "experiment/statistics.h"
#include "experiment/store.h"

struct cell {
	size_t series, group;
	const struct point **point;     /* one per seed */
	size_t count;
};

struct groups {
	char **series;                  /* names, in order of appearance */
	size_t serieses;
	char **group;                   /* labels, likewise; "" where nothing else is swept */
	size_t groups;
	char *axis;                     /* the keys of the labels, "cpus, workload.object_size" */
	bool allocators;                /* series are allocators, or variants of one */
	struct cell *cell;
	size_t cells;
	size_t bad;                     /* points that did not end well; they are in no cell */
};

struct groups *groups_new(void);
void groups_free(struct groups *groups);
/* A point that did not end well is only counted. */
void groups_add(struct groups *groups, const char *series, const char *group,
		const struct point *point);
/* NULL: no such points. */
const struct cell *groups_cell(const struct groups *groups, size_t series, size_t group);

/* The same by names, for groups made elsewhere. */
const struct cell *groups_named_cell(const struct groups *groups, const char *series,
				     const char *group);

/* Series are allocators as far as they are swept; the key `without` (NULL: none) tells neither
 * series nor groups apart. */
struct groups *groups_of(const struct points *points, const char *without);
/* Adds a point where `like`, one of `points`, belongs: the same settings on a changed machine. */
void groups_add_like(struct groups *groups, const struct points *points, const char *without,
		     const struct point *like, const struct point *point);
/* Are allocators swept, or variants of one? Otherwise series are something else. */
bool groups_compares_allocators(const struct points *points);
/*
 * Tells series apart: objects, pages, words of their settings, and numbers of the settings of a
 * model that is compared with others; without these the first other key with names.
 */
bool groups_is_series(const struct points *points, const char *key);
/* Swept, and not by name: its values tell groups apart. */
bool groups_is_group(const struct points *points, const char *key);
/* "workload.object_size (bytes)"; in buf. */
const char *groups_key_unit(const struct points *points, const char *key, char *buf, size_t size);
/* The values of the swept keys that `choose` says yes to, joined by `between`; in buf. */
typedef bool key_choice(const struct points *points, const char *key, const void *argument);
const char *groups_values(const struct points *points, const struct point *point,
			  key_choice *choose, const void *argument, const char *between,
			  bool with_keys, char *buf, size_t size);

/* Did the workload ask for pages itself, not through objects? A struct, a lock, a queue or a counter asks for none. */
bool groups_asks_for_pages(const struct point *point);

/* The name of a point's series, "slub-cpu dfb4f096"; in buf. */
const char *groups_series(const struct points *points, const struct point *point,
			  const char *without, char *buf, size_t size);
/* The settings that tell groups apart, "cpus=2, workload.object_size=64"; in buf. */
const char *groups_settings(const struct points *points, const struct point *point, char *buf,
			    size_t size);

/* What is compared, as a number per point; NAN: this point has none. */
typedef double measure(const struct point *point, const void *argument);
struct interval cell_interval(const struct cell *cell, measure *what, const void *argument);
/* From one cell to another, as a fraction of the first. */
struct interval cell_change(const struct cell *from, const struct cell *to, measure *what,
			    const void *argument);

#endif
