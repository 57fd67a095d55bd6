/*
 * One line of recorded kmem events: text of perf script, of ftrace's trace file, of trace-cmd
 * report or of babeltrace (LTTng), from Linux 2.6.31 to today. Fields go by name, in any order;
 * unknown ones are ignored. docs/traces.md shows the layouts.
 */
#ifndef WORKLOADS_KMEM_TEXT_H
#define WORKLOADS_KMEM_TEXT_H

#include "workloads/trace.h"

enum {
	KMEM_ORDER_MAX = 20,            /* of a block of pages that can be meant */
	KMEM_NO_CPU = 1 << 16,          /* of a loss whose CPU is not told */
};

enum kmem_line {
	KMEM_NOTHING,           /* blank, a header or a stack frame */
	KMEM_FRAME,             /* no event, but nothing is missed: call chains, function tracer */
	KMEM_NO_EVENT,          /* none of what is known */
	KMEM_LACKING,           /* a kmem event that lacks what `lacks` says */
	KMEM_LOST,              /* `lost` events were lost here, or, a `gap`, nobody knows how many */
	KMEM_OVERWRITTEN,       /* `lost` events were overwritten before the first */
	KMEM_OTHER,             /* an event that is no traffic */
	KMEM_BROKEN,            /* traffic whose `lacks` is missing or unreadable */
	KMEM_NULL,              /* a free of no object */
	KMEM_FAILED,            /* an allocation that gave no object */
	KMEM_HIDDEN,            /* its address was not printed */
	KMEM_ALLOC,             /* of pages: of any order up to KMEM_ORDER_MAX */
	KMEM_FREE,
};

/* Kernels report the free of some pages twice; how they report tells which. */
enum kmem_report { KMEM_ALONE, KMEM_BATCHED, KMEM_DIRECT /* until 3.2 */ };

struct kmem_event {
	enum trace_level level;
	enum trace_kind kind;           /* of allocations */
	enum kmem_report report;        /* of frees of pages */
	unsigned cpu;                   /* or KMEM_NO_CPU */
	uint64_t time_ns;
	bool ticks;                     /* the time is a count without unit, not ns */
	bool day_time;                  /* the time is that of a day and starts anew at midnight */
	uint64_t id;                    /* address of an object, frame number of a page */
	uint32_t size;                  /* of objects, bytes; 0: not told. Of pages: the order */
	const char *name;               /* of its cache, within the line; NULL: not told */
	size_t name_bytes;
	const char *event;              /* of KMEM_OTHER: its name, within the line */
	size_t event_bytes;
	uint64_t lost;
	bool gap;
	const char *lacks;              /* in words, with the cure; of KMEM_LACKING, BROKEN, HIDDEN */
};

/* `line` need not end with a zero byte. */
enum kmem_line kmem_parse(const char *line, size_t bytes, struct kmem_event *event);

#endif
