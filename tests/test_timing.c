/*
 * What accesses cost, by hand: each expected number is a sum written out beside it, checked to
 * the 1/64 cycle, with run-ahead and without.
 *
 * The machine (engine_fixture.c): 1 GHz, so ns are cycles; CPUs 0 to 7 on one socket, 8 to 15 on
 * the other; L1 hit 1, LOCK operation 10, memory 100.
 *
 *	                        same socket    other socket
 *	load  M / E / S          60 50 40       160 140 120
 *	LOCK  M / E / upgrade    70 60 50       170 150 130
 *	store = LOCK - 10 + 1    61 51 41       161 141 121
 *
 * Legs, that is totals less the hit (load 1, LOCK 10, store 1), split 1/4 : 1/4 : 1/2:
 *	request      a quarter of the least total: 10, to the home of another socket 30; a machine
 *	             of one memory node is 10 from all
 *	probe        a third of what is then left of the lesser of E and M:
 *	             load (49 - 10) / 3 = 13; store, LOCK (50 - 10) / 3 = 13.33 -> 853/64
 *	             other socket: load (139 - 10) / 3 = 43, store (140 - 10) / 3 = 43.33
 *	data         the rest
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/internal.h"
#include "sim/verbs/lock.h"
#include "tests/engine_fixture.h"
#include "tests/scenario_fixture.h"


enum { PROBE_STORE = 853 };
/* What is left of a store to a modified line in the same socket after request and probe: 60 - 10
 * - 13.33. */
enum { DATA_STORE = 60 * 64 - 10 * 64 - PROBE_STORE };

/* ---- one CPU -------------------------------------------------------------------------------- */

static void dependent_costs_more(struct machine *m)
{
	m->own_cyc.lock_xadd = (struct reals)LIST(12, 10);
}

static void private_l2(struct machine *m)
{
	m->l1d = (struct cache_level){ 1, 1, 1, 1 };
	m->l2 = (struct cache_level){ 64, 8, 10, 1 };
}

static void two_nodes(struct machine *m)
{
	m->numa_nodes = 2;
	m->dram_ns = (struct reals)LIST(100, 180);
}

