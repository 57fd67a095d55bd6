/*
 * The metrics, and results as CSV and JSON lines. Names are a promise to scripts: docs/model.md
 * defines each.
 */
#include "experiment/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "experiment/diagnostic.h"
#include "experiment/text.h"
#include "sim/verbs/verbs.h"

enum { UNITS_PER_CYCLE = 64 };

/* clang-format off */
#define POINT(member)  offsetof(struct point, member)
#define RESULT(member) offsetof(struct result, member)
#define TOTAL(name_, unit_, help_) { #name_, METRIC_COUNT, RESULT(total.name_), unit_, help_ }
#define OPERATION(name_, op_, what_) \
	{ #name_ "_cycles_mean", METRIC_MEAN, RESULT(op[op_]), "cycles", what_ ": mean" }, \
	{ #name_ "_cycles_p50", METRIC_CYCLES, RESULT(op[op_].p50_units), "cycles", \
	  what_ ": half of them take at most this" }, \
	{ #name_ "_cycles_p99", METRIC_CYCLES, RESULT(op[op_].p99_units), "cycles", \
	  what_ ": 99 of 100 take at most this" }, \
	{ #name_ "_cycles_max", METRIC_CYCLES, RESULT(op[op_].max_units), "cycles", \
	  what_ ": the longest" }
#define LINES(name_, op_, what_) \
	{ #name_ "_lines_read", METRIC_READ, RESULT(op[op_]), "lines", \
	  what_ ": mean of distinct cache lines read" }, \
	{ #name_ "_lines_written", METRIC_WRITTEN, RESULT(op[op_]), "lines", \
	  what_ ": mean of distinct cache lines written" }
#define CAUSE(name_, cause_, help_) \
	{ "cycles_" name_, METRIC_CYCLES, RESULT(total.cause_units[cause_]), "cycles", \
	  "cycles of all CPUs: " help_ }

#define LOCKS(name_, which_, what_) \
	{ #name_ "s_taken", METRIC_LOCKS, (which_) + LOCKS_TAKEN, "takings", \
	  "times that " what_ " was taken" }, \
	{ #name_ "_contended", METRIC_LOCKS, (which_) + LOCKS_CONTENDED, "takings", \
	  "of these, those that had to wait" }, \
	{ #name_ "_hold_cycles_mean", METRIC_LOCKS, (which_) + LOCKS_HOLD_MEAN, "cycles", \
	  what_ " is held: mean" }, \
	{ #name_ "_hold_cycles_max", METRIC_LOCKS, (which_) + LOCKS_HOLD_MAX, "cycles", \
	  what_ " is held: the longest" }, \
	{ #name_ "_wait_cycles_mean", METRIC_LOCKS, (which_) + LOCKS_WAIT_MEAN, "cycles", \
	  "waiting for " what_ ": mean of those that had to" }, \
	{ #name_ "_wait_cycles_max", METRIC_LOCKS, (which_) + LOCKS_WAIT_MAX, "cycles", \
	  "waiting for " what_ ": the longest" }

const struct metric metrics[] = {
	{ "objects", METRIC_TEXT, POINT(objects), "", "object allocator" },
	{ "pages", METRIC_TEXT, POINT(pages), "", "page allocator" },
	{ "workload", METRIC_TEXT, POINT(workload), "", "traffic" },
	{ "machine", METRIC_TEXT, POINT(machine), "", "machine, with the keys that were changed" },
	{ "cpus", METRIC_OF_POINT, POINT(cpus), "CPUs", "simulated CPUs" },
	{ "seed", METRIC_OF_POINT, POINT(seed), "1", "seed of the run" },
	{ "operations", METRIC_COUNT, RESULT(operations), "operations",
	  "allocations and frees in the window, all CPUs together" },
	{ "elapsed_cycles", METRIC_CYCLES, RESULT(elapsed_units), "cycles",
	  "length of the window" },
	OPERATION(alloc, OP_ALLOC, "an allocation"),
	OPERATION(free, OP_FREE, "a free"),
	{ "bounces", METRIC_BOUNCES, RESULT(total.bounces), "lines",
	  "first writes of a CPU on a line that another CPU wrote last" },
	{ "bounces_allocator", METRIC_COUNT, RESULT(total.bounces[CLASS_ALLOCATOR]), "lines",
	  "bounces of the allocators' lines" },
	{ "bounces_workload", METRIC_COUNT, RESULT(total.bounces[CLASS_WORKLOAD]), "lines",
	  "bounces of the workload's own lines: queues, slots" },
	{ "bounces_payload", METRIC_COUNT, RESULT(total.bounces[CLASS_PAYLOAD]), "lines",
	  "bounces of lines inside objects" },
	TOTAL(hitm_loads, "accesses", "loads that found the line modified in another cache"),
	TOTAL(hitm_stores, "accesses",
	  "stores and LOCK operations that found the line modified in another cache"),
	TOTAL(hitm_remote, "accesses", "of both, those whose other cache was on another socket"),
	TOTAL(upgrades, "accesses", "writes to a line that this and other caches shared"),
	TOTAL(invalidations, "lines", "copies in other caches that writes killed"),
	TOTAL(misses_cold, "misses", "first access of a CPU to a line"),
	TOTAL(misses_capacity, "misses", "the copy had been evicted"),
	TOTAL(misses_true_sharing, "misses",
	  "the copy was lost to another CPU's write, and its bytes are used"),
	TOTAL(misses_false_sharing, "misses",
	  "the copy was lost to another CPU's write to bytes that are not used"),
	{ "irq_off_cycles", METRIC_CYCLES, RESULT(total.irq_off_units), "cycles",
	  "time with interrupts off, all CPUs" },
	{ "irq_off_cycles_max", METRIC_CYCLES, RESULT(total.irq_off_units_max), "cycles",
	  "longest time with interrupts off" },
	TOTAL(ipis, "interrupts", "interrupts sent from CPU to CPU"),
	TOTAL(lock_spins, "looks", "looks at a taken lock after the first"),
	{ "footprint_bytes_peak", METRIC_COUNT, RESULT(footprint_bytes_peak), "bytes",
	  "most that the object allocator held of the page allocator's memory" },
	{ "live_bytes_peak", METRIC_COUNT, RESULT(live_bytes_peak), "bytes",
	  "most that users of objects held" },
	CAUSE("interrupts", CAUSE_INTERRUPTS, "interrupt handlers"),
	CAUSE("lock_spin", CAUSE_LOCK_SPIN, "waiting inside a lock"),
	CAUSE("busy", CAUSE_BUSY, "waiting for a line or home that served others"),
	CAUSE("transfer_same", CAUSE_TRANSFER_SAME, "line from another cache of the socket"),
	CAUSE("transfer_cross", CAUSE_TRANSFER_CROSS, "line from a cache of another socket"),
	CAUSE("upgrade", CAUSE_UPGRADE, "write permission for a shared line"),
	CAUSE("shared_level", CAUSE_SHARED_LEVEL, "line from a cache that CPUs share"),
	CAUSE("memory", CAUSE_MEMORY, "line from memory"),
	CAUSE("store_buffer", CAUSE_STORE_BUFFER, "store buffer and fences"),
	CAUSE("locked", CAUSE_LOCKED, "LOCK operations on lines it had, and far ones"),
	CAUSE("private_hit", CAUSE_PRIVATE_HIT, "hits in its own caches"),
	CAUSE("compute", CAUSE_COMPUTE, "instructions without memory"),
	CAUSE("idle", CAUSE_IDLE, "the workload waited, or had nothing to do"),
	TOTAL(far_atomics, "operations", "LOCK operations that the home of the line did"),
	TOTAL(prefetches, "lines",
	  "lines that came before an access asked: prefetch instructions, prefetchers, loads ahead"),
	TOTAL(prefetches_used, "lines", "of these, those that an access came to in time to find"),
	{ "outcome", METRIC_OUTCOME, RESULT(outcome), "",
	  "how the run ended: done, or what stopped it" },
	LINES(alloc, OP_ALLOC, "an allocation"),
	LINES(free, OP_FREE, "a free"),
	{ "allocs", METRIC_COUNT, RESULT(op[OP_ALLOC].count), "operations",
	  "allocations in the window" },
	{ "frees", METRIC_COUNT, RESULT(op[OP_FREE].count), "operations", "frees in the window" },
	{ "page_allocs", METRIC_COUNT, RESULT(op[OP_PAGE_ALLOC].count), "operations",
	  "page allocations in the window, also inside those of objects" },
	{ "page_frees", METRIC_COUNT, RESULT(op[OP_PAGE_FREE].count), "operations",
	  "the same for pages that were freed" },
	OPERATION(page_alloc, OP_PAGE_ALLOC, "a page allocation"),
	OPERATION(page_free, OP_PAGE_FREE, "a free of pages"),
	OPERATION(work, OP_WORK, "a turn of a workload without allocator"),
	{ "metadata_bytes", METRIC_OF_POINT, POINT(metadata_bytes), "bytes",
	  "per-CPU and per-cache structs of the object allocator" },
	{ "objects_lost", METRIC_OF_POINT, POINT(objects_lost), "objects",
	  "at the end nobody's, and on no list of the object allocator (bugs: released)" },
	{ "mixed", METRIC_OF_POINT, POINT(mixed), "1",
	  "1: object and page allocator are of different kernels, which no machine ever ran" },
	{ "drains", METRIC_COUNT, RESULT(op[OP_DRAIN].count), "drains",
	  "times that all CPUs gave the pages they keep back" },
	OPERATION(drain, OP_DRAIN, "such a drain, for who asked for it"),
	{ "faults", METRIC_COUNT, RESULT(op[OP_FAULT].count), "faults",
	  "page faults of processes in the window" },
	OPERATION(fault, OP_FAULT, "a page fault"),
	{ "unmaps", METRIC_COUNT, RESULT(op[OP_UNMAP].count), "operations",
	  "mappings that ended in the window, with all of their pages" },
	OPERATION(unmap, OP_UNMAP, "the end of a mapping"),
	LOCKS(lock, 0, "a lock"),
	LOCKS(zone_lock, LOCKS_OF_ZONES, "the lock of a zone"),
	{ "free_pages", METRIC_ORDERS, 0, "pages",
	  "free at the end, in blocks that any CPU can have" },
	{ "free_pages_in_2m", METRIC_ORDERS, 9, "pages",
	  "of these, those in blocks of 2 MiB or more; the less, the more fragmented" },
	{ 0 },
};
/* clang-format on */

const struct metric *metric_find(const char *name)
{
	for (const struct metric *metric = metrics; metric->name; metric++) {
		if (!strcmp(metric->name, name))
			return metric;
	}
	return NULL;
}

bool metric_is_name(const struct metric *metric)
{
	return metric->kind == METRIC_TEXT || metric->kind == METRIC_OUTCOME;
}

/* ---- locks and orders -------------------------------------------------------------------- */

/* "zone.lock", "zone of node 0.lock": nothing else of a zone. */
static bool is_zone_lock(const struct lock_stats *lock)
{
	const char *of = strchr(lock->label, '.');

	return !strncmp(lock->label, "zone", 4) && of && !strcmp(of, ".lock");
}

static struct lock_stats locks_together(const struct result *result, bool zones)
{
	struct lock_stats sum = { .taken = 0 };

	for (size_t i = 0; i < result->locks; i++) {
		const struct lock_stats *lock = &result->lock[i];

		if (zones && !is_zone_lock(lock))
			continue;
		sum.taken += lock->taken;
		sum.contended += lock->contended;
		sum.wait_units += lock->wait_units;
		sum.hold_units += lock->hold_units;
		if (lock->wait_units_max > sum.wait_units_max)
			sum.wait_units_max = lock->wait_units_max;
		if (lock->hold_units_max > sum.hold_units_max)
			sum.hold_units_max = lock->hold_units_max;
	}
	return sum;
}

static double mean_units(uint64_t units, uint64_t count)
{
	return count ? (double)units / (double)count / UNITS_PER_CYCLE : NAN;
}

static double locks_value(const struct result *result, unsigned what)
{
	struct lock_stats sum = locks_together(result, what >= LOCKS_OF_ZONES);

	switch ((enum of_locks)(what % LOCKS_OF_ZONES)) {
	case LOCKS_TAKEN:
		return (double)sum.taken;
	case LOCKS_CONTENDED:
		return (double)sum.contended;
	case LOCKS_HOLD_MEAN:
		return mean_units(sum.hold_units, sum.taken);
	case LOCKS_HOLD_MAX:
		return mean_units(sum.hold_units_max, 1);
	case LOCKS_WAIT_MEAN:
		return mean_units(sum.wait_units, sum.contended);
	default:
		return mean_units(sum.wait_units_max, 1);
	}
}

/* NAN where page blocks have no orders, or the run did not end well. */
static double free_pages_from(const struct result *result, size_t order)
{
	double pages = 0;

	if (!result->orders)
		return NAN;
	for (; order < result->orders; order++)
		pages += ldexp((double)result->order[order].blocks, (int)order);
	return pages;
}

/* ---- values ------------------------------------------------------------------------------ */

static const void *member(const struct metric *metric, const struct point *point)
{
	bool of_point = metric->kind == METRIC_TEXT || metric->kind == METRIC_OF_POINT;

	return (const char *)(of_point ? (const void *)point : (const void *)point->result) +
	       metric->offset;
}

/* On a host's processors nobody sees lines, causes and what objects hold; times and numbers of
 * operations are all there is. */
static bool measured(const struct metric *metric, const struct point *point)
{
	bool of_result = metric->kind != METRIC_TEXT && metric->kind != METRIC_OF_POINT;
	bool counted = metric->offset >= RESULT(total) &&
		       metric->offset < RESULT(total) + sizeof(struct counts);

	if (!point->native || !of_result)
		return true;
	return !counted && metric->kind != METRIC_READ && metric->kind != METRIC_WRITTEN &&
	       metric->offset != RESULT(footprint_bytes_peak) &&
	       metric->offset != RESULT(live_bytes_peak);
}

static bool whole(const struct metric *metric, const struct point *point, uint64_t *value)
{
	const uint64_t *count = member(metric, point);

	if (metric->kind == METRIC_BOUNCES)
		*value = count[CLASS_ALLOCATOR] + count[CLASS_WORKLOAD] + count[CLASS_PAYLOAD];
	else if (metric->kind == METRIC_COUNT || metric->kind == METRIC_OF_POINT)
		*value = *count;
	else
		return false;
	return true;
}

static double per_operation(const struct op_stats *op, uint64_t sum)
{
	return op->count ? (double)sum / (double)op->count : NAN;
}

double metric_value(const struct metric *metric, const struct point *point)
{
	const struct op_stats *op = member(metric, point);
	uint64_t count = 0;

	if (!measured(metric, point))
		return NAN;
	switch (metric->kind) {
	case METRIC_TEXT:
	case METRIC_OUTCOME:
		return NAN;
	case METRIC_CYCLES:
		return (double)*(const uint64_t *)member(metric, point) / UNITS_PER_CYCLE;
	case METRIC_MEAN:
		return per_operation(op, op->total_units) / UNITS_PER_CYCLE;
	case METRIC_LOCKS:
		return locks_value(point->result, (unsigned)metric->offset);
	case METRIC_ORDERS:
		return free_pages_from(point->result, metric->offset);
	case METRIC_READ:
		return per_operation(op, op->lines_read);
	case METRIC_WRITTEN:
		return per_operation(op, op->lines_written);
	default:
		whole(metric, point, &count);
		return (double)count;
	}
}

const char *metric_text(const struct metric *metric, const struct point *point, char *buf,
			size_t size)
{
	uint64_t count;

	if (metric->kind == METRIC_TEXT)
		return *(const char *const *)member(metric, point);
	if (metric->kind == METRIC_OUTCOME)
		return outcome_names[point->result->outcome];
	if (measured(metric, point) && whole(metric, point, &count)) {
		snprintf(buf, size, "%" PRIu64, count);
		return buf;
	}

	double value = metric_value(metric, point);

	snprintf(buf, size, "%.17g", value);
	return isnan(value) ? "" : buf;
}

/* ---- quotients ---------------------------------------------------------------------------- */

const char *metric_unknown(const char *unknown, char *buf, size_t size)
{
	struct nearest nearest = nearest_to(unknown);

	for (const struct metric *metric = metrics; metric->name; metric++)
		nearest_try(&nearest, metric->name);
	snprintf(buf, size, "no metric is called '%.60s'%s%s%s", unknown,
		 nearest.best ? "; did you mean '" : "", nearest.best ? nearest.best : "",
		 nearest.best ? "'?" : "; see: bounce list metrics");
	return buf;
}

bool quotient_parse(const char *word, struct quotient *quotient, char *unknown, size_t size)
{
	size_t length = strcspn(word, "/");

	*quotient = (struct quotient){ .name = word };
	snprintf(unknown, size, "%.*s", (int)length, word);
	quotient->above = metric_find(unknown);
	if (!quotient->above || !word[length])
		return quotient->above;
	snprintf(unknown, size, "%s", word + length + 1);
	quotient->below = metric_find(unknown);
	return quotient->below;
}

double quotient_value(const struct point *point, const void *quotient)
{
	const struct quotient *of = quotient;
	double above = metric_value(of->above, point);
	double below = of->below ? metric_value(of->below, point) : 1;

	return below == 0 ? NAN : above / below;
}

/* ---- CSV --------------------------------------------------------------------------------- */

/* A key that is a metric too (objects, cpus) has its column there. */
static bool has_column(const char *key)
{
	return metric_find(key) != NULL;
}

/* A comment: a line begins it, and nothing ends it but the line. */
static void csv_comment(FILE *out, const char *what, const char *text)
{
	fprintf(out, "%s ", what);
	text_line(out, text);
}

void metrics_csv_source(FILE *out, const struct points *points)
{
	csv_comment(out, "# bounce", points->version);
	csv_comment(out, ", models", points->models);
	csv_comment(out, "\n# experiment", points->name);
	csv_comment(out, " sha256", points->hash);
	for (size_t i = 0; i < points->sets; i++)
		csv_comment(out, "\n# set", points->set[i]);
	putc('\n', out);
	if (points->count < points->expected)
		fprintf(out, "# incomplete: %zu of %zu points\n", points->count, points->expected);
}

static void csv_head(FILE *out, const struct points *points)
{
	metrics_csv_source(out, points);
	fputs("point", out);
	for (size_t i = 0; i < points->swepts; i++) {
		if (has_column(points->swept[i]))
			continue;
		fputc(',', out);
		text_csv(out, points->swept[i]);
	}
	for (const struct metric *metric = metrics; metric->name; metric++)
		fprintf(out, ",%s", metric->name);
	fputc('\n', out);
}

static void csv_row(FILE *out, const struct points *points, const struct point *point)
{
	char buf[64];

	text_csv(out, point->name);
	for (size_t i = 0; i < points->swepts; i++) {
		const char *value = point_value(point, points->swept[i]);

		if (has_column(points->swept[i]))
			continue;
		fputc(',', out);
		text_csv(out, value ? value : "");
	}
	for (const struct metric *metric = metrics; metric->name; metric++) {
		fputc(',', out);
		text_csv(out, metric_text(metric, point, buf, sizeof buf));
	}
	fputc('\n', out);
}

void metrics_csv(FILE *out, const struct points *points)
{
	csv_head(out, points);
	for (size_t i = 0; i < points->count; i++)
		csv_row(out, points, points->point[i]);
}

/* ---- JSON lines -------------------------------------------------------------------------- */

static void json_pair(FILE *out, const char *key, const char *text)
{
	fputc(',', out);
	text_json(out, key);
	fputc(':', out);
	text_json(out, text);
}

static void json_list(FILE *out, const char *key, char *const *text, size_t count)
{
	fprintf(out, ",\"%s\":[", key);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? "," : "", out);
		text_json(out, text[i]);
	}
	fputc(']', out);
}

