/*
 * bonwick: magazine types, which accesses each path makes and which lines it touches, from the
 * sheet (slab.md 8B), the resize, and the invariants.
 *
 * Objects of 1024 bytes have magazines of 3 rounds. CC is the CPU's line of kmem_cache, LM its
 * loaded magazine, EM and FM the first empty and full ones of the depot, D and D2 the two lines of the depot, SL the
 * slab layer, SD the descriptor of an object's slab, KC the line of kmem_cache that is only read, ST
 * that of its statistics.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/bonwick/bonwick.h"
#include "tests/explored_fixture.h"
#include "tests/touch_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct member {
	const char *name;
	size_t offset;
};

static const struct member cpu_members[] = {
	{ "lock", 0 }, { "alloc", 8 }, { "free", 16 }, { "loaded", 24 }, { "ploaded", 32 },
	{ "rounds", 44 }, { "prounds", 48 }, { "magsize", 52 }, { 0 },
};
/* 8B.2: mutex 8, magtype 8, two lists of 40 at 16 and 56; total is 8 after the head of a list, min
 * 16, alloc 32. So empty.list is the last word of the first line, empty.total the first of the
 * second. */
static const struct member depot_members[] = {
	{ "lock", 0 }, { "full_list", 16 }, { "full_total", 24 }, { "full_min", 32 },
	{ "full_alloc", 48 }, { "empty_list", 56 }, { "empty_total", 64 }, { "empty_min", 72 },
	{ "empty_alloc", 88 }, { 0 },
};
static const struct member cache_members[] = {
	{ "chunksize", offsetof(struct kmem_cache, chunksize) },
	{ "order", offsetof(struct kmem_cache, slab_order) },
	{ "chunks", offsetof(struct kmem_cache, chunks) },
	{ "hashed", offsetof(struct kmem_cache, hashed) }, { 0 },
};
static const struct member slab_layer_members[] = {
	{ "lock", offsetof(struct kmem_cache, cache_lock) },
	{ "partial", offsetof(struct kmem_cache, partial.next) },
	{ "partial_prev", offsetof(struct kmem_cache, partial.prev) }, { 0 },
};
static const struct member slab_members[] = {
	{ "cache", offsetof(struct kmem_slab, cache) },
	{ "base", offsetof(struct kmem_slab, base) },
	{ "next", offsetof(struct kmem_slab, link.next) },
	{ "prev", offsetof(struct kmem_slab, link.prev) },
	{ "head", offsetof(struct kmem_slab, head) },
	{ "refcnt", offsetof(struct kmem_slab, refcnt) },
	{ "chunks", offsetof(struct kmem_slab, chunks) }, { 0 },
};

static void *at_member(void *base, const struct member *members, const char *name)
{
	for (; members->name; members++)
		if (strcmp(members->name, name) == 0)
			return (char *)base + members->offset;
	return NULL;
}

static struct kmem_slab *descriptor(const struct touch *t, const void *object)
{
	const struct bonwick *b = t->objects.state;

	return bonwick_frame(b, address_to_pfn(t->memory, object))->slab;
}

static void *place(const struct touch *t, const char *base, char slot, unsigned number,
		   const char *member)
{
	struct kmem_cache *cp = t->cache;
	struct kmem_cpu_cache *ccp = &cp->cpu[t->recorded_cpu];

	if (strcmp(base, "CC") == 0)
		return at_member(ccp, cpu_members, member);
	if (strcmp(base, "LM") == 0)
		return *member ? (void *)ccp->cc_loaded : &ccp->cc_loaded->round[number];
	if (strcmp(base, "EM") == 0)
		return cp->empty.list;
	if (strcmp(base, "FM") == 0)
		return cp->full.list;
	if (strcmp(base, "D") == 0)
		return at_member(&cp->depot_lock, depot_members, member);
	if (strcmp(base, "SL") == 0)
		return at_member(cp, slab_layer_members, member);
	if (strcmp(base, "SD") == 0)
		return at_member(descriptor(t, t->slot[(unsigned char)slot]), slab_members, member);
	if (strcmp(base, "KC") == 0)
		return at_member(cp, cache_members, member);
	if (strcmp(base, "OB") == 0)    /* the object of the slot, or so many objects after it */
		return (char *)t->slot[(unsigned char)slot] + number * cp->chunksize;
	return NULL;
}

static bool same_line(const void *a, const void *b)
{
	return (uintptr_t)a / LINE == (uintptr_t)b / LINE;
}

