/* A strict reader of the SVG that gnuplot writes: anything out of the ordinary is a finding. */
#ifndef TESTS_SVG_FIXTURE_H
#define TESTS_SVG_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Well-formed XML of printable characters; no script but gnuplot's two, no element, event or link
 * that gnuplot does not write by itself; and each hover one call with one string of JavaScript,
 * which the SVG's script takes for text. false: `why` says where it is something else.
 * `hovers` is the number of hovers; the text of the first goes to `first`.
 */
bool svg_check(const char *text, size_t *hovers, char *first, size_t first_size, char *why, size_t size);

/* A text of the picture, where it is anchored. */
struct svg_text {
	char text[512];
	double x, y, size, turned;      /* degrees; 0: upright letters on a level line */
	char anchor;                    /* s, m, e: start, middle, end */
	bool bold;
};

/* All texts that are not empty, but for the boxes that follow the mouse; in `list`. Returns how many. */
size_t svg_texts(const char *picture, struct svg_text *list, size_t most);

#endif
