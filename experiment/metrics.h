/*
 * Metrics: one table of names, units, help and where the value lies in a point. CSV headers, JSON
 * keys, `bounce list metrics` and `bounce explain` come from it.
 */
#ifndef EXPERIMENT_METRICS_H
#define EXPERIMENT_METRICS_H

#include <stdio.h>

#include "experiment/store.h"

enum metric_kind {
	METRIC_TEXT,            /* char * member of struct point */
	METRIC_OUTCOME,         /* enum outcome by name */
	METRIC_OF_POINT,        /* uint64_t member of struct point */
	METRIC_COUNT,           /* uint64_t member of struct result */
	METRIC_CYCLES,          /* the same in units; cycles are told */
	METRIC_MEAN,            /* struct op_stats: mean cycles */
	METRIC_BOUNCES,         /* sum over the classes of lines */
	METRIC_READ,            /* struct op_stats: lines read per operation */
	METRIC_WRITTEN,
	METRIC_LOCKS,           /* of the locks: enum of_locks */
	METRIC_ORDERS,          /* free pages at the end, in blocks of at least so large an order */
};

/* Of all locks, or of those of zones alone. */
enum of_locks {
	LOCKS_TAKEN, LOCKS_CONTENDED, LOCKS_HOLD_MEAN, LOCKS_HOLD_MAX, LOCKS_WAIT_MEAN, LOCKS_WAIT_MAX,
	LOCKS_OF_ZONES,         /* from here on the same again */
};

struct metric {
	const char *name;
	enum metric_kind kind;
	size_t offset;
	const char *unit;       /* "" for names */
	const char *help;
};

/* In the order of the columns; ends with a metric without a name. */
extern const struct metric metrics[];
const struct metric *metric_find(const char *name);

/* NAN where there is nothing to tell: a mean of no operations, a name. */
double metric_value(const struct metric *metric, const struct point *point);
/* As programs read it: integers whole, .17g for reals, nothing for NAN; the text is in buf or
 * lives as long as the point. */
const char *metric_text(const struct metric *metric, const struct point *point, char *buf,
			size_t size);
/* A name and no number: in JSON within quotes. */
bool metric_is_name(const struct metric *metric);

/* A metric, or one divided by another: "bounces/operations". */
struct quotient {
	const char *name;
	const struct metric *above, *below;     /* below NULL: not divided */
};

/* The word must outlive the quotient. false: the part of it that is no metric is in `unknown`. */
bool quotient_parse(const char *word, struct quotient *quotient, char *unknown, size_t size);
/* Of a word that is none: "no metric is called 'x'; did you mean 'y'?", in buf. */
const char *metric_unknown(const char *unknown, char *buf, size_t size);
/* Of a point; `quotient` is a struct quotient. NAN where there is nothing to tell. */
double quotient_value(const struct point *point, const void *quotient);

/* What results are, in front of their rows: comment lines; {"type":"run",...}. */
void metrics_csv_source(FILE *out, const struct points *points);
void metrics_jsonl_source(FILE *out, const struct points *points);
/* One row per point, after the comment lines. */
void metrics_csv(FILE *out, const struct points *points);
/* {"type":"run",...}, {"type":"result",...} per point, {"type":"end",...}. */
void metrics_jsonl(FILE *out, const struct points *points);

#endif
