/* Stacked bars, one per series and group. */
#ifndef FIGURES_BARS_H
#define FIGURES_BARS_H

#include "figures/claims.h"
#include "figures/plots.h"

enum { PARTS_MAX = CAUSES + 1 };

struct stack;

/* A kind of bars. */
struct bars {
	const char *ylabel, *plotted;
	unsigned parts;
	const char *part[PARTS_MAX];            /* for the key; NULL: cause_names */
	const char *column[PARTS_MAX];          /* of the CSV, the same */
	double (*value)(const struct point *point, unsigned part, const struct stack *stack);
	/* Parts that depend on the points: fills the stack. NULL: those above. false: there are none. */
	bool (*find)(const struct points *points, struct stack *stack);
	measure *claimed;                       /* NULL: the first `claimed_parts` together */
	unsigned claimed_parts;
	struct wording wording;
	bool by_part;                           /* colours tell parts; else series, paler upwards */
	bool shares;                            /* parts in per cent of their sum */
	bool percent;                           /* written into the parts, per cent of the whole */
	const char *none;                       /* no value anywhere: why; NULL: the usual */
	const struct bars *turns; /* instead, where no allocator is at work; NULL: the same */
};

/* The parts of one figure's bars. */
struct stack {
	const struct bars *bars;
	unsigned parts;
	unsigned rest;                          /* of these, the last: of no name of their own */
	char *name[PARTS_MAX], *column[PARTS_MAX];      /* its own */
	char *claimed;                          /* {part} of the wording; NULL: none */
};

/* figure->what is a struct bars. */
bool bars_write(struct drawing *drawing, const struct figure *figure);

#endif
