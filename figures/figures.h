/* What the files of the figures share; the face of it all is figures/plots.h. */
#ifndef FIGURES_FIGURES_H
#define FIGURES_FIGURES_H

#include "experiment/groups.h"
#include "figures/plots.h"

/* An array of names for the script: "array Names[2] = [ ... ]". */
void figure_names(FILE *out, const char *name, char *const *texts, size_t count);
/* ",mean,low,high,states": where there are two, low and high are theirs; ends the line. */
void figure_interval(FILE *out, const struct interval *interval);
/* The names of series and groups, which plots/style.gp needs. */
void figure_groups(FILE *head, const struct groups *groups);
/* What is plotted, how many seeds, whether bars are intervals, the machine. */
void figure_subtitle(struct drawing *drawing, const struct groups *groups, const char *plotted,
		     bool intervals);

bool scaling_write(struct drawing *drawing, const struct figure *figure);
bool heat_write(struct drawing *drawing, const struct figure *figure);

#endif
