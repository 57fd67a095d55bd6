/* Outlines of structs as text. */
#ifndef EXPERIMENT_OUTLINE_TEXT_H
#define EXPERIMENT_OUTLINE_TEXT_H

#include <stdio.h>

#include "workloads/outline.h"

/* As pahole prints it. */
void outline_print(FILE *out, const struct outline *outline);
/* What changed from one to the other, as a unified diff of these texts. */
void outline_diff(FILE *out, const struct outline *from, const struct outline *to);

#endif
