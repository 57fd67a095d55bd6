/*
 * Figures of a results folder: NAME.csv (the data), NAME.gp (the gnuplot script, complete with
 * titles and style) and from these two alone NAME.svg and NAME.png.
 */
#ifndef FIGURES_PLOTS_H
#define FIGURES_PLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "experiment/figure.h"
#include "experiment/store.h"
#include "figures/look.h"

/* Draws the figures that the experiment asks for; those that its points do not have are told on
 * stderr. false: `why` says what is missing, for example
 * the gnuplot package; the data and scripts are written all the same. */
bool plots_draw(const char *directory, char *why, size_t size);

/* The same for `count` figures by name (none: those of the experiment) of the folder's points. The
 * paths of what was drawn go to `drawn`, a line each; NULL: nowhere. `look` NULL: light, for a page. */
bool plots_draw_named(const char *directory, const struct points *points, char *const *names,
		      size_t count, const struct look *look, FILE *drawn, char *why, size_t size);

/*
 * The same for points in memory; `count` names. Why a figure cannot be had from these data goes to
 * `notes`; NULL: nowhere. A gnuplot that hangs is ended after two minutes, or as many seconds as
 * BOUNCE_GNUPLOT_SECONDS says; then it is not tried again, which is a failure.
 */
bool plots_draw_points(const char *directory, const struct points *points, char *const *names,
		       size_t count, const struct look *look, FILE *drawn, FILE *notes, char *why,
		       size_t size);

/* Whether gnuplot is installed: without it there are no figures, which is no failure of a run. */
bool plots_can_draw(void);

/* What a figure writes into. */
struct drawing {
	const struct points *points;
	const struct look *look;        /* NULL: light, for a page */
	const char *script;             /* plots/SCRIPT.gp draws it */
	FILE *data;                     /* NAME.csv */
	FILE *head;                     /* assignments in front of the script */
	char title[512], subtitle[1024];
	char why[256];                  /* it cannot be drawn from these data */
};

#endif
