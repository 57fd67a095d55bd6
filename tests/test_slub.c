/*
 * What the SLUB models share: orders and size classes, invariants and their violation, interrupts
 * in the middle of making a slab, memory cost, and random traffic of several CPUs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/pages/zone.h"
#include "tests/model_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
/* The proposal as it was posted loses slabs: it has tests of its own. */
#define EACH_ERA(era) for (enum era era = 0; era < ERA_TAGGED_V1; era++)
/* With cpu_slab[] in struct kmem_cache. */
#define EACH_OLD_ERA(era) for (enum era era = 0; era <= ERA_2624; era++)

/* ---- orders and size classes ------------------------------------------- */

/* The sheet's table, 2.7: size -> (order, objects). */
static const struct { unsigned size, order, objects; } orders[] = {
	{ 8, 0, 512 }, { 16, 0, 256 }, { 32, 0, 128 }, { 64, 0, 64 }, { 96, 0, 42 }, { 128, 0, 32 },
	{ 192, 0, 21 }, { 256, 0, 16 }, { 512, 0, 8 }, { 1024, 0, 4 }, { 2048, 1, 4 },
	{ 4096, 1, 2 }, { 8192, 1, 1 },
};

static void slabs_have_the_order_of_the_sheet(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){ .era = ERA_2622 });

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		const struct kmem_cache *s = f->objects.model->kmalloc_cache(f->slub,
									     orders[i].size);

		assert_int_equal(f->objects.model->object_size(s), orders[i].size);
		assert_int_equal(fixture_get_of(f, s, "KC.order"), orders[i].order);
		assert_int_equal(f->objects.model->objects_per_slab(s), orders[i].objects);
	}
	fixture_free(f);
}

/*
 * min_objects 8 of 1024 bytes need 8192 bytes: order 1. min_objects 32 need order 3; at most order
 * 1 is allowed, so 32, 16 are given up and 8 fit. min_order 2: 16384 / 1024 = 16. Above max_order
 * it is the fallback: the first order that holds one object.
 *	896	4096 = 4 * 896 + 512, and 512 is 4096 / 8: just not too much waste
 *	1640	4 need order 1; 8192 = 4 * 1640 + 1632 is above 8192 / 8 and below 8192 / 4
 *	760	23 and 11 do not fit (8192 / 760 = 10), 5 do: 4096 = 5 * 760 + 296
 *	8	min_order 10 gives way where inuse has 16 bits: 2^19 / 8 = 65536 are too many, 2^18
 *		/ 8 fit (2.6.23); 2.6.24 has no such limit: 2^22 / 8
 *	1024	2.6.39: 13 objects, and at most order 3: 16384 = 16 * 1024. 33 objects: no more than the
 *		32 that fit. At most order 1 and 33: 8 fit
 *	760	2.6.39: 11 and 10 at most order 1 with 8192 / 16 = 512 wasted at most: 8192 = 10 *
 *		760 + 592, and 592 is below 8192 / 8
 *	8	2.6.39: min_order 10 gives 65536 objects or more, so one below get_order(65535 * 8
 *		= 128 pages less 8 bytes) = 7
 */
static const struct {
	enum era era;
	uint64_t min_objects, min_order, max_order;
	unsigned size, order, objects;
} knobs[] = {
	{ ERA_2624, 4, 0, 1, 1024, 0, 4 },   { ERA_2624, 8, 0, 1, 1024, 1, 8 },
	{ ERA_2624, 32, 0, 1, 1024, 1, 8 },  { ERA_2624, 32, 0, 3, 1024, 3, 32 },
	{ ERA_2624, 4, 2, 3, 1024, 2, 16 },  { ERA_2624, 4, 3, 1, 1024, 3, 32 },
	{ ERA_2624, 4, 0, 1, 896, 0, 4 },    { ERA_2624, 4, 0, 1, 1640, 1, 4 },
	{ ERA_2624, 23, 0, 1, 760, 0, 5 },   { ERA_2622, 4, 10, 10, 8, 6, 32768 },
	{ ERA_DFB4F096, 4, 10, 10, 8, 6, 32768 }, { ERA_2624, 4, 10, 10, 8, 10, 524288 },
	{ ERA_2639, 13, 0, 3, 1024, 2, 16 }, { ERA_2639, 33, 0, 3, 1024, 3, 32 },
	{ ERA_2639, 33, 0, 1, 1024, 1, 8 },  { ERA_2639, 11, 0, 1, 760, 1, 10 },
	{ ERA_2639, 4, 10, 10, 8, 6, 32768 },
};

/*
 * The sheet's table, 3.9, from 2.6.30 on: by the number of CPUs, of which there are 4, 8 and 16 (or
 * more).
 */
static const struct { unsigned size; struct { unsigned order, objects; } by_cpus[3]; } later[] = {
	{ 8, { { 0, 512 }, { 0, 512 }, { 0, 512 } } },   { 16, { { 0, 256 }, { 0, 256 }, { 0, 256 } } },
	{ 32, { { 0, 128 }, { 0, 128 }, { 0, 128 } } },  { 64, { { 0, 64 }, { 0, 64 }, { 0, 64 } } },
	{ 96, { { 0, 42 }, { 0, 42 }, { 0, 42 } } },     { 128, { { 0, 32 }, { 0, 32 }, { 0, 32 } } },
	{ 192, { { 0, 21 }, { 0, 21 }, { 1, 42 } } },    { 256, { { 0, 16 }, { 1, 32 }, { 1, 32 } } },
	{ 512, { { 1, 16 }, { 2, 32 }, { 2, 32 } } },    { 1024, { { 2, 16 }, { 3, 32 }, { 3, 32 } } },
	{ 2048, { { 3, 16 }, { 3, 16 }, { 3, 16 } } },   { 4096, { { 3, 8 }, { 3, 8 }, { 3, 8 } } },
	{ 8192, { { 3, 4 }, { 3, 4 }, { 3, 4 } } },
};

static void later_slabs_have_the_order_of_the_sheet_by_cpus(void **state)
{
	static const unsigned cpus[] = { 4, 8, 16 };

	(void)state;
	for (enum era era = ERA_2639; era < ERAS; era++)
		for (size_t by = 0; by < COUNT(cpus); by++) {
			struct fixture *f = fixture_new(&(struct fixture_options){
				.era = era, .cpus = cpus[by], .orders_by_cpus = true });

			for (size_t i = 0; i < COUNT(later); i++) {
				const struct kmem_cache *s = f->objects.model->kmalloc_cache(
					f->slub, later[i].size);

				assert_int_equal(fixture_get_of(f, s, "KC.order"),
						 later[i].by_cpus[by].order);
				assert_int_equal(fixture_get_of(f, s, "KC.objects"),
						 later[i].by_cpus[by].objects);
			}
			fixture_free(f);
		}
}

/* 4.7: log2 of the size from 5 to 10. 5.10: from 3.2 on half of that, at least 5. */
static void empty_slabs_are_kept_by_size(void **state)
{
	static const struct { unsigned size, kept, kept_later; } sizes[] = {
		{ 8, 5, 5 }, { 32, 5, 5 }, { 64, 6, 5 }, { 96, 6, 5 }, { 128, 7, 5 }, { 192, 7, 5 },
		{ 256, 8, 5 }, { 512, 9, 5 }, { 1024, 10, 5 }, { 2048, 10, 5 }, { 4096, 10, 6 },
		{ 8192, 10, 6 },
	};

	(void)state;
	for (enum era era = ERA_2639; era < ERAS; era++) {
		struct fixture *f = fixture_new(&(struct fixture_options){ .era = era });

		for (size_t i = 0; i < COUNT(sizes); i++) {
			const struct kmem_cache *s = f->objects.model->kmalloc_cache(f->slub,
										     sizes[i].size);

			assert_int_equal(fixture_get_of(f, s, "KC.min_partial"),
					 era < ERA_32 ? sizes[i].kept : sizes[i].kept_later);
		}
		fixture_free(f);
	}
}

