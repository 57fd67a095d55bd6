/* Curves over the number of CPUs, one for each allocator and other swept setting. */
#ifndef FIGURES_CURVES_H
#define FIGURES_CURVES_H

#include "figures/plots.h"

struct words {
	const char *ylabel, *plotted;
	const char *title;              /* "On 16 CPUs ...": {most}, {times}, {first} */
	const char *alone;              /* nothing has both the fewest and the most CPUs */
};

struct curves {
	double (*value)(const struct point *point);     /* NAN: it has none */
	struct words words, turns;      /* of allocations; where no allocator is at work */
};

extern const struct curves scaling_curves, throughput_curves;

#endif
