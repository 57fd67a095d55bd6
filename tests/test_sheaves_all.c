/*
 * sheaves-all (7.0-rc, 7.0, 7.1, 7.3): which accesses each path makes, from the sheet; names in
 * sheaf_fixture.h.
 *
 * Sheaves of two objects, slabs of four of 1024 bytes in one page: s0 s1 s2 s3. A fill takes s0, s1
 * in this order, and they are handed out from the top, so after "0+a 0+b 0+c 0+d" a is s1, b is s0,
 * c is s3, d is s2. Where the sheet says "W counters" of a barn, that is one instruction, M.
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

/* ---- pieces of the numbered paths ----------------------------------------------------------------- */

/* 3.1.1 to 3.1.3, 4.1.3: inside, and the main sheaf's size; m: which sheaf that is afterwards. */
#define INSIDE "R KC.cpu_sheaves, R PCS.lock, W PCS.lock"
#define MAIN(m) ", R PCS.main, R SH" m ".size"
#define AGAIN ", R PCS.lock, W PCS.lock"
#define OUTSIDE ", W PCS.lock"
/* 3.1.4 and 5; after a replacement the size of the new main sheaf is read first. */
#define POP(i) ", R SHm.o" i ", M SHm.size" OUTSIDE
#define NEW_POP(i) ", R SHm.size" POP(i)
/* 4.1.3 */
#define PUSH(i) ", W SHm.o" i ", M SHm.size" OUTSIDE
#define NEW_PUSH(i) ", R SHm.size" PUSH(i)
/* 4.1.1, 4.1.2 */
#define SLAB_OF(x) "R PG(" x ").cache, R PG(" x ").type"
#define FREE_OF(x) SLAB_OF(x) ", R PG(" x ").flags, "

#define BARN_71 ", R KCN.barn"
#define BARN_70 ", R KCN.node, R ND.barn"

/* slab.md 0.5, of lists with one or no other element. */
#define DEL(x, head_next, head_prev) \
	", R " x ".next, R " x ".prev, W " head_prev ", W " head_next ", W " x ".next, W " x ".prev"
#define ADD_FIRST(x, head_next, head_prev) \
	", R " head_next ", W " head_prev ", W " x ".next, W " x ".prev, W " head_next
#define ADD_LAST(x, head_next, head_prev) \
	", R " head_prev ", W " head_prev ", W " x ".next, W " x ".prev, W " head_next
#define TAKE_FULL(x) ", R BARN.full_next" DEL(x, "BARN.full_next", "BARN.full_prev")
#define TAKE_EMPTY(x) ", R BARN.empty_next" DEL(x, "BARN.empty_next", "BARN.empty_prev")
#define PUT_FULL(x) ADD_FIRST(x, "BARN.full_next", "BARN.full_prev")
#define PUT_EMPTY(x) ADD_FIRST(x, "BARN.empty_next", "BARN.empty_prev")

/* 3.5: a task takes the lock without a test. The sheaf is in hands from then on. */
#define PREFILL "R KC.cpu_sheaves, W PCS.lock, R PCS.spare"
#define IN_HANDS ", W SHhx.next"
/* The two objects b and a of a slab. */
#define FILL_WITH_B_AND_A(sh) \
	", R " sh ".size" DETACH_70("a") TAKE_ALL("a") \
	", W " sh ".o0, R OB(b), W " sh ".o1, R OB(a), M " sh ".size"

/* The node of a slab. */
#define NODE_OF(x) ", R PG(" x ").flags, R KCN.node"
/* 3.3.2, a list of one slab: 7.0 and 7.1. */
#define WALK(x) ", R ND.next, R PG(" x ").next, R PG(" x ").flags, R PG(" x ").counters"
#define REMOVE(x) DEL("PG(" x ")", "ND.next", "ND.prev") ", A PG(" x ").flags, M ND.nr_partial"
#define DETACH_70(x) \
	", R KCN.node, R ND.nr_partial, A ND.lock" WALK(x) REMOVE(x) \
	", W PG(" x ").next, W PG(" x ").prev, W ND.lock"
/* 7.3: flag and count, then one splice. */
#define DETACH_73(x) \
	", R KCN.node, R ND.nr_partial, A ND.lock" WALK(x) \
	", A PG(" x ").flags, M ND.nr_partial" \
	", R PG(" x ").next, W ND.next, W ND.prev, W PG(" x ").prev, W PG(" x ").next, W ND.lock"
/* 3.3.3 */
#define TAKE_ALL(x) \
	", R PG(" x ").next, R PG(" x ").prev, W PG(" x ").next, W PG(" x ").prev" \
	", R PG(" x ").freelist, R PG(" x ").counters, A PG(" x ").freelist"
/* 2.6, the order of an add. */
#define ADD_HEAD_70(x) \
	", M ND.nr_partial" ADD_FIRST("PG(" x ")", "ND.next", "ND.prev") ", A PG(" x ").flags"
#define ADD_TAIL_70(x) \
	", M ND.nr_partial" ADD_LAST("PG(" x ")", "ND.next", "ND.prev") ", A PG(" x ").flags"
#define ADD_HEAD_73(x) \
	ADD_FIRST("PG(" x ")", "ND.next", "ND.prev") ", A PG(" x ").flags, M ND.nr_partial"
#define ADD_TAIL_73(x) \
	ADD_LAST("PG(" x ")", "ND.next", "ND.prev") ", A PG(" x ").flags, M ND.nr_partial"

/* slab.md 0.7 on the zones of 3.9 that are below. */
#define SLAB_COUNT(x) \
	", R KC.flags, R PG(" x ").flags, R ZP, R VS.threshold, R VS.diff, M VS.diff"
/* 3.3.6, with slab.md 4.4.7 for the first two */
#define NEW_PAGE(x) \
	", R KC.oo, R KC.allocflags, W PG(" x ").type, W PG(" x ").cache, W PG(" x ").freelist" \
	", W PG(" x ").counters, W PG(" x ").obj_exts" SLAB_COUNT(x)
#define LINK_ALL(x) ", LINK0(" x "), W PG(" x ").freelist, R PG(" x ").freelist"
#define TWO_COUNTERS ", A ND.nr_slabs, A ND.total"

/* 3.2 f: a new sheaf is an object of kmalloc's, here out of its own main sheaf, zeroed. */
#define NEW_SHEAF_AS(sh, i) \
	", R kKC.cpu_sheaves, R kPCS.lock, W kPCS.lock, R kPCS.main, R kSHm.size, R kSHm.o" i \
	", M kSHm.size, W kPCS.lock, W " sh ".next, W " sh ".cache"
#define NEW_SHEAF(i) NEW_SHEAF_AS("SHm", i)
/* 3.2 h: there is no spare, so the old main becomes it. */
#define INSTALL AGAIN MAIN("s") ", R PCS.spare, W PCS.spare, W PCS.main"

/* 3.3.6: x and y out of a new slab. */
#define FILL_NEW(x, y) \
	", R SHm.size, R KCN.node, R ND.nr_partial" NEW_PAGE(x) LINK_ALL(x) \
	", W SHm.o0, R OB(" y "), M PG(" x ").counters, W SHm.o1, R OB(" x "), M PG(" x ").counters" \
	", W PG(" x ").freelist" NODE_OF(x) ", A ND.lock"
/* The spare, which is the main sheaf after the script, is to be filled. */
#define FILL_THE_SPARE \
	", R KC.capacity, R PCS.spare, R SHm.size" BARN_71 ", R BARN.nr_full, W PCS.spare" OUTSIDE
/* 3.2 f: kmalloc's main is empty, and so is all else; the request for a sheaf of its own, and that
 * must not need a sheaf. */
#define ASK_KMALLOC \
	", R kKC.cpu_sheaves, R kPCS.lock, W kPCS.lock, R kPCS.main, R kSHm.size, R kKC.capacity" \
	", R kPCS.spare, R kKCN.barn, R kBARN.nr_full, R kBARN.nr_empty, W kPCS.lock"
#define NO_PAGES ", R kKCN.node, R kND.nr_partial, R kKC.oo, R kKC.allocflags, R kKC.min"
#define NO_NEW_SHEAF ASK_KMALLOC ASK_KMALLOC NO_PAGES NO_PAGES
/* 4.3 f: all of the main sheaf, {x, y}; {a, b}. */
#define FLUSH_MAIN_OF(x, y) \
	AGAIN MAIN("m") ", W SHm.size, R SHm.o0, R SHm.o1" OUTSIDE ", " SLAB_OF(y) ", W OB(" y "), " \
	SLAB_OF(x) ", W OB(" x ")" FREE_LOCKED(y)
#define FLUSH_MAIN FLUSH_MAIN_OF("a", "b") ADD_TAIL_70("b") ", W ND.lock"

/* 4.2 of one object: not full, not the last. */
#define FREE_SLAB(x) ", R PG(" x ").freelist, R PG(" x ").counters, W OB(" x "), A PG(" x ").freelist"
/* The same under the list_lock. */
#define FREE_LOCKED(x) \
	", R PG(" x ").freelist, R PG(" x ").counters, W OB(" x ")" NODE_OF(x) \
	", A ND.lock, R PG(" x ").flags, A PG(" x ").freelist"

/* 4.2.4: it is empty; are there partial slabs enough? */
#define ENOUGH ", R ND.nr_partial, R KC.min_partial"
/* 4.2, discard, with slab.md 4.6.8: the slab knows how many objects it has. ORDER: of the slab's
 * second page struct, where it has one. */
#define DISCARD(x, ORDER) \
	", R PG(" x ").flags, R PG(" x ").counters, R KCN.node, A ND.nr_slabs, A ND.total" \
	", R PG(" x ").flags" ORDER ", M PG(" x ").flags, W PG(" x ").mapping" \
	", W PG(" x ").type, W PG(" x ").obj_exts" SLAB_COUNT(x)

/* 3.4 of a list of one slab. */
#define ONE(x) \
	", R KCN.node, R ND.nr_partial, A ND.lock, R ND.next, R PG(" x ").next, R PG(" x ").flags" \
	", R PG(" x ").freelist, R PG(" x ").counters, R OB(" x "), A PG(" x ").freelist"

