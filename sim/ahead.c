/*
 * Lines that come before an access asks for them.
 *
 *	pair            who misses a line also asks for the other line of its 128 bytes
 *	next line       a load that misses, or is first to use what came so, asks for the line
 *	                after it if the last such load was of the line before it; not beyond the
 *	                page of 4 KiB
 *	load_ahead      the first `load_window` of the lines that the program has announced
 *
 * These requests are a CPU's, and none of its accesses: what they find modified counts at a site of
 * their own (load_ahead: that of the announcement); the access that comes later is a hit or waits
 * for the rest. Miss classes are of accesses: such a copy has none. Nobody waits for the line, so
 * it is given up at once when it is probed (copies.c, finish). While one is under way its CPU
 * neither runs ahead nor parks.
 */
#include "sim/ahead.h"
#include "sim/buffer.h"
#include "sim/coherence.h"

#include <string.h>

enum { PAGE_LINES_SHIFT = 6 };          /* 4 KiB */

static const struct site prefetcher = { "(prefetcher)", 0, "(prefetcher)", "(prefetcher)" };

/* False: not now. True also where the line is here, or nobody can have it. */
static bool ask(struct cpu *cpu, const struct announced *a, uint64_t time)
{
	struct sim *sim = cpu->sim;
	struct txn *t;

	if (a->line == NO_LINE || a->line >= sim->head.arena.bytes >> LINE_SHIFT ||
	    node_copy(cpu->node, a->line) || txn_pending(cpu->node, a->line))
		return true;
	if (!buffer_room_to_ask(cpu, GET_SHARED))
		return false;
	t = coherence_request(sim, cpu->node, a->line, GET_SHARED, ACCESS_LOAD, time);
	t->prefetch = true;
	t->unasked = true;
	t->origin = (struct origin){ .site = a->site,
				     .context = a->context,
				     .cpu = (uint16_t)cpu->node->id,
				     .offset = a->offset,
				     .size = 1 };
	cpu_end_run_ahead(cpu);
	return true;
}

static void ask_prefetcher(struct cpu *cpu, uint64_t line, uint64_t time)
{
	ask(cpu, &(struct announced){ .line = line, .site = &prefetcher }, time);
}

/* The next line, where loads go upwards. */
static void stream(struct cpu *cpu, uint64_t line, uint64_t time)
{
	bool upwards = line == cpu->stream_line + 1;

	cpu->stream_line = line;
	if (upwards && (line + 1) >> PAGE_LINES_SHIFT == line >> PAGE_LINES_SHIFT)
		ask_prefetcher(cpu, line + 1, time);
}

void ahead_missed(struct cpu *cpu, uint64_t line, bool load, uint64_t time)
{
	const struct timing *t = &cpu->sim->t;

	if (t->pair)
		ask_prefetcher(cpu, line ^ 1, time);
	if (t->next_line && load)
		stream(cpu, line, time);
}

/* ---- announced lines ------------------------------------------------------------------------ */

static void ask_announced(struct cpu *cpu)
{
	struct ahead *ahead = cpu->ahead;
	unsigned window = cpu->sim->t.load_window;

	while (ahead->asked < ahead->count && ahead->asked < window &&
	       ask(cpu, &ahead->entry[ahead->asked], cpu->clock))
		ahead->asked++;
}

/* Loads have come to this line, if it is one of the window: those before it were passed over. */
static void come_to(struct cpu *cpu, uint64_t line)
{
	struct ahead *ahead = cpu->ahead;

	for (unsigned i = 0; i < ahead->asked; i++)
		if (ahead->entry[i].line == line) {
			ahead->count -= i + 1;
			ahead->asked -= i + 1;
			memmove(ahead->entry, ahead->entry + i + 1,
				ahead->count * sizeof *ahead->entry);
			break;
		}
	ask_announced(cpu);
}

void ahead_used(struct cpu *cpu, const struct slot *copy, const struct want *want)
{
	if (cpu->sim->t.next_line && copy->prefetched && want->read && !want->write)
		stream(cpu, copy->line, cpu->clock);
	if (cpu->ahead && cpu->ahead->count)
		come_to(cpu, copy->line);
}

void ahead_forget(struct cpu *cpu)
{
	if (cpu->ahead)
		cpu->ahead->count = cpu->ahead->asked = 0;
}

void verb_load_ahead(struct cpu *cpu, const void *p, const struct site *site)
{
	struct ahead *ahead = cpu->ahead;
	uint64_t offset = (uint64_t)((const char *)p - cpu->sim->head.arena.base);

	if (!ahead || ahead->count == AHEAD_LINES || offset >= cpu->sim->head.arena.bytes ||
	    (ahead->count && ahead->entry[ahead->count - 1].line == offset >> LINE_SHIFT))
		return;
	sync_access(cpu);
	ahead->entry[ahead->count++] = (struct announced){ offset >> LINE_SHIFT, site, cpu->context,
							   (uint8_t)(offset % LINE) };
	ask_announced(cpu);
}
