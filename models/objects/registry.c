/* The object allocators, in the order of `list` and of the reports. */
#include <string.h>

#include "models/model.h"

extern const struct object_allocator slub_page, slub_cpu, slub_cmpxchg, slub_lockless, slub_tagged,
	slab, sheaves, sheaves_all, bonwick;

const struct object_allocator *const object_allocators[] = {
	&slub_page, &slub_cpu, &slub_cmpxchg, &slub_lockless, &slub_tagged, &slab,
	&sheaves, &sheaves_all, &bonwick,
	NULL,
};

const struct object_allocator *object_allocator_find(const char *name)
{
	for (size_t i = 0; object_allocators[i]; i++)
		if (strcmp(object_allocators[i]->name, name) == 0)
			return object_allocators[i];
	return NULL;
}
