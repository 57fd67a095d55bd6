/*
 * What a declaration says about its member: name, elements of an array, bits of a bit-field.
 *
 *	long unsigned int   busy   :3        int ( * fn [2] )( struct x * )
 *	one type            name   bits      type      name elements
 */
#ifndef WORKLOADS_PAHOLE_DECLARATOR_H
#define WORKLOADS_PAHOLE_DECLARATOR_H

#include "workloads/pahole_declaration.h"

/* Into `member`; the declaration loses what was understood. `nested`: it stands behind the body of a
 * struct or union. false: it does not name a member, which is told at its own words, or at `start`. */
bool declarator_read(struct reader *reader, struct declaration *declaration,
		     const struct token *start, struct outline_member *member, bool nested);
/* Bits without a name, "unsigned int :0" or "u16 :16": no member, and nothing says where they lie. */
bool declarator_is_padding(const struct declaration *declaration);

#endif
