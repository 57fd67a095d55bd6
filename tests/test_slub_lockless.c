/*
 * slub-lockless (3.1, 3.2, 3.18): which accesses each path makes and which lines it touches, from the
 * sheet, chapters 5 and 6.2.
 *
 * Names as in test_slub_cmpxchg.c. The exchange of a slab's state, AC16 in the sheet, is "A
 * PG(a).freelist", and before it KC0.flags says whether there is one (5.3). The node that goes into
 * kmem_cache_cpu is read from PG.flags, as 4.4.4 has it. nr_partial comes before the list, as in
 * 2.6.5.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model_fixture.h"
#include "tests/slub_paths.h"

static const struct path_row rows_31[] = {
	/* Table: as 4.8. */
	{ "alloc fast", "fast", 0, 1, "0+a !0+b", FAST EXCHANGE("b"), "KC0 OB", "CS", 0 },
	{ "alloc fast, zeroed", "fast", 0, 1, "0+a !0*b",
	  FAST EXCHANGE("b") ", R KC.objsize, W OBL(b)", "KC0", "CS OB", 0 },
	/* Table: reads KC0, OB; writes CS, PG; 1 AC16. */
	{ "alloc refill", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST REFILL("e", AGAIN) LOAD("e"), "KC0 OB", "CS PG", 1 },
	{ "alloc refill, 3.1.0", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST REFILL("e", "") LOAD("e"), "KC0 OB", "CS PG", 1, .released = true },
	{ "alloc refill, preemptible", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST ", R KC.cpu_slab" REFILL("e", AGAIN) LOAD("e"), "KC0 OB", "CS PG", 1,
	  .preempt = true },
	/* Table: reads KC0, KCN, OB; writes CS, old PG, new PG, ND, PGn; old PG 1, ND 1, new PG 1. */
	{ "alloc, switch to a partial slab", "partial", 0, 1, THREE_FULL "1-a 1-e !0+m",
	  FAST GIVE_UP("i", AGAIN) TAKE_31("m", "PG(e).lru_prev"), "KC0 KCN OB", "CS PG ND", 3 },
	/* Table: reads KC0 and KC1, KCN; writes CS, old PG, new PG, ND, objects, VS; 1 + 2. */
	{ "alloc, new slab", "new slab", 0, 1, "0+a 0+b 0+c 0+d !0+e",
	  FAST GIVE_UP("a", AGAIN) ", R KCN, R ND.nr_partial" NEW_31("e"),
	  "KC0 KC1 KCN Z", "CS PG ND OB VS", 3 },
	{ "alloc, the very first", "new slab", 0, 1, "!0+a",
	  FAST ", R CS.page, R KCN, R ND.nr_partial" NEW_31("a"),
	  "KC0 KC1 KCN Z", "CS PG ND OB VS", 2 },

	{ "free fast", "fast", 0, 1, "0+a !0-a", FREE("a") TO_MINE PUSH("a"), "PG KC0", "CS OB", 0 },
	{ "free fast, tail page", "fast", 2048, 1, "0+a 0+b 0+c !0-c",
	  "R PGt(c).flags, R PGt(c).first_page" TO_MINE PUSH("c"), "PGt KC0", "CS OB", 0 },
	{ "kfree fast", "fast", 0, 1, "0+a !0~a",
	  FREE("a") ", R PG(a).flags, R PG(a).slab" TO_MINE PUSH("a"), "PG KC0", "CS OB", 0 },
	/* Table: reads KC0, CS; writes PG, OB; 1 AC16. */
	{ "free to another CPU's slab", "slow", 0, 1, "0+a !1-a",
	  NOT_MINE("a") FREE_SLOW("a") AC16("a"), "KC0 CS", "PG OB", 1 },
	{ "free to a slab that is partial already", "slow", 0, 1, "0+a 0+b 0+c 0+d 0+e 1-a !1-b",
	  NOT_MINE("b") FREE_SLOW("b") AC16("b"), "KC0 CS", "PG OB", 1 },
	/* At the tail. Table: reads KC0, CS, KCN; writes PG, OB, ND, PGn; 1 AC16 + 1 ND. */
	{ "free, full to partial", "full to partial", 0, 1, THREE_FULL "1-a !1-e",
	  NOT_MINE("e") FREE_SLOW("e") LOCKED("e") AC16("e")
	  ADD_TAIL("e", "PG(a).lru_next") ", M ND.lock", "KC0 CS KCN", "PG OB ND", 2 },
	/* The list is a, e, i, and 3 is not above 3: e stays. Table: 1 AC16 + 1 ND. */
	{ "free of the last object, kept", "slow", 0, 1, THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  NOT_MINE("h") FREE_SLOW("h") LOCKED("h") AC16("h") ENOUGH ", M ND.lock",
	  "KC0 CS KCN", "PG OB ND", 2, .min_partial = 3 },
	/* 3 is above 2. Table: reads KC0, CS, KCN; writes PG, OB, ND, PGn twice, VS; 2 + 2 ND. */
	{ "free of the last object", "slab empty", 0, 1,
	  THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  NOT_MINE("h") FREE_SLOW("h") LOCKED("h") AC16("h") ENOUGH
	  LIST_DEL("h", "PG(a).lru_next", "PG(i).lru_prev") ", M ND.lock" DISCARD("h", ""),
	  "KC0 CS KCN Z", "PG OB ND VS", 4, .min_partial = 2 },
	/* Of two pages, objects of 2 KiB: the second page struct is not looked at before 3.10. */
	{ "alloc, new slab of two pages", "new slab", 2048, 1, "!0+a",
	  FAST ", R CS.page, R KCN, R ND.nr_partial" NEW_31("a"),
	  "KC0 KC1 KCN Z", "CS PG ND OB VS", 2 },
	/* The list is e, a, and 2 is above 1. 4.6.8: the second page struct has the order; in the end it
	 * is no tail any more. */
	{ "free of the last object, two pages", "slab empty", 2048, 1, TWO_FULL "0+i 1-e 1-b 1-c 1-d !1-a",
	  NOT_MINE("a") FREE_SLOW("a") LOCKED("a") AC16("a") ENOUGH
	  LIST_DEL("a", "PG(e).lru_next", "ND.partial_prev") ", M ND.lock"
	  DISCARD_ORDER_1("a", "c", ""),
	  "KC0 CS KCN PG Z", "PG OB ND VS", 4, .min_partial = 1 },
	{ "alloc, new slab, NUMA", "new slab", 0, 2, "0+a 0+b 0+c 0+d !0+e",
	  FAST GIVE_UP("a", AGAIN) ", R KCN, R ND.nr_partial, R KC.defrag_ratio" NEW_31("e"),
	  "KC0 KC1 KC3 KCN Z", "CS PG ND OB VS", 3 },

	/* 5.3 and 1.7 without cmpxchg16b: the slab lock, in the line that 2.6.39 has it in; and two
	 * reads and two stores on the CPU's pair. */
