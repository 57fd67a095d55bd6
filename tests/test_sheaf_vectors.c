/*
 * sheaves-all: how often each shared thing is touched over thousands of operations, against the
 * numbers of two models that others wrote from the sheet and from the sources (slab-2026, 7).
 *
 * What sheaves themselves cost kmalloc is not counted, here as there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/slub/page_612.h"
#include "tests/sheaf_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { MANY = 10000, MIB = 64 };

enum counted {
	LIST_LOCK, AC16, FLAG_A, CNT, OB_READ, OB_WRITE, BARN_LOCK, NEW_SLABS, DISCARDS, REFILLS,
	FLUSHES, COUNTED
};

static const char *const names[COUNTED] = {
	"list_lock", "AC16", "flag", "counters", "OB read", "OB write", "barn lock", "new slabs",
	"discards", "refills", "flushes"
};

struct vectors {
	struct fixture *f;
	uint64_t count[COUNTED];
	const char *node_lock[2], *nr_slabs[2], *total[2], *barn_lock[2];
	bool filled, flushed;           /* in the operation under way */
	void *object[4 * MANY];
	/* of a run by turns */
	unsigned from, to, objects, window;
};

/* Is it of a slab of the cache under test? */
static bool is_ours(const struct vectors *v, uint64_t pfn)
{
	const struct memory *m = v->f->memory;
	struct slab_page *slab;

	if (pfn >= m->pages)
		return false;
	slab = (struct slab_page *)page_head(m, pfn_to_page(m, pfn));
	return slab->page_type == PAGE_TYPE_SLAB && slab->slab_cache == v->f->cache;
}

static void count_locked(struct vectors *v, const struct access *access)
{
	const char *p = access->address;
	uint64_t pfn = page_to_pfn(v->f->memory, access->address);

	for (unsigned n = 0; n < v->f->memory->nodes; n++) {
		v->count[LIST_LOCK] += p == v->node_lock[n];
		v->count[BARN_LOCK] += p == v->barn_lock[n];
		v->count[CNT] += p == v->nr_slabs[n] || p == v->total[n];
		v->count[access->op == OP_ALLOC ? NEW_SLABS : DISCARDS] += p == v->nr_slabs[n];
	}
	if (!is_ours(v, pfn))
		return;
	v->count[AC16] += access->size == sizeof(struct pair);
	v->count[FLAG_A] += access->size == 8;
}

static void count_access(void *to, const struct access *access)
{
	struct vectors *v = to;

	if (access->path) {
		v->filled |= strcmp(access->path, "fill") == 0;
		v->flushed |= strcmp(access->path, "flush") == 0;
	}
	if (access->locked)
		count_locked(v, access);
	else if (is_ours(v, address_to_pfn(v->f->memory, access->address)))
		v->count[access->write ? OB_WRITE : OB_READ]++;
}

static void vector_alloc(struct cpu *cpu, struct vectors *v, unsigned i)
{
	v->filled = false;
	op_begin(cpu, OP_ALLOC);
	v->object[i] = v->f->objects.model->alloc(cpu, v->f->slub, v->f->cache, GFP_KERNEL);
	op_end(cpu, 0, 0);
	assert_non_null(v->object[i]);
	v->count[REFILLS] += v->filled;
}

static void vector_free(struct cpu *cpu, struct vectors *v, unsigned i)
{
	v->flushed = false;
	op_begin(cpu, OP_FREE);
	v->f->objects.model->free(cpu, v->f->slub, v->f->cache, v->object[i]);
	op_end(cpu, 0, 0);
	v->count[FLUSHES] += v->flushed;
}

static struct vectors *vectors_new(const char *variant, unsigned size, unsigned cpus, unsigned nodes)
{
	struct vectors *v = calloc(1, sizeof *v);
	struct sheaf_settings settings = sheaf_defaults();
	char text[24];

