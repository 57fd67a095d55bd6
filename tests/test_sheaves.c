/*
 * What the models with sheaves share: sizes of slabs and sheaves, life of a sheaf through kfree_rcu
 * and in somebody's hands, interrupts inside the section, no memory, random traffic, and check().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/pages/pcp_spin.h"
#include "models/slub/page_612.h"
#include "tests/sheaf_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char *const variants[] = { "7.0-rc", "7.0", "7.1", "7.3" };
#define EACH_VARIANT(v) for (size_t v = 0; v < COUNT(variants); v++)
/* 6.17 has no sheaves, but what 6.18 has underneath. */
static const char *const all_variants[] = { "6.17", "6.18", "7.0-rc", "7.0", "7.1", "7.3" };

static const struct fixture_family *family_of(const char *variant)
{
	if (*variant == '6')
		return &sheaf_family_618;
	return strncmp(variant, "7.0", 3) ? &sheaf_family_71 : &sheaf_family_70;
}

static struct fixture_options options_of(const char *variant, const struct sheaf_settings *settings)
{
	return (struct fixture_options){
		.objects = sheaf_model(variant), .settings = settings, .view = &page_view_6_12,
		.family = family_of(variant),
		.cpus = 2, .nodes = 1, .mib = 4 };
}

/* Sheaves of two objects, slabs of four. */
static struct sheaf_settings small(void)
{
	struct sheaf_settings settings = sheaf_defaults();

	settings.sheaf_capacity = 2;
	settings.max_order = 0;
	return settings;
}

/* ---- sizes -------------------------------------------------------------------------------------------- */

/* The sheet's tables 2.3 and 2.4: objects and order by CPUs, capacity. */
static const struct {
	unsigned size, capacity;
	struct { unsigned objects, order; } by_cpus[3];
} sizes[] = {
	{ 64, 60, { { 64, 0 }, { 64, 0 }, { 64, 0 } } },
	{ 128, 60, { { 32, 0 }, { 32, 0 }, { 64, 1 } } },
	{ 192, 60, { { 21, 0 }, { 42, 1 }, { 42, 1 } } },
	{ 256, 28, { { 16, 0 }, { 32, 1 }, { 64, 2 } } },
	{ 512, 28, { { 16, 1 }, { 32, 2 }, { 64, 3 } } },
	{ 1024, 12, { { 16, 2 }, { 32, 3 }, { 32, 3 } } },
	{ 2048, 12, { { 16, 3 }, { 16, 3 }, { 16, 3 } } },
	{ 4096, 4, { { 8, 3 }, { 8, 3 }, { 8, 3 } } },
};

static void slabs_and_sheaves_have_the_sizes_of_the_sheet(void **state)
{
	static const unsigned cpus[] = { 2, 16, 64, 192 }, column[] = { 0, 1, 1, 2 };

	(void)state;
	for (size_t c = 0; c < COUNT(cpus); c++) {
		struct sheaf_settings settings = sheaf_defaults();
		struct fixture_options options = options_of("7.1", &settings);
		struct fixture *f;

		settings.present_cpus = cpus[c];
		options.mib = 8;
		f = fixture_new(&options);
		for (size_t i = 0; i < COUNT(sizes); i++) {
			unsigned at = column[c], size = sizes[i].size;

			f->cache = f->objects.model->kmalloc_cache(f->slub, size);
			assert_int_equal(sheaf_get(f, "KC.size", 4), size);
			assert_int_equal(sheaf_get(f, "KC.oo", 4),
					 sizes[i].by_cpus[at].order << 16 |
						 sizes[i].by_cpus[at].objects);
			assert_int_equal(sheaf_get(f, "KC.capacity", 4), sizes[i].capacity);
			/* 2.3: 5 below 4096, 6 for it; 0.3: the word in the middle */
			assert_int_equal(sheaf_get(f, "KC.min_partial", 8), size < 4096 ? 5 : 6);
			assert_int_equal(sheaf_get(f, "KC.offset", 4), size / 2);
		}
		assert_null(f->objects.model->kmalloc_cache(f->slub, 8193));
		fixture_free(f);
	}
}

/* slab.md 3.9: a min_order that holds too many objects gives way to one below that of the most, here
 * 32767, as `objects` has 15 bits (2.1): 32767 * 8 bytes are 64 pages less 8 bytes, so order 5. */
static void a_slab_has_no_more_objects_than_can_be_counted(void **state)
{
	struct sheaf_settings settings = sheaf_defaults();
	struct fixture_options options = options_of("7.1", &settings);
	struct fixture *f;

	(void)state;
	settings.min_order = settings.max_order = 10;
	f = fixture_new(&options);
	f->cache = f->objects.model->kmalloc_cache(f->slub, 8);
	assert_int_equal(sheaf_get(f, "KC.oo", 4), 5 << 16 | 16384);
	fixture_free(f);
}