#define EMULATED  ", R CS.freelist, R CS.tid, W CS.freelist, W CS.tid"
#define FALLBACK(x) \
	", R KC.flags, A PG(" x ").flags" STATE(x) ", W PG(" x ").freelist, W PG(" x ").counters" \
	", M PG(" x ").flags"
	{ "alloc fast, no cmpxchg16b", "fast", 0, 1, "0+a !0+b",
	  FAST ", R KC.offset, R OB(b), R KC.cpu_slab" EMULATED, "KC0 OB", "CS", 0,
	  .no_cmpxchg16b = true },
	{ "alloc refill, no cmpxchg16b", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST ", R CS.page" AGAIN STATE("e") FALLBACK("e") LOAD("e"), "KC0 OB", "CS PG", 1,
	  .no_cmpxchg16b = true },
	{ "free to another CPU's slab, no cmpxchg16b", "slow", 0, 1, "0+a !1-a",
	  NOT_MINE("a") FREE_SLOW("a") FALLBACK("a"), "KC0 CS", "PG OB", 1, .no_cmpxchg16b = true },
};

static const struct path_row rows_32[] = {
	{ "alloc fast", "fast", 0, 1, "0+a !0+b", FAST EXCHANGE("b"), "KC0 OB", "CS", 0 },
	{ "alloc refill", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST REFILL("e", AGAIN) LOAD("e"), "KC0 OB", "CS PG", 1 },
	{ "alloc, new slab", "new slab", 0, 1, "0+a 0+b 0+c 0+d !0+e",
	  FAST GIVE_UP("a", AGAIN) ", R CS.partial, R KCN, R ND.nr_partial" NEW_32("e"),
	  "KC0 KC1 KCN Z", "CS PG ND OB VS", 3 },
	{ "alloc, new slab, no CPU partial slabs", "new slab", 0, 1, "0+a 0+b 0+c 0+d !0+e",
	  FAST GIVE_UP("a", AGAIN) ", R KCN, R ND.nr_partial" NEW_32("e"),
	  "KC0 KC1 KCN Z", "CS PG ND OB VS", 3, .no_cpu_partial = true },
	/* The slab that CPU 1 has in its list. Table: reads KC0, OB; writes CS, old PG, new PG; 2. */
	{ "alloc, exhausted to CPU's partial", "refill", 0, 1, "1+w 1+x 1+y 1+z " ONE_FULL "1-a !1+m",
	  FAST GIVE_UP("w", AGAIN) ", R CS.partial, W CS.page, R PG(m).lru_next, W CS.partial"
	  NODE("m") ", W CS.freelist" AGAIN STATE("m") AC16("m") LOAD("m"),
	  "KC0 OB", "CS PG", 2 },
	/* CPU 1 keeps more than one object, so the third slab sent e and a to the node. CPU 0 takes e,
	 * and a for later: its one object is above half of 1. */
	{ "alloc, exhausted to a node's slabs", "partial", 0, 1,
	  THREE_FULL "0+m 0+n 0+o 0+p 1-a 1-e 1-i !0+q",
	  FAST GIVE_UP("m", AGAIN) ", R CS.partial" WALK ", R PG(q).lru_next" STATE("q") AC16("q")
	  LIST_DEL("q", "ND.partial_next", "PG(a).lru_prev") ", W CS.page" NODE("q")
	  ", R PG(q).objects, R PG(q).inuse, R KC.cpu_partial, R PG(a).lru_next" STATE("a") AC16("a")
	  LIST_DEL("a", "ND.partial_next", "ND.partial_prev") ", R CS.partial" PUT("a")
	  ", R KC.cpu_partial, M ND.lock, R KC.flags" LOAD("q"),
	  "KC0 KCN OB", "CS PG ND", 4, .cpu_partial = 1 },
	/* As released: the exchange takes the list of a away, and a store puts it back. */
	{ "alloc, exhausted to a node's slabs, as released", "partial", 0, 1,
	  THREE_FULL "0+m 0+n 0+o 0+p 1-a 1-e 1-i !0+q",
	  FAST GIVE_UP("m", AGAIN) ", R CS.partial" WALK ", R PG(q).lru_next" STATE("q") AC16("q")
	  LIST_DEL("q", "ND.partial_next", "PG(a).lru_prev") ", W CS.page" NODE("q")
	  ", R PG(q).objects, R PG(q).inuse, R KC.cpu_partial, R PG(a).lru_next" STATE("a") AC16("a")
	  LIST_DEL("a", "ND.partial_next", "ND.partial_prev") ", W PG(a).freelist, R CS.partial"
	  PUT("a") ", R KC.cpu_partial, M ND.lock, R KC.flags" LOAD("q"),
	  "KC0 KCN OB", "CS PG ND", 4, .cpu_partial = 1, .released = true },

	{ "free fast", "fast", 0, 1, "0+a !0-a", FREE("a") TO_MINE PUSH("a"), "PG KC0", "CS OB", 0 },
	{ "free to another CPU's slab", "slow", 0, 1, "0+a !1-a",
	  NOT_MINE("a") FREE_SLOW("a") AC16("a"), "KC0 CS", "PG OB", 1 },
	/* Table: reads KC0, CS, old head's PG; writes PG, OB, CS; 1 AC16. */
	{ "free, full to CPU's partial", "full to CPU's partial", 0, 1, ONE_FULL "!1-a",
	  NOT_MINE("a") FREE_SLOW("a") AC16("a") ", R CS.partial" PUT("a"),
	  "KC0", "PG OB CS", 1 },
	{ "free, full to CPU's partial, the second", "full to CPU's partial", 0, 1,
	  THREE_FULL "1-a !1-e",
	  NOT_MINE("e") FREE_SLOW("e") AC16("e") HEAD("a") ", R KC.cpu_partial" PUT("e"),
	  "KC0 PG", "PG OB CS", 1 },
	/* The head says 2 objects, more than 1: e and a go to the node under one list_lock; the third
	 * then finds another head than it has read, and puts itself there once more (5.8, S2).
	 * Table: reads KCN; writes CS, 2 PG, ND, PGn; 2 AC16 + 1 ND, and the free's own AC16. */
	{ "free, full to CPU's partial, drained", "full to CPU's partial", 0, 1,
	  THREE_FULL "0+m 1-a 1-e !1-i",
	  NOT_MINE("i") FREE_SLOW("i") AC16("i") HEAD("e") ", R KC.cpu_partial"
	  TAKE_OWN("e") STATE("e") NODE_OF("e") ", A ND.lock" ADD_TAIL("e", "ND.partial_next")
	  AC16("e") TAKE_OWN("a") STATE("a") NODE_OF("a") ADD_TAIL("a", "PG(e).lru_next") AC16("a")
	  ", R CS.partial, M ND.lock" PUT("i") ", R CS.partial" PUT("i"),
	  "KC0 KCN", "PG OB CS ND", 4, .cpu_partial = 1 },
	/* All of e came back meanwhile. No list_lock is held when e is looked at, so it goes, whatever
	 * min_partial says (5.8), once the lock that a needs is given back. */
	{ "free, full to CPU's partial, drained, one is empty", "full to CPU's partial", 0, 1,
	  THREE_FULL "0+m 1-a 1-e 1-f 1-g 1-h !1-i",
	  NOT_MINE("i") FREE_SLOW("i") AC16("i") HEAD("e") ", R KC.cpu_partial"
	  TAKE_OWN("e") STATE("e") AC16("e") ", W PG(e).lru_next"
	  TAKE_OWN("a") STATE("a") NODE_OF("a") ", A ND.lock" ADD_TAIL("a", "ND.partial_next")
	  AC16("a") ", R CS.partial, M ND.lock, R PG(e).lru_next" DISCARD("e", "")
	  PUT("i") ", R CS.partial" PUT("i"),
	  "KC0 KCN Z", "PG OB CS ND VS", 6, .cpu_partial = 1 },
	{ "free of the last object, two pages", "slab empty", 2048, 1, TWO_FULL "0+i 1-e 1-b 1-c 1-d !1-a",
	  NOT_MINE("a") FREE_SLOW("a") LOCKED("a") AC16("a") ENOUGH
	  LIST_DEL("a", "PG(e).lru_next", "ND.partial_prev") ", M ND.lock"
	  DISCARD_ORDER_1("a", "c", ""),
	  "KC0 CS KCN PG Z", "PG OB ND VS", 4, .min_partial = 1, .no_cpu_partial = true },
	/* Without them as 3.1. */
	{ "free, full to partial, no CPU partial slabs", "full to partial", 0, 1, THREE_FULL "1-a !1-e",
	  NOT_MINE("e") FREE_SLOW("e") LOCKED("e") AC16("e")
	  ADD_TAIL("e", "PG(a).lru_next") ", M ND.lock", "KC0 CS KCN", "PG OB ND", 2,
	  .no_cpu_partial = true },
	{ "free of the last object, kept", "slow", 0, 1, THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  NOT_MINE("h") FREE_SLOW("h") LOCKED("h") AC16("h") ENOUGH ", M ND.lock",
	  "KC0 CS KCN", "PG OB ND", 2, .min_partial = 3, .no_cpu_partial = true },
	{ "free of the last object", "slab empty", 0, 1,
	  THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  NOT_MINE("h") FREE_SLOW("h") LOCKED("h") AC16("h") ENOUGH
	  LIST_DEL("h", "PG(a).lru_next", "PG(i).lru_prev") ", M ND.lock" DISCARD("h", ""),
	  "KC0 CS KCN Z", "PG OB ND VS", 4, .min_partial = 2, .no_cpu_partial = true },
};

