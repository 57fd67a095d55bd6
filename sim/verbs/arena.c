/* The arena: simulated memory at real addresses, and labels; see arena.h. */
#include "sim/verbs/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/verbs/head.h"
#include "sim/verbs/xalloc.h"

enum { LABELS_KEPT = 4, BLOCK_LABELS = 512 };
/* Of a CPU's own area but for the last line; above it labels are kept as ranges. */
static const uint64_t PERCPU_BYTES = (1 << 16) - LOCK_QUEUE_BYTES, RANGE_BYTES = 1 << 20;

struct label_block { /* labels, in use or not */
	struct label_block *next;
	unsigned used;
	struct label label[BLOCK_LABELS];
};

struct host_block {
	struct host_block *next;
	size_t bytes;                   /* with this head */
	_Alignas(LINE) char memory[];
};

uint64_t arena_round(const struct sim *sim, uint64_t bytes)
{
	uint64_t unit = (uint64_t)sim_head_const(sim)->nodes << 21;

	return (bytes + unit - 1) / unit * unit;
}

/* What lies `at` so many bytes in each CPU's own area. */
static void percpu_label(struct sim *sim, uint64_t at, const struct layout *layout, size_t size,
			 const char *label)
{
	struct arena *arena = &sim_head(sim)->arena;

	for (unsigned i = 0; i < sim_cpus(sim); i++) {
		uint64_t start = arena_offset(arena, arena->percpu[i]) + at;

		label_add(arena, start, size, layout, size, label, false);
		arena->page_label[start / ARENA_PAGE]->first = i;
		arena->page_label[start / ARENA_PAGE]->indexed = true;
	}
}

void arena_setup(struct sim *sim, uint64_t bytes)
{
	arena_setup_at(sim, bytes, xmap(arena_round(sim, bytes)));
	sim_head(sim)->arena.lent = false;
}

void arena_setup_at(struct sim *sim, uint64_t bytes, char *base)
{
	struct sim_head *head = sim_head(sim);
	struct arena *arena = &head->arena;

	arena->bytes = arena_round(sim, bytes);
	arena->region_bytes = arena->bytes / head->nodes;
	arena->base = base;
	arena->lent = true;
	arena->page_label = xmap(arena->bytes / ARENA_PAGE * sizeof *arena->page_label);
	arena->region_used = xalloc(head->nodes * sizeof *arena->region_used);
	arena->region_used[0] = ARENA_PAGE;
	arena->percpu = xalloc(head->cpus * sizeof *arena->percpu);
	for (unsigned i = 0; i < head->cpus; i++)
		arena->percpu[i] =
			arena_alloc(sim, 1, PERCPU_BYTES + LOCK_QUEUE_BYTES, node_of_cpu(sim, i),
				    ARENA_PAGE, NULL, "per-CPU area");
	percpu_label(sim, PERCPU_BYTES, &qnodes_layout, LOCK_QUEUE_BYTES, "qnodes");
}

void arena_release(struct arena *arena)
{
	if (!arena->base)
		return;
	while (arena->label_block) {
		struct label_block *block = arena->label_block;

		arena->label_block = block->next;
		free(block);
	}
	while (arena->host_block) {
		struct host_block *block = arena->host_block;

		arena->host_block = block->next;
		xunmap(block, block->bytes);
	}
	xunmap(arena->alias, arena->bytes);
	xunmap(arena->page_label, arena->bytes / ARENA_PAGE * sizeof *arena->page_label);
	if (!arena->lent)
		xunmap(arena->base, arena->bytes);
	free(arena->region_used);
	free(arena->percpu);
	free(arena->range);
}

char *arena_alias(struct sim *sim)
{
	struct arena *arena = &sim_head(sim)->arena;

	if (arena->alias)
		return arena->alias;
	arena->alias = mmap(NULL, arena->bytes, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena->alias == MAP_FAILED)
		xalloc_failed(arena->bytes);
	return arena->alias;
}

void *host_new(struct sim *sim, size_t bytes)
{
	struct arena *arena = &sim_head(sim)->arena;
	struct host_block *block = xmap(sizeof *block + bytes);

	block->next = arena->host_block;
	block->bytes = sizeof *block + bytes;
	arena->host_block = block;
	return block->memory;
}

