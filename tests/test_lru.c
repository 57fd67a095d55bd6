/*
 * Pages of processes (models/pages/lru.c): the accesses of the sheet's page fault and exit in their
 * order (pagealloc.md 6.2, 6.4), groups, pages that somebody else still refers to, and the lists'
 * books.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/pages/zone.h"
#include "tests/model_fixture.h"

enum { GROUP = 14 };

/* What is written down of one access: "A PG3.flags". */
struct record {
	struct fixture *f;
	bool on;
	char text[20000];
};

static void note(void *to, const struct access *a)
{
	struct record *record = to;
	const struct memory *m = record->f->memory;
	uint64_t pfn = page_to_pfn(m, (const struct page *)a->address);
	char where[100], *text = record->text;
	size_t at = strlen(text), room = sizeof record->text - at;
	char how = a->locked ? 'A' : !a->write ? 'R' : a->read ? 'M' : 'W';

	if (!record->on)
		return;
	sim_describe(record->f->sim, a->address, where, sizeof where);
	if (pfn < m->pages)
		snprintf(text + at, room, "%c PG%u.%s, ", how, (unsigned)pfn, strchr(where, '.') + 1);
	else
		snprintf(text + at, room, "%c %s, ", how, where);
}

/* Says where two long texts part. */
static void expect_text(const char *is, const char *expected)
{
	size_t at = 0;

	while (is[at] && is[at] == expected[at])
		at++;
	if (is[at] == expected[at])
		return;
	at = at > 100 ? at - 100 : 0;
	fail_msg("after %zu characters:\nis       %.300s\nexpected %.300s", at, is + at, expected + at);
}

static void add(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add(char *text, size_t size, const char *format, ...)
{
	size_t at = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + at, size - at, format, arguments);
	va_end(arguments);
}

struct scene {
	struct fixture *f;
	struct record *record;
	struct page *page[2 * GROUP];
};

static const struct page_allocator *model(const struct scene *s)
{
	return s->f->page_model;
}

static void take(struct cpu *cpu, struct scene *s, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		s->page[i] = model(s)->alloc(cpu, s->f->page_state, 0, GFP_MOVABLE);
		assert_int_equal(page_to_pfn(s->f->memory, s->page[i]), i);
	}
}

static void fault(struct cpu *cpu, struct scene *s, unsigned i)
{
	model(s)->map(cpu, s->f->page_state, s->page[i]);
	model(s)->lru_add(cpu, s->f->page_state, s->page[i], LRU_ACTIVE_ANON);
}

static struct zone *zone_of(const struct fixture *f)
{
	struct zones *zones = *(struct zones **)f->page_state;

	return &zones->zone[0];
}

static void play(const char *pages, thread_function *thread, struct record *record,
		 struct scene *scene)
{
	struct fixture *f = fixture_new(&(struct fixture_options){
		.pages_only = true, .pages = pages, .kernel = KERNEL_3_9, .lock = LOCK_TICKET, .mib = 512,
		.view = &page_view_aligned_64 });

	/* 0.7: 2 CPUs, 512 MiB = 4 x 128: min(125, 2 * 2 * (1 + 3)) = 16, and no list gets so long */
	assert_int_equal(zone_pageset_of(zone_of(f), 0)->stat_threshold, 16);

	memset(zone_of(f)->watermark, 0, WATERMARKS * sizeof(uint64_t));
	*record = (struct record){ .f = f };
	*scene = (struct scene){ .f = f, .record = record };
	sim_observe(f->sim, note, record);
	thread_start(f->sim, 0, thread, scene);
	assert_int_equal(sim_run(f->sim), OUTCOME_DONE);
}

static const char *const models[] = { "buddy", "pcp" };
#define EACH_MODEL(i) for (size_t i = 0; i < sizeof models / sizeof *models; i++)

/* ---- fault ----------------------------------------------------------------------------------- */

