/* Stacked bars, one per series and group. */
#ifndef FIGURES_BARS_H
#define FIGURES_BARS_H

#include "figures/claims.h"
#include "figures/plots.h"

enum { PARTS_MAX = CAUSES };

struct bars {
	const char *script, *ylabel, *plotted;
	unsigned parts;
	const char *part[PARTS_MAX];            /* for the key; NULL: cause_names */
	const char *column[PARTS_MAX];          /* of the CSV, the same */
	double (*value)(const struct point *point, unsigned part);
	measure *claimed;                       /* NULL: the first `claimed_parts` together */
	unsigned claimed_parts;
	struct wording wording;
	const struct bars *turns; /* instead, where no allocator is at work; NULL: the same */
};

/* figure->what is a struct bars. */
bool bars_write(struct drawing *drawing, const struct figure *figure);

#endif
