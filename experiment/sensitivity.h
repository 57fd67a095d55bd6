/*
 * What depends on an uncertain number: the order of what is compared, and what the author expects, on
 * the machine as its file has it and with each uncertain number halved and doubled.
 *
 * A conclusion is how two allocators (where none are compared, two values of the first key that is
 * swept by name) stand to each other with otherwise equal settings, by one figure. They are equal
 * where the 95 % interval of their difference has 0 in it (single runs: where there is no
 * difference), and, as in the titles of figures, below 1 %.
 *
 * A claim is an element of the experiment's `expect` for one combination.
 */
#ifndef EXPERIMENT_SENSITIVITY_H
#define EXPERIMENT_SENSITIVITY_H

#include "experiment/experiment.h"
#include "experiment/groups.h"

enum order { ORDER_LESS = -1, ORDER_EQUAL, ORDER_MORE };

/* From the mildest to the gravest. */
enum verdict {
	VERDICT_HOLDS,
	VERDICT_APPEARS,        /* equal before, one is less now */
	VERDICT_WEAKER,         /* one was less, equal now */
	VERDICT_REVERSED,
	VERDICT_MISSING,        /* points that are not there, or did not end well */
	VERDICTS
};

/* By what they are compared, per operation. */
enum measured { BY_CYCLES, BY_BOUNCES, MEASURES };

extern const char *const verdict_names[VERDICTS];       /* "holds", ... */
extern const char *const measured_names[MEASURES];     /* "cycles", "bounces" */

/* How two groups of runs stand: `change` from the first to the second, `back` the other way,
 * which tells where the first has nothing. */
enum order order_of(const struct interval *change, const struct interval *back);
enum verdict verdict_of(enum order before, enum order after);

struct conclusion {
	size_t group, first, second;            /* in the groups on the machine as it is */
	enum measured by;
	enum order order;                       /* of the first to the second */
	double change;                          /* from the first to the second, a fraction */
};

/* `came` points into the points on the machine as it is. */
struct claim {
	const struct expectation *expectation;
	struct expected came;
};

/* One change of the machine, and what it did. */
struct trial {
	struct weak_change change;
	char why[200];                          /* it cannot be made; "" */
	bool same;                              /* it changes no machine: the number is 0 */
	double moved[MEASURES];                 /* largest change of a mean, a fraction */
	enum verdict *verdict;                  /* of each conclusion; NULL: not judged */
	double *now;                            /* as change of the conclusions */
	struct expected *came;                  /* of each claim; point NULL: missing */
};

struct sensitivity {
	const struct experiment *experiment;
	struct trial *trial;
	size_t trials;
	const struct points *points;            /* on the machine as it is */
	struct groups *groups;
	struct conclusion *conclusion;
	size_t conclusions;
	struct claim *claim;
	size_t claims;
};

/* The trials: each weak key of the experiment's machines halved and doubled, and, of several keys,
 * all together. The experiment must outlive it. */
struct sensitivity *sensitivity_new(const struct experiment *experiment);
void sensitivity_free(struct sensitivity *sensitivity);
/* How many alternatives the experiment compares. */
size_t sensitivity_alternatives(const struct experiment *experiment);

/* Can the machines be changed so? false: the trial says why. Finds out whether that changes any. */
bool sensitivity_possible(const struct sensitivity *sensitivity, struct trial *trial);
/* The conclusions from the points, which must outlive it. */
void sensitivity_conclude(struct sensitivity *sensitivity, const struct points *points);
/* What became of them on the changed machine; `changed` is the experiment there. */
void sensitivity_judge(const struct sensitivity *sensitivity, struct trial *trial,
		       const struct experiment *changed, const struct points *points);

/* "load_ns x 2", "all together x 0.5"; in buf. */
const char *trial_name(const struct trial *trial, char *buf, size_t size);
/* The gravest verdict of a group; SIZE_MAX: of all. */
enum verdict trial_verdict(const struct sensitivity *sensitivity, const struct trial *trial,
			   size_t group);

#endif
