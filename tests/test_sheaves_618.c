/*
 * sheaves of 6.18, and 6.17, which is what is underneath: which accesses each path makes, from the
 * sheet (slab.md, 8A); names in sheaf_fixture.h.
 *
 * Slabs of four objects of 1024 bytes in one page, s0 s1 s2 s3 in the order in which they are handed
 * out by a CPU slab; sheaves of two, out of which the last is handed out first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/slub/page_612.h"
#include "tests/sheaf_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- pieces of 8A.6 -------------------------------------------------------------------------------- */

/* The fast paths; M: cmpxchg16b without LOCK. */
#define LOOK "R KC.cpu_slab, R CS.tid, R CS.freelist, R CS.slab"
#define TAKE(x) ", R OB(" x "), M CS.freelist"
#define NEXT(x) ", Q OB(" x ")"
#define SLAB_OF(x) "R PG(" x ").cache, R PG(" x ").type, "
/* The cache has no sheaves. */
#define FREE_OF(x) SLAB_OF(x) "R KC.cpu_sheaves, R KC.cpu_slab, R CS.tid, R CS.slab"

/* local_lock_irqsave: interrupts off, and the flag. */
#define LOCK ", W CS.lock"
#define UNLOCK ", W CS.lock"
#define AGAIN ", R KC.cpu_slab"
/* Step 3. */
#define USE(x) ", R OB(" x "), W CS.freelist, M CS.tid" UNLOCK
#define GET_FREELIST(x) ", R PG(" x ").freelist, R PG(" x ").counters, A PG(" x ").freelist"
/* Steps 1 and 2: the CPU's list is empty, nobody has freed into its slab x: it goes. */
#define USED_UP(x) \
	AGAIN ", R CS.slab, R PG(" x ").flags" LOCK ", R CS.slab, R CS.freelist" GET_FREELIST(x) \
	", W CS.slab, M CS.tid" UNLOCK ", R CS.partial"
/* Step 7. */
#define INSTALL LOCK ", R CS.slab, W CS.slab"
#define NODE_OF(x) ", R PG(" x ").flags, R KCN.node"

#define DEL(x) \
	", R PG(" x ").next, R PG(" x ").prev, W ND.prev, W ND.next, W PG(" x ").next, W PG(" x ").prev"
/* Step 5, a list of one slab. */
#define TAKE_PARTIAL(x) \
	", R KCN.node, R ND.nr_partial, A ND.lock, R ND.next, R PG(" x ").next, R PG(" x ").flags" \
	DEL(x) ", A PG(" x ").flags, M ND.nr_partial, W ND.lock" GET_FREELIST(x)
#define SLAB_COUNT(x) \
	", R KC.flags, R PG(" x ").flags, R ZP, R VS.threshold, R VS.diff, M VS.diff"
/* Step 6. */
#define NEW_SLAB(x) \
	", R KCN.node, R ND.nr_partial, R KC.oo, R KC.allocflags, W PG(" x ").type" \
	", W PG(" x ").cache, W PG(" x ").freelist, W PG(" x ").counters, W PG(" x ").obj_exts" \
	SLAB_COUNT(x) \
	", LINK0(" x "), W PG(" x ").freelist, R PG(" x ").freelist, W PG(" x ").freelist" \
	", W PG(" x ").counters" NODE_OF(x) ", A ND.nr_slabs, A ND.total"

/* __slab_free. */
#define FREE_SLAB(x) ", R PG(" x ").freelist, R PG(" x ").counters, W OB(" x "), A PG(" x ").freelist"
/* put_cpu_partial, nothing there yet. */
#define KEEP(x) \
	", R KC.cpu_slab" LOCK ", R CS.partial, W PG(" x ").slabs, W PG(" x ").next, W CS.partial" UNLOCK
/* ... behind another one, which is not the limit. */
#define KEEP_BEFORE(x, old) \
	", R KC.cpu_slab" LOCK ", R CS.partial, R KC.cpu_partial_slabs, R PG(" old ").slabs" \
	", W PG(" x ").slabs, W PG(" x ").next, W CS.partial" UNLOCK

