/*
 * slub-page (2.6.22): which accesses each path makes and which lines it touches, from the sheet.
 *
 * A cache of 1024 byte objects has 4 objects in a page. CPU 0's first four allocations use up a
 * slab, the fifth makes the next. Names: KC0, KC1 lines of kmem_cache; KCN its node pointers; CPA
 * the CPU's word of cpu_slab[]; PG(a) the page struct of the slab of object a, PGt its tail page's;
 * OB(a) the object; ND the node, which lies in KC0. ZP is the zone's pointer to the CPU's pagesets,
 * in line Z, VS the CPU's difference of the slab counter; both are the page allocator's (buddy).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model_fixture.h"

/* Pieces of the numbered paths. The slab lock is a LOCK bts; its unlock of 2.6.22 reads (an
 * assertion) and is a LOCK btr. */
#define SLAB_LOCK(x)    ", A PG(" x ").flags"
#define SLAB_UNLOCK(x)  ", R PG(" x ").flags, A PG(" x ").flags"

/* 2.4, step 5: the whole freelist becomes the lockless one. */
#define LOAD_FREELIST(x) \
	", R PG(" x ").freelist, R PG(" x ").flags, R PG(" x ").offset, R OB(" x ")" \
	", W PG(" x ").lockless, R KC.objects, W PG(" x ").inuse, W PG(" x ").freelist" \
	SLAB_UNLOCK(x)

/* Which node struct? The page's node says so, where there is more than one node. */
#define ONE_NODE ""
#define NODE_OF(x) ", R PG(" x ").flags, R KCN"

/* 2.3, steps 2 and 3, then 2.4 as far as step 7: the used-up slab of x goes; nothing is left on
 * its lockless list (a), and it is full: the debug bit once more, no list and no list_lock (c). */
#define GIVE_UP(x, NODE) \
	"R CPA, R PG(" x ").lockless" SLAB_LOCK(x) ", R PG(" x ").freelist" \
	", R PG(" x ").lockless, W CPA" NODE ", M PG(" x ").flags, R PG(" x ").inuse" \
	", R PG(" x ").freelist, R PG(" x ").flags" SLAB_UNLOCK(x)

/* 2.4, steps 8a and 8b, as far as the first slab of the list; 8c: before a slab is tried, the line
 * of the next one's lru is prefetched. */
#define WALK ", R ND.nr_partial, A ND.lock, R ND.partial_next"
#define TRY(x, next) ", R PG(" x ").lru_next, P " next SLAB_LOCK(x)

/* 0.7, in the form that the zone of 3.9 has: no irq pair, an unlocked cmpxchg. */
#define SLAB_COUNT(x) \
	", R KC.flags, R PG(" x ").flags, R ZP, R VS.threshold, R VS.diff, M VS.diff"

/* 2.4, step 9. LINK: per object flags, ctor, offset, size, objects and a store (0.7). */
#define NEW_SLAB(x, NODE) \
	", R KC.flags, R KC.order" SLAB_COUNT(x) NODE ", A ND.nr_slabs" \
	", R KC.offset, W PG(" x ").offset, W PG(" x ").slab, M PG(" x ").flags, R KC.flags" \
	", LINK(" x ")" \
	", W PG(" x ").freelist, W PG(" x ").lockless, W PG(" x ").inuse"

/* 2.4, steps 10 and 11. */
#define USE_NEW_SLAB(x) \
	", R CPA" SLAB_LOCK(x) ", M PG(" x ").flags, W CPA" LOAD_FREELIST(x)

/* list_del of x between the one before and the one after it. */
#define LIST_DEL(x, before, after) \
	", R PG(" x ").lru_next, R PG(" x ").lru_prev, W " after ", W " before \
	", W PG(" x ").lru_next, W PG(" x ").lru_prev"

/* 2.5, step 3, where the slab is not the CPU's, and 2.6 as far as step 3. */
#define FREE_SLOW(x) \
	", R CPA" SLAB_LOCK(x) ", R PG(" x ").flags, R PG(" x ").offset, R PG(" x ").freelist" \
	", W OB(" x "), W PG(" x ").freelist, M PG(" x ").inuse, R PG(" x ").flags"

/* 2.6.7: the debug bit and PG_slab go, RCU?, how many pages, debug?; the mapping is where the slab
 * pointer lies, so it goes too. */
#define DISCARD(x, NODE) \
	NODE ", A ND.nr_slabs, W PG(" x ").mapcount, M PG(" x ").flags, M PG(" x ").flags" \
	", R KC.flags, R KC.order, R PG(" x ").flags" SLAB_COUNT(x) ", W PG(" x ").mapping"