/* What call_rcu queues, ours: see sheaf_fixture.h; of a queue that was empty. */
#define QUEUE(sh) ", R RCU.tail, W " sh ".next, W RCU.head, W RCU.tail"
#define UNQUEUE(sh) "R RCU.head, R " sh ".next, W RCU.head, W RCU.tail"
/* An object that waits alone, ours too. */
#define QUEUE_ALONE(x) ", R RCU.object_tail, W OF(" x "), W RCU.object_head, W RCU.object_tail"
/* 4.6, after the grace period: each object's slab is looked at. */
#define LOOK_AT_TWO(sh, x, y) \
	", R " sh ".cache, R " sh ".size, R " sh ".o0, " SLAB_OF(x) ", R " sh ".o1, " SLAB_OF(y) \
	", R " sh ".node"

/* ---- what another CPU does meanwhile --------------------------------------------------------------------- */

/* Into a slab that is not full and does not become empty: one exchange. */
static void free_quietly(struct fixture *f, const char *object, const char *slab, char slot)
{
	char freelist[20], counters[20];
	uint64_t first;

	snprintf(freelist, sizeof freelist, "%s.freelist", slab);
	snprintf(counters, sizeof counters, "%s.counters", slab);
	first = sheaf_get(f, freelist, 8);
	sheaf_put(f, object, 8, first);
	sheaf_put(f, freelist, 8, (uintptr_t)f->slot[(unsigned char)slot]);
	sheaf_put(f, counters, 8, sheaf_get(f, counters, 8) - 1);
}

/* Once, at the first access to that place. */
static bool comes_to(struct fixture *f, const struct access *access, const char *name)
{
	if (f->slot['!'] || access->address != f->family->place(f, name))
		return false;
	f->slot['!'] = f;
	return true;
}

/* b is freed between the look at a's slab and its exchange. */
static void free_b_in_between(struct fixture *f, const struct access *access)
{
	if (comes_to(f, access, "PG(a).counters"))
		free_quietly(f, "OB(b)", "PG(b)", 'b');
}

static void link_slab(struct fixture *f, const char *slab, bool on)
{
	char next[20], prev[20], flags[20];
	uintptr_t list = (uintptr_t)f->family->place(f, "ND.next"), at;

	snprintf(next, sizeof next, "%s.next", slab);
	snprintf(prev, sizeof prev, "%s.prev", slab);
	snprintf(flags, sizeof flags, "%s.flags", slab);
	at = on ? (uintptr_t)f->family->place(f, next) : list;
	sheaf_put(f, "ND.next", 8, at);
	sheaf_put(f, "ND.prev", 8, at);
	sheaf_put(f, next, 8, list);
	sheaf_put(f, prev, 8, list);
	sheaf_put(f, flags, 8, sheaf_get(f, flags, 8) ^ 1u << SL_PARTIAL);
	sheaf_put(f, "ND.nr_partial", 8, on);
}

/* The same of a full slab, which goes onto the empty list, before the list_lock is asked for. */
static void make_partial_by_b(struct fixture *f, const struct access *access)
{
	if (!comes_to(f, access, "OB(a)"))
		return;
	free_quietly(f, "OB(b)", "PG(b)", 'b');
	link_slab(f, "PG(b)", true);
}

/* d makes a slab partial that has just been emptied; that has been seen to be still full. */
static void make_partial_by_d(struct fixture *f, const struct access *access)
{
	if (!access->locked || !comes_to(f, access, "PG(a).freelist"))
		return;
	free_quietly(f, "OB(d)", "PG(d)", 'd');
	link_slab(f, "PG(d)", true);
}

static void make_partial_by_d_late(struct fixture *f, const struct access *access)
{
	bool on_list = sheaf_get(f, "PG(a).flags", 8) >> SL_PARTIAL & 1;

	if (access->locked || on_list || !comes_to(f, access, "PG(a).flags"))
		return;
	free_quietly(f, "OB(d)", "PG(d)", 'd');
	link_slab(f, "PG(d)", true);
}

/* Another CPU has the only partial slab off the list while its last object is freed. */
static void detach_for_a_while(struct fixture *f, const struct access *access)
{
	if (comes_to(f, access, "OB(d)"))
		link_slab(f, "PG(d)", false);
	if (access->write && !access->locked && access->address == f->family->place(f, "ND.lock"))
		link_slab(f, "PG(d)", true);
}

/* Of two detached slabs of two, the others are free as well. */
static void free_both_of_the_detached(struct fixture *f, const struct access *access)
{
	if (!access->write || access->locked || !comes_to(f, access, "ND.lock"))
		return;
	free_quietly(f, "OB(b)", "PG(b)", 'b');
	free_quietly(f, "OB(d)", "PG(d)", 'd');
}

/* One more is free in a slab that has left the list by now. */
static void free_f_to_the_detached(struct fixture *f, const struct access *access)
{
	if (access->write && !access->locked && comes_to(f, access, "ND.lock"))
		free_quietly(f, "OB(f)", "PG(f)", 'f');
}

static void free_b_to_the_detached(struct fixture *f, const struct access *access)
{
	if (access->write && !access->locked && comes_to(f, access, "ND.lock"))
		free_quietly(f, "OB(b)", "PG(b)", 'b');
}

/* Another task is inside on this CPU from the detaching of slabs on, until the barn is asked. */
static void be_inside_after_the_fill(struct fixture *f, const struct access *access)
{
	if (access->write && !access->locked && comes_to(f, access, "ND.lock"))
		sheaf_put(f, "PCS.lock", 1, 1);
	if (f->slot['!'] && access->address == f->family->place(f, "BARN.lock"))
		sheaf_put(f, "PCS.lock", 1, 0);
}

/* The same from the allocation of a sheaf on. */
static void be_inside_with_a_new_sheaf(struct fixture *f, const struct access *access)
{
	if (comes_to(f, access, "kSHm.size"))
		sheaf_put(f, "PCS.lock", 1, 1);
	if (f->slot['!'] && access->address == f->family->place(f, "BARN.lock"))
		sheaf_put(f, "PCS.lock", 1, 0);
}

/* Until the trylock has failed; the new sheaf is y, as kmalloc's main has it. */
static void be_inside_with_sheaf_y(struct fixture *f, const struct access *access)
{
	if (comes_to(f, access, "kSHm.size")) {
		f->slot['y'] = (void *)(uintptr_t)sheaf_get(f, "kSHm.o1", 8);
		sheaf_put(f, "PCS.lock", 1, 1);
	} else if (f->slot['!'] && access->address == f->family->place(f, "PCS.lock")) {
		sheaf_put(f, "PCS.lock", 1, 0);
	}
}

/* While a sheaf is allocated, a handler takes an object out of the main one; out of the spare. */
static void take_from_main(struct fixture *f, const struct access *access)
{
	if (comes_to(f, access, "kSHm.size"))
		sheaf_put(f, "SHm.size", 4, 1);
}

static void take_from_spare(struct fixture *f, const struct access *access)
{
	if (comes_to(f, access, "kSHm.size"))
		sheaf_put(f, "SHs.size", 4, 1);
}

/* kmalloc has no partial slab and gets no pages, until the CPU wants to be inside again. */
static void use_up_kmalloc(struct fixture *f, const struct access *access)
{
	if (comes_to(f, access, "kPCS.lock")) {
		f->left = sheaf_get(f, "kND.nr_partial", 8);
		f->no_pages = true;
		sheaf_put(f, "kND.nr_partial", 8, 0);
	}
	if (f->no_pages && access->address == f->family->place(f, "PCS.lock")) {
		f->no_pages = false;
		sheaf_put(f, "kND.nr_partial", 8, f->left);
	}
}

/* The same, and somebody is inside when it comes back; when it has flushed. */
static void use_up_kmalloc_and_be_inside(struct fixture *f, const struct access *access)
{
	bool before = f->no_pages;

	use_up_kmalloc(f, access);
	if (f->no_pages != before)
		sheaf_put(f, "PCS.lock", 1, f->no_pages);
}

static void use_up_kmalloc_and_be_inside_late(struct fixture *f, const struct access *access)
{
	use_up_kmalloc(f, access);
	if (access->write && !access->locked && access->address == f->family->place(f, "ND.lock")) {
		f->slot['?'] = f;
		sheaf_put(f, "PCS.lock", 1, 1);
	} else if (f->slot['?'] && access->address == f->family->place(f, "PCS.lock")) {
		sheaf_put(f, "PCS.lock", 1, 0);
	}
}

/* The same, twice: when main has been flushed, a handler fills it with g and h. */
static void use_up_kmalloc_and_fill_main(struct fixture *f, const struct access *access)
{
	use_up_kmalloc(f, access);
	if (f->slot['?'] || access->write || access->address != f->family->place(f, "PCS.lock") ||
	    sheaf_get(f, "SHm.size", 4))
		return;
	f->slot['?'] = f;
	sheaf_put(f, "SHm.o0", 8, (uintptr_t)f->slot['g']);
	sheaf_put(f, "SHm.o1", 8, (uintptr_t)f->slot['h']);
	sheaf_put(f, "SHm.size", 4, 2);
	f->slot['!'] = NULL;
}

/* ---- what a handler does while pages are allocated for a fill ------------------------------------------- */

static bool handler_comes(struct fixture *f)
{
	if (f->slot['!'] || !f->slot['d'])
		return false;
	f->slot['!'] = f;
	return true;
}

static void handler_frees(struct cpu *cpu, struct fixture *f, char slot)
{
	op_begin(cpu, OP_FREE);
	f->objects.model->free(cpu, f->slub, f->cache, f->slot[(unsigned char)slot]);
	op_end(cpu, 0, 0);
}

static void free_d(struct cpu *cpu, struct fixture *f)
{
	if (handler_comes(f))
		handler_frees(cpu, f, 'd');
}

static void free_d_c_b(struct cpu *cpu, struct fixture *f)
{
	if (!handler_comes(f))
		return;
	handler_frees(cpu, f, 'd');
	handler_frees(cpu, f, 'c');
	handler_frees(cpu, f, 'b');
}

static void free_d_c_b_and_allocate(struct cpu *cpu, struct fixture *f)
{
	if (f->slot['!'])
		return;
	free_d_c_b(cpu, f);
	if (f->slot['!'])
		fixture_allocate_x(cpu, f);
}

