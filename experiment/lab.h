/*
 * A lab: an experiment with a question to whoever runs it, and the answer it gives.
 *
 *	lab:
 *	  ask: How often does the line change its owner?
 *	  answer:
 *	    metric: bounces             # one number, the same with every seed
 *	    value: 99
 *	    why: The sum, written out.
 *	  event: bounce                 # what is counted, as 'bounce step --until' names it
 *	  line: counter                 # and where
 *	  hints:
 *	    - Who has the line after the first addition?
 *	  try: What changes, with ...?
 *
 * As with `expect`, nothing of it enters a hash: results do not hang on a question about them.
 */
#ifndef EXPERIMENT_LAB_H
#define EXPERIMENT_LAB_H

#include "experiment/metrics.h"
#include "experiment/schema.h"

struct loading;

/* The answer `found`: 1 if the explorer finds a fault, else 0. */
#define LAB_FOUND "found"

struct lab {
	char *ask, *why, *attempt;      /* attempt: the key `try`; NULL: none */
	char *event, *line;             /* NULL: not said */
	char *own;                      /* an example to begin one's own allocator with; NULL: none */
	char *metric;
	struct quotient what;           /* of the metric; not of LAB_FOUND */
	bool explored;                  /* the metric is LAB_FOUND */
	double value;
	char **hint;
	size_t hints;
};

/* For a table of keys alone. */
struct lab_keys {
	char ask[SETTING_NAME_BYTES], answer[SETTING_NAME_BYTES], event[SETTING_NAME_BYTES];
	char line[SETTING_NAME_BYTES], hints[SETTING_NAME_BYTES], own[SETTING_NAME_BYTES];
	char try[SETTING_NAME_BYTES];
};
extern const struct setting lab_settings[];

/* The value of the key `lab`; mistakes are told. */
void lab_read(struct loading *loading, const struct yaml *key, const struct yaml *value);
void lab_free(struct lab *lab);                 /* NULL: nothing */

#endif
