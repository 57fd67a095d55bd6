/*
 * The simulated memory: for each node an array of page structs and the pages themselves, and the
 * layouts of struct page over the eras as a page allocator sees them.
 *
 * The array of page structs starts on a line. At 56 bytes eight page structs share seven lines
 * and six of them straddle two; at a stride of 64 each has a line of its own.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "models/model.h"

/* Until 3.0. */
struct page_56 {
	uint64_t flags;
	int32_t _count;                 /* references */
	int32_t _mapcount;              /* -1 unused, -128 head of a free block */
	uint64_t private;               /* order of a free block; first_page of a tail */
	uint64_t mapping;
	uint64_t index;                 /* migratetype of a free block */
	struct list_head lru;
};

static const struct field page_56_fields[] = {
	FIELD(struct page_56, flags),
	FIELD(struct page_56, _count),
	FIELD(struct page_56, _mapcount),
	FIELD(struct page_56, private),
	FIELD(struct page_56, mapping),
	FIELD(struct page_56, index),
	FIELD(struct page_56, lru),
	{ 0 },
};

static const struct layout page_56_layout = { "page", 56, CLASS_ALLOCATOR, page_56_fields };

/* 3.1 to 3.19; the pair at 16 is what cmpxchg16b works on. */
struct page_64 {
	uint64_t flags;
	uint64_t mapping;
	_Alignas(16) uint64_t index;
	int32_t _mapcount;
	int32_t _count;
	struct list_head lru;
	uint64_t private;
	uint64_t padding;
};

static const struct field page_64_fields[] = {
	FIELD(struct page_64, flags),
	FIELD(struct page_64, mapping),
	FIELD(struct page_64, index),
	FIELD(struct page_64, _mapcount),
	FIELD(struct page_64, _count),
	FIELD(struct page_64, lru),
	FIELD(struct page_64, private),
	FIELD(struct page_64, padding),
	{ 0 },
};

static const struct layout page_64_layout = { "page", 64, CLASS_ALLOCATOR, page_64_fields };

/* 6.12 and later: what lru and mapping were is a list, freelist and counters of a slab. */
struct page_612 {
	uint64_t flags;
	union {
		struct list_head lru;
		uint64_t compound_head;         /* of a tail: the head's address + 1 */
	};
	uint64_t mapping;
	uint64_t index;
	uint64_t private;
	int32_t _mapcount;                      /* or page_type */
	int32_t _refcount;
	uint64_t memcg_data;
};

static const struct field page_612_fields[] = {
	FIELD(struct page_612, flags),
	FIELD(struct page_612, lru),
	FIELD(struct page_612, mapping),
	FIELD(struct page_612, index),
	FIELD(struct page_612, private),
	FIELD(struct page_612, _mapcount),
	FIELD(struct page_612, _refcount),
	FIELD(struct page_612, memcg_data),
	{ 0 },
};

static const struct layout page_612_layout = { "page", 64, CLASS_ALLOCATOR, page_612_fields };

static_assert(sizeof(struct page_612) == 64, "struct page of 6.12");
static_assert(offsetof(struct page_612, lru) == 8, "struct page of 6.12");
static_assert(offsetof(struct page_612, private) == 40, "struct page of 6.12");
static_assert(offsetof(struct page_612, _refcount) == 52, "struct page of 6.12");
static_assert(sizeof(struct page_56) == 56, "struct page until 3.0");
static_assert(offsetof(struct page_56, _mapcount) == 12, "struct page until 3.0");
static_assert(offsetof(struct page_56, lru) == 40, "struct page until 3.0");
static_assert(sizeof(struct page_64) == 64, "struct page from 3.1");
static_assert(offsetof(struct page_64, _count) == 28, "struct page from 3.1");
static_assert(offsetof(struct page_64, lru) == 32, "struct page from 3.1");
static_assert(offsetof(struct page_64, private) == 48, "struct page from 3.1");

#define VIEW(type, references) \
	.size = sizeof(type), .flags = offsetof(type, flags), .count = offsetof(type, references), \
	.mapcount = offsetof(type, _mapcount), .private = offsetof(type, private), \
	.mapping = offsetof(type, mapping), .index = offsetof(type, index), \
	.lru = offsetof(type, lru)

const struct page_view page_view_packed_56 = {
	.name = "packed-56", .layout = &page_56_layout, VIEW(struct page_56, _count)
};

const struct page_view page_view_aligned_64 = {
	.name = "aligned-64", .layout = &page_64_layout, VIEW(struct page_64, _count)
};

const struct page_view page_view_6_12 = {
	.name = "aligned-64-6.12", .layout = &page_612_layout, VIEW(struct page_612, _refcount),
	.compound_head = offsetof(struct page_612, compound_head),
};

enum { MIB_PAGES = (1 << 20) / PAGE_BYTES, LARGEST_BLOCK = 1 << (MAX_ORDER - 1) };

static const struct layout frame_layout = { "frame", PAGE_BYTES, CLASS_PAYLOAD, NULL };

unsigned nr_cpus(const struct sim *sim, uint64_t asked)
{
	unsigned cpus = sim_cpus(sim);

	if (asked > cpus)
		cpus = (unsigned)asked;
	return (cpus + 7) / 8 * 8;
}

const char *label_new(struct sim *sim, const char *format, ...)
{
	char text[128];
	va_list arguments;
	char *label;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	label = unseen_new(sim, (size_t)length + 1);
	snprintf(label, (size_t)length + 1, "%s", text);
	return label;
}

bool failed(const struct report *report, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(report->why, report->size, format, arguments);
	va_end(arguments);
	return false;
}

