/*
 * docs/model.md keeps its promise: every metric has a heading there, and every term an example.
 * `bounce explain` prints from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/metrics.h"

static char *read_page(void)
{
	FILE *f = fopen("docs/model.md", "r");
	char *text = NULL;
	size_t size = 0;

	if (!f)
		fail_msg("docs/model.md cannot be read; tests run in the source tree");
	if (getdelim(&text, &size, '\0', f) < 0)
		fail_msg("docs/model.md is empty");
	fclose(f);
	return text;
}

static void every_metric_is_defined(void **state)
{
	char *text = read_page(), heading[80];

	(void)state;
	for (const struct metric *metric = metrics; metric->name; metric++) {
		if (metric->kind == METRIC_TEXT || !strcmp(metric->name, "cpus") ||
		    !strcmp(metric->name, "seed"))
			continue;       /* keys of the experiment */
		snprintf(heading, sizeof heading, "\n### %s\n", metric->name);
		if (strstr(text, heading))
			continue;
		snprintf(heading, sizeof heading, "\n### `%s`\n", metric->name);
		if (!strstr(text, heading))
			fail_msg("docs/model.md does not define %s", metric->name);
	}
	free(text);
}

static void every_term_has_an_example(void **state)
{
	char *text = read_page(), *end = strstr(text, "\n## Metrics\n");
	unsigned terms = 0;

	(void)state;
	assert_non_null(end);
	*end = '\0';
	for (char *term = strstr(text, "\n### "); term; terms++) {
		char *next = strstr(term + 1, "\n### "), *example = strstr(term, "\n\nExample");

		if (!example || (next && example > next))
			fail_msg("no example for%.30s", term + 4);
		term = next;
	}
	assert_true(terms > 30);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_metric_is_defined),
		cmocka_unit_test(every_term_has_an_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