static void alone(void **state)
{
	static const struct scenario scenarios[] = {
		{ "nobody has it: memory, then hits in L1", NULL, {
			{ 0, 100, LOAD, 'A', C(100) }, { 0, 300, LOAD, 'A', C(1) },
			{ 0, 0, LOAD, 'A', C(1) } } },
		{ "a store that misses ends as a load does: 99 of legs, 1 of the store", NULL, {
			{ 0, 100, STORE, 'A', C(100) }, { 0, 0, STORE, 'A', C(1) } } },
		{ "a LOCK operation that misses: 99 of legs, 10 of its own", NULL, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 0, ADD, 'A', C(10) },
			{ 0, 0, CAS_FAILS, 'A', C(10) } } },
		{ "E becomes M without a word", NULL, {
			{ 0, 100, LOAD, 'A', C(100) }, { 0, 0, STORE, 'A', C(1) },
			{ 0, 0, ADD_LOCAL, 'A', C(1) } } },
		{ "a fence with nothing to wait for", NULL, { { 0, 100, FENCE, 'A', C(10) } } },
		/* A and Q share the one way of their set in L1, not in L2 */
		{ "private L2: 10 in all for a load, 9 more than in L1 for others", private_l2, {
			{ 0, 100, LOAD, 'A', C(100) }, { 0, 0, LOAD, 'Q', C(100) },
			{ 0, 0, LOAD, 'A', C(10) },
			{ 0, 0, LOAD, 'A', C(1) }, { 0, 0, LOAD, 'Q', C(10) },
			{ 0, 0, STORE, 'A', C(1 + 9) },
			{ 0, 0, LOAD, 'Q', C(10) }, { 0, 0, ADD, 'A', C(10 + 9) },
			{ 0, 0, ADD, 'A', C(10) } } },
		{ "memory of the own node and of the other", two_nodes, {
			{ 0, 100, LOAD, 'A', C(100) }, { 0, 1000, LOAD, 'a', C(180) },
			{ 8, 100, LOAD, 'B', C(180) }, { 8, 1000, LOAD, 'b', C(100) },
			{ 9, 100, ADD, 'C', C(179 + 10) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- chains of read-modify-writes ----------------------------------------------------------- */

static void alone_costs_more(struct machine *m)
{
	m->own_cyc.lock_xadd = (struct reals)LIST(8, 10);
}

static void adds_of_haswell(struct machine *m)
{
	m->own_cyc.add = (struct reals)LIST(6, 1);
}

static void adds_into_a_buffer(struct machine *m)
{
	adds_of_haswell(m);
	m->store_buffer = 4;
}

/*
 * Where dependent is more, 12 and 10: one that starts at t is over at t + 10 and its result there at
 * t + 12, which the next on that word waits for. The first misses: 99 of legs, it starts at 199.
 */
static void chains_wait_for_the_result(void **state)
{
	static const struct scenario scenarios[] = {
		{ "at once, at 209, waits until 211: 2 + 10; and so on", dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(99 + 10) }, { 0, 0, ADD, 'A', C(2 + 10) },
			{ 0, 0, ADD, 'A', C(2 + 10) } } },
		{ "a cycle later, at 210: 1 + 10", dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 210, ADD, 'A', C(1 + 10) } } },
		{ "two cycles later the result is there", dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 211, ADD, 'A', C(10) } } },
		{ "one that waited started later: from 211 to 221, there at 223", dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 0, ADD, 'A', C(2 + 10) },
			{ 0, 222, ADD, 'A', C(1 + 10) } } },
		{ "long after, at 1000 to 1010, there at 1012; and then at once", dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 1000, ADD, 'A', C(10) },
			{ 0, 0, ADD, 'A', C(2 + 10) } } },
		{ "another word does not wait", dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 300, LOAD, 'B', C(100) },
			{ 0, 0, ADD, 'A', C(10) }, { 0, 0, ADD, 'B', C(10) },
			{ 0, 0, ADD, 'A', C(10) } } },
		{ "failed ones are as others, and so are those of another kind: lock cmpxchg 10",
		  dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 0, CAS_FAILS, 'A', C(2 + 10) },
			{ 0, 0, ADD, 'A', C(10) } } },
		{ "a store, from 209 to 210, has the value at once", dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 0, STORE, 'A', C(1) },
			{ 0, 0, ADD, 'A', C(10) } } },
		{ "a store of half of it, from 209 to 210: the other half is still waited for",
		  dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 0, STORE_HALF, 'A', C(1) },
			{ 0, 0, ADD, 'A', C(1 + 10) } } },
		{ "a store beside it, from 209 to 210, not", dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 0, STORE_SECOND, 'A', C(1) },
			{ 0, 0, ADD, 'A', C(1 + 10) } } },
		{ "a load, from 209 to 210, takes its time and no more", dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 0, LOAD, 'A', C(1) },
			{ 0, 0, ADD, 'A', C(1 + 10) } } },
		{ "a line that was lost takes the machine's 70, though the word is the one before",
		  dependent_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 1, 1000, ADD, 'A', C(70) },
			{ 0, 2000, ADD, 'A', C(70) }, { 1, 3000, ADD, 'A', C(70) } } },
		{ "not LOCK, 6 and 1: from 199 to 200, there at 205", adds_of_haswell, {
			{ 0, 100, ADD_LOCAL, 'A', C(99 + 1) }, { 0, 0, ADD_LOCAL, 'A', C(5 + 1) },
			{ 0, 0, ADD_LOCAL, 'A', C(5 + 1) }, { 0, 300, ADD_LOCAL, 'A', C(1) },
			{ 0, 304, ADD_LOCAL, 'A', C(2 + 1) } } },
		{ "the same with its stores in a buffer", adds_into_a_buffer, {
			{ 0, 100, ADD_LOCAL, 'A', C(99 + 1) }, { 0, 0, ADD_LOCAL, 'A', C(5 + 1) },
			{ 0, 0, ADD_LOCAL, 'A', C(5 + 1) }, { 0, 300, ADD_LOCAL, 'A', C(1) },
			{ 0, 304, ADD_LOCAL, 'A', C(2 + 1) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* Where dependent is less, 8 and 10, as of many LOCK operations: only without a pause. */
static void unbroken_chains_cost_less(void **state)
{
	static const struct scenario scenarios[] = {
		{ "at once, and again", alone_costs_more, {
			{ 0, 100, ADD, 'A', C(99 + 10) }, { 0, 0, ADD, 'A', C(8) },
			{ 0, 0, ADD, 'A', C(8) } } },
		{ "a cycle later", alone_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 210, ADD, 'A', C(10) },
			{ 0, 0, ADD, 'A', C(8) }, { 0, 1000, ADD, 'A', C(10) } } },
		{ "a load or a store between", alone_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 0, 0, LOAD, 'A', C(1) },
			{ 0, 0, ADD, 'A', C(10) }, { 0, 0, STORE_SECOND, 'A', C(1) },
			{ 0, 0, ADD, 'A', C(10) } } },
		{ "a line that was lost takes the machine's 70, no 2 less", alone_costs_more, {
			{ 0, 100, ADD, 'A', C(109) }, { 1, 1000, ADD, 'A', C(70) },
			{ 0, 2000, ADD, 'A', C(70) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- the table comes out -------------------------------------------------------------------- */

/* Totals by state and distance are what they are defined by: the last move of each scenario. */
static void totals_as_in_the_table(void **state)
{
	static const struct scenario scenarios[] = {
		{ "load M, same socket", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) } } },
		{ "load E, same socket", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, LOAD, 'A', C(50) } } },
		{ "load S, same socket", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', C(50) },
			{ 2, 1000, LOAD, 'A', C(40) } } },
		{ "load M, other socket", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 8, 1000, LOAD, 'A', C(160) } } },
		{ "load E, other socket", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 1000, LOAD, 'A', C(140) } } },
		{ "load S, other socket", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 8, 1000, LOAD, 'A', C(120) } } },
		{ "load M, both on the second socket", NULL, {
			{ 9, 100, STORE, 'A', ANY }, { 8, 1000, LOAD, 'A', C(60) } } },
		{ "load S, the nearest sharer gives it", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 500, LOAD, 'A', ANY },
			{ 9, 1000, LOAD, 'A', C(40) } } },
		{ "LOCK M, same socket", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) } } },
		{ "LOCK E, same socket", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, ADD, 'A', C(60) } } },
		{ "LOCK M, other socket", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 8, 1000, ADD, 'A', C(170) } } },
		{ "LOCK E, other socket", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 1000, ADD, 'A', C(150) } } },
		{ "a failing LOCK cmpxchg costs as one that succeeds", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, CAS_FAILS, 'A', C(70) } } },
		{ "store M, same socket: 70 - 10 + 1", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, STORE, 'A', C(61) } } },
		{ "store E, same socket: 60 - 10 + 1", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, STORE, 'A', C(51) } } },
		{ "store M, other socket: 170 - 10 + 1", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 8, 1000, STORE, 'A', C(161) } } },
		{ "store E, other socket: 150 - 10 + 1", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 1000, STORE, 'A', C(141) } } },
		{ "a non-LOCK read-modify-write: 60 of legs, 1 of its own", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD_LOCAL, 'A', C(61) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

static void stores_have_a_table(struct machine *m)
{
	m->store_ns =
		(struct by_state){ .M = LIST(44, 144), .E = LIST(42, 142), .S = LIST(41, 141) };
}

static void store_totals_where_the_machine_has_them(void **state)
{
	static const struct scenario scenarios[] = {
		{ "store M", stores_have_a_table, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, STORE, 'A', C(44) } } },
		{ "store E", stores_have_a_table, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 1000, STORE, 'A', C(142) } } },
		{ "upgrade", stores_have_a_table, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 0, 2000, STORE, 'A', C(41) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

static void home_elsewhere(void **state)
{
	/* the farthest of requester, owner and home decides */
	static const struct scenario scenarios[] = {
		{ "owner and home near", two_nodes, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) } } },
		{ "owner near, home far", two_nodes, {
			{ 0, 100, STORE, 'a', ANY }, { 1, 1000, LOAD, 'a', C(160) } } },
		{ "owner far, home near", two_nodes, {
			{ 8, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(160) } } },
		{ "upgrade, sharer near, home far", two_nodes, {
			{ 0, 100, LOAD, 'a', ANY }, { 1, 1000, LOAD, 'a', ANY },
			{ 0, 2000, ADD, 'a', C(130) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- many sharers --------------------------------------------------------------------------- */

static void loads_of_shared_lines_are_slow(struct machine *m)
{
	m->load_ns.S = (struct reals)LIST(80, 180);
}

static void invalidating_sharers(void **state)
{
	/* each sharer beyond the first costs 2 more; a farther one is reached last */
	static const struct scenario scenarios[] = {
		{ "LOCK upgrade, 1 other sharer", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 0, 5000, ADD, 'A', C(50) } } },
		{ "LOCK upgrade, 2 other sharers: 50 + 2", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 2, 1000, LOAD, 'A', ANY },
			{ 0, 5000, ADD, 'A', C(52) } } },
		{ "LOCK upgrade, 7 other sharers: 50 + 6 * 2", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 2, 1000, LOAD, 'A', ANY },
			{ 3, 1500, LOAD, 'A', ANY }, { 4, 2000, LOAD, 'A', ANY },
			{ 5, 2500, LOAD, 'A', ANY },
			{ 6, 3000, LOAD, 'A', ANY }, { 7, 3500, LOAD, 'A', ANY },
			{ 3, 5000, ADD, 'A', C(62) } } },
		{ "store upgrade, 1 other sharer: 50 - 10 + 1", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 1, 5000, STORE, 'A', C(41) } } },
		{ "store upgrade, 2 other sharers", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 2, 1000, LOAD, 'A', ANY },
			{ 2, 5000, STORE, 'A', C(43) } } },
		{ "LOCK upgrade, the sharer on the other socket", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 500, LOAD, 'A', ANY },
			{ 0, 5000, ADD, 'A', C(130) } } },
		{ "LOCK upgrade, one near, two far: 130 + 2 * 2", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 500, LOAD, 'A', ANY },
			{ 9, 1000, LOAD, 'A', ANY },
			{ 1, 1500, LOAD, 'A', ANY }, { 0, 5000, ADD, 'A', C(134) } } },
		/* data 39 after the start, last acknowledgement 40 + 2 */
		{ "write miss on a shared line ends with the last acknowledgement", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 2, 5000, STORE, 'A', C(42 + 1) } } },
		{ "the same, LOCK", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 2, 5000, ADD, 'A', C(42 + 10) } } },
		/* data 79 after the start */
		{ "write miss on a shared line ends with the data",
		  loads_of_shared_lines_are_slow, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 2, 5000, STORE, 'A', C(79 + 1) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- contended lines ------------------------------------------------------------------------ */

static void blocking(struct machine *m)
{
	m->handoff.home = ORDER_BLOCKING;
}

static void blocking_bias_1(struct machine *m)
{
	blocking(m);
	m->handoff.local_bias = 1;
}

static void blocking_bias_2(struct machine *m)
{
	blocking(m);
	m->handoff.local_bias = 2;
}

static void slow_local_operations(struct machine *m)
{
	m->own_cyc.add = (struct reals)LIST(10, 10);
}

static void queues(void **state)
{
	static const struct scenario scenarios[] = {
		/*
		 * CPU 1: request 1010, probe, data 1060, holds the line to 1070. CPU 2: home 1011,
		 * probe at CPU 1 by 1024.33, before the data: served at 1070; data DATA_STORE
		 * later, then 10.
		 */
		{ "two LOCK operations, chasing: the second probe overtakes the data", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 2, 1001, ADD, 'A', C(1070 - 1001) + DATA_STORE + C(10) } } },
		/*
		 * A plain store lets go at once, at 1060. Its CPU's next store, at 1061, misses:
		 * home 1071, probe at CPU 2 by 1084.33, deferred to CPU 2's data at 1060 +
		 * DATA_STORE.
		 */
		{ "two stores, chasing: exactly one operation per visit", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, STORE, 'A', C(61) },
			{ 2, 1001, STORE, 'A', C(1060 - 1001) + DATA_STORE + C(1) },
			{ 1, 0, STORE, 'A', C(1060 - 1061) + 2 * DATA_STORE + C(1) } } },
		/*
		 * CPU 1's completion is at the home at 1060 + 10; only then CPU 2 is served: probe
		 * at 1070 + 13.33. CPU 1 is in its third operation, 1080 to 1090. Its fourth asks
		 * at 1090: CPU 2's data 1090 + DATA_STORE, completion + 10, probe, data.
		 */
		{ "LOCK operations, blocking: three in the hold window of 23.33", blocking, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 1, 0, ADD, 'A', C(10) },
			{ 1, 0, ADD, 'A', C(10) },
			{ 1, 0, ADD, 'A', 2 * DATA_STORE + C(10) + PROBE_STORE + C(10) },
			{ 2, 1001, ADD, 'A', C(1090 - 1001) + DATA_STORE + C(10) } } },
		/*
		 * CPU 0 is served from memory, complete at the home at 1099 + 10. CPU 8 of the
		 * other socket waits there, then CPU 1. FIFO: CPU 8's data 1109 + 160 - 10,
		 * complete 1269; CPU 1's 1419.
		 */
		{ "one grant in a row to a socket: FIFO", blocking_bias_1, {
			{ 0, 1000, ADD, 'A', C(109) }, { 8, 1001, ADD, 'A', C(1259 + 10 - 1001) },
			{ 1, 1002, ADD, 'A', C(1419 + 10 - 1002) } } },
		/* CPU 1 first: data 1109 + 60 - 10, complete 1169; CPU 8's data 1169 + 150 */
		{ "two grants in a row to a socket: its own CPU overtakes", blocking_bias_2, {
			{ 0, 1000, ADD, 'A', C(109) }, { 8, 1001, ADD, 'A', C(1319 + 10 - 1001) },
			{ 1, 1002, ADD, 'A', C(1159 + 10 - 1002) } } },
		/* uncontended, a blocking home costs nothing */
		{ "blocking, one at a time", blocking, {
			{ 0, 100, STORE, 'A', C(100) }, { 1, 1000, ADD, 'A', C(70) },
			{ 2, 2000, LOAD, 'A', C(60) } } },
		/*
		 * CPU 0's probe comes at 1023, as it is about to start its LOCK operation; probes
		 * go first. Its upgrade: home 1033, which waits for CPU 0's own reply, sent at
		 * 1023, a probe leg of 13: 1036; probe leg (40 - 10) / 3 = 10: at CPU 1 by 1046,
		 * whose data comes at 1059: one load, then the acknowledgement, 20 more; then 10 of
		 * its own.
		 */
		{ "a probe that overtakes the data of a load waits for the load", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 0, 1023, ADD, 'A', C(1059 + 20 + 10 - 1023) } } },
		{ "readers queue behind a writer: the home waits for the owner's reply", NULL, {
			/* CPU 2: home 1011, there CPU 1's request waits for the reply, 1023 + 13;
			 * 1036 - 1011 = 25 more */
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 2, 1001, LOAD, 'A', C(40 + 25) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

static void locked_operations_keep_their_line(void **state)
{
	/* CPU 1's probe is at CPU 0 at 1000 + 10 + 13 = 1023; 60 if it need not wait */
	static const struct scenario scenarios[] = {
		{ "LOCK from 1012 to 1022", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1012, ADD, 'A', C(10) },
			{ 1, 1000, LOAD, 'A', C(60) } } },
		{ "LOCK from 1013 to 1023", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1013, ADD, 'A', C(10) },
			{ 1, 1000, LOAD, 'A', C(60) } } },
		{ "LOCK from 1014 to 1024", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1014, ADD, 'A', C(10) },
			{ 1, 1000, LOAD, 'A', C(61) } } },
		{ "LOCK from 1022 to 1032", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1022, ADD, 'A', C(10) },
			{ 1, 1000, LOAD, 'A', C(69) } } },
		{ "a LOCK operation on another line delays nothing", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 500, STORE, 'B', ANY },
			{ 0, 1022, ADD, 'B', C(10) },
			{ 1, 1000, LOAD, 'A', C(60) } } },
		{ "nor does an operation without LOCK", slow_local_operations, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1022, ADD_LOCAL, 'A', C(10) },
			{ 1, 1000, LOAD, 'A', C(60) } } },
		/*
		 * the probe of CPU 1 waits to 1032; the second operation would start then: probes
		 * first, so it upgrades: home 1042, free at 1032 + 13 = 1045, probe 1055, CPU 1 has
		 * its data at 1032 + 36 = 1068, acknowledgement 20, operation 10
		 */
		{ "served before the next access", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1022, ADD, 'A', C(10) },
			{ 0, 0, ADD, 'A', C(1068 + 20 + 10 - 1032) },
			{ 1, 1000, LOAD, 'A', C(69) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- how a contended line moves on at a chasing home ---------------------------------------- */

static void late_requests_pay(struct machine *m)
{
	m->handoff.late_request = LATE_PAID;
}

static void late_requests_pay_blocking(struct machine *m)
{
	late_requests_pay(m);
	m->handoff.home = ORDER_BLOCKING;
}

/*
 * CPU 1 asks for CPU 0's line at 1000. It leaves CPU 0 at 1023.33, is there at 1060, and the
 * operation is over at 1070; then it takes DATA_STORE to whoever asks, and 10 of its own.
 */
static void requests_for_a_line_under_way(void **state)
{
	static const struct scenario scenarios[] = {
		{ "the way to the home is hidden", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 0, 1024, ADD, 'A', C(1070 - 1024) + DATA_STORE + C(10) } } },
		{ "or paid: 10, as it is home at 1034", late_requests_pay, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 0, 1024, ADD, 'A', C(1070 - 1024) + DATA_STORE + C(10) + C(10) } } },
		{ "at the home 4 before the line is there: 4 of it", late_requests_pay, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 0, 1046, ADD, 'A', C(1070 - 1046) + DATA_STORE + C(4) + C(10) } } },
		/* home 1062; probe 1075.33, and the line is free */
		{ "at the home after the line is there: nothing", late_requests_pay, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 0, 1052, ADD, 'A', C(70) } } },
		{ "queued before it left (home 1015): nothing", late_requests_pay, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 2, 1005, ADD, 'A', C(1070 - 1005) + DATA_STORE + C(10) } } },
		/* complete at the home at 1060 + 10; from there 50 of a transfer's 60 */
		{ "a blocking home: nothing", late_requests_pay_blocking, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 0, 1024, ADD, 'A', C(1070 + 50 + 10 - 1024) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

static void hold_25(struct machine *m)
{
	m->handoff.hold_ns = 25;
}

static void hold_100(struct machine *m)
{
	m->handoff.hold_ns = 100;
}

static void hold_25_blocking(struct machine *m)
{
	hold_25(m);
	m->handoff.home = ORDER_BLOCKING;
}

/* As above; CPU 0's probe is at CPU 1 from 1047.33 on. */
static void owners_hold_their_line(void **state)
{
	static const struct scenario scenarios[] = {
		/*
		 * until 1085, when the third operation is under way to 1090. CPU 1's fourth waits
		 * for CPU 0, which has the line DATA_STORE later and holds it for 25 too.
		 */
		{ "25 from its arrival on", hold_25, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 1, 0, ADD, 'A', C(10) }, { 1, 0, ADD, 'A', C(10) },
			{ 1, 0, ADD, 'A', DATA_STORE + C(25) + DATA_STORE + C(10) },
			{ 0, 1024, ADD, 'A', C(1090 - 1024) + DATA_STORE + C(10) } } },
		{ "idle as well", hold_25, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 0, 1024, ADD, 'A', C(1085 - 1024) + DATA_STORE + C(10) } } },
		/* the request leaves at 1070, and the line right after it */
		{ "up to the next miss", hold_100, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 1, 0, LOAD, 'B', C(100) },
			{ 0, 1024, ADD, 'A', C(1070 - 1024) + 1 + DATA_STORE + C(10) } } },
		/* the load's probe leg is 13, there by 1047; data 36 and a hit */
		{ "from readers too", hold_25, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 0, 1024, LOAD, 'A', C(1085 + 36 + 1 - 1024) } } },
		{ "what came for a store goes at once", hold_25, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, STORE, 'A', C(61) },
			{ 0, 1024, ADD, 'A', C(1060 - 1024) + DATA_STORE + C(10) } } },
		/* CPU 1 had the line before */
		{ "what need not come is not held", hold_25, {
			{ 1, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(10) },
			{ 0, 990, ADD, 'A', C(70) } } },
		{ "a blocking home has its own window", hold_25_blocking, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(70) },
			{ 0, 1024, ADD, 'A', C(1070 + 50 + 10 - 1024) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- occupancy ------------------------------------------------------------------------------ */

static void one_slice(struct machine *m)
{
	m->slice.occupancy_ns = 2;
	m->slice.slices = 1;
}

static void two_slices(struct machine *m)
{
	m->slice.occupancy_ns = 2;
	m->slice.slices = 2;
}

static void one_slice_each_of_two_nodes(struct machine *m)
{
	two_nodes(m);
	one_slice(m);
}

static void links_of_8_bytes(struct machine *m)
{
	m->link.bytes_per_ns = 8;
}

static void occupancy(void **state)
{
	static const struct scenario scenarios[] = {
		/* requests at 1010, 1011, 1012; the slice takes them at 1010, 1012, 1014 */
		{ "a slice takes a request every 2 cycles", one_slice, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 1, 1001, LOAD, 'B', C(101) },
			{ 2, 1002, LOAD, 'C', C(102) } } },
		/*
		 * CPU 1 is served at 1010, its owner's reply is home at 1010 + 13 + 13 = 1036. CPUs 2
		 * and 3 (home 1012, 1014: slots of 2 after 1010) wait for it and get shared lines,
		 * 40 - 1 - 10 = 29 on, the second a slot of 2 later. Their own 1.
		 */
		{ "readers that waited for one line get it slot by slot", one_slice, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 2, 1001, LOAD, 'A', C(1036 + 29 + 1 - 1001) },
			{ 3, 1002, LOAD, 'A', C(1036 + 2 + 29 + 1 - 1002) } } },
		{ "a free slice delays nothing", one_slice, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 1, 1002, LOAD, 'B', C(100) } } },
		{ "lines of two slices do not meet", two_slices, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 1, 1001, LOAD, 'B', C(100) },
			{ 2, 1001, LOAD, 'C', C(101) } } },
		/* at 1010 and 1011, but at the homes of two nodes, each the CPU's own */
		{ "each node has its slices", one_slice_each_of_two_nodes, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 8, 1001, LOAD, 'a', C(100) } } },
		/* 72 bytes at 8 a ns: 9. Data at 1159 and 1160; the second follows at 1168 */
		{ "a link between sockets carries one line at a time", links_of_8_bytes, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 500, STORE, 'B', ANY },
			{ 8, 1000, LOAD, 'A', C(160) }, { 9, 1001, LOAD, 'B', C(160 + 8) } } },
		{ "a free link delays nothing", links_of_8_bytes, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 500, STORE, 'B', ANY },
			{ 8, 1000, LOAD, 'A', C(160) }, { 9, 1009, LOAD, 'B', C(160) } } },
		{ "each direction has its own", links_of_8_bytes, {
			{ 0, 100, STORE, 'A', ANY }, { 8, 100, STORE, 'B', ANY },
			{ 9, 1000, LOAD, 'A', C(160) }, { 1, 1001, LOAD, 'B', C(160) } } },
		{ "transfers within a socket take no link", links_of_8_bytes, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 500, STORE, 'B', ANY },
			{ 1, 1000, LOAD, 'A', C(60) }, { 2, 1001, LOAD, 'B', C(60) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- lines that leave ----------------------------------------------------------------------- */

/* A and Q share a way; memory is so fast that being answered from it shows. */
static void one_way(struct machine *m)
{
	m->l1d = (struct cache_level){ 1, 1, 1, 1 };
	m->dram_ns = (struct reals)LIST(20);
}

static void one_way_slow_memory(struct machine *m)
{
	m->l1d = (struct cache_level){ 1, 1, 1, 1 };
}

static void one_way_bus(struct machine *m)
{
	one_way_slow_memory(m);
	m->home = HOME_BUS;
}

static void evictions(void **state)
{
	/*
	 * CPU 0 has A modified and loads Q at 1000: data at 1019, when A leaves; it is home at
	 * 1029. CPU 1's load: home 10, probe 23, back at the home 36 after its start.
	 */
	static const struct scenario scenarios[] = {
		{ "probe at 1018, before the eviction: M", one_way, {
			{ 0, 100, STORE, 'A', C(20) }, { 0, 1000, LOAD, 'Q', C(20) },
			{ 1, 995, LOAD, 'A', C(60) } } },
		{ "probe at 1020, the line is on its way home: the evictor answers", one_way, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1000, LOAD, 'Q', C(20) },
			{ 1, 997, LOAD, 'A', C(60) } } },
		{ "probe at 1028, still on its way", one_way, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1000, LOAD, 'Q', C(20) },
			{ 1, 1005, LOAD, 'A', C(60) } } },
		/* then memory, whose 19 are less than the 36 gone already: one unit at least; and
		 * the load */
		{ "probe at 1030, it is home: nobody has it", one_way, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1000, LOAD, 'Q', C(20) },
			{ 1, 1007, LOAD, 'A', C(36) + 1 + C(1) } } },
		{ "request at 1028, just before the line is home", one_way, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1000, LOAD, 'Q', C(20) },
			{ 1, 1018, LOAD, 'A', C(36) + 1 + C(1) } } },
		{ "request at 1030, just after: memory", one_way, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1000, LOAD, 'Q', C(20) },
			{ 1, 1020, LOAD, 'A', C(20) } } },
		{ "a store takes the line from the write-back too", one_way, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1000, LOAD, 'Q', C(20) },
			{ 1, 1003, STORE, 'A', C(61) } } },
		{ "the evictor itself asks again: memory", one_way, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1000, LOAD, 'Q', C(20) },
			{ 0, 0, LOAD, 'A', C(20) } } },
		/* clean lines leave silently: the directory asks the one that had it. 36 gone of
		 * 100: no loss */
		{ "stale owner, same socket", one_way_slow_memory, {
			{ 0, 100, LOAD, 'A', ANY }, { 0, 0, LOAD, 'Q', ANY },
			{ 1, 1000, LOAD, 'A', C(100) } } },
		/* 10 and two probe legs of 43, still less than memory's 99 */
		{ "stale owner, other socket", one_way_slow_memory, {
			{ 0, 100, LOAD, 'A', ANY }, { 0, 0, LOAD, 'Q', ANY },
			{ 8, 1000, LOAD, 'A', C(100) } } },
		{ "stale owner, other socket, fast memory: 10 + 2 * 43, a unit, the load",
		  one_way, {
			{ 0, 100, LOAD, 'A', ANY }, { 0, 0, LOAD, 'Q', ANY },
			{ 8, 1000, LOAD, 'A', C(96) + 1 + C(1) } } },
		{ "the stale owner asks: memory at once", one_way_slow_memory, {
			{ 0, 100, LOAD, 'A', ANY }, { 0, 0, LOAD, 'Q', ANY },
			{ 0, 1000, LOAD, 'A', C(100) } } },
		{ "stale sharer on the other socket: it is asked all the same",
		  one_way_slow_memory, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 500, LOAD, 'A', ANY },
			{ 8, 0, LOAD, 'Q', ANY },
			{ 0, 1000, ADD, 'A', C(130) } } },
		/* a bus sees who has it */
		{ "bus, owner gone: memory", one_way_bus, {
			{ 0, 100, LOAD, 'A', ANY }, { 0, 0, LOAD, 'Q', ANY },
			{ 8, 1000, LOAD, 'A', C(100) } } },
		{ "bus, far sharer gone: an upgrade with nobody else", one_way_bus, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 500, LOAD, 'A', ANY },
			{ 8, 0, LOAD, 'Q', ANY },
			{ 0, 1000, ADD, 'A', C(50) } } },
		{ "bus, far sharer there", one_way_bus, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 500, LOAD, 'A', ANY },
			{ 0, 1000, ADD, 'A', C(130) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- shared levels on a bus ----------------------------------------------------------------- */

/*
 * engine_machine_shared: CPUs 0, 1 share an L2, so do 2, 3; these four are a socket; then 4, 5
 * and 6, 7 on the other. By distance: same L2, other die, other socket.
 *	load M 30 90 100, E 20 90 100, S 10 95 105;  LOCK M 40 95 105, E 30 95 105, upgrade 25 85 95
 * One address slot of 6 per transaction and socket, 12 bytes a ns: a line holds the bus for 6.
 */
static void one_way_l1(struct machine *m)
{
	m->l1d = (struct cache_level){ 1, 1, 1, 1 };
}

static void one_way_l2(struct machine *m)
{
	m->l2 = (struct cache_level){ 1, 1, 10, 2 };
}

static void hit_is_not_S(struct machine *m)
{
	one_way_l1(m);
	m->l2.hit_cyc = 8;
}

static void shared_is_nearer(struct machine *m)
{
	m->load_ns.S = (struct reals)LIST(10, 70, 80);
}

static void shared_level(void **state)
{
	static const struct scenario scenarios[] = {
		{ "memory", NULL, {
			{ 0, 100, LOAD, 'A', C(100) }, { 1, 1000, STORE, 'B', C(100) } } },
		{ "L2 hit after L1 lost the line", one_way_l1, {
			{ 0, 100, LOAD, 'A', ANY }, { 0, 0, LOAD, 'Q', ANY },
			{ 0, 1000, LOAD, 'A', C(10) } } },
		{ "L2 hit, dirty there", one_way_l1, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 0, LOAD, 'Q', ANY },
			{ 1, 1000, LOAD, 'A', C(10) } } },
		{ "a line that no cache above has is a hit, 8, a shared one load_ns.S", hit_is_not_S, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 0, LOAD, 'Q', ANY },
			{ 0, 1000, LOAD, 'A', C(8) }, { 1, 2000, LOAD, 'A', C(20) },
			{ 1, 3000, LOAD, 'Q', ANY }, { 1, 4000, LOAD, 'A', C(10) } } },
		{ "two cores of the other die share it: their L2 answers by itself, S", shared_is_nearer, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 2, 1000, LOAD, 'A', C(70) } } },
		{ "one core there may have written it: E", shared_is_nearer, {
			{ 0, 100, LOAD, 'A', ANY }, { 2, 1000, LOAD, 'A', C(90) } } },
		{ "load, sibling has it M", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(30) } } },
		{ "load, sibling has it E", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, LOAD, 'A', C(20) } } },
		{ "load, other die has it M", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 2, 1000, LOAD, 'A', C(90) } } },
		{ "load, other die has it E", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 2, 1000, LOAD, 'A', C(90) } } },
		{ "load, other die has it S", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 4, 500, LOAD, 'A', C(100) },
			{ 2, 1000, LOAD, 'A', C(95) } } },
		{ "load, other socket has it M", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 7, 1000, LOAD, 'A', C(100) } } },
		{ "load, other socket has it S", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 2, 500, LOAD, 'A', ANY },
			{ 4, 1000, LOAD, 'A', C(105) } } },
		{ "LOCK, sibling has it M", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(40) } } },
		{ "LOCK, sibling has it E", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, ADD, 'A', C(30) } } },
		{ "LOCK, upgrade against the sibling", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 0, 1000, ADD, 'A', C(25) } } },
		{ "LOCK, other die has it M", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 2, 1000, ADD, 'A', C(95) } } },
		{ "LOCK, other socket has it M", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 4, 1000, ADD, 'A', C(105) } } },
		{ "LOCK, upgrade against the other die", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 2, 500, LOAD, 'A', ANY },
			{ 0, 1000, ADD, 'A', C(85) } } },
		{ "LOCK, upgrade against the other socket", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 4, 500, LOAD, 'A', ANY },
			{ 0, 1000, ADD, 'A', C(95) } } },
		/* the L2 has the line, not the permission; the sibling lets go on the way up */
		{ "LOCK miss, sibling and other socket share", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 4, 500, LOAD, 'A', ANY },
			{ 1, 1000, ADD, 'A', C(95) } } },
		{ "LOCK upgrade, sibling and other socket share", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 4, 500, LOAD, 'A', ANY },
			{ 1, 700, LOAD, 'A', C(10) },
			{ 0, 1000, ADD, 'A', C(95) } } },
		{ "store, other die has it M: 95 - 10 + 1", NULL, {
			{ 0, 100, STORE, 'A', ANY }, { 2, 1000, STORE, 'A', C(86) } } },
		/* the L2 has it E: what the CPU above does silently stays above */
		{ "the L2 knows of no other: E in L1 becomes M silently", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 0, 0, STORE, 'A', C(1) } } },
		/* inclusive: CPU 1's line pushes CPU 0's out of the L2, and so out of CPU 0's L1 */
		{ "back-invalidation", one_way_l2, {
			{ 0, 100, LOAD, 'A', C(100) }, { 0, 0, LOAD, 'A', C(1) },
			{ 1, 1000, LOAD, 'Q', C(100) },
			{ 0, 2000, LOAD, 'A', C(100) } } },
		{ "back-invalidation of a dirty line: it reaches memory", one_way_l2, {
			{ 0, 100, STORE, 'A', C(100) }, { 1, 1000, LOAD, 'Q', C(100) },
			{ 4, 2000, LOAD, 'A', C(100) } } },
	};
	const struct machine machine = engine_machine_shared();

	(void)state;
	PLAY(&machine, scenarios);
}

