/*
 * slab (2.6.39): geometry and limits, which accesses each path makes and which lines it touches,
 * from the sheet (slab.md 7), its periodic work, and its invariants.
 *
 * Most rows have arrays of 4 with batches of 2. CPA is array[cpu], AC the array it names with
 * entries ACe, SH the node's shared array, AL the alien array for the other node's objects and ALP
 * the pointer to it, ND the node's kmem_list3 (NDr the other node's), KCN its pointer in nodelists,
 * SD the descriptor of an object's slab, BC its bufctl. A d in front: of the cache of descriptors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/slab/slab.h"
#include "tests/touch_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- names of words ----------------------------------------------------------------------------- */

struct member {
	const char *name;
	int offset;
};

static const struct member array_members[] = {
	{ "avail", 0 }, { "limit", 4 }, { "batchcount", 8 }, { "touched", 12 }, { "lock", 16 }, { 0 },
};
static const struct member list3_members[] = {
	{ "partial_next", 0 }, { "partial_prev", 8 }, { "full_next", 16 }, { "full_prev", 24 },
	{ "free_next", 32 }, { "free_prev", 40 }, { "free_objects", 48 }, { "free_limit", 56 },
	{ "colour_next", 60 }, { "lock", 64 }, { "shared", 72 }, { "alien", 80 },
	{ "next_reap", 88 }, { "free_touched", 96 }, { 0 },
};
static const struct member cache_members[] = {
	{ "buffer_size", 12 }, { "reciprocal", 16 }, { "flags", 20 }, { "num", 24 },
	{ "gfporder", 28 }, { "gfpflags", 32 }, { "colour", 40 }, { "colour_off", 48 },
	{ "slabp_cache", 56 }, { "slab_size", 64 }, { "ctor", 72 }, { "next", 88 }, { 0 },
};
static const struct member slab_members[] = {
	{ "next", 0 }, { "prev", 8 }, { "colouroff", 16 }, { "s_mem", 24 }, { "inuse", 32 },
	{ "free", 36 }, { "nodeid", 40 }, { 0 },
};
static const struct member page_members[] = {
	{ "flags", 0 }, { "lru_next", 40 }, { "lru_prev", 48 }, { 0 },
};

static void *at_member(const void *base, const struct member *members, const char *name)
{
	for (; base && members->name; members++)
		if (strcmp(members->name, name) == 0)
			return (char *)base + members->offset;
	return NULL;
}

static const struct slabs *slabs_of(const struct touch *t)
{
	return t->objects.state;
}

static unsigned node_of(const struct touch *t, bool other)
{
	return node_of_cpu(t->sim, t->recorded_cpu) ^ other;
}

static struct array_cache *array_of(const struct touch *t, struct kmem_cache *s)
{
	return *cpu_array(slabs_of(t), s, t->recorded_cpu);
}

static void *entry_of(struct array_cache *ac, unsigned number)
{
	return ac ? (char *)ac + 24 + 8 * number : NULL;
}

static struct array_cache *alien_of(const struct touch *t, struct kmem_cache *s)
{
	struct array_cache **aliens = s->nodelists[node_of(t, false)]->alien;

	return aliens ? aliens[node_of(t, true)] : NULL;
}

static void *place_of_node(const struct touch *t, struct kmem_cache *s, const char *base,
			   unsigned number, const char *member)
{
	bool other = strchr(base, 'r');
	unsigned node = node_of(t, other);
	struct kmem_list3 *l3 = s->nodelists[node];

	if (strncmp(base, "KCN", 3) == 0)
		return &s->nodelists[node];
	if (strncmp(base, "ND", 2) == 0)
		return at_member(l3, list3_members, member);
	if (strcmp(base, "SH") == 0 || strcmp(base, "SHr") == 0)
		return at_member(l3->shared, array_members, member);
	if (strcmp(base, "SHe") == 0 || strcmp(base, "SHre") == 0)
		return entry_of(l3->shared, number);
	return NULL;
}

static void *place(const struct touch *t, const char *base, char slot, unsigned number,
		   const char *member)
{
	struct kmem_cache *s = *base == 'd' ? t->cache->slabp_cache : t->cache;
	void *object = t->slot[(unsigned char)slot];
	char *noted = (char *)t->noted[(unsigned char)slot];

	base += *base == 'd';
	if (strcmp(base, "CPA") == 0)
		return cpu_array(slabs_of(t), s, t->recorded_cpu);
	if (strcmp(base, "AC") == 0)
		return at_member(array_of(t, s), array_members, member);
	if (strcmp(base, "ACe") == 0)
		return entry_of(array_of(t, s), number);
	if (strcmp(base, "AL") == 0)
		return at_member(alien_of(t, s), array_members, member);
	if (strcmp(base, "ALe") == 0)
		return entry_of(alien_of(t, s), number);
	if (strcmp(base, "ALP") == 0)
		return &s->nodelists[node_of(t, false)]->alien[node_of(t, true)];
	if (strcmp(base, "KC") == 0)
		return at_member(s, cache_members, member);
	if (strcmp(base, "PG") == 0)
		return at_member(virt_to_page(t->memory, object), page_members, member);
	if (strcmp(base, "SD") == 0)
		return *member ? at_member(noted, slab_members, member) : noted;
	if (strcmp(base, "BC") == 0)
		return noted + 48 + 4 * number;
	if (strcmp(base, "OB") == 0)
		return (char *)object + number;
	return place_of_node(t, s, base, number, member);
}

/* The name of an array's line; NULL: of another array. */
static const char *array_line(const void *address, const struct array_cache *ac, const char *first,
			      const char *rest)
{
	uint64_t offset = (uint64_t)((uintptr_t)address - (uintptr_t)ac);

	if (!ac || offset >= 24 + 8 * ac->limit)
		return NULL;
	return offset < LINE ? first : rest;
}

