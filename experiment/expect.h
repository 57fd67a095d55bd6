/*
 * What an experiment's author expects of its results, as the list `expect` of its file:
 *
 *	expect:
 *	  - metric: alloc_cycles_mean           # or one divided by another: bounces/operations
 *	    of: {objects: slub-cpu}             # values of swept keys; all combinations that have them
 *	    below: {objects: slub-page}         # ... below those that differ from them only so
 *	    factor: 0.8                         # ... times so much
 *	  - metric: bounces
 *	    equals: 37
 *
 * It is a statement about results, and no part of what they are: it enters no hash.
 */
#ifndef EXPERIMENT_EXPECT_H
#define EXPERIMENT_EXPECT_H

#include "experiment/metrics.h"
#include "experiment/schema.h"
#include "experiment/statistics.h"

struct experiment;
struct loading;

enum relation { RELATION_NONE, RELATION_BELOW, RELATION_ABOVE, RELATION_EQUALS };
enum expect_verdict { EXPECT_HOLDS, EXPECT_FAILS, EXPECT_OPEN };

/* A value of a swept key. */
struct choice {
	char path[SETTING_PATH_BYTES];
	char *value;
	struct place place;             /* while the experiment is loaded */
};

struct choices {
	struct choice *choice;
	size_t count;
};

/* The keys of an element that are plain settings. */
struct expect_keys {
	char metric[SETTING_NAME_BYTES];
	double factor, within_percent;
};

struct expectation {
	struct expect_keys keys;
	struct quotient what;
	enum relation relation;
	struct choices of, than;        /* than: of the other side, none if it is a number */
	double number;                  /* the other side, if `than` is empty */
	struct place place;             /* while the experiment is loaded */
};

struct expectations {
	struct expectation *expectation;
	size_t count;
};

extern const struct setting expect_settings[];

/* The value of the key `expect`; mistakes are told. */
void expect_read(struct loading *loading, const struct yaml *key, struct yaml *value);
/* Do all of them name what the experiment has? Once its combinations are known. */
void expect_resolve(struct loading *loading);
/* Before there are combinations, of an experiment with mistakes: what is wrong whatever they are. */
void expect_foretell(struct loading *loading);
void expect_free(struct expectations *expectations);

/*
 * One expectation for one combination. With two seeds or more on a side the interval of the
 * change decides: open where it holds both answers, or where seeds fall into two states. `equals`
 * holds if the change of the mean is within `within_percent`.
 */
struct expected {
	const struct point *point, *other;      /* of each side the first; NULL: a number */
	struct interval value, reference, change;       /* reference: times the factor */
	enum expect_verdict verdict;
};

/* Each combination that is there and that an expectation is about, in file order. */
typedef void expect_visit(void *to, const struct expectation *expectation,
			  const struct expected *expected);
void expect_evaluate(const struct experiment *experiment, const struct points *points,
		     expect_visit *visit, void *to);

#endif