static void settings_change_the_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(knobs); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = knobs[i].era, .object_size = knobs[i].size,
			.min_objects = knobs[i].min_objects,
			.min_order = knobs[i].min_order, .max_order = knobs[i].max_order });

		assert_int_equal(fixture_get(f, "KC.order"), knobs[i].order);
		assert_int_equal(fixture_get(f, "KC.objects"), knobs[i].objects);
		fixture_free(f);
	}
}

static const struct { size_t asked; unsigned size;
} classes[] = {
	{1, 8},    {8, 8},     {9, 16},    {64, 64},   {65, 96},     {96, 96},
	{97, 128}, {129, 192}, {192, 192}, {193, 256}, {1025, 2048}, {2048, 2048},
};

/* 0.6: 2.6.24 sends more than 2048 bytes to the page allocator, 2.6.22 nothing up to 4 MiB, 2.6.30
 * and later more than 8192. */
static void kmalloc_has_the_size_classes_of_its_version(void **state)
{
	(void)state;
	EACH_ERA(era) {
		struct fixture *f = fixture_new(&(struct fixture_options){ .era = era });
		const struct object_allocator *model = f->objects.model;
		struct kmem_cache *large = model->kmalloc_cache(f->slub, 2049);

		for (size_t i = 0; i < COUNT(classes); i++) {
			struct kmem_cache *s = model->kmalloc_cache(f->slub, classes[i].asked);

			assert_int_equal(model->object_size(s), classes[i].size);
		}
		if (era == ERA_2622) {
			assert_int_equal(model->object_size(large), 4096);
			assert_non_null(model->kmalloc_cache(f->slub, 4 << 20));
			assert_null(model->kmalloc_cache(f->slub, (4 << 20) + 1));
		} else if (era <= ERA_2624) {
			assert_null(large);
		} else {
			assert_int_equal(model->object_size(large), 4096);
			assert_int_equal(model->object_size(model->kmalloc_cache(f->slub, 8192)),
					 8192);
			assert_null(model->kmalloc_cache(f->slub, 8193));
		}
		fixture_free(f);
	}
}

static void large_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;
	const struct object_allocator *model = f->objects.model;
	static const size_t sizes[] = { 3000, 5000, 20000, 2000 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		op_begin(cpu, OP_ALLOC);
		f->slot[i] = model->kmalloc(cpu, f->slub, sizes[i], GFP_KERNEL);
		op_end(cpu, 0, 0);
		assert_true(model->owns(f->slub, NULL, f->slot[i]));
	}
	f->left = f->page_model->free_pages(f->page_state);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		op_begin(cpu, OP_FREE);
		model->kfree(cpu, f->slub, f->slot[i]);
		op_end(cpu, 0, 0);
	}
}

/* 1024 pages in all. 3000, 5000, 20000 bytes take 1, 2, 8 pages; 2000 bytes a slab of 2. With
 * 2.6.22 the first is an object of a 2 page slab, too. From 2.6.39 on it is, and so are 5000 bytes,
 * with order 1 and one object: min_objects 4 does not fit. */
