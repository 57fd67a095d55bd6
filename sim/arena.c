/* The arena: simulated memory at real addresses, and labels that say what lies where. */
#include "sim/arena.h"
#include "sim/cpu.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_PAGE = 4096, LABELS_KEPT = 4 };
static const uint64_t PERCPU_BYTES = 1 << 16, RANGE_BYTES = 1 << 20;

void arena_init(struct sim *sim, uint64_t bytes)
{
	uint64_t unit = (uint64_t)sim->nodes << 21;

	sim->arena_bytes = (bytes + unit - 1) / unit * unit;
	sim->region_bytes = sim->arena_bytes / sim->nodes;
	sim->arena = xmap(sim->arena_bytes);
	sim->line = xmap((sim->arena_bytes >> LINE_SHIFT) * sizeof *sim->line);
	sim->page_label = xmap(sim->arena_bytes / ARENA_PAGE * sizeof *sim->page_label);
	sim->region_used = xalloc(sim->nodes * sizeof *sim->region_used);
	sim->region_used[0] = ARENA_PAGE;       /* line 0 is NO_LINE */
	sim->percpu = xalloc(sim->cpus * sizeof *sim->percpu);
	for (unsigned i = 0; i < sim->cpus; i++)
		sim->percpu[i] = arena_alloc(sim, 1, PERCPU_BYTES, cpu_node(&sim->cpu[i]),
					     ARENA_PAGE, NULL, "per-CPU area");
}

void arena_free(struct sim *sim)
{
	xunmap(sim->line, (sim->arena_bytes >> LINE_SHIFT) * sizeof *sim->line);
	xunmap(sim->page_label, sim->arena_bytes / ARENA_PAGE * sizeof *sim->page_label);
	xunmap(sim->arena, sim->arena_bytes);
	free(sim->region_used);
	free(sim->percpu);
	free(sim->range);
}

uint64_t sim_offset(const struct sim *sim, const void *address)
{
	return (uint64_t)((const char *)address - sim->arena);
}

/* ---- labels --------------------------------------------------------------------------------- */

/*
 * Labels hang on the arena pages they cover. Those of what is large when it is made (page structs
 * and frames of gigabytes, of which little is ever looked at) are kept once, as ranges, below them:
 * sorted by their start, apart from each other, and older than any label of a page there.
 */
