/*
 * slub-cmpxchg (2.6.39): which accesses each path makes and which lines it touches, from the sheet,
 * chapter 4.
 *
 * Names as in test_slub_cpu.c. KC0 is read for cpu_slab, flags, offset and oo; PGn is named as the
 * page struct it is. The compare-exchange of freelist and tid, C16 in the sheet, is "M CS.freelist":
 * one instruction without LOCK. Where a free pointer is followed or set its offset is read from KC0
 * (3.9: since 2.6.34), which the sheet spells out for the fast paths only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model_fixture.h"

#define SLAB_LOCK(x)    ", A PG(" x ").flags"
#define SLAB_UNLOCK(x)  ", M PG(" x ").flags"   /* 1.1: plain from 2.6.25 on */

/* 4.3, steps 1 and 2, then 3 and 4. */
#define FAST        "R KC.cpu_slab, R CS.tid, R CS.freelist"
#define EXCHANGE(x) ", R KC.offset, R OB(" x "), R KC.cpu_slab, M CS.freelist"

/* 4.4: interrupts go off; the list is looked at again as fixed, where 5.5.2 has it. */
#define LOOK_AGAIN  ", R CS.freelist"
/* 4.4.4 */
#define LOAD_FREELIST(x) \
	", R PG(" x ").freelist, R KC.flags, R KC.offset, R OB(" x "), W CS.freelist" \
	", R PG(" x ").objects, W PG(" x ").inuse, W PG(" x ").freelist, R PG(" x ").flags" \
	", W CS.node" SLAB_UNLOCK(x) ", M CS.tid"
#define NODE_OF(x) ", R PG(" x ").flags, R KCN"

/* 4.4.2, 4.4.3, 4.4.5: the used-up slab of x goes. Its freelist is NULL for step 4, and looked at
 * for a statistic; no object is left on the CPU's list; it is full: KC0.flags, and nothing else. */
#define GIVE_UP(x, LOOK) \
	", R CS.page" LOOK SLAB_LOCK(x) ", R PG(" x ").freelist, R PG(" x ").freelist" \
	", R CS.freelist, W CS.page, M CS.tid" NODE_OF(x) ", M PG(" x ").flags, R PG(" x ").inuse" \
	", R PG(" x ").freelist, R KC.flags" SLAB_UNLOCK(x)

/* 0.7, in the form that the zone of 3.9 has: no irq pair, an unlocked cmpxchg. */
#define SLAB_COUNT(x) \
	", R KC.flags, R PG(" x ").flags, R ZP, R VS.threshold, R VS.diff, M VS.diff"

/* 4.4.7 */
#define NEW_SLAB(x) \
	", R KC.oo, R KC.allocflags, W PG(" x ").objects" SLAB_COUNT(x) NODE_OF(x) \
	", A ND.nr_slabs, A ND.total_objects, W PG(" x ").slab, M PG(" x ").flags, LINK(" x ")" \
	", W PG(" x ").freelist, W PG(" x ").inuse, R KC.cpu_slab, R CS.page" \
	SLAB_LOCK(x) ", M PG(" x ").flags, W CS.page"

#define LIST_DEL(x, before, after) \
	", R PG(" x ").lru_next, R PG(" x ").lru_prev, W " after ", W " before \
	", W PG(" x ").lru_next, W PG(" x ").lru_prev"
/* 4.4.6: the node, then the walk; before a slab is tried, the line of the next one's lru is
 * prefetched (0.5). */
#define WALK ", R KCN, R ND.nr_partial, A ND.lock, R ND.partial_next"
#define TRY(x, next) ", R PG(" x ").lru_next, P " next SLAB_LOCK(x)
#define TAKE(x, before, after) \
	LIST_DEL(x, before, after) ", M ND.nr_partial, M PG(" x ").flags, M ND.lock, W CS.page"