/* The other node's lock is held when it is looked at, and only then. */
static void hold_the_other_list(struct fixture *f, const struct access *access)
{
	if (comes_to(f, access, "ND1.nr_partial"))
		sheaf_put(f, "ND1.lock", 4, 1);
	if (access->address == f->family->place(f, "ND1.lock"))
		sheaf_put(f, "ND1.lock", 4, 0);
}

/* ---- rows --------------------------------------------------------------------------------------------- */

struct row {
	const char *name, *annotation, *script, *path;
	const char *only_read, *written;        /* the sheet's table 5 */
	unsigned locks;
	/* 0: 1024, 2, 0, 10, 1 */
	unsigned object_size, capacity, max_order, max_full, nodes;
	unsigned min_partial, ratio;    /* 0: by size; 0 */
	unsigned grace_cycles;          /* 0: the model's */
	void (*meddle)(struct fixture *fixture, const struct access *access);
	void (*meanwhile)(struct cpu *cpu, struct fixture *fixture);
};

/* Two full sheaves of CPU 0, f and e in a full one of the barn, then all of the CPU's own go. */
#define ONE_IN_BARN \
	"0+a 0+b 0+c 0+d 0+e 0+f 0+g 0-g 0-f 0-e 0-d 0+h 0+i 0+j "
/* Eight objects of two slabs; nothing is left in sheaves. */
#define EIGHT_OUT "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0+h "

/* Full sheaves {d, c}, {f, e}, {h, g} in the barn, an empty one after an exchange for {d, c}; the CPU
 * has two empty ones. */
#define TWO_IN_BARN \
	EIGHT_OUT "0+i 0+j 0-j 0-i 0-h 0-g 0-f 0-e 0-d 0-c 0-b 0+k 0+l 0+m 0+n 0+o "

