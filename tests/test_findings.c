/*
 * False sharing that was planted is found, and named first: in each allocator's hottest line a
 * handler writes bytes that the allocator does not use. And the shipped experiment: the finding
 * proposes the padding that its padded run has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/findings.h"
#include "experiment/experiment.h"
#include "experiment/run_point.h"
#include "models/model.h"
#include "sim/internal.h"
#include "tests/cli_fixture.h"
#include "tests/engine_fixture.h"
#include "tests/workload_fixture.h"

/* ---- planting ---------------------------------------------------------------------------------- */

enum { PERIOD = 320 };  /* cycles between two writes: an interrupt's entry and exit take 200 */

/* The workload of that name, and a handler on its last CPU. */
struct planted {
	struct workload workload;
	const struct workload *of;
	uint64_t offset;                /* in the arena, 0: nothing is planted */
};

/* A handler knows its CPU, not the test: one test runs at a time. */
static struct planted plant;

static void writes(struct cpu *cpu, void *argument)
{
	uint8_t *byte = argument;

	store(cpu, byte, *byte);        /* as it is: it may be somebody's after all */
}

static bool create_planted(struct traffic *traffic, const void *settings, void **state, char *why,
			   size_t size)
{
	struct sim *sim = traffic->sim;

	if (plant.offset)
		timer_add(sim, sim->head.cpus - 1, 100, PERIOD, writes,
			  sim->head.arena.base + plant.offset);
	return plant.of->create(traffic, settings, state, why, size);
}

static struct result *run(struct workbench *bench)
{
	plant.workload = *plant.of;
	plant.workload.create = create_planted;
	workbench_run(bench, &plant.workload);
	if (!bench->result)
		fail_msg("%s", bench->why);
	if (bench->outcome != OUTCOME_DONE)
		fail_msg("%s: %s: %s", bench->pages, outcome_names[bench->outcome],
			 bench->result->message);
	return bench->result;
}

/* The allocator's line with most bounces, then most misses. */
static const struct line_stats *hottest(const struct result *result)
{
	for (size_t i = 0; i < result->lines; i++)
		if (result->line[i].class == CLASS_ALLOCATOR)
			return &result->line[i];
	return NULL;
}

/* The last byte of the line that no access touched. */
static uint64_t unused_byte(const struct result *result, const struct line_stats *line)
{
	uint64_t used = 0;

	for (size_t i = 0; i < result->sites; i++)
		if (result->site[i].line == line->offset)
			used |= ((1ull << result->site[i].size) - 1) << result->site[i].offset;
	for (unsigned byte = LINE; byte-- > 0;)
		if (!(used >> byte & 1))
			return line->offset + byte;
	fail_msg("%s has no byte left", line->label);
	return 0;
}

/* Is it a member of the hottest line's struct, whose bytes the handler does not use? */
static bool is_hot(const struct result *result, const struct line_stats *line,
		   const struct meeting_side *side)
{
	for (size_t i = 0; i < result->sites; i++)
		if (result->site[i].line == line->offset &&
		    strcmp(result->site[i].site.function, "writes") != 0 &&
		    !strcmp(result->site[i].member, side->member))
			return true;
	return false;
}

static void planted_is_named_first(const char *name, struct workbench bench)
{
	struct workbench with = bench;
	struct line_stats line;
	struct meeting *findings;
	struct result *clean, *result;
	uint64_t byte;
	size_t count;

	plant.offset = 0;
	clean = run(&bench);
	if (!hottest(clean))
		fail_msg("%s: no line of its own left a cache", name);
	line = *hottest(clean);
	plant.offset = byte = unused_byte(clean, &line);
	result = run(&with);
	findings = findings_of(result, &count);
	if (!count)
		fail_msg("%s: nothing is found in %s", name, line.label);

	/* one of the two is the planted byte, the other one of the line's members */
	bool is_first = false;

	for (size_t i = 0; i < result->takers && !is_first; i++) {
		const struct taker_stats *taker = &result->taker[i];
		const struct site_stats *site = &result->site[taker->row];
		bool takes = site->line + taker->offset == byte &&
			     !strcmp(taker->site.function, "writes");
		bool loses = site->line + site->offset == byte &&
			     !strcmp(site->site.function, "writes");

		is_first = (takes || loses) && taker->false_sharing &&
			   (!strcmp(takes ? taker->member : site->member, findings->one.member) ||
			    !strcmp(takes ? taker->member : site->member, findings->other.member));
	}
	if (!is_first ||
	    (!is_hot(result, &line, &findings->one) && !is_hot(result, &line, &findings->other)))
		fail_msg("%s: %s.%s and %s.%s come first, not byte %u of %s", name,
			 findings->one.layout, findings->one.member, findings->other.layout,
			 findings->other.member, (unsigned)(byte % LINE), line.label);
	assert_true(*findings->cure);
	free(findings);
	workbench_done(&bench);
	workbench_done(&with);
}

