/* The table of planted faults (plants.c). */
#ifndef EXPLORED_PLANTS_H
#define EXPLORED_PLANTS_H

#include "explored/machine.h"

extern const struct plant explore_plants[];     /* ends with one without a name */
const struct plant *plant_find(const char *name);
bool plant_is_for(const struct plant *plant, const char *model);

/* The fault of "no-lock@zone.c:12" in *plant, which points into `text`; false: it is none. */
bool plant_of_place(const char *text, struct plant *plant);

#endif
