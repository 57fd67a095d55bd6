/*
 * Pieces of the sheet's numbered paths, chapters 5 and 6.2, in the notation of fixture_expect_path: what
 * the rows of slub-lockless and slub-tagged are made of.
 */
#ifndef TESTS_SLUB_PATHS_H
#define TESTS_SLUB_PATHS_H

/* 5.4 = 4.3. */
#define FAST        "R KC.cpu_slab, R CS.tid, R CS.freelist"
#define EXCHANGE(x) ", R KC.offset, R OB(" x "), R KC.cpu_slab, M CS.freelist"
#define FREE(x)     "R PG(" x ").flags"
#define TO_MINE     ", R KC.cpu_slab, R CS.tid, R CS.page"
#define PUSH(x) \
	", R CS.freelist, R KC.offset, W OB(" x "), R KC.cpu_slab, R CS.freelist, M CS.freelist"

/* 5.3: freelist first, counters second. */
#define STATE(x)    ", R PG(" x ").freelist, R PG(" x ").counters"
#define AC16(x)     ", R KC.flags, A PG(" x ").freelist"
#define NODE_OF(x)  ", R PG(" x ").flags, R KCN"

/* 5.5.5 */
#define LOAD(x)     ", R KC.offset, R OB(" x "), W CS.freelist, M CS.tid"
/* 5.5.1, 5.5.2 with the second look, 5.5.3; LOOK: that, and what 3.18 reads before. */
#define REFILL(x, LOOK) ", R CS.page" LOOK STATE(x) AC16(x)
#define AGAIN       ", R CS.freelist"
/* 5.5.4: nothing is left, the slab is nobody's. */
#define GIVE_UP(x, LOOK) REFILL(x, LOOK) ", W CS.page"

#define LIST_DEL(x, before, after) \
	", R PG(" x ").lru_next, R PG(" x ").lru_prev, W " after ", W " before \
	", W PG(" x ").lru_next, W PG(" x ").lru_prev, M ND.nr_partial"
#define ADD_TAIL(x, tail) \
	", M ND.nr_partial, R ND.partial_prev, W ND.partial_prev, W PG(" x ").lru_next" \
	", W PG(" x ").lru_prev, W " tail
/* 5.5.6: no prefetch in the walk (0.5). */
#define WALK        ", R KCN, R ND.nr_partial, A ND.lock, R ND.partial_next"
#define NODE(x)     ", R PG(" x ").flags, W CS.node"
#define TAKE_31(x, after) \
	WALK STATE(x) AC16(x) LIST_DEL(x, "ND.partial_next", after) \
	", W CS.freelist, W CS.page" NODE(x) ", M ND.lock, R CS.freelist, R KC.flags" LOAD(x)

/* 0.7 */
#define SLAB_COUNT(x) \
	", R KC.flags, R PG(" x ").flags, R ZP, R VS.threshold, R VS.diff, M VS.diff"
/* 5.5.7 as far as the list; ORDER: from 3.10 on the order of the new slab is read. */
#define NEW_SLAB(x, ORDER) \
	", R KC.oo, R KC.allocflags, W PG(" x ").objects" SLAB_COUNT(x) ORDER NODE_OF(x) \
	", A ND.nr_slabs, A ND.total_objects, W PG(" x ").slab, M PG(" x ").flags, LINK(" x ")"
#define NEW_31(x) \
	NEW_SLAB(x, "") ", W PG(" x ").freelist, W PG(" x ").inuse, M PG(" x ").objects" \
	", R KC.cpu_slab, R CS.page, R PG(" x ").freelist, W PG(" x ").freelist" \
	", R PG(" x ").objects, W PG(" x ").inuse" NODE(x) ", W CS.page, R KC.flags" LOAD(x)
/* From 3.2 on inuse is set at once. */
#define INUSE_AT_ONCE(x) \
	", W PG(" x ").freelist, R PG(" x ").objects, W PG(" x ").inuse, M PG(" x ").objects" \
	", R KC.cpu_slab, R CS.page, R PG(" x ").freelist, W PG(" x ").freelist"
#define NEW_32(x) NEW_SLAB(x, "") INUSE_AT_ONCE(x) NODE(x) ", W CS.page, R KC.flags" LOAD(x)
#define NEW_318(x) \
	NEW_SLAB(x, ", R PG(" x ").flags") INUSE_AT_ONCE(x) \
	", W CS.page, R KC.flags, R PG(" x ").flags" LOAD(x)

/* 5.7 */
#define NOT_MINE(x)  FREE(x) TO_MINE
#define FREE_SLOW(x) ", R KC.flags" STATE(x) ", R KC.offset, W OB(" x ")"
#define LOCKED(x)    NODE_OF(x) ", A ND.lock"
/* 4.6.8; MARK: from 3.10 on the pfmemalloc mark goes as well. */
#define DISCARD(x, MARK) \
	", R PG(" x ").flags, R PG(" x ").objects, R KCN, A ND.nr_slabs, A ND.total_objects" \
	", R KC.flags, R PG(" x ").flags, R KC.flags" SLAB_COUNT(x) MARK ", M PG(" x ").flags" \
	", W PG(" x ").mapcount"
/* Of two pages; `second`: an object in the second page, whose struct has the order. */
#define DISCARD_ORDER_1(x, second, MARK) \
	", R PG(" x ").flags, R PG(" x ").objects, R KCN, A ND.nr_slabs, A ND.total_objects" \
	", R KC.flags, R PG(" x ").flags, R PGt(" second ").lru_prev, R KC.flags" SLAB_COUNT(x) MARK \
	", M PG(" x ").flags, W PG(" x ").mapcount"
#define ENOUGH       ", R ND.nr_partial, R KC.min_partial"

/* 5.8, put_cpu_partial: the head before, if there is one; then the new one. */
#define HEAD(x)      ", R CS.partial, R PG(" x ").pobjects, R PG(" x ").pages"
#define PUT(x) \
	", R PG(" x ").objects, R PG(" x ").inuse, W PG(" x ").pages, W PG(" x ").pobjects" \
	", W PG(" x ").lru_next, M CS.partial"
#define TAKE_OWN(x)  ", R CS.partial, R PG(" x ").lru_next, W CS.partial"

#define ONE_FULL   "0+a 0+b 0+c 0+d 0+e "
#define TWO_FULL   "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0+h "
#define THREE_FULL "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0+h 0+i 0+j 0+k 0+l "
#define FOUR_FULL  THREE_FULL "0+m 0+n 0+o 0+p "

/* 6.2: the path reads the page as well, and asks for the next object's line. 1.8: of b that is c. */
#define FAST_318 FAST ", R CS.page"
/* The pfmemalloc mark, then the second look. */
#define MARK_AND_AGAIN(x) ", R PG(" x ").flags" AGAIN

#endif
