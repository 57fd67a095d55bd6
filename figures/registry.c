/*
 * The figures: what each measures, the sentence that its numbers say, and their list.
 *
 * A new figure of bars is one `struct bars` and a line in the registry; any other figure is a
 * function, a script in plots/ and a line.
 */
#include <math.h>

#include "experiment/measures.h"
#include "figures/bars.h"
#include "figures/curves.h"
#include "figures/figures.h"
#include "figures/tops.h"

enum { UNITS = 64 };

/* ---- what is measured --------------------------------------------------------------------- */

static double bounces_part(const struct point *point, unsigned part, const struct stack *stack)
{
	(void)stack;
	return measure_per_operation(point->result, (double)point->result->total.bounces[part]);
}

/* A workload without an allocator: mean of one of its turns. */
static double turns_part(const struct point *point, unsigned part, const struct stack *stack)
{
	(void)part;
	(void)stack;
	return measure_turn_cycles(point);
}

static double causes_part(const struct point *point, unsigned part, const struct stack *stack)
{
	(void)stack;
	return measure_per_operation(point->result,
				     (double)point->result->total.cause_units[part] / UNITS);
}

static double all_cycles(const struct point *point)
{
	uint64_t all = 0;

	for (int i = 0; i < CAUSES; i++)
		all += point->result->total.cause_units[i];
	return (double)all;
}

static double shares_part(const struct point *point, unsigned part, const struct stack *stack)
{
	double all = all_cycles(point);

	(void)stack;
	return all > 0 ? 100.0 * (double)point->result->total.cause_units[part] / all : NAN;
}

/* Waiting until another CPU's line has come or its copies are gone: per cent of all cycles, as the
 * parts of the bars say it. */
static double moving_share(const struct point *point, const void *argument)
{
	const uint64_t *units = point->result->total.cause_units;
	uint64_t moving = units[CAUSE_BUSY] + units[CAUSE_TRANSFER_SAME] +
			  units[CAUSE_TRANSFER_CROSS] + units[CAUSE_UPGRADE];
	double all = all_cycles(point);

	(void)argument;
	return all > 0 ? 100.0 * (double)moving / all : NAN;
}

/* Why the line of an access that missed was not there. */
static double misses_part(const struct point *point, unsigned part, const struct stack *stack)
{
	const struct counts *counts = &point->result->total;
	uint64_t of[] = { counts->misses_false_sharing, counts->misses_true_sharing, counts->misses_cold,
			  counts->misses_capacity };

	(void)stack;
	return measure_per_operation(point->result, (double)of[part]);
}

/* Pages, and what was made at the start, for each byte that users held: at most, of both. */
static double memory_part(const struct point *point, unsigned part, const struct stack *stack)
{
	const struct result *result = point->result;
	uint64_t bytes = part ? point->metadata_bytes : result->footprint_bytes_peak;

	(void)stack;
	return result->live_bytes_peak ? (double)bytes / (double)result->live_bytes_peak : NAN;
}

static double half_part(const struct point *point, unsigned part, const struct stack *stack)
{
	(void)stack;
	return measure_half_cycles(point, part);
}

/* ---- kinds of bars -------------------------------------------------------------------------- */

/* clang-format off */
static const struct bars bounces_of_turns = {
	.ylabel = "bounces per turn", .plotted = "Bounces per turn of the workload, by whose line it is",
	.parts = LINE_CLASSES, .value = bounces_part, .claimed_parts = LINE_CLASSES,
	.part = { "allocator's lines", "workload's", "payload" },
	.column = { "allocator", "workload", "payload" },
	.wording = {
		.less  = "{few} bounces its lines {amount} less often than {many}",
		.never = "{few} never bounces a line, {many} does {manytimes} per turn",
		.equal = "{few} and {many} bounce their lines equally often{spread}",
		.some  = "{few} bounces its lines less often than {many} in {count} of {all} settings{reverse}",
		.more  = "more often",
		.alone = "{few} bounces its lines {fewtimes} per turn",
	},
};

static const struct bars cycles_of_turns = {
	.ylabel = "cycles per turn", .plotted = "Mean cycles of a turn of the workload",
	.parts = 1, .value = turns_part, .claimed_parts = 1, .part = { "turn" }, .column = { "turn" },
	.wording = {
		.less  = "{few} needs {amount} fewer cycles than {many} for a turn",
		.never = "{few} needs no cycles for a turn, {many} {manys}",
		.equal = "{few} and {many} need as many cycles for a turn{spread}",
		.some  = "{few} needs fewer cycles than {many} for a turn in {count} of {all} settings{reverse}",
		.more  = "more",
		.alone = "{few} needs {fews} cycles for a turn",
	},
};

