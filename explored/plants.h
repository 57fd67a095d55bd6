/* The table of planted faults (plants.c). */
#ifndef EXPLORED_PLANTS_H
#define EXPLORED_PLANTS_H

#include "explored/machine.h"

extern const struct plant explore_plants[];     /* ends with one without a name */
const struct plant *plant_find(const char *name);
bool plant_is_for(const struct plant *plant, const char *model);

#endif
