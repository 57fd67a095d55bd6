/*
 * The memory of a process; see space.h.
 *
 *	fault	mmap_sem (threads only), table page if the last is full
 *		allocate, zero or copy
 *		lock of the table: map, on its way to the LRU
 *	unmap	pagevec emptied; page after page: unmapped, its pointer gathered;
 *		the table pages, gathered too
 *		pointers in groups: references dropped, off the LRU, freed
 *		the gathering pages, one by one
 *
 * Follows pagealloc.md 6.2 and 6.4. That unmapping empties the CPU's pagevec first is from memory;
 * pages that other CPUs' pagevecs still have go when those are emptied. Every kernel's table lock is
 * a ticket lock here. Table entries are not in simulated memory: they are private to a worker.
 */
#include "workloads/space.h"

#include <stdlib.h>
#include <string.h>

#include "sim/verbs/xalloc.h"

enum {
	TABLE_PAGES = 512,              /* that one page of a table maps */
	STACK_SLOTS = 8,                /* pointers gathered without a page */
	GATHER_SLOTS = 510, GATHER_PAGES = 19,
	GATHER_MAX = STACK_SLOTS + GATHER_SLOTS * GATHER_PAGES,
	GATHER_HEAD = 16,               /* bytes before the pointers of a gathering page */
};

const char *const zero_words[] = {
	[ZERO_COST] = "cost", [ZERO_LINES] = "lines", [ZERO_OFF] = "off", NULL
};

struct shared_map {
	_Alignas(LINE) int64_t mmap_sem;
};

struct gather {
	_Alignas(LINE) struct page *slot[STACK_SLOTS];
};

static const struct field shared_map_fields[] = { FIELD(struct shared_map, mmap_sem), { 0 } };
static const struct layout shared_map_layout = {
	"mm_struct", sizeof(struct shared_map), CLASS_WORKLOAD, shared_map_fields
};
static const struct field gather_fields[] = { FIELD(struct gather, slot), { 0 } };
static const struct layout gather_layout = {
	"mmu_gather", sizeof(struct gather), CLASS_WORKLOAD, gather_fields
};

struct mapped {
	struct page *page;
	bool cached;                    /* of the page cache: it stays when the mapping ends */
};

struct space {
	struct space_options with;
	struct mapped *mapped;          /* [room] */
	struct page **table;
	uint64_t pages, tables;
	struct page *gathered[GATHER_MAX], *gather_page[GATHER_PAGES];
	unsigned count, gather_pages;
};

struct shared_map *shared_map_new(struct sim *sim)
{
	return arena_new(sim, struct shared_map, 1, 0, LINE, &shared_map_layout, "mm_struct");
}

struct gather *gather_new(struct sim *sim)
{
	return percpu_new(sim, struct gather, LINE, &gather_layout, "mmu_gather");
}

uint64_t space_tables(uint64_t pages)
{
	return (pages + TABLE_PAGES - 1) / TABLE_PAGES;
}

uint64_t space_gathers(uint64_t pages)
{
	uint64_t pointers = pages + space_tables(pages), gathers;

	if (pointers <= STACK_SLOTS)
		return 0;
	gathers = (pointers - STACK_SLOTS + GATHER_SLOTS - 1) / GATHER_SLOTS;
	return gathers < GATHER_PAGES ? gathers : GATHER_PAGES;
}

struct space *space_new(const struct space_options *options)
{
	struct space *space = xalloc(sizeof *space);

	space->with = *options;
	space->mapped = xalloc(options->room * sizeof *space->mapped);
	space->table = xalloc(space_tables(options->room) * sizeof *space->table);
	return space;
}

void space_free(struct space *space)
{
	if (!space)
		return;
	free(space->mapped);
	free(space->table);
	free(space);
}

uint64_t space_pages(const struct space *space)
{
	return space->pages;
}

/* ---- faults ------------------------------------------------------------------------------------ */

static void begin_fault(struct cpu *cpu, struct space *space, struct draws *draws)
{
	op_begin(cpu, OP_FAULT);
	if (space->with.shared)
		fetch_add(cpu, &space->with.shared->mmap_sem, 1);
	work_do(cpu, space->with.work, draws, space->with.costs->fault_cycles);
	if (space->pages % TABLE_PAGES == 0) {
		unsigned gfp = space->with.costs->zero == ZERO_LINES ? GFP_ZERO : 0;

		if (space->pages == space->with.room)
			BUG(cpu, "a process faults beyond its %llu pages",
			    (unsigned long long)space->with.room);
		space->table[space->tables++] =
			traffic_pages_alloc(cpu, space->with.traffic, 0, GFP_KERNEL | gfp);
	}
}

static void end_fault(struct cpu *cpu, struct space *space, struct mapped mapped)
{
	space->mapped[space->pages++] = mapped;
	if (space->with.shared)
		fetch_add(cpu, &space->with.shared->mmap_sem, -1);
	op_end(cpu, 0, 0);
}

/* In the struct page of the table's page, where a free block has its order. */
static struct spinlock *table_lock(const struct space *space)
{
	const struct memory *m = space->with.traffic->pages->memory;

	return (struct spinlock *)page_private(m, space->table[space->pages / TABLE_PAGES]);
}