static const struct path_row rows_318[] = {
	{ "alloc fast", "fast", 0, 1, "0+a 0+b 0+c 0-c 0-b !0+b",
	  FAST_318 EXCHANGE("b") ", P OB(c)", "KC0 OB", "CS", 0 },
	/* 6.7: and a preemption pair. */
	{ "alloc fast, preemptible", "fast", 0, 1, "0+a 0+b 0+c 0-c 0-b !0+b",
	  "M PC, R KC.cpu_slab, R CS.tid, M PC, R CS.freelist, R CS.page" EXCHANGE("b") ", P OB(c)",
	  "KC0 OB", "CS PC", 0, .preempt = true },
	{ "alloc fast, the last object", "fast", 0, 1, "0+a 0+b 0+c !0+d", FAST_318 EXCHANGE("d"),
	  "KC0 OB", "CS", 0 },
	{ "alloc refill", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST_318 REFILL("e", MARK_AND_AGAIN("e")) LOAD("e"), "KC0 OB", "CS PG", 1 },
	{ "alloc, new slab", "new slab", 0, 1, "0+a 0+b 0+c 0+d !0+e",
	  FAST_318 GIVE_UP("a", MARK_AND_AGAIN("a")) ", R CS.partial, R KCN, R ND.nr_partial"
	  NEW_318("e"),
	  "KC0 KC1 KCN Z", "CS PG ND OB VS", 3 },
	{ "alloc, exhausted to CPU's partial", "refill", 0, 1, "1+w 1+x 1+y 1+z " ONE_FULL "1-a !1+m",
	  FAST_318 GIVE_UP("w", MARK_AND_AGAIN("w")) ", R CS.partial, W CS.page, R PG(m).lru_next"
	  ", W CS.partial, W CS.freelist" MARK_AND_AGAIN("m") STATE("m") AC16("m") LOAD("m"),
	  "KC0 OB", "CS PG", 2 },
	/* CPU 1 keeps more than two objects, so the fourth slab sent i, e and a to the node. CPU 0
	 * takes i, whose object is not above half of two, and e for later. */
	{ "alloc, exhausted to a node's slabs", "partial", 0, 1,
	  FOUR_FULL "0+q 0+r 0+s 0+t 1-a 1-e 1-i 1-m !0+u",
	  FAST_318 GIVE_UP("q", MARK_AND_AGAIN("q")) ", R CS.partial" WALK
	  ", R PG(u).lru_next, R PG(u).flags" STATE("u") AC16("u")
	  LIST_DEL("u", "ND.partial_next", "PG(e).lru_prev")
	  ", W CS.page, R KC.cpu_partial, R PG(e).lru_next, R PG(e).flags" STATE("e") AC16("e")
	  LIST_DEL("e", "ND.partial_next", "PG(a).lru_prev") ", R CS.partial" PUT("e")
	  ", R KC.cpu_partial, M ND.lock, R KC.flags, R PG(u).flags" LOAD("u"),
	  "KC0 KCN OB", "CS PG ND", 4, .cpu_partial = 2 },

	{ "free fast", "fast", 0, 1, "0+a !0-a", FREE("a") TO_MINE PUSH("a"), "PG KC0", "CS OB", 0 },
	{ "free fast, preemptible", "fast", 0, 1, "0+a !0-a",
	  FREE("a") ", M PC, R KC.cpu_slab, R CS.tid, M PC, R CS.page" PUSH("a"),
	  "PG KC0", "CS OB PC", 0, .preempt = true },
	{ "free to another CPU's slab", "slow", 0, 1, "0+a !1-a",
	  NOT_MINE("a") FREE_SLOW("a") AC16("a"), "KC0 CS", "PG OB", 1 },
	/* The lock comes before each exchange, which then says where the slab goes; the drained head
	 * is forgotten. */
	{ "free, full to CPU's partial, drained", "full to CPU's partial", 0, 1,
	  THREE_FULL "0+m 1-a 1-e !1-i",
	  NOT_MINE("i") FREE_SLOW("i") AC16("i") HEAD("e") ", R KC.cpu_partial"
	  TAKE_OWN("e") NODE_OF("e") ", A ND.lock" STATE("e") AC16("e")
	  ADD_TAIL("e", "ND.partial_next") TAKE_OWN("a") NODE_OF("a") STATE("a") AC16("a")
	  ADD_TAIL("a", "PG(e).lru_next") ", R CS.partial, M ND.lock" PUT("i"),
	  "KC0 KCN", "PG OB CS ND", 4, .cpu_partial = 1 },
	/* a is on the node's list when e, all of which came back, is looked at: 1 is as many as 1. The
	 * lock, the exchange, and then where e goes. */
	{ "free, full to CPU's partial, drained, one is empty", "full to CPU's partial", 0, 1,
	  THREE_FULL "0+m 1-e 1-f 1-g 1-h 1-a !1-i",
	  NOT_MINE("i") FREE_SLOW("i") AC16("i") HEAD("a") ", R KC.cpu_partial"
	  TAKE_OWN("a") NODE_OF("a") ", A ND.lock" STATE("a") AC16("a")
	  ADD_TAIL("a", "ND.partial_next") TAKE_OWN("e") NODE_OF("e") STATE("e") AC16("e") ENOUGH
	  ", W PG(e).lru_next, R CS.partial, M ND.lock, R PG(e).lru_next"
	  DISCARD("e", ", M PG(e).flags") PUT("i"),
	  "KC0 KCN Z", "PG OB CS ND VS", 6, .cpu_partial = 1, .min_partial = 1 },
	/* Of two pages: the new slab's second page struct has its order, 5.5.7, and again when it
	 * goes. c is in the second page. */
	{ "alloc, new slab of two pages", "new slab", 2048, 1, "!0+a 0+b 0+c",
	  FAST_318 ", R CS.page, R CS.partial, R KCN, R ND.nr_partial"
	  NEW_SLAB("a", ", R PG(a).flags, R PGt(c).lru_prev") INUSE_AT_ONCE("a")
	  ", W CS.page, R KC.flags, R PG(a).flags" LOAD("a"),
	  "KC0 KC1 KCN PGt Z", "CS PG ND OB VS", 2 },
	{ "free of the last object, two pages", "slab empty", 2048, 1, TWO_FULL "0+i 1-e 1-b 1-c 1-d !1-a",
	  NOT_MINE("a") FREE_SLOW("a") LOCKED("a") AC16("a") ENOUGH
	  LIST_DEL("a", "PG(e).lru_next", "ND.partial_prev") ", M ND.lock"
	  DISCARD_ORDER_1("a", "c", ", M PG(a).flags"),
	  "KC0 CS KCN PG Z", "PG OB ND VS", 4, .min_partial = 2, .no_cpu_partial = true },
	/* 3 is as many as 3: e goes. */
	{ "free of the last object", "slab empty", 0, 1,
	  THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  NOT_MINE("h") FREE_SLOW("h") LOCKED("h") AC16("h") ENOUGH
	  LIST_DEL("h", "PG(a).lru_next", "PG(i).lru_prev") ", M ND.lock"
	  DISCARD("h", ", M PG(h).flags"),
	  "KC0 CS KCN Z", "PG OB ND VS", 4, .min_partial = 3, .no_cpu_partial = true },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void each_path_of_31_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows_31); i++)
		fixture_check_row(ERA_31, &rows_31[i]);
}

