/*
 * What a file is that is no text of kmem events: whose, and what to run instead. Nothing here is
 * read; a user who brings the wrong file is told which one is right.
 */
#ifndef WORKLOADS_FOREIGN_H
#define WORKLOADS_FOREIGN_H

#include <stddef.h>

enum { FOREIGN_HEAD_BYTES = 16, FOREIGN_LINE_BYTES = 256 };

/*
 * By the first FOREIGN_HEAD_BYTES of a file, or all of a shorter one: what contains the text, and
 * the command that unpacks it; NULL: plain as far as one can see.
 */
const char *foreign_container(const unsigned char *head, size_t bytes);

/* By lines that are no events: the tool that printed them and what to use; NULL: unknown. */
const char *foreign_tool(char lines[][FOREIGN_LINE_BYTES], size_t count);

#endif