static const struct label *range_find(const struct sim *sim, uint64_t offset)
{
	size_t low = 0, high = sim->ranges;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (sim->range[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low && offset < sim->range[low - 1].end ? &sim->range[low - 1] : NULL;
}

static void range_add(struct sim *sim, const struct label *label)
{
	size_t at = sim->ranges++;

	sim->range = xrealloc(sim->range, sim->ranges * sizeof *sim->range);
	for (; at && sim->range[at - 1].start > label->start; at--)
		sim->range[at] = sim->range[at - 1];
	sim->range[at] = *label;
}

const struct label *label_find(const struct sim *sim, uint64_t offset, uint32_t serial)
{
	const struct label *l = sim->page_label[offset / ARENA_PAGE];

	while (l && (l->serial > serial || offset < l->start || offset >= l->end))
		l = l->next;
	return l ? l : range_find(sim, offset);
}

/* Labels of this page that the new one covers whole: a few are kept for copies fetched before. */
static void prune(struct sim *sim, struct label *newest, uint64_t page_start, uint64_t page_end)
{
	struct label **link = &newest->next;
	unsigned covered = 0;

	while (*link) {
		struct label *l = *link;
		uint64_t start = l->start > page_start ? l->start : page_start;
		uint64_t end = l->end < page_end ? l->end : page_end;

		if (start >= newest->start && end <= newest->end && ++covered >= LABELS_KEPT) {
			*link = l->next;
			l->next = sim->free_label;
			sim->free_label = l;
		} else {
			link = &l->next;
		}
	}
}

static struct label *label_new(struct sim *sim)
{
	struct label *l = sim->free_label;

	if (!l)
		return sim_keep(sim, sizeof *l);
	sim->free_label = l->next;
	return l;
}

/* The newest label here that counts instances of that size: the new one goes on counting. */
static const struct label *label_counting(const struct sim *sim, uint64_t offset, uint64_t stride)
{
	const struct label *l = sim->page_label[offset / ARENA_PAGE];

	while (l && (l->stride != stride || offset < l->start || offset >= l->end ||
		     (offset - l->start) % stride))
		l = l->next;
	if (l)
		return l;
	l = range_find(sim, offset);
	return l && l->stride == stride && (offset - l->start) % stride == 0 ? l : NULL;
}

/* Of memory that had no label yet, if it is `fresh`. */
static void label_add(struct sim *sim, uint64_t start, uint64_t bytes, const struct layout *layout,
		      uint64_t stride, const char *name, bool fresh)
{
	struct label like = {
		.name = name,
		.layout = layout,
		.start = start,
		.end = start + bytes,
		.serial = ++sim->label_serial,
		.stride = stride                   ? stride
			  : layout && layout->size ? layout->size
						   : bytes,
	};
	const struct label *under = label_counting(sim, start, like.stride);

	if (!like.serial)
		BUG(&sim->cpu[0], "too many labels");
	if (under)
		like.first = under->first + (start - under->start) / like.stride;
	like.indexed = bytes > like.stride || (under && under->indexed);
	if (fresh && bytes >= RANGE_BYTES) {
		range_add(sim, &like);
		return;
	}
	for (uint64_t page = start / ARENA_PAGE; page * ARENA_PAGE < like.end; page++) {
		struct label *l = label_new(sim);

		*l = like;
		l->next = sim->page_label[page];
		sim->page_label[page] = l;
		prune(sim, l, page * ARENA_PAGE, (page + 1) * ARENA_PAGE);
	}
}

void relabel_setup(struct sim *sim, const void *p, size_t bytes, const struct layout *layout,
		   size_t stride, const char *label)
{
	label_add(sim, sim_offset(sim, p), bytes, layout, stride, label, false);
}

/* Takes effect at this CPU's time; a copy that another CPU fetched before keeps its old label. */
void relabel(struct cpu *cpu, const void *p, size_t bytes, const struct layout *layout,
	     size_t stride, const char *label)
{
	struct sim *sim = cpu->sim;
	uint64_t start = sim_offset(sim, p), first = start >> LINE_SHIFT,
		 last = (start + bytes - 1) >> LINE_SHIFT;

	cpu_sync(cpu);
	label_add(sim, start, bytes, layout, stride, label, false);
	for (uint64_t line = first; line <= last; line++) {
		struct slot *slot = node_copy(cpu->node, line);

		if (slot)
			slot->label_serial = sim->label_serial;
	}
	pass(cpu, 1, CAUSE_COMPUTE); /* an end of operation comes after it, not with it */
}

const struct field *layout_field(const struct layout *layout, size_t offset)
{
	if (layout && layout->fields)
		for (const struct field *f = layout->fields; f->name; f++)
			if (offset >= f->offset && offset < f->offset + f->size)
				return f;
	return NULL;
}

void label_describe(const struct sim *sim, uint64_t offset, uint32_t serial, char *name,
		    size_t size, char *member, size_t member_size)
{
	const struct label *l = label_find(sim, offset, serial);
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

const char *sim_describe(const struct sim *sim, const void *address, char *buf, size_t size)
{
	char name[80], member[48];

	label_describe(sim, sim_offset(sim, address), sim->label_serial, name, sizeof name, member,
		       sizeof member);
	snprintf(buf, size, "%s%s%s", name, member[0] ? "." : "", member);
	return buf;
}

/* ---- allocation ----------------------------------------------------------------------------- */

static uint64_t region_room(const struct sim *sim, unsigned node)
{
	return sim->region_bytes - (node == sim->nodes - 1 ? sim->unseen_bytes : 0);
}

/* From the end of the arena. */
void *unseen_new(struct sim *sim, size_t bytes)
{
	unsigned last = sim->nodes - 1;

	bytes = (bytes + LINE - 1) / LINE * LINE;
	if (sim->region_used[last] + bytes > region_room(sim, last))
		sim_out_of_memory(sim);
	sim->unseen_bytes += bytes;
	return sim->arena + sim->arena_bytes - sim->unseen_bytes;
}

void *arena_alloc(struct sim *sim, size_t size, size_t count, unsigned node, size_t align,
		  const struct layout *layout, const char *label)
{
	uint64_t start;

	if (node >= sim->nodes)
		node = sim->nodes - 1;
	if (align < 16)
		align = 16;
	start = (sim->region_used[node] + align - 1) / align * align;
	if (start + size * count > region_room(sim, node))
		sim_out_of_memory(sim);
	sim->region_used[node] = start + size * count;
	start += node * sim->region_bytes;
	if (size && count)
		label_add(sim, start, size * count, layout, size, label, true);
	return sim->arena + start;
}

void *percpu_alloc(struct sim *sim, size_t size, size_t align, const struct layout *layout,
		   const char *label)
{
	if (align < 16)
		align = 16;
	sim->percpu_used = (sim->percpu_used + align - 1) / align * align;
	if (sim->percpu_used + size > PERCPU_BYTES)
		sim_out_of_memory(sim);
	for (unsigned i = 0; i < sim->cpus; i++) {
		uint64_t start = sim_offset(sim, sim->percpu[i]) + sim->percpu_used;

		label_add(sim, start, size, layout, size, label, false);
		sim->page_label[start / ARENA_PAGE]->first = i;
		sim->page_label[start / ARENA_PAGE]->indexed = true;
	}
	sim->percpu_used += size;
	return sim->percpu[0] + sim->percpu_used - size;
}

void *percpu_address(const struct sim *sim, const void *p, unsigned id)
{
	return sim->percpu[id] + ((const char *)p - sim->percpu[0]);
}