/* 6.2: "set PG flags SwapBacked (A), _mapcount=0, mapping, index; inc NR_ANON_PAGES (diff)". */
static void map_text(char *text, size_t size, unsigned pfn)
{
	add(text, size,
	    "A PG%u.flags, W PG%u._mapcount, W PG%u.mapping, W PG%u.index, "
	    "R zone.pageset, M per_cpu_pageset[0].vm_stat_diff, R per_cpu_pageset[0].stat_threshold, ",
	    pfn, pfn, pfn, pfn);
}

/* "lru add: A _count++, append to per-CPU pagevec". */
static void append_text(char *text, size_t size, unsigned pfn)
{
	const char *pagevec = "lru_add_pvecs[0].add[LRU_ACTIVE_ANON]";

	add(text, size, "A PG%u._count, R %s, W %s, W %s, ", pfn, pagevec, pagevec, pagevec);
}

static void fault_once(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	take(cpu, s, 1);
	s->record->on = true;
	fault(cpu, s, 0);
}

static void a_fault_maps_the_page_and_leaves_it_in_the_pagevec(void **state)
{
	struct record record;
	struct scene scene;
	char text[2000];

	(void)state;
	EACH_MODEL(i) {
		play(models[i], fault_once, &record, &scene);
		text[0] = '\0';
		map_text(text, sizeof text, 0);
		append_text(text, sizeof text, 0);
		expect_text(record.text, text);
		assert_int_equal(*page_count(scene.f->memory, scene.page[0]), 2);
		fixture_expect_sound(scene.f);
		fixture_free(scene.f);
	}
}

static void fault_fourteen(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	take(cpu, s, GROUP);
	for (unsigned i = 0; i < GROUP - 1; i++)
		fault(cpu, s, i);
	model(s)->map(cpu, s->f->page_state, s->page[GROUP - 1]);
	s->record->on = true;
	model(s)->lru_add(cpu, s->f->page_state, s->page[GROUP - 1], LRU_ACTIVE_ANON);
}

/* "mod NR_ACTIVE_ANON" (0.7), then the lines Z18 and Z19: list head, and reclaim's numbers. */
#define MOD_ACTIVE \
	"R zone.pageset, R per_cpu_pageset[0].vm_stat_diff, R per_cpu_pageset[0].stat_threshold, " \
	"W per_cpu_pageset[0].vm_stat_diff, "
#define ROTATED "M zone.lruvec.recent_scanned, M zone.lruvec.recent_rotated, "

/*
 * "every 14th fault: irqsave lru_lock, for 14 pages {A set LRU, A set Active, push_head on LRU list
 * (touches PG of previous first), mod NR_ACTIVE_ANON}, unlock, then 14 x A _count--". Unlocking a
 * ticket lock is a plain read-modify-write.
 */
static void flush_text(char *text, size_t size)
{
	const char *pagevec = "lru_add_pvecs[0].add[LRU_ACTIVE_ANON]";

	add(text, size, "R %s, ", pagevec);
	for (unsigned i = 0; i < GROUP; i++) {
		add(text, size, "R %s, %sA PG%u.flags, A PG%u.flags, R zone.lruvec.lists, ",
		    pagevec, i ? "" : "A zone.lru_lock, ", i, i);
		if (i)
			add(text, size, "W PG%u.lru, ", i - 1);
		else
			add(text, size, "W zone.lruvec.lists, ");
		add(text, size, "W PG%u.lru, W PG%u.lru, W zone.lruvec.lists, " MOD_ACTIVE ROTATED,
		    i, i);
	}
	add(text, size, "M zone.lru_lock, W lru_add_pvecs[0].freed, W lru_add_pvecs[0].freed, ");
	for (unsigned i = 0; i < GROUP; i++)
		add(text, size, "A PG%u._count, ", i);
	add(text, size, "R lru_add_pvecs[0].freed, W %s, ", pagevec);
}

