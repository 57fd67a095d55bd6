/*
 * Scenarios: who does what to which line at which cycle, and what it costs by hand. Each is
 * played with run-ahead and without.
 */
#ifndef TESTS_SCENARIO_FIXTURE_H
#define TESTS_SCENARIO_FIXTURE_H

#include "sim/internal.h"

#define C(cycles) ((uint64_t)(cycles) * UNIT)
#define LIST(...) { sizeof((double[]){ __VA_ARGS__ }) / sizeof(double), { __VA_ARGS__ } }

enum { SCENARIO_CPUS = 16, SCENARIO_LINES = 32, MOVES = 12, ANY = 0, AT_ONCE = 0 };

/* _HALF: of the four bytes at the start of the word, _SECOND: of the line's second word. */
enum verb {
	LOAD = 1, STORE, ADD, ADD_LOCAL, CAS_FAILS, PREFETCH, PREFETCH_WRITE, LOAD_AHEAD, FENCE,
	LOAD_HALF, STORE_HALF, LOAD_SECOND, STORE_SECOND
};

/* CPU does this at that cycle (0: right after its move before); it takes `cost` units in all. */
struct move {
	unsigned cpu, at;
	enum verb verb;
	char where;             /* 'A'...: lines of node 0 (A and Q share a way); 'a'...: of the last */
	uint64_t cost;
};

struct scenario {
	const char *name;
	void (*change)(struct machine *);
	struct move move[MOVES];
};

void scenarios_play(const struct machine *machine, const struct scenario *scenario, size_t count);
#define PLAY(machine, scenarios) \
	scenarios_play(machine, scenarios, sizeof scenarios / sizeof *scenarios)

/* Idle until cycle `at`. */
void wait_until(struct cpu *cpu, uint64_t at);
/* Runs; the test fails unless the outcome is done. */
void end_run(struct sim *sim);

#endif