static const char *line_of_node(const struct touch *t, const void *address, bool other)
{
	const struct kmem_list3 *l3 = t->cache->nodelists[node_of(t, other)];
	uint64_t offset = (uint64_t)((uintptr_t)address - (uintptr_t)l3);
	const char *name = array_line(address, l3->shared, other ? "SHr0" : "SH0",
				      other ? "SHre" : "SHe");

	if (name)
		return name;
	if (offset < 2 * LINE)
		return offset < LINE ? (other ? "NDr1" : "ND1") : (other ? "NDr2" : "ND2");
	return NULL;
}

static const char *line_of_slab(const struct touch *t, const void *address)
{
	for (unsigned i = 0; i < TOUCH_SLOTS; i++) {
		uint64_t offset = (uint64_t)((uintptr_t)address - (uintptr_t)t->noted[i]);

		if (t->noted[i] && offset < 48 + 4 * t->cache->num)
			return offset < LINE ? "SD" : "BC";
	}
	return NULL;
}

static const char *line(const struct touch *t, const void *address)
{
	struct kmem_cache *s = t->cache, *d = s->slabp_cache;
	uint64_t offset = (uint64_t)((uintptr_t)address - (uintptr_t)s);
	const char *name = array_line(address, array_of(t, s), "AC0", "ACe");
	char text[100];

	if (!name)
		name = array_line(address, alien_of(t, s), "AL0", "ALe");
	if (!name)
		name = line_of_node(t, address, false);
	if (!name && t->memory->nodes > 1)
		name = line_of_node(t, address, true);
	if (!name)
		name = line_of_slab(t, address);
	if (!name && d)
		name = array_line(address, array_of(t, d), "dAC0", "dACe");
	if (!name && d && address == (void *)cpu_array(slabs_of(t), d, t->recorded_cpu))
		name = "dCPA";
	if (name)
		return name;
	if (address == (void *)cpu_array(slabs_of(t), s, t->recorded_cpu))
		return "CPA";
	if (offset < 2 * LINE)
		return offset < LINE ? "KC1" : "KC2";
	if (t->memory->nodes > 1 && address == (void *)place(t, "ALP", 0, 0, ""))
		return "ALP";
	sim_describe(t->sim, address, text, sizeof text);
	if (strncmp(text, "zone", 4) == 0)
		return "Z";
	if (strncmp(text, "per_cpu_pageset", 15) == 0)
		return "VS";
	if (page_to_pfn(t->memory, address) < t->memory->pages)
		return "PG";
	return address_to_pfn(t->memory, address) < t->memory->pages ? "OB" : "?";
}

/* The descriptor, which cannot be found any more when its slab is gone. */
static void note(struct touch *t, unsigned slot)
{
	const char *page = (char *)virt_to_page(t->memory, t->slot[slot]);

	memcpy(&t->noted[slot], page + 48, sizeof(void *));
}

static const struct touch_names names = { place, line, note };

/* ---- pieces of the numbered paths ------------------------------------------------------------------ */

#define LOCK            ", A ND.lock"
#define UNLOCK          ", M ND.lock"
/* 7.3, step 2 to 6. */
#define FAST(i)         ", W AC.touched, M AC.avail, R ACe[" i "]"
/* 7.4, step 1 to 3: the shared array is looked at under the lock. */
#define REFILL          ", R AC.batchcount, R AC.touched, R KCN" LOCK ", R ND.shared"
/* 7.4.4 for one object: bufctl[i] is read; it becomes entry[k]. */
#define TAKE(x, i, k) \
	", R SD(" x ").inuse, R KC.num, R SD(" x ").s_mem, R KC.buffer_size, R SD(" x ").free" \
	", M SD(" x ").inuse, R BC(" x ")[" i "], W SD(" x ").free, M AC.avail, W ACe[" k "]"
#define TAKEN(x)        ", R SD(" x ").inuse, R KC.num"
/* Of a slab that is alone on its list, 0.5; node: ND, or NDr, the other's. */
#define LIST_DEL_AT(node, x, list) \
	", R SD(" x ").next, R SD(" x ").prev, W " node "." list "_prev, W " node "." list "_next" \
	", W SD(" x ").next, W SD(" x ").prev"
#define LIST_DEL(x, list) LIST_DEL_AT("ND", x, list)
#define LIST_ADD(x, list) \
	", R ND." list "_next, W ND." list "_prev, W SD(" x ").next, W SD(" x ").prev" \
	", W ND." list "_next"
#define LIST_ADD_TAIL_AT(node, x, list) \
	", R " node "." list "_prev, W " node "." list "_prev, W SD(" x ").next, W SD(" x ").prev" \
	", W " node "." list "_next"
#define LIST_ADD_TAIL(x, list) LIST_ADD_TAIL_AT("ND", x, list)
/* 7.4.4, end, to step 8: the slab goes to a list, the newest entry is taken. */
#define REFILLED(x, from, to) \
	LIST_DEL(x, from) ", R SD(" x ").free" LIST_ADD(x, to) ", R AC.avail, M ND.free_objects" \
	UNLOCK ", R AC.avail"
#define NO_SLAB \
	", R ND.partial_next, W ND.free_touched, R ND.free_next, R AC.avail, M ND.free_objects" \
	UNLOCK ", R AC.avail"
/* 0.7 in the form of 2.6.38 on. */
#define SLAB_COUNT(x) \
	", R KC.flags, R PG(" x ").flags, R ZP, R VS.threshold, R VS.diff, M VS.diff"