/* 4.5, steps 1 and 2. */
#define FREE(x)     "R PG(" x ").flags"
#define TO_MINE     ", R KC.cpu_slab, R CS.tid, R CS.page, R CS.node"
#define PUSH(x) \
	", R CS.freelist, R KC.offset, W OB(" x "), R KC.cpu_slab, R CS.freelist, M CS.freelist"
#define NOT_MINE(x) FREE(x) ", R KC.cpu_slab, R CS.tid, R CS.page"
/* 4.6, steps 1 to 4. */
#define FREE_SLOW(x) \
	SLAB_LOCK(x) ", R KC.flags, R KC.offset, R PG(" x ").freelist, W OB(" x ")" \
	", W PG(" x ").freelist, M PG(" x ").inuse, R PG(" x ").flags"
/* 4.6.6 */
#define TO_TAIL(x, tail) \
	NODE_OF(x) ", A ND.lock, M ND.nr_partial, R ND.partial_prev, W ND.partial_prev" \
	", W PG(" x ").lru_next, W PG(" x ").lru_prev, W PG(" tail ").lru_next, M ND.lock"
/* 4.6.8; ORDER: lru.prev of the slab's second page struct, where it has one. */
#define DISCARD(x, ORDER) \
	", R PG(" x ").flags, R PG(" x ").objects, R KCN, A ND.nr_slabs, A ND.total_objects" \
	", R KC.flags, R PG(" x ").flags" ORDER ", R KC.flags" SLAB_COUNT(x) \
	", M PG(" x ").flags, W PG(" x ").mapcount"

#define THREE_FULL "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0+h 0+i 0+j 0+k 0+l "

