/* How wide a text is when it is drawn, and texts made to fit. */
#ifndef FIGURES_WIDTH_H
#define FIGURES_WIDTH_H

#include <stdbool.h>
#include <stddef.h>

/* Pixels of a text in DejaVu Sans of that size, a little more for letters other than ASCII's. */
double width_of(const char *text, double size, bool bold);

/*
 * The text in lines of at most that many pixels, broken at blanks, a longer word anywhere; what
 * does not go into `most` lines is cut and ends with an ellipsis. The caller frees lines and list.
 */
char **width_lines(const char *text, double size, bool bold, double pixels, size_t most,
		   size_t *count);

void width_free(char **line, size_t count);
/* The same in as few lines, as equal in length as can be. */
char **width_balanced(const char *text, double size, bool bold, double pixels, size_t most,
		      size_t *count);

/*
 * Names of at most that many pixels: of a longer one the middle goes, where two would look alike that before
 * they differ. Different names stay different, by a number if by nothing else. The caller frees all.
 */
char **width_names(char *const *name, size_t count, double size, double pixels);

/* The same side by side: where one is longer, of the words that all begin with only as much stays as leaves
 * room for the others. */
char **width_labels(char *const *name, size_t count, double size, double pixels);

#endif
