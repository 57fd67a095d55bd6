/*
 * slub-cpu (2.6.24, and dfb4f096 alone): which accesses each path makes and which
 * lines it touches, from the sheet.
 *
 * Names as in test_slub_page.c; CS is the CPU's kmem_cache_cpu. A cache of 1024 byte objects has
 * 4 objects in a page; CPU 0's fifth allocation makes its second slab.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model_fixture.h"

/* Pieces of the numbered paths; unlock of 2.6.24 is a LOCK btr without an assertion. */
#define SLAB_LOCK(x)    ", A PG(" x ").flags"
#define SLAB_UNLOCK(x)  ", A PG(" x ").flags"

/* 3.4.4 and 3.4.5; OFFSET is where the free pointer's offset is read. */
#define LOAD_FREELIST(x, OFFSET) \
	", R PG(" x ").freelist, R PG(" x ").flags, " OFFSET ", R OB(" x "), W CS.freelist" \
	", R KC.objects, W PG(" x ").inuse, W PG(" x ").freelist, R PG(" x ").flags, W CS.node" \
	SLAB_UNLOCK(x)
/* Which node struct? The page's node says so, where there is more than one node. */
#define ONE_NODE ""
#define NODE_OF(x) ", R PG(" x ").flags, R KCN"

/* 3.4, step 1 to 5: the used-up slab of x goes; nothing is left on the CPU's list, and it is full:
 * the debug bit once more, no list and no list_lock. */
#define GIVE_UP(x, NODE) \
	", R CS.page" SLAB_LOCK(x) ", R PG(" x ").freelist, R CS.freelist, W CS.page" NODE \
	", M PG(" x ").flags, R PG(" x ").inuse, R PG(" x ").freelist, R PG(" x ").flags" \
	SLAB_UNLOCK(x)

/* 0.7, in the form that the zone of 3.9 has: no irq pair, an unlocked cmpxchg. */
#define SLAB_COUNT(x) \
	", R KC.flags, R PG(" x ").flags, R ZP, R VS.threshold, R VS.diff, M VS.diff"

/* 2.4, step 9; OFFSET as above, where the page struct has it. LINK: per object flags, ctor, offset,
 * size, objects and a store (0.7). */
#define NEW_SLAB(x, NODE, OFFSET) \
	", R KC.flags, R KC.order" SLAB_COUNT(x) NODE ", A ND.nr_slabs" OFFSET \
	", W PG(" x ").slab, M PG(" x ").flags, R KC.flags, LINK(" x ")" \
	", W PG(" x ").freelist, W PG(" x ").inuse"
#define USE_NEW_SLAB(x) ", R CS.page" SLAB_LOCK(x) ", M PG(" x ").flags, W CS.page"

#define LIST_DEL(x, before, after) \
	", R PG(" x ").lru_next, R PG(" x ").lru_prev, W " after ", W " before \
	", W PG(" x ").lru_next, W PG(" x ").lru_prev"
/* 3.4.6 = 2.4.8: before a slab is tried, the line of the next one's lru is prefetched. */
#define WALK ", R ND.nr_partial, A ND.lock, R ND.partial_next"
#define TRY(x, next) ", R PG(" x ").lru_next, P " next SLAB_LOCK(x)
#define TAKE_PARTIAL(x, next) \
	WALK TRY(x, "PG(" next ").lru_next") \
	LIST_DEL(x, "ND.partial_next", "PG(" next ").lru_prev") \
	", M ND.nr_partial, M PG(" x ").flags, W ND.lock, W CS.page"

/* 2.6 as far as step 3; OFFSET: of the free pointer, where it is read from the page. */
#define FREE_SLOW(x, OFFSET) \
	SLAB_LOCK(x) ", R PG(" x ").flags" OFFSET ", R PG(" x ").freelist, W OB(" x ")" \
	", W PG(" x ").freelist, M PG(" x ").inuse, R PG(" x ").flags"
/* 2.6.7: PG_slab goes, RCU?, how many pages, debug?; MAPPING: where the slab pointer lies there, it
 * goes too. */
#define DISCARD(x, NODE, MAPPING) \
	NODE ", A ND.nr_slabs, W PG(" x ").mapcount, M PG(" x ").flags" \
	", R KC.flags, R KC.order, R PG(" x ").flags" SLAB_COUNT(x) MAPPING

#define THREE_FULL "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0+h 0+i 0+j 0+k 0+l "

