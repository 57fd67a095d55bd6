/* See workload_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine_fixture.h"
#include "tests/workload_fixture.h"

/* ---- settings -------------------------------------------------------------------------- */

static void set_word(const struct setting *s, int *target, const char *text, size_t length)
{
	for (int i = 0; s->words[i]; i++) {
		if (strlen(s->words[i]) == length && memcmp(s->words[i], text, length) == 0) {
			*target = i;
			return;
		}
	}
	fail_msg("'%s' has no word '%.*s'", s->key, (int)length, text);
}

/* "64", "uniform:8:1024"; a table's fallback is YAML */
static void set_sizes(struct sizes *sizes, const char *text)
{
	unsigned long long low, high;

	if (sscanf(text, "uniform:%llu:%llu", &low, &high) == 2 ||
	    sscanf(text, "{uniform: [%llu, %llu]}", &low, &high) == 2)
		*sizes = (struct sizes){ SIZES_UNIFORM, low, high };
	else if (sscanf(text, "steps:%llu:%llu", &low, &high) == 2)
		*sizes = (struct sizes){ SIZES_STEPS, low, high };
	else
		*sizes = (struct sizes){ SIZES_ONE, strtoull(text, NULL, 10),
					 strtoull(text, NULL, 10) };
}

static void set_one(const struct setting *s, void *target, const char *text, size_t length)
{
	void *at = (char *)target + s->offset;

	switch (s->kind) {
	case SETTING_COUNT:
	case SETTING_BYTES:
		*(uint64_t *)at = strtoull(text, NULL, 10);
		break;
	case SETTING_REAL:
		*(double *)at = strtod(text, NULL);
		break;
	case SETTING_SWITCH:
		*(bool *)at = length == 4;              /* true, false */
		break;
	case SETTING_WORD:
		set_word(s, at, text, length);
		break;
	case SETTING_DISTRIBUTION:
		set_word(s, at, text, length);          /* of its shape, the first member */
		((struct distribution *)at)->spread = SPREAD_ONE;
		break;
	case SETTING_SIZES:
		set_sizes(at, text);
		break;
	case SETTING_NAME:
		snprintf(at, SETTING_NAME_BYTES, "%.*s", (int)length, text);
		break;
	default:
		fail_msg("'%s' is of a kind that no workload has", s->key);
	}
}

void settings_from_text(const struct setting *table, void *target, const char *text)
{
	for (const struct setting *s = table; s->key; s++)
		if (s->fallback)
			set_one(s, target, s->fallback, strlen(s->fallback));
	while (text && *text) {
		size_t key = strcspn(text, "="), length;
		const struct setting *s = table;

		while (s->key && (strlen(s->key) != key || memcmp(s->key, text, key) != 0))
			s++;
		if (!s->key)
			fail_msg("no setting '%.*s'", (int)key, text);
		text += key + 1;
		length = strcspn(text, " ");
		set_one(s, target, text, length);
		text += length + (text[length] == ' ');
	}
}

/* ---- the plain allocator ------------------------------------------------------------------ */

/*
 * Each CPU has a stock of its own: a stretch of pages that it hands out from, and a stack of what
 * it freed itself, both on the host. No simulated access, no dependence on the host's order.
 */
enum { STOCK_BYTES = 4 << 20, STACK_MAX = 4096, PLAIN_CACHES = 2048 };

struct kmem_cache {
	unsigned size;
};

struct stock {
	char *next, *end;
	void *stack[STACK_MAX];
	unsigned stacked, handed_out;
	void *last;
};

struct plain {
	struct workbench *bench;
	struct stock stock[BENCH_CPUS];
	struct kmem_cache cache[PLAIN_CACHES];
	unsigned caches;
};

static struct kmem_cache *plain_cache(void *state, const char *name, unsigned size, unsigned align)
{
	struct plain *plain = state;

	(void)name, (void)align;
	for (unsigned i = 0; i < plain->caches; i++)
		if (plain->cache[i].size == size)
			return &plain->cache[i];
	assert_true(plain->caches < PLAIN_CACHES);
	plain->cache[plain->caches].size = size;
	return &plain->cache[plain->caches++];
}

static struct kmem_cache *plain_kmalloc_cache(void *state, size_t size)
{
	return plain_cache(state, "kmalloc", (unsigned)size, 0);
}

