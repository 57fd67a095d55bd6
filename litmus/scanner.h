/* Words, numbers and signs of a litmus test with their places. Included by the reader only. */
#ifndef LITMUS_SCANNER_H
#define LITMUS_SCANNER_H

#include "litmus/litmus.h"

enum token_kind {
	TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_SIGN,
	TOKEN_NEAR                      /* 1b, 1f: the next label `1:` back or forward */
};

struct token {
	enum token_kind kind;
	struct place place;
	const char *text;               /* signs: one character, or a pair like "/\" */
	int64_t number;                 /* 64 bits: what is above 2^63 turns negative */
};

enum { NAME_SHOWN = 64 };               /* bytes for token_name, which cuts longer ones */

struct scanner {
	struct diagnostics *diagnostics;
	struct place place;             /* of the next character */
	size_t at;                      /* its offset */
	char *room;                     /* for the next word; see scanner_room */
	struct token token;             /* the next one, once scan_next was called */
};

/* Bytes that hold every word of a text of that length, as no character is in two of them. */
size_t scanner_room(size_t length);
/* Over blanks, (* comments (* in comments *) *), and # and // up to the end of the line; the next
 * character, 0 at the end. */
char scan_blanks(struct scanner *scanner);
/* The rest of the line, without blanks around it. */
char *scan_line(struct scanner *scanner);
/* Over one character. */
void scan_character(struct scanner *scanner);
void scan_next(struct scanner *scanner);

bool token_is(const struct token *token, const char *text);     /* this word or sign */
/* "'EAX'" or "the end of the file", for messages; the text is in buf. */
const char *token_name(const struct token *token, char *buf, size_t size);
/* Is it that sign or word? Then over it. */
bool scan_take(struct scanner *scanner, const char *sign);
/* Over that sign; false: another one is there, which is told. `after` says what it follows. */
bool scan_expect(struct scanner *scanner, const char *sign, const char *after);

#endif
