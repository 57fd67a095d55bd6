/* Lines of the sources that a program was built of (source.c). */
#ifndef STEPS_SOURCE_H
#define STEPS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/verbs/verbs.h"

struct sources;

struct sources *sources_new(void);
void sources_free(struct sources *sources);
/* What names the files is a run of ours, not a file of anybody's: an allocator that was loaded may lie
 * anywhere. */
void sources_trust(struct sources *sources);

/*
 * The line of source that a site stands in, without the blanks around it; lives as long as `sources`.
 * NULL: the file is not there, or it is another version's: that line of it does not hold the operand.
 */
const char *source_line(struct sources *sources, const struct site *site);
/* So many lines of a file around that one; the first is number *first. The caller frees neither. */
const char *const *source_around(struct sources *sources, const struct site *site, unsigned around,
				 unsigned *first, size_t *count);
/* "models/pages/pcp.c" of "./models/pages/pcp.c". */
const char *source_path(const char *file);

#endif
