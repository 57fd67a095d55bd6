/*
 * What commit dfb4f096 claims, exactly: CPU 0 allocates, CPU 1 frees, strictly in turn, one
 * handshake per object. What does that do to the page struct of the slab?
 *
 * A transfer is an access to one of its lines that the CPU no longer had; a bounce is a CPU's first
 * write to a line after another CPU wrote it. A pair is one allocation with its free. In a slab
 * of N objects every Nth allocation is a refill: CPU 0's list is empty, all N objects are on the
 * page's freelist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model_fixture.h"

enum { PAIRS = 80, PAGE_LINES = 2 };

struct pair_counts {
	unsigned transfers, bounces, upgrades;
	unsigned alloc_reads, alloc_writes;     /* CPU 0: transfers or upgrades for it */
	const char *path;                       /* of the allocation */
};

struct claim {
	struct fixture *f;
	void **mailbox;                 /* simulated: the object, or NULL */
	unsigned pair;
	bool inside;                    /* an operation is under way */
	struct page *page;         /* of the slab; the same all the time */
	int last_writer[PAGE_LINES];
	bool foreign_cpu_line;          /* CPU 1 touched CPU 0's kmem_cache_cpu */
	struct pair_counts count[PAIRS];
};

static uint64_t line_at(const struct claim *c, const void *address)
{
	return sim_offset(c->f->sim, address) / LINE;
}

static void count_page(struct claim *c, const struct access *a)
{
	struct pair_counts *count = &c->count[c->pair];
	int *last_writer = &c->last_writer[a->line / LINE - line_at(c, c->page)];
	bool lost = a->before == 'I', upgrade = a->write && a->before == 'S';

	count->transfers += lost;
	count->upgrades += upgrade;
	if (a->cpu == 0) {
		count->alloc_reads += lost && !a->write;
		count->alloc_writes += a->write && (lost || upgrade);
	}
	if (!a->write)
		return;
	count->bounces += *last_writer >= 0 && *last_writer != (int)a->cpu;
	*last_writer = (int)a->cpu;
}

static void observe(void *to, const struct access *a)
{
	struct claim *c = to;
	uint64_t offset = (uint64_t)((uintptr_t)a->address - (uintptr_t)c->page);

	if (!c->inside)
		return;
	if (a->op == OP_ALLOC)
		c->count[c->pair].path = a->path;
	if (c->page && offset < c->f->memory->view->size)
		count_page(c, a);
	if (c->f->era != ERA_2622 && a->cpu == 1 &&
	    a->line / LINE == line_at(c, fixture_cpu_slab(c->f, 0)))
		c->foreign_cpu_line = true;
}

static void producer(struct cpu *cpu, void *argument)
{
	struct claim *c = argument;
	struct fixture *f = c->f;

	for (unsigned i = 0; i < f->skip_pages; i++)
		f->page_model->alloc(cpu, f->page_state, 0, GFP_KERNEL);
	for (c->pair = 0; c->pair < PAIRS; c->pair++) {
		void *object;

		c->inside = true;
		op_begin(cpu, OP_ALLOC);
		object = f->objects.model->alloc(cpu, f->slub, f->cache, GFP_KERNEL);
		c->inside = false;
		op_end(cpu, 0, 0);
		c->page = fixture_slab(f, object);
		store(cpu, c->mailbox, object);
		spin_while(cpu, c->mailbox, value != NULL, STEP_PAUSE);
	}
}

static void consumer(struct cpu *cpu, void *argument)
{
	struct claim *c = argument;
	struct fixture *f = c->f;

	for (unsigned i = 0; i < PAIRS; i++) {
		void *object = spin_while(cpu, c->mailbox, value == NULL, STEP_PAUSE);

		c->inside = true;
		op_begin(cpu, OP_FREE);
		f->objects.model->free(cpu, f->slub, f->cache, object);
		c->inside = false;
		op_end(cpu, 0, 0);
		store(cpu, c->mailbox, NULL);
	}
}

static const struct layout mailbox_layout = { "mailbox", LINE, CLASS_WORKLOAD, NULL };