/* 7.5: step 1; step 2; what a descriptor begins with. */
#define COLOUR          LOCK ", R ND.colour_next, R KC.colour, W ND.colour_next" UNLOCK ", R KC.colour_off"
#define GET_PAGES(x)    ", R KC.gfpflags, R KC.gfporder" SLAB_COUNT(x) ", M PG(" x ").flags"
#define DESCRIPTOR(x) \
	", W SD(" x ").inuse, W SD(" x ").colouroff, W SD(" x ").s_mem, W SD(" x ").nodeid" \
	", W SD(" x ").free, R KC.gfporder, W PG(" x ").lru_next, W PG(" x ").lru_prev"
#define CHAIN(x, i)     ", R KC.num, R KC.ctor, W BC(" x ")[" i "]"
#define CHAIN_4(x)      CHAIN(x, "0") CHAIN(x, "1") CHAIN(x, "2") CHAIN(x, "3")
#define CHAIN_15(x) \
	CHAIN_4(x) CHAIN(x, "4") CHAIN(x, "5") CHAIN(x, "6") CHAIN(x, "7") CHAIN(x, "8") \
	CHAIN(x, "9") CHAIN(x, "10") CHAIN(x, "11") CHAIN(x, "12") CHAIN(x, "13") CHAIN(x, "14")
#define GROWN(x) \
	LOCK LIST_ADD_TAIL(x, "free") ", R KC.num, M ND.free_objects" UNLOCK ", R AC.avail"
/* 7.6, free_block for object x, entry k, index i, but for where the slab goes. */
#define FREE_AT(node, x, i, list) \
	", R PG(" x ").flags, R PG(" x ").lru_prev" LIST_DEL_AT(node, x, list) ", R SD(" x ").s_mem" \
	", R KC.reciprocal, R SD(" x ").free, W BC(" x ")[" i "], W SD(" x ").free" \
	", M SD(" x ").inuse, M " node ".free_objects"
#define FREE(x, i, list) FREE_AT("ND", x, i, list)
#define FREE_OTHERS(k, x, i) \
	", R ALe[" k "]" FREE_AT("NDr", x, i, "partial") LIST_ADD_TAIL_AT("NDr", x, "partial")
#define FREE_PART(k, x, i) ", R ACe[" k "]" FREE(x, i, "partial") LIST_ADD_TAIL(x, "partial")
/* 7.6.3. */
#define FREE_FAST(k)    ", R AC.avail, R AC.limit, W ACe[" k "], M AC.avail"
#define FLUSH           ", R AC.avail, R AC.limit, R AC.batchcount, R KCN" LOCK ", R ND.shared"
/* The end of a flush of 2 of 4, and the object that did not fit. */
#define FLUSHED \
	UNLOCK ", M AC.avail, R ACe[2], W ACe[0], R ACe[3], W ACe[1], R AC.avail, W ACe[2]" \
	", M AC.avail"
#define DESTROY(x) \
	", R SD(" x ").s_mem, R SD(" x ").colouroff, R KC.flags, R KC.gfporder" SLAB_COUNT(x) \
	", M PG(" x ").flags, R KC.flags"
/* 7.7: which node? */
#define NODE_OF(x)      ", R PG(" x ").flags, R PG(" x ").lru_prev, R SD(" x ").nodeid"
#define ALIEN           ", R KCN, R ND.alien, R ALP, A AL.lock, R AL.avail, R AL.limit"
#define MOVE(from, i, to, k) ", R " from "[" i "], W " to "[" k "]"

#define SMALL(size, nodes_) \
	{ .objects = "slab", .settings = "limit=4 batchcount=2 shared=2", .names = &names, \
	  .object_size = size, .align = LINE, .nodes = nodes_ }
#define WITH(size, nodes_, settings_) \
	{ .objects = "slab", .settings = settings_, .names = &names, .object_size = size, \
	  .align = LINE, .nodes = nodes_ }