static const struct bars bounces_bars = {
	.ylabel = "bounces per operation", .plotted = "Bounces per operation, by whose line it is",
	.parts = LINE_CLASSES, .value = bounces_part, .claimed_parts = 1,
	.part = { "allocator's lines", "workload's", "payload" },
	.column = { "allocator", "workload", "payload" },
	.wording = {
		.less  = "{few} bounces the allocator's lines {amount} less often than {many}",
		.never = "{few} never bounces the allocator's lines, {many} does {manytimes} per operation",
		.equal = "{few} and {many} bounce the allocator's lines equally often{spread}",
		.some  = "{few} bounces the allocator's lines less often than {many} in {count} of {all} settings{reverse}",
		.more  = "more often",
		.alone = "{few} bounces the allocator's lines {fewtimes} per operation",
	},
	.turns = &bounces_of_turns,
};

static const struct bars cycles_bars = {
	.ylabel = "cycles, alloc and free", .plotted = "Mean cycles of an allocation and of a free",
	.parts = 2, .value = half_part, .claimed_parts = 2,
	.part = { "alloc", "free" }, .column = { "alloc", "free" },
	.wording = {
		.less  = "{few} needs {amount} fewer cycles than {many} for an allocation and its free",
		.never = "{few} needs no cycles for an allocation and its free, {many} {manys}",
		.equal = "{few} and {many} need as many cycles for an allocation and its free{spread}",
		.some  = "{few} needs fewer cycles than {many} for an allocation and its free in {count} of {all} settings{reverse}",
		.more  = "more",
		.alone = "{few} needs {fews} cycles for an allocation and its free",
	},
	.turns = &cycles_of_turns,
};

#define NAMES_OF_CAUSES \
	.parts = CAUSES, .part = { \
		"interrupts", "lock spin", "busy line or home", "transfer, same socket", "transfer, cross socket", \
		"upgrade", "shared level", "memory", "store buffer, fences", "LOCK operations", "private hits", \
		"compute", "idle" }
#define WORDING_OF_CAUSES { \
	.less  = "Waiting for lines of other CPUs takes {manys} of {many}'s cycles and {fews} of {few}'s", \
	.never = "Waiting for lines of other CPUs takes {manys} of {many}'s cycles and none of {few}'s", \
	.equal = "Waiting for lines of other CPUs takes {manys} of {many}'s cycles and {fews} of {few}'s", \
	.some  = "Waiting for lines of other CPUs takes {manys} of {many}'s cycles and {fews} of {few}'s", \
	.alone = "Waiting for lines of other CPUs takes {fews} of {few}'s cycles", \
	.unit  = " %" }

static const struct bars causes_of_turns = {
	.ylabel = "cycles of all CPUs per turn", .plotted = "Cycles of all CPUs per turn of the workload, by cause",
	.value = causes_part, .claimed = moving_share, .by_part = true, .percent = true,
	NAMES_OF_CAUSES, .wording = WORDING_OF_CAUSES,
};

static const struct bars causes_bars = {
	.ylabel = "cycles of all CPUs per operation", .plotted = "Cycles of all CPUs per operation, by cause",
	.value = causes_part, .claimed = moving_share, .by_part = true, .percent = true,
	NAMES_OF_CAUSES, .wording = WORDING_OF_CAUSES, .turns = &causes_of_turns,
};

static const struct bars shares_bars = {
	.ylabel = "per cent of the cycles of all CPUs", .plotted = "Cycles of all CPUs by cause, in per cent",
	.value = shares_part, .claimed = moving_share, .by_part = true, .percent = true, .shares = true,
	NAMES_OF_CAUSES, .wording = WORDING_OF_CAUSES,
};

#define MISSES_BY_CLASS(of) \
	.parts = 4, .value = misses_part, .claimed_parts = 1, .by_part = true, \
	.part = { "false sharing", "true sharing", "first access", "evicted" }, \
	.column = { "false_sharing", "true_sharing", "cold", "capacity" }, \
	.wording = { \
		.less  = "{few} misses by false sharing {amount} less often than {many}", \
		.never = "{few} never misses by false sharing, {many} does {manytimes} per " of, \
		.equal = "{few} and {many} miss by false sharing equally often{spread}", \
		.some  = "{few} misses by false sharing less often than {many} in {count} of {all} settings{reverse}", \
		.more  = "more often", \
		.alone = "{few} misses by false sharing {fewtimes} per " of, \
	}