static void large_kmalloc_takes_and_gives_back_pages(void **state)
{
	(void)state;
	EACH_ERA(era) {
		struct fixture *f = fixture_new(&(struct fixture_options){ .era = era, .cpus = 1 });
		bool small = era <= ERA_2624 && era != ERA_2622;
		unsigned taken = small ? 1 + 2 + 8 + 2 : 2 + 2 + 8 + 2;
		unsigned kept = era == ERA_2622 ? 2 + 2 + 8 + 2 :       /* CPU slabs stay */
				small		? 2 : 2 + 2 + 2;

		thread_start(f->sim, 0, large_thread, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(f->left, 1024 - taken);
		assert_int_equal(f->page_model->free_pages(f->page_state), 1024 - kept);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- accesses of zeroing ----------------------------------------------- */

/* 1024 bytes are 16 lines; objsize is read from kmem_cache, with 2.6.24 from kmem_cache_cpu. From
 * 3.18 on the next object, b's neighbour, is prefetched; no object is read but for that. */
static void zeroing_writes_each_line_of_the_object(void **state)
{
	(void)state;
	EACH_ERA(era) {
		struct fixture *f = fixture_new(
			&(struct fixture_options){.era = era, .stride = LINE});
		unsigned written = 0;

		fixture_run(f, "0+a !0*b");
		for (unsigned i = 0; i < f->count; i++)
			written += address_to_pfn(f->memory, f->touched[i].address) <
					   f->memory->pages &&
				   f->touched[i].write;
		assert_int_equal(written, 16);
		if (era == ERA_2624)
			fixture_expect_lines(f, "CPA", "CS OB", 0);
		else if (era == ERA_DFB4F096)
			fixture_expect_lines(f, "PG KC0", "CS OB", 0);
		else if (era == ERA_2622)
			fixture_expect_lines(f, "CPA KC0", "PG OB", 0);
		else if (era < ERA_318)
			fixture_expect_lines(f, "KC0", "CS OB", 0);
		else
			fixture_expect_lines(f, "KC0 OB", "CS OB", 0);
		fixture_free(f);
	}
}

/* ---- remote nodes ------------------------------------------------------ */

/* CPU 1 on node 1: its slab comes from there and is counted in that node's struct. */
static void a_cpu_takes_slabs_of_its_own_node(void **state)
{
	(void)state;
	EACH_ERA(era) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = era, .nodes = 2, .placement = PLACEMENT_SCATTER, .mib = 8 });

		fixture_run(f, "0+a 1+b 0-b 1-a");
		assert_int_equal(pfn_to_node(f->memory, address_to_pfn(f->memory, f->slot['a'])),
				 0);
		assert_int_equal(pfn_to_node(f->memory, address_to_pfn(f->memory, f->slot['b'])),
				 1);
		assert_int_equal(fixture_get(f, "ND.nr_slabs"), 1);
		assert_int_equal(fixture_get(f, "ND1.nr_slabs"), 1);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/*
 * CPU 0, node 0, leaves four partial slabs behind; CPU 1 on node 1 has none. With a ratio of 0 it
 * makes a slab of its own; with 1023 it always looks at the other nodes, and takes one of the
 * four if they are more than min_partial, here 3, or not if that is 4.
 */
static void other_nodes_partial_slabs_are_taken_by_ratio(void **state)
{
	static const struct { int ratio; uint64_t min_partial; unsigned node; } cases[] = {
		{ 0, 3, 1 }, { 1023, 3, 0 }, { 1023, 4, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = ERA_2624, .nodes = 2, .placement = PLACEMENT_SCATTER, .mib = 8,
			.min_partial = cases[i].min_partial });

		fixture_set(f, "KC.defrag_ratio", (uint64_t)cases[i].ratio);
		fixture_run(f,
			    "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0+h 0+i 0+j 0+k 0+l 0+m 0+n 0+o 0+p 0+q "
			    "0-a 0-e 0-i 0-m !1+z");
		assert_string_equal(f->path, cases[i].node ? "new slab" : "partial");
		assert_int_equal(pfn_to_node(f->memory, address_to_pfn(f->memory, f->slot['z'])),
				 cases[i].node);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* Four full slabs of a CPU and one of its own, by its objects; then an object of each full one comes
 * back. Both CPUs allocate first, or the second would take what the first one left. */
#define FIVE_LOWER(cpu) \
	cpu "+a " cpu "+b " cpu "+c " cpu "+d " cpu "+e " cpu "+f " cpu "+g " cpu "+h " cpu "+i " \
	cpu "+j " cpu "+k " cpu "+l " cpu "+m " cpu "+n " cpu "+o " cpu "+p " cpu "+q "
#define FOUR_LOWER(cpu) cpu "-a " cpu "-e " cpu "-i " cpu "-m "
#define FIVE_UPPER(cpu) \
	cpu "+A " cpu "+B " cpu "+C " cpu "+D " cpu "+E " cpu "+F " cpu "+G " cpu "+H " cpu "+I " \
	cpu "+J " cpu "+K " cpu "+L " cpu "+M " cpu "+N " cpu "+O " cpu "+P " cpu "+Q "
#define FOUR_UPPER(cpu) cpu "-A " cpu "-E " cpu "-I " cpu "-M "
#define LEAVE_FOUR(lower, upper) \
	FIVE_LOWER(lower) FIVE_UPPER(upper) FOUR_LOWER(lower) FOUR_UPPER(upper)

/*
 * 2.4.8 e: nodes in the order of the zonelist, nearest first. Node 1 is next to 3 and 0, which come in
 * this order, as those after it come first; node 2, the next by number, is two hops away.
 */
static void other_nodes_are_looked_at_nearest_first(void **state)
{
	static const struct { const char *script; unsigned node; } cases[] = {
		{ LEAVE_FOUR("2", "3") "!1+z", 3 },
		{ LEAVE_FOUR("0", "2") "!1+z", 0 },
		{ LEAVE_FOUR("0", "3") "!1+z", 3 },
		{ FIVE_LOWER("2") FOUR_LOWER("2") "!1+z", 2 },
	};
	static const enum era eras[] = { ERA_2622, ERA_2624, ERA_2639, ERA_31 };

	(void)state;
	for (size_t i = 0; i < COUNT(eras) * COUNT(cases); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = eras[i / COUNT(cases)], .nodes = 4, .cpus = 4,
			.placement = PLACEMENT_SCATTER, .mib = 16, .min_partial = 3 });

		fixture_set(f, "KC.defrag_ratio", 1023);
		fixture_run(f, cases[i % COUNT(cases)].script);
		assert_string_equal(f->path, "partial");
		assert_int_equal(pfn_to_node(f->memory, address_to_pfn(f->memory, f->slot['z'])),
				 cases[i % COUNT(cases)].node);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* 2.4.8 and what later chapters change: the own node has none; the ratio; its own node again, then
 * the other one, whose two are more than the one that is kept; z out of the first of them. */
#define NONE_HERE    ", R KCN, R ND.nr_partial, R KC.defrag_ratio"
#define LOOK(MIN)    NONE_HERE ", R KCN, R ND.nr_partial" MIN ", R KCN1, R ND1.nr_partial" MIN
#define OTHER(MIN)   LOOK(MIN) ", R ND1.nr_partial, A ND1.lock, R ND1.partial_next"
#define MIN_PARTIAL  ", R KC.min_partial"
/* The list prefetch (0.5), then the slab lock. */
#define TRY(next)    ", R PG(z).lru_next, P PG(" next ").lru_next, A PG(z).flags"
#define OFF(next) \
	", R PG(z).lru_next, R PG(z).lru_prev, W PG(" next ").lru_prev, W ND1.partial_next" \
	", W PG(z).lru_next, W PG(z).lru_prev, M ND1.nr_partial"
#define AC16         ", R PG(z).freelist, R PG(z).counters, R KC.flags, A PG(z).freelist"
#define LOAD         ", R KC.offset, R OB(z), W CS.freelist, M CS.tid"

static const struct { enum era era; const char *path; } of_another_node[] = {
	/* A slab that becomes partial comes first: that of e. */
	{ ERA_2622, "R CPA" OTHER("") TRY("a") OFF("a") ", M PG(z).flags, W ND1.lock, W CPA"
	  ", R PG(z).freelist, R PG(z).flags, R PG(z).offset, R OB(z), W PG(z).lockless, R KC.objects"
	  ", W PG(z).inuse, W PG(z).freelist, R PG(z).flags, A PG(z).flags" },
	/* Last: that of a is first. */
	{ ERA_2624, "R CPA, R CS.freelist, R CS.page" OTHER("") TRY("e") OFF("e")
	  ", M PG(z).flags, W ND1.lock, W CS.page, R PG(z).freelist, R PG(z).flags, R CS.offset, R OB(z)"
	  ", W CS.freelist, R KC.objects, W PG(z).inuse, W PG(z).freelist, R PG(z).flags, W CS.node"
	  ", A PG(z).flags" },
	{ ERA_2639, "R KC.cpu_slab, R CS.tid, R CS.freelist, R CS.page" OTHER(MIN_PARTIAL) TRY("e")
	  OFF("e") ", M PG(z).flags, M ND1.lock, W CS.page, R PG(z).freelist, R KC.flags, R KC.offset"
	  ", R OB(z), W CS.freelist, R PG(z).objects, W PG(z).inuse, W PG(z).freelist, R PG(z).flags"
	  ", W CS.node, M PG(z).flags, M CS.tid" },
	/* 5.5.6: no prefetch, no slab lock. */
	{ ERA_31, "R KC.cpu_slab, R CS.tid, R CS.freelist, R CS.page" OTHER(MIN_PARTIAL) AC16 OFF("e")
	  ", W CS.freelist, W CS.page, R PG(z).flags, W CS.node, M ND1.lock, R CS.freelist, R KC.flags"
	  LOAD },
	/* 6.2, without partial slabs of CPUs: the mark, twice; the fast path reads the page. */
	{ ERA_318, "R KC.cpu_slab, R CS.tid, R CS.freelist, R CS.page, R CS.page" OTHER(MIN_PARTIAL)
	  ", R PG(z).lru_next, R PG(z).flags" AC16 OFF("e") ", W CS.page, M ND1.lock, R KC.flags"
	  ", R PG(z).flags" LOAD },
};

static void a_slab_of_another_node_makes_the_accesses_of_the_sheet(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(of_another_node); i++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = of_another_node[i].era, .nodes = 2, .placement = PLACEMENT_SCATTER,
			.mib = 8, .min_partial = 1, .no_cpu_partial = true, .stride = LINE });

		print_message("%s\n", era_name(of_another_node[i].era));
		fixture_set(f, "KC.defrag_ratio", 1023);
		fixture_run(f, "1+a 1+b 1+c 1+d 1+e 1+f 1+g 1+h 1+i 1-a 1-e !0+z");
		fixture_expect_path(f, of_another_node[i].path);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- an interrupt while a slab is made --------------------------------- */

/* What the handler leaves behind: two objects in use; none; the same, and the slab of a partial. */
enum {
	LEAVE_TWO = 1, LEAVE_NONE, LEAVE_ON_BOTH_LISTS,
	LEAVE_TWO_AND_FREE_A, LEAVE_NONE_AND_FREE_A
};

static bool frees_a(const struct fixture *f)
{
	return f->left >= LEAVE_TWO_AND_FREE_A;
}

/* A slab of the handler's: x and z in use, y and the fourth object on the CPU's list. Another CPU,
 * here nobody's, puts z back on the page's freelist: "objects on both lists". */
static void handler_on_both_lists(struct fixture *f)
{
	*(uint64_t *)f->slot['z'] = fixture_get(f, "PG(z).freelist");
	fixture_set(f, "PG(z).freelist", (uintptr_t)f->slot['z']);
	fixture_set(f, "PG(z).inuse", fixture_get(f, "PG(z).inuse") - 1);
}

static void handler_free(struct cpu *cpu, struct fixture *f, unsigned slot)
{
	op_begin(cpu, OP_FREE);
	f->objects.model->free(cpu, f->slub, f->cache, f->slot[slot]);
	op_end(cpu, 0, 0);
}

/* Allocates x, y, z and frees y at least. */
static void handler(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	for (unsigned slot = 'x'; slot <= 'z'; slot++) {
		op_begin(cpu, OP_ALLOC);
		f->slot[slot] = f->objects.model->alloc(cpu, f->slub, f->cache, GFP_ATOMIC);
		op_end(cpu, 0, 0);
	}
	handler_free(cpu, f, 'y');
	if (f->left == LEAVE_NONE || f->left == LEAVE_NONE_AND_FREE_A) {
		handler_free(cpu, f, 'x');
		handler_free(cpu, f, 'z');
	}
	if (f->left == LEAVE_ON_BOTH_LISTS)
		handler_on_both_lists(f);
	if (frees_a(f))
		handler_free(cpu, f, 'a');
	f->slot['!'] = f;               /* the handler was here */
}

/* Interrupts are on in here, for the caller may sleep; the handler's own slab does not wait. */
static void interrupt_once(struct cpu *cpu, struct fixture *f)
{
	if (f->slot['?'] || (frees_a(f) && !f->slot['d']))
		return;
	f->slot['?'] = f;
	ipi_send(cpu, cpu_id(cpu), handler, f);
	while (!f->slot['!'])
		compute(cpu, STEP_PAUSE);
}

static struct fixture *interrupted(enum era era, unsigned leave, unsigned min_partial,
				   bool bugs_released, const char *script)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.era = era, .cpus = 1, .min_partial = min_partial,
		.bugs_released = bugs_released });

	f->meanwhile = interrupt_once;
	f->left = leave;
	fixture_run(f, script);
	assert_ptr_equal(f->slot['!'], f);
	fixture_expect_sound(f);
	return f;
}

