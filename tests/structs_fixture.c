/* See structs_fixture.h. */
#include "tests/structs_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/metrics.h"
#include "sim/verbs/xalloc.h"

static void write_experiment(const char *folder, const char *machine, const char *cpus,
			     const char *operations, const char *more, char *file, size_t size)
{
	size_t room = strlen(more) + 400;
	char *text = xalloc(room);

	snprintf(file, size, "%s/x.yaml", folder);
	snprintf(
		text, room,
		"name: x\nmachine: %s\ncpus: %s\noperations: %s\njitter_cycles: 0\nmemory_mib: 16\n"
		"workload:\n  kind: struct\n  work: constant\n%s",
		machine, cpus, operations, more);
	write_text(file, text);
	free(text);
}

struct ran struct_run(const char *cpus, const char *operations, const char *more)
{
	return struct_run_on("textbook", cpus, operations, more);
}

struct ran struct_run_on(const char *machine, const char *cpus, const char *operations,
			 const char *more)
{
	struct ran ran = { .folder = folder_new() };
	char file[4200], path[4200], why[1024];

	write_experiment(ran.folder, machine, cpus, operations, more, file, sizeof file);
	snprintf(path, sizeof path, "%s/x", ran.folder);

	struct output output = run_cli((const char *const[]){ "run", file, "--quiet", "--no-plots",
							      "--output", ran.folder, NULL });

	if (output.status)
		fail_msg("%s", output.err);
	output_free(&output);
	if (!points_load(path, &ran.points, why, sizeof why))
		fail_msg("%s", why);
	return ran;
}

void ran_free(struct ran *ran)
{
	points_free(&ran->points);
	folder_free(ran->folder);
}

double ran_metric(const struct ran *ran, size_t point, const char *metric)
{
	assert_true(point < ran->points.count);
	return metric_value(metric_find(metric), ran->points.point[point]);
}

const struct member_stats *ran_member(const struct ran *ran, size_t point, const char *member)
{
	const struct result *result = ran->points.point[point]->result;

	for (size_t i = 0; i < result->members; i++)
		if (!strcmp(result->member[i].member, member))
			return &result->member[i];
	fail_msg("no member '%s' saw traffic", member);
	return NULL;
}

/* Lines of the program about places; those it quotes begin with blanks. */
char *struct_mistakes(const char *more)
{
	char *folder = folder_new(), file[4200], *told;
	size_t at = 0;

	write_experiment(folder, "textbook", "4", "100", more, file, sizeof file);

	struct output output = run_cli((const char *const[]){ "check", file, NULL });

	assert_int_equal(output.status, 2);
	told = xalloc(strlen(output.err) + 1);
	for (char *line = strtok(output.err, "\n"); line; line = strtok(NULL, "\n")) {
		const char *error = strstr(line, ": error: ");

		if (*line == ' ' || !error)
			continue;
		/* "LINE:COLUMN: text" of "PATH:LINE:COLUMN: error: text" */
		const char *place = error;

		for (int colons = 0; place > line && colons < 2; place--)
			colons += place[-1] == ':';
		place += place > line;
		at += (size_t)sprintf(told + at, "%.*s: %s\n", (int)(error - place), place,
				      error + 9);
	}
	output_free(&output);
	folder_free(folder);
	return told;
}
