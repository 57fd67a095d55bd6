/* The page allocators, in the order of `list` and of the reports. */
#include <string.h>

#include "models/model.h"

extern const struct page_allocator buddy, pcp;

const struct page_allocator *const page_allocators[] = {
	&buddy,
	&pcp,
	NULL,
};

const struct page_allocator *page_allocator_find(const char *name)
{
	for (size_t i = 0; page_allocators[i]; i++)
		if (strcmp(page_allocators[i]->name, name) == 0)
			return page_allocators[i];
	return NULL;
}