static const struct row rows_71[] = {
	/* 3.1. Table: reads KC0, SHe (here in SHh); writes PCS, SHh; no LOCK. */
	{ "alloc fast", "fast", "0+a !0+b", INSIDE MAIN("m") POP("0"), "KC0", "PCS SHh", 0 },
	/* Entries from the fourth on lie behind the first line. */
	{ "alloc fast, a later entry", "fast", "0+a !0+b", INSIDE MAIN("m") POP("4"),
	  "KC0 SHe", "PCS SHh", 0, .capacity = 6 },
	{ "alloc fast, zeroed", "fast", "0+a !0*b",
	  INSIDE MAIN("m") POP("0") ", R KC.objsize, W OBL(b)", "KC0", "PCS SHh OB", 0 },
	/* 3.2 b. Table: reads the spare's SHh; writes PCS. Main and spare change places. */
	{ "alloc, swap", "spare", "0+a 0+b 0+c 0+d 0-d 0-c 0-b 0+e !0+f",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare, R SHm.size, W PCS.main, W PCS.spare"
	  NEW_POP("1"), "KC0 SHh", "PCS SHh", 0 },
	/* 3.2 d. Table: reads KCP; writes PCS, BARN, headers; 1 LOCK. */
	{ "alloc, exchange with the barn", "barn", ONE_IN_BARN "!0+k",
	  INSIDE MAIN("e0") ", R KC.capacity, R PCS.spare, R SHs.size" BARN_71
	  ", R BARN.nr_full, A BARN.lock, R BARN.nr_full" TAKE_FULL("SHm") PUT_EMPTY("SHe0")
	  ", M BARN.nr_full, M BARN.nr_empty, W BARN.lock, W PCS.main" NEW_POP("1"),
	  "KC0 KCP SHh", "PCS SHh BARN", 1 },
	/* Table: the headers of the next full one and of the old first empty one are written, too. */
	{ "alloc, exchange, the barn has others", "barn", TWO_IN_BARN "!0+p",
	  INSIDE MAIN("e0") ", R KC.capacity, R PCS.spare, R SHs.size" BARN_71
	  ", R BARN.nr_full, A BARN.lock, R BARN.nr_full, R BARN.full_next"
	  DEL("SHm", "BARN.full_next", "SHf0.prev") ADD_FIRST("SHe0", "BARN.empty_next", "SHe1.prev")
	  ", M BARN.nr_full, M BARN.nr_empty, W BARN.lock, W PCS.main" NEW_POP("1"),
	  "KC0 KCP SHh", "PCS SHh BARN", 1 },
	/* 3.2 e: CPU 1 has no spare, so the barn's empty one is filled, with b and a. LOCKs: the barn's,
	 * list_lock, flag, AC16. */
	{ "alloc, fill an empty sheaf of the barn", "fill", ONE_IN_BARN "0+k 0la 0-a 0-b 0la !1+l",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare" BARN_71
	  ", R BARN.nr_full, R BARN.nr_empty, A BARN.lock, R BARN.nr_empty" TAKE_EMPTY("SHm")
	  ", M BARN.nr_empty, W BARN.lock" OUTSIDE ", R SHm.size" DETACH_70("a") TAKE_ALL("a")
	  ", W SHm.o0, R OB(b), W SHm.o1, R OB(a), M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP OB SHh", "PCS SHh BARN PG ND", 4 },
	/* 3.2 e, g, h with the spare: s2 and s3 of the slab on the list. 1 list_lock, 1 flag, 1 AC16. */
	{ "alloc, fill from a partial slab", "fill", "0+a 0+b !0+c 0+d",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare, R SHm.size" BARN_71
	  ", R BARN.nr_full, W PCS.spare" OUTSIDE ", R SHm.size" DETACH_70("c") TAKE_ALL("c")
	  ", W SHm.o0, R OB(d), W SHm.o1, R OB(c), M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP BARN OB SHh", "PCS SHh PG ND", 3 },
	/* Three of a slab are free and two wanted: the walk to the end, 4.2, to the tail. c, b go into
	 * the sheaf, a is left. */
	{ "alloc, fill with a rest", "fill", "0+a 0+b 0+c 0+d 0la 0-a 0-b 0-c 0la !0+e 0+f",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare, R SHm.size" BARN_71
	  ", R BARN.nr_full, W PCS.spare" OUTSIDE ", R SHm.size" DETACH_70("a") TAKE_ALL("a")
	  ", W SHm.o0, R OB(c), W SHm.o1, R OB(b), R OB(a)" FREE_LOCKED("a") ADD_TAIL_70("a")
	  ", W ND.lock, M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP BARN SHh OB", "PCS SHh PG ND OB", 6 },
	/* 3.2 f, 3.3.6: the first of all. Two of four objects are handed on, the rest goes to the
	 * head of the list. LOCKs: list_lock, flag, two counters. */
	{ "alloc, new sheaf and new slab", "fill", "0K6 !0+a 0+b",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare" BARN_71
	  ", R BARN.nr_full, R BARN.nr_empty" OUTSIDE NEW_SHEAF("1")
	  ", R SHm.size, R KCN.node, R ND.nr_partial" NEW_PAGE("a") LINK_ALL("a")
	  ", W SHm.o0, R OB(b), M PG(a).counters, W SHm.o1, R OB(a), M PG(a).counters"
	  ", W PG(a).freelist" NODE_OF("a") ", A ND.lock" ADD_HEAD_70("a") ", W ND.lock" TWO_COUNTERS
	  ", M SHm.size" INSTALL NEW_POP("1"),
	  NULL, NULL, 4 },
	/* Four of four: there is no rest, so no list. LOCKs: two counters. */
	{ "alloc, all of a new slab", "fill", "0K6 !0+a 0+b 0+c 0+d",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare" BARN_71
	  ", R BARN.nr_full, R BARN.nr_empty" OUTSIDE NEW_SHEAF("3")
	  ", R SHm.size, R KCN.node, R ND.nr_partial" NEW_PAGE("a") LINK_ALL("a")
	  ", W SHm.o0, R OB(d), M PG(a).counters, W SHm.o1, R OB(c), M PG(a).counters"
	  ", W SHm.o2, R OB(b), M PG(a).counters, W SHm.o3, R OB(a), M PG(a).counters"
	  ", W PG(a).freelist" NODE_OF("a") TWO_COUNTERS ", M SHm.size" INSTALL NEW_POP("3"),
	  NULL, NULL, 2, .capacity = 4 },
	/* 3.3.5: this node has none, the other two, and keeps one: its lock is tried. Of the list t
	 * (that of e), s (that of c) t is enough. */
	{ "alloc, fill from another node", "fill",
	  "1+a 1+b 1+c 1+d 1+e 0-c 0K6 !0+z 0+y",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare" BARN_71
	  ", R BARN.nr_full, R BARN.nr_empty" OUTSIDE NEW_SHEAF("1")
	  ", R SHm.size, R KCN.node, R ND.nr_partial, R KC.ratio"
	  ", R KCN.node, R ND.nr_partial, R KC.min_partial"
	  ", R KCN1.node, R ND1.nr_partial, R KC.min_partial"
	  ", R ND1.nr_partial, R ND1.lock, A ND1.lock, R ND1.next, R PG(z).next, R PG(z).flags"
	  ", R PG(z).counters" DEL("PG(z)", "ND1.next", "PG(c).prev")
	  ", A PG(z).flags, M ND1.nr_partial, W PG(z).next, W PG(z).prev, W ND1.lock" TAKE_ALL("z")
	  ", W SHm.o0, R OB(y), W SHm.o1, R OB(z), M SHm.size" INSTALL NEW_POP("1"),
	  NULL, NULL, 3, .nodes = 2, .min_partial = 1, .ratio = 1024 },
	/* 3.3.5: the other node's lock is held: looked at, not taken. A new slab. */
	{ "alloc, the other node's list is locked", "fill", "1+a 1+b 1+c 1+d 1+e 0-c 0K6 !0+z 0+y",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare" BARN_71
	  ", R BARN.nr_full, R BARN.nr_empty" OUTSIDE NEW_SHEAF("1")
	  ", R SHm.size, R KCN.node, R ND.nr_partial, R KC.ratio"
	  ", R KCN.node, R ND.nr_partial, R KC.min_partial"
	  ", R KCN1.node, R ND1.nr_partial, R KC.min_partial, R ND1.nr_partial, R ND1.lock"
	  NEW_PAGE("z") LINK_ALL("z")
	  ", W SHm.o0, R OB(y), M PG(z).counters, W SHm.o1, R OB(z), M PG(z).counters"
	  ", W PG(z).freelist" NODE_OF("z") ", A ND.lock" ADD_HEAD_70("z") ", W ND.lock" TWO_COUNTERS
	  ", M SHm.size" INSTALL NEW_POP("1"),
	  NULL, NULL, 4, .nodes = 2, .min_partial = 1, .ratio = 1024, .meddle = hold_the_other_list },
	/* 3.4: inside already. 1 list_lock, 1 AC16. */
	{ "alloc inside the section", "one object", "0+a 0la !0+b 0la",
	  "R KC.cpu_sheaves, R PCS.lock" ONE("b") ", W ND.lock",
	  "KC0 KCP PCS OB", "PG ND", 2 },
	/* The last free object: the slab leaves the list. */
	{ "alloc inside, the slab's last object", "one object", "0+a 0la 0+b !0+c 0la",
	  "R KC.cpu_sheaves, R PCS.lock" ONE("c") REMOVE("c") ", W ND.lock",
	  "KC0 KCP PCS OB", "PG ND", 3 },
	/* No partial slab at all. LOCKs: list_lock, flag, two counters. */
	{ "alloc inside, new slab", "one object", "0la !0+a 0la",
	  "R KC.cpu_sheaves, R PCS.lock, R KCN.node, R ND.nr_partial" NEW_PAGE("a") LINK_ALL("a")
	  ", R OB(a), M PG(a).counters, W PG(a).freelist" NODE_OF("a") ", A ND.lock" ADD_HEAD_70("a")
	  ", W ND.lock" TWO_COUNTERS, NULL, NULL, 4 },
	/* The other node has two, and keeps one: its lock is waited for, not tried. */
	{ "alloc inside, from another node", "one object", "1+a 1+b 1+c 1+d 1+e 0-c 0la !0+z 0la",
	  "R KC.cpu_sheaves, R PCS.lock, R KCN.node, R ND.nr_partial, R KC.ratio"
	  ", R KCN.node, R ND.nr_partial, R KC.min_partial"
	  ", R KCN1.node, R ND1.nr_partial, R KC.min_partial, R ND1.nr_partial, A ND1.lock"
	  ", R ND1.next, R PG(z).next, R PG(z).flags, R PG(z).freelist, R PG(z).counters, R OB(z)"
	  ", A PG(z).freelist, W ND1.lock",
	  NULL, NULL, 2, .nodes = 2, .min_partial = 1, .ratio = 1024 },

	/* 4.1. Table: reads PG, KC0; writes PCS, SHh, SHe; no LOCK. */
	{ "free fast", "fast", "0+a !0-a",
	  FREE_OF("a") INSIDE MAIN("m") ", R KC.capacity" PUSH("1"), "PG KC0", "PCS SHh", 0 },
	{ "free fast, a later entry", "fast", "0+a !0-a",
	  FREE_OF("a") INSIDE MAIN("m") ", R KC.capacity" PUSH("5"), "PG KC0", "PCS SHh SHe", 0,
	  .capacity = 6 },
	/* c is s3, in the second page: its own page struct says where the head is. */
	{ "free fast, tail page", "fast", "0+a 0+b 0+c !0-c",
	  "R PGt(c).cache, R PG(c).type, R PG(c).flags, " INSIDE MAIN("m") ", R KC.capacity"
	  PUSH("1"), "PG PGt KC0", "PCS SHh", 0, .object_size = 2048, .max_order = 1 },
	{ "kfree fast", "fast", "0+a !0~a",
	  SLAB_OF("a") ", R PG(a).cache, R PG(a).flags, " INSIDE MAIN("m") ", R KC.capacity"
	  PUSH("1"), "PG KC0", "PCS SHh", 0 },
	/* 4.3 c */
	{ "free, swap", "spare", "0+a 0+b 0+c 0+d 0-d 0-c !0-b",
	  FREE_OF("b") INSIDE MAIN("s") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R SHm.size, W PCS.main, W PCS.spare" NEW_PUSH("0"),
	  "PG KC0 KCP SHh", "PCS SHh", 0 },
	/* 4.3 d. Table: 1 A BARN. */
	{ "free, exchange with the barn", "barn", ONE_IN_BARN "0+k 0-k 0-j 0-i !0-h",
	  FREE_OF("h") INSIDE MAIN("f0") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R SHs.size, R BARN.nr_full, R BARN.nr_empty, A BARN.lock"
	  ", R BARN.nr_empty" TAKE_EMPTY("SHm") PUT_FULL("SHf0")
	  ", M BARN.nr_empty, M BARN.nr_full, W BARN.lock, W PCS.main" NEW_PUSH("0"),
	  "PG KC0 KCP SHh", "PCS SHh BARN", 1 },
	/* f goes before {h, g}, an empty one has another behind it. */
	{ "free, exchange, the barn has others", "barn", TWO_IN_BARN "0+p 0-p 0-n 0-o !0-k",
	  FREE_OF("k") INSIDE MAIN("f0") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R SHs.size, R BARN.nr_full, R BARN.nr_empty, A BARN.lock"
	  ", R BARN.nr_empty, R BARN.empty_next" DEL("SHm", "BARN.empty_next", "SHe0.prev")
	  ADD_FIRST("SHf0", "BARN.full_next", "SHf1.prev")
	  ", M BARN.nr_empty, M BARN.nr_full, W BARN.lock, W PCS.main" NEW_PUSH("0"),
	  "PG KC0 KCP SHh", "PCS SHh BARN", 1 },
	/* 4.3 b: another CPU of the node, which has no spare yet. */
	{ "free, no spare", "barn", ONE_IN_BARN "0+k 1-a 1-b !1-c",
	  FREE_OF("c") INSIDE MAIN("s") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R BARN.nr_empty, A BARN.lock, R BARN.nr_empty" TAKE_EMPTY("SHm")
	  ", M BARN.nr_empty, W BARN.lock, W PCS.spare, W PCS.main" NEW_PUSH("0"),
	  "PG KC0 KCP SHh", "PCS SHh BARN", 1 },
	/* 4.3 f, from b: no empty one anywhere, no spare. */
	{ "free, new sheaf, no spare", "new sheaf", "0+a 0+b 0+c 1-a 1-b 1K6 !1-c",
	  FREE_OF("c") INSIDE MAIN("s") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R BARN.nr_empty" OUTSIDE NEW_SHEAF("1") AGAIN
	  ", R PCS.main, R PCS.spare, W PCS.spare, W PCS.main" NEW_PUSH("0"), NULL, NULL, 0 },
	/* 4.3 f, from d: both full, main goes to the barn. The first sheaf left one object in kmalloc's
	 * own main. */
	{ "free, new sheaf, both full", "new sheaf",
	  "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0-g 0-f 0-e 0K6 !0-d",
	  FREE_OF("d") INSIDE MAIN("f0") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R SHs.size, R BARN.nr_full, R BARN.nr_empty" OUTSIDE NEW_SHEAF("0") AGAIN
	  ", R PCS.main, R PCS.spare, R SHf0.size, R SHs.size, A BARN.lock" PUT_FULL("SHf0")
	  ", M BARN.nr_full, W BARN.lock, W PCS.main" NEW_PUSH("0"), NULL, NULL, 1 },
	/* 4.3 f: meanwhile the main sheaf has got room; the spare has; the new one is the barn's. */
	{ "free, new sheaf, main has room meanwhile", "new sheaf",
	  "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0-g 0-f 0-e 0K6 !0-d",
	  FREE_OF("d") INSIDE MAIN("m") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R SHs.size, R BARN.nr_full, R BARN.nr_empty" OUTSIDE
	  NEW_SHEAF_AS("SHe0", "0") AGAIN ", R PCS.main, R PCS.spare, R SHm.size, A BARN.lock"
	  PUT_EMPTY("SHe0") ", M BARN.nr_empty, W BARN.lock" NEW_PUSH("1"), NULL, NULL, 1,
	  .meddle = take_from_main },
	{ "free, new sheaf, the spare has room meanwhile", "new sheaf",
	  "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0-g 0-f 0-e 0K6 !0-d",
	  FREE_OF("d") INSIDE MAIN("s") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R SHm.size, R BARN.nr_full, R BARN.nr_empty" OUTSIDE
	  NEW_SHEAF_AS("SHe0", "0") AGAIN ", R PCS.main, R PCS.spare, R SHs.size, R SHm.size"
	  ", W PCS.main, W PCS.spare, A BARN.lock" PUT_EMPTY("SHe0")
	  ", M BARN.nr_empty, W BARN.lock" NEW_PUSH("1"), NULL, NULL, 1, .meddle = take_from_spare },
	/* The trylock fails: the new sheaf to the barn, c to its slab, which is full. LOCKs: the barn's,
	 * list_lock, AC16, flag. */
	{ "free, new sheaf, inside afterwards", "full to partial", "0+a 0+b 0+c 1-a 1-b 1K6 !1-c",
	  FREE_OF("c") INSIDE MAIN("m") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R BARN.nr_empty" OUTSIDE NEW_SHEAF_AS("SHe0", "1") ", R PCS.lock"
	  ", A BARN.lock" PUT_EMPTY("SHe0") ", M BARN.nr_empty, W BARN.lock"
	  FREE_LOCKED("c") ADD_TAIL_70("c") ", W ND.lock", NULL, NULL, 4,
	  .meddle = be_inside_with_a_new_sheaf },
	/* 4.3 e with a limit of one: the spare {h, g} is flushed, from the end: g is the chain's tail,
	 * h its head; both of a full slab, which goes to the tail of the list. */
	{ "free, flush", "flush", EIGHT_OUT "0-h 0-g 0-f 0-e 0-d 0-c !0-b",
	  FREE_OF("b") INSIDE MAIN("s") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R SHm.size, R BARN.nr_full, W PCS.spare" OUTSIDE
	  ", R SHm.size, R SHm.o1, " SLAB_OF("g") ", W OB(g), R SHm.o0, " SLAB_OF("h") ", W OB(h)"
	  FREE_LOCKED("g") ADD_TAIL_70("g") ", W ND.lock, W SHm.size" AGAIN
	  ", R PCS.main, R PCS.spare, W PCS.spare, W PCS.main" NEW_PUSH("0"),
	  "PG KC0 KCP BARN SHh", "PCS SHh PG OB ND", 3, .max_full = 1 },
	/* The trylock after the flush fails: the emptied spare to the barn, b to its slab, which is full,
	 * too. LOCKs: list_lock, AC16, flag; the barn's; list_lock, AC16, flag. */
	{ "free, flush, inside afterwards", "full to partial", EIGHT_OUT "0-h 0-g 0-f 0-e 0-d 0-c !0-b",
	  FREE_OF("b") INSIDE MAIN("m") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R SHe0.size, R BARN.nr_full, W PCS.spare" OUTSIDE
	  ", R SHe0.size, R SHe0.o1, " SLAB_OF("g") ", W OB(g), R SHe0.o0, " SLAB_OF("h") ", W OB(h)"
	  FREE_LOCKED("g") ADD_TAIL_70("g") ", W ND.lock, W SHe0.size, R PCS.lock, A BARN.lock"
	  PUT_EMPTY("SHe0") ", M BARN.nr_empty, W BARN.lock" FREE_LOCKED("b")
	  ", M ND.nr_partial" ADD_LAST("PG(b)", "PG(g).next", "ND.prev") ", A PG(b).flags, W ND.lock",
	  "KC0 KCP SHh", "PCS SHh BARN PG OB ND", 7, .max_full = 1,
	  .meddle = be_inside_after_the_fill },
	/* 4.5, {a, e, b, f}: from the end f, past b, e, which changes places with b, past a; then b and a.
	 * Two chains of full slabs: list_lock, AC16, flag each. */
	{ "free, flush two chains", "flush",
	  "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0+h 0+i 0+j 0+k 0+l 0+m 0+n 0+o 0+p "
	  "0-a 0-e 0-b 0-f 0-c 0-d 0-g 0-h 0-i 0-j 0-k 0-l !0-m",
	  FREE_OF("m") INSIDE MAIN("s") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R SHm.size, R BARN.nr_full, W PCS.spare" OUTSIDE
	  ", R SHm.size, R SHm.o3, " SLAB_OF("f") ", W OB(f), R SHm.o2, " SLAB_OF("b")
	  ", R SHm.o1, " SLAB_OF("e") ", W OB(e), R SHm.o2, W SHm.o1, W SHm.o2, R SHm.o0, " SLAB_OF("a")
	  FREE_LOCKED("f") ADD_TAIL_70("f") ", W ND.lock"
	  ", R SHm.o1, " SLAB_OF("b") ", W OB(b), R SHm.o0, " SLAB_OF("a") ", W OB(a)"
	  FREE_LOCKED("b") ", M ND.nr_partial" ADD_LAST("PG(b)", "PG(f).next", "ND.prev")
	  ", A PG(b).flags, W ND.lock, W SHm.size" AGAIN
	  ", R PCS.main, R PCS.spare, W PCS.spare, W PCS.main" NEW_PUSH("0"),
	  "PG KC0 KCP BARN SHh", "PCS SHh PG OB ND", 6, .capacity = 4, .max_full = 1 },
	/* 4.3 f: there is no memory for a sheaf, so main is emptied. 1 list_lock, 1 AC16, 1 flag. */
	{ "free, no sheaf to be had", "flush", "0+a 0+b 0+c 1-a 1-b !1-c",
	  FREE_OF("c") INSIDE MAIN("m") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R BARN.nr_empty" OUTSIDE NO_NEW_SHEAF FLUSH_MAIN AGAIN MAIN("m") NEW_PUSH("0"),
	  NULL, NULL, 3, .meddle = use_up_kmalloc },
	/* "Full again -> a": the barn is looked up anew. The second slab is behind the first. */
	{ "free, no sheaf to be had, full again", "flush",
	  "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0+h 1-a 1-b !1-c",
	  FREE_OF("c") INSIDE MAIN("m") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R BARN.nr_empty" OUTSIDE NO_NEW_SHEAF FLUSH_MAIN AGAIN MAIN("m") BARN_71
	  ", R PCS.spare, R BARN.nr_empty" OUTSIDE NO_NEW_SHEAF FLUSH_MAIN_OF("g", "h")
	  ", M ND.nr_partial" ADD_LAST("PG(h)", "PG(a).next", "ND.prev") ", A PG(h).flags, W ND.lock"
	  AGAIN MAIN("m") NEW_PUSH("0"), NULL, NULL, 6, .meddle = use_up_kmalloc_and_fill_main },
	/* The trylock before the flush fails: c goes to its slab, which is full. */
	{ "free, no sheaf to be had, inside afterwards", "full to partial", "0+a 0+b 0+c 1-a 1-b !1-c",
	  FREE_OF("c") INSIDE MAIN("m") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R BARN.nr_empty" OUTSIDE NO_NEW_SHEAF ", R PCS.lock" FREE_LOCKED("c")
	  ADD_TAIL_70("c") ", W ND.lock", NULL, NULL, 3, .meddle = use_up_kmalloc_and_be_inside },
	/* The one after it: the slab is partial by then. */
	{ "free, no sheaf to be had, inside after the flush", "slab", "0+a 0+b 0+c 1-a 1-b !1-c",
	  FREE_OF("c") INSIDE MAIN("m") ", R KC.capacity" BARN_71
	  ", R PCS.spare, R BARN.nr_empty" OUTSIDE NO_NEW_SHEAF FLUSH_MAIN ", R PCS.lock" FREE_SLAB("c"),
	  NULL, NULL, 4, .meddle = use_up_kmalloc_and_be_inside_late },
	/* 4.2, inside already: into a slab that is on the list. */
	{ "free inside the section", "slab", "0+a 0la !0-a 0la",
	  FREE_OF("a") "R KC.cpu_sheaves, R PCS.lock" FREE_SLAB("a"), "KC0 PCS", "PG OB", 1 },
	/* 4.2, was full: to the tail. */
	{ "free inside, full to partial", "full to partial", "0+a 0+b 0+c 0la !0-a 0la",
	  FREE_OF("a") "R KC.cpu_sheaves, R PCS.lock" FREE_LOCKED("a") ADD_TAIL_70("a")
	  ", W ND.lock", "KC0 KCP PCS", "PG OB ND", 3 },
	/* 4.2: the list is t (that of e), s; s empties and goes, as one partial slab is kept. LOCKs:
	 * list_lock, AC16, flag, two counters. */
	{ "free inside, the slab's last object", "slab empty",
	  "0+a 0+b 0+c 0+d 0+e 0la 0-a 0-b 0-c !0-d 0la",
	  FREE_OF("d") "R KC.cpu_sheaves, R PCS.lock" FREE_LOCKED("d") ENOUGH
	  DEL("PG(d)", "PG(e).next", "ND.prev") ", A PG(d).flags, M ND.nr_partial, W ND.lock"
	  DISCARD("d", ""), NULL, NULL, 5, .min_partial = 1 },
	/* Fewer than two partial slabs besides: it stays where it is. */
	{ "free inside, the last object of a slab that stays", "slab",
	  "0+a 0+b 0+c 0+d 0+e 0la 0-a 0-b 0-c !0-d 0la",
	  FREE_OF("d") "R KC.cpu_sheaves, R PCS.lock" FREE_LOCKED("d") ENOUGH ", W ND.lock",
	  "KC0 KCP PCS", "PG OB ND", 2, .min_partial = 3 },
	/* Somebody has taken it off the list, to refill from it. */
	{ "free inside, the last object of a detached slab", "slab",
	  "0+a 0+b 0+c 0+d 0la 0-a 0-b 0-c !0-d 0la",
	  FREE_OF("d") "R KC.cpu_sheaves, R PCS.lock" FREE_LOCKED("d") ", W ND.lock",
	  "KC0 KCP PCS", "PG OB ND", 2, .meddle = detach_for_a_while },
	/* A slab of one object was full, and becomes empty: it is kept, at the tail; or goes. */
	{ "free inside, the only object, kept", "full to partial", "0la 0+a !0-a 0la",
	  FREE_OF("a") "R KC.cpu_sheaves, R PCS.lock" FREE_LOCKED("a") ENOUGH ADD_TAIL_70("a")
	  ", W ND.lock", "KC0 KCP PCS", "PG OB ND", 3, .object_size = 4096 },
	{ "free inside, the only object", "slab empty", "0la 0+a 0+b 0-a !0-b 0la",
	  FREE_OF("b") "R KC.cpu_sheaves, R PCS.lock" FREE_LOCKED("b") ENOUGH ", W ND.lock"
	  DISCARD("b", ""), NULL, NULL, 4, .object_size = 4096, .min_partial = 1 },
	/* Of two pages: its order is in the second page struct. c and d lie there. */
	{ "free inside, the last object, two pages", "slab empty",
	  "0+a 0+b 0+c 0+d 0+e 0la 0-c 0-d 0-a !0-b 0la",
	  FREE_OF("b") "R KC.cpu_sheaves, R PCS.lock" FREE_LOCKED("b") ENOUGH
	  DEL("PG(b)", "PG(e).next", "ND.prev") ", A PG(b).flags, M ND.nr_partial, W ND.lock"
	  DISCARD("b", ", R PG1(b).order"), NULL, NULL, 5, .object_size = 2048, .max_order = 1,
	  .min_partial = 1 },
	/* 4.4: another node's. Table: reads PG (and writes it), writes OB; 1 AC16. */
	{ "free of another node", "slab", "0+a !1-a", FREE_OF("a") "R PG(a).freelist"
	  ", R PG(a).counters, W OB(a), A PG(a).freelist", "", "PG OB", 1, .nodes = 2 },

	/* 4.6: the empty spare becomes rcu_free. */
	{ "kfree_rcu, the first", "rcu sheaf", "0+a !0ra",
	  FREE_OF("a") INSIDE ", R PCS.rcu, R PCS.spare, R SHr.size, W PCS.spare, W PCS.rcu"
	  ", R SHr.size, W SHr.o0, M SHr.size, R KC.capacity" OUTSIDE, "PG KC0", "PCS SHh", 0 },
	/* CPU 1 has no spare: an empty one of the barn. 1 A BARN. */
	{ "kfree_rcu, a sheaf of the barn", "rcu sheaf", ONE_IN_BARN "0+k !1ra",
	  FREE_OF("a") INSIDE ", R PCS.rcu, R PCS.spare" BARN_71
	  ", R BARN.nr_empty, A BARN.lock, R BARN.nr_empty" TAKE_EMPTY("SHr")
	  ", M BARN.nr_empty, W BARN.lock, W PCS.rcu, R SHr.size, W SHr.o0, M SHr.size"
	  ", R KC.capacity" OUTSIDE, "PG KC0 KCP", "PCS SHh BARN", 1 },
	/* Nor has the barn: a new one, without waiting. */
	{ "kfree_rcu, a new sheaf", "rcu sheaf", "0+a 0+b 0+c 1K6 !1ra",
	  FREE_OF("a") INSIDE ", R PCS.rcu, R PCS.spare" BARN_71 ", R BARN.nr_empty" OUTSIDE
	  ", R kKC.cpu_sheaves, R kPCS.lock, W kPCS.lock, R kPCS.main, R kSHm.size, R kSHm.o1"
	  ", M kSHm.size, W kPCS.lock, W SHr.next, W SHr.cache" AGAIN
	  ", R PCS.rcu, W PCS.rcu, R SHr.size, W SHr.o0, M SHr.size, R KC.capacity" OUTSIDE,
	  NULL, NULL, 0 },
	/* The trylock after that fails: the new one is the barn's, a waits alone. */
	{ "kfree_rcu, a new sheaf, inside afterwards", "rcu batch", "0+a 0+b 0+c 1K6 !1ra",
	  FREE_OF("a") INSIDE ", R PCS.rcu, R PCS.spare" BARN_71 ", R BARN.nr_empty" OUTSIDE
	  NEW_SHEAF_AS("SHe0", "1") ", R PCS.lock, A BARN.lock" PUT_EMPTY("SHe0")
	  ", M BARN.nr_empty, W BARN.lock" QUEUE_ALONE("a"), NULL, NULL, 1,
	  .meddle = be_inside_with_sheaf_y },
	/* It is full: the CPU's rcu_free no more, and queued while still inside. It then waits for the
	 * grace period and becomes the barn's. */
	{ "kfree_rcu, full", "rcu sheaf full", "0+a 0+b 0ra !0rb 0w_3",
	  FREE_OF("b") INSIDE ", R PCS.rcu, R SHf0.size, W SHf0.o1, M SHf0.size, R KC.capacity"
	  ", W PCS.rcu, W SHf0.node" QUEUE("SHf0") OUTSIDE, NULL, NULL, 0, .grace_cycles = 4000 },
	{ "the grace period is over", NULL, "0+a 0+b 0ra 0rb !0w_3",
	  UNQUEUE("SHf0") LOOK_AT_TWO("SHf0", "a", "b") BARN_71
	  ", R BARN.nr_full, A BARN.lock" PUT_FULL("SHf0") ", M BARN.nr_full, W BARN.lock",
	  NULL, NULL, 1, .grace_cycles = 4000 },
	/* The barn has full ones enough: the objects go to their slab, which is full: list_lock, AC16,
	 * flag; then the empty sheaf to the barn. */
	{ "the grace period is over, the barn is full", NULL, ONE_IN_BARN "1ra 1rb !1w_3",
	  UNQUEUE("SHe0") LOOK_AT_TWO("SHe0", "a", "b") BARN_71
	  ", R BARN.nr_full, R SHe0.size, R SHe0.o1, " SLAB_OF("b") ", W OB(b), R SHe0.o0, " SLAB_OF("a")
	  ", W OB(a)" FREE_LOCKED("b") ADD_TAIL_70("b") ", W ND.lock, W SHe0.size, R BARN.nr_empty"
	  ", A BARN.lock" PUT_EMPTY("SHe0") ", M BARN.nr_empty, W BARN.lock",
	  NULL, NULL, 4, .grace_cycles = 4000, .max_full = 1 },

	/* 3.5, prefilled sheaves: the spare, if it has enough; else it is filled. */
	{ "prefill, the spare", NULL, "0+a 0+b 0+c 0+d 0-d 0-c 0-b !0Px1",
	  PREFILL ", W PCS.spare" OUTSIDE ", R KC.capacity, R SHhx.size" IN_HANDS,
	  "KC0", "PCS SHh", 0 },
	{ "prefill, the empty spare", NULL, "0+a 0+b 0+c 0+d 0la 0-a 0-b 0la !0Px1",
	  PREFILL ", W PCS.spare" OUTSIDE ", R KC.capacity, R SHhx.size" FILL_WITH_B_AND_A("SHhx") IN_HANDS,
	  "KC0 KCP OB", "PCS SHh PG ND", 3 },
	/* CPU 1 has no spare: a full one of the barn, or an empty one, or a new one. */
	{ "prefill, a full sheaf of the barn", NULL, ONE_IN_BARN "!1Px1",
	  PREFILL BARN_71 ", R BARN.nr_full, A BARN.lock, R BARN.nr_full" TAKE_FULL("SHhx")
	  ", M BARN.nr_full, W BARN.lock" OUTSIDE ", R KC.capacity, R SHhx.size" IN_HANDS,
	  "KC0 KCP", "PCS SHh BARN", 1 },
	{ "prefill, an empty sheaf of the barn", NULL, ONE_IN_BARN "0+k 0la 0-a 0-b 0la !1Px1",
	  PREFILL BARN_71 ", R BARN.nr_full, R BARN.nr_empty, A BARN.lock, R BARN.nr_full"
	  ", R BARN.nr_empty" TAKE_EMPTY("SHhx") ", M BARN.nr_empty, W BARN.lock" OUTSIDE
	  ", R KC.capacity, R SHhx.size" FILL_WITH_B_AND_A("SHhx") IN_HANDS,
	  "KC0 KCP OB", "PCS SHh BARN PG ND", 4 },
	{ "prefill, a new sheaf", NULL, "0+a 0+b 0+c 0+d 0la 0-a 0-b 0la 1K6 !1Px2",
	  PREFILL BARN_71 ", R BARN.nr_full, R BARN.nr_empty" OUTSIDE ", R KC.capacity"
	  NEW_SHEAF_AS("SHhx", "1") FILL_WITH_B_AND_A("SHhx") IN_HANDS, NULL, NULL, 3 },
	{ "alloc from a prefilled sheaf", NULL, "0+a 0+b 0+c 0+d 0-d 0-c 0-b 0Px1 !0Ty",
	  "R SHhx.size, R SHhx.o1, M SHhx.size", "", "SHh", 0 },
	/* Given back: the spare, if there is none; else full to the barn. */
	{ "give back, the spare", NULL, "0+a 0+b 0+c 0+d 0-d 0-c 0-b 0Px1 !0Gx",
	  PREFILL ", W PCS.spare" OUTSIDE, "KC0", "PCS", 0 },
	{ "give back, to the barn", NULL, "0+a 0+b 0+c 0+d 0+e 0+f 0-f 0-e 0-d 0Px1 0-c 0-b !0Gx",
	  PREFILL OUTSIDE BARN_71 ", R KC.capacity, R BARN.nr_full, R SHf0.size, A BARN.lock"
	  PUT_FULL("SHf0") ", M BARN.nr_full, W BARN.lock", "KC0 KCP", "PCS SHh BARN", 1 },
	/* One was taken, y, and another, a, is put in its place. */
	{ "give back, filled up, to the barn", NULL,
	  EIGHT_OUT "0-h 0-g 0-f 0Px1 0Ty 0-e 0-d 0la 0-a 0la !0Gx",
	  PREFILL OUTSIDE BARN_71 ", R KC.capacity, R BARN.nr_full, R SHf0.size, R SHf0.size"
	  DETACH_70("a") TAKE_ALL("a") ", W SHf0.o1, R OB(a), M SHf0.size, A BARN.lock"
	  PUT_FULL("SHf0") ", M BARN.nr_full, W BARN.lock", "KC0 KCP OB", "PCS SHh BARN PG ND", 4 },
	/* The barn has full ones enough: i and j, all of their slab, back to it; the sheaf to kmalloc's. */
	{ "give back, the barn is full", NULL,
	  EIGHT_OUT "0+i 0+j 0-j 0-i 0-h 0Px1 0-g 0-f 0-e 0-d !0Gx",
	  PREFILL OUTSIDE BARN_71 ", R KC.capacity, R BARN.nr_full, R SHhx.size, R SHhx.o1, "
	  SLAB_OF("i") ", W OB(i), R SHhx.o0, " SLAB_OF("j") ", W OB(j)" FREE_LOCKED("i") ENOUGH
	  ", W ND.lock, W SHhx.size, " SLAB_OF("x") ", R PG(x).cache, R PG(x).flags"
	  ", R kKC.cpu_sheaves, R kPCS.lock, W kPCS.lock, R kPCS.main, R kSHm.size, R kKC.capacity"
	  ", W kSHm.o1, M kSHm.size, W kPCS.lock", NULL, NULL, 2, .max_full = 1 },

	/* 4.2.3: another CPU was faster, the exchange fails once. */
	{ "free inside, another CPU frees too", "slab", "0+a 0+b 0+c 0la !0-a 0la",
	  FREE_OF("a") "R KC.cpu_sheaves, R PCS.lock" FREE_SLAB("a") FREE_SLAB("a"),
	  "KC0 PCS", "PG OB", 2, .capacity = 3, .meddle = free_b_in_between },
	/* The same while the slab is full: the list_lock is held over the exchange that fails, and is
	 * not needed for the second one. */
	{ "free inside, another CPU makes the slab partial", "slab", "0+a 0+b 0+c 0la !0-a 0la",
	  FREE_OF("a") "R KC.cpu_sheaves, R PCS.lock" FREE_LOCKED("a") ", W ND.lock" FREE_SLAB("a"),
	  "KC0 KCP PCS", "PG OB ND", 3, .meddle = make_partial_by_b },
	/* 3.3.2 to 4: slabs A (of a) and I (of e) have one free object each, and two are wanted. Both
	 * leave the list; I comes first then, has got a second one, and A goes back to the head. */
	{ "alloc, fill, a slab is not needed", "fill", EIGHT_OUT "0la 0-a 0-e 0la !0+i 0+j",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare, R SHm.size" BARN_71
	  ", R BARN.nr_full, W PCS.spare" OUTSIDE ", R SHm.size, R KCN.node, R ND.nr_partial, A ND.lock"
	  ", R ND.next, R PG(a).next, R PG(a).flags, R PG(a).counters"
	  DEL("PG(a)", "ND.next", "PG(e).prev")
	  ", A PG(a).flags, M ND.nr_partial, W PG(a).next, W PG(a).prev"
	  ", R PG(e).next, R PG(e).flags, R PG(e).counters" REMOVE("e")
	  ", W PG(a).prev, W PG(e).next, W PG(e).prev, W ND.lock"
	  ", R PG(e).next, R PG(e).prev, W PG(a).prev, W PG(e).next, W PG(e).prev"
	  ", R PG(e).freelist, R PG(e).counters, A PG(e).freelist"
	  ", W SHm.o0, R OB(f), W SHm.o1, R OB(e)"
	  ", A ND.lock, R PG(a).counters, R PG(a).next, R PG(a).prev, W PG(a).next, W PG(a).prev"
	  ADD_HEAD_70("a") ", W ND.lock, M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP BARN OB SHh", "PCS SHh PG ND", 6, .meddle = free_f_to_the_detached },
	/* 3.2 h: somebody is inside when the sheaf is full: it goes to the barn, and one object comes
	 * from the other slab. LOCKs: list_lock, flag, AC16; the barn's; list_lock, AC16. */
	{ "alloc, fill, inside afterwards", "one object",
	  EIGHT_OUT "0la 0-a 0-b 0-e 0-f 0la !0+i",
	  INSIDE MAIN("m") ", R KC.capacity, R PCS.spare, R SHf0.size" BARN_71
	  ", R BARN.nr_full, W PCS.spare" OUTSIDE ", R SHf0.size, R KCN.node, R ND.nr_partial"
	  ", A ND.lock, R ND.next, R PG(a).next, R PG(a).flags, R PG(a).counters"
	  DEL("PG(a)", "ND.next", "PG(i).prev")
	  ", A PG(a).flags, M ND.nr_partial, W PG(a).next, W PG(a).prev, W ND.lock" TAKE_ALL("a")
	  ", W SHf0.o0, R OB(b), W SHf0.o1, R OB(a), M SHf0.size, R PCS.lock"
	  ", A BARN.lock" PUT_FULL("SHf0") ", M BARN.nr_full, W BARN.lock" ONE("i") ", W ND.lock",
	  NULL, NULL, 6, .meddle = be_inside_after_the_fill },
	/* 3.2 h, main is not empty: no spare, so the full one is it. */
	{ "alloc, fill, freed meanwhile", "fill", "0+a 0+b 0+c 0+d !0+e 0+f 0+g",
	  INSIDE MAIN("s") FILL_THE_SPARE FILL_NEW("f", "g") ADD_HEAD_70("f") ", W ND.lock" TWO_COUNTERS
	  ", M SHm.size" AGAIN MAIN("s") ", R PCS.spare, W PCS.spare, R SHs.size, R SHs.o0"
	  ", M SHs.size" OUTSIDE, NULL, NULL, 4, .meanwhile = free_d },
	/* An empty spare gives way, to the barn. The handler's slab, e's now, is on the list. */
	{ "alloc, fill, allocated meanwhile", "fill", "0+a 0+b 0+c 0+d !0+e 0+f 0+g",
	  INSIDE MAIN("e0") FILL_THE_SPARE FILL_NEW("f", "g") ", M ND.nr_partial"
	  ADD_FIRST("PG(f)", "ND.next", "PG(e).prev") ", A PG(f).flags, W ND.lock" TWO_COUNTERS
	  ", M SHm.size" AGAIN MAIN("s") ", R PCS.spare, R SHe0.size, A BARN.lock" PUT_EMPTY("SHe0")
	  ", M BARN.nr_empty, W BARN.lock, W PCS.spare, R SHs.size, R SHs.o0, M SHs.size" OUTSIDE,
	  NULL, NULL, 5, .meanwhile = fixture_allocate_x },
	/* Both have objects, main {b} and the spare {d, c}: to the barn with it. */
	{ "alloc, fill, much freed meanwhile", "fill", "0+a 0+b 0+c 0+d !0+e 0+f 0+g 0+h 0+i",
	  INSIDE MAIN("e0") FILL_THE_SPARE FILL_NEW("h", "i") ADD_HEAD_70("h") ", W ND.lock" TWO_COUNTERS
	  ", M SHm.size" AGAIN MAIN("s") ", R PCS.spare, R SHe0.size, A BARN.lock" PUT_FULL("SHm")
	  ", M BARN.nr_full, W BARN.lock, R SHs.size, R SHs.o0, M SHs.size" OUTSIDE,
	  NULL, NULL, 5, .meanwhile = free_d_c_b },
	/* Main is empty again, and the spare {d, c} is there: main, the handler's new one, goes to the
	 * barn. */
	{ "alloc, fill, much freed and one allocated meanwhile", "fill", "0+a 0+b 0+c 0+d !0+e 0+f",
	  INSIDE MAIN("s") FILL_THE_SPARE FILL_NEW("e", "f") ADD_HEAD_70("e") ", W ND.lock" TWO_COUNTERS
	  ", M SHm.size" AGAIN MAIN("e0") ", R PCS.spare, A BARN.lock" PUT_EMPTY("SHe0")
	  ", M BARN.nr_empty, W BARN.lock, W PCS.main" NEW_POP("1"),
	  NULL, NULL, 5, .meanwhile = free_d_c_b_and_allocate },
	/* 3.3.4: C was enough, for d has become free; A is empty now, as b has, and one partial slab is
	 * kept, which is E. LOCKs: list_lock, two flags, AC16, list_lock, two counters. */
	{ "alloc, fill, a slab is not needed and empty", "fill",
	  "0+a 0+b 0+c 0+d 0+e 0+f 0la 0-a 0-c 0-e 0la !0+g 0+h",
	  INSIDE MAIN("s") FILL_THE_SPARE ", R SHm.size, R KCN.node, R ND.nr_partial, A ND.lock"
	  ", R ND.next, R PG(a).next, R PG(a).flags, R PG(a).counters"
	  DEL("PG(a)", "ND.next", "PG(c).prev")
	  ", A PG(a).flags, M ND.nr_partial, W PG(a).next, W PG(a).prev"
	  ", R PG(c).next, R PG(c).flags, R PG(c).counters" DEL("PG(c)", "ND.next", "PG(e).prev")
	  ", A PG(c).flags, M ND.nr_partial, W PG(a).prev, W PG(c).next, W PG(c).prev, W ND.lock"
	  ", R PG(c).next, R PG(c).prev, W PG(a).prev, W PG(c).next, W PG(c).prev"
	  ", R PG(c).freelist, R PG(c).counters, A PG(c).freelist"
	  ", W SHm.o0, R OB(d), W SHm.o1, R OB(c)"
	  ", A ND.lock, R PG(a).counters" ENOUGH
	  ", R PG(a).next, R PG(a).prev, W PG(a).next, W PG(a).prev, W PG(a).next, W PG(a).prev"
	  ", W ND.lock, R PG(a).next, R PG(a).prev, W PG(a).next, W PG(a).prev" DISCARD("a", "")
	  ", M SHm.size" INSTALL NEW_POP("1"),
	  NULL, NULL, 7, .object_size = 2048, .min_partial = 1, .meddle = free_both_of_the_detached },
};