#define THREE_FULL "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0+h 0+i 0+j 0+k 0+l "

static const struct path_row rows[] = {
	/* 2.3. Table: reads CPA, OB; writes PG; no LOCK. */
	{ "alloc fast", "fast", 0, 1, "0+a !0+b",
	  "R CPA, R PG(b).lockless, R PG(b).offset, R OB(b), W PG(b).lockless",
	  "CPA OB", "PG", 0 },
	/* 2.3.5: objsize, then a store per line of the object. */
	{ "alloc fast, zeroed", "fast", 0, 1, "0+a !0*b",
	  "R CPA, R PG(b).lockless, R PG(b).offset, R OB(b), W PG(b).lockless, R KC.objsize"
	  ", W OBL(b)",
	  "CPA KC0", "PG OB", 0 },
	/* CPU 1 put a back on the freelist of CPU 0's slab. Table: reads CPA, KC1, OB; writes PG;
	 * 2 LOCKs on PG. */
	{ "alloc refill from the page's own freelist", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  "R CPA, R PG(e).lockless" SLAB_LOCK("e") LOAD_FREELIST("e"),
	  "CPA KC1 OB", "PG", 2 },
	/* 2.4.8. The frees made slab a, then slab e partial, each at the head: e is taken, a is
	 * its neighbour: prefetched, then written. Table: reads KC1, OB; writes old PG, CPA, ND =
	 * KC0, new PG, PGn; LOCKs 2+1+2. */
	{ "alloc, switch to a partial slab", "partial", 0, 1, THREE_FULL "1-a 1-e !0+m",
	  GIVE_UP("i", ONE_NODE) WALK TRY("m", "PG(a).lru_next")
	  LIST_DEL("m", "ND.partial_next", "PG(a).lru_prev")
	  ", M ND.nr_partial, M PG(m).flags, W ND.lock, W CPA" LOAD_FREELIST("m"),
	  "KC1 OB", "PG CPA KC0", 5 },
	/* The only slab on the list: ND is prefetched, which the lock has fetched. */
	{ "alloc, switch to the only partial slab", "partial", 0, 1, THREE_FULL "1-a !0+m",
	  GIVE_UP("i", ONE_NODE) WALK TRY("m", "ND.partial_next")
	  LIST_DEL("m", "ND.partial_next", "ND.partial_prev")
	  ", M ND.nr_partial, M PG(m).flags, W ND.lock, W CPA" LOAD_FREELIST("m"),
	  "KC1 OB", "PG CPA KC0", 5 },
	/* The slab lock of e, first on the list, is taken: the trylock steals the line all the
	 * same and the next one, a, is taken. One LOCK more. */
	{ "alloc, a partial slab is locked", "partial", 0, 1, THREE_FULL "1-a 1-e 0le !0+m 0le",
	  GIVE_UP("i", ONE_NODE) WALK TRY("e", "PG(a).lru_next") ", R PG(e).lru_next"
	  TRY("m", "ND.partial_next") LIST_DEL("m", "PG(e).lru_next", "ND.partial_prev")
	  ", M ND.nr_partial, M PG(m).flags, W ND.lock, W CPA" LOAD_FREELIST("m"),
	  "KC1 OB", "PG CPA KC0", 6 },
	/* The only slab on the list is locked: the walk ends at the head, which is looked at too
	 * (0.5: before the test of each element), and a new slab is made. */
	{ "alloc, the only partial slab is locked", "new slab", 0, 1,
	  THREE_FULL "1-a 0la !0+m 0la",
	  GIVE_UP("i", ONE_NODE) WALK TRY("a", "ND.partial_next")
	  ", R PG(a).lru_next, R ND.partial_next, P PG(a).lru_next, W ND.lock"
	  NEW_SLAB("m", ONE_NODE) USE_NEW_SLAB("m"),
	  "KC1 Z", "PG CPA KC0 OB VS", 7 },
	/* Table: reads KC0, KC1; writes old PG, CPA, ND = KC0, new PG, objects, VS; LOCKs 2+1+2. */
	{ "alloc, new slab", "new slab", 0, 1, "0+a 0+b 0+c 0+d !0+e",
	  GIVE_UP("a", ONE_NODE) ", R ND.nr_partial" NEW_SLAB("e", ONE_NODE) USE_NEW_SLAB("e"),
	  "KC1 Z", "PG CPA KC0 OB VS", 5 },
	/* No slab yet: as before from step 8 on. */
	{ "alloc, the very first", "new slab", 0, 1, "!0+a",
	  "R CPA, R ND.nr_partial" NEW_SLAB("a", ONE_NODE) USE_NEW_SLAB("a"),
	  "KC1 Z", "PG CPA KC0 OB VS", 3 },
	/* An order 1 slab: its tail page's struct is the page allocator's. */
	{ "alloc, new slab of two pages", "new slab", 2048, 1, "!0+a",
	  "R CPA, R ND.nr_partial" NEW_SLAB("a", ONE_NODE) USE_NEW_SLAB("a"),
	  "KC1 Z", "PG CPA KC0 OB VS", 3 },

	/* 2.5. Table: reads CPA; writes PG, OB; no LOCK. */
	{ "free fast", "fast", 0, 1, "0+a !0-a",
	  "R PG(a).flags, R CPA, R PG(a).flags, R PG(a).offset, R PG(a).lockless, W OB(a)"
	  ", W PG(a).lockless",
	  "CPA", "PG OB", 0 },
	/* Object c lies in the second page: its page struct leads to the first. */
	{ "free fast, tail page", "fast", 2048, 1, "0+a 0+b 0+c !0-c",
	  "R PGt(c).flags, R PGt(c).first_page, R CPA, R PG(c).flags, R PG(c).offset"
	  ", R PG(c).lockless, W OB(c), W PG(c).lockless",
	  "CPA PGt", "PG OB", 0 },
	/* kfree reads page->slab too. */
	{ "kfree fast", "fast", 0, 1, "0+a !0~a",
	  "R PG(a).flags, R PG(a).slab, R CPA, R PG(a).flags, R PG(a).offset, R PG(a).lockless"
	  ", W OB(a), W PG(a).lockless",
	  "CPA", "PG OB", 0 },
	/* 2.6.3: frozen, CPU 0 has it. Table: reads CPA; writes PG, OB; 2 LOCKs on PG. */
	{ "free to another CPU's slab", "slow", 0, 1, "0+a !1-a",
	  "R PG(a).flags" FREE_SLOW("a") SLAB_UNLOCK("a"),
	  "CPA", "PG OB", 2 },
	{ "kfree to another CPU's slab, tail page", "slow", 2048, 1, "0+a 0+b 0+c !1~c",
	  "R PGt(c).flags, R PGt(c).first_page, R PG(c).slab" FREE_SLOW("c") SLAB_UNLOCK("c"),
	  "CPA PGt", "PG OB", 2 },
	/* Its own page struct is not the CPU's slab: CPU 0 frees into a slab it has used up. */
	{ "free to a slab that is partial already", "slow", 0, 1, "0+a 0+b 0+c 0+d 0+e 1-a !1-b",
	  "R PG(b).flags" FREE_SLOW("b") SLAB_UNLOCK("b"),
	  "CPA", "PG OB", 2 },
	/* 2.6.5: slab e goes to the head, before slab a. Table: reads CPA; writes PG, OB, ND, PGn
	 * (the old head); LOCKs 2+1. */
	{ "free, full to partial", "full to partial", 0, 1, THREE_FULL "1-a !1-e",
	  "R PG(e).flags" FREE_SLOW("e")
	  ", A ND.lock, M ND.nr_partial, R ND.partial_next, W PG(a).lru_prev"
	  ", W PG(e).lru_next, W PG(e).lru_prev, W ND.partial_next, W ND.lock" SLAB_UNLOCK("e"),
	  "CPA", "PG OB KC0", 3 },
	/* 2.6.6: the list is i, e, a; e empties. Table: reads CPA, KC0 = ND; writes PG, OB, ND, PGn
	 * twice, VS; LOCKs: PG 2, ND 2. */
	{ "free of the last object", "slab empty", 0, 1,
	  THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  "R PG(h).flags" FREE_SLOW("h") ", A ND.lock"
	  LIST_DEL("h", "PG(i).lru_next", "PG(a).lru_prev")
	  ", M ND.nr_partial, W ND.lock" SLAB_UNLOCK("h") DISCARD("h", ONE_NODE),
	  "CPA Z", "PG OB KC0 VS", 4 },
	/* One object of 8192 bytes per slab: full and empty at once, so it was on no list. */
	{ "free of the only object", "slab empty", 8192, 1, "0+a 0+b !0-a",
	  "R PG(a).flags" FREE_SLOW("a") SLAB_UNLOCK("a") DISCARD("a", ONE_NODE),
	  "CPA Z", "PG OB KC0 VS", 3 },

	/* Two nodes, both CPUs on node 0, whose node struct is the one in KC0: the node pointers
	 * are read too, KCN, where the table has it. */
	{ "alloc, switch to a partial slab, NUMA", "partial", 0, 2, THREE_FULL "1-a 1-e !0+m",
	  GIVE_UP("i", NODE_OF("i")) ", R KCN" WALK TRY("m", "PG(a).lru_next")
	  LIST_DEL("m", "ND.partial_next", "PG(a).lru_prev")
	  ", M ND.nr_partial, M PG(m).flags, W ND.lock, W CPA" LOAD_FREELIST("m"),
	  "KC1 OB KCN", "PG CPA KC0", 5 },
	/* 2.4.8e: no partial slab here; the ratio, in front of the node pointers, says not to look
	 * at other nodes. */
	{ "alloc, new slab, NUMA", "new slab", 0, 2, "0+a 0+b 0+c 0+d !0+e",
	  GIVE_UP("a", NODE_OF("a")) ", R KCN, R ND.nr_partial, R KC.defrag_ratio"
	  NEW_SLAB("e", NODE_OF("e"))
	  USE_NEW_SLAB("e"),
	  "KC1 KCN Z", "PG CPA KC0 OB VS", 5 },
	{ "free fast, NUMA", "fast", 0, 2, "0+a !0-a",
	  "R PG(a).flags, R CPA, R PG(a).flags, R PG(a).offset, R PG(a).lockless, W OB(a)"
	  ", W PG(a).lockless",
	  "CPA", "PG OB", 0 },
	{ "free, full to partial, NUMA", "full to partial", 0, 2, THREE_FULL "1-a !1-e",
	  "R PG(e).flags" FREE_SLOW("e") NODE_OF("e")
	  ", A ND.lock, M ND.nr_partial, R ND.partial_next, W PG(a).lru_prev"
	  ", W PG(e).lru_next, W PG(e).lru_prev, W ND.partial_next, W ND.lock" SLAB_UNLOCK("e"),
	  "CPA KCN", "PG OB KC0", 3 },
	{ "free of the last object, NUMA", "slab empty", 0, 2,
	  THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  "R PG(h).flags" FREE_SLOW("h") NODE_OF("h") ", A ND.lock"
	  LIST_DEL("h", "PG(i).lru_next", "PG(a).lru_prev")
	  ", M ND.nr_partial, W ND.lock" SLAB_UNLOCK("h") DISCARD("h", NODE_OF("h")),
	  "CPA KCN Z", "PG OB KC0 VS", 4 },
};