/* A value of YAML as JSON has it: numbers and switches bare. */
static void json_value(FILE *out, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	size_t length = digits && text[digits] == '.'
				? digits + 1 + strspn(text + digits + 1, "0123456789")
				: digits;

	if ((digits && !text[length] && text[length - 1] != '.' && digits < 16) ||
	    !strcmp(text, "true") || !strcmp(text, "false"))
		fputs(text, out);
	else
		text_json(out, text);
}

/* All values that a key has over the points, once each. */
static void json_values(FILE *out, const struct points *points, const char *key)
{
	size_t count = 0;

	fputc('[', out);
	for (size_t i = 0; i < points->count; i++) {
		const char *value = point_value(points->point[i], key);

		if (!value || !points_first_value(points, i, key))
			continue;
		fputs(count++ ? "," : "", out);
		json_value(out, value);
	}
	fputc(']', out);
}

static bool has_key_before(const struct points *points, size_t before, const char *key)
{
	for (size_t i = 0; i < before; i++) {
		if (point_value(points->point[i], key))
			return true;
	}
	return false;
}

/* The settings of all points: of swept ones the values. */
static void json_experiment(FILE *out, const struct points *points)
{
	fputs(",\"experiment\":{\"name\":", out);
	text_json(out, points->name);
	json_pair(out, "title", points->title);
	for (size_t i = 0; i < points->count; i++) {
		for (size_t j = 0; j < points->point[i]->keys; j++) {
			const struct point_key *key = &points->point[i]->key[j];

			if (has_key_before(points, i, key->key))
				continue;
			fputc(',', out);
			text_json(out, key->key);
			fputc(':', out);
			if (key->swept)
				json_values(out, points, key->key);
			else
				json_value(out, key->value);
		}
	}
	fputc('}', out);
}