static _Noreturn void too_many_labels(void)
{
	fputs("bounce: too many labels of simulated memory\n", stderr);
	exit(1);
}

/* ---- labels --------------------------------------------------------------------------------- */

/*
 * Labels hang on the arena pages they cover. Those of what is large when it is made (page structs
 * and frames of gigabytes, of which little is ever looked at) are kept once, as ranges, below them:
 * sorted by their start, apart from each other, and older than any label of a page there.
 */
static const struct label *range_find(const struct arena *arena, uint64_t offset)
{
	size_t low = 0, high = arena->ranges;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (arena->range[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low && offset < arena->range[low - 1].end ? &arena->range[low - 1] : NULL;
}

static void range_add(struct arena *arena, const struct label *label)
{
	size_t at = arena->ranges++;

	arena->range = xrealloc(arena->range, arena->ranges * sizeof *arena->range);
	for (; at && arena->range[at - 1].start > label->start; at--)
		arena->range[at] = arena->range[at - 1];
	arena->range[at] = *label;
}

const struct label *label_find(const struct arena *arena, uint64_t offset, uint32_t serial)
{
	const struct label *l = arena->page_label[offset / ARENA_PAGE];

	while (l && (l->serial > serial || offset < l->start || offset >= l->end))
		l = l->next;
	return l ? l : range_find(arena, offset);
}

/* Labels of this page that the new one covers whole: a few are kept for copies fetched before. */
static void prune(struct arena *arena, struct label *newest, uint64_t page_start, uint64_t page_end)
{
	struct label **link = &newest->next;
	unsigned covered = 0;

	while (*link) {
		struct label *l = *link;
		uint64_t start = l->start > page_start ? l->start : page_start;
		uint64_t end = l->end < page_end ? l->end : page_end;

		if (start >= newest->start && end <= newest->end && ++covered >= LABELS_KEPT) {
			*link = l->next;
			l->next = arena->free_label;
			arena->free_label = l;
		} else {
			link = &l->next;
		}
	}
}

static struct label *label_new(struct arena *arena)
{
	struct label *l = arena->free_label;
	struct label_block *block = arena->label_block;

	if (l) {
		arena->free_label = l->next;
		return l;
	}
	if (!block || block->used == BLOCK_LABELS) {
		block = xalloc(sizeof *block);
		block->next = arena->label_block;
		arena->label_block = block;
	}
	return &block->label[block->used++];
}

/* The newest label here that counts instances of that size: the new one goes on counting. */
static const struct label *label_counting(const struct arena *arena, uint64_t offset,
					  uint64_t stride)
{
	const struct label *l = arena->page_label[offset / ARENA_PAGE];

	while (l && (l->stride != stride || offset < l->start || offset >= l->end ||
		     (offset - l->start) % stride))
		l = l->next;
	if (l)
		return l;
	l = range_find(arena, offset);
	return l && l->stride == stride && (offset - l->start) % stride == 0 ? l : NULL;
}

/* Of memory that had no label yet, if it is `fresh`. */
void label_add(struct arena *arena, uint64_t start, uint64_t bytes, const struct layout *layout,
	       uint64_t stride, const char *name, bool fresh)
{
	struct label like = {
		.name = name,
		.layout = layout,
		.start = start,
		.end = start + bytes,
		.serial = ++arena->label_serial,
		.stride = stride                   ? stride
			  : layout && layout->size ? layout->size
						   : bytes,
	};
	const struct label *under = label_counting(arena, start, like.stride);

	if (!like.serial)
		too_many_labels();
	if (under)
		like.first = under->first + (start - under->start) / like.stride;
	like.indexed = bytes > like.stride || (under && under->indexed);
	if (fresh && bytes >= RANGE_BYTES) {
		range_add(arena, &like);
		return;
	}
	for (uint64_t page = start / ARENA_PAGE; page * ARENA_PAGE < like.end; page++) {
		struct label *l = label_new(arena);

		*l = like;
		l->next = arena->page_label[page];
		arena->page_label[page] = l;
		prune(arena, l, page * ARENA_PAGE, (page + 1) * ARENA_PAGE);
	}
}

void relabel_setup(struct sim *sim, const void *p, size_t bytes, const struct layout *layout,
		   size_t stride, const char *label)
{
	struct arena *arena = &sim_head(sim)->arena;

	label_add(arena, arena_offset(arena, p), bytes, layout, stride, label, false);
}

const struct field *layout_field(const struct layout *layout, size_t offset)
{
	if (layout && layout->fields)
		for (const struct field *f = layout->fields; f->name; f++)
			if (offset >= f->offset && offset < f->offset + f->size)
				return f;
	return NULL;
}

void label_describe(const struct arena *arena, uint64_t offset, uint32_t serial, char *name,
		    size_t size, char *member, size_t member_size)
{
	const struct label *l = label_find(arena, offset, serial);
	uint64_t at, instance;
	const struct field *f;

	member[0] = '\0';
	if (!l) {
		snprintf(name, size, "unlabelled");
		return;
	}
	at = (offset - l->start) % l->stride;
	instance = l->first + (offset - l->start) / l->stride;
	if (l->indexed)
		snprintf(name, size, "%s[%llu]", l->name, (unsigned long long)instance);
	else
		snprintf(name, size, "%s", l->name);
	f = layout_field(l->layout, at);
	if (f)
		snprintf(member, member_size, "%s", f->name);
}

/* ---- allocation ----------------------------------------------------------------------------- */

static uint64_t region_room(const struct sim_head *head, unsigned node)
{
	const struct arena *arena = &head->arena;

	return arena->region_bytes - (node == head->nodes - 1 ? arena->unseen_bytes : 0);
}

/* From the end of the arena. */
void *unseen_new(struct sim *sim, size_t bytes)
{
	const struct sim_head *head = sim_head(sim);
	struct arena *arena = &sim_head(sim)->arena;
	unsigned last = head->nodes - 1;

	bytes = (bytes + LINE - 1) / LINE * LINE;
	if (arena->region_used[last] + bytes > region_room(head, last))
		sim_out_of_memory(sim);
	arena->unseen_bytes += bytes;
	return arena->base + arena->bytes - arena->unseen_bytes;
}

void *arena_alloc(struct sim *sim, size_t size, size_t count, unsigned node, size_t align,
		  const struct layout *layout, const char *label)
{
	const struct sim_head *head = sim_head(sim);
	struct arena *arena = &sim_head(sim)->arena;
	uint64_t start;

	if (node >= head->nodes)
		node = head->nodes - 1;
	if (align < 16)
		align = 16;
	start = (arena->region_used[node] + align - 1) / align * align;
	if (start + size * count > region_room(head, node))
		sim_out_of_memory(sim);
	arena->region_used[node] = start + size * count;
	start += node * arena->region_bytes;
	if (size && count)
		label_add(arena, start, size * count, layout, size, label, true);
	return arena->base + start;
}

void *percpu_lock_queue(const struct sim *sim, unsigned id)
{
	return sim_head_const(sim)->arena.percpu[id] + PERCPU_BYTES;
}

void lock_queues_of_workload(struct sim *sim)
{
	percpu_label(sim, PERCPU_BYTES, &workload_qnodes_layout, LOCK_QUEUE_BYTES, "qnodes");
}

void *percpu_alloc(struct sim *sim, size_t size, size_t align, const struct layout *layout,
		   const char *label)
{
	struct arena *arena = &sim_head(sim)->arena;

	if (align < 16)
		align = 16;
	arena->percpu_used = (arena->percpu_used + align - 1) / align * align;
	if (arena->percpu_used + size > PERCPU_BYTES)
		sim_out_of_memory(sim);
	percpu_label(sim, arena->percpu_used, layout, size, label);
	arena->percpu_used += size;
	return arena->percpu[0] + arena->percpu_used - size;
}

void *percpu_address(const struct sim *sim, const void *p, unsigned id)
{
	const struct arena *arena = &sim_head_const(sim)->arena;

	return arena->percpu[id] + ((const char *)p - arena->percpu[0]);
}
