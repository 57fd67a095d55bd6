/* Widths of texts from a TrueType file, read here: what the program's own table is tested against. */
#ifndef TESTS_FONT_FIXTURE_H
#define TESTS_FONT_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

struct font;

/* DejaVu Sans, book or bold, where Debian has it; NULL: it is not there. */
struct font *font_open(bool bold);
void font_close(struct font *font);
/* Advance of a character, as a share of the size; 0: the font does not have it. */
double font_advance(const struct font *font, uint32_t character);
/* Pixels of a text; a character that the font lacks counts as a square. */
double font_width(const struct font *font, const char *text, double size);

#endif