/* 2.6.24: offset in kmem_cache_cpu, found through CPA. */
#define CS_OFFSET "R CS.offset"
#define NOT_MINE_2624(x) "R PG(" x ").flags, R CPA, R CS.page, R CS.offset"
#define TO_TAIL(x, tail) \
	", A ND.lock, M ND.nr_partial, R ND.partial_prev, W ND.partial_prev, W PG(" x ").lru_next" \
	", W PG(" x ").lru_prev, W PG(" tail ").lru_next, W ND.lock"

static const struct path_row rows_2624[] = {
	/* 3.3. Table: reads CPA, OB; writes CS; no LOCK. */
	{ "alloc fast", "fast", 0, 1, "0+a !0+b",
	  "R CPA, R CS.freelist, R CS.offset, R OB(b), W CS.freelist",
	  "CPA OB", "CS", 0 },
	/* 3.3.6: objsize, then a store per line of the object. */
	{ "alloc fast, zeroed", "fast", 0, 1, "0+a !0*b",
	  "R CPA, R CS.freelist, R CS.offset, R OB(b), W CS.freelist, R CS.objsize, W OBL(b)",
	  "CPA", "CS OB", 0 },
	/* 3.4. Table: reads CPA, KC1, OB; writes CS, PG; 2 LOCKs on PG. */
	{ "alloc refill", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  "R CPA, R CS.freelist, R CS.page" SLAB_LOCK("e") LOAD_FREELIST("e", CS_OFFSET),
	  "CPA KC1 OB", "CS PG", 2 },
	/* Freed slabs went to the tail: a is first, e its neighbour. Table: reads CPA, KC1, OB;
	 * writes CS, old PG, new PG, ND = KC0, PGn; LOCKs 2+1+2. */
	{ "alloc, switch to a partial slab", "partial", 0, 1, THREE_FULL "1-a 1-e !0+m",
	  "R CPA, R CS.freelist" GIVE_UP("i", ONE_NODE) TAKE_PARTIAL("m", "e")
	  LOAD_FREELIST("m", CS_OFFSET),
	  "CPA KC1 OB", "CS PG KC0", 5 },
	/* The slab lock of a, first on the list, is taken: one LOCK more, and e is taken. */
	{ "alloc, a partial slab is locked", "partial", 0, 1, THREE_FULL "1-a 1-e 0la !0+m 0la",
	  "R CPA, R CS.freelist" GIVE_UP("i", ONE_NODE) WALK TRY("a", "PG(e).lru_next")
	  ", R PG(a).lru_next" TRY("m", "ND.partial_next")
	  LIST_DEL("m", "PG(a).lru_next", "ND.partial_prev")
	  ", M ND.nr_partial, M PG(m).flags, W ND.lock, W CS.page" LOAD_FREELIST("m", CS_OFFSET),
	  "CPA KC1 OB", "CS PG KC0", 6 },
	/* 3.4.7. Table: reads CPA, KC0, KC1, KCN, OB; writes CS, PG, ND, objects, VS; 2+1+2. */
	{ "alloc, new slab", "new slab", 0, 1, "0+a 0+b 0+c 0+d !0+e",
	  "R CPA, R CS.freelist" GIVE_UP("a", ONE_NODE) ", R ND.nr_partial"
	  NEW_SLAB("e", ONE_NODE, "") ", R CPA" USE_NEW_SLAB("e")
	  LOAD_FREELIST("e", CS_OFFSET),
	  "CPA KC1 Z", "CS PG KC0 OB VS", 5 },
	{ "alloc, the very first", "new slab", 0, 1, "!0+a",
	  "R CPA, R CS.freelist, R CS.page, R ND.nr_partial" NEW_SLAB("a", ONE_NODE, "") ", R CPA"
	  USE_NEW_SLAB("a") LOAD_FREELIST("a", CS_OFFSET),
	  "CPA KC1 Z", "CS PG KC0 OB VS", 3 },

	/* 3.5. Table: reads PG (flags), CPA; writes CS, OB; no LOCK. */
	{ "free fast", "fast", 0, 1, "0+a !0-a",
	  "R PG(a).flags, R CPA, R CS.page, R CS.node, R CS.offset, R CS.freelist, W OB(a)"
	  ", W CS.freelist",
	  "PG CPA", "CS OB", 0 },
	/* The tail page leads to the head page struct, of which nothing is read. */
	{ "free fast, tail page", "fast", 2048, 1, "0+a 0+b 0+c !0-c",
	  "R PGt(c).flags, R PGt(c).first_page, R CPA, R CS.page, R CS.node, R CS.offset"
	  ", R CS.freelist, W OB(c), W CS.freelist",
	  "PGt CPA", "CS OB", 0 },
	{ "kfree fast", "fast", 0, 1, "0+a !0~a",
	  "R PG(a).flags, R PG(a).flags, R PG(a).slab, R CPA, R CS.page, R CS.node, R CS.offset"
	  ", R CS.freelist, W OB(a), W CS.freelist",
	  "PG CPA", "CS OB", 0 },
	/* Table: reads CPA, CS (CPU 1's own); writes PG, OB; 2 LOCKs. */
	{ "free to another CPU's slab", "slow", 0, 1, "0+a !1-a",
	  NOT_MINE_2624("a") FREE_SLOW("a", "") SLAB_UNLOCK("a"),
	  "CPA CS", "PG OB", 2 },
	{ "free to a slab that is partial already", "slow", 0, 1, "0+a 0+b 0+c 0+d 0+e 1-a !1-b",
	  NOT_MINE_2624("b") FREE_SLOW("b", "") SLAB_UNLOCK("b"),
	  "CPA CS", "PG OB", 2 },
	/* At the tail, behind slab a. Table: reads CPA, CS; writes PG, OB, ND, PGn (old tail);
	 * 3 LOCKs. */
	{ "free, full to partial", "full to partial", 0, 1, THREE_FULL "1-a !1-e",
	  NOT_MINE_2624("e") FREE_SLOW("e", "") TO_TAIL("e", "a") SLAB_UNLOCK("e"),
	  "CPA CS", "PG OB KC0", 3 },
	/* The list is a, e, i; e empties. Table: reads CPA, CS; writes PG, OB, ND, PGn twice;
	 * 4 LOCKs. */
	{ "free of the last object", "slab empty", 0, 1,
	  THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  NOT_MINE_2624("h") FREE_SLOW("h", "") ", A ND.lock"
	  LIST_DEL("h", "PG(a).lru_next", "PG(i).lru_prev") ", M ND.nr_partial, W ND.lock"
	  SLAB_UNLOCK("h") DISCARD("h", ONE_NODE, ""),
	  "CPA CS Z", "PG OB KC0 VS", 4 },

	/* Two nodes, both CPUs on node 0: KCN comes in where the table has it. */
	{ "alloc, switch to a partial slab, NUMA", "partial", 0, 2, THREE_FULL "1-a 1-e !0+m",
	  "R CPA, R CS.freelist" GIVE_UP("i", NODE_OF("i")) ", R KCN"
	  TAKE_PARTIAL("m", "e")
	  LOAD_FREELIST("m", CS_OFFSET),
	  "CPA KC1 OB KCN", "CS PG KC0", 5 },
	{ "alloc, new slab, NUMA", "new slab", 0, 2, "0+a 0+b 0+c 0+d !0+e",
	  "R CPA, R CS.freelist" GIVE_UP("a", NODE_OF("a"))
	  ", R KCN, R ND.nr_partial, R KC.defrag_ratio" NEW_SLAB("e", NODE_OF("e"), "")
	  ", R CPA" USE_NEW_SLAB("e") LOAD_FREELIST("e", CS_OFFSET),
	  "CPA KC1 KCN Z", "CS PG KC0 OB VS", 5 },
	{ "free fast, NUMA", "fast", 0, 2, "0+a !0-a",
	  "R PG(a).flags, R CPA, R CS.page, R CS.node, R CS.offset, R CS.freelist, W OB(a)"
	  ", W CS.freelist",
	  "PG CPA", "CS OB", 0 },
	{ "free, full to partial, NUMA", "full to partial", 0, 2, THREE_FULL "1-a !1-e",
	  NOT_MINE_2624("e") FREE_SLOW("e", "") NODE_OF("e") TO_TAIL("e", "a") SLAB_UNLOCK("e"),
	  "CPA CS KCN", "PG OB KC0", 3 },
	{ "free of the last object, NUMA", "slab empty", 0, 2,
	  THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  NOT_MINE_2624("h") FREE_SLOW("h", "") NODE_OF("h") ", A ND.lock"
	  LIST_DEL("h", "PG(a).lru_next", "PG(i).lru_prev") ", M ND.nr_partial, W ND.lock"
	  SLAB_UNLOCK("h") DISCARD("h", NODE_OF("h"), ""),
	  "CPA CS KCN Z", "PG OB KC0 VS", 4 },
};