/* The first objects: batches of two, the newest first, so a is number 1 and b number 0. */
static const struct touch_row rows[] = {
	/* 7.3. Table: reads CPA, ACe; writes AC0; prefetches the object; no LOCK. */
	{ "alloc fast", "fast", WITH(256, 1, NULL), "0+a !0+b",
	  "R CPA, R AC.avail" FAST("13") ", Q OB(b)", "CPA ACe", "AC0", 0 },
	{ "alloc fast, zeroed", "fast", SMALL(256, 1), "0+a !0*b",
	  "R CPA, R AC.avail" FAST("0") ", Q OB(b), R KC.buffer_size, W OB(b)[0], W OB(b)[64]"
	  ", W OB(b)[128], W OB(b)[192]",
	  "CPA KC1", "AC0 OB", 0 },
	/* 7.4.4. Table: reads bufctl; writes ND (both lines), SD, AC; 1 LOCK. */
	{ "alloc, refill from slabs", "refill", SMALL(256, 1), "0+a2 !0+c",
	  "R CPA, R AC.avail" REFILL ", R SH.avail, R ND.partial_next" TAKE("a", "2", "0")
	  TAKE("a", "3", "1") TAKEN("a") REFILLED("a", "partial", "partial") FAST("1") ", Q OB(c)",
	  "CPA KC1 KC2 SH0", "AC0 ND1 ND2 SD", 1 },
	/* The second batch uses the slab up: it goes to slabs_full. */
	{ "alloc, refill uses a slab up", "refill", SMALL(1024, 1), "0+a2 !0+c",
	  "R CPA, R AC.avail" REFILL ", R SH.avail, R ND.partial_next" TAKE("a", "2", "0")
	  TAKE("a", "3", "1") TAKEN("a") REFILLED("a", "partial", "full") FAST("1") ", Q OB(c)",
	  "CPA KC1 KC2 SH0", "AC0 ND1 ND2 SD", 1 },
	/* 7.4.3: CPU 1 gave a and b to the shared array; the newest two are taken, in their order.
	 * Table: reads SHe; writes ND (second line), SH0, AC; 1 LOCK. */
	{ "alloc, refill from shared", "refill from shared", SMALL(256, 1), "0+a6 1-a5 !0+g",
	  "R CPA, R AC.avail" REFILL ", R SH.avail, R AC.limit, R AC.avail"
	  MOVE("SHe", "0", "ACe", "0") MOVE("SHe", "1", "ACe", "1") ", M SH.avail, M AC.avail"
	  ", W SH.touched" UNLOCK ", R AC.avail" FAST("1") ", Q OB(g)",
	  "CPA KC2", "AC0 ND2 SH0", 1 },
	/* 7.5, descriptor on the slab. Table: reads KC lines 1 and 2; writes ND twice, PG, SD and
	 * bufctl, VS; 2 LOCKs beside those of the two refills. */
	{ "alloc, the very first, on-slab", "grow", SMALL(256, 1), "!0+a",
	  "R CPA, R AC.avail" REFILL ", R SH.avail" NO_SLAB COLOUR GET_PAGES("a")
	  ", R KC.flags, R KC.slab_size" DESCRIPTOR("a") CHAIN_15("a") ", R KC.num, W BC(a)[14]"
	  GROWN("a") REFILL ", R SH.avail, R ND.partial_next, W ND.free_touched, R ND.free_next"
	  TAKE("a", "0", "0") TAKE("a", "1", "1") TAKEN("a") REFILLED("a", "free", "partial")
	  FAST("1") ", Q OB(a)",
	  "CPA KC1 KC2 SH0 Z", "AC0 ND1 ND2 PG SD BC VS", 4 },
	/* The second slab of a cache with descriptors off the slab: one of them is at hand. */
	{ "alloc, new slab, off-slab", "grow", SMALL(1024, 1), "0+a4 !0+e",
	  "R CPA, R AC.avail" REFILL ", R SH.avail" NO_SLAB COLOUR GET_PAGES("e")
	  ", R KC.flags, R KC.slabp_cache, R dCPA, R dAC.avail, W dAC.touched, M dAC.avail"
	  ", R dACe[0], Q SD(e)" DESCRIPTOR("e") CHAIN_4("e") ", R KC.num, W BC(e)[3]" GROWN("e")
	  REFILL ", R SH.avail, R ND.partial_next, W ND.free_touched, R ND.free_next"
	  TAKE("e", "0", "0") TAKE("e", "1", "1") TAKEN("e") REFILLED("e", "free", "partial")
	  FAST("1") ", Q OB(e)",
	  "CPA KC1 KC2 SH0 Z dCPA", "AC0 ND1 ND2 PG SD VS dAC0", 4 },

	/* 7.6. Table: reads CPA; writes AC0, ACe; no LOCK, no page struct. */
	{ "free fast", "fast", WITH(256, 1, NULL), "0+a !0-a", "R CPA" FREE_FAST("14"), "CPA",
	  "AC0 ACe", 0 },
	/* Table: reads PG, CPA. */
	{ "kfree fast", "fast", SMALL(256, 1), "0+a !0~a",
	  "R PG(a).flags, R PG(a).lru_next, R CPA" FREE_FAST("1"), "PG CPA", "AC0", 0 },
	/* The oldest two go to the top of the shared array, the others move down. Table: writes AC,
	 * ND (second line), SH0, SHe; 1 LOCK. */
	{ "free, flush to shared", "flush to shared", SMALL(256, 1), "0+a5 1-a4 !1-e",
	  "R CPA" FLUSH ", R SH.limit, R SH.avail" MOVE("ACe", "0", "SHe", "0")
	  MOVE("ACe", "1", "SHe", "1") ", M SH.avail" FLUSHED,
	  "CPA KC2", "AC0 ND2 SH0", 1 },
	/* 7.6: b, c and d are there, as a pass of cache_reap took a away, so there is room for one. */
	{ "free, flush to shared, which is nearly full", "flush to shared", SMALL(256, 1),
	  "0+a9 1-a6 0t7 1-g2 !1-i",
	  "R CPA" FLUSH ", R SH.limit, R SH.avail" MOVE("ACe", "0", "SHe", "3") ", M SH.avail" UNLOCK
	  ", M AC.avail, R ACe[1], W ACe[0], R ACe[2], W ACe[1], R ACe[3], W ACe[2], R AC.avail"
	  ", W ACe[3], M AC.avail",
	  "CPA KC2", "AC0 ND2 SH0", 1 },
	/* a to d filled it; e and f, numbers 5 and 4, go to their slab. Table: reads PG per object;
	 * writes ND, SD and bufctl, AC; 1 LOCK. */
	{ "free, flush to slabs", "flush to slabs", SMALL(256, 1), "0+a9 1-a8 !1-i",
	  "R CPA" FLUSH ", R SH.limit, R SH.avail" FREE_PART("0", "e", "5")
	  FREE_PART("1", "f", "4") FLUSHED,
	  "CPA KC1 KC2 SH0 PG", "AC0 ND1 ND2 SD BC", 1 },
	/* Without shared arrays. Of 16 objects in four slabs the first two slabs' are back, 8 free;
	 * free_limit is (1 + 2) * 2 + 4 = 10. i, j went before; k and l make it 12, and theirs is
	 * empty. Its descriptor goes to CPU 1's array. */
	{ "free, a slab is destroyed", "destroy", WITH(1024, 1, "limit=4 batchcount=2 share=false"),
	  "0+a16 1-a14 !1-o",
	  "R CPA" FLUSH FREE_PART("0", "k", "3") ", R ACe[1]" FREE("l", "2", "partial")
	  ", R ND.free_limit, R KC.num, M ND.free_objects" DESTROY("l") ", R KC.slabp_cache"
	  ", R dCPA, R dAC.avail, R dAC.limit, W dACe[0], M dAC.avail" FLUSHED,
	  "CPA KC1 KC2 Z dCPA", "AC0 ND1 ND2 PG SD VS dAC0", 1 },

	/* 7.6.2, two nodes, CPU 0 on node 0, CPU 1 on node 1. Table: reads PG, SD, CPA. */
	{ "free fast, NUMA, local object", "fast", SMALL(256, 2), "0+a !0-a",
	  "R CPA" NODE_OF("a") FREE_FAST("1"), "CPA PG SD", "AC0", 0 },
	/* 7.7. Table: reads PG, SD, KCN, l3.alien; writes the alien header and entry; 1 LOCK. */
	{ "free, alien", "alien", SMALL(256, 2), "0+a !1-a",
	  "R CPA" NODE_OF("a") ALIEN ", W ALe[0], M AL.avail, M AL.lock",
	  "CPA PG SD KC2 ND2 ALP", "AL0", 1 },
	/* The alien array is full, all 12 fit into the other node's shared one. */
	{ "free, alien drain to shared", "alien drain",
	  WITH(256, 2, "limit=4 batchcount=2 shared=8"), "0+a13 1-a12 !1-m",
	  "R CPA" NODE_OF("m") ALIEN ", R KCNr, A NDr.lock, R NDr.shared, R AL.limit, R AL.avail"
	  ", R SHr.limit, R SHr.avail" MOVE("ALe", "0", "SHre", "0") MOVE("ALe", "1", "SHre", "1")
	  MOVE("ALe", "2", "SHre", "2") MOVE("ALe", "3", "SHre", "3") MOVE("ALe", "4", "SHre", "4")
	  MOVE("ALe", "5", "SHre", "5") MOVE("ALe", "6", "SHre", "6") MOVE("ALe", "7", "SHre", "7")
	  MOVE("ALe", "8", "SHre", "8") MOVE("ALe", "9", "SHre", "9")
	  MOVE("ALe", "10", "SHre", "10") MOVE("ALe", "11", "SHre", "11")
	  ", M AL.avail, M SHr.avail, R AL.avail, W AL.avail, M NDr.lock, R AL.avail, W ALe[0]"
	  ", M AL.avail, M AL.lock",
	  "CPA PG SD KC2 ND2 ALP ALe", "AL0 NDr2 SHr0 SHre", 2 },
	/* The other node's shared array has room for four: the top entries, i to l. The rest goes to
	 * its slab, a, number 1, first. */
	{ "free, alien drain to shared and slabs", "alien drain",
	  WITH(256, 2, "limit=4 batchcount=2 shared=2"), "0+a13 1-a12 !1-m",
	  "R CPA" NODE_OF("m") ALIEN ", R KCNr, A NDr.lock, R NDr.shared, R AL.limit, R AL.avail"
	  ", R SHr.limit, R SHr.avail" MOVE("ALe", "8", "SHre", "0") MOVE("ALe", "9", "SHre", "1")
	  MOVE("ALe", "10", "SHre", "2") MOVE("ALe", "11", "SHre", "3")
	  ", M AL.avail, M SHr.avail, R AL.avail" FREE_OTHERS("0", "a", "1")
	  FREE_OTHERS("1", "b", "0") FREE_OTHERS("2", "c", "3") FREE_OTHERS("3", "d", "2")
	  FREE_OTHERS("4", "e", "5") FREE_OTHERS("5", "f", "4") FREE_OTHERS("6", "g", "7")
	  FREE_OTHERS("7", "h", "6")
	  ", W AL.avail, M NDr.lock, R AL.avail, W ALe[0], M AL.avail, M AL.lock",
	  "CPA PG KC1 KC2 ND2 ALP ALe", "AL0 NDr1 NDr2 SHr0 SD BC", 2 },
};

