/* The page allocators, in the order of `list` and of the reports. */
#include <string.h>

#include "models/model.h"

extern const struct page_allocator buddy, pcp, magazine, pcp_spin, pcp_buddy, llfree;

const struct page_allocator *const page_allocators[] = {
	&buddy,
	&pcp,
	&magazine,
	&pcp_spin,
	&pcp_buddy,
	&llfree,
	NULL,
};

/* Each fits itself to the release. */
const struct page_allocator *page_allocator_of(const struct object_allocator *objects)
{
	return objects && objects->kernel >= KERNEL_6_12 ? &pcp_spin : &pcp;
}

const struct page_view *page_view_of(const struct object_allocator *objects,
				     const struct page_allocator *pages, const void *settings)
{
	return objects && objects->view ? objects->view : pages->view(settings);
}

const struct page_allocator *page_allocator_find(const char *name)
{
	for (size_t i = 0; page_allocators[i]; i++)
		if (strcmp(page_allocators[i]->name, name) == 0)
			return page_allocators[i];
	return NULL;
}
