/*
 * Layouts: what lies at which offset of a struct, so that reports can name members.
 *
 * The table stands directly under its struct; a test walks every table and fails when bytes
 * beyond padding are not covered. Overlays (unions) list one entry per view of the same bytes;
 * the first that covers an offset names it.
 */
#ifndef SIM_VERBS_LAYOUT_H
#define SIM_VERBS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

/* Whose line it is: bounces are shown apart for the three. */
enum line_class { CLASS_ALLOCATOR, CLASS_WORKLOAD, CLASS_PAYLOAD, LINE_CLASSES };

struct field {
	const char *name;
	size_t offset, size;
	/* The member of the same struct that is the lock of this one, NULL: none that is declared.
	 * The explored backend reports an access without it. */
	const char *guard;
	bool peek;                      /* may be read without it */
};

struct layout {
	const char *name;               /* "kmem_cache_cpu" */
	size_t size;                    /* of one instance, bytes; 0: as large as its label says */
	enum line_class class;
	const struct field *fields;     /* ends with a field without a name; NULL: no members */
};

#define FIELD(type, member) GUARDED(type, member, NULL, false)
#define GUARDED(type, member, guard, peek) \
	{ #member, offsetof(type, member), sizeof(((type *)0)->member), guard, peek }

#endif