#define FIVE "0+a 0+b 0+c 0+d 0+e"

static uint64_t in_use(const struct fixture *f)
{
	return f->objects.model->in_use(f->slub);
}

/*
 * 2.4.10 and 3.4.7 as released: the new slab goes back, the handler's stays. Its freelist, z, is
 * not empty, so it becomes the CPU's list in place of y and the fourth object: those two are lost,
 * a is z. In use are a, x and the two.
 */
static void a_slab_that_an_interrupt_made_loses_objects_as_released(void **state)
{
	(void)state;
	for (enum era era = ERA_2622; era <= ERA_DFB4F096; era++) {
		struct fixture *f = interrupted(era, LEAVE_ON_BOTH_LISTS, 1, true, "0+a");

		assert_int_equal(fixture_get(f, "ND.nr_slabs"), 1);
		assert_ptr_equal(f->slot['a'], f->slot['z']);
		assert_int_equal(f->page_model->free_pages(f->page_state), 1023);
		assert_int_equal(in_use(f), 2 + 2);
		fixture_free(f);
	}
}

/*
 * 2.4.10, the other half: z is in use too, so the freelist is empty. Step 7 merges y and the fourth
 * object back and puts the slab at the head of the partial list, step 8 takes it at once. Nothing
 * is lost: in use are x, z and a.
 */
static void a_slab_that_an_interrupt_made_is_merged_if_its_freelist_is_empty(void **state)
{
	(void)state;
	for (enum era era = ERA_2622; era <= ERA_DFB4F096; era++) {
		struct fixture *f = interrupted(era, LEAVE_TWO, 1, true, "0+a");

		assert_int_equal(fixture_get(f, "ND.nr_slabs"), 1);
		assert_int_equal(fixture_get(f, "ND.nr_partial"), 0);
		assert_ptr_equal(fixture_slab(f, f->slot['a']), fixture_slab(f, f->slot['x']));
		assert_int_equal(in_use(f), 3);
		fixture_free(f);
	}
}

/* As fixed by 05aa345034d, and with 2.6.24 whatever is asked for: no object is lost. The handler's
 * slab is flushed; in use are x and a. */
static void a_slab_that_an_interrupt_made_loses_nothing_as_fixed(void **state)
{
	(void)state;
	EACH_OLD_ERA(era) {
		struct fixture *f = interrupted(era, LEAVE_ON_BOTH_LISTS, 1, era == ERA_2624,
						"0+a");

		assert_int_equal(fixture_get(f, "ND.nr_slabs"), 2);
		assert_int_equal(fixture_get(f, "PG(x).inuse"), 1);
		assert_int_equal(in_use(f), 2);
		fixture_free(f);
	}
}

/* 2.4.10, 3.4.7: the slab that the handler made is flushed with the two objects left on the CPU's
 * list (the fourth, and y): in use are x and z, so it goes to the partial list. */
static void the_slab_that_an_interrupt_made_is_flushed_as_fixed(void **state)
{
	(void)state;
	EACH_ERA(era) {
		struct fixture *f = interrupted(era, LEAVE_TWO, 1, false, "0+a");

		assert_ptr_not_equal(fixture_slab(f, f->slot['a']), fixture_slab(f, f->slot['x']));
		assert_int_equal(fixture_get(f, "ND.nr_slabs"), 2);
		assert_int_equal(fixture_get(f, "ND.nr_partial"), 1);
		assert_int_equal(fixture_get(f, "ND.partial_next"),
				 (uintptr_t)fixture_place(f, "PG(x).lru_next"));
		assert_int_equal(fixture_get(f, "PG(x).inuse"), 2);
		fixture_free(f);
	}
}

/* 2.4.7c: the handler freed everything, so the flushed slab is empty: kept on the partial list,
 * of 0 slabs so far, as that is below min_partial. */
static void an_empty_slab_that_is_flushed_is_kept_below_min_partial(void **state)
{
	struct fixture *f = interrupted(ERA_2624, LEAVE_NONE, 1, false, "0+a");

	(void)state;
	assert_int_equal(fixture_get(f, "ND.nr_slabs"), 2);
	assert_int_equal(fixture_get(f, "ND.nr_partial"), 1);
	fixture_free(f);
}

/* The same at the second slab, with the first made partial by the handler: 1 partial slab is not
 * below min_partial 1, so the empty one is given back. Left are the first and the new slab. */
static void an_empty_slab_that_is_flushed_goes_back_at_min_partial(void **state)
{
	struct fixture *f = interrupted(ERA_2624, LEAVE_NONE_AND_FREE_A, 1, false, FIVE);

	(void)state;
	assert_int_equal(fixture_get(f, "ND.nr_slabs"), 2);
	assert_int_equal(fixture_get(f, "ND.nr_partial"), 1);
	assert_int_equal(f->page_model->free_pages(f->page_state), 1022);
	fixture_free(f);
}

/*
 * 2.4.7c at the second slab, to 2.6.24, with the first made partial by the handler: the flushed slab goes to
 * the head, before it, if objects of it are in use; to the tail, behind it, if it is empty and
 * kept, as 1 partial slab is below min_partial 2.
 */
static void a_slab_given_up_goes_to_the_head_or_empty_to_the_tail(void **state)
{
	static const unsigned leave[] = { LEAVE_TWO_AND_FREE_A, LEAVE_NONE_AND_FREE_A };

	(void)state;
	EACH_OLD_ERA(era) {
		for (size_t i = 0; i < COUNT(leave); i++) {
			struct fixture *f = interrupted(era, leave[i], 2, false, FIVE);
			const char *x = i == 0 ? "ND.partial_next" : "ND.partial_prev";
			const char *a = i == 0 ? "ND.partial_prev" : "ND.partial_next";

			assert_int_equal(fixture_get(f, "ND.nr_partial"), 2);
			assert_int_equal(fixture_get(f, x),
					 (uintptr_t)fixture_place(f, "PG(x).lru_next"));
			assert_int_equal(fixture_get(f, a),
					 (uintptr_t)fixture_place(f, "PG(a).lru_next"));
			fixture_free(f);
		}
	}
}

