/* The arena: simulated memory at real addresses, and labels; see arena.h. */
#include "sim/verbs/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/verbs/head.h"
#include "sim/verbs/xalloc.h"

enum { LABELS_KEPT = 4 };
static const uint64_t PERCPU_BYTES = 1 << 16;

void arena_setup(struct sim *sim, uint64_t bytes)
{
	struct sim_head *head = sim_head(sim);
	struct arena *arena = &head->arena;
	uint64_t unit = (uint64_t)head->nodes << 21;

	arena->bytes = (bytes + unit - 1) / unit * unit;
	arena->region_bytes = arena->bytes / head->nodes;
	arena->base = xmap(arena->bytes);
	arena->page_label = xmap(arena->bytes / ARENA_PAGE * sizeof *arena->page_label);
	arena->region_used = xalloc(head->nodes * sizeof *arena->region_used);
	arena->region_used[0] = ARENA_PAGE;
	arena->percpu = xalloc(head->cpus * sizeof *arena->percpu);
	for (unsigned i = 0; i < head->cpus; i++)
		arena->percpu[i] = arena_alloc(sim, 1, PERCPU_BYTES, node_of_cpu(sim, i),
					       ARENA_PAGE, NULL, "per-CPU area");
}

void arena_release(struct arena *arena)
{
	if (!arena->base)
		return;
	for (uint64_t page = 0; page < arena->bytes / ARENA_PAGE; page++)
		for (struct label *l = arena->page_label[page], *next; l; l = next) {
			next = l->next;
			free(l);
		}
	xunmap(arena->page_label, arena->bytes / ARENA_PAGE * sizeof *arena->page_label);
	xunmap(arena->base, arena->bytes);
	free(arena->region_used);
	free(arena->percpu);
}

/* ---- labels --------------------------------------------------------------------------------- */

const struct label *label_find(const struct arena *arena, uint64_t offset, uint32_t serial)
{
	const struct label *l = arena->page_label[offset / ARENA_PAGE];

	while (l && (l->serial > serial || offset < l->start || offset >= l->end))
		l = l->next;
	return l;
}

/* Labels of this page that the new one covers whole: a few are kept for copies fetched before. */
static void prune(struct label *newest, uint64_t page_start, uint64_t page_end)
{
	struct label **link = &newest->next;
	unsigned covered = 0;

	while (*link) {
		struct label *l = *link;
		uint64_t start = l->start > page_start ? l->start : page_start;
		uint64_t end = l->end < page_end ? l->end : page_end;

		if (start >= newest->start && end <= newest->end && ++covered >= LABELS_KEPT) {
			*link = l->next;
			free(l);
		} else {
			link = &l->next;
		}
	}
}

/* The newest label here that counts instances of that size: the new one goes on counting. */
static const struct label *label_counting(const struct arena *arena, uint64_t offset, uint64_t stride)
{
	const struct label *l = arena->page_label[offset / ARENA_PAGE];

	while (l && (l->stride != stride || offset < l->start || offset >= l->end ||
		     (offset - l->start) % stride))
		l = l->next;
	return l;
}

void label_add(struct arena *arena, uint64_t start, uint64_t bytes, const struct layout *layout,
	       uint64_t stride, const char *name)
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

	if (under)
		like.first = under->first + (start - under->start) / like.stride;
	like.indexed = bytes > like.stride || (under && under->indexed);
	for (uint64_t page = start / ARENA_PAGE; page * ARENA_PAGE < like.end; page++) {
		struct label *l = xalloc(sizeof *l);

		*l = like;
		l->next = arena->page_label[page];
		arena->page_label[page] = l;
		prune(l, page * ARENA_PAGE, (page + 1) * ARENA_PAGE);
	}
}

void relabel_setup(struct sim *sim, const void *p, size_t bytes, const struct layout *layout,
		   size_t stride, const char *label)
{
	struct arena *arena = &sim_head(sim)->arena;

	label_add(arena, arena_offset(arena, p), bytes, layout, stride, label);
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
	if (start + size * count > arena->region_bytes)
		sim_out_of_memory(sim);
	arena->region_used[node] = start + size * count;
	start += node * arena->region_bytes;
	if (size && count)
		label_add(arena, start, size * count, layout, size, label);
	return arena->base + start;
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
	for (unsigned i = 0; i < sim_cpus(sim); i++) {
		uint64_t start = arena_offset(arena, arena->percpu[i]) + arena->percpu_used;

		label_add(arena, start, size, layout, size, label);
		arena->page_label[start / ARENA_PAGE]->first = i;
		arena->page_label[start / ARENA_PAGE]->indexed = true;
	}
	arena->percpu_used += size;
	return arena->percpu[0] + arena->percpu_used - size;
}

void *percpu_address(const struct sim *sim, const void *p, unsigned id)
{
	const struct arena *arena = &sim_head_const(sim)->arena;

	return arena->percpu[id] + ((const char *)p - arena->percpu[0]);
}
