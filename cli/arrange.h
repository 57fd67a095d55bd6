/* Points of one result or two, arranged to be compared: who meets whom. */
#ifndef CLI_ARRANGE_H
#define CLI_ARRANGE_H

#include "experiment/groups.h"

/* Two results as two series, in groups of equal settings: of what either sweeps. A result that
 * fixes a key meets one that sweeps it. */
struct groups *arrange_two(const struct points *a, const char *a_name, const struct points *b,
			   const char *b_name);
/* One result, a series per value of `by`; points without that key are in none. */
struct groups *arrange_by(const struct points *points, const char *by);
/* One result, a series per allocator with its variants, or whatever else it sweeps by name. */
struct groups *arrange_series(const struct points *points);

#endif