static void note_interrupt(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	(void)cpu;
	f->slot['!'] = f;
}

/* Sends itself an interrupt and goes on long after it has arrived; '+' if it was let in. */
static void interrupt_and_look(struct cpu *cpu, struct fixture *f)
{
	ipi_send(cpu, cpu_id(cpu), note_interrupt, f);
	for (unsigned i = 0; i < 10000; i++)
		compute(cpu, STEP_PAUSE);
	f->slot['+'] = f->slot['!'];
}

static void one_thread(struct cpu *cpu, void *argument)
{
	struct fixture *f = argument;

	op_begin(cpu, OP_ALLOC);
	f->slot['a'] = f->objects.model->alloc(cpu, f->slub, f->cache, (unsigned)f->left);
	op_end(cpu, 0, 0);
	compute(cpu, STEP_PAUSE);
}

/* 2.4.9, 3.4.7: interrupts come on while a slab is made if the caller may sleep, and else do not:
 * the interrupt waits for the end of the allocation. */
static void interrupts_are_let_in_only_if_the_caller_may_sleep(void **state)
{
	(void)state;
	EACH_ERA(era) {
		for (unsigned gfp = GFP_KERNEL; gfp <= GFP_ATOMIC; gfp++) {
			struct fixture *f = fixture_new(&(struct fixture_options){
				.era = era, .cpus = 1 });

			f->meanwhile = interrupt_and_look;
			f->left = gfp;
			thread_start(f->sim, 0, one_thread, f);
			assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
			assert_int_equal(f->slot['+'] != NULL, gfp == GFP_KERNEL);
			assert_ptr_equal(f->slot['!'], f);
			fixture_expect_sound(f);
			fixture_free(f);
		}
	}
}

/* ---- no memory ----------------------------------------------------------- */

static void *alloc_one(struct cpu *cpu, struct fixture *f)
{
	void *object;

	op_begin(cpu, OP_ALLOC);
	object = f->objects.model->alloc(cpu, f->slub, f->cache, GFP_KERNEL);
	op_end(cpu, 0, 0);
	return object;
}

static void exhaust(struct cpu *cpu, void *argument)
{
	static void *object[4000];
	struct fixture *f = argument;
	unsigned count = 0;

	while ((object[count] = alloc_one(cpu, f)))
		count++;
	f->left = count;
	ipi_send(cpu, cpu_id(cpu), note_interrupt, f);
	for (unsigned i = 0; i < 10000; i++)
		compute(cpu, STEP_PAUSE);
	assert_ptr_equal(f->slot['!'], f);
	f->slot['a'] = object[0];
	handler_free(cpu, f, 'a');      /* its slab is the only one with a free object */
	assert_ptr_equal(alloc_one(cpu, f), object[0]);
	for (unsigned i = 0; i < count; i++) {
		f->slot['a'] = object[i];
		handler_free(cpu, f, 'a');
	}
}

/*
 * buddy on 4 MiB and one CPU stops at the MIN watermark, after 960 pages as reckoned in the tests of
 * buddy: 4 * 960 objects. The allocation that gets none leaves the CPU without a slab and interrupts
 * on. The first object given back is handed out again; in the end that slab is left, 1 of 1024
 * pages. From 3.1 on empty slabs stay as well, while the list, with themselves, has no more than
 * min_partial: 10, with 3.2 5; with 3.18 less than that, so 4.
 */