static void map_new_page(struct cpu *cpu, struct space *space, struct page *page)
{
	struct spinlock *lock = table_lock(space);

	spin_lock(cpu, lock, LOCK_TICKET);
	traffic_map(cpu, space->with.traffic, page);
	traffic_lru_add(cpu, space->with.traffic, page, LRU_ACTIVE_ANON);
	spin_unlock(cpu, lock, LOCK_TICKET);
	end_fault(cpu, space, (struct mapped){ page, false });
}

void space_fault(struct cpu *cpu, struct space *space, struct draws *draws)
{
	const struct space_costs *costs = space->with.costs;
	unsigned gfp = costs->zero == ZERO_LINES ? GFP_MOVABLE | GFP_ZERO : GFP_MOVABLE;
	struct page *page;

	begin_fault(cpu, space, draws);
	page = traffic_pages_alloc(cpu, space->with.traffic, 0, gfp);
	if (costs->zero == ZERO_COST && costs->zero_cycles)
		compute_cycles(cpu, costs->zero_cycles);
	map_new_page(cpu, space, page);
}

/* A page of the page cache is looked up: somebody refers to it. */
static void get_page(struct cpu *cpu, const struct space *space, struct page *page)
{
	fetch_add(cpu, page_count(space->with.traffic->pages->memory, page), 1);
}

static void put_page(struct cpu *cpu, const struct space *space, struct page *page)
{
	fetch_add(cpu, page_count(space->with.traffic->pages->memory, page), -1);
}

void space_fault_copy(struct cpu *cpu, struct space *space, struct draws *draws,
		      struct page *cached)
{
	const struct memory *m = space->with.traffic->pages->memory;
	const struct space_costs *costs = space->with.costs;
	struct page *page;

	begin_fault(cpu, space, draws);
	page = traffic_pages_alloc(cpu, space->with.traffic, 0, GFP_MOVABLE);
	get_page(cpu, space, cached);
	if (costs->zero == ZERO_LINES) {
		touch_read(cpu, page_address(m, cached), PAGE_BYTES);
		touch_write(cpu, page_address(m, page), PAGE_BYTES);
	} else if (costs->zero == ZERO_COST && costs->zero_cycles) {
		compute_cycles(cpu, costs->zero_cycles);
	}
	put_page(cpu, space, cached);
	map_new_page(cpu, space, page);
}

void space_fault_shared(struct cpu *cpu, struct space *space, struct draws *draws,
			struct page *cached)
{
	const struct memory *m = space->with.traffic->pages->memory;
	struct spinlock *lock;

	begin_fault(cpu, space, draws);
	get_page(cpu, space, cached);
	lock = table_lock(space);
	spin_lock(cpu, lock, LOCK_TICKET);
	fetch_add(cpu, page_mapcount(m, cached), 1);
	spin_unlock(cpu, lock, LOCK_TICKET);
	end_fault(cpu, space, (struct mapped){ cached, true });
}

/* ---- the end of the mapping -------------------------------------------------------------------- */

/* Where the pointer number i is kept. */
static struct page **slot_of(struct cpu *cpu, struct space *space, unsigned i)
{
	const struct memory *m = space->with.traffic->pages->memory;
	char *page;

	if (i < STACK_SLOTS)
		return &this_cpu(cpu, space->with.gather)->slot[i];
	i -= STACK_SLOTS;
	page = page_address(m, space->gather_page[i / GATHER_SLOTS]);
	return (struct page **)(page + GATHER_HEAD) + i % GATHER_SLOTS;
}

static void flush(struct cpu *cpu, struct space *space)
{
	unsigned most = traffic_group(space->with.traffic);

	for (unsigned done = 0; done < space->count;) {
		unsigned left = space->count - done, count = left < most ? left : most;

		for (unsigned i = 0; i < count; i++)
			space->gathered[done + i] = load(cpu, slot_of(cpu, space, done + i));
		traffic_pages_free_group(cpu, space->with.traffic, space->gathered + done, count);
		done += count;
	}
	space->count = 0;
}

static void gather(struct cpu *cpu, struct space *space, struct page *page)
{
	unsigned beyond = space->count - STACK_SLOTS;

	if (space->count >= STACK_SLOTS && beyond == space->gather_pages * GATHER_SLOTS)
		space->gather_page[space->gather_pages++] =
			traffic_pages_alloc(cpu, space->with.traffic, 0, GFP_KERNEL);
	store(cpu, slot_of(cpu, space, space->count), page);
	space->count++;
	if (space->count == GATHER_MAX)
		flush(cpu, space);
}

static void unmap_one(struct cpu *cpu, struct space *space, const struct mapped *mapped)
{
	const struct memory *m = space->with.traffic->pages->memory;

	if (mapped->cached) {
		fetch_add(cpu, page_mapcount(m, mapped->page), -1);
		put_page(cpu, space, mapped->page);
		return;
	}
	traffic_unmap(cpu, space->with.traffic, mapped->page);
	gather(cpu, space, mapped->page);
}

void space_unmap(struct cpu *cpu, struct space *space)
{
	op_begin(cpu, OP_UNMAP);
	traffic_lru_drain(cpu, space->with.traffic);
	for (uint64_t i = 0; i < space->pages; i++)
		unmap_one(cpu, space, &space->mapped[i]);
	for (uint64_t i = 0; i < space->tables; i++)
		gather(cpu, space, space->table[i]);
	flush(cpu, space);
	for (unsigned i = 0; i < space->gather_pages; i++)
		traffic_pages_free(cpu, space->with.traffic, space->gather_page[i], 0);
	space->pages = space->tables = 0;
	space->gather_pages = 0;
	op_end(cpu, 0, 0);
}