static void each_path_of_32_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows_32); i++)
		fixture_check_row(ERA_32, &rows_32[i]);
}

static void each_path_of_318_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows_318); i++)
		fixture_check_row(ERA_318, &rows_318[i]);
}

/* ---- a slab given up with objects left ------------------------------------------- */

/*
 * 5.5.7, 5.9. The task's new slab is that of e. The interrupt's has three objects left, k, j and i, of
 * which all but the last go back one by one, stage one; the last goes with the exchange that thaws
 * the slab, stage two. No remote free came, so it goes to the head of the node's list, which is empty.
 * Stage one leaves the freelist j, k; then i.
 */
#define PUSH_BACK(x) ", R KC.offset, R OB(" x ")" STATE("x") ", R KC.offset, W OB(" x ")" AC16("x")
#define THAW(last) \
	", R KC.offset, R OB(" last ")" STATE("x") ", R KC.offset, W OB(" last "), A ND.lock" \
	", M ND.nr_partial, R ND.partial_next, W ND.partial_prev, W PG(x).lru_next" \
	", W PG(x).lru_prev, W ND.partial_next" AC16("x") ", M ND.lock"
/* 5.9.2 to 3.2 before the stages, from 3.10 on after them, by the caller. */
#define CLEAR ", M CS.tid, W CS.page, R CS.freelist, W CS.freelist"
#define GIVEN_UP(BEFORE, AFTER) \
	NODE_OF("x") ", R PG(x).freelist" BEFORE PUSH_BACK("k") PUSH_BACK("j") THAW("i") AFTER