/* 7.7, last: no alien array; the other node's lock for one object. Names of that node. */
static const struct touch_row row_no_alien = {
	"free, no alien arrays", "alien", WITH(256, 2, "limit=4 batchcount=2 alien=false"),
	"0+a !1-a",
	"R CPA" NODE_OF("a") ", R KCN, R ND.alien, R KCNr, A NDr.lock"
	FREE_AT("NDr", "a", "1", "partial") LIST_ADD_TAIL_AT("NDr", "a", "partial") ", M NDr.lock",
	"CPA PG KC1 KC2 ND2", "NDr1 NDr2 SD", 1
};

static void each_path_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		touch_check_row(&rows[i]);
	touch_check_row(&row_no_alien);
}

/* ---- 7.2 and 7.8: geometry and limits ------------------------------------------------------------ */

static const struct {
	unsigned size, num, order, descriptor, colours;
	bool off_slab;
} geometry[] = {
	{ 32, 112, 0, 512, 0, false }, { 64, 59, 0, 320, 0, false }, { 128, 30, 0, 192, 1, false },
	{ 192, 20, 0, 128, 2, false }, { 256, 15, 0, 128, 2, false }, { 512, 8, 0, 80, 0, true },
	{ 1024, 4, 0, 64, 0, true }, { 2048, 2, 0, 56, 0, true }, { 4096, 1, 0, 52, 0, true },
	{ 8192, 1, 1, 52, 0, true },
};