static void the_fourteenth_fault_puts_all_on_the_lru(void **state)
{
	struct record record;
	struct scene scene;
	char text[20000];

	(void)state;
	EACH_MODEL(i) {
		play(models[i], fault_fourteen, &record, &scene);
		text[0] = '\0';
		append_text(text, sizeof text, GROUP - 1);
		flush_text(text, sizeof text);
		/* the freed list is looked at when the pagevec is empty again */
		char *end = strstr(text, "R lru_add_pvecs[0].freed, W ");

		assert_non_null(end);
		snprintf(end, 200, "W lru_add_pvecs[0].add[LRU_ACTIVE_ANON], R lru_add_pvecs[0].freed, ");
		expect_text(record.text, text);
		for (unsigned k = 0; k < GROUP; k++)
			assert_int_equal(*page_count(scene.f->memory, scene.page[k]), 1);
		assert_ptr_equal(zone_of(scene.f)->lruvec->lists[LRU_ACTIVE_ANON].prev,
				 page_lru(scene.f->memory, scene.page[0]));
		fixture_expect_sound(scene.f);
		fixture_free(scene.f);
	}
}

/* ---- exit ------------------------------------------------------------------------------------ */

static void exit_fourteen(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	take(cpu, s, GROUP);
	for (unsigned i = 0; i < GROUP; i++)
		fault(cpu, s, i);
	for (unsigned i = 0; i < GROUP; i++)
		model(s)->unmap(cpu, s->f->page_state, s->page[i]);
	s->record->on = true;
	model(s)->free_batch(cpu, s->f->page_state, s->page, GROUP);
}

/*
 * "per page A _count -> 0; lru_lock held once per group, each page unlinked from the LRU (2
 * neighbours), pushed on a local list". The LRU is 13, 12, ... 0 from its head, so page i is the
 * last when it goes: its neighbours are the head and page i + 1.
 */
static void release_text(char *text, size_t size)
{
	add(text, size, "W lru_add_pvecs[0].freed, W lru_add_pvecs[0].freed, ");
	for (unsigned i = 0; i < GROUP; i++) {
		add(text, size, "A PG%u._count, R PG%u.flags, %sM PG%u.flags, M PG%u.flags, ", i, i,
		    i ? "" : "A zone.lru_lock, ", i, i);
		add(text, size, "R PG%u.lru, R PG%u.lru, W zone.lruvec.lists, ", i, i);
		if (i < GROUP - 1)
			add(text, size, "W PG%u.lru, ", i + 1);
		else
			add(text, size, "W zone.lruvec.lists, ");
		add(text, size, "W PG%u.lru, W PG%u.lru, " MOD_ACTIVE "R lru_add_pvecs[0].freed, ",
		    i, i);
		if (i)
			add(text, size, "W PG%u.lru, ", i - 1);
		else
			add(text, size, "W lru_add_pvecs[0].freed, ");
		add(text, size, "W PG%u.lru, W PG%u.lru, W lru_add_pvecs[0].freed, ", i, i);
	}
	/* "so the group is reversed": the last page is freed first */
	add(text, size, "M zone.lru_lock, R lru_add_pvecs[0].freed, R PG13.lru, ");
	/* 0.4: flags, mapping (of a process: set NULL), _mapcount, _count; flags that must be cleared */
	add(text, size, "R PG13.flags, R PG13.mapping, W PG13.mapping, R PG13._mapcount, "
			"R PG13._count, W PG13.flags, ");
}