static const struct { enum era era; const char *path; } given_up[] = {
	{ ERA_31,
	  FAST GIVE_UP("a", AGAIN) ", R KCN, R ND.nr_partial" NEW_SLAB("e", "")
	  ", W PG(e).freelist, W PG(e).inuse, M PG(e).objects, R KC.cpu_slab, R CS.page"
	  GIVEN_UP(CLEAR, "")
	  ", R PG(e).freelist, W PG(e).freelist, R PG(e).objects, W PG(e).inuse" NODE("e")
	  ", W CS.page, R KC.flags" LOAD("e") },
	{ ERA_32,
	  FAST GIVE_UP("a", AGAIN) ", R CS.partial, R KCN, R ND.nr_partial" NEW_SLAB("e", "")
	  ", W PG(e).freelist, R PG(e).objects, W PG(e).inuse, M PG(e).objects, R KC.cpu_slab, R CS.page"
	  GIVEN_UP(CLEAR, "")
	  ", R PG(e).freelist, W PG(e).freelist" NODE("e") ", W CS.page, R KC.flags" LOAD("e") },
	{ ERA_318,
	  FAST_318 GIVE_UP("a", MARK_AND_AGAIN("a")) ", R CS.partial, R KCN, R ND.nr_partial"
	  NEW_SLAB("e", ", R PG(e).flags")
	  ", W PG(e).freelist, R PG(e).objects, W PG(e).inuse, M PG(e).objects, R KC.cpu_slab, R CS.page"
	  ", R CS.freelist" GIVEN_UP("", ", M CS.tid, W CS.page, W CS.freelist")
	  ", R PG(e).freelist, W PG(e).freelist, W CS.page, R KC.flags, R PG(e).flags" LOAD("e") },
};

static void a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(given_up); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = given_up[i].era, .cpus = 4, .stride = LINE });

		print_message("%s\n", era_name(given_up[i].era));
		f->meanwhile = fixture_allocate_x;
		/* what is left of e's slab, then x's from the end of its list */
		fixture_run(f, "0+a 0+b 0+c 0+d !0+e 0+f 0+g 0+h 0+i 0+j 0+k");
		assert_ptr_equal(fixture_slab(f, f->slot['i']), fixture_slab(f, f->slot['x']));
		fixture_expect_path(f, given_up[i].path);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- an exchange that fails under the list_lock -------------------------------- */

/* Another CPU's free of b into the full slab, before the list_lock is asked for: the slab is now the
 * only one on the list. */
static void make_partial_by_b(struct fixture *f, const struct access *access)
{
	uintptr_t list = (uintptr_t)fixture_place(f, "ND.partial_next");
	uintptr_t slab = (uintptr_t)fixture_place(f, "PG(b).lru_next");

	if (f->left || access->address != fixture_place(f, "OB(a)"))
		return;
	f->left = 1;
	*(void **)f->slot['b'] = NULL;
	fixture_set(f, "PG(b).freelist", (uintptr_t)f->slot['b']);
	fixture_set(f, "PG(b).inuse", 3);
	fixture_set(f, "ND.partial_next", slab);
	fixture_set(f, "ND.partial_prev", slab);
	fixture_set(f, "PG(b).lru_next", list);
	fixture_set(f, "PG(b).lru_prev", list);
	fixture_set(f, "ND.nr_partial", 1);
}

/* 5.7.2: the lock is taken before the exchange, which fails. To 3.2 it is held over the second one,
 * which would not need it; from 3.10 on it is given back first. Then the slab stays where it is. */