static void note(struct plain *plain, struct cpu *cpu, bool frees, unsigned size, unsigned gfp)
{
	unsigned id = cpu_id(cpu);

	if (plain->bench->deeds[id] < DEED_MAX)
		plain->bench->deed[id][plain->bench->deeds[id]++] = (struct deed){ frees, gfp & GFP_ATOMIC, size };
}

static void *plain_alloc(struct cpu *cpu, void *state, struct kmem_cache *cache, unsigned gfp)
{
	struct plain *plain = state;
	struct stock *stock = &plain->stock[cpu_id(cpu)];
	enum fault fault = ++stock->handed_out > 20 ? plain->bench->fault : SOUND;
	void *object;

	note(plain, cpu, false, cache->size, gfp);
	if (fault == EXHAUSTED)
		return NULL;
	if (fault == TWICE)
		return stock->last;
	if (stock->stacked) {
		object = stock->stack[--stock->stacked];
	} else {
		object = stock->next;
		stock->next += PAGE_BYTES;      /* an object a page, whatever its size */
		if (stock->next > stock->end)
			return NULL;
	}
	stock->last = object;
	return fault == BESIDE ? (char *)object + 1 : object;
}

static void plain_kfree(struct cpu *cpu, void *state, void *object)
{
	struct plain *plain = state;
	struct stock *stock = &plain->stock[cpu_id(cpu)];

	note(plain, cpu, true, 0, 0);
	if (stock->stacked < STACK_MAX)
		stock->stack[stock->stacked++] = object;
}

static void plain_free(struct cpu *cpu, void *state, struct kmem_cache *cache, void *object)
{
	(void)cache;
	plain_kfree(cpu, state, object);
}

static void *plain_kmalloc(struct cpu *cpu, void *state, size_t size, unsigned gfp)
{
	return plain_alloc(cpu, state, plain_kmalloc_cache(state, size), gfp);
}

static unsigned plain_object_size(const struct kmem_cache *cache)
{
	return cache->size;
}

static bool plain_owns(const void *state, const struct kmem_cache *cache, const void *object)
{
	(void)state, (void)cache;
	return (uintptr_t)object % PAGE_BYTES == 0;
}

static bool plain_check(const void *state, const struct report *report)
{
	(void)state, (void)report;
	return true;
}

static const struct object_allocator plain_model = {
	.name = "plain", .cache_create = plain_cache, .kmalloc_cache = plain_kmalloc_cache,
	.alloc = plain_alloc, .free = plain_free, .kmalloc = plain_kmalloc, .kfree = plain_kfree,
	.object_size = plain_object_size, .check = plain_check, .owns = plain_owns,
};

/* Its pages are taken from the end of memory, behind the page allocator's back. */
static void *plain_new(struct workbench *bench, struct memory *memory)
{
	struct plain *plain = calloc(1, sizeof *plain);

	plain->bench = bench;
	for (unsigned i = 0; i < BENCH_CPUS; i++) {
		uint64_t pages = STOCK_BYTES / PAGE_BYTES;

		plain->stock[i].next = pfn_address(memory, memory->pages - (i + 1) * pages);
		plain->stock[i].end = plain->stock[i].next + STOCK_BYTES;
	}
	return plain;
}

/* ---- the run --------------------------------------------------------------------------------- */

struct set_up {
	struct workbench *bench;
	const struct workload *workload;
	struct sim *sim;
	struct traffic traffic;
	struct pages pages;
	struct objects objects;
	void *settings, *state;
	bool created;
};

static void *defaults(const struct setting *table, size_t size)
{
	void *settings = calloc(1, size ? size : 1);

	if (table)
		settings_from_text(table, settings, "");
	return settings;
}

static void create(void *argument)
{
	struct set_up *up = argument;
	struct workbench *bench = up->bench;
	const struct page_allocator *pages =
		page_allocator_find(bench->pages ? bench->pages : "buddy");
	void *settings = defaults(pages->settings, pages->settings_size);

	if (bench->pages_settings)
		settings_from_text(pages->settings, settings, bench->pages_settings);
	if (pages->fit)
		pages->fit(settings, KERNEL_3_9);
	struct memory *memory =
		memory_new(up->sim, bench->pages ? pages->view(settings) : &page_view_packed_56, 0,
			   bench->mib ? bench->mib : 64);

	up->pages = (struct pages){ pages, pages->create(up->sim, memory, settings), memory };
	free(settings);
	up->objects.pages = &up->pages;
	up->objects.model = bench->objects ? object_allocator_find(bench->objects) : &plain_model;
	if (bench->objects) {
		settings = defaults(up->objects.model->settings, up->objects.model->settings_size);
		up->objects.state = up->objects.model->create(up->sim, &up->pages, settings);
		free(settings);
	} else {
		up->objects.state = plain_new(bench, memory);
	}
	up->traffic.objects = &up->objects;
	up->traffic.pages = &up->pages;
	up->created = up->workload->create(&up->traffic, up->settings, &up->state, bench->why,
					   sizeof bench->why);
}