static void an_allocation_without_memory_fails_and_leaves_all_in_order(void **state)
{
	(void)state;
	EACH_ERA(era) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = era, .cpus = 1, .no_cpu_partial = true });
		unsigned kept = era < ERA_31 ? 0 : era == ERA_31 ? 10 : era == ERA_32 ? 5 : 4;

		thread_start(f->sim, 0, exhaust, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(f->left, 4 * 960);
		assert_int_equal(fixture_get(f, "ND.nr_slabs"), 1 + kept);
		assert_int_equal(f->page_model->free_pages(f->page_state), 1023 - kept);
		assert_int_equal(in_use(f), 0);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- check() finds damage ---------------------------------------------- */

/*
 * CPU 0 made three slabs: A (a-d) is full, B (e-h) has f free and is partial, C (i-l, of which i
 * and j are used) is the CPU's; CPU 1 freed j back, so it is on C's freelist.
 */
static const char scene[] = "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0+h 0+i 0+j 1-f 1-j";

static void damage_inuse(struct fixture *f)
{
	fixture_set(f, "PG(e).inuse", fixture_get(f, "PG(e).inuse") + 1);
}

static void damage_frozen(struct fixture *f)
{
	fixture_turn_frozen(f, f->slot['a']);
}

static void damage_thawed(struct fixture *f)
{
	fixture_turn_frozen(f, f->slot['i']);
}

static void damage_slab_lock(struct fixture *f)
{
	*page_flags(f->memory, fixture_slab(f, f->slot['a'])) |= 1 << PG_LOCKED;
}

static void damage_list_lock(struct fixture *f)
{
	fixture_set(f, "ND.lock", f->era > ERA_2624);   /* a ticket that is served; dec: 1 is free */
}

static void damage_partial_count(struct fixture *f)
{
	fixture_set(f, "ND.nr_partial", fixture_get(f, "ND.nr_partial") + 1);
}

static void damage_slab_count(struct fixture *f)
{
	fixture_set(f, "ND.nr_slabs", fixture_get(f, "ND.nr_slabs") - 1);
}

/* Numbers of the counters in buddy's 3.9 and in 2.6.22 to 2.6.24 (pagealloc.md 0.5, 2.7). */
enum { SLAB_RECLAIMABLE_39 = 12, SLAB_UNRECLAIMABLE_39 = 13 };
enum { SLAB_RECLAIMABLE_26 = 8, SLAB_UNRECLAIMABLE_26 = 9 };

/* The state of buddy begins with its zones. */
static void damage_slab_counter(struct fixture *f)
{
	struct zones *zones = *(struct zones **)f->page_state;

	zone_pageset_of(&zones->zone[0], 1)->vm_stat_diff[SLAB_UNRECLAIMABLE_39]++;
}

static void damage_other_slab_counter(struct fixture *f)
{
	struct zones *zones = *(struct zones **)f->page_state;

	zones->zone[0].vm_stat[SLAB_RECLAIMABLE_39]--;
}

static void damage_forgotten(struct fixture *f)
{
	uintptr_t head = (uintptr_t)fixture_place(f, "ND.partial_next");

	fixture_set(f, "ND.partial_next", head);
	fixture_set(f, "ND.partial_prev", head);
	fixture_set(f, "ND.nr_partial", 0);
}

static void damage_back_pointer(struct fixture *f)
{
	fixture_set(f, "ND.partial_prev", (uintptr_t)fixture_place(f, "PG(a).lru_next"));
}

static void damage_cycle(struct fixture *f)
{
	*(void **)f->slot['f'] = f->slot['f'];
}

static void damage_off_slot(struct fixture *f)
{
	fixture_set(f, "PG(e).freelist", (uintptr_t)f->slot['f'] + 8);
}

static void damage_foreign(struct fixture *f)
{
	fixture_set(f, "PG(e).freelist", (uintptr_t)f->slot['a']);
}

static void set_cpu_slab(struct fixture *f, unsigned cpu, struct page *page)
{
	if (f->era == ERA_2622)
		*(struct page **)fixture_cpu_word(f, f->cache, cpu) = page;
	else
		fixture_set_of_cpu(f, cpu, "CS.page", (uintptr_t)page);
}

static void set_cpu_list(struct fixture *f, void *object)
{
	if (f->era == ERA_2622)
		fixture_set(f, "PG(i).lockless", (uintptr_t)object);
	else
		fixture_set_of_cpu(f, 0, "CS.freelist", (uintptr_t)object);
}

static void damage_two_cpus(struct fixture *f)
{
	set_cpu_slab(f, 1, fixture_slab(f, f->slot['i']));
}

static void damage_cpu_on_partial(struct fixture *f)
{
	set_cpu_slab(f, 1, fixture_slab(f, f->slot['e']));
}

static void damage_cpu_off_slab(struct fixture *f)
{
	set_cpu_slab(f, 1, pfn_to_page(f->memory, f->memory->pages - 1));
}

static void damage_cpu_no_page(struct fixture *f)
{
	set_cpu_slab(f, 1, (struct page *)8);
}

static void damage_shared_object(struct fixture *f)
{
	set_cpu_list(f, f->slot['j']);
}

static void damage_private_list(struct fixture *f)
{
	set_cpu_list(f, f->slot['a']);
}

static const struct {
	const char *name;
	void (*damage)(struct fixture *f);
	const char *reason;
} damages[] = {
	{"inuse too large", damage_inuse, "inuse 4, but 1 of 4"},
	{"a full slab frozen", damage_frozen, "is frozen without a CPU"},
	{"the CPU's slab not frozen", damage_thawed, "is frozen without a CPU"},
	{"a slab lock held", damage_slab_lock, "is locked"},
	{"a list_lock held", damage_list_lock, "list_lock of node 0 is held"},
	{"nr_partial too large", damage_partial_count, "nr_partial 2, the list has 1"},
	{"nr_slabs too small", damage_slab_count, "nr_slabs 2, node 0 has 3"},
	{"a slab's page counted twice", damage_slab_counter,
	 "NR_SLAB_UNRECLAIMABLE 4, the slabs of node 0 have 3"},
	{"a slab of another kind counted", damage_other_slab_counter,
	 "NR_SLAB_RECLAIMABLE -1, the slabs of node 0 have 0"},
	{"a partial slab on no list", damage_forgotten, "is on no list"},
	{"partial list broken", damage_back_pointer, "partial list of node 0 is broken"},
	{"freelist in a circle", damage_cycle, "freelist of page"},
	{"freelist beside a slot", damage_off_slot, "freelist of page"},
	{"freelist into another slab", damage_foreign, "freelist of page"},
	{"one slab of two CPUs", damage_two_cpus, "two CPUs have page"},
	{"a CPU's slab that is partial", damage_cpu_on_partial, "is elsewhere too"},
	{"a CPU's slab that is none", damage_cpu_off_slab, "has a page that is no slab"},
	{"a CPU's slab that is no page struct", damage_cpu_no_page, "has a page that is no slab"},
	{"an object on two lists", damage_shared_object, "shares objects"},
	{"the CPU's list in another slab", damage_private_list, "broken private list"},
};

/* A section of memory has the address of its types behind that of its page structs. */
static unsigned type_of_pageblock_0(const struct zones *zones)
{
	return ((uint64_t **)zones->section)[1][0] & 7;
}

/*
 * pagealloc.md 2.7: slabs of SLAB_RECLAIM_ACCOUNT caches are RECLAIMABLE, the others UNMOVABLE;
 * slab.md 0.7: they are counted apart, by pages. 4096-byte objects, two in a slab of order 1: pages
 * 0 and 1 of the first pageblock, whose type becomes that of the first slab (1.3: all of the block of
 * order 10 is taken; 2.6.22 has no types). Both kinds' counters are differences of CPU 0 so far.
 */
static void reclaimable_slabs_are_told_apart(void **state)
{
	(void)state;
	EACH_ERA(era) {
		for (int kind = 0; kind < 2; kind++) {
			struct fixture *f = fixture_new(&(struct fixture_options){
				.era = era, .pages = "pcp", .object_size = 4096,
				.kernel = era == ERA_2622 ? KERNEL_2_6_22 : KERNEL_2_6_24 });
			struct zones *zones = *(struct zones **)f->page_state;
			const int8_t *diff = zone_pageset_of(&zones->zone[0], 0)->vm_stat_diff;

			if (kind)
				f->objects.model->cache_reclaimable(f->cache);
			fixture_run(f, "0+a");
			assert_int_equal(diff[SLAB_RECLAIMABLE_26], kind ? 2 : 0);
			assert_int_equal(diff[SLAB_UNRECLAIMABLE_26], kind ? 0 : 2);
			if (era != ERA_2622)
				assert_int_equal(type_of_pageblock_0(zones),
						 kind ? RECLAIMABLE : UNMOVABLE);
			fixture_expect_sound(f);
			fixture_free(f);
		}
	}
}

static void check_finds_each_damage(void **state)
{
	(void)state;
	for (enum era era = 0; era < ERA_TAGGED; era++) {
		for (size_t i = 0; i < COUNT(damages); i++) {
			struct fixture *f = fixture_new(&(struct fixture_options){
				.era = era, .no_cpu_partial = true });

			fixture_run(f, scene);
			fixture_expect_sound(f);
			damages[i].damage(f);
			print_message("%s: %s\n", era_name(era), damages[i].name);
			fixture_expect_unsound(f, damages[i].reason);
			fixture_free(f);
		}
	}
}

/* From 2.6.39 on nodes count objects, too. */
static void damage_object_count(struct fixture *f)
{
	fixture_set(f, "ND.total_objects", 11);
}

/* CPU 1 freed f, so B is its partial slab. */
static void damage_partial_of_cpu(struct fixture *f)
{
	fixture_set_of_cpu(f, 1, "CS.partial", (uintptr_t)fixture_slab(f, f->slot['i']));
}

static void damage_partial_of_two(struct fixture *f)
{
	fixture_set_of_cpu(f, 0, "CS.partial", (uintptr_t)fixture_slab(f, f->slot['f']));
}

static void damage_partial_lost(struct fixture *f)
{
	fixture_set_of_cpu(f, 1, "CS.partial", 0);
}

static void damage_partial_in_a_circle(struct fixture *f)
{
	fixture_set(f, "PG(f).lru_next", (uintptr_t)fixture_slab(f, f->slot['f']));
}

static const struct {
	const char *name;
	enum era from;
	void (*damage)(struct fixture *f);
	const char *reason;
} later_damages[] = {
	{ "objects not counted", ERA_2639, damage_object_count, "total_objects 11, node 0 has 12" },
	{ "CPU 0's slab among CPU 1's partial ones", ERA_32, damage_partial_of_cpu,
	  "the partial list of CPU 1 is broken" },
	{ "a partial slab of two CPUs", ERA_32, damage_partial_of_two,
	  "the partial list of CPU 1 is broken" },
	{ "a CPU's partial slab forgotten", ERA_32, damage_partial_lost,
	  "is frozen without a CPU" },
	{ "a CPU's partial list in a circle", ERA_32, damage_partial_in_a_circle,
	  "the partial list of CPU 1 is broken" },
};

static void check_finds_damages_of_later_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(later_damages); i++)
		for (enum era era = later_damages[i].from; era <= ERA_TAGGED; era++) {
			struct fixture *f = fixture_new(&(struct fixture_options){ .era = era });

			fixture_run(f, scene);
			fixture_expect_sound(f);
			later_damages[i].damage(f);
			print_message("%s: %s\n", era_name(era), later_damages[i].name);
			fixture_expect_unsound(f, later_damages[i].reason);
			fixture_free(f);
		}
}

static void owns_knows_live_slabs_and_slots(void **state)
{
	(void)state;
	EACH_ERA(era) {
		struct fixture *f = fixture_new(&(struct fixture_options){ .era = era });
		const struct object_allocator *model = f->objects.model;
		struct kmem_cache *other = model->kmalloc_cache(f->slub, 64);
		char *a;

		fixture_run(f, scene);
		a = f->slot['a'];
		assert_true(model->owns(f->slub, f->cache, a));
		assert_true(model->owns(f->slub, NULL, a));
		assert_false(model->owns(f->slub, other, a));           /* another cache */
		assert_false(model->owns(f->slub, f->cache, a + 8));    /* inside an object */
		assert_false(
			model->owns(f->slub, NULL, pfn_address(f->memory, 1000))); /* a free page */
		assert_false(model->owns(f->slub, NULL, f->cache));     /* no page at all */
		fixture_free(f);
	}
}