struct row {
	const char *name, *annotation, *script, *path;
	unsigned locks;
	uint64_t cpu_partial_slabs, min_partial, max_full;      /* 0: the model's */
	unsigned nodes, ratio;                                  /* 0: 1, 0 */
	void (*meddle)(struct fixture *fixture, const struct access *access);
};

/* Of two on the list of a node, x and y: x comes off, and is not frozen yet; y is kept for later. The
 * next one would be more than half of the limit, which is one. */
#define TAKE_TWO(x, y, ND) \
	", R " ND ".nr_partial, A " ND ".lock, R " ND ".next, R PG(" x ").next, R PG(" x ").flags" \
	", R PG(" x ").next, R PG(" x ").prev, W PG(" y ").prev, W " ND ".next, W PG(" x ").next" \
	", W PG(" x ").prev, A PG(" x ").flags, M " ND ".nr_partial" \
	", R PG(" y ").next, R PG(" y ").flags, R PG(" y ").next, R PG(" y ").prev, W " ND ".prev" \
	", W " ND ".next, W PG(" y ").next, W PG(" y ").prev, A PG(" y ").flags, M " ND ".nr_partial" \
	KEEP(y) ", R KC.cpu_partial_slabs, W " ND ".lock" GET_FREELIST(x)
#define ENOUGH ", R ND.nr_partial, R KC.min_partial"
/* Two counters, the type, the mapping, slab_count. */
#define DISCARD(x) \
	", R PG(" x ").flags, R PG(" x ").counters, R KCN.node, A ND.nr_slabs, A ND.total" \
	", R PG(" x ").flags, M PG(" x ").flags, W PG(" x ").mapping, W PG(" x ").type" \
	", W PG(" x ").obj_exts" SLAB_COUNT(x)

#define FOUR "0+a 0+b 0+c 0+d "
#define EIGHT FOUR "0+e 0+f 0+g 0+h "