static void json_result(FILE *out, const struct points *points, const struct point *point)
{
	char buf[64];

	fputs("{\"type\":\"result\"", out);
	json_pair(out, "point", point->name);
	for (size_t i = 0; i < points->swepts; i++) {
		const char *value = point_value(point, points->swept[i]);

		if (!value || has_column(points->swept[i]))
			continue;
		fputc(',', out);
		text_json(out, points->swept[i]);
		fputc(':', out);
		json_value(out, value);
	}
	for (const struct metric *metric = metrics; metric->name; metric++) {
		const char *text = metric_text(metric, point, buf, sizeof buf);

		if (metric_is_name(metric))
			json_pair(out, metric->name, text);
		else
			fprintf(out, ",\"%s\":%s", metric->name, *text ? text : "null");
	}
	fputs("}\n", out);
}

void metrics_jsonl_source(FILE *out, const struct points *points)
{
	fputs("{\"type\":\"run\"", out);
	json_pair(out, "version", points->version);
	json_pair(out, "models", points->models);
	json_pair(out, "sha256", points->hash);
	json_list(out, "set", points->set, points->sets);
	json_list(out, "swept", points->swept, points->swepts);
	json_experiment(out, points);
	fputs("}\n", out);
}

void metrics_jsonl(FILE *out, const struct points *points)
{
	metrics_jsonl_source(out, points);
	for (size_t i = 0; i < points->count; i++)
		json_result(out, points, points->point[i]);
	fprintf(out, "{\"type\":\"end\",\"points\":%zu,\"complete\":%s}\n", points->count,
		points->count == points->expected ? "true" : "false");
}