/*
 * 2.4.10 as fixed, 2.4.7. The task's new slab is that of e. The interrupt's has three objects left, k, j
 * and i, which go back one by one under its lock (a; where the link lies is in the page struct); then it is
 * partial and goes to the head of the list, which is empty.
 */
#define BACK(x) \
	", R PG(x).lockless, R PG(x).offset, R OB(" x "), W PG(x).lockless, R PG(x).freelist" \
	", W OB(" x "), W PG(x).freelist, M PG(x).inuse"

static void a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.era = ERA_2622, .cpus = 4, .stride = LINE });

	(void)state;
	f->meanwhile = fixture_allocate_x;
	/* what is left of e's slab, then x's from the end of its list */
	fixture_run(f, "0+a 0+b 0+c 0+d !0+e 0+f 0+g 0+h 0+i 0+j 0+k");
	assert_ptr_equal(fixture_slab(f, f->slot['i']), fixture_slab(f, f->slot['x']));
	fixture_expect_path(f,
		GIVE_UP("a", ONE_NODE) ", R ND.nr_partial" NEW_SLAB("e", ONE_NODE)
		", R CPA" SLAB_LOCK("x") BACK("k") BACK("j") BACK("i") ", R PG(x).lockless, W CPA"
		", M PG(x).flags, R PG(x).inuse, R PG(x).freelist"
		", A ND.lock, M ND.nr_partial, R ND.partial_next, W ND.partial_prev"
		", W PG(x).lru_next, W PG(x).lru_prev, W ND.partial_next, W ND.lock" SLAB_UNLOCK("x")
		SLAB_LOCK("e") ", M PG(e).flags, W CPA" LOAD_FREELIST("e"));
	fixture_expect_sound(f);
	fixture_free(f);
}

static void each_path_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		fixture_check_row(ERA_2622, &rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet),
	};

	return cmocka_run_group_tests_name("slub-page", tests, NULL, NULL);
}