static const struct row rows_70[] = {
	/* 2.2: the node's pointer, then its second line. */
	{ "alloc, exchange with the barn", "barn", ONE_IN_BARN "!0+k",
	  INSIDE MAIN("e0") ", R KC.capacity, R PCS.spare, R SHs.size" BARN_70
	  ", R BARN.nr_full, A BARN.lock, R BARN.nr_full" TAKE_FULL("SHm") PUT_EMPTY("SHe0")
	  ", M BARN.nr_full, M BARN.nr_empty, W BARN.lock, W PCS.main" NEW_POP("1"),
	  "KC0 KCP ND2 SHh", "PCS SHh BARN", 1 },
	{ "free, swap", "spare", "0+a 0+b 0+c 0+d 0-d 0-c !0-b",
	  FREE_OF("b") INSIDE MAIN("s") ", R KC.capacity" BARN_70
	  ", R PCS.spare, R SHm.size, W PCS.main, W PCS.spare" NEW_PUSH("0"),
	  "PG KC0 KCP ND2 SHh", "PCS SHh", 0 },
	/* fb1091febd66: a request that may not sleep fills a sheaf, too. */
	{ "alloc that may not sleep", "fill", "0+a 0+b !0=c 0+d",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare, R SHm.size" BARN_70
	  ", R BARN.nr_full, W PCS.spare" OUTSIDE ", R SHm.size" DETACH_70("c") TAKE_ALL("c")
	  ", W SHm.o0, R OB(d), W SHm.o1, R OB(c), M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP BARN OB ND2 SHh", "PCS SHh PG ND", 3 },
};