static void an_exit_frees_groups_in_reverse(void **state)
{
	struct record record;
	struct scene scene;
	char text[20000];

	(void)state;
	EACH_MODEL(i) {
		play(models[i], exit_fourteen, &record, &scene);
		text[0] = '\0';
		release_text(text, sizeof text);
		record.text[strlen(text)] = '\0';
		expect_text(record.text, text);
		assert_int_equal(zone_of(scene.f)->vm_stat[2] +
					 zone_pageset_of(zone_of(scene.f), 0)->vm_stat_diff[2],
				 0);
		assert_int_equal(zone_of(scene.f)->vm_stat[7] +
					 zone_pageset_of(zone_of(scene.f), 0)->vm_stat_diff[7],
				 0);
		assert_int_equal(model(&scene)->free_pages(scene.f->page_state),
				 scene.f->memory->pages);
		fixture_expect_sound(scene.f);
		fixture_free(scene.f);
	}
}

/* Pages in a pagevec have one reference more than the process's: they go when it is emptied. */
static void exit_early(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	take(cpu, s, 3);
	for (unsigned i = 0; i < 3; i++)
		fault(cpu, s, i);
	for (unsigned i = 0; i < 3; i++)
		model(s)->unmap(cpu, s->f->page_state, s->page[i]);
	model(s)->free_batch(cpu, s->f->page_state, s->page, 3);
	assert_int_equal(model(s)->free_pages(s->f->page_state), s->f->memory->pages - 3);
	model(s)->lru_drain(cpu, s->f->page_state);
}

static void pages_of_a_pagevec_go_when_it_is_emptied(void **state)
{
	struct record record;
	struct scene scene;

	(void)state;
	EACH_MODEL(i) {
		play(models[i], exit_early, &record, &scene);
		assert_int_equal(model(&scene)->free_pages(scene.f->page_state),
				 scene.f->memory->pages);
		fixture_expect_sound(scene.f);
		fixture_free(scene.f);
	}
}

static void leave_alone(struct cpu *cpu, void *argument)
{
	struct scene *s = argument;

	take(cpu, s, GROUP);
	for (unsigned i = 0; i < GROUP; i++)
		fault(cpu, s, i);
	for (unsigned i = 0; i < GROUP; i++) {
		model(s)->unmap(cpu, s->f->page_state, s->page[i]);
		model(s)->lru_del(cpu, s->f->page_state, s->page[i]);
		model(s)->free(cpu, s->f->page_state, s->page[i], 0);
	}
}

static void pages_may_leave_one_by_one(void **state)
{
	struct record record;
	struct scene scene;

	(void)state;
	EACH_MODEL(i) {
		play(models[i], leave_alone, &record, &scene);
		assert_int_equal(model(&scene)->free_pages(scene.f->page_state),
				 scene.f->memory->pages);
		fixture_expect_sound(scene.f);
		fixture_free(scene.f);
	}
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void damage_is_found(void **state)
{
	struct record record;
	struct scene scene;

	(void)state;
	EACH_MODEL(i) {
		play(models[i], fault_fourteen, &record, &scene);
		zone_of(scene.f)->vm_stat[2]++;
		fixture_expect_unsound(scene.f, "LRU list 1 counts 15 pages, it has 14");
		zone_of(scene.f)->vm_stat[2]--;
		*page_flags(scene.f->memory, scene.page[5]) &= ~(1ull << PG_LRU);
		fixture_expect_unsound(scene.f, "page 5 is on the LRU without its mark");
		*page_flags(scene.f->memory, scene.page[5]) |= 1ull << PG_LRU;
		page_lru(scene.f->memory, scene.page[5])->prev = NULL;
		fixture_expect_unsound(scene.f, "LRU list 1 is broken");
		fixture_free(scene.f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_maps_the_page_and_leaves_it_in_the_pagevec),
		cmocka_unit_test(the_fourteenth_fault_puts_all_on_the_lru),
		cmocka_unit_test(an_exit_frees_groups_in_reverse),
		cmocka_unit_test(pages_of_a_pagevec_go_when_it_is_emptied),
		cmocka_unit_test(pages_may_leave_one_by_one),
		cmocka_unit_test(damage_is_found),
	};

	return cmocka_run_group_tests_name("pages of processes", tests, NULL, NULL);
}