static void caches_of_kmalloc_are_as_the_sheet_has_them(void **state)
{
	struct touch_options options = { .objects = "slab", .names = &names };
	struct touch *t = touch_new(&options);

	(void)state;
	for (size_t i = 0; i < COUNT(geometry); i++) {
		const struct kmem_cache *s = slab_kmalloc_cache(t->objects.state, geometry[i].size);

		assert_int_equal(s->buffer_size, geometry[i].size);
		assert_int_equal(s->num, geometry[i].num);
		assert_int_equal(s->gfporder, geometry[i].order);
		assert_int_equal(s->slab_size, geometry[i].descriptor);
		assert_int_equal(s->colour, geometry[i].colours);
		assert_int_equal(s->flags >> 31, geometry[i].off_slab);
	}
	/* 7.2: off-slab descriptors of 80 bytes are of size-128, of 64 and less of size-64 */
	assert_int_equal(slab_kmalloc_cache(t->objects.state, 512)->slabp_cache->buffer_size, 128);
	assert_int_equal(slab_kmalloc_cache(t->objects.state, 1024)->slabp_cache->buffer_size, 64);
	/* 0.6: no 8, 16, 96 */
	assert_int_equal(slab_kmalloc_cache(t->objects.state, 8)->buffer_size, 32);
	assert_int_equal(slab_kmalloc_cache(t->objects.state, 96)->buffer_size, 128);
	assert_null(slab_kmalloc_cache(t->objects.state, (4 << 20) + 1));
	touch_free(t);
}

static const struct {
	unsigned size, limit, batchcount, shared;
} limits[] = {
	{ 256, 120, 60, 480 }, { 512, 54, 27, 216 }, { 1024, 54, 27, 216 }, { 2048, 24, 12, 96 },
	{ 4096, 24, 12, 96 }, { 8192, 8, 4, 0 }, { 131072, 8, 4, 0 }, { 262144, 1, 1, 0 },
};

static void arrays_are_as_large_as_the_sheet_has_them(void **state)
{
	struct touch_options options = { .objects = "slab", .names = &names, .nodes = 2, .cpus = 4 };
	struct touch *t = touch_new(&options);

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct kmem_cache *s = slab_kmalloc_cache(t->objects.state, limits[i].size);
		const struct kmem_list3 *l3 = s->nodelists[1];

		assert_int_equal((*cpu_array(slabs_of(t), s, 3))->limit, limits[i].limit);
		assert_int_equal((*cpu_array(slabs_of(t), s, 3))->batchcount,
				 limits[i].batchcount);
		assert_int_equal(l3->shared ? l3->shared->limit : 0, limits[i].shared);
		assert_int_equal(l3->alien[0]->limit, limits[i].limit > 1 ? 12 : 1);
		assert_null(l3->alien[1]);
		/* two CPUs of the node */
		assert_int_equal(l3->free_limit, 3 * limits[i].batchcount + s->num);
	}
	touch_free(t);
}

/* ---- batches ----------------------------------------------------------------------------------- */

/* 7.4.1: an array that was never used is refilled with 16, then with 60, of slabs of 112. */
static void the_first_refill_is_of_sixteen(void **state)
{
	struct touch_options options = {
		.objects = "slab", .names = &names, .object_size = 32, .align = 32 };
	struct touch *t = touch_new(&options);
	struct kmem_list3 *l3 = t->cache->nodelists[0];

	(void)state;
	touch_run(t, "0+a17");
	assert_int_equal(array_of(t, t->cache)->avail, 59);
	assert_int_equal(l3->free_objects, 112 - 16 - 60);
	touch_expect_sound(t);
	touch_free(t);
}

struct traffic_of {
	struct touch *t;
	uint64_t locks[2];
	bool counts;
};

static void count_locks(void *to, const struct access *a)
{
	struct traffic_of *traffic = to;

	traffic->locks[a->cpu] += traffic->counts && a->locked &&
				  a->address == &traffic->t->cache->nodelists[0]->list_lock;
}

enum { ONE_WAY = 6000, BEFORE = 2400 };

/* CPU 0 allocates 120 objects, then CPU 1 frees them, again and again. */
static void one_way(struct cpu *cpu, void *argument)
{
	struct traffic_of *traffic = argument;
	struct touch *t = traffic->t;
	static void *object[120];

	for (unsigned turn = 0; turn < 2 * (BEFORE + ONE_WAY) / 120; turn++) {
		if (turn % 2 != cpu_id(cpu)) {
			spin_while(cpu, t->turn, value == turn, STEP_PAUSE);
			continue;
		}
		traffic->counts = turn >= 2 * BEFORE / 120;
		for (unsigned i = 0; i < 120; i++)
			if (turn % 2)
				t->objects.model->free(cpu, t->objects.state, t->cache, object[i]);
			else
				object[i] = t->objects.model->alloc(cpu, t->objects.state, t->cache,
								    GFP_KERNEL);
		store(cpu, t->turn, turn + 1);
	}
}

/* 9.3.7: once the shared array is in play, list_lock is taken once per 60 objects on each side. */
static void one_way_traffic_takes_the_lock_once_per_batch(void **state)
{
	struct touch_options options = WITH(256, 1, NULL);
	struct traffic_of traffic = { .t = touch_new(&options) };

	(void)state;
	sim_observe(traffic.t->sim, count_locks, &traffic);
	thread_start(traffic.t->sim, 0, one_way, &traffic);
	thread_start(traffic.t->sim, 1, one_way, &traffic);
	assert_int_equal(sim_run(traffic.t->sim), OUTCOME_DONE);
	assert_int_equal(traffic.locks[0], ONE_WAY / 60);
	assert_int_equal(traffic.locks[1], ONE_WAY / 60);
	touch_expect_sound(traffic.t);
	touch_free(traffic.t);
}

/* ---- 7.8: cache_reap ---------------------------------------------------------------------------- */

/* What a pass does to the cache under test, which is the last of 20 and so looked at for its node
 * from second 4 + 3 on. Each cache asks for the line of the next. */