static const struct row rows_70rc[] = {
	/* Before: one object at a time, each under the list_lock. */
	{ "alloc that may not sleep", "one object", "0+a 0+b !0=c",
	  INSIDE MAIN("m") ", R KC.capacity, R PCS.spare, R SHs.size" BARN_70
	  ", R BARN.nr_full" OUTSIDE ONE("c") ", W ND.lock",
	  "KC0 KCP BARN OB ND2 SHh", "PCS PG ND", 2 },
	{ "alloc that may sleep", "fill", "0+a 0+b !0+c 0+d",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare, R SHm.size" BARN_70
	  ", R BARN.nr_full, W PCS.spare" OUTSIDE ", R SHm.size" DETACH_70("c") TAKE_ALL("c")
	  ", W SHm.o0, R OB(d), W SHm.o1, R OB(c), M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP BARN OB ND2 SHh", "PCS SHh PG ND", 3 },
};

static const struct row rows_73[] = {
	{ "alloc, fill from a partial slab", "fill", "0+a 0+b !0+c 0+d",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare, R SHm.size" BARN_71
	  ", R BARN.nr_full, W PCS.spare" OUTSIDE ", R SHm.size" DETACH_73("c") TAKE_ALL("c")
	  ", W SHm.o0, R OB(d), W SHm.o1, R OB(c), M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP BARN OB SHh", "PCS SHh PG ND", 3 },
	/* The rest, a, goes back as it is: list_lock, AC16, flag; nobody reads it. */
	{ "alloc, fill with a rest", "fill", "0+a 0+b 0+c 0+d 0la 0-a 0-b 0-c 0la !0+e 0+f",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare, R SHm.size" BARN_71
	  ", R BARN.nr_full, W PCS.spare" OUTSIDE ", R SHm.size" DETACH_73("a") TAKE_ALL("a")
	  ", W SHm.o0, R OB(c), W SHm.o1, R OB(b)"
	  ", R PG(a).freelist, R PG(a).counters" NODE_OF("a") ", A ND.lock, A PG(a).freelist"
	  ADD_TAIL_73("a") ", W ND.lock, M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP BARN OB SHh", "PCS SHh PG ND", 6 },
	/* Two addresses are handed on without a look; two objects are linked. */
	{ "alloc, new sheaf and new slab", "fill", "0K6 !0+a 0+b",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare" BARN_71
	  ", R BARN.nr_full, R BARN.nr_empty" OUTSIDE NEW_SHEAF("1")
	  ", R SHm.size, R KCN.node, R ND.nr_partial" NEW_PAGE("a")
	  ", R KC.ctor, W SHm.o0, R KC.ctor, W SHm.o1, W PG(a).counters" NODE_OF("a")
	  ", LINK2(a), W PG(a).freelist, A ND.lock" ADD_HEAD_73("a") ", W ND.lock" TWO_COUNTERS
	  ", M SHm.size" INSTALL NEW_POP("1"),
	  NULL, NULL, 4 },
	/* No rest: nobody looks at an object. */
	{ "alloc, all of a new slab", "fill", "0K6 !0+a 0+b 0+c 0+d",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare" BARN_71
	  ", R BARN.nr_full, R BARN.nr_empty" OUTSIDE NEW_SHEAF("3")
	  ", R SHm.size, R KCN.node, R ND.nr_partial" NEW_PAGE("a")
	  ", R KC.ctor, W SHm.o0, R KC.ctor, W SHm.o1, R KC.ctor, W SHm.o2, R KC.ctor, W SHm.o3"
	  ", W PG(a).counters" NODE_OF("a") TWO_COUNTERS ", M SHm.size" INSTALL NEW_POP("3"),
	  NULL, NULL, 2, .capacity = 4 },
	/* d makes the slab partial before the rest comes back: seen at once; seen by the exchange, under
	 * the list_lock. Then the walk, and 4.2. */
	{ "alloc, fill with a rest, not full any more", "fill",
	  "0+a 0+b 0+c 0+d 0la 0-a 0-b 0-c 0la !0+e 0+f",
	  INSIDE MAIN("s") FILL_THE_SPARE ", R SHm.size" DETACH_73("a") TAKE_ALL("a")
	  ", W SHm.o0, R OB(c), W SHm.o1, R OB(b), R PG(a).freelist, R PG(a).counters, R OB(a)"
	  FREE_SLAB("a") ", M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP BARN SHh OB", "PCS SHh PG OB ND", 4, .meddle = make_partial_by_d },
	{ "alloc, fill with a rest, another CPU frees", "fill",
	  "0+a 0+b 0+c 0+d 0la 0-a 0-b 0-c 0la !0+e 0+f",
	  INSIDE MAIN("s") FILL_THE_SPARE ", R SHm.size" DETACH_73("a") TAKE_ALL("a")
	  ", W SHm.o0, R OB(c), W SHm.o1, R OB(b), R PG(a).freelist, R PG(a).counters" NODE_OF("a")
	  ", A ND.lock, A PG(a).freelist, W ND.lock, R OB(a)" FREE_SLAB("a")
	  ", M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP BARN SHh OB", "PCS SHh PG OB ND", 6, .meddle = make_partial_by_d_late },
	{ "free inside, full to partial", "full to partial", "0+a 0+b 0+c 0la !0-a 0la",
	  FREE_OF("a") "R KC.cpu_sheaves, R PCS.lock" FREE_LOCKED("a") ADD_TAIL_73("a")
	  ", W ND.lock", "KC0 KCP PCS", "PG OB ND", 3 },
	/* 4.6: the new sheaf goes back to kmalloc. */
	{ "kfree_rcu, a new sheaf, inside afterwards", "rcu batch", "0+a 0+b 0+c 1K6 !1ra",
	  FREE_OF("a") INSIDE ", R PCS.rcu, R PCS.spare" BARN_71 ", R BARN.nr_empty" OUTSIDE
	  NEW_SHEAF_AS("SHhy", "1") ", R PCS.lock, " SLAB_OF("y") ", R PG(y).cache, R PG(y).flags"
	  ", R kKC.cpu_sheaves, R kPCS.lock, W kPCS.lock, R kPCS.main, R kSHm.size, R kKC.capacity"
	  ", W kSHm.o1, M kSHm.size, W kPCS.lock" QUEUE_ALONE("a"), NULL, NULL, 0,
	  .meddle = be_inside_with_sheaf_y },
	/* 3.3.2 to 4: both slabs leave the list as one run and keep their order; A has got a second free
	 * object, and E goes to the tail. */
	{ "alloc, fill, a slab is not needed", "fill", EIGHT_OUT "0la 0-a 0-e 0la !0+i 0+j",
	  INSIDE MAIN("s") ", R KC.capacity, R PCS.spare, R SHm.size" BARN_71
	  ", R BARN.nr_full, W PCS.spare" OUTSIDE ", R SHm.size, R KCN.node, R ND.nr_partial, A ND.lock"
	  ", R ND.next, R PG(a).next, R PG(a).flags, R PG(a).counters, A PG(a).flags, M ND.nr_partial"
	  ", R PG(e).next, R PG(e).flags, R PG(e).counters, A PG(e).flags, M ND.nr_partial"
	  ", R PG(e).next, W ND.next, W ND.prev, W PG(a).prev, W PG(e).next, W ND.lock"
	  ", R PG(a).next, R PG(a).prev, W PG(e).prev, W PG(a).next, W PG(a).prev"
	  ", R PG(a).freelist, R PG(a).counters, A PG(a).freelist"
	  ", W SHm.o0, R OB(b), W SHm.o1, R OB(a)"
	  ", A ND.lock, A PG(e).flags, M ND.nr_partial, R PG(e).next"
	  ", R ND.prev, W PG(e).prev, W ND.next, W PG(e).next, W ND.prev, W ND.lock"
	  ", M SHm.size" INSTALL NEW_POP("1"),
	  "KC0 KCP BARN OB SHh", "PCS SHh PG ND", 6, .meddle = free_b_to_the_detached },
};

