/*
 * The text that pahole prints, read: a struct with the offset and size of each member.
 *
 *	struct file {
 *		spinlock_t                 f_lock;               /+     0     4 +/
 *		fmode_t                    f_mode;               /+     4     4 +/
 *		unsigned int               busy:1;               /+     8: 0  4 +/
 *		union {
 *			...                                      /+ members +/
 *		} u;                                             /+    16     8 +/
 *		/+ size: 24, cachelines: 1, members: 4 +/
 *	};
 *
 * (with stars for the plus signs). Other comments are skipped. A text of several structs is read
 * for the one that is wanted.
 */
#ifndef WORKLOADS_PAHOLE_H
#define WORKLOADS_PAHOLE_H

#include "workloads/outline.h"

enum { PAHOLE_BYTES_MAX = 16 << 20, PAHOLE_MISTAKES_MAX = 20 };

typedef void pahole_tell(void *to, unsigned line, unsigned column, const char *text);

/* `name` "": the only struct of the text. NULL: mistakes were told. Columns count bytes from 1. */
struct outline *pahole_read(const char *text, size_t length, const char *name, pahole_tell *tell,
			  void *to);

#endif
