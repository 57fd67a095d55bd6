/*
 * bonwick: magazine types, which accesses each path makes and which lines it touches, from the
 * sheet (slab.md 8B), the resize, and the invariants.
 *
 * Objects of 1024 bytes have magazines of 3 rounds. CC is the CPU's line of kmem_cache, LM its
 * loaded magazine, EM and FM the first empty and full ones of the depot, D and D2 the two lines of the depot, SL the
 * slab layer, SD the descriptor of an object's slab, KC the line of kmem_cache that is only read, ST
 * that of its statistics. Of objects from 512 bytes on: BC(a) the bufctl of object a, HB(a) its bucket.
 * SL, SD and KC are also there for the caches that the slab layer itself takes from: with an s before
 * them of descriptors, with a b of bufctls, with an m of magazines; mMG[0] is the first magazine of
 * that slab.
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
	{ "lock", 0 }, { "magtype", 8 }, { "full_list", 16 }, { "full_total", 24 }, { "full_min", 32 },
	{ "full_reaplimit", 40 }, { "full_alloc", 48 }, { "empty_list", 56 }, { "empty_total", 64 },
	{ "empty_min", 72 }, { "empty_reaplimit", 80 }, { "empty_alloc", 88 }, { 0 },
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
	{ "partial_prev", offsetof(struct kmem_cache, partial.prev) },
	{ "complete", offsetof(struct kmem_cache, complete.next) },
	{ "complete_prev", offsetof(struct kmem_cache, complete.prev) },
	{ "hash", offsetof(struct kmem_cache, hash) }, { 0 },
};
static const struct member bufctl_members[] = {
	{ "next", offsetof(struct bufctl, next) }, { "addr", offsetof(struct bufctl, addr) },
	{ "slab", offsetof(struct bufctl, slab) }, { 0 },
};
static const struct member statistics_members[] = {
	{ "contention", offsetof(struct kmem_cache, depot_contention) },
	{ "before", offsetof(struct kmem_cache, depot_contention_prev) }, { 0 },
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

/* The slab may be gone by now. */
static void note_descriptor(struct touch *t, unsigned slot)
{
	const struct bonwick *b = t->objects.state;

	t->noted[slot] = bonwick_frame(b, address_to_pfn(t->memory, t->slot[slot]))->slab;
}

/* That of the slab in one page that this lies in. */
static char *descriptor_of_page(const void *place)
{
	return (char *)((uintptr_t)place / PAGE_BYTES * PAGE_BYTES + PAGE_BYTES) -
	       sizeof(struct kmem_slab);
}

/* In the only slab of bufctls, the third block of a cache of large objects; gone or not. */
static struct bufctl *bufctl_of(const struct touch *t, const void *object)
{
	struct bufctl *all = t->block[2];

	for (unsigned i = 0; i < (PAGE_BYTES - sizeof(struct kmem_slab)) / sizeof *all; i++)
		if (all[i].addr == object)
			return &all[i];
	fail_msg("an object without a bufctl");
	return NULL;
}

/* The bucket is the address in units of the size, 1024 here, of 64 buckets. */
static void *bucket(const struct touch *t, const void *object)
{
	uint64_t pfn = address_to_pfn(t->memory, object);

	return &t->cache->hash[(pfn * 4 + (uintptr_t)object % PAGE_BYTES / 1024) % 64];
}

static const struct kmem_magtype *first_type(const struct touch *t)
{
	const struct kmem_magtype *type = bonwick_magtypes;

	while (type->minbuf >= t->cache->chunksize)
		type++;
	return type;
}

/* Of the caches behind: s descriptors, b bufctls, m magazines of the first type. */
static struct kmem_cache *cache_behind(const struct touch *t, char which)
{
	const struct bonwick *b = t->objects.state;

	switch (which) {
	case 's':
		return b->slab_cache;
	case 'b':
		return b->bufctl_cache;
	case 'm':
		return b->magazine_cache[first_type(t) - bonwick_magtypes];
	default:
		return NULL;
	}
}