static const struct row rows_617[] = {
	{ "alloc fast", "CPU slab", "0+a !0+b 0+c",
	  "R KC.cpu_sheaves, " LOOK TAKE("b") NEXT("c"), 0 },
	/* The last one: there is no next object to ask for. */
	{ "alloc fast, the last", "CPU slab", "0+a 0+b 0+c !0+d", "R KC.cpu_sheaves, " LOOK TAKE("d"), 0 },
	/* Step 2: others have freed into the CPU's slab. 1 AC16. */
	{ "alloc refill", "refill", FOUR "1-a !0+e",
	  "R KC.cpu_sheaves, " LOOK AGAIN ", R CS.slab, R PG(e).flags" LOCK
	  ", R CS.slab, R CS.freelist" GET_FREELIST("e") USE("e"), 1 },
	/* Steps 1 to 3, 6, 7; then three counts. LOCKs: AC16, two counters. */
	{ "alloc, new slab", "new slab", FOUR "!0+e",
	  "R KC.cpu_sheaves, " LOOK USED_UP("a") NEW_SLAB("e") INSTALL USE("e"), 3 },
	{ "alloc, the very first", "new slab", "!0+a",
	  "R KC.cpu_sheaves, " LOOK AGAIN ", R CS.slab, R CS.partial" NEW_SLAB("a") INSTALL USE("a"), 2 },
	/* Step 4: a slab that this CPU freed into while it was full. 2 AC16, no list_lock. */
	{ "alloc from the CPU's partial slab", "CPU partial", EIGHT "0-a !0+i",
	  "R KC.cpu_sheaves, " LOOK USED_UP("e") LOCK ", R CS.slab, R CS.partial, R PG(i).next"
	  ", W CS.partial, R PG(i).flags, W CS.slab" GET_FREELIST("i") USE("i"), 2 },
	/* Step 5: two slabs of CPU 1, whose limit is one, so the first went to the node. CPU 0 takes it.
	 * LOCKs: AC16, list_lock, flag, AC16. */
	{ "alloc from the node's list", "partial", EIGHT "0+i 0+j 0+k 0+l 1-a 1-e !0+m",
	  "R KC.cpu_sheaves, " LOOK USED_UP("i") TAKE_PARTIAL("m") INSTALL USE("m"), 4, 1 },
	/* Two, a's and e's, are there. LOCKs: AC16, list_lock, two flags, AC16. */
	{ "alloc from the node's list, one for later", "partial",
	  EIGHT "0+i 0+j 0+k 0+l 0+m 0+n 0+o 0+p 1-a 1-e 1-i !0+q",
	  "R KC.cpu_sheaves, " LOOK USED_UP("m") ", R KCN.node" TAKE_TWO("q", "e", "ND") INSTALL USE("q"),
	  5, 1 },
	/* The own node has none, the other two, which is more than the one it keeps. */
	{ "alloc from another node's list", "partial",
	  "1+a 1+b 1+c 1+d 1+e 1+f 1+g 1+h 1+i 1+j 1+k 1+l 1+m 1-a 1-e 1-i !0+z",
	  "R KC.cpu_sheaves, " LOOK AGAIN ", R CS.slab, R CS.partial, R KCN.node, R ND.nr_partial"
	  ", R KC.ratio, R KCN.node" ENOUGH ", R KCN1.node, R ND1.nr_partial, R KC.min_partial"
	  TAKE_TWO("z", "e", "ND1") INSTALL USE("z"), 4, 1, 1, .nodes = 2, .ratio = 1024 },

	{ "free fast", "CPU slab", "0+a !0-a", FREE_OF("a") ", R CS.freelist, W OB(a), M CS.freelist", 0 },
	/* Frozen: another CPU's. 1 AC16. */
	{ "free to another CPU's slab", "slab", "0+a !1-a", FREE_OF("a") FREE_SLAB("a"), 1 },
	/* Full: the freeing CPU keeps it, without the list_lock. */
	{ "free, full to partial", "full to partial", EIGHT "!0-a", FREE_OF("a") FREE_SLAB("a") KEEP("a"), 1 },
	{ "free, full to partial, another is there", "full to partial", EIGHT "0+i 0-a !0-e",
	  FREE_OF("e") FREE_SLAB("e") KEEP_BEFORE("e", "a"), 1, 2 },
	/* At the limit of one the old list goes to the node: one list_lock, at the tail, a flag. */
	{ "free, the CPU's list is full", "full to partial", EIGHT "0+i 0-a !0-e",
	  FREE_OF("e") FREE_SLAB("e") KEEP_BEFORE("e", "a")
	  ", R PG(a).next" NODE_OF("a") ", A ND.lock, R PG(a).counters, M ND.nr_partial"
	  ", R ND.prev, W ND.prev, W PG(a).next, W PG(a).prev, W ND.next, A PG(a).flags, W ND.lock", 3, 1 },
	/* The old one is empty, and the node has one, which is enough. LOCKs: AC16, list_lock, two
	 * counters. */
	{ "free, the CPU's list is full and its slab empty", "full to partial",
	  EIGHT "0+i 0+j 0+k 0+l 0+m 1-a 1-e 1-f 1-g 1-h !1-i",
	  FREE_OF("i") FREE_SLAB("i") KEEP_BEFORE("i", "e")
	  ", R PG(e).next" NODE_OF("e") ", A ND.lock, R PG(e).counters" ENOUGH
	  ", W PG(e).next, W ND.lock, R PG(e).next" DISCARD("e"), 4, 1, 1 },
	/* The node has a's and e's. LOCKs: list_lock, AC16, flag, two counters. */
	{ "free of the last object", "slab empty",
	  EIGHT "0+i 0+j 0+k 0+l 0+m 1-a 1-e 1-i 1-b 1-c !1-d",
	  FREE_OF("d") ", R PG(d).freelist, R PG(d).counters, W OB(d)" NODE_OF("d")
	  ", A ND.lock, R PG(d).flags, A PG(d).freelist" ENOUGH
	  ", R PG(d).next, R PG(d).prev, W PG(e).prev, W ND.next, W PG(d).next, W PG(d).prev"
	  ", A PG(d).flags, M ND.nr_partial, W ND.lock" DISCARD("d"), 5, 1, 1 },
	/* The last object of a slab on a CPU's partial list: list_lock, but the mark is clear. */
	{ "free, empty on a CPU's list", "slab", EIGHT "0-a 0-b 0-c !0-d",
	  FREE_OF("d") ", R PG(d).freelist, R PG(d).counters, W OB(d)" NODE_OF("d")
	  ", A ND.lock, R PG(d).flags, A PG(d).freelist, W ND.lock", 2 },
};