	settings.present_cpus = 32;
	settings.min_partial = 5;
	v->f = fixture_new(&(struct fixture_options){
		.objects = sheaf_model(variant), .settings = &settings, .object_size = size,
		.family = strncmp(variant, "7.0", 3) ? &sheaf_family_71 : &sheaf_family_70,
		.view = &page_view_6_12, .mib = MIB, .cpus = cpus, .nodes = nodes,
		.placement = nodes > 1 ? PLACEMENT_SCATTER : PLACEMENT_COMPACT });
	for (unsigned n = 0; n < nodes; n++) {
		const char *id = n ? "1" : "";

		snprintf(text, sizeof text, "ND%s.lock", id);
		v->node_lock[n] = v->f->family->place(v->f, text);
		snprintf(text, sizeof text, "ND%s.nr_slabs", id);
		v->nr_slabs[n] = v->f->family->place(v->f, text);
		snprintf(text, sizeof text, "ND%s.total", id);
		v->total[n] = v->f->family->place(v->f, text);
		snprintf(text, sizeof text, "BARN%s.lock", id);
		v->barn_lock[n] = v->f->family->place(v->f, text);
	}
	sim_observe(v->f->sim, count_access, v);
	return v;
}

static void vectors_free(struct vectors *v)
{
	fixture_expect_sound(v->f);
	fixture_free(v->f);
	free(v);
}

/* `by_chance`: within 1 %, and ten more, of what hangs on a random order: a slab that happens to become
 * empty costs a list_lock, a flag and two counters. */
static void expect_counts(struct vectors *v, const char *what, const int *expected, bool by_chance)
{
	for (unsigned i = 0; i < COUNTED; i++) {
		uint64_t slack = by_chance ? (uint64_t)expected[i] / 100 + 10 : 0;

		if (v->count[i] + slack < (uint64_t)expected[i] ||
		    v->count[i] > (uint64_t)expected[i] + slack)
			fail_msg("%s: %s %llu, expected %d", what, names[i],
				 (unsigned long long)v->count[i], expected[i]);
	}
	memset(v->count, 0, sizeof v->count);
}

/* ---- all out, all back, twice ------------------------------------------------------------------------ */

/* list_lock, AC16, flag, counters, OB read, OB write, barn lock, new slabs, discards, refills, flushes */
struct vector {
	const char *variant;
	unsigned size, phase;
	int expected[COUNTED];
};

enum { ALLOC, FREE_IN_ORDER, ALLOC_AGAIN, FREE_SHUFFLED, PHASES };

static const struct vector vectors[] = {
	{ "7.1", 64, ALLOC, { 313, 156, 313, 314, 10020, 10048, 0, 157, 0, 167, 0 } },
	{ "7.1", 64, FREE_IN_ORDER, { 290, 434, 290, 284, 0, 9734, 10, 0, 142, 0, 155 } },
	{ "7.1", 64, ALLOC_AGAIN, { 290, 154, 296, 284, 9320, 9091, 10, 142, 0, 155, 0 } },
	{ "7.1", 64, FREE_SHUFFLED, { 156, 9106, 156, 0, 0, 18406, 10, 0, 0, 0, 155 } },
	{ "7.1", 256, ALLOC, { 627, 313, 627, 628, 10024, 10048, 0, 314, 0, 358, 0 } },
	{ "7.1", 256, FREE_IN_ORDER, { 606, 909, 606, 600, 0, 10597, 10, 0, 300, 0, 346 } },
	{ "7.1", 1024, ALLOC, { 1459, 1146, 1459, 626, 14176, 10433, 0, 313, 0, 834, 0 } },
	{ "7.1", 4096, ALLOC, { 2500, 1250, 2500, 2500, 10000, 10000, 0, 1250, 0, 2500, 0 } },
	{ "7.3", 64, ALLOC, { 313, 156, 313, 314, 4884, 4912, 0, 157, 0, 167, 0 } },
	{ "7.3", 256, ALLOC, { 627, 313, 627, 628, 4988, 5012, 0, 314, 0, 358, 0 } },
	{ "7.3", 256, FREE_IN_ORDER, { 606, 909, 606, 600, 0, 10597, 10, 0, 300, 0, 346 } },
	{ "7.3", 1024, ALLOC, { 1459, 1146, 1459, 626, 7500, 7508, 0, 313, 0, 834, 0 } },
	{ "7.3", 4096, ALLOC, { 2500, 1250, 2500, 2500, 5000, 5000, 0, 1250, 0, 2500, 0 } },
};