/* dfb4f096: kmem_cache_cpu in kmem_cache itself, so no CPA; offset and debug flag in the page. */
#define PG_OFFSET(x) "R PG(" x ").offset"
#define NOT_MINE_DFB(x) "R PG(" x ").flags, R CS.page"
#define CLEAR_MAPPING(x) ", W PG(" x ").mapping"
#define SET_OFFSET(x) ", R KC.offset, W PG(" x ").offset"
#define TO_HEAD(x, head) \
	", A ND.lock, M ND.nr_partial, R ND.partial_next, W PG(" head ").lru_prev" \
	", W PG(" x ").lru_next, W PG(" x ").lru_prev, W ND.partial_next, W ND.lock"

static const struct path_row rows_dfb4f096[] = {
	/* 3.3: the condition reads c->page, the offset comes from the page struct. The commit's own
	 * table: alloc writes kmem_cache_cpu and reads the page struct and the object. */
	{ "alloc fast", "fast", 0, 1, "0+a !0+b",
	  "R CS.page, R CS.freelist, R PG(b).offset, R OB(b), W CS.freelist",
	  "PG OB", "CS", 0 },
	/* 42a9fdbb12a comes later: objsize is read from kmem_cache. */
	{ "alloc fast, zeroed", "fast", 0, 1, "0+a !0*b",
	  "R CS.page, R CS.freelist, R PG(b).offset, R OB(b), W CS.freelist, R KC.objsize"
	  ", W OBL(b)",
	  "PG KC0", "CS OB", 0 },
	{ "alloc refill", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  "R CS.page, R CS.freelist, R CS.page" SLAB_LOCK("e") LOAD_FREELIST("e", PG_OFFSET("e")),
	  "KC1 OB", "CS PG", 2 },
	/* To the head, as before 76be895001f: e is first. */
	{ "alloc, switch to a partial slab", "partial", 0, 1, THREE_FULL "1-a 1-e !0+m",
	  "R CS.page, R CS.freelist" GIVE_UP("i", ONE_NODE) TAKE_PARTIAL("m", "a")
	  LOAD_FREELIST("m", PG_OFFSET("m")),
	  "KC1 OB", "CS PG KC0", 5 },
	{ "alloc, new slab", "new slab", 0, 1, "0+a 0+b 0+c 0+d !0+e",
	  "R CS.page, R CS.freelist" GIVE_UP("a", ONE_NODE) ", R ND.nr_partial"
	  NEW_SLAB("e", ONE_NODE, SET_OFFSET("e")) USE_NEW_SLAB("e")
	  LOAD_FREELIST("e", PG_OFFSET("e")),
	  "KC1 Z", "CS PG KC0 OB VS", 5 },
	{ "alloc, the very first", "new slab", 0, 1, "!0+a",
	  "R CS.page, R CS.page, R ND.nr_partial" NEW_SLAB("a", ONE_NODE, SET_OFFSET("a"))
	  USE_NEW_SLAB("a") LOAD_FREELIST("a", PG_OFFSET("a")),
	  "KC1 Z", "CS PG KC0 OB VS", 3 },

	/* 3.5. The commit's table: free to the own slab writes kmem_cache_cpu and the object, reads
	 * the page struct. */
	{ "free fast", "fast", 0, 1, "0+a !0-a",
	  "R PG(a).flags, R CS.page, R PG(a).flags, R PG(a).offset, R CS.freelist, W OB(a)"
	  ", W CS.freelist",
	  "PG", "CS OB", 0 },
	{ "free fast, tail page", "fast", 2048, 1, "0+a 0+b 0+c !0-c",
	  "R PGt(c).flags, R PGt(c).first_page, R CS.page, R PG(c).flags, R PG(c).offset"
	  ", R CS.freelist, W OB(c), W CS.freelist",
	  "PG PGt", "CS OB", 0 },
	{ "kfree fast", "fast", 0, 1, "0+a !0~a",
	  "R PG(a).flags, R PG(a).flags, R PG(a).slab, R CS.page, R PG(a).flags, R PG(a).offset"
	  ", R CS.freelist, W OB(a), W CS.freelist",
	  "PG", "CS OB", 0 },
	/* The commit's table: free to another slab writes page struct and object, reads the local
	 * kmem_cache_cpu. */
	{ "free to another CPU's slab", "slow", 0, 1, "0+a !1-a",
	  NOT_MINE_DFB("a") FREE_SLOW("a", ", " PG_OFFSET("a")) SLAB_UNLOCK("a"),
	  "CS", "PG OB", 2 },
	{ "free to a slab that is partial already", "slow", 0, 1, "0+a 0+b 0+c 0+d 0+e 1-a !1-b",
	  NOT_MINE_DFB("b") FREE_SLOW("b", ", " PG_OFFSET("b")) SLAB_UNLOCK("b"),
	  "CS", "PG OB", 2 },
	{ "free, full to partial", "full to partial", 0, 1, THREE_FULL "1-a !1-e",
	  NOT_MINE_DFB("e") FREE_SLOW("e", ", " PG_OFFSET("e")) TO_HEAD("e", "a") SLAB_UNLOCK("e"),
	  "CS", "PG OB KC0", 3 },
	/* The list is i, e, a. */
	{ "free of the last object", "slab empty", 0, 1,
	  THREE_FULL "0+m 1-a 1-e 1-i 1-f 1-g !1-h",
	  NOT_MINE_DFB("h") FREE_SLOW("h", ", " PG_OFFSET("h")) ", A ND.lock"
	  LIST_DEL("h", "PG(i).lru_next", "PG(a).lru_prev") ", M ND.nr_partial, W ND.lock"
	  SLAB_UNLOCK("h") DISCARD("h", ONE_NODE, CLEAR_MAPPING("h")),
	  "CS Z", "PG OB KC0 VS", 4 },
	{ "alloc, switch to a partial slab, NUMA", "partial", 0, 2, THREE_FULL "1-a 1-e !0+m",
	  "R CS.page, R CS.freelist" GIVE_UP("i", NODE_OF("i")) ", R KCN"
	  TAKE_PARTIAL("m", "a")
	  LOAD_FREELIST("m", PG_OFFSET("m")),
	  "KC1 OB KCN", "CS PG KC0", 5 },
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void each_path_of_2624_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows_2624); i++)
		fixture_check_row(ERA_2624, &rows_2624[i]);
}

