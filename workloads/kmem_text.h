/*
 * One line of recorded kmem events: text of perf script, of ftrace's trace file or of trace-cmd
 * report, from Linux 2.6.39 to 6.x. Fields go by name, in any order; unknown ones are ignored.
 */
#ifndef WORKLOADS_KMEM_TEXT_H
#define WORKLOADS_KMEM_TEXT_H

#include "workloads/trace.h"

enum kmem_line {
	KMEM_NOTHING,           /* blank, a header or a stack frame */
	KMEM_NO_EVENT,          /* none of what is known */
	KMEM_NO_PLACE,          /* a kmem event whose CPU or time is not printed */
	KMEM_LOST,              /* `lost` events were lost here */
	KMEM_OTHER,             /* an event that is no traffic */
	KMEM_BROKEN,            /* traffic with missing or unreadable fields */
	KMEM_NULL,              /* a free of no object, a failed allocation */
	KMEM_HIDDEN,            /* its address was not printed */
	KMEM_ALLOC,
	KMEM_FREE,
};

struct kmem_event {
	enum trace_level level;
	enum trace_kind kind;           /* of allocations */
	bool batched;                   /* a page freed in a batch */
	bool kfree;                     /* freed without naming a cache */
	unsigned cpu;
	uint64_t time_ns;
	uint64_t id;                    /* address of an object, frame number of a page */
	uint32_t size;                  /* of objects, bytes; 0: not told. Of pages: the order */
	const char *name;               /* of its cache, within the line; NULL: not told */
	size_t name_bytes;
	const char *event;              /* of KMEM_OTHER: its name, within the line */
	size_t event_bytes;
	uint64_t lost;
};

/* `line` need not end with a zero byte. */
enum kmem_line kmem_parse(const char *line, size_t bytes, struct kmem_event *event);

#endif
