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

#endif