static void a_free_that_fails_keeps_the_list_lock_or_gives_it_back(void **state)
{
	static const struct { enum era era; const char *path; } cases[] = {
		{ ERA_31, NOT_MINE("a") FREE_SLOW("a") LOCKED("a") AC16("a") STATE("a")
		  ", R KC.offset, W OB(a)" AC16("a") ", M ND.lock" },
		{ ERA_32, NOT_MINE("a") FREE_SLOW("a") LOCKED("a") AC16("a") STATE("a")
		  ", R KC.offset, W OB(a)" AC16("a") ", M ND.lock" },
		{ ERA_318, NOT_MINE("a") FREE_SLOW("a") LOCKED("a") AC16("a") ", M ND.lock" STATE("a")
		  ", R KC.offset, W OB(a)" AC16("a") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = cases[i].era, .no_cpu_partial = true });

		print_message("%s\n", era_name(cases[i].era));
		f->meddle = make_partial_by_b;
		fixture_run(f, ONE_FULL "!1-a");
		fixture_expect_path(f, cases[i].path);
		fixture_expect_lines(f, "KC0 KCN CS", "PG OB ND", 3);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- interrupts ------------------------------------------------------------ */

/*
 * 5.7: a free turns interrupts off for the list_lock and for nothing else. From its LOCK xadd to its
 * unlock they are off, and on at every other access.
 */
static void expect_off_under_list_lock_only(const struct path_row *row, enum era era)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.era = era, .object_size = row->object_size, .min_partial = row->min_partial,
		.no_cpu_partial = row->no_cpu_partial });
	bool under = false;

	fixture_run(f, row->script);
	for (unsigned i = 0; i < f->accesses; i++) {
		bool is_lock = f->access[i].address == fixture_place(f, "ND.lock");

		under = under || is_lock;
		if (f->access[i].irqs_off != under)
			fail_msg("%s, access %u: interrupts are %s", row->name, i,
				 under ? "on under the list_lock" : "off without it");
		if (is_lock && f->access[i].how == 'M')
			under = false;
	}
	fixture_free(f);
}

static void interrupts_are_off_in_a_free_under_the_list_lock_only(void **state)
{
	unsigned frees = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows_31); i++)
		if (strncmp(rows_31[i].name, "free", 4) == 0 && !rows_31[i].no_cmpxchg16b) {
			expect_off_under_list_lock_only(&rows_31[i], ERA_31);
			frees++;
		}
	assert_int_equal(frees, 8);
}

/*
 * The claim of the series is that interrupts stay on; that is so for frees. 4.6: in 2.6.39 they are
 * off from the slab lock to its unlock. 5.5: the slow path of an allocation still has them off, from
 * its first access to its last one, but for the page allocator.
 */
static void interrupts_are_off_in_all_of_the_other_slow_paths(void **state)
{
	static const struct {
		enum era era;
		const char *script;
		unsigned from, to;              /* accesses, with interrupts off; to: from the end */
	} cases[] = {
		/* NOT_MINE makes four accesses */
		{ ERA_2639, "0+a !1-a", 4, 0 },
		/* FAST makes three */
		{ ERA_2639, "0+a 0+b 0+c 0+d 1-a !0+e", 3, 0 },
		{ ERA_31, "0+a 0+b 0+c 0+d 1-a !0+e", 3, 0 },
		{ ERA_31, THREE_FULL "1-a 1-e !0+m", 3, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){ .era = cases[i].era });

		fixture_run(f, cases[i].script);
		for (unsigned k = 0; k < f->accesses; k++)
			assert_int_equal(f->access[k].irqs_off,
					 k >= cases[i].from && k < f->accesses - cases[i].to);
		fixture_free(f);
	}
}

/* 5.3: the fallback turns them off for the slab lock, which is taken once: LOCK on the flags, then
 * reads and stores and the unlock, at accesses 10 to 15. */
static void the_fallback_turns_interrupts_off_for_the_slab_lock(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.era = ERA_31, .no_cmpxchg16b = true });

	(void)state;
	fixture_run(f, "0+a !1-a");
	assert_int_equal(f->accesses, 16);
	for (unsigned k = 0; k < f->accesses; k++)
		assert_int_equal(f->access[k].irqs_off, k >= 10);
	fixture_free(f);
}

/* ---- many CPUs free into one slab -------------------------------------------- */

enum { FREERS_MAX = 7 };

struct crowd {
	struct fixture *f;
	unsigned freers;                /* CPUs 0, 1, ...; the one behind them owns the slab */
	void *object[FREERS_MAX];
	uint64_t *ready;                /* simulated */
	uint64_t line;                  /* of the page struct */
	unsigned exclusive, locked;     /* acquisitions of it for writing; LOCK operations */
};

static void crowd_thread(struct cpu *cpu, void *argument)
{
	struct crowd *c = argument;
	const struct object_allocator *model = c->f->objects.model;

	if (cpu_id(cpu) == c->freers) {
		for (unsigned i = 0; i < c->freers; i++) {
			op_begin(cpu, OP_ALLOC);
			c->object[i] = model->alloc(cpu, c->f->slub, c->f->cache, GFP_KERNEL);
			op_end(cpu, 0, 0);
		}
		c->line = sim_offset(c->f->sim, fixture_slab(c->f, c->object[0])) / LINE * LINE;
		store(cpu, c->ready, 1);
		return;
	}
	spin_while(cpu, c->ready, value == 0, STEP_PAUSE);
	op_begin(cpu, OP_FREE);
	model->free(cpu, c->f->slub, c->f->cache, c->object[cpu_id(cpu)]);
	op_end(cpu, 0, 0);
}

static void crowd_observe(void *to, const struct access *access)
{
	struct crowd *c = to;

	if (access->line != c->line || access->cpu == c->freers)
		return;
	c->exclusive += access->write && access->before != 'M' && access->before != 'E';
	c->locked += access->locked;
}

static struct crowd crowd_run(unsigned freers, enum era era, bool no_cmpxchg16b)
{
	static const struct layout ready_layout = { "ready", 8, CLASS_WORKLOAD, NULL };
	struct crowd c = { .freers = freers,
			   .f = fixture_new(&(struct fixture_options){
				   .era = era, .cpus = freers + 1, .min_objects = 8,
				   .max_order = 1, .stride = LINE,
				   .no_cmpxchg16b = no_cmpxchg16b }) };

