/* An experiment on the host's own processors, beside what is simulated (cli/native.c). */
#ifndef CLI_NATIVE_H
#define CLI_NATIVE_H

#include "cli/table.h"
#include "experiment/runner.h"

struct native_how {
	const char *directory;          /* of the simulated results; native ones go below it */
	struct runner_options runner;
	enum table_format format;
	struct paper paper;
	bool watched;                   /* nothing is timed, so nothing is compared */
};

/* Mistakes of asking for this: a host that has too few CPUs is told by each point. */
void native_check(const struct experiment *experiment, const struct runner_options *runner,
		  struct diagnostics *diagnostics);
/*
 * Simulates what is missing, runs all points natively, always anew and one at a time, and prints
 * both side by side; an exit status.
 */
int native_run_experiment(const struct experiment *experiment, const struct native_how *how);

#endif
