/* Points of the native backend. */
#include "experiment/native_point.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiment/run_point.h"
#include "native/native.h"
#include "sim/verbs/xalloc.h"

enum { HOST_BYTES = 64 };

const char *native_host(char *buf, size_t size)
{
	char host[HOST_BYTES + 1] = "";

	if (gethostname(host, HOST_BYTES) != 0 || !*host)
		snprintf(host, sizeof host, "unknown");
	for (char *at = host; *at; at++)
		if (!isascii((unsigned char)*at) ||
		    (!isalnum((unsigned char)*at) && !strchr(".-_", *at)))
			*at = '_';
	snprintf(buf, size, "%s", host);
	return buf;
}

const char *native_folder(char *buf, size_t size)
{
	char host[HOST_BYTES + 1];

	snprintf(buf, size, "native-%s", native_host(host, sizeof host));
	return buf;
}

static void remark_where(struct point *point, const struct native_report *report)
{
	char text[200];
	int at = snprintf(text, sizeof text, "on CPUs");

	for (unsigned i = 0; i < point->cpus && i < NATIVE_CPUS_MAX && at < 150; i++)
		at += snprintf(text + at, sizeof text - (size_t)at, " %u", report->host[i]);
	snprintf(text + at, sizeof text - (size_t)at,
		 " of the host; a tick of its clock is %.3f cycles", report->cycles_per_tick);
	point_add_remark(point, text);
	if (report->verbs) {
		snprintf(text, sizeof text, "watched: %" PRIu64 " verbs; nothing is timed",
			 report->verbs);
		point_add_remark(point, text);
	}
	if (report->disturbed)
		point_add_remark(point, "a thread lost its processor each time it was tried");
	if (report->taken_out) {
		snprintf(text, sizeof text,
			 "%" PRIu64 " operations took over %d cycles: pauses of the host, left out",
			 report->taken_out, NATIVE_PAUSE_CYCLES);
		point_add_remark(point, text);
	}
}

static struct point *run(const struct planned *planned, bool watched, char *why, size_t size)
{
	const struct combination *combination = planned->combination;
	struct native_options options = {
		.cpus = (unsigned)combination->settings.cpus,
		.seed = planned->seed,
		.jitter_cycles = combination->settings.jitter_cycles,
		.max_cycles = combination->settings.max_cycles,
		.preempt = combination_preempt(combination),
		.bytes = combination_bytes(combination, 1),
		.watched = watched,
	};
	struct native_report report;
	struct point *point;
	char host[HOST_BYTES + 1];

	combination_plan(combination, &options.plan);
	if (!backend_native.native->run(&options, &report, why, size))
		return NULL;
	point = point_new();
	point->native = 1;
	free(point->host);
	point->host = xstrdup(native_host(host, sizeof host));
	point_describe(point, planned);
	point->result = report.result;
	point->metadata_bytes = report.metadata_bytes;
	point->objects_lost = report.objects_lost;
	remark_where(point, &report);
	return point;
}

struct point *native_point(const struct planned *planned, char *why, size_t size)
{
	return run(planned, false, why, size);
}

struct point *native_point_watched(const struct planned *planned, char *why, size_t size)
{
	return run(planned, true, why, size);
}