static void add_remark(void *to, const char *text)
{
	struct workbench *bench = to;
	size_t used = strlen(bench->remarks);

	snprintf(bench->remarks + used, sizeof bench->remarks - used, "%s\n", text);
}

static void run(struct set_up *up)
{
	struct workbench *bench = up->bench;
	char why[256] = "";
	const struct report report = { .why = why, .size = sizeof why };

	bench->outcome = sim_run(up->sim);
	bench->result = sim_result(up->sim);
	bench->sound = up->pages.model->check(up->pages.state, &report) &&
		       up->objects.model->check(up->objects.state, &report);
	if (!bench->sound)
		snprintf(bench->why, sizeof bench->why, "%s", why);
	if (up->workload->remarks)
		up->workload->remarks(up->state, add_remark, bench);
	if (bench->damage)
		bench->damage(bench);
	bench->finished =
		up->workload->finish(&up->traffic, up->state, bench->why, sizeof bench->why);
	bench->alive = ledger_alive(up->traffic.ledger);
}

void workbench_run(struct workbench *bench, const struct workload *workload)
{
	struct machine machine = bench->machine ? *bench->machine : engine_machine();
	unsigned cpus = bench->cpus ? bench->cpus : 2;
	struct sim_options options = engine_options(&machine, cpus);
	struct set_up up = { .bench = bench, .workload = workload };
	uint64_t warmup = bench->warmup, operations = bench->operations;

	up.settings = calloc(1, workload->settings_size);
	settings_from_text(workload->settings, up.settings, bench->settings);
	if (workload->operations && !workload->operations(up.settings, cpus, &warmup, &operations,
							  bench->why, sizeof bench->why)) {
		free(up.settings);
		return;
	}
	bench->operations = operations;
	bench->warmup = warmup;
	options.arena_bytes = (uint64_t)(bench->mib ? bench->mib + bench->mib / 32 : 64) * (1 << 20) +
			      (32 << 20);
	options.placement = bench->placement;
	options.seed = bench->seed ? bench->seed : 1;
	options.warmup = warmup;
	options.operations = operations;
	options.no_run_ahead = bench->no_run_ahead;
	options.no_parking = bench->no_parking;
	options.start_jitter_cycles = bench->jitter ? 1000 : 0;
	options.max_cycles = 1000000000;
	up.sim = engine_sim(&options);
	up.traffic = (struct traffic){
		.sim = up.sim, .warmup = warmup, .operations = operations, .ledger = ledger_new(up.sim)
	};
	if (bench->observer)
		sim_observe(up.sim, bench->observer, bench->to);
	assert_true(sim_protect(up.sim, create, &up));
	if (up.created)
		run(&up);
	if (!bench->objects)
		free(up.objects.state);
	ledger_free(up.traffic.ledger);
	sim_free(up.sim);
	free(up.settings);
}

void workbench_done(struct workbench *bench)
{
	if (bench->result)
		result_free(bench->result);
	bench->result = NULL;
}

void workbench_run_good(struct workbench *bench, const struct workload *workload)
{
	workbench_run(bench, workload);
	if (!bench->result)
		fail_msg("[%s]: %s", bench->settings, bench->why);
	if (bench->outcome != OUTCOME_DONE)
		fail_msg("[%s]: %s", bench->settings, bench->result->message);
	if (!bench->finished)
		fail_msg("[%s]: %s", bench->settings, bench->why);
}

void workbench_without_shortcuts(struct workbench *bench, const struct workload *workload)
{
	char *with, *without;

	workbench_run_good(bench, workload);
	with = engine_text(bench->result);
	workbench_done(bench);
	bench->no_run_ahead = bench->no_parking = true;
	workbench_run_good(bench, workload);
	without = engine_text(bench->result);
	workbench_done(bench);
	assert_string_equal(with, without);
	free(with);
	free(without);
}