static const char *line(const struct touch *t, const void *address)
{
	const struct kmem_cache *cp = t->cache;
	const struct kmem_cpu_cache *ccp = &cp->cpu[t->recorded_cpu];

	if (same_line(address, ccp))
		return "CC";
	if (ccp->cc_loaded && same_line(address, ccp->cc_loaded))
		return "LM";
	if (cp->empty.list && same_line(address, cp->empty.list))
		return "EM";
	if (cp->full.list && same_line(address, cp->full.list))
		return "FM";
	if (same_line(address, &cp->depot_lock))
		return "D";
	if (same_line(address, (char *)&cp->depot_lock + LINE))
		return "D2";
	if (same_line(address, &cp->cache_lock))
		return "SL";
	if (same_line(address, &cp->hashed))
		return "KC";
	if (same_line(address, &cp->depot_contention))
		return "ST";
	for (unsigned i = 0; i < TOUCH_SLOTS; i++)
		if (t->slot[i] && descriptor(t, t->slot[i]) &&
		    same_line(address, descriptor(t, t->slot[i])))
			return "SD";
	return "OB";
}

static const struct touch_names names = { place, line, NULL };

/* ---- paths ------------------------------------------------------------------------------------------- */

/* 8B.3.2: rounds-1, the round, the count. */
#define TAKE(i) \
	", R CC.rounds, W CC.rounds, R CC.loaded, R LM[" i "], M CC.alloc, W CC.lock"
#define LOAD \
	", R CC.loaded, R CC.rounds, W CC.ploaded, W CC.prounds, W CC.loaded, W CC.rounds"
/* 8B.5: the lock is tried first, which is an exchange. */
#define DEPOT_ALLOC \
	", A D.lock, R D.full_list, R LM.next, W D.full_list, M D.full_total, R D.full_min" \
	", M D.full_alloc, W D.lock"
#define DEPOT_FREE \
	", A D.lock, R D.empty_list, W EM.next, W D.empty_list, M D.empty_total, W D.lock"

/* 8B.4.2, after an exchange: the first round. */
#define PUT_FIRST \
	", R CC.rounds, R CC.magsize, R CC.loaded, W LM[0], W CC.rounds, M CC.free, W CC.lock"

#define OF(size) { .objects = "bonwick", .names = &names, .object_size = size }