static void bus_of_a_socket(void **state)
{
	static const struct scenario scenarios[] = {
		/* address slots of socket 0: 6 each; both lines come from memory, 6 apart then */
		{ "two requests of a socket: the second waits for its slot", NULL, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 2, 1001, LOAD, 'B', C(105) } } },
		{ "slots of 6 apart: no wait", NULL, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 2, 1006, LOAD, 'B', C(100) } } },
		{ "the other socket has a bus of its own", NULL, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 4, 1001, LOAD, 'B', C(100) } } },
		/* B comes in 90, A in 100: at the end B is one cycle later and waits for the
		 * other 5 */
		{ "two lines for one socket: the second waits for the bus", NULL, {
			{ 1, 100, STORE, 'B', ANY }, { 0, 1000, LOAD, 'A', C(100) },
			{ 2, 1011, LOAD, 'B', C(90 + 5) } } },
		{ "hits in the L2 take no bus", one_way_l1, {
			{ 0, 100, LOAD, 'A', ANY }, { 0, 0, LOAD, 'Q', ANY },
			{ 2, 1000, LOAD, 'B', C(100) },
			{ 0, 1001, LOAD, 'A', C(10) } } },
	};
	const struct machine machine = engine_machine_shared();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- other protocols ------------------------------------------------------------------------ */