static void *place_behind(const struct touch *t, char which, const char *base, unsigned number,
			  const char *member)
{
	struct kmem_cache *cp = cache_behind(t, which);
	/* which slab of large objects is its first, descriptors' second, bufctls' third; of small ones
	 * magazines' is the second */
	char *first = t->block[which == 'b' ? 2 : 1];

	if (strcmp(base, "SL") == 0)
		return at_member(cp, slab_layer_members, member);
	if (strcmp(base, "SD") == 0)
		return at_member(descriptor_of_page(first), slab_members, member);
	if (strcmp(base, "KC") == 0)
		return at_member(cp, cache_members, member);
	if (strcmp(base, "MG") == 0)    /* number: eight times that of the magazine, and the word */
		return first + number / 8 * cp->chunksize + number % 8 * 8;
	return NULL;
}

/* Another cache of those with magazines, or the one under test: 0. */
static struct kmem_cache *cache_number(const struct touch *t, unsigned number)
{
	const struct bonwick *b = t->objects.state;

	return number ? b->cache[number - 1] : t->cache;
}

static void *place(const struct touch *t, const char *base, char slot, unsigned number,
		   const char *member)
{
	struct kmem_cache *cp = t->cache;
	struct kmem_cpu_cache *ccp = &cp->cpu[t->recorded_cpu];
	char *object = (char *)t->slot[(unsigned char)slot] + number * cp->chunksize;

	if (cache_behind(t, *base))
		return place_behind(t, *base, base + 1, number, member);
	if (strcmp(base, "CC") == 0)
		return at_member(ccp, cpu_members, member);
	if (strcmp(base, "CPU") == 0)
		return at_member(&cp->cpu[number], cpu_members, member);
	if (strcmp(base, "LM") == 0)
		return *member ? (void *)ccp->cc_loaded : &ccp->cc_loaded->round[number];
	if (strcmp(base, "EM") == 0)
		return cp->empty.list;
	if (strcmp(base, "FM") == 0)
		return cp->full.list;
	if (strcmp(base, "D") == 0)
		return at_member(&cache_number(t, number)->depot_lock, depot_members, member);
	if (strcmp(base, "ST") == 0)
		return at_member(cache_number(t, number), statistics_members, member);
	if (strcmp(base, "SL") == 0)
		return at_member(cp, slab_layer_members, member);
	if (strcmp(base, "SD") == 0)
		return at_member((void *)t->noted[(unsigned char)slot], slab_members, member);
	if (strcmp(base, "KC") == 0)
		return at_member(cache_number(t, number), cache_members, member);
	if (strcmp(base, "BC") == 0)
		return at_member(bufctl_of(t, object), bufctl_members, member);
	if (strcmp(base, "HB") == 0)
		return bucket(t, object);
	if (strcmp(base, "SECONDS") == 0)
		return ((const struct bonwick *)t->objects.state)->seconds;
	if (strcmp(base, "OB") == 0)    /* the object of the slot, or so many objects after it */
		return object;
	return NULL;
}

static bool same_line(const void *a, const void *b)
{
	return (uintptr_t)a / LINE == (uintptr_t)b / LINE;
}