static const struct touch_row rows[] = {
	/* 8B.3.2. Table: reads the magazine; writes the cc line; 1 LOCK, of its own. */
	{ "alloc fast", "fast", OF(1024), "0+a2 0-a2 !0+c", "A CC.lock" TAKE("1"), "LM", "CC", 1 },
	/* 8B.4.2. Table: the magazine is written too. */
	{ "free fast", "fast", OF(1024), "0+a2 0-a !0-b",
	  "A CC.lock, R CC.rounds, R CC.magsize, R CC.loaded, W LM[1], W CC.rounds, M CC.free"
	  ", W CC.lock",
	  "", "CC LM", 1 },
	/* 8B.3.3: the loaded one is used up, the previous one is full. */
	{ "alloc, swap", "swap", OF(1024), "0+a6 0-a6 0+g3 !0+j",
	  "A CC.lock, R CC.rounds, R CC.prounds, R CC.loaded, R CC.ploaded, R CC.rounds"
	  ", R CC.prounds, W CC.loaded, W CC.rounds, W CC.ploaded, W CC.prounds" TAKE("2"),
	  "LM", "CC", 1 },
	/* 8B.3.4: CPU 1's seventh free sent a full one to the depot; CPU 0 has none yet. */
	{ "alloc, the first from the depot", "depot", OF(1024), "0+a7 1-a7 !0+h",
	  "A CC.lock, R CC.rounds, R CC.prounds, R CC.magsize" DEPOT_ALLOC ", R CC.ploaded" LOAD
	  TAKE("2"),
	  "LM", "CC D", 2 },
	/* The same with two empty ones of its own: the previous goes to the depot. Table: cc, both
	 * lines of the depot, headers of two magazines; 2 LOCKs more. */
	{ "alloc, depot exchange", "depot", OF(1024), "0+a4 0-a4 0+a4 0+e7 1-e7 !0+l",
	  "A CC.lock, R CC.rounds, R CC.prounds, R CC.magsize" DEPOT_ALLOC ", R CC.ploaded"
	  DEPOT_FREE LOAD TAKE("2"),
	  "LM", "CC D D2 EM", 3 },
	/* 8B.4.3: the loaded one is full, the previous one empty. */
	{ "free, swap", "swap", OF(1024), "0+a6 0-a6 0+g3 0+j 0-j !0-g",
	  "A CC.lock, R CC.rounds, R CC.magsize, R CC.prounds, R CC.loaded, R CC.ploaded, R CC.rounds"
	  ", R CC.prounds, W CC.loaded, W CC.rounds, W CC.ploaded, W CC.prounds" PUT_FIRST,
	  "", "CC LM", 1 },
	/* 8B.4.4: both are full, and the depot has the empty one that the exchange above left there. The
	 * previous one goes to the depot, then the loaded one takes its place. */
	{ "free, depot exchange", "depot", OF(1024), "0+a4 0-a4 0+a4 0+e7 1-e7 0+l 0-l 0-a3 !0-d",
	  "A CC.lock, R CC.rounds, R CC.magsize, R CC.prounds, A D.lock, R D.empty_list, R LM.next"
	  ", W D.empty_list, M D.empty_total, R D.empty_min, M D.empty_alloc, W D.lock"
	  ", R CC.ploaded, A D.lock, R D.full_list, W FM.next, W D.full_list, M D.full_total, W D.lock"
	  LOAD PUT_FIRST,
	  "", "CC D D2 FM LM", 3 },
	/* 8B.3.5 and 8B.7: no magazine, no depot; small objects are chained through themselves. */
	{ "alloc from a slab", "slab", OF(64), "0+a !0+b",
	  "A CC.lock, R CC.rounds, R CC.prounds, R CC.magsize, A D.lock, R D.full_list, W D.lock"
	  ", W CC.lock, A SL.lock, R SL.partial, R SD(b).head, R OB(b), W SD(b).head"
	  ", M SD(b).refcnt, R SD(b).chunks, R KC.hashed, W SL.lock",
	  "OB KC", "CC D SL SD", 3 },
	/* 8B.7: the slab layer has none; the new slab is made without the lock, which is then taken
	 * once to add it and take its first object. (4096 - 48) / 504 = 8 objects. LOCKs: the CPU's,
	 * the depot's, cache_lock twice. */
	{ "alloc from a new slab", "new slab", OF(504), "!0+a",
	  "A CC.lock, R CC.rounds, R CC.prounds, R CC.magsize, A D.lock, R D.full_list, W D.lock"
	  ", W CC.lock, A SL.lock, R SL.partial, W SL.lock"
	  ", R KC.order, R KC.hashed, R KC.chunks, R KC.chunksize, W SD(a).cache, W SD(a).base"
	  ", W SD(a).refcnt, W SD(a).chunks, W OB(a), W OB(a)[1], W OB(a)[2], W OB(a)[3], W OB(a)[4]"
	  ", W OB(a)[5], W OB(a)[6], W OB(a)[7], W SD(a).head"
	  ", A SL.lock, R SL.partial, W SL.partial_prev, W SD(a).next, W SD(a).prev, W SL.partial"
	  ", R SL.partial, R SD(a).head, R OB(a), W SD(a).head, M SD(a).refcnt, R SD(a).chunks"
	  ", R KC.hashed, W SL.lock",
	  "KC", "CC D SL SD OB", 4 },
};

static void each_path_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		touch_check_row(&rows[i]);
}

/* 8B.2: the depot is two lines; the counter of its contention is on another line, and no path but a
 * failed try-lock and the update touches that, so the constants that every path of the slab layer
 * reads are not on it. */
static void the_cache_lies_as_in_the_sheet(void **state)
{
	const size_t depot = offsetof(struct kmem_cache, depot_lock);
	const size_t statistics = offsetof(struct kmem_cache, depot_contention) / LINE;

	(void)state;
	assert_int_equal(depot % LINE, 0);
	assert_int_equal(offsetof(struct kmem_cache, magtype), depot + 8);
	assert_int_equal(offsetof(struct kmem_cache, full), depot + 16);
	assert_int_equal(offsetof(struct kmem_cache, empty), depot + 56);
	assert_int_equal(offsetof(struct kmem_cache, cpu), depot + 128);
	assert_int_equal(statistics, 0);
	for (const struct member *m = cache_members; m->name; m++)
		assert_int_equal(m->offset / LINE, 1);
	for (const struct member *m = slab_layer_members; m->name; m++)
		assert_int_equal(m->offset / LINE, 2);
	assert_int_equal(depot / LINE, 3);
}

/* ---- 8B.6: types -------------------------------------------------------------------------------------- */

static const struct { unsigned size, first, last; } types[] = {
	{ 8, 15, 143 }, { 64, 15, 143 }, { 72, 7, 143 }, { 256, 7, 143 }, { 264, 3, 143 },
	{ 1024, 3, 63 }, { 3200, 3, 47 }, { 4096, 1, 31 },
};

static void magazines_begin_and_end_as_in_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct touch_options options = OF(types[i].size);
		struct touch *t = touch_new(&options);
		const struct kmem_magtype *type = t->cache->magtype;

		assert_int_equal(t->cache->cpu[1].cc_magsize, types[i].first);
		while (types[i].size < type->maxbuf)
			type++;
		assert_int_equal(type->rounds, types[i].last);
		touch_free(t);
	}
}

