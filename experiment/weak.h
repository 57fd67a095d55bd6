/*
 * Weak numbers: those that a machine file names in `weak`, because no good source gives them. A
 * conclusion that holds with each of them halved and doubled does not hang on it.
 */
#ifndef EXPERIMENT_WEAK_H
#define EXPERIMENT_WEAK_H

#include "sim/machine.h"

/* All numbers at or below a key, times a factor: "load_ns", 0.5. */
struct weak_change {
	const char *key;                /* NULL: all weak keys together */
	double factor;
};

/* Does the change reach the number at this path? Only what the machine calls weak is changed. */
bool weak_reaches(const struct machine *machine, const struct weak_change *change,
		  const char *path);

/* The rule of the list itself: a key without a number in this machine is a mistake. As
 * machine_check. */
bool weak_check(const struct machine *machine,
		void (*complain)(void *to, const char *key, const char *text), void *to);

/*
 * Changes a machine that calls the key weak, each number once, and leaves others as they are.
 * Whole numbers are rounded, and stay 1 or more. false, and the reason in `why`: a number would
 * leave its range, or break a rule of machine_check.
 */
bool weak_apply(struct machine *machine, const struct weak_change *change, char *why, size_t size);

/*
 * How far the work of a workload varies is weak too, on every machine: the key is WEAK_WORK. Is
 * there work by these settings, and does it vary?
 */
#define WEAK_WORK "workload.work"
bool weak_work(const struct setting *settings, const void *values);
/* The same change of their spreads; false, and the reason in `why`: one would leave its range. */
bool weak_apply_work(const struct setting *settings, void *values,
		     const struct weak_change *change, char *why, size_t size);

#endif