/* 2.5 */
static void a_cache_begins_with_an_empty_main_sheaf_per_cpu(void **state)
{
	(void)state;
	EACH_VARIANT(v) {
		struct sheaf_settings settings = sheaf_defaults();
		struct fixture_options options = options_of(variants[v], &settings);
		struct fixture *f = fixture_new(&options);

		for (f->recorded_cpu = 0; f->recorded_cpu < 2; f->recorded_cpu++) {
			assert_int_equal(sheaf_get(f, "SHm.size", 4), 0);
			assert_int_equal(sheaf_get(f, "PCS.spare", 8), 0);
			assert_int_equal(sheaf_get(f, "PCS.rcu", 8), 0);
		}
		f->recorded_cpu = 0;
		assert_int_equal(sheaf_get(f, "BARN.nr_full", 4), 0);
		assert_int_equal(sheaf_get(f, "BARN.nr_empty", 4), 0);
		assert_int_equal(sheaf_get(f, "ND.nr_slabs", 8), 0);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* 2.3: a cache of a certain size has a capacity that fills a size class: 32 + 8 C bytes. */
static void a_sheaf_fills_its_size_class(void **state)
{
	struct sheaf_settings settings = sheaf_defaults();
	struct fixture_options options = options_of("7.1", &settings);
	struct fixture *f = fixture_new(&options);

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		unsigned bytes = 32 + 8 * sizes[i].capacity;
		struct kmem_cache *of = f->objects.model->kmalloc_cache(f->slub, bytes);

		assert_int_equal(f->objects.model->object_size(of), bytes);
	}
	fixture_free(f);
}

/* ---- kfree_rcu ------------------------------------------------------------------------------------------ */

static uint64_t in_use(const struct fixture *f)
{
	return f->objects.model->in_use(f->slub);
}

/*
 * 4.6: two objects fill rcu_free, which then waits; after the grace period, here 4000 cycles, it is a
 * full sheaf of the barn, and no slab was touched. 8000 cycles later both are free.
 */
static void a_sheaf_of_kfree_rcu_becomes_a_full_sheaf_of_the_barn(void **state)
{
	(void)state;
	EACH_VARIANT(v) {
		struct sheaf_settings settings = small();
		struct fixture_options options = options_of(variants[v], &settings);
		struct fixture *f;

		settings.grace_cycles = 4000;
		f = fixture_new(&options);
		fixture_run(f, "0+a 0+b 0ra !0rb 0w_3");
		assert_string_equal(f->path, "rcu sheaf full");
		assert_int_equal(sheaf_get(f, "PCS.rcu", 8), 0);
		assert_int_equal(sheaf_get(f, "RCU.head", 8), 0);
		assert_int_equal(sheaf_get(f, "BARN.nr_full", 4), 1);
		assert_ptr_equal((void *)(uintptr_t)sheaf_get(f, "SHf0.o0", 8), f->slot['a']);
		assert_ptr_equal((void *)(uintptr_t)sheaf_get(f, "SHf0.o1", 8), f->slot['b']);
		assert_int_equal(in_use(f), 0);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* Before the grace period is over nothing of it is handed out: they wait, and are no user's. */
static void objects_of_kfree_rcu_wait(void **state)
{
	struct sheaf_settings settings = small();
	struct fixture_options options = options_of("7.1", &settings);
	struct fixture *f = fixture_new(&options);

	(void)state;
	settings.grace_cycles = 1000000;
	fixture_run(f, "0+a 0+b 0ra 0rb 0+c 0+d 0+e 0+f");
	for (const char *slot = "cdef"; *slot; slot++) {
		assert_ptr_not_equal(f->slot[(unsigned char)*slot], f->slot['a']);
		assert_ptr_not_equal(f->slot[(unsigned char)*slot], f->slot['b']);
	}
	assert_int_equal(sheaf_get(f, "BARN.nr_full", 4), 0);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* 4.6: with as many full ones as the barn takes, here one, the sheaf is flushed and goes there empty. */
static void beyond_the_limit_a_sheaf_of_kfree_rcu_is_flushed(void **state)
{
	struct sheaf_settings settings = small();
	struct fixture_options options = options_of("7.1", &settings);
	struct fixture *f;

	(void)state;
	settings.grace_cycles = 4000;
	settings.max_full = 1;
	f = fixture_new(&options);
	fixture_run(f, "0+a 0+b 0+c 0+d 0ra 0rb 0w_3 0rc 0rd 0w_3");
	assert_int_equal(sheaf_get(f, "BARN.nr_full", 4), 1);
	assert_int_equal(sheaf_get(f, "BARN.nr_empty", 4), 1);
	assert_int_equal(counters_inuse(sheaf_get(f, "PG(c).counters", 8)), 2);
	assert_int_equal(in_use(f), 0);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* Inside already, and of another node: the older batching; the objects are free in their slab. */
static void what_cannot_go_into_a_sheaf_waits_alone(void **state)
{
	struct sheaf_settings settings = small();
	struct fixture_options options = options_of("7.1", &settings);
	struct fixture *f;

	(void)state;
	settings.grace_cycles = 4000;
	options.nodes = 2;
	options.placement = PLACEMENT_SCATTER;
	options.mib = 8;
	f = fixture_new(&options);
	fixture_run(f, "0+a 0+b 0la 0ra 0la !1rb 0w_4 1w_4");
	assert_string_equal(f->path, "rcu batch");
	f->recorded_cpu = 0;
	assert_int_equal(counters_inuse(sheaf_get(f, "PG(a).counters", 8)), 0);
	assert_int_equal(in_use(f), 0);
	fixture_expect_sound(f);
	fixture_free(f);
}

/* ---- prefilled sheaves ----------------------------------------------------------------------------------- */

struct hands {
	struct fixture *f;
	void *object[4];
};

static struct slab_sheaf *prefill(struct cpu *cpu, struct fixture *f, unsigned count)
{
	struct slab_sheaf *sheaf;

	op_begin(cpu, OP_ALLOC);
	sheaf = f->objects.model->prefill(cpu, f->slub, f->cache, count, GFP_KERNEL);
	op_end(cpu, 0, 0);
	assert_true(sheaf->size >= count);
	return sheaf;
}

static void give_back(struct cpu *cpu, struct fixture *f, struct slab_sheaf *sheaf)
{
	op_begin(cpu, OP_FREE);
	f->objects.model->return_prefilled(cpu, f->slub, f->cache, sheaf, GFP_KERNEL);
	op_end(cpu, 0, 0);
}

/* 3.5: filled whole when there is none; what is left becomes the spare; asked for again, that is it. A
 * second one that comes back finds a spare, is filled up and goes to the barn. */
static void prefill_and_give_back(struct cpu *cpu, void *argument)
{
	struct hands *h = argument;
	const struct object_allocator *model = h->f->objects.model;
	struct slab_sheaf *first = prefill(cpu, h->f, 1), *second, *again;

	assert_int_equal(first->size, 2);
	h->object[0] = model->alloc_prefilled(cpu, first);
	second = prefill(cpu, h->f, 2);
	assert_ptr_not_equal(first, second);
	h->object[1] = model->alloc_prefilled(cpu, second);
	h->object[2] = model->alloc_prefilled(cpu, second);
	assert_null(model->alloc_prefilled(cpu, second));
	give_back(cpu, h->f, first);
	assert_int_equal(sheaf_get(h->f, "PCS.spare", 8), (uintptr_t)first);
	again = prefill(cpu, h->f, 1);
	assert_ptr_equal(again, first);
	assert_int_equal(again->size, 1);
	give_back(cpu, h->f, again);
	give_back(cpu, h->f, second);
	assert_int_equal(sheaf_get(h->f, "BARN.nr_full", 4), 1);
	assert_int_equal(sheaf_get(h->f, "SHf0.size", 4), 2);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(model->owns(h->f->slub, h->f->cache, h->object[i]));
		op_begin(cpu, OP_FREE);
		model->free(cpu, h->f->slub, h->f->cache, h->object[i]);
		op_end(cpu, 0, 0);
	}
}

static void prefilled_sheaves_come_and_go(void **state)
{
	(void)state;
	EACH_VARIANT(v) {
		struct sheaf_settings settings = small();
		struct fixture_options options = options_of(variants[v], &settings);
		struct hands h = { fixture_new(&options), { NULL } };

		thread_start(h.f->sim, 0, prefill_and_give_back, &h);
		assert_int_equal(sim_run(h.f->sim), OUTCOME_DONE);
		assert_int_equal(in_use(h.f), 0);
		fixture_expect_sound(h.f);
		fixture_free(h.f);
	}
}

/* ---- no memory ------------------------------------------------------------------------------------------- */

static void *alloc_one_object(struct cpu *cpu, struct fixture *f)
{
	void *object;

	op_begin(cpu, OP_ALLOC);
	object = f->objects.model->alloc(cpu, f->slub, f->cache, GFP_KERNEL);
	op_end(cpu, 0, 0);
	return object;
}

static void exhaust(struct cpu *cpu, void *argument)
{
	static void *object[5000];
	struct fixture *f = argument;
	unsigned count = 0;

	while ((object[count] = alloc_one_object(cpu, f)))
		count++;
	f->left = count;
	op_begin(cpu, OP_FREE);
	f->objects.model->free(cpu, f->slub, f->cache, object[0]);
	op_end(cpu, 0, 0);
	assert_ptr_equal(alloc_one_object(cpu, f), object[0]);
	for (unsigned i = 0; i < count; i++) {
		op_begin(cpu, OP_FREE);
		f->objects.model->free(cpu, f->slub, f->cache, object[i]);
		op_end(cpu, 0, 0);
	}
}

/* buddy stops after 960 of 1024 pages (test_slub.c), one of which kmalloc-64 has: 64 sheaves lie there.
 * 4 objects in each of the others. */
static void an_allocation_without_memory_fails_and_leaves_all_in_order(void **state)
{
	(void)state;
	EACH_VARIANT(v) {
		struct sheaf_settings settings = small();
		struct fixture_options options = options_of(variants[v], &settings);
		struct fixture *f;

		options.cpus = 1;
		f = fixture_new(&options);
		thread_start(f->sim, 0, exhaust, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		assert_int_equal(f->left, 4 * (960 - 1));
		assert_int_equal(in_use(f), 0);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* Every other page is free, so few two together: what buddy keeps at its watermark. */
static void leave_single_pages(struct cpu *cpu, struct fixture *f)
{
	static struct page *page[1024];
	unsigned count = 0;

	while (count < COUNT(page) &&
	       (page[count] = f->page_model->alloc(cpu, f->page_state, 0, GFP_KERNEL)))
		count++;
	for (unsigned i = 0; i < count; i++)
		if (page_to_pfn(f->memory, page[i]) % 2)
			f->page_model->free(cpu, f->page_state, page[i], 0);
}

enum { SINGLES = 300 };

static void on_single_pages(struct cpu *cpu, void *argument)
{
	static void *object[SINGLES];
	struct fixture *f = argument;

	leave_single_pages(cpu, f);
	for (unsigned i = 0; i < SINGLES; i++) {
		object[i] = alloc_one_object(cpu, f);
		assert_non_null(object[i]);
	}
	f->slot['a'] = object[0];
	f->slot['b'] = object[SINGLES - 1];
	assert_int_equal(counters_objects(sheaf_get(f, "PG(a).counters", 8)), 4);
	assert_int_equal(counters_objects(sheaf_get(f, "PG(b).counters", 8)), 2);
	for (unsigned i = 0; i < SINGLES; i++) {
		op_begin(cpu, OP_FREE);
		f->objects.model->free(cpu, f->slub, f->cache, object[i]);
		op_end(cpu, 0, 0);
	}
}

/*
 * slab.md 4.2: where there are no pages for a slab as usual, here two for four objects of 2048 bytes,
 * the least that holds one will do: a page for two. Of both kinds, the first slabs are large and the
 * last ones small. Afterwards, from 7.0, the barn has one full sheaf, main and spare are full: 6 objects.
 * All other slabs went but for one that is kept; check() finds what is left as counted, in all.
 */
static void where_memory_is_in_pieces_slabs_are_smaller(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(all_variants); v++) {
		struct sheaf_settings settings = small();
		struct fixture_options options = options_of(all_variants[v], &settings);
		struct fixture *f;

		settings.max_order = 1;
		settings.max_full = settings.min_partial = 1;
		options.object_size = 2048;
		options.cpus = 1;
		f = fixture_new(&options);
		assert_int_equal(sheaf_get(f, "KC.oo", 4), 1 << 16 | 4);
		assert_int_equal(sheaf_get(f, "KC.min", 4), 2);
		thread_start(f->sim, 0, on_single_pages, f);
		assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
		if (*all_variants[v] == '7')
			assert_true(sheaf_get(f, "ND.nr_slabs", 8) <= 6 + 1);
		assert_int_equal(in_use(f), 0);
		fixture_expect_sound(f);
		fixture_free(f);
	}
}

/* ---- pages of caches that are reclaimable ------------------------------------------------------------- */

static unsigned gfp_seen;

static struct page *see_gfp(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct fixture *f = state;

	gfp_seen = gfp;
	return f->page_model->alloc(cpu, f->page_state, order, gfp);
}

/* pagealloc.md 2.7: slabs of SLAB_RECLAIM_ACCOUNT caches are RECLAIMABLE pages, the others UNMOVABLE. */
static void slabs_of_reclaimable_caches_are_reclaimable_pages(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(all_variants); v++) {
		for (int kind = 0; kind < 2; kind++) {
			struct sheaf_settings settings = small();
			struct fixture_options options = options_of(all_variants[v], &settings);
			struct fixture *f = fixture_new(&options);
			struct page_allocator seeing = *f->pages.model;

			seeing.alloc = see_gfp;
			f->pages.model = &seeing;
			if (kind)
				f->objects.model->cache_reclaimable(f->cache);
			fixture_run(f, "0K6 0+a");
			assert_int_equal(gfp_seen & (GFP_RECLAIMABLE | GFP_MOVABLE),
					 kind ? GFP_RECLAIMABLE : 0);
			fixture_expect_sound(f);
			fixture_free(f);
		}
	}
}

/* ---- frozen pages --------------------------------------------------------------------------------------- */

/* Pages that objects were given, and what became of the references to them. */
struct frozen {
	struct fixture *f;
	unsigned every;                 /* page frames that may be a block's first: tails are stored to as well */
	unsigned taken, given, stores, locked;
};

static void see_references(void *to, const struct access *a)
{
	struct frozen *seen = to;
	const struct memory *m = seen->f->memory;
	uint64_t pfn = page_to_pfn(m, (const struct page *)a->address);

	if (pfn >= m->pages || pfn % seen->every || a->address != (void *)page_count(m, pfn_to_page(m, pfn)))
		return;
	seen->locked += a->locked;
	seen->stores += a->write && !a->locked;
}

static struct page *frozen_alloc(struct cpu *cpu, void *state, unsigned order, unsigned gfp)
{
	struct frozen *seen = state;

	seen->taken++;
	return seen->f->page_model->alloc(cpu, seen->f->page_state, order, gfp);
}

static void frozen_free(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct frozen *seen = state;

	seen->given++;
	seen->f->page_model->free(cpu, seen->f->page_state, page, order);
}

static void frozen_free_frozen(struct cpu *cpu, void *state, struct page *page, unsigned order)
{
	struct frozen *seen = state;

	seen->given++;
	seen->f->page_model->free_frozen(cpu, seen->f->page_state, page, order);
}

static void frozen_count_slab(struct cpu *cpu, void *state, struct page *page, bool reclaimable, int pages)
{
	(void)cpu, (void)state, (void)page, (void)reclaimable, (void)pages;
}

/* 200 objects, 4 to a page, come and go. */
static void use_slabs(struct cpu *cpu, void *argument)
{
	static void *object[200];
	struct frozen *seen = argument;

	for (size_t i = 0; i < COUNT(object); i++)
		object[i] = alloc_one_object(cpu, seen->f);
	for (size_t i = 0; i < COUNT(object); i++) {
		op_begin(cpu, OP_FREE);
		seen->f->objects.model->free(cpu, seen->f->slub, seen->f->cache, object[i]);
		op_end(cpu, 0, 0);
	}
}

/* Four pages. */
static void use_large(struct cpu *cpu, void *argument)
{
	struct frozen *seen = argument;
	void *object;

	op_begin(cpu, OP_ALLOC);
	object = seen->f->objects.model->kmalloc(cpu, seen->f->slub, 4 * PAGE_BYTES, GFP_KERNEL);
	op_end(cpu, 0, 0);
	op_begin(cpu, OP_FREE);
	seen->f->objects.model->kfree(cpu, seen->f->slub, object);
	op_end(cpu, 0, 0);
}

/*
 * 2026: 2.5. With a reference each block that is taken has one stored to it, and each that goes back a
 * locked decrement; frozen ones have neither. 6.17 and the page allocators before pcp-spin have no frozen
 * pages. The large kmalloc is one block.
 */
static void slabs_and_large_kmallocs_have_no_references(void **state)
{
	static const struct { const char *pages; int variant; bool frozen; } rows[] = {
		{ "buddy", 0, false }, { "pcp", 0, false }, { "pcp-spin", 1, true }, { "pcp-spin", 2, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) * COUNT(all_variants) * 2; i++) {
		const char *variant = all_variants[i / 2 % COUNT(all_variants)];
		size_t row = i / 2 / COUNT(all_variants);
		bool frozen = rows[row].frozen && strcmp(variant, "6.17"), large = i % 2;
		struct pcp_spin_settings spin = { .variant = rows[row].variant, .shared.auto_tune = true };
		struct sheaf_settings settings = small();
		struct fixture_options options = options_of(variant, &settings);
		struct page_allocator seeing;
		struct frozen seen;

		settings.max_full = settings.min_partial = 1;
		options.cpus = 1;
		options.pages = rows[row].pages;
		options.kernel = KERNEL_3_9;
		options.page_settings = rows[row].variant ? &spin : NULL;
		seen = (struct frozen){ .f = fixture_new(&options), .every = large ? 4 : 1 };
		seeing = *seen.f->page_model;
		seeing.alloc = frozen_alloc;
		seeing.free = frozen_free;
		if (seeing.free_frozen)
			seeing.free_frozen = frozen_free_frozen;
		seeing.count_slab = frozen_count_slab;
		seen.f->pages.model = &seeing;
		seen.f->pages.state = &seen;
		sim_observe(seen.f->sim, see_references, &seen);
		thread_start(seen.f->sim, 0, large ? use_large : use_slabs, &seen);
		assert_int_equal(sim_run(seen.f->sim), OUTCOME_DONE);
		if (large)
			assert_int_equal(seen.taken, 1);
		assert_true(large ? seen.given == 1 : seen.taken >= 200 / 4 && seen.given > 40);
		assert_int_equal(seen.stores, frozen ? 0 : seen.taken);
		assert_int_equal(seen.locked, frozen ? 0 : seen.given);
		fixture_free(seen.f);
	}
}

/* ---- check() finds damage -------------------------------------------------------------------------------- */

/* One full and one empty sheaf in the barn, slabs s (a to d) and t (e to h) in use, and others. */
static const char scene[] = "0+a 0+b 0+c 0+d 0+e 0+f 0+g 0-g 0-f 0-e 0-d 0+h 0+i 0+j 0+k 0-k 0-j 0la 0-a "
			    "0la 0-i";

static void damage_lock(struct fixture *f)
{
	sheaf_put(f, "PCS.lock", 1, 1);
}

static void damage_size(struct fixture *f)
{
	sheaf_put(f, "SHm.size", 4, 3);
}

static void damage_barn_count(struct fixture *f)
{
	sheaf_put(f, "BARN.nr_empty", 4, sheaf_get(f, "BARN.nr_empty", 4) + 1);
}

static void damage_barn_links(struct fixture *f)
{
	sheaf_put(f, "BARN.empty_prev", 8, sheaf_get(f, "PCS.main", 8));
}

static void damage_barn_lock(struct fixture *f)
{
	sheaf_put(f, "BARN.lock", 4, 1);
}

static void damage_empty_not_empty(struct fixture *f)
{
	sheaf_put(f, "SHe0.size", 4, 1);
}

static void damage_twice(struct fixture *f)
{
	sheaf_put(f, "SHm.o0", 8, sheaf_get(f, "SHs.o0", 8));
}

static void damage_two_places(struct fixture *f)
{
	sheaf_put(f, "PCS.spare", 8, sheaf_get(f, "PCS.main", 8));
}

static void damage_other_cache(struct fixture *f)
{
	struct kmem_cache *other = f->objects.model->kmalloc_cache(f->slub, 64);

	sheaf_put(f, "SHe0.cache", 8, (uintptr_t)other);
}

static void damage_nowhere(struct fixture *f)
{
	sheaf_put(f, "SHm.o0", 8, (uintptr_t)f->slot['a'] + 8);
}

static void damage_free_in_slab(struct fixture *f)
{
	sheaf_put(f, "SHm.o0", 8, (uintptr_t)f->slot['a']);
}

static void damage_mark(struct fixture *f)
{
	sheaf_put(f, "PG(a).flags", 8, sheaf_get(f, "PG(a).flags", 8) ^ 1 << SL_PARTIAL);
}

static void damage_inuse(struct fixture *f)
{
	sheaf_put(f, "PG(a).counters", 8, sheaf_get(f, "PG(a).counters", 8) + 1);
}

static void damage_frozen(struct fixture *f)
{
	sheaf_put(f, "PG(a).counters", 8, sheaf_get(f, "PG(a).counters", 8) | 1u << FROZEN_SHIFT);
}

static void damage_list_lock(struct fixture *f)
{
	sheaf_put(f, "ND.lock", 4, 1);
}

static void damage_nr_partial(struct fixture *f)
{
	sheaf_put(f, "ND.nr_partial", 8, sheaf_get(f, "ND.nr_partial", 8) + 1);
}

static void damage_nr_slabs(struct fixture *f)
{
	sheaf_put(f, "ND.nr_slabs", 8, sheaf_get(f, "ND.nr_slabs", 8) - 1);
}

static const struct {
	const char *name;
	void (*damage)(struct fixture *f);
	const char *reason;
} damages[] = {
	{ "a CPU inside", damage_lock, "CPU 0 is inside its sheaves" },
	{ "a sheaf with too many", damage_size, "a sheaf has 3 objects" },
	{ "the barn's count", damage_barn_count, "a barn counts" },
	{ "the barn's links", damage_barn_links, "a list of a barn is broken" },
	{ "the barn's lock", damage_barn_lock, "the barn of node 0 is locked" },
	{ "an empty sheaf with an object", damage_empty_not_empty, "a sheaf has 1 objects, 0 to 0" },
	{ "an object in two sheaves", damage_twice, "an object is in sheaves twice" },
	{ "a sheaf in two places", damage_two_places, "a sheaf is in two places" },
	{ "an empty sheaf of another cache", damage_other_cache, "a sheaf is of another cache" },
	{ "an object beside a slot", damage_nowhere, "an object of no slab" },
	{ "an object free in its slab too", damage_free_in_slab, "free in its slab and in a sheaf" },
	{ "the mark of a partial slab", damage_mark, "marked as partial" },
	{ "inuse", damage_inuse, "inuse" },
	{ "frozen", damage_frozen, "frozen without a CPU" },
	{ "a list_lock", damage_list_lock, "list_lock of node 0 is held" },
	{ "nr_partial", damage_nr_partial, "nr_partial" },
	{ "nr_slabs", damage_nr_slabs, "nr_slabs" },
};

static void check_finds_each_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(damages); i++) {
		struct sheaf_settings settings = small();
		struct fixture_options options = options_of("7.1", &settings);
		struct fixture *f = fixture_new(&options);

		print_message("%s\n", damages[i].name);
		fixture_run(f, scene);
		fixture_expect_sound(f);
		damages[i].damage(f);
		fixture_expect_unsound(f, damages[i].reason);
		fixture_free(f);
	}
}

/* ---- random traffic -------------------------------------------------------------------------------------- */

enum { OWN_SLOTS = 24, ROUNDS = 400 };

struct traffic_box {
	_Alignas(LINE) void *object;
};

struct traffic {
	struct fixture *f;
	struct traffic_box *box;        /* by CPU: an object handed to it, or NULL */
	struct kmem_cache *cache[3];
	void *own[8][OWN_SLOTS];
	uint64_t inside;                /* handlers that found their CPU inside its sheaves */
};

static void free_object(struct cpu *cpu, struct fixture *f, void *object, bool rcu)
{
	const struct object_allocator *model = f->objects.model;
	struct slab_page *slab = (struct slab_page *)fixture_slab(f, object);
	struct kmem_cache *s = slab->slab_cache;

	op_begin(cpu, OP_FREE);
	if (rcu)
		model->free_rcu(cpu, f->slub, s, object);
	else
		model->kfree(cpu, f->slub, object);
	op_end(cpu, 0, 0);
}

static void *alloc_object(struct cpu *cpu, struct traffic *t, struct kmem_cache *s, unsigned gfp)
{
	const struct object_allocator *model = t->f->objects.model;
	void *object;

	op_begin(cpu, OP_ALLOC);
	object = model->alloc(cpu, t->f->slub, s, gfp);
	op_end(cpu, 0, 0);
	assert_true(model->owns(t->f->slub, s, object));
	return object;
}

static void random_thread(struct cpu *cpu, void *argument)
{
	struct traffic *t = argument;
	unsigned id = cpu_id(cpu), cpus = sim_cpus(t->f->sim);

	for (unsigned round = 0; round < ROUNDS; round++) {
		void **own = &t->own[id][random_below(cpu, OWN_SLOTS)], *given;

		if (*own) {
			if (random_below(cpu, 2))
				*own = exchange(cpu, &t->box[random_below(cpu, cpus)].object, *own);
			if (*own)
				free_object(cpu, t->f, *own, random_below(cpu, 4) == 0);
			*own = NULL;
		} else {
			*own = alloc_object(cpu, t, t->cache[random_below(cpu, 3)], GFP_KERNEL);
			/* a payload over the free pointer, in the middle */
			store(cpu, (uint64_t *)*own + 64, round);
		}
		given = exchange(cpu, &t->box[id].object, NULL);
		if (given)
			free_object(cpu, t->f, given, false);
	}
	for (unsigned k = 0; k < OWN_SLOTS; k++)
		if (t->own[id][k])
			free_object(cpu, t->f, t->own[id][k], false);
	compute_cycles(cpu, 100000);            /* the last grace period ends */
}

static void timer(struct cpu *cpu, void *argument)
{
	struct traffic *t = argument;
	void *object[3];

	for (unsigned i = 0; i < 3; i++) {
		const struct slub_percpu_sheaves *pcs =
			t->f->slub->views->cpu_sheaves(t->f->slub, t->cache[i], cpu_id(cpu));

		t->inside += pcs && pcs->lock;
		object[i] = alloc_object(cpu, t, t->cache[i], GFP_ATOMIC);
	}
	for (unsigned i = 0; i < 3; i++)
		free_object(cpu, t->f, object[i], i == 1);
}

static const struct layout box_layout = { "box", LINE, CLASS_WORKLOAD, NULL };

/* Returns how often a handler came while its CPU was inside. */
static uint64_t random_run(const struct fixture_options *options, uint64_t period)
{
	struct traffic *t = calloc(1, sizeof *t);
	uint64_t held = 0, inside;

	t->f = fixture_new(options);
	t->cache[0] = t->f->cache;
	t->cache[1] = t->f->objects.model->kmalloc_cache(t->f->slub, 1024);
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
	for (unsigned id = 0; id < options->cpus; id++)
		held += t->box[id].object != NULL;
	inside = t->inside;
	if (!period)                            /* else some may still wait for a grace period */
		assert_int_equal(in_use(t->f), held);
	fixture_free(t->f);
	free(t);
	return inside;
}

/* Objects wander between CPUs, some are freed by kfree_rcu, interrupts allocate and free: afterwards all
 * invariants hold, and every object is held, in a sheaf or on a list. */
static void random_traffic_keeps_the_invariants(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(all_variants); v++) {
		struct sheaf_settings settings = small();
		struct fixture_options options = options_of(all_variants[v], &settings);
		uint64_t inside = 0;

		settings.grace_cycles = 5000;
		settings.max_full = settings.max_empty = 2;
		settings.cpu_partial_slabs = 2;
		options.cpus = 4;
		options.mib = 16;
		random_run(&options, 0);
		options.preempt = true;
		for (uint64_t period = 3000; period < 6000; period += 700)
			inside += random_run(&options, period);
		assert_int_equal(inside > 0, v > 0);
		options.nodes = 2;
		options.placement = PLACEMENT_SCATTER;
		random_run(&options, 0);
		random_run(&options, 4000);
	}
}

/* The same with every setting that no kernel has. */
static void random_traffic_with_other_settings(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		struct sheaf_settings settings = small();
		struct fixture_options options = options_of(i & 1 ? "7.3" : "7.1", &settings);

		settings.grace_cycles = 5000;
		settings.sheaf_capacity = 3;
		settings.barn = settings.node = i >> 1 & 1 ? LINE_SPLIT : LINE_PACKED;
		settings.barn_peek = i >> 2 & 1;
		settings.barn_order = i >> 3 & 1 ? BARN_FIFO : BARN_LIFO;
		settings.remote = i % 3 == 0 ? REMOTE_ACCEPT : i % 3 == 1 ? REMOTE_SHEAF : REMOTE_BYPASS;
		options.cpus = 4;
		options.mib = 16;
		options.nodes = 2;
		options.placement = PLACEMENT_SCATTER;
		random_run(&options, i & 1 ? 4000 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slabs_and_sheaves_have_the_sizes_of_the_sheet),
		cmocka_unit_test(a_slab_has_no_more_objects_than_can_be_counted),
		cmocka_unit_test(a_cache_begins_with_an_empty_main_sheaf_per_cpu),
		cmocka_unit_test(a_sheaf_fills_its_size_class),
		cmocka_unit_test(a_sheaf_of_kfree_rcu_becomes_a_full_sheaf_of_the_barn),
		cmocka_unit_test(objects_of_kfree_rcu_wait),
		cmocka_unit_test(beyond_the_limit_a_sheaf_of_kfree_rcu_is_flushed),
		cmocka_unit_test(what_cannot_go_into_a_sheaf_waits_alone),
		cmocka_unit_test(prefilled_sheaves_come_and_go),
		cmocka_unit_test(an_allocation_without_memory_fails_and_leaves_all_in_order),
		cmocka_unit_test(where_memory_is_in_pieces_slabs_are_smaller),
		cmocka_unit_test(slabs_of_reclaimable_caches_are_reclaimable_pages),
		cmocka_unit_test(slabs_and_large_kmallocs_have_no_references),
		cmocka_unit_test(check_finds_each_damage),
		cmocka_unit_test(random_traffic_keeps_the_invariants),
		cmocka_unit_test(random_traffic_with_other_settings),
	};

	return cmocka_run_group_tests_name("sheaves", tests, NULL, NULL);
}