/* ---- memory cost ------------------------------------------------------- */

static uint64_t metadata(enum era era, unsigned cpus, unsigned caches)
{
	struct fixture *f = fixture_new(&(struct fixture_options){ .era = era, .cpus = cpus });
	uint64_t bytes;

	while (f->slub->caches < caches)
		f->objects.model->cache_create(f->slub, "more", 64, 0);
	assert_int_equal(f->slub->caches, caches);
	bytes = f->objects.model->metadata_bytes(f->slub);
	fixture_free(f);
	return bytes;
}

/*
 * Bytes of C caches on P CPUs; R, which is P rounded up to 8, is NR_CPUS. A cache has 232 in front
 * of cpu_slab[] (128 up to `list`, and 104 of a kobject), with dfb4f096 256, as its cpu_slab[]
 * begins on a line. kmalloc_caches[] has 23 places with 2.6.22, of which 22 are used, 12 and 11
 * with the others.
 *	2.6.22     8 per CPU               a pointer to the page
 *	dfb4f096   64 per CPU              the commit's formula: CPUs x caches x line
 *	2.6.24     8 per CPU + 100 * 32 P  pointers and the static arrays; + 64 (C - 100) P beyond
 */
static void memory_cost_is_that_of_the_commit(void **state)
{
	static const struct {
		unsigned cpus, caches;
	} cases[] = {{1, 30}, {4, 57}, {8, 100}, {16, 104}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t p = cases[i].cpus, c = cases[i].caches, r = (p + 7) / 8 * 8;
		uint64_t lines = c > 100 ? c - 100 : 0;

		assert_int_equal(metadata(ERA_2622, cases[i].cpus, cases[i].caches),
				 23 * (232 + 8 * r) + (c - 22) * (232 + 8 * p));
		assert_int_equal(metadata(ERA_DFB4F096, cases[i].cpus, cases[i].caches),
				 12 * (256 + 64 * r) + (c - 11) * (256 + 64 * p));
		assert_int_equal(metadata(ERA_2624, cases[i].cpus, cases[i].caches),
				 12 * (232 + 8 * r) + (c - 11) * (232 + 8 * p) +
					 (3200 + 64 * lines) * p);
	}
	/* What 2.6.24 saves of dfb4f096 on 8 CPUs: (24 + 56 * 8) (C + 1) - 3200 * 8 = 472 C -
	 * 25128, so nothing below 54 caches. */
	assert_true(metadata(ERA_2624, 8, 53) > metadata(ERA_DFB4F096, 8, 53));
	assert_true(metadata(ERA_2624, 8, 54) < metadata(ERA_DFB4F096, 8, 54));
	assert_int_equal(metadata(ERA_DFB4F096, 8, 100) - metadata(ERA_2624, 8, 100),
			 472 * 100 - 25128);
}

/* As above, of a kernel for 60 CPUs, R = 64, on 2: 30 caches, 8 of them not kmalloc's. */
static void a_kernel_for_more_cpus_has_larger_caches(void **state)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.era = ERA_2622, .nr_cpus = 60 });

	(void)state;
	while (f->slub->caches < 30)
		f->objects.model->cache_create(f->slub, "more", 64, 0);
	assert_int_equal(f->objects.model->metadata_bytes(f->slub),
			 23 * (232 + 8 * 64) + 8 * (232 + 8 * 2));
	fixture_free(f);
}

/* 2.2: kmalloc_caches[] has elements of 232 + 8 * 8 = 296 bytes; 2^shift is number `shift`. Nr. 8
 * starts at byte 2368, a whole line; number 9 at 2664 = 41 * 64 + 40, and its cpu_slab[] at 2664 +
 * 232 = 45 * 64 + 16: six CPUs in this line, two in the next. So the last words of cpu_slab[] of
 * kmalloc-256 share their line with flags and size of kmalloc-512. */
static void caches_of_kmalloc_share_lines_as_packed_or_have_their_own(void **state)
{
	(void)state;
	for (unsigned own = 0; own < 2; own++) {
		struct fixture *f = fixture_new(&(struct fixture_options){
			.era = ERA_2622, .cpus = 8, .own_lines = own });
		const struct kmem_cache *a = f->objects.model->kmalloc_cache(f->slub, 256);
		const struct kmem_cache *b = f->objects.model->kmalloc_cache(f->slub, 512);
		uint64_t line[8], of_b = sim_offset(f->sim, b), last;

		for (unsigned cpu = 0; cpu < 8; cpu++)
			line[cpu] = sim_offset(f->sim, fixture_cpu_word(f, b, cpu)) / LINE;
		assert_int_equal(sim_offset(f->sim, a) % LINE, 0);
		assert_int_equal(of_b % LINE, own ? 0 : 40);
		assert_int_equal(of_b - sim_offset(f->sim, a), own ? 320 : 296);
		last = sim_offset(f->sim, fixture_cpu_word(f, a, 7)) / LINE;
		assert_int_equal(last == of_b / LINE, !own);
		assert_int_equal(line[0] == line[2], true);
		/* own: 232 = 3 * 64 + 40, three fit */
		assert_int_equal(line[0] == line[5], !own);
		assert_int_equal(line[0] == line[6], false);
		fixture_free(f);
	}
}

/* 4c93c355d5d: entries of 32 bytes, so two caches of one CPU share a line and two CPUs never do;
 * dfb4f096: a line for each CPU. */
static void per_cpu_structs_share_lines_as_the_version_has_it(void **state)
{
	(void)state;
	for (enum era era = ERA_DFB4F096; era < ERAS; era++) {
		struct fixture *f = fixture_new(&(struct fixture_options){ .era = era, .cpus = 4 });
		uint64_t line[4];

		for (unsigned cpu = 0; cpu < 4; cpu++) {
			line[cpu] = sim_offset(f->sim, fixture_cpu_slab(f, cpu)) / LINE;
			for (unsigned other = 0; other < cpu; other++)
				assert_true(line[cpu] != line[other]);
		}
		if (era > ERA_2624) {
			fixture_free(f);
			continue;
		}
		/* caches 12 and 13, counted from 1: 96, 192, 8, ... 2048, "test", "next" */
		f->cache = f->objects.model->cache_create(f->slub, "next", 64, 0);
		for (unsigned cpu = 0; cpu < 4; cpu++)
			assert_int_equal(sim_offset(f->sim, fixture_cpu_slab(f, cpu)) / LINE ==
						 line[cpu],
					 era == ERA_2624 && f->slub->caches % 2 == 0);
		fixture_free(f);
	}
}

/* ---- random traffic ---------------------------------------------------- */

enum { OWN_SLOTS = 24, ROUNDS = 400 };

struct traffic_box {
	_Alignas(LINE) void *object;
};

struct traffic {
	struct fixture *f;
	struct traffic_box *box;        /* by CPU: an object handed to it, or NULL */
	struct kmem_cache *cache[3];
	struct { void *object; struct kmem_cache *s; } own[8][OWN_SLOTS];
};

static void free_one(struct cpu *cpu, struct fixture *f, void *object)
{
	op_begin(cpu, OP_FREE);
	f->objects.model->kfree(cpu, f->slub, object);
	op_end(cpu, 0, 0);
}

