/* What the timed backend adds to the arena: its lines, and labels as of a CPU's time. */
#include "sim/arena.h"
#include "sim/cpu.h"

#include <stdlib.h>
#include <string.h>

void arena_init(struct sim *sim, uint64_t bytes)
{
	arena_setup(sim, bytes);
	sim->line = xmap((sim->head.arena.bytes >> LINE_SHIFT) * sizeof *sim->line);
	sim->version = xmap((sim->head.arena.bytes >> LINE_SHIFT) * sizeof *sim->version);
}

void arena_free(struct sim *sim)
{
	xunmap(sim->line, (sim->head.arena.bytes >> LINE_SHIFT) * sizeof *sim->line);
	xunmap(sim->version, (sim->head.arena.bytes >> LINE_SHIFT) * sizeof *sim->version);
	arena_release(&sim->head.arena);
}

uint64_t sim_offset(const struct sim *sim, const void *address)
{
	return arena_offset(&sim->head.arena, address);
}

/* Takes effect at this CPU's time; a copy that another CPU fetched before keeps its old label. */
void relabel(struct cpu *cpu, const void *p, size_t bytes, const struct layout *layout,
	     size_t stride, const char *label)
{
	struct sim *sim = cpu->sim;
	uint64_t start = sim_offset(sim, p), first = start >> LINE_SHIFT,
		 last = (start + bytes - 1) >> LINE_SHIFT;

	cpu_sync(cpu);
	label_add(&sim->head.arena, start, bytes, layout, stride, label, false);
	for (uint64_t line = first; line <= last; line++) {
		struct slot *slot = node_copy(cpu->node, line);

		if (slot)
			slot->label_serial = sim->head.arena.label_serial;
	}
	pass(cpu, 1, CAUSE_COMPUTE); /* an end of operation comes after it, not with it */
}

const char *sim_describe(const struct sim *sim, const void *address, char *buf, size_t size)
{
	char name[80], member[48];

	label_describe(&sim->head.arena, sim_offset(sim, address), sim->head.arena.label_serial,
		       name, sizeof name, member, sizeof member);
	snprintf(buf, size, "%s%s%s", name, member[0] ? "." : "", member);
	return buf;
}