	c.ready = arena_new(c.f->sim, uint64_t, 1, 0, LINE, &ready_layout, "ready");
	sim_observe(c.f->sim, crowd_observe, &c);
	for (unsigned id = 0; id <= freers; id++)
		thread_start(c.f->sim, id, crowd_thread, &c);
	assert_int_equal(sim_run(c.f->sim), OUTCOME_DONE);
	assert_ptr_equal(fixture_slab(c.f, c.object[0]), fixture_slab(c.f, c.object[freers - 1]));
	fixture_expect_sound(c.f);
	fixture_free(c.f);
	return c;
}

/*
 * Two CPUs free at once into one frozen slab; who takes its line for writing? Lockless: both read the
 * state; one exchange succeeds, the other one fails but has the line then, so that the next one is a
 * hit. One acquisition for each free, two in all, exactly.
 *
 * Under the slab lock: the first one takes the line for the lock, the other one's try takes it away,
 * so the first one's stores, with the unlock, take it again; the other one's second try takes it for
 * the lock. Two for each, four in all (and one more if the one who waits looked in between, which it
 * does not here: it pauses, and the stores are hits in a row).
 * Without cmpxchg16b the same.
 */
static void two_frees_at_once_take_the_line_once_each_instead_of_for_lock_and_unlock(void **state)
{
	static const enum era lockless[] = { ERA_31, ERA_32, ERA_318 };
	struct crowd c;

	(void)state;
	for (size_t i = 0; i < COUNT(lockless); i++) {
		c = crowd_run(2, lockless[i], false);
		assert_int_equal(c.locked, 2 + 1);
		assert_int_equal(c.exclusive, 2);
	}
	c = crowd_run(2, ERA_2639, false);
	assert_int_equal(c.exclusive, 4);
	c = crowd_run(2, ERA_31, true);
	assert_int_equal(c.exclusive, 4);
}

/*
 * Seven at once: each exchange that succeeds makes those of all others fail, who have read before: 7
 * + 6 + ... + 1 = 28 exchanges, each of which takes the line once at most. So the claim of one
 * acquisition instead of two does not hold for a crowd: a failed exchange takes the line as a failed
 * try of a lock does. The lock is worse still.
 */
static void a_crowd_of_frees_fails_and_tries_again(void **state)
{
	struct crowd c = crowd_run(7, ERA_2639, false);
	unsigned under_lock = c.exclusive;

	(void)state;
	c = crowd_run(7, ERA_31, false);
	print_message("3.1: %u acquisitions for 7 frees; 2.6.39: %u\n", c.exclusive, under_lock);
	assert_int_equal(c.locked, 28);
	assert_true(c.exclusive <= 28);
	assert_true(c.exclusive < under_lock);
}

/* ---- the owner refills while many free ---------------------------------------- */

enum { LAST_ONE = 7, SLAB_OF_EIGHT = 8 };

struct refill {
	struct fixture *f;
	void *object[SLAB_OF_EIGHT];
	uint64_t *ready;                /* simulated: 1: the owner's list is empty, 2: the slab's not */
	struct cpu *owner;
	uint64_t wait;                  /* of the owner, before */
	bool begun;
	/* of the owner's refill: accesses, those with interrupts off, exchanges, of the list_lock */
	unsigned accesses, off, exchanges, list_lock;
};

/* CPU 7 has a slab of eight and none of its objects left; CPU 0 frees the last one, then CPUs 1 to 6
 * one each while CPU 7 allocates. */
static void refill_thread(struct cpu *cpu, void *argument)
{
	struct refill *r = argument;
	const struct object_allocator *model = r->f->objects.model;
	unsigned id = cpu_id(cpu);

	if (id == LAST_ONE) {
		for (unsigned i = 0; i < SLAB_OF_EIGHT; i++) {
			op_begin(cpu, OP_ALLOC);
			r->object[i] = model->alloc(cpu, r->f->slub, r->f->cache, GFP_KERNEL);
			op_end(cpu, 0, 0);
		}
		store(cpu, r->ready, 1);
		spin_while(cpu, r->ready, value < 2, STEP_PAUSE);
		compute_cycles(cpu, r->wait);
		r->owner = cpu;
		r->begun = true;
		op_begin(cpu, OP_ALLOC);
		r->object[0] = model->alloc(cpu, r->f->slub, r->f->cache, GFP_KERNEL);
		op_end(cpu, 0, 0);
		return;
	}
	spin_while(cpu, r->ready, value < (id ? 2 : 1), STEP_PAUSE);
	op_begin(cpu, OP_FREE);
	model->free(cpu, r->f->slub, r->f->cache, r->object[id]);
	op_end(cpu, 0, 0);
	if (id == 0)
		store(cpu, r->ready, 2);
}

static void refill_observe(void *to, const struct access *access)
{
	struct refill *r = to;

	if (!r->begun || access->cpu != LAST_ONE)
		return;
	r->accesses++;
	r->off += irqs_off(r->owner);
	r->exchanges += access->locked && access->size == sizeof(struct pair);
	r->list_lock += access->address == fixture_place(r->f, "ND.lock");
}

/*
 * "Interrupts are never off for longer than the list_lock": so it is for frees (above). A refill has
 * them off without any lock, and for as many exchanges as it loses, 5.5: three accesses with them on,
 * then page, the second look, freelist, counters, KC0.flags and the exchange, and offset, OB, freelist
 * and tid: 10; each lost exchange costs the four of its loop again. It is lost to a free that came
 * between, so six frees can make it lose six times at most.
 */