static const struct path_row rows[] = {
	/* 4.3. Table: reads KC0, OB; writes CS; no LOCK. */
	{ "alloc fast", "fast", 0, 1, "0+a !0+b", FAST EXCHANGE("b"), "KC0 OB", "CS", 0 },
	{ "alloc fast, zeroed", "fast", 0, 1, "0+a !0*b",
	  FAST EXCHANGE("b") ", R KC.objsize, W OBL(b)", "KC0", "CS OB", 0 },
	/* 4.4. Table: reads KC0, OB; writes CS, PG; 1 LOCK. */
	{ "alloc refill", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST ", R CS.page" LOOK_AGAIN SLAB_LOCK("e") LOAD_FREELIST("e"),
	  "KC0 OB", "CS PG", 1 },
	{ "alloc refill, as released", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST ", R CS.page" SLAB_LOCK("e") LOAD_FREELIST("e"),
	  "KC0 OB", "CS PG", 1, .released = true },
	/* 4.4.1: a preemptible kernel asks for its struct again; counting is in memory of the CPU:
	 * once for the slab lock and back (1.5). */
	{ "alloc refill, preemptible", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST ", R KC.cpu_slab, R CS.page" LOOK_AGAIN ", M PC" SLAB_LOCK("e")
	  ", R PG(e).freelist, R KC.flags, R KC.offset, R OB(e), W CS.freelist, R PG(e).objects"
	  ", W PG(e).inuse, W PG(e).freelist, R PG(e).flags, W CS.node" SLAB_UNLOCK("e")
	  ", M PC, M CS.tid",
	  "KC0 OB", "CS PG PC", 1, .preempt = true },
	/* The slab of a is first, that of e its neighbour. Table: reads KC0, KCN, OB; writes CS, old
	 * PG, new PG, ND, PGn; LOCKs 3. */
	{ "alloc, switch to a partial slab", "partial", 0, 1, THREE_FULL "1-a 1-e !0+m",
	  FAST GIVE_UP("i", LOOK_AGAIN) WALK TRY("m", "PG(e).lru_next")
	  TAKE("m", "ND.partial_next", "PG(e).lru_prev") LOAD_FREELIST("m"),
	  "KC0 KCN OB", "CS PG ND", 3 },
	/* The slab lock of a is taken: one LOCK more, and e is taken. */
	{ "alloc, a partial slab is locked", "partial", 0, 1, THREE_FULL "1-a 1-e 0la !0+m 0la",
	  FAST GIVE_UP("i", LOOK_AGAIN) WALK TRY("a", "PG(e).lru_next")
	  ", R PG(a).lru_next" TRY("m", "ND.partial_next")
	  TAKE("m", "PG(a).lru_next", "ND.partial_prev") LOAD_FREELIST("m"),
	  "KC0 KCN OB", "CS PG ND", 4 },
	/* Table: reads KC0 and KC1, KCN; writes CS, old PG, new PG, ND, objects, VS; old 1, new 1,
	 * ND 2. */
	{ "alloc, new slab", "new slab", 0, 1, "0+a 0+b 0+c 0+d !0+e",
	  FAST GIVE_UP("a", LOOK_AGAIN) ", R KCN, R ND.nr_partial" NEW_SLAB("e")
	  LOAD_FREELIST("e"),
	  "KC0 KC1 KCN Z", "CS PG ND OB VS", 4 },
	{ "alloc, the very first", "new slab", 0, 1, "!0+a",
	  FAST ", R CS.page, R KCN, R ND.nr_partial" NEW_SLAB("a") LOAD_FREELIST("a"),
	  "KC0 KC1 KCN Z", "CS PG ND OB VS", 3 },

	/* 4.5. Table: reads PG, KC0; writes CS, OB; no LOCK. */
	{ "free fast", "fast", 0, 1, "0+a !0-a", FREE("a") TO_MINE PUSH("a"), "PG KC0", "CS OB", 0 },
	{ "free fast, tail page", "fast", 2048, 1, "0+a 0+b 0+c !0-c",
	  "R PGt(c).flags, R PGt(c).first_page" TO_MINE PUSH("c"), "PGt KC0", "CS OB", 0 },
	{ "kfree fast", "fast", 0, 1, "0+a !0~a",
	  FREE("a") ", R PG(a).flags, R PG(a).slab" TO_MINE PUSH("a"), "PG KC0", "CS OB", 0 },
	/* 4.6. Table: reads KC0, CS (CPU 1's own); writes PG, OB; 1 LOCK. */
	{ "free to another CPU's slab", "slow", 0, 1, "0+a !1-a",
	  NOT_MINE("a") FREE_SLOW("a") SLAB_UNLOCK("a"), "KC0 CS", "PG OB", 1 },
	{ "free to a slab that is partial already", "slow", 0, 1, "0+a 0+b 0+c 0+d 0+e 1-a !1-b",
	  NOT_MINE("b") FREE_SLOW("b") SLAB_UNLOCK("b"), "KC0 CS", "PG OB", 1 },
	/* At the tail, behind the slab of a. Table: reads KC0, CS, KCN; writes PG, OB, ND, PGn; 2. */
	{ "free, full to partial", "full to partial", 0, 1, THREE_FULL "1-a !1-e",
	  NOT_MINE("e") FREE_SLOW("e") TO_TAIL("e", "a") SLAB_UNLOCK("e"),
	  "KC0 CS KCN", "PG OB ND", 2 },
	/* The list is a, e, i; e empties, whatever min_partial says. Table: reads KC0, CS, KCN;
	 * writes PG, OB, ND, PGn twice, VS; 4 LOCKs. */
	{ "free of the last object", "slab empty", 0, 1,
	  THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  NOT_MINE("h") FREE_SLOW("h") NODE_OF("h") ", A ND.lock"
	  LIST_DEL("h", "PG(a).lru_next", "PG(i).lru_prev") ", M ND.nr_partial, M ND.lock"
	  SLAB_UNLOCK("h") DISCARD("h", ""),
	  "KC0 CS KCN Z", "PG OB ND VS", 4 },
	/* 4.6.8: of two pages, so the order is in the second page struct. Objects of 2 KiB; the four
	 * of the first slab are given back, two of them in the tail page (in the end no tail any
	 * more, so a PG of which something was only read). */
	{ "free of the last object, two pages", "slab empty", 2048, 1,
	  "0+a 0+b 0+c 0+d 0+e 1-b 1-c 1-d !1-a",
	  NOT_MINE("a") FREE_SLOW("a") NODE_OF("a") ", A ND.lock"
	  LIST_DEL("a", "ND.partial_next", "ND.partial_prev") ", M ND.nr_partial, M ND.lock"
	  SLAB_UNLOCK("a") DISCARD("a", ", R PGt(c).lru_prev"),
	  "KC0 CS KCN PG Z", "PG OB ND VS", 4 },

	/* Two nodes, both CPUs on node 0: as with one, but for other nodes' slabs, looked at by
	 * ratio (here 0). */
	{ "alloc, switch to a partial slab, NUMA", "partial", 0, 2, THREE_FULL "1-a 1-e !0+m",
	  FAST GIVE_UP("i", LOOK_AGAIN) WALK TRY("m", "PG(e).lru_next")
	  TAKE("m", "ND.partial_next", "PG(e).lru_prev") LOAD_FREELIST("m"),
	  "KC0 KCN OB", "CS PG ND", 3 },
	{ "alloc, new slab, NUMA", "new slab", 0, 2, "0+a 0+b 0+c 0+d !0+e",
	  FAST GIVE_UP("a", LOOK_AGAIN) ", R KCN, R ND.nr_partial, R KC.defrag_ratio"
	  NEW_SLAB("e") LOAD_FREELIST("e"),
	  "KC0 KC1 KC3 KCN Z", "CS PG ND OB VS", 4 },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/*
 * 4.4.7, 4.4.5. The task's new slab is that of e. The interrupt's has three objects left, k, j and i,
 * which go back one by one under its lock (3.4.5; where the link lies, which the sheet does not list, is
 * read once for each); as objects went back, the slab goes to the head of the node's list, which is
 * empty.
 */
#define BACK(x) \
	", R CS.freelist, R KC.offset, R OB(" x "), W CS.freelist, R PG(x).freelist, W OB(" x ")" \
	", W PG(x).freelist, M PG(x).inuse"

static void a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.era = ERA_2639, .cpus = 4, .stride = LINE });

	(void)state;
	f->meanwhile = fixture_allocate_x;
	/* what is left of e's slab, then x's from the end of its list */
	fixture_run(f, "0+a 0+b 0+c 0+d !0+e 0+f 0+g 0+h 0+i 0+j 0+k");
	assert_ptr_equal(fixture_slab(f, f->slot['i']), fixture_slab(f, f->slot['x']));
	fixture_expect_path(f,
		FAST GIVE_UP("a", LOOK_AGAIN) ", R KCN, R ND.nr_partial"
		", R KC.oo, R KC.allocflags, W PG(e).objects" SLAB_COUNT("e") NODE_OF("e")
		", A ND.nr_slabs, A ND.total_objects, W PG(e).slab, M PG(e).flags, LINK(e)"
		", W PG(e).freelist, W PG(e).inuse, R KC.cpu_slab, R CS.page"
		SLAB_LOCK("x") ", R PG(x).freelist" BACK("k") BACK("j") BACK("i") ", R CS.freelist"
		", W CS.page, M CS.tid" NODE_OF("x") ", M PG(x).flags, R PG(x).inuse, R PG(x).freelist"
		", A ND.lock, M ND.nr_partial, R ND.partial_next, W ND.partial_prev"
		", W PG(x).lru_next, W PG(x).lru_prev, W ND.partial_next, M ND.lock" SLAB_UNLOCK("x")
		SLAB_LOCK("e") ", M PG(e).flags, W CS.page" LOAD_FREELIST("e"));
	fixture_expect_sound(f);
	fixture_free(f);
}

static void each_path_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		fixture_check_row(ERA_2639, &rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet),
	};

	return cmocka_run_group_tests_name("slub-cmpxchg", tests, NULL, NULL);
}