static void page_setup(const struct memory *m, uint64_t pfn)
{
	struct page *page = pfn_to_page(m, pfn);

	*page_flags(m, page) = (uint64_t)pfn_to_node(m, pfn) << PG_NODE_SHIFT;
	*page_mapcount(m, page) = -1;
}

struct memory *memory_new(struct sim *sim, const struct page_view *view, unsigned stride,
			  uint64_t mib)
{
	unsigned nodes = sim_nodes(sim);
	struct memory *m = unseen_new(sim, sizeof *m + nodes * sizeof m->node[0]);

	if (stride && stride < view->size)
		view = &page_view_packed_56;
	m->sim = sim;
	m->view = view;
	m->stride = stride ? stride : view->size;
	m->nodes = nodes;
	m->node_pages = mib * MIB_PAGES / nodes / LARGEST_BLOCK * LARGEST_BLOCK;
	if (m->node_pages == 0)
		m->node_pages = LARGEST_BLOCK;
	m->pages = m->node_pages * nodes;
	for (unsigned n = 0; n < nodes; n++) {
		m->node[n].mem_map = arena_alloc(sim, m->stride, m->node_pages, n, LINE,
						 view->layout, "page");
		m->node[n].base = arena_alloc(sim, PAGE_BYTES, m->node_pages, n, PAGE_BYTES,
					      &frame_layout, "frame");
	}
	m->seen = unseen_new(sim, m->pages);
	m->used = unseen_new(sim, m->pages / LARGEST_BLOCK);
	for (uint64_t pfn = 0; pfn < m->pages; pfn += LARGEST_BLOCK)
		page_setup(m, pfn);
	return m;
}

void memory_used(struct memory *m, const struct page *page)
{
	uint64_t pfn = page_to_pfn(m, page), block = pfn / LARGEST_BLOCK;

	if (pfn >= m->pages || m->used[block])  /* damaged lists lead to what is no page struct */
		return;
	m->used[block] = true;
	for (uint64_t i = 1; i < LARGEST_BLOCK; i++)
		page_setup(m, block * LARGEST_BLOCK + i);
}

bool memory_is_used(const struct memory *m, uint64_t pfn)
{
	return m->used[pfn / LARGEST_BLOCK];
}

uint64_t memory_next(const struct memory *m, uint64_t pfn)
{
	while (pfn < m->pages && pfn % LARGEST_BLOCK && !memory_is_used(m, pfn))
		pfn = (pfn / LARGEST_BLOCK + 1) * LARGEST_BLOCK;
	return pfn;
}

void memory_forget_seen(const struct memory *m)
{
	for (uint64_t pfn = 0; pfn < m->pages; pfn += LARGEST_BLOCK)
		memset(m->seen + pfn, 0, memory_is_used(m, pfn) ? LARGEST_BLOCK : 1);
}

struct page *page_head(const struct memory *m, struct page *page)
{
	if (m->view->compound_head) {
		uint64_t word = *page_compound_head(m, page);

		return word & 1 ? (struct page *)(uintptr_t)(word - 1) : page;
	}
	return *page_flags(m, page) >> PG_TAIL & 1 ? *page_first_page(m, page) : page;
}

/* At the array's stride, so that the page struct stays number 513 of "page". */
void page_relabel(struct cpu *cpu, const struct memory *m, const struct page *page,
		  const struct layout *layout)
{
	relabel(cpu, page, m->view->size, layout ? layout : m->view->layout, m->stride, "page");
}

void frames_relabel(struct cpu *cpu, const struct memory *m, const struct page *page,
		    unsigned order, const struct layout *layout, size_t stride, const char *label)
{
	if (!layout) {
		layout = &frame_layout;
		stride = PAGE_BYTES;
		label = "frame";
	}
	relabel(cpu, page_address(m, page), (size_t)PAGE_BYTES << order, layout, stride, label);
}

struct page *pages_alloc(struct cpu *cpu, const struct pages *pages, unsigned order, unsigned gfp)
{
	struct page *page;

	op_begin(cpu, OP_PAGE_ALLOC);
	page = pages->model->alloc(cpu, pages->state, order, gfp);
	op_end(cpu, 0, page ? (int64_t)PAGE_BYTES << order : 0);
	return page;
}

typedef void page_free(struct cpu *cpu, void *state, struct page *page, unsigned order);

static void free_by(struct cpu *cpu, const struct pages *pages, page_free *way, struct page *page,
		    unsigned order)
{
	op_begin(cpu, OP_PAGE_FREE);
	way(cpu, pages->state, page, order);
	op_end(cpu, 0, -((int64_t)PAGE_BYTES << order));
}

void pages_free(struct cpu *cpu, const struct pages *pages, struct page *page, unsigned order)
{
	free_by(cpu, pages, pages->model->free, page, order);
}

struct page *pages_alloc_frozen(struct cpu *cpu, const struct pages *pages, unsigned order,
				unsigned gfp)
{
	return pages_alloc(cpu, pages, order, pages->model->free_frozen ? gfp | GFP_FROZEN : gfp);
}

void pages_free_frozen(struct cpu *cpu, const struct pages *pages, struct page *page,
		       unsigned order)
{
	const struct page_allocator *model = pages->model;

	free_by(cpu, pages, model->free_frozen ? model->free_frozen : model->free, page, order);
}

void pages_count_slab(struct cpu *cpu, const struct pages *pages, struct page *page,
		      bool reclaimable, int count)
{
	if (pages->model->count_slab)
		pages->model->count_slab(cpu, pages->state, page, reclaimable, count);
}
