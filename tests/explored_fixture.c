/* See explored_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/explored_fixture.h"

const struct explorer *explorer;

void explored_begin(void)
{
	explorer = backend_explored.explorer;
}

struct explored explored_of(const char *objects, const char *more)
{
	struct explored e = { .diagnostics = diagnostics_new() };
	const struct combination *c;
	char text[1000];

	snprintf(text, sizeof text,
		 "name: t\nmachine: textbook\ncpus: 2\nobjects: %s\n%s"
		 "workload: %s\noperations: 100\n%s",
		 objects, strstr(more, "pages: ") ? "" : "pages: buddy\n",
		 strcmp(objects, "none") ? "producer-consumer" : "counter", more);
	e.experiment = experiment_parse("t.yaml", text, strlen(text), NULL, 0, e.diagnostics);
	diagnostics_print(e.diagnostics, stderr, false);
	assert_non_null(e.experiment);
	c = e.experiment->combination[0];
	e.options = c->settings.explore;
	e.options.objects = c->objects ? c->objects->name : NULL;
	e.options.pages = c->pages->name;
	e.options.objects_settings = c->objects_settings;
	e.options.pages_settings = c->pages_fitted;
	e.options.preempt = c->settings.preempt;
	e.options.seed = 1;
	return e;
}

void explore(struct explored *e)
{
	char why[300] = "";

	explorer->finding_free(e->report.finding);
	if (!explorer->explore(&e->options, &e->report, why, sizeof why))
		fail_msg("%s", why);
}

void explored_free(struct explored *e)
{
	explorer->finding_free(e->report.finding);
	experiment_free(e->experiment);
	diagnostics_free(e->diagnostics);
}

void explore_planted(const struct planted *row)
{
	struct explored e = explored_of(row->objects, row->more);

	e.options.plant = row->plant;
	e.options.strategy = row->strategy;
	e.options.operations = row->operations;
	e.options.schedules = row->schedules;
	e.options.interrupts = row->interrupts;
	if (row->program) {
		snprintf(e.options.program, sizeof e.options.program, "%s", row->program);
		e.options.start = row->start;
	}
	if (row->strategy == STRATEGY_EXHAUSTIVE)
		e.options.preemptions = 1;
	explore(&e);
	if (!e.report.finding)
		fail_msg("%s: %s is not found by %s in %llu schedules", row->objects, row->plant,
			 explorer->strategies[row->strategy], (unsigned long long)row->schedules);
	explored_free(&e);
}

void sound_with(const char *objects, const char *more, unsigned buffer, unsigned interrupts)
{
	struct explored e = explored_of(objects, more);

	e.options.store_buffer = buffer;
	e.options.interrupts = interrupts;
	for (int s = 0; explorer->strategies[s]; s++) {
		e.options.strategy = s;
		e.options.operations = s == STRATEGY_EXHAUSTIVE ? 2 : 6;
		e.options.preemptions = 1;
		e.options.schedules = s == STRATEGY_EXHAUSTIVE ? 1000 : 150;
		e.options.cpus = s == STRATEGY_RUNS ? 3 : 2;
		explore(&e);
		if (e.report.finding)
			fail_msg("%s, %s, start %s, %s: %s", objects, explorer->strategies[s],
				 explorer->starts[e.report.finding->start],
				 e.report.finding->program, e.report.finding->message);
		assert_true(e.report.schedules >= 100);
	}
	explored_free(&e);
}
