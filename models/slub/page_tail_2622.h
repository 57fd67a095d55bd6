/* struct page of a slab's second and later pages, Linux 2.6.22 to 3.0. */
#ifndef MODELS_SLUB_PAGE_TAIL_2622_H
#define MODELS_SLUB_PAGE_TAIL_2622_H

#include <assert.h>

#include "models/model.h"

struct tail_page {
	uint64_t flags;
	int32_t _count, _mapcount;
	struct slab_page *first_page;
	uint64_t mapping, index;
	struct list_head lru;
};

static const struct field tail_page_fields[] = {
	FIELD(struct tail_page, flags),
	FIELD(struct tail_page, _count),
	FIELD(struct tail_page, _mapcount),
	FIELD(struct tail_page, first_page),
	FIELD(struct tail_page, mapping),
	FIELD(struct tail_page, index),
	FIELD(struct tail_page, lru),
	{ 0 },
};

static const struct layout tail_page_layout = {
	"page", sizeof(struct tail_page), CLASS_ALLOCATOR, tail_page_fields
};

static_assert(sizeof(struct tail_page) == 56, "struct page until 3.0");
static_assert(offsetof(struct tail_page, first_page) == 16, "struct page until 3.0");

#endif
