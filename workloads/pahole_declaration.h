/*
 * The words of one declaration in pahole's text, up to its semicolon, without comments and
 * attributes:
 *
 *	struct { ... } pair[2] __attribute__((__aligned__(8)));
 *
 * of a struct or union, what stands behind its body, here "pair [ 2 ]"; of an enum, "int" and that.
 */
#ifndef WORKLOADS_PAHOLE_DECLARATION_H
#define WORKLOADS_PAHOLE_DECLARATION_H

#include "workloads/pahole_words.h"

enum { DECLARATION_TOKENS_MAX = 256 };

struct declaration {
	struct token token[DECLARATION_TOKENS_MAX];
	unsigned count;
	bool cut;                       /* it has more */
	uint64_t align;                 /* the largest that attributes ask for */
	bool packed;                    /* one of them says so */
};

/* Adds what stands up to a semicolon or a brace, which is looked at then. */
void declaration_read(struct reader *reader, struct declaration *declaration);
/* From the first word in the braces of an enum to behind them; with them it is a type like any
 * other. false: the text ends. */
bool declaration_pass_enum(struct reader *reader, struct declaration *declaration);
/* A name like "a::b" or "a<b>" becomes one word. */
void declaration_join_names(struct declaration *declaration);
/* Only signs that a member's declaration may have; false: told. */
bool declaration_check_signs(struct reader *reader, const struct declaration *declaration);
bool declaration_has_word(const struct declaration *declaration, const char *word);
bool declaration_has_sign(const struct declaration *declaration, char sign);

/* Behind an opening sign, up to behind the closing one; false: the text ends. */
bool pahole_skip_nested(struct reader *reader, char open, char close);

#endif