static struct claim *run(const struct fixture_options *options)
{
	struct claim *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->f = fixture_new(options);
	c->last_writer[0] = c->last_writer[1] = -1;
	c->mailbox = arena_alloc(c->f->sim, LINE, 1, 0, LINE, &mailbox_layout, "mailbox");
	sim_observe(c->f->sim, observe, c);
	thread_start(c->f->sim, 0, producer, c);
	thread_start(c->f->sim, 1, consumer, c);
	assert_int_equal(sim_run(c->f->sim), OUTCOME_DONE);
	fixture_expect_sound(c->f);
	return c;
}

static void end(struct claim *c)
{
	fixture_free(c->f);
	free(c);
}

/* ---- every pair -------------------------------------------------------- */

struct expected {
	unsigned transfers, bounces;    /* of the page struct, per pair */
};

/* From the third pair on; the first makes the slab. */
static void expect_pairs(const struct claim *c, struct expected fast, struct expected refill)
{
	unsigned objects = (unsigned)fixture_get(c->f, "KC.objects");

	for (unsigned i = 2; i < PAIRS; i++) {
		const struct pair_counts *count = &c->count[i];
		const struct expected *e = i % objects ? &fast : &refill;

		assert_string_equal(count->path, i % objects ? "fast" : "refill");
		if (count->transfers != e->transfers || count->bounces != e->bounces)
			fail_msg("%s, page frame %u mod 8, pair %u (%s): %u transfers, %u bounces, "
				 "expected %u and %u", era_name(c->f->era), c->f->skip_pages % 8, i,
				 count->path, count->transfers, count->bounces, e->transfers,
				 e->bounces);
	}
}

/*
 * slub-page, page structs on lines of their own. The allocation reads and writes
 * lockless_freelist: one transfer, one bounce. The free locks the page and writes freelist: one
 * transfer, one bounce. Twice per pair; a refill is no different.
 */
static void slub_page_moves_the_page_struct_exactly_twice_per_pair(void **state)
{
	struct claim *c = run(&(struct fixture_options){ .era = ERA_2622, .stride = LINE });

	(void)state;
	expect_pairs(c, (struct expected){ 2, 2 }, (struct expected){ 2, 2 });
	end(c);
}

/*
 * slub-cpu: between refills only CPU 1 touches the page struct, which stays modified in its cache.
 * A refill takes it once, for writing (the slab lock), and the free that follows takes it back.
 * CPU 1 never touches the kmem_cache_cpu of CPU 0.
 */
static void slub_cpu_takes_the_page_struct_once_per_refill(void **state)
{
	struct claim *c = run(&(struct fixture_options){ .era = ERA_2624, .stride = LINE });

	(void)state;
	expect_pairs(c, (struct expected){ 0, 0 }, (struct expected){ 2, 2 });
	for (unsigned i = 2; i < PAIRS; i++) {
		assert_int_equal(c->count[i].alloc_writes, i % 4 == 0);
		assert_int_equal(c->count[i].alloc_reads, 0);
	}
	assert_false(c->foreign_cpu_line);
	end(c);
}

/*
 * dfb4f096 alone: every fast allocation reads page->offset, which the free before modified: one
 * transfer. CPU 0 writes nothing there: no bounce. The free starts with a read of flags, which
 * finds the copy that the allocation left shared (after a refill fetches one), and its LOCK
 * upgrades it: one upgrade either way.
 */
static void with_dfb4f096_every_allocation_still_reads_the_page_struct(void **state)
{
	struct claim *c = run(&(struct fixture_options){ .era = ERA_DFB4F096, .stride = LINE });

	(void)state;
	expect_pairs(c, (struct expected){ 1, 0 }, (struct expected){ 2, 2 });
	for (unsigned i = 2; i < PAIRS; i++) {
		bool refill = i % 4 == 0;

		assert_int_equal(c->count[i].alloc_reads, !refill);
		assert_int_equal(c->count[i].alloc_writes, refill);
		assert_int_equal(c->count[i].upgrades, 1);
	}
	assert_false(c->foreign_cpu_line);
	end(c);
}

/* ---- packed page structs ----------------------------------------------- */

