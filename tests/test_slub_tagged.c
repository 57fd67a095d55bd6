/*
 * slub-tagged (intended, v1) and 4.0: which accesses each path makes and which lines it touches, from
 * the sheet, chapter 6.
 *
 * Names as in test_slub_lockless.c. The range of a slab is objects times size (6.5.2); 6.4 has the
 * address alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model_fixture.h"
#include "tests/slub_paths.h"

/* ---- as intended ----------------------------------------------------------- */

/* 6.4, alloc slow: c = own, its list, the slab that it names, the pfmemalloc mark; the list is empty. */
#define NAMED(x) ", R KC.cpu_slab, R CS.freelist, R PG(" x ").flags, R PG(" x ").flags"
#define GIVE_UP_TAGGED(x) NAMED(x) STATE(x) AC16(x) ", W CS.freelist"
/* A new slab knows where it begins; then its first object tells the slab. */
#define NEW_TAGGED(x) NEW_TAGGED_OF(x, "")
#define NEW_TAGGED_OF(x, ORDER) MAKE_TAGGED(x, ORDER) USE_TAGGED(x)
#define MAKE_TAGGED(x, ORDER) \
	", R KC.oo, R KC.allocflags, W PG(" x ").objects" SLAB_COUNT(x) ", R PG(" x ").flags" ORDER \
	NODE_OF(x) ", A ND.nr_slabs, A ND.total_objects, W PG(" x ").slab, M PG(" x ").flags" \
	", W PG(" x ").address, LINK(" x "), W PG(" x ").freelist, R PG(" x ").objects" \
	", W PG(" x ").inuse, M PG(" x ").objects, R KC.cpu_slab, R CS.freelist"
#define USE_TAGGED(x) \
	", R PG(" x ").freelist, W PG(" x ").freelist, R PG(" x ").flags, R KC.flags" \
	", R PG(" x ").flags" LOAD(x)
/* 6.4, free: the id, the list, and whether it is of this slab. */
#define RANGE(x) \
	", R KC.cpu_slab, R CS.tid, R CS.freelist, R PG(" x ").address, R PG(" x ").objects" \
	", R KC.size"
#define PUSH_TAGGED(x) ", R KC.offset, W OB(" x "), R KC.cpu_slab, M CS.freelist"

static const struct path_row rows_tagged[] = {
	/* 6.7: reads KC0, OB; writes CS; no LOCK, and no preemption. */
	{ "alloc fast", "fast", 0, 1, "0+a 0+b 0+c 0-c 0-b !0+b", FAST EXCHANGE("b") ", P OB(c)",
	  "KC0 OB", "CS", 0 },
	{ "alloc fast, preemptible", "fast", 0, 1, "0+a 0+b 0+c 0-c 0-b !0+b",
	  FAST EXCHANGE("b") ", P OB(c)", "KC0 OB", "CS", 0, .preempt = true },
	/* 6.3: behind the last object is the slab's start, tagged; a is there. */
	{ "alloc fast, the last object", "fast", 0, 1, "0+a 0+b 0+c !0+d",
	  FAST EXCHANGE("d") ", P OB(a)", "KC0 OB", "CS", 0 },
	{ "alloc refill", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST NAMED("e") STATE("e") AC16("e") LOAD("e"), "KC0 OB", "CS PG", 1 },
	{ "alloc, new slab", "new slab", 0, 1, "0+a 0+b 0+c 0+d !0+e",
	  FAST GIVE_UP_TAGGED("a") ", R CS.partial, R KCN, R ND.nr_partial" NEW_TAGGED("e"),
	  "KC0 KC1 KCN Z", "CS PG ND OB VS", 3 },
	/* Of two pages: the second page struct, c's, has the order, as in 3.18. */
	{ "alloc, new slab of two pages", "new slab", 2048, 1, "!0+a 0+b 0+c",
	  FAST ", R KC.cpu_slab, R CS.freelist, R CS.partial, R KCN, R ND.nr_partial"
	  NEW_TAGGED_OF("a", ", R PGt(c).lru_prev"),
	  "KC0 KC1 KCN PGt Z", "CS PG ND OB VS", 2 },
	/* The list is e, a, and 2 is as many as 2; a slab's address goes with it. */
	{ "free of the last object, two pages", "slab empty", 2048, 1, TWO_FULL "0+i 1-e 1-b 1-c 1-d !1-a",
	  FREE("a") RANGE("a") FREE_SLOW("a") LOCKED("a") AC16("a") ENOUGH
	  LIST_DEL("a", "PG(e).lru_next", "ND.partial_prev") ", M ND.lock"
	  DISCARD_ORDER_1("a", "c", ", M PG(a).flags") ", W PG(a).address",
	  "KC0 CS KCN PG Z", "PG OB ND VS", 4, .min_partial = 2, .no_cpu_partial = true },
	/* 6.4: c->freelist becomes the end of that slab, and the slab is tried. */
	{ "alloc, exhausted to CPU's partial", "refill", 0, 1, "1+w 1+x 1+y 1+z " ONE_FULL "1-a !1+m",
	  FAST GIVE_UP_TAGGED("w") ", R CS.partial, R PG(m).lru_next, W CS.partial, R PG(m).address"
	  ", W CS.freelist, R PG(m).flags" STATE("m") AC16("m") LOAD("m"),
	  "KC0 OB", "CS PG", 2 },
	/* 6.7: reads PG(t), KC0; writes CS, OB; no LOCK. */
	{ "free fast", "fast", 0, 1, "0+a !0-a", FREE("a") RANGE("a") PUSH_TAGGED("a"),
	  "PG KC0", "CS OB", 0 },
	{ "free fast, preemptible", "fast", 0, 1, "0+a !0-a", FREE("a") RANGE("a") PUSH_TAGGED("a"),
	  "PG KC0", "CS OB", 0, .preempt = true },
	/* 6.4: the end of an exhausted list names the slab. */
	{ "free fast, the list is exhausted", "fast", 0, 1, "0+a 0+b 0+c 0+d !0-b",
	  FREE("b") RANGE("b") PUSH_TAGGED("b"), "PG KC0", "CS OB", 0 },
	{ "free fast, tail page", "fast", 2048, 1, "0+a 0+b 0+c !0-c",
	  "R PGt(c).flags, R PGt(c).first_page" RANGE("c") PUSH_TAGGED("c"),
	  "PG PGt KC0", "CS OB", 0 },
	{ "free to another CPU's slab", "slow", 0, 1, "0+a !1-a",
	  FREE("a") RANGE("a") FREE_SLOW("a") AC16("a"), "KC0 CS", "PG OB", 1 },
	{ "free, full to CPU's partial", "full to CPU's partial", 0, 1, ONE_FULL "!1-a",
	  FREE("a") RANGE("a") FREE_SLOW("a") AC16("a") ", R CS.partial" PUT("a"),
	  "KC0", "PG OB CS", 1 },
};