static void each_path_of_dfb4f096_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows_dfb4f096); i++)
		fixture_check_row(ERA_DFB4F096, &rows_dfb4f096[i]);
}

/*
 * 3.4.7, 3.4.5. The task's new slab is that of e. The interrupt's has three objects left, k, j and i,
 * which go back one by one under its lock; then it is partial and goes to the head of the list, which is
 * empty.
 */
#define BACK(x, OFFSET) \
	", R CS.freelist, " OFFSET ", R OB(" x "), W CS.freelist, R PG(x).freelist, W OB(" x ")" \
	", W PG(x).freelist, M PG(x).inuse"
#define GIVEN_UP(OFFSET) \
	", R CS.page" SLAB_LOCK("x") BACK("k", OFFSET) BACK("j", OFFSET) BACK("i", OFFSET) \
	", R CS.freelist, W CS.page, M PG(x).flags, R PG(x).inuse, R PG(x).freelist" \
	", A ND.lock, M ND.nr_partial, R ND.partial_next, W ND.partial_prev, W PG(x).lru_next" \
	", W PG(x).lru_prev, W ND.partial_next, W ND.lock" SLAB_UNLOCK("x") \
	SLAB_LOCK("e") ", M PG(e).flags, W CS.page"

static const struct { enum era era; const char *path; } given_up[] = {
	{ ERA_2624,
	  "R CPA, R CS.freelist" GIVE_UP("a", ONE_NODE) ", R ND.nr_partial"
	  NEW_SLAB("e", ONE_NODE, "") ", R CPA" GIVEN_UP(CS_OFFSET) LOAD_FREELIST("e", CS_OFFSET) },
	{ ERA_DFB4F096,
	  "R CS.page, R CS.freelist" GIVE_UP("a", ONE_NODE) ", R ND.nr_partial"
	  NEW_SLAB("e", ONE_NODE, SET_OFFSET("e")) GIVEN_UP(PG_OFFSET("x"))
	  LOAD_FREELIST("e", PG_OFFSET("e")) },
};

static void a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(given_up); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = given_up[i].era, .cpus = 4, .stride = LINE });

		f->meanwhile = fixture_allocate_x;
		/* what is left of e's slab, then x's from the end of its list */
		fixture_run(f, "0+a 0+b 0+c 0+d !0+e 0+f 0+g 0+h 0+i 0+j 0+k");
		assert_ptr_equal(fixture_slab(f, f->slot['i']), fixture_slab(f, f->slot['x']));
		fixture_expect_path(f, given_up[i].path);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(each_path_of_2624_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(each_path_of_dfb4f096_makes_the_accesses_of_the_sheet),
	};

	return cmocka_run_group_tests_name("slub-cpu", tests, NULL, NULL);
}
