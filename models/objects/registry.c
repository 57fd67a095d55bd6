/* The object allocators, in the order of `list` and of the reports: those of the program, then
 * those that were loaded (models/own/). */
#include <string.h>

#include "models/own/own.h"

extern const struct object_allocator slub_page, slub_cpu, slub_cmpxchg, slub_lockless, slub_tagged,
	slab, sheaves, sheaves_all, bonwick;

enum { BUILT_IN = 9 };

/* Grows while the command line is read, and stands still when the first experiment is. */
const struct object_allocator *object_allocators[BUILT_IN + OWN_MAX + 1] = {
	&slub_page, &slub_cpu, &slub_cmpxchg, &slub_lockless, &slub_tagged, &slab,
	&sheaves, &sheaves_all, &bonwick,
};

bool object_allocator_load(const struct plugin *plugin, const char *file, const char *content)
{
	const struct object_allocator *model = own_allocator(plugin, file, content);
	size_t at = BUILT_IN;

	while (object_allocators[at])
		at++;
	object_allocators[at] = model;
	return model;
}

const struct object_allocator *object_allocator_find(const char *name)
{
	for (size_t i = 0; object_allocators[i]; i++)
		if (strcmp(object_allocators[i]->name, name) == 0)
			return object_allocators[i];
	return NULL;
}