#define AT_CACHE        "P KC.next, R KC.next, R KCN, R ND.alien, R CPA"
static const struct { const char *name, *script, *path; } passes[] = {
	{ "an empty array: two reads and no lock", "!0t",
	  AT_CACHE ", R AC.avail, R ND.next_reap, R KC.next" },
	{ "one that was used: noted", "0+a !0t",
	  AT_CACHE ", R AC.avail, R AC.touched, W AC.touched, R ND.next_reap, R KC.next" },
	{ "every other second only", "0+a 0t !0t", NULL },
	/* (4 + 4) / 5 = 1 of the oldest; b, number 0, is there alone. */
	{ "one that was idle: a fifth goes", "0+a 0t2 !0t",
	  AT_CACHE ", R AC.avail, R AC.touched, A ND.lock, R AC.avail, R AC.limit"
	  ", R ACe[0]" FREE("a", "0", "partial") LIST_ADD_TAIL("a", "partial")
	  ", M AC.avail, M ND.lock, R ND.next_reap, R KC.next" },
	{ "the node: free slabs were needed", "0+a 0t6 !0t",
	  AT_CACHE ", R AC.avail, R ND.next_reap, W ND.next_reap, R ND.shared, R SH.avail"
	  ", R ND.free_touched, W ND.free_touched, R KC.next" },
	/* CPU 1 gave a, number 1, and b to the shared array: (4 + 4) / 5 = 1, the oldest. */
	{ "the node: the shared array was idle, a fifth goes", "0+a6 1-a6 0t6 !0t",
	  AT_CACHE ", R AC.avail, R ND.next_reap, W ND.next_reap, R ND.shared, R SH.avail"
	  ", R SH.touched, A ND.lock, R SH.avail, R SH.limit, R SHe[0]" FREE("a", "1", "partial")
	  LIST_ADD_TAIL("a", "partial") ", M SH.avail, R SHe[1], W SHe[0], M ND.lock"
	  ", R ND.free_touched, W ND.free_touched, R KC.next" },
	/* The pages go: ceil((3 * 2 + 15) / (5 * 15)) = 1 slab, the last, the lock let go before. */
	{ "the node: a free slab goes", "0+a 0-a 0t10 !0t",
	  AT_CACHE ", R AC.avail, R ND.next_reap, W ND.next_reap, R ND.shared, R SH.avail"
	  ", R ND.free_touched, R ND.free_limit, R KC.num, R ND.free_next, A ND.lock"
	  ", R ND.free_prev" LIST_DEL("a", "free") ", R KC.num, M ND.free_objects, M ND.lock"
	  DESTROY("a") ", R KC.next" },
};

/* The record without what belongs to other caches. */
static void forget_others(struct touch *t)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < t->accesses; i++)
		if (*line(t, t->access[i].address) != '?')
			t->access[kept++] = t->access[i];
	t->accesses = kept;
}

static void each_pass_of_cache_reap_makes_its_accesses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(passes); i++) {
		struct touch_options options = SMALL(256, 1);
		struct touch *t = touch_new(&options);

		print_message("%s\n", passes[i].name);
		touch_run(t, passes[i].script);
		forget_others(t);
		if (passes[i].path)
			touch_expect_path(t, passes[i].path);
		else
			assert_int_equal(t->accesses, 0);
		touch_expect_sound(t);
		touch_free(t);
	}
}

/* Step 0: somebody else reaps. Only the seconds, the node and the mutex are looked at. */
static void a_pass_is_skipped_while_another_cpu_is_at_it(void **state)
{
	struct touch_options options = SMALL(256, 1);
	struct touch *t = touch_new(&options);

	(void)state;
	slabs_of(t)->chain->mutex = 0;
	touch_run(t, "!0t");
	assert_int_equal(t->accesses, 3);
	assert_int_equal(t->access[2].how, 'A');
	assert_ptr_equal(t->access[2].address, &slabs_of(t)->chain->mutex);
	touch_expect_unsound(t, "cache_chain_mutex is held");
	touch_free(t);
}

#define ALIEN_TRIED \
	"P KC.next, R KC.next, R KCN, R ND.alien, R ALP, R AL.avail, R AL.lock"
#define ALIEN_DRAINED \
	", A AL.lock, R KCNr, A NDr.lock, R NDr.shared, R AL.limit, R AL.avail, R SHr.limit" \
	", R SHr.avail" MOVE("ALe", "0", "SHre", "0") ", M AL.avail, M SHr.avail, R AL.avail" \
	", W AL.avail, M NDr.lock, M AL.lock"
#define ALIEN_LEFT ", R CPA, R AC.avail, R ND.next_reap, R KC.next"

/* Somebody of the node has the lock of the alien array when it is tried. */
static void hold_the_alien(struct touch *t, const struct access *access)
{
	uint32_t *both = place(t, "AL", 0, 0, "lock");

	if (access->address == place(t, "AL", 0, 0, "avail") && !access->write)
		*both += 1u << 16;              /* a ticket more than served */
	if (access->address == both)
		*both -= 1u << 16;
}

/* Step 1: CPU 1's node keeps an object of node 0; its first pass tries the lock, a ticket's (1.2), and
 * gives it back. Or does not. */
static void a_pass_drains_an_alien_array(void **state)
{
	(void)state;
	for (int held = 0; held < 2; held++) {
		struct touch_options options = SMALL(256, 2);
		struct touch *t;

		options.meddle = held ? hold_the_alien : NULL;
		t = touch_new(&options);
		touch_run(t, "0+a 1-a !1t");
		forget_others(t);
		touch_expect_path(t, held ? ALIEN_TRIED ALIEN_LEFT
					  : ALIEN_TRIED ALIEN_DRAINED ALIEN_LEFT);
		assert_int_equal(t->cache->nodelists[1]->alien[0]->avail, held);
		assert_int_equal(t->cache->nodelists[0]->shared->avail, !held);
		touch_expect_sound(t);
		touch_free(t);
	}
}

