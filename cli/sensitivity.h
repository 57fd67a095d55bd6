/*
 * bounce run --sensitivity: an experiment with each uncertain number of its machines halved and doubled,
 * and which conclusions change.
 */
#ifndef CLI_SENSITIVITY_H
#define CLI_SENSITIVITY_H

#include "cli/table.h"
#include "experiment/runner.h"

struct sensitivity_options {
	const char *file;               /* of the experiment */
	char *const *sets;
	size_t set_count;
	const char *directory;          /* of its results; ours go to sensitivity/ in it */
	struct runner_options runner;
	enum table_format format;
	struct paper paper;
};

/* Tells a mistake where there is nothing to compare. */
void sensitivity_check(const struct experiment *experiment, struct diagnostics *diagnostics);
/* Runs what is missing and prints the verdicts; an exit status. */
int sensitivity_run(const struct experiment *experiment,
		    const struct sensitivity_options *options);

#endif