/* Lines of the caches behind are named after those. */
static const char *line_behind(const struct touch *t, const void *address)
{
	static const char *const names[3][3] = {
		{ "sSL", "sKC", "SD" }, { "bSL", "bKC", "BC" }, { "mSL", "mKC", "MG" },
	};

	for (unsigned i = 0; i < 3; i++) {
		const struct kmem_cache *cp = cache_behind(t, "sbm"[i]);

		if (same_line(address, &cp->cache_lock))
			return names[i][0];
		if (same_line(address, &cp->hashed))
			return names[i][1];
	}
	if (t->cache->hashed && address >= (void *)t->cache->hash &&
	    address < (void *)(t->cache->hash + HASH_BUCKETS))
		return "HB";
	if (!t->cache->hashed && t->block[1] &&
	    (uintptr_t)address / PAGE_BYTES == (uintptr_t)t->block[1] / PAGE_BYTES)
		return same_line(address, descriptor_of_page(address)) ? "mSD" : "MG";
	for (unsigned i = 1; t->cache->hashed && i < 3 && t->block[i]; i++)
		if ((uintptr_t)address / PAGE_BYTES == (uintptr_t)t->block[i] / PAGE_BYTES)
			return same_line(address, descriptor_of_page(address)) ? "SDb" : names[i - 1][2];
	return NULL;
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
	if (line_behind(t, address))
		return line_behind(t, address);
	for (unsigned i = 0; i < TOUCH_SLOTS; i++)
		if (t->noted[i] && same_line(address, t->noted[i]))
			return "SD";
	return "OB";
}

static const struct touch_names names = { place, line, note_descriptor };

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
/* So many blocks of pages are there, and no more. */
#define OF_BLOCKS(size, count) \
	{ .objects = "bonwick", .names = &names, .object_size = size, .blocks = count }

/* 8B.3.5: no round, no magazine; then the slab layer. */
#define NO_ROUND \
	"A CC.lock, R CC.rounds, R CC.prounds, R CC.magsize, A D.lock, R D.full_list, W D.lock" \
	", W CC.lock"
/* 8B.4.5 and 6: no room, no empty magazine, and no memory for one, which is asked of the cache of
 * magazines of this type without the CPU's lock. */
#define NO_ROOM \
	"A CC.lock, R CC.rounds, R CC.magsize, R CC.prounds, A D.lock, R D.empty_list, W D.lock" \
	", W CC.lock, R D.magtype, A mSL.lock, R mSL.partial, W mSL.lock, R mKC.order, R mKC.hashed" \
	", A CC.lock, W CC.lock"
/* 8B.7: the first of the first slab; of large objects the bufctl, which goes into its bucket. */
#define TAKE_HASHED(x) \
	", R SL.partial, R SD(" x ").head, R BC(" x ").next, W SD(" x ").head, M SD(" x ").refcnt" \
	", R SD(" x ").chunks, R KC.hashed, R BC(" x ").addr, R SL.hash, R HB(" x ")" \
	", W BC(" x ").next, W HB(" x ")"
/* Back: the descriptor is at the end of the page, or the bufctl, first of its bucket, tells it. */
#define PUT_SMALL(x) \
	", A SL.lock, R KC.hashed, R SD(" x ").head, W OB(" x "), W SD(" x ").head" \
	", M SD(" x ").refcnt, R SD(" x ").chunks"
#define PUT_HASHED(x) \
	", A SL.lock, R KC.hashed, R SL.hash, R HB(" x "), R BC(" x ").addr, R BC(" x ").next" \
	", W HB(" x "), R BC(" x ").slab, R SD(" x ").head, W BC(" x ").next, W SD(" x ").head" \
	", M SD(" x ").refcnt, R SD(" x ").chunks"
/* slab.md 0.5, of a list without another slab; with a c: the cache behind. */
#define LIST_DEL(c, slab, list) \
	", R " slab ".next, R " slab ".prev, W " c "SL." list "_prev, W " c "SL." list \
	", W " slab ".next, W " slab ".prev"
#define LIST_ADD(slab, list) \
	", R SL." list ", W SL." list "_prev, W " slab ".next, W " slab ".prev, W SL." list
/* A small object of a cache behind: with which its slab begins its list. */
#define TAKE_BEHIND(c, what) \
	", A " c "SL.lock, R " c "SL.partial, R " c "SD.head, R " what ", W " c "SD.head" \
	", M " c "SD.refcnt, R " c "SD.chunks, R " c "KC.hashed, W " c "SL.lock"
#define PUT_BEHIND(c, what) \
	", A " c "SL.lock, R " c "KC.hashed, R " c "SD.head, W " what ", W " c "SD.head" \
	", M " c "SD.refcnt, R " c "SD.chunks"