static void check_row(const char *variant, const struct fixture_family *family, const struct row *row)
{
	struct sheaf_settings settings = sheaf_defaults();
	struct fixture *f;

	print_message("%s: %s\n", variant, row->name);
	settings.sheaf_capacity = row->capacity ? row->capacity : 2;
	settings.max_order = row->max_order;
	settings.min_partial = row->min_partial;
	settings.defrag_ratio = row->ratio;
	if (row->grace_cycles)
		settings.grace_cycles = row->grace_cycles;
	if (row->max_full)
		settings.max_full = row->max_full;
	f = fixture_new(&(struct fixture_options){
		.objects = sheaf_model(variant), .settings = &settings, .family = family,
		.object_size = row->object_size, .nodes = row->nodes, .view = &page_view_6_12,
		.placement = row->nodes > 1 ? PLACEMENT_SCATTER : PLACEMENT_COMPACT,
		.mib = row->nodes > 1 ? 8 : 0 });
	f->meddle = row->meddle;
	f->meanwhile = row->meanwhile;
	fixture_run(f, row->script);
	fixture_expect_path(f, row->path);
	if (row->only_read)
		fixture_expect_lines(f, row->only_read, row->written, row->locks);
	if (row->annotation)
		assert_string_equal(f->path, row->annotation);
	fixture_expect_sound(f);
	fixture_free(f);
}

