/* Figures by name. */
#include "experiment/figure.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct figure *figure_find(const char *name)
{
	for (const struct figure *figure = figures; figure->name; figure++)
		if (!strcmp(figure->name, name))
			return figure;
	return NULL;
}

void figures_forget(const char *directory)
{
	static const char *const parts[] = { "csv", "gp", "svg", "png" };
	char path[4096];

	for (const struct figure *figure = figures; figure->name; figure++)
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
			snprintf(path, sizeof path, "%s/%s.%s", directory, figure->name, parts[i]);
			unlink(path);
		}
}
