/* struct page of a slab's second and later pages, Linux 3.1 to 3.19. */
#ifndef MODELS_SLUB_PAGE_TAIL_31_H
#define MODELS_SLUB_PAGE_TAIL_31_H

#include <assert.h>

#include "models/model.h"

struct tail_page {
	uint64_t flags;
	uint64_t mapping, index;
	int32_t _mapcount, _count;
	struct list_head lru;
	struct slab_page *first_page;
	uint64_t unused;
};

static const struct field tail_page_fields[] = {
	FIELD(struct tail_page, flags),
	FIELD(struct tail_page, mapping),
	FIELD(struct tail_page, index),
	FIELD(struct tail_page, _mapcount),
	FIELD(struct tail_page, _count),
	FIELD(struct tail_page, lru),
	FIELD(struct tail_page, first_page),
	FIELD(struct tail_page, unused),
	{ 0 },
};

static const struct layout tail_page_layout = {
	"page", sizeof(struct tail_page), CLASS_ALLOCATOR, tail_page_fields
};

static_assert(sizeof(struct tail_page) == 64, "struct page from 3.1");
static_assert(offsetof(struct tail_page, first_page) == 48, "struct page from 3.1");

#endif