static void moesi(struct machine *m)
{
	m->protocol = PROTOCOL_MOESI;
	m->dirty_read = DIRTY_SHARE_OWNED;
}

/* Owned lines have totals of their own: 55 and 150 to read, 65 and 155 for a LOCK operation. */
static void moesi_with_o(struct machine *m)
{
	moesi(m);
	m->load_ns.O = (struct reals)LIST(55, 150);
	m->rmw_ns.O = (struct reals)LIST(65, 155);
}

static void migrate(struct machine *m)
{
	m->protocol = PROTOCOL_MOESI;
	m->dirty_read = DIRTY_MIGRATE;
}

static void mesif(struct machine *m)
{
	m->protocol = PROTOCOL_MESIF;
}

static void mesif_one_way(struct machine *m)
{
	mesif(m);
	m->l1d = (struct cache_level){ 1, 1, 1, 1 };
}

static void owned_lines(void **state)
{
	static const struct scenario scenarios[] = {
		{ "a reader of an owned line: as M, every time", moesi, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 2, 2000, LOAD, 'A', C(60) }, { 8, 3000, LOAD, 'A', C(160) } } },
		{ "a reader of an owned line: as O", moesi_with_o, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 2, 2000, LOAD, 'A', C(55) }, { 8, 3000, LOAD, 'A', C(150) } } },
		{ "a clean line is shared as ever", moesi, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, LOAD, 'A', C(50) },
			{ 2, 2000, LOAD, 'A', C(40) } } },
		/* data from the owner after 40 (as S), the sharer's acknowledgement after 40 */
		{ "LOCK on an owned line: as an upgrade", moesi, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 2, 2000, ADD, 'A', C(40 + 10) } } },
		{ "LOCK on an owned line: as O; data after 55, acknowledgement after 40",
		  moesi_with_o, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 2, 2000, ADD, 'A', C(55 + 10) } } },
		{ "data after 40, acknowledgements after 40, 42, 44, 46", moesi, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 2, 1100, LOAD, 'A', ANY }, { 3, 1200, LOAD, 'A', ANY },
			{ 4, 1300, LOAD, 'A', ANY }, { 5, 2000, ADD, 'A', C(46 + 10) } } },
		{ "data after 145, acknowledgement after 40", moesi_with_o, {
			{ 8, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 2, 2000, ADD, 'A', C(145 + 10) } } },
		{ "the owner upgrades: acknowledgements alone", moesi_with_o, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 0, 2000, ADD, 'A', C(50) } } },
		{ "the owner upgrades, a sharer on the other socket", moesi_with_o, {
			{ 0, 100, STORE, 'A', ANY }, { 8, 1000, LOAD, 'A', ANY },
			{ 0, 2000, STORE, 'A', C(121) } } },
		{ "a sharer upgrades, against the owner: as O", moesi_with_o, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 1, 2000, ADD, 'A', C(65) } } },
		{ "a sharer upgrades, against the owner: as S", moesi, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 1, 2000, STORE, 'A', C(41) } } },
		/* the answer is at the home at 1000 + 10 + 13 + 13 = 1036; then as M: 60 */
		{ "a second reader waits for the answer", moesi, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 2, 1001, LOAD, 'A', C(1036 - 1011 + 60) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

static void migrating_lines(void **state)
{
	static const struct scenario scenarios[] = {
		{ "read, then write: one transfer", migrate, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 1, 0, STORE, 'A', C(1) }, { 1, 0, ADD, 'A', C(10) } } },
		{ "to and fro", migrate, {
			{ 0, 100, ADD, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 1, 0, ADD, 'A', C(10) }, { 0, 2000, LOAD, 'A', C(60) },
			{ 0, 0, ADD, 'A', C(10) } } },
		{ "who only read it shares it: as M, then as O, which the table lacks: as M", migrate, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 2, 2000, LOAD, 'A', C(60) }, { 3, 3000, LOAD, 'A', C(60) },
			{ 1, 4000, LOAD, 'A', C(1) } } },
		{ "the owner writes again: two sharers let go after 40 and 42", migrate, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 2, 2000, LOAD, 'A', C(60) }, { 3, 3000, LOAD, 'A', C(60) },
			{ 1, 4000, STORE, 'A', C(43) } } },
		{ "a clean line is shared as ever", migrate, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, LOAD, 'A', C(50) },
			{ 2, 2000, LOAD, 'A', C(40) } } },
		{ "two pollers of a written line: the second finds it unwritten", migrate, {
			{ 1, 100, LOAD, 'A', ANY }, { 2, 300, LOAD, 'A', ANY },
			{ 0, 1000, STORE, 'A', C(43) }, { 1, 2000, LOAD, 'A', C(60) },
			{ 2, 3000, LOAD, 'A', C(60) }, { 1, 4000, LOAD, 'A', C(1) },
			{ 2, 4000, LOAD, 'A', C(1) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

static void forwarded_lines(void **state)
{
	static const struct scenario scenarios[] = {
		{ "E gives it, then F: as S", mesif, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, LOAD, 'A', C(50) },
			{ 2, 2000, LOAD, 'A', C(40) } } },
		{ "M gives it, then F", mesif, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(60) },
			{ 2, 2000, LOAD, 'A', C(40) } } },
		/* CPU 8 has F: CPU 0's copy is nearer to CPU 1, but does not answer; then CPU 1
		 * has F, far from CPU 9 */
		{ "F is where the last reader is", mesif, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 1000, LOAD, 'A', C(140) },
			{ 1, 2000, LOAD, 'A', C(120) }, { 9, 3000, LOAD, 'A', C(120) },
			{ 10, 4000, LOAD, 'A', C(40) } } },
		/* 10 + 2 x (39 - 10) / 3 = 29.33 are gone in vain, memory's 99 are not over */
		{ "F was dropped: memory answers", mesif_one_way, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, LOAD, 'A', C(50) },
			{ 1, 0, LOAD, 'Q', ANY }, { 2, 2000, LOAD, 'A', C(100) },
			{ 3, 3000, LOAD, 'A', C(40) } } },
		{ "LOCK: data from F after 40, acknowledgement after 40", mesif, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 2, 2000, ADD, 'A', C(50) } } },
		{ "LOCK: data from F after 120, acknowledgement after 40", mesif, {
			{ 0, 100, LOAD, 'A', ANY }, { 8, 1000, LOAD, 'A', ANY },
			{ 2, 2000, ADD, 'A', C(130) } } },
		{ "F upgrades", mesif, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 1, 2000, ADD, 'A', C(50) } } },
		{ "a sharer upgrades: F and the other let go after 40 and 42", mesif, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 1000, LOAD, 'A', ANY },
			{ 2, 1500, LOAD, 'A', ANY }, { 0, 2000, STORE, 'A', C(43) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* The level below CPUs 0 and 1 is a client of the bus, and the home of both. */
static void protocols_at_shared_levels(void **state)
{
	static const struct scenario scenarios[] = {
		{ "MOESI: the sibling's; either of both upgrades in the L2", moesi, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(30) },
			{ 0, 2000, ADD, 'A', C(25) }, { 1, 3000, LOAD, 'A', C(30) },
			{ 1, 4000, ADD, 'A', C(25) } } },
		/* the other die's L2 lets go first, that of the other socket after 85 and 2 */
		{ "MOESI: the L2 owns it, answers as M, and upgrades on the bus", moesi, {
			{ 0, 100, STORE, 'A', ANY }, { 2, 1000, LOAD, 'A', C(90) },
			{ 4, 2000, LOAD, 'A', C(100) }, { 3, 3000, LOAD, 'A', C(10) },
			{ 0, 4000, ADD, 'A', C(85 + 2 + 10) } } },
		{ "MOESI: a writer elsewhere: as an upgrade", moesi, {
			{ 0, 100, STORE, 'A', ANY }, { 2, 1000, LOAD, 'A', C(90) },
			{ 4, 2000, ADD, 'A', C(95) } } },
		{ "migrating: the reader's L2 has it alone", migrate, {
			{ 0, 100, STORE, 'A', ANY }, { 2, 1000, LOAD, 'A', C(90) },
			{ 2, 0, STORE, 'A', C(1) }, { 0, 2000, LOAD, 'A', C(90) },
			{ 0, 0, STORE, 'A', C(1) } } },
		{ "migrating: an L2 that only read it shares it, and upgrades", migrate, {
			{ 0, 100, STORE, 'A', ANY }, { 2, 1000, LOAD, 'A', C(90) },
			{ 0, 2000, LOAD, 'A', C(90) }, { 2, 3000, LOAD, 'A', C(1) },
			{ 2, 4000, ADD, 'A', C(85) } } },
		/* it went from CPU 0 to 1 inside the L2, which has written it: it moves on */
		{ "migrating: what was written above the L2 moves, whoever has it there", migrate, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, LOAD, 'A', C(30) },
			{ 2, 2000, LOAD, 'A', C(90) }, { 1, 3000, LOAD, 'A', C(90) },
			{ 0, 4000, LOAD, 'A', C(10) } } },
		{ "MESIF: F is between the L2s; inside one the L2 answers", mesif, {
			{ 0, 100, LOAD, 'A', ANY }, { 4, 1000, LOAD, 'A', C(100) },
			{ 2, 2000, LOAD, 'A', C(105) }, { 3, 3000, LOAD, 'A', C(10) },
			{ 6, 4000, LOAD, 'A', C(105) } } },
	};
	const struct machine machine = engine_machine_shared();

	(void)state;
	PLAY(&machine, scenarios);
}