/*
 * 56 bytes: the struct of page frame i starts at byte (64 - 8 (i mod 8)) mod 64 of a line. What
 * lies in its second line, of flags 0, inuse 12, offset 14, lockless_freelist 16, freelist 32:
 *
 *	i mod 8   second line                                   first line
 *	0         -                                             all
 *	1         inuse offset lockless_freelist freelist       flags
 *	2         lockless_freelist freelist                    flags inuse offset
 *	3, 4      freelist                                      flags inuse offset lockless_freelist
 *	5, 6, 7   -                                             all
 *
 * 2.6.22, fast pair: CPU 0 reads offset and writes lockless_freelist; CPU 1 writes flags, inuse and
 * freelist and reads offset. The line of lockless_freelist is written by CPU 1 too in every row (1:
 * inuse; 2: freelist; else: flags): 2 transfers, 2 bounces. In row 2 offset lies in the other line,
 * which CPU 1 alone writes: CPU 0's read is one transfer more and no bounce. In rows 1, 3 and 4 the
 * other line is CPU 1's alone.
 *
 * 2.6.24, fast pair: CPU 1 alone, in every row: none.
 *
 * dfb4f096, fast pair: CPU 0 reads offset, whose line CPU 1 writes in every row (1: inuse; else:
 * flags): one transfer, no bounce.
 *
 * Refill: CPU 0 writes flags, inuse and freelist, and so does the free that follows: two transfers
 * and two bounces for each line they lie in: two lines in rows 1 to 4, else one.
 */
static const struct {
	struct expected fast[ERA_2624 + 1], refill;
} packed[8] = {
	/*      2.6.22    dfb4f096  2.6.24      refill  */
	{ { { 2, 2 }, { 1, 0 }, { 0, 0 } }, { 2, 2 } },
	{ { { 2, 2 }, { 1, 0 }, { 0, 0 } }, { 4, 4 } },
	{ { { 3, 2 }, { 1, 0 }, { 0, 0 } }, { 4, 4 } },
	{ { { 2, 2 }, { 1, 0 }, { 0, 0 } }, { 4, 4 } },
	{ { { 2, 2 }, { 1, 0 }, { 0, 0 } }, { 4, 4 } },
	{ { { 2, 2 }, { 1, 0 }, { 0, 0 } }, { 2, 2 } },
	{ { { 2, 2 }, { 1, 0 }, { 0, 0 } }, { 2, 2 } },
	{ { { 2, 2 }, { 1, 0 }, { 0, 0 } }, { 2, 2 } },
};

static void packed_page_structs_move_as_their_place_in_the_line_says(void **state)
{
	(void)state;
	for (enum era era = 0; era <= ERA_2624; era++) {
		for (unsigned i = 0; i < 8; i++) {
			struct claim *c = run(&(struct fixture_options){
				.era = era, .skip_pages = i });

			assert_int_equal(page_to_pfn(c->f->memory, (struct page *)c->page) % 8, i);
			expect_pairs(c, packed[i].fast[era], packed[i].refill);
			end(c);
		}
	}
}

/* ---- larger slabs ------------------------------------------------------ */

/*
 * Of 80 allocations the first makes the slab; then every Nth is a refill: (80 - 1) / N of them.
 * Objects of 1024 bytes: N = 4 by default, 8 with min_objects 8, 16 with slabs of 4 pages.
 */
static const struct {
	uint64_t min_objects, min_order, max_order;
	unsigned objects, refills;
} sizes[] = {
	{ 4, 0, 1, 4, 19 }, { 8, 0, 1, 8, 9 }, { 4, 2, 2, 16, 4 }, { 16, 0, 3, 16, 4 },
};

static void larger_slabs_lower_the_refills(void **state)
{
	(void)state;
	for (enum era era = 0; era <= ERA_2624; era++) {
		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
			struct claim *c = run(&(struct fixture_options){
				.era = era, .stride = LINE,
				.min_objects = sizes[i].min_objects,
				.min_order = sizes[i].min_order, .max_order = sizes[i].max_order });
			unsigned refills = 0;

			for (unsigned k = 0; k < PAIRS; k++)
				refills += strcmp(c->count[k].path, "refill") == 0;
			assert_int_equal(fixture_get(c->f, "KC.objects"), sizes[i].objects);
			assert_int_equal(refills, sizes[i].refills);
			end(c);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slub_page_moves_the_page_struct_exactly_twice_per_pair),
		cmocka_unit_test(slub_cpu_takes_the_page_struct_once_per_refill),
		cmocka_unit_test(with_dfb4f096_every_allocation_still_reads_the_page_struct),
		cmocka_unit_test(packed_page_structs_move_as_their_place_in_the_line_says),
		cmocka_unit_test(larger_slabs_lower_the_refills),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