#define NEW_BUFCTL(x) \
	TAKE_BEHIND("b", "BC" x ".next") ", W BC" x ".next, W BC" x ".addr, W BC" x ".slab"

/* 8B.5: another CPU has the depot's lock whenever this one comes to it, and gives it back to who waits:
 * 0 is held, -1 is one who waits (slab.md 1.2, up to 2.6.24). */
static void hold_the_depot(struct touch *t, const struct access *access)
{
	const struct kmem_cpu_cache *ccp = &t->cache->cpu[t->recorded_cpu];
	struct spinlock *lock = &t->cache->depot_lock;

	if (!access->write &&
	    (access->address == &ccp->cc_prounds || access->address == &ccp->cc_ploaded))
		lock->slock = 0;
	if (lock->slock < 0)
		lock->slock = 1;
}

/* The lock is waited for: LOCK dec in vain, a look, and once more. A failed try comes before it. */
#define WAIT ", A D.lock, R D.lock, A D.lock"
#define TRY_AND_WAIT ", A D.lock" WAIT ", M ST.contention"
#define LOCKED(size) \
	{ .objects = "bonwick", .names = &names, .object_size = size, .meddle = hold_the_depot }

/* 8B.5: a resize has begun when a magazine was asked for; this CPU, which had none, is told. */
static void purge_the_cache(struct touch *t, const struct access *access)
{
	struct kmem_cpu_cache *ccp = &t->cache->cpu[t->recorded_cpu];

	if (access->address == &t->cache->magtype)
		ccp->cc_magsize = 0;
}

