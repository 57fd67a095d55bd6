/* How figures look: what the user chose, and the colours that follow from it. */
#ifndef FIGURES_LOOK_H
#define FIGURES_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct point;

struct look {
	bool dark;                      /* light on dark, for screens that are */
	bool slide;                     /* 16:9, larger letters */
	const char *title;              /* instead of the computed sentence; NULL: that */
	const struct point *const *chosen;      /* combinations for the heat map */
	size_t chosens;                         /* 0: it chooses */
};

/* 0xRRGGBB */
typedef uint32_t colour;

/* Of paper, letters, letters of less weight, grid, lines of axes. */
enum tone { TONE_PAPER, TONE_INK, TONE_SECOND, TONE_PALE, TONE_GRID, TONE_AXIS, TONES };
colour look_tone(const struct look *look, enum tone tone);

/*
 * The colour of a series by its allocator, the first word of its name: the same in all figures,
 * whatever else is in them. Allocators that the table does not name share eight more, by a hash
 * of the name. `before`: how many series of the figure have that colour already; each is another
 * shade of it.
 */
colour look_series(const struct look *look, const char *name, size_t before);
/* The i-th of series that are no allocators. */
colour look_other(const struct look *look, size_t at);
/* The i-th of things that have no name of their own: members, places in the source. */
colour look_part(const struct look *look, size_t at);
/* Of a cause of cycles: waiting for others warm, for memory blue and green, own work grey. */
colour look_cause(const struct look *look, unsigned cause);
/* Parts of a bar from the bottom: the colour itself, then paler and paler. */
colour look_paler(const struct look *look, colour of, size_t part, size_t parts);
/* Letters on that colour: black or white. */
colour look_on(colour of);

/* WCAG 2.1's contrast of two colours, 1 to 21. */
double look_contrast(colour one, colour other);

#endif
