/*
 * What the tests of the page allocators from 6.12 on share: accesses of common steps as text
 * (pages_record), by the chapters of the sheet, where C is the CPU's per_cpu_pages and pages are MOVABLE;
 * and damage to those lists.
 */
#ifndef TESTS_STEPS_6_H
#define TESTS_STEPS_6_H

#include "models/pages/zone_6.h"
#include "tests/pages_fixture.h"

/* 4.2 step 1; where memory may be unaccepted (6.12 as measured), the head of that list before. */
#define UNACCEPTED "R Z.unaccepted_pages, "
#define WATERMARK \
	"R Z.flags, R Z.watermark, R Z.nr_free_highatomic, R Z.lowmem_reserve, " \
	"R Z.vm_stat[NR_FREE_PAGES], "
#define NUMA \
	"R Z.node, R Z.node, R Z.per_cpu_zonestats, M S.vm_numa_event, " \
	"R Z.per_cpu_zonestats, M S.vm_numa_event, "
/* 4.2: EV, NUMA; step 7; prep. */
#define TAKEN_FROZEN(p) "M event[PGALLOC_NORMAL], " NUMA "R Z.flags, W PG" p ".private, "
#define TAKEN(p) TAKEN_FROZEN(p) "W PG" p "._refcount, "
#define DIFF "S.vm_stat_diff[NR_FREE_PAGES], "
#define MOD "R Z.per_cpu_zonestats, R " DIFF "R S.stat_threshold, W " DIFF
#define MOD_FOLD \
	"R Z.per_cpu_zonestats, R " DIFF "R S.stat_threshold, A Z.vm_stat[NR_FREE_PAGES], " \
	"A vm_stat.item[NR_FREE_PAGES], W " DIFF
#define BITMAP "R mem_section_root, R mem_section.pageblock_flags, R mem_section_usage, "
#define UNLINK(p, next, prev) \
	"R PG" p ".lru, R PG" p ".lru, W " next ", W " prev ", W PG" p ".lru, W PG" p ".lru, "
#define PUSH_HEAD(p, head, first) \
	"R " head ", W " first ", W PG" p ".lru, W PG" p ".lru, W " head ", "
#define NR_FREE(o) "R Z.free_area[" o "].nr_free, W Z.free_area[" o "].nr_free, "
#define CLEAR_BUDDY(p) "W PG" p "._mapcount, W PG" p ".private, "
#define SET_BUDDY(p) "W PG" p ".private, W PG" p "._mapcount, "
#define FREE(o) "Z.free_area[" o "].free_list[MOVABLE]"
#define FREED_FROZEN(p) "R PG" p ".flags, R PG" p ".mapping, " BITMAP
#define FREED(p) "A PG" p "._refcount, " FREED_FROZEN(p)
/* 4.3, steps 3 to 5 of a single page; `head`: of its list, `first` on it before. */
#define COMMIT(p, head, first) \
	"R C.alloc_factor, W C.alloc_factor, M event[PGFREE], " PUSH_HEAD(p, head, first) \
	"M C.count, R C.batch, R C.flags, R C.free_count, W C.free_count, "
/* nr_pcp_high with high_min != high_max; if they are equal, of flags no more than this. */
#define HIGH "R C.high_min, R C.high_max, R C.batch, R C.high, W C.high, R C.free_count, R Z.flags, "

static inline struct pcp_lists *lists(const struct fixture *f, unsigned cpu)
{
	return per_cpu(f->sim, *pages_zone(f, 0)->pcp_lists, cpu);
}

static inline void damage_count(struct fixture *f)
{
	lists(f, 0)->count++;
}

static inline void damage_lock(struct fixture *f)
{
	lists(f, 1)->lock.locked = 1;
}

/* Single pages, MOVABLE: there are some. */
static inline void damage_list(struct fixture *f)
{
	lists(f, 0)->lists[1].prev = &lists(f, 0)->lists[1];
}

static inline void damage_high(struct fixture *f)
{
	lists(f, 0)->high = 1;
}

static inline void damage_free_count(struct fixture *f)
{
	pages_zone(f, 0)->vm_stat[0]++;
}

#endif