#define PURGED(size) \
	{ .objects = "bonwick", .names = &names, .object_size = size, .meddle = purge_the_cache }

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
	/* 8B.5: the lock is held both times. depot_alloc's try fails, which is counted, in a line of its
	 * own; depot_free's wait is not. LOCKs: the CPU's, the try, two and two. */
	{ "alloc, depot exchange, the depot is locked", "depot", LOCKED(1024),
	  "0+a4 0-a4 0+a4 0+e7 1-e7 !0+l",
	  "A CC.lock, R CC.rounds, R CC.prounds, R CC.magsize" TRY_AND_WAIT
	  ", R D.full_list, R LM.next, W D.full_list, M D.full_total, R D.full_min, M D.full_alloc"
	  ", W D.lock, R CC.ploaded" WAIT ", R D.empty_list, W EM.next, W D.empty_list"
	  ", M D.empty_total, W D.lock" LOAD TAKE("2"),
	  "LM", "CC D D2 EM ST", 6 },
	{ "free, depot exchange, the depot is locked", "depot", LOCKED(1024),
	  "0+a4 0-a4 0+a4 0+e7 1-e7 0+l 0-l 0-a3 !0-d",
	  "A CC.lock, R CC.rounds, R CC.magsize, R CC.prounds" TRY_AND_WAIT
	  ", R D.empty_list, R LM.next, W D.empty_list, M D.empty_total, R D.empty_min"
	  ", M D.empty_alloc, W D.lock, R CC.ploaded" WAIT ", R D.full_list, W FM.next"
	  ", W D.full_list, M D.full_total, W D.lock" LOAD PUT_FIRST,
	  "", "CC D D2 FM LM ST", 6 },
	/* 8B.5: the update has noted one full magazine as the least, and now there is none. */
	{ "alloc, fewer magazines than ever", "depot", OF(1024), "0+a7 1-a7 0t15 !0+h",
	  "A CC.lock, R CC.rounds, R CC.prounds, R CC.magsize, A D.lock, R D.full_list, R LM.next"
	  ", W D.full_list, M D.full_total, R D.full_min, W D.full_min, M D.full_alloc, W D.lock"
	  ", R CC.ploaded" LOAD TAKE("2"),
	  "LM", "CC D", 2 },
	/* 8B.4.5: no magazine anywhere. A new one, the second of its slab, goes to the depot, and, the
	 * lock still held, comes from there. LOCKs: the CPU's twice, the depot's three times, the
	 * cache_lock of magazines. */
	{ "free, a new magazine", "depot", OF(504), "0+a2 0-a !1-b",
	  "A CC.lock, R CC.rounds, R CC.magsize, R CC.prounds, A D.lock, R D.empty_list, W D.lock"
	  ", W CC.lock, R D.magtype" TAKE_BEHIND("m", "mMG[8]")
	  ", A CC.lock, R CC.magsize, A D.lock, R D.empty_list, W LM.next"
	  ", W D.empty_list, M D.empty_total, W D.lock"
	  ", R CC.rounds, R CC.magsize, R CC.prounds, A D.lock, R D.empty_list, R LM.next"
	  ", W D.empty_list, M D.empty_total, R D.empty_min, M D.empty_alloc, W D.lock"
	  ", R CC.ploaded" LOAD PUT_FIRST,
	  "mKC", "CC D D2 mSL mSD LM", 6 },
	/* 8B.4.5: the cache is purged meanwhile. The magazine goes back, without the lock, and there is
	 * none to be had. LOCKs: the CPU's three times, the depot's, the cache_lock of magazines twice,
	 * the cache's. */
	{ "free, a new magazine of no use", "slab", PURGED(504), "0+a2 0-a !1-b",
	  "A CC.lock, R CC.rounds, R CC.magsize, R CC.prounds, A D.lock, R D.empty_list, W D.lock"
	  ", W CC.lock, R D.magtype" TAKE_BEHIND("m", "mMG[8]")
	  ", A CC.lock, R CC.magsize, W CC.lock" PUT_BEHIND("m", "mMG[8]") ", W mSL.lock"
	  ", A CC.lock, R CC.rounds, R CC.magsize, R CC.prounds, W CC.lock" PUT_SMALL("b") ", W SL.lock",
	  "mKC KC", "CC D mSL mSD MG SL SD OB", 7 },
	/* 8B.3.5 and 8B.7: no magazine, no depot; small objects are chained through themselves. */
	{ "alloc from a slab", "slab", OF(64), "0+a !0+b",
	  "A CC.lock, R CC.rounds, R CC.prounds, R CC.magsize, A D.lock, R D.full_list, W D.lock"
	  ", W CC.lock, A SL.lock, R SL.partial, R SD(b).head, R OB(b), W SD(b).head"
	  ", M SD(b).refcnt, R SD(b).chunks, R KC.hashed, W SL.lock",
	  "OB KC", "CC D SL SD", 3 },
	/* 8B.7: the slab layer has none; the new slab is made without the lock, which is then taken
	 * once to add it and take its first object. (4096 - 48) / 504 = 8 objects. LOCKs: the CPU's,
	 * the depot's, cache_lock twice. */
	/* The same of large objects: the bufctl has the link, and the hash where a free finds it. */
	{ "alloc from a slab, hashed", "slab", OF(1024), "0+a !0+b",
	  NO_ROUND ", A SL.lock" TAKE_HASHED("b") ", W SL.lock", "KC", "CC D SL SD BC HB", 3 },
	/* The last of the slab: it goes to the complete ones. */
	{ "alloc, the slab's last object", "slab", OF(1024), "0+a3 !0+d",
	  NO_ROUND ", A SL.lock, R SL.partial, R SD(d).head, R BC(d).next, W SD(d).head"
	  ", M SD(d).refcnt, R SD(d).chunks" LIST_DEL("", "SD(d)", "partial")
	  LIST_ADD("SD(d)", "complete") ", R KC.hashed, R BC(d).addr, R SL.hash, R HB(d)"
	  ", W BC(d).next, W HB(d), W SL.lock", "KC", "CC D SL SD BC HB", 3 },
	/* A second slab of four: its descriptor and a bufctl for each object, last to first, come from
	 * caches that have some. LOCKs: the CPU's, the depot's, cache_lock twice, and five of theirs. */
	{ "alloc from a new slab, hashed", "new slab", OF(1024), "0+a4 !0+e",
	  NO_ROUND ", A SL.lock, R SL.partial, W SL.lock, R KC.order, R KC.hashed"
	  TAKE_BEHIND("s", "SD(e).cache")
	  ", R KC.chunks, R KC.chunksize, W SD(e).cache, W SD(e).base, W SD(e).refcnt"
	  ", W SD(e).chunks" NEW_BUFCTL("(e)[3]") NEW_BUFCTL("(e)[2]") NEW_BUFCTL("(e)[1]")
	  NEW_BUFCTL("(e)") ", W SD(e).head, A SL.lock" LIST_ADD("SD(e)", "partial")
	  TAKE_HASHED("e") ", W SL.lock",
	  "KC sKC bKC", "CC D SL sSL bSL SDb SD BC HB", 9 },
	/* 8B.4.6 and 8B.7: there is no magazine to be had. LOCKs: the CPU's twice, the depot's, the
	 * cache_lock of magazines, the cache's. */
	{ "free to a slab", "slab", OF_BLOCKS(64, 1), "0+a2 !0-a",
	  NO_ROOM PUT_SMALL("a") ", W SL.lock", "mKC KC", "CC D mSL SL SD OB", 5 },
	{ "free to a slab, hashed", "slab", OF_BLOCKS(1024, 3), "0+a2 !0-a",
	  NO_ROOM PUT_HASHED("a") ", W SL.lock", "mKC KC", "CC D mSL SL SD BC HB", 5 },
	/* All eight were out: the slab is partial again. */
	{ "free to a slab, complete to partial", "slab", OF_BLOCKS(504, 1), "0+a8 !0-a",
	  NO_ROOM PUT_SMALL("a") LIST_DEL("", "SD(a)", "complete") LIST_ADD("SD(a)", "partial")
	  ", W SL.lock", "mKC KC", "CC D mSL SL SD OB", 5 },
	/* The last one is back: the slab goes, after the unlock; with these three reads, the path is named
	 * after them. */
	{ "free of the slab's last object", "slab", OF_BLOCKS(64, 1), "0+a !0-a",
	  NO_ROOM PUT_SMALL("a") LIST_DEL("", "SD(a)", "partial") ", W SL.lock"
	  ", R KC.order, R SD(a).base, R KC.hashed", "mKC KC", "CC D mSL SL SD OB", 5 },
	/* The same with four bufctls, e's first, and a descriptor, that go back, one lock each. */
	{ "free of the slab's last object, hashed", "destroy", OF_BLOCKS(1024, 4), "0+a5 !0-e",
	  NO_ROOM PUT_HASHED("e") LIST_DEL("", "SD(e)", "partial") ", W SL.lock"
	  ", R KC.order, R SD(e).base, R KC.hashed, R SD(e).head"
	  ", R BC(e).next" PUT_BEHIND("b", "BC(e).next") ", W bSL.lock"
	  ", R BC(e)[1].next" PUT_BEHIND("b", "BC(e)[1].next") ", W bSL.lock"
	  ", R BC(e)[2].next" PUT_BEHIND("b", "BC(e)[2].next") ", W bSL.lock"
	  ", R BC(e)[3].next" PUT_BEHIND("b", "BC(e)[3].next") ", W bSL.lock"
	  PUT_BEHIND("s", "SD(e).cache") ", W sSL.lock",
	  "mKC KC bKC sKC", "CC D mSL SL SD BC HB bSL SDb sSL", 10 },
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

