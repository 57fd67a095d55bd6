/* What the files of the figures share; the face of it all is figures/plots.h. */
#ifndef FIGURES_FIGURES_H
#define FIGURES_FIGURES_H

#include "experiment/groups.h"
#include "figures/plots.h"

/* ",mean,low,high,states": where there are two, low and high are theirs; of 0 the range of values that
 * make no interval; ends the line. */
void figure_interval(FILE *out, const struct interval *interval);
/* What the bars with ends are, all told. */
struct ends {
	bool intervals, ranges;
};
void ends_add(struct ends *ends, const struct interval *interval);
/* The colour of a series among those of its figure. */
colour figure_colour(const struct look *look, const struct groups *groups, size_t series);
/* "2 CPUs of core2-2s", native "2 CPUs of the host NAME", of different ones "1 to 16 CPUs"; in buf. */
void figure_machine(const struct point *const *point, size_t count, char *buf, size_t size);
/* What is plotted, how many seeds, what bars with ends are, the machine. */
void figure_subtitle(struct drawing *drawing, const struct groups *groups, const char *plotted,
		     struct ends ends);

/* figure->what is a struct curves, of figures/curves.h. */
bool curves_write(struct drawing *drawing, const struct figure *figure);
bool locks_write(struct drawing *drawing, const struct figure *figure);
bool heat_write(struct drawing *drawing, const struct figure *figure);

#endif