static void random_thread(struct cpu *cpu, void *argument)
{
	struct traffic *t = argument;
	const struct object_allocator *model = t->f->objects.model;
	unsigned id = cpu_id(cpu), cpus = sim_cpus(t->f->sim);

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned k = (unsigned)random_below(cpu, OWN_SLOTS);
		void **own = &t->own[id][k].object, *given;

		if (*own) {
			if (random_below(cpu, 2)) {
				void **box = &t->box[random_below(cpu, cpus)].object;

				*own = exchange(cpu, box, *own);
			}
			if (*own)
				free_one(cpu, t->f, *own);
			*own = NULL;
		} else {
			struct kmem_cache *s = t->cache[random_below(cpu, 3)];

			op_begin(cpu, OP_ALLOC);
			*own = model->alloc(cpu, t->f->slub, s, GFP_KERNEL);
			op_end(cpu, 0, 0);
			assert_true(model->owns(t->f->slub, s, *own));
			store(cpu, (void **)*own, *own); /* a payload over the free pointer */
		}
		given = exchange(cpu, &t->box[id].object, NULL);
		if (given)
			free_one(cpu, t->f, given);
	}
	for (unsigned k = 0; k < OWN_SLOTS; k++)
		if (t->own[id][k].object)
			free_one(cpu, t->f, t->own[id][k].object);
}

static void timer(struct cpu *cpu, void *argument)
{
	struct traffic *t = argument;
	const struct object_allocator *model = t->f->objects.model;
	void *object[3];

	for (unsigned i = 0; i < 3; i++) {
		op_begin(cpu, OP_ALLOC);
		object[i] = model->alloc(cpu, t->f->slub, t->cache[i], GFP_ATOMIC);
		op_end(cpu, 0, 0);
	}
	for (unsigned i = 0; i < 3; i++)
		free_one(cpu, t->f, object[i]);
}

static const struct layout box_layout = { "box", LINE, CLASS_WORKLOAD, NULL };

/* Objects that no list has although nobody holds them; at the end those in the boxes are held. */
static uint64_t objects_lost(const struct traffic *t, unsigned cpus)
{
	uint64_t lost = in_use(t->f);

	for (unsigned id = 0; id < cpus; id++)
		lost -= t->box[id].object != NULL;
	return lost;
}

/* Returns how many objects got lost. */
static uint64_t random_run(const struct fixture_options *options, uint64_t period)
{
	struct traffic *t = calloc(1, sizeof *t);
	uint64_t held = 0, lost;

	t->f = fixture_new(options);
	t->cache[0] = t->f->cache;
	t->cache[1] = t->f->objects.model->kmalloc_cache(t->f->slub, 192);
	t->cache[2] = t->f->objects.model->kmalloc_cache(t->f->slub, 2048);
	t->box = arena_new(t->f->sim, struct traffic_box, options->cpus, 0, LINE, &box_layout,
			   "box");
	for (unsigned id = 0; id < options->cpus; id++) {
		thread_start(t->f->sim, id, random_thread, t);
		if (period)
			timer_add(t->f->sim, id, period + 97 * id, period, timer, t);
	}
	assert_int_equal(sim_run(t->f->sim), OUTCOME_DONE);
	fixture_expect_sound(t->f);
	for (unsigned i = 0; i < 3; i++)
		for (unsigned node = 0; node < t->f->memory->nodes; node++)
			held += fixture_get_of(t->f, t->cache[i],
					       node ? "ND1.nr_slabs" : "ND.nr_slabs")
				<< fixture_get_of(t->f, t->cache[i], "KC.order");
	assert_int_equal(t->f->page_model->free_pages(t->f->page_state),
			 t->f->memory->pages - held);
	lost = objects_lost(t, options->cpus);
	fixture_free(t->f);
	free(t);
	return lost;
}

/* Objects wander between CPUs, interrupts allocate and free: afterwards all invariants hold, every
 * page is either free or in a slab, and every object is held or on a list. */
static void random_traffic_keeps_the_invariants(void **state)
{
	(void)state;
	EACH_ERA(era) {
		struct fixture_options options = { .era = era, .cpus = 4, .mib = 8 };

		assert_int_equal(random_run(&options, 0), 0);
		assert_int_equal(random_run(&options, 3000), 0);
		options.lock = LOCK_TICKET;
		options.preempt = true;
		options.stride = LINE;
		assert_int_equal(random_run(&options, 5000), 0);
		options.nodes = 2;
		options.placement = PLACEMENT_SCATTER;
		assert_int_equal(random_run(&options, 0), 0);
	}
}

/*
 * 2.4.10 and 3.4.7 without a script: the same traffic, `released`, with an interrupt every 1500 to
 * 6000 cycles on each of four CPUs, now and then while a slab is made. 2.6.24 has the cure.
 */
static void only_interrupts_and_only_as_released_lose_objects(void **state)
{
	(void)state;
	EACH_OLD_ERA(era) {
		struct fixture_options options = {
			.era = era, .cpus = 4, .mib = 8, .bugs_released = true };
		uint64_t lost = 0;

		assert_int_equal(random_run(&options, 0), 0);
		for (uint64_t period = 1500; period <= 6000; period += 1500)
			lost += random_run(&options, period);
		assert_int_equal(lost > 0, era <= ERA_DFB4F096);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slabs_have_the_order_of_the_sheet),
		cmocka_unit_test(later_slabs_have_the_order_of_the_sheet_by_cpus),
		cmocka_unit_test(empty_slabs_are_kept_by_size),
		cmocka_unit_test(settings_change_the_order),
		cmocka_unit_test(kmalloc_has_the_size_classes_of_its_version),
		cmocka_unit_test(large_kmalloc_takes_and_gives_back_pages),
		cmocka_unit_test(zeroing_writes_each_line_of_the_object),
		cmocka_unit_test(a_cpu_takes_slabs_of_its_own_node),
		cmocka_unit_test(other_nodes_partial_slabs_are_taken_by_ratio),
		cmocka_unit_test(other_nodes_are_looked_at_nearest_first),
		cmocka_unit_test(a_slab_of_another_node_makes_the_accesses_of_the_sheet),
		cmocka_unit_test(a_slab_that_an_interrupt_made_loses_objects_as_released),
		cmocka_unit_test(a_slab_that_an_interrupt_made_is_merged_if_its_freelist_is_empty),
		cmocka_unit_test(a_slab_that_an_interrupt_made_loses_nothing_as_fixed),
		cmocka_unit_test(the_slab_that_an_interrupt_made_is_flushed_as_fixed),
		cmocka_unit_test(an_empty_slab_that_is_flushed_is_kept_below_min_partial),
		cmocka_unit_test(an_empty_slab_that_is_flushed_goes_back_at_min_partial),
		cmocka_unit_test(a_slab_given_up_goes_to_the_head_or_empty_to_the_tail),
		cmocka_unit_test(interrupts_are_let_in_only_if_the_caller_may_sleep),
		cmocka_unit_test(an_allocation_without_memory_fails_and_leaves_all_in_order),
		cmocka_unit_test(reclaimable_slabs_are_told_apart),
		cmocka_unit_test(check_finds_each_damage),
		cmocka_unit_test(check_finds_damages_of_later_versions),
		cmocka_unit_test(owns_knows_live_slabs_and_slots),
		cmocka_unit_test(memory_cost_is_that_of_the_commit),
		cmocka_unit_test(a_kernel_for_more_cpus_has_larger_caches),
		cmocka_unit_test(caches_of_kmalloc_share_lines_as_packed_or_have_their_own),
		cmocka_unit_test(per_cpu_structs_share_lines_as_the_version_has_it),
		cmocka_unit_test(random_traffic_keeps_the_invariants),
		cmocka_unit_test(only_interrupts_and_only_as_released_lose_objects),
	};

	return cmocka_run_group_tests_name("slub", tests, NULL, NULL);
}