/* Two nodes; from the other socket a modified line takes 190 if its memory is the reader's. */
static void homed_at_reader(struct machine *m)
{
	two_nodes(m);
	m->remote_dirty_homed_at_reader_ns = 190;
}

static void remote_dirty_homed_at_the_reader(void **state)
{
	static const struct scenario scenarios[] = {
		{ "homed at the writer", homed_at_reader, {
			{ 0, 100, STORE, 'A', ANY }, { 8, 1000, LOAD, 'A', C(160) } } },
		{ "homed at the reader", homed_at_reader, {
			{ 0, 100, STORE, 'a', ANY }, { 8, 1000, LOAD, 'a', C(190) } } },
		{ "the other way round", homed_at_reader, {
			{ 8, 100, STORE, 'A', ANY }, { 0, 1000, LOAD, 'A', C(190) } } },
		{ "a LOCK operation: 170 + 190 - 160", homed_at_reader, {
			{ 0, 100, STORE, 'a', ANY }, { 8, 1000, ADD, 'a', C(200) } } },
		{ "a store: 161 + 190 - 160", homed_at_reader, {
			{ 0, 100, STORE, 'a', ANY }, { 8, 1000, STORE, 'a', C(191) } } },
		{ "clean lines as ever", homed_at_reader, {
			{ 0, 100, LOAD, 'a', ANY }, { 8, 1000, LOAD, 'a', C(140) } } },
		{ "the writer is on the reader's socket", homed_at_reader, {
			{ 9, 100, STORE, 'a', ANY }, { 8, 1000, LOAD, 'a', C(60) } } },
		{ "not given: as M", two_nodes, {
			{ 0, 100, STORE, 'a', ANY }, { 8, 1000, LOAD, 'a', C(160) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- far atomics ---------------------------------------------------------------------------- */

/* At the home: a LOCK operation there takes 60 in all, 5 of them of its service. */
static void far(struct machine *m)
{
	m->far_atomic.service_ns = 5;
	m->far_atomic.latency_ns = 60;
	m->far_atomic.ops = FAR_ALL;
}

static void far_adds(struct machine *m)
{
	far(m);
	m->far_atomic.ops = FAR_ADDS;
}

static void far_atomics(void **state)
{
	static const struct scenario scenarios[] = {
		{ "nobody has it, before and after", far, {
			{ 0, 100, ADD, 'A', C(60) }, { 0, 0, ADD, 'A', C(60) },
			{ 0, 0, CAS_FAILS, 'A', C(60) }, { 0, 0, LOAD, 'A', C(100) } } },
		{ "a line that the CPU can write: near", far, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 0, ADD, 'A', C(10) },
			{ 1, 1000, LOAD, 'B', ANY }, { 1, 0, ADD, 'B', C(10) } } },
		{ "exchanges fetch the line where only additions are far: 99 + 10", far_adds, {
			{ 0, 100, CAS_FAILS, 'A', C(109) }, { 0, 0, ADD, 'A', C(10) },
			{ 1, 1000, CAS_FAILS, 'A', C(70) }, { 0, 2000, ADD, 'A', C(60) + 2 * PROBE_STORE } } },
		{ "without LOCK: near", far, {
			{ 0, 100, ADD_LOCAL, 'A', C(100) }, { 1, 1000, STORE, 'A', C(61) } } },
		/* first the owner's probe and its answer, 13.33 each */
		{ "an owner has it modified", far, {
			{ 0, 100, STORE, 'A', ANY },
			{ 1, 1000, ADD, 'A', C(60) + 2 * PROBE_STORE } } },
		{ "an owner has it clean: the home does not know", far, {
			{ 0, 100, LOAD, 'A', ANY },
			{ 1, 1000, ADD, 'A', C(60) + 2 * PROBE_STORE } } },
		/* sharers: (50 - 10 - 10) / 3 = 10 to each, and back; all at once */
		{ "two share it", far, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 2, 1000, ADD, 'A', C(60 + 20) } } },
		{ "the requester's own copy is called in like the others", far, {
			{ 0, 100, LOAD, 'A', ANY }, { 1, 500, LOAD, 'A', ANY },
			{ 0, 1000, ADD, 'A', C(60 + 20) }, { 0, 0, LOAD, 'A', C(100) } } },
		{ "an owner on the other socket: (140 - 10) / 3 = 43.33, and back", far, {
			{ 8, 100, STORE, 'A', ANY },
			{ 0, 1000, ADD, 'A', C(60) + 2 * 2773 } } },
		/* at the home at 1010 and 1011; the first holds the line until 1015 */
		{ "two at once: the second waits for the first one's service", far, {
			{ 0, 1000, ADD, 'A', C(60) }, { 1, 1001, ADD, 'A', C(60 + 4) } } },
		/* a reader waits as long; then memory has it: 100 */
		{ "a reader waits for the service", far, {
			{ 0, 1000, ADD, 'A', C(60) }, { 1, 1001, LOAD, 'A', C(4 + 100) } } },
		{ "other lines do not wait", far, {
			{ 0, 1000, ADD, 'A', C(60) }, { 1, 1001, ADD, 'B', C(60) } } },
		{ "a prefetch of the line is under way: near, if it brings it writable", far, {
			{ 0, 1000, PREFETCH_WRITE, 'A', C(1) },
			{ 0, 1050, ADD, 'A', C(1000 + 99 - 1050 + 10) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/*
 * The home is the L2: the request takes a quarter of 10, 2.5; the way up after a service of 5 is
 * 60 - 2.5 - 5 = 52.5. The line comes to the L2 as ever, but for the way up to the CPU, which of
 * a load would be 9 - 2.5 = 6.5.
 */
static void far_atomics_at_a_shared_level(void **state)
{
	static const struct scenario scenarios[] = {
		{ "the L2 gets the line from memory: 99 - 6.5; then it has it", far, {
			{ 0, 100, ADD, 'A', C(99 - 6 + 57) }, { 1, 1000, ADD, 'A', C(60) },
			{ 0, 2000, LOAD, 'A', C(10) } } },
		/* to the sibling and back: (20 - 1 - 2.5) / 3 = 5.5 each */
		{ "the sibling has it", far, {
			{ 0, 100, STORE, 'A', ANY }, { 1, 1000, ADD, 'A', C(60 + 11) } } },
		{ "another L2 has it: 85 - 6.5 + 5 + 52.5", far, {
			{ 0, 100, STORE, 'A', ANY }, { 2, 1000, ADD, 'A', C(136) },
			{ 3, 2000, ADD, 'A', C(60) } } },
	};
	const struct machine machine = engine_machine_shared();

	(void)state;
	PLAY(&machine, scenarios);
}

enum { HAMMERS = 8 };

static void hammer(struct cpu *cpu, void *argument)
{
	uint64_t *word = argument;

	wait_until(cpu, 1000);
	for (unsigned i = 0; i < HAMMERS; i++)
		fetch_add(cpu, word, 1);
}

/*
 * All 16 CPUs want 8 operations each. One takes 60, so that 12 would keep the home busy: it does
 * one every 5 from 1010 on. The last is done at 1010 + 128 x 5 and known 60 - 10 - 5 later.
 */
static void many_far_atomics_are_as_fast_as_the_home(void **state)
{
	struct machine machine = engine_machine();
	struct sim_options options = engine_options(&machine, SCENARIO_CPUS);
	uint64_t *word, last = 0;
	struct sim *sim;

	(void)state;
	far(&machine);
	sim = engine_sim(&options);
	word = arena_alloc(sim, LINE, 1, 0, 4096, NULL, "word");
	for (unsigned i = 0; i < SCENARIO_CPUS; i++)
		thread_start(sim, i, hammer, word);
	end_run(sim);
	for (unsigned i = 0; i < SCENARIO_CPUS; i++)
		if (sim->cpu[i].clock > last)
			last = sim->cpu[i].clock;
	assert_int_equal(last, C(1010 + SCENARIO_CPUS * HAMMERS * 5 + 60 - 10 - 5));
	assert_int_equal(*word, SCENARIO_CPUS * HAMMERS);
	sim_free(sim);
}

/* ---- lines that come unasked ---------------------------------------------------------------- */

static void pairs(struct machine *m)
{
	m->prefetchers.pair = true;
}

static void next_lines(struct machine *m)
{
	m->prefetchers.next_line = true;
}

static void window_2(struct machine *m)
{
	m->load_window = 2;
}

static void window_2_one_buffer(struct machine *m)
{
	window_2(m);
	m->miss_buffers = 1;
}

static void pairs_one_buffer(struct machine *m)
{
	pairs(m);
	m->miss_buffers = 1;
}

/* A and B are the two lines of 128 bytes, C and D the next two; memory is 100, its legs 99. */
static void prefetchers(void **state)
{
	static const struct scenario scenarios[] = {
		{ "none: each line for itself", NULL, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 0, 0, LOAD, 'B', C(100) },
			{ 0, 0, LOAD, 'C', C(100) } } },
		{ "the pair comes with either of its lines", pairs, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 0, 0, LOAD, 'B', C(1) },
			{ 0, 0, LOAD, 'D', C(100) }, { 0, 0, LOAD, 'C', C(1) } } },
		{ "with a store too", pairs, {
			{ 0, 1000, STORE, 'B', C(100) }, { 0, 0, LOAD, 'A', C(1) } } },
		{ "not beyond the miss buffers", pairs_one_buffer, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 0, 0, LOAD, 'B', C(100) } } },
		/* CPU 1 has both, B modified. CPU 0's miss on A takes B too, to share it: an upgrade */
		{ "false sharing over 128 bytes", pairs, {
			{ 1, 100, STORE, 'B', C(100) }, { 0, 1000, LOAD, 'A', C(50) },
			{ 1, 2000, STORE, 'B', C(41) } } },
		{ "which there is not without it", NULL, {
			{ 1, 100, STORE, 'B', C(100) }, { 0, 1000, LOAD, 'A', C(100) },
			{ 1, 2000, STORE, 'B', C(1) } } },
		/*
		 * B at 1100 follows A: C is asked for then, and here when B is, at 1199. Its use at 1200
		 * asks for D, which the load at 1201 waits for until 1299, having asked for E.
		 */
		{ "the next line, where loads go upwards", next_lines, {
			{ 0, 1000, LOAD, 'A', C(100) }, { 0, 0, LOAD, 'B', C(100) },
			{ 0, 0, LOAD, 'C', C(1) }, { 0, 0, LOAD, 'D', C(1299 + 1 - 1201) },
			{ 0, 0, LOAD, 'E', C(1) } } },
		{ "not downwards, nor for stores", next_lines, {
			{ 0, 1000, LOAD, 'C', C(100) }, { 0, 0, LOAD, 'B', C(100) },
			{ 0, 0, LOAD, 'A', C(100) }, { 1, 1000, STORE, 'E', C(100) },
			{ 1, 0, STORE, 'F', C(100) }, { 1, 0, LOAD, 'G', C(100) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

static void loads_ahead(void **state)
{
	static const struct scenario scenarios[] = {
		{ "no window: each in its turn", NULL, {
			{ 0, 1000, LOAD_AHEAD, 'A', ANY }, { 0, 0, LOAD_AHEAD, 'B', ANY },
			{ 0, 0, LOAD, 'A', C(100) }, { 0, 0, LOAD, 'B', C(100) } } },
		/* A and B at 1000. A is used at 1099: C is asked for; B at 1100: D */
		{ "two at a time", window_2, {
			{ 0, 1000, LOAD_AHEAD, 'A', ANY }, { 0, 0, LOAD_AHEAD, 'B', ANY },
			{ 0, 0, LOAD_AHEAD, 'C', ANY }, { 0, 0, LOAD_AHEAD, 'D', ANY },
			{ 0, 0, LOAD, 'A', C(100) }, { 0, 0, LOAD, 'B', C(1) },
			{ 0, 0, LOAD, 'C', C(1198 + 1 - 1101) }, { 0, 0, LOAD, 'D', C(1) } } },
		{ "what is passed over makes room", window_2, {
			{ 0, 1000, LOAD_AHEAD, 'A', ANY }, { 0, 0, LOAD_AHEAD, 'B', ANY },
			{ 0, 0, LOAD_AHEAD, 'C', ANY },
			{ 0, 0, LOAD, 'B', C(100) }, { 0, 0, LOAD, 'C', C(1198 + 1 - 1100) } } },
		/* B is asked for when A is here */
		{ "one miss buffer", window_2_one_buffer, {
			{ 0, 1000, LOAD_AHEAD, 'A', ANY }, { 0, 0, LOAD_AHEAD, 'B', ANY },
			{ 0, 0, LOAD, 'A', C(100) }, { 0, 0, LOAD, 'B', C(1198 + 1 - 1100) } } },
		/*
		 * CPU 2's reply is home at 1036, where CPU 1 waits: probes of 10 to CPU 0, whose line is
		 * under way up to 1059, and CPU 2. Given up as it comes; acknowledgement 20, and 1.
		 */
		{ "given up at once", window_2, {
			{ 2, 100, STORE, 'A', ANY }, { 0, 1000, LOAD_AHEAD, 'A', ANY },
			{ 1, 1001, STORE, 'A', C(1059 + 20 + 1 - 1001) },
			{ 0, 2000, LOAD, 'A', C(60) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- buffered stores ------------------------------------------------------------------------ */

static void buffer(struct machine *m)
{
	m->store_buffer = 4;
}

/* The second level is farther than another CPU's copy. */
static void buffer_and_slow_l2(struct machine *m)
{
	m->store_buffer = 4;
	m->l1d = (struct cache_level){ 1, 1, 1, 1 };
	m->l2 = (struct cache_level){ 64, 8, 300, 1 };
}

static void buffered_stores_ask_in_time(void **state)
{
	static const struct scenario scenarios[] = {
		/* A comes from memory: 1001 + 99 = 1100. B is read by 1000 + 39, and then asked for: 40,
		 * and 2 more for the second sharer, by 1081. So B is written after A, at 1101; the fence
		 * goes on at 1102 and takes 10. */
		{ "a read of the younger store's line was under way", buffer, {
			{ 1, 100, LOAD, 'B', ANY }, { 2, 500, LOAD, 'B', ANY },
			{ 0, 1000, PREFETCH, 'B', C(1) }, { 0, 0, STORE, 'A', C(1) },
			{ 0, 0, STORE, 'B', C(1) }, { 0, 0, FENCE, 'A', C(1102 + 10 - 1003) } } },
		/* A is in CPU 0's second level and would be written at 2000 + 299, but CPU 1 reads it.
		 * The store to B asks for A again: 2100 + 40, and there it is written. B comes from
		 * memory by 2199; the fence goes on at 2200. */
		{ "the oldest store's line was lost, and came back before the second level", buffer_and_slow_l2, {
			{ 0, 100, STORE, 'A', ANY }, { 0, 1000, LOAD, 'Q', ANY },
			{ 0, 2000, STORE, 'A', C(1) }, { 1, 2010, LOAD, 'A', C(60) },
			{ 0, 2100, STORE, 'B', C(1) }, { 0, 0, FENCE, 'A', C(2200 + 10 - 2101) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- prefetch ------------------------------------------------------------------------------- */

static void prefetches(void **state)
{
	static const struct scenario scenarios[] = {
		{ "the load waits for the rest", NULL, {
			{ 0, 1000, PREFETCH, 'A', C(1) }, { 0, 1050, LOAD, 'A', C(50) } } },
		{ "used after it came", NULL, {
			{ 0, 1000, PREFETCH, 'A', C(1) }, { 0, 1099, LOAD, 'A', C(1) } } },
		{ "of a line that is there", NULL, {
			{ 0, 100, LOAD, 'A', ANY }, { 0, 1000, PREFETCH, 'A', C(1) },
			{ 0, 0, LOAD, 'A', C(1) } } },
		{ "beside a miss", NULL, {
			{ 0, 1000, PREFETCH, 'A', C(1) }, { 0, 0, LOAD, 'B', C(100) },
			{ 0, 0, LOAD, 'A', C(1) } } },
		/* data at 1039; then the upgrade, 40, and the store */
		{ "a store after a prefetch for reading: twice", NULL, {
			{ 1, 100, LOAD, 'A', ANY }, { 2, 500, LOAD, 'A', ANY },
			{ 0, 1000, PREFETCH, 'A', C(1) },
			/* two others to invalidate: 40 + 2 */
			{ 0, 1010, STORE, 'A', C(1039 - 1010 + 42 + 1) } } },
		{ "a store after a prefetch for writing", NULL, {
			{ 1, 100, LOAD, 'A', ANY }, { 2, 500, LOAD, 'A', ANY },
			{ 0, 1000, PREFETCH_WRITE, 'A', C(1) },
			{ 0, 1010, STORE, 'A', C(42 - 10 + 1) } } },
		/* CPU 1's probe overtakes the prefetched data, which is given up as it comes, at
		 * 1060 */
		{ "given up at once", NULL, {
			{ 2, 100, STORE, 'A', ANY }, { 0, 1000, PREFETCH_WRITE, 'A', C(1) },
			{ 1, 1001, STORE, 'A', C(1060 - 1001) + DATA_STORE + C(1) },
			{ 0, 1200, STORE, 'A', C(61) } } },
		{ "not given up under the access at the head", NULL, {
			{ 2, 100, STORE, 'A', ANY }, { 0, 1000, PREFETCH_WRITE, 'A', C(1) },
			{ 0, 1030, ADD, 'A', C(40) },
			{ 1, 1001, STORE, 'A', C(1070 - 1001) + DATA_STORE + C(1) } } },
	};
	const struct machine machine = engine_machine();

	(void)state;
	PLAY(&machine, scenarios);
}

/* ---- spinners, interrupts, locks: two CPUs, written out ------------------------------------- */

struct two {
	uint64_t *word;
	struct spinlock *lock;
	enum lock_kind kind;
	unsigned at;
	uint64_t end, body, middle;
};

struct shortcuts {
	bool no_run_ahead, no_parking;
};

static const struct shortcuts all_ways[] = {
	{ false, false }, { true, false }, { false, true }, { true, true }
};

static struct sim *two_cpus(const struct machine *machine, struct two *two, struct shortcuts off)
{
	struct sim_options options = engine_options(machine, 2);
	struct sim *sim;

	options.no_run_ahead = off.no_run_ahead;
	options.no_parking = off.no_parking;
	sim = engine_sim(&options);
	two->word = arena_alloc(sim, LINE, 4, 0, 4096, NULL, "word");
	two->lock = arena_alloc(sim, LINE, 1, 0, 4096, NULL, "lock");
	spin_lock_init(two->lock, two->kind);
	return sim;
}

#define assert_units(got, wanted) assert_units_at(got, wanted, #got, __LINE__)

static void assert_units_at(uint64_t got, uint64_t wanted, const char *what, int line)
{
	if (got != wanted)
		fail_msg("line %d: %s is %llu + %llu/64 cycles, expected %llu + %llu/64", line,
			 what, (unsigned long long)got / 64, (unsigned long long)got % 64,
			 (unsigned long long)wanted / 64, (unsigned long long)wanted % 64);
}

enum { BLOCK_LINES = 256 };

static void comes_to_a_block(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	for (unsigned i = 0; i < BLOCK_LINES; i++)
		load_ahead(cpu, two->word + 8 * i);
	for (unsigned i = 0; i < BLOCK_LINES; i++)
		load(cpu, two->word + 8 * i);
	two->end = cpu->clock;
}

/*
 * A page struct for each page of a block of 2^8, nobody has them: 256 x 100. Ten at a time: line
 * 10 b + i is asked for when line 10 (b - 1) + i is used and is here at 99 (b + 1) + i; the last,
 * b = 25 and i = 5, at 2574 + 5, and its load ends 1 later.
 */
static void a_block_costs_less_ahead(void **state)
{
	static const struct { unsigned window, end; } rows[] = { { 0, 25600 }, { 10, 2580 } };

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
		struct machine machine = engine_machine();
		struct sim_options options = engine_options(&machine, 1);
		struct two two = { 0 };
		struct sim *sim;

		machine.load_window = rows[i / 2].window;
		options.no_run_ahead = i & 1;
		sim = engine_sim(&options);
		two.word = arena_alloc(sim, LINE, BLOCK_LINES, 0, 4096, NULL, "block");
		thread_start(sim, 0, comes_to_a_block, &two);
		end_run(sim);
		assert_units(two.end, C(rows[i / 2].end));
		sim_free(sim);
	}
}

static void spinner(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 500);
	waiting(cpu, WAITING_IDLE);
	spin_while(cpu, two->word, value == 0, STEP_PAUSE);
	waiting(cpu, NOT_WAITING);
	two->end = cpu->clock;
}

static void writer(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, two->at);
	store(cpu, two->word, 1);
}

static void empty_handler(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	two->body = cpu->clock;
}

static uint64_t spin_end(unsigned store_at, uint64_t interrupt_at, double entry_exit,
			 struct shortcuts off)
{
	struct machine machine = engine_machine();
	struct two two = { .at = store_at };
	struct sim *sim;

	machine.irq_entry_exit_ns = entry_exit;
	sim = two_cpus(&machine, &two, off);
	thread_start(sim, 0, writer, &two);
	thread_start(sim, 1, spinner, &two);
	if (interrupt_at)
		timer_add(sim, 1, interrupt_at, 0, empty_handler, &two);
	end_run(sim);
	sim_free(sim);
	return two.end;
}

/*
 * CPU 1 has the word from 600 on and polls at 604, 609, ... (pause 4, hit 1). A store at t takes
 * its line away at t + 10 + 13.33; the store itself happens at t + 50 (E elsewhere).
 */
static void spinner_wakes_on_its_grid(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		/* lost at 1023.33: polls at 1024, asks CPU 0 by 1047, served after its store at
		 * 1050: 36 more, and 1 */
		assert_units(spin_end(1000, 0, 200, all_ways[i]), C(1050 + 36 + 1));
		/* lost at 1024.33: polls at 1029, at CPU 0 by 1052, whose store was at 1051 */
		assert_units(spin_end(1001, 0, 200, all_ways[i]), C(1052 + 36 + 1));
		/* lost at 1028.33: the same poll, CPU 0's store is at 1055 */
		assert_units(spin_end(1005, 0, 200, all_ways[i]), C(1055 + 36 + 1));
		/* lost at 1029.33: the next poll, 1034, at CPU 0 by 1057 */
		assert_units(spin_end(1006, 0, 200, all_ways[i]), C(1057 + 36 + 1));
	}
}

/*
 * The interrupt comes at 801; the CPU takes it at its poll at 804. Entry and exit 202: polls at
 * 1006, 1011, ... from then on (the old grid had 1004, 1009, ...).
 */
static void spinner_with_an_interrupt_polls_on_a_new_grid(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		/* lost at 1103 + 23.33 = 1126.33: polls at 1131, at CPU 0 by 1154, its store was
		 * at 1153 */
		assert_units(spin_end(1103, 801, 202, all_ways[i]), C(1154 + 36 + 1));
		/* lost at 1125.33: polls at 1126, at CPU 0 by 1149, served after its store at
		 * 1152 */
		assert_units(spin_end(1102, 801, 202, all_ways[i]), C(1152 + 36 + 1));
		/* an interrupt at the time of a poll comes before it; one later waits for the
		 * next: same grid */
		assert_units(spin_end(1103, 800, 202, all_ways[i]), C(1154 + 36 + 1));
		assert_units(spin_end(1103, 804, 202, all_ways[i]), C(1154 + 36 + 1));
		/* taken at 809: polls at 1011: no change modulo 5 */
		assert_units(spin_end(1103, 805, 202, all_ways[i]), C(1154 + 36 + 1));
		/* entry and exit 203: polls at 1007, ..., 1127: at CPU 0 by 1150 */
		assert_units(spin_end(1103, 801, 203, all_ways[i]), C(1153 + 36 + 1));
	}
}

/* CPU 0 stores at 1000, CPUs 1 to 3 wait for it, CPU 4 looks at 1030. */
struct watched {
	uint64_t *word, end[5];
};

static void watch(struct cpu *cpu, void *argument)
{
	struct watched *w = argument;
	unsigned id = cpu_id(cpu);
	static const unsigned start[] = { 1000, 500, 601, 702, 1030 };

	wait_until(cpu, start[id]);
	if (id == 0) {
		store(cpu, w->word, 1);
	} else if (id == 4) {
		load(cpu, w->word);
	} else {
		waiting(cpu, WAITING_IDLE);
		spin_while(cpu, w->word, value == 0, STEP_PAUSE);
		waiting(cpu, NOT_WAITING);
	}
	w->end[id] = cpu->clock;
}

/*
 * The first loads end at 600, 651, 742, so polls (pause 4, hit 1) are at ...1024, 1025, 1026. The
 * store: home 1010, invalidations with (40 - 10) / 3 = 10 at 1020, 1022, 1024, acknowledged 20
 * later: effect at 1044. The three ask at once, home 1034, 1035, 1036; CPU 4's load 1040.
 *
 * Chasing: CPU 1's probe is at CPU 0 at 1047, its data 36 later and a hit: 1084; the reply is
 * home at 1060. The others are served then, 29 of a shared line's total and a hit: 1090, CPU 3 as
 * much later as rereads are apart, CPU 4 not.
 *
 * Blocking: the store's completion is home at 1054, CPU 1's probe at CPU 0 at 1067, its data there
 * at 1103, home knows at 1113. CPU 2: 1113 + 29 + 1. Without a limit the home waits for its
 * completion, 1142 + 10, and CPU 3's, 1181 + 10; with one it serves CPU 3 20 later, CPU 4 at once.
 */
static void waiters_read_again_one_by_one(void **state)
{
	static const struct {
		enum home_order home;
		double reread_ns;
		unsigned end[5];
	} rows[] = {
		{ ORDER_CHASING, 0, { 1045, 1084, 1090, 1090, 1090 } },
		{ ORDER_CHASING, 20, { 1045, 1084, 1090, 1110, 1090 } },
		{ ORDER_BLOCKING, 0, { 1045, 1104, 1143, 1182, 1221 } },
		{ ORDER_BLOCKING, 20, { 1045, 1104, 1143, 1163, 1143 } },
	};

	(void)state;
	for (unsigned i = 0; i < 4 * sizeof rows / sizeof *rows; i++) {
		struct machine machine = engine_machine();
		struct sim_options options = engine_options(&machine, 5);
		struct watched w;
		struct sim *sim;

		machine.handoff.home = (int)rows[i / 4].home;
		machine.reread_ns = rows[i / 4].reread_ns;
		options.no_run_ahead = all_ways[i % 4].no_run_ahead;
		options.no_parking = all_ways[i % 4].no_parking;
		sim = engine_sim(&options);
		w.word = arena_alloc(sim, LINE, 1, 0, LINE, NULL, "word");
		for (unsigned id = 0; id < 5; id++)
			thread_start(sim, id, watch, &w);
		end_run(sim);
		for (unsigned id = 0; id < 5; id++)
			assert_units(w.end[id], C(rows[i / 4].end[id]));
		sim_free(sim);
	}
}

static void computing(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 100);
	compute_cycles(cpu, 1000);
	two->end = cpu->clock;
}

/* Entry and exit are half of 200 each; the handler's body starts after the entry. */
static void interrupts_cut_compute(void **state)
{
	static const struct { unsigned at, body, end; } rows[] = {
		{ 50,   150,  1300 },           /* while it waits until 100 */
		{ 300,  400,  1300 },
		{ 1099, 1199, 1300 },
	};
	const struct machine machine = engine_machine();

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		for (unsigned way = 0; way < 4; way++) {
			struct two two = { 0 };
			struct sim *sim = two_cpus(&machine, &two, all_ways[way]);

			thread_start(sim, 0, computing, &two);
			timer_add(sim, 0, rows[i].at, 0, empty_handler, &two);
			end_run(sim);
			assert_units(two.body, C(rows[i].body));
			assert_units(two.end, C(rows[i].end));
			sim_free(sim);
		}
}

static void sends_an_ipi(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 100);
	ipi_send(cpu, 1, empty_handler, two);
	assert_units(cpu->clock,
		     C(100) + 1); /* it does not wait: one unit, as every message takes */
}

static void misses_at_590(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 590);
	load(cpu, two->word);
	two->middle = cpu->clock;
	load(cpu, two->word);
	two->end = cpu->clock;
}

static void interrupts_off(struct cpu *cpu, void *argument)
{
	struct two *two = argument;
	bool flags = irq_save(cpu);

	compute_cycles(cpu, 1000);
	irq_restore(cpu, flags);
	two->middle = cpu->clock;
	load(cpu, two->word);
	two->end = cpu->clock;
}

static struct two with_ipi(thread_function *function, struct counts *counts)
{
	const struct machine machine = engine_machine();
	struct two two = { 0 };
	struct sim *sim = two_cpus(&machine, &two, all_ways[0]);
	struct result *r;

	thread_start(sim, 0, sends_an_ipi, &two);
	thread_start(sim, 1, function, &two);
	end_run(sim);
	r = sim_result(sim);
	*counts = r->cpu[1];
	assert_int_equal(r->total.ipis, 1);
	result_free(r);
	sim_free(sim);
	return two;
}

/* Sent at 100, half a round trip of 1000 later it is there: 600. Entry 100, exit 100. */
static void ipis(void **state)
{
	struct counts counts;
	struct two two;

	(void)state;
	two = with_ipi(computing, &counts);             /* 100 to 1100, cut */
	assert_units(two.body, C(700));
	assert_units(two.end, C(1300));
	assert_units(counts.cause_units[CAUSE_INTERRUPTS], C(200));
	assert_units(counts.cause_units[CAUSE_COMPUTE], C(1100));
	/* a load that misses, 590 to 690, is not cut; then the handler; then the next verb */
	two = with_ipi(misses_at_590, &counts);
	assert_units(two.middle, C(690));
	assert_units(two.body, C(690 + 100));
	assert_units(two.end, C(690 + 200 + 1));
	/* off from 10 (pushf and cli: half of 20) until popf is over, 10 after 1010: 1020; then
	 * the handler */
	two = with_ipi(interrupts_off, &counts);
	assert_units(two.middle, C(1020));
	assert_units(two.body, C(1020 + 100));
	assert_units(two.end, C(1020 + 200 + 100));
	assert_units(counts.irq_off_units, C(1020 - 10));
	assert_units(counts.irq_off_units_max, C(1020 - 10));
}

/* ---- equal starts --------------------------------------------------------------------------- */

static void stores_at_1000(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 1000);
	store(cpu, two->word, 1);
	two[cpu_id(cpu)].end = cpu->clock;
}

/*
 * Both find the line with nobody: requests at 1010, in either order. The first has it at 1099 and
 * is done at 1100. The second's probe, at 1010 + 13.33, waits for that one operation at 1099;
 * data DATA_STORE later, then 1.
 */
static void equal_starts_in_both_orders(void **state)
{
	const struct machine machine = engine_machine();
	const uint64_t early = C(1100), late = C(1099) + DATA_STORE + C(1);
	unsigned first[2] = { 0, 0 };

	(void)state;
	for (uint64_t seed = 1; seed <= 24; seed++) {
		struct sim_options options = engine_options(&machine, 2);
		struct two two[2] = { { 0 }, { 0 } };
		struct sim *sim;
		unsigned winner;

		options.seed = seed;
		sim = engine_sim(&options);
		two[0].word = arena_alloc(sim, LINE, 1, 0, 4096, NULL, "word");
		for (unsigned i = 0; i < 2; i++)
			thread_start(sim, i, stores_at_1000, two);
		end_run(sim);
		winner = two[1].end < two[0].end;
		assert_units(two[winner].end, early);
		assert_units(two[!winner].end, late);
		first[winner]++;
		sim_free(sim);
	}
	/* 24 fair tosses: fewer than 5 of either side happen once in 600 */
	if (first[0] < 5 || first[1] < 5)
		fail_msg("CPU 0 first %u times, CPU 1 %u times", first[0], first[1]);
}

/* ---- lock hand-over ------------------------------------------------------------------------- */

static void holder(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 100);
	spin_lock(cpu, two->lock, two->kind);
	wait_until(cpu, 1000);
	spin_unlock(cpu, two->lock, two->kind);
	two->middle = cpu->clock;
}

static void waiter(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 500);
	spin_lock(cpu, two->lock, two->kind);
	two->end = cpu->clock;
}

/*
 * CPU 1's LOCK operation at 500 finds the lock held, done at 570; reads at 571, then polls at
 * 575, 580, ... CPU 0 unlocks at 1000: its line is M at CPU 1, there by 1023.33, and the word
 * changes at 1060. CPU 1 polls at 1025, is at CPU 0 by 1048, waits for the unlock at 1060; 36
 * more and 1: 1097.
 */
static void lock_hand_over(void **state)
{
	static const struct { enum lock_kind kind; uint64_t unlocked, taken; } rows[] = {
		/* the store ends at 1061; CPU 1 shares the line with CPU 0 now: LOCK dec
		 * upgrades, 50 */
		{ LOCK_DEC, C(1061), C(1097 + 50) },
		/* add without LOCK ends at 1061 as well; CPU 1 sees its ticket */
		{ LOCK_TICKET, C(1061), C(1097) },
	};
	const struct machine machine = engine_machine();

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		for (unsigned way = 0; way < 4; way++) {
			struct two two = { .kind = rows[i].kind };
			struct sim *sim = two_cpus(&machine, &two, all_ways[way]);
			struct result *r;

			thread_start(sim, 0, holder, &two);
			thread_start(sim, 1, waiter, &two);
			end_run(sim);
			assert_units(two.middle, rows[i].unlocked);
			assert_units(two.end, rows[i].taken);
			r = sim_result(sim);
			/* polls at 575, 580, ..., 1025 */
			assert_int_equal(r->total.lock_spins, (1025 - 575) / 5 + 1);
			assert_int_equal(r->locks, 1);
			assert_int_equal(r->lock[0].taken, 2);
			assert_int_equal(r->lock[0].contended, 1);
			assert_units(r->lock[0].wait_units, two.end - C(570));
			result_free(r);
			sim_free(sim);
		}
}

/* ---- the hold window, counted --------------------------------------------------------------- */

static void stores_until_it_misses(struct cpu *cpu, void *argument)
{
	struct two *two = argument;
	uint64_t start;

	wait_until(cpu, 1000);
	do {
		start = cpu->clock;
		store(cpu, two->word, 1);
		two->at++;
	} while (cpu->clock - start == C(1) || two->at == 1);
	two->at--;
}

static void stores_at_1001(struct cpu *cpu, void *argument)
{
	struct two *two = argument;

	wait_until(cpu, 1001);
	store(cpu, two->word, 1);
}

/*
 * Nobody has the line: CPU 0 stores from 1099 on, its completion is at the home at 1109, CPU 1's
 * probe back at 1109 + 13.33 = 1122.33. Stores that start at 1099, 1100, ..., 1122 hit: 24. A
 * chasing home has asked long before: 1.
 */
static void stores_in_the_hold_window(void **state)
{
	static const struct {
		int order;
		unsigned stores;
	} rows[] = { { ORDER_CHASING, 1 }, { ORDER_BLOCKING, 24 } };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct machine machine = engine_machine();
		struct two two = { 0 };
		struct sim *sim;

		machine.handoff.home = rows[i].order;
		sim = two_cpus(&machine, &two, all_ways[0]);
		thread_start(sim, 0, stores_until_it_misses, &two);
		thread_start(sim, 1, stores_at_1001, &two);
		end_run(sim);
		assert_int_equal(two.at, rows[i].stores);
		sim_free(sim);
	}
}

/* ---- locality of grants ---------------------------------------------------------------------- */

struct order {
	uint64_t *word, got[9];
};

/* CPUs 0 to 3 share a level, CPU 4 has another. CPU 8, at a third, has the line; the others add. */
static void add_in_turn(struct cpu *cpu, void *argument)
{
	struct order *order = argument;
	unsigned id = cpu_id(cpu);
	uint64_t start = id < 4 ? 1000 + id : 1001;

	if (id > 4 && id < 8)
		return;
	if (id == 8)
		store(cpu, order->word, 100);
	wait_until(cpu, start);
	if (id != 8)
		order->got[id] = fetch_add(cpu, order->word, 1);
}

/*
 * CPU 0's request takes its level to the home below first; CPU 4's follows a cycle later, its probe
 * is at CPU 0's level before the line. CPUs 1 to 3 wait there by then. So CPU 0 adds first, and
 * CPU 4 after as many of the others as the bias allows.
 */
static void neighbours_first(void **state)
{
	(void)state;
	for (unsigned bias = 0; bias < 5; bias++) {
		struct machine m = engine_machine_shared();
		struct order seen = { 0 };
		struct sim_options o;
		struct sim *sim;

		m.cores_per_die = 4;
		m.l2.shared = 4;
		m.home = HOME_DIRECTORY;
		m.handoff.local_bias = bias;
		o = engine_options(&m, 9);
		sim = engine_sim(&o);
		seen.word = arena_alloc(sim, LINE, 1, 0, LINE, NULL, "word");
		for (unsigned i = 0; i < 9; i++)
			thread_start(sim, i, add_in_turn, &seen);
		end_run(sim);
		assert_int_equal(seen.got[0], 100);
		assert_int_equal(seen.got[4], 101 + (bias < 3 ? bias : 3));
		for (unsigned i = 1; i < 4; i++)
			assert_int_equal(seen.got[i], 100 + i + (i > bias));
		sim_free(sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_first),
		cmocka_unit_test(alone),
		cmocka_unit_test(chains_wait_for_the_result),
		cmocka_unit_test(unbroken_chains_cost_less),
		cmocka_unit_test(totals_as_in_the_table),
		cmocka_unit_test(store_totals_where_the_machine_has_them),
		cmocka_unit_test(home_elsewhere),
		cmocka_unit_test(invalidating_sharers),
		cmocka_unit_test(queues),
		cmocka_unit_test(locked_operations_keep_their_line),
		cmocka_unit_test(requests_for_a_line_under_way),
		cmocka_unit_test(owners_hold_their_line),
		cmocka_unit_test(occupancy),
		cmocka_unit_test(evictions),
		cmocka_unit_test(shared_level),
		cmocka_unit_test(bus_of_a_socket),
		cmocka_unit_test(owned_lines),
		cmocka_unit_test(migrating_lines),
		cmocka_unit_test(forwarded_lines),
		cmocka_unit_test(protocols_at_shared_levels),
		cmocka_unit_test(remote_dirty_homed_at_the_reader),
		cmocka_unit_test(far_atomics),
		cmocka_unit_test(far_atomics_at_a_shared_level),
		cmocka_unit_test(many_far_atomics_are_as_fast_as_the_home),
		cmocka_unit_test(prefetchers),
		cmocka_unit_test(loads_ahead),
		cmocka_unit_test(a_block_costs_less_ahead),
		cmocka_unit_test(prefetches),
		cmocka_unit_test(buffered_stores_ask_in_time),
		cmocka_unit_test(spinner_wakes_on_its_grid),
		cmocka_unit_test(spinner_with_an_interrupt_polls_on_a_new_grid),
		cmocka_unit_test(waiters_read_again_one_by_one),
		cmocka_unit_test(interrupts_cut_compute),
		cmocka_unit_test(ipis),
		cmocka_unit_test(equal_starts_in_both_orders),
		cmocka_unit_test(lock_hand_over),
		cmocka_unit_test(stores_in_the_hold_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