/* ---- interrupts ------------------------------------------------------------------------------------ */

/* While CPU 0 makes its first slab an interrupt allocates and frees: the array has objects then. */
static void interrupted(struct cpu *cpu, struct touch *t)
{
	void *object;

	t->meanwhile = NULL;
	object = t->objects.model->alloc(cpu, t->objects.state, t->cache, GFP_ATOMIC);
	t->objects.model->free(cpu, t->objects.state, t->cache, object);
}

static void what_an_interrupt_refilled_is_used(void **state)
{
	struct touch_options options = SMALL(256, 1);
	struct touch *t = touch_new(&options);

	(void)state;
	t->meanwhile = interrupted;
	touch_run(t, "0+a");
	assert_int_equal(array_of(t, t->cache)->avail, 1);
	assert_int_equal(t->cache->nodelists[0]->free_objects, 2 * 15 - 2);
	assert_int_equal(t->objects.model->in_use(t->objects.state), 1);
	touch_expect_sound(t);
	touch_free(t);
}

/* ---- check() -------------------------------------------------------------------------------------- */

static const struct damage { const char *word; uint64_t value; unsigned bytes; const char *reason; }
damages[] = {
	{ "SD(a).inuse", 5, 4, "inuse 5" },
	{ "SD(a).free", 99, 4, "chain of the slab" },
	{ "SD(a).nodeid", 1, 2, "on the wrong list" },
	{ "ND.free_objects", 7, 8, "free_objects 7" },
	{ "ND.lock", 1, 4, "list_lock of node 0 is held" },
	{ "AC.avail", 5, 4, "has 5 objects of 4" },
	{ "ACe[0]", 0, 8, "has what is no object" },
	{ "AC.lock", 1, 4, "lock of an alien array is held" },
	{ "ND.partial_prev", 0, 8, "a list of node 0 is broken" },
};

static void every_damage_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct touch_options options = SMALL(256, 1);
		struct touch *t = touch_new(&options);
		char base[16], member[24] = "";
		unsigned number = 0;
		char slot = 0;

		touch_run(t, "0+a4 !0-d");
		touch_expect_sound(t);
		if (sscanf(damages[i].word, "%15[A-Za-z](%c).%23s", base, &slot, member) < 2)
			sscanf(damages[i].word, "%15[A-Za-z].%23s", base, member);
		memcpy(place(t, base, slot, number, member), &damages[i].value, damages[i].bytes);
		touch_expect_unsound(t, damages[i].reason);
		touch_free(t);
	}
}

/* CPU 0 holds a to d and b's pointer is put where another should be. */
static void pointers_that_are_there_twice_are_found(void **state)
{
	struct touch_options options = SMALL(256, 1);
	struct touch *t = touch_new(&options);
	struct array_cache *ac;
	struct slab *slab;

	(void)state;
	touch_run(t, "0+a4 !0-c2");
	touch_expect_sound(t);
	ac = array_of(t, t->cache);
	ac->entry[1] = ac->entry[0];
	touch_expect_unsound(t, "in arrays twice");
	ac->entry[1] = (char *)t->slot['a'] + 8 * 256;  /* number 9, which is free */
	touch_expect_unsound(t, "in an array and in its slab");
	ac->entry[1] = t->slot['d'];
	touch_expect_sound(t);
	memcpy(&slab, &t->noted['a'], sizeof slab);     /* off its list */
	list_init(&t->cache->nodelists[0]->slabs_partial);
	t->cache->nodelists[0]->free_objects = 0;
	touch_expect_unsound(t, "is on no list");
	touch_free(t);
}

static void only_objects_of_live_slabs_are_owned(void **state)
{
	struct touch_options options = SMALL(256, 1);
	struct touch *t = touch_new(&options);
	const struct kmem_cache *other = slab_kmalloc_cache(t->objects.state, 256);

	(void)state;
	touch_run(t, "0+a");
	assert_true(slab_owns(t->objects.state, t->cache, t->slot['a']));
	assert_true(slab_owns(t->objects.state, NULL, t->slot['a']));
	assert_false(slab_owns(t->objects.state, other, t->slot['a']));
	assert_false(slab_owns(t->objects.state, t->cache, (char *)t->slot['a'] + 8));
	assert_false(slab_owns(t->objects.state, t->cache, t->noted['a']));
	assert_int_equal(slab_in_use(t->objects.state), 1);
	touch_free(t);
}

/* Descriptors off the slab are objects of the allocator's own, also of slabs without a user. */
static void only_objects_of_users_are_in_use(void **state)
{
	struct touch_options options = SMALL(1024, 1);
	struct touch *t = touch_new(&options);

	(void)state;
	touch_run(t, "0+a12 !0-a12");
	assert_int_equal(slab_in_use(t->objects.state), 0);
	touch_expect_sound(t);
	touch_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caches_of_kmalloc_are_as_the_sheet_has_them),
		cmocka_unit_test(arrays_are_as_large_as_the_sheet_has_them),
		cmocka_unit_test(each_path_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(the_first_refill_is_of_sixteen),
		cmocka_unit_test(one_way_traffic_takes_the_lock_once_per_batch),
		cmocka_unit_test(each_pass_of_cache_reap_makes_its_accesses),
		cmocka_unit_test(a_pass_is_skipped_while_another_cpu_is_at_it),
		cmocka_unit_test(a_pass_drains_an_alien_array),
		cmocka_unit_test(what_an_interrupt_refilled_is_used),
		cmocka_unit_test(every_damage_is_found),
		cmocka_unit_test(pointers_that_are_there_twice_are_found),
		cmocka_unit_test(only_objects_of_live_slabs_are_owned),
		cmocka_unit_test(only_objects_of_users_are_in_use),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