#define CHECK(variant, family, rows) \
	for (size_t i = 0; i < COUNT(rows); i++) \
		check_row(variant, family, &(rows)[i])

static void each_path_of_71_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	CHECK("7.1", &sheaf_family_71, rows_71);
}

static void each_path_of_70_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	CHECK("7.0", &sheaf_family_70, rows_70);
}

static void each_path_of_70rc_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	CHECK("7.0-rc", &sheaf_family_70, rows_70rc);
}

static void each_path_of_73_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	CHECK("7.3", &sheaf_family_71, rows_73);
}

/*
 * 3.3.5: nodes along the zonelist, nearest first. CPUs 2 and 3 each leave two partial slabs on their
 * nodes; node 3 is next to 1, node 2 opposite.
 */
static void a_fill_looks_at_the_nearest_nodes_first(void **state)
{
	static const char *const variants[] = { "7.0", "7.1", "7.3" };

	(void)state;
	for (size_t i = 0; i < COUNT(variants); i++) {
		struct sheaf_settings settings = sheaf_defaults();
		struct fixture *f;

		settings.sheaf_capacity = 2;
		settings.max_order = 0;
		settings.min_partial = 1;
		settings.defrag_ratio = 1024;
		f = fixture_new(&(struct fixture_options){
			.objects = sheaf_model(variants[i]), .settings = &settings,
			.family = i ? &sheaf_family_71 : &sheaf_family_70, .nodes = 4, .cpus = 4,
			.view = &page_view_6_12, .placement = PLACEMENT_SCATTER, .mib = 16 });
		fixture_run(f, "2+a 2+b 2+c 2+d 2+e 3+A 3+B 3+C 3+D 3+E 1-c 1-C !1+z");
		assert_string_equal(f->path, "fill");
		assert_int_equal(pfn_to_node(f->memory, address_to_pfn(f->memory, f->slot['z'])),
				 3);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fill_looks_at_the_nearest_nodes_first),
		cmocka_unit_test(each_path_of_71_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(each_path_of_70_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(each_path_of_70rc_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(each_path_of_73_makes_the_accesses_of_the_sheet),
	};

	return cmocka_run_group_tests_name("sheaves-all", tests, NULL, NULL);
}
