/*
 * What the tests of page allocators share: operations on pages, the zone behind the allocator, and
 * the record of accesses as text.
 */
#ifndef TESTS_PAGES_FIXTURE_H
#define TESTS_PAGES_FIXTURE_H

#include "models/pages/zone.h"
#include "tests/model_fixture.h"

/* One operation each. */
struct page *pages_take(struct cpu *cpu, struct fixture *f, unsigned order, unsigned gfp);
void pages_give(struct cpu *cpu, struct fixture *f, struct page *page, unsigned order);
void pages_give_group(struct cpu *cpu, struct fixture *f, struct page *const *page, unsigned count);

/* CPUs take turns by a word in simulated memory. */
void pages_wait_for_turn(struct cpu *cpu, struct fixture *f, unsigned turn);

/* The model's state begins with a pointer to the zones. */
struct zone *pages_zone(const struct fixture *f, unsigned node);
/* Every page may be handed out. */
void pages_no_watermarks(const struct fixture *f);
unsigned long long pages_pfn(const struct fixture *f, const struct list_head *lru);
/* "o0[30] o1[28]": page frames of the type's free lists that are not empty, head to tail. */
void pages_free_lists(const struct fixture *f, unsigned type, char *text, size_t size);

/*
 * The record as text, "R Z.lock, W P.count, M PG3.flags, ": members of the zone (Z), of the recorded
 * CPU's pageset (P), per_cpu_pages (C), per_cpu_zonestat (S), event counts, stack (L), of page
 * structs by their frame.
 */
void pages_record(const struct fixture *f, char *text, size_t size);
void pages_name_access(const struct fixture *f, const struct one_access *access, char *name,
		       size_t size);

#endif
