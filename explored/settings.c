/* The section `explore:` of an experiment, and its words. */
#include "explored/finding.h"

const char *const explore_strategy_words[] = { [STRATEGY_EXHAUSTIVE] = "exhaustive",
					       [STRATEGY_PCT] = "pct",
					       [STRATEGY_RUNS] = "runs",
					       [STRATEGY_UNIFORM] = "uniform",
					       NULL };

const char *const explore_start_words[] = { [START_FRESH] = "fresh",
					    [START_ONE_LEFT] = "one-left",
					    [START_FROZEN_REMOTE] = "frozen-remote",
					    [START_TWO_PARTIAL] = "two-partial",
					    [START_AT_LIMIT] = "at-limit",
					    [START_LAST_OUT] = "last-out",
					    [START_ALL] = "all",
					    NULL };

/* clang-format off */
const struct setting explore_settings[] = {
	SETTING(struct explore_options, program, NAME, .fallback = "", .fixed = true,
		.help = "operations by CPU, like 'a a | f0 a'; empty: all there are, or drawn by seed"),
	SETTING(struct explore_options, cpus, COUNT, .min = 1, .max = EXPLORE_CPUS_MAX,
		.fallback = "2", .fixed = true, .help = "CPUs of a program"),
	SETTING(struct explore_options, nodes, COUNT, .min = 1, .max = EXPLORE_CPUS_MAX,
		.fallback = "1", .fixed = true, .help = "NUMA nodes that the CPUs are on in turn"),
	SETTING(struct explore_options, memory_mib, COUNT, .min = 4, .max = 1024, .fallback = "4",
		.fixed = true, .unit = "MiB", .help = "memory that the page allocator manages"),
	SETTING(struct explore_options, operations, COUNT, .min = 1, .max = 12, .fallback = "3",
		.fixed = true, .help = "operations of each CPU, where no program is given"),
	SETTING(struct explore_options, object_size, BYTES, .min = 8, .max = 4096,
		.fallback = "1024", .fixed = true, .unit = "bytes",
		.help = "size of the objects; 1024 gives slabs of four, so that all states are near"),
	SETTING(struct explore_options, start, WORD, .words = explore_start_words, .fallback = "all",
		.fixed = true, .help = "state of the allocator that programs start from"),
	SETTING(struct explore_options, strategy, WORD, .words = explore_strategy_words,
		.fallback = "pct", .fixed = true,
		.help = "who goes on: all orders with few preemptions; by priorities with change points; in long runs; any one at each step"),
	SETTING(struct explore_options, preemptions, COUNT, .min = 0, .max = 8, .fallback = "2",
		.fixed = true, .help = "exhaustive: at most so many; interrupts and stores held back count"),
	SETTING(struct explore_options, depth, COUNT, .min = 1, .max = 5, .fallback = "3",
		.fixed = true, .help = "pct: change points and one"),
	SETTING(struct explore_options, schedules, COUNT, .min = 0, .max = 1e12,
		.fallback = "10000", .fixed = true, .help = "at most so many; 0: all there are"),
	SETTING(struct explore_options, store_buffer, COUNT, .min = 0, .max = 8, .fallback = "0",
		.fixed = true, .unit = "stores",
		.help = "stores that wait in each CPU (x86-TSO); 0: sequential consistency"),
	SETTING(struct explore_options, interrupts, COUNT, .min = 0, .max = 7, .fallback = "0",
		.fixed = true,
		.help = "interrupts that may arrive at each CPU, at any verb; each allocates twice and frees once, and a second is over"),
	SETTING(struct explore_options, fault, NAME, .fallback = "", .fixed = true,
		.help = "a fault by its place, like no-lock@zone.c:12: no-lock, forgotten-lock (nor noted as held), no-compare, low-word of a pair; '--plants=places' says which there are"),
	{ 0 },
};
/* clang-format on */