/* 8B.5, every 15 s, of each cache: the working set of both lists under the depot's lock, and the
 * contention since the last time. */
static void add_update(char *path, size_t size, unsigned cache)
{
	size_t at = strlen(path);

	snprintf(path + at, size - at,
		 ", R KC[%u].chunksize, R D[%u].magtype, A D[%u].lock"
		 ", R D[%u].full_min, W D[%u].full_reaplimit, R D[%u].full_total, W D[%u].full_min"
		 ", R D[%u].empty_min, W D[%u].empty_reaplimit, R D[%u].empty_total, W D[%u].empty_min"
		 ", W D[%u].lock, R ST[%u].contention, R ST[%u].before, W ST[%u].before", cache, cache,
		 cache, cache, cache, cache, cache, cache, cache, cache, cache, cache, cache, cache,
		 cache);
}

/* 8B.5: both magazines of a CPU are detached, and it has none for now. */
#define PURGE(cpu) \
	", A CPU[" cpu "].lock, R CPU[" cpu "].loaded, R CPU[" cpu "].ploaded, R CPU[" cpu "].rounds" \
	", R CPU[" cpu "].prounds, W CPU[" cpu "].loaded, W CPU[" cpu "].ploaded" \
	", W CPU[" cpu "].rounds, W CPU[" cpu "].prounds, W CPU[" cpu "].magsize, W CPU[" cpu "].lock"
