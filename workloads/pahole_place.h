/*
 * The comments of pahole's text that say where things lie: offset and size behind a member,
 * of a bit-field with the bit, and the size of the struct at its end.
 *
 *	/+ OFFSET SIZE +/     /+ OFFSET: BIT SIZE +/     /+ size: 232, cachelines: 4 +/
 *
 * (with stars for the plus signs).
 */
#ifndef WORKLOADS_PAHOLE_PLACE_H
#define WORKLOADS_PAHOLE_PLACE_H

#include "workloads/pahole_words.h"

/* Behind the semicolon of `member`; told if it has none, at `start`, or one that is wrong. */
void pahole_read_place(struct reader *reader, const struct token *start,
		       struct outline_member *member);
/* The size of the whole that a comment tells; UINT64_MAX: it is another comment. */
uint64_t pahole_whole_size(const struct token *token);

#endif