static void a_refill_has_interrupts_off_as_long_as_it_loses_to_frees(void **state)
{
	unsigned most = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * 16; i++) {
		static const struct layout layout = { "ready", 8, CLASS_WORKLOAD, NULL };
		struct refill r = { .wait = i / 2 * 40,
				    .f = fixture_new(&(struct fixture_options){
					    .era = i & 1 ? ERA_32 : ERA_31, .cpus = SLAB_OF_EIGHT,
					    .min_objects = 8, .max_order = 1, .stride = LINE }) };

		r.ready = arena_new(r.f->sim, uint64_t, 1, 0, LINE, &layout, "ready");
		sim_observe(r.f->sim, refill_observe, &r);
		for (unsigned id = 0; id < SLAB_OF_EIGHT; id++)
			thread_start(r.f->sim, id, refill_thread, &r);
		assert_int_equal(sim_run(r.f->sim), OUTCOME_DONE);
		fixture_expect_sound(r.f);
		assert_in_range(r.exchanges, 1, 1 + 6);
		assert_int_equal(r.off, 10 + 4 * (r.exchanges - 1));
		assert_int_equal(r.accesses, 3 + r.off);
		assert_int_equal(r.list_lock, 0);
		most = r.exchanges > most ? r.exchanges : most;
		fixture_free(r.f);
	}
	print_message("at most %u exchanges\n", most);
	assert_in_range(most, 3, 1 + 6);        /* it did lose, and more than once */
}

/* ---- the price of 3.1-rc1 ------------------------------------------------------ */

enum { SLABS = 17, OF_SLAB = 4, ROUNDS_RC1 = 12 };

struct rounds {
	struct fixture *f;
	void *object[SLABS][OF_SLAB];
	uint64_t *turn;                 /* simulated: CPU 0's if even */
	bool counting;
	unsigned list_lock[2];          /* taken, by CPU */
};

static void rounds_free(struct cpu *cpu, struct rounds *r, void *object)
{
	op_begin(cpu, OP_FREE);
	r->f->objects.model->free(cpu, r->f->slub, r->f->cache, object);
	op_end(cpu, 0, 0);
}

static void *rounds_alloc(struct cpu *cpu, struct rounds *r)
{
	void *object;

	op_begin(cpu, OP_ALLOC);
	object = r->f->objects.model->alloc(cpu, r->f->slub, r->f->cache, GFP_KERNEL);
	op_end(cpu, 0, 0);
	return object;
}

static void rounds_thread(struct cpu *cpu, void *argument)
{
	struct rounds *r = argument;
	unsigned id = cpu_id(cpu);

	for (uint64_t round = 0; round <= ROUNDS_RC1; round++) {
		spin_while(cpu, r->turn, value != 2 * round + id, STEP_PAUSE);
		if (id == 0 && round == 0) {
			for (unsigned i = 0; i < SLABS * OF_SLAB; i++)
				r->object[i / OF_SLAB][i % OF_SLAB] = rounds_alloc(cpu, r);
		} else if (id == 0) {
			rounds_alloc(cpu, r);
		} else if (round == 0) {
			for (unsigned i = 0; i < 4 * (OF_SLAB - 1); i++)
				rounds_free(cpu, r, r->object[i / 3][i % 3]);
		}
		if (id == 1 && round < ROUNDS_RC1) {
			r->counting = true;
			rounds_free(cpu, r, r->object[4 + round][0]);
		}
		store(cpu, r->turn, 2 * round + id + 1);
	}
}

static void rounds_observe(void *to, const struct access *access)
{
	struct rounds *r = to;

	if (r->counting && access->locked && access->address == fixture_place(r->f, "ND.lock"))
		r->list_lock[access->cpu]++;
}

static struct rounds rounds_run(enum bugs bugs)
{
	static const struct layout layout = { "turn", 8, CLASS_WORKLOAD, NULL };
	struct rounds r = { .f = fixture_new(&(struct fixture_options){ .era = ERA_31 }) };

	r.f->slub->settings.bugs = bugs;
	r.turn = arena_new(r.f->sim, uint64_t, 1, 0, LINE, &layout, "turn");
	sim_observe(r.f->sim, rounds_observe, &r);
	for (unsigned id = 0; id < 2; id++)
		thread_start(r.f->sim, id, rounds_thread, &r);
	assert_int_equal(sim_run(r.f->sim), OUTCOME_DONE);
	fixture_expect_sound(r.f);
	fixture_free(r.f);
	return r;
}

/*
 * 130655ef097. CPU 0 has 17 slabs of four, all out. CPU 1 frees three objects of each of four slabs,
 * then in twelve rounds the first of another slab, and CPU 0 allocates one. Each of CPU 1's frees in
 * the rounds puts a slab on the list: twelve list_locks.
 *
 * At the tail: CPU 0 takes the four slabs with three objects first, so a list_lock for three
 * allocations: four. At the head, as in 3.1-rc1: it gets the slab that has just come, with its one
 * object, in every round: twelve.
 */
static void slabs_at_the_head_cost_a_list_lock_for_each_object(void **state)
{
	struct rounds fixed = rounds_run(BUGS_FIXED), rc1 = rounds_run(BUGS_3_1_RC1);

	(void)state;
	assert_int_equal(fixed.list_lock[1], ROUNDS_RC1);
	assert_int_equal(rc1.list_lock[1], ROUNDS_RC1);
	assert_int_equal(fixed.list_lock[0], 4);
	assert_int_equal(rc1.list_lock[0], ROUNDS_RC1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_of_31_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(each_path_of_32_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(each_path_of_318_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(a_free_that_fails_keeps_the_list_lock_or_gives_it_back),
		cmocka_unit_test(interrupts_are_off_in_a_free_under_the_list_lock_only),
		cmocka_unit_test(interrupts_are_off_in_all_of_the_other_slow_paths),
		cmocka_unit_test(the_fallback_turns_interrupts_off_for_the_slab_lock),
		cmocka_unit_test(
			two_frees_at_once_take_the_line_once_each_instead_of_for_lock_and_unlock),
		cmocka_unit_test(a_crowd_of_frees_fails_and_tries_again),
		cmocka_unit_test(a_refill_has_interrupts_off_as_long_as_it_loses_to_frees),
		cmocka_unit_test(slabs_at_the_head_cost_a_list_lock_for_each_object),
	};

	return cmocka_run_group_tests_name("slub-lockless", tests, NULL, NULL);
}