/* Page allocator and its variant of a kernel. */
static void pages_of(struct workbench *bench, enum kernel kernel)
{
	static const char *const variants[] = { [KERNEL_2_6_22] = "variant=2.6.22",
						[KERNEL_2_6_24] = "variant=2.6.24",
						[KERNEL_3_9] = "variant=3.9" };

	bench->pages = kernel >= KERNEL_6_12 ? "pcp-spin" : "pcp";
	bench->pages_settings = kernel >= KERNEL_6_12 ? NULL : variants[kernel];
}

/* Object allocators, each on the pages of its time: one CPU allocates, another frees. */
static void planted_in_each_object_allocator(void **state)
{
	(void)state;
	plant.of = workload_find("producer-consumer");
	for (size_t i = 0; object_allocators[i]; i++) {
		struct workbench bench = { .objects = object_allocators[i]->name,
					   .settings = "in_flight=1 object_size=256",
					   .operations = 6000 };

		pages_of(&bench, object_allocators[i]->kernel);
		planted_is_named_first(object_allocators[i]->name, bench);
	}
}

/* pcp-buddy's CPUs share nothing until they take blocks of 512 pages and give them back. */
static void planted_in_each_page_allocator(void **state)
{
	(void)state;
	plant.of = workload_find("pagealloc");
	for (size_t i = 0; page_allocators[i]; i++) {
		const char *name = page_allocators[i]->name;
		struct workbench bench = {
			.pages = name,
			.settings = strcmp(name, "pcp-buddy") != 0
					    ? "batch=100 rounds=10 warm_rounds=1 concurrent=true"
					    : "batch=6000 rounds=10 warm_rounds=1 concurrent=true",
			.cpus = 4, .mib = 256,
		};

		planted_is_named_first(name, bench);
	}
}

/* ---- the shipped experiment ---------------------------------------------------------------------- */

static struct result *run_counters(const char *counters, struct point **point)
{
	char set[64], why[512] = "";
	char *sets[] = { "repeat=1", "cpus=4", "operations=2000", "warmup=200", set };
	struct diagnostics *diagnostics = diagnostics_new();
	struct experiment *experiment;

	snprintf(set, sizeof set, "workload.counters=%s", counters);
	experiment = experiment_load("configs/false-sharing.yaml", sets, 5, diagnostics);
	assert_non_null(experiment);
	diagnostics_free(diagnostics);
	assert_int_equal(experiment->points, 1);
	*point = run_point(&experiment->point[0], why, sizeof why);
	if (!*point)
		fail_msg("%s", why);
	experiment_free(experiment);
	return (*point)->result;
}

/* Counters of 8 bytes: a line each are 56 bytes more. The padded ones have that, and no miss. */
static void the_padded_counters_confirm_the_finding(void **state)
{
	struct point *point;
	struct result *result = run_counters("neighbours", &point);
	struct meeting *findings;
	size_t count;

	(void)state;
	findings = findings_of(result, &count);
	assert_int_equal(count, 1);
	assert_string_equal(findings->one.layout, "counter");
	assert_int_equal(findings->apart, 8);
	assert_int_equal(findings->bytes, 56);
	assert_string_equal(findings->cure,
			    "a line for each counter: it grows from 8 to 64 bytes, 56 of them padding");
	assert_int_equal(findings->false_sharing, result->total.misses_false_sharing);
	assert_true(findings->false_sharing > 1000);
	free(findings);
	point_free(point);

	result = run_counters("padded", &point);
	findings = findings_of(result, &count);
	assert_int_equal(count, 0);
	assert_int_equal(result->total.misses_false_sharing, 0);
	free(findings);
	point_free(point);

	/* one word for all is no false sharing: every CPU uses the bytes */
	result = run_counters("shared", &point);
	findings = findings_of(result, &count);
	assert_int_equal(count, 0);
	assert_true(result->total.misses_true_sharing > 1000);
	free(findings);
	point_free(point);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planted_in_each_object_allocator),
		cmocka_unit_test(planted_in_each_page_allocator),
		cmocka_unit_test(the_padded_counters_confirm_the_finding),
	};

	enter_source_tree();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