/* ---- as posted --------------------------------------------------------------- */

/* 6.5.2: behind the first byte, within 2 KiB, and within as many pages as the slab's order. */
#define RANGE_V1(x) ", R KC.cpu_slab, R CS.tid, R CS.freelist, R PG(" x ").address"

static const struct path_row rows_v1[] = {
	{ "alloc fast", "fast", 0, 1, "0+a 0+b 0+c !0+d", FAST EXCHANGE("d") ", P OB(a)",
	  "KC0 OB", "CS", 0 },
	/* Order 0: the list, at d = 1024, is within no page. The slab is the CPU's own, so frozen. */
	{ "free to the own slab of one page", "slow", 0, 1, "0+a !0-a",
	  FREE("a") RANGE_V1("a") ", R PG(a).flags" FREE_SLOW("a") AC16("a"), "KC0 CS", "PG OB", 1 },
	/* 6.5.3, order 1: the list has run out, d = 1, and the second page struct has the order. */
	{ "free fast, two pages", "fast", 2048, 1, "0+a 0+b 0+c 0+d !0-a",
	  FREE("a") RANGE_V1("a") ", R PG(a).flags, R PGt(c).lru_prev" PUSH_TAGGED("a"),
	  "PG PGt KC0", "CS OB", 0 },
	/* d = 0: the first object is the list's first. */
	{ "free, the list begins where the slab does", "slow", 2048, 1, "0+a 0+b 0+c 0+d 0-a !0-b",
	  FREE("b") RANGE_V1("b") FREE_SLOW("b") AC16("b"), "KC0 CS", "PG OB", 1 },
	/* d = 2048 is not within 2 KiB. */
	{ "free, the list begins behind 2 KiB", "slow", 2048, 1, "0+a !0-a",
	  FREE("a") RANGE_V1("a") FREE_SLOW("a") AC16("a"), "KC0 CS", "PG OB", 1 },
	/* 6.5.1: the empty list names no slab. CPU 1's partial slab takes its place, and the slab of w is
	 * not even looked at. */
	{ "alloc, exhausted to CPU's partial", "refill", 0, 1, "1+w 1+x 1+y 1+z " ONE_FULL "1-a !1+m",
	  FAST ", R KC.cpu_slab, R CS.freelist, R CS.partial, R PG(m).lru_next, W CS.partial"
	  ", R PG(m).address, W CS.freelist, R PG(m).flags" STATE("m") AC16("m") LOAD("m"),
	  "KC0 OB", "CS PG", 1 },
};

/* ---- 4.0 ----------------------------------------------------------------------- */

