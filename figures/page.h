/*
 * The page that a figure is drawn on. All places are computed here, in pixels from the left and
 * from the top, from the widths of the texts; the scripts in plots/ only draw. So nothing touches
 * or leaves the page whatever the names and however many bars there are.
 *
 *	title, one line or more
 *	subtitle, as many as it needs
 *	key: entries in rows
 *	+------------------------------+
 *	| the plot                     |
 *	+------------------------------+
 *	labels, a row for each swept key, the fastest on top
 *	what the rows are
 *	                          footer
 */
#ifndef FIGURES_PAGE_H
#define FIGURES_PAGE_H

#include <stdio.h>

#include "figures/look.h"
#include "figures/plots.h"

/* Sizes of letters in pixels. */
struct letters {
	double title, text, small, tiny;
};

struct page {
	const struct look *look;
	FILE *head;                     /* of the script */
	double width, height;
	struct letters letters;
	double left, right, top, bottom;        /* of the plot; top: as far as it is used up */
	double low, high;               /* values at its bottom and top */
	bool logarithmic;
	size_t labels;                  /* numbers of gnuplot's labels and arrows that are taken */
};

enum { PAGE_MARGIN = 24 };

/* Sizes, colours, title and second line of the drawing, which must be known by now. */
void page_open(struct page *page, struct drawing *drawing);

/* An entry of the key: a coloured field and its name. */
struct entry {
	const char *name;
	bool new_row;
};
/* KeyX[], KeyY[], Key[]: places and texts of the entries for the script. */
void page_key(struct page *page, const struct entry *entry, size_t count);

/*
 * The axis at the left, from 0 or, of a logarithmic one, from `least` on, up to `most` and so many
 * pixels more, for the numbers above bars; `what` is written beside it. First it takes its place
 * at the left, then, when the plot's top and bottom are known, it is written.
 */
void page_values_room(struct page *page, double least, double most, bool logarithmic);
void page_values(struct page *page, const char *what, double least, double most, double headroom,
		 bool logarithmic);

/* Pixels from the top of a value; the plot's place must be known. */
double page_y(const struct page *page, double value);

/* Places on the axis below: bars of width 1 at spot[], from 0 on, sorted. */
struct rows {
	size_t slots;
	double *spot;
	double from, until;             /* of the axis */
	size_t levels;                  /* outermost first */
	const char ***text;             /* [levels][slots] */
	const char *what;               /* is written below; "" is not */
};
void page_rows(struct page *page, const struct rows *rows);
/* Pixels from one bar to the next. */
double page_pitch(const struct page *page, const struct rows *rows);

/* Centred above `bottom`, in up to three lines. Returns how high that is. */
double page_what(struct page *page, const char *what, double bottom);

/* A text somewhere: its anchor (left, center, right) in pixels. */
void page_text(struct page *page, const char *text, double x, double y, const char *anchor,
	       double size, colour of, bool upright);
/* A line in the colour of the axes. */
void page_line(struct page *page, double x0, double y0, double x1, double y1);

enum { PAGE_FOOT = 30 };        /* below everything, with the footer in it */
/* left, right, top and bottom for the script; the last call. */
void page_close(struct page *page);

/* "array NAME[count] = [ ... ]" of gnuplot. Texts of more than 220 characters are cut. */
void page_numbers(FILE *head, const char *name, const double *value, size_t count);
void page_colours(FILE *head, const char *name, const colour *value, size_t count);
void page_texts(FILE *head, const char *name, char *const *text, size_t count);

#endif
