/*
 * Every object allocator, in each of its variants, under every workload of objects, on every page
 * allocator: nothing is lost or handed out twice, the books balance. A cover of all pairs, with few
 * operations each; BOUNCE_VERIFY=1 runs all combinations on 2 to 64 CPUs and two nodes, over seeds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/experiment.h"
#include "experiment/run_point.h"
#include "models/model.h"
#include "tests/cli_fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Small enough for a second's work of all, and more than a slab and a batch each. */
static const char *const traffic[] = {
	"kind: hackbench\n  groups: 1\n  fds: 4\n  loops: 8\n",
	"kind: packet-flow\n  object_size: {uniform: [1, 1500]}\n  steered: 0.2\n",
	"kind: packet-flow\n  deferred: true\n",
	"kind: larson\n  slots: 40\n  replacements: 50\n",
	"kind: xmalloc-test\n  batch: 60\n  object_size: {steps: [8, 2048]}\n",
	"kind: cache-scratch\n  writes: 3\n",
	"kind: pipeline\n  stages: 2\n  object_size: 1024\n",
	"kind: burst\n  objects: 50\n  moved: 0.3\n  object_size: 512\n",
	"kind: deferred\n  grace_cycles: 20000\n  short_lived: 0.2\n  gfp: atomic\n",
	"kind: producer-consumer\n  handoff: mpmc\n  in_flight: 16\n  object_size: 2048\n",
	"kind: producer-consumer\n  handoff: none\n  in_flight: 200\n  object_size: 64\n",
};

/* The words of a model's setting `variant`; NULL: it has none. */
static const char *const *variant_words(const struct object_allocator *model)
{
	const struct setting *s = model->settings;

	if (!model->variants)
		return NULL;
	while (s->key && strcmp(s->key, "variant"))
		s++;
	return s->key ? s->words : NULL;
}

struct one {
	const struct object_allocator *model;
	const char *variant;            /* NULL: it has none */
	const struct page_allocator *pages;
	const char *traffic;
	unsigned cpus, seed;
};

static void run_one(const struct one *one)
{
	struct diagnostics *diagnostics = diagnostics_new();
	bool decides = strstr(one->traffic, "hackbench");
	struct experiment *e;
	struct point *point;
	char text[800], why[512] = "";

	snprintf(text, sizeof text,
		 "name: t\nmachine: rome-2s\nplacement: scatter\ncpus: %u\nobjects: %s\npages: %s\n"
		 "memory_mib: 256\nsecond_cycles: 30000\n%s%s%s%s%s"
		 "interrupts: {every: 5000, cache: own, hold: 8}\nworkload:\n  %s",
		 one->cpus, one->model->name, one->pages->name,
		 decides ? "" : "operations: 1200\nwarmup: 100\n", one->variant ? one->model->name : "",
		 one->variant ? ": {variant: \"" : "", one->variant ? one->variant : "",
		 one->variant ? "\"}\n" : "", one->traffic);
	e = experiment_parse("t.yaml", text, strlen(text), NULL, 0, diagnostics);
	if (!e) {
		diagnostics_print(diagnostics, stderr, false);
		fail_msg("not an experiment:\n%s", text);
	}
	point = run_point(&(struct planned){ .combination = e->combination[0], .seed = one->seed },
			  why, sizeof why);
	if (!point)
		fail_msg("%s\n%s", why, text);
	if (point->result->outcome != OUTCOME_DONE)
		fail_msg("%s: %s\n%s", outcome_names[point->result->outcome],
			 point->result->message, text);
	/* but for the proposal that was posted with a leak, whose model says so */
	if (point->objects_lost && !(one->variant && !strcmp(one->variant, "v1")))
		fail_msg("%llu objects lost\n%s", (unsigned long long)point->objects_lost, text);
	point_free(point);
	experiment_free(e);
	diagnostics_free(diagnostics);
}

/* Each variant with each traffic; pages and CPUs go round, so that each meets each. */
static void all_pairs_are_sound(void **state)
{
	static const unsigned cpus[] = { 2, 3, 4, 8 };
	unsigned number = 0, pages = 0;

	(void)state;
	while (page_allocators[pages])
		pages++;
	for (size_t m = 0; object_allocators[m]; m++) {
		const char *const *words = variant_words(object_allocators[m]);

		for (size_t v = 0; v == 0 || (words && words[v]); v++, number++)
			for (size_t t = 0; t < COUNT(traffic); t++)
				run_one(&(struct one){
					object_allocators[m], words ? words[v] : NULL,
					page_allocators[(number + t) % pages], traffic[t],
					cpus[(number + t / 2) % COUNT(cpus)], 1 + (unsigned)t });
	}
}

static void verify_model(const struct object_allocator *model, const char *variant)
{
	static const unsigned cpus[] = { 2, 4, 8, 16, 32, 64 };

	for (size_t p = 0; page_allocators[p]; p++)
		for (size_t t = 0; t < COUNT(traffic); t++)
			for (size_t c = 0; c < COUNT(cpus); c++)
				for (unsigned seed = 1; seed <= 2; seed++)
					run_one(&(struct one){ model, variant, page_allocators[p],
							       traffic[t], cpus[c], seed });
}

static void all_combinations_are_sound(void **state)
{
	(void)state;
	if (!getenv("BOUNCE_VERIFY"))
		return;
	for (size_t m = 0; object_allocators[m]; m++) {
		const char *const *words = variant_words(object_allocators[m]);

		for (size_t v = 0; v == 0 || (words && words[v]); v++)
			verify_model(object_allocators[m], words ? words[v] : NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_pairs_are_sound),
		cmocka_unit_test(all_combinations_are_sound),
	};

	enter_source_tree();
	return cmocka_run_group_tests_name("all on all", tests, NULL, NULL);
}
