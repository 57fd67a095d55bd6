/*
 * What an experiment knows of figures: the words for `plots:`, and which files are one. How they
 * are drawn is the matter of figures/, whose registry this is.
 */
#ifndef EXPERIMENT_FIGURE_H
#define EXPERIMENT_FIGURE_H

#include <stdbool.h>

struct drawing;

struct figure {
	const char *name, *summary;
	/* Fills the drawing; false: these data have no such figure, and why. */
	bool (*write)(struct drawing *drawing, const struct figure *figure);
	const void *what;               /* of its kind: figures/registry.c */
	bool timed;                     /* of times alone: of native points too */
};

extern const struct figure figures[];           /* ends with a figure without a name */
const struct figure *figure_find(const char *name);

/* The folder becomes another experiment's: figures of the one before would be taken for its own. */
void figures_forget(const char *directory);

#endif
