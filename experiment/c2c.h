/*
 * The text of perf c2c report --stdio, one line of its pareto, into an experiment with the workload
 * `struct`. What the report cannot say is guessed, and each guess is a comment.
 */
#ifndef EXPERIMENT_C2C_H
#define EXPERIMENT_C2C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { C2C_BYTES_MAX = 16 << 20, C2C_WHY_BYTES = 400 };

struct c2c_summary {
	unsigned lines;                 /* in the report */
	unsigned line;                  /* the one that was taken, by its number there */
	unsigned rows, members, groups, cpus;
	unsigned long long records;
};

/*
 * Line `wanted` of the report, by its number there, as YAML into `out`, whole or not at all.
 * `origin` names the recording. false: why not in `why`, as "LINE:COLUMN: text" where it has a place.
 */
bool c2c_convert(const char *text, size_t length, unsigned wanted, const char *origin, FILE *out,
		 struct c2c_summary *summary, char *why, size_t size);

#endif