#define ENABLE(cpu) ", A CPU[" cpu "].lock, W CPU[" cpu "].magsize, W CPU[" cpu "].lock"

/*
 * Each CPU has a magazine with one object, whose slab has a third; the depot has none. The objects go
 * back, then the magazines, and with the second of them their slab, which is in its cache alone.
 * Caches 1 to 13 are those of kmalloc.
 */
static void a_resize_makes_the_accesses_of_the_sheet(void **state)
{
	struct touch_options options = OF(504);
	struct touch *t = touch_new(&options);
	char path[8000] = "M SECONDS";
	size_t at;

	(void)state;
	t->cache->depot_contention = 4;
	touch_run(t, "0+a3 0-a 1-b 0t14 !0t");
	for (unsigned cache = 1; cache <= 13; cache++)
		add_update(path, sizeof path, cache);
	add_update(path, sizeof path, 0);
	at = strlen(path);
	snprintf(path + at, sizeof path - at, "%s",
		 PURGE("0") ", R mMG[1]" PUT_SMALL("a") ", W SL.lock" PUT_BEHIND("m", "mMG[0]")
		 ", W mSL.lock"
		 PURGE("1") ", R mMG[9]" PUT_SMALL("b") ", W SL.lock" PUT_BEHIND("m", "mMG[8]")
		 LIST_DEL("m", "mSD", "partial")
		 ", W mSL.lock, R mKC.order, R mSD.base, R mKC.hashed"
		 ", A D.lock, R D.full_list, W D.lock, A D.lock, R D.empty_list, W D.lock"
		 ", W D.magtype, W ST.before" ENABLE("0") ENABLE("1"));
	touch_expect_path(t, path);
	touch_expect_sound(t);
	touch_free(t);
}

/* 8B.7: a table by address. 63 objects of a page each lie in pages that follow one another but for
 * those of descriptors and bufctls; none of 64 buckets has more than two. */
static void objects_spread_over_the_buckets(void **state)
{
	struct touch_options options = OF(4096);
	struct touch *t = touch_new(&options);

	(void)state;
	touch_run(t, "0+A63");
	for (unsigned i = 0; i < HASH_BUCKETS; i++) {
		unsigned length = 0;

		for (const struct bufctl *bufctl = t->cache->hash[i]; bufctl; bufctl = bufctl->next)
			length++;
		assert_true(length <= 2);
	}
	touch_expect_sound(t);
	touch_free(t);
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
	slab = (struct kmem_slab *)t->noted['c'];
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
		cmocka_unit_test(a_resize_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(objects_spread_over_the_buckets),
		cmocka_unit_test(nothing_grows_before_the_fifteenth_second),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(planted_faults_are_found),
		cmocka_unit_test(it_is_sound),
	};

	explored_begin();
	return cmocka_run_group_tests_name("bonwick", tests, NULL, NULL);
}