/* More than three waits in 15 s: the next type, on every CPU, all objects back in their slabs. */
static void contention_makes_magazines_grow(void **state)
{
	(void)state;
	for (unsigned waits = 3; waits <= 4; waits++) {
		struct touch_options options = OF(1024);
		struct touch *t = touch_new(&options);
		unsigned rounds = waits > 3 ? 7 : 3;

		t->cache->depot_contention = waits;
		touch_run(t, "0+a7 1-a7 0t14 !0t 0+a 0-a");
		assert_int_equal(t->cache->cpu[0].cc_magsize, bonwick_magtypes[waits > 3 ? 2 : 1].rounds);
		assert_int_equal(t->cache->cpu[1].cc_magsize, rounds);
		assert_int_equal(bonwick_in_use(t->objects.state), 0);
		touch_expect_sound(t);
		touch_free(t);
	}
}

static void nothing_grows_before_the_fifteenth_second(void **state)
{
	struct touch_options options = OF(1024);
	struct touch *t = touch_new(&options);

	(void)state;
	t->cache->depot_contention = 100;
	touch_run(t, "!0+a 0t14 1t9");
	assert_int_equal(t->cache->cpu[0].cc_magsize, 3);
	touch_free(t);
}

/* ---- check() ------------------------------------------------------------------------------------------ */

/* All objects of a listed slab are free: it should have gone. */
static void unused_slab(struct touch *t, struct kmem_slab *slab)
{
	void *head = slab->head, **last = &slab->head;
	uint32_t refcnt = slab->refcnt;

	for (uint32_t i = 0; i < slab->chunks; i++) {
		*last = slab->base + i * t->cache->chunksize;
		last = *last;
	}
	*last = NULL;
	slab->refcnt = 0;
	touch_expect_unsound(t, "a slab without objects in use is on a list");
	slab->head = head;
	slab->refcnt = refcnt;
}

static void damage_is_found(void **state)
{
	struct touch_options options = OF(64);
	struct touch *t = touch_new(&options);
	struct kmem_cpu_cache *ccp;
	struct kmem_slab *slab;
	void *object;

	(void)state;
	touch_run(t, "0+a3 0-a2 !0+d");
	touch_expect_sound(t);
	ccp = &t->cache->cpu[0];
	slab = descriptor(t, t->slot['c']);
	slab->refcnt++;
	touch_expect_unsound(t, "refcnt 4");
	slab->refcnt--;
	unused_slab(t, slab);
	ccp->cc_lock.slock = 0;
	touch_expect_unsound(t, "the lock of CPU 0 is held");
	ccp->cc_lock.slock = 1;
	object = ccp->cc_loaded->round[0];
	ccp->cc_loaded->round[1] = object;
	ccp->cc_rounds = 2;
	touch_expect_unsound(t, "in magazines twice");
	ccp->cc_loaded->round[1] = (char *)object + 8;
	touch_expect_unsound(t, "what is no object");
	ccp->cc_rounds = 1;
	ccp->cc_ploaded = ccp->cc_loaded;
	ccp->cc_prounds = 1;
	touch_expect_unsound(t, "neither full nor empty");
	ccp->cc_ploaded = NULL;
	touch_expect_unsound(t, "rounds without a magazine");
	ccp->cc_prounds = -1;
	t->cache->full.total = 1;
	touch_expect_unsound(t, "counts its magazines wrong");
	t->cache->full.total = 0;
	t->cache->depot_lock.slock = 0;
	touch_expect_unsound(t, "a lock is held");
	touch_free(t);
}

/* ---- explored ----------------------------------------------------------------------------------------- */

static const struct planted planted[] = {
	{ "bonwick", "", "no-depot-lock", STRATEGY_RUNS, 6, 3000 },
	{ "bonwick", "", "no-cache-lock", STRATEGY_RUNS, 6, 3000 },
	{ "bonwick", "", "uncounted-round", STRATEGY_PCT, 6, 1000 },
};

static void planted_faults_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(planted); i++)
		explore_planted(&planted[i]);
}

static void it_is_sound(void **state)
{
	(void)state;
	sound_with("bonwick", "", 0, 0);
	sound_with("bonwick", "", 4, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_path_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(the_cache_lies_as_in_the_sheet),
		cmocka_unit_test(magazines_begin_and_end_as_in_the_sheet),
		cmocka_unit_test(contention_makes_magazines_grow),
		cmocka_unit_test(nothing_grows_before_the_fifteenth_second),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(planted_faults_are_found),
		cmocka_unit_test(it_is_sound),
	};

	explored_begin();
	return cmocka_run_group_tests_name("bonwick", tests, NULL, NULL);
}