static bool comes_later(const struct vector *of, unsigned phase)
{
	for (size_t i = 0; i < COUNT(vectors); i++)
		if (!strcmp(vectors[i].variant, of->variant) && vectors[i].size == of->size &&
		    vectors[i].phase > phase)
			return true;
	return false;
}

static void check_phase(struct vectors *v, const struct vector *of, unsigned phase)
{
	char what[60];

	for (size_t i = 0; i < COUNT(vectors); i++) {
		if (strcmp(vectors[i].variant, of->variant) || vectors[i].size != of->size ||
		    vectors[i].phase != phase)
			continue;
		snprintf(what, sizeof what, "%s, %u bytes, phase %u", of->variant, of->size, phase);
		expect_counts(v, what, vectors[i].expected, phase == FREE_SHUFFLED);
	}
	memset(v->count, 0, sizeof v->count);
}

struct phases {
	struct vectors *v;
	const struct vector *of;
};

static void shuffle(struct cpu *cpu, void **object, unsigned count)
{
	for (unsigned i = count - 1; i > 0; i--) {
		unsigned k = (unsigned)random_below(cpu, i + 1);
		void *was = object[i];

		object[i] = object[k];
		object[k] = was;
	}
}

static void four_phases(struct cpu *cpu, void *argument)
{
	struct phases *p = argument;

	for (unsigned phase = ALLOC; phase < PHASES; phase++) {
		if (phase == FREE_SHUFFLED)
			shuffle(cpu, p->v->object, MANY);
		for (unsigned i = 0; i < MANY; i++) {
			if (phase == ALLOC || phase == ALLOC_AGAIN)
				vector_alloc(cpu, p->v, i);
			else
				vector_free(cpu, p->v, i);
		}
		check_phase(p->v, p->of, phase);
		if (!comes_later(p->of, phase))
			break;
	}
}

static void ten_thousand_out_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct phases p = { NULL, &vectors[i] };

		if (vectors[i].phase != ALLOC)
			continue;
		p.v = vectors_new(vectors[i].variant, vectors[i].size, 1, 1);
		thread_start(p.v->f->sim, 0, four_phases, &p);
		assert_int_equal(sim_run(p.v->f->sim), OUTCOME_DONE);
		vectors_free(p.v);
	}
}

/* ---- one way ------------------------------------------------------------------------------------------ */

/* CPU 0 allocates object i, then CPU 1 frees object i - window. What is counted begins at `from`. */
static void by_turns(struct cpu *cpu, void *argument)
{
	struct vectors *v = argument;
	unsigned id = cpu_id(cpu), room = COUNT(v->object);

	for (unsigned i = 0; i < v->objects; i++) {
		spin_while(cpu, v->f->turn, value != 2 * (uint64_t)i + id, STEP_PAUSE);
		if (id == 0 && i == v->from)
			memset(v->count, 0, sizeof v->count);
		if (id == 0)
			vector_alloc(cpu, v, i % room);
		else if (i >= v->window)
			vector_free(cpu, v, (i - v->window) % room);
		store(cpu, v->f->turn, 2 * (uint64_t)i + id + 1);
	}
}

static void run_by_turns(struct vectors *v, unsigned from, unsigned objects, unsigned window)
{
	v->from = from;
	v->objects = objects;
	v->window = window;
	for (unsigned id = 0; id < 2; id++)
		thread_start(v->f->sim, id, by_turns, v);
	assert_int_equal(sim_run(v->f->sim), OUTCOME_DONE);
}