static const struct bars misses_of_turns = {
	.ylabel = "misses per turn", .plotted = "Misses per turn of the workload, by why the line was not there",
	MISSES_BY_CLASS("turn"),
};

static const struct bars misses_bars = {
	.ylabel = "misses per operation", .plotted = "Misses per operation, by why the line was not there",
	MISSES_BY_CLASS("operation"), .turns = &misses_of_turns,
};

static const struct bars memory_bars = {
	.ylabel = "bytes per byte in use", .plotted = "Most bytes in pages, and in structs made at the start, per byte in use at most",
	.parts = 2, .value = memory_part, .claimed_parts = 2,
	.part = { "pages", "metadata" }, .column = { "pages", "metadata" },
	.wording = {
		.less  = "{few} takes {amount} less memory than {many}",
		.never = "{few} takes no memory, {many} {manys} bytes per byte in use",
		.equal = "{few} and {many} take as much memory{spread}",
		.some  = "{few} takes less memory than {many} in {count} of {all} settings{reverse}",
		.more  = "more",
		.alone = "{few} takes {fews} bytes per byte in use",
	},
	.none = "nobody holds memory of an allocator",
};

#define WORDING_OF_TOPS(of) { \
	.less  = "{few} bounces {part} {amount} less often than {many}", \
	.never = "{few} never bounces {part}, {many} does {manytimes} per " of, \
	.equal = "{few} and {many} bounce {part} equally often{spread}", \
	.some  = "{few} bounces {part} less often than {many} in {count} of {all} settings{reverse}", \
	.more  = "more often", \
	.alone = "{few} bounces {part} {fewtimes} per " of }

static const struct bars members_bars = {
	.ylabel = "bounces per operation", .plotted = "Bounces per operation, by the member that was accessed",
	.find = members_find, .value = members_part, .claimed_parts = 1, .by_part = true,
	.none = "no member of the allocator bounces", .wording = WORDING_OF_TOPS("operation"),
};

static const struct bars structs_bars = {
	.ylabel = "bounces per operation", .plotted = "Bounces per operation, by the struct that was accessed",
	.find = structs_find, .value = structs_part, .claimed_parts = 1, .by_part = true,
	.none = "no struct of the allocator bounces", .wording = WORDING_OF_TOPS("operation"),
};

static const struct bars sources_of_turns = {
	.ylabel = "bounces per turn", .plotted = "Bounces per turn of the workload, by the line of source that fetched the cache line",
	.find = sources_find, .value = sources_part, .claimed_parts = 1, .by_part = true,
	.none = "no line bounces", .wording = WORDING_OF_TOPS("turn"),
};

static const struct bars sources_bars = {
	.ylabel = "bounces per operation", .plotted = "Bounces per operation, by the line of source that fetched the cache line",
	.find = sources_find, .value = sources_part, .claimed_parts = 1, .by_part = true,
	.none = "no line bounces", .wording = WORDING_OF_TOPS("operation"),
	.turns = &sources_of_turns,
};
/* clang-format on */

/* ---- the registry ------------------------------------------------------------------------------- */

/* clang-format off */
const struct figure figures[] = {
	{ "bounces", "bounces per operation, by whose line it is", bars_write, &bounces_bars, false },
	{ "members", "bounces per operation, by struct member", bars_write, &members_bars, false },
	{ "structs", "bounces per operation, by struct", bars_write, &structs_bars, false },
	{ "sources", "bounces per operation, by line of source", bars_write, &sources_bars, false },
	{ "cycles", "mean cycles of an allocation and of a free", bars_write, &cycles_bars, true },
	{ "causes", "cycles of all CPUs per operation, stacked by cause", bars_write, &causes_bars, false },
	{ "shares", "the same in per cent", bars_write, &shares_bars, false },
	{ "misses", "misses per operation, by why the line was not there", bars_write, &misses_bars, false },
	{ "memory", "pages and metadata for the bytes in use", bars_write, &memory_bars, false },
	{ "scaling", "cycles of an allocation and its free over the number of CPUs", curves_write, &scaling_curves, true },
	{ "throughput", "operations per thousand cycles over the number of CPUs", curves_write, &throughput_curves, true },
	{ "locks", "how long locks are waited for, over how long they are held", locks_write, NULL, false },
	{ "heat", "which CPU holds which line when", heat_write, NULL, false },
	{ NULL, NULL, NULL, NULL, false },
};
/* clang-format on */
