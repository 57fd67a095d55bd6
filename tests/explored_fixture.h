/* What the tests of exploration share: an experiment's models, and what the explorer says of them. */
#ifndef TESTS_EXPLORED_FIXTURE_H
#define TESTS_EXPLORED_FIXTURE_H

#include "experiment/experiment.h"
#include "explored/explored.h"

struct explored {
	struct experiment *experiment;
	struct diagnostics *diagnostics;
	struct explore_options options;
	struct explore_report report;
};

/* A planted fault, and how it must be found. */
struct planted {
	const char *objects, *more, *plant;
	enum strategy strategy;
	unsigned operations;
	uint64_t schedules;             /* in which it must be found */
	const char *program;            /* NULL: all there are, or drawn */
	int start;                      /* of a program */
	unsigned interrupts;
};

extern const struct explorer *explorer;

void explored_begin(void);
/* The models and what `more` says of them, in lines of YAML; pages: buddy if it says none. */
struct explored explored_of(const char *objects, const char *more);
void explore(struct explored *e);
void explored_free(struct explored *e);
/* Fails unless it is found in so many schedules. */
void explore_planted(const struct planted *row);
/* 150 schedules of each strategy, and exhaustive ones of two operations: nothing may be found. */
void sound_with(const char *objects, const char *more, unsigned buffer, unsigned interrupts);

#endif