static const struct path_row rows_40[] = {
	/* 6.6: as 3.18 without counting; a preemptible kernel reads the id twice. */
	{ "alloc fast", "fast", 0, 1, "0+a 0+b 0+c 0-c 0-b !0+b",
	  FAST_318 EXCHANGE("b") ", P OB(c)", "KC0 OB", "CS", 0 },
	{ "alloc fast, preemptible", "fast", 0, 1, "0+a 0+b 0+c 0-c 0-b !0+b",
	  "R KC.cpu_slab, R CS.tid, R CS.tid, R CS.freelist, R CS.page" EXCHANGE("b") ", P OB(c)",
	  "KC0 OB", "CS", 0, .preempt = true },
	{ "free fast, preemptible", "fast", 0, 1, "0+a !0-a",
	  FREE("a") ", R KC.cpu_slab, R CS.tid, R CS.tid, R CS.page" PUSH("a"), "PG KC0", "CS OB", 0,
	  .preempt = true },
	{ "alloc refill", "refill", 0, 1, "0+a 0+b 0+c 0+d 1-a !0+e",
	  FAST_318 REFILL("e", MARK_AND_AGAIN("e")) LOAD("e"), "KC0 OB", "CS PG", 1 },
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void each_path_as_intended_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows_tagged); i++)
		fixture_check_row(ERA_TAGGED, &rows_tagged[i]);
}

static void each_path_as_posted_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows_v1); i++)
		fixture_check_row(ERA_TAGGED_V1, &rows_v1[i]);
}

static void each_path_of_40_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows_40); i++)
		fixture_check_row(ERA_40, &rows_40[i]);
}

/*
 * 5.9 as 6.3 has it: the interrupt's slab has three objects left, k, j and i. Behind the last one is no
 * NULL, so all three go back one by one, an AC16 each, and the exchange that thaws the slab pushes none;
 * then its caller clears the CPU's list.
 */
#define PUSH_BACK(x) ", R KC.offset, R OB(" x ")" STATE("x") ", R KC.offset, W OB(" x ")" AC16("x")

static void a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.era = ERA_TAGGED, .cpus = 4, .stride = LINE });

	(void)state;
	f->meanwhile = fixture_allocate_x;
	/* what is left of e's slab, then x's from the end of its list */
	fixture_run(f, "0+a 0+b 0+c 0+d !0+e 0+f 0+g 0+h 0+i 0+j 0+k");
	assert_ptr_equal(fixture_slab(f, f->slot['i']), fixture_slab(f, f->slot['x']));
	fixture_expect_path(f,
		FAST GIVE_UP_TAGGED("a") ", R CS.partial, R KCN, R ND.nr_partial" MAKE_TAGGED("e", "")
		", R PG(x).flags" NODE_OF("x") ", R PG(x).freelist"
		PUSH_BACK("k") PUSH_BACK("j") PUSH_BACK("i") STATE("x")
		", A ND.lock, M ND.nr_partial, R ND.partial_next, W ND.partial_prev, W PG(x).lru_next"
		", W PG(x).lru_prev, W ND.partial_next" AC16("x") ", M ND.lock"
		", M CS.tid, W CS.freelist" USE_TAGGED("e"));
	fixture_expect_sound(f);
	fixture_free(f);
}

/*
 * 6.5.1: CPU 1 uses up a slab, then takes the slab of a, which it has as a partial one. As posted, w's
 * slab is frozen for good: all four objects are lost, whether in use or freed later; in use in all are
 * b, c, d, m and e of the other slab. As intended it is full and nobody's, and its objects come back.
 */
static void as_posted_a_slab_is_forgotten(void **state)
{
	static const char script[] = "1+w 1+x 1+y 1+z " ONE_FULL "1-a 1+m 0-w 0-x 0-y 0-z";

	(void)state;
	for (enum era era = ERA_TAGGED; era <= ERA_TAGGED_V1; era++) {
		struct fixture *f = fixture_new(&(struct fixture_options){ .era = era });
		uint64_t in_use;

		fixture_run(f, script);
		fixture_expect_sound(f);
		in_use = f->objects.model->in_use(f->slub);
		assert_int_equal(in_use, era == ERA_TAGGED ? 5 : 5 + 4);
		assert_int_equal(f->objects.model->may_lose(f->slub), era == ERA_TAGGED_V1);
		fixture_free(f);
	}
}

/* 6.5.1: a new slab is made only when there is no partial one; then what the list names is flushed,
 * and nothing is lost. In use are the four and the new one. */
static void as_posted_a_slab_is_not_forgotten_for_a_new_one(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){ .era = ERA_TAGGED_V1 });

	(void)state;
	fixture_run(f, "0+a 0+b 0+c 0+d 0+e");
	fixture_expect_sound(f);
	assert_int_equal(f->objects.model->in_use(f->slub), 5);
	fixture_free(f);
}

/* check() sees a list that ends in the address of another slab. */
static void a_tag_of_another_slab_is_found(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.era = ERA_TAGGED, .no_cpu_partial = true });

	(void)state;
	fixture_run(f, ONE_FULL "1-a");
	fixture_expect_sound(f);
	*(uintptr_t *)f->slot['a'] = (uintptr_t)f->slot['e'] | 1;
	fixture_expect_unsound(f, "freelist of page");
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_as_intended_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(each_path_as_posted_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(each_path_of_40_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(as_posted_a_slab_is_forgotten),
		cmocka_unit_test(as_posted_a_slab_is_not_forgotten_for_a_new_one),
		cmocka_unit_test(a_tag_of_another_slab_is_found),
	};

	return cmocka_run_group_tests_name("slub-tagged", tests, NULL, NULL);
}