/* Both on one node: a full sheaf one way and an empty one back per C objects, two barn locks. */
static void one_way_on_a_node_takes_the_barn_lock_twice_per_sheaf(void **state)
{
	static const struct { unsigned size, capacity; } cases[] = { { 64, 60 }, { 256, 28 } };
	static const char *const variants[] = { "7.1", "7.3" };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t k = 0; k < COUNT(variants); k++) {
			struct vectors *v = vectors_new(variants[k], cases[i].size, 2, 1);
			static const int expected[COUNTED] = { [BARN_LOCK] = 200 };

			run_by_turns(v, 10 * cases[i].capacity, 110 * cases[i].capacity, 0);
			expect_counts(v, "one way", expected, false);
			vectors_free(v);
		}
}

/* From node to node: nothing of what is freed goes through sheaves. The sheet's rows, objects 20001 to
 * 30000. */
static const struct {
	const char *variant;
	unsigned size, window;
	int list_lock, ac16;
} windows[] = {
	{ "7.1", 64, 0, 499, 10332 },
	{ "7.1", 64, 1000, 627, 10363 }, { "7.3", 64, 1000, 745, 10680 },
	{ "7.3", 256, 0, 1071, 10714 },
	{ "7.1", 256, 1000, 1406, 10886 }, { "7.3", 256, 1000, 1565, 11311 },
};

static void one_way_between_nodes_changes_the_slab_for_each_object(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(windows); i++) {
		struct vectors *v = vectors_new(windows[i].variant, windows[i].size, 2, 2);

		print_message("%s, %u bytes, window %u\n", windows[i].variant, windows[i].size,
			      windows[i].window);
		run_by_turns(v, 20000, 30000, windows[i].window);
		assert_int_equal(v->count[LIST_LOCK], windows[i].list_lock);
		assert_int_equal(v->count[AC16], windows[i].ac16);
		vectors_free(v);
	}
}

/* ---- batches ------------------------------------------------------------------------------------------ */

/* `size` objects out, and back in reverse; per batch after eight of them. Ten batches are counted. */
static const struct {
	const char *variant;
	unsigned batch;
	int list_lock, ac16, barn_lock;         /* of ten batches */
} batches[] = {
	{ "7.1", 28, 0, 0, 0 },      { "7.1", 56, 0, 0, 0 },      { "7.1", 57, 0, 0, 20 },
	{ "7.1", 100, 0, 0, 40 },    { "7.1", 336, 0, 0, 200 },   { "7.1", 337, 40, 30, 200 },
	{ "7.1", 1000, 850, 680, 200 }, { "7.3", 336, 0, 0, 200 }, { "7.3", 337, 35, 40, 200 },
	{ "7.3", 1000, 840, 710, 200 },
};

static void in_batches(struct cpu *cpu, void *argument)
{
	struct vectors *v = argument;

	for (unsigned round = 0; round < v->to; round++) {
		if (round == v->from)
			memset(v->count, 0, sizeof v->count);
		for (unsigned i = 0; i < v->objects; i++)
			vector_alloc(cpu, v, i);
		for (unsigned i = v->objects; i-- > 0;)
			vector_free(cpu, v, i);
	}
}

static void batches_touch_what_they_must(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(batches); i++) {
		struct vectors *v = vectors_new(batches[i].variant, 256, 1, 1);

		print_message("%s, batches of %u\n", batches[i].variant, batches[i].batch);
		v->objects = batches[i].batch;
		v->from = 20;
		v->to = 30;
		thread_start(v->f->sim, 0, in_batches, v);
		assert_int_equal(sim_run(v->f->sim), OUTCOME_DONE);
		assert_int_equal(v->count[BARN_LOCK], batches[i].barn_lock);
		assert_int_equal(v->count[LIST_LOCK], batches[i].list_lock);
		assert_int_equal(v->count[AC16], batches[i].ac16);
		vectors_free(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_out_and_back),
		cmocka_unit_test(one_way_on_a_node_takes_the_barn_lock_twice_per_sheaf),
		cmocka_unit_test(one_way_between_nodes_changes_the_slab_for_each_object),
		cmocka_unit_test(batches_touch_what_they_must),
	};

	return cmocka_run_group_tests_name("sheaf vectors", tests, NULL, NULL);
}