static struct fixture *row_fixture(const char *variant, const struct row *row)
{
	struct sheaf_settings settings = sheaf_defaults();

	settings.sheaf_capacity = 2;
	settings.max_order = 0;
	settings.cpu_partial_slabs = row->cpu_partial_slabs;
	settings.min_partial = row->min_partial;
	settings.defrag_ratio = row->ratio;
	if (row->max_full)
		settings.max_full = row->max_full;
	return fixture_new(&(struct fixture_options){
		.objects = sheaf_model(variant), .settings = &settings, .family = &sheaf_family_618,
		.view = &page_view_6_12, .nodes = row->nodes,
		.placement = row->nodes > 1 ? PLACEMENT_SCATTER : PLACEMENT_COMPACT,
		.mib = row->nodes > 1 ? 8 : 0 });
}

/* ---- a slab given up with objects left --------------------------------------------------------------- */

/*
 * Step 7 and "deactivate". The task's new slab is that of e. The interrupt's has three objects left, i, j
 * and k in this order: out of the CPU it goes, the chain is walked to its end and goes back with the one
 * exchange that thaws the slab; nobody had freed into it, so it goes to the head of the list, list_lock
 * and mark. LOCKs: AC16, two counters, AC16, list_lock, flag.
 */
static void a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet(void **state)
{
	const struct row row = { .cpu_partial_slabs = 0 };
	struct fixture *f = row_fixture("6.17", &row);
	unsigned locks = 0;

	(void)state;
	f->meanwhile = fixture_allocate_x;
	/* what is left of e's slab, then x's */
	fixture_run(f, FOUR "!0+e 0+f 0+g 0+h 0+i 0+j 0+k");
	assert_ptr_equal(fixture_slab(f, f->slot['i']), fixture_slab(f, f->slot['x']));
	fixture_expect_path(f,
		"R KC.cpu_sheaves, " LOOK USED_UP("a") NEW_SLAB("e")
		LOCK ", R CS.slab, R CS.freelist, W CS.slab, W CS.freelist, M CS.tid" UNLOCK
		NODE_OF("x") ", R PG(x).freelist, R OB(i), R OB(j), R OB(k)"
		", R PG(x).freelist, R PG(x).counters, W OB(k), A PG(x).freelist"
		", A ND.lock, M ND.nr_partial, R ND.next, W ND.prev, W PG(x).next, W PG(x).prev"
		", W ND.next, A PG(x).flags, W ND.lock" INSTALL USE("e"));
	for (unsigned i = 0; i < f->accesses; i++)
		locks += f->access[i].how == 'A';
	assert_int_equal(locks, 6);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- 8A.3, 8A.4 ---------------------------------------------------------------------------------------- */

#define INSIDE "R KC.cpu_sheaves, R PCS.lock, W PCS.lock"
#define MAIN(m) ", R PCS.main, R SH" m ".size"
#define OUTSIDE ", W PCS.lock"
#define POP(i) ", R SHm.o" i ", M SHm.size" OUTSIDE
#define BARN ", R KCN.node, R ND.barn"
#define PUT_EMPTY(x) \
	", A BARN.lock, R BARN.empty_next, W BARN.empty_prev, W " x ".next, W " x ".prev" \
	", W BARN.empty_next, M BARN.nr_empty, W BARN.lock"
/* 8A.5: the bulk allocation of two, both out of the CPU slab's list. */
#define BULK(x, y) \
	", R KC.cpu_slab" LOCK ", R CS.freelist, R OB(" x "), W CS.freelist, W SHm.o0" \
	", R CS.freelist, R OB(" y "), W CS.freelist, W SHm.o1, M CS.tid" UNLOCK

/* Put into the main sheaf that has just come; its size is read first. */
#define NEW_PUSH(i) ", R SHm.size, W SHm.o" i ", M SHm.size" OUTSIDE
#define NEW_POP(i) ", R SHm.size" POP(i)
#define FREE_LOCAL(x) SLAB_OF(x) "R KC.cpu_sheaves, R PG(" x ").flags, " INSIDE
/* Lists of the barn without another sheaf. */
#define OFF(x, list) \
	", R BARN." list "_next, R " x ".next, R " x ".prev, W BARN." list "_prev, W BARN." list "_next" \
	", W " x ".next, W " x ".prev"
#define ON(x, list) \
	", R BARN." list "_next, W BARN." list "_prev, W " x ".next, W " x ".prev, W BARN." list "_next"
/* Main and spare are empty, f and e in a full sheaf of the barn; out are h, i, j and a, b, c. */
#define ONE_IN_BARN "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0-g 0-f 0-e 0-d 0+h 0+i 0+j "

/* A sheaf of two is an object of kmalloc-64, whose CPU slab has it: the word of a free object is entry 0
 * of a sheaf, and that of the next one lies where entry 8 would. Then it is zeroed. */
#define NEW_SHEAF(sh) \
	", R kKC.cpu_sheaves, R kKC.cpu_slab, R kCS.tid, R kCS.freelist, R kCS.slab, R " sh ".o0" \
	", M kCS.freelist, Q " sh ".o8, W " sh ".next, W " sh ".cache"

/* A handler frees b while the sheaf is filled. */
static void free_b_meanwhile(struct fixture *f, const struct access *access)
{
	if (f->slot['!'] || access->address != f->family->place(f, "CS.lock"))
		return;
	f->slot['!'] = f;
	sheaf_put(f, "SHm.o0", 8, (uintptr_t)f->slot['b']);
	sheaf_put(f, "SHm.size", 4, 1);
}

/* Somebody is inside from the allocation of a sheaf on, until the barn is asked. */
static void be_inside_with_a_new_sheaf(struct fixture *f, const struct access *access)
{
	if (access->address == f->family->place(f, "kCS.freelist"))
		sheaf_put(f, "PCS.lock", 1, 1);
	if (access->address == f->family->place(f, "BARN.lock"))
		sheaf_put(f, "PCS.lock", 1, 0);
}

static const struct row rows_618[] = {
	{ "alloc fast", "fast", "0+a !0+b", INSIDE MAIN("m") POP("0"), 0 },
	/* c, d, e: the barn has the first empty main; it is filled, one object at a time, and the old
	 * main goes to the barn, e: the lock is just taken. */
	{ "alloc, fill", "fill", "0+a 0+b !0+c 0+d",
	  INSIDE MAIN("e0") ", R KC.capacity, R PCS.spare" BARN
	  ", R BARN.nr_full, R BARN.nr_empty, A BARN.lock, R BARN.nr_empty, R BARN.empty_next"
	  ", R SHm.next, R SHm.prev, W BARN.empty_prev, W BARN.empty_next, W SHm.next, W SHm.prev"
	  ", M BARN.nr_empty, W BARN.lock" OUTSIDE ", R SHm.size" BULK("d", "c")
	  ", M SHm.size, W PCS.lock" MAIN("e0") PUT_EMPTY("SHe0") ", W PCS.main, R SHm.size" POP("1"), 2 },
	/* d: the barn has no empty one, since CPU 1 took it for kfree_rcu. */
	{ "alloc, fill a new sheaf", "fill", "0+a 0+b 1ra !0+c 0+d",
	  INSIDE MAIN("e0") ", R KC.capacity, R PCS.spare" BARN ", R BARN.nr_full, R BARN.nr_empty"
	  OUTSIDE NEW_SHEAF("SHm") ", R SHm.size" BULK("d", "c") ", M SHm.size, W PCS.lock"
	  MAIN("e0") PUT_EMPTY("SHe0") ", W PCS.main" NEW_POP("1"), 1 },
	/* e: main is not empty any more, and there is no spare: the full one is it. */
	{ "alloc, fill, freed meanwhile", "fill", "0+a 0+b !0+c 0+d 0+e",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare" BARN
	  ", R BARN.nr_full, R BARN.nr_empty, A BARN.lock, R BARN.nr_empty" OFF("SHm", "empty")
	  ", M BARN.nr_empty, W BARN.lock" OUTSIDE ", R SHm.size" BULK("e", "d")
	  ", M SHm.size, W PCS.lock" MAIN("s") ", R PCS.spare, W PCS.spare, R SHs.size, R SHs.o0"
	  ", M SHs.size" OUTSIDE, 1, .meddle = free_b_meanwhile },
	/* c: who may not sleep gets one object from the CPU slab. */
	{ "alloc that may not sleep", "CPU slab", "0+a 0+b !0=c 0=d",
	  INSIDE MAIN("m") ", R KC.capacity, R PCS.spare" BARN ", R BARN.nr_full" OUTSIDE ", " LOOK TAKE("c")
	  NEXT("d"), 0 },
	/* 8A.6 fast, which costs no LOCK. */
	{ "alloc inside the section", "CPU slab", "0+a 0la !0+b 0+c 0la",
	  "R KC.cpu_sheaves, R PCS.lock, " LOOK TAKE("b") NEXT("c"), 0 },
	{ "free fast", "fast", "0+a !0-a",
	  SLAB_OF("a") "R KC.cpu_sheaves, R PG(a).flags, " INSIDE MAIN("m") ", R KC.capacity, W SHm.o1"
	  ", M SHm.size" OUTSIDE, 0 },
	/* 8A.7: pcs is written, the spare's header read; no LOCK. */
	{ "alloc, swap", "spare", "0+a 0+b 0+c 0+d 0-d 0-c 0-b 0+e !0+f",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare, R SHm.size, W PCS.main, W PCS.spare"
	  NEW_POP("1"), 0 },
	{ "free, swap", "spare", "0+a 0+b 0+c 0+d 0-d 0-c 0-b 0+e 0+f 0+g 0-g 0-f !0-e",
	  FREE_LOCAL("e") MAIN("s") ", R KC.capacity" BARN
	  ", R PCS.spare, R SHm.size, W PCS.main, W PCS.spare" NEW_PUSH("0"), 0 },
	/* 8A.7: 1 BARN. The barn is found through the second line of the node's struct. */
	{ "alloc, exchange with the barn", "barn", ONE_IN_BARN "!0+k",
	  INSIDE MAIN("e0") ", R KC.capacity, R PCS.spare, R SHs.size" BARN
	  ", R BARN.nr_full, A BARN.lock, R BARN.nr_full" OFF("SHm", "full") ON("SHe0", "empty")
	  ", M BARN.nr_full, M BARN.nr_empty, W BARN.lock, W PCS.main" NEW_POP("1"), 1 },
	{ "free, exchange with the barn", "barn", ONE_IN_BARN "0+k 0-k 0-j 0-i !0-h",
	  FREE_LOCAL("h") MAIN("f0") ", R KC.capacity" BARN
	  ", R PCS.spare, R SHs.size, R BARN.nr_full, R BARN.nr_empty, A BARN.lock"
	  ", R BARN.nr_empty" OFF("SHm", "empty") ON("SHf0", "full")
	  ", M BARN.nr_empty, M BARN.nr_full, W BARN.lock, W PCS.main" NEW_PUSH("0"), 1 },
	/* 8A.4 b: there is no spare, and the barn has an empty one. */
	{ "free, no spare", "barn", "0+a 0+b 0+c 0-c !0-b",
	  FREE_LOCAL("b") MAIN("s") ", R KC.capacity" BARN
	  ", R PCS.spare, R BARN.nr_empty, A BARN.lock, R BARN.nr_empty" OFF("SHm", "empty")
	  ", M BARN.nr_empty, W BARN.lock, W PCS.spare, W PCS.main" NEW_PUSH("0"), 1 },
	/* f: it has none. The trylock fails: the new one is the barn's, the object the CPU slab's. */
	{ "free, new sheaf, no spare", "new sheaf", "0+a 0+b 0+c 1ra 0-c !0-b",
	  FREE_LOCAL("b") MAIN("s") ", R KC.capacity" BARN ", R PCS.spare, R BARN.nr_empty" OUTSIDE
	  NEW_SHEAF("SHm") ", R PCS.lock, W PCS.lock, R PCS.main, R PCS.spare, W PCS.spare, W PCS.main"
	  NEW_PUSH("0"), 0 },
	{ "free, new sheaf, inside afterwards", "CPU slab", "0+a 0+b 0+c 1ra 0-c !0-b",
	  FREE_LOCAL("b") MAIN("m") ", R KC.capacity" BARN ", R PCS.spare, R BARN.nr_empty" OUTSIDE
	  NEW_SHEAF("SHe0") ", R PCS.lock" PUT_EMPTY("SHe0")
	  ", R KC.cpu_slab, R CS.tid, R CS.slab, R CS.freelist, W OB(b), M CS.freelist", 1,
	  .meddle = be_inside_with_a_new_sheaf },
	/* 8A.5: an empty sheaf of the barn gathers what waits for a grace period. */
	{ "kfree_rcu, a sheaf of the barn", "rcu sheaf", "0+a 0+b !0rb",
	  SLAB_OF("b") "R PG(b).flags, " INSIDE ", R PCS.rcu, R PCS.spare" BARN
	  ", R BARN.nr_empty, A BARN.lock, R BARN.nr_empty" OFF("SHr", "empty")
	  ", M BARN.nr_empty, W BARN.lock, W PCS.rcu, R SHr.size, W SHr.o0, M SHr.size"
	  ", R KC.capacity" OUTSIDE, 1 },
	/* 8A.4 e with a limit of one: the spare {h, g} is flushed from its end. Both are of the slab that
	 * is the CPU's still, if used up: the chain goes to its list, without a LOCK. */
	{ "free, flush", "flush", EIGHT "0-h 0-g 0-f 0-e 0-d 0-c !0-b",
	  FREE_LOCAL("b") MAIN("s") ", R KC.capacity" BARN
	  ", R PCS.spare, R SHm.size, R BARN.nr_full, W PCS.spare" OUTSIDE
	  ", R SHm.size, R SHm.o1, " SLAB_OF("g") "W OB(g), R SHm.o0, " SLAB_OF("h") "W OB(h)"
	  ", R KC.cpu_slab, R CS.tid, R CS.slab, R CS.freelist, W OB(g), M CS.freelist"
	  ", W SHm.size, R PCS.lock, W PCS.lock, R PCS.main, R PCS.spare, W PCS.spare, W PCS.main"
	  NEW_PUSH("0"), 0, .max_full = 1 },
	/* 8A.4.2: past the sheaves; frozen, for it is CPU 0's. 1 AC16. */
	{ "free of another node", "slab", "0+a !1-a",
	  SLAB_OF("a") "R KC.cpu_sheaves, R PG(a).flags, R KC.cpu_slab, R CS.tid, R CS.slab"
	  FREE_SLAB("a"), 1, .nodes = 2 },
	/* Inside: the CPU slab takes it back, without a LOCK. */
	{ "free inside the section", "CPU slab", "0+a 0la !0-a 0la",
	  SLAB_OF("a") "R KC.cpu_sheaves, R PG(a).flags, R KC.cpu_sheaves, R PCS.lock"
	  ", R KC.cpu_slab, R CS.tid, R CS.slab, R CS.freelist, W OB(a), M CS.freelist", 0 },
};

static void check_row(const char *variant, const struct row *row)
{
	struct fixture *f = row_fixture(variant, row);
	unsigned locks = 0;

	print_message("%s: %s\n", variant, row->name);
	f->meddle = row->meddle;
	fixture_run(f, row->script);
	fixture_expect_path(f, row->path);
	for (unsigned i = 0; i < f->accesses; i++)
		locks += f->access[i].how == 'A';
	assert_int_equal(locks, row->locks);
	assert_string_equal(f->path, row->annotation);
	fixture_expect_sound(f);
	fixture_free(f);
}

static void each_path_of_617_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows_617); i++)
		check_row("6.17", &rows_617[i]);
}

static void each_path_of_618_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows_618); i++)
		check_row("6.18", &rows_618[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_of_617_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(a_slab_given_up_with_objects_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(each_path_of_618_makes_the_accesses_of_the_sheet),
	};

	return cmocka_run_group_tests_name("sheaves of 6.18", tests, NULL, NULL);
}
